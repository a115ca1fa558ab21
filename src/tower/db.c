/* What both databases share: how statements are written for them, and the tables of a day. */
#include "tower/db.h"

#include <stdio.h>
#include <string.h>

/*
 * No index on what is random: arrival counts, the start of a finding's window
 * is always near now, and so is the number of a live incident. So all that a
 * batch touches is a few pages at the end of each tree.
 */
const char *const db_day_tables =
	"CREATE TABLE IF NOT EXISTS {day}findings_@ (arrival {int} PRIMARY KEY, incident {int} NOT NULL, count {int} NOT NULL, "
	"documents {blob} NOT NULL) {strict};"
	"CREATE INDEX IF NOT EXISTS {day}findings_@_incident ON findings_@ (incident, arrival);"
	"CREATE TABLE IF NOT EXISTS {day}sources_@ (arrival {int} PRIMARY KEY, documents {blob} NOT NULL) {strict};"
	"CREATE TABLE IF NOT EXISTS {day}keys_@ (start_ms {int} NOT NULL, id {blob} NOT NULL, arrival {int} NOT NULL, "
	"PRIMARY KEY (start_ms, id, arrival)) {keyed};";

struct db_value db_text(const char *text)
{
	return (struct db_value){.type = DB_TEXT, .bytes = text, .length_bytes = strlen(text)};
}

int db_dialect(const struct db_hooks *hooks, const char *text, uint32_t day, char *ret_sql, size_t room_bytes)
{
	const struct {
		const char *word, *text;
	} words[] = {{"{int}", hooks->type_int}, {"{blob}", hooks->type_blob}, {"{strict}", hooks->strict}, {"{keyed}", hooks->keyed},
		{"{zero}", hooks->zero}, {"{day}", hooks->day_prefix}, {"{main}", hooks->main_prefix}};
	char number[16];
	size_t used = 0;
	snprintf(number, sizeof(number), "%u", day);
	while (*text != '\0') {
		const char *part = *text == '@' ? number : NULL;
		size_t step = 1;
		for (size_t i = 0; i < ARRAY_LEN(words) && part == NULL; i++) {
			if (strncmp(text, words[i].word, strlen(words[i].word)) != 0)
				continue;
			part = words[i].text;
			step = strlen(words[i].word);
		}
		size_t length = part != NULL ? strlen(part) : 1;
		if (used + length >= room_bytes)
			return E_LIMIT;
		memcpy(ret_sql + used, part != NULL ? part : text, length);
		used += length;
		text += step;
	}
	ret_sql[used] = '\0';
	return OK;
}

const char *db_sql_day(const char *text, uint32_t day, char ret_sql[static DB_SQL_BYTES])
{
	int err = db_dialect(&db_postgres, text, day, ret_sql, DB_SQL_BYTES);
	ASSERT(err == OK); /* our own statements */
	return ret_sql;
}
