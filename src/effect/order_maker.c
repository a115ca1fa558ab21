/*
 * Makes orders for tests and benches of an effector: good ones, and each kind
 * that an attacker would try who holds the authority's key and the ledger's,
 * so that he signs and logs what he likes. He does not have the keys of the
 * people who approve, nor those of witnesses, nor the effector's policy file.
 *
 * usage: order_maker --policy             the policy of its world
 *        order_maker --list               NAME VERDICT WHAT of each bad order, one a line
 *        order_maker NAME COUNTER NOW_MS [SETS_DIRECTORY]   one bundle or withdrawal
 *
 * Good orders drop UDP to port 7777 of 192.0.2.10 for a minute.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/units.h"
#include "record/order_example.h"
#include "record/withdrawal.h"
#include "rules/source_set.h"

#define LIFE_MS 60000

struct making {
	int64_t now_ms;
	struct order order;
	struct standing_order standing;
	struct bundle bundle;
	int sets_fd;
	bool is_withdrawal;
};

/** One kind of order. */
struct kind {
	const char *name;
	const char *verdict; /* what it is refused with; NULL: it is good */
	const char *what;
	void (*order)(struct making *making); /* before it is signed by the authority and logged; NULL: nothing */
	void (*bundle)(struct making *making); /* after; NULL: approved by two */
};

static struct order_world world;
static struct making making;

static void say(struct making *into, enum approval_act act, enum order_party who, const char *role)
{
	char *text = order_world_say(&world, act, into->bundle.order, who, role);
	if (act == APPROVAL_RATIFICATION)
		order_world_ratify(&into->bundle, text);
	else
		order_world_approve(&into->bundle, text);
}

static void replace(char **text, char *by)
{
	ASSERT(by != NULL);
	free(*text);
	*text = by;
}

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix prefix = {0};
	int err = ip_prefix_parse(text, &prefix);
	ASSERT(err == OK);
	return prefix;
}

/** Signs the line of the bundle's order by someone else, and logs that. */
static void resign(struct making *into, enum order_party who)
{
	char *line = strndup(into->bundle.order, strcspn(into->bundle.order, "\n"));
	ASSERT(line != NULL);
	replace(&into->bundle.order, order_world_note(&world, line, who));
	replace(&into->bundle.proof, order_world_proof(&world, into->bundle.order, 1));
	free(line);
}

/* Approvals. */

static void two_approve(struct making *into)
{
	say(into, APPROVAL_APPROVAL, PARTY_JIRO, "duty");
	say(into, APPROVAL_APPROVAL, PARTY_KYOKO, "commission");
}
static void nobody_approves(struct making *into) { (void)into; }
static void one_approves(struct making *into) { say(into, APPROVAL_APPROVAL, PARTY_JIRO, "duty"); }
static void one_in_two_roles(struct making *into)
{
	say(into, APPROVAL_APPROVAL, PARTY_YUKI, "duty");
	say(into, APPROVAL_APPROVAL, PARTY_YUKI, "commission");
}
static void authority_approves(struct making *into) { say(into, APPROVAL_APPROVAL, PARTY_AUTHORITY, "commission"); }
static void effector_approves(struct making *into) { say(into, APPROVAL_APPROVAL, PARTY_EDGE, "commission"); }
static void stranger_approves(struct making *into) { say(into, APPROVAL_APPROVAL, PARTY_STRANGER, "commission"); }
static void role_is_claimed(struct making *into) { say(into, APPROVAL_APPROVAL, PARTY_JIRO, "commission"); }
static void approval_is_forged(struct making *into)
{
	char *said = order_world_say(&world, APPROVAL_APPROVAL, into->bundle.order, PARTY_KYOKO, "commission");
	char *line = strndup(said, strcspn(said, "\n"));
	order_world_approve(&into->bundle, order_world_note(&world, line, PARTY_AUTHORITY));
	free(said);
	free(line);
}
static void approvals_are_moved(struct making *into)
{
	static const char other[] = "{\"another\":\"order\"}\n";
	order_world_approve(&into->bundle, order_world_say(&world, APPROVAL_APPROVAL, other, PARTY_JIRO, "duty"));
	order_world_approve(&into->bundle, order_world_say(&world, APPROVAL_APPROVAL, other, PARTY_KYOKO, "commission"));
}
static void refusal_is_passed_off(struct making *into)
{
	say(into, APPROVAL_APPROVAL, PARTY_JIRO, "duty");
	say(into, APPROVAL_REFUSAL, PARTY_KYOKO, "commission");
}
static void requester_approves(struct making *into)
{
	resign(into, PARTY_HANA);
	say(into, APPROVAL_APPROVAL, PARTY_HANA, "duty");
	say(into, APPROVAL_APPROVAL, PARTY_KYOKO, "commission");
}

/* Who asks, and what for. */

static void hana_asks(struct making *into) { snprintf(into->order.requester, sizeof(into->order.requester), "hana"); }
static void stranger_asks(struct making *into) { snprintf(into->order.requester, sizeof(into->order.requester), "stranger"); }
static void signed_by_stranger(struct making *into)
{
	resign(into, PARTY_STRANGER);
	two_approve(into);
}
static void changed_after_signing(struct making *into)
{
	two_approve(into);
	for (char *port = into->bundle.order; (port = strstr(port, "7777")) != NULL;)
		memcpy(port, "8888", 4);
	replace(&into->bundle.proof, order_world_proof(&world, into->bundle.order, 1));
}
static void second_line(struct making *into)
{
	char *text = NULL;
	int failed = asprintf(&text, "{\"an order\":1}\n%s", into->bundle.order) < 0;
	ASSERT(!failed);
	replace(&into->bundle.order, text);
}
static void for_another_effector(struct making *into) { snprintf(into->order.effector, sizeof(into->order.effector), "edge-2"); }
static void for_another_member(struct making *into) { snprintf(into->order.member, sizeof(into->order.member), "bank"); }
static void of_another_class(struct making *into) { into->order.class = ORDER_UPSTREAM; }
static void of_another_policy(struct making *into)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	into->order.policy.bytes[0] ^= 1;
	int err = order_write(&into->order, &line, complaint);
	ASSERT(err == OK);
	replace(&into->bundle.order, order_world_note(&world, line, PARTY_AUTHORITY));
	replace(&into->bundle.proof, order_world_proof(&world, into->bundle.order, 1));
	free(line);
	two_approve(into);
}
static void everything(struct making *into)
{
	into->order.scope[0] = prefix_of("0.0.0.0/0");
	into->order.rules.rules[0].destination = prefix_of("0.0.0.0/8");
}
static void too_wide(struct making *into)
{
	into->order.scope[0] = prefix_of("2001:db8::/32");
	into->order.rules.rules[0].destination = prefix_of("2001:db8::/40");
}
static void of_someone_else(struct making *into)
{
	into->order.scope[0] = into->order.rules.rules[0].destination = prefix_of("198.51.100.0/24");
}
static void beyond_its_scope(struct making *into) { into->order.scope[0] = prefix_of("192.0.2.10"); }
static void rule_moved(struct making *into)
{
	two_approve(into);
	char *target = strstr(into->bundle.order, "\"destination\":\"192.0.2.10");
	ASSERT(target != NULL);
	memcpy(target, "\"destination\":\"192.0.2.11", 25);
	resign(into, PARTY_AUTHORITY);
}
static void nine_rules(struct making *into)
{
	into->order.rules.count = 9;
	for (size_t i = 1; i < 9; i++)
		into->order.rules.rules[i] = into->order.rules.rules[0];
}
static void too_costly(struct making *into) { into->order.collateral_limit_permille = 21; }
static void expired(struct making *into)
{
	into->order.not_before_ms = into->now_ms - 2 * LIFE_MS;
	into->order.expires_ms = into->now_ms - LIFE_MS;
}
static void not_yet(struct making *into)
{
	into->order.not_before_ms = into->now_ms + LIFE_MS;
	into->order.expires_ms = into->now_ms + 2 * LIFE_MS;
}
static void too_long(struct making *into) { into->order.expires_ms = into->order.not_before_ms + 3600001; }
static void unlogged(struct making *into)
{
	two_approve(into);
	char *other = order_world_note(&world, "{\"another\":\"order\"}", PARTY_AUTHORITY);
	replace(&into->bundle.proof, order_world_proof(&world, other, 1));
	free(other);
}
static void no_proof(struct making *into)
{
	two_approve(into);
	replace(&into->bundle.proof, strdup("c2sp.org/tlog-proof@v1\n"));
}
static void unwitnessed(struct making *into)
{
	two_approve(into);
	replace(&into->bundle.proof, order_world_proof(&world, into->bundle.order, 0));
}

/* Protected space. */

static void protected_service(struct making *into)
{
	into->order.scope[0] = prefix_of("192.0.2.0/24");
	into->order.rules.rules[0].destination = prefix_of("192.0.2.53");
}
static void protected_source(struct making *into)
{
	into->order.rules.rules[0].source_count = 1;
	into->order.rules.rules[0].sources[0] = prefix_of("192.0.2.0/24");
}
static void source_set(struct making *into, const char *const *texts, size_t count)
{
	struct ip_addr addrs[4];
	struct source_set *set = NULL;
	for (size_t i = 0; i < count; i++)
		addrs[i] = prefix_of(texts[i]).addr;
	int err = source_set_new(addrs, count, &set);
	ASSERT(err == OK);
	into->order.rules.rules[0].source_set = *source_set_name(set);
	if (into->sets_fd >= 0)
		err = source_set_save(set, into->sets_fd);
	ASSERT(err == OK);
	source_set_free(set);
}
static void protected_in_a_set(struct making *into)
{
	static const char *const texts[] = {"203.0.113.9", "192.0.2.53"};
	source_set(into, texts, ARRAY_LEN(texts));
}
static void set_not_there(struct making *into)
{
	into->order.rules.rules[0].source_set = (struct rule_source_set){.count = 3, .digest = {1, 2, 3}};
}
static void set_of_two(struct making *into)
{
	static const char *const texts[] = {"203.0.113.9", "203.0.113.10"};
	source_set(into, texts, ARRAY_LEN(texts));
}
static void protected_declared(struct making *into)
{
	protected_service(into);
	into->order.touches_protected = true;
}

/* Urgent orders. */

static void urgent(struct making *into)
{
	into->order.is_urgent = true;
	into->order.ratify_by_ms = into->now_ms + LIFE_MS / 2;
}
static void urgent_late(struct making *into)
{
	into->order.expires_ms = into->order.not_before_ms + 3600000;
	into->order.is_urgent = true;
	into->order.ratify_by_ms = into->order.not_before_ms + 900001;
}
static void urgent_over(struct making *into)
{
	into->order.not_before_ms = into->now_ms - LIFE_MS;
	into->order.is_urgent = true;
	into->order.ratify_by_ms = into->now_ms - 1;
}
static void ratified(struct making *into)
{
	one_approves(into);
	say(into, APPROVAL_RATIFICATION, PARTY_KYOKO, "commission");
}
static void ratified_by_authority(struct making *into)
{
	one_approves(into);
	say(into, APPROVAL_RATIFICATION, PARTY_AUTHORITY, "commission");
}

/* Standing orders. */

static void rests(struct making *into) { order_world_rest(&world, &into->standing, &into->order, &into->bundle); }
static void rests_forged(struct making *into)
{
	rests(into);
	char *line = strndup(into->bundle.standing.order, strcspn(into->bundle.standing.order, "\n"));
	replace(&into->bundle.standing.order, order_world_note(&world, line, PARTY_AUTHORITY));
	replace(&into->bundle.standing.proof, order_world_proof(&world, into->bundle.standing.order, 1));
	free(line);
}
static void rests_under_signed(struct making *into)
{
	rests(into);
	free(into->bundle.standing.approvals[--into->bundle.standing.approval_count]);
}
static void rests_unwitnessed(struct making *into)
{
	rests(into);
	replace(&into->bundle.standing.proof, order_world_proof(&world, into->bundle.standing.order, 0));
}
static void rests_on_an_old_one(struct making *into)
{
	into->standing.not_before_ms = into->now_ms - INT64_C(20) * 86400000;
	into->standing.expires_ms = into->now_ms - 1;
	into->order.not_before_ms = into->now_ms - LIFE_MS;
	rests(into);
}
static void rests_on_nothing(struct making *into)
{
	rests(into);
	into->bundle.has_standing = false;
}
static void rests_beyond(struct making *into)
{
	into->order.collateral_limit_permille = 6;
	rests(into);
}
static void rests_unlogged(struct making *into)
{
	rests(into);
	char *other = order_world_note(&world, "{\"another\":\"order\"}", PARTY_AUTHORITY);
	replace(&into->bundle.proof, order_world_proof(&world, other, 1));
	free(other);
}
static void rests_on_everything(struct making *into)
{
	into->standing.scope[0] = prefix_of("0.0.0.0/0");
	rests(into);
}

/* Withdrawals. */

static void withdraw(struct making *into, enum order_party who, const char *role)
{
	into->is_withdrawal = true;
	say(into, APPROVAL_WITHDRAWAL, who, role);
}
static void withdrawn(struct making *into) { withdraw(into, PARTY_KYOKO, "commission"); }
static void withdrawn_by_stranger(struct making *into) { withdraw(into, PARTY_STRANGER, "commission"); }
static void withdrawn_by_effector(struct making *into) { withdraw(into, PARTY_EDGE, "commission"); }

static const struct kind kinds[] = {
	{"good", NULL, "approved by two", NULL, NULL},
	{"urgent", NULL, "acts before its quorum is there", urgent, one_approves},
	{"ratified", NULL, "the same, ratified", urgent, ratified},
	{"standing", NULL, "rests on a standing order", NULL, rests},
	{"set", NULL, "against two sources", set_of_two, NULL},
	{"withdrawn", NULL, "takes back the good order", NULL, withdrawn},

	{"forged", "bad_signature", "signed by nobody who may ask", NULL, signed_by_stranger},
	{"forged_requester", "bad_signature", "says that a person asks, signed by the authority", hana_asks, NULL},
	{"changed", "bad_signature", "changed after it was signed", NULL, changed_after_signing},
	{"moved", "bad_document", "a rule moved out of its scope, signed again", beyond_its_scope, rule_moved},
	{"second_line", "bad_document", "another document above the order", NULL, second_line},
	{"stranger", "unknown_requester", "asked for by nobody who may ask", stranger_asks, signed_by_stranger},
	{"expired", "expired", "its time is over", expired, NULL},
	{"early", "not_yet_valid", "its time has not come", not_yet, NULL},
	{"too_long", "too_long", "lasts longer than the policy allows", too_long, NULL},
	{"everything", "too_wide", "0.0.0.0/0", everything, NULL},
	{"too_wide", "too_wide", "a /32 of IPv6, where a /48 is the widest", too_wide, NULL},
	{"wrong_scope", "outside_member", "a network of someone else", of_someone_else, NULL},
	{"other_effector", "other_effector", "for another effector", for_another_effector, NULL},
	{"other_member", "other_effector", "for another member", for_another_member, NULL},
	{"other_class", "other_effector", "of a class that this effector does not serve", of_another_class, NULL},
	{"other_policy", "other_policy", "made under another policy", NULL, of_another_policy},
	{"too_many_rules", "too_many_rules", "more rules than the policy allows", nine_rules, NULL},
	{"too_costly", "too_costly", "would bear more collateral than the policy allows", too_costly, NULL},
	{"unapproved", "under_signed", "approved by nobody", NULL, nobody_approves},
	{"under_signed", "under_signed", "approved by one of two", NULL, one_approves},
	{"two_roles", "under_signed", "one person in two roles", NULL, one_in_two_roles},
	{"self_approved", "self_approved", "approved by who asks for it", hana_asks, requester_approves},
	{"authority_approves", "unknown_approver", "approved by the authority", NULL, authority_approves},
	{"effector_approves", "unknown_approver", "approved by the effector", NULL, effector_approves},
	{"stranger_approves", "unknown_approver", "approved by nobody in the policy", NULL, stranger_approves},
	{"wrong_role", "wrong_role", "approved in a role that the approver does not have", NULL, role_is_claimed},
	{"forged_approval", "bad_approval", "an approval that the authority signed", NULL, approval_is_forged},
	{"moved_approvals", "bad_approval", "approvals of another order", NULL, approvals_are_moved},
	{"refusal", "bad_approval", "a refusal among the approvals", NULL, refusal_is_passed_off},
	{"unlogged", "unlogged", "proven of another entry", NULL, unlogged},
	{"no_proof", "unlogged", "without a proof", NULL, no_proof},
	{"unwitnessed", "unlogged", "no witness has seen it", NULL, unwitnessed},
	{"protected_service", "protected_space", "against a protected server", protected_service, NULL},
	{"protected_source", "protected_space", "names protected sources", protected_source, NULL},
	{"protected_set", "protected_space", "a protected address in a source set", protected_in_a_set, NULL},
	{"protected_declared", "protected_unsigned", "says that it touches protected space, under the usual quorum", protected_declared,
		NULL},
	{"no_set", "set_missing", "a source set that is not there", set_not_there, NULL},
	{"urgent_unsigned", "under_signed", "urgent, on the authority's word alone", urgent, nobody_approves},
	{"urgent_late", "ratify_too_late", "urgent, to be ratified later than may be", urgent_late, one_approves},
	{"urgent_over", "not_ratified", "urgent, after its deadline", urgent_over, one_approves},
	{"urgent_ratified", "unknown_approver", "urgent, ratified by the authority", urgent, ratified_by_authority},
	{"standing_forged", "standing_bad", "on a standing order that the authority signed for a person", NULL, rests_forged},
	{"standing_unsigned", "standing_bad", "on a standing order approved by one of two", NULL, rests_under_signed},
	{"standing_unwitnessed", "standing_bad", "on a standing order that no witness has seen", NULL, rests_unwitnessed},
	{"standing_over", "standing_bad", "on a standing order whose time is over", NULL, rests_on_an_old_one},
	{"standing_wide", "standing_bad", "on a standing order for everything", NULL, rests_on_everything},
	{"standing_missing", "standing_missing", "on a standing order that is left out", NULL, rests_on_nothing},
	{"standing_beyond", "standing_misfit", "beyond its standing order", NULL, rests_beyond},
	{"standing_unlogged", "unlogged", "on a good standing order, itself unlogged", NULL, rests_unlogged},
	{"withdrawn_stranger", "may_not_withdraw", "taken back by nobody who may", NULL, withdrawn_by_stranger},
	{"withdrawn_effector", "may_not_withdraw", "taken back by the effector's key", NULL, withdrawn_by_effector},
};

static void orders_make(struct making *into, uint64_t counter)
{
	struct ip_prefix target = prefix_of("192.0.2.10");
	order_example(&into->order);
	standing_order_example(&into->standing);
	into->order.rules.rules[0] = rule_to(&target);
	into->order.rules.rules[0].protocol = 17;
	into->order.rules.rules[0].destination_ports = (struct rule_range){7777, 7777};
	into->order.rules.rules[0].action = RULE_DROP;
	into->order.not_before_ms = into->now_ms - 1000;
	into->order.expires_ms = into->now_ms + LIFE_MS;
	into->order.counter = counter;
	snprintf(into->order.id, sizeof(into->order.id), "%032llx", (unsigned long long)counter);
	into->standing.not_before_ms = into->now_ms - 86400000;
	into->standing.expires_ms = into->now_ms + 86400000;
}

static int kind_print(const struct kind *kind, uint64_t counter)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "", *line = NULL;
	orders_make(&making, counter);
	if (kind->order != NULL)
		kind->order(&making);
	order_world_bundle(&world, &making.order, &making.bundle);
	(kind->bundle != NULL ? kind->bundle : two_approve)(&making);
	struct withdrawal withdrawal = {making.is_withdrawal ? making.bundle.approvals[0] : NULL};
	int err = making.is_withdrawal ? withdrawal_write(&withdrawal, &line, complaint)
		: bundle_write(&making.bundle, &line, complaint);
	if (err == OK)
		puts(line);
	else
		fprintf(stderr, "order_maker: %s\n", complaint);
	free(line);
	bundle_done(&making.bundle);
	return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	uint64_t counter = 0, now_ms = 0;
	int exit_code = 2;
	order_world_init(&world);
	if (argc == 2 && strcmp(argv[1], "--policy") == 0)
		exit_code = fputs(world.policy_text, stdout) < 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds) && argc == 2 && strcmp(argv[1], "--list") == 0; i++) {
		exit_code = 0;
		if (kinds[i].verdict != NULL)
			printf("%s %s %s\n", kinds[i].name, kinds[i].verdict, kinds[i].what);
	}
	if (argc >= 4 && units_parse(UNIT_NONE, argv[2], &counter) == OK && units_parse(UNIT_NONE, argv[3], &now_ms) == OK) {
		making.now_ms = (int64_t)now_ms;
		making.sets_fd = argc == 5 ? open(argv[4], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
			if (strcmp(kinds[i].name, argv[1]) == 0)
				exit_code = kind_print(&kinds[i], counter);
		}
		if (making.sets_fd >= 0)
			close(making.sets_fd);
	}
	order_world_done(&world);
	return exit_code;
}
