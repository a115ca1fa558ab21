/*
 * Addresses by hashing a number. IPv4 sources avoid what RFC 6890 reserves;
 * a number whose hash falls there is hashed again.
 */
#include "exercise/address.h"

#include "core/hash.h"

#define COUNT_BITS_MAX 16

static bool is_reserved(uint32_t address)
{
	uint8_t first = (uint8_t)(address >> 24);
	uint16_t two = (uint16_t)(address >> 16);
	uint32_t three = address >> 8;
	return first == 0 || first == 10 || first == 127 || first >= 224 || two == 0xa9fe || two == 0xc0a8 ||
		(two & 0xfff0) == 0xac10 || (two & 0xffc0) == 0x6440 || (two & 0xfffe) == 0xc612 || three == 0xc00002 ||
		three == 0xc00000 || three == 0xc63364 || three == 0xcb0071;
}

static uint64_t machine_hash(uint64_t world, uint64_t index)
{
	struct hash_key key = {.word = {world, UINT64_C(0x68696e6f6d69)}};
	return hash_pair(&key, index, index >> 32);
}

struct ip_addr address_of_machine(uint64_t world, uint64_t index, bool is_v4)
{
	uint64_t hash = machine_hash(world, index);
	if (is_v4) {
		while (is_reserved((uint32_t)hash))
			hash = machine_hash(world, hash);
		return ip_from_v4((uint32_t)hash);
	}
	/* 2400::/12 and 2a00::/12, the registries' largest blocks: a /32 of one of 4096 providers, a /64, a host. */
	struct ip_addr addr = {.be32 = {0}};
	addr.bytes[0] = hash & 1 ? 0x2a : 0x24;
	addr.bytes[1] = (uint8_t)(hash >> 8 & 0x0f);
	addr.bytes[2] = (uint8_t)(hash >> 16);
	addr.bytes[5] = (uint8_t)(hash >> 24);
	addr.bytes[6] = (uint8_t)(hash >> 32);
	addr.bytes[7] = (uint8_t)(hash >> 40);
	addr.be64[1] = hash_mix(hash, UINT64_C(0x9e3779b97f4a7c15)) | 1;
	return addr;
}

uint8_t address_ttl(uint64_t world, uint64_t index)
{
	static const uint8_t start[4] = {64, 64, 128, 255};
	uint64_t hash = machine_hash(world ^ UINT64_C(0x74746c), index);
	return (uint8_t)(start[hash & 3] - 5 - (hash >> 8) % 20);
}

uint64_t address_count(const struct ip_prefix *prefix)
{
	unsigned host_bits = 128u - prefix->bits;
	return UINT64_C(1) << (host_bits < COUNT_BITS_MAX ? host_bits : COUNT_BITS_MAX);
}

struct ip_addr address_in_prefix(const struct ip_prefix *prefix, uint64_t index)
{
	struct ip_addr addr = prefix->addr;
	uint64_t low = __builtin_bswap64(addr.be64[1]) + index % address_count(prefix);
	addr.be64[1] = __builtin_bswap64(low);
	return addr;
}
