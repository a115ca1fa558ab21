/*
 * Big-endian loads for the inner loops of the flow decoders.
 *
 * They check nothing: the bytes of a whole record were taken off the cursor
 * at once before. One bounds check a record instead of twenty is what makes
 * ten million records per CPU-second possible.
 */
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint16_t load_be16(const uint8_t *bytes)
{
	uint16_t value;
	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap16(value);
}

static inline uint32_t load_be32(const uint8_t *bytes)
{
	uint32_t value;
	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap32(value);
}

static inline uint64_t load_be64(const uint8_t *bytes)
{
	uint64_t value;
	memcpy(&value, bytes, sizeof(value));
	return __builtin_bswap64(value);
}
