/*
 * fork, into the namespace, standard descriptors in place, exec. Every other
 * descriptor of ours is close-on-exec. The child asks the kernel for SIGKILL
 * at its parent's death, and looks whether that has happened already.
 */
#include "exercise/program.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/beside.h"
#include "core/clock.h"

#define STOP_WAIT_NS (2 * NS_PER_S)
#define INPUT_BYTES_MAX 65536 /* what a pipe takes without a reader */

static int home_net_fd = -1;

void program_note_home(void)
{
	beside_note();
	home_net_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

int program_home_net(void)
{
	return home_net_fd;
}

/* In the child. Returns whether all is as it should be. */
static bool child_enter(const struct program_place *place, pid_t parent, int input_fd, int output_fd)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		(void)signal(caught[i], SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || setpgid(0, 0) != 0)
		return false;
	if (place->net_fd >= 0 && setns(place->net_fd, CLONE_NEWNET) != 0)
		return false;
	return dup2(input_fd, STDIN_FILENO) >= 0 && dup2(output_fd, STDOUT_FILENO) >= 0 && dup2(output_fd, STDERR_FILENO) >= 0;
}

static int log_open(const struct program_place *place)
{
	return place->log != NULL ? open(place->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
				  : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* Forks with these descriptors; in the child it goes on with run(), or becomes argv. */
static int child_fork(const struct program_place *place, int input_fd, int output_fd, int (*run)(void *), void *context,
	const char *const *argv, pid_t *ret_pid)
{
	ASSERT((run != NULL) != (argv != NULL));
	pid_t parent = getpid(), pid = input_fd >= 0 && output_fd >= 0 ? fork() : -1;
	if (pid < 0)
		return E_SYS;
	if (pid > 0) {
		*ret_pid = pid;
		return OK;
	}
	if (!child_enter(place, parent, input_fd, output_fd))
		_exit(PROGRAM_FAILED);
	if (run != NULL)
		_exit(run(context));
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv); /* which changes none of them */
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(PROGRAM_FAILED);
}

static int start(const struct program_place *place, int (*run)(void *), void *context, const char *const *argv, pid_t *ret_pid)
{
	int input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC), output_fd = log_open(place);
	int error = child_fork(place, input_fd, output_fd, run, context, argv, ret_pid);
	if (input_fd >= 0)
		(void)close(input_fd);
	if (output_fd >= 0)
		(void)close(output_fd);
	return error;
}

int program_start(const struct program_place *place, const char *const *argv, pid_t *ret_pid)
{
	return start(place, NULL, NULL, argv, ret_pid);
}

int program_start_read(const struct program_place *place, const char *const *argv, pid_t *ret_pid, int *ret_fd)
{
	int out[2] = {-1, -1}, input_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int error = pipe2(out, O_CLOEXEC) == 0 && fcntl(out[0], F_SETFL, O_NONBLOCK) == 0
		? child_fork(place, input_fd, out[1], NULL, NULL, argv, ret_pid) : E_SYS;
	if (error == OK)
		*ret_fd = out[0];
	else if (out[0] >= 0)
		(void)close(out[0]);
	if (out[1] >= 0)
		(void)close(out[1]);
	if (input_fd >= 0)
		(void)close(input_fd);
	return error;
}

int program_fork(const struct program_place *place, int (*run)(void *context), void *context, pid_t *ret_pid)
{
	return start(place, run, context, NULL, ret_pid);
}

static void output_read(int fd, char *ret_text, size_t text_bytes)
{
	char rest[512];
	size_t used_bytes = 0;
	ssize_t got = 1;
	while (got > 0) {
		size_t room_bytes = text_bytes - 1 - used_bytes;
		got = room_bytes > 0 ? read(fd, ret_text + used_bytes, room_bytes) : read(fd, rest, sizeof(rest));
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0 && room_bytes > 0)
			used_bytes += (size_t)got;
	}
	ret_text[used_bytes] = '\0';
}

static int status_wait(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return PROGRAM_FAILED;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(const struct program_place *place, const char *const *argv, const char *input, char *ret_text, size_t text_bytes)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, status = PROGRAM_FAILED;
	size_t input_bytes = input != NULL ? strlen(input) : 0;
	pid_t pid;

	ret_text[0] = '\0';
	if (input_bytes < INPUT_BYTES_MAX && pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
		write(in[1], input_bytes > 0 ? input : "", input_bytes) == (ssize_t)input_bytes &&
		child_fork(place, in[0], out[1], NULL, NULL, argv, &pid) == OK) {
		(void)close(in[1]);
		(void)close(out[1]);
		in[1] = out[1] = -1;
		output_read(out[0], ret_text, text_bytes);
		status = status_wait(pid);
	}
	for (size_t i = 0; i < 2; i++) {
		if (in[i] >= 0)
			(void)close(in[i]);
		if (out[i] >= 0)
			(void)close(out[i]);
	}
	return status;
}

int program_end(pid_t *pid)
{
	int status = status_wait(*pid);
	*pid = 0;
	return status;
}

bool program_is_alive(pid_t pid)
{
	siginfo_t info = {0};
	return pid != 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

int64_t program_stop(pid_t *pid)
{
	struct rusage usage = {0};
	struct timespec nap = {.tv_nsec = 5 * NS_PER_MS};
	int64_t until_ns = clock_mono_ns() + STOP_WAIT_NS;
	pid_t ended = 0;

	if (*pid == 0)
		return 0;
	(void)kill(*pid, SIGTERM);
	while (ended == 0 && clock_mono_ns() < until_ns) {
		ended = wait4(*pid, NULL, WNOHANG, &usage);
		if (ended == 0)
			(void)nanosleep(&nap, NULL);
	}
	if (ended == 0) {
		(void)kill(*pid, SIGKILL);
		while (wait4(*pid, NULL, 0, &usage) < 0 && errno == EINTR)
			;
	}
	*pid = 0;
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

const char *program_last_line(char *text)
{
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	const char *newline = strrchr(text, '\n');
	return newline != NULL ? newline + 1 : text;
}
