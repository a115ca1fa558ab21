/*
 * Whose answers a sensor sees. Routes differ from network to network, so one
 * end whose packets pass here says nothing of ends elsewhere: what is
 * remembered is the neighbourhood (/24, or /64 of IPv6) of a watched end that
 * was seen to send, for ANSWERS_KEPT_S. A small table; of two neighbourhoods
 * that fall into one place the later stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/ip.h"

#define ANSWERS_PLACES 1024
#define ANSWERS_KEPT_S 600

struct answers {
	struct {
		uint64_t neighbourhood; /* hash; 0: empty */
		int64_t seen_ns;
	} places[ANSWERS_PLACES];
};

/** @param role whose answers: an address may be watched as a target and as a sender */
static inline uint64_t answers_hash(const struct hash_key *key, const struct ip_addr *end, unsigned role)
{
	uint64_t network = ip_is_v4(end) ? end->be64[1] & __builtin_bswap64(UINT64_C(0xffffffffffffff00)) : end->be64[0];
	return hash_pair(key, network, role) | 1;
}

/** Notes that a watched end was seen to send. */
static inline void answers_note(struct answers *answers, uint64_t hash, int64_t now_ns)
{
	unsigned place = (unsigned)(hash >> 20) % ANSWERS_PLACES;
	answers->places[place].neighbourhood = hash;
	answers->places[place].seen_ns = now_ns;
}

/** Whether an end of this neighbourhood was seen to send of late. */
static inline bool answers_seen(const struct answers *answers, uint64_t hash, int64_t now_ns)
{
	unsigned place = (unsigned)(hash >> 20) % ANSWERS_PLACES;
	return answers->places[place].neighbourhood == hash &&
		now_ns - answers->places[place].seen_ns < ANSWERS_KEPT_S * NS_PER_S;
}
