/*
 * Rules: names, and the check that a rule does not contradict itself. Each
 * refusal is one line that begins with the name of the field in the document.
 */
#include "record/rule.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	ICMP = 1,
	TCP = 6,
	UDP = 17,
	ICMPV6 = 58,
	SCTP = 132
};

static const char *const action_names[RULE_ACTION_COUNT] = {
	[RULE_ACTION_UNKNOWN] = "unknown",
	[RULE_COUNT] = "count",
	[RULE_DROP] = "drop",
	[RULE_LIMIT] = "limit",
};

const char *rule_action_name(enum rule_action action)
{
	return action_names[(unsigned)action < RULE_ACTION_COUNT ? action : RULE_ACTION_UNKNOWN];
}

const char *rule_tcp_flag_name(unsigned bit)
{
	static const char *const names[] = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
	return names[bit & 7];
}

const char *rule_fragment_name(unsigned bit)
{
	static const char *const names[RULE_FRAGMENT_BITS] = {"first", "later", "whole"};
	return names[bit < RULE_FRAGMENT_BITS ? bit : 0];
}

struct rule rule_to(const struct ip_prefix *destination)
{
	return (struct rule){
		.destination = *destination,
		.protocol = RULE_ANY,
		.source_ports = {0, UINT16_MAX},
		.destination_ports = {0, UINT16_MAX},
		.length_bytes = {0, UINT16_MAX},
		.icmp_type = RULE_ANY,
		.icmp_code = RULE_ANY,
	};
}

bool rule_protocol_is_extension(uint16_t protocol)
{
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60; /* RFC 8200 section 4 */
}

__attribute__((format(printf, 2, 3)))
static int refuse(char ret_complaint[static RULE_COMPLAINT_BYTES], const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(ret_complaint, RULE_COMPLAINT_BYTES, format, list);
	va_end(list);
	return E_MALFORMED;
}

/** A prefix of one family whose host bits are zero. */
static int prefix_check(const struct ip_prefix *prefix, const char *field, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	struct ip_addr v4 = ip_from_v4(0);
	struct ip_addr masked = ip_masked(&prefix->addr, prefix->bits <= 128 ? prefix->bits : 128);
	if (prefix->bits > 128 || !ip_equal(&masked, &prefix->addr))
		return refuse(ret_complaint, "%s: has bits behind its length", field);
	if (prefix->bits < 96 && ip_prefix_covers(prefix, &v4))
		return refuse(ret_complaint, "%s: covers IPv4 and IPv6; one rule is for one of them", field);
	return OK;
}

static int destination_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	int err = prefix_check(&rule->destination, "destination", ret_complaint);
	if (err != OK)
		return err;
	unsigned bits = ip_prefix_text_bits(&rule->destination);
	unsigned least = rule_prefix_is_v4(&rule->destination) ? RULE_DESTINATION_BITS_MIN_V4 : RULE_DESTINATION_BITS_MIN_V6;
	if (bits < least)
		return refuse(ret_complaint, "destination: a /%u is wider than any network of ours can be (/%u)", bits, least);
	return OK;
}

static int sources_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	if (rule->source_count > RULE_SOURCES_MAX)
		return refuse(ret_complaint, "sources: more than %d; use a source set", RULE_SOURCES_MAX);
	if (rule->source_count > 0 && rule->source_set.count > 0)
		return refuse(ret_complaint, "source_set: there are sources already; one of both");
	if (rule->source_set.count > RULE_SET_ADDRESSES_MAX)
		return refuse(ret_complaint, "source_set: more than %d addresses", RULE_SET_ADDRESSES_MAX);
	for (size_t i = 0; i < rule->source_count; i++) {
		const struct ip_prefix *source = &rule->sources[i];
		int err = prefix_check(source, "sources", ret_complaint);
		if (err != OK)
			return err;
		if (rule_prefix_is_v4(source) != is_v4)
			return refuse(ret_complaint, "sources: %s to an %s destination", is_v4 ? "IPv6" : "IPv4", is_v4 ? "IPv4" : "IPv6");
		if (ip_prefix_text_bits(source) == 0)
			return refuse(ret_complaint, "sources: a /0 is every source; leave them out");
		if (i > 0 && (memcmp(&rule->sources[i - 1].addr, &source->addr, sizeof(source->addr)) >= 0 ||
			ip_prefix_covers(&rule->sources[i - 1], &source->addr)))
			return refuse(ret_complaint, "sources: not sorted, or one covers another");
	}
	return OK;
}

static int range_check(struct rule_range range, const char *field, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	return range.min <= range.max ? OK : refuse(ret_complaint, "%s: begins at %u and ends at %u", field, range.min, range.max);
}

static int ports_check(const struct rule *rule, struct rule_range range, const char *field,
	char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	if (rule_range_is_any(range))
		return OK;
	if (rule->protocol != TCP && rule->protocol != UDP && rule->protocol != SCTP)
		return refuse(ret_complaint, "%s: ports need a protocol of 6 (TCP), 17 (UDP) or 132 (SCTP)", field);
	return range_check(range, field, ret_complaint);
}

static int length_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	unsigned header_bytes = rule_prefix_is_v4(&rule->destination) ? 20 : 40;
	if (rule->length_bytes.max < header_bytes)
		return refuse(ret_complaint, "length_bytes: no packet is shorter than its IP header of %u bytes", header_bytes);
	return range_check(rule->length_bytes, "length_bytes", ret_complaint);
}

static int protocol_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	if (rule->protocol > RULE_ANY || rule->icmp_type > RULE_ANY || rule->icmp_code > RULE_ANY)
		return refuse(ret_complaint, "protocol: it, icmp_type and icmp_code are 0 to 255");
	if ((rule->tcp_flags & ~rule->tcp_mask) != 0)
		return refuse(ret_complaint, "tcp_flags: some that are set are not in the mask");
	if (rule->tcp_mask != 0 && rule->protocol != TCP)
		return refuse(ret_complaint, "tcp_flags: need a protocol of 6 (TCP)");
	if (rule->icmp_type != RULE_ANY && rule->protocol != (is_v4 ? ICMP : ICMPV6))
		return refuse(ret_complaint, "icmp_type: needs a protocol of %s", is_v4 ? "1 (ICMP)" : "58 (ICMPv6)");
	if (rule->icmp_code != RULE_ANY && rule->icmp_type == RULE_ANY)
		return refuse(ret_complaint, "icmp_code: needs an icmp_type");
	if ((unsigned)rule->signature >= RULE_SIGNATURE_COUNT)
		return refuse(ret_complaint, "signature: none that is known");
	if (rule->signature != RULE_SIGNATURE_NONE && rule->protocol != UDP)
		return refuse(ret_complaint, "signature: needs a protocol of 17 (UDP)");
	return OK;
}

static int fragments_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	bool asks_transport = !rule_range_is_any(rule->source_ports) || !rule_range_is_any(rule->destination_ports) ||
		rule->tcp_mask != 0 || rule->icmp_type != RULE_ANY || rule->signature != RULE_SIGNATURE_NONE;
	if (rule->fragments >= (1 << RULE_FRAGMENT_BITS) - 1)
		return refuse(ret_complaint, "fragments: all kinds, or more than there are; leave it out");
	if (rule->fragments == RULE_FRAGMENT_LATER && asks_transport)
		return refuse(ret_complaint, "fragments: later ones have no ports, flags, types or signatures");
	return OK;
}

static int action_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	const struct rule_limit *limit = &rule->limit;
	if (rule->action == RULE_ACTION_UNKNOWN || (unsigned)rule->action >= RULE_ACTION_COUNT)
		return refuse(ret_complaint, "action: drop, limit or count");
	if (rule->action != RULE_LIMIT)
		return limit->unit == RULE_UNIT_UNKNOWN ? OK : refuse(ret_complaint, "limit: the action is not limit");
	if (limit->scope == RULE_SCOPE_UNKNOWN || (unsigned)limit->scope >= RULE_SCOPE_COUNT)
		return refuse(ret_complaint, "limit: per source or per whole");
	if (limit->unit == RULE_UNIT_UNKNOWN || (unsigned)limit->unit >= RULE_UNIT_COUNT)
		return refuse(ret_complaint, "limit: in pps or bps");
	uint64_t least = limit->unit == RULE_UNIT_PPS ? 1 : RULE_BPS_MIN;
	uint64_t most = limit->unit == RULE_UNIT_PPS ? RULE_PPS_MAX : RULE_BPS_MAX;
	if (limit->per_s < least || limit->per_s > most)
		return refuse(ret_complaint, "limit: from %llu to %llu %s", (unsigned long long)least, (unsigned long long)most,
			limit->unit == RULE_UNIT_PPS ? "pps" : "bps");
	return OK;
}

int rule_check(const struct rule *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	int err = destination_check(rule, ret_complaint);
	if (err == OK)
		err = sources_check(rule, ret_complaint);
	if (err == OK)
		err = protocol_check(rule, ret_complaint);
	if (err == OK)
		err = ports_check(rule, rule->source_ports, "source_ports", ret_complaint);
	if (err == OK)
		err = ports_check(rule, rule->destination_ports, "destination_ports", ret_complaint);
	if (err == OK)
		err = length_check(rule, ret_complaint);
	if (err == OK)
		err = fragments_check(rule, ret_complaint);
	return err == OK ? action_check(rule, ret_complaint) : err;
}
