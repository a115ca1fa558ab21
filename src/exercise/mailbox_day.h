/*
 * The mails of an exercise's mailbox: what an institute gets on any day, some
 * that are aimed at it, and what was written in both directions before. Made
 * from exercise/mailbox/day.txt when this program is built; people, addresses
 * and paths are invented, and attachments do nothing when opened.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

#define MAILBOX_DOMAIN "example.jp" /* whose mail it is */
#define MAILBOX_HOSTS_MAX 8 /* that send: as write_day.py has it */
#define MAILBOX_MAILS_MAX 128 /* of the day */

/** One mail. Lines end with CRLF, none begins with a dot or with "From ", and all is ASCII. */
struct mailbox_mail {
	const char *id; /* of its Message-ID, without brackets */
	unsigned host; /* which machine sends it, below MAILBOX_HOSTS_MAX */
	const char *from; /* envelope */
	const char *to; /* envelope */
	unsigned days_before; /* 0: of the day itself */
	int zone_minutes; /* of its date, east of Greenwich */
	bool is_sent; /* by us, to somebody else */
	bool is_aimed; /* at us: to be tagged */
	const char *head; /* all up to the value of Date */
	const char *rest; /* and what comes behind it */
};

/** The mails of the day, in their order. @param ret_count at most MAILBOX_MAILS_MAX */
const struct mailbox_mail *mailbox_day(size_t *ret_count);

/** The date of a mail, as RFC 5322 has it. */
#define MAILBOX_DATE_BYTES 48
void mailbox_date(const struct mailbox_mail *mail, int64_t now_wall_ms, char ret_date[static MAILBOX_DATE_BYTES]);

/** Writes what was before the day as an mbox: what we got, or what we sent. Returns OK or E_SYS. */
MUST_USE int mailbox_past_write(FILE *file, bool is_sent, int64_t now_wall_ms);

/** The directory of protected people, CSV. */
const char *mailbox_people(void);
