/*
 * The making of rules. One at a time, for what the rules before it leave of
 * the attack: a rule for all packets to the destination is narrowed clause by
 * clause, each time by the one that keeps most of the attack and loses most
 * of what came before (the difference of both shares), until what it costs is
 * allowed. Then it is tightened by clauses that lose nothing, so that it says
 * as closely as it can what the attack is. Where no clause separates any more
 * and a drop costs too much, a limit is tried: per source, then for the whole.
 * At last, rules that differ in one range are merged, and those that are not
 * needed are left out.
 *
 * Clauses come from the packets themselves (rules/clause.h), and as a first
 * step from the vectors that the finding names. Addresses become a clause only
 * where the finding says that they really send. A rule that would be about one
 * or two clients who are just busy is not made: not every rise is the attack.
 */
#include "rules/synthesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/clause.h"
#include "rules/evaluate.h"

#define SEPARATES_MIN 0.1 /* a clause below it tells nothing apart */
#define GUESS_PACKETS 3 /* sampled packets that a guess counts for */
#define ALIKE 0.003 /* separation that makes no difference: the preferred kind of clause is taken */
#define TIGHTEN_LOSS 0.002 /* of the rule's attack packets, that a tightening clause may lose */
#define GAIN_MIN_PERMILLE 10 /* of the attack, that a further rule must stop */
#define LIMIT_GAIN_MIN_PERMILLE 50 /* likewise a limit, which is weaker than it looks where sources are forged */
#define MAIN_SHARE 0.3 /* of the attack, which one source alone may send */
#define NEW_SOURCES_MIN 3 /* sources of a smaller part: fewer may be clients who are just busy */
#define STEPS_MAX 8 /* clauses of one rule */
#define SEED_CLAUSES_MAX 4
#define VECTOR_SHARE_PERMILLE 800 /* of a vector's packets: a value that stands for it */
#define SOURCE_PPS_MIN 50 /* limit per source: a browser opens a handful of connections at once */
#define SOURCE_HEADROOM 10 /* times the rate of the busiest source before: that is a mean, and traffic is bursty */
#define WHOLE_PPS_MIN 100
#define WHOLE_HEADROOM 2

/** Clauses that are taken together. */
struct candidate {
	size_t count;
	struct clause clauses[SEED_CLAUSES_MAX];
};

struct maker {
	const struct synthesis_request *request;
	struct synthesis *result;
	size_t destination_count;
	struct ip_prefix destinations[SYNTHESIS_DESTINATIONS_MAX];
	const struct source_set *senders; /* addresses that really send: those of the request, or listed; NULL: none */
	struct source_set *listed; /* of the finding, owned */
	struct rule_list drafts; /* rules for the first destination */
	struct rule_list list; /* drafts for all destinations */
	const struct source_set *sets[RULE_LIST_MAX];
	double attack_per_s; /* all of it */
	struct ip_addr known[SAMPLE_VIEW_MAX]; /* sources from before, sorted; as many as packets */
	struct part attack_left, before_left; /* what no draft drops */
	struct part attack, before; /* of it, what the rule in the making matches */
	struct clauses clauses;
	struct candidate candidates[CLAUSES_MAX + FINDING_VECTORS_MAX + 1];
	size_t candidate_count;
};

size_t synthesis_destinations(const struct finding *finding, uint32_t rules_max,
	struct ip_prefix ret_prefixes[static SYNTHESIS_DESTINATIONS_MAX])
{
	bool has_all = finding->prefix_count > 0 && finding->prefix_count <= rules_max;
	ret_prefixes[0] = finding->target;
	for (size_t i = 0; has_all && i < finding->prefix_count; i++)
		ret_prefixes[i] = finding->prefixes[i];
	return has_all ? finding->prefix_count : 1;
}

const char *synthesis_state_name(enum synthesis_state state)
{
	static const char *const names[SYNTHESIS_STATE_COUNT] = {
		[SYNTHESIS_UNKNOWN] = "unknown",
		[SYNTHESIS_SUFFICIENT] = "sufficient",
		[SYNTHESIS_PARTIAL] = "partial",
		[SYNTHESIS_COUNT_ONLY] = "count_only",
	};
	return names[(unsigned)state < SYNTHESIS_STATE_COUNT ? state : SYNTHESIS_UNKNOWN];
}

/* Parts of the samples. */

static void part_add(struct part *part, const struct sampled *sampled, double span_s)
{
	part->packets[part->count++] = sampled;
	part->per_s += sampled->packets / span_s;
}

static bool candidate_matches(const struct maker *maker, const struct candidate *candidate, const struct packet_facts *facts)
{
	for (size_t i = 0; i < candidate->count; i++) {
		if (!clause_matches(&candidate->clauses[i], maker->senders, facts))
			return false;
	}
	return true;
}

static double part_share(const struct maker *maker, const struct part *part, const struct candidate *candidate, double span_s)
{
	double per_s = 0;
	for (size_t i = 0; i < part->count; i++) {
		if (candidate_matches(maker, candidate, &part->packets[i]->facts))
			per_s += part->packets[i]->packets / span_s;
	}
	return per_s;
}

static void part_narrow(const struct maker *maker, struct part *part, const struct candidate *candidate, double span_s)
{
	size_t count = part->count;
	part->count = 0;
	part->per_s = 0;
	for (size_t i = 0; i < count; i++) {
		if (candidate_matches(maker, candidate, &part->packets[i]->facts))
			part_add(part, part->packets[i], span_s);
	}
}

/* Candidates. */

static const struct finding_top *top_of(const struct finding_vector *vector, enum clause_kind kind)
{
	return kind == CLAUSE_SOURCE_PORTS ? &vector->src_ports : kind == CLAUSE_DESTINATION_PORTS ? &vector->dst_ports
		: kind == CLAUSE_FLAGS ? &vector->tcp_flags : &vector->icmp;
}

/** The clauses that a vector suggests: its protocol, and each field where one value stands for it. */
static struct candidate seed_of(const struct finding_vector *vector)
{
	static const enum clause_kind kinds[] = {CLAUSE_SOURCE_PORTS, CLAUSE_DESTINATION_PORTS, CLAUSE_FLAGS, CLAUSE_ICMP};
	struct candidate seed = {0};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct finding_top *top = top_of(vector, kinds[i]);
		bool fits = kinds[i] == CLAUSE_FLAGS ? vector->protocol == 6 : kinds[i] == CLAUSE_ICMP
			? vector->protocol == 1 || vector->protocol == 58 : vector->protocol == 6 || vector->protocol == 17;
		if (!fits || top->count == 0 || top->is_random || top->entries[0].permille < VECTOR_SHARE_PERMILLE)
			continue;
		struct clause clause = {.kind = kinds[i], .protocol = vector->protocol};
		uint32_t value = top->entries[0].value;
		if (kinds[i] == CLAUSE_FLAGS) {
			clause.mask = 0x3f;
			clause.flags = value & 0x3f;
		} else if (kinds[i] == CLAUSE_ICMP) {
			clause.range = (struct rule_range){(uint16_t)(value >> 8 & 0xff), (uint16_t)(value & 0xff)};
		} else {
			clause.range = (struct rule_range){(uint16_t)value, (uint16_t)value};
		}
		seed.clauses[seed.count++] = clause;
	}
	return seed;
}

/** Ranges of ports say less of an attack than any other clause: they come last. */
static bool clause_is_range_of_ports(const struct clause *clause)
{
	bool is_of_ports = clause->kind == CLAUSE_SOURCE_PORTS || clause->kind == CLAUSE_DESTINATION_PORTS;
	return is_of_ports && clause->range.min != clause->range.max;
}

static void candidates_fill(struct maker *maker, bool is_first)
{
	const struct finding *finding = maker->request->finding;
	bool is_v4 = rule_prefix_is_v4(&maker->destinations[0]);
	maker->candidate_count = 0;
	for (size_t i = 0; is_first && i < finding->vector_count; i++) {
		struct candidate seed = seed_of(&finding->vectors[i]);
		if (seed.count > 0)
			maker->candidates[maker->candidate_count++] = seed;
	}
	clauses_collect(&maker->attack, &maker->before, is_v4, &maker->clauses);
	for (unsigned kind = CLAUSE_NONE + 1; kind < CLAUSE_KIND_COUNT; kind++) {
		for (size_t i = 0; i < maker->clauses.count; i++) {
			if (maker->clauses.items[i].kind == (enum clause_kind)kind && !clause_is_range_of_ports(&maker->clauses.items[i]))
				maker->candidates[maker->candidate_count++] = (struct candidate){1, {maker->clauses.items[i]}};
		}
	}
	for (size_t i = 0; i < maker->clauses.count; i++) {
		if (clause_is_range_of_ports(&maker->clauses.items[i]))
			maker->candidates[maker->candidate_count++] = (struct candidate){1, {maker->clauses.items[i]}};
	}
	if (maker->senders != NULL)
		maker->candidates[maker->candidate_count++] =
			(struct candidate){1, {{.kind = CLAUSE_SOURCES, .protocol = RULE_ANY}}};
}

/** Puts the addresses that really send into a rule; false: it has them. */
static bool senders_apply(const struct maker *maker, struct rule *rule)
{
	const struct rule_source_set *name = source_set_name(maker->senders);
	if (rule->source_count > 0 || rule->source_set.count > 0)
		return false;
	if (name->count > RULE_SOURCES_MAX) {
		rule->source_set = *name;
		return true;
	}
	for (size_t i = 0; i < name->count; i++) {
		struct ip_prefix source = {source_set_at(maker->senders, i), 128};
		if (rule_prefix_is_v4(&source) == rule_prefix_is_v4(&rule->destination))
			rule->sources[rule->source_count++] = source;
	}
	return rule->source_count > 0;
}

static bool candidate_apply(const struct maker *maker, const struct candidate *candidate, struct rule *rule)
{
	struct rule changed = *rule;
	for (size_t i = 0; i < candidate->count; i++) {
		bool is_new = candidate->clauses[i].kind == CLAUSE_SOURCES ? senders_apply(maker, &changed)
			: clause_apply(&candidate->clauses[i], &changed);
		if (!is_new)
			return false;
	}
	*rule = changed;
	return true;
}

/* Lists and what they will do. */

/** The drafts for all destinations, drops first: what a limit lets through no later rule sees. */
static void list_fill(struct maker *maker)
{
	maker->list.count = 0;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < maker->drafts.count; i++) {
			const struct rule *draft = &maker->drafts.rules[i];
			if ((draft->action == RULE_LIMIT) != (pass == 1))
				continue;
			for (size_t j = 0; j < maker->destination_count; j++) {
				struct rule *rule = &maker->list.rules[maker->list.count];
				*rule = *draft;
				rule->destination = maker->destinations[j];
				maker->sets[maker->list.count++] = draft->source_set.count > 0 ? maker->senders : NULL;
			}
		}
	}
}

static int maker_predict(struct maker *maker, struct prediction *ret_prediction)
{
	struct prediction_rules rules = {&maker->list, maker->sets, maker->request->space};
	list_fill(maker);
	return rules_predict(&rules, maker->request->before, maker->request->during, ret_prediction);
}

static bool is_allowed(const struct maker *maker, const struct prediction *prediction)
{
	uint16_t most = maker->request->collateral_permille;
	return prediction->collateral_permille <= most && prediction->service_permille <= most;
}

static bool has_room(const struct maker *maker)
{
	return (maker->drafts.count + 1) * maker->destination_count <= maker->request->rules_max;
}

/* One rule. */

/** The share of good packets that clauses lose, as the sample says, and a guess where it has but few. */
static double lost_share(const struct maker *maker, const struct candidate *candidate, double sampled_share)
{
	double breadth = 1, count = (double)maker->before.count;
	for (size_t i = 0; i < candidate->count; i++)
		breadth *= clause_breadth(&candidate->clauses[i]);
	return (sampled_share * count + breadth * GUESS_PACKETS) / (count + GUESS_PACKETS);
}

/** The clause that keeps most of the attack and loses most of what came before; NULL: none separates. */
static const struct candidate *candidate_best(struct maker *maker, const struct rule *rule, bool is_first)
{
	double separates[ARRAY_LEN(maker->candidates)], best = SEPARATES_MIN;
	double attack_per_s = maker->attack.per_s - maker->before.per_s, before_per_s = maker->before.per_s;
	candidates_fill(maker, is_first);
	for (size_t i = 0; i < maker->candidate_count; i++) {
		struct rule changed = *rule;
		separates[i] = -1;
		if (attack_per_s <= 0 || !candidate_apply(maker, &maker->candidates[i], &changed))
			continue;
		double during = part_share(maker, &maker->attack, &maker->candidates[i], maker->request->during->span_s);
		double before = part_share(maker, &maker->before, &maker->candidates[i], maker->request->before->span_s);
		separates[i] = (during - before) / attack_per_s -
			lost_share(maker, &maker->candidates[i], before_per_s > 0 ? before / before_per_s : 0);
		best = separates[i] > best ? separates[i] : best;
	}
	for (size_t i = 0; i < maker->candidate_count; i++) {
		if (separates[i] >= best - ALIKE && separates[i] >= SEPARATES_MIN)
			return &maker->candidates[i];
	}
	return NULL;
}

static bool rule_narrow(struct maker *maker, const struct candidate *candidate, struct rule *rule)
{
	if (!candidate_apply(maker, candidate, rule))
		return false;
	part_narrow(maker, &maker->attack, candidate, maker->request->during->span_s);
	part_narrow(maker, &maker->before, candidate, maker->request->before->span_s);
	return true;
}

static bool clause_tightens(const struct clause *clause)
{
	switch (clause->kind) {
	case CLAUSE_SIGNATURE:
	case CLAUSE_ICMP:
	case CLAUSE_PROTOCOL:
		return true;
	case CLAUSE_SOURCE_PORTS:
	case CLAUSE_DESTINATION_PORTS:
		return !clause_is_range_of_ports(clause);
	case CLAUSE_FLAGS:
		return clause->mask != 0xff;
	case CLAUSE_FRAGMENTS:
		return clause->mask != RULE_FRAGMENT_WHOLE;
	case CLAUSE_NONE:
	case CLAUSE_LENGTH:
	case CLAUSE_SOURCES:
	case CLAUSE_KIND_COUNT:
		break;
	}
	return false;
}

/** Adds what nearly all packets of the attack under the rule have in common. */
static void rule_tighten(struct maker *maker, struct rule *rule)
{
	candidates_fill(maker, false);
	for (size_t i = 0; i < maker->candidate_count; i++) {
		const struct candidate *candidate = &maker->candidates[i];
		double during = part_share(maker, &maker->attack, candidate, maker->request->during->span_s);
		if (clause_tightens(&candidate->clauses[0]) && during >= (1 - TIGHTEN_LOSS) * maker->attack.per_s)
			(void)rule_narrow(maker, candidate, rule);
	}
}

/** The next number of 1, 2 or 5 and zeros. */
static uint64_t round_up(double value)
{
	uint64_t power = 1;
	while (power * 10 < value)
		power *= 10;
	return power >= value ? power : power * 2 >= value ? power * 2 : power * 5 >= value ? power * 5 : power * 10;
}

static int src_compare(const void *a, const void *b)
{
	const struct sampled *const *left = a, *const *right = b;
	return memcmp((*left)->facts.src_be, (*right)->facts.src_be, sizeof((*left)->facts.src_be));
}

/** The rate of the busiest source of what came before under the rule. */
static double busiest_pps(struct maker *maker)
{
	struct part *before = &maker->before;
	double most = 0, sum = 0;
	qsort(before->packets, before->count, sizeof(void *), src_compare);
	for (size_t i = 0; i < before->count; i++) {
		bool is_same = i > 0 && src_compare(&before->packets[i - 1], &before->packets[i]) == 0;
		sum = (is_same ? sum : 0) + before->packets[i]->packets / maker->request->before->span_s;
		most = sum > most ? sum : most;
	}
	return most;
}

static struct rule_limit limit_of(struct maker *maker, enum rule_scope scope)
{
	bool is_source = scope == RULE_SCOPE_SOURCE;
	double least_per_s = is_source ? SOURCE_PPS_MIN : WHOLE_PPS_MIN;
	double per_s = is_source ? SOURCE_HEADROOM * busiest_pps(maker) : WHOLE_HEADROOM * maker->before.per_s;
	per_s = per_s > least_per_s ? per_s : least_per_s;
	uint64_t rounded = per_s < (double)RULE_PPS_MAX ? round_up(per_s) : RULE_PPS_MAX;
	return (struct rule_limit){RULE_UNIT_PPS, scope, rounded};
}

/** Adds a rule as a draft, if what all drafts do then is allowed and stops enough more. */
static int draft_try(struct maker *maker, const struct rule *rule, uint16_t gain_min_permille, struct prediction *now,
	bool *ret_is_taken)
{
	struct prediction with = {0};
	uint32_t wanted = (uint32_t)now->stopped_permille + gain_min_permille, asked = maker->request->stopped_permille;
	maker->drafts.rules[maker->drafts.count++] = *rule;
	int err = maker_predict(maker, &with);
	*ret_is_taken = err == OK && is_allowed(maker, &with) && with.stopped_permille >= (wanted < asked ? wanted : asked) &&
		with.stopped_permille > now->stopped_permille;
	if (*ret_is_taken)
		*now = with;
	else
		maker->drafts.count--;
	return err;
}

static int draft_limit(struct maker *maker, struct rule *rule, struct prediction *now, bool *ret_is_taken)
{
	static const enum rule_scope scopes[] = {RULE_SCOPE_SOURCE, RULE_SCOPE_WHOLE};
	int err = OK;
	*ret_is_taken = false;
	for (size_t i = 0; err == OK && !*ret_is_taken && i < ARRAY_LEN(scopes); i++) {
		rule->action = RULE_LIMIT;
		rule->limit = limit_of(maker, scopes[i]);
		err = draft_try(maker, rule, LIMIT_GAIN_MIN_PERMILLE, now, ret_is_taken);
	}
	return err;
}

static bool is_costly(struct maker *maker, const struct rule *rule, int *err)
{
	struct prediction with = {0};
	maker->drafts.rules[maker->drafts.count++] = *rule;
	*err = maker_predict(maker, &with);
	maker->drafts.count--;
	return !is_allowed(maker, &with);
}

static int addr_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

/**
 * Whether the rule in the making may be about one or two clients who are just busy: fewer than three sources that are
 * new, and either packets of known ones for the most part, or a small part of the attack.
 */
static bool is_about_clients(struct maker *maker, const struct rule *rule)
{
	struct part *attack = &maker->attack;
	size_t new_sources = 0, known_packets = 0;
	if (rule->source_count > 0 || rule->source_set.count > 0)
		return false; /* the finding says who they are */
	qsort(attack->packets, attack->count, sizeof(void *), src_compare);
	for (size_t i = 0; i < attack->count; i++) {
		bool is_known = bsearch(attack->packets[i]->facts.src_be, maker->known, maker->request->before->count,
			sizeof(maker->known[0]), addr_compare) != NULL;
		known_packets += is_known;
		new_sources += !is_known && (i == 0 || src_compare(&attack->packets[i - 1], &attack->packets[i]) != 0);
	}
	bool is_small = attack->per_s < MAIN_SHARE * maker->attack_per_s;
	return new_sources < NEW_SOURCES_MIN && (is_small || known_packets * 2 >= attack->count);
}

/** What is left after a draft of the parts that were there before it. */
static void parts_leave(struct maker *maker, const struct rule *rule)
{
	const struct source_set *set = rule->source_set.count > 0 ? maker->senders : NULL;
	struct part *parts[] = {&maker->attack_left, &maker->before_left};
	struct rule there = *rule;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct part *part = parts[i];
		double span_s = i == 0 ? maker->request->during->span_s : maker->request->before->span_s;
		size_t count = part->count;
		part->count = 0;
		part->per_s = 0;
		for (size_t j = 0; j < count; j++) {
			bool is_matched = false;
			for (size_t k = 0; !is_matched && k < maker->destination_count; k++) {
				there.destination = maker->destinations[k];
				is_matched = rule_matches(&there, set, maker->request->space, &part->packets[j]->facts);
			}
			if (!is_matched)
				part_add(part, part->packets[j], span_s);
		}
	}
}

/**
 * Makes one rule for what is left of the attack and adds it to the drafts.
 *
 * @param maker its parts that are left, and its drafts, are changed
 * @param now what the drafts do, before and after
 * @param ret_rule the rule, also where it was not taken: then it is what comes nearest
 * @param ret_is_taken whether it became a draft
 * @return OK or E_NOMEM
 */
static int rule_make(struct maker *maker, struct prediction *now, struct rule *ret_rule, bool *ret_is_taken)
{
	struct rule rule = rule_to(&maker->destinations[0]);
	bool is_first = true, costs_too_much = true;
	int err = OK;
	rule.action = RULE_DROP;
	maker->attack = maker->attack_left;
	maker->before = maker->before_left;
	for (size_t step = 0; err == OK && costs_too_much && step < STEPS_MAX; step++) {
		const struct candidate *best = candidate_best(maker, &rule, is_first);
		if (best == NULL || !rule_narrow(maker, best, &rule))
			break;
		is_first = false;
		costs_too_much = is_costly(maker, &rule, &err);
	}
	*ret_is_taken = false;
	if (err == OK && !is_first)
		rule_tighten(maker, &rule);
	*ret_rule = rule;
	if (err == OK && !is_first && is_about_clients(maker, &rule))
		return OK;
	if (err == OK && !is_first && !costs_too_much)
		err = draft_try(maker, &rule, GAIN_MIN_PERMILLE, now, ret_is_taken);
	else if (err == OK && !is_first)
		err = draft_limit(maker, &rule, now, ret_is_taken);
	if (*ret_is_taken)
		parts_leave(maker, &rule);
	return err;
}

/* All rules. */

static struct rule_range hull(struct rule_range a, struct rule_range b)
{
	return (struct rule_range){a.min < b.min ? a.min : b.min, a.max > b.max ? a.max : b.max};
}

/** Whether two rules for one destination differ in ranges alone. Lists of sources are all the same list. */
static bool rules_are_alike(const struct rule *a, const struct rule *b)
{
	return a->protocol == b->protocol && a->tcp_mask == b->tcp_mask && a->tcp_flags == b->tcp_flags &&
		a->fragments == b->fragments && a->icmp_type == b->icmp_type && a->icmp_code == b->icmp_code &&
		a->signature == b->signature && a->action == b->action && a->limit.unit == b->limit.unit &&
		a->limit.scope == b->limit.scope && a->limit.per_s == b->limit.per_s && a->source_count == b->source_count &&
		a->source_set.count == b->source_set.count;
}

/** One rule for both, if they differ in ranges alone. */
static bool rules_merge(const struct rule *a, const struct rule *b, struct rule *ret_rule)
{
	if (!rules_are_alike(a, b))
		return false;
	*ret_rule = *a;
	ret_rule->source_ports = hull(a->source_ports, b->source_ports);
	ret_rule->destination_ports = hull(a->destination_ports, b->destination_ports);
	ret_rule->length_bytes = hull(a->length_bytes, b->length_bytes);
	return true;
}

static void draft_remove(struct rule_list *drafts, size_t index)
{
	memmove(&drafts->rules[index], &drafts->rules[index + 1], (drafts->count - index - 1) * sizeof(drafts->rules[0]));
	drafts->count--;
}

/** Keeps a change of the drafts that stops no less, or what was asked, at an allowed cost; undoes it else. */
static int drafts_keep(struct maker *maker, const struct rule_list *saved, struct prediction *now, bool *ret_is_kept)
{
	struct prediction changed = {0};
	int err = maker->drafts.count > 0 ? maker_predict(maker, &changed) : E_STATE;
	*ret_is_kept = err == OK && is_allowed(maker, &changed) && (changed.stopped_permille >= now->stopped_permille ||
		changed.stopped_permille >= maker->request->stopped_permille);
	if (*ret_is_kept)
		*now = changed;
	else
		maker->drafts = *saved;
	return err == E_STATE ? OK : err;
}

/** Merges drafts, and leaves out those that are not needed, the latest first: each stops less than the one before. */
static int drafts_reduce(struct maker *maker, struct rule_list *saved, struct prediction *now)
{
	bool is_kept = false;
	int err = OK;
	for (size_t i = maker->drafts.count; err == OK && i-- > 0;) {
		*saved = maker->drafts;
		draft_remove(&maker->drafts, i);
		err = drafts_keep(maker, saved, now, &is_kept);
	}
	for (size_t i = 0; err == OK && i < maker->drafts.count; i++) {
		for (size_t j = i + 1; err == OK && j < maker->drafts.count;) {
			*saved = maker->drafts;
			is_kept = false;
			if (rules_merge(&saved->rules[i], &saved->rules[j], &maker->drafts.rules[i])) {
				draft_remove(&maker->drafts, j);
				err = drafts_keep(maker, saved, now, &is_kept);
			}
			j += !is_kept;
		}
	}
	return err;
}

/** The vector that a rule is about; NULL: none that can be told. */
static const struct finding_vector *vector_of(const struct finding *finding, const struct rule *rule)
{
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		bool asks_port = rule->source_ports.min == rule->source_ports.max, has_port = false, has_flags = false;
		for (size_t j = 0; j < vector->src_ports.count; j++)
			has_port = has_port || vector->src_ports.entries[j].value == rule->source_ports.min;
		for (size_t j = 0; j < vector->tcp_flags.count; j++)
			has_flags = has_flags || (vector->tcp_flags.entries[j].value & rule->tcp_mask) == rule->tcp_flags;
		if (vector->protocol == rule->protocol && (!asks_port || has_port) && (rule->tcp_mask == 0 || has_flags))
			return vector;
	}
	return NULL;
}

/** Says of each rule what it does alone. */
static int whys_fill(struct maker *maker)
{
	struct synthesis *result = maker->result;
	static const struct source_set *const no_set[1] = {NULL};
	struct rule_list *one = &maker->drafts; /* no longer needed */
	int err = OK;
	for (size_t i = 0; err == OK && i < result->rules.count; i++) {
		struct prediction alone = {0};
		const struct finding_vector *vector = vector_of(maker->request->finding, &result->rules.rules[i]);
		const struct source_set *set = maker->sets[i];
		struct prediction_rules rules = {one, set != NULL ? &set : no_set, maker->request->space};
		one->count = 1;
		one->rules[0] = result->rules.rules[i];
		if (one->rules[0].action == RULE_COUNT) /* what it would do if it dropped */
			one->rules[0].action = RULE_DROP;
		err = rules_predict(&rules, maker->request->before, maker->request->during, &alone);
		snprintf(result->why[i], sizeof(result->why[i]),
			"%s%sby itself it %s %u.%u %% of the attack and %u.%u %% of the %zu packets sampled before it",
			vector != NULL ? vector->name : "", vector != NULL ? ": " : "",
			result->rules.rules[i].action == RULE_COUNT ? "would stop" : "stops", alone.stopped_permille / 10u,
			alone.stopped_permille % 10u, alone.collateral_permille / 10u, alone.collateral_permille % 10u,
			maker->request->before->count);
	}
	return err;
}

/** The addresses that really send; those of the finding are of the destination's family and not protected. */
static int senders_make(struct maker *maker)
{
	const struct finding *finding = maker->request->finding;
	const struct space *space = maker->request->space;
	bool is_v4 = rule_prefix_is_v4(&maker->destinations[0]);
	struct ip_addr addrs[FINDING_SOURCES_MAX];
	static const struct ip_addr none;
	size_t count = 0;
	maker->senders = maker->request->senders;
	if (maker->senders != NULL)
		return OK;
	for (size_t i = 0; i < finding->listed_count; i++) {
		const struct finding_source *source = &finding->sources[i];
		bool is_real = source->verdict == SOURCE_BOT || source->verdict == SOURCE_AMPLIFIER;
		bool is_zero = ip_equal(&source->addr, &none) || (ip_is_v4(&source->addr) && ip_to_v4(&source->addr) == 0);
		bool is_spared = space != NULL && space_is_protected(space, &source->addr);
		if (is_real && !is_zero && !is_spared && ip_is_v4(&source->addr) == is_v4)
			addrs[count++] = source->addr;
	}
	int err = count > 0 ? source_set_new(addrs, count, &maker->listed) : OK;
	maker->senders = maker->listed;
	return err;
}

/** Nothing may be stopped: one rule counts what comes nearest. */
static void count_only(struct maker *maker, const struct rule *nearest)
{
	maker->drafts.count = 1;
	maker->drafts.rules[0] = *nearest;
	maker->drafts.rules[0].action = RULE_COUNT;
	maker->drafts.rules[0].limit = (struct rule_limit){0};
	list_fill(maker);
}

static int maker_run(struct maker *maker)
{
	const struct synthesis_request *request = maker->request;
	struct synthesis *result = maker->result;
	struct prediction now = {0};
	struct rule rule, nearest = rule_to(&maker->destinations[0]);
	bool is_taken = true, is_first = true;
	int err = maker_predict(maker, &now); /* of no rules: whether the samples say anything */
	while (err == OK && is_taken && now.stopped_permille < request->stopped_permille && has_room(maker)) {
		err = rule_make(maker, &now, &rule, &is_taken);
		nearest = is_first ? rule : nearest;
		is_first = false;
	}
	bool is_count_only = maker->drafts.count == 0;
	if (err == OK && !is_count_only)
		err = drafts_reduce(maker, &result->rules, &now);
	if (err == OK && is_count_only)
		count_only(maker, &nearest);
	else if (err == OK)
		list_fill(maker);
	if (err != OK)
		return err;
	result->rules = maker->list;
	memcpy(result->sets, maker->sets, sizeof(result->sets));
	result->predicted = now;
	result->state = is_count_only ? SYNTHESIS_COUNT_ONLY : now.stopped_permille >= request->stopped_permille
		? SYNTHESIS_SUFFICIENT : SYNTHESIS_PARTIAL;
	return whys_fill(maker);
}

int synthesis_make(const struct synthesis_request *request, struct synthesis *ret_synthesis)
{
	char complaint[RULE_COMPLAINT_BYTES];
	enum finding_kind kind = request->finding->kind;
	if (request->rules_max == 0 || request->rules_max > RULE_LIST_MAX)
		return E_LIMIT;
	if (kind != FINDING_FLOOD && kind != FINDING_CARPET_BOMBING)
		return E_STATE; /* of the other kinds the target is who sends */
	struct maker *maker = calloc(1, sizeof(*maker));
	struct synthesis *result = calloc(1, sizeof(*result));
	int err = maker != NULL && result != NULL ? OK : E_NOMEM;
	if (err != OK)
		goto out;
	maker->request = request;
	maker->result = result;
	maker->destination_count = synthesis_destinations(request->finding, request->rules_max, maker->destinations);
	for (size_t i = 0; err == OK && i < maker->destination_count; i++) {
		struct rule rule = rule_to(&maker->destinations[i]);
		rule.action = RULE_COUNT;
		err = rule_check(&rule, complaint) == OK ? OK : E_STATE;
	}
	if (err == OK)
		err = senders_make(maker);
	for (size_t i = 0; err == OK && i < request->during->count; i++)
		part_add(&maker->attack_left, &request->during->packets[i], request->during->span_s);
	for (size_t i = 0; err == OK && i < request->before->count; i++) {
		part_add(&maker->before_left, &request->before->packets[i], request->before->span_s);
		memcpy(&maker->known[i], request->before->packets[i].facts.src_be, sizeof(maker->known[i]));
	}
	qsort(maker->known, request->before->count, sizeof(maker->known[0]), addr_compare);
	maker->attack_per_s = maker->attack_left.per_s - maker->before_left.per_s;
	if (err == OK)
		err = maker_run(maker);
	bool has_set = false;
	for (size_t i = 0; err == OK && i < result->rules.count; i++)
		has_set = has_set || result->sets[i] != NULL;
	if (has_set) {
		result->sources = maker->listed;
		maker->listed = NULL;
	}
	if (err == OK)
		*ret_synthesis = *result;
out:
	if (maker != NULL)
		source_set_free(maker->listed);
	free(maker);
	free(result);
	return err;
}

void synthesis_done(struct synthesis *synthesis)
{
	source_set_free(synthesis->sources);
	*synthesis = (struct synthesis){0};
}
