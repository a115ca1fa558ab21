/* Deletions and gaps of the label; a pseudonym each. A kind is xored to its low bits: equal texts of two kinds never meet. */
#include "mail/near.h"

#include <string.h>

#include "mail/host.h"
#include "mail/lookalike.h"

#define LETTERS_MIN 8 /* of a label; shorter ones are a letter from each other by chance */

static uint64_t text_id(const struct pseudonym_key *key, const char *text)
{
	return pseudonym_make(key, PSEUDONYM_NEAR, text, strlen(text));
}

/** The words of a label between hyphens, alone and together, but not all: example of example-support. */
static void parts_make(const struct pseudonym_key *key, const struct mail_host *host, struct near_facts *near)
{
	char label[64], part[64];
	const char *registrable = host_registrable(host);
	size_t length = strcspn(registrable, "."), made = 0;
	length = length < sizeof(label) ? length : sizeof(label) - 1;
	memcpy(label, registrable, length);
	label[length] = '\0';
	for (size_t from = 0; from < length; from++) {
		if (from > 0 && label[from - 1] != '-')
			continue;
		for (size_t to = from + 1; to <= length && made < NEAR_PARTS_MAX; to++) {
			if ((to < length && label[to] != '-') || (from == 0 && to == length))
				continue;
			char eye[64];
			memcpy(part, label + from, to - from);
			part[to - from] = '\0';
			lookalike_eye_label(part, eye);
			if (strlen(eye) >= LETTERS_MIN)
				near->part[made++] = text_id(key, eye);
		}
	}
}

void near_make(const struct pseudonym_key *key, const struct mail_host *host, struct near_facts *ret_near)
{
	char eye[64], changed[64];
	*ret_near = (struct near_facts){.whole = 0};
	if ((host->host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING | HOST_IP)) != 0)
		return;
	lookalike_eye(host, eye);
	size_t length = strlen(eye);
	parts_make(key, host, ret_near);
	if (length < LETTERS_MIN || length > NEAR_LETTERS_MAX)
		return;
	ret_near->whole = text_id(key, eye);
	for (size_t i = 0; i < length; i++) {
		memcpy(changed, eye, i);
		memcpy(changed + i, eye + i + 1, length - i);
		ret_near->less[i] = text_id(key, changed);
		memcpy(changed, eye, length + 1);
		changed[i] = '?';
		ret_near->gap[i] = text_id(key, changed);
		if (i + 1 == length || eye[i] == eye[i + 1])
			continue;
		changed[i] = eye[i + 1];
		changed[i + 1] = eye[i];
		ret_near->swap[i] = text_id(key, changed);
	}
}

static bool all_take(const uint64_t *ids, size_t count, enum near_kind kind, near_taker *take, void *context)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] != 0 && !take(context, ids[i] ^ (uint64_t)kind))
			return false;
	}
	return true;
}

void near_kept(const struct near_facts *near, near_taker *take, void *context)
{
	(void)(all_take(&near->whole, 1, NEAR_WHOLE, take, context) &&
		all_take(near->less, NEAR_LETTERS_MAX, NEAR_LESS, take, context) &&
		all_take(near->gap, NEAR_LETTERS_MAX, NEAR_GAP, take, context));
}

void near_asked(const struct near_facts *near, near_taker *take, void *context)
{
	(void)(all_take(near->part, NEAR_PARTS_MAX, NEAR_WHOLE, take, context) &&
		all_take(&near->whole, 1, NEAR_LESS, take, context) &&
		all_take(near->gap, NEAR_LETTERS_MAX, NEAR_GAP, take, context) &&
		all_take(near->less, NEAR_LETTERS_MAX, NEAR_WHOLE, take, context) &&
		all_take(near->swap, NEAR_LETTERS_MAX, NEAR_WHOLE, take, context));
}
