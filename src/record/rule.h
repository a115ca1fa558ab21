/*
 * A rule: which packets, and what is done to them, in one language that every
 * place of enforcement understands. doc/rules.md explains it to people,
 * schema/rule.json to programs. Of a list of rules the first that matches a
 * packet decides; a packet that none matches passes.
 *
 * A rule sees the outermost IP header and what follows it at once; it never
 * looks into tunnels. What is not asked (RULE_ANY, a range from 0 to 65535, an
 * empty list or mask) matches everything, and is left out of the document.
 *
 * rule_check() refuses what contradicts itself. It does not know whose the
 * destination is, nor what is protected: that is rules/space.h.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"

#define RULE_ANY 256 /* protocol, icmp_type, icmp_code: not asked */
#define RULE_SOURCES_MAX 32 /* source prefixes of one rule; more are a source set */
#define RULE_LIST_MAX 64 /* rules of one list: a person must be able to read what is asked of him */
#define RULE_DESTINATION_BITS_MIN_V4 8 /* nobody owns a wider network; policies are narrower */
#define RULE_DESTINATION_BITS_MIN_V6 16
#define RULE_PPS_MAX UINT64_C(1000000000)
#define RULE_BPS_MIN UINT64_C(8000)
#define RULE_BPS_MAX UINT64_C(10000000000000)
#define RULE_SET_ADDRESSES_MAX 10000000 /* addresses of one source set */
#define RULE_DIGEST_BYTES 32 /* BLAKE2b-256 of a source-set file */
#define RULE_LOOK_BYTES 16 /* of a UDP payload, that a signature looks at */
#define RULE_DOCUMENT_BYTES_MAX 262144 /* longest text that is read; the fullest list is shorter */
#define RULE_COMPLAINT_BYTES 192

enum rule_action {
	RULE_ACTION_UNKNOWN = 0,
	RULE_COUNT, /* let it pass and count it: shows what a rule would do */
	RULE_DROP,
	RULE_LIMIT, /* pass what fits into struct rule_limit, drop the rest */
	RULE_ACTION_COUNT
};

enum rule_scope {
	RULE_SCOPE_UNKNOWN = 0,
	RULE_SCOPE_WHOLE, /* all packets of the rule share one limit */
	RULE_SCOPE_SOURCE, /* each source address has a limit of its own */
	RULE_SCOPE_COUNT
};

enum rule_limit_unit {
	RULE_UNIT_UNKNOWN = 0,
	RULE_UNIT_PPS,
	RULE_UNIT_BPS, /* bits of IP packets */
	RULE_UNIT_COUNT
};

/** The kinds of packets by fragmentation, or-ed into rule.fragments. */
enum rule_fragment {
	RULE_FRAGMENT_FIRST = 1 << 0, /* offset 0, more follow */
	RULE_FRAGMENT_LATER = 1 << 1, /* offset not 0: has no ports */
	RULE_FRAGMENT_WHOLE = 1 << 2, /* not fragmented */
	RULE_FRAGMENT_BITS = 3 /* bits in use */
};

/** Named beginnings of UDP payloads; what exactly is compared is in rule_signatures. */
enum rule_signature {
	RULE_SIGNATURE_NONE = 0, /* not asked */
	RULE_SIGNATURE_BACNET,
	RULE_SIGNATURE_CLDAP,
	RULE_SIGNATURE_DNS_QUERY,
	RULE_SIGNATURE_DNS_RESPONSE,
	RULE_SIGNATURE_DTLS,
	RULE_SIGNATURE_DVR_DHCPDISCOVER,
	RULE_SIGNATURE_GAME,
	RULE_SIGNATURE_MEMCACHED,
	RULE_SIGNATURE_MSSQL,
	RULE_SIGNATURE_NTP_CONTROL,
	RULE_SIGNATURE_NTP_PRIVATE,
	RULE_SIGNATURE_QUIC_INITIAL,
	RULE_SIGNATURE_SNMP,
	RULE_SIGNATURE_SSDP,
	RULE_SIGNATURE_STUN,
	RULE_SIGNATURE_TP240,
	RULE_SIGNATURE_VSE,
	RULE_SIGNATURE_WS_DISCOVERY,
	RULE_SIGNATURE_COUNT
};

/**
 * How a signature is tested wherever packets are enforced: the payload reaches to the last byte under the mask, and
 * what is under the mask has these values. The decoder that names a signature in a finding looks closer, so a rule may
 * match more than the finding names (and less only where doc/rules.md tells so); ask for the port beside it.
 */
struct rule_pattern {
	const char *name; /* as src/decode/signature.c names it */
	uint8_t mask[RULE_LOOK_BYTES];
	uint8_t value[RULE_LOOK_BYTES];
};

extern const struct rule_pattern rule_signatures[RULE_SIGNATURE_COUNT];

/** How many bytes of payload a signature needs; 0 for RULE_SIGNATURE_NONE. */
unsigned rule_signature_bytes(enum rule_signature signature);

struct rule_range {
	uint16_t min;
	uint16_t max; /* included; min 0 and max 65535: not asked */
};

struct rule_limit {
	enum rule_limit_unit unit;
	enum rule_scope scope;
	uint64_t per_s; /* packets or bits per second, by unit */
};

/** A file of addresses, named by its content (rules/source_set.h). */
struct rule_source_set {
	uint32_t count; /* addresses in it; 0: no set */
	uint8_t digest[RULE_DIGEST_BYTES];
};

struct rule {
	struct ip_prefix destination; /* of ours; always asked */
	size_t source_count; /* 0: any source, or the set */
	struct ip_prefix sources[RULE_SOURCES_MAX]; /* sorted, none covers another */
	struct rule_source_set source_set;
	/*
	 * IP protocol number, or RULE_ANY. Of IPv6 it is what follows the extension headers; the number of such a header
	 * itself (0, 43, 44, 51, 60) asks whether the packet carries one.
	 */
	uint16_t protocol;
	struct rule_range source_ports; /* TCP, UDP, SCTP */
	struct rule_range destination_ports;
	struct rule_range length_bytes; /* IP packet with its header */
	uint8_t tcp_mask; /* flags that are looked at, bits of the TCP header's byte 13; 0: not asked */
	uint8_t tcp_flags; /* what they must be; within the mask */
	uint8_t fragments; /* enum rule_fragment, the kinds that match; 0: not asked */
	uint16_t icmp_type; /* of ICMP to IPv4 and of ICMPv6 to IPv6, or RULE_ANY */
	uint16_t icmp_code; /* with icmp_type, or RULE_ANY */
	enum rule_signature signature;
	enum rule_action action;
	struct rule_limit limit; /* with RULE_LIMIT */
};

struct rule_list {
	size_t count;
	struct rule rules[RULE_LIST_MAX];
};

/** A rule for all packets to a destination, without an action yet: members are then narrowed one by one. */
struct rule rule_to(const struct ip_prefix *destination);

/** Whether a range asks for nothing. */
static inline bool rule_range_is_any(struct rule_range range)
{
	return range.min == 0 && range.max == UINT16_MAX;
}

static inline bool rule_range_has(struct rule_range range, uint16_t value)
{
	return value >= range.min && value <= range.max;
}

/** Whether a prefix is one of IPv4. */
static inline bool rule_prefix_is_v4(const struct ip_prefix *prefix)
{
	return prefix->bits >= 96 && ip_is_v4(&prefix->addr);
}

/** Whether a protocol number is that of an IPv6 extension header which a rule can ask for. */
bool rule_protocol_is_extension(uint16_t protocol);

const char *rule_action_name(enum rule_action action);
const char *rule_tcp_flag_name(unsigned bit);
const char *rule_fragment_name(unsigned bit);

/**
 * Refuses a rule whose members contradict each other or are out of range.
 *
 * @param rule to be checked
 * @param ret_complaint where it is refused, one line: "FIELD: what is wrong"
 * @return OK or E_MALFORMED
 */
MUST_USE int rule_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES]);

/**
 * The rule as a JSON value, for documents that carry rules. Members that ask for nothing are left out.
 *
 * @param rule one that rule_check() takes
 * @return a new reference, NULL when memory is out
 */
json_t *rule_to_json(const struct rule *rule);

/** The list as a JSON array of its rules; a new reference, NULL when memory is out. */
json_t *rule_list_to_json(const struct rule_list *list);

/**
 * Reads a list, from another process and so hostile: unknown members, members that say nothing, wrong types, and what
 * rule_check() refuses, are refused. There is one way to write a rule: with sorted keys what is read and written again
 * is the same text.
 *
 * @param value a JSON array of at least one rule
 * @param ret_list filled on OK; else undefined
 * @param ret_complaint else one line: "rules[3].FIELD: what is wrong"
 * @return OK, E_MALFORMED, or E_LIMIT: more than RULE_LIST_MAX rules
 */
MUST_USE int rule_list_from_json(const json_t *value, struct rule_list *ret_list,
	char ret_complaint[static RULE_COMPLAINT_BYTES]);

/**
 * Writes the list as one line of canonical JSON: sorted keys, no blanks, integers only.
 *
 * @param list to be written
 * @param ret_text malloc'ed, without a newline; the caller frees it
 * @return OK or E_NOMEM
 */
MUST_USE int rule_list_write(const struct rule_list *list, char **ret_text);

/**
 * Reads what rule_list_write() writes, with rule_list_from_json().
 *
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param ret_list filled on OK; else undefined
 * @param ret_complaint else one line
 * @return OK, E_MALFORMED, E_LIMIT (too long, too many rules) or E_NOMEM
 */
MUST_USE int rule_list_parse(const char *text, size_t length_bytes, struct rule_list *ret_list,
	char ret_complaint[static RULE_COMPLAINT_BYTES]);
