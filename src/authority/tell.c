/* Orders as JSON. The caller owns what is returned. */
#include "authority/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/explain.h"

#define DIGEST_TEXT_BYTES (2 * DOCUMENT_DIGEST_BYTES + 1)

json_t *tell_order(const struct book *book, const struct book_order *entry)
{
	const struct policy_quorum *quorum = book_quorum(book, entry);
	json_t *approved_by = json_array(), *waits_for = json_array();
	for (size_t i = 0; i < entry->approver_count; i++)
		json_array_append_new(approved_by, json_string(entry->approvers[i].person->name));
	for (size_t i = 0; quorum != NULL && i < quorum->count; i++)
		json_array_append_new(waits_for, json_sprintf("%u %s", quorum->needs[i].count, quorum->needs[i].role.name));
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:s, s:I, s:i}", "id", book_id(entry), "kind",
		entry->order != NULL ? "order" : "standing_order", "state", lifecycle_state_name(entry->life.state), "since_ms",
		(json_int_t)entry->life.since_ms, "approved_by", approved_by, "waits_for", waits_for, "note", entry->note,
		"stopped_packets", (json_int_t)entry->receipt.stopped.packets,
		"collateral_permille", (int)entry->receipt.collateral_permille);
}

json_t *tell_state(const struct book_order *entry)
{
	char digest[DIGEST_TEXT_BYTES];
	for (size_t i = 0; i < DOCUMENT_DIGEST_BYTES; i++)
		snprintf(digest + 2 * i, 3, "%02x", entry->digest.bytes[i]);
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "id", book_id(entry), "digest", digest, "state",
		lifecycle_state_name(entry->life.state), "since_ms", (json_int_t)entry->life.since_ms, "statements",
		(json_int_t)(entry->approval_count + entry->ratification_count + (entry->withdrawal != NULL)), "receipt_ms",
		(json_int_t)entry->receipt.at_ms);
}

/** Words as a list of lines. */
static json_t *words_tell(const struct book *book, const struct book_order *entry, int64_t now_ms)
{
	char *text = NULL;
	size_t text_bytes = 0;
	json_t *lines = json_array();
	FILE *stream = open_memstream(&text, &text_bytes);
	if (stream == NULL)
		return lines;
	if (entry->order != NULL)
		explain_order(stream, entry->order, book->policy, now_ms);
	else
		explain_standing_order(stream, entry->standing, book->policy, now_ms);
	if (fclose(stream) == 0) {
		for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
			json_array_append_new(lines, json_stringn(at, (size_t)(end - at)));
	}
	free(text);
	return lines;
}

/** The line of a document that is a signed note, or stands alone with a passkey's assertion. */
static void line_add(json_t *list, const char *text)
{
	if (text != NULL)
		json_array_append_new(list, json_stringn(text, strcspn(text, "\n")));
}

static json_t *documents_tell(const struct book_order *entry)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *receipt = NULL;
	json_t *list = json_array();
	line_add(list, entry->note);
	for (size_t i = 0; i < entry->approval_count; i++)
		line_add(list, entry->approvals[i]);
	for (size_t i = 0; i < entry->ratification_count; i++)
		line_add(list, entry->ratifications[i]);
	if (entry->receipt.state != RECEIPT_UNKNOWN && receipt_write(&entry->receipt, &receipt, complaint) == OK)
		line_add(list, receipt);
	line_add(list, entry->withdrawal);
	free(receipt);
	return list;
}

json_t *tell_all(const struct book *book, const struct book_order *entry, int64_t now_ms)
{
	const char *class = order_class_names[entry->order != NULL ? entry->order->class : entry->standing->class];
	json_t *told = tell_order(book, entry), *state = tell_state(entry);
	json_t *more = json_pack("{s:s, s:s, s:b, s:b, s:o, s:o}", "class", class, "requester",
		entry->order != NULL ? entry->order->requester : entry->standing->requester, "is_urgent", entry->life.is_urgent,
		"has_standing", entry->order != NULL && entry->order->has_standing, "words", words_tell(book, entry, now_ms), "documents",
		documents_tell(entry));
	if (told == NULL || state == NULL || more == NULL || json_object_update(told, state) != 0 ||
		json_object_update(told, more) != 0) {
		json_decref(told);
		told = NULL;
	}
	json_decref(state);
	json_decref(more);
	return told;
}
