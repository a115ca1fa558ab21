/* Findings of a batch into rows, and rows into findings: see chunk.h for the form. */
#include "tower/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"

static void be_put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

size_t chunk_bytes(const struct chunk_finding *findings, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += CHUNK_HEAD_BYTES + findings[i].document_bytes + CHUNK_SOURCE_HEAD_BYTES + findings[i].sources_bytes;
	return bytes;
}

static int by_incident(const void *a, const void *b)
{
	const struct chunk_finding *first = a, *second = b;
	if (first->incident != second->incident)
		return first->incident < second->incident ? -1 : 1;
	return first->arrival < second->arrival ? -1 : first->arrival > second->arrival;
}

static int by_id(const void *a, const void *b)
{
	const struct chunk_finding *first = a, *second = b;
	int order = memcmp(first->id, second->id, sizeof(first->id));
	return order != 0 ? order : first->arrival < second->arrival ? -1 : first->arrival > second->arrival;
}

static int latest_first(const void *a, const void *b)
{
	const struct chunk_finding *first = a, *second = b;
	return first->arrival > second->arrival ? -1 : first->arrival < second->arrival;
}

static uint8_t *documents_put(const struct chunk_finding *findings, size_t count, uint8_t *at)
{
	for (size_t i = 0; i < count; i++) {
		const struct chunk_finding *finding = &findings[i];
		be_put(at, finding->arrival, 8);
		be_put(at + 8, (uint64_t)finding->arrived_ms, 8);
		be_put(at + 16, (uint64_t)finding->start_ms, 8);
		be_put(at + 24, finding->sequence, 4);
		be_put(at + 28, finding->document_bytes, 4);
		memcpy(at + 32, finding->id, sizeof(finding->id));
		memcpy(at + CHUNK_HEAD_BYTES, finding->document, finding->document_bytes);
		at += CHUNK_HEAD_BYTES + finding->document_bytes;
	}
	return at;
}

static uint8_t *sources_put(const struct chunk_finding *findings, size_t count, uint8_t *at)
{
	for (size_t i = 0; i < count; i++) {
		const struct chunk_finding *finding = &findings[i];
		if (finding->sources_bytes == 0)
			continue;
		be_put(at, finding->arrival, 8);
		be_put(at + 8, finding->sources_bytes, 4);
		memcpy(at + CHUNK_SOURCE_HEAD_BYTES, finding->sources, finding->sources_bytes);
		at += CHUNK_SOURCE_HEAD_BYTES + finding->sources_bytes;
	}
	return at;
}

static size_t keys_put(const struct chunk_finding *findings, size_t count, uint64_t arrival, struct db_key *keys)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_same = i > 0 && memcmp(findings[i].id, findings[i - 1].id, sizeof(findings[i].id)) == 0 &&
			findings[i].start_ms == findings[i - 1].start_ms;
		if (is_same)
			continue;
		keys[used] = (struct db_key){.start_ms = findings[i].start_ms, .arrival = arrival};
		memcpy(keys[used++].id, findings[i].id, sizeof(findings[i].id));
	}
	return used;
}

void chunk_make(struct chunk_finding *findings, size_t count, uint8_t *bytes, struct db_chunk *chunks, size_t *ret_chunk_count,
	struct db_key *keys, size_t *ret_key_count)
{
	size_t chunk_count = 0, key_count = 0;
	qsort(findings, count, sizeof(*findings), by_incident);
	for (size_t at = 0, length = 0; at < count; at += length) {
		for (length = 1;
			 at + length < count && length < CHUNK_FINDINGS && findings[at + length].incident == findings[at].incident; length++)
			continue;
		struct db_chunk *chunk = &chunks[chunk_count++];
		*chunk = (struct db_chunk){.arrival = findings[at].arrival, .incident = findings[at].incident, .count = (uint32_t)length,
			.documents = bytes};
		qsort(&findings[at], length, sizeof(*findings), by_id);
		bytes = documents_put(&findings[at], length, bytes);
		chunk->documents_bytes = (size_t)(bytes - chunk->documents);
		chunk->sources = bytes;
		bytes = sources_put(&findings[at], length, bytes);
		chunk->sources_bytes = (size_t)(bytes - chunk->sources);
		key_count += keys_put(&findings[at], length, chunk->arrival, keys + key_count);
	}
	*ret_chunk_count = chunk_count;
	*ret_key_count = key_count;
}

static void sources_find(struct chunk_finding *findings, size_t count, struct cursor *cur)
{
	while (cursor_left(cur) > 0) {
		uint64_t arrival = cursor_be64(cur);
		uint32_t length = cursor_be32(cur);
		const uint8_t *bytes = cursor_take(cur, length);
		for (size_t i = 0; i < count && bytes != NULL; i++) {
			if (findings[i].arrival != arrival)
				continue;
			findings[i].sources = bytes;
			findings[i].sources_bytes = length;
		}
	}
}

int chunk_read(const struct db_value *documents, const struct db_value *sources, uint64_t incident,
	struct chunk_finding ret_findings[static CHUNK_FINDINGS], size_t *ret_count)
{
	struct cursor cur = cursor_over(documents->bytes, documents->length_bytes);
	struct cursor more = cursor_over(sources->bytes, sources->length_bytes);
	size_t count = 0;
	while (cursor_left(&cur) > 0 && count < CHUNK_FINDINGS) {
		struct chunk_finding *finding = &ret_findings[count++];
		*finding = (struct chunk_finding){.incident = incident};
		finding->arrival = cursor_be64(&cur);
		finding->arrived_ms = (int64_t)cursor_be64(&cur);
		finding->start_ms = (int64_t)cursor_be64(&cur);
		finding->sequence = cursor_be32(&cur);
		finding->document_bytes = cursor_be32(&cur);
		cursor_copy(&cur, finding->id, sizeof(finding->id));
		finding->document = cursor_take(&cur, finding->document_bytes);
	}
	sources_find(ret_findings, count, &more);
	if (cur.error != OK || cursor_left(&cur) > 0 || more.error != OK)
		return E_MALFORMED;
	qsort(ret_findings, count, sizeof(*ret_findings), latest_first);
	*ret_count = count;
	return OK;
}
