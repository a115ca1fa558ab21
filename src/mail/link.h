/*
 * Links of a mail: each is taken apart once (RFC 3986, as browsers read it),
 * its host is noted in the facts, and the rest is forgotten.
 *
 * Does not follow links.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/facts.h"

#define LINK_ADDRESSEES_MAX 4

/** Whose links are read. */
struct link_reader {
	struct mail_facts *facts; /* hosts are noted there */
	const char *addressees[LINK_ADDRESSEES_MAX]; /* recipients' addresses in lower case, borrowed; NULL: end */
};

#define LINK_NO_HOST MAIL_HOSTS_MAX

/**
 * Takes a link.
 *
 * @param reader of this mail
 * @param link as it stands, entities undone; need not be NUL-terminated
 * @param length_bytes of it
 * @param where enum link_trait: where it stands
 * @return place of its host in facts.hosts; LINK_NO_HOST: no link to a host, or no room
 */
size_t link_add(struct link_reader *reader, const char *link, size_t length_bytes, unsigned where);

/**
 * Finds the links of plain text and takes them.
 *
 * @param reader of this mail
 * @param text UTF-8 or any charset that keeps ASCII
 * @param length_bytes of it
 * @param where enum link_trait
 */
void link_scan(struct link_reader *reader, const char *text, size_t length_bytes, unsigned where);

/**
 * Whether a short text is itself the address of a page or a host, as link texts are.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes of it
 * @param ret_host filled if it is
 */
bool link_is_shown(const char *text, size_t length_bytes, struct mail_host *ret_host);
