/*
 * A member's network of an exercise, with real hosts: three network
 * namespaces without a way out, and veth pairs between them. Outside are the
 * clients (real sockets, on addresses of their own) and whoever attacks
 * (frames of exercise/wire.h); at the edge is whatever defends the member;
 * behind it is a line of limited capacity to the hosts.
 *
 *     outside ── veth ── edge: effector, sensor ── line: N packets/s ── hosts
 *
 * The line is the honest part of the model: a queue of 50 ms, served at N
 * packets a second whatever their size and whoever sent them (tc-tbf(8) that
 * charges each packet the same); what finds it full is lost. So a flood that
 * is larger than the line crowds out clients as it does on a small uplink or
 * a firewall, and nothing else decides who suffers. Hosts are as the kernel
 * makes them, SYN cookies and all. An attack larger than the link in front of
 * the edge is not modelled: that is for an upstream.
 *
 * Everything goes away with the process that opened it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "exercise/wire.h"

#define PLACE_CLIENTS_MAX 264

struct place; /* opaque */

struct place_config {
	const char *label; /* one letter, part of the interfaces' names */
	bool is_v4;
	uint64_t line_pps; /* what the line takes, in the direction of the hosts */
	const struct ip_addr *clients; /* addresses outside; read, not kept */
	size_t client_count; /* at most PLACE_CLIENTS_MAX */
};

/** Packets since the place was opened. */
struct place_counts {
	uint64_t asked; /* that the clients sent */
	uint64_t clients; /* of these, that the edge let through, on their way to the line */
	uint64_t others; /* from all other addresses, likewise: the attack */
};

/**
 * Makes the place. The process leaves its network namespace for the outer one of this place.
 *
 * @param config read, not kept
 * @param why room for one line that tells what is wrong
 * @param ret_place owned by the caller, close with place_close()
 * @return OK; E_DENIED: this machine gives no namespaces, veth pairs or nftables to this process; E_NOMEM; E_SYS
 */
MUST_USE int place_open(const struct place_config *config, char why[static 160], struct place **ret_place);

/** NULL is fine. */
void place_close(struct place *place);

/** The namespace with the clients, for struct program_place; stays the place's. */
int place_outside_fd(const struct place *place);

/** The namespace at the edge. */
int place_edge_fd(const struct place *place);

/** The namespace with the hosts. */
int place_hosts_fd(const struct place *place);

/** The interface at the edge on which everything arrives. */
const char *place_interface(const struct place *place);

/** Where the attack is sent from; stays the place's. */
struct wire *place_wire(struct place *place);

/** Reads the counters. Returns OK or E_SYS. */
MUST_USE int place_count(const struct place *place, struct place_counts *ret_counts);
