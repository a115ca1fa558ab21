/*
 * Fuzz target: any bytes as an attachment under the name before the first line's end. Whatever they are, the budget is
 * never overdrawn, links are within their limit, and the facts say nothing that has no words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/* As much as a worker has (worker_memory): parsers of others that ask for more are told no, and what they read is unread. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

static void link_check(void *context, enum payload_link_kind kind, const char *link, size_t length_bytes)
{
	uint32_t *count = context;
	++*count;
	ASSERT(kind != PAYLOAD_LINK_NONE && length_bytes > 0 && length_bytes <= LIMIT_MAIL_PAYLOAD_LINK_BYTES && link[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const uint8_t *newline = memchr(data, '\n', size_bytes);
	size_t name_bytes = newline != NULL ? (size_t)(newline - data) : 0;
	const uint8_t *bytes = newline != NULL ? newline + 1 : data;
	char *name = calloc(1, name_bytes + 1);
	if (name == NULL)
		return 0;
	memcpy(name, data, name_bytes);
	uint32_t links_taken = 0;
	const struct payload_links links = {.take = link_check, .context = &links_taken};
	/* Small, so that a run's time goes into variety. */
	struct payload_budget budget = {.bytes = 1048576, .pixels = 65536, .entries = 64};
	struct payload_facts facts;
	payload_look(bytes, size_bytes - (size_t)(bytes - data), name, "application/zip", true, &links, &budget, &facts);
	ASSERT(budget.bytes <= 1048576 && budget.pixels <= 65536 && budget.entries <= 64);
	ASSERT(facts.links == links_taken && facts.links <= LIMIT_MAIL_PAYLOAD_LINKS && facts.depth <= LIMIT_MAIL_PAYLOAD_DEPTH + 1);
	ASSERT((unsigned)facts.type < PAYLOAD_TYPES && (unsigned)facts.named < PAYLOAD_TYPES);
	for (unsigned bit = 0; bit < 32; bit++) {
		ASSERT((payload_all(&facts) >> bit & 1) == 0 || payload_trait_words((enum payload_trait)(1u << bit)) != NULL);
		ASSERT((facts.unread >> bit & 1) == 0 || payload_unread_words((enum payload_unread)(1u << bit)) != NULL);
	}
	free(name);
	return 0;
}
