/* Proves the fingerprint against the dissector's format: members, units, notation, and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/finding_example.h"
#include "record/fingerprint.h"

static json_t *fingerprint_of(const struct finding *finding)
{
	char *text = NULL;
	assert_int_equal(fingerprint_write(finding, &text), OK);
	json_t *document = json_loads(text, 0, NULL);
	assert_non_null(document);
	free(text);
	return document;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	assert_non_null(text);
	return text;
}

static int64_t number_of(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

static double fraction_of(const json_t *object, const char *name, const char *value)
{
	return json_real_value(json_object_get(json_object_get(object, name), value));
}

static void the_summary_is_the_dissectors(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	json_t *document = fingerprint_of(&finding);
	assert_string_equal(text_of(document, "target"), "192.0.2.1");
	assert_string_equal(text_of(document, "time_start"), "2024-12-26T00:00:00.000+00:00");
	assert_string_equal(text_of(document, "time_end"), "2024-12-26T00:00:10.500+00:00");
	assert_int_equal(strlen(text_of(document, "key")), 32);
	assert_int_equal(number_of(document, "duration_seconds"), 10);
	assert_int_equal(number_of(document, "total_megabytes"), 344);
	assert_int_equal(number_of(document, "total_packets"), 1000000);
	assert_int_equal(number_of(document, "total_ips"), 298812);
	assert_int_equal(number_of(document, "avg_pps"), 100000);
	assert_int_equal(number_of(document, "avg_bps"), 275872000);
	assert_int_equal(number_of(document, "avg_Bpp"), 344);
	json_decref(document);
}

static void vectors_are_the_dissectors(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	json_t *document = fingerprint_of(&finding), *vectors = json_object_get(document, "attack_vectors");
	assert_int_equal(json_array_size(vectors), 2);
	const json_t *ntp = json_array_get(vectors, 0), *syn = json_array_get(vectors, 1);
	assert_string_equal(text_of(ntp, "service"), "NTP");
	assert_string_equal(text_of(ntp, "protocol"), "UDP");
	assert_int_equal(number_of(ntp, "source_port"), 123);
	assert_float_equal(fraction_of(ntp, "destination_ports", "80"), 0.612, 1e-9);
	assert_float_equal(fraction_of(ntp, "destination_ports", "others"), 0.388, 1e-9);
	assert_true(json_is_null(json_object_get(ntp, "tcp_flags")));
	assert_float_equal(fraction_of(ntp, "frame_len", "482"), 0.995, 1e-9);
	assert_float_equal(fraction_of(ntp, "ethernet_type", "IPv4"), 1.0, 1e-9);
	assert_float_equal(json_real_value(json_object_get(ntp, "fraction_of_attack")), 0.95, 1e-3);
	assert_int_equal(number_of(ntp, "nr_packets"), 700000);
	assert_int_equal(number_of(ntp, "nr_megabytes"), 327);
	assert_true(json_is_null(json_object_get(syn, "service")));
	assert_string_equal(text_of(syn, "source_port"), "random");
	assert_float_equal(fraction_of(syn, "tcp_flags", "......S."), 1.0, 1e-9);
	json_decref(document);
}

static void small_vectors_and_forged_sources_are_left_out(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	finding.vectors[1].bytes_permille = 49;
	json_t *document = fingerprint_of(&finding), *vectors = json_object_get(document, "attack_vectors");
	assert_int_equal(json_array_size(vectors), 1);
	json_t *sources = json_object_get(json_array_get(vectors, 0), "source_ips");
	assert_int_equal(json_array_size(sources), 1);
	assert_string_equal(json_string_value(json_array_get(sources, 0)), "198.51.100.7");
	assert_float_equal(json_real_value(json_object_get(json_array_get(vectors, 0), "fraction_of_attack")), 1.0, 1e-9);
	json_decref(document);
	finding.vectors[0].bytes_permille = 49;
	char *text = NULL;
	assert_int_equal(fingerprint_write(&finding, &text), E_UNSUPPORTED);
	assert_null(text);
}

static void a_carpet_has_a_prefix_as_its_target(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	finding.kind = FINDING_CARPET_BOMBING;
	finding.target = (struct ip_prefix){ip_from_v4(0xc0000200), 120};
	json_t *document = fingerprint_of(&finding);
	assert_string_equal(text_of(document, "target"), "192.0.2.0/24");
	assert_string_equal(json_string_value(json_array_get(json_object_get(document, "tags"), 1)), "Carpet bombing attack");
	json_decref(document);
}

static void fragments_are_a_vector_of_their_own(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	snprintf(finding.vectors[1].name, sizeof(finding.vectors[1].name), "fragment_flood");
	json_t *document = fingerprint_of(&finding);
	const json_t *vector = json_array_get(json_object_get(document, "attack_vectors"), 1);
	assert_string_equal(text_of(vector, "service"), "Fragmented IP packets");
	assert_true(json_is_null(json_object_get(vector, "fraction_of_attack")));
	assert_int_equal(number_of(vector, "source_port"), 0);
	json_decref(document);
}

static void the_key_is_of_the_content(void **state)
{
	(void)state;
	struct finding finding;
	finding_example(&finding);
	json_t *a = fingerprint_of(&finding), *b = fingerprint_of(&finding);
	finding.packets++;
	json_t *c = fingerprint_of(&finding);
	assert_string_equal(text_of(a, "key"), text_of(b, "key"));
	assert_string_not_equal(text_of(a, "key"), text_of(c, "key"));
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

static void other_kinds_have_no_fingerprint(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	finding_example(&finding);
	finding.kind = FINDING_FLASH_CROWD;
	assert_int_equal(fingerprint_write(&finding, &text), E_UNSUPPORTED);
	static struct finding full;
	finding_fullest(&full);
	full.kind = FINDING_FLOOD;
	json_decref(fingerprint_of(&full));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_summary_is_the_dissectors),
		cmocka_unit_test(vectors_are_the_dissectors),
		cmocka_unit_test(small_vectors_and_forged_sources_are_left_out),
		cmocka_unit_test(a_carpet_has_a_prefix_as_its_target),
		cmocka_unit_test(fragments_are_a_vector_of_their_own),
		cmocka_unit_test(the_key_is_of_the_content),
		cmocka_unit_test(other_kinds_have_no_fingerprint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
