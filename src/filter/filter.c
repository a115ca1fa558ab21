/*
 * Loads, attaches, pins and opens filter.bpf.c.
 *
 * The program is held by a bpf_link (bpf(2), BPF_LINK_CREATE): when its last
 * descriptor closes and no pin holds it the program is gone, so what is not
 * pinned ends with its process, and what is pinned outlives it (pins.h).
 *
 * Where rules are enforced, whoever enforces them follows the interface and
 * pins the link anew; a sensor that only opened those pins keeps away. A link
 * that a sensor made anew is not pinned, which takes rights that it has no
 * more: it goes with the sensor, and the next one replaces the pins.
 */
#include "filter/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "filter/filter_state.h"
#include "rules/space.h"

#include "filter/filter.skel.h"

#define RING_BYTES_DEFAULT (8u << 20) /* 38,000 samples: 380 ms at 10 Mpps and 1:100 */
#define RING_BYTES_MIN (64u << 10)
#define RING_BYTES_MAX (1u << 30)

_Static_assert(FILTER_PROTECTED_MAX == SPACE_PREFIXES_MAX, "all protected prefixes have room");
_Static_assert(sizeof(struct filter_list) % 64 == 0 && sizeof(struct xdp_rule) % 64 == 0, "entries begin with cache lines");
_Static_assert(sizeof(struct filter_tables) % 4096 == 0 && sizeof(struct filter_rows) % 4096 == 0 &&
	sizeof(struct filter_tallies) % 4096 == 0 && XDP_RULES_MAX * sizeof(struct xdp_sources) % 4096 == 0,
	"halves begin with a page");

/* The first line that libbpf had to say about a failure; it has one print function for the process. */
static _Thread_local char libbpf_line[WHY_BYTES / 2];

__attribute__((format(printf, 2, 0))) static int libbpf_note(enum libbpf_print_level level, const char *format,
	va_list args)
{
	if (level == LIBBPF_WARN && libbpf_line[0] == '\0')
		(void)vsnprintf(libbpf_line, sizeof(libbpf_line), format, args);
	libbpf_line[strcspn(libbpf_line, "\n")] = '\0';
	return 0;
}

/** Tables for rules are small where no rules will be. */
static int tables_shrink(struct filter_bpf *program)
{
	struct bpf_map *const tables[] = {program->maps.prefixes, program->maps.sources, program->maps.rows, program->maps.buckets,
		program->maps.window, program->maps.protected, program->maps.source_meters};
	int err = bpf_map__set_value_size(program->maps.tables, sizeof(__u64));
	if (err == 0)
		err = bpf_map__set_value_size(program->maps.tallies, sizeof(__u64));
	if (err == 0)
		err = bpf_map__set_value_size(program->maps.rows, sizeof(__u64));
	for (size_t i = 0; i < ARRAY_LEN(tables) && err == 0; i++)
		err = bpf_map__set_max_entries(tables[i], 1);
	return err;
}

/** Opens and loads the program; NULL with errno and libbpf_line. */
static struct filter_bpf *program_load(const struct filter_policy *policy, uint32_t ring_bytes)
{
	libbpf_line[0] = '\0';
	(void)libbpf_set_print(libbpf_note);
	struct filter_bpf *program = filter_bpf__open();
	if (program == NULL)
		return NULL;
	memcpy((void *)&program->rodata->policy, policy, sizeof(*policy));
	int err = bpf_map__set_max_entries(program->maps.samples, ring_bytes);
	if (err == 0)
		err = policy->mode == FILTER_SAMPLE ? tables_shrink(program)
			: bpf_map__set_max_entries(program->maps.tallies, (uint32_t)libbpf_num_possible_cpus());
	if (err == 0)
		err = filter_bpf__load(program);
	if (err == 0)
		return program;
	filter_bpf__destroy(program);
	errno = -err;
	return NULL;
}

static struct filter_policy policy_make(enum filter_mode mode, uint32_t sampling, uint32_t ring_bytes)
{
	return (struct filter_policy){
		.magic = FILTER_MAGIC,
		.version = FILTER_VERSION,
		.rules_version = XDP_RULES_VERSION,
		.sample_bytes = sizeof(struct filter_sample),
		.sampling = sampling,
		.wakeup_bytes = ring_bytes / 8,
		.mode = mode,
	};
}

bool filter_supported(void)
{
	struct filter_policy policy = policy_make(FILTER_ENFORCE, 1, RING_BYTES_MIN);
	struct filter_bpf *program = program_load(&policy, RING_BYTES_MIN);
	filter_bpf__destroy(program);
	return program != NULL;
}

static bool is_ethernet(const struct interface *interface)
{
	return interface->link == ARPHRD_ETHER || interface->link == ARPHRD_LOOPBACK;
}

static int load_refuse(const char *interface, char ret_why[static WHY_BYTES])
{
	if (errno == EPERM || errno == EACCES)
		return why_refuse(ret_why, E_DENIED, interface,
			"no permission to load the XDP program: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, or the kernel is locked down");
	return why_refuse(ret_why, E_UNSUPPORTED, interface, libbpf_line[0] != '\0' ? libbpf_line : strerror(errno));
}

int filter_link_ifindex(int fd, uint32_t *ret_program_id)
{
	struct bpf_link_info info = {0};
	uint32_t info_bytes = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) != 0 || info.type != BPF_LINK_TYPE_XDP)
		return -1;
	*ret_program_id = info.prog_id;
	return (int)info.xdp.ifindex;
}

/** Attaches in the driver, else in the stack; the new link takes the place of the one to an interface that is gone. */
static int attach(struct filter *filter, int ifindex, char ret_why[static WHY_BYTES])
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(filter->fds[PIN_PROGRAM], ifindex, BPF_XDP, &opts);
	if (fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM) {
		opts.flags = XDP_FLAGS_SKB_MODE;
		fd = bpf_link_create(filter->fds[PIN_PROGRAM], ifindex, BPF_XDP, &opts);
	}
	if (fd >= 0) {
		if (filter->fds[PIN_LINK] >= 0)
			(void)close(filter->fds[PIN_LINK]);
		filter->fds[PIN_LINK] = fd;
		filter->ifindex = ifindex;
		filter->state = INTERFACE_UP;
		filter->is_generic = opts.flags == XDP_FLAGS_SKB_MODE;
		return OK;
	}
	errno = -fd;
	if (fd == -EBUSY || fd == -EEXIST)
		return why_refuse(ret_why, E_STATE, filter->interface, "another XDP program is attached: see bpftool net");
	if (fd == -EPERM)
		return load_refuse(filter->interface, ret_why);
	return why_refuse_errno(ret_why, filter->interface, "attaching the XDP program");
}

static int filter_new(const char *interface, const char *pin_directory, struct filter **ret_filter,
	char ret_why[static WHY_BYTES])
{
	struct interface found = {0};
	struct filter *filter = calloc(1, sizeof(*filter));
	int cpu_count = libbpf_num_possible_cpus(), err = OK;
	if (filter == NULL) {
		(void)why_refuse(ret_why, E_NOMEM, interface, "out of memory");
		return E_NOMEM; /* told apart, so that analyzers see that it is no success */
	}
	memset(filter->fds, 0xff, sizeof(filter->fds));
	filter->cpu_count = cpu_count > 0 ? (size_t)cpu_count : 0;
	filter->of_cpus = calloc(filter->cpu_count + 1, sizeof(struct filter_cpu));
	filter->socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (filter->of_cpus == NULL || filter->socket_fd < 0 || filter->cpu_count == 0)
		err = why_refuse_errno(ret_why, interface, "memory, a socket, or the number of CPUs");
	if (err == OK)
		err = interface_require(filter->socket_fd, interface, &found, ret_why);
	if (err == OK && !is_ethernet(&found))
		err = why_refuse(ret_why, E_UNSUPPORTED, interface, "not Ethernet: the XDP program does not read it");
	if (err == OK && pin_directory != NULL)
		err = pins_prepare(pin_directory, ret_why);
	if (err != OK) {
		filter_close(filter);
		return err;
	}
	(void)snprintf(filter->interface, sizeof(filter->interface), "%s", interface);
	if (pin_directory != NULL)
		(void)snprintf(filter->pin_directory, sizeof(filter->pin_directory), "%s", pin_directory);
	filter->ifindex = found.ifindex;
	filter->state = INTERFACE_UP;
	*ret_filter = filter;
	return OK;
}

/** Removes the rest of what was pinned; refuses to touch what is alive. */
static int pins_clear(const struct filter *filter, char ret_why[static WHY_BYTES])
{
	int fds[PIN_COUNT];
	uint32_t unused;
	int err = pins_open(filter->pin_directory, fds, ret_why);
	if (err == OK) {
		err = filter_link_ifindex(fds[PIN_LINK], &unused) == 0 ? E_END
			: why_refuse(ret_why, E_STATE, filter->pin_directory, "a program is pinned here already");
		pins_close(fds);
	}
	if (err != E_END)
		return err;
	return pins_remove(filter->pin_directory) ? OK : why_refuse_errno(ret_why, filter->pin_directory, "removing old pins");
}

static int duplicate(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/** Descriptors of our own, so that the skeleton can go. */
static int fds_take(struct filter *filter, const struct filter_bpf *program)
{
	const struct bpf_map *const maps[PIN_BUCKETS_READ] = {
		[PIN_POLICY] = program->maps.rodata,
		[PIN_STATE] = program->maps.state,
		[PIN_SAMPLES] = program->maps.samples,
		[PIN_ROOT] = program->maps.bss,
		[PIN_TABLES] = program->maps.tables,
		[PIN_PREFIXES] = program->maps.prefixes,
		[PIN_SOURCES] = program->maps.sources,
		[PIN_ROWS] = program->maps.rows,
		[PIN_BUCKETS] = program->maps.buckets,
		[PIN_WINDOW] = program->maps.window,
		[PIN_PROTECTED] = program->maps.protected,
		[PIN_SOURCE_METERS] = program->maps.source_meters,
		[PIN_TALLIES] = program->maps.tallies,
	};
	filter->fds[PIN_PROGRAM] = duplicate(bpf_program__fd(program->progs.filter));
	filter->fds[PIN_BUCKETS_READ] = duplicate(bpf_program__fd(program->progs.buckets_read));
	bool has_all = filter->fds[PIN_PROGRAM] >= 0 && filter->fds[PIN_BUCKETS_READ] >= 0;
	for (enum pin pin = PIN_POLICY; pin < PIN_BUCKETS_READ; pin++) {
		filter->fds[pin] = duplicate(bpf_map__fd(maps[pin]));
		has_all = has_all && filter->fds[pin] >= 0;
	}
	return has_all ? OK : E_SYS;
}

static int filter_start(struct filter *filter, const struct filter_config *config, char ret_why[static WHY_BYTES])
{
	uint32_t ring_bytes = RING_BYTES_MIN;
	while (ring_bytes < (config->ring_bytes != 0 ? config->ring_bytes : RING_BYTES_DEFAULT))
		ring_bytes *= 2;
	filter->follows = true;
	filter->policy = policy_make(config->mode, config->sampling, ring_bytes);
	memcpy(filter->policy.digest, config->policy, sizeof(filter->policy.digest));
	int err = config->pin_directory != NULL ? pins_clear(filter, ret_why) : OK;
	if (err != OK)
		return err;
	struct filter_bpf *program = program_load(&filter->policy, ring_bytes);
	if (program == NULL)
		return load_refuse(config->interface, ret_why);
	if (fds_take(filter, program) != OK)
		err = why_refuse_errno(ret_why, config->interface, "descriptors");
	filter_bpf__destroy(program);
	if (err == OK)
		err = attach(filter, filter->ifindex, ret_why);
	if (err == OK && config->pin_directory != NULL)
		err = pins_make(config->pin_directory, filter->fds, ret_why);
	filter->identity = pins_identity(filter->pin_directory);
	return err;
}

int filter_load(const struct filter_config *config, struct filter **ret_filter, char ret_why[static FILTER_WHY_BYTES])
{
	struct filter *filter = NULL;
	if (config->sampling == 0 || config->sampling > FILTER_SAMPLING_MAX)
		return why_refuse(ret_why, E_CONFIG, config->interface, "sampling must be from 1 to 1000000");
	if (config->ring_bytes > RING_BYTES_MAX)
		return why_refuse(ret_why, E_CONFIG, config->interface, "the ring buffer may have 1 GiB at most");
	int err = filter_new(config->interface, config->pin_directory, &filter, ret_why);
	if (err == OK)
		err = filter_start(filter, config, ret_why);
	if (err == OK)
		*ret_filter = filter;
	else
		filter_close(filter);
	return err;
}

/** Reads the policy of pinned objects; all zeros where that is no policy of this version. */
static struct filter_policy policy_read(int fd)
{
	struct filter_policy policy = {0};
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);
	uint32_t key = 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) != 0 || info.value_size != sizeof(policy) ||
	    bpf_map_lookup_elem(fd, &key, &policy) != 0)
		return (struct filter_policy){0};
	return policy;
}

uint32_t filter_program_id(const struct filter *filter)
{
	struct bpf_prog_info info = {0};
	uint32_t info_bytes = sizeof(info);
	return bpf_obj_get_info_by_fd(filter->fds[PIN_PROGRAM], &info, &info_bytes) == 0 ? info.id : 0;
}

/** Whether what was opened is what was wanted. */
static int pins_check(struct filter *filter, const struct filter_wanted *wanted, char ret_why[static WHY_BYTES])
{
	uint32_t attached_id = 0;
	int ifindex = filter_link_ifindex(filter->fds[PIN_LINK], &attached_id);
	const struct filter_policy *policy = &filter->policy;
	if (ifindex == 0)
		return E_END;
	filter->policy = policy_read(filter->fds[PIN_POLICY]);
	if (ifindex != filter->ifindex || attached_id != filter_program_id(filter))
		return why_refuse(ret_why, E_STATE, wanted->pin_directory, "what is pinned here is not on this interface");
	if (policy->magic != FILTER_MAGIC || policy->version != FILTER_VERSION || policy->rules_version != XDP_RULES_VERSION ||
	    policy->sample_bytes != sizeof(struct filter_sample) || policy->mode > FILTER_ENFORCE)
		return why_refuse(ret_why, E_STATE, wanted->pin_directory, "pinned by another version: remove the directory first");
	if (wanted->sampling != 0 && policy->sampling != wanted->sampling) {
		(void)snprintf(ret_why, WHY_BYTES, "%s: pinned with sampling 1:%u, this is 1:%u: remove the directory first",
			wanted->pin_directory, policy->sampling, wanted->sampling);
		return E_STATE;
	}
	if (wanted->enforces && policy->mode == FILTER_SAMPLE)
		return why_refuse(ret_why, E_STATE, wanted->pin_directory, "pinned by a sensor, without tables for rules");
	if (wanted->policy != NULL && memcmp(policy->digest, wanted->policy, sizeof(policy->digest)) != 0)
		return why_refuse(ret_why, E_STATE, wanted->pin_directory, "pinned under another policy file");
	return OK;
}

/** Which mode a program that was taken over runs in. */
static void place_find(struct filter *filter)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	if (bpf_xdp_query(filter->ifindex, 0, &opts) == 0)
		filter->is_generic = opts.attach_mode == XDP_ATTACHED_SKB;
}

int filter_open(const struct filter_wanted *wanted, struct filter **ret_filter, char ret_why[static FILTER_WHY_BYTES])
{
	struct filter *filter = NULL;
	(void)libbpf_set_print(libbpf_note);
	int err = filter_new(wanted->interface, wanted->pin_directory, &filter, ret_why);
	if (err == OK)
		err = pins_open(wanted->pin_directory, filter->fds, ret_why);
	if (err == OK)
		err = pins_check(filter, wanted, ret_why);
	if (err == E_END)
		(void)why_refuse(ret_why, err, wanted->pin_directory, "nothing is pinned here");
	if (err != OK) {
		filter_close(filter);
		return err;
	}
	filter->follows = wanted->enforces || filter->policy.mode == FILTER_SAMPLE;
	filter->identity = pins_identity(filter->pin_directory);
	place_find(filter);
	*ret_filter = filter;
	return OK;
}

int filter_root_read(const struct filter *filter, struct filter_root *ret_root)
{
	struct filter_root root;
	uint32_t key = 0;
	if (bpf_map_lookup_elem(filter->fds[PIN_ROOT], &key, &root) != 0)
		return E_SYS;
	*ret_root = root;
	return OK;
}

void *filter_table_map(int fd, size_t entry_bytes, size_t first, size_t count)
{
	void *table = mmap(NULL, entry_bytes * count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(entry_bytes * first));
	return table != MAP_FAILED ? table : NULL;
}

void filter_table_unmap(void *table, size_t entry_bytes, size_t count)
{
	if (table != NULL)
		(void)munmap(table, entry_bytes * count);
}

size_t filter_rule_count(const struct filter *filter)
{
	struct filter_root root;
	return filter_root_read(filter, &root) == OK ? root.in_force >> FILTER_ROOT_RULES_SHIFT & 0xffff : 0;
}

static int counts_read(struct filter *filter, uint64_t half, size_t index, struct xdp_counts *ret_counts)
{
	struct xdp_counts sum = {0};
	if (index >= XDP_RULES_MAX || filter->policy.mode == FILTER_SAMPLE)
		return E_LIMIT;
	const struct filter_tallies *tallies = filter_table_map(filter->fds[PIN_TALLIES], sizeof(*tallies), 0, filter->cpu_count);
	if (tallies == NULL)
		return E_SYS;
	for (size_t i = 0; i < filter->cpu_count; i++) {
		const struct xdp_tally *of_cpu = &tallies[i].rules[half][index];
		sum.matched_packets += of_cpu->of[XDP_VERDICT_PASS].packets + of_cpu->of[XDP_VERDICT_DROP].packets;
		sum.matched_bytes += of_cpu->of[XDP_VERDICT_PASS].bytes + of_cpu->of[XDP_VERDICT_DROP].bytes;
		sum.dropped_packets += of_cpu->of[XDP_VERDICT_DROP].packets;
		sum.dropped_bytes += of_cpu->of[XDP_VERDICT_DROP].bytes;
	}
	filter_table_unmap((void *)tallies, sizeof(*tallies), filter->cpu_count);
	*ret_counts = sum;
	return OK;
}

int filter_counts(struct filter *filter, size_t index, struct xdp_counts *ret_counts)
{
	struct filter_root root = {0};
	int err = filter_root_read(filter, &root);
	if (err == OK && index >= (root.in_force >> FILTER_ROOT_RULES_SHIFT & 0xffff))
		err = E_LIMIT;
	return err == OK ? counts_read(filter, root.in_force & FILTER_ROOT_HALF, index, ret_counts) : err;
}

int filter_counts_before(struct filter *filter, size_t index, struct xdp_counts *ret_counts)
{
	struct filter_root root = {0};
	int err = filter_root_read(filter, &root);
	return err == OK ? counts_read(filter, ~root.in_force & FILTER_ROOT_HALF, index, ret_counts) : err;
}

bool filter_is_replaced(const struct filter *filter)
{
	ino_t now = pins_identity(filter->pin_directory);
	return filter->identity != 0 && now != 0 && now != filter->identity;
}

static enum interface_state state_look(struct filter *filter, char ret_why[static FILTER_WHY_BYTES])
{
	struct interface interface;
	uint32_t unused;
	if (!filter->follows)
		return interface_find(filter->socket_fd, filter->interface, &interface) == OK ? interface.state : INTERFACE_GONE;
	bool is_attached = filter_link_ifindex(filter->fds[PIN_LINK], &unused) == filter->ifindex;
	if (interface_find(filter->socket_fd, filter->interface, &interface) != OK)
		return is_attached ? filter->state : INTERFACE_GONE; /* it was renamed, or is being removed */
	if (is_attached && interface.ifindex == filter->ifindex)
		return interface.state;
	if (!is_ethernet(&interface)) {
		(void)why_refuse(ret_why, E_UNSUPPORTED, filter->interface, "is back with another link type: restart this process");
		return INTERFACE_GONE;
	}
	if (filter->policy.mode == FILTER_SAMPLE && pins_identity(filter->pin_directory) != filter->identity) {
		(void)why_refuse(ret_why, E_STATE, filter->interface,
			"the program was detached and its pins are gone: an effector takes over");
		return INTERFACE_GONE;
	}
	if (attach(filter, interface.ifindex, ret_why) != OK)
		return INTERFACE_GONE;
	if (filter->policy.mode != FILTER_SAMPLE && filter->pin_directory[0] != '\0' &&
	    pins_replace_link(filter->pin_directory, filter->fds[PIN_LINK]) != OK)
		(void)why_refuse_errno(ret_why, filter->pin_directory, "the link could not be pinned again");
	return interface.state;
}

enum interface_state filter_follow(struct filter *filter, char ret_why[static FILTER_WHY_BYTES])
{
	ret_why[0] = '\0';
	filter->state = state_look(filter, ret_why);
	return filter->state;
}

enum filter_mode filter_mode(const struct filter *filter)
{
	return (enum filter_mode)filter->policy.mode;
}

uint32_t filter_sampling(const struct filter *filter)
{
	return filter->policy.sampling;
}

const char *filter_place(const struct filter *filter)
{
	return filter->is_generic ? "generic" : "driver";
}

int filter_samples_fd(const struct filter *filter)
{
	return filter->fds[PIN_SAMPLES];
}

struct filter_totals filter_totals(struct filter *filter)
{
	const struct filter_cpu *of_cpu = filter->of_cpus;
	struct filter_totals sum = {0};
	uint32_t key = 0;
	if (bpf_map_lookup_elem(filter->fds[PIN_STATE], &key, filter->of_cpus) != 0)
		return sum;
	for (size_t i = 0; i < filter->cpu_count; i++) {
		for (size_t kind = 0; kind < FILTER_KIND_COUNT; kind++) {
			const struct filter_count *passed = &of_cpu[i].kinds[0][kind], *dropped = &of_cpu[i].kinds[1][kind];
			sum.kinds[kind].packets += passed->packets + dropped->packets;
			sum.kinds[kind].bytes += passed->bytes + dropped->bytes;
			sum.dropped.packets += dropped->packets;
			sum.dropped.bytes += dropped->bytes;
		}
		sum.sampled += of_cpu[i].sampled;
		sum.lost += of_cpu[i].lost;
	}
	return sum;
}

void filter_close(struct filter *filter)
{
	if (filter == NULL)
		return;
	int saved = errno;
	pins_close(filter->fds);
	if (filter->socket_fd >= 0)
		(void)close(filter->socket_fd);
	free(filter->of_cpus);
	free(filter);
	errno = saved;
}

int filter_unload(struct filter *filter, char ret_why[static FILTER_WHY_BYTES])
{
	int err = OK;
	if (filter == NULL)
		return OK;
	uint32_t unused;
	if (filter_link_ifindex(filter->fds[PIN_LINK], &unused) > 0 && bpf_link_detach(filter->fds[PIN_LINK]) != 0)
		err = why_refuse_errno(ret_why, filter->interface, "detaching the XDP program");
	if (err == OK && filter->pin_directory[0] != '\0' && !pins_remove(filter->pin_directory))
		err = why_refuse_errno(ret_why, filter->pin_directory, "removing pins");
	filter_close(filter);
	return err;
}
