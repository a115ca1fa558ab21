/*
 * Agreement with another decoder: every packet of the corpus' captures is read by capture.c and packet.c, and by
 * tshark, and compared field by field. Where both are right in their own way, the reason is in the list below and
 * its packets are counted; any other difference fails.
 *
 * tshark's list of protocols says which of its addresses are the innermost that we follow, too: the walk over that
 * list ends at an ICMP error's quote and at whatever carries packets as data (sFlow, Teredo, GRE version 1).
 *
 * Skipped (77) where the corpus ($HINOMI_CORPUS) or tshark is absent.
 */
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/capture.h"
#include "decode/packet.h"

#define SKIPPED 77
#define FILE_BYTES_MAX (64 * 1024 * 1024)

static const char *const patterns[] = {
	"flood/*/*.pcap", "flood/*/*.pcapng", "flood/*/*.cap", "edge/maltrail_corpus/*.pcap",
};

enum field {
	F_PROTOCOLS = 0, F_FRAME_LEN, F_CAP_LEN,
	F_IP_SRC, F_IP_DST, F_IP_PROTO, F_IP_TTL, F_IP_LEN, F_IP_MF, F_IP_OFFSET,
	F_IP6_SRC, F_IP6_DST, F_IP6_NXT, F_IP6_HLIM, F_IP6_PLEN, F_IP6_OFFSET, F_IP6_MORE,
	F_TCP_SRC, F_TCP_DST, F_TCP_FLAGS, F_UDP_SRC, F_UDP_DST, F_SCTP_SRC, F_SCTP_DST,
	F_ICMP_TYPE, F_ICMP_CODE, F_ICMP6_TYPE, F_ICMP6_CODE,
	FIELDS
};

static const char *const field_names[FIELDS] = {
	"frame.protocols", "frame.len", "frame.cap_len",
	"ip.src", "ip.dst", "ip.proto", "ip.ttl", "ip.len", "ip.flags.mf", "ip.frag_offset",
	"ipv6.src", "ipv6.dst", "ipv6.nxt", "ipv6.hlim", "ipv6.plen", "ipv6.fraghdr.offset", "ipv6.fraghdr.more",
	"tcp.srcport", "tcp.dstport", "tcp.flags", "udp.srcport", "udp.dstport", "sctp.srcport", "sctp.dstport",
	"icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code",
};

/** Why the two differ and are both right; each is recognised by what the packet shows, not by its file. */
enum reason {
	REASON_NONE = 0,
	REASON_PSEUDOWIRE, /* tshark's heuristic misses the control word of Ethernet in MPLS; behind it stands IP */
	REASON_REFUSED, /* refused by us; tshark names the header, but finds no address pair in it either */
	REASON_STUMP, /* a TCP header that says it is shorter than 20 bytes: tshark stops at the ports, we read all 20 */
	REASONS
};

static const char *const reason_texts[REASONS] = {
	"", "pseudowire with a control word", "IP header without an address pair", "TCP header shorter than itself",
};

struct row {
	char *fields[FIELDS];
};

/** What tshark's protocol list says about the way to the innermost header. */
struct way {
	int v4, v6, udp, tcp; /* how many of each were met */
	bool is_v6; /* the innermost */
	char last[24]; /* the first protocol behind the innermost IP header */
	bool has_mpls;
	bool has_fragment_header; /* of the packet, not of what an ICMPv6 error quotes */
};

static unsigned long counts[REASONS], packets, without_ip, failures;

static bool is_below_ip(const char *name)
{
	static const char *const names[] = {"eth", "ethertype", "vlan", "ieee8021ad", "mpls", "pwethheuristic", "pwethcw",
		"pwethnocw", "llc", "ppp", "pppoe", "pppoes", "sll", "null", "raw", "loop", "gre", "vxlan", "geneve", "etherip",
		"ipv6.hopopts", "ipv6.routing", "ipv6.dstopts", "ipv6.fraghdr", "ah"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static struct way way_of(char *protocols)
{
	struct way way = {0};
	char before[24] = "";
	for (char *name; (name = strsep(&protocols, ":")) != NULL; snprintf(before, sizeof(before), "%s", name)) {
		bool is_ip = strcmp(name, "ip") == 0 || strcmp(name, "ipv6") == 0;
		if (strcmp(before, "gre") == 0 && strcmp(name, "ppp") == 0) /* PPTP's data: GRE to us */
			break;
		if (is_ip) {
			way.is_v6 = name[2] != '\0';
			way.v4 += !way.is_v6;
			way.v6 += way.is_v6;
			way.last[0] = '\0';
			continue;
		}
		if (way.last[0] == '\0' && way.v4 + way.v6 > 0 && strncmp(name, "ipv6.", 5) != 0 && strcmp(name, "ah") != 0)
			snprintf(way.last, sizeof(way.last), "%s", name);
		way.udp += strcmp(name, "udp") == 0;
		way.tcp += strcmp(name, "tcp") == 0;
		way.has_mpls |= strcmp(name, "mpls") == 0;
		way.has_fragment_header |= strcmp(name, "ipv6.fraghdr") == 0;
		if (strcmp(before, "udp") == 0 && strcmp(name, "vxlan") != 0 && strcmp(name, "geneve") != 0 &&
			strcmp(name, "mpls") != 0)
			break;
		if (!is_below_ip(name) && strcmp(name, "udp") != 0)
			break;
	}
	return way;
}

/** The n-th of a comma-separated list; "" if there is none. */
static const char *nth(const char *list, int index, char ret_text[static 64])
{
	for (; index > 0 && list != NULL; index--) {
		list = strchr(list, ',');
		list = list != NULL ? list + 1 : NULL;
	}
	size_t length = list != NULL && index == 0 ? strcspn(list, ",\n") : 0;
	snprintf(ret_text, 64, "%.*s", (int)(length < 63 ? length : 63), list != NULL ? list : "");
	return ret_text;
}

static long number(const struct row *row, enum field field, int index)
{
	char text[64];
	long value = 0; /* where the field is absent */
	(void)sscanf(nth(row->fields[field], index, text), "%li", &value);
	return value;
}

static bool is_text(const struct row *row, enum field field, int index, const struct ip_addr *addr)
{
	char text[64];
	struct ip_addr theirs;
	return ip_parse(nth(row->fields[field], index, text), &theirs) == OK && ip_equal(&theirs, addr);
}

static bool addresses_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	if (way->is_v6)
		return is_text(row, F_IP6_SRC, way->v6 - 1, &obs->src) && is_text(row, F_IP6_DST, way->v6 - 1, &obs->dst);
	return is_text(row, F_IP_SRC, way->v4 - 1, &obs->src) && is_text(row, F_IP_DST, way->v4 - 1, &obs->dst);
}

static bool ports_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	if (strcmp(way->last, "tcp") == 0)
		return number(row, F_TCP_SRC, way->tcp - 1) == obs->src_port && number(row, F_TCP_DST, way->tcp - 1) == obs->dst_port &&
			(number(row, F_TCP_FLAGS, way->tcp - 1) & 0xff) == obs->tcp_flags;
	if (strcmp(way->last, "udp") == 0)
		return number(row, F_UDP_SRC, way->udp - 1) == obs->src_port && number(row, F_UDP_DST, way->udp - 1) == obs->dst_port;
	if (strcmp(way->last, "sctp") == 0)
		return number(row, F_SCTP_SRC, 0) == obs->src_port && number(row, F_SCTP_DST, 0) == obs->dst_port;
	if (strcmp(way->last, "icmp") == 0)
		return number(row, F_ICMP_TYPE, 0) == obs->icmp_type && number(row, F_ICMP_CODE, 0) == obs->icmp_code;
	if (strcmp(way->last, "icmpv6") == 0)
		return number(row, F_ICMP6_TYPE, 0) == obs->icmp_type && number(row, F_ICMP6_CODE, 0) == obs->icmp_code;
	return true;
}

/** The upper-layer protocol: by IPv4's field, and where headers stand between, by the dissector that came next. */
static bool protocols_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} known[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmpv6", 58}, {"gre", 47}, {"esp", 50}, {"igmp", 2}, {"sctp", 132}};
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, way->last) == 0)
			return known[i].protocol == obs->protocol;
	}
	bool has_extensions = (obs->traits & (TRAIT_IPV6_EXTENSIONS | TRAIT_FRAGMENT_ATOMIC | TRAIT_FRAGMENT_FIRST |
		TRAIT_FRAGMENT_LATER | TRAIT_AH)) != 0;
	if (way->is_v6)
		return has_extensions || number(row, F_IP6_NXT, way->v6 - 1) == obs->protocol;
	return (obs->traits & TRAIT_AH) != 0 || number(row, F_IP_PROTO, way->v4 - 1) == obs->protocol;
}

static bool fragments_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	bool more = number(row, F_IP_MF, way->v4 - 1) != 0, later = number(row, F_IP_OFFSET, way->v4 - 1) != 0;
	if (way->is_v6) {
		more = way->has_fragment_header && number(row, F_IP6_MORE, 0) != 0;
		later = way->has_fragment_header && number(row, F_IP6_OFFSET, 0) != 0;
	}
	return later == ((obs->traits & TRAIT_FRAGMENT_LATER) != 0) &&
		(more && !later) == ((obs->traits & TRAIT_FRAGMENT_FIRST) != 0);
}

static bool hops_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	return obs->ttl == (way->is_v6 ? number(row, F_IP6_HLIM, way->v6 - 1) : number(row, F_IP_TTL, way->v4 - 1));
}

static bool lengths_agree(const struct row *row, const struct way *way, const struct observation *obs)
{
	return obs->length_bytes ==
		(way->is_v6 ? number(row, F_IP6_PLEN, way->v6 - 1) + 40 : number(row, F_IP_LEN, way->v4 - 1));
}

/** The name of the first field that differs, NULL if none does. */
static const char *difference_of(const struct row *row, const struct way *way, const struct observation *obs)
{
	if (!addresses_agree(row, way, obs))
		return "addresses";
	if (!hops_agree(row, way, obs))
		return "ttl";
	if (!protocols_agree(row, way, obs))
		return "protocol";
	if (!fragments_agree(row, way, obs))
		return "fragment";
	if (!ports_agree(row, way, obs))
		return "ports, flags or type";
	return lengths_agree(row, way, obs) ? NULL : "length";
}

static enum reason reason_of(const struct row *row, const struct way *way, const struct observation *obs, int err)
{
	char text[64];
	bool has_ip = way->v4 + way->v6 > 0;
	if (err == OK && !has_ip && way->has_mpls)
		return REASON_PSEUDOWIRE;
	if (err != OK && nth(row->fields[F_IP_DST], 0, text)[0] == '\0' && nth(row->fields[F_IP6_DST], 0, text)[0] == '\0')
		return REASON_REFUSED;
	bool is_stump = err == OK && has_ip && strcmp(way->last, "tcp") == 0 && addresses_agree(row, way, obs) &&
		number(row, F_TCP_SRC, way->tcp - 1) == obs->src_port &&
		nth(row->fields[F_TCP_FLAGS], way->tcp - 1, text)[0] == '\0';
	return is_stump ? REASON_STUMP : REASON_NONE;
}

static void packet_compare(const char *path, unsigned long frame, struct row *row, const struct capture_packet *packet)
{
	char protocols[512];
	snprintf(protocols, sizeof(protocols), "%s", row->fields[F_PROTOCOLS]);
	struct way way = way_of(row->fields[F_PROTOCOLS]);
	struct observation obs = {.sampling = 1};
	int err = packet_parse(packet->link, packet->bytes, packet->captured_bytes, packet->wire_bytes, &obs);
	const char *difference;
	packets++;
	if (number(row, F_FRAME_LEN, 0) != (long)packet->wire_bytes || number(row, F_CAP_LEN, 0) != (long)packet->captured_bytes)
		difference = "frame length";
	else if (err != OK)
		difference = way.v4 + way.v6 > 0 ? err_name(err) : NULL;
	else
		difference = way.v4 + way.v6 == 0 ? "no IP" : difference_of(row, &way, &obs);
	without_ip += err != OK && difference == NULL;
	if (difference == NULL)
		return;
	enum reason reason = reason_of(row, &way, &obs, err);
	counts[reason]++;
	if (reason != REASON_NONE)
		return;
	failures++;
	fprintf(stderr, "%s: frame %lu: %s differs (%s) ours %u %u %u %u %x len %u\n", path, frame, difference, protocols,
		obs.protocol, obs.src_port, obs.dst_port, obs.tcp_flags, obs.traits, obs.length_bytes);
}

static FILE *tshark_open(const char *path)
{
	char command[2048];
	size_t used = (size_t)snprintf(command, sizeof(command), "exec tshark -n -r '%s' -o ip.defragment:FALSE "
		"-o ipv6.defragment:FALSE -o tcp.desegment_tcp_streams:FALSE -T fields", path);
	for (size_t i = 0; i < FIELDS; i++)
		used += (size_t)snprintf(command + used, sizeof(command) - used, " -e %s", field_names[i]);
	snprintf(command + used, sizeof(command) - used, " 2>/dev/null");
	return popen(command, "r");
}

static void file_compare(const char *path, const uint8_t *bytes, size_t length_bytes)
{
	static struct capture capture;
	struct capture_packet packet;
	struct cursor cur = cursor_over(bytes, length_bytes);
	int err = capture_init(&capture, &cur);
	unsigned long frame = 0;
	char *line = NULL;
	size_t room = 0;
	FILE *tshark = tshark_open(path);
	ASSERT(tshark != NULL);
	while (err == OK && getline(&line, &room, tshark) > 0) {
		struct row row;
		char *rest = line;
		for (size_t i = 0; i < FIELDS; i++) {
			char *field = strsep(&rest, "\t");
			row.fields[i] = field != NULL ? field : line + strlen(line);
		}
		frame++;
		err = capture_next(&capture, &cur, &packet);
		if (err == OK)
			packet_compare(path, frame, &row, &packet);
	}
	if (err != OK || capture_next(&capture, &cur, &packet) == OK) {
		fprintf(stderr, "%s: frame %lu: the number of packets differs (%s)\n", path, frame, err_name(err));
		failures++;
	}
	free(line);
	(void)pclose(tshark);
}

static void file_read(const char *path)
{
	static uint8_t bytes[FILE_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	ASSERT(file != NULL);
	size_t length_bytes = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	file_compare(path, bytes, length_bytes);
}

int main(void)
{
	const char *corpus = getenv("HINOMI_CORPUS");
	unsigned long files = 0;
	if (system("tshark --version >/dev/null 2>&1") != 0) {
		puts("skipped: tshark is absent");
		return SKIPPED;
	}
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		char pattern[1024];
		glob_t found;
		snprintf(pattern, sizeof(pattern), "%s/%s", corpus != NULL ? corpus : CORPUS_DEFAULT, patterns[i]);
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++, files++)
			file_read(found.gl_pathv[k]);
		globfree(&found);
	}
	if (files == 0) {
		puts("skipped: the corpus is absent");
		return SKIPPED;
	}
	printf("%lu files, %lu packets, %lu without IP, %lu differ\n", files, packets, without_ip, failures);
	for (unsigned i = 1; i < REASONS; i++)
		printf("%8lu %s\n", counts[i], reason_texts[i]);
	return failures == 0 ? 0 : 1;
}
