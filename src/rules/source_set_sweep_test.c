/*
 * Proves that files of source sets go when they are too old, the oldest go where room is short, and none that an order
 * may need, nor any file that is no set.
 */
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

#include "rules/source_set.h"
#include "rules/source_set_sweep.h"

#define NOW_S INT64_C(1766707200)
#define SET_BYTES 20

struct world {
	char path[32];
	int directory_fd;
};

static int world_make(void **state)
{
	static struct world world;
	snprintf(world.path, sizeof(world.path), "/tmp/source_sweep_XXXXXX");
	assert_non_null(mkdtemp(world.path));
	world.directory_fd = open(world.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world.directory_fd >= 0);
	*state = &world;
	return 0;
}

static int world_end(void **state)
{
	struct world *world = *state;
	close(world->directory_fd);
	return rmdir(world->path);
}

/** Saves a set of one address, last changed so long ago. */
static const char *set_put(const struct world *world, uint8_t last, int64_t age_s, char name[static SOURCE_SET_NAME_BYTES])
{
	struct ip_addr addr = ip_from_v4(0xc6336400u + last);
	struct source_set *set = NULL;
	assert_int_equal(source_set_new(&addr, 1, &set), OK);
	assert_int_equal(source_set_save(set, world->directory_fd), OK);
	source_set_file_name(source_set_name(set), name);
	source_set_free(set);
	const struct timespec times[2] = {{.tv_sec = NOW_S - age_s}, {.tv_sec = NOW_S - age_s}};
	assert_int_equal(utimensat(world->directory_fd, name, times, 0), 0);
	return name;
}

static bool is_there(const struct world *world, const char *name)
{
	return faccessat(world->directory_fd, name, F_OK, 0) == 0;
}

static void what_is_too_old_goes(void **state)
{
	const struct world *world = *state;
	const struct source_set_sweep_config config = {.kept_s = 100, .spared_s = 50, .room_bytes = 1 << 20};
	char old[SOURCE_SET_NAME_BYTES], young[SOURCE_SET_NAME_BYTES], part[SOURCE_SET_NAME_BYTES + 16];
	struct source_set_sweep sweep;
	set_put(world, 1, 101, old);
	set_put(world, 2, 100, young);
	snprintf(part, sizeof(part), ".%s.4711", old);
	assert_int_equal(linkat(world->directory_fd, old, world->directory_fd, part, 0), 0);
	/* No sets: another name, another kind of file. */
	char other[SOURCE_SET_NAME_BYTES];
	snprintf(other, sizeof(other), "%.64s.txt", old);
	assert_int_equal(linkat(world->directory_fd, old, world->directory_fd, other, 0), 0);
	assert_int_equal(mkdirat(world->directory_fd, "d.set", 0700), 0);
	assert_int_equal(source_set_sweep(world->directory_fd, &config, NOW_S, &sweep), OK);
	assert_false(is_there(world, old) || is_there(world, part));
	assert_true(is_there(world, young) && is_there(world, other) && is_there(world, "d.set"));
	assert_int_equal(sweep.removed, 2);
	assert_int_equal(sweep.left, 1);
	assert_int_equal(sweep.left_bytes, SET_BYTES);
	/* What is named again is young again. */
	struct ip_addr addr = ip_from_v4(0xc6336402);
	struct source_set *set = NULL;
	struct stat info;
	assert_int_equal(source_set_new(&addr, 1, &set), OK);
	assert_int_equal(source_set_save(set, world->directory_fd), OK);
	assert_int_equal(fstatat(world->directory_fd, young, &info, 0), 0);
	assert_true(info.st_mtime > NOW_S);
	source_set_free(set);
	assert_int_equal(unlinkat(world->directory_fd, young, 0) | unlinkat(world->directory_fd, other, 0) |
		unlinkat(world->directory_fd, "d.set", AT_REMOVEDIR), 0);
}

static void where_room_is_short_the_oldest_go(void **state)
{
	const struct world *world = *state;
	const struct source_set_sweep_config config = {.kept_s = 100, .spared_s = 50, .room_bytes = 2 * SET_BYTES};
	char names[4][SOURCE_SET_NAME_BYTES];
	struct source_set_sweep sweep;
	static const int64_t ages_s[] = {60, 80, 10, 70};
	for (uint8_t i = 0; i < 4; i++)
		set_put(world, i, ages_s[i], names[i]);
	assert_int_equal(source_set_sweep(world->directory_fd, &config, NOW_S, &sweep), OK);
	assert_true(is_there(world, names[0]) && is_there(world, names[2]));
	assert_false(is_there(world, names[1]) || is_there(world, names[3]));
	assert_int_equal(sweep.removed, 2);
	/* Those that an order may need stay, and the caller is told how much they are. */
	const struct source_set_sweep_config tight = {.kept_s = 100, .spared_s = 50, .room_bytes = 1};
	assert_int_equal(source_set_sweep(world->directory_fd, &tight, NOW_S, &sweep), OK);
	assert_true(is_there(world, names[2]) && !is_there(world, names[0]));
	assert_int_equal(sweep.left_bytes, SET_BYTES);
	assert_int_equal(unlinkat(world->directory_fd, names[2], 0), 0);
	assert_int_equal(source_set_sweep(-1, &config, NOW_S, &sweep), E_SYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_too_old_goes, world_make, world_end),
		cmocka_unit_test_setup_teardown(where_room_is_short_the_oldest_go, world_make, world_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
