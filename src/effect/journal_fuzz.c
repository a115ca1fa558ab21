/* Fuzz target: a journal of any bytes is read to its end, to what is torn, or refused; nothing is read twice or beyond. */
#include <stdlib.h>

#include "core/cursor.h"
#include "effect/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct order_counters counters;
	struct cursor cur = cursor_over(data, size_bytes);
	struct journal_record record;
	int err = OK;
	while (err == OK) {
		size_t left = cursor_left(&cur);
		err = journal_next(&cur, &counters, &record);
		ASSERT(err == OK ? cursor_left(&cur) < left : cursor_left(&cur) == left);
		ASSERT(err != OK || (record.kind > JOURNAL_UNKNOWN && record.kind < JOURNAL_KIND_COUNT));
		ASSERT(err != OK || record.bundle == NULL || ((const uint8_t *)record.bundle >= data &&
			(const uint8_t *)record.bundle + record.bundle_bytes <= data + size_bytes));
		ASSERT(err != OK || record.counters == NULL || record.counters->count <= ORDER_COUNTERS_MAX);
	}
	ASSERT(err == E_END || err == E_TRUNCATED || err == E_MALFORMED);
	return 0;
}
