/* The tower's configuration: the table, and accounts by their names. */
#include "tower/config.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

static const char *set_listen(void *into, const struct conf_option *option, const char *value)
{
	bool is_local = value[0] == '/' || strncmp(value, "127.0.0.1:", 10) == 0 || strncmp(value, "[::1]:", 6) == 0;
	return is_local ? conf_set_text(into, option, value) : "must be a path, 127.0.0.1:PORT or [::1]:PORT: TLS is the proxy's";
}

static const char *set_origin(void *into, const struct conf_option *option, const char *value)
{
	const char *host = strncmp(value, "https://", 8) == 0 ? value + 8 : strncmp(value, "http://", 7) == 0 ? value + 7 : "";
	bool is_sound = host[0] != '\0' && strchr(host, '/') == NULL;
	return is_sound ? conf_set_text(into, option, value)
		: "must be https://HOST or http://HOST, as the browser shows it, without a path";
}

static const char *set_users(void *into, const struct conf_option *option, const char *value)
{
	struct config_sender *sender = into;
	(void)option;
	if (value == NULL) {
		sender->user_count = 0;
		return NULL;
	}
	const struct passwd *account = getpwnam(value);
	if (account == NULL)
		return "is no account on this machine";
	if (sender->user_count == CONFIG_USERS_MAX)
		return "is one account too many";
	sender->users[sender->user_count++] = account->pw_uid;
	return NULL;
}

#define KEEP(text, class) \
	{.name = (text), .offset = offsetof(struct config, keep_ms[class]), .set = conf_set_units, .unit = UNIT_MS, .min = 86400000, \
		.max = UINT64_C(36500) * 86400000}
#define PLACE(member) .name = #member, .offset = offsetof(struct config, member)
#define PATH(member) {PLACE(member), .set = conf_set_place, .max = CONFIG_PATH_BYTES}
#define TEXT(member) {PLACE(member), .set = conf_set_text, .max = sizeof(((struct config *)NULL)->member)}

static const struct conf_option options[] = {
	TEXT(name),
	{PLACE(listen), .set = set_listen, .max = CONFIG_PATH_BYTES},
	{PLACE(origin), .set = set_origin, .max = CONF_VALUE_BYTES},
	{PLACE(proxy), .set = conf_set_bool},
	PATH(socket),
	TEXT(store),
	PATH(policy),
	PATH(authority),
	PATH(exercise),
	PATH(ledger),
	PATH(page),
	PATH(places),
	TEXT(user),
	{PLACE(threads), .set = conf_set_units, .unit = UNIT_NONE, .min = 1, .max = 64},
	{.name = "session", .offset = offsetof(struct config, session_ms), .set = conf_set_units, .unit = UNIT_MS, .min = 60000,
		.max = 30 * UINT64_C(86400000)},
	{.name = "silent", .offset = offsetof(struct config, silent_ms), .set = conf_set_units, .unit = UNIT_MS, .min = 1000,
		.max = 86400000},
	KEEP("keep_findings", STORE_CLASS_FINDINGS),
	KEEP("keep_sources", STORE_CLASS_SOURCES),
	KEEP("keep_health", STORE_CLASS_HEALTH),
	KEEP("keep_documents", STORE_CLASS_DOCUMENTS),
	KEEP("keep_lookups", STORE_CLASS_LOOKUPS),
	KEEP("keep_mails", STORE_CLASS_MAILS),
	{PLACE(requests_per_s), .set = conf_set_units, .unit = UNIT_NONE, .min = 1, .max = 100000},
};
static const struct conf_option sender_options[] = {
	{.name = "users", .set = set_users, .is_list = true},
	{.name = "member", .set = conf_set_text, .offset = offsetof(struct config_sender, member), .max = DOCUMENT_NAME_BYTES},
};

static const struct conf_option recipient_options[] = {
	{.name = "form", .set = conf_set_choice, .offset = offsetof(struct report_recipient, form), .choices = report_form_names},
	{.name = "basis", .set = conf_set_text, .offset = offsetof(struct report_recipient, basis),
		.max = sizeof(((struct report_recipient *)NULL)->basis)},
	{.name = "within", .set = conf_set_units, .offset = offsetof(struct report_recipient, within_ms), .unit = UNIT_MS, .min = 60000,
		.max = UINT64_C(366) * 86400000},
};

static const char *open_recipient(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (strlen(title) >= sizeof(config->recipients[0].name))
		return "has a name of more than 199 bytes";
	if (config->recipient_count == REPORT_RECIPIENTS_MAX)
		return "is one recipient too many";
	struct report_recipient *recipient = &config->recipients[config->recipient_count++];
	snprintf(recipient->name, sizeof(recipient->name), "%s", title);
	*ret_into = recipient;
	return NULL;
}

static const char *open_sender(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (strlen(title) >= DOCUMENT_NAME_BYTES)
		return "has a name of more than 63 bytes";
	if (config->sender_count == CONFIG_SENDERS_MAX)
		return "is one sender too many";
	struct config_sender *sender = &config->senders[config->sender_count++];
	snprintf(sender->name, sizeof(sender->name), "%s", title);
	*ret_into = sender;
	return NULL;
}

static const struct conf_option follow_options[] = {
	{.name = "member", .set = conf_set_text, .offset = offsetof(struct config_follow, member), .max = DOCUMENT_NAME_BYTES},
};

static const char *open_follow(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (title[0] != '/' || strlen(title) >= CONFIG_PATH_BYTES)
		return "must be a path that begins with /, of at most 107 bytes";
	if (config->follow_count == FEEDER_FILES_MAX)
		return "is one file too many";
	struct config_follow *follow = &config->follows[config->follow_count++];
	snprintf(follow->path, sizeof(follow->path), "%s", title);
	*ret_into = follow;
	return NULL;
}

static const struct conf_section sections[] = {
	{.name = "follow", .is_titled = true, .open = open_follow, .options = follow_options,
		.option_count = ARRAY_LEN(follow_options)},
	{.name = "sender", .is_titled = true, .open = open_sender, .options = sender_options,
		.option_count = ARRAY_LEN(sender_options)},
	{.name = "recipient", .is_titled = true, .open = open_recipient, .options = recipient_options,
		.option_count = ARRAY_LEN(recipient_options)},
};
static const struct conf_schema schema = {.options = options, .option_count = ARRAY_LEN(options), .sections = sections,
	.section_count = ARRAY_LEN(sections)};

int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	*ret_config = (struct config){
		.name = "tower",
		.listen = "/run/hinomi-tower/http.sock",
		.socket = "/run/hinomi-tower/tower.sock",
		.store = "sqlite:/var/lib/hinomi-tower/store",
		.places = "/var/lib/hinomi-tower/places",
		.threads = 2,
		.session_ms = UINT64_C(8) * 3600000,
		.silent_ms = 30000,
		.requests_per_s = 50,
		.keep_ms = {[STORE_CLASS_FINDINGS] = UINT64_C(400) * 86400000, [STORE_CLASS_SOURCES] = UINT64_C(90) * 86400000,
			[STORE_CLASS_HEALTH] = UINT64_C(30) * 86400000, [STORE_CLASS_MAILS] = UINT64_C(90) * 86400000},
	};
	int err = conf_load(&schema, path, ret_config, ret_complaint);
	if (err == OK && ret_config->origin[0] == '\0') {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: origin: under which address do browsers see the page?", path);
		err = E_CONFIG;
	}
	for (size_t i = 0; err == OK && i < ret_config->recipient_count; i++) {
		if (ret_config->recipients[i].form != REPORT_NO_FORM && ret_config->recipients[i].within_ms != 0)
			continue;
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: recipient %s: form and within are needed", path,
			ret_config->recipients[i].name);
		err = E_CONFIG;
	}
	if (err == OK && ret_config->authority[0] != '\0' && ret_config->policy[0] == '\0') {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: authority: needs policy, to know whom it asks", path);
		err = E_CONFIG;
	}
	return err;
}

const struct config_sender *config_sender_find(const struct config *config, uid_t user)
{
	for (size_t i = 0; i < config->sender_count; i++) {
		for (size_t k = 0; k < config->senders[i].user_count; k++) {
			if (config->senders[i].users[k] == user)
				return &config->senders[i];
		}
	}
	return NULL;
}
