/* Proves the store, the same on both backends: findings and incidents, orders, health, members, accounts, retention. */
#include "tower/store_test.h"

static struct incident_line lines[STORE_PAGE_MAX];

static void a_finding_becomes_an_incident_that_grows_and_ends(void **state)
{
	(void)state;
	uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	struct store_page page;
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW + 2000), OK);
	assert_true(answer.is_new_incident && !answer.is_repeat && answer.incident == 1 && answer.kind == STORE_FINDING);
	assert_int_equal(incident_list(INCIDENT_NO_STATE), 0); /* not before it is committed */
	assert_int_equal(commit(), OK);
	assert_int_equal(incident_list(INCIDENT_OPEN), 1);
	assert_int_equal(incidents[0].packets, 100000);
	assert_string_equal(incidents[0].member, "member-0");
	assert_int_equal(incidents[0].sector, 1);
	make(1, 1);
	assert_int_equal(take("member-0", &finding, NOW + 12000), OK);
	assert_false(answer.is_new_incident);
	make(2, 1);
	assert_int_equal(take("member-0", &finding, NOW + 22000), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_incident(reader, 1, &incidents[0]), OK);
	assert_int_equal(incidents[0].packets, 1000000); /* sums of the last document, not of all three */
	assert_int_equal(incidents[0].document_count, 3);
	assert_int_equal(incidents[0].finding_count, 1);
	assert_int_equal(incidents[0].open_count, 0);
	assert_int_equal(incidents[0].vector_count, 2);
	assert_string_equal(incidents[0].vectors[0].name, "ntp_reflection");
	assert_int_equal(incidents[0].vectors[0].packets_permille, 700);
	assert_int_equal(store_tick(writer, NOW + 22000 + INCIDENT_GAP_MS - 1, ended, &count), OK);
	assert_int_equal(count, 0); /* the gap has not passed */
	assert_int_equal(store_tick(writer, NOW + 22000 + INCIDENT_GAP_MS, ended, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(ended[0], 1);
	assert_int_equal(commit(), OK);
	assert_int_equal(incident_list(INCIDENT_OPEN), 0);
	assert_int_equal(incident_list(INCIDENT_ENDED), 1);
	assert_int_equal(store_history(reader, 1, &begin, lines, ARRAY_LEN(lines), &page), OK);
	assert_true(page.count >= 5);
	assert_int_equal(lines[0].event, INCIDENT_OPENED);
	assert_int_equal(lines[page.count - 1].event, INCIDENT_OVER);
	assert_int_equal(store_incident(reader, 2, &incidents[0]), E_END);
}

static void what_comes_again_is_kept_once(void **state)
{
	(void)state;
	struct store_finding rows[8];
	struct store_page page;
	struct store_counters counters;
	make(0, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(take("member-0", &finding, NOW + 2000), OK);
		assert_int_equal(answer.is_repeat, i > 0);
		if (i == 1)
			assert_int_equal(commit(), OK);
	}
	assert_int_equal(commit(), OK);
	close_both(); /* memory is gone: the store itself knows */
	open_both();
	assert_int_equal(take("member-0", &finding, NOW + 3000), OK);
	assert_true(answer.is_repeat);
	make(1, 1);
	assert_int_equal(take("member-0", &finding, NOW + 3000), OK); /* goes on where it was */
	assert_false(answer.is_repeat || answer.is_new_incident);
	assert_int_equal(answer.incident, 1);
	assert_int_equal(commit(), OK);
	store_count(writer, &counters);
	assert_int_equal(counters.taken, 2);
	assert_int_equal(counters.repeated, 1);
	assert_int_equal(counters.kept[STORE_FINDING], 1);
	assert_int_equal(counters.asked_store, 1);
	assert_int_equal(store_findings(reader, 1, &begin, rows, ARRAY_LEN(rows), &page), OK);
	assert_int_equal(page.count, 2);
	assert_int_equal(store_incident(reader, 1, &incidents[0]), OK);
	assert_int_equal(incidents[0].packets, 550000); /* the difference to what was known before the restart, once */
}

static void documents_may_come_out_of_order_and_late(void **state)
{
	(void)state;
	make(2, 1);
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	assert_false(answer.is_repeat);
	make(1, 1);
	finding.sequence = 400; /* far ahead; then 1 and 0 are out of what is remembered one by one */
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	assert_int_equal(commit(), OK);
	make(1, 1);
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	assert_false(answer.is_repeat);
	assert_int_equal(commit(), OK);
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	assert_true(answer.is_repeat);
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW + 30000), OK);
	assert_true(answer.is_repeat);
	assert_int_equal(take("member-0", &finding, NOW + 40 * INCIDENT_DAY_MS), E_STATE); /* told more than 31 days ago */
	assert_int_equal(commit(), OK);
}

static void a_member_speaks_of_its_own_alone(void **state)
{
	(void)state;
	struct store_counters counters;
	static struct member member;
	make(0, 1);
	assert_int_equal(take("member-1", &finding, NOW), E_DENIED);
	assert_int_equal(take("nobody", &finding, NOW), E_DENIED);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	make(0, 2);
	finding.kind = FINDING_CARPET_BOMBING;
	finding.prefix_count = 1;
	finding.prefixes[0] = (struct ip_prefix){ip_from_v4(0x0a010000), 112}; /* of member-1 */
	finding_identify(&finding);
	assert_int_equal(take("member-0", &finding, NOW), E_DENIED);
	finding.prefixes[0] = (struct ip_prefix){ip_from_v4(0x0a000000), 120};
	assert_int_equal(take("member-0", &finding, NOW), OK);
	make(0, 3);
	finding.kind = FINDING_SCAN; /* its target is who scans: anybody */
	finding.target = (struct ip_prefix){ip_from_v4(0xc6336407), 128};
	finding_identify(&finding);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	make(0, 4);
	assert_int_equal(take("", &finding, NOW), OK); /* the tower's own site may speak for any */
	assert_int_equal(store_member(writer, "member-0", &member), OK);
	member.is_active = false;
	assert_int_equal(store_member_put(writer, &member), OK);
	make(0, 5);
	assert_int_equal(take("member-0", &finding, NOW), E_DENIED);
	assert_int_equal(commit(), OK);
	store_count(writer, &counters);
	assert_int_equal(counters.refused_foreign, 4);
	assert_int_equal(counters.kept[STORE_FINDING], 4);
	assert_int_equal(counters.taken, 8);
}

static void what_is_no_document_is_refused_and_counted(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "{", "[]", "{\"document\":\"finding\"}", "{\"document\":\"unheard_of\"}",
		"{\"document\":\"order\"}", "{\"document\":\"health\",\"document\":\"health\"}", "{\"document\":\"receipt\"", "\xff\xfe",
		"{\"document\":\"withdrawal\",\"statement\":\"\",\"version\":1}"};
	struct store_counters counters;
	char *large = malloc(STORE_LINE_BYTES_MAX + 2);
	assert_non_null(large);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(take_text("", bad[i], NOW), E_MALFORMED);
	memset(large, 'a', STORE_LINE_BYTES_MAX + 1);
	large[STORE_LINE_BYTES_MAX + 1] = '\0';
	assert_int_equal(take_text("", large, NOW), E_LIMIT);
	free(large);
	make(0, 1);
	finding.window_end_ms = NOW + 3 * INCIDENT_DAY_MS;
	assert_int_equal(take("member-0", &finding, NOW), E_STATE); /* to come */
	assert_int_equal(commit(), OK);
	store_count(writer, &counters);
	assert_int_equal(counters.refused_malformed, ARRAY_LEN(bad));
	assert_int_equal(counters.refused_large, 1);
	assert_int_equal(counters.refused_late, 1);
	assert_int_equal(counters.taken, ARRAY_LEN(bad) + 2);
	assert_int_equal(store_take(reader, "", "{}", 2, NOW, &answer), E_STATE); /* it cannot write */
}

struct heard {
	size_t count, most; /* most: 0 all */
	uint64_t last;
};

/** The last come first, each with its document. */
static int finding_hear(void *to, const struct store_finding *row, const struct finding *document)
{
	struct heard *heard = to;
	assert_true(row->arrival < heard->last);
	assert_string_equal(row->id, document->id);
	assert_int_equal(row->sequence, document->sequence);
	assert_true(document->vector_count > 0 && document->listed_count == 0);
	heard->last = row->arrival;
	heard->count++;
	return heard->count == heard->most ? E_LIMIT : OK;
}

static void findings_are_paged_by_cursors_that_bear_inserts(void **state)
{
	(void)state;
	static struct store_finding rows[STORE_PAGE_MAX];
	struct store_cursor cursor = begin;
	struct store_page page;
	uint64_t last = UINT64_MAX;
	size_t seen = 0;
	for (unsigned i = 0; i < 150; i++) { /* three batches, each more than a chunk of one incident */
		make(0, 1);
		finding.sequence = i;
		assert_int_equal(take("member-0", &finding, NOW + i * 10), OK);
		if (i % 50 == 49)
			assert_int_equal(commit(), OK);
	}
	do {
		assert_int_equal(store_findings(reader, 1, &cursor, rows, 7, &page), OK);
		for (size_t i = 0; i < page.count; i++, seen++) {
			assert_true(rows[i].arrival < last);
			last = rows[i].arrival;
			assert_int_equal(rows[i].sequence, 149 - seen);
		}
		cursor = page.next;
		make(0, 1);
		finding.sequence = 1000 + (unsigned)seen; /* comes in front of what is being read */
		assert_int_equal(take("member-0", &finding, NOW + 5000), OK);
		assert_int_equal(commit(), OK);
	} while (page.has_more);
	assert_int_equal(seen, 150);
	assert_int_equal(store_finding(reader, 1, last, &finding), OK);
	assert_int_equal(finding.sequence, 0);
	assert_int_equal(finding.listed_count, 0); /* sources need a look-up */
	assert_int_equal(store_finding(reader, 1, 100000, &finding), E_END);
	struct heard heard = {.last = UINT64_MAX};
	assert_int_equal(store_findings_tell(reader, 1, 9, finding_hear, &heard), OK);
	assert_int_equal(heard.count, 9);
	heard = (struct heard){.last = UINT64_MAX, .most = 4};
	assert_int_equal(store_findings_tell(reader, 1, 9, finding_hear, &heard), E_LIMIT); /* as who hears it says */
	assert_int_equal(store_findings_tell(reader, 1000, 9, finding_hear, &heard), OK);
	assert_int_equal(heard.count, 4);
	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = {"n", "nxyz", "t6162", "n11111111111111111"};
		snprintf(cursor.text, sizeof(cursor.text), "%s", bad[i]);
		assert_int_equal(store_findings(reader, 1, &cursor, rows, 7, &page), E_MALFORMED);
	}
	const struct store_incident_filter filters[] = {{.member = "member-0"}, {.sector = 1},
		{.member = "member-0", .state = INCIDENT_OPEN}, {.sector = 1, .state = INCIDENT_OPEN},
		{.member = "member-0", .sector = 1}, {.member = "member-0", .sector = 1, .state = INCIDENT_OPEN}};
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		assert_int_equal(store_incidents(reader, &filters[i], &begin, incidents, 4, &page), OK);
		assert_int_equal(page.count, 1);
	}
	const struct store_incident_filter none = {.member = "member-1"};
	assert_int_equal(store_incidents(reader, &none, &begin, incidents, 4, &page), OK);
	assert_int_equal(page.count, 0);
}

static void addresses_need_a_look_up_with_a_purpose(void **state)
{
	(void)state;
	static struct finding_source sources[STORE_ADDRESSES_MAX];
	static struct finding_origin origins[STORE_ORIGINS_MAX];
	struct store_lookup lookup = {.incident = 1, .who = "akira", .purpose = "find the operators of the amplifiers", .at_ms = NOW};
	struct store_lookup rows[4];
	struct store_page page;
	size_t count = 0;
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	make(0, 2);
	finding.kind = FINDING_SCAN;
	finding.target = (struct ip_prefix){ip_from_v4(0xc6336407), 128};
	finding_identify(&finding);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_origins(reader, 1, origins, &count), OK); /* networks and countries are free */
	assert_int_equal(count, 2);
	assert_int_equal(store_addresses(reader, 1, NOW, sources, &count), E_DENIED);
	lookup.purpose[3] = '\0';
	assert_int_equal(store_lookup(writer, &lookup), E_MALFORMED);
	lookup = (struct store_lookup){.incident = 9, .who = "akira", .purpose = "there is no such incident", .at_ms = NOW};
	assert_int_equal(store_lookup(writer, &lookup), E_END);
	lookup.incident = 1;
	assert_int_equal(store_lookup(writer, &lookup), OK);
	assert_int_equal(store_addresses(reader, lookup.number, NOW, sources, &count), E_DENIED); /* not committed */
	assert_int_equal(commit(), OK);
	assert_int_equal(store_addresses(reader, lookup.number, NOW + 1000, sources, &count), OK);
	assert_int_equal(count, 3);
	assert_int_equal(sources[0].packets, 9120);
	assert_int_equal(store_addresses(reader, lookup.number, NOW + STORE_LOOKUP_MS + 1, sources, &count), E_DENIED);
	assert_int_equal(store_lookups(reader, &begin, rows, ARRAY_LEN(rows), &page), OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(rows[0].who, "akira");
	/* The target of a scan is somebody's address too. */
	assert_int_equal(store_incident(reader, 2, &incidents[0]), OK);
	assert_int_equal(incidents[0].target.bits, 0);
	assert_string_equal(incidents[0].why, "");
	lookup = (struct store_lookup){.incident = 2, .who = "akira", .purpose = "ask its operator to stop it", .at_ms = NOW};
	assert_int_equal(store_lookup(writer, &lookup), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_addresses(reader, lookup.number, NOW, sources, &count), OK);
	assert_true(count >= 1);
	bool is_there = false;
	for (size_t i = 0; i < count; i++)
		is_there |= ip_to_v4(&sources[i].addr) == 0xc6336407;
	assert_true(is_there);
}

/** The first example of a kind. */
static void say_of_order(const struct document_digest *order, enum approval_act act, int64_t at_ms)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	const struct approval approval = {
		.act = act, .subject = *order, .by = "taro", .role = "commission", .reason = "seen", .at_ms = at_ms};
	assert_int_equal(approval_write(&approval, &text, complaint), OK);
	assert_int_equal(take_text("", text, at_ms), OK);
	free(text);
}

/** It is about a finding of mails, names no networks, and is nobody's to read of who reads of incidents. */
static void a_re_identification_stands_in_no_incident(void **state)
{
	(void)state;
	struct order asked;
	struct store_order order;
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	port_register();
	make(0, 1);
	finding.target = (struct ip_prefix){ip_from_v4(0xc000020a), 128};
	snprintf(finding.id, sizeof(finding.id), "a1b2c3d4e5f60718293a4b5c6d7e8f90"); /* the one that it names */
	assert_int_equal(take("port", &finding, NOW), OK);
	reveal_example(&asked);
	assert_int_equal(order_write(&asked, &text, complaint), OK);
	struct document_digest digest = document_digest_of(text, strlen(text));
	assert_int_equal(take_text("member-0", text, NOW), E_DENIED); /* another's */
	assert_int_equal(take_text("port", text, NOW), OK);
	assert_int_equal(answer.incident, 0);
	free(text);
	say_of_order(&digest, APPROVAL_APPROVAL, NOW + 1);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_order(reader, &digest, NOW + 1, &order), OK);
	assert_int_equal(order.class, ORDER_REIDENTIFY);
	assert_int_equal(order.approvals, 1);
	assert_int_equal(order.incident, 0);
}

/* Long because it is one order's life. */
static void an_order_is_followed_from_proposal_to_end(void **state)
{
	(void)state;
	static struct store_order orders[8];
	struct store_document documents[16];
	struct store_document_filter filter = {.incident = 1};
	struct store_page page;
	struct store_order order;
	struct document_digest digest;
	port_register();
	make(0, 1);
	finding.target = (struct ip_prefix){ip_from_v4(0xc000020a), 128};
	snprintf(finding.id, sizeof(finding.id), "00112233445566778899aabbccddeeff"); /* the one that the examples name */
	assert_int_equal(take("port", &finding, NOW), OK);
	char *text = document_text("countermeasure");
	assert_int_equal(take_text("port", text, NOW), OK);
	assert_int_equal(answer.incident, 1);
	assert_int_equal(take_text("member-0", text, NOW), OK); /* known already, whoever says it again */
	assert_true(answer.is_repeat);
	free(text);
	text = document_text("order");
	digest = document_digest_of(text, strlen(text));
	say_of_order(&digest, APPROVAL_APPROVAL, NOW + 1); /* it may come before its order */
	assert_int_equal(take_text("member-0", text, NOW), E_DENIED); /* another's order */
	assert_int_equal(take_text("port", text, NOW + 10), OK);
	assert_int_equal(answer.incident, 1);
	free(text);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_order(reader, &digest, NOW + 10, &order), OK);
	assert_int_equal(order.state, STORE_ORDER_WAITING);
	assert_int_equal(order.approvals, 1);
	assert_int_equal(store_order(reader, &digest, NOW + 700000, &order), OK);
	assert_int_equal(order.state, STORE_ORDER_EXPIRED);
	receipt_take(&digest, RECEIPT_APPLIED, NOW + 20, 0);
	receipt_take(&digest, RECEIPT_PROGRESS, NOW + 40, 2000);
	receipt_take(&digest, RECEIPT_PROGRESS, NOW + 30, 1000); /* late: does not take back what is known */
	say_of_order(&digest, APPROVAL_RATIFICATION, NOW + 50);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_orders(reader, NOW + 60, STORE_ORDER_ACTIVE, &begin, orders, ARRAY_LEN(orders), &page), OK);
	assert_int_equal(page.count, 1);
	assert_int_equal(orders[0].stopped.packets, 2000);
	assert_int_equal(orders[0].ratifications, 1);
	assert_true(orders[0].line != NULL && orders[0].length_bytes == strlen(orders[0].line));
	struct document_digest said = document_digest_of(orders[0].line, orders[0].length_bytes);
	assert_true(document_digest_equal(&said, &digest)); /* byte for byte */
	store_orders_done(orders, page.count);
	assert_int_equal(store_orders(reader, NOW + 60, STORE_ORDER_WAITING, &begin, orders, ARRAY_LEN(orders), &page), OK);
	assert_int_equal(page.count, 0);
	assert_int_equal(store_orders(reader, NOW + 700000, STORE_ORDER_EXPIRED, &begin, orders, ARRAY_LEN(orders), &page), OK);
	assert_int_equal(page.count, 1);
	store_orders_done(orders, page.count);
	receipt_take(&digest, RECEIPT_ENDED, NOW + 70, 5000);
	say_of_order(&digest, APPROVAL_WITHDRAWAL, NOW + 80); /* too late to change what it came to */
	assert_int_equal(commit(), OK);
	assert_int_equal(store_order(reader, &digest, NOW + 90, &order), OK);
	assert_int_equal(order.state, STORE_ORDER_ENDED);
	assert_int_equal(store_documents(reader, &filter, &begin, documents, ARRAY_LEN(documents), &page), OK);
	assert_int_equal(page.count, 8); /* all but the approval that came before its order was known */
	assert_int_equal(documents[0].kind, STORE_COUNTERMEASURE);
	store_documents_done(documents, page.count);
	filter = (struct store_document_filter){.order = &digest};
	assert_int_equal(store_documents(reader, &filter, &begin, documents, ARRAY_LEN(documents), &page), OK);
	assert_int_equal(page.count, 8);
	assert_int_equal(documents[0].kind, STORE_APPROVAL);
	store_documents_done(documents, page.count);
	assert_int_equal(store_history(reader, 1, &begin, lines, ARRAY_LEN(lines), &page), OK);
	assert_int_equal(lines[page.count - 1].event, INCIDENT_WITHDRAWN);
	digest.bytes[0] ^= 1;
	assert_int_equal(store_order(reader, &digest, NOW, &order), E_END);
}

static void health_is_of_the_present_and_sums_up(void **state)
{
	(void)state;
	struct health health = {.member = "member-0",
		.process = "edge1",
		.program = "hinomi-sensor 0.1.0",
		.started_ms = NOW - 1000,
		.at_ms = NOW,
		.rates = {.in_pps = 1000, .in_bps = 8000, .attack_pps = 600, .attack_bps = 5000, .dropped_pps = 500},
		.rules = 2};
	static struct store_now now;
	struct store_health rows[4];
	struct store_second seconds[4];
	struct store_page page;
	size_t count = 0;
	for (unsigned i = 0; i < 4; i++) {
		char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
		static const char *const members[] = {"member-0", "member-0", "member-1", "member-0"};
		snprintf(health.member, sizeof(health.member), "%s", i == 3 ? "member-1" : members[i]);
		snprintf(health.process, sizeof(health.process), "edge%u", i == 3 ? 1 : i);
		health.at_ms = i == 3 ? NOW + 600000 : NOW;
		assert_int_equal(health_write(&health, &text, complaint), OK);
		assert_int_equal(take_text(members[i], text, NOW), i == 3 ? E_DENIED : OK); /* of another member */
		if (i == 3)
			assert_int_equal(take_text("member-1", text, NOW), E_STATE); /* not of the present */
		else
			assert_int_equal(take_text(members[i], text, NOW), OK);
		assert_int_equal(answer.is_repeat, i != 3);
		free(text);
	}
	/* One that sees no traffic is kept, and its zeros are no word about it. */
	char complaint[DOCUMENT_COMPLAINT_BYTES], *blind = NULL;
	health = (struct health){
		.member = "member-0", .process = "authority", .program = "hinomi-authority 0.1.0", .at_ms = NOW, .rules = 1};
	assert_int_equal(health_write(&health, &blind, complaint), OK);
	assert_int_equal(take_text("member-0", blind, NOW), OK);
	free(blind);
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_healths(reader, NULL, &begin, rows, ARRAY_LEN(rows), &page), OK);
	assert_int_equal(page.count, 4);
	assert_int_equal(store_healths(reader, "member-0", &begin, rows, 1, &page), OK);
	assert_int_equal(page.count, 1);
	assert_true(page.has_more);
	assert_int_equal(rows[0].health.rules, 2);
	assert_int_equal(store_traffic(reader, NULL, NOW / 1000 - 5, seconds, ARRAY_LEN(seconds), &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(seconds[0].told, 3);
	assert_int_equal(seconds[0].rates.attack_pps, 1800);
	assert_int_equal(store_traffic(reader, "member-1", NOW / 1000 - 5, seconds, ARRAY_LEN(seconds), &count), OK);
	assert_int_equal(seconds[0].rates.attack_pps, 600);
	assert_int_equal(store_now(reader, NOW + 1000, &now), OK);
	assert_int_equal(now.open_incidents, 1);
	assert_int_equal(now.incident_count, 1);
	assert_int_equal(now.sectors[1].members, 1);
	assert_int_equal(now.sectors[1].open_incidents, 1);
	assert_int_equal(now.sectors[1].attack_pps, 1200);
	assert_int_equal(now.sectors[1].legitimate_pps, 800);
	assert_int_equal(now.sectors[2].attack_pps, 600);
	assert_int_equal(store_now(reader, NOW + 60000, &now), OK);
	assert_int_equal(now.sectors[1].attack_pps, 0); /* nobody has told of it for long */
}

static void members_keep_their_form_and_what_they_were(void **state)
{
	(void)state;
	static struct member member, rows[4];
	static struct member_asset assets[4];
	struct member_contact contacts[MEMBER_CONTACTS_MAX] = {{.role = "duty", .name = "花子", .reach = "+81 3 0000 0000"}};
	struct member_key keys[MEMBER_KEYS_MAX] = {{.name = "edge-1", .use = "effector", .vkey = "edge-1+0+A"}};
	struct member_asset asset = {.id = "vpn-1", .product = "Gate", .version = "7.2", .place = "Tokyo", .changed_ms = NOW};
	struct store_page page;
	size_t count = 0;
	assert_int_equal(store_members(reader, &begin, rows, 2, &page), OK);
	assert_int_equal(page.count, 2);
	assert_true(page.has_more);
	assert_int_equal(store_members(reader, &page.next, rows, 2, &page), OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(rows[0].name, "member-2");
	member = rows[0];
	snprintf(member.name, sizeof(member.name), "New Member");
	assert_int_equal(store_member_put(writer, &member), E_MALFORMED);
	snprintf(member.name, sizeof(member.name), "new-member");
	assert_int_equal(store_member_put(writer, &member), E_DENIED); /* the networks are member-2's */
	member.networks[0] = (struct ip_prefix){ip_from_v4(0x0a000000), 104}; /* 10/8 has them all */
	assert_int_equal(store_member_put(writer, &member), E_DENIED);
	member.networks[0].bits = 0;
	assert_int_equal(store_member_put(writer, &member), E_MALFORMED);
	member.networks[0] = (struct ip_prefix){ip_from_v4(0x0b000000), 104};
	assert_int_equal(store_member_put(writer, &member), OK);
	assert_int_equal(store_contacts_put(writer, "new-member", contacts, 1), OK);
	assert_int_equal(store_contacts_put(writer, "nobody", contacts, 1), E_END);
	assert_int_equal(store_contacts_put(writer, "new-member", contacts, 2), E_MALFORMED); /* the second is empty */
	assert_int_equal(store_contacts_put(writer, "new-member", contacts, MEMBER_CONTACTS_MAX + 1), E_LIMIT);
	assert_int_equal(store_keys_put(writer, "new-member", keys, 1), OK);
	assert_int_equal(store_asset_put(writer, "new-member", &asset), OK);
	snprintf(asset.version, sizeof(asset.version), "7.4");
	asset.changed_ms++;
	assert_int_equal(store_asset_put(writer, "new-member", &asset), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_contacts(reader, "new-member", contacts, &count), OK);
	assert_int_equal(count, 1);
	assert_string_equal(contacts[0].name, "花子");
	assert_int_equal(store_keys(reader, "new-member", keys, &count), OK);
	assert_int_equal(count, 1);
	assert_int_equal(store_assets(reader, "new-member", &begin, assets, ARRAY_LEN(assets), &page), OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(assets[0].version, "7.4");
	assert_int_equal(store_asset_history(reader, "new-member", "vpn-1", &begin, assets, ARRAY_LEN(assets), &page), OK);
	assert_int_equal(page.count, 2);
	assert_string_equal(assets[1].version, "7.2");
	assert_int_equal(store_member(reader, "nobody", &member), E_END);
	assert_string_equal(sector_find("finance")->japanese, "金融");
	assert_null(sector_find("medical"));
}

static void accounts_are_found_by_name_and_by_token(void **state)
{
	(void)state;
	struct store_account account = {.name = "akira",
							 .role = "analyst",
							 .has_token = true,
							 .token_digest = {1, 2, 3},
							 .is_active = true,
							 .changed_ms = NOW},
						 found;
	struct store_audit audit = {.at_ms = NOW,
						   .who = "akira",
						   .act = "session.begin",
						   .subject = "a\x1b[31mb",
						   .is_allowed = true},
					   rows[2];
	struct store_page page;
	assert_int_equal(store_account_put(writer, &account), OK);
	account.role[0] = '\0';
	assert_int_equal(store_account_put(writer, &account), E_MALFORMED);
	assert_int_equal(store_audit(writer, &audit), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_account(reader, "akira", &found), OK);
	assert_int_equal(store_account_by_token(reader, account.token_digest, &found), OK);
	assert_string_equal(found.role, "analyst");
	account.token_digest[0]++;
	assert_int_equal(store_account_by_token(reader, account.token_digest, &found), E_END);
	assert_int_equal(store_accounts(reader, &begin, &found, 1, &page), OK);
	assert_int_equal(page.count, 1);
	assert_int_equal(store_audits(reader, &begin, rows, 2, &page), OK);
	assert_int_equal(page.count, 1);
	assert_string_equal(rows[0].subject, "a?[31mb");
}

static void what_is_too_old_is_deleted_and_proven(void **state)
{
	(void)state;
	static struct finding_source sources[STORE_ADDRESSES_MAX];
	struct store_finding rows[8];
	const struct store_retention by_sources = {.days = {[STORE_CLASS_SOURCES] = 2}}, all = {.days = {0, 5, 2, 5, 5, 5}};
	struct store_proof proofs[16];
	struct store_lookup lookup = {
		.incident = 1, .who = "akira", .purpose = "see what is left of it", .at_ms = NOW + 3 * INCIDENT_DAY_MS};
	struct store_figures figures;
	struct store_page page;
	size_t count = 0;
	bool is_done = false;
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	make(0, 2);
	finding.kind = FINDING_SCAN;
	finding.target = (struct ip_prefix){ip_from_v4(0xc6336407), 128};
	finding_identify(&finding);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	uint64_t ended[STORE_PAGE_MAX];
	assert_int_equal(store_tick(writer, NOW + 2 * INCIDENT_SILENT_MS, ended, &count), OK);
	assert_int_equal(count, 2);
	assert_int_equal(store_retain(writer, &all, NOW, &is_done), E_STATE); /* a batch is open */
	assert_int_equal(commit(), OK);
	assert_int_equal(store_retain(writer, &by_sources, NOW + INCIDENT_DAY_MS, &is_done), OK);
	assert_true(is_done); /* nothing is old enough */
	assert_int_equal(store_proofs(reader, &begin, proofs, ARRAY_LEN(proofs), &page), OK);
	assert_int_equal(page.count, 0);
	assert_int_equal(store_retain(writer, &by_sources, NOW + 4 * INCIDENT_DAY_MS, &is_done), OK);
	assert_int_equal(store_proofs(reader, &begin, proofs, ARRAY_LEN(proofs), &page), OK);
	assert_int_equal(page.count, 1);
	assert_int_equal(proofs[0].class, STORE_CLASS_SOURCES);
	assert_int_equal(proofs[0].count, 2);
	assert_int_equal(store_retain(writer, &by_sources, NOW + 4 * INCIDENT_DAY_MS, &is_done), OK);
	assert_true(is_done);
	assert_int_equal(store_lookup(writer, &lookup), OK);
	lookup.incident = 2;
	assert_int_equal(store_lookup(writer, &lookup), OK);
	assert_int_equal(commit(), OK);
	for (uint64_t number = 1; number <= 2; number++) {
		assert_int_equal(store_addresses(reader, number, lookup.at_ms, sources, &count), OK);
		assert_int_equal(count, 0); /* gone, the scan's target too */
	}
	assert_int_equal(store_findings(reader, 1, &begin, rows, ARRAY_LEN(rows), &page), OK);
	assert_int_equal(page.count, 1); /* the finding itself is still kept */
	for (unsigned i = 0; i < 8 && (i == 0 || !is_done); i++)
		assert_int_equal(store_retain(writer, &all, NOW + 9 * INCIDENT_DAY_MS, &is_done), OK);
	assert_true(is_done);
	assert_int_equal(store_findings(reader, 1, &begin, rows, ARRAY_LEN(rows), &page), OK);
	assert_int_equal(page.count, 0);
	assert_int_equal(store_incident(reader, 1, &incidents[0]), OK); /* incidents are counted by the year, and stay */
	assert_int_equal(store_proofs(reader, &begin, proofs, ARRAY_LEN(proofs), &page), OK);
	assert_int_equal(page.count, 3);
	assert_int_equal(proofs[1].class == STORE_CLASS_FINDINGS || proofs[0].class == STORE_CLASS_FINDINGS, true);
	assert_int_equal(store_figures(reader, 0, NOW + 100 * INCIDENT_DAY_MS, &figures), OK);
	assert_int_equal(figures.incidents[INCIDENT_ATTACK], 1);
	assert_int_equal(figures.incidents[INCIDENT_SCAN], 1);
	assert_int_equal(figures.incidents_by_sector[1], 2);
	assert_int_equal(figures.deleted[STORE_CLASS_FINDINGS], 2);
	assert_int_equal(figures.deleted[STORE_CLASS_LOOKUPS], 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_finding_becomes_an_incident_that_grows_and_ends),
		STORE_TEST(what_comes_again_is_kept_once),
		STORE_TEST(documents_may_come_out_of_order_and_late),
		STORE_TEST(a_member_speaks_of_its_own_alone),
		STORE_TEST(what_is_no_document_is_refused_and_counted),
		STORE_TEST(findings_are_paged_by_cursors_that_bear_inserts),
		STORE_TEST(addresses_need_a_look_up_with_a_purpose),
		STORE_TEST(a_re_identification_stands_in_no_incident),
		STORE_TEST(an_order_is_followed_from_proposal_to_end),
		STORE_TEST(health_is_of_the_present_and_sums_up),
		STORE_TEST(members_keep_their_form_and_what_they_were),
		STORE_TEST(accounts_are_found_by_name_and_by_token),
		STORE_TEST(what_is_too_old_is_deleted_and_proven),
	};
	int begun = place_begin(argc, argv);
	if (begun != 0)
		return begun;
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	store_example_end(&example);
	return failures;
}
