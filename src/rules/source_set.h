/*
 * A source set: a file of single addresses, named by the BLAKE2b-256 of its
 * bytes. Orders carry its digest and how many addresses it has, so that a
 * million of them cost an order nothing.
 *
 * Does not know what the addresses did, nor whether they are protected
 * (rules/space.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/rule.h"

#define SOURCE_SET_NAME_BYTES (2 * RULE_DIGEST_BYTES + sizeof(".set")) /* of the file, with its NUL */

struct source_set; /* opaque, read-only once made */

/**
 * Makes a set.
 *
 * @param addrs in any order; repeated ones count once; sorted in place
 * @param count of addrs, 1..RULE_SET_ADDRESSES_MAX
 * @param ret_set owned by the caller
 * @return OK, E_LIMIT (none or too many), E_NOMEM, or E_MALFORMED: 0.0.0.0 or :: is among them
 */
MUST_USE int source_set_new(struct ip_addr *addrs, size_t count, struct source_set **ret_set);
void source_set_free(struct source_set *set);

/**
 * Reads the bytes of a file, from anywhere and so hostile.
 *
 * @param bytes of the whole file
 * @param length_bytes how many
 * @param ret_set owned by the caller
 * @return OK, E_TRUNCATED, E_MALFORMED (header, order, bytes left over), E_UNSUPPORTED (version), E_LIMIT, E_NOMEM
 */
MUST_USE int source_set_parse(const uint8_t *bytes, size_t length_bytes, struct source_set **ret_set);

/**
 * Loads the file of a set from a directory and proves that it is the one that is meant.
 *
 * @param directory_fd open directory
 * @param name digest and count, as a rule has them
 * @param ret_set owned by the caller
 * @return OK, E_SYS (cannot be read), E_DENIED (another digest or count), or what source_set_parse() says
 */
MUST_USE int source_set_load(int directory_fd, const struct rule_source_set *name, struct source_set **ret_set);

/**
 * Stores the file of a set in a directory under its name, durable when this returns. One that is there is written anew, so that
 * the time of its last change tells when it was named last (rules/source_set_sweep.h).
 *
 * @param set to be stored
 * @param directory_fd open directory
 * @return OK or E_SYS
 */
MUST_USE int source_set_save(const struct source_set *set, int directory_fd);

/** How long the file of a set is. */
size_t source_set_file_bytes(const struct source_set *set);

/** Digest and count, as a rule has them. */
const struct rule_source_set *source_set_name(const struct source_set *set);

/** The name of the file: 64 hex digits and ".set". Returns ret_name. */
const char *source_set_file_name(const struct rule_source_set *name, char ret_name[static SOURCE_SET_NAME_BYTES]);

/** Whether an address is in the set. */
bool source_set_has(const struct source_set *set, const struct ip_addr *addr);

/** The address at a place, 0..count - 1, in ascending order with IPv4 first. */
struct ip_addr source_set_at(const struct source_set *set, size_t index);

/** How many of the addresses are IPv4; they come first. */
size_t source_set_v4_count(const struct source_set *set);
