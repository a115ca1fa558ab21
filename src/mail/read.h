/*
 * One mail into facts: header, MIME tree, bodies. Calls what parses it (GMime,
 * payload.h, html.h, link.h, address.h), and whoever tells identities.
 *
 * Runs in the worker. Does not look anything up: relation stays empty.
 */
#pragma once

#include "mail/engine.h"
#include "mail/dns_record.h"
#include "mail/facts.h"
#include "mail/people.h"
#include "mail/pseudonym.h"

/** What a reader needs to know; all borrowed. */
struct mail_reader {
	enum mail_level level;
	struct pseudonym_key key;
	struct authres_trust trust;
	const struct people *people; /* NULL: no directory */
	const struct dns_records *records; /* NULL: no recorded DNS, and no signature is verified */
};

/** Once for each process, before mail_read(). */
void mail_read_init(void);

/**
 * Reads a mail.
 *
 * @param reader borrowed
 * @param mail whole, header first
 * @param length_bytes of it
 * @param envelope borrowed
 * @param ret_facts filled, whatever the mail is
 * @param ret_sender as engine_read()'s
 */
void mail_read(const struct mail_reader *reader, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender);
