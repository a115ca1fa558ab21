/* Written down, given an account, started in the network that a browser is in, and asked until it answers. */
#include "exercise/tower.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/beside.h"
#include "core/clock.h"
#include "exercise/program.h"

#define PROGRAM "hinomi-tower"
#define PATH_BYTES 256
#define START_WAIT_NS (20 * NS_PER_S)
#define SAID_BYTES 4096

static int refuse(char why[static 160], int err, const char *what, const char *reason)
{
	(void)snprintf(why, 160, "%.90s: %.60s", what, reason);
	return err;
}

/** A port of loopback that is free: the one wished for, or one that the system gives. 0: none. */
static unsigned port_choose(unsigned wished)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t at_bytes = sizeof(at);
	unsigned port = 0;
	for (int attempt = 0; attempt < 2 && port == 0; attempt++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		const int yes = 1;
		at.sin_port = htons(attempt == 0 ? (uint16_t)wished : 0);
		if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
			bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && getsockname(fd, (struct sockaddr *)&at, &at_bytes) == 0)
			port = ntohs(at.sin_port);
		if (fd >= 0)
			(void)close(fd);
	}
	return port;
}

/** Whether the tower itself says that it serves: on a port that somebody else took, somebody else would answer. */
static bool is_serving(const char *log)
{
	char text[8192];
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return strstr(text, "serving listen=") != NULL;
}

const char *exercise_tower_origin(unsigned port, char ret_origin[static TOWER_TEXT_BYTES])
{
	(void)snprintf(ret_origin, TOWER_TEXT_BYTES, "http://localhost:%u", port);
	return ret_origin;
}

/** The program, and where its page lies ("" where it was not built). */
static int program_find(char ret_program[static BESIDE_PATH_BYTES], char ret_page[static BESIDE_PATH_BYTES], char why[static 160])
{
	if (!beside_program(PROGRAM, ret_program))
		return refuse(why, E_UNSUPPORTED, PROGRAM, "is not installed beside this program");
	(void)beside_data(ret_program, "page", "index.html", ret_page);
	return OK;
}

static int config_write(const char *directory, const char *page, const struct exercise_tower *tower, bool is_whole,
	char ret_path[static PATH_BYTES])
{
	unsigned port = tower->port;
	const char *mail_findings = tower->mail_findings;
	char origin[TOWER_TEXT_BYTES];
	const struct passwd *account = getpwuid(getuid());
	(void)snprintf(ret_path, PATH_BYTES, "%s/tower.conf", directory);
	FILE *file = fopen(ret_path, "we");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "name = \"exercise\"\nlisten = \"127.0.0.1:%u\"\norigin = \"%s\"\n", port, exercise_tower_origin(port, origin));
	fprintf(file, "socket = \"%s/" TOWER_SOCKET "\"\nstore = \"sqlite:%s/store\"\nplaces = \"%s/places\"\n", directory, directory,
		directory);
	fprintf(file, "exercise = \"%s/" TOWER_OFFICE "\"\n", directory);
	if (page[0] != '\0')
		fprintf(file, "page = \"%s\"\n", page);
	if (is_whole && mail_findings != NULL)
		fprintf(file, "follow \"%s\" { }\n", mail_findings);
	if (is_whole) {
		fprintf(file, "policy = \"%s/policy\"\nauthority = \"%s/authority.sock\"\nledger = \"%s/ledger\"\n", directory, directory,
			directory);
		fprintf(file, "follow \"%s/findings.jsonl\" { }\nsender \"site\" { users = {\"%s\"} }\n", directory,
			account != NULL ? account->pw_name : "root");
		fputs("recipient \"the exercise's ministry\" { form = ddos_jp basis = \"the agreement of this exercise, section 6\" "
			  "within = 72h }\n", file);
	}
	return fclose(file) == 0 ? OK : E_SYS;
}

/** An account that may do everything; to sign takes a passkey that the policy knows. */
static int account_make(const char *program, const char *config, char why[static 160], struct exercise_tower *tower)
{
	static const struct program_place here = {.net_fd = -1};
	char said[SAID_BYTES];
	const char *const argv[] = {program, "account", TOWER_GUEST, "--config", config, "--roles",
		"operator analyst approver inspector reader", "--token", NULL};
	int status = program_run(&here, argv, NULL, said, sizeof(said));
	const char *last = program_last_line(said);
	if (status != 0)
		return refuse(why, E_STATE, PROGRAM " account", last);
	(void)snprintf(tower->token, sizeof(tower->token), "%s", last);
	return OK;
}

/** Starts the program where browsers are, and waits until it answers. */
static int start(const char *program, const char *directory, const char *config, char why[static 160], struct exercise_tower *tower)
{
	char log[PATH_BYTES];
	(void)snprintf(log, sizeof(log), "%s/tower.log", directory);
	const struct program_place here = {.net_fd = -1, .log = log};
	const char *const argv[] = {program, "--config", config, NULL};
	int64_t until_ns = clock_mono_ns() + START_WAIT_NS;
	(void)unlink(log); /* of the time before */
	if (program_start(&here, argv, &tower->pid) != OK)
		return refuse(why, E_SYS, PROGRAM, strerror(errno));
	while (!is_serving(log)) {
		const struct timespec pause = {.tv_nsec = 20 * NS_PER_MS};
		if (!program_is_alive(tower->pid) || clock_mono_ns() > until_ns) {
			exercise_tower_close(tower);
			return refuse(why, E_STATE, PROGRAM, "did not start");
		}
		(void)nanosleep(&pause, NULL);
	}
	return OK;
}

static int prepare_at_home(const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower)
{
	char program[BESIDE_PATH_BYTES], page[BESIDE_PATH_BYTES], config[PATH_BYTES];
	int err = program_find(program, page, why);
	if (err != OK)
		return err;
	tower->has_page = page[0] != '\0';
	if (config_write(directory, page, tower, is_whole, config) != OK)
		return refuse(why, E_SYS, directory, strerror(errno));
	return account_make(program, config, why, tower);
}

static int start_at_home(const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower)
{
	char program[BESIDE_PATH_BYTES], page[BESIDE_PATH_BYTES], config[PATH_BYTES], origin[TOWER_TEXT_BYTES];
	int err = program_find(program, page, why);
	if (err == OK && tower->address[0] == '\0') { /* a port that is free now; from then on it is this one's */
		tower->port = port_choose(tower->port);
		(void)snprintf(tower->address, sizeof(tower->address), "%.100s/", exercise_tower_origin(tower->port, origin));
	}
	exercise_tower_close(tower);
	if (err == OK && config_write(directory, page, tower, is_whole, config) != OK)
		err = refuse(why, E_SYS, directory, strerror(errno));
	return err == OK ? start(program, directory, config, why, tower) : err;
}

/** Does something in the network that this program was started in, and comes back. */
static int at_home(int (*act)(const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower),
	const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower)
{
	int range_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err = E_SYS;
	why[0] = '\0';
	if (range_fd >= 0 && setns(program_home_net(), CLONE_NEWNET) == 0) {
		err = act(directory, is_whole, why, tower);
		if (setns(range_fd, CLONE_NEWNET) != 0 && err == OK)
			err = E_SYS;
	}
	if (err == E_SYS && why[0] == '\0')
		(void)refuse(why, err, "the tower's network", strerror(errno));
	if (range_fd >= 0)
		(void)close(range_fd);
	return err;
}

int exercise_tower_prepare(const char *directory, unsigned port, char why[static 160], struct exercise_tower *ret_tower)
{
	struct exercise_tower tower = {.port = port};
	int err = at_home(prepare_at_home, directory, false, why, &tower);
	if (err == OK)
		*ret_tower = tower;
	return err;
}

int exercise_tower_start(const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower)
{
	return at_home(start_at_home, directory, is_whole, why, tower);
}

void exercise_tower_close(struct exercise_tower *tower)
{
	(void)program_stop(&tower->pid);
}
