/*
 * Authentication-Results (RFC 8601) as far as they can be believed: those that the operator's own mail server wrote.
 * They carry its authserv-id, and it writes each of them above all that came with the mail; so of the headers with
 * this id only the topmost are its own, as many as it is configured to write, and all others are forged (RFC 8601
 * section 5). Headers with another id are of no account.
 *
 * Feed the headers of one mail from the top down. Pure, no allocation. Does not verify anything by itself: dkim.h does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define AUTHRES_DOMAIN_BYTES 256 /* with its NUL */
#define AUTHRES_SIGNATURES_MAX 8 /* DKIM results that are kept; more are counted */

/** Results of RFC 8601 section 2.7, over all methods. */
enum authres_result {
	AUTHRES_ABSENT = 0, /* nobody said */
	AUTHRES_NONE,
	AUTHRES_PASS,
	AUTHRES_FAIL, /* also the old "hardfail" */
	AUTHRES_SOFTFAIL,
	AUTHRES_NEUTRAL,
	AUTHRES_POLICY,
	AUTHRES_TEMPERROR,
	AUTHRES_PERMERROR,
	AUTHRES_OTHER, /* a word that is not in the table */
};

/** One method's result, and for whom. */
struct authres_entry {
	enum authres_result result;
	char domain[AUTHRES_DOMAIN_BYTES]; /* lower case: smtp.mailfrom, header.d, header.from; "" : not said */
};

/** Whose results are believed: the operator's configuration. */
struct authres_trust {
	const char *authserv_id; /* of the operator's own server, borrowed; "" or NULL: believe nobody */
	uint32_t headers; /* how many the server writes for each mail: 1 for each program that does; 0 is taken as 1 */
};

/** What is known of one mail. Zeroed is the start. */
struct authres {
	struct authres_entry spf, dmarc, arc;
	struct authres_entry dkim[AUTHRES_SIGNATURES_MAX];
	uint32_t dkim_count; /* used of dkim[] */
	uint32_t dkim_left_out; /* beyond it */
	uint32_t own; /* headers believed */
	uint32_t forged; /* headers with our id that are not ours: to be removed */
	uint32_t foreign; /* headers of others */
	uint32_t unreadable; /* headers that do not follow the grammar */
	bool is_verified; /* no server of ours said anything: dkim and arc were verified by us, with recorded DNS (dkim.h, arc.h) */
};

enum authres_origin {
	AUTHRES_UNREADABLE = 0, /* not of the grammar; if it is like ours it counts as forged */
	AUTHRES_FOREIGN,
	AUTHRES_OWN,
	AUTHRES_FORGED,
};

/**
 * Takes the next Authentication-Results header of a mail, from the top. Where two of our own name the same method
 * twice, the worse result stays.
 *
 * @param authres of this mail
 * @param trust whom to believe
 * @param value the header's value, folded or not, not NUL-terminated
 * @param length_bytes of it
 * @return whose it is; AUTHRES_FORGED: remove it
 */
enum authres_origin authres_take(struct authres *authres, const struct authres_trust *trust, const char *value,
	size_t length_bytes);

/**
 * Whether an organisation is vouched for: DMARC, SPF or DKIM passed for its domain or for one below it (the relaxed
 * alignment of RFC 7489 section 3.1, where the caller knows the organisational domain).
 *
 * @param authres of this mail
 * @param domain organisational domain, lower case
 */
bool authres_vouches(const struct authres *authres, const char *domain);

/** A result in the word of RFC 8601; "absent" for AUTHRES_ABSENT. Static text. */
const char *authres_result_name(enum authres_result result);
