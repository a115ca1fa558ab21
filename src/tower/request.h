/*
 * What a request asks for: path and parameters out of its target (RFC 3986
 * sections 2.1 and 3.3, RFC 9112 section 3.2.1), and the match of a path with
 * a route's pattern. Pure; fuzzed.
 *
 * There is one way to write a target: what is escaped needlessly is fine, but
 * control characters, empty or dotted segments, and a parameter given twice
 * are refused. Does not know which paths there are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define REQUEST_TARGET_BYTES 4096 /* longest target, with its NUL */
#define REQUEST_PARAMS_MAX 16
#define REQUEST_VALUES_MAX 2 /* open places of a pattern */
#define REQUEST_VALUE_BYTES 128

struct request_param {
	const char *name; /* borrowed from the request's text */
	const char *value;
};

struct request {
	char text[REQUEST_TARGET_BYTES]; /* what follows points into it: not to be copied */
	const char *path;
	size_t param_count;
	struct request_param params[REQUEST_PARAMS_MAX];
};

struct request_values {
	char text[REQUEST_VALUES_MAX][REQUEST_VALUE_BYTES]; /* "" where the pattern has fewer */
};

/**
 * Reads a target.
 *
 * @param target hostile, NUL-terminated: "/api/v1/incidents?state=open"
 * @param ret_request filled on OK; else undefined
 * @return OK, E_MALFORMED or E_LIMIT (too long, too many parameters)
 */
MUST_USE int request_parse(const char *target, struct request *ret_request);

/** The value of a parameter; NULL: it is not there. Borrowed. */
const char *request_param(const struct request *request, const char *name);

/**
 * The value of a parameter that is one of some words.
 *
 * @param request with the parameter, or without
 * @param name of it
 * @param words NULL-terminated; the first stands for a parameter that is not there
 * @return its place in words, or -1: another word
 */
int request_choice(const struct request *request, const char *name, const char *const *words);

/**
 * The value of a parameter that is a number.
 *
 * @param request with the parameter, or without
 * @param name of it
 * @param otherwise stands for a parameter that is not there
 * @param most the largest that is taken
 * @param ret_number filled on OK
 * @return OK or E_MALFORMED
 */
MUST_USE int request_number(const struct request *request, const char *name, uint64_t otherwise, uint64_t most,
	uint64_t *ret_number);

/**
 * Whether a path has the form of a pattern.
 *
 * @param pattern segments, some of them open: "{id}" takes one segment, "{path*}" at the end all that follow
 * @param path of a request
 * @param ret_values what the open segments hold, filled where it matches
 * @return whether it matches
 */
bool request_match(const char *pattern, const char *path, struct request_values *ret_values);
