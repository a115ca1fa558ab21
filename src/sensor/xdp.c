/*
 * Reads the samples of the XDP program (filter/filter.bpf.c).
 *
 * Where an effector has pinned the program, which then enforces rules too,
 * the sensor opens the pins; else it loads the program itself, to sample
 * alone, and pins it where a pin directory is configured. Whoever opens a
 * directory takes over what is there, or refuses it.
 *
 * Records are decoded where they lie in the ring buffer. The kernel's
 * monotonic time becomes wall time with the difference of the clocks at each
 * read. After opening, system calls are bpf() with BPF_MAP_LOOKUP_ELEM,
 * BPF_OBJ_GET_INFO_BY_FD and BPF_LINK_CREATE, and the ioctls of filter/interface.c.
 */
#include "sensor/xdp.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "core/clock.h"
#include "core/limits.h"
#include "decode/packet.h"
#include "filter/filter.h"

#define BATCH_PACKETS 128
#define READ_RECORDS_MAX 65536 /* then xdp_read() returns, however fast samples come in */

_Static_assert(FILTER_SAMPLE_BYTES == INPUT_HEADER_BYTES && FILTER_LOOK_BYTES == SIGNATURE_LOOK_BYTES, "one cut for all inputs");
_Static_assert(FILTER_SAMPLING_MAX == LIMIT_FLOW_SAMPLING, "one limit for all sampling");

struct xdp {
	struct filter *filter;
	uint32_t exporter;
	struct ring_buffer *ring;
	uint64_t lost_before; /* of a program that was taken over */
	struct input_counters counters;
	input_tap *tap; /* NULL: nobody looks */
	void *tap_arg;
	/* During a read. */
	observation_sink *sink;
	void *sink_arg;
	int64_t wall_minus_mono_ns;
	uint32_t records_read;
	size_t batch_count;
	struct observation batch[BATCH_PACKETS];
};

bool xdp_supported(void)
{
	return filter_supported();
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
	const struct filter_sample *record = data;
	int more = ++xdp->records_read < READ_RECORDS_MAX ? 0 : -ECANCELED;
	if (data_bytes < sizeof(*record) || record->captured_bytes > FILTER_SAMPLE_BYTES ||
	    record->wire_bytes < record->captured_bytes) {
		xdp->counters.received++;
		xdp->counters.errors++;
		return more;
	}
	struct observation *obs = &xdp->batch[xdp->batch_count];
	obs->start_ns = (int64_t)record->mono_ns + xdp->wall_minus_mono_ns;
	obs->end_ns = obs->start_ns;
	obs->sampling = filter_sampling(xdp->filter);
	obs->exporter = xdp->exporter;
	int err = packet_parse(LINK_ETHERNET, record->bytes, record->captured_bytes, record->wire_bytes, obs);
	input_count(&xdp->counters, err);
	if (err != OK)
		return more;
	if (xdp->tap != NULL)
		xdp->tap(xdp->tap_arg, &(struct input_frame){record->bytes, record->captured_bytes, true, obs->sampling, obs->start_ns});
	if (++xdp->batch_count == BATCH_PACKETS)
		batch_flush(xdp);
	return more;
}

/** Opens what is pinned, or loads the program anew. */
static int filter_take(struct xdp *xdp, const struct xdp_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	struct filter_wanted wanted = {
		.interface = config->interface,
		.pin_directory = config->pin_directory,
		.sampling = config->sampling,
	};
	struct filter_config load = {
		.interface = config->interface,
		.pin_directory = config->pin_directory,
		.mode = FILTER_SAMPLE,
		.sampling = config->sampling,
		.ring_bytes = config->ring_bytes,
	};
	if (config->sampling == 0)
		return why_refuse(ret_why, E_CONFIG, config->interface, "sampling must be from 1 to 1000000");
	int err = config->pin_directory != NULL ? filter_open(&wanted, &xdp->filter, ret_why) : E_END;
	return err == E_END ? filter_load(&load, &xdp->filter, ret_why) : err;
}

int xdp_open(const struct xdp_config *config, struct xdp **ret_xdp, char ret_why[static INPUT_WHY_BYTES])
{
	struct xdp *xdp = calloc(1, sizeof(*xdp));
	if (xdp == NULL)
		return why_refuse(ret_why, E_NOMEM, config->interface, "out of memory");
	xdp->exporter = config->exporter;
	int err = filter_take(xdp, config, ret_why);
	if (err == OK) {
		xdp->ring = ring_buffer__new(filter_samples_fd(xdp->filter), record_take, xdp, NULL);
		if (xdp->ring == NULL)
			err = why_refuse_errno(ret_why, config->interface, "reading the XDP program's samples");
	}
	if (err != OK) {
		int saved = errno;
		xdp_free(xdp);
		errno = saved;
		return err;
	}
	xdp->lost_before = filter_totals(xdp->filter).lost;
	*ret_xdp = xdp;
	return OK;
}

const char *xdp_mode(const struct xdp *xdp)
{
	return filter_place(xdp->filter);
}

int xdp_fd(const struct xdp *xdp)
{
	return filter_samples_fd(xdp->filter);
}

void xdp_tap(struct xdp *xdp, input_tap *tap, void *arg)
{
	xdp->tap = tap;
	xdp->tap_arg = arg;
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
	return filter_follow(xdp->filter, ret_why);
}

bool xdp_is_replaced(const struct xdp *xdp)
{
	return filter_is_replaced(xdp->filter);
}

void xdp_exact(struct xdp *xdp, uint64_t *ret_packets, uint64_t *ret_bytes)
{
	struct filter_totals totals = filter_totals(xdp->filter);
	*ret_packets = 0;
	*ret_bytes = 0;
	for (size_t kind = 0; kind < FILTER_KIND_COUNT; kind++) {
		*ret_packets += totals.kinds[kind].packets;
		*ret_bytes += totals.kinds[kind].bytes;
	}
}

void xdp_counters(struct xdp *xdp, struct input_counters *ret_counters)
{
	struct filter_totals totals = filter_totals(xdp->filter);
	uint64_t lost = totals.lost;
	*ret_counters = xdp->counters;
	xdp_exact(xdp, &ret_counters->seen_packets, &ret_counters->seen_bytes);
	ret_counters->seen_stopped = totals.dropped.packets;
	ret_counters->dropped_ring = lost - xdp->lost_before;
	ret_counters->received += ret_counters->dropped_ring;
}

void xdp_free(struct xdp *xdp)
{
	if (xdp == NULL)
		return;
	ring_buffer__free(xdp->ring);
	filter_close(xdp->filter);
	free(xdp);
}
