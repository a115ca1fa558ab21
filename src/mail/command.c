/*
 * The command line of the verbs that read files: options, configuration, verb.
 * What reads mails is a worker without rights (worker.h).
 */
#include "mail/command.h"

#include <stdio.h>
#include <string.h>

#include "core/units.h"
#include "mail/people.h"

static int people_show(const struct command *command)
{
	char why[WHY_BYTES] = "no memory";
	int exit_code = EXIT_OK;
	for (char **file = command->files; *file != NULL; file++) {
		struct people *people = NULL;
		if (people_load(*file, NULL, 0, &people, why) != OK) {
			fprintf(stderr, "hinomi-mail: %s\n", why);
			exit_code = EXIT_UNREAD;
			continue;
		}
		struct people_counts counts = people_count(people);
		printf("%s: %zu people, %zu addresses, %zu spellings of names, %zu domains of organisations\n", *file, counts.people,
			counts.addresses,
			counts.forms, counts.domains);
		people_free(people);
	}
	return exit_code;
}

static const struct {
	const char *name;
	int (*run)(const struct command *command);
	const char *summary;
} verbs[] = {
	{"scan", scan_run, "names the mails that would be tagged or held"},
	{"explain", explain_run, "shows what is seen of a mail, and why the verdict is what it is"},
	{"learn", learn_run, "teaches the history who writes to us, or with --sent to whom we write"},
	{"people", people_show, "whether a directory (LDIF, vCard, CSV) can be read"},
};

static void help_show(FILE *out)
{
	fputs("usage: hinomi mail VERB [OPTIONS] FILE...\n\nMails in files: single ones, mbox, Maildir, directories.\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n  --config FILE        the milter's configuration\n"
		"  --people FILE        directory of protected people: LDIF, vCard or CSV\n"
		"  --protect DOMAIN     ours, or one that we must not be fooled about; may be given more than once\n"
		"  --history FILE       who wrote to us so far\n"
		"  --key FILE           secret of the history's pseudonyms; made where it is missing\n"
		"  --dns FILE           recorded DNS, with which signatures (DKIM, ARC) are verified\n"
		"  --authserv-id ID     whose Authentication-Results are believed\n"
		"  --level 0..5         how far mails are read; 4: up to the structure of HTML\n"
		"  --sent               learn: these are mails that we sent\n"
		"  --json               one document a line\n"
		"\nExit status: 0 every mail was read; 1 some was not; 2 usage.\n", out);
}

static bool text_set(char *ret_text, size_t room, const char *value)
{
	size_t length = strlen(value);
	if (length >= room)
		return false;
	memcpy(ret_text, value, length + 1);
	return true;
}

static bool domain_add(struct config *config, const char *value)
{
	if (config->domain_count == CONFIG_DOMAINS_MAX || !text_set(config->domains[config->domain_count], MAIL_HOST_BYTES, value))
		return false;
	config->domain_list[config->domain_count] = config->domains[config->domain_count];
	config->domain_count++;
	return true;
}

static bool number_set(const char *value, uint64_t most, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (units_parse(UNIT_NONE, value, &number) != OK || number > most)
		return false;
	*ret_number = number;
	return true;
}

/** An option with its value. @return whether there is such an option, and the value is one */
static bool option_set(struct command *command, const char *name, const char *value)
{
	struct config *config = &command->config;
	uint64_t number = 0;
	if (strcmp(name, "--people") == 0)
		return text_set(config->people, sizeof(config->people), value);
	if (strcmp(name, "--history") == 0)
		return text_set(config->history, sizeof(config->history), value);
	if (strcmp(name, "--key") == 0)
		return text_set(config->key, sizeof(config->key), value);
	if (strcmp(name, "--dns") == 0)
		return text_set(config->dns, sizeof(config->dns), value);
	if (strcmp(name, "--authserv-id") == 0)
		return text_set(config->authserv_id, sizeof(config->authserv_id), value);
	if (strcmp(name, "--protect") == 0)
		return domain_add(config, value);
	if (strcmp(name, "--level") == 0 && number_set(value, MAIL_LEVEL_COUNT - 1, &number)) {
		config->level = (int)number;
		return true;
	}
	if (strcmp(name, "--progress-fd") == 0 && number_set(value, 1023, &number)) {
		command->progress_fd = (int)number;
		return true;
	}
	return false;
}

/** Files move to the front of argv. @return exit code, EXIT_OK: go on */
static int options_read(int argc, char **argv, struct command *command)
{
	char complaint[CONF_COMPLAINT_BYTES];
	config_init(&command->config);
	for (int i = 0; i + 1 < argc; i++) { /* first, so that other options go over it */
		if (strcmp(argv[i], "--config") == 0 && config_load(argv[i + 1], &command->config, complaint) != OK) {
			fprintf(stderr, "hinomi-mail: %s\n", complaint);
			return EXIT_USAGE;
		}
	}
	bool is_option_over = false;
	for (int i = 0; i < argc; i++) {
		if (is_option_over || argv[i][0] != '-') {
			argv[command->file_count++] = argv[i];
		} else if (strcmp(argv[i], "--") == 0) {
			is_option_over = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			command->is_json = true;
		} else if (strcmp(argv[i], "--sent") == 0) {
			command->is_sent = true;
		} else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
			i++;
		} else if (i + 1 < argc && option_set(command, argv[i], argv[i + 1])) {
			i++;
		} else {
			fprintf(stderr, "hinomi-mail: %s is no option, or has no such value; see hinomi mail --help\n", argv[i]);
			return EXIT_USAGE;
		}
	}
	argv[command->file_count] = NULL;
	command->files = argv;
	command->has_key = command->config.key[0] != '\0';
	if (command->file_count == 0) {
		fprintf(stderr, "hinomi-mail: no file is named; see hinomi mail --help\n");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int files_command(int argc, char **argv)
{
	static struct command command = {.progress_fd = -1};
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[0], verbs[i].name) != 0)
			continue;
		if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
			help_show(stdout);
			return EXIT_OK;
		}
		int exit_code = options_read(argc - 1, argv + 1, &command);
		return exit_code != EXIT_OK ? exit_code : verbs[i].run(&command);
	}
	help_show(stderr);
	return EXIT_USAGE;
}
