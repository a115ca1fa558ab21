/* What the parts of this process share: made by main(), borrowed by all. */
#pragma once

#include <stdint.h>

#include "record/policy.h"
#include "tower/access.h"
#include "tower/config.h"
#include "tower/events.h"
#include "tower/store.h"

struct relay; /* tower/relay.h */
struct exercise; /* tower/exercise.h */
struct desk; /* tower/desk.h */
struct http; /* tower/http.h */
struct writer; /* tower/writer.h */

struct tower {
	const struct config *config;
	const struct policy *policy; /* NULL: none */
	struct access *access;
	struct events *events;
	struct relay *relay; /* NULL: no authority */
	struct exercise *exercise; /* NULL: nobody plays exercises */
	struct writer *writer;
	struct http *http;
	struct desk *writing; /* visits for the thread that writes */
	struct desk *relaying; /* visits for the thread that speaks with the authority */
	struct desk *exercising; /* visits for the thread that speaks with whoever plays exercises */
	int64_t started_ms; /* wall clock */
};
