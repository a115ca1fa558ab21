/*
 * nftables as a place of enforcement: a table of our own (rules/nft.h), made
 * by the nft command (effect/nft_runner.h).
 *
 * What only adds rules behind those in force is added, and what has ended by
 * itself stays in the table as a remain that matches nothing. All else (a rule
 * that is taken back, another end of one, too many remains) writes the table
 * anew in one transaction, which begins counters at 0, so that what they had
 * is added here. A packet between the reading and the writing is judged, and
 * not counted.
 *
 * The kernel's timeouts are whole seconds and are rounded down, so a rule ends
 * up to a second early and never late; one with less than a second to go is
 * left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "effect/effector.h"
#include "effect/nft_runner.h"
#include "rules/nft.h"

#define REMAINS_MAX 1024 /* rules that ended and are still in the table */
#define NEAR_END_NS (2 * NS_PER_S) /* the kernel may have ended a rule already that has so little left */

/** A rule that this process has put in force. */
struct held {
	uint32_t id;
	int64_t expires_boot_ns;
	struct effect_counts before; /* of earlier writings of the table */
};

struct place {
	struct nft_runner *runner;
	struct nft_place where;
	bool is_written; /* by this process: what else is there is not known */
	size_t remains; /* ended, still in the table */
	size_t held_count, carried_count;
	struct held held[NFT_ENTRIES_MAX];
	struct held carried[NFT_ENTRIES_MAX]; /* what held is made of */
	size_t state_count;
	struct nft_state states[NFT_ENTRIES_MAX]; /* as read last, ascending by id */
	struct nft_entry entries[NFT_ENTRIES_MAX]; /* room for one writing */
};

static void place_close(void *context)
{
	struct place *place = context;
	if (place == NULL)
		return;
	nft_runner_free(place->runner);
	free(place);
}

static int place_open(const struct effector_config *config, void **ret_place, char ret_why[static EFFECTOR_WHY_BYTES])
{
	char *output = NULL, why[NFT_RUNNER_WHY_BYTES] = "no memory";
	size_t output_bytes = 0;
	struct place *place = calloc(1, sizeof(*place));
	int err = place == NULL ? E_NOMEM : nft_runner_new(&place->runner);
	if (err == OK)
		err = nft_runner_run(place->runner, NFT_COMMAND_PROBE, NULL, &output, &output_bytes, why);
	free(output);
	if (err != OK) {
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft: %s", why);
		place_close(place);
		return err;
	}
	place->where = (struct nft_place){config->interfaces, config->interface_count, config->space};
	*ret_place = place;
	return OK;
}

/* Reading. */

static int states_read(struct place *place, enum nft_command command, char why[static NFT_RUNNER_WHY_BYTES])
{
	char *output = NULL;
	size_t output_bytes = 0;
	int err = nft_runner_run(place->runner, command, NULL, &output, &output_bytes, why);
	if (err != OK)
		return err;
	err = nft_read_table(output, output_bytes, place->states, &place->state_count);
	free(output);
	if (err != OK)
		snprintf(why, NFT_RUNNER_WHY_BYTES, "what nft lists is not what was written: %s", err_name(err));
	return err;
}

static int state_order(const void *key, const void *of)
{
	uint32_t id = *(const uint32_t *)key, other = ((const struct nft_state *)of)->id;
	return id < other ? -1 : id > other;
}

/** What was read of a rule; NULL: it is not there. */
static const struct nft_state *state_find(const struct place *place, uint32_t id)
{
	return bsearch(&id, place->states, place->state_count, sizeof(place->states[0]), state_order);
}

/** The rule of an id that is held; NULL: none. Most are asked for in the order in which they are held. */
static struct held *held_find(struct place *place, uint32_t id, size_t near)
{
	for (size_t i = 0; i < place->held_count; i++) {
		struct held *held = &place->held[(near + i) % place->held_count];
		if (held->id == id)
			return held;
	}
	return NULL;
}

/** Takes what the table has counted into the sums of its rules, before it is written anew. */
static void counts_keep(struct place *place)
{
	char why[NFT_RUNNER_WHY_BYTES];
	if (states_read(place, NFT_COMMAND_COUNTERS, why) != OK)
		return; /* there is no table: then there are no counts */
	for (size_t i = 0; i < place->state_count; i++) {
		const struct nft_state *state = &place->states[i];
		struct held *held = held_find(place, state->id, i);
		if (held == NULL && !place->is_written && place->held_count < NFT_ENTRIES_MAX) {
			held = &place->held[place->held_count++]; /* of an earlier life of this process */
			*held = (struct held){.id = state->id};
		}
		if (held == NULL)
			continue;
		held->before.matched_packets += state->matched_packets;
		held->before.matched_bytes += state->matched_bytes;
		held->before.dropped_packets += state->dropped_packets;
		held->before.dropped_bytes += state->dropped_bytes;
	}
}

/** The table is not what this process wrote: the next writing is of all, and counters begin at 0. */
static int table_lost(struct place *place, int error)
{
	for (size_t i = 0; i < place->held_count; i++)
		place->held[i].before = (struct effect_counts){0};
	place->is_written = false;
	return error;
}

static int place_read_back(void *context, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES])
{
	struct place *place = context;
	char why[NFT_RUNNER_WHY_BYTES];
	int64_t now_ns = clock_boot_ns();
	size_t open_count = 0, asked_count = 0;
	int err = states_read(place, NFT_COMMAND_LIST, why);
	if (err != OK) {
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft: %s", why);
		return table_lost(place, err == E_STATE ? E_SYS : err);
	}
	for (size_t i = 0; i < count; i++) {
		const struct nft_state *state = state_find(place, entries[i].id);
		bool is_open = state != NULL && state->is_in_force;
		asked_count += is_open;
		if (is_open || entries[i].expires_boot_ns - now_ns < NEAR_END_NS)
			continue;
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft: rule %u is not in force", entries[i].id);
		return table_lost(place, E_STATE);
	}
	for (size_t i = 0; i < place->state_count; i++)
		open_count += place->states[i].is_in_force;
	if (open_count == asked_count)
		return OK;
	snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft: %zu rules are in force that nobody asked for", open_count - asked_count);
	return table_lost(place, E_STATE);
}

static int place_counts(void *context, const struct effect_entry *entries, size_t count, struct effect_counts *ret_counts)
{
	struct place *place = context;
	char why[NFT_RUNNER_WHY_BYTES];
	int err = states_read(place, NFT_COMMAND_COUNTERS, why);
	if (err != OK)
		return table_lost(place, err); /* E_STATE: the table is gone */
	for (size_t i = 0; i < count; i++) {
		static const struct nft_state none;
		const struct held *held = held_find(place, entries[i].id, i);
		const struct nft_state *state = state_find(place, entries[i].id);
		if (held == NULL || (state == NULL && held->expires_boot_ns != 0))
			return table_lost(place, E_STATE);
		if (state == NULL)
			state = &none; /* left out, since it had less than a second to go */
		ret_counts[i] = (struct effect_counts){
			held->before.matched_packets + state->matched_packets, held->before.matched_bytes + state->matched_bytes,
			held->before.dropped_packets + state->dropped_packets, held->before.dropped_bytes + state->dropped_bytes};
	}
	return OK;
}

/* Writing. */

/** Has nft do what a text says; takes the text. */
static int text_load(struct place *place, int err, char *text, char ret_why[static EFFECTOR_WHY_BYTES])
{
	char *output = NULL, why[NFT_RUNNER_WHY_BYTES];
	size_t output_bytes = 0;
	if (err != OK) {
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft cannot say these rules: %s", err_name(err));
		return err;
	}
	err = nft_runner_run(place->runner, NFT_COMMAND_LOAD, text, &output, &output_bytes, why);
	free(text);
	free(output);
	if (err != OK)
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "nft: %s", why);
	return err == E_STATE ? E_SYS : err;
}

/** Fills room with entries that have at least a second to go. @return how many */
static size_t entries_fill(struct place *place, const struct effect_entry *entries, size_t count, int64_t now_ns)
{
	size_t filled = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t life_s = (entries[i].expires_boot_ns - now_ns) / NS_PER_S;
		if (life_s < 1)
			continue;
		place->entries[filled++] = (struct nft_entry){entries[i].id,
			(uint32_t)(life_s < NFT_LIFE_MAX_S ? life_s : NFT_LIFE_MAX_S), entries[i].rule, entries[i].set,
			entries[i].touches_protected};
	}
	return filled;
}

/** Makes what is held from now on; where the table was written anew the sums that were kept go on. */
static void held_make(struct place *place, const struct effect_entry *entries, size_t count, int64_t now_ns)
{
	for (size_t i = 0; i < count; i++) {
		const struct held *held = held_find(place, entries[i].id, i);
		place->carried[i] = held != NULL ? *held : (struct held){.id = entries[i].id};
		bool is_left_out = held == NULL && entries[i].expires_boot_ns - now_ns < NS_PER_S;
		place->carried[i].expires_boot_ns = is_left_out ? 0 : entries[i].expires_boot_ns;
	}
	memcpy(place->held, place->carried, count * sizeof(place->held[0]));
	place->held_count = count;
}

static int table_write(struct place *place, const struct effect_entry *entries, size_t count, int64_t now_ns,
	char ret_why[static EFFECTOR_WHY_BYTES])
{
	char *text = NULL;
	size_t filled = entries_fill(place, entries, count, now_ns);
	int err = nft_write_table(place->entries, filled, &place->where, &text);
	if (err == OK)
		counts_keep(place);
	err = text_load(place, err, text, ret_why);
	if (err != OK)
		return err;
	held_make(place, entries, count, now_ns);
	place->is_written = true;
	place->remains = 0;
	return OK;
}

/** How many of the entries are held already, in the same order and with the same ends; the rest is new. */
static size_t known_count(const struct place *place, const struct effect_entry *entries, size_t count, bool *ret_is_simple)
{
	size_t known = 0;
	for (size_t i = 0; i < place->held_count && known < count; i++) {
		if (place->held[i].id == entries[known].id && place->held[i].expires_boot_ns == entries[known].expires_boot_ns)
			known++;
	}
	*ret_is_simple = true;
	for (size_t i = known; i < count; i++) {
		for (size_t k = 0; k < place->held_count && *ret_is_simple; k++)
			*ret_is_simple = place->held[k].id != entries[i].id;
	}
	return known;
}

/** How many are held, not asked for any more, and not over by themselves. */
static size_t alive_count(const struct place *place, const struct effect_entry *entries, size_t known, int64_t now_ns)
{
	size_t alive = 0, at = 0;
	for (size_t i = 0; i < place->held_count; i++) {
		bool is_asked = at < known && place->held[i].id == entries[at].id;
		at += is_asked;
		alive += !is_asked && place->held[i].expires_boot_ns > now_ns;
	}
	return alive;
}

static int place_apply(void *context, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES])
{
	struct place *place = context;
	int64_t now_ns = clock_boot_ns();
	bool is_simple = false;
	size_t known = known_count(place, entries, count, &is_simple);
	char *text = NULL;
	if (count > NFT_ENTRIES_MAX)
		return E_LIMIT;
	place->remains += place->held_count - known;
	if (!place->is_written || !is_simple || place->remains > REMAINS_MAX || alive_count(place, entries, known, now_ns) > 0)
		return table_write(place, entries, count, now_ns, ret_why);
	size_t filled = entries_fill(place, entries + known, count - known, now_ns);
	if (filled > 0) {
		int err = nft_write_added(place->entries, filled, &place->where, &text);
		err = text_load(place, err, text, ret_why);
		if (err != OK)
			return table_lost(place, err); /* it may be gone */
	}
	held_make(place, entries, count, now_ns);
	return OK;
}

const struct effector effector_nft = {"nft", place_open, place_apply, place_read_back, place_counts, place_close};
