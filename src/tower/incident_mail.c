/*
 * Mails as incidents: which belong together, and what the incident tells of
 * them. A mail is whole when it comes and has no end; so an incident of mails
 * is open until none has joined for INCIDENT_MAIL_GAP_MS.
 *
 * What joins is what an attacker has to keep: the address he writes from, as a
 * pseudonym, whom he poses as, his domain, the hosts that his links lead to.
 * Addresses and hosts are cheap and change with each recipient; the identity is
 * what the lure is made of, and stays. Where each is known is the store's to
 * remember (store_mails.c).
 */
#include <stdio.h>
#include <string.h>

#include "tower/incident.h"

#define LINES_EACH 4 /* mails of one incident that are told one by one */
#define SHARED (MAIL_FINDING_FREEMAIL | MAIL_FINDING_CLOUD_STORAGE | MAIL_FINDING_SHORTENER | MAIL_FINDING_REDIRECTOR | \
	MAIL_FINDING_PROTECTED | MAIL_FINDING_KNOWN) /* many are there who have nothing to do with each other */

static size_t key_add(struct incident_key keys[static INCIDENT_KEYS_MAX], size_t count, char kind, const char *text)
{
	if (text[0] == '\0' || count == INCIDENT_KEYS_MAX)
		return count;
	snprintf(keys[count].text, sizeof(keys[count].text), "%c:%s", kind, text);
	return count + 1;
}

size_t incident_mail_keys(const struct mail_finding *finding, struct incident_key ret_keys[static INCIDENT_KEYS_MAX])
{
	size_t count = key_add(ret_keys, 0, 's', finding->sender);
	bool is_forged = finding->impersonated.is == MAIL_FINDING_DOMAIN &&
		(finding->sender_traits & (MAIL_FINDING_PROTECTED | MAIL_FINDING_KNOWN)) != 0;
	if (finding->has_impersonated && !is_forged)
		count = key_add(ret_keys, count, 'i', finding->impersonated.pseudonym);
	if ((finding->sender_traits & (SHARED | MAIL_FINDING_FREE_HOSTING)) == 0)
		count = key_add(ret_keys, count, 'd', finding->sender_domain);
	for (size_t i = 0; i < finding->host_count; i++) {
		const struct mail_finding_host *host = &finding->hosts[i];
		if ((host->traits & SHARED) == 0 && (host->links & ~MAIL_FINDING_LINK_IMAGE) != 0)
			count = key_add(ret_keys, count, 'h', host->name);
	}
	return count;
}

bool incident_mail_key_joins(const struct incident *incident, const struct incident_key *key, int64_t now_ms)
{
	return incident->state == INCIDENT_OPEN && (key->text[0] != 'i' || now_ms - incident->told_ms <= INCIDENT_MAIL_SPAN_MS);
}

/** Each of the first, then each time they have doubled: history is for people. */
static bool is_worth_telling(uint32_t count)
{
	return count <= LINES_EACH || (count & (count - 1)) == 0;
}

static struct incident_line line_of(const struct incident *incident, int64_t at_ms, enum incident_event event, const char *subject)
{
	struct incident_line line = {
		.incident = incident->number, .at_ms = at_ms, .event = event, .value = incident->finding_count};
	snprintf(line.subject, sizeof(line.subject), "%.*s", (int)sizeof(line.subject) - 1, subject);
	return line;
}

static int open_new(struct incident_book *book, const struct mail_finding *finding, const char *member, uint8_t sector,
	int64_t now_ms, uint64_t *ret_number)
{
	int64_t at_ms = finding->start_ms > 0 ? finding->start_ms : now_ms;
	struct incident incident = {.sector = sector, .matter = INCIDENT_MAIL, .state = INCIDENT_OPEN, .opened_ms = at_ms,
		.last_ms = at_ms, .told_ms = now_ms, .first_day = (uint32_t)(now_ms / INCIDENT_DAY_MS)};
	snprintf(incident.member, sizeof(incident.member), "%s", member);
	return incident_open(book, &incident, ret_number);
}

/** What a mail says, added to its incident. */
static void add(struct incident *incident, const struct mail_finding *finding, int64_t now_ms)
{
	int64_t at_ms = finding->start_ms > 0 ? finding->start_ms : now_ms;
	incident->kinds |= 1u << INCIDENT_MAIL_KIND | 1u << (INCIDENT_MAIL_KIND + finding->kind);
	incident->finding_count++;
	incident->document_count++;
	incident->heard_ms = now_ms;
	incident->last_day = (uint32_t)(now_ms / INCIDENT_DAY_MS);
	incident->opened_ms = at_ms < incident->opened_ms ? at_ms : incident->opened_ms;
	incident->last_ms = at_ms > incident->last_ms ? at_ms : incident->last_ms;
	if (finding->confidence < incident->confidence || (finding->confidence == incident->confidence && incident->why[0] != '\0'))
		return;
	incident->confidence = finding->confidence;
	snprintf(incident->why, sizeof(incident->why), "%s", finding->why);
	snprintf(incident->sensor, sizeof(incident->sensor), "%.*s", (int)sizeof(incident->sensor) - 1, finding->sensor);
}

int incident_mail_take(struct incident_book *book, const struct mail_finding *finding, uint64_t number, const char *member,
	uint8_t sector, int64_t now_ms, struct incident_taken *ret_taken)
{
	const struct incident *known = incident_find(book, number);
	bool is_new = known == NULL || known->state != INCIDENT_OPEN || known->matter != INCIDENT_MAIL ||
		strcmp(known->member, member) != 0;
	int err = is_new ? open_new(book, finding, member, sector, now_ms, &number) : OK;
	if (err != OK)
		return err;
	struct incident incident = *incident_find(book, number);
	add(&incident, finding, now_ms);
	incident_update(book, &incident);
	struct incident_line line = line_of(&incident, finding->start_ms > 0 ? finding->start_ms : now_ms,
		finding->action == MAIL_FINDING_QUARANTINE ? INCIDENT_MAIL_HELD : INCIDENT_MAIL_TAGGED,
		finding->reason_count > 0 ? finding->reasons[0].rule : mail_finding_matter_names[finding->kind]);
	if (is_worth_telling(incident.finding_count))
		incident_line_add(book, &line);
	*ret_taken = (struct incident_taken){.number = number, .is_new = is_new};
	return OK;
}

void incident_mail_key_tell(struct incident_book *book, uint64_t number, const struct incident_key *key,
	const struct mail_finding *finding, int64_t now_ms)
{
	const struct incident *incident = incident_find(book, number);
	bool is_sender = key->text[0] == 's', is_identity = key->text[0] == 'i';
	if (incident == NULL || key->text[0] == 'd') /* of a sender its domain is told */
		return;
	struct incident_line line = line_of(incident, finding->start_ms > 0 ? finding->start_ms : now_ms,
		is_sender ? INCIDENT_MAIL_SENDER
		: is_identity ? INCIDENT_MAIL_IDENTITY : INCIDENT_MAIL_HOST, is_sender ? finding->sender_domain : key->text + 2);
	incident_line_add(book, &line);
}
