/*
 * The journal. It grows by one batch for each append, which is synced before
 * the next one begins, so that only the last batch can be cut off:
 *
 *     8 bytes   "hinomiJ1"
 *     8 bytes   index of the first entry, the highest byte first
 *     4 bytes   number of entries
 *     4 bytes   length of the payload
 *     8 bytes   of the SHA-256 of the 24 bytes above: whether the head is whole
 *     32 bytes  SHA-256 of the 32 bytes above and the payload
 *     payload   entries, each with its length before it in two bytes
 *
 * A batch is whole if its digest is right. One with a whole head that is not,
 * and behind which the file goes on, was whole once: then the disk has lost
 * something that was acknowledged, and the journal is refused, so that a
 * person looks at it. What was cut off is dropped, and its caller told.
 */
#include "authority/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/cursor.h"
#include "core/limits.h"

#define NAME "journal"
#define MAGIC "hinomiJ1"
#define MAGIC_BYTES 8
#define CHECK_BYTES 8
#define PLAIN_BYTES (MAGIC_BYTES + 16)
#define PREFIX_BYTES (PLAIN_BYTES + CHECK_BYTES)
#define HEAD_BYTES (PREFIX_BYTES + crypto_hash_sha256_BYTES)

struct batch {
	uint64_t first;
	uint32_t count;
	size_t payload_bytes;
};

int journal_open(int directory, bool is_new, struct journal *ret_journal)
{
	struct stat state;
	int flags = O_RDWR | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0);
	int fd = openat(directory, NAME, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return errno == EEXIST ? E_STATE : E_SYS;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &state) != 0 || !S_ISREG(state.st_mode)) {
		int err = errno == EWOULDBLOCK ? E_STATE : E_SYS;
		close(fd);
		return err;
	}
	*ret_journal = (struct journal){.fd = fd, .length_bytes = (uint64_t)state.st_size};
	return OK;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

/* Reading. */

/** Whether the head is whole tells by itself: else a cut in it would look like damage behind it. */
static void check_compute(const uint8_t head[static PLAIN_BYTES], uint8_t ret_check[static CHECK_BYTES])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(digest, head, PLAIN_BYTES);
	memcpy(ret_check, digest, CHECK_BYTES);
}

static void digest_compute(const uint8_t prefix[static PREFIX_BYTES], const uint8_t *payload, size_t payload_bytes,
	uint8_t ret_digest[static crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, prefix, PREFIX_BYTES);
	crypto_hash_sha256_update(&state, payload, payload_bytes);
	crypto_hash_sha256_final(&state, ret_digest);
}

static int entries_visit(const struct batch *batch, const uint8_t *payload, journal_visitor *visit, void *context)
{
	struct cursor cur = cursor_over(payload, batch->payload_bytes);
	for (uint32_t i = 0; i < batch->count; i++) {
		size_t length = cursor_be16(&cur);
		const uint8_t *entry = cursor_take(&cur, length);
		int err = cur.error == OK ? visit(context, batch->first + i, entry, length) : E_MALFORMED;
		if (err != OK)
			return err;
	}
	return cursor_left(&cur) == 0 ? OK : E_MALFORMED;
}

/** Reads the next batch; E_END: none is whole. */
static int batch_next(struct cursor *cur, struct batch *ret_batch, const uint8_t **ret_payload)
{
	const uint8_t *prefix = cur->at;
	uint8_t digest[crypto_hash_sha256_BYTES], check[CHECK_BYTES];
	if (cursor_left(cur) < HEAD_BYTES || memcmp(prefix, MAGIC, MAGIC_BYTES) != 0)
		return E_END;
	check_compute(prefix, check);
	if (memcmp(prefix + PLAIN_BYTES, check, CHECK_BYTES) != 0)
		return E_END;
	cursor_skip(cur, MAGIC_BYTES);
	struct batch batch = {.first = cursor_be64(cur)};
	batch.count = cursor_be32(cur);
	batch.payload_bytes = cursor_be32(cur);
	cursor_skip(cur, CHECK_BYTES);
	const uint8_t *expected = cursor_take(cur, sizeof(digest)), *payload = cursor_take(cur, batch.payload_bytes);
	if (cur->error != OK)
		return E_END;
	digest_compute(prefix, payload, batch.payload_bytes, digest);
	if (memcmp(digest, expected, sizeof(digest)) != 0)
		return cursor_left(cur) > 0 ? E_MALFORMED : E_END;
	*ret_batch = batch;
	*ret_payload = payload;
	return OK;
}

static int batches_visit(const uint8_t *bytes, size_t length_bytes, journal_visitor *visit, void *context, size_t *ret_whole_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	uint64_t next = 0;
	for (*ret_whole_bytes = 0;; *ret_whole_bytes = length_bytes - cursor_left(&cur)) {
		struct batch batch = {.first = 0};
		const uint8_t *payload = NULL;
		int err = batch_next(&cur, &batch, &payload);
		if (err == E_END)
			return OK;
		if (err == OK && next != 0 && batch.first != next)
			err = E_MALFORMED;
		if (err == OK)
			err = entries_visit(&batch, payload, visit, context);
		if (err != OK)
			return err;
		next = batch.first + batch.count;
	}
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

int journal_replay(struct journal *journal, journal_visitor *visit, void *context, uint64_t *ret_dropped_bytes)
{
	size_t length = (size_t)journal->length_bytes, whole = 0;
	if (length > LIMIT_LEDGER_JOURNAL_BYTES)
		return E_MALFORMED;
	uint8_t *bytes = calloc(1, length + 1);
	int err = bytes == NULL ? E_NOMEM : file_read(journal->fd, bytes, length);
	if (err == OK)
		err = batches_visit(bytes, length, visit, context, &whole);
	free(bytes);
	/* What a killed process wrote may be in memory alone: it counts from now on, so it has to be on disk. */
	if (err == OK && ((whole < length && ftruncate(journal->fd, (off_t)whole) != 0) || fdatasync(journal->fd) != 0))
		err = E_SYS;
	if (err != OK)
		return err;
	journal->length_bytes = whole;
	*ret_dropped_bytes = length - whole;
	return OK;
}

/* Writing. */

static void be_put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

int journal_append(struct journal *journal, uint64_t first, uint32_t count, const uint8_t *payload, size_t payload_bytes)
{
	uint8_t head[HEAD_BYTES] = MAGIC;
	if (journal->is_broken)
		return E_STATE;
	be_put(head + MAGIC_BYTES, first, 8);
	be_put(head + MAGIC_BYTES + 8, count, 4);
	be_put(head + MAGIC_BYTES + 12, payload_bytes, 4);
	check_compute(head, head + PLAIN_BYTES);
	digest_compute(head, payload, payload_bytes, head + PREFIX_BYTES);
	const struct iovec parts[] = {{head, sizeof(head)}, {(void *)payload, payload_bytes}};
	ssize_t wrote = pwritev(journal->fd, parts, ARRAY_LEN(parts), (off_t)journal->length_bytes);
	bool is_whole = wrote == (ssize_t)(sizeof(head) + payload_bytes);
	/* A failed sync leaves unknown what is on disk, and another one would not tell: only reading it again does. */
	if (is_whole && fdatasync(journal->fd) == 0) {
		journal->length_bytes += sizeof(head) + payload_bytes;
		return OK;
	}
	int error = wrote >= 0 && !is_whole ? ENOSPC : errno;
	if (ftruncate(journal->fd, (off_t)journal->length_bytes) != 0 || is_whole)
		journal->is_broken = true;
	errno = error;
	return E_SYS;
}

int journal_clear(struct journal *journal)
{
	if (journal->length_bytes == 0)
		return OK;
	if (ftruncate(journal->fd, 0) != 0)
		return E_SYS;
	journal->length_bytes = 0;
	return OK;
}
