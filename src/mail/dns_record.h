/*
 * TXT records as an operator recorded them, so that signatures of old mails can
 * be verified with the keys of then, years later and without a network. The
 * file is described in hinomi-mail(8), "RECORDED DNS": one answer a line, when
 * it was seen, of which name, what it was.
 *
 * Does not ask DNS, and does not know what records mean.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"

#define DNS_NAME_BYTES 256 /* with its NUL */
#define DNS_TEXT_BYTES 4096 /* of one record, its strings joined; a longer one is refused */

/** What was answered. */
enum dns_answer {
	DNS_NOT_RECORDED = 0, /* nobody asked, or not near that time */
	DNS_TEXT, /* one TXT record */
	DNS_NOTHING, /* there is no such name, or it has no TXT record */
	DNS_FAILED, /* no answer: timeout, SERVFAIL */
};

/** One line of the file; texts borrowed for the call. */
struct dns_record {
	int64_t seen_wall_ms; /* 0: at any time */
	char name[DNS_NAME_BYTES]; /* lower case, without a final dot */
	enum dns_answer answer;
	char text[DNS_TEXT_BYTES]; /* of DNS_TEXT */
	size_t text_bytes;
};

/**
 * Takes a record.
 *
 * @param context the caller's
 * @param record borrowed for the call
 * @return OK, or an error that ends the reading
 */
typedef int dns_record_taker(void *context, const struct dns_record *record);

/**
 * Reads recorded answers. Pure: no I/O.
 *
 * @param text whole file, need not be NUL-terminated
 * @param length_bytes of it
 * @param take called for each
 * @param context for take
 * @param ret_line on an error, where; from 1
 * @return OK, E_MALFORMED; what take returned
 */
MUST_USE int dns_record_parse(const char *text, size_t length_bytes, dns_record_taker *take, void *context, size_t *ret_line);

struct dns_records;

/**
 * Loads a file.
 *
 * @param path of a regular file of at most LIMIT_MAIL_DNS_BYTES
 * @param ret_records owned by the caller; dns_records_free()
 * @param ret_why on an error one line
 * @return OK, E_CONFIG, E_NOMEM, E_SYS
 */
MUST_USE int dns_records_load(const char *path, struct dns_records **ret_records, char ret_why[static WHY_BYTES]);

/** The same from text, for tests and fuzzing. */
MUST_USE int dns_records_new(const char *text, size_t length_bytes, struct dns_records **ret_records, size_t *ret_line);
void dns_records_free(struct dns_records *records);

/**
 * What was answered for a name at a time: between two equal answers that one; else the one nearest in time, if within
 * DNS_NEAR_DAYS; else one without a time.
 *
 * @param records borrowed
 * @param name lower case, without a final dot
 * @param at_wall_ms 0: not known, and then only an answer without a time counts
 * @param ret_text of DNS_TEXT; borrowed from records
 * @param ret_text_bytes of it
 * @return what was answered
 */
enum dns_answer dns_records_find(const struct dns_records *records, const char *name, int64_t at_wall_ms, const char **ret_text,
	size_t *ret_text_bytes);

#define DNS_NEAR_DAYS 30 /* an answer further from a mail's time says nothing about then: keys are changed each quarter or rarer */
