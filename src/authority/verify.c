/*
 * Verification of a whole log, in one pass over its entries. The hashes of a
 * bundle's entries must be the tile of level 0; the hash over each full tile
 * is a hash of the tile above it. So each level is rebuilt from the entries
 * and compared with what is on disk, and nothing is believed but the
 * checkpoint's signature.
 */
#include "authority/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/tile.h"

struct pass {
	const struct verify_options *options;
	int directory;
	uint64_t entries;
	uint64_t bytes;
	const struct checkpoint *witnessed; /* an older tree; NULL: the newest */
	struct merkle_frontier frontier;
	struct merkle_hash rows[MERKLE_TILE_LEVELS][MERKLE_TILE_WIDTH]; /* as the entries so far say */
	char *complaint;
};

__attribute__((format(printf, 3, 4))) static int complain(char *ret_complaint, int err, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(ret_complaint, VERIFY_COMPLAINT_BYTES, format, arguments);
	va_end(arguments);
	return err;
}

/** Says what is wrong with a file of the log. */
static int tile_complain(const struct pass *pass, const struct merkle_tile *tile, int err, const char *what)
{
	char path[MERKLE_TILE_PATH_BYTES];
	bool is_read = what != NULL;
	if (!is_read)
		what = err == E_SYS ? strerror(errno) : err == E_NOMEM ? "out of memory" : "is not as long as it must be";
	return complain(pass->complaint, err, "%s: %s", merkle_tile_path(tile, path), what);
}

/** Compares a tile on disk with the row that the entries gave. */
static int tile_compare(const struct pass *pass, unsigned level, uint64_t index, unsigned width)
{
	struct merkle_tile tile = {level, index, width};
	struct merkle_hash hashes[MERKLE_TILE_WIDTH];
	int err = tile_hashes_read(pass->directory, &tile, hashes);
	if (err != OK)
		return tile_complain(pass, &tile, err, NULL);
	if (memcmp(hashes, pass->rows[level], (size_t)width * MERKLE_HASH_BYTES) != 0)
		return tile_complain(pass, &tile, E_DENIED, "a hash is not that of what lies below it");
	return OK;
}

/** Hands the hashes of full tiles on to the level above. */
static int tiles_climb(struct pass *pass, uint64_t index, unsigned width)
{
	for (unsigned level = 0; level < MERKLE_TILE_LEVELS; level++) {
		int err = tile_compare(pass, level, index, width);
		if (err != OK || width < MERKLE_TILE_WIDTH || level + 1 == MERKLE_TILE_LEVELS)
			return err;
		merkle_row_hash(pass->rows[level], MERKLE_TILE_HEIGHT, &pass->rows[level + 1][index % MERKLE_TILE_WIDTH]);
		if ((index + 1) % MERKLE_TILE_WIDTH != 0)
			return OK;
		index /= MERKLE_TILE_WIDTH;
	}
	return OK;
}

/** The tree had this many entries at some time: was it the tree of an older checkpoint? */
static int older_compare(const struct pass *pass, const struct checkpoint *older)
{
	struct merkle_hash root;
	if (older == NULL || older->entries == 0 || older->entries != pass->frontier.entries)
		return OK;
	merkle_frontier_root(&pass->frontier, &root);
	if (merkle_hash_equal(&root, &older->root))
		return OK;
	return complain(pass->complaint, E_DENIED,
		"the log was rewritten: its first %" PRIu64 " entries are not those of the older checkpoint",
		older->entries);
}

static int bundle_verify(struct pass *pass, uint64_t index, unsigned width)
{
	struct merkle_tile tile = {MERKLE_TILE_ENTRIES, index, width};
	uint8_t *bytes = NULL;
	size_t length = 0;
	int err = tile_bundle_read(pass->directory, &tile, &bytes, &length);
	if (err != OK)
		return tile_complain(pass, &tile, err, NULL);
	struct cursor cur = cursor_over(bytes, length);
	for (unsigned i = 0; err == OK && i < width; i++) {
		size_t entry_bytes = 0;
		const uint8_t *entry = tile_entry_next(&cur, &entry_bytes);
		if (entry == NULL) {
			err = tile_complain(pass, &tile, E_MALFORMED, "entries are missing");
			break;
		}
		merkle_leaf(entry, entry_bytes, &pass->rows[0][i]);
		merkle_frontier_add(&pass->frontier, &pass->rows[0][i]);
		pass->bytes += entry_bytes;
		err = older_compare(pass, pass->options->older);
		if (err == OK)
			err = older_compare(pass, pass->witnessed);
	}
	if (err == OK)
		err = tiles_climb(pass, index, width);
	cur = cursor_over(bytes, length);
	for (unsigned i = 0; err == OK && pass->options->visit != NULL && i < width; i++) {
		size_t entry_bytes = 0;
		const uint8_t *entry = tile_entry_next(&cur, &entry_bytes);
		pass->options->visit(pass->options->context, index * MERKLE_TILE_WIDTH + i, entry, entry_bytes);
	}
	free(bytes);
	return err;
}

/** Upper levels whose last tile is not full: their full tiles were compared on the way. */
static int edges_verify(const struct pass *pass)
{
	for (unsigned level = 1; level < MERKLE_TILE_LEVELS; level++) {
		uint64_t full = 0;
		unsigned partial = 0;
		merkle_tile_count(level, pass->entries, &full, &partial);
		int err = partial > 0 ? tile_compare(pass, level, full, partial) : OK;
		if (err != OK)
			return err;
	}
	return OK;
}

static int tree_verify(struct pass *pass, const struct checkpoint *checkpoint)
{
	uint64_t full = 0;
	unsigned partial = 0;
	struct merkle_hash root;
	pass->entries = checkpoint->entries;
	if (pass->options->older != NULL && pass->options->older->entries > checkpoint->entries)
		return complain(pass->complaint, E_DENIED, "the log was cut: it has %" PRIu64 " entries, and had %" PRIu64,
			checkpoint->entries, pass->options->older->entries);
	merkle_tile_count(MERKLE_TILE_ENTRIES, pass->entries, &full, &partial);
	int err = OK;
	for (uint64_t index = 0; err == OK && index < full; index++)
		err = bundle_verify(pass, index, MERKLE_TILE_WIDTH);
	if (err == OK && partial > 0)
		err = bundle_verify(pass, full, partial);
	if (err == OK)
		err = edges_verify(pass);
	if (err != OK)
		return err;
	merkle_frontier_root(&pass->frontier, &root);
	if (!merkle_hash_equal(&root, &checkpoint->root))
		return complain(pass->complaint, E_DENIED, TILE_CHECKPOINT ": its root is not that of the entries");
	return OK;
}

/** Reads a checkpoint file and counts its witnesses; E_STATE: they are too few. */
static int checkpoint_verify(const struct verify_options *options, int directory, const char *name,
	struct checkpoint *ret_checkpoint, size_t *ret_cosigned, char *complaint)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	struct note note;
	const char *why = NULL;
	struct proof_trust any = *options->trust;
	any.quorum = 0;
	int err = tile_file_read(directory, name, CHECKPOINT_BYTES_MAX, &bytes, &length);
	if (err != OK)
		return complain(complaint, err, "%s: %s", name, err == E_SYS ? strerror(errno) : "cannot be read");
	err = checkpoint_open((const char *)bytes, length, &options->trust->log_key, ret_checkpoint, &note);
	if (err != OK)
		why = err == E_DENIED ? "is not signed by this key" : "is damaged";
	else
		err = proof_cosigned(&note, &any, ret_cosigned, &why);
	free(bytes);
	if (err != OK)
		return complain(complaint, err, "%s: %s", name, why);
	return *ret_cosigned >= options->trust->quorum ? OK
						       : complain(complaint, E_STATE, "%s: too few witnesses have seen the log", name);
}

int verify_log(const struct verify_options *options, struct verify_report *ret_report,
	char ret_complaint[static VERIFY_COMPLAINT_BYTES])
{
	struct verify_report report = {.bytes = 0};
	struct checkpoint witnessed = {.entries = 0};
	char aside[VERIFY_COMPLAINT_BYTES];
	int directory = open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return complain(ret_complaint, E_SYS, "%.200s: %s", options->directory, strerror(errno));
	struct pass *pass = calloc(1, sizeof(*pass));
	int err = pass == NULL ? complain(ret_complaint, E_NOMEM, "out of memory")
			       : checkpoint_verify(options, directory, TILE_CHECKPOINT, &report.checkpoint, &report.cosigned, ret_complaint);
	report.witnessed = report.checkpoint.entries;
	if (err == E_STATE) { /* the newest is not cosigned yet: then an older one must be */
		err = checkpoint_verify(options, directory, TILE_WITNESSED, &witnessed, &report.cosigned, aside);
		bool is_older = err == OK && witnessed.entries <= report.checkpoint.entries;
		err = is_older ? OK : E_DENIED; /* what was said of the newest stands */
		report.witnessed = witnessed.entries;
		if (pass != NULL)
			pass->witnessed = &witnessed;
	}
	if (pass != NULL && err == OK) {
		pass->options = options;
		pass->directory = directory;
		pass->complaint = ret_complaint;
		err = tree_verify(pass, &report.checkpoint);
		report.bytes = pass->bytes;
	}
	free(pass);
	close(directory);
	if (err == OK)
		*ret_report = report;
	return err;
}
