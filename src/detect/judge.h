/*
 * From the evidence of a profile to a verdict: which vectors it is made of,
 * how much of each cannot be explained by honest traffic, how sure that is,
 * and what the other ends are. One rule for each vector, each a few lines
 * that a person can check against doc/vectors.md.
 *
 * Does not decide whether it is large enough to be told: the detectors do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/fresh.h"
#include "detect/profile.h"
#include "record/finding.h"

#define JUDGE_SCAN_PPS_MAX 10000 /* probes of one address at this rate and more are a flood, whatever they are for */
#define JUDGE_OBSERVATIONS_MIN 16 /* below, only what is never honest is attack: answers to the rest may not have been seen */
#define JUDGE_SHARE_PERMILLE 20 /* a vector below this share of packets and of bytes is not told */

/** What the judge must know beside the profile. */
struct judge_context {
	bool sees_answers; /* traffic from watched ends is seen at all on this sensor */
	bool is_sender; /* the end sends what is judged: its services answer, they are not answered to */
	bool is_group; /* the end is a multicast or broadcast address */
	int64_t age_ns; /* of the epoch: in a short one answers may still be on their way */
	uint64_t peak_pps; /* highest rate of the time that is judged */
	uint64_t crowd_pps; /* beside what is told already, clients who ask again and again below this are no attack; 0: any may be */
	const struct fresh *fresh; /* of a finding that is open, whose parts may change; NULL: of the whole epoch all is judged alike */
	const uint64_t *told; /* vectors that an open finding has told of, by bit; NULL: none */
	bool (*is_scanner)(const void *scanners, const struct ip_addr *addr); /* told as one elsewhere; NULL: nobody knows */
	const void *scanners; /* handed to is_scanner */
};

/** One vector of the verdict. */
struct judged {
	uint8_t slot; /* index into profile->slots */
	uint8_t vector; /* enum vector: its name, which may be another than the slot's hint */
	uint16_t port; /* with VECTOR_UDP_REFLECTION: of the unknown service */
	uint8_t sure; /* 0..100 that this is attack */
	uint16_t fresh_permille; /* of the slot's packets of just now: this vector's */
	uint64_t packets; /* since the epoch: the part that honest traffic does not explain */
	uint64_t bytes;
	uint64_t recent_packets;
};

struct verdict {
	unsigned count;
	struct judged vectors[PROFILE_SLOTS + FINDING_TOP_MAX]; /* largest first */
	uint64_t packets; /* all, since the epoch */
	uint64_t bytes;
	uint64_t attack_packets; /* since the epoch */
	uint64_t attack_bytes;
	unsigned attack_permille; /* share of the recent packets that is attack */
	unsigned sure; /* 0..100, of the whole */
	uint64_t connections; /* living TCP connections, estimated */
};

/**
 * Judges a profile.
 *
 * @param profile the evidence
 * @param context what else is known
 * @param ret_verdict filled
 */
void judge(const struct profile *profile, const struct judge_context *context, struct verdict *ret_verdict);

/**
 * Judges one other end.
 *
 * @param profile it belongs to
 * @param peer the other end
 * @param is_bogon whether its address cannot be real
 * @param ret_why one line, filled
 * @return the verdict on the source
 */
enum source_verdict judge_peer(const struct profile *profile, const struct peer *peer,
	bool is_bogon, char ret_why[static 96]);
