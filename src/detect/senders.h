/*
 * Who sends to watched hosts over TCP connections of its own: many more
 * addresses than a profile holds, so that a rule can name a botnet of
 * thousands. A finding lists a hundred; this is what a source set is made of.
 *
 * Kept are headers' facts in 64 bytes for each address and host. Whether an
 * address was a client before the attack is not known here: the header sample
 * tells that (rules/sample.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/judge.h"
#include "intel/intel.h"

struct senders; /* opaque; belongs to one engine */

/**
 * @param count addresses that are kept at most, above 0; rounded down to a power of two
 * @return NULL: no memory. Memory is taken as it is used
 */
struct senders *senders_new(uint32_t count);
void senders_free(struct senders *senders);

/** Memory that so many addresses take, bytes. */
uint64_t senders_memory_bytes(uint32_t count);

/**
 * Notes a TCP packet to a watched host.
 *
 * @param senders changed; where a set is full the address that has sent least of late makes room
 * @param host_hash of the host
 * @param obs no flow record
 * @param mark of it
 * @param weight for so many packets it stands
 */
void senders_note(struct senders *senders, uint64_t host_hash, const struct observation *obs, const struct mark *mark,
	uint64_t weight);

/** Notes a TCP packet that a watched host sent to an address, if that one is known here. */
void senders_note_answer(struct senders *senders, uint64_t host_hash, const struct observation *obs, const struct mark *mark);

/** Whether a verdict has a vector whose senders can be named. */
bool senders_concern(const struct verdict *verdict);

/** What is asked of those that are named. */
struct senders_question {
	const struct profile *profile; /* of the host */
	const struct verdict *verdict; /* of its traffic */
	const struct intel *intel; /* for reserved addresses */
	int64_t now_ns;
	bool sees_answers; /* the host's packets are seen: then its answers must bear a sender out */
};

/**
 * The addresses that send an attack over connections: those that judge_peer() calls a bot and that behave as the attack's
 * vectors do (payload of its kind without end, connections without data, connection after connection), of late.
 *
 * @param senders to be looked through
 * @param question which host
 * @param ret_addrs filled, in no order
 * @param max room in it
 * @return how many; 0: none of the vectors is of connections
 */
size_t senders_name(const struct senders *senders, const struct senders_question *question, struct ip_addr *ret_addrs, size_t max);
