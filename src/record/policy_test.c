/*
 * Proves that a policy is read as it is written, that one which would let somebody act alone is refused, and how a
 * quorum is counted. With an argument: that the example in doc/ is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/order_example.h"

static struct order_world world;
static struct policy policy;
static const char *example_path;

static void a_policy_is_read(void **state)
{
	(void)state;
	const struct policy *read = &world.policy;
	assert_string_equal(read->authority.name, "authority");
	assert_string_equal(read->ledger.log_key.name, "example.org/log");
	assert_int_equal(read->ledger.witness_count, 2);
	assert_int_equal(read->ledger.quorum, 1);
	assert_int_equal(read->person_count, 5);
	assert_true(policy_person_find(read, "hana")->may_request);
	assert_false(policy_person_find(read, "jiro")->may_request);
	assert_true(policy_person_find(read, "taro")->passkey.is_set);
	assert_true(policy_has_role(policy_person_find(read, "yuki"), "commission"));
	assert_false(policy_has_role(policy_person_find(read, "jiro"), "commission"));
	assert_null(policy_person_find(read, "stranger"));
	assert_int_equal(policy_member_find(read, "port")->network_count, 2);
	assert_int_equal(policy_effector_find(read, "edge-1")->class, ORDER_OWN_EDGE);
	assert_int_equal(read->protected_count, 1);
	const struct policy_class *class = &read->classes[ORDER_OWN_EDGE];
	assert_int_equal(class->longest_ms, 3600000);
	assert_int_equal(class->protected_approvals.needs[0].count, 2);
	assert_int_equal(class->ratify_within_ms, 900000);
	assert_false(read->classes[ORDER_NAMES].is_allowed);
}

/** The world's policy with one thing in it changed. @return what is wrong with it; "" nothing */
static const char *changed(const char *from, const char *to)
{
	static char complaint[CONF_COMPLAINT_BYTES], text[sizeof(world.policy_text) + 512];
	const char *at = strstr(world.policy_text, from);
	assert_non_null(at);
	int length = snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - world.policy_text), world.policy_text, to, at + strlen(from));
	complaint[0] = '\0';
	int err = policy_parse("policy", text, (size_t)length, &policy, complaint);
	assert_int_equal(err, complaint[0] == '\0' ? OK : E_CONFIG);
	assert_null(strchr(complaint, '\n'));
	return complaint;
}

static void the_digest_is_of_the_bytes(void **state)
{
	(void)state;
	assert_string_equal(changed("class own_edge", "class own_edge"), "");
	assert_true(document_digest_equal(&policy.digest, &world.policy.digest));
	assert_string_equal(changed("class own_edge", "class  own_edge"), "");
	assert_false(document_digest_equal(&policy.digest, &world.policy.digest));
}

#define REFUSED(from, to, words) assert_non_null(strstr(changed(from, to), words))

static void a_policy_that_lets_somebody_act_alone_is_refused(void **state)
{
	(void)state;
	REFUSED("approvals = {duty, commission} ", "", "nobody would have to approve");
	REFUSED("approvals = {duty, commission} ", "approvals = {} ", "nobody would have to approve");
	REFUSED("approvals = {duty, commission} ", "approvals = {duty, \"commission:4\"} ", "too few people");
	REFUSED("approvals = {duty, commission} ", "approvals = {duty, duty} ", "named twice");
	REFUSED("approvals = {duty, commission} ", "approvals = {\"duty:0\"} ", "1 to 16");
	REFUSED("witness_quorum = 1", "witness_quorum = 3", "not so many witnesses");
	REFUSED("longest = 1h ", "", "longest and answer_within");
	REFUSED("ratify_within = 15min", "ratify_within = 2h", "not more than longest");
	REFUSED("standing_longest = 90d", "", "standing_longest");
	REFUSED("longest = 1h", "longest = 60d", "must be");
	REFUSED("longest = 1h", "longest = 3600", "must be a time");
	REFUSED("class own_edge", "class edge", "must be one of");
	REFUSED("class upstream", "class own_edge", "is there already");
	REFUSED("person jiro", "person hana", "is there already");
	REFUSED("networks = {192.0.2.0/24, 2001:db8::/32}", "networks = {}", "has no networks");
	REFUSED("192.0.2.0/24", "192.0.2.1/24", "prefix");
	REFUSED("member = port", "member = bank", "not there");
	REFUSED(" class = own_edge }", "}", "has no class");
	REFUSED("relying_party = tower.example", "", "relying_party and origin");
	REFUSED("may_request = yes", "may_request = yes colour = red", "unknown option");
}

static void re_identification_needs_two_people(void **state)
{
	(void)state;
	const char *good = "class reidentify { approvals = {duty, commission} longest";
	assert_true(world.policy.classes[ORDER_REIDENTIFY].is_allowed);
	assert_int_equal(policy_effector_find(&world.policy, "mail-1")->class, ORDER_REIDENTIFY);
	assert_null(policy_traffic_effector_find(&world.policy, "mail-1"));
	assert_null(policy_traffic_effector_find(&world.policy, "edge-2"));
	assert_string_equal(policy_traffic_effector_find(&world.policy, "edge-1")->name, "edge-1");
	assert_string_equal(changed(good, "class reidentify { approvals = {\"duty:2\"} longest"), "");
	REFUSED(good, "class reidentify { approvals = {duty} longest", "two people or more");
	REFUSED(good, "class reidentify { approvals = {\"commission:1\"} longest", "two people or more");
	REFUSED(good, "class reidentify { longest", "nobody would have to approve");
	REFUSED(good, "class reidentify { approvals = {duty, commission} standing = yes standing_longest = 1d longest", "in advance");
	REFUSED(good, "class reidentify { approvals = {duty, commission} urgent = yes ratify_within = 1min longest", "never urgent");
	REFUSED(good, "class reidentify { approvals = {duty, commission} urgent_approvals = {duty} longest", "one kind alone");
	REFUSED(good, "class reidentify { approvals = {duty, commission} protected_approvals = {duty} longest", "one kind alone");
}

static void two_parties_with_one_key_are_refused(void **state)
{
	(void)state;
	char jiro[NOTE_VKEY_BYTES], hana[NOTE_VKEY_BYTES], twin[NOTE_VKEY_BYTES], edge[NOTE_VKEY_BYTES];
	struct note_example example;
	note_key_write(&world.parties[PARTY_JIRO].key, jiro);
	note_key_write(&world.parties[PARTY_HANA].key, hana);
	note_key_write(&world.parties[PARTY_EDGE].key, edge);
	REFUSED(jiro, hana, "another name");
	note_example_make("jiro", NOTE_KEY_ED25519, PARTY_HANA, &example); /* Hana's key under Jiro's name */
	REFUSED(jiro, note_key_write(&example.key, twin), "the same key");
	note_example_make("jiro", NOTE_KEY_ED25519, PARTY_EDGE, &example);
	REFUSED(jiro, note_key_write(&example.key, twin), "the same key");
	note_example_make("jiro", NOTE_KEY_ED25519, 100, &example); /* a witness's */
	REFUSED(jiro, note_key_write(&example.key, twin), "the same key");
	REFUSED(edge, hana, "another name");
	note_example_make("authority", NOTE_KEY_ED25519, 77, &example);
	char log_key[NOTE_VKEY_BYTES];
	REFUSED(note_key_write(&world.parties[PARTY_LOG].key, log_key), note_key_write(&example.key, twin), "the same name");
	REFUSED(hana, "hana+00000000+AAAA", "verifier key");
	REFUSED(hana, note_key_write(&world.witnesses[0].key, twin), "witness");
}

static void a_person_counts_once(void **state)
{
	(void)state;
	const struct policy_quorum *quorum = &world.policy.classes[ORDER_OWN_EDGE].approvals;
	const struct policy_person *yuki = policy_person_find(&world.policy, "yuki"), *jiro = policy_person_find(&world.policy, "jiro");
	const struct policy_person *kyoko = policy_person_find(&world.policy, "kyoko");
	assert_false(policy_quorum_met(quorum, NULL, 0));
	assert_false(policy_quorum_met(quorum, (struct policy_approver[]){{jiro, "duty"}}, 1));
	assert_false(policy_quorum_met(quorum, (struct policy_approver[]){{yuki, "duty"}, {yuki, "commission"}}, 2));
	assert_true(policy_quorum_met(quorum, (struct policy_approver[]){{jiro, "duty"}, {yuki, "commission"}}, 2));
	assert_true(policy_quorum_met(quorum, (struct policy_approver[]){{kyoko, "commission"}, {yuki, "duty"}, {jiro, "duty"}}, 3));
	const struct policy_quorum *two = &world.policy.classes[ORDER_OWN_EDGE].protected_approvals;
	assert_false(policy_quorum_met(two, (struct policy_approver[]){{kyoko, "commission"}, {kyoko, "commission"}}, 2));
	assert_true(policy_quorum_met(two, (struct policy_approver[]){{kyoko, "commission"}, {yuki, "commission"}}, 2));
}

static void width_is_of_the_family(void **state)
{
	(void)state;
	const struct policy_class *class = &world.policy.classes[ORDER_OWN_EDGE];
	static const struct {
		const char *text;
		bool is_allowed;
	} cases[] = {
		{"192.0.2.0/24", true}, {"192.0.2.0/23", false}, {"2001:db8::/48", true}, {"2001:db8::/47", false}, {"::/90", true}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_prefix prefix;
		assert_int_equal(ip_prefix_parse(cases[i].text, &prefix), OK);
		assert_int_equal(policy_width_allowed(class, &prefix), cases[i].is_allowed);
	}
	struct ip_prefix all, v4;
	assert_int_equal(ip_prefix_parse("::/48", &all), OK);
	assert_int_equal(ip_prefix_parse("192.0.2.1", &v4), OK);
	assert_false(order_scope_covers(&all, 1, &v4)); /* ::/48 is no way to say all of IPv4 */
}

static void the_example_is_sound(void **state)
{
	(void)state;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	if (example_path == NULL)
		skip();
	int err = policy_load(example_path, &policy, complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	assert_int_equal(policy_load("/nonexistent", &policy, complaint), E_SYS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_read),
		cmocka_unit_test(the_digest_is_of_the_bytes),
		cmocka_unit_test(a_policy_that_lets_somebody_act_alone_is_refused),
		cmocka_unit_test(re_identification_needs_two_people),
		cmocka_unit_test(two_parties_with_one_key_are_refused),
		cmocka_unit_test(a_person_counts_once),
		cmocka_unit_test(width_is_of_the_family),
		cmocka_unit_test(the_example_is_sound),
	};
	example_path = argc > 1 ? argv[1] : NULL;
	order_world_init(&world);
	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		fputs(world.policy_text, stdout);
		return 0;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	order_world_done(&world);
	return failed;
}
