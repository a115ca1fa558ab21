/*
 * hinomi-mail scan, explain and learn: mails of files through the
 * engine. Each mail is judged at its own receive time, so a scan years later
 * says the same.
 *
 * scan    a line for each mail that would be tagged or held; the numbers at the end
 * explain everything that the judge saw of each mail, and its verdict
 * learn   the history learns what was received, or sent
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "mail/command.h"
#include "mail/explain.h"
#include "mail/judge.h"
#include "mail/mail_finding.h"
#include "mail/session.h"
#include "mail/trait_name.h"

struct scan {
	const struct command *command;
	struct session session;
	uint64_t actions[MAIL_ACTION_COUNT];
	uint64_t learned, failed;
	bool has_failed;
};

static int64_t judged_at(const struct mail_facts *facts)
{
	return facts->received_wall_ms > 0 ? facts->received_wall_ms : clock_wall_ns() / NS_PER_MS;
}

static void name_show(const char *name)
{
	for (; *name != '\0'; name++)
		(void)putchar((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}

static void finding_show(const struct scan *scan, const char *name, const char *mail, size_t length_bytes,
	const struct mail_facts *facts,
	const struct mail_verdict *verdict)
{
	if (!scan->command->is_json) {
		printf("%-10s %3u %%  L%d  ", mail_action_name(verdict->due), verdict->confidence, (int)verdict->level);
		name_show(name);
		printf("\n    %s\n", verdict->reason_count > 0 ? verdict->reasons[0].words : "");
		return;
	}
	const char *base = strrchr(name, '/');
	struct mail_finding_source source = {.sensor = base == NULL ? name : base + 1, .mail = mail, .mail_bytes = length_bytes,
		.has_key = scan->command->has_key};
	json_t *finding = mail_finding_make(&source, facts, verdict);
	char *line = finding == NULL ? NULL : json_dumps(finding, JSON_COMPACT | JSON_SORT_KEYS);
	if (line != NULL)
		puts(line);
	free(line);
	json_decref(finding);
}

static void progress_tell(struct scan *scan)
{
	if (scan->command->progress_fd >= 0 && scan->session.counts.mails % 256 == 0)
		(void)dprintf(scan->command->progress_fd, "progress %" PRIu64 " %" PRIu64 "\n", scan->session.counts.bytes, (uint64_t)0);
}

static int scan_take(void *context, const char *name, const char *mail, size_t length_bytes)
{
	struct scan *scan = context;
	static struct mail_facts facts;
	struct mail_verdict verdict;
	session_read(&scan->session, mail, length_bytes, &facts);
	engine_judge(scan->session.engine, &facts, judged_at(&facts), &verdict);
	scan->actions[verdict.due]++;
	if (verdict.due >= MAIL_TAG)
		finding_show(scan, name, mail, length_bytes, &facts, &verdict);
	progress_tell(scan);
	return OK;
}

static int explain_take(void *context, const char *name, const char *mail, size_t length_bytes)
{
	struct scan *scan = context;
	static struct mail_facts facts;
	struct mail_verdict verdict;
	session_read(&scan->session, mail, length_bytes, &facts);
	engine_judge(scan->session.engine, &facts, judged_at(&facts), &verdict);
	verdict.posed_as = scan->command->has_key ? verdict.posed_as : 0; /* under a key that nobody keeps it says nothing */
	json_t *document = json_pack("{s:o, s:o}", "verdict", explain_verdict(&verdict), "facts", explain_facts(&facts));
	if (document == NULL)
		return E_NOMEM;
	if (scan->command->is_json) {
		(void)json_object_set_new(document, "file", json_string(name));
		char *line = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
		puts(line != NULL ? line : "");
		free(line);
	} else {
		name_show(name);
		puts(":");
		explain_show(document, stdout);
	}
	json_decref(document);
	return OK;
}

static int learn_take(void *context, const char *name, const char *mail, size_t length_bytes)
{
	struct scan *scan = context;
	static struct mail_facts facts;
	(void)name;
	session_read(&scan->session, mail, length_bytes, &facts);
	facts.is_outbound = scan->command->is_sent || (facts.sender.traits & SENDER_OWN_DOMAIN) != 0;
	if ((facts.unread & (UNREAD_WORKER | UNREAD_TIME | UNREAD_NO_MAIL)) != 0 || engine_learn(scan->session.engine, &facts,
		judged_at(&facts)) != OK)
		scan->failed++;
	else
		scan->learned++;
	return OK;
}

/** Opens, reads all files, closes. @return exit code so far */
static int files_run(struct scan *scan, mail_taker *take)
{
	char why[WHY_BYTES] = "no memory";
	int exit_code = EXIT_OK;
	int err = session_open(scan->command, &scan->session, why);
	if (err != OK) {
		fprintf(stderr, "hinomi-mail: %s\n", why);
		return err == E_CONFIG ? EXIT_USAGE : EXIT_UNREAD;
	}
	if (take == learn_take && engine_learn_many(scan->session.engine, true) != OK) {
		fprintf(stderr, "hinomi-mail: learn needs a history that can be written: --history FILE --key FILE\n");
		session_close(&scan->session);
		return EXIT_USAGE;
	}
	for (char **file = scan->command->files; *file != NULL; file++) {
		if (mail_files_read(*file, take, scan, &scan->session.counts) != OK) {
			fprintf(stderr, "hinomi-mail: %s cannot be read\n", *file);
			exit_code = EXIT_UNREAD;
		}
	}
	if (take == learn_take && engine_learn_many(scan->session.engine, false) != OK)
		exit_code = EXIT_UNREAD;
	if (scan->session.counts.unreadable > 0 || scan->session.failed > 0)
		exit_code = EXIT_UNREAD;
	session_close(&scan->session);
	return exit_code;
}

static json_t *unread_explain(const struct session *session)
{
	json_t *unread = json_object();
	for (size_t i = 0; i < MAIL_UNREAD_COUNT; i++)
		(void)json_object_set_new(unread, mail_unread_names.names[i], json_integer((json_int_t)session->unread[i]));
	(void)json_object_set_new(unread, "files", json_integer((json_int_t)session->counts.unreadable));
	return unread;
}

int scan_run(const struct command *command)
{
	struct scan scan = {.command = command};
	int exit_code = files_run(&scan, scan_take);
	if (exit_code == EXIT_USAGE)
		return exit_code;
	const struct mail_files_counts *counts = &scan.session.counts;
	if (command->progress_fd >= 0) {
		json_t *done = json_pack("{s:I, s:I, s:I, s:I, s:o}", "files", (json_int_t)counts->files,
			"mails", (json_int_t)counts->mails, "others", (json_int_t)counts->others,
			"bytes", (json_int_t)counts->bytes, "refused", unread_explain(&scan.session));
		char *line = done == NULL ? NULL : json_dumps(done, JSON_COMPACT | JSON_SORT_KEYS);
		if (line != NULL)
			(void)dprintf(command->progress_fd, "done %s\n", line);
		free(line);
		json_decref(done);
	} else if (!command->is_json) {
		printf("Read %" PRIu64 " mails in %" PRIu64 " files at level %d: %" PRIu64 " to quarantine, %" PRIu64 " to tag, %" PRIu64
			" to report; %" PRIu64 " files could not be read", counts->mails, counts->files, command->config.level,
			scan.actions[MAIL_QUARANTINE], scan.actions[MAIL_TAG], scan.actions[MAIL_REPORT], counts->unreadable);
		if (counts->others > 0)
			printf(", %" PRIu64 " are no mails", counts->others);
		puts(".");
	}
	return fflush(stdout) == 0 ? exit_code : EXIT_UNREAD;
}

int explain_run(const struct command *command)
{
	struct scan scan = {.command = command};
	int exit_code = files_run(&scan, explain_take);
	return fflush(stdout) == 0 ? exit_code : EXIT_UNREAD;
}

int learn_run(const struct command *command)
{
	struct scan scan = {.command = command};
	int exit_code = files_run(&scan, learn_take);
	if (exit_code != EXIT_USAGE)
		printf("Learned of %" PRIu64 " mails; %" PRIu64 " could not be read. They count %" PRIu64 " hours after they came.\n",
		scan.learned,
			scan.failed, command->config.learn_after_ms / UINT64_C(3600000));
	return exit_code;
}
