/* The command line of `ledger`. */
#include "authority/ledger_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/policy.h"
#include "record/text.h"

enum kind { KIND_TEXT = 0, KIND_LIST, KIND_FLAG };

#define OPTION(kind_, name_) .name = #name_, .kind = (kind_), .offset = offsetof(struct ledger_options, name_)
#define OPTION_LIST(name_, list_, count_) \
	.name = (name_), .kind = KIND_LIST, .offset = offsetof(struct ledger_options, list_), \
	.count_offset = offsetof(struct ledger_options, count_), .most = ARRAY_LEN(((struct ledger_options *)NULL)->list_)

static const struct row {
	const char *name;
	enum kind kind;
	size_t offset; /* of the text, the list or the flag */
	size_t count_offset; /* KIND_LIST */
	size_t most;
} rows[] = {
	{OPTION(KIND_TEXT, key)},
	{OPTION(KIND_TEXT, quorum)},
	{OPTION(KIND_TEXT, policy)},
	{OPTION(KIND_TEXT, older)},
	{OPTION(KIND_TEXT, out)},
	{OPTION(KIND_TEXT, state)},
	{OPTION(KIND_TEXT, socket)},
	{OPTION(KIND_TEXT, authority)},
	{OPTION(KIND_TEXT, every)},
	{OPTION_LIST("witness", witnesses, witness_count)},
	{OPTION_LIST("log", logs, log_count)},
	{.name = "json", .kind = KIND_FLAG, .offset = offsetof(struct ledger_options, is_json)},
	{.name = "help", .kind = KIND_FLAG, .offset = offsetof(struct ledger_options, is_help)},
};

/** Takes one option; false: there are too many of it. */
static bool option_take(const struct row *row, struct ledger_options *options)
{
	char *at = (char *)options + row->offset;
	size_t count = 0;
	const char *text = optarg;
	switch (row->kind) {
	case KIND_TEXT:
		memcpy(at, &text, sizeof(text));
		return true;
	case KIND_LIST:
		memcpy(&count, (const char *)options + row->count_offset, sizeof(count));
		if (count == row->most)
			return false;
		memcpy(at + count * sizeof(text), &text, sizeof(text));
		count++;
		memcpy((char *)options + row->count_offset, &count, sizeof(count));
		return true;
	case KIND_FLAG:
		memcpy(at, &(bool){true}, sizeof(bool));
		return true;
	}
	return false;
}

int ledger_options_read(int argc, char **argv, struct ledger_options *ret_options, const char **ret_complaint)
{
	struct option names[ARRAY_LEN(rows) + 1] = {0};
	int answer = 0, index = 0;
	size_t count = 0;
	*ret_options = (struct ledger_options){.key = NULL};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		names[i] = (struct option){rows[i].name, rows[i].kind == KIND_FLAG ? no_argument : required_argument, NULL, 0};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (answer != 0 || !option_take(&rows[index], ret_options)) {
			*ret_complaint = "an option that there is not, without its value, or too often";
			return E_CONFIG;
		}
	}
	for (; optind < argc; optind++) {
		if (count == LEDGER_ARGUMENTS_MAX) {
			*ret_complaint = "too many arguments";
			return E_CONFIG;
		}
		ret_options->arguments[count++] = argv[optind];
	}
	return OK;
}

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "hinomi: ledger: %s: %s\n", what, why);
	return E_CONFIG;
}

static int policy_trust(struct ledger_options *options)
{
	char complaint[CONF_COMPLAINT_BYTES];
	struct policy *policy = calloc(1, sizeof(*policy));
	if (policy == NULL)
		return complain(options->policy, "out of memory");
	int err = policy_load(options->policy, policy, complaint);
	if (err == OK)
		options->trust = policy->ledger;
	else
		fprintf(stderr, "hinomi: ledger: %s\n", complaint);
	free(policy);
	return err == OK ? OK : E_CONFIG;
}

int ledger_trust_read(struct ledger_options *options)
{
	uint64_t quorum = options->witness_count;
	struct proof_trust *trust = &options->trust;
	if (options->policy != NULL && (options->key != NULL || options->witness_count > 0 || options->quorum != NULL))
		return complain("--policy", "names the log and its witnesses itself");
	if (options->policy != NULL)
		return policy_trust(options);
	if (options->key == NULL)
		return complain("--key", "whose log is it? give its verifier key, or --policy");
	if (note_key_parse(options->key, strlen(options->key), &trust->log_key) != OK || trust->log_key.type != NOTE_KEY_ED25519)
		return complain("--key", "is not the verifier key of a log");
	for (size_t i = 0; i < options->witness_count; i++) {
		const char *text = options->witnesses[i];
		if (note_key_parse(text, strlen(text), &trust->witnesses[i]) != OK || trust->witnesses[i].type != NOTE_KEY_COSIGNATURE)
			return complain("--witness", "is not the verifier key of a witness");
	}
	if (options->quorum != NULL && (text_number_parse(options->quorum, strlen(options->quorum), &quorum) != OK ||
		quorum > options->witness_count))
		return complain("--quorum", "is not a number of the witnesses that are given");
	trust->witness_count = options->witness_count;
	trust->quorum = (size_t)quorum;
	return OK;
}
