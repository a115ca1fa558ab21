/* Starting the other programs. Pipes are ours to read; the child gets its three and nothing else. */
#include "cli/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/beside.h"

int start_instead(const char *name, char **argv)
{
	char path[BESIDE_PATH_BYTES];
	if (!beside_program(name, path)) {
		fprintf(stderr, "hinomi: %s is not installed beside this program\n", name);
		return 1;
	}
	argv[0] = path;
	execv(path, argv);
	fprintf(stderr, "hinomi: cannot start %s: %s\n", name, strerror(errno));
	return 1;
}

/** In the child: puts the pipes in place and becomes the program. Calls only what is safe after fork(). */
static _Noreturn void child_become(const char *path, char **argv, const int write_fds[static 3], pid_t parent)
{
	static const int places[3] = {STDOUT_FILENO, STDERR_FILENO, START_PROGRESS_FD};
	int high[3];
	for (size_t i = 0; i < 3; i++) /* out of the way of the places first */
		high[i] = fcntl(write_fds[i], F_DUPFD_CLOEXEC, 10);
	bool is_ready = prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent;
	for (size_t i = 0; i < 3; i++)
		is_ready = is_ready && high[i] >= 0 && dup2(high[i], places[i]) == places[i];
	if (is_ready)
		execv(path, argv);
	_exit(127);
}

static void pipes_close(int pipes[3][2])
{
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < 2; k++) {
			if (pipes[i][k] >= 0)
				(void)close(pipes[i][k]);
			pipes[i][k] = -1;
		}
	}
}

int start_child(const char *name, char **argv, struct child *ret_child)
{
	char path[BESIDE_PATH_BYTES];
	int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	if (!beside_program(name, path))
		return E_UNSUPPORTED;
	argv[0] = path;
	bool is_ready = true;
	for (size_t i = 0; i < 3; i++)
		is_ready = is_ready && pipe2(pipes[i], O_CLOEXEC) == 0 && fcntl(pipes[i][0], F_SETFL, O_NONBLOCK) == 0;
	pid_t parent = getpid(), pid = is_ready ? fork() : -1;
	if (pid < 0) {
		pipes_close(pipes);
		return E_SYS;
	}
	if (pid == 0)
		child_become(path, argv, (const int[]){pipes[0][1], pipes[1][1], pipes[2][1]}, parent);
	*ret_child = (struct child){.pid = pid, .output_fd = pipes[0][0], .error_fd = pipes[1][0], .progress_fd = pipes[2][0]};
	for (size_t i = 0; i < 3; i++)
		pipes[i][0] = -1; /* the caller's now */
	pipes_close(pipes);
	return OK;
}

int start_beside(const char *name, char **argv, pid_t *ret_pid)
{
	char path[BESIDE_PATH_BYTES];
	if (!beside_program(name, path))
		return E_UNSUPPORTED;
	argv[0] = path;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		sigset_t none;
		if (sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 &&
			getppid() == parent)
			execv(path, argv);
		_exit(127);
	}
	*ret_pid = pid;
	return pid > 0 ? OK : E_SYS;
}

int start_wait(const struct child *child)
{
	int status;
	pid_t pid;
	do {
		pid = waitpid(child->pid, &status, 0);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
