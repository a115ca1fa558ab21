/*
 * Where an exercise's packets come from: the n-th machine of a seeded world
 * has always the same address and the same distance, so that a million
 * sources cost no memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"

/** The member's own networks in every exercise (RFC 5737, RFC 3849: they route nowhere). */
#define ADDRESS_MEMBER_V4 "203.0.113.0/24"
#define ADDRESS_MEMBER_V6 "2001:db8:113::/48"
/** And the member's other site: it attacks nobody, and what happens to one does not touch the other. */
#define ADDRESS_OTHER_V4 "198.51.100.0/24"
#define ADDRESS_OTHER_V6 "2001:db8:51::/48"

/**
 * A public unicast address that is nobody's documentation, private or member address.
 *
 * @param world seed of the world
 * @param index which machine
 * @param is_v4 family
 */
struct ip_addr address_of_machine(uint64_t world, uint64_t index, bool is_v4);

/** TTL with which packets of a machine arrive: a usual start value less its distance. */
uint8_t address_ttl(uint64_t world, uint64_t index);

/**
 * The n-th address of a prefix; numbers beyond its size start again at its first.
 *
 * @param prefix at most 2^64 addresses are used
 * @param index which address
 */
struct ip_addr address_in_prefix(const struct ip_prefix *prefix, uint64_t index);

/** How many addresses a prefix has, at most 2^16. */
uint64_t address_count(const struct ip_prefix *prefix);
