/* Proves who is given which file: by what is in it, in directories too, and whatever options stand between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/scan_files.h"

static char folder[] = "/tmp/hinomi-scan-files-XXXXXX";

static void put(const char *name, const void *bytes, size_t length_bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length_bytes), (ssize_t)length_bytes);
	close(fd);
}

static void put_capture(const char *name)
{
	put(name, "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8);
}

static int folder_make(void **state)
{
	(void)state;
	static const char mail[] = "From: a@example.jp\nTo: b@example.jp\n\ntext\n";
	if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("both", 0700) != 0 || mkdir("both/tmp", 0700) != 0 ||
	    mkdir("both/.hidden", 0700) != 0 || mkdir("flows", 0700) != 0 || mkdir("none", 0700) != 0)
		return -1;
	put("a.eml", mail, sizeof(mail) - 1);
	put("both/mail", mail, sizeof(mail) - 1);
	put("both/note", "nothing that is known\n", 22);
	put_capture("a.pcap");
	put_capture("both/b.pcap");
	put_capture("both/a.pcap");
	put_capture("both/tmp/c.pcap");
	put_capture("both/.hidden/d.pcap");
	put("flows/one", "\x0c\xa5\x02\x00", 4);
	return symlink("../a.pcap", "both/link.pcap");
}

static int folder_remove(void **state)
{
	(void)state;
	char command[64];
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

static void list(char *text, size_t text_bytes, char *const *items, size_t count)
{
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), text_bytes - strlen(text), "%s%s", i > 0 ? " " : "", items[i]);
}

static void each_file_goes_to_who_can_read_it(void **state)
{
	(void)state;
	static const struct {
		const char *line, *options, *captures, *mails;
	} cases[] = {
		{"scan a.pcap --json a.eml", "--json", "a.pcap", "a.eml"},
		{"scan both", "", "both/a.pcap both/b.pcap", "both"},
		{"scan flows", "", "flows/one", ""},
		{"scan none", "", "", "none"},
		{"scan --level 2 --protect=x a.eml --help", "--level 2 --protect=x --help", "", "a.eml"},
		{"scan --host-pps 5 - nowhere both/note both/link.pcap", "--host-pps 5", "/dev/stdin nowhere both/note both/link.pcap", ""},
		{"scan -- --json -", "", "--json -", ""},
		{"scan --network", "--network", "", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[128], text[256], *argv[16], *rest = NULL;
		struct scan_files files;
		size_t count = 0;
		snprintf(line, sizeof(line), "%s", cases[i].line);
		for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
			argv[count++] = word;
		argv[count] = NULL;
		assert_int_equal(scan_files_sort(argv, &files), OK);
		list(text, sizeof(text), files.options, files.option_count);
		assert_string_equal(text, cases[i].options);
		list(text, sizeof(text), files.captures, files.capture_count);
		assert_string_equal(text, cases[i].captures);
		list(text, sizeof(text), files.mails, files.mail_count);
		assert_string_equal(text, cases[i].mails);
		scan_files_done(&files);
	}
}

static void too_many_are_refused(void **state)
{
	(void)state;
	static char *argv[SCAN_CAPTURES_MAX + 3];
	struct scan_files files;
	argv[0] = (char *)"scan";
	for (size_t i = 1; i <= SCAN_CAPTURES_MAX + 1; i++)
		argv[i] = (char *)"a.pcap";
	assert_int_equal(scan_files_sort(argv, &files), E_LIMIT);
	scan_files_done(&files);
	argv[SCAN_CAPTURES_MAX + 1] = NULL;
	assert_int_equal(scan_files_sort(argv, &files), OK);
	scan_files_done(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_goes_to_who_can_read_it),
		cmocka_unit_test(too_many_are_refused),
	};
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
