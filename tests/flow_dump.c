/*
 * Prints what the flow decoders make of capture files, for
 * tests/flow_agreement to compare: one tab-separated line for each datagram
 * and each observation, and the counters at the end. All files share one
 * state, in the order given, so that templates may come from a file before.
 *
 *     datagram FRAME FORMAT VERDICT
 *     record SRC DST SPORT DPORT PROTOCOL PACKETS BYTES FLAGS START_NS END_NS SAMPLING ICMP_TYPE ICMP_CODE VLAN TTL TRAITS
 *     counters FORMAT NAME=VALUE...
 *
 * Only UDP over Ethernet or Linux cooked captures, without fragments: what
 * the corpus has.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cursor.h"
#include "decode/capture.h"
#include "decode/flow.h"

/** A datagram of a capture: who sent it and its UDP payload. */
struct datagram {
	struct ip_addr src;
	const uint8_t *bytes;
	size_t length_bytes;
};

static void show_records(void *arg, const struct observation *batch, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		const struct observation *obs = &batch[i];
		char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES];
		printf("record\t%s\t%s\t%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRId64 "\t%" PRId64 "\t%u\t%u\t%u\t%u\t%u\t%u\n",
			ip_write(&obs->src, src), ip_write(&obs->dst, dst), obs->src_port, obs->dst_port, obs->protocol,
			obs->packets, obs->bytes, obs->tcp_flags, obs->start_ns, obs->end_ns, obs->sampling, obs->icmp_type,
			obs->icmp_code, obs->vlan, (obs->traits & TRAIT_TTL_KNOWN) != 0 ? obs->ttl : 0, obs->traits);
	}
}

/** Finds the UDP payload; OK, or why there is none. */
static int datagram_read(const struct capture_packet *packet, struct datagram *ret_datagram)
{
	struct cursor cur = cursor_over(packet->bytes, packet->captured_bytes);
	cursor_skip(&cur, packet->link == LINK_LINUX_SLL ? 14 : 12);
	uint16_t ethertype = cursor_be16(&cur);
	uint8_t protocol = 0;
	if (ethertype == 0x0800) {
		unsigned header_bytes = (cursor_u8(&cur) & 0x0fu) * 4;
		cursor_skip(&cur, 8);
		protocol = cursor_u8(&cur);
		cursor_skip(&cur, 2);
		ret_datagram->src = ip_from_v4(cursor_be32(&cur));
		cursor_skip(&cur, header_bytes >= 20 ? header_bytes - 16 : 0);
	} else if (ethertype == 0x86dd) {
		cursor_skip(&cur, 6);
		protocol = cursor_u8(&cur);
		cursor_skip(&cur, 1);
		cursor_copy(&cur, ret_datagram->src.bytes, 16);
		cursor_skip(&cur, 16);
	}
	if (protocol != PROTOCOL_UDP)
		return E_UNSUPPORTED;
	cursor_skip(&cur, 4);
	uint16_t udp_bytes = cursor_be16(&cur);
	cursor_skip(&cur, 2);
	ret_datagram->length_bytes = udp_bytes >= 8 ? udp_bytes - 8u : 0;
	ret_datagram->bytes = cursor_take(&cur, ret_datagram->length_bytes);
	return cur.error;
}

static void show_file(struct flow_state *state, const uint8_t *bytes, size_t length_bytes)
{
	struct capture *capture = malloc(sizeof(*capture));
	struct cursor cur = cursor_over(bytes, length_bytes);
	struct capture_packet packet;
	if (capture == NULL || capture_init(capture, &cur) != OK)
		exit(2);
	for (unsigned frame = 1; capture_next(capture, &cur, &packet) == OK; frame++) {
		struct datagram datagram;
		if (datagram_read(&packet, &datagram) != OK)
			continue;
		printf("datagram\t%u\t%s\n", frame, flow_format_name(flow_format_of(datagram.bytes, datagram.length_bytes)));
		int err = flow_parse(state, &datagram.src, 0, packet.wall_ns, datagram.bytes, datagram.length_bytes,
			show_records, NULL);
		printf("verdict\t%s\n", err_name(err));
	}
	free(capture);
}

static void show_counters(const struct flow_state *state)
{
	for (enum flow_format format = FLOW_UNKNOWN; format < FLOW_FORMAT_COUNT; format++) {
		const struct flow_counters *c = flow_counters_of(state, format);
		printf("counters\t%s\tdatagrams=%" PRIu64 "\tdatagrams_malformed=%" PRIu64 "\trecords=%" PRIu64 "\trecords_no_ip=%" PRIu64
			"\trecords_empty=%" PRIu64 "\trecords_malformed=%" PRIu64 "\tsets_unknown_template=%" PRIu64
			"\ttemplates_learned=%" PRIu64 "\ttemplates_changed=%" PRIu64 "\ttemplates_refused=%" PRIu64
			"\tsampling_refused=%" PRIu64 "\tsequence_gaps=%" PRIu64 "\tclock_refused=%" PRIu64 "\n",
			flow_format_name(format), c->datagrams, c->datagrams_malformed, c->records, c->records_no_ip,
			c->records_empty, c->records_malformed, c->sets_unknown_template, c->templates_learned,
			c->templates_changed, c->templates_refused, c->sampling_refused, c->sequence_gaps, c->clock_refused);
	}
}

int main(int argc, char **argv)
{
	const size_t file_max_bytes = (size_t)64 << 20;
	struct flow_config config = flow_config_default();
	struct flow_state *state = flow_state_new(&config);
	uint8_t *bytes = malloc(file_max_bytes);
	if (argc < 2 || state == NULL || bytes == NULL)
		return 2;
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rbe");
		if (file == NULL)
			return 2;
		printf("file\t%s\n", argv[i]);
		show_file(state, bytes, fread(bytes, 1, file_max_bytes, file));
		fclose(file);
	}
	show_counters(state);
	free(bytes);
	flow_state_free(state);
	return 0;
}
