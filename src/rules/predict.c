/*
 * Prediction. Each packet of both samples is given to the first rule that
 * matches it, as the evaluator does; what a limit lets through is computed
 * from rates, for a sample is too thin to fill a token bucket.
 *
 * A limit for the whole passes that part of all its packets, good and bad,
 * which fits. A limit per source passes of the attack the limit times the
 * number of sources, which are taken to send alike; of the good packets what
 * each source sent above the limit is lost.
 */
#include "rules/predict.h"

#include <stdlib.h>
#include <string.h>

#include "rules/evaluate.h"

#define SERVICE_PACKETS_MIN 5 /* sampled packets that make a service; below it cannot be told from a stray one */
#define EPHEMERAL_PORT 32768 /* above it ports are drawn by clients, and name no service */
#define COVERED 4 /* sampled packets of each source, with which hardly one is missing (one in fifty-five) */
#define NO_RULE RULE_LIST_MAX

/** One packet of a sample and what becomes of it. */
struct fate {
	const struct sampled *sampled;
	uint32_t service;
	uint32_t rule; /* NO_RULE: none */
	double lost; /* part of it, 0..1 */
};

/** What a rule meets. */
struct meeting {
	double before_per_s, during_per_s; /* in units of its limit; packets where it has none */
	double attack_packets_per_s;
	double source_share; /* of the sources of the attack */
};

struct trial {
	struct meeting meetings[RULE_LIST_MAX];
	struct fate before[SAMPLE_VIEW_MAX], during[SAMPLE_VIEW_MAX], sorted[SAMPLE_VIEW_MAX];
	struct ip_addr known[SAMPLE_VIEW_MAX];
};

static uint32_t service_of(const struct packet_facts *facts)
{
	uint32_t port = facts->src_port < facts->dst_port ? facts->src_port : facts->dst_port;
	uint32_t is_opening = facts->protocol == 6 && (facts->tcp_flags & 0x12) == 0x02;
	return (uint32_t)facts->protocol << 17 | is_opening << 16 | (port < EPHEMERAL_PORT ? port : 0);
}

static double units_of(const struct rule *rule, const struct sampled *sampled)
{
	return rule->action == RULE_LIMIT && rule->limit.unit == RULE_UNIT_BPS ? sampled->packets * sampled->facts.length_bytes * 8
		: sampled->packets;
}

/** Gives each packet to its rule. */
static void fates_fill(const struct prediction_rules *rules, const struct sample_view *view, struct fate *fates)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct packet_facts *facts = &view->packets[i].facts;
		size_t rule = 0;
		while (rule < rules->list->count &&
			!rule_matches(&rules->list->rules[rule], rules->sets[rule], rules->space, facts))
			rule++;
		bool is_dropped = rule < rules->list->count && rules->list->rules[rule].action == RULE_DROP;
		fates[i] = (struct fate){&view->packets[i], service_of(facts), rule < rules->list->count ? (uint32_t)rule : NO_RULE,
			is_dropped ? 1 : 0};
	}
}

static int source_compare(const void *a, const void *b)
{
	const struct fate *left = a, *right = b;
	int order = memcmp(left->sampled->facts.src_be, right->sampled->facts.src_be, sizeof(left->sampled->facts.src_be));
	return left->rule != right->rule ? (left->rule < right->rule ? -1 : 1) : order;
}

static int service_compare(const void *a, const void *b)
{
	const struct fate *left = a, *right = b;
	return left->service < right->service ? -1 : left->service > right->service;
}

/** Of good packets what their source sends above its limit is lost. Sorts the fates. */
static void limit_sources(const struct rule_list *list, const struct sample_view *view, struct fate *fates)
{
	qsort(fates, view->count, sizeof(*fates), source_compare);
	for (size_t first = 0, last; first < view->count; first = last) {
		const struct rule *rule = fates[first].rule != NO_RULE ? &list->rules[fates[first].rule] : NULL;
		double per_s = 0;
		for (last = first; last < view->count && source_compare(&fates[first], &fates[last]) == 0; last++)
			per_s += rule != NULL ? units_of(rule, fates[last].sampled) / view->span_s : 0;
		bool is_limited = rule != NULL && rule->action == RULE_LIMIT && rule->limit.scope == RULE_SCOPE_SOURCE;
		for (size_t i = first; is_limited && i < last; i++)
			fates[i].lost = per_s > (double)rule->limit.per_s ? 1 - (double)rule->limit.per_s / per_s : 0;
	}
}

static int addr_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

/**
 * How the sources of the attack, which are those that did not send before, are spread over rules. A sample that shows
 * each source often has them all; else their number is what was counted, less those known; and where that is not known
 * and hardly any source is seen twice, each packet is taken to have one of its own.
 *
 * @param trial its meetings get their shares
 * @param before packets from before the attack
 * @param during packets during it
 * @return how many sources the attack has
 */
static double sources_share(struct trial *trial, const struct sample_view *before, const struct sample_view *during)
{
	double sources = 0, known = 0, packets = 0, count = 0;
	for (size_t i = 0; i < before->count; i++)
		memcpy(&trial->known[i], before->packets[i].facts.src_be, sizeof(trial->known[i]));
	qsort(trial->known, before->count, sizeof(trial->known[0]), addr_compare);
	memcpy(trial->sorted, trial->during, during->count * sizeof(*trial->sorted));
	qsort(trial->sorted, during->count, sizeof(*trial->sorted), source_compare);
	for (size_t i = 0; i < during->count; i++) {
		const struct fate *fate = &trial->sorted[i];
		bool is_known = bsearch(fate->sampled->facts.src_be, trial->known, before->count, sizeof(trial->known[0]), addr_compare);
		count += !is_known;
		packets += is_known ? 0 : fate->sampled->packets;
		if (i > 0 && source_compare(&trial->sorted[i - 1], fate) == 0)
			continue;
		known += is_known;
		sources += !is_known;
		if (fate->rule != NO_RULE && !is_known)
			trial->meetings[fate->rule].source_share++;
	}
	for (size_t i = 0; i < RULE_LIST_MAX; i++)
		trial->meetings[i].source_share /= sources > 0 ? sources : 1;
	if (count >= COVERED * sources)
		return sources;
	if (during->source_count > 0)
		return during->source_count - known > sources ? during->source_count - known : sources;
	return sources * 2 > count ? packets : sources;
}

/** The part of the attack's packets under a limit that it stops. */
static double limit_stops(const struct rule *rule, const struct meeting *meeting, double sources)
{
	double limit_per_s = (double)rule->limit.per_s, attack_per_s = meeting->during_per_s - meeting->before_per_s;
	if (attack_per_s <= 0)
		return 0;
	if (rule->limit.scope == RULE_SCOPE_WHOLE)
		return meeting->during_per_s > limit_per_s ? 1 - limit_per_s / meeting->during_per_s : 0;
	double passes_per_s = sources * meeting->source_share * limit_per_s;
	return passes_per_s < attack_per_s ? 1 - passes_per_s / attack_per_s : 0;
}

static double service_lost(struct fate *fates, size_t count)
{
	double most = 0;
	qsort(fates, count, sizeof(*fates), service_compare);
	for (size_t first = 0, last; first < count; first = last) {
		double lost = 0;
		for (last = first; last < count && fates[last].service == fates[first].service; last++)
			lost += fates[last].lost;
		double share = (lost - 1) / (double)(last - first);
		if (last - first >= SERVICE_PACKETS_MIN && share > most)
			most = share;
	}
	return most;
}

static uint16_t permille(double share)
{
	return share <= 0 ? 0 : share >= 1 ? 1000 : (uint16_t)(((uint32_t)(share * 2000) + 1) / 2);
}

/** Adds up what limits meet, and applies them to the good packets. */
static double limits_apply(const struct rule_list *list, const struct sample_view *before, const struct sample_view *during,
	struct trial *trial)
{
	size_t limits = 0;
	for (size_t i = 0; i < list->count; i++)
		limits += list->rules[i].action == RULE_LIMIT;
	if (limits == 0)
		return 0;
	for (size_t i = 0; i < before->count; i++) {
		const struct fate *fate = &trial->before[i];
		if (fate->rule != NO_RULE)
			trial->meetings[fate->rule].before_per_s += units_of(&list->rules[fate->rule], fate->sampled) / before->span_s;
		if (fate->rule != NO_RULE)
			trial->meetings[fate->rule].attack_packets_per_s -= fate->sampled->packets / before->span_s;
	}
	for (size_t i = 0; i < during->count; i++) {
		const struct fate *fate = &trial->during[i];
		if (fate->rule != NO_RULE)
			trial->meetings[fate->rule].during_per_s += units_of(&list->rules[fate->rule], fate->sampled) / during->span_s;
		if (fate->rule != NO_RULE)
			trial->meetings[fate->rule].attack_packets_per_s += fate->sampled->packets / during->span_s;
	}
	double sources = sources_share(trial, before, during);
	limit_sources(list, before, trial->before);
	for (size_t i = 0; i < before->count; i++) {
		struct fate *fate = &trial->before[i];
		const struct rule *rule = fate->rule != NO_RULE ? &list->rules[fate->rule] : NULL;
		if (rule != NULL && rule->action == RULE_LIMIT && rule->limit.scope == RULE_SCOPE_WHOLE)
			fate->lost = limit_stops(rule, &trial->meetings[fate->rule], 0);
	}
	return sources;
}

int rules_predict(const struct prediction_rules *rules, const struct sample_view *before, const struct sample_view *during,
	struct prediction *ret_prediction)
{
	struct trial *trial = NULL;
	double before_per_s = 0, during_per_s = 0, lost_per_s = 0, dropped_per_s = 0, limited_per_s = 0;
	if (before->span_s <= 0 || during->span_s <= 0)
		return E_STATE;
	trial = calloc(1, sizeof(*trial));
	if (trial == NULL)
		return E_NOMEM;
	fates_fill(rules, before, trial->before);
	fates_fill(rules, during, trial->during);
	double sources = limits_apply(rules->list, before, during, trial);
	for (size_t i = 0; i < before->count; i++) {
		const struct fate *fate = &trial->before[i];
		bool is_drop = fate->rule != NO_RULE && rules->list->rules[fate->rule].action == RULE_DROP;
		before_per_s += fate->sampled->packets / before->span_s;
		lost_per_s += fate->lost * fate->sampled->packets / before->span_s;
		dropped_per_s -= is_drop ? fate->sampled->packets / before->span_s : 0;
	}
	for (size_t i = 0; i < during->count; i++) {
		const struct fate *fate = &trial->during[i];
		during_per_s += fate->sampled->packets / during->span_s;
		dropped_per_s += fate->lost * fate->sampled->packets / during->span_s;
	}
	for (size_t i = 0; i < rules->list->count; i++) {
		if (rules->list->rules[i].action == RULE_LIMIT)
			limited_per_s += limit_stops(&rules->list->rules[i], &trial->meetings[i], sources) *
				trial->meetings[i].attack_packets_per_s;
	}
	double attack_per_s = during_per_s - before_per_s;
	if (attack_per_s > 0)
		*ret_prediction = (struct prediction){
			.stopped_permille = permille(((dropped_per_s > 0 ? dropped_per_s : 0) + limited_per_s) / attack_per_s),
			.collateral_permille = permille(before_per_s > 0 ? lost_per_s / before_per_s : 0),
			.service_permille = permille(service_lost(trial->before, before->count)),
		};
	free(trial);
	return attack_per_s > 0 ? OK : E_STATE;
}
