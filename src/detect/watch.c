/*
 * Findings through their life. Rates come from the profile's slots, what is
 * attack comes from the judge; this file only compares, remembers and tells.
 *
 * Live, a finding begins when attack packets of one second reach the
 * threshold, wherever in time that second lies (flow records tell late).
 * Offline there is no network to fit a threshold to, so it begins when enough
 * packets are attack beyond doubt, at whatever rate.
 */
#include "detect/watch.h"

#include <stddef.h>
#include <string.h>

#include "core/clock.h"
#include "detect/hosts.h"
#include "detect/report.h"

#define EPOCH_NS (3 * NS_PER_S) /* shares are of the last seconds while nothing is open */
#define LOOK_NS (250 * NS_PER_MS) /* an open finding is judged this often, or when another vector seems to join */
#define STIRRING_MAX 16 /* open findings that are judged before their time; of more each waits for its turn */
#define CHANGE_NS (250 * NS_PER_MS) /* changes are at least so far apart */
#define ABSENT_NS (4 * NS_PER_S) /* a vector that was away for so long is told again: what was done against it may have ended */
#define OFFLINE_LOOK_NS (500 * NS_PER_MS)
#define OFFLINE_SETTLE_NS (1500 * NS_PER_MS)
#define OFFLINE_ATTACK_PERMILLE 600 /* offline: most of the traffic must be attack */
#define OFFLINE_EPOCH_OBSERVATIONS 400 /* offline: a slow epoch goes on until it can be judged */

void watch_init(struct watch *watch, enum watch_role role, const struct ip_prefix *end, uint64_t hash, int64_t now_ns)
{
	memset(watch, 0, offsetof(struct watch, profile));
	profile_init(&watch->profile, end, hash, now_ns);
	watch->role = role;
}

static bool is_group(const struct ip_prefix *end)
{
	const struct ip_addr *addr = &end->addr;
	if (!ip_is_v4(addr))
		return addr->bytes[0] == 0xff;
	return addr->bytes[12] >= 224;
}

/** The threshold of packets that a vector may pass by itself. */
static uint64_t enough_pps(const struct watch_owner *owner, const struct watch *watch)
{
	const struct detect_threshold *t = engine_threshold(owner->engine, &watch->profile.end.addr);
	return watch->role == WATCH_SENDER ? t->outbound_pps : watch->role == WATCH_PREFIX ? t->prefix_pps : t->host_pps;
}

struct judge_context watch_context(const struct watch_owner *owner, const struct watch *watch, int64_t now_ns)
{
	const struct engine *engine = owner->engine;
	const struct ip_addr *addr = &watch->profile.end.addr;
	return (struct judge_context){
		.sees_answers = answers_seen(&engine->answers, answers_hash(&engine->key, addr, watch->role), now_ns),
		.is_sender = watch->role == WATCH_SENDER,
		.is_group = is_group(&watch->profile.end),
		.age_ns = now_ns - watch->profile.epoch_ns,
		.peak_pps = watch->peak_pps,
		.crowd_pps = watch->is_open && !engine->config.offline && strstr(watch->threshold_name, "pps") != NULL
			? watch->threshold_value / 2 : 0,
		.fresh = watch->is_open && !engine->config.offline ? &watch->fresh : NULL,
		.told = watch->is_open && !engine->config.offline ? watch->told : NULL,
		.is_scanner = sweep_is_scanner,
		.scanners = engine->sweep,
	};
}

static void judge_watch(const struct watch_owner *owner, const struct watch *watch, int64_t now_ns, struct verdict *ret_verdict)
{
	struct judge_context context = watch_context(owner, watch, now_ns);
	judge(&watch->profile, &context, ret_verdict);
}

/** A threshold that may have been passed. */
struct limit {
	const char *name;
	uint64_t value;
};

/** Share of the recent attack that is of one protocol (0: any) or SYN, in permille of all recent packets. */
static uint64_t attack_permille_of(const struct watch *watch, const struct verdict *verdict, int protocol, bool is_syn)
{
	uint64_t part = 0, all = 0;
	for (unsigned i = 0; i < watch->profile.slot_count; i++)
		all += watch->profile.slots[i].recent_packets;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		uint8_t of = watch->profile.slots[judged->slot].protocol;
		bool is_icmp = protocol == PROTOCOL_ICMP && of == PROTOCOL_ICMPV6;
		bool is_of_syn = judged->vector >= VECTOR_SYN_FLOOD && judged->vector <= VECTOR_SYN_ECE_CWR_FLOOD;
		if (is_syn ? is_of_syn : (of == protocol || is_icmp))
			part += judged->recent_packets;
	}
	return all > 0 ? part * 1000 / all : 0;
}

static bool limit_passed(struct limit *limit, const char *name, uint64_t value, uint64_t measured)
{
	if (value == 0 || measured < value)
		return false;
	*limit = (struct limit){name, value};
	return true;
}

/** A learned threshold and the part of the attack that is measured against it. */
struct learned {
	enum baseline_metric metric;
	uint64_t measured;
};

static bool learned_passed(const struct watch_owner *owner, const struct watch *watch, const struct learned *learned,
	size_t count, int64_t now_ns, struct limit *ret_limit)
{
	const struct baseline *baseline = owner->engine->baseline;
	for (size_t i = 0; baseline != NULL && i < count; i++) {
		uint64_t value;
		if (baseline_limit(baseline, &watch->profile.end.addr, learned[i].metric, now_ns, &value) &&
			limit_passed(ret_limit, baseline_metric_name(learned[i].metric), value, learned[i].measured))
			return true;
	}
	return false;
}

/** Recent attack of one vector, per second. */
static uint64_t vector_pps(const struct verdict *verdict, enum vector vector, struct rate rate)
{
	uint64_t part = 0, all = 0;
	for (unsigned i = 0; i < verdict->count; i++) {
		all += verdict->vectors[i].recent_packets;
		if (verdict->vectors[i].vector == vector)
			part += verdict->vectors[i].recent_packets;
	}
	return all > 0 ? rate.pps * verdict->attack_permille / 1000 * part / all : 0;
}

/** The first threshold that the attack passes, if any. */
static bool limit_find(const struct watch_owner *owner, const struct watch *watch, const struct verdict *verdict,
	struct rate rate, int64_t now_ns, struct limit *ret_limit)
{
	const struct detect_threshold *t = engine_threshold(owner->engine, &watch->profile.end.addr);
	uint64_t pps = rate.pps * verdict->attack_permille / 1000;
	uint64_t share = verdict->bytes > 0 ? verdict->attack_bytes * 1000 / verdict->bytes : 0;
	uint64_t bps = rate.bps / 1000 * share;
	if (watch->role == WATCH_SENDER) {
		const struct learned learned[] = {{BASELINE_OUT_PPS, pps}, {BASELINE_OUT_BPS, bps}};
		return limit_passed(ret_limit, "outbound_pps", t->outbound_pps, pps) ||
			learned_passed(owner, watch, learned, ARRAY_LEN(learned), now_ns, ret_limit);
	}
	if (watch->role == WATCH_PREFIX) {
		const struct learned learned[] = {{BASELINE_PPS, pps}, {BASELINE_BPS, bps}};
		return limit_passed(ret_limit, "prefix_pps", t->prefix_pps, pps) ||
			limit_passed(ret_limit, "prefix_bps", t->prefix_bps, bps) ||
			learned_passed(owner, watch, learned, ARRAY_LEN(learned), now_ns, ret_limit);
	}
	uint64_t tcp = rate.pps * attack_permille_of(watch, verdict, PROTOCOL_TCP, false) / 1000;
	uint64_t udp = rate.pps * attack_permille_of(watch, verdict, PROTOCOL_UDP, false) / 1000;
	uint64_t icmp = rate.pps * attack_permille_of(watch, verdict, PROTOCOL_ICMP, false) / 1000;
	uint64_t syn = rate.pps * attack_permille_of(watch, verdict, 0, true) / 1000;
	const struct learned learned[] = {
		{BASELINE_PPS, pps},
		{BASELINE_BPS, bps},
		{BASELINE_TCP_PPS, tcp},
		{BASELINE_UDP_PPS, udp},
		{BASELINE_ICMP_PPS, icmp},
		{BASELINE_SYN_PPS, syn},
		{BASELINE_DNS_PPS, vector_pps(verdict, VECTOR_DNS_QUERY_FLOOD, rate)},
		{BASELINE_QUIC_PPS, vector_pps(verdict, VECTOR_QUIC_FLOOD, rate)},
		{BASELINE_NTP_PPS, vector_pps(verdict, VECTOR_NTP_FLOOD, rate)},
		{BASELINE_VPN_PPS, vector_pps(verdict, VECTOR_VPN_FLOOD, rate)},
	};
	return limit_passed(ret_limit, "host_pps", t->host_pps, pps) || limit_passed(ret_limit, "host_bps", t->host_bps, bps) ||
		limit_passed(ret_limit, "host_tcp_pps", t->host_tcp_pps, tcp) ||
		limit_passed(ret_limit, "host_udp_pps", t->host_udp_pps, udp) ||
		limit_passed(ret_limit, "host_icmp_pps", t->host_icmp_pps, icmp) ||
		limit_passed(ret_limit, "host_syn_pps", t->host_syn_pps, syn) ||
		learned_passed(owner, watch, learned, ARRAY_LEN(learned), now_ns, ret_limit);
}

/** Whether all of the traffic, were it attack, would pass a threshold: otherwise nobody needs to judge. */
static bool could_pass(const struct watch_owner *owner, const struct watch *watch, struct rate rate)
{
	const struct detect_threshold *t = engine_threshold(owner->engine, &watch->profile.end.addr);
	bool is_learned = owner->engine->baseline != NULL && (rate.pps >= BASELINE_FLOOR_PPS || rate.bps >= BASELINE_FLOOR_BPS);
	const uint64_t host[] = {t->host_pps, t->host_tcp_pps, t->host_udp_pps, t->host_icmp_pps, t->host_syn_pps};
	if (is_learned)
		return true;
	if (watch->role == WATCH_SENDER)
		return t->outbound_pps != 0 && rate.pps >= t->outbound_pps;
	if (watch->role == WATCH_PREFIX)
		return (t->prefix_pps != 0 && rate.pps >= t->prefix_pps) || (t->prefix_bps != 0 && rate.bps >= t->prefix_bps);
	for (unsigned i = 0; i < ARRAY_LEN(host); i++) {
		if (host[i] != 0 && rate.pps >= host[i])
			return true;
	}
	return t->host_bps != 0 && rate.bps >= t->host_bps;
}

static uint64_t vector_bit(const struct judged *judged)
{
	return UINT64_C(1) << judged->vector % 64;
}

/** Whether a vector has just become a large part: within the last window, where there are windows. */
static bool is_fresh(const struct watch_owner *owner, const struct watch *watch, const struct judged *judged)
{
	return !owner->engine->config.offline &&
		fresh_is_large(&watch->fresh, judged->slot, judged->fresh_permille, enough_pps(owner, watch));
}

/** The vectors that are a large part at present. */
static void vector_bits(const struct watch_owner *owner, const struct watch *watch, const struct verdict *verdict,
	uint64_t ret_bits[2])
{
	uint64_t all = 0;
	ret_bits[0] = ret_bits[1] = 0;
	for (unsigned i = 0; i < watch->profile.slot_count; i++)
		all += watch->profile.slots[i].recent_packets;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		if (judged->recent_packets * 10 >= all || is_fresh(owner, watch, judged))
			ret_bits[judged->vector / 64] |= vector_bit(judged);
	}
}

static enum finding_kind kind_of(const struct watch *watch)
{
	switch (watch->role) {
	case WATCH_SENDER:
		return FINDING_OUTBOUND_ATTACK;
	case WATCH_PREFIX:
		return FINDING_CARPET_BOMBING;
	case WATCH_TARGET:
	case WATCH_NONE:
		break;
	}
	return FINDING_FLOOD;
}

static void tell(struct watch_owner *owner, struct watch *watch, enum finding_phase phase, int64_t now_ns)
{
	watch_report(owner, watch, phase, now_ns);
	engine_emit(owner->engine);
	watch->sequence++;
}

void watch_change(struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	tell(owner, watch, FINDING_CHANGE, now_ns);
}

static void begin(struct watch_owner *owner, struct watch *watch, enum finding_kind kind, const struct limit *limit,
	const struct verdict *verdict, int64_t now_ns)
{
	if (watch->role == WATCH_TARGET && carpet_covers(owner->engine->carpet, &watch->profile)) {
		profile_new_epoch(&watch->profile, now_ns);
		return;
	}
	if (owner->open_count >= owner->open_max) {
		owner->engine->counters.findings_refused++;
		return;
	}
	owner->open_count++;
	watch->is_open = true;
	watch->kind = kind;
	watch->sequence = 0;
	watch->threshold_name = limit->name;
	watch->threshold_value = limit->value;
	watch->first_over_ns = now_ns;
	watch->last_over_ns = now_ns;
	watch->is_over = true;
	watch->rises_ns[0] = now_ns;
	watch->rise_count = 1;
	watch->over_total_ns = 0;
	watch->ramp_pps = 0;
	watch->id[0] = '\0';
	int64_t rise_ns = rates_rise_ns(&watch->profile.rates, now_ns, limit->value / 8 + 1);
	watch->profile.is_of_connections = kind == FINDING_FLOOD && senders_concern(verdict);
	watch->start_ns = owner->engine->config.offline ? watch->profile.epoch_ns : rise_ns;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct slot *slot = &watch->profile.slots[verdict->vectors[i].slot];
		if (slot->start_ns < watch->start_ns && slot->start_ns > rise_ns - NS_PER_S && !owner->engine->config.offline)
			watch->start_ns = slot->start_ns;
	}
	fresh_begin(&watch->fresh, &watch->profile, now_ns);
	watch->changed_ns = now_ns;
	vector_bits(owner, watch, verdict, watch->told);
	memcpy(watch->seen, watch->told, sizeof(watch->seen));
	tell(owner, watch, FINDING_BEGIN, now_ns);
}

static void close_finding(struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	tell(owner, watch, FINDING_END, now_ns);
	watch->is_open = false;
	watch->is_over = false;
	watch->profile.is_of_connections = false;
	owner->open_count--;
}

static void end(struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	close_finding(owner, watch, now_ns);
	watch->peak_pps = watch->peak_bps = 0;
	profile_new_epoch(&watch->profile, now_ns);
}

/** Bots that began as visitors do: what was told as a crowd ends, and the attack that it has become begins. @return whether */
static bool crowd_turns(struct watch_owner *owner, struct watch *watch, const struct verdict *verdict, struct rate rate,
	int64_t now_ns)
{
	struct limit limit;
	if (watch->kind != FINDING_FLASH_CROWD || !limit_find(owner, watch, verdict, rate, now_ns, &limit))
		return false;
	close_finding(owner, watch, now_ns);
	begin(owner, watch, kind_of(watch), &limit, verdict, now_ns);
	return true;
}

/** Remembers rises and the time above the threshold, so that a pulse wave can be told. */
static void note_over(struct watch *watch, bool is_over, int64_t now_ns, int64_t since_ns)
{
	if (is_over && !watch->is_over) {
		watch->rises_ns[watch->rise_count % WATCH_PULSES] = now_ns;
		watch->rise_count++;
	}
	if (is_over) {
		watch->last_over_ns = now_ns;
		watch->over_total_ns += now_ns > since_ns ? now_ns - since_ns : 0;
	}
	watch->is_over = is_over;
}

/** Vectors that are back after a while are told anew. */
static void forget_absent(const struct watch_owner *owner, struct watch *watch, const struct verdict *verdict, int64_t now_ns)
{
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		int64_t active_ns = watch->fresh.active_ns[judged->slot];
		if (is_fresh(owner, watch, judged) && active_ns != 0 && now_ns - active_ns >= ABSENT_NS)
			watch->told[judged->vector / 64] &= ~vector_bit(judged);
	}
	for (unsigned i = 0; i < verdict->count; i++) {
		if (is_fresh(owner, watch, &verdict->vectors[i]))
			watch->fresh.active_ns[verdict->vectors[i].slot] = now_ns;
	}
}

/** Tells of vectors that joined, once they have been there at two looks. */
static void note_vectors(struct watch_owner *owner, struct watch *watch, const struct verdict *verdict, int64_t now_ns)
{
	uint64_t bits[2], joined = 0;
	forget_absent(owner, watch, verdict, now_ns);
	vector_bits(owner, watch, verdict, bits);
	bool may_tell = now_ns - watch->changed_ns >= CHANGE_NS;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t fresh = bits[i] & ~watch->told[i];
		uint64_t confirmed = may_tell ? fresh & watch->seen[i] : 0;
		watch->seen[i] = fresh;
		watch->told[i] |= confirmed;
		joined |= confirmed;
	}
	if (joined == 0)
		return;
	watch->changed_ns = now_ns;
	tell(owner, watch, FINDING_CHANGE, now_ns);
}

/** Whether a slot has just become a large part that is not known to be so: something may have joined. */
static bool is_stirring(const struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	if (owner->engine->config.offline || !fresh_turn(&watch->fresh, &watch->profile, now_ns) || owner->open_count > STIRRING_MAX)
		return false;
	for (unsigned i = 0; i < watch->profile.slot_count; i++) {
		bool is_new = watch->fresh.active_ns[i] == 0 || now_ns - watch->fresh.active_ns[i] >= ABSENT_NS;
		if (fresh_is_large(&watch->fresh, i, 1000, enough_pps(owner, watch)) && (is_new || (watch->seen[0] | watch->seen[1])))
			return true;
	}
	return false;
}

/** Whether there is enough to judge: observations, or flow records of many packets. */
static bool is_enough(const struct profile *profile)
{
	uint64_t seen = profile->observations;
	for (unsigned i = 0; i < profile->slot_count; i++)
		seen += profile->slots[i].seen;
	return seen >= JUDGE_OBSERVATIONS_MIN;
}

static void look_live(struct watch_owner *owner, struct watch *watch, struct rate rate, int64_t now_ns)
{
	if (!could_pass(owner, watch, rate)) {
		watch->is_over = false;
		return;
	}
	if (!is_enough(&watch->profile))
		return;
	struct verdict verdict;
	struct limit limit;
	judge_watch(owner, watch, now_ns, &verdict);
	watch->judged_ns = now_ns;
	if (limit_find(owner, watch, &verdict, rate, now_ns, &limit)) {
		begin(owner, watch, kind_of(watch), &limit, &verdict, now_ns);
		return;
	}
	uint64_t crowd_pps = engine_threshold(owner->engine, &watch->profile.end.addr)->host_pps;
	bool is_crowd = watch->role == WATCH_TARGET && crowd_pps != 0 && rate.pps >= crowd_pps &&
		verdict.connections >= 200 && verdict.attack_permille < 100 &&
		distinct_estimate(watch->profile.all_peers, DISTINCT_LARGE) >= 200;
	if (is_crowd) {
		limit = (struct limit){"host_pps", crowd_pps};
		begin(owner, watch, FINDING_FLASH_CROWD, &limit, &verdict, now_ns);
	}
}

static void look_offline(struct watch_owner *owner, struct watch *watch, struct rate rate, int64_t now_ns, bool is_final)
{
	uint64_t least = owner->engine->config.offline_packets;
	if (!is_enough(&watch->profile))
		return;
	struct verdict verdict;
	struct limit limit = {"offline_packets", least};
	judge_watch(owner, watch, now_ns, &verdict);
	watch->judged_ns = now_ns;
	/* Handshakes need a round trip to explain their SYNs: a crowd's first moment does not count, what is small must have lasted. */
	int64_t age_ns = now_ns - watch->profile.epoch_ns;
	bool is_settled = is_final || age_ns >= (verdict.attack_packets >= least * 20 ? NS_PER_S : OFFLINE_SETTLE_NS);
	unsigned sure_needed = watch->profile.observations < 2 * least ? 75 : 60;
	bool is_many = verdict.attack_packets >= least && verdict.attack_packets / watch->profile.sampling >= least / 2;
	bool is_clear = is_settled && is_many && verdict.sure >= sure_needed &&
		verdict.attack_packets * 1000 >= verdict.packets * OFFLINE_ATTACK_PERMILLE;
	if (is_clear || (is_settled && limit_find(owner, watch, &verdict, rate, now_ns, &limit)))
		begin(owner, watch, kind_of(watch), &limit, &verdict, now_ns);
}

static bool is_still_on(const struct watch_owner *owner, const struct watch *watch, const struct verdict *verdict, struct rate rate)
{
	if (owner->engine->config.offline)
		return verdict->attack_permille >= 300 && rate.pps > 0;
	if (watch->kind == FINDING_FLASH_CROWD)
		return rate.pps * 2 >= watch->threshold_value;
	bool is_bits = strstr(watch->threshold_name, "bps") != NULL;
	uint64_t measured = (is_bits ? rate.bps : rate.pps) * verdict->attack_permille / 1000;
	return measured * 2 >= watch->threshold_value;
}

/** Quiet for so long ends a finding; a pulse wave is waited for as long as two of its periods. */
static int64_t quiet_ns(const struct watch_owner *owner, const struct watch *watch)
{
	int64_t quiet = owner->engine->config.end_quiet_ms * NS_PER_MS;
	if (watch->rise_count >= 2) {
		int64_t last = watch->rises_ns[(watch->rise_count - 1) % WATCH_PULSES];
		int64_t before = watch->rises_ns[(watch->rise_count - 2) % WATCH_PULSES];
		int64_t two_periods = 2 * (last - before);
		if (two_periods > quiet)
			quiet = two_periods;
	}
	return quiet > 60 * NS_PER_S ? 60 * NS_PER_S : quiet;
}

static void look_open(struct watch_owner *owner, struct watch *watch, struct rate rate, int64_t now_ns)
{
	struct verdict verdict;
	judge_watch(owner, watch, now_ns, &verdict);
	if (crowd_turns(owner, watch, &verdict, rate, now_ns)) {
		watch->judged_ns = now_ns;
		return;
	}
	/* Time may have jumped: what is on was on when it was last seen. */
	int64_t seen_ns = watch->profile.last_ns < now_ns ? watch->profile.last_ns : now_ns;
	bool is_on = now_ns - seen_ns < quiet_ns(owner, watch) && is_still_on(owner, watch, &verdict, rate);
	note_over(watch, is_on, seen_ns, watch->judged_ns);
	if (is_on && owner->engine->baseline != NULL)
		baseline_distrust(owner->engine->baseline, &watch->profile.end.addr);
	watch->judged_ns = now_ns;
	watch->profile.is_of_connections |= watch->kind == FINDING_FLOOD && senders_concern(&verdict);
	if (watch->ramp_pps == 0 && now_ns - watch->first_over_ns >= NS_PER_S)
		watch->ramp_pps = rate.pps;
	if (is_on && watch->kind != FINDING_FLASH_CROWD)
		note_vectors(owner, watch, &verdict, now_ns);
	if (!is_on && now_ns - watch->last_over_ns >= quiet_ns(owner, watch))
		end(owner, watch, now_ns);
}

/** A late flow record may lift a second that has passed: the highest of them counts. */
static struct rate present_rate(struct watch *watch, int64_t now_ns)
{
	struct rate rate = rates_second(&watch->profile.rates, now_ns);
	struct rate late = rates_highest_changed(&watch->profile.rates, now_ns);
	if (late.pps > rate.pps)
		rate.pps = late.pps;
	if (late.bps > rate.bps)
		rate.bps = late.bps;
	return rate;
}

/** The present rate, which may be the highest. */
static struct rate peak_update(struct watch *watch, int64_t now_ns)
{
	profile_settle(&watch->profile);
	struct rate rate = present_rate(watch, now_ns);
	if (rate.pps > watch->peak_pps)
		watch->peak_pps = rate.pps;
	if (rate.bps > watch->peak_bps)
		watch->peak_bps = rate.bps;
	return rate;
}

/** Nothing comes in: an epoch begins with the first that does, and what was sent before it explains nothing. */
static void wait_for_traffic(struct profile *profile, int64_t now_ns)
{
	if (profile->reverse.packets == 0)
		profile->epoch_ns = now_ns;
	else if (now_ns - profile->epoch_ns >= EPOCH_NS)
		profile_new_epoch(profile, now_ns);
}

void watch_tick(struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	struct profile *profile = &watch->profile;
	bool offline = owner->engine->config.offline;
	if (profile->observations == 0 && !watch->is_open) {
		wait_for_traffic(profile, now_ns);
		return;
	}
	if (watch->is_open) {
		struct rate rate = peak_update(watch, now_ns);
		if (is_stirring(owner, watch, now_ns) || now_ns - watch->judged_ns >= LOOK_NS)
			look_open(owner, watch, rate, now_ns);
	} else if (!offline) {
		look_live(owner, watch, peak_update(watch, now_ns), now_ns);
	} else if (rates_have_changed(&profile->rates)) { /* else nothing can be found that was not */
		struct rate rate = peak_update(watch, now_ns);
		if (now_ns - watch->judged_ns >= OFFLINE_LOOK_NS)
			look_offline(owner, watch, rate, now_ns, false);
	}
	profile_decay(profile, now_ns);
	bool is_told_enough = !offline || profile->observations >= OFFLINE_EPOCH_OBSERVATIONS;
	if (!watch->is_open && now_ns - profile->epoch_ns >= EPOCH_NS && is_told_enough) {
		profile_new_epoch(profile, now_ns);
		watch->peak_pps = watch->peak_bps = 0;
	}
}

void watch_finish(struct watch_owner *owner, struct watch *watch, int64_t now_ns)
{
	struct rate rate = peak_update(watch, now_ns);
	if (!watch->is_open && owner->engine->config.offline)
		look_offline(owner, watch, rate, now_ns, true);
	if (watch->is_open)
		end(owner, watch, now_ns);
}

bool watch_is_idle(const struct watch *watch, int64_t now_ns)
{
	return !watch->is_open && now_ns - watch->profile.last_ns > 2 * NS_PER_S;
}
