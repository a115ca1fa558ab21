/*
 * A read cursor over borrowed bytes whose first error sticks: after it every
 * read yields zeros and moves nothing, so a parser reads its fields in a row
 * and checks once. All bounds logic of all decoders is in this file.
 *
 * Does not check that all bytes were used: ask cursor_left().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"

struct cursor {
	const uint8_t *at; /* next byte, borrowed */
	const uint8_t *end; /* one past the last byte */
	int error; /* OK or the first error, which sticks */
};

static inline struct cursor cursor_over(const void *bytes, size_t length_bytes)
{
	const uint8_t *at = bytes;
	return (struct cursor){.at = at, .end = at + length_bytes, .error = OK};
}

static inline size_t cursor_left(const struct cursor *cur)
{
	return (size_t)(cur->end - cur->at);
}

/** Notes an error found by the parser itself; the first one stays. */
static inline void cursor_fail(struct cursor *cur, int error)
{
	if (cur->error == OK)
		cur->error = error;
	cur->at = cur->end;
}

/** Borrows the next bytes and steps over them; NULL if they are not there. */
static inline const uint8_t *cursor_take(struct cursor *cur, size_t length_bytes)
{
	if (cursor_left(cur) < length_bytes) {
		cursor_fail(cur, E_TRUNCATED);
		return NULL;
	}
	const uint8_t *bytes = cur->at;
	cur->at += length_bytes;
	return bytes;
}

static inline void cursor_skip(struct cursor *cur, size_t length_bytes)
{
	(void)cursor_take(cur, length_bytes);
}

/** A cursor of its own over the next bytes, stepped over here; empty and failed if they are not there. */
static inline struct cursor cursor_slice(struct cursor *cur, size_t length_bytes)
{
	const uint8_t *bytes = cursor_take(cur, length_bytes);
	if (bytes == NULL)
		return (struct cursor){.at = cur->end, .end = cur->end, .error = cur->error};
	return cursor_over(bytes, length_bytes);
}

static inline uint8_t cursor_u8(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 1);
	return p != NULL ? *p : 0;
}

static inline uint16_t cursor_be16(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 2);
	return p != NULL ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_be32(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 4);
	if (p == NULL)
		return 0;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t cursor_be64(struct cursor *cur)
{
	uint64_t high = cursor_be32(cur);
	return high << 32 | cursor_be32(cur);
}

static inline uint16_t cursor_le16(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 2);
	return p != NULL ? (uint16_t)(p[1] << 8 | p[0]) : 0;
}

static inline uint32_t cursor_le32(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 4);
	if (p == NULL)
		return 0;
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/** A big-endian unsigned number of 1..8 bytes (flow fields may be sent shortened, RFC 7011 section 6.2). */
static inline uint64_t cursor_be_uint(struct cursor *cur, size_t length_bytes)
{
	if (length_bytes == 0 || length_bytes > 8) {
		cursor_fail(cur, E_MALFORMED);
		return 0;
	}
	const uint8_t *p = cursor_take(cur, length_bytes);
	uint64_t value = 0;
	for (size_t i = 0; p != NULL && i < length_bytes; i++)
		value = value << 8 | p[i];
	return value;
}

/** Copies the next bytes out; zeros if they are not there. */
static inline void cursor_copy(struct cursor *cur, void *ret_bytes, size_t length_bytes)
{
	const uint8_t *p = cursor_take(cur, length_bytes);
	if (p != NULL)
		memcpy(ret_bytes, p, length_bytes);
	else
		memset(ret_bytes, 0, length_bytes);
}
