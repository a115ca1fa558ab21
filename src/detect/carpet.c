/*
 * Carpet bombing: an attack spread over so many addresses of a prefix that
 * none of them is busy by itself. Traffic is counted per site, which is a /16
 * of IPv4 or a /48 of IPv6, in 256 parts (/24, /56), and each busy part again
 * in 256 (addresses; for IPv6 the last byte). A site that is busy as a whole
 * is watched like an address is; its finding names the smallest prefixes that
 * cover what was hit.
 *
 * A flood on one address is not a carpet: a site's finding opens only where
 * the attack is spread, and what single addresses explain is not counted.
 */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "detect/engine.h"
#include "detect/hosts.h"
#include "detect/judge.h"
#include "detect/watch.h"

#define PARTS 256
#define SITE_WAYS 4
#define BLOCKS_OF_SITE 8 /* busy parts whose addresses are counted */
#define SPREAD_HOSTS 6 /* fewer addresses are single floods */
#define TOLD_NS (10 * NS_PER_S) /* after its end a carpet still covers what its addresses have left */
#define MOVE_LOOK_NS NS_PER_S /* an open carpet is asked this often where it is, */
#define MOVE_FIRST_NS (NS_PER_S / 4) /* and for the first time after this */
#define MOVE_PACKETS_MIN 64
#define MOVE_PERMILLE 100 /* of the busiest part: from here on a part that was not hit before is a move */
#define COVER_PERMILLE 30 /* a part below this share of the site is noise */

/** Addresses of one busy part. */
struct block {
	uint32_t packets[PARTS];
	struct ip_addr first; /* IPv6: to find the bits that all addresses share */
	struct ip_addr differing; /* bits in which any address differs from the first */
};

/** A watched site. */
struct site_watch {
	uint64_t part_packets[PARTS]; /* since parts_ns */
	int64_t parts_ns;
	int64_t told_until_ns; /* until here a finding was open */
	uint64_t before_packets[PARTS]; /* part_packets at the last look */
	uint64_t recent_packets[PARTS]; /* what came between the last two looks */
	int64_t looked_ns;
	uint64_t told[PARTS / 64]; /* parts that the open finding has told of, by bit */
	struct ip_prefix told_target; /* of the last line of the open finding */
	uint64_t fresh[PARTS / 64]; /* others that were busy at the last look: told when they still are */
	uint8_t block_of_part[PARTS]; /* index + 1; 0: none */
	uint8_t block_count; /* blocks in use */
	struct block blocks[BLOCKS_OF_SITE];
	struct watch watch;
};

/** A site in the cold table: only its count of the present second. */
struct site {
	struct ip_addr base; /* masked address */
	uint32_t second; /* 0: empty */
	uint32_t watch; /* + 1 */
	uint64_t packets;
	uint64_t bytes;
};

struct carpet {
	struct engine *engine;
	struct watch_owner owner;
	struct site *sites;
	uint64_t set_count; /* a power of two */
	struct site_watch *watches;
	uint32_t watch_count;
	uint32_t used_count; /* watches 0..used_count-1 have been given to a site */
	uint64_t promote_packets;
	uint64_t promote_bytes;
	struct ip_addr last_base; /* the site of the observation before: most often the same */
	struct site *last_site; /* NULL: none */
	uint64_t bitmap[1024]; /* by hash of the base: which sites may be watched */
};

static uint8_t site_bits(const struct ip_addr *addr)
{
	return ip_is_v4(addr) ? 112 : 48;
}

static unsigned part_of(const struct ip_addr *addr)
{
	return ip_is_v4(addr) ? addr->bytes[14] : addr->bytes[6];
}

static void complete(void *state, struct watch *watch, struct finding *finding);
static bool has_grown(struct carpet *carpet, const struct site_watch *site);

static uint64_t eighth_or(uint64_t value, uint64_t least)
{
	return value / 8 > least ? value / 8 : least;
}

static void set_bar(struct carpet *carpet)
{
	const struct engine *engine = carpet->engine;
	carpet->promote_packets = carpet->promote_bytes = UINT64_MAX;
	for (size_t i = 0; i <= engine->config.network_count; i++) {
		const struct detect_threshold *t = i == 0 ? &engine->config.defaults : &engine->networks[i - 1];
		uint64_t packets = t->prefix_pps != 0 ? eighth_or(t->prefix_pps, 32) : UINT64_MAX;
		uint64_t bytes = t->prefix_bps != 0 ? eighth_or(t->prefix_bps / 8, 4096) : UINT64_MAX;
		if (packets < carpet->promote_packets)
			carpet->promote_packets = packets;
		if (bytes < carpet->promote_bytes)
			carpet->promote_bytes = bytes;
	}
	if (engine->config.offline)
		carpet->promote_packets = 64;
}

static void carpet_destroy(void *state)
{
	struct carpet *carpet = state;
	engine_release(carpet->sites, carpet->set_count * SITE_WAYS * sizeof(struct site));
	engine_release(carpet->watches, carpet->watch_count * sizeof(struct site_watch));
	free(carpet);
}

static void *carpet_create(struct engine *engine, uint64_t memory_bytes)
{
	struct carpet *carpet = calloc(1, sizeof(*carpet));
	if (carpet == NULL)
		return NULL;
	carpet->engine = engine;
	carpet->owner = (struct watch_owner){.engine = engine, .complete = complete, .state = carpet,
		.open_max = LIMIT_DETECT_OPEN_FINDINGS};
	uint64_t room = memory_bytes * 3 / 4 / sizeof(struct site_watch);
	carpet->watch_count = room > LIMIT_DETECT_WATCHES ? LIMIT_DETECT_WATCHES : (uint32_t)room;
	carpet->set_count = 64;
	while (carpet->set_count * 2 * SITE_WAYS * sizeof(struct site) <= memory_bytes / 4)
		carpet->set_count *= 2;
	carpet->sites = engine_reserve(carpet->set_count * SITE_WAYS * sizeof(struct site));
	carpet->watches = engine_reserve(carpet->watch_count * sizeof(struct site_watch));
	if (carpet->sites == NULL || carpet->watches == NULL) {
		carpet_destroy(carpet);
		return NULL;
	}
	set_bar(carpet);
	return carpet;
}

static struct site *site_find(const struct carpet *carpet, const struct ip_addr *base, uint64_t hash)
{
	struct site *set = &carpet->sites[(hash & (carpet->set_count - 1)) * SITE_WAYS];
	for (unsigned i = 0; i < SITE_WAYS; i++) {
		if (set[i].second != 0 && ip_equal(&set[i].base, base))
			return &set[i];
	}
	return NULL;
}

static struct site *site_place(struct carpet *carpet, const struct ip_addr *base, uint64_t hash, uint32_t second)
{
	struct site *site = site_find(carpet, base, hash);
	if (site != NULL)
		return site;
	struct site *set = &carpet->sites[(hash & (carpet->set_count - 1)) * SITE_WAYS];
	for (unsigned i = 0; i < SITE_WAYS; i++) {
		if (set[i].watch == 0 && (site == NULL || set[i].second < site->second))
			site = &set[i];
	}
	if (site != NULL)
		*site = (struct site){.base = *base, .second = second};
	return site;
}

static struct site_watch *watch_take(struct carpet *carpet, int64_t now_ns)
{
	if (carpet->used_count < carpet->watch_count)
		return &carpet->watches[carpet->used_count++];
	for (uint32_t i = 0; i < carpet->watch_count; i++) {
		struct site_watch *at = &carpet->watches[i];
		if (!watch_is_idle(&at->watch, now_ns))
			continue;
		if (carpet->engine->config.offline)
			watch_finish(&carpet->owner, &at->watch, now_ns);
		struct site *old = site_find(carpet, &at->watch.profile.end.addr, at->watch.profile.host_hash);
		if (old != NULL)
			*old = (struct site){.second = 0};
		return at;
	}
	return NULL;
}

static void promote(struct carpet *carpet, struct site *site)
{
	uint64_t hash = engine_hash(carpet->engine, &site->base);
	int64_t now_ns = carpet->engine->now_ns;
	struct site_watch *watch = watch_take(carpet, now_ns);
	if (watch == NULL) {
		carpet->engine->counters.watched_refused++;
		return;
	}
	memset(watch, 0, offsetof(struct site_watch, watch));
	struct ip_prefix end = {.addr = site->base, .bits = site_bits(&site->base)};
	watch_init(&watch->watch, WATCH_PREFIX, &end, hash, now_ns);
	watch->parts_ns = now_ns;
	site->watch = (uint32_t)(watch - carpet->watches) + 1;
	carpet->bitmap[hash >> 6 & 1023] |= UINT64_C(1) << (hash & 63);
	carpet->last_site = NULL;
}

/** The block that counts a part's addresses; made when the part holds a share worth it. */
static struct block *block_of(struct site_watch *site, unsigned part)
{
	unsigned index = site->block_of_part[part];
	if (index != 0)
		return &site->blocks[index - 1];
	if (site->block_count == BLOCKS_OF_SITE || site->part_packets[part] < 16)
		return NULL;
	struct block *block = &site->blocks[site->block_count++];
	site->block_of_part[part] = site->block_count;
	return block;
}

static void count_place(struct site_watch *site, const struct ip_addr *dst, const struct mark *mark)
{
	unsigned part = part_of(dst);
	uint64_t count = mark->packets * mark->weight;
	site->part_packets[part] += count;
	struct block *block = block_of(site, part);
	if (block == NULL)
		return;
	uint32_t *packets = &block->packets[dst->bytes[15]];
	*packets = count > UINT32_MAX - *packets ? UINT32_MAX : *packets + (uint32_t)count;
	if (ip_is_v4(dst))
		return;
	if (block->first.be64[0] == 0)
		block->first = *dst;
	block->differing.be64[0] |= block->first.be64[0] ^ dst->be64[0];
	block->differing.be64[1] |= block->first.be64[1] ^ dst->be64[1];
}

static struct site *site_of(struct carpet *carpet, const struct ip_addr *dst, uint32_t second)
{
	struct ip_addr base = engine_site(dst);
	if (carpet->last_site != NULL && ip_equal(&carpet->last_base, &base))
		return carpet->last_site;
	carpet->last_site = site_place(carpet, &base, engine_hash(carpet->engine, &base), second);
	carpet->last_base = base;
	return carpet->last_site;
}

static void observe_one(struct carpet *carpet, const struct observation *obs, const struct mark *mark, uint32_t second)
{
	struct site *site = site_of(carpet, &obs->dst, second);
	if (site == NULL)
		return;
	if (site->watch != 0) {
		struct site_watch *watch = &carpet->watches[site->watch - 1];
		profile_add(&watch->watch.profile, obs, mark, false);
		distinct_add(watch->watch.profile.all_hosts, DISTINCT_SMALL, mark->dst_hash);
		count_place(watch, &obs->dst, mark);
		return;
	}
	uint32_t keep_s = carpet->engine->config.offline ? 60 : 1;
	if (second - site->second >= keep_s) {
		site->second = second;
		site->packets = site->bytes = 0;
	}
	site->packets += mark->packets * mark->weight;
	site->bytes += mark->bytes * mark->weight;
	if (site->packets >= carpet->promote_packets || site->bytes >= carpet->promote_bytes)
		promote(carpet, site);
}

/** What a watched site itself sends. */
static void observe_back(struct carpet *carpet, const struct observation *obs, const struct mark *mark)
{
	struct ip_addr base = engine_site(&obs->src);
	uint64_t hash = engine_hash(carpet->engine, &base);
	if (!(carpet->bitmap[hash >> 6 & 1023] >> (hash & 63) & 1))
		return;
	struct site *site = site_find(carpet, &base, hash);
	if (site != NULL && site->watch != 0)
		profile_add_reverse(&carpet->watches[site->watch - 1].watch.profile, obs, mark, true);
}

static void carpet_observe(void *state, const struct batch *batch)
{
	struct carpet *carpet = state;
	uint32_t second = (uint32_t)(carpet->engine->now_ns / NS_PER_S) | 1u << 31;
	for (size_t i = 0; i < batch->count; i++) {
		enum direction direction = (enum direction)batch->marks[i].direction;
		if (direction == DIRECTION_IN || direction == DIRECTION_UNKNOWN)
			observe_one(carpet, &batch->obs[i], &batch->marks[i], second);
		if (carpet->used_count > 0 && direction != DIRECTION_IN && direction != DIRECTION_TRANSIT)
			observe_back(carpet, &batch->obs[i], &batch->marks[i]);
	}
}

static void forget_places(struct site_watch *site, int64_t now_ns)
{
	memset(site->part_packets, 0, sizeof(site->part_packets));
	memset(site->blocks, 0, sizeof(site->blocks));
	memset(site->block_of_part, 0, sizeof(site->block_of_part));
	memset(site->before_packets, 0, sizeof(site->before_packets));
	memset(site->recent_packets, 0, sizeof(site->recent_packets));
	memset(site->told, 0, sizeof(site->told));
	memset(site->fresh, 0, sizeof(site->fresh));
	site->block_count = 0;
	site->parts_ns = now_ns;
	site->looked_ns = now_ns;
}

/** Largest single part of the blocks' addresses, in permille of all that was counted in blocks. */
static unsigned largest_host_permille(const struct site_watch *site)
{
	uint64_t all = 0, largest = 0;
	for (unsigned i = 0; i < PARTS; i++)
		all += site->part_packets[i];
	for (unsigned b = 0; b < BLOCKS_OF_SITE; b++) {
		for (unsigned i = 0; i < PARTS; i++) {
			if (site->blocks[b].packets[i] > largest)
				largest = site->blocks[b].packets[i];
		}
	}
	return all >= 64 ? (unsigned)(largest * 1000 / all) : 1000;
}

static bool is_spread(const struct site_watch *site)
{
	uint64_t hosts = distinct_estimate(site->watch.profile.all_hosts, DISTINCT_SMALL);
	return hosts >= SPREAD_HOSTS && largest_host_permille(site) <= 400;
}

/** Parts of a site that hold at least a share of its heaviest, by bit. */
static void busy_parts(const uint64_t packets[static PARTS], unsigned permille, uint64_t ret_bits[static PARTS / 64])
{
	uint64_t heaviest = 0;
	memset(ret_bits, 0, PARTS / 64 * sizeof(*ret_bits));
	for (unsigned i = 0; i < PARTS; i++)
		heaviest = packets[i] > heaviest ? packets[i] : heaviest;
	for (unsigned i = 0; i < PARTS; i++) {
		if (packets[i] > 0 && packets[i] >= heaviest / 1000 * permille + heaviest % 1000 * permille / 1000)
			ret_bits[i / 64] |= UINT64_C(1) << i % 64;
	}
}

/**
 * Notes where an open carpet is now, and tells a change when it has gone where it was not: at two looks, so that noise is none, or
 * at one where it has grown within a part.
 */
static void follow(struct carpet *carpet, struct site_watch *site, int64_t now_ns)
{
	uint64_t busy[PARTS / 64], moved = 0;
	if (now_ns - site->looked_ns < MOVE_LOOK_NS)
		return;
	site->looked_ns = now_ns;
	for (unsigned i = 0; i < PARTS; i++) {
		site->recent_packets[i] = site->part_packets[i] - site->before_packets[i];
		site->before_packets[i] = site->part_packets[i];
	}
	busy_parts(site->recent_packets, MOVE_PERMILLE, busy);
	for (unsigned i = 0; i < PARTS / 64; i++) {
		uint64_t fresh = busy[i] & ~site->told[i], confirmed = fresh & site->fresh[i];
		site->fresh[i] = fresh;
		site->told[i] |= confirmed;
		moved |= confirmed;
	}
	if ((moved != 0 || has_grown(carpet, site)) && site->watch.is_over)
		watch_change(&carpet->owner, &site->watch, now_ns);
}

static void site_tick(struct carpet *carpet, struct site_watch *site, int64_t now_ns)
{
	bool was_open = site->watch.is_open;
	watch_tick(&carpet->owner, &site->watch, now_ns);
	if (!site->watch.is_open)
		return;
	site->told_until_ns = now_ns;
	if (!was_open) {
		busy_parts(site->part_packets, COVER_PERMILLE, site->told);
		memcpy(site->before_packets, site->part_packets, sizeof(site->before_packets));
		site->looked_ns = now_ns - MOVE_LOOK_NS + MOVE_FIRST_NS;
	}
	follow(carpet, site, now_ns);
}

static void carpet_tick(void *state, int64_t now_ns)
{
	struct carpet *carpet = state;
	for (uint32_t i = 0; i < carpet->used_count; i++) {
		struct site_watch *site = &carpet->watches[i];
		if (site->watch.profile.epoch_ns > site->parts_ns)
			forget_places(site, now_ns);
		if (site->watch.is_open || is_spread(site))
			site_tick(carpet, site, now_ns);
		else if (now_ns - site->watch.profile.epoch_ns > 3 * NS_PER_S && site->watch.profile.observations >= 400)
			profile_new_epoch(&site->watch.profile, now_ns);
	}
}

static void carpet_finish(void *state, int64_t now_ns)
{
	struct carpet *carpet = state;
	for (uint32_t i = 0; i < carpet->used_count; i++) {
		struct site_watch *site = &carpet->watches[i];
		uint64_t begun = carpet->engine->counters.findings_begun;
		bool was_open = site->watch.is_open;
		if (was_open || is_spread(site))
			watch_finish(&carpet->owner, &site->watch, now_ns);
		if (was_open || carpet->engine->counters.findings_begun > begun)
			site->told_until_ns = now_ns;
	}
}

static void carpet_open(void *state, detect_sink *sink, void *arg)
{
	struct carpet *carpet = state;
	for (uint32_t i = 0; i < carpet->used_count; i++) {
		struct watch *watch = &carpet->watches[i].watch;
		if (!watch->is_open)
			continue;
		watch_report(&carpet->owner, watch, FINDING_CHANGE, carpet->engine->now_ns);
		sink(arg, &carpet->engine->scratch);
	}
}

/** Whether most of a site's traffic is attack, though its finding is not open yet. */
static bool is_attacked(const struct carpet *carpet, const struct site_watch *site)
{
	struct judge_context context = watch_context(&carpet->owner, &site->watch, carpet->engine->now_ns);
	struct verdict verdict;
	judge(&site->watch.profile, &context, &verdict);
	return verdict.attack_packets * 10 >= verdict.packets * 6;
}

bool carpet_covers(const void *state, const struct profile *host)
{
	const struct carpet *carpet = state;
	struct ip_addr base = engine_site(&host->end.addr);
	const struct site *site = site_find(carpet, &base, engine_hash(carpet->engine, &base));
	if (site == NULL || site->watch == 0)
		return false;
	const struct site_watch *watch = &carpet->watches[site->watch - 1];
	int64_t now_ns = carpet->engine->now_ns;
	uint64_t host_pps = rates_second(&host->rates, now_ns).pps, site_pps = rates_second(&watch->watch.profile.rates, now_ns).pps;
	if (host_pps * 4 > site_pps)
		return false;
	if (watch->watch.is_open || (watch->told_until_ns != 0 && now_ns - watch->told_until_ns < TOLD_NS))
		return true;
	return is_spread(watch) && is_attacked(carpet, watch);
}

static uint64_t carpet_memory_bytes(const void *state)
{
	const struct carpet *carpet = state;
	return sizeof(*carpet) + carpet->set_count * SITE_WAYS * sizeof(struct site) +
		carpet->watch_count * sizeof(struct site_watch);
}

/** Weights of the 256 children of a node, and where prefixes found below it go. */
struct cover {
	uint64_t weights[PARTS];
	uint64_t floor; /* lighter children are noise */
	struct ip_addr base;
	unsigned byte; /* of the address that the children number */
	struct finding *finding;
};

static void cover_add(struct cover *cover, unsigned first, unsigned width)
{
	struct finding *finding = cover->finding;
	if (finding->prefix_count == FINDING_PREFIXES_MAX)
		return;
	struct ip_prefix *prefix = &finding->prefixes[finding->prefix_count++];
	prefix->addr = cover->base;
	prefix->addr.bytes[cover->byte] = (uint8_t)first;
	prefix->bits = (uint8_t)(cover->byte * 8 + 8 - (unsigned)__builtin_ctz(width));
}

/**
 * The smallest prefixes over children first..first+width-1: a range of which at least half is hit is one prefix,
 * another is looked at by halves. Depth is at most eight.
 */
static void cover_range(struct cover *cover, unsigned first, unsigned width)
{
	unsigned hit = 0;
	for (unsigned i = first; i < first + width; i++)
		hit += cover->weights[i] > cover->floor;
	if (hit == 0)
		return;
	unsigned low = 0, high = 0;
	for (unsigned i = 0; i < width / 2; i++) {
		low += cover->weights[first + i] > cover->floor;
		high += cover->weights[first + width / 2 + i] > cover->floor;
	}
	bool is_full = hit * 2 >= width && (width == 1 || (low > 0 && high > 0));
	if (is_full) {
		cover_add(cover, first, width);
		return;
	}
	cover_range(cover, first, width / 2);
	cover_range(cover, first + width / 2, width / 2);
}

static void cover_block(const struct site_watch *site, unsigned part, struct finding *finding)
{
	unsigned index = site->block_of_part[part];
	const struct block *block = index != 0 ? &site->blocks[index - 1] : NULL;
	bool is_v4 = ip_is_v4(&site->watch.profile.end.addr);
	struct cover cover = {.base = site->watch.profile.end.addr, .byte = is_v4 ? 14 : 6, .finding = finding};
	if (block == NULL) {
		cover_add(&cover, part, 1);
		return;
	}
	cover.base.bytes[cover.byte] = (uint8_t)part;
	if (is_v4) {
		uint64_t heaviest = 0;
		for (unsigned i = 0; i < PARTS; i++) {
			cover.weights[i] = block->packets[i];
			heaviest = cover.weights[i] > heaviest ? cover.weights[i] : heaviest;
		}
		cover.byte = 15;
		cover.floor = heaviest / 8;
		cover_range(&cover, 0, PARTS);
		return;
	}
	unsigned shared = block->differing.be64[0] != 0 ? (unsigned)__builtin_clzll(__builtin_bswap64(block->differing.be64[0]))
			: block->differing.be64[1] != 0 ? 64u + (unsigned)__builtin_clzll(__builtin_bswap64(block->differing.be64[1]))
							: 128u;
	if (finding->prefix_count < FINDING_PREFIXES_MAX) {
		struct ip_prefix *prefix = &finding->prefixes[finding->prefix_count++];
		prefix->addr = ip_masked(&block->first, (uint8_t)shared);
		prefix->bits = (uint8_t)shared;
	}
}

/** The smallest prefix that covers all of a finding's prefixes. */
static struct ip_prefix common_prefix(const struct finding *finding)
{
	struct ip_prefix common = finding->prefixes[0];
	for (size_t i = 1; i < finding->prefix_count; i++) {
		while (common.bits > 0 && !ip_prefix_covers(&common, &finding->prefixes[i].addr)) {
			common.bits--;
			common.addr = ip_masked(&common.addr, common.bits);
		}
	}
	return common;
}

/** The prefixes that were hit, the smallest that cover; the target is the one that covers them all. */
static void locate(const struct site_watch *site, struct finding *finding)
{
	bool is_v4 = ip_is_v4(&site->watch.profile.end.addr);
	struct cover cover = {.base = site->watch.profile.end.addr, .byte = is_v4 ? 14 : 6, .finding = finding};
	uint64_t heaviest = 0, recent = 0;
	unsigned busy = 0, only = 0;
	for (unsigned i = 0; i < PARTS; i++)
		recent += site->recent_packets[i];
	/* A change tells where it is now, the end where it has been. */
	bool is_now = finding->phase == FINDING_CHANGE && recent >= MOVE_PACKETS_MIN;
	for (unsigned i = 0; i < PARTS; i++) {
		cover.weights[i] = is_now ? site->recent_packets[i] : site->part_packets[i];
		heaviest = cover.weights[i] > heaviest ? cover.weights[i] : heaviest;
	}
	cover.floor = heaviest * COVER_PERMILLE / 1000;
	for (unsigned i = 0; i < PARTS; i++) {
		if (cover.weights[i] > cover.floor) {
			busy++;
			only = i;
		}
	}
	if (busy == 1)
		cover_block(site, only, finding);
	else
		cover_range(&cover, 0, PARTS);
	if (finding->prefix_count > 0)
		finding->target = common_prefix(finding);
}

/** Whether an open carpet within one part covers more of it than was told: what is hit in order is found before all of it is. */
static bool has_grown(struct carpet *carpet, const struct site_watch *site)
{
	struct finding *finding = &carpet->engine->scratch;
	finding->phase = FINDING_CHANGE;
	finding->prefix_count = 0;
	locate(site, finding);
	const struct ip_prefix *now = &finding->target, *told = &site->told_target;
	return finding->prefix_count > 0 && now->bits >= site_bits(&now->addr) + 8 && now->bits < told->bits &&
		ip_prefix_covers(now, &told->addr);
}

static void complete(void *state, struct watch *watch, struct finding *finding)
{
	(void)state;
	struct site_watch *site = (struct site_watch *)(void *)((char *)watch - offsetof(struct site_watch, watch));
	locate(site, finding);
	uint64_t hosts = distinct_estimate(watch->profile.all_hosts, DISTINCT_SMALL);
	finding->target_count = hosts > UINT32_MAX ? UINT32_MAX : (uint32_t)hosts;
	site->told_target = finding->target;
}

const struct detector detector_carpet = {
	.name = "carpet",
	.create = carpet_create,
	.observe = carpet_observe,
	.tick = carpet_tick,
	.finish = carpet_finish,
	.open = carpet_open,
	.memory_bytes = carpet_memory_bytes,
	.destroy = carpet_destroy,
	.memory_share = 3,
};
