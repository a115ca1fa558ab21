/* One document, filled anew each time. */
#include "authority/pulse.h"

#include <stdio.h>
#include <stdlib.h>

#include "record/health_link.h"

struct pulse {
	struct health_link *link;
	struct health health;
};

int pulse_new(const struct config *config, int64_t now_wall_ms, struct pulse **ret_pulse)
{
	struct pulse *pulse = calloc(1, sizeof(*pulse));
	int err = pulse != NULL ? health_link_new(config->tower, config->pulse_ms, &pulse->link) : E_NOMEM;
	if (err != OK) {
		free(pulse);
		return err;
	}
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
