/*
 * From findings to countermeasures: keeps a sample of packet headers, and when
 * a flood begins or changes makes the smallest rules against it (rules/
 * synthesis.h) and proposes them to the authority. Proposing is all: nothing
 * is stopped unless an order is made of it.
 *
 * The sample is in memory alone and forgets after three minutes. Of a flow
 * collector there are no headers, so its findings are not answered.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/finding.h"
#include "rules/space.h"
#include "sensor/input.h"
#include "record/line_link.h"

struct countermeasures; /* opaque */

/**
 * Tells who attacks a target over connections (detect_senders()).
 *
 * @param arg as configured
 * @param target of an open finding
 * @param ret_addrs filled
 * @param max room in it
 * @return how many
 */
typedef size_t countermeasures_senders(void *arg, const struct ip_prefix *target, struct ip_addr *ret_addrs, size_t max);

struct countermeasures_config {
	const char *authority; /* path of its socket, borrowed */
	const char *sets_directory; /* where source sets are stored, "": none are made. Borrowed */
	const char *sensor; /* own name, borrowed */
	uint16_t stopped_permille; /* asked share of the attack */
	uint16_t collateral_permille; /* allowed share of what came before it */
	uint32_t rules_most;
	uint32_t duration_s; /* wished for; asked anew at half of it while the finding is open */
	bool is_urgent; /* act before approvals are there, where no standing order fits */
	const struct space *space; /* borrowed; protected addresses are spared; NULL: none */
	countermeasures_senders *senders; /* NULL: those that a finding lists are all that is known */
	void *senders_arg;
	uint32_t senders_most; /* addresses of one source set; those that a finding lists always have room */
};

/** Exact: asked = proposed + separated_none + failed. */
struct countermeasures_counters {
	uint64_t looked_at; /* headers that were sampled */
	uint64_t not_read; /* headers without an IP packet that rules could ask for */
	uint64_t asked; /* times that a finding was to be answered: it began, changed, or half of the time was over */
	uint64_t proposed;
	uint64_t separated_none; /* nothing told the attack from good traffic within the allowed collateral */
	uint64_t failed; /* too little was known of the traffic, or a source set could not be stored */
	uint64_t sets_removed; /* files of source sets that no order can need any more */
	uint64_t findings_refused; /* more were open than are answered at a time */
};

/**
 * Opens the sets' directory and takes all memory; to be called before the sandbox is entered.
 *
 * @param config copied, but for what it borrows
 * @param ret_countermeasures owned by the caller
 * @return OK, E_NOMEM, or E_SYS: the directory cannot be opened
 */
MUST_USE int countermeasures_new(const struct countermeasures_config *config, struct countermeasures **ret_countermeasures);

/** Wipes the sample and frees. NULL is fine. */
void countermeasures_free(struct countermeasures *countermeasures);

/** Looks at a frame, or passes it over: of much, a part is enough. */
input_tap countermeasures_look; /* with a struct countermeasures */

/** Takes a finding in any phase; a detect_sink's second half. */
void countermeasures_take(struct countermeasures *countermeasures, const struct finding *finding, int64_t now_wall_ns);

/** Whether a finding came that waits for countermeasures_turn(). */
bool countermeasures_is_due(const struct countermeasures *countermeasures);

/** Makes and sends what is due, at most one countermeasure a call. Some times a second. */
void countermeasures_turn(struct countermeasures *countermeasures, int64_t now_wall_ns, int64_t now_mono_ns);

struct countermeasures_counters countermeasures_counters_of(const struct countermeasures *countermeasures);
struct line_link_counters countermeasures_link_of(const struct countermeasures *countermeasures);
