/* What the files of the store share: the handle, and how rows are read and written. For store_*.c alone. */
#pragma once

#include "record/pack.h"
#include "record/text.h"
#include "tower/chunk.h"
#include "tower/db.h"
#include "tower/store.h"

#define STORE_ARENA_BYTES 16777216 /* packed findings of one batch; when they are full the batch is */
#define STORE_BODY_BYTES 16384 /* the longest packed body of a row: a member with all its networks is half of it */
#define STORE_PACKED_BYTES 32768 /* likewise of a finding: the fullest packs into some 23 kB */
#define STORE_MEMBERS_MAX 4096 /* known to a writer; one more is refused */
#define STORE_TALLIES_MAX 64 /* counts that wait to be added at once */
#define STORE_EVIDENCE_MAX 64 /* last documents of an incident that its origins and addresses are summed up of */

/** What a row of tallies counts (store_tally.c); its span is a day or an hour since 1970. Stored: not to be changed. */
enum tally_kind {
	TALLY_NOTHING = 0,
	TALLY_OPENED, /* incidents, on a day, by sector and matter */
	TALLY_ENDED, /* likewise, in an hour */
	TALLY_ORDERED, /* orders, on a day; sector: their state; matter: 1 urgent, 2 resting on a standing order, or-ed */
};

#define STORE_TALLY_ADD "ON CONFLICT (what, span, sector, matter) DO UPDATE SET count = tallies.count + excluded.count"

/** What a batch adds to a count that is kept (store_tally.c). */
struct store_tally {
	enum tally_kind what;
	int64_t span, count;
	uint8_t sector;
	enum incident_matter matter;
};

/** A writer's state. */
struct store_writer {
	struct incident_book *book;
	bool is_open; /* in a transaction */
	bool is_broken; /* memory is not what the database has: it is read again before anything else */
	uint32_t day; /* of the batch */
	uint64_t next_arrival; /* of findings */
	uint64_t next_document, next_mail, next_lookup, next_audit, next_change, next_proof, next_health;
	size_t finding_count;
	struct chunk_finding *findings; /* of the batch, STORE_BATCH_MAX */
	struct db_chunk *chunks; /* likewise, while it is saved */
	struct db_key *keys;
	uint8_t *arena; /* STORE_ARENA_BYTES, of what is packed; behind it as much and the heads, for chunks */
	size_t arena_used;
	size_t line_count, line_room;
	struct incident_line *lines; /* history of the batch */
	uint32_t *line_numbers; /* beside lines: the place in its incident */
	size_t tally_count;
	struct store_tally tallies[STORE_TALLIES_MAX];
	bool must_fail; /* something of the batch could not be done: it is rolled back */
	size_t member_count;
	struct member **members; /* sorted by name; each owned */
	size_t member_last; /* the one that was found last */
	struct finding *finding; /* being taken */
	uint64_t taken_in_batch;
	struct store_counters counters;
};

struct store {
	const struct db_hooks *hooks;
	struct db *db;
	enum db_mode mode;
	char why[WHY_BYTES];
	struct store_writer writer;
	struct finding *room; /* to unpack into */
	struct incident *incident_room;
};

#define STORE_QUERY(store, sql, parameters, row, to) \
	store_query((store), (store)->db, (sql), (parameters), ARRAY_LEN(parameters), (row), (to))

/** Runs a statement, and keeps why it failed. */
MUST_USE int store_query(struct store *store, struct db *db, const char *sql, const struct db_value *parameters, size_t count,
	db_row *row, void *to);
MUST_USE int store_run(struct store *store, const char *sql);
/** Runs one statement once for each row of parameters. */
MUST_USE int store_query_many(
	struct store *store, const char *sql, const struct db_value *parameters, size_t columns, size_t rows);

/** Refuses, with its one line. @return error */
int store_refuse(struct store *store, int error, const char *subject, const char *why);

/** Begins the transaction of a batch where none is open; a reader is refused. @param now_ms 0: what is changed has no time */
MUST_USE int store_begin(struct store *store, int64_t now_ms);

/** A number in the first column. */
db_row store_number_row;

/** Packs a row's body. @return its value, borrowed from bytes */
struct db_value store_pack(const struct field *table, const void *row, uint8_t bytes[static STORE_BODY_BYTES]);
/** Unpacks it. @return OK, or E_SYS: the row is damaged */
MUST_USE int store_unpack(const struct field *table, const struct db_value *body, void *ret_row);

/** Copies a text column, cut to its room. */
void store_text(const struct db_value *column, char *ret_text, size_t room_bytes);
/** Copies a digest; zeros where it is none. */
void store_digest(const struct db_value *column, struct document_digest *ret_digest);

/* Lists by cursors: the last key of a page is where the next begins. */

struct store_list {
	char *rows;
	size_t row_bytes, room, count;
	bool has_more;
	int64_t last_number; /* key of the last row */
	char last_text[DOCUMENT_NAME_BYTES];
	int (*fill)(struct store_list *list, void *row, const struct db_value *columns); /* column 0 is the key */
	struct store *store;
};

/** The db_row of a struct store_list; statements ask for one row more than there is room, to tell whether there are more. */
db_row store_list_row;

/** Where a list begins. @param start key before the first @return OK or E_MALFORMED */
MUST_USE int store_cursor_number(const struct store_cursor *cursor, int64_t start, int64_t *ret_key);
MUST_USE int store_cursor_text(const struct store_cursor *cursor, char ret_key[static DOCUMENT_NAME_BYTES]);

/** Fills the page. @param is_text the key is a text */
void store_list_page(const struct store_list *list, bool is_text, struct store_page *ret_page);

/** Runs the statement of a list. */
MUST_USE int store_list_read(struct store *store, struct db *db, const char *sql, const struct db_value *parameters, size_t count,
	struct store_list *list);

static inline size_t store_room(size_t room)
{
	return room < STORE_PAGE_MAX ? room : STORE_PAGE_MAX;
}

/* Incidents. */

/** Puts an incident into the book. @return OK, E_END: there is none; E_AGAIN: commit first; E_SYS */
MUST_USE int store_incident_load(struct store *store, uint64_t number);

/** Reads an incident as it is kept. @return OK, E_END or E_SYS */
MUST_USE int store_incident_raw(struct store *store, uint64_t number, struct incident *ret_incident);

/** Makes of it what readers get: shares, the largest vectors first, nothing that a look-up is needed for. */
void store_incident_ready(struct incident *incident);

/** Takes out of an incident what a look-up is needed for. */
void store_incident_protect(struct incident *incident);

/**
 * Unpacks a finding of a chunk.
 *
 * @param store whose store_why() tells
 * @param packed that was found
 * @param has_sources unpack what is classed as well
 * @param ret_finding filled
 */
MUST_USE int store_finding_unpack(struct store *store, const struct chunk_finding *packed, bool has_sources,
	struct finding *ret_finding);

/* Counts that are kept. */

/**
 * Counts an incident that is new, or whose state has changed; before its row is written, which tells the end that it had.
 *
 * @param store a writer
 * @param incident as it will be
 * @param saved state it has in the store; INCIDENT_NO_STATE: it is not there yet
 */
MUST_USE int store_tally(struct store *store, const struct incident *incident, enum incident_state saved);
/** Writes what store_tally() has gathered; to be called before the batch ends. */
MUST_USE int store_tally_flush(struct store *store);
/** Counts the row of an order as it is now. @param change -1 before it is changed, 1 after */
MUST_USE int store_tally_order(struct store *store, int64_t number, int64_t change);
/** Incidents that ended at or after a time: rows of sector, number. */
MUST_USE int store_ended_since(struct store *store, int64_t since_ms, db_row *row, void *to);

/* Members. */

/** Reads all members into the writer's memory. */
MUST_USE int store_members_load(struct store *store);
void store_members_free(struct store_writer *writer);
/** A member in the writer's memory; NULL. */
const struct member *store_member_known(struct store *store, const char *name);
/** The member whose networks cover a prefix; NULL. */
const struct member *store_member_of(const struct store *store, const struct ip_prefix *prefix);

/* Documents. */

extern const struct field store_order_document;

/** Takes a document that is neither finding nor health. */
MUST_USE int store_take_document(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer);
/** Takes a mail finding. */
MUST_USE int store_take_mail(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer);
/** Takes health. */
MUST_USE int store_take_health(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer);
