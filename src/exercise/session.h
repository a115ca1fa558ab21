/*
 * Conversations of real machines, one packet at a time: what legitimate
 * clients do, and the three attacks that need a real connection. Both ways
 * are made, as a mirror port would show them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/random.h"
#include "exercise/frame.h"
#include "exercise/recipe.h"

#define SESSION_POOL_BYTES (64 * 1024) /* offsets into a pool are drawn below this */

/** Payload bytes to copy from; each pool is SESSION_POOL_BYTES + FRAME_DATAGRAM_BYTES_MAX long. */
struct session_pools {
	uint8_t *fill[3]; /* by enum recipe_fill */
};

struct session_range {
	uint16_t min;
	uint16_t max;
};

struct session_kind {
	const char *name;
	uint8_t protocol;
	uint8_t weight; /* how often it is met among all clients */
	bool is_client_inside; /* the member asks; else the member is asked */
	bool is_silent; /* ends after the handshake */
	bool is_open_end; /* never closes */
	uint16_t port; /* of the service */
	uint16_t client_port; /* 0: random */
	uint8_t host; /* last byte of the member's address, 0: one of its clients */
	struct session_range exchanges;
	struct session_range up_packets; /* client to server, in one exchange */
	struct session_range up_bytes;
	struct session_range down_packets;
	struct session_range down_bytes;
	const char *up_prefix;
	uint8_t up_prefix_bytes;
	const char *down_prefix;
	uint8_t down_prefix_bytes;
};

enum session_mix {
	SESSION_MIX_NONE = 0,
	SESSION_MIX_ALL, /* everything that a member's network carries, by weight */
	SESSION_MIX_WEB, /* visitors of one web server */
	SESSION_MIX_SPEEDTEST, /* one download and one upload at full speed */
};

enum session_state {
	SESSION_DONE = 0, /* over; may be started again */
	SESSION_SYN,
	SESSION_SYN_ACK,
	SESSION_ACK,
	SESSION_UP,
	SESSION_SERVER_ACK,
	SESSION_DOWN,
	SESSION_CLIENT_ACK,
	SESSION_FIN,
	SESSION_FIN_ACK,
	SESSION_LAST_ACK,
};

struct session {
	const struct session_kind *kind;
	enum session_state state;
	struct ip_addr client;
	struct ip_addr server;
	uint8_t client_ttl;
	uint8_t server_ttl;
	uint16_t client_port;
	uint32_t client_seq;
	uint32_t server_seq;
	uint16_t exchanges_left;
	uint16_t up_left;
	uint16_t down_left;
	uint16_t unacknowledged_pkts;
};

/** Where the conversations of a stream happen. */
struct session_place {
	uint64_t world; /* seed of the addresses */
	uint64_t machines; /* how many machines there are outside */
	bool is_v4;
	struct ip_prefix member;
};

/** The kind that plays one of the three connection attacks; NULL for other shapes. */
const struct session_kind *session_kind_of_attack(enum recipe_shape shape);

/** A kind drawn from a mix by weight. */
const struct session_kind *session_kind_draw(enum session_mix mix, struct random *rng);

/** Starts a conversation between a machine outside and a host of the member. */
void session_start(struct session *session, const struct session_kind *kind, const struct session_place *place,
	struct random *rng);

/** Whether the next packet is the server's. */
bool session_next_is_answer(const struct session *session);

/**
 * Makes the next packet; the session becomes SESSION_DONE with its last.
 *
 * @param session started, not done
 * @param pools payload to borrow
 * @param ret_packet all but time_ns and origin is filled
 */
void session_step(struct session *session, const struct session_pools *pools, struct random *rng,
	struct packet *ret_packet);
