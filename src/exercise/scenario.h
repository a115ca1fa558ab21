/*
 * What is to be played: attacks made of streams, and clients beside them.
 * Read from a small text file, from one of those that are built in, or made
 * for a single vector.
 *
 *     about = "one line"
 *     duration = 20s
 *     clients = all                  # none, all, web, speedtest
 *     clients_load = 1000            # permille of --clients-pps
 *     threshold = 1kpps              # hinomi exercise live and run: the sensor's threshold for a host
 *     line = 2kpps                   # hinomi exercise run: what the line to the hosts takes
 *     http_clients = 48              # and how many clients make real requests
 *     packets = 2000000              # and no more attack packets than this are sent
 *     ratify_within = 4s             # and how long an urgent order acts without being ratified
 *     attack "name" {
 *         kind = flood               # as findings name it
 *         target = "203.0.113.10"    # and target6, for --ip 6
 *         start = 3s
 *         end = 13s
 *         load = 1000                # permille of --pps
 *         pulse_on = 1s              # optional, with pulse_off; ramp = 5s; dst_port = 80
 *         decision = standing        # run: or approved, refused, ratified, lapsed, page
 *     }
 *     stream "syn_flood" {           # of the attack above
 *         share = 600                # permille of the attack
 *         start = 0s                 # optional, from the attack's start; end = 4s; sources = 100
 *     }
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"
#include "core/ip.h"
#include "exercise/recipe.h"
#include "exercise/session.h"
#include "record/finding.h"

#define SCENARIO_ATTACKS_MAX 16
#define SCENARIO_STREAMS_MAX 8 /* of one attack */
#define SCENARIO_NAME_BYTES 48
#define SCENARIO_ABOUT_BYTES 160
#define SCENARIO_PPS_MAX 100000000
#define SCENARIO_SECONDS_MAX 86400
#define SCENARIO_PLAYABLE_MS (UINT64_C(800) * 1000) /* longest with clients: clients.h counts 100 s more */
#define SCENARIO_PACKETS_MAX 100000000 /* of one live exercise */

/** One kind of packet of an attack. Times count from the start of the attack. */
struct scenario_stream {
	const struct recipe *recipe;
	uint16_t port; /* the reflector's port, 0: the recipe's */
	uint64_t permille; /* of the attack's packets per second */
	uint64_t start_ms;
	uint64_t end_ms; /* 0: as long as the attack */
	uint64_t sources; /* machines; 0: as the whole exercise */
};

/** How a measure against an attack comes to act, or does not: what the people of an exercise do. */
enum scenario_decision {
	SCENARIO_STANDING = 0, /* a standing order covers it */
	SCENARIO_APPROVED, /* it is asked for, and approved */
	SCENARIO_REFUSED, /* it is asked for, and refused */
	SCENARIO_RATIFIED, /* it is urgent, acts, and is ratified */
	SCENARIO_LAPSED, /* it is urgent, acts, nobody ratifies it, and it ends by itself */
	SCENARIO_PAGE, /* it is asked for, and left to whoever looks on at the page; played only where there is one */
	SCENARIO_DECISION_COUNT
};

extern const char *const scenario_decision_names[SCENARIO_DECISION_COUNT + 1];

/** One attack: one finding is expected. Times count from the start of the exercise. */
struct scenario_attack {
	char name[SCENARIO_NAME_BYTES];
	enum finding_kind kind;
	enum scenario_decision decision;
	struct ip_prefix target; /* of the member; for an outbound attack the address that attacks */
	bool has_dst_port; /* dst_port is for all streams */
	uint64_t dst_port; /* 0: random */
	uint64_t permille; /* of the exercise's packets per second */
	uint64_t start_ms;
	uint64_t end_ms;
	uint64_t on_ms; /* pulse: sends for this long, 0: always */
	uint64_t off_ms; /* and is silent for this long */
	uint64_t ramp_ms; /* grows to its full rate over this time, 0: at once */
	size_t stream_count;
	struct scenario_stream streams[SCENARIO_STREAMS_MAX];
};

struct scenario {
	char name[SCENARIO_NAME_BYTES];
	char about[SCENARIO_ABOUT_BYTES];
	bool is_v4;
	struct ip_prefix member;
	uint64_t duration_ms;
	uint64_t seed;
	uint64_t pps; /* attack packets per second at permille 1000 */
	uint64_t clients_pps; /* of legitimate clients at permille 1000 */
	uint64_t clients_permille;
	enum session_mix clients;
	uint64_t client_machines; /* how many there are outside */
	uint64_t client_sessions; /* at the same time */
	uint64_t threshold_pps; /* live, run: the sensor's, of one host; 0: the file does not say */
	uint64_t line_pps; /* run: what the line to the hosts takes */
	uint64_t http_clients; /* run: machines that make real requests */
	uint64_t packets_max; /* run: attack packets */
	uint64_t ratify_ms; /* run: how long an urgent order acts without being ratified */
	uint64_t sources; /* machines of a botnet, amplifiers; 0: as each recipe has them */
	size_t attack_count;
	struct scenario_attack attacks[SCENARIO_ATTACKS_MAX];
};

/** What the command line says on top of a scenario. */
struct scenario_options {
	bool is_v4;
	const char *target; /* NULL: the scenario's; else an address or prefix for all inbound attacks */
	uint64_t seed;
	uint64_t pps;
	uint64_t clients_pps;
	uint64_t sources; /* 0: as each recipe has them */
	uint64_t duration_ms; /* 0: the scenario's */
};

struct scenario_builtin {
	const char *name;
	const char *text;
};

extern const struct scenario_builtin scenario_builtins[];
extern const unsigned scenario_builtin_count;

/**
 * Makes the scenario of one vector at full rate from the first to the last moment.
 *
 * @param vector its name, as recipe_find() takes it
 * @param options target, rates and length (10 s if it says none)
 * @param why room for one line that tells what is wrong
 * @param ret_scenario filled on OK
 * @return OK or E_CONFIG
 */
MUST_USE int scenario_of_vector(const char *vector, const struct scenario_options *options, char why[static 160],
	struct scenario *ret_scenario);

/**
 * Leaves out what people at the page decide, for where there is none; what follows nothing else then ends earlier.
 *
 * @param scenario changed
 */
void scenario_without_page(struct scenario *scenario);

/** Whether an exercise of it can be judged: it is short enough, and only has attacks that are met by rules. */
bool scenario_is_playable(const struct scenario *scenario);

/**
 * Reads a scenario.
 *
 * @param name of a built-in one, or path of a file
 * @param options rates; a target overrides those of floods
 * @param why room for one line that tells what is wrong
 * @param ret_scenario filled on OK
 * @return OK or E_CONFIG
 */
MUST_USE int scenario_read(const char *name, const struct scenario_options *options, char why[static 160],
	struct scenario *ret_scenario);
