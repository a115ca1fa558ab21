/*
 * Proves that a configuration reaches the engine's struct, that each mistake
 * is told in one line, and that doc/hinomi.conf.example is sound and tells
 * the true defaults. Arguments: the example's path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/order_example.h"
#include "sensor/config.h"

static const char *example_path;

/** A sensor spares what its own configuration and the policy protect; a policy that cannot be believed is told in one line. */
static void protected_space_comes_from_the_policy_too(void **state)
{
	static struct order_world world;
	char path[] = "/tmp/hinomi-policy-XXXXXX", text[256], complaint[CONF_COMPLAINT_BYTES] = "";
	struct config config;
	(void)state;
	order_world_init(&world);
	FILE *file = fdopen(mkostemp(path, O_CLOEXEC), "we");
	assert_non_null(file);
	assert_true(fputs(world.policy_text, file) >= 0 && fclose(file) == 0);
	snprintf(text, sizeof(text), "countermeasures { protected = {192.0.2.7} policy = \"%s\" }", path);
	config_init(&config);
	assert_int_equal(config_parse(&config, "F", text, strlen(text), complaint), OK);
	assert_int_equal(config.protected.count, 1);
	assert_int_equal(config_policy_read(&config, complaint), OK);
	assert_int_equal(config.protected.count, 1 + world.policy.protected_count);
	assert_true(world.policy.protected_count > 0);
	char own[IP_PREFIX_TEXT_BYTES], policys[IP_PREFIX_TEXT_BYTES];
	assert_string_equal(ip_prefix_write(&config.protected.items[1], own),
		ip_prefix_write(&world.policy.protected_space[0], policys));
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(config_policy_read(&config, complaint), E_CONFIG);
	assert_non_null(strstr(complaint, path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(config_policy_read(&config, complaint), E_SYS);
	assert_non_null(strstr(complaint, "No such file"));
	config_done(&config);
	order_world_done(&world);
}

static void a_configuration_reaches_its_struct(void **state)
{
	(void)state;
	static const char text[] =
		"sensor = edge-1\nnetworks = {192.0.2.0/24, \"2001:db8::/32\"}\ncountry = JP\ndomestic = {198.51.100.0/24}\n"
		"capture eth0 { method = xdp sampling = 1:100 }\n"
		"collector \"127.0.0.1:2055\" { receive_buffer = 8MiB sockets = 4 exporters = {192.0.2.1} }\n"
		"collector \"[::1]:6343\" {}\n"
		"threshold 192.0.2.128/25 { host_pps = 5kpps }\nthreshold default { host_pps = 7kpps host_bps = 3Gbps }\n"
		"detection { learn = yes memory = 64MiB end_quiet = 5s }\n"
		"findings { file = \"/x/f\" outgoing_file = \"/x/o\" outgoing_classes = {foreign_foreign} }\n"
		"tower { socket = \"/x/t\" member = port every = 2s }\n"
		"metrics { listen = \"127.0.0.1:9478\" }\n";
	struct config config;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	config_init(&config);
	int err = config_parse(&config, "F", text, sizeof(text) - 1, complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	assert_string_equal(config.tower, "/x/t");
	assert_string_equal(config.member, "port");
	assert_int_equal(config.pulse_ms, 2000);
	assert_string_equal(config.detect.sensor, "edge-1");
	assert_int_equal(config.networks.count, 2);
	assert_int_equal(config.captures[0].method, CAPTURE_METHOD_XDP);
	assert_int_equal(config.captures[0].sampling, 100);
	assert_int_equal(config.collectors[0].sockets, 4);
	assert_int_equal(config.collectors[0].exporters.count, 1);
	assert_int_equal(config.collectors[1].listen.addr.ss_family, AF_INET6);
	assert_int_equal(config.detect.network_count, 1);
	assert_int_equal(config.detect.networks[0].host_pps, 5000);
	assert_int_equal(config.detect.networks[0].host_bps, 3000000000); /* from default, though that comes later */
	assert_int_equal(config.detect.defaults.host_pps, 7000);
	assert_int_equal(config.detect.memory_bytes, 64 << 20);
	assert_true(config.detect.learn);
	assert_true(config.outgoing_classes[FLOW_CLASS_FOREIGN_FOREIGN]);
	assert_false(config.outgoing_classes[FLOW_CLASS_FOREIGN_DOMESTIC]);
	config_done(&config);
}

/** Nothing may leave by a slip: an empty list allows no class, and unknown can never be named. */
static void an_empty_list_of_classes_allows_none(void **state)
{
	(void)state;
	static const char text[] = "findings { outgoing_classes = {} }";
	struct config config;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	config_init(&config);
	assert_false(config.outgoing_classes[FLOW_CLASS_DOMESTIC_DOMESTIC]);
	assert_false(config.outgoing_classes[FLOW_CLASS_UNKNOWN]);
	assert_int_equal(config_parse(&config, "F", text, sizeof(text) - 1, complaint), OK);
	for (int i = 0; i < FLOW_CLASS_COUNT; i++)
		assert_false(config.outgoing_classes[i]);
	config_done(&config);
}

static void each_mistake_is_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{"\nthreshold default { host_pps = 10000 }", "F:2: host_pps = 10000: must be a packet rate with its unit, as in 10kpps"},
		{"threshold default { host_pps = 1Gbps }", "F:1: host_pps = 1Gbps: must be a packet rate with its unit, as in 10kpps"},
		{"threshold 192.0.2.1/24 {}",
			"F:1: threshold 192.0.2.1/24: must be 'default' or a prefix whose host bits are zero, as in 192.0.2.0/24"},
		{"threshold 192.0.2.0/24 {}\nthreshold 192.0.2.0/24 {}", "F:2: threshold 192.0.2.0/24: is given twice"},
		{"threshold default {}\nthreshold \"default\" {}", "F:2: threshold default: is given twice"},
		{"detection { memory = 64MiB }\ndetection { memory = 128MiB }", "F:2: section detection is given twice"},
		{"collector 127.0.0.1:2055 {}\ncollector \"127.0.0.1:2055\" {}",
			"F:2: collector 127.0.0.1:2055: is given twice; more sockets for a port are an option of its section"},
		{"capture eth0 { method = magic }", "F:1: method = magic: must be one of: auto xdp packet"},
		{"capture eth0 { sampling = 1:0 }", "F:1: sampling = 1:0: must be a sampling rate, as in 1:1000"},
		{"capture eth0 { sampling = 1:9999999 }", "F:1: sampling = 1:9999999: must be 1:1 to 1:1000000"},
		{"capture a-name-that-is-too-long {}", "F:1: capture a-name-that-is-too-long: is not the name of a network interface"},
		{"capture eth0 {}\ncapture eth0 {}", "F:2: capture eth0: is given twice"},
		{"collector localhost:2055 {}",
			"F:1: collector localhost:2055: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector 127.0.0.1 {}", "F:1: collector 127.0.0.1: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector 127.0.0.1:0 {}",
			"F:1: collector 127.0.0.1:0: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector 127.0.0.1:65536 {}",
			"F:1: collector 127.0.0.1:65536: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector ::1:2055 {}", "F:1: collector ::1:2055: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector \"[]:1\" {}", "F:1: collector []:1: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"collector \":\" {}", "F:1: collector :: must be an address and a port, as in 127.0.0.1:2055 or [::1]:2055"},
		{"networks = {192.0.2.7/24}",
			"F:1: networks = 192.0.2.7/24: must be an address or a prefix whose host bits are zero, as in 192.0.2.0/24"},
		{"country = jp", "F:1: country = jp: must be two capital letters, as in JP"},
		{"country = JP", "F: country: needs database = PATH to look addresses up in"},
		{"state_directory = here", "F:1: state_directory = here: must be a path that begins with /"},
		{"save_every = 10", "F:1: save_every = 10: must be a time with its unit, as in 30s or 250ms"},
		{"metrics { listen = 0.0.0.0:9478 }",
			"F: metrics: listen is not a loopback address; say remote = yes if everybody there may read them"},
		{"findings { outgoing_classes = {unknown} }", "F:1: outgoing_classes = unknown: must be one of: foreign_foreign "
			"foreign_domestic domestic_foreign domestic_domestic"},
		{"findings { file = \"/f\" outgoing_file = \"/f\" }", "F: findings: file and outgoing_file are the same"},
		{"countermeasures { senders = 1048577 }", "F:1: senders = 1048577: must be 0 to 1048576"},
		{"countermeasures { protected = {192.0.2.7/24} }",
			"F:1: protected = 192.0.2.7/24: must be an address or a prefix whose host bits are zero, as in 192.0.2.0/24"},
		{"tower { socket = \"/f\" }", "F: tower: whose sensor is this? member is missing"},
		{"sensor = \"\"", "F: sensor: a name is missing"},
		{"detection { lern = yes }", "F:1: unknown option 'lern'; known here: learn, memory, end_quiet"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config config;
		char complaint[CONF_COMPLAINT_BYTES] = "";
		config_init(&config);
		assert_int_equal(config_parse(&config, "F", cases[i].text, strlen(cases[i].text), complaint), E_CONFIG);
		assert_string_equal(complaint, cases[i].complaint);
		config_done(&config);
	}
}

static void metrics_may_be_remote_when_told(void **state)
{
	(void)state;
	static const char text[] = "metrics { listen = 0.0.0.0:9478 remote = yes }";
	struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	config_init(&config);
	assert_int_equal(config_parse(&config, "F", text, sizeof(text) - 1, complaint), OK);
	config_done(&config);
}

/** The example with every commented-out option that is a default made real. */
static size_t example_uncommented(char *ret_text, size_t room_bytes)
{
	FILE *file = fopen(example_path, "r");
	char line[256];
	size_t used = 0;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *hash = strchr(line, '#');
		bool is_option = hash != NULL && hash[1] != ' ' && hash[1] != '\n' && strstr(line, "example:") == NULL &&
				 strstr(line, "country") == NULL && strstr(line, "user =") == NULL &&
				 strspn(line, "\t") == (size_t)(hash - line);
		if (is_option)
			*hash = ' ';
		assert_true(used + strlen(line) < room_bytes);
		used += (size_t)snprintf(ret_text + used, room_bytes - used, "%s", line);
	}
	fclose(file);
	return used;
}

static void the_example_is_sound_and_tells_the_defaults(void **state)
{
	(void)state;
	static char text[16384];
	struct config config, defaults;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	config_init(&config);
	int err = config_load(&config, example_path, complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	config_done(&config);

	config_init(&config);
	config_init(&defaults);
	err = config_parse(&config, "F", text, example_uncommented(text, sizeof(text)), complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	assert_memory_equal(&config.detect.defaults, &defaults.detect.defaults, sizeof(defaults.detect.defaults));
	assert_int_equal(config.detect.memory_bytes, defaults.detect.memory_bytes);
	assert_int_equal(config.detect.learn, defaults.detect.learn);
	assert_int_equal(config.detect.end_quiet_ms, defaults.detect.end_quiet_ms);
	assert_int_equal(config.save_every_ms, defaults.save_every_ms);
	assert_int_equal(config.default_sampling, defaults.default_sampling);
	assert_string_equal(config.status_socket, defaults.status_socket);
	assert_memory_equal(config.outgoing_classes, defaults.outgoing_classes, sizeof(defaults.outgoing_classes));
	assert_int_equal(config.threshold_count, 1);
	assert_int_equal(config.senders_most, defaults.senders_most);
	assert_int_equal(config.stopped_permille, defaults.stopped_permille);
	config_done(&config);
	config_done(&defaults);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_reaches_its_struct),
		cmocka_unit_test(protected_space_comes_from_the_policy_too),
		cmocka_unit_test(an_empty_list_of_classes_allows_none),
		cmocka_unit_test(each_mistake_is_one_line),
		cmocka_unit_test(metrics_may_be_remote_when_told),
		cmocka_unit_test(the_example_is_sound_and_tells_the_defaults),
	};
	if (argc != 2)
		return EXIT_FAILURE;
	example_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
