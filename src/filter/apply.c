/*
 * Putting rules in force: the half of the tables that is not in force is
 * emptied and filled, then the word `root` is stored, then it waits until no
 * CPU is in a packet that began before.
 *
 * A process that dies on the way leaves the old rules in force; the next one
 * empties the half that it left. The wait is the kernel's: bpf(2) returns from
 * an update of a map of maps when all programs that might see the old state
 * have ended (kernel/bpf/syscall.c, maybe_wait_bpf_programs).
 */
#include "filter/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "core/random.h"
#include "filter/filter_state.h"

#define TOUCH_MASK_MIN 1023 /* smaller source sets stay in the cache by themselves */
#define SEEDS_MAX 64 /* with 4096 addresses in as many lines one seed in some hundred fails, with fewer hardly any */

/** Whether a destination is a single address. */
static bool is_host(const struct xdp_target *target)
{
	return target->key.bits == 128;
}

/** Places the hosts of all targets; false: this seed does not do. */
static bool hosts_fill(struct filter_host_line *lines, const struct xdp_tables *tables, uint32_t seed, uint32_t half)
{
	memset(lines, 0, FILTER_HOST_LINES * sizeof(*lines));
	for (size_t i = 0; i < tables->target_count; i++) {
		if (!is_host(&tables->targets[i]))
			continue;
		uint32_t hash = xdp_set_hash(seed, tables->targets[i].key.addr_be);
		struct filter_host *slots = lines[hash % FILTER_HOST_LINES].slots;
		size_t slot = 0;
		while (slot < FILTER_HOST_SLOTS && slots[slot].hash != 0 && slots[slot].hash != hash)
			slot++;
		if (hash == 0 || slot == FILTER_HOST_SLOTS || slots[slot].hash == hash)
			return false;
		slots[slot] = (struct filter_host){.hash = hash, .list = half * XDP_LISTS_MAX + (uint32_t)i};
	}
	return true;
}

static int hosts_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half, uint32_t *ret_seed)
{
	struct filter_host_line *lines = filter_table_map(filter->fds[PIN_HOSTS], sizeof(*lines),
		(size_t)half * FILTER_HOST_LINES, FILTER_HOST_LINES);
	if (lines == NULL)
		return E_SYS;
	bool has_room = false;
	for (int i = 0; i < SEEDS_MAX && !has_room; i++) {
		random_bytes(ret_seed, sizeof(*ret_seed));
		has_room = hosts_fill(lines, tables, *ret_seed, half);
	}
	filter_table_unmap(lines, sizeof(*lines), FILTER_HOST_LINES);
	return has_room ? OK : E_LIMIT;
}

/** Removes the prefixes of one half. */
static int prefixes_clear(int fd, uint32_t half)
{
	struct filter_prefix key, next;
	const struct filter_prefix *from = NULL;
	while (bpf_map_get_next_key(fd, from, &next) == 0) {
		if (from != NULL && key.half == half && bpf_map_delete_elem(fd, &key) != 0)
			return E_SYS;
		key = next;
		from = &key;
	}
	int ended = errno;
	if (from != NULL && key.half == half && bpf_map_delete_elem(fd, &key) != 0)
		return E_SYS;
	errno = ended;
	return ended == ENOENT ? OK : E_SYS;
}

static int prefix_add(int fd, uint32_t half, const struct xdp_prefix_key *prefix, uint32_t value)
{
	struct filter_prefix key = {.bits = 32 + prefix->bits, .half = half};
	memcpy(key.addr_be, prefix->addr_be, sizeof(key.addr_be));
	return bpf_map_update_elem(fd, &key, &value, BPF_ANY) == 0 ? OK : E_SYS;
}

static int prefixes_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half)
{
	int err = prefixes_clear(filter->fds[PIN_PREFIXES], half);
	if (err == OK)
		err = prefixes_clear(filter->fds[PIN_PROTECTED], half);
	for (size_t i = 0; i < tables->target_count && err == OK; i++) {
		if (!is_host(&tables->targets[i]))
			err = prefix_add(filter->fds[PIN_PREFIXES], half, &tables->targets[i].key, half * XDP_LISTS_MAX + (uint32_t)i);
	}
	for (size_t i = 0; i < tables->protected_count && err == OK; i++)
		err = prefix_add(filter->fds[PIN_PROTECTED], half, &tables->protected[i], 1);
	return err;
}

static int lists_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half)
{
	struct filter_list *lists = filter_table_map(filter->fds[PIN_LISTS], sizeof(struct filter_list), (size_t)half * XDP_LISTS_MAX,
		XDP_LISTS_MAX);
	if (lists == NULL)
		return E_SYS;
	for (size_t i = 0; i < tables->target_count; i++) {
		const struct xdp_target *target = &tables->targets[i];
		lists[i] = (struct filter_list){.bits = target->key.bits, .list = target->list};
		memcpy(lists[i].addr_be, target->key.addr_be, sizeof(lists[i].addr_be));
		for (size_t j = 0; j < target->list.count; j++)
			lists[i].list.rules[j] = (__u16)(half * XDP_RULES_MAX + target->list.rules[j]);
	}
	filter_table_unmap(lists, sizeof(struct filter_list), XDP_LISTS_MAX);
	return OK;
}

/** Sets the counts of one half to zero, for all CPUs. */
static int counts_clear(const struct filter *filter, uint32_t half)
{
	int err = OK;
	for (size_t i = 0; i < filter->cpu_count && err == OK; i++) {
		struct xdp_counts *counts = filter_table_map(filter->fds[PIN_COUNTS], sizeof(*counts), (2 * i + half) * XDP_RULES_MAX,
			XDP_RULES_MAX);
		if (counts != NULL)
			memset(counts, 0, XDP_RULES_MAX * sizeof(*counts));
		else
			err = E_SYS;
		filter_table_unmap(counts, sizeof(*counts), XDP_RULES_MAX);
	}
	return err;
}

/** Rules with empty meters and counts. */
static int rules_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half)
{
	size_t first = (size_t)half * XDP_RULES_MAX;
	struct xdp_rule *rules = filter_table_map(filter->fds[PIN_RULES], sizeof(*rules), first, XDP_RULES_MAX);
	uint64_t *meters = filter_table_map(filter->fds[PIN_METERS], sizeof(*meters), first, XDP_RULES_MAX);
	int err = rules != NULL && meters != NULL ? OK : E_SYS;
	if (err == OK) {
		memcpy(rules, tables->rules, tables->rule_count * sizeof(*rules));
		memset(meters, 0, XDP_RULES_MAX * sizeof(*meters));
	}
	for (size_t i = 0; i < tables->rule_count && err == OK; i++) {
		rules[i].set_first += half * FILTER_SECOND_HALF;
		rules[i].spares_protected = rules[i].spares_protected != 0 ? (__u8)(1 + half) : 0;
	}
	if (err == OK)
		err = counts_clear(filter, half);
	filter_table_unmap(rules, sizeof(*rules), XDP_RULES_MAX);
	filter_table_unmap(meters, sizeof(*meters), XDP_RULES_MAX);
	return err;
}

/** A table of so many buckets in the place of the one that stands there; waits for all programs that began before. */
static int buckets_put(const struct filter *filter, uint32_t place, const struct xdp_bucket *buckets, size_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "buckets", sizeof(uint32_t), sizeof(*buckets), (uint32_t)count, &opts);
	if (fd < 0)
		return E_SYS;
	struct xdp_bucket *table = buckets != NULL ? filter_table_map(fd, sizeof(*table), 0, count) : NULL;
	int err = buckets == NULL || table != NULL ? OK : E_SYS;
	if (table != NULL)
		memcpy(table, buckets, count * sizeof(*table));
	filter_table_unmap(table, sizeof(*table), count);
	if (err == OK && bpf_map_update_elem(filter->fds[PIN_BUCKETS], &place, &fd, BPF_ANY) != 0)
		err = E_SYS;
	(void)close(fd);
	return err;
}

static int half_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half, uint32_t *ret_seed)
{
	int err = hosts_write(filter, tables, half, ret_seed);
	if (err == OK)
		err = prefixes_write(filter, tables, half);
	if (err == OK)
		err = lists_write(filter, tables, half);
	if (err == OK)
		err = rules_write(filter, tables, half);
	if (err == OK && tables->bucket_count > 0)
		err = buckets_put(filter, half, tables->buckets, tables->bucket_count);
	return err;
}

/** The word that says what is in force. */
static uint64_t root_make(const struct xdp_tables *tables, uint32_t half, uint32_t seed)
{
	uint64_t in_force = half | (uint64_t)tables->rule_count << FILTER_ROOT_RULES_SHIFT | (uint64_t)seed << 32;
	for (size_t i = 0; i < tables->target_count; i++)
		in_force |= is_host(&tables->targets[i]) ? FILTER_ROOT_HOSTS : FILTER_ROOT_PREFIXES;
	return in_force;
}

static struct filter_touch touch_make(const struct xdp_tables *tables, uint32_t half)
{
	struct filter_touch touch = {0};
	for (size_t i = 0; i < tables->rule_count; i++) {
		const struct xdp_rule *rule = &tables->rules[i];
		if (rule->has_set && rule->set_mask >= TOUCH_MASK_MIN && rule->set_mask > touch.mask)
			touch = (struct filter_touch){rule->set_seed, half * FILTER_SECOND_HALF + rule->set_first, rule->set_mask};
	}
	return touch;
}

static int root_store(const struct filter *filter, const struct filter_root *root)
{
	uint32_t key = 0;
	return bpf_map_update_elem(filter->fds[PIN_ROOT], &key, root, BPF_ANY) == 0 ? OK : E_SYS;
}

static int tables_apply(const struct filter *filter, const struct xdp_tables *tables)
{
	struct filter_root root;
	uint32_t key = 0, seed = 0;
	if (bpf_map_lookup_elem(filter->fds[PIN_ROOT], &key, &root) != 0)
		return E_SYS;
	uint32_t old_half = root.in_force & FILTER_ROOT_HALF, half = old_half ^ 1;
	int err = half_write(filter, tables, half, &seed);
	root.touch[half] = touch_make(tables, half);
	if (err == OK)
		err = root_store(filter, &root);
	root.in_force = root_make(tables, half, seed);
	if (err == OK)
		err = root_store(filter, &root);
	/* Now the new rules are in force. Where there is no memory to wait with, the old buckets stay until the next time. */
	if (err == OK && buckets_put(filter, FILTER_BUCKETS_UNUSED, NULL, 1) == OK)
		(void)bpf_map_delete_elem(filter->fds[PIN_BUCKETS], &old_half);
	return err;
}

int filter_apply(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space,
	char ret_why[static FILTER_WHY_BYTES])
{
	struct xdp_tables tables;
	if (filter->policy.mode == FILTER_SAMPLE)
		return why_refuse(ret_why, E_STATE, filter->interface, "the program only samples: it was loaded without tables for rules");
	int err = xdp_tables_make(entries, count, space, &tables);
	if (err == E_LIMIT)
		return why_refuse(ret_why, err, filter->interface, "too many rules, at all or for one destination");
	if (err == E_STATE)
		return why_refuse(ret_why, err, filter->interface, "a rule's source set is not at hand");
	if (err != OK)
		return why_refuse(ret_why, err, filter->interface, "out of memory");
	err = tables_apply(filter, &tables);
	xdp_tables_done(&tables);
	if (err == E_LIMIT)
		return why_refuse(ret_why, err, filter->interface, "too many destinations");
	return err == OK ? OK : why_refuse_errno(ret_why, filter->interface, "writing rules into the kernel");
}
