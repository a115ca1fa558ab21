/*
 * How each attack vector is made: one row per vector with what its packets
 * have in common. Names are those of detect/vector.h, and a few of this
 * file's own for what is not a flood (scan_horizontal, backscatter ...).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "detect/vector.h"

#define RECIPE_NAME_BYTES 48

/** Who sends, as the truth that a detector's verdict is held against. */
enum recipe_sources {
	RECIPE_SOURCES_UNKNOWN = 0,
	RECIPE_SOURCES_SPOOFED, /* another forged address each packet */
	RECIPE_SOURCES_BOTNET, /* real machines: same address, same distance, own ports */
	RECIPE_SOURCES_AMPLIFIERS, /* real servers that answer forged questions */
	RECIPE_SOURCES_LINK_LOCAL, /* forged neighbours, fe80::/10 */
	RECIPE_SOURCES_VICTIM, /* the address attacked is also the source */
};

/** How one packet leads to the next. */
enum recipe_shape {
	RECIPE_PACKETS = 0, /* each by itself */
	RECIPE_SESSION_STOMP, /* a real handshake of each bot, then data without end */
	RECIPE_SESSION_CONNECT, /* handshakes, and then silence */
	RECIPE_SESSION_REQUEST, /* handshake, request, answer, close */
	RECIPE_FRAGMENTS_LATER, /* later fragments whose first never comes */
	RECIPE_RANDOM_PROTOCOL, /* another protocol number each packet */
	RECIPE_ICMP_QUOTE, /* an ICMP error about a packet that the target is said to have sent */
	RECIPE_TUNNEL, /* an inner packet of random addresses behind the prefix */
	RECIPE_EXTENSIONS, /* IPv6 extension headers */
	RECIPE_SCAN_HORIZONTAL, /* SYN to one port of all addresses */
	RECIPE_SCAN_VERTICAL, /* SYN to all ports of one address */
	RECIPE_BACKSCATTER, /* answers of one attacked server to addresses of ours that were forged */
};

enum recipe_fill {
	RECIPE_FILL_RANDOM = 0, /* bytes of the random pool */
	RECIPE_FILL_LETTERS, /* printable text */
	RECIPE_FILL_ZERO,
};

enum recipe_family {
	RECIPE_BOTH = 0,
	RECIPE_V4_ONLY,
	RECIPE_V6_ONLY,
};

struct recipe {
	enum vector vector; /* VECTOR_UNKNOWN: name tells */
	const char *name; /* NULL: vector_name(vector) */
	enum recipe_shape shape;
	enum recipe_family family;
	enum recipe_sources sources;
	uint8_t protocol; /* of IPv4; ICMP becomes ICMPv6 for IPv6 */
	const char *tcp_flags; /* one of these each packet, one byte each; NULL: not TCP */
	uint8_t tcp_options; /* enum tcp_option_set */
	uint16_t tcp_window; /* 0: random */
	uint16_t src_port; /* 0: random */
	uint16_t dst_port; /* 0: random */
	uint16_t payload_min_bytes;
	uint16_t payload_max_bytes;
	uint8_t prefix_bytes;
	const char *prefix; /* first bytes of the payload */
	uint8_t tag_at; /* where in the prefix two random bytes go, plus one; 0: nowhere */
	uint8_t label_at; /* where in the prefix eight random letters go; 0: nowhere */
	uint8_t fill; /* enum recipe_fill */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t icmp6_type;
	uint8_t icmp6_code;
};

extern const struct recipe recipes[];
extern const unsigned recipe_count;

const char *recipe_name(const struct recipe *recipe);

/** Whether the sources are servers that are made to answer. */
bool recipe_is_reflection(const struct recipe *recipe);

/** How many machines send it where nobody says: a botnet, one who scans, one whose name others took. */
uint64_t recipe_machines(const struct recipe *recipe);

/**
 * Finds a recipe by its name; "udp_reflection_PORT" is udp_reflection with that source port.
 *
 * @param name NUL-terminated
 * @param ret_port filled with PORT, or 0
 * @return borrowed, NULL if there is none of that name
 */
const struct recipe *recipe_find(const char *name, uint16_t *ret_port);

/** The source kind as labels write it; static text. */
const char *recipe_sources_name(enum recipe_sources sources);
