/*
 * A finding as its JSON document, and its id. The document is compact, one
 * line, keys sorted, integers only, every member of the table in
 * record/privacy.c always there. What is out of range in the struct is
 * brought into it, so that what is written always satisfies
 * schema/finding.json, whatever an attacker made the detectors believe.
 *
 * Called by the sensor for each finding. The caller owns the text.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/finding.h"
#include "record/privacy.h"
#include "record/text.h"

static json_t *value_make(const struct field *field, const char *base);

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
	return value < min ? min : value > max ? max : value;
}

static json_t *number_make(const struct field *field, const char *at)
{
	uint64_t value = field_load(at, field->size_bytes);
	if (field->type == FIELD_TIME && value > INT64_MAX)
		value = 0; /* before 1970 */
	return json_integer((json_int_t)clamp(value, field->min, field->max));
}

static json_t *text_make(const struct field *field, const char *at)
{
	char raw[FINDING_WHY_BYTES], plain[FINDING_WHY_BYTES];
	ASSERT(field->size_bytes <= sizeof(raw));
	snprintf(raw, sizeof(raw), "%.*s", (int)field->size_bytes - 1, at);
	text_plain_copy(raw, plain, field->size_bytes);
	return json_string(field->min > 0 && plain[0] == '\0' ? "unknown" : plain);
}

static json_t *id_make(const char *at)
{
	char id[FINDING_ID_BYTES];
	for (size_t i = 0; i < FINDING_ID_BYTES - 1; i++)
		id[i] = at[i] != '\0' && memchr("0123456789abcdef", at[i], 16) != NULL ? at[i] : '0';
	id[FINDING_ID_BYTES - 1] = '\0';
	return json_string(id);
}

static json_t *country_make(const char *at)
{
	bool is_code = at[0] >= 'A' && at[0] <= 'Z' && at[1] >= 'A' && at[1] <= 'Z' && at[2] == '\0';
	return json_string(is_code ? at : "");
}

static json_t *flags_make(const struct field *field, const char *at)
{
	uint64_t flags = field_load(at, field->size_bytes);
	json_t *list = json_array();
	for (size_t bit = 0; list != NULL && bit < field->max; bit++) {
		if ((flags >> bit & 1) != 0 && json_array_append_new(list, json_string(field->names[bit])) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *addr_make(const char *at)
{
	struct ip_addr addr;
	char text[IP_TEXT_BYTES];
	memcpy(&addr, at, sizeof(addr));
	return json_string(ip_write(&addr, text));
}

static json_t *prefix_make(const char *at)
{
	struct ip_prefix prefix;
	char text[IP_PREFIX_TEXT_BYTES];
	memcpy(&prefix, at, sizeof(prefix));
	prefix.bits = prefix.bits > 128 ? 128 : prefix.bits;
	prefix.addr = ip_masked(&prefix.addr, prefix.bits);
	return json_string(ip_prefix_write(&prefix, text));
}

static json_t *object_make(const struct field *field, const char *at)
{
	json_t *object = json_object();
	for (size_t i = 0; object != NULL && i < field->member_count; i++) {
		const struct field *member = &field->members[i];
		if (json_object_set_new(object, member->name, value_make(member, at)) != 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static json_t *list_make(const struct field *field, const char *base)
{
	size_t count = field_list_count(field, base);
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < count; i++) {
		const char *entry = base + field->offset + i * field->size_bytes;
		if (json_array_append_new(list, value_make(field->members, entry)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/** The value of a field of the struct at base; NULL when memory is out. */
static json_t *value_make(const struct field *field, const char *base)
{
	const char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
		return number_make(field, at);
	case FIELD_BOOL:
		return json_boolean(field_load(at, field->size_bytes) != 0);
	case FIELD_TEXT:
		return text_make(field, at);
	case FIELD_ID:
		return id_make(at);
	case FIELD_COUNTRY:
		return country_make(at);
	case FIELD_NAME: {
		uint64_t value = field_load(at, field->size_bytes);
		return json_string(field->names[value <= field->max ? value : 0]);
	}
	case FIELD_FLAGS:
		return flags_make(field, at);
	case FIELD_ADDR:
		return addr_make(at);
	case FIELD_PREFIX:
		return prefix_make(at);
	case FIELD_OBJECT:
		return object_make(field, at);
	case FIELD_LIST:
		return list_make(field, base);
	case FIELD_FORM:
		return field->names != NULL ? json_string(field->names[0]) : json_integer((json_int_t)field->max);
	}
	return NULL;
}

int finding_write(const struct finding *finding, char **ret_text)
{
	json_t *document = value_make(&finding_document, (const char *)finding);
	char *text = document != NULL ? json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(document);
	if (text == NULL)
		return E_NOMEM;
	*ret_text = text;
	return OK;
}

void finding_identify(struct finding *finding)
{
	char target[IP_PREFIX_TEXT_BYTES], text[FINDING_SENSOR_BYTES + IP_PREFIX_TEXT_BYTES + 64];
	uint8_t digest[(FINDING_ID_BYTES - 1) / 2];
	int length = snprintf(text, sizeof(text), "%s\n%s\n%s\n%lld\n", finding->sensor, finding_kind_name(finding->kind),
		ip_prefix_write(&finding->target, target), (long long)finding->window_start_ms);
	ASSERT(length > 0 && (size_t)length < sizeof(text));
	int failed = crypto_generichash(digest, sizeof(digest), (const uint8_t *)text, (unsigned long long)length, NULL, 0);
	ASSERT(failed == 0);
	sodium_bin2hex(finding->id, sizeof(finding->id), digest, sizeof(digest));
}
