/*
 * Clauses from packets: of each header field the most frequent values among
 * the packets of the attack, and ranges that lie beside what came before it.
 * All of it is counting; nothing is known here of vectors by name.
 */
#include "rules/clause.h"

#include <stdlib.h>
#include <string.h>

#include "rules/evaluate.h"

#define TOP_MAX 4 /* most frequent values of one field that become clauses */
#define TOP_SHARE 0.02 /* below it a value is no pattern */
#define PORTS_SERVED_MAX 6 /* ports used before, between which ranges are tried */
#define EDGE_PACKETS_MIN 50 /* packets from before, of which the longest and the shortest say where others end */
#define FLAGS_ALL 0x3f /* without the two of ECN, which paths change (RFC 3168) */
#define FLAGS_STATE 0x17 /* FIN, SYN, RST, ACK: what a packet does to a connection */

struct value {
	uint32_t key; /* protocol in the upper half */
	double packets;
};

struct top {
	size_t count;
	struct value values[SAMPLE_VIEW_MAX];
};

static int key_compare(const void *a, const void *b)
{
	const struct value *left = a, *right = b;
	return left->key < right->key ? -1 : left->key > right->key;
}

static int packets_compare(const void *a, const void *b)
{
	const struct value *left = a, *right = b;
	return left->packets > right->packets ? -1 : left->packets < right->packets;
}

/** Adds equal values up; the most frequent come first, of which those with a share that counts are left. */
static void top_close(struct top *top, size_t most)
{
	size_t distinct = 0;
	double packets = 0;
	qsort(top->values, top->count, sizeof(*top->values), key_compare);
	for (size_t i = 0; i < top->count; i++) {
		packets += top->values[i].packets;
		if (distinct > 0 && top->values[distinct - 1].key == top->values[i].key)
			top->values[distinct - 1].packets += top->values[i].packets;
		else
			top->values[distinct++] = top->values[i];
	}
	qsort(top->values, distinct, sizeof(*top->values), packets_compare);
	top->count = 0;
	while (top->count < distinct && top->count < most && top->values[top->count].packets >= TOP_SHARE * packets)
		top->count++;
}

static void clause_add(struct clauses *clauses, struct clause clause)
{
	if (clauses->count < CLAUSES_MAX)
		clauses->items[clauses->count++] = clause;
}

/** The value of a field in a packet, with its protocol above it; false: the packet has none. */
typedef bool field_function(const struct packet_facts *facts, uint32_t *ret_key);

static uint32_t key_of(const struct packet_facts *facts, uint32_t value)
{
	return (uint32_t)facts->protocol << 16 | value;
}

static bool protocol_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = key_of(facts, 0);
	return facts->protocol != PACKET_PROTOCOL_UNKNOWN;
}

static bool source_port_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = key_of(facts, facts->src_port);
	return (facts->has & PACKET_HAS_PORTS) != 0;
}

static bool destination_port_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = key_of(facts, facts->dst_port);
	return (facts->has & PACKET_HAS_PORTS) != 0;
}

static bool flags_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = key_of(facts, facts->tcp_flags);
	return (facts->has & PACKET_HAS_FLAGS) != 0;
}

static bool icmp_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = key_of(facts, (uint32_t)facts->icmp_type << 8 | facts->icmp_code);
	return (facts->has & PACKET_HAS_ICMP) != 0;
}

static bool length_field(const struct packet_facts *facts, uint32_t *ret_key)
{
	*ret_key = facts->length_bytes;
	return true;
}

static void top_of(const struct part *part, field_function *field, size_t most, struct top *ret_top)
{
	ret_top->count = 0;
	for (size_t i = 0; i < part->count; i++) {
		struct value value = {.packets = part->packets[i]->packets};
		if (field(&part->packets[i]->facts, &value.key))
			ret_top->values[ret_top->count++] = value;
	}
	top_close(ret_top, most);
}

static void ports_collect(const struct part *attack, enum clause_kind kind, struct top *top, struct clauses *clauses)
{
	top_of(attack, kind == CLAUSE_SOURCE_PORTS ? source_port_field : destination_port_field, TOP_MAX, top);
	for (size_t i = 0; i < top->count; i++) {
		uint16_t port = (uint16_t)top->values[i].key;
		clause_add(clauses, (struct clause){kind, (uint16_t)(top->values[i].key >> 16), {port, port}, 0, 0, 0});
	}
}

static int range_compare(const void *a, const void *b)
{
	return key_compare(a, b);
}

/** Ranges of destination ports that were not used before, and source ports of services and of clients. */
static void gaps_collect(const struct part *before, uint16_t protocol, struct top *top, struct clauses *clauses)
{
	uint32_t next = 0;
	if (protocol != 6 && protocol != 17)
		return;
	top_of(before, destination_port_field, PORTS_SERVED_MAX, top);
	qsort(top->values, top->count, sizeof(*top->values), range_compare);
	for (size_t i = 0; i <= top->count; i++) {
		if (i < top->count && top->values[i].key >> 16 != protocol)
			continue;
		uint32_t port = i < top->count ? top->values[i].key & UINT16_MAX : UINT16_MAX + 1u;
		if (port > next && (next > 0 || port <= UINT16_MAX))
			clause_add(clauses, (struct clause){CLAUSE_DESTINATION_PORTS, protocol,
				{(uint16_t)next, (uint16_t)(port - 1)}, 0, 0, 0});
		next = port + 1;
	}
	clause_add(clauses, (struct clause){CLAUSE_SOURCE_PORTS, protocol, {0, 1023}, 0, 0, 0});
	clause_add(clauses, (struct clause){CLAUSE_SOURCE_PORTS, protocol, {1024, UINT16_MAX}, 0, 0, 0});
}

static void flags_collect(const struct part *attack, struct top *top, struct clauses *clauses)
{
	top_of(attack, flags_field, TOP_MAX, top);
	for (size_t i = 0; i < top->count; i++) {
		static const uint8_t masks[] = {FLAGS_STATE, FLAGS_ALL, 0xff};
		for (size_t j = 0; j < ARRAY_LEN(masks); j++)
			clause_add(clauses, (struct clause){CLAUSE_FLAGS, 6, {0, 0}, masks[j], (uint8_t)(top->values[i].key & masks[j]), 0});
	}
}

static void icmp_collect(const struct part *attack, struct top *top, struct clauses *clauses)
{
	top_of(attack, icmp_field, TOP_MAX, top);
	for (size_t i = 0; i < top->count; i++) {
		uint16_t type = (uint16_t)(top->values[i].key >> 8 & 0xff), code = (uint16_t)(top->values[i].key & 0xff);
		uint16_t protocol = (uint16_t)(top->values[i].key >> 16);
		clause_add(clauses, (struct clause){CLAUSE_ICMP, protocol, {type, RULE_ANY}, 0, 0, 0});
		clause_add(clauses, (struct clause){CLAUSE_ICMP, protocol, {type, code}, 0, 0, 0});
	}
}

static void lengths_range(const struct part *part, uint16_t *ret_min, uint16_t *ret_max)
{
	*ret_min = UINT16_MAX;
	*ret_max = 0;
	for (size_t i = 0; i < part->count; i++) {
		uint16_t length = part->packets[i]->facts.length_bytes;
		*ret_min = length < *ret_min ? length : *ret_min;
		*ret_max = length > *ret_max ? length : *ret_max;
	}
}

/** Frequent lengths, the range of the attack with some room, and what is shorter or longer than all that came before. */
static void lengths_collect(const struct part *attack, const struct part *before, bool is_v4, struct top *top,
	struct clauses *clauses)
{
	uint16_t min, max, before_min, before_max, header_bytes = is_v4 ? 20 : 40;
	top_of(attack, length_field, TOP_MAX, top);
	for (size_t i = 0; i < top->count; i++) {
		uint16_t length = (uint16_t)top->values[i].key;
		if (length >= header_bytes)
			clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {length, length}, 0, 0, 0});
	}
	lengths_range(attack, &min, &max);
	lengths_range(before, &before_min, &before_max);
	if (attack->count == 0 || min < header_bytes)
		return;
	uint16_t room = (uint16_t)((max - min) / 16);
	uint16_t low = (uint16_t)(min - header_bytes > room ? min - room : header_bytes);
	uint16_t high = (uint16_t)(UINT16_MAX - max > room ? max + room : UINT16_MAX);
	clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {low, high}, 0, 0, 0});
	clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {low, UINT16_MAX}, 0, 0, 0});
	clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {0, high}, 0, 0, 0});
	if (before->count >= EDGE_PACKETS_MIN && before_max < UINT16_MAX)
		clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {(uint16_t)(before_max + 1), UINT16_MAX}, 0, 0, 0});
	if (before->count >= EDGE_PACKETS_MIN && before_min > header_bytes)
		clause_add(clauses, (struct clause){CLAUSE_LENGTH, RULE_ANY, {0, (uint16_t)(before_min - 1)}, 0, 0, 0});
}

/** Ports of signatures that are too short to mean anything elsewhere; 0: it says enough by itself. */
static const uint16_t signature_ports[RULE_SIGNATURE_COUNT] = {
	[RULE_SIGNATURE_BACNET] = 47808,
	[RULE_SIGNATURE_CLDAP] = 389,
	[RULE_SIGNATURE_DNS_QUERY] = 53,
	[RULE_SIGNATURE_DNS_RESPONSE] = 53,
	[RULE_SIGNATURE_MEMCACHED] = 11211,
	[RULE_SIGNATURE_MSSQL] = 1434,
	[RULE_SIGNATURE_NTP_CONTROL] = 123,
	[RULE_SIGNATURE_NTP_PRIVATE] = 123,
	[RULE_SIGNATURE_SNMP] = 161,
	[RULE_SIGNATURE_WS_DISCOVERY] = 3702,
};

static void signature_collect(const struct part *attack, enum rule_signature signature, struct clauses *clauses)
{
	struct clause clause = {.kind = CLAUSE_SIGNATURE, .protocol = 17, .signature = signature};
	uint16_t port = signature_ports[signature];
	size_t count = 0;
	for (size_t i = 0; i < attack->count; i++) {
		const struct packet_facts *facts = &attack->packets[i]->facts;
		count += clause_matches(&clause, NULL, facts) && (port == 0 || facts->src_port == port || facts->dst_port == port);
	}
	if (count > 0 && (double)count >= TOP_SHARE * (double)attack->count)
		clause_add(clauses, clause);
}

/** The longest first: they say most. */
static void signatures_collect(const struct part *attack, struct clauses *clauses)
{
	for (unsigned length_bytes = RULE_LOOK_BYTES; length_bytes > 0; length_bytes--) {
		for (unsigned i = RULE_SIGNATURE_NONE + 1; i < RULE_SIGNATURE_COUNT; i++) {
			if (rule_signature_bytes((enum rule_signature)i) == length_bytes)
				signature_collect(attack, (enum rule_signature)i, clauses);
		}
	}
}

void clauses_collect(const struct part *attack, const struct part *before, bool is_v4, struct clauses *ret_clauses)
{
	static const uint8_t fragments[] = {RULE_FRAGMENT_LATER, RULE_FRAGMENT_FIRST | RULE_FRAGMENT_LATER, RULE_FRAGMENT_WHOLE};
	static const uint16_t extensions[] = {0, 43, 44, 51, 60};
	struct top top;
	ret_clauses->count = 0;
	top_of(attack, protocol_field, TOP_MAX, &top);
	uint16_t first = top.count > 0 ? (uint16_t)(top.values[0].key >> 16) : RULE_ANY;
	for (size_t i = 0; i < top.count; i++) {
		uint16_t protocol = (uint16_t)(top.values[i].key >> 16);
		clause_add(ret_clauses, (struct clause){CLAUSE_PROTOCOL, protocol, {0, 0}, 0, 0, 0});
	}
	for (size_t i = 0; !is_v4 && i < ARRAY_LEN(extensions); i++)
		clause_add(ret_clauses, (struct clause){CLAUSE_PROTOCOL, extensions[i], {0, 0}, 0, 0, 0});
	for (size_t i = 0; i < ARRAY_LEN(fragments); i++)
		clause_add(ret_clauses, (struct clause){CLAUSE_FRAGMENTS, RULE_ANY, {0, 0}, fragments[i], 0, 0});
	signatures_collect(attack, ret_clauses);
	flags_collect(attack, &top, ret_clauses);
	icmp_collect(attack, &top, ret_clauses);
	lengths_collect(attack, before, is_v4, &top, ret_clauses);
	ports_collect(attack, CLAUSE_SOURCE_PORTS, &top, ret_clauses);
	ports_collect(attack, CLAUSE_DESTINATION_PORTS, &top, ret_clauses);
	gaps_collect(before, first, &top, ret_clauses);
}

bool clause_matches(const struct clause *clause, const struct source_set *sources, const struct packet_facts *facts)
{
	uint8_t extension = facts->extensions != 0 ? packet_extension_bit(clause->protocol) : 0;
	struct ip_addr src;
	if (clause->protocol != RULE_ANY && clause->protocol != facts->protocol && (facts->extensions & extension) == 0)
		return false;
	switch (clause->kind) {
	case CLAUSE_SIGNATURE:
		return rule_signature_matches(clause->signature, facts);
	case CLAUSE_SOURCE_PORTS:
		return (facts->has & PACKET_HAS_PORTS) != 0 && rule_range_has(clause->range, facts->src_port);
	case CLAUSE_DESTINATION_PORTS:
		return (facts->has & PACKET_HAS_PORTS) != 0 && rule_range_has(clause->range, facts->dst_port);
	case CLAUSE_ICMP:
		return (facts->has & PACKET_HAS_ICMP) != 0 && clause->range.min == facts->icmp_type &&
			(clause->range.max == RULE_ANY || clause->range.max == facts->icmp_code);
	case CLAUSE_FLAGS:
		return (facts->has & PACKET_HAS_FLAGS) != 0 && (facts->tcp_flags & clause->mask) == clause->flags;
	case CLAUSE_FRAGMENTS:
		return (facts->fragment & clause->mask) != 0;
	case CLAUSE_LENGTH:
		return rule_range_has(clause->range, facts->length_bytes);
	case CLAUSE_SOURCES:
		memcpy(&src, facts->src_be, sizeof(src));
		return sources != NULL && source_set_has(sources, &src);
	case CLAUSE_NONE:
	case CLAUSE_PROTOCOL:
	case CLAUSE_KIND_COUNT:
		break;
	}
	return true;
}

/** Narrows a range that asks for nothing yet, or is wider. */
static bool range_apply(struct rule_range range, struct rule_range *at)
{
	bool is_narrower = range.min >= at->min && range.max <= at->max && (range.min > at->min || range.max < at->max);
	if (is_narrower)
		*at = range;
	return is_narrower;
}

/** Sets a member that is not asked for yet. */
static bool number_apply(uint16_t value, uint16_t none, uint16_t *at)
{
	bool is_free = *at == none && value != none;
	if (is_free)
		*at = value;
	return is_free;
}

bool clause_apply(const struct clause *clause, struct rule *rule)
{
	struct rule changed = *rule;
	char complaint[RULE_COMPLAINT_BYTES];
	bool is_new = false;
	uint16_t icmp_type = clause->range.min;
	if (clause->protocol != RULE_ANY && rule->protocol != RULE_ANY && clause->protocol != rule->protocol)
		return false;
	if (clause->protocol != RULE_ANY)
		is_new = number_apply(clause->protocol, RULE_ANY, &changed.protocol) && clause->kind == CLAUSE_PROTOCOL;
	switch (clause->kind) {
	case CLAUSE_SIGNATURE:
		is_new = rule->signature == RULE_SIGNATURE_NONE;
		changed.signature = clause->signature;
		break;
	case CLAUSE_SOURCE_PORTS:
		is_new = range_apply(clause->range, &changed.source_ports);
		break;
	case CLAUSE_DESTINATION_PORTS:
		is_new = range_apply(clause->range, &changed.destination_ports);
		break;
	case CLAUSE_ICMP:
		is_new = rule->icmp_type == RULE_ANY || (rule->icmp_code == RULE_ANY && rule->icmp_type == icmp_type &&
			clause->range.max != RULE_ANY);
		changed.icmp_type = icmp_type;
		changed.icmp_code = clause->range.max;
		break;
	case CLAUSE_FLAGS:
		is_new = clause->mask > rule->tcp_mask && (clause->flags & rule->tcp_mask) == rule->tcp_flags;
		changed.tcp_mask = clause->mask;
		changed.tcp_flags = clause->flags;
		break;
	case CLAUSE_FRAGMENTS:
		is_new = rule->fragments == 0;
		changed.fragments = clause->mask;
		break;
	case CLAUSE_LENGTH:
		is_new = range_apply(clause->range, &changed.length_bytes);
		break;
	case CLAUSE_NONE:
	case CLAUSE_PROTOCOL:
	case CLAUSE_SOURCES:
	case CLAUSE_KIND_COUNT:
		break;
	}
	/* What the action and the limit are is not settled yet; for the check it is counting. */
	changed.action = RULE_COUNT;
	changed.limit = (struct rule_limit){0};
	if (!is_new || rule_check(&changed, complaint) != OK)
		return false;
	changed.action = rule->action;
	changed.limit = rule->limit;
	*rule = changed;
	return true;
}

double clause_breadth(const struct clause *clause)
{
	double width = clause->range.max - clause->range.min + 1.0;
	switch (clause->kind) {
	case CLAUSE_PROTOCOL:
		return clause->protocol == 6 || clause->protocol == 17 ? 0.5 : 0.02;
	case CLAUSE_FLAGS:
		return 0.2;
	case CLAUSE_FRAGMENTS:
		return clause->mask == RULE_FRAGMENT_WHOLE ? 1 : 0.02;
	case CLAUSE_SOURCE_PORTS:
		return width > 1 ? width / 65536 : 0.02;
	case CLAUSE_DESTINATION_PORTS:
		return width > 1 ? 0.5 + width / 131072 : 0.3;
	case CLAUSE_LENGTH:
		return width < 1500 ? 0.02 + 0.98 * width / 1500 : 1;
	case CLAUSE_NONE:
	case CLAUSE_SIGNATURE:
	case CLAUSE_ICMP:
	case CLAUSE_SOURCES:
	case CLAUSE_KIND_COUNT:
		break;
	}
	return 0.02;
}
