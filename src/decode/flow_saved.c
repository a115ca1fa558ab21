/*
 * The state of the flow decoders as bytes, so that a collector that was
 * restarted understands the next datagram. Numbers are little-endian.
 *
 *     header (24)
 *       0  magic "HINOMIFS"
 *       8  version, u32: 1
 *      12  exporters, u32
 *      16  templates, u32
 *      20  length of everything in bytes, u32
 *     exporter, repeated, least recently heard first (42 + notes * 13)
 *       0  address, 16 bytes, IPv4 mapped
 *      16  domain, u32
 *      20  format, u32: enum flow_format
 *      24  boot time, u64, wall ms, 0: never said
 *      32  sampling, u32, 0: never said
 *      36  zero, u32
 *      40  notes, u16
 *          note: kind, u8 (enum flow_note_kind: a selector or an interface); id, u64; value, u32
 *     template, repeated, least recently used first (16 + fields * 8)
 *       0  exporter, u32: which of the above, from 0
 *       4  kind, u32: enum template_kind
 *       8  id, u16
 *      10  fields, u16
 *      12  scopes, u16
 *      14  zero, u16
 *          field: enterprise, u32; id, u16; length in bytes, u16
 *     trailer (8)
 *       0  FNV-1a of all bytes before, 64 bits: finds damage, not malice
 *
 * Templates are saved as their exporter described them and compiled anew, so
 * the file can do no more than a datagram could. It is valid only if all of
 * it is: any fault leaves the state empty. Sequence numbers and drops are
 * not saved: nothing is known of the time in between.
 */
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "decode/flow_state.h"

#define SAVED_VERSION 1
#define HEADER_BYTES 24
#define EXPORTER_BYTES 42
#define NOTE_BYTES 13
#define TEMPLATE_BYTES 16
#define FIELD_BYTES 8
#define TRAILER_BYTES 8

static const uint8_t magic[8] = {'H', 'I', 'N', 'O', 'M', 'I', 'F', 'S'};

static uint64_t checksum_of(const uint8_t *bytes, size_t length_bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length_bytes; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/** Writes a little-endian number; returns what comes behind it. */
static uint8_t *put(uint8_t *at, uint64_t value, size_t length_bytes)
{
	for (size_t i = 0; i < length_bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + length_bytes;
}

static uint64_t cursor_le64(struct cursor *cur)
{
	uint64_t low = cursor_le32(cur);
	return (uint64_t)cursor_le32(cur) << 32 | low;
}

static bool note_is_saved(const struct flow_note *note)
{
	return note->kind == NOTE_SELECTOR || note->kind == NOTE_INTERFACE;
}

static unsigned notes_saved(const struct flow_exporter *exporter)
{
	unsigned count = 0;
	for (unsigned i = 0; i < exporter->note_count; i++)
		count += note_is_saved(&exporter->notes[i]);
	return count;
}

/** Whether the template's exporter still knows it. */
static bool template_is_live(const struct flow_state *state, const struct template *template)
{
	return state->exporters[template->exporter].epoch[template->kind] == template->epoch;
}

static uint8_t *exporter_put(uint8_t *at, const struct flow_exporter *exporter)
{
	memcpy(at, exporter->addr.bytes, 16);
	at = put(at + 16, exporter->domain, 4);
	at = put(at, (uint64_t)exporter->format, 4);
	at = put(at, exporter->boot_wall_ms, 8);
	at = put(at, exporter->sampling, 4);
	at = put(at, 0, 4);
	at = put(at, notes_saved(exporter), 2);
	for (unsigned i = 0; i < exporter->note_count; i++) {
		const struct flow_note *note = &exporter->notes[i];
		if (!note_is_saved(note))
			continue;
		at = put(at, (uint64_t)note->kind, 1);
		at = put(at, note->id, 8);
		at = put(at, note->value, 4);
	}
	return at;
}

static uint8_t *template_put(uint8_t *at, const struct template *template, uint32_t exporter)
{
	at = put(at, exporter, 4);
	at = put(at, template->kind, 4);
	at = put(at, template->id, 2);
	at = put(at, template->field_count, 2);
	at = put(at, template->scope_count, 2);
	at = put(at, 0, 2);
	for (unsigned i = 0; i < template->field_count; i++) {
		at = put(at, template->fields[i].enterprise, 4);
		at = put(at, template->fields[i].id, 2);
		at = put(at, template->fields[i].length_bytes, 2);
	}
	return at;
}

/** Counts and total length of what will be saved. */
struct saved_size {
	uint32_t exporters;
	uint32_t templates;
	size_t length_bytes;
};

static struct saved_size size_of(const struct flow_state *state)
{
	struct saved_size size = {.length_bytes = HEADER_BYTES + TRAILER_BYTES};
	const struct flow_table *table = &state->exporter_table;
	for (uint32_t at = table->oldest; at != FLOW_TABLE_NONE; at = table->places[at].newer) {
		size.exporters++;
		size.length_bytes += EXPORTER_BYTES + notes_saved(&state->exporters[at]) * NOTE_BYTES;
	}
	table = &state->template_table;
	for (uint32_t at = table->oldest; at != FLOW_TABLE_NONE; at = table->places[at].newer) {
		if (!template_is_live(state, &state->templates[at]))
			continue;
		size.templates++;
		size.length_bytes += TEMPLATE_BYTES + (size_t)state->templates[at].field_count * FIELD_BYTES;
	}
	return size;
}

int flow_state_save(const struct flow_state *state, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	struct saved_size size = size_of(state);
	uint8_t *bytes = malloc(size.length_bytes);
	uint32_t *ordinals = calloc(state->config.exporters_max, sizeof(*ordinals)); /* by place */
	if (bytes == NULL || ordinals == NULL) {
		free(bytes);
		free(ordinals);
		return E_NOMEM;
	}
	memcpy(bytes, magic, sizeof(magic));
	uint8_t *out = put(bytes + sizeof(magic), SAVED_VERSION, 4);
	out = put(out, size.exporters, 4);
	out = put(out, size.templates, 4);
	out = put(out, size.length_bytes, 4);

	uint32_t ordinal = 0;
	const struct flow_table *table = &state->exporter_table;
	for (uint32_t at = table->oldest; at != FLOW_TABLE_NONE; at = table->places[at].newer) {
		ordinals[at] = ordinal++;
		out = exporter_put(out, &state->exporters[at]);
	}
	table = &state->template_table;
	for (uint32_t at = table->oldest; at != FLOW_TABLE_NONE; at = table->places[at].newer) {
		const struct template *template = &state->templates[at];
		if (template_is_live(state, template))
			out = template_put(out, template, ordinals[template->exporter]);
	}
	out = put(out, checksum_of(bytes, (size_t)(out - bytes)), TRAILER_BYTES);
	ASSERT((size_t)(out - bytes) == size.length_bytes);
	free(ordinals);
	*ret_bytes = bytes;
	*ret_length_bytes = size.length_bytes;
	return OK;
}

/** What loading needs at hand. */
struct loader {
	struct cursor cur;
	struct flow_context ctx;
	struct flow_counters ignored; /* loading is not hearing: nothing is counted */
	uint32_t exporters;
	uint32_t templates;
};

static int notes_load(struct loader *loader, struct flow_exporter *exporter)
{
	unsigned count = cursor_le16(&loader->cur);
	for (unsigned i = 0; i < count && loader->cur.error == OK; i++) {
		struct flow_note note = {.kind = (enum flow_note_kind)cursor_u8(&loader->cur)};
		note.id = cursor_le64(&loader->cur);
		note.value = cursor_le32(&loader->cur);
		if (loader->cur.error != OK)
			break;
		if (!note_is_saved(&note) || !flow_sampling_sound(&loader->ctx, note.value))
			return E_MALFORMED;
		int err = flow_note_set(exporter, note.kind, note.id, note.value);
		if (err != OK)
			return err;
	}
	return loader->cur.error;
}

static int exporter_load(struct loader *loader)
{
	struct cursor *cur = &loader->cur;
	struct ip_addr addr;
	cursor_copy(cur, addr.bytes, 16);
	uint32_t domain = cursor_le32(cur);
	uint32_t format = cursor_le32(cur);
	uint64_t boot_wall_ms = cursor_le64(cur);
	uint32_t sampling = cursor_le32(cur);
	uint32_t zero = cursor_le32(cur);
	if (cur->error != OK)
		return cur->error;
	if (format == FLOW_UNKNOWN || format >= FLOW_FORMAT_COUNT || zero != 0)
		return E_MALFORMED;
	if (sampling != 0 && !flow_sampling_sound(&loader->ctx, sampling))
		return E_MALFORMED;
	if (flow_exporter_find(loader->ctx.state, (enum flow_format)format, &addr, domain) != NULL)
		return E_MALFORMED;
	struct flow_exporter *exporter = flow_exporter_heard(&loader->ctx, (enum flow_format)format, &addr, domain);
	exporter->boot_wall_ms = boot_wall_ms;
	exporter->sampling = sampling;
	return notes_load(loader, exporter);
}

static int template_load(struct loader *loader)
{
	struct cursor *cur = &loader->cur;
	struct template_description description = {0};
	uint32_t exporter = cursor_le32(cur);
	uint32_t kind = cursor_le32(cur);
	description.id = cursor_le16(cur);
	description.field_count = cursor_le16(cur);
	description.scope_count = cursor_le16(cur);
	uint16_t zero = cursor_le16(cur);
	if (cur->error != OK)
		return cur->error;
	if (exporter >= loader->exporters || kind >= TEMPLATE_KIND_COUNT || zero != 0 ||
		description.field_count > LIMIT_FLOW_TEMPLATE_FIELDS || description.scope_count > description.field_count)
		return E_MALFORMED;
	description.kind = (enum template_kind)kind;
	for (unsigned i = 0; i < description.field_count; i++) {
		description.fields[i].enterprise = cursor_le32(cur);
		description.fields[i].id = cursor_le16(cur);
		description.fields[i].length_bytes = cursor_le16(cur);
	}
	if (cur->error != OK)
		return cur->error;
	/* Exporters were loaded in order into an empty table, so the ordinal is the place. */
	struct flow_exporter *owner = &loader->ctx.state->exporters[exporter];
	if ((owner->format != FLOW_NETFLOW9 && owner->format != FLOW_IPFIX) ||
		template_find(loader->ctx.state, owner, description.id) != NULL)
		return E_MALFORMED;
	return template_learn(&loader->ctx, owner, &description);
}

/** Checks everything that can be checked before the first exporter. */
static int header_load(struct loader *loader, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor *cur = &loader->cur;
	*cur = cursor_over(bytes, length_bytes);
	const uint8_t *found = cursor_take(cur, sizeof(magic));
	uint32_t version = cursor_le32(cur);
	loader->exporters = cursor_le32(cur);
	loader->templates = cursor_le32(cur);
	uint32_t total_bytes = cursor_le32(cur);
	if (cur->error != OK)
		return cur->error;
	if (memcmp(found, magic, sizeof(magic)) != 0)
		return E_MALFORMED;
	if (version != SAVED_VERSION)
		return E_UNSUPPORTED;
	if (total_bytes > length_bytes)
		return E_TRUNCATED;
	if (total_bytes < length_bytes || total_bytes < HEADER_BYTES + TRAILER_BYTES)
		return E_MALFORMED;
	struct cursor trailer = cursor_over(bytes + length_bytes - TRAILER_BYTES, TRAILER_BYTES);
	if (cursor_le64(&trailer) != checksum_of(bytes, length_bytes - TRAILER_BYTES))
		return E_MALFORMED;
	cur->end -= TRAILER_BYTES;
	const struct flow_config *config = &loader->ctx.state->config;
	if (loader->exporters > config->exporters_max || loader->templates > config->templates_max)
		return E_LIMIT;
	return OK;
}

int flow_state_load(struct flow_state *state, const uint8_t *bytes, size_t length_bytes)
{
	struct loader loader;
	memset(&loader.ignored, 0, sizeof(loader.ignored));
	loader.ctx.state = state;
	loader.ctx.counters = &loader.ignored;
	int err = state->exporter_table.oldest == FLOW_TABLE_NONE ? OK : E_STATE;
	if (err != OK)
		return err;
	err = header_load(&loader, bytes, length_bytes);
	for (uint32_t i = 0; err == OK && i < loader.exporters; i++)
		err = exporter_load(&loader);
	for (uint32_t i = 0; err == OK && i < loader.templates; i++)
		err = template_load(&loader);
	if (err == OK && cursor_left(&loader.cur) > 0)
		err = E_MALFORMED;
	if (err != OK)
		flow_state_clear(state);
	return err;
}
