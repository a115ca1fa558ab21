/*
 * Names of large services that strangers pose as, and the domains that may
 * speak for them. Public knowledge; a member's own names belong into
 * protected_domains and the people directory.
 */
#pragma once

#include <stddef.h>

#include "mail/facts.h"

#define BRAND_NONE SIZE_MAX

/**
 * The first brand that a text names, as a reader would see it.
 *
 * @param text UTF-8, as it stands
 * @return its place in the table, BRAND_NONE
 */
size_t brand_find(const char *text);

/**
 * The brand that a label of a host or local part names.
 *
 * @param word lower case ASCII; words in it are set apart by anything but letters
 * @return its place in the table, BRAND_NONE
 */
size_t brand_find_label(const char *word);

/** Whether mails and links of a registrable domain may speak for a brand. */
bool brand_owns(size_t brand, const char *registrable);
