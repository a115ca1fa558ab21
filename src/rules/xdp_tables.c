/*
 * From rules to the tables of the XDP program.
 *
 * A source set becomes buckets of one cache line each, at most half full with
 * IPv4 on average and a quarter with IPv6, of which one holds but four; an
 * address stands in the bucket that its hash names, or, where that is full,
 * in one of the next XDP_PROBES_MAX - 1. A set that does not fit so is tried
 * under another seed: seeds are drawn, so nobody can choose addresses that
 * never fit. Sets that several rules name are stored once.
 *
 * Of the largest set of IPv4, if it is large, 16 bits of each address are the
 * row it stands in, and the other 16 stand there: what counts is how much of
 * the processor's cache a set takes. Of a million addresses the rows are four
 * fifths full, and some two in a hundred stand as whole ones.
 */
#include "rules/xdp_tables.h"

#include <stdlib.h>

#include "core/random.h"
#include "rules/evaluate.h"

#define SEEDS_MAX 16 /* each fails with a chance of far below one in a thousand */
#define PACKED_COUNT_MIN (XDP_ROWS * 4 + 1) /* fewer take less as whole addresses */
#define PACKED_COUNT_MAX (XDP_ROWS * 18) /* of more, too many would find no room */

/** Addresses of one family: of a set, from a place on, or in an array. */
struct range {
	const struct source_set *set; /* NULL: in the array */
	const struct ip_addr *addrs;
	size_t first, count;
	bool is_v4;
};

static struct ip_addr range_at(const struct range *range, size_t index)
{
	ASSERT(range->set != NULL || range->addrs != NULL);
	return range->set != NULL ? source_set_at(range->set, range->first + index) : range->addrs[index];
}

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

static bool buckets_fill(struct xdp_bucket *buckets, uint32_t mask, uint64_t seed, const struct range *range)
{
	for (size_t i = 0; i < range->count; i++) {
		struct ip_addr addr = range_at(range, i);
		uint32_t place = xdp_set_place(seed, addr.be32, range->is_v4), probe = 0;
		while (probe < XDP_PROBES_MAX && !bucket_add(&buckets[(place + probe) & mask], &addr, range->is_v4))
			probe++;
		if (probe == XDP_PROBES_MAX)
			return false;
	}
	return true;
}

/** Adds addresses as whole ones, behind the buckets that are there; sets where in the rule, whose seed it is. */
static int whole_place(struct xdp_tables *tables, const struct range *range, struct xdp_rule *rule)
{
	size_t per_bucket = range->is_v4 ? XDP_BUCKET_WORDS / 2 : XDP_BUCKET_WORDS / 4 / 4, bucket_count = 1;
	while (bucket_count * per_bucket < range->count)
		bucket_count *= 2;
	struct xdp_bucket *buckets = realloc(tables->buckets, (tables->bucket_count + bucket_count) * sizeof(*buckets));
	if (buckets == NULL)
		return E_NOMEM;
	rule->set_first = (uint32_t)tables->bucket_count;
	rule->set_mask = (uint32_t)bucket_count - 1;
	tables->buckets = buckets;
	tables->bucket_count += bucket_count;
	memset(buckets + rule->set_first, 0, bucket_count * sizeof(*buckets));
	return buckets_fill(buckets + rule->set_first, rule->set_mask, rule->set_seed, range) ? OK : E_LIMIT;
}

static int packed_place(struct xdp_tables *tables, const struct range *range, struct xdp_rule *rule)
{
	uint8_t *used = calloc(XDP_ROWS, 1);
	struct ip_addr *rest = malloc(range->count * sizeof(*rest));
	struct range of_rest = {.addrs = rest, .is_v4 = true};
	free(tables->rows);
	tables->rows = calloc(XDP_ROWS, sizeof(*tables->rows));
	int err = tables->rows == NULL || used == NULL || rest == NULL ? E_NOMEM : OK;
	for (size_t i = 0; err == OK && i < range->count; i++) {
		struct ip_addr addr = range_at(range, i);
		uint32_t mixed = xdp_set_mix(rule->set_seed, addr.be32[3]), row = mixed % XDP_ROWS;
		if (mixed >> 16 != 0 && used[row] < XDP_ROW_SLOTS)
			tables->rows[row].halves[used[row]++] = (uint16_t)(mixed >> 16);
		else
			rest[of_rest.count++] = addr;
	}
	if (err == OK)
		err = whole_place(tables, &of_rest, rule);
	free(used);
	free(rest);
	return err;
}

/** Adds the addresses of a set that are of the rule's family. */
static int set_place(struct xdp_tables *tables, const struct source_set *set, bool is_packed, struct xdp_rule *rule)
{
	size_t v4_count = source_set_v4_count(set), before = tables->bucket_count;
	struct range range = {.set = set, .first = rule->is_v4 ? 0 : v4_count, .is_v4 = rule->is_v4};
	int err = E_LIMIT;
	range.count = rule->is_v4 ? v4_count : source_set_name(set)->count - v4_count;
	rule->set_kind = is_packed ? XDP_SET_PACKED : XDP_SET_WHOLE;
	for (int i = 0; i < SEEDS_MAX && err == E_LIMIT; i++) {
		tables->bucket_count = before;
		random_bytes(&rule->set_seed, sizeof(rule->set_seed));
		err = is_packed ? packed_place(tables, &range, rule) : whole_place(tables, &range, rule);
	}
	return err;
}

/** The set that is packed, the largest that is worth it; NULL: none. */
static const struct source_set *packed_find(const struct xdp_entry *entries, size_t count)
{
	const struct source_set *packed = NULL;
	size_t most = PACKED_COUNT_MIN - 1;
	for (size_t i = 0; i < count; i++) {
		size_t v4_count = entries[i].set != NULL && rule_prefix_is_v4(&entries[i].rule->destination)
			? source_set_v4_count(entries[i].set) : 0;
		if (v4_count > most && v4_count <= PACKED_COUNT_MAX) {
			packed = entries[i].set;
			most = v4_count;
		}
	}
	return packed;
}

/** The entry before this one that has the same set for the same family; `at` if there is none. */
static size_t same_set(const struct xdp_entry *entries, const struct xdp_tables *tables, size_t at)
{
	size_t i = 0;
	while (i < at && (entries[i].set != entries[at].set || tables->rules[i].is_v4 != tables->rules[at].is_v4))
		i++;
	return i;
}

static int set_fill(struct xdp_tables *tables, const struct xdp_entry *entries, size_t at, const struct source_set *packed)
{
	struct xdp_rule *rule = &tables->rules[at];
	const struct xdp_rule *same = &tables->rules[same_set(entries, tables, at)];
	if (same == rule)
		return set_place(tables, entries[at].set, rule->is_v4 && entries[at].set == packed, rule);
	rule->set_kind = same->set_kind;
	rule->set_seed = same->set_seed;
	rule->set_first = same->set_first;
	rule->set_mask = same->set_mask;
	return OK;
}

static void sources_fill(struct xdp_sources *sources, const struct rule *rule)
{
	static const struct ip_addr ones = {.be32 = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}};
	for (size_t i = 0; i < rule->source_count; i++) {
		struct xdp_source *source = &sources->prefixes[i];
		struct ip_addr mask = ip_masked(&ones, rule->sources[i].bits);
		memcpy(source->addr_be, rule->sources[i].addr.bytes, sizeof(source->addr_be));
		memcpy(source->mask_be, mask.bytes, sizeof(source->mask_be));
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
		.source_count = (uint8_t)rule->source_count,
		.limits_sources = rule->limit.scope == RULE_SCOPE_SOURCE,
		.limits_bytes = rule->limit.unit == RULE_UNIT_BPS,
		.look_count = (uint8_t)rule_signature_bytes(rule->signature),
	};
	bool asks_header = xdp->extension != 0 || xdp->fragments != 0 || !rule_range_is_any(rule->length_bytes);
	bool asks_transport = !rule_range_is_any(rule->source_ports) || !rule_range_is_any(rule->destination_ports) ||
		rule->tcp_mask != 0 || rule->icmp_type != RULE_ANY || rule->icmp_code != RULE_ANY || xdp->look_count != 0;
	bool asks_protected = has_protected && rule->source_count == 0 && rule->source_set.count == 0;
	xdp->asks = (uint8_t)((asks_header ? XDP_ASKS_HEADER : 0) | (asks_transport ? XDP_ASKS_TRANSPORT : 0) |
		(rule->source_count != 0 ? XDP_ASKS_SOURCES : 0) | (asks_protected ? XDP_ASKS_PROTECTED : 0));
	memcpy(xdp->look_mask, rule_signatures[rule->signature].mask, sizeof(xdp->look_mask));
	memcpy(xdp->look_value, rule_signatures[rule->signature].value, sizeof(xdp->look_value));
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
		.sources = calloc(count + 1, sizeof(*tables.sources)),
		.targets = calloc(count + 1, sizeof(*tables.targets)),
		.protected_count = protected_count,
		.protected = calloc(protected_count + 1, sizeof(*tables.protected)),
	};
	bool has_all = tables.rules != NULL && tables.sources != NULL && tables.targets != NULL && tables.protected != NULL;
	const struct source_set *packed = packed_find(entries, count);
	int err = has_all ? OK : E_NOMEM;
	for (size_t i = 0; err == OK && i < protected_count; i++)
		tables.protected[i] = key_of(&protected[i]);
	for (size_t i = 0; err == OK && i < count; i++) {
		rule_fill(&tables.rules[i], entries[i].rule, entries[i].expires_boot_ns,
			protected_count > 0 && !entries[i].touches_protected);
		sources_fill(&tables.sources[i], entries[i].rule);
		if (entries[i].rule->source_set.count > 0)
			err = entries[i].set != NULL ? set_fill(&tables, entries, i, packed) : E_STATE;
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
	free(tables->sources);
	free(tables->targets);
	free(tables->buckets);
	free(tables->rows);
	free(tables->protected);
	*tables = (struct xdp_tables){0};
}
