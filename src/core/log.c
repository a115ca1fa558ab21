/*
 * Log lines. A line is formatted in a buffer of its own and leaves by one
 * write(2), so lines of several threads or processes do not mix. The bucket
 * is the "virtual scheduling" form of GCRA (ITU-T I.371): one number instead
 * of tokens and a refill time.
 */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LIMIT_LOG_LINE_BYTES];
	size_t prefix = 0;
	if (isatty(STDERR_FILENO) == 0)
		prefix = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	va_list args;
	va_start(args, format);
	int wanted = vsnprintf(line + prefix, sizeof(line) - prefix, format, args);
	va_end(args);
	if (wanted < 0)
		return;
	size_t length = prefix + (size_t)wanted;
	if (length > sizeof(line) - 1) {
		length = sizeof(line) - 1;
		memcpy(line + length - 3, "...", 3);
	}
	for (size_t i = prefix; i < length; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[length] = '\n';
	(void)!write(STDERR_FILENO, line, length + 1); /* nowhere to tell of its failure */
	errno = saved_errno;
}

const char *log_peer_text(const char *text, size_t length_bytes, char ret_text[static LOG_PEER_TEXT_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	size_t kept = length_bytes < LIMIT_LOG_PEER_TEXT_BYTES ? length_bytes : LIMIT_LOG_PEER_TEXT_BYTES;
	char *out = ret_text;
	for (size_t i = 0; i < kept; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
			*out++ = (char)c;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = hex[c >> 4];
		*out++ = hex[c & 15];
	}
	memcpy(out, kept < length_bytes ? "..." : "", kept < length_bytes ? 4 : 1);
	return ret_text;
}

bool log_allowed(struct log_bucket *bucket, int64_t now_mono_ns, uint64_t *ret_held_back)
{
	int64_t full_at = bucket->spent_until_mono_ns > now_mono_ns ? bucket->spent_until_mono_ns : now_mono_ns;
	if (full_at - now_mono_ns > (LIMIT_LOG_BURST - 1) * NS_PER_S) {
		bucket->held_back++;
		return false;
	}
	bucket->spent_until_mono_ns = full_at + NS_PER_S;
	*ret_held_back = bucket->held_back;
	bucket->held_back = 0;
	return true;
}
