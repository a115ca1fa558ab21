/*
 * The policy file: tables for core/conf.h, setters for keys, quorums and
 * prefixes, and the checks of the whole that span sections.
 *
 * What makes a policy good: every class that is allowed has a quorum, no one
 * key stands for two parties, whoever is named exists, and no quorum asks for
 * a role that too few people have.
 */
#include "record/policy.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)
#define PREFIX_WRONG "must be an address or a prefix whose host bits are zero, as in 192.0.2.0/24"

static const char *key_set(struct note_key *key, const char *value, enum note_key_type type)
{
	struct note_key read;
	if (note_key_parse(value, strlen(value), &read) != OK)
		return "must be a verifier key, NAME+ID+BASE64, as hinomi key prints it";
	if (read.type != type)
		return type == NOTE_KEY_COSIGNATURE ? "must be a witness's key" : "is a witness's key";
	if (strlen(read.name) >= DOCUMENT_NAME_BYTES)
		return "has a name of more than 63 bytes";
	*key = read;
	return NULL;
}

static const char *set_key(void *into, const struct conf_option *option, const char *value)
{
	return key_set((struct note_key *)((char *)into + option->offset), value, NOTE_KEY_ED25519);
}

static const char *set_witnesses(void *into, const struct conf_option *option, const char *value)
{
	struct proof_trust *ledger = (struct proof_trust *)((char *)into + option->offset);
	if (value == NULL)
		ledger->witness_count = 0;
	else if (ledger->witness_count == PROOF_WITNESSES_MAX)
		return "is one witness too many";
	else
		return key_set(&ledger->witnesses[ledger->witness_count++], value, NOTE_KEY_COSIGNATURE);
	return NULL;
}

static const char *role_set(struct policy_role *role, const char *value, size_t length)
{
	if (length == 0 || length >= sizeof(role->name) || strcspn(value, " :+") < length)
		return "must be a role, without blanks or plus, and NUMBER behind a colon where it is more than one person";
	memcpy(role->name, value, length);
	role->name[length] = '\0';
	return NULL;
}

/** "ROLE" or "ROLE:NUMBER". */
static const char *set_quorum(void *into, const struct conf_option *option, const char *value)
{
	struct policy_quorum *quorum = (struct policy_quorum *)((char *)into + option->offset);
	if (value == NULL) {
		quorum->count = 0;
		return NULL;
	}
	if (quorum->count == POLICY_ROLES_MAX)
		return "is one role too many";
	struct policy_need *need = &quorum->needs[quorum->count];
	const char *colon = strchr(value, ':');
	uint64_t count = 1;
	const char *wrong = role_set(&need->role, value, colon != NULL ? (size_t)(colon - value) : strlen(value));
	if (wrong != NULL)
		return wrong;
	if (colon != NULL && (units_parse(UNIT_NONE, colon + 1, &count) != OK || count == 0 || count > POLICY_APPROVERS_MAX))
		return "must be ROLE:NUMBER, with a number from 1 to 16";
	for (size_t i = 0; i < quorum->count; i++) {
		if (strcmp(quorum->needs[i].role.name, need->role.name) == 0)
			return "is named twice";
	}
	need->count = (uint32_t)count;
	quorum->count++;
	return NULL;
}

static const char *set_roles(void *into, const struct conf_option *option, const char *value)
{
	struct policy_person *person = into;
	(void)option;
	if (value == NULL)
		person->role_count = 0;
	else if (person->role_count == POLICY_ROLES_MAX)
		return "is one role too many";
	else
		return role_set(&person->roles[person->role_count++], value, strlen(value));
	return NULL;
}

static const char *prefixes_add(struct ip_prefix *list, size_t *count, size_t most, const char *value)
{
	if (value == NULL)
		*count = 0;
	else if (*count == most)
		return "is one prefix too many";
	else if (ip_prefix_parse(value, &list[*count]) != OK)
		return PREFIX_WRONG;
	else
		(*count)++;
	return NULL;
}

static const char *set_networks(void *into, const struct conf_option *option, const char *value)
{
	struct policy_member *member = into;
	(void)option;
	return prefixes_add(member->networks, &member->network_count, POLICY_NETWORKS_MAX, value);
}

static const char *set_protected(void *into, const struct conf_option *option, const char *value)
{
	struct policy *policy = into;
	(void)option;
	return prefixes_add(policy->protected_space, &policy->protected_count, POLICY_PROTECTED_MAX, value);
}

/** The public point of a credential: x and y, or 0x04 and both (SEC 1 section 2.3.3). */
static const char *set_passkey(void *into, const struct conf_option *option, const char *value)
{
	struct policy_passkey *passkey = (struct policy_passkey *)((char *)into + option->offset);
	uint8_t point[POLICY_PASSKEY_BYTES + 1];
	size_t used = 0;
	const char *end = NULL;
	bool is_read = sodium_base642bin(point, sizeof(point), value, strlen(value), NULL, &used, &end,
		sodium_base64_VARIANT_ORIGINAL) == 0 && *end == '\0';
	if (!is_read || (used != POLICY_PASSKEY_BYTES && (used != sizeof(point) || point[0] != 4)))
		return "must be the 64 bytes of a P-256 point in base64";
	memcpy(passkey->point, point + used - POLICY_PASSKEY_BYTES, POLICY_PASSKEY_BYTES);
	passkey->is_set = true;
	return NULL;
}

#define KEY(text, owner, member) {.name = (text), .set = set_key, .offset = offsetof(owner, member)}
#define TEXT(text, owner, member) \
	{.name = (text), .set = conf_set_text, .offset = offsetof(owner, member), .max = sizeof(((owner *)NULL)->member)}
#define QUANTITY(owner, member, kind, least, most, text) \
	{.name = (text), .set = conf_set_units, .offset = offsetof(owner, member), .unit = (kind), .min = (least), .max = (most)}
#define BOOL(text, owner, member) {.name = (text), .set = conf_set_bool, .offset = offsetof(owner, member)}
#define QUORUM(member) \
	{.name = #member, .set = set_quorum, .offset = offsetof(struct policy_class, member), .is_list = true}

static const char *const class_choices[] = {"", "own_edge", "upstream", "names", "third_party", "reidentify", NULL};
static const struct conf_option root_options[] = {
	KEY("authority", struct policy, authority),
	KEY("log", struct policy, ledger.log_key),
	{.name = "witnesses", .set = set_witnesses, .offset = offsetof(struct policy, ledger), .is_list = true},
	QUANTITY(struct policy, ledger.quorum, UNIT_NONE, 0, PROOF_WITNESSES_MAX, "witness_quorum"),
	{.name = "protected", .set = set_protected, .is_list = true},
};
static const struct conf_option member_options[] = {
	{.name = "networks", .set = set_networks, .is_list = true},
};
static const struct conf_option effector_options[] = {
	KEY("key", struct policy_effector, key),
	TEXT("member", struct policy_effector, member),
	{.name = "class", .set = conf_set_choice, .offset = offsetof(struct policy_effector, class), .choices = class_choices},
};
static const struct conf_option person_options[] = {
	KEY("key", struct policy_person, key),
	{.name = "passkey", .set = set_passkey, .offset = offsetof(struct policy_person, passkey)},
	TEXT("relying_party", struct policy_person, passkey.relying_party),
	TEXT("origin", struct policy_person, passkey.origin),
	{.name = "roles", .set = set_roles, .is_list = true},
	BOOL("may_request", struct policy_person, may_request),
};
static const struct conf_option class_options[] = {
	QUORUM(approvals),
	QUORUM(protected_approvals),
	QUORUM(urgent_approvals),
	QUANTITY(struct policy_class, longest_ms, UNIT_MS, 1000, 30 * DAY_MS, "longest"),
	QUANTITY(struct policy_class, answer_within_ms, UNIT_MS, 1000, 30 * DAY_MS, "answer_within"),
	QUANTITY(struct policy_class, widest_v4, UNIT_NONE, RULE_DESTINATION_BITS_MIN_V4, 32, "widest_v4"),
	QUANTITY(struct policy_class, widest_v6, UNIT_NONE, RULE_DESTINATION_BITS_MIN_V6, 128, "widest_v6"),
	QUANTITY(struct policy_class, collateral_permille, UNIT_NONE, 0, 1000, "collateral_permille"),
	QUANTITY(struct policy_class, rules, UNIT_NONE, 1, RULE_LIST_MAX, "rules"),
	BOOL("standing", struct policy_class, is_standing_allowed),
	QUANTITY(struct policy_class, standing_longest_ms, UNIT_MS, 1000, 366 * DAY_MS, "standing_longest"),
	BOOL("urgent", struct policy_class, is_urgent_allowed),
	QUANTITY(struct policy_class, ratify_within_ms, UNIT_MS, 1000, DAY_MS, "ratify_within"),
};

/** Room for one more of a list; its name must be new and such as keys have. */
#define OPENER(noun, list, counter, most) \
	static const char *open_##noun(void *root, const char *title, void **ret_into) \
	{ \
		struct policy *policy = root; \
		if (!note_name_is_good(title, strlen(title)) || strlen(title) >= DOCUMENT_NAME_BYTES) \
			return "must be a name of at most 63 bytes, without blanks or plus"; \
		if (policy_##noun##_find(policy, title) != NULL) \
			return "is there already"; \
		if (policy->counter == (most)) \
			return "is one too many"; \
		snprintf(policy->list[policy->counter].name, DOCUMENT_NAME_BYTES, "%s", title); \
		*ret_into = &policy->list[policy->counter++]; \
		return NULL; \
	}

OPENER(person, people, person_count, POLICY_PEOPLE_MAX)
OPENER(effector, effectors, effector_count, POLICY_EFFECTORS_MAX)
OPENER(member, members, member_count, POLICY_MEMBERS_MAX)

static const char *open_class(void *root, const char *title, void **ret_into)
{
	struct policy *policy = root;
	for (unsigned i = ORDER_CLASS_UNKNOWN + 1; i < ORDER_CLASS_COUNT; i++) {
		struct policy_class *class = &policy->classes[i];
		if (strcmp(order_class_names[i], title) != 0)
			continue;
		if (class->is_allowed)
			return "is there already";
		*class = (struct policy_class){.is_allowed = true, .widest_v4 = 32, .widest_v6 = 128, .rules = RULE_LIST_MAX};
		*ret_into = class;
		return NULL;
	}
	return "must be one of: own_edge upstream names third_party reidentify";
}

#define SECTION(noun) \
	{.name = #noun, .is_titled = true, .open = open_##noun, .options = noun##_options, .option_count = ARRAY_LEN(noun##_options)}

static const struct conf_section sections[] = {SECTION(member), SECTION(effector), SECTION(person), SECTION(class)};
static const struct conf_schema schema = {
	.options = root_options,
	.option_count = ARRAY_LEN(root_options),
	.sections = sections,
	.section_count = ARRAY_LEN(sections),
};

/* The whole. Each check returns NULL, or what is wrong with the thing named in `who`. */

struct whole {
	const struct policy *policy;
	const char *who; /* what a complaint is about */
};

static size_t people_with(const struct policy *policy, const char *role)
{
	size_t count = 0;
	for (size_t i = 0; i < policy->person_count; i++)
		count += policy_has_role(&policy->people[i], role);
	return count;
}

static const char *quorum_check(const struct policy *policy, const struct policy_quorum *quorum)
{
	uint32_t all = 0;
	for (size_t i = 0; i < quorum->count; i++) {
		const struct policy_need *need = &quorum->needs[i];
		all += need->count;
		if (people_with(policy, need->role.name) < need->count)
			return "asks for a role that too few people have";
	}
	return all <= POLICY_APPROVERS_MAX ? NULL : "asks for more than 16 approvals";
}

/** Nobody is re-identified on the word of one person, in advance, or first and approved after. */
static const char *reidentify_check(const struct policy_class *class)
{
	uint32_t people = 0; /* each person counts once, whatever roles he has */
	for (size_t i = 0; i < class->approvals.count; i++)
		people += class->approvals.needs[i].count;
	if (people < POLICY_REIDENTIFY_APPROVALS_MIN)
		return "approvals: re-identification needs two people or more";
	if (class->is_standing_allowed || class->is_urgent_allowed)
		return "re-identification is never approved in advance and never urgent";
	if (class->urgent_approvals.count > 0 || class->protected_approvals.count > 0)
		return "re-identification has approvals of one kind alone";
	return NULL;
}

static const char *class_check(const struct policy *policy, const struct policy_class *class)
{
	if (class->approvals.count == 0)
		return "approvals: nobody would have to approve";
	if (class->longest_ms == 0 || class->answer_within_ms == 0)
		return "longest and answer_within are needed";
	if (class->is_urgent_allowed && (class->ratify_within_ms == 0 || class->ratify_within_ms > class->longest_ms))
		return "ratify_within: is needed where urgent orders are allowed, and not more than longest";
	if (class->is_standing_allowed && class->standing_longest_ms == 0)
		return "standing_longest: is needed where standing orders are allowed";
	const struct policy_quorum *const quorums[] = {&class->approvals, &class->protected_approvals, &class->urgent_approvals};
	for (size_t i = 0; i < ARRAY_LEN(quorums); i++) {
		const char *wrong = quorum_check(policy, quorums[i]);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

static const char *person_check(const struct policy_person *person)
{
	const struct policy_passkey *passkey = &person->passkey;
	if (person->key.type == NOTE_KEY_UNKNOWN && !passkey->is_set)
		return "has neither a key nor a passkey";
	if (person->key.type != NOTE_KEY_UNKNOWN && strcmp(person->key.name, person->name) != 0)
		return "the key has another name";
	if (passkey->is_set && (passkey->relying_party[0] == '\0' || passkey->origin[0] == '\0'))
		return "a passkey needs its relying_party and origin";
	if (person->may_request && person->key.type == NOTE_KEY_UNKNOWN)
		return "who requests signs orders, and needs a key for that";
	return NULL;
}

static const char *effector_check(const struct policy *policy, const struct policy_effector *effector)
{
	if (effector->key.type == NOTE_KEY_UNKNOWN)
		return "has no key";
	if (strcmp(effector->key.name, effector->name) != 0)
		return "the key has another name";
	if (effector->class == ORDER_CLASS_UNKNOWN)
		return "has no class";
	return policy_member_find(policy, effector->member) != NULL ? NULL : "is of a member that is not there";
}

/** All keys of all parties: a key, or a name of a key, that two of them have is refused. */
static const char *keys_check(struct whole *whole)
{
	const struct policy *policy = whole->policy;
	const struct note_key *keys[2 + POLICY_PEOPLE_MAX + POLICY_EFFECTORS_MAX + PROOF_WITNESSES_MAX];
	size_t count = 0;
	keys[count++] = &policy->authority;
	keys[count++] = &policy->ledger.log_key;
	for (size_t i = 0; i < policy->ledger.witness_count; i++)
		keys[count++] = &policy->ledger.witnesses[i];
	for (size_t i = 0; i < policy->effector_count; i++)
		keys[count++] = &policy->effectors[i].key;
	for (size_t i = 0; i < policy->person_count; i++) {
		if (policy->people[i].key.type != NOTE_KEY_UNKNOWN)
			keys[count++] = &policy->people[i].key;
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			whole->who = keys[i]->name;
			if (memcmp(keys[i]->key, keys[k]->key, sizeof(keys[i]->key)) == 0)
				return "another party has the same key";
			if (strcmp(keys[i]->name, keys[k]->name) == 0)
				return "another party has a key of the same name";
		}
	}
	for (size_t i = 0; i < policy->person_count; i++) {
		whole->who = policy->people[i].name;
		for (size_t k = 0; k < i && policy->people[i].passkey.is_set; k++) {
			if (policy->people[k].passkey.is_set &&
				memcmp(policy->people[i].passkey.point, policy->people[k].passkey.point, POLICY_PASSKEY_BYTES) == 0)
				return "another person has the same passkey";
		}
	}
	return NULL;
}

static const char *whole_check(struct whole *whole)
{
	const struct policy *policy = whole->policy;
	const char *wrong = NULL;
	whole->who = "policy";
	if (policy->authority.type == NOTE_KEY_UNKNOWN || policy->ledger.log_key.type == NOTE_KEY_UNKNOWN)
		return "the keys of authority and log are needed";
	if (policy->ledger.quorum > policy->ledger.witness_count)
		return "witness_quorum: there are not so many witnesses";
	for (size_t i = 0; i < policy->member_count; i++) {
		whole->who = policy->members[i].name;
		if (policy->members[i].network_count == 0)
			return "has no networks";
	}
	for (size_t i = 0; i < policy->person_count && wrong == NULL; i++) {
		whole->who = policy->people[i].name;
		wrong = person_check(&policy->people[i]);
	}
	for (size_t i = 0; i < policy->effector_count && wrong == NULL; i++) {
		whole->who = policy->effectors[i].name;
		wrong = effector_check(policy, &policy->effectors[i]);
	}
	for (size_t i = 0; i < ORDER_CLASS_COUNT && wrong == NULL; i++) {
		whole->who = order_class_names[i];
		wrong = policy->classes[i].is_allowed ? class_check(policy, &policy->classes[i]) : NULL;
		if (wrong == NULL && i == ORDER_REIDENTIFY && policy->classes[i].is_allowed)
			wrong = reidentify_check(&policy->classes[i]);
	}
	return wrong != NULL ? wrong : keys_check(whole);
}

int policy_parse(const char *file_name, const char *text, size_t length_bytes, struct policy *ret_policy,
	char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	memset(ret_policy, 0, sizeof(*ret_policy));
	int err = conf_parse(&schema, file_name, text, length_bytes, ret_policy, ret_complaint);
	if (err != OK)
		return err;
	struct whole whole = {.policy = ret_policy};
	const char *wrong = whole_check(&whole);
	if (wrong != NULL) {
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: %.127s: %s", file_name, whole.who, wrong);
		return E_CONFIG;
	}
	crypto_hash_sha256(ret_policy->digest.bytes, (const uint8_t *)text, length_bytes);
	return OK;
}

int policy_load(const char *path, struct policy *ret_policy, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	size_t length_bytes = 0;
	char *text = NULL;
	int err = conf_read(path, &text, &length_bytes, ret_complaint);
	if (err == OK)
		err = policy_parse(path, text, length_bytes, ret_policy, ret_complaint);
	free(text);
	return err;
}

#define FINDER(noun, list, counter) \
	const struct policy_##noun *policy_##noun##_find(const struct policy *policy, const char *name) \
	{ \
		for (size_t i = 0; i < policy->counter; i++) { \
			if (strcmp(policy->list[i].name, name) == 0) \
				return &policy->list[i]; \
		} \
		return NULL; \
	}

FINDER(person, people, person_count)
FINDER(effector, effectors, effector_count)
FINDER(member, members, member_count)

const struct policy_effector *policy_traffic_effector_find(const struct policy *policy, const char *name)
{
	const struct policy_effector *effector = policy_effector_find(policy, name);
	return effector != NULL && effector->class != ORDER_REIDENTIFY ? effector : NULL;
}

bool policy_has_role(const struct policy_person *person, const char *role)
{
	for (size_t i = 0; i < person->role_count; i++) {
		if (strcmp(person->roles[i].name, role) == 0)
			return true;
	}
	return false;
}

bool policy_quorum_met(const struct policy_quorum *quorum, const struct policy_approver *approvers, size_t count)
{
	for (size_t n = 0; n < quorum->count; n++) {
		uint32_t found = 0;
		for (size_t i = 0; i < count; i++) {
			bool is_first = true; /* of this person: what he says again, in whatever role, does not count */
			for (size_t k = 0; k < i; k++)
				is_first = is_first && approvers[k].person != approvers[i].person;
			found += is_first && strcmp(approvers[i].role, quorum->needs[n].role.name) == 0;
		}
		if (found < quorum->needs[n].count)
			return false;
	}
	return true;
}

bool policy_width_allowed(const struct policy_class *class, const struct ip_prefix *prefix)
{
	return ip_prefix_text_bits(prefix) >= (rule_prefix_is_v4(prefix) ? class->widest_v4 : class->widest_v6);
}
