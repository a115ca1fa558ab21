/*
 * One engine for the milter and for scans: bytes of a mail into facts, facts
 * and history into a verdict.
 *
 * Two halves, so that bytes are only ever read where nothing can be lost:
 * engine_read() runs in the worker (no history, no clock, no file), and
 * engine_judge() where the history is. A worker is forked from a process that
 * has made the engine, and so shares its directory and keys.
 *
 * Does not send, tag or hold anything: who asks acts on the verdict.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/err.h"
#include "core/why.h"
#include "mail/facts.h"

#define MAIL_REASONS_MAX 6 /* reasons of one verdict; the strongest */
#define MAIL_REASON_BYTES 160 /* one line of words, without anything that the mail chose but hosts */
#define MAIL_RULE_BYTES 32 /* name of a conjunction */

/** What the MTA told. All texts borrowed; NULL or 0: not known. */
struct mail_envelope {
	const char *sender; /* MAIL FROM without brackets, "" for a bounce */
	const char *helo;
	const char *client_address; /* the peer's, as text */
	const char *const *recipients;
	size_t recipient_count;
	int64_t received_wall_ms;
};

/** What to do; ordered. */
enum mail_action {
	MAIL_PASS = 0,
	MAIL_REPORT, /* worth a look within the budget; the mail goes on unmarked */
	MAIL_TAG,
	MAIL_QUARANTINE,
	MAIL_ACTION_COUNT
};

/** What a finding is about. */
enum mail_kind {
	MAIL_KIND_NONE = 0,
	MAIL_IMPERSONATION, /* somebody poses as a person of the directory, or as a protected domain */
	MAIL_HIJACKED, /* a known account behaves as it never did */
	MAIL_PAYLOAD, /* an attachment or link that does harm, whoever sends it */
	MAIL_PHISHING, /* poses as a service, or hides where its links lead */
	MAIL_KIND_COUNT
};

/** As whom a mail poses. */
enum mail_posed {
	MAIL_POSED_NOBODY = 0, /* nobody that is known */
	MAIL_POSED_PERSON, /* somebody of the directory */
	MAIL_POSED_DOMAIN, /* a protected domain, or that of people who write to us */
	MAIL_POSED_ACCOUNT, /* the account that sends it, in other hands */
	MAIL_POSED_COUNT
};

struct mail_reason {
	char rule[MAIL_RULE_BYTES]; /* name of the conjunction, "known_name_new_address_cloud_link" */
	uint8_t confidence; /* percent */
	char words[MAIL_REASON_BYTES];
};

struct mail_verdict {
	enum mail_action action; /* at the operator's settings */
	enum mail_action due; /* the same, but for a setting that all is only reported: what would be done */
	enum mail_level level; /* how far the mail was read */
	enum mail_kind kind; /* of the strongest reason */
	uint8_t confidence; /* of the strongest reason; percent */
	uint32_t rank; /* for the day's budget: higher goes first */
	bool is_over_budget; /* would have been told, but the day's alerts are spent: reported only */
	uint32_t unread; /* enum mail_unread: could not read, because */
	enum mail_posed posed;
	uint64_t posed_as; /* pseudonym of the identity, by the strongest reason that is about one; 0: nobody */
	uint8_t reason_count;
	struct mail_reason reasons[MAIL_REASONS_MAX]; /* strongest first */
};

/** An operator's settings; engine_defaults() fills them. */
struct engine_settings {
	enum mail_level level;
	uint8_t tag_percent; /* confidence from which a mail is tagged */
	uint8_t quarantine_percent; /* from which it is held */
	bool is_report_only; /* no mail is touched */
	uint32_t alerts_per_day; /* tags and quarantines; 0: no bound. Beyond it mails are only reported (budget.h) */
	uint8_t always_percent; /* confidence from which a mail is tagged or held whatever is left of the day's alerts */
	const char *people_path; /* directory made by "hinomi mail people"; NULL: none */
	const char *history_path; /* NULL: none, and nothing follows from relation */
	const char *dns_path; /* recorded DNS (dns_record.h); NULL: none, and no signature is verified */
	const char *key_path; /* secret of the pseudonyms; NULL: drawn at start, for scans without a history */
	struct authres_trust trust; /* whose Authentication-Results are believed; none by default */
	const char *const *protected_domains; /* ours, and those we must not be fooled about */
	size_t protected_count;
	uint32_t learn_after_h, forget_after_days; /* hours until a mail counts as history; days until it is forgotten */
};

struct mail_engine;

void engine_defaults(struct engine_settings *ret_settings);

/**
 * Makes an engine: reads directory, lists and keys, opens the history.
 *
 * @param settings borrowed for the call
 * @param ret_engine owned by the caller; engine_free()
 * @param ret_why on an error one line
 * @return OK, E_CONFIG, E_NOMEM, E_SYS
 */
MUST_USE int engine_new(const struct engine_settings *settings, struct mail_engine **ret_engine, char ret_why[static WHY_BYTES]);
void engine_free(struct mail_engine *engine);

/**
 * Reads a mail into facts. Hostile bytes: only in a worker. Whatever it could not read is told in ret_facts.unread.
 *
 * @param engine its directory and keys are used, its history is not
 * @param mail the whole mail, header first; borrowed
 * @param length_bytes of it
 * @param envelope borrowed
 * @param ret_facts filled, whatever the mail is
 * @param ret_sender MAIL_ADDRESS_BYTES: From's address in the form that is compared, "" where there is none; NULL: not wanted
 */
void engine_read(const struct mail_engine *engine, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender);

/** The pseudonym of an address in the form that is compared (address_fold()); from any thread. */
uint64_t engine_pseudonym(const struct mail_engine *engine, const char *address);

/**
 * Judges. Looks the sender up in the history (into facts->relation) and spends the day's alerts; learns nothing.
 *
 * @param engine as made
 * @param facts from engine_read(), checked here once more
 * @param now_wall_ms of the verdict: the mail's receive time in a scan
 * @param ret_verdict filled
 */
void engine_judge(struct mail_engine *engine, struct mail_facts *facts, int64_t now_wall_ms, struct mail_verdict *ret_verdict);

/**
 * Notes that a mail was delivered (or sent, facts->is_outbound); it counts as history once settings.learn_after_h have passed.
 *
 * @param engine as made
 * @param facts of the mail
 * @param now_wall_ms when it was delivered
 * @return OK, E_STATE: no history is configured; E_SYS
 */
MUST_USE int engine_learn(struct mail_engine *engine, const struct mail_facts *facts, int64_t now_wall_ms);

/**
 * Brackets many engine_learn() into one write.
 *
 * @param engine as made
 * @param begins true before the first, false after the last
 * @return OK, E_STATE: no history is configured; E_SYS
 */
MUST_USE int engine_learn_many(struct mail_engine *engine, bool begins);
