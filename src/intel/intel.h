/*
 * What is known about addresses apart from the traffic: whose they are, where
 * they are, whether they are ours, and which flow class a pair makes.
 *
 * Answers are as good as the operator's configuration and the address
 * database; "unknown" is a normal answer. An address is domestic or foreign by
 * the first of these that knows it:
 *   1. the closest of the configured prefixes: domestic, foreign, networks (a
 *      member's own networks, private ones too, are domestic unless listed as
 *      foreign; of two equal prefixes foreign wins over domestic over networks)
 *   2. bogons: unknown, for nobody can tell where they really come from
 *   3. the database, where a country is configured: that country is domestic,
 *      everything else foreign
 *   4. unknown
 * A pair with an unknown end is of FLOW_CLASS_UNKNOWN.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/flow_class.h"

#define INTEL_PREFIXES_MAX 100000 /* configured, of each kind; the whole of a large country has some 20,000 */

struct intel; /* opaque; read-only once made, so any number of threads may ask */

enum direction {
	DIRECTION_UNKNOWN = 0, /* no protected networks configured: every destination may be a target */
	DIRECTION_IN, /* to a protected network from elsewhere */
	DIRECTION_OUT, /* from a protected network to elsewhere */
	DIRECTION_INSIDE, /* both ends protected */
	DIRECTION_TRANSIT, /* neither */
};

struct intel_config {
	const struct ip_prefix *networks; /* the member's own networks; borrowed until intel_new() returns */
	size_t network_count;
	const struct ip_prefix *domestic; /* prefixes to be taken as domestic, before the database is asked */
	size_t domestic_count;
	const struct ip_prefix *foreign; /* prefixes to be taken as foreign, before the database is asked */
	size_t foreign_count;
	char country[3]; /* ISO 3166 code that is "domestic" in the address database, "" to not ask it */
	const char *database_path; /* libloc database, NULL: none */
};

/** Where an address belongs. */
struct origin {
	uint32_t asn; /* 0: unknown */
	char country[3]; /* ISO 3166 alpha-2, "" unknown */
};

/**
 * @param config read, not kept
 * @param ret_intel set on OK; owned by the caller, free with intel_free()
 * @return OK, E_NOMEM, E_LIMIT (INTEL_PREFIXES_MAX, or the memory of the tables), E_SYS: the database cannot be
 * opened, E_UNSUPPORTED or E_MALFORMED: it is none, or is damaged
 */
MUST_USE int intel_new(const struct intel_config *config, struct intel **ret_intel);
void intel_free(struct intel *intel);

/** Which way an observation goes, from the protected networks' point of view. Fast: for each packet. */
enum direction intel_direction(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst);

/** The flow class of an address pair. Fast: for each packet. */
enum flow_class intel_flow_class(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst);

/** Direction and flow class of an address pair at once. */
struct intel_pair {
	enum direction direction;
	enum flow_class flow_class;
};

/** What intel_direction() and intel_flow_class() say, in one look for each address. Fast: for each packet. */
struct intel_pair intel_pair(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst);

/** AS and country from the database. Slower (below a microsecond): for reports, not for each packet. */
struct origin intel_origin(const struct intel *intel, const struct ip_addr *addr);

/**
 * Whether an address cannot be the source of a packet on the public Internet: the special-purpose registries of IANA
 * (RFC 6890 and its successors) that are not globally reachable, multicast, and IPv6 that IANA has not given out.
 * Evidence of a forged source, unless the network is a private one.
 */
bool intel_is_bogon(const struct ip_addr *addr);

/** Memory that the tables take, bytes; the mapped database not counted. */
size_t intel_memory_bytes(const struct intel *intel);

/** Whether protected networks are configured at all. */
bool intel_has_networks(const struct intel *intel);

/** The configured protected network that covers an address most closely, NULL if none. Borrowed. */
const struct ip_prefix *intel_network_of(const struct intel *intel, const struct ip_addr *addr);
