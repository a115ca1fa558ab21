/* Numbers for people. Never rounds up to a number that was not reached: 999,999 is 999 k, not 1.00 M. */
#include "cli/amount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *amount_write(uint64_t value, const char *unit, char ret_text[static AMOUNT_BYTES])
{
	static const char prefixes[] = " kMGTPE";
	unsigned step = 0;
	uint64_t whole = value, rest = 0; /* value = (whole + rest / 1000) * 1000^step, cut */
	for (; whole >= 1000; step++) {
		rest = whole % 1000;
		whole /= 1000;
	}
	char prefix[2] = {step > 0 ? prefixes[step] : '\0', '\0'};
	const char *space = prefix[0] != '\0' || unit[0] != '\0' ? " " : "";
	if (step == 0 || whole >= 100)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 "%s%s%s", whole, space, prefix, unit);
	else if (whole >= 10)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 ".%" PRIu64 "%s%s%s", whole, rest / 100, space, prefix, unit);
	else
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 ".%02" PRIu64 "%s%s%s", whole, rest / 10, space, prefix, unit);
	return ret_text;
}

const char *amount_write_exact(uint64_t value, char ret_text[static AMOUNT_BYTES])
{
	char digits[24];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value), out = 0;
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			ret_text[out++] = ',';
		ret_text[out++] = digits[i];
	}
	ret_text[out] = '\0';
	return ret_text;
}

const char *amount_write_duration(uint64_t duration_ms, char ret_text[static AMOUNT_BYTES])
{
	uint64_t s = duration_ms / 1000;
	if (duration_ms < 100)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 " ms", duration_ms);
	else if (s < 10)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 ".%" PRIu64 " s", s, duration_ms % 1000 / 100);
	else if (s < 60)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else
		snprintf(ret_text, AMOUNT_BYTES, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
	return ret_text;
}
