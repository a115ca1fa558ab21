/* The authority's configuration: the table, and accounts by their names. */
#include "authority/config.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

static const char *set_users(void *into, const struct conf_option *option, const char *value)
{
	struct config_users *users = (struct config_users *)((char *)into + option->offset);
	if (value == NULL) {
		users->count = 0;
		return NULL;
	}
	const struct passwd *account = getpwnam(value);
	if (account == NULL)
		return "is no account on this machine";
	if (users->count == CONFIG_USERS_MAX)
		return "is one account too many";
	users->ids[users->count++] = account->pw_uid;
	return NULL;
}

#define PATH(member) \
	{.name = #member, .set = conf_set_place, .offset = offsetof(struct config, member), .max = CONFIG_PATH_BYTES}
#define USERS(member) {.name = #member, .set = set_users, .offset = offsetof(struct config, member), .is_list = true}

static const struct conf_option options[] = {
	PATH(policy),
	PATH(key),
	PATH(log_key),
	PATH(ledger),
	PATH(socket),
	{.name = "basis", .set = conf_set_text, .offset = offsetof(struct config, basis), .max = ORDER_TEXT_BYTES},
	{.name = "user", .set = conf_set_text, .offset = offsetof(struct config, user), .max = 32},
	USERS(sensors),
	USERS(effectors),
	USERS(people),
};
static const struct conf_option effector_options[] = {
	{.name = "socket", .set = conf_set_place, .offset = offsetof(struct config_effector, socket), .max = CONFIG_PATH_BYTES},
};

static const char *open_effector(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (strlen(title) >= DOCUMENT_NAME_BYTES)
		return "has a name of more than 63 bytes";
	if (config->outlet_count == CONFIG_EFFECTORS_MAX)
		return "is one effector too many";
	struct config_effector *effector = &config->outlets[config->outlet_count++];
	snprintf(effector->name, sizeof(effector->name), "%s", title);
	*ret_into = effector;
	return NULL;
}

static const char *open_root(void *root, const char *title, void **ret_into)
{
	(void)title;
	*ret_into = root;
	return NULL;
}

static const struct conf_option tower_options[] = {
	{.name = "socket", .set = conf_set_place, .offset = offsetof(struct config, tower), .max = CONFIG_PATH_BYTES},
	{.name = "member", .set = conf_set_text, .offset = offsetof(struct config, member), .max = DOCUMENT_NAME_BYTES},
	{.name = "process", .set = conf_set_text, .offset = offsetof(struct config, process), .max = DOCUMENT_NAME_BYTES},
	{.name = "every", .set = conf_set_units, .offset = offsetof(struct config, pulse_ms), .unit = UNIT_MS, .min = 100,
		.max = 60000},
};

static const struct conf_section sections[] = {
	{.name = "effector", .is_titled = true, .open = open_effector, .options = effector_options,
		.option_count = ARRAY_LEN(effector_options)},
	{.name = "tower", .open = open_root, .options = tower_options, .option_count = ARRAY_LEN(tower_options)},
};
static const struct conf_schema schema = {.options = options, .option_count = ARRAY_LEN(options), .sections = sections,
	.section_count = ARRAY_LEN(sections)};

int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	*ret_config = (struct config){
		.policy = "/etc/hinomi/policy",
		.key = "/etc/hinomi/authority.key",
		.log_key = "/etc/hinomi/ledger.key",
		.ledger = "/var/lib/hinomi-authority/ledger",
		.socket = "/run/hinomi-authority/authority.sock",
		.process = "authority",
		.pulse_ms = 1000,
	};
	int err = conf_load(&schema, path, ret_config, ret_complaint);
	if (err == OK && ret_config->basis[0] == '\0') {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: basis: on what law, contract or decision do orders rest?", path);
		err = E_CONFIG;
	}
	if (err == OK && ret_config->tower[0] != '\0' && (ret_config->member[0] == '\0' || ret_config->process[0] == '\0')) {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: tower: whose authority is this, and what is it called? member or "
			"process is missing", path);
		err = E_CONFIG;
	}
	for (size_t i = 0; err == OK && ret_config->tower[0] != '\0' && i < ret_config->outlet_count; i++) {
		if (strcmp(ret_config->outlets[i].name, ret_config->process) != 0)
			continue;
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: tower: an effector is called %s too: process must be another name",
			path, ret_config->process);
		err = E_CONFIG;
	}
	for (size_t i = 0; err == OK && i < ret_config->outlet_count; i++) {
		if (ret_config->outlets[i].socket[0] != '\0')
			continue;
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: effector %s: its socket is missing", path,
			ret_config->outlets[i].name);
		err = E_CONFIG;
	}
	return err;
}

bool config_has_user(const struct config_users *users, uid_t id)
{
	for (size_t i = 0; i < users->count; i++) {
		if (users->ids[i] == id)
			return true;
	}
	return false;
}
