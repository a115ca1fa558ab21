/*
 * The book: every order and standing order the authority knows, with what was
 * said and done about each. It is made of documents alone, the same whether
 * they come in now or are read back from the ledger after a restart.
 *
 * Two steps: book_judge() reads a document, hostile as it is, and says whether
 * it may be taken; book_apply() takes it, once it is in the ledger. Does not
 * sign, log, or send.
 */
#pragma once

#include "authority/lifecycle.h"
#include "record/order_verify.h"
#include "record/receipt.h"

#define BOOK_ORDERS_MAX 256 /* open and lately ended; when full the one that ended first makes room */
#define BOOK_DETAIL_BYTES 256

enum book_kind {
	BOOK_NOTHING = 0,
	BOOK_ORDER,
	BOOK_STANDING_ORDER,
	BOOK_STATEMENT, /* approval, refusal, ratification, withdrawal */
	BOOK_RECEIPT,
};

/** An order or a standing order. */
struct book_order {
	enum book_kind kind; /* BOOK_NOTHING: the place is free */
	struct lifecycle life;
	struct document_digest digest;
	uint64_t log_index; /* of its note in the ledger */
	char *note; /* owned */
	struct order *order; /* owned; NULL: a standing order */
	struct standing_order *standing; /* owned; NULL: an order */
	size_t approval_count;
	char *approvals[BUNDLE_APPROVALS_MAX]; /* owned */
	size_t ratification_count;
	char *ratifications[BUNDLE_APPROVALS_MAX]; /* owned */
	size_t approver_count;
	struct policy_approver approvers[2 * BUNDLE_APPROVALS_MAX];
	struct receipt receipt; /* the last one; state RECEIPT_UNKNOWN: none */
	char *withdrawal; /* owned: note or line that ended it; NULL: none */
	bool is_sent; /* handed to its effector, as far as this process knows */
	bool is_ratification_sent;
	bool is_withdrawal_sent;
};

struct book {
	const struct policy *policy; /* borrowed */
	lifecycle_listener *listener; /* of all orders; context is the struct book_order */
	struct book_order orders[BOOK_ORDERS_MAX];
};

/** A document that may be taken. */
struct book_document {
	enum book_kind kind;
	char *text; /* owned: as it is logged */
	struct order *order; /* owned */
	struct standing_order *standing; /* owned */
	struct order_statement statement;
	struct receipt receipt;
	struct document_digest digest; /* of an order or standing order */
	struct book_order *subject; /* of a statement or receipt */
};

/**
 * Begins an empty book.
 *
 * @param policy borrowed
 * @param listener told every transition; NULL: nobody
 * @return NULL: memory is out
 */
struct book *book_new(const struct policy *policy, lifecycle_listener *listener);
void book_free(struct book *book);

/**
 * Judges a document.
 *
 * @param book is not changed
 * @param text signed note, or a line with a passkey's assertion; NUL-terminated
 * @param now_ms present time; -1: read back from the ledger, where it was judged before
 * @param ret_document filled on OK; else nothing to be freed
 * @param ret_detail else one line for whoever sent it
 * @return OK; E_MALFORMED; E_DENIED (signature, policy, not his to say); E_STATE (said already, too late, no such order);
 * E_LIMIT (the book is full of open orders); E_NOMEM
 */
MUST_USE int book_judge(struct book *book, const char *text, int64_t now_ms, struct book_document *ret_document,
	char ret_detail[static BOOK_DETAIL_BYTES]);

/**
 * Takes a document that was judged and is in the ledger.
 *
 * @param book changed
 * @param document judged; what it owns moves into the book or is freed
 * @param log_index its place in the ledger
 * @param now_ms present time; -1: the document's own
 * @return the order that it made or is about
 */
struct book_order *book_apply(struct book *book, struct book_document *document, uint64_t log_index, int64_t now_ms);

/** Frees a document that is not applied. */
void book_document_done(struct book_document *document);

/** The order of an id (all of it, or its first 8 digits or more, if that is one alone), or of a digest; NULL: none. */
struct book_order *book_find(struct book *book, const char *id);
struct book_order *book_find_digest(struct book *book, const struct document_digest *digest);

/** Its id; borrowed. */
const char *book_id(const struct book_order *entry);

/** The quorum that an order waits for now; NULL: none. Borrowed from the policy. */
const struct policy_quorum *book_quorum(const struct book *book, const struct book_order *entry);

/**
 * The bundle of an order, borrowing the book's texts and the caller's proofs.
 *
 * @param book with the order and what it rests on
 * @param entry an order
 * @param proof of it
 * @param standing_proof of the standing order it rests on; NULL where it rests on none
 * @param ret_bundle filled on OK; not to be freed
 * @return OK, or E_STATE: the standing order is not there
 */
MUST_USE int book_bundle(struct book *book, const struct book_order *entry, char *proof, char *standing_proof,
	struct bundle *ret_bundle);
