/*
 * What the XDP sampler adds to a packet that passes: the same 60-byte packet
 * through the program and through one that only passes, in turns, by
 * BPF_PROG_RUN (bpf_prog_test_run_opts(3)), which calls the program in a loop
 * without a driver. CPU time of the loop, divided by its count.
 *
 * Prints one line for each kind of packet and turn: KIND SAMPLING BARE_PS OURS_PS, in
 * picoseconds. Samples are read and thrown away between turns, which are
 * as long as the ring buffer has room, so the cost of copying is in the figure.
 *
 *   xdp_cost SAMPLING TURNS
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/clock.h"
#include "core/err.h"
#include "load.h"
#include "filter/filter_abi.h"

#include "filter/filter.skel.h"

#define CALLS_MAX 1000000
#define SAMPLES_MAX 30000 /* of one turn: fewer than the ring buffer holds */
#define PACKET_BYTES 60

struct kind {
	const char *name;
	uint8_t bytes[PACKET_BYTES];
};

static const struct kind kinds[] = {
	{"syn_v4", {[12] = 0x08, 0x00, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 5, 0x80, 1, 0, 80,
		[46] = 0x50, 0x02}},
	{"udp_v4", {[12] = 0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 5, 0x80, 1, 0, 53,
		0, 26}},
	{"udp_v6", {[12] = 0x86, 0xdd, 0x60, 0, 0, 0, 0, 6, 17, 64, 0x20, 1, 0x0d, 0xb8, [37] = 1, 0x20, 1, 0x0d, 0xb8,
		[53] = 5, 0x80, 1, 0, 53, 0, 6}},
};

/* XDP_PASS and nothing else: mov r0, 2; exit. */
static int bare_open(void)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "bare", "GPL", program, ARRAY_LEN(program), NULL);
}

/* Picoseconds of CPU time for each call; negative: errno tells. */
static int64_t calls_run(int program, const struct kind *kind, uint32_t calls)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = kind->bytes, .data_size_in = PACKET_BYTES, .repeat = (int)calls);
	int64_t start_ns = clock_cpu_ns();
	if (bpf_prog_test_run_opts(program, &run) != 0 || run.retval != XDP_PASS)
		return -1;
	return (clock_cpu_ns() - start_ns) * 1000 / calls;
}

static int sample_drop(void *arg, void *record, size_t length_bytes)
{
	(void)arg;
	(void)record;
	return length_bytes == sizeof(struct filter_sample) ? 0 : -EINVAL;
}

static int turns_run(struct filter_bpf *ours, int bare, uint32_t sampling, uint64_t turns)
{
	struct ring_buffer *samples = ring_buffer__new(bpf_map__fd(ours->maps.samples), sample_drop, NULL, NULL);
	if (samples == NULL)
		return -1;
	uint32_t calls = sampling < CALLS_MAX / SAMPLES_MAX ? sampling * SAMPLES_MAX : CALLS_MAX;
	int result = 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && result == 0; i++) {
		for (uint64_t turn = 0; turn < turns && result == 0; turn++) {
			int64_t bare_ps = calls_run(bare, &kinds[i], calls);
			int64_t ours_ps = calls_run(bpf_program__fd(ours->progs.filter), &kinds[i], calls);
			if (bare_ps < 0 || ours_ps < 0 || ring_buffer__consume(samples) < 0)
				result = -1;
			else
				(void)printf("%s %" PRIu32 " %" PRId64 " %" PRId64 "\n", kinds[i].name, sampling, bare_ps, ours_ps);
		}
	}
	ring_buffer__free(samples);
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		(void)fprintf(stderr, "usage: xdp_cost SAMPLING TURNS\n");
		return 2;
	}
	uint32_t sampling = (uint32_t)load_number("SAMPLING", argv[1], 1, 1000000);
	uint64_t turns = load_number("TURNS", argv[2], 1, 1000);
	struct filter_bpf *ours = filter_bpf__open();
	int bare = bare_open(), result = -1;
	if (ours != NULL && bare >= 0) {
		struct filter_policy policy = ours->rodata->policy;
		policy.sampling = sampling;
		memcpy((void *)&ours->rodata->policy, &policy, sizeof(policy));
		result = filter_bpf__load(ours) == 0 ? turns_run(ours, bare, sampling, turns) : -1;
	}
	if (result != 0)
		perror("xdp_cost");
	filter_bpf__destroy(ours);
	return result == 0 ? 0 : 1;
}
