/*
 * Proves that what is told of exercises is read back as it was written, also
 * when every list is full; and that requests say what they are for, and
 * nothing else. "--documents" prints examples, a line each: seeds of the fuzz
 * target are made of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/exercise.h"

static struct exercise_state state, state_read;
static struct exercise_run run_read;

static void run_fill(struct exercise_run *run, size_t events, size_t seconds, size_t attacks)
{
	*run = (struct exercise_run){.number = 3, .scenario = "december-26", .stage = EXERCISE_DONE, .duration_ms = 68000,
		.started_ms = INT64_C(1766707200000), .has_ended = true, .ended_ms = INT64_C(1766707280000), .event_count = events,
		.second_count = seconds, .has_score = true};
	for (size_t i = 0; i < events; i++)
		run->events[i] = (struct exercise_event){.at_ms = i * 100, .news = (enum exercise_news)(i % EXERCISE_NEWS_COUNT),
			.attack = "airline", .detail = "203.0.113.10 udp_flood 100%"};
	for (size_t i = 0; i < seconds; i++)
		run->seconds[i] = (struct exercise_second){.with = {48, 48, 0, 0}, .without = {48, 9, 30, 9}, .has_without = true};
	run->score = (struct exercise_score){.attack_packets = 900000, .passed = 3, .is_ledger_verified = true, .attack_count = attacks,
		.with = {48, 48, 0, 0}, .has_without = true, .has_mail = true,
		.mail = {.absence = "Postfix is not installed", .mails = 53, .aimed_tagged = 5}};
	for (size_t i = 0; i < attacks; i++)
		run->score.attacks[i] = (struct exercise_attack){.name = "airline", .decision = "standing", .is_judged = true,
			.vector_count = 2, .vectors = {{"udp_flood"}, {"syn_flood"}}, .first_ms = {true, 3000}, .leak_permille = {true, 4}};
}

static char *written(const struct document_kind *kind, const void *document)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	int err = document_write(kind, document, &text, complaint);
	if (err != OK)
		fprintf(stderr, "%s\n", complaint);
	assert_int_equal(err, OK);
	return text;
}

static void state_fill(size_t runs, size_t events, size_t seconds, size_t attacks)
{
	state = (struct exercise_state){.may_join = true, .begins_ms = INT64_C(1766707200000), .scenario_count = 1,
		.scenarios = {{.name = "december-26", .about = "floods", .duration_ms = 68000}}, .run_count = runs};
	for (size_t i = 0; i < runs; i++)
		run_fill(&state.runs[i], i == 0 ? events : 0, i == 0 ? seconds : 0, attacks);
}

static void what_is_told_is_read_back_as_it_was_written(void **unused)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	(void)unused;
	state_fill(2, 4, 3, 2);
	char *text = written(&exercise_state_kind, &state);
	assert_int_equal(document_parse(&exercise_state_kind, text, strlen(text), &state_read, complaint), OK);
	assert_int_equal(state_read.run_count, 2);
	assert_string_equal(state_read.runs[0].events[3].attack, "airline");
	assert_int_equal(state_read.runs[0].seconds[2].without.served, 9);
	assert_true(state_read.runs[1].score.attacks[1].first_ms.is_known && !state_read.runs[1].score.attacks[1].gone_ms.is_known);
	assert_string_equal(state_read.runs[1].score.mail.absence, "Postfix is not installed");
	assert_int_equal(state_read.runs[1].score.mail.aimed_tagged, 5);
	char *again = written(&exercise_state_kind, &state_read);
	assert_string_equal(again, text);
	free(again);
	free(text);
}

static void a_full_record_fits_into_its_line(void **unused)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	(void)unused;
	state_fill(EXERCISE_RUNS_MAX, EXERCISE_EVENTS_MAX, EXERCISE_SECONDS_MAX, EXERCISE_ATTACKS_MAX);
	char *text = written(&exercise_state_kind, &state), *run = written(&exercise_run_kind, &state.runs[0]);
	assert_int_equal(document_parse(&exercise_run_kind, run, strlen(run), &run_read, complaint), OK);
	assert_int_equal(run_read.event_count, EXERCISE_EVENTS_MAX);
	free(run);
	free(text);
}

static void a_request_says_what_it_is_for_and_nothing_else(void **unused)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"{\"ask\":\"state\",\"document\":\"exercise_request\",\"version\":1}", OK},
		{"{\"ask\":\"start\",\"document\":\"exercise_request\",\"scenario\":\"x\",\"version\":1}", OK},
		{"{\"ask\":\"start\",\"document\":\"exercise_request\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"stop\",\"document\":\"exercise_request\",\"scenario\":\"x\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"join\",\"document\":\"exercise_request\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"join\",\"document\":\"exercise_request\",\"passkey\":\"00\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"start\",\"document\":\"exercise_request\",\"scenario\":\"a\\nb\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"run\",\"document\":\"exercise_request\",\"version\":1}", E_MALFORMED},
		{"{\"ask\":\"state\",\"document\":\"exercise_request\",\"more\":1,\"version\":1}", E_MALFORMED},
	};
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	struct exercise_request request;
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			document_parse(&exercise_request_kind, rows[i].text, strlen(rows[i].text), &request, complaint), rows[i].err);
	request = (struct exercise_request){.ask = EXERCISE_ASK_JOIN, .has_passkey = true, .passkey = {1, 2, 3}};
	char *text = written(&exercise_request_kind, &request);
	assert_int_equal(document_parse(&exercise_request_kind, text, strlen(text), &request, complaint), OK);
	assert_int_equal(request.passkey[2], 3);
	free(text);
}

static int documents_print(void)
{
	const struct exercise_request request = {.ask = EXERCISE_ASK_START, .has_scenario = true, .scenario = "one-flood"};
	const struct exercise_reply reply = {.answer = EXERCISE_BUSY, .why = "an exercise is under way"};
	state_fill(2, 2, 2, 1);
	const struct {
		const struct document_kind *kind;
		const void *document;
	} rows[] = {{&exercise_state_kind, &state}, {&exercise_run_kind, &state.runs[0]}, {&exercise_request_kind, &request},
		{&exercise_reply_kind, &reply}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = written(rows[i].kind, rows[i].document);
		puts(text);
		free(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_read_back_as_it_was_written),
		cmocka_unit_test(a_full_record_fits_into_its_line),
		cmocka_unit_test(a_request_says_what_it_is_for_and_nothing_else),
	};
	if (argc == 2 && strcmp(argv[1], "--documents") == 0)
		return documents_print();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
