/*
 * The ledger: an append-only Merkle log in one directory, in the format of
 * C2SP tlog-tiles, with a checkpoint signed by the key of the log.
 *
 *     checkpoint                  the published tree: origin, size, root, signatures
 *     tile/LEVEL/INDEX[.p/WIDTH]  hashes
 *     tile/entries/INDEX[.p/W]    entries
 *     witnessed                   the newest checkpoint that was cosigned, of that tree or an older one
 *     settled                     a checkpoint whose tiles are known to be on disk; not for others
 *     journal                     entries since then; not for others
 *
 * An append is acknowledged when it is in the journal and on disk; it counts
 * at once, in checkpoints and proofs that are made here. Whatever happens
 * after that, log_open() brings it back. An append that was never answered
 * is there as a whole or not at all.
 *
 * One process has a log open at a time. Does not know what entries say, and
 * believes the files it wrote as far as the checkpoint goes: log_verify() in
 * authority/verify.h looks at everything.
 */
#pragma once

#include "keys/key.h"
#include "record/proof.h"

struct log;

/** An entry to append. */
struct log_entry {
	const void *bytes; /* borrowed */
	size_t length_bytes; /* 1..MERKLE_ENTRY_BYTES_MAX: see proof_entry() for longer documents */
};

/** What log_open() found and did. */
struct log_recovery {
	uint64_t published; /* entries in the tree that others saw; of the settled one where its file was lost */
	uint64_t replayed; /* entries that the journal brought back, published or not */
	uint64_t dropped_bytes; /* at the journal's end: an append that was cut off before it was answered */
};

/**
 * Begins a log: the directory with an empty tree, signed.
 *
 * @param directory is made; it may exist if it is empty
 * @param key of the log, NOTE_KEY_ED25519; its name is the log's origin
 * @return OK, E_STATE (there is something), E_UNSUPPORTED (the key is a witness's), E_NOMEM or E_SYS
 */
MUST_USE int log_create(const char *directory, const struct key *key);

/**
 * Opens a log and recovers what a sudden end left.
 *
 * @param directory of a log that exists
 * @param key of the log, borrowed until log_close()
 * @param ret_log the caller's, to be closed with log_close()
 * @param ret_recovery what was found
 * @param ret_why what is wrong, in words: static text, filled unless OK
 * @return OK; E_STATE (another process has it open); E_DENIED (another key's); E_MALFORMED (the files contradict each other:
 * nothing is changed then); E_UNSUPPORTED (the key is a witness's); E_NOMEM, or E_SYS
 */
MUST_USE int log_open(const char *directory, const struct key *key, struct log **ret_log, struct log_recovery *ret_recovery,
	const char **ret_why);

/** Closes a log; what is acknowledged and not published stays in the journal. NULL is fine. */
void log_close(struct log *log);

/** How many entries are acknowledged. */
uint64_t log_entries(const struct log *log);

/** How many entries this process has published; after log_open() those of the settled tree, until log_publish(). */
uint64_t log_published(const struct log *log);

/**
 * Appends entries, all of them or none, and has them on disk.
 *
 * @param log to append to
 * @param entries in their order
 * @param count at least 1
 * @param ret_first index of the first of them, filled on OK
 * @return OK; E_LIMIT (an entry or the batch is too long); E_NOMEM; E_SYS: not written, nothing is changed; E_STATE: the disk
 * failed before, and until the log is closed and opened again nothing is taken
 */
MUST_USE int log_append(struct log *log, const struct log_entry *entries, size_t count, uint64_t *ret_first);

/**
 * Publishes all that is acknowledged: writes tiles and then the checkpoint, and waits for no disk. Settles when the journal has
 * become long (LIMIT_LEDGER_SETTLE_BYTES).
 *
 * @param log to be published; asking again when nothing is new costs nothing
 * @return OK, E_STATE (as log_append()), or E_SYS: the old checkpoint stands, and asking again later is right
 */
MUST_USE int log_publish(struct log *log);

/**
 * Publishes, has all of it on disk, and empties the journal. Syncs the whole file system, which may take its time.
 *
 * @param log to be settled
 * @return OK, E_STATE (as log_append()), or E_SYS: the journal still has what it had
 */
MUST_USE int log_settle(struct log *log);

/**
 * Signs the tree as it is now.
 *
 * @param log whose tree
 * @param ret_note filled and NUL-terminated
 * @return its length
 */
size_t log_checkpoint(const struct log *log, char ret_note[static CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES]);

/**
 * Takes a checkpoint of this log that witnesses have cosigned: proofs are made with it from now on, for entries it covers, and
 * the next publishing tells it.
 *
 * @param log whose checkpoint
 * @param note what log_checkpoint() gave, with the witnesses' lines after it; their signatures are not verified here
 * @param note_bytes of note
 * @return OK, E_MALFORMED, E_LIMIT; E_DENIED: not a tree of this log; E_STATE: there is a cosigned checkpoint of a larger tree
 */
MUST_USE int log_cosign(struct log *log, const char *note, size_t note_bytes);

/**
 * Writes the proof that an entry is in the log (record/proof.h), with the cosigned checkpoint if that covers it.
 *
 * @param log with the entry
 * @param index of the entry
 * @param ret_text room for the proof
 * @param room_bytes of ret_text; PROOF_BYTES_MAX is enough
 * @param ret_text_bytes its length
 * @return OK, E_STATE (no such entry), E_LIMIT (no room), E_MALFORMED, E_NOMEM or E_SYS
 */
MUST_USE int log_prove(struct log *log, uint64_t index, char *ret_text, size_t room_bytes, size_t *ret_text_bytes);

/**
 * Makes the proof that a tree of this log grew out of an older one.
 *
 * @param log with both trees
 * @param old_entries of the older tree
 * @param new_entries of the newer tree, not more than log_entries()
 * @param ret_path for merkle_consistency_verify()
 * @param ret_count hashes in it
 * @return OK, E_STATE (there are no such trees), E_MALFORMED, E_NOMEM or E_SYS
 */
MUST_USE int log_consistency(struct log *log, uint64_t old_entries, uint64_t new_entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count);
