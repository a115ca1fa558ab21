/*
 * The box of one address: what a mail host keeps of somebody whom a finding told as a pseudonym, sealed to a key whose
 * secret half is elsewhere (keys/seal.h). It says whom it is about and of which finding, so that boxes cannot be swapped,
 * and all boxes are of one length, so that nobody counts letters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "keys/seal.h"
#include "mail/facts.h"
#include "mail/pseudonym.h"

#define SEALED_FINDING_BYTES 16 /* a finding's id */
#define SEALED_PLAIN_BYTES (1 + 8 + SEALED_FINDING_BYTES + MAIL_ADDRESS_BYTES)
#define SEALED_BOX_BYTES SEAL_BOX_BYTES(SEALED_PLAIN_BYTES)

/** Whose address it is, and of which finding. */
struct sealed_name {
	uint8_t finding[SEALED_FINDING_BYTES];
	uint64_t pseudonym; /* not 0 */
};

/**
 * Closes a box.
 *
 * @param public half of the key
 * @param name whose it is
 * @param address as pseudonyms are made of it (address_fold()), shorter than MAIL_ADDRESS_BYTES
 * @param ret_box filled
 */
void sealed_box_close(const struct seal_public *public, const struct sealed_name *name, const char *address,
	uint8_t ret_box[static SEALED_BOX_BYTES]);

/**
 * Reads what was in a box: hostile, since whoever has the public half can close one.
 *
 * @param plain as seal_open() gave it
 * @param name whose it should be
 * @param key of the site's pseudonyms, under which the address must have that pseudonym
 * @param ret_address filled on OK
 * @return OK; E_MALFORMED: no box of this version, or no address; E_DENIED: of somebody else, or of another finding
 */
MUST_USE int sealed_box_read(const uint8_t plain[static SEALED_PLAIN_BYTES], const struct sealed_name *name,
	const struct pseudonym_key *key, char ret_address[static MAIL_ADDRESS_BYTES]);
