/*
 * A small world for tests in which orders can be made, approved, logged and bundled: one member, two effectors, five
 * people, a log and two witnesses, all with keys that sign. Not part of any process.
 */
#pragma once

#include "record/approval.h"
#include "record/bundle.h"
#include "record/document_example.h"
#include "record/note_example.h"
#include "record/policy.h"

/** Whose keys there are. */
enum order_party {
	PARTY_NONE = 0,
	PARTY_AUTHORITY, /* makes orders */
	PARTY_LOG,
	PARTY_EDGE, /* the effector "edge-1" */
	PARTY_HANA, /* duty; may request */
	PARTY_JIRO, /* duty */
	PARTY_KYOKO, /* commission */
	PARTY_TARO, /* commission; has a passkey beside his key */
	PARTY_YUKI, /* duty and commission */
	PARTY_STRANGER, /* in no policy */
	PARTY_MAIL, /* the effector "mail-1", which re-identifies */
	PARTY_COUNT
};

struct order_world {
	struct note_example parties[PARTY_COUNT];
	struct note_example witnesses[2];
	void *passkey; /* EVP_PKEY of Taro's authenticator, owned */
	char policy_text[8192];
	struct policy policy;
};

/** Makes the keys and the policy. */
void order_world_init(struct order_world *ret_world);
void order_world_done(struct order_world *world);

/** A signed note of a line; malloc'ed. */
char *order_world_note(const struct order_world *world, const char *line, enum order_party signer);

/** The proof that a note is in the log, cosigned by so many witnesses; malloc'ed. */
char *order_world_proof(const struct order_world *world, const char *note, size_t witnesses);

/** An approval or the like, of the document in a note; malloc'ed. */
char *order_world_say(const struct order_world *world, enum approval_act act, const char *note, enum order_party who,
	const char *role);

/**
 * What Taro's authenticator makes of it: user present and verified where flags are 5.
 *
 * @param origin of the page
 * @param flags of the authenticator data
 * @return the line with its newline; malloc'ed
 */
char *order_world_touch(const struct order_world *world, enum approval_act act, const char *note, const char *origin,
	uint8_t flags);

/**
 * A bundle of an order, signed by the authority (of re-identification by Hana) and logged, without approvals.
 *
 * @param order its policy is set to the world's
 * @param ret_bundle filled; free with bundle_done()
 */
void order_world_bundle(const struct order_world *world, struct order *order, struct bundle *ret_bundle);

/** Adds an approval; the text is taken over. */
void order_world_approve(struct bundle *bundle, char *text);
void order_world_ratify(struct bundle *bundle, char *text);

/**
 * Adds a standing order, signed by Hana, approved by Jiro and Kyoko, logged and witnessed, and lets the order rest on it.
 *
 * @param standing its policy is set to the world's
 * @param order signed anew
 * @param bundle changed
 */
void order_world_rest(const struct order_world *world, struct standing_order *standing, struct order *order,
	struct bundle *bundle);
