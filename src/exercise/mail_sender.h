/*
 * The machines that send the mails of a day: each from an address of its own,
 * over SMTP, each mail when its time has come. What cannot be handed over is
 * tried again, as mail servers do.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "core/ip.h"
#include "exercise/mailbox_day.h"

enum mail_sent { MAIL_SENT_WAITING = 0, MAIL_SENT_ACCEPTED, MAIL_SENT_REFUSED };

/** What became of each mail of the day, an enum mail_sent; shared between the machines' processes and their parent. */
struct mail_tally {
	_Atomic uint32_t mails[MAILBOX_MAILS_MAX];
};

/** Zeroed, to be shared with processes that are forked; NULL: no memory. Free with mail_tally_free(). */
struct mail_tally *mail_tally_new(void);
void mail_tally_free(struct mail_tally *tally);

/** All that one machine needs. */
struct mail_sender_plan {
	unsigned host; /* whose mails of the day */
	struct ip_addr from; /* its address */
	struct ip_addr to; /* the mail server's */
	uint16_t port;
	int64_t start_mono_ns;
	uint64_t first_ms; /* since then, when the day's first mail is due */
	uint64_t last_ms; /* and its last */
	uint64_t end_ms; /* nothing is tried after that */
	struct mail_tally *tally; /* borrowed */
};

/**
 * Sends the mails of one machine; to be run in a process and namespace of its own.
 *
 * @param context a struct mail_sender_plan
 * @return exit status: 0 when each was accepted or refused
 */
int mail_sender_run(void *context);
