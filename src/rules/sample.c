/*
 * The header sample. Time is cut into slices. The latest two are fresh: each
 * has sixteen reservoirs, one for each sixteenth of all destinations by a
 * hash under a drawn key, and keeps of each what fits, by chance in
 * proportion to weight (Chao, "A general purpose unequal probability sampling
 * plan", Biometrika 1982). A slice that is no longer fresh is thinned to a
 * sixteenth and stands in a ring, where the next round overwrites it.
 *
 * Of a reservoir the sum of all weights is kept; each packet that is kept
 * stands for an equal part of it.
 *
 * Memory: 80 bytes for each packet that is kept, all of it taken at the start.
 * What is forgotten is wiped.
 */
#include "rules/sample.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/random.h"
#include "rules/evaluate.h"

#define GROUPS 16
#define FRESH_RATIO 16
#define FRESH_SLICES 2
#define NO_SLICE INT64_MIN
#define SLICE_NS_MIN INT64_C(1000000)

struct entry {
	struct packet_facts facts;
	int64_t time_ns;
};

struct group {
	double packets; /* sum of all weights */
	uint32_t count; /* entries used */
};

struct slice {
	int64_t number; /* time by slice_ns; NO_SLICE: empty */
	struct group groups[GROUPS];
	struct entry *entries; /* GROUPS times per_group, of the one store */
	uint32_t per_group;
};

struct sample {
	struct sample_config config;
	struct hash_key key;
	struct random rng;
	int64_t first_ns; /* the first packet ever; INT64_MAX: none */
	int64_t last_ns; /* the latest time heard of */
	uint64_t late;
	size_t store_bytes;
	struct entry *store;
	struct slice fresh[FRESH_SLICES]; /* by number modulo */
	struct slice old[]; /* likewise, slice_count of them */
};

static uint32_t per_group(const struct sample_config *config)
{
	return (config->slice_packets + GROUPS - 1) / GROUPS;
}

static size_t store_entries(const struct sample_config *config)
{
	return (size_t)per_group(config) * GROUPS * (config->slice_count + (size_t)FRESH_RATIO * FRESH_SLICES);
}

size_t sample_bytes(const struct sample_config *config)
{
	return sizeof(struct sample) + config->slice_count * sizeof(struct slice) + store_entries(config) * sizeof(struct entry);
}

static struct entry *slice_init(struct slice *slice, struct entry *entries, uint32_t count)
{
	*slice = (struct slice){.number = NO_SLICE, .entries = entries, .per_group = count};
	return entries + (size_t)count * GROUPS;
}

int sample_new(const struct sample_config *config, struct sample **ret_sample)
{
	if (config->slice_ns < SLICE_NS_MIN || config->slice_count == 0 || config->slice_count > SAMPLE_SLICES_MAX ||
		config->slice_packets < SAMPLE_PACKETS_MIN || config->slice_packets > SAMPLE_PACKETS_MAX)
		return E_LIMIT;
	struct sample *sample = calloc(1, sizeof(*sample) + config->slice_count * sizeof(struct slice));
	struct entry *store = calloc(store_entries(config), sizeof(*store));
	if (sample == NULL || store == NULL) {
		free(sample);
		free(store);
		return E_NOMEM;
	}
	uint64_t seed = config->seed;
	sample->config = *config;
	sample->store = store;
	sample->store_bytes = store_entries(config) * sizeof(*store);
	sample->first_ns = INT64_MAX;
	sample->last_ns = INT64_MIN;
	for (size_t i = 0; i < FRESH_SLICES; i++)
		store = slice_init(&sample->fresh[i], store, per_group(config) * FRESH_RATIO);
	for (size_t i = 0; i < config->slice_count; i++)
		store = slice_init(&sample->old[i], store, per_group(config));
	if (seed == 0)
		random_bytes(&seed, sizeof(seed));
	random_init(&sample->rng, seed);
	sample->key = (struct hash_key){{random_next(&sample->rng), random_next(&sample->rng)}};
	*ret_sample = sample;
	return OK;
}

void sample_free(struct sample *sample)
{
	if (sample == NULL)
		return;
	explicit_bzero(sample->store, sample->store_bytes);
	free(sample->store);
	free(sample);
}

static void slice_clear(struct slice *slice)
{
	if (slice->number == NO_SLICE)
		return;
	explicit_bzero(slice->entries, sizeof(*slice->entries) * slice->per_group * GROUPS);
	memset(slice->groups, 0, sizeof(slice->groups));
	slice->number = NO_SLICE;
}

/** Moves a fresh slice to the old ones: of each group a few by chance, which stand for all. */
static void slice_retire(struct sample *sample, struct slice *fresh)
{
	struct slice *old = &sample->old[(uint64_t)fresh->number % sample->config.slice_count];
	slice_clear(old);
	old->number = fresh->number;
	for (size_t i = 0; i < GROUPS; i++) {
		struct entry *from = &fresh->entries[i * fresh->per_group], *to = &old->entries[i * old->per_group];
		uint32_t left = fresh->groups[i].count;
		old->groups[i].packets = fresh->groups[i].packets;
		while (left > 0 && old->groups[i].count < old->per_group) {
			uint64_t picked = random_below(&sample->rng, left--);
			to[old->groups[i].count++] = from[picked];
			from[picked] = from[left];
		}
	}
	slice_clear(fresh);
}

/** Makes a time the latest: slices that are no longer fresh retire, old ones are forgotten. */
static void time_move(struct sample *sample, int64_t now_ns)
{
	int64_t number = now_ns / sample->config.slice_ns;
	if (now_ns <= sample->last_ns)
		return;
	bool is_new = sample->last_ns == INT64_MIN || number != sample->last_ns / sample->config.slice_ns;
	sample->last_ns = now_ns;
	for (size_t i = 0; is_new && i < FRESH_SLICES; i++) {
		struct slice *fresh = &sample->fresh[i];
		if (fresh->number == NO_SLICE || fresh->number > number - FRESH_SLICES)
			continue;
		if (fresh->number > number - sample->config.slice_count)
			slice_retire(sample, fresh);
		else
			slice_clear(fresh);
	}
	for (size_t i = 0; is_new && i < sample->config.slice_count; i++) {
		if (sample->old[i].number != NO_SLICE && sample->old[i].number <= number - sample->config.slice_count)
			slice_clear(&sample->old[i]);
	}
}

void sample_add(struct sample *sample, const struct packet_facts *facts, double packets, int64_t now_ns)
{
	time_move(sample, now_ns);
	int64_t number = now_ns / sample->config.slice_ns, latest = sample->last_ns / sample->config.slice_ns;
	if (number <= latest - FRESH_SLICES) {
		sample->late++;
		return;
	}
	struct slice *slice = &sample->fresh[(uint64_t)number % FRESH_SLICES];
	uint64_t halves[2];
	memcpy(halves, facts->dst_be, sizeof(halves));
	size_t which = hash_pair(&sample->key, halves[0], halves[1]) % GROUPS;
	struct group *group = &slice->groups[which];
	struct entry *entries = &slice->entries[which * slice->per_group];
	slice->number = number;
	if (sample->first_ns == INT64_MAX)
		sample->first_ns = now_ns;
	group->packets += packets;
	double chance = slice->per_group * packets / group->packets;
	struct entry *entry = NULL;
	if (group->count < slice->per_group)
		entry = &entries[group->count++];
	else if ((double)(random_next(&sample->rng) >> 11) * 0x1p-53 < chance)
		entry = &entries[random_below(&sample->rng, slice->per_group)];
	if (entry == NULL)
		return;
	*entry = (struct entry){*facts, now_ns};
	rule_facts_name(&entry->facts);
}

void sample_forget(struct sample *sample, int64_t now_ns)
{
	time_move(sample, now_ns);
}

/** Packets to some prefixes during some time. */
struct wanted {
	const struct ip_prefix *prefixes;
	size_t prefix_count;
	int64_t from_ns, to_ns;
};

static bool is_wanted(const struct wanted *wanted, const struct entry *entry)
{
	struct ip_addr dst;
	memcpy(&dst, entry->facts.dst_be, sizeof(dst));
	if (entry->time_ns < wanted->from_ns || entry->time_ns >= wanted->to_ns)
		return false;
	for (size_t i = 0; i < wanted->prefix_count; i++) {
		if (ip_prefix_covers(&wanted->prefixes[i], &dst))
			return true;
	}
	return false;
}

static void slice_erase(struct slice *slice, const struct wanted *erased)
{
	for (size_t i = 0; slice->number != NO_SLICE && i < GROUPS; i++) {
		struct entry *entries = &slice->entries[i * slice->per_group];
		struct group *group = &slice->groups[i];
		double each = group->count > 0 ? group->packets / group->count : 0;
		uint32_t kept = 0;
		for (uint32_t j = 0; j < group->count; j++) {
			if (!is_wanted(erased, &entries[j]))
				entries[kept++] = entries[j];
		}
		explicit_bzero(&entries[kept], (group->count - kept) * sizeof(*entries));
		group->packets = each * kept;
		group->count = kept;
	}
}

void sample_erase(struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns, int64_t to_ns)
{
	struct wanted erased = {prefixes, prefix_count, from_ns, to_ns};
	for (size_t i = 0; i < sample->config.slice_count; i++)
		slice_erase(&sample->old[i], &erased);
	for (size_t i = 0; i < FRESH_SLICES; i++)
		slice_erase(&sample->fresh[i], &erased);
}

static int addr_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

/** Whether a packet is part of a TCP connection that has been opened. */
static bool is_spoken(const struct packet_facts *facts)
{
	return facts->protocol == 6 && facts->has & PACKET_HAS_FLAGS && (facts->tcp_flags & 0x16) == 0x10; /* ACK, not SYN nor RST */
}

static void slice_spare(const struct slice *slice, const struct wanted *wanted, const struct ip_addr *addrs, size_t count,
	bool *spared)
{
	for (size_t i = 0; slice->number != NO_SLICE && i < GROUPS; i++) {
		const struct entry *entries = &slice->entries[i * slice->per_group];
		for (uint32_t j = 0; j < slice->groups[i].count; j++) {
			if (!is_spoken(&entries[j].facts) || !is_wanted(wanted, &entries[j]))
				continue;
			const struct ip_addr *found = bsearch(entries[j].facts.src_be, addrs, count, sizeof(*addrs), addr_compare);
			if (found != NULL)
				spared[found - addrs] = true;
		}
	}
}

int sample_spare(const struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns,
	int64_t to_ns, struct ip_addr *addrs, size_t *count)
{
	const struct wanted wanted = {prefixes, prefix_count, from_ns, to_ns};
	size_t kept = 0;
	bool *spared = calloc(*count + 1, sizeof(*spared));
	if (spared == NULL)
		return E_NOMEM;
	qsort(addrs, *count, sizeof(*addrs), addr_compare);
	for (size_t i = 0; i < sample->config.slice_count; i++)
		slice_spare(&sample->old[i], &wanted, addrs, *count, spared);
	for (size_t i = 0; i < FRESH_SLICES; i++)
		slice_spare(&sample->fresh[i], &wanted, addrs, *count, spared);
	for (size_t i = 0; i < *count; i++) {
		if (!spared[i])
			addrs[kept++] = addrs[i];
	}
	free(spared);
	*count = kept;
	return OK;
}

uint64_t sample_late(const struct sample *sample)
{
	return sample->late;
}

/** What a view is being filled from. */
struct taking {
	struct wanted wanted;
	struct random *rng;
	size_t seen; /* packets that belong into the view */
	struct sample_view *view;
};

static void slice_take(const struct slice *slice, struct taking *taking)
{
	struct sample_view *view = taking->view;
	for (size_t i = 0; slice->number != NO_SLICE && i < GROUPS; i++) {
		const struct entry *entries = &slice->entries[i * slice->per_group];
		double each = slice->groups[i].count > 0 ? slice->groups[i].packets / slice->groups[i].count : 0;
		for (uint32_t j = 0; j < slice->groups[i].count; j++) {
			if (!is_wanted(&taking->wanted, &entries[j]))
				continue;
			taking->seen++;
			size_t place = view->count < SAMPLE_VIEW_MAX ? view->count++ : random_below(taking->rng, taking->seen);
			if (place < SAMPLE_VIEW_MAX)
				view->packets[place] = (struct sampled){entries[j].facts, each};
		}
	}
}

void sample_take(struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns, int64_t to_ns,
	struct sample_view *ret_view)
{
	struct taking taking = {{prefixes, prefix_count, from_ns, to_ns}, &sample->rng, 0, ret_view};
	int64_t kept_ns = (int64_t)sample->config.slice_count * sample->config.slice_ns;
	ret_view->count = 0;
	ret_view->source_count = 0;
	ret_view->span_s = 0;
	if (sample->first_ns == INT64_MAX)
		return;
	int64_t known_ns = (sample->last_ns / sample->config.slice_ns + 1) * sample->config.slice_ns - kept_ns;
	if (known_ns < sample->first_ns)
		known_ns = sample->first_ns;
	from_ns = from_ns > known_ns ? from_ns : known_ns;
	to_ns = to_ns < sample->last_ns ? to_ns : sample->last_ns + 1;
	if (from_ns >= to_ns)
		return;
	ret_view->span_s = (double)(to_ns - from_ns) / 1e9;
	for (size_t i = 0; i < sample->config.slice_count; i++)
		slice_take(&sample->old[i], &taking);
	for (size_t i = 0; i < FRESH_SLICES; i++)
		slice_take(&sample->fresh[i], &taking);
	double scale = taking.seen > ret_view->count ? (double)taking.seen / (double)ret_view->count : 1;
	for (size_t i = 0; i < ret_view->count; i++)
		ret_view->packets[i].packets *= scale;
}
