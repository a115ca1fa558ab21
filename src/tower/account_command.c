/* Runs as whoever owns the store, and is the store's one writer meanwhile. */
#include "tower/account_command.h"

#include <getopt.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "tower/access.h"
#include "tower/config.h"

#define EXIT_DONE 0
#define EXIT_REFUSED 1
#define EXIT_USAGE 2

static const char usage[] =
	"usage: hinomi-tower account NAME --config FILE --roles ROLES [--member NAME] [--token] [--off]\n"
	"ROLES are some of operator analyst approver inspector reader sender, with a blank between;\n"
	"a sender speaks for a member, and whoever reads sees all of them\n";

struct options {
	const char *config, *roles, *member, *name;
	bool has_token, is_off;
};

static bool options_read(int argc, char **argv, struct options *ret_options)
{
	static const struct option table[] = {
		{"config", required_argument, NULL, 'c'}, {"roles", required_argument, NULL, 'r'}, {"member", required_argument, NULL, 'm'},
		{"token", no_argument, NULL, 't'}, {"off", no_argument, NULL, 'o'}, {NULL, 0, NULL, 0},
	};
	struct options options = {.member = ""};
	int code;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (code) {
		case 'c': options.config = optarg; break;
		case 'r': options.roles = optarg; break;
		case 'm': options.member = optarg; break;
		case 't': options.has_token = true; break;
		case 'o': options.is_off = true; break;
		default: return false;
		}
	}
	options.name = optind + 1 == argc ? argv[optind] : NULL;
	*ret_options = options;
	return options.config != NULL && options.roles != NULL && options.name != NULL &&
		strlen(options.roles) < DOCUMENT_NAME_BYTES && strlen(options.member) < DOCUMENT_NAME_BYTES &&
		member_name_is_sound(options.name) && access_roles_parse(options.roles) != 0 &&
		(access_roles_parse(options.roles) == ROLE_SENDER) == (options.member[0] != '\0');
}

static int fail(const char *why)
{
	fprintf(stderr, "hinomi-tower: %s\n", why);
	return EXIT_REFUSED;
}

static int account_put(struct store *store, const struct options *options)
{
	struct store_account account = {0};
	struct store_audit audit = {.at_ms = clock_wall_ns() / NS_PER_MS, .who = "", .act = "account.command", .is_allowed = true};
	char token[ACCESS_SECRET_BYTES] = "";
	int err = store_account(store, options->name, &account);
	if (err != OK && err != E_END)
		return err;
	snprintf(account.name, sizeof(account.name), "%s", options->name);
	snprintf(account.role, sizeof(account.role), "%s", options->roles);
	snprintf(account.member, sizeof(account.member), "%s", options->member);
	snprintf(audit.subject, sizeof(audit.subject), "%s", options->name);
	account.is_active = !options->is_off;
	account.changed_ms = audit.at_ms;
	if (options->has_token) {
		access_token_make(token, account.token_digest);
		account.has_token = true;
	}
	err = store_account_put(store, &account);
	if (err == OK)
		err = store_audit(store, &audit);
	if (err == OK)
		err = store_commit(store);
	if (err == OK && options->has_token)
		puts(token);
	sodium_memzero(token, sizeof(token));
	return err;
}

int account_command(int argc, char **argv)
{
	static struct config config;
	struct options options;
	struct store *store = NULL;
	char complaint[CONF_COMPLAINT_BYTES], why[WHY_BYTES] = "";
	if (!options_read(argc, argv, &options)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (config_load(options.config, &config, complaint) != OK)
		return fail(complaint);
	if (store_open(config.store, &store, why) != OK)
		return fail(why);
	int err = account_put(store, &options);
	int exit_code = err == OK ? EXIT_DONE : fail(store_why(store)[0] != '\0' ? store_why(store) : err_name(err));
	store_close(store);
	return exit_code;
}
