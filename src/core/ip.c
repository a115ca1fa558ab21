/* Addresses and prefixes: text in, text out, masking. See ip.h for the mapped representation. */
#include "core/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

struct ip_addr ip_masked(const struct ip_addr *addr, uint8_t bits)
{
	struct ip_addr out = *addr;
	for (unsigned i = 0; i < 16; i++) {
		unsigned first = i * 8;
		if (bits <= first)
			out.bytes[i] = 0;
		else if (bits < first + 8)
			out.bytes[i] &= (uint8_t)(0xff00u >> (bits - first));
	}
	return out;
}

bool ip_prefix_covers(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	struct ip_addr masked = ip_masked(addr, prefix->bits);
	return ip_equal(&masked, &prefix->addr);
}

int ip_parse(const char *text, struct ip_addr *ret_addr)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret_addr = ip_from_v4(ntohl(v4.s_addr));
		return OK;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		memcpy(ret_addr->bytes, v6.s6_addr, 16);
		return OK;
	}
	return E_MALFORMED;
}

/** Decimal of one to three digits; -1 for anything else. */
static int bits_parse(const char *text)
{
	int value = 0;
	size_t digits = 0;
	for (; text[digits] >= '0' && text[digits] <= '9' && digits < 4; digits++)
		value = value * 10 + (text[digits] - '0');
	return digits >= 1 && digits <= 3 && text[digits] == '\0' ? value : -1;
}

int ip_prefix_parse(const char *text, struct ip_prefix *ret_prefix)
{
	char addr_text[IP_TEXT_BYTES];
	const char *slash = strchr(text, '/');
	size_t addr_len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (addr_len >= sizeof(addr_text))
		return E_MALFORMED;
	memcpy(addr_text, text, addr_len);
	addr_text[addr_len] = '\0';

	struct ip_addr addr;
	int err = ip_parse(addr_text, &addr);
	if (err != OK)
		return err;
	bool is_v4_text = strchr(addr_text, ':') == NULL;
	int bits = slash != NULL ? bits_parse(slash + 1) : (is_v4_text ? 32 : 128);
	if (bits < 0 || bits > (is_v4_text ? 32 : 128))
		return E_MALFORMED;
	uint8_t mapped_bits = (uint8_t)(is_v4_text ? bits + 96 : bits);
	struct ip_addr masked = ip_masked(&addr, mapped_bits);
	if (!ip_equal(&masked, &addr))
		return E_MALFORMED;
	*ret_prefix = (struct ip_prefix){.addr = addr, .bits = mapped_bits};
	return OK;
}

const char *ip_write(const struct ip_addr *addr, char ret_text[static IP_TEXT_BYTES])
{
	if (ip_is_v4(addr))
		(void)inet_ntop(AF_INET, &addr->bytes[12], ret_text, IP_TEXT_BYTES);
	else
		(void)inet_ntop(AF_INET6, addr->bytes, ret_text, IP_TEXT_BYTES);
	return ret_text;
}

const char *ip_prefix_write(const struct ip_prefix *prefix, char ret_text[static IP_PREFIX_TEXT_BYTES])
{
	char addr_text[IP_TEXT_BYTES];
	ip_write(&prefix->addr, addr_text);
	if (prefix->bits == 128)
		snprintf(ret_text, IP_PREFIX_TEXT_BYTES, "%s", addr_text);
	else
		snprintf(ret_text, IP_PREFIX_TEXT_BYTES, "%s/%u", addr_text, ip_prefix_text_bits(prefix));
	return ret_text;
}
