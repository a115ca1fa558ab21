/*
 * Open hashing with chains of indexes, and a list of all flows by their last
 * packet, the oldest first: inactive flows are always at its head, and so is
 * the flow that makes room when no place is left. A flow is checked for its
 * active timeout when a packet of it comes, as routers do.
 */
#include "exercise/flow_cache.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "decode/observation.h"

#define NOBODY UINT32_MAX

struct entry {
	struct flow_record record;
	uint32_t bucket;
	uint32_t chain; /* next of the same bucket, or of the free ones */
	uint32_t older;
	uint32_t newer;
};

struct flow_cache {
	int64_t active_ns;
	int64_t inactive_ns;
	flow_cache_sink *sink;
	void *arg;
	uint32_t places; /* also the number of buckets */
	uint32_t free_head;
	uint32_t oldest;
	uint32_t newest;
	uint32_t *buckets;
	struct entry *entries;
};

int flow_cache_new(uint64_t active_ms, uint64_t inactive_ms, uint32_t places, flow_cache_sink *sink, void *arg,
	struct flow_cache **ret_cache)
{
	struct flow_cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return E_NOMEM;
	*cache = (struct flow_cache){.active_ns = (int64_t)active_ms * NS_PER_MS,
		.inactive_ns = (int64_t)inactive_ms * NS_PER_MS, .sink = sink, .arg = arg, .places = places,
		.oldest = NOBODY, .newest = NOBODY};
	cache->buckets = malloc(places * sizeof(*cache->buckets));
	cache->entries = calloc(places, sizeof(*cache->entries));
	if (cache->buckets == NULL || cache->entries == NULL) {
		flow_cache_free(cache);
		return E_NOMEM;
	}
	for (uint32_t i = 0; i < places; i++) {
		cache->buckets[i] = NOBODY;
		cache->entries[i].chain = i + 1 < places ? i + 1 : NOBODY;
	}
	*ret_cache = cache;
	return OK;
}

void flow_cache_free(struct flow_cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->buckets);
	free(cache->entries);
	free(cache);
}

static void list_take_out(struct flow_cache *cache, uint32_t at)
{
	struct entry *entry = &cache->entries[at];
	if (entry->older != NOBODY)
		cache->entries[entry->older].newer = entry->newer;
	else
		cache->oldest = entry->newer;
	if (entry->newer != NOBODY)
		cache->entries[entry->newer].older = entry->older;
	else
		cache->newest = entry->older;
}

static void list_add(struct flow_cache *cache, uint32_t at)
{
	cache->entries[at].older = cache->newest;
	cache->entries[at].newer = NOBODY;
	if (cache->newest != NOBODY)
		cache->entries[cache->newest].newer = at;
	else
		cache->oldest = at;
	cache->newest = at;
}

static int expire(struct flow_cache *cache, uint32_t at, int64_t now_ns)
{
	struct entry *entry = &cache->entries[at];
	uint32_t *link = &cache->buckets[entry->bucket];
	while (*link != at)
		link = &cache->entries[*link].chain;
	*link = entry->chain;
	list_take_out(cache, at);
	entry->chain = cache->free_head;
	cache->free_head = at;
	return cache->sink(cache->arg, &entry->record, now_ns);
}

static uint16_t second_port(const struct packet *packet)
{
	if (packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6)
		return (uint16_t)(packet->icmp_type << 8 | packet->icmp_code);
	return packet->fragment_offset_bytes == 0 ? packet->dst_port : 0;
}

static struct flow_record record_of(const struct packet *packet)
{
	return (struct flow_record){.src = packet->src,
		.dst = packet->dst,
		.src_port = packet->fragment_offset_bytes == 0 ? packet->src_port : 0,
		.dst_port = second_port(packet),
		.protocol = packet->protocol,
		.ttl_min = 255,
		.first_ns = packet->time_ns,
		.last_ns = packet->time_ns};
}

static bool is_same(const struct flow_record *a, const struct flow_record *b)
{
	return ip_equal(&a->src, &b->src) && ip_equal(&a->dst, &b->dst) && a->src_port == b->src_port &&
		a->dst_port == b->dst_port && a->protocol == b->protocol;
}

static uint32_t bucket_of(const struct flow_cache *cache, const struct flow_record *record)
{
	static const struct hash_key key = {.word = {1, 2}};
	uint64_t addresses = hash_mix(record->src.be64[1] ^ record->src.be64[0], record->dst.be64[1] ^ UINT64_C(0x9e3779b97f4a7c15));
	uint64_t rest = (uint64_t)record->src_port << 32 | (uint64_t)record->dst_port << 16 | record->protocol;
	return (uint32_t)hash_pair(&key, addresses, rest) & (cache->places - 1);
}

static void count(struct flow_record *record, const struct packet *packet)
{
	record->packets++;
	record->bytes += frame_ip_bytes(packet);
	record->tcp_flags |= packet->tcp_flags;
	if (packet->ttl < record->ttl_min)
		record->ttl_min = packet->ttl;
	record->last_ns = packet->time_ns;
}

static int start(struct flow_cache *cache, const struct flow_record *record, uint32_t bucket, const struct packet *packet)
{
	if (cache->free_head == NOBODY) {
		int error = expire(cache, cache->oldest, packet->time_ns);
		if (error != OK)
			return error;
	}
	uint32_t at = cache->free_head;
	struct entry *entry = &cache->entries[at];
	cache->free_head = entry->chain;
	entry->record = *record;
	entry->bucket = bucket;
	entry->chain = cache->buckets[bucket];
	cache->buckets[bucket] = at;
	list_add(cache, at);
	count(&entry->record, packet);
	return OK;
}

int flow_cache_add(struct flow_cache *cache, const struct packet *packet)
{
	struct flow_record record = record_of(packet);
	uint32_t bucket = bucket_of(cache, &record);
	int error = OK;

	while (error == OK && cache->oldest != NOBODY &&
		cache->entries[cache->oldest].record.last_ns + cache->inactive_ns <= packet->time_ns)
		error = expire(cache, cache->oldest, packet->time_ns);
	if (error != OK)
		return error;
	uint32_t at = cache->buckets[bucket];
	while (at != NOBODY && !is_same(&cache->entries[at].record, &record))
		at = cache->entries[at].chain;
	if (at != NOBODY && cache->entries[at].record.first_ns + cache->active_ns <= packet->time_ns) {
		error = expire(cache, at, packet->time_ns);
		at = NOBODY;
	}
	if (error != OK)
		return error;
	if (at == NOBODY)
		return start(cache, &record, bucket, packet);
	count(&cache->entries[at].record, packet);
	list_take_out(cache, at);
	list_add(cache, at);
	return OK;
}

int flow_cache_flush(struct flow_cache *cache, int64_t now_ns)
{
	int error = OK;
	while (error == OK && cache->oldest != NOBODY)
		error = expire(cache, cache->oldest, now_ns);
	return error;
}
