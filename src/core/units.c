/*
 * Quantities with units. One table says every unit of every kind; reading
 * takes the row whose suffix fits exactly, writing the largest that divides
 * without rest, so that what is written reads back as the same number.
 */
#include "core/units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum unit_kind kind;
	const char *suffix;
	uint64_t scale;
} units[] = {
	/* Within a kind from large to small: writing takes the first that divides. */
	{UNIT_MS, "d", 86400000},
	{UNIT_MS, "h", 3600000},
	{UNIT_MS, "min", 60000},
	{UNIT_MS, "s", 1000},
	{UNIT_MS, "ms", 1},
	{UNIT_BYTES, "TiB", UINT64_C(1) << 40},
	{UNIT_BYTES, "TB", UINT64_C(1000000000000)},
	{UNIT_BYTES, "GiB", UINT64_C(1) << 30},
	{UNIT_BYTES, "GB", 1000000000},
	{UNIT_BYTES, "MiB", UINT64_C(1) << 20},
	{UNIT_BYTES, "MB", 1000000},
	{UNIT_BYTES, "KiB", 1024},
	{UNIT_BYTES, "kB", 1000},
	{UNIT_BYTES, "B", 1},
	{UNIT_PPS, "Gpps", 1000000000},
	{UNIT_PPS, "Mpps", 1000000},
	{UNIT_PPS, "kpps", 1000},
	{UNIT_PPS, "pps", 1},
	{UNIT_BPS, "Tbps", UINT64_C(1000000000000)},
	{UNIT_BPS, "Gbps", 1000000000},
	{UNIT_BPS, "Mbps", 1000000},
	{UNIT_BPS, "kbps", 1000},
	{UNIT_BPS, "bps", 1},
};

/** The scale of a suffix; 0 where the kind has no such unit. */
static uint64_t scale_find(enum unit_kind kind, const char *suffix)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].kind == kind && strcmp(units[i].suffix, suffix) == 0)
			return units[i].scale;
	}
	return 0;
}

/** Digits, and digits after a point, as one whole number and the power of ten that it was multiplied with. */
static int number_parse(const char **text, bool may_have_point, uint64_t *ret_number, uint64_t *ret_divisor)
{
	uint64_t number = 0, divisor = 1;
	bool after_point = false, digit_last = false;
	const char *p = *text;
	for (; (*p >= '0' && *p <= '9') || (*p == '.' && may_have_point && digit_last && !after_point); p++) {
		digit_last = *p != '.';
		if (!digit_last) {
			after_point = true;
			continue;
		}
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			return E_LIMIT;
		if (after_point && __builtin_mul_overflow(divisor, UINT64_C(10), &divisor))
			return E_LIMIT;
	}
	if (!digit_last)
		return E_MALFORMED;
	*text = p;
	*ret_number = number;
	*ret_divisor = divisor;
	return OK;
}

int units_parse(enum unit_kind kind, const char *text, uint64_t *ret_value)
{
	bool has_suffix = kind != UNIT_NONE && kind != UNIT_SAMPLING;
	if (kind == UNIT_SAMPLING) {
		if (strncmp(text, "1:", 2) != 0)
			return E_MALFORMED;
		text += 2;
	}
	uint64_t number, divisor;
	int err = number_parse(&text, has_suffix, &number, &divisor);
	if (err != OK)
		return err;
	uint64_t scale = 1;
	if (has_suffix)
		scale = scale_find(kind, text);
	else if (*text != '\0')
		return E_MALFORMED;
	if (scale == 0 || (kind == UNIT_SAMPLING && number == 0))
		return E_MALFORMED;
	unsigned __int128 product = (unsigned __int128)number * scale;
	if (product % divisor != 0)
		return E_MALFORMED;
	product /= divisor;
	if (product > INT64_MAX)
		return E_LIMIT;
	*ret_value = (uint64_t)product;
	return OK;
}

const char *units_write(enum unit_kind kind, uint64_t value, char ret_text[static UNITS_TEXT_BYTES])
{
	const char *suffix = "";
	uint64_t scale = 1;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].kind != kind)
			continue;
		suffix = units[i].suffix;
		scale = units[i].scale;
		if (value != 0 && value % scale == 0)
			break;
	}
	snprintf(ret_text, UNITS_TEXT_BYTES, "%s%" PRIu64 "%s", kind == UNIT_SAMPLING ? "1:" : "", value / scale, suffix);
	return ret_text;
}

const char *units_example(enum unit_kind kind)
{
	switch (kind) {
	case UNIT_NONE:
		return "a whole number without a unit, as in 4";
	case UNIT_MS:
		return "a time with its unit, as in 30s or 250ms";
	case UNIT_BYTES:
		return "a size with its unit, as in 64MiB";
	case UNIT_PPS:
		return "a packet rate with its unit, as in 10kpps";
	case UNIT_BPS:
		return "a bit rate with its unit, as in 1Gbps";
	case UNIT_SAMPLING:
		return "a sampling rate, as in 1:1000";
	}
	return "";
}
