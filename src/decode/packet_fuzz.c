/* Fuzzes packet_parse(): the first byte picks the link type, the second says how much was cut off. */
#include "decode/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	static const enum link_type links[] = {LINK_ETHERNET, LINK_NULL, LINK_PPP, LINK_RAW, LINK_LOOP, LINK_LINUX_SLL,
		LINK_IPV4, LINK_IPV6, LINK_LINUX_SLL2, LINK_UNKNOWN, LINK_PPP_HDLC, LINK_CISCO_HDLC};
	struct observation obs = {.start_ns = 1, .end_ns = 2, .sampling = 3, .exporter = 4};
	if (length_bytes < 2)
		return 0;
	enum link_type link = links[bytes[0] % ARRAY_LEN(links)];
	size_t captured_bytes = length_bytes - 2, wire_bytes = captured_bytes + bytes[1];
	if (packet_parse(link, bytes + 2, captured_bytes, wire_bytes, &obs) != OK)
		return 0;
	ASSERT(obs.start_ns == 1 && obs.end_ns == 2 && obs.sampling == 3 && obs.exporter == 4 && obs.packets == 1);
	ASSERT(obs.bytes >= 20 && obs.bytes <= wire_bytes && obs.length_bytes <= obs.bytes);
	ASSERT(obs.payload_bytes < obs.bytes && obs.signature < SIGNATURE_COUNT);
	ASSERT((obs.traits & TRAIT_TUNNELLED) == 0 || obs.outer_length_bytes > obs.length_bytes);
	return 0;
}
