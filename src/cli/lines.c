/* Lines from pieces. Memory grows by doubling, never above the cap and one byte for the NUL. */
#include "cli/lines.h"

#include <stdlib.h>
#include <string.h>

struct lines lines_over(size_t max_bytes)
{
	return (struct lines){.max_bytes = max_bytes};
}

void lines_done(struct lines *lines)
{
	free(lines->text);
	*lines = (struct lines){0};
}

/** Makes room for so many bytes and a NUL. */
static int room_make(struct lines *lines, size_t needed_bytes)
{
	size_t room = lines->room_bytes > 0 ? lines->room_bytes : 4096;
	while (room < needed_bytes + 1)
		room *= 2;
	if (room == lines->room_bytes)
		return OK;
	char *text = realloc(lines->text, room);
	if (text == NULL)
		return E_NOMEM;
	lines->text = text;
	lines->room_bytes = room;
	return OK;
}

/** Adds a piece of the present line. */
static int piece_add(struct lines *lines, const char *bytes, size_t length)
{
	if (lines->is_skipping || lines->used_bytes + length > lines->max_bytes) {
		lines->is_skipping = 1;
		return OK;
	}
	int err = room_make(lines, lines->used_bytes + length);
	if (err != OK)
		return err;
	if (length > 0)
		memcpy(lines->text + lines->used_bytes, bytes, length);
	lines->used_bytes += length;
	return OK;
}

int lines_add(struct lines *lines, const char *bytes, size_t length_bytes, lines_take *take, void *arg)
{
	while (length_bytes > 0) {
		const char *newline = memchr(bytes, '\n', length_bytes);
		size_t length = newline != NULL ? (size_t)(newline - bytes) : length_bytes;
		int err = piece_add(lines, bytes, length);
		if (err != OK)
			return err;
		if (newline == NULL)
			return OK;
		if (lines->is_skipping) {
			lines->dropped++;
		} else {
			lines->text[lines->used_bytes] = '\0';
			take(arg, lines->text, lines->used_bytes);
		}
		lines->used_bytes = 0;
		lines->is_skipping = 0;
		bytes += length + 1;
		length_bytes -= length + 1;
	}
	return OK;
}
