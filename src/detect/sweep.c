/*
 * One source and very many ends: scans, which ask (SYN, FIN, NULL, XMAS or
 * echo to address after address or port after port, mostly without an
 * answer), and backscatter, which answers (SYN-ACK, RST, ICMP errors to
 * addresses of ours that never asked, because somebody forged them).
 *
 * A fixed table of sources in sets of four; each has two bitmaps of 128 bits
 * for the addresses and ports it touched (linear counting, Whang et al. 1990).
 * A spoofed flood fills it with sources that send once: a new source takes
 * the place of the lightest with a probability that falls with its weight.
 */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "detect/classify.h"
#include "detect/engine.h"
#include "detect/hosts.h"
#include "detect/judge.h"

#define SWEEPER_WAYS 4
#define SWEEP_ENDS 80 /* addresses or ports from which on it is a sweep */
#define SWEEP_WINDOW_S 60
#define SWEEP_QUIET_S 60 /* over after so long */
#define SCAN_TRIES 4 /* asks for each address and port; one that repeats itself more than that is no scan */
#define COUNTED_ENDS_MAX 300 /* beyond, the bitmaps are too full to tell how many */
#define TICK_BUDGET 256 /* asks and answers per tick that are all looked at */
#define TICK_STEP 16 /* of more, one in so many up to TICK_STEP times the budget, then one in its square */
#define BITS 128

enum sweep_state {
	SWEEP_COUNTING = 0,
	SWEEP_SCAN,
	SWEEP_BACKSCATTER,
};

/** Two cache lines; finding one and choosing which makes room reads the first alone. */
struct sweeper {
	struct ip_addr addr;
	int64_t start_ns; /* of the present window */
	int64_t last_ns;
	uint32_t asks; /* 0 and answers 0: empty place */
	uint32_t answers;
	uint32_t answered; /* its asks that were answered */
	uint32_t asked; /* what it was asked itself */
	uint32_t bytes;
	uint8_t state; /* enum sweep_state */
	uint8_t last_vector;
	uint8_t protocol;
	bool is_sampled; /* asks and answers are more than those that were looked at */
	uint16_t last_port;
	_Alignas(64) uint64_t hosts[BITS / 64];
	uint64_t ports[BITS / 64];
	uint32_t class_packets[FLOW_CLASS_COUNT]; /* of its asks and answers */
	int64_t opened_ns;
};

_Static_assert(sizeof(struct sweeper) == 128 && offsetof(struct sweeper, hosts) == 64, "two cache lines");

/** What is looked at first of each sweeper, apart from it: 64 KiB of all of them stay in the caches, their megabyte does not. */
struct tag {
	uint32_t hash; /* bits of its address's hash */
	uint32_t weight; /* asks and answers; WEIGHT_KEPT: it makes no room */
};

#define WEIGHT_KEPT UINT32_MAX

struct sweep {
	struct engine *engine;
	struct sweeper *sweepers;
	struct tag *tags;
	uint64_t set_count; /* a power of two */
	uint64_t random;
	uint32_t next; /* where the tick goes on */
	uint32_t spent; /* asks and answers of this tick */
};

#define SWEEPER_BYTES (sizeof(struct sweeper) + sizeof(struct tag))

static void sweep_destroy(void *state)
{
	struct sweep *sweep = state;
	engine_release(sweep->sweepers, sweep->set_count * SWEEPER_WAYS * sizeof(struct sweeper));
	engine_release(sweep->tags, sweep->set_count * SWEEPER_WAYS * sizeof(struct tag));
	free(sweep);
}

static void *sweep_create(struct engine *engine, uint64_t memory_bytes)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	if (sweep == NULL)
		return NULL;
	sweep->engine = engine;
	sweep->random = engine->key.word[0] | 1;
	sweep->set_count = 16;
	while (sweep->set_count * 2 * SWEEPER_WAYS * SWEEPER_BYTES <= memory_bytes && sweep->set_count < 2048)
		sweep->set_count *= 2;
	sweep->sweepers = engine_reserve(sweep->set_count * SWEEPER_WAYS * sizeof(struct sweeper));
	sweep->tags = engine_reserve(sweep->set_count * SWEEPER_WAYS * sizeof(struct tag));
	if (sweep->sweepers == NULL || sweep->tags == NULL) {
		sweep_destroy(sweep);
		return NULL;
	}
	return sweep;
}

/** Number of the first sweeper of an address's set. */
static uint64_t set_of(const struct sweep *sweep, uint64_t hash)
{
	return (hash >> 8 & (sweep->set_count - 1)) * SWEEPER_WAYS;
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

static struct sweeper *sweeper_find(const struct sweep *sweep, const struct ip_addr *addr, uint64_t hash)
{
	uint64_t set = set_of(sweep, hash);
	for (unsigned i = 0; i < SWEEPER_WAYS; i++) {
		if (sweep->tags[set + i].hash != tag_of(hash))
			continue;
		struct sweeper *at = &sweep->sweepers[set + i];
		if (at->asks + at->answers > 0 && ip_equal(&at->addr, addr))
			return at;
	}
	return NULL;
}

static void weigh(struct sweep *sweep, const struct sweeper *at)
{
	uint64_t weight = (uint64_t)at->asks + at->answers;
	bool is_kept = at->state != SWEEP_COUNTING || weight >= WEIGHT_KEPT;
	sweep->tags[at - sweep->sweepers].weight = is_kept ? WEIGHT_KEPT : (uint32_t)weight;
}

/** The one of a set that makes room first; NULL: none does. */
static struct sweeper *lightest_of(const struct sweep *sweep, uint64_t set)
{
	uint64_t lightest = set;
	for (uint64_t i = set + 1; i < set + SWEEPER_WAYS; i++) {
		if (sweep->tags[i].weight < sweep->tags[lightest].weight)
			lightest = i;
	}
	return sweep->tags[lightest].weight == WEIGHT_KEPT ? NULL : &sweep->sweepers[lightest];
}

static struct sweeper *sweeper_place(struct sweep *sweep, const struct ip_addr *addr, uint64_t hash, int64_t now_ns)
{
	struct sweeper *lightest = lightest_of(sweep, set_of(sweep, hash));
	if (lightest == NULL)
		return NULL;
	struct tag *tag = &sweep->tags[lightest - sweep->sweepers];
	uint64_t weight = tag->weight;
	sweep->random = sweep->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	bool is_old = now_ns - lightest->last_ns > SWEEP_WINDOW_S * NS_PER_S;
	if (!is_old && (sweep->random >> 33) * (weight + 1) >= UINT64_C(1) << 31)
		return NULL;
	if (weight > 0)
		sweep->engine->counters.sources_evicted++;
	*lightest = (struct sweeper){.addr = *addr, .start_ns = now_ns, .last_ns = now_ns};
	*tag = (struct tag){.hash = tag_of(hash)};
	return lightest;
}

/** Whether an observation asks something of somebody who may not be there. */
static bool is_ask(const struct observation *obs, enum vector vector)
{
	if (obs->packets > 3)
		return false;
	switch ((unsigned)vector) {
	case VECTOR_SYN_FLOOD:
	case VECTOR_FIN_FLOOD:
	case VECTOR_NULL_FLOOD:
	case VECTOR_XMAS_FLOOD:
		return obs->protocol == PROTOCOL_TCP && !(vector == VECTOR_FIN_FLOOD && obs->tcp_flags & TCP_ACK);
	case VECTOR_ICMP_ECHO_FLOOD:
		return true;
	default:
		return false;
	}
}

static bool is_answer(const struct observation *obs, enum vector vector)
{
	if (obs->packets > 8)
		return false;
	return vector == VECTOR_SYNACK_REFLECTION || vector == VECTOR_RST_FLOOD || vector == VECTOR_ICMP_UNREACHABLE_FLOOD ||
		vector == VECTOR_ICMP_TIME_EXCEEDED_FLOOD;
}

static void set_bit(uint64_t bits[static BITS / 64], uint64_t hash)
{
	bits[hash / 64 % (BITS / 64)] |= UINT64_C(1) << hash % 64;
}

/** How many different keys set these bits; SWEEP_ENDS and more are told well, hundreds are a lower bound. */
static unsigned bits_estimate(const uint64_t bits[static BITS / 64])
{
	unsigned empty = 0;
	for (unsigned i = 0; i < BITS / 64; i++)
		empty += 64 - (unsigned)__builtin_popcountll(bits[i]);
	return empty == 0 ? 4 * BITS : (unsigned)(BITS * log((double)BITS / empty) + 0.5);
}

static uint32_t add_capped(uint32_t a, uint64_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

static void sweeper_add(struct sweep *sweep, const struct observation *obs, const struct mark *mark, bool asks)
{
	struct sweeper *at = sweeper_find(sweep, &obs->src, mark->src_hash);
	if (at == NULL)
		at = sweeper_place(sweep, &obs->src, mark->src_hash, mark->end_ns);
	if (at == NULL)
		return;
	if (at->state == SWEEP_COUNTING && mark->end_ns - at->start_ns > SWEEP_WINDOW_S * NS_PER_S)
		*at = (struct sweeper){.addr = obs->src, .start_ns = mark->end_ns};
	if (mark->end_ns > at->last_ns)
		at->last_ns = mark->end_ns;
	if (asks)
		at->asks = add_capped(at->asks, mark->packets);
	else
		at->answers = add_capped(at->answers, mark->packets);
	weigh(sweep, at);
	at->class_packets[mark->flow_class] = add_capped(at->class_packets[mark->flow_class], mark->packets);
	at->bytes = add_capped(at->bytes, mark->bytes);
	at->last_port = obs->dst_port;
	at->last_vector = mark->vector;
	at->protocol = obs->protocol;
	at->is_sampled = obs->sampling > 1;
	set_bit(at->hosts, mark->dst_hash >> 20);
	set_bit(at->ports, hash_mix(obs->dst_port + 1u, UINT64_C(0xd1b54a32d192ed03)) >> 7);
}

/** In the middle of a flood of SYNs a scan is one of the heavy sources, and a sample finds it. */
static bool is_sampled(struct sweep *sweep)
{
	uint32_t number = sweep->spent++;
	if (number < TICK_BUDGET)
		return true;
	return number % (number < TICK_BUDGET * TICK_STEP ? TICK_STEP : TICK_STEP * TICK_STEP) == 0;
}

static void observe_one(struct sweep *sweep, const struct observation *obs, const struct mark *mark)
{
	bool asks = is_ask(obs, (enum vector)mark->vector);
	sweeper_add(sweep, obs, mark, asks);
	struct sweeper *other = sweeper_find(sweep, &obs->dst, mark->dst_hash);
	if (other != NULL && asks)
		other->asked = add_capped(other->asked, mark->packets);
	else if (other != NULL && mark->vector == VECTOR_SYNACK_REFLECTION)
		other->answered = add_capped(other->answered, mark->packets);
}

/** First which are looked at, so that their places are on their way to the caches; then these. */
static void sweep_observe(void *state, const struct batch *batch)
{
	struct sweep *sweep = state;
	uint16_t chosen[DETECT_BATCH_MAX];
	size_t count = 0;
	for (size_t i = 0; i < batch->count; i++) {
		enum vector vector = (enum vector)batch->marks[i].vector;
		if (!(is_ask(&batch->obs[i], vector) || is_answer(&batch->obs[i], vector)) || !is_sampled(sweep))
			continue;
		const struct sweeper *lightest = lightest_of(sweep, set_of(sweep, batch->marks[i].src_hash));
		if (lightest != NULL) {
			__builtin_prefetch(lightest, 1);
			__builtin_prefetch(lightest->hosts, 1);
		}
		chosen[count++] = (uint16_t)i;
	}
	for (size_t i = 0; i < count; i++)
		observe_one(sweep, &batch->obs[chosen[i]], &batch->marks[chosen[i]]);
}

static void report_vector(const struct sweeper *at, struct finding *finding)
{
	struct finding_vector *vector = &finding->vectors[0];
	finding->vector_count = 1;
	bool is_scan = at->state == SWEEP_SCAN;
	bool is_tcp = at->protocol == PROTOCOL_TCP;
	enum sweep_vector scan = is_tcp ? SWEEP_TCP_SCAN : SWEEP_ICMP_SCAN;
	enum sweep_vector backscatter = is_tcp ? SWEEP_TCP_BACKSCATTER : SWEEP_ICMP_BACKSCATTER;
	snprintf(vector->name, sizeof(vector->name), "%s", sweep_vector_name(is_scan ? scan : backscatter));
	vector->protocol = at->protocol;
	vector->ip_version = ip_is_v4(&at->addr) ? 4 : 6;
	vector->packets_permille = vector->bytes_permille = 1000;
	vector->packets = finding->packets;
	vector->bytes = finding->bytes;
	vector->start_ms = finding->window_start_ms;
	vector->end_ms = finding->window_end_ms;
	vector->source_count = 1;
}

static void report(struct sweep *sweep, const struct sweeper *at, enum finding_phase phase, int64_t now_ns)
{
	struct finding *finding = &sweep->engine->scratch;
	unsigned hosts = bits_estimate(at->hosts), ports = bits_estimate(at->ports);
	memset(finding, 0, sizeof(*finding));
	snprintf(finding->sensor, sizeof(finding->sensor), "%s", sweep->engine->config.sensor);
	finding->kind = at->state == SWEEP_SCAN ? FINDING_SCAN : FINDING_BACKSCATTER;
	finding->phase = phase;
	finding->sequence = phase == FINDING_END;
	finding->target = (struct ip_prefix){.addr = at->addr, .bits = 128};
	finding->window_start_ms = at->start_ns / NS_PER_MS;
	finding->window_end_ms = at->last_ns / NS_PER_MS;
	finding->first_over_ms = at->opened_ns / NS_PER_MS;
	finding->told_ms = now_ns / NS_PER_MS;
	finding->packets = (uint64_t)at->asks + at->answers;
	finding->bytes = at->bytes;
	for (size_t class = 0; class < FLOW_CLASS_COUNT; class++)
		finding->class_packets[class] = at->class_packets[class];
	int64_t seconds = (at->last_ns - at->start_ns) / NS_PER_S + 1;
	finding->peak_pps = finding->packets / (uint64_t)seconds;
	finding->peak_bps = finding->bytes * 8 / (uint64_t)seconds;
	finding->sampling = 1;
	finding->target_count = hosts;
	finding->source_count = 1;
	finding->threshold_value = SWEEP_ENDS;
	snprintf(finding->threshold, sizeof(finding->threshold), "%s", hosts >= ports ? "sweep_addresses" : "sweep_ports");
	finding->confidence = at->state == SWEEP_SCAN ? 85 : 75;
	report_vector(at, finding);
	char addr[IP_TEXT_BYTES];
	if (at->state == SWEEP_SCAN)
		snprintf(finding->why, sizeof(finding->why), "%s tried about %u addresses and %u ports with %" PRIu32
			" probes, %" PRIu32 " of them answered", ip_write(&at->addr, addr), hosts, ports, at->asks, at->answered);
	else
		snprintf(finding->why, sizeof(finding->why), "%s sent %" PRIu32 " answers to about %u addresses that asked nothing: "
			"it is likely under attack with forged addresses", ip_write(&at->addr, addr), at->answers, hosts);
	finding_identify(finding);
}

/** Whether what it answers was asked: by connections seen here, or by a flood on it that is the finding then. */
static bool is_asked(const struct sweep *sweep, const struct sweeper *at)
{
	return (uint64_t)at->asked * 3 >= at->answers ||
		hosts_profile(sweep->engine->flood, &at->addr, engine_hash(sweep->engine, &at->addr)) != NULL;
}

/** Whether it goes on asking what it has asked: then it is after something else than who answers. */
static bool is_repeating(const struct sweeper *at, unsigned hosts, unsigned ports)
{
	return !at->is_sampled && hosts <= COUNTED_ENDS_MAX && ports <= COUNTED_ENDS_MAX && at->asks > hosts * ports * SCAN_TRIES;
}

static enum sweep_state state_of(const struct sweep *sweep, const struct sweeper *at)
{
	if (at->asks < SWEEP_ENDS && at->answers < SWEEP_ENDS)
		return SWEEP_COUNTING;
	unsigned hosts = bits_estimate(at->hosts), ports = bits_estimate(at->ports);
	if (at->asks >= SWEEP_ENDS && at->asks >= at->answers * 4) {
		int64_t elapsed_ms = (at->last_ns - at->start_ns) / NS_PER_MS + 1;
		/* Peer-to-peer programs try many addresses at as many ports; a scan varies one of the two. */
		bool is_one_sided = hosts > ports * 4 || ports > hosts * 4;
		bool is_mostly_unanswered = (uint64_t)at->answered * (is_one_sided ? 3 : 20) < at->asks;
		bool is_flood = hosts < 4 && (int64_t)at->asks * 1000 / elapsed_ms > JUDGE_SCAN_PPS_MAX;
		if (is_mostly_unanswered && !is_flood && !is_repeating(at, hosts, ports) && (hosts >= SWEEP_ENDS || ports >= SWEEP_ENDS))
			return SWEEP_SCAN;
	}
	if (at->answers >= SWEEP_ENDS && hosts >= SWEEP_ENDS && at->asks * 4 <= at->answers && !is_asked(sweep, at))
		return SWEEP_BACKSCATTER;
	return SWEEP_COUNTING;
}

bool sweep_is_scanner(const void *state, const struct ip_addr *addr)
{
	const struct sweep *sweep = state;
	const struct sweeper *at = sweeper_find(sweep, addr, engine_hash(sweep->engine, addr));
	return at != NULL && state_of(sweep, at) == SWEEP_SCAN;
}

static void sweeper_tick(struct sweep *sweep, struct sweeper *at, int64_t now_ns, bool is_last)
{
	if (at->asks + at->answers == 0)
		return;
	if (at->state == SWEEP_COUNTING) {
		at->state = (uint8_t)state_of(sweep, at);
		if (at->state == SWEEP_COUNTING)
			return;
		at->opened_ns = now_ns;
		weigh(sweep, at);
		report(sweep, at, FINDING_BEGIN, now_ns);
		engine_emit(sweep->engine);
	}
	if (!is_last && now_ns - at->last_ns < SWEEP_QUIET_S * NS_PER_S)
		return;
	report(sweep, at, FINDING_END, now_ns);
	engine_emit(sweep->engine);
	memset(at, 0, sizeof(*at));
	weigh(sweep, at);
}

/** A sixteenth of the table each tick: all of it in less than a second. */
static void sweep_tick(void *state, int64_t now_ns)
{
	struct sweep *sweep = state;
	uint32_t count = (uint32_t)(sweep->set_count * SWEEPER_WAYS);
	sweep->spent = 0;
	for (uint32_t i = 0; i < count / 16; i++) {
		if (sweep->tags[sweep->next].weight >= SWEEP_ENDS) /* of fewer nothing can be told */
			sweeper_tick(sweep, &sweep->sweepers[sweep->next], now_ns, false);
		sweep->next = (sweep->next + 1) % count;
	}
}

static void sweep_finish(void *state, int64_t now_ns)
{
	struct sweep *sweep = state;
	for (uint64_t i = 0; i < sweep->set_count * SWEEPER_WAYS; i++)
		sweeper_tick(sweep, &sweep->sweepers[i], now_ns, true);
}

static void sweep_open(void *state, detect_sink *sink, void *arg)
{
	struct sweep *sweep = state;
	for (uint64_t i = 0; i < sweep->set_count * SWEEPER_WAYS; i++) {
		if (sweep->sweepers[i].state == SWEEP_COUNTING)
			continue;
		report(sweep, &sweep->sweepers[i], FINDING_CHANGE, sweep->engine->now_ns);
		sink(arg, &sweep->engine->scratch);
	}
}

static uint64_t sweep_memory_bytes(const void *state)
{
	const struct sweep *sweep = state;
	return sizeof(*sweep) + sweep->set_count * SWEEPER_WAYS * SWEEPER_BYTES;
}

const struct detector detector_sweep = {
	.name = "sweep",
	.create = sweep_create,
	.observe = sweep_observe,
	.tick = sweep_tick,
	.finish = sweep_finish,
	.open = sweep_open,
	.memory_bytes = sweep_memory_bytes,
	.destroy = sweep_destroy,
	.memory_share = 1,
};
