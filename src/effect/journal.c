/*
 * The journal: one file "journal" of records, each of
 *
 *     8 bytes   "hinomiE1"
 *     4 bytes   length of the body, the highest byte first, as of all numbers here
 *     32 bytes  SHA-256 of the 12 bytes above and the body
 *     body      1 byte kind, 8 wall clock in ms since 1970, 8 CLOCK_BOOTTIME in ns, 16 boot id, 4 seq, and then by kind
 *               ACCEPTED: 8 counter, 8 end on CLOCK_BOOTTIME in ns, the bundle's line
 *               WITHDRAWN: 32 SHA-256 of the document that was taken back
 *               COUNTERS: 8 floor, and 8 for each counter used above it, rising
 *
 * Each record is synced before the next one begins, so that only the last one
 * can be cut off. A damaged one behind which the file goes on was whole once:
 * then the disk has lost what was acknowledged, and counters could go back,
 * so the journal is refused for a person to look at. The directory itself is
 * locked, since the file is replaced when it is written anew.
 */
#include "effect/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/cursor.h"
#include "core/limits.h"

#define NAME "journal"
#define NEW_NAME "journal.new"
#define MAGIC "hinomiE1"
#define MAGIC_BYTES 8
#define PREFIX_BYTES (MAGIC_BYTES + 4)
#define HEAD_BYTES (PREFIX_BYTES + crypto_hash_sha256_BYTES)
#define FIXED_BYTES (1 + 8 + 8 + JOURNAL_BOOT_ID_BYTES + 4) /* of a body */

struct journal {
	int directory_fd, fd;
	uint64_t length_bytes; /* of whole records */
	uint64_t rewritten_bytes; /* length when it was written anew last */
	bool is_broken; /* what stands behind them is not known: only writing it anew helps */
};

static void digest_compute(const uint8_t prefix[static PREFIX_BYTES], const uint8_t *body, size_t body_bytes,
	uint8_t ret_digest[static crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, prefix, PREFIX_BYTES);
	crypto_hash_sha256_update(&state, body, body_bytes);
	crypto_hash_sha256_final(&state, ret_digest);
}

/* Reading. */

static void counters_read(struct cursor *cur, struct order_counters *counters)
{
	*counters = (struct order_counters){.floor = cursor_be64(cur)};
	if (cursor_left(cur) % 8 != 0 || cursor_left(cur) / 8 > ORDER_COUNTERS_MAX) {
		cursor_fail(cur, E_MALFORMED);
		return;
	}
	uint64_t before = counters->floor;
	while (cursor_left(cur) > 0 && cur->error == OK) {
		uint64_t used = cursor_be64(cur);
		if (used <= before)
			cursor_fail(cur, E_MALFORMED);
		counters->used[counters->count++] = before = used;
	}
}

static int body_read(struct cursor *cur, struct order_counters *counters, struct journal_record *ret_record)
{
	struct journal_record record = {.kind = (enum journal_kind)cursor_u8(cur)};
	record.wall_ms = (int64_t)cursor_be64(cur);
	record.boot_ns = (int64_t)cursor_be64(cur);
	cursor_copy(cur, record.boot_id, sizeof(record.boot_id));
	record.seq = cursor_be32(cur);
	if (cur->error != OK || record.kind <= JOURNAL_UNKNOWN || record.kind >= JOURNAL_KIND_COUNT)
		return E_MALFORMED;
	if (record.kind == JOURNAL_ACCEPTED) {
		record.counter = cursor_be64(cur);
		record.until_boot_ns = (int64_t)cursor_be64(cur);
		record.bundle_bytes = cursor_left(cur);
		record.bundle = (const char *)cursor_take(cur, record.bundle_bytes);
	}
	if (record.kind == JOURNAL_WITHDRAWN)
		cursor_copy(cur, record.digest.bytes, sizeof(record.digest.bytes));
	if (record.kind == JOURNAL_COUNTERS) {
		counters_read(cur, counters);
		record.counters = counters;
	}
	if (cur->error != OK || cursor_left(cur) > 0)
		return E_MALFORMED;
	*ret_record = record;
	return OK;
}

/** The body of a whole record at a place, stepped over; false: there is none. */
static bool body_find(struct cursor *at, struct cursor *ret_body)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	const uint8_t *prefix = cursor_take(at, PREFIX_BYTES), *expected = cursor_take(at, sizeof(digest));
	if (at->error != OK || memcmp(prefix, MAGIC, MAGIC_BYTES) != 0)
		return false;
	struct cursor length = cursor_over(prefix + MAGIC_BYTES, PREFIX_BYTES - MAGIC_BYTES);
	size_t body_bytes = cursor_be32(&length);
	*ret_body = cursor_slice(at, body_bytes);
	if (at->error != OK)
		return false;
	digest_compute(prefix, ret_body->at, body_bytes, digest);
	return memcmp(digest, expected, sizeof(digest)) == 0;
}

/** Whether any whole record comes later: no text of a bundle can be one, for a record has control characters. */
static bool record_follows(struct cursor cur)
{
	struct cursor body;
	for (;;) {
		cursor_skip(&cur, 1);
		const uint8_t *at = cur.error == OK ? memmem(cur.at, cursor_left(&cur), MAGIC, MAGIC_BYTES) : NULL;
		if (at == NULL)
			return false;
		cur.at = at;
		struct cursor there = cur;
		if (body_find(&there, &body))
			return true;
	}
}

int journal_next(struct cursor *cur, struct order_counters *counters, struct journal_record *ret_record)
{
	struct cursor at = *cur, body;
	if (cursor_left(cur) == 0)
		return E_END;
	if (!body_find(&at, &body))
		return record_follows(*cur) ? E_MALFORMED : E_TRUNCATED;
	int err = body_read(&body, counters, ret_record);
	if (err == OK)
		*cur = at;
	return err;
}

static int file_read(int fd, uint8_t *bytes, size_t length_bytes)
{
	for (size_t at = 0; at < length_bytes;) {
		ssize_t got = pread(fd, bytes + at, length_bytes - at, (off_t)at);
		if (got <= 0)
			return E_SYS;
		at += (size_t)got;
	}
	return OK;
}

static int records_visit(const uint8_t *bytes, size_t length_bytes, journal_visitor *visit, void *context, size_t *ret_whole_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	struct order_counters *counters = malloc(sizeof(*counters));
	int err = counters == NULL ? E_NOMEM : OK;
	while (err == OK) {
		struct journal_record record;
		err = journal_next(&cur, counters, &record);
		if (err == OK)
			err = visit(context, &record);
	}
	free(counters);
	*ret_whole_bytes = length_bytes - cursor_left(&cur);
	return err == E_END || err == E_TRUNCATED ? OK : err;
}

/** Hands over what stands in the file, and cuts off a torn end. */
static int file_replay(struct journal *journal, journal_visitor *visit, void *context, uint64_t *ret_torn_bytes)
{
	struct stat state;
	size_t whole = 0;
	if (fstat(journal->fd, &state) != 0 || !S_ISREG(state.st_mode))
		return E_SYS;
	if (state.st_size > LIMIT_EFFECT_JOURNAL_BYTES)
		return E_LIMIT;
	size_t length = (size_t)state.st_size;
	uint8_t *bytes = malloc(length + 1);
	int err = bytes == NULL ? E_NOMEM : file_read(journal->fd, bytes, length);
	if (err == OK)
		err = records_visit(bytes, length, visit, context, &whole);
	free(bytes);
	/* What a killed process wrote may be in memory alone: it counts from now on, so it has to be on disk. */
	if (err == OK && ((whole < length && ftruncate(journal->fd, (off_t)whole) != 0) || fdatasync(journal->fd) != 0))
		err = E_SYS;
	if (err != OK)
		return err;
	journal->length_bytes = whole;
	*ret_torn_bytes = length - whole;
	return OK;
}

int journal_open(const char *directory, journal_visitor *visit, void *context, struct journal **ret_journal,
	uint64_t *ret_torn_bytes)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	if (journal == NULL)
		return E_NOMEM;
	int err = E_SYS;
	journal->fd = -1;
	journal->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->directory_fd < 0)
		goto out;
	if (flock(journal->directory_fd, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? E_STATE : E_SYS;
		goto out;
	}
	journal->fd = openat(journal->directory_fd, NAME, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (journal->fd < 0 || fsync(journal->directory_fd) != 0)
		goto out;
	err = file_replay(journal, visit, context, ret_torn_bytes);
	if (err == OK)
		*ret_journal = journal;
out:
	if (err != OK) {
		int saved_errno = errno;
		journal_close(journal);
		errno = saved_errno;
	}
	return err;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->directory_fd >= 0)
		close(journal->directory_fd);
	free(journal);
}

/* Writing. */

static uint8_t *be_put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	return at + bytes;
}

static size_t body_bytes_of(const struct journal_record *record)
{
	size_t bytes = FIXED_BYTES;
	if (record->kind == JOURNAL_ACCEPTED)
		bytes += 16 + record->bundle_bytes;
	if (record->kind == JOURNAL_WITHDRAWN)
		bytes += sizeof(record->digest.bytes);
	if (record->kind == JOURNAL_COUNTERS)
		bytes += 8 + 8 * record->counters->count;
	return bytes;
}

/** A record as bytes; malloc'ed. */
static uint8_t *record_make(const struct journal_record *record, size_t *ret_bytes)
{
	size_t body_bytes = body_bytes_of(record);
	uint8_t *bytes = malloc(HEAD_BYTES + body_bytes);
	if (bytes == NULL)
		return NULL;
	uint8_t *body = bytes + HEAD_BYTES, *at = be_put(body, record->kind, 1);
	at = be_put(at, (uint64_t)record->wall_ms, 8);
	at = be_put(at, (uint64_t)record->boot_ns, 8);
	memcpy(at, record->boot_id, JOURNAL_BOOT_ID_BYTES);
	at = be_put(at + JOURNAL_BOOT_ID_BYTES, record->seq, 4);
	if (record->kind == JOURNAL_ACCEPTED) {
		at = be_put(at, record->counter, 8);
		at = be_put(at, (uint64_t)record->until_boot_ns, 8);
		memcpy(at, record->bundle, record->bundle_bytes);
	}
	if (record->kind == JOURNAL_WITHDRAWN)
		memcpy(at, record->digest.bytes, sizeof(record->digest.bytes));
	if (record->kind == JOURNAL_COUNTERS) {
		at = be_put(at, record->counters->floor, 8);
		for (size_t i = 0; i < record->counters->count; i++)
			at = be_put(at, record->counters->used[i], 8);
	}
	memcpy(bytes, MAGIC, MAGIC_BYTES);
	(void)be_put(bytes + MAGIC_BYTES, body_bytes, 4);
	digest_compute(bytes, body, body_bytes, bytes + PREFIX_BYTES);
	*ret_bytes = HEAD_BYTES + body_bytes;
	return bytes;
}

int journal_append(struct journal *journal, const struct journal_record *record)
{
	size_t length = 0;
	uint8_t *bytes = journal->is_broken ? NULL : record_make(record, &length);
	if (bytes == NULL) {
		errno = EIO;
		return journal->is_broken ? E_SYS : E_NOMEM;
	}
	ssize_t wrote = write(journal->fd, bytes, length);
	bool is_whole = wrote == (ssize_t)length;
	int error = wrote >= 0 && !is_whole ? ENOSPC : errno;
	free(bytes);
	/* A failed sync leaves unknown what is on disk, and another one would not tell. */
	if (is_whole && fdatasync(journal->fd) == 0) {
		journal->length_bytes += length;
		return OK;
	}
	if (is_whole)
		error = errno;
	if (ftruncate(journal->fd, (off_t)journal->length_bytes) != 0 || is_whole)
		journal->is_broken = true;
	errno = error;
	return E_SYS;
}

bool journal_is_long(const struct journal *journal)
{
	return journal->length_bytes > LIMIT_EFFECT_COMPACT_BYTES && journal->length_bytes > 2 * journal->rewritten_bytes;
}

static int records_write(int fd, journal_source *next, void *context, uint64_t *ret_bytes)
{
	struct journal_record record;
	for (*ret_bytes = 0; next(context, &record);) {
		size_t length = 0;
		uint8_t *bytes = record_make(&record, &length);
		if (bytes == NULL)
			return E_NOMEM;
		errno = ENOSPC; /* of a short write */
		bool is_whole = write(fd, bytes, length) == (ssize_t)length;
		free(bytes);
		if (!is_whole)
			return E_SYS;
		*ret_bytes += length;
	}
	return fsync(fd) == 0 ? OK : E_SYS;
}

int journal_rewrite(struct journal *journal, journal_source *next, void *context)
{
	uint64_t length = 0;
	int fd = openat(journal->directory_fd, NEW_NAME, O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		S_IRUSR | S_IWUSR);
	if (fd < 0)
		return E_SYS;
	int err = records_write(fd, next, context, &length);
	if (err == OK && renameat(journal->directory_fd, NEW_NAME, journal->directory_fd, NAME) != 0)
		err = E_SYS;
	if (err != OK) {
		int saved_errno = errno;
		close(fd);
		(void)unlinkat(journal->directory_fd, NEW_NAME, 0);
		errno = saved_errno;
		return err;
	}
	close(journal->fd);
	journal->fd = fd;
	journal->length_bytes = journal->rewritten_bytes = length;
	/* The new one has its name; where that is not on disk yet, records that follow could go down with it. */
	journal->is_broken = fsync(journal->directory_fd) != 0;
	return journal->is_broken ? E_SYS : OK;
}
