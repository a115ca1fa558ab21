/*
 * The authority's socket. One thread over poll(2): each ready client gets one
 * bounded read in turn. Requests of one client are answered in their order.
 */
#include "authority/serve.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "authority/pulse.h"
#include "authority/tell.h"
#include "authority/witness.h"
#include "core/clock.h"
#include "core/log.h"

#define TURN_MS 50 /* how often time is let pass */
#define READ_BYTES 65536
#define CONNECT_EVERY_NS NS_PER_S /* to an effector that is not there */
#define PLACES (LIMIT_AUTHORITY_CLIENTS + CONFIG_EFFECTORS_MAX) /* clients, then effectors as configured */

struct client {
	int fd; /* -1: the place is free */
	bool is_sensor, is_person;
	bool is_cut; /* to be closed: gone, or over a limit */
	const char *effector; /* name of the effector that we have connected to, borrowed; NULL: a client */
	char *in; /* owned */
	size_t in_bytes, in_room_bytes;
	char *out; /* owned */
	size_t out_bytes, out_room_bytes;
};

struct serve {
	const struct config *config;
	struct authority *authority; /* while it runs */
	int listen_fd;
	struct client clients[PLACES];
	char *cosigned; /* the checkpoint that was cosigned last, owned; NULL: none */
	int64_t connect_mono_ns; /* when effectors that are not there are tried again */
	struct log_bucket client_bucket, refused_bucket;
	struct pulse *pulse; /* owned; NULL: no tower is told */
	struct pulse_counters counters;
};

int serve_new(const struct config *config, struct serve **ret_serve)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (serve == NULL)
		return E_NOMEM;
	serve->config = config;
	serve->listen_fd = -1;
	for (size_t i = 0; i < PLACES; i++)
		serve->clients[i].fd = -1;
	if (config->tower[0] != '\0' && pulse_new(config, clock_wall_ns() / NS_PER_MS, &serve->pulse) != OK) {
		serve_free(serve);
		return E_NOMEM;
	}
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", config->socket);
	(void)unlink(config->socket); /* of a run that ended suddenly: the ledger's lock keeps a second one out */
	serve->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(S_IXUSR | S_IXGRP | S_IRWXO);
	bool is_open = serve->listen_fd >= 0 && bind(serve->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 &&
		listen(serve->listen_fd, LIMIT_AUTHORITY_CLIENTS) == 0;
	umask(mask);
	if (!is_open) {
		serve_free(serve);
		return E_SYS;
	}
	*ret_serve = serve;
	return OK;
}

static void client_close(struct client *client)
{
	close(client->fd);
	free(client->in);
	free(client->out);
	*client = (struct client){.fd = -1};
}

void serve_free(struct serve *serve)
{
	if (serve == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++) {
		if (serve->clients[i].fd >= 0)
			client_close(&serve->clients[i]);
	}
	if (serve->listen_fd >= 0)
		close(serve->listen_fd);
	pulse_free(serve->pulse);
	free(serve->cosigned);
	free(serve);
}

/** The buffer with room for so many bytes; NULL: that is too many, or memory is out, and the buffer is as it was. */
static char *room_make(char *buffer, size_t *room_bytes, size_t needed_bytes, size_t most_bytes)
{
	if (needed_bytes <= *room_bytes)
		return buffer;
	if (needed_bytes > most_bytes)
		return NULL;
	size_t new_bytes = 2 * needed_bytes < most_bytes ? 2 * needed_bytes : most_bytes;
	char *larger = realloc(buffer, new_bytes);
	if (larger != NULL)
		*room_bytes = new_bytes;
	return larger;
}

static void client_flush(struct client *client)
{
	while (client->out_bytes > 0 && !client->is_cut) {
		ssize_t sent = send(client->fd, client->out, client->out_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent <= 0) {
			client->is_cut = true;
			return;
		}
		client->out_bytes -= (size_t)sent;
		memmove(client->out, client->out + sent, client->out_bytes);
	}
}

static bool client_send(struct client *client, const char *line)
{
	size_t length_bytes = strlen(line), needed_bytes = client->out_bytes + length_bytes + 1;
	char *out = room_make(client->out, &client->out_room_bytes, needed_bytes, LIMIT_AUTHORITY_REPLIES_BYTES);
	if (out == NULL) {
		client->is_cut = true;
		return false;
	}
	client->out = out;
	memcpy(client->out + client->out_bytes, line, length_bytes);
	client->out[client->out_bytes + length_bytes] = '\n';
	client->out_bytes += length_bytes + 1;
	client_flush(client);
	return !client->is_cut;
}

bool serve_send(void *context, const char *effector, const char *line)
{
	struct serve *serve = context;
	for (size_t i = LIMIT_AUTHORITY_CLIENTS; i < PLACES; i++) {
		struct client *client = &serve->clients[i];
		if (client->fd >= 0 && !client->is_cut && strcmp(client->effector, effector) == 0)
			return client_send(client, line);
	}
	return false;
}

/* Answers. Each takes what it is given and returns the reply's members; the reference is the caller's. */

static json_t *answer_of(int err, const char *detail)
{
	return json_pack("{s:b, s:s}", "ok", err == OK, "detail", detail);
}

static json_t *refusal(const char *detail)
{
	return answer_of(E_DENIED, detail);
}

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

/** A part of the list, from a place on; "next" tells where the next part begins. */
static json_t *answer_orders(struct serve *serve, const json_t *request)
{
	struct book *book = authority_book(serve->authority);
	const json_t *from = json_object_get(request, "from");
	size_t listed_bytes = 0, i = 0;
	if (from != NULL && (!json_is_integer(from) || json_integer_value(from) < 0 || json_integer_value(from) > BOOK_ORDERS_MAX))
		return refusal("from is no place in the list");
	json_t *list = json_array();
	for (i = (size_t)json_integer_value(from); i < BOOK_ORDERS_MAX && listed_bytes < LIMIT_AUTHORITY_LIST_BYTES; i++) {
		if (book->orders[i].kind == BOOK_NOTHING)
			continue;
		listed_bytes += strlen(book->orders[i].note);
		json_array_append_new(list, tell_order(book, &book->orders[i]));
	}
	return json_pack("{s:b, s:o, s:o}", "ok", 1, "orders", list, "next",
		i < BOOK_ORDERS_MAX ? json_integer((json_int_t)i) : json_null());
}

static json_t *answer_order(struct serve *serve, const json_t *request)
{
	struct book *book = authority_book(serve->authority);
	const char *id = json_string_value(json_object_get(request, "id"));
	const struct book_order *entry = id != NULL ? book_find(book, id) : NULL;
	return entry != NULL ? json_pack("{s:b, s:o}", "ok", 1, "order", tell_order(book, entry)) : refusal("there is no such order");
}

static json_t *answer_states(struct serve *serve, const json_t *request)
{
	struct book *book = authority_book(serve->authority);
	json_t *list = json_array();
	(void)request;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		if (book->orders[i].kind != BOOK_NOTHING)
			json_array_append_new(list, tell_state(&book->orders[i]));
	}
	return json_pack("{s:b, s:o}", "ok", 1, "states", list);
}

static json_t *answer_explain(struct serve *serve, const json_t *request)
{
	struct book *book = authority_book(serve->authority);
	const char *id = json_string_value(json_object_get(request, "id"));
	const struct book_order *entry = id != NULL ? book_find(book, id) : NULL;
	json_t *told = entry != NULL ? tell_all(book, entry, now_wall_ms()) : NULL;
	return told != NULL ? json_pack("{s:b, s:o}", "ok", 1, "order", told) : refusal("there is no such order");
}

static json_t *answer_say(struct serve *serve, const json_t *request)
{
	char detail[BOOK_DETAIL_BYTES];
	const char *text = json_string_value(json_object_get(request, "text"));
	if (text == NULL)
		return refusal("text is missing");
	int err = authority_take(serve->authority, text, now_wall_ms(), detail);
	return answer_of(err, detail);
}

/** The bundle of an order of re-identification. */
static json_t *answer_bundle(struct serve *serve, const json_t *request)
{
	char detail[BOOK_DETAIL_BYTES] = "", *line = NULL;
	const char *id = json_string_value(json_object_get(request, "id"));
	if (id == NULL || authority_bundle(serve->authority, id, now_wall_ms(), &line, detail) != OK)
		return refusal(id != NULL ? detail : "id is missing");
	json_t *answer = json_pack("{s:b, s:s}", "ok", 1, "bundle", line);
	free(line);
	return answer;
}

/** The body of an add-checkpoint request of C2SP tlog-witness, for whoever speaks with the witnesses. */
static json_t *answer_witness(struct serve *serve, const json_t *request)
{
	struct log *log = authority_log(serve->authority);
	char note[CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES], body[LIMIT_WITNESS_REQUEST_BYTES];
	const json_t *old = json_object_get(request, "old");
	struct witness_request witness = {.checkpoint = note};
	size_t body_bytes = 0;
	if (!json_is_integer(old) || json_integer_value(old) < 0)
		return refusal("old is missing");
	witness.old_entries = (uint64_t)json_integer_value(old);
	witness.checkpoint_bytes = log_checkpoint(log, note);
	int err = witness.old_entries == 0 ? OK
		: log_consistency(log, witness.old_entries, log_entries(log), witness.path, &witness.path_count);
	if (err == OK)
		err = witness_request_write(&witness, body, sizeof(body), &body_bytes);
	if (err != OK)
		return refusal(err_name(err));
	return json_pack("{s:b, s:s%, s:s}", "ok", 1, "request", body, body_bytes, "checkpoint", note);
}

/**
 * A checkpoint with the lines of another one of the same tree, but for those of signers that it has itself: witnesses come
 * one after the other. The caller frees.
 */
static char *lines_join(const char *note, const char *other)
{
	char *joined = NULL;
	size_t joined_bytes = 0;
	const char *end = strstr(note, "\n\n"), *line = other != NULL ? strstr(other, "\n\n") : NULL;
	FILE *stream = open_memstream(&joined, &joined_bytes);
	if (stream == NULL)
		return NULL;
	fputs(note, stream);
	bool is_same = end != NULL && line != NULL && end - note == line - other && memcmp(note, other, (size_t)(end - note)) == 0;
	for (line = is_same ? line + 2 : ""; *line != '\0'; line += strcspn(line, "\n") + 1) {
		size_t line_bytes = strcspn(line, "\n"), name_bytes = line_bytes;
		while (name_bytes > 0 && line[name_bytes - 1] != ' ')
			name_bytes--; /* the signer, with the blank before the signature */
		if (line[line_bytes] == '\n' && memmem(end, strlen(end), line, name_bytes) == NULL)
			fprintf(stream, "%.*s\n", (int)line_bytes, line);
		if (line[line_bytes] == '\0')
			break;
	}
	if (fclose(stream) != 0) {
		free(joined);
		return NULL;
	}
	return joined;
}

static json_t *answer_cosign(struct serve *serve, const json_t *request)
{
	const struct proof_trust *trust = &authority_policy(serve->authority)->ledger;
	const char *text = json_string_value(json_object_get(request, "note"));
	struct note_verdict verdicts[PROOF_WITNESSES_MAX];
	struct note note;
	bool is_cosigned = false;
	if (text == NULL || note_parse(text, strlen(text), &note) != OK ||
		note_verify(&note, trust->witnesses, trust->witness_count, verdicts) != OK)
		return refusal("that is no checkpoint of ours, or a signature is wrong");
	for (size_t i = 0; i < trust->witness_count; i++)
		is_cosigned = is_cosigned || verdicts[i].is_signed;
	if (!is_cosigned)
		return refusal("no witness of the policy has signed it");
	char *joined = lines_join(text, serve->cosigned);
	int err = joined != NULL ? log_cosign(authority_log(serve->authority), joined, strlen(joined)) : E_NOMEM;
	if (err == OK) {
		free(serve->cosigned);
		serve->cosigned = joined;
	} else {
		free(joined);
	}
	return answer_of(err, err == OK ? "taken" : err_name(err));
}

static const struct {
	const char *name;
	json_t *(*answer)(struct serve *serve, const json_t *request);
} questions[] = {
	{"orders", answer_orders},
	{"order", answer_order},
	{"states", answer_states},
	{"explain", answer_explain},
	{"bundle", answer_bundle},
	{"say", answer_say},
	{"witness", answer_witness},
	{"cosign", answer_cosign},
};

static json_t *answer_proposal(struct serve *serve, const char *line, size_t line_bytes)
{
	static struct countermeasure countermeasure;
	char detail[BOOK_DETAIL_BYTES];
	int err = countermeasure_parse(line, line_bytes, &countermeasure, detail);
	if (err == OK)
		err = authority_propose(serve->authority, &countermeasure, now_wall_ms(), detail);
	return answer_of(err, detail);
}

/** An effector's health, for the tower. */
static json_t *health_take(struct serve *serve, const struct client *client, const char *line, size_t line_bytes)
{
	char detail[DOCUMENT_COMPLAINT_BYTES] = "";
	const struct policy_effector *effector = policy_effector_find(authority_policy(serve->authority), client->effector);
	size_t place = (size_t)(client - serve->clients) - LIMIT_AUTHORITY_CLIENTS;
	if (effector == NULL)
		return refusal("the policy knows no such effector");
	return answer_of(pulse_relay(serve->pulse, effector, place, line, line_bytes, clock_mono_ns(), detail), detail);
}

/** A line of an effector, which gets no answer: its health or, without a look, a receipt. */
static json_t *effector_take(struct serve *serve, const struct client *client, const char *line, size_t line_bytes)
{
	static const char health[] = "\"document\":\"health\"";
	if (memmem(line, line_bytes, health, strlen(health)) != NULL)
		return health_take(serve, client, line, line_bytes);
	struct receipt receipt;
	char detail[BOOK_DETAIL_BYTES];
	int err = receipt_parse(line, line_bytes, &receipt, detail);
	if (err == OK && strcmp(receipt.effector, client->effector) != 0)
		return refusal("that is another effector's receipt");
	if (err == OK)
		err = authority_receipt(serve->authority, &receipt, now_wall_ms(), detail);
	return answer_of(err, detail);
}

static json_t *line_answer(struct serve *serve, struct client *client, const char *line, size_t line_bytes)
{
	json_t *request = json_loadb(line, line_bytes, JSON_REJECT_DUPLICATES, NULL), *answer = NULL;
	const char *document = json_string_value(json_object_get(request, "document"));
	const char *question = json_string_value(json_object_get(request, "ask"));
	if (document != NULL && strcmp(document, "countermeasure") == 0 && client->is_sensor)
		answer = answer_proposal(serve, line, line_bytes);
	else if (question != NULL && client->is_person) {
		for (size_t i = 0; i < ARRAY_LEN(questions) && answer == NULL; i++) {
			if (strcmp(questions[i].name, question) == 0)
				answer = questions[i].answer(serve, request);
		}
	}
	json_decref(request);
	return answer != NULL ? answer : refusal("not a request, or not of this account's");
}

/** Answers a line; of an effector only what is refused matters, and to the log alone. */
static void line_take(struct serve *serve, struct client *client, const char *line, size_t line_bytes)
{
	json_t *answer = client->effector != NULL ? effector_take(serve, client, line, line_bytes)
		: line_answer(serve, client, line, line_bytes);
	char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	uint64_t held_back = 0;
	bool is_refused = json_is_false(json_object_get(answer, "ok"));
	serve->counters.lines_refused += is_refused;
	if (is_refused && log_allowed(&serve->refused_bucket, clock_mono_ns(), &held_back)) {
		const char *detail = json_string_value(json_object_get(answer, "detail"));
		char plain[LOG_PEER_TEXT_BYTES];
		log_line(LOG_LEVEL_NOTICE, "refused why=\"%s\" held_back=%llu", log_peer_text(detail, strlen(detail), plain),
			(unsigned long long)held_back);
	}
	if (text == NULL)
		client->is_cut = true;
	else if (client->effector == NULL)
		(void)client_send(client, text);
	free(text);
	json_decref(answer);
}

static void client_read(struct serve *serve, struct client *client)
{
	char *in = room_make(client->in, &client->in_room_bytes, client->in_bytes + READ_BYTES,
		LIMIT_AUTHORITY_REQUEST_BYTES + READ_BYTES);
	if (in == NULL) {
		client->is_cut = true;
		return;
	}
	client->in = in;
	ssize_t got = recv(client->fd, client->in + client->in_bytes, READ_BYTES, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client->is_cut = true;
		return;
	}
	client->in_bytes += (size_t)got;
	char *at = client->in, *end = client->in + client->in_bytes, *newline;
	while (!client->is_cut && (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (newline - at > LIMIT_AUTHORITY_REQUEST_BYTES) {
			client->is_cut = true;
			return;
		}
		line_take(serve, client, at, (size_t)(newline - at));
		at = newline + 1;
	}
	client->in_bytes = (size_t)(end - at);
	memmove(client->in, at, client->in_bytes);
	client->is_cut = client->is_cut || client->in_bytes > LIMIT_AUTHORITY_REQUEST_BYTES;
}

static void client_accept(struct serve *serve)
{
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	struct client *client = serve->clients;
	uint64_t held_back = 0;
	int fd = accept4(serve->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	while (client < serve->clients + LIMIT_AUTHORITY_CLIENTS && client->fd >= 0)
		client++;
	if (client == serve->clients + LIMIT_AUTHORITY_CLIENTS ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0) {
		serve->counters.clients_refused++;
		if (log_allowed(&serve->client_bucket, clock_mono_ns(), &held_back))
			log_line(LOG_LEVEL_WARNING, "client_refused why=\"too many connections\" held_back=%llu",
				(unsigned long long)held_back);
		close(fd);
		return;
	}
	*client = (struct client){
		.fd = fd,
		.is_sensor = config_has_user(&serve->config->sensors, peer.uid),
		.is_person = config_has_user(&serve->config->people, peer.uid),
	};
	if (!client->is_sensor && !client->is_person) {
		serve->counters.clients_refused++;
		if (log_allowed(&serve->client_bucket, clock_mono_ns(), &held_back))
			log_line(LOG_LEVEL_WARNING, "client_refused uid=%u why=\"in no list\" held_back=%llu", (unsigned)peer.uid,
				(unsigned long long)held_back);
		client_close(client);
	}
}

/** Connects to an effector that listens, if it is one of the accounts that may. */
static void effector_connect(struct serve *serve, const struct config_effector *effector, struct client *client)
{
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint64_t held_back = 0;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", effector->socket);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
		if (fd >= 0)
			close(fd);
		return; /* not there yet */
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 ||
		!config_has_user(&serve->config->effectors, peer.uid)) {
		if (log_allowed(&serve->client_bucket, clock_mono_ns(), &held_back))
			log_line(LOG_LEVEL_WARNING, "effector_refused name=%s uid=%u why=\"in no list\" held_back=%llu", effector->name,
				(unsigned)peer.uid, (unsigned long long)held_back);
		close(fd);
		return;
	}
	*client = (struct client){.fd = fd, .effector = effector->name};
	log_line(LOG_LEVEL_INFO, "effector_connected name=%s", effector->name);
}

static void effectors_connect(struct serve *serve)
{
	int64_t now_mono_ns = clock_mono_ns();
	if (now_mono_ns < serve->connect_mono_ns)
		return;
	serve->connect_mono_ns = now_mono_ns + CONNECT_EVERY_NS;
	for (size_t i = 0; i < serve->config->outlet_count; i++) {
		if (serve->clients[LIMIT_AUTHORITY_CLIENTS + i].fd < 0)
			effector_connect(serve, &serve->config->outlets[i], &serve->clients[LIMIT_AUTHORITY_CLIENTS + i]);
	}
}

int serve_run(struct serve *serve, struct authority *authority, const volatile int *should_end)
{
	struct pollfd ready[PLACES + 1];
	serve->authority = authority;
	while (*should_end == 0) {
		for (size_t i = 0; i < PLACES; i++)
			ready[i] = (struct pollfd){.fd = serve->clients[i].fd,
				.events = (short)(POLLIN | (serve->clients[i].out_bytes > 0 ? POLLOUT : 0))};
		ready[PLACES] = (struct pollfd){.fd = serve->listen_fd, .events = POLLIN};
		if (poll(ready, PLACES + 1, TURN_MS) < 0 && errno != EINTR)
			return E_SYS;
		for (size_t i = 0; i < PLACES; i++) {
			struct client *client = &serve->clients[i];
			if (client->fd < 0 || client->fd != ready[i].fd)
				continue;
			if ((ready[i].revents & POLLOUT) != 0)
				client_flush(client);
			if ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
				client_read(serve, client);
		}
		if ((ready[PLACES].revents & POLLIN) != 0)
			client_accept(serve);
		effectors_connect(serve);
		authority_turn(authority, now_wall_ms());
		if (serve->pulse != NULL)
			pulse_turn(serve->pulse, authority_book(authority), &serve->counters, now_wall_ms(), clock_mono_ns());
		for (size_t i = 0; i < PLACES; i++) {
			struct client *client = &serve->clients[i];
			if (client->fd < 0 || !client->is_cut)
				continue;
			serve->counters.effectors_gone += client->effector != NULL;
			serve->counters.clients_cut += client->effector == NULL && (client->in_bytes > 0 || client->out_bytes > 0);
			if (client->effector != NULL)
				log_line(LOG_LEVEL_WARNING, "effector_gone name=%s next=\"tried again every second\"", client->effector);
			client_close(client);
		}
	}
	return OK;
}
