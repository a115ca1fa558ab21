/*
 * The authority: makes orders of countermeasures, takes what people say about
 * them, and hands what may act to effectors with all that proves it. Every
 * document is in the ledger before it has any effect; where the ledger cannot
 * be written nothing is done, and what is in force stays until it expires.
 *
 * Holds the authority's key and the log's key, and never one of an approver.
 * Does not speak to sockets: authority/serve.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authority/book.h"
#include "authority/log.h"
#include "record/countermeasure.h"

struct authority; /* opaque */

struct authority_config {
	const char *policy; /* paths */
	const char *key;
	const char *log_key;
	const char *ledger; /* directory of a log that exists */
	const char *basis; /* of orders made of countermeasures, for people to read */
};

/**
 * Sends a line to an effector.
 *
 * @param context as given
 * @param effector key name
 * @param line without its newline
 * @return whether it was attached and the line is on its way
 */
typedef bool authority_sender(void *context, const char *effector, const char *line);

/**
 * Opens keys, policy and ledger, verifies the whole ledger, and rebuilds the book from it.
 *
 * @param config borrowed for the call, but for basis, which must outlive the authority
 * @param send as above
 * @param context of send
 * @param now_ms present time
 * @param ret_authority the caller's, to be closed with authority_close()
 * @param ret_complaint else one line
 * @return OK, E_CONFIG, E_DENIED (keys do not fit the policy, or others can read them), E_MALFORMED (the ledger), E_STATE,
 * E_NOMEM or E_SYS
 */
MUST_USE int authority_open(const struct authority_config *config, authority_sender *send, void *context, int64_t now_ms,
	struct authority **ret_authority, char ret_complaint[static CONF_COMPLAINT_BYTES]);
void authority_close(struct authority *authority);

/**
 * Makes an order for each effector of the member and class: under a standing order if one fits, urgent if that is wished and
 * allowed, else to be asked. It is logged and, if it may act, sent before this returns.
 *
 * @param countermeasure of a sensor
 * @param now_ms present time
 * @param ret_detail what came of it, one line
 * @return OK: at least one order was made; E_STATE: there is such an order already, or no effector; E_DENIED: the policy does
 * not allow it; E_LIMIT; E_NOMEM; E_SYS: the ledger cannot be written
 */
MUST_USE int authority_propose(struct authority *authority, const struct countermeasure *countermeasure, int64_t now_ms,
	char ret_detail[static BOOK_DETAIL_BYTES]);

/**
 * Takes a document signed by a person.
 *
 * @param text order, standing order, or what is said about one; NUL-terminated
 * @param now_ms present time
 * @param ret_detail the order's id and state, or what is wrong: one line
 * @return as book_judge(), or E_SYS: the ledger cannot be written
 */
MUST_USE int authority_take(struct authority *authority, const char *text, int64_t now_ms,
	char ret_detail[static BOOK_DETAIL_BYTES]);

/** Takes a receipt, from a process that may speak for the effector. @return as authority_take() */
MUST_USE int authority_receipt(struct authority *authority, const struct receipt *receipt, int64_t now_ms,
	char ret_detail[static BOOK_DETAIL_BYTES]);

/**
 * The bundle of an order of re-identification, for a person to carry to its mail host: nobody is sent one.
 *
 * @param id of the order, or its beginning
 * @param now_ms present time
 * @param ret_line set to malloc'ed text of one line without its newline; the caller frees it
 * @param ret_detail else why not, one line
 * @return OK; E_STATE: there is no such order, or it is not approved; E_DENIED: of another class, or its mail host would not
 * take it now; E_NOMEM; E_SYS: the ledger cannot be read
 */
MUST_USE int authority_bundle(struct authority *authority, const char *id, int64_t now_ms, char **ret_line,
	char ret_detail[static BOOK_DETAIL_BYTES]);

/** Lets time pass: ends what is due, sends what waits, publishes the ledger. To be called some times a second. */
void authority_turn(struct authority *authority, int64_t now_ms);

/** What there is to be shown; orders are changed by the functions above alone. */
struct book *authority_book(struct authority *authority);
const struct policy *authority_policy(const struct authority *authority);

/** The ledger, for witnesses: checkpoints, consistency. Nothing is appended but by the functions above. */
struct log *authority_log(struct authority *authority);
