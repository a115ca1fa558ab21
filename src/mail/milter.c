/*
 * The milter on libmilter, which has a thread for each mail that is talked about. A connection's state is a struct session,
 * owned by the connection; what all of them share is in one struct milter: the engine behind a mutex, the pool, atomic
 * counts. The process that is here parses nothing but the head of Authentication-Results; all else of a mail is read in a
 * worker (worker.h).
 *
 * Order at the start: engine (files), workers (forked), socket (bound), sandbox, threads. In the sandbox no program can
 * be started, no socket made, and no file opened but those of history, findings and metrics.
 *
 * What a mail comes to, in one of these counts, exactly: passed, reported, tagged, quarantined, or unread by reason.
 */
#include "mail/milter.h"

#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/ready.h"
#include "core/sandbox.h"
#include "mail/address.h"
#include "mail/clock_watch.h"
#include "mail/daybook.h"
#include "mail/engine.h"
#include "mail/mail_copy.h"
#include "mail/mail_finding.h"
#include "mail/mark.h"
#include "mail/sealed.h"
#include "mail/worker.h"

#define METRICS_INTERVAL_MS 2000
#define REPORT_TURNS 5 /* turns of the above from one writing of the days to the next */
#define SESSION_TIMEOUT_S 7200 /* of a silent connection; Postfix's own is 300 s */

/* The server waits from the first header field that it tells us of to our answer at the end. */
static const uint32_t wait_bounds_ms[] = {1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10000};
#define WAITS (ARRAY_LEN(wait_bounds_ms) + 1)

struct milter {
	const struct config *config;
	struct engine_settings settings;
	struct mail_engine *engine;
	pthread_mutex_t engine_lock; /* of engine, findings_bucket */
	struct worker_pool *pool;
	struct daybook *days;
	struct sealed *sealed; /* NULL: nobody's address is kept */
	_Atomic uint64_t started_counted; /* workers whose start is in the days */
	struct copy_memory memory;
	_Atomic uint64_t actions[MAIL_ACTION_COUNT]; /* mails, by what was done */
	_Atomic uint64_t over_budget; /* mails that were only reported, since the day's alerts were others' */
	_Atomic uint64_t unread; /* mails that passed unread, for whatever reason */
	_Atomic uint64_t lost; /* of these for want of memory here */
	_Atomic uint64_t forged; /* Authentication-Results taken away */
	_Atomic uint64_t untold; /* findings that could not be written */
	_Atomic uint64_t unsealed; /* pseudonyms that were told, and whose address is not known here or is not what was said */
	_Atomic uint64_t unmarked; /* mails that the server did not let us mark */
	_Atomic uint64_t clock_jumps; /* of the wall clock, by an hour or more */
	_Atomic uint64_t waits[WAITS]; /* mails, by how long the server waited for us: up to wait_bounds_ms, and longer */
	pthread_mutex_t bucket_lock;
	struct log_bucket bucket; /* of lines about mails that could not be read */
};

/* libmilter hands callbacks nothing of ours before there is a connection. */
static struct milter milter;

/* Whether a signal has told the process to end. */
static atomic_bool is_told_to_end;

/**
 * In place of the C library's, for the one thread of libmilter that calls it: it waits for SIGTERM, SIGINT and SIGHUP, and
 * does not say that one came. It has to be known: told to end, libmilter closes its socket in that thread while smfi_main()
 * may be on its way to it, finds it closed and takes that for a failure (listenfd "corrupted").
 */
int ending_wait(const sigset_t *set, int *ret_signal) __asm__("sigwait") __attribute__((used, visibility("default")));

int ending_wait(const sigset_t *set, int *ret_signal)
{
	int got;
	do {
		got = sigwaitinfo(set, NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno;
	atomic_store(&is_told_to_end, true);
	*ret_signal = got;
	return 0;
}

/** Has the signals that end the process wait for libmilter, which looks for them once it runs: until then they would kill. */
static void endings_hold(void)
{
	sigset_t endings;
	(void)sigemptyset(&endings);
	(void)sigaddset(&endings, SIGTERM);
	(void)sigaddset(&endings, SIGINT);
	(void)sigaddset(&endings, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &endings, NULL);
}

struct session {
	struct mail_copy copy;
	bool is_authenticated; /* one of ours sends it */
	unsigned long steps; /* SMFIP_*: which steps are not answered */
	int64_t began_mono_ns; /* when the header began; 0: not yet */
	bool has_space; /* values of header fields come and go with the space that they begin with */
};

static struct session *session_of(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);
	if (session != NULL)
		return session;
	session = calloc(1, sizeof(*session));
	if (session != NULL && smfi_setpriv(context, session) != MI_SUCCESS) {
		free(session);
		return NULL;
	}
	if (session != NULL)
		session->copy.memory = &milter.memory;
	return session;
}

/** The answer of a step in the middle: none where the server does not wait for one. */
static sfsistat go_on(const struct session *session, unsigned long silent_step)
{
	return session != NULL && (session->steps & silent_step) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
	(void)host;
	struct session *session = session_of(context);
	char text[INET6_ADDRSTRLEN];
	const char *written = NULL;
	if (address != NULL && address->sa_family == AF_INET)
		written = inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, sizeof(text));
	else if (address != NULL && address->sa_family == AF_INET6)
		written = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, sizeof(text));
	if (session != NULL && written != NULL)
		copy_text(&session->copy, COPY_CLIENT, written);
	return go_on(session, SMFIP_NR_CONN);
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
	struct session *session = session_of(context);
	if (session != NULL)
		copy_text(&session->copy, COPY_HELO, name);
	return go_on(session, SMFIP_NR_HELO);
}

static sfsistat on_sender(SMFICTX *context, char **arguments)
{
	struct session *session = session_of(context);
	if (session == NULL)
		return SMFIS_CONTINUE;
	copy_begin(&session->copy);
	session->began_mono_ns = 0;
	copy_text(&session->copy, COPY_SENDER, arguments[0]);
	session->is_authenticated = smfi_getsymval(context, (char *)(uintptr_t)"{auth_authen}") != NULL;
	return go_on(session, SMFIP_NR_MAIL);
}

static sfsistat on_recipient(SMFICTX *context, char **arguments)
{
	struct session *session = session_of(context);
	if (session != NULL)
		copy_recipient(&session->copy, arguments[0]);
	return go_on(session, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
	struct session *session = session_of(context);
	if (session != NULL && session->began_mono_ns == 0)
		session->began_mono_ns = clock_mono_ns();
	if (session != NULL)
		copy_header(&session->copy, &milter.settings.trust, name, session->has_space ? "" : " ", value);
	return go_on(session, SMFIP_NR_HDR);
}

static sfsistat on_header_end(SMFICTX *context)
{
	struct session *session = session_of(context);
	if (session != NULL)
		copy_bytes(&session->copy, "\r\n", 2);
	return go_on(session, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *context, unsigned char *bytes, size_t length_bytes)
{
	struct session *session = session_of(context);
	if (session != NULL)
		copy_bytes(&session->copy, bytes, length_bytes);
	return go_on(session, SMFIP_NR_BODY);
}

/** Takes fields of one name away, the last first, so that the numbers of the others stay. */
static bool fields_remove(SMFICTX *context, const char *name, const struct copy_fields *fields)
{
	bool is_done = true;
	for (uint32_t nth = fields->count; nth > 0; nth--) {
		if (copy_is_doomed(fields, nth - 1))
			is_done = smfi_chgheader(context, (char *)(uintptr_t)name, (int)nth, NULL) == MI_SUCCESS && is_done;
	}
	return is_done;
}

static bool field_add(SMFICTX *context, const struct session *session, const char *name, const char *value)
{
	char spaced[MARK_BYTES + 1];
	(void)snprintf(spaced, sizeof(spaced), "%s%s", session->has_space ? " " : "", value);
	return smfi_addheader(context, (char *)(uintptr_t)name, spaced) == MI_SUCCESS;
}

/** Puts the marks on, and holds the mail if the verdict says so. A server that refuses gets its mail all the same. */
static void mail_mark(SMFICTX *context, const struct session *session, const struct mail_verdict *verdict, const char *why_unread)
{
	char value[MARK_BYTES];
	bool is_done = fields_remove(context, MARK_NAME, &session->copy.marks) &&
		fields_remove(context, MARK_REASON_NAME, &session->copy.reasons) &&
		fields_remove(context, "Authentication-Results", &session->copy.results);
	if (why_unread != NULL) {
		is_done = field_add(context, session, MARK_NAME, mark_unread(why_unread, value)) && is_done;
	} else {
		is_done = field_add(context, session, MARK_NAME, mark_verdict(verdict, value)) && is_done;
		for (size_t i = 0; verdict->action >= MAIL_TAG && i < verdict->reason_count; i++)
			is_done = field_add(context, session, MARK_REASON_NAME, mark_reason(&verdict->reasons[i], value)) && is_done;
		if (verdict->action == MAIL_QUARANTINE)
			is_done = smfi_quarantine(context, value) == MI_SUCCESS && is_done;
	}
	const struct daybook_more more = {.unmarked = is_done ? 0 : 1, .forged_results = session->copy.authres.forged};
	atomic_fetch_add(&milter.unmarked, more.unmarked);
	atomic_fetch_add(&milter.forged, more.forged_results);
	daybook_add(milter.days, clock_wall_ns() / NS_PER_MS, &more);
}

/** Judges, and learns what passes, or would. */
static void facts_judge(struct mail_facts *facts, const struct session *session, int64_t now_wall_ms,
	struct mail_verdict *ret_verdict)
{
	facts->is_outbound = session->is_authenticated;
	facts->unread |= session->copy.is_cut ? (uint32_t)UNREAD_BYTES : 0u;
	pthread_mutex_lock(&milter.engine_lock);
	engine_judge(milter.engine, facts, now_wall_ms, ret_verdict);
	if (ret_verdict->due < MAIL_TAG && milter.settings.history_path != NULL &&
	    engine_learn(milter.engine, facts, now_wall_ms) != OK)
		log_line(LOG_LEVEL_WARNING, "mail_not_learned next=the_verdict_stands");
	pthread_mutex_unlock(&milter.engine_lock);
}

static void unread_note(int error, const char *why)
{
	uint64_t held_back = 0;
	atomic_fetch_add(&milter.unread, 1);
	daybook_unread(milter.days, clock_wall_ns() / NS_PER_MS, error);
	pthread_mutex_lock(&milter.bucket_lock);
	bool is_allowed = log_allowed(&milter.bucket, clock_mono_ns(), &held_back);
	pthread_mutex_unlock(&milter.bucket_lock);
	if (is_allowed)
		log_line(LOG_LEVEL_WARNING, "mail_unread because=\"%s\" next=passed_with_a_mark held_back=%llu", why,
			(unsigned long long)held_back);
}

static void wait_note(struct session *session)
{
	int64_t waited_ns = session->began_mono_ns != 0 ? clock_mono_ns() - session->began_mono_ns : 0;
	size_t place = 0;
	while (place < ARRAY_LEN(wait_bounds_ms) && waited_ns > wait_bounds_ms[place] * NS_PER_MS)
		place++;
	atomic_fetch_add(&milter.waits[place], 1);
	session->began_mono_ns = 0;
}

/** Has the address behind a pseudonym kept, if it is the one; what a worker says is believed no further. */
static bool address_keep(const uint8_t id[static SEALED_FINDING_BYTES], uint64_t pseudonym, const char *address)
{
	struct sealed_name name = {.pseudonym = pseudonym};
	if (engine_pseudonym(milter.engine, address) != pseudonym)
		return false;
	memcpy(name.finding, id, sizeof(name.finding));
	sealed_keep(milter.sealed, &name, address, clock_wall_ns() / NS_PER_MS);
	return true;
}

/** Has the addresses of those kept, sealed, whom a finding has told as pseudonyms: sender and first recipient. */
static void addresses_keep(const struct session *session, const json_t *finding, const struct mail_facts *facts, const char *sender)
{
	uint8_t id[SEALED_FINDING_BYTES];
	char folded[MAIL_ADDRESS_BYTES];
	const char *hex = json_string_value(json_object_get(finding, "id"));
	if (milter.sealed == NULL || hex == NULL || sodium_hex2bin(id, sizeof(id), hex, strlen(hex), NULL, NULL, NULL) != 0)
		return;
	bool is_kept = facts->recipients[0] == 0;
	if (facts->sender.address != 0 && !address_keep(id, facts->sender.address, sender))
		atomic_fetch_add(&milter.unsealed, 1);
	for (size_t i = 0; i < session->copy.recipient_count && !is_kept; i++)
		is_kept = address_fold(session->copy.recipients[i], folded) && address_keep(id, facts->recipients[0], folded);
	if (!is_kept)
		atomic_fetch_add(&milter.unsealed, 1);
	explicit_bzero(folded, sizeof(folded));
}

/** Appends the finding of a mail that was tagged or held, or would be. The file is opened for each, so it may be moved away. */
static void finding_tell(const struct session *session, const struct mail_facts *facts, const struct mail_verdict *verdict,
	const char *sender)
{
	const struct config *config = milter.config;
	if (config->findings_file[0] == '\0' || verdict->due < MAIL_TAG)
		return;
	const struct mail_finding_source source = {.sensor = config->sensor, .mail = session->copy.bytes,
		.mail_bytes = session->copy.length_bytes, .has_key = config->key[0] != '\0'};
	json_t *finding = mail_finding_make(&source, facts, verdict);
	char *line = finding != NULL ? json_dumps(finding, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	size_t length_bytes = line != NULL ? strlen(line) : 0;
	int fd = open(config->findings_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	const struct iovec parts[] = {{line, length_bytes}, {(char *)(uintptr_t)"\n", 1}};
	bool is_told = line != NULL && fd >= 0 && writev(fd, parts, 2) == (ssize_t)length_bytes + 1;
	if (is_told)
		addresses_keep(session, finding, facts, sender);
	if (!is_told) {
		atomic_fetch_add(&milter.untold, 1);
		daybook_add(milter.days, clock_wall_ns() / NS_PER_MS, &(struct daybook_more){.findings_lost = 1});
		log_line(LOG_LEVEL_ERROR, "mail_finding_lost error=\"%s\" next=the_mail_is_marked_all_the_same", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	free(line);
	json_decref(finding);
}

/** A mail is whole: has it read, judges it and answers. */
static void mail_take(SMFICTX *context, struct session *session)
{
	int64_t now_wall_ms = clock_wall_ns() / NS_PER_MS;
	struct mail_envelope envelope = copy_envelope(&session->copy, now_wall_ms);
	struct mail_facts *facts = calloc(1, sizeof(*facts));
	struct mail_verdict verdict = {0};
	const char *why = "there was no memory for it";
	bool is_read = false;
	char sender[MAIL_ADDRESS_BYTES] = "";
	int err = E_NOMEM;
	if (facts != NULL && !session->copy.is_lost) {
		err = worker_read(milter.pool, session->copy.bytes, session->copy.length_bytes, &envelope, facts, sender);
		is_read = err == OK;
		why = worker_failure_words(err);
	} else {
		atomic_fetch_add(&milter.lost, 1);
	}
	if (is_read) {
		facts_judge(facts, session, now_wall_ms, &verdict);
		atomic_fetch_add(&milter.actions[verdict.action], 1);
		atomic_fetch_add(&milter.over_budget, verdict.is_over_budget);
		daybook_judged(milter.days, now_wall_ms, &verdict, milter.settings.alerts_per_day);
		finding_tell(session, facts, &verdict, sender);
	} else {
		unread_note(err, why);
	}
	if (milter.config->action != CONFIG_REPORT)
		mail_mark(context, session, &verdict, is_read ? NULL : why);
	free(facts);
	explicit_bzero(sender, sizeof(sender));
	wait_note(session);
}

static sfsistat on_end(SMFICTX *context)
{
	struct session *session = session_of(context);
	if (session != NULL) {
		mail_take(context, session);
		copy_done(&session->copy);
	} else {
		unread_note(E_NOMEM, "there was no memory for it");
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);
	if (session != NULL)
		copy_done(&session->copy);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
	struct session *session = smfi_getpriv(context);
	if (session != NULL) {
		copy_done(&session->copy);
		free(session);
		(void)smfi_setpriv(context, NULL);
	}
	return SMFIS_CONTINUE;
}

/** Asks for header values as they are (their leading space), for no step that is of no use, and to answer at the end alone. */
static sfsistat on_negotiate(SMFICTX *context, unsigned long offered_actions, unsigned long offered_steps, unsigned long ignored_2,
	unsigned long ignored_3, unsigned long *ret_actions, unsigned long *ret_steps, unsigned long *ret_2, unsigned long *ret_3)
{
	struct session *session = session_of(context);
	(void)ignored_2;
	(void)ignored_3;
	*ret_actions = offered_actions & (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE);
	const unsigned long ours = SMFIP_HDR_LEADSPC | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_HDR |
		SMFIP_NR_EOH | SMFIP_NR_BODY;
	*ret_steps = offered_steps & (SMFIP_NOUNKNOWN | SMFIP_NODATA | (session != NULL ? ours : 0));
	if (session != NULL)
		session->steps = *ret_steps;
	if (session != NULL)
		session->has_space = (*ret_steps & SMFIP_HDR_LEADSPC) != 0;
	*ret_2 = *ret_3 = 0;
	return SMFIS_CONTINUE;
}

struct counter_row {
	const char *name, *help;
	_Atomic uint64_t *value;
};

static void metrics_fill(struct metrics *metrics)
{
	static const char *const actions[MAIL_ACTION_COUNT] = {"pass", "report", "tag", "quarantine"};
	const struct counter_row rows[] = {
		{"hinomi_mail_unread_total", "Mails that passed unread, for whatever reason.", &milter.unread},
		{"hinomi_mail_over_budget_total", "Mails that would have been tagged, and were only reported: the day's alerts.",
			&milter.over_budget},
		{"hinomi_mail_no_memory_total", "Of these, mails for which there was no memory in the milter.", &milter.lost},
		{"hinomi_mail_forged_results_total", "Authentication-Results in our name that were taken away.", &milter.forged},
		{"hinomi_mail_findings_lost_total", "Findings that could not be written.", &milter.untold},
		{"hinomi_mail_unmarked_total", "Mails that the mail server did not let us mark as decided.", &milter.unmarked},
		{"hinomi_mail_clock_jumps_total", "Jumps of the wall clock by an hour or more.", &milter.clock_jumps},
	};
	const struct worker_counts counts = worker_pool_counts(milter.pool);
	const struct {
		const char *outcome;
		uint64_t count;
	} outcomes[] = {{"read", counts.read}, {"busy", counts.busy}, {"late", counts.late}, {"died", counts.died},
		{"malformed", counts.malformed}};
	metrics_family(metrics, METRICS_COUNTER, "hinomi_mail_judged_total", "Mails that were read and judged, by what was done.");
	for (size_t i = 0; i < MAIL_ACTION_COUNT; i++)
		metrics_sample(metrics, atomic_load(&milter.actions[i]), (const char *const[]){"action", actions[i], NULL});
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		metrics_family(metrics, METRICS_COUNTER, rows[i].name, rows[i].help);
		metrics_sample(metrics, atomic_load(rows[i].value), (const char *const[]){NULL});
	}
	metrics_family(metrics, METRICS_COUNTER, "hinomi_mail_worker_total", "Mails given to workers, by what became of them.");
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		metrics_sample(metrics, outcomes[i].count, (const char *const[]){"outcome", outcomes[i].outcome, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_mail_sealed_total",
		"Addresses behind pseudonyms of findings, by what became of them.");
	const struct sealed_counts sealed = milter.sealed != NULL ? sealed_counts_of(milter.sealed) : (struct sealed_counts){0};
	const struct {
		const char *outcome;
		uint64_t count;
	} boxes[] = {{"kept", sealed.kept}, {"lost", sealed.lost}, {"expired", sealed.expired}, {"pushed_out", sealed.pushed_out},
		{"unknown", atomic_load(&milter.unsealed)}};
	for (size_t i = 0; i < ARRAY_LEN(boxes); i++)
		metrics_sample(metrics, boxes[i].count, (const char *const[]){"outcome", boxes[i].outcome, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_mail_workers_started_total", "Worker processes started.");
	metrics_sample(metrics, counts.started, (const char *const[]){NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_mail_waits_total",
		"Mails, by the time that the mail server waited for the milter.");
	uint64_t within = 0;
	for (size_t i = 0; i < WAITS; i++) {
		char bound[16] = "any";
		if (i < ARRAY_LEN(wait_bounds_ms))
			(void)snprintf(bound, sizeof(bound), "%u", wait_bounds_ms[i]);
		within += atomic_load(&milter.waits[i]);
		metrics_sample(metrics, within, (const char *const[]){"within_ms", bound, NULL});
	}
	metrics_family(metrics, METRICS_GAUGE, "hinomi_mail_memory_bytes", "Memory that mails take in the milter.");
	metrics_sample(metrics, atomic_load(&milter.memory.used_bytes), (const char *const[]){NULL});
}

/** Writes the counts to their file, in one step for whoever reads it. */
static int metrics_save(const char *path)
{
	struct metrics metrics;
	char beside[CONFIG_PATH_BYTES + 8];
	if (path[0] == '\0' || metrics_init(&metrics) != OK)
		return OK;
	metrics_fill(&metrics);
	const char *text = metrics_text(&metrics);
	size_t length_bytes = strlen(text);
	(void)snprintf(beside, sizeof(beside), "%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool is_written = fd >= 0 && write(fd, text, length_bytes) == (ssize_t)length_bytes;
	if (fd >= 0)
		close(fd);
	is_written = is_written && rename(beside, path) == 0;
	metrics_done(&metrics);
	return is_written ? OK : E_SYS;
}

/** Writes the days, and with them how many workers have been started since. */
static int days_save(void)
{
	uint64_t started = worker_pool_counts(milter.pool).started;
	const struct daybook_more more = {.workers_started = started - atomic_exchange(&milter.started_counted, started)};
	daybook_add(milter.days, clock_wall_ns() / NS_PER_MS, &more);
	return daybook_save(milter.days);
}

/** Counts and tells a wall clock that jumps: days, alerts and what is learned go by it. */
static void clock_look(struct clock_watch *watch)
{
	int64_t now_wall_ms = clock_wall_ns() / NS_PER_MS, jump_ms = clock_watch_look(watch, now_wall_ms, clock_boot_ns());
	if (jump_ms == 0)
		return;
	atomic_fetch_add(&milter.clock_jumps, 1);
	daybook_add(milter.days, now_wall_ms, &(struct daybook_more){.clock_jumps = 1});
	log_line(LOG_LEVEL_WARNING, "clock_jumped by_s=%lld next=days_go_by_the_clock_as_it_is", (long long)(jump_ms / 1000));
}

/** Writes the counts now and then, and ends the process when the keeper is gone, for it to be started anew. */
static void *housekeep(void *arg)
{
	(void)arg;
	bool was_saved = true;
	struct clock_watch watch = {.is_begun = false};
	for (unsigned turn = 0; worker_pool_is_alive(milter.pool); turn++) {
		clock_look(&watch);
		bool is_saved = metrics_save(milter.config->metrics_file) == OK;
		is_saved = (turn % REPORT_TURNS != 0 || days_save() == OK) && is_saved;
		is_saved = (milter.sealed == NULL || sealed_turn(milter.sealed, clock_wall_ns() / NS_PER_MS) == OK) && is_saved;
		if (was_saved && !is_saved)
			log_line(LOG_LEVEL_WARNING, "counts_not_written error=\"%s\" next=tried_again_silently", strerror(errno));
		was_saved = is_saved;
		nanosleep(&(struct timespec){.tv_sec = METRICS_INTERVAL_MS / 1000}, NULL);
	}
	log_line(LOG_LEVEL_ERROR, "mail_keeper_died next=ending_to_be_started_again");
	(void)smfi_stop();
	return NULL;
}

/** The directory of a file, for Landlock; NULL: no file. */
static const char *directory_of(const char *path, char ret_directory[static CONFIG_PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	size_t length_bytes = slash == path ? 1 : (size_t)(slash - path);
	memcpy(ret_directory, path, length_bytes);
	ret_directory[length_bytes] = '\0';
	return ret_directory;
}

static int confine(const struct config *config)
{
	char directories[5][CONFIG_PATH_BYTES];
	const char *const files[] = {config->history, config->metrics_file, config->findings_file, config->report_file,
		config->reveal_table};
	struct sandbox_path paths[ARRAY_LEN(files)];
	size_t path_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *directory = directory_of(files[i], directories[i]);
		if (directory != NULL)
			paths[path_count++] = (struct sandbox_path){.path = directory, .access = SANDBOX_WRITE};
	}
	const struct sandbox_config sandbox = {
		.kind = SANDBOX_SERVER, .verdict = SANDBOX_ERRNO, .has_threads = true, .paths = paths, .path_count = path_count};
	struct sandbox_report report;
	int err = sandbox_enter(&sandbox, &report);
	if (err == OK)
		log_line(LOG_LEVEL_INFO, "mail_confined landlock_abi=%d seccomp=%s", report.landlock_abi,
			report.has_seccomp ? "yes" : "no");
	return err;
}

static void reader(const void *context, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char ret_sender[static MAIL_ADDRESS_BYTES])
{
	engine_read(context, mail, length_bytes, envelope, ret_facts, milter.sealed != NULL ? ret_sender : NULL);
}

/** Registers with libmilter and binds the socket. */
static int milter_open(const struct config *config)
{
	const struct smfiDesc description = {
		.xxfi_name = (char *)(uintptr_t)"hinomi-mail",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_sender,
		.xxfi_envrcpt = on_recipient,
		.xxfi_header = on_header,
		.xxfi_eoh = on_header_end,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};
	mode_t mask = umask(0007); /* a Unix socket's clients are its group */
	bool is_open = smfi_setconn((char *)(uintptr_t)config->socket) == MI_SUCCESS && smfi_register(description) == MI_SUCCESS &&
		smfi_settimeout(SESSION_TIMEOUT_S) == MI_SUCCESS && smfi_opensocket(true) == MI_SUCCESS;
	umask(mask);
	if (!is_open)
		log_line(LOG_LEVEL_ERROR, "milter_socket_failed socket=%s error=\"%s\"", config->socket, strerror(errno));
	return is_open ? OK : E_SYS;
}

/** Engine, workers, socket: in this order, so that workers know nothing of the socket. */
static int milter_start(const struct config *config)
{
	char why[WHY_BYTES];
	int err = geteuid() == 0 ? sandbox_drop(config->user, 0) : OK;
	if (err != OK) {
		log_line(LOG_LEVEL_ERROR, "mail_user_failed user=%s", config->user);
		return err;
	}
	config_settings(config, &milter.settings);
	size_t dropped = 0;
	err = daybook_new(config->report_file, &milter.days, &dropped);
	if (err != OK)
		(void)why_refuse(why, err, config->report_file, "cannot be read");
	else
		err = engine_new(&milter.settings, &milter.engine, why);
	const struct sealed_settings sealed = {
		.path = config->reveal_table, .public = config->reveal_key, .keep_ms = config->reveal_keep_ms};
	if (err == OK && config_has_reveal(config))
		err = sealed_open(&sealed, &milter.sealed, why);
	if (dropped > 0)
		log_line(LOG_LEVEL_WARNING, "days_dropped lines=%zu next=the_others_are_kept", dropped);
	const struct worker_settings workers = {
		.read = reader,
		.context = milter.engine,
		.workers = (uint32_t)config->workers,
		.deadline_ms = config->deadline_ms,
		.memory_bytes = config->worker_memory_bytes,
		.mails = (uint32_t)config->worker_mails,
	};
	if (err == OK)
		err = worker_pool_new(&workers, &milter.pool, why);
	if (err != OK) {
		log_line(LOG_LEVEL_ERROR, "mail_start_failed because=\"%s\"", why);
		return err;
	}
	return milter_open(config);
}

int milter_run(const struct config *config)
{
	milter.config = config;
	milter.memory.most_bytes = config->mail_memory_bytes;
	(void)pthread_mutex_init(&milter.engine_lock, NULL);
	(void)pthread_mutex_init(&milter.bucket_lock, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	int err = milter_start(config);
	if (err == OK) {
		endings_hold();
		ready_tell_or_log();
		err = confine(config);
	}
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are libmilter's */
	pthread_t keeper;
	if (err == OK && pthread_create(&keeper, NULL, housekeep, NULL) != 0)
		err = E_SYS;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != OK)
		return err;
	log_line(LOG_LEVEL_NOTICE, "mail_ready socket=%s level=%s workers=%llu", config->socket, mark_level_name(milter.settings.level),
		(unsigned long long)config->workers);
	bool has_ended_well = smfi_main() == MI_SUCCESS || atomic_load(&is_told_to_end);
	bool was_well = has_ended_well && worker_pool_is_alive(milter.pool);
	/* Threads that are in the middle of a mail wait here for the end of the process: the engine is not theirs any more. */
	pthread_mutex_lock(&milter.engine_lock);
	engine_free(milter.engine);
	bool is_saved = milter.sealed == NULL || sealed_turn(milter.sealed, clock_wall_ns() / NS_PER_MS) == OK;
	(void)metrics_save(config->metrics_file);
	if (days_save() != OK || !is_saved)
		log_line(LOG_LEVEL_WARNING, "counts_not_written error=\"%s\" next=those_of_the_last_seconds_are_lost", strerror(errno));
	return was_well ? OK : E_STATE;
}
