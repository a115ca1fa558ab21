/* For the tests of the packet decoder only: frames put together from hexadecimal digits, and what is asked of all. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/packet.h"

struct builder {
	uint8_t bytes[2048];
	size_t length_bytes;
};

static inline unsigned hex_digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/** Appends bytes written in hexadecimal; spaces are for the reader. */
static inline void put(struct builder *b, const char *hex)
{
	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		assert_true(b->length_bytes < sizeof(b->bytes));
		b->bytes[b->length_bytes++] = (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1]));
		hex++;
	}
}

static inline void put_be16(struct builder *b, size_t value)
{
	b->bytes[b->length_bytes++] = (uint8_t)(value >> 8);
	b->bytes[b->length_bytes++] = (uint8_t)value;
}

static inline void put_zeros(struct builder *b, size_t length_bytes)
{
	assert_true(b->length_bytes + length_bytes <= sizeof(b->bytes));
	memset(b->bytes + b->length_bytes, 0, length_bytes);
	b->length_bytes += length_bytes;
}

static inline void put_ethernet(struct builder *b, const char *ethertype)
{
	put(b, "020000000001 020000000002");
	put(b, ethertype);
}

/** 192.0.2.1 to 198.51.100.7, TTL 61. */
static inline void put_ipv4(struct builder *b, uint8_t protocol, size_t behind_bytes, uint16_t fragment)
{
	put(b, "45 00");
	put_be16(b, 20 + behind_bytes);
	put(b, "0001");
	put_be16(b, fragment);
	put_be16(b, 61u << 8 | protocol);
	put(b, "0000 c0000201 c6336407");
}

/** 2001:db8::1 to 2001:db8:1::2, hop limit 59. */
static inline void put_ipv6(struct builder *b, uint8_t next, size_t behind_bytes)
{
	put(b, "60000000");
	put_be16(b, behind_bytes);
	put_be16(b, (size_t)next << 8 | 59);
	put(b, "20010db8000000000000000000000001 20010db8000100000000000000000002");
}

/** 40000 to 443, SYN and ECE, window 1024; 20 bytes. */
static inline void put_tcp(struct builder *b)
{
	put(b, "9c40 01bb 00000001 00000000 50 42 0400 0000 0000");
}

/** 53 to 4444; 8 bytes and zeros behind. */
static inline void put_udp(struct builder *b, size_t behind_bytes)
{
	put(b, "0035 115c");
	put_be16(b, 8 + behind_bytes);
	put(b, "0000");
	put_zeros(b, behind_bytes);
}

static inline struct observation parse_as(enum link_type link, const struct builder *b, size_t cut_bytes, int expected)
{
	struct observation obs;
	memset(&obs, 0xa5, sizeof(obs));
	obs.start_ns = 11;
	obs.end_ns = 12;
	obs.sampling = 13;
	obs.exporter = 14;
	assert_int_equal(packet_parse(link, b->bytes, b->length_bytes - cut_bytes, b->length_bytes, &obs), expected);
	if (expected == OK) {
		assert_int_equal(obs.start_ns + obs.end_ns, 23);
		assert_int_equal(obs.sampling + obs.exporter, 27);
		assert_int_equal(obs.packets, 1);
	}
	return obs;
}

static inline struct observation parse(const struct builder *b)
{
	return parse_as(LINK_ETHERNET, b, 0, OK);
}

static inline void assert_addr(const struct ip_addr *addr, const char *expected)
{
	char text[IP_TEXT_BYTES];
	assert_string_equal(ip_write(addr, text), expected);
}

static inline void assert_is_v4_tcp(const struct observation *obs)
{
	assert_addr(&obs->src, "192.0.2.1");
	assert_addr(&obs->dst, "198.51.100.7");
	assert_int_equal(obs->protocol, PROTOCOL_TCP);
	assert_int_equal(obs->src_port, 40000);
	assert_int_equal(obs->dst_port, 443);
	assert_int_equal(obs->tcp_flags, TCP_SYN | TCP_ECE);
	assert_int_equal(obs->bytes, 40);
	assert_int_equal(obs->ttl, 61);
}
