/*
 * Packets of an attack stream that each stand by themselves: floods,
 * reflections, scans, backscatter. A recipe says what they have in common;
 * here is what differs from one to the next.
 */
#pragma once

#include <stdint.h>

#include "core/random.h"
#include "exercise/scenario.h"
#include "exercise/session.h"

/* Different crowds of one seed: exclusive-ored into it. */
#define DIRECT_WORLD_BOTS UINT64_C(0xb0715)
#define DIRECT_WORLD_CLIENTS UINT64_C(0xc11e17)

struct direct {
	const struct recipe *recipe;
	struct ip_prefix target;
	uint64_t target_count; /* addresses of the target that are hit */
	uint64_t world;
	uint64_t machines;
	bool is_v4;
	bool is_outbound;
	uint16_t src_port; /* 0: random */
	uint16_t dst_port; /* 0: random */
	uint64_t made; /* packets so far: the place of a scan */
};

/** The crowd that a recipe's machines are of: one botnet for all, but each kind of amplifier and scanner its own. */
uint64_t direct_world(uint64_t seed, const struct recipe *recipe);

/** Starts a stream. */
void direct_init(struct direct *direct, const struct scenario *scenario, const struct scenario_attack *attack,
	const struct scenario_stream *stream);

/**
 * Makes the next packet, whole: it may be longer than the MTU.
 *
 * @param ret_packet all but time_ns and origin is filled
 */
void direct_make(struct direct *direct, const struct session_pools *pools, struct random *rng, struct packet *ret_packet);
