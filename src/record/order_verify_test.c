/*
 * Proves that the effector alone refuses every order that must not be carried out, each for its own reason, and takes the
 * good one beside it. Each row changes one thing: of the order before it is signed, or of the bundle after it is approved.
 * The authority's key signs all of these orders: whoever has stolen it gets no further.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "record/order_example.h"
#include "record/order_verify.h"

#define MINUTE_MS 60000

static struct order_world world;

struct scene {
	struct order order;
	struct standing_order standing;
	struct bundle bundle;
	struct order_counters counters;
	struct order_situation situation;
	struct order_judgement judgement;
};

static struct scene scene;

struct row {
	const char *name;
	enum order_verdict verdict;
	void (*order)(struct scene *); /* before it is signed; NULL: nothing */
	void (*bundle)(struct scene *); /* after it is approved; NULL: nothing */
};

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix prefix = {0};
	assert_int_equal(ip_prefix_parse(text, &prefix), OK);
	return prefix;
}

static void replace(char **text, char *other)
{
	free(*text);
	*text = other;
}

static void say(struct scene *s, enum approval_act act, enum order_party who, const char *role)
{
	order_world_approve(&s->bundle, order_world_say(&world, act, s->bundle.order, who, role));
}

static void ratify(struct scene *s, enum order_party who, const char *role)
{
	order_world_ratify(&s->bundle, order_world_say(&world, APPROVAL_RATIFICATION, s->bundle.order, who, role));
}

static void unapprove(struct scene *s)
{
	while (s->bundle.approval_count > 0)
		free(s->bundle.approvals[--s->bundle.approval_count]);
}

/* The order's changes. */
static void other_effector(struct scene *s) { snprintf(s->order.effector, sizeof(s->order.effector), "edge-2"); }
static void other_member(struct scene *s) { snprintf(s->order.member, sizeof(s->order.member), "bank"); }
static void other_class(struct scene *s) { s->order.class = ORDER_UPSTREAM; }
static void requester_stranger(struct scene *s) { snprintf(s->order.requester, sizeof(s->order.requester), "stranger"); }
static void requester_jiro(struct scene *s) { snprintf(s->order.requester, sizeof(s->order.requester), "jiro"); }
static void requester_hana(struct scene *s) { snprintf(s->order.requester, sizeof(s->order.requester), "hana"); }
static void too_long(struct scene *s) { s->order.expires_ms = s->order.not_before_ms + 60 * MINUTE_MS + 1; }
static void longest(struct scene *s) { s->order.expires_ms = s->order.not_before_ms + 60 * MINUTE_MS; }
static void too_costly(struct scene *s) { s->order.collateral_limit_permille = 21; }
static void outside(struct scene *s)
{
	s->order.scope[0] = prefix_of("198.51.100.0/24");
	s->order.rules.rules[0].destination = prefix_of("198.51.100.1");
}
static void everything(struct scene *s) { s->order.scope[0] = prefix_of("0.0.0.0/0"); }
static void wider_than_member(struct scene *s) { s->order.scope[0] = prefix_of("192.0.2.0/23"); }
static void too_wide(struct scene *s)
{
	s->order.scope[0] = prefix_of("2001:db8::/47");
	s->order.rules.rules[0].destination = prefix_of("2001:db8::1");
}
static void nine_rules(struct scene *s)
{
	for (s->order.rules.count = 1; s->order.rules.count < 9; s->order.rules.count++)
		s->order.rules.rules[s->order.rules.count] = s->order.rules.rules[0];
}
static void protected_space(struct scene *s) { s->order.touches_protected = true; }
static void urgent(struct scene *s)
{
	s->order.is_urgent = true;
	s->order.ratify_by_ms = s->order.not_before_ms + 5 * MINUTE_MS;
}
static void urgent_late(struct scene *s)
{
	s->order.is_urgent = true;
	s->order.expires_ms = s->order.not_before_ms + 20 * MINUTE_MS;
	s->order.ratify_by_ms = s->order.not_before_ms + 15 * MINUTE_MS + 1;
}
static void standing_fake(struct scene *s)
{
	s->order.has_standing = true;
	memset(s->order.standing.bytes, 7, sizeof(s->order.standing.bytes));
}

static void reveal(struct scene *s)
{
	reveal_example(&s->order);
	s->situation.effector = "mail-1";
}
static void reveal_long(struct scene *s)
{
	reveal(s);
	too_long(s);
}
static void reveal_at_the_edge(struct scene *s)
{
	reveal(s);
	s->situation.effector = "edge-1";
}
static void reveal_for_the_edge(struct scene *s)
{
	reveal_at_the_edge(s);
	snprintf(s->order.effector, sizeof(s->order.effector), "edge-1");
}
static void traffic_at_the_mail_host(struct scene *s)
{
	snprintf(s->order.effector, sizeof(s->order.effector), "mail-1");
	s->situation.effector = "mail-1";
}
static void reveal_by_the_authority(struct scene *s)
{
	reveal(s);
	snprintf(s->order.requester, sizeof(s->order.requester), "authority");
}

/* The bundle's changes. */
static void no_approval(struct scene *s) { unapprove(s); }
static void one_approval(struct scene *s) { free(s->bundle.approvals[--s->bundle.approval_count]); }
static void flip_rule(struct scene *s) { strstr(s->bundle.order, "[123,123]")[7] = '4'; }
static void garbage(struct scene *s) { replace(&s->bundle.order, strdup("hello\n")); }
static void two_lines(struct scene *s)
{
	char *line = NULL;
	assert_true(asprintf(&line, "%.*s\n{}", (int)strcspn(s->bundle.order, "\n"), s->bundle.order) > 0);
	replace(&s->bundle.order, order_world_note(&world, line, PARTY_AUTHORITY));
	free(line);
}
static void resigned(struct scene *s, enum order_party signer)
{
	char *line = strndup(s->bundle.order, strcspn(s->bundle.order, "\n"));
	replace(&s->bundle.order, order_world_note(&world, line, signer));
	replace(&s->bundle.proof, order_world_proof(&world, s->bundle.order, 1));
	free(line);
}
static void signed_by_stranger(struct scene *s) { resigned(s, PARTY_STRANGER); }
static void signed_by_effector(struct scene *s) { resigned(s, PARTY_EDGE); }
static void signed_by_jiro(struct scene *s) { resigned(s, PARTY_JIRO); }
static void signed_by_hana(struct scene *s) { resigned(s, PARTY_HANA); }
static void signed_by_hana_self(struct scene *s)
{
	resigned(s, PARTY_HANA);
	say(s, APPROVAL_APPROVAL, PARTY_HANA, "duty");
}
static void early(struct scene *s) { s->situation.now_wall_ms = s->order.not_before_ms - 1; }
static void first_moment(struct scene *s) { s->situation.now_wall_ms = s->order.not_before_ms; }
static void last_moment(struct scene *s) { s->situation.now_wall_ms = s->order.expires_ms - 1; }
static void late(struct scene *s) { s->situation.now_wall_ms = s->order.expires_ms; }
static void replayed(struct scene *s) { order_counters_take(&s->counters, s->order.counter); }
static void overtaken(struct scene *s) { order_counters_take(&s->counters, s->order.counter + 1); }
static void forgotten(struct scene *s) { s->counters.floor = s->order.counter; }
static void other_me(struct scene *s) { s->situation.effector = "edge-2"; }
static void stranger_approves(struct scene *s) { say(s, APPROVAL_APPROVAL, PARTY_STRANGER, "duty"); }
static void authority_approves(struct scene *s)
{
	unapprove(s);
	say(s, APPROVAL_APPROVAL, PARTY_AUTHORITY, "duty");
	say(s, APPROVAL_APPROVAL, PARTY_KYOKO, "commission");
}
static void effector_approves(struct scene *s) { say(s, APPROVAL_APPROVAL, PARTY_EDGE, "duty"); }
static void wrong_role(struct scene *s) { say(s, APPROVAL_APPROVAL, PARTY_JIRO, "commission"); }
static void one_for_two(struct scene *s)
{
	unapprove(s);
	say(s, APPROVAL_APPROVAL, PARTY_YUKI, "duty");
	say(s, APPROVAL_APPROVAL, PARTY_YUKI, "commission");
}
static void two_of_a_role(struct scene *s)
{
	unapprove(s);
	say(s, APPROVAL_APPROVAL, PARTY_JIRO, "duty");
	say(s, APPROVAL_APPROVAL, PARTY_YUKI, "duty");
}
static void refused_by_kyoko(struct scene *s) { say(s, APPROVAL_REFUSAL, PARTY_KYOKO, "commission"); }
static void of_another_order(struct scene *s)
{
	order_world_approve(&s->bundle, order_world_say(&world, APPROVAL_APPROVAL, "{\"another\":\"order\"}\n", PARTY_YUKI, "duty"));
}
static void one_twice(struct scene *s)
{
	one_approval(s);
	say(s, APPROVAL_APPROVAL, PARTY_JIRO, "duty");
}
static void flip_pseudonym(struct scene *s) { strstr(s->bundle.order, "0123456789abcdef")[0] = '1'; }
static void forged_approval(struct scene *s)
{
	char *text = s->bundle.approvals[0], *at = strstr(text, "\"reason\":\"");
	assert_non_null(at);
	strstr(text, "\"at_ms\":1")[9] = '2'; /* one digit of what was signed */
}
static void approval_is_garbage(struct scene *s) { order_world_approve(&s->bundle, strdup("{}\n\n- a b\n")); }
static void approval_is_unsigned(struct scene *s)
{
	char *line = NULL;
	assert_true(asprintf(&line, "%.*s\n", (int)strcspn(s->bundle.approvals[0], "\n"), s->bundle.approvals[0]) > 0);
	order_world_approve(&s->bundle, line);
}
static void two_of_the_commission(struct scene *s) { say(s, APPROVAL_APPROVAL, PARTY_YUKI, "commission"); }
static void touch(struct scene *s, const char *origin, uint8_t flags)
{
	one_approval(s);
	order_world_approve(&s->bundle, order_world_touch(&world, APPROVAL_APPROVAL, s->bundle.order, origin, flags));
}
static void passkey_good(struct scene *s) { touch(s, "https://tower.example", 5); }
static void passkey_elsewhere(struct scene *s) { touch(s, "https://tower.example.evil", 5); }
static void passkey_untouched(struct scene *s) { touch(s, "https://tower.example", 4); }
static void passkey_unverified(struct scene *s) { touch(s, "https://tower.example", 1); }
static void passkey_reused(struct scene *s)
{
	one_approval(s);
	order_world_approve(&s->bundle, order_world_touch(&world, APPROVAL_APPROVAL, "{\"another\":\"order\"}\n",
		"https://tower.example", 5));
	char *digits = strstr(s->bundle.approvals[1], "\"subject\":\"") + strlen("\"subject\":\"");
	memcpy(digits, strstr(s->bundle.approvals[0], "\"subject\":\"") + strlen("\"subject\":\""), 64); /* this order's digest */
}
static void passkey_in_a_note(struct scene *s)
{
	char *text = order_world_touch(&world, APPROVAL_APPROVAL, s->bundle.order, "https://tower.example", 5);
	text[strlen(text) - 1] = '\0';
	order_world_approve(&s->bundle, order_world_note(&world, text, PARTY_TARO));
	free(text);
}
static void passkey_of_jiro(struct scene *s)
{
	char *text = order_world_touch(&world, APPROVAL_APPROVAL, s->bundle.order, "https://tower.example", 5);
	memcpy(strstr(text, "\"taro\""), "\"jiro\"", 6);
	order_world_approve(&s->bundle, text);
}
static void unlogged(struct scene *s) { replace(&s->bundle.proof, strdup("")); }
static void proof_of_another(struct scene *s) { replace(&s->bundle.proof, order_world_proof(&world, "another note\n", 1)); }
static void unwitnessed(struct scene *s) { replace(&s->bundle.proof, order_world_proof(&world, s->bundle.order, 0)); }
static void without_witness(struct scene *s)
{
	unwitnessed(s);
}
static void ratified(struct scene *s) { ratify(s, PARTY_KYOKO, "commission"); }
static void urgent_signed_by_duty(struct scene *s) { one_approval(s); }
static void urgent_by_nobody(struct scene *s) { unapprove(s); }
static void urgent_at_deadline(struct scene *s)
{
	one_approval(s);
	s->situation.now_wall_ms = s->order.ratify_by_ms;
}
static void urgent_ratified(struct scene *s)
{
	urgent_at_deadline(s);
	ratified(s);
	unwitnessed(s);
}
static void urgent_ratified_by_duty(struct scene *s)
{
	urgent_at_deadline(s);
	ratify(s, PARTY_YUKI, "duty");
}
static void urgent_approval_as_ratification(struct scene *s)
{
	urgent_at_deadline(s);
	order_world_ratify(&s->bundle, order_world_say(&world, APPROVAL_APPROVAL, s->bundle.order, PARTY_KYOKO, "commission"));
}
static struct document_digest in_force;
static void known(struct scene *s)
{
	in_force = document_digest_of(s->bundle.order, strcspn(s->bundle.order, "\n"));
	s->situation.in_force = &in_force;
	replayed(s);
}
static void urgent_known(struct scene *s) { one_approval(s); known(s); }
static void urgent_known_ratified(struct scene *s) { urgent_known(s); ratified(s); }
static void stands(struct scene *s)
{
	unapprove(s);
	order_world_rest(&world, &s->standing, &s->order, &s->bundle);
	unwitnessed(s);
}
static void stands_wider(struct scene *s)
{
	s->order.vectors[0] = (struct order_vector){"syn_flood"};
	stands(s);
}
static void stands_under_signed(struct scene *s)
{
	stands(s);
	free(s->bundle.standing.approvals[--s->bundle.standing.approval_count]);
}
static void stands_unwitnessed(struct scene *s)
{
	stands(s);
	replace(&s->bundle.standing.proof, order_world_proof(&world, s->bundle.standing.order, 0));
}
static void stands_over(struct scene *s)
{
	s->standing.expires_ms = s->situation.now_wall_ms;
	s->order.not_before_ms = s->standing.not_before_ms;
	s->order.expires_ms = s->standing.expires_ms + 1000;
	s->order.not_before_ms = s->order.expires_ms - 10 * MINUTE_MS;
	stands(s);
}
static void stands_forged(struct scene *s)
{
	stands(s);
	char *line = strndup(s->bundle.standing.order, strcspn(s->bundle.standing.order, "\n"));
	replace(&s->bundle.standing.order, order_world_note(&world, line, PARTY_AUTHORITY));
	replace(&s->bundle.standing.proof, order_world_proof(&world, s->bundle.standing.order, 1));
	free(line);
}
static void stands_for_years(struct scene *s)
{
	s->standing.expires_ms = s->standing.not_before_ms + INT64_C(91) * 86400000;
	stands(s);
}
static void stands_too_wide(struct scene *s)
{
	s->standing.scope[0] = prefix_of("0.0.0.0/0");
	stands(s);
}
static void stands_self_approved(struct scene *s)
{
	stands(s);
	replace(&s->bundle.standing.approvals[0],
		order_world_say(&world, APPROVAL_APPROVAL, s->bundle.standing.order, PARTY_HANA, "duty"));
}
static void stands_unlogged_order(struct scene *s) { stands(s); unlogged(s); }
static void stands_without_it(struct scene *s)
{
	stands(s);
	s->bundle.has_standing = false;
}

static const struct row rows[] = {
	{"the good order", ORDER_ACCEPTED, NULL, NULL},
	{"at its first moment", ORDER_ACCEPTED, NULL, first_moment},
	{"at its last moment", ORDER_ACCEPTED, NULL, last_moment},
	{"as long as may be", ORDER_ACCEPTED, longest, NULL},
	{"not yet valid", ORDER_NOT_YET_VALID, NULL, early},
	{"expired", ORDER_EXPIRED, NULL, late},
	{"too long", ORDER_TOO_LONG, too_long, NULL},
	{"replayed", ORDER_COUNTER_NOT_NEW, NULL, replayed},
	{"overtaken while it waited", ORDER_ACCEPTED, NULL, overtaken},
	{"counter below all that is remembered", ORDER_COUNTER_NOT_NEW, NULL, forgotten},
	{"sent again while it is in force", ORDER_NOTHING_NEW, NULL, known},
	{"no document", ORDER_BAD_DOCUMENT, NULL, garbage},
	{"a second line below the order", ORDER_BAD_DOCUMENT, NULL, two_lines},
	{"a rule changed after signing", ORDER_BAD_SIGNATURE, NULL, flip_rule},
	{"forged by a stranger", ORDER_BAD_SIGNATURE, NULL, signed_by_stranger},
	{"forged by the effector", ORDER_BAD_SIGNATURE, NULL, signed_by_effector},
	{"requested by a stranger", ORDER_UNKNOWN_REQUESTER, requester_stranger, signed_by_stranger},
	{"requested by one who may not", ORDER_UNKNOWN_REQUESTER, requester_jiro, signed_by_jiro},
	{"requested by one who may", ORDER_ACCEPTED, requester_hana, signed_by_hana},
	{"approved by its requester", ORDER_SELF_APPROVED, requester_hana, signed_by_hana_self},
	{"another effector", ORDER_OTHER_EFFECTOR, other_effector, NULL},
	{"another effector asks", ORDER_OTHER_EFFECTOR, NULL, other_me},
	{"another member", ORDER_OTHER_EFFECTOR, other_member, NULL},
	{"another class", ORDER_OTHER_EFFECTOR, other_class, NULL},
	{"scope of another member", ORDER_OUTSIDE_MEMBER, outside, NULL},
	{"scope of everything", ORDER_OUTSIDE_MEMBER, everything, NULL},
	{"scope wider than the member", ORDER_OUTSIDE_MEMBER, wider_than_member, NULL},
	{"scope too wide", ORDER_TOO_WIDE, too_wide, NULL},
	{"too many rules", ORDER_TOO_MANY_RULES, nine_rules, NULL},
	{"too costly", ORDER_TOO_COSTLY, too_costly, NULL},
	{"approved by nobody", ORDER_UNDER_SIGNED, NULL, no_approval},
	{"under-signed", ORDER_UNDER_SIGNED, NULL, one_approval},
	{"one person in two roles", ORDER_UNDER_SIGNED, NULL, one_for_two},
	{"two people of one role", ORDER_UNDER_SIGNED, NULL, two_of_a_role},
	{"approved by the authority", ORDER_UNKNOWN_APPROVER, NULL, authority_approves},
	{"approved by the effector", ORDER_UNKNOWN_APPROVER, NULL, effector_approves},
	{"approved by a stranger", ORDER_UNKNOWN_APPROVER, NULL, stranger_approves},
	{"wrong role", ORDER_WRONG_ROLE, NULL, wrong_role},
	{"a refusal among the approvals", ORDER_BAD_APPROVAL, NULL, refused_by_kyoko},
	{"an approval of another order", ORDER_BAD_APPROVAL, NULL, of_another_order},
	{"an approval changed after signing", ORDER_BAD_APPROVAL, NULL, forged_approval},
	{"an approval that is none", ORDER_BAD_APPROVAL, NULL, approval_is_garbage},
	{"an approval without signature", ORDER_BAD_APPROVAL, NULL, approval_is_unsigned},
	{"a passkey", ORDER_ACCEPTED, NULL, passkey_good},
	{"a passkey at another page", ORDER_BAD_APPROVAL, NULL, passkey_elsewhere},
	{"a passkey nobody touched", ORDER_BAD_APPROVAL, NULL, passkey_untouched},
	{"a passkey without PIN", ORDER_BAD_APPROVAL, NULL, passkey_unverified},
	{"a passkey's approval moved to this order", ORDER_BAD_APPROVAL, NULL, passkey_reused},
	{"a passkey's approval signed as a note too", ORDER_BAD_APPROVAL, NULL, passkey_in_a_note},
	{"a passkey of one who has none", ORDER_BAD_APPROVAL, NULL, passkey_of_jiro},
	{"protected space under the usual quorum", ORDER_PROTECTED_UNSIGNED, protected_space, NULL},
	{"protected space under its own", ORDER_ACCEPTED, protected_space, two_of_the_commission},
	{"unlogged", ORDER_UNLOGGED, NULL, unlogged},
	{"logged was another", ORDER_UNLOGGED, NULL, proof_of_another},
	{"unwitnessed", ORDER_UNLOGGED, NULL, without_witness},
	{"urgent, signed by one on duty", ORDER_ACCEPTED, urgent, urgent_signed_by_duty},
	{"urgent, signed by nobody", ORDER_UNDER_SIGNED, urgent, urgent_by_nobody},
	{"urgent, with too late a deadline", ORDER_RATIFY_TOO_LATE, urgent_late, NULL},
	{"urgent, not ratified in time", ORDER_NOT_RATIFIED, urgent, urgent_at_deadline},
	{"urgent, ratified", ORDER_ACCEPTED, urgent, urgent_ratified},
	{"urgent, ratified by the wrong people", ORDER_NOT_RATIFIED, urgent, urgent_ratified_by_duty},
	{"urgent, an approval for a ratification", ORDER_BAD_APPROVAL, urgent, urgent_approval_as_ratification},
	{"urgent, in force, sent again", ORDER_NOTHING_NEW, urgent, urgent_known},
	{"urgent, in force, now ratified", ORDER_ACCEPTED, urgent, urgent_known_ratified},
	{"under a standing order", ORDER_ACCEPTED, NULL, stands},
	{"beyond its standing order", ORDER_STANDING_MISFIT, NULL, stands_wider},
	{"under a standing order that is not there", ORDER_STANDING_MISSING, standing_fake, NULL},
	{"under a standing order left out", ORDER_STANDING_MISSING, NULL, stands_without_it},
	{"under one that is under-signed", ORDER_STANDING_BAD, NULL, stands_under_signed},
	{"under one that nobody witnessed", ORDER_STANDING_BAD, NULL, stands_unwitnessed},
	{"under one that is over", ORDER_STANDING_BAD, NULL, stands_over},
	{"under one that the authority forged", ORDER_STANDING_BAD, NULL, stands_forged},
	{"under one that lasts too long", ORDER_STANDING_BAD, NULL, stands_for_years},
	{"under one that is too wide", ORDER_STANDING_BAD, NULL, stands_too_wide},
	{"under one approved by its requester", ORDER_STANDING_BAD, NULL, stands_self_approved},
	{"re-identification", ORDER_ACCEPTED, reveal, NULL},
	{"re-identification approved by one", ORDER_UNDER_SIGNED, reveal, one_approval},
	{"re-identification approved by one twice", ORDER_UNDER_SIGNED, reveal, one_twice},
	{"re-identification approved by one in two roles", ORDER_UNDER_SIGNED, reveal, one_for_two},
	{"re-identification approved by its requester", ORDER_SELF_APPROVED, reveal, signed_by_hana_self},
	{"re-identification asked for by the authority", ORDER_UNKNOWN_REQUESTER, reveal_by_the_authority, NULL},
	{"re-identification of somebody else", ORDER_BAD_SIGNATURE, reveal, flip_pseudonym},
	{"re-identification unlogged", ORDER_UNLOGGED, reveal, unlogged},
	{"re-identification unwitnessed", ORDER_UNLOGGED, reveal, unwitnessed},
	{"re-identification too late", ORDER_EXPIRED, reveal, late},
	{"re-identification for too long", ORDER_TOO_LONG, reveal_long, NULL},
	{"re-identification replayed", ORDER_COUNTER_NOT_NEW, reveal, replayed},
	{"re-identification at an edge", ORDER_OTHER_EFFECTOR, reveal_at_the_edge, NULL},
	{"re-identification for an edge", ORDER_OTHER_EFFECTOR, reveal_for_the_edge, NULL},
	{"traffic at a mail host", ORDER_OTHER_EFFECTOR, traffic_at_the_mail_host, NULL},
	{"under a standing order, itself unlogged", ORDER_UNLOGGED, NULL, stands_unlogged_order},
};

static void scene_make(const struct row *row)
{
	order_example(&scene.order);
	standing_order_example(&scene.standing);
	scene.situation = (struct order_situation){.effector = "edge-1", .now_wall_ms = EXAMPLE_NOW_MS + 1000,
		.counters = &scene.counters};
	scene.counters = (struct order_counters){.floor = 6};
	if (row->order != NULL)
		row->order(&scene);
	order_world_bundle(&world, &scene.order, &scene.bundle);
	say(&scene, APPROVAL_APPROVAL, PARTY_JIRO, "duty");
	say(&scene, APPROVAL_APPROVAL, PARTY_KYOKO, "commission");
	if (row->bundle != NULL)
		row->bundle(&scene);
}

/** Rows that re-sign the order after it was approved: their approvals are of the line, which is the same. */
static void each_order_gets_its_verdict(void **state)
{
	(void)state;
	bool is_seen[ORDER_VERDICT_COUNT] = {false};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		scene_make(&rows[i]);
		enum order_verdict verdict = order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement);
		if (verdict != rows[i].verdict)
			fail_msg("%s: %s (%s), expected %s", rows[i].name, order_verdict_name(verdict), scene.judgement.detail,
				order_verdict_name(rows[i].verdict));
		assert_int_equal(scene.judgement.verdict, verdict);
		assert_null(strchr(scene.judgement.detail, '\n'));
		is_seen[verdict] = true;
		bundle_done(&scene.bundle);
	}
	for (unsigned i = ORDER_ACCEPTED; i < ORDER_VERDICT_COUNT; i++) {
		bool is_elsewhere = i == ORDER_OUT_OF_MEMORY || i == ORDER_OTHER_POLICY || i == ORDER_CLASS_NOT_ALLOWED ||
			i == ORDER_STANDING_NOT_ALLOWED || i == ORDER_URGENT_NOT_ALLOWED;
		if (!is_seen[i] && !is_elsewhere)
			fail_msg("no row has the verdict %s", order_verdict_name((enum order_verdict)i));
		assert_non_null(order_verdict_words((enum order_verdict)i));
	}
}

/** The same good orders under policies that do not allow them. */
static void the_policy_decides(void **state)
{
	(void)state;
	static struct policy policy;
	const struct row good = {.name = "good"}, is_urgent = {.order = urgent, .bundle = urgent_signed_by_duty};
	const struct row rests = {.bundle = stands};
	struct policy_class *class = &policy.classes[ORDER_OWN_EDGE];
	policy = world.policy;
	class->is_allowed = false;
	scene_make(&good);
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_CLASS_NOT_ALLOWED);
	policy = world.policy;
	policy.digest.bytes[0] ^= 1;
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_OTHER_POLICY);
	bundle_done(&scene.bundle);
	policy = world.policy;
	class->is_urgent_allowed = false;
	scene_make(&is_urgent);
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_URGENT_NOT_ALLOWED);
	bundle_done(&scene.bundle);
	policy = world.policy;
	class->is_standing_allowed = false;
	scene_make(&rests);
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_STANDING_NOT_ALLOWED);
	bundle_done(&scene.bundle);
	policy = world.policy;
	policy.effectors[0].key = policy.authority; /* a policy that policy_parse() refuses */
	scene_make(&good);
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_SELF_APPROVED);
	bundle_done(&scene.bundle);
}

static void an_urgent_order_ends_at_its_deadline_until_it_is_ratified(void **state)
{
	(void)state;
	const struct row unratified = {.order = urgent, .bundle = urgent_signed_by_duty};
	const struct row both = {.order = urgent, .bundle = urgent_ratified};
	scene_make(&unratified);
	assert_int_equal(order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_ACCEPTED);
	assert_int_equal(scene.judgement.until_ms, scene.order.ratify_by_ms);
	assert_false(scene.judgement.is_ratified);
	bundle_done(&scene.bundle);
	scene_make(&both);
	assert_int_equal(order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_ACCEPTED);
	assert_int_equal(scene.judgement.until_ms, scene.order.expires_ms);
	assert_true(scene.judgement.is_ratified);
	bundle_done(&scene.bundle);
}

/** Against a plain set of the same: what was taken is there, nothing else, and beyond the room the lowest are given up. */
static void counters_are_remembered(void **state)
{
	(void)state;
	static struct order_counters counters;
	static bool is_taken[8192];
	struct random rng;
	random_init(&rng, 26);
	memset(&counters, 0, sizeof(counters));
	for (unsigned i = 0; i < 4000; i++) {
		uint64_t counter = 1 + i + random_below(&rng, 600);
		order_counters_take(&counters, counter);
		is_taken[counter] = true;
		assert_true(order_counters_has(&counters, counter));
		assert_true(counters.count <= ORDER_COUNTERS_MAX);
	}
	assert_true(counters.floor > 0);
	for (uint64_t counter = 0; counter < ARRAY_LEN(is_taken); counter++)
		assert_int_equal(order_counters_has(&counters, counter), counter <= counters.floor || is_taken[counter]);
}

/** What was verified once is recalled, but neither past its end nor for other parts or another policy. */
static void a_standing_order_is_remembered_exactly(void **state)
{
	(void)state;
	static struct order_memory memory;
	static struct policy policy;
	const struct row rests = {.bundle = stands}, under_signed = {.bundle = stands_under_signed}, over = {.bundle = stands_over};
	const struct row wider = {.bundle = stands_wider};
	const struct row *const others[] = {&under_signed, &over, &wider};
	policy = world.policy;
	for (unsigned i = 0; i < 2; i++) {
		scene_make(&rests);
		scene.situation.memory = &memory;
		assert_int_equal(order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_ACCEPTED);
		assert_true(memory.is_set && scene.judgement.is_standing);
		bundle_done(&scene.bundle);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		scene_make(others[i]);
		scene.situation.memory = &memory;
		assert_int_equal(order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement),
			i == 2 ? ORDER_STANDING_MISFIT : ORDER_STANDING_BAD);
		bundle_done(&scene.bundle);
	}
	scene_make(&rests);
	scene.situation.memory = &memory;
	memory.standing.expires_ms = scene.situation.now_wall_ms; /* as if time had passed */
	assert_int_equal(order_verify(&world.policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_STANDING_BAD);
	policy.classes[ORDER_OWN_EDGE].is_standing_allowed = false;
	policy.digest.bytes[0] ^= 1; /* another policy: what the old one took is not recalled */
	assert_int_equal(order_verify(&policy, &scene.bundle, &scene.situation, &scene.judgement), ORDER_OTHER_POLICY);
	bundle_done(&scene.bundle);
}

/** @return whether a withdrawal by someone ends the order of the scene */
static bool withdrawal_counts(enum order_party who, const char *role, const char *note)
{
	static struct order_statement statement;
	char detail[ORDER_DETAIL_BYTES];
	char *text = order_world_say(&world, APPROVAL_WITHDRAWAL, note, who, role);
	struct document_digest digest = document_digest_of(scene.bundle.order, strcspn(scene.bundle.order, "\n"));
	bool counts = order_verify_statement(&world.policy, text, &statement, detail) == ORDER_ACCEPTED &&
		order_withdrawal_counts(&world.policy, &statement, scene.order.class, scene.order.requester, &digest);
	free(text);
	return counts;
}

static void who_may_withdraw(void **state)
{
	(void)state;
	const struct row good = {.name = "good"};
	scene_make(&good);
	assert_true(withdrawal_counts(PARTY_AUTHORITY, "", scene.bundle.order));
	assert_true(withdrawal_counts(PARTY_JIRO, "duty", scene.bundle.order));
	assert_false(withdrawal_counts(PARTY_JIRO, "commission", scene.bundle.order)); /* a role he does not have */
	assert_false(withdrawal_counts(PARTY_JIRO, "", scene.bundle.order)); /* he did not request it */
	assert_false(withdrawal_counts(PARTY_STRANGER, "duty", scene.bundle.order));
	assert_false(withdrawal_counts(PARTY_EDGE, "", scene.bundle.order));
	assert_false(withdrawal_counts(PARTY_KYOKO, "commission", "{\"another\":\"order\"}\n"));
	bundle_done(&scene.bundle);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_order_gets_its_verdict),
		cmocka_unit_test(the_policy_decides),
		cmocka_unit_test(an_urgent_order_ends_at_its_deadline_until_it_is_ratified),
		cmocka_unit_test(counters_are_remembered),
		cmocka_unit_test(a_standing_order_is_remembered_exactly),
		cmocka_unit_test(who_may_withdraw),
	};
	order_world_init(&world);
	if (argc == 2 && strcmp(argv[1], "--bundle") == 0) { /* a seed for the fuzzer */
		char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
		const struct row full = {.bundle = stands};
		scene_make(&full);
		if (bundle_write(&scene.bundle, &text, complaint) == OK)
			fputs(text, stdout);
		free(text);
		bundle_done(&scene.bundle);
		order_world_done(&world);
		return 0;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	order_world_done(&world);
	return failed;
}
