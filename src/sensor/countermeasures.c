/*
 * Each open flood or carpet is a case. A case is due when it begins, when its
 * vectors change, and at half of the time that was wished for, so that what
 * is in force does not end before the attack does. What cannot be answered
 * yet, for too few packets of it have been seen, is tried again some times.
 *
 * Rules may name sources where it is known who really sends: those whom the
 * engine names, else those that the finding lists. Out of them are left who
 * spoke with the target before the attack, and protected space. As the list
 * grows a case is due again, at growing distances.
 *
 * An attack that has crept in, for long below any threshold, is in the sample
 * of what came before it, and passes for good traffic. Where nothing tells it
 * apart, earlier traffic is asked, as far back as the sample goes.
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
#include "rules/source_set_sweep.h"
#include "rules/synthesis.h"

#define CASES_MAX 64 /* findings that are answered at a time */
#define SLICE_NS NS_PER_S
#define SLICES 180
#define SLICE_PACKETS 1024
#define TICK_NS (50 * NS_PER_MS)
#define TICK_FULL 256 /* headers of a tick that are all looked at */
#define STEP 16 /* then one in so many */
#define BEFORE_GUARD_NS (200 * NS_PER_MS) /* the attack's first packets are older than the finding says */
#define CREPT_NS (30 * NS_PER_S) /* before it, where nothing else tells an attack apart; */
#define CREPT_LAST_NS (90 * NS_PER_S) /* then this */
#define CREPT_SPAN_S 20 /* earlier traffic of less time than this is not asked */
#define DURING_NS (3 * NS_PER_S)
#define CHANGED_NS (400 * NS_PER_MS) /* the same when vectors have changed: what has just come is most of it */
#define CHANGED_PACKETS_MIN 200 /* sampled; of fewer it is the longer time */
#define SEVERAL_PERMILLE 990 /* asked of several vectors: else a small one would be what may be left */
#define AGAIN_NS (2 * NS_PER_S) /* told to have changed within it, with the same vectors: no news */
#define RETRY_NS (100 * NS_PER_MS)
#define TRIES_MAX 10
#define KNOWN_GUARD_NS NS_PER_S /* a client was there so long before the attack: bots may begin before it is seen */
#define GROW_FIRST_NS (500 * NS_PER_MS) /* after a proposal it is looked whether more senders are known, then after twice as long */
#define GROW_LAST_NS (16 * NS_PER_S)
#define GROWN_PERMILLE 1100 /* of those that were named last: worth another proposal */
#define SWEEP_NS (INT64_C(3600) * NS_PER_S) /* how often files of source sets are looked through */
#define SET_KEPT_S (24 * 3600) /* a set's file, beyond two times the duration: an order may wait for people so long */
#define ETHERNET_BYTES 14
#define TAGS_MAX 2

/** A finding that is answered. */
struct wanted {
	bool is_open;
	unsigned tries;
	int64_t due_wall_ns;
	int64_t answered_wall_ns;
	bool is_changed; /* due for its vectors have */
	int64_t grow_wall_ns; /* when the list of senders is looked at; INT64_MAX: never */
	int64_t grow_ns; /* the distance to that look */
	int64_t guard_ns; /* what came so shortly before it was not asked */
	size_t named; /* senders that the last answer knew */
	size_t spared; /* and those that it left out: clients from before the attack, protected, of the other family */
	struct finding finding; /* as it was told last */
};

struct countermeasures {
	struct countermeasures_config config;
	int sets_fd; /* -1: none */
	int64_t sweep_wall_ns; /* when its files are looked through next */
	struct sample *sample;
	struct line_link *link;
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
	struct finding asked; /* room */
	struct ip_addr *senders; /* room for senders_room */
	size_t senders_room;
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
	made->senders_room = config->senders_most > FINDING_SOURCES_MAX ? config->senders_most : FINDING_SOURCES_MAX;
	made->senders = calloc(made->senders_room, sizeof(*made->senders));
	int err = made->senders != NULL ? sample_new(&sampling, &made->sample) : E_NOMEM;
	if (err == OK)
		err = line_link_new("authority", config->authority, NULL, &made->link);
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
	free(countermeasures->senders);
	line_link_free(countermeasures->link);
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
	/* A vector that comes back has the name that it had. */
	bool is_again = finding->phase == FINDING_CHANGE && now_wall_ns - wanted->answered_wall_ns >= AGAIN_NS;
	bool is_news = !wanted->is_open || is_again || !has_same_vectors(&wanted->finding, finding);
	wanted->is_changed = wanted->is_open && is_news;
	wanted->is_open = true;
	wanted->finding = *finding;
	if (!is_news)
		return;
	wanted->tries = 0;
	wanted->due_wall_ns = now_wall_ns;
	wanted->grow_ns = GROW_FIRST_NS;
	countermeasures->is_due = true;
}

bool countermeasures_is_due(const struct countermeasures *countermeasures)
{
	return countermeasures->is_due;
}

/** Those of the finding's sources that really send. */
static size_t listed_take(const struct finding *finding, struct ip_addr *ret_addrs)
{
	size_t count = 0;
	for (size_t i = 0; i < finding->listed_count; i++) {
		enum source_verdict verdict = finding->sources[i].verdict;
		if (verdict == SOURCE_BOT || verdict == SOURCE_AMPLIFIER)
			ret_addrs[count++] = finding->sources[i].addr;
	}
	return count;
}

/** Whether a rule for a destination can name an address. */
static bool is_nameable(const struct space *space, const struct ip_addr *addr, bool is_v4)
{
	bool is_zero = (addr->be64[0] | addr->be64[1]) == 0 || (ip_is_v4(addr) && ip_to_v4(addr) == 0);
	return !is_zero && ip_is_v4(addr) == is_v4 && (space == NULL || !space_is_protected(space, addr));
}

/**
 * Who really sends and may be named, into countermeasures->senders.
 *
 * @param prefixes the destinations
 * @param ret_count how many
 * @param guard_ns who spoke no earlier than this before the attack is no client for it
 * @param ret_spared how many were left out
 * @return OK or E_NOMEM
 */
static int senders_take(struct countermeasures *countermeasures, const struct finding *finding, const struct ip_prefix *prefixes,
	size_t prefix_count, int64_t guard_ns, size_t *ret_count, size_t *ret_spared)
{
	const struct countermeasures_config *config = &countermeasures->config;
	struct ip_addr *addrs = countermeasures->senders;
	size_t count = 0, nameable = 0;
	if (countermeasures->sets_fd >= 0 && config->senders != NULL)
		count = config->senders(config->senders_arg, &finding->target, addrs, config->senders_most);
	if (countermeasures->sets_fd >= 0 && count == 0) /* a set that nobody could read helps nobody */
		count = listed_take(finding, addrs);
	for (size_t i = 0; i < count; i++) {
		if (is_nameable(config->space, &addrs[i], ip_is_v4(&prefixes[0].addr)))
			addrs[nameable++] = addrs[i];
	}
	int64_t until_ns = finding->window_start_ms * NS_PER_MS - guard_ns - KNOWN_GUARD_NS;
	int err = sample_spare(countermeasures->sample, prefixes, prefix_count, 0, until_ns, addrs, &nameable);
	if (err != OK)
		return err;
	*ret_count = nameable;
	*ret_spared = count - nameable;
	return OK;
}

static uint16_t asked_permille(const struct countermeasures_config *config, const struct finding *finding)
{
	return finding->vector_count > 1 && config->stopped_permille < SEVERAL_PERMILLE ? SEVERAL_PERMILLE : config->stopped_permille;
}

/** Rules for a case into countermeasures->synthesis; the senders are the caller's to free. @return as synthesis_make() */
static int synthesis_try(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns,
	struct source_set **ret_senders)
{
	struct ip_prefix prefixes[SYNTHESIS_DESTINATIONS_MAX];
	struct finding *finding = &countermeasures->asked;
	*finding = wanted->finding;
	size_t count = synthesis_destinations(finding, countermeasures->config.rules_most, prefixes);
	int64_t start_ns = finding->window_start_ms * NS_PER_MS, recent_ns = now_wall_ns - DURING_NS;
	sample_take(countermeasures->sample, prefixes, count, 0, start_ns - wanted->guard_ns, &countermeasures->before);
	if (wanted->guard_ns > BEFORE_GUARD_NS && countermeasures->before.span_s < CREPT_SPAN_S)
		return E_STATE;
	int64_t changed_ns = now_wall_ns - CHANGED_NS;
	if (wanted->is_changed && start_ns < changed_ns)
		sample_take(countermeasures->sample, prefixes, count, changed_ns, now_wall_ns, &countermeasures->during);
	if (!wanted->is_changed || start_ns >= changed_ns || countermeasures->during.count < CHANGED_PACKETS_MIN)
		sample_take(countermeasures->sample, prefixes, count, start_ns > recent_ns ? start_ns : recent_ns, now_wall_ns,
			&countermeasures->during);
	countermeasures->during.source_count = finding->source_count;
	int err = senders_take(countermeasures, finding, prefixes, count, wanted->guard_ns, &wanted->named, &wanted->spared);
	if (err == OK && wanted->named > 0)
		err = source_set_new(countermeasures->senders, wanted->named, ret_senders);
	if (err != OK)
		return err;
	finding->listed_count = 0; /* who of them may be named has been chosen */
	const struct synthesis_request request = {
		.finding = finding,
		.before = &countermeasures->before,
		.during = &countermeasures->during,
		.senders = *ret_senders,
		.space = countermeasures->config.space,
		.stopped_permille = asked_permille(&countermeasures->config, finding),
		.collateral_permille = countermeasures->config.collateral_permille,
		.rules_max = countermeasures->config.rules_most,
	};
	return synthesis_make(&request, &countermeasures->synthesis);
}

/** As synthesis_try(), with earlier and earlier traffic where nothing tells the attack apart from what came right before it. */
static int synthesis_seek(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns,
	struct source_set **ret_senders)
{
	/* The first again where none has helped: what is told then is about what came right before. */
	static const int64_t guards_ns[] = {BEFORE_GUARD_NS, CREPT_NS, CREPT_LAST_NS, BEFORE_GUARD_NS};
	int err = E_STATE;
	for (size_t i = 0; i < ARRAY_LEN(guards_ns); i++) {
		wanted->guard_ns = guards_ns[i];
		err = synthesis_try(countermeasures, wanted, now_wall_ns, ret_senders);
		bool is_alike = err == OK ? countermeasures->synthesis.state == SYNTHESIS_COUNT_ONLY : err == E_STATE;
		if (!is_alike || i + 1 == ARRAY_LEN(guards_ns))
			break;
		if (err == OK)
			synthesis_done(&countermeasures->synthesis);
		source_set_free(*ret_senders);
		*ret_senders = NULL;
	}
	return err;
}

/** Fills the document from what was made. */
static void document_fill(struct countermeasures *countermeasures, const struct wanted *wanted, int64_t now_wall_ns)
{
	const struct finding *finding = &wanted->finding;
	const struct synthesis *synthesis = &countermeasures->synthesis;
	const struct countermeasures_config *config = &countermeasures->config;
	struct countermeasure *document = &countermeasures->document;
	*document = (struct countermeasure){
		.kind = finding->kind,
		.class = ORDER_OWN_EDGE,
		.target = finding->target,
		.rules = synthesis->rules,
		.predicted = {synthesis->predicted.stopped_permille, synthesis->predicted.collateral_permille},
		.asked = {asked_permille(config, finding), config->collateral_permille, config->rules_most},
		.at_ms = now_wall_ns / NS_PER_MS,
		.duration_s = config->duration_s,
		.is_urgent = config->is_urgent,
		.vector_count = finding->vector_count,
	};
	snprintf(document->finding, sizeof(document->finding), "%s", finding->id);
	snprintf(document->sensor, sizeof(document->sensor), "%s", config->sensor);
	for (size_t i = 0; i < finding->vector_count; i++)
		snprintf(document->vectors[i].name, sizeof(document->vectors[i].name), "%s", finding->vectors[i].name);
	int used = 0;
	if (wanted->guard_ns > BEFORE_GUARD_NS)
		used = snprintf(document->why, sizeof(document->why), "good traffic is taken from more than %lld s before; ",
			(long long)(wanted->guard_ns / NS_PER_S));
	snprintf(document->why + used, sizeof(document->why) - (size_t)used, "%zu rules, the first: %s",
		(size_t)synthesis->rules.count, synthesis->why[0]);
}

/** The source set that rules name by its digest; NULL: none does. */
static const struct source_set *source_set_of(const struct synthesis *synthesis)
{
	for (size_t i = 0; i < synthesis->rules.count; i++) {
		if (synthesis->rules.rules[i].source_set.count > 0)
			return synthesis->sets[i];
	}
	return NULL;
}

/** Removes files of source sets that no order can need any more. @return whether there is room for one so long */
static bool sets_sweep(struct countermeasures *countermeasures, size_t wanted_bytes, int64_t now_wall_ns)
{
	int64_t lasts_s = 2 * (int64_t)countermeasures->config.duration_s;
	const struct source_set_sweep_config config = {
		.kept_s = lasts_s + SET_KEPT_S, .spared_s = lasts_s, .room_bytes = LIMIT_SOURCE_SETS_BYTES - wanted_bytes};
	struct source_set_sweep sweep = {0};
	countermeasures->sweep_wall_ns = now_wall_ns + SWEEP_NS;
	if (source_set_sweep(countermeasures->sets_fd, &config, now_wall_ns / NS_PER_S, &sweep) != OK)
		log_line(LOG_LEVEL_WARNING, "source_sets_unread: old ones are not removed");
	countermeasures->counters.sets_removed += sweep.removed;
	return sweep.left_bytes + wanted_bytes <= LIMIT_SOURCE_SETS_BYTES;
}

/** Stores a source set where there is room. @return OK, E_LIMIT or E_SYS */
static int set_store(struct countermeasures *countermeasures, const struct source_set *set, int64_t now_wall_ns)
{
	bool has_room = sets_sweep(countermeasures, source_set_file_bytes(set), now_wall_ns);
	return has_room ? source_set_save(set, countermeasures->sets_fd) : E_LIMIT;
}

/** Stores the source set and sends the document. @return OK, or E_SYS or E_LIMIT: what the document names cannot be stored */
static int propose(struct countermeasures *countermeasures, const struct wanted *wanted, int64_t now_wall_ns)
{
	const struct finding *finding = &wanted->finding;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	char *text = NULL;
	const struct synthesis *synthesis = &countermeasures->synthesis;
	int err = source_set_of(synthesis) != NULL ? set_store(countermeasures, source_set_of(synthesis), now_wall_ns) : OK;
	if (err != OK)
		return err;
	document_fill(countermeasures, wanted, now_wall_ns);
	err = countermeasure_write(&countermeasures->document, &text, complaint);
	if (err != OK) {
		log_line(LOG_LEVEL_ERROR, "countermeasure_unwritten finding=%s reason=\"%s\"", finding->id, complaint);
		return err;
	}
	line_link_put(countermeasures->link, text);
	free(text);
	log_line(LOG_LEVEL_NOTICE,
		"countermeasure finding=%s rules=%zu stopped_permille=%u collateral_permille=%u senders=%zu spared=%zu",
		finding->id, (size_t)synthesis->rules.count, synthesis->predicted.stopped_permille,
		synthesis->predicted.collateral_permille, wanted->named, wanted->spared);
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

/** Whether more senders would change the answer: rules name some, or stop less than was asked. */
static bool is_answer_of_senders(const struct countermeasures *countermeasures)
{
	const struct synthesis *synthesis = &countermeasures->synthesis;
	bool has_sources = false;
	for (size_t i = 0; i < synthesis->rules.count; i++)
		has_sources = has_sources || synthesis->sets[i] != NULL || synthesis->rules.rules[i].source_count > 0;
	return has_sources || synthesis->state != SYNTHESIS_SUFFICIENT;
}

static void grow_later(struct wanted *wanted, int64_t now_wall_ns)
{
	wanted->grow_wall_ns = now_wall_ns + wanted->grow_ns;
	wanted->grow_ns = wanted->grow_ns * 2 < GROW_LAST_NS ? wanted->grow_ns * 2 : GROW_LAST_NS;
}

/** Looks whether so many more senders of a case are known that it is due again. */
static void grow(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns)
{
	struct ip_prefix prefixes[SYNTHESIS_DESTINATIONS_MAX];
	size_t known = 0, spared = 0, count = synthesis_destinations(&wanted->finding, countermeasures->config.rules_most, prefixes);
	bool is_known = senders_take(countermeasures, &wanted->finding, prefixes, count, wanted->guard_ns, &known, &spared) == OK;
	if (is_known && known > 0 && known * 1000 >= wanted->named * GROWN_PERMILLE)
		wanted->due_wall_ns = now_wall_ns;
	grow_later(wanted, now_wall_ns);
}

/** Proposes what was made for a case, or says why there is nothing to propose. */
static void answer_tell(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns, int64_t now_mono_ns)
{
	if (countermeasures->synthesis.state == SYNTHESIS_COUNT_ONLY) {
		countermeasures->counters.separated_none++;
		failure_tell(countermeasures, wanted, "nothing tells it from good traffic", now_mono_ns);
	} else if (propose(countermeasures, wanted, now_wall_ns) == OK) {
		countermeasures->counters.proposed++;
		wanted->due_wall_ns = now_wall_ns + (int64_t)countermeasures->config.duration_s * NS_PER_S / 2;
	} else {
		countermeasures->counters.failed++;
		failure_tell(countermeasures, wanted, "what it names cannot be stored", now_mono_ns);
	}
}

/** Answers one case; it is not due again before something changes, or half of the time is over. */
static void answer(struct countermeasures *countermeasures, struct wanted *wanted, int64_t now_wall_ns, int64_t now_mono_ns)
{
	struct source_set *senders = NULL;
	wanted->due_wall_ns = wanted->grow_wall_ns = INT64_MAX;
	wanted->answered_wall_ns = now_wall_ns;
	int err = synthesis_seek(countermeasures, wanted, now_wall_ns, &senders);
	if (err == E_STATE && ++wanted->tries < TRIES_MAX) {
		wanted->due_wall_ns = now_wall_ns + RETRY_NS;
		source_set_free(senders);
		return;
	}
	wanted->tries = 0;
	countermeasures->counters.asked++;
	if (err == OK) {
		answer_tell(countermeasures, wanted, now_wall_ns, now_mono_ns);
		if (countermeasures->config.senders != NULL && is_answer_of_senders(countermeasures))
			grow_later(wanted, now_wall_ns);
		synthesis_done(&countermeasures->synthesis);
	} else {
		countermeasures->counters.failed++;
		failure_tell(countermeasures, wanted, "too little is known of the traffic before or during it", now_mono_ns);
	}
	wanted->is_changed = false; /* the next time that half of it is over, all of the last seconds count */
	source_set_free(senders);
}

void countermeasures_turn(struct countermeasures *countermeasures, int64_t now_wall_ns, int64_t now_mono_ns)
{
	sample_forget(countermeasures->sample, now_wall_ns);
	if (countermeasures->sets_fd >= 0 && now_wall_ns >= countermeasures->sweep_wall_ns)
		(void)sets_sweep(countermeasures, 0, now_wall_ns);
	countermeasures->is_due = false;
	for (size_t i = 0; i < CASES_MAX; i++) {
		struct wanted *wanted = &countermeasures->wanted[i];
		if (wanted->is_open && wanted->due_wall_ns > now_wall_ns && wanted->grow_wall_ns <= now_wall_ns)
			grow(countermeasures, wanted, now_wall_ns);
		if (!wanted->is_open || wanted->due_wall_ns > now_wall_ns)
			continue;
		answer(countermeasures, wanted, now_wall_ns, now_mono_ns);
		break;
	}
	line_link_turn(countermeasures->link, now_mono_ns);
}

struct countermeasures_counters countermeasures_counters_of(const struct countermeasures *countermeasures)
{
	return countermeasures->counters;
}

struct line_link_counters countermeasures_link_of(const struct countermeasures *countermeasures)
{
	return line_link_counters_of(countermeasures->link);
}
