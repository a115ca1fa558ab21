/* Orders in plain words. Texts of documents have no control characters (record/text.h), so they can be shown as they are. */
#include "authority/explain.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/units.h"

static void time_say(FILE *out, int64_t time_ms, int64_t now_ms)
{
	char text[32], amount[UNITS_TEXT_BYTES];
	time_t time_s = (time_t)(time_ms / 1000);
	struct tm utc;
	int64_t distance_s = (time_ms - now_ms) / 1000;
	uint64_t away_s = (uint64_t)(distance_s < 0 ? -distance_s : distance_s);
	if (away_s > 7200)
		away_s -= away_s % 3600;
	else if (away_s > 120)
		away_s -= away_s % 60;
	gmtime_r(&time_s, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
	units_write(UNIT_MS, away_s * 1000, amount);
	fprintf(out, distance_s < 0 ? "%s (%s ago)" : "%s (in %s)", text, amount);
}

static void prefixes_say(FILE *out, const struct ip_prefix *list, size_t count)
{
	char text[IP_PREFIX_TEXT_BYTES];
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", ip_prefix_write(&list[i], text));
}

static void range_say(FILE *out, const char *words, struct rule_range range, const char *unit)
{
	if (rule_range_is_any(range))
		return;
	if (range.min == range.max)
		fprintf(out, "%s%u%s", words, range.min, unit);
	else
		fprintf(out, "%s%u to %u%s", words, range.min, range.max, unit);
}

static const char *protocol_name(uint16_t protocol)
{
	static const struct {
		uint16_t number;
		const char *name;
	} names[] = {{1, "ICMP"}, {6, "TCP"}, {17, "UDP"}, {47, "GRE"}, {50, "ESP"}, {58, "ICMPv6"}, {132, "SCTP"}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == protocol)
			return names[i].name;
	}
	return NULL;
}

static void details_say(FILE *out, const struct rule *rule)
{
	if (rule->tcp_mask != 0) {
		fputs(", TCP flags", out);
		for (unsigned bit = 0; bit < 8; bit++) {
			if ((rule->tcp_mask >> bit & 1) != 0)
				fprintf(out, " %s%s", (rule->tcp_flags >> bit & 1) != 0 ? "" : "no ", rule_tcp_flag_name(bit));
		}
	}
	if (rule->fragments != 0) {
		static const char *const words[] = {"first fragments", "later fragments", "unfragmented packets"};
		const char *join = ", only ";
		for (unsigned bit = 0; bit < RULE_FRAGMENT_BITS; bit++) {
			if ((rule->fragments >> bit & 1) != 0) {
				fprintf(out, "%s%s", join, words[bit]);
				join = " and ";
			}
		}
	}
	if (rule->icmp_type != RULE_ANY)
		fprintf(out, ", type %u", rule->icmp_type);
	if (rule->icmp_code != RULE_ANY)
		fprintf(out, " code %u", rule->icmp_code);
	if (rule->signature != RULE_SIGNATURE_NONE)
		fprintf(out, ", that looks like %s", rule_signatures[rule->signature].name);
}

void explain_rule(FILE *out, const struct rule *rule)
{
	static const char *const actions[RULE_ACTION_COUNT] = {"?", "count", "drop", "limit"};
	char text[IP_PREFIX_TEXT_BYTES], amount[UNITS_TEXT_BYTES];
	const char *name = protocol_name(rule->protocol);
	fprintf(out, "%s ", actions[rule->action]);
	if (rule->action == RULE_LIMIT) {
		enum unit_kind unit = rule->limit.unit == RULE_UNIT_PPS ? UNIT_PPS : UNIT_BPS;
		fprintf(out, "to %s%s ", units_write(unit, rule->limit.per_s, amount),
			rule->limit.scope == RULE_SCOPE_SOURCE ? " from each source" : "");
	}
	if (rule->protocol == RULE_ANY)
		fputs("everything", out);
	else if (name != NULL)
		fputs(name, out);
	else
		fprintf(out, "protocol %u", rule->protocol);
	fprintf(out, " to %s", ip_prefix_write(&rule->destination, text));
	range_say(out, " port ", rule->destination_ports, "");
	if (rule->source_count > 0) {
		fputs(" from ", out);
		prefixes_say(out, rule->sources, rule->source_count);
	} else if (rule->source_set.count > 0) {
		fprintf(out, " from %" PRIu32 " listed sources", rule->source_set.count);
	} else {
		fputs(" from anyone", out);
	}
	range_say(out, " port ", rule->source_ports, "");
	range_say(out, ", ", rule->length_bytes, " bytes long");
	details_say(out, rule);
}

static void permille_say(FILE *out, const char *words, unsigned permille)
{
	fprintf(out, "%s%u.%u %%", words, permille / 10, permille % 10);
}

static void digest_say(FILE *out, const char *label, const struct document_digest *digest, const struct policy *policy)
{
	fprintf(out, "%s", label);
	for (size_t i = 0; i < 8; i++)
		fprintf(out, "%02x", digest->bytes[i]);
	fputs(document_digest_equal(digest, &policy->digest) ? " (yours)\n" : " (NOT the one that you have)\n", out);
}

static void silence_say(FILE *out, const struct order *order, int64_t now_ms)
{
	fputs("  Silence  ", out);
	if (order->has_standing) {
		fputs("it acts under a standing order already, until its end.\n", out);
	} else if (order->is_urgent) {
		fputs("it may act before its quorum is there; unless that is there it ends at ", out);
		time_say(out, order->ratify_by_ms, now_ms);
		fputs(".\n", out);
	} else {
		fputs("nothing is done; the request ends at ", out);
		time_say(out, order->expires_ms, now_ms);
		fputs(".\n", out);
	}
}

void explain_order(FILE *out, const struct order *order, const struct policy *policy, int64_t now_ms)
{
	fprintf(out, "Order %s: %s asks %s to act for %s (%s)%s.\n", order->id, order->requester, order->effector, order->member,
		order_class_names[order->class], order->is_urgent ? ", URGENT" : "");
	for (size_t i = 0; i < order->rules.count; i++) {
		fputs(i == 0 ? "  What     " : "           ", out);
		explain_rule(out, &order->rules.rules[i]);
		fputc('\n', out);
	}
	fprintf(out, "  Why      %s\n  Basis    %s\n  Width    only what is sent to ", order->why, order->basis);
	prefixes_say(out, order->scope, order->scope_count);
	fputs(order->touches_protected ? "; it TOUCHES PROTECTED SPACE\n" : "; protected space is spared\n", out);
	fputs("  From     ", out);
	time_say(out, order->not_before_ms, now_ms);
	fputs("\n  Until    ", out);
	time_say(out, order->expires_ms, now_ms);
	permille_say(out, "\n  Effect   stops ", order->predicted.stopped_permille);
	fputs(" of the attack, as foretold\n", out);
	permille_say(out, "  Cost     ", order->predicted.collateral_permille);
	permille_say(out, " of legitimate traffic is lost, as foretold; above ", order->collateral_limit_permille);
	fputs(" it ends by itself\n", out);
	silence_say(out, order, now_ms);
	digest_say(out, "  Policy   ", &order->policy, policy);
}

void explain_standing_order(FILE *out, const struct standing_order *standing, const struct policy *policy, int64_t now_ms)
{
	static const char *const actions[STANDING_ACTION_BITS] = {"count", "drop", "limit"};
	fprintf(out, "Standing order %s: %s asks that orders for %s (%s) may act at once, without asking anyone.\n", standing->id,
		standing->requester, standing->member, order_class_names[standing->class]);
	fputs("  By       ", out);
	for (size_t i = 0; i < standing->effector_count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", standing->effectors[i].name);
	fputs("\n  What     at most ", out);
	fprintf(out, "%u rules each, that may", (unsigned)standing->rules_most);
	for (unsigned bit = 0; bit < STANDING_ACTION_BITS; bit++) {
		if ((standing->actions >> bit & 1) != 0)
			fprintf(out, " %s", actions[bit]);
	}
	fputs("\n  Against ", out);
	for (unsigned kind = 1; kind < FINDING_KIND_COUNT; kind++) {
		if ((standing->kinds >> kind & 1) != 0)
			fprintf(out, " %s", finding_kind_names[kind]);
	}
	fputs(standing->vector_count == 0 ? ", of any vector" : ", of these vectors alone:", out);
	for (size_t i = 0; i < standing->vector_count; i++)
		fprintf(out, " %s", standing->vectors[i].name);
	fprintf(out, "\n  Why      %s\n  Basis    %s\n  Width    only what is sent to ", standing->why, standing->basis);
	prefixes_say(out, standing->scope, standing->scope_count);
	fputs("\n  From     ", out);
	time_say(out, standing->not_before_ms, now_ms);
	fputs("\n  Until    ", out);
	time_say(out, standing->expires_ms, now_ms);
	fprintf(out, "; each order %u s at most\n", (unsigned)standing->longest_s);
	permille_say(out, "  Effect   each stops ", standing->stopped_least_permille);
	permille_say(out, " of its attack or more\n  Cost     each loses ", standing->collateral_most_permille);
	fputs(" of legitimate traffic at most, else it ends by itself\n", out);
	fputs("  Silence  it does not stand; each order is asked for.\n", out);
	digest_say(out, "  Policy   ", &standing->policy, policy);
}
