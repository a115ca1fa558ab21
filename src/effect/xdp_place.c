/*
 * The XDP program as a place of enforcement (filter/filter.h), on one or more
 * interfaces, which all have the same rules. This process loads it and pins
 * it, so that what is in force outlives it; the sensor opens the pins to read
 * samples.
 *
 * What is pinned under another policy is taken down and loaded anew: what it
 * enforced was allowed by a policy that is no longer ours, and what still
 * stands is verified and put in force again at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "core/clock.h"
#include "core/log.h"
#include "effect/effector.h"
#include "filter/filter.h"

#define INTERFACES_MAX 16
#define PIN_PATH_BYTES 512

struct one {
	const char *interface;
	struct filter *filter;
	enum interface_state state;
};

struct place {
	const struct space *space;
	size_t one_count;
	struct one ones[INTERFACES_MAX];
	size_t held_count;
	uint32_t ids[XDP_RULES_MAX]; /* of the rules in force */
	struct effect_counts before[XDP_RULES_MAX]; /* sums from before the last apply */
	uint32_t next_ids[XDP_RULES_MAX]; /* room in which the next of both are made */
	struct effect_counts next_before[XDP_RULES_MAX];
	struct xdp_entry entries[XDP_RULES_MAX];
};

static void place_close(void *context)
{
	struct place *place = context;
	if (place == NULL)
		return;
	for (size_t i = 0; i < place->one_count; i++)
		filter_close(place->ones[i].filter);
	free(place);
}

/** Opens what is pinned for an interface, or loads the program. */
static int filter_take(const struct effector_config *config, const char *interface, struct filter **ret_filter,
	char why[static FILTER_WHY_BYTES])
{
	char pins[PIN_PATH_BYTES];
	snprintf(pins, sizeof(pins), "%s/%s", config->pin_directory, interface);
	struct filter_wanted wanted = {.interface = interface, .pin_directory = pins, .policy = config->policy_digest, .enforces = true,
		.sampling = config->sampling};
	int err = filter_open(&wanted, ret_filter, why);
	if (err == E_STATE) {
		struct filter *old = NULL;
		wanted.policy = NULL;
		wanted.sampling = 0;
		wanted.enforces = false;
		err = filter_open(&wanted, &old, why);
		if (err == OK)
			err = filter_unload(old, why);
		if (err == OK)
			err = E_END;
	}
	if (err != E_END)
		return err;
	struct filter_config load = {.interface = interface, .pin_directory = pins, .mode = FILTER_ENFORCE};
	load.sampling = config->sampling;
	memcpy(load.policy, config->policy_digest, sizeof(load.policy));
	return filter_load(&load, ret_filter, why);
}

/** Lets libbpf find out now what the kernel can do: it loads programs for that, which the sandbox does not allow later. */
static void libbpf_prepare(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", sizeof(uint32_t), sizeof(uint32_t), 1, NULL);
	if (fd >= 0)
		close(fd);
}

static int place_open(const struct effector_config *config, void **ret_place, char ret_why[static EFFECTOR_WHY_BYTES])
{
	struct place *place = calloc(1, sizeof(*place));
	(void)mkdir(config->pin_directory, S_IRWXU); /* whoever pins there tells what is wrong with it */
	int err = place == NULL ? E_NOMEM : config->interface_count > INTERFACES_MAX ? E_LIMIT : OK;
	char why[FILTER_WHY_BYTES] = "no memory, or too many interfaces";
	libbpf_prepare();
	for (size_t i = 0; i < config->interface_count && err == OK; i++) {
		place->ones[i].interface = config->interfaces[i];
		err = filter_take(config, config->interfaces[i], &place->ones[i].filter, why);
		place->ones[i].state = INTERFACE_UP;
		place->one_count += err == OK;
	}
	if (err != OK) {
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "%s", why);
		place_close(place);
		return err;
	}
	place->space = config->space;
	*ret_place = place;
	return OK;
}

static void counts_add(struct effect_counts *sum, const struct xdp_counts *counts)
{
	sum->matched_packets += counts->matched_packets;
	sum->matched_bytes += counts->matched_bytes;
	sum->dropped_packets += counts->dropped_packets;
	sum->dropped_bytes += counts->dropped_bytes;
}

static const struct xdp_entry *entries_fill(struct place *place, const struct effect_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t expires_boot_ns = entries[i].expires_boot_ns > 0 ? (uint64_t)entries[i].expires_boot_ns : 0;
		place->entries[i] = (struct xdp_entry){entries[i].rule, entries[i].set, expires_boot_ns, entries[i].touches_protected};
	}
	return place->entries;
}

/** The place in the list of a rule that is held; held_count: it is not. Most are asked for in their order. */
static size_t held_find(const struct place *place, uint32_t id, size_t near)
{
	for (size_t i = 0; i < place->held_count; i++) {
		size_t at = (near + i) % place->held_count;
		if (place->ids[at] == id)
			return at;
	}
	return place->held_count;
}

/** After an apply: what rules that stay have counted before it, on all interfaces. */
static void before_make(struct place *place, const struct effect_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = held_find(place, entries[i].id, i);
		place->next_ids[i] = entries[i].id;
		place->next_before[i] = (struct effect_counts){0};
		if (at == place->held_count)
			continue;
		place->next_before[i] = place->before[at];
		for (size_t k = 0; k < place->one_count; k++) {
			struct xdp_counts counts;
			if (filter_counts_before(place->ones[k].filter, at, &counts) == OK)
				counts_add(&place->next_before[i], &counts);
		}
	}
	memcpy(place->ids, place->next_ids, count * sizeof(place->ids[0]));
	memcpy(place->before, place->next_before, count * sizeof(place->before[0]));
	place->held_count = count;
}

static int place_apply(void *context, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES])
{
	struct place *place = context;
	char why[FILTER_WHY_BYTES] = "too many rules";
	int err = count > XDP_RULES_MAX ? E_LIMIT : OK;
	for (size_t i = 0; i < place->one_count && err == OK; i++)
		err = filter_apply(place->ones[i].filter, entries_fill(place, entries, count), count, place->space, why);
	if (err == OK)
		before_make(place, entries, count);
	else
		snprintf(ret_why, EFFECTOR_WHY_BYTES, "%s", why);
	return err == E_STATE ? E_SYS : err;
}

static int place_read_back(void *context, const struct effect_entry *entries, size_t count, char ret_why[static EFFECTOR_WHY_BYTES])
{
	struct place *place = context;
	char why[FILTER_WHY_BYTES];
	int err = count > XDP_RULES_MAX ? E_LIMIT : OK;
	for (size_t i = 0; i < place->one_count && err == OK; i++) {
		err = filter_read(place->ones[i].filter, entries_fill(place, entries, count), count, place->space, why);
		if (err != OK)
			snprintf(ret_why, EFFECTOR_WHY_BYTES, "%s", why);
	}
	return err;
}

/** Looks after an interface; one that was gone gets the program again, with all that is in force. */
static void interface_follow(struct one *one)
{
	char why[FILTER_WHY_BYTES];
	enum interface_state state = filter_follow(one->filter, why);
	if (state != one->state || why[0] != '\0')
		log_line(state == INTERFACE_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "interface_%s interface=%s %s",
			interface_state_name(state), one->interface, why);
	one->state = state;
}

static int place_counts(void *context, const struct effect_entry *entries, size_t count, struct effect_counts *ret_counts)
{
	struct place *place = context;
	for (size_t i = 0; i < place->one_count; i++) {
		interface_follow(&place->ones[i]);
		if (filter_rule_count(place->ones[i].filter) != count)
			return E_STATE;
	}
	for (size_t i = 0; i < count; i++) {
		if (i >= place->held_count || place->ids[i] != entries[i].id)
			return E_STATE;
		ret_counts[i] = place->before[i];
		for (size_t k = 0; k < place->one_count; k++) {
			struct xdp_counts counts;
			int err = filter_counts(place->ones[k].filter, i, &counts);
			if (err != OK)
				return err;
			counts_add(&ret_counts[i], &counts);
		}
	}
	return OK;
}

const struct effector effector_xdp = {"xdp", place_open, place_apply, place_read_back, place_counts, place_close};
