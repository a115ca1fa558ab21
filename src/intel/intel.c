/*
 * Two prefix tables, painted once at start: the protected networks (value:
 * index + 1), and the side each address is on (enum side). A direction or a
 * flow class is then two look-ups. The sides are painted in the reverse of the
 * order in which intel.h asks: all public space foreign, the networks of the
 * configured country domestic, bogons unknown, the configured prefixes last.
 *
 * Owns the tables, a copy of the networks and the mapped database.
 */
#include "intel/intel.h"

#include <stdlib.h>
#include <string.h>

#include "intel/bogon.h"
#include "intel/database.h"
#include "intel/prefix_table.h"

#define SUMMARY_SLOTS 65536
#define SUMMARY_OURS 4 /* beside the side: in a protected network */
#define KIND_COUNT 8 /* sides, with and without SUMMARY_OURS */
#define SUMMARY_MIXED 255 /* the /8 or /16 is not all of one kind: ask further */

enum side {
	SIDE_UNKNOWN = 0,
	SIDE_FOREIGN,
	SIDE_DOMESTIC,
	SIDE_COUNT
};

struct intel {
	struct ip_prefix *networks; /* shortest first */
	size_t network_count;
	struct prefix_table *network_table;
	struct prefix_table *side_table;
	struct database *database; /* NULL: none */
	char country[3]; /* domestic; "" none */
	bool has_sides; /* anything is domestic or foreign at all */
	struct intel_pair pairs[KIND_COUNT][KIND_COUNT]; /* by the kinds of source and destination */
	uint8_t summary8[256]; /* by the first byte of an IPv4 address: side and SUMMARY_OURS, or SUMMARY_MIXED */
	uint8_t summary[SUMMARY_SLOTS]; /* the same by the first 16 bits */
};

/** A configured prefix with its side; rank breaks the tie of equal prefixes. */
struct claim {
	struct ip_prefix prefix;
	enum side side;
	uint8_t rank;
};

static int claim_compare(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	if (x->prefix.bits != y->prefix.bits)
		return x->prefix.bits < y->prefix.bits ? -1 : 1;
	return (int)x->rank - (int)y->rank;
}

static int prefix_compare(const void *a, const void *b)
{
	return (int)((const struct ip_prefix *)a)->bits - (int)((const struct ip_prefix *)b)->bits;
}

static size_t claims_add(struct claim *claims, size_t count, const struct ip_prefix *prefixes, size_t prefix_count,
	enum side side, uint8_t rank)
{
	for (size_t i = 0; i < prefix_count; i++)
		claims[count++] = (struct claim){prefixes[i], side, rank};
	return count;
}

static int claims_paint(struct prefix_table *table, const struct intel_config *config)
{
	size_t count = 0, room = config->network_count + config->domestic_count + config->foreign_count;
	struct claim *claims = calloc(room + 1, sizeof(*claims));
	if (claims == NULL)
		return E_NOMEM;
	count = claims_add(claims, count, config->networks, config->network_count, SIDE_DOMESTIC, 0);
	count = claims_add(claims, count, config->domestic, config->domestic_count, SIDE_DOMESTIC, 1);
	count = claims_add(claims, count, config->foreign, config->foreign_count, SIDE_FOREIGN, 2);
	qsort(claims, count, sizeof(*claims), claim_compare);
	int err = OK;
	for (size_t i = 0; i < count && err == OK; i++)
		err = prefix_table_paint(table, &claims[i].prefix, claims[i].side);
	free(claims);
	return err;
}

static int country_paint(void *arg, const struct ip_prefix *prefix, const struct origin *network)
{
	struct intel *intel = arg;
	bool is_domestic = strcmp(network->country, intel->country) == 0;
	return prefix_table_paint(intel->side_table, prefix, is_domestic ? SIDE_DOMESTIC : SIDE_FOREIGN);
}

static int bogon_paint(void *arg, const struct ip_prefix *prefix)
{
	return prefix_table_paint(arg, prefix, SIDE_UNKNOWN);
}

/** All that the database tells about sides: the public space, and the country in it. */
static int database_paint(struct intel *intel)
{
	static const char *const public[] = {"0.0.0.0/0", "2000::/3"};
	for (size_t i = 0; i < ARRAY_LEN(public); i++) {
		struct ip_prefix prefix;
		int err = ip_prefix_parse(public[i], &prefix);
		ASSERT(err == OK);
		err = prefix_table_paint(intel->side_table, &prefix, SIDE_FOREIGN);
		if (err != OK)
			return err;
	}
	int err = database_walk(intel->database, country_paint, intel);
	return err == OK ? bogon_walk(bogon_paint, intel->side_table) : err;
}

static int sides_build(struct intel *intel, const struct intel_config *config)
{
	int err = prefix_table_new(&intel->side_table);
	if (err == OK && config->database_path != NULL)
		err = database_open(config->database_path, &intel->database);
	if (err == OK && intel->database != NULL && intel->country[0] != '\0')
		err = database_paint(intel);
	intel->has_sides = intel->database != NULL || config->network_count + config->domestic_count + config->foreign_count > 0;
	return err == OK ? claims_paint(intel->side_table, config) : err;
}

static int networks_build(struct intel *intel, const struct intel_config *config)
{
	int err = prefix_table_new(&intel->network_table);
	if (err != OK)
		return err;
	intel->networks = calloc(config->network_count + 1, sizeof(*intel->networks));
	if (intel->networks == NULL)
		return E_NOMEM;
	intel->network_count = config->network_count;
	if (config->network_count > 0)
		memcpy(intel->networks, config->networks, config->network_count * sizeof(*intel->networks));
	qsort(intel->networks, intel->network_count, sizeof(*intel->networks), prefix_compare);
	for (size_t i = 0; i < intel->network_count && err == OK; i++)
		err = prefix_table_paint(intel->network_table, &intel->networks[i], (uint32_t)i + 1);
	return err;
}

/** Answers for whole /16 of IPv4 in a byte each, and for whole /8: small enough for the processor's nearest caches. */
static void summary_build(struct intel *intel)
{
	for (uint32_t slot = 0; slot < SUMMARY_SLOTS; slot++) {
		uint32_t side, network;
		bool is_whole = prefix_table_whole_v4(intel->side_table, slot, &side) &&
			prefix_table_whole_v4(intel->network_table, slot, &network);
		intel->summary[slot] = is_whole ? (uint8_t)(side | (network != 0 ? SUMMARY_OURS : 0u)) : SUMMARY_MIXED;
		uint8_t *first = &intel->summary8[slot >> 8];
		*first = slot % 256 == 0 || *first == intel->summary[slot] ? intel->summary[slot] : SUMMARY_MIXED;
	}
}

/** What two kinds are to each other. */
static struct intel_pair pair_of(bool has_networks, unsigned from, unsigned to)
{
	static const enum direction directions[2][2] = {
		{DIRECTION_TRANSIT, DIRECTION_IN},
		{DIRECTION_OUT, DIRECTION_INSIDE},
	};
	static const enum flow_class classes[KIND_COUNT][KIND_COUNT] = {
		[SIDE_FOREIGN] = {[SIDE_FOREIGN] = FLOW_CLASS_FOREIGN_FOREIGN, [SIDE_DOMESTIC] = FLOW_CLASS_FOREIGN_DOMESTIC},
		[SIDE_DOMESTIC] = {[SIDE_FOREIGN] = FLOW_CLASS_DOMESTIC_FOREIGN, [SIDE_DOMESTIC] = FLOW_CLASS_DOMESTIC_DOMESTIC},
	};
	return (struct intel_pair){
		.direction = has_networks ? directions[(from & SUMMARY_OURS) != 0][(to & SUMMARY_OURS) != 0] : DIRECTION_UNKNOWN,
		.flow_class = classes[from & (SUMMARY_OURS - 1)][to & (SUMMARY_OURS - 1)],
	};
}

static void pairs_build(struct intel *intel)
{
	for (unsigned from = 0; from < KIND_COUNT; from++) {
		for (unsigned to = 0; to < KIND_COUNT; to++)
			intel->pairs[from][to] = pair_of(intel->network_count > 0, from, to);
	}
}

int intel_new(const struct intel_config *config, struct intel **ret_intel)
{
	if (config->network_count > INTEL_PREFIXES_MAX || config->domestic_count > INTEL_PREFIXES_MAX ||
		config->foreign_count > INTEL_PREFIXES_MAX)
		return E_LIMIT;
	struct intel *intel = calloc(1, sizeof(*intel));
	if (intel == NULL)
		return E_NOMEM;
	memcpy(intel->country, config->country, 2);
	int err = networks_build(intel, config);
	if (err == OK)
		err = sides_build(intel, config);
	if (err != OK) {
		intel_free(intel);
		return err;
	}
	summary_build(intel);
	pairs_build(intel);
	*ret_intel = intel;
	return OK;
}

void intel_free(struct intel *intel)
{
	if (intel == NULL)
		return;
	prefix_table_free(intel->network_table);
	prefix_table_free(intel->side_table);
	database_close(intel->database);
	free(intel->networks);
	free(intel);
}

static unsigned kind_from_tables(const struct intel *intel, const struct ip_addr *addr)
{
	unsigned side = intel->has_sides ? prefix_table_find(intel->side_table, addr) : SIDE_UNKNOWN;
	bool is_ours = intel->network_count > 0 && prefix_table_find(intel->network_table, addr) != 0;
	return side | (is_ours ? SUMMARY_OURS : 0u);
}

static inline uint8_t summary_of(const struct intel *intel, const struct ip_addr *addr)
{
	uint32_t v4 = ip_to_v4(addr);
	uint8_t summary = intel->summary8[v4 >> 24];
	return summary != SUMMARY_MIXED ? summary : intel->summary[v4 >> 16];
}

/** Side of an address, and SUMMARY_OURS. */
static unsigned kind_of(const struct intel *intel, const struct ip_addr *addr)
{
	uint8_t summary = ip_is_v4(addr) ? summary_of(intel, addr) : SUMMARY_MIXED;
	return summary != SUMMARY_MIXED ? summary : kind_from_tables(intel, addr);
}

/** Apart, so that the usual way is short. */
static __attribute__((noinline)) struct intel_pair pair_find(const struct intel *intel, const struct ip_addr *src,
	const struct ip_addr *dst)
{
	return intel->pairs[kind_of(intel, src)][kind_of(intel, dst)];
}

struct intel_pair intel_pair(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst)
{
	if (!ip_is_v4(src) || !ip_is_v4(dst))
		return pair_find(intel, src, dst);
	unsigned from = summary_of(intel, src), to = summary_of(intel, dst);
	return (from | to) < KIND_COUNT ? intel->pairs[from][to] : pair_find(intel, src, dst);
}

enum direction intel_direction(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst)
{
	return intel_pair(intel, src, dst).direction;
}

enum flow_class intel_flow_class(const struct intel *intel, const struct ip_addr *src, const struct ip_addr *dst)
{
	return intel_pair(intel, src, dst).flow_class;
}

struct origin intel_origin(const struct intel *intel, const struct ip_addr *addr)
{
	return intel->database != NULL ? database_find(intel->database, addr) : (struct origin){0};
}

bool intel_has_networks(const struct intel *intel)
{
	return intel->network_count > 0;
}

const struct ip_prefix *intel_network_of(const struct intel *intel, const struct ip_addr *addr)
{
	uint32_t index = prefix_table_find(intel->network_table, addr);
	return index != 0 ? &intel->networks[index - 1] : NULL;
}

size_t intel_memory_bytes(const struct intel *intel)
{
	return sizeof(*intel) + prefix_table_bytes(intel->network_table) + prefix_table_bytes(intel->side_table) +
		intel->network_count * sizeof(*intel->networks);
}
