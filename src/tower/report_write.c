/* A made report as a page for people and as rows for a spreadsheet. Values are others' texts: all of them are escaped. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tower/report.h"

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static void html_write(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*text, out);
		}
	}
}

static void due_write(FILE *out, const json_t *clock)
{
	char text[32];
	time_t due_s = (time_t)(json_integer_value(json_object_get(clock, "due_ms")) / 1000);
	struct tm utc;
	gmtime_r(&due_s, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc);
	fprintf(out, "%s%s", text, json_is_true(json_object_get(clock, "is_over")) ? " !" : "");
}

char *report_html(const json_t *report, size_t *ret_bytes)
{
	char *text = NULL;
	const json_t *fields = json_object_get(report, "fields"), *clocks = json_object_get(report, "clocks");
	FILE *out = open_memstream(&text, ret_bytes);
	if (out == NULL)
		return NULL;
	fprintf(out, "<!doctype html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\"><title>", text_of(report, "lang"));
	html_write(out, text_of(report, "title"));
	fputs("</title></head>\n<body>\n<h1>", out);
	html_write(out, text_of(report, "title"));
	fputs("</h1>\n<table border=\"1\">\n", out);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		fputs("<tr><th scope=\"row\">", out);
		html_write(out, text_of(field, "label"));
		fputs("</th><td>", out);
		html_write(out, text_of(field, "value"));
		fputs("</td></tr>\n", out);
	}
	fputs("</table>\n<ul>\n", out);
	for (size_t i = 0; i < json_array_size(clocks); i++) {
		const json_t *clock = json_array_get(clocks, i);
		fputs("<li>", out);
		due_write(out, clock);
		fputs(": ", out);
		html_write(out, text_of(clock, "recipient"));
		fputs(", ", out);
		html_write(out, text_of(clock, "basis"));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n</body>\n</html>\n", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/** One quoted cell. What a spreadsheet would take for a formula gets an apostrophe, as OWASP advises. */
static void cell_write(FILE *out, const char *text, const char *after)
{
	fputc('"', out);
	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
		fputc('\'', out);
	for (; *text != '\0'; text++)
		fputs(*text == '"' ? "\"\"" : (const char[]){*text, '\0'}, out);
	fprintf(out, "\"%s", after);
}

char *report_csv(const json_t *report, size_t *ret_bytes)
{
	char *text = NULL;
	const json_t *fields = json_object_get(report, "fields"), *clocks = json_object_get(report, "clocks");
	FILE *out = open_memstream(&text, ret_bytes);
	if (out == NULL)
		return NULL;
	fputs("\"name\",\"label\",\"value\"\r\n", out);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		cell_write(out, text_of(field, "name"), ",");
		cell_write(out, text_of(field, "label"), ",");
		cell_write(out, text_of(field, "value"), "\r\n");
	}
	for (size_t i = 0; i < json_array_size(clocks); i++) {
		const json_t *clock = json_array_get(clocks, i);
		cell_write(out, "due", ",");
		cell_write(out, text_of(clock, "recipient"), ",\"");
		due_write(out, clock);
		fputs("\"\r\n", out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
