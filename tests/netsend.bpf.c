// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Turns the template frame of netsend.c into one packet after the other: a
 * random source and destination out of the given ranges, a random source port and sequence
 * number, right checksums; and sends it out. Run with live frames
 * (Documentation/bpf/bpf_prog_run.rst), never attached.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "netsend_abi.h"

const volatile struct netsend_policy policy;

__u64 random_state; /* filled with a random number before the program is loaded; one CPU runs it */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32); /* the interface through which frames leave */
} out SEC(".maps");

/** Random bits for a packet (splitmix64): the kernel's own generator, asked twice, cost more than all the rest here. */
static __always_inline __u64 random_next(void)
{
	__u64 mixed = random_state += 0x9e3779b97f4a7c15ULL;
	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
	return mixed ^ mixed >> 31;
}

static __always_inline __u16 checksum(__u32 sum, __u32 a, __u32 b, __u32 c)
{
	__u64 wide = (__u64)sum + (a >> 16) + (a & 0xffff) + (b >> 16) + (b & 0xffff) + (c >> 16) + (c & 0xffff);
	wide = (wide & 0xffff) + (wide >> 16);
	wide = (wide & 0xffff) + (wide >> 16);
	return bpf_htons(~((wide & 0xffff) + (wide >> 16)));
}

SEC("xdp")
int netsend(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;

	__u64 word = random_next();
	__u32 src = (policy.src_net | ((__u32)(word >> 32) & policy.src_mask)) * policy.src_factor;
	__u32 other = (__u32)word;
	__u32 dst = policy.dst_net | (other >> 16 & policy.dst_mask);
	__u16 port = policy.src_port ? policy.src_port : 1024 + (other & 0x7fff);
	ip->saddr = bpf_htonl(src);
	ip->daddr = bpf_htonl(dst);
	ip->check = checksum(policy.ip_sum, src, dst, 0);
	if (policy.is_tcp) {
		struct tcphdr *tcp = (void *)(ip + 1);
		if ((void *)(tcp + 1) > end)
			return XDP_ABORTED;
		tcp->source = bpf_htons(port);
		tcp->seq = bpf_htonl(other);
		tcp->check = checksum(policy.transport_sum + port, src, dst, other);
	} else {
		struct udphdr *udp = (void *)(ip + 1);
		if ((void *)(udp + 1) > end)
			return XDP_ABORTED;
		udp->source = bpf_htons(port);
	}
	return bpf_redirect_map(&out, 0, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
