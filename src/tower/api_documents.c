/* POST /documents: the lines of a member's processes that are elsewhere, through the same door as those of this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "tower/routes.h"
#include "tower/writer.h"

static bool lines_few(const struct visit *visit)
{
	size_t count = 0;
	for (size_t i = 0; i < visit->body_bytes; i++)
		count += visit->body[i] == '\n';
	return count <= LIMIT_TOWER_LINES;
}

/** In the thread that writes; the answers are sent once they are true. */
void documents_post(struct visit *visit)
{
	char *text = NULL;
	size_t text_bytes = 0;
	bool is_failed = false;
	if (visit->body_bytes == 0 || visit->body[visit->body_bytes - 1] != '\n') {
		visit_error(visit, 400, "give one document a line, each line with its newline");
		return;
	}
	if (!lines_few(visit)) {
		visit_error(visit, 413, "too many lines");
		return;
	}
	FILE *stream = open_memstream(&text, &text_bytes);
	if (stream == NULL) {
		visit_error(visit, 500, "no memory");
		return;
	}
	for (char *at = visit->body, *end = at + visit->body_bytes, *newline; at < end && !is_failed; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		char *answer = writer_take(visit->tower->writer, visit->who.member, at, (size_t)(newline - at));
		is_failed = answer == NULL || fprintf(stream, "%s\n", answer) < 0;
		free(answer);
	}
	if (fclose(stream) != 0 || is_failed) {
		free(text);
		visit_error(visit, 500, "no memory");
		return;
	}
	visit_text(visit, 200, "application/x-ndjson", text, text_bytes);
}
