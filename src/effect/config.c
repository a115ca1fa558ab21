/* The effector's configuration: a schema table, its setters, and the checks that span options. */
#include "effect/config.h"

#include <stdio.h>
#include <string.h>

#include "effect/effector.h"
#include "filter/filter.h"

static const char *set_place(void *into, const struct conf_option *option, const char *value)
{
	return effector_find(value) != NULL ? conf_set_text(into, option, value) : "must be xdp or nft";
}

static const char *set_interface(void *into, const struct conf_option *option, const char *value)
{
	struct config *config = into;
	(void)option;
	if (value == NULL) {
		config->interface_count = 0;
		return NULL;
	}
	if (value[0] == '\0' || strlen(value) >= CONFIG_INTERFACE_BYTES || strchr(value, '/') != NULL || value[0] == '.')
		return "must be the name of an interface";
	if (config->interface_count == CONFIG_INTERFACES_MAX)
		return "is one interface too many";
	memcpy(config->interfaces[config->interface_count++], value, strlen(value) + 1);
	return NULL;
}

#define AT(member) .offset = offsetof(struct config, member)
#define TEXT(member, setter) {.name = #member, .set = (setter), AT(member), .max = sizeof(((struct config *)0)->member)}

static const struct conf_option options[] = {
	TEXT(effector, conf_set_text),
	TEXT(place, set_place),
	{.name = "interfaces", .set = set_interface, .is_list = true},
	TEXT(pin_directory, conf_set_path),
	{.name = "sampling", .set = conf_set_units, AT(sampling), .unit = UNIT_SAMPLING, .min = 1, .max = FILTER_SAMPLING_MAX},
	TEXT(policy, conf_set_path),
	TEXT(state_directory, conf_set_path),
	TEXT(source_sets, conf_set_path),
	TEXT(socket, conf_set_path),
	TEXT(authority_user, conf_set_text),
	{.name = "measure_collateral", .set = conf_set_bool, AT(measures_collateral)},
	{.name = "end_quiet", .set = conf_set_units, AT(end_quiet_ms), .unit = UNIT_MS, .max = 86400000},
	{.name = "progress", .set = conf_set_units, AT(progress_ms), .unit = UNIT_MS, .min = 100, .max = 86400000},
};

static const struct conf_schema schema = {.options = options, .option_count = ARRAY_LEN(options)};

static void config_init(struct config *ret_config)
{
	*ret_config = (struct config){
		.pin_directory = "/sys/fs/bpf/hinomi",
		.sampling = 1,
		.policy = "/etc/hinomi/policy",
		.state_directory = "/var/lib/hinomi-effect",
		.source_sets = "/var/lib/hinomi/sets",
		.socket = "/run/hinomi-effect/effect.sock",
		.measures_collateral = true,
		.end_quiet_ms = 8000,
		.progress_ms = 5000,
	};
}

/** What no single option shows; NULL or what is wrong. */
static const char *config_check(const struct config *config)
{
	if (config->effector[0] == '\0')
		return "effector: its key name in the policy is missing";
	if (config->place[0] == '\0')
		return "place: is missing: xdp or nft";
	if (config->interface_count == 0 && (strcmp(config->place, "xdp") == 0 || config->measures_collateral))
		return "interfaces: are missing";
	if (config->policy[0] == '\0' || config->state_directory[0] == '\0' || config->socket[0] == '\0')
		return "policy, state_directory and socket must be given";
	return config->pin_directory[0] == '\0' && strcmp(config->place, "xdp") == 0 ? "pin_directory: is missing" : NULL;
}

static int config_finish(struct config *config, const char *file_name, char *ret_complaint)
{
	const char *wrong = config_check(config);
	for (size_t i = 0; i < config->interface_count; i++)
		config->interface_names[i] = config->interfaces[i];
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
