/*
 * Data records of NetFlow v9 and IPFIX, by their template, into observations
 * or, if they are options, into what we know of the exporter.
 *
 * The caller has the template and the bytes; does not look for sets.
 */
#pragma once

#include "decode/flow_state.h"
#include "decode/template.h"

#define IPFIX_PREFIX_BYTES 8 /* bytes that must be readable before a record: message and set headers are more */

/** The message that the records are in. */
struct ipfix_message {
	struct flow_context *ctx;
	struct flow_exporter *exporter;
	struct flow_clock clock;
	bool has_uptime; /* the header has SysUptime (v9) */
	uint32_t sampling; /* for records that name no sampler */
};

/** The values of one record; those that the template lacks are 0. */
struct ipfix_record {
	uint64_t value[SLOT_COUNT]; /* of SLOT_SECTION: its length */
	const uint8_t *section; /* borrowed from the datagram */
};

/**
 * Loads the next record.
 *
 * @param bytes at least template->record_min_bytes, with IPFIX_PREFIX_BYTES readable before them
 * @param end one past the set
 * @param ret_record the template's slots are set, the others untouched
 * @return length of the record in bytes, or 0: a variable-length field runs over the end or is no number
 */
size_t ipfix_record_load(const struct template *template, const uint8_t *bytes, const uint8_t *end,
	struct ipfix_record *ret_record);

/** Makes observations of a data record, or counts why not. */
void ipfix_record_observe(struct ipfix_message *message, const struct template *template,
	const struct ipfix_record *record);

/** Learns from an options record: sampling and the time of the last boot. */
void ipfix_options_learn(struct ipfix_message *message, const struct template *template,
	const struct ipfix_record *record);
