/* The past stands first in the table, so the day is its end. */
#include "exercise/mailbox_day.h"

#include <time.h>

#include "core/clock.h"

#include "exercise/mailbox_texts.h"

#define MS_PER_S INT64_C(1000)
#define S_PER_DAY INT64_C(86400)

const struct mailbox_mail *mailbox_day(size_t *ret_count)
{
	size_t first = 0;
	while (first < ARRAY_LEN(mails) && mails[first].days_before > 0)
		first++;
	*ret_count = ARRAY_LEN(mails) - first;
	ASSERT(*ret_count > 0 && *ret_count <= MAILBOX_MAILS_MAX);
	return mails + first;
}

void mailbox_date(const struct mailbox_mail *mail, int64_t now_wall_ms, char ret_date[static MAILBOX_DATE_BYTES])
{
	int64_t at_s = now_wall_ms / MS_PER_S - (int64_t)mail->days_before * S_PER_DAY;
	time_t there = (time_t)(at_s + mail->zone_minutes * 60);
	int zone = mail->zone_minutes < 0 ? -mail->zone_minutes : mail->zone_minutes;
	struct tm parts;
	size_t used = 0;
	if (gmtime_r(&there, &parts) != NULL) /* names are those of the C locale, which this program never leaves */
		used = strftime(ret_date, MAILBOX_DATE_BYTES, "%a, %d %b %Y %H:%M:%S", &parts);
	(void)snprintf(ret_date + used, MAILBOX_DATE_BYTES - used, " %c%02d%02d", mail->zone_minutes < 0 ? '-' : '+', zone / 60,
		zone % 60);
}

int mailbox_past_write(FILE *file, bool is_sent, int64_t now_wall_ms)
{
	char date[MAILBOX_DATE_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(mails) && mails[i].days_before > 0; i++) {
		const struct mailbox_mail *mail = &mails[i];
		if (mail->is_sent != is_sent)
			continue;
		mailbox_date(mail, now_wall_ms, date);
		fprintf(file, "From %s Thu Jan  1 00:00:00 1970\nReceived: from mail.example by mx." MAILBOX_DOMAIN "; %s\r\n%s%s%s\r\n",
			mail->from, date, mail->head, date, mail->rest);
	}
	return ferror(file) == 0 ? OK : E_SYS;
}

const char *mailbox_people(void)
{
	return people_text;
}
