/* Each step is a verb of hinomi-authority, as people would use it; what it says when it fails is handed on. */
#include "exercise/people.h"

#include <fcntl.h>
#include <jansson.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exercise/address.h"
#include "exercise/tower.h"

#define SAID_BYTES 8192
#define VKEY_BYTES 256

static const char *const names[] = {"authority", "ledger", PEOPLE_EFFECTOR, PEOPLE_ASKS, PEOPLE_DUTY, PEOPLE_COMMISSION};
enum name { NAME_AUTHORITY = 0, NAME_LEDGER, NAME_EFFECTOR, NAME_ASKS, NAME_DUTY, NAME_COMMISSION, NAME_COUNT };

static const struct program_place here = {.net_fd = -1};

const char *people_path(const struct people *people, const char *name, char ret_path[static PEOPLE_PATH_BYTES])
{
	(void)snprintf(ret_path, PEOPLE_PATH_BYTES, "%s/%s", people->directory, name);
	return ret_path;
}

static const char *key_path(const struct people *people, const char *name, char ret_path[static PEOPLE_PATH_BYTES])
{
	(void)snprintf(ret_path, PEOPLE_PATH_BYTES, "%s/%s.key", people->directory, name);
	return ret_path;
}

/* Runs a verb; its text stays in said. */
static int verb_run(const char *const *argv, char said[static SAID_BYTES], char why[static 160])
{
	if (program_run(&here, argv, NULL, said, SAID_BYTES) == 0)
		return OK;
	(void)snprintf(why, 160, "hinomi-authority %s: %.110s", argv[1], program_last_line(said));
	return E_STATE;
}

__attribute__((format(printf, 3, 4))) static int file_write(const struct people *people, const char *name, const char *format, ...)
{
	char path[PEOPLE_PATH_BYTES];
	va_list args;
	int fd = open(people_path(people, name, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return E_SYS;
	va_start(args, format);
	int written = vdprintf(fd, format, args);
	va_end(args);
	return close(fd) == 0 && written > 0 ? OK : E_SYS;
}

static int keys_make(const struct people *people, char vkeys[static NAME_COUNT][VKEY_BYTES], char why[static 160])
{
	char said[SAID_BYTES], path[PEOPLE_PATH_BYTES];
	for (size_t i = 0; i < NAME_COUNT; i++) {
		const char *const argv[] = {people->authority, "key", "new", key_path(people, names[i], path), "--name", names[i], NULL};
		int error = verb_run(argv, said, why);
		if (error != OK)
			return error;
		(void)snprintf(vkeys[i], VKEY_BYTES, "%.255s", program_last_line(said));
	}
	return OK;
}

static int policy_write(const struct people *people, const struct scenario *scenario, uint64_t ratify_ms,
	char vkeys[static NAME_COUNT][VKEY_BYTES])
{
	char network[IP_PREFIX_TEXT_BYTES], guest[GUEST_POLICY_BYTES];
	return file_write(people, "policy",
		"authority = \"%s\"\nlog = \"%s\"\nwitness_quorum = 0\n"
		"member \"" PEOPLE_MEMBER "\" { networks = {\"%s\", \"%s\"} }\n"
		"effector \"" PEOPLE_EFFECTOR "\" { key = \"%s\" member = \"" PEOPLE_MEMBER "\" class = own_edge }\n"
		"person \"" PEOPLE_ASKS "\" { key = \"%s\" roles = {duty} may_request = yes }\n"
		"person \"" PEOPLE_DUTY "\" { key = \"%s\" roles = {duty} }\n"
		"person \"" PEOPLE_COMMISSION "\" { key = \"%s\" roles = {commission} }\n%s"
		"class \"own_edge\" {\n\tapprovals = {duty, commission}\n\tlongest = 10min\n\tanswer_within = 1min\n"
		"\twidest_v4 = 24\n\twidest_v6 = 48\n\tcollateral_permille = 50\n\trules = 16\n"
		"\tstanding = yes\n\tstanding_longest = 1d\n\turgent = yes\n\turgent_approvals = {duty}\n\tratify_within = %llums\n}\n",
		vkeys[NAME_AUTHORITY], vkeys[NAME_LEDGER], ip_prefix_write(&scenario->member, network),
		scenario->is_v4 ? ADDRESS_OTHER_V4 : ADDRESS_OTHER_V6, vkeys[NAME_EFFECTOR],
		vkeys[NAME_ASKS], vkeys[NAME_DUTY], vkeys[NAME_COMMISSION],
		guest_policy(people->guest, guest), (unsigned long long)ratify_ms);
}

/* Everything in an exercise runs as one account. */
static int config_write(const struct people *people)
{
	const struct passwd *account = getpwuid(getuid());
	const char *folder = people->directory, *user = account != NULL ? account->pw_name : "root";
	char tower[PEOPLE_PATH_BYTES + 64] = "";
	if (people->tells_tower)
		(void)snprintf(tower, sizeof(tower),
			"tower { socket = \"%.200s/" TOWER_SOCKET "\" member = \"" PEOPLE_MEMBER "\" }\n", folder);
	return file_write(people, "authority.conf",
		"policy = \"%s/policy\"\nkey = \"%s/authority.key\"\nlog_key = \"%s/ledger.key\"\nledger = \"%s/ledger\"\n"
		"socket = \"%s/authority.sock\"\nbasis = \"the agreement of this exercise, section 4\"\n"
		"sensors = {\"%s\"}\neffectors = {\"%s\"}\npeople = {\"%s\"}\n"
		"effector \"" PEOPLE_EFFECTOR "\" { socket = \"%s/effect.sock\" }\n%s",
		folder, folder, folder, folder, folder, user, user, user, folder, tower);
}

int people_settle(const struct people *people, const struct scenario *scenario, uint64_t ratify_ms, char why[static 160])
{
	char vkeys[NAME_COUNT][VKEY_BYTES], said[SAID_BYTES], ledger[PEOPLE_PATH_BYTES], key[PEOPLE_PATH_BYTES];
	int error = keys_make(people, vkeys, why);
	if (error != OK)
		return error;
	(void)snprintf(why, 160, "cannot write to %.120s", people->directory);
	if (policy_write(people, scenario, ratify_ms, vkeys) != OK || config_write(people) != OK)
		return E_SYS;
	const char *const argv[] = {people->authority, "ledger", "create", people_path(people, "ledger", ledger), "--key",
		key_path(people, names[NAME_LEDGER], key), NULL};
	return verb_run(argv, said, why);
}

/* The prefixes that the standing order is for; NULL where there are none. */
static json_t *scope_make(const struct scenario *scenario)
{
	char target[IP_PREFIX_TEXT_BYTES];
	json_t *scope = json_array();
	for (size_t i = 0; i < scenario->attack_count; i++) {
		if (scenario->attacks[i].decision == SCENARIO_STANDING)
			json_array_append_new(scope, json_string(ip_prefix_write(&scenario->attacks[i].target, target)));
	}
	if (json_array_size(scope) > 0)
		return scope;
	json_decref(scope);
	return NULL;
}

static int draft_write(const struct people *people, json_t *scope)
{
	char path[PEOPLE_PATH_BYTES];
	json_t *draft = json_pack("{s:s, s:s, s:[s], s:s, s:s, s:o, s:[s,s], s:[], s:[s,s,s], s:i, s:i, s:i, s:i}", "class",
		"own_edge", "member", PEOPLE_MEMBER, "effectors", PEOPLE_EFFECTOR, "why",
		"floods of services that cannot wait for a meeting", "basis", "the agreement of this exercise, section 5", "scope", scope,
		"kinds", "flood", "carpet_bombing", "vectors", "actions", "count", "drop", "limit", "rules_most", 16, "longest_s", 120,
		"stopped_least_permille", 500, "collateral_most_permille", 50);
	int failed = draft != NULL ? json_dump_file(draft, people_path(people, "standing.draft", path), JSON_INDENT(2)) : -1;
	json_decref(draft);
	return failed == 0 ? OK : E_SYS;
}

/* The last line of a proposal's text begins with the order's id. */
static void id_take(char *said, char ret_id[static 64])
{
	const char *line = program_last_line(said);
	size_t length = strcspn(line, " \n");
	length = length < 63 ? length : 63;
	memcpy(ret_id, line, length);
	ret_id[length] = '\0';
}

int people_say(const struct people *people, const char *verb, const char *order, const char *person, const char *reason,
	pid_t *ret_pid)
{
	char key[PEOPLE_PATH_BYTES], socket_path[PEOPLE_PATH_BYTES], policy[PEOPLE_PATH_BYTES], log[PEOPLE_PATH_BYTES];
	struct program_place where = {.net_fd = -1, .log = people_path(people, "people.log", log)};
	const char *const argv[] = {people->authority, verb, order, "--key", key_path(people, person, key), "--socket",
		people_path(people, "authority.sock", socket_path), "--policy", people_path(people, "policy", policy), "--reason", reason,
		"--yes", NULL};
	return program_start(&where, argv, ret_pid);
}

static int approve(const struct people *people, const char *order, const char *person, char why[static 160])
{
	pid_t pid;
	int error = people_say(people, "approve", order, person, "agreed before the exercise", &pid);
	if (error != OK || program_end(&pid) != 0) {
		(void)snprintf(why, 160, "%s cannot approve the standing order", person);
		return E_STATE;
	}
	return OK;
}

int people_stand(const struct people *people, const struct scenario *scenario, char why[static 160])
{
	char said[SAID_BYTES], draft[PEOPLE_PATH_BYTES], key[PEOPLE_PATH_BYTES], socket_path[PEOPLE_PATH_BYTES],
		policy[PEOPLE_PATH_BYTES];
	char id[64];
	json_t *scope = scope_make(scenario);
	if (scope == NULL)
		return OK;
	(void)snprintf(why, 160, "cannot write to %.120s", people->directory);
	if (draft_write(people, scope) != OK)
		return E_SYS;
	const char *const argv[] = {people->authority, "propose", people_path(people, "standing.draft", draft), "--key",
		key_path(people, PEOPLE_ASKS, key), "--socket", people_path(people, "authority.sock", socket_path), "--policy",
		people_path(people, "policy", policy), "--yes", NULL};
	int error = verb_run(argv, said, why);
	if (error != OK)
		return error;
	id_take(said, id);
	error = approve(people, id, PEOPLE_DUTY, why);
	return error == OK ? approve(people, id, PEOPLE_COMMISSION, why) : error;
}
