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

#define SEEDS_MAX 64 /* with 4096 addresses in as many lines one seed in some hundred fails, with fewer hardly any */

/** Whether a destination is a single address. */
static bool is_host(const struct xdp_target *target)
{
	return target->key.bits == 128;
}

/** Whether a rule of a list asks for the transport header. */
static bool asks_transport(const struct xdp_tables *tables, const struct xdp_list *list)
{
	uint8_t asks = 0;
	for (size_t i = 0; i < list->count; i++)
		asks |= tables->rules[list->rules[i]].asks;
	return (asks & XDP_ASKS_TRANSPORT) != 0;
}

struct filter_host filter_host_make(const struct xdp_tables *tables, size_t at, uint32_t seed)
{
	const struct xdp_target *target = &tables->targets[at];
	bool is_v4 = packet_is_v4(target->key.addr_be);
	bool is_simple = xdp_rule_is_simple(&tables->rules[target->list.rules[0]]);
	return (struct filter_host){
		.hash = filter_host_hash(seed, target->key.addr_be, is_v4),
		.list = (uint16_t)(at | (is_v4 ? FILTER_HOST_V4 : 0) | (asks_transport(tables, &target->list) ? FILTER_HOST_TRANSPORT : 0) |
			(is_simple ? FILTER_HOST_SIMPLE : 0)),
		.rule = target->list.rules[0],
	};
}

struct filter_list filter_list_make(const struct xdp_tables *tables, size_t at)
{
	const struct xdp_target *target = &tables->targets[at];
	struct filter_list list = {.bits = (uint16_t)target->key.bits, .asks_transport = asks_transport(tables, &target->list),
		.list = target->list};
	memcpy(list.addr_be, target->key.addr_be, sizeof(list.addr_be));
	return list;
}

/** Places the hosts of all targets; false: this seed does not do. */
static bool hosts_fill(struct filter_host_line *lines, const struct xdp_tables *tables, uint32_t seed)
{
	memset(lines, 0, FILTER_HOST_LINES * sizeof(*lines));
	for (size_t i = 0; i < tables->target_count; i++) {
		if (!is_host(&tables->targets[i]))
			continue;
		struct filter_host host = filter_host_make(tables, i, seed);
		struct filter_host *slots = lines[host.hash % FILTER_HOST_LINES].slots;
		size_t slot = 0;
		while (slot < FILTER_HOST_SLOTS && slots[slot].hash != 0 && slots[slot].hash != host.hash)
			slot++;
		if (host.hash == 0 || slot == FILTER_HOST_SLOTS || slots[slot].hash == host.hash)
			return false;
		slots[slot] = host;
	}
	return true;
}

static int hosts_write(struct filter_host_line *lines, const struct xdp_tables *tables, uint32_t *ret_seed)
{
	bool has_room = false;
	for (int i = 0; i < SEEDS_MAX && !has_room; i++) {
		random_bytes(ret_seed, sizeof(*ret_seed));
		has_room = hosts_fill(lines, tables, *ret_seed);
	}
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
			err = prefix_add(filter->fds[PIN_PREFIXES], half, &tables->targets[i].key, (uint32_t)i);
	}
	for (size_t i = 0; i < tables->protected_count && err == OK; i++)
		err = prefix_add(filter->fds[PIN_PROTECTED], half, &tables->protected[i], 1);
	return err;
}

/** Sets the counts of one half to zero, for all CPUs. */
static int tallies_clear(const struct filter *filter, uint32_t half)
{
	struct filter_tallies *tallies = filter_table_map(filter->fds[PIN_TALLIES], sizeof(*tallies), 0, filter->cpu_count);
	if (tallies == NULL)
		return E_SYS;
	for (size_t i = 0; i < filter->cpu_count; i++)
		memset(tallies[i].rules[half], 0, sizeof(tallies[i].rules[half]));
	filter_table_unmap(tallies, sizeof(*tallies), filter->cpu_count);
	return OK;
}

/** What is found by place, with empty meters. */
static int tables_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half, uint32_t *ret_seed)
{
	struct filter_tables *table = filter_table_map(filter->fds[PIN_TABLES], sizeof(*table), half, 1);
	if (table == NULL)
		return E_SYS;
	for (size_t i = 0; i < tables->target_count; i++)
		table->lists[i] = filter_list_make(tables, i);
	memcpy(table->rules, tables->rules, tables->rule_count * sizeof(table->rules[0]));
	memset(table->meters, 0, sizeof(table->meters));
	int err = hosts_write(table->hosts, tables, ret_seed);
	filter_table_unmap(table, sizeof(*table), 1);
	return err;
}

static int sources_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half)
{
	struct xdp_sources *sources = filter_table_map(filter->fds[PIN_SOURCES], sizeof(*sources), (size_t)half * XDP_RULES_MAX,
		XDP_RULES_MAX);
	if (sources == NULL)
		return E_SYS;
	memcpy(sources, tables->sources, tables->rule_count * sizeof(*sources));
	filter_table_unmap(sources, sizeof(*sources), XDP_RULES_MAX);
	return OK;
}

static int rows_write(const struct filter *filter, const struct xdp_tables *tables, uint32_t half)
{
	struct filter_rows *rows = filter_table_map(filter->fds[PIN_ROWS], sizeof(*rows), half, 1);
	if (rows == NULL)
		return E_SYS;
	memcpy(rows->rows, tables->rows, sizeof(rows->rows));
	filter_table_unmap(rows, sizeof(*rows), 1);
	return OK;
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
	int err = tables_write(filter, tables, half, ret_seed);
	if (err == OK)
		err = tallies_clear(filter, half);
	if (err == OK)
		err = prefixes_write(filter, tables, half);
	if (err == OK)
		err = sources_write(filter, tables, half);
	if (err == OK && tables->rows != NULL)
		err = rows_write(filter, tables, half);
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

/** The seed of the packed set, 0: there is none. */
static uint64_t rows_seed(const struct xdp_tables *tables)
{
	uint64_t seed = 0;
	for (size_t i = 0; i < tables->rule_count && seed == 0; i++)
		seed = tables->rules[i].set_kind == XDP_SET_PACKED ? tables->rules[i].set_seed : 0;
	return seed;
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
	root.rows_seeds[half] = rows_seed(tables);
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
