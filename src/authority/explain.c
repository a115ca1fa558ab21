/* Orders in plain words. Texts of documents have no control characters (record/text.h), so they can be shown as they are. */
#include "authority/explain.h"

#include <string.h>
#include <time.h>

#include "core/units.h"
#include "rules/words.h"

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
	if (away_s == 0)
		fprintf(out, "%s (now)", text);
	else
		fprintf(out, distance_s < 0 ? "%s (%s ago)" : "%s (in %s)", text, amount);
}

static void prefixes_say(FILE *out, const struct ip_prefix *list, size_t count)
{
	char text[IP_PREFIX_TEXT_BYTES];
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", ip_prefix_write(&list[i], text));
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

/** What no other order asks: to say who somebody is. */
static void reveal_explain(FILE *out, const struct order *order, const struct policy *policy, int64_t now_ms)
{
	const struct policy_quorum *quorum = &policy->classes[order->class].approvals;
	fprintf(out, "Order %s: %s asks %s to say WHOSE ADDRESSES stand behind pseudonyms of a mail at %s (%s).\n", order->id,
		order->requester, order->effector, order->member, order_class_names[order->class]);
	for (size_t i = 0; i < order->pseudonym_count; i++) {
		fputs(i == 0 ? "  Whom     " : ", ", out);
		for (size_t k = 0; k < ORDER_PSEUDONYM_BYTES; k++)
			fprintf(out, "%02x", order->pseudonyms[i].bytes[k]);
	}
	fprintf(out, "\n  Finding  %s\n  Why      %s\n  Basis    %s\n  From     ", order->finding, order->why, order->basis);
	time_say(out, order->not_before_ms, now_ms);
	fputs("\n  Until    ", out);
	time_say(out, order->expires_ms, now_ms);
	fprintf(out, "\n  Effect   the addresses are shown once, at %s; the ledger has that it was done, and no address\n  Needs   ",
		order->effector);
	for (size_t i = 0; i < quorum->count; i++)
		fprintf(out, "%s %u %s", i > 0 ? "," : "", (unsigned)quorum->needs[i].count, quorum->needs[i].role.name);
	fprintf(out, ": different people, and not %s\n", order->requester);
	silence_say(out, order, now_ms);
	digest_say(out, "  Policy   ", &order->policy, policy);
}

void explain_order(FILE *out, const struct order *order, const struct policy *policy, int64_t now_ms)
{
	if (order->class == ORDER_REIDENTIFY) {
		reveal_explain(out, order, policy, now_ms);
		return;
	}
	fprintf(out, "Order %s: %s asks %s to act for %s (%s)%s.\n", order->id, order->requester, order->effector, order->member,
		order_class_names[order->class], order->is_urgent ? ", URGENT" : "");
	for (size_t i = 0; i < order->rules.count; i++) {
		char words[RULE_WORDS_BYTES];
		fprintf(out, "%s%s\n", i == 0 ? "  What     " : "           ", rule_words(&order->rules.rules[i], words));
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
