/*
 * The hinomi command. It does nothing by itself: each subcommand starts the
 * process that can do a thing, or asks a running one, and shows what it says.
 * It needs no rights, and nothing it reads is trusted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/start.h"
#include "core/err.h"

static int check_command(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "--help") == 0) {
		fputs("usage: hinomi check CONFIG\n\nWhether a sensor's configuration is sound, in one line.\n\n"
			"Exit status: 0 it is; 1 something that it names cannot be read; 2 it is wrong.\n", argc == 2 ? stdout : stderr);
		return argc == 2 ? EXIT_OK : EXIT_USAGE;
	}
	char *sensor_argv[] = {argv[0], (char *)"--check", argv[1], NULL};
	return start_instead("hinomi-sensor", sensor_argv);
}

static int exercise_command(int argc, char **argv)
{
	(void)argc;
	return start_instead("hinomi-exercise", argv);
}

/** "mail VERB ...": the verbs of hinomi-mail. */
static int mail_command(int argc, char **argv)
{
	(void)argc;
	return start_instead("hinomi-mail", argv);
}

/** A verb of the authority's process: the same word there as here. */
static int authority_command(int argc, char **argv)
{
	char **whole = calloc((size_t)argc + 2, sizeof(*whole));
	if (whole == NULL)
		return EXIT_UNREAD;
	for (int i = 0; i < argc; i++) /* behind the program's own name */
		whole[i + 1] = argv[i];
	int exit_code = start_instead("hinomi-authority", whole);
	free(whole);
	return exit_code;
}

static int version_command(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("hinomi " HINOMI_VERSION);
	return EXIT_OK;
}

static int help_command(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis, *summary;
} commands[] = {
	{"scan", scan_command, "scan FILE...", "name the attacks in captures of packets or flow exports, and in mails"},
	{"up", up_command, "up SITE", "start all of a site on this machine, and keep it running"},
	{"status", status_command, "status", "what a running sensor sees now"},
	{"check", check_command, "check CONFIG", "whether a sensor's configuration is sound"},
	{"exercise", exercise_command, "exercise ...", "make labelled attacks to learn and test with"},
	{"mail", mail_command, "mail VERB ...", "explain a mail, teach who writes to us, check a directory, report by day, reveal"},
	{"orders", authority_command, "orders", "the orders that the authority knows, and what they wait for"},
	{"approve", authority_command, "approve ORDER ...", "show an order in plain words, and sign that it be done"},
	{"refuse", authority_command, "refuse ORDER ...", "likewise, that it not be done"},
	{"ratify", authority_command, "ratify ORDER ...", "likewise, that an urgent order go on"},
	{"withdraw", authority_command, "withdraw ORDER ...", "likewise, that it end now"},
	{"propose", authority_command, "propose FILE ...", "ask for a standing order, or who stands behind pseudonyms"},
	{"bundle", authority_command, "bundle ORDER", "an approved re-identification with its proof, for the mail host"},
	{"receipt", authority_command, "receipt FILE", "hand the mail host's receipt of one to the ledger"},
	{"key", authority_command, "key new|show FILE ...", "make a key, or show its public half"},
	{"ledger", authority_command, "ledger ...", "begin, verify, show or witness a ledger"},
	{"version", version_command, "version", "which version this is"},
	{"help", help_command, "help [COMMAND]", "this list, or the options of a command"},
};

/** The command of a name; the number of commands if there is none. */
static size_t command_find(const char *name)
{
	size_t i = 0;
	while (i < ARRAY_LEN(commands) && strcmp(commands[i].name, name) != 0)
		i++;
	return i;
}

static void commands_show(FILE *out)
{
	fputs("usage: hinomi COMMAND ...\n\nSees attacks on a network and names them.\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-21s  %s\n", commands[i].synopsis, commands[i].summary);
	fputs("\nExit status: 0 all well; 1 something could not be read or done; 2 the command line or the configuration\nis wrong.\n",
		out);
}

static int help_command(int argc, char **argv)
{
	size_t command = argc > 1 ? command_find(argv[1]) : ARRAY_LEN(commands);
	if (command < ARRAY_LEN(commands) && commands[command].run != help_command) {
		char *help_argv[] = {argv[1], (char *)"--help", NULL};
		return commands[command].run(2, help_argv);
	}
	commands_show(stdout);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		commands_show(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--version") == 0)
		argv[1] += strspn(argv[1], "-");
	if (strcmp(argv[1], "h") == 0)
		argv[1] = (char *)"help";
	size_t command = command_find(argv[1]);
	if (command == ARRAY_LEN(commands)) {
		fprintf(stderr, "hinomi: there is no such command; see hinomi help\n");
		return EXIT_USAGE;
	}
	return commands[command].run(argc - 1, argv + 1);
}
