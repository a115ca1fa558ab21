/*
 * What is told of a run while it goes: the conductor notes what happens, and
 * whoever looks on gets the record (record/exercise.h), a line a second on
 * standard output or at the office. Bounded; what is beyond is counted.
 */
#pragma once

#include <stdint.h>

#include "exercise/clients.h"
#include "exercise/course.h"
#include "exercise/scenario.h"
#include "record/exercise.h"

/** Begins a record. @param started_ms wall clock */
void watch_begin(struct exercise_run *run, const struct scenario *scenario, int64_t started_ms);

/**
 * Notes what happened.
 *
 * @param run that goes
 * @param at_ns since its beginning
 * @param news what
 * @param attack its name, "": none
 * @param detail as enum exercise_news says; bytes that cannot be shown become '?'
 */
void watch_note(struct exercise_run *run, int64_t at_ns, enum exercise_news news, const char *attack, const char *detail);

/** What a step of an order is as news. */
enum exercise_news watch_news_of(enum course_step step);

/** Notes a second that is complete. @param without NULL: there is none beside it */
void watch_second(struct exercise_run *run, const struct clients_sum *with, const struct clients_sum *without);

/** The same numbers as a document has them. */
struct exercise_sum watch_sum(const struct clients_sum *sum);

/** Ends a record. @param why it failed, English; NULL: it came to its end */
void watch_end(struct exercise_run *run, int64_t ended_ms, const char *why);

/** Fills in a list of what is built in and can be played. */
void watch_scenarios(struct exercise_state *state);
