/* Documents for tests. */
#include "record/document_example.h"

#include <stdio.h>

static struct countermeasure countermeasure, countermeasure_room;
static struct order order, reveal, order_room;
static struct standing_order standing, standing_room;
static struct approval approval, approval_room;
static struct receipt receipt, receipt_room;
static struct health health, health_room;
static struct bundle bundle, bundle_room;
static struct withdrawal withdrawal, withdrawal_room;
static struct mail_finding mail, mail_room;

struct document_example document_examples[DOCUMENT_EXAMPLES_COUNT] = {
	{"countermeasure", &countermeasure_kind, &countermeasure, &countermeasure_room},
	{"order", &order_kind, &order, &order_room},
	{"order", &order_kind, &reveal, &order_room},
	{"standing_order", &standing_order_kind, &standing, &standing_room},
	{"approval", &approval_kind, &approval, &approval_room},
	{"receipt", &receipt_kind, &receipt, &receipt_room},
	{"health", &health_kind, &health, &health_room},
	{"bundle", &bundle_kind, &bundle, &bundle_room},
	{"withdrawal", &withdrawal_kind, &withdrawal, &withdrawal_room},
	{"mail_finding", &mail_finding_document, &mail, &mail_room},
};

void document_example_done(const struct document_example *example)
{
	if (example->kind == &bundle_kind)
		bundle_done(example->room);
	if (example->kind == &withdrawal_kind)
		withdrawal_done(example->room);
}

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix prefix = {0};
	int err = ip_prefix_parse(text, &prefix);
	ASSERT(err == OK);
	return prefix;
}

static void rules_example(struct rule_list *list)
{
	struct ip_prefix target = prefix_of("192.0.2.10");
	struct rule rule = rule_to(&target);
	rule.action = RULE_DROP;
	rule.protocol = 17;
	rule.source_ports = (struct rule_range){123, 123};
	rule.length_bytes = (struct rule_range){468, 468};
	rule.signature = RULE_SIGNATURE_NTP_PRIVATE;
	list->count = 1;
	list->rules[0] = rule;
}

void countermeasure_example(struct countermeasure *ret_countermeasure)
{
	*ret_countermeasure = (struct countermeasure){
		.finding = "00112233445566778899aabbccddeeff",
		.sensor = "sensor-1",
		.kind = FINDING_FLOOD,
		.vector_count = 1,
		.vectors = {{"ntp_reflection"}},
		.why = "400 kpps of NTP monlist answers, 40 times the threshold",
		.class = ORDER_OWN_EDGE,
		.target = prefix_of("192.0.2.10"),
		.predicted = {.stopped_permille = 990, .collateral_permille = 1},
		.asked = {.stopped_permille = 950, .collateral_permille = 5, .rules_most = 8},
		.at_ms = EXAMPLE_NOW_MS,
		.duration_s = 600,
		.is_urgent = true,
	};
	rules_example(&ret_countermeasure->rules);
}

void order_example(struct order *ret_order)
{
	*ret_order = (struct order){
		.id = "ffeeddccbbaa99887766554433221100",
		.class = ORDER_OWN_EDGE,
		.member = "port",
		.effector = "edge-1",
		.requester = "authority",
		.finding = "00112233445566778899aabbccddeeff",
		.kind = FINDING_FLOOD,
		.vector_count = 1,
		.vectors = {{"ntp_reflection"}},
		.why = "400 kpps of NTP monlist answers, 40 times the threshold",
		.basis = "agreement of the port with its operator, section 4",
		.scope_count = 1,
		.scope = {prefix_of("192.0.2.10")},
		.predicted = {.stopped_permille = 990, .collateral_permille = 1},
		.collateral_limit_permille = 5,
		.not_before_ms = EXAMPLE_NOW_MS,
		.expires_ms = EXAMPLE_NOW_MS + 600000,
		.counter = 7,
	};
	rules_example(&ret_order->rules);
}

void reveal_example(struct order *ret_order)
{
	*ret_order = (struct order){
		.id = "102132435465768798a9bacbdcedfe0f",
		.class = ORDER_REIDENTIFY,
		.member = "port",
		.effector = "mail-1",
		.requester = "hana",
		.finding = "a1b2c3d4e5f60718293a4b5c6d7e8f90",
		.why = "the person written to must be warned before the archive is opened",
		.basis = "agreement of the port on mail, section 7",
		.not_before_ms = EXAMPLE_NOW_MS,
		.expires_ms = EXAMPLE_NOW_MS + 600000,
		.counter = 7,
		.has_pseudonyms = true,
		.pseudonym_count = 2,
		.pseudonyms = {{{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}}, {{0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10}}},
	};
}

void standing_order_example(struct standing_order *ret_standing)
{
	*ret_standing = (struct standing_order){
		.id = "0123456789abcdef0123456789abcdef",
		.class = ORDER_OWN_EDGE,
		.member = "port",
		.effector_count = 1,
		.effectors = {{"edge-1"}},
		.requester = "hana",
		.why = "floods by reflection come at night",
		.basis = "agreement of the port with its operator, section 5",
		.scope_count = 1,
		.scope = {prefix_of("192.0.2.0/24")},
		.kinds = 1u << FINDING_FLOOD | 1u << FINDING_CARPET_BOMBING,
		.vector_count = 2,
		.vectors = {{"ntp_reflection"}, {"dns_reflection"}},
		.actions = STANDING_DROP | STANDING_LIMIT,
		.rules_most = 8,
		.longest_s = 900,
		.stopped_least_permille = 900,
		.collateral_most_permille = 5,
		.not_before_ms = EXAMPLE_NOW_MS - 86400000,
		.expires_ms = EXAMPLE_NOW_MS + 86400000,
	};
}

void mail_finding_example(struct mail_finding *ret_finding)
{
	*ret_finding = (struct mail_finding){
		.action = MAIL_FINDING_QUARANTINE,
		.confidence = 90,
		.id = "a1b2c3d4e5f60718293a4b5c6d7e8f90",
		.kind = MAIL_FINDING_IMPERSONATION,
		.level = 4,
		.unread = 1 << 7,
		.recipient = "0123456789abcdef",
		.sender = "fedcba9876543210",
		.sender_domain = "freemail.example",
		.sender_traits = MAIL_FINDING_FREEMAIL,
		.has_impersonated = true,
		.impersonated = {MAIL_FINDING_PERSON, "89abcdef01234567"},
		.sensor = "mail",
		.target = "ministry.example",
		.why = "writes in the name of a known person from freemail.example, and leads to an archive",
		.start_ms = EXAMPLE_NOW_MS,
		.end_ms = EXAMPLE_NOW_MS,
		.host_count = 2,
		.hosts = {{"files.evil.example", 1 << 1 | 1 << 7, 1 << 10}, {"drive.cloud.example", 1, MAIL_FINDING_CLOUD_STORAGE}},
		.payload_count = 1,
		.payloads = {"zip"},
		.reason_count = 2,
		.reasons = {{"known_name_freemail_carrier", 90, "writes in the name of a known person from freemail.example"},
			{"numbered_place", 70, "leads to files.evil.example"}},
	};
}

void document_examples_init(void)
{
	static char note[] = "{\"a line\":1}\n\n\xe2\x80\x94 name c2lnbmF0dXJl\n", proof[] = "c2sp.org/tlog-proof@v1\nindex 0\n";
	countermeasure_example(&countermeasure);
	order_example(&order);
	order.is_urgent = true;
	order.ratify_by_ms = EXAMPLE_NOW_MS + 300000;
	reveal_example(&reveal);
	standing_order_example(&standing);
	approval = (struct approval){
		.act = APPROVAL_RATIFICATION,
		.by = "taro",
		.role = "commission",
		.reason = "seen and agreed",
		.at_ms = EXAMPLE_NOW_MS + 1000,
		.has_webauthn = true,
		.webauthn = {"YXV0aGVudGljYXRvcg==", "Y2xpZW50", "c2lnbmF0dXJl"},
	};
	receipt = (struct receipt){
		.effector = "edge-1",
		.state = RECEIPT_ENDED,
		.why = "the attack is over",
		.at_ms = EXAMPLE_NOW_MS + 60000,
		.stopped = {24000000, 11232000000},
		.passed = {1000, 64000},
		.collateral_permille = 1,
	};
	health = (struct health){
		.member = "port",
		.process = "edge-1",
		.program = "hinomi-sensor 0.1.0",
		.started_ms = EXAMPLE_NOW_MS - 86400000,
		.at_ms = EXAMPLE_NOW_MS,
		.rates = {.in_pps = 450000, .in_bps = 1900000000, .attack_pps = 400000, .attack_bps = 1500000000, .dropped_pps = 396000},
		.rules = 1,
		.loss_count = 2,
		.losses = {{"ring_full", 12}, {"unknown_template", 3}},
	};
	bundle = (struct bundle){
		.order = note,
		.approval_count = 2,
		.approvals = {note, note},
		.ratification_count = 1,
		.ratifications = {note},
		.has_standing = true,
		.standing = {.order = note, .approval_count = 1, .approvals = {note}, .proof = proof},
		.proof = proof,
	};
	withdrawal.statement = note;
	mail_finding_example(&mail);
	snprintf((char *)approval.subject.bytes, sizeof(approval.subject.bytes), "subject");
	snprintf((char *)receipt.order.bytes, sizeof(receipt.order.bytes), "order");
}
