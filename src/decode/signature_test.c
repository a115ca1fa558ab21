/*
 * Proves the name of each payload, and that the same bytes from another port, or with one thing wrong, are not named.
 * The bytes are examples of the specification that signature.c cites, or of published captures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/err.h"
#include "core/random.h"
#include "decode/signature.h"

#define PAYLOAD(text) text, sizeof(text) - 1
#define ANY 40000

struct payload_case {
	enum signature expected;
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t payload_bytes; /* 0: as long as the bytes */
	const char *bytes;
	size_t length_bytes;
};

#define DNS_ROOT(flags, type) "\x12\x34" flags "\x00\x01\x00\x00\x00\x00\x00\x00\x00" type "\x00\x01"
#define DNS_NAME "\x07" "example\x03" "com\x00"
#define DNS_LONG_NAME "\x3f" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00"
#define ZEROS_40 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define RAKNET_MAGIC "\x00\xff\xff\x00\xfe\xfe\xfe\xfe\xfd\xfd\xfd\xfd\x12\x34\x56\x78"
#define IKE_HEADER "\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\0\x21\x20\x22\x08\0\0\0\0\0\0\x01\x28"

static const struct payload_case cases[] = {
	{SIGNATURE_DNS_QUERY, ANY, 53, 0, PAYLOAD(DNS_ROOT("\x01\x00", "\x00\x01"))},
	{SIGNATURE_NONE, ANY, 54, 0, PAYLOAD(DNS_ROOT("\x01\x00", "\x00\x01"))},
	{SIGNATURE_NONE, ANY, 53, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\x01"))}, /* an answer to the server */
	{SIGNATURE_NONE, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x01\x00", "\x00\x01"))}, /* a query from the server */
	{SIGNATURE_NONE, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\xc0", "\x00\x01"))}, /* reserved bit */
	{SIGNATURE_NONE, 53, ANY, 0, PAYLOAD("\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00")}, /* no whole header */
	{SIGNATURE_DNS_RESPONSE, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\x01"))},
	{SIGNATURE_DNS_RESPONSE_ANY, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\xff"))},
	{SIGNATURE_DNS_RESPONSE_TXT, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\x10"))},
	{SIGNATURE_DNS_RESPONSE_RRSIG, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\x2e"))},
	{SIGNATURE_DNS_RESPONSE_DNSKEY, 53, ANY, 0, PAYLOAD(DNS_ROOT("\x81\x80", "\x00\x30"))},
	{SIGNATURE_DNS_RESPONSE_ANY, 53, ANY, 0,
		PAYLOAD("\x12\x34\x81\x80\x00\x01\x00\x05\x00\x00\x00\x00" DNS_NAME "\x00\xff\x00\x01")},
	{SIGNATURE_DNS_RESPONSE, 53, ANY, 0, /* the type is beyond the look */
		PAYLOAD("\x12\x34\x81\x80\x00\x01\x00\x05\x00\x00\x00\x00" DNS_LONG_NAME "\x00\xff\x00\x01")},
	{SIGNATURE_DNS_RESPONSE, 53, ANY, 0, /* a pointer where the name should begin */
		PAYLOAD("\x12\x34\x81\x80\x00\x01\x00\x05\x00\x00\x00\x00\xc0\x0c\x00\xff\x00\x01")},
	{SIGNATURE_MDNS, 5353, 5353, 0, PAYLOAD("\0\0\x84\0\0\0\0\x01\0\0\0\0\x05" "_http")},
	{SIGNATURE_NONE, 5353, 5353, 0, PAYLOAD("\0\0\x78\0\0\0\0\x01\0\0\0\0\x05" "_http")},
	{SIGNATURE_NTP, ANY, 123, 0, PAYLOAD("\x23\x02\x0a\xe9\0\0\0\0" ZEROS_40)},
	{SIGNATURE_NTP, 123, ANY, 0, PAYLOAD("\x24\x02\x0a\xe9\0\0\0\0" ZEROS_40)},
	{SIGNATURE_NONE, 123, ANY, 47, PAYLOAD("\x24\x02\x0a\xe9\0\0\0\0" ZEROS_40)},
	{SIGNATURE_NTP_CONTROL, 123, 80, 0, PAYLOAD("\x16\x82\0\x01\0\0\0\0\0\0\0\x20")},
	{SIGNATURE_NONE, 80, 123, 0, PAYLOAD("\x16\x02\0\x01\0\0\0\0\0\0\0\0")}, /* the request */
	{SIGNATURE_NTP_PRIVATE, 123, 80, 440, PAYLOAD("\xd7\0\x03\x2a\0\x06\0\x48")},
	{SIGNATURE_NONE, 80, 123, 0, PAYLOAD("\x17\0\x03\x2a\0\0\0\0")}, /* the request */
	{SIGNATURE_CHARGEN, 19, 80, 0, PAYLOAD("!\"#$%&'()*+,-./0123456789")},
	{SIGNATURE_NONE, 19, 80, 0, PAYLOAD("hello, hello, hello, hello")},
	{SIGNATURE_TFTP, 69, ANY, 0, PAYLOAD("\0\x03\0\x01" "data")},
	{SIGNATURE_TFTP, ANY, 69, 0, PAYLOAD("\0\x01" "file\0octet\0")},
	{SIGNATURE_NONE, ANY, 69, 0, PAYLOAD("\0\x07" "file\0octet\0")},
	{SIGNATURE_PORTMAP, 111, 80, 0, PAYLOAD("\x01\x02\x03\x04\0\0\0\x01\0\0\0\0\0\0\0\0")},
	{SIGNATURE_NONE, 111, 80, 0, PAYLOAD("\x01\x02\x03\x04\0\0\0\0\0\0\0\x02\0\x01\x86\xa0")}, /* a call */
	{SIGNATURE_NETBIOS, 137, 80, 0, PAYLOAD("\xe8\x0b\x84\x00\0\0\0\x01\0\0\0\0\x20" "CKAAA")},
	{SIGNATURE_NONE, 137, 137, 0, PAYLOAD("\xe8\x0b\x01\x10\0\x01\0\0\0\0\0\0\x20" "CKAAA")}, /* a query */
	{SIGNATURE_NETBIOS, 138, 138, 0, PAYLOAD("\x11\x0e\x80\x01\xc0\xa8\0\x01\0\x8a\0\xbb")},
	{SIGNATURE_SNMP, 161, 80, 0, PAYLOAD("\x30\x82\x05\x60\x02\x01\x01\x04\x06public")},
	{SIGNATURE_SNMP, 161, 80, 0, PAYLOAD("\x30\x29\x02\x01\x00\x04\x06public")},
	{SIGNATURE_NONE, 161, 80, 0, PAYLOAD("\x30\x29\x02\x01\x05\x04\x06public")},
	{SIGNATURE_NONE, 162, 80, 0, PAYLOAD("\x30\x29\x02\x01\x00\x04\x06public")},
	{SIGNATURE_XDMCP, 177, 80, 0, PAYLOAD("\0\x01\0\x05\0\x04\0\0\0\0")},
	{SIGNATURE_NONE, 177, 80, 0, PAYLOAD("\0\x01\0\x05\0\x05\0\0\0\0")},
	{SIGNATURE_CLDAP, 389, 80, 0, PAYLOAD("\x30\x84\0\0\x0b\xb8\x02\x01\x07\x64\x84\0\0")},
	{SIGNATURE_NONE, 389, 80, 0, PAYLOAD("\x30\x84\0\0\x0b\xb8\x02\x01\x07\x63\x84\0\0")}, /* a search request */
	{SIGNATURE_SLP, 427, 80, 0, PAYLOAD("\x02\x02\0\0\x12\0\0\0\0\0\x12\x34\0\x02" "en\0\0")},
	{SIGNATURE_NONE, 427, 80, 0, PAYLOAD("\x02\x01\0\0\x12\0\0\0\0\0\x12\x34\0\x02" "en\0\0")}, /* a request */
	{SIGNATURE_ISAKMP, 500, 500, 0, PAYLOAD(IKE_HEADER)},
	{SIGNATURE_ISAKMP, 4500, 80, 0, PAYLOAD("\0\0\0\0" IKE_HEADER)},
	{SIGNATURE_NONE, 4500, 80, 0, PAYLOAD("\0\0\0\x01" IKE_HEADER)}, /* ESP in UDP */
	{SIGNATURE_RIP, 520, 80, 0, PAYLOAD("\x02\x01\0\0\0\x02\0\0\x0a\0\0\0")},
	{SIGNATURE_NONE, 520, 80, 0, PAYLOAD("\x01\x01\0\0\0\x02\0\0\x0a\0\0\0")}, /* a request */
	{SIGNATURE_IPMI, 623, 80, 0, PAYLOAD("\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x10")},
	{SIGNATURE_NONE, 623, 80, 0, PAYLOAD("\x05\0\xff\x07\0\0\0\0\0\0\0\0\0\x10")},
	{SIGNATURE_OPENVPN, 1194, 80, 0, PAYLOAD("\x40\x01\x02\x03\x04\x05\x06\x07\x08\x01\0\0\0\0")},
	{SIGNATURE_NONE, 1194, 80, 0, PAYLOAD("\x41\x01\x02\x03\x04\x05\x06\x07\x08\x01\0\0\0\0")},
	{SIGNATURE_MSSQL, 1434, 80, 0, PAYLOAD("\x05\x04\0Serv")},
	{SIGNATURE_NONE, 1434, 80, 0, PAYLOAD("\x05\x05\0Serv")},
	{SIGNATURE_L2TP, 1701, 1701, 0, PAYLOAD("\xc8\x02\0\x0c\0\x01\0\0\0\0\0\0")},
	{SIGNATURE_NONE, 1701, 1701, 0, PAYLOAD("\xc8\x02\0\x0d\0\x01\0\0\0\0\0\0")},
	{SIGNATURE_SSDP, 1900, 80, 0, PAYLOAD("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=100")},
	{SIGNATURE_SSDP, ANY, 80, 0, PAYLOAD("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=100")},
	{SIGNATURE_SSDP, ANY, 1900, 0, PAYLOAD("M-SEARCH * HTTP/1.1\r\n")},
	{SIGNATURE_NONE, ANY, 1900, 0, PAYLOAD("M-SEARCX * HTTP/1.1\r\n")},
	{SIGNATURE_STUN, ANY, 12345, 0, PAYLOAD("\x01\x01\0\x08\x21\x12\xa4\x42\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c")},
	{SIGNATURE_NONE, ANY, 12345, 0, PAYLOAD("\x01\x01\0\0\x21\x12\xa4\x43\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c")},
	{SIGNATURE_STUN, 3478, ANY, 0, PAYLOAD("\x01\x01\0\0\x21\x12\xa4\x43\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c")},
	{SIGNATURE_ARMS, 3283, 80, 1006, PAYLOAD("\0\x01\x03\xea")},
	{SIGNATURE_NONE, 3283, 80, 32, PAYLOAD("\0\x14\x01\x03")},
	{SIGNATURE_WS_DISCOVERY, 3702, 80, 0, PAYLOAD("<?xml version=\"1.0\"?>")},
	{SIGNATURE_WS_DISCOVERY, ANY, 80, 0, PAYLOAD("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope xml")},
	{SIGNATURE_NONE, ANY, 80, 0, PAYLOAD("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hudson><version>")},
	{SIGNATURE_SIP, 5060, 80, 0, PAYLOAD("SIP/2.0 200 OK\r\n")},
	{SIGNATURE_SIP, 5060, 5060, 0, PAYLOAD("OPTIONS sip:nm SIP/2.0\r\n")},
	{SIGNATURE_NONE, 5060, 5060, 0, PAYLOAD("OPTIONS tel:nm SIP/2.0\r\n")},
	{SIGNATURE_NAT_PMP, 5351, 80, 0, PAYLOAD("\0\x80\0\0\0\0\0\x01\xc0\0\x02\x01")},
	{SIGNATURE_NONE, 5351, 80, 0, PAYLOAD("\0\0\0\0\0\0\0\x01\xc0\0\x02\x01")}, /* a request */
	{SIGNATURE_COAP, 5683, 80, 0, PAYLOAD("\x61\x45\x12\x34\xff")},
	{SIGNATURE_NONE, 5683, 80, 0, PAYLOAD("\x41\x01\x12\x34\xff")}, /* GET */
	{SIGNATURE_BITTORRENT, ANY, 51413, 0, PAYLOAD("d1:ad2:id20:abcdefghij0123456789")},
	{SIGNATURE_BITTORRENT, 6881, ANY, 0, PAYLOAD("\x21\0\x12\x34" ZEROS_40)},
	{SIGNATURE_NONE, 6900, ANY, 0, PAYLOAD("\x21\0\x12\x34" ZEROS_40)},
	{SIGNATURE_UBIQUITI, 10001, 80, 0, PAYLOAD("\x01\0\0\x04\x02\0\0\x01")},
	{SIGNATURE_NONE, 10001, 80, 0, PAYLOAD("\x01\0\0\x05\x02\0\0\x01")},
	{SIGNATURE_MEMCACHED, 11211, 80, 1400, PAYLOAD("\0\x01\0\x02\0\x10\0\0VALUE a")},
	{SIGNATURE_NONE, 11211, 80, 1400, PAYLOAD("\0\x01\0\x10\0\x10\0\0VALUE a")}, /* the 17th of 16 datagrams */
	{SIGNATURE_GAME, 27015, 80, 0, PAYLOAD("\xff\xff\xff\xffI\x11Server")},
	{SIGNATURE_VSE, ANY, 27015, 0, PAYLOAD("\xff\xff\xff\xffTSource Engine Query\0")},
	{SIGNATURE_NONE, 3389, ANY, 1232, PAYLOAD("\xff\xff\xff\xff\0\x40\0\x01")}, /* RDP over UDP */
	{SIGNATURE_NONE, ANY, 27015, 0, PAYLOAD("\xff\xff\xff\xfeI\x11Server")},
	{SIGNATURE_DHCP, 68, 67, 300, PAYLOAD("\x01\x01\x06\0\x12\x34\x56\x78")},
	{SIGNATURE_NONE, 68, 67, 300, PAYLOAD("\x03\x01\x06\0\x12\x34\x56\x78")},
	{SIGNATURE_DVR_DHCPDISCOVER, 37810, 80, 711, PAYLOAD("\x20\0\0\0DHIP\0\0\0\0\0\0\0\0")},
	{SIGNATURE_NONE, 37810, 80, 711, PAYLOAD("\x20\0\0\0DHIQ\0\0\0\0\0\0\0\0")},
	{SIGNATURE_BACNET, 47808, 80, 96, PAYLOAD("\x81\x0a\0\x60\x01\0\x30\x01")},
	{SIGNATURE_NONE, 47808, 80, 95, PAYLOAD("\x81\x0a\0\x60\x01\0\x30\x01")},
	{SIGNATURE_DTLS, 443, 80, 0, PAYLOAD("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x04\x03\0\0\x01")},
	{SIGNATURE_NONE, 443, 80, 0, PAYLOAD("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x05\x03\0\0\x01")},
	{SIGNATURE_QUIC_INITIAL, ANY, 443, 1200, PAYLOAD("\xc0\0\0\0\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08")}, /* RFC 9001 A.2 */
	{SIGNATURE_QUIC_INITIAL, ANY, 443, 1200, PAYLOAD("\xd7\x6b\x33\x43\xcf\x08\x83\x94\xc8\xf0")}, /* RFC 9369 */
	{SIGNATURE_QUIC, ANY, 443, 1200, PAYLOAD("\xe0\0\0\0\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08")}, /* handshake */
	{SIGNATURE_NONE, ANY, 443, 1200, PAYLOAD("\xc0\0\0\0\x09\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08")},
	{SIGNATURE_NONE, ANY, 443, 1200, PAYLOAD("\xc0\0\0\0\x01\x15\x83\x94\xc8\xf0\x3e\x51\x57\x08")}, /* id of 21 bytes */
	{SIGNATURE_RAKNET, ANY, 19132, 0, PAYLOAD("\x01\0\0\0\0\0\0\x12\x34" RAKNET_MAGIC "\0\0\0\0\0\0\0\x01")},
	{SIGNATURE_RAKNET, ANY, 19132, 0, PAYLOAD("\x05" RAKNET_MAGIC "\x0b")},
	{SIGNATURE_NONE, ANY, 19132, 0, PAYLOAD("\x05\x05" RAKNET_MAGIC "\x0b")},
	{SIGNATURE_TP240, 10074, 80, 0, PAYLOAD("call.status 1")},
	{SIGNATURE_NONE, 10074, 80, 0, PAYLOAD("cal1.status 1")},
	{SIGNATURE_RADIUS, ANY, 1812, 0, PAYLOAD("\x01\x07\0\x14\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")},
	{SIGNATURE_NONE, ANY, 1812, 0, PAYLOAD("\x01\x07\0\x15\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")},
};

/** From the heap, so that a look behind the end is seen by the address sanitizer. */
static enum signature signature_of_copy(const struct payload_case *item, size_t length_bytes)
{
	uint8_t *copy = malloc(length_bytes + 1);
	assert_non_null(copy);
	memcpy(copy + 1, item->bytes, length_bytes);
	uint16_t payload_bytes = item->payload_bytes != 0 ? item->payload_bytes : (uint16_t)item->length_bytes;
	enum signature found = signature_of(copy + 1, length_bytes, payload_bytes, item->src_port, item->dst_port);
	free(copy);
	return found;
}

static void payloads_are_named_and_near_misses_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum signature found = signature_of_copy(&cases[i], cases[i].length_bytes);
		if (found != cases[i].expected)
			print_error("case %zu\n", i);
		assert_string_equal(signature_name(found), signature_name(cases[i].expected));
		for (size_t length_bytes = 0; length_bytes < cases[i].length_bytes; length_bytes++)
			(void)signature_of_copy(&cases[i], length_bytes);
	}
}

static void every_signature_has_a_case_and_a_name(void **state)
{
	(void)state;
	for (unsigned signature = SIGNATURE_DNS_QUERY; signature < SIGNATURE_COUNT; signature++) {
		bool is_proven = false;
		for (size_t i = 0; i < ARRAY_LEN(cases); i++)
			is_proven |= cases[i].expected == (enum signature)signature;
		assert_true(is_proven);
		for (unsigned other = 0; other < signature; other++)
			assert_string_not_equal(signature_name((enum signature)signature), signature_name((enum signature)other));
	}
	assert_string_equal(signature_name((enum signature)SIGNATURE_COUNT), "none");
}

static void no_payload_is_empty_and_unseen_payload_is_none(void **state)
{
	(void)state;
	uint8_t byte = 0;
	assert_int_equal(signature_of(&byte, 0, 0, 53, 53), SIGNATURE_EMPTY);
	assert_int_equal(signature_of(&byte, 0, 100, 53, 53), SIGNATURE_NONE);
}

/** Random payloads to random ports: names must stay rare, or a plain flood would look like something else. */
static void random_payloads_have_no_name(void **state)
{
	(void)state;
	struct random rng;
	random_init(&rng, 20241226);
	unsigned named = 0, rounds = 200000;
	for (unsigned round = 0; round < rounds; round++) {
		uint64_t words[SIGNATURE_LOOK_BYTES / 8];
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			words[i] = random_next(&rng);
		uint64_t ports = random_next(&rng);
		enum signature found =
			signature_of((const uint8_t *)words, sizeof(words), 512, (uint16_t)ports, (uint16_t)(ports >> 16));
		named += found != SIGNATURE_NONE;
	}
	assert_in_range(named, 0, rounds / 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payloads_are_named_and_near_misses_are_not),
		cmocka_unit_test(every_signature_has_a_case_and_a_name),
		cmocka_unit_test(no_payload_is_empty_and_unseen_payload_is_none),
		cmocka_unit_test(random_payloads_have_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
