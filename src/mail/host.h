/*
 * What the name of a host tells by itself: its registrable domain (Public
 * Suffix List), what kind of service it is (lists in host_list.c), and whether
 * a person chose it.
 *
 * Does not resolve names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/facts.h"

/**
 * Puts a host's name in one form and looks at it.
 *
 * @param text as it stands in an address or a link, need not be NUL-terminated; Unicode, percent signs and a final dot allowed
 * @param length_bytes of it
 * @param ret_host filled on OK: name, registrable_at and host_traits; all else is 0
 * @return OK; E_MALFORMED: no name of a host
 */
MUST_USE int host_parse(const char *text, size_t length_bytes, struct mail_host *ret_host);

/** The registrable domain of a parsed host; the whole name of an address and of a public suffix. */
const char *host_registrable(const struct mail_host *host);

/** Whether a host's top-level domain is one that exists (has rules in the Public Suffix List). */
bool host_is_icann(const struct mail_host *host);

/** Whether two hosts have the same registrable domain. */
bool host_is_related(const struct mail_host *one, const struct mail_host *other);

/** Whether a word looks drawn and not chosen: digits among letters, no vowels, rare pairs. */
bool host_is_random_word(const char *word, size_t length_bytes);

/** The name of a list's row for a registrable domain: enum host_trait bits, 0: in none (host_list.c). */
unsigned host_list_find(const char *name);

/** Whether a top-level domain is abused more than used (host_list.c). */
bool host_list_is_cheap_tld(const char *label);
