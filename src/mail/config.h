/*
 * The configuration of mail/: how far mails are read and what is done with them, and the milter's workers and sockets.
 * The file is described in hinomi-mail.conf(5)'s example, doc/hinomi-mail.conf.example.
 *
 * Does not open what it names: engine_new() and the milter do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/conf.h"
#include "keys/seal.h"
#include "mail/engine.h"

#define CONFIG_PATH_BYTES 256
#define CONFIG_DOMAINS_MAX 256

/** What is done at most. */
enum config_action {
	CONFIG_REPORT = 0, /* no mail is touched */
	CONFIG_TAG,
	CONFIG_QUARANTINE,
};

struct config {
	int level; /* enum mail_level */
	int action; /* enum config_action */
	uint64_t tag_percent, quarantine_percent, alerts_per_day, learn_after_ms, forget_after_ms;
	uint64_t authentication_headers;
	char authserv_id[CONF_VALUE_BYTES];
	char people[CONFIG_PATH_BYTES], history[CONFIG_PATH_BYTES], key[CONFIG_PATH_BYTES], dns[CONFIG_PATH_BYTES]; /* "": none */
	char domains[CONFIG_DOMAINS_MAX][MAIL_HOST_BYTES];
	const char *domain_list[CONFIG_DOMAINS_MAX]; /* into domains */
	size_t domain_count;
	/* The milter alone. */
	char socket[CONFIG_PATH_BYTES]; /* as libmilter wants it: inet:PORT@ADDRESS or unix:PATH */
	char user[32]; /* account where started as root */
	char findings_file[CONFIG_PATH_BYTES], metrics_file[CONFIG_PATH_BYTES], report_file[CONFIG_PATH_BYTES]; /* "": none */
	char sensor[64]; /* its name in findings */
	struct seal_public reveal_key; /* whom addresses behind findings are sealed for; no name: nothing is kept */
	char reveal_table[CONFIG_PATH_BYTES];
	uint64_t reveal_keep_ms;
	uint64_t workers, worker_mails, worker_memory_bytes, mail_memory_bytes, deadline_ms;
};

/** Fills the defaults. */
void config_init(struct config *ret_config);

/**
 * Reads a configuration file.
 *
 * @param path of it
 * @param ret_config filled
 * @param ret_complaint on an error one line
 * @return OK, E_CONFIG, E_SYS
 */
MUST_USE int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** The same from text, for tests and fuzzing. */
MUST_USE int config_parse(const char *file_name, const char *text, size_t length_bytes, struct config *ret_config,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** Whether addresses behind findings are kept at all, sealed. */
bool config_has_reveal(const struct config *config);

/** The engine's settings; they point into the configuration. */
void config_settings(const struct config *config, struct engine_settings *ret_settings);
