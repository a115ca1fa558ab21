/* Proves the table letter by letter, the picture of a running sensor, and that no text of others reaches the terminal raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/picture.h"
#include "cli/table.h"
#include "record/finding_example.h"

static void the_table_is_as_drawn(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	finding_example(&finding);
	table_head(out, 0, false);
	table_row(out, &finding, 0, false);
	finding.kind = FINDING_CARPET_BOMBING;
	finding.target = (struct ip_prefix){ip_from_v4(0xc0000200), 120};
	finding.vector_count = 1;
	finding.vectors[0].packets_permille = 5;
	finding.window_end_ms += 200000;
	finding.confidence = 100;
	finding.why[0] = '\0';
	table_row(out, &finding, 0, false);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
		"WHEN (UTC)           LASTED       TARGET              WHAT             PEAK                   SOURCES   CONF  VECTORS\n"
		"2024-12-26 00:00:00  10 s         192.0.2.1           flood            120 kpps   331 Mbps      298 k   97 %  "
		"ntp_reflection 70 %, syn_flood 30 %\n"
		"    95,238 packets/s to 192.0.2.1, over host_pps 20,000: ntp_reflection 70 %, syn_flood 30 %\n"
		"2024-12-26 00:00:00  3 min 30 s   192.0.2.0/24        carpet_bombing   120 kpps   331 Mbps      298 k  100 %  "
		"ntp_reflection 0.5 %\n");
	free(text);
}

/** A terminal of 80 characters, which is usual, gets short lines; one of 150 has columns, and words go on below. */
static void lines_fit_the_terminal(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	finding_example(&finding);
	snprintf(finding.vectors[1].name, sizeof(finding.vectors[1].name), "tcp_middlebox_reflection");
	snprintf(finding.why, sizeof(finding.why),
		"200000 packets to 192.0.2.1 that honest traffic does not explain; 70.0 %% ntp_reflection");
	table_head(out, 80, false);
	table_row(out, &finding, 80, false);
	table_head(out, 150, false);
	table_row(out, &finding, 150, false);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
		"2024-12-26 00:00:00  flood  192.0.2.1\n"
		"    lasted 10 s, peak 120 kpps and 331 Mbps, 298 k sources, confidence 97 %\n"
		"    ntp_reflection 70 %, tcp_middlebox_reflection 30 %\n"
		"    200000 packets to 192.0.2.1 that honest traffic does not explain; 70.0 %\n"
		"    ntp_reflection\n"
		"WHEN (UTC)           LASTED       TARGET              WHAT             PEAK                   SOURCES   CONF  VECTORS\n"
		"2024-12-26 00:00:00  10 s         192.0.2.1           flood            120 kpps   331 Mbps      298 k   97 %  "
		"ntp_reflection 70 %,\n"
		"                                                                                                              "
		"tcp_middlebox_reflection 30 %\n"
		"    200000 packets to 192.0.2.1 that honest traffic does not explain; 70.0 % ntp_reflection\n");
	free(text);
}

static void colours_stay_within_their_line(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	finding_example(&finding);
	table_row(out, &finding, 0, true);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "\033[1;31mflood          \033[0m"));
	assert_int_equal(strcmp(text + length - 5, "\033[0m\n"), 0);
	free(text);
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if (((unsigned char)*text < 0x20 && *text != '\n') || *text == 0x7f)
			return true;
	}
	return false;
}

static void texts_of_others_are_made_plain(void **state)
{
	(void)state;
	struct finding finding;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	finding_example(&finding);
	snprintf(finding.why, sizeof(finding.why), "a\033[2Jb\nc");
	snprintf(finding.vectors[0].name, sizeof(finding.vectors[0].name), "x\r\033]0;y\a");
	table_row(out, &finding, 0, false);
	json_t *status = json_pack("{s:s, s:i, s:[{s:s, s:s, s:{s:i}}], s:[{s:s}], s:[{s:s}]}", "sensor", "\033[31medge",
		"uptime_s", -1, "inputs", "name", "e\nth0", "kind", "\x7f", "dropped", "\033c", 1, "talkers", "addr", "\033[A",
		"findings", "why", "\033[A");
	assert_non_null(status);
	picture_show(out, status, 0, false);
	json_decref(status);
	assert_int_equal(fclose(out), 0);
	assert_false(has_control(text));
	assert_non_null(strstr(text, "a?[2Jb?c"));
	assert_non_null(strstr(text, "1 findings could not be read."));
	free(text);
}

static void the_picture_is_as_drawn(void **state)
{
	(void)state;
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	json_t *status = json_loads("{\"version\":1,\"sensor\":\"edge1\",\"uptime_s\":3900,"
		"\"rates\":{\"pps\":1250000,\"bps\":6400000000},"
		"\"inputs\":[{\"name\":\"eth0\",\"kind\":\"packet\",\"state\":\"up\",\"received\":1000,\"used\":990,"
		"\"dropped\":{\"kernel\":0,\"not_ip\":10}},"
		"{\"name\":\"eth1\",\"kind\":\"xdp\",\"state\":\"gone\",\"received\":5,\"used\":5,\"dropped\":{}}],"
		"\"talkers\":[{\"addr\":\"192.0.2.1\",\"pps\":1200000,\"bps\":6000000000,\"attacked\":true}],"
		"\"findings\":[],\"findings_omitted\":0,\"lines\":{\"lost\":3},\"memory_bytes\":68000000}", 0, NULL);
	assert_non_null(status);
	picture_show(out, status, 0, false);
	json_decref(status);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text,
		"edge1, up 1 h 5 min: 1.25 Mpps, 6.40 Gbps; memory 68.0 MB\n"
		"\n"
		"INPUT             KIND                RECEIVED              USED  LOST\n"
		"eth0              packet                 1,000               990  not_ip 10\n"
		"eth1              xdp                        5                 5  none; the interface is gone\n"
		"\n"
		"BUSIEST DESTINATIONS\n"
		"192.0.2.1                                 1.20 Mpps   6.00 Gbps  attacked\n"
		"\n"
		"3 findings could not be handed on and are lost.\n"
		"No attack.\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_as_drawn),
		cmocka_unit_test(lines_fit_the_terminal),
		cmocka_unit_test(colours_stay_within_their_line),
		cmocka_unit_test(texts_of_others_are_made_plain),
		cmocka_unit_test(the_picture_is_as_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
