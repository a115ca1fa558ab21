/*
 * Loads, attaches and reads sample.bpf.c.
 *
 * The program is held by a bpf_link (bpf(2), BPF_LINK_CREATE): when its last
 * descriptor closes the program is gone, so a killed sensor leaves nothing
 * behind. With a pin directory, five files in a BPF file system keep it:
 *
 *   link      the attachment; pinned last, so where it stands the others do
 *   policy    the program's frozen read-only data: version, layout, sampling
 *   state     counts of each CPU
 *   samples   the ring buffer
 *   program   to attach it anew where its interface was removed and is back
 *
 * Whoever opens the same directory takes over what is there if link and
 * policy are what it would have made, and refuses it otherwise. Removing the
 * directory's files detaches the program. A link that was made anew in the
 * running sensor is not pinned, which takes rights that it has no more: it
 * goes with the sensor, and the next one replaces the pins.
 *
 * Records are decoded where they lie in the ring buffer. The kernel's
 * monotonic time becomes wall time with the difference of the clocks at each
 * read. After opening, system calls are bpf() with BPF_MAP_LOOKUP_ELEM,
 * BPF_OBJ_GET_INFO_BY_FD and BPF_LINK_CREATE, and the ioctls of interface.c.
 */
#include "sensor/xdp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/magic.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/clock.h"
#include "core/limits.h"
#include "decode/packet.h"
#include "sensor/sample_abi.h"

#include "sensor/sample.skel.h"

#define RING_BYTES_DEFAULT (8u << 20) /* 38,000 samples: 380 ms at 10 Mpps and 1:100 */
#define RING_BYTES_MIN (64u << 10)
#define RING_BYTES_MAX (1u << 30)
#define BATCH_PACKETS 128
#define READ_RECORDS_MAX 65536 /* then xdp_read() returns, however fast samples come in */
#define PATH_BYTES 256

_Static_assert(SAMPLE_BYTES == INPUT_HEADER_BYTES && SAMPLE_LOOK_BYTES == SIGNATURE_LOOK_BYTES, "one cut for all inputs");

enum pin { PIN_POLICY = 0, PIN_STATE, PIN_SAMPLES, PIN_PROGRAM, PIN_LINK, PIN_COUNT };
static const char *const pin_names[PIN_COUNT] = {"policy", "state", "samples", "program", "link"};

struct xdp {
	int fds[PIN_COUNT];
	int socket_fd; /* to look at the interface */
	char interface[IFNAMSIZ];
	int ifindex;
	bool is_generic; /* attached in the stack, not in the driver */
	uint32_t sampling;
	uint32_t exporter;
	struct ring_buffer *ring;
	int cpu_count;
	struct sample_state *states; /* one per possible CPU */
	uint64_t lost_before; /* of a program that was taken over */
	struct input_counters counters;
	/* During a read. */
	observation_sink *sink;
	void *sink_arg;
	int64_t wall_minus_mono_ns;
	uint32_t records_read;
	size_t batch_count;
	struct observation batch[BATCH_PACKETS];
};

/* The first line that libbpf had to say about a failure; it has one print function for the process. */
static _Thread_local char libbpf_line[INPUT_WHY_BYTES / 2];

__attribute__((format(printf, 2, 0))) static int libbpf_note(enum libbpf_print_level level, const char *format,
	va_list args)
{
	if (level == LIBBPF_WARN && libbpf_line[0] == '\0')
		(void)vsnprintf(libbpf_line, sizeof(libbpf_line), format, args);
	libbpf_line[strcspn(libbpf_line, "\n")] = '\0';
	return 0;
}

/** Opens and loads the program; NULL with errno and libbpf_line. */
static struct sample_bpf *program_load(uint32_t sampling, uint32_t ring_bytes)
{
	libbpf_line[0] = '\0';
	(void)libbpf_set_print(libbpf_note);
	struct sample_bpf *program = sample_bpf__open();
	if (program == NULL)
		return NULL;
	struct sample_policy policy = {
		.magic = SAMPLE_MAGIC,
		.version = SAMPLE_VERSION,
		.record_bytes = sizeof(struct sample_record),
		.sampling = sampling,
		.wakeup_bytes = ring_bytes / 8,
	};
	memcpy((void *)&program->rodata->policy, &policy, sizeof(policy));
	int err = bpf_map__set_max_entries(program->maps.samples, ring_bytes);
	if (err == 0)
		err = sample_bpf__load(program);
	if (err == 0)
		return program;
	sample_bpf__destroy(program);
	errno = -err;
	return NULL;
}

bool xdp_supported(void)
{
	struct sample_bpf *program = program_load(1, RING_BYTES_MIN);
	sample_bpf__destroy(program);
	return program != NULL;
}

static bool is_ethernet(const struct interface *interface)
{
	return interface->link == ARPHRD_ETHER || interface->link == ARPHRD_LOOPBACK;
}

static int config_check(struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	struct interface interface = {0};
	if (config->sampling == 0 || config->sampling > LIMIT_FLOW_SAMPLING)
		return input_refuse(ret_why, E_CONFIG, config->interface, "sampling must be from 1 to 1000000");
	if (config->ring_bytes > RING_BYTES_MAX)
		return input_refuse(ret_why, E_CONFIG, config->interface, "the ring buffer may have 1 GiB at most");
	xdp->socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (xdp->socket_fd < 0)
		return input_refuse_errno(ret_why, config->interface, "socket");
	int err = interface_require(xdp->socket_fd, config->interface, &interface, ret_why);
	if (err == OK && !is_ethernet(&interface))
		err = input_refuse(ret_why, E_UNSUPPORTED, config->interface, "not Ethernet: the XDP program does not read it");
	if (err != OK)
		return err;
	snprintf(xdp->interface, sizeof(xdp->interface), "%s", config->interface);
	xdp->ifindex = interface.ifindex;
	xdp->sampling = config->sampling;
	xdp->exporter = config->exporter;
	return OK;
}

static int load_refuse(const char *interface, char ret_why[static INPUT_WHY_BYTES])
{
	if (errno == EPERM || errno == EACCES)
		return input_refuse(ret_why, E_DENIED, interface,
			"no permission to load the XDP program: needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, or the kernel is locked down");
	(void)snprintf(ret_why, INPUT_WHY_BYTES, "%s: the kernel refuses the XDP program: %s", interface,
		libbpf_line[0] != '\0' ? libbpf_line : strerror(errno));
	return E_UNSUPPORTED;
}

/** Attaches in the driver, else in the stack; the new link takes the place of the one to an interface that is gone. */
static int attach(struct xdp *xdp, int ifindex, char ret_why[static INPUT_WHY_BYTES])
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(xdp->fds[PIN_PROGRAM], ifindex, BPF_XDP, &opts);
	if (fd < 0 && fd != -EBUSY && fd != -EEXIST && fd != -EPERM) {
		opts.flags = XDP_FLAGS_SKB_MODE;
		fd = bpf_link_create(xdp->fds[PIN_PROGRAM], ifindex, BPF_XDP, &opts);
	}
	if (fd >= 0) {
		if (xdp->fds[PIN_LINK] >= 0)
			(void)close(xdp->fds[PIN_LINK]);
		xdp->fds[PIN_LINK] = fd;
		xdp->ifindex = ifindex;
		xdp->is_generic = opts.flags == XDP_FLAGS_SKB_MODE;
		return OK;
	}
	errno = -fd;
	if (fd == -EBUSY || fd == -EEXIST)
		return input_refuse(ret_why, E_STATE, xdp->interface, "another XDP program is attached: see bpftool net");
	if (fd == -EPERM)
		return load_refuse(xdp->interface, ret_why);
	return input_refuse_errno(ret_why, xdp->interface, "attaching the XDP program");
}

static int pin_path(const char *directory, enum pin pin, char ret_path[static PATH_BYTES])
{
	return snprintf(ret_path, PATH_BYTES, "%s/%s", directory, pin_names[pin]) < PATH_BYTES ? OK : E_CONFIG;
}

static void pins_remove(const char *directory)
{
	char path[PATH_BYTES];
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++) {
		if (pin_path(directory, pin, path) == OK)
			(void)unlink(path);
	}
}

/** Makes sure of the directory; what is not a BPF file system stays untouched. */
static int pins_prepare(const char *directory, char ret_why[static INPUT_WHY_BYTES])
{
	struct statfs about;
	bool is_new = mkdir(directory, 0700) == 0;
	if (statfs(directory, &about) != 0)
		return input_refuse_errno(ret_why, directory, "pin directory");
	if (about.f_type == BPF_FS_MAGIC)
		return OK;
	if (is_new)
		(void)rmdir(directory);
	return input_refuse(ret_why, E_CONFIG, directory, "not in a BPF file system (mount -t bpf bpf /sys/fs/bpf)");
}

/** Pins all five, or none. */
static int pins_make(const struct xdp *xdp, const char *directory, char ret_why[static INPUT_WHY_BYTES])
{
	char path[PATH_BYTES];
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++) {
		int err = pin_path(directory, pin, path) == OK ? bpf_obj_pin(xdp->fds[pin], path) : -ENAMETOOLONG;
		if (err == 0)
			continue;
		pins_remove(directory);
		errno = -err;
		return input_refuse_errno(ret_why, directory, "pinning");
	}
	return OK;
}

static int duplicate(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

/** Loads the program anew, and pins it where that is asked for. */
static int program_start(struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	uint32_t ring_bytes = RING_BYTES_MIN;
	while (ring_bytes < (config->ring_bytes != 0 ? config->ring_bytes : RING_BYTES_DEFAULT))
		ring_bytes *= 2;
	struct sample_bpf *program = program_load(config->sampling, ring_bytes);
	if (program == NULL)
		return load_refuse(config->interface, ret_why);
	/* Descriptors of our own, so that the skeleton can go. */
	xdp->fds[PIN_PROGRAM] = duplicate(bpf_program__fd(program->progs.sample));
	xdp->fds[PIN_POLICY] = duplicate(bpf_map__fd(program->maps.rodata));
	xdp->fds[PIN_STATE] = duplicate(bpf_map__fd(program->maps.state));
	xdp->fds[PIN_SAMPLES] = duplicate(bpf_map__fd(program->maps.samples));
	int err = OK;
	if (xdp->fds[PIN_PROGRAM] < 0 || xdp->fds[PIN_POLICY] < 0 || xdp->fds[PIN_STATE] < 0 || xdp->fds[PIN_SAMPLES] < 0)
		err = input_refuse_errno(ret_why, config->interface, "descriptors");
	if (err == OK)
		err = attach(xdp, xdp->ifindex, ret_why);
	if (err == OK && config->pin_directory != NULL)
		err = pins_make(xdp, config->pin_directory, ret_why);
	sample_bpf__destroy(program);
	return err;
}

/** The interface that a link is attached to; 0: it was removed; -1: not an XDP link. */
static int link_ifindex(int fd)
{
	struct bpf_link_info info = {0};
	uint32_t info_bytes = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) != 0 || info.type != BPF_LINK_TYPE_XDP)
		return -1;
	return (int)info.xdp.ifindex;
}

/** Reads the policy of pinned objects; all zeros where that is no policy of any version. */
static struct sample_policy policy_read(int fd)
{
	struct sample_policy policy = {0};
	struct bpf_map_info info = {0};
	uint32_t info_bytes = sizeof(info);
	uint32_t key = 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) != 0 || info.value_size != sizeof(policy) ||
	    bpf_map_lookup_elem(fd, &key, &policy) != 0)
		return (struct sample_policy){0};
	return policy;
}

static int pins_check(const struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	struct sample_policy policy = policy_read(xdp->fds[PIN_POLICY]);
	if (link_ifindex(xdp->fds[PIN_LINK]) != xdp->ifindex)
		return input_refuse(ret_why, E_STATE, config->pin_directory, "what is pinned here is not on this interface");
	if (policy.magic == SAMPLE_MAGIC && policy.version == SAMPLE_VERSION &&
	    policy.record_bytes == sizeof(struct sample_record) && policy.sampling == config->sampling)
		return OK;
	(void)snprintf(ret_why, INPUT_WHY_BYTES,
		"%s: pinned by version %u with sampling 1:%u, this is version %u with 1:%u: remove the directory first",
		config->pin_directory, policy.version, policy.sampling, SAMPLE_VERSION, config->sampling);
	return E_STATE;
}

/** Takes over what is pinned. E_END: nothing is, or what it was attached to is gone. */
static int pins_take(struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	char path[PATH_BYTES];
	int err = pins_prepare(config->pin_directory, ret_why);
	if (err != OK)
		return err;
	for (enum pin pin = PIN_COUNT; pin-- > PIN_POLICY;) {
		if (pin_path(config->pin_directory, pin, path) != OK)
			return input_refuse(ret_why, E_CONFIG, config->pin_directory, "the name is too long");
		xdp->fds[pin] = bpf_obj_get(path);
		if (xdp->fds[pin] < 0 && errno == EPERM)
			return load_refuse(config->interface, ret_why);
		if (xdp->fds[pin] < 0 || (pin == PIN_LINK && link_ifindex(xdp->fds[pin]) == 0)) {
			pins_remove(config->pin_directory);
			return E_END;
		}
	}
	return pins_check(xdp, config, ret_why);
}

static void fds_close(struct xdp *xdp)
{
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++) {
		if (xdp->fds[pin] >= 0)
			(void)close(xdp->fds[pin]);
		xdp->fds[pin] = -1;
	}
}

static void batch_flush(struct xdp *xdp)
{
	if (xdp->batch_count > 0)
		xdp->sink(xdp->sink_arg, xdp->batch, xdp->batch_count);
	xdp->batch_count = 0;
}

/** libbpf hands over one record; a negative answer ends its reading, the record is consumed all the same. */
static int record_take(void *arg, void *data, size_t data_bytes)
{
	struct xdp *xdp = arg;
	const struct sample_record *record = data;
	int more = ++xdp->records_read < READ_RECORDS_MAX ? 0 : -ECANCELED;
	if (data_bytes < sizeof(*record) || record->captured_bytes > SAMPLE_BYTES ||
	    record->wire_bytes < record->captured_bytes) {
		xdp->counters.received++;
		xdp->counters.errors++;
		return more;
	}
	struct observation *obs = &xdp->batch[xdp->batch_count];
	obs->start_ns = (int64_t)record->mono_ns + xdp->wall_minus_mono_ns;
	obs->end_ns = obs->start_ns;
	obs->sampling = xdp->sampling;
	obs->exporter = xdp->exporter;
	int err = packet_parse(LINK_ETHERNET, record->bytes, record->captured_bytes, record->wire_bytes, obs);
	input_count(&xdp->counters, err);
	if (err == OK && ++xdp->batch_count == BATCH_PACKETS)
		batch_flush(xdp);
	return more;
}

/** Sums the counts of all CPUs; zeros if they cannot be read. */
static struct sample_state state_sum(struct xdp *xdp)
{
	struct sample_state sum = {0};
	uint32_t key = 0;
	if (bpf_map_lookup_elem(xdp->fds[PIN_STATE], &key, xdp->states) != 0)
		return sum;
	for (int cpu = 0; cpu < xdp->cpu_count; cpu++) {
		for (size_t reason = 0; reason < SAMPLE_REASON_COUNT; reason++) {
			sum.counts[reason].packets += xdp->states[cpu].counts[reason].packets;
			sum.counts[reason].bytes += xdp->states[cpu].counts[reason].bytes;
		}
		sum.sampled += xdp->states[cpu].sampled;
		sum.lost += xdp->states[cpu].lost;
	}
	return sum;
}

/** Which mode a program that was taken over runs in. */
static void mode_find(struct xdp *xdp)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, opts);
	if (bpf_xdp_query(xdp->ifindex, 0, &opts) == 0)
		xdp->is_generic = opts.attach_mode == XDP_ATTACHED_SKB;
}

static int xdp_setup(struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	int err = config_check(xdp, config, ret_why);
	if (err != OK)
		return err;
	(void)libbpf_set_print(libbpf_note);
	err = config->pin_directory != NULL ? pins_take(xdp, config, ret_why) : E_END;
	if (err == OK) {
		mode_find(xdp);
	} else if (err == E_END) {
		fds_close(xdp);
		err = program_start(xdp, config, ret_why);
	}
	if (err != OK)
		return err;
	xdp->cpu_count = libbpf_num_possible_cpus();
	xdp->states = xdp->cpu_count > 0 ? calloc((size_t)xdp->cpu_count, sizeof(*xdp->states)) : NULL;
	xdp->ring = ring_buffer__new(xdp->fds[PIN_SAMPLES], record_take, xdp, NULL);
	if (xdp->states == NULL || xdp->ring == NULL)
		return input_refuse_errno(ret_why, config->interface, "reading the XDP program's maps");
	xdp->lost_before = state_sum(xdp).lost;
	return OK;
}

int xdp_open(const struct xdp_config *config, struct xdp **ret_xdp, char ret_why[static INPUT_WHY_BYTES])
{
	struct xdp *xdp = calloc(1, sizeof(*xdp));
	if (xdp == NULL)
		return input_refuse(ret_why, E_NOMEM, config->interface, "out of memory");
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++)
		xdp->fds[pin] = -1;
	xdp->socket_fd = -1;
	int err = xdp_setup(xdp, config, ret_why);
	if (err != OK) {
		int saved = errno;
		xdp_free(xdp);
		errno = saved;
		return err;
	}
	*ret_xdp = xdp;
	return OK;
}

const char *xdp_mode(const struct xdp *xdp)
{
	return xdp->is_generic ? "generic" : "driver";
}

int xdp_fd(const struct xdp *xdp)
{
	return xdp->fds[PIN_SAMPLES];
}

int xdp_read(struct xdp *xdp, observation_sink *sink, void *arg)
{
	xdp->sink = sink;
	xdp->sink_arg = arg;
	xdp->wall_minus_mono_ns = clock_wall_ns() - clock_mono_ns();
	xdp->records_read = 0;
	(void)ring_buffer__consume(xdp->ring); /* its only error is the one that record_take() makes to stop */
	batch_flush(xdp);
	return xdp->records_read > 0 ? OK : E_AGAIN;
}

enum interface_state xdp_follow(struct xdp *xdp, char ret_why[static INPUT_WHY_BYTES])
{
	struct interface interface;
	ret_why[0] = '\0';
	bool is_attached = link_ifindex(xdp->fds[PIN_LINK]) == xdp->ifindex;
	if (interface_find(xdp->socket_fd, xdp->interface, &interface) != OK)
		return is_attached ? INTERFACE_UP : INTERFACE_GONE; /* it was renamed, or removed */
	if (is_attached && interface.ifindex == xdp->ifindex)
		return interface.state;
	if (!is_ethernet(&interface)) {
		(void)input_refuse(ret_why, E_UNSUPPORTED, xdp->interface, "is back with another link type: restart the sensor");
		return INTERFACE_GONE;
	}
	return attach(xdp, interface.ifindex, ret_why) == OK ? interface.state : INTERFACE_GONE;
}

void xdp_exact(struct xdp *xdp, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	struct sample_state sum = state_sum(xdp);
	*ret_packets = 0;
	*ret_bytes = 0;
	for (size_t reason = 0; reason < SAMPLE_REASON_COUNT; reason++) {
		*ret_packets += sum.counts[reason].packets;
		*ret_bytes += sum.counts[reason].bytes;
	}
}

void xdp_counters(struct xdp *xdp, struct input_counters *ret_counters)
{
	uint64_t lost = state_sum(xdp).lost;
	*ret_counters = xdp->counters;
	xdp_exact(xdp, &ret_counters->seen_packets, &ret_counters->seen_bytes);
	ret_counters->dropped_ring = lost - xdp->lost_before;
	ret_counters->received += ret_counters->dropped_ring;
}

void xdp_free(struct xdp *xdp)
{
	if (xdp == NULL)
		return;
	ring_buffer__free(xdp->ring);
	fds_close(xdp);
	if (xdp->socket_fd >= 0)
		(void)close(xdp->socket_fd);
	free(xdp->states);
	free(xdp);
}
