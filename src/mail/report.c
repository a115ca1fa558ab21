/*
 * A table of days, then sums over them: what mails were, why, how far they were read, what could not be read, and what
 * the process itself had to endure. Figures that are all zero are left out, but for those that should be.
 */
#include "mail/report.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/units.h"
#include "mail/command.h"
#include "mail/daybook.h"
#include "mail/judge.h"
#include "mail/worker.h"

#define CONFIG_USUAL "/etc/hinomi/mail.conf"
#define DAYS_USUAL 7

static const char usage[] =
	"usage: hinomi mail report [--config FILE] [--days 1..62] [--json]\n\n"
	"What the milter counted in its report_file, day by day (UTC).\n\n"
	"  --config FILE        the milter's configuration; " CONFIG_USUAL "\n"
	"  --days N             the last N days on which anything was counted; 7\n"
	"  --json               a document of schema/mail_day.json a line\n\n"
	"Exit status: 0; 1 nothing is counted there, or a part could not be read; 2 usage.\n";

static const struct option option_table[] = {
	{"config", required_argument, NULL, 'c'},
	{"days", required_argument, NULL, 'd'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const int failures[DAYBOOK_FAILURE_COUNT] = {E_AGAIN, E_LIMIT, E_STATE, E_MALFORMED, E_NOMEM};

static uint64_t sum_of(const uint64_t *counts, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += counts[i];
	return sum;
}

static void day_write(int64_t day_ms, char ret_text[static 11])
{
	time_t day_s = (time_t)(day_ms / 1000);
	struct tm parts;
	gmtime_r(&day_s, &parts);
	(void)strftime(ret_text, 11, "%Y-%m-%d", &parts);
}

static void days_print(const struct mail_day *days, size_t count)
{
	printf("%-10s %9s %9s %9s %9s %9s %9s %16s\n", "day", "mails", "passed", "reported", "tagged", "held", "unread",
		"alerts of budget");
	for (size_t i = 0; i < count; i++) {
		const struct mail_day *day = &days[i];
		uint64_t judged = sum_of(day->actions, MAIL_ACTION_COUNT);
		uint64_t unread = sum_of(day->passed_unread, DAYBOOK_FAILURE_COUNT);
		char text[11], budget[48];
		day_write(day->day_ms, text);
		uint64_t alerts = day->actions[MAIL_TAG] + day->actions[MAIL_QUARANTINE];
		if (day->alerts_per_day == 0)
			(void)snprintf(budget, sizeof(budget), "%" PRIu64 ", no bound", alerts);
		else
			(void)snprintf(budget, sizeof(budget), "%" PRIu64 " of %" PRIu64, alerts, day->alerts_per_day);
		printf("%-10s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %16s\n", text, judged + unread,
			day->actions[MAIL_PASS], day->actions[MAIL_REPORT], day->actions[MAIL_TAG], day->actions[MAIL_QUARANTINE], unread,
			budget);
	}
}

static void line_print(const char *what, uint64_t count)
{
	if (count > 0)
		printf("  %9" PRIu64 "  %s\n", count, what);
}

static void rule_sum(struct mail_day *sum, const struct daybook_rule *rule)
{
	size_t i = 0;
	while (i < sum->rule_count && strcmp(sum->rules[i].rule, rule->rule) != 0)
		i++;
	if (i == DAYBOOK_RULES)
		return;
	if (i == sum->rule_count)
		sum->rules[sum->rule_count++] = (struct daybook_rule){.mails = 0};
	memcpy(sum->rules[i].rule, rule->rule, sizeof(rule->rule));
	sum->rules[i].mails += rule->mails;
}

static void days_sum(const struct mail_day *days, size_t count, struct mail_day *ret_sum)
{
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (size_t d = 0; d < count; d++) {
		const struct mail_day *day = &days[d];
		for (size_t i = 0; i < MAIL_ACTION_COUNT; i++)
			ret_sum->actions[i] += day->actions[i];
		for (size_t i = 0; i < MAIL_KIND_COUNT; i++)
			ret_sum->kinds[i] += day->kinds[i];
		for (size_t i = 0; i < MAIL_LEVEL_COUNT; i++)
			ret_sum->levels[i] += day->levels[i];
		for (size_t i = 0; i < MAIL_UNREAD_COUNT; i++)
			ret_sum->unread[i] += day->unread[i];
		for (size_t i = 0; i < DAYBOOK_FAILURE_COUNT; i++)
			ret_sum->passed_unread[i] += day->passed_unread[i];
		for (size_t i = 0; i < day->rule_count; i++)
			rule_sum(ret_sum, &day->rules[i]);
		ret_sum->over_budget += day->over_budget;
		ret_sum->workers_started += day->workers_started;
		ret_sum->forged_results += day->forged_results;
		ret_sum->findings_lost += day->findings_lost;
		ret_sum->unmarked += day->unmarked;
		ret_sum->clock_jumps += day->clock_jumps;
	}
}

static int rule_compare(const void *a, const void *b)
{
	const struct daybook_rule *first = a, *second = b;
	return first->mails != second->mails ? (first->mails < second->mails ? 1 : -1) : strcmp(first->rule, second->rule);
}

static void sums_print(struct mail_day *sum)
{
	static const char *const level_words[MAIL_LEVEL_COUNT] = {"L0 envelope and authentication results", "L1 headers",
		"L2 structure and types of attachments", "L3 hosts of links", "L4 structure of HTML", "L5 counted words"};
	printf("\nReported, tagged or held, by kind\n");
	for (size_t i = MAIL_IMPERSONATION; i < MAIL_KIND_COUNT; i++)
		printf("  %9" PRIu64 "  %s\n", sum->kinds[i], mail_kind_name((enum mail_kind)i));
	line_print("of them reported alone, since the day's alerts were spent", sum->over_budget);
	qsort(sum->rules, sum->rule_count, sizeof(sum->rules[0]), rule_compare);
	if (sum->rule_count > 0)
		printf("\nReasons, by mails that had them\n");
	for (size_t i = 0; i < sum->rule_count; i++)
		line_print(sum->rules[i].rule, sum->rules[i].mails);
	printf("\nHow far mails were read\n");
	for (size_t i = 0; i < MAIL_LEVEL_COUNT; i++)
		line_print(level_words[i], sum->levels[i]);
	printf("\nCould not be read\n");
	if (sum_of(sum->unread, MAIL_UNREAD_COUNT) + sum_of(sum->passed_unread, DAYBOOK_FAILURE_COUNT) == 0)
		printf("  nothing\n");
	for (unsigned i = 0; i < MAIL_UNREAD_COUNT; i++)
		line_print(mail_unread_words((enum mail_unread)(1u << i)), sum->unread[i]);
	for (size_t i = 0; i < DAYBOOK_FAILURE_COUNT; i++) {
		char text[96];
		(void)snprintf(text, sizeof(text), "passed unread: %s", worker_failure_words(failures[i]));
		line_print(text, sum->passed_unread[i]);
	}
	printf("\nThe process itself\n");
	printf("  %9" PRIu64 "  workers started\n", sum->workers_started);
	line_print("Authentication-Results forged in our name, taken away", sum->forged_results);
	line_print("findings that could not be written", sum->findings_lost);
	line_print("mails that the mail server did not let us mark", sum->unmarked);
	line_print("jumps of the clock by an hour or more: some days above may be false", sum->clock_jumps);
}

static int json_print(const struct mail_day *days, size_t count)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	for (size_t i = 0; i < count; i++) {
		char *line = NULL;
		if (document_write(&mail_day_document, &days[i], &line, complaint) != OK) {
			fprintf(stderr, "hinomi-mail: %s\n", complaint);
			return EXIT_UNREAD;
		}
		puts(line);
		free(line);
	}
	return EXIT_OK;
}

/** Whether anybody could look behind the pseudonyms of findings, and for how long. */
static void reveal_print(const struct config *config)
{
	char amount[UNITS_TEXT_BYTES];
	printf("\nAddresses behind findings\n");
	if (config_has_reveal(config))
		printf("  kept for %s, sealed for %s; opened by an order of re-identification alone\n",
			units_write(UNIT_MS, config->reveal_keep_ms, amount), config->reveal_key.name);
	else
		printf("  not kept, so nobody can be re-identified (reveal_key is not set)\n");
}

static int report_print(const struct config *config, size_t most_days, bool is_json)
{
	const char *path = config->report_file;
	static struct mail_day days[DAYBOOK_DAYS], sum;
	size_t count = 0, dropped = 0;
	if (daybook_read(path, days, &count, &dropped) != OK || count == 0) {
		fprintf(stderr, "hinomi-mail: %s: nothing is counted there: has the milter run with it as report_file?\n", path);
		return EXIT_UNREAD;
	}
	const struct mail_day *first = days + (count > most_days ? count - most_days : 0);
	count = count > most_days ? most_days : count;
	if (dropped > 0)
		fprintf(stderr, "hinomi-mail: %s: %zu lines are no days and were left out\n", path, dropped);
	int exit_code = dropped > 0 ? EXIT_UNREAD : EXIT_OK;
	if (is_json)
		return json_print(first, count) != EXIT_OK ? EXIT_UNREAD : exit_code;
	days_sum(first, count, &sum);
	days_print(first, count);
	sums_print(&sum);
	reveal_print(config);
	return exit_code;
}

int report_command(int argc, char **argv)
{
	static struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	const char *path = CONFIG_USUAL;
	uint64_t days = DAYS_USUAL;
	bool is_json = false, is_wrong = false;
	int code;
	while ((code = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		if (code == 'h') {
			fputs(usage, stdout);
			return EXIT_OK;
		}
		is_wrong = is_wrong || code == '?' ||
			(code == 'd' && (units_parse(UNIT_NONE, optarg, &days) != OK || days == 0 || days > DAYBOOK_DAYS));
		is_json = is_json || code == 'j';
		path = code == 'c' ? optarg : path;
	}
	if (is_wrong || optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (config_load(path, &config, complaint) != OK) {
		fprintf(stderr, "hinomi-mail: %s\n", complaint);
		return EXIT_USAGE;
	}
	if (config.report_file[0] == '\0') {
		fprintf(stderr, "hinomi-mail: %s: report_file is not set, so nothing is counted by day\n", path);
		return EXIT_UNREAD;
	}
	return report_print(&config, (size_t)days, is_json);
}
