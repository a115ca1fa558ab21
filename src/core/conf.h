/*
 * Configuration files: blocks of options described by schema tables.
 *
 *     # a comment
 *     name = value
 *     name = {value, "another value"}
 *     section "title" { name = value }
 *
 * A key that no table knows, a key given twice and a quantity without its
 * unit are errors, told as one line with file and line. Sections do not nest
 * deeper than one.
 *
 * Does not know what options mean: setters put each value into the caller's
 * struct, and checks that span options are the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/units.h"

#define CONF_COMPLAINT_BYTES 512
#define CONF_VALUE_BYTES 256 /* longest name, title or value, with its NUL */
#define CONF_OPTIONS_MAX 64 /* options of one table */

struct conf_option;

/**
 * Puts one value in its place. For a list it is called with NULL first, to empty what stood there by default, then
 * once for each value.
 *
 * @param into the struct of the section (or of the file)
 * @param option the option's row
 * @param value NUL-terminated, borrowed; NULL: a list begins
 * @return NULL, or what is wrong with the value: static text that continues the line "NAME = VALUE: "
 */
typedef const char *conf_setter(void *into, const struct conf_option *option, const char *value);

/**
 * Makes room for a section's values.
 *
 * @param root the struct of the file
 * @param title the section's title, "" where it has none
 * @param ret_into the struct that the section's setters get
 * @return NULL, or what is wrong: static text
 */
typedef const char *conf_opener(void *root, const char *title, void **ret_into);

/** One row: an option's name, how it is set and where. */
struct conf_option {
	const char *name;
	conf_setter *set;
	size_t offset; /* of the member in the struct that the setter gets */
	bool is_list;
	enum unit_kind unit; /* conf_set_units: the kind of quantity */
	uint64_t min; /* conf_set_units: smallest value */
	uint64_t max; /* conf_set_units: largest value, 0: any; conf_set_text: size of the member in bytes */
	const char *const *choices; /* conf_set_choice: names by value, NULL-terminated; "" is no choice */
};

struct conf_section {
	const char *name;
	bool is_titled; /* a title must be given; else it must not */
	conf_opener *open;
	const struct conf_option *options;
	size_t option_count;
};

/** What a whole file may hold. */
struct conf_schema {
	const struct conf_option *options;
	size_t option_count;
	const struct conf_section *sections;
	size_t section_count;
};

/** Setter for a char array of option.max bytes. */
conf_setter conf_set_text;
/** The same of a path that begins with /, or is empty: there is none. */
conf_setter conf_set_path;
/** The same of a path that is needed: it begins with /. */
conf_setter conf_set_place;
/** Setter for a uint64_t quantity in option.unit within min..max. */
conf_setter conf_set_units;
/** Setter for a bool: yes or no, true or false, on or off. */
conf_setter conf_set_bool;
/** Setter for an enum whose values are the places in option.choices, stored as an int. */
conf_setter conf_set_choice;

/**
 * Reads a configuration.
 *
 * @param schema what may be in it
 * @param file_name for messages
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param root the struct that is filled; after an error it is partly filled
 * @param ret_complaint on an error one line: "FILE:LINE: what is wrong"
 * @return OK or E_CONFIG
 */
MUST_USE int conf_parse(const struct conf_schema *schema, const char *file_name, const char *text, size_t length_bytes,
	void *root, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/**
 * Reads a regular file of at most LIMIT_CONF_BYTES, for those who need its bytes as well.
 *
 * @param path of it
 * @param ret_text malloc'ed, not NUL-terminated; the caller frees it
 * @param ret_length_bytes of ret_text
 * @param ret_complaint on an error one line
 * @return OK or E_SYS: cannot be read
 */
MUST_USE int conf_read(const char *path, char **ret_text, size_t *ret_length_bytes,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);

/**
 * Reads a configuration from a file of at most LIMIT_CONF_BYTES.
 *
 * @param schema what may be in it
 * @param path of a regular file
 * @param root the struct that is filled
 * @param ret_complaint on an error one line
 * @return OK, E_CONFIG, or E_SYS: cannot be read
 */
MUST_USE int conf_load(const struct conf_schema *schema, const char *path, void *root,
	char ret_complaint[static CONF_COMPLAINT_BYTES]);
