/*
 * How a sender's mails are built, without any of their content: the order of
 * the header fields that his program writes, the forms of Message-ID and
 * encodings, the shape of the MIME tree, the time zone. After Gascon and
 * others (RAID 2018): a stolen account is told by mails that are built
 * otherwise than its own ever were. Compared with the same sender's mails only.
 *
 * Does not tell one program's user from another's.
 */
#pragma once

#include <gmime/gmime.h>

#include "mail/facts.h"

/** Notes how the header is built. */
void profile_headers(struct profile_facts *profile, GMimeMessage *message);

/** Notes one leaf of the MIME tree, in order. */
void profile_part(struct profile_facts *profile, GMimeContentEncoding encoding, bool is_text, bool is_html, bool is_attachment);

/**
 * How unlike two mails are built.
 *
 * @return 0: alike, 100: in nothing
 */
unsigned profile_distance(const struct profile_facts *one, const struct profile_facts *other);
