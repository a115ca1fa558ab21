/*
 * A block is unpacked into a buffer as large as a block may be, so a block
 * that claims to be larger ends there. The libraries allocate for each block
 * and see only its bytes; bz2 refuses above its own 900 kB a piece, Zstandard
 * is told how much window it may ask for.
 *
 * Behind the flows of a file are blocks of another kind (its name, its sums),
 * packed in their own way; the header tells where they begin, and there
 * reading ends.
 */
#include "sensor/nfdump_file.h"

#include <bzlib.h>
#include <lz4.h>
#include <stdlib.h>
#include <zstd.h>

#include "core/limits.h"
#include "decode/lzo.h"
#include "detect/detect.h"
#include "sensor/record_order.h"

#define ZSTD_WINDOW_LOG_MAX 24 /* 16 MiB: twice the largest block */

struct nfdump_reader {
	struct nfdump_file file;
	uint64_t at_bytes; /* offset in the file of the next block */
	uint8_t *plain; /* owned, NFDUMP_BLOCK_BYTES_MAX */
	ZSTD_DCtx *zstd; /* owned, NULL unless the file is packed so */
	struct record_order *order; /* owned */
	size_t batch_count;
	struct observation batch[DETECT_BATCH_MAX];
};

int nfdump_reader_new(struct cursor *cur, struct nfdump_reader **ret_reader)
{
	struct nfdump_file file;
	int err = nfdump_file_parse(cur, &file);
	if (err != OK)
		return err;
	struct nfdump_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL)
		return E_NOMEM;
	reader->file = file;
	reader->at_bytes = NFDUMP_FILE_HEADER_BYTES;
	reader->plain = malloc(NFDUMP_BLOCK_BYTES_MAX);
	reader->order = record_order_new(LIMIT_SCAN_ORDER_RECORDS);
	if (file.packing == NFDUMP_ZSTD)
		reader->zstd = ZSTD_createDCtx();
	if (reader->plain == NULL || reader->order == NULL || (file.packing == NFDUMP_ZSTD && reader->zstd == NULL)) {
		nfdump_reader_free(reader);
		return E_NOMEM;
	}
	if (reader->zstd != NULL)
		(void)ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	*ret_reader = reader;
	return OK;
}

void nfdump_reader_free(struct nfdump_reader *reader)
{
	if (reader == NULL)
		return;
	ZSTD_freeDCtx(reader->zstd);
	record_order_free(reader->order);
	free(reader->plain);
	free(reader);
}

static int bz2_unpack(const uint8_t *packed, uint32_t packed_bytes, uint8_t *plain, size_t *ret_plain_bytes)
{
	unsigned plain_bytes = NFDUMP_BLOCK_BYTES_MAX;
	int code = BZ2_bzBuffToBuffDecompress((char *)plain, &plain_bytes, (char *)(uintptr_t)packed, packed_bytes, 0, 0);
	*ret_plain_bytes = plain_bytes;
	return code == BZ_OK ? OK : E_MALFORMED;
}

static int lz4_unpack(const uint8_t *packed, uint32_t packed_bytes, uint8_t *plain, size_t *ret_plain_bytes)
{
	int plain_bytes = LZ4_decompress_safe((const char *)packed, (char *)plain, (int)packed_bytes, NFDUMP_BLOCK_BYTES_MAX);
	*ret_plain_bytes = plain_bytes > 0 ? (size_t)plain_bytes : 0;
	return plain_bytes >= 0 ? OK : E_MALFORMED;
}

static int zstd_unpack(struct nfdump_reader *reader, const uint8_t *packed, uint32_t packed_bytes, size_t *ret_plain_bytes)
{
	*ret_plain_bytes = ZSTD_decompressDCtx(reader->zstd, reader->plain, NFDUMP_BLOCK_BYTES_MAX, packed, packed_bytes);
	return ZSTD_isError(*ret_plain_bytes) ? E_MALFORMED : OK;
}

/** The block's bytes as they were before packing. @return a cursor over them; failed: they cannot be had */
static struct cursor block_unpack(struct nfdump_reader *reader, const struct nfdump_block *block, const uint8_t *stored)
{
	size_t plain_bytes = 0;
	int err = OK;
	if (block->is_plain)
		return cursor_over(stored, block->stored_bytes);
	switch (reader->file.packing) {
	case NFDUMP_PLAIN:
		return cursor_over(stored, block->stored_bytes);
	case NFDUMP_LZO:
		err = lzo_unpack(stored, block->stored_bytes, reader->plain, NFDUMP_BLOCK_BYTES_MAX, &plain_bytes);
		break;
	case NFDUMP_BZ2:
		err = bz2_unpack(stored, block->stored_bytes, reader->plain, &plain_bytes);
		break;
	case NFDUMP_LZ4:
		err = lz4_unpack(stored, block->stored_bytes, reader->plain, &plain_bytes);
		break;
	case NFDUMP_ZSTD:
		err = zstd_unpack(reader, stored, block->stored_bytes, &plain_bytes);
		break;
	}
	struct cursor plain = cursor_over(reader->plain, err == OK ? plain_bytes : 0);
	if (err != OK)
		cursor_fail(&plain, err);
	return plain;
}

static void batch_flush(struct nfdump_reader *reader, nfdump_sink *sink, void *arg)
{
	if (reader->batch_count > 0)
		sink(arg, reader->batch, reader->batch_count);
	reader->batch_count = 0;
}

static int records_read(struct nfdump_reader *reader, struct cursor *plain, struct nfdump_counts *counts, nfdump_sink *sink,
	void *arg)
{
	struct observation record;
	int err = OK;
	while (err == OK || err == E_UNSUPPORTED || err == E_MALFORMED) {
		err = nfdump_record_next(plain, &record);
		counts->records += err == OK;
		counts->unusable += err == E_UNSUPPORTED;
		counts->malformed += err == E_MALFORMED;
		if (err == OK && record_order_add(reader->order, &record, &reader->batch[reader->batch_count]))
			reader->batch_count++;
		if (reader->batch_count == DETECT_BATCH_MAX)
			batch_flush(reader, sink, arg);
	}
	return err;
}

void nfdump_reader_finish(struct nfdump_reader *reader, nfdump_sink *sink, void *arg)
{
	while (record_order_take(reader->order, &reader->batch[reader->batch_count])) {
		if (++reader->batch_count == DETECT_BATCH_MAX)
			batch_flush(reader, sink, arg);
	}
	batch_flush(reader, sink, arg);
}

int nfdump_reader_take(struct nfdump_reader *reader, struct cursor *cur, struct nfdump_counts *counts, nfdump_sink *sink,
	void *arg)
{
	for (;;) {
		struct nfdump_block block;
		struct cursor rest = *cur;
		if (reader->file.end_bytes != 0 && reader->at_bytes >= reader->file.end_bytes)
			return E_END;
		int err = nfdump_block_parse(&rest, &block);
		if (err != OK)
			return err;
		if (cursor_left(&rest) < block.stored_bytes)
			return E_AGAIN;
		const uint8_t *stored = cursor_take(&rest, block.stored_bytes);
		if (block.has_records) {
			struct cursor plain = block_unpack(reader, &block, stored);
			err = plain.error != OK ? plain.error : records_read(reader, &plain, counts, sink, arg);
			if (err != E_END)
				return err == E_LIMIT ? E_MALFORMED : err;
		}
		reader->at_bytes += NFDUMP_BLOCK_HEADER_BYTES + (uint64_t)block.stored_bytes;
		*cur = rest;
	}
}
