/*
 * Proves that watchers read every event once and in order; that one who falls behind is told how many it missed; that memory
 * does not grow with watchers or events; and that who comes again goes on behind what it had.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "tower/events.h"

#define EVENTS_ID_BYTES 48

static unsigned woken, slept;

static void wake(void *context)
{
	(void)context;
	woken++;
}

static void sleep_note(void *context)
{
	(void)context;
	slept++;
}

static const char *read_all(struct events *events, struct watcher *watcher)
{
	static char text[65536];
	size_t text_bytes = events_read(events, watcher, text, sizeof(text) - 1, sleep_note, NULL);
	text[text_bytes] = '\0';
	return text;
}

static void publish(struct events *events, int number)
{
	events_publish(events, "finding", json_pack("{s:i}", "number", number));
}

/** The id of the last event in a text. */
static const char *id_of(const char *text, char ret_id[static EVENTS_ID_BYTES])
{
	const char *at = text, *last = NULL;
	while ((at = strstr(at, "id: ")) != NULL)
		last = at++;
	assert_non_null(last);
	snprintf(ret_id, EVENTS_ID_BYTES, "%.*s", (int)strcspn(last + 4, "\n"), last + 4);
	return ret_id;
}

static void each_event_is_read_once(void **state)
{
	(void)state;
	struct events *events = events_new();
	publish(events, 1);
	struct watcher *watcher = events_watch(events, NULL, wake, NULL);
	assert_string_equal(read_all(events, watcher), ": live\n\n"); /* so that a browser sees the stream open */
	slept = woken = 0;
	assert_string_equal(read_all(events, watcher), "");
	assert_int_equal(slept, 1);
	publish(events, 2);
	publish(events, 3);
	assert_int_equal(woken, 0); /* what comes together is told together */
	events_wake(events, false);
	events_wake(events, false);
	assert_int_equal(woken, 1);
	const char *text = read_all(events, watcher);
	assert_non_null(strstr(text, "event: finding\ndata: {\"number\":2}\n\n"));
	assert_non_null(strstr(strstr(text, "\"number\":2"), "\"number\":3"));
	assert_null(strstr(text, "\"number\":1"));
	assert_string_equal(read_all(events, watcher), "");
	events_wake(events, true);
	assert_string_equal(read_all(events, watcher), ": live\n\n");
	events_unwatch(events, watcher);
	events_free(events);
}

static void who_comes_again_goes_on(void **state)
{
	(void)state;
	struct events *events = events_new();
	struct watcher *watcher = events_watch(events, NULL, wake, NULL);
	char id[EVENTS_ID_BYTES];
	publish(events, 1);
	id_of(read_all(events, watcher), id);
	events_unwatch(events, watcher);
	publish(events, 2);
	watcher = events_watch(events, id, wake, NULL);
	const char *text = read_all(events, watcher);
	assert_non_null(strstr(text, "\"number\":2"));
	assert_null(strstr(text, "\"number\":1"));
	assert_null(strstr(text, "gap"));
	events_unwatch(events, watcher);
	static const char *const others[] = {"", "-", "1-1", "x-1", "99999999999999999999-1"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		watcher = events_watch(events, others[i], wake, NULL);
		assert_non_null(strstr(read_all(events, watcher), "event: gap\ndata: {\"lost\":0}\n\n"));
		events_unwatch(events, watcher);
	}
	events_free(events);
}

static void who_is_slow_is_told_of_a_gap(void **state)
{
	(void)state;
	struct events *events = events_new();
	struct watcher *slow = events_watch(events, NULL, wake, NULL);
	struct events_counters counters;
	for (int i = 0; i < LIMIT_TOWER_EVENTS + 100; i++)
		publish(events, i);
	const char *text = read_all(events, slow);
	assert_non_null(strstr(text, "event: gap\ndata: {\"lost\":100}\n\n"));
	assert_non_null(strstr(text, "{\"number\":100}"));
	events_count(events, &counters);
	assert_int_equal(counters.missed, 100);
	assert_int_equal(counters.published, LIMIT_TOWER_EVENTS + 100);
	events_unwatch(events, slow);
	events_free(events);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct events *events = events_new();
	struct watcher *watchers[LIMIT_TOWER_WATCHERS];
	struct events_counters counters;
	char *long_text = malloc(LIMIT_TOWER_EVENT_BYTES + 1);
	assert_non_null(long_text);
	memset(long_text, 'x', LIMIT_TOWER_EVENT_BYTES);
	long_text[LIMIT_TOWER_EVENT_BYTES] = '\0';
	events_publish(events, "incident", json_string(long_text));
	events_publish(events, "incident", NULL);
	long_text[LIMIT_TOWER_EVENT_BYTES - 200] = '\0';
	for (int i = 0; i < 2000; i++)
		events_publish(events, "incident", json_string(long_text));
	events_count(events, &counters);
	assert_int_equal(counters.left_out, 2);
	assert_true(counters.ring_bytes <= LIMIT_TOWER_EVENTS_BYTES && counters.ring_bytes > LIMIT_TOWER_EVENTS_BYTES / 2);
	for (size_t i = 0; i < LIMIT_TOWER_WATCHERS; i++)
		assert_non_null(watchers[i] = events_watch(events, NULL, wake, NULL));
	assert_null(events_watch(events, NULL, wake, NULL));
	events_count(events, &counters);
	assert_int_equal(counters.watchers, LIMIT_TOWER_WATCHERS);
	assert_int_equal(counters.refused, 1);
	for (size_t i = 0; i < LIMIT_TOWER_WATCHERS; i++)
		events_unwatch(events, watchers[i]);
	free(long_text);
	events_free(events);
}

static void an_end_is_told(void **state)
{
	(void)state;
	struct events *events = events_new();
	struct watcher *watcher = events_watch(events, NULL, wake, NULL);
	char text[64];
	(void)read_all(events, watcher);
	(void)read_all(events, watcher);
	woken = 0;
	events_end(events);
	assert_int_equal(woken, 1);
	assert_int_equal(events_read(events, watcher, text, sizeof(text), sleep_note, NULL), EVENTS_ENDED);
	events_unwatch(events, watcher);
	events_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_is_read_once),
		cmocka_unit_test(who_comes_again_goes_on),
		cmocka_unit_test(who_is_slow_is_told_of_a_gap),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(an_end_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
