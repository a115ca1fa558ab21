/*
 * Whether a domain is made to be taken for another: same to the eye (UTS 39),
 * a letter away, joined or split by a hyphen, under another top-level domain,
 * or with the other's name in its labels.
 *
 * Does not know which domains are protected.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/facts.h"

#define LOOKALIKE_BYTES 128

/** A protected domain in the forms that are compared. */
struct lookalike {
	char domain[LOOKALIKE_BYTES]; /* registrable, lower case A-label */
	char label[64]; /* its own label */
	char eye[64]; /* the same, as the eye reads it */
};

/**
 * Makes the forms.
 *
 * @param domain any host of it
 * @param ret_lookalike filled
 * @return OK or E_MALFORMED
 */
MUST_USE int lookalike_init(const char *domain, struct lookalike *ret_lookalike);

/**
 * A domain's own label as the eye reads it, without hyphens: equal where lookalike_is() would find two labels the same.
 *
 * @param host parsed
 * @param ret_eye filled; "" where the label is too short to be told from others
 */
void lookalike_eye(const struct mail_host *host, char ret_eye[static 64]);

/** The same of a label that is given. */
void lookalike_eye_label(const char *label, char ret_eye[static 64]);

/** Whether a host looks like a protected domain and is none of it. */
bool lookalike_is(const struct lookalike *of, const struct mail_host *host);
