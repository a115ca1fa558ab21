/*
 * State between datagrams, and the rules that all formats share.
 *
 * Exporters and templates are two arrays made at the start, each behind a
 * flow_table in which the least recently heard makes room. A template
 * belongs to an epoch of its exporter: to withdraw all templates, or to
 * forget an exporter with its templates, is to begin a new epoch, which
 * costs nothing however many there were; what is left over is never found
 * again and is the first to make room.
 */
#include "decode/flow_state.h"

#include <stdlib.h>
#include <string.h>

struct flow_state *flow_state_new(const struct flow_config *config)
{
	struct flow_state *state = calloc(1, sizeof(*state));
	if (state == NULL)
		return NULL;
	state->config = *config;
	if (flow_table_init(&state->exporter_table, config->exporters_max) != OK ||
		flow_table_init(&state->template_table, config->templates_max) != OK)
		goto out;
	/* Untouched pages of these two cost no memory until a peer fills them. */
	state->exporters = calloc(config->exporters_max, sizeof(*state->exporters));
	state->templates = calloc(config->templates_max, sizeof(*state->templates));
	if (state->exporters == NULL || state->templates == NULL)
		goto out;
	return state;
out:
	flow_state_free(state);
	return NULL;
}

void flow_state_free(struct flow_state *state)
{
	if (state == NULL)
		return;
	flow_table_done(&state->exporter_table);
	flow_table_done(&state->template_table);
	free(state->exporters);
	free(state->templates);
	free(state);
}

void flow_state_clear(struct flow_state *state)
{
	flow_table_clear(&state->exporter_table);
	flow_table_clear(&state->template_table);
}

static struct flow_table_key exporter_key(enum flow_format format, const struct ip_addr *addr, uint32_t domain)
{
	return (struct flow_table_key){{addr->be64[0], addr->be64[1], (uint64_t)format << 32 | domain}};
}

struct flow_exporter *flow_exporter_heard(struct flow_context *ctx, enum flow_format format, const struct ip_addr *addr,
	uint32_t domain)
{
	struct flow_state *state = ctx->state;
	struct flow_table_key key = exporter_key(format, addr, domain);
	uint32_t place = flow_table_find(&state->exporter_table, &key);
	if (place != FLOW_TABLE_NONE) {
		flow_table_touch(&state->exporter_table, place);
		return &state->exporters[place];
	}
	if (flow_table_is_full(&state->exporter_table))
		ctx->counters->exporters_evicted++;
	place = flow_table_add(&state->exporter_table, &key);
	struct flow_exporter *exporter = &state->exporters[place];
	*exporter = (struct flow_exporter){.addr = *addr, .format = format, .domain = domain};
	for (int kind = 0; kind < TEMPLATE_KIND_COUNT; kind++)
		exporter->epoch[kind] = ++state->epoch_last;
	return exporter;
}

const struct flow_exporter *flow_exporter_find(const struct flow_state *state, enum flow_format format,
	const struct ip_addr *addr, uint32_t domain)
{
	struct flow_table_key key = exporter_key(format, addr, domain);
	uint32_t place = flow_table_find(&state->exporter_table, &key);
	return place != FLOW_TABLE_NONE ? &state->exporters[place] : NULL;
}

const struct flow_note *flow_note_find(const struct flow_exporter *exporter, enum flow_note_kind kind, uint64_t id)
{
	for (unsigned i = 0; i < exporter->note_count; i++) {
		if (exporter->notes[i].id == id && exporter->notes[i].kind == kind)
			return &exporter->notes[i];
	}
	return NULL;
}

static void selector_least_find(struct flow_exporter *exporter)
{
	uint32_t least = 0;
	for (unsigned i = 0; i < exporter->note_count; i++) {
		const struct flow_note *note = &exporter->notes[i];
		if (note->kind == NOTE_SELECTOR && (least == 0 || note->value < least))
			least = note->value;
	}
	exporter->selector_least = least;
}

int flow_note_set(struct flow_exporter *exporter, enum flow_note_kind kind, uint64_t id, uint32_t value)
{
	const struct flow_note *old = flow_note_find(exporter, kind, id);
	if (old == NULL && exporter->note_count == LIMIT_FLOW_NOTES)
		return E_LIMIT;
	size_t at = old != NULL ? (size_t)(old - exporter->notes) : exporter->note_count++;
	exporter->notes[at] = (struct flow_note){.id = id, .value = value, .kind = kind};
	if (kind == NOTE_SELECTOR)
		selector_least_find(exporter);
	return OK;
}

bool flow_sampling_sound(struct flow_context *ctx, uint64_t sampling)
{
	bool is_sound = sampling > 0 && sampling <= ctx->state->config.sampling_max;
	if (!is_sound)
		ctx->counters->sampling_refused++;
	return is_sound;
}

uint32_t flow_sampling_default(const struct flow_state *state, const struct flow_exporter *exporter)
{
	/* RFC 7011 section 3.1: what domain 0 says holds for the whole exporting process. */
	const struct flow_exporter *process = NULL;
	if (exporter->sampling == 0 && exporter->selector_least == 0 && exporter->domain != 0)
		process = flow_exporter_find(state, exporter->format, &exporter->addr, 0);
	if (process == NULL)
		process = exporter;
	if (process->sampling != 0)
		return process->sampling;
	/* Several samplers and a record that names none: the smallest rate cannot make a flood out of nothing. */
	return process->selector_least != 0 ? process->selector_least : state->config.default_sampling;
}

void flow_sequence_take(struct flow_context *ctx, struct flow_exporter *exporter, uint32_t sequence, uint32_t units,
	uint32_t units_max)
{
	int32_t ahead = (int32_t)(sequence - exporter->sequence_next); /* sequence numbers wrap */
	int32_t lost_max = (int32_t)(units_max * 16384); /* more is a restart: half a second of a very busy exporter */
	int32_t late_max = (int32_t)(units_max * 256);
	if (exporter->sequence_known && ahead < 0 && ahead >= -late_max)
		return;
	if (exporter->sequence_known && ahead > 0 && ahead <= lost_max)
		ctx->counters->sequence_gaps += (uint32_t)ahead;
	exporter->sequence_known = true;
	exporter->sequence_next = sequence + units;
}

struct flow_clock flow_clock_judge(struct flow_context *ctx, int64_t export_wall_ns, uint32_t uptime_ms)
{
	struct flow_clock clock = {.export_wall_ns = export_wall_ns, .uptime_ms = uptime_ms};
	int64_t shift_ns = ctx->arrived_wall_ns - export_wall_ns;
	if (shift_ns > FLOW_SKEW_MAX_NS || shift_ns < -FLOW_SKEW_MAX_NS) {
		clock.shift_ns = shift_ns;
		ctx->counters->clock_refused++;
	}
	return clock;
}

void flow_batch_flush(struct flow_context *ctx)
{
	if (ctx->batch_count == 0)
		return;
	ctx->counters->records += ctx->batch_count;
	ctx->sink(ctx->arg, ctx->batch, ctx->batch_count);
	ctx->batch_count = 0;
}
