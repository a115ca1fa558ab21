/*
 * Proves that a flood whose headers were seen is answered by rules that stop
 * it and spare what came before, at once, again when it changes and before
 * what is in force ends; that a botnet shaped like clients is stopped by its
 * addresses, without one of a client; that nothing is proposed where too
 * little is known;
 * and that the authority may come, go and be slow without a loss that is not
 * counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/random.h"
#include "record/countermeasure.h"
#include "rules/source_set.h"
#include "rules/space.h"
#include "sensor/countermeasures.h"

#define START_NS (INT64_C(1735171200) * NS_PER_S)
#define TARGET UINT32_C(0xcb007107) /* 203.0.113.7 */
#define FRAME_BYTES 90

static char directory[] = "/tmp/countermeasures_test.XXXXXX";
static char socket_path[64];
static struct random rng;

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	(void)unlink(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/** Reads all lines that are there into room; the last is parsed. @return how many */
static size_t lines_read(int fd, struct countermeasure *ret_last)
{
	static char text[LIMIT_LINK_QUEUE_BYTES];
	size_t used = 0, count = 0;
	for (ssize_t got; used < sizeof(text) && (got = recv(fd, text + used, sizeof(text) - used, MSG_DONTWAIT)) > 0;)
		used += (size_t)got;
	for (char *at = text, *end; (end = memchr(at, '\n', used - (size_t)(at - text))) != NULL; at = end + 1) {
		char complaint[DOCUMENT_COMPLAINT_BYTES] = "";
		assert_int_equal(countermeasure_parse(at, (size_t)(end - at), ret_last, complaint), OK);
		count++;
	}
	return count;
}

static void put_be16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/** An Ethernet frame with IPv4 and the ports of TCP or UDP. */
static void frame_send(struct countermeasures *to, int64_t at_ns, uint32_t src, unsigned protocol, unsigned src_port,
	unsigned dst_port, unsigned length, unsigned first)
{
	uint8_t bytes[FRAME_BYTES] = {0};
	uint8_t *ip = bytes + 14, *transport = ip + 20;
	put_be16(bytes + 12, 0x0800);
	ip[0] = 0x45;
	ip[8] = 57;
	ip[9] = (uint8_t)protocol;
	put_be16(ip + 2, length);
	put_be16(ip + 12, src >> 16);
	put_be16(ip + 14, src & 0xffff);
	put_be16(ip + 16, TARGET >> 16);
	put_be16(ip + 18, TARGET & 0xffff);
	put_be16(transport, src_port);
	put_be16(transport + 2, dst_port);
	if (protocol == 6)
		transport[13] = (uint8_t)first;
	else
		transport[8] = (uint8_t)first;
	countermeasures_look(to, &(struct input_frame){bytes, sizeof(bytes), true, 1, START_NS + at_ns});
}

/** Web clients: a hundred packets a second. */
static void clients_send(struct countermeasures *to, int64_t from_ns, int64_t until_ns)
{
	for (int64_t at = from_ns; at < until_ns; at += 10 * NS_PER_MS) {
		unsigned kind = (unsigned)random_below(&rng, 10);
		frame_send(to, at, 0xc6336400 + (uint32_t)random_below(&rng, 40), 6, 40000 + (unsigned)random_below(&rng, 9000), 443,
			kind == 0 ? 60 : 52 + (unsigned)random_below(&rng, 900), kind == 0 ? 0x02 : 0x18);
	}
}

/** Clients, and 20,000 answers a second of NTP servers to questions that nobody asked. */
static void flood_send(struct countermeasures *to, int64_t from_ns, int64_t until_ns)
{
	for (int64_t at = from_ns; at < until_ns; at += 50 * NS_PER_US) {
		if (at % (10 * NS_PER_MS) == 0)
			clients_send(to, at, at + 1);
		frame_send(to, at, 0x33000000 + (uint32_t)random_below(&rng, 2000) * 7919, 17, 123,
			1024 + (unsigned)random_below(&rng, 60000), 468, 0x97);
	}
}

static struct finding *finding_of(enum finding_phase phase, const char *id)
{
	static struct finding finding;
	memset(&finding, 0, sizeof(finding));
	snprintf(finding.id, sizeof(finding.id), "%s", id);
	snprintf(finding.sensor, sizeof(finding.sensor), "edge");
	finding.kind = FINDING_FLOOD;
	finding.phase = phase;
	finding.target = (struct ip_prefix){ip_from_v4(TARGET), 128};
	finding.window_start_ms = START_NS / NS_PER_MS + 60000;
	finding.source_count = 2000;
	finding.vector_count = 1;
	snprintf(finding.vectors[0].name, sizeof(finding.vectors[0].name), "ntp_reflection");
	finding.vectors[0].protocol = 17;
	finding.vectors[0].ip_version = 4;
	finding.vectors[0].packets_permille = finding.vectors[0].bytes_permille = 1000;
	return &finding;
}

#define ID "0123456789abcdef0123456789abcdef"

/** What creeps in: from 20 s before the attack is told as much as the clients send, then all of it. */
static void creep_send(struct countermeasures *to, int64_t from_ns, int64_t until_ns, int64_t every_ns)
{
	for (int64_t at = from_ns; at < until_ns; at += every_ns)
		frame_send(to, at, 0x33000000 + (uint32_t)random_below(&rng, 2000) * 7919, 17, 123,
			1024 + (unsigned)random_below(&rng, 60000), 468, 0x97);
}

static struct countermeasures *begin(void)
{
	const struct countermeasures_config config = {
		.authority = socket_path,
		.sets_directory = "",
		.sensor = "edge",
		.stopped_permille = 950,
		.collateral_permille = 10,
		.rules_most = 8,
		.duration_s = 60,
	};
	struct countermeasures *made = NULL;
	assert_int_equal(countermeasures_new(&config, &made), OK);
	random_init(&rng, 5);
	return made;
}

static int64_t wall(int64_t seconds)
{
	return START_NS + seconds * NS_PER_S;
}

static void a_flood_is_answered_at_once_and_again_in_time(void **state)
{
	(void)state;
	static struct countermeasure got;
	int listener = listen_at(socket_path);
	struct countermeasures *made = begin();
	clients_send(made, 0, 60 * NS_PER_S);
	flood_send(made, 60 * NS_PER_S, 60 * NS_PER_S + 300 * NS_PER_MS);
	countermeasures_take(made, finding_of(FINDING_BEGIN, ID), wall(60) + 300 * NS_PER_MS);
	assert_true(countermeasures_is_due(made));
	countermeasures_turn(made, wall(60) + 300 * NS_PER_MS, 1);
	assert_false(countermeasures_is_due(made));
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lines_read(fd, &got), 1);
	assert_string_equal(got.finding, ID);
	assert_string_equal(got.vectors[0].name, "ntp_reflection");
	assert_true(got.predicted.stopped_permille >= 950 && got.predicted.collateral_permille <= 10);
	assert_true(got.rules.count >= 1 && got.rules.count <= 2);
	assert_int_equal(got.rules.rules[0].protocol, 17);
	assert_int_equal(got.duration_s, 60);

	/* The same again is no news; half of the time later it is asked for anew; once it is over no more. */
	countermeasures_take(made, finding_of(FINDING_CHANGE, ID), wall(61));
	countermeasures_turn(made, wall(61), 2);
	assert_int_equal(lines_read(fd, &got), 0);
	flood_send(made, 88 * NS_PER_S, 89 * NS_PER_S);
	countermeasures_turn(made, wall(91), 3);
	assert_int_equal(lines_read(fd, &got), 1);
	countermeasures_take(made, finding_of(FINDING_END, ID), wall(92));
	countermeasures_turn(made, wall(130), 4);
	assert_int_equal(lines_read(fd, &got), 0);
	struct countermeasures_counters counters = countermeasures_counters_of(made);
	assert_int_equal(counters.asked, 2);
	assert_int_equal(counters.proposed, 2);

	/* The next wave of the same: what is over was no good traffic. */
	flood_send(made, 140 * NS_PER_S, 140 * NS_PER_S + 300 * NS_PER_MS);
	struct finding *next = finding_of(FINDING_BEGIN, "1123456789abcdef0123456789abcdef");
	next->window_start_ms += 80000;
	countermeasures_take(made, next, wall(140) + 300 * NS_PER_MS);
	countermeasures_turn(made, wall(140) + 300 * NS_PER_MS, 5);
	assert_int_equal(lines_read(fd, &got), 1);
	assert_true(got.predicted.stopped_permille >= 950 && got.predicted.collateral_permille <= 10);
	countermeasures_free(made);
	close(fd);
	close(listener);
}

/* Bots that do exactly what clients do. */

#define BOTS 5000
#define CLIENTS 500

struct engine {
	size_t known; /* bots that the engine knows by now */
	struct ip_addr guarded; /* it names this one too */
};

static uint32_t bot_of(uint32_t i)
{
	return 0x2d000000 + i * 251;
}

static uint32_t client_of(uint32_t i)
{
	return 0x55000000 + i * 131;
}

/** An engine that takes clients for bots as well: to spare those is not its business. */
static size_t engine_senders(void *arg, const struct ip_prefix *target, struct ip_addr *ret_addrs, size_t max)
{
	const struct engine *engine = arg;
	size_t count = 0;
	assert_int_equal(ip_to_v4(&target->addr), TARGET);
	for (uint32_t i = 0; i < engine->known && count < max; i++)
		ret_addrs[count++] = ip_from_v4(bot_of(i));
	for (uint32_t i = 0; i < CLIENTS && engine->known > 0 && count < max; i++)
		ret_addrs[count++] = ip_from_v4(client_of(i));
	if (engine->known > 0 && count + 2 <= max) {
		ret_addrs[count++] = engine->guarded;
		ret_addrs[count++] = (struct ip_addr){.bytes = {0x20, 0x01, 0x0d, 0xb8}}; /* of the other family */
	}
	return count;
}

/** One packet of a conversation like any other. */
static void speak(struct countermeasures *to, int64_t at_ns, uint32_t src)
{
	frame_send(to, at_ns, src, 6, 1024 + (unsigned)random_below(&rng, 60000), 443, 52 + (unsigned)random_below(&rng, 900),
		random_below(&rng, 4) == 0 ? 0x10 : 0x18);
}

/** 500 packets a second of clients, and 25,000 of bots. */
static void speak_all(struct countermeasures *to, int64_t from_ns, int64_t until_ns, bool has_bots)
{
	for (int64_t at = from_ns; at < until_ns; at += 2 * NS_PER_MS) {
		speak(to, at, client_of((uint32_t)random_below(&rng, CLIENTS)));
		for (int i = 0; has_bots && i < 50; i++)
			speak(to, at + i * 40 * NS_PER_US, bot_of((uint32_t)random_below(&rng, BOTS)));
	}
}

static struct finding *stomp_finding(void)
{
	struct finding *finding = finding_of(FINDING_BEGIN, ID);
	finding->window_start_ms += 90000; /* long enough that of each client something is in the sample */
	finding->source_count = BOTS + CLIENTS;
	snprintf(finding->vectors[0].name, sizeof(finding->vectors[0].name), "psh_ack_flood");
	finding->vectors[0].protocol = 6;
	return finding;
}

static void set_judge(const struct countermeasure *got, size_t bots, const struct ip_addr *guarded)
{
	struct source_set *set = NULL;
	size_t named = 0;
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(got->rules.rules[0].source_set.count, bots);
	assert_int_equal(source_set_load(fd, &got->rules.rules[0].source_set, &set), OK);
	for (uint32_t i = 0; i < BOTS; i++) {
		struct ip_addr addr = ip_from_v4(bot_of(i));
		named += source_set_has(set, &addr);
	}
	assert_int_equal(named, bots);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		struct ip_addr addr = ip_from_v4(client_of(i));
		assert_false(source_set_has(set, &addr));
	}
	assert_false(source_set_has(set, guarded));
	char name[SOURCE_SET_NAME_BYTES], path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, source_set_file_name(source_set_name(set), name));
	assert_int_equal(unlink(path), 0);
	source_set_free(set);
	close(fd);
}

static struct countermeasures *bots_begin(struct engine *engine, const struct space *space, uint32_t senders_most)
{
	const struct countermeasures_config config = {
		.authority = socket_path,
		.sets_directory = directory,
		.sensor = "edge",
		.stopped_permille = 950,
		.collateral_permille = 10,
		.rules_most = 8,
		.duration_s = 60,
		.space = space,
		.senders = engine != NULL ? engine_senders : NULL,
		.senders_arg = engine,
		.senders_most = senders_most,
	};
	struct countermeasures *made = NULL;
	assert_int_equal(countermeasures_new(&config, &made), OK);
	random_init(&rng, 5);
	return made;
}

/** The file of a set that was named last so long before START_NS. */
static void old_set_put(int64_t age_s, char path[static 160])
{
	snprintf(path, 160, "%s/%064x.set", directory, (unsigned)age_s);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	const struct timespec times[2] = {{.tv_sec = START_NS / NS_PER_S - age_s}, {.tv_sec = START_NS / NS_PER_S - age_s}};
	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void bots_like_clients_are_stopped_by_their_addresses(void **state)
{
	(void)state;
	static struct countermeasure got;
	struct space *space = NULL;
	struct engine engine = {.known = 1000, .guarded = ip_from_v4(0x08080808)};
	struct ip_prefix guarded = {engine.guarded, 128};
	const struct space_config guards = {.protected = &guarded, .protected_count = 1};
	assert_int_equal(space_new(&guards, &space), OK);
	int listener = listen_at(socket_path);
	struct countermeasures *made = bots_begin(&engine, space, 65536);
	char old_path[160], younger_path[160];
	old_set_put(24 * 3600 + 120, old_path);
	old_set_put(24 * 3600 - 120, younger_path);
	speak_all(made, 0, 150 * NS_PER_S, false);
	speak_all(made, 150 * NS_PER_S, 151 * NS_PER_S, true);
	countermeasures_take(made, stomp_finding(), wall(151));
	countermeasures_turn(made, wall(151), 1);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(lines_read(fd, &got), 1); /* a fifth of the bots is better than nothing */
	assert_int_equal(countermeasures_counters_of(made).sets_removed, 1); /* that no order can need any more */
	assert_true(access(old_path, F_OK) != 0 && unlink(younger_path) == 0);
	set_judge(&got, 1000, &guarded.addr);
	assert_in_range(got.predicted.stopped_permille, 150, 250);

	/* All of them, as soon as they are known, and once. */
	engine.known = BOTS;
	countermeasures_turn(made, wall(151) + 400 * NS_PER_MS, 2);
	assert_int_equal(lines_read(fd, &got), 0);
	countermeasures_turn(made, wall(151) + 600 * NS_PER_MS, 3);
	assert_int_equal(lines_read(fd, &got), 1);
	set_judge(&got, BOTS, &guarded.addr);
	assert_true(got.predicted.stopped_permille >= 950 && got.predicted.collateral_permille == 0);
	for (int i = 0; i < 100; i++)
		countermeasures_turn(made, wall(152) + i * 100 * NS_PER_MS, 4 + i);
	assert_int_equal(lines_read(fd, &got), 0);
	countermeasures_free(made);
	close(fd);
	close(listener);
	space_free(space);
}

/** The other side: the same without the engine's names, and with room for a few only. */
static void without_their_addresses_bots_like_clients_are_not_told_apart(void **state)
{
	(void)state;
	static struct countermeasure got;
	int listener = listen_at(socket_path);
	for (uint32_t room = 0; room <= 100; room += 100) {
		struct engine engine = {.known = BOTS, .guarded = ip_from_v4(0x08080808)};
		struct countermeasures *made = bots_begin(room > 0 ? &engine : NULL, NULL, room);
		speak_all(made, 0, 150 * NS_PER_S, false);
		speak_all(made, 150 * NS_PER_S, 151 * NS_PER_S, true);
		countermeasures_take(made, stomp_finding(), wall(151));
		countermeasures_turn(made, wall(151), 1);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0 && lines_read(fd, &got) > 0)
			assert_true(got.predicted.stopped_permille < 500);
		if (fd >= 0)
			close(fd);
		countermeasures_free(made);
	}
	close(listener);
}

/** An attack that stayed below every threshold for a while is not taken for good traffic; its rules say what they were tried on. */
static void an_attack_that_crept_in_is_told_from_what_came_earlier(void **state)
{
	(void)state;
	static struct countermeasure got;
	int listener = listen_at(socket_path);
	struct countermeasures *made = begin();
	clients_send(made, 0, 40 * NS_PER_S);
	for (int64_t at = 40 * NS_PER_S; at < 60 * NS_PER_S; at += NS_PER_S) {
		clients_send(made, at, at + NS_PER_S);
		creep_send(made, at, at + NS_PER_S, 10 * NS_PER_MS);
	}
	flood_send(made, 60 * NS_PER_S, 60 * NS_PER_S + 300 * NS_PER_MS);
	countermeasures_take(made, finding_of(FINDING_BEGIN, ID), wall(60) + 300 * NS_PER_MS);
	countermeasures_turn(made, wall(60) + 300 * NS_PER_MS, 1);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lines_read(fd, &got), 1);
	assert_true(got.predicted.stopped_permille >= 950 && got.predicted.collateral_permille <= 10);
	assert_memory_equal(got.why, "good traffic is taken from more than 30 s before; ", 50);
	assert_int_equal(countermeasures_counters_of(made).separated_none, 0);
	close(fd);
	close(listener);
	countermeasures_free(made);
}

static void what_is_not_known_is_not_answered(void **state)
{
	(void)state;
	struct countermeasures *made = begin();
	flood_send(made, 60 * NS_PER_S, 60 * NS_PER_S + 100 * NS_PER_MS); /* nothing was seen before */
	struct finding *finding = finding_of(FINDING_BEGIN, ID);
	finding->kind = FINDING_SCAN; /* no flood: not asked for */
	countermeasures_take(made, finding, wall(61));
	assert_false(countermeasures_is_due(made));
	countermeasures_take(made, finding_of(FINDING_BEGIN, ID), wall(61));
	for (int i = 0; i < 20; i++)
		countermeasures_turn(made, wall(61) + i * 100 * NS_PER_MS, i);
	struct countermeasures_counters counters = countermeasures_counters_of(made);
	assert_int_equal(counters.asked, 1);
	assert_int_equal(counters.failed, 1);
	assert_int_equal(counters.proposed, 0);
	assert_int_equal(countermeasures_link_of(made).put, 0);
	countermeasures_free(made);
}

static void cases_are_bounded(void **state)
{
	(void)state;
	struct countermeasures *made = begin();
	for (int i = 0; i < 70; i++) {
		char id[FINDING_ID_BYTES];
		snprintf(id, sizeof(id), "%032d", i);
		countermeasures_take(made, finding_of(FINDING_BEGIN, id), wall(61));
	}
	assert_int_equal(countermeasures_counters_of(made).findings_refused, 6);
	countermeasures_free(made);
}

static void the_authority_comes_and_goes(void **state)
{
	(void)state;
	char text[16];
	struct line_link *link = NULL;
	assert_int_equal(line_link_new("authority", socket_path, NULL, &link), OK);
	(void)unlink(socket_path);
	line_link_put(link, "one");
	line_link_turn(link, 0); /* nobody listens */
	int listener = listen_at(socket_path);
	line_link_turn(link, NS_PER_S / 2); /* too soon for another try */
	assert_true(accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0);
	line_link_turn(link, NS_PER_S);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "one\n", 4);
	assert_int_equal(send(fd, "{\"ok\":1}\nhalf", 13, 0), 13);
	line_link_turn(link, NS_PER_S + 1);
	assert_int_equal(line_link_counters_of(link).replies, 1);
	close(fd);
	line_link_turn(link, 3 * NS_PER_S); /* hears that it is gone; there is nothing to send */
	line_link_put(link, "two");
	line_link_turn(link, 4 * NS_PER_S);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 4);
	assert_memory_equal(text, "two\n", 4);
	struct line_link_counters counters = line_link_counters_of(link);
	assert_int_equal(counters.connects, 2);
	assert_int_equal(counters.put, counters.sent + counters.lost + counters.waiting);
	line_link_free(link);
	close(fd);
	close(listener);
}

static void a_full_queue_loses_and_counts(void **state)
{
	(void)state;
	static char line[200000];
	struct line_link *link = NULL;
	memset(line, 'x', sizeof(line) - 1);
	assert_int_equal(line_link_new("authority", "/nonexistent/socket", NULL, &link), OK);
	for (int i = 0; i < 8; i++)
		line_link_put(link, line);
	struct line_link_counters counters = line_link_counters_of(link);
	assert_int_equal(counters.put, 8);
	assert_int_equal(counters.lost, 3);
	assert_int_equal(counters.waiting, 5);
	line_link_free(link);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(socket_path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_answered_at_once_and_again_in_time),
		cmocka_unit_test(bots_like_clients_are_stopped_by_their_addresses),
		cmocka_unit_test(without_their_addresses_bots_like_clients_are_not_told_apart),
		cmocka_unit_test(an_attack_that_crept_in_is_told_from_what_came_earlier),
		cmocka_unit_test(what_is_not_known_is_not_answered),
		cmocka_unit_test(cases_are_bounded),
		cmocka_unit_test(the_authority_comes_and_goes),
		cmocka_unit_test(a_full_queue_loses_and_counts),
	};
	return cmocka_run_group_tests_name("countermeasures", tests, set_up, tear_down);
}
