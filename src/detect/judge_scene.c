/*
 * Filling scene and facts; see judge_scene.h. Estimates of distinct numbers
 * err by a tenth, which the rules allow for.
 */
#include "detect/judge_scene.h"

#include "core/clock.h"
#include "core/err.h"

const struct slot *slot_of(const struct profile *profile, enum vector vector)
{
	unsigned index = profile->slot_of[vector];
	return index != 0 ? &profile->slots[index - 1] : NULL;
}

uint64_t packets_of(const struct profile *profile, enum vector vector)
{
	const struct slot *slot = slot_of(profile, vector);
	return slot != NULL ? slot->packets : 0;
}

uint64_t slot_fresh_pps(const struct scene *scene, const struct slot *slot)
{
	const struct fresh *fresh = scene->context->fresh;
	return fresh != NULL && slot != NULL ? fresh_pps(fresh, (unsigned)(slot - scene->profile->slots)) : 0;
}

bool is_thinned(const struct scene *scene, const struct slot *slot)
{
	return scene->profile->sampling > 1 || slot->packets > slot->seen * 2;
}

unsigned unexplained_permille(uint64_t packets, uint64_t explained)
{
	if (packets == 0 || explained >= packets)
		return 0;
	return (unsigned)((packets - explained) * 1000 / packets);
}

unsigned unanswered_permille(const struct scene *scene, const struct facts *facts, uint64_t answers, uint64_t each)
{
	unsigned by_count = unexplained_permille(facts->slot->packets, answers * each);
	/* A download's few acknowledgements may all have been passed over. */
	if (is_thinned(scene, facts->slot) && facts->peers < 10 && facts->slot->seen < each * 5)
		return 0;
	if (facts->flows < 30 || scene->profile->sampling > 1)
		return by_count;
	uint64_t answered = distinct_common(facts->slot->flows, scene->reverse->flows, DISTINCT_SMALL);
	unsigned by_flow = unexplained_permille(facts->flows, answered);
	bool is_newborn = scene->context->age_ns < 500 * NS_PER_MS, is_young = scene->context->age_ns < NS_PER_S;
	if (is_newborn || (is_young && by_flow < 800))
		return by_flow < by_count ? by_flow : by_count;
	return by_flow < 200 ? 0 : by_flow; /* the sketches err by a tenth */
}

bool is_backscatter(const struct scene *scene, const struct facts *facts)
{
	return scene->is_prefix ? facts->peers * 8 <= scene->hosts : facts->peers <= 2 && facts->pps < 50;
}

/** Means of flow records differ a little where the packets' lengths do not: handshakes are among them. */
static unsigned near_permille(const struct top *lengths, uint32_t length)
{
	uint64_t near = 0;
	for (unsigned i = 0; i < lengths->used; i++) {
		uint32_t gap = lengths->values[i] > length ? lengths->values[i] - length : length - lengths->values[i];
		if (gap * 200 <= length)
			near += lengths->counts[i];
	}
	return lengths->total > 0 ? (unsigned)(near * 1000 / lengths->total) : 0;
}

void facts_of(const struct scene *scene, const struct slot *slot, struct facts *ret_facts)
{
	*ret_facts = (struct facts){
		.slot = slot,
		.peers = distinct_estimate(slot->peers, DISTINCT_SMALL),
		.flows = distinct_estimate(slot->flows, DISTINCT_SMALL),
		.ports = distinct_estimate(slot->ports, DISTINCT_SMALL),
		.pps = scene->packets > 0 ? scene->context->peak_pps * slot->packets / scene->packets : 0,
		.mean_bytes = slot->packets > 0 ? slot->bytes / slot->packets : 0,
	};
	/* What joins a flood that has lasted is as fast as it is now, however small its share since the begin. */
	if (slot_fresh_pps(scene, slot) > ret_facts->pps)
		ret_facts->pps = slot_fresh_pps(scene, slot);
	ret_facts->length_permille = top_first_permille(&slot->lengths, &ret_facts->length);
	if (slot->protocol == PROTOCOL_TCP && slot->is_flow)
		ret_facts->length_permille = near_permille(&slot->lengths, ret_facts->length);
}

void scene_of(const struct profile *profile, const struct judge_context *context, struct scene *ret_scene)
{
	*ret_scene = (struct scene){
		.profile = profile,
		.context = context,
		.reverse = &profile->reverse,
		.is_prefix = profile->end.bits < 128,
		.hosts = distinct_estimate(profile->all_hosts, DISTINCT_SMALL),
		.visible = context->sees_answers || profile->reverse.packets > 0,
		.ack = packets_of(profile, VECTOR_ACK_FLOOD),
		.psh = packets_of(profile, VECTOR_PSH_ACK_FLOOD),
		.syn = packets_of(profile, VECTOR_SYN_FLOOD) + packets_of(profile, VECTOR_SYN_ECE_CWR_FLOOD) +
			packets_of(profile, VECTOR_SYN_PAYLOAD_FLOOD),
	};
	for (unsigned i = 0; i < profile->slot_count; i++) {
		ret_scene->packets += profile->slots[i].packets;
		if (profile->slots[i].protocol == PROTOCOL_TCP)
			ret_scene->tcp += profile->slots[i].packets;
	}
	scene_add_tcp(ret_scene);
}
