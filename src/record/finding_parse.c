/*
 * A finding read back from its JSON document, which comes from another
 * process and so is hostile. Strict: exactly the members of the table in
 * record/privacy.c, each once, each in its range. Members that this version
 * does not know are refused too: a document says its version, and a reader
 * that skips what it does not understand would pass it on unseen.
 *
 * Bounded: the text by FINDING_DOCUMENT_BYTES_MAX, the lists by the struct.
 */
#include <jansson.h>
#include <stdlib.h>

#include "record/finding.h"
#include "record/privacy.h"
#include "record/text.h"

static int value_read(const json_t *value, const struct field *field, char *base);

static int number_read(const json_t *value, const struct field *field, char *at)
{
	if (!json_is_integer(value))
		return E_MALFORMED;
	json_int_t number = json_integer_value(value);
	if (number < 0 || (uint64_t)number < field->min || (uint64_t)number > field->max)
		return E_MALFORMED;
	field_store(at, field->size_bytes, (uint64_t)number);
	return OK;
}

static int bool_read(const json_t *value, char *at)
{
	if (!json_is_boolean(value))
		return E_MALFORMED;
	field_store(at, sizeof(bool), json_is_true(value));
	return OK;
}

static int text_read(const json_t *value, const struct field *field, char *at)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (text == NULL || length < field->min || length >= field->size_bytes || !text_is_plain(text, length))
		return E_MALFORMED;
	memcpy(at, text, length + 1);
	return OK;
}

static int id_read(const json_t *value, char *at)
{
	const char *text = json_string_value(value);
	if (text == NULL || json_string_length(value) != FINDING_ID_BYTES - 1 ||
		strspn(text, "0123456789abcdef") != FINDING_ID_BYTES - 1)
		return E_MALFORMED;
	memcpy(at, text, FINDING_ID_BYTES);
	return OK;
}

static int country_read(const json_t *value, char *at)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (text == NULL || (length != 0 && length != 2) || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != length)
		return E_MALFORMED;
	memcpy(at, text, length + 1);
	return OK;
}

/** The index of a name; count if it is none of them. */
static size_t name_find(const json_t *value, const char *const *names, size_t count)
{
	const char *text = json_string_value(value);
	size_t i = 0;
	while (i < count && (text == NULL || strcmp(names[i], text) != 0))
		i++;
	return i;
}

static int name_read(const json_t *value, const struct field *field, char *at)
{
	size_t index = name_find(value, field->names, (size_t)field->max + 1);
	if (index > field->max)
		return E_MALFORMED;
	field_store(at, field->size_bytes, index);
	return OK;
}

static int flags_read(const json_t *value, const struct field *field, char *at)
{
	uint64_t flags = 0;
	if (!json_is_array(value))
		return E_MALFORMED;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t bit = name_find(json_array_get(value, i), field->names, (size_t)field->max);
		if (bit == field->max || (flags >> bit & 1) != 0)
			return E_MALFORMED;
		flags |= UINT64_C(1) << bit;
	}
	field_store(at, field->size_bytes, flags);
	return OK;
}

static int addr_read(const json_t *value, char *at)
{
	struct ip_addr addr;
	const char *text = json_string_value(value);
	if (text == NULL || ip_parse(text, &addr) != OK)
		return E_MALFORMED;
	memcpy(at, &addr, sizeof(addr));
	return OK;
}

static int prefix_read(const json_t *value, char *at)
{
	struct ip_prefix prefix;
	const char *text = json_string_value(value);
	if (text == NULL || ip_prefix_parse(text, &prefix) != OK)
		return E_MALFORMED;
	memcpy(at + offsetof(struct ip_prefix, addr), &prefix.addr, sizeof(prefix.addr));
	memcpy(at + offsetof(struct ip_prefix, bits), &prefix.bits, sizeof(prefix.bits));
	return OK;
}

/** Reads exactly the members there are: as many as the table has, and each of them. */
static int object_read(const json_t *value, const struct field *field, char *at)
{
	if (!json_is_object(value) || json_object_size(value) != field->member_count)
		return E_MALFORMED;
	for (size_t i = 0; i < field->member_count; i++) {
		const struct field *member = &field->members[i];
		int err = value_read(json_object_get(value, member->name), member, at);
		if (err != OK)
			return err;
	}
	return OK;
}

static int list_read(const json_t *value, const struct field *field, char *base)
{
	if (!json_is_array(value))
		return E_MALFORMED;
	size_t count = json_array_size(value);
	if (count > field->max)
		return E_LIMIT;
	for (size_t i = 0; i < count; i++) {
		int err = value_read(json_array_get(value, i), field->members, base + field->offset + i * field->size_bytes);
		if (err != OK)
			return err;
	}
	field_store(base + field->count_offset, field->count_size_bytes, count);
	return OK;
}

static int form_read(const json_t *value, const struct field *field)
{
	bool is_it = field->names != NULL
		? name_find(value, field->names, 1) == 0
		: json_is_integer(value) && (uint64_t)json_integer_value(value) == field->max;
	return is_it ? OK : E_MALFORMED;
}

/** Reads a value, NULL where the member is missing, into the struct at base. */
static int value_read(const json_t *value, const struct field *field, char *base)
{
	char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
		return number_read(value, field, at);
	case FIELD_BOOL:
		return bool_read(value, at);
	case FIELD_TEXT:
		return text_read(value, field, at);
	case FIELD_ID:
		return id_read(value, at);
	case FIELD_COUNTRY:
		return country_read(value, at);
	case FIELD_NAME:
		return name_read(value, field, at);
	case FIELD_FLAGS:
		return flags_read(value, field, at);
	case FIELD_ADDR:
		return addr_read(value, at);
	case FIELD_PREFIX:
		return prefix_read(value, at);
	case FIELD_OBJECT:
		return object_read(value, field, at);
	case FIELD_LIST:
		return list_read(value, field, base);
	case FIELD_FORM:
		return form_read(value, field);
	}
	return E_MALFORMED;
}

/** What the fields must be to each other. */
static int finding_check(const struct finding *finding)
{
	if (finding->window_end_ms < finding->window_start_ms)
		return E_MALFORMED;
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		if (vector->ip_version == 5 || vector->end_ms < vector->start_ms)
			return E_MALFORMED;
	}
	return OK;
}

int finding_parse(const char *text, size_t length_bytes, struct finding *ret_finding)
{
	if (length_bytes > FINDING_DOCUMENT_BYTES_MAX)
		return E_LIMIT;
	json_error_t error;
	json_t *document = json_loadb(text, length_bytes, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? E_NOMEM : E_MALFORMED;
	struct finding finding = {0};
	int err = value_read(document, &finding_document, (char *)&finding);
	if (err == OK)
		err = finding_check(&finding);
	if (err == OK)
		*ret_finding = finding;
	json_decref(document);
	return err;
}
