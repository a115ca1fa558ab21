/*
 * The people of a mail's header: From, Reply-To, Sender, To and Cc. Their texts
 * live in struct address_texts as long as the mail is read, and are wiped then;
 * what stays is in the facts.
 */
#pragma once

#include <gmime/gmime.h>

#include "mail/engine.h"
#include "mail/facts.h"
#include "mail/lettering.h"
#include "mail/pseudonym.h"

#define ADDRESS_BYTES MAIL_ADDRESS_BYTES
#define ADDRESS_RECIPIENTS_MAX 8

/** One mailbox as text. */
struct address_text {
	char name[LETTERING_BYTES]; /* display name, UTF-8; "" : none */
	char address[ADDRESS_BYTES]; /* lower case, domain as A-label where that can be; "" : none */
};

/** Wiped when the mail has been read. */
struct address_texts {
	struct address_text from, reply_to;
	struct address_text recipients[ADDRESS_RECIPIENTS_MAX];
	size_t recipient_count;
};

/**
 * Reads the addresses.
 *
 * @param message parsed
 * @param envelope recipients that the header does not show
 * @param key of the pseudonyms
 * @param ret_texts filled
 * @param facts sender, recipients and name traits are filled
 */
void address_read(GMimeMessage *message, const struct mail_envelope *envelope, const struct pseudonym_key *key,
	struct address_texts *ret_texts, struct mail_facts *facts);

/** Puts an address in the form that is compared: lower case, no +tag. @return whether it has a local part and a domain */
bool address_fold(const char *address, char ret_folded[static ADDRESS_BYTES]);
