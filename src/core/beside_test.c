/* Proves where programs and data are looked for, in a folder that this test lays out as a build and as packages do. */
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

#include "core/beside.h"

static char root[] = "/tmp/hinomi-beside-XXXXXX";

static const char *below(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void data_is_found_where_a_build_or_packages_put_it(void **state)
{
	(void)state;
	static const char *const folders[] = {"bin", "tower", "tower/page", "tower/page/page", "share", "share/hinomi",
		"share/hinomi/page"};
	char program[256], found[BESIDE_PATH_BYTES];
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdir(below(folders[i]), 0700), 0);
	snprintf(program, sizeof(program), "%s", below("tower/hinomi-tower"));
	assert_false(beside_data(program, "page", "index.html", found)); /* the folder alone does not count */
	assert_string_equal(found, "");
	put("tower/page/page/index.html");
	assert_true(beside_data(program, "page", "index.html", found));
	assert_string_equal(found, below("tower/page/page"));
	snprintf(program, sizeof(program), "%s", below("bin/hinomi-tower"));
	assert_false(beside_data(program, "page", "index.html", found));
	put("share/hinomi/page/index.html");
	assert_true(beside_data(program, "page", "index.html", found));
	assert_true(strcmp(found + strlen(found) - strlen("/share/hinomi/page"), "/share/hinomi/page") == 0);
	assert_int_equal(unlink(below("tower/page/page/index.html")), 0);
	assert_int_equal(unlink(below("share/hinomi/page/index.html")), 0);
	for (size_t i = sizeof(folders) / sizeof(folders[0]); i > 0; i--)
		assert_int_equal(rmdir(below(folders[i - 1])), 0);
}

static void programs_are_found_beside_this_one_and_not_through_the_path(void **state)
{
	(void)state;
	char found[BESIDE_PATH_BYTES];
	assert_true(beside_program("beside_test", found)); /* this one */
	assert_int_equal(access(found, X_OK), 0);
	assert_false(beside_program("sh", found));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(root) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_found_where_a_build_or_packages_put_it),
		cmocka_unit_test(programs_are_found_beside_this_one_and_not_through_the_path),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
