/*
 * The conductor. The same attack goes at the same time into two networks,
 * one with Hinomi and one without; both have the same clients. What the
 * sensor and the authority tell is answered by the people of the exercise,
 * as the scenario decided, and is shown as it comes, with the clients'
 * success of each second beside it. In the end the ledger is verified, and
 * the times of receipts are taken from there.
 *
 * Bounded: in time by the scenario and LINGER, in packets by the scenario. A
 * signal ends the loop as the scenario's end does, so there is one way out.
 */
#include "exercise/run.h"

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "exercise/conductor.h"
#include "exercise/options.h"
#include "exercise/telling.h"

#define EXIT_SKIP 77
#define DIRECTORY_BYTES 64 /* of its path: sockets are in it, and theirs have 108 */
#define NAP_NS (100 * NS_PER_US) /* an attack that comes in bursts leaves gaps for clients, which real ones do not */
#define SLACK_NS 1000 /* of the kernel's timers, likewise */
#define TURN_PACKETS 512 /* sent before anything else is looked at */
#define LOOK_EVERY_NS (10 * NS_PER_MS)
#define PAGE_TURN_MS 200 /* and no longer until a signal is seen */
#define LINGER_NS (15 * NS_PER_S) /* after the last packet at most, for rules to be withdrawn */

static volatile int stop_signal; /* as sig_atomic_t, which is an int */

static void stop(int signal_number)
{
	stop_signal = signal_number;
}

static void signals_catch(void)
{
	struct sigaction action = {.sa_handler = stop};
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

static void loop(struct conductor *conductor)
{
	struct timespec nap = {.tv_nsec = NAP_NS};
	int64_t looked_ns = 0, end_ns = (int64_t)conductor->scenario.duration_ms * NS_PER_MS;

	(void)prctl(PR_SET_TIMERSLACK, SLACK_NS);
	while (stop_signal == 0 && !conductor->is_broken) {
		int64_t now_ns = conductor_now_ns(conductor);
		if (now_ns >= end_ns + LINGER_NS || (now_ns >= end_ns && conductor_is_over(conductor)))
			break;
		conductor_send(conductor, now_ns < end_ns ? now_ns : end_ns, TURN_PACKETS);
		if (now_ns - looked_ns >= LOOK_EVERY_NS) {
			conductor_look(conductor);
			looked_ns = now_ns;
		}
		if (traffic_due_ns(conductor->traffic) > conductor_now_ns(conductor))
			(void)nanosleep(&nap, NULL);
	}
}

static int file_remove(const char *path, const struct stat *stat, int flag, struct FTW *where)
{
	(void)stat;
	(void)flag;
	(void)where;
	(void)remove(path);
	return 0;
}

/* Makes the directory; ret_path is absolute. Returns OK or E_SYS, errno tells. */
static int directory_at(const char *keep, char ret_path[static DIRECTORY_BYTES])
{
	const char *temporary = getenv("TMPDIR");
	char made[DIRECTORY_BYTES];
	int length = snprintf(made, sizeof(made), "%s/hinomi-exercise-XXXXXX",
		temporary != NULL && temporary[0] == '/' ? temporary : "/tmp");
	if (keep == NULL && (length < 0 || (size_t)length >= sizeof(made))) {
		errno = ENAMETOOLONG;
		return E_SYS;
	}
	const char *directory = keep == NULL ? mkdtemp(made) : mkdir(keep, 0700) == 0 ? keep : NULL;
	char *absolute = directory != NULL ? realpath(directory, NULL) : NULL;
	int error = absolute != NULL ? OK : E_SYS;
	if (error == OK && strlen(absolute) >= DIRECTORY_BYTES) {
		errno = ENAMETOOLONG;
		error = E_SYS;
	}
	if (error == OK)
		memcpy(ret_path, absolute, strlen(absolute) + 1);
	free(absolute);
	return error;
}

/* A directory of its own, in a mount namespace of its own: what is mounted there nobody else sees. */
static int directory_make(const struct options *options, char ret_path[static DIRECTORY_BYTES], char why[static 160])
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
		(void)snprintf(why, 160, "no mount namespace of its own: %s (root is needed)", strerror(errno));
		return E_DENIED;
	}
	int error = directory_at(options->keep, ret_path);
	if (error != OK)
		(void)snprintf(why, 160, "%.80s: %s", options->keep != NULL ? options->keep : "/tmp", strerror(errno));
	return error;
}

/** Where a person sits before it, the page stays until he has seen enough. */
static void page_leave(struct conductor *conductor)
{
	const struct exercise_tower *page = defence_page(conductor->defence);
	if (page == NULL || isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
		return;
	printf("The page stays at %s until Ctrl-C\n", page->address);
	(void)fflush(stdout);
	while (stop_signal == 0)
		telling_turn(conductor, PAGE_TURN_MS);
}

static int play(struct conductor *conductor, const struct options *options)
{
	char why[160] = "", path[DIRECTORY_BYTES] = "";
	int code = 1;
	int error = directory_make(options, path, why);
	if (error == OK)
		error = telling_open(conductor, options, path, &stop_signal, why);
	if (error == OK)
		error = conductor_open(conductor, options, path, why);
	if (error == OK) {
		loop(conductor);
		code = conductor_close(conductor, stop_signal);
		page_leave(conductor);
	} else {
		fprintf(stderr, "hinomi-exercise: %s\n", why);
		code = error == E_DENIED || error == E_UNSUPPORTED ? EXIT_SKIP : 1;
	}
	conductor_abort(conductor);
	if (path[0] != '\0' && options->keep == NULL)
		(void)nftw(path, file_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return code;
}

int run_main(int argc, char **argv)
{
	struct options options = {.scenario = {.is_v4 = true, .seed = 1, .pps = 10000, .clients_pps = 0}, .effector = "xdp"};
	bool has_name = argc > 1 && argv[1][0] != '-';

	options.scenario_name = has_name ? argv[1] : NULL;
	if (options_parse(has_name ? argc - 1 : argc, has_name ? argv + 1 : argv, &options) != OK)
		return 2;
	if (options.vector == NULL && options.scenario_name == NULL)
		options.scenario_name = "december-26";
	struct conductor *conductor = calloc(1, sizeof(*conductor));
	if (conductor == NULL)
		return 1;
	int code = 2;
	if (options_scenario(&options, &conductor->scenario) == OK) {
		if (conductor->scenario.duration_ms > SCENARIO_PLAYABLE_MS) {
			fprintf(stderr, "hinomi-exercise: an exercise with clients takes %llu s at most\n", SCENARIO_PLAYABLE_MS / 1000ULL);
		} else {
			signals_catch();
			conductor->is_json = options.is_json;
			conductor->out = options.is_progress ? fopen("/dev/null", "we") : options.is_json ? stderr : stdout;
			if (options.page_port == 0)
				scenario_without_page(&conductor->scenario);
			code = play(conductor, &options);
		}
	}
	if (options.is_progress && conductor->out != NULL)
		(void)fclose(conductor->out);
	free(conductor);
	return code;
}
