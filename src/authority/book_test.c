/*
 * Proves that the book takes what may be taken and refuses the rest, each with a code and a line; that it is the same
 * after it is read back from its documents; and that what a hostile sender adds changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/book.h"
#include "record/order_example.h"

#define NOW_MS (EXAMPLE_NOW_MS + 1000)
#define TEXTS_MAX 512

static struct order_world world;
static struct book *book;
static char *texts[TEXTS_MAX]; /* what was taken, in order: the ledger */
static size_t text_count;
static char detail[BOOK_DETAIL_BYTES];
static struct order order;

static int begin(void **state)
{
	(void)state;
	book = book_new(&world.policy, NULL);
	text_count = 0;
	order_example(&order);
	order.policy = world.policy.digest;
	return book == NULL;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < text_count; i++)
		free(texts[i]);
	book_free(book);
	return 0;
}

/** Judges and, if it may be taken, logs and applies a text, which is freed or kept. */
static int take(char *text, int64_t now_ms)
{
	struct book_document document;
	int err = book_judge(book, text, now_ms, &document, detail);
	assert_true(err == OK || (detail[0] != '\0' && strchr(detail, '\n') == NULL));
	if (err != OK) {
		free(text);
		return err;
	}
	assert_true(text_count < TEXTS_MAX);
	texts[text_count] = text;
	(void)book_apply(book, &document, text_count++, now_ms);
	return OK;
}

static char *order_note(const struct order *from, enum order_party signer)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	assert_int_equal(order_write(from, &line, complaint), OK);
	char *note = order_world_note(&world, line, signer);
	free(line);
	return note;
}

/** Takes the order under a new id and counter. @return its place in the book */
static struct book_order *order_take(enum order_party signer)
{
	snprintf(order.id, sizeof(order.id), "%032llx", (unsigned long long)++order.counter);
	snprintf(order.requester, sizeof(order.requester), "%s", world.parties[signer].key.name);
	assert_int_equal(take(order_note(&order, signer), NOW_MS), OK);
	struct book_order *entry = book_find(book, order.id);
	assert_non_null(entry);
	return entry;
}

static int say(const struct book_order *entry, enum approval_act act, enum order_party who, const char *role)
{
	return take(order_world_say(&world, act, entry->note, who, role), NOW_MS);
}

static int tell(const struct book_order *entry, enum receipt_state receipt_state, enum order_party signer, const char *effector)
{
	struct receipt receipt = {.order = entry->digest, .state = receipt_state, .why = "over", .at_ms = NOW_MS};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	snprintf(receipt.effector, sizeof(receipt.effector), "%s", effector);
	assert_int_equal(receipt_write(&receipt, &line, complaint), OK);
	char *note = order_world_note(&world, line, signer);
	free(line);
	return take(note, NOW_MS);
}

/** The book made anew of what was taken has the same orders in the same states. */
static void assert_recalled(void)
{
	struct book *again = book_new(&world.policy, NULL);
	struct book_document document;
	for (size_t i = 0; i < text_count; i++) {
		assert_int_equal(book_judge(again, texts[i], -1, &document, detail), OK);
		(void)book_apply(again, &document, i, -1);
	}
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		struct book_order *a = &book->orders[i], *b = &again->orders[i];
		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->life.state, b->life.state);
		assert_int_equal(a->log_index, b->log_index);
		assert_int_equal(a->approval_count + a->ratification_count, b->approval_count + b->ratification_count);
		assert_int_equal(a->approver_count, b->approver_count);
		if (a->kind != BOOK_NOTHING)
			assert_string_equal(a->note, b->note);
	}
	book_free(again);
}

static void an_order_lives_as_it_is_told(void **state)
{
	(void)state;
	struct book_order *entry = order_take(PARTY_AUTHORITY);
	assert_int_equal(entry->life.state, LIFECYCLE_SUBMITTED);
	assert_int_equal(take(strdup(entry->note), NOW_MS), E_STATE); /* known already */
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), OK);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), E_STATE);
	assert_int_equal(say(entry, APPROVAL_RATIFICATION, PARTY_KYOKO, "commission"), E_STATE);
	assert_ptr_equal(book_quorum(book, entry), &world.policy.classes[ORDER_OWN_EDGE].approvals);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_KYOKO, "commission"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_APPROVED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_YUKI, "duty"), E_STATE);
	assert_int_equal(say(entry, APPROVAL_REFUSAL, PARTY_YUKI, "duty"), E_STATE);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_AUTHORITY, "edge-1"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_ACTIVE);
	assert_recalled();
	assert_int_equal(tell(entry, RECEIPT_ENDED, PARTY_AUTHORITY, "edge-1"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_WITHDRAWN);
	assert_int_equal(say(entry, APPROVAL_WITHDRAWAL, PARTY_JIRO, "duty"), E_STATE);
	assert_recalled();
}

static void nobody_says_what_is_not_his_to_say(void **state)
{
	(void)state;
	struct book_order *entry = order_take(PARTY_HANA);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_HANA, "duty"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_STRANGER, "duty"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_AUTHORITY, "duty"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_EDGE, "duty"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "commission"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_WITHDRAWAL, PARTY_JIRO, ""), E_DENIED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_EDGE, "edge-1"), E_DENIED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_AUTHORITY, "edge-2"), E_DENIED);
	assert_int_equal(take(order_world_say(&world, APPROVAL_APPROVAL, "{}\n", PARTY_JIRO, "duty"), NOW_MS), E_STATE);
	assert_int_equal(entry->life.state, LIFECYCLE_SUBMITTED);
	assert_int_equal(entry->approval_count, 0);
	assert_int_equal(say(entry, APPROVAL_WITHDRAWAL, PARTY_HANA, ""), OK); /* her own request */
	assert_int_equal(entry->life.state, LIFECYCLE_WITHDRAWN);
	assert_recalled();
}

static void orders_that_the_policy_does_not_allow_are_not_taken(void **state)
{
	(void)state;
	assert_int_equal(take(order_note(&order, PARTY_STRANGER), NOW_MS), E_DENIED);
	assert_int_equal(take(order_note(&order, PARTY_AUTHORITY), order.expires_ms), E_DENIED);
	order.expires_ms = order.not_before_ms + INT64_C(86400000);
	assert_int_equal(take(order_note(&order, PARTY_AUTHORITY), NOW_MS), E_DENIED);
	assert_int_equal(take(strdup("{}\n"), NOW_MS), E_MALFORMED);
	assert_int_equal(take(strdup("{\"document\":\"order\"}\n"), NOW_MS), E_MALFORMED);
	assert_int_equal(take(strdup(""), NOW_MS), E_MALFORMED);
	assert_int_equal(text_count, 0);
}

static void one_refusal_is_enough(void **state)
{
	(void)state;
	struct book_order *entry = order_take(PARTY_AUTHORITY);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), OK);
	assert_int_equal(say(entry, APPROVAL_REFUSAL, PARTY_KYOKO, "commission"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_REFUSED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_TARO, "commission"), E_STATE);
	assert_recalled();
}

static void urgent_orders_act_first(void **state)
{
	(void)state;
	order.is_urgent = true;
	order.ratify_by_ms = order.not_before_ms + 300000;
	struct book_order *ratified = order_take(PARTY_AUTHORITY), *refused = order_take(PARTY_AUTHORITY);
	struct book_order *lapsed = order_take(PARTY_AUTHORITY);
	assert_int_equal(say(ratified, APPROVAL_RATIFICATION, PARTY_KYOKO, "commission"), E_STATE); /* it does not act yet */
	struct book_order *const all[] = {ratified, refused, lapsed};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		assert_int_equal(say(all[i], APPROVAL_APPROVAL, PARTY_JIRO, "duty"), OK);
		assert_int_equal(all[i]->life.state, LIFECYCLE_APPROVED);
		assert_int_equal(tell(all[i], RECEIPT_APPLIED, PARTY_AUTHORITY, "edge-1"), OK);
	}
	assert_int_equal(say(ratified, APPROVAL_RATIFICATION, PARTY_YUKI, "duty"), OK); /* counts, and is not enough */
	assert_int_equal(ratified->life.state, LIFECYCLE_ACTIVE);
	assert_int_equal(say(ratified, APPROVAL_RATIFICATION, PARTY_KYOKO, "commission"), OK);
	assert_int_equal(ratified->life.state, LIFECYCLE_RATIFIED);
	assert_int_equal(say(refused, APPROVAL_REFUSAL, PARTY_KYOKO, "commission"), OK);
	assert_int_equal(refused->life.state, LIFECYCLE_REFUSED);
	assert_true(lifecycle_pass(&lapsed->life, order.ratify_by_ms));
	assert_int_equal(lapsed->life.state, LIFECYCLE_LAPSED);
	assert_int_equal(say(lapsed, APPROVAL_RATIFICATION, PARTY_KYOKO, "commission"), E_STATE);
	assert_int_equal(take(order_world_say(&world, APPROVAL_WITHDRAWAL, lapsed->note, PARTY_AUTHORITY, ""), order.ratify_by_ms), OK);
	assert_int_equal(lapsed->life.state, LIFECYCLE_LAPSED); /* for its effector; nothing else changes */
	assert_non_null(lapsed->withdrawal);
}

static void protected_space_needs_its_own_quorum(void **state)
{
	(void)state;
	order.touches_protected = true;
	struct book_order *entry = order_take(PARTY_AUTHORITY);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), OK);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_KYOKO, "commission"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_SUBMITTED);
	assert_ptr_equal(book_quorum(book, entry), &world.policy.classes[ORDER_OWN_EDGE].protected_approvals);
	assert_int_equal(take(order_world_touch(&world, APPROVAL_APPROVAL, entry->note, "https://tower.example", 5), NOW_MS), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_APPROVED);
	assert_recalled();
}

/** Two people agree, the mail host's own key signs its receipt, once, and nothing else is a receipt of it. */
static void a_re_identification_is_approved_by_two_and_told_once(void **state)
{
	(void)state;
	reveal_example(&order);
	order.policy = world.policy.digest;
	snprintf(order.requester, sizeof(order.requester), "authority");
	assert_int_equal(take(order_note(&order, PARTY_AUTHORITY), NOW_MS), E_DENIED); /* no process asks who somebody is */
	struct book_order *entry = order_take(PARTY_HANA);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_HANA, "duty"), E_DENIED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), OK);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_JIRO, "duty"), E_STATE);
	assert_int_equal(entry->life.state, LIFECYCLE_SUBMITTED);
	assert_int_equal(say(entry, APPROVAL_APPROVAL, PARTY_TARO, "commission"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_APPROVED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_AUTHORITY, "mail-1"), E_DENIED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_STRANGER, "mail-1"), E_DENIED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_MAIL, "edge-1"), E_DENIED);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_MAIL, "mail-1"), OK);
	assert_int_equal(entry->life.state, LIFECYCLE_ACTIVE);
	assert_int_equal(tell(entry, RECEIPT_APPLIED, PARTY_MAIL, "mail-1"), E_STATE);
	assert_recalled();
}

static void the_book_is_bounded(void **state)
{
	(void)state;
	struct book_order *first = order_take(PARTY_AUTHORITY);
	for (size_t i = 1; i < BOOK_ORDERS_MAX; i++)
		(void)order_take(PARTY_AUTHORITY);
	snprintf(order.id, sizeof(order.id), "%032llx", (unsigned long long)++order.counter);
	assert_int_equal(take(order_note(&order, PARTY_AUTHORITY), NOW_MS), E_LIMIT);
	char id[ORDER_ID_BYTES];
	snprintf(id, sizeof(id), "%s", book_id(first));
	assert_null(book_find(book, "00000000")); /* the beginning of many */
	assert_int_equal(say(first, APPROVAL_WITHDRAWAL, PARTY_JIRO, "duty"), OK);
	(void)order_take(PARTY_AUTHORITY); /* the one that has ended makes room */
	assert_null(book_find(book, id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_order_lives_as_it_is_told, begin, end),
		cmocka_unit_test_setup_teardown(nobody_says_what_is_not_his_to_say, begin, end),
		cmocka_unit_test_setup_teardown(orders_that_the_policy_does_not_allow_are_not_taken, begin, end),
		cmocka_unit_test_setup_teardown(one_refusal_is_enough, begin, end),
		cmocka_unit_test_setup_teardown(urgent_orders_act_first, begin, end),
		cmocka_unit_test_setup_teardown(protected_space_needs_its_own_quorum, begin, end),
		cmocka_unit_test_setup_teardown(a_re_identification_is_approved_by_two_and_told_once, begin, end),
		cmocka_unit_test_setup_teardown(the_book_is_bounded, begin, end),
	};
	order_world_init(&world);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	order_world_done(&world);
	return failed;
}
