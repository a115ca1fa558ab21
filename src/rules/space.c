/* Our networks and protected space. Prefixes of rules are compared with each other; single addresses ask a table. */
#include "rules/space.h"

#include <stdio.h>
#include <stdlib.h>

#include "intel/prefix_table.h"

struct space {
	struct prefix_table *protected_table; /* 1: protected */
	struct ip_prefix *networks;
	size_t network_count;
	struct ip_prefix *protected;
	size_t protected_count;
};

static struct ip_prefix *prefixes_copy(const struct ip_prefix *prefixes, size_t count)
{
	struct ip_prefix *copy = calloc(count + 1, sizeof(*copy));
	if (copy != NULL && count > 0)
		memcpy(copy, prefixes, count * sizeof(*copy));
	return copy;
}

int space_new(const struct space_config *config, struct space **ret_space)
{
	if (config->network_count > SPACE_PREFIXES_MAX || config->protected_count > SPACE_PREFIXES_MAX)
		return E_LIMIT;
	struct space *space = calloc(1, sizeof(*space));
	if (space == NULL)
		return E_NOMEM;
	space->networks = prefixes_copy(config->networks, config->network_count);
	space->network_count = config->network_count;
	space->protected = prefixes_copy(config->protected, config->protected_count);
	space->protected_count = config->protected_count;
	int err = space->networks == NULL || space->protected == NULL ? E_NOMEM : prefix_table_new(&space->protected_table);
	for (size_t i = 0; err == OK && i < config->protected_count; i++)
		err = prefix_table_paint(space->protected_table, &config->protected[i], 1);
	if (err == OK)
		*ret_space = space;
	else
		space_free(space);
	return err;
}

void space_free(struct space *space)
{
	if (space == NULL)
		return;
	prefix_table_free(space->protected_table);
	free(space->networks);
	free(space->protected);
	free(space);
}

bool space_is_protected(const struct space *space, const struct ip_addr *addr)
{
	return prefix_table_find(space->protected_table, addr) != 0;
}

const struct ip_prefix *space_protected(const struct space *space, size_t *ret_count)
{
	*ret_count = space->protected_count;
	return space->protected;
}

/** The first protected prefix that has an address in common with this one; NULL if none. */
static const struct ip_prefix *protected_find(const struct space *space, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < space->protected_count; i++) {
		const struct ip_prefix *protected = &space->protected[i];
		if (ip_prefix_covers(protected, &prefix->addr) || ip_prefix_covers(prefix, &protected->addr))
			return protected;
	}
	return NULL;
}

static int refuse(const struct ip_prefix *prefix, const char *field, const char *why,
	char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	char text[IP_PREFIX_TEXT_BYTES];
	snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "%s: %s %s", field, ip_prefix_write(prefix, text), why);
	return E_DENIED;
}

static bool is_ours(const struct space *space, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < space->network_count; i++) {
		if (space->networks[i].bits <= prefix->bits && ip_prefix_covers(&space->networks[i], &prefix->addr))
			return true;
	}
	return false;
}

static int set_check(const struct space *space, const struct rule *rule, const struct source_set *set,
	char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	const struct rule_source_set *name = set != NULL ? source_set_name(set) : NULL;
	if (name == NULL || name->count != rule->source_set.count ||
		memcmp(name->digest, rule->source_set.digest, sizeof(name->digest)) != 0) {
		snprintf(ret_complaint, RULE_COMPLAINT_BYTES, "source_set: it is not at hand");
		return E_STATE;
	}
	for (size_t i = 0; i < name->count; i++) {
		struct ip_prefix addr = {source_set_at(set, i), 128};
		if (space_is_protected(space, &addr.addr))
			return refuse(&addr, "source_set", "is protected", ret_complaint);
	}
	return OK;
}

int space_check(const struct space *space, const struct rule *rule, const struct source_set *set,
	char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	if (!is_ours(space, &rule->destination))
		return refuse(&rule->destination, "destination", "is no network of ours", ret_complaint);
	if (protected_find(space, &rule->destination) != NULL)
		return refuse(protected_find(space, &rule->destination), "destination", "is protected", ret_complaint);
	for (size_t i = 0; i < rule->source_count; i++) {
		if (protected_find(space, &rule->sources[i]) != NULL)
			return refuse(protected_find(space, &rule->sources[i]), "sources", "is protected", ret_complaint);
	}
	return rule->source_set.count > 0 ? set_check(space, rule, set, ret_complaint) : OK;
}
