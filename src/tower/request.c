/* Targets of requests, and patterns of paths. */
#include "tower/request.h"

#include <stdio.h>
#include <string.h>

#include "record/text.h"

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** Undoes the escapes of one part in place; a text that a person could not be shown is refused. */
static int part_decode(char *part, bool is_query)
{
	char *to = part;
	for (const char *at = part; *at != '\0'; at++) {
		char c = *at;
		if (c == '%') {
			int high = digit_value(at[1]), low = high >= 0 ? digit_value(at[2]) : -1;
			if (low < 0 || high * 16 + low == 0)
				return E_MALFORMED;
			c = (char)(high * 16 + low);
			at += 2;
		} else if (c == '+' && is_query) {
			c = ' ';
		}
		*to++ = c;
	}
	*to = '\0';
	return text_is_plain(part, strlen(part)) ? OK : E_MALFORMED;
}

/** A path begins with a slash and has no empty, "." or ".." segment, but for the last, which may be empty. */
static bool path_is_sound(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const char *at = path + 1; *at != '\0';) {
		size_t segment_bytes = strcspn(at, "/");
		if (segment_bytes == 0 || (segment_bytes == 1 && at[0] == '.') || (segment_bytes == 2 && memcmp(at, "..", 2) == 0))
			return false;
		at += segment_bytes + (at[segment_bytes] == '/');
	}
	return true;
}

static int params_parse(char *query, struct request *request)
{
	while (query != NULL && *query != '\0') {
		char *next = strchr(query, '&');
		if (next != NULL)
			*next++ = '\0';
		char *value = strchr(query, '=');
		if (value == NULL)
			return E_MALFORMED;
		*value++ = '\0';
		if (request->param_count == REQUEST_PARAMS_MAX)
			return E_LIMIT;
		if (part_decode(query, true) != OK || part_decode(value, true) != OK || query[0] == '\0' ||
			request_param(request, query) != NULL)
			return E_MALFORMED;
		request->params[request->param_count++] = (struct request_param){query, value};
		query = next;
	}
	return OK;
}

int request_parse(const char *target, struct request *ret_request)
{
	size_t target_bytes = strnlen(target, REQUEST_TARGET_BYTES);
	if (target_bytes == REQUEST_TARGET_BYTES)
		return E_LIMIT;
	for (size_t i = 0; i < target_bytes; i++) {
		if (target[i] <= ' ' || target[i] > '~' || target[i] == '#')
			return E_MALFORMED;
	}
	memcpy(ret_request->text, target, target_bytes + 1);
	ret_request->path = ret_request->text;
	ret_request->param_count = 0;
	char *query = strchr(ret_request->text, '?');
	if (query != NULL)
		*query++ = '\0';
	if (part_decode(ret_request->text, false) != OK || !path_is_sound(ret_request->path))
		return E_MALFORMED;
	return params_parse(query, ret_request);
}

const char *request_param(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->param_count; i++) {
		if (strcmp(request->params[i].name, name) == 0)
			return request->params[i].value;
	}
	return NULL;
}

int request_choice(const struct request *request, const char *name, const char *const *words)
{
	const char *value = request_param(request, name);
	if (value == NULL)
		return 0;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], value) == 0)
			return i;
	}
	return -1;
}

int request_number(const struct request *request, const char *name, uint64_t otherwise, uint64_t most, uint64_t *ret_number)
{
	const char *value = request_param(request, name);
	uint64_t number = otherwise;
	if (value != NULL && (text_number_parse(value, strlen(value), &number) != OK || number > most))
		return E_MALFORMED;
	*ret_number = number;
	return OK;
}

bool request_match(const char *pattern, const char *path, struct request_values *ret_values)
{
	size_t count = 0;
	*ret_values = (struct request_values){0};
	while (*pattern == '/' && *path == '/') {
		size_t pattern_bytes = strcspn(++pattern, "/"), path_bytes = strcspn(++path, "/");
		if (pattern[0] == '{') {
			if (pattern[pattern_bytes - 2] == '*')
				path_bytes = strlen(path);
			if (path_bytes == 0 || path_bytes >= REQUEST_VALUE_BYTES || count == REQUEST_VALUES_MAX)
				return false;
			memcpy(ret_values->text[count++], path, path_bytes);
		} else if (pattern_bytes != path_bytes || memcmp(pattern, path, path_bytes) != 0) {
			return false;
		}
		pattern += pattern_bytes;
		path += path_bytes;
	}
	return *pattern == '\0' && *path == '\0';
}
