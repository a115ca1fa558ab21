/*
 * Legitimate clients of an exercise: each is a machine with an address of its
 * own that asks one of the member's services for a page once a second, over a
 * TCP connection of its own, and has one second to get all of it.
 *
 * Every request ends as exactly one of: served (all of the page within the
 * deadline), late (not all of it by then), failed (refused, reset, or not
 * what was asked for). Counted by the second in which it was made.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

#define CLIENTS_MAX 256
#define CLIENTS_SERVICES_MAX 16
#define CLIENTS_SECONDS_MAX 900 /* requests of later seconds are not made */
#define CLIENTS_EVERY_MS 1000 /* each asks this often */
#define CLIENTS_DEADLINE_MS 1000

struct clients_second {
	_Atomic uint32_t asked;
	_Atomic uint32_t served;
	_Atomic uint32_t late;
	_Atomic uint32_t failed;
};

/** What was counted, by second and service; shared between the clients' process and its parent. */
struct clients_counts {
	struct clients_second seconds[CLIENTS_SECONDS_MAX][CLIENTS_SERVICES_MAX];
};

/** All that the clients' process needs. */
struct clients_plan {
	int64_t start_mono_ns; /* second 0 begins */
	uint64_t duration_ms; /* no request is made later */
	size_t client_count; /* at most CLIENTS_MAX */
	struct ip_addr clients[CLIENTS_MAX];
	uint8_t ttl[CLIENTS_MAX];
	size_t service_count; /* the i-th client asks service i modulo this */
	struct ip_addr services[CLIENTS_SERVICES_MAX];
	uint64_t seed;
	struct clients_counts *counts; /* borrowed */
};

/** Zeroed counts that a forked process shares; NULL: no memory. Free with clients_counts_free(). */
struct clients_counts *clients_counts_new(void);
void clients_counts_free(struct clients_counts *counts);

/**
 * Plays the clients; to be run in a process and namespace of its own.
 *
 * @param context a struct clients_plan
 * @return exit status: 0 when all is asked and answered
 */
int clients_run(void *context);

/** Numbers of some requests. */
struct clients_sum {
	uint64_t asked;
	uint64_t served;
	uint64_t late;
	uint64_t failed;
};

/**
 * Adds up.
 *
 * @param counts shared
 * @param from first second
 * @param to second after the last
 * @param service of one service; CLIENTS_SERVICES_MAX: of all
 */
struct clients_sum clients_sum(const struct clients_counts *counts, size_t from, size_t to, size_t service);
