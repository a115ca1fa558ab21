/*
 * The directory of protected people: own staff, former officials, experts
 * outside, with the addresses they are known to write from; and the protected
 * domains. Made by "hinomi mail people import" from LDIF, vCard or CSV.
 *
 * Does not learn: an address becomes known when a person adds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/why.h"
#include "mail/address.h"
#include "mail/facts.h"
#include "mail/pseudonym.h"

struct people;

/**
 * Reads a directory file (people_file.h).
 *
 * @param path NULL: nobody
 * @param domains protected ones; those of own staff are added
 * @param domain_count of them
 * @param ret_people owned by the caller; people_free()
 * @param ret_why on an error one line
 * @return OK, E_CONFIG, E_NOMEM, E_SYS
 */
MUST_USE int people_load(const char *path, const char *const *domains, size_t domain_count, struct people **ret_people,
	char ret_why[static WHY_BYTES]);
void people_free(struct people *people);

/** How much there is. */
struct people_counts {
	size_t people, addresses, forms, domains;
};

struct people_counts people_count(const struct people *people);

/**
 * Whom From and Reply-To claim to be: facts->identity, and the marks of the hosts of both.
 *
 * @param people the directory
 * @param key of the pseudonyms
 * @param texts of the mail's addresses
 * @param facts whose sender is filled
 */
void people_identify(const struct people *people, const struct pseudonym_key *key, const struct address_texts *texts,
	struct mail_facts *facts);

/** Marks hosts of links that are protected, or look like it. */
void people_mark_hosts(const struct people *people, const struct pseudonym_key *key, struct mail_facts *facts);
