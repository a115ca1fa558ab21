/*
 * Proves how findings are joined: what belongs together and what does not, in
 * virtual time and without a store; that memory is bounded, and that what is
 * forgotten is asked for and never taken for new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/finding_example.h"
#include "tower/incident.h"

#define NOW INT64_C(1735171300000)

static struct incident_book *book;
static struct incident_line last;
static size_t line_count;
static struct finding finding;
static struct incident_taken taken;

static void hear(void *to, const struct incident_line *line)
{
	(void)to;
	last = *line;
	line_count++;
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(incident_book_new(16, 64, hear, NULL, &book), OK);
	incident_book_clear(book, 0, 1); /* an empty store */
	line_count = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	incident_book_free(book);
	return 0;
}

/** A finding of a kind on a target, from a time on. */
static void make(enum finding_kind kind, const char *target, int64_t start_ms)
{
	finding_example(&finding);
	finding.kind = kind;
	finding.sequence = 0;
	finding.phase = FINDING_BEGIN;
	assert_int_equal(ip_prefix_parse(target, &finding.target), OK);
	finding.window_start_ms = start_ms;
	finding.window_end_ms = start_ms + 1000;
	finding_identify(&finding);
}

static uint64_t take(const char *member)
{
	assert_int_equal(incident_take(book, &finding, member, 8, false, NOW, &taken), OK);
	return taken.number;
}

static void what_overlaps_soon_after_belongs_together(void **state)
{
	(void)state;
	make(FINDING_FLOOD, "192.0.2.1", NOW);
	assert_int_equal(take("port"), 1);
	assert_true(taken.is_new);
	make(FINDING_FLOOD, "192.0.2.1", NOW + 30000);
	assert_int_equal(take("port"), 1);
	assert_false(taken.is_new);
	make(FINDING_FLOOD, "192.0.2.2", NOW + 30000); /* another address */
	assert_int_equal(take("port"), 2);
	make(FINDING_FLOOD, "192.0.2.1", NOW + 30000 + 1000 + INCIDENT_GAP_MS + 1); /* too long after */
	assert_int_equal(take("port"), 3);
	make(FINDING_FLOOD, "192.0.2.1", NOW + 1000); /* another member */
	assert_int_equal(take("bank"), 4);
	make(FINDING_OUTBOUND_ATTACK, "192.0.2.1", NOW + 1000); /* another matter */
	assert_int_equal(take("port"), 5);
}

static void a_carpet_takes_in_the_floods_under_it(void **state)
{
	(void)state;
	make(FINDING_FLOOD, "192.0.2.1", NOW);
	assert_int_equal(take("port"), 1);
	make(FINDING_CARPET_BOMBING, "192.0.2.0/23", NOW + 1000);
	assert_int_equal(take("port"), 1);
	const struct incident *incident = incident_find(book, 1);
	assert_int_equal(ip_prefix_text_bits(&incident->target), 23);
	assert_int_equal(incident->kinds, 1u << FINDING_FLOOD | 1u << FINDING_CARPET_BOMBING);
	make(FINDING_FLOOD, "192.0.3.7", NOW + 2000); /* under the wide one, in another block */
	assert_int_equal(take("port"), 1);
	make(FINDING_CARPET_BOMBING, "2001:db8::/32", NOW + 2000);
	assert_int_equal(take("port"), 2);
	make(FINDING_FLOOD, "2001:db8::1", NOW + 2000);
	assert_int_equal(take("port"), 2);
	make(FINDING_SCAN, "0.0.0.0/0", NOW + 2000);
	finding.target = (struct ip_prefix){.bits = 0}; /* what did not leave the member */
	finding_identify(&finding);
	assert_int_equal(take("port"), 3);
	finding.window_start_ms++;
	finding_identify(&finding);
	assert_int_equal(take("port"), 4); /* belongs to nothing but itself */
}

static void sums_grow_by_the_difference(void **state)
{
	(void)state;
	make(FINDING_FLOOD, "192.0.2.1", NOW);
	take("port");
	const struct incident *incident = incident_find(book, 1);
	uint64_t packets = finding.packets, first = incident->vectors[0].packets;
	assert_int_equal(incident->packets, packets);
	finding.sequence = 1;
	finding.packets += 500;
	finding.vectors[0].packets += 400;
	take("port");
	assert_int_equal(incident->packets, packets + 500);
	assert_int_equal(incident->vectors[0].packets, first + 400);
	finding.sequence = 2;
	finding.packets = 7; /* a sum that falls adds nothing */
	take("port");
	assert_int_equal(incident->packets, packets + 500);
	finding.sequence = 3;
	finding.packets = INT64_MAX;
	take("port");
	make(FINDING_FLOOD, "192.0.2.1", NOW + 5);
	take("port");
	assert_true(incident->packets <= INT64_MAX); /* and never more than a document can hold */
	finding.phase = FINDING_END;
	finding.sequence = 1;
	take("port");
	assert_int_equal(incident->open_count, 1);
	assert_int_equal(incident->finding_count, 2);
}

static void quiet_ends_it_and_silence_too(void **state)
{
	(void)state;
	enum incident_state saved = INCIDENT_NO_STATE;
	make(FINDING_FLOOD, "192.0.2.1", NOW);
	take("port");
	incident_saved(book);
	assert_int_equal(incident_tick(book, NOW + INCIDENT_GAP_MS), 0); /* a finding is open */
	assert_int_equal(incident_tick(book, NOW + INCIDENT_SILENT_MS - 1), 0);
	assert_int_equal(incident_tick(book, NOW + INCIDENT_SILENT_MS), 1); /* its end was lost */
	assert_int_equal(last.event, INCIDENT_OVER);
	assert_int_equal(incident_changed(book, 0, &saved)->ended_ms, NOW + 1000);
	assert_int_equal(saved, INCIDENT_OPEN);
	struct incident kept = *incident_changed(book, 0, &saved);
	incident_saved(book);
	assert_null(incident_find(book, 1));
	finding.sequence = 1;
	finding.phase = FINDING_CHANGE;
	uint64_t number = 0;
	assert_int_equal(incident_wants(book, &finding, &number), INCIDENT_WANTS_INCIDENT);
	assert_int_equal(number, 1);
	assert_int_equal(incident_take(book, &finding, "port", 8, false, NOW, &taken), E_STATE);
	assert_int_equal(incident_load(book, &kept), OK);
	assert_int_equal(take("port"), 1); /* it goes on: the incident is open again */
	assert_int_equal(incident_find(book, 1)->state, INCIDENT_OPEN);
	assert_int_equal(last.event, INCIDENT_REOPENED);
}

static void what_was_forgotten_is_asked_for(void **state)
{
	(void)state;
	uint64_t number = 0;
	struct incident_counters counters;
	for (unsigned i = 0; i < 65; i++) {
		make(FINDING_FLOOD, "192.0.2.1", NOW + i);
		assert_int_equal(incident_wants(book, &finding, &number), INCIDENT_WANTS_NOTHING);
		take("port");
	}
	incident_count(book, &counters);
	assert_int_equal(counters.findings_forgotten, 1);
	make(FINDING_FLOOD, "192.0.2.1", NOW); /* the first one was forgotten */
	assert_int_equal(incident_wants(book, &finding, &number), INCIDENT_WANTS_FINDING);
	assert_int_equal(incident_take(book, &finding, "port", 8, false, NOW, &taken), E_STATE);
	incident_recall(book, &finding, 1, 1);
	assert_int_equal(take("port"), 1);
	assert_true(taken.is_repeat);
	make(FINDING_FLOOD, "192.0.2.1", NOW + 1000); /* later than all that was forgotten: nobody needs to be asked */
	assert_int_equal(incident_wants(book, &finding, &number), INCIDENT_WANTS_NOTHING);
	take("port");
	finding.sequence = 1000;
	take("port");
	finding.sequence = 900;
	assert_int_equal(incident_wants(book, &finding, &number), INCIDENT_WANTS_SEQUENCE);
	assert_int_equal(incident_take(book, &finding, "port", 8, true, NOW, &taken), OK);
	assert_false(taken.is_repeat);
}

static void incidents_in_memory_are_bounded(void **state)
{
	(void)state;
	struct incident_counters counters;
	unsigned opened = 0, asked = 0;
	for (unsigned i = 0; i < 100; i++) {
		char target[32];
		snprintf(target, sizeof(target), "192.0.%u.1", i);
		make(FINDING_FLOOD, target, NOW + i);
		int err = incident_take(book, &finding, "port", 8, false, NOW + i, &taken);
		if (err == E_AGAIN) { /* the changes have to be saved; then there is room */
			asked++;
			incident_saved(book);
			err = incident_take(book, &finding, "port", 8, false, NOW + i, &taken);
		}
		assert_int_equal(err, OK);
		opened += taken.is_new;
	}
	incident_count(book, &counters);
	assert_int_equal(opened, 100);
	assert_true(asked > 0);
	assert_int_equal(counters.incidents_evicted, counters.ended);
	assert_true(counters.opened - counters.ended <= 16);
}

static void lines_are_said_in_both_languages(void **state)
{
	(void)state;
	char words[INCIDENT_WORDS_BYTES];
	const struct incident_line line = {.event = INCIDENT_PROPOSED, .subject = "edge1", .value = 995, .other = 3};
	assert_string_equal(incident_words(&line, INCIDENT_ENGLISH, words),
		"edge1 proposes a countermeasure: stops 99.5 % of the attack, costs 0.3 % of legitimate traffic");
	assert_string_equal(incident_words(&line, INCIDENT_JAPANESE, words),
		"edge1が対処を提案：攻撃の99.5 %を止め、正規通信の0.3 %を失う見込み");
	struct incident_line long_line = {.event = INCIDENT_OPENED};
	memset(long_line.subject, '%', sizeof(long_line.subject) - 1);
	for (unsigned event = 0; event <= INCIDENT_EVENT_COUNT; event++) {
		long_line.event = (enum incident_event)event;
		long_line.value = long_line.other = UINT64_MAX;
		assert_true(strlen(incident_words(&long_line, INCIDENT_JAPANESE, words)) < sizeof(words));
		assert_non_null(incident_event_name((enum incident_event)event));
	}
}

#define INCIDENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INCIDENT_TEST(what_overlaps_soon_after_belongs_together),
		INCIDENT_TEST(a_carpet_takes_in_the_floods_under_it),
		INCIDENT_TEST(sums_grow_by_the_difference),
		INCIDENT_TEST(quiet_ends_it_and_silence_too),
		INCIDENT_TEST(what_was_forgotten_is_asked_for),
		INCIDENT_TEST(incidents_in_memory_are_bounded),
		INCIDENT_TEST(lines_are_said_in_both_languages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
