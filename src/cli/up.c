/*
 * `hinomi up`: prepares a site and keeps its processes running. Keys and
 * ledger are made where they are missing, by the processes that own their
 * formats; everything that was written is judged by who will read it before
 * anything is started.
 *
 * Started in the order in which they need each other, ended the other way
 * round. One that ends is started again, after a longer while each time; one
 * that ends before it was ready for the first time ends the whole: then it is
 * the description that is wrong, not the day.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/site.h"
#include "cli/start.h"
#include "core/beside.h"
#include "core/clock.h"

#define READY_WAIT_NS (20 * NS_PER_S)
#define END_WAIT_NS (10 * NS_PER_S)
#define RESTART_MS_MIN 1000
#define RESTART_MS_MAX 60000
#define CALM_NS (60 * NS_PER_S) /* that long without an end: the next one is the first again */
#define TURN_MS 200
#define SAID_BYTES 4096
#define PARTS_MAX 5

/** One process of the site. */
struct part {
	const char *program, *config_name, *socket_name; /* config_name NULL: it plays exercises at its socket */
	bool is_enforcing; /* needed only where something is enforced */
	bool is_page; /* needed only where there is a page */
	bool is_exercise; /* and exercises are wanted there */
	pid_t pid; /* 0: not running */
	int64_t started_mono_ns, restart_mono_ns;
	int64_t restart_ms; /* how long to wait after the next end */
};

struct up {
	struct site site;
	struct part parts[PARTS_MAX];
	sigset_t signals;
};

static const struct part parts_wanted[PARTS_MAX] = {
	{.program = "hinomi-authority", .config_name = "etc/authority.conf", .socket_name = "run/authority.sock", .is_enforcing = true},
	{.program = "hinomi-effect", .config_name = "etc/effect.conf", .socket_name = "run/effect.sock", .is_enforcing = true},
	{.program = "hinomi-exercise", .socket_name = "run/exercise.sock", .is_page = true, .is_exercise = true},
	{.program = "hinomi-tower", .config_name = "etc/tower.conf", .socket_name = "run/tower.sock", .is_page = true},
	{.program = "hinomi-sensor", .config_name = "etc/sensor.conf", .socket_name = "run/sensor.sock"},
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "hinomi: up: %s: %s\n", what, why);
	return EXIT_UNREAD;
}

static bool is_wanted(const struct up *up, const struct part *part)
{
	return (!part->is_enforcing || up->site.place != SITE_WATCH) && (!part->is_page || up->site.page[0] != '\0') &&
		(!part->is_exercise || up->site.exercises);
}

/* Preparing. */

/** Keeps a second one away from the site, for as long as this process lives. */
static bool site_lock(const struct site *site)
{
	char path[SITE_PATH_BYTES];
	int fd = open(site_path(site, "run/lock", path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/** Reads what is left in a pipe of a program that has ended. */
static void pipe_read(int fd, char ret_text[static SAID_BYTES])
{
	ssize_t got = read(fd, ret_text, SAID_BYTES - 1);
	ret_text[got > 0 ? got : 0] = '\0';
}

/** Runs a program to its end; what it wrote to standard output stays in ret_said. @return its exit code, or -1 */
static int run(const char *name, char **argv, char ret_said[static SAID_BYTES])
{
	struct child child;
	char complaint[SAID_BYTES];
	if (start_child(name, argv, &child) != OK) {
		(void)complain(name, "cannot be started");
		return -1;
	}
	int exit_code = start_wait(&child);
	pipe_read(child.output_fd, ret_said);
	pipe_read(child.error_fd, complaint);
	fputs(complaint, stderr);
	close(child.output_fd);
	close(child.error_fd);
	close(child.progress_fd);
	return exit_code;
}

/** The last line of a text, without its newline; cut out of it. */
static char *last_line(char *text)
{
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	char *newline = strrchr(text, '\n');
	return newline != NULL ? newline + 1 : text;
}

/** The public half of a key, which is made where it is missing. */
static bool key_settle(const struct site *site, const char *name, char ret_vkey[static SITE_VKEY_BYTES])
{
	char file[SITE_PATH_BYTES], path[SITE_PATH_BYTES], said[SAID_BYTES];
	snprintf(file, sizeof(file), "keys/%s.key", name);
	(void)site_path(site, file, path);
	bool is_there = access(path, F_OK) == 0;
	char *show[] = {NULL, (char *)"key", (char *)"show", path, NULL};
	char *make[] = {NULL, (char *)"key", (char *)"new", path, (char *)"--name", (char *)name, NULL};
	if (run("hinomi-authority", is_there ? show : make, said) != 0)
		return false;
	snprintf(ret_vkey, SITE_VKEY_BYTES, "%s", last_line(said));
	return true;
}

static bool ledger_settle(const struct site *site)
{
	char directory[SITE_PATH_BYTES], key[SITE_PATH_BYTES], said[SAID_BYTES];
	if (access(site_path(site, "ledger", directory), F_OK) == 0)
		return true;
	char *make[] = {NULL, (char *)"ledger", (char *)"create", directory, (char *)"--key",
		(char *)site_path(site, "keys/ledger.key", key), NULL};
	return run("hinomi-authority", make, said) == 0;
}

/** The account with which a browser signs in for the first time; its token is kept in a file, for our eyes alone. */
static bool account_settle(const struct site *site)
{
	char config[SITE_PATH_BYTES], path[SITE_PATH_BYTES], said[SAID_BYTES];
	if (access(site_path(site, "keys/page.token", path), F_OK) == 0)
		return true;
	char *make[] = {NULL, (char *)"account", (char *)"operator", (char *)"--config",
		(char *)site_path(site, "etc/tower.conf", config), (char *)"--roles", (char *)"operator analyst inspector reader",
		(char *)"--token", NULL};
	if (run("hinomi-tower", make, said) != 0)
		return false;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool is_kept = fd >= 0 && dprintf(fd, "%s\n", last_line(said)) > 0;
	return fd >= 0 && close(fd) == 0 && is_kept;
}

/** Makes everything that the processes read, and has them judge it. */
static int prepare(struct up *up)
{
	static char vkeys[SITE_KEY_COUNT][SITE_VKEY_BYTES];
	const struct passwd *account = getpwuid(getuid());
	char config[SITE_PATH_BYTES], said[SAID_BYTES], tower[BESIDE_PATH_BYTES], page[BESIDE_PATH_BYTES] = "";
	if (site_folders_make(&up->site) != OK)
		return complain(up->site.directory, strerror(errno));
	if (!site_lock(&up->site))
		return complain(up->site.directory, errno == EWOULDBLOCK ? "is up already" : strerror(errno));
	if (account == NULL)
		return complain("account", "who starts this has no name on this machine");
	for (size_t i = 0; i < SITE_KEY_COUNT && up->site.place != SITE_WATCH; i++) {
		if (!key_settle(&up->site, site_key_names[i], vkeys[i]))
			return EXIT_UNREAD;
	}
	if (up->site.place != SITE_WATCH && !ledger_settle(&up->site))
		return EXIT_UNREAD;
	const char(*public)[SITE_VKEY_BYTES] = (const char(*)[SITE_VKEY_BYTES])vkeys;
	if (beside_program("hinomi-tower", tower))
		(void)beside_data(tower, "page", "index.html", page);
	if (site_files_write(&up->site, public, account->pw_name, page) != OK)
		return complain(up->site.directory, strerror(errno));
	for (size_t i = 0; i < PARTS_MAX; i++) {
		if (up->parts[i].config_name == NULL)
			continue;
		char *check[] = {NULL, (char *)"--check", (char *)site_path(&up->site, up->parts[i].config_name, config), NULL};
		if (is_wanted(up, &up->parts[i]) && run(up->parts[i].program, check, said) != 0)
			return EXIT_USAGE;
	}
	if (up->site.page[0] != '\0' && !account_settle(&up->site))
		return complain("the page's first account", "could not be made");
	return EXIT_OK;
}

/* Running. */

static int part_start(const struct up *up, struct part *part)
{
	char config[SITE_PATH_BYTES], socket_path[SITE_PATH_BYTES], scores[SITE_PATH_BYTES];
	(void)unlink(site_path(&up->site, part->socket_name, socket_path)); /* of a run that ended suddenly */
	char *play[] = {NULL, (char *)"serve", (char *)"--socket", socket_path, (char *)"--state",
		(char *)site_path(&up->site, "exercises", scores), NULL};
	char *work[] = {NULL, (char *)"--config", config, NULL};
	if (part->config_name != NULL)
		(void)site_path(&up->site, part->config_name, config);
	part->started_mono_ns = clock_mono_ns();
	int err = start_beside(part->program, part->config_name != NULL ? work : play, &part->pid);
	if (err != OK)
		part->pid = 0;
	return err;
}

static bool is_ready(const struct up *up, const struct part *part)
{
	char path[SITE_PATH_BYTES];
	struct stat file;
	return stat(site_path(&up->site, part->socket_name, path), &file) == 0 && S_ISSOCK(file.st_mode);
}

/** Takes note of a part that has ended. @return whether it has */
static bool part_reap(struct part *part, int *ret_status)
{
	if (part->pid == 0 || waitpid(part->pid, ret_status, WNOHANG) != part->pid)
		return false;
	part->pid = 0;
	return true;
}

/** The signal that asks for the end, within a turn; 0: none. */
static int signal_wait(const struct up *up, int wait_ms)
{
	const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * NS_PER_MS};
	int got = sigtimedwait(&up->signals, NULL, &wait);
	return got == SIGINT || got == SIGTERM || got == SIGHUP ? got : 0;
}

/** Starts a part and waits until it is ready. @return an exit code; -1: the end was asked for meanwhile */
static int part_bring_up(struct up *up, struct part *part)
{
	int status = 0;
	if (part_start(up, part) != OK)
		return complain(part->program, "cannot be started");
	while (!is_ready(up, part)) {
		if (part_reap(part, &status))
			return complain(part->program, "ended before it was ready; its lines above say why");
		if (clock_mono_ns() > part->started_mono_ns + READY_WAIT_NS)
			return complain(part->program, "is not ready after 20 s");
		if (signal_wait(up, TURN_MS / 4) != 0)
			return -1;
	}
	part->restart_ms = RESTART_MS_MIN;
	printf("%-17s running, pid %d\n", part->program, (int)part->pid);
	return EXIT_OK;
}

static void part_look_after(const struct up *up, struct part *part)
{
	int status = 0;
	int64_t now_mono_ns = clock_mono_ns();
	if (part_reap(part, &status)) {
		if (now_mono_ns > part->started_mono_ns + CALM_NS)
			part->restart_ms = RESTART_MS_MIN;
		printf("%-17s ended (%s %d), again in %lld s\n", part->program, WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (long long)(part->restart_ms / 1000));
		part->restart_mono_ns = now_mono_ns + part->restart_ms * NS_PER_MS;
		part->restart_ms = 2 * part->restart_ms < RESTART_MS_MAX ? 2 * part->restart_ms : RESTART_MS_MAX;
		return;
	}
	if (part->pid != 0 || now_mono_ns < part->restart_mono_ns)
		return;
	if (part_start(up, part) == OK)
		printf("%-17s running again, pid %d\n", part->program, (int)part->pid);
	else
		part->restart_mono_ns = now_mono_ns + part->restart_ms * NS_PER_MS;
}

/** Ends a part: asks, waits, and kills what does not listen. */
static void part_end(const struct up *up, struct part *part)
{
	int status = 0;
	int64_t until_mono_ns = clock_mono_ns() + END_WAIT_NS;
	if (part->pid == 0)
		return;
	(void)kill(part->pid, SIGTERM);
	while (!part_reap(part, &status) && clock_mono_ns() < until_mono_ns)
		(void)signal_wait(up, TURN_MS / 4);
	if (part->pid == 0)
		return;
	(void)kill(part->pid, SIGKILL);
	(void)waitpid(part->pid, &status, 0);
	printf("%-17s did not end by itself\n", part->program);
	part->pid = 0;
}

static int run_until_asked(struct up *up)
{
	int exit_code = EXIT_OK;
	for (size_t i = 0; i < PARTS_MAX && exit_code == EXIT_OK; i++) {
		if (is_wanted(up, &up->parts[i]))
			exit_code = part_bring_up(up, &up->parts[i]);
	}
	if (exit_code == EXIT_OK)
		printf("site %s is up: %s\n", up->site.name,
			up->site.place == SITE_WATCH ? "it sees and tells; nothing is enforced" : "nothing is enforced without an order");
	if (exit_code == EXIT_OK && up->site.page[0] != '\0')
		printf("page http://%s/, to sign in: the token in %s/keys/page.token\n", up->site.page, up->site.directory);
	while (exit_code == EXIT_OK) {
		if (signal_wait(up, TURN_MS) != 0)
			break;
		for (size_t i = 0; i < PARTS_MAX; i++) {
			if (is_wanted(up, &up->parts[i]))
				part_look_after(up, &up->parts[i]);
		}
	}
	for (size_t i = PARTS_MAX; i > 0; i--)
		part_end(up, &up->parts[i - 1]);
	return exit_code > 0 ? exit_code : EXIT_OK;
}

int up_command(int argc, char **argv)
{
	static struct up up;
	char complaint[CONF_COMPLAINT_BYTES];
	bool is_check = argc == 3 && strcmp(argv[1], "--check") == 0;
	if ((argc != 2 && !is_check) || strcmp(argv[1], "--help") == 0) {
		bool is_help = argc == 2;
		fputs("usage: hinomi up [--check] SITE\n\n"
			"Makes out of the description of a site what its processes need, starts them, and keeps them running\n"
			"until it is ended. --check: says whether the description is sound, and starts nothing.\n\n"
			"Exit status: 0 ended as asked, or sound; 1 something could not be made or started; 2 it is wrong.\n",
			is_help ? stdout : stderr);
		return is_help ? EXIT_OK : EXIT_USAGE;
	}
	if (site_load(argv[argc - 1], &up.site, complaint) != OK) {
		fprintf(stderr, "hinomi: up: %s\n", complaint);
		return EXIT_USAGE;
	}
	if (is_check) {
		printf("%s: sound (site %s)\n", argv[2], up.site.name);
		return EXIT_OK;
	}
	memcpy(up.parts, parts_wanted, sizeof(up.parts));
	if (sigemptyset(&up.signals) != 0 || sigaddset(&up.signals, SIGINT) != 0 || sigaddset(&up.signals, SIGTERM) != 0 ||
		sigaddset(&up.signals, SIGHUP) != 0 || sigaddset(&up.signals, SIGCHLD) != 0)
		return complain("signals", strerror(errno));
	if (setvbuf(stdout, NULL, _IOLBF, 0) != 0) /* whoever looks on, by a pipe too, sees each line at once */
		return complain("standard output", strerror(errno));
	int exit_code = prepare(&up);
	if (exit_code != EXIT_OK)
		return exit_code;
	if (sigprocmask(SIG_BLOCK, &up.signals, NULL) != 0)
		return complain("signals", strerror(errno));
	return run_until_asked(&up);
}
