/*
 * Log lines on standard error: one event, one line, "event key=value ...".
 * Where standard error is not a terminal each line begins with journald's
 * <N> priority (sd-daemon(3)). For processes; libraries do not log.
 *
 * Does not add a time (journald does) and never writes peer text unescaped:
 * pass it through log_peer_text().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"

/** Levels, numbered as journald's priorities (syslog(3)). */
enum log_level {
	LOG_LEVEL_NONE = 0,
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
};

#define LOG_PEER_TEXT_BYTES (LIMIT_LOG_PEER_TEXT_BYTES * 4 + 4) /* every byte escaped, "...", NUL */

/**
 * Writes one line. Control bytes that slipped in are written as "?", so an event is always one line.
 *
 * @param level its priority
 * @param format printf's, "event key=value"
 */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

/**
 * Makes text that a peer chose fit to stand between quotes in a line: bytes other than printable ASCII, and quotes
 * and backslashes, become \xNN; what is longer than LIMIT_LOG_PEER_TEXT_BYTES is cut and ends in "...".
 *
 * @param text borrowed, need not be NUL-terminated
 * @param length_bytes its length
 * @param ret_text filled
 * @return ret_text
 */
const char *log_peer_text(const char *text, size_t length_bytes, char ret_text[static LOG_PEER_TEXT_BYTES]);

/** Holds back what a peer can cause: a burst, then one line per second. Zeroed is ready. */
struct log_bucket {
	int64_t spent_until_mono_ns; /* the time at which the bucket is full again */
	uint64_t held_back; /* lines not written since the last one that was */
};

/**
 * Asks whether a line may be written now.
 *
 * @param bucket of this kind of event
 * @param now_mono_ns present time
 * @param ret_held_back on true, how many lines were held back before this one; to be told in the line
 * @return whether to write
 */
bool log_allowed(struct log_bucket *bucket, int64_t now_mono_ns, uint64_t *ret_held_back);
