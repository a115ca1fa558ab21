/*
 * An IP address and a prefix. IPv4 lives in the mapped range ::ffff:0:0/96
 * (RFC 4291 section 2.5.5.2), so one code path serves both families; prefix
 * lengths inside the program count in that 128-bit space and texts count in
 * the family's own (192.0.2.0/24 is 120 bits here).
 *
 * Does not accept host names, zone ids or abbreviations such as "10.1".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"

#define IP_TEXT_BYTES 46 /* longest address with its NUL (INET6_ADDRSTRLEN) */
#define IP_PREFIX_TEXT_BYTES 50

struct ip_addr {
	union {
		uint8_t bytes[16]; /* network order */
		uint32_t be32[4];
		uint64_t be64[2];
	};
};

struct ip_prefix {
	struct ip_addr addr; /* host bits are zero */
	uint8_t bits; /* 0..128 in the mapped space */
};

static inline bool ip_is_v4(const struct ip_addr *addr)
{
	return addr->be64[0] == 0 && addr->be32[2] == __builtin_bswap32(0x0000ffff);
}

static inline bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->be64[0] == b->be64[0] && a->be64[1] == b->be64[1];
}

/** An IPv4 address from its four bytes in host order (0xc0000201 is 192.0.2.1). */
static inline struct ip_addr ip_from_v4(uint32_t host_order)
{
	struct ip_addr addr = {.be32 = {0, 0, __builtin_bswap32(0x0000ffff), __builtin_bswap32(host_order)}};
	return addr;
}

/** The IPv4 address in host order; only meaningful where ip_is_v4(). */
static inline uint32_t ip_to_v4(const struct ip_addr *addr)
{
	return __builtin_bswap32(addr->be32[3]);
}

/** An address with all but its first bits cleared. */
struct ip_addr ip_masked(const struct ip_addr *addr, uint8_t bits);

/** Whether the prefix covers the address. */
bool ip_prefix_covers(const struct ip_prefix *prefix, const struct ip_addr *addr);

/** The prefix length as people write it: 0..32 for IPv4, 0..128 for IPv6. */
static inline unsigned ip_prefix_text_bits(const struct ip_prefix *prefix)
{
	return prefix->bits >= 96 && ip_is_v4(&prefix->addr) ? prefix->bits - 96u : prefix->bits;
}

/**
 * Reads an address.
 *
 * @param text NUL-terminated "192.0.2.1" or "2001:db8::1"
 * @param ret_addr filled
 * @return OK or E_MALFORMED
 */
MUST_USE int ip_parse(const char *text, struct ip_addr *ret_addr);

/**
 * Reads a prefix; an address alone is its full-length prefix.
 *
 * @param text NUL-terminated "192.0.2.0/24"; host bits must be zero
 * @param ret_prefix filled
 * @return OK or E_MALFORMED
 */
MUST_USE int ip_prefix_parse(const char *text, struct ip_prefix *ret_prefix);

/** Writes an address as RFC 5952 text; returns ret_text. */
const char *ip_write(const struct ip_addr *addr, char ret_text[static IP_TEXT_BYTES]);

/** Writes a prefix; a full-length one without its "/32" or "/128". Returns ret_text. */
const char *ip_prefix_write(const struct ip_prefix *prefix, char ret_text[static IP_PREFIX_TEXT_BYTES]);
