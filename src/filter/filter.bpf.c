// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one XDP program: count, ask the rules, sample. Every packet is counted,
 * what a rule drops is dropped, one packet in policy.sampling is copied, be it
 * dropped or not, all others pass.
 *
 * Rules are asked by rules/xdp_verdict.h; here is how its tables are stored.
 * Each table has two halves. The word `root` says which one is in force; it is
 * read once for a packet, so a packet sees one half alone, and user space
 * changes the other one, then the word. What is found by place is one value
 * of `tables` for each half. A destination that is a single address stands in
 * its hosts, a table of cache lines, which a multiplication and one line of
 * memory find; wider ones in `prefixes`, which is slower and asked next.
 *
 * Time is CLOCK_BOOTTIME of the last tick: reading the clock for every packet
 * costs more than a rule does. A rule so ends a tick late at most (10 ms).
 *
 * Sampling is by random skips: after each sample the distance to the next is
 * drawn evenly from 1..2n-1, whose mean is n. Each packet has the same chance
 * 1/n, whatever pattern the traffic has, and a packet in between costs one
 * decrement. The skip is per CPU, where XDP programs do not interrupt
 * each other.
 *
 * A copy ends where the sensor's cut.c ends it: payload of TCP, of ICMP echo and of later
 * fragments never leaves the kernel, of UDP FILTER_LOOK_BYTES at most.
 * Records are of fixed size, so the rest of one is the rest of an older
 * record, which was cut likewise.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "filter/filter_abi.h"
#include "rules/packet.h"

#define NOT_IP_BYTES 22
#define NETWORK_OFFSET_MAX 22 /* behind two VLAN tags */
#define OTHER_BYTES 16
#define ICMP_ERROR_BYTES (8 + 60 + 8)
#define ICMPV6_ERROR_BYTES (8 + 40 + 8)
#define FRAGMENT_OFFSET 0x1fff
#define WAKEUP_SPAN_BYTES (4 * sizeof(struct filter_sample)) /* CPUs that add at once may jump over the mark */

const volatile struct filter_policy policy = {
	.magic = FILTER_MAGIC,
	.version = FILTER_VERSION,
	.rules_version = XDP_RULES_VERSION,
	.sample_bytes = sizeof(struct filter_sample),
	.sampling = 1,
	.wakeup_bytes = 1 << 20,
};

volatile struct filter_root root;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_cpu);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct filter_tables);
} tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * XDP_LISTS_MAX);
	__type(key, struct filter_prefix);
	__type(value, __u32); /* place in lists */
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * XDP_RULES_MAX);
	__type(key, __u32);
	__type(value, struct xdp_sources);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct filter_rows);
} rows SEC(".maps");

struct filter_buckets {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct xdp_bucket));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, FILTER_BUCKETS_COUNT);
	__type(key, __u32);
	__array(values, struct filter_buckets);
} buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FILTER_WINDOW_BUCKETS);
	__type(key, __u32);
	__type(value, struct xdp_bucket);
} window SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * FILTER_PROTECTED_MAX);
	__type(key, struct filter_prefix);
	__type(value, __u32); /* 1 */
} protected SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FILTER_METERS_MAX);
	__type(key, struct filter_source);
	__type(value, __u64);
} source_meters SEC(".maps");

/* Of each CPU by its number: what a per-CPU map may hold is less. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct filter_tallies);
} tallies SEC(".maps");

/* What rules/packet.h and rules/xdp_verdict.h ask for. */

PACKET_READER void packet_each(__u32 count, long (*step)(__u32 index, void *context), void *context)
{
	bpf_loop(count, step, context, 0);
}

#include "rules/xdp_verdict.h"

PACKET_READER const struct xdp_rule *xdp_rule_at(const struct xdp_half *half, __u32 index)
{
	const struct filter_tables *of_half = half->tables;
	return &of_half->rules[index % XDP_RULES_MAX];
}

PACKET_READER const struct xdp_sources *xdp_sources_at(const struct xdp_half *half, __u32 index)
{
	__u32 key = half->number * XDP_RULES_MAX + index;
	return bpf_map_lookup_elem(&sources, &key);
}

PACKET_READER const struct xdp_bucket *xdp_bucket_at(const struct xdp_half *half, __u32 index)
{
	__u32 number = half->number;
	void *of_half = bpf_map_lookup_elem(&buckets, &number);
	return of_half ? bpf_map_lookup_elem(of_half, &index) : NULL;
}

PACKET_READER const union xdp_row *xdp_row_at(const struct xdp_half *half, __u32 index)
{
	__u32 number = half->number;
	const struct filter_rows *of_half = bpf_map_lookup_elem(&rows, &number);
	return of_half ? &of_half->rows[index % XDP_ROWS] : NULL;
}

PACKET_READER int xdp_is_protected(const struct xdp_half *half, const __u32 *src_be)
{
	struct filter_prefix key = {.bits = 32 + 128, .half = half->number};
	__builtin_memcpy(key.addr_be, src_be, sizeof(key.addr_be));
	return bpf_map_lookup_elem(&protected, &key) != NULL;
}

PACKET_READER __u64 *xdp_meter_at(const struct xdp_half *half, __u32 index)
{
	struct filter_tables *of_half = half->tables;
	return &of_half->meters[index % XDP_RULES_MAX];
}

PACKET_READER __u64 *xdp_meter_of(const struct xdp_half *half, __u32 index, const __u32 *src_be)
{
	struct filter_source key = {.rule = half->number * XDP_RULES_MAX + index};
	__builtin_memcpy(key.addr_be, src_be, sizeof(key.addr_be));
	__u64 *meter = bpf_map_lookup_elem(&source_meters, &key);
	if (meter)
		return meter;
	__u64 unused = 0;
	bpf_map_update_elem(&source_meters, &key, &unused, BPF_NOEXIST);
	return bpf_map_lookup_elem(&source_meters, &key);
}

PACKET_READER struct xdp_tally *xdp_tally_at(const struct xdp_half *half, __u32 index)
{
	struct filter_tallies *of_cpu = half->tallies;
	return &of_cpu->rules[half->number % 2][index % XDP_RULES_MAX];
}

/** A parsed frame. Offsets count from the first byte of the frame. */
struct frame {
	void *data;
	void *end;
	__u32 network; /* offset of the IP header */
	enum filter_kind kind;
};

struct tag {
	__be16 id;
	__be16 ethertype;
};

static __always_inline struct frame frame_parse(void *data, void *end)
{
	struct frame frame = {.data = data, .end = end, .network = sizeof(struct ethhdr), .kind = FILTER_SHORT};
	struct ethhdr *ethernet = data;
	if ((void *)(ethernet + 1) > end)
		return frame;
	__be16 ethertype = ethernet->h_proto;
	struct tag *tag = (void *)(ethernet + 1);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (ethertype != bpf_htons(ETH_P_8021Q) && ethertype != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return frame;
		ethertype = tag->ethertype;
		frame.network += sizeof(*tag);
		tag++;
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		frame.kind = (void *)tag + sizeof(struct iphdr) > end ? FILTER_SHORT : FILTER_IPV4;
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		frame.kind = (void *)tag + sizeof(struct ipv6hdr) > end ? FILTER_SHORT : FILTER_IPV6;
	else
		frame.kind = FILTER_OTHER;
	return frame;
}

static __always_inline __u32 udp_bytes(const struct udphdr *udp)
{
	switch (bpf_ntohs(udp->dest)) {
	case 4789: /* VXLAN */
	case 8472:
	case 6081: /* Geneve */
	case 6635: /* MPLS */
		return FILTER_SAMPLE_BYTES;
	default:
		return sizeof(*udp) + FILTER_LOOK_BYTES;
	}
}

static __always_inline __u32 icmp_bytes(__u8 type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12 ? ICMP_ERROR_BYTES : 8;
}

/** How much of a transport header, and of what follows it, may be copied. */
static __always_inline __u32 transport_bytes(__u8 protocol, void *at, void *end)
{
	struct tcphdr *tcp = at;
	__u8 *type = at;
	switch (protocol) {
	case IPPROTO_TCP:
		if ((void *)(tcp + 1) > end || tcp->doff < 5)
			return sizeof(*tcp);
		return tcp->doff * 4;
	case IPPROTO_UDP:
		return at + sizeof(struct udphdr) > end ? sizeof(struct udphdr) : udp_bytes(at);
	case IPPROTO_ICMP:
		return (void *)(type + 1) > end ? 8 : icmp_bytes(*type);
	case IPPROTO_ICMPV6:
		return (void *)(type + 1) > end || *type >= 128 ? 8 : ICMPV6_ERROR_BYTES;
	case IPPROTO_HOPOPTS: /* headers that another IP or transport header follows */
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_GRE:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case 97: /* Ethernet in IP */
	case IPPROTO_MH:
	case IPPROTO_MPLS:
	case 139: /* host identity */
	case 140: /* shim6 */
		return FILTER_SAMPLE_BYTES;
	default:
		return OTHER_BYTES;
	}
}

/** How much of a packet that is neither IPv4 nor IPv6 may be copied: tunnels that decode follows, else no payload. */
static __always_inline __u32 other_bytes(const struct frame *frame)
{
	__be16 *ethertype = frame->data + frame->network - sizeof(*ethertype);
	if (frame->network > NOT_IP_BYTES || (void *)(ethertype + 1) > frame->end)
		return NOT_IP_BYTES;
	switch (bpf_ntohs(*ethertype)) {
	case ETH_P_8021Q:
	case ETH_P_8021AD:
	case 0x9100:
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
	case ETH_P_PPP_SES:
		return FILTER_SAMPLE_BYTES;
	default:
		return NOT_IP_BYTES;
	}
}

static __always_inline __u32 header_bytes(const struct frame *frame)
{
	void *network = frame->data + frame->network;
	struct iphdr *ipv4 = network;
	struct ipv6hdr *ipv6 = network;
	switch (frame->kind) {
	case FILTER_IPV4:
		if ((void *)(ipv4 + 1) > frame->end || ipv4->ihl < 5)
			return frame->network + sizeof(*ipv4);
		if ((ipv4->frag_off & bpf_htons(FRAGMENT_OFFSET)) != 0)
			return frame->network + ipv4->ihl * 4;
		return frame->network + ipv4->ihl * 4 +
			transport_bytes(ipv4->protocol, network + ipv4->ihl * 4, frame->end);
	case FILTER_IPV6:
		if ((void *)(ipv6 + 1) > frame->end)
			return frame->network + sizeof(*ipv6);
		return frame->network + sizeof(*ipv6) + transport_bytes(ipv6->nexthdr, ipv6 + 1, frame->end);
	case FILTER_OTHER:
		return other_bytes(frame);
	case FILTER_SHORT:
	case FILTER_KIND_COUNT:
		break;
	}
	return frame->network + sizeof(*ipv6);
}

/** Whether this packet's turn has come; draws the next one's. */
static __always_inline int sample_due(struct filter_cpu *cpu)
{
	__u32 until = cpu->until_sample;
	if (until == 0) /* the first packet of this CPU */
		until = 1 + (__u32)((__u64)bpf_get_prandom_u32() * policy.sampling >> 32);
	cpu->until_sample = until - 1;
	if (until > 1)
		return 0;
	cpu->until_sample = 1 + (__u32)((__u64)bpf_get_prandom_u32() * (2 * policy.sampling - 1) >> 32);
	return 1;
}

/**
 * Copies a packet's headers for user space. Global, as frame_facts() is: few packets come here, and the others keep the
 * registers.
 *
 * @param flags of the sample
 * @return 1, or 0: lost
 */
__attribute__((noinline)) int frame_sample(struct xdp_md *ctx, __u32 wire_bytes, __u32 flags)
{
	struct frame frame = frame_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 captured_bytes = header_bytes(&frame);
	__u32 linear_bytes = frame.end - frame.data;
	if (captured_bytes > linear_bytes)
		captured_bytes = linear_bytes;
	if (captured_bytes > FILTER_SAMPLE_BYTES)
		captured_bytes = FILTER_SAMPLE_BYTES;
	struct filter_sample *record = bpf_ringbuf_reserve(&samples, sizeof(*record), 0);
	if (!record)
		return 0;
	record->mono_ns = bpf_ktime_get_ns();
	record->wire_bytes = wire_bytes;
	record->captured_bytes = 0;
	record->flags = flags;
	if (captured_bytes > 0 && bpf_xdp_load_bytes(ctx, 0, record->bytes, captured_bytes) == 0)
		record->captured_bytes = captured_bytes;
	/* A wakeup interrupts, which costs microseconds: only the few that bring the fill over the mark ask for one. */
	__u64 above_mark_bytes = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA) - policy.wakeup_bytes;
	bpf_ringbuf_submit(record, above_mark_bytes < WAKEUP_SPAN_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 1;
}

/** What is to be asked for a destination. */
struct found {
	const struct filter_list *list; /* NULL: nothing */
	__u32 first; /* its first rule */
	__u32 asks_transport;
};

static __always_inline int addr_is(const __u32 *a, const __u32 *b)
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
}

/** A destination in the table of hosts; NULL: none. */
static __always_inline const struct filter_host *host_find(const struct filter_tables *of_half, __u64 in_force,
	const __u32 *dst_be, int is_v4)
{
	__u32 hash = filter_host_hash(in_force >> 32, dst_be, is_v4);
	const struct filter_host_line *line = &of_half->hosts[hash % FILTER_HOST_LINES];
#pragma unroll
	for (int i = 0; i < FILTER_HOST_SLOTS; i++) {
		const struct filter_host *host = &line->slots[i];
		if (host->hash == 0)
			return NULL;
		if (host->hash == hash &&
		    (is_v4 ? host->list & FILTER_HOST_V4 : addr_is(of_half->lists[host->list & FILTER_HOST_LIST].addr_be, dst_be)))
			return host;
	}
	return NULL;
}

static __always_inline struct found rules_find(const struct xdp_half *half, __u64 in_force, const __u32 *dst_be)
{
	struct found found = {.list = NULL};
	const struct filter_tables *of_half = half->tables;
	const struct filter_host *host = NULL;
	if (in_force & FILTER_ROOT_HOSTS)
		host = host_find(of_half, in_force, dst_be, packet_is_v4(dst_be));
	if (host)
		return (struct found){&of_half->lists[host->list & FILTER_HOST_LIST], host->rule, host->list & FILTER_HOST_TRANSPORT};
	if (!(in_force & FILTER_ROOT_PREFIXES))
		return found;
	struct filter_prefix key = {.bits = 32 + 128, .half = half->number};
	__builtin_memcpy(key.addr_be, dst_be, sizeof(key.addr_be));
	__u32 *place = bpf_map_lookup_elem(&prefixes, &key);
	if (place) {
		found.list = &of_half->lists[*place % XDP_LISTS_MAX];
		found.first = found.list->list.rules[0];
		found.asks_transport = found.list->asks_transport;
	}
	return found;
}

/** The time of the last tick: the clock is read once for each. */
static __always_inline __u64 tick_boot_ns(struct filter_cpu *cpu)
{
	__u64 tick = bpf_jiffies64();
	if (cpu->tick != tick) {
		cpu->tick = tick;
		cpu->tick_boot_ns = bpf_ktime_get_boot_ns();
	}
	return cpu->tick_boot_ns;
}

/**
 * Loads the row of the packed set in which the source may be, so that it is on its way from memory while the rules are
 * found: that one miss costs more than all the rest. A row may end in the next line of the cache.
 */
static __always_inline struct xdp_touched row_touch(const struct xdp_half *half, const __u32 *src_be)
{
	struct xdp_touched touched = {.row = NULL};
	__u64 seed = root.rows_seeds[half->number % 2];
	if (seed == 0 || !packet_is_v4(src_be))
		return touched;
	touched.mixed = xdp_set_mix(seed, src_be[3]);
	touched.row = xdp_row_at(half, touched.mixed % XDP_ROWS);
	if (touched.row) {
		(void)((const volatile union xdp_row *)touched.row)->lanes[0];
		(void)((const volatile union xdp_row *)touched.row)->lanes[XDP_ROW_SLOTS / 4 - 1];
	}
	return touched;
}

/**
 * Reads what rules can ask for. Global: the verifier then proves it once, and not anew for each way through it.
 *
 * @return 1, or 0: no IP packet
 */
__attribute__((noinline)) int frame_facts(struct xdp_md *ctx, __u32 network, struct packet_facts *facts)
{
	void *end = (void *)(long)ctx->data_end;
	return facts && network <= NETWORK_OFFSET_MAX && packet_facts_parse(facts, (void *)(long)ctx->data + network, end);
}

/**
 * Whether a rule drops the packet; counts it there. The transport header is read where a rule may ask for it. Global, so
 * that its many ways take no registers from frame_drops(). The functions that call each other may take 512 bytes of stack,
 * each rounded up to 32: filter(), this, xdp_walk_step() and a step of a search in it come to just that.
 *
 * @param in_force root.in_force, which is read once for a packet
 */
__attribute__((noinline)) int frame_judge(struct xdp_md *ctx, __u64 in_force, __u32 network)
{
	struct xdp_half half = {.number = in_force & FILTER_ROOT_HALF};
	__u32 key = 0;
	struct filter_cpu *cpu = bpf_map_lookup_elem(&state, &key);
	key = bpf_get_smp_processor_id();
	half.tallies = bpf_map_lookup_elem(&tallies, &key);
	half.tables = bpf_map_lookup_elem(&tables, &half.number);
	if (!cpu || !half.tables || !half.tallies || network > NETWORK_OFFSET_MAX)
		return 0;
	struct packet_facts *facts = &cpu->facts;
	*facts = (struct packet_facts){0};
	int is_whole = packet_head_v4(facts, (void *)(long)ctx->data + network, (void *)(long)ctx->data_end) == 0;
	if (is_whole && !frame_facts(ctx, network, facts))
		return 0;
	struct xdp_touched touched = row_touch(&half, facts->src_be);
	struct found found = rules_find(&half, in_force, facts->dst_be);
	if (!found.list || (!is_whole && found.asks_transport && !frame_facts(ctx, network, facts)))
		return 0;
	return xdp_verdict(&half, facts, &touched, &found.list->list, found.first, tick_boot_ns(cpu)) == XDP_VERDICT_DROP;
}

/**
 * The short way: IPv4 to an address whose first rule is simple (FILTER_HOST_SIMPLE), and drops the packet; or to an
 * address that has no rule.
 *
 * @return 1: dropped, and counted; 0: no rule; -1: frame_judge() is to be asked
 */
static __always_inline int frame_drops_simply(const struct frame *frame, __u64 in_force, struct filter_cpu *cpu)
{
	__u32 number = in_force & FILTER_ROOT_HALF, cpu_number = bpf_get_smp_processor_id();
	struct packet_facts facts = {0};
	if (packet_head_v4(&facts, frame->data + frame->network, frame->end) == 0)
		return -1;
	struct xdp_half half = {.number = number};
	struct xdp_touched touched = row_touch(&half, facts.src_be);
	const struct filter_tables *of_half = half.tables = bpf_map_lookup_elem(&tables, &number);
	if (!of_half)
		return -1;
	const struct filter_host *host = host_find(of_half, in_force, facts.dst_be, 1);
	if (!host)
		return in_force & FILTER_ROOT_PREFIXES ? -1 : 0;
	if (!(host->list & FILTER_HOST_SIMPLE) || !(half.tallies = bpf_map_lookup_elem(&tallies, &cpu_number)))
		return -1;
	return xdp_simple_drops(&half, &facts, &touched, host->rule, tick_boot_ns(cpu)) ? 1 : -1;
}

static __always_inline int frame_drops(struct xdp_md *ctx, const struct frame *frame, struct filter_cpu *cpu)
{
	__u64 in_force = root.in_force;
	int drops = -1;
	if (!(in_force & (FILTER_ROOT_HOSTS | FILTER_ROOT_PREFIXES)) || frame->kind > FILTER_IPV6)
		return 0;
	if (frame->kind == FILTER_IPV4 && (in_force & FILTER_ROOT_HOSTS))
		drops = frame_drops_simply(frame, in_force, cpu);
	return drops >= 0 ? drops : frame_judge(ctx, in_force, frame->network);
}

SEC("xdp.frags")
int filter(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct filter_cpu *cpu = bpf_map_lookup_elem(&state, &key);
	if (!cpu)
		return XDP_PASS;
	struct frame frame = frame_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	int drops = policy.mode != FILTER_SAMPLE && frame_drops(ctx, &frame, cpu) && policy.mode == FILTER_ENFORCE;
	__u32 wire_bytes = bpf_xdp_get_buff_len(ctx);
	struct filter_count *count = &cpu->kinds[drops][frame.kind];
	count->packets++;
	count->bytes += wire_bytes;
	if (sample_due(cpu)) {
		if (frame_sample(ctx, wire_bytes, drops ? FILTER_DROPPED : 0))
			cpu->sampled++;
		else
			cpu->lost++;
	}
	return drops ? XDP_DROP : XDP_PASS;
}

/** Copies one bucket into the window; 1: there is none. */
static long bucket_read(__u32 index, void *context)
{
	const struct filter_buckets_read *asked = context;
	const struct xdp_half half = {.number = asked->half};
	struct xdp_bucket *to = bpf_map_lookup_elem(&window, &index);
	const struct xdp_bucket *from = xdp_bucket_at(&half, asked->first + index);
	if (!to || !from)
		return 1;
	*to = *from;
	return 0;
}

/**
 * Reads buckets for user space, which would need CAP_SYS_ADMIN to open again a map that only another map holds. Run by
 * BPF_PROG_RUN.
 *
 * @return how many there were
 */
SEC("syscall")
int buckets_read(struct filter_buckets_read *asked)
{
	struct filter_buckets_read copy = *asked;
	__u32 count = copy.count < FILTER_WINDOW_BUCKETS ? copy.count : FILTER_WINDOW_BUCKETS;
	return bpf_loop(count, bucket_read, &copy, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
