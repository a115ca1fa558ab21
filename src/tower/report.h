/*
 * Reports: one incident in the form that its recipients want, with what the
 * tower knows filled in and the rest left to a person. The forms are tables;
 * the Japanese ones have the fields of the common forms for DDoS and for
 * ransomware in use since October 2025, and are not their spreadsheets.
 *
 * Pure: no store, no clock. No address of a source is in any report.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/finding.h"
#include "tower/incident.h"
#include "tower/member.h"

#define REPORT_RECIPIENTS_MAX 16
#define REPORT_VALUE_BYTES 1024

enum report_form { REPORT_NO_FORM = 0, REPORT_DDOS_JP, REPORT_RANSOMWARE_JP, REPORT_GENERIC, REPORT_FORM_COUNT };

extern const char *const report_form_names[REPORT_FORM_COUNT + 1]; /* NULL-terminated, for configuration; "" is no form */

/** Who expects a report, and by when. */
struct report_recipient {
	char name[200];
	char basis[200]; /* rule or agreement */
	int form; /* enum report_form */
	uint64_t within_ms; /* from when the tower first heard of the incident */
};

/** What a report is made of: borrowed. */
struct report_case {
	enum report_form form;
	enum incident_language language;
	const struct incident *incident;
	const struct member *member; /* NULL: not registered */
	const struct member_contact *contact; /* NULL: none */
	const struct finding_origin *origins;
	size_t origin_count;
	unsigned orders; /* that named a finding of it */
	uint64_t stopped_packets; /* by all of them */
	unsigned collateral_permille; /* the highest measured */
	bool has_consent; /* the originator lets it go on to others */
	int64_t now_ms;
	const struct report_recipient *recipients;
	size_t recipient_count;
};

/** The report as schema/api.json has it (Report), a new reference; NULL: memory is out. */
json_t *report_make(const struct report_case *of);

/** A made report as HTML: one page, without style or script. The caller frees; NULL: memory is out. */
char *report_html(const json_t *report, size_t *ret_bytes);

/** A made report as CSV (RFC 4180), safe to open in a spreadsheet: no value begins a formula. Likewise. */
char *report_csv(const json_t *report, size_t *ret_bytes);
