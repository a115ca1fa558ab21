/* Slots of time, each labelled with its number so that none has to be cleared when time passes. */
#include "detect/rates.h"

#include <string.h>

void rates_init(struct rates *rates)
{
	memset(rates, 0, sizeof(*rates));
	for (unsigned i = 0; i < RATES_FINE_SLOTS; i++)
		rates->fine[i].number = -1;
	for (unsigned i = 0; i < RATES_COARSE_SLOTS; i++)
		rates->coarse[i].number = -1;
	rates->changed_from = INT64_MAX;
}

/** Adds to one place of a ring; an older number than the place holds is past its memory and left out. */
static void slot_add(struct rate_slot *slot, int64_t number, uint64_t packets, uint64_t bytes)
{
	if (slot->number > number)
		return;
	if (slot->number < number)
		*slot = (struct rate_slot){.number = number};
	slot->packets += packets;
	slot->bytes += bytes;
}

struct ring {
	struct rate_slot *slots;
	unsigned count; /* a power of two */
	int64_t width_ns;
};

/** amount * part / whole, where part is not above whole; most amounts are small enough for one division. */
static uint64_t share(uint64_t amount, int64_t part, int64_t whole)
{
	uint64_t product;
	if (!__builtin_mul_overflow(amount, (uint64_t)part, &product))
		return product / (uint64_t)whole;
	return (uint64_t)((unsigned __int128)amount * (uint64_t)part / (uint64_t)whole);
}

/** Spreads evenly; the remainder of the division goes to the last slot, so that sums stay exact. */
static void ring_spread(struct ring ring, int64_t start_ns, int64_t end_ns, uint64_t packets, uint64_t bytes)
{
	int64_t first = start_ns / ring.width_ns, last = end_ns / ring.width_ns;
	int64_t span = end_ns - start_ns + 1;
	int64_t from = last - first >= ring.count ? last - ring.count + 1 : first;
	uint64_t given_packets = 0, given_bytes = 0;
	if (from > first) {
		int64_t before_ns = from * ring.width_ns - start_ns;
		given_packets = share(packets, before_ns, span);
		given_bytes = share(bytes, before_ns, span);
	}
	for (int64_t number = from; number <= last; number++) {
		int64_t until_ns = (number + 1) * ring.width_ns - start_ns;
		if (number == last || until_ns > span)
			until_ns = span;
		uint64_t to_packets = share(packets, until_ns, span);
		uint64_t to_bytes = share(bytes, until_ns, span);
		slot_add(&ring.slots[(uint64_t)number % ring.count], number, to_packets - given_packets, to_bytes - given_bytes);
		given_packets = to_packets;
		given_bytes = to_bytes;
	}
}

void rates_add(struct rates *rates, int64_t start_ns, int64_t end_ns, uint64_t packets, uint64_t bytes)
{
	int64_t fine = end_ns / RATES_FINE_NS, coarse = end_ns / RATES_COARSE_NS;
	int64_t coarse_first = start_ns / RATES_COARSE_NS;
	if (rates->changed_from > coarse_first)
		rates->changed_from = coarse_first;
	if (start_ns / RATES_FINE_NS == fine) {
		slot_add(&rates->fine[(uint64_t)fine % RATES_FINE_SLOTS], fine, packets, bytes);
		slot_add(&rates->coarse[(uint64_t)coarse % RATES_COARSE_SLOTS], coarse, packets, bytes);
		return;
	}
	ring_spread((struct ring){rates->fine, RATES_FINE_SLOTS, RATES_FINE_NS}, start_ns, end_ns, packets, bytes);
	ring_spread((struct ring){rates->coarse, RATES_COARSE_SLOTS, RATES_COARSE_NS}, start_ns, end_ns, packets, bytes);
}

struct rate rates_second(const struct rates *rates, int64_t now_ns)
{
	int64_t now = now_ns / RATES_FINE_NS;
	struct rate rate = {0};
	for (int64_t number = now - RATES_WINDOW_SLOTS + 1; number <= now; number++) {
		const struct rate_slot *slot = &rates->fine[(uint64_t)number % RATES_FINE_SLOTS];
		if (slot->number == number) {
			rate.pps += slot->packets;
			rate.bps += slot->bytes * 8;
		}
	}
	return rate;
}

struct rate rates_highest_changed(struct rates *rates, int64_t now_ns)
{
	int64_t now = now_ns / RATES_COARSE_NS;
	int64_t from = rates->changed_from;
	struct rate highest = {0};
	if (from < now - RATES_COARSE_SLOTS + 1)
		from = now - RATES_COARSE_SLOTS + 1;
	for (int64_t number = from; number <= now; number++) {
		const struct rate_slot *slot = &rates->coarse[(uint64_t)number % RATES_COARSE_SLOTS];
		if (slot->number != number)
			continue;
		if (slot->packets > highest.pps)
			highest.pps = slot->packets;
		if (slot->bytes * 8 > highest.bps)
			highest.bps = slot->bytes * 8;
	}
	rates->changed_from = INT64_MAX;
	return highest;
}

int64_t rates_rise_ns(const struct rates *rates, int64_t now_ns, uint64_t floor_pps)
{
	int64_t now = now_ns / RATES_FINE_NS;
	int64_t rise = now;
	for (int64_t number = now; number > now - RATES_WINDOW_SLOTS; number--) {
		const struct rate_slot *slot = &rates->fine[(uint64_t)number % RATES_FINE_SLOTS];
		bool is_high = slot->number == number && slot->packets * RATES_WINDOW_SLOTS >= floor_pps;
		if (!is_high && number < now - 1)
			break;
		if (is_high)
			rise = number;
	}
	return rise * RATES_FINE_NS;
}
