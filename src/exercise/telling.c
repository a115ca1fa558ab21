/*
 * The state is one struct: the newest run is filled as the exercise goes, and
 * copied out whenever somebody asks, so no reader holds anything up.
 */
#include "exercise/telling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "exercise/guest.h"
#include "exercise/office.h"
#include "exercise/report.h"
#include "exercise/watch.h"

#define PATH_BYTES 108 /* as sun_path of unix(7) */

struct telling {
	struct exercise_state state;
	struct office *office; /* NULL: nobody asks */
	struct exercise_tower tower;
	struct guest guest;
	bool has_tower, has_joined, has_address; /* has_address: it was told */
	bool waits; /* for a guest */
	bool has_lines; /* standard output gets the record */
};

static const struct exercise_state *state_hook(void *context)
{
	const struct telling *telling = context;
	return &telling->state;
}

static struct exercise_reply join_hook(void *context, const uint8_t passkey[static EXERCISE_POINT_BYTES])
{
	struct telling *telling = context;
	if (!telling->state.may_join)
		return office_reply(EXERCISE_CLOSED, "the exercise has begun: its policy is written");
	memcpy(telling->guest.point, passkey, sizeof(telling->guest.point));
	telling->guest.port = telling->tower.port;
	telling->has_joined = true;
	return office_reply(EXERCISE_ACCEPTED, "");
}

static int office_begin(struct telling *telling, const char *directory, char why[static 160])
{
	char path[PATH_BYTES], complaint[WHY_BYTES];
	const struct office_hooks hooks = {.state = state_hook, .join = join_hook, .context = telling};
	(void)snprintf(path, sizeof(path), "%.90s/" TOWER_OFFICE, directory);
	int err = office_open(path, NULL, &hooks, complaint, &telling->office);
	if (err != OK)
		(void)snprintf(why, 160, "%.159s", complaint);
	return err;
}

void telling_address(struct conductor *conductor)
{
	struct telling *telling = conductor->telling;
	if (!telling->has_tower || telling->has_address)
		return;
	telling->has_address = true;
	fprintf(conductor->out, "Look on at %s (%ssign in with the token %s)\n", telling->tower.address,
		telling->tower.has_page ? "" : "programs only: the page was not built; ", telling->tower.token);
	if (conductor->guest == NULL && !telling->waits)
		fprintf(conductor->out, "Nobody can approve orders there: that takes --guest, and a passkey made before it begins\n");
	(void)fflush(conductor->out);
}

/* Until somebody has joined, or need not be waited for any longer. */
static int guest_take(struct conductor *conductor, const char *directory, uint64_t wait_ms, const volatile int *stop_signal,
	char why[static 160])
{
	struct telling *telling = conductor->telling;
	int err = exercise_tower_start(directory, false, why, &telling->tower);
	if (err != OK)
		return err;
	telling_address(conductor);
	telling->state.may_join = true;
	telling->state.begins_ms = clock_wall_ns() / NS_PER_MS + (int64_t)wait_ms;
	fprintf(conductor->out,
		"Who wants to approve orders there: under Exercise, make a passkey within %llu s. It begins then, or with Enter\n",
		(unsigned long long)(wait_ms / 1000));
	(void)fflush(conductor->out);
	enum guest_end end = guest_wait(telling->office, &telling->has_joined, wait_ms, stop_signal);
	telling->state.may_join = false;
	for (int i = 0; end == GUEST_JOINED && i < 10; i++) /* the one who has joined gets his answer */
		office_turn(telling->office, -1, 50);
	if (end == GUEST_STOPPED)
		(void)snprintf(why, 160, "stopped before it began");
	else
		fprintf(conductor->out, end == GUEST_JOINED ? "\"" TOWER_GUEST "\" has joined: sign in again, with the passkey\n"
			: "Nobody has joined: what is left to the page stays unanswered\n");
	return end == GUEST_STOPPED ? E_STATE : OK;
}

int telling_open(struct conductor *conductor, const struct options *options, const char *directory, const volatile int *stop_signal,
	char why[static 160])
{
	struct telling *telling = calloc(1, sizeof(*telling));
	(void)snprintf(why, 160, "no memory");
	if (telling == NULL)
		return E_NOMEM;
	conductor->telling = telling;
	telling->has_lines = options->is_progress;
	telling->state.run_count = 1;
	watch_begin(&telling->state.runs[0], &conductor->scenario, clock_wall_ns() / NS_PER_MS);
	telling->state.runs[0].stage = EXERCISE_WAITING;
	if (options->page_port == 0)
		return OK;
	telling->state.is_own = true;
	watch_scenarios(&telling->state);
	int err = office_begin(telling, directory, why);
	if (err == OK)
		err = exercise_tower_prepare(directory, (unsigned)options->page_port, why, &telling->tower);
	if (err != OK)
		return err;
	telling->has_tower = true;
	telling->waits = options->guest_ms != 0;
	conductor->tower = &telling->tower;
	if (options->guest_ms != 0)
		err = guest_take(conductor, directory, options->guest_ms, stop_signal, why);
	conductor->guest = telling->has_joined ? &telling->guest : NULL;
	return err;
}

struct exercise_run *telling_run(struct conductor *conductor)
{
	return &conductor->telling->state.runs[0];
}

static void line_write(const struct telling *telling)
{
	char *line = NULL, complaint[DOCUMENT_COMPLAINT_BYTES];
	if (!telling->has_lines)
		return;
	if (document_write(&exercise_run_kind, &telling->state.runs[0], &line, complaint) == OK)
		puts(line);
	(void)fflush(stdout);
	free(line);
}

void telling_begin(struct conductor *conductor)
{
	watch_begin(telling_run(conductor), &conductor->scenario, conductor->start_wall_ns / NS_PER_MS);
	line_write(conductor->telling);
}

void telling_second(struct conductor *conductor)
{
	struct clients_sum sums[CONDUCTOR_SIDES] = {0};
	for (size_t i = 0; i < conductor->side_count; i++)
		sums[i] = clients_sum(conductor->stages[i].counts, conductor->second, conductor->second + 1, CLIENTS_SERVICES_MAX);
	watch_second(telling_run(conductor), &sums[CONDUCTOR_WITH], conductor->side_count > 1 ? &sums[CONDUCTOR_WITHOUT] : NULL);
	line_write(conductor->telling);
}

void telling_turn(struct conductor *conductor, int wait_ms)
{
	if (conductor->telling->office != NULL || wait_ms > 0)
		office_turn(conductor->telling->office, -1, wait_ms);
}

void telling_end(struct conductor *conductor, bool is_proven, const char *why)
{
	struct exercise_run *run = telling_run(conductor);
	report_fill(conductor, is_proven, &run->score);
	run->has_score = true;
	watch_end(run, clock_wall_ns() / NS_PER_MS, why);
	line_write(conductor->telling);
}

void telling_close(struct conductor *conductor)
{
	struct telling *telling = conductor->telling;
	if (telling == NULL)
		return;
	exercise_tower_close(&telling->tower);
	office_close(telling->office);
	free(telling);
	conductor->telling = NULL;
}
