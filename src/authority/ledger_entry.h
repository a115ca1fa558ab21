/*
 * What an entry of the ledger says of itself, for lists and counts: which
 * document it is, of which class of acts, when, by whom.
 *
 * Does not verify: neither the document against its schema nor its
 * signatures. Whoever logged it did; whoever doubts it has the entry.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/document.h"

#define LEDGER_WORD_BYTES 32
#define LEDGER_SIGNERS_BYTES 256

struct ledger_entry {
	char document[LEDGER_WORD_BYTES]; /* its kind; "long document" where only its hash is logged, "other" for none of ours */
	char class[LEDGER_WORD_BYTES]; /* of the act; "" where the document does not say */
	int64_t at_ms; /* when it was made, or begins to hold; -1: it does not say */
	struct document_digest digest; /* of the document */
	bool has_subject;
	struct document_digest subject; /* of the document that it is about */
	char signers[LEDGER_SIGNERS_BYTES]; /* names under it, with blanks between them */
};

/** Reads an entry; texts are plain whatever it holds. */
void ledger_entry_read(const uint8_t *bytes, size_t length_bytes, struct ledger_entry *ret_entry);
