/* Proves that the shipped example is sound, what the defaults are, and what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "effect/config.h"

static const char *example_path;
static struct config config;
static char complaint[CONF_COMPLAINT_BYTES];

static int parse(const char *text)
{
	return config_parse("effect.conf", text, strlen(text), &config, complaint);
}

static void the_example_is_sound_and_says_the_defaults(void **state)
{
	(void)state;
	static struct config example;
	assert_int_equal(config_load(example_path, &example, complaint), OK);
	assert_int_equal(parse("effector = \"edge-1.port.example\" place = xdp interfaces = {eth0}"), OK);
	assert_string_equal(example.interface_names[0], "eth0");
	assert_string_equal(example.authority_user, "hinomi-authority"); /* for the accounts that systemd's units have */
	memset(example.authority_user, 0, sizeof(example.authority_user));
	example.interface_names[0] = config.interface_names[0] = NULL; /* each points into its own */
	assert_memory_equal(&example, &config, sizeof(config));
}

static void what_is_wrong_is_refused_in_one_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} rows[] = {
		{"place = xdp interfaces = {eth0}", "effect.conf: effector: its key name in the policy is missing"},
		{"effector = e interfaces = {eth0}", "effect.conf: place: is missing: xdp or nft"},
		{"effector = e place = ebtables", "must be xdp or nft"},
		{"effector = e place = xdp", "effect.conf: interfaces: are missing"},
		{"effector = e place = nft", "effect.conf: interfaces: are missing"}, /* to look at headers there */
		{"effector = e place = nft interfaces = {\"../eth0\"}", "must be the name of an interface"},
		{"effector = e place = nft interfaces = {an_interface_0001}", "must be the name of an interface"},
		{"effector = e place = nft interfaces = {eth0} policy = policy", "must be a path that begins with /"},
		{"effector = e place = nft interfaces = {eth0} socket = \"\"", "policy, state_directory and socket must be given"},
		{"effector = e place = xdp interfaces = {eth0} pin_directory = \"\"", "pin_directory: is missing"},
		{"effector = e place = nft interfaces = {eth0} end_quiet = 8", "end_quiet = 8"},
		{"effector = e place = nft interfaces = {eth0} progress = 1ms", "progress = 1ms"},
		{"effector = e place = nft interfaces = {eth0} unheard_of = 1", "unheard_of"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(parse(rows[i].text), E_CONFIG);
		if (strstr(complaint, rows[i].complaint) == NULL)
			fail_msg("%s: %s", rows[i].text, complaint);
		assert_null(strchr(complaint, '\n'));
	}
	assert_int_equal(parse("effector = e place = nft measure_collateral = no"), OK); /* all that comes in */
	assert_int_equal(config_load("/nonexistent/effect.conf", &config, complaint), E_SYS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_is_sound_and_says_the_defaults),
		cmocka_unit_test(what_is_wrong_is_refused_in_one_line),
	};
	if (argc != 2)
		return 2;
	example_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
