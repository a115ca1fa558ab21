/* Health as documents. */
#include "record/health.h"

#include <stdio.h>
#include <string.h>

#define OWNER struct health
static const char *const document_name[] = {"health"};

#define RATE(member) ROW_UINT(struct health_rates, member, PRIVACY_MEMBER, 0, FIELD_NUMBER_MAX)
static const struct field rate_fields[] = {RATE(in_pps), RATE(in_bps), RATE(attack_pps), RATE(attack_bps), RATE(dropped_pps)};

static const struct field loss_fields[] = {
	ROW_TEXT("reason", struct health_loss, reason, PRIVACY_MEMBER, 1),
	ROW_UINT(struct health_loss, count, PRIVACY_MEMBER, 0, FIELD_NUMBER_MAX),
};
static const struct field loss_entry = ROW_OBJECT("", PRIVACY_MEMBER, struct health_loss, 0, loss_fields);

static const struct field health_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	ROW_TEXT("member", OWNER, member, PRIVACY_MEMBER, 1),
	ROW_TEXT("process", OWNER, process, PRIVACY_MEMBER, 1),
	ROW_TEXT("program", OWNER, program, PRIVACY_MEMBER, 1),
	ROW_TIME("started_ms", OWNER, started_ms, PRIVACY_MEMBER),
	ROW_TIME("at_ms", OWNER, at_ms, PRIVACY_MEMBER),
	ROW_OBJECT("rates", PRIVACY_MEMBER, struct health_rates, offsetof(OWNER, rates), rate_fields),
	ROW_UINT(OWNER, rules, PRIVACY_MEMBER, 0, UINT32_MAX),
	ROW_LIST("losses", PRIVACY_MEMBER, OWNER, losses, loss_count, &loss_entry),
};
static const struct field health_root = ROW_OBJECT("health", PRIVACY_MEMBER, OWNER, 0, health_fields);

static int health_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct health *health = document;
	return health->at_ms < health->started_ms ? document_refuse(complaint, "at_ms: is before started_ms") : OK;
}

const struct document_kind health_kind = {.root = &health_root, .most_bytes = HEALTH_LINE_BYTES_MAX, .check = health_check};

void health_loss_add(struct health *health, const char *reason, uint64_t count)
{
	for (size_t i = 0; i < health->loss_count; i++) {
		if (strcmp(health->losses[i].reason, reason) == 0) {
			health->losses[i].count += count;
			return;
		}
	}
	if (count == 0 || health->loss_count == HEALTH_LOSSES_MAX)
		return;
	struct health_loss *loss = &health->losses[health->loss_count++];
	snprintf(loss->reason, sizeof(loss->reason), "%s", reason);
	loss->count = count;
}
