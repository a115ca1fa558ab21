/*
 * One request and its reply: what handlers of routes get. A visit belongs to
 * one thread at a time: an HTTP thread, which hands it to another through a
 * desk where its route says so, and gets it back with the reply filled.
 *
 * Replies are JSON unless said otherwise; errors have one form
 * (components/schemas/Error of schema/api.json).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/field.h"
#include "tower/request.h"
#include "tower/tower.h"

struct MHD_Connection;
struct visit;

typedef void visit_handler(struct visit *visit);

/** Which thread a route's handler runs in. */
enum route_place {
	ROUTE_NOWHERE = 0,
	ROUTE_READS, /* an HTTP thread, with a reader of the store; where it leaves no reply, the thread that writes calls it again */
	ROUTE_WRITES, /* the thread that writes: visit.store is the writer, and the reply is sent after its commit */
	ROUTE_RELAYS, /* the thread that speaks with the authority: no store */
	ROUTE_EXERCISES, /* the thread that speaks with whoever plays exercises: no store */
	ROUTE_WATCHES, /* an HTTP thread; the reply is a stream of events */
};

struct route {
	const char *method;
	const char *pattern; /* as tower/request.h has it */
	uint32_t roles; /* one of these is needed; ROLE_NONE: anyone, and none is looked for */
	enum route_place place;
	visit_handler *handle;
	size_t body_bytes; /* longest body; 0: none is read */
	const char *body_type; /* with body_bytes */
};

struct visit {
	struct tower *tower;
	struct MHD_Connection *connection;
	const struct route *route;
	struct request request;
	struct request_values values;
	struct identity who;
	char address[48]; /* of the client, as far as it is known */
	char cookie[ACCESS_SECRET_BYTES]; /* that came; "": none */
	struct store *store; /* of the thread that handles */
	bool is_writing; /* that is the thread that writes */
	const char *act; /* for the audit, where another thread than the writer handled; static text */
	char subject[REQUEST_VALUE_BYTES]; /* with act */
	uint64_t lookup; /* number of a look-up of addresses; 0: none */
	char *body; /* owned, NUL-terminated */
	size_t body_bytes, body_room_bytes;
	size_t arrived_bytes; /* of the body, kept or not */
	/* The reply. */
	unsigned status; /* 0: not yet */
	char *text; /* owned */
	size_t text_bytes;
	const char *type; /* static text */
	const char *allow; /* of a 405, static text; NULL: none */
	visit_handler *after; /* set by a handler that writes: finishes the reply once what it wrote is durable; NULL: nothing */
	char set_cookie[ACCESS_SECRET_BYTES]; /* "-": take it away; "": leave it */
	unsigned wait_s; /* of a 429 */
	int file; /* descriptor to be sent, -1: text */
	size_t file_bytes;
	bool is_packed; /* the file is gzip */
	bool is_lasting; /* may be kept by the browser for a year */
	/* For the thread that has it. */
	struct visit *next;
	int stage; /* of http.c */
};

/** Replies with a JSON value, taken over; NULL: memory was out. */
void visit_json(struct visit *visit, unsigned status, json_t *value);

/** Replies with text of a type, taken over. */
void visit_text(struct visit *visit, unsigned status, const char *type, char *text, size_t text_bytes);

/** Replies with an error. @param message one line for people */
void visit_error(struct visit *visit, unsigned status, const char *message);

/** Replies to a failed call of the store; what there is not is 404, what is malformed 400. @param what "no such incident" */
void visit_store_error(struct visit *visit, int err, const char *what);

/**
 * Replies with a page of a list, or as visit_store_error() does.
 *
 * @param err of the store; not OK: items and page are of no use
 * @param items taken over
 * @param page that they are
 * @param what "no such incident"
 */
void visit_list(struct visit *visit, int err, json_t *items, const struct store_page *page, const char *what);

/**
 * Reads cursor and limit.
 *
 * @param ret_cursor from the request, "" at the beginning
 * @param ret_room rows of the page
 * @return false: the reply is an error already
 */
bool visit_cursor(struct visit *visit, struct store_cursor *ret_cursor, size_t *ret_room);

/**
 * Reads the body as a form.
 *
 * @param root table of its members (record/field.h)
 * @param into the struct, zeroed
 * @return false: the reply is an error already
 */
bool visit_form(struct visit *visit, const struct field *root, void *into);

/** Notes in the audit what was done, or refused. For the thread that writes. @return OK or E_SYS */
MUST_USE int visit_audit(struct visit *visit, const char *act, const char *subject, bool is_allowed);
