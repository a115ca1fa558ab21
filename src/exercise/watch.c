/* A record of one run: filled as things happen, never read back to decide anything. */
#include "exercise/watch.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "record/text.h"

void watch_begin(struct exercise_run *run, const struct scenario *scenario, int64_t started_ms)
{
	uint64_t number = run->number;
	memset(run, 0, sizeof(*run));
	run->number = number != 0 ? number : 1;
	run->stage = EXERCISE_RUNNING;
	run->started_ms = started_ms;
	run->duration_ms = scenario->duration_ms;
	(void)text_plain_copy(scenario->name, run->scenario, sizeof(run->scenario));
}

void watch_note(struct exercise_run *run, int64_t at_ns, enum exercise_news news, const char *attack, const char *detail)
{
	if (run->event_count == EXERCISE_EVENTS_MAX) {
		run->lost++;
		return;
	}
	struct exercise_event *event = &run->events[run->event_count++];
	*event = (struct exercise_event){.at_ms = at_ns > 0 ? (uint64_t)(at_ns / NS_PER_MS) : 0, .news = news};
	(void)text_plain_copy(attack, event->attack, sizeof(event->attack));
	(void)text_plain_copy(detail, event->detail, sizeof(event->detail));
}

enum exercise_news watch_news_of(enum course_step step)
{
	switch (step) {
	case COURSE_ASKED:
		return EXERCISE_ASKED;
	case COURSE_ORDERED:
		return EXERCISE_ORDERED;
	case COURSE_IN_FORCE:
		return EXERCISE_IN_FORCE;
	case COURSE_REFUSED:
		return EXERCISE_REFUSED;
	case COURSE_RATIFIED:
		return EXERCISE_RATIFIED;
	case COURSE_LAPSED:
		return EXERCISE_LAPSED;
	case COURSE_GONE:
		return EXERCISE_GONE;
	case COURSE_NOTHING:
		break;
	}
	return EXERCISE_TROUBLE;
}

struct exercise_sum watch_sum(const struct clients_sum *sum)
{
	return (struct exercise_sum){.asked = sum->asked, .served = sum->served, .late = sum->late, .failed = sum->failed};
}

void watch_second(struct exercise_run *run, const struct clients_sum *with, const struct clients_sum *without)
{
	if (run->second_count == EXERCISE_SECONDS_MAX) {
		run->lost++;
		return;
	}
	struct exercise_second *second = &run->seconds[run->second_count++];
	*second = (struct exercise_second){.with = watch_sum(with), .has_without = without != NULL};
	if (without != NULL)
		second->without = watch_sum(without);
}

void watch_end(struct exercise_run *run, int64_t ended_ms, const char *why)
{
	run->stage = why == NULL ? EXERCISE_DONE : EXERCISE_FAILED;
	run->has_ended = true;
	run->ended_ms = ended_ms;
	(void)text_plain_copy(why != NULL ? why : "", run->why, sizeof(run->why));
}

void watch_scenarios(struct exercise_state *state)
{
	state->scenario_count = 0;
	for (unsigned i = 0; i < scenario_builtin_count && state->scenario_count < EXERCISE_SCENARIOS_MAX; i++) {
		struct exercise_scenario *row = &state->scenarios[state->scenario_count];
		struct scenario_options options = {.is_v4 = true, .seed = 1, .pps = 1, .sources = 1};
		struct scenario scenario;
		char why[160];
		if (scenario_read(scenario_builtins[i].name, &options, why, &scenario) != OK)
			continue;
		scenario_without_page(&scenario);
		if (!scenario_is_playable(&scenario))
			continue;
		(void)text_plain_copy(scenario.name, row->name, sizeof(row->name));
		(void)text_plain_copy(scenario.about, row->about, sizeof(row->about));
		row->duration_ms = scenario.duration_ms;
		state->scenario_count++;
	}
}
