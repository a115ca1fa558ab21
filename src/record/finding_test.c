/*
 * Proves that documents and structs say the same, that documents which are not exactly right are refused, and that
 * the id depends on what makes a finding the same and on nothing else. The schema has its own test
 * (finding_schema_test.py), for which "--documents" prints some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/finding.h"
#include "record/finding_example.h"
#include "record/pack.h"
#include "record/privacy.h"

static void assert_survives(const struct finding *finding)
{
	struct finding back = {0};
	char *text = NULL, *again = NULL;
	assert_int_equal(finding_write(finding, &text), OK);
	assert_int_equal(finding_parse(text, strlen(text), &back), OK);
	assert_int_equal(finding_write(&back, &again), OK);
	assert_string_equal(again, text);
	free(text);
	free(again);
}

static void struct_and_document_say_the_same(void **state)
{
	(void)state;
	struct finding finding, back;
	char *text = NULL;
	finding_example(&finding);
	assert_survives(&finding);
	assert_int_equal(finding_write(&finding, &text), OK);
	assert_null(strchr(text, '\n'));
	assert_int_equal(finding_parse(text, strlen(text), &back), OK);
	assert_int_equal(back.listed_count, finding.listed_count);
	assert_int_equal(back.vectors[1].tcp_flags.entries[0].value, 2);
	assert_true(back.vectors[1].src_ports.is_random);
	assert_true(ip_equal(&back.target.addr, &finding.target.addr));
	assert_int_equal(back.target.bits, 128);
	assert_string_equal(back.why, finding.why);
	assert_string_equal(back.id, finding.id);
	assert_int_equal(back.class_packets[FLOW_CLASS_DOMESTIC_DOMESTIC], 10000);
	assert_int_equal(back.sources[2].verdict, SOURCE_BOT);
	assert_int_equal(back.told_ms, finding.told_ms);
	free(text);
}

/** Every byte of the struct that a document carries comes back: the two structs differ nowhere. */
static void the_fullest_finding_comes_back_whole_and_fits(void **state)
{
	(void)state;
	static struct finding finding, back;
	char *text = NULL;
	memset(&finding, 0, sizeof(finding));
	finding_fullest(&finding);
	assert_int_equal(finding_write(&finding, &text), OK);
	assert_true(strlen(text) <= FINDING_DOCUMENT_BYTES_MAX);
	assert_int_equal(finding_parse(text, strlen(text), &back), OK);
	for (size_t i = 0; i < FINDING_SOURCES_MAX; i++)
		assert_string_equal(back.sources[i].why, finding.sources[i].why);
	assert_int_equal(back.packets, INT64_MAX);
	assert_int_equal(back.shapes, finding.shapes);
	assert_int_equal(back.prefixes[15].bits, finding.prefixes[15].bits);
	assert_survives(&finding);
	free(text);
}

/** Whatever is in the struct, the document is one that can be read. Contradictions in time and version apart. */
static void what_is_written_can_be_read(void **state)
{
	(void)state;
	static struct finding finding, back;
	struct random rng;
	random_init(&rng, 20241226);
	for (int round = 0; round < 60; round++) {
		char *text = NULL;
		finding_noise(&rng, &finding);
		finding.window_end_ms = finding.window_start_ms;
		for (size_t i = 0; i < FINDING_VECTORS_MAX; i++) {
			finding.vectors[i].end_ms = finding.vectors[i].start_ms;
			finding.vectors[i].ip_version = 6;
		}
		assert_int_equal(finding_write(&finding, &text), OK);
		assert_int_equal(finding_parse(text, strlen(text), &back), OK);
		free(text);
	}
}

/** Parses the example after a change to its document. */
static int parse_changed(json_t *document)
{
	static struct finding finding;
	char *text = json_dumps(document, JSON_COMPACT);
	assert_non_null(text);
	memset(&finding, 0xa5, sizeof(finding));
	struct finding before = finding;
	int err = finding_parse(text, strlen(text), &finding);
	if (err != OK)
		assert_memory_equal(&finding, &before, sizeof(finding)); /* untouched on failure */
	free(text);
	return err;
}

static json_t *example_load(void)
{
	struct finding finding;
	char *text = NULL;
	finding_example(&finding);
	assert_int_equal(finding_write(&finding, &text), OK);
	json_t *document = json_loads(text, 0, NULL);
	assert_non_null(document);
	free(text);
	return document;
}

static void values_out_of_range_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *member, *bad, *good; /* JSON */
	} cases[] = {
		{"version", "2", "1"},
		{"version", "\"1\"", "1"},
		{"document", "\"order\"", "\"finding\""},
		{"confidence", "101", "100"},
		{"confidence", "-1", "0"},
		{"confidence", "1.0", "1"},
		{"packets", "9223372036854775808", "9223372036854775807"},
		{"sampling", "0", "1"},
		{"sampling", "4294967296", "4294967295"},
		{"kind", "\"Flood\"", "\"flood\""},
		{"phase", "null", "\"begin\""},
		{"id", "\"0123456789abcdef0123456789abcdeF\"", "\"0123456789abcdef0123456789abcdef\""},
		{"id", "\"0123456789abcdef0123456789abcde\"", "\"0123456789abcdef0123456789abcdef\""},
		{"target", "\"192.0.2.1/24\"", "\"192.0.2.0/24\""},
		{"target", "\"example.org\"", "\"2001:db8::/32\""},
		{"why", "\"a\\nb\"", "\"a b\""},
		{"why", "\"\\u001b[31m\"", "\"[31m\""},
		{"why", "\"\\u202e\"", "\"\\u706b\""},
		{"why", "\"\\u0000\"", "\"\""},
		{"shapes", "[\"pulse\",\"pulse\"]", "[\"pulse\",\"burst\"]"},
		{"shapes", "[\"star\"]", "[]"},
		{"told_ms", "253402300800000", "253402300799999"},
		{"window", "{\"start_ms\":2,\"end_ms\":1}", "{\"start_ms\":1,\"end_ms\":1}"},
		{"origins", "{}", "[]"},
		{"origins", "[{\"asn\":1,\"country\":\"us\",\"source_count\":1,\"packets_permille\":1}]",
			"[{\"asn\":1,\"country\":\"US\",\"source_count\":1,\"packets_permille\":1}]"},
		{"prefixes", "[1]", "[\"192.0.2.0/24\"]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *document = example_load();
		json_object_set_new(document, cases[i].member, json_loads(cases[i].good, JSON_DECODE_ANY, NULL));
		assert_int_equal(parse_changed(document), OK);
		json_t *bad = json_loads(cases[i].bad, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		if (bad != NULL) { /* NULL: the JSON parser refuses the value already */
			json_object_set_new(document, cases[i].member, bad);
			assert_int_equal(parse_changed(document), E_MALFORMED);
		}
		json_decref(document);
	}
}

static void missing_and_unknown_members_are_refused(void **state)
{
	(void)state;
	json_t *whole = example_load();
	const char *name;
	json_t *value;
	json_object_foreach(whole, name, value) {
		json_t *document = example_load();
		json_object_del(document, name);
		assert_int_equal(parse_changed(document), E_MALFORMED);
		json_object_set_new(document, "unheard_of", json_integer(1));
		assert_int_equal(parse_changed(document), E_MALFORMED);
		json_decref(document);
	}
	json_object_set_new(whole, "unheard_of", json_integer(1));
	assert_int_equal(parse_changed(whole), E_MALFORMED);
	json_decref(whole);
}

static void lists_above_their_caps_are_refused(void **state)
{
	(void)state;
	json_t *document = example_load(), *sources = json_object_get(document, "sources");
	json_t *one = json_array_get(sources, 0);
	while (json_array_size(sources) < FINDING_SOURCES_MAX)
		json_array_append(sources, one);
	assert_int_equal(parse_changed(document), OK);
	json_array_append(sources, one);
	assert_int_equal(parse_changed(document), E_LIMIT);
	json_decref(document);
}

static void what_is_no_document_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "{", "[]", "null", "{}", "\xff", "{\"kind\":\"flood\"}", "{\"a\":1,\"a\":1}"};
	struct finding finding;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(finding_parse(texts[i], strlen(texts[i]), &finding), E_MALFORMED);
	char *text = calloc(1, FINDING_DOCUMENT_BYTES_MAX + 1);
	assert_non_null(text);
	assert_int_equal(finding_parse(text, FINDING_DOCUMENT_BYTES_MAX + 1, &finding), E_LIMIT);
	free(text);
	json_t *document = example_load();
	text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	for (size_t length = 0; length < strlen(text); length += 7)
		assert_int_equal(finding_parse(text, length, &finding), E_MALFORMED);
	free(text);
}

/** Canonical lines take the quick reader, the same with a blank in front the one of trees; they may never differ. */
static void both_readers_say_the_same(void **state)
{
	(void)state;
	static struct finding quick, slow, given;
	struct random rng;
	random_init(&rng, 7);
	for (unsigned i = 0; i < 60; i++) {
		char *text = NULL;
		if (i == 0)
			finding_example(&given);
		else
			finding_noise(&rng, &given);
		for (size_t k = 0; k < FINDING_VECTORS_MAX; k++)
			given.vectors[k].ip_version = 4;
		assert_int_equal(finding_write(&given, &text), OK);
		char *spaced = malloc(strlen(text) + 2);
		assert_non_null(spaced);
		spaced[0] = ' ';
		memcpy(spaced + 1, text, strlen(text) + 1);
		int err = finding_parse(text, strlen(text), &quick);
		assert_int_equal(finding_parse(spaced, strlen(spaced), &slow), err);
		if (err == OK)
			assert_memory_equal(&quick, &slow, sizeof(quick));
		for (size_t k = 0; i == 0 && text[k] != '\0'; k++) { /* any byte that is changed: taken by both, or by none */
			char kept = text[k];
			text[k] = spaced[k + 1] = "\"0}]a.-e"[k % 8];
			err = finding_parse(text, strlen(text), &quick);
			assert_int_equal(finding_parse(spaced, strlen(spaced), &slow), err);
			if (err == OK)
				assert_memory_equal(&quick, &slow, sizeof(quick));
			text[k] = spaced[k + 1] = kept;
		}
		for (size_t k = 0; i == 0 && text[k] != '\0'; k++) { /* and a NUL, which ends nothing */
			size_t length = strlen(text);
			char kept = text[k];
			text[k] = '\0';
			assert_int_equal(finding_parse(text, length, &quick), E_MALFORMED);
			text[k] = kept;
		}
		free(spaced);
		free(text);
	}
}

static void a_packed_finding_comes_back_in_its_parts(void **state)
{
	(void)state;
	static struct finding given, back;
	static uint8_t bytes[65536], damaged[65536];
	static void (*const makers[])(struct finding *) = {finding_example, finding_fullest};
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		size_t length = 0, open = 0, classed = 0;
		makers[i](&given);
		memset(&back, 0, sizeof(back));
		assert_int_equal(pack_write(&finding_document, PACK_WHOLE, 0, &given, bytes, sizeof(bytes), &length), OK);
		assert_int_equal(pack_read(&finding_document, PACK_WHOLE, 0, bytes, length, &back), OK);
		assert_memory_equal(&back, &given, sizeof(back));
		assert_int_equal(pack_write(&finding_document, PACK_WHOLE, 0, &given, damaged, length - 1, &open), E_LIMIT);
		for (size_t k = 0; k < length; k += i == 0 ? 1 : 97)
			assert_int_equal(pack_read(&finding_document, PACK_WHOLE, 0, bytes, k, &back), E_MALFORMED);
		memcpy(damaged, bytes, length + 1);
		assert_int_equal(pack_read(&finding_document, PACK_WHOLE, 0, damaged, length + 1, &back), E_MALFORMED);
		damaged[0] = 2; /* a form that is not known */
		assert_int_equal(pack_read(&finding_document, PACK_WHOLE, 0, damaged, length, &back), E_MALFORMED);
		memset(&back, 0, sizeof(back));
		assert_int_equal(pack_write(&finding_document, PACK_OPEN, given.kind, &given, bytes, sizeof(bytes), &open), OK);
		assert_int_equal(pack_read(&finding_document, PACK_OPEN, given.kind, bytes, open, &back), OK);
		assert_int_equal(back.listed_count, 0); /* sources are classed */
		assert_int_equal(pack_write(&finding_document, PACK_CLASSED, given.kind, &given, bytes, sizeof(bytes), &classed), OK);
		assert_int_equal(pack_read(&finding_document, PACK_CLASSED, given.kind, bytes, classed, &back), OK);
		assert_memory_equal(&back, &given, sizeof(back)); /* both parts are the whole */
	}
	finding_example(&given);
	given.kind = FINDING_SCAN; /* its target is a source: classed, with the text that names it */
	size_t length = 0;
	memset(&back, 0, sizeof(back));
	assert_int_equal(pack_write(&finding_document, PACK_OPEN, given.kind, &given, bytes, sizeof(bytes), &length), OK);
	assert_int_equal(pack_read(&finding_document, PACK_OPEN, given.kind, bytes, length, &back), OK);
	assert_int_equal(back.target.bits, 0);
	assert_string_equal(back.why, "");
}

static void the_id_names_the_finding(void **state)
{
	(void)state;
	struct finding a, b;
	finding_example(&a);
	b = a;
	b.phase = FINDING_BEGIN;
	b.packets = 1;
	b.told_ms++;
	finding_identify(&b);
	assert_string_equal(a.id, b.id);
	b.window_start_ms++;
	finding_identify(&b);
	assert_string_not_equal(a.id, b.id);
	b = a;
	b.target.bits = 120;
	b.target.addr = ip_masked(&b.target.addr, 120);
	finding_identify(&b);
	assert_string_not_equal(a.id, b.id);
	b = a;
	b.kind = FINDING_SCAN;
	finding_identify(&b);
	assert_string_not_equal(a.id, b.id);
	b = a;
	b.sensor[0] = 'E';
	finding_identify(&b);
	assert_string_not_equal(a.id, b.id);
}

static void names_are_told(void **state)
{
	(void)state;
	assert_string_equal(finding_kind_name(FINDING_CARPET_BOMBING), "carpet_bombing");
	assert_string_equal(finding_kind_name((enum finding_kind)99), "unknown");
	assert_string_equal(finding_phase_name(FINDING_END), "end");
	assert_string_equal(source_verdict_name(SOURCE_AMPLIFIER), "amplifier");
	assert_string_equal(flow_class_name(FLOW_CLASS_DOMESTIC_FOREIGN), "domestic_foreign");
	assert_string_equal(flow_class_name((enum flow_class)99), "unknown");
}

static void print(const struct finding *finding)
{
	char *text = NULL;
	if (finding_write(finding, &text) == OK)
		puts(text);
	free(text);
}

static int documents_print(void)
{
	static struct finding finding;
	struct random rng;
	finding_example(&finding);
	print(&finding);
	finding_fullest(&finding);
	print(&finding);
	random_init(&rng, 1);
	for (int i = 0; i < 20; i++) {
		finding_noise(&rng, &finding);
		for (size_t k = 0; k < FINDING_VECTORS_MAX; k++)
			finding.vectors[k].ip_version = 4;
		print(&finding);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--documents") == 0)
		return documents_print();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(struct_and_document_say_the_same),
		cmocka_unit_test(the_fullest_finding_comes_back_whole_and_fits),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(missing_and_unknown_members_are_refused),
		cmocka_unit_test(lists_above_their_caps_are_refused),
		cmocka_unit_test(what_is_no_document_is_refused),
		cmocka_unit_test(both_readers_say_the_same),
		cmocka_unit_test(a_packed_finding_comes_back_in_its_parts),
		cmocka_unit_test(the_id_names_the_finding),
		cmocka_unit_test(names_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
