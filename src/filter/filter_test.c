/*
 * Proves of the program's life: rules hold and end with no process of ours
 * alive; what is pinned is opened by its own version, policy and mode, and by
 * nobody whom its permissions do not name; it is attached once; reading back
 * sees what is missing, changed or too much; a removed interface gets it again;
 * samples tell what was dropped; and every refusal is one clear line.
 */
#include "filter/net_test.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/sandbox.h"
#include "filter/filter_state.h"

#define TARGET 0xc0000201u /* 192.0.2.1 */
#define SOURCE 0xc6336401u /* 198.51.100.1 */

static const uint8_t policy_digest[FILTER_DIGEST_BYTES] = {1, 2, 3};
static const struct filter_wanted pinned = {
	.interface = "far", .pin_directory = NET_PINS, .policy = policy_digest, .sampling = 1, .enforces = true};

static struct filter *open_pinned(void)
{
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES] = "";
	if (filter_open(&pinned, &filter, why) != OK)
		fail_msg("%s", why);
	return filter;
}

/** How many of so many packets to an address pass. */
static size_t passed_of(uint32_t count, uint32_t dst)
{
	uint8_t packet[NET_FRAME_BYTES_MAX];
	int near = net_socket("near"), far = net_socket("far");
	for (uint32_t i = 0; i < count; i++)
		(void)net_send(near, i, 0, packet, net_udp(packet, SOURCE, dst, 60));
	size_t passed = net_passed(near, far, NULL);
	assert_int_equal(close(near), 0);
	assert_int_equal(close(far), 0);
	return passed;
}

static uint32_t attached_id(const char *interface)
{
	uint32_t id = 0;
	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	return id;
}

/** A process that puts two rules in force, one of which ends soon, and is killed while it has everything open. */
static uint64_t killed_effector(void)
{
	int ready[2];
	uint64_t soon_boot_ns;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct rule rules[2] = {net_rule(TARGET), net_rule(TARGET + 1)};
		struct filter *filter = net_load(FILTER_ENFORCE, NET_PINS);
		soon_boot_ns = (uint64_t)(clock_boot_ns() + 2 * NS_PER_S);
		struct xdp_entry entries[2] = {{&rules[0], NULL, soon_boot_ns}, {&rules[1], NULL, UINT64_MAX}};
		net_apply(filter, entries, 2, NULL);
		(void)!write(ready[1], &soon_boot_ns, sizeof(soon_boot_ns));
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ready[0], &soon_boot_ns, sizeof(soon_boot_ns)), sizeof(soon_boot_ns));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(close(ready[0]), 0);
	assert_int_equal(close(ready[1]), 0);
	return soon_boot_ns;
}

static void rules_outlive_every_process_and_end_by_themselves(void **state)
{
	(void)state;
	struct xdp_counts counts;
	uint64_t soon_boot_ns = killed_effector();
	assert_int_equal(passed_of(10, TARGET), 0);
	assert_true((uint64_t)clock_boot_ns() < soon_boot_ns); /* or this machine is too slow for this test */
	assert_int_equal(passed_of(10, TARGET + 1), 0);
	assert_int_equal(passed_of(10, TARGET + 2), 10);
	while ((uint64_t)clock_boot_ns() < soon_boot_ns + 20 * NS_PER_MS) /* a tick late at most */
		(void)poll(NULL, 0, 10);
	assert_int_equal(passed_of(10, TARGET), 10);
	assert_int_equal(passed_of(10, TARGET + 1), 0);

	/* Whoever opens it next finds the rules and what they counted. */
	struct rule rules[2] = {net_rule(TARGET), net_rule(TARGET + 1)};
	struct xdp_entry entries[2] = {{&rules[0], NULL, soon_boot_ns}, {&rules[1], NULL, UINT64_MAX}};
	char why[FILTER_WHY_BYTES];
	struct filter *filter = open_pinned();
	assert_int_equal(filter_mode(filter), FILTER_ENFORCE);
	assert_int_equal(filter_rule_count(filter), 2);
	assert_int_equal(filter_read(filter, entries, 2, NULL, why), OK);
	assert_int_equal(filter_counts(filter, 0, &counts), OK);
	assert_int_equal(counts.dropped_packets, 10);
	assert_int_equal(filter_counts(filter, 1, &counts), OK);
	assert_int_equal(counts.dropped_packets, 20);
	filter_close(filter);
	assert_int_equal(passed_of(10, TARGET + 1), 0); /* closing leaves it as it is */

	filter = open_pinned();
	assert_int_equal(filter_unload(filter, why), OK);
	assert_int_equal(attached_id("far"), 0);
	assert_int_equal(passed_of(10, TARGET + 1), 10);
	assert_int_equal(access(NET_PINS "/link", F_OK), -1);
}

static void unload_detaches_what_others_have_open(void **state)
{
	(void)state;
	char why[FILTER_WHY_BYTES];
	struct filter *filter = net_load(FILTER_ENFORCE, NET_PINS), *other = open_pinned();
	assert_int_equal(filter_unload(filter, why), OK);
	assert_int_equal(attached_id("far"), 0);
	filter_close(other);
	filter = net_load(FILTER_ENFORCE, NULL); /* what is not pinned goes with its process */
	assert_true(attached_id("far") != 0);
	filter_close(filter);
	int64_t end_mono_ns = clock_mono_ns() + 5 * NS_PER_S;
	while (attached_id("far") != 0 && clock_mono_ns() < end_mono_ns)
		(void)poll(NULL, 0, 10);
	assert_int_equal(attached_id("far"), 0);
}

static void refuse_open(const struct filter_wanted *wanted, int error, const char *expected)
{
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES] = "";
	int err = filter_open(wanted, &filter, why);
	assert_string_equal(why, expected);
	assert_int_equal(err, error);
	assert_null(filter);
}

static void refuse_load(struct filter_config config, int error, const char *expected)
{
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES] = "";
	int err = filter_load(&config, &filter, why);
	assert_string_equal(why, expected);
	assert_int_equal(err, error);
	assert_null(filter);
}

/** Puts a policy of another version in the place of the pinned one. */
static void policy_forge(uint32_t version)
{
	uint32_t key = 0;
	struct filter_policy policy = {.magic = FILTER_MAGIC, .version = version, .rules_version = XDP_RULES_VERSION,
		.sample_bytes = sizeof(struct filter_sample), .sampling = 1, .mode = FILTER_ENFORCE, .digest = {1, 2, 3}};
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "forged", sizeof(key), sizeof(policy), 1, NULL);
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &key, &policy, BPF_ANY), 0);
	(void)unlink(NET_PINS "/policy");
	assert_int_equal(bpf_obj_pin(fd, NET_PINS "/policy"), 0);
	assert_int_equal(close(fd), 0);
}

static void other_pins_are_refused(void **state)
{
	(void)state;
	static const uint8_t other_digest[FILTER_DIGEST_BYTES] = {3, 2, 1};
	struct filter_wanted wanted = pinned;
	refuse_open(&pinned, E_END, NET_PINS ": nothing is pinned here");
	filter_close(net_load(FILTER_ENFORCE, NET_PINS));
	wanted.sampling = 50;
	refuse_open(&wanted, E_STATE, NET_PINS ": pinned with sampling 1:1, this is 1:50: remove the directory first");
	wanted = pinned;
	wanted.policy = other_digest;
	refuse_open(&wanted, E_STATE, NET_PINS ": pinned under another policy file");
	wanted = pinned;
	wanted.interface = "near";
	refuse_open(&wanted, E_STATE, NET_PINS ": what is pinned here is not on this interface");
	policy_forge(FILTER_VERSION + 1);
	refuse_open(&pinned, E_STATE, NET_PINS ": pinned by another version: remove the directory first");
	policy_forge(FILTER_VERSION);
	filter_close(open_pinned()); /* the forgery was the reason */
	wanted = (struct filter_wanted){.interface = "far", .pin_directory = NET_PINS}; /* a sensor takes what is there */
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES];
	assert_int_equal(filter_open(&wanted, &filter, why), OK);
	assert_int_equal(filter_unload(filter, why), OK);

	filter_close(net_load(FILTER_SAMPLE, NET_PINS));
	refuse_open(&pinned, E_STATE, NET_PINS ": pinned by a sensor, without tables for rules");
	assert_int_equal(filter_open(&wanted, &filter, why), OK);
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	assert_int_equal(filter_apply(filter, &entry, 1, NULL, why), E_STATE);
	assert_string_equal(why, "far: the program only samples: it was loaded without tables for rules");
	assert_int_equal(filter_unload(filter, why), OK);
}

static void loose_permissions_are_refused(void **state)
{
	(void)state;
	filter_close(net_load(FILTER_ENFORCE, NET_PINS));
	assert_int_equal(chmod(NET_PINS "/tables", 0660), 0);
	refuse_open(&pinned, E_DENIED, NET_PINS "/tables: others may open this pin: chown and chmod 0600 it first");
	assert_int_equal(chmod(NET_PINS "/tables", 0600), 0);
	assert_int_equal(chown(NET_PINS "/link", 1234, 0), 0);
	refuse_open(&pinned, E_DENIED, NET_PINS "/link: others may open this pin: chown and chmod 0600 it first");
	assert_int_equal(chown(NET_PINS "/link", 0, 0), 0);
	assert_int_equal(chmod(NET_PINS, 0770), 0);
	refuse_open(&pinned, E_DENIED, NET_PINS ": others may change what is pinned here: chown and chmod 0700 it first");
	assert_int_equal(chmod(NET_PINS, 0700), 0);
	filter_close(open_pinned());
}

static void it_is_attached_once(void **state)
{
	(void)state;
	struct filter_config config = {.interface = "far", .pin_directory = NET_PINS, .mode = FILTER_ENFORCE, .sampling = 1};
	filter_close(net_load(FILTER_ENFORCE, NET_PINS));
	uint32_t id = attached_id("far");
	refuse_load(config, E_STATE, NET_PINS ": a program is pinned here already");
	config.pin_directory = "/sys/fs/bpf/other";
	refuse_load(config, E_STATE, "far: another XDP program is attached: see bpftool net");
	assert_int_equal(access("/sys/fs/bpf/other/link", F_OK), -1); /* nothing is left of the attempt */
	config.pin_directory = NULL;
	refuse_load(config, E_STATE, "far: another XDP program is attached: see bpftool net");
	assert_int_equal(attached_id("far"), id);
}

static void refuse_read(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space,
	const char *expected)
{
	char why[FILTER_WHY_BYTES] = "";
	assert_int_equal(filter_read(filter, entries, count, space, why), E_STATE);
	assert_string_equal(why, expected);
}

/** A destination address that is gone, and one too many. */
static void hosts_break(struct filter *filter, const struct xdp_entry entries[static 3], const struct space *space)
{
	struct filter_tables *tables = filter_table_map(filter->fds[PIN_TABLES], sizeof(*tables), 1, 1);
	assert_non_null(tables);
	struct filter_host_line *lines = tables->hosts;
	size_t used = 0;
	while (lines[used].slots[0].hash == 0)
		used++;
	struct filter_host host = lines[used].slots[0];
	lines[used].slots[0] = (struct filter_host){0};
	refuse_read(filter, entries, 3, space, "far: a destination address in the kernel has not the rules that were put in force");
	lines[used].slots[0] = host;
	lines[used].slots[1] = (struct filter_host){.hash = host.hash + FILTER_HOST_LINES, .list = host.list};
	refuse_read(filter, entries, 3, space, "far: the kernel has rules for an address that should have none");
	lines[used].slots[1] = (struct filter_host){0};
	lines[used].slots[0].rule++;
	refuse_read(filter, entries, 3, space, "far: a destination address in the kernel has not the rules that were put in force");
	lines[used].slots[0] = host;
	tables->lists[host.list & FILTER_HOST_LIST].list.rules[0]++;
	refuse_read(filter, entries, 3, space, "far: a destination address in the kernel has not the rules that were put in force");
	tables->lists[host.list & FILTER_HOST_LIST].list.rules[0]--;
	filter_table_unmap(tables, sizeof(*tables), 1);
}

/** A packed set with an address that is another one, one too many, and under another draw than the program's. */
static void rows_break(struct filter *filter, struct xdp_entry *entry)
{
	static const char expected[] = "far: a source set in the kernel is not what was put in force";
	static struct ip_addr addrs[300000];
	char why[FILTER_WHY_BYTES];
	struct source_set *set = NULL;
	struct filter_root root;
	uint32_t key = 0;
	for (uint32_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = ip_from_v4(SOURCE + i);
	assert_int_equal(source_set_new(addrs, ARRAY_LEN(addrs), &set), OK);
	struct rule rule = *entry->rule;
	struct xdp_entry with_rows = {&rule, set, UINT64_MAX};
	rule.source_set = *source_set_name(set);
	net_apply(filter, &with_rows, 1, NULL);
	assert_int_equal(filter_read(filter, &with_rows, 1, NULL, why), OK);
	assert_int_equal(filter_root_read(filter, &root), OK);
	struct filter_rows *rows = filter_table_map(filter->fds[PIN_ROWS], sizeof(*rows), root.in_force & FILTER_ROOT_HALF, 1);
	assert_non_null(rows);
	rows->rows[0].halves[0] ^= 0x8000;
	refuse_read(filter, &with_rows, 1, NULL, expected);
	rows->rows[0].halves[0] ^= 0x8000;
	rows->rows[0].halves[XDP_ROW_SLOTS - 1] ^= 7;
	refuse_read(filter, &with_rows, 1, NULL, expected);
	rows->rows[0].halves[XDP_ROW_SLOTS - 1] ^= 7;
	filter_table_unmap(rows, sizeof(*rows), 1);
	root.rows_seeds[root.in_force & FILTER_ROOT_HALF]++;
	assert_int_equal(bpf_map_update_elem(filter->fds[PIN_ROOT], &key, &root, BPF_ANY), 0);
	refuse_read(filter, &with_rows, 1, NULL, expected);
	source_set_free(set);
}

/** What an effector keeps when it is open lets it put sets in force and read them back; in a child. */
static void few_rights_are_enough(void **state)
{
	(void)state;
	int status;
	struct ip_addr one = ip_from_v4(SOURCE);
	struct source_set *set = NULL;
	struct rule rule = net_rule(TARGET);
	struct filter *filter = net_load(FILTER_ENFORCE, NET_PINS);
	assert_int_equal(source_set_new(&one, 1, &set), OK);
	rule.source_set = *source_set_name(set);
	struct xdp_entry entry = {&rule, set, UINT64_MAX};
	pid_t pid = fork();
	if (pid == 0) {
		char why[FILTER_WHY_BYTES] = "";
		bool is_done = sandbox_drop(NULL, UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_NET_ADMIN) == OK &&
			filter_apply(filter, &entry, 1, NULL, why) == OK && filter_read(filter, &entry, 1, NULL, why) == OK;
		if (!is_done)
			print_error("%s\n", why);
		_exit(is_done ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(passed_of(5, TARGET), 0);
	filter_close(filter);
	source_set_free(set);
}

/** Everything of which filter_read() says that it is not as it should be, done one by one. */
static void reading_back_sees_every_difference(void **state)
{
	(void)state;
	char why[FILTER_WHY_BYTES];
	struct ip_addr addrs[2] = {ip_from_v4(SOURCE), ip_from_v4(SOURCE + 1)}, one = ip_from_v4(SOURCE);
	struct ip_prefix wide = {ip_from_v4(TARGET & 0xffffff00u), 120}, protected = {ip_from_v4(SOURCE & 0xffffff00u), 120};
	struct space_config space_config = {.protected = &protected, .protected_count = 1};
	struct space *space = NULL;
	struct source_set *set = NULL, *smaller = NULL;
	assert_int_equal(source_set_new(addrs, 2, &set), OK);
	assert_int_equal(source_set_new(&one, 1, &smaller), OK);
	assert_int_equal(space_new(&space_config, &space), OK);
	struct rule rules[3] = {net_rule(TARGET), rule_to(&wide), net_rule(TARGET + 1)};
	rules[1].action = RULE_DROP;
	rules[2].source_set = *source_set_name(set);
	struct xdp_entry entries[3] = {{&rules[0], NULL, UINT64_MAX}, {&rules[1], NULL, UINT64_MAX}, {&rules[2], set, UINT64_MAX}};
	struct filter *filter = net_load(FILTER_ENFORCE, NET_PINS);
	net_apply(filter, entries, 3, space);

	refuse_read(filter, entries, 2, space, "far: the kernel holds another number of rules");
	refuse_read(filter, entries, 3, NULL, "far: a rule in the kernel is not what was put in force");
	entries[1].expires_boot_ns--;
	refuse_read(filter, entries, 3, space, "far: a rule in the kernel is not what was put in force");
	entries[1].expires_boot_ns++;
	entries[2].set = smaller;
	refuse_read(filter, entries, 3, space, "far: a source set in the kernel is not what was put in force");
	entries[2].set = set;
	assert_int_equal(filter_read(filter, entries, 3, space, why), OK);

	struct filter_prefix key = {.bits = 32 + 120, .half = 1};
	uint32_t place, value = 1;
	memcpy(key.addr_be, wide.addr.bytes, sizeof(key.addr_be)); /* the first apply fills the second half */
	assert_int_equal(bpf_map_lookup_elem(filter->fds[PIN_PREFIXES], &key, &place), 0);
	assert_int_equal(bpf_map_delete_elem(filter->fds[PIN_PREFIXES], &key), 0);
	refuse_read(filter, entries, 3, space, "far: a destination prefix in the kernel has not the rules that were put in force");
	assert_int_equal(bpf_map_update_elem(filter->fds[PIN_PREFIXES], &key, &place, BPF_ANY), 0);
	key.bits -= 8;
	key.addr_be[3] &= 0xffff;
	assert_int_equal(bpf_map_update_elem(filter->fds[PIN_PREFIXES], &key, &place, BPF_ANY), 0);
	refuse_read(filter, entries, 3, space, "far: the kernel has rules for a prefix that should have none");
	assert_int_equal(bpf_map_delete_elem(filter->fds[PIN_PREFIXES], &key), 0);
	assert_int_equal(bpf_map_update_elem(filter->fds[PIN_PROTECTED], &key, &value, BPF_ANY), 0);
	refuse_read(filter, entries, 3, space, "far: protected space in the kernel is not what it should be");
	assert_int_equal(bpf_map_delete_elem(filter->fds[PIN_PROTECTED], &key), 0);

	hosts_break(filter, entries, space);
	assert_int_equal(filter_read(filter, entries, 3, space, why), OK);
	rows_break(filter, &entries[0]);
	net_apply(filter, entries, 3, space);

	assert_int_equal(bpf_link_detach(filter->fds[PIN_LINK]), 0);
	refuse_read(filter, entries, 3, space, "far: the program is not attached to the interface");
	filter_close(filter);
	space_free(space);
	source_set_free(set);
	source_set_free(smaller);
}

/** Rules that cannot be put in force leave in force what was. */
static void what_cannot_be_applied_changes_nothing(void **state)
{
	(void)state;
	char why[FILTER_WHY_BYTES];
	struct rule rule = net_rule(TARGET), with_set = rule;
	struct xdp_entry entries[XDP_LIST_RULES_MAX + 1];
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		entries[i] = (struct xdp_entry){&rule, NULL, UINT64_MAX};
	net_apply(filter, entries, 1, NULL);
	assert_int_equal(filter_apply(filter, entries, ARRAY_LEN(entries), NULL, why), E_LIMIT);
	assert_string_equal(why, "far: too many rules, at all or for one destination");
	with_set.source_set.count = 1;
	entries[1].rule = &with_set;
	assert_int_equal(filter_apply(filter, entries, 2, NULL, why), E_STATE);
	assert_string_equal(why, "far: a rule's source set is not at hand");
	assert_int_equal(filter_read(filter, entries, 1, NULL, why), OK);
	assert_int_equal(passed_of(5, TARGET), 0);
	net_apply(filter, NULL, 0, NULL);
	assert_int_equal(passed_of(5, TARGET), 5);
	filter_close(filter);
}

/** An interface that was removed and is back gets the program with its rules, and the pins are those of the new link. */
static void the_interface_is_followed(void **state)
{
	(void)state;
	char why[FILTER_WHY_BYTES];
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	struct filter_wanted sensor = {.interface = "far", .pin_directory = NET_PINS};
	struct filter *filter = net_load(FILTER_ENFORCE, NET_PINS), *reader = NULL;
	net_apply(filter, &entry, 1, NULL);
	assert_int_equal(filter_open(&sensor, &reader, why), OK);
	assert_true(NET_RUN("ip", "link", "delete", "near"));
	assert_int_equal(filter_follow(filter, why), INTERFACE_GONE);
	assert_int_equal(net_setup(NULL), 0);
	assert_int_equal(filter_follow(reader, why), INTERFACE_UP); /* keeps away: that is the effector's */
	assert_int_equal(attached_id("far"), 0);
	assert_int_equal(filter_follow(filter, why), INTERFACE_UP);
	assert_string_equal(why, "");
	assert_int_equal(passed_of(5, TARGET), 0);
	filter_close(reader);
	filter_close(filter);
	assert_int_equal(passed_of(5, TARGET), 0); /* pinned anew */
	filter_close(open_pinned());
}

struct flags_seen {
	size_t passed, dropped;
};

static int sample_take(void *arg, void *data, size_t data_bytes)
{
	struct flags_seen *seen = arg;
	const struct filter_sample *sample = data;
	assert_true(data_bytes >= sizeof(*sample));
	if (sample->captured_bytes >= 34 && sample->flags == FILTER_DROPPED)
		seen->dropped++;
	else if (sample->flags == 0)
		seen->passed++;
	return 0;
}

static void samples_tell_what_was_dropped(void **state)
{
	(void)state;
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	struct flags_seen seen = {0};
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	struct ring_buffer *ring = ring_buffer__new(filter_samples_fd(filter), sample_take, &seen, NULL);
	assert_non_null(ring);
	net_apply(filter, &entry, 1, NULL);
	assert_int_equal(passed_of(7, TARGET), 0);
	assert_int_equal(passed_of(4, TARGET + 1), 4);
	assert_true(ring_buffer__consume(ring) > 0);
	assert_int_equal(seen.dropped, 7);
	assert_int_equal(seen.passed, 4 + 2); /* and the last frames of both */
	assert_int_equal(filter_totals(filter).sampled, 7 + 4 + 2);
	assert_int_equal(filter_totals(filter).dropped.bytes, 7 * 74);
	ring_buffer__free(ring);
	filter_close(filter);
}

/** Whether loading is denied to somebody without rights, in a child. */
static bool is_denied_to_others(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		struct filter_config config = {.interface = "far", .mode = FILTER_ENFORCE, .sampling = 1};
		struct filter *filter = NULL;
		char why[FILTER_WHY_BYTES] = "";
		bool is_denied = setgid(65534) == 0 && setuid(65534) == 0 && filter_load(&config, &filter, why) == E_DENIED &&
			strncmp(why, "far: no permission", 18) == 0 && filter == NULL && !filter_supported();
		_exit(is_denied ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void refusals_are_clear(void **state)
{
	(void)state;
	struct filter_config config = {.interface = "nowhere", .sampling = 1};
	refuse_load(config, E_CONFIG, "nowhere: no such interface");
	config = (struct filter_config){.interface = "far"};
	refuse_load(config, E_CONFIG, "far: sampling must be from 1 to 1000000");
	config.sampling = FILTER_SAMPLING_MAX + 1;
	refuse_load(config, E_CONFIG, "far: sampling must be from 1 to 1000000");
	config = (struct filter_config){.interface = "far", .sampling = 1, .ring_bytes = UINT32_MAX};
	refuse_load(config, E_CONFIG, "far: the ring buffer may have 1 GiB at most");
	config = (struct filter_config){.interface = "far", .sampling = 1, .pin_directory = "/tmp/hinomi_filter"};
	refuse_load(config, E_CONFIG, "/tmp/hinomi_filter: not in a BPF file system (mount -t bpf bpf /sys/fs/bpf)");
	assert_int_equal(access("/tmp/hinomi_filter", F_OK), -1);
	assert_true(NET_RUN("ip", "link", "set", "far", "down"));
	config = (struct filter_config){.interface = "far", .sampling = 1};
	refuse_load(config, E_STATE, "far: the interface is down: set it up first (ip link set dev ... up)");
	assert_true(NET_RUN("ip", "link", "set", "far", "up"));
	assert_true(is_denied_to_others());
	assert_int_equal(attached_id("far"), 0);
	filter_close(NULL);
}

int main(void)
{
	net_enter();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_outlive_every_process_and_end_by_themselves, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(unload_detaches_what_others_have_open, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(other_pins_are_refused, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(loose_permissions_are_refused, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(it_is_attached_once, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(few_rights_are_enough, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(reading_back_sees_every_difference, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_applied_changes_nothing, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(the_interface_is_followed, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(samples_tell_what_was_dropped, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(refusals_are_clear, net_setup, net_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
