/*
 * Reads an nfdump file block by block from bytes that the caller brings, and
 * unpacks what is packed: bz2, LZ4 and Zstandard by their libraries, LZO by
 * decode/lzo.h.
 *
 * Records come out in the order of their ends, as far as
 * LIMIT_SCAN_ORDER_RECORDS of them reach: one that ended before what is
 * already out is handed out all the same.
 *
 * Does not open files. Memory is a block and those records, whatever the file
 * says.
 */
#pragma once

#include <stdint.h>

#include "core/cursor.h"
#include "core/err.h"
#include "decode/nfdump.h"

/** What became of a file's flow records, exactly: in = records + the rest. */
struct nfdump_counts {
	uint64_t records; /* handed out, now or by nfdump_reader_finish() */
	uint64_t unusable; /* without addresses, or without packets (events) */
	uint64_t malformed; /* contradictory */
};

struct nfdump_reader; /* opaque */

/** Called with the records of a block, up to DETECT_BATCH_MAX at a time. */
typedef void nfdump_sink(void *arg, const struct observation *batch, size_t count);

/**
 * Reads a file's header and makes a reader for the rest.
 *
 * @param cur over the file's first bytes; moved behind the header on OK
 * @param ret_reader owned by the caller, free with nfdump_reader_free()
 * @return OK, E_NOMEM, or what nfdump_file_parse() says
 */
MUST_USE int nfdump_reader_new(struct cursor *cur, struct nfdump_reader **ret_reader);
void nfdump_reader_free(struct nfdump_reader *reader);

/**
 * Reads the blocks that are whole in the bytes at hand.
 *
 * @param reader changed
 * @param cur moved behind the last whole block
 * @param counts added to
 * @param sink called with records
 * @param arg handed to sink
 * @return E_AGAIN: more bytes are wanted; E_END: the file's flows are all read, or no byte is left at hand; E_MALFORMED,
 *         E_TRUNCATED: the rest of the file cannot be read
 */
MUST_USE int nfdump_reader_take(struct nfdump_reader *reader, struct cursor *cur, struct nfdump_counts *counts,
	nfdump_sink *sink, void *arg);

/** Hands out the records that were held back. */
void nfdump_reader_finish(struct nfdump_reader *reader, nfdump_sink *sink, void *arg);
