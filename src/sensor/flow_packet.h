/*
 * Flow exports inside packets: finds the UDP payload of a captured packet
 * and says whether it is a NetFlow, IPFIX or sFlow datagram.
 *
 * A guess from outside: on the ports that exporters use the first bytes are
 * enough, elsewhere the lengths inside must fit exactly. Does not decode.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/capture.h"
#include "decode/observation.h"

/** A UDP payload that was found in a captured packet. */
struct flow_packet {
	const uint8_t *bytes; /* borrowed from the packet */
	size_t length_bytes;
};

/**
 * Looks for a flow export in a packet. Fast for everything that is none.
 *
 * @param packet as captured
 * @param obs what packet_parse() made of it
 * @param ret_payload filled where it is one
 * @return whether it is one
 */
bool flow_packet_find(const struct capture_packet *packet, const struct observation *obs, struct flow_packet *ret_payload);
