/*
 * Proves what an effector does with an order from its line to its end, with a place that obeys, fails or lies, and with a
 * journal on disk: that nothing is enforced that was not journalled and read back; each refusal; withdrawal and who may;
 * replacement; the end of an attack, and measured collateral; what a restart brings back, and what not, under right
 * and wrong clocks; and that health tells of all this. Time is virtual.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/clock.h"
#include "effect/carry.h"
#include "effect/pulse.h"
#include "record/order_example.h"
#include "record/receipt.h"
#include "record/withdrawal.h"

#define START_BOOT_NS (1000 * NS_PER_S)
#define QUIET_MS 8000
#define PROGRESS_MS 5000

static struct order_world world;
static char directory[64];
static struct space *guarded, *open_space;
static struct collateral *collateral;
static struct carry *carry;
static struct journal *journal;
static struct order order;
static struct standing_order standing;
static struct bundle bundle;

/* A place that holds what it is told, or does not. */

static struct fake {
	size_t count;
	uint32_t ids[LIMIT_EFFECT_RULES];
	struct effect_counts counts[LIMIT_EFFECT_RULES];
	int apply_answer, read_answer, counts_answer;
	unsigned applied;
} fake;

static int fake_apply(void *place, const struct effect_entry *entries, size_t count, char why[static EFFECTOR_WHY_BYTES])
{
	struct fake *into = place;
	into->applied++;
	if (into->apply_answer != OK) {
		snprintf(why, EFFECTOR_WHY_BYTES, "the place is broken");
		return into->apply_answer;
	}
	into->count = count;
	for (size_t i = 0; i < count; i++)
		into->ids[i] = entries[i].id;
	return OK;
}

static int fake_read_back(void *place, const struct effect_entry *entries, size_t count, char why[static EFFECTOR_WHY_BYTES])
{
	const struct fake *from = place;
	bool is_same = from->count == count && from->read_answer == OK;
	for (size_t i = 0; i < count && is_same; i++)
		is_same = from->ids[i] == entries[i].id;
	if (is_same)
		return OK;
	snprintf(why, EFFECTOR_WHY_BYTES, "the place holds something else");
	return from->read_answer != OK ? from->read_answer : E_STATE;
}

static int fake_counts(void *place, const struct effect_entry *entries, size_t count, struct effect_counts *ret_counts)
{
	const struct fake *from = place;
	(void)entries;
	if (from->counts_answer != OK)
		return from->counts_answer;
	memcpy(ret_counts, from->counts, count * sizeof(*ret_counts));
	return OK;
}

static const struct effector fake_effector = {"fake", NULL, fake_apply, fake_read_back, fake_counts, NULL};

/* Receipts. */

static struct {
	size_t count;
	struct receipt last;
	size_t states[RECEIPT_STATE_COUNT];
} told;

static void tell(void *arg, const char *line)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	(void)arg;
	assert_int_equal(receipt_parse(line, strlen(line), &told.last, complaint), OK);
	assert_string_equal(told.last.effector, "edge-1");
	told.states[told.last.state]++;
	told.count++;
}

static void assert_told(enum receipt_state state, const char *why)
{
	assert_int_equal(told.last.state, state);
	if (strncmp(told.last.why, why, strlen(why)) != 0)
		fail_msg("told \"%s\", expected \"%s\"", told.last.why, why);
}

/* Scenes. */

static struct book_time after_ms(int64_t ms)
{
	return (struct book_time){EXAMPLE_NOW_MS + 1000 + ms, START_BOOT_NS + ms * NS_PER_MS};
}

/** Starts over with what the journal on disk has. */
static void start(struct book_time now, uint8_t boot, bool is_clock_right)
{
	struct carry_config config = {
		.effector = "edge-1", .policy = &world.policy, .hooks = &fake_effector, .place = &fake, .sets_fd = -1, .guarded = guarded,
		.open = open_space, .collateral = collateral, .boot_id = {boot}, .end_quiet_ms = QUIET_MS, .progress_ms = PROGRESS_MS,
		.tell = tell,
	};
	uint64_t torn = 0;
	carry_free(carry);
	journal_close(journal);
	memset(&told, 0, sizeof(told));
	assert_int_equal(carry_new(&config, &carry), OK);
	assert_int_equal(journal_open(directory, carry_remember, carry, &journal, &torn), OK);
	carry_begin(carry, journal, is_clock_right, &now);
}

static int setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hinomi-carry-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	memset(&fake, 0, sizeof(fake));
	order_example(&order);
	standing_order_example(&standing);
	bundle = (struct bundle){0};
	if (collateral_new(&collateral) != OK)
		return -1;
	start(after_ms(0), 1, false);
	return 0;
}

static int teardown(void **state)
{
	char path[96];
	(void)state;
	carry_free(carry);
	journal_close(journal);
	carry = NULL;
	journal = NULL;
	collateral_free(collateral);
	bundle_done(&bundle);
	snprintf(path, sizeof(path), "%s/journal", directory);
	(void)unlink(path);
	return rmdir(directory);
}

static enum carry_refusal send_bundle(struct book_time now)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	assert_int_equal(bundle_write(&bundle, &line, complaint), OK);
	enum carry_refusal refusal = carry_line(carry, line, strlen(line), &now);
	free(line);
	return refusal;
}

/** An order that people approved. */
static void approved_make(void)
{
	bundle_done(&bundle);
	order_world_bundle(&world, &order, &bundle);
	order_world_approve(&bundle, order_world_say(&world, APPROVAL_APPROVAL, bundle.order, PARTY_JIRO, "duty"));
	order_world_approve(&bundle, order_world_say(&world, APPROVAL_APPROVAL, bundle.order, PARTY_KYOKO, "commission"));
}

static void standing_make(void)
{
	bundle_done(&bundle);
	order_world_bundle(&world, &order, &bundle);
	order_world_rest(&world, &standing, &order, &bundle);
}

static enum carry_refusal send_withdrawal(const char *note, enum order_party who, const char *role, struct book_time now)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	struct withdrawal withdrawal = {order_world_say(&world, APPROVAL_WITHDRAWAL, note, who, role)};
	assert_int_equal(withdrawal_write(&withdrawal, &line, complaint), OK);
	enum carry_refusal refusal = carry_line(carry, line, strlen(line), &now);
	withdrawal_done(&withdrawal);
	free(line);
	return refusal;
}

static void tick(int64_t ms)
{
	const struct book_time now = after_ms(ms);
	carry_tick(carry, &now);
}

static size_t in_force(void)
{
	size_t count = 0;
	(void)order_book_list(carry_book(carry), &count);
	return count;
}

static void an_order_acts_and_expires(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	assert_told(RECEIPT_APPLIED, "");
	assert_int_equal(fake.count, 1);
	fake.counts[0] = (struct effect_counts){100, 46800, 100, 46800};
	tick(PROGRESS_MS);
	assert_told(RECEIPT_PROGRESS, "");
	assert_int_equal(told.last.stopped.packets, 100);
	assert_int_equal(told.last.stopped.bytes, 46800);
	tick(598999);
	assert_int_equal(fake.count, 1); /* nothing was dropped for minutes, but people had to approve it */
	tick(599000);
	assert_told(RECEIPT_ENDED, "expired:");
	assert_int_equal(fake.count, 0);
	assert_int_equal(in_force(), 0);
	assert_int_equal(send_bundle(after_ms(0)), CARRY_VERDICT); /* the time that is known does not go back */
	assert_told(RECEIPT_REFUSED, "expired:");
}

static void what_the_kernel_does_not_hold_is_refused(void **state)
{
	(void)state;
	static const struct {
		int apply, read;
		enum carry_refusal refusal;
		const char *why;
	} rows[] = {
		{E_SYS, OK, CARRY_PLACE, "place: the place is broken"},
		{E_UNSUPPORTED, OK, CARRY_UNENFORCEABLE, "unenforceable: the place is broken"},
		{OK, E_STATE, CARRY_MISMATCH, "mismatch: the place holds something else"},
		{OK, E_SYS, CARRY_PLACE, "place: the place holds something else"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		order.counter++;
		approved_make();
		fake.apply_answer = rows[i].apply;
		fake.read_answer = rows[i].read;
		assert_int_equal(send_bundle(after_ms(0)), rows[i].refusal);
		assert_told(RECEIPT_REFUSED, rows[i].why);
		assert_int_equal(in_force(), 0);
		fake.apply_answer = fake.read_answer = OK;
		tick(2000 * (int64_t)(i + 1));
		assert_int_equal(fake.count, 0); /* as soon as the place works again it holds nothing of it */
		start(after_ms(2000 * (int64_t)(i + 1)), 1, false);
		assert_int_equal(in_force(), 0); /* nor does a restart bring it back */
	}
}

static void limit_files(rlim_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void nothing_begins_that_cannot_be_journalled(void **state)
{
	(void)state;
	approved_make();
	limit_files(10);
	unsigned applied = fake.applied;
	assert_int_equal(send_bundle(after_ms(0)), CARRY_JOURNAL);
	assert_told(RECEIPT_REFUSED, "journal: it cannot be journalled: No space left on device");
	assert_int_equal(fake.applied, applied); /* the kernel has not heard of it */
	limit_files(RLIM_INFINITY);
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
}

/** A full disk does not keep an order in force, and what was withdrawn meanwhile does not come back. */
static void what_ends_ends_without_a_journal(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	limit_files(10);
	assert_int_equal(send_withdrawal(bundle.order, PARTY_AUTHORITY, "", after_ms(1000)), CARRY_NOT_REFUSED);
	assert_int_equal(fake.count, 0);
	order.counter++;
	approved_make();
	limit_files(RLIM_INFINITY);
	assert_int_equal(send_bundle(after_ms(1500)), CARRY_JOURNAL); /* not before the end is on disk */
	tick(3000);
	start(after_ms(3000), 1, false);
	assert_int_equal(in_force(), 0);
	assert_int_equal(send_bundle(after_ms(3000)), CARRY_NOT_REFUSED);
}

static void protected_space_is_spared_whatever_was_signed(void **state)
{
	(void)state;
	order.rules.rules[0].source_count = 1;
	order.rules.rules[0].sources[0] = (struct ip_prefix){ip_from_v4(0xc6336435), 128}; /* 198.51.100.53 */
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	order.counter++;
	order.rules.rules[0].sources[0] = (struct ip_prefix){ip_from_v4(0xc0000235), 128}; /* protected */
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_PROTECTED_SPACE);
	assert_told(RECEIPT_REFUSED, "protected_space: rule 0: sources: 192.0.2.53");
	order.touches_protected = true;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_VERDICT); /* says so, but not with the approvals for that */
	assert_told(RECEIPT_REFUSED, "protected_unsigned:");
	order_world_approve(&bundle, order_world_say(&world, APPROVAL_APPROVAL, bundle.order, PARTY_TARO, "commission"));
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
}

static void a_source_set_must_be_at_hand(void **state)
{
	(void)state;
	order.rules.rules[0].source_set = (struct rule_source_set){1000, {1, 2, 3}};
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_SET_MISSING);
	assert_told(RECEIPT_REFUSED, "set_missing: the source set of rule 0");
}

static void what_is_no_document_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {"", "{}", "[]", "nonsense", "{\"document\":\"bundle\",\"version\":1}",
		"{\"document\":\"withdrawal\",\"version\":1}"};
	const struct book_time now = after_ms(0);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(carry_line(carry, lines[i], strlen(lines[i]), &now), CARRY_UNREADABLE);
		assert_told(RECEIPT_REFUSED, "unreadable: ");
	}
	assert_int_equal(carry_counters_of(carry)->refused[CARRY_UNREADABLE], ARRAY_LEN(lines));
	assert_int_equal(carry_counters_of(carry)->lines, ARRAY_LEN(lines));
}

static void who_may_withdraws(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	assert_int_equal(send_withdrawal(bundle.order, PARTY_STRANGER, "duty", after_ms(1)), CARRY_MAY_NOT_WITHDRAW);
	assert_told(RECEIPT_REFUSED, "may_not_withdraw: ");
	assert_int_equal(send_withdrawal(bundle.order, PARTY_JIRO, "commission", after_ms(1)), CARRY_MAY_NOT_WITHDRAW);
	assert_int_equal(send_withdrawal("{\"another\":1}\n", PARTY_AUTHORITY, "", after_ms(1)), CARRY_NOT_IN_FORCE);
	assert_int_equal(fake.count, 1);
	assert_int_equal(send_withdrawal(bundle.order, PARTY_KYOKO, "commission", after_ms(1)), CARRY_NOT_REFUSED);
	assert_told(RECEIPT_ENDED, "withdrawn: by kyoko");
	assert_int_equal(fake.count, 0);
	assert_int_equal(send_bundle(after_ms(2)), CARRY_VERDICT); /* a replay */
	assert_told(RECEIPT_REFUSED, "counter_not_new:");
}

/** A standing order that a person took back ends what rests on it, and nothing can rest on it any more. */
static void a_standing_order_that_was_withdrawn_stays_so(void **state)
{
	(void)state;
	standing_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	char *note = strdup(bundle.standing.order);
	assert_int_equal(send_withdrawal(note, PARTY_JIRO, "duty", after_ms(1)), CARRY_NOT_REFUSED);
	free(note);
	assert_told(RECEIPT_ENDED, "withdrawn: by jiro");
	for (unsigned i = 0; i < 2; i++) {
		order.counter++;
		standing_make();
		assert_int_equal(send_bundle(after_ms(2)), CARRY_WITHDRAWN);
		assert_told(RECEIPT_REFUSED, "withdrawn:");
		start(after_ms(2), 1, false); /* nor after a restart */
	}
	standing.rules_most--; /* another standing order */
	standing_make();
	assert_int_equal(send_bundle(after_ms(2)), CARRY_NOT_REFUSED);
}

static void urgent_make(void)
{
	bundle_done(&bundle);
	order.is_urgent = true;
	order.ratify_by_ms = EXAMPLE_NOW_MS + 60000;
	order_world_bundle(&world, &order, &bundle);
	order_world_approve(&bundle, order_world_say(&world, APPROVAL_APPROVAL, bundle.order, PARTY_JIRO, "duty"));
}

static void an_urgent_order_is_ratified_or_ends(void **state)
{
	(void)state;
	urgent_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	assert_int_equal(send_bundle(after_ms(1)), CARRY_VERDICT);
	assert_told(RECEIPT_REFUSED, "nothing_new:");
	order_world_ratify(&bundle, order_world_say(&world, APPROVAL_RATIFICATION, bundle.order, PARTY_KYOKO, "commission"));
	assert_int_equal(send_bundle(after_ms(2)), CARRY_NOT_REFUSED);
	assert_int_equal(carry_counters_of(carry)->ratified, 1);
	tick(100000);
	assert_int_equal(in_force(), 1);
	start(after_ms(100000), 1, false);
	assert_int_equal(in_force(), 1); /* ratified it was, and stays */
	order.counter++;
	order.id[0] = '0';
	urgent_make();
	assert_int_equal(send_bundle(after_ms(1)), CARRY_VERDICT); /* the time that is known does not go back: its deadline is over */
	assert_told(RECEIPT_REFUSED, "not_ratified:");
}

static void an_urgent_order_ends_at_its_deadline(void **state)
{
	(void)state;
	urgent_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	tick(58999);
	assert_int_equal(in_force(), 1);
	tick(59000);
	assert_int_equal(in_force(), 0);
	assert_told(RECEIPT_ENDED, "not_ratified:");
}

static void the_end_of_an_attack_ends_what_comes_back_in_time(void **state)
{
	(void)state;
	standing_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	for (int64_t ms = 1000; ms <= 20000; ms += 1000) {
		fake.counts[0].matched_packets += 10;
		fake.counts[0].dropped_packets += 10;
		tick(ms);
	}
	assert_int_equal(in_force(), 1);
	tick(20000 + QUIET_MS - 500);
	assert_int_equal(in_force(), 1);
	tick(20000 + QUIET_MS);
	assert_told(RECEIPT_ENDED, "over:");
	assert_int_equal(told.last.stopped.packets, 200);
	assert_int_equal(fake.count, 0);
}

static void a_later_order_of_the_same_finding_replaces(void **state)
{
	(void)state;
	standing_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	uint32_t before = fake.ids[0];
	order.counter++;
	standing_make();
	assert_int_equal(send_bundle(after_ms(100)), CARRY_NOT_REFUSED);
	assert_int_equal(in_force(), 1);
	assert_int_equal(fake.count, 1);
	assert_int_not_equal(fake.ids[0], before);
	assert_int_equal(told.states[RECEIPT_ENDED], 1);
	start(after_ms(200), 1, false);
	assert_int_equal(in_force(), 1);
}

/** Peers that we talk with, whose packets the rule drops. */
static void talk(unsigned peers, uint16_t src_port, int64_t ms)
{
	for (unsigned i = 0; i < peers; i++) {
		struct packet_facts in = {.protocol = 17, .src_port = src_port, .dst_port = 443, .length_bytes = 468,
			.has = PACKET_HAS_PORTS, .fragment = PACKET_FRAGMENT_WHOLE, .look_count = PACKET_LOOK_BYTES};
		const struct ip_addr peer = ip_from_v4(0xcb007100 + i), ours = ip_from_v4(0xc000020a);
		memcpy(in.look, rule_signatures[RULE_SIGNATURE_NTP_PRIVATE].value, sizeof(in.look));
		memcpy(in.src_be, &peer, sizeof(in.src_be));
		memcpy(in.dst_be, &ours, sizeof(in.dst_be));
		struct packet_facts out = {.protocol = 6, .has = PACKET_HAS_FLAGS, .tcp_flags = 0x10};
		memcpy(out.dst_be, &peer, sizeof(out.dst_be));
		collateral_see(collateral, &out, true, after_ms(ms).boot_ns);
		collateral_see(collateral, &in, false, after_ms(ms).boot_ns);
	}
}

static void what_costs_too_much_is_withdrawn(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	talk(200, 4000, 100);
	tick(1000);
	assert_int_equal(in_force(), 1);
	talk(200, 123, 1100);
	tick(2000);
	assert_told(RECEIPT_ENDED, "collateral: 500 permille of known peers' packets, 5 allowed");
	assert_int_equal(told.last.collateral_permille, 500);
	assert_int_equal(fake.count, 0);
}

static void rules_that_are_gone_are_put_back(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	fake.count = 0;
	fake.counts_answer = E_STATE;
	tick(2000);
	assert_int_equal(fake.count, 1);
	assert_int_equal(carry_counters_of(carry)->place_losses, 1);
}

static void a_restart_brings_back_what_stands(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	uint32_t id = fake.ids[0];
	for (uint8_t boot = 1; boot <= 2; boot++) { /* of the process, then of the machine */
		int64_t ms = 10000 * boot;
		fake.count = 0;
		start(after_ms(ms), boot, false);
		assert_int_equal(fake.count, 1);
		assert_int_equal(fake.ids[0], id);
		assert_told(RECEIPT_APPLIED, "restored");
		assert_int_equal(send_bundle(after_ms(ms)), CARRY_VERDICT);
		assert_told(RECEIPT_REFUSED, "nothing_new:");
	}
	tick(598999);
	assert_int_equal(in_force(), 1);
	fake.count = 0;
	start(after_ms(600000), 2, false);
	assert_int_equal(fake.count, 0);
	assert_told(RECEIPT_ENDED, "expired: expired:");
	assert_int_equal(send_bundle(after_ms(600000)), CARRY_VERDICT);
}

static void another_policy_ends_what_it_did_not_allow(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	world.policy.digest.bytes[0] ^= 1;
	start(after_ms(1), 1, false);
	world.policy.digest.bytes[0] ^= 1;
	assert_told(RECEIPT_ENDED, "unverified: other_policy");
	assert_int_equal(fake.count, 0);
}

static struct book_time shifted(int64_t ms, int64_t wall_ms)
{
	struct book_time now = after_ms(ms);
	now.wall_ms += wall_ms;
	return now;
}

/** The clock is set back an hour, and the process starts anew: the order ends when it would have. */
static void a_clock_set_back_prolongs_nothing(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	struct book_time now = shifted(300000, -3600000);
	carry_tick(carry, &now);
	assert_int_equal(in_force(), 1);
	start(shifted(310000, -3600000), 1, true);
	assert_int_equal(in_force(), 0); /* by this clock its time has not come */
	assert_told(RECEIPT_ENDED, "unverified: not_yet_valid");
}

/** After a reboot the clock is before what the journal knows: nothing acts until it is right, and then what stands does. */
static void a_clock_behind_the_journal_is_not_believed(void **state)
{
	(void)state;
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	tick(100000); /* notes the time */
	fake.count = 0;
	start(shifted(0, -86400000), 2, false);
	assert_true(carry_is_waiting(carry));
	assert_int_equal(fake.count, 0);
	order.counter++;
	approved_make();
	assert_int_equal(send_bundle(shifted(1000, -86400000)), CARRY_CLOCK_BEHIND);
	assert_told(RECEIPT_REFUSED, "clock_behind: ");
	struct book_time now = shifted(2000, 100000);
	carry_tick(carry, &now);
	assert_false(carry_is_waiting(carry));
	assert_int_equal(fake.count, 1);
	assert_int_equal(send_bundle(now), CARRY_NOT_REFUSED);
}

/** What a person says of the clock counts more than the journal. */
/* Health. */

static uint64_t lost(const struct health *health, const char *reason)
{
	for (size_t i = 0; i < health->loss_count; i++) {
		if (strcmp(health->losses[i].reason, reason) == 0)
			return health->losses[i].count;
	}
	return 0;
}

/** Lets time pass until health is due, and takes it; it must be a document. */
static const struct health *health_at(struct pulse *pulse, const struct channel_counters *channel, int64_t ms)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	const struct book_time now = after_ms(ms);
	assert_true(pulse_turn(pulse, carry, &now));
	const struct health *health = pulse_take(pulse, carry, channel, &now);
	assert_int_equal(health_write(health, &line, complaint), OK);
	free(line);
	return health;
}

static void health_tells_what_is_in_force_and_what_hinders(void **state)
{
	(void)state;
	struct pulse *pulse = NULL;
	struct channel_counters channel = {.receipts_lost = 3, .passing_lost = 2};
	struct book_time now = after_ms(0);
	assert_int_equal(pulse_new("edge-1", "port", &now, &pulse), OK);
	approved_make();
	assert_int_equal(send_bundle(now), CARRY_NOT_REFUSED);
	fake.counts[0] = (struct effect_counts){100, 46800, 100, 46800};
	tick(1000);
	now = after_ms(999);
	assert_false(pulse_turn(pulse, carry, &now)); /* not before a second is over */
	const struct health *health = health_at(pulse, &channel, 1000);
	assert_string_equal(health->process, "edge-1");
	assert_string_equal(health->member, "port");
	assert_int_equal(health->rules, 1);
	assert_int_equal(health->rates.dropped_pps, 100);
	assert_int_equal(health->loss_count, 2);
	assert_int_equal(lost(health, "receipts"), 3);
	assert_int_equal(lost(health, "health"), 2);
	tick(2000);
	assert_int_equal(health_at(pulse, &channel, 2000)->rates.dropped_pps, 0); /* the sums have not grown */
	limit_files(10);
	fake.counts_answer = E_STATE; /* rules are gone, and cannot be put back */
	fake.apply_answer = E_SYS;
	assert_int_equal(send_withdrawal(bundle.order, PARTY_AUTHORITY, "", after_ms(2500)), CARRY_NOT_REFUSED);
	tick(3000);
	now = after_ms(3000);
	(void)pulse_turn(pulse, carry, &now);
	health = health_at(pulse, &channel, 5000);
	limit_files(RLIM_INFINITY);
	fake.counts_answer = fake.apply_answer = OK;
	assert_int_equal(health->rules, 0);
	assert_true(lost(health, "journal_failures") > 0 && lost(health, "place_failures") > 0);
	assert_int_equal(lost(health, "journal_behind_s"), 3); /* since what was told at 2 s */
	assert_int_equal(lost(health, "place_behind_s"), 3);
	assert_int_equal(lost(health, "waits_for_clock_s"), 0);
	tick(7000);
	assert_int_equal(lost(health_at(pulse, &channel, 8000), "place_behind_s"), 3); /* it stands as it was, and grows no more */
	pulse_free(pulse);
}

/** The clock is set back over a restart: the tower sees what it waits for. */
static void health_tells_that_the_clock_is_not_believed(void **state)
{
	(void)state;
	struct pulse *pulse = NULL;
	const struct channel_counters channel = {0};
	approved_make();
	assert_int_equal(send_bundle(after_ms(0)), CARRY_NOT_REFUSED);
	start(after_ms(-60000), 2, false);
	const struct book_time now = after_ms(-60000);
	assert_int_equal(pulse_new("edge-1", "port", &now, &pulse), OK);
	const struct health *health = health_at(pulse, &channel, -58000);
	assert_int_equal(health->rules, 0);
	assert_int_equal(lost(health, "waits_for_clock_s"), 2);
	pulse_free(pulse);
}

static void a_clock_that_was_ahead_can_be_put_right(void **state)
{
	(void)state;
	order.not_before_ms += 86400000;
	order.expires_ms += 86400000;
	approved_make();
	assert_int_equal(send_bundle(shifted(0, 86400000)), CARRY_NOT_REFUSED);
	start(after_ms(10), 1, false);
	assert_true(carry_is_waiting(carry));
	start(after_ms(20), 1, true);
	assert_false(carry_is_waiting(carry));
	order_example(&order);
	order.counter += 2;
	approved_make();
	assert_int_equal(send_bundle(after_ms(30)), CARRY_NOT_REFUSED);
	start(after_ms(40), 1, false); /* and it is remembered */
	assert_false(carry_is_waiting(carry));
	assert_int_equal(in_force(), 1);
}

static void a_mail_host_is_no_effector_of_traffic(void **state)
{
	(void)state;
	struct carry_config config = {.effector = "mail-1", .policy = &world.policy, .hooks = &fake_effector, .place = &fake};
	struct carry *none = NULL;
	assert_int_equal(carry_new(&config, &none), E_STATE);
	config.effector = "edge-2"; /* in no policy */
	assert_int_equal(carry_new(&config, &none), E_STATE);
	assert_null(none);
}

int main(void)
{
	const struct ip_prefix protected_space[] = {{ip_from_v4(0xc0000235), 128}};
	order_world_init(&world);
	const struct policy_member *member = policy_member_find(&world.policy, "port");
	const struct space_config with = {member->networks, member->network_count, protected_space, 1};
	const struct space_config without = {member->networks, member->network_count, NULL, 0};
	if (space_new(&with, &guarded) != OK || space_new(&without, &open_space) != OK)
		return 1;
	signal(SIGXFSZ, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_mail_host_is_no_effector_of_traffic),
		TEST(an_order_acts_and_expires),
		TEST(what_the_kernel_does_not_hold_is_refused),
		TEST(nothing_begins_that_cannot_be_journalled),
		TEST(what_ends_ends_without_a_journal),
		TEST(protected_space_is_spared_whatever_was_signed),
		TEST(a_source_set_must_be_at_hand),
		TEST(what_is_no_document_is_refused),
		TEST(who_may_withdraws),
		TEST(a_standing_order_that_was_withdrawn_stays_so),
		TEST(an_urgent_order_is_ratified_or_ends),
		TEST(an_urgent_order_ends_at_its_deadline),
		TEST(the_end_of_an_attack_ends_what_comes_back_in_time),
		TEST(a_later_order_of_the_same_finding_replaces),
		TEST(what_costs_too_much_is_withdrawn),
		TEST(rules_that_are_gone_are_put_back),
		TEST(a_restart_brings_back_what_stands),
		TEST(another_policy_ends_what_it_did_not_allow),
		TEST(a_clock_set_back_prolongs_nothing),
		TEST(a_clock_behind_the_journal_is_not_believed),
		TEST(a_clock_that_was_ahead_can_be_put_right),
		TEST(health_tells_what_is_in_force_and_what_hinders),
		TEST(health_tells_that_the_clock_is_not_believed),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	space_free(guarded);
	space_free(open_space);
	order_world_done(&world);
	return failed;
}
