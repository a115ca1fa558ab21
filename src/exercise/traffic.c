/*
 * Each stream knows when its next packet is due (due_ns: the clock of its
 * rate; next_ns: when it will really go, later where answers or fragments
 * come between). The earliest stream goes first; there are few streams, so
 * a walk over them costs less than a heap.
 *
 * Gaps vary by half around their mean, drawn from the stream's own generator:
 * what one stream does never changes what another sends.
 */
#include "exercise/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/random.h"
#include "exercise/address.h"
#include "exercise/direct.h"

#define ANSWER_DELAY_NS (200 * NS_PER_US) /* of the attacked host; less where packets come faster, for no stream waits */
#define FRAGMENT_DELAY_NS (2 * NS_PER_US)
#define BOT_SESSIONS_MAX 4096 /* connections of one attack stream at the same time */
#define RAMP_FLOOR_PERMILLE 20 /* a ramp begins with this, not with nothing */

struct stream {
	bool is_client;
	struct random rng;
	int64_t due_ns;
	int64_t next_ns; /* INT64_MAX: over */
	int64_t start_ns;
	int64_t end_ns;
	uint64_t pps;
	struct direct direct; /* attacks that are no sessions */
	struct packet pending; /* a datagram whose later fragments wait */
	uint32_t pending_offset_bytes; /* 0: none */
	struct session *sessions;
	uint32_t session_count;
	uint32_t answering; /* session whose answer goes next, plus one */
	struct session_place place;
	struct traffic_truth truth;
};

struct traffic {
	struct scenario scenario;
	struct session_pools pools;
	struct stream streams[TRAFFIC_STREAMS_MAX + 1];
	size_t stream_count; /* all, the clients are the last where there are any */
	size_t attack_count; /* attack streams */
	uint64_t client_packets;
};

static int64_t later(int64_t a_ns, int64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

/* In the silence of a pulse wave the clock jumps to the next pulse. */
static int64_t pulse_time(const struct scenario_attack *attack, int64_t time_ns)
{
	int64_t on_ns = (int64_t)attack->on_ms * NS_PER_MS, period_ns = on_ns + (int64_t)attack->off_ms * NS_PER_MS;
	if (attack->on_ms == 0)
		return time_ns;
	int64_t since_ns = time_ns - (int64_t)attack->start_ms * NS_PER_MS;
	return since_ns % period_ns < on_ns ? time_ns : time_ns + period_ns - since_ns % period_ns;
}

static int64_t mean_gap_ns(const struct stream *stream)
{
	int64_t gap_ns = NS_PER_S / (int64_t)(stream->pps > 0 ? stream->pps : 1);
	const struct scenario_attack *attack = stream->truth.attack;
	if (attack == NULL || attack->ramp_ms == 0)
		return gap_ns;
	int64_t since_ms = stream->due_ns / NS_PER_MS - (int64_t)attack->start_ms;
	int64_t permille = since_ms * 1000 / (int64_t)attack->ramp_ms;
	if (permille >= 1000)
		return gap_ns;
	return gap_ns * 1000 / later(permille, RAMP_FLOOR_PERMILLE);
}

/* The rate's clock goes on by one packet. A gap of less than 2 ns cannot be halved and stays as it is. */
static void due_advance(struct stream *stream)
{
	int64_t mean_ns = mean_gap_ns(stream);
	stream->due_ns += mean_ns / 2 + (int64_t)random_below(&stream->rng, (uint64_t)mean_ns + 1);
	if (stream->truth.attack != NULL)
		stream->due_ns = pulse_time(stream->truth.attack, stream->due_ns);
}

static void wait_for_due(struct stream *stream, int64_t now_ns)
{
	stream->next_ns = later(stream->due_ns, now_ns);
	if (stream->due_ns >= stream->end_ns)
		stream->next_ns = INT64_MAX;
}

/* Sends one slice of the pending datagram; IPv6 pays 8 bytes for its fragment header. */
static void fragment_take(struct stream *stream, struct packet *ret_packet)
{
	size_t slice_bytes = ip_is_v4(&stream->pending.dst) ? FRAME_MTU_BYTES - 20 : FRAME_MTU_BYTES - 52;
	size_t left_bytes = frame_datagram_bytes(&stream->pending) - stream->pending_offset_bytes;

	*ret_packet = stream->pending;
	ret_packet->fragment_offset_bytes = (uint16_t)stream->pending_offset_bytes;
	ret_packet->fragment_more = left_bytes > slice_bytes;
	ret_packet->fragment_bytes = (uint16_t)(ret_packet->fragment_more ? slice_bytes : left_bytes);
	stream->pending_offset_bytes = ret_packet->fragment_more ? stream->pending_offset_bytes + ret_packet->fragment_bytes : 0;
}

static void direct_step(struct stream *stream, const struct session_pools *pools, int64_t now_ns,
	struct packet *ret_packet)
{
	due_advance(stream);
	if (stream->pending_offset_bytes == 0) {
		direct_make(&stream->direct, pools, &stream->rng, ret_packet);
		if (frame_ip_bytes(ret_packet) <= FRAME_MTU_BYTES) {
			wait_for_due(stream, now_ns);
			return;
		}
		stream->pending = *ret_packet;
	}
	fragment_take(stream, ret_packet);
	if (stream->pending_offset_bytes != 0)
		stream->next_ns = now_ns + FRAGMENT_DELAY_NS;
	else
		wait_for_due(stream, now_ns);
}

static void session_restart(struct stream *stream, struct session *session)
{
	const struct session_kind *kind = session->kind;
	session_start(session, kind, &stream->place, &stream->rng);
	if (stream->is_client)
		return;
	session->server = stream->truth.attack->target.addr;
	if (stream->direct.target_count > 1)
		session->server = address_in_prefix(&stream->direct.target, random_below(&stream->rng, stream->direct.target_count));
	session->server_ttl = 64;
}

static int64_t answer_delay_ns(const struct stream *stream)
{
	int64_t gap_ns = mean_gap_ns(stream) / 4 + 1;
	return gap_ns < ANSWER_DELAY_NS ? gap_ns : ANSWER_DELAY_NS;
}

/* One step of a connection attack. The attacked host's answers come on top of the rate, shortly after. */
static void bot_step(struct stream *stream, const struct session_pools *pools, int64_t now_ns, struct packet *ret_packet)
{
	uint32_t at = stream->answering != 0 ? stream->answering - 1
					     : (uint32_t)random_below(&stream->rng, stream->session_count);
	struct session *session = &stream->sessions[at];

	if (session->state == SESSION_DONE)
		session_restart(stream, session);
	bool is_answer = session_next_is_answer(session);
	session_step(session, pools, &stream->rng, ret_packet);
	ret_packet->is_response = is_answer;
	if (!is_answer)
		due_advance(stream);
	stream->answering = session_next_is_answer(session) ? at + 1 : 0;
	if (stream->answering != 0)
		stream->next_ns = now_ns + answer_delay_ns(stream);
	else
		wait_for_due(stream, now_ns);
}

static void client_step(struct stream *stream, const struct session_pools *pools, int64_t now_ns,
	struct packet *ret_packet)
{
	struct session *session = &stream->sessions[random_below(&stream->rng, stream->session_count)];

	if (session->state == SESSION_DONE)
		session_restart(stream, session);
	session_step(session, pools, &stream->rng, ret_packet);
	due_advance(stream);
	wait_for_due(stream, now_ns);
}

static int sessions_new(struct stream *stream, uint64_t count)
{
	stream->session_count = (uint32_t)count;
	stream->sessions = calloc(stream->session_count, sizeof(*stream->sessions));
	return stream->sessions != NULL ? OK : E_NOMEM;
}

static void stream_times(struct stream *stream, uint64_t start_ms, uint64_t end_ms)
{
	stream->start_ns = (int64_t)start_ms * NS_PER_MS;
	stream->end_ns = (int64_t)end_ms * NS_PER_MS;
	stream->due_ns = stream->start_ns;
	due_advance(stream);
	wait_for_due(stream, stream->start_ns);
}

static int attack_init(struct traffic *traffic, const struct scenario_attack *attack, const struct scenario_stream *plan)
{
	const struct scenario *scenario = &traffic->scenario;
	size_t index = traffic->stream_count++;
	struct stream *stream = &traffic->streams[index];
	const struct session_kind *kind = session_kind_of_attack(plan->recipe->shape);

	traffic->attack_count++;
	random_init(&stream->rng, scenario->seed * TRAFFIC_STREAMS_MAX + index);
	stream->truth.attack = attack;
	stream->truth.stream = plan;
	stream->pps = scenario->pps * attack->permille / 1000 * plan->permille / 1000;
	stream->place = (struct session_place){.world = scenario->seed ^ DIRECT_WORLD_BOTS, .machines = plan->sources,
		.is_v4 = scenario->is_v4, .member = scenario->member};
	direct_init(&stream->direct, scenario, attack, plan);
	stream_times(stream, attack->start_ms + plan->start_ms, attack->start_ms + plan->end_ms);
	if (kind == NULL)
		return OK;
	if (sessions_new(stream, plan->sources < BOT_SESSIONS_MAX ? plan->sources : BOT_SESSIONS_MAX) != OK)
		return E_NOMEM;
	for (uint32_t i = 0; i < stream->session_count; i++)
		stream->sessions[i].kind = kind;
	return OK;
}

/* A slot keeps its kind: else long conversations would slowly take all places. */
static int clients_init(struct traffic *traffic)
{
	const struct scenario *scenario = &traffic->scenario;
	struct stream *stream = &traffic->streams[traffic->stream_count];

	if (scenario->clients == SESSION_MIX_NONE || scenario->clients_pps == 0)
		return OK;
	traffic->stream_count++;
	random_init(&stream->rng, ~scenario->seed);
	stream->is_client = true;
	stream->pps = scenario->clients_pps * scenario->clients_permille / 1000;
	stream->place = (struct session_place){.world = scenario->seed ^ DIRECT_WORLD_CLIENTS,
		.machines = scenario->client_machines, .is_v4 = scenario->is_v4, .member = scenario->member};
	if (sessions_new(stream, scenario->client_sessions) != OK)
		return E_NOMEM;
	for (uint32_t i = 0; i < stream->session_count; i++)
		stream->sessions[i].kind = session_kind_draw(scenario->clients, &stream->rng);
	stream_times(stream, 0, scenario->duration_ms);
	return OK;
}

static int pools_init(struct traffic *traffic)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz 0123456789-.\"<>/:=,\r\n";
	size_t size_bytes = SESSION_POOL_BYTES + FRAME_DATAGRAM_BYTES_MAX;
	struct random rng;

	random_init(&rng, traffic->scenario.seed);
	for (size_t i = 0; i < ARRAY_LEN(traffic->pools.fill); i++) {
		traffic->pools.fill[i] = calloc(1, size_bytes);
		if (traffic->pools.fill[i] == NULL)
			return E_NOMEM;
	}
	for (size_t i = 0; i < size_bytes; i++) {
		uint64_t word = random_next(&rng);
		traffic->pools.fill[RECIPE_FILL_RANDOM][i] = (uint8_t)word;
		traffic->pools.fill[RECIPE_FILL_LETTERS][i] = (uint8_t)letters[(word >> 8) % (sizeof(letters) - 1)];
	}
	return OK;
}

int traffic_new(const struct scenario *scenario, struct traffic **ret_traffic)
{
	struct traffic *traffic = calloc(1, sizeof(*traffic));
	if (traffic == NULL)
		return E_NOMEM;
	traffic->scenario = *scenario;
	int error = pools_init(traffic);
	for (size_t i = 0; i < scenario->attack_count && error == OK; i++) {
		const struct scenario_attack *attack = &traffic->scenario.attacks[i];
		for (size_t j = 0; j < attack->stream_count && error == OK; j++)
			error = attack_init(traffic, attack, &attack->streams[j]);
	}
	if (error == OK)
		error = clients_init(traffic);
	if (error != OK) {
		traffic_free(traffic);
		return error;
	}
	*ret_traffic = traffic;
	return OK;
}

void traffic_free(struct traffic *traffic)
{
	if (traffic == NULL)
		return;
	for (size_t i = 0; i < traffic->stream_count; i++)
		free(traffic->streams[i].sessions);
	for (size_t i = 0; i < ARRAY_LEN(traffic->pools.fill); i++)
		free(traffic->pools.fill[i]);
	free(traffic);
}

static const struct stream *earliest(const struct traffic *traffic)
{
	const struct stream *first = NULL;
	for (size_t i = 0; i < traffic->stream_count; i++) {
		if (first == NULL || traffic->streams[i].next_ns < first->next_ns)
			first = &traffic->streams[i];
	}
	return first != NULL && first->next_ns != INT64_MAX ? first : NULL;
}

int64_t traffic_due_ns(const struct traffic *traffic)
{
	const struct stream *stream = earliest(traffic);
	return stream != NULL ? stream->next_ns : INT64_MAX;
}

static void truth_note(struct traffic_truth *truth, const struct packet *packet)
{
	if (packet->is_response) {
		truth->responses++;
		return;
	}
	if (truth->packets == 0)
		truth->first_ns = packet->time_ns;
	truth->last_ns = packet->time_ns;
	truth->packets++;
	truth->bytes += frame_ip_bytes(packet);
}

int traffic_next(struct traffic *traffic, struct packet *ret_packet)
{
	const struct stream *first = earliest(traffic);
	if (first == NULL)
		return E_END;
	size_t index = (size_t)(first - traffic->streams);
	struct stream *stream = &traffic->streams[index];
	int64_t now_ns = stream->next_ns;

	if (stream->is_client)
		client_step(stream, &traffic->pools, now_ns, ret_packet);
	else if (stream->sessions != NULL)
		bot_step(stream, &traffic->pools, now_ns, ret_packet);
	else
		direct_step(stream, &traffic->pools, now_ns, ret_packet);
	ret_packet->time_ns = now_ns;
	ret_packet->origin = stream->is_client ? PACKET_ORIGIN_CLIENT : (uint16_t)index;
	if (stream->is_client)
		traffic->client_packets++;
	else
		truth_note(&stream->truth, ret_packet);
	return OK;
}

size_t traffic_stream_count(const struct traffic *traffic)
{
	return traffic->attack_count;
}

const struct traffic_truth *traffic_truth_of(const struct traffic *traffic, size_t index)
{
	return &traffic->streams[index].truth;
}

uint64_t traffic_client_packets(const struct traffic *traffic)
{
	return traffic->client_packets;
}
