/*
 * The engine: works out once for each observation what all detectors need,
 * keeps time, and calls the detectors of the table below.
 *
 * Time is that of the observations, and of detect_advance() when live. It
 * never runs backwards for the detectors: what is a little late is counted
 * where it belongs, what is older than the slots of rates.h is left out and
 * counted, and if everything is older (a file put together of several), what
 * is open ends and time starts anew there.
 */
#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/random.h"
#include "detect/classify.h"
#include "detect/engine.h"
#include "detect/hosts.h"
#include "detect/targets.h"

#define MEMORY_MIN_BYTES (UINT64_C(8) << 20)
#define LATE_NS (RATES_COARSE_SLOTS * RATES_COARSE_NS)
#define BASELINE_SHARE 16 /* one part in so many of the memory is for what is learned */
#define SENDERS_SHARE 4 /* one part in so many at most is for those who are named beside findings */
#define EARLY_NS (2 * NS_PER_S) /* live: further in the future than clocks may differ */
#define LATE_RUN 512 /* so many late ones in a row: time itself went back */

static const struct detector *const detectors[] = {
	&detector_carpet, /* before the floods: what a carpet covers is not told again of each address */
	&detector_flood,
	&detector_outbound,
	&detector_sweep,
};

struct detect {
	struct engine engine;
	void *states[ARRAY_LEN(detectors)];
	int64_t ticked_ns;
	int64_t tick_next_ns; /* the first time that is beyond the tick of ticked_ns */
	uint64_t senders_bytes; /* memory of engine.senders */
	bool has_clock; /* detect_advance() was called: its time bounds that of observations */
	unsigned late_run;
	struct mark marks[DETECT_BATCH_MAX];
	struct observation chosen[DETECT_BATCH_MAX]; /* those that are looked at, where not all are */
	uint8_t weights[DETECT_BATCH_MAX]; /* for how many each stands */
	struct observation outer[DETECT_BATCH_MAX]; /* outer headers of tunnelled packets */
};

void *engine_reserve(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

void engine_release(void *memory, uint64_t bytes)
{
	if (memory != NULL)
		(void)munmap(memory, bytes);
}

void engine_emit(struct engine *engine)
{
	if (engine->scratch.phase == FINDING_BEGIN)
		engine->counters.findings_begun++;
	if (engine->scratch.phase == FINDING_END)
		engine->counters.findings_ended++;
	engine->sink(engine->sink_arg, &engine->scratch);
}

const struct detect_threshold *engine_threshold(const struct engine *engine, const struct ip_addr *addr)
{
	const struct detect_threshold *best = &engine->config.defaults;
	int best_bits = -1;
	for (size_t i = 0; i < engine->config.network_count; i++) {
		const struct detect_threshold *at = &engine->networks[i];
		if (at->network.bits > best_bits && ip_prefix_covers(&at->network, addr)) {
			best = at;
			best_bits = at->network.bits;
		}
	}
	return best;
}

struct detect_config detect_config_default(void)
{
	return (struct detect_config){
		.sensor = "hinomi",
		.defaults =
			{
				.host_pps = 20000,
				.host_bps = UINT64_C(1000000000),
				.host_icmp_pps = 5000,
				.host_syn_pps = 10000,
				.prefix_pps = 40000,
				.prefix_bps = UINT64_C(2000000000),
				.outbound_pps = 10000,
			},
		.offline_packets = 100,
		.memory_bytes = UINT64_C(128) << 20,
		.end_quiet_ms = 10000,
	};
}

static unsigned all_shares(void)
{
	unsigned sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		sum += detectors[i]->memory_share;
	return sum;
}

/** The lowest rate that anything is compared with; offline rates do not matter. */
static uint64_t lowest_threshold(const struct engine *engine)
{
	uint64_t lowest_pps = UINT64_MAX;
	for (size_t i = 0; i <= engine->config.network_count && !engine->config.offline; i++) {
		const struct detect_threshold *t = i == 0 ? &engine->config.defaults : &engine->networks[i - 1];
		const uint64_t all_pps[] = {t->host_pps, t->host_tcp_pps, t->host_udp_pps, t->host_icmp_pps, t->host_syn_pps,
			t->prefix_pps, t->outbound_pps};
		for (size_t j = 0; j < ARRAY_LEN(all_pps); j++) {
			if (all_pps[j] != 0 && all_pps[j] < lowest_pps)
				lowest_pps = all_pps[j];
		}
	}
	return lowest_pps;
}

static int create_detectors(struct detect *detect)
{
	uint64_t all = detect->engine.config.memory_bytes, for_baseline = all / BASELINE_SHARE;
	if (detect->engine.config.learn) {
		detect->engine.baseline = baseline_new(&detect->engine.key, for_baseline);
		if (detect->engine.baseline == NULL)
			return E_NOMEM;
	}
	all -= for_baseline + sizeof(*detect);
	uint32_t senders_max = detect->engine.config.senders_max;
	while (senders_max > 0 && senders_memory_bytes(senders_max) > all / SENDERS_SHARE)
		senders_max /= 2;
	if (senders_max > 0) {
		detect->engine.senders = senders_new(senders_max);
		if (detect->engine.senders == NULL)
			return E_NOMEM;
		detect->senders_bytes = senders_memory_bytes(senders_max);
		all -= detect->senders_bytes;
	}
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++) {
		uint64_t memory = all / all_shares() * detectors[i]->memory_share;
		detect->states[i] = detectors[i]->create(&detect->engine, memory);
		if (detect->states[i] == NULL)
			return E_NOMEM;
	}
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++) {
		if (detectors[i] == &detector_flood)
			detect->engine.flood = detect->states[i];
		if (detectors[i] == &detector_carpet)
			detect->engine.carpet = detect->states[i];
		if (detectors[i] == &detector_sweep)
			detect->engine.sweep = detect->states[i];
	}
	return OK;
}

int detect_new(const struct detect_config *config, const struct intel *intel, detect_sink *sink, void *arg,
	struct detect **ret_detect)
{
	if (config->memory_bytes < MEMORY_MIN_BYTES)
		return E_CONFIG;
	struct detect *detect = calloc(1, sizeof(*detect));
	if (detect == NULL)
		return E_NOMEM;
	struct engine *engine = &detect->engine;
	engine->config = *config;
	engine->intel = intel;
	engine->sink = sink;
	engine->sink_arg = arg;
	if (config->network_count > 0) {
		engine->networks = calloc(config->network_count, sizeof(*engine->networks));
		if (engine->networks == NULL) {
			free(detect);
			return E_NOMEM;
		}
		memcpy(engine->networks, config->networks, config->network_count * sizeof(*engine->networks));
	}
	engine->config.networks = engine->networks;
	if (config->seed != 0) {
		struct random rng;
		random_init(&rng, config->seed);
		engine->key = (struct hash_key){{random_next(&rng), random_next(&rng)}};
	} else {
		random_bytes(&engine->key, sizeof(engine->key));
	}
	thin_init(&engine->thin, &engine->key, config->offline ? THIN_FULL_OFFLINE : THIN_FULL, lowest_threshold(engine));
	classify_init();
	int err = create_detectors(detect);
	if (err != OK) {
		detect_free(detect);
		return err;
	}
	*ret_detect = detect;
	return OK;
}

void detect_free(struct detect *detect)
{
	if (detect == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++) {
		if (detect->states[i] != NULL)
			detectors[i]->destroy(detect->states[i]);
	}
	baseline_free(detect->engine.baseline);
	senders_free(detect->engine.senders);
	free(detect->engine.networks);
	free(detect);
}

static void ticked_set(struct detect *detect, int64_t now_ns)
{
	detect->ticked_ns = now_ns;
	detect->tick_next_ns = (now_ns / ENGINE_TICK_NS + 1) * ENGINE_TICK_NS;
}

static bool is_tick(const struct detect *detect)
{
	return detect->engine.now_ns / ENGINE_TICK_NS != detect->ticked_ns / ENGINE_TICK_NS;
}

static void tick(struct detect *detect)
{
	int64_t now_ns = detect->engine.now_ns;
	if (!is_tick(detect))
		return;
	ticked_set(detect, now_ns);
	detect->engine.thin.seen = 0;
	if (detect->engine.baseline != NULL)
		baseline_advance(detect->engine.baseline, now_ns);
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		detectors[i]->tick(detect->states[i], now_ns);
}

void detect_finish(struct detect *detect)
{
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		detectors[i]->finish(detect->states[i], detect->engine.now_ns);
}

/** Everything is older than what was: judge what is open, start time anew. */
static void turn_back(struct detect *detect, int64_t now_ns)
{
	detect_finish(detect);
	detect->engine.now_ns = now_ns;
	ticked_set(detect, now_ns);
	detect->late_run = 0;
}

static uint64_t corrected(uint64_t count, uint32_t sampling, uint64_t cap)
{
	uint64_t result;
	if (sampling == 1)
		return count < cap ? count : cap;
	if (__builtin_mul_overflow(count, (uint64_t)sampling, &result) || result > cap)
		return cap;
	return result;
}

/** A time between 0 and the latest. */
static int64_t clamped(int64_t time_ns, int64_t latest_ns)
{
	if ((uint64_t)time_ns <= (uint64_t)latest_ns)
		return time_ns;
	return time_ns < 0 ? 0 : latest_ns;
}

/** Moves time on to an observation, or says that it is too old to be of use. */
static bool is_timely(struct detect *detect, struct mark *mark)
{
	struct engine *engine = &detect->engine;
	if (detect->has_clock && mark->end_ns > engine->now_ns + EARLY_NS) {
		engine->counters.early++;
		int64_t shift_ns = mark->end_ns - engine->now_ns;
		mark->end_ns = engine->now_ns;
		mark->start_ns -= shift_ns;
	}
	if (mark->end_ns > engine->now_ns) {
		engine->now_ns = mark->end_ns;
	} else if (mark->end_ns < engine->now_ns - LATE_NS) {
		engine->counters.late++;
		if (++detect->late_run < LATE_RUN || detect->has_clock)
			return false;
		turn_back(detect, mark->end_ns);
	}
	detect->late_run = 0;
	return true;
}

/** Whether an observation's time is like that of most: since the last tick, or not long before it. Then nothing needs judging. */
static bool is_usual(const struct detect *detect, const struct mark *mark)
{
	return mark->end_ns < detect->tick_next_ns && mark->end_ns >= detect->engine.now_ns - LATE_NS;
}

static void mark_one(struct engine *engine, const struct observation *obs, struct mark *mark)
{
	mark->packets = corrected(obs->packets, obs->sampling, LIMIT_DETECT_PACKETS);
	mark->bytes = corrected(obs->bytes, obs->sampling, LIMIT_DETECT_BYTES);
	mark->end_ns = clamped(obs->end_ns, LIMIT_DETECT_TIME_NS);
	mark->start_ns = clamped(obs->start_ns, mark->end_ns);
	mark->src_hash = engine_hash(engine, &obs->src);
	mark->dst_hash = engine_hash(engine, &obs->dst);
	mark->dst_row = targets_row(&engine->key, &obs->dst);
	hosts_prefetch(engine->flood, mark->dst_row);
	mark->weight = 1;
	mark->vector = (uint8_t)classify(obs);
	struct intel_pair pair = intel_pair(engine->intel, &obs->src, &obs->dst);
	mark->direction = (uint8_t)pair.direction;
	mark->flow_class = (uint8_t)pair.flow_class;
}

static void count(struct detect_counters *counters, const struct mark *mark)
{
	counters->packets += mark->packets;
	counters->bytes += mark->bytes;
	counters->class_packets[mark->flow_class] += mark->packets;
}

/** Counts what a protected end gets or sends towards what is normal for it. */
static void learn(struct engine *engine, const struct observation *obs, const struct mark *mark)
{
	enum direction direction = (enum direction)mark->direction;
	if (direction != DIRECTION_IN && direction != DIRECTION_OUT)
		return;
	bool is_out = direction == DIRECTION_OUT;
	const struct ip_addr *host = is_out ? &obs->src : &obs->dst;
	struct ip_addr site = engine_site(host);
	baseline_count(engine->baseline, host, &site, obs, is_out, mark->packets * mark->weight, mark->bytes * mark->weight);
}

/** Hands a run of timely observations to all detectors. */
static void dispatch(struct detect *detect, const struct batch *batch)
{
	if (batch->count == 0)
		return;
	for (size_t i = 0; detect->engine.baseline != NULL && i < batch->count; i++)
		learn(&detect->engine, &batch->obs[i], &batch->marks[i]);
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		detectors[i]->observe(detect->states[i], batch);
}

/** Returns all traits that were seen. */
static uint32_t observe_run(struct detect *detect, const struct observation *obs, const uint8_t *weights, size_t length,
	bool is_counted)
{
	struct engine *engine = &detect->engine;
	struct batch run = {.obs = obs, .marks = detect->marks}; /* what the detectors have not yet been given */
	uint32_t traits = 0;
	for (size_t i = 0; i < length; i++) {
		struct mark *mark = &detect->marks[i];
		mark_one(engine, &obs[i], mark);
		if (weights != NULL)
			mark->weight = weights[i];
		traits |= obs[i].traits;
		run.directions |= 1u << mark->direction;
		if (is_counted)
			count(&engine->counters, mark);
		if (is_usual(detect, mark)) {
			detect->late_run = 0;
			if (mark->end_ns > engine->now_ns)
				engine->now_ns = mark->end_ns;
			continue;
		}
		int64_t before_ns = engine->now_ns;
		bool timely = is_timely(detect, mark);
		if (timely && !is_tick(detect))
			continue;
		/* What came before the tick is judged by it. */
		int64_t after_ns = engine->now_ns;
		engine->now_ns = before_ns < after_ns ? before_ns : after_ns;
		run.count = (size_t)(&obs[i] - run.obs);
		dispatch(detect, &run);
		engine->now_ns = after_ns;
		run.obs = timely ? &obs[i] : &obs[i + 1];
		run.marks = &detect->marks[run.obs - obs];
		tick(detect);
	}
	run.count = (size_t)(&obs[length] - run.obs);
	dispatch(detect, &run);
	return traits;
}

/** A TCP packet to or from a host under an attack over connections. */
static inline bool is_of_senders(const struct engine *engine, const struct profile *profile, const struct observation *obs)
{
	return engine->senders != NULL && profile->is_of_connections && obs->protocol == PROTOCOL_TCP;
}

/** Counts an observation that is passed over, and tells those who want to know of each. */
static inline void pass_over(struct engine *engine, const struct observation *obs)
{
	struct intel_pair pair = intel_pair(engine->intel, &obs->src, &obs->dst);
	struct mark mark = {
		.packets = corrected(obs->packets, obs->sampling, LIMIT_DETECT_PACKETS),
		.bytes = corrected(obs->bytes, obs->sampling, LIMIT_DETECT_BYTES),
		.start_ns = obs->start_ns,
		.end_ns = obs->end_ns,
		.flow_class = (uint8_t)pair.flow_class,
		.weight = 1,
	};
	count(&engine->counters, &mark);
	struct profile *target = thin_find(&engine->thin, &obs->dst);
	if (target != NULL && profile_is_whole(target, &mark)) {
		mark.src_hash = engine_hash(engine, &obs->src);
		profile_pass(target, &mark, mark.src_hash);
		if (is_of_senders(engine, target, obs))
			senders_note(engine->senders, target->host_hash, obs, &mark, 1);
	}
	if (pair.direction == DIRECTION_IN)
		return;
	struct profile *sender = thin_find(&engine->thin, &obs->src);
	if (sender == NULL || !profile_is_whole(sender, &mark))
		return;
	mark.dst_hash = engine_hash(engine, &obs->dst);
	profile_add_reverse(sender, obs, &mark, true);
	if (is_of_senders(engine, sender, obs))
		senders_note_answer(engine->senders, sender->host_hash, obs, &mark);
}

/** Chooses what is looked at, and passes over the rest; returns how many were chosen. */
static size_t choose(struct detect *detect, const struct observation *batch, size_t count)
{
	size_t chosen = 0;
	thin_begin(&detect->engine.thin, detect->engine.now_ns);
	for (size_t i = 0; i < count; i++) {
		unsigned weight = thin_weight(&detect->engine.thin, &batch[i]);
		if (weight == 0) {
			pass_over(&detect->engine, &batch[i]);
			continue;
		}
		detect->weights[chosen] = (uint8_t)weight;
		detect->chosen[chosen++] = batch[i];
	}
	return chosen;
}

void detect_observe(struct detect *detect, const struct observation *batch, size_t count)
{
	ASSERT(count <= DETECT_BATCH_MAX);
	detect->engine.counters.observations += count;
	const uint8_t *weights = NULL;
	if (thin_is_on(&detect->engine.thin, count)) {
		count = choose(detect, batch, count);
		batch = detect->chosen;
		weights = detect->weights;
	} else {
		detect->engine.thin.seen += (uint32_t)count;
	}
	if (!(observe_run(detect, batch, weights, count, true) & TRAIT_TUNNELLED))
		return;
	/* A tunnel that ends nowhere near is a flood on whoever its outer header names. */
	size_t outer = 0;
	for (size_t i = 0; i < count; i++) {
		if (batch[i].traits & TRAIT_TUNNELLED)
			detect->outer[outer++] = observation_outer(&batch[i]);
	}
	(void)observe_run(detect, detect->outer, NULL, outer, false);
}

void detect_advance(struct detect *detect, int64_t now_wall_ns)
{
	struct engine *engine = &detect->engine;
	detect->has_clock = true;
	if (now_wall_ns > engine->now_ns)
		engine->now_ns = now_wall_ns;
	else if (now_wall_ns < engine->now_ns - LATE_NS)
		turn_back(detect, now_wall_ns);
	tick(detect);
}

const struct detect_counters *detect_counters_of(const struct detect *detect)
{
	return &detect->engine.counters;
}

size_t detect_top(const struct detect *detect, struct detect_talker *ret_talkers, size_t max)
{
	return hosts_top(detect->engine.flood, detect->engine.now_ns, ret_talkers, max);
}

size_t detect_senders(const struct detect *detect, const struct ip_prefix *target, struct ip_addr *ret_addrs, size_t max)
{
	return target->bits == 128 ? hosts_senders(detect->engine.flood, &target->addr, ret_addrs, max) : 0;
}

void detect_open(struct detect *detect, detect_sink *sink, void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		detectors[i]->open(detect->states[i], sink, arg);
}

uint64_t detect_memory_bytes(const struct detect *detect)
{
	uint64_t sum = sizeof(*detect) + detect->senders_bytes;
	if (detect->engine.baseline != NULL)
		sum += baseline_memory_bytes(detect->engine.baseline);
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		sum += detectors[i]->memory_bytes(detect->states[i]);
	return sum;
}

int detect_save(const struct detect *detect, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	if (detect->engine.baseline == NULL)
		return E_STATE;
	return baseline_save(detect->engine.baseline, ret_bytes, ret_length_bytes);
}

int detect_load(struct detect *detect, const uint8_t *bytes, size_t length_bytes)
{
	if (detect->engine.baseline == NULL)
		return E_STATE;
	return baseline_load(detect->engine.baseline, bytes, length_bytes);
}
