/*
 * Reading back: what the kernel holds, against what should be in force.
 *
 * The tables that should be there are made once more, and compared in both
 * directions: nothing is missing, and nothing is there beside them. Where a
 * draw decides on the place of something (hosts and source addresses), it is
 * looked up as the program does, and what stands there is counted.
 */
#include "filter/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "filter/filter_state.h"
#include "rules/xdp_verdict.h"

/** A table, mapped, of the half that is in force. */
struct held {
	const struct filter *filter;
	uint32_t half;
	uint32_t seed;
	const struct filter_host_line *hosts;
	const struct filter_list *lists;
	const struct xdp_rule *rules;
	const struct xdp_bucket *buckets; /* NULL: there is none */
	size_t bucket_count;
	const char *complaint; /* what is not as it should be */
};

static bool complain(struct held *held, const char *complaint)
{
	held->complaint = complaint;
	return false;
}

/** A rule without what depends on the half and on draws. */
static struct xdp_rule plain(const struct xdp_rule *rule)
{
	struct xdp_rule copy = *rule;
	copy.set_first = copy.set_mask = 0;
	copy.set_seed = 0;
	copy.spares_protected = copy.spares_protected != 0;
	return copy;
}

static bool rules_agree(struct held *held, const struct xdp_tables *tables)
{
	for (size_t i = 0; i < tables->rule_count; i++) {
		struct xdp_rule is = plain(&held->rules[i]), should_be = plain(&tables->rules[i]);
		uint8_t table = held->rules[i].spares_protected;
		if (memcmp(&is, &should_be, sizeof(is)) != 0 || (table != 0 && table != 1 + held->half))
			return complain(held, "a rule in the kernel is not what was put in force");
	}
	return true;
}

static bool list_agrees(const struct held *held, uint32_t place, const struct xdp_target *target)
{
	uint32_t first = held->half * XDP_LISTS_MAX;
	if (place < first || place - first >= XDP_LISTS_MAX)
		return false;
	const struct filter_list *is = &held->lists[place - first];
	bool agrees = is->bits == target->key.bits && is->list.count == target->list.count &&
		memcmp(is->addr_be, target->key.addr_be, sizeof(is->addr_be)) == 0;
	for (size_t i = 0; agrees && i < target->list.count; i++)
		agrees = is->list.rules[i] == held->half * XDP_RULES_MAX + target->list.rules[i];
	return agrees;
}

static bool host_agrees(const struct held *held, const struct xdp_target *target)
{
	uint32_t hash = xdp_set_hash(held->seed, target->key.addr_be);
	const struct filter_host *slots = held->hosts[hash % FILTER_HOST_LINES].slots;
	for (size_t i = 0; i < FILTER_HOST_SLOTS && slots[i].hash != 0; i++) {
		if (slots[i].hash == hash)
			return list_agrees(held, slots[i].list, target);
	}
	return false;
}

static bool hosts_agree(struct held *held, const struct xdp_tables *tables)
{
	size_t should_be = 0, is = 0;
	for (size_t i = 0; i < tables->target_count; i++) {
		const struct xdp_target *target = &tables->targets[i];
		if (target->key.bits != 128)
			continue;
		should_be++;
		if (!host_agrees(held, target))
			return complain(held, "a destination address in the kernel has not the rules that were put in force");
	}
	for (size_t i = 0; i < FILTER_HOST_LINES; i++) {
		for (size_t j = 0; j < FILTER_HOST_SLOTS; j++)
			is += held->hosts[i].slots[j].hash != 0;
	}
	return is == should_be || complain(held, "the kernel has rules for an address that should have none");
}

static int key_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct xdp_prefix_key));
}

/** The prefixes of one half of a trie, sorted; NULL: out of memory, or more than room. */
static struct xdp_prefix_key *keys_read(int fd, uint32_t half, size_t room, size_t *ret_count)
{
	struct xdp_prefix_key *keys = calloc(room + 1, sizeof(*keys));
	struct filter_prefix key, next;
	const struct filter_prefix *from = NULL;
	size_t count = 0;
	while (keys != NULL && count <= room && bpf_map_get_next_key(fd, from, &next) == 0) {
		key = next;
		from = &key;
		if (key.half != half)
			continue;
		keys[count].bits = key.bits - 32;
		memcpy(keys[count++].addr_be, key.addr_be, sizeof(key.addr_be));
	}
	if (keys != NULL)
		qsort(keys, count, sizeof(*keys), key_compare);
	*ret_count = count;
	return keys;
}

/** Whether a trie holds just these prefixes; sorts them, and those that are there twice count once. */
static bool keys_agree(const struct held *held, enum pin pin, struct xdp_prefix_key *should_be, size_t count)
{
	size_t is_count, distinct = 0;
	struct xdp_prefix_key *is = keys_read(held->filter->fds[pin], held->half, count, &is_count);
	if (is == NULL)
		return false;
	qsort(should_be, count, sizeof(*should_be), key_compare);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || key_compare(&should_be[i], &should_be[distinct - 1]) != 0)
			should_be[distinct++] = should_be[i];
	}
	bool agrees = is_count == distinct && memcmp(is, should_be, distinct * sizeof(*is)) == 0;
	free(is);
	return agrees;
}

static bool prefixes_agree(struct held *held, const struct xdp_tables *tables)
{
	struct xdp_prefix_key *keys = calloc(tables->target_count + tables->protected_count + 1, sizeof(*keys));
	size_t count = 0;
	if (keys == NULL)
		return complain(held, "out of memory");
	for (size_t i = 0; i < tables->target_count && held->complaint == NULL; i++) {
		const struct xdp_target *target = &tables->targets[i];
		struct filter_prefix key = {.bits = 32 + target->key.bits, .half = held->half};
		uint32_t place = UINT32_MAX;
		memcpy(key.addr_be, target->key.addr_be, sizeof(key.addr_be));
		if (target->key.bits == 128)
			continue;
		keys[count++] = target->key;
		if (bpf_map_lookup_elem(held->filter->fds[PIN_PREFIXES], &key, &place) != 0 || !list_agrees(held, place, target))
			(void)complain(held, "a destination prefix in the kernel has not the rules that were put in force");
	}
	if (held->complaint == NULL && !keys_agree(held, PIN_PREFIXES, keys, count))
		(void)complain(held, "the kernel has rules for a prefix that should have none");
	memcpy(keys, tables->protected, tables->protected_count * sizeof(*keys));
	if (held->complaint == NULL && !keys_agree(held, PIN_PROTECTED, keys, tables->protected_count))
		(void)complain(held, "protected space in the kernel is not what it should be");
	free(keys);
	return held->complaint == NULL;
}

/** Looks an address up as xdp_set_has() does. */
static bool set_has(const struct held *held, const struct xdp_rule *rule, uint32_t first, const struct ip_addr *addr)
{
	uint32_t place = xdp_set_hash(rule->set_seed, addr->be32);
	for (uint32_t probe = 0; probe < XDP_PROBES_MAX; probe++) {
		const struct xdp_bucket *bucket = &held->buckets[first + ((place + probe) & rule->set_mask)];
		if (xdp_bucket_has(bucket, addr->be32, rule->is_v4))
			return true;
		if (!xdp_bucket_is_full(bucket, rule->is_v4))
			return false;
	}
	return false;
}

/** How many addresses stand in the buckets of a rule's set. */
static size_t set_count(const struct held *held, const struct xdp_rule *rule, uint32_t first)
{
	size_t words = rule->is_v4 ? 1 : 4, count = 0;
	for (size_t i = first; i <= (size_t)first + rule->set_mask; i++) {
		for (size_t j = 0; j < XDP_BUCKET_WORDS; j += words) {
			uint32_t used = 0;
			for (size_t k = 0; k < words; k++)
				used |= held->buckets[i].words_be[j + k];
			count += used != 0;
		}
	}
	return count;
}

static bool set_agrees(const struct held *held, const struct xdp_rule *rule, const struct source_set *set)
{
	size_t v4_count = source_set_v4_count(set);
	size_t from = rule->is_v4 ? 0 : v4_count, to = rule->is_v4 ? v4_count : source_set_name(set)->count;
	uint32_t first = rule->set_first - held->half * FILTER_SECOND_HALF;
	if (held->buckets == NULL || first >= held->bucket_count || rule->set_mask >= held->bucket_count - first ||
	    set_count(held, rule, first) != to - from)
		return false;
	for (size_t i = from; i < to; i++) {
		struct ip_addr addr = source_set_at(set, i);
		if (!set_has(held, rule, first, &addr))
			return false;
	}
	return true;
}

static bool sets_agree(struct held *held, const struct xdp_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct xdp_rule *rule = &held->rules[i];
		size_t same = 0; /* an entry before this one whose set stands in the same place */
		while (same < i && (entries[same].set != entries[i].set || !held->rules[same].has_set ||
			held->rules[same].set_first != rule->set_first || held->rules[same].set_mask != rule->set_mask ||
			held->rules[same].set_seed != rule->set_seed || held->rules[same].is_v4 != rule->is_v4))
			same++;
		if (rule->has_set && same == i && !set_agrees(held, rule, entries[i].set))
			return complain(held, "a source set in the kernel is not what was put in force");
	}
	return true;
}

/** Maps the buckets of the half; none is right where no rule has a set. */
static int buckets_hold(struct held *held)
{
	uint32_t id = 0;
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);
	if (bpf_map_lookup_elem(held->filter->fds[PIN_BUCKETS], &held->half, &id) != 0)
		return errno == ENOENT ? OK : E_SYS;
	int fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return E_SYS;
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) == 0) {
		held->bucket_count = info.max_entries;
		held->buckets = filter_table_map(fd, sizeof(*held->buckets), 0, held->bucket_count);
	}
	(void)close(fd);
	return held->buckets != NULL ? OK : E_SYS;
}

static int held_init(struct held *held, const struct filter *filter, uint64_t root)
{
	uint32_t half = root & FILTER_ROOT_HALF;
	size_t first = (size_t)half * FILTER_HALF_ENTRIES;
	*held = (struct held){.filter = filter, .half = half, .seed = (uint32_t)(root >> 32)};
	held->hosts = filter_table_map(filter->fds[PIN_HOSTS], sizeof(*held->hosts), first, FILTER_HOST_LINES);
	held->lists = filter_table_map(filter->fds[PIN_LISTS], sizeof(struct filter_list), first, XDP_LISTS_MAX);
	held->rules = filter_table_map(filter->fds[PIN_RULES], sizeof(*held->rules), first, XDP_RULES_MAX);
	if (held->hosts == NULL || held->lists == NULL || held->rules == NULL)
		return E_SYS;
	return buckets_hold(held);
}

static void held_done(struct held *held)
{
	filter_table_unmap((void *)held->hosts, sizeof(*held->hosts), FILTER_HOST_LINES);
	filter_table_unmap((void *)held->lists, sizeof(struct filter_list), XDP_LISTS_MAX);
	filter_table_unmap((void *)held->rules, sizeof(*held->rules), XDP_RULES_MAX);
	filter_table_unmap((void *)held->buckets, sizeof(*held->buckets), held->bucket_count);
}

/** Whether the words that the program reads first lead to these rules. */
static bool root_agrees(struct held *held, uint64_t root, const struct xdp_tables *tables)
{
	uint64_t parts = 0;
	for (size_t i = 0; i < tables->target_count; i++)
		parts |= tables->targets[i].key.bits == 128 ? FILTER_ROOT_HOSTS : FILTER_ROOT_PREFIXES;
	if ((root >> FILTER_ROOT_RULES_SHIFT & 0xffff) != tables->rule_count ||
	    (root & (FILTER_ROOT_HOSTS | FILTER_ROOT_PREFIXES)) != parts)
		return complain(held, "the kernel holds another number of rules");
	return true;
}

static bool is_attached(const struct filter *filter)
{
	uint32_t attached_id = 0;
	int ifindex = filter_link_ifindex(filter->fds[PIN_LINK], &attached_id);
	return ifindex == filter->ifindex && attached_id != 0 && attached_id == filter_program_id(filter);
}

int filter_read(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space,
	char ret_why[static FILTER_WHY_BYTES])
{
	uint64_t root = 0;
	struct held held = {0};
	struct xdp_tables tables;
	if (filter->policy.mode == FILTER_SAMPLE)
		return why_refuse(ret_why, E_STATE, filter->interface, "the program only samples: it was loaded without tables for rules");
	if (!is_attached(filter))
		return why_refuse(ret_why, E_STATE, filter->interface, "the program is not attached to the interface");
	int err = xdp_tables_make(entries, count, space, &tables);
	if (err != OK)
		return why_refuse(ret_why, err, filter->interface, "making the tables that should be there");
	err = filter_root_read(filter, &root);
	if (err == OK)
		err = held_init(&held, filter, root);
	if (err != OK)
		err = why_refuse_errno(ret_why, filter->interface, "reading rules from the kernel");
	else if (!root_agrees(&held, root, &tables) || !rules_agree(&held, &tables) || !hosts_agree(&held, &tables) ||
	    !prefixes_agree(&held, &tables) || !sets_agree(&held, entries, count))
		err = why_refuse(ret_why, E_STATE, filter->interface, held.complaint);
	held_done(&held);
	xdp_tables_done(&tables);
	return err;
}
