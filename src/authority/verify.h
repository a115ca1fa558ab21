/*
 * Verification of a whole log from its published files, offline and without
 * any private key: every entry against its hash, every tile against the one
 * below it, the root against the checkpoint, the checkpoint against the keys
 * of the log and its witnesses, and the tree against an older checkpoint. If
 * witnesses have not seen the newest tree yet, they must have seen an older
 * one, which this one must have grown out of.
 *
 * Does not look at the journal, which holds what is not published yet, nor at
 * files that the checkpoint does not speak of.
 */
#pragma once

#include "record/proof.h"

#define VERIFY_COMPLAINT_BYTES 256

/** What is asked of a log. */
struct verify_options {
	const char *directory;
	const struct proof_trust *trust; /* the log's key, its witnesses, and how many must have cosigned */
	const struct checkpoint *older; /* that this tree must have grown out of; NULL: none */
	/** Gets each entry in its order, once it is known to be the one that was logged; NULL: nobody. */
	void (*visit)(void *context, uint64_t index, const uint8_t *entry, size_t entry_bytes);
	void *context;
};

/** What was found. */
struct verify_report {
	struct checkpoint checkpoint;
	size_t cosigned; /* different witnesses of the list */
	uint64_t witnessed; /* entries that they have seen: all, or those of the newest checkpoint that enough of them have cosigned */
	uint64_t bytes; /* of all entries */
};

/**
 * Verifies a log. If it is good, each entry was visited once; else some may have been.
 *
 * @param options what is asked
 * @param ret_report filled on OK
 * @param ret_complaint else one line: which file, and what is wrong with it
 * @return OK, E_MALFORMED, E_UNSUPPORTED, E_LIMIT (a file is no such file), E_DENIED (it is not what was signed), E_NOMEM, E_SYS
 */
MUST_USE int verify_log(const struct verify_options *options, struct verify_report *ret_report,
	char ret_complaint[static VERIFY_COMPLAINT_BYTES]);
