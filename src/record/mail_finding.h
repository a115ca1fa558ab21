/*
 * A mail that was marked or held, as a document (schema/mail_finding.json):
 * by its structure and hosts, never text. Addresses are keyed pseudonyms, which
 * nobody without the key of the mail's own site can turn back.
 *
 * mail_finding_parse() refuses what has the form of an address anywhere.
 * Nobody signs it: it moves nothing. Does not know whether it is true.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"

#define MAIL_FINDING_LINE_BYTES_MAX 49152 /* of the document; the fullest is shorter */
#define MAIL_FINDING_HOST_BYTES 254 /* longest name of a host (RFC 1035), with its NUL */
#define MAIL_FINDING_HOSTS_MAX 48
#define MAIL_FINDING_REASONS_MAX 6
#define MAIL_FINDING_PAYLOADS_MAX 64
#define MAIL_FINDING_PAYLOAD_BYTES 24
#define MAIL_FINDING_RULE_BYTES 48
#define MAIL_FINDING_WHY_BYTES 160
#define MAIL_FINDING_SENSOR_BYTES 128
#define MAIL_FINDING_PSEUDONYM_BYTES 17 /* 16 hex digits and a NUL */
#define MAIL_FINDING_ID_BYTES 33

enum mail_finding_action {
	MAIL_FINDING_NO_ACTION = 0, /* refused */
	MAIL_FINDING_TAG, /* delivered, marked */
	MAIL_FINDING_QUARANTINE, /* held */
	MAIL_FINDING_ACTION_COUNT
};

/** What the strongest reason says that it is. */
enum mail_finding_matter {
	MAIL_FINDING_UNKNOWN = 0, /* refused */
	MAIL_FINDING_IMPERSONATION, /* poses as a known person or protected domain */
	MAIL_FINDING_HIJACKED_ACCOUNT, /* a known account behaves as it never did */
	MAIL_FINDING_PAYLOAD, /* brings what does harm */
	MAIL_FINDING_PHISHING, /* poses as a service, or hides where links lead */
	MAIL_FINDING_MATTER_COUNT
};

/** What a host's name tells; or-ed, in the order of mail_finding_host_traits. */
enum mail_finding_trait {
	MAIL_FINDING_FREEMAIL = 1 << 0,
	MAIL_FINDING_CLOUD_STORAGE = 1 << 1,
	MAIL_FINDING_FREE_HOSTING = 1 << 2,
	MAIL_FINDING_SHORTENER = 1 << 3,
	MAIL_FINDING_REDIRECTOR = 1 << 4,
	MAIL_FINDING_PROTECTED = 1 << 13,
	MAIL_FINDING_KNOWN = 1 << 14,
};
#define MAIL_FINDING_TRAITS 16

/** As whom a mail poses. */
enum mail_finding_identity {
	MAIL_FINDING_NOBODY = 0, /* refused where somebody is told */
	MAIL_FINDING_PERSON, /* somebody of the site's directory */
	MAIL_FINDING_DOMAIN, /* a protected domain, or one that wrote before */
	MAIL_FINDING_ACCOUNT, /* the account that sent it, in other hands */
	MAIL_FINDING_IDENTITY_COUNT
};

/** How links to a host are written; or-ed, in the order of mail_finding_link_traits. */
enum mail_finding_link {
	MAIL_FINDING_LINK_IMAGE = 1 << 3, /* a remote picture */
};
#define MAIL_FINDING_LINK_TRAITS 13

#define MAIL_FINDING_UNREADS 10

struct mail_finding_host {
	char name[MAIL_FINDING_HOST_BYTES]; /* lower case, A-label */
	uint16_t links, traits;
};

struct mail_finding_reason {
	char rule[MAIL_FINDING_RULE_BYTES]; /* lower-case letters, digits and '_' */
	uint8_t confidence; /* 0..100 */
	char why[MAIL_FINDING_WHY_BYTES]; /* one line for people */
};

struct mail_finding {
	enum mail_finding_action action;
	uint8_t confidence; /* of the strongest reason, 0..100 */
	char id[MAIL_FINDING_ID_BYTES]; /* the same mail has the same id wherever it is looked at */
	enum mail_finding_matter kind;
	uint8_t level; /* how far it was read, 0..5 */
	uint16_t unread; /* what could not be read, by mail_finding_unreads */
	char recipient[MAIL_FINDING_PSEUDONYM_BYTES]; /* pseudonym, or "" */
	char sender[MAIL_FINDING_PSEUDONYM_BYTES]; /* likewise */
	char sender_domain[MAIL_FINDING_HOST_BYTES]; /* registrable domain of From, or "" */
	uint16_t sender_traits;
	bool has_impersonated; /* somebody who is known */
	struct {
		enum mail_finding_identity is;
		char pseudonym[MAIL_FINDING_PSEUDONYM_BYTES]; /* keyed, of a kind of its own: equal for one identity, and to no sender's */
	} impersonated;
	char sensor[MAIL_FINDING_SENSOR_BYTES];
	char target[MAIL_FINDING_HOST_BYTES]; /* registrable domain of the first recipient, or "" */
	char why[MAIL_FINDING_WHY_BYTES]; /* the strongest reason */
	int64_t start_ms, end_ms; /* when it was received, wall clock; 0: not known */
	size_t host_count;
	struct mail_finding_host hosts[MAIL_FINDING_HOSTS_MAX];
	size_t payload_count;
	char payloads[MAIL_FINDING_PAYLOADS_MAX][MAIL_FINDING_PAYLOAD_BYTES]; /* types of attachments and of what is in them */
	size_t reason_count;
	struct mail_finding_reason reasons[MAIL_FINDING_REASONS_MAX]; /* strongest first */
};

extern const struct document_kind mail_finding_document;

extern const char *const mail_finding_action_names[MAIL_FINDING_ACTION_COUNT];
extern const char *const mail_finding_matter_names[MAIL_FINDING_MATTER_COUNT];
extern const char *const mail_finding_identity_names[MAIL_FINDING_IDENTITY_COUNT];
extern const char *const mail_finding_host_traits[MAIL_FINDING_TRAITS];
extern const char *const mail_finding_link_traits[MAIL_FINDING_LINK_TRAITS];
extern const char *const mail_finding_unreads[MAIL_FINDING_UNREADS];

/** document_parse() of a mail finding. */
MUST_USE static inline int mail_finding_parse(const char *text, size_t length_bytes, struct mail_finding *ret_finding,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&mail_finding_document, text, length_bytes, ret_finding, ret_complaint);
}

/** document_write() of a mail finding. */
MUST_USE static inline int mail_finding_write(const struct mail_finding *finding, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&mail_finding_document, finding, ret_text, ret_complaint);
}
