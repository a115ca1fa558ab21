/*
 * hinomi-exercise: the range. Makes labelled captures and flow exports, and
 * plays attacks live against a sensor, in network namespaces of its own.
 */
#include <stdio.h>
#include <string.h>

#include "exercise/generate.h"
#include "exercise/live.h"
#include "exercise/program.h"
#include "exercise/recipe.h"
#include "exercise/run.h"
#include "exercise/scenario.h"
#include "exercise/serve.h"

static const char usage[] =
	"hinomi-exercise list                    names of vectors and scenarios\n"
	"hinomi-exercise show SCENARIO           the text of a built-in scenario, to start one's own from\n"
	"hinomi-exercise generate OPTION... -o FILE\n"
	"  --vector NAME | --scenario NAME|FILE  what to play\n"
	"  --format pcap|netflow5|netflow9|ipfix|sflow   packets, or what a router tells of them [pcap]\n"
	"  --labels FILE                         write the truth as JSON\n"
	"  --ip 4|6  --target ADDRESS|PREFIX     who is attacked [4, 203.0.113.10]\n"
	"  --pps N  --clients-pps N              attack and legitimate packets per second [10000, 1000]\n"
	"  --seconds N  --sources N  --seed N    length, machines that attack, random seed [10, 500 (scans 1), 1]\n"
	"  --sampling N                          look at one packet in N [1]\n"
	"  --active N  --inactive N              flow cache timeouts in seconds [60, 15]\n"
	"hinomi-exercise run [SCENARIO|FILE] OPTION...   play it with everything: named, ordered, stopped, proven (root) "
	"[december-26]\n"
	"  --vector --pps --seconds --sources --seed --threshold-pps as above and below\n"
	"  --effector xdp|nft                    where packets are stopped [xdp]\n"
	"  --alone                               not a second time beside it without Hinomi\n"
	"  --mailbox  --page PORT                with a day of mail through Postfix; with a page to look on\n"
	"  --keep DIRECTORY                      make it, and leave keys, ledger and logs there\n"
	"  --json                                results as JSON on standard output\n"
	"  --page PORT                           a tower with a page to look on, on 127.0.0.1\n"
	"  --guest N                             wait N seconds for somebody who joins there, to approve orders\n"
	"  --progress                            how it goes as JSON, a line a second, and nothing else\n"
	"hinomi-exercise serve [--socket PATH] [--user ACCOUNT]   play what a tower asks for, one at a time (root)\n"
	"hinomi-exercise live OPTION...          play against hinomi-sensor in namespaces of its own (root)\n"
	"  --vector --scenario --ip --target --pps --clients-pps --seconds --sources --seed as above [december-26]\n"
	"  --threshold-pps N                     the sensor's threshold for a host [3000]\n"
	"  --sensor PATH                         the sensor [beside this program]\n"
	"  --plain  --json                       one line per event; results as JSON on standard output\n";

static int list_main(void)
{
	static const char *const families[] = {"IPv4 IPv6", "IPv4", "IPv6"};
	printf("Scenarios\n");
	for (unsigned i = 0; i < scenario_builtin_count; i++) {
		struct scenario_options options = {.is_v4 = true, .seed = 1, .pps = 1, .sources = 1};
		struct scenario scenario;
		char why[160];
		if (scenario_read(scenario_builtins[i].name, &options, why, &scenario) == OK)
			printf("  %-14s %s\n", scenario.name, scenario.about);
	}
	printf("Vectors (and udp_reflection_PORT)\n");
	for (unsigned i = 0; i < recipe_count; i++)
		printf("  %-34s %s\n", recipe_name(&recipes[i]), families[recipes[i].family]);
	return 0;
}

static int show_main(const char *name)
{
	for (unsigned i = 0; i < scenario_builtin_count; i++) {
		if (strcmp(scenario_builtins[i].name, name) == 0) {
			fputs(scenario_builtins[i].text, stdout);
			return 0;
		}
	}
	fprintf(stderr, "hinomi-exercise: no built-in scenario '%s'\n", name);
	return 2;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	program_note_home();
	if (strcmp(command, "generate") == 0)
		return generate_main(argc - 1, argv + 1);
	if (strcmp(command, "live") == 0)
		return live_main(argc - 1, argv + 1);
	if (strcmp(command, "run") == 0)
		return run_main(argc - 1, argv + 1);
	if (strcmp(command, "serve") == 0)
		return serve_main(argc - 1, argv + 1);
	if (strcmp(command, "list") == 0 && argc == 2)
		return list_main();
	if (strcmp(command, "show") == 0 && argc == 3)
		return show_main(argv[2]);
	bool is_help = strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0;
	fputs(usage, is_help ? stdout : stderr);
	return is_help ? 0 : 2;
}
