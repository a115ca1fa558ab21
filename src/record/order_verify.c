/*
 * The judge of orders. Checks go from the cheap to the costly, and each has
 * one verdict; whatever is not accepted in the end was refused by exactly one
 * of them.
 *
 * 2026-11-27: an order under a standing order, and an urgent one, need a proof
 * that the log has taken them, but no witnesses: those take seconds, and the
 * packets are there now. The standing order itself needs them, as does every
 * other order. Price: a log that lies can show an urgent act to the effector
 * and hide it from the inspector, who sees the receipt missing.
 */
#include "record/order_verify.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/passkey.h"

static const struct {
	const char *name, *words;
} verdicts[ORDER_VERDICT_COUNT] = {
	[ORDER_UNJUDGED] = {"unjudged", "it was not judged"},
	[ORDER_ACCEPTED] = {"accepted", "it may be carried out"},
	[ORDER_BAD_DOCUMENT] = {"bad_document", "it cannot be read as an order"},
	[ORDER_OUT_OF_MEMORY] = {"out_of_memory", "there was no memory to judge it"},
	[ORDER_BAD_SIGNATURE] = {"bad_signature", "it is not signed by who it says asks for it"},
	[ORDER_UNKNOWN_REQUESTER] = {"unknown_requester", "who asks for it may not ask, by the policy"},
	[ORDER_OTHER_EFFECTOR] = {"other_effector", "it is for another effector, member or class than this effector serves"},
	[ORDER_OTHER_POLICY] = {"other_policy", "it was made under another policy"},
	[ORDER_CLASS_NOT_ALLOWED] = {"class_not_allowed", "the policy allows no acts of this class"},
	[ORDER_NOT_YET_VALID] = {"not_yet_valid", "its time has not come"},
	[ORDER_EXPIRED] = {"expired", "its time is over"},
	[ORDER_TOO_LONG] = {"too_long", "it lasts longer than the policy allows"},
	[ORDER_COUNTER_NOT_NEW] = {"counter_not_new", "it is a replay, or too many later orders were accepted already"},
	[ORDER_OUTSIDE_MEMBER] = {"outside_member", "its scope is not within the member's networks"},
	[ORDER_TOO_WIDE] = {"too_wide", "it is wider than the policy allows"},
	[ORDER_TOO_MANY_RULES] = {"too_many_rules", "it has more rules than the policy allows"},
	[ORDER_TOO_COSTLY] = {"too_costly", "it would bear more loss of legitimate traffic than the policy allows"},
	[ORDER_BAD_APPROVAL] = {"bad_approval", "an approval cannot be verified, or is of something else"},
	[ORDER_UNKNOWN_APPROVER] = {"unknown_approver", "an approver is not in the policy"},
	[ORDER_WRONG_ROLE] = {"wrong_role", "an approver does not have the role he claims"},
	[ORDER_SELF_APPROVED] = {"self_approved", "requester, approver and executor are not three parties"},
	[ORDER_UNDER_SIGNED] = {"under_signed", "the approvals that the policy asks for are not there"},
	[ORDER_PROTECTED_UNSIGNED] = {"protected_unsigned", "it touches protected space without the approvals for that"},
	[ORDER_STANDING_NOT_ALLOWED] = {"standing_not_allowed", "the policy allows no standing orders of this class"},
	[ORDER_STANDING_MISSING] = {"standing_missing", "the standing order that it rests on is not there"},
	[ORDER_STANDING_BAD] = {"standing_bad", "the standing order that it rests on does not stand up"},
	[ORDER_STANDING_MISFIT] = {"standing_misfit", "it goes beyond its standing order"},
	[ORDER_URGENT_NOT_ALLOWED] = {"urgent_not_allowed", "the policy allows no urgent orders of this class"},
	[ORDER_RATIFY_TOO_LATE] = {"ratify_too_late", "it may be ratified later than the policy allows"},
	[ORDER_NOT_RATIFIED] = {"not_ratified", "it was not ratified in time"},
	[ORDER_NOTHING_NEW] = {"nothing_new", "it is in force already, and this does not ratify it"},
	[ORDER_UNLOGGED] = {"unlogged", "it is not proven to be in the ledger"},
};

const char *order_verdict_words(enum order_verdict verdict)
{
	return verdicts[(unsigned)verdict < ORDER_VERDICT_COUNT ? verdict : ORDER_UNJUDGED].words;
}

const char *order_verdict_name(enum order_verdict verdict)
{
	return verdicts[(unsigned)verdict < ORDER_VERDICT_COUNT ? verdict : ORDER_UNJUDGED].name;
}

int order_note_open(const char *text, struct note *ret_note, size_t *ret_line_bytes)
{
	int err = note_parse(text, strlen(text), ret_note);
	if (err != OK)
		return err;
	if (memchr(ret_note->text, '\n', ret_note->text_bytes) != ret_note->text + ret_note->text_bytes - 1)
		return E_MALFORMED; /* more than one line, or none */
	*ret_line_bytes = ret_note->text_bytes - 1;
	return OK;
}

/** Whether a note is signed by a key, and rightly. */
static bool is_signed_by(const struct note *note, const struct note_key *key)
{
	struct note_verdict verdict;
	return key->type == NOTE_KEY_ED25519 && note_verify(note, key, 1, &verdict) == OK && verdict.is_signed;
}

/** The key of who asks, if he may; NULL: he may not. */
static const struct note_key *requester_key(const struct policy *policy, const char *name)
{
	if (strcmp(policy->authority.name, name) == 0)
		return &policy->authority;
	const struct policy_person *person = policy_person_find(policy, name);
	return person != NULL && person->may_request ? &person->key : NULL;
}

enum order_verdict order_verify_requester(const struct policy *policy, const struct note *note, const char *requester)
{
	const struct note_key *key = requester_key(policy, requester);
	if (key == NULL)
		return ORDER_UNKNOWN_REQUESTER;
	return is_signed_by(note, key) ? ORDER_ACCEPTED : ORDER_BAD_SIGNATURE;
}

/* Statements. */

/** An approval that a passkey signed: its line alone. */
static enum order_verdict passkey_statement(const struct policy_person *person, const struct approval *approval, char *detail)
{
	struct approval bare = *approval;
	char *line = NULL;
	bare.has_webauthn = false;
	int err = approval_write(&bare, &line, detail);
	if (err == OK) {
		struct document_digest challenge = document_digest_of(line, strlen(line));
		err = passkey_verify(&person->passkey, &approval->webauthn, &challenge);
		if (err != OK)
			snprintf(detail, ORDER_DETAIL_BYTES, "the passkey of %s did not sign this", person->name);
	}
	free(line);
	return err == OK ? ORDER_ACCEPTED : err == E_NOMEM ? ORDER_OUT_OF_MEMORY : ORDER_BAD_APPROVAL;
}

/** Verifies who signed a statement that was read; note is NULL where it is a line alone. */
static enum order_verdict signer_verify(const struct policy *policy, const struct note *note, struct order_statement *statement,
	char *detail)
{
	const struct approval *approval = &statement->approval;
	statement->person = policy_person_find(policy, approval->by);
	if (statement->person == NULL && (strcmp(approval->by, policy->authority.name) != 0 || approval->act != APPROVAL_WITHDRAWAL)) {
		snprintf(detail, ORDER_DETAIL_BYTES, "%s", approval->by);
		return ORDER_UNKNOWN_APPROVER;
	}
	if (approval->has_webauthn != (note == NULL) || (approval->has_webauthn && statement->person == NULL)) {
		snprintf(detail, ORDER_DETAIL_BYTES, "it must be signed as a note or by a passkey, one of both");
		return ORDER_BAD_APPROVAL;
	}
	if (note == NULL) {
		enum order_verdict verdict = passkey_statement(statement->person, approval, detail);
		if (verdict != ORDER_ACCEPTED)
			return verdict;
	} else if (!is_signed_by(note, statement->person != NULL ? &statement->person->key : &policy->authority)) {
		snprintf(detail, ORDER_DETAIL_BYTES, "it is not signed by %s", approval->by);
		return ORDER_BAD_APPROVAL;
	}
	if (approval->role[0] != '\0' && (statement->person == NULL || !policy_has_role(statement->person, approval->role))) {
		snprintf(detail, ORDER_DETAIL_BYTES, "%.60s is not %.60s", approval->by, approval->role);
		return ORDER_WRONG_ROLE;
	}
	return ORDER_ACCEPTED;
}

enum order_verdict order_verify_statement(const struct policy *policy, const char *text, struct order_statement *ret_statement,
	char ret_detail[static ORDER_DETAIL_BYTES])
{
	struct note note;
	size_t line_bytes = 0;
	bool is_note = strstr(text, "\n\n") != NULL;
	ret_detail[0] = '\0';
	if (is_note) {
		if (order_note_open(text, &note, &line_bytes) != OK) {
			snprintf(ret_detail, ORDER_DETAIL_BYTES, "it is no signed note of one line");
			return ORDER_BAD_APPROVAL;
		}
	} else {
		line_bytes = strcspn(text, "\n");
		if (text[line_bytes] != '\n' || text[line_bytes + 1] != '\0') {
			snprintf(ret_detail, ORDER_DETAIL_BYTES, "it is neither a note nor one line");
			return ORDER_BAD_APPROVAL;
		}
	}
	int err = approval_parse(text, line_bytes, &ret_statement->approval, ret_detail);
	if (err != OK)
		return err == E_NOMEM ? ORDER_OUT_OF_MEMORY : ORDER_BAD_APPROVAL;
	ret_detail[0] = '\0';
	return signer_verify(policy, is_note ? &note : NULL, ret_statement, ret_detail);
}

static bool quorum_has_role(const struct policy_quorum *quorum, const char *role)
{
	for (size_t i = 0; i < quorum->count; i++) {
		if (strcmp(quorum->needs[i].role.name, role) == 0)
			return true;
	}
	return false;
}

bool order_withdrawal_counts(const struct policy *policy, const struct order_statement *statement, enum order_class class,
	const char *requester, const struct document_digest *digest)
{
	const struct approval *approval = &statement->approval;
	const struct policy_class *rules = &policy->classes[class];
	if (approval->act != APPROVAL_WITHDRAWAL || !document_digest_equal(&approval->subject, digest))
		return false;
	return statement->person == NULL || strcmp(approval->by, requester) == 0 ||
		quorum_has_role(&rules->approvals, approval->role) || quorum_has_role(&rules->urgent_approvals, approval->role) ||
		quorum_has_role(&rules->protected_approvals, approval->role);
}

/* Approvals. */

/** The people who approved, in the order of their approvals. */
struct approvers {
	size_t count;
	struct policy_approver list[2 * BUNDLE_APPROVALS_MAX];
};

/** Who and what is approved. */
struct subject {
	struct document_digest digest;
	const struct note_key *requester;
	const struct note_key *executor; /* NULL: several, none of which is a person (a standing order's) */
};

static bool is_key_of(const struct note_key *key, const struct note_key *other)
{
	return key != NULL && other->type != NOTE_KEY_UNKNOWN && memcmp(key->key, other->key, sizeof(key->key)) == 0;
}

static enum order_verdict approvals_verify(const struct policy *policy, const struct subject *subject, enum approval_act act,
	char *const *texts, size_t count, struct approvers *approvers, char *detail)
{
	struct order_statement statement;
	for (size_t i = 0; i < count; i++) {
		enum order_verdict verdict = order_verify_statement(policy, texts[i], &statement, detail);
		if (verdict != ORDER_ACCEPTED)
			return verdict;
		if (statement.approval.act != act || !document_digest_equal(&statement.approval.subject, &subject->digest)) {
			snprintf(detail, ORDER_DETAIL_BYTES, "%s of %s is about something else", approval_act_names[statement.approval.act],
				statement.approval.by);
			return ORDER_BAD_APPROVAL;
		}
		const struct policy_person *person = statement.person;
		if (person == NULL || strcmp(person->name, subject->requester->name) == 0 || is_key_of(subject->requester, &person->key) ||
			is_key_of(subject->executor, &person->key)) {
			snprintf(detail, ORDER_DETAIL_BYTES, "%s", statement.approval.by);
			return ORDER_SELF_APPROVED;
		}
		const char *role = person->roles[0].name;
		for (size_t k = 0; k < person->role_count; k++) {
			if (strcmp(person->roles[k].name, statement.approval.role) == 0)
				role = person->roles[k].name; /* the policy's copy, which outlives the statement */
		}
		approvers->list[approvers->count++] = (struct policy_approver){person, role};
	}
	return ORDER_ACCEPTED;
}

static enum order_verdict proof_check(const struct policy *policy, const char *proof_text, const char *note, bool needs_witnesses,
	char *detail)
{
	struct proof proof;
	struct checkpoint checkpoint;
	struct proof_trust trust = policy->ledger;
	const char *why = "the proof cannot be read";
	if (!needs_witnesses)
		trust.quorum = 0;
	int err = proof_parse(proof_text, strlen(proof_text), &proof);
	if (err == OK)
		err = proof_verify(&proof, note, strlen(note), &trust, &checkpoint, &why);
	if (err != OK)
		snprintf(detail, ORDER_DETAIL_BYTES, "%s", why);
	return err == OK ? ORDER_ACCEPTED : ORDER_UNLOGGED;
}

/** Whether a scope is of the member, and no wider than its class may be. */
static enum order_verdict scope_check(const struct policy *policy, const struct policy_class *class, const char *member_name,
	const struct ip_prefix *scope, size_t scope_count)
{
	const struct policy_member *member = policy_member_find(policy, member_name);
	for (size_t i = 0; i < scope_count; i++) {
		if (member == NULL || !order_scope_covers(member->networks, member->network_count, &scope[i]))
			return ORDER_OUTSIDE_MEMBER;
		if (!policy_width_allowed(class, &scope[i]))
			return ORDER_TOO_WIDE;
	}
	return ORDER_ACCEPTED;
}

/* Standing orders. */

enum order_verdict order_verify_standing_bounds(const struct policy *policy, const struct standing_order *standing,
	int64_t now_wall_ms)
{
	const struct policy_class *class = &policy->classes[standing->class];
	if (!document_digest_equal(&standing->policy, &policy->digest))
		return ORDER_OTHER_POLICY;
	if (!class->is_allowed)
		return ORDER_CLASS_NOT_ALLOWED;
	if (!class->is_standing_allowed)
		return ORDER_STANDING_NOT_ALLOWED;
	if (now_wall_ms >= standing->expires_ms)
		return ORDER_EXPIRED;
	if ((uint64_t)(standing->expires_ms - standing->not_before_ms) > class->standing_longest_ms ||
		(uint64_t)standing->longest_s * 1000 > class->longest_ms)
		return ORDER_TOO_LONG;
	if (standing->rules_most > class->rules)
		return ORDER_TOO_MANY_RULES;
	if (standing->collateral_most_permille > class->collateral_permille)
		return ORDER_TOO_COSTLY;
	return scope_check(policy, class, standing->member, standing->scope, standing->scope_count);
}

enum order_verdict order_verify_standing(const struct policy *policy, const struct bundle_standing *part, int64_t now_wall_ms,
	struct standing_order *ret_standing, char ret_detail[static ORDER_DETAIL_BYTES])
{
	struct note note;
	struct approvers approvers = {0};
	size_t line_bytes = 0;
	ret_detail[0] = '\0';
	int err = order_note_open(part->order, &note, &line_bytes);
	if (err == OK)
		err = standing_order_parse(part->order, line_bytes, ret_standing, ret_detail);
	if (err != OK)
		return err == E_NOMEM ? ORDER_OUT_OF_MEMORY : ORDER_BAD_DOCUMENT;
	ret_detail[0] = '\0';
	struct subject subject = {
		.digest = document_digest_of(part->order, line_bytes), .requester = requester_key(policy, ret_standing->requester)};
	if (subject.requester == NULL)
		return ORDER_UNKNOWN_REQUESTER;
	enum order_verdict verdict = order_verify_standing_bounds(policy, ret_standing, now_wall_ms);
	if (verdict == ORDER_ACCEPTED && !is_signed_by(&note, subject.requester))
		verdict = ORDER_BAD_SIGNATURE;
	if (verdict == ORDER_ACCEPTED)
		verdict = approvals_verify(policy, &subject, APPROVAL_APPROVAL, part->approvals, part->approval_count, &approvers,
			ret_detail);
	if (verdict == ORDER_ACCEPTED &&
		!policy_quorum_met(&policy->classes[ret_standing->class].approvals, approvers.list, approvers.count))
		verdict = ORDER_UNDER_SIGNED;
	return verdict == ORDER_ACCEPTED ? proof_check(policy, part->proof, part->order, true, ret_detail) : verdict;
}

/** What the memory knows a verified standing order by. */
static struct document_digest part_digest(const struct policy *policy, const struct bundle_standing *part)
{
	struct document_digest digest;
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, policy->digest.bytes, sizeof(policy->digest.bytes));
	crypto_hash_sha256_update(&state, (const uint8_t *)part->order, strlen(part->order) + 1); /* each text with its NUL */
	crypto_hash_sha256_update(&state, (const uint8_t *)part->proof, strlen(part->proof) + 1);
	for (size_t i = 0; i < part->approval_count; i++)
		crypto_hash_sha256_update(&state, (const uint8_t *)part->approvals[i], strlen(part->approvals[i]) + 1);
	crypto_hash_sha256_final(&state, digest.bytes);
	return digest;
}

/** order_verify_standing(), or what it said of the same before; only time can have changed that. */
static enum order_verdict standing_recall(const struct policy *policy, const struct bundle_standing *part,
	const struct order_situation *situation, struct order_judgement *judgement)
{
	struct order_memory *memory = situation->memory;
	const struct document_digest of = part_digest(policy, part);
	if (memory != NULL && memory->is_set && document_digest_equal(&memory->of, &of)) {
		judgement->standing = memory->standing;
		return situation->now_wall_ms < memory->standing.expires_ms ? ORDER_ACCEPTED : ORDER_EXPIRED;
	}
	enum order_verdict verdict = order_verify_standing(policy, part, situation->now_wall_ms, &judgement->standing,
		judgement->detail);
	if (verdict == ORDER_ACCEPTED && memory != NULL)
		*memory = (struct order_memory){.is_set = true, .of = of, .standing = judgement->standing};
	return verdict;
}

/** An order that rests on a standing order. */
static enum order_verdict standing_judge(const struct policy *policy, const struct bundle *bundle,
	const struct order_situation *situation, struct order_judgement *judgement)
{
	const char *line = bundle->standing.order;
	if (!bundle->has_standing)
		return ORDER_STANDING_MISSING;
	struct document_digest digest = document_digest_of(line, strcspn(line, "\n"));
	if (!document_digest_equal(&digest, &judgement->order.standing))
		return ORDER_STANDING_MISSING;
	enum order_verdict verdict = standing_recall(policy, &bundle->standing, situation, judgement);
	if (verdict == ORDER_OUT_OF_MEMORY || verdict == ORDER_STANDING_NOT_ALLOWED)
		return verdict;
	if (verdict != ORDER_ACCEPTED) {
		snprintf(judgement->detail, sizeof(judgement->detail), "%s", order_verdict_words(verdict));
		return ORDER_STANDING_BAD;
	}
	const char *misfit = standing_order_misfit(&judgement->standing, &judgement->order);
	if (misfit != NULL) {
		snprintf(judgement->detail, sizeof(judgement->detail), "%s", misfit);
		return ORDER_STANDING_MISFIT;
	}
	judgement->is_standing = true;
	return ORDER_ACCEPTED;
}

/* Orders. */

static enum order_verdict time_check(const struct policy_class *class, const struct order *order,
	const struct order_situation *situation)
{
	if (situation->now_wall_ms < order->not_before_ms)
		return ORDER_NOT_YET_VALID;
	if (situation->now_wall_ms >= order->expires_ms)
		return ORDER_EXPIRED;
	if ((uint64_t)(order->expires_ms - order->not_before_ms) > class->longest_ms)
		return ORDER_TOO_LONG;
	if (order->is_urgent && !class->is_urgent_allowed)
		return ORDER_URGENT_NOT_ALLOWED;
	if (order->is_urgent && (uint64_t)(order->ratify_by_ms - order->not_before_ms) > class->ratify_within_ms)
		return ORDER_RATIFY_TOO_LATE;
	return ORDER_ACCEPTED;
}

/** The place of a counter among those used, or where it would be. */
static size_t counter_place(const struct order_counters *counters, uint64_t counter)
{
	size_t at = counters->count;
	while (at > 0 && counters->used[at - 1] >= counter) /* most are new and belong at the end */
		at--;
	return at;
}

bool order_counters_has(const struct order_counters *counters, uint64_t counter)
{
	size_t at = counter_place(counters, counter);
	return counter <= counters->floor || (at < counters->count && counters->used[at] == counter);
}

void order_counters_take(struct order_counters *counters, uint64_t counter)
{
	if (order_counters_has(counters, counter))
		return;
	if (counters->count == ORDER_COUNTERS_MAX) {
		if (counter < counters->used[0]) {
			counters->floor = counter;
			return;
		}
		counters->floor = counters->used[0];
		memmove(counters->used, counters->used + 1, --counters->count * sizeof(counters->used[0]));
	}
	size_t at = counter_place(counters, counter);
	memmove(counters->used + at + 1, counters->used + at, (counters->count++ - at) * sizeof(counters->used[0]));
	counters->used[at] = counter;
}

enum order_verdict order_verify_bounds(const struct policy *policy, const struct order *order,
	const struct document_digest *digest, const struct order_situation *situation)
{
	const struct policy_class *class = &policy->classes[order->class];
	const struct policy_effector *effector = policy_effector_find(policy, situation->effector);
	bool is_in_force = situation->in_force != NULL && document_digest_equal(situation->in_force, digest);
	if (effector == NULL || strcmp(order->effector, effector->name) != 0 || effector->class != (int)order->class ||
		strcmp(order->member, effector->member) != 0)
		return ORDER_OTHER_EFFECTOR;
	if (!document_digest_equal(&order->policy, &policy->digest))
		return ORDER_OTHER_POLICY;
	if (!class->is_allowed)
		return ORDER_CLASS_NOT_ALLOWED;
	if (order->class == ORDER_REIDENTIFY && strcmp(order->requester, policy->authority.name) == 0)
		return ORDER_UNKNOWN_REQUESTER; /* people ask for people; no process does */
	enum order_verdict verdict = time_check(class, order, situation);
	if (verdict != ORDER_ACCEPTED)
		return verdict;
	if (situation->counters != NULL && order_counters_has(situation->counters, order->counter) && !is_in_force)
		return ORDER_COUNTER_NOT_NEW;
	if (order->rules.count > class->rules)
		return ORDER_TOO_MANY_RULES;
	if (order->collateral_limit_permille > class->collateral_permille)
		return ORDER_TOO_COSTLY;
	for (size_t i = 0; i < order->rules.count; i++) {
		if (!policy_width_allowed(class, &order->rules.rules[i].destination))
			return ORDER_TOO_WIDE;
	}
	return scope_check(policy, class, order->member, order->scope, order->scope_count);
}

/** Whether the people who must approve have; and where an urgent order ends. */
static enum order_verdict quorum_check(const struct policy *policy, const struct bundle *bundle, const struct subject *subject,
	const struct order_situation *situation, struct order_judgement *judgement)
{
	const struct order *order = &judgement->order;
	const struct policy_class *class = &policy->classes[order->class];
	struct approvers approvers = {0};
	enum order_verdict verdict = approvals_verify(policy, subject, APPROVAL_APPROVAL, bundle->approvals, bundle->approval_count,
		&approvers, judgement->detail);
	if (verdict != ORDER_ACCEPTED)
		return verdict;
	if (order->has_standing)
		return standing_judge(policy, bundle, situation, judgement);
	if (order->is_urgent && !policy_quorum_met(&class->urgent_approvals, approvers.list, approvers.count))
		return ORDER_UNDER_SIGNED;
	verdict = approvals_verify(policy, subject, APPROVAL_RATIFICATION, bundle->ratifications,
		order->is_urgent ? bundle->ratification_count : 0, &approvers, judgement->detail);
	if (verdict != ORDER_ACCEPTED)
		return verdict;
	bool is_met = policy_quorum_met(&class->approvals, approvers.list, approvers.count);
	if (!order->is_urgent && !is_met)
		return ORDER_UNDER_SIGNED;
	if (order->touches_protected && (class->protected_approvals.count == 0 ||
		!policy_quorum_met(&class->protected_approvals, approvers.list, approvers.count)))
		return ORDER_PROTECTED_UNSIGNED;
	judgement->is_ratified = order->is_urgent && is_met;
	if (order->is_urgent && !is_met)
		judgement->until_ms = order->ratify_by_ms;
	return situation->now_wall_ms < judgement->until_ms ? ORDER_ACCEPTED : ORDER_NOT_RATIFIED;
}

static enum order_verdict order_judge(const struct policy *policy, const struct bundle *bundle,
	const struct order_situation *situation, struct order_judgement *judgement)
{
	struct note note;
	size_t line_bytes = 0;
	struct order *order = &judgement->order;
	int err = order_note_open(bundle->order, &note, &line_bytes);
	if (err == OK)
		err = order_parse(bundle->order, line_bytes, order, judgement->detail);
	if (err != OK)
		return err == E_NOMEM ? ORDER_OUT_OF_MEMORY : ORDER_BAD_DOCUMENT;
	judgement->detail[0] = '\0';
	judgement->digest = document_digest_of(bundle->order, line_bytes);
	judgement->until_ms = order->expires_ms;
	enum order_verdict verdict = order_verify_bounds(policy, order, &judgement->digest, situation);
	if (verdict != ORDER_ACCEPTED)
		return verdict;
	const struct subject subject = {
		.digest = judgement->digest,
		.requester = requester_key(policy, order->requester),
		.executor = &policy_effector_find(policy, order->effector)->key,
	};
	if (subject.requester == NULL)
		return ORDER_UNKNOWN_REQUESTER;
	if (is_key_of(subject.executor, subject.requester))
		return ORDER_SELF_APPROVED;
	if (!is_signed_by(&note, subject.requester))
		return ORDER_BAD_SIGNATURE;
	verdict = quorum_check(policy, bundle, &subject, situation, judgement);
	if (verdict != ORDER_ACCEPTED)
		return verdict;
	bool is_in_force = situation->in_force != NULL && document_digest_equal(situation->in_force, &judgement->digest);
	if (is_in_force && !judgement->is_ratified)
		return ORDER_NOTHING_NEW;
	bool needs_witnesses = !order->has_standing && !order->is_urgent;
	return proof_check(policy, bundle->proof, bundle->order, needs_witnesses, judgement->detail);
}

enum order_verdict order_verify(const struct policy *policy, const struct bundle *bundle, const struct order_situation *situation,
	struct order_judgement *ret_judgement)
{
	memset(ret_judgement, 0, sizeof(*ret_judgement));
	ret_judgement->verdict = order_judge(policy, bundle, situation, ret_judgement);
	return ret_judgement->verdict;
}
