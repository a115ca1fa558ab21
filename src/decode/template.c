/*
 * The store of templates and their compiler.
 *
 * A template becomes a list of loads, each a number of 1 to 8 bytes into a
 * slot; an IPv6 address is two of them, a packet section is kept as a
 * pointer. What we have no use for costs nothing: fixed-length fields are
 * only a larger offset, and a variable-length field is one step.
 *
 * Elements are those of IANA's IPFIX registry; NetFlow v9's types have the
 * same numbers up to 127 (RFC 7012 section 4). Where a template has the same
 * element twice, the first counts (RFC 7011 section 8: outermost first).
 */
#include "decode/template.h"

#include <string.h>

#include "decode/flow_state.h"

/** What a field of some id may look like and where it goes. */
struct element {
	uint8_t slot;
	uint8_t length_bytes; /* 0: a number of 1..8 bytes (RFC 7011 section 6.2) */
	uint8_t time; /* enum template_time */
};

#define ANY_BYTES 255 /* octets of any length */

static const struct element elements[512] = {
	[1] = {SLOT_OCTETS, 0, 0}, /* octetDeltaCount */
	[2] = {SLOT_PACKETS, 0, 0}, /* packetDeltaCount */
	[4] = {SLOT_PROTOCOL, 0, 0}, /* protocolIdentifier */
	[6] = {SLOT_TCP_FLAGS, 0, 0}, /* tcpControlBits */
	[7] = {SLOT_SRC_PORT, 0, 0}, /* sourceTransportPort */
	[8] = {SLOT_SRC4, 4, 0}, /* sourceIPv4Address */
	[10] = {SLOT_IN_INTERFACE, 0, 0}, /* ingressInterface */
	[11] = {SLOT_DST_PORT, 0, 0}, /* destinationTransportPort */
	[12] = {SLOT_DST4, 4, 0}, /* destinationIPv4Address */
	[14] = {SLOT_OUT_INTERFACE, 0, 0}, /* egressInterface */
	[21] = {SLOT_END_UPTIME, 0, 0}, /* flowEndSysUpTime */
	[22] = {SLOT_START_UPTIME, 0, 0}, /* flowStartSysUpTime */
	[23] = {SLOT_OCTETS_POST, 0, 0}, /* postOctetDeltaCount */
	[24] = {SLOT_PACKETS_POST, 0, 0}, /* postPacketDeltaCount */
	[27] = {SLOT_SRC6_HIGH, 16, 0}, /* sourceIPv6Address */
	[28] = {SLOT_DST6_HIGH, 16, 0}, /* destinationIPv6Address */
	[32] = {SLOT_ICMP_TYPE_CODE, 0, 0}, /* icmpTypeCodeIPv4 */
	[34] = {SLOT_SAMPLING_INTERVAL, 0, 0}, /* samplingInterval */
	[48] = {SLOT_SELECTOR, 0, 0}, /* samplerId */
	[50] = {SLOT_SAMPLER_INTERVAL, 0, 0}, /* samplerRandomInterval */
	[52] = {SLOT_TTL_MIN, 0, 0}, /* minimumTTL */
	[53] = {SLOT_TTL_MAX, 0, 0}, /* maximumTTL */
	[58] = {SLOT_VLAN, 0, 0}, /* vlanId */
	[61] = {SLOT_DIRECTION, 0, 0}, /* flowDirection */
	[85] = {SLOT_OCTETS_TOTAL, 0, 0}, /* octetTotalCount */
	[86] = {SLOT_PACKETS_TOTAL, 0, 0}, /* packetTotalCount */
	[88] = {SLOT_FRAGMENT_OFFSET, 0, 0}, /* fragmentOffset */
	[102] = {SLOT_SECTION_OFFSET, 0, 0}, /* layer2packetSectionOffset */
	[104] = {SLOT_SECTION, ANY_BYTES, 0}, /* layer2packetSectionData */
	[139] = {SLOT_ICMP_TYPE_CODE, 0, 0}, /* icmpTypeCodeIPv6 */
	[150] = {SLOT_START, 0, TIME_S}, /* flowStartSeconds */
	[151] = {SLOT_END, 0, TIME_S},
	[152] = {SLOT_START, 0, TIME_MS}, /* flowStartMilliseconds */
	[153] = {SLOT_END, 0, TIME_MS},
	[154] = {SLOT_START, 8, TIME_NTP}, /* flowStartMicroseconds */
	[155] = {SLOT_END, 8, TIME_NTP},
	[156] = {SLOT_START, 8, TIME_NTP}, /* flowStartNanoseconds */
	[157] = {SLOT_END, 8, TIME_NTP},
	[158] = {SLOT_START, 0, TIME_BEFORE_EXPORT_US}, /* flowStartDeltaMicroseconds */
	[159] = {SLOT_END, 0, TIME_BEFORE_EXPORT_US},
	[160] = {SLOT_BOOT_MS, 0, 0}, /* systemInitTimeMilliseconds */
	[161] = {SLOT_DURATION_MS, 0, 0}, /* flowDurationMilliseconds */
	[162] = {SLOT_DURATION_US, 0, 0},
	[176] = {SLOT_ICMP_TYPE, 0, 0}, /* icmpTypeIPv4 */
	[177] = {SLOT_ICMP_CODE, 0, 0},
	[178] = {SLOT_ICMP_TYPE, 0, 0}, /* icmpTypeIPv6 */
	[179] = {SLOT_ICMP_CODE, 0, 0},
	[180] = {SLOT_UDP_SRC_PORT, 0, 0}, /* udpSourcePort */
	[181] = {SLOT_UDP_DST_PORT, 0, 0},
	[182] = {SLOT_TCP_SRC_PORT, 0, 0}, /* tcpSourcePort */
	[183] = {SLOT_TCP_DST_PORT, 0, 0},
	[192] = {SLOT_TTL, 0, 0}, /* ipTTL */
	[197] = {SLOT_FRAGMENT_FLAGS, 0, 0}, /* fragmentFlags */
	[231] = {SLOT_OCTETS_INITIATOR, 0, 0}, /* initiatorOctets */
	[232] = {SLOT_OCTETS_RESPONDER, 0, 0},
	[243] = {SLOT_VLAN, 0, 0}, /* dot1qVlanId */
	[298] = {SLOT_PACKETS_INITIATOR, 0, 0}, /* initiatorPackets */
	[299] = {SLOT_PACKETS_RESPONDER, 0, 0},
	[302] = {SLOT_SELECTOR, 0, 0}, /* selectorId */
	[305] = {SLOT_PACKET_INTERVAL, 0, 0}, /* samplingPacketInterval */
	[306] = {SLOT_PACKET_SPACE, 0, 0}, /* samplingPacketSpace */
	[309] = {SLOT_SAMPLING_SIZE, 0, 0}, /* samplingSize */
	[310] = {SLOT_SAMPLING_POPULATION, 0, 0}, /* samplingPopulation */
	[311] = {SLOT_SAMPLING_PROBABILITY, 8, 0}, /* samplingProbability, a float64 */
	[312] = {SLOT_FRAME_BYTES, 0, 0}, /* dataLinkFrameSize */
	[313] = {SLOT_SECTION, ANY_BYTES, 0}, /* ipHeaderPacketSection */
	[315] = {SLOT_SECTION, ANY_BYTES, 0}, /* dataLinkFrameSection */
	[322] = {SLOT_START, 0, TIME_S}, /* observationTimeSeconds */
	[323] = {SLOT_START, 0, TIME_MS},
	[324] = {SLOT_START, 8, TIME_NTP},
	[325] = {SLOT_START, 8, TIME_NTP},
	[409] = {SLOT_SECTION_OFFSET, 0, 0}, /* sectionOffset */
};

/** The same elements counted in the other direction, RFC 5103 section 6.1; the rest describes both directions. */
static enum template_slot slot_of_reverse(uint16_t id)
{
	switch (id) {
	case 1:
		return SLOT_OCTETS_REVERSE;
	case 2:
		return SLOT_PACKETS_REVERSE;
	case 6:
		return SLOT_TCP_FLAGS_REVERSE;
	case 85:
		return SLOT_OCTETS_TOTAL_REVERSE;
	case 86:
		return SLOT_PACKETS_TOTAL_REVERSE;
	default:
		return SLOT_NONE;
	}
}

#define SCOPE_INTERFACE 2 /* RFC 3954 section 6.1: scopes of v9 have numbers of their own */

static struct element element_of(enum flow_format format, const struct template_description *description, size_t index)
{
	const struct template_field *field = &description->fields[index];
	struct element none = {0};
	if (format == FLOW_NETFLOW9 && index < description->scope_count)
		return field->id == SCOPE_INTERFACE ? elements[10] : none;
	if (field->enterprise == ENTERPRISE_REVERSE)
		return (struct element){.slot = (uint8_t)slot_of_reverse(field->id)};
	return field->enterprise == 0 && field->id < ARRAY_LEN(elements) ? elements[field->id] : none;
}

/** Whether the element can be sent in this length; if not, the field is stepped over. */
static bool length_fits(const struct element *element, uint16_t length_bytes)
{
	if (element->length_bytes == ANY_BYTES)
		return length_bytes > 0;
	if (length_bytes == TEMPLATE_VARIABLE)
		return element->length_bytes == 0;
	return element->length_bytes != 0 ? length_bytes == element->length_bytes : length_bytes >= 1 && length_bytes <= 8;
}

static void action_add(struct template *template, uint32_t offset_bytes, uint16_t length_bytes, uint8_t slot)
{
	template->actions[template->action_count++] = (struct template_action){
		.offset_bytes = (uint16_t)offset_bytes,
		.length_bytes = length_bytes,
		.slot = slot,
	};
}

/** The enum of the field's use, SLOT_NONE if it has none here; notes what comes with it. */
static uint8_t slot_claim(struct template *template, const struct element *element, const struct template_field *field)
{
	if (!length_fits(element, field->length_bytes) || template->has[element->slot])
		return SLOT_NONE;
	template->has[element->slot] = element->slot != SLOT_NONE;
	template->is_biflow |= element->slot >= SLOT_OCTETS_REVERSE && element->slot <= SLOT_PACKETS_RESPONDER;
	if (element->slot == SLOT_START)
		template->start_time = element->time;
	if (element->slot == SLOT_END)
		template->end_time = element->time;
	if (element->slot == SLOT_SECTION)
		template->section_link = field->id == 313 ? LINK_RAW : LINK_ETHERNET;
	return element->slot;
}

/** Bytes that must be there after each variable-length field, once all offsets are known. */
static void tails_fill(struct template *template, uint32_t last_bytes)
{
	uint32_t tail_bytes = last_bytes;
	for (size_t i = template->action_count; i > 0; i--) {
		struct template_action *action = &template->actions[i - 1];
		if (action->length_bytes == TEMPLATE_VARIABLE) {
			action->tail_bytes = (uint16_t)tail_bytes;
			tail_bytes = action->offset_bytes + 1u;
		}
	}
	template->head_bytes = (uint16_t)tail_bytes;
}

static int template_compile(enum flow_format format, const struct template_description *description,
	struct template *ret_template)
{
	uint32_t total_bytes = 0; /* smallest record */
	uint32_t offset_bytes = 0; /* from the last variable-length field */
	for (size_t i = 0; i < description->field_count; i++) {
		const struct template_field *field = &description->fields[i];
		struct element element = element_of(format, description, i);
		uint8_t slot = slot_claim(ret_template, &element, field);
		bool is_variable = field->length_bytes == TEMPLATE_VARIABLE;
		total_bytes += is_variable ? 1 : field->length_bytes;
		if (total_bytes > UINT16_MAX)
			return E_MALFORMED;
		if (is_variable) {
			action_add(ret_template, offset_bytes, TEMPLATE_VARIABLE, slot);
			offset_bytes = 0;
			continue;
		}
		if (slot == SLOT_SRC6_HIGH || slot == SLOT_DST6_HIGH) {
			action_add(ret_template, offset_bytes, 8, slot);
			action_add(ret_template, offset_bytes + 8, 8, slot + 1);
		} else if (slot != SLOT_NONE) {
			action_add(ret_template, offset_bytes, field->length_bytes, slot);
		}
		offset_bytes += field->length_bytes;
	}
	if (total_bytes == 0)
		return E_MALFORMED;
	ret_template->record_min_bytes = (uint16_t)total_bytes;
	tails_fill(ret_template, offset_bytes);
	return OK;
}

static struct flow_table_key template_key(const struct flow_exporter *exporter, enum template_kind kind, uint16_t id)
{
	return (struct flow_table_key){{exporter->epoch[kind], id, 0}};
}

/** Data and options templates share their ids (RFC 7011 section 3.4.1), but are withdrawn apart, so have two epochs. */
static uint32_t place_of(const struct flow_state *state, const struct flow_exporter *exporter, uint16_t id)
{
	uint32_t place = FLOW_TABLE_NONE;
	for (enum template_kind kind = TEMPLATE_DATA; kind < TEMPLATE_KIND_COUNT && place == FLOW_TABLE_NONE; kind++) {
		struct flow_table_key key = template_key(exporter, kind, id);
		if (exporter->live[kind] > 0)
			place = flow_table_find(&state->template_table, &key);
	}
	return place;
}

const struct template *template_find(struct flow_state *state, const struct flow_exporter *exporter, uint16_t id)
{
	uint32_t place = place_of(state, exporter, id);
	if (place == FLOW_TABLE_NONE)
		return NULL;
	flow_table_touch(&state->template_table, place);
	return &state->templates[place];
}

static void template_forget(struct flow_state *state, struct flow_exporter *exporter, uint32_t place)
{
	exporter->live[state->templates[place].kind]--;
	flow_table_remove(&state->template_table, place);
}

/** Makes room if there is none; what is over from an old epoch is nobody's loss. */
static void room_make(struct flow_context *ctx)
{
	struct flow_state *state = ctx->state;
	if (!flow_table_is_full(&state->template_table))
		return;
	uint32_t place = state->template_table.oldest;
	const struct template *oldest = &state->templates[place];
	struct flow_exporter *owner = &state->exporters[oldest->exporter];
	if (owner->epoch[oldest->kind] == oldest->epoch) {
		ctx->counters->templates_evicted++;
		template_forget(state, owner, place);
		return;
	}
	flow_table_remove(&state->template_table, place);
}

static bool is_same(const struct template *template, const struct template_description *description)
{
	return template->kind == (uint8_t)description->kind && template->field_count == description->field_count &&
		template->scope_count == description->scope_count &&
		memcmp(template->fields, description->fields, description->field_count * sizeof(description->fields[0])) == 0;
}

int template_learn(struct flow_context *ctx, struct flow_exporter *exporter,
	const struct template_description *description)
{
	struct flow_state *state = ctx->state;
	uint32_t place = place_of(state, exporter, description->id);
	if (place != FLOW_TABLE_NONE) {
		if (is_same(&state->templates[place], description)) {
			flow_table_touch(&state->template_table, place);
			return OK;
		}
		ctx->counters->templates_changed++;
		template_forget(state, exporter, place);
	}

	struct template compiled = {
		.epoch = exporter->epoch[description->kind],
		.exporter = (uint32_t)(exporter - state->exporters),
		.id = description->id,
		.kind = (uint8_t)description->kind,
		.field_count = description->field_count,
		.scope_count = description->scope_count,
	};
	if (description->id < TEMPLATE_ID_MIN || template_compile(exporter->format, description, &compiled) != OK)
		return E_MALFORMED;
	memcpy(compiled.fields, description->fields, description->field_count * sizeof(description->fields[0]));
	room_make(ctx);
	struct flow_table_key key = template_key(exporter, description->kind, description->id);
	state->templates[flow_table_add(&state->template_table, &key)] = compiled;
	exporter->live[description->kind]++;
	ctx->counters->templates_learned++;
	return OK;
}

void template_withdraw(struct flow_context *ctx, struct flow_exporter *exporter, uint16_t id)
{
	uint32_t place = place_of(ctx->state, exporter, id);
	if (place == FLOW_TABLE_NONE)
		return;
	template_forget(ctx->state, exporter, place);
	ctx->counters->templates_withdrawn++;
}

void template_withdraw_all(struct flow_context *ctx, struct flow_exporter *exporter, enum template_kind kind)
{
	ctx->counters->templates_withdrawn += exporter->live[kind];
	exporter->live[kind] = 0;
	exporter->epoch[kind] = ++ctx->state->epoch_last;
}
