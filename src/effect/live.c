/*
 * The effector's life. The order of live_run() is the order in which
 * privileges shrink: the place is opened first (the child that runs nft is a
 * copy of this process, and should know nothing), then everything else that
 * must be open, then capabilities go, then paths and system calls. The journal
 * is judged and orders are taken within the sandbox alone.
 *
 * The loop is one thread. Ten times a second time passes: what is due ends,
 * counters are read, headers are looked at. An order does not wait for that.
 */
#include "effect/live.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/ready.h"
#include "core/sandbox.h"
#include "effect/carry.h"
#include "effect/channel.h"
#include "effect/pulse.h"
#include "effect/tap.h"
#include "record/policy.h"

#define TICK_NS (100 * NS_PER_MS)
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

struct live {
	const struct config *config;
	struct policy policy;
	const struct effector *hooks;
	void *place;
	struct space *guarded, *open;
	struct collateral *collateral;
	struct tap *tap;
	int sets_fd, signal_fd;
	uint8_t boot_id[JOURNAL_BOOT_ID_BYTES];
	struct carry *carry;
	struct journal *journal;
	struct channel *channel;
	struct pulse *pulse;
	struct log_bucket refused_bucket;
	uint64_t receipts_lost; /* as was logged last */
	bool is_ending;
};

static bool failed(const char *what, const char *name, const char *why)
{
	log_line(LOG_LEVEL_ERROR, "start_failed %s=%s: %s", what, name, why);
	return false;
}

static struct book_time time_now(void)
{
	return (struct book_time){clock_wall_ns() / NS_PER_MS, clock_boot_ns()};
}

/* Opening. */

static bool policy_open(struct live *live)
{
	char complaint[CONF_COMPLAINT_BYTES];
	if (policy_load(live->config->policy, &live->policy, complaint) != OK)
		return failed("policy", live->config->policy, complaint);
	if (policy_traffic_effector_find(&live->policy, live->config->effector) == NULL)
		return failed("effector", live->config->effector, "the policy knows no effector of traffic of this name");
	return true;
}

static bool spaces_open(struct live *live)
{
	const struct policy *policy = &live->policy;
	const struct policy_member *member = policy_member_find(policy, policy_effector_find(policy, live->config->effector)->member);
	if (member == NULL)
		return failed("effector", live->config->effector, "the policy knows no member that it serves");
	const struct space_config open = {member->networks, member->network_count, NULL, 0};
	const struct space_config guarded = {member->networks, member->network_count, policy->protected_space, policy->protected_count};
	int err = space_new(&open, &live->open);
	if (err == OK)
		err = space_new(&guarded, &live->guarded);
	return err == OK || failed("policy", live->config->policy, err_name(err));
}

static bool place_open(struct live *live)
{
	const struct config *config = live->config;
	char why[EFFECTOR_WHY_BYTES] = "";
	const struct effector_config place = {config->interface_names, config->interface_count, config->pin_directory,
		(uint32_t)config->sampling, live->policy.digest.bytes, live->guarded};
	live->hooks = effector_find(config->place);
	return live->hooks->open(&place, &live->place, why) == OK || failed("place", config->place, why);
}

static bool tap_begin(struct live *live)
{
	char why[WHY_BYTES] = "no memory";
	if (!live->config->measures_collateral)
		return true;
	return (collateral_new(&live->collateral) == OK &&
		tap_open(live->config->interface_names, live->config->interface_count, &live->tap, why) == OK) ||
		failed("measure_collateral", "yes", why);
}

static bool boot_id_read(struct live *live)
{
	char text[64] = "";
	size_t length = 0;
	int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	return (got > 0 && sodium_hex2bin(live->boot_id, sizeof(live->boot_id), text, (size_t)got, "-\n", &length, NULL) == 0 &&
		length == sizeof(live->boot_id)) || failed("boot_id", BOOT_ID_PATH, "cannot be read");
}

static bool files_open(struct live *live)
{
	const struct config *config = live->config;
	live->sets_fd = config->source_sets[0] != '\0' ? open(config->source_sets, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (live->sets_fd < 0 && config->source_sets[0] != '\0')
		log_line(LOG_LEVEL_WARNING, "source_sets_remark path=%s reason=\"%s\": orders with source sets are refused",
			config->source_sets, strerror(errno));
	return boot_id_read(live);
}

static void receipt_tell(void *arg, const char *line)
{
	struct live *live = arg;
	channel_tell(live->channel, line);
}

static bool journal_begin(struct live *live)
{
	const struct config *config = live->config;
	uint64_t torn_bytes = 0;
	struct carry_config carry = {
		.effector = config->effector, .policy = &live->policy, .hooks = live->hooks, .place = live->place, .sets_fd = live->sets_fd,
		.guarded = live->guarded, .open = live->open, .collateral = live->collateral, .end_quiet_ms = config->end_quiet_ms,
		.progress_ms = config->progress_ms, .tell = receipt_tell, .tell_arg = live,
	};
	memcpy(carry.boot_id, live->boot_id, sizeof(carry.boot_id));
	int err = carry_new(&carry, &live->carry);
	if (err == OK)
		err = journal_open(config->state_directory, carry_remember, live->carry, &live->journal, &torn_bytes);
	if (err == E_STATE)
		return failed("state_directory", config->state_directory, "another process uses it");
	if (err == E_MALFORMED)
		return failed("state_directory", config->state_directory, "the journal is damaged: what was accepted is not known any "
			"more. Nothing acts; what is in the kernel ends by itself");
	if (err != OK)
		return failed("state_directory", config->state_directory, err == E_SYS ? strerror(errno) : err_name(err));
	if (torn_bytes > 0)
		log_line(LOG_LEVEL_NOTICE, "journal_torn bytes=%" PRIu64 ": a record that was never acknowledged", torn_bytes);
	return true;
}

static bool channel_begin(struct live *live)
{
	const char *user = live->config->authority_user;
	char why[WHY_BYTES];
	uid_t uid = geteuid();
	if (user[0] != '\0') {
		const struct passwd *account = getpwnam(user);
		if (account == NULL)
			return failed("authority_user", user, "no such user");
		uid = account->pw_uid;
	}
	return channel_open(live->config->socket, uid, &live->channel, why) == OK || failed("socket", live->config->socket, why);
}

static bool pulse_begin(struct live *live)
{
	const struct book_time now = time_now();
	const char *effector = live->config->effector, *member = policy_effector_find(&live->policy, effector)->member;
	int err = pulse_new(effector, member, &now, &live->pulse);
	return err == OK || failed("effector", effector, err_name(err));
}

static bool signals_open(struct live *live)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk */
	live->signal_fd = sigprocmask(SIG_BLOCK, &signals, NULL) == 0 ? signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	return live->signal_fd >= 0 || failed("signals", "signalfd", strerror(errno));
}

static bool privileges_drop(const struct live *live)
{
	/* To write maps and to attach the program again to an interface that is back; nft has a child for its part. */
	uint64_t kept = live->hooks == &effector_xdp ? UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_NET_ADMIN : 0;
	return sandbox_drop(NULL, kept) == OK || failed("capabilities", "drop", strerror(errno));
}

static bool sandbox_close(const struct live *live)
{
	ready_tell_or_log();
	const struct config *config = live->config;
	struct sandbox_path paths[3] = {{config->state_directory, SANDBOX_WRITE}};
	size_t count = 1;
	if (live->sets_fd >= 0)
		paths[count++] = (struct sandbox_path){config->source_sets, SANDBOX_READ};
	if (live->hooks == &effector_xdp)
		paths[count++] = (struct sandbox_path){config->pin_directory, SANDBOX_WRITE};
	const struct sandbox_config sandbox = {.kind = live->hooks == &effector_xdp ? SANDBOX_ENFORCER : SANDBOX_SERVER,
		.verdict = SANDBOX_KILL, .paths = paths, .path_count = count};
	struct sandbox_report report;
	int err = sandbox_enter(&sandbox, &report);
	if (err != OK)
		return failed("sandbox", err_name(err), strerror(errno));
	log_line(LOG_LEVEL_INFO, "sandbox landlock_abi=%d seccomp=%d paths_missing=%zu", report.landlock_abi, (int)report.has_seccomp,
		report.paths_missing);
	return true;
}

/* The loop. */

static void line_take(void *arg, const char *line, size_t length_bytes)
{
	struct live *live = arg;
	const struct book_time now = time_now();
	uint64_t held_back = 0;
	enum carry_refusal refusal = carry_line(live->carry, line, length_bytes, &now);
	if (refusal != CARRY_NOT_REFUSED && log_allowed(&live->refused_bucket, clock_mono_ns(), &held_back))
		log_line(LOG_LEVEL_WARNING, "refused why=%s held_back=%" PRIu64 ": its receipt tells more", carry_refusal_name(refusal),
			held_back);
}

/** Tells the authority of our health, which tells its tower. */
static void health_tell(struct live *live, const struct book_time *now)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	const struct health *health = pulse_take(live->pulse, live->carry, channel_counters_of(live->channel), now);
	if (health_write(health, &line, complaint) == OK)
		channel_mention(live->channel, line);
	else
		log_line(LOG_LEVEL_WARNING, "health_unwritten why=\"%s\"", complaint);
	free(line);
}

static void time_pass(struct live *live)
{
	const struct book_time now = time_now();
	if (live->tap != NULL)
		tap_read(live->tap, live->collateral, now.boot_ns);
	carry_tick(live->carry, &now);
	uint64_t lost = channel_counters_of(live->channel)->receipts_lost;
	if (lost > live->receipts_lost && live->receipts_lost == 0)
		log_line(LOG_LEVEL_ERROR, "receipts_lost: nobody takes them; the journal has what counts");
	live->receipts_lost = lost;
	if (pulse_turn(live->pulse, live->carry, &now))
		health_tell(live, &now);
}

static void loop_run(struct live *live)
{
	int64_t next_ns = clock_mono_ns();
	bool has_more = false;
	while (!live->is_ending) {
		struct pollfd fds[3] = {{.fd = live->signal_fd, .events = POLLIN}};
		size_t count = 1 + channel_fds(live->channel, fds + 1);
		int64_t left_ns = next_ns - clock_mono_ns();
		(void)poll(fds, count, has_more || left_ns <= 0 ? 0 : (int)(left_ns / NS_PER_MS) + 1);
		live->is_ending = (fds[0].revents & POLLIN) != 0;
		has_more = channel_turn(live->channel, line_take, live);
		if (clock_mono_ns() >= next_ns) {
			time_pass(live);
			next_ns = clock_mono_ns() + TICK_NS;
		}
	}
}

static void account_tell(const struct live *live)
{
	const struct carry_counters *counters = carry_counters_of(live->carry);
	const struct channel_counters *channel = channel_counters_of(live->channel);
	size_t count = 0;
	uint64_t refused = 0;
	(void)order_book_list(carry_book(live->carry), &count);
	for (size_t i = 0; i < CARRY_REFUSAL_COUNT; i++)
		refused += counters->refused[i];
	log_line(LOG_LEVEL_NOTICE, "stopped lines=%" PRIu64 " accepted=%" PRIu64 " ratified=%" PRIu64 " withdrawals=%" PRIu64
		" refused=%" PRIu64 " journal_failures=%" PRIu64 " place_failures=%" PRIu64 " receipts=%" PRIu64 " receipts_lost=%" PRIu64
		" strangers=%" PRIu64 " in_force=%zu: it stays until it ends", counters->lines, counters->accepted, counters->ratified,
		counters->withdrawals, refused, counters->journal_failures, counters->place_failures, channel->receipts,
		channel->receipts_lost, channel->strangers, count);
}

static void live_free(struct live *live)
{
	carry_free(live->carry);
	journal_close(live->journal);
	channel_close(live->channel);
	pulse_free(live->pulse);
	tap_close(live->tap);
	collateral_free(live->collateral);
	if (live->place != NULL)
		live->hooks->close(live->place);
	space_free(live->guarded);
	space_free(live->open);
	const int fds[] = {live->sets_fd, live->signal_fd};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(live);
}

int live_run(const struct config *config, bool is_clock_right)
{
	struct live *live = calloc(1, sizeof(*live));
	if (live == NULL || sodium_init() < 0) {
		free(live);
		return E_STATE;
	}
	live->config = config;
	live->sets_fd = live->signal_fd = -1;
	bool is_up = policy_open(live) && spaces_open(live) && place_open(live) && tap_begin(live) && files_open(live) &&
		journal_begin(live) && channel_begin(live) && pulse_begin(live) && signals_open(live) && privileges_drop(live) &&
		sandbox_close(live);
	if (is_up) {
		const struct book_time now = time_now();
		carry_begin(live->carry, live->journal, is_clock_right, &now);
		log_line(LOG_LEVEL_NOTICE, "started effector=%s place=%s", config->effector, config->place);
		loop_run(live);
		account_tell(live);
	}
	live_free(live);
	return is_up ? OK : E_STATE;
}
