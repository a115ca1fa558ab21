/*
 * What ends sent before they were watched, for files of flow records: the
 * record of a question often comes before that of the answer which makes the
 * end worth a watch, and without it the answer looks as if nobody had asked.
 * A ring of the last EARLIER_RECORDS records of more than one packet.
 */
#pragma once

#include <stdbool.h>

#include "detect/profile.h"

#define EARLIER_RECORDS 8192

struct earlier; /* opaque */

/** NULL: no memory. Free with earlier_free(). */
struct earlier *earlier_new(void);
void earlier_free(struct earlier *earlier);
uint64_t earlier_memory_bytes(void);

/** Remembers an observation if it is the record of a flow of more than one packet. */
void earlier_note(struct earlier *earlier, const struct observation *obs, const struct mark *mark);

/** Counts in a profile what its end sent, of what is remembered. */
void earlier_tell(const struct earlier *earlier, struct profile *profile);
