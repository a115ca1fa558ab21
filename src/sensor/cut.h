/*
 * The cut: how much of a packet may enter this process, decided in the kernel
 * by a socket filter before the packet is copied anywhere. See cut.c for the
 * rule, which filter.bpf.c follows too. Where sampling is asked for, the same
 * filter chooses the packets.
 *
 * Does not refuse anything: a packet it cannot follow is cut.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

/**
 * Attaches the cut to a packet socket, for good: it can be neither changed nor taken off again.
 *
 * @param fd an AF_PACKET socket
 * @param is_ethernet frames start with an Ethernet header; else with the IP header
 * @param sampling one packet in so many is kept, chosen at random; 1: all
 * @return OK or E_SYS with errno
 */
MUST_USE int cut_attach(int fd, bool is_ethernet, uint32_t sampling);
