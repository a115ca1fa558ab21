/*
 * For the tests of the store only: an empty place for each test on the backend
 * that the command line names ("sqlite", or "postgres", which starts a server
 * of its own and is skipped where none is installed), two handles (a writer
 * and a reader), and virtual time.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "record/document_example.h"
#include "tower/store_example.h"

#define NOW STORE_EXAMPLE_NOW_MS

static struct store_example example;
static struct store *writer, *reader;
static const struct store_cursor begin;
static struct finding finding; /* large */
static struct store_answer answer;
static struct incident incidents[STORE_PAGE_MAX];

static inline void open_both(void)
{
	const struct timespec moment = {.tv_nsec = 20000000};
	char why[WHY_BYTES] = "";
	int err = store_open(example.place, &writer, why);
	for (unsigned step = 0; step < 500 && err == E_STATE; step++) { /* the server may take a moment to see that a writer is gone */
		(void)nanosleep(&moment, NULL);
		err = store_open(example.place, &writer, why);
	}
	if (err != OK)
		fail_msg("%s", why);
	if (store_open_reader(example.place, &reader, why) != OK)
		fail_msg("%s", why);
}

static inline void close_both(void)
{
	store_close(reader);
	store_close(writer);
	reader = writer = NULL;
}

static inline int set_up(void **state)
{
	(void)state;
	assert_int_equal(store_example_place(&example), OK);
	open_both();
	assert_int_equal(store_example_members(writer, 3), OK);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	close_both();
	return 0;
}

static inline int take_text(const char *member, const char *line, int64_t now_ms)
{
	int err = store_take(writer, member, line, strlen(line), now_ms, &answer);
	if (err == E_SYS)
		print_error("%s\n", store_why(writer));
	if (err != OK)
		assert_true(answer.why[0] != '\0');
	return err;
}

static inline int take(const char *member, const struct finding *from, int64_t now_ms)
{
	char *line = NULL;
	assert_int_equal(finding_write(from, &line), OK);
	int err = take_text(member, line, now_ms);
	free(line);
	return err;
}

static inline int commit(void)
{
	int err = store_commit(writer);
	if (err != OK)
		print_error("%s\n", store_why(writer));
	return err;
}

/** A finding of member-0: which of its documents, on which address. */
static inline void make(unsigned sequence, unsigned host)
{
	static const struct store_example_flow flow = {.findings_per_target = 10, .targets = 1, .sources = 3};
	store_example_finding(&flow, sequence, 0, NOW, &finding);
	finding.target.addr = ip_from_v4(0x0a000000 + host);
	finding_identify(&finding);
}

static inline size_t incident_list(enum incident_state state)
{
	const struct store_incident_filter filter = {.state = state};
	struct store_page page;
	assert_int_equal(store_incidents(reader, &filter, &begin, incidents, ARRAY_LEN(incidents), &page), OK);
	return page.count;
}

static inline char *document_text(const char *name)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT && text == NULL; i++) {
		const struct document_example *row = &document_examples[i];
		if (strcmp(row->name, name) == 0)
			assert_int_equal(document_write(row->kind, row->document, &text, complaint), OK);
	}
	if (text == NULL)
		abort(); /* there is no such example; analyzers do not know that assertions end a test */
	return text;
}

/** Registers "port" with the networks of the examples. */
static inline void port_register(void)
{
	static struct member member;
	member = (struct member){.name = "port", .sector = 8, .is_active = true, .changed_ms = NOW, .network_count = 1};
	assert_int_equal(ip_prefix_parse("192.0.2.0/24", &member.networks[0]), OK);
	assert_int_equal(store_member_put(writer, &member), OK);
	assert_int_equal(commit(), OK);
}

static inline void receipt_take(const struct document_digest *order, enum receipt_state what, int64_t at_ms, uint64_t packets)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	const struct receipt receipt = {.order = *order, .effector = "edge-1", .state = what, .why = "so it is", .at_ms = at_ms,
		.stopped = {packets, packets * 468}, .collateral_permille = 1};
	assert_int_equal(receipt_write(&receipt, &text, complaint), OK);
	assert_int_equal(take_text("port", text, at_ms), OK);
	free(text);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/** Makes the place that the command line names. @return 0, or what main() is to return */
static inline int place_begin(int argc, char **argv)
{
	document_examples_init();
	int err = store_example_begin(&example, argc > 1 ? argv[1] : "sqlite", NULL, false);
	if (err == E_UNSUPPORTED) {
		puts("PostgreSQL 15 is not installed");
		return 77; /* skipped */
	}
	if (err == OK)
		return 0;
	puts("the place for the test cannot be made");
	return 1;
}
