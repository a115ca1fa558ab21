/*
 * Proves what the store does with mails, on the backend that the command line names: what joins them, that each is kept
 * once whatever comes again and whoever restarts, what is refused, that they end and are deleted with a proof.
 */
#include "tower/store_test.h"

#include "tower/mail_words.h"

static struct mail_finding mail; /* large */
static struct store_mail mails[8];
static struct store_page page;

/** A mail of its own: nothing but what is set joins it to another. */
static void mail_make(unsigned number)
{
	mail_finding_example(&mail);
	snprintf(mail.id, sizeof(mail.id), "%032x", number);
	snprintf(mail.sender, sizeof(mail.sender), "%016x", number);
	snprintf(mail.impersonated.pseudonym, sizeof(mail.impersonated.pseudonym), "%016x", number);
	memset(mail.hosts[0].name, 0, sizeof(mail.hosts[0].name)); /* for who compares bytes */
	snprintf(mail.hosts[0].name, sizeof(mail.hosts[0].name), "host-%u.example", number);
	mail.start_ms = mail.end_ms = NOW - 1000;
}

static int mail_take(const char *member, int64_t now_ms)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	assert_int_equal(mail_finding_write(&mail, &line, complaint), OK);
	int err = take_text(member, line, now_ms);
	free(line);
	return err;
}

static size_t mails_of(uint64_t incident)
{
	assert_int_equal(store_mails(reader, incident, &begin, mails, ARRAY_LEN(mails), &page), OK);
	return page.count;
}

static void a_mail_becomes_an_incident(void **state)
{
	(void)state;
	mail_make(1);
	assert_int_equal(mail_take("member-0", NOW), OK);
	assert_true(answer.kind == STORE_MAIL && answer.is_new_incident && !answer.is_repeat && answer.incident == 1);
	assert_string_equal(answer.id, mail.id);
	assert_int_equal(incident_list(INCIDENT_NO_STATE), 0); /* nothing is there before it is committed */
	assert_int_equal(commit(), OK);
	assert_int_equal(incident_list(INCIDENT_OPEN), 1);
	assert_int_equal(incidents[0].matter, INCIDENT_MAIL);
	assert_int_equal(incidents[0].kinds, 1u << INCIDENT_MAIL_KIND | 1u << (INCIDENT_MAIL_KIND + MAIL_FINDING_IMPERSONATION));
	assert_string_equal(incidents[0].member, "member-0");
	assert_int_not_equal(incidents[0].sector, 0);
	assert_true(incidents[0].finding_count == 1 && incidents[0].confidence == 90 && incidents[0].opened_ms == NOW - 1000);
	assert_string_equal(incidents[0].why, mail.why);
	static struct store_now now;
	assert_int_equal(store_now(reader, NOW, &now), OK);
	assert_true(now.open_incidents == 0 && now.incident_count == 0 && now.open_mails == 1); /* nobody is under attack by it */
	assert_int_equal(mails_of(1), 1);
	assert_int_equal(mails[0].arrived_ms, NOW);
	assert_memory_equal(&mails[0].finding, &mail, sizeof(mail)); /* all of it, and nothing else */
}

static void what_is_told_again_is_kept_once(void **state)
{
	(void)state;
	struct store_counters counters;
	mail_make(1);
	assert_int_equal(mail_take("member-0", NOW), OK);
	assert_int_equal(mail_take("member-0", NOW), OK); /* in one batch */
	assert_true(answer.is_repeat && answer.incident == 1);
	assert_int_equal(commit(), OK);
	close_both();
	open_both();
	assert_int_equal(mail_take("member-0", NOW + 40 * INCIDENT_DAY_MS), OK); /* however late */
	assert_true(answer.is_repeat && answer.incident == 1);
	assert_int_equal(mail_take("member-1", NOW), OK); /* another's is another one */
	assert_true(!answer.is_repeat && answer.incident == 2);
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(1), 1);
	store_count(writer, &counters);
	assert_true(counters.taken == 2 && counters.repeated == 1 && counters.kept[STORE_MAIL] == 1);
}

static void mails_join_by_sender_domain_and_host(void **state)
{
	(void)state;
	mail_make(1);
	assert_int_equal(mail_take("", NOW), OK);
	mail_make(2);
	snprintf(mail.sender, sizeof(mail.sender), "%016x", 1u);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(answer.incident, 1); /* its sender */
	assert_int_equal(commit(), OK);
	close_both();
	open_both();
	mail_make(3);
	snprintf(mail.hosts[0].name, sizeof(mail.hosts[0].name), "host-2.example");
	assert_int_equal(mail_take("", NOW + INCIDENT_MAIL_GAP_MS - 1), OK);
	assert_int_equal(answer.incident, 1); /* where the second one led to, by one that remembers from its disk alone */
	mail_make(4);
	mail.sender_traits = 0;
	snprintf(mail.sender_domain, sizeof(mail.sender_domain), "evil.example");
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(answer.incident, 2);
	mail_make(5);
	mail.sender_traits = 0;
	snprintf(mail.sender_domain, sizeof(mail.sender_domain), "evil.example");
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(answer.incident, 2); /* a domain of its own */
	mail_make(6);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(answer.incident, 3); /* freemail and cloud storage join nobody */
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(1), 3);
	assert_string_equal(mails[0].finding.id, "00000000000000000000000000000003"); /* the last come first */
}

/** A mail to somebody else, from an address and to a host of its own, that poses as one identity. */
static int posing_take(unsigned number, enum mail_finding_identity as, unsigned whom, int64_t now_ms)
{
	mail_make(number);
	snprintf(mail.recipient, sizeof(mail.recipient), "%016x", 1000 + number);
	mail.impersonated.is = as;
	snprintf(mail.impersonated.pseudonym, sizeof(mail.impersonated.pseudonym), "%016x", whom);
	mail.start_ms = mail.end_ms = now_ms - 1000;
	return mail_take("member-0", now_ms);
}

static void mails_join_by_whom_they_pose_as(void **state)
{
	(void)state;
	assert_int_equal(posing_take(1, MAIL_FINDING_PERSON, 77, NOW), OK);
	assert_int_equal(posing_take(2, MAIL_FINDING_PERSON, 77, NOW), OK);
	assert_int_equal(answer.incident, 1); /* to several, from several: one campaign */
	assert_int_equal(posing_take(3, MAIL_FINDING_PERSON, 78, NOW), OK);
	assert_int_equal(answer.incident, 2); /* as another */
	assert_int_equal(posing_take(4, MAIL_FINDING_DOMAIN, 79, NOW), OK);
	assert_int_equal(posing_take(5, MAIL_FINDING_DOMAIN, 79, NOW), OK);
	assert_int_equal(answer.incident, 3); /* two look-alikes of one domain */
	mail_make(6);
	mail.has_impersonated = false;
	memset(&mail.impersonated, 0, sizeof(mail.impersonated));
	assert_int_equal(mail_take("member-0", NOW), OK);
	assert_int_equal(answer.incident, 4); /* as nobody */
	mail_make(7);
	mail.has_impersonated = false;
	memset(&mail.impersonated, 0, sizeof(mail.impersonated));
	assert_int_equal(mail_take("member-0", NOW), OK);
	assert_int_equal(answer.incident, 5);
	mail_make(8);
	snprintf(mail.impersonated.pseudonym, sizeof(mail.impersonated.pseudonym), "%016x", 77);
	assert_int_equal(mail_take("member-1", NOW), OK);
	assert_int_equal(answer.incident, 6); /* another member's key says something else by it */
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(4), 1);
	assert_false(mails[0].finding.has_impersonated);
	assert_int_equal(mails_of(1), 2);
	assert_true(mails[0].finding.has_impersonated && mails[0].finding.impersonated.is == MAIL_FINDING_PERSON);
}

static void a_domain_that_is_forged_itself_joins_nobody(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= 2; number++) {
		mail_make(number);
		mail.sender_traits = MAIL_FINDING_PROTECTED;
		mail.impersonated.is = MAIL_FINDING_DOMAIN;
		snprintf(mail.impersonated.pseudonym, sizeof(mail.impersonated.pseudonym), "%016x", 77);
		assert_int_equal(mail_take("member-0", NOW), OK);
		assert_int_equal(answer.incident, number); /* whoever sends spam does so */
	}
}

static void an_identity_joins_for_three_weeks_and_no_longer(void **state)
{
	(void)state;
	int64_t now_ms = NOW;
	unsigned number = 1;
	for (; now_ms <= NOW + INCIDENT_MAIL_SPAN_MS; now_ms += INCIDENT_MAIL_GAP_MS / 2) {
		assert_int_equal(posing_take(number++, MAIL_FINDING_PERSON, 77, now_ms), OK);
		assert_int_equal(answer.incident, 1);
	}
	assert_int_equal(posing_take(number++, MAIL_FINDING_PERSON, 77, now_ms), OK);
	assert_int_equal(answer.incident, 2);
	assert_int_equal(posing_take(number, MAIL_FINDING_PERSON, 77, now_ms + 1), OK);
	assert_int_equal(answer.incident, 2); /* the new one goes on with it */
}

static void its_history_can_be_read(void **state)
{
	(void)state;
	static struct incident_line lines[16];
	char words[INCIDENT_WORDS_BYTES];
	mail_make(1);
	assert_int_equal(mail_take("", NOW), OK);
	mail_make(2);
	mail.action = MAIL_FINDING_TAG;
	mail.reason_count = 0;
	snprintf(mail.sender, sizeof(mail.sender), "%016x", 1u);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_history(reader, 1, &begin, lines, ARRAY_LEN(lines), &page), OK);
	static const char *const english[] = {"mail 1 was held: a known person's name at a free mailer, with something to open",
		"a new sender at freemail.example (mail 1)",
		"poses as a known identity, pseudonym 0000000000000001 (mail 1)", "links lead to host-1.example (mail 1)",
		"mail 2 was marked: poses as a known person or domain",
		"poses as a known identity, pseudonym 0000000000000002 (mail 2)", "links lead to host-2.example (mail 2)"};
	assert_int_equal(page.count, ARRAY_LEN(english));
	for (size_t i = 0; i < page.count; i++)
		assert_string_equal(incident_words(&lines[i], INCIDENT_ENGLISH, words), english[i]);
	assert_string_equal(incident_words(&lines[4], INCIDENT_JAPANESE, words),
		"2通目のメールに警告を付けた：既知の人物やドメインの詐称");
	assert_string_equal(mail_rule_words("of_tomorrow", INCIDENT_JAPANESE), "of_tomorrow");
}

static void an_incident_is_over_when_no_mail_has_joined(void **state)
{
	(void)state;
	uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	mail_make(1);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(store_tick(writer, NOW + INCIDENT_MAIL_GAP_MS - 1, ended, &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(store_tick(writer, NOW + INCIDENT_MAIL_GAP_MS, ended, &count), OK);
	assert_true(count == 1 && ended[0] == 1);
	assert_int_equal(commit(), OK);
	assert_int_equal(incident_list(INCIDENT_ENDED), 1);
	mail_make(2);
	snprintf(mail.sender, sizeof(mail.sender), "%016x", 1u);
	assert_int_equal(mail_take("", NOW + INCIDENT_MAIL_GAP_MS + 1), OK);
	assert_true(answer.is_new_incident && answer.incident == 2); /* what is over stays over */
	assert_int_equal(commit(), OK);
}

static void what_is_no_mail_finding_is_refused(void **state)
{
	(void)state;
	struct store_counters counters;
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL, other[MAIL_FINDING_LINE_BYTES_MAX];
	mail_make(1);
	assert_int_equal(mail_finding_write(&mail, &line, complaint), OK);
	assert_int_equal(take_text("nobody", line, NOW), E_DENIED);
	snprintf(other, sizeof(other), "{\"address\":\"taro@example.jp\",%s", line + 1);
	assert_int_equal(take_text("", other, NOW), E_MALFORMED); /* a member that there is not */
	snprintf(other, sizeof(other), "%.*s", (int)strlen(line) - 1, line);
	assert_int_equal(take_text("", other, NOW), E_MALFORMED);
	char *why = strstr(line, "writes in"); /* the first is a reason's */
	memcpy(why, "a@b.examp", 9);
	assert_int_equal(take_text("", line, NOW), E_MALFORMED);
	assert_non_null(strstr(answer.why, "address"));
	free(line);
	mail_make(2);
	mail.start_ms = mail.end_ms = NOW - 32 * INCIDENT_DAY_MS;
	assert_int_equal(mail_take("", NOW), E_STATE);
	mail.start_ms = mail.end_ms = NOW + 2 * INCIDENT_DAY_MS;
	assert_int_equal(mail_take("", NOW), E_STATE);
	mail.start_ms = mail.end_ms = 0;
	assert_int_equal(mail_take("", NOW), OK); /* not known: as of now */
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(1), 1);
	assert_int_equal(incident_list(INCIDENT_OPEN), 1);
	assert_int_equal(incidents[0].opened_ms, NOW);
	store_count(writer, &counters);
	assert_true(counters.refused_malformed == 3 && counters.refused_late == 2 && counters.refused_foreign == 1);
}

static void the_fullest_mail_is_kept(void **state)
{
	(void)state;
	mail_make(1);
	mail.host_count = MAIL_FINDING_HOSTS_MAX;
	mail.payload_count = MAIL_FINDING_PAYLOADS_MAX;
	mail.reason_count = MAIL_FINDING_REASONS_MAX;
	for (size_t i = 0; i < mail.host_count; i++) {
		memset(mail.hosts[i].name, 'a' + (int)(i % 26), MAIL_FINDING_HOST_BYTES - 1);
		mail.hosts[i].links = (1 << MAIL_FINDING_LINK_TRAITS) - 1;
		mail.hosts[i].traits = 1 << 15;
	}
	for (size_t i = 0; i < mail.payload_count; i++)
		memset(mail.payloads[i], 'z', MAIL_FINDING_PAYLOAD_BYTES - 1);
	for (size_t i = 0; i < mail.reason_count; i++) {
		memset(mail.reasons[i].rule, 'r', MAIL_FINDING_RULE_BYTES - 1);
		memset(mail.reasons[i].why, 'w', MAIL_FINDING_WHY_BYTES - 1);
	}
	memset(mail.why, 'w', MAIL_FINDING_WHY_BYTES - 1);
	memset(mail.sensor, 's', MAIL_FINDING_SENSOR_BYTES - 1);
	memset(mail.target, 't', MAIL_FINDING_HOST_BYTES - 1);
	memset(mail.sender_domain, 'd', MAIL_FINDING_HOST_BYTES - 1);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(1), 1);
	assert_memory_equal(&mails[0].finding, &mail, sizeof(mail));
}

static void old_mails_are_deleted_and_proven(void **state)
{
	(void)state;
	const struct store_retention retention = {.days = {[STORE_CLASS_MAILS] = 5}};
	struct store_proof proofs[4];
	int64_t later_ms = NOW + 6 * INCIDENT_DAY_MS;
	bool is_done = false;
	mail_make(1);
	assert_int_equal(mail_take("", NOW), OK);
	assert_int_equal(commit(), OK);
	mail_make(2);
	mail.start_ms = mail.end_ms = NOW + 3 * INCIDENT_DAY_MS;
	assert_int_equal(mail_take("", NOW + 3 * INCIDENT_DAY_MS), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_retain(writer, &retention, later_ms, &is_done), OK);
	assert_true(is_done);
	assert_int_equal(mails_of(1), 0);
	assert_int_equal(mails_of(2), 1);
	assert_int_equal(store_proofs(reader, &begin, proofs, ARRAY_LEN(proofs), &page), OK);
	assert_true(page.count == 1 && proofs[0].class == STORE_CLASS_MAILS && proofs[0].count == 1 && proofs[0].to_ms == NOW);
	mail_make(1);
	assert_int_equal(mail_take("", later_ms), E_STATE); /* nobody can tell any more whether it was there */
	mail_make(3);
	mail.start_ms = mail.end_ms = NOW + 1;
	assert_int_equal(mail_take("", later_ms), OK);
	assert_int_equal(commit(), OK);
}

static void what_was_not_committed_is_not_there(void **state)
{
	(void)state;
	mail_make(1);
	assert_int_equal(mail_take("", NOW), OK);
	close_both();
	open_both();
	assert_int_equal(mails_of(1), 0);
	assert_int_equal(mail_take("", NOW), OK);
	assert_true(!answer.is_repeat && answer.incident == 1);
	assert_int_equal(commit(), OK);
	assert_int_equal(mails_of(1), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_mail_becomes_an_incident),
		STORE_TEST(what_is_told_again_is_kept_once),
		STORE_TEST(mails_join_by_sender_domain_and_host),
		STORE_TEST(mails_join_by_whom_they_pose_as),
		STORE_TEST(a_domain_that_is_forged_itself_joins_nobody),
		STORE_TEST(an_identity_joins_for_three_weeks_and_no_longer),
		STORE_TEST(its_history_can_be_read),
		STORE_TEST(an_incident_is_over_when_no_mail_has_joined),
		STORE_TEST(what_is_no_mail_finding_is_refused),
		STORE_TEST(the_fullest_mail_is_kept),
		STORE_TEST(old_mails_are_deleted_and_proven),
		STORE_TEST(what_was_not_committed_is_not_there),
	};
	int begun = place_begin(argc, argv);
	if (begun != 0)
		return begun;
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	store_example_end(&example);
	return failures;
}
