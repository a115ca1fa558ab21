/*
 * Stores for tests and benchmarks. The server is run by its own programs
 * (initdb, postgres) as the user that Debian's package made, since it refuses
 * root; it listens on a socket in its directory alone.
 */
#include "tower/store_example.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/random.h"
#include "record/finding_example.h"

#define PROGRAMS "/usr/lib/postgresql/15/bin"
#define START_STEPS 1500 /* of 20 ms until the server answers */

static void become(const struct passwd *user)
{
	if (user != NULL && (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
		_exit(126);
}

static const struct passwd *other_user(void)
{
	return geteuid() == 0 ? getpwnam("postgres") : NULL;
}

/** Starts a program as the other user, with its output thrown away. */
static pid_t start(const char *directory, const char *const *words)
{
	const struct passwd *user = other_user();
	pid_t child = fork();
	if (child != 0)
		return child;
	become(user);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (chdir(directory) != 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

static int run(const char *directory, const char *const *words)
{
	int status = 0;
	pid_t child = start(directory, words);
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? OK : E_SYS;
}

static int server_start(struct store_example *example, bool is_synced)
{
	char data[300], sockets[300], connection[400];
	const struct timespec pause = {.tv_nsec = 20000000};
	snprintf(data, sizeof(data), "%s/data", example->directory);
	snprintf(sockets, sizeof(sockets), "-k%s", example->directory);
	snprintf(connection, sizeof(connection), "host=%s user=hinomi dbname=postgres", example->directory);
	static const char program[] = PROGRAMS "/postgres";
	const char *const words[] = {program, "-D", data, sockets, "-h", "", "-c", is_synced ? "fsync=on" : "fsync=off",
		"-c", "shared_buffers=128MB", "-c", "max_wal_size=4GB", "-c", "max_connections=20", NULL};
	example->server = start(example->directory, words);
	for (unsigned step = 0; step < START_STEPS; step++) {
		int status = 0;
		if (example->server <= 0 || waitpid(example->server, &status, WNOHANG) != 0)
			return E_SYS;
		if (PQping(connection) == PQPING_OK)
			return OK;
		(void)nanosleep(&pause, NULL);
	}
	return E_SYS;
}

static int server_make(struct store_example *example, bool is_synced)
{
	char data[300];
	const struct passwd *user = other_user();
	snprintf(data, sizeof(data), "%s/data", example->directory);
	if (user != NULL && chown(example->directory, user->pw_uid, user->pw_gid) != 0)
		return E_SYS;
	static const char program[] = PROGRAMS "/initdb";
	const char *const words[] = {
		program, "-D", data, "-U", "hinomi", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", NULL};
	int err = run(example->directory, words);
	return err == OK ? server_start(example, is_synced) : err;
}

int store_example_begin(struct store_example *example, const char *backend, const char *parent, bool is_synced)
{
	bool is_server = strcmp(backend, "postgres") == 0;
	*example = (struct store_example){.server = 0};
	if (is_server && (access(PROGRAMS "/postgres", X_OK) != 0 || (geteuid() == 0 && other_user() == NULL)))
		return E_UNSUPPORTED;
	const char *root = parent != NULL ? parent : getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	snprintf(example->directory, sizeof(example->directory), "%s/hinomi-store-XXXXXX", root);
	if (mkdtemp(example->directory) == NULL)
		return E_SYS;
	int err = is_server ? server_make(example, is_synced) : OK;
	if (err == OK)
		err = store_example_place(example);
	if (err != OK)
		store_example_end(example);
	return err;
}

static void server_stop(struct store_example *example, int signal)
{
	int status = 0;
	if (example->server > 0 && kill(example->server, signal) == 0)
		(void)waitpid(example->server, &status, 0);
	example->server = 0;
}

void store_example_end(struct store_example *example)
{
	const char *const words[] = {"/bin/rm", "-rf", example->directory, NULL};
	server_stop(example, SIGQUIT);
	pid_t child = example->directory[0] != '\0' ? fork() : -1;
	if (child == 0) {
		execv(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	if (child > 0)
		(void)waitpid(child, NULL, 0);
}

int store_example_restart(struct store_example *example)
{
	server_stop(example, SIGQUIT); /* "immediate": as after a crash, it recovers from its log */
	int err = E_SYS;
	for (unsigned step = 0; step < START_STEPS && err != OK;
		 step++) { /* until the last of its processes has let go of its memory */
		const struct timespec pause = {.tv_nsec = 20000000};
		err = server_start(example, true);
		if (err != OK)
			(void)nanosleep(&pause, NULL);
	}
	return err;
}

int store_example_place(struct store_example *example)
{
	unsigned number = example->count++;
	if (example->server == 0) {
		snprintf(example->place, sizeof(example->place), "sqlite:%s/store%u", example->directory, number);
		return OK;
	}
	char text[400];
	snprintf(text, sizeof(text), "host=%s user=hinomi dbname=postgres", example->directory);
	PGconn *connection = PQconnectdb(text);
	snprintf(text, sizeof(text), "CREATE DATABASE store%u", number);
	PGresult *result = PQexec(connection, text);
	int err = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : E_SYS;
	PQclear(result);
	PQfinish(connection);
	snprintf(example->place, sizeof(example->place), "postgresql:host=%s user=hinomi dbname=store%u", example->directory, number);
	return err;
}

int64_t store_example_server_ns(const struct store_example *example)
{
	/* Each connection is a child of the server; those that have ended are in the server's own sums of children. */
	char path[64], text[1024];
	int64_t ticks = 0;
	if (example->server == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)example->server, (int)example->server);
	FILE *children = fopen(path, "re");
	int pid = (int)example->server;
	do {
		unsigned long long user = 0, system = 0, child_user = 0, child_system = 0;
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *stat = fopen(path, "re");
		size_t length = stat != NULL ? fread(text, 1, sizeof(text) - 1, stat) : 0;
		text[length] = '\0';
		const char *at = strrchr(text, ')');
		/* NOLINTNEXTLINE(cert-err34-c): the kernel's numbers; zero if it is not so */
		if (at != NULL && sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu", &user, &system,
							  &child_user, &child_system) == 4)
			ticks += (int64_t)(user + system + (pid == (int)example->server ? child_user + child_system : 0));
		if (stat != NULL)
			(void)fclose(stat);
	} while (children != NULL && fscanf(children, "%d", &pid) == 1); /* NOLINT(cert-err34-c): the kernel's numbers */
	if (children != NULL)
		(void)fclose(children);
	return ticks * (1000000000 / sysconf(_SC_CLK_TCK));
}

/* Findings. */

void store_example_finding(const struct store_example_flow *flow, uint64_t number, unsigned member, int64_t begin_ms,
	struct finding *ret_finding)
{
	struct finding *finding = ret_finding;
	uint64_t which = number / 3, round = which / flow->targets, target = which % flow->targets;
	uint64_t burst = round / flow->findings_per_target; /* after each, a pause that is longer than an incident's */
	finding_example(finding);
	finding->sequence = (uint32_t)(number % 3);
	finding->phase = finding->sequence == 0 ? FINDING_BEGIN : finding->sequence == 1 ? FINDING_CHANGE : FINDING_END;
	finding->target = (struct ip_prefix){ip_from_v4(0x0a000000 | (member & 0xff) << 16 | (uint32_t)(target & 0xffff)), 128};
	finding->window_start_ms = begin_ms + (int64_t)(round * 60000 + burst * 3600000 + target % 1000);
	finding->first_over_ms = finding->window_start_ms + 120;
	finding->window_end_ms = finding->window_start_ms + 1000 + 9000 * finding->sequence;
	finding->told_ms = finding->window_end_ms + 50;
	finding->packets = 100000 + 450000 * (uint64_t)finding->sequence;
	finding->bytes = finding->packets * 344;
	for (size_t i = 0; i < finding->vector_count; i++) {
		finding->vectors[i].start_ms = finding->window_start_ms;
		finding->vectors[i].end_ms = finding->window_end_ms;
		finding->vectors[i].packets = finding->packets * finding->vectors[i].packets_permille / 1000;
		finding->vectors[i].bytes = finding->bytes * finding->vectors[i].bytes_permille / 1000;
	}
	finding->listed_count = flow->sources < FINDING_SOURCES_MAX ? flow->sources : FINDING_SOURCES_MAX;
	for (size_t i = 3; i < finding->listed_count; i++) {
		finding->sources[i] = finding->sources[i % 3];
		finding->sources[i].addr = ip_from_v4(0xc6336400 + (uint32_t)(which * 7 + i));
		finding->sources[i].packets = 9000 - i;
	}
	finding_identify(finding);
}

int store_example_members(struct store *store, unsigned count)
{
	static struct member member; /* large */
	int err = OK;
	for (unsigned i = 0; i < count && err == OK; i++) {
		member = (struct member){.sector = (uint8_t)(1 + i % SECTOR_COUNT), .is_active = true, .changed_ms = STORE_EXAMPLE_NOW_MS,
			.changed_by = "hana", .network_count = 1};
		snprintf(member.name, sizeof(member.name), "member-%u", i);
		snprintf(member.title, sizeof(member.title), "Member %u", i);
		member.networks[0] = (struct ip_prefix){ip_from_v4(0x0a000000 | (i & 0xff) << 16), 112};
		err = store_member_put(store, &member);
	}
	return err == OK ? store_commit(store) : err;
}
