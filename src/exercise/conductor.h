/*
 * The parts of one exercise put together: traffic into two networks, one
 * defended, news from the defence and answers to it, counts by the second,
 * and a report.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "exercise/course.h"
#include "exercise/defence.h"
#include "exercise/mailbox.h"
#include "exercise/options.h"
#include "exercise/stage.h"
#include "exercise/traffic.h"

enum conductor_side { CONDUCTOR_WITH = 0, CONDUCTOR_WITHOUT, CONDUCTOR_SIDES };

/** What was judged. */
struct conductor_tally {
	unsigned passed, failed, skipped;
};

struct conductor {
	struct scenario scenario;
	struct traffic *traffic;
	struct stage stages[CONDUCTOR_SIDES];
	size_t side_count; /* 1: the one with Hinomi alone */
	struct defence *defence;
	struct mailbox *mailbox; /* NULL: none was asked for */
	struct mailbox_result mail; /* once it is over */
	struct telling *telling; /* exercise/telling.h */
	struct exercise_tower *tower; /* of the page, telling's; NULL: none */
	const struct guest *guest; /* who has joined there, telling's; NULL: nobody */
	struct course course;
	FILE *out;
	bool is_json;
	const char *directory;
	int64_t start_mono_ns;
	int64_t start_wall_ns;
	size_t second; /* whose line comes next */
	uint64_t attack_sent; /* packets, into each of the networks */
	uint64_t attack_shown; /* of these, in lines that have been written */
	size_t troubles;
	struct conductor_tally tally; /* filled by the report */
	bool is_broken;
	bool is_full; /* scenario.packets_max is reached */
};

/**
 * Makes both networks, starts the defence, and then the clients: time begins when it returns.
 *
 * @param conductor its scenario is filled, and telling_open() was called
 * @param options kept no longer than the call, but for their texts
 * @param directory for all files; borrowed until the end
 * @param why room for one line
 * @return OK, or an error: conductor_abort() is then right
 */
MUST_USE int conductor_open(
	struct conductor *conductor, const struct options *options, const char *directory, char why[static 160]);

/** Time since the beginning. */
int64_t conductor_now_ns(const struct conductor *conductor);

/** Sends what is due until a time, at most so many packets. */
void conductor_send(struct conductor *conductor, int64_t until_ns, unsigned packets_max);

/** Looks for news, has people answer, writes the lines of seconds that are complete. */
void conductor_look(struct conductor *conductor);

/** Whether nothing is in force or under way any more. */
bool conductor_is_over(const struct conductor *conductor);

/**
 * Stops the defence, verifies the ledger, and reports. The tower's page stays until conductor_abort().
 *
 * @param signal_number that ended it early; 0: none
 * @return exit code: 0 if all was as it should be
 */
int conductor_close(struct conductor *conductor, int signal_number);

/** Stops and frees what was started. */
void conductor_abort(struct conductor *conductor);
