// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one XDP program: parse, (later: verdict,) count, sample. Every packet is
 * counted, one in policy.sampling is copied, all pass.
 *
 * Sampling is by random skips: after each sample the distance to the next is
 * drawn evenly from 1..2n-1, whose mean is n. Each packet has the same chance
 * 1/n, whatever pattern the traffic has, and a packet in between costs one
 * decrement. The skip is per CPU, where XDP programs do not interrupt
 * each other.
 *
 * A copy ends where cut.c ends it: payload of TCP, of ICMP echo and of later
 * fragments never leaves the kernel, of UDP SAMPLE_LOOK_BYTES at most.
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

#include "sample_abi.h"

#define NOT_IP_BYTES 22
#define OTHER_BYTES 16
#define ICMP_ERROR_BYTES (8 + 60 + 8)
#define ICMPV6_ERROR_BYTES (8 + 40 + 8)
#define FRAGMENT_OFFSET 0x1fff
#define WAKEUP_SPAN_BYTES (4 * sizeof(struct sample_record)) /* CPUs that add at once may jump over the mark */

const volatile struct sample_policy policy = {
	.magic = SAMPLE_MAGIC,
	.version = SAMPLE_VERSION,
	.record_bytes = sizeof(struct sample_record),
	.sampling = 1,
	.wakeup_bytes = 1 << 20,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sample_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} samples SEC(".maps");

/** A parsed packet. Offsets count from the first byte of the frame. */
struct packet {
	void *data;
	void *end;
	__u32 network; /* offset of the IP header */
	enum sample_reason reason;
};

struct tag {
	__be16 id;
	__be16 ethertype;
};

static __always_inline struct packet packet_parse(void *data, void *end)
{
	struct packet packet = {.data = data, .end = end, .network = sizeof(struct ethhdr), .reason = SAMPLE_PASS_SHORT};
	struct ethhdr *ethernet = data;
	if ((void *)(ethernet + 1) > end)
		return packet;
	__be16 ethertype = ethernet->h_proto;
	struct tag *tag = (void *)(ethernet + 1);
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (ethertype != bpf_htons(ETH_P_8021Q) && ethertype != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(tag + 1) > end)
			return packet;
		ethertype = tag->ethertype;
		packet.network += sizeof(*tag);
		tag++;
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		packet.reason = (void *)tag + sizeof(struct iphdr) > end ? SAMPLE_PASS_SHORT : SAMPLE_PASS_IPV4;
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		packet.reason = (void *)tag + sizeof(struct ipv6hdr) > end ? SAMPLE_PASS_SHORT : SAMPLE_PASS_IPV6;
	else
		packet.reason = SAMPLE_PASS_OTHER;
	return packet;
}

static __always_inline __u32 udp_bytes(const struct udphdr *udp)
{
	switch (bpf_ntohs(udp->dest)) {
	case 4789: /* VXLAN */
	case 8472:
	case 6081: /* Geneve */
	case 6635: /* MPLS */
		return SAMPLE_BYTES;
	default:
		return sizeof(*udp) + SAMPLE_LOOK_BYTES;
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
		return SAMPLE_BYTES;
	default:
		return OTHER_BYTES;
	}
}

/** How much of a packet that is neither IPv4 nor IPv6 may be copied: tunnels that decode follows, else no payload. */
static __always_inline __u32 other_bytes(const struct packet *packet)
{
	__be16 *ethertype = packet->data + packet->network - sizeof(*ethertype);
	if (packet->network > NOT_IP_BYTES || (void *)(ethertype + 1) > packet->end)
		return NOT_IP_BYTES;
	switch (bpf_ntohs(*ethertype)) {
	case ETH_P_8021Q:
	case ETH_P_8021AD:
	case 0x9100:
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
	case ETH_P_PPP_SES:
		return SAMPLE_BYTES;
	default:
		return NOT_IP_BYTES;
	}
}

static __always_inline __u32 header_bytes(const struct packet *packet)
{
	void *network = packet->data + packet->network;
	struct iphdr *ipv4 = network;
	struct ipv6hdr *ipv6 = network;
	switch (packet->reason) {
	case SAMPLE_PASS_IPV4:
		if ((void *)(ipv4 + 1) > packet->end || ipv4->ihl < 5)
			return packet->network + sizeof(*ipv4);
		if ((ipv4->frag_off & bpf_htons(FRAGMENT_OFFSET)) != 0)
			return packet->network + ipv4->ihl * 4;
		return packet->network + ipv4->ihl * 4 +
			transport_bytes(ipv4->protocol, network + ipv4->ihl * 4, packet->end);
	case SAMPLE_PASS_IPV6:
		if ((void *)(ipv6 + 1) > packet->end)
			return packet->network + sizeof(*ipv6);
		return packet->network + sizeof(*ipv6) + transport_bytes(ipv6->nexthdr, ipv6 + 1, packet->end);
	case SAMPLE_PASS_OTHER:
		return other_bytes(packet);
	case SAMPLE_PASS_SHORT:
	case SAMPLE_REASON_COUNT:
		break;
	}
	return packet->network + sizeof(*ipv6);
}

/** Whether this packet's turn has come; draws the next one's. */
static __always_inline int sample_due(struct sample_state *counts)
{
	__u32 until = counts->until_sample;
	if (until == 0) /* the first packet of this CPU */
		until = 1 + (__u32)((__u64)bpf_get_prandom_u32() * policy.sampling >> 32);
	counts->until_sample = until - 1;
	if (until > 1)
		return 0;
	counts->until_sample = 1 + (__u32)((__u64)bpf_get_prandom_u32() * (2 * policy.sampling - 1) >> 32);
	return 1;
}

static __always_inline void sample_copy(struct xdp_md *ctx, const struct packet *packet, __u32 wire_bytes,
	struct sample_state *counts)
{
	__u32 captured_bytes = header_bytes(packet);
	__u32 linear_bytes = packet->end - packet->data;
	if (captured_bytes > linear_bytes)
		captured_bytes = linear_bytes;
	if (captured_bytes > SAMPLE_BYTES)
		captured_bytes = SAMPLE_BYTES;
	struct sample_record *record = bpf_ringbuf_reserve(&samples, sizeof(*record), 0);
	if (!record) {
		counts->lost++;
		return;
	}
	record->mono_ns = bpf_ktime_get_ns();
	record->wire_bytes = wire_bytes;
	record->captured_bytes = 0;
	record->unused = 0;
	if (captured_bytes > 0 && bpf_xdp_load_bytes(ctx, 0, record->bytes, captured_bytes) == 0)
		record->captured_bytes = captured_bytes;
	counts->sampled++;
	/* A wakeup interrupts, which costs microseconds: only the few that bring the fill over the mark ask for one. */
	__u64 above_mark_bytes = bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA) - policy.wakeup_bytes;
	bpf_ringbuf_submit(record, above_mark_bytes < WAKEUP_SPAN_BYTES ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

SEC("xdp.frags")
int sample(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct sample_state *counts = bpf_map_lookup_elem(&state, &key);
	if (!counts)
		return XDP_PASS;
	struct packet packet = packet_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 wire_bytes = bpf_xdp_get_buff_len(ctx);
	counts->counts[packet.reason].packets++;
	counts->counts[packet.reason].bytes += wire_bytes;
	if (sample_due(counts))
		sample_copy(ctx, &packet, wire_bytes, counts);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
