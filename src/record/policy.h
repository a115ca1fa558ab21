/*
 * The policy file: who may ask, approve and carry out what, how wide, for how
 * long and at what cost. doc/policy.example explains every option; the syntax
 * is that of core/conf.h. authority/ and effect/ each have a copy, and orders
 * carry the digest of its bytes, so that both read the same.
 *
 * policy_parse() refuses a policy under which two parties have the same key,
 * a class of acts that nobody has to approve, or re-identification by one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/err.h"
#include "core/ip.h"
#include "record/document.h"
#include "record/note.h"
#include "record/order.h"
#include "record/proof.h"

#define POLICY_PEOPLE_MAX 64
#define POLICY_EFFECTORS_MAX 64
#define POLICY_MEMBERS_MAX 64
#define POLICY_ROLES_MAX 8 /* of one person, of one quorum */
#define POLICY_NETWORKS_MAX 64 /* of one member */
#define POLICY_PROTECTED_MAX 4096
#define POLICY_APPROVERS_MAX 16 /* of one order: BUNDLE_APPROVALS_MAX */
#define POLICY_REIDENTIFY_APPROVALS_MIN 2 /* people who must agree to a re-identification, whatever a policy would like */
#define POLICY_PASSKEY_BYTES 64 /* P-256 point, x and y */
#define POLICY_ORIGIN_BYTES 256

struct policy_role {
	char name[DOCUMENT_NAME_BYTES];
};

/** So many people who approve in one role. */
struct policy_need {
	struct policy_role role;
	uint32_t count; /* at least 1 */
};

struct policy_quorum {
	size_t count; /* 0: nobody is needed */
	struct policy_need needs[POLICY_ROLES_MAX];
};

/** What one class of acts may be. */
struct policy_class {
	bool is_allowed; /* has a section in the file */
	struct policy_quorum approvals; /* of orders and standing orders, and to ratify urgent ones */
	struct policy_quorum protected_approvals; /* of orders that touch protected space; none: they are refused */
	struct policy_quorum urgent_approvals; /* before an urgent order acts; none: it acts on the requester's signature alone */
	uint64_t longest_ms; /* from an order's beginning to its end */
	uint64_t answer_within_ms; /* how long an order waits for its quorum */
	uint64_t widest_v4; /* shortest prefix length of a destination and of a scope */
	uint64_t widest_v6;
	uint64_t collateral_permille; /* highest limit of an order */
	uint64_t rules; /* of one order */
	bool is_standing_allowed;
	uint64_t standing_longest_ms; /* from a standing order's beginning to its end */
	bool is_urgent_allowed;
	uint64_t ratify_within_ms; /* from an urgent order's beginning */
};

/** A passkey: a WebAuthn credential of ES256. */
struct policy_passkey {
	bool is_set;
	uint8_t point[POLICY_PASSKEY_BYTES];
	char relying_party[DOCUMENT_TEXT_BYTES / 8]; /* its id: a domain name */
	char origin[POLICY_ORIGIN_BYTES]; /* of the page that asks */
};

struct policy_person {
	char name[DOCUMENT_NAME_BYTES];
	struct note_key key; /* NOTE_KEY_UNKNOWN: has none */
	struct policy_passkey passkey;
	size_t role_count;
	struct policy_role roles[POLICY_ROLES_MAX];
	bool may_request; /* orders and standing orders */
};

struct policy_effector {
	char name[DOCUMENT_NAME_BYTES];
	struct note_key key;
	char member[DOCUMENT_NAME_BYTES];
	int class; /* enum order_class: acts that it can carry out */
};

struct policy_member {
	char name[DOCUMENT_NAME_BYTES];
	size_t network_count;
	struct ip_prefix networks[POLICY_NETWORKS_MAX];
};

struct policy {
	struct document_digest digest; /* SHA-256 of the file's bytes */
	struct note_key authority; /* makes orders out of countermeasures, and withdraws */
	struct proof_trust ledger; /* the log, its witnesses, and how many of them */
	size_t person_count, effector_count, member_count, protected_count;
	struct policy_person people[POLICY_PEOPLE_MAX];
	struct policy_effector effectors[POLICY_EFFECTORS_MAX];
	struct policy_member members[POLICY_MEMBERS_MAX];
	struct ip_prefix protected_space[POLICY_PROTECTED_MAX];
	struct policy_class classes[ORDER_CLASS_COUNT];
};

/**
 * Reads a policy.
 *
 * @param file_name for messages
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param ret_policy filled on OK; else undefined
 * @param ret_complaint else one line: "FILE:LINE: what is wrong"
 * @return OK or E_CONFIG
 */
MUST_USE int policy_parse(const char *file_name, const char *text, size_t length_bytes, struct policy *ret_policy,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** As policy_parse(), from a file. @return OK, E_CONFIG, E_NOMEM, or E_SYS: cannot be read */
MUST_USE int policy_load(const char *path, struct policy *ret_policy, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** The person, effector or member of a name; NULL: none. Borrowed. */
const struct policy_person *policy_person_find(const struct policy *policy, const char *name);
const struct policy_effector *policy_effector_find(const struct policy *policy, const char *name);
const struct policy_member *policy_member_find(const struct policy *policy, const char *name);

/** The effector of a name, if its class of acts is one upon traffic; NULL: none. Borrowed. */
const struct policy_effector *policy_traffic_effector_find(const struct policy *policy, const char *name);

/** Whether a person has a role. */
bool policy_has_role(const struct policy_person *person, const char *role);

/** Someone who approved, and in which role. */
struct policy_approver {
	const struct policy_person *person;
	const char *role;
};

/**
 * Whether a quorum is there. Each person counts once, whatever the number of his roles or keys.
 *
 * @param quorum that is needed
 * @param approvers who approved, in roles that they have
 * @param count of approvers
 * @return whether each role of the quorum has its number of people
 */
bool policy_quorum_met(const struct policy_quorum *quorum, const struct policy_approver *approvers, size_t count);

/** Whether a prefix is no wider than a class allows. */
bool policy_width_allowed(const struct policy_class *class, const struct ip_prefix *prefix);
