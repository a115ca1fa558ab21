/*
 * The chain of those who handed a mail on (ARC, RFC 8617), verified with keys from recorded DNS. A chain that holds says
 * what each of them wrote of the mail and that nobody has changed it since; not that any of them is to be believed.
 */
#pragma once

#include "mail/dkim.h"

/**
 * Verifies the chain of a mail: the newest signature over the mail, and all seals.
 *
 * @param mail cut
 * @param ret_entry result and d= of the newest seal. none: there is no chain; pass; fail: it is broken, or was when it came;
 * temperror: a key is not recorded
 */
void arc_verify(const struct dkim_mail *mail, struct authres_entry *ret_entry);
