/* The line of an order is looked for in the authority's note first, then among the store's documents. */
#include "tower/order_look.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/order_verify.h"
#include "tower/show.h"

int order_digest_parse(const char *text, struct document_digest *ret_digest)
{
	size_t length_bytes = strlen(text), read_bytes = 0;
	bool is_hex = length_bytes == 2 * sizeof(ret_digest->bytes) && strspn(text, "0123456789abcdef") == length_bytes;
	return is_hex && sodium_hex2bin(ret_digest->bytes, sizeof(ret_digest->bytes), text, length_bytes, NULL, &read_bytes,
		NULL) == 0 ? OK : E_MALFORMED;
}

/** From the store's documents: the order itself comes before what speaks of it. */
static json_t *stored_look(struct store *store, const struct document_digest *digest, const struct store_order *row)
{
	static const struct store_cursor beginning;
	const struct store_document_filter filter = {.order = digest};
	struct store_document document = {0};
	struct store_page page = {0};
	json_t *value = NULL;
	int err = store_documents(store, &filter, &beginning, &document, 1, &page);
	if (err == OK && page.count == 1 && document_digest_equal(&document.digest, digest))
		value = show_order(document.line, document.length_bytes, row, NULL);
	store_documents_done(&document, page.count);
	return value;
}

json_t *order_look(struct tower *tower, struct store *store, const struct document_digest *digest, const struct store_order *row)
{
	struct store_order found;
	struct relay_order live;
	json_t *value = NULL;
	if (row == NULL && store_order(store, digest, clock_wall_ns() / NS_PER_MS, &found) == OK)
		row = &found;
	if (tower->relay == NULL || !relay_find(tower->relay, digest, &live))
		return row != NULL && row->line != NULL ? show_order(row->line, row->length_bytes, row, NULL)
			: stored_look(store, digest, row);
	const char *note = json_string_value(json_object_get(live.entry, "note"));
	if (note != NULL)
		value = show_order(note, strcspn(note, "\n"), row, &live);
	relay_done(&live, 1);
	return value;
}
