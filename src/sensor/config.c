/*
 * The sensor's configuration: schema tables for core/conf.h, setters for the
 * kinds of value that only a sensor has, and the checks that span options.
 */
#include "sensor/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "record/policy.h"
#include "record/rule.h"

#define RATE_UNSET UINT64_MAX /* in a network's thresholds: as in "threshold default" */

const char *config_prefix_add(struct config_prefixes *list, const char *text)
{
	struct ip_prefix prefix;
	if (ip_prefix_parse(text, &prefix) != OK)
		return "must be an address or a prefix whose host bits are zero, as in 192.0.2.0/24";
	if (list->count == CONFIG_PREFIXES_MAX)
		return "is one prefix too many for a list";
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count == 0 ? 1 : list->count * 2;
		struct ip_prefix *items = realloc(list->items, room * sizeof(*items));
		if (items == NULL)
			return "out of memory";
		list->items = items;
	}
	list->items[list->count++] = prefix;
	return NULL;
}

static const char *set_prefixes(void *into, const struct conf_option *option, const char *value)
{
	struct config_prefixes *list = (struct config_prefixes *)((char *)into + option->offset);
	if (value != NULL)
		return config_prefix_add(list, value);
	list->count = 0;
	return NULL;
}

static const char *set_country(void *into, const struct conf_option *option, const char *value)
{
	if (strlen(value) != 2 || value[0] < 'A' || value[0] > 'Z' || value[1] < 'A' || value[1] > 'Z')
		return "must be two capital letters, as in JP";
	memcpy((char *)into + option->offset, value, 3);
	return NULL;
}

static const char *set_findings_file(void *into, const struct conf_option *option, const char *value)
{
	return strcmp(value, "-") == 0 ? conf_set_text(into, option, value) : conf_set_path(into, option, value);
}

static const char *set_classes(void *into, const struct conf_option *option, const char *value)
{
	bool *allowed = (bool *)((char *)into + option->offset);
	if (value == NULL) {
		memset(allowed, 0, FLOW_CLASS_COUNT * sizeof(*allowed));
		return NULL;
	}
	for (int i = FLOW_CLASS_FOREIGN_FOREIGN; i < FLOW_CLASS_COUNT; i++) {
		if (strcmp(flow_class_name((enum flow_class)i), value) == 0) {
			allowed[i] = true;
			return NULL;
		}
	}
	return "must be one of: foreign_foreign foreign_domestic domestic_foreign domestic_domestic";
}

/** A port, 1..65535; 0 for anything else. */
static uint16_t port_parse(const char *text)
{
	uint64_t port;
	return units_parse(UNIT_NONE, text, &port) == OK && port <= UINT16_MAX ? (uint16_t)port : 0;
}

/** "192.0.2.1:2055" or "[2001:db8::1]:2055". */
static const char *listen_parse(const char *text, struct config_listen *ret_listen)
{
	static const char wrong[] = "must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055";
	char host[IP_TEXT_BYTES];
	bool is_v6 = text[0] == '[';
	const char *colon = strrchr(text, ':');
	size_t skipped = is_v6 ? 1 : 0;
	if (colon == NULL || colon <= text + 2 * skipped || (is_v6 && colon[-1] != ']') || strlen(text) >= sizeof(ret_listen->text))
		return wrong;
	size_t length = (size_t)(colon - text) - 2 * skipped;
	if (length >= sizeof(host))
		return wrong;
	memcpy(host, text + skipped, length);
	host[length] = '\0';

	struct config_listen listen = {0};
	struct in_addr v4;
	struct in6_addr v6;
	uint16_t port_be = htons(port_parse(colon + 1));
	if (port_be == 0)
		return wrong;
	if (!is_v6 && inet_pton(AF_INET, host, &v4) == 1) {
		struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = port_be, .sin_addr = v4};
		memcpy(&listen.addr, &addr, sizeof(addr));
		listen.addr_bytes = sizeof(addr);
		listen.is_loopback = ntohl(v4.s_addr) >> 24 == 127;
	} else if (is_v6 && inet_pton(AF_INET6, host, &v6) == 1) {
		struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = port_be, .sin6_addr = v6};
		memcpy(&listen.addr, &addr, sizeof(addr));
		listen.addr_bytes = sizeof(addr);
		listen.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
	} else {
		return wrong;
	}
	snprintf(listen.text, sizeof(listen.text), "%s", text);
	*ret_listen = listen;
	return NULL;
}

static const char *set_listen(void *into, const struct conf_option *option, const char *value)
{
	return listen_parse(value, (struct config_listen *)((char *)into + option->offset));
}

static const char *open_root(void *root, const char *title, void **ret_into)
{
	(void)title;
	*ret_into = root;
	return NULL;
}

static const char *open_capture(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (title[0] == '\0' || strlen(title) >= sizeof(config->captures[0].interface) || strchr(title, '/') != NULL)
		return "is not the name of a network interface";
	for (size_t i = 0; i < config->capture_count; i++) {
		if (strcmp(config->captures[i].interface, title) == 0)
			return "is given twice";
	}
	if (config->capture_count == CONFIG_CAPTURES_MAX)
		return "is one interface too many";
	struct config_capture *capture = &config->captures[config->capture_count++];
	*capture = (struct config_capture){.method = CAPTURE_METHOD_AUTO, .sampling = 1, .promiscuous = true};
	snprintf(capture->interface, sizeof(capture->interface), "%s", title);
	*ret_into = capture;
	return NULL;
}

static const char *open_collector(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (config->collector_count == CONFIG_COLLECTORS_MAX)
		return "is one collector too many";
	struct config_collector *collector = &config->collectors[config->collector_count];
	*collector = (struct config_collector){.receive_buffer_bytes = 64 << 20, .sockets = 1};
	const char *wrong = listen_parse(title, &collector->listen);
	if (wrong != NULL)
		return wrong;
	for (size_t i = 0; i < config->collector_count; i++) {
		if (memcmp(&config->collectors[i].listen.addr, &collector->listen.addr, sizeof(collector->listen.addr)) == 0)
			return "is given twice; more sockets for a port are an option of its section";
	}
	config->collector_count++;
	*ret_into = collector;
	return NULL;
}

static const char *open_threshold(void *root, const char *title, void **ret_into)
{
	struct config *config = root;
	if (strcmp(title, "default") == 0) {
		if (config->has_default_threshold)
			return "is given twice";
		config->has_default_threshold = true;
		*ret_into = &config->detect.defaults;
		return NULL;
	}
	struct ip_prefix network;
	if (ip_prefix_parse(title, &network) != OK)
		return "must be 'default' or a prefix whose host bits are zero, as in 192.0.2.0/24";
	for (size_t i = 0; i < config->threshold_count; i++) {
		const struct ip_prefix *other = &config->thresholds[i].network;
		if (other->bits == network.bits && ip_equal(&other->addr, &network.addr))
			return "is given twice";
	}
	if (config->threshold_count == CONFIG_THRESHOLDS_MAX)
		return "is one network too many";
	if (config->thresholds == NULL)
		config->thresholds = calloc(CONFIG_THRESHOLDS_MAX, sizeof(*config->thresholds));
	if (config->thresholds == NULL)
		return "out of memory";
	struct detect_threshold *threshold = &config->thresholds[config->threshold_count++];
	memset(threshold, 0xff, sizeof(*threshold)); /* every rate RATE_UNSET */
	threshold->network = network;
	*ret_into = threshold;
	return NULL;
}

#define AT(type, member) .offset = offsetof(type, member)
#define RATE(member, kind) \
	{.name = #member, .set = conf_set_units, AT(struct detect_threshold, member), .unit = kind}
#define TEXT(type, member, option_name, setter) \
	{.name = option_name, .set = setter, AT(type, member), .max = sizeof(((type *)0)->member)}

static const struct conf_option root_options[] = {
	TEXT(struct config, detect.sensor, "sensor", conf_set_text),
	{.name = "networks", .set = set_prefixes, AT(struct config, networks), .is_list = true},
	{.name = "domestic", .set = set_prefixes, AT(struct config, domestic), .is_list = true},
	{.name = "foreign", .set = set_prefixes, AT(struct config, foreign), .is_list = true},
	{.name = "country", .set = set_country, AT(struct config, country)},
	TEXT(struct config, database, "database", conf_set_path),
	{.name = "default_sampling", .set = conf_set_units, AT(struct config, default_sampling), .unit = UNIT_SAMPLING,
		.min = 1, .max = LIMIT_FLOW_SAMPLING},
	TEXT(struct config, status_socket, "status_socket", conf_set_path),
	TEXT(struct config, state_directory, "state_directory", conf_set_path),
	{.name = "save_every", .set = conf_set_units, AT(struct config, save_every_ms), .unit = UNIT_MS, .min = 100,
		.max = 86400000},
	TEXT(struct config, user, "user", conf_set_text),
};

static const char *const methods[] = {"", "auto", "xdp", "packet", NULL};

static const struct conf_option capture_options[] = {
	{.name = "method", .set = conf_set_choice, AT(struct config_capture, method), .choices = methods},
	{.name = "sampling", .set = conf_set_units, AT(struct config_capture, sampling), .unit = UNIT_SAMPLING, .min = 1,
		.max = LIMIT_FLOW_SAMPLING},
	{.name = "ring", .set = conf_set_units, AT(struct config_capture, ring_bytes), .unit = UNIT_BYTES,
		.min = 1 << 20, .max = 1 << 30},
	{.name = "promiscuous", .set = conf_set_bool, AT(struct config_capture, promiscuous)},
	TEXT(struct config_capture, pin_directory, "pin_directory", conf_set_path),
};

static const struct conf_option collector_options[] = {
	{.name = "receive_buffer", .set = conf_set_units, AT(struct config_collector, receive_buffer_bytes),
		.unit = UNIT_BYTES, .min = 1 << 16, .max = 1 << 30},
	{.name = "sockets", .set = conf_set_units, AT(struct config_collector, sockets), .min = 1,
		.max = CONFIG_SOCKETS_MAX},
	{.name = "exporters", .set = set_prefixes, AT(struct config_collector, exporters), .is_list = true},
};

static const struct conf_option threshold_options[] = {
	RATE(host_pps, UNIT_PPS),
	RATE(host_bps, UNIT_BPS),
	RATE(host_tcp_pps, UNIT_PPS),
	RATE(host_udp_pps, UNIT_PPS),
	RATE(host_icmp_pps, UNIT_PPS),
	RATE(host_syn_pps, UNIT_PPS),
	RATE(prefix_pps, UNIT_PPS),
	RATE(prefix_bps, UNIT_BPS),
	RATE(outbound_pps, UNIT_PPS),
};

static const struct conf_option detection_options[] = {
	{.name = "learn", .set = conf_set_bool, AT(struct config, detect.learn)},
	{.name = "memory", .set = conf_set_units, AT(struct config, detect.memory_bytes), .unit = UNIT_BYTES,
		.min = 1 << 20},
	{.name = "end_quiet", .set = conf_set_units, AT(struct config, detect.end_quiet_ms), .unit = UNIT_MS, .min = 100,
		.max = 86400000},
};

static const struct conf_option findings_options[] = {
	TEXT(struct config, findings_file, "file", set_findings_file),
	TEXT(struct config, outgoing_file, "outgoing_file", set_findings_file),
	{.name = "outgoing_classes", .set = set_classes, AT(struct config, outgoing_classes), .is_list = true},
};

static const struct conf_option countermeasures_options[] = {
	TEXT(struct config, authority, "authority", conf_set_path),
	TEXT(struct config, sets_directory, "source_sets", conf_set_path),
	{.name = "senders", .set = conf_set_units, AT(struct config, senders_most), .max = LIMIT_DETECT_SENDERS},
	{.name = "protected", .set = set_prefixes, AT(struct config, protected), .is_list = true},
	TEXT(struct config, policy, "policy", conf_set_path),
	{.name = "stopped_permille", .set = conf_set_units, AT(struct config, stopped_permille), .min = 1, .max = 1000},
	{.name = "collateral_permille", .set = conf_set_units, AT(struct config, collateral_permille), .max = 1000},
	{.name = "rules", .set = conf_set_units, AT(struct config, rules_most), .min = 1, .max = RULE_LIST_MAX},
	{.name = "duration", .set = conf_set_units, AT(struct config, duration_ms), .unit = UNIT_MS, .min = 1000, .max = 86400000},
	{.name = "urgent", .set = conf_set_bool, AT(struct config, is_urgent)},
};

static const struct conf_option tower_options[] = {
	TEXT(struct config, tower, "socket", conf_set_path),
	TEXT(struct config, member, "member", conf_set_text),
	{.name = "every", .set = conf_set_units, AT(struct config, pulse_ms), .unit = UNIT_MS, .min = 100, .max = 60000},
};

static const struct conf_option metrics_options[] = {
	{.name = "listen", .set = set_listen, AT(struct config, metrics)},
	{.name = "remote", .set = conf_set_bool, AT(struct config, metrics_remote)},
};

static const struct conf_section sections[] = {
	{"capture", true, open_capture, capture_options, ARRAY_LEN(capture_options)},
	{"collector", true, open_collector, collector_options, ARRAY_LEN(collector_options)},
	{"threshold", true, open_threshold, threshold_options, ARRAY_LEN(threshold_options)},
	{"detection", false, open_root, detection_options, ARRAY_LEN(detection_options)},
	{"findings", false, open_root, findings_options, ARRAY_LEN(findings_options)},
	{"countermeasures", false, open_root, countermeasures_options, ARRAY_LEN(countermeasures_options)},
	{"tower", false, open_root, tower_options, ARRAY_LEN(tower_options)},
	{"metrics", false, open_root, metrics_options, ARRAY_LEN(metrics_options)},
};

static const struct conf_schema schema = {root_options, ARRAY_LEN(root_options), sections, ARRAY_LEN(sections)};

void config_init(struct config *ret_config)
{
	*ret_config = (struct config){
		.detect = detect_config_default(),
		.default_sampling = 1,
		.outgoing_classes = {[FLOW_CLASS_FOREIGN_FOREIGN] = true,
			[FLOW_CLASS_FOREIGN_DOMESTIC] = true,
			[FLOW_CLASS_DOMESTIC_FOREIGN] = true},
		.findings_file = "-",
		.status_socket = "/run/hinomi/sensor.sock",
		.save_every_ms = 10000,
		.senders_most = 65536,
		.stopped_permille = 950,
		.collateral_permille = 10,
		.rules_most = 16,
		.duration_ms = 600000,
		.pulse_ms = 1000,
	};
	snprintf(ret_config->detect.sensor, sizeof(ret_config->detect.sensor), "sensor");
}

void config_done(struct config *config)
{
	free(config->networks.items);
	free(config->domestic.items);
	free(config->foreign.items);
	free(config->protected.items);
	free(config->thresholds);
	for (size_t i = 0; i < ARRAY_LEN(config->collectors); i++)
		free(config->collectors[i].exporters.items);
	*config = (struct config){0};
}

/** What a network does not say is as in "threshold default", wherever in the file that stands. */
static void thresholds_complete(struct config *config)
{
	for (size_t i = 0; i < config->threshold_count; i++) {
		for (size_t row = 0; row < ARRAY_LEN(threshold_options); row++) {
			size_t offset = threshold_options[row].offset;
			uint64_t *limit = (uint64_t *)((char *)&config->thresholds[i] + offset);
			if (*limit == RATE_UNSET)
				memcpy(limit, (const char *)&config->detect.defaults + offset, sizeof(*limit));
		}
	}
	config->detect.networks = config->thresholds;
	config->detect.network_count = config->threshold_count;
}

/** What no single option shows; NULL or what is wrong. */
static const char *config_check(const struct config *config)
{
	if (config->detect.sensor[0] == '\0')
		return "sensor: a name is missing";
	if (config->metrics.addr_bytes != 0 && !config->metrics.is_loopback && !config->metrics_remote)
		return "metrics: listen is not a loopback address; say remote = yes if everybody there may read them";
	if (config->country[0] != '\0' && config->database[0] == '\0' && config->domestic.count == 0)
		return "country: needs database = PATH to look addresses up in";
	if (strcmp(config->findings_file, "-") != 0 && config->findings_file[0] != '\0' &&
	    strcmp(config->findings_file, config->outgoing_file) == 0)
		return "findings: file and outgoing_file are the same";
	if (config->tower[0] != '\0' && config->member[0] == '\0')
		return "tower: whose sensor is this? member is missing";
	return NULL;
}

static int config_finish(struct config *config, const char *file_name, char *ret_complaint)
{
	thresholds_complete(config);
	const char *wrong = config_check(config);
	if (wrong == NULL)
		return OK;
	snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: %s", file_name, wrong);
	return E_CONFIG;
}

int config_load(struct config *config, const char *path, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	int err = conf_load(&schema, path, config, ret_complaint);
	return err == OK ? config_finish(config, path, ret_complaint) : err;
}

int config_parse(struct config *config, const char *file_name, const char *text, size_t length_bytes,
	char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	int err = conf_parse(&schema, file_name, text, length_bytes, config, ret_complaint);
	return err == OK ? config_finish(config, file_name, ret_complaint) : err;
}

int config_policy_read(struct config *config, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	if (config->policy[0] == '\0')
		return OK;
	struct policy *policy = malloc(sizeof(*policy));
	if (policy == NULL) {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: no memory", config->policy);
		return E_NOMEM;
	}
	int err = policy_load(config->policy, policy, ret_complaint);
	for (size_t i = 0; err == OK && i < policy->protected_count; i++) {
		char text[IP_PREFIX_TEXT_BYTES];
		const char *wrong = config_prefix_add(&config->protected, ip_prefix_write(&policy->protected_space[i], text));
		if (wrong == NULL)
			continue;
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: protected = %s: %s", config->policy, text, wrong);
		err = E_CONFIG;
	}
	free(policy);
	return err;
}

struct intel_config config_intel(const struct config *config)
{
	struct intel_config intel = {
		.networks = config->networks.items,
		.network_count = config->networks.count,
		.domestic = config->domestic.items,
		.domestic_count = config->domestic.count,
		.foreign = config->foreign.items,
		.foreign_count = config->foreign.count,
		.database_path = config->database[0] != '\0' ? config->database : NULL,
	};
	memcpy(intel.country, config->country, sizeof(intel.country));
	return intel;
}

struct detect_config config_engine(const struct config *config)
{
	struct detect_config detect = config->detect;
	if (config->capture_count > 0 && config->collector_count > 0)
		detect.memory_bytes /= 2;
	return detect;
}
