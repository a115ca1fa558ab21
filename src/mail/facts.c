/* Facts that come from a worker are what a stranger might have sent: each text must end, each count fit, each enum be in range. */
#include <string.h>

#include "mail/facts.h"

static bool is_text(const char *text, size_t room)
{
	size_t length = strnlen(text, room);
	if (length == room)
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
			return false;
	}
	return true;
}

static bool is_host(const struct mail_host *host)
{
	return is_text(host->name, sizeof(host->name)) && host->registrable_at <= strlen(host->name);
}

static bool is_auth(const struct authres *auth)
{
	const struct authres_entry *entries[] = {&auth->spf, &auth->dmarc, &auth->arc};
	bool holds = auth->dkim_count <= AUTHRES_SIGNATURES_MAX;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		holds = holds && entries[i]->result <= AUTHRES_OTHER && is_text(entries[i]->domain, sizeof(entries[i]->domain));
	for (size_t i = 0; holds && i < AUTHRES_SIGNATURES_MAX; i++)
		holds = auth->dkim[i].result <= AUTHRES_OTHER && is_text(auth->dkim[i].domain, sizeof(auth->dkim[i].domain));
	return holds;
}

int mail_facts_check(const struct mail_facts *facts)
{
	bool holds = facts->level < MAIL_LEVEL_COUNT && facts->unread >> MAIL_UNREAD_COUNT == 0 && is_host(&facts->sender.host) &&
		is_host(&facts->sender.reply_host) && is_host(&facts->shown) &&
		is_text(facts->recipient_domain, sizeof(facts->recipient_domain)) &&
		facts->host_count <= MAIL_HOSTS_MAX && facts->thread.reference_count <= MAIL_THREAD_MAX &&
		facts->identity.name_match < NAME_MATCH_COUNT && facts->identity.reply_to_match < NAME_MATCH_COUNT &&
		is_auth(&facts->auth) &&
		facts->payload.types >> PAYLOAD_TYPES == 0 && facts->payload.types_inside >> PAYLOAD_TYPES == 0;
	for (size_t i = 0; holds && i < facts->host_count; i++)
		holds = is_host(&facts->hosts[i]);
	return holds ? OK : E_MALFORMED;
}
