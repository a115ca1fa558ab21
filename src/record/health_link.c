/* A line of health now and then, over a link that waits for nobody. */
#include "record/health_link.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"

struct health_link {
	struct line_link *lines;
	int64_t every_ns, told_mono_ns;
};

int health_link_new(const char *path, uint64_t every_ms, struct health_link **ret_link)
{
	struct health_link *link = calloc(1, sizeof(*link));
	int err = link != NULL ? line_link_new("tower", path, "{\"ack\":", &link->lines) : E_NOMEM;
	if (err != OK) {
		free(link);
		return err;
	}
	link->every_ns = (int64_t)every_ms * NS_PER_MS;
	*ret_link = link;
	return OK;
}

void health_link_free(struct health_link *link)
{
	if (link != NULL)
		line_link_free(link->lines);
	free(link);
}

bool health_link_is_due(struct health_link *link, int64_t now_mono_ns)
{
	bool is_due = now_mono_ns - link->told_mono_ns >= link->every_ns;
	if (is_due)
		link->told_mono_ns = now_mono_ns;
	return is_due;
}

void health_link_tell(struct health_link *link, const struct health *health)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	if (health_write(health, &text, complaint) == OK)
		line_link_put(link->lines, text);
	else
		log_line(LOG_LEVEL_WARNING, "health_unwritten why=\"%s\"", complaint);
	free(text);
}

void health_link_turn(struct health_link *link, int64_t now_mono_ns)
{
	line_link_turn(link->lines, now_mono_ns);
}

struct line_link_counters health_link_counters_of(const struct health_link *link)
{
	return line_link_counters_of(link->lines);
}
