/*
 * The meaning of rules. A limit is a token bucket: tokens are sixteenths of a
 * nanosecond at the rate, a packet costs the time that it takes at the rate,
 * and the bucket holds 100 ms or one packet, whichever is more.
 *
 * Buckets of single sources live in a table of fixed size: groups of eight,
 * where the one not used longest makes room. The key of the table is drawn
 * when it is made, for sources are chosen by attackers.
 */
#include "rules/evaluate.h"

#include <stdlib.h>

#include "core/hash.h"
#include "core/random.h"
#include "rules/xdp_rule.h"

#define BURST_NS UINT64_C(100000000)
#define LARGEST_PACKET_BYTES UINT64_C(65535)
#define GROUP 8

_Static_assert(RULE_LOOK_BYTES == PACKET_LOOK_BYTES, "a signature looks at what the parser keeps");
_Static_assert(RULE_SIGNATURE_COUNT <= 64, "names has a bit for each");
_Static_assert((int)RULE_FRAGMENT_FIRST == (int)PACKET_FRAGMENT_FIRST && (int)RULE_FRAGMENT_LATER == (int)PACKET_FRAGMENT_LATER &&
	(int)RULE_FRAGMENT_WHOLE == (int)PACKET_FRAGMENT_WHOLE, "one way to say it");

struct bucket {
	uint64_t tokens_ticks;
	int64_t used_ns; /* when it was last charged or filled */
	struct ip_addr src;
	int rule; /* 0: free; else the rule's place + 1 */
};

struct evaluator {
	struct rule_list list;
	const struct source_set *sets[RULE_LIST_MAX];
	const struct space *space;
	struct hash_key key;
	struct bucket whole[RULE_LIST_MAX];
	struct bucket *sources; /* EVALUATOR_SOURCES_MAX of them */
};

struct meter_terms meter_terms_of(const struct rule *rule)
{
	struct meter_terms terms = {0};
	if (rule->action != RULE_LIMIT)
		return terms;
	bool is_bits = rule->limit.unit == RULE_UNIT_BPS;
	uint64_t units = is_bits ? 8 : 1;
	uint64_t second_ticks = UINT64_C(1000000000) * XDP_TICKS_PER_NS;
	terms.cost_per_unit = (units * second_ticks << 20) / rule->limit.per_s;
	uint64_t packet_ticks = (is_bits ? LARGEST_PACKET_BYTES : 1) * terms.cost_per_unit >> 20;
	terms.burst_ticks = packet_ticks > BURST_NS * XDP_TICKS_PER_NS ? packet_ticks : BURST_NS * XDP_TICKS_PER_NS;
	return terms;
}

static struct ip_addr addr_of(const uint32_t be32[static 4])
{
	return (struct ip_addr){.be32 = {be32[0], be32[1], be32[2], be32[3]}};
}

bool rule_signature_matches(enum rule_signature signature, const struct packet_facts *facts)
{
	const struct rule_pattern *pattern = &rule_signatures[signature];
	if (signature == RULE_SIGNATURE_NONE)
		return true;
	if ((facts->has & PACKET_HAS_NAMES) != 0)
		return (facts->names >> signature & 1) != 0;
	if (facts->look_count < rule_signature_bytes(signature))
		return false;
	for (unsigned i = 0; i < RULE_LOOK_BYTES; i++) {
		if ((facts->look[i] & pattern->mask[i]) != pattern->value[i])
			return false;
	}
	return true;
}

void rule_facts_name(struct packet_facts *facts)
{
	uint64_t names = 0;
	for (unsigned i = RULE_SIGNATURE_NONE + 1; i < RULE_SIGNATURE_COUNT; i++)
		names |= (uint64_t)rule_signature_matches((enum rule_signature)i, facts) << i;
	memset(facts->look, 0, sizeof(facts->look));
	facts->look_count = 0;
	facts->has |= PACKET_HAS_NAMES;
	facts->names = names;
}

static bool transport_matches(const struct rule *rule, const struct packet_facts *facts)
{
	bool asks_ports = !rule_range_is_any(rule->source_ports) || !rule_range_is_any(rule->destination_ports);
	if (asks_ports && ((facts->has & PACKET_HAS_PORTS) == 0 || !rule_range_has(rule->source_ports, facts->src_port) ||
		!rule_range_has(rule->destination_ports, facts->dst_port)))
		return false;
	if (rule->tcp_mask != 0 &&
		((facts->has & PACKET_HAS_FLAGS) == 0 || (facts->tcp_flags & rule->tcp_mask) != rule->tcp_flags))
		return false;
	if (rule->icmp_type != RULE_ANY && ((facts->has & PACKET_HAS_ICMP) == 0 || facts->icmp_type != rule->icmp_type ||
		(rule->icmp_code != RULE_ANY && facts->icmp_code != rule->icmp_code)))
		return false;
	return rule_signature_matches(rule->signature, facts);
}

static bool protocol_matches(const struct rule *rule, const struct packet_facts *facts)
{
	if (rule->protocol == RULE_ANY)
		return true;
	if (!rule_prefix_is_v4(&rule->destination) && rule_protocol_is_extension(rule->protocol))
		return (facts->extensions & packet_extension_bit(rule->protocol)) != 0;
	return facts->protocol == rule->protocol;
}

static bool source_matches(const struct rule *rule, const struct source_set *set, const struct space *space,
	const struct packet_facts *facts)
{
	struct ip_addr src = addr_of(facts->src_be);
	if (rule->source_set.count > 0)
		return set != NULL && source_set_has(set, &src);
	bool is_one = rule->source_count == 0;
	for (size_t i = 0; i < rule->source_count && !is_one; i++)
		is_one = ip_prefix_covers(&rule->sources[i], &src);
	return is_one && (rule->source_count > 0 || space == NULL || !space_is_protected(space, &src));
}

bool rule_matches(const struct rule *rule, const struct source_set *set, const struct space *space,
	const struct packet_facts *facts)
{
	struct ip_addr dst = addr_of(facts->dst_be);
	return ip_prefix_covers(&rule->destination, &dst) && protocol_matches(rule, facts) &&
		rule_range_has(rule->length_bytes, facts->length_bytes) &&
		(rule->fragments == 0 || (facts->fragment & rule->fragments) != 0) && transport_matches(rule, facts) &&
		source_matches(rule, set, space, facts);
}

int evaluator_new(const struct rule_list *list, const struct source_set *const *sets, const struct space *space,
	struct evaluator **ret_evaluator)
{
	struct evaluator *evaluator = calloc(1, sizeof(*evaluator));
	struct bucket *sources = calloc(EVALUATOR_SOURCES_MAX, sizeof(*sources));
	if (evaluator == NULL || sources == NULL) {
		free(evaluator);
		free(sources);
		return E_NOMEM;
	}
	ASSERT(list->count <= RULE_LIST_MAX);
	evaluator->list = *list;
	for (size_t i = 0; i < list->count; i++)
		evaluator->sets[i] = sets[i];
	evaluator->space = space;
	evaluator->sources = sources;
	random_bytes(&evaluator->key, sizeof(evaluator->key));
	*ret_evaluator = evaluator;
	return OK;
}

void evaluator_free(struct evaluator *evaluator)
{
	if (evaluator == NULL)
		return;
	free(evaluator->sources);
	free(evaluator);
}

/** The bucket of a source under a rule; a free one, or the one not used longest, is made its own. */
static struct bucket *source_bucket(struct evaluator *evaluator, int rule, const struct ip_addr *src)
{
	uint64_t hash = hash_pair(&evaluator->key, src->be64[0] + (uint64_t)rule, src->be64[1]);
	struct bucket *group = &evaluator->sources[hash % (EVALUATOR_SOURCES_MAX / GROUP) * GROUP], *oldest = group;
	for (size_t i = 0; i < GROUP; i++) {
		if (group[i].rule == rule + 1 && ip_equal(&group[i].src, src))
			return &group[i];
		if (group[i].rule == 0 || (oldest->rule != 0 && group[i].used_ns < oldest->used_ns))
			oldest = &group[i];
	}
	*oldest = (struct bucket){.src = *src};
	return oldest;
}

static bool bucket_take(struct bucket *bucket, int rule, const struct meter_terms *terms, uint64_t units, int64_t now_ns)
{
	uint64_t cost_ticks = units * terms->cost_per_unit >> 20, full_ticks = terms->burst_ticks;
	uint64_t elapsed_ticks = (uint64_t)(now_ns - bucket->used_ns) * XDP_TICKS_PER_NS;
	bool is_new = bucket->rule == 0;
	bucket->tokens_ticks = is_new || elapsed_ticks >= full_ticks - bucket->tokens_ticks ? full_ticks
		: bucket->tokens_ticks + elapsed_ticks;
	bucket->rule = rule + 1;
	bucket->used_ns = now_ns;
	if (bucket->tokens_ticks < cost_ticks)
		return false;
	bucket->tokens_ticks -= cost_ticks;
	return true;
}

struct evaluation evaluator_judge(struct evaluator *evaluator, const struct packet_facts *facts, int64_t now_ns)
{
	for (int i = 0; i < (int)evaluator->list.count; i++) {
		const struct rule *rule = &evaluator->list.rules[i];
		if (!rule_matches(rule, evaluator->sets[i], evaluator->space, facts))
			continue;
		struct evaluation evaluation = {.rule = i, .is_dropped = rule->action == RULE_DROP};
		if (rule->action == RULE_LIMIT) {
			struct ip_addr src = addr_of(facts->src_be);
			struct meter_terms terms = meter_terms_of(rule);
			bool is_whole = rule->limit.scope == RULE_SCOPE_WHOLE;
			struct bucket *bucket = is_whole ? &evaluator->whole[i] : source_bucket(evaluator, i, &src);
			uint64_t units = rule->limit.unit == RULE_UNIT_BPS ? facts->length_bytes : 1;
			evaluation.is_dropped = !bucket_take(bucket, i, &terms, units, now_ns);
		}
		return evaluation;
	}
	return (struct evaluation){.rule = -1};
}
