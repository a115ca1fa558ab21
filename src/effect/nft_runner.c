/*
 * The child that runs nft. Over a socket pair come a command and the length
 * of a text, then the text; back go how it ended, the length of what it
 * wrote, and that. Texts travel through memfds on nft's side, so that no pipe
 * can fill up while nobody reads.
 *
 * nft gets a fixed path, fixed arguments and a fixed environment, no shell.
 */
#include "effect/nft_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/sandbox.h"
#include "rules/nft.h"

#define NFT_PATH "/usr/sbin/nft"

static const char *const command_arguments[NFT_COMMAND_COUNT][8] = {
	[NFT_COMMAND_PROBE] = {"nft", "-j", "list", "tables", NULL},
	[NFT_COMMAND_LOAD] = {"nft", "-j", "-f", "-", NULL},
	[NFT_COMMAND_LIST] = {"nft", "-j", "list", "table", "inet", "hinomi", NULL},
	[NFT_COMMAND_COUNTERS] = {"nft", "-j", "list", "counters", "table", "inet", "hinomi", NULL},
};
static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

struct nft_runner {
	int fd; /* of the socket pair */
};

struct request {
	uint32_t command;
	uint32_t unused;
	uint64_t input_bytes;
};

struct reply {
	int32_t error; /* OK, or as nft_runner_run() */
	uint32_t unused;
	uint64_t output_bytes; /* of standard output, or after an error of the line that tells why */
};

static bool all_send(int fd, const void *bytes, size_t length_bytes)
{
	const char *at = bytes;
	while (length_bytes > 0) {
		ssize_t sent = send(fd, at, length_bytes, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		length_bytes -= (size_t)sent;
	}
	return true;
}

static bool all_receive(int fd, void *ret_bytes, size_t length_bytes)
{
	char *at = ret_bytes;
	while (length_bytes > 0) {
		ssize_t got = recv(fd, at, length_bytes, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		length_bytes -= (size_t)got;
	}
	return true;
}

/* The child. */

static bool all_write(int fd, const char *bytes, size_t length_bytes)
{
	while (length_bytes > 0) {
		ssize_t wrote = write(fd, bytes, length_bytes);
		if (wrote <= 0)
			return false;
		bytes += wrote;
		length_bytes -= (size_t)wrote;
	}
	return true;
}

/** Waits for nft, and ends it when it takes too long. @return OK, E_STATE: it failed; E_SYS */
static int nft_wait(pid_t pid)
{
	int status = 0, watch = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd done = {.fd = watch, .events = POLLIN};
	bool is_done = watch >= 0 && poll(&done, 1, LIMIT_EFFECT_RUN_MS - 1000) == 1;
	if (!is_done)
		(void)kill(pid, SIGKILL);
	if (watch >= 0)
		close(watch);
	if (waitpid(pid, &status, 0) != pid || !is_done)
		return E_SYS;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : E_STATE;
}

static int nft_spawn(enum nft_command command, int in, int out, int err_fd)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return E_NOMEM;
	bool is_started = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) == 0 &&
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) == 0 &&
		posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO) == 0 &&
		posix_spawn(&pid, NFT_PATH, &actions, NULL, (char *const *)command_arguments[command], (char *const *)environment) == 0;
	posix_spawn_file_actions_destroy(&actions);
	return is_started ? nft_wait(pid) : E_SYS;
}

/** What a memfd holds, malloc'ed and NUL-terminated; NULL: no memory, or longer than a listing may be. */
static char *memory_read(int fd, size_t *ret_bytes)
{
	struct stat state;
	if (fstat(fd, &state) != 0 || state.st_size > NFT_TEXT_BYTES_MAX)
		return NULL;
	size_t length = (size_t)state.st_size, at = 0;
	char *text = malloc(length + 1);
	while (text != NULL && at < length) {
		ssize_t got = pread(fd, text + at, length - at, (off_t)at);
		if (got <= 0)
			break;
		at += (size_t)got;
	}
	if (text == NULL)
		return NULL;
	text[at] = '\0';
	*ret_bytes = at;
	return text;
}

/** Runs one command. @return OK or an error; the text is what it wrote, or the first line about what is wrong */
static int command_run(enum nft_command command, const char *input, size_t input_bytes, char **ret_text, size_t *ret_bytes)
{
	int in = memfd_create("nft-in", MFD_CLOEXEC), out = memfd_create("nft-out", MFD_CLOEXEC);
	int err_fd = memfd_create("nft-err", MFD_CLOEXEC), err = E_SYS;
	if (in >= 0 && out >= 0 && err_fd >= 0 && all_write(in, input, input_bytes) && lseek(in, 0, SEEK_SET) == 0)
		err = nft_spawn(command, in, out, err_fd);
	*ret_text = memory_read(err == OK ? out : err_fd, ret_bytes);
	if (err == OK && *ret_text == NULL)
		err = E_LIMIT;
	if (err != OK && *ret_text != NULL)
		*ret_bytes = strcspn(*ret_text, "\n");
	const int fds[] = {in, out, err_fd};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return err;
}

/** Serves one request; false: there will be no other. */
static bool request_serve(int fd)
{
	struct request request;
	if (!all_receive(fd, &request, sizeof(request)) || request.command <= NFT_COMMAND_NONE ||
		request.command >= NFT_COMMAND_COUNT || request.input_bytes > NFT_RUNNER_INPUT_BYTES_MAX)
		return false;
	char *input = malloc(request.input_bytes + 1), *text = NULL;
	size_t text_bytes = 0;
	if (input == NULL || !all_receive(fd, input, request.input_bytes)) {
		free(input);
		return false;
	}
	int err = command_run((enum nft_command)request.command, input, request.input_bytes, &text, &text_bytes);
	free(input);
	const struct reply reply = {.error = err, .output_bytes = text_bytes};
	bool is_sent = all_send(fd, &reply, sizeof(reply)) && (text_bytes == 0 || all_send(fd, text, text_bytes));
	free(text);
	return is_sent;
}

/** Keeps CAP_NET_ADMIN alone, so that nft inherits it whoever this runs as. */
static bool capabilities_keep(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	if (sandbox_drop(NULL, UINT64_C(1) << CAP_NET_ADMIN) != OK || syscall(SYS_capget, &header, data) != 0)
		return false;
	data[0].inheritable = data[0].permitted & 1u << CAP_NET_ADMIN;
	return syscall(SYS_capset, &header, data) == 0 &&
		(data[0].inheritable == 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0) == 0);
}

static _Noreturn void child_run(int fd)
{
	(void)prctl(PR_SET_NAME, "hinomi-nft");
	signal(SIGINT, SIG_IGN); /* the parent is told, and ends this by closing its end */
	signal(SIGTERM, SIG_IGN);
	if (capabilities_keep()) {
		while (request_serve(fd))
			;
	}
	_exit(0);
}

/* The parent. */

int nft_runner_new(struct nft_runner **ret_runner)
{
	int pair[2];
	struct nft_runner *runner = calloc(1, sizeof(*runner));
	if (runner == NULL)
		return E_NOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		free(runner);
		return E_SYS;
	}
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		child_run(pair[1]);
	}
	close(pair[1]);
	if (pid < 0) {
		int saved_errno = errno;
		close(pair[0]);
		free(runner);
		errno = saved_errno;
		return E_SYS;
	}
	runner->fd = pair[0];
	*ret_runner = runner;
	return OK;
}

void nft_runner_free(struct nft_runner *runner)
{
	if (runner == NULL)
		return;
	close(runner->fd); /* the child ends by itself; init collects it */
	free(runner);
}

int nft_runner_run(struct nft_runner *runner, enum nft_command command, const char *input, char **ret_output,
	size_t *ret_output_bytes, char ret_why[static NFT_RUNNER_WHY_BYTES])
{
	const struct request request = {.command = command, .input_bytes = input != NULL ? strlen(input) : 0};
	struct pollfd ready = {.fd = runner->fd, .events = POLLIN};
	struct reply reply;
	snprintf(ret_why, NFT_RUNNER_WHY_BYTES, "the process that runs nft is gone");
	if (request.input_bytes > NFT_RUNNER_INPUT_BYTES_MAX)
		return E_LIMIT;
	if (!all_send(runner->fd, &request, sizeof(request)) || !all_send(runner->fd, input, request.input_bytes) ||
		poll(&ready, 1, LIMIT_EFFECT_RUN_MS) != 1 || !all_receive(runner->fd, &reply, sizeof(reply)) ||
		reply.output_bytes > NFT_TEXT_BYTES_MAX)
		return E_SYS;
	char *output = malloc(reply.output_bytes + 1);
	if (output == NULL || !all_receive(runner->fd, output, reply.output_bytes)) {
		free(output);
		return E_NOMEM; /* the stream is lost with it: what follows fails */
	}
	output[reply.output_bytes] = '\0';
	if (reply.error == OK) {
		*ret_output = output;
		*ret_output_bytes = reply.output_bytes;
		return OK;
	}
	snprintf(ret_why, NFT_RUNNER_WHY_BYTES, "%s", output[0] != '\0' ? output : "cannot run " NFT_PATH ", or it took too long");
	free(output);
	return reply.error;
}
