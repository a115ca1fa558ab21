/*
 * Each open flood or carpet is a case. A case is due when it begins, when its
 * vectors change, and at half of the time that was wished for, so that what
 * is in force does not end before the attack does. What cannot be answered
 * yet, for too few packets of it have been seen, is tried again some times.
 *
 * Making one countermeasure takes some milliseconds, in which packets wait in
 * the kernel's rings; so there is one a turn at most.
 */
#include "sensor/countermeasures.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "record/countermeasure.h"
#include "rules/packet.h"
#include "rules/sample.h"
#include "rules/synthesis.h"

#define CASES_MAX 64 /* findings that are answered at a time */
#define SLICE_NS NS_PER_S
#define SLICES 180
#define SLICE_PACKETS 1024
#define TICK_NS (50 * NS_PER_MS)
#define TICK_FULL 256 /* headers of a tick that are all looked at */
#define STEP 16 /* then one in so many */
#define BEFORE_GUARD_NS (200 * NS_PER_MS) /* the attack's first packets are older than the finding says */
#define DURING_NS (3 * NS_PER_S)
#define RETRY_NS (100 * NS_PER_MS)
#define TRIES_MAX 10
#define ETHERNET_BYTES 14
#define TAGS_MAX 2

/** A finding that is answered. */
struct wanted {
	bool is_open;
	unsigned tries;
	int64_t due_wall_ns;
	struct finding finding; /* as it was told last */
};

struct countermeasures {
	struct countermeasures_config config;
	int sets_fd; /* -1: none */
	struct sample *sample;
	struct authority_link *link;
	int64_t tick;
	uint32_t tick_looked;
	uint32_t gap; /* headers that are passed over before the next one */
	uint64_t random;
	bool is_due; /* a finding came that was not looked at */
	struct countermeasures_counters counters;
	struct log_bucket failed_bucket;
	struct sample_view before, during; /* room */
	struct synthesis synthesis; /* room */
	struct countermeasure document; /* room */
	struct wanted wanted[CASES_MAX];
};

int countermeasures_new(const struct countermeasures_config *config, struct countermeasures **ret_countermeasures)
{
	static const struct sample_config sampling = {.slice_ns = SLICE_NS, .slice_count = SLICES, .slice_packets = SLICE_PACKETS};
	struct countermeasures *made = calloc(1, sizeof(*made));
	if (made == NULL)
		return E_NOMEM;
	made->config = *config;
	made->sets_fd = -1;
	made->random = (uint64_t)clock_mono_ns() | 1;
	int err = sample_new(&sampling, &made->sample);
	if (err == OK)
		err = authority_link_new(config->authority, &made->link);
	if (err == OK && config->sets_directory[0] != '\0') {
		made->sets_fd = open(config->sets_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = made->sets_fd >= 0 ? OK : E_SYS;
	}
	if (err != OK) {
		countermeasures_free(made);
		return err;
	}
	*ret_countermeasures = made;
	return OK;
}

void countermeasures_free(struct countermeasures *countermeasures)
{
	if (countermeasures == NULL)
		return;
	sample_free(countermeasures->sample);
	authority_link_free(countermeasures->link);
	if (countermeasures->sets_fd >= 0)
		close(countermeasures->sets_fd);
	free(countermeasures);
}

/** How many packets the next one stands for; 0: it is passed over. */
static uint32_t weight_of(struct countermeasures *countermeasures, int64_t wall_ns)
{
	int64_t tick = wall_ns / TICK_NS;
	if (tick != countermeasures->tick) {
		countermeasures->tick = tick;
		countermeasures->tick_looked = 0;
	}
	if (countermeasures->tick_looked < TICK_FULL) {
		countermeasures->tick_looked++;
		return 1;
	}
	if (countermeasures->gap-- > 0)
		return 0;
	countermeasures->random = countermeasures->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	countermeasures->gap = (uint32_t)((countermeasures->random >> 32) * (2 * STEP - 1) >> 32);
	return STEP;
}

/** The IP packet of an Ethernet frame with up to two VLAN tags; NULL: there is none. */
static const uint8_t *network_of(const uint8_t *at, const uint8_t *end)
{
	size_t offset = ETHERNET_BYTES;
	if (end - at < ETHERNET_BYTES)
		return NULL;
	uint16_t ethertype = packet_be16(at + 12);
	for (int i = 0; i < TAGS_MAX && (ethertype == 0x8100 || ethertype == 0x88a8); i++) {
		offset += 4;
		if ((size_t)(end - at) < offset)
			return NULL;
		ethertype = packet_be16(at + offset - 2);
	}
	return ethertype == 0x0800 || ethertype == 0x86dd ? at + offset : NULL;
}

void countermeasures_look(void *arg, const struct input_frame *frame)
{
	struct countermeasures *countermeasures = arg;
	uint32_t weight = weight_of(countermeasures, frame->wall_ns);
	if (weight == 0)
		return;
	const uint8_t *end = frame->bytes + frame->captured_bytes;
	const uint8_t *at = frame->is_ethernet ? network_of(frame->bytes, end) : frame->bytes;
	struct packet_facts facts = {0};
	if (at == NULL || !packet_facts_parse(&facts, at, end)) {
		countermeasures->counters.not_read++;
		return;
	}
	countermeasures->counters.looked_at++;
	sample_add(countermeasures->sample, &facts, (double)weight * frame->sampling, frame->wall_ns);
}

static bool has_same_vectors(const struct finding *a, const struct finding *b)
{
	if (a->vector_count != b->vector_count || a->prefix_count != b->prefix_count)
		return false;
	for (size_t i = 0; i < a->vector_count; i++) {
		bool is_there = false;
		for (size_t j = 0; j < b->vector_count; j++)
			is_there |= strcmp(a->vectors[i].name, b->vectors[j].name) == 0;
		if (!is_there)
			return false;
	}
	return true;
}

static struct wanted *wanted_find(struct countermeasures *countermeasures, const struct finding *finding)
{
	struct wanted *room = NULL;
	for (size_t i = 0; i < CASES_MAX; i++) {
		struct wanted *at = &countermeasures->wanted[i];
		if (at->is_open && strcmp(at->finding.id, finding->id) == 0)
			return at;
		if (!at->is_open && room == NULL)
			room = at;
	}
	return room;
}

void countermeasures_take(struct countermeasures *countermeasures, const struct finding *finding, int64_t now_wall_ns)
{
	if (finding->kind != FINDING_FLOOD && finding->kind != FINDING_CARPET_BOMBING)
		return;
	struct wanted *wanted = wanted_find(countermeasures, finding);
	if (finding->phase == FINDING_END) {
		struct ip_prefix prefixes[SYNTHESIS_DESTINATIONS_MAX];
		size_t count = synthesis_destinations(finding, countermeasures->config.rules_most, prefixes);
		/* An attack that is over is no sample of good traffic for the next. */
		sample_erase(countermeasures->sample, prefixes, count, finding->window_start_ms * NS_PER_MS - BEFORE_GUARD_NS, now_wall_ns);
		if (wanted != NULL)
			wanted->is_open = false;
		return;
	}
	if (wanted == NULL) {
		countermeasures->counters.findings_refused++;
		return;
	}
	bool is_news = !wanted->is_open || !has_same_vectors(&wanted->finding, finding);
	wanted->is_open = true;
	wanted->finding = *finding;
	if (!is_news)
		return;
	wanted->tries = 0;
	wanted->due_wall_ns = now_wall_ns;
	countermeasures->is_due = true;
}

bool countermeasures_is_due(const struct countermeasures *countermeasures)
{
	return countermeasures->is_due;
}

/** Rules for a finding into countermeasures->synthesis. @return as synthesis_make() */
static int synthesis_try(struct countermeasures *countermeasures, const struct finding *finding, int64_t now_wall_ns)
{
	struct ip_prefix prefixes[SYNTHESIS_DESTINATIONS_MAX];
	size_t count = synthesis_destinations(finding, countermeasures->config.rules_most, prefixes);
	int64_t start_ns = finding->window_start_ms * NS_PER_MS, recent_ns = now_wall_ns - DURING_NS;
	sample_take(countermeasures->sample, prefixes, count, 0, start_ns - BEFORE_GUARD_NS, &countermeasures->before);
	sample_take(countermeasures->sample, prefixes, count, start_ns > recent_ns ? start_ns : recent_ns, now_wall_ns,
		&countermeasures->during);
	countermeasures->during.source_count = finding->source_count;
	const struct synthesis_request request = {
		.finding = finding,
		.before = &countermeasures->before,
		.during = &countermeasures->during,
		.stopped_permille = countermeasures->config.stopped_permille,
		.collateral_permille = countermeasures->config.collateral_permille,
		.rules_max = countermeasures->config.rules_most,
	};
	return synthesis_make(&request, &countermeasures->synthesis);
}

/** Fills the document from what was made. */
static void document_fill(struct countermeasures *countermeasures, const struct finding *finding, int64_t now_wall_ns)
{
	const struct synthesis *synthesis = &countermeasures->synthesis;
	const struct countermeasures_config *config = &countermeasures->config;
	struct countermeasure *document = &countermeasures->document;
	*document = (struct countermeasure){
		.kind = finding->kind,
		.class = ORDER_OWN_EDGE,
		.target = finding->target,
		.rules = synthesis->rules,
		.predicted = {synthesis->predicted.stopped_permille, synthesis->predicted.collateral_permille},
		.asked = {config->stopped_permille, config->collateral_permille, config->rules_most},
		.at_ms = now_wall_ns / NS_PER_MS,
		.duration_s = config->duration_s,
		.is_urgent = config->is_urgent,
		.vector_count = finding->vector_count,
	};
	snprintf(document->finding, sizeof(document->finding), "%s", finding->id);
	snprintf(document->sensor, sizeof(document->sensor), "%s", config->sensor);
	for (size_t i = 0; i < finding->vector_count; i++)
		snprintf(document->vectors[i].name, sizeof(document->vectors[i].name), "%s", finding->vectors[i].name);
	snprintf(document->why, sizeof(document->why), "%zu rules, the first: %s", (size_t)synthesis->rules.count, synthesis->why[0]);
}

/** Stores the source set and sends the document. @return OK, or E_SYS: what the document names cannot be stored */
static int propose(struct countermeasures *countermeasures, const struct finding *finding, int64_t now_wall_ns)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	char *text = NULL;
	const struct synthesis *synthesis = &countermeasures->synthesis;
	if (synthesis->sources != NULL && source_set_save(synthesis->sources, countermeasures->sets_fd) != OK)
		return E_SYS;
	document_fill(countermeasures, finding, now_wall_ns);
	int err = countermeasure_write(&countermeasures->document, &text, complaint);
	if (err != OK) {
		log_line(LOG_LEVEL_ERROR, "countermeasure_unwritten finding=%s reason=\"%s\"", finding->id, complaint);
		return err;
	}
	authority_link_put(countermeasures->link, text);
	free(text);
	log_line(LOG_LEVEL_NOTICE, "countermeasure finding=%s rules=%zu stopped_permille=%u collateral_permille=%u", finding->id,
		(size_t)synthesis->rules.count, synthesis->predicted.stopped_permille, synthesis->predicted.collateral_permille);
	return OK;
}

static void failure_tell(struct countermeasures *countermeasures, const struct wanted *wanted, const char *reason,
	int64_t now_mono_ns)
{
	uint64_t held_back;
	if (log_allowed(&countermeasures->failed_bucket, now_mono_ns, &held_back))
		log_line(LOG_LEVEL_WARNING, "countermeasure_none finding=%s reason=\"%s\" held_back=%" PRIu64
			": tried again when the attack changes", wanted->finding.id, reason, held_back);
}

/** Answers one case; it is not due again before something changes, or half of the time is over. */
static void answer(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns, int64_t now_mono_ns)
{
	wanted->due_wall_ns = INT64_MAX;
	if (countermeasures->sets_fd < 0)
		wanted->finding.listed_count = 0; /* a set that nobody could read helps nobody */
	int err = synthesis_try(countermeasures, &wanted->finding, now_wall_ns);
	if (err == E_STATE && ++wanted->tries < TRIES_MAX) {
		wanted->due_wall_ns = now_wall_ns + RETRY_NS;
		return;
	}
	wanted->tries = 0;
	countermeasures->counters.asked++;
	if (err != OK) {
		countermeasures->counters.failed++;
		failure_tell(countermeasures, wanted, "too little is known of the traffic before or during it", now_mono_ns);
		return;
	}
	if (countermeasures->synthesis.state == SYNTHESIS_COUNT_ONLY) {
		countermeasures->counters.separated_none++;
		failure_tell(countermeasures, wanted, "nothing tells it from good traffic", now_mono_ns);
	} else if (propose(countermeasures, &wanted->finding, now_wall_ns) == OK) {
		countermeasures->counters.proposed++;
		wanted->due_wall_ns = now_wall_ns + (int64_t)countermeasures->config.duration_s * NS_PER_S / 2;
	} else {
		countermeasures->counters.failed++;
		failure_tell(countermeasures, wanted, "what it names cannot be stored", now_mono_ns);
	}
	synthesis_done(&countermeasures->synthesis);
}

void countermeasures_turn(struct countermeasures *countermeasures, int64_t now_wall_ns, int64_t now_mono_ns)
{
	sample_forget(countermeasures->sample, now_wall_ns);
	countermeasures->is_due = false;
	for (size_t i = 0; i < CASES_MAX; i++) {
		struct wanted *wanted = &countermeasures->wanted[i];
		if (!wanted->is_open || wanted->due_wall_ns > now_wall_ns)
			continue;
		answer(countermeasures, wanted, now_wall_ns, now_mono_ns);
		break;
	}
	authority_link_turn(countermeasures->link, now_mono_ns);
}

struct countermeasures_counters countermeasures_counters_of(const struct countermeasures *countermeasures)
{
	return countermeasures->counters;
}

struct authority_link_counters countermeasures_link_of(const struct countermeasures *countermeasures)
{
	return authority_link_counters_of(countermeasures->link);
}
