/*
 * Chained hash and a list by age, both of indexes into one array, so that
 * the whole table is two allocations made at the start. The chains are short
 * for any keys a peer can send, since it does not know the hash key.
 */
#include "decode/flow_table.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"

static uint32_t bucket_of(const struct flow_table *table, const struct flow_table_key *key)
{
	uint64_t hash = hash_pair(&table->hash, hash_pair(&table->hash, key->word[0], key->word[1]), key->word[2]);
	return (uint32_t)hash & table->bucket_mask;
}

int flow_table_init(struct flow_table *table, uint32_t places_max)
{
	ASSERT(places_max > 0 && places_max <= UINT32_C(1) << 30);
	uint32_t buckets = 1;
	while (buckets < places_max)
		buckets <<= 1;
	*table = (struct flow_table){.bucket_mask = buckets - 1, .places_max = places_max};
	random_bytes(&table->hash, sizeof(table->hash));
	table->places = calloc(places_max, sizeof(*table->places));
	table->buckets = calloc(buckets, sizeof(*table->buckets));
	if (table->places == NULL || table->buckets == NULL)
		return E_NOMEM;
	flow_table_clear(table);
	return OK;
}

void flow_table_done(struct flow_table *table)
{
	free(table->places);
	free(table->buckets);
	table->places = NULL;
	table->buckets = NULL;
}

void flow_table_clear(struct flow_table *table)
{
	memset(table->buckets, 0xff, ((size_t)table->bucket_mask + 1) * sizeof(*table->buckets));
	for (uint32_t i = 0; i < table->places_max; i++)
		table->places[i].chain = i + 1 < table->places_max ? i + 1 : FLOW_TABLE_NONE;
	table->unused = 0;
	table->oldest = FLOW_TABLE_NONE;
	table->newest = FLOW_TABLE_NONE;
}

uint32_t flow_table_find(const struct flow_table *table, const struct flow_table_key *key)
{
	uint32_t place = table->buckets[bucket_of(table, key)];
	while (place != FLOW_TABLE_NONE && memcmp(&table->places[place].key, key, sizeof(*key)) != 0)
		place = table->places[place].chain;
	return place;
}

static void age_unlink(struct flow_table *table, uint32_t place)
{
	struct flow_table_place *at = &table->places[place];
	if (at->older != FLOW_TABLE_NONE)
		table->places[at->older].newer = at->newer;
	else
		table->oldest = at->newer;
	if (at->newer != FLOW_TABLE_NONE)
		table->places[at->newer].older = at->older;
	else
		table->newest = at->older;
}

static void age_append(struct flow_table *table, uint32_t place)
{
	struct flow_table_place *at = &table->places[place];
	at->older = table->newest;
	at->newer = FLOW_TABLE_NONE;
	if (table->newest != FLOW_TABLE_NONE)
		table->places[table->newest].newer = place;
	else
		table->oldest = place;
	table->newest = place;
}

void flow_table_touch(struct flow_table *table, uint32_t place)
{
	if (table->newest == place)
		return;
	age_unlink(table, place);
	age_append(table, place);
}

void flow_table_remove(struct flow_table *table, uint32_t place)
{
	uint32_t *link = &table->buckets[bucket_of(table, &table->places[place].key)];
	while (*link != place)
		link = &table->places[*link].chain;
	*link = table->places[place].chain;
	age_unlink(table, place);
	table->places[place].chain = table->unused;
	table->unused = place;
}

uint32_t flow_table_add(struct flow_table *table, const struct flow_table_key *key)
{
	if (flow_table_is_full(table))
		flow_table_remove(table, table->oldest);
	uint32_t place = table->unused;
	table->unused = table->places[place].chain;
	uint32_t *bucket = &table->buckets[bucket_of(table, key)];
	table->places[place].key = *key;
	table->places[place].chain = *bucket;
	*bucket = place;
	age_append(table, place);
	return place;
}
