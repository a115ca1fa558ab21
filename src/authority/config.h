/* The authority's configuration: authority.conf, explained in hinomi-authority(8). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/conf.h"
#include "record/order.h"

#define CONFIG_PATH_BYTES 108 /* as sun_path of unix(7) */
#define CONFIG_USERS_MAX 16 /* of one list */
#define CONFIG_EFFECTORS_MAX 64 /* as POLICY_EFFECTORS_MAX */

/** Accounts that may speak as one kind of client. */
struct config_users {
	size_t count;
	uid_t ids[CONFIG_USERS_MAX];
};

/** Where an effector listens. */
struct config_effector {
	char name[DOCUMENT_NAME_BYTES]; /* of its key */
	char socket[CONFIG_PATH_BYTES];
};

struct config {
	char policy[CONFIG_PATH_BYTES];
	char key[CONFIG_PATH_BYTES]; /* the authority's private key */
	char log_key[CONFIG_PATH_BYTES]; /* the ledger's */
	char ledger[CONFIG_PATH_BYTES]; /* directory */
	char socket[CONFIG_PATH_BYTES];
	char basis[ORDER_TEXT_BYTES]; /* of orders made of countermeasures */
	char user[32]; /* to become when started by root, "": stay */
	struct config_users sensors, people; /* who may speak on the socket, and as what */
	struct config_users effectors; /* who may listen where an effector should */
	size_t outlet_count;
	struct config_effector outlets[CONFIG_EFFECTORS_MAX];
	char tower[CONFIG_PATH_BYTES]; /* its socket, which is told of our health; "": none */
	char member[DOCUMENT_NAME_BYTES]; /* whose we are, with tower */
	char process[DOCUMENT_NAME_BYTES]; /* our name there */
	uint64_t pulse_ms; /* how often it is told */
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

/** Whether an account is in a list. */
bool config_has_user(const struct config_users *users, uid_t id);
