/*
 * Inside of the engine: what detectors share, and the hooks by which the
 * engine calls them. A detector is one file, one struct detector, and one
 * line in the table of detect.c.
 */
#pragma once

#include "core/hash.h"
#include "detect/answers.h"
#include "detect/baseline.h"
#include "detect/detect.h"
#include "detect/profile.h"
#include "detect/senders.h"
#include "detect/thin.h"

#define ENGINE_TICK_NS RATES_FINE_NS /* detectors are asked this often */

/** Observations with what the engine knows of them. */
struct batch {
	const struct observation *obs;
	const struct mark *marks;
	size_t count;
	unsigned directions; /* a bit for each enum direction that may be among them */
};

struct engine {
	struct detect_config config;
	struct detect_threshold *networks; /* owned copy */
	const struct intel *intel;
	struct baseline *baseline; /* NULL: nothing is learned */
	const void *flood; /* state of detector_flood: who is watched */
	const void *carpet; /* state of detector_carpet: which sites are told of */
	const void *sweep; /* state of detector_sweep: who scans */
	detect_sink *sink;
	void *sink_arg;
	struct detect_counters counters;
	struct hash_key key;
	struct senders *senders; /* NULL: none are kept */
	struct thin thin; /* what is passed over, and who is told of it */
	int64_t now_ns;
	struct answers answers; /* whose answers are seen here */
	struct finding scratch; /* findings are made here */
};

struct detector {
	const char *name;
	/** Makes the detector's state within a share of the memory; NULL: no memory. */
	void *(*create)(struct engine *engine, uint64_t memory_bytes);
	void (*observe)(void *state, const struct batch *batch);
	/** Every ENGINE_TICK_NS of the observations' time. */
	void (*tick)(void *state, int64_t now_ns);
	/** The end: what is open is judged and ended. */
	void (*finish)(void *state, int64_t now_ns);
	/** Calls the sink with the present state of each open finding. */
	void (*open)(void *state, detect_sink *sink, void *arg);
	uint64_t (*memory_bytes)(const void *state);
	void (*destroy)(void *state);
	unsigned memory_share; /* of all detectors' shares */
};

extern const struct detector detector_flood;
extern const struct detector detector_outbound;
extern const struct detector detector_carpet;
extern const struct detector detector_sweep;

/** The thresholds for an address: of the closest configured network, else the defaults. */
const struct detect_threshold *engine_threshold(const struct engine *engine, const struct ip_addr *addr);

/** The site of an address: its /16 for IPv4, its /48 for IPv6. */
static inline struct ip_addr engine_site(const struct ip_addr *addr)
{
	struct ip_addr base = {.be64 = {0, 0}};
	if (ip_is_v4(addr)) {
		base.be32[2] = addr->be32[2];
		base.be32[3] = addr->be32[3] & __builtin_bswap32(0xffff0000);
	} else {
		base.be64[0] = addr->be64[0] & __builtin_bswap64(UINT64_C(0xffffffffffff0000));
	}
	return base;
}

/** Hash of an address under the engine's key. */
static inline uint64_t engine_hash(const struct engine *engine, const struct ip_addr *addr)
{
	return hash_pair(&engine->key, addr->be64[0], addr->be64[1]);
}

/** Counts and hands out the finding in engine->scratch. */
void engine_emit(struct engine *engine);

/** Zeroed memory that costs nothing until it is touched; NULL: none left. Free with engine_release(). */
void *engine_reserve(uint64_t bytes);
void engine_release(void *memory, uint64_t bytes);
