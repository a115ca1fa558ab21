/*
 * What happens, as Server-Sent Events (WHATWG HTML, section 9.2), for
 * watchers: one ring of the last events that all of them read from, each at
 * its own place. Memory is that of the ring, whatever the number of watchers:
 * who falls behind it is told a `gap` with the number of events that it has
 * missed, which is counted.
 *
 * An event's id is the number of this ring (drawn when it begins) and the
 * event's own; a watcher that comes again with an id goes on behind it, or is
 * told of a gap. Safe to call from any thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define EVENTS_ENDED SIZE_MAX /* nothing comes any more */

struct events; /* opaque */

/** Somebody who reads; belongs to the ring from events_watch() to events_unwatch(). */
struct watcher; /* opaque */

/** Wakes a watcher that events_read() put to sleep; called under the ring's lock. */
typedef void events_waker(void *context);

struct events_counters {
	uint64_t published;
	uint64_t left_out; /* too long to be told */
	uint64_t missed; /* by watchers, told to them as gaps */
	uint64_t refused; /* watchers beyond LIMIT_TOWER_WATCHERS */
	uint64_t watchers; /* now */
	uint64_t ring_bytes; /* now */
};

struct events *events_new(void);
void events_free(struct events *events);

/**
 * Adds an event, to be seen by watchers at the next events_wake().
 *
 * @param kind static text: "incident"
 * @param data taken over; NULL: memory was out, which counts as left out
 */
void events_publish(struct events *events, const char *kind, json_t *data);

/** Counts what could not be told. */
void events_leave_out(struct events *events, uint64_t count);

/** Wakes the watchers that have something to read; with is_beat all of them, to tell that the stream lives. */
void events_wake(struct events *events, bool is_beat);

/**
 * Begins to watch.
 *
 * @param after id of the last event that was read, hostile; NULL: none
 * @param waker called when there is something again
 * @param context of waker
 * @return NULL: too many, or memory is out
 */
struct watcher *events_watch(struct events *events, const char *after, events_waker *waker, void *context);
void events_unwatch(struct events *events, struct watcher *watcher);

/** Ends all streams: watchers are woken, and read that nothing comes any more. */
void events_end(struct events *events);

/**
 * Reads whole events.
 *
 * @param ret_text filled, not NUL-terminated
 * @param room_bytes of ret_text
 * @param asleep called under the lock where there is nothing to read, before the next waker call
 * @param context of sleep
 * @return bytes filled; 0: asleep now; EVENTS_ENDED
 */
size_t events_read(struct events *events, struct watcher *watcher, char *ret_text, size_t room_bytes, events_waker *asleep,
	void *context);

void events_count(struct events *events, struct events_counters *ret_counters);
