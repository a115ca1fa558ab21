/*
 * The relay asks for the states of all orders some times a second, and for
 * all about an order when its state has changed. One request at a time, each
 * within LIMIT_TOWER_RELAY_MS; what people have signed goes first.
 */
#include "tower/relay.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/log.h"
#include "tower/desk.h"
#include "tower/http.h"
#include "tower/order_look.h"
#include "tower/show.h"

#define ASK_EVERY_MS 200
#define READ_BYTES 65536

/** An order that is followed, and what was known when it was asked about last. */
struct followed {
	struct relay_order order;
	int64_t receipt_ms, statements;
	bool is_there; /* in the last answer */
};

struct relay {
	struct tower *tower;
	int fd; /* to the authority, -1: none */
	int documents; /* to the store */
	bool has_told; /* that it does not answer */
	_Atomic bool should_end, answers;
	char *in; /* owned: what was read of an answer */
	size_t in_bytes, in_room_bytes;
	pthread_mutex_t lock; /* of what follows */
	size_t count;
	struct followed orders[LIMIT_TOWER_ORDERS]; /* the last come last */
};

struct relay *relay_new(struct tower *tower, int documents)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	if (relay == NULL)
		return NULL;
	relay->tower = tower;
	relay->fd = -1;
	relay->documents = documents;
	pthread_mutex_init(&relay->lock, NULL);
	return relay;
}

static void disconnect(struct relay *relay)
{
	if (relay->fd >= 0)
		close(relay->fd);
	relay->fd = -1;
	relay->in_bytes = 0;
	relay->answers = false;
}

void relay_free(struct relay *relay)
{
	if (relay == NULL)
		return;
	disconnect(relay);
	close(relay->documents);
	for (size_t i = 0; i < relay->count; i++)
		json_decref(relay->orders[i].order.entry);
	free(relay->in);
	pthread_mutex_destroy(&relay->lock);
	free(relay);
}

void relay_end(struct relay *relay)
{
	relay->should_end = true;
}

bool relay_answers(struct relay *relay)
{
	return relay->answers;
}

/* Asking. */

static bool connected(struct relay *relay)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (relay->fd >= 0)
		return true;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", relay->tower->config->authority);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		close(fd);
		return false;
	}
	relay->fd = fd;
	return true;
}

/** Waits until a descriptor is ready. @return whether it is, before LIMIT_TOWER_RELAY_MS from a time have passed */
static bool ready_wait(int fd, short events, int64_t begun_mono_ns)
{
	struct pollfd ready = {.fd = fd, .events = events};
	int64_t left_ms = LIMIT_TOWER_RELAY_MS - (clock_mono_ns() - begun_mono_ns) / NS_PER_MS;
	return left_ms > 0 && poll(&ready, 1, (int)left_ms) > 0;
}

static bool send_all(int fd, const char *text, size_t text_bytes)
{
	int64_t begun_mono_ns = clock_mono_ns();
	while (text_bytes > 0) {
		ssize_t sent = send(fd, text, text_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EINTR || errno == EAGAIN) && ready_wait(fd, POLLOUT, begun_mono_ns))
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		text_bytes -= (size_t)sent;
	}
	return true;
}

/** Reads until a line is whole; false: it did not come in time, or is too long. */
static bool line_read(struct relay *relay)
{
	int64_t begun_mono_ns = clock_mono_ns();
	while (relay->in_bytes == 0 || relay->in[relay->in_bytes - 1] != '\n') {
		if (relay->in_bytes + READ_BYTES > relay->in_room_bytes) {
			size_t room_bytes = relay->in_bytes + 2 * READ_BYTES;
			char *in = room_bytes <= LIMIT_TOWER_ANSWER_BYTES + 2 * READ_BYTES ? realloc(relay->in, room_bytes) : NULL;
			if (in == NULL)
				return false;
			relay->in = in;
			relay->in_room_bytes = room_bytes;
		}
		if (!ready_wait(relay->fd, POLLIN, begun_mono_ns))
			return false;
		ssize_t got = recv(relay->fd, relay->in + relay->in_bytes, READ_BYTES, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		relay->in_bytes += (size_t)got;
	}
	return true;
}

/** Asks, and returns the answer, whatever it says; NULL: there is none. Takes the request over. */
static json_t *ask(struct relay *relay, json_t *request)
{
	char *line = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	json_t *answer = NULL;
	json_decref(request);
	relay->in_bytes = 0;
	if (line != NULL && connected(relay) && send_all(relay->fd, line, strlen(line)) && send_all(relay->fd, "\n", 1) &&
		line_read(relay))
		answer = json_loadb(relay->in, relay->in_bytes, JSON_REJECT_DUPLICATES, NULL);
	free(line);
	if (answer == NULL)
		disconnect(relay);
	bool is_told = relay->has_told;
	relay->answers = answer != NULL;
	relay->has_told = answer == NULL;
	if (is_told != relay->has_told)
		log_line(answer != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "authority state=%s", answer != NULL ? "answers"
			: "silent next=\"asked again\"");
	return answer;
}

int relay_say(struct relay *relay, const char *text, char ret_detail[static WHY_BYTES])
{
	json_t *answer = ask(relay, json_pack("{s:s, s:s}", "ask", "say", "text", text));
	const char *detail = json_string_value(json_object_get(answer, "detail"));
	int err = answer == NULL ? E_AGAIN : json_is_true(json_object_get(answer, "ok")) ? OK : E_DENIED;
	snprintf(ret_detail, WHY_BYTES, "%s", detail != NULL ? detail : "the authority does not answer");
	json_decref(answer);
	return err;
}

/* Following. */

/** Hands documents of an order to the store, which keeps each once. */
static void documents_hand(struct relay *relay, const json_t *entry)
{
	const json_t *documents = json_object_get(entry, "documents");
	for (size_t i = 0; i < json_array_size(documents); i++) {
		const char *line = json_string_value(json_array_get(documents, i));
		if (line != NULL && (!send_all(relay->documents, line, strlen(line)) || !send_all(relay->documents, "\n", 1)))
			log_line(LOG_LEVEL_ERROR, "documents_lost why=\"%s\"", strerror(errno));
	}
}

/** Reads the answers that came, so that the writer can go on. */
static void answers_drop(struct relay *relay)
{
	char text[4096];
	while (recv(relay->documents, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

static bool text_copy(const json_t *object, const char *name, char *ret_text, size_t room_bytes)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (text == NULL || strlen(text) >= room_bytes)
		return false;
	memcpy(ret_text, text, strlen(text) + 1);
	return true;
}

static bool state_read(const json_t *state, struct followed *ret_followed)
{
	char digest[2 * DOCUMENT_DIGEST_BYTES + 1];
	*ret_followed = (struct followed){.is_there = true};
	ret_followed->order.since_ms = json_integer_value(json_object_get(state, "since_ms"));
	ret_followed->receipt_ms = json_integer_value(json_object_get(state, "receipt_ms"));
	ret_followed->statements = json_integer_value(json_object_get(state, "statements"));
	return text_copy(state, "digest", digest, sizeof(digest)) &&
		order_digest_parse(digest, &ret_followed->order.digest) == OK &&
		text_copy(state, "id", ret_followed->order.id, sizeof(ret_followed->order.id)) &&
		text_copy(state, "state", ret_followed->order.state, sizeof(ret_followed->order.state));
}

static struct followed *followed_find(struct relay *relay, const struct document_digest *digest)
{
	for (size_t i = 0; i < relay->count; i++) {
		if (document_digest_equal(&relay->orders[i].order.digest, digest))
			return &relay->orders[i];
	}
	return NULL;
}

/** Puts what was asked anew in the place of what was known. */
static void followed_put(struct relay *relay, const struct followed *followed)
{
	pthread_mutex_lock(&relay->lock);
	struct followed *place = followed_find(relay, &followed->order.digest);
	if (place == NULL && relay->count < LIMIT_TOWER_ORDERS)
		place = &relay->orders[relay->count++];
	if (place != NULL) {
		json_decref(place->order.entry);
		*place = *followed;
	} else {
		json_decref(followed->order.entry);
	}
	pthread_mutex_unlock(&relay->lock);
}

static void order_tell(struct relay *relay, const struct followed *followed)
{
	const char *note = json_string_value(json_object_get(followed->order.entry, "note"));
	json_t *order = note != NULL ? show_order(note, strcspn(note, "\n"), NULL, &followed->order) : NULL;
	if (order != NULL)
		events_publish(relay->tower->events, "order", order);
}

/** Asks for all about an order that has changed. */
static void order_follow(struct relay *relay, struct followed *followed)
{
	json_t *answer = ask(relay, json_pack("{s:s, s:s}", "ask", "explain", "id", followed->order.id));
	json_t *entry = json_object_get(answer, "order");
	const char *kind = json_string_value(json_object_get(entry, "kind"));
	if (kind != NULL && json_string_value(json_object_get(entry, "note")) != NULL) {
		followed->order.is_standing = strcmp(kind, "standing_order") == 0;
		followed->order.is_urgent = json_is_true(json_object_get(entry, "is_urgent"));
		followed->order.entry = json_incref(entry);
		documents_hand(relay, entry);
		order_tell(relay, followed);
		followed_put(relay, followed);
	}
	json_decref(answer);
}

static bool has_changed(const struct followed *known, const struct followed *now)
{
	return known == NULL || known->order.since_ms != now->order.since_ms || known->receipt_ms != now->receipt_ms ||
		known->statements != now->statements || strcmp(known->order.state, now->order.state) != 0;
}

/** Forgets orders that the authority has forgotten. */
static void gone_drop(struct relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	size_t kept = 0;
	for (size_t i = 0; i < relay->count; i++) {
		if (relay->orders[i].is_there)
			relay->orders[kept++] = relay->orders[i];
		else
			json_decref(relay->orders[i].order.entry);
	}
	relay->count = kept;
	for (size_t i = 0; i < kept; i++)
		relay->orders[i].is_there = false;
	pthread_mutex_unlock(&relay->lock);
}

static void follow(struct relay *relay)
{
	json_t *answer = ask(relay, json_pack("{s:s}", "ask", "states")), *states = json_object_get(answer, "states");
	for (size_t i = 0; i < json_array_size(states) && !relay->should_end; i++) {
		struct followed now;
		if (!state_read(json_array_get(states, i), &now))
			continue;
		struct followed *known = followed_find(relay, &now.order.digest); /* this thread alone changes the list */
		if (known != NULL)
			known->is_there = true;
		if (has_changed(known, &now))
			order_follow(relay, &now);
	}
	if (json_is_array(states))
		gone_drop(relay);
	json_decref(answer);
	answers_drop(relay);
}

static void visits_take(struct relay *relay)
{
	struct visit *visit;
	while ((visit = desk_take(relay->tower->relaying)) != NULL) {
		visit->route->handle(visit);
		if (!desk_put(relay->tower->writing, visit)) /* to be noted in the audit */
			http_resume(visit);
	}
}

void *relay_run(void *context)
{
	struct relay *relay = context;
	while (!relay->should_end) {
		struct pollfd ready = {.fd = desk_fd(relay->tower->relaying), .events = POLLIN};
		(void)poll(&ready, 1, ASK_EVERY_MS);
		visits_take(relay);
		follow(relay);
	}
	desk_close(relay->tower->relaying);
	visits_take(relay);
	return NULL;
}

/* Looking, from any thread. */

bool relay_is_waiting(const struct relay_order *order)
{
	return strcmp(order->state, "submitted") == 0 || strcmp(order->state, "drafted") == 0 ||
		(order->is_urgent && strcmp(order->state, "active") == 0);
}

static struct relay_order copy_of(const struct relay_order *order)
{
	struct relay_order copy = *order;
	copy.entry = json_deep_copy(order->entry); /* reference counts of jansson are atomic, iteration over shared ones is not */
	return copy;
}

bool relay_find(struct relay *relay, const struct document_digest *digest, struct relay_order *ret_order)
{
	pthread_mutex_lock(&relay->lock);
	const struct followed *found = followed_find(relay, digest);
	if (found != NULL)
		*ret_order = copy_of(&found->order);
	pthread_mutex_unlock(&relay->lock);
	return found != NULL;
}

size_t relay_waiting(struct relay *relay, struct relay_order ret_orders[static LIMIT_TOWER_ORDERS])
{
	size_t count = 0;
	pthread_mutex_lock(&relay->lock);
	for (size_t i = relay->count; i > 0; i--) {
		if (relay_is_waiting(&relay->orders[i - 1].order))
			ret_orders[count++] = copy_of(&relay->orders[i - 1].order);
	}
	pthread_mutex_unlock(&relay->lock);
	return count;
}

void relay_done(struct relay_order *orders, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(orders[i].entry);
}
