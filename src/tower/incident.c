/*
 * The book of incidents that live, and of the findings they are made of.
 *
 * A finding comes as several documents with one id, each with the sums since
 * its beginning; the book keeps what the last one said, so that an incident's
 * sums grow by the difference. Findings are kept until others need the room,
 * those not heard of longest first. Then the horizon rises to the start of
 * what was forgotten: a finding that is not in memory and starts after the
 * horizon has never been seen, for certain, and nobody needs to be asked.
 * That is what lets a store do without an index on random ids.
 *
 * Incidents are found by their targets: those within one block (/24, /48) in
 * a hash table by member, matter and block, wider ones in a list of their own.
 * Hash keys are drawn at the start, since members choose what is hashed.
 */
#include "tower/incident.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/random.h"

#define NONE UINT32_MAX
#define BLOCK_BITS_V4 120 /* /24 in the mapped space */
#define BLOCK_BITS_V6 48
#define LINES_EACH 4 /* findings of one incident whose coming and going is told one by one */

/** Places of a list by index, so that tables can be copied and cleared at once. */
struct chain {
	uint32_t before, after;
};

struct live {
	struct incident incident;
	struct chain age; /* among live ones, the last heard first */
	uint32_t next_block; /* in the bucket of its block, or in the list of wide ones */
	uint32_t next_number; /* in the bucket of its number; of free ones */
	enum incident_state saved_state; /* in the store; INCIDENT_NO_STATE: it is not there yet */
	bool is_changed, is_used;
};

/** A finding: what its last document said. */
struct series {
	uint8_t id[INCIDENT_ID_BYTES];
	int64_t start_ms;
	uint64_t incident;
	uint64_t seen; /* bit i: sequence highest - i */
	uint64_t packets, bytes;
	uint64_t vector_packets[INCIDENT_VECTORS_MAX], vector_bytes[INCIDENT_VECTORS_MAX]; /* by the incident's vector */
	uint32_t highest;
	uint32_t next; /* in the bucket of its id */
	struct chain age;
	bool is_ended;
};

struct incident_book {
	struct hash_key key;
	incident_tell *tell;
	void *to;
	struct incident_counters counters;
	uint64_t next_number;
	int64_t horizon_ms;
	size_t live_max, live_used, live_buckets;
	struct live *lives;
	uint32_t *blocks, *numbers, wide, live_first, live_last, live_free;
	uint32_t *changed;
	size_t changed_count;
	size_t series_max, series_used, series_buckets;
	struct series *series;
	uint32_t *ids, series_first, series_last;
};

static size_t buckets_for(size_t count)
{
	size_t buckets = 16;
	while (buckets < count)
		buckets *= 2;
	return buckets;
}

int incident_book_new(size_t live_max, size_t series_max, incident_tell *tell, void *to, struct incident_book **ret_book)
{
	ASSERT(live_max >= 4 && live_max < NONE && series_max >= 4 && series_max < NONE);
	struct incident_book *book = calloc(1, sizeof(*book));
	if (book == NULL)
		return E_NOMEM;
	*book = (struct incident_book){.tell = tell, .to = to, .live_max = live_max, .series_max = series_max,
		.live_buckets = buckets_for(live_max), .series_buckets = buckets_for(series_max)};
	book->lives = calloc(live_max, sizeof(*book->lives));
	book->blocks = calloc(book->live_buckets, sizeof(*book->blocks));
	book->numbers = calloc(book->live_buckets, sizeof(*book->numbers));
	book->changed = calloc(live_max, sizeof(*book->changed));
	book->series = calloc(series_max, sizeof(*book->series));
	book->ids = calloc(book->series_buckets, sizeof(*book->ids));
	if (book->lives == NULL || book->blocks == NULL || book->numbers == NULL || book->changed == NULL || book->series == NULL ||
		book->ids == NULL) {
		incident_book_free(book);
		return E_NOMEM;
	}
	random_bytes(&book->key, sizeof(book->key));
	incident_book_clear(book, INT64_MAX, 1);
	*ret_book = book;
	return OK;
}

void incident_book_free(struct incident_book *book)
{
	if (book == NULL)
		return;
	free(book->lives);
	free(book->blocks);
	free(book->numbers);
	free(book->changed);
	free(book->series);
	free(book->ids);
	free(book);
}

void incident_book_clear(struct incident_book *book, int64_t horizon_ms, uint64_t next_number)
{
	book->horizon_ms = horizon_ms;
	book->next_number = next_number;
	memset(book->blocks, 0xff, book->live_buckets * sizeof(*book->blocks));
	memset(book->numbers, 0xff, book->live_buckets * sizeof(*book->numbers));
	memset(book->ids, 0xff, book->series_buckets * sizeof(*book->ids));
	book->wide = book->live_first = book->live_last = book->series_first = book->series_last = NONE;
	book->live_used = book->series_used = book->changed_count = 0;
	book->live_free = NONE;
	for (size_t i = book->live_max; i-- > 0;) {
		book->lives[i].is_used = false;
		book->lives[i].next_number = book->live_free;
		book->live_free = (uint32_t)i;
	}
}

void incident_id(const char id[static FINDING_ID_BYTES], uint8_t ret_id[static INCIDENT_ID_BYTES])
{
	for (size_t i = 0; i < INCIDENT_ID_BYTES; i++) {
		unsigned high = (unsigned char)id[2 * i], low = (unsigned char)id[2 * i + 1];
		ret_id[i] = (uint8_t)(((high & 0xf) + (high >= 'a' ? 9 : 0)) << 4 | ((low & 0xf) + (low >= 'a' ? 9 : 0)));
	}
}

/* Live incidents. */

static void live_unlink_age(struct incident_book *book, uint32_t at)
{
	const struct chain age = book->lives[at].age;
	*(age.before != NONE ? &book->lives[age.before].age.after : &book->live_first) = age.after;
	*(age.after != NONE ? &book->lives[age.after].age.before : &book->live_last) = age.before;
}

static void live_push_age(struct incident_book *book, uint32_t at)
{
	book->lives[at].age = (struct chain){.before = NONE, .after = book->live_first};
	*(book->live_first != NONE ? &book->lives[book->live_first].age.before : &book->live_last) = at;
	book->live_first = at;
}

static bool is_wide(const struct ip_prefix *target)
{
	return target->bits < (ip_is_v4(&target->addr) ? BLOCK_BITS_V4 : BLOCK_BITS_V6);
}

static uint64_t text_hash(const struct incident_book *book, const char *text)
{
	uint64_t hash = 0;
	for (size_t length = strlen(text); length > 0;) {
		uint64_t word = 0;
		size_t step = length < sizeof(word) ? length : sizeof(word);
		memcpy(&word, text, step);
		hash = hash_pair(&book->key, hash, word);
		text += step;
		length -= step;
	}
	return hash;
}

/** Where incidents of a member about a matter with targets in one block begin. */
static uint32_t *block_of(
	struct incident_book *book, const char *member, enum incident_matter matter, const struct ip_prefix *target)
{
	if (matter == INCIDENT_MAIL) /* is found by its number alone */
		return &book->blocks[text_hash(book, member) & (book->live_buckets - 1)];
	if (is_wide(target))
		return &book->wide;
	struct ip_addr block = ip_masked(&target->addr, ip_is_v4(&target->addr) ? BLOCK_BITS_V4 : BLOCK_BITS_V6);
	uint64_t hash = hash_pair(&book->key, hash_pair(&book->key, block.be64[0], block.be64[1]), text_hash(book, member) + matter);
	return &book->blocks[hash & (book->live_buckets - 1)];
}

static uint32_t *number_bucket(const struct incident_book *book, uint64_t number)
{
	return &book->numbers[number & (book->live_buckets - 1)];
}

static uint32_t live_find(const struct incident_book *book, uint64_t number)
{
	uint32_t at = *number_bucket(book, number);
	while (at != NONE && book->lives[at].incident.number != number)
		at = book->lives[at].next_number;
	return at;
}

const struct incident *incident_find(const struct incident_book *book, uint64_t number)
{
	uint32_t at = live_find(book, number);
	return at != NONE ? &book->lives[at].incident : NULL;
}

static void live_link(struct incident_book *book, uint32_t at)
{
	struct incident *incident = &book->lives[at].incident;
	uint32_t *block = block_of(book, incident->member, incident->matter, &incident->target);
	book->lives[at].next_block = *block;
	*block = at;
}

static void live_unlink(struct incident_book *book, uint32_t at)
{
	const struct incident *incident = &book->lives[at].incident;
	uint32_t *link = block_of(book, incident->member, incident->matter, &incident->target);
	while (*link != at)
		link = &book->lives[*link].next_block;
	*link = book->lives[at].next_block;
}

static void live_change(struct incident_book *book, uint32_t at)
{
	if (!book->lives[at].is_changed)
		book->changed[book->changed_count++] = at;
	book->lives[at].is_changed = true;
}

static void live_free(struct incident_book *book, uint32_t at)
{
	struct live *live = &book->lives[at];
	uint32_t *link = number_bucket(book, live->incident.number);
	while (*link != at)
		link = &book->lives[*link].next_number;
	*link = live->next_number;
	live_unlink(book, at);
	live_unlink_age(book, at);
	live->is_used = false;
	live->next_number = book->live_free;
	book->live_free = at;
	book->live_used--;
}

static void tell(struct incident_book *book, struct incident *incident, struct incident_line line)
{
	if (incident->line_count >= INCIDENT_LINES_MAX && line.event != INCIDENT_OVER &&
		line.event != INCIDENT_MAIL_OVER) {
		book->counters.lines_left_out++;
		return;
	}
	incident->line_count++;
	line.incident = incident->number;
	book->tell(book->to, &line);
}

static struct incident_line line_of(int64_t at_ms, enum incident_event event, const char *subject, uint64_t value, uint64_t other)
{
	struct incident_line line = {.at_ms = at_ms, .event = event, .value = value, .other = other};
	size_t length = strnlen(subject, sizeof(line.subject) - 1);
	memcpy(line.subject, subject, length);
	return line;
}

static void live_end(struct incident_book *book, uint32_t at)
{
	struct incident *incident = &book->lives[at].incident;
	int64_t length_s = (incident->last_ms - incident->opened_ms) / 1000;
	incident->state = INCIDENT_ENDED;
	incident->ended_ms = incident->last_ms;
	incident->open_count = 0;
	bool is_mail = incident->matter == INCIDENT_MAIL;
	tell(book, incident, line_of(incident->last_ms, is_mail ? INCIDENT_MAIL_OVER : INCIDENT_OVER, "",
		is_mail ? incident->finding_count : incident->packets, length_s > 0 ? (uint64_t)length_s : 0));
	book->counters.ended++;
	live_change(book, at);
}

/** A free place; NONE when there is none: then some end early, and there is room once the changes are saved. */
static uint32_t live_take(struct incident_book *book, const struct incident *incident)
{
	uint32_t at = book->live_free;
	if (at == NONE) {
		size_t room = 1 + book->live_max / 8;
		for (uint32_t old = book->live_last; old != NONE && room > 0; old = book->lives[old].age.before, room--) {
			if (book->lives[old].incident.state == INCIDENT_ENDED)
				continue;
			book->counters.incidents_evicted++;
			live_end(book, old);
		}
		return NONE;
	}
	struct live *live = &book->lives[at];
	uint32_t *bucket = number_bucket(book, incident->number);
	book->live_free = live->next_number;
	live->incident = *incident;
	live->is_used = true;
	live->is_changed = false;
	live->saved_state = INCIDENT_NO_STATE;
	live->next_number = *bucket;
	*bucket = at;
	live_link(book, at);
	live_push_age(book, at);
	book->live_used++;
	return at;
}

int incident_load(struct incident_book *book, const struct incident *incident)
{
	if (live_find(book, incident->number) != NONE)
		return OK;
	uint32_t at = live_take(book, incident);
	if (at == NONE)
		return E_AGAIN;
	book->lives[at].saved_state = incident->state;
	return OK;
}

/* Findings. */

static uint32_t *id_bucket(const struct incident_book *book, const uint8_t id[static INCIDENT_ID_BYTES])
{
	uint64_t words[2];
	memcpy(words, id, sizeof(words));
	return &book->ids[hash_pair(&book->key, words[0], words[1]) & (book->series_buckets - 1)];
}

static uint32_t series_find(const struct incident_book *book, const uint8_t id[static INCIDENT_ID_BYTES])
{
	uint32_t at = *id_bucket(book, id);
	while (at != NONE && memcmp(book->series[at].id, id, INCIDENT_ID_BYTES) != 0)
		at = book->series[at].next;
	return at;
}

static void series_unlink_age(struct incident_book *book, uint32_t at)
{
	const struct chain age = book->series[at].age;
	*(age.before != NONE ? &book->series[age.before].age.after : &book->series_first) = age.after;
	*(age.after != NONE ? &book->series[age.after].age.before : &book->series_last) = age.before;
}

static void series_push_age(struct incident_book *book, uint32_t at)
{
	book->series[at].age = (struct chain){.before = NONE, .after = book->series_first};
	*(book->series_first != NONE ? &book->series[book->series_first].age.before : &book->series_last) = at;
	book->series_first = at;
}

/** The place of the one not heard of longest, which is forgotten: from now on the store knows of it, and memory does not. */
static uint32_t series_forget(struct incident_book *book)
{
	uint32_t at = book->series_last;
	struct series *old = &book->series[at];
	uint32_t *link = id_bucket(book, old->id);
	while (*link != at)
		link = &book->series[*link].next;
	*link = old->next;
	series_unlink_age(book, at);
	if (old->start_ms > book->horizon_ms)
		book->horizon_ms = old->start_ms;
	book->counters.findings_forgotten++;
	return at;
}

static struct series *series_new(struct incident_book *book, const struct finding *finding, uint64_t incident)
{
	uint8_t id[INCIDENT_ID_BYTES];
	uint32_t at = book->series_used < book->series_max ? (uint32_t)book->series_used++ : series_forget(book);
	incident_id(finding->id, id);
	uint32_t *bucket = id_bucket(book, id);
	struct series *series = &book->series[at];
	*series = (struct series){
		.start_ms = finding->window_start_ms, .incident = incident, .highest = finding->sequence, .next = *bucket};
	memcpy(series->id, id, sizeof(series->id));
	*bucket = at;
	series_push_age(book, at);
	return series;
}

/** The place of a vector in an incident; INCIDENT_VECTORS_MAX if it has none. */
static size_t vector_find(const struct incident *incident, const char *name)
{
	size_t i = 0;
	while (i < incident->vector_count && strcmp(incident->vectors[i].name, name) != 0)
		i++;
	return i < incident->vector_count ? i : INCIDENT_VECTORS_MAX;
}

void incident_recall(struct incident_book *book, const struct finding *last, uint64_t number, uint64_t seen)
{
	const struct incident *incident = incident_find(book, number);
	ASSERT(incident != NULL);
	struct series *series = series_new(book, last, number);
	series->seen = seen | 1;
	series->packets = last->packets;
	series->bytes = last->bytes;
	series->is_ended = last->phase == FINDING_END;
	for (size_t i = 0; i < last->vector_count; i++) {
		size_t at = vector_find(incident, last->vectors[i].name);
		if (at == INCIDENT_VECTORS_MAX)
			continue;
		series->vector_packets[at] = last->vectors[i].packets;
		series->vector_bytes[at] = last->vectors[i].bytes;
	}
}

enum incident_want incident_wants(const struct incident_book *book, const struct finding *finding, uint64_t *ret_number)
{
	uint8_t id[INCIDENT_ID_BYTES];
	incident_id(finding->id, id);
	uint32_t at = series_find(book, id);
	if (at == NONE)
		return finding->window_start_ms <= book->horizon_ms ? INCIDENT_WANTS_FINDING : INCIDENT_WANTS_NOTHING;
	const struct series *series = &book->series[at];
	if (finding->sequence <= series->highest && series->highest - finding->sequence >= INCIDENT_WINDOW)
		return INCIDENT_WANTS_SEQUENCE;
	*ret_number = series->incident;
	return live_find(book, series->incident) == NONE ? INCIDENT_WANTS_INCIDENT : INCIDENT_WANTS_NOTHING;
}

uint64_t incident_of_finding(const struct incident_book *book, const char id[static FINDING_ID_BYTES])
{
	uint8_t bytes[INCIDENT_ID_BYTES];
	incident_id(id, bytes);
	uint32_t at = series_find(book, bytes);
	return at != NONE ? book->series[at].incident : 0;
}

/* Joining. */

static bool overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits <= b->bits ? ip_prefix_covers(a, &b->addr) : ip_prefix_covers(b, &a->addr);
}

static bool belongs(const struct incident *incident, const struct finding *finding, const char *member)
{
	if (incident->state != INCIDENT_OPEN || incident->matter != incident_matter_of(finding->kind) ||
		strcmp(incident->member, member) != 0 || finding->window_start_ms > incident->last_ms + INCIDENT_GAP_MS ||
		finding->window_end_ms < incident->opened_ms - INCIDENT_GAP_MS)
		return false;
	if (overlap(&incident->target, &finding->target))
		return true;
	for (size_t i = 0; i < finding->prefix_count; i++) {
		if (overlap(&incident->target, &finding->prefixes[i]))
			return true;
	}
	return false;
}

static uint32_t among(const struct incident_book *book, uint32_t at, const struct finding *finding, const char *member)
{
	while (at != NONE && !belongs(&book->lives[at].incident, finding, member))
		at = book->lives[at].next_block;
	return at;
}

/** The live incident that a new finding belongs to; NONE. One that told nothing of its target belongs to none but its own. */
static uint32_t join(struct incident_book *book, const struct finding *finding, const char *member)
{
	if (finding->target.bits == 0)
		return NONE;
	if (!is_wide(&finding->target) && finding->prefix_count == 0) {
		uint32_t at = among(book, *block_of(book, member, incident_matter_of(finding->kind), &finding->target), finding, member);
		return at != NONE ? at : among(book, book->wide, finding, member);
	}
	for (uint32_t at = book->live_first; at != NONE; at = book->lives[at].age.after) { /* carpets are few */
		if (belongs(&book->lives[at].incident, finding, member))
			return at;
	}
	return NONE;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b; /* what a document can hold */
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static void vectors_take(
	struct incident_book *book, struct incident *incident, struct series *series, const struct finding *finding)
{
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *from = &finding->vectors[i];
		size_t at = vector_find(incident, from->name);
		if (at == INCIDENT_VECTORS_MAX && incident->vector_count == INCIDENT_VECTORS_MAX) {
			book->counters.vectors_left_out++;
			continue;
		}
		if (at == INCIDENT_VECTORS_MAX) {
			at = incident->vector_count++;
			incident->vectors[at] = (struct incident_vector){.first_ms = from->start_ms, .last_ms = from->end_ms};
			memcpy(incident->vectors[at].name, from->name, sizeof(from->name));
			tell(book, incident, line_of(from->start_ms, INCIDENT_VECTOR, from->name, from->packets_permille, 0));
		}
		struct incident_vector *vector = &incident->vectors[at];
		vector->packets = sum(vector->packets, grown(from->packets, series->vector_packets[at]));
		vector->bytes = sum(vector->bytes, grown(from->bytes, series->vector_bytes[at]));
		vector->first_ms = from->start_ms < vector->first_ms ? from->start_ms : vector->first_ms;
		vector->last_ms = from->end_ms > vector->last_ms ? from->end_ms : vector->last_ms;
		series->vector_packets[at] = from->packets;
		series->vector_bytes[at] = from->bytes;
	}
}

static void shapes_take(struct incident_book *book, struct incident *incident, const struct finding *finding)
{
	uint32_t fresh = finding->shapes & ~incident->shapes;
	incident->shapes |= finding->shapes;
	for (unsigned bit = 0; bit < SHAPE_COUNT; bit++) {
		if ((fresh >> bit & 1) != 0)
			tell(book, incident, line_of(finding->told_ms, INCIDENT_SHAPE, finding_shape_names[bit], 0, 0));
	}
}

static void peak_take(struct incident_book *book, struct incident *incident, const struct finding *finding)
{
	if (finding->peak_bps > incident->peak_bps)
		incident->peak_bps = finding->peak_bps;
	if (finding->peak_pps <= incident->peak_pps && incident->why[0] != '\0')
		return;
	incident->peak_pps = finding->peak_pps;
	incident->peak_ms = finding->told_ms;
	memcpy(incident->why, finding->why, sizeof(incident->why));
	memcpy(incident->sensor, finding->sensor, sizeof(incident->sensor));
	if (incident->told_peak_pps == 0) {
		incident->told_peak_pps = incident->peak_pps; /* its opening tells it */
	} else if (incident->peak_pps / 2 >= incident->told_peak_pps) {
		incident->told_peak_pps = incident->peak_pps;
		tell(book, incident, line_of(finding->told_ms, INCIDENT_PEAK, "", finding->peak_pps, finding->peak_bps));
	}
}

static void target_take(struct incident_book *book, uint32_t at, const struct finding *finding)
{
	struct incident *incident = &book->lives[at].incident;
	char text[IP_PREFIX_TEXT_BYTES];
	if (finding->target.bits >= incident->target.bits || !ip_prefix_covers(&finding->target, &incident->target.addr))
		return;
	live_unlink(book, at);
	incident->target = finding->target;
	live_link(book, at);
	tell(book, incident, line_of(finding->told_ms, INCIDENT_WIDENED, ip_prefix_write(&finding->target, text), 0, 0));
}

/** Each of the first findings that join, then each time they have doubled: history is for people. */
static bool is_worth_telling(uint32_t count)
{
	return count <= LINES_EACH || (count & (count - 1)) == 0;
}

/** What the newest document of a finding says, added to its incident. */
static void newest_take(struct incident_book *book, uint32_t at, struct series *series, const struct finding *finding)
{
	struct incident *incident = &book->lives[at].incident;
	incident->kinds |= 1u << finding->kind;
	if (finding->window_start_ms < incident->opened_ms)
		incident->opened_ms = finding->window_start_ms;
	if (finding->window_end_ms > incident->last_ms)
		incident->last_ms = finding->window_end_ms;
	if (finding->source_count > incident->source_count)
		incident->source_count = finding->source_count;
	if (finding->confidence > incident->confidence)
		incident->confidence = finding->confidence;
	incident->packets = sum(incident->packets, grown(finding->packets, series->packets));
	incident->bytes = sum(incident->bytes, grown(finding->bytes, series->bytes));
	series->packets = finding->packets;
	series->bytes = finding->bytes;
	vectors_take(book, incident, series, finding);
	shapes_take(book, incident, finding);
	peak_take(book, incident, finding);
	target_take(book, at, finding);
	if (finding->phase == FINDING_END && !series->is_ended && incident->open_count > 0) {
		incident->open_count--;
		if (incident->open_count == 0 || incident->finding_count <= LINES_EACH)
			tell(book, incident,
				line_of(finding->told_ms, INCIDENT_FINDING_ENDED, finding_kind_name(finding->kind), incident->open_count, 0));
	}
	series->is_ended |= finding->phase == FINDING_END;
}

static uint32_t open_new(
	struct incident_book *book, const struct finding *finding, const char *member, uint8_t sector, int64_t now_ms)
{
	static const struct incident blank;
	struct incident incident = blank;
	incident.number = book->next_number;
	incident.sector = sector;
	incident.matter = incident_matter_of(finding->kind);
	incident.state = INCIDENT_OPEN;
	incident.target = finding->target;
	incident.opened_ms = finding->window_start_ms;
	incident.last_ms = finding->window_end_ms;
	incident.told_ms = now_ms;
	incident.first_day = incident.last_day = (uint32_t)(now_ms / INCIDENT_DAY_MS);
	size_t length = strnlen(member, sizeof(incident.member) - 1);
	memcpy(incident.member, member, length);
	uint32_t at = live_take(book, &incident);
	if (at == NONE)
		return NONE;
	book->next_number++;
	book->counters.opened++;
	tell(book, &book->lives[at].incident,
		line_of(finding->window_start_ms, INCIDENT_OPENED, finding_kind_name(finding->kind), finding->peak_pps, 0));
	return at;
}

static void touch(struct incident_book *book, uint32_t at, int64_t now_ms)
{
	struct incident *incident = &book->lives[at].incident;
	uint32_t day = (uint32_t)(now_ms / INCIDENT_DAY_MS);
	incident->document_count++;
	incident->heard_ms = now_ms;
	incident->last_day = day > incident->last_day ? day : incident->last_day;
	live_unlink_age(book, at);
	live_push_age(book, at);
	live_change(book, at);
}

/** Ended for want of room, or by silence, and yet it goes on. */
static void reopen(struct incident_book *book, uint32_t at, const struct finding *finding)
{
	struct incident *incident = &book->lives[at].incident;
	if (incident->state != INCIDENT_ENDED)
		return;
	incident->state = INCIDENT_OPEN;
	incident->ended_ms = 0;
	incident->open_count = 1;
	tell(book, incident, line_of(finding->told_ms, INCIDENT_REOPENED, finding_kind_name(finding->kind), 0, 0));
}

/** Another document of a finding that is in memory. */
static int known_take(struct incident_book *book, uint32_t in, const struct finding *finding, bool is_unseen, int64_t now_ms,
	struct incident_taken *ret_taken)
{
	struct series *series = &book->series[in];
	uint32_t at = live_find(book, series->incident);
	bool is_newest = finding->sequence > series->highest;
	uint32_t distance = is_newest ? finding->sequence - series->highest : series->highest - finding->sequence;
	if (at == NONE)
		return E_STATE;
	*ret_taken = (struct incident_taken){.number = series->incident};
	if (!is_newest && distance < INCIDENT_WINDOW && (series->seen >> distance & 1) != 0) {
		ret_taken->is_repeat = true;
		return OK;
	}
	if (!is_newest && distance >= INCIDENT_WINDOW && !is_unseen)
		return E_STATE;
	series_unlink_age(book, in);
	series_push_age(book, in);
	if (is_newest && finding->phase != FINDING_END && !series->is_ended)
		reopen(book, at, finding);
	if (is_newest) {
		series->seen = (distance < INCIDENT_WINDOW ? series->seen << distance : 0) | 1;
		series->highest = finding->sequence;
		newest_take(book, at, series, finding);
	} else if (distance < INCIDENT_WINDOW) {
		series->seen |= UINT64_C(1) << distance; /* it came late: what it sums up has been told better since */
	}
	touch(book, at, now_ms);
	return OK;
}

int incident_take(struct incident_book *book, const struct finding *finding, const char *member, uint8_t sector, bool is_unseen,
	int64_t now_ms, struct incident_taken *ret_taken)
{
	uint8_t id[INCIDENT_ID_BYTES];
	incident_id(finding->id, id);
	uint32_t in = series_find(book, id);
	if (in != NONE)
		return known_take(book, in, finding, is_unseen, now_ms, ret_taken);
	if (!is_unseen && finding->window_start_ms <= book->horizon_ms)
		return E_STATE;
	uint32_t at = join(book, finding, member);
	bool is_new = at == NONE;
	if (is_new)
		at = open_new(book, finding, member, sector, now_ms);
	if (at == NONE)
		return E_AGAIN;
	struct incident *incident = &book->lives[at].incident;
	struct series *series = series_new(book, finding, incident->number);
	series->seen = 1;
	incident->finding_count++;
	incident->open_count++;
	if (!is_new && is_worth_telling(incident->finding_count))
		tell(book, incident,
			line_of(finding->window_start_ms, INCIDENT_JOINED, finding_kind_name(finding->kind), incident->finding_count, 0));
	newest_take(book, at, series, finding);
	touch(book, at, now_ms);
	*ret_taken = (struct incident_taken){.number = incident->number, .is_new = is_new};
	return OK;
}

size_t incident_tick(struct incident_book *book, int64_t now_ms)
{
	size_t ended = 0;
	for (uint32_t at = book->live_last; at != NONE; at = book->lives[at].age.before) {
		const struct incident *incident = &book->lives[at].incident;
		int64_t quiet_ms = now_ms - incident->heard_ms;
		int64_t gap_ms = incident->matter == INCIDENT_MAIL ? INCIDENT_MAIL_GAP_MS : INCIDENT_GAP_MS;
		if (quiet_ms < gap_ms || incident->state != INCIDENT_OPEN ||
			(incident->open_count > 0 && quiet_ms < INCIDENT_SILENT_MS))
			continue;
		live_end(book, at);
		ended++;
	}
	return ended;
}

int incident_open(struct incident_book *book, const struct incident *incident, uint64_t *ret_number)
{
	struct incident fresh = *incident;
	fresh.number = book->next_number;
	if (live_take(book, &fresh) == NONE)
		return E_AGAIN;
	book->next_number++;
	book->counters.opened++;
	*ret_number = fresh.number;
	return OK;
}

void incident_update(struct incident_book *book, const struct incident *incident)
{
	uint32_t at = live_find(book, incident->number);
	ASSERT(at != NONE);
	book->lives[at].incident = *incident;
	live_unlink_age(book, at);
	live_push_age(book, at);
	live_change(book, at);
}

void incident_line_add(struct incident_book *book, const struct incident_line *line)
{
	uint32_t at = live_find(book, line->incident);
	if (at == NONE)
		return;
	tell(book, &book->lives[at].incident, *line);
	live_change(book, at);
}

const struct incident *incident_changed(const struct incident_book *book, size_t index, enum incident_state *ret_saved)
{
	if (index >= book->changed_count)
		return NULL;
	const struct live *live = &book->lives[book->changed[index]];
	*ret_saved = live->saved_state;
	return &live->incident;
}

void incident_saved(struct incident_book *book)
{
	for (size_t i = 0; i < book->changed_count; i++) {
		uint32_t at = book->changed[i];
		book->lives[at].is_changed = false;
		book->lives[at].saved_state = book->lives[at].incident.state;
		if (book->lives[at].incident.state == INCIDENT_ENDED)
			live_free(book, at);
	}
	book->changed_count = 0;
}

void incident_count(const struct incident_book *book, struct incident_counters *ret_counters)
{
	*ret_counters = book->counters;
}
