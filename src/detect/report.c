/* Findings from evidence; see report.h. Nothing here decides, it only tells. */
#include "detect/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"

#define RANDOM_PERMILLE 500 /* frequent values that cover less than this explain little */
#define PORT_CARPET_PORTS 50 /* destination ports from which on they are a carpet */

static uint16_t permille_of(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return 0;
	uint64_t permille = (uint64_t)((unsigned __int128)part * 1000 / whole);
	return permille > 1000 ? 1000 : (uint16_t)permille;
}

static void top_report(const struct top *top, struct finding_top *ret_top)
{
	struct top sorted = *top;
	top_sort(&sorted);
	unsigned covered = 0;
	*ret_top = (struct finding_top){0};
	for (unsigned i = 0; i < sorted.used && ret_top->count < FINDING_TOP_MAX; i++) {
		uint16_t permille = permille_of(sorted.counts[i], sorted.total);
		if (permille < 10)
			break;
		ret_top->entries[ret_top->count].value = sorted.values[i];
		ret_top->entries[ret_top->count].permille = permille;
		ret_top->count++;
		covered += permille;
	}
	ret_top->is_random = sorted.total > 0 && covered < RANDOM_PERMILLE;
}

static void name_vector(const struct judged *judged, struct finding_vector *vector)
{
	enum vector name = (enum vector)judged->vector;
	if (name == VECTOR_UDP_REFLECTION)
		snprintf(vector->name, sizeof(vector->name), "udp_reflection_%u", judged->port);
	else
		snprintf(vector->name, sizeof(vector->name), "%s", vector_name(name));
	vector->service[0] = '\0';
	for (unsigned i = 0; i < amplifier_count; i++) {
		if (amplifiers[i].vector == name) {
			snprintf(vector->service, sizeof(vector->service), "%s", amplifiers[i].service);
			break;
		}
	}
}

static void vector_report(const struct profile *profile, const struct verdict *verdict, const struct judged *judged,
	struct finding_vector *vector)
{
	const struct slot *slot = &profile->slots[judged->slot];
	memset(vector, 0, sizeof(*vector));
	name_vector(judged, vector);
	vector->protocol = slot->protocol;
	vector->ip_version = slot->is_v6 ? 6 : 4;
	vector->packets = judged->packets;
	vector->bytes = judged->bytes;
	vector->packets_permille = permille_of(judged->packets, verdict->attack_packets);
	vector->bytes_permille = permille_of(judged->bytes, verdict->attack_bytes);
	vector->start_ms = slot->start_ns / NS_PER_MS;
	vector->end_ms = slot->end_ns / NS_PER_MS;
	uint64_t sources = distinct_estimate(slot->peers, DISTINCT_SMALL);
	vector->source_count = sources > UINT32_MAX ? UINT32_MAX : (uint32_t)sources;
	top_report(&slot->src_ports, &vector->src_ports);
	top_report(&slot->dst_ports, &vector->dst_ports);
	top_report(&slot->lengths, &vector->lengths);
	top_report(&slot->ttls, &vector->ttls);
	if (slot->protocol == PROTOCOL_TCP)
		top_report(&slot->details, &vector->tcp_flags);
	if (slot->protocol == PROTOCOL_ICMP || slot->protocol == PROTOCOL_ICMPV6)
		top_report(&slot->details, &vector->icmp);
}

void report_vectors(const struct profile *profile, const struct verdict *verdict, struct finding *finding)
{
	finding->packets = verdict->attack_packets;
	finding->bytes = verdict->attack_bytes;
	finding->sampling = profile->sampling;
	memcpy(finding->class_packets, profile->class_packets, sizeof(finding->class_packets));
	finding->vector_count = 0;
	for (unsigned i = 0; i < verdict->count && finding->vector_count < FINDING_VECTORS_MAX; i++) {
		struct finding_vector *vector = &finding->vectors[finding->vector_count++];
		vector_report(profile, verdict, &verdict->vectors[i], vector);
		/* A flow record begins before what it is counted in: no vector begins before its finding. */
		if (vector->start_ms < finding->window_start_ms)
			vector->start_ms = finding->window_start_ms;
		if (vector->end_ms < vector->start_ms)
			vector->end_ms = vector->start_ms;
	}
}

/** Whether a vector was told of: sources of honest traffic are not listed. */
static bool is_told(const struct profile *profile, const struct verdict *verdict, const struct peer *peer)
{
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		const struct slot *slot = &profile->slots[judged->slot];
		if (slot->vector == peer->vector && judged->packets * 2 >= slot->packets)
			return true;
	}
	return verdict->count == 0;
}

/** Keeps the largest: an insertion into the list by packets. */
static void source_insert(struct finding *finding, const struct finding_source *source)
{
	size_t at = finding->listed_count;
	if (at == FINDING_SOURCES_MAX) {
		if (finding->sources[at - 1].packets >= source->packets)
			return;
		at--;
	} else {
		finding->listed_count++;
	}
	for (; at > 0 && finding->sources[at - 1].packets < source->packets; at--)
		finding->sources[at] = finding->sources[at - 1];
	finding->sources[at] = *source;
}

static void origin_count(struct finding *finding, uint32_t asn, const char country[static 3], const struct finding_source *source)
{
	size_t i = 0;
	for (; i < finding->origin_count; i++) {
		const struct finding_origin *origin = &finding->origins[i];
		if (origin->asn == asn && (asn != 0 || strcmp(origin->country, country) == 0))
			break;
	}
	if (i == ARRAY_LEN(finding->origins))
		return;
	struct finding_origin *origin = &finding->origins[i];
	if (i == finding->origin_count) {
		*origin = (struct finding_origin){.asn = asn};
		memcpy(origin->country, country, sizeof(origin->country));
		finding->origin_count++;
	}
	origin->source_count++;
	uint16_t permille = permille_of(source->packets, finding->packets);
	origin->packets_permille = origin->packets_permille + permille > 1000 ? 1000 : (uint16_t)(origin->packets_permille + permille);
}

static void report_origins(const struct intel *intel, struct finding *finding)
{
	finding->origin_count = 0;
	for (size_t i = 0; i < finding->listed_count; i++) {
		struct finding_source *source = &finding->sources[i];
		if (source->verdict == SOURCE_SPOOFED)
			continue; /* the owner of a forged address has nothing to do with it */
		struct origin origin = intel_origin(intel, &source->addr);
		source->asn = origin.asn;
		memcpy(source->country, origin.country, sizeof(source->country));
		if (origin.country[0] != '\0')
			origin_count(finding, 0, origin.country, source);
		if (origin.asn != 0)
			origin_count(finding, origin.asn, origin.country, source);
	}
}

void report_sources(const struct intel *intel, const struct profile *profile, const struct verdict *verdict,
	struct finding *finding)
{
	const struct peer *peers = &profile->peers[0][0];
	uint64_t count = distinct_estimate(profile->all_peers, DISTINCT_LARGE);
	finding->source_count = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	finding->listed_count = 0;
	for (unsigned i = 0; i < PROFILE_PEER_SETS * PROFILE_PEER_WAYS; i++) {
		const struct peer *peer = &peers[i];
		if (peer->packets < 2 || !is_told(profile, verdict, peer))
			continue;
		struct finding_source source = {
			.addr = peer->addr,
			.packets = peer->packets,
			.bytes = peer->bytes,
			.flow_class = (enum flow_class)peer->flow_class,
		};
		/* Between private addresses a private address is no wonder. */
		bool is_bogon = intel_is_bogon(&peer->addr) && !intel_is_bogon(&profile->end.addr);
		source.verdict = judge_peer(profile, peer, is_bogon, source.why);
		source_insert(finding, &source);
	}
	report_origins(intel, finding);
}

/** Period and duty of a pulse wave from the rises that are remembered: at least three, evenly apart. */
static bool pulse_of(const struct watch *watch, uint32_t *ret_period_ms, uint16_t *ret_duty_permille)
{
	unsigned known = watch->rise_count < WATCH_PULSES ? watch->rise_count : WATCH_PULSES;
	if (known < 3)
		return false;
	int64_t first = watch->rises_ns[(watch->rise_count - known) % WATCH_PULSES];
	int64_t last = watch->rises_ns[(watch->rise_count - 1) % WATCH_PULSES];
	int64_t mean = (last - first) / (known - 1);
	for (unsigned i = watch->rise_count - known + 1; i < watch->rise_count; i++) {
		int64_t gap = watch->rises_ns[i % WATCH_PULSES] - watch->rises_ns[(i - 1) % WATCH_PULSES];
		if (gap * 10 < mean * 5 || gap * 10 > mean * 15)
			return false;
	}
	int64_t whole = watch->last_over_ns - watch->first_over_ns;
	*ret_period_ms = (uint32_t)(mean / NS_PER_MS);
	*ret_duty_permille = permille_of((uint64_t)watch->over_total_ns, (uint64_t)(whole > 0 ? whole : 1));
	return true;
}

void report_shapes(const struct watch *watch, bool is_last, struct finding *finding)
{
	unsigned large = 0;
	bool is_port_carpet = false;
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		large += vector->packets_permille >= 50 || vector->bytes_permille >= 50;
	}
	for (unsigned i = 0; i < watch->profile.slot_count && !is_port_carpet; i++) {
		const struct slot *slot = &watch->profile.slots[i];
		bool has_ports = slot->protocol == PROTOCOL_TCP || slot->protocol == PROTOCOL_UDP;
		bool is_large = slot->packets * 2 >= finding->packets;
		is_port_carpet = has_ports && is_large && distinct_estimate(slot->ports, DISTINCT_SMALL) >= PORT_CARPET_PORTS;
	}
	finding->shapes = large >= 2 ? SHAPE_MULTI_VECTOR : 0;
	if (is_port_carpet)
		finding->shapes |= SHAPE_PORT_CARPET;
	if (watch->role == WATCH_PREFIX)
		finding->shapes |= SHAPE_CARPET;
	if (pulse_of(watch, &finding->pulse_period_ms, &finding->pulse_duty_permille))
		finding->shapes |= SHAPE_PULSE;
	else if (is_last && finding->window_end_ms - finding->window_start_ms < 10000)
		finding->shapes |= SHAPE_BURST;
	if (watch->ramp_pps > 0 && watch->peak_pps >= watch->ramp_pps * 3 && !(finding->shapes & SHAPE_PULSE))
		finding->shapes |= SHAPE_RAMP;
}

/** What was exceeded, in words. */
static int write_cause(const struct watch *watch, const struct finding *finding, char *text, size_t room)
{
	char end[IP_PREFIX_TEXT_BYTES];
	ip_prefix_write(&finding->target, end);
	const char *way = watch->role == WATCH_SENDER ? "from" : "to";
	if (strcmp(watch->threshold_name, "offline_packets") == 0)
		return snprintf(text, room, "%" PRIu64 " packets %s %s that honest traffic does not explain", finding->packets, way, end);
	bool is_bits = strstr(watch->threshold_name, "bps") != NULL;
	uint64_t measured = is_bits ? finding->peak_bps : finding->peak_pps;
	uint64_t tenths = watch->threshold_value > 0 ? measured * 10 / watch->threshold_value : 0;
	return snprintf(text, room, "%" PRIu64 " %s/s %s %s at the peak, %" PRIu64 ".%" PRIu64 " x %s of %" PRIu64, measured,
		is_bits ? "bits" : "packets", way, end, tenths / 10, tenths % 10, watch->threshold_name, watch->threshold_value);
}

void report_why(const struct watch *watch, const struct verdict *verdict, struct finding *finding)
{
	char *text = finding->why;
	size_t room = sizeof(finding->why);
	int used = write_cause(watch, finding, text, room);
	if (finding->kind == FINDING_FLASH_CROWD) {
		snprintf(text + used, room - (size_t)used, "; %" PRIu64 " living connections from about %u clients: real demand",
			verdict->connections, finding->source_count);
		return;
	}
	for (size_t i = 0; i < finding->vector_count && i < 3; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		used += snprintf(text + used, room - (size_t)used, "; %u.%u %% %s", vector->packets_permille / 10,
			vector->packets_permille % 10, vector->name);
	}
	const char *ends = watch->role == WATCH_SENDER ? "destination" : "source";
	snprintf(text + used, room - (size_t)used, "; about %u %s%s", finding->source_count, ends,
		finding->source_count == 1 ? "" : "s");
}

void watch_report(struct watch_owner *owner, struct watch *watch, enum finding_phase phase, int64_t now_ns)
{
	struct engine *engine = owner->engine;
	struct finding *finding = &engine->scratch;
	struct judge_context context = watch_context(owner, watch, now_ns);
	struct verdict verdict;
	judge(&watch->profile, &context, &verdict);
	if (verdict.count > 0)
		watch->verdict = verdict;
	else
		verdict = watch->verdict;

	memset(finding, 0, sizeof(*finding));
	snprintf(finding->sensor, sizeof(finding->sensor), "%s", engine->config.sensor);
	finding->kind = watch->kind;
	finding->phase = phase;
	finding->sequence = watch->sequence;
	finding->target = watch->profile.end;
	finding->target_count = 1;
	finding->window_start_ms = watch->start_ns / NS_PER_MS;
	finding->window_end_ms = (phase == FINDING_END ? watch->last_over_ns : now_ns) / NS_PER_MS;
	if (engine->config.offline)
		finding->window_end_ms = watch->profile.last_ns / NS_PER_MS;
	if (finding->window_end_ms < finding->window_start_ms)
		finding->window_end_ms = finding->window_start_ms;
	finding->first_over_ms = watch->first_over_ns / NS_PER_MS;
	finding->told_ms = now_ns / NS_PER_MS;
	finding->peak_pps = watch->peak_pps;
	finding->peak_bps = watch->peak_bps;
	snprintf(finding->threshold, sizeof(finding->threshold), "%s", watch->threshold_name);
	finding->threshold_value = watch->threshold_value;
	report_vectors(&watch->profile, &verdict, finding);
	report_sources(engine->intel, &watch->profile, &verdict, finding);
	if (owner->complete != NULL)
		owner->complete(owner->state, watch, finding);
	report_shapes(watch, phase == FINDING_END, finding);

	unsigned sure = verdict.sure;
	if (watch->threshold_value > 0 && finding->peak_pps >= 3 * watch->threshold_value && sure < 97)
		sure += 2;
	if (watch->profile.observations < 100 && sure > 15)
		sure -= 15;
	if (watch->kind == FINDING_FLASH_CROWD)
		sure = 60;
	finding->confidence = (uint8_t)sure;
	report_why(watch, &verdict, finding);
	if (watch->id[0] == '\0') {
		finding_identify(finding);
		memcpy(watch->id, finding->id, sizeof(watch->id));
	}
	memcpy(finding->id, watch->id, sizeof(finding->id));
}
