/*
 * Proves what the files of findings hold: all of a finding in the member's own, what may leave in the outgoing one; that
 * neither a full disk nor a vanished folder stops the sensor, and that all of it is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/finding_example.h"
#include "sensor/findings.h"

static char directory[] = "/tmp/findings_test.XXXXXX";
static struct config config; /* both files in the directory */

static size_t lines_read(const char *path, struct finding *ret_last)
{
	static char line[FINDING_DOCUMENT_BYTES_MAX];
	size_t count = 0;
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		size_t length = strlen(line) - 1;
		assert_int_equal(line[length], '\n');
		assert_int_equal(finding_parse(line, length, ret_last), OK);
		count++;
	}
	fclose(file);
	return count;
}

static struct findings findings_open(void)
{
	struct findings findings;
	const char *why = NULL;
	assert_int_equal(findings_init(&findings, &config, &why), OK);
	return findings;
}

static void each_file_gets_its_copy(void **state)
{
	(void)state;
	struct finding finding, read = {0};
	struct findings findings = findings_open();
	finding_example(&finding);
	finding.sequence = 0;
	findings_tell(&findings, &finding);
	finding.sequence = 1; /* the same finding, later: it is told, and not counted again */
	findings_tell(&findings, &finding);
	assert_int_equal(lines_read(config.findings_file, &read), 2);
	assert_int_equal(read.listed_count, 3);
	assert_int_equal(read.class_packets[FLOW_CLASS_DOMESTIC_DOMESTIC], 10000);
	assert_int_equal(lines_read(config.outgoing_file, &read), 2);
	assert_int_equal(read.listed_count, 2);
	assert_int_equal(read.class_packets[FLOW_CLASS_DOMESTIC_DOMESTIC], 0);
	assert_int_equal(findings.by_kind[FINDING_FLOOD], 1);
	assert_int_equal(findings.sources_erased, 2);
	assert_int_equal(findings.targets_erased, 0);
	finding.kind = FINDING_SCAN;
	findings_tell(&findings, &finding);
	assert_int_equal(lines_read(config.outgoing_file, &read), 3);
	assert_int_equal(read.target.bits, 0);
	assert_int_equal(findings.targets_erased, 1);
	findings_done(&findings);
}

static void what_is_not_configured_is_not_written(void **state)
{
	(void)state;
	struct finding finding, read;
	struct config only_own = config;
	const char *why = NULL;
	struct findings findings;
	only_own.outgoing_file[0] = '\0';
	assert_int_equal(findings_init(&findings, &only_own, &why), OK);
	finding_example(&finding);
	findings_tell(&findings, &finding);
	findings_flush(&findings);
	assert_int_equal(findings_reopen(&findings), OK);
	assert_int_equal(lines_read(config.findings_file, &read), 1);
	assert_int_equal(access(config.outgoing_file, F_OK), -1);
	assert_int_equal(findings.sources_erased, 0);
	findings_done(&findings);
}

static void what_cannot_be_opened_is_named(void **state)
{
	(void)state;
	const char *why = NULL;
	struct findings findings;
	struct config bad = config;
	snprintf(bad.outgoing_file, sizeof(bad.outgoing_file), "/nonexistent/outgoing");
	assert_int_equal(findings_init(&findings, &bad, &why), E_SYS);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(why, "/nonexistent/outgoing");
	findings_done(&findings);
	snprintf(bad.findings_file, sizeof(bad.findings_file), "%s", directory);
	assert_int_equal(findings_init(&findings, &bad, &why), E_SYS);
	assert_int_equal(errno, EISDIR);
	assert_string_equal(why, directory);
	findings_done(&findings);
}

/** One file's disk is full: its lines wait and are written when there is room; the other goes on. */
static void a_full_disk_delays_one_file(void **state)
{
	(void)state;
	struct finding finding, read;
	assert_int_equal(symlink("/dev/full", config.findings_file), 0);
	struct findings findings = findings_open();
	finding_example(&finding);
	findings_tell(&findings, &finding);
	findings_flush(&findings);
	struct line_file_counters own = line_file_counters_of(findings.own);
	assert_int_equal(own.waiting, 1);
	assert_int_equal(own.written, 0);
	assert_int_equal(own.last_errno, ENOSPC);
	assert_int_equal(lines_read(config.outgoing_file, &read), 1);
	assert_int_equal(unlink(config.findings_file), 0);
	assert_int_equal(findings_reopen(&findings), OK); /* there is room again */
	own = line_file_counters_of(findings.own);
	assert_int_equal(own.waiting, 0);
	assert_int_equal(own.written, 1);
	assert_int_equal(own.lost, 0);
	assert_int_equal(lines_read(config.findings_file, &read), 1);
	findings_done(&findings);
}

/** Rotation: the renamed file keeps what it has; where the new one cannot be made, the old goes on. */
static void files_are_opened_anew(void **state)
{
	(void)state;
	struct finding finding, read;
	char moved[128], hidden[128];
	struct findings findings = findings_open();
	finding_example(&finding);
	findings_tell(&findings, &finding);
	snprintf(moved, sizeof(moved), "%s.1", config.findings_file);
	assert_int_equal(rename(config.findings_file, moved), 0);
	assert_int_equal(findings_reopen(&findings), OK);
	findings_tell(&findings, &finding);
	assert_int_equal(lines_read(moved, &read), 1);
	assert_int_equal(lines_read(config.findings_file, &read), 1);
	assert_int_equal(lines_read(config.outgoing_file, &read), 2);
	snprintf(hidden, sizeof(hidden), "%s.hidden", directory);
	assert_int_equal(rename(directory, hidden), 0);
	assert_int_equal(findings_reopen(&findings), E_SYS);
	findings_tell(&findings, &finding);
	assert_int_equal(rename(hidden, directory), 0);
	assert_int_equal(lines_read(config.findings_file, &read), 2);
	assert_int_equal(unlink(moved), 0);
	findings_done(&findings);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int config_make(void **state)
{
	(void)state;
	config_init(&config);
	snprintf(config.findings_file, sizeof(config.findings_file), "%s/findings", directory);
	snprintf(config.outgoing_file, sizeof(config.outgoing_file), "%s/outgoing", directory);
	return 0;
}

static int files_remove(void **state)
{
	(void)state;
	(void)unlink(config.findings_file);
	(void)unlink(config.outgoing_file);
	config_done(&config);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, config_make, files_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_file_gets_its_copy),
		TEST(what_is_not_configured_is_not_written),
		TEST(what_cannot_be_opened_is_named),
		TEST(a_full_disk_delays_one_file),
		TEST(files_are_opened_anew),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
