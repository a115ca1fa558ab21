/*
 * A place where rules are enforced, behind five hooks: the XDP program, or
 * nftables. It is handed rules that are verified already, and knows nothing
 * of orders.
 *
 * Whatever a place holds ends by itself at the time of each entry, even if
 * every process of ours is dead; close() leaves it there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/rule.h"
#include "rules/source_set.h"
#include "rules/space.h"

#define EFFECTOR_WHY_BYTES 256

/** A rule that is to be in force. */
struct effect_entry {
	uint32_t id; /* of this rule of this order, the same after a restart; not 0 */
	const struct rule *rule; /* borrowed for the call */
	const struct source_set *set; /* likewise; NULL where it has none */
	int64_t expires_boot_ns; /* CLOCK_BOOTTIME */
	bool touches_protected; /* its order has the approvals for that: it spares no source */
};

/** Sums of one entry since it came into force. */
struct effect_counts {
	uint64_t matched_packets, matched_bytes;
	uint64_t dropped_packets, dropped_bytes;
};

struct effector_config {
	const char *const *interfaces; /* borrowed, as all of this, as long as the place is open */
	size_t interface_count;
	const char *pin_directory; /* in which the XDP program has a directory for each interface */
	uint32_t sampling; /* one packet in this many is copied for the sensor */
	const uint8_t *policy_digest; /* 32 bytes: what pinned rules were made under */
	const struct space *space; /* sources that rules spare */
};

struct effector {
	const char *name;
	/** @return OK, or an error of which ret_why tells in one line; ret_place is owned and goes to close() */
	int (*open)(const struct effector_config *config, void **ret_place, char ret_why[static EFFECTOR_WHY_BYTES]);
	/** Has exactly these entries in force, asked in this order. @return OK, or an error: what was in force before may still be */
	int (*apply)(void *place, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES]);
	/** Reads what the kernel holds. @return OK; E_STATE: it does not hold exactly these entries; E_SYS and others: unreadable */
	int (*read_back)(void *place, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES]);
	/** Reads the counters of what is in force. @return OK; E_STATE: an entry is not there; E_SYS and others: unreadable */
	int (*counts)(void *place, const struct effect_entry *entries, size_t count, struct effect_counts *ret_counts);
	void (*close)(void *place); /* NULL is fine */
};

/** The places there are. @return the effector of a name, NULL: none */
const struct effector *effector_find(const char *name);

extern const struct effector effector_xdp, effector_nft;
