/*
 * nfdump files (nfcapd, nfpcapd, sfcapd, nfdump -w) of layout 2, as nfdump
 * 1.7 writes them: the file's header, the headers of its blocks, and the flow
 * records in a block once it is unpacked.
 *
 * Does not unpack. Layout 1 (nfdump 1.6), encrypted files and files of the
 * other byte order are told apart and refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cursor.h"
#include "core/err.h"
#include "decode/observation.h"

#define NFDUMP_FILE_HEADER_BYTES 40
#define NFDUMP_BLOCK_HEADER_BYTES 12
#define NFDUMP_BLOCK_BYTES_MAX 8388608 /* of a block, packed or not; nfdump makes them up to 5 MiB. More is E_MALFORMED */

enum nfdump_packing {
	NFDUMP_PLAIN = 0,
	NFDUMP_LZO = 1,
	NFDUMP_BZ2 = 2,
	NFDUMP_LZ4 = 3,
	NFDUMP_ZSTD = 4,
};

/** What an nfdump file's header says. */
struct nfdump_file {
	enum nfdump_packing packing; /* of its blocks */
	uint64_t end_bytes; /* offset of what is no flow any more; 0: not said, the file was not closed */
};

struct nfdump_block {
	uint32_t stored_bytes; /* what follows in the file, at most NFDUMP_BLOCK_BYTES_MAX */
	bool is_plain; /* not packed, whatever the file's header says */
	bool has_records; /* else a block of something else, to be stepped over */
};

/** Whether a file begins as nfdump's do, whatever layout and byte order it has (2 bytes are enough). */
bool nfdump_is(const uint8_t *bytes, size_t length_bytes);

/**
 * Reads the header of a file.
 *
 * @param cur over the file's first NFDUMP_FILE_HEADER_BYTES; moved behind them on OK only
 * @return OK; E_AGAIN: fewer bytes are at hand; E_UNSUPPORTED: another layout or byte order; E_DENIED: encrypted;
 *         E_MALFORMED: no such packing
 */
MUST_USE int nfdump_file_parse(struct cursor *cur, struct nfdump_file *ret_file);

/**
 * Reads the header of a block.
 *
 * @param cur moved behind the header on OK only
 * @return OK; E_END: nothing is left; E_AGAIN: fewer bytes are at hand than a header has; E_MALFORMED: the size cannot be
 */
MUST_USE int nfdump_block_parse(struct cursor *cur, struct nfdump_block *ret_block);

/**
 * Reads the next flow record of a block; what else is in the block is stepped over.
 *
 * @param cur over the unpacked block; moved behind the record, whatever is said of it
 * @param ret_obs filled on OK; exporter is 0, and sampling 1, since nfdump's counts are those of all packets
 * @return OK; E_END: nothing is left; E_UNSUPPORTED: a record without addresses or without packets; E_MALFORMED: a record
 *         that contradicts itself; E_TRUNCATED: what is left of the block cannot be read
 */
MUST_USE int nfdump_record_next(struct cursor *cur, struct observation *ret_obs);
