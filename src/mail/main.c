/*
 * hinomi-mail: sees targeted mail. The first word says what to do; each verb has its own options, file and row in the
 * table below.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/command.h"
#include "mail/milter_command.h"
#include "mail/report.h"
#include "mail/reveal.h"

static const char usage[] =
	"usage: hinomi-mail milter --config FILE   take part in the mails of a mail server\n"
	"       hinomi-mail milter --check FILE    say whether a configuration is sound\n"
	"       hinomi-mail report [--config FILE] [--days N] [--json]\n"
	"       hinomi-mail reveal BUNDLE... --key FILE --secret FILE [OPTIONS]\n"
	"       hinomi-mail scan|explain|learn|people [OPTIONS] FILE...\n"
	"       hinomi-mail --version\n";

/** A verb: its arguments begin behind it. @return exit code */
typedef int verb_runner(int argc, char **argv);

static const struct {
	const char *name;
	verb_runner *run;
} verbs[] = {
	{"milter", milter_command},
	{"report", report_command},
	{"reveal", reveal_command},
	{"scan", files_command},
	{"explain", files_command},
	{"learn", files_command},
	{"people", files_command},
};

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	bool is_asked = strcmp(word, "--help") == 0;
	if (strcmp(word, "--version") == 0) {
		fputs("hinomi-mail " HINOMI_VERSION "\n", stdout);
		return EXIT_SUCCESS;
	}
	fputs(usage, is_asked ? stdout : stderr);
	return is_asked ? EXIT_SUCCESS : EXIT_USAGE;
}
