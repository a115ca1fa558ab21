/*
 * Rules as JSON and back. One table of members, in the order of their names;
 * a member that asks for nothing is not written and may not be given, so that
 * each rule has one text.
 *
 * Bounded: the text by RULE_DOCUMENT_BYTES_MAX, lists by the struct.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/rule.h"

enum kind {
	KIND_ACTION = 0,
	KIND_DESTINATION,
	KIND_RANGE, /* struct rule_range at offset */
	KIND_NUMBER, /* uint16_t at offset, 0..255 or RULE_ANY */
	KIND_FRAGMENTS,
	KIND_LIMIT,
	KIND_SIGNATURE,
	KIND_SOURCE_SET,
	KIND_SOURCES,
	KIND_TCP_FLAGS,
};

static const struct member {
	const char *name;
	enum kind kind;
	size_t offset;
} members[] = {
	{"action", KIND_ACTION, 0},
	{"destination", KIND_DESTINATION, 0},
	{"destination_ports", KIND_RANGE, offsetof(struct rule, destination_ports)},
	{"fragments", KIND_FRAGMENTS, 0},
	{"icmp_code", KIND_NUMBER, offsetof(struct rule, icmp_code)},
	{"icmp_type", KIND_NUMBER, offsetof(struct rule, icmp_type)},
	{"length_bytes", KIND_RANGE, offsetof(struct rule, length_bytes)},
	{"limit", KIND_LIMIT, 0},
	{"protocol", KIND_NUMBER, offsetof(struct rule, protocol)},
	{"signature", KIND_SIGNATURE, 0},
	{"source_ports", KIND_RANGE, offsetof(struct rule, source_ports)},
	{"source_set", KIND_SOURCE_SET, 0},
	{"sources", KIND_SOURCES, 0},
	{"tcp_flags", KIND_TCP_FLAGS, 0},
};

static const char *const unit_names[RULE_UNIT_COUNT] = {
	[RULE_UNIT_UNKNOWN] = "",
	[RULE_UNIT_PPS] = "pps",
	[RULE_UNIT_BPS] = "bps",
};
static const char *const scope_names[RULE_SCOPE_COUNT] = {
	[RULE_SCOPE_UNKNOWN] = "",
	[RULE_SCOPE_WHOLE] = "whole",
	[RULE_SCOPE_SOURCE] = "source",
};

/* Writing. */

static json_t *prefix_make(const struct ip_prefix *prefix)
{
	char text[IP_PREFIX_TEXT_BYTES];
	return json_string(ip_prefix_write(prefix, text));
}

/** A list of the names of the bits that are set; NULL when memory is out. */
static json_t *bits_make(unsigned bits, const char *(*name)(unsigned))
{
	json_t *list = json_array();
	for (unsigned bit = 0; list != NULL && bits >> bit != 0; bit++) {
		if ((bits >> bit & 1) != 0 && json_array_append_new(list, json_string(name(bit))) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *sources_make(const struct rule *rule)
{
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < rule->source_count; i++) {
		if (json_array_append_new(list, prefix_make(&rule->sources[i])) != 0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

static json_t *source_set_make(const struct rule_source_set *set)
{
	char digest[2 * RULE_DIGEST_BYTES + 1];
	sodium_bin2hex(digest, sizeof(digest), set->digest, sizeof(set->digest));
	return json_pack("{s:I, s:s}", "count", (json_int_t)set->count, "digest", digest);
}

static bool is_asked(const struct rule *rule, const struct member *member)
{
	const char *at = (const char *)rule + member->offset;
	struct rule_range range;
	uint16_t number;
	switch (member->kind) {
	case KIND_ACTION:
	case KIND_DESTINATION:
		return true;
	case KIND_RANGE:
		memcpy(&range, at, sizeof(range));
		return !rule_range_is_any(range);
	case KIND_NUMBER:
		memcpy(&number, at, sizeof(number));
		return number != RULE_ANY;
	case KIND_FRAGMENTS:
		return rule->fragments != 0;
	case KIND_LIMIT:
		return rule->action == RULE_LIMIT;
	case KIND_SIGNATURE:
		return rule->signature != RULE_SIGNATURE_NONE;
	case KIND_SOURCE_SET:
		return rule->source_set.count != 0;
	case KIND_SOURCES:
		return rule->source_count != 0;
	case KIND_TCP_FLAGS:
		return rule->tcp_mask != 0;
	}
	return false;
}

static json_t *member_make(const struct rule *rule, const struct member *member)
{
	const char *at = (const char *)rule + member->offset;
	struct rule_range range;
	uint16_t number;
	switch (member->kind) {
	case KIND_ACTION:
		return json_string(rule_action_name(rule->action));
	case KIND_DESTINATION:
		return prefix_make(&rule->destination);
	case KIND_RANGE:
		memcpy(&range, at, sizeof(range));
		return json_pack("[i, i]", range.min, range.max);
	case KIND_NUMBER:
		memcpy(&number, at, sizeof(number));
		return json_integer(number);
	case KIND_FRAGMENTS:
		return bits_make(rule->fragments, rule_fragment_name);
	case KIND_LIMIT:
		return json_pack("{s:s, s:I}", "per", scope_names[rule->limit.scope], unit_names[rule->limit.unit],
			(json_int_t)rule->limit.per_s);
	case KIND_SIGNATURE:
		return json_string(rule_signatures[rule->signature].name);
	case KIND_SOURCE_SET:
		return source_set_make(&rule->source_set);
	case KIND_SOURCES:
		return sources_make(rule);
	case KIND_TCP_FLAGS:
		return json_pack("{s:o, s:o}", "mask", bits_make(rule->tcp_mask, rule_tcp_flag_name), "set",
			bits_make(rule->tcp_flags, rule_tcp_flag_name));
	}
	return NULL;
}

json_t *rule_to_json(const struct rule *rule)
{
	json_t *object = json_object();
	for (size_t i = 0; object != NULL && i < ARRAY_LEN(members); i++) {
		if (is_asked(rule, &members[i]) &&
			json_object_set_new(object, members[i].name, member_make(rule, &members[i])) != 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

json_t *rule_list_to_json(const struct rule_list *list)
{
	json_t *array = json_array();
	for (size_t i = 0; array != NULL && i < list->count; i++) {
		if (json_array_append_new(array, rule_to_json(&list->rules[i])) != 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

int rule_list_write(const struct rule_list *list, char **ret_text)
{
	json_t *array = rule_list_to_json(list);
	char *text = array != NULL ? json_dumps(array, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(array);
	if (text == NULL)
		return E_NOMEM;
	*ret_text = text;
	return OK;
}

/* Reading. Each reader returns NULL, or what is wrong with the value: static text. */

static const char *number_read(const json_t *value, uint64_t most, uint64_t *ret_number)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > most)
		return "a whole number is expected, and not so large";
	*ret_number = (uint64_t)json_integer_value(value);
	return NULL;
}

static const char *range_read(const json_t *value, char *at)
{
	uint64_t min = 0, max = 0;
	if (!json_is_array(value) || json_array_size(value) != 2 || number_read(json_array_get(value, 0), UINT16_MAX, &min) != NULL ||
		number_read(json_array_get(value, 1), UINT16_MAX, &max) != NULL)
		return "two numbers from 0 to 65535 are expected, first and last";
	struct rule_range range = {(uint16_t)min, (uint16_t)max};
	if (rule_range_is_any(range))
		return "asks for nothing; leave it out";
	memcpy(at, &range, sizeof(range));
	return NULL;
}

static const char *prefix_read(const json_t *value, struct ip_prefix *ret_prefix)
{
	char usual[IP_PREFIX_TEXT_BYTES];
	const char *text = json_string_value(value);
	bool is_usual = text != NULL && ip_prefix_parse(text, ret_prefix) == OK &&
		strcmp(text, ip_prefix_write(ret_prefix, usual)) == 0;
	return is_usual ? NULL : "a prefix in its usual form is expected, as in 192.0.2.0/24, 192.0.2.1 or 2001:db8::/32";
}

/** Reads names in the order of their bits, each at most once. */
static const char *bits_read(const json_t *value, const char *(*name)(unsigned), unsigned count, uint8_t *ret_bits)
{
	unsigned bits = 0, next = 0;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		while (next < count && (text == NULL || strcmp(text, name(next)) != 0))
			next++;
		if (next == count)
			return "an unknown name, or names that are not in their order";
		bits |= 1u << next++;
	}
	*ret_bits = (uint8_t)bits;
	return json_is_array(value) ? NULL : "a list of names is expected";
}

static const char *fragments_read(const json_t *value, struct rule *rule)
{
	const char *wrong = bits_read(value, rule_fragment_name, RULE_FRAGMENT_BITS, &rule->fragments);
	return wrong != NULL || rule->fragments != 0 ? wrong : "asks for nothing; leave it out";
}

static const char *tcp_flags_read(const json_t *value, struct rule *rule)
{
	if (json_object_size(value) != 2)
		return "mask and set are expected";
	const char *wrong = bits_read(json_object_get(value, "mask"), rule_tcp_flag_name, 8, &rule->tcp_mask);
	if (wrong == NULL)
		wrong = bits_read(json_object_get(value, "set"), rule_tcp_flag_name, 8, &rule->tcp_flags);
	return wrong != NULL || rule->tcp_mask != 0 ? wrong : "asks for nothing; leave it out";
}

static const char *limit_read(const json_t *value, struct rule *rule)
{
	static const char expected[] = "per and one of pps and bps are expected";
	const char *per = json_string_value(json_object_get(value, "per"));
	if (json_object_size(value) != 2 || per == NULL)
		return expected;
	for (unsigned i = RULE_SCOPE_UNKNOWN + 1; i < RULE_SCOPE_COUNT; i++) {
		if (strcmp(scope_names[i], per) == 0)
			rule->limit.scope = (enum rule_scope)i;
	}
	for (unsigned i = RULE_UNIT_UNKNOWN + 1; i < RULE_UNIT_COUNT; i++) {
		const json_t *amount = json_object_get(value, unit_names[i]);
		if (amount == NULL)
			continue;
		rule->limit.unit = (enum rule_limit_unit)i;
		return number_read(amount, RULE_BPS_MAX, &rule->limit.per_s);
	}
	return expected;
}

static const char *source_set_read(const json_t *value, struct rule_source_set *ret_set)
{
	uint64_t count = 0;
	size_t digest_bytes = 0;
	const json_t *digest = json_object_get(value, "digest");
	const char *hex = json_string_value(digest), *end = NULL;
	if (json_object_size(value) != 2 || number_read(json_object_get(value, "count"), RULE_SET_ADDRESSES_MAX, &count) != NULL ||
		count == 0)
		return "a count of at least 1 and a digest are expected";
	if (hex == NULL || json_string_length(digest) != 2 * RULE_DIGEST_BYTES || strpbrk(hex, "ABCDEF") != NULL ||
		sodium_hex2bin(ret_set->digest, sizeof(ret_set->digest), hex, 2 * RULE_DIGEST_BYTES, NULL, &digest_bytes, &end) != 0 ||
		digest_bytes != RULE_DIGEST_BYTES)
		return "a digest is 64 lower-case hex digits";
	ret_set->count = (uint32_t)count;
	return NULL;
}

static const char *sources_read(const json_t *value, struct rule *rule)
{
	size_t count = json_array_size(value);
	if (count == 0 || count > RULE_SOURCES_MAX)
		return "a list of 1 to 32 prefixes is expected";
	for (size_t i = 0; i < count; i++) {
		const char *wrong = prefix_read(json_array_get(value, i), &rule->sources[i]);
		if (wrong != NULL)
			return wrong;
	}
	rule->source_count = count;
	return NULL;
}

static const char *action_read(const json_t *value, struct rule *rule)
{
	const char *text = json_string_value(value);
	for (unsigned i = RULE_ACTION_UNKNOWN + 1; text != NULL && i < RULE_ACTION_COUNT; i++) {
		if (strcmp(rule_action_name((enum rule_action)i), text) == 0)
			rule->action = (enum rule_action)i;
	}
	return rule->action != RULE_ACTION_UNKNOWN ? NULL : "drop, limit or count is expected";
}

static const char *signature_read(const json_t *value, struct rule *rule)
{
	const char *text = json_string_value(value);
	for (unsigned i = RULE_SIGNATURE_NONE + 1; text != NULL && i < RULE_SIGNATURE_COUNT; i++) {
		if (strcmp(rule_signatures[i].name, text) == 0)
			rule->signature = (enum rule_signature)i;
	}
	return rule->signature != RULE_SIGNATURE_NONE ? NULL : "none that is known";
}

static const char *member_read(const json_t *value, const struct member *member, struct rule *rule)
{
	char *at = (char *)rule + member->offset;
	uint64_t number = 0;
	const char *wrong = NULL;
	switch (member->kind) {
	case KIND_ACTION:
		return action_read(value, rule);
	case KIND_DESTINATION:
		return prefix_read(value, &rule->destination);
	case KIND_RANGE:
		return range_read(value, at);
	case KIND_NUMBER:
		wrong = number_read(value, RULE_ANY - 1, &number);
		memcpy(at, &(uint16_t){(uint16_t)number}, sizeof(uint16_t));
		return wrong;
	case KIND_FRAGMENTS:
		return fragments_read(value, rule);
	case KIND_LIMIT:
		return limit_read(value, rule);
	case KIND_SIGNATURE:
		return signature_read(value, rule);
	case KIND_SOURCE_SET:
		return source_set_read(value, &rule->source_set);
	case KIND_SOURCES:
		return sources_read(value, rule);
	case KIND_TCP_FLAGS:
		return tcp_flags_read(value, rule);
	}
	return "unknown";
}

static int rule_read(const json_t *value, struct rule *ret_rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	static const struct ip_prefix nothing = {.bits = 0};
	struct rule rule = rule_to(&nothing);
	size_t known = 0;
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const json_t *member = json_object_get(value, members[i].name);
		bool is_required = members[i].kind == KIND_ACTION || members[i].kind == KIND_DESTINATION;
		const char *wrong = member != NULL ? member_read(member, &members[i], &rule) : is_required ? "is missing" : NULL;
		if (wrong != NULL) {
			snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "%s: %s", members[i].name, wrong);
			return E_MALFORMED;
		}
		known += member != NULL;
	}
	if (json_object_size(value) != known) {
		snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "members: one that no rule has");
		return E_MALFORMED;
	}
	int err = rule_check(&rule, ret_complaint);
	if (err == OK)
		*ret_rule = rule;
	return err;
}

int rule_list_from_json(const json_t *value, struct rule_list *ret_list, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	size_t count = json_array_size(value);
	if (count == 0 || count > RULE_LIST_MAX) {
		snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "rules: a list of 1 to %d rules is expected", RULE_LIST_MAX);
		return count == 0 ? E_MALFORMED : E_LIMIT;
	}
	for (size_t i = 0; i < count; i++) {
		char complaint[RULE_COMPLAINT_BYTES];
		int err = rule_read(json_array_get(value, i), &ret_list->rules[i], complaint);
		if (err != OK) {
			snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "rules[%zu].%s", i, complaint);
			return err;
		}
	}
	ret_list->count = count;
	return OK;
}

int rule_list_parse(const char *text, size_t length_bytes, struct rule_list *ret_list,
	char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	if (length_bytes > RULE_DOCUMENT_BYTES_MAX) {
		snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "rules: longer than %d bytes", RULE_DOCUMENT_BYTES_MAX);
		return E_LIMIT;
	}
	json_error_t error;
	json_t *array = json_loadb(text, length_bytes, JSON_REJECT_DUPLICATES, &error);
	if (array == NULL) {
		bool is_memory = json_error_code(&error) == json_error_out_of_memory;
		snprintf(ret_complaint, RULE_COMPLAINT_BYTES, is_memory ? "rules: out of memory" : "rules: no JSON");
		return is_memory ? E_NOMEM : E_MALFORMED;
	}
	int err = rule_list_from_json(array, ret_list, ret_complaint);
	json_decref(array);
	return err;
}
