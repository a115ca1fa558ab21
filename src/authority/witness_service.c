/*
 * A witness on standard input or a Unix socket, and who asks one. The service
 * answers one connection after the other: a checkpoint comes once a second at
 * most, and a slow client is cut off after LIMIT_WITNESS_TIME_MS.
 */
#include "authority/witness_service.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "authority/ledger_command.h"
#include "authority/witness.h"
#include "core/clock.h"
#include "core/cursor.h"
#include "core/units.h"
#include "record/text.h"

#define ANSWER_BYTES (WITNESS_ANSWER_BYTES + 16)
#define BACKLOG 16
#define EVERY_MS_MIN 100
#define EVERY_MS_MAX 86400000
#define RETRY_MS_MAX 60000
#define AUTHORITY_ANSWER_BYTES (4 * LIMIT_WITNESS_REQUEST_BYTES) /* a request as JSON text, and the checkpoint again */

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hinomi: ledger: %s: %s\n", what, why);
	return LEDGER_FAILED;
}

/** Waits until a descriptor is ready, or the time is over. */
static bool wait_for(int fd, short what, int64_t until_ns)
{
	int64_t left_ms = (until_ns - clock_mono_ns()) / NS_PER_MS;
	struct pollfd ready = {.fd = fd, .events = what};
	return left_ms > 0 && poll(&ready, 1, (int)left_ms) == 1;
}

/** Reads to the end, or of one line to its newline; E_LIMIT: there is more than room, E_SYS: it did not end in time. */
static int read_all(int fd, bool is_line, char *ret_bytes, size_t room_bytes, int64_t until_ns, size_t *ret_length_bytes)
{
	size_t at = 0;
	while (wait_for(fd, POLLIN, until_ns)) {
		ssize_t got = read(fd, ret_bytes + at, room_bytes - at);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return E_SYS;
		at += (size_t)got;
		if (got == 0 || (is_line && ret_bytes[at - 1] == '\n')) {
			*ret_length_bytes = at;
			return OK;
		}
		if (at == room_bytes)
			return E_LIMIT;
	}
	errno = ETIMEDOUT;
	return E_SYS;
}

static int send_all(int fd, const char *bytes, size_t length_bytes, int64_t until_ns)
{
	while (length_bytes > 0 && wait_for(fd, POLLOUT, until_ns)) {
		ssize_t sent = send(fd, bytes, length_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return E_SYS;
		bytes += sent > 0 ? sent : 0;
		length_bytes -= sent > 0 ? (size_t)sent : 0;
	}
	return length_bytes == 0 ? OK : E_SYS;
}

/* The service. */

static enum witness_status body_answer(const struct witness *witness, const char *body, size_t body_bytes,
	char ret_text[static ANSWER_BYTES])
{
	struct witness_answer answer;
	witness_answer(witness, body, body_bytes, clock_wall_ns() / NS_PER_S, &answer);
	snprintf(ret_text, ANSWER_BYTES, "%d\n%s", (int)answer.status, answer.body);
	return answer.status;
}

static int input_answer(const struct witness *witness, char *body, size_t room_bytes)
{
	char text[ANSWER_BYTES];
	size_t length = fread(body, 1, room_bytes, stdin);
	enum witness_status status = body_answer(witness, body, length, text);
	fputs(text, stdout);
	return status == WITNESS_COSIGNED ? LEDGER_OK : LEDGER_FAILED;
}

static void client_answer(const struct witness *witness, int client, char *body, size_t room_bytes)
{
	char text[ANSWER_BYTES];
	size_t length = 0;
	int64_t until_ns = clock_mono_ns() + LIMIT_WITNESS_TIME_MS * NS_PER_MS;
	int err = read_all(client, false, body, room_bytes, until_ns, &length);
	if (err == E_SYS)
		return;
	(void)body_answer(witness, body, err == OK ? length : 0, text); /* what is too long is no request either */
	if (send_all(client, text, strlen(text), until_ns) != OK)
		fprintf(stderr, "hinomi: ledger: witness: a client went away before its answer\n");
}

static bool address_fill(const char *path, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return false;
	memcpy(ret_address->sun_path, path, strlen(path));
	return true;
}

/** Makes the socket; one that nobody listens on any more is removed. */
static int socket_listen(const char *path)
{
	struct sockaddr_un address;
	struct stat state;
	if (!address_fill(path, &address)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno == ECONNREFUSED && lstat(path, &state) == 0 &&
		S_ISSOCK(state.st_mode))
		(void)unlink(path);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, BACKLOG) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/** Sends a request, all of it or one line, and reads the answer. */
static int exchange(const char *socket_path, bool is_line, const char *request, size_t request_bytes, char *ret_answer,
	size_t room_bytes, size_t *ret_answer_bytes)
{
	struct sockaddr_un address;
	int64_t until_ns = clock_mono_ns() + LIMIT_WITNESS_TIME_MS * NS_PER_MS;
	if (!address_fill(socket_path, &address))
		return E_LIMIT;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? OK : E_SYS;
	if (err == OK)
		err = send_all(fd, request, request_bytes, until_ns);
	if (err == OK && !is_line && shutdown(fd, SHUT_WR) != 0)
		err = E_SYS;
	if (err == OK)
		err = read_all(fd, is_line, ret_answer, room_bytes, until_ns, ret_answer_bytes);
	if (fd >= 0)
		close(fd);
	return err;
}

static int socket_serve(const struct witness *witness, const char *path, char *body, size_t room_bytes)
{
	int listener = socket_listen(path);
	if (listener < 0)
		return fail(path, strerror(errno));
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 && errno != EINTR && errno != ECONNABORTED)
			break;
		if (client < 0)
			continue;
		client_answer(witness, client, body, room_bytes);
		close(client);
	}
	close(listener);
	return fail(path, strerror(errno));
}

static int witness_fill(const struct ledger_options *options, const struct key *key, struct witness *ret_witness)
{
	*ret_witness = (struct witness){.key = key, .directory = options->state, .log_count = options->log_count};
	if (key->public.type != NOTE_KEY_COSIGNATURE)
		return fail(options->key, "is not a witness's key");
	if (access(options->state, R_OK | W_OK | X_OK) != 0)
		return fail(options->state, strerror(errno));
	for (size_t i = 0; i < options->log_count; i++) {
		struct note_key *log = &ret_witness->logs[i];
		if (note_key_parse(options->logs[i], strlen(options->logs[i]), log) != OK || log->type != NOTE_KEY_ED25519)
			return fail("--log", "is not the verifier key of a log");
		for (size_t j = 0; j < i; j++) {
			if (strcmp(ret_witness->logs[j].name, log->name) == 0)
				return fail("--log", "two keys of one name");
		}
	}
	return LEDGER_OK;
}

int witness_service_run(struct ledger_options *options)
{
	static struct witness witness;
	struct key *key = NULL;
	const char *why = NULL;
	if (options->key == NULL || options->state == NULL || options->log_count == 0)
		return fail("witness", "--key, --state and --log must be given"), LEDGER_USAGE;
	if (key_load(options->key, &key, &why) != OK)
		return fail(options->key, why);
	char *body = malloc(LIMIT_WITNESS_REQUEST_BYTES + 1);
	int status = body == NULL ? fail("witness", "out of memory") : witness_fill(options, key, &witness);
	if (status == LEDGER_OK)
		status = options->socket == NULL ? input_answer(&witness, body, LIMIT_WITNESS_REQUEST_BYTES + 1)
						 : socket_serve(&witness, options->socket, body, LIMIT_WITNESS_REQUEST_BYTES + 1);
	free(body);
	key_free(key);
	return status;
}

/* Asking. */

/** Judges an answer: a status on its line, and the body. */
static int answer_take(const char *answer, size_t answer_bytes, const struct note_key *witness_key, char *note, size_t room_bytes,
	size_t *note_bytes, uint64_t *ret_last_entries)
{
	struct cursor cur = cursor_over(answer, answer_bytes);
	size_t line_bytes = 0;
	uint64_t status = 0;
	const char *line = text_line(&cur, &line_bytes);
	if (line == NULL || text_number_parse(line, line_bytes, &status) != OK)
		return E_MALFORMED;
	const char *body = (const char *)cur.at;
	if (status == WITNESS_COSIGNED)
		return witness_lines_take(body, cursor_left(&cur), witness_key, note, room_bytes, note_bytes);
	if (status != WITNESS_CONFLICT)
		return E_DENIED;
	line = text_line(&cur, &line_bytes);
	return line != NULL && text_number_parse(line, line_bytes, ret_last_entries) == OK ? E_STATE : E_MALFORMED;
}

int witness_service_ask(const char *socket_path, const struct note_key *witness_key, const struct witness_request *request,
	char *note, size_t room_bytes, size_t *note_bytes, uint64_t *ret_last_entries)
{
	size_t length = 0;
	char *text = malloc(LIMIT_WITNESS_REQUEST_BYTES), *answer = malloc(LIMIT_WITNESS_REQUEST_BYTES);
	int err = text == NULL || answer == NULL ? E_NOMEM : witness_request_write(request, text, LIMIT_WITNESS_REQUEST_BYTES, &length);
	if (err == OK)
		err = exchange(socket_path, false, text, length, answer, LIMIT_WITNESS_REQUEST_BYTES, &length);
	if (err == OK)
		err = answer_take(answer, length, witness_key, note, room_bytes, note_bytes, ret_last_entries);
	free(text);
	free(answer);
	return err;
}

/** Asks the authority, and says why there is no good answer. The question is taken over. */
static json_t *authority_ask(const char *socket_path, json_t *question)
{
	size_t length = 0;
	char *line = json_dumps(question, JSON_COMPACT), *answer = malloc(AUTHORITY_ANSWER_BYTES);
	json_t *answered = NULL;
	int err = line == NULL || answer == NULL ? E_NOMEM : OK;
	if (err == OK) {
		length = strlen(line);
		line[length] = '\n'; /* in the place of its NUL */
		err = exchange(socket_path, true, line, length + 1, answer, AUTHORITY_ANSWER_BYTES, &length);
	}
	if (err == OK)
		answered = json_loadb(answer, length, JSON_REJECT_DUPLICATES, NULL);
	const char *detail = json_string_value(json_object_get(answered, "detail"));
	char plain[256] = "no answer that can be read";
	if (detail != NULL)
		text_plain_copy(detail, plain, sizeof(plain));
	if (err != OK || !json_is_true(json_object_get(answered, "ok"))) {
		(void)fail(socket_path, err == E_SYS ? strerror(errno) : plain);
		json_decref(answered);
		answered = NULL;
	}
	json_decref(question);
	free(line);
	free(answer);
	return answered;
}

/** One round from a size that the witness may have cosigned last; what witness_service_ask() returns. */
static int round_ask(const struct ledger_options *options, const struct note_key *witness_key, uint64_t old_entries, char *note,
	size_t room_bytes, uint64_t *ret_last_entries)
{
	static struct witness_request request;
	json_t *answer = authority_ask(options->authority, json_pack("{s:s, s:I}", "ask", "witness", "old", (json_int_t)old_entries));
	const char *body = json_string_value(json_object_get(answer, "request"));
	size_t note_bytes = 0;
	int err = E_MALFORMED;
	errno = 0;
	if (body != NULL && witness_request_parse(body, strlen(body), &request) == OK && request.checkpoint_bytes < room_bytes) {
		memcpy(note, request.checkpoint, request.checkpoint_bytes);
		note_bytes = request.checkpoint_bytes;
		err = witness_service_ask(options->socket, witness_key, &request, note, room_bytes - 1, &note_bytes, ret_last_entries);
		note[note_bytes] = '\0';
	}
	json_decref(answer);
	return err;
}

/** Takes one checkpoint there and back. */
static int carry(const struct ledger_options *options, const struct note_key *witness_key, bool is_quiet)
{
	static char note[CHECKPOINT_BYTES_MAX];
	uint64_t last_entries = 0;
	int err = round_ask(options, witness_key, 0, note, sizeof(note), &last_entries);
	if (err == E_STATE) /* it has cosigned before, and says what */
		err = round_ask(options, witness_key, last_entries, note, sizeof(note), &last_entries);
	if (err != OK)
		return fail(options->socket, err == E_SYS && errno != 0 ? strerror(errno) : "the witness does not cosign");
	json_t *answer = authority_ask(options->authority, json_pack("{s:s, s:s}", "ask", "cosign", "note", note));
	if (answer == NULL)
		return LEDGER_FAILED;
	json_decref(answer);
	if (!is_quiet)
		printf("cosigned by %s\n", witness_key->name);
	return LEDGER_OK;
}

/** Carries until it is ended; says when it begins to work. After a failure it waits longer each time, and a minute at most. */
static int carry_on(const struct ledger_options *options, const struct note_key *witness_key, uint64_t every_ms)
{
	uint64_t wait_ms = every_ms;
	bool has_worked = false;
	for (;;) {
		has_worked = carry(options, witness_key, has_worked) == LEDGER_OK;
		if (fflush(stdout) != 0)
			return fail("standard output", strerror(errno));
		uint64_t longer_ms = 2 * wait_ms < RETRY_MS_MAX ? 2 * wait_ms : RETRY_MS_MAX;
		wait_ms = has_worked || longer_ms < every_ms ? every_ms : longer_ms;
		(void)poll(NULL, 0, (int)wait_ms);
	}
}

int witness_service_cosign(struct ledger_options *options)
{
	struct note_key witness_key;
	uint64_t every_ms = 0;
	if (options->authority == NULL || options->socket == NULL || options->witness_count != 1)
		return fail("cosign", "--authority, --socket and one --witness must be given"), LEDGER_USAGE;
	const char *key_text = options->witnesses[0];
	if (note_key_parse(key_text, strlen(key_text), &witness_key) != OK || witness_key.type != NOTE_KEY_COSIGNATURE)
		return fail("--witness", "is not the verifier key of a witness"), LEDGER_USAGE;
	if (options->every == NULL)
		return carry(options, &witness_key, false);
	if (units_parse(UNIT_MS, options->every, &every_ms) != OK || every_ms < EVERY_MS_MIN || every_ms > EVERY_MS_MAX)
		return fail("--every", "must be a time from 100ms to 1d, with its unit"), LEDGER_USAGE;
	return carry_on(options, &witness_key, every_ms);
}
