/*
 * What is remembered of one end that has become busy enough to be looked at:
 * rates, shares of each vector, frequent header values, the other ends, and
 * what this end itself sent (so that answers to its own questions are not
 * taken for an attack). A profile is the evidence; judge.h reads it.
 *
 * Used for a target host (the other ends are its sources), for a prefix, and
 * for one of our hosts that sends (the other ends are its destinations).
 * Fixed size, no pointers: pools of profiles are plain arrays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/ip.h"
#include "decode/observation.h"
#include "detect/rates.h"
#include "detect/sketch.h"
#include "detect/vector.h"
#include "intel/intel.h"

#define PROFILE_SLOTS 24 /* vectors told apart at once; another takes the slot of one with next to nothing, or shares the last */
#define PROFILE_PEER_SETS 64
#define PROFILE_PEER_WAYS 4
#define PROFILE_DETAIL_PACKETS 128 /* per fine slot, of those added: looked at in full; beyond, one in PROFILE_DETAIL_STEP */
#define PROFILE_FULL_PACKETS 2048 /* observations per fine slot of a host, added one by one; then one in PROFILE_SKIP_STEP */
#define PROFILE_FULL_PACKETS_PREFIX 256 /* the same of a prefix, whose hosts have profiles of their own where they matter */
#define PROFILE_SKIP_STEP 8 /* up to that many times as many; then one in its square */
#define PROFILE_DETAIL_STEP 32

/** One vector within a profile, since the profile's epoch began. */
struct slot {
	uint8_t vector; /* enum vector */
	uint8_t protocol; /* of the first packet */
	bool is_v6;
	bool is_flow; /* of the first: counts are sums, lengths are means */
	uint64_t packets; /* corrected for sampling, as all counts here */
	uint64_t bytes;
	uint64_t seen; /* packets that were really looked at: what peers, flows and ports are compared with */
	uint64_t recent_packets; /* halved each second */
	uint64_t recent_bytes;
	uint64_t first_fragments;
	int64_t start_ns;
	int64_t end_ns;
	uint8_t peers[DISTINCT_SMALL];
	uint8_t peers_before[DISTINCT_SMALL]; /* those of the epoch before */
	uint8_t flows[DISTINCT_SMALL]; /* other end, its port, our port */
	uint8_t ports[DISTINCT_SMALL]; /* destination ports */
	struct top src_ports;
	struct top dst_ports;
	struct top lengths;
	struct top ttls;
	struct top details; /* TCP flags, ICMP type and code, or protocol number */
};

enum peer_trait {
	PEER_SYN = 1 << 0, /* sent a SYN */
	PEER_DATA = 1 << 1, /* sent ACK or data */
	PEER_AFTER_SYN = 1 << 2, /* data came after its SYN: a handshake was completed */
	PEER_REFLECTOR = 1 << 3, /* sent answers of a known service, or SYN-ACKs */
	PEER_DIRECT = 1 << 4, /* sent something that is not a reflection */
	PEER_MIRAI = 1 << 5, /* SYN with the sequence number of Mirai's scanner */
	PEER_TTL_KNOWN = 1 << 6,
};

/** One other end. */
struct peer {
	struct ip_addr addr;
	uint64_t packets; /* 0: empty place */
	uint64_t bytes;
	uint16_t port; /* its port, last seen */
	uint8_t vector; /* last seen */
	uint8_t traits; /* enum peer_trait */
	uint8_t ttl_min;
	uint8_t ttl_max;
	uint8_t flow_class;
};

/** What the profiled end itself sent, since the epoch. */
struct reverse {
	uint64_t packets;
	uint64_t syn;
	uint64_t tcp; /* TCP without RST */
	uint64_t tcp_bytes;
	uint64_t udp;
	uint64_t icmp_echo;
	uint64_t other; /* neither TCP, UDP nor ICMP */
	uint64_t questions[VECTOR_COUNT]; /* UDP to the port of an amplifier */
	uint8_t flows[DISTINCT_SMALL]; /* flows it answered, hashed like slot.flows; RST is no answer */
};

struct profile {
	struct ip_prefix end; /* who this is about */
	uint64_t host_hash;
	int64_t last_ns; /* last observation */
	int64_t epoch_ns; /* slots count since here */
	int64_t decayed_ns; /* recent counts were last halved here */
	int64_t detail_until_ns; /* end of the fine slot that the detail budget belongs to */
	uint32_t detail_used; /* observations within it */
	uint32_t added; /* of these, one by one or with others before them */
	uint32_t skipped; /* observations since the last one that was added */
	uint64_t skipped_packets; /* what they stand for: the next one added carries it to its slot */
	uint64_t skipped_bytes;
	uint64_t uncounted_packets; /* of the rates: what was skipped or passed over since the last one added */
	uint64_t uncounted_bytes;
	uint32_t random; /* xorshift state */
	uint32_t sampling; /* highest seen */
	bool is_of_connections; /* an attack over connections is open: who is passed over is noted among the senders */
	int64_t whole_until_ns; /* up to here observations that the engine passes over are told by profile_pass() */
	uint64_t observations; /* raw, since the epoch */
	uint64_t class_packets[FLOW_CLASS_COUNT];
	struct rates rates;
	struct reverse reverse;
	uint8_t all_peers[DISTINCT_LARGE];
	uint8_t all_hosts[DISTINCT_SMALL]; /* addresses of a prefix that were hit */
	uint8_t slot_of[VECTOR_COUNT]; /* index + 1, 0: none yet */
	uint8_t slot_count;
	struct peer peers[PROFILE_PEER_SETS][PROFILE_PEER_WAYS];
	struct slot slots[PROFILE_SLOTS]; /* from slot_count on never read, so that their memory need not be touched */
};

/** What the engine works out once for each observation. */
struct mark {
	uint64_t packets; /* corrected for sampling */
	uint64_t bytes;
	uint64_t dst_hash;
	uint64_t src_hash;
	uint64_t dst_row; /* of targets.h */
	uint8_t vector; /* enum vector, a hint */
	uint8_t direction; /* enum direction */
	uint8_t flow_class; /* enum flow_class */
	uint8_t weight; /* for so many observations this one stands, where those passed over are not told */
	int64_t start_ns; /* clamped to what is believable */
	int64_t end_ns;
};

/** Begins a profile of an end. */
void profile_init(struct profile *profile, const struct ip_prefix *end, uint64_t host_hash, int64_t now_ns);

/** Forgets the shares and values; rates, recent counts and what is known of the other ends stay. */
void profile_new_epoch(struct profile *profile, int64_t now_ns);

/**
 * Adds traffic of the profiled direction.
 *
 * @param profile changed
 * @param obs the observation
 * @param mark what the engine knows of it
 * @param peer_is_dst the profiled end is the sender
 */
void profile_add(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst);

/** Adds traffic that is not looked at: to the rates, the flow classes and the number of other ends alone. */
static inline void profile_pass(struct profile *profile, const struct mark *mark, uint64_t peer_hash)
{
	distinct_add(profile->all_peers, DISTINCT_LARGE, peer_hash);
	profile->class_packets[mark->flow_class] += mark->packets;
	profile->observations++;
	profile->uncounted_packets += mark->packets;
	profile->uncounted_bytes += mark->bytes;
}

/** Counts what was passed over since the last observation that was added, so that the rates are whole. */
void profile_settle(struct profile *profile);

/** Whether an observation's neighbours that the engine passes over are told to this profile one by one. */
static inline bool profile_is_whole(const struct profile *profile, const struct mark *mark)
{
	return mark->end_ns < profile->whole_until_ns && (uint64_t)mark->end_ns - (uint64_t)mark->start_ns <= RATES_FINE_NS;
}

/** Adds traffic of the other direction: what the profiled end answered or asked; peer_is_dst: it is the sender here. */
void profile_add_reverse(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst);

/** Halves the recent counts for each second that passed. */
void profile_decay(struct profile *profile, int64_t now_ns);
