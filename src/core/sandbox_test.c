/* Proves, in child processes, that the sandbox lets through what is on its lists and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sandbox.h"

static char directory[] = "/tmp/sandbox_test.XXXXXX";
static char inside[64], outside[64];

/** Runs an act in a child under a sandbox; returns what waitpid() says. */
static int run(enum sandbox_kind kind, enum sandbox_verdict verdict, enum sandbox_access access, int (*act)(void))
{
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		const struct sandbox_path paths[] = {{directory, access}, {"/nonexistent", SANDBOX_READ}};
		const struct sandbox_config config = {.kind = kind, .verdict = verdict, .paths = paths, .path_count = ARRAY_LEN(paths)};
		struct sandbox_report report;
		if (sandbox_drop(NULL, 0) != OK || sandbox_enter(&config, &report) != OK || report.paths_missing > 1)
			_exit(99);
		_exit(act());
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool has_seccomp(void)
{
	struct sandbox_report report = {0};
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const struct sandbox_config config = {.kind = SANDBOX_READER};
		if (sandbox_enter(&config, &report) != OK || write(ends[1], &report, sizeof(report)) != sizeof(report))
			_exit(1);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(read(ends[0], &report, sizeof(report)), sizeof(report));
	close(ends[0]);
	close(ends[1]);
	return report.has_seccomp;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	return fd >= 0 ? 0 : errno;
}

static int read_inside(void)
{
	return try_open(inside, O_RDONLY);
}

static int read_outside(void)
{
	return try_open(outside, O_RDONLY);
}

static int write_inside(void)
{
	return try_open(inside, O_WRONLY | O_CREAT | O_TRUNC);
}

static int write_outside(void)
{
	return try_open(outside, O_WRONLY);
}

static int open_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : errno;
}

static int become_root(void)
{
	return setuid(0) == 0 && access("/proc/1/mem", W_OK) == 0 ? 0 : EPERM;
}

static int raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1) >= 0 ? 0 : errno;
}

static void a_reader_reads_its_paths_only(void **state)
{
	(void)state;
	assert_int_equal(run(SANDBOX_READER, SANDBOX_ERRNO, SANDBOX_READ, read_inside), 0);
	assert_int_equal(WEXITSTATUS(run(SANDBOX_READER, SANDBOX_ERRNO, SANDBOX_READ, read_outside)), EACCES);
	assert_int_not_equal(run(SANDBOX_READER, SANDBOX_ERRNO, SANDBOX_WRITE, write_inside), has_seccomp() ? 0 : -1);
}

static void a_server_writes_its_paths_only(void **state)
{
	(void)state;
	assert_int_equal(run(SANDBOX_SERVER, SANDBOX_KILL, SANDBOX_WRITE, write_inside), 0);
	assert_int_equal(WEXITSTATUS(run(SANDBOX_SERVER, SANDBOX_KILL, SANDBOX_READ, write_inside)), EACCES);
	assert_int_equal(WEXITSTATUS(run(SANDBOX_SERVER, SANDBOX_KILL, SANDBOX_WRITE, write_outside)), EACCES);
}

static int read_pipe(void)
{
	return try_open("/proc/self/fd/9", O_RDONLY);
}

/** "FILE" may be /dev/stdin: a pipe takes no Landlock rule, and needs none. */
static void a_pipe_can_be_a_path(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_return_code(dup2(ends[0], 9), 0);
	pid_t pid = fork();
	if (pid == 0) {
		const struct sandbox_path paths[] = {{"/proc/self/fd/9", SANDBOX_READ}};
		const struct sandbox_config config = {.kind = SANDBOX_READER, .paths = paths, .path_count = 1};
		struct sandbox_report report;
		_exit(sandbox_enter(&config, &report) == OK ? read_pipe() : 99);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
	close(9);
}

static void other_calls_kill_or_fail(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	int status = run(SANDBOX_SERVER, SANDBOX_KILL, SANDBOX_READ, open_socket);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	assert_int_equal(WEXITSTATUS(run(SANDBOX_SERVER, SANDBOX_ERRNO, SANDBOX_READ, open_socket)), EPERM);
	status = run(SANDBOX_NONE, SANDBOX_KILL, SANDBOX_READ, read_inside);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static int number_compare(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : 1;
}

/* glibc asks once how much memory the machine has, before it sorts more than a page on the side. */
static int sort_much(void)
{
	int numbers[4096];
	for (int i = 0; i < 4096; i++)
		numbers[i] = i * 7919 % 4096;
	qsort(numbers, 4096, sizeof(numbers[0]), number_compare);
	return numbers[0] == 0 && numbers[4095] == 4095 ? 0 : 1;
}

static void sorting_much_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(run(SANDBOX_READER, SANDBOX_KILL, SANDBOX_READ, sort_much), 0);
	assert_int_equal(run(SANDBOX_SERVER, SANDBOX_KILL, SANDBOX_READ, sort_much), 0);
}

/** A connector makes Unix sockets and connects them, and makes no others. */
static int connect_local(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/none", directory);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 || errno == EPERM)
		return 1;
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 && errno == EPERM ? 0 : 2;
}

static void a_connector_connects_locally_only(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		const struct sandbox_config config = {.kind = SANDBOX_SERVER, .verdict = SANDBOX_ERRNO, .connects = true};
		struct sandbox_report report;
		_exit(sandbox_enter(&config, &report) == OK ? connect_local() : 99);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void *thread_answer(void *arg)
{
	return arg;
}

/** @return 0: a thread ran; 1: none can be started; 2: it can start programs too; 3: or make processes */
static int start_thread(void)
{
	pthread_t thread;
	int asked = 0;
	void *answer = NULL;
	if (pthread_create(&thread, NULL, thread_answer, &asked) != 0)
		return 1;
	if (pthread_join(thread, &answer) != 0 || answer != &asked)
		return 1;
	char *const words[] = {(char *)(uintptr_t)"true", NULL};
	if (execv("/bin/true", words) == 0 || errno != EPERM)
		return 2;
	return fork() < 0 && (errno == EPERM || errno == ENOSYS) ? 0 : 3;
}

static int run_threaded(bool has_threads)
{
	pid_t pid = fork();
	if (pid == 0) {
		const struct sandbox_path paths[] = {{"/", SANDBOX_READ}};
		const struct sandbox_config config = {
			.kind = SANDBOX_SERVER, .verdict = SANDBOX_ERRNO, .has_threads = has_threads, .paths = paths, .path_count = 1};
		struct sandbox_report report;
		_exit(sandbox_enter(&config, &report) == OK ? start_thread() : 99);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void threads_start_only_where_they_may_and_programs_never(void **state)
{
	(void)state;
	if (!has_seccomp())
		skip();
	assert_int_equal(run_threaded(true), 0);
	assert_int_equal(run_threaded(false), 1);
}

/** As run(), with capabilities dropped but no sandbox: the kernel's own verdicts. */
static int run_dropped(const char *user, int (*act)(void))
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(sandbox_drop(user, 0) == OK ? act() : 99);
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void dropped_capabilities_stay_dropped(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(raw_socket(), 0);
	assert_int_equal(run_dropped(NULL, raw_socket), EPERM);
	assert_int_equal(run_dropped("nobody", raw_socket), EPERM);
	assert_int_equal(run_dropped("nobody", become_root), EPERM);
	assert_int_equal(run_dropped("no-such-user-here", read_inside), 99);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(inside, sizeof(inside), "%s/inside", directory);
	snprintf(outside, sizeof(outside), "%s.outside", directory);
	return try_open(inside, O_WRONLY | O_CREAT) | try_open(outside, O_WRONLY | O_CREAT);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(inside) | unlink(outside) | rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_reads_its_paths_only),
		cmocka_unit_test(a_server_writes_its_paths_only),
		cmocka_unit_test(a_pipe_can_be_a_path),
		cmocka_unit_test(other_calls_kill_or_fail),
		cmocka_unit_test(sorting_much_is_allowed),
		cmocka_unit_test(a_connector_connects_locally_only),
		cmocka_unit_test(threads_start_only_where_they_may_and_programs_never),
		cmocka_unit_test(dropped_capabilities_stay_dropped),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
