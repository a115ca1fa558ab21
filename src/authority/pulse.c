/* One document, filled anew each time; those of effectors are parsed, and written anew. */
#include "authority/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/health_link.h"

#define EFFECTOR_PROGRAM "hinomi-effect " /* what does not see traffic must say so, or its zeros count as traffic */

struct pulse {
	struct health_link *link;
	struct health health;
	int64_t apart_ns; /* words of one effector that are handed on */
	int64_t relayed_mono_ns[CONFIG_EFFECTORS_MAX];
};

int pulse_new(const struct config *config, int64_t now_wall_ms, struct pulse **ret_pulse)
{
	struct pulse *pulse = calloc(1, sizeof(*pulse));
	int err = pulse != NULL ? health_link_new(config->tower, config->pulse_ms, &pulse->link) : E_NOMEM;
	if (err != OK) {
		free(pulse);
		return err;
	}
	pulse->apart_ns = (int64_t)config->pulse_ms * NS_PER_MS / 2;
	pulse->health.started_ms = now_wall_ms;
	snprintf(pulse->health.member, sizeof(pulse->health.member), "%s", config->member);
	snprintf(pulse->health.process, sizeof(pulse->health.process), "%s", config->process);
	snprintf(pulse->health.program, sizeof(pulse->health.program), "hinomi-authority " HINOMI_VERSION);
	*ret_pulse = pulse;
	return OK;
}

void pulse_free(struct pulse *pulse)
{
	if (pulse != NULL)
		health_link_free(pulse->link);
	free(pulse);
}

/** Orders that act, as far as the authority knows; a standing order acts through those that rest on it. */
static uint32_t orders_in_force(const struct book *book)
{
	uint32_t count = 0;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		const struct book_order *entry = &book->orders[i];
		enum lifecycle_state state = entry->life.state;
		count += entry->kind == BOOK_ORDER && entry->order->class != ORDER_REIDENTIFY &&
			(state == LIFECYCLE_ACTIVE || state == LIFECYCLE_RATIFIED);
	}
	return count;
}

int pulse_relay(struct pulse *pulse, const struct policy_effector *effector, size_t place, const char *line, size_t line_bytes,
	int64_t now_mono_ns, char ret_detail[static DOCUMENT_COMPLAINT_BYTES])
{
	struct health health;
	int err = health_parse(line, line_bytes, &health, ret_detail);
	if (err != OK)
		return err;
	if (strcmp(health.process, effector->name) != 0 || strcmp(health.member, effector->member) != 0 ||
		strncmp(health.program, EFFECTOR_PROGRAM, strlen(EFFECTOR_PROGRAM)) != 0) {
		snprintf(ret_detail, DOCUMENT_COMPLAINT_BYTES, "that is not the health of the effector that says it");
		return E_DENIED;
	}
	if (pulse == NULL || (pulse->relayed_mono_ns[place] != 0 && now_mono_ns - pulse->relayed_mono_ns[place] < pulse->apart_ns))
		return OK;
	pulse->relayed_mono_ns[place] = now_mono_ns;
	health_link_tell(pulse->link, &health);
	return OK;
}

void pulse_turn(struct pulse *pulse, const struct book *book, const struct pulse_counters *counters, int64_t now_wall_ms,
	int64_t now_mono_ns)
{
	struct health *health = &pulse->health;
	if (health_link_is_due(pulse->link, now_mono_ns)) {
		health->at_ms = now_wall_ms > health->started_ms ? now_wall_ms : health->started_ms;
		health->rules = orders_in_force(book);
		health->loss_count = 0;
		health_loss_add(health, "clients_refused", counters->clients_refused);
		health_loss_add(health, "clients_cut", counters->clients_cut);
		health_loss_add(health, "lines_refused", counters->lines_refused);
		health_loss_add(health, "effectors_gone", counters->effectors_gone);
		health_loss_add(health, "health", health_link_counters_of(pulse->link).lost);
		health_link_tell(pulse->link, health);
	}
	health_link_turn(pulse->link, now_mono_ns);
}
