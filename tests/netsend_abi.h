/*
 * What netsend.c tells its program netsend.bpf.c: which packets to write into
 * the frames. Checksums are computed in user space over everything that stays
 * the same; the program adds what it changes.
 */
#pragma once

#include <linux/types.h>

struct netsend_policy {
	__u32 ifindex; /* frames leave through this interface */
	__u32 src_net; /* host order: source addresses are src_net | (random & src_mask) */
	__u32 src_mask;
	__u32 ip_sum; /* ones' complement sum of the IPv4 header with source and checksum 0 */
	__u32 transport_sum; /* of pseudo header and segment with source, source port and sequence 0; 0: write none */
	__u16 src_port; /* 0: random */
	__u16 is_tcp; /* 0: UDP */
};
