/*
 * What is passed over when more comes than need be looked at. Of each 50 ms
 * the first THIN_FULL observations are all looked at, and of the rest one in
 * some: it stands for those before and behind it, by its weight. For hosts
 * that are watched the totals stay exact all the same: what is passed over is
 * told to them one by one, which costs little (profile_pass()).
 *
 * Which one is looked at is drawn, so that nobody can send in step with it.
 * (Duffield, Lund, Thorup: "Learn more, sample less", 2005, for why what is
 * large is always looked at.)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/ip.h"
#include "decode/observation.h"
#include "detect/profile.h"

#define THIN_FULL 256 /* observations of a tick that are all looked at: 5,000 a second */
#define THIN_FULL_OFFLINE 4096 /* the same of a file, which is looked at more closely */
#define THIN_STEP_MAX 8 /* then one in so many, or less where a threshold is low */
#define THIN_MANY 2048 /* observations of a tick, after which it is one in four times as many */
#define THIN_SAMPLES_PPS 500 /* so many a second are looked at of what just reaches a threshold: an error of 4 %; of many 9 % */
#define THIN_LARGE_PACKETS 16 /* a flow record of more is always looked at */
#define THIN_LARGE_BYTES 65536 /* likewise */
#define THIN_ENDS 256 /* a power of two; hosts with exact totals at once */
#define THIN_NOTED 16 /* of them that begin with one batch; more wait for the next */
#define THIN_WHOLE_NS INT64_C(1000000000) /* an end is told everything for so long after it was looked at */

/** An end that is told what is passed over. */
struct thin_end {
	struct ip_addr addr;
	struct profile *profile; /* NULL: empty */
};

struct thin {
	uint32_t full; /* observations of a tick that are all looked at */
	uint32_t step; /* then one in so many; 1: all */
	uint32_t seen; /* observations of this tick */
	uint32_t gap; /* passed over before the next one */
	uint32_t weight; /* of the next one */
	uint64_t random;
	struct thin_end ends[THIN_ENDS];
	struct thin_end noted[THIN_NOTED]; /* waiting for the next batch */
	size_t noted_count;
};

/**
 * Begins.
 *
 * @param thin filled
 * @param key of the engine
 * @param full THIN_FULL or THIN_FULL_OFFLINE
 * @param lowest_pps the lowest threshold that anything is compared with
 */
void thin_init(struct thin *thin, const struct hash_key *key, uint32_t full, uint64_t lowest_pps);

/** How many observations the next one stands for; 0: it is passed over. */
static inline unsigned thin_weight(struct thin *thin, const struct observation *obs)
{
	if (thin->step == 1 || ++thin->seen <= thin->full)
		return 1;
	if (obs->packets > THIN_LARGE_PACKETS || obs->bytes > THIN_LARGE_BYTES || obs->traits & TRAIT_TUNNELLED)
		return 1;
	if (thin->gap-- > 0)
		return 0;
	unsigned weight = thin->weight;
	thin->weight = thin->seen < THIN_MANY ? thin->step : thin->step * 4;
	/* A gap of 0 to 2 * (weight - 1), in the mean weight - 1. */
	thin->random = thin->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	thin->gap = (uint32_t)((thin->random >> 32) * (2 * thin->weight - 1) >> 32);
	return weight;
}

/** Whether so much came in this tick that some is passed over. */
static inline bool thin_is_on(const struct thin *thin, size_t more)
{
	return thin->step > 1 && thin->seen + more > thin->full;
}

static inline size_t thin_place(const struct ip_addr *addr)
{
	return (size_t)((addr->be64[0] ^ addr->be64[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 56) & (THIN_ENDS - 1);
}

/** The profile that may be told everything about an address (ask profile_is_whole()), or NULL. */
static inline struct profile *thin_find(const struct thin *thin, const struct ip_addr *addr)
{
	const struct thin_end *end = &thin->ends[thin_place(addr)];
	return end->profile != NULL && ip_equal(&end->addr, addr) ? end->profile : NULL;
}

/**
 * Says that a watched host was looked at in the stead of others: from the next thin_begin() on it is told everything, if
 * there is a place.
 *
 * @param thin changed
 * @param addr of the host
 * @param profile borrowed until thin_forget()
 * @param now_ns present time
 */
void thin_note(struct thin *thin, const struct ip_addr *addr, struct profile *profile, int64_t now_ns);

/** Before observations are passed over: a batch is told to a host as a whole or not at all. */
void thin_begin(struct thin *thin, int64_t now_ns);

/** Before profiles are given to others. */
void thin_forget(struct thin *thin);
