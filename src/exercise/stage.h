/*
 * One of the two networks on which the same exercise is played, one with
 * Hinomi and one without: its place, its hosts, its clients.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "exercise/clients.h"
#include "exercise/frame.h"
#include "exercise/place.h"
#include "exercise/scenario.h"

struct stage {
	struct place *place;
	struct clients_counts *counts;
	struct clients_plan plan;
	pid_t server;
	pid_t clients;
};

/** The addresses that clients ask: the targets that are one address, or the first hosts of those that are more. */
size_t stage_services(const struct scenario *scenario, struct ip_addr ret_services[static CLIENTS_SERVICES_MAX]);

/**
 * Makes the place and starts its hosts. This process ends up in its outer namespace.
 *
 * @param scenario what will be played
 * @param label one letter
 * @param why room for one line that tells what is wrong
 * @param ret_stage filled on OK; after an error too stage_close() is right
 * @return as place_open()
 */
MUST_USE int stage_open(const struct scenario *scenario, const char *label, char why[static 160], struct stage *ret_stage);

/** Starts the clients; second 0 begins at start_mono_ns. Returns OK or E_SYS. */
MUST_USE int stage_begin(struct stage *stage, int64_t start_mono_ns);

/** Whether hosts and clients still do what they should; clients may be done after the end. */
bool stage_is_whole(const struct stage *stage, bool is_over);

void stage_close(struct stage *stage);
