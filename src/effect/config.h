/*
 * The configuration of one effector (doc/hinomi-effect.conf.example explains
 * every option), in the syntax of core/conf.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/err.h"
#include "record/document.h"

#define CONFIG_INTERFACES_MAX 16
#define CONFIG_INTERFACE_BYTES 16 /* IFNAMSIZ */
#define CONFIG_PATH_BYTES 108 /* as sun_path of unix(7) */
#define CONFIG_USER_BYTES 32

struct config {
	char effector[DOCUMENT_NAME_BYTES]; /* own key name in the policy */
	char place[8]; /* name of a struct effector */
	size_t interface_count;
	char interfaces[CONFIG_INTERFACES_MAX][CONFIG_INTERFACE_BYTES];
	const char *interface_names[CONFIG_INTERFACES_MAX]; /* of the above */
	char pin_directory[CONFIG_PATH_BYTES];
	uint64_t sampling; /* 1:n, for the sensor */
	char policy[CONFIG_PATH_BYTES];
	char state_directory[CONFIG_PATH_BYTES];
	char source_sets[CONFIG_PATH_BYTES]; /* "": orders with source sets are refused */
	char socket[CONFIG_PATH_BYTES];
	char authority_user[CONFIG_USER_BYTES]; /* whose processes may connect beside root's; "": those of this user */
	bool measures_collateral;
	uint64_t end_quiet_ms; /* 0: never */
	uint64_t progress_ms;
};

/**
 * Sets the defaults, reads a file over them and checks the whole.
 *
 * @param path of the file
 * @param ret_config filled on OK; else undefined
 * @param ret_complaint else one line
 * @return OK, E_CONFIG, or E_SYS: cannot be read
 */
MUST_USE int config_load(const char *path, struct config *ret_config, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** As config_load(), from text that is at hand. */
MUST_USE int config_parse(const char *file_name, const char *text, size_t length_bytes, struct config *ret_config,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);
