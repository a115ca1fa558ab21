/*
 * The tower's store: what members' processes said, the incidents that come of
 * it, and who the members are. One interface, two backends: SQLite in a
 * directory, PostgreSQL by one line of configuration.
 *
 * One process writes, through one handle and one thread. Readers have a handle
 * each (one for each thread), see what was committed, and wait for nobody.
 *
 * Writing: store_take() each line, store_commit() the batch; only then are the
 * answers true, and may be sent: what was acknowledged survives a kill at any
 * instant. A document that comes again, at any time, is acknowledged again and
 * kept once. After a failed store_commit() nothing of the batch was kept, and
 * the handle goes on.
 *
 * Reading: lists are paged by opaque cursors, which stay good under inserts
 * and after a restart. A cursor that is not one of ours is E_MALFORMED.
 * What the store gives out is not redacted for anybody: which fields whom may
 * be shown is told by record/privacy.h. Addresses of sources are the one
 * exception: they are given for a look-up that has been recorded, with its
 * purpose, and for no other.
 *
 * Does not verify signatures: record/order_verify.h does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "record/document.h"
#include "record/finding.h"
#include "record/health.h"
#include "record/mail_finding.h"
#include "record/order.h"
#include "record/receipt.h"
#include "tower/incident.h"
#include "tower/member.h"

#define STORE_PAGE_MAX 200 /* rows of one page; asked for more, it gives as many */
#define STORE_LINE_BYTES_MAX FINDING_DOCUMENT_BYTES_MAX
#define STORE_PURPOSE_BYTES 201
#define STORE_CURSOR_BYTES 136
#define STORE_BATCH_MAX 16384 /* lines of one batch; then store_take() is E_AGAIN until store_commit() */

struct store; /* opaque */

/** Kinds of documents that the store takes. */
enum store_kind {
	STORE_NOTHING = 0,
	STORE_FINDING,
	STORE_HEALTH,
	STORE_COUNTERMEASURE,
	STORE_ORDER,
	STORE_STANDING_ORDER,
	STORE_APPROVAL, /* approval, refusal, ratification, withdrawal: one form */
	STORE_RECEIPT,
	STORE_WITHDRAWAL, /* a signed statement on its way to an effector */
	STORE_MAIL, /* a mail that was marked or held */
	STORE_KIND_COUNT
};

extern const char *const store_kind_names[STORE_KIND_COUNT];

/** Where a place in a list is kept; "" begins at its start. */
struct store_cursor {
	char text[STORE_CURSOR_BYTES];
};

/** What a list gave. */
struct store_page {
	size_t count; /* rows filled */
	bool has_more;
	struct store_cursor next; /* with has_more */
};

/* Opening. */

/**
 * Opens the store to write: makes it where there is none, brings its form up to date (each migration in one transaction),
 * and takes away what a sudden end left unacknowledged. Another writer is refused.
 *
 * @param place "sqlite:DIRECTORY", or "postgresql:" and a connection string of libpq ("host=/run/postgresql dbname=hinomi")
 * @param ret_store the caller's
 * @param ret_why after an error one line
 * @return OK, E_CONFIG, E_STATE (another writer; a form that is newer than this program), E_SYS or E_NOMEM
 */
MUST_USE int store_open(const char *place, struct store **ret_store, char ret_why[static WHY_BYTES]);

/** The same to read alone; the writer must have opened it before. */
MUST_USE int store_open_reader(const char *place, struct store **ret_store, char ret_why[static WHY_BYTES]);
void store_close(struct store *store);

/** Why the last call on this handle failed, one line; borrowed, until the next call. */
const char *store_why(const struct store *store);

/* Writing documents: one line each, in batches. */

/** What became of a line. After OK it is true once store_commit() was OK. */
struct store_answer {
	enum store_kind kind; /* STORE_NOTHING: it could not be told */
	char id[2 * DOCUMENT_DIGEST_BYTES + 1]; /* to acknowledge by: a finding's "ID-SEQUENCE", a mail's id, the digest; "": none */
	bool is_repeat; /* known already: kept once, acknowledged again */
	bool is_new_incident;
	uint64_t incident; /* it belongs to; 0: none */
	char why[DOCUMENT_COMPLAINT_BYTES]; /* of a refusal, one line */
};

/**
 * Takes a line into the batch.
 *
 * @param store a writer
 * @param member who says it; "" is the tower's own site: any member's networks and names are allowed
 * @param line without its newline, hostile
 * @param length_bytes of line
 * @param now_ms wall clock
 * @param ret_answer filled in any case
 * @return OK, E_MALFORMED, E_LIMIT (too long), E_DENIED (of another member, outside its networks, of one that is unknown
 *         or not active), E_STATE (older than what is remembered), E_AGAIN (the batch is full: commit), E_SYS, E_NOMEM
 */
MUST_USE int store_take(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *ret_answer);

/**
 * Makes the batch durable, with all other changes since the last call.
 *
 * @param store a writer
 * @return OK, or E_SYS: nothing of it was kept
 */
MUST_USE int store_commit(struct store *store);

/**
 * Ends incidents that have been quiet. To be called every few seconds; the changes are part of the next batch.
 *
 * @param store a writer
 * @param now_ms wall clock
 * @param ret_ended numbers of incidents that ended, room for STORE_PAGE_MAX; more end with the next call
 * @param ret_count of them
 */
MUST_USE int store_tick(struct store *store, int64_t now_ms, uint64_t ret_ended[static STORE_PAGE_MAX], size_t *ret_count);

/** Sums since the handle was opened. taken = kept + repeated + refused, exactly. */
struct store_counters {
	uint64_t taken; /* lines */
	uint64_t kept[STORE_KIND_COUNT];
	uint64_t repeated;
	uint64_t refused_malformed, refused_foreign, refused_late, refused_large, refused_failed; /* foreign: not the member's own */
	uint64_t rolled_back; /* lines taken whose batch then failed: they are also counted above */
	uint64_t commits;
	uint64_t asked_store; /* documents whose finding was no longer in memory */
	struct incident_counters incidents;
};

void store_count(const struct store *store, struct store_counters *ret_counters);

/* Incidents. */

struct store_incident_filter {
	enum incident_state state; /* INCIDENT_NO_STATE: any */
	const char *member; /* NULL: any */
	uint8_t sector; /* 0: any */
};

/**
 * Incidents, the last opened first.
 *
 * @param store any handle
 * @param filter what is wanted
 * @param cursor "" or from the last page
 * @param rows filled
 * @param room of rows
 * @param ret_page filled on OK
 * @return OK, E_MALFORMED (the cursor), E_SYS or E_NOMEM
 */
MUST_USE int store_incidents(struct store *store, const struct store_incident_filter *filter, const struct store_cursor *cursor,
	struct incident *rows, size_t room, struct store_page *ret_page);

/** One incident. @return OK, E_END: there is none; E_SYS */
MUST_USE int store_incident(struct store *store, uint64_t number, struct incident *ret_incident);

/** Its history, the oldest line first. Returns as store_incidents(). */
MUST_USE int store_history(struct store *store, uint64_t incident, const struct store_cursor *cursor, struct incident_line *rows,
	size_t room, struct store_page *ret_page);

/** A finding in a list: what is told of it without its document. */
struct store_finding {
	uint64_t arrival; /* number of arrival, from 1 */
	int64_t arrived_ms;
	char id[FINDING_ID_BYTES];
	uint32_t sequence;
	enum finding_kind kind;
	enum finding_phase phase;
	struct ip_prefix target;
	uint64_t incident;
};

/** Findings of an incident, the last come first. Returns as store_incidents(). */
MUST_USE int store_findings(struct store *store, uint64_t incident, const struct store_cursor *cursor,
	struct store_finding *rows, size_t room, struct store_page *ret_page);

/** Hears of a finding: its row, and its document without sources. Both are borrowed. @return OK to go on; else that is returned */
typedef int store_finding_hear(void *to, const struct store_finding *row, const struct finding *finding);

/** The last findings of an incident, the last come first, in one reading. @param most of them */
MUST_USE int store_findings_tell(struct store *store, uint64_t incident, size_t most, store_finding_hear *hear, void *to);

/**
 * One finding as it was told, without its sources: for those, store_addresses().
 *
 * @param store any handle
 * @param incident it belongs to
 * @param arrival its number
 * @param ret_finding filled on OK; listed_count is 0
 * @return OK, E_END: there is none; E_SYS
 */
MUST_USE int store_finding(struct store *store, uint64_t incident, uint64_t arrival, struct finding *ret_finding);

/** Where sources are: whole networks and countries, never one address. */
#define STORE_ORIGINS_MAX 64

/**
 * Origins of an incident's sources, the most packets first: over the last document of each of its last findings.
 *
 * @param store any handle
 * @param incident number
 * @param rows filled; packets_permille is of the findings looked at
 * @param ret_count of rows
 * @return OK or E_SYS
 */
MUST_USE int store_origins(struct store *store, uint64_t incident, struct finding_origin rows[static STORE_ORIGINS_MAX],
	size_t *ret_count);

/* Mails. */

/** A mail finding as it was told. */
struct store_mail {
	uint64_t number; /* of arrival among mails, from 1 */
	int64_t arrived_ms;
	struct mail_finding finding;
};

/** Mails of an incident, the last come first. Returns as store_incidents(). @param rows 15 kB each: not for a stack */
MUST_USE int store_mails(struct store *store, uint64_t incident, const struct store_cursor *cursor, struct store_mail *rows,
	size_t room, struct store_page *ret_page);

/* Documents other than findings, mails and health. */

/** What an order has come to, by the documents the tower has seen. The authority's word (its ledger) is the true one. */
enum store_order_state {
	STORE_ORDER_UNKNOWN = 0,
	STORE_ORDER_WAITING, /* nobody has carried it out, refused or withdrawn it */
	STORE_ORDER_ACTIVE,
	STORE_ORDER_ENDED,
	STORE_ORDER_REFUSED, /* by a person or by the effector */
	STORE_ORDER_WITHDRAWN,
	STORE_ORDER_EXPIRED, /* waited or acted until its time was over, and no receipt told the end */
	STORE_ORDER_STATE_COUNT
};

extern const char *const store_order_state_names[STORE_ORDER_STATE_COUNT];

struct store_order {
	struct document_digest digest;
	char id[ORDER_ID_BYTES];
	uint64_t incident; /* 0: none */
	char member[DOCUMENT_NAME_BYTES];
	char effector[DOCUMENT_NAME_BYTES];
	enum order_class class;
	enum store_order_state state; /* at the time that was asked for */
	bool is_urgent, has_standing;
	int64_t arrived_ms, not_before_ms, expires_ms, ratify_by_ms; /* ratify_by_ms: 0 if not urgent */
	uint32_t approvals, refusals, ratifications;
	struct receipt_count stopped, passed; /* of the last receipt */
	uint16_t collateral_permille; /* likewise */
	int64_t receipt_ms; /* 0: none yet */
	char *line; /* the order as it came; in a list alone, and owned by it: store_orders_done() */
	size_t length_bytes;
};

/**
 * Orders, the last come first. The caller frees with store_orders_done(), after an error too.
 *
 * @param now_ms decides what has expired
 * @param state STORE_ORDER_UNKNOWN: any
 */
MUST_USE int store_orders(struct store *store, int64_t now_ms, enum store_order_state state, const struct store_cursor *cursor,
	struct store_order *rows, size_t room, struct store_page *ret_page);

/** Frees the lines of rows. */
void store_orders_done(struct store_order *rows, size_t count);

/** One order. @return OK, E_END or E_SYS */
MUST_USE int store_order(struct store *store, const struct document_digest *digest, int64_t now_ms, struct store_order *ret_order);

/** A document as it came, byte for byte. */
struct store_document {
	uint64_t arrival; /* number of arrival among documents, from 1 */
	int64_t arrived_ms;
	enum store_kind kind;
	struct document_digest digest;
	struct document_digest subject; /* the order it speaks of; zeros: none */
	char member[DOCUMENT_NAME_BYTES]; /* who sent it; "": the tower's own site */
	uint64_t incident;
	char *line; /* owned by the row: store_documents_done() */
	size_t length_bytes;
};

/** Which documents: those of an incident, or those that speak of an order (and the order), or all where both are NULL and 0. */
struct store_document_filter {
	uint64_t incident;
	const struct document_digest *order;
};

/** Documents, the oldest first. The caller frees with store_documents_done(), after an error too. */
MUST_USE int store_documents(struct store *store, const struct store_document_filter *filter, const struct store_cursor *cursor,
	struct store_document *rows, size_t room, struct store_page *ret_page);

/** Frees the lines of rows. */
void store_documents_done(struct store_document *rows, size_t count);

/* The present. */

struct store_sector {
	uint8_t sector; /* 1..15; row 0 is for members of none */
	uint32_t members, open_incidents, ended_today; /* ended_today: in the last 24 hours */
	uint64_t attack_pps, attack_bps; /* now, as health tells */
	uint64_t legitimate_pps, legitimate_bps; /* in less attack */
	uint64_t dropped_pps;
};

struct store_now {
	int64_t at_ms;
	size_t incident_count; /* rows; open_incidents tells of how many */
	struct incident incidents[64]; /* open ones, the highest peak first */
	uint64_t open_incidents; /* but for mails, which nobody is under */
	uint64_t open_mails; /* incidents of mails */
	uint64_t active_orders, waiting_orders;
	struct store_sector sectors[SECTOR_COUNT + 1];
};

/** What is under attack now, and what is done about it. @param ret_now large: not for a stack */
MUST_USE int store_now(struct store *store, int64_t now_ms, struct store_now *ret_now);

/** Health of a process, the last word. */
struct store_health {
	struct health health;
	int64_t arrived_ms;
};

/** Health, by member and process. @param member NULL: all */
MUST_USE int store_healths(struct store *store, const char *member, const struct store_cursor *cursor, struct store_health *rows,
	size_t room, struct store_page *ret_page);

/** Traffic of one second, over all sensors of all members, or of one. */
struct store_second {
	int64_t at_s; /* since 1970 */
	struct health_rates rates; /* sums */
	uint32_t told; /* processes that told of it */
};

#define STORE_SECONDS_MAX 900 /* fifteen minutes */

/** Seconds from since_s on, those that were told of. @param member NULL: all */
MUST_USE int store_traffic(struct store *store, const char *member, int64_t since_s, struct store_second *rows, size_t room,
	size_t *ret_count);

/* Look-ups of what is protected, and the audit of what people do. */

struct store_lookup {
	uint64_t number; /* filled by store_lookup(); from 1 */
	uint64_t incident; /* whose sources are looked at */
	char who[DOCUMENT_NAME_BYTES]; /* account */
	char purpose[STORE_PURPOSE_BYTES]; /* in their words; at least 8 bytes */
	int64_t at_ms;
};

/**
 * Records a look-up; it may be carried out once it is committed.
 *
 * @param store a writer
 * @param lookup its number is filled
 * @return OK, E_MALFORMED (no purpose, nobody), E_END (no such incident) or E_SYS
 */
MUST_USE int store_lookup(struct store *store, struct store_lookup *lookup);

#define STORE_ADDRESSES_MAX 500
#define STORE_LOOKUP_MS INT64_C(600000) /* how long a look-up may be carried out */

/**
 * Addresses of an incident's sources, most packets first: over the last document of each of its last findings.
 *
 * @param store any handle
 * @param lookup number of a look-up that was committed within the last ten minutes
 * @param now_ms wall clock
 * @param rows filled
 * @param ret_count of rows
 * @return OK, E_DENIED: there is no such look-up, or it is too old; E_SYS
 */
MUST_USE int store_addresses(struct store *store, uint64_t lookup, int64_t now_ms,
	struct finding_source rows[static STORE_ADDRESSES_MAX], size_t *ret_count);

/** Look-ups, the last first. */
MUST_USE int store_lookups(struct store *store, const struct store_cursor *cursor, struct store_lookup *rows, size_t room,
	struct store_page *ret_page);

/** What a person or a program did, or was refused. */
struct store_audit {
	uint64_t number;
	int64_t at_ms;
	char who[DOCUMENT_NAME_BYTES]; /* account; "": nobody was signed in */
	char act[DOCUMENT_NAME_BYTES]; /* "member.put", "session.begin" ... */
	char subject[MEMBER_TEXT_BYTES];
	bool is_allowed;
};

/** Adds to the audit. @param audit its number is filled */
MUST_USE int store_audit(struct store *store, struct store_audit *audit);
/** The audit, the last first. */
MUST_USE int store_audits(struct store *store, const struct store_cursor *cursor, struct store_audit *rows, size_t room,
	struct store_page *ret_page);

/* Members. Those that change are for the writer, and part of the next batch; what they replace of assets is kept. */

MUST_USE int store_members(struct store *store, const struct store_cursor *cursor, struct member *rows, size_t room,
	struct store_page *ret_page);
/** One member. @return OK, E_END or E_SYS */
MUST_USE int store_member(struct store *store, const char *name, struct member *ret_member);
/** Puts a member with its networks. @return OK, E_MALFORMED (form), E_DENIED (a network of another member) or E_SYS */
MUST_USE int store_member_put(struct store *store, const struct member *member);

MUST_USE int store_contacts(struct store *store, const char *member, struct member_contact rows[static MEMBER_CONTACTS_MAX],
	size_t *ret_count);
/** Replaces all contacts of a member. @return OK, E_END (no such member), E_MALFORMED, E_LIMIT or E_SYS */
MUST_USE int store_contacts_put(struct store *store, const char *member, const struct member_contact *rows, size_t count);

MUST_USE int store_keys(struct store *store, const char *member, struct member_key rows[static MEMBER_KEYS_MAX], size_t *ret_count);
/** Replaces all keys of a member. Returns as store_contacts_put(). */
MUST_USE int store_keys_put(struct store *store, const char *member, const struct member_key *rows, size_t count);

/** Assets of a member as they are now, by id. */
MUST_USE int store_assets(struct store *store, const char *member, const struct store_cursor *cursor, struct member_asset *rows,
	size_t room, struct store_page *ret_page);
/** Puts one asset; what it was before stays in its history. Returns as store_contacts_put(). */
MUST_USE int store_asset_put(struct store *store, const char *member, const struct member_asset *asset);
/** All that one asset has been, the last first. */
MUST_USE int store_asset_history(struct store *store, const char *member, const char *id, const struct store_cursor *cursor,
	struct member_asset *rows, size_t room, struct store_page *ret_page);

/* Accounts: who may sign in. What the roles may do is the caller's to know. */

#define STORE_TOKEN_DIGEST_BYTES 32

struct store_account {
	char name[DOCUMENT_NAME_BYTES];
	char role[DOCUMENT_NAME_BYTES]; /* operator, analyst, approver, inspector, reader, sender */
	char member[DOCUMENT_NAME_BYTES]; /* of which member; "": the tower's own */
	bool has_token;
	uint8_t token_digest[STORE_TOKEN_DIGEST_BYTES]; /* never the token */
	char credential[512]; /* a passkey: id and public key as the caller writes them; "": none */
	bool is_active;
	int64_t changed_ms;
};

MUST_USE int store_account_put(struct store *store, const struct store_account *account);
/** An account by its name. @return OK, E_END or E_SYS */
MUST_USE int store_account(struct store *store, const char *name, struct store_account *ret_account);
/** An account by the digest of its token. @return OK, E_END or E_SYS */
MUST_USE int store_account_by_token(struct store *store, const uint8_t digest[static STORE_TOKEN_DIGEST_BYTES],
	struct store_account *ret_account);
MUST_USE int store_accounts(struct store *store, const struct store_cursor *cursor, struct store_account *rows, size_t room,
	struct store_page *ret_page);

/* Retention: what is kept how long, and the proof that the rest is gone. */

enum store_class {
	STORE_CLASS_UNKNOWN = 0,
	STORE_CLASS_FINDINGS, /* whole days of findings */
	STORE_CLASS_SOURCES, /* addresses in findings that are kept */
	STORE_CLASS_HEALTH,
	STORE_CLASS_DOCUMENTS, /* and orders */
	STORE_CLASS_LOOKUPS, /* and the audit */
	STORE_CLASS_MAILS, /* and what joins them */
	STORE_CLASS_COUNT
};

extern const char *const store_class_names[STORE_CLASS_COUNT];

/** How long each class is kept, from arrival; 0: for ever. Sources never longer than findings. */
struct store_retention {
	uint32_t days[STORE_CLASS_COUNT];
};

/** That something was deleted. */
struct store_proof {
	uint64_t number;
	int64_t at_ms; /* of the deletion */
	enum store_class class;
	int64_t from_ms, to_ms; /* arrival of what was deleted, whole days */
	uint64_t count; /* rows; of sources: findings they were taken out of */
	struct document_digest digest; /* SHA-256 over what identified the rows, in order of arrival */
};

/**
 * Deletes what is older than it may be kept, a bounded part at a time, and writes a proof for each part. Commits.
 *
 * @param store a writer without an open batch
 * @param retention of each class
 * @param now_ms wall clock
 * @param ret_is_done false: there is more to delete; call again
 * @return OK, E_STATE (a batch is open) or E_SYS
 */
MUST_USE int store_retain(struct store *store, const struct store_retention *retention, int64_t now_ms, bool *ret_is_done);

/** Proofs, the last first. */
MUST_USE int store_proofs(struct store *store, const struct store_cursor *cursor, struct store_proof *rows, size_t room,
	struct store_page *ret_page);

/* Figures of a year, without personal data. */

struct store_figures {
	uint64_t incidents[INCIDENT_MATTER_COUNT]; /* opened between the two times */
	uint64_t incidents_by_sector[SECTOR_COUNT + 1];
	uint64_t orders[STORE_ORDER_STATE_COUNT];
	uint64_t urgent_orders, standing_orders; /* of them: urgent; resting on a standing order */
	uint64_t lookups;
	uint64_t deleted[STORE_CLASS_COUNT]; /* rows, as proofs tell */
};

/** Costs the same however many incidents and orders there are. @param from_ms first @param to_ms the first no more */
MUST_USE int store_figures(struct store *store, int64_t from_ms, int64_t to_ms, struct store_figures *ret_figures);
