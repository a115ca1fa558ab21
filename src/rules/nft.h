/*
 * Rules as commands for `nft -j -f -`, in a table of our own (inet hinomi):
 * for places where XDP cannot be loaded. Pure: makes text, and runs nothing.
 * One text is one transaction of the kernel: all of it happens, or nothing.
 *
 * Each rule is gated by the element of a set that the kernel times out, so it
 * ends by itself, whoever of us is alive. Timeouts are whole seconds, rounded
 * down; they stand still while the machine sleeps.
 *
 * Means what rules/evaluate.h means, but for these: more than eight IPv6
 * extension headers are stepped over; the ingress of an interface does not see
 * later IPv6 fragments that name an extension header; what follows an
 * authentication header of IPv6 is not seen; a limit in bits lets through a
 * second's worth at once, not a tenth.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/rule.h"
#include "rules/source_set.h"
#include "rules/space.h"

#define NFT_ENTRIES_MAX 4096 /* rules of one text */
#define NFT_LIFE_MAX_S 31536000
#define NFT_TEXT_BYTES_MAX 67108864 /* longest listing that is read */

/** A rule that is to be in force. */
struct nft_entry {
	uint32_t id; /* names it in the kernel; of one that is in force only nft_write_withdrawn() may be told */
	uint32_t life_s; /* from now, 1..NFT_LIFE_MAX_S */
	const struct rule *rule; /* borrowed */
	const struct source_set *set; /* borrowed; NULL where it has none */
	bool touches_protected; /* it spares no source */
};

/** Where packets are seen, and which sources rules spare. */
struct nft_place {
	const char *const *devices; /* interfaces whose ingress is watched; borrowed */
	size_t device_count; /* 0: all that comes in, before conntrack puts fragments together */
	const struct space *space; /* NULL: nothing is protected */
};

/**
 * Writes the whole table: what was in it before is gone, counters begin at 0.
 *
 * @param entries in the order in which they are asked
 * @param count of entries, 0..NFT_ENTRIES_MAX
 * @param place where they act
 * @param ret_text malloc'ed JSON; the caller frees it
 * @return OK; E_LIMIT (too many, a life out of range); E_STATE: a set is missing; E_NOMEM
 */
MUST_USE int nft_write_table(const struct nft_entry *entries, size_t count, const struct nft_place *place, char **ret_text);

/** Writes entries behind those that are in the table, which place made; parameters and errors as above. */
MUST_USE int nft_write_added(const struct nft_entry *entries, size_t count, const struct nft_place *place, char **ret_text);

/**
 * Writes the end of rules: they match nothing more. What they consist of stays until the table is written again.
 *
 * @param entries those whose gates are open; of them id and rule are read
 * @param count of entries, 1..NFT_ENTRIES_MAX
 * @param ret_text malloc'ed JSON; the caller frees it
 * @return OK, E_LIMIT or E_NOMEM
 */
MUST_USE int nft_write_withdrawn(const struct nft_entry *entries, size_t count, char **ret_text);

/** What the kernel holds of a rule. */
struct nft_state {
	uint32_t id;
	bool is_in_force; /* its gate is open */
	uint64_t matched_packets, matched_bytes;
	uint64_t dropped_packets, dropped_bytes;
};

/**
 * Reads what `nft -j list table inet hinomi` prints.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param ret_states filled, ascending by id
 * @param ret_count how many
 * @return OK; E_MALFORMED; E_LIMIT: too long, or more than NFT_ENTRIES_MAX rules; E_NOMEM
 */
MUST_USE int nft_read_table(const char *text, size_t length_bytes, struct nft_state ret_states[static NFT_ENTRIES_MAX],
	size_t *ret_count);
