/*
 * What netsend.c tells its program netsend.bpf.c: which packets to write into
 * the frames. Checksums are computed in user space over everything that stays
 * the same; the program adds what it changes.
 */
#pragma once

#include <linux/types.h>

#define NETSEND_SCATTER 2654435761u /* odd, so that no two sources become one; 2^32 by the golden ratio: they spread evenly */

struct netsend_policy {
	__u32 src_net; /* host order: source addresses are src_net | (random & src_mask) */
	__u32 src_mask;
	__u32 src_factor; /* each source is multiplied by it, modulo 2^32 */
	__u32 dst_net; /* destinations are dst_net | (random & dst_mask), which has 16 bits at most */
	__u32 dst_mask;
	__u32 ip_sum; /* ones' complement sum of the IPv4 header with addresses and checksum 0 */
	__u32 transport_sum; /* of pseudo header and segment with addresses, source port and sequence 0; 0: write none */
	__u16 src_port; /* 0: random */
	__u16 is_tcp; /* 0: UDP */
};
