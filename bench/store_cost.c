/*
 * Stores findings, or reads what pages need, and counts the CPU time of this
 * process: `store_cost store|views|crash BACKEND DIRECTORY ...`. For
 * bench/store and bench/views; prints lines of NAME=NUMBER.
 *
 *     store BACKEND DIRECTORY FINDINGS TARGETS SOURCES BATCH
 *     views BACKEND DIRECTORY FINDINGS ROUNDS
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "record/text.h"
#include "tower/store_example.h"

#define MEMBERS 250
#define PART 200000 /* lines made at once */
#define NOW STORE_EXAMPLE_NOW_MS
#define TIMES_MAX 100000
#define HOLES_MAX 64 /* of a template */
#define TEMPLATE_MS INT64_C(1111111111111) /* no other number of a finding looks like it */

static struct store_example example;
static struct store_answer answer;
static struct finding finding;
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

static char *template_fill(const struct template *template, const struct fillings *old, const struct fillings *fillings)
{
	size_t text_bytes = strlen(template->text), from = 0;
	char *line = malloc(text_bytes + template->count * sizeof(fillings->texts[0]) + 1), *to = line;
	if (line == NULL)
		fail("lines", "out of memory");
	for (size_t i = 0; i < template->count; i++) {
		const char *filling = fillings->texts[template->holes[i].hole];
		to = piece_put(to, template->text + from, template->holes[i].at - from);
		to = piece_put(to, filling, strlen(filling));
		from = template->holes[i].at + strlen(old->texts[template->holes[i].hole]);
	}
	(void)piece_put(to, template->text + from, text_bytes - from + 1);
	return line;
}

/** Lines of a part of all findings, and when each was told; returns their bytes. */
static size_t lines_make(const struct store_example_flow *flow, uint64_t first, size_t count, char **ret_lines,
	int64_t *ret_told_ms)
{
	struct template templates[3];
	struct fillings old[3], fillings;
	size_t bytes = 0;
	for (uint64_t i = 0; i < 3; i++) {
		template_make(flow, i, &templates[i]);
		fillings_of(&finding, &old[i]);
	}
	for (size_t i = 0; i < count; i++) {
		uint64_t which = first + i, sequence = which / MEMBERS % 3;
		store_example_finding(flow, which / MEMBERS, (unsigned)(which % MEMBERS), NOW, &finding);
		fillings_of(&finding, &fillings);
		ret_told_ms[i] = finding.told_ms;
		ret_lines[i] = template_fill(&templates[sequence], &old[sequence], &fillings);
		bytes += strlen(ret_lines[i]) + 1;
	}
	for (size_t i = 0; i < 3; i++)
		free(templates[i].text);
	return bytes;
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

static struct cost fill(struct store *store, const struct store_example_flow *flow, uint64_t findings, uint64_t batch)
{
	struct cost cost = {0};
	char **lines = calloc(PART, sizeof(*lines));
	int64_t *told_ms = calloc(PART, sizeof(*told_ms));
	if (lines == NULL || told_ms == NULL)
		fail("lines", "out of memory");
	for (uint64_t first = 0; first < findings; first += PART) {
		size_t count = (size_t)(findings - first < PART ? findings - first : PART);
		cost.bytes += lines_make(flow, first, count, lines, told_ms);
		int64_t cpu_ns = clock_cpu_ns(), wall_ns = clock_mono_ns(), server_ns = store_example_server_ns(&example);
		for (size_t i = 0; i < count; i++) {
			present_ms = told_ms[i] > present_ms ? told_ms[i] : present_ms;
			take(store, first + i, lines[i], present_ms);
			if ((first + i) % batch == batch - 1)
				commit(store);
		}
		commit(store);
		cost.cpu_ns += clock_cpu_ns() - cpu_ns;
		cost.wall_ns += clock_mono_ns() - wall_ns;
		cost.server_ns += store_example_server_ns(&example) - server_ns;
		for (size_t i = 0; i < count; i++)
			free(lines[i]);
	}
	free(lines);
	free(told_ms);
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
	struct cost cost = fill(store, &flow, findings, number(words[3], STORE_BATCH_MAX));
	store_count(store, &counters);
	(void)printf("findings=%" PRIu64 " bytes=%" PRIu64 " cpu_ns=%" PRId64 " wall_ns=%" PRId64 " server_ns=%" PRId64
				 " commits=%" PRIu64 " incidents=%" PRIu64 "\n",
		findings, cost.bytes, cost.cpu_ns, cost.wall_ns, cost.server_ns, counters.commits, counters.incidents.opened);
	store_close(store);
}

/* Views. */

static struct store *reader;
static struct store_now now_view;
static struct incident incidents[50];
static struct incident_line lines[100];
static struct store_finding findings_page[50];
static struct store_order orders[50];
static struct finding_origin origins[STORE_ORIGINS_MAX];
static struct finding_source sources[STORE_ADDRESSES_MAX];
static struct member members[50];
static struct store_page page;
static struct store_second seconds[STORE_SECONDS_MAX];
static struct store_health healths[50];
static struct store_figures figures;
static const struct store_cursor begin;
static uint64_t lookup_number;

static int view(unsigned which, struct random *rng, uint64_t incident_count)
{
	uint64_t incident = 1 + random_below(rng, incident_count);
	struct store_incident_filter filter = {.state = INCIDENT_NO_STATE};
	struct store_cursor cursor = begin;
	size_t count = 0;
	snprintf(cursor.text, sizeof(cursor.text), "n%" PRIx64, incident);
	switch (which) {
	case 0:
		return store_now(reader, present_ms + 1000, &now_view);
	case 1:
		return store_incidents(reader, &filter, &cursor, incidents, ARRAY_LEN(incidents), &page);
	case 2:
		filter = (struct store_incident_filter){.state = INCIDENT_OPEN, .sector = (uint8_t)(1 + random_below(rng, SECTOR_COUNT))};
		return store_incidents(reader, &filter, &begin, incidents, ARRAY_LEN(incidents), &page);
	case 3:
		filter.member = member_names[random_below(rng, MEMBERS)];
		return store_incidents(reader, &filter, &cursor, incidents, ARRAY_LEN(incidents), &page);
	case 4:
		return store_incident(reader, incident, &incidents[0]);
	case 5:
		return store_history(reader, incident, &begin, lines, ARRAY_LEN(lines), &page);
	case 6:
		return store_findings(reader, incident, &begin, findings_page, ARRAY_LEN(findings_page), &page);
	case 7:
		return store_origins(reader, incident, origins, &count);
	case 8:
		return store_addresses(reader, lookup_number, present_ms, sources, &count);
	case 9:
		return store_orders(reader, present_ms, STORE_ORDER_UNKNOWN, &begin, orders, ARRAY_LEN(orders), &page);
	case 10:
		return store_members(reader, &begin, members, ARRAY_LEN(members), &page);
	case 11:
		return store_healths(reader, NULL, &begin, healths, ARRAY_LEN(healths), &page);
	case 12:
		return store_traffic(reader, NULL, present_ms / 1000 - STORE_SECONDS_MAX, seconds, ARRAY_LEN(seconds), &count);
	case 13:
		return store_figures(reader, present_ms - 366 * INCIDENT_DAY_MS, present_ms + INCIDENT_DAY_MS, &figures);
	default:
		return E_END;
	}
}

static const char *const view_names[] = {"now", "incidents", "open_of_sector", "of_member", "incident", "history", "findings",
	"origins", "addresses", "orders", "members", "healths", "traffic", "figures"};

static int compare_times(const void *a, const void *b)
{
	int64_t first, second;
	memcpy(&first, a, sizeof(first));
	memcpy(&second, b, sizeof(second));
	return first < second ? -1 : first > second;
}

/** Health of every member, two processes each, for all the seconds that are kept. */
static void healths_fill(struct store *store)
{
	for (int64_t second = STORE_SECONDS_MAX; second-- > 0;) {
		for (unsigned i = 0; i < (second == 0 ? 2 * MEMBERS : MEMBERS / 10); i++) {
			char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
			int64_t at_ms = present_ms - second * 1000;
			struct health health = {.program = "hinomi-sensor 0.1.0", .started_ms = present_ms - INCIDENT_DAY_MS, .at_ms = at_ms,
				.rates = {.in_pps = 100000, .attack_pps = 50000}, .rules = 3};
			snprintf(health.member, sizeof(health.member), "%s", member_names[i % MEMBERS]);
			snprintf(health.process, sizeof(health.process), "edge-%u", i / MEMBERS);
			if (health_write(&health, &line, complaint) != OK ||
				store_take(store, health.member, line, strlen(line), at_ms, &answer) != OK)
				fail("health", answer.why);
			free(line);
		}
		if (second % 60 == 0)
			commit(store);
	}
}

static void views_measure(char **words)
{
	static int64_t times[TIMES_MAX];
	static const struct store_example_flow flow = {.findings_per_target = 10, .targets = 4, .sources = 20};
	uint64_t findings = number(words[0], INT64_MAX), rounds = number(words[1], TIMES_MAX);
	char why[WHY_BYTES];
	struct store *store = store_new();
	struct store_counters counters;
	struct random rng;
	random_init(&rng, 1);
	if (store_example_members(store, MEMBERS) != OK)
		fail("members", store_why(store));
	struct cost cost = fill(store, &flow, findings, STORE_BATCH_MAX);
	healths_fill(store);
	store_count(store, &counters);
	struct store_lookup lookup = {
		.incident = counters.incidents.opened, .who = "bench", .purpose = "measure it", .at_ms = present_ms};
	if (store_lookup(store, &lookup) != OK)
		fail("look-up", store_why(store));
	commit(store);
	lookup_number = lookup.number;
	if (store_open_reader(example.place, &reader, why) != OK)
		fail("reader", why);
	(void)printf("findings=%" PRIu64 " bytes=%" PRIu64 " incidents=%" PRIu64, findings, cost.bytes, counters.incidents.opened);
	for (unsigned which = 0; which < ARRAY_LEN(view_names); which++) {
		int64_t cpu_ns = clock_cpu_ns(), server_ns = store_example_server_ns(&example);
		for (uint64_t i = 0; i < rounds; i++) {
			int64_t begin_ns = clock_mono_ns();
			int err = view(which, &rng, counters.incidents.opened);
			times[i] = clock_mono_ns() - begin_ns;
			if (err != OK)
				fail(view_names[which], store_why(reader));
		}
		qsort(times, rounds, sizeof(times[0]), compare_times);
		cpu_ns = clock_cpu_ns() - cpu_ns + store_example_server_ns(&example) - server_ns;
		(void)printf(" %s_ns=%" PRId64 " %s_cpu=%" PRIu64, view_names[which], times[rounds * 95 / 100], view_names[which],
			(uint64_t)cpu_ns / rounds);
	}
	(void)printf("\n");
	store_close(reader);
	store_close(store);
}

/* Sudden ends. */

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
	} acts[] = {{"store", 4, store_measure}, {"views", 2, views_measure}, {"crash", 1, crash_measure}};
	for (unsigned i = 0; i < MEMBERS; i++)
		snprintf(member_names[i], sizeof(member_names[i]), "member-%u", i);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (argc != 4 + acts[i].words || strcmp(argv[1], acts[i].name) != 0)
			continue;
		int err = store_example_begin(&example, argv[2], argv[3], true);
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
