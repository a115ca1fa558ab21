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

#include <bpf/bpf.h>

#include "filter/filter_state.h"
#include "rules/xdp_verdict.h"

/** A table, mapped, of the half that is in force. */
struct held {
	const struct filter *filter;
	uint32_t half;
	uint32_t seed;
	const struct filter_tables *tables;
	uint64_t rows_seed;
	const struct xdp_sources *sources;
	const struct filter_rows *rows;
	struct xdp_bucket *buckets; /* a copy of as many as the rules name, and are there */
	size_t bucket_count;
	const char *complaint; /* what is not as it should be */
};

static bool complain(struct held *held, const char *complaint)
{
	held->complaint = complaint;
	return false;
}

/** A rule without what depends on draws. */
static struct xdp_rule plain(const struct xdp_rule *rule)
{
	struct xdp_rule copy = *rule;
	copy.set_first = copy.set_mask = 0;
	copy.set_seed = 0;
	return copy;
}

static bool rules_agree(struct held *held, const struct xdp_tables *tables)
{
	for (size_t i = 0; i < tables->rule_count; i++) {
		struct xdp_rule is = plain(&held->tables->rules[i]), should_be = plain(&tables->rules[i]);
		if (memcmp(&is, &should_be, sizeof(is)) != 0 ||
		    memcmp(&held->sources[i], &tables->sources[i], sizeof(held->sources[i])) != 0)
			return complain(held, "a rule in the kernel is not what was put in force");
	}
	return true;
}

static bool list_agrees(const struct held *held, const struct xdp_tables *tables, size_t at)
{
	struct filter_list should_be = filter_list_make(tables, at);
	return memcmp(&held->tables->lists[at], &should_be, sizeof(should_be)) == 0;
}

/** Looks a host up as the program does. */
static bool host_agrees(const struct held *held, const struct xdp_tables *tables, size_t at)
{
	struct filter_host should_be = filter_host_make(tables, at, held->seed);
	const struct filter_host *slots = held->tables->hosts[should_be.hash % FILTER_HOST_LINES].slots;
	for (size_t i = 0; i < FILTER_HOST_SLOTS && slots[i].hash != 0; i++) {
		if (slots[i].hash == should_be.hash)
			return memcmp(&slots[i], &should_be, sizeof(should_be)) == 0 && list_agrees(held, tables, at);
	}
	return false;
}

static bool hosts_agree(struct held *held, const struct xdp_tables *tables)
{
	size_t should_be = 0, is = 0;
	for (size_t i = 0; i < tables->target_count; i++) {
		if (tables->targets[i].key.bits != 128)
			continue;
		should_be++;
		if (!host_agrees(held, tables, i))
			return complain(held, "a destination address in the kernel has not the rules that were put in force");
	}
	for (size_t i = 0; i < FILTER_HOST_LINES; i++) {
		for (size_t j = 0; j < FILTER_HOST_SLOTS; j++)
			is += held->tables->hosts[i].slots[j].hash != 0;
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
		if (bpf_map_lookup_elem(held->filter->fds[PIN_PREFIXES], &key, &place) != 0 || place != i ||
		    !list_agrees(held, tables, i))
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

/** Looks an address up as the program does; where the program does not look, it may not stand. */
static bool set_has(const struct held *held, const struct xdp_rule *rule, const struct ip_addr *addr)
{
	uint32_t place = xdp_set_place(rule->set_seed, addr->be32, rule->is_v4);
	if (rule->set_kind == XDP_SET_PACKED) {
		const union xdp_row *row = &held->rows->rows[place % XDP_ROWS];
		uint16_t upper = (uint16_t)(place >> 16);
		if (upper != 0 && (xdp_row_has(row, upper) || row->halves[XDP_ROW_SLOTS - 1] == 0))
			return xdp_row_has(row, upper);
	}
	for (uint32_t probe = 0; probe < XDP_PROBES_MAX; probe++) {
		const struct xdp_bucket *bucket = &held->buckets[rule->set_first + ((place + probe) & rule->set_mask)];
		if (xdp_bucket_has(bucket, addr->be32, rule->is_v4))
			return true;
		if (!xdp_bucket_is_full(bucket, rule->is_v4))
			return false;
	}
	return false;
}

/** How many addresses stand in a rule's set. */
static size_t set_count(const struct held *held, const struct xdp_rule *rule)
{
	size_t words = rule->is_v4 ? 1 : 4, count = 0;
	for (size_t i = rule->set_first; i <= (size_t)rule->set_first + rule->set_mask; i++) {
		for (size_t j = 0; j < XDP_BUCKET_WORDS; j += words) {
			uint32_t used = 0;
			for (size_t k = 0; k < words; k++)
				used |= held->buckets[i].words_be[j + k];
			count += used != 0;
		}
	}
	for (size_t i = 0; i < XDP_ROWS && rule->set_kind == XDP_SET_PACKED; i++) {
		for (size_t j = 0; j < XDP_ROW_SLOTS; j++)
			count += held->rows->rows[i].halves[j] != 0;
	}
	return count;
}

static bool set_agrees(const struct held *held, const struct xdp_rule *rule, const struct source_set *set)
{
	size_t v4_count = source_set_v4_count(set);
	size_t from = rule->is_v4 ? 0 : v4_count, to = rule->is_v4 ? v4_count : source_set_name(set)->count;
	if (rule->set_first >= held->bucket_count || rule->set_mask >= held->bucket_count - rule->set_first ||
	    (rule->set_kind == XDP_SET_PACKED && rule->set_seed != held->rows_seed) || set_count(held, rule) != to - from)
		return false;
	for (size_t i = from; i < to; i++) {
		struct ip_addr addr = source_set_at(set, i);
		if (!set_has(held, rule, &addr))
			return false;
	}
	return true;
}

/** Whether two rules of the kernel have the same set. */
static bool same_set(const struct xdp_rule *a, const struct xdp_rule *b)
{
	return a->set_kind == b->set_kind && a->set_first == b->set_first && a->set_mask == b->set_mask && a->set_seed == b->set_seed &&
		a->is_v4 == b->is_v4;
}

static bool sets_agree(struct held *held, const struct xdp_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct xdp_rule *rule = &held->tables->rules[i];
		size_t same = 0; /* an entry before this one whose set stands in the same place */
		while (same < i && (entries[same].set != entries[i].set || !same_set(&held->tables->rules[same], rule)))
			same++;
		if (rule->set_kind != XDP_SET_NONE && same == i && !set_agrees(held, rule, entries[i].set))
			return complain(held, "a source set in the kernel is not what was put in force");
	}
	return true;
}

/** Reads the buckets of the half, as many as its rules name; set_agrees() tells of those that are not there. */
static int buckets_hold(struct held *held, size_t rule_count)
{
	uint64_t end = 0;
	struct filter_buckets_read asked = {.half = held->half};
	const int fd = held->filter->fds[PIN_BUCKETS_READ];
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &asked, .ctx_size_in = sizeof(asked));
	for (size_t i = 0; i < rule_count; i++) {
		const struct xdp_rule *rule = &held->tables->rules[i];
		if (rule->set_kind != XDP_SET_NONE && end < (uint64_t)rule->set_first + rule->set_mask + 1)
			end = (uint64_t)rule->set_first + rule->set_mask + 1;
	}
	const struct xdp_bucket *window = filter_table_map(held->filter->fds[PIN_WINDOW], sizeof(*window), 0, FILTER_WINDOW_BUCKETS);
	int err = window != NULL ? OK : E_SYS;
	for (size_t room = 0; err == OK && asked.first < end; asked.first += run.retval) {
		if (asked.first + (size_t)FILTER_WINDOW_BUCKETS > room) {
			room = 2 * room + FILTER_WINDOW_BUCKETS;
			struct xdp_bucket *more = realloc(held->buckets, room * sizeof(*more));
			if (more == NULL)
				break;
			held->buckets = more;
		}
		asked.count = end - asked.first < FILTER_WINDOW_BUCKETS ? (uint32_t)(end - asked.first) : FILTER_WINDOW_BUCKETS;
		err = bpf_prog_test_run_opts(fd, &run) == 0 ? OK : E_SYS;
		if (err != OK || run.retval == 0 || run.retval > asked.count)
			break;
		memcpy(held->buckets + asked.first, window, run.retval * sizeof(*window));
		held->bucket_count = asked.first + run.retval;
	}
	filter_table_unmap((void *)window, sizeof(*window), FILTER_WINDOW_BUCKETS);
	return err;
}

static int held_init(struct held *held, const struct filter *filter, const struct filter_root *root, size_t rule_count)
{
	uint32_t half = root->in_force & FILTER_ROOT_HALF;
	*held = (struct held){.filter = filter, .half = half, .seed = (uint32_t)(root->in_force >> 32),
		.rows_seed = root->rows_seeds[half]};
	held->tables = filter_table_map(filter->fds[PIN_TABLES], sizeof(*held->tables), half, 1);
	held->sources = filter_table_map(filter->fds[PIN_SOURCES], sizeof(*held->sources), (size_t)half * XDP_RULES_MAX, XDP_RULES_MAX);
	held->rows = filter_table_map(filter->fds[PIN_ROWS], sizeof(*held->rows), half, 1);
	if (held->tables == NULL || held->sources == NULL || held->rows == NULL)
		return E_SYS;
	return buckets_hold(held, rule_count);
}

static void held_done(struct held *held)
{
	filter_table_unmap((void *)held->tables, sizeof(*held->tables), 1);
	filter_table_unmap((void *)held->sources, sizeof(*held->sources), XDP_RULES_MAX);
	filter_table_unmap((void *)held->rows, sizeof(*held->rows), 1);
	free(held->buckets);
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
	struct filter_root root = {0};
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
		err = held_init(&held, filter, &root, tables.rule_count);
	if (err != OK)
		err = why_refuse_errno(ret_why, filter->interface, "reading rules from the kernel");
	else if (!root_agrees(&held, root.in_force, &tables) || !rules_agree(&held, &tables) || !hosts_agree(&held, &tables) ||
	    !prefixes_agree(&held, &tables) || !sets_agree(&held, entries, count))
		err = why_refuse(ret_why, E_STATE, filter->interface, held.complaint);
	held_done(&held);
	xdp_tables_done(&tables);
	return err;
}
