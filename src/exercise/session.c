/*
 * A table of what is said (session_kinds), and two ways to say it: TCP with
 * handshake, segments, acknowledgements and close, and datagrams back and
 * forth. Sequence and acknowledgement numbers agree with the data, so that
 * a detector which follows connections sees real ones.
 */
#include "exercise/session.h"

#include <string.h>

#include "decode/observation.h"
#include "exercise/address.h"

#define PREFIX_UP(text) .up_prefix = (text), .up_prefix_bytes = sizeof(text) - 1
#define PREFIX_DOWN(text) .down_prefix = (text), .down_prefix_bytes = sizeof(text) - 1
#define TLS_HELLO PREFIX_UP("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), PREFIX_DOWN("\x17\x03\x03")
#define SEGMENT_BYTES 1448 /* 1500 less IPv4, TCP and timestamps; 1428 in IPv6 */

static const struct session_kind kinds[] = {
	{"web", PROTOCOL_TCP, 12, .port = 443, .host = 10, .exchanges = {1, 4}, .up_packets = {1, 1},
		.up_bytes = {300, 700}, .down_packets = {2, 20}, .down_bytes = {600, SEGMENT_BYTES}, TLS_HELLO},
	{"browse", PROTOCOL_TCP, 10, .is_client_inside = true, .port = 443, .exchanges = {1, 6}, .up_packets = {1, 2},
		.up_bytes = {300, 900}, .down_packets = {2, 40}, .down_bytes = {700, SEGMENT_BYTES}, TLS_HELLO},
	{"download", PROTOCOL_TCP, 8, .is_client_inside = true, .port = 443, .exchanges = {1, 1}, .up_packets = {1, 1},
		.up_bytes = {400, 500}, .down_packets = {500, 3000}, .down_bytes = {SEGMENT_BYTES, SEGMENT_BYTES}, TLS_HELLO},
	{"upload", PROTOCOL_TCP, 3, .port = 443, .host = 20, .exchanges = {1, 1}, .up_packets = {200, 1000},
		.up_bytes = {SEGMENT_BYTES, SEGMENT_BYTES}, .down_packets = {1, 1}, .down_bytes = {200, 200}, TLS_HELLO},
	{"mail", PROTOCOL_TCP, 2, .port = 25, .host = 25, .exchanges = {4, 8}, .up_packets = {1, 3}, .up_bytes = {20, 900},
		.down_packets = {1, 1}, .down_bytes = {20, 80}},
	{"keepalive", PROTOCOL_TCP, 3, .port = 22, .host = 22, .exchanges = {20, 100}, .up_packets = {1, 1},
		.up_bytes = {36, 120}, .down_packets = {1, 1}, .down_bytes = {36, 120}},
	{"dns_lookup", PROTOCOL_UDP, 5, .is_client_inside = true, .port = 53, .exchanges = {1, 1}, .up_packets = {1, 1},
		.up_bytes = {38, 38}, .down_packets = {1, 1}, .down_bytes = {54, 54},
		PREFIX_UP("\x4a\x1b\1\0\0\1\0\0\0\0\0\0\x08intranet\7example\3org\0\0\1\0\1"),
		PREFIX_DOWN("\x4a\x1b\x81\x80\0\1\0\1\0\0\0\0\x08intranet\7example\3org\0\0\1\0\1"
			    "\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4")},
	{"dns_text", PROTOCOL_UDP, 1, .is_client_inside = true, .port = 53, .exchanges = {1, 1}, .up_packets = {1, 1},
		.up_bytes = {29, 29}, .down_packets = {1, 1}, .down_bytes = {242, 242},
		PREFIX_UP("\x4a\x1d\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\x10\0\1"),
		PREFIX_DOWN("\x4a\x1d\x81\x80\0\1\0\1\0\0\0\0\7example\3org\0\0\x10\0\1"
			    "\xc0\x0c\0\x10\0\1\0\0\x0e\x10\0\xc9\xc8v=spf1 ip4:")},
	{"dns_served", PROTOCOL_UDP, 3, .port = 53, .host = 53, .exchanges = {1, 1}, .up_packets = {1, 1},
		.up_bytes = {34, 34}, .down_packets = {1, 1}, .down_bytes = {50, 50},
		PREFIX_UP("\x4a\x1c\0\0\0\1\0\0\0\0\0\0\4city\7example\3net\0\0\1\0\1"),
		PREFIX_DOWN("\x4a\x1c\x84\0\0\1\0\1\0\0\0\0\4city\7example\3net\0\0\1\0\1"
			    "\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4")},
	{"quic", PROTOCOL_UDP, 8, .is_client_inside = true, .port = 443, .exchanges = {2, 40}, .up_packets = {1, 2},
		.up_bytes = {40, 1200}, .down_packets = {1, 8}, .down_bytes = {500, 1250}, PREFIX_UP("\x43"), PREFIX_DOWN("\x43")},
	{"ntp", PROTOCOL_UDP, 1, .is_client_inside = true, .port = 123, .client_port = 123, .exchanges = {1, 1},
		.up_packets = {1, 1}, .up_bytes = {48, 48}, .down_packets = {1, 1}, .down_bytes = {48, 48},
		PREFIX_UP("\x23\0\6\xec"), PREFIX_DOWN("\x24\2\6\xe8")},
	{"voice", PROTOCOL_UDP, 6, .port = 20004, .client_port = 16402, .host = 60, .exchanges = {200, 2000},
		.up_packets = {1, 1}, .up_bytes = {172, 172}, .down_packets = {1, 1}, .down_bytes = {172, 172},
		PREFIX_UP("\x80\0"), PREFIX_DOWN("\x80\0")},
	{"ipsec", PROTOCOL_ESP, 3, .host = 1, .exchanges = {50, 400}, .up_packets = {1, 2}, .up_bytes = {100, 1400},
		.down_packets = {1, 3}, .down_bytes = {100, 1400}, PREFIX_UP("\xc0\1\2\3"), PREFIX_DOWN("\xc0\1\2\4")},
	{"wireguard", PROTOCOL_UDP, 3, .port = 51820, .host = 1, .exchanges = {50, 400}, .up_packets = {1, 2},
		.up_bytes = {96, 1400}, .down_packets = {1, 3}, .down_bytes = {96, 1400}, PREFIX_UP("\4\0\0\0"),
		PREFIX_DOWN("\4\0\0\0")},
	{"ping", PROTOCOL_ICMP, 1, .host = 10, .exchanges = {1, 10}, .up_packets = {1, 1}, .up_bytes = {60, 60},
		.down_packets = {1, 1}, .down_bytes = {60, 60}},
};

static const struct session_kind speedtests[] = {
	{"speedtest_down", PROTOCOL_TCP, 3, .is_client_inside = true, .port = 8080, .host = 100, .exchanges = {1, 1},
		.up_packets = {1, 1}, .up_bytes = {200, 200}, .down_packets = {40000, 60000},
		.down_bytes = {SEGMENT_BYTES, SEGMENT_BYTES}},
	{"speedtest_up", PROTOCOL_TCP, 1, .is_client_inside = true, .port = 8080, .host = 100, .exchanges = {1, 1},
		.up_packets = {20000, 30000}, .up_bytes = {SEGMENT_BYTES, SEGMENT_BYTES}, .down_packets = {1, 1},
		.down_bytes = {200, 200}},
};

static const struct session_kind attack_stomp = {"stomp", PROTOCOL_TCP, 1, .is_open_end = true, .port = 443, .host = 10,
	.exchanges = {60000, 60000}, .up_packets = {60000, 60000}, .up_bytes = {768, 768}};
static const struct session_kind attack_connect = {"connect", PROTOCOL_TCP, 1, .is_silent = true, .port = 443, .host = 10};
static const struct session_kind attack_request = {"request", PROTOCOL_TCP, 1, .port = 443, .host = 10, .exchanges = {1, 2},
	.up_packets = {1, 1}, .up_bytes = {180, 420}, .down_packets = {1, 3}, .down_bytes = {400, SEGMENT_BYTES}, TLS_HELLO};

const struct session_kind *session_kind_of_attack(enum recipe_shape shape)
{
	if (shape == RECIPE_SESSION_STOMP)
		return &attack_stomp;
	if (shape == RECIPE_SESSION_CONNECT)
		return &attack_connect;
	return shape == RECIPE_SESSION_REQUEST ? &attack_request : NULL;
}

static const struct session_kind *draw(const struct session_kind *from, size_t count, struct random *rng)
{
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += from[i].weight;
	uint64_t ticket = random_below(rng, total);
	size_t at = 0;
	while (ticket >= from[at].weight)
		ticket -= from[at++].weight;
	return &from[at];
}

const struct session_kind *session_kind_draw(enum session_mix mix, struct random *rng)
{
	switch (mix) {
	case SESSION_MIX_NONE:
	case SESSION_MIX_WEB:
		return &kinds[0];
	case SESSION_MIX_ALL:
		return draw(kinds, ARRAY_LEN(kinds), rng);
	case SESSION_MIX_SPEEDTEST:
		return draw(speedtests, ARRAY_LEN(speedtests), rng);
	}
	return &kinds[0];
}

static uint16_t pick(const struct session_range *range, struct random *rng)
{
	return (uint16_t)(range->min + random_below(rng, (uint64_t)(range->max - range->min) + 1));
}

void session_start(struct session *session, const struct session_kind *kind, const struct session_place *place,
	struct random *rng)
{
	uint64_t machine = random_below(rng, place->machines);
	struct ip_addr outside = address_of_machine(place->world, machine, place->is_v4);
	uint64_t host = kind->host != 0 ? kind->host : 100 + random_below(rng, 100);
	struct ip_addr inside = address_in_prefix(&place->member, host);
	uint8_t outside_ttl = address_ttl(place->world, machine);

	*session = (struct session){.kind = kind,
		.client = kind->is_client_inside ? inside : outside,
		.server = kind->is_client_inside ? outside : inside,
		.client_ttl = kind->is_client_inside ? 63 : outside_ttl,
		.server_ttl = kind->is_client_inside ? outside_ttl : 63,
		.client_port = kind->client_port != 0 ? kind->client_port : (uint16_t)(32768 + random_below(rng, 28232)),
		.client_seq = (uint32_t)random_next(rng),
		.server_seq = (uint32_t)random_next(rng),
		.exchanges_left = pick(&kind->exchanges, rng),
		.up_left = pick(&kind->up_packets, rng),
		.down_left = pick(&kind->down_packets, rng),
		.state = kind->protocol == PROTOCOL_TCP ? SESSION_SYN : SESSION_UP};
}

bool session_next_is_answer(const struct session *session)
{
	switch (session->state) {
	case SESSION_SYN_ACK:
	case SESSION_SERVER_ACK:
	case SESSION_DOWN:
	case SESSION_FIN_ACK:
		return true;
	case SESSION_DONE:
	case SESSION_SYN:
	case SESSION_ACK:
	case SESSION_UP:
	case SESSION_CLIENT_ACK:
	case SESSION_FIN:
	case SESSION_LAST_ACK:
		return false;
	}
	return false;
}

/* What follows when one exchange has been said. */
static enum session_state exchange_end(struct session *session, struct random *rng)
{
	if (session->exchanges_left > 1) {
		session->exchanges_left--;
		session->up_left = pick(&session->kind->up_packets, rng);
		session->down_left = pick(&session->kind->down_packets, rng);
		return SESSION_UP;
	}
	return session->kind->protocol == PROTOCOL_TCP && !session->kind->is_open_end ? SESSION_FIN : SESSION_DONE;
}

/* Every second segment is acknowledged, and the last of an exchange (RFC 9293 section 3.8.6.3). */
static bool is_ack_due(struct session *session, uint16_t left)
{
	if (session->kind->protocol != PROTOCOL_TCP)
		return false;
	session->unacknowledged_pkts++;
	if (session->unacknowledged_pkts < 2 && left > 0)
		return false;
	session->unacknowledged_pkts = 0;
	return true;
}

static enum session_state after_up(struct session *session, struct random *rng)
{
	session->up_left--;
	if (session->up_left > 0)
		return is_ack_due(session, session->up_left) ? SESSION_SERVER_ACK : SESSION_UP;
	return session->down_left > 0 ? SESSION_DOWN : exchange_end(session, rng);
}

static enum session_state after_down(struct session *session, struct random *rng)
{
	session->down_left--;
	if (is_ack_due(session, session->down_left))
		return SESSION_CLIENT_ACK;
	return session->down_left > 0 ? SESSION_DOWN : exchange_end(session, rng);
}

static enum session_state state_after(struct session *session, struct random *rng)
{
	switch (session->state) {
	case SESSION_SYN:
		return SESSION_SYN_ACK;
	case SESSION_SYN_ACK:
		return SESSION_ACK;
	case SESSION_ACK:
		return session->kind->is_silent ? SESSION_DONE : SESSION_UP;
	case SESSION_UP:
		return after_up(session, rng);
	case SESSION_SERVER_ACK:
		return SESSION_UP;
	case SESSION_DOWN:
		return after_down(session, rng);
	case SESSION_CLIENT_ACK:
		return session->down_left > 0 ? SESSION_DOWN : exchange_end(session, rng);
	case SESSION_FIN:
		return SESSION_FIN_ACK;
	case SESSION_FIN_ACK:
		return SESSION_LAST_ACK;
	case SESSION_LAST_ACK:
	case SESSION_DONE:
		return SESSION_DONE;
	}
	return SESSION_DONE;
}

static uint8_t flags_of(enum session_state state, bool is_last)
{
	switch (state) {
	case SESSION_SYN:
		return TCP_SYN;
	case SESSION_SYN_ACK:
		return TCP_SYN | TCP_ACK;
	case SESSION_UP:
	case SESSION_DOWN:
		return is_last ? TCP_PSH | TCP_ACK : TCP_ACK;
	case SESSION_FIN:
	case SESSION_FIN_ACK:
		return TCP_FIN | TCP_ACK;
	case SESSION_ACK:
	case SESSION_SERVER_ACK:
	case SESSION_CLIENT_ACK:
	case SESSION_LAST_ACK:
	case SESSION_DONE:
		return TCP_ACK;
	}
	return TCP_ACK;
}

static void tcp_fill(struct session *session, bool is_answer, struct packet *packet)
{
	uint16_t left = is_answer ? session->down_left : session->up_left;
	bool is_syn = session->state == SESSION_SYN || session->state == SESSION_SYN_ACK;
	uint32_t *own_seq = is_answer ? &session->server_seq : &session->client_seq;

	packet->tcp_flags = flags_of(session->state, left <= 1 || session->kind->is_open_end);
	packet->tcp_options = is_syn ? TCP_OPTION_SET_SYN : TCP_OPTION_SET_TIMESTAMP;
	packet->tcp_window = is_syn ? 64240 : 501;
	packet->tcp_seq = *own_seq;
	if (packet->tcp_flags & TCP_ACK)
		packet->tcp_ack = is_answer ? session->client_seq : session->server_seq;
	*own_seq += packet->payload_bytes + ((packet->tcp_flags & (TCP_SYN | TCP_FIN)) != 0);
}

static void payload_fill(const struct session *session, bool is_answer, const struct session_pools *pools,
	struct random *rng, struct packet *packet)
{
	const struct session_kind *kind = session->kind;
	packet->payload_bytes = pick(is_answer ? &kind->down_bytes : &kind->up_bytes, rng);
	if (packet->protocol == PROTOCOL_TCP && packet->payload_bytes > SEGMENT_BYTES - 20 && !ip_is_v4(&packet->dst))
		packet->payload_bytes = SEGMENT_BYTES - 20;
	packet->prefix_bytes = is_answer ? kind->down_prefix_bytes : kind->up_prefix_bytes;
	if (packet->prefix_bytes > 0)
		memcpy(packet->prefix, is_answer ? kind->down_prefix : kind->up_prefix, packet->prefix_bytes);
	packet->fill = pools->fill[RECIPE_FILL_RANDOM] + random_below(rng, SESSION_POOL_BYTES);
}

static void icmp_fill(bool is_answer, bool is_v4, struct packet *packet)
{
	packet->protocol = is_v4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	if (is_v4)
		packet->icmp_type = is_answer ? 0 : 8;
	else
		packet->icmp_type = is_answer ? 129 : 128;
}

void session_step(struct session *session, const struct session_pools *pools, struct random *rng,
	struct packet *ret_packet)
{
	const struct session_kind *kind = session->kind;
	bool is_answer = session_next_is_answer(session);

	*ret_packet = (struct packet){.protocol = kind->protocol,
		.src = is_answer ? session->server : session->client,
		.dst = is_answer ? session->client : session->server,
		.ttl = is_answer ? session->server_ttl : session->client_ttl,
		.is_outbound = is_answer != kind->is_client_inside,
		.ip_id = (uint16_t)random_next(rng),
		.src_port = is_answer ? kind->port : session->client_port,
		.dst_port = is_answer ? session->client_port : kind->port};
	if (session->state == SESSION_UP || session->state == SESSION_DOWN)
		payload_fill(session, is_answer, pools, rng, ret_packet);
	if (kind->protocol == PROTOCOL_TCP)
		tcp_fill(session, is_answer, ret_packet);
	if (kind->protocol == PROTOCOL_ICMP)
		icmp_fill(is_answer, ip_is_v4(&session->client), ret_packet);
	session->state = state_after(session, rng);
}
