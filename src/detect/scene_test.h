/*
 * Makes observations for the tests of detect/: a victim, a peer, and the
 * header fields that matter, one packet at a time.
 *
 * For tests only.
 */
#pragma once

#include "core/clock.h"
#include "decode/observation.h"

#define SCENE_START_NS (INT64_C(1735171200) * NS_PER_S) /* 2024-12-26 00:00:00 UTC */
#define SCENE_VICTIM UINT32_C(0xcb007107) /* 203.0.113.7 */

/** A packet of 60 bytes at a time after the scene's start. */
static inline struct observation scene_packet(int64_t at_ns, uint32_t src, uint32_t dst, enum ip_protocol protocol)
{
	return (struct observation){
		.start_ns = SCENE_START_NS + at_ns,
		.end_ns = SCENE_START_NS + at_ns,
		.src = ip_from_v4(src),
		.dst = ip_from_v4(dst),
		.packets = 1,
		.bytes = 60,
		.sampling = 1,
		.length_bytes = 60,
		.protocol = (uint8_t)protocol,
		.ttl = 57,
		.traits = TRAIT_TTL_KNOWN,
	};
}

static inline struct observation scene_tcp(int64_t at_ns, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port,
	unsigned flags)
{
	struct observation obs = scene_packet(at_ns, src, dst, PROTOCOL_TCP);
	obs.src_port = src_port;
	obs.dst_port = dst_port;
	obs.tcp_flags = (uint8_t)flags;
	return obs;
}

static inline struct observation scene_udp(int64_t at_ns, uint32_t src, uint16_t src_port, uint32_t dst, uint16_t dst_port,
	uint16_t length_bytes)
{
	struct observation obs = scene_packet(at_ns, src, dst, PROTOCOL_UDP);
	obs.src_port = src_port;
	obs.dst_port = dst_port;
	obs.length_bytes = length_bytes;
	obs.bytes = length_bytes;
	obs.payload_bytes = (uint16_t)(length_bytes - 28);
	return obs;
}
