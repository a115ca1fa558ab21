/*
 * From rules to the tables of the XDP program.
 *
 * A source set becomes buckets of one cache line each, at most half full with
 * IPv4 on average and a quarter with IPv6, of which one holds but four; an
 * address stands in the bucket that its hash names, or, where that is full,
 * in one of the next XDP_PROBES_MAX - 1. A set that does not fit so is tried
 * under another seed: seeds are drawn, so nobody can choose addresses that
 * never fit. Sets that several rules name are stored once.
 */
#include "rules/xdp_tables.h"

#include <stdlib.h>

#include "core/random.h"
#include "rules/evaluate.h"

#define SEEDS_MAX 16 /* each fails with a chance of far below one in a thousand */

/** Where a set stands among the buckets. */
struct placed {
	uint32_t first;
	uint32_t mask;
	uint64_t seed;
};

static struct xdp_prefix_key key_of(const struct ip_prefix *prefix)
{
	struct xdp_prefix_key key = {.bits = prefix->bits};
	memcpy(key.addr_be, prefix->addr.bytes, sizeof(key.addr_be));
	return key;
}

static bool bucket_add(struct xdp_bucket *bucket, const struct ip_addr *addr, bool is_v4)
{
	size_t words = is_v4 ? 1 : 4;
	for (size_t i = 0; i < XDP_BUCKET_WORDS; i += words) {
		uint32_t used = 0;
		for (size_t j = 0; j < words; j++)
			used |= bucket->words_be[i + j];
		if (used != 0)
			continue;
		memcpy(&bucket->words_be[i], addr->bytes + sizeof(*addr) - 4 * words, 4 * words);
		return true;
	}
	return false;
}

static bool buckets_fill(struct xdp_bucket *buckets, const struct placed *placed, const struct source_set *set, size_t first,
	size_t last, bool is_v4)
{
	for (size_t i = first; i < last; i++) {
		struct ip_addr addr = source_set_at(set, i);
		uint32_t place = xdp_set_hash(placed->seed, addr.be32), probe = 0;
		while (probe < XDP_PROBES_MAX && !bucket_add(&buckets[(place + probe) & placed->mask], &addr, is_v4))
			probe++;
		if (probe == XDP_PROBES_MAX)
			return false;
	}
	return true;
}

/** Adds the addresses of a set that are of one family, behind the buckets that are there. */
static int set_place(struct xdp_tables *tables, const struct source_set *set, bool is_v4, struct placed *ret_placed)
{
	size_t v4_count = source_set_v4_count(set), first = is_v4 ? 0 : v4_count;
	size_t last = is_v4 ? v4_count : source_set_name(set)->count;
	size_t per_bucket = is_v4 ? XDP_BUCKET_WORDS / 2 : XDP_BUCKET_WORDS / 4 / 4, bucket_count = 1;
	while (bucket_count * per_bucket < last - first)
		bucket_count *= 2;
	struct xdp_bucket *more = realloc(tables->buckets, (tables->bucket_count + bucket_count) * sizeof(*more));
	if (more == NULL)
		return E_NOMEM;
	tables->buckets = more;
	struct placed placed = {.first = (uint32_t)tables->bucket_count, .mask = (uint32_t)bucket_count - 1};
	for (int i = 0; i < SEEDS_MAX; i++) {
		memset(more + placed.first, 0, bucket_count * sizeof(*more));
		random_bytes(&placed.seed, sizeof(placed.seed));
		if (!buckets_fill(more + placed.first, &placed, set, first, last, is_v4))
			continue;
		tables->bucket_count += bucket_count;
		*ret_placed = placed;
		return OK;
	}
	return E_LIMIT;
}

/** The entry before this one that has the same set for the same family; `at` if there is none. */
static size_t same_set(const struct xdp_entry *entries, const struct xdp_tables *tables, size_t at)
{
	size_t i = 0;
	while (i < at && (entries[i].set != entries[at].set || tables->rules[i].is_v4 != tables->rules[at].is_v4))
		i++;
	return i;
}

static int set_fill(struct xdp_tables *tables, const struct xdp_entry *entries, size_t at)
{
	struct xdp_rule *rule = &tables->rules[at];
	size_t same = same_set(entries, tables, at);
	struct placed placed = {tables->rules[same].set_first, tables->rules[same].set_mask, tables->rules[same].set_seed};
	int err = same < at ? OK : set_place(tables, entries[at].set, rule->is_v4, &placed);
	rule->has_set = 1;
	rule->set_first = placed.first;
	rule->set_mask = placed.mask;
	rule->set_seed = placed.seed;
	return err;
}

static void sources_fill(struct xdp_rule *xdp, const struct rule *rule)
{
	static const struct ip_addr ones = {.be32 = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
	xdp->source_count = (uint8_t)rule->source_count;
	for (size_t i = 0; i < rule->source_count; i++) {
		struct ip_addr mask = ip_masked(&ones, rule->sources[i].bits);
		memcpy(xdp->sources[i].addr_be, rule->sources[i].addr.bytes, sizeof(xdp->sources[i].addr_be));
		memcpy(xdp->sources[i].mask_be, mask.bytes, sizeof(xdp->sources[i].mask_be));
	}
}

static void rule_fill(struct xdp_rule *xdp, const struct rule *rule, uint64_t expires_boot_ns, bool has_protected)
{
	struct meter_terms terms = meter_terms_of(rule);
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	bool is_extension = !is_v4 && rule_protocol_is_extension(rule->protocol);
	*xdp = (struct xdp_rule){
		.expires_boot_ns = expires_boot_ns,
		.cost_per_unit = terms.cost_per_unit,
		.burst_ticks = terms.burst_ticks,
		.protocol = is_extension ? PACKET_PROTOCOL_UNKNOWN : rule->protocol,
		.extension = is_extension ? packet_extension_bit(rule->protocol) : 0,
		.src_port_min = rule->source_ports.min,
		.src_port_max = rule->source_ports.max,
		.dst_port_min = rule->destination_ports.min,
		.dst_port_max = rule->destination_ports.max,
		.length_min_bytes = rule->length_bytes.min,
		.length_max_bytes = rule->length_bytes.max,
		.icmp_type = rule->icmp_type,
		.icmp_code = rule->icmp_code,
		.action = (uint8_t)rule->action,
		.tcp_mask = rule->tcp_mask,
		.tcp_flags = rule->tcp_flags,
		.fragments = rule->fragments,
		.is_v4 = is_v4,
		.spares_protected = has_protected && rule->source_count == 0 && rule->source_set.count == 0,
		.limits_sources = rule->limit.scope == RULE_SCOPE_SOURCE,
		.limits_bytes = rule->limit.unit == RULE_UNIT_BPS,
		.look_count = (uint8_t)rule_signature_bytes(rule->signature),
	};
	xdp->asks_transport = !rule_range_is_any(rule->source_ports) || !rule_range_is_any(rule->destination_ports) ||
		rule->tcp_mask != 0 || rule->icmp_type != RULE_ANY || rule->icmp_code != RULE_ANY || xdp->look_count != 0;
	memcpy(xdp->look_mask, rule_signatures[rule->signature].mask, sizeof(xdp->look_mask));
	memcpy(xdp->look_value, rule_signatures[rule->signature].value, sizeof(xdp->look_value));
	sources_fill(xdp, rule);
}

/** The rules of all prefixes that cover this one. */
static int list_fill(struct xdp_list *list, const struct xdp_entry *entries, size_t count, const struct ip_prefix *target)
{
	for (size_t i = 0; i < count; i++) {
		const struct ip_prefix *destination = &entries[i].rule->destination;
		if (destination->bits > target->bits || !ip_prefix_covers(destination, &target->addr))
			continue;
		if (list->count == XDP_LIST_RULES_MAX)
			return E_LIMIT;
		list->rules[list->count++] = (uint16_t)i;
	}
	return OK;
}

static int targets_make(struct xdp_tables *tables, const struct xdp_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct xdp_target target = {.key = key_of(&entries[i].rule->destination)};
		size_t j = 0;
		while (j < tables->target_count && memcmp(&tables->targets[j].key, &target.key, sizeof(target.key)) != 0)
			j++;
		if (j < tables->target_count)
			continue;
		int err = list_fill(&target.list, entries, count, &entries[i].rule->destination);
		if (err != OK)
			return err;
		tables->targets[tables->target_count++] = target;
	}
	return OK;
}

int xdp_tables_make(const struct xdp_entry *entries, size_t count, const struct space *space, struct xdp_tables *ret_tables)
{
	size_t protected_count = 0;
	const struct ip_prefix *protected = space != NULL ? space_protected(space, &protected_count) : NULL;
	if (count > XDP_RULES_MAX)
		return E_LIMIT;
	struct xdp_tables tables = {
		.rule_count = count,
		.rules = calloc(count + 1, sizeof(*tables.rules)),
		.targets = calloc(count + 1, sizeof(*tables.targets)),
		.protected_count = protected_count,
		.protected = calloc(protected_count + 1, sizeof(*tables.protected)),
	};
	int err = tables.rules == NULL || tables.targets == NULL || tables.protected == NULL ? E_NOMEM : OK;
	for (size_t i = 0; err == OK && i < protected_count; i++)
		tables.protected[i] = key_of(&protected[i]);
	for (size_t i = 0; err == OK && i < count; i++) {
		rule_fill(&tables.rules[i], entries[i].rule, entries[i].expires_boot_ns,
			protected_count > 0 && !entries[i].touches_protected);
		if (entries[i].rule->source_set.count > 0)
			err = entries[i].set != NULL ? set_fill(&tables, entries, i) : E_STATE;
	}
	if (err == OK)
		err = targets_make(&tables, entries, count);
	if (err == OK)
		*ret_tables = tables;
	else
		xdp_tables_done(&tables);
	return err;
}

void xdp_tables_done(struct xdp_tables *tables)
{
	free(tables->rules);
	free(tables->targets);
	free(tables->buckets);
	free(tables->protected);
	*tables = (struct xdp_tables){0};
}
