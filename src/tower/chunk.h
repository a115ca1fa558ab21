/*
 * Findings as they lie in the store: those of one incident out of one batch
 * in one row, at most CHUNK_FINDINGS of them, each packed (record/pack.h)
 * behind a head. So a row, its index and its page are paid once for several.
 *
 *     head      arrival u64, arrived_ms u64, start_ms u64, sequence u32, bytes of the document u32, all big-endian; id, 16 bytes
 *     document  the finding's kind, a byte; then what is not classed
 *     sources   in another table, where they are deleted by themselves: for each finding that has some arrival u64,
 *               bytes u32, the kind, what is classed
 *
 * Chunks of one incident do not overlap in their arrivals; within one, documents of a finding are together.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "tower/db.h"

#define CHUNK_FINDINGS 64
#define CHUNK_HEAD_BYTES 48
#define CHUNK_SOURCE_HEAD_BYTES 12

/** A finding of a batch, packed. */
struct chunk_finding {
	uint64_t arrival, incident;
	int64_t arrived_ms, start_ms;
	uint32_t sequence;
	uint8_t id[16];
	const uint8_t *document;
	size_t document_bytes;
	const uint8_t *sources; /* the next bytes after the document; none where sources_bytes is 0 */
	size_t sources_bytes;
};

/** Bytes that a batch takes as chunks. */
size_t chunk_bytes(const struct chunk_finding *findings, size_t count);

/**
 * Makes chunks of a batch.
 *
 * @param findings in order of arrival; their order is changed
 * @param count of findings
 * @param bytes room for chunk_bytes(), which the chunks borrow
 * @param chunks room for count
 * @param ret_chunk_count filled
 * @param keys room for count
 * @param ret_key_count filled
 */
void chunk_make(struct chunk_finding *findings, size_t count, uint8_t *bytes, struct db_chunk *chunks, size_t *ret_chunk_count,
	struct db_key *keys, size_t *ret_key_count);

/**
 * Takes a chunk apart.
 *
 * @param documents of its row, borrowed by what is found
 * @param sources of its row; no bytes where there are none
 * @param incident of its row
 * @param ret_findings filled, the last come first
 * @param ret_count of them
 * @return OK, or E_MALFORMED: the row is damaged
 */
MUST_USE int chunk_read(const struct db_value *documents, const struct db_value *sources, uint64_t incident,
	struct chunk_finding ret_findings[static CHUNK_FINDINGS], size_t *ret_count);
