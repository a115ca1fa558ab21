/* Proves that blocks packed in each way give the same records, in the order of time, and what ends the reading of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bzlib.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "core/clock.h"
#include "sensor/nfdump_file.h"

#define RECORD_BYTES 76
#define RECORDS 100
#define BLOCK_BYTES (RECORDS * RECORD_BYTES)

static uint8_t file[262144];
static size_t file_bytes;

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void file_begin(enum nfdump_packing packing, uint64_t end_bytes)
{
	memset(file, 0, NFDUMP_FILE_HEADER_BYTES);
	put(file, 0xa50c, 2);
	put(file + 2, 2, 2);
	file[16] = (uint8_t)packing;
	put(file + 24, end_bytes, 8);
	file_bytes = NFDUMP_FILE_HEADER_BYTES;
}

/** Records of one packet each, whose ends run backward. */
static void records_write(uint8_t *block)
{
	memset(block, 0, BLOCK_BYTES);
	for (int i = 0; i < RECORDS; i++) {
		uint8_t *at = block + (ptrdiff_t)i * RECORD_BYTES;
		put(at, 11, 2);
		put(at + 2, RECORD_BYTES, 2);
		put(at + 4, 2, 2);
		put(at + 12, 1, 2);
		put(at + 14, 52, 2);
		put(at + 16, 1700000000000 + RECORDS - (uint64_t)i, 8);
		put(at + 24, 1700000000000 + RECORDS - (uint64_t)i, 8);
		put(at + 40, 1, 8);
		put(at + 48, 40, 8);
		at[60] = 6;
		put(at + 64, 2, 2);
		put(at + 66, 12, 2);
		put(at + 68, 0xc6336400u + (uint64_t)i, 4);
		put(at + 72, 0xcb007105, 4);
	}
}

static size_t block_pack(enum nfdump_packing packing, const uint8_t *plain, uint8_t *packed, size_t room_bytes)
{
	unsigned bz2_bytes = (unsigned)room_bytes;
	switch (packing) {
	case NFDUMP_PLAIN:
		memcpy(packed, plain, BLOCK_BYTES);
		return BLOCK_BYTES;
	case NFDUMP_LZO: /* one run of literals: 18 more than it says, 255 for each zero */
		memset(packed, 0, 1 + (BLOCK_BYTES - 18) / 255);
		packed += 1 + (BLOCK_BYTES - 18) / 255;
		*packed++ = (BLOCK_BYTES - 18) % 255;
		memcpy(packed, plain, BLOCK_BYTES);
		memcpy(packed + BLOCK_BYTES, "\x11\0\0", 3);
		return 1 + (BLOCK_BYTES - 18) / 255 + 1 + BLOCK_BYTES + 3;
	case NFDUMP_BZ2:
		assert_int_equal(BZ2_bzBuffToBuffCompress((char *)packed, &bz2_bytes, (char *)(uintptr_t)plain, BLOCK_BYTES, 9, 0, 0),
			BZ_OK);
		return bz2_bytes;
	case NFDUMP_LZ4:
		return (size_t)LZ4_compress_default((const char *)plain, (char *)packed, BLOCK_BYTES, (int)room_bytes);
	case NFDUMP_ZSTD:
		return ZSTD_compress(packed, room_bytes, plain, BLOCK_BYTES, 3);
	}
	return 0;
}

static void block_add(enum nfdump_packing packing, uint16_t type, uint16_t flags)
{
	uint8_t plain[BLOCK_BYTES], *header = file + file_bytes;
	records_write(plain);
	size_t stored = block_pack(packing, plain, header + NFDUMP_BLOCK_HEADER_BYTES, 65536);
	put(header, RECORDS, 4);
	put(header + 4, stored, 4);
	put(header + 8, type, 2);
	put(header + 10, flags, 2);
	file_bytes += NFDUMP_BLOCK_HEADER_BYTES + stored;
}

struct seen {
	size_t records;
	int64_t last_ns;
	bool is_backward;
};

static void see(void *arg, const struct observation *batch, size_t count)
{
	struct seen *seen = arg;
	for (size_t i = 0; i < count; i++) {
		seen->is_backward |= batch[i].end_ns < seen->last_ns;
		seen->last_ns = batch[i].end_ns;
		assert_int_equal(ip_to_v4(&batch[i].dst), 0xcb007105);
		assert_int_equal(batch[i].packets, 1);
	}
	seen->records += count;
}

/** Reads what is in the file with so many bytes more at hand each time. */
static int read_all(size_t piece_bytes, struct nfdump_counts *counts, struct seen *seen)
{
	struct nfdump_reader *reader;
	struct cursor cur = cursor_over(file, file_bytes);
	assert_int_equal(nfdump_reader_new(&cur, &reader), OK);
	const uint8_t *end = cur.end;
	cur.end = cur.at;
	int err;
	do {
		cur.end = (size_t)(end - cur.end) > piece_bytes ? cur.end + piece_bytes : end;
		err = nfdump_reader_take(reader, &cur, counts, see, seen);
	} while ((err == E_AGAIN || (err == E_END && cur.at == cur.end)) && cur.end < end);
	nfdump_reader_finish(reader, see, seen);
	nfdump_reader_free(reader);
	return err;
}

static void each_packing_gives_the_same_records(void **state)
{
	(void)state;
	for (enum nfdump_packing packing = NFDUMP_PLAIN; packing <= NFDUMP_ZSTD; packing++) {
		for (size_t piece_bytes = 1000; piece_bytes <= sizeof(file); piece_bytes *= 16) {
			struct nfdump_counts counts = {0};
			struct seen seen = {0};
			file_begin(packing, 0);
			block_add(packing, 3, 0);
			block_add(NFDUMP_PLAIN, 3, 1); /* not packed, and says so */
			block_add(packing, 4, 0); /* something else */
			block_add(packing, 3, 0);
			assert_int_equal(read_all(piece_bytes, &counts, &seen), E_END);
			assert_int_equal(counts.records, 3 * RECORDS);
			assert_int_equal(counts.unusable + counts.malformed, 0);
			assert_int_equal(seen.records, 3 * RECORDS);
			assert_int_equal(seen.last_ns, (INT64_C(1700000000000) + RECORDS) * NS_PER_MS);
			assert_false(seen.is_backward);
		}
	}
}

static void reading_ends_where_the_flows_do(void **state)
{
	(void)state;
	struct nfdump_counts counts = {0};
	struct seen seen = {0};
	file_begin(NFDUMP_LZ4, NFDUMP_FILE_HEADER_BYTES + NFDUMP_BLOCK_HEADER_BYTES + BLOCK_BYTES);
	block_add(NFDUMP_PLAIN, 3, 1);
	block_add(NFDUMP_PLAIN, 3, 0); /* would not unpack */
	assert_int_equal(read_all(sizeof(file), &counts, &seen), E_END);
	assert_int_equal(seen.records, RECORDS);
}

static void what_does_not_unpack_ends_a_file(void **state)
{
	(void)state;
	for (enum nfdump_packing packing = NFDUMP_LZO; packing <= NFDUMP_ZSTD; packing++) {
		struct nfdump_counts counts = {0};
		struct seen seen = {0};
		file_begin(packing, 0);
		block_add(packing, 3, 0);
		size_t good_bytes = file_bytes;
		block_add(packing, 3, 0);
		memset(file + good_bytes + NFDUMP_BLOCK_HEADER_BYTES, 0xff, 8);
		int err = read_all(sizeof(file), &counts, &seen);
		assert_true(err == E_MALFORMED || err == E_TRUNCATED);
		assert_int_equal(seen.records, RECORDS);
	}
}

/** A file may claim any size for what a block unpacks to: it ends at the largest a block may have. */
static void a_block_that_unpacks_to_too_much_is_refused(void **state)
{
	(void)state;
	static uint8_t zeros[NFDUMP_BLOCK_BYTES_MAX + 1];
	for (size_t more = 0; more <= 1; more++) {
		struct nfdump_counts counts = {0};
		struct seen seen = {0};
		file_begin(NFDUMP_ZSTD, 0);
		uint8_t *header = file + file_bytes;
		size_t stored = ZSTD_compress(header + NFDUMP_BLOCK_HEADER_BYTES, 65536, zeros, NFDUMP_BLOCK_BYTES_MAX + more, 3);
		assert_false(ZSTD_isError(stored));
		put(header, 1, 4);
		put(header + 4, stored, 4);
		put(header + 8, 3, 4);
		file_bytes += NFDUMP_BLOCK_HEADER_BYTES + stored;
		/* Zeros are no records: unpacked, they are given up as such. */
		assert_int_equal(read_all(sizeof(file), &counts, &seen), more == 0 ? E_TRUNCATED : E_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_packing_gives_the_same_records),
		cmocka_unit_test(reading_ends_where_the_flows_do),
		cmocka_unit_test(what_does_not_unpack_ends_a_file),
		cmocka_unit_test(a_block_that_unpacks_to_too_much_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
