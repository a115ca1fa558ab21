/*
 * A whole file that is not packed: its header, its blocks, their records. Beyond "does not crash": every record read
 * moves the cursor on, and an observation is what observation.h promises.
 */
#include <stdint.h>

#include "core/cursor.h"
#include "decode/nfdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static void block_read(struct cursor block)
{
	struct observation obs;
	int err = OK;
	while (err == OK || err == E_UNSUPPORTED || err == E_MALFORMED) {
		const uint8_t *before = block.at;
		err = nfdump_record_next(&block, &obs);
		ASSERT(err == E_END || block.at > before);
		if (err == OK) {
			ASSERT(obs.packets >= 1 && obs.sampling == 1 && obs.exporter == 0);
			ASSERT(obs.start_ns <= obs.end_ns && obs.start_ns >= 0);
		}
	}
	ASSERT(cursor_left(&block) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	struct nfdump_file file;
	struct nfdump_block block;
	if (nfdump_file_parse(&cur, &file) != OK)
		return 0;
	while (nfdump_block_parse(&cur, &block) == OK) {
		struct cursor body = cursor_slice(&cur, block.stored_bytes < cursor_left(&cur) ? block.stored_bytes : cursor_left(&cur));
		block_read(body);
	}
	return 0;
}
