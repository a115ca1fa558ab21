/*
 * Levels are kept on a logarithmic scale of eighths of an octave: 9 % a step,
 * one byte for each metric and hour. A minute's peak above the level lifts it
 * by one step with probability 1/4, below lowers it by one with probability
 * 1/76: at rest one minute in twenty is above. A peak of more than four times
 * the level lifts with probability 1/64 only.
 *
 * Saved form, numbers big-endian:
 *   8 bytes  "HNBASE01", the version
 *   4 bytes  number of entries
 *   entries  16 bytes address, 24 bytes minutes learned by hour (capped at
 *            255), 24 * BASELINE_METRICS bytes of levels, metric after metric
 *   8 bytes  FNV-1a of all that came before
 * A file is valid when its length is exactly that, the sum fits, and there
 * are no more entries than the table holds.
 */
#include "detect/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/cursor.h"
#include "detect/classify.h"
#include "detect/engine.h"

#define HOURS 24
#define ENTRY_WAYS 4
#define LEARNED_MINUTES 60 /* around an hour, before its level means anything */
#define FACTOR 4 /* a learned threshold is so many times the level */
#define FORGET_S (14 * 24 * 3600) /* an end not seen for so long makes room */
#define SAVED_ENTRY_BYTES (16 + HOURS + HOURS * BASELINE_METRICS)
#define SAVED_HEAD_BYTES 12

static const char magic[8] = {'H', 'N', 'B', 'A', 'S', 'E', '0', '1'};

struct entry {
	struct ip_addr addr;
	int64_t seen_s; /* 0: empty */
	bool is_distrusted; /* in this minute */
	uint64_t second[BASELINE_METRICS]; /* counted in the present second */
	uint64_t peak[BASELINE_METRICS]; /* highest second of the present minute */
	uint8_t minutes[HOURS];
	uint8_t levels[BASELINE_METRICS][HOURS];
};

struct baseline {
	struct hash_key key;
	struct entry *entries;
	uint64_t set_count; /* a power of two */
	int64_t second; /* present second */
	int64_t minute;
	uint64_t random;
};

static const char *const metric_names[BASELINE_METRICS] = {
	[BASELINE_PPS] = "learned_pps",
	[BASELINE_BPS] = "learned_bps",
	[BASELINE_TCP_PPS] = "learned_tcp_pps",
	[BASELINE_UDP_PPS] = "learned_udp_pps",
	[BASELINE_ICMP_PPS] = "learned_icmp_pps",
	[BASELINE_SYN_PPS] = "learned_syn_pps",
	[BASELINE_DNS_PPS] = "learned_dns_pps",
	[BASELINE_QUIC_PPS] = "learned_quic_pps",
	[BASELINE_NTP_PPS] = "learned_ntp_pps",
	[BASELINE_VPN_PPS] = "learned_vpn_pps",
	[BASELINE_OUT_PPS] = "learned_out_pps",
	[BASELINE_OUT_BPS] = "learned_out_bps",
};

const char *baseline_metric_name(enum baseline_metric metric)
{
	return metric_names[metric];
}

struct baseline *baseline_new(const struct hash_key *key, uint64_t memory_bytes)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	if (baseline == NULL)
		return NULL;
	baseline->key = *key;
	baseline->random = key->word[1] | 1;
	baseline->set_count = 1;
	while (baseline->set_count * 2 * ENTRY_WAYS * sizeof(struct entry) <= memory_bytes)
		baseline->set_count *= 2;
	baseline->entries = engine_reserve(baseline->set_count * ENTRY_WAYS * sizeof(struct entry));
	if (baseline->entries == NULL) {
		free(baseline);
		return NULL;
	}
	return baseline;
}

void baseline_free(struct baseline *baseline)
{
	if (baseline == NULL)
		return;
	engine_release(baseline->entries, baseline->set_count * ENTRY_WAYS * sizeof(struct entry));
	free(baseline);
}

static struct entry *set_of(const struct baseline *baseline, const struct ip_addr *addr)
{
	uint64_t hash = hash_pair(&baseline->key, addr->be64[0], addr->be64[1]);
	return &baseline->entries[(hash >> 24 & (baseline->set_count - 1)) * ENTRY_WAYS];
}

static struct entry *entry_find(const struct baseline *baseline, const struct ip_addr *addr)
{
	struct entry *set = set_of(baseline, addr);
	for (unsigned i = 0; i < ENTRY_WAYS; i++) {
		if (set[i].seen_s != 0 && ip_equal(&set[i].addr, addr))
			return &set[i];
	}
	return NULL;
}

/** The entry of an end; a new one takes an empty place or one long unseen, never what is being learned. */
static struct entry *entry_place(struct baseline *baseline, const struct ip_addr *addr, int64_t now_s)
{
	struct entry *found = entry_find(baseline, addr);
	if (found != NULL)
		return found;
	struct entry *set = set_of(baseline, addr);
	for (unsigned i = 0; i < ENTRY_WAYS; i++) {
		if (set[i].seen_s == 0 || now_s - set[i].seen_s > FORGET_S) {
			memset(&set[i], 0, sizeof(set[i]));
			set[i].addr = *addr;
			set[i].seen_s = now_s;
			return &set[i];
		}
	}
	return NULL;
}

static enum baseline_metric service_metric(const struct observation *obs)
{
	switch (obs->dst_port) {
	case 53:
		return BASELINE_DNS_PPS;
	case 443:
		return BASELINE_QUIC_PPS;
	case 123:
		return BASELINE_NTP_PPS;
	case 500:
	case 1194:
	case 4500:
	case 51820:
		return BASELINE_VPN_PPS;
	default:
		return BASELINE_UDP_PPS;
	}
}

static void entry_count(struct entry *entry, const struct observation *obs, bool is_out, uint64_t packets, uint64_t bytes)
{
	if (is_out) {
		entry->second[BASELINE_OUT_PPS] += packets;
		entry->second[BASELINE_OUT_BPS] += bytes * 8;
		return;
	}
	entry->second[BASELINE_PPS] += packets;
	entry->second[BASELINE_BPS] += bytes * 8;
	if (obs->protocol == PROTOCOL_TCP) {
		entry->second[BASELINE_TCP_PPS] += packets;
		if ((obs->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
			entry->second[BASELINE_SYN_PPS] += packets;
	} else if (obs->protocol == PROTOCOL_UDP) {
		enum baseline_metric service = service_metric(obs);
		entry->second[BASELINE_UDP_PPS] += packets;
		if (service != BASELINE_UDP_PPS)
			entry->second[service] += packets;
	} else if (obs->protocol == PROTOCOL_ICMP || obs->protocol == PROTOCOL_ICMPV6) {
		entry->second[BASELINE_ICMP_PPS] += packets;
	}
}

void baseline_count(struct baseline *baseline, const struct ip_addr *host, const struct ip_addr *site,
	const struct observation *obs, bool is_out, uint64_t packets, uint64_t bytes)
{
	struct entry *entries[] = {
		entry_place(baseline, host, baseline->second),
		entry_place(baseline, site, baseline->second),
	};
	for (unsigned i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i] == NULL)
			continue;
		entries[i]->seen_s = baseline->second;
		entry_count(entries[i], obs, is_out, packets, bytes);
	}
}

/** A rate as a level: eighths of an octave, 0 for none. */
static uint8_t level_of(uint64_t per_s)
{
	if (per_s == 0)
		return 0;
	double level = log2((double)per_s) * 8 + 1;
	return level > 255 ? 255 : (uint8_t)level;
}

static uint64_t rate_of(uint8_t level)
{
	return level == 0 ? 0 : (uint64_t)(exp2((level - 1) / 8.0) + 0.5);
}

static bool chance(struct baseline *baseline, unsigned one_in)
{
	baseline->random = baseline->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (baseline->random >> 33) % one_in == 0;
}

static void learn(struct baseline *baseline, struct entry *entry, unsigned metric, unsigned hour)
{
	uint8_t *level = &entry->levels[metric][hour];
	uint8_t peak = level_of(entry->peak[metric]);
	if (entry->minutes[hour] == 0 || *level == 0) {
		*level = peak;
		return;
	}
	bool is_strange = peak > *level + 16; /* four times */
	if (peak > *level && *level < 255 && chance(baseline, is_strange ? 64 : 4))
		(*level)++;
	else if (peak < *level && chance(baseline, 76))
		(*level)--;
}

static void close_minute(struct baseline *baseline, struct entry *entry, unsigned hour)
{
	if (!entry->is_distrusted && entry->peak[BASELINE_PPS] + entry->peak[BASELINE_OUT_PPS] > 0) {
		for (unsigned metric = 0; metric < BASELINE_METRICS; metric++)
			learn(baseline, entry, metric, hour);
		if (entry->minutes[hour] < 255)
			entry->minutes[hour]++;
	}
	entry->is_distrusted = false;
	memset(entry->peak, 0, sizeof(entry->peak));
}

static unsigned hour_of(int64_t second)
{
	return (unsigned)(second / 3600 % HOURS);
}

void baseline_advance(struct baseline *baseline, int64_t now_ns)
{
	int64_t second = now_ns / NS_PER_S;
	if (second == baseline->second)
		return;
	bool is_first = baseline->second == 0; /* what was loaded counts as seen now */
	bool is_minute = second / 60 != baseline->minute;
	unsigned hour = hour_of(baseline->second);
	for (uint64_t i = 0; i < baseline->set_count * ENTRY_WAYS; i++) {
		struct entry *entry = &baseline->entries[i];
		if (entry->seen_s == 0)
			continue;
		for (unsigned metric = 0; metric < BASELINE_METRICS; metric++) {
			if (entry->second[metric] > entry->peak[metric])
				entry->peak[metric] = entry->second[metric];
		}
		memset(entry->second, 0, sizeof(entry->second));
		if (is_first)
			entry->seen_s = second;
		else if (is_minute)
			close_minute(baseline, entry, hour);
	}
	baseline->second = second;
	baseline->minute = second / 60;
}

void baseline_distrust(struct baseline *baseline, const struct ip_addr *end)
{
	struct entry *entry = entry_find(baseline, end);
	if (entry != NULL)
		entry->is_distrusted = true;
}

bool baseline_limit(const struct baseline *baseline, const struct ip_addr *end, enum baseline_metric metric,
	int64_t now_ns, uint64_t *ret_limit)
{
	const struct entry *entry = entry_find(baseline, end);
	if (entry == NULL)
		return false;
	unsigned hour = hour_of(now_ns / NS_PER_S), minutes = 0;
	uint8_t level = 0;
	for (unsigned i = 0; i < 3; i++) {
		unsigned at = (hour + HOURS - 1 + i) % HOURS;
		minutes += entry->minutes[at];
		if (entry->levels[metric][at] > level)
			level = entry->levels[metric][at];
	}
	if (minutes < LEARNED_MINUTES)
		return false;
	bool is_bits = metric == BASELINE_BPS || metric == BASELINE_OUT_BPS;
	uint64_t floor = is_bits ? BASELINE_FLOOR_BPS : BASELINE_FLOOR_PPS;
	uint64_t limit = rate_of(level) * FACTOR;
	*ret_limit = limit > floor ? limit : floor;
	return true;
}

uint64_t baseline_memory_bytes(const struct baseline *baseline)
{
	return sizeof(*baseline) + baseline->set_count * ENTRY_WAYS * sizeof(struct entry);
}

static uint64_t sum_of(const uint8_t *bytes, size_t length_bytes)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length_bytes; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

static void put_be(uint8_t *at, uint64_t value, unsigned length_bytes)
{
	for (unsigned i = 0; i < length_bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (length_bytes - 1 - i)));
}

int baseline_save(const struct baseline *baseline, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	uint64_t places = baseline->set_count * ENTRY_WAYS, count = 0;
	for (uint64_t i = 0; i < places; i++)
		count += baseline->entries[i].seen_s != 0;
	size_t length = SAVED_HEAD_BYTES + count * SAVED_ENTRY_BYTES + 8;
	uint8_t *bytes = malloc(length);
	if (bytes == NULL)
		return E_NOMEM;
	memcpy(bytes, magic, sizeof(magic));
	put_be(bytes + sizeof(magic), count, 4);
	uint8_t *at = bytes + SAVED_HEAD_BYTES;
	for (uint64_t i = 0; i < places; i++) {
		const struct entry *entry = &baseline->entries[i];
		if (entry->seen_s == 0)
			continue;
		memcpy(at, entry->addr.bytes, 16);
		memcpy(at + 16, entry->minutes, HOURS);
		memcpy(at + 16 + HOURS, entry->levels, sizeof(entry->levels));
		at += SAVED_ENTRY_BYTES;
	}
	put_be(at, sum_of(bytes, length - 8), 8);
	*ret_bytes = bytes;
	*ret_length_bytes = length;
	return OK;
}

int baseline_load(struct baseline *baseline, const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes < SAVED_HEAD_BYTES + 8)
		return E_TRUNCATED;
	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return E_UNSUPPORTED;
	struct cursor cur = cursor_over(bytes + sizeof(magic), length_bytes - sizeof(magic));
	uint64_t count = cursor_be32(&cur);
	if (count > baseline->set_count * ENTRY_WAYS || length_bytes != SAVED_HEAD_BYTES + count * SAVED_ENTRY_BYTES + 8)
		return E_MALFORMED;
	struct cursor tail = cursor_over(bytes + length_bytes - 8, 8);
	if (cursor_be64(&tail) != sum_of(bytes, length_bytes - 8))
		return E_MALFORMED;
	for (uint64_t i = 0; i < count; i++) {
		struct ip_addr addr;
		cursor_copy(&cur, addr.bytes, sizeof(addr.bytes));
		struct entry *entry = entry_place(baseline, &addr, 1);
		const uint8_t *learned = cursor_take(&cur, HOURS + HOURS * BASELINE_METRICS);
		if (entry == NULL || learned == NULL)
			continue;
		memcpy(entry->minutes, learned, HOURS);
		memcpy(entry->levels, learned + HOURS, sizeof(entry->levels));
	}
	return cur.error;
}
