/* Proves that a service manager is told once, by path and by abstract name, and what is said where it cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/ready.h"

static char folder[] = "/tmp/hinomi-ready-XXXXXX";

/** A manager's socket of that name, '@' first for the abstract namespace. */
static int manager_open(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t name_bytes = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(fd, errno);
	memcpy(addr.sun_path, name, name_bytes);
	if (name[0] == '@')
		addr.sun_path[0] = '\0';
	socklen_t addr_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_bytes);
	assert_return_code(bind(fd, (const struct sockaddr *)&addr, addr_bytes), errno);
	return fd;
}

static void told_once(const char *name)
{
	char got[64] = "";
	int fd = manager_open(name);
	assert_return_code(setenv("NOTIFY_SOCKET", name, 1), errno);
	assert_int_equal(ready_tell(), OK);
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 7);
	assert_string_equal(got, "READY=1");
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), -1);
	close(fd);
}

static void a_manager_is_told_by_either_name(void **state)
{
	(void)state;
	char path[64], name[64];
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/notify", folder);
	(void)snprintf(name, sizeof(name), "@%s", folder);
	told_once(path);
	told_once(name);
	assert_int_equal(ready_tell(), E_SYS); /* the manager is gone */
	assert_int_equal(errno, ECONNREFUSED);
	assert_return_code(unlink(path), errno);
	assert_return_code(rmdir(folder), errno);
}

static void nobody_asks_and_nonsense_is_refused(void **state)
{
	(void)state;
	char long_name[200];
	memset(long_name, '/', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_return_code(unsetenv("NOTIFY_SOCKET"), errno);
	assert_int_equal(ready_tell(), OK);
	const char *const wrong[] = {"", "/", "@", "notify", "vsock:2:1234", long_name};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_return_code(setenv("NOTIFY_SOCKET", wrong[i], 1), errno);
		assert_int_equal(ready_tell(), E_CONFIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_is_told_by_either_name),
		cmocka_unit_test(nobody_asks_and_nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
