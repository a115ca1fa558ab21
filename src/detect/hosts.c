/*
 * Single addresses under watch, and two detectors made of it: floods on an
 * address, and attacks that one of ours sends.
 *
 * The path of a packet: one look into the cold table for the address that is
 * profiled; if it is watched, its profile is filled; if it has become busy,
 * it gets one. One look into a small bitmap for the other address: a packet
 * that a watched address sent counts as its answer.
 *
 * Profiles are a pool. When all are in use the idle ones are given away, and
 * if none is idle the bar for promotion rises until things calm down: a
 * thousand busy addresses at once are a carpet, which its own detector tells.
 */
#include "detect/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "detect/earlier.h"
#include "detect/targets.h"
#include "detect/watch.h"

#define WATCH_BITMAP_BITS 65536 /* by hash: which addresses may be watched */

struct hosts {
	struct engine *engine;
	enum watch_role role;
	struct watch_owner owner;
	struct targets targets;
	struct watch *watches;
	uint32_t watch_count;
	uint32_t used_count;
	uint32_t *order; /* numbers of all watches: those in use first */
	uint64_t promote_packets; /* bar, at rest */
	uint64_t promote_bytes;
	unsigned bar_shift; /* bar is raised by so many doublings */
	int64_t bar_ns; /* last change */
	uint64_t bitmap[WATCH_BITMAP_BITS / 64];
	struct earlier *earlier; /* files only, else NULL */
	uint32_t index_mask;
	uint32_t *index; /* hash to watch + 1, linear probing; twice as many places as watches */
};

static uint64_t smallest(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/** The bar: an eighth of the lowest threshold that any address has. */
static void set_bar(struct hosts *hosts)
{
	const struct engine *engine = hosts->engine;
	uint64_t pps = 0, bps = 0;
	for (size_t i = 0; i <= engine->config.network_count; i++) {
		const struct detect_threshold *t = i == 0 ? &engine->config.defaults : &engine->networks[i - 1];
		if (hosts->role == WATCH_SENDER) {
			pps = smallest(pps, t->outbound_pps);
			continue;
		}
		pps = smallest(smallest(pps, t->host_pps), smallest(t->host_tcp_pps, t->host_udp_pps));
		pps = smallest(pps, smallest(t->host_icmp_pps, t->host_syn_pps));
		bps = smallest(bps, t->host_bps);
	}
	if (engine->baseline != NULL)
		pps = smallest(pps, BASELINE_FLOOR_PPS);
	hosts->promote_packets = pps / 8 > 16 ? pps / 8 : 16;
	hosts->promote_bytes = bps / 64 > 4096 ? bps / 64 : 4096;
	if (engine->config.offline) {
		hosts->promote_packets = 16;
		hosts->promote_bytes = UINT64_MAX;
	} else if (bps == 0) {
		hosts->promote_bytes = UINT64_MAX;
	}
}

static void hosts_destroy(void *state)
{
	struct hosts *hosts = state;
	targets_done(&hosts->targets);
	earlier_free(hosts->earlier);
	engine_release(hosts->watches, hosts->watch_count * sizeof(struct watch));
	free(hosts->order);
	free(hosts->index);
	free(hosts);
}

static struct hosts *create(struct engine *engine, enum watch_role role, uint64_t memory_bytes)
{
	struct hosts *hosts = calloc(1, sizeof(*hosts));
	if (hosts == NULL)
		return NULL;
	hosts->engine = engine;
	hosts->role = role;
	hosts->owner = (struct watch_owner){.engine = engine, .state = hosts, .open_max = LIMIT_DETECT_OPEN_FINDINGS};
	if (engine->config.offline && role == WATCH_TARGET && memory_bytes / 4 > earlier_memory_bytes())
		hosts->earlier = earlier_new();
	if (hosts->earlier != NULL)
		memory_bytes -= earlier_memory_bytes();
	uint64_t room = memory_bytes * 3 / 4 / (sizeof(struct watch) + 2 * sizeof(uint32_t));
	hosts->watch_count = room > LIMIT_DETECT_WATCHES ? LIMIT_DETECT_WATCHES : (uint32_t)room;
	uint32_t places = 2;
	while (places < hosts->watch_count * 2)
		places *= 2;
	hosts->index_mask = places - 1;
	hosts->index = calloc(places, sizeof(*hosts->index));
	hosts->order = calloc(hosts->watch_count + 1, sizeof(*hosts->order));
	hosts->watches = engine_reserve(hosts->watch_count * sizeof(struct watch));
	if (hosts->order == NULL || hosts->index == NULL || hosts->watches == NULL ||
		!targets_init(&hosts->targets, memory_bytes / 4)) {
		hosts_destroy(hosts);
		return NULL;
	}
	for (uint32_t i = 0; i < hosts->watch_count; i++)
		hosts->order[i] = i;
	set_bar(hosts);
	return hosts;
}

static uint32_t index_home(const struct hosts *hosts, uint64_t hash)
{
	return (uint32_t)(hash >> 16) & hosts->index_mask;
}

static struct watch *index_find(const struct hosts *hosts, const struct ip_addr *addr, uint64_t hash)
{
	unsigned bit = (unsigned)(hash % WATCH_BITMAP_BITS);
	if (!(hosts->bitmap[bit / 64] >> bit % 64 & 1))
		return NULL;
	for (uint32_t at = index_home(hosts, hash); hosts->index[at] != 0; at = (at + 1) & hosts->index_mask) {
		struct watch *watch = &hosts->watches[hosts->index[at] - 1];
		if (ip_equal(&watch->profile.end.addr, addr))
			return watch;
	}
	return NULL;
}

static void index_add(struct hosts *hosts, uint32_t number, uint64_t hash)
{
	unsigned bit = (unsigned)(hash % WATCH_BITMAP_BITS);
	hosts->bitmap[bit / 64] |= UINT64_C(1) << bit % 64;
	uint32_t at = index_home(hosts, hash);
	while (hosts->index[at] != 0)
		at = (at + 1) & hosts->index_mask;
	hosts->index[at] = number + 1;
}

/** After watches were given back: all anew, which is cheap because it is rare. */
static void index_rebuild(struct hosts *hosts)
{
	memset(hosts->index, 0, (hosts->index_mask + 1) * sizeof(*hosts->index));
	memset(hosts->bitmap, 0, sizeof(hosts->bitmap));
	for (uint32_t i = 0; i < hosts->used_count; i++)
		index_add(hosts, hosts->order[i], hosts->watches[hosts->order[i]].profile.host_hash);
}

/** Gives back all idle watches; true if there were any. */
static bool give_back(struct hosts *hosts, int64_t now_ns)
{
	uint32_t before = hosts->used_count;
	for (uint32_t i = before; i-- > 0;) {
		uint32_t number = hosts->order[i];
		struct watch *watch = &hosts->watches[number];
		if (!watch_is_idle(watch, now_ns))
			continue;
		const struct profile *profile = &watch->profile;
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): used_count is 0 until there are watches */
		uint64_t row = targets_row(&hosts->engine->key, &profile->end.addr);
		struct target target = targets_find(targets_key(&hosts->targets, row, profile->host_hash));
		if (hosts->engine->config.offline)
			watch_finish(&hosts->owner, watch, now_ns);
		if (target.set != NULL)
			target_clear(target);
		hosts->used_count--;
		hosts->order[i] = hosts->order[hosts->used_count];
		hosts->order[hosts->used_count] = number;
	}
	if (before == hosts->used_count)
		return false;
	thin_forget(&hosts->engine->thin);
	index_rebuild(hosts);
	return true;
}

/** All watches are in use: idle ones go, or the bar rises. At most ten times a second. */
static void make_room(struct hosts *hosts, int64_t now_ns)
{
	if (now_ns - hosts->bar_ns < 100 * NS_PER_MS)
		return;
	hosts->bar_ns = now_ns;
	if (!give_back(hosts, now_ns) && hosts->bar_shift < 10)
		hosts->bar_shift++;
}

/** The part of an observation that falls into one second: what the cold table counts. */
static uint64_t per_second(uint64_t amount, const struct mark *mark)
{
	int64_t span = mark->end_ns - mark->start_ns;
	return span > NS_PER_S ? (uint64_t)((unsigned __int128)amount * (uint64_t)NS_PER_S / (uint64_t)span) : amount;
}

static __attribute__((noinline)) struct watch *promote(struct hosts *hosts, struct target target,
	const struct ip_addr *addr, uint64_t hash, const struct mark *mark)
{
	int64_t now_ns = hosts->engine->now_ns;
	if (hosts->used_count == hosts->watch_count)
		make_room(hosts, now_ns);
	if (hosts->used_count == hosts->watch_count) {
		hosts->engine->counters.watched_refused++;
		return NULL;
	}
	uint32_t number = hosts->order[hosts->used_count++];
	struct watch *watch = &hosts->watches[number];
	struct ip_prefix end = {.addr = *addr, .bits = 128};
	watch_init(watch, hosts->role, &end, hash, now_ns);
	target.set->states[target.way] = number + 1;
	index_add(hosts, number, hash);
	if (hosts->earlier != NULL)
		earlier_tell(hosts->earlier, &watch->profile);
	/* What the cold table counted before this observation belongs to the rise that begins. */
	uint64_t packets = per_second(mark->packets * mark->weight, mark), bytes = per_second(mark->bytes * mark->weight, mark);
	uint64_t counted = target.set->packets[target.way], counted_bytes = (uint64_t)target.set->bytes_128[target.way] * 128;
	rates_add(&watch->profile.rates, now_ns, now_ns, counted > packets ? counted - packets : 0,
		counted_bytes > bytes ? counted_bytes - bytes : 0);
	return watch;
}

/** What is the same for all of a batch. */
struct turn {
	enum watch_role role;
	uint32_t second; /* with TARGET_SECOND */
	uint32_t keep_s;
	uint64_t bar_packets;
	uint64_t bar_bytes;
};

static inline uint64_t doubled(uint64_t value, unsigned times)
{
	return value > UINT64_MAX >> times ? UINT64_MAX : value << times;
}

/** The watch of an address, from now on if it has become busy just now; NULL: it is not worth one. */
static inline struct watch *watch_of(struct hosts *hosts, const struct turn *turn, struct target target,
	const struct ip_addr *addr, uint64_t hash, const struct mark *mark)
{
	if (target_is_watched(target)) {
		struct watch *watch = &hosts->watches[target.set->states[target.way] - 1];
		return ip_equal(&watch->profile.end.addr, addr) ? watch : NULL;
	}
	bool is_busy = target.set->packets[target.way] >= turn->bar_packets ||
		(uint64_t)target.set->bytes_128[target.way] * 128 >= turn->bar_bytes;
	return is_busy ? promote(hosts, target, addr, hash, mark) : NULL;
}

static inline __attribute__((always_inline)) void observe_one(struct hosts *hosts, const struct turn *turn,
	const struct observation *obs, const struct mark *mark)
{
	bool is_sender = turn->role == WATCH_SENDER;
	const struct ip_addr *addr = is_sender ? &obs->src : &obs->dst;
	uint64_t hash = is_sender ? mark->src_hash : mark->dst_hash;
	uint64_t row = is_sender ? targets_row(&hosts->engine->key, addr) : mark->dst_row;
	struct target target = targets_add(&hosts->targets, targets_key(&hosts->targets, row, hash), turn->second, turn->keep_s,
		per_second(mark->packets * mark->weight, mark), per_second(mark->bytes * mark->weight, mark));
	if (target.set == NULL)
		return;
	struct watch *watch = watch_of(hosts, turn, target, addr, hash, mark);
	if (watch == NULL)
		return;
	profile_add(&watch->profile, obs, mark, is_sender);
	if (!is_sender && obs->protocol == PROTOCOL_TCP && hosts->engine->senders != NULL)
		senders_note(hosts->engine->senders, hash, obs, mark,
			watch->profile.is_of_connections && profile_is_whole(&watch->profile, mark) ? 1 : mark->weight);
	if (mark->weight > 1 && !is_sender)
		thin_note(&hosts->engine->thin, addr, &watch->profile, hosts->engine->now_ns);
}

static void observe_back(struct hosts *hosts, bool is_sender, const struct observation *obs, const struct mark *mark)
{
	struct watch *back = index_find(hosts, is_sender ? &obs->dst : &obs->src, is_sender ? mark->dst_hash : mark->src_hash);
	if (back == NULL) {
		if (hosts->earlier != NULL)
			earlier_note(hosts->earlier, obs, mark);
		return;
	}
	profile_add_reverse(&back->profile, obs, mark, !is_sender);
	struct engine *engine = hosts->engine;
	if (!is_sender && obs->protocol == PROTOCOL_TCP && engine->senders != NULL)
		senders_note_answer(engine->senders, back->profile.host_hash, obs, mark);
	answers_note(&engine->answers, answers_hash(&engine->key, &back->profile.end.addr, hosts->role), engine->now_ns);
}

#define DIRECTION_BIT(direction) (1u << (direction))

/** The body of both detectors' observe; role is a constant where it is called, so that it costs nothing to ask for it. */
static inline __attribute__((always_inline)) void observe_as(struct hosts *hosts, enum watch_role role, const struct batch *batch)
{
	const unsigned forth = role == WATCH_SENDER
		? DIRECTION_BIT(DIRECTION_OUT)
		: DIRECTION_BIT(DIRECTION_IN) | DIRECTION_BIT(DIRECTION_UNKNOWN) | DIRECTION_BIT(DIRECTION_INSIDE);
	/* The other end of an observation can be a watched one: only ends of ours are, where it is known who is ours. */
	const unsigned back = ~(DIRECTION_BIT(DIRECTION_TRANSIT) |
		DIRECTION_BIT(role == WATCH_SENDER ? DIRECTION_OUT : DIRECTION_IN));
	const bool looks_back = hosts->used_count > 0 || hosts->earlier != NULL;
	if (!(batch->directions & (forth | (looks_back ? back : 0))))
		return;
	const struct turn turn = {
		.role = role,
		.second = (uint32_t)(hosts->engine->now_ns / NS_PER_S) | TARGET_SECOND,
		.keep_s = hosts->engine->config.offline ? 60 : 1,
		.bar_packets = doubled(hosts->promote_packets, hosts->bar_shift),
		.bar_bytes = doubled(hosts->promote_bytes, hosts->bar_shift),
	};
	for (size_t i = 0; i < batch->count; i++) {
		unsigned direction = DIRECTION_BIT(batch->marks[i].direction);
		if (direction & forth)
			observe_one(hosts, &turn, &batch->obs[i], &batch->marks[i]);
		if (direction & back && (looks_back || hosts->used_count > 0))
			observe_back(hosts, role == WATCH_SENDER, &batch->obs[i], &batch->marks[i]);
	}
	hosts->engine->counters.targets_evicted += hosts->targets.evicted;
	hosts->targets.evicted = 0;
}

static void flood_observe(void *state, const struct batch *batch)
{
	observe_as(state, WATCH_TARGET, batch);
}

static void outbound_observe(void *state, const struct batch *batch)
{
	struct hosts *hosts = state;
	if (intel_has_networks(hosts->engine->intel)) /* else nobody is ours */
		observe_as(hosts, WATCH_SENDER, batch);
}

static void hosts_tick(void *state, int64_t now_ns)
{
	struct hosts *hosts = state;
	for (uint32_t i = 0; i < hosts->used_count; i++)
		watch_tick(&hosts->owner, &hosts->watches[hosts->order[i]], now_ns);
	if (hosts->bar_shift > 0 && now_ns - hosts->bar_ns > NS_PER_S && hosts->used_count < hosts->watch_count) {
		hosts->bar_shift--;
		hosts->bar_ns = now_ns;
	}
}

static void hosts_finish(void *state, int64_t now_ns)
{
	struct hosts *hosts = state;
	for (uint32_t i = 0; i < hosts->used_count; i++)
		watch_finish(&hosts->owner, &hosts->watches[hosts->order[i]], now_ns);
}

static void hosts_open(void *state, detect_sink *sink, void *arg)
{
	struct hosts *hosts = state;
	for (uint32_t i = 0; i < hosts->used_count; i++) {
		struct watch *watch = &hosts->watches[hosts->order[i]];
		if (!watch->is_open)
			continue;
		watch_report(&hosts->owner, watch, FINDING_CHANGE, hosts->engine->now_ns);
		sink(arg, &hosts->engine->scratch);
	}
}

void hosts_prefetch(const void *state, uint64_t row)
{
	const struct hosts *hosts = state;
	__builtin_prefetch(targets_key(&hosts->targets, row, 0).set, 1);
}

static uint64_t hosts_memory_bytes(const void *state)
{
	const struct hosts *hosts = state;
	return sizeof(*hosts) + targets_memory_bytes(&hosts->targets) + hosts->watch_count * sizeof(struct watch) +
		(hosts->index_mask + 1) * sizeof(*hosts->index) + (hosts->earlier != NULL ? earlier_memory_bytes() : 0);
}

size_t hosts_top(const void *state, int64_t now_ns, struct detect_talker *ret_talkers, size_t max)
{
	const struct hosts *hosts = state;
	size_t count = 0;
	for (uint32_t i = 0; i < hosts->used_count && max > 0; i++) {
		const struct watch *watch = &hosts->watches[hosts->order[i]];
		struct rate rate = rates_second(&watch->profile.rates, now_ns);
		if (rate.pps == 0)
			continue;
		size_t at = count;
		if (count < max)
			count++;
		else if (ret_talkers[--at].pps >= rate.pps)
			continue;
		for (; at > 0 && ret_talkers[at - 1].pps < rate.pps; at--)
			ret_talkers[at] = ret_talkers[at - 1];
		ret_talkers[at] = (struct detect_talker){watch->profile.end.addr, rate.pps, rate.bps,
			watch->is_open && watch->kind != FINDING_FLASH_CROWD};
	}
	return count;
}

const struct profile *hosts_profile(const void *state, const struct ip_addr *addr, uint64_t hash)
{
	const struct hosts *hosts = state;
	const struct watch *watch = index_find(hosts, addr, hash);
	return watch != NULL ? &watch->profile : NULL;
}

size_t hosts_senders(const void *state, const struct ip_addr *addr, struct ip_addr *ret_addrs, size_t max)
{
	const struct hosts *hosts = state;
	const struct engine *engine = hosts->engine;
	const struct watch *watch = index_find(hosts, addr, engine_hash(engine, addr));
	if (engine->senders == NULL || watch == NULL || !watch->is_open || watch->kind != FINDING_FLOOD)
		return 0;
	struct judge_context context = watch_context(&hosts->owner, watch, engine->now_ns);
	struct verdict verdict;
	judge(&watch->profile, &context, &verdict);
	if (!senders_concern(&verdict))
		verdict = watch->verdict; /* as it was told last: a lull proves nobody innocent */
	const struct senders_question question = {
		.profile = &watch->profile,
		.verdict = &verdict,
		.intel = engine->intel,
		.now_ns = engine->now_ns,
		.sees_answers = context.sees_answers || watch->profile.reverse.packets > 0,
	};
	return senders_name(engine->senders, &question, ret_addrs, max);
}

static void *flood_create(struct engine *engine, uint64_t memory_bytes)
{
	return create(engine, WATCH_TARGET, memory_bytes);
}

static void *outbound_create(struct engine *engine, uint64_t memory_bytes)
{
	return create(engine, WATCH_SENDER, memory_bytes);
}

const struct detector detector_flood = {
	.name = "flood",
	.create = flood_create,
	.observe = flood_observe,
	.tick = hosts_tick,
	.finish = hosts_finish,
	.open = hosts_open,
	.memory_bytes = hosts_memory_bytes,
	.destroy = hosts_destroy,
	.memory_share = 10,
};

/* An attack that one of our addresses sends: the same evidence with the ends exchanged. */
const struct detector detector_outbound = {
	.name = "outbound",
	.create = outbound_create,
	.observe = outbound_observe,
	.tick = hosts_tick,
	.finish = hosts_finish,
	.open = hosts_open,
	.memory_bytes = hosts_memory_bytes,
	.destroy = hosts_destroy,
	.memory_share = 2,
};
