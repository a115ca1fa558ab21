/*
 * Workers under mails that crash them, hang, eat memory, open files, or have them answer nonsense: the asking process gets
 * its answer in time, and the next mail finds a worker. The reader here does to a worker what its mail says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/sanitizer.h"
#include "mail/worker.h"

#define DEADLINE_MS 400

static bool begins(const char *mail, size_t length_bytes, const char *word)
{
	return length_bytes >= strlen(word) && memcmp(mail, word, strlen(word)) == 0;
}

/** Whether the worker can do something that it must not be able to. */
static bool has_rights(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int other = open("/tmp/hinomi-worker-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool has_any = fd >= 0 || sock >= 0 || other >= 0 || geteuid() == 0;
	return has_any;
}

static void obey(const void *context, const void *bytes, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char ret_sender[static MAIL_ADDRESS_BYTES])
{
	const char *mail = bytes;
	(void)context;
	if (begins(mail, length_bytes, "crash"))
		(void)raise(SIGKILL); /* a sanitizer would take its time over SIGSEGV */
	if (begins(mail, length_bytes, "abort"))
		abort();
	while (begins(mail, length_bytes, "hang"))
		;
	if (begins(mail, length_bytes, "nonsense"))
		ret_facts->level = MAIL_LEVEL_COUNT;
	if (begins(mail, length_bytes, "endless"))
		memset(ret_sender, 'a', MAIL_ADDRESS_BYTES);
	if (begins(mail, length_bytes, "sender"))
		memcpy(ret_sender, "a@example.jp", sizeof("a@example.jp"));
	if (begins(mail, length_bytes, "eat")) {
		/* A parser that is refused memory; one that dereferences it instead would crash, which is the case above. */
		char *eaten = malloc((size_t)1 << 31);
		ret_facts->part_count = eaten == NULL ? 1 : 2;
		free(eaten);
	}
	if (begins(mail, length_bytes, "rights"))
		ret_facts->part_count = has_rights() ? 2 : 1;
	ret_facts->recipient_count = (uint16_t)envelope->recipient_count;
	ret_facts->is_bounce = envelope->sender != NULL && envelope->sender[0] == '\0';
	ret_facts->received_wall_ms = (int64_t)length_bytes;
}

static struct worker_pool *pool_make(uint32_t workers, uint32_t mails)
{
	const struct worker_settings settings = {
		.read = obey,
		.user = geteuid() == 0 ? "nobody" : NULL,
		.workers = workers,
		.deadline_ms = DEADLINE_MS,
		.memory_bytes = HAS_SANITIZER ? 0 : UINT64_C(512) << 20,
		.mails = mails,
	};
	struct worker_pool *pool = NULL;
	char why[WHY_BYTES];
	assert_int_equal(worker_pool_new(&settings, &pool, why), OK);
	return pool;
}

static char sender[MAIL_ADDRESS_BYTES]; /* what the last mail that was read handed over */

static int ask(struct worker_pool *pool, const char *mail, struct mail_facts *ret_facts)
{
	static const char *const recipients[] = {"a@example.jp", "b@example.jp"};
	const struct mail_envelope envelope = {.sender = "", .recipients = recipients, .recipient_count = 2};
	return worker_read(pool, mail, strlen(mail), &envelope, ret_facts, sender);
}

static void facts_come_back(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts;
	assert_int_equal(ask(pool, "mail", &facts), OK);
	assert_int_equal(facts.recipient_count, 2);
	assert_true(facts.is_bounce);
	assert_int_equal(facts.received_wall_ms, 4);
	assert_string_equal(sender, "");
	assert_int_equal(ask(pool, "sender", &facts), OK);
	assert_string_equal(sender, "a@example.jp");
	worker_pool_free(pool);
}

static void a_crash_is_told_and_the_next_mail_is_read(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts;
	int err = ask(pool, "crash", &facts);
	assert_int_equal(err, E_STATE);
	assert_int_equal(worker_failure_unread(err), UNREAD_WORKER);
	assert_int_equal(ask(pool, "mail", &facts), OK);
	assert_int_equal(ask(pool, "abort", &facts), E_STATE);
	assert_int_equal(ask(pool, "mail", &facts), OK);
	struct worker_counts counts = worker_pool_counts(pool);
	assert_int_equal(counts.died, 2);
	assert_int_equal(counts.read, 2);
	assert_in_range(counts.started, 4, 6); /* each died of it twice */
	worker_pool_free(pool);
}

static void a_mail_that_hangs_costs_no_more_than_the_deadline(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts;
	assert_int_equal(ask(pool, "mail", &facts), OK);
	int64_t began_ns = clock_mono_ns();
	int err = ask(pool, "hang", &facts);
	assert_int_equal(err, E_LIMIT);
	assert_int_equal(worker_failure_unread(err), UNREAD_TIME);
	assert_in_range((clock_mono_ns() - began_ns) / NS_PER_MS, DEADLINE_MS - 50, DEADLINE_MS * 5);
	assert_int_equal(ask(pool, "mail", &facts), OK); /* its place was taken by another */
	assert_int_equal(worker_pool_counts(pool).late, 1);
	worker_pool_free(pool);
}

static void what_is_no_facts_is_refused_and_its_worker_ended(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts = {.part_count = 77};
	assert_int_equal(ask(pool, "nonsense", &facts), E_MALFORMED);
	assert_int_equal(facts.part_count, 77);
	assert_int_equal(ask(pool, "mail", &facts), OK);
	assert_int_equal(worker_pool_counts(pool).started, 2);
	assert_int_equal(ask(pool, "endless", &facts), E_MALFORMED); /* an address that does not end */
	worker_pool_free(pool);
}

static void a_worker_has_no_rights_and_bounded_memory(void **state)
{
	(void)state;
	if (HAS_SANITIZER)
		skip(); /* seccomp and the bound of memory do not go with it */
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts;
	assert_int_equal(ask(pool, "rights", &facts), OK);
	assert_int_equal(facts.part_count, 1);
	assert_int_equal(ask(pool, "eat", &facts), OK);
	assert_int_equal(facts.part_count, 1);
	worker_pool_free(pool);
}

static void a_worker_is_replaced_after_its_mails(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 3);
	struct mail_facts facts;
	for (int i = 0; i < 7; i++)
		assert_int_equal(ask(pool, "mail", &facts), OK);
	struct worker_counts counts = worker_pool_counts(pool);
	assert_int_equal(counts.read, 7);
	assert_int_equal(counts.died, 0);
	assert_int_equal(counts.started, 3);
	worker_pool_free(pool);
}

static void more_than_the_limit_is_cut(void **state)
{
	(void)state;
	struct worker_pool *pool = pool_make(1, 0);
	struct mail_facts facts;
	const struct mail_envelope envelope = {0};
	char *mail = calloc(1, LIMIT_MAIL_BYTES + 10);
	assert_non_null(mail);
	assert_int_equal(worker_read(pool, mail, LIMIT_MAIL_BYTES + 10, &envelope, &facts, NULL), OK);
	assert_int_equal(facts.received_wall_ms, LIMIT_MAIL_BYTES);
	free(mail);
	worker_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_come_back),
		cmocka_unit_test(a_crash_is_told_and_the_next_mail_is_read),
		cmocka_unit_test(a_mail_that_hangs_costs_no_more_than_the_deadline),
		cmocka_unit_test(what_is_no_facts_is_refused_and_its_worker_ended),
		cmocka_unit_test(a_worker_has_no_rights_and_bounded_memory),
		cmocka_unit_test(a_worker_is_replaced_after_its_mails),
		cmocka_unit_test(more_than_the_limit_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
