/*
 * The list, and the question asked of it. Left as public: 192.88.99.0/24 and
 * 2002::/16 (6to4, RFC 7526), 2001::/32 (Teredo), 64:ff9b::/96 (NAT64 on the
 * way, RFC 6052), and the few addresses of 192.0.0.0/24 that are anycast.
 */
#include "intel/bogon.h"

#include "intel/intel.h"

static const struct {
	uint32_t first; /* host order */
	uint8_t bits;
} v4[] = {
	{0x00000000, 8}, /* "this network", RFC 791 section 3.2 */
	{0x0a000000, 8}, /* private, RFC 1918 */
	{0x64400000, 10}, /* shared with a carrier's NAT, RFC 6598 */
	{0x7f000000, 8}, /* loopback, RFC 1122 section 3.2.1.3 */
	{0xa9fe0000, 16}, /* link local, RFC 3927 */
	{0xac100000, 12}, /* private, RFC 1918 */
	{0xc0000000, 24}, /* protocol assignments, RFC 6890 section 2.1 */
	{0xc0000200, 24}, /* documentation, RFC 5737 */
	{0xc0a80000, 16}, /* private, RFC 1918 */
	{0xc6120000, 15}, /* benchmarks, RFC 2544 */
	{0xc6336400, 24}, /* documentation, RFC 5737 */
	{0xcb007100, 24}, /* documentation, RFC 5737 */
	{0xe0000000, 4}, /* multicast, RFC 5771 */
	{0xf0000000, 4}, /* reserved, RFC 1112 section 4, and broadcast */
};

static const struct {
	uint64_t first; /* host order, upper half of the address */
	uint8_t bits;
} v6[] = {
	{UINT64_C(0x2001000200000000), 48}, /* benchmarks, RFC 5180 */
	{UINT64_C(0x2001001000000000), 28}, /* ORCHID, RFC 4843, given back */
	{UINT64_C(0x20010db800000000), 32}, /* documentation, RFC 3849 */
	{UINT64_C(0x3fff000000000000), 20}, /* documentation, RFC 9637 */
};

#define NAT64_UPPER UINT64_C(0x0064ff9b00000000) /* 64:ff9b::/96 */

bool intel_is_bogon(const struct ip_addr *addr)
{
	if (ip_is_v4(addr)) {
		uint32_t value = ip_to_v4(addr);
		for (size_t i = 0; i < ARRAY_LEN(v4); i++) {
			if ((value ^ v4[i].first) >> (32 - v4[i].bits) == 0)
				return true;
		}
		return false;
	}
	uint64_t upper = __builtin_bswap64(addr->be64[0]);
	if (upper >> 61 != 1)
		return upper != NAT64_UPPER || addr->be32[2] != 0;
	for (size_t i = 0; i < ARRAY_LEN(v6); i++) {
		if ((upper ^ v6[i].first) >> (64 - v6[i].bits) == 0)
			return true;
	}
	return false;
}

int bogon_walk(bogon_visit *visit, void *arg)
{
	int err = OK;
	for (size_t i = 0; i < ARRAY_LEN(v4) && err == OK; i++) {
		struct ip_prefix prefix = {ip_from_v4(v4[i].first), (uint8_t)(v4[i].bits + 96)};
		err = visit(arg, &prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(v6) && err == OK; i++) {
		struct ip_prefix prefix = {{.be64 = {__builtin_bswap64(v6[i].first), 0}}, v6[i].bits};
		err = visit(arg, &prefix);
	}
	return err;
}
