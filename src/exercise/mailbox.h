/*
 * A mailbox in an exercise: a day of mail comes to a real mail server at the
 * member while everybody looks at the flood, and some of it is aimed at the
 * member. Mails go the way that everything goes: from machines outside, past
 * the edge, over the line, to a host.
 *
 * Where there is no mail server to be had the exercise goes on without, and
 * says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "exercise/mailbox_day.h"

struct mailbox; /* opaque */

struct mailbox_config {
	int outside_fd; /* network namespace of those who send; their addresses are there */
	int hosts_fd; /* and of the mail server */
	bool is_v4;
	uint64_t seed;
	uint64_t duration_ms; /* in which the day's mails are sent */
	const char *directory; /* as struct mail_server_config has it */
};

/** What became of the day. */
struct mailbox_result {
	size_t mails; /* of the day */
	size_t accepted; /* by the mail server */
	size_t delivered; /* of these, that are in the box */
	size_t unmarked; /* of these, that hinomi-mail has not marked as read */
	size_t aimed;
	size_t aimed_tagged;
	size_t others_tagged;
};

#define MAILBOX_TEXT_BYTES 320
struct mailbox_event {
	bool is_trouble;
	char text[MAILBOX_TEXT_BYTES];
};

/** The address of the n-th machine that sends mail, below MAILBOX_HOSTS_MAX. */
struct ip_addr mailbox_machine(uint64_t seed, size_t index, bool is_v4);

/**
 * Starts the mail server.
 *
 * @param config read, not kept
 * @param ret_mailbox owned by the caller, close with mailbox_close(); also where there is no mail server
 * @return OK or E_NOMEM
 */
MUST_USE int mailbox_open(const struct mailbox_config *config, struct mailbox **ret_mailbox);

/** NULL, or why no mail is played: one line. */
const char *mailbox_absence(const struct mailbox *mailbox);

/** Whether it was there and should have come up, and did not. */
bool mailbox_is_broken(const struct mailbox *mailbox);

/** Where hinomi-mail writes what it finds; NULL: it does not run. Stays the mailbox's. */
const char *mailbox_findings(const struct mailbox *mailbox);

/** Starts those who send. Returns OK or E_SYS. */
MUST_USE int mailbox_begin(struct mailbox *mailbox, int64_t start_mono_ns);

/** Looks for news. @return whether ret_event was filled; to be called until it was not */
bool mailbox_next(struct mailbox *mailbox, struct mailbox_event *ret_event);

/** Whether all mails were handed over and delivered, or there are none. */
bool mailbox_is_over(struct mailbox *mailbox);

/** Stops all of it, and looks through the box. */
void mailbox_end(struct mailbox *mailbox, struct mailbox_result *ret_result);

/** NULL is fine. */
void mailbox_close(struct mailbox *mailbox);
