/* Rules in plain words: the action, what kind of packet, from where, to where, and what else it must be. */
#include "rules/words.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/units.h"

#define SOURCES_TOLD_MAX 4 /* prefixes that are named; of more, how many */

struct words {
	char *at;
	size_t room_bytes;
};

__attribute__((format(printf, 2, 3)))
static void say(struct words *words, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int length = vsnprintf(words->at, words->room_bytes, format, list);
	va_end(list);
	size_t used_bytes = length < 0 ? 0 : (size_t)length < words->room_bytes ? (size_t)length : words->room_bytes - 1;
	words->at += used_bytes;
	words->room_bytes -= used_bytes;
}

static void say_action(struct words *words, const struct rule *rule)
{
	char amount[UNITS_TEXT_BYTES];
	bool is_bits = rule->limit.unit == RULE_UNIT_BPS;
	if (rule->action != RULE_LIMIT) {
		say(words, "%s", rule_action_name(rule->action));
		return;
	}
	say(words, "limit to %s%s:", units_write(is_bits ? UNIT_BPS : UNIT_PPS, rule->limit.per_s, amount),
		rule->limit.scope == RULE_SCOPE_SOURCE ? " for each source" : "");
}

/** The names of flags: "SYN without ACK, RST". */
static void say_flags(struct words *words, const struct rule *rule)
{
	const char *between = " with flags ";
	for (unsigned bit = 0; bit < 8; bit++) {
		if ((rule->tcp_flags >> bit & 1) != 0) {
			say(words, "%s%s", between, rule_tcp_flag_name(bit));
			between = "+";
		}
	}
	between = rule->tcp_flags == 0 ? " without flags " : " and not ";
	for (unsigned bit = 0; bit < 8; bit++) {
		if (((rule->tcp_mask & ~rule->tcp_flags) >> bit & 1) != 0) {
			say(words, "%s%s", between, rule_tcp_flag_name(bit));
			between = ", ";
		}
	}
}

static void say_packets(struct words *words, const struct rule *rule)
{
	static const struct {
		uint16_t protocol;
		const char *name;
	} names[] = {{1, "ICMP"}, {2, "IGMP"}, {6, "TCP"}, {17, "UDP"}, {47, "GRE"}, {50, "ESP"}, {58, "ICMPv6"}, {132, "SCTP"}};
	bool is_v6 = !rule_prefix_is_v4(&rule->destination);
	size_t i = 0;
	while (i < ARRAY_LEN(names) && names[i].protocol != rule->protocol)
		i++;
	if (rule->protocol == RULE_ANY)
		say(words, " everything");
	else if (i < ARRAY_LEN(names))
		say(words, " %s", names[i].name);
	else if (is_v6 && rule_protocol_is_extension(rule->protocol))
		say(words, " packets with IPv6 extension header %u", rule->protocol);
	else
		say(words, " IP protocol %u", rule->protocol);
	if (rule->icmp_type != RULE_ANY)
		say(words, " of type %u", rule->icmp_type);
	if (rule->icmp_code != RULE_ANY)
		say(words, " code %u", rule->icmp_code);
	if (rule->signature != RULE_SIGNATURE_NONE)
		say(words, " that looks like %s", rule_signatures[rule->signature].name);
	if (rule->tcp_mask != 0)
		say_flags(words, rule);
}

static void say_ports(struct words *words, struct rule_range ports)
{
	if (rule_range_is_any(ports))
		return;
	if (ports.min == ports.max)
		say(words, " port %u", ports.min);
	else
		say(words, " ports %u to %u", ports.min, ports.max);
}

static void say_sources(struct words *words, const struct rule *rule)
{
	char text[IP_PREFIX_TEXT_BYTES];
	if (rule->source_set.count > 0)
		say(words, " from %u listed addresses (set %02x%02x%02x%02x)", rule->source_set.count, rule->source_set.digest[0],
			rule->source_set.digest[1], rule->source_set.digest[2], rule->source_set.digest[3]);
	for (size_t i = 0; i < rule->source_count && i < SOURCES_TOLD_MAX; i++)
		say(words, "%s%s", i == 0 ? " from " : ", ", ip_prefix_write(&rule->sources[i], text));
	if (rule->source_count > SOURCES_TOLD_MAX)
		say(words, " and %zu more prefixes", rule->source_count - SOURCES_TOLD_MAX);
	if (!rule_range_is_any(rule->source_ports)) {
		say(words, "%s", rule->source_count + rule->source_set.count == 0 ? " from" : "");
		say_ports(words, rule->source_ports);
	}
}

static void say_length(struct words *words, struct rule_range length)
{
	if (rule_range_is_any(length))
		return;
	if (length.min == length.max)
		say(words, " of %u bytes", length.min);
	else if (length.max == UINT16_MAX)
		say(words, " longer than %u bytes", length.min - 1);
	else if (length.min == 0)
		say(words, " up to %u bytes long", length.max);
	else
		say(words, " of %u to %u bytes", length.min, length.max);
}

static void say_fragments(struct words *words, uint8_t fragments)
{
	static const char *const kinds[1 << RULE_FRAGMENT_BITS] = {
		[RULE_FRAGMENT_FIRST] = "first fragments",
		[RULE_FRAGMENT_LATER] = "later fragments",
		[RULE_FRAGMENT_WHOLE] = "whole packets",
		[RULE_FRAGMENT_FIRST | RULE_FRAGMENT_LATER] = "fragments",
		[RULE_FRAGMENT_FIRST | RULE_FRAGMENT_WHOLE] = "whole packets and first fragments",
		[RULE_FRAGMENT_LATER | RULE_FRAGMENT_WHOLE] = "whole packets and later fragments",
	};
	if (fragments < ARRAY_LEN(kinds) && kinds[fragments] != NULL)
		say(words, ", only %s", kinds[fragments]);
}

const char *rule_words(const struct rule *rule, char ret_words[static RULE_WORDS_BYTES])
{
	char text[IP_PREFIX_TEXT_BYTES];
	struct words words = {ret_words, RULE_WORDS_BYTES};
	say_action(&words, rule);
	say_packets(&words, rule);
	say_sources(&words, rule);
	say(&words, " to %s", ip_prefix_write(&rule->destination, text));
	say_ports(&words, rule->destination_ports);
	say_length(&words, rule->length_bytes);
	say_fragments(&words, rule->fragments);
	return ret_words;
}
