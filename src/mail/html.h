/*
 * The structure of HTML in a mail: tags and attributes, counted, and its
 * links. One pass over the bytes, no tree, nothing allocated, nothing kept of
 * the text but how many letters it has.
 *
 * Does not build the document as a browser would, does not read style sheets,
 * and does not run script.
 */
#pragma once

#include <stddef.h>

#include "mail/facts.h"
#include "mail/link.h"

/**
 * Reads HTML.
 *
 * @param text UTF-8; broken bytes are passed over
 * @param length_bytes at most LIMIT_MAIL_HTML_BYTES are read
 * @param links of this mail: its facts' html is added to, and hosts are noted
 * @param reads_tags false below L4: links alone are taken
 */
void html_read(const char *text, size_t length_bytes, struct link_reader *links, bool reads_tags);
