/* The tower's configuration: hinomi-tower.conf, explained in hinomi-tower(8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/conf.h"
#include "record/document.h"
#include "tower/feeder.h"
#include "tower/report.h"
#include "tower/store.h"

#define CONFIG_PATH_BYTES 108 /* as sun_path of unix(7) */
#define CONFIG_USERS_MAX 16 /* of one sender */
#define CONFIG_SENDERS_MAX 64

/** Accounts of this machine that may bring documents, and for whom they speak. */
struct config_sender {
	char name[DOCUMENT_NAME_BYTES];
	char member[DOCUMENT_NAME_BYTES]; /* "": the tower's own site */
	size_t user_count;
	uid_t users[CONFIG_USERS_MAX];
};

/** A file of findings that is followed. */
struct config_follow {
	char path[CONFIG_PATH_BYTES];
	char member[DOCUMENT_NAME_BYTES]; /* whose; "": the tower's own site */
};

struct config {
	char name[DOCUMENT_NAME_BYTES]; /* of this tower, for people */
	char listen[CONFIG_PATH_BYTES]; /* HTTP: path of a Unix socket, or ADDRESS:PORT of loopback */
	char origin[CONF_VALUE_BYTES]; /* of the page, as browsers see it: "https://tower.example" */
	bool proxy; /* requests come through a proxy of ours, whose X-Real-IP is believed */
	char socket[CONFIG_PATH_BYTES]; /* for documents */
	char store[CONF_VALUE_BYTES]; /* place, as store_open() takes it */
	char policy[CONFIG_PATH_BYTES]; /* "": none, and no passkeys */
	char authority[CONFIG_PATH_BYTES]; /* its socket, "": none */
	char exercise[CONFIG_PATH_BYTES]; /* socket of whoever plays exercises, "": nobody */
	char ledger[CONFIG_PATH_BYTES]; /* directory of the authority's files, "": none */
	char page[CONFIG_PATH_BYTES]; /* directory, "": none */
	char user[32]; /* to become when started by root, "": stay */
	uint64_t threads; /* that answer requests */
	uint64_t session_ms; /* of the page, since it was last used */
	uint64_t silent_ms; /* a process that has not told of its health for so long is silent */
	uint64_t requests_per_s; /* of one account; ten times as many at once */
	uint64_t keep_ms[STORE_CLASS_COUNT]; /* by enum store_class; 0: for ever */
	size_t recipient_count;
	struct report_recipient recipients[REPORT_RECIPIENTS_MAX];
	char places[CONFIG_PATH_BYTES]; /* where it is kept how far files were followed */
	size_t follow_count;
	struct config_follow follows[FEEDER_FILES_MAX];
	size_t sender_count;
	struct config_sender senders[CONFIG_SENDERS_MAX];
};

/**
 * Reads the configuration.
 *
 * @param path of the file
 * @param ret_config filled on OK; else undefined
 * @param ret_complaint else one line
 * @return OK, E_CONFIG, or E_SYS: cannot be read
 */
MUST_USE int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** The sender of an account of this machine; NULL: none. Borrowed. */
const struct config_sender *config_sender_find(const struct config *config, uid_t user);
