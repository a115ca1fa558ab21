/*
 * NetFlow v9 and IPFIX are one format with two headers:
 *
 *     v9 (20): version 9, records (not relied on), SysUptime ms, export time s, sequence, source id
 *     IPFIX (16): version 10, length of the message, export time s, sequence, observation domain
 *
 * followed by sets of {id, length with these 4 bytes}: templates (v9 0,
 * IPFIX 2), options templates (1, 3), and data, whose id is a template's.
 * RFC 3954 sections 5 and 6, RFC 7011 section 3. A fault inside a set ends
 * the datagram, since what follows cannot be trusted to be aligned.
 *
 * Deviates: RFC 7011 section 8.4 has collectors ignore template withdrawals
 * over UDP. We obey them: who sends one means it, and one that is wrong
 * costs data until the next refresh, where the opposite would decode new
 * data by an old template.
 */
#include "decode/ipfix.h"

#include "core/cursor.h"
#include "decode/ipfix_record.h"
#include "decode/template.h"

#define SET_HEADER_BYTES 4
#define RECORDS_SCALE 64 /* data records of a full IPFIX message, about: scale of its sequence numbers */

/** Sets below TEMPLATE_ID_MIN; IPFIX's numbers, v9's are mapped to them. */
enum set_id {
	SET_NONE = 0,
	SET_TEMPLATES = 2,
	SET_OPTIONS_TEMPLATES = 3,
};

/** Counts of one message, for its sequence number. */
struct message_tally {
	uint32_t data_records;
	bool is_uncertain; /* a set could not be counted */
};

static void fields_read(struct cursor *cur, bool has_enterprises, struct template_description *ret_description)
{
	for (size_t i = 0; i < ret_description->field_count; i++) {
		uint16_t id = cursor_be16(cur);
		uint16_t length_bytes = cursor_be16(cur);
		/* RFC 7011 section 3.2: the top bit says that an enterprise number follows; v9 has no such bit. */
		bool is_enterprise = has_enterprises && (id & 0x8000u) != 0;
		uint32_t enterprise = is_enterprise ? cursor_be32(cur) : 0;
		if (cur->error != OK)
			return;
		if (i < LIMIT_FLOW_TEMPLATE_FIELDS)
			ret_description->fields[i] = (struct template_field){
				.enterprise = enterprise,
				.id = is_enterprise ? id & 0x7fffu : id,
				.length_bytes = length_bytes,
			};
	}
}

/** Reads the fields and takes the template in; one too long or without sense is counted and stepped over. */
static void template_take(struct ipfix_message *message, struct cursor *cur, struct template_description *description)
{
	fields_read(cur, message->exporter->format == FLOW_IPFIX, description);
	bool is_sound = cur->error == OK && description->field_count <= LIMIT_FLOW_TEMPLATE_FIELDS &&
		description->scope_count <= description->field_count;
	if (!is_sound || template_learn(message->ctx, message->exporter, description) != OK)
		message->ctx->counters->templates_refused++;
}

/** RFC 7011 section 8.1: a template record without fields; the set's own id stands for all of its kind. */
static void withdrawal_take(struct ipfix_message *message, uint16_t id, enum template_kind kind)
{
	enum set_id set = kind == TEMPLATE_DATA ? SET_TEMPLATES : SET_OPTIONS_TEMPLATES;
	if (id == (uint16_t)set)
		template_withdraw_all(message->ctx, message->exporter, kind);
	else if (id >= TEMPLATE_ID_MIN)
		template_withdraw(message->ctx, message->exporter, id);
	else
		message->ctx->counters->templates_refused++;
}

static int templates_parse(struct ipfix_message *message, struct cursor *cur, enum template_kind kind)
{
	bool is_ipfix = message->exporter->format == FLOW_IPFIX;
	struct template_description description;
	while (cur->error == OK && cursor_left(cur) >= SET_HEADER_BYTES) {
		description.kind = kind;
		description.scope_count = 0;
		description.id = cursor_be16(cur);
		description.field_count = cursor_be16(cur);
		if (description.id == 0 && description.field_count == 0)
			return OK; /* padding */
		if (is_ipfix && description.field_count == 0) {
			withdrawal_take(message, description.id, kind);
			continue;
		}
		if (kind == TEMPLATE_OPTIONS && is_ipfix) {
			description.scope_count = cursor_be16(cur);
			if (description.scope_count == 0) /* RFC 7011 section 3.4.2.2: must not be zero; refused there */
				description.scope_count = UINT16_MAX;
		}
		if (kind == TEMPLATE_OPTIONS && !is_ipfix) {
			/* RFC 3954 section 6.1: both lengths are in bytes, scopes first. */
			uint32_t scope_bytes = description.field_count;
			uint32_t option_bytes = cursor_be16(cur);
			if (scope_bytes % 4 != 0 || option_bytes % 4 != 0)
				return E_MALFORMED;
			description.scope_count = (uint16_t)(scope_bytes / 4);
			description.field_count = (uint16_t)((scope_bytes + option_bytes) / 4);
		}
		template_take(message, cur, &description);
	}
	return cur->error;
}

static void data_parse(struct ipfix_message *message, struct cursor *cur, uint16_t id, struct message_tally *tally)
{
	struct flow_context *ctx = message->ctx;
	const struct template *template = template_find(ctx->state, message->exporter, id);
	if (template == NULL) {
		ctx->counters->sets_unknown_template++;
		tally->is_uncertain = true;
		return;
	}
	message->sampling = flow_sampling_default(ctx->state, message->exporter);
	struct ipfix_record record = {0};
	/* What is left over and shorter than any record is padding (RFC 7011 section 3.3.1). */
	while (cursor_left(cur) >= template->record_min_bytes) {
		size_t length_bytes = ipfix_record_load(template, cur->at, cur->end, &record);
		if (length_bytes == 0) {
			ctx->counters->records_malformed++;
			tally->is_uncertain = true;
			return;
		}
		cursor_skip(cur, length_bytes);
		tally->data_records++;
		if (template->kind == (uint8_t)TEMPLATE_OPTIONS)
			ipfix_options_learn(message, template, &record);
		else
			ipfix_record_observe(message, template, &record);
	}
}

static int sets_parse(struct ipfix_message *message, struct cursor *cur, struct message_tally *tally)
{
	while (cursor_left(cur) >= SET_HEADER_BYTES) {
		uint16_t id = cursor_be16(cur);
		uint16_t length_bytes = cursor_be16(cur);
		if (length_bytes < SET_HEADER_BYTES)
			return E_MALFORMED;
		struct cursor set = cursor_slice(cur, length_bytes - SET_HEADER_BYTES);
		if (set.error != OK)
			return set.error;
		int err = OK;
		if (message->exporter->format == FLOW_NETFLOW9 && id < SET_TEMPLATES)
			id = (uint16_t)(id + SET_TEMPLATES);
		if (id == SET_TEMPLATES)
			err = templates_parse(message, &set, TEMPLATE_DATA);
		else if (id == SET_OPTIONS_TEMPLATES)
			err = templates_parse(message, &set, TEMPLATE_OPTIONS);
		else if (id >= TEMPLATE_ID_MIN)
			data_parse(message, &set, id, tally);
		else
			tally->is_uncertain = true; /* reserved: stepped over, RFC 7011 section 3.3.2 */
		if (err != OK)
			return err;
	}
	return OK; /* up to three bytes left over are padding */
}

int netflow9_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	cursor_skip(&cur, 4);
	uint32_t uptime_ms = cursor_be32(&cur);
	int64_t export_wall_ns = cursor_be32(&cur) * NS_PER_S;
	uint32_t sequence = cursor_be32(&cur);
	uint32_t source_id = cursor_be32(&cur);
	if (cur.error != OK)
		return cur.error;

	struct ipfix_message message = {.ctx = ctx, .has_uptime = true};
	message.exporter = flow_exporter_heard(ctx, FLOW_NETFLOW9, ctx->sender, source_id);
	message.clock = flow_clock_judge(ctx, export_wall_ns, uptime_ms);
	flow_sequence_take(ctx, message.exporter, sequence, 1, 1); /* RFC 3954 section 5.1: counts datagrams */
	struct message_tally tally = {0};
	int err = sets_parse(&message, &cur, &tally);
	flow_batch_flush(ctx);
	return err;
}

int ipfix_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	cursor_skip(&cur, 2);
	size_t message_bytes = cursor_be16(&cur);
	int64_t export_wall_ns = cursor_be32(&cur) * NS_PER_S;
	uint32_t sequence = cursor_be32(&cur);
	uint32_t domain = cursor_be32(&cur);
	if (cur.error != OK)
		return cur.error;
	size_t header_bytes = length_bytes - cursor_left(&cur);
	if (message_bytes < header_bytes)
		return E_MALFORMED;
	int err = message_bytes > length_bytes ? E_TRUNCATED : message_bytes < length_bytes ? E_MALFORMED : OK;
	if (err == E_MALFORMED)
		cur = cursor_slice(&cur, message_bytes - header_bytes);

	struct ipfix_message message = {.ctx = ctx};
	message.exporter = flow_exporter_heard(ctx, FLOW_IPFIX, ctx->sender, domain);
	message.clock = flow_clock_judge(ctx, export_wall_ns, 0);
	struct message_tally tally = {0};
	int sets_err = sets_parse(&message, &cur, &tally);
	/* RFC 7011 section 3.1: counts data records, options among them, sent before this message. */
	flow_sequence_take(ctx, message.exporter, sequence, tally.data_records, RECORDS_SCALE);
	if (tally.is_uncertain || sets_err != OK || err != OK)
		message.exporter->sequence_known = false;
	flow_batch_flush(ctx);
	return sets_err != OK ? sets_err : err;
}
