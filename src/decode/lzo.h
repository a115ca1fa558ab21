/*
 * LZO1X, the compression that nfdump files had first: one block of bytes at
 * a time, unpacked into a buffer of the caller's.
 *
 * Does not compress. Does not tell whether the bytes are those that were
 * packed: the format has no checksum.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/**
 * Unpacks one block.
 *
 * @param packed borrowed
 * @param packed_bytes its length; all of it is used up
 * @param plain filled; what is there after a failure means nothing
 * @param room_bytes length of plain
 * @param ret_plain_bytes how much of plain was filled
 * @return OK; E_TRUNCATED: no end in sight; E_MALFORMED: a reference before the beginning, or bytes behind the end;
 *         E_LIMIT: more than plain holds
 */
MUST_USE int lzo_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *plain, size_t room_bytes,
	size_t *ret_plain_bytes);
