/*
 * Configuration files, by a lexer of five tokens and a descent of one level.
 *
 *     file    = { setting | section }
 *     section = word [ word ] "{" { setting } "}"
 *     setting = word "=" ( word | "{" [ word { "," word } [ "," ] ] "}" )
 *     word    = bare characters, or "in quotes" with \" and \\ inside
 *
 * 2026-11-22: own parser and not libconfuse 3.3, whose line numbers are wrong
 * after every comment and which takes a section that is never closed for a
 * whole one. Price: these lines. The syntax is a subset of libconfuse's.
 */
#include "core/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"

enum token {
	TOKEN_END = 0,
	TOKEN_WORD,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_EQUALS,
	TOKEN_COMMA,
	TOKEN_BAD, /* a complaint was made */
};

struct lexer {
	const char *file_name;
	const char *at, *end;
	unsigned line;
	enum token token; /* the present one */
	char word[CONF_VALUE_BYTES]; /* its text, for TOKEN_WORD */
	char *complaint; /* of CONF_COMPLAINT_BYTES */
	int error;
};

/** Notes the first error; later ones are its consequences. */
__attribute__((format(printf, 2, 3))) static void complain(struct lexer *lex, const char *format, ...)
{
	lex->token = TOKEN_BAD;
	if (lex->error != OK)
		return;
	lex->error = E_CONFIG;
	int used = snprintf(lex->complaint, CONF_COMPLAINT_BYTES, "%.200s:%u: ", lex->file_name, lex->line);
	va_list args;
	va_start(args, format);
	vsnprintf(lex->complaint + used, CONF_COMPLAINT_BYTES - (size_t)used, format, args);
	va_end(args);
}

static bool is_bare(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr("{}=,\"#", c) == NULL;
}

static void skip_blank(struct lexer *lex)
{
	bool in_comment = false;
	for (; lex->at < lex->end; lex->at++) {
		char c = *lex->at;
		if (c == '\n') {
			lex->line++;
			in_comment = false;
		} else if (c == '#') {
			in_comment = true;
		} else if (!in_comment && c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

/** A word in quotes, which must end on its line. */
static void lex_quoted(struct lexer *lex)
{
	size_t length = 0;
	for (lex->at++; lex->at < lex->end && *lex->at != '"'; lex->at++) {
		if (*lex->at == '\\' && lex->at + 1 < lex->end && (lex->at[1] == '"' || lex->at[1] == '\\'))
			lex->at++;
		if ((unsigned char)*lex->at < ' ' || *lex->at == 0x7f) {
			complain(lex, "a quoted word is not closed on its line");
			return;
		}
		if (length + 1 >= sizeof(lex->word)) {
			complain(lex, "a word is longer than %zu bytes", sizeof(lex->word) - 1);
			return;
		}
		lex->word[length++] = *lex->at;
	}
	lex->word[length] = '\0';
	if (lex->at == lex->end) {
		complain(lex, "a quoted word is not closed");
		return;
	}
	lex->at++;
	lex->token = TOKEN_WORD;
}

static void lex_bare(struct lexer *lex)
{
	size_t length = 0;
	for (; lex->at < lex->end && is_bare(*lex->at); lex->at++) {
		if (length + 1 >= sizeof(lex->word)) {
			complain(lex, "a word is longer than %zu bytes", sizeof(lex->word) - 1);
			return;
		}
		lex->word[length++] = *lex->at;
	}
	lex->word[length] = '\0';
	lex->token = TOKEN_WORD;
	if (length == 0)
		complain(lex, "byte 0x%02x does not belong here", (unsigned)(unsigned char)*lex->at);
}

static void advance(struct lexer *lex)
{
	if (lex->error != OK)
		return;
	skip_blank(lex);
	if (lex->at == lex->end) {
		lex->token = TOKEN_END;
		return;
	}
	static const char marks[] = "{}=,";
	static const enum token mark_tokens[] = {TOKEN_OPEN, TOKEN_CLOSE, TOKEN_EQUALS, TOKEN_COMMA};
	const char *mark = *lex->at != '\0' ? strchr(marks, *lex->at) : NULL;
	if (mark != NULL) {
		lex->at++;
		lex->token = mark_tokens[mark - marks];
	} else if (*lex->at == '"') {
		lex_quoted(lex);
	} else {
		lex_bare(lex);
	}
}

/** "a, b, c": the names that would have been right. */
static void unknown_name(struct lexer *lex, const char *name, const struct conf_option *options, size_t option_count,
	const struct conf_section *sections, size_t section_count)
{
	char known[CONF_COMPLAINT_BYTES] = "";
	size_t used = 0;
	for (size_t i = 0; i < option_count + section_count && used < sizeof(known); i++) {
		const char *text = i < option_count ? options[i].name : sections[i - option_count].name;
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s", i > 0 ? ", " : "", text);
	}
	complain(lex, "unknown option '%.60s'; known here: %s", name, known);
}

static void set_value(struct lexer *lex, const struct conf_option *option, void *into)
{
	const char *wrong = option->set(into, option, lex->word);
	if (wrong != NULL)
		complain(lex, "%s = %.100s: %s", option->name, lex->word[0] != '\0' ? lex->word : "\"\"", wrong);
	advance(lex);
}

/** After "name =": one value, or a list in braces. */
static void parse_value(struct lexer *lex, const struct conf_option *option, void *into)
{
	if (option->is_list)
		(void)option->set(into, option, NULL); /* the list begins */
	if (lex->token == TOKEN_WORD) {
		set_value(lex, option, into);
		return;
	}
	if (lex->token != TOKEN_OPEN) {
		complain(lex, "%s: a value is missing after '='", option->name);
		return;
	}
	if (!option->is_list) {
		complain(lex, "%s takes one value, not a list", option->name);
		return;
	}
	advance(lex);
	while (lex->token == TOKEN_WORD) {
		set_value(lex, option, into);
		if (lex->token != TOKEN_COMMA)
			break;
		advance(lex);
	}
	if (lex->token != TOKEN_CLOSE)
		complain(lex, "%s: ',' or '}' is missing in a list", option->name);
	advance(lex);
}

/** After a name: "= value", for an option of this table. */
static void parse_setting(struct lexer *lex, const char *name, const struct conf_schema *scope, uint64_t *seen, void *into)
{
	for (size_t i = 0; i < scope->option_count; i++) {
		const struct conf_option *option = &scope->options[i];
		if (strcmp(option->name, name) != 0)
			continue;
		if (lex->token != TOKEN_EQUALS)
			complain(lex, "'=' is missing after %s", name);
		else if ((*seen >> i & 1) != 0)
			complain(lex, "%s is given twice", name);
		*seen |= UINT64_C(1) << i;
		advance(lex);
		if (lex->error == OK)
			parse_value(lex, option, into);
		return;
	}
	unknown_name(lex, name, scope->options, scope->option_count, scope->sections, scope->section_count);
}

/** After "name [title] {": settings up to the closing brace. */
static void parse_section_body(struct lexer *lex, const struct conf_section *section, unsigned opened_line, void *into)
{
	const struct conf_schema scope = {.options = section->options, .option_count = section->option_count};
	uint64_t seen = 0;
	while (lex->token == TOKEN_WORD) {
		char name[CONF_VALUE_BYTES];
		memcpy(name, lex->word, sizeof(name));
		advance(lex);
		parse_setting(lex, name, &scope, &seen, into);
	}
	if (lex->token == TOKEN_END)
		complain(lex, "section %s of line %u is not closed", section->name, opened_line);
	else if (lex->token != TOKEN_CLOSE)
		complain(lex, "an option's name is expected in section %s", section->name);
	advance(lex);
}

static void parse_section(struct lexer *lex, const struct conf_section *section, void *root)
{
	char title[CONF_VALUE_BYTES] = "";
	bool has_title = lex->token == TOKEN_WORD;
	if (has_title) {
		memcpy(title, lex->word, sizeof(title));
		advance(lex);
	}
	if (lex->token != TOKEN_OPEN)
		complain(lex, "'{' is missing after section %s", section->name);
	else if (has_title != section->is_titled)
		complain(lex, "section %s %s", section->name, has_title ? "takes no title" : "needs a title");
	if (lex->error != OK)
		return;
	void *into = NULL;
	const char *wrong = section->open(root, title, &into);
	if (wrong != NULL)
		complain(lex, "%s %.100s: %s", section->name, title, wrong);
	unsigned opened_line = lex->line;
	advance(lex);
	if (lex->error == OK)
		parse_section_body(lex, section, opened_line, into);
}

static void parse_file(struct lexer *lex, const struct conf_schema *schema, void *root)
{
	uint64_t seen = 0, opened = 0;
	advance(lex);
	while (lex->token == TOKEN_WORD) {
		char name[CONF_VALUE_BYTES];
		memcpy(name, lex->word, sizeof(name));
		advance(lex);
		const struct conf_section *section = NULL;
		for (size_t i = 0; i < schema->section_count && section == NULL; i++) {
			if (strcmp(schema->sections[i].name, name) == 0)
				section = &schema->sections[i];
		}
		uint64_t bit = section != NULL && !section->is_titled ? UINT64_C(1) << (section - schema->sections) : 0;
		if (section == NULL)
			parse_setting(lex, name, schema, &seen, root);
		else if ((opened & bit) != 0)
			complain(lex, "section %s is given twice", name);
		else
			parse_section(lex, section, root);
		opened |= bit;
	}
	if (lex->error == OK && lex->token != TOKEN_END)
		complain(lex, "an option's name is expected");
}

int conf_parse(const struct conf_schema *schema, const char *file_name, const char *text, size_t length_bytes, void *root,
	char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	struct lexer lex = {
		.file_name = file_name,
		.at = text,
		.end = text + length_bytes,
		.line = 1,
		.complaint = ret_complaint,
	};
	ASSERT(schema->option_count <= CONF_OPTIONS_MAX && schema->section_count <= CONF_OPTIONS_MAX);
	parse_file(&lex, schema, root);
	return lex.error;
}

/** The whole of a regular file, up to the cap; the caller frees. NULL: errno tells. */
static char *file_read(int fd, size_t *ret_length_bytes)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > LIMIT_CONF_BYTES) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	size_t file_bytes = (size_t)st.st_size, used = 0;
	char *text = malloc(file_bytes + 1);
	while (text != NULL && used < file_bytes) {
		ssize_t got = read(fd, text + used, file_bytes - used);
		if (got < 0) {
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		used += (size_t)got;
	}
	*ret_length_bytes = used;
	return text;
}

int conf_read(const char *path, char **ret_text, size_t *ret_length_bytes, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = fd >= 0 ? file_read(fd, ret_length_bytes) : NULL;
	if (text == NULL)
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (text == NULL)
		return E_SYS;
	*ret_text = text;
	return OK;
}

int conf_load(const struct conf_schema *schema, const char *path, void *root,
	char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	size_t length_bytes = 0;
	char *text = NULL;
	int err = conf_read(path, &text, &length_bytes, ret_complaint);
	if (err == OK)
		err = conf_parse(schema, path, text, length_bytes, root, ret_complaint);
	free(text);
	return err;
}

const char *conf_set_text(void *into, const struct conf_option *option, const char *value)
{
	size_t length = strlen(value);
	if (length >= option->max)
		return "is too long";
	memcpy((char *)into + option->offset, value, length + 1);
	return NULL;
}

const char *conf_set_path(void *into, const struct conf_option *option, const char *value)
{
	if (value[0] != '/' && value[0] != '\0')
		return "must be a path that begins with /";
	return conf_set_text(into, option, value);
}

const char *conf_set_place(void *into, const struct conf_option *option, const char *value)
{
	return value[0] == '/' ? conf_set_text(into, option, value) : "must be a path that begins with /";
}

const char *conf_set_units(void *into, const struct conf_option *option, const char *value)
{
	static _Thread_local char wrong[128]; /* static text as the setter promises: one complaint is told and parsing ends */
	uint64_t number;
	char low[UNITS_TEXT_BYTES], high[UNITS_TEXT_BYTES];
	uint64_t max = option->max != 0 ? option->max : INT64_MAX;
	int err = units_parse(option->unit, value, &number);
	if (err == E_MALFORMED) {
		snprintf(wrong, sizeof(wrong), "must be %s", units_example(option->unit));
		return wrong;
	}
	if (err != OK || number < option->min || number > max) {
		snprintf(wrong, sizeof(wrong), "must be %s to %s", units_write(option->unit, option->min, low),
			units_write(option->unit, max, high));
		return wrong;
	}
	memcpy((char *)into + option->offset, &number, sizeof(number));
	return NULL;
}

const char *conf_set_bool(void *into, const struct conf_option *option, const char *value)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], value) == 0) {
			bool truth = i % 2 == 1;
			memcpy((char *)into + option->offset, &truth, sizeof(truth));
			return NULL;
		}
	}
	return "must be yes or no";
}

const char *conf_set_choice(void *into, const struct conf_option *option, const char *value)
{
	static _Thread_local char wrong[128];
	size_t used = (size_t)snprintf(wrong, sizeof(wrong), "must be one of:");
	for (int i = 0; option->choices[i] != NULL; i++) {
		if (option->choices[i][0] == '\0')
			continue;
		if (strcmp(option->choices[i], value) == 0) {
			memcpy((char *)into + option->offset, &i, sizeof(i));
			return NULL;
		}
		if (used < sizeof(wrong))
			used += (size_t)snprintf(wrong + used, sizeof(wrong) - used, " %s", option->choices[i]);
	}
	return wrong;
}
