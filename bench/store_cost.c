/*
 * Stores findings and counts the CPU time of this process, or fills a store
 * that a tower is to show: `store_cost store|serve|crash BACKEND DIRECTORY ...`.
 * For bench/store and bench/views; prints lines of NAME=NUMBER.
 *
 *     store BACKEND DIRECTORY FINDINGS TARGETS SOURCES BATCH
 *     serve BACKEND DIRECTORY FINDINGS; then the place, a line; the store is there until its input ends
 *     crash BACKEND DIRECTORY ENDS
 *
 * 250 members speak in turn. Each has TARGETS addresses under attack at a
 * time; of an attack a finding is told after the other, each as begin, change
 * and end, ten to an incident. Lines are made before the clock runs; where more
 * than three sources are listed, all findings list the same.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "record/document_example.h"
#include "record/text.h"
#include "tower/store_example.h"

#define MEMBERS 250
#define PART 16384 /* lines made at once */
#define NOW STORE_EXAMPLE_NOW_MS
#define HOLES_MAX 64 /* of a template */
#define TEMPLATE_MS INT64_C(1111111111111) /* no other number of a finding looks like it */

static struct store_example example;
static struct store_answer answer;
static struct finding finding;
static int64_t begun_ms = NOW; /* when the first finding begins */
static int64_t present_ms = NOW; /* when the last finding arrived */
static char member_names[MEMBERS][DOCUMENT_NAME_BYTES];

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "store_cost: %s: %s\n", what, why);
	store_example_end(&example);
	exit(1);
}

static uint64_t number(const char *text, uint64_t most)
{
	uint64_t value = 0;
	if (text == NULL || text_number_parse(text, strlen(text), &value) != OK || value > most)
		fail(text != NULL ? text : "usage", "a number is expected; see the head of bench/store_cost.c");
	return value;
}

static struct store *store_new(void)
{
	char why[WHY_BYTES];
	struct store *store = NULL;
	if (store_open(example.place, &store, why) != OK)
		fail("open", why);
	return store;
}

static void commit(struct store *store)
{
	if (store_commit(store) != OK)
		fail("commit", store_why(store));
}

/*
 * Lines are made out of three templates, one for each document of a finding: writing each by itself takes longer than storing
 * it. What differs from line to line has a hole in the template.
 */
enum hole { HOLE_ID = 0, HOLE_TARGET, HOLE_START, HOLE_OVER, HOLE_END, HOLE_TOLD, HOLE_COUNT };

struct template {
	char *text; /* owned */
	size_t count;
	struct {
		size_t at;
		enum hole hole;
	} holes[HOLES_MAX];
};

/** What stands in the holes of a finding's line. */
struct fillings {
	char texts[HOLE_COUNT][64];
};

static void fillings_of(const struct finding *of, struct fillings *ret_fillings)
{
	char addr[IP_PREFIX_TEXT_BYTES];
	const int64_t times_ms[] = {of->window_start_ms, of->first_over_ms, of->window_end_ms, of->told_ms};
	snprintf(ret_fillings->texts[HOLE_ID], sizeof(ret_fillings->texts[0]), "%s", of->id);
	snprintf(ret_fillings->texts[HOLE_TARGET], sizeof(ret_fillings->texts[0]), "\"%s\"", ip_prefix_write(&of->target, addr));
	for (size_t i = 0; i < ARRAY_LEN(times_ms); i++)
		snprintf(ret_fillings->texts[HOLE_START + i], sizeof(ret_fillings->texts[0]), "%" PRId64, times_ms[i]);
}

/** Makes the template of a document. */
static void template_make(const struct store_example_flow *flow, uint64_t sequence, struct template *ret_template)
{
	struct fillings fillings;
	store_example_finding(flow, sequence, 0, TEMPLATE_MS, &finding);
	fillings_of(&finding, &fillings);
	*ret_template = (struct template){.count = 0};
	if (finding_write(&finding, &ret_template->text) != OK)
		fail("lines", "out of memory");
	for (const char *at = ret_template->text; *at != '\0'; at++) {
		for (size_t i = 0; i < HOLE_COUNT; i++) {
			if (strncmp(at, fillings.texts[i], strlen(fillings.texts[i])) != 0)
				continue;
			if (ret_template->count == HOLES_MAX)
				fail("lines", "more holes than expected");
			ret_template->holes[ret_template->count].at = (size_t)(at - ret_template->text);
			ret_template->holes[ret_template->count++].hole = (enum hole)i;
			at += strlen(fillings.texts[i]) - 1;
			break;
		}
	}
}

/** Copies a piece of a line; returns its end. */
static char *piece_put(char *to, const char *piece, size_t length)
{
	memcpy(to, piece, length);
	return to + length;
}

/** Writes a line; returns its length. @param line has room for line_room() */
static size_t template_fill(
	const struct template *template, const struct fillings *old, const struct fillings *fillings, char *line)
{
	size_t text_bytes = strlen(template->text), from = 0;
	char *to = line;
	for (size_t i = 0; i < template->count; i++) {
		const char *filling = fillings->texts[template->holes[i].hole];
		to = piece_put(to, template->text + from, template->holes[i].at - from);
		to = piece_put(to, filling, strlen(filling));
		from = template->holes[i].at + strlen(old->texts[template->holes[i].hole]);
	}
	to = piece_put(to, template->text + from, text_bytes - from + 1);
	return (size_t)(to - line) - 1;
}

static size_t line_room(const struct template *template)
{
	return strlen(template->text) + template->count * sizeof(struct fillings) / HOLE_COUNT + 1;
}

/** Lines of a part of all findings: one block of memory, which is used again for the next. */
struct lines {
	char *text; /* owned */
	size_t room_bytes;
	const char *line[PART]; /* within text */
	int64_t told_ms[PART];
};

/** Makes the lines of a part; returns their bytes. */
static size_t lines_make(const struct store_example_flow *flow, uint64_t first, size_t count, struct lines *lines)
{
	struct template templates[3];
	struct fillings old[3], fillings;
	size_t used_bytes = 0, most_bytes = 0;
	for (uint64_t i = 0; i < 3; i++) {
		template_make(flow, i, &templates[i]);
		fillings_of(&finding, &old[i]);
		most_bytes = line_room(&templates[i]) > most_bytes ? line_room(&templates[i]) : most_bytes;
	}
	if (lines->room_bytes < count * most_bytes) {
		free(lines->text);
		lines->room_bytes = count * most_bytes;
		lines->text = malloc(lines->room_bytes);
		if (lines->text == NULL)
			fail("lines", "out of memory");
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t which = first + i, sequence = which / MEMBERS % 3;
		store_example_finding(flow, which / MEMBERS, (unsigned)(which % MEMBERS), begun_ms, &finding);
		fillings_of(&finding, &fillings);
		lines->told_ms[i] = finding.told_ms;
		lines->line[i] = lines->text + used_bytes;
		used_bytes += template_fill(&templates[sequence], &old[sequence], &fillings, lines->text + used_bytes) + 1;
	}
	for (size_t i = 0; i < 3; i++)
		free(templates[i].text);
	return used_bytes;
}

static void take(struct store *store, uint64_t which, const char *line, int64_t now_ms)
{
	for (;;) {
		int err = store_take(store, member_names[which % MEMBERS], line, strlen(line), now_ms, &answer);
		if (err == OK && !answer.is_repeat)
			return;
		if (err != E_AGAIN)
			fail("take", err == OK ? "a repeat" : answer.why);
		commit(store);
	}
}

/** What it took, of this process and of the server. */
struct cost {
	int64_t cpu_ns, wall_ns, server_ns;
	uint64_t bytes;
};

/** What is quiet ends, as a tower sees to it. */
static void tick(struct store *store)
{
	static uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	if (store_tick(store, present_ms, ended, &count) != OK)
		fail("tick", store_why(store));
	commit(store);
}

/** @param has_ends incidents end; else they stay open until there is no room for them */
static struct cost fill(
	struct store *store, const struct store_example_flow *flow, uint64_t findings, uint64_t batch, bool has_ends)
{
	struct cost cost = {0};
	struct lines *lines = calloc(1, sizeof(*lines));
	if (lines == NULL)
		fail("lines", "out of memory");
	for (uint64_t first = 0; first < findings; first += PART) {
		size_t count = (size_t)(findings - first < PART ? findings - first : PART);
		cost.bytes += lines_make(flow, first, count, lines);
		int64_t cpu_ns = clock_cpu_ns(), wall_ns = clock_mono_ns(), server_ns = store_example_server_ns(&example);
		for (size_t i = 0; i < count; i++) {
			present_ms = lines->told_ms[i] > present_ms ? lines->told_ms[i] : present_ms;
			take(store, first + i, lines->line[i], present_ms);
			if ((first + i) % batch == batch - 1)
				commit(store);
		}
		commit(store);
		if (has_ends)
			tick(store);
		cost.cpu_ns += clock_cpu_ns() - cpu_ns;
		cost.wall_ns += clock_mono_ns() - wall_ns;
		cost.server_ns += store_example_server_ns(&example) - server_ns;
	}
	free(lines->text);
	free(lines);
	return cost;
}

static void store_measure(char **words)
{
	uint64_t findings = number(words[0], INT64_MAX);
	const struct store_example_flow flow = {.findings_per_target = 10, .targets = (uint32_t)number(words[1], 65535),
		.sources = (unsigned)number(words[2], FINDING_SOURCES_MAX)};
	struct store *store = store_new();
	struct store_counters counters;
	if (store_example_members(store, MEMBERS) != OK)
		fail("members", store_why(store));
	struct cost cost = fill(store, &flow, findings, number(words[3], STORE_BATCH_MAX), false);
	store_count(store, &counters);
	(void)printf("findings=%" PRIu64 " bytes=%" PRIu64 " cpu_ns=%" PRId64 " wall_ns=%" PRId64 " server_ns=%" PRId64
				 " commits=%" PRIu64 " incidents=%" PRIu64 "\n",
		findings, cost.bytes, cost.cpu_ns, cost.wall_ns, cost.server_ns, counters.commits, counters.incidents.opened);
	store_close(store);
}

/* A store to look at. */

/** When the last of so many findings is told, if the first is at the beginning of time. */
static int64_t span_ms(const struct store_example_flow *flow, uint64_t findings)
{
	store_example_finding(flow, (findings - 1) / MEMBERS, 0, 0, &finding);
	return finding.told_ms;
}

static void line_take(struct store *store, const char *member, char *line, int64_t now_ms)
{
	int err = line != NULL ? store_take(store, member, line, strlen(line), now_ms, &answer) : E_NOMEM;
	if (err == E_AGAIN) {
		commit(store);
		err = store_take(store, member, line, strlen(line), now_ms, &answer);
	}
	if (err != OK || answer.is_repeat)
		fail("document", err == OK ? "a repeat" : answer.why);
	free(line);
}

static void receipt_take(struct store *store, const struct document_digest *order, const char *member, enum receipt_state state,
	int64_t now_ms)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	const struct receipt receipt = {.order = *order, .effector = "edge-1", .state = state, .why = "so it is", .at_ms = now_ms,
		.stopped = {100000, 46800000}, .collateral_permille = 1};
	if (receipt_write(&receipt, &line, complaint) != OK)
		fail("receipt", complaint);
	line_take(store, member, line, now_ms);
}

/** Orders about the last findings, of all states; each tenth acts until tomorrow, each tenth waits for ever and is too old. */
static void orders_fill(
	struct store *store, const struct store_example_flow *flow, uint64_t findings, uint64_t count, int64_t now_ms)
{
	for (uint64_t i = 0; i < count; i++) {
		char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
		struct order order;
		uint64_t which = findings - 1 - i;
		store_example_finding(flow, which / MEMBERS, (unsigned)(which % MEMBERS), begun_ms, &finding);
		order_example(&order);
		snprintf(order.id, sizeof(order.id), "%032" PRIx64, i);
		snprintf(order.member, sizeof(order.member), "%s", member_names[which % MEMBERS]);
		snprintf(order.finding, sizeof(order.finding), "%s", finding.id);
		order.scope[0] = order.rules.rules[0].destination = finding.target;
		order.not_before_ms = now_ms - (i % 10 == 9 ? 700000 : 0);
		order.expires_ms = order.not_before_ms + (i % 10 == 8 ? INCIDENT_DAY_MS : 600000);
		if (order_write(&order, &line, complaint) != OK)
			fail("order", complaint);
		struct document_digest digest = document_digest_of(line, strlen(line));
		line_take(store, order.member, line, now_ms);
		enum receipt_state state = i % 10 == 8 ? RECEIPT_APPLIED : i % 10 == 7 ? RECEIPT_REFUSED : RECEIPT_ENDED;
		if (i % 10 != 9)
			receipt_take(store, &digest, order.member, state, now_ms);
	}
	commit(store);
}

/** Mails of one incident. */
static void mails_fill(struct store *store, uint64_t count, int64_t now_ms)
{
	struct mail_finding mail;
	mail_finding_example(&mail);
	mail.start_ms = mail.end_ms = now_ms;
	for (uint64_t i = 0; i < count; i++) {
		char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
		snprintf(mail.id, sizeof(mail.id), "%032" PRIx64, i);
		if (mail_finding_write(&mail, &line, complaint) != OK)
			fail("mail", complaint);
		line_take(store, member_names[0], line, now_ms);
	}
	commit(store);
}

/** What people did: look-ups, a part of which is deleted again, the audit, and assets of one member. */
static void acts_fill(struct store *store, uint64_t count, uint64_t incident, int64_t now_ms)
{
	static const struct store_retention retention = {.days = {[STORE_CLASS_LOOKUPS] = 1}};
	bool is_done = false;
	for (uint64_t i = 0; i < count; i++) {
		int64_t at_ms = now_ms - (i < count / 2 ? 2 * INCIDENT_DAY_MS : 0);
		struct store_lookup lookup = {.incident = incident, .who = "bench", .purpose = "measure it", .at_ms = at_ms};
		struct store_audit audit = {.who = "bench", .act = "report.make", .subject = "1", .is_allowed = true, .at_ms = at_ms};
		struct member_asset asset = {.product = "Gate", .version = "7.4", .changed_by = "hana",
			.changed_ms = at_ms};
		snprintf(asset.id, sizeof(asset.id), "vpn-%" PRIu64, i % 500);
		if (store_lookup(store, &lookup) != OK || store_audit(store, &audit) != OK ||
			(i < 1000 && store_asset_put(store, member_names[0], &asset) != OK))
			fail("acts", store_why(store));
	}
	commit(store);
	while (!is_done) {
		if (store_retain(store, &retention, now_ms, &is_done) != OK)
			fail("retention", store_why(store));
	}
}

/** Health of every member, two processes each, and of some for all the seconds that are kept. */
static void healths_fill(struct store *store, int64_t now_ms)
{
	for (int64_t second = STORE_SECONDS_MAX; second-- > 0;) {
		for (unsigned i = 0; i < (second == 0 ? 2 * MEMBERS : 2); i++) {
			char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
			int64_t at_ms = now_ms - second * 1000;
			struct health health = {.program = "hinomi-sensor 0.1.0", .started_ms = now_ms - INCIDENT_DAY_MS, .at_ms = at_ms,
				.rates = {.in_pps = 100000, .attack_pps = 50000}, .rules = 3};
			snprintf(health.member, sizeof(health.member), "%s", member_names[i % MEMBERS]);
			snprintf(health.process, sizeof(health.process), "edge-%u", i / MEMBERS);
			if (health_write(&health, &line, complaint) != OK)
				fail("health", complaint);
			int64_t late_ms = second * 1000 > 200000 ? at_ms : now_ms; /* health is taken for five minutes */
			line_take(store, health.member, line, late_ms);
		}
	}
	commit(store);
}

/** Fills a store whose last finding has just been told, gives it to whoever asked, and takes it away once they are done. */
static void serve(char **words)
{
	static const struct store_example_flow flow = {.findings_per_target = 10, .targets = 4, .sources = 3};
	uint64_t findings = number(words[0], INT64_MAX), acts = findings / 500;
	char byte;
	struct store *store = store_new();
	struct store_counters counters;
	begun_ms = clock_wall_ns() / NS_PER_MS - span_ms(&flow, findings);
	present_ms = begun_ms;
	if (store_example_members(store, MEMBERS) != OK)
		fail("members", store_why(store));
	struct cost cost = fill(store, &flow, findings, STORE_BATCH_MAX, true);
	store_count(store, &counters);
	int64_t now_ms = clock_wall_ns() / NS_PER_MS;
	orders_fill(store, &flow, findings, acts, now_ms);
	mails_fill(store, acts / 4, now_ms);
	acts_fill(store, acts, counters.incidents.opened, now_ms);
	healths_fill(store, clock_wall_ns() / NS_PER_MS);
	store_close(store);
	if (chmod(example.directory, 0755) != 0) /* a tower has no right to pass what is closed to it */
		fail(example.directory, "cannot be opened to others");
	(void)printf("findings=%" PRIu64 " bytes=%" PRIu64 " incidents=%" PRIu64 " orders=%" PRIu64 " server=%d\n%s\n", findings,
		cost.bytes, counters.incidents.opened, acts, (int)example.server, example.place);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
	}
}

/* Sudden ends. */

static struct store *reader;
static struct incident incidents[50];
static struct store_finding findings_page[50];
static struct store_page page;
static const struct store_cursor begin;

static _Noreturn void store_for_ever(int told, uint64_t from)
{
	static const struct store_example_flow flow = {.findings_per_target = 10, .targets = 4, .sources = 3};
	struct store *store = store_new();
	for (uint64_t next = from;;) {
		for (unsigned i = 0; i < 200; i++, next++) {
			char *line = NULL;
			store_example_finding(&flow, next / MEMBERS, (unsigned)(next % MEMBERS), NOW, &finding);
			if (finding_write(&finding, &line) != OK)
				_exit(3);
			take(store, next, line, NOW + (int64_t)next / 50);
			free(line);
		}
		commit(store);
		if (write(told, &next, sizeof(next)) != sizeof(next))
			_exit(4);
	}
}

/** All documents that there are, over all incidents. */
static uint64_t documents_count(void)
{
	struct store_incident_filter filter = {.state = INCIDENT_NO_STATE};
	struct store_cursor cursor = begin;
	uint64_t documents = 0;
	do {
		if (store_incidents(reader, &filter, &cursor, incidents, ARRAY_LEN(incidents), &page) != OK)
			fail("incidents", store_why(reader));
		cursor = page.next;
		bool has_more = page.has_more;
		size_t count = page.count;
		for (size_t i = 0; i < count; i++) {
			struct store_cursor at = begin;
			uint64_t of_it = 0;
			do {
				if (store_findings(reader, incidents[i].number, &at, findings_page, ARRAY_LEN(findings_page), &page) != OK)
					fail("findings", store_why(reader));
				of_it += page.count;
				at = page.next;
			} while (page.has_more);
			if (of_it != incidents[i].document_count)
				fail("an incident", "counts other findings than there are");
			documents += of_it;
		}
		page.has_more = has_more;
	} while (page.has_more);
	return documents;
}

/** Opens the store again; the server may take a moment to see that its writer is gone. */
static struct store *store_again(void)
{
	struct store *store = NULL;
	char why[WHY_BYTES];
	int err = E_STATE;
	for (unsigned step = 0; step < 500 && err == E_STATE; step++) {
		const struct timespec moment = {.tv_nsec = 20000000};
		err = store_open(example.place, &store, why);
		if (err == E_STATE)
			(void)nanosleep(&moment, NULL);
	}
	if (err != OK)
		fail("open", why);
	return store;
}

static void crash_measure(char **words)
{
	uint64_t ends = number(words[0], 100000), acknowledged = 0, next = 0, lost = 0;
	struct random rng;
	char why[WHY_BYTES];
	struct store *store = store_new();
	if (store_example_members(store, MEMBERS) != OK)
		fail("members", store_why(store));
	store_close(store);
	random_init(&rng, (uint64_t)clock_mono_ns());
	for (uint64_t i = 0; i < ends; i++) {
		int told[2];
		if (pipe2(told, O_CLOEXEC) != 0)
			fail("pipe", "cannot be made");
		pid_t child = fork();
		if (child == 0) {
			close(told[0]);
			store_for_ever(told[1], next);
		}
		close(told[1]);
		const struct timespec pause = {.tv_nsec = (long)random_below(&rng, 200000000)};
		uint64_t heard = 0;
		if (read(told[0], &heard, sizeof(heard)) == sizeof(heard)) /* one batch at least, and then at any instant */
			acknowledged = heard;
		(void)nanosleep(&pause, NULL);
		if (kill(child, SIGKILL) != 0 || waitpid(child, NULL, 0) != child)
			fail("child", "cannot be ended");
		while (read(told[0], &heard, sizeof(heard)) == sizeof(heard))
			acknowledged = heard;
		close(told[0]);
		store = store_again();
		if (store_open_reader(example.place, &reader, why) != OK)
			fail("reader", why);
		next = documents_count();
		lost += next < acknowledged ? acknowledged - next : 0;
		store_close(reader);
		store_close(store);
	}
	(void)printf("ends=%" PRIu64 " acknowledged=%" PRIu64 " stored=%" PRIu64 " lost=%" PRIu64 "\n", ends, acknowledged, next, lost);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int words;
		void (*measure)(char **words);
	} acts[] = {{"store", 4, store_measure}, {"serve", 1, serve}, {"crash", 1, crash_measure}};
	for (unsigned i = 0; i < MEMBERS; i++)
		snprintf(member_names[i], sizeof(member_names[i]), "member-%u", i);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (argc != 4 + acts[i].words || strcmp(argv[1], acts[i].name) != 0)
			continue;
		int err = store_example_begin(&example, argv[2], argv[3], strcmp(argv[1], "serve") != 0);
		if (err != OK) {
			fprintf(stderr, "store_cost: %s: %s\n", argv[2], err == E_UNSUPPORTED ? "is not installed" : "cannot be started");
			return err == E_UNSUPPORTED ? 77 : 1;
		}
		acts[i].measure(argv + 4);
		store_example_end(&example);
		return 0;
	}
	fail("usage", "see the head of bench/store_cost.c");
}
