/*
 * Directories of people as others write them: LDIF (RFC 2849), vCard 3 and 4
 * (RFC 6350) and CSV (RFC 4180) with a line of column names. The kind is found
 * by looking. Pure: no I/O, no allocation.
 *
 * Does not check that an address is anybody's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define PERSON_TEXT_BYTES 128 /* one name, title or kind, with its NUL; longer ones are cut */
#define PERSON_ADDRESSES_MAX 8 /* more are passed over */
#define PERSON_ADDRESS_BYTES 320

/** One person, as the file has it; UTF-8. Empty texts: not told. */
struct person {
	char name[PERSON_TEXT_BYTES]; /* the whole name where its parts are not told */
	char family[PERSON_TEXT_BYTES], given[PERSON_TEXT_BYTES];
	char kana[PERSON_TEXT_BYTES], family_kana[PERSON_TEXT_BYTES], given_kana[PERSON_TEXT_BYTES];
	char romaji[PERSON_TEXT_BYTES];
	char title[PERSON_TEXT_BYTES]; /* office or rank, also a former one */
	char organisation[PERSON_TEXT_BYTES];
	char kind[PERSON_TEXT_BYTES]; /* staff, former, expert ... */
	char addresses[PERSON_ADDRESSES_MAX][PERSON_ADDRESS_BYTES];
	size_t address_count;
};

/**
 * Takes a person.
 *
 * @param context the caller's
 * @param person borrowed for the call
 * @return OK, or an error that ends the reading
 */
typedef int person_taker(void *context, const struct person *person);

/**
 * Reads a directory.
 *
 * @param text whole file, need not be NUL-terminated
 * @param length_bytes of it
 * @param take called for each person that has a name or an address
 * @param context for take
 * @param ret_line on an error, where
 * @return OK; E_UNSUPPORTED: none of the three kinds, or a CSV without a column that is known; E_MALFORMED; what take returned
 */
MUST_USE int people_file_parse(const char *text, size_t length_bytes, person_taker *take, void *context, size_t *ret_line);
