/* Proves that every member a finding is written with has a privacy class, and that what may not leave is taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/finding.h"
#include "record/finding_example.h"
#include "record/privacy.h"

/** Walks a document and checks each member against the table; returns how many members it saw. */
static size_t members_check(const json_t *value, const char *path)
{
	size_t seen = 0, index;
	const char *name;
	json_t *member;
	json_array_foreach(value, index, member)
		seen += members_check(member, path);
	json_object_foreach((json_t *)value, name, member) {
		char longer[128];
		snprintf(longer, sizeof(longer), "%s%s%s", path, path[0] != '\0' ? "." : "", name);
		if (finding_privacy(longer) == PRIVACY_UNKNOWN)
			fail_msg("%s has no privacy class", longer);
		seen += 1 + members_check(member, longer);
	}
	return seen;
}

static void every_member_has_a_class(void **state)
{
	(void)state;
	static struct finding finding;
	char *text = NULL;
	finding_fullest(&finding);
	assert_int_equal(finding_write(&finding, &text), OK);
	json_t *document = json_loads(text, 0, NULL);
	assert_true(members_check(document, "") > 1000);
	json_decref(document);
	free(text);
}

static void classes_are_as_decided(void **state)
{
	(void)state;
	assert_int_equal(finding_privacy("version"), PRIVACY_PUBLIC);
	assert_int_equal(finding_privacy("target"), PRIVACY_MEMBER);
	assert_int_equal(finding_privacy("prefixes"), PRIVACY_MEMBER);
	assert_int_equal(finding_privacy("sources.addr"), PRIVACY_CLASSED);
	assert_int_equal(finding_privacy("class_packets.domestic_domestic"), PRIVACY_CLASSED);
	assert_int_equal(finding_privacy("vectors.src_ports.entries.value"), PRIVACY_SECTOR);
	static const char *const unknown[] = {"", "payload", "sources.payload", "vectors.", ".kind", "kind.x", "targe", "targets"};
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(finding_privacy(unknown[i]), PRIVACY_UNKNOWN);
}

/** Inside a class, no member is freer than the list or object it is in. */
static void members_are_not_freer_than_what_they_are_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < finding_document.member_count; i++) {
		const struct field *field = &finding_document.members[i];
		const struct field *inside = field->type == FIELD_LIST ? field->members : field;
		for (size_t k = 0; k < inside->member_count; k++)
			assert_true(inside->members[k].privacy >= field->privacy);
	}
}

static void names_of_classes_agree_with_the_document(void **state)
{
	(void)state;
	for (size_t i = 0; i < FLOW_CLASS_COUNT; i++) {
		char path[64];
		snprintf(path, sizeof(path), "class_packets.%s", flow_class_name((enum flow_class)i));
		assert_int_equal(finding_privacy(path), PRIVACY_CLASSED);
	}
}

static const struct finding_policy usual = {.allowed = {[FLOW_CLASS_FOREIGN_FOREIGN] = true,
	[FLOW_CLASS_FOREIGN_DOMESTIC] = true, [FLOW_CLASS_DOMESTIC_FOREIGN] = true}, .key = "usual"};

static void domestic_and_unknown_are_taken_out(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	finding_example(&finding);
	finding.sources[0].flow_class = FLOW_CLASS_UNKNOWN;
	finding.class_packets[FLOW_CLASS_UNKNOWN] = 5;
	struct finding_erased erased = finding_restrict(&finding, &usual);
	assert_int_equal(erased.sources, 2);
	assert_false(erased.has_target); /* a flood's target is the member's own */
	assert_int_equal(finding.target.bits, 128);
	assert_int_equal(finding.listed_count, 1);
	assert_int_equal(finding.sources[0].verdict, SOURCE_SPOOFED);
	assert_int_equal(finding.class_packets[FLOW_CLASS_UNKNOWN], 0);
	assert_int_equal(finding.class_packets[FLOW_CLASS_DOMESTIC_DOMESTIC], 0);
	assert_int_equal(finding.class_packets[FLOW_CLASS_FOREIGN_DOMESTIC], 990000);
	assert_int_equal(finding_write(&finding, &text), OK);
	assert_null(strstr(text, "203.0.113.16")); /* the domestic source */
	assert_non_null(strstr(text, "203.0.113.9"));
	free(text);
}

/** A finding whose target is who sent, from 203.0.113.16. */
static struct finding sender_finding(enum finding_kind kind)
{
	struct finding finding;
	finding_example(&finding);
	finding.kind = kind;
	finding.target = (struct ip_prefix){ip_from_v4(0xcb007110), 128};
	snprintf(finding.why, sizeof(finding.why), "203.0.113.16 tried about 50 addresses");
	memset(finding.class_packets, 0, sizeof(finding.class_packets));
	finding.listed_count = 0;
	finding_identify(&finding);
	return finding;
}

static void who_scans_is_a_source(void **state)
{
	(void)state;
	static const struct {
		uint64_t class_packets[FLOW_CLASS_COUNT];
		bool is_erased;
	} cases[] = {
		{{[FLOW_CLASS_FOREIGN_DOMESTIC] = 9}, false},
		{{[FLOW_CLASS_FOREIGN_FOREIGN] = 9, [FLOW_CLASS_FOREIGN_DOMESTIC] = 1}, false},
		{{[FLOW_CLASS_DOMESTIC_DOMESTIC] = 9}, true},
		{{[FLOW_CLASS_DOMESTIC_FOREIGN] = 9, [FLOW_CLASS_DOMESTIC_DOMESTIC] = 1}, true},
		{{[FLOW_CLASS_UNKNOWN] = 9}, true},
		{{0}, true},
	};
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		struct finding finding = sender_finding(i % 2 == 0 ? FINDING_SCAN : FINDING_BACKSCATTER);
		memcpy(finding.class_packets, cases[i / 2].class_packets, sizeof(finding.class_packets));
		struct finding before = finding;
		char *text = NULL;
		assert_int_equal(finding_restrict(&finding, &usual).has_target, cases[i / 2].is_erased);
		assert_int_equal(finding_write(&finding, &text), OK);
		assert_int_equal(strstr(text, "203.0.113.16") == NULL, cases[i / 2].is_erased);
		assert_int_equal(strcmp(finding.id, before.id) != 0, cases[i / 2].is_erased);
		assert_int_equal(finding_parse(text, strlen(text), &finding), OK);
		free(text);
	}
}

/* Sensor, kind and time are known, so the true id would give the address to whoever tries them all. */
static void an_id_without_its_target_takes_the_key(void **state)
{
	(void)state;
	struct finding begin = sender_finding(FINDING_SCAN), end = begin, elsewhere = begin;
	struct finding_policy other = usual;
	end.sequence++;
	other.key[0] ^= 1;
	(void)finding_restrict(&begin, &usual);
	(void)finding_restrict(&end, &usual);
	(void)finding_restrict(&elsewhere, &other);
	assert_string_equal(begin.id, end.id);
	assert_string_not_equal(begin.id, elsewhere.id);
}

static void what_is_allowed_stays(void **state)
{
	(void)state;
	static const struct finding_policy all = {.allowed = {true, true, true, true, true}};
	struct finding finding, before;
	finding_example(&finding);
	before = finding;
	assert_int_equal(finding_restrict(&finding, &all).sources, 0);
	assert_memory_equal(&finding, &before, sizeof(finding));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_has_a_class),
		cmocka_unit_test(classes_are_as_decided),
		cmocka_unit_test(members_are_not_freer_than_what_they_are_in),
		cmocka_unit_test(names_of_classes_agree_with_the_document),
		cmocka_unit_test(domestic_and_unknown_are_taken_out),
		cmocka_unit_test(who_scans_is_a_source),
		cmocka_unit_test(an_id_without_its_target_takes_the_key),
		cmocka_unit_test(what_is_allowed_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
