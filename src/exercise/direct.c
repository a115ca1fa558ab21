/*
 * One packet: first what every recipe has (addresses, TTL, ports, flags,
 * payload), then what the recipe's shape changes about it.
 */
#include "exercise/direct.h"

#include <string.h>

#include "decode/observation.h"
#include "exercise/address.h"

#define FRAGMENT_OFFSET_MIN_BYTES 1480
#define FRAGMENT_OFFSETS 7000 /* in units of 8 bytes */

uint64_t direct_world(uint64_t seed, const struct recipe *recipe)
{
	if (recipe->vector == VECTOR_UNKNOWN) /* scans and backscatter */
		return seed ^ DIRECT_WORLD_BOTS ^ (uint64_t)recipe->shape << 32;
	return seed ^ (recipe->sources == RECIPE_SOURCES_BOTNET ? DIRECT_WORLD_BOTS : (uint64_t)recipe->vector << 32);
}

void direct_init(struct direct *direct, const struct scenario *scenario, const struct scenario_attack *attack,
	const struct scenario_stream *stream)
{
	const struct recipe *recipe = stream->recipe;
	*direct = (struct direct){.recipe = recipe,
		.target = attack->target,
		.target_count = address_count(&attack->target),
		.world = direct_world(scenario->seed, recipe),
		.machines = stream->sources,
		.is_v4 = scenario->is_v4,
		.is_outbound = attack->kind == FINDING_OUTBOUND_ATTACK,
		.src_port = stream->port != 0 ? stream->port : recipe->src_port,
		.dst_port = attack->has_dst_port ? (uint16_t)attack->dst_port : recipe->dst_port};
}

static uint16_t high_port(struct random *rng)
{
	return (uint16_t)(1024 + random_below(rng, 64512));
}

/* A forged packet comes from where its real sender is: its TTL says nothing about the address it claims. */
static void source_fill(const struct direct *direct, struct random *rng, struct packet *packet)
{
	uint64_t machine = random_below(rng, direct->machines);

	packet->ttl = address_ttl(direct->world, machine);
	switch (direct->recipe->sources) {
	case RECIPE_SOURCES_UNKNOWN:
	case RECIPE_SOURCES_SPOOFED:
		packet->src = address_of_machine(direct->world, random_next(rng), direct->is_v4);
		break;
	case RECIPE_SOURCES_BOTNET:
	case RECIPE_SOURCES_AMPLIFIERS:
		packet->src = address_of_machine(direct->world, machine, direct->is_v4);
		break;
	case RECIPE_SOURCES_LINK_LOCAL:
		packet->src = (struct ip_addr){.bytes = {0xfe, 0x80}};
		packet->src.be64[1] = random_next(rng);
		packet->ttl = 255; /* RFC 4861 section 7.1: else it is not believed */
		break;
	case RECIPE_SOURCES_VICTIM:
		packet->src = packet->dst;
		break;
	}
}

static void addresses_fill(const struct direct *direct, struct random *rng, struct packet *packet)
{
	packet->dst = address_in_prefix(&direct->target, random_below(rng, direct->target_count));
	source_fill(direct, rng, packet);
	if (!direct->is_outbound)
		return;
	/* One of ours attacks: its own address, one hop away, against one machine outside. */
	packet->is_outbound = true;
	packet->src = direct->target.addr;
	packet->dst = address_of_machine(direct->world, UINT64_MAX, direct->is_v4);
	packet->ttl = 63;
}

static void tcp_fill(const struct recipe *recipe, struct random *rng, struct packet *packet)
{
	if (recipe->tcp_flags != NULL)
		packet->tcp_flags = (uint8_t)recipe->tcp_flags[random_below(rng, strlen(recipe->tcp_flags))];
	packet->tcp_options = recipe->tcp_options;
	packet->tcp_window = recipe->tcp_window != 0 ? recipe->tcp_window : (uint16_t)random_next(rng);
	packet->tcp_seq = (uint32_t)random_next(rng);
	if (packet->tcp_flags & TCP_ACK)
		packet->tcp_ack = (uint32_t)random_next(rng);
	if (packet->tcp_flags & TCP_URG)
		packet->tcp_urgent = 1;
	if (packet->tcp_flags & TCP_RST && recipe_is_reflection(recipe))
		packet->payload_bytes = packet->prefix_bytes = 0;
}

static void payload_fill(const struct recipe *recipe, const struct session_pools *pools, struct random *rng,
	struct packet *packet)
{
	uint64_t word = random_next(rng);
	packet->payload_bytes = (uint16_t)(recipe->payload_min_bytes +
		random_below(rng, (uint64_t)(recipe->payload_max_bytes - recipe->payload_min_bytes) + 1));
	packet->prefix_bytes = recipe->prefix_bytes;
	if (recipe->prefix_bytes > 0)
		memcpy(packet->prefix, recipe->prefix, recipe->prefix_bytes);
	if (recipe->tag_at != 0)
		memcpy(packet->prefix + recipe->tag_at - 1, &word, 2);
	for (unsigned i = 0; recipe->label_at != 0 && i < 8; i++)
		packet->prefix[recipe->label_at + i] = (uint8_t)('a' + (word >> (8 * i) & 0xff) % 26);
	packet->fill = pools->fill[recipe->fill] + word % SESSION_POOL_BYTES;
}

static bool is_named_protocol(uint8_t protocol)
{
	static const uint8_t named[] = {PROTOCOL_HOPOPT, PROTOCOL_ICMP, PROTOCOL_IGMP, PROTOCOL_IPV4, PROTOCOL_TCP,
		PROTOCOL_UDP, PROTOCOL_IPV6, PROTOCOL_IPV6_ROUTE, PROTOCOL_IPV6_FRAG, PROTOCOL_GRE, PROTOCOL_ESP, PROTOCOL_AH,
		PROTOCOL_ICMPV6, PROTOCOL_IPV6_NONXT, PROTOCOL_IPV6_OPTS, PROTOCOL_ETHERIP, PROTOCOL_SCTP, 135 /* mobility */,
		PROTOCOL_UDPLITE, PROTOCOL_MPLS, 139 /* HIP */, 140 /* shim6 */};
	return memchr(named, protocol, sizeof(named)) != NULL;
}

/* The packet that an ICMP error answers, or that a tunnel carries: UDP between the given addresses. */
static size_t inner_write(struct ip_addr src, struct ip_addr dst, uint16_t payload_bytes, struct random *rng, uint8_t *at)
{
	struct packet inner = {.src = src, .dst = dst, .protocol = PROTOCOL_UDP, .ttl = 64, .src_port = high_port(rng),
		.dst_port = high_port(rng), .ip_id = (uint16_t)random_next(rng), .payload_bytes = payload_bytes};
	return frame_quote_write(&inner, at);
}

/* RFC 792, RFC 4443 section 3: four unused bytes, then the start of the packet that caused the error. */
static void quote_fill(struct random *rng, struct packet *packet)
{
	memset(packet->prefix, 0, 4);
	packet->prefix_bytes = (uint8_t)(4 + inner_write(packet->dst, packet->src, 8, rng, packet->prefix + 4));
	packet->payload_bytes = packet->prefix_bytes;
}

/* As Mirai's GRE flood does: a sound IPv4 packet inside, between addresses that mean nothing. */
static void tunnel_fill(const struct direct *direct, struct random *rng, struct packet *packet)
{
	uint16_t inner_bytes = (uint16_t)(packet->payload_bytes - packet->prefix_bytes - 28);
	struct ip_addr src = address_of_machine(direct->world, random_next(rng), true);
	struct ip_addr dst = address_of_machine(direct->world, random_next(rng), true);
	packet->prefix_bytes += (uint8_t)inner_write(src, dst, inner_bytes, rng, packet->prefix + packet->prefix_bytes);
}

static void later_fragment_fill(struct random *rng, struct packet *packet)
{
	packet->is_bare = true;
	packet->prefix_bytes = 0;
	packet->fragment_offset_bytes = (uint16_t)(FRAGMENT_OFFSET_MIN_BYTES + 8 * random_below(rng, FRAGMENT_OFFSETS));
	packet->fragment_bytes = packet->payload_bytes & ~7u;
	packet->fragment_more = random_next(rng) & 1;
}

/*
 * A scanner goes through addresses or ports in a scattered order, each once: an odd step visits each of 2^n places once.
 * When it has been at all addresses it begins again with the next port.
 */
static void scan_fill(struct direct *direct, struct packet *packet)
{
	uint64_t machine = direct->made % direct->machines, probe = direct->made / direct->machines;
	packet->src = address_of_machine(direct->world, machine, direct->is_v4);
	packet->ttl = address_ttl(direct->world, machine);
	packet->src_port = 40004;
	if (direct->recipe->shape == RECIPE_SCAN_HORIZONTAL) {
		packet->dst = address_in_prefix(&direct->target, probe * 40503);
		packet->dst_port = (uint16_t)(direct->dst_port + probe / direct->target_count);
	} else {
		packet->dst_port = (uint16_t)(probe * 40503 + 1);
	}
}

static void shape_fill(struct direct *direct, struct random *rng, struct packet *packet)
{
	switch (direct->recipe->shape) {
	case RECIPE_FRAGMENTS_LATER:
		later_fragment_fill(rng, packet);
		break;
	case RECIPE_RANDOM_PROTOCOL:
		do
			packet->protocol = (uint8_t)random_next(rng);
		while (is_named_protocol(packet->protocol));
		break;
	case RECIPE_ICMP_QUOTE:
		quote_fill(rng, packet);
		break;
	case RECIPE_TUNNEL:
		tunnel_fill(direct, rng, packet);
		break;
	case RECIPE_EXTENSIONS:
		packet->extension = (uint8_t)(FRAME_EXTENSION_HOP_BY_HOP + random_below(rng, FRAME_EXTENSION_ALL));
		break;
	case RECIPE_SCAN_HORIZONTAL:
	case RECIPE_SCAN_VERTICAL:
		scan_fill(direct, packet);
		break;
	case RECIPE_BACKSCATTER: /* an open port answers SYN-ACK, a closed or overrun one RST */
		packet->tcp_flags = random_below(rng, 4) > 0 ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK;
		break;
	case RECIPE_PACKETS:
	case RECIPE_SESSION_STOMP:
	case RECIPE_SESSION_CONNECT:
	case RECIPE_SESSION_REQUEST:
		break;
	}
}

void direct_make(struct direct *direct, const struct session_pools *pools, struct random *rng, struct packet *ret_packet)
{
	const struct recipe *recipe = direct->recipe;

	memset(ret_packet, 0, offsetof(struct packet, prefix)); /* the prefix is as long as prefix_bytes says */
	ret_packet->protocol = recipe->protocol;
	ret_packet->ip_id = (uint16_t)random_next(rng);
	addresses_fill(direct, rng, ret_packet);
	payload_fill(recipe, pools, rng, ret_packet);
	if (recipe->protocol == PROTOCOL_TCP || recipe->protocol == PROTOCOL_UDP) {
		ret_packet->src_port = direct->src_port != 0 ? direct->src_port : high_port(rng);
		ret_packet->dst_port = direct->dst_port != 0 ? direct->dst_port : high_port(rng);
	}
	if (recipe->protocol == PROTOCOL_TCP)
		tcp_fill(recipe, rng, ret_packet);
	if (recipe->protocol == PROTOCOL_ICMP) {
		ret_packet->protocol = direct->is_v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
		ret_packet->icmp_type = direct->is_v4 ? recipe->icmp_type : recipe->icmp6_type;
		ret_packet->icmp_code = direct->is_v4 ? recipe->icmp_code : recipe->icmp6_code;
	}
	shape_fill(direct, rng, ret_packet);
	direct->made++;
}
