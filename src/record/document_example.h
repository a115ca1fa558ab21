/* Documents for tests: one of each kind, with every member that its kind can have. Not part of any process. */
#pragma once

#include "record/approval.h"
#include "record/bundle.h"
#include "record/countermeasure.h"
#include "record/health.h"
#include "record/mail_finding.h"
#include "record/order.h"
#include "record/receipt.h"
#include "record/standing_order.h"
#include "record/withdrawal.h"

#define EXAMPLE_NOW_MS INT64_C(1766707200000) /* 2025-12-26 00:00:00 UTC */

/** One kind of document, its name, and an example of it. */
struct document_example {
	const char *name;
	const struct document_kind *kind;
	const void *document;
	void *room; /* a struct of this kind to read into */
};

extern struct document_example document_examples[10];
#define DOCUMENT_EXAMPLES_COUNT 10

/** Frees what an example's room holds after it was read into. */
void document_example_done(const struct document_example *example);

/** Fills the examples. Their texts are static. */
void document_examples_init(void);

/** A sound countermeasure: drop NTP answers to 192.0.2.10. */
void countermeasure_example(struct countermeasure *ret_countermeasure);

/** A sound order that rests on nothing but its approvals: from EXAMPLE_NOW_MS for ten minutes. */
void order_example(struct order *ret_order);

/** A sound order of re-identification: two pseudonyms of mail_finding_example(), asked for by Hana. */
void reveal_example(struct order *ret_order);

/** A standing order that the order of order_example() would fit. */
void standing_order_example(struct standing_order *ret_standing);

/** A sound mail finding: a known name at a free mailer that leads to an archive. */
void mail_finding_example(struct mail_finding *ret_finding);
