/*
 * Documents by their tables: the struct into JSON and back, by two descents
 * over the same rows, so that they cannot disagree.
 *
 * Writing brings what is out of range into it, and says so: findings are told
 * whatever an attacker made the detectors believe, while orders are refused.
 * Reading is strict; bounded by the length of the text, by jansson's limit of
 * depth (2048), and by the lists of the struct.
 */
#include "record/document.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ip.h"
#include "record/rule.h"
#include "record/text.h"

#define ID_DIGITS 32
#define HEX_BYTES_MAX 64 /* longest FIELD_HEX */

static json_t *value_make(const struct field *field, const char *base, bool *altered);
static int value_read(const json_t *value, const struct field *field, char *base, char *complaint);

uint64_t field_load(const void *at, size_t size_bytes)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	switch (size_bytes) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		memcpy(&u16, at, 2);
		return u16;
	case 4:
		memcpy(&u32, at, 4);
		return u32;
	default:
		ASSERT(size_bytes == 8);
		memcpy(&u64, at, 8);
		return u64;
	}
}

void field_store(void *at, size_t size_bytes, uint64_t value)
{
	ASSERT(size_bytes == 1 || size_bytes == 2 || size_bytes == 4 || size_bytes == 8);
	const uint8_t u8 = (uint8_t)value;
	const uint16_t u16 = (uint16_t)value;
	const uint32_t u32 = (uint32_t)value;
	const void *from = size_bytes == 1 ? (const void *)&u8 : size_bytes == 2 ? (const void *)&u16
		: size_bytes == 4 ? (const void *)&u32 : (const void *)&value;
	memcpy(at, from, size_bytes);
}

size_t field_list_count(const struct field *list, const void *base)
{
	uint64_t count = field_load((const char *)base + list->count_offset, list->count_size_bytes);
	return count < list->max ? (size_t)count : (size_t)list->max;
}

/** Whether an optional member is there, in the struct at base; others always are. */
static bool is_there(const struct field *field, const char *base)
{
	return field->flag_bytes == 0 || field_load(base + field->flag_offset, field->flag_bytes) != 0;
}

/** A text of a note: lines of printable characters. */
static bool text_is_lines(const char *text, size_t length_bytes)
{
	const char *end = text + length_bytes;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end;
		if (!text_is_plain(text, (size_t)(stop - text)))
			return false;
		text = newline != NULL ? newline + 1 : end;
	}
	return true;
}

__attribute__((format(printf, 3, 4))) static int complain(char *complaint, int error, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(complaint, DOCUMENT_COMPLAINT_BYTES, format, list);
	va_end(list);
	return error;
}

int document_refuse(char ret_complaint[static DOCUMENT_COMPLAINT_BYTES], const char *format, ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(ret_complaint, DOCUMENT_COMPLAINT_BYTES, format, list);
	va_end(list);
	return E_MALFORMED;
}

/* Writing. */

static json_t *number_make(const struct field *field, const char *at, bool *altered)
{
	uint64_t value = field_load(at, field->size_bytes), kept = value;
	if (field->type == FIELD_TIME && value > INT64_MAX)
		kept = 0; /* before 1970 */
	kept = kept < field->min ? field->min : kept > field->max ? field->max : kept;
	*altered |= kept != value;
	return json_integer((json_int_t)kept);
}

static json_t *text_make(const struct field *field, const char *at, bool *altered)
{
	char raw[DOCUMENT_TEXT_BYTES], plain[DOCUMENT_TEXT_BYTES];
	ASSERT(field->size_bytes <= sizeof(raw));
	snprintf(raw, sizeof(raw), "%.*s", (int)field->size_bytes - 1, at);
	text_plain_copy(raw, plain, field->size_bytes);
	*altered |= memchr(at, '\0', field->size_bytes) == NULL || strcmp(raw, plain) != 0 || strlen(plain) < field->min;
	return json_string(field->min > 0 && plain[0] == '\0' ? "unknown" : plain);
}

static json_t *id_make(const char *at, bool *altered)
{
	char id[ID_DIGITS + 1];
	for (size_t i = 0; i < ID_DIGITS; i++) {
		bool is_digit = at[i] != '\0' && memchr("0123456789abcdef", at[i], 16) != NULL;
		id[i] = at[i];
		if (!is_digit)
			id[i] = '0';
		*altered |= !is_digit;
	}
	id[ID_DIGITS] = '\0';
	return json_string(id);
}

static json_t *country_make(const char *at, bool *altered)
{
	bool is_code = at[0] >= 'A' && at[0] <= 'Z' && at[1] >= 'A' && at[1] <= 'Z' && at[2] == '\0';
	*altered |= !is_code && at[0] != '\0';
	return json_string(is_code ? at : "");
}

static json_t *hex_make(const struct field *field, const char *at)
{
	char digits[2 * HEX_BYTES_MAX + 1];
	ASSERT(field->size_bytes <= HEX_BYTES_MAX);
	return json_string(sodium_bin2hex(digits, sizeof(digits), (const uint8_t *)at, field->size_bytes));
}

static json_t *name_make(const struct field *field, const char *at, bool *altered)
{
	uint64_t value = field_load(at, field->size_bytes);
	*altered |= value > field->max;
	return json_string(field->names[value <= field->max ? value : 0]);
}

static json_t *flags_make(const struct field *field, const char *at, bool *altered)
{
	uint64_t flags = field_load(at, field->size_bytes);
	json_t *list = json_array();
	*altered |= field->max < 64 && flags >> field->max != 0;
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

static json_t *prefix_make(const char *at, bool *altered)
{
	struct ip_prefix prefix, kept;
	char text[IP_PREFIX_TEXT_BYTES];
	memcpy(&prefix, at, sizeof(prefix));
	kept.bits = prefix.bits > 128 ? 128 : prefix.bits;
	kept.addr = ip_masked(&prefix.addr, kept.bits);
	*altered |= kept.bits != prefix.bits || !ip_equal(&kept.addr, &prefix.addr);
	return json_string(ip_prefix_write(&kept, text));
}

static json_t *rules_make(const char *at, bool *altered)
{
	const struct rule_list *list = (const struct rule_list *)(const void *)at;
	char complaint[RULE_COMPLAINT_BYTES];
	bool is_sound = list->count > 0 && list->count <= RULE_LIST_MAX;
	for (size_t i = 0; is_sound && i < list->count; i++)
		is_sound = rule_check(&list->rules[i], complaint) == OK;
	*altered |= !is_sound;
	return is_sound ? rule_list_to_json(list) : json_array();
}

static json_t *note_make(const struct field *field, const char *at, bool *altered)
{
	const char *text;
	memcpy(&text, at, sizeof(text));
	bool is_sound = text != NULL && strlen(text) <= field->max && text_is_lines(text, strlen(text));
	*altered |= !is_sound;
	return json_string(is_sound ? text : "");
}

static json_t *object_make(const struct field *field, const char *at, bool *altered)
{
	json_t *object = json_object();
	for (size_t i = 0; object != NULL && i < field->member_count; i++) {
		const struct field *member = &field->members[i];
		if (is_there(member, at) && json_object_set_new(object, member->name, value_make(member, at, altered)) != 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

static json_t *list_make(const struct field *field, const char *base, bool *altered)
{
	size_t count = field_list_count(field, base);
	json_t *list = json_array();
	*altered |= field_load(base + field->count_offset, field->count_size_bytes) > field->max || count < field->min;
	for (size_t i = 0; list != NULL && i < count; i++) {
		const char *entry = base + field->offset + i * field->size_bytes;
		if (json_array_append_new(list, value_make(field->members, entry, altered)) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/** The value of a field of the struct at base; NULL when memory is out. */
static json_t *value_make(const struct field *field, const char *base, bool *altered)
{
	const char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
		return number_make(field, at, altered);
	case FIELD_BOOL:
		return json_boolean(field_load(at, field->size_bytes) != 0);
	case FIELD_TEXT:
		return text_make(field, at, altered);
	case FIELD_ID:
		return id_make(at, altered);
	case FIELD_COUNTRY:
		return country_make(at, altered);
	case FIELD_HEX:
		return hex_make(field, at);
	case FIELD_NAME:
		return name_make(field, at, altered);
	case FIELD_FLAGS:
		return flags_make(field, at, altered);
	case FIELD_ADDR:
		return addr_make(at);
	case FIELD_PREFIX:
		return prefix_make(at, altered);
	case FIELD_RULES:
		return rules_make(at, altered);
	case FIELD_NOTE:
		return note_make(field, at, altered);
	case FIELD_OBJECT:
		return object_make(field, at, altered);
	case FIELD_LIST:
		return list_make(field, base, altered);
	case FIELD_FORM:
		return field->names != NULL ? json_string(field->names[0]) : json_integer((json_int_t)field->max);
	}
	return NULL;
}

json_t *document_make(const struct field *root, const void *from, bool *ret_is_altered)
{
	return value_make(root, from, ret_is_altered);
}

int document_write(const struct document_kind *kind, const void *from, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	bool is_altered = false;
	json_t *document = value_make(kind->root, from, &is_altered);
	char *text = document != NULL ? json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(document);
	int err = OK;
	if (text == NULL)
		err = complain(ret_complaint, E_NOMEM, "%s: out of memory", kind->root->name);
	else if (is_altered)
		err = complain(ret_complaint, E_MALFORMED, "%s: a member is out of its range", kind->root->name);
	else if (strlen(text) > kind->most_bytes)
		err = complain(ret_complaint, E_LIMIT, "%s: longer than %zu bytes", kind->root->name, kind->most_bytes);
	else if (kind->check != NULL)
		err = kind->check(from, ret_complaint);
	if (err == OK)
		*ret_text = text;
	else
		free(text);
	return err;
}

/* Reading. */

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
	if (text == NULL || json_string_length(value) != ID_DIGITS || strspn(text, "0123456789abcdef") != ID_DIGITS)
		return E_MALFORMED;
	memcpy(at, text, ID_DIGITS + 1);
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

static int hex_read(const json_t *value, const struct field *field, char *at)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value), used = 0;
	if (text == NULL || length != 2 * field->size_bytes || strspn(text, "0123456789abcdef") != length ||
		sodium_hex2bin((uint8_t *)at, field->size_bytes, text, length, NULL, &used, NULL) != 0 || used != field->size_bytes)
		return E_MALFORMED;
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
		if (bit == field->max || flags >> bit != 0)
			return E_MALFORMED; /* once each, in the order in which they are written */
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

static int note_read(const json_t *value, const struct field *field, char *at)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	if (text == NULL || length > field->max || !text_is_lines(text, length))
		return E_MALFORMED;
	char *copy = strdup(text);
	memcpy(at, &copy, sizeof(copy));
	return copy != NULL ? OK : E_NOMEM;
}

/** Reads exactly the members there are: each that the table has, but for optional ones, and no other. */
static int object_read(const json_t *value, const struct field *field, char *at, char *complaint)
{
	size_t known = 0;
	if (!json_is_object(value))
		return document_refuse(complaint, "%s: an object is expected", field->name);
	for (size_t i = 0; i < field->member_count; i++) {
		const struct field *member = &field->members[i];
		const json_t *given = json_object_get(value, member->name);
		if (member->flag_bytes > 0)
			field_store(at + member->flag_offset, member->flag_bytes, given != NULL);
		if (given == NULL && member->flag_bytes > 0)
			continue;
		if (given == NULL)
			return document_refuse(complaint, "%s: is missing", member->name);
		known++;
		int err = value_read(given, member, at, complaint);
		if (err != OK)
			return err;
	}
	return json_object_size(value) == known ? OK : document_refuse(complaint, "%s: a member that it does not have", field->name);
}

static int list_read(const json_t *value, const struct field *field, char *base, char *complaint)
{
	size_t count = json_array_size(value);
	if (!json_is_array(value) || count < field->min)
		return E_MALFORMED;
	if (count > field->max)
		return E_LIMIT;
	for (size_t i = 0; i < count; i++) {
		field_store(base + field->count_offset, field->count_size_bytes, i + 1);
		int err = value_read(json_array_get(value, i), field->members, base + field->offset + i * field->size_bytes, complaint);
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

static int any_read(const json_t *value, const struct field *field, char *base, char *complaint)
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
	case FIELD_HEX:
		return hex_read(value, field, at);
	case FIELD_NAME:
		return name_read(value, field, at);
	case FIELD_FLAGS:
		return flags_read(value, field, at);
	case FIELD_ADDR:
		return addr_read(value, at);
	case FIELD_PREFIX:
		return prefix_read(value, at);
	case FIELD_RULES:
		return rule_list_from_json(value, (struct rule_list *)(void *)at, complaint);
	case FIELD_NOTE:
		return note_read(value, field, at);
	case FIELD_OBJECT:
		return object_read(value, field, at, complaint);
	case FIELD_LIST:
		return list_read(value, field, base, complaint);
	case FIELD_FORM:
		return form_read(value, field);
	}
	return E_MALFORMED;
}

/** Reads a value into the struct at base; the first that is wrong names itself. */
static int value_read(const json_t *value, const struct field *field, char *base, char *complaint)
{
	_Static_assert(DOCUMENT_COMPLAINT_BYTES >= RULE_COMPLAINT_BYTES, "rules complain into the same place");
	int err = any_read(value, field, base, complaint);
	if (err != OK && complaint[0] == '\0')
		snprintf(complaint, DOCUMENT_COMPLAINT_BYTES, "%s: %s", field->name[0] != '\0' ? field->name : "an entry",
			err == E_LIMIT ? "has too many entries" : err == E_NOMEM ? "out of memory" : "has no such value");
	return err;
}

int document_read(const struct field *root, const json_t *value, void *into,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	ret_complaint[0] = '\0';
	return value_read(value, root, into, ret_complaint);
}

/** Whether a value is written as this text and no other. */
static bool is_canonical(const json_t *value, const char *text, size_t length_bytes)
{
	char *usual = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	bool is_it = usual != NULL && strlen(usual) == length_bytes && memcmp(usual, text, length_bytes) == 0;
	free(usual);
	return is_it;
}

int document_parse(const struct document_kind *kind, const char *text, size_t length_bytes, void *into,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	memset(into, 0, kind->root->size_bytes);
	if (length_bytes > kind->most_bytes)
		return complain(ret_complaint, E_LIMIT, "%s: longer than %zu bytes", kind->root->name, kind->most_bytes);
	json_error_t error;
	json_t *document = json_loadb(text, length_bytes, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL) {
		bool is_memory = json_error_code(&error) == json_error_out_of_memory;
		return complain(ret_complaint, is_memory ? E_NOMEM : E_MALFORMED, "%s: %s", kind->root->name,
			is_memory ? "out of memory" : "is not JSON");
	}
	int err = document_read(kind->root, document, into, ret_complaint);
	if (err == OK && !is_canonical(document, text, length_bytes))
		err = document_refuse(ret_complaint, "%s: is not written in its one canonical way", kind->root->name);
	json_decref(document);
	return err == OK && kind->check != NULL ? kind->check(into, ret_complaint) : err;
}

struct document_digest document_digest_of(const char *line, size_t length_bytes)
{
	struct document_digest digest;
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const uint8_t *)line, length_bytes);
	crypto_hash_sha256_update(&state, (const uint8_t *)"\n", 1);
	crypto_hash_sha256_final(&state, digest.bytes);
	return digest;
}

bool document_digest_equal(const struct document_digest *a, const struct document_digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
