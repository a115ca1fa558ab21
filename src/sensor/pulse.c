/*
 * The attack's part of what comes in is how much the open findings grew since
 * the last time, each known by its id. A finding that is new grew from nothing,
 * over the time since its first packet.
 */
#include "sensor/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/health_link.h"

#define FOLLOWED_MAX 256 /* open findings whose growth is known; more count as legitimate traffic */

/** A finding as it was the last time. */
struct followed {
	char id[FINDING_ID_BYTES];
	uint64_t packets, bytes;
};

struct pulse {
	struct health_link *link;
	struct health health;
	int64_t taken_mono_ns, now_wall_ns;
	uint64_t stopped_before; /* by rules, over all inputs */
	size_t followed_count, grown_count;
	struct followed followed[FOLLOWED_MAX], grown[FOLLOWED_MAX]; /* the last time, and now */
	double attack_pps, attack_bps; /* being summed */
	int64_t elapsed_ms;
};

int pulse_new(const struct config *config, int64_t now_wall_ns, struct pulse **ret_pulse)
{
	struct pulse *pulse = calloc(1, sizeof(*pulse));
	int err = pulse != NULL ? health_link_new(config->tower, config->pulse_ms, &pulse->link) : E_NOMEM;
	if (err != OK) {
		free(pulse);
		return err;
	}
	pulse->health.started_ms = now_wall_ns / NS_PER_MS;
	pulse->taken_mono_ns = clock_mono_ns();
	snprintf(pulse->health.member, sizeof(pulse->health.member), "%s", config->member);
	snprintf(pulse->health.process, sizeof(pulse->health.process), "%s", config->detect.sensor);
	snprintf(pulse->health.program, sizeof(pulse->health.program), "hinomi-sensor " HINOMI_VERSION);
	*ret_pulse = pulse;
	return OK;
}

void pulse_free(struct pulse *pulse)
{
	if (pulse != NULL)
		health_link_free(pulse->link);
	free(pulse);
}

/** What an attack is: the rest is told of, and is not harm done to us. */
static bool is_attack(enum finding_kind kind)
{
	return kind == FINDING_FLOOD || kind == FINDING_CARPET_BOMBING || kind == FINDING_OUTBOUND_ATTACK;
}

static const struct followed *followed_find(const struct pulse *pulse, const char *id)
{
	for (size_t i = 0; i < pulse->followed_count; i++) {
		if (strcmp(pulse->followed[i].id, id) == 0)
			return &pulse->followed[i];
	}
	return NULL;
}

/** Adds what one open finding grew by; a detect_sink. */
static void finding_add(void *arg, const struct finding *finding)
{
	struct pulse *pulse = arg;
	if (!is_attack(finding->kind) || pulse->grown_count == FOLLOWED_MAX)
		return;
	struct followed *grown = &pulse->grown[pulse->grown_count++];
	*grown = (struct followed){.packets = finding->packets, .bytes = finding->bytes};
	memcpy(grown->id, finding->id, sizeof(grown->id));
	const struct followed *before = followed_find(pulse, finding->id);
	int64_t since_ms = pulse->now_wall_ns / NS_PER_MS - finding->window_start_ms;
	double over_ms = (double)(before == NULL && since_ms > pulse->elapsed_ms ? since_ms : pulse->elapsed_ms);
	uint64_t packets_before = before != NULL ? before->packets : 0, bytes_before = before != NULL ? before->bytes : 0;
	if (finding->packets > packets_before)
		pulse->attack_pps += (double)(finding->packets - packets_before) * 1000 / over_ms;
	if (finding->bytes > bytes_before)
		pulse->attack_bps += (double)(finding->bytes - bytes_before) * 8 * 1000 / over_ms;
}

/** Sums of losses over all inputs; what rules have stopped. */
static uint64_t inputs_add(struct health *health, struct sensor *sensor)
{
	uint64_t stopped = 0;
	for (size_t i = 0; i < sensor->input_count; i++) {
		struct input_report report;
		input_report(&sensor->inputs[i], &report);
		stopped += report.seen_stopped;
		for (size_t k = 0; k < report.dropped_count; k++)
			health_loss_add(health, report.dropped[k].reason, report.dropped[k].count);
	}
	return stopped;
}

static uint64_t whole(double sum, uint64_t most)
{
	return sum < (double)most ? (uint64_t)sum : most;
}

const struct health *pulse_take(struct pulse *pulse, struct sensor *sensor, int64_t now_wall_ns, int64_t now_mono_ns)
{
	struct health *health = &pulse->health;
	pulse->elapsed_ms = (now_mono_ns - pulse->taken_mono_ns) / NS_PER_MS;
	if (pulse->elapsed_ms <= 0)
		pulse->elapsed_ms = 1;
	pulse->taken_mono_ns = now_mono_ns;
	pulse->now_wall_ns = now_wall_ns;
	pulse->grown_count = 0;
	pulse->attack_pps = pulse->attack_bps = 0;
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (sensor->engines[i] != NULL)
			detect_open(sensor->engines[i], finding_add, pulse);
	}
	memcpy(pulse->followed, pulse->grown, pulse->grown_count * sizeof(pulse->grown[0]));
	pulse->followed_count = pulse->grown_count;
	health->loss_count = 0;
	uint64_t stopped = inputs_add(health, sensor);
	if (sensor->findings.own != NULL)
		health_loss_add(health, "findings", line_file_counters_of(sensor->findings.own).lost);
	health_loss_add(health, "health", health_link_counters_of(pulse->link).lost);
	health->at_ms = now_wall_ns / NS_PER_MS > health->started_ms ? now_wall_ns / NS_PER_MS : health->started_ms;
	health->rates = (struct health_rates){.in_pps = sensor->rate_pps, .in_bps = sensor->rate_bps,
		.attack_pps = whole(pulse->attack_pps, sensor->rate_pps), .attack_bps = whole(pulse->attack_bps, sensor->rate_bps)};
	if (stopped > pulse->stopped_before)
		health->rates.dropped_pps = (stopped - pulse->stopped_before) * 1000 / (uint64_t)pulse->elapsed_ms;
	pulse->stopped_before = stopped;
	return health;
}

void pulse_turn(struct pulse *pulse, struct sensor *sensor, int64_t now_wall_ns, int64_t now_mono_ns)
{
	if (health_link_is_due(pulse->link, now_mono_ns))
		health_link_tell(pulse->link, pulse_take(pulse, sensor, now_wall_ns, now_mono_ns));
	health_link_turn(pulse->link, now_mono_ns);
}

struct line_link_counters pulse_link_of(const struct pulse *pulse)
{
	return health_link_counters_of(pulse->link);
}
