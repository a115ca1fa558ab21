/*
 * Puts an XDP program on an interface and leaves it there until its standard
 * input ends, for bench/drop:
 *
 *   drop_filter IFACE bare             a program of two instructions that drops everything
 *   drop_filter IFACE filter RULES SOURCES
 *                                      ours, with RULES rules, each for one address from 10.1.0.0 on, that drop UDP from
 *                                      a set of SOURCES addresses: what netsend --scatter makes of 10.16.0.0 and on
 *   drop_filter - sources SOURCES      prints these addresses, one a line, and ends
 *
 * Prints "ready", and at the end how many packets it dropped ("bare": 0, it does not count).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../tests/netsend_abi.h"
#include "core/clock.h"
#include "core/err.h"
#include "filter/filter.h"
#include "load.h"
#include "rules/source_set.h"

#define FIRST_DESTINATION 0x0a010000u
#define FIRST_SOURCE 0x0a100000u

static void wait_for_end(void)
{
	char unused[64];
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, unused, sizeof(unused)) > 0)
		;
}

/* XDP_DROP and nothing else: mov r0, 1; exit. */
static int bare_run(const char *interface)
{
	const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_DROP},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bare", "GPL", program, ARRAY_LEN(program), NULL);
	int link = fd >= 0 ? bpf_link_create(fd, (int)if_nametoindex(interface), BPF_XDP, &opts) : -1;
	if (link < 0) {
		perror("drop_filter");
		return 1;
	}
	wait_for_end();
	(void)printf("dropped=0\n");
	return 0;
}

static uint32_t source_at(uint32_t index)
{
	return (FIRST_SOURCE + index) * NETSEND_SCATTER;
}

static struct source_set *sources_make(size_t count)
{
	struct ip_addr *addrs = calloc(count, sizeof(*addrs));
	struct source_set *set = NULL;
	for (uint32_t i = 0; addrs != NULL && i < count; i++)
		addrs[i] = ip_from_v4(source_at(i));
	if (addrs == NULL || source_set_new(addrs, count, &set) != OK)
		(void)fprintf(stderr, "drop_filter: no source set\n");
	free(addrs);
	return set;
}

static int filter_run(const char *interface, size_t rule_count, size_t source_count)
{
	static struct rule rules[XDP_RULES_MAX];
	static struct xdp_entry entries[XDP_RULES_MAX];
	char why[FILTER_WHY_BYTES] = "no memory";
	struct filter *filter = NULL;
	struct source_set *set = sources_make(source_count);
	struct filter_config config = {.interface = interface, .mode = FILTER_ENFORCE, .sampling = 1000};
	for (uint32_t i = 0; i < rule_count && set != NULL; i++) {
		struct ip_prefix destination = {ip_from_v4(FIRST_DESTINATION + i), 128};
		rules[i] = rule_to(&destination);
		rules[i].protocol = 17;
		rules[i].action = RULE_DROP;
		rules[i].source_set = *source_set_name(set);
		entries[i] = (struct xdp_entry){&rules[i], set, UINT64_MAX};
	}
	if (set == NULL || filter_load(&config, &filter, why) != OK || filter_apply(filter, entries, rule_count, NULL, why) != OK ||
	    filter_read(filter, entries, rule_count, NULL, why) != OK) {
		(void)fprintf(stderr, "drop_filter: %s\n", why);
		return 1;
	}
	wait_for_end();
	(void)printf("dropped=%" PRIu64 "\n", (uint64_t)filter_totals(filter).dropped.packets);
	filter_close(filter);
	source_set_free(set);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "bare") == 0)
		return bare_run(argv[1]);
	if (argc == 5 && strcmp(argv[2], "filter") == 0)
		return filter_run(argv[1], load_number("RULES", argv[3], 1, XDP_RULES_MAX),
			load_number("SOURCES", argv[4], 1, RULE_SET_ADDRESSES_MAX));
	if (argc == 4 && strcmp(argv[2], "sources") == 0) {
		for (uint32_t i = 0; i < load_number("SOURCES", argv[3], 1, RULE_SET_ADDRESSES_MAX); i++) {
			struct in_addr addr = {htonl(source_at(i))};
			(void)printf("%s\n", inet_ntoa(addr));
		}
		return 0;
	}
	(void)fprintf(stderr, "usage: drop_filter IFACE bare | IFACE filter RULES SOURCES | - sources SOURCES\n");
	return 2;
}
