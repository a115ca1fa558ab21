/*
 * The marks that the milter puts on a mail, as header values: one line of printable ASCII each, whatever a worker or a
 * mail had a hand in. Pure.
 *
 *     X-Hinomi: tag; level=html; confidence=92; rule=known_name_new_address_cloud_link
 *     X-Hinomi: pass; level=html; partly_unread=bytes,payload
 *     X-Hinomi-Reason: the display name is that of ...
 *     X-Hinomi: unread; because=it was not read in time
 */
#pragma once

#include "mail/engine.h"

#define MARK_NAME "X-Hinomi"
#define MARK_REASON_NAME "X-Hinomi-Reason"
#define MARK_BYTES 512 /* a value with its NUL; RFC 5322 2.1.1 allows 998 in a line */

/** The word of a level, as in the configuration. Static text. */
const char *mark_level_name(enum mail_level level);

/** Writes the value of X-Hinomi for a verdict; returns ret_value. */
const char *mark_verdict(const struct mail_verdict *verdict, char ret_value[static MARK_BYTES]);

/** Writes it for a mail that was not read. @param why in words @return ret_value */
const char *mark_unread(const char *why, char ret_value[static MARK_BYTES]);

/** Writes the value of X-Hinomi-Reason for one reason; returns ret_value. */
const char *mark_reason(const struct mail_reason *reason, char ret_value[static MARK_BYTES]);
