/*
 * A finding is about an attack if it is of its kind, and its target is the
 * attack's (for a carpet: overlaps with it). A flood of one address inside a
 * carpet is part of that carpet. Anything else that is told is a stray.
 */
#include "exercise/score.h"

#include <jansson.h>
#include <string.h>

#include "core/clock.h"
#include "exercise/labels.h"

#define BIN_NS (50 * NS_PER_MS)
#define SHARE_MIN_PERMILLE 50 /* vectors with less need not be named */

static uint64_t threshold_of(enum finding_kind kind, uint64_t host_pps)
{
	switch (kind) {
	case FINDING_FLOOD:
	case FINDING_OUTBOUND_ATTACK:
		return host_pps;
	case FINDING_CARPET_BOMBING:
		return host_pps * 2;
	case FINDING_UNKNOWN:
	case FINDING_SCAN:
	case FINDING_BACKSCATTER:
	case FINDING_FLASH_CROWD:
	case FINDING_KIND_COUNT:
		return 0;
	}
	return 0;
}

void score_init(struct score *score, const struct scenario *scenario, uint64_t threshold_pps)
{
	size_t stream = 0;
	memset(score, 0, sizeof(*score));
	score->scenario = scenario;
	score->attack_count = scenario->attack_count;
	for (size_t i = 0; i < scenario->attack_count; i++) {
		score->attacks[i].plan = &scenario->attacks[i];
		score->attacks[i].threshold_pps = threshold_of(scenario->attacks[i].kind, threshold_pps);
		for (size_t j = 0; j < scenario->attacks[i].stream_count; j++) {
			score->stream_attack[stream] = i;
			score->stream_place[stream++] = j;
		}
	}
}

static bool is_over(struct score_attack *attack, int64_t now_ns)
{
	int64_t bin = now_ns / BIN_NS;
	uint64_t sum = 0;
	for (int64_t i = attack->bin_ns / BIN_NS + 1; i <= bin && i <= attack->bin_ns / BIN_NS + SCORE_BINS; i++)
		attack->bins[i % SCORE_BINS] = 0;
	attack->bin_ns = now_ns;
	attack->bins[bin % SCORE_BINS]++;
	for (size_t i = 0; i < SCORE_BINS; i++)
		sum += attack->bins[i];
	return sum > attack->threshold_pps;
}

void score_packet(struct score *score, const struct packet *packet, int64_t now_ns)
{
	if (packet->origin == PACKET_ORIGIN_CLIENT || packet->is_response)
		return;
	struct score_attack *attack = &score->attacks[score->stream_attack[packet->origin]];
	if (attack->first_ns == 0)
		attack->first_ns = now_ns;
	attack->packets++;
	attack->stream_packets[score->stream_place[packet->origin]]++;
	attack->last_ns = now_ns;
	if (attack->over_ns == 0 && is_over(attack, now_ns))
		attack->over_ns = now_ns;
}

static bool is_target(const struct score *score, const struct scenario_attack *plan, const struct finding *finding)
{
	char wanted[IP_PREFIX_TEXT_BYTES], told[IP_PREFIX_TEXT_BYTES];
	if (plan->kind == FINDING_CARPET_BOMBING)
		return ip_prefix_covers(&plan->target, &finding->target.addr) ||
			ip_prefix_covers(&finding->target, &plan->target.addr);
	return strcmp(labels_target(score->scenario, plan, wanted), ip_prefix_write(&finding->target, told)) == 0;
}

static size_t attack_find(const struct score *score, const struct finding *finding)
{
	size_t inside = SCORE_NOBODY;
	for (size_t i = 0; i < score->attack_count; i++) {
		const struct score_attack *attack = &score->attacks[i];
		if (attack->first_ns == 0 || !is_target(score, attack->plan, finding))
			continue;
		if (attack->plan->kind == finding->kind)
			return i;
		if (attack->plan->kind == FINDING_CARPET_BOMBING && finding->kind == FINDING_FLOOD)
			inside = i;
	}
	return inside;
}

static void vectors_note(struct score_attack *attack, const struct finding *finding)
{
	char name[LABELS_VECTOR_BYTES];
	for (size_t i = 0; i < attack->plan->stream_count; i++) {
		(void)labels_vector(&attack->plan->streams[i], name);
		for (size_t j = 0; j < finding->vector_count; j++)
			attack->is_named[i] = attack->is_named[i] || strcmp(finding->vectors[j].name, name) == 0;
	}
}

/* Keeps the last word on each finding. True: this one was not known. */
static bool open_note(struct score *score, const struct finding *finding)
{
	size_t at = 0;
	while (at < score->open_count && strcmp(score->open[at].id, finding->id) != 0)
		at++;
	bool is_new = at == score->open_count;
	if (is_new && score->open_count == SCORE_OPEN_MAX) {
		memmove(score->open, score->open + 1, (SCORE_OPEN_MAX - 1) * sizeof(score->open[0]));
		at = SCORE_OPEN_MAX - 1;
	} else if (is_new) {
		score->open_count++;
	}
	score->open[at] = *finding;
	return is_new;
}

size_t score_finding(struct score *score, const struct finding *finding, int64_t now_ns)
{
	bool is_new = open_note(score, finding) && finding->phase == FINDING_BEGIN;
	size_t at = attack_find(score, finding);

	score->findings += is_new;
	if (at == SCORE_NOBODY) {
		score->strays += is_new && finding->kind != FINDING_FLASH_CROWD;
		return at;
	}
	struct score_attack *attack = &score->attacks[at];
	if (attack->plan->kind != finding->kind)
		return at;
	vectors_note(attack, finding);
	if (attack->found_ns == 0 && finding->phase != FINDING_END) {
		attack->found_ns = now_ns;
		attack->told_ns = finding->told_ms * NS_PER_MS;
	}
	return at;
}

bool score_is_named(const struct score_attack *attack)
{
	if (attack->plan->kind == FINDING_SCAN || attack->plan->kind == FINDING_BACKSCATTER)
		return true;
	for (size_t i = 0; i < attack->plan->stream_count; i++) {
		bool is_big = attack->stream_packets[i] * 1000 >= attack->packets * SHARE_MIN_PERMILLE;
		if (is_big && attack->stream_packets[i] > 0 && !attack->is_named[i])
			return false;
	}
	return true;
}

bool score_is_right(const struct score_attack *attack)
{
	return attack->found_ns != 0 && score_is_named(attack);
}

static double seconds_between(int64_t from_ns, int64_t to_ns)
{
	return (double)(to_ns - from_ns) / (double)NS_PER_S;
}

static void attack_show(const struct score *score, const struct score_attack *attack, FILE *out)
{
	char target[IP_PREFIX_TEXT_BYTES], name[LABELS_VECTOR_BYTES];
	fprintf(out, "  %s %s: %s of %s, %llu packets\n", score_is_right(attack) ? "ok  " : "MISS", attack->plan->name,
		finding_kind_name(attack->plan->kind), labels_target(score->scenario, attack->plan, target),
		(unsigned long long)attack->packets);
	if (attack->found_ns == 0) {
		fprintf(out, "       not found\n");
	} else {
		fprintf(out, "       found %.2f s after the first packet", seconds_between(attack->first_ns, attack->found_ns));
		if (attack->threshold_pps != 0 && attack->over_ns != 0)
			fprintf(out, ", %.2f s after a second held more than %llu", seconds_between(attack->over_ns, attack->found_ns),
				(unsigned long long)attack->threshold_pps);
		fputc('\n', out);
	}
	if (attack->plan->kind == FINDING_SCAN || attack->plan->kind == FINDING_BACKSCATTER)
		return;
	for (size_t i = 0; i < attack->plan->stream_count; i++)
		fprintf(out, "       %-32s %3llu %%  %s\n", labels_vector(&attack->plan->streams[i], name),
			(unsigned long long)(attack->packets > 0 ? attack->stream_packets[i] * 100 / attack->packets : 0),
			attack->is_named[i] ? "named" : "NOT NAMED");
}

void score_show(const struct score *score, FILE *out)
{
	unsigned right = 0, wrong = 0, skipped = 0;
	for (size_t i = 0; i < score->attack_count; i++) {
		if (score->attacks[i].first_ns == 0) {
			skipped++;
			continue;
		}
		attack_show(score, &score->attacks[i], out);
		if (score_is_right(&score->attacks[i]))
			right++;
		else
			wrong++;
	}
	if (score->attack_count == 0) {
		fprintf(out, "  %s no attack was played, %u told\n", score->strays == 0 ? "ok  " : "MISS", score->strays);
		right = score->strays == 0;
		wrong = score->strays != 0;
	} else if (score->strays > 0) {
		fprintf(out, "  note: %u findings are about nothing that was played\n", score->strays);
	}
	fprintf(out, "%u passed, %u failed, %u skipped\n", right, wrong, skipped);
}

static json_t *attack_json(const struct score *score, const struct score_attack *attack)
{
	char target[IP_PREFIX_TEXT_BYTES], name[LABELS_VECTOR_BYTES];
	json_t *vectors = json_array();
	for (size_t i = 0; i < attack->plan->stream_count; i++)
		json_array_append_new(vectors, json_pack("{s:s, s:I, s:b}", "name", labels_vector(&attack->plan->streams[i], name),
			"packets", (json_int_t)attack->stream_packets[i], "named", (int)attack->is_named[i]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "name", attack->plan->name,
		"kind", finding_kind_name(attack->plan->kind), "target", labels_target(score->scenario, attack->plan, target),
		"packets", (json_int_t)attack->packets, "threshold_pps", (json_int_t)attack->threshold_pps,
		"first_packet_us", (json_int_t)(attack->first_ns / NS_PER_US),
		"first_over_us", (json_int_t)(attack->over_ns / NS_PER_US),
		"last_packet_us", (json_int_t)(attack->last_ns / NS_PER_US),
		"told_us", (json_int_t)(attack->told_ns / NS_PER_US), "found_us", (json_int_t)(attack->found_ns / NS_PER_US),
		"right", (int)score_is_right(attack), "vectors", vectors);
}

int score_write(const struct score *score, uint64_t sent, uint64_t received, uint64_t dropped, int64_t cpu_ns, FILE *out)
{
	json_t *attacks = json_array();
	for (size_t i = 0; i < score->attack_count; i++)
		json_array_append_new(attacks, attack_json(score, &score->attacks[i]));
	json_t *root = json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "version", 1, "scenario",
		score->scenario->name, "seed", (json_int_t)score->scenario->seed, "sent_packets", (json_int_t)sent,
		"received_packets", (json_int_t)received, "dropped_packets", (json_int_t)dropped,
		"sensor_cpu_us", (json_int_t)(cpu_ns / NS_PER_US), "findings", (json_int_t)score->findings,
		"strays", (json_int_t)score->strays, "attacks", attacks);
	if (root == NULL)
		return E_NOMEM;
	int failed = json_dumpf(root, out, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(root);
	fputc('\n', out);
	return failed == 0 ? OK : E_SYS;
}
