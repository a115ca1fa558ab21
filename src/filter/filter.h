/*
 * The one XDP program on an interface: it samples what arrives, and enforces
 * rules (filter.bpf.c). This loads it, pins it, and puts rules in force.
 *
 * What is in force is in the kernel alone: it outlives every process of ours
 * where it is pinned, each rule ends there at its own time, and a set of
 * rules takes the place of another between two packets, never by halves.
 *
 * Does not verify orders, does not keep them (effect/ does both), and does
 * not read samples (sensor/ does). Not for use by two threads at once.
 * Two processes may have the same pins open; filter_apply() is for one.
 *
 * To load or open takes CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON. Afterwards
 * filter_apply() and filter_read() need CAP_BPF, filter_follow() where it pins
 * anew; what reads counts and samples needs nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "filter/filter_abi.h"
#include "filter/interface.h"
#include "rules/space.h"
#include "rules/xdp_tables.h"

#define FILTER_WHY_BYTES WHY_BYTES
#define FILTER_SAMPLING_MAX 1000000

struct filter_config {
	const char *interface; /* borrowed for the call */
	const char *pin_directory; /* in a BPF file system, one per interface, nobody else's; NULL: not pinned. Borrowed for the call */
	enum filter_mode mode; /* FILTER_SAMPLE, FILTER_COUNT or FILTER_ENFORCE */
	uint32_t sampling; /* 1:n, 1..FILTER_SAMPLING_MAX */
	uint32_t ring_bytes; /* ring buffer for samples, rounded up to a power of two; 0: 8 MiB */
	uint8_t policy[FILTER_DIGEST_BYTES]; /* SHA-256 of the policy file by which rules are put in force; zeros: none */
};

/** What must be pinned for filter_open() to take it. */
struct filter_wanted {
	const char *interface; /* on which it must be; borrowed for the call */
	const char *pin_directory; /* likewise */
	const uint8_t *policy; /* FILTER_DIGEST_BYTES of the policy it was loaded with; NULL: any. Borrowed for the call */
	uint32_t sampling; /* 0: any */
	bool enforces; /* FILTER_SAMPLE is not enough */
};

struct filter; /* opaque */

/** Whether this kernel takes the program from this process; it really loads it. */
bool filter_supported(void);

/**
 * Loads the program, attaches it and pins it. Attached in the driver where that works, else in the stack. What is
 * pinned in the directory already is refused, but for the rest of an interface that is gone, which is replaced.
 *
 * @param config copied
 * @param ret_filter owned by the caller
 * @param ret_why filled on failure: one line, without a newline
 * @return OK; E_DENIED (capabilities or kernel lockdown, or the directory is open to others); E_CONFIG (no such
 *         interface, sampling or ring out of range, not a BPF file system); E_STATE (interface is down, another XDP
 *         program is attached, or something is pinned); E_UNSUPPORTED (not Ethernet, or the kernel refuses the
 *         program); E_NOMEM; E_SYS
 */
MUST_USE int filter_load(const struct filter_config *config, struct filter **ret_filter, char ret_why[static FILTER_WHY_BYTES]);

/**
 * Opens what is pinned and attached. What is in force stays as it is.
 *
 * @param wanted anything else is refused
 * @param ret_filter owned by the caller
 * @param ret_why filled on failure: one line
 * @return OK; E_END: nothing is pinned there, or what it was attached to is gone: filter_load() may; E_STATE: another
 *         version, policy, sampling, mode or interface, or its program is not what is attached; E_DENIED: capabilities,
 *         or directory or pins are open to others; E_CONFIG (not a BPF file system); E_NOMEM; E_SYS
 */
MUST_USE int filter_open(const struct filter_wanted *wanted, struct filter **ret_filter, char ret_why[static FILTER_WHY_BYTES]);

/**
 * Puts rules in force, in the place of all that were. Between two packets: each packet is judged by the old rules or
 * by the new ones. When it returns, no packet is judged by the old ones any more. Limits begin anew.
 *
 * @param filter loaded with FILTER_COUNT or FILTER_ENFORCE
 * @param entries in the order in which they are asked; read, not kept
 * @param count of entries, 0: nothing is in force, everything passes; at most XDP_RULES_MAX
 * @param space what rules spare; NULL: nothing is protected
 * @param ret_why filled on failure, where what was in force still is
 * @return OK; E_LIMIT (too many rules, or too many for one destination); E_STATE (a set is missing, or the program
 *         only samples); E_NOMEM; E_SYS
 */
MUST_USE int filter_apply(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space,
	char ret_why[static FILTER_WHY_BYTES]);

/**
 * Reads back what the kernel holds, every rule, destination, source address and protected prefix of it, and compares:
 * the program is attached to its interface, and would give each packet the verdict that these entries ask for.
 *
 * @param filter as for filter_apply()
 * @param entries what should be in force
 * @param count of entries
 * @param space as it was applied with
 * @param ret_why filled on failure: what is not as it should be
 * @return OK; E_STATE: it is not so; E_LIMIT, E_NOMEM, E_SYS
 */
MUST_USE int filter_read(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space,
	char ret_why[static FILTER_WHY_BYTES]);

/** How many rules are in force, ended ones among them, as the kernel has it. */
size_t filter_rule_count(const struct filter *filter);

/**
 * What a rule has counted since it was put in force.
 *
 * @param filter as for filter_apply()
 * @param index of the entry
 * @param ret_counts filled on OK; with FILTER_COUNT, dropped is what would have been dropped
 * @return OK, E_LIMIT (no such entry) or E_SYS
 */
MUST_USE int filter_counts(struct filter *filter, size_t index, struct xdp_counts *ret_counts);

/** The same of the entries that were in force before the last filter_apply(): final until the next one. */
MUST_USE int filter_counts_before(struct filter *filter, size_t index, struct xdp_counts *ret_counts);

/**
 * Looks after the interface: where it was removed and is there again the program is attached anew, with all that is in
 * force; a link of FILTER_COUNT and FILTER_ENFORCE is pinned anew. A sampler whose pins are gone leaves the interface to whoever
 * took them away. To be called about once a second.
 *
 * @param filter one that enforces and was opened without asking for that: the interface's state alone is told
 * @param ret_why "", or why an interface that is back cannot be filtered, or that the link could not be pinned
 * @return its state
 */
enum interface_state filter_follow(struct filter *filter, char ret_why[static FILTER_WHY_BYTES]);

/**
 * Whether somebody has pinned another program in this one's place since, as an effector does that enforces where a
 * sensor only sampled, or that has a new policy: then nothing comes through this one any more, and it has to be opened
 * anew. Needs no privilege.
 */
bool filter_is_replaced(const struct filter *filter);

/** What the program does with rules. */
enum filter_mode filter_mode(const struct filter *filter);

/** One packet in this many is sampled. */
uint32_t filter_sampling(const struct filter *filter);

/** Where the program runs: "driver" or "generic"; static text. */
const char *filter_place(const struct filter *filter);

/** The ring buffer with struct filter_sample, for ring_buffer__new(); stays the filter's. */
int filter_samples_fd(const struct filter *filter);

/** Counts of everything that arrived since the program was loaded, over all CPUs; zeros if they cannot be read. */
struct filter_totals filter_totals(struct filter *filter);

/** Closes what this process holds; what is pinned stays in force. What is not pinned is detached. NULL is fine. */
void filter_close(struct filter *filter);

/**
 * Takes everything back: detaches the program whoever has it open, and removes the pins. Closes the filter too.
 *
 * @param filter NULL is fine
 * @param ret_why filled on failure: then something may still be attached or pinned
 * @return OK or E_SYS
 */
MUST_USE int filter_unload(struct filter *filter, char ret_why[static FILTER_WHY_BYTES]);
