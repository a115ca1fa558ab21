/*
 * Sets of four under a hash of address and host. An address has a credit,
 * which grows with its packets; one that finds no place takes one credit from
 * the poorest of its set, and its place when there is none left. So forged
 * addresses, seen once each, do not wash out those that really send (after
 * Yang et al., "Elastic Sketch", SIGCOMM 2018).
 *
 * What an attack over connections looks like, for one address:
 *   payload     nearly all its packets carry payload, of the attack's length
 *               where it has one, else fast and to no end. Clients ask, and
 *               then acknowledge what they are sent: of five packets one asks.
 *   connections opened one after the other, and nothing said in them
 *   requests    connection after connection, faster than people click.
 *               Browsers open six at once, and are done.
 *
 * Counts are of packets that were looked at: of those that were passed over
 * (thin.h) none counts against an address. Before such an attack is told a
 * part is seen; from then on every packet to its target.
 */
#include "detect/senders.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "detect/engine.h"

#define WAYS 4
#define CREDIT_MAX 8 /* so many packets of others it stands without one of its own */
#define STALE_MS 10000 /* silent for so long it is none of those who send now */
#define LENGTHS_PERMILLE 600 /* of a vector's packets: the attack has one length */
#define FULL_BYTES 1400 /* segments of an upload: no machine's mould */
#define DATA_MIN 5 /* packets with payload that make a habit */
#define DATA_LIKE_MIN 3 /* where they are of the attack's length */
#define DATA_PPS_MIN 10 /* where the attack has no length of its own */
#define LASTED_MIN_MS 300
#define STABLE_MIN 20 /* packets that were looked at, all with one TTL: as judge_peer() asks of estimates */
#define OPENS_MIN 4 /* connections that make a habit */
#define OPENS_LASTED_MIN_MS 500 /* between the first and the last: not those of one page */
#define OPENS_PER_S 2 /* of those that are seen */

/** One address at one host. */
struct sender {
	struct ip_addr addr;
	uint32_t host; /* bits of the host's hash, never 0; 0: empty */
	uint32_t packets; /* corrected for sampling and what was passed over */
	uint32_t first_ms, last_ms; /* of the clock, modulo 2^32 */
	uint32_t opened_ms; /* the last connection */
	uint16_t seen; /* packets that were looked at, as all that follow */
	uint16_t data; /* with payload */
	uint16_t bare; /* acknowledgements alone */
	uint16_t opens; /* SYNs from another port than the one before */
	uint16_t opening_port;
	uint16_t length; /* IP length of most packets with payload */
	uint16_t votes; /* by how many more (Boyer and Moore) */
	uint16_t greeted; /* SYN-ACKs of the host */
	uint16_t answered; /* its other packets: it has a connection */
	uint16_t refused; /* its RSTs */
	uint8_t ttl_min, ttl_max;
	uint8_t traits; /* enum peer_trait */
	uint8_t credit;
};

struct senders {
	uint32_t set_count; /* a power of two */
	struct sender *table;
};

/** What the attack's vectors do. */
struct manner {
	bool is_payload, is_connecting, is_requesting;
	uint32_t length; /* of the payload's packets; 0: many */
};

static uint32_t sets_of(uint32_t count)
{
	uint32_t sets = 1;
	while (sets * 2 <= count / WAYS)
		sets *= 2;
	return sets;
}

uint64_t senders_memory_bytes(uint32_t count)
{
	return sizeof(struct senders) + (uint64_t)sets_of(count) * WAYS * sizeof(struct sender);
}

struct senders *senders_new(uint32_t count)
{
	struct senders *senders = calloc(1, sizeof(*senders));
	if (senders == NULL)
		return NULL;
	senders->set_count = sets_of(count);
	senders->table = engine_reserve((uint64_t)senders->set_count * WAYS * sizeof(struct sender));
	if (senders->table == NULL) {
		free(senders);
		return NULL;
	}
	return senders;
}

void senders_free(struct senders *senders)
{
	if (senders == NULL)
		return;
	engine_release(senders->table, (uint64_t)senders->set_count * WAYS * sizeof(struct sender));
	free(senders);
}

static uint32_t ms_of(int64_t time_ns)
{
	return (uint32_t)((uint64_t)time_ns / NS_PER_MS);
}

static void add16(uint16_t *count)
{
	*count += *count < UINT16_MAX;
}

static struct sender *set_of(const struct senders *senders, uint64_t host_hash, uint64_t peer_hash)
{
	uint64_t hash = hash_mix(peer_hash ^ host_hash, UINT64_C(0x9e3779b97f4a7c15));
	return &senders->table[(hash & (senders->set_count - 1)) * WAYS];
}

static struct sender *set_find(struct sender *set, uint32_t host, const struct ip_addr *addr)
{
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].host == host && ip_equal(&set[i].addr, addr))
			return &set[i];
	}
	return NULL;
}

/** A place for an address that has none; NULL: the others of its set have sent more. */
static struct sender *set_room(struct sender *set, uint32_t now_ms)
{
	struct sender *poorest = &set[0];
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].host == 0 || now_ms - set[i].last_ms > STALE_MS)
			return &set[i];
		if (set[i].credit < poorest->credit)
			poorest = &set[i];
	}
	if (poorest->credit == 0)
		return poorest;
	poorest->credit--;
	return NULL;
}

static void note_length(struct sender *sender, uint16_t length_bytes)
{
	if (sender->votes == 0)
		sender->length = length_bytes;
	if (sender->length == length_bytes)
		add16(&sender->votes);
	else
		sender->votes--;
}

static void note_flags(struct sender *sender, const struct observation *obs, uint32_t now_ms)
{
	if (obs->tcp_flags & TCP_SYN) {
		sender->traits |= PEER_SYN;
		if (sender->opens == 0 || obs->src_port != sender->opening_port) {
			add16(&sender->opens);
			sender->opening_port = obs->src_port;
			sender->opened_ms = now_ms;
		}
		return;
	}
	if (!(obs->tcp_flags & TCP_ACK) || obs->tcp_flags & TCP_RST)
		return;
	sender->traits |= PEER_DATA | (sender->traits & PEER_SYN ? PEER_AFTER_SYN : 0);
	if (obs->payload_bytes > 0 || obs->tcp_flags & TCP_PSH) {
		add16(&sender->data);
		note_length(sender, obs->length_bytes);
	} else {
		add16(&sender->bare);
	}
}

void senders_note(struct senders *senders, uint64_t host_hash, const struct observation *obs, const struct mark *mark,
	uint64_t weight)
{
	uint32_t now_ms = ms_of(mark->end_ns), host = (uint32_t)host_hash | 1;
	bool is_of_service = (obs->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	if (is_of_service || obs->traits & (TRAIT_FLOW | TRAIT_SHORT | TRAIT_FRAGMENT_LATER))
		return;
	struct sender *set = set_of(senders, host_hash, mark->src_hash), *sender = set_find(set, host, &obs->src);
	if (sender == NULL) {
		sender = set_room(set, now_ms);
		if (sender == NULL)
			return;
		*sender = (struct sender){.addr = obs->src, .host = host, .first_ms = now_ms, .ttl_min = UINT8_MAX};
	}
	uint64_t packets = sender->packets + mark->packets * weight;
	sender->packets = packets < UINT32_MAX ? (uint32_t)packets : UINT32_MAX;
	sender->last_ms = now_ms;
	sender->traits |= PEER_DIRECT | (obs->traits & TRAIT_TCP_SEQ_IS_DST ? PEER_MIRAI : 0);
	sender->credit += sender->credit < CREDIT_MAX;
	add16(&sender->seen);
	if (obs->traits & TRAIT_TTL_KNOWN) {
		sender->traits |= PEER_TTL_KNOWN;
		sender->ttl_min = obs->ttl < sender->ttl_min ? obs->ttl : sender->ttl_min;
		sender->ttl_max = obs->ttl > sender->ttl_max ? obs->ttl : sender->ttl_max;
	}
	note_flags(sender, obs, now_ms);
}

void senders_note_answer(struct senders *senders, uint64_t host_hash, const struct observation *obs, const struct mark *mark)
{
	struct sender *sender = set_find(set_of(senders, host_hash, mark->dst_hash), (uint32_t)host_hash | 1, &obs->dst);
	if (sender == NULL)
		return;
	if (obs->tcp_flags & TCP_RST)
		add16(&sender->refused);
	else
		add16(obs->tcp_flags & TCP_SYN ? &sender->greeted : &sender->answered);
}

bool senders_concern(const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->count; i++) {
		unsigned vector = verdict->vectors[i].vector;
		if (vector == VECTOR_STOMP_FLOOD || vector == VECTOR_PSH_ACK_FLOOD || vector == VECTOR_CONNECTION_FLOOD ||
			vector == VECTOR_REQUEST_FLOOD)
			return true;
	}
	return false;
}

static struct manner manner_of(const struct profile *profile, const struct verdict *verdict)
{
	struct manner manner = {0};
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct slot *slot = &profile->slots[verdict->vectors[i].slot];
		uint32_t length = 0;
		bool has_length = top_first_permille(&slot->lengths, &length) >= LENGTHS_PERMILLE;
		switch ((unsigned)verdict->vectors[i].vector) {
		case VECTOR_STOMP_FLOOD:
		case VECTOR_PSH_ACK_FLOOD:
			manner.is_payload = true;
			manner.length = has_length ? length : 0;
			break;
		case VECTOR_CONNECTION_FLOOD:
			manner.is_connecting = true;
			break;
		case VECTOR_REQUEST_FLOOD:
			manner.is_requesting = true;
			if (has_length && slot->vector == VECTOR_PSH_ACK_FLOOD && !manner.is_payload) {
				manner.is_payload = true;
				manner.length = length;
			}
			break;
		default:
			break;
		}
	}
	return manner;
}

static bool sends_payload(const struct sender *sender, const struct manner *manner)
{
	unsigned opening = sender->opens * 2u; /* SYN and ACK */
	unsigned others = sender->seen > opening ? sender->seen - opening : 0;
	unsigned least = manner->length != 0 ? DATA_LIKE_MIN : DATA_MIN;
	if (!manner->is_payload || sender->data < least || sender->data * 10u < others * 8u)
		return false;
	bool has_length = sender->votes * 10u >= sender->data * 6u;
	if (manner->length != 0)
		return has_length && sender->length == manner->length;
	uint32_t lasted_ms = sender->last_ms - sender->first_ms;
	return lasted_ms >= LASTED_MIN_MS && sender->length < FULL_BYTES &&
		sender->packets * UINT64_C(1000) >= (uint64_t)DATA_PPS_MIN * lasted_ms;
}

static bool opens_on_and_on(const struct sender *sender)
{
	return sender->opens >= OPENS_MIN && sender->opened_ms - sender->first_ms >= OPENS_LASTED_MIN_MS;
}

static bool connects_for_nothing(const struct sender *sender, const struct manner *manner)
{
	return manner->is_connecting && opens_on_and_on(sender) && sender->data == 0 && sender->bare * 2u >= sender->opens;
}

static bool requests_on_and_on(const struct sender *sender, const struct manner *manner)
{
	return manner->is_requesting && opens_on_and_on(sender) && sender->data > 0 &&
		sender->opens * UINT64_C(1000) >= (uint64_t)OPENS_PER_S * (sender->last_ms - sender->first_ms);
}

/** Whether the host's packets, where they are seen, say that there are connections: who forges an address gets none, or RST. */
static bool is_borne_out(const struct sender *sender, const struct senders_question *question, bool is_silent)
{
	return !question->sees_answers || sender->answered > 0 || (is_silent && sender->greeted > 0 && sender->refused == 0);
}

/**
 * The verdict that a finding would give. There a source's count is an estimate, so that beside a flood of forged addresses
 * all are taken for forged; here it is exact, and nobody draws one address at random twenty times.
 */
static bool is_real(const struct sender *sender, const struct senders_question *question)
{
	char why[96];
	const struct peer peer = {.addr = sender->addr, .packets = sender->packets, .traits = sender->traits,
		.ttl_min = sender->ttl_min, .ttl_max = sender->ttl_max};
	bool is_bogon = intel_is_bogon(&sender->addr) && !intel_is_bogon(&question->profile->end.addr);
	bool is_stable = sender->traits & PEER_TTL_KNOWN && sender->ttl_max - sender->ttl_min <= 1;
	return judge_peer(question->profile, &peer, is_bogon, why) == SOURCE_BOT ||
		(!is_bogon && is_stable && sender->seen >= STABLE_MIN);
}

static bool is_bot(const struct sender *sender, const struct senders_question *question, const struct manner *manner)
{
	bool is_silent = connects_for_nothing(sender, manner);
	if (!is_silent && !sends_payload(sender, manner) && !requests_on_and_on(sender, manner))
		return false;
	return is_borne_out(sender, question, is_silent) && is_real(sender, question);
}

size_t senders_name(const struct senders *senders, const struct senders_question *question, struct ip_addr *ret_addrs, size_t max)
{
	const struct manner manner = manner_of(question->profile, question->verdict);
	uint32_t host = (uint32_t)question->profile->host_hash | 1, now_ms = ms_of(question->now_ns);
	size_t count = 0;
	if (!senders_concern(question->verdict))
		return 0;
	for (size_t i = 0; i < (size_t)senders->set_count * WAYS && count < max; i++) {
		const struct sender *sender = &senders->table[i];
		if (sender->host == host && now_ms - sender->last_ms <= STALE_MS && is_bot(sender, question, &manner))
			ret_addrs[count++] = sender->addr;
	}
	return count;
}
