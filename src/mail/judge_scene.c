/* Each question is a line; what it asks is told in judge_scene.h. */
#include "mail/judge_scene.h"

#include <string.h>

#include "mail/host.h"

#define FOLLOWED (LINK_TEXT | LINK_ANCHOR | LINK_FORM | LINK_QR | LINK_FILE)
#define ACQUAINTED_DAYS 14 /* a shorter acquaintance may have been made for the attack */
#define ACQUAINTED_MAILS 2
#define NARROW_LINKS 16 /* newsletters have dozens, pictures counted */

bool judge_is_followed(const struct mail_host *host)
{
	return (host->link_traits & FOLLOWED) != 0;
}

const struct mail_host *judge_host_find(const struct mail_facts *facts, unsigned host_traits, unsigned link_traits)
{
	for (size_t i = 0; i < facts->host_count; i++) {
		const struct mail_host *host = &facts->hosts[i];
		if (!judge_is_followed(host) || host->is_of_sender)
			continue;
		if ((host->host_traits & host_traits) != 0 || (host->link_traits & link_traits) != 0)
			return host;
	}
	return NULL;
}

/** A sender's name in a link's host, or the other way round: a mailing service's domain that is made after its customer. */
static bool is_akin(const struct mail_host *sender, const struct mail_host *host)
{
	char label[64];
	const char *own = host_registrable(sender);
	size_t length = strcspn(own, ".");
	if (host->is_of_sender)
		return true;
	if (length < 4 || length >= sizeof(label))
		return false;
	memcpy(label, own, length);
	label[length] = '\0';
	return strstr(host_registrable(host), label) != NULL;
}

static void links_ask(struct judge_scene *scene)
{
	const struct mail_facts *facts = scene->facts;
	const char *one = NULL;
	bool has_any = false, has_own = false, has_picture = false, has_own_picture = false;
	scene->leads_one_place = true;
	for (size_t i = 0; i < facts->host_count; i++) {
		const struct mail_host *host = &facts->hosts[i];
		bool is_akin_to_sender = is_akin(&facts->sender.host, host);
		has_picture = has_picture || (host->link_traits & LINK_IMAGE) != 0;
		has_own_picture = has_own_picture || ((host->link_traits & LINK_IMAGE) != 0 && is_akin_to_sender);
		if (!judge_is_followed(host))
			continue;
		has_any = true;
		has_own = has_own || is_akin_to_sender;
		scene->leads_one_place = scene->leads_one_place && (one == NULL || strcmp(one, host_registrable(host)) == 0);
		one = host_registrable(host);
	}
	scene->has_links = has_any;
	scene->is_narrow = has_any && facts->link_count <= NARROW_LINKS;
	scene->borrows_pictures = has_picture && !has_own_picture;
	scene->leads_elsewhere = has_any && !has_own;
	scene->leads_one_place = scene->leads_one_place && has_any;
	scene->cloud = judge_host_find(facts, HOST_CLOUD_STORAGE, 0);
}

static void payload_ask(struct judge_scene *scene)
{
	static const enum payload_type archives[] = {PAYLOAD_ZIP, PAYLOAD_RAR, PAYLOAD_7Z, PAYLOAD_CAB, PAYLOAD_LHA, PAYLOAD_ARCHIVE,
		PAYLOAD_ISO, PAYLOAD_VHD, PAYLOAD_VHDX, PAYLOAD_DISK};
	const uint32_t carriers = PAYLOAD_RUNS | PAYLOAD_IS_SHORTCUT | PAYLOAD_IS_IMAGE | PAYLOAD_HAS_MACRO | PAYLOAD_HAS_OBJECT |
		PAYLOAD_HAS_REMOTE | PAYLOAD_ENCRYPTED | PAYLOAD_HTML_SCRIPT | PAYLOAD_HTML_SMUGGLES | PAYLOAD_HTML_PASSWORD |
			PAYLOAD_QR_LINK |
		PAYLOAD_IS_HELP | PAYLOAD_IS_ONENOTE | PAYLOAD_CALENDAR_LINK;
	const struct mail_facts *facts = scene->facts;
	scene->payload = facts->payload.traits | facts->payload.inside;
	scene->types = facts->payload.types | facts->payload.types_inside;
	for (size_t i = 0; i < ARRAY_LEN(archives); i++)
		scene->has_archive = scene->has_archive || (facts->payload.types >> archives[i] & 1) != 0;
	scene->has_archive = scene->has_archive || (scene->payload & PAYLOAD_ENCRYPTED) != 0;
	scene->has_carrier = scene->cloud != NULL || scene->has_archive || (scene->payload & carriers) != 0 ||
		judge_host_find(facts, HOST_SHORTENER | HOST_FREE_HOSTING | HOST_IP | HOST_PUNYCODE | HOST_LOOKALIKE | HOST_GOV_LABEL,
		LINK_ARCHIVE) != NULL;
}

static void relation_ask(struct judge_scene *scene)
{
	const struct relation_facts *relation = &scene->facts->relation;
	bool has_written = relation->mail_count >= ACQUAINTED_MAILS && relation->days_since_first >= ACQUAINTED_DAYS;
	scene->is_acquainted = relation->is_known && !relation->is_first_contact && (has_written || relation->did_we_write);
	scene->is_first_contact = relation->is_known && relation->is_first_contact && !relation->did_we_write;
	scene->is_stranger = scene->is_first_contact || !relation->is_known;
}

static void auth_ask(struct judge_scene *scene)
{
	const struct authres *auth = &scene->facts->auth;
	const char *domain = host_registrable(&scene->facts->sender.host);
	scene->is_vouched = (auth->own > 0 || auth->is_verified) && domain[0] != '\0' && authres_vouches(auth, domain);
	scene->is_refuted = auth->own > 0 && !scene->is_vouched &&
		(auth->dmarc.result == AUTHRES_FAIL || auth->spf.result == AUTHRES_FAIL || auth->spf.result == AUTHRES_SOFTFAIL);
}

void judge_scene_make(const struct mail_facts *facts, struct judge_scene *ret_scene)
{
	struct judge_scene scene = {.facts = facts};
	const struct identity_facts *identity = &facts->identity;
	scene.is_freemail = (facts->sender.host.host_traits & HOST_FREEMAIL) != 0;
	scene.is_answer = facts->thread.says_reply && facts->thread.reference_count > 0;
	relation_ask(&scene);
	auth_ask(&scene);
	links_ask(&scene);
	payload_ask(&scene);
	/* A family name with the office that fits is a namesake's too, but not at a freemail address. */
	enum name_match least = scene.is_freemail ? NAME_FAMILY_AND_OFFICE : NAME_SAME_READING;
	scene.claims_person = identity->name_match >= least && !identity->is_known_address &&
		!(identity->is_known_domain && !scene.is_refuted) && !scene.is_acquainted;
	*ret_scene = scene;
}
