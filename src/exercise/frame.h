/*
 * One packet of an exercise, first as numbers and then as an Ethernet frame
 * with right lengths and checksums: IPv4 (RFC 791), IPv6 with extension
 * headers (RFC 8200), TCP (RFC 9293), UDP, ICMP, ICMPv6, and any other
 * protocol as bare bytes.
 *
 * Does not check that the numbers make sense together: floods do not either.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

#define FRAME_BYTES_MAX 1514 /* Ethernet header and 1500 bytes of IP */
#define FRAME_MTU_BYTES 1500
#define FRAME_DATAGRAM_BYTES_MAX 8192 /* largest datagram that is cut into fragments */
#define PACKET_PREFIX_BYTES 96 /* first payload bytes that a packet carries with it */
#define PACKET_ORIGIN_CLIENT 0xffff /* packet.origin of everything that is not an attack */

enum tcp_option_set {
	TCP_OPTION_SET_NONE = 0,
	TCP_OPTION_SET_MSS, /* maximum segment size alone, 4 bytes */
	TCP_OPTION_SET_SYN, /* MSS, SACK permitted, timestamps, window scale: 20 bytes, as Linux sends */
	TCP_OPTION_SET_TIMESTAMP, /* two no-ops and timestamps: 12 bytes, as in an open connection */
};

enum frame_extension {
	FRAME_EXTENSION_NONE = 0,
	FRAME_EXTENSION_HOP_BY_HOP,
	FRAME_EXTENSION_ROUTING,
	FRAME_EXTENSION_DESTINATION,
	FRAME_EXTENSION_ALL, /* the three of them in a row */
};

struct packet {
	int64_t time_ns; /* since the exercise began */
	struct ip_addr src;
	struct ip_addr dst;
	uint16_t origin; /* index of the attack stream, PACKET_ORIGIN_CLIENT: legitimate */
	bool is_response; /* sent by the attacked host because of the attack */
	bool is_outbound; /* leaves the member's network */
	uint8_t protocol; /* enum ip_protocol or any other number */
	uint8_t ttl;
	uint16_t ip_id;
	uint8_t extension; /* enum frame_extension, IPv6 only */
	bool is_bare; /* nothing but payload after the IP header, whatever the protocol says */
	bool fragment_more; /* more fragments follow */
	uint16_t fragment_offset_bytes; /* multiple of 8 */
	uint16_t fragment_bytes; /* this slice of the datagram; 0: not a fragment, all of it */
	uint16_t src_port;
	uint16_t dst_port;
	uint8_t tcp_flags; /* enum tcp_flag */
	uint8_t tcp_options; /* enum tcp_option_set */
	uint16_t tcp_window;
	uint16_t tcp_urgent;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t prefix_bytes; /* how much of prefix is used */
	uint16_t payload_bytes; /* of the whole datagram, prefix and fill together */
	uint8_t prefix[PACKET_PREFIX_BYTES]; /* first bytes of the payload */
	const uint8_t *fill; /* borrowed; the payload behind the prefix, payload_bytes long at least */
};

/** The length of a packet's transport datagram (headers and payload), bytes, before it is cut into fragments. */
size_t frame_datagram_bytes(const struct packet *packet);

/** The IP length of a packet as it is sent, bytes. */
size_t frame_ip_bytes(const struct packet *packet);

/**
 * Writes the IP header and the first 8 transport bytes of a packet that is quoted in another or begins inside it.
 *
 * @param packet IPv4, or IPv6 without extension headers; no fragment
 * @param ret_bytes filled
 * @return how many, 28 or 48
 */
size_t frame_quote_write(const struct packet *packet, uint8_t ret_bytes[static 48]);

/**
 * Writes a packet as an Ethernet frame, from a router to the member or back.
 *
 * @param packet what to write; its IP length must be 1500 bytes or less
 * @param ret_frame filled
 * @return length of the frame, bytes
 */
size_t frame_write(const struct packet *packet, uint8_t ret_frame[static FRAME_BYTES_MAX]);
