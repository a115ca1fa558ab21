/*
 * Proves for every kind of document of orders that struct and text say the same, that there is one text for a document,
 * and that what is not exactly right is refused: members missing, unknown, given twice, of another type, out of range or
 * with a fraction; depth and length. What each kind refuses of members against each other is proven below that.
 * The schemas have their own test (document_schema_test.py), for which "--documents KIND" prints examples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/document_example.h"

static char complaint[DOCUMENT_COMPLAINT_BYTES];

static char *text_of(const struct document_example *example)
{
	char *text = NULL;
	int err = document_write(example->kind, example->document, &text, complaint);
	if (err != OK)
		print_error("%s: %s\n", example->name, complaint);
	assert_int_equal(err, OK);
	return text;
}

static int read_text(const struct document_example *example, const char *text)
{
	complaint[0] = '\0';
	int err = document_parse(example->kind, text, strlen(text), example->room, complaint);
	document_example_done(example);
	if (err != OK) {
		assert_true(complaint[0] != '\0');
		assert_null(strchr(complaint, '\n'));
	}
	return err;
}

static int read_value(const struct document_example *example, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	int err = read_text(example, text);
	free(text);
	return err;
}

static void struct_and_text_say_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		char *text = text_of(example), *again = NULL;
		assert_null(strchr(text, '\n'));
		assert_int_equal(document_parse(example->kind, text, strlen(text), example->room, complaint), OK);
		assert_int_equal(document_write(example->kind, example->room, &again, complaint), OK);
		assert_string_equal(again, text);
		document_example_done(example);
		free(again);
		free(text);
	}
}

static void there_is_one_text_for_a_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		char *text = text_of(example), other[65536];
		json_t *value = json_loads(text, 0, NULL);
		char *spaced = json_dumps(value, JSON_SORT_KEYS);
		assert_int_equal(read_text(example, spaced), E_MALFORMED);
		snprintf(other, sizeof(other), "%s\n", text);
		assert_int_equal(read_text(example, other), E_MALFORMED);
		snprintf(other, sizeof(other), "{\"version\":1,%s", text + 1); /* given twice, and out of order */
		assert_int_equal(read_text(example, other), E_MALFORMED);
		const char *version = strstr(text, "\"version\":1");
		snprintf(other, sizeof(other), "%.*s\"version\":1.0%s", (int)(version - text), text, version + strlen("\"version\":1"));
		assert_int_equal(read_text(example, other), E_MALFORMED);
		snprintf(other, sizeof(other), "%.*s\"v\\u0065rsion\":1%s", (int)(version - text), text, version + strlen("\"version\":1"));
		assert_int_equal(read_text(example, other), E_MALFORMED); /* the same member, written another way */
		json_decref(value);
		free(spaced);
		free(text);
	}
}

/** Whether the kind can do without a member. */
static bool is_optional(const struct document_example *example, const char *name)
{
	return (example->kind == &order_kind && strcmp(name, "urgent") == 0) ||
		(example->kind == &approval_kind && strcmp(name, "webauthn") == 0) ||
		(example->kind == &bundle_kind && strcmp(name, "standing") == 0) ||
		(example->kind == &mail_finding_document && strcmp(name, "impersonated") == 0);
}

static void members_missing_unknown_or_of_another_type_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		char *text = text_of(example);
		json_t *value = json_loads(text, 0, NULL);
		assert_int_equal(read_value(example, value), OK);
		const char *name;
		json_t *member;
		json_object_foreach(value, name, member) {
			static const char *const others[] = {"null", "-1", "1.5", "\"\\u001b\"", "[[[]]]", "{\"unheard\":\"of\"}",
				"9223372036854775807"};
			json_t *copy = json_copy(value);
			assert_int_equal(json_object_del(copy, name), 0);
			assert_int_equal(read_value(example, copy), is_optional(example, name) ? OK : E_MALFORMED);
			for (size_t k = 0; k < ARRAY_LEN(others); k++) {
				if (k == 6 && strcmp(name, "counter") == 0)
					continue;
				json_object_set_new(copy, name, json_loads(others[k], JSON_DECODE_ANY, NULL));
				if (read_value(example, copy) == OK)
					fail_msg("%s takes %s as %s", example->name, others[k], name);
			}
			json_decref(copy);
		}
		json_object_set_new(value, "unheard_of", json_integer(1));
		assert_int_equal(read_value(example, value), E_MALFORMED);
		json_decref(value);
		free(text);
	}
}

static void depth_length_and_what_is_no_json_are_refused(void **state)
{
	(void)state;
	static char deep[200001];
	memset(deep, '[', sizeof(deep) - 1);
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		int expected = sizeof(deep) - 1 > example->kind->most_bytes ? E_LIMIT : E_MALFORMED;
		assert_int_equal(read_text(example, deep), expected);
		assert_int_equal(read_text(example, &deep[sizeof(deep) - 1001]), E_MALFORMED);
		static const char *const wrong[] = {"", "{", "null", "[]", "{}", "\"x\"", "{\"a\":\"\xff\"}"};
		for (size_t k = 0; k < ARRAY_LEN(wrong); k++)
			assert_int_equal(read_text(example, wrong[k]), E_MALFORMED);
		char *text = text_of(example);
		size_t most_bytes = example->kind->most_bytes;
		char *padded = malloc(most_bytes + 2);
		memset(padded, ' ', most_bytes + 1);
		memcpy(padded, text, strlen(text));
		padded[most_bytes + 1] = '\0';
		assert_int_equal(read_text(example, padded), E_LIMIT);
		free(padded);
		free(text);
	}
}

static int order_try(const struct order *order)
{
	char *text = NULL;
	int err = order_write(order, &text, complaint);
	free(text);
	return err;
}

#define REFUSED(try, of, change) \
	do { \
		__typeof__(of) changed = (of); \
		change; \
		assert_int_equal(try(&changed), E_MALFORMED); \
	} while (0)

static void orders_that_contradict_themselves_are_refused(void **state)
{
	(void)state;
	static struct order order;
	order_example(&order);
	assert_int_equal(order_try(&order), OK);
	REFUSED(order_try, order, changed.class = ORDER_CLASS_UNKNOWN);
	REFUSED(order_try, order, changed.class = ORDER_CLASS_COUNT);
	REFUSED(order_try, order, changed.scope_count = 0);
	REFUSED(order_try, order, changed.scope_count = 17);
	REFUSED(order_try, order, changed.scope[0].addr.bytes[15] = 11); /* the rule is for 192.0.2.10 */
	REFUSED(order_try, order, changed.expires_ms = changed.not_before_ms);
	REFUSED(order_try, order, changed.counter = 0);
	REFUSED(order_try, order, changed.counter = UINT64_MAX);
	REFUSED(order_try, order, changed.rules.count = 0);
	REFUSED(order_try, order, changed.rules.count = 65);
	REFUSED(order_try, order, changed.rules.rules[0].action = RULE_ACTION_UNKNOWN);
	REFUSED(order_try, order, changed.basis[0] = '\0');
	REFUSED(order_try, order, changed.why[3] = '\n');
	REFUSED(order_try, order, changed.id[0] = 'X');
	REFUSED(order_try, order, changed.is_urgent = true; changed.ratify_by_ms = changed.expires_ms + 1);
	REFUSED(order_try, order, changed.is_urgent = true; changed.ratify_by_ms = changed.not_before_ms);
	REFUSED(order_try, order, changed.is_urgent = true; changed.ratify_by_ms = changed.expires_ms; changed.has_standing = true);
	REFUSED(order_try, order, changed.touches_protected = true; changed.has_standing = true);
	order.touches_protected = true;
	assert_int_equal(order_try(&order), OK);
}

static void re_identification_is_exact_and_touches_no_traffic(void **state)
{
	(void)state;
	static struct order order, traffic;
	reveal_example(&order);
	order_example(&traffic);
	assert_int_equal(order_try(&order), OK);
	REFUSED(order_try, order, changed.has_pseudonyms = false);
	REFUSED(order_try, order, changed.pseudonym_count = 0);
	REFUSED(order_try, order, changed.pseudonyms[1] = changed.pseudonyms[0]);
	REFUSED(order_try, order, memset(&changed.pseudonyms[1], 0, sizeof(changed.pseudonyms[1])));
	REFUSED(order_try, order, memset(changed.finding, '0', 32));
	REFUSED(order_try, order, changed.class = ORDER_OWN_EDGE);
	REFUSED(order_try, order, changed.rules = traffic.rules);
	REFUSED(order_try, order, changed.scope_count = 1; changed.scope[0] = traffic.scope[0]);
	REFUSED(order_try, order, changed.vector_count = 1; changed.vectors[0] = traffic.vectors[0]);
	REFUSED(order_try, order, changed.kind = FINDING_FLOOD);
	REFUSED(order_try, order, changed.touches_protected = true);
	REFUSED(order_try, order, changed.predicted.stopped_permille = 1);
	REFUSED(order_try, order, changed.collateral_limit_permille = 1);
	REFUSED(order_try, order, changed.is_urgent = true; changed.ratify_by_ms = changed.expires_ms);
	REFUSED(order_try, order, changed.has_standing = true);
	REFUSED(order_try, order, changed.why[0] = '\0');
	REFUSED(order_try, traffic, changed.class = ORDER_REIDENTIFY);
	REFUSED(order_try, traffic, changed.has_pseudonyms = true; changed.pseudonym_count = 1;
		changed.pseudonyms[0] = order.pseudonyms[0]);
	order.pseudonym_count = ORDER_PSEUDONYMS_MAX + 1; /* what the struct cannot hold is not written */
	assert_int_not_equal(order_try(&order), OK);
}

static int standing_try(const struct standing_order *standing)
{
	char *text = NULL;
	int err = standing_order_write(standing, &text, complaint);
	free(text);
	return err;
}

static void standing_orders_that_say_nothing_are_refused(void **state)
{
	(void)state;
	static struct standing_order standing;
	standing_order_example(&standing);
	assert_int_equal(standing_try(&standing), OK);
	REFUSED(standing_try, standing, changed.class = ORDER_CLASS_UNKNOWN);
	REFUSED(standing_try, standing, changed.class = ORDER_REIDENTIFY);
	REFUSED(standing_try, standing, changed.scope_count = 0);
	REFUSED(standing_try, standing, changed.effector_count = 0);
	REFUSED(standing_try, standing, changed.kinds = 0);
	REFUSED(standing_try, standing, changed.kinds |= 1);
	REFUSED(standing_try, standing, changed.kinds |= 1u << FINDING_KIND_COUNT);
	REFUSED(standing_try, standing, changed.actions = 0);
	REFUSED(standing_try, standing, changed.expires_ms = changed.not_before_ms);
}

#define MISFIT(text, change) \
	do { \
		struct order changed = order; \
		change; \
		const char *misfit = standing_order_misfit(&standing, &changed); \
		assert_non_null(misfit); \
		assert_string_equal(misfit, text); \
	} while (0)

static void an_order_fits_its_standing_order_in_everything(void **state)
{
	(void)state;
	static struct order order;
	static struct standing_order standing;
	order_example(&order);
	standing_order_example(&standing);
	assert_null(standing_order_misfit(&standing, &order));
	MISFIT("it is of another class", changed.class = ORDER_UPSTREAM);
	MISFIT("it is for another member", snprintf(changed.member, sizeof(changed.member), "bank"));
	MISFIT("it is for another effector", snprintf(changed.effector, sizeof(changed.effector), "edge-2"));
	MISFIT("it is against another kind of finding", changed.kind = FINDING_SCAN);
	MISFIT("it is under another policy", changed.policy.bytes[0] = 1);
	MISFIT("it begins outside of its time", changed.not_before_ms = standing.not_before_ms - 1);
	MISFIT("it begins outside of its time", changed.not_before_ms = standing.expires_ms);
	MISFIT("it lasts longer", changed.expires_ms = changed.not_before_ms + 900001);
	MISFIT("it stops too little of the attack", changed.predicted.stopped_permille = 899);
	MISFIT("it costs too much legitimate traffic", changed.predicted.collateral_permille = 6);
	MISFIT("it costs too much legitimate traffic", changed.collateral_limit_permille = 6);
	MISFIT("its scope is wider", changed.scope[0] = standing.scope[0]; changed.scope[0].bits--);
	MISFIT("it has more rules", changed.rules.count = 9);
	MISFIT("a rule has another action", changed.rules.rules[0].action = RULE_COUNT);
	MISFIT("it is against another vector", snprintf(changed.vectors[0].name, sizeof(changed.vectors[0].name), "syn_flood"));
	MISFIT("it names no vector", changed.vector_count = 0);
	standing.vector_count = 0; /* any */
	order.vector_count = 0;
	assert_null(standing_order_misfit(&standing, &order));
}

static void other_documents_that_say_nothing_are_refused(void **state)
{
	(void)state;
	static struct countermeasure countermeasure;
	char *text = NULL;
	countermeasure_example(&countermeasure);
	countermeasure.target.addr.bytes[15] = 11;
	assert_int_equal(countermeasure_write(&countermeasure, &text, complaint), E_MALFORMED);
	struct receipt receipt = {.effector = "edge-1", .state = RECEIPT_ENDED};
	assert_int_equal(receipt_write(&receipt, &text, complaint), E_MALFORMED);
	receipt.state = RECEIPT_UNKNOWN;
	assert_int_equal(receipt_write(&receipt, &text, complaint), E_MALFORMED);
	receipt.state = RECEIPT_APPLIED;
	assert_int_equal(receipt_write(&receipt, &text, complaint), OK);
	free(text);
	struct health health = {.member = "port", .process = "edge-1", .program = "hinomi-sensor 0.1.0", .started_ms = 2, .at_ms = 1};
	assert_int_equal(health_write(&health, &text, complaint), E_MALFORMED); /* told before it began */
	health.at_ms = 2;
	assert_int_equal(health_write(&health, &text, complaint), OK);
	free(text);
	struct approval approval = {.act = APPROVAL_APPROVAL, .by = "taro"};
	assert_int_equal(approval_write(&approval, &text, complaint), E_MALFORMED);
	approval.act = APPROVAL_WITHDRAWAL;
	assert_int_equal(approval_write(&approval, &text, complaint), OK);
	free(text);
	approval.act = APPROVAL_UNKNOWN;
	assert_int_equal(approval_write(&approval, &text, complaint), E_MALFORMED);
}

static int mail_try(const struct mail_finding *finding)
{
	char *text = NULL;
	int err = mail_finding_write(finding, &text, complaint);
	free(text);
	return err;
}

#define SET(member, text) snprintf(changed.member, sizeof(changed.member), "%s", text)

/** Structure and hosts alone: nothing that could be an address or words of a mail has room. */
static void mail_findings_with_addresses_or_words_are_refused(void **state)
{
	(void)state;
	static struct mail_finding finding;
	mail_finding_example(&finding);
	assert_int_equal(mail_try(&finding), OK);
	REFUSED(mail_try, finding, changed.action = MAIL_FINDING_NO_ACTION);
	REFUSED(mail_try, finding, changed.kind = MAIL_FINDING_UNKNOWN);
	REFUSED(mail_try, finding, changed.level = 6);
	REFUSED(mail_try, finding, changed.confidence = 101);
	REFUSED(mail_try, finding, changed.end_ms++);
	REFUSED(mail_try, finding, SET(sender, "taro@example.jp"));
	REFUSED(mail_try, finding, SET(sender, "fedcba987654321"));
	REFUSED(mail_try, finding, SET(recipient, "FEDCBA9876543210"));
	REFUSED(mail_try, finding, SET(sender_domain, "taro@example.jp"));
	REFUSED(mail_try, finding, SET(impersonated.pseudonym, "taro@example.jp"));
	REFUSED(mail_try, finding, SET(impersonated.pseudonym, "Taro Kasumi 1234"));
	REFUSED(mail_try, finding, changed.impersonated.is = MAIL_FINDING_NOBODY);
	REFUSED(mail_try, finding, SET(target, "a b"));
	REFUSED(mail_try, finding, SET(hosts[1].name, "evil.example/taro"));
	REFUSED(mail_try, finding, SET(payloads[0], "Salary.zip"));
	REFUSED(mail_try, finding, SET(reasons[0].rule, "dear Taro"));
	REFUSED(mail_try, finding, SET(reasons[1].why, "written to taro@example.jp"));
	REFUSED(mail_try, finding, SET(why, "from <taro@example.jp>"));
	REFUSED(mail_try, finding, SET(why, ""));
	REFUSED(mail_try, finding, SET(sensor, "taro@example.jp.eml"));
	snprintf(finding.why, sizeof(finding.why), "a link shows a name before an @ and leads to evil.example");
	finding.sender[0] = finding.recipient[0] = finding.target[0] = finding.sender_domain[0] = '\0';
	finding.host_count = finding.payload_count = finding.reason_count = 0;
	finding.start_ms = finding.end_ms = 0;
	assert_int_equal(mail_try(&finding), OK); /* nothing was known */
}

/** SHA-256 of the line and its newline: as `printf 'abc\n' | sha256sum` says. */
static void a_digest_is_of_the_line_with_its_newline(void **state)
{
	(void)state;
	static const uint8_t expected[] = {0xed, 0xea, 0xaf, 0xf3, 0xf1, 0x77, 0x4a, 0xd2};
	struct document_digest digest = document_digest_of("abc", 3);
	assert_memory_equal(digest.bytes, expected, sizeof(expected));
}

static int documents_print(const char *name)
{
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		char *text = NULL;
		if (strcmp(example->name, name) == 0 && document_write(example->kind, example->document, &text, complaint) == OK)
			puts(text);
		free(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(struct_and_text_say_the_same),
		cmocka_unit_test(there_is_one_text_for_a_document),
		cmocka_unit_test(members_missing_unknown_or_of_another_type_are_refused),
		cmocka_unit_test(depth_length_and_what_is_no_json_are_refused),
		cmocka_unit_test(orders_that_contradict_themselves_are_refused),
		cmocka_unit_test(re_identification_is_exact_and_touches_no_traffic),
		cmocka_unit_test(standing_orders_that_say_nothing_are_refused),
		cmocka_unit_test(an_order_fits_its_standing_order_in_everything),
		cmocka_unit_test(other_documents_that_say_nothing_are_refused),
		cmocka_unit_test(mail_findings_with_addresses_or_words_are_refused),
		cmocka_unit_test(a_digest_is_of_the_line_with_its_newline),
	};
	document_examples_init();
	if (argc == 3 && strcmp(argv[1], "--documents") == 0)
		return documents_print(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
