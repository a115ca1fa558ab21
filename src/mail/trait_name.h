/*
 * Names of the bits of facts.h, for reports and for people. Static text, in the order of the bits.
 *
 * Does not name payload traits: payload.h has words for them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mail/facts.h"

/** One kind of bits. */
struct trait_names {
	const char *const *names; /* by bit */
	size_t count;
};

extern const struct trait_names host_trait_names; /* enum host_trait */
extern const struct trait_names link_trait_names; /* enum link_trait */
extern const struct trait_names text_trait_names; /* enum text_trait */
extern const struct trait_names sender_trait_names; /* enum sender_trait */
extern const struct trait_names html_trait_names; /* enum html_trait */
extern const struct trait_names mail_unread_names; /* enum mail_unread */
