/* The configuration of mail/: a schema table, its setters, and the checks that span options. */
#include "mail/config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

#define MS_PER_H UINT64_C(3600000)
#define MS_PER_DAY (24 * MS_PER_H)

static const char *const levels[] = {"envelope", "headers", "structure", "hosts", "html", "words", NULL};
static const char *const actions[] = {"report", "tag", "quarantine", NULL};

static const char *set_socket(void *into, const struct conf_option *option, const char *value)
{
	if (strncmp(value, "inet:", 5) != 0 && strncmp(value, "inet6:", 6) != 0 && strncmp(value, "unix:/", 6) != 0)
		return "must be inet:PORT@ADDRESS, inet6:PORT@ADDRESS or unix:/PATH";
	return conf_set_text(into, option, value);
}

static const char *set_domain(void *into, const struct conf_option *option, const char *value)
{
	struct config *config = into;
	(void)option;
	if (value == NULL) {
		config->domain_count = 0;
		return NULL;
	}
	if (strchr(value, '.') == NULL || value[0] == '.' || strchr(value, '@') != NULL || strlen(value) >= MAIL_HOST_BYTES)
		return "must be a domain, as in example.co.jp";
	if (config->domain_count == CONFIG_DOMAINS_MAX)
		return "is one domain too many";
	memcpy(config->domains[config->domain_count++], value, strlen(value) + 1);
	return NULL;
}

static const char *set_seal(void *into, const struct conf_option *option, const char *value)
{
	struct config *config = into;
	(void)option;
	config->reveal_key = (struct seal_public){.name = ""};
	if (value[0] == '\0')
		return NULL;
	return seal_public_parse(value, &config->reveal_key) == OK ? NULL
		: "must be SEAL+NAME+BASE64, as hinomi key new --seal prints it";
}

#define AT(member) .offset = offsetof(struct config, member)
#define TEXT(member, setter) {.name = #member, .set = (setter), AT(member), .max = sizeof(((struct config *)0)->member)}
#define UNITS(title, member, kind, least, most) \
	{.name = (title), .set = conf_set_units, AT(member), .unit = (kind), .min = (least), .max = (most)}

static const struct conf_option options[] = {
	{.name = "level", .set = conf_set_choice, AT(level), .choices = levels},
	{.name = "action", .set = conf_set_choice, AT(action), .choices = actions},
	UNITS("tag_percent", tag_percent, UNIT_NONE, 1, 100),
	UNITS("quarantine_percent", quarantine_percent, UNIT_NONE, 1, 100),
	UNITS("alerts_per_day", alerts_per_day, UNIT_NONE, 0, 1000000),
	UNITS("learn_after", learn_after_ms, UNIT_MS, 0, 30 * MS_PER_DAY),
	UNITS("forget_after", forget_after_ms, UNIT_MS, MS_PER_DAY, 3650 * MS_PER_DAY),
	TEXT(authserv_id, conf_set_text),
	UNITS("authentication_headers", authentication_headers, UNIT_NONE, 1, 16),
	TEXT(people, conf_set_path),
	TEXT(history, conf_set_path),
	TEXT(key, conf_set_path),
	TEXT(dns, conf_set_path),
	{.name = "protected_domains", .set = set_domain, .is_list = true},
	TEXT(socket, set_socket),
	TEXT(user, conf_set_text),
	TEXT(metrics_file, conf_set_path),
	TEXT(findings_file, conf_set_path),
	TEXT(report_file, conf_set_path),
	TEXT(sensor, conf_set_text),
	{.name = "reveal_key", .set = set_seal},
	TEXT(reveal_table, conf_set_path),
	UNITS("reveal_keep", reveal_keep_ms, UNIT_MS, MS_PER_H, 366 * MS_PER_DAY),
	UNITS("workers", workers, UNIT_NONE, 1, LIMIT_MAIL_WORKERS),
	UNITS("worker_mails", worker_mails, UNIT_NONE, 0, 1000000000),
	UNITS("worker_memory", worker_memory_bytes, UNIT_BYTES, UINT64_C(128) << 20, UINT64_C(16) << 30),
	UNITS("mail_memory", mail_memory_bytes, UNIT_BYTES, LIMIT_MAIL_BYTES, UINT64_C(64) << 30),
	UNITS("deadline", deadline_ms, UNIT_MS, 100, 240000), /* Postfix waits 300 s (milter_content_timeout) */
};

static const struct conf_schema schema = {.options = options, .option_count = ARRAY_LEN(options)};

void config_init(struct config *ret_config)
{
	struct engine_settings engine;
	engine_defaults(&engine);
	*ret_config = (struct config){
		.level = (int)engine.level,
		.action = CONFIG_TAG,
		.tag_percent = engine.tag_percent,
		.quarantine_percent = engine.quarantine_percent,
		.alerts_per_day = engine.alerts_per_day,
		.learn_after_ms = engine.learn_after_h * MS_PER_H,
		.forget_after_ms = engine.forget_after_days * MS_PER_DAY,
		.authentication_headers = 1,
		.socket = "unix:/var/spool/postfix/hinomi/mail.sock",
		.user = "nobody",
		.sensor = "mail",
		.reveal_keep_ms = 30 * MS_PER_DAY,
		.workers = 4,
		.worker_mails = 1000,
		.worker_memory_bytes = UINT64_C(512) << 20,
		.mail_memory_bytes = UINT64_C(512) << 20,
		.deadline_ms = 5000,
	};
}

bool config_has_reveal(const struct config *config)
{
	return config->reveal_key.name[0] != '\0';
}

/** What no single option shows; NULL or what is wrong. */
static const char *config_check(const struct config *config)
{
	if (config->quarantine_percent < config->tag_percent)
		return "quarantine_percent: is below tag_percent";
	if (config->history[0] != '\0' && config->key[0] == '\0')
		return "key: is missing, without which a history cannot be read again";
	if (config_has_reveal(config) != (config->reveal_table[0] != '\0'))
		return "reveal_key, reveal_table: each needs the other";
	if (config_has_reveal(config) && (config->key[0] == '\0' || config->findings_file[0] == '\0'))
		return "reveal_key: without key and findings_file no pseudonym is told";
	return NULL;
}

static int config_finish(struct config *config, const char *file_name, char *ret_complaint)
{
	const char *wrong = config_check(config);
	for (size_t i = 0; i < config->domain_count; i++)
		config->domain_list[i] = config->domains[i];
	if (wrong == NULL)
		return OK;
	snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: %s", file_name, wrong);
	return E_CONFIG;
}

int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	config_init(ret_config);
	int err = conf_load(&schema, path, ret_config, ret_complaint);
	return err == OK ? config_finish(ret_config, path, ret_complaint) : err;
}

int config_parse(const char *file_name, const char *text, size_t length_bytes, struct config *ret_config,
	char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	config_init(ret_config);
	int err = conf_parse(&schema, file_name, text, length_bytes, ret_config, ret_complaint);
	return err == OK ? config_finish(ret_config, file_name, ret_complaint) : err;
}

static const char *path_or_none(const char *path)
{
	return path[0] != '\0' ? path : NULL;
}

void config_settings(const struct config *config, struct engine_settings *ret_settings)
{
	engine_defaults(ret_settings);
	ret_settings->level = (enum mail_level)config->level;
	ret_settings->tag_percent = (uint8_t)config->tag_percent;
	/* Without the right to hold mails no confidence is enough for it. */
	ret_settings->quarantine_percent = config->action == CONFIG_QUARANTINE ? (uint8_t)config->quarantine_percent : UINT8_MAX;
	ret_settings->always_percent = (uint8_t)config->quarantine_percent;
	ret_settings->is_report_only = config->action == CONFIG_REPORT;
	ret_settings->alerts_per_day = (uint32_t)config->alerts_per_day;
	ret_settings->people_path = path_or_none(config->people);
	ret_settings->history_path = path_or_none(config->history);
	ret_settings->dns_path = path_or_none(config->dns);
	ret_settings->key_path = path_or_none(config->key);
	ret_settings->trust = (struct authres_trust){.authserv_id = config->authserv_id,
		.headers = (uint32_t)config->authentication_headers};
	ret_settings->protected_domains = config->domain_list;
	ret_settings->protected_count = config->domain_count;
	ret_settings->learn_after_h = (uint32_t)(config->learn_after_ms / MS_PER_H);
	ret_settings->forget_after_days = (uint32_t)(config->forget_after_ms / MS_PER_DAY);
}
