/* The ring of events and its watchers, under one lock. Events are kept as they are sent. */
#include "tower/events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/random.h"
#include "record/text.h"

#define GAP_BYTES 160 /* longest text of a gap */

struct event {
	char *text; /* owned */
	size_t text_bytes;
};

struct watcher {
	uint64_t next; /* number of the event to be read */
	bool is_asleep, has_beat;
	events_waker *waker;
	void *context;
	struct watcher *before, *after;
};

struct events {
	pthread_mutex_t lock;
	uint64_t ring; /* number of this ring */
	bool has_ended;
	uint64_t first, end; /* events first..end-1 are kept; numbers begin at 1 */
	struct event kept[LIMIT_TOWER_EVENTS]; /* by number modulo their count */
	struct watcher *watchers;
	struct events_counters counters;
};

struct events *events_new(void)
{
	struct events *events = calloc(1, sizeof(*events));
	if (events == NULL)
		return NULL;
	events->first = events->end = 1;
	random_bytes(&events->ring, sizeof(events->ring));
	events->ring >>= 16;
	pthread_mutex_init(&events->lock, NULL);
	return events;
}

static void first_drop(struct events *events)
{
	struct event *event = &events->kept[events->first++ % LIMIT_TOWER_EVENTS];
	events->counters.ring_bytes -= event->text_bytes;
	free(event->text);
	*event = (struct event){0};
}

void events_free(struct events *events)
{
	if (events == NULL)
		return;
	while (events->first < events->end)
		first_drop(events);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

/** The event as it is sent, but for its id line; NULL: memory is out. */
static char *event_write(uint64_t ring, uint64_t number, const char *kind, const json_t *data, size_t *ret_text_bytes)
{
	char *text = NULL, *json = data != NULL ? json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
	int text_bytes = json == NULL ? -1
		: asprintf(&text, "id: %" PRIu64 "-%" PRIu64 "\nevent: %s\ndata: %s\n\n", ring, number, kind, json);
	free(json);
	if (text_bytes < 0)
		return NULL;
	*ret_text_bytes = (size_t)text_bytes;
	return text;
}

void events_publish(struct events *events, const char *kind, json_t *data)
{
	size_t text_bytes = 0;
	pthread_mutex_lock(&events->lock);
	uint64_t number = events->end;
	char *text = event_write(events->ring, number, kind, data, &text_bytes);
	if (text == NULL || text_bytes > LIMIT_TOWER_EVENT_BYTES) {
		events->counters.left_out++;
		free(text);
	} else {
		while (events->end - events->first == LIMIT_TOWER_EVENTS ||
			events->counters.ring_bytes + text_bytes > LIMIT_TOWER_EVENTS_BYTES)
			first_drop(events);
		events->kept[number % LIMIT_TOWER_EVENTS] = (struct event){text, text_bytes};
		events->end++;
		events->counters.ring_bytes += text_bytes;
		events->counters.published++;
	}
	pthread_mutex_unlock(&events->lock);
	json_decref(data);
}

void events_leave_out(struct events *events, uint64_t count)
{
	pthread_mutex_lock(&events->lock);
	events->counters.left_out += count;
	pthread_mutex_unlock(&events->lock);
}

void events_wake(struct events *events, bool is_beat)
{
	pthread_mutex_lock(&events->lock);
	for (struct watcher *watcher = events->watchers; watcher != NULL; watcher = watcher->after) {
		watcher->has_beat = watcher->has_beat || is_beat;
		if (!watcher->is_asleep || (watcher->next == events->end && !is_beat))
			continue;
		watcher->is_asleep = false;
		watcher->waker(watcher->context);
	}
	pthread_mutex_unlock(&events->lock);
}

void events_end(struct events *events)
{
	pthread_mutex_lock(&events->lock);
	events->has_ended = true;
	pthread_mutex_unlock(&events->lock);
	events_wake(events, true);
}

/** Where a watcher goes on: behind the event that it names, if it is of this ring; else it has missed what nobody can count. */
static uint64_t place_find(const struct events *events, const char *after)
{
	const char *dash = strchr(after, '-');
	uint64_t ring = 0, number = 0;
	if (dash == NULL || text_number_parse(after, (size_t)(dash - after), &ring) != OK ||
		text_number_parse(dash + 1, strlen(dash + 1), &number) != OK || ring != events->ring || number >= events->end)
		return 0;
	return number + 1;
}

struct watcher *events_watch(struct events *events, const char *after, events_waker *waker, void *context)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	if (watcher == NULL)
		return NULL;
	*watcher = (struct watcher){.has_beat = true, .waker = waker, .context = context};
	pthread_mutex_lock(&events->lock);
	bool is_room = events->counters.watchers < LIMIT_TOWER_WATCHERS;
	if (is_room) {
		watcher->next = after != NULL ? place_find(events, after) : events->end;
		watcher->after = events->watchers;
		if (watcher->after != NULL)
			watcher->after->before = watcher;
		events->watchers = watcher;
		events->counters.watchers++;
	} else {
		events->counters.refused++;
	}
	pthread_mutex_unlock(&events->lock);
	if (is_room)
		return watcher;
	free(watcher);
	return NULL;
}

void events_unwatch(struct events *events, struct watcher *watcher)
{
	pthread_mutex_lock(&events->lock);
	if (watcher->before != NULL)
		watcher->before->after = watcher->after;
	else
		events->watchers = watcher->after;
	if (watcher->after != NULL)
		watcher->after->before = watcher->before;
	events->counters.watchers--;
	pthread_mutex_unlock(&events->lock);
	free(watcher);
}

/** Tells a watcher how many events it has missed, and moves it to the oldest that is there. */
static size_t gap_write(struct events *events, struct watcher *watcher, char *ret_text, size_t room_bytes)
{
	uint64_t missed = watcher->next > 0 ? events->first - watcher->next : 0;
	int text_bytes = snprintf(ret_text, room_bytes, "id: %" PRIu64 "-%" PRIu64 "\nevent: gap\ndata: {\"lost\":%" PRIu64 "}\n\n",
		events->ring, events->first - 1, missed);
	events->counters.missed += missed;
	watcher->next = events->first;
	return (size_t)text_bytes;
}

size_t events_read(struct events *events, struct watcher *watcher, char *ret_text, size_t room_bytes, events_waker *asleep,
	void *context)
{
	size_t filled_bytes = 0;
	pthread_mutex_lock(&events->lock);
	if (events->has_ended) {
		pthread_mutex_unlock(&events->lock);
		return EVENTS_ENDED;
	}
	if (watcher->next < events->first && room_bytes >= GAP_BYTES)
		filled_bytes = gap_write(events, watcher, ret_text, room_bytes);
	while (watcher->next >= events->first && watcher->next < events->end) {
		const struct event *event = &events->kept[watcher->next % LIMIT_TOWER_EVENTS];
		if (event->text_bytes > room_bytes - filled_bytes)
			break;
		memcpy(ret_text + filled_bytes, event->text, event->text_bytes);
		filled_bytes += event->text_bytes;
		watcher->next++;
	}
	if (filled_bytes == 0 && watcher->has_beat && room_bytes >= 8) {
		memcpy(ret_text, ": live\n\n", 8);
		filled_bytes = 8;
	}
	watcher->has_beat = watcher->has_beat && filled_bytes == 0;
	if (filled_bytes == 0) {
		watcher->is_asleep = true;
		asleep(context);
	}
	pthread_mutex_unlock(&events->lock);
	return filled_bytes;
}

void events_count(struct events *events, struct events_counters *ret_counters)
{
	pthread_mutex_lock(&events->lock);
	*ret_counters = events->counters;
	pthread_mutex_unlock(&events->lock);
}
