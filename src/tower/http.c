/*
 * The life of a visit in libmicrohttpd: made when the request's target is
 * known; judged when its headers are; filled with its body; handled, here or
 * at another thread's desk while the connection is suspended; its reply sent;
 * freed when libmicrohttpd says that the request is over.
 */
#include "tower/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/local.h"
#include "core/log.h"
#include "record/text.h"
#include "tower/desk.h"
#include "tower/routes.h"

#define COOKIE_NAME "hinomi_session"
#define READERS_MAX 64 /* as config.threads */
#define LISTEN_BACKLOG 1024
#define QUIET_S (LIMIT_TOWER_HEAD_MS / 1000)
#define WATCHER_QUIET_S 60 /* a watcher that takes nothing for so long is gone */
#define EVENTS_BLOCK_BYTES 16384
#define STREAM_CHECK_NS (10 * NS_PER_S)
#define PAGE_PER_S 200 /* files of the page, for one address */

enum stage { STAGE_NEW = 0, STAGE_BODY, STAGE_WAITING };

/** A connection, and since when we wait for a request on it. */
struct guard {
	int fd;
	int64_t asking_mono_ns; /* 0: a request is being answered */
	struct guard *before, *after;
};

struct http {
	struct tower *tower;
	struct MHD_Daemon *daemon;
	int listen_fd; /* owned until the daemon has it */
	pthread_mutex_t lock; /* of guards and readers */
	struct guard *guards;
	struct store *readers[READERS_MAX];
	size_t reader_count; /* free ones, at the front */
	_Atomic size_t body_bytes; /* of all visits */
	_Atomic uint64_t requests, bodies_refused, cut_off, connections, by_status[6];
	struct log_bucket noise;
};

/* Connections. */

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	struct http *http = context;
	struct guard *guard = *socket_context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		guard = calloc(1, sizeof(*guard));
		*socket_context = guard;
		if (guard == NULL)
			return;
		*guard = (struct guard){.fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
			.asking_mono_ns = clock_mono_ns()};
		pthread_mutex_lock(&http->lock);
		guard->after = http->guards;
		if (guard->after != NULL)
			guard->after->before = guard;
		http->guards = guard;
		pthread_mutex_unlock(&http->lock);
		http->connections++;
	} else if (guard != NULL) {
		pthread_mutex_lock(&http->lock);
		if (guard->before != NULL)
			guard->before->after = guard->after;
		else
			http->guards = guard->after;
		if (guard->after != NULL)
			guard->after->before = guard->before;
		pthread_mutex_unlock(&http->lock);
		free(guard);
		http->connections--;
	}
}

/** Notes that a request has come in whole, or with false that the next one is waited for. */
static void guard_set(struct http *http, struct MHD_Connection *connection, bool is_answering)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct guard *guard = info != NULL ? info->socket_context : NULL;
	if (guard == NULL)
		return;
	pthread_mutex_lock(&http->lock);
	guard->asking_mono_ns = is_answering ? 0 : clock_mono_ns();
	pthread_mutex_unlock(&http->lock);
}

void http_tick(struct http *http)
{
	int64_t before_mono_ns = clock_mono_ns() - LIMIT_TOWER_HEAD_MS * NS_PER_MS;
	pthread_mutex_lock(&http->lock);
	for (struct guard *guard = http->guards; guard != NULL; guard = guard->after) {
		if (guard->asking_mono_ns == 0 || guard->asking_mono_ns >= before_mono_ns)
			continue;
		(void)shutdown(guard->fd, SHUT_RDWR); /* its own thread sees the end and closes it */
		guard->asking_mono_ns = 0;
		http->cut_off++;
	}
	pthread_mutex_unlock(&http->lock);
}

static struct store *reader_take(struct http *http)
{
	pthread_mutex_lock(&http->lock);
	ASSERT(http->reader_count > 0); /* as many as threads, and each thread holds one at a time */
	struct store *reader = http->readers[--http->reader_count];
	pthread_mutex_unlock(&http->lock);
	return reader;
}

static void reader_give(struct http *http, struct store *reader)
{
	pthread_mutex_lock(&http->lock);
	http->readers[http->reader_count++] = reader;
	pthread_mutex_unlock(&http->lock);
}

/* Beginning and end of a visit. */

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct http *http = context;
	struct visit *visit = calloc(1, sizeof(*visit));
	if (visit == NULL)
		return NULL;
	visit->tower = http->tower;
	visit->connection = connection;
	visit->file = -1;
	http->requests++;
	int err = request_parse(target, &visit->request);
	if (err != OK) {
		visit->request = (struct request){.path = ""};
		visit_error(visit, 400, err == E_LIMIT ? "the address is too long" : "the address cannot be read");
	}
	return visit;
}

static void on_end(void *context, struct MHD_Connection *connection, void **request_context, enum MHD_RequestTerminationCode how)
{
	struct http *http = context;
	struct visit *visit = *request_context;
	(void)how;
	guard_set(http, connection, false);
	*request_context = NULL;
	if (visit == NULL)
		return;
	http->body_bytes -= visit->body_room_bytes;
	free(visit->body);
	free(visit->text);
	if (visit->file >= 0)
		close(visit->file);
	free(visit);
}

/* Who asks, and may they. */

static const char *header_find(const struct visit *visit, const char *name)
{
	return MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, name);
}

static void address_find(struct visit *visit)
{
	const char *told = visit->tower->config->proxy ? header_find(visit, "X-Real-IP") : NULL;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(visit->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	snprintf(visit->address, sizeof(visit->address), "local");
	if (told != NULL) {
		snprintf(visit->address, sizeof(visit->address), "%.45s", told);
	} else if (info != NULL && info->client_addr->sa_family == AF_INET) {
		struct sockaddr_in addr;
		memcpy(&addr, info->client_addr, sizeof(addr));
		inet_ntop(AF_INET, &addr.sin_addr, visit->address, sizeof(visit->address));
	}
}

/** Takes one of what an address may do without having proven who it is. */
static bool address_allowed(struct visit *visit, const char *kind, uint32_t per_s, uint32_t burst)
{
	if (access_allowed(visit->tower->access, kind, visit->address, per_s, burst, &visit->wait_s))
		return true;
	visit_error(visit, 429, "too many from this address; come again later");
	return false;
}

/** What a browser sends from another page of another origin must change nothing (SameSite does not cover subdomains). */
static bool origin_is_ours(const struct visit *visit)
{
	const char *origin = header_find(visit, "Origin");
	return origin != NULL && strcmp(origin, visit->tower->config->origin) == 0;
}

static void identity_find(struct visit *visit)
{
	struct access *access = visit->tower->access;
	const char *authorization = header_find(visit, "Authorization");
	const char *cookie = MHD_lookup_connection_value(visit->connection, MHD_COOKIE_KIND, COOKIE_NAME);
	bool is_reading = strcmp(visit->route->method, "GET") == 0;
	int err = E_DENIED;
	if (authorization != NULL && strncmp(authorization, "Bearer ", 7) == 0)
		err = access_token(access, visit->store, authorization + 7, &visit->who);
	else if (authorization == NULL && cookie != NULL && strlen(cookie) < sizeof(visit->cookie)) {
		snprintf(visit->cookie, sizeof(visit->cookie), "%s", cookie);
		err = access_session(access, visit->store, cookie, &visit->who);
	}
	if (err == E_SYS) {
		visit_store_error(visit, err, "");
	} else if (err != OK) {
		if (address_allowed(visit, "failure", 333, LIMIT_TOWER_FAILURES))
			visit_error(visit, 401, "sign in, or send a token that is good");
	} else if (visit->who.expires_ms != 0 && !is_reading && !origin_is_ours(visit)) {
		visit_error(visit, 403, "sent from another page than ours");
	} else if ((visit->who.roles & visit->route->roles) == 0) {
		visit_error(visit, 403, "this account has no role that may do this");
	} else if (!access_allowed(access, "account", visit->who.name, (uint32_t)visit->tower->config->requests_per_s * 1000,
		(uint32_t)visit->tower->config->requests_per_s * 10, &visit->wait_s)) {
		visit_error(visit, 429, "too many from this account; come again later");
	}
}

static bool type_is(const struct visit *visit, const char *expected)
{
	const char *type = header_find(visit, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t length_bytes = strlen(expected);
	return type != NULL && strncasecmp(type, expected, length_bytes) == 0 &&
		(type[length_bytes] == '\0' || type[length_bytes] == ';' || type[length_bytes] == ' ');
}

static bool length_is_within(const char *text, uint64_t most_bytes)
{
	uint64_t length_bytes = 0;
	return text_number_parse(text, strlen(text), &length_bytes) == OK && length_bytes <= most_bytes;
}

static void body_judge(struct visit *visit)
{
	const char *length = header_find(visit, MHD_HTTP_HEADER_CONTENT_LENGTH);
	if (!type_is(visit, visit->route->body_type))
		visit_error(visit, 415, strcmp(visit->route->body_type, "application/json") == 0 ? "send application/json"
			: "send application/x-ndjson");
	else if (length != NULL && !length_is_within(length, visit->route->body_bytes))
		visit_error(visit, 413, "the body is too long");
}

/** Finds the route and judges all that the headers tell; where the reply is not an error, the visit may go on. */
static void visit_judge(struct http *http, struct visit *visit, const char *method)
{
	bool is_head = strcmp(method, "HEAD") == 0;
	const char *allow = NULL;
	if (visit->status != 0)
		return;
	address_find(visit);
	visit->route = route_find(is_head ? "GET" : method, visit->request.path, &visit->values, &allow);
	if (visit->route == NULL || (is_head && visit->route->place != ROUTE_READS)) {
		visit_error(visit, allow != NULL || visit->route != NULL ? 405 : 404,
			allow != NULL || visit->route != NULL ? "not with this method" : "there is no such page");
		visit->allow = allow;
		return;
	}
	if (visit->route->roles != ROLE_NONE) {
		visit->store = reader_take(http);
		identity_find(visit);
		reader_give(http, visit->store);
		visit->store = NULL;
	} else if (strcmp(visit->route->method, "GET") == 0) {
		(void)address_allowed(visit, "page", PAGE_PER_S * 1000, PAGE_PER_S * 4);
	} else {
		(void)address_allowed(visit, "failure", 333, LIMIT_TOWER_FAILURES);
	}
	if (visit->status == 0 && visit->route->body_bytes > 0)
		body_judge(visit);
}

/* Replies. */

static void headers_add(const struct visit *visit, struct MHD_Response *response)
{
	static const char *const always[][2] = {
		{"Content-Security-Policy",
			"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
			"require-trusted-types-for 'script'"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	};
	char text[32 + ACCESS_SECRET_BYTES + 128];
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		MHD_add_response_header(response, always[i][0], always[i][1]);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, visit->type != NULL ? visit->type : "application/json");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
		visit->is_lasting ? "public, max-age=31536000, immutable" : visit->file >= 0 ? "no-cache" : "no-store");
	if (visit->allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, visit->allow);
	if (visit->status == 401)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"hinomi\"");
	if (visit->is_packed)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	if (visit->file >= 0)
		MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (visit->status == 429) {
		snprintf(text, sizeof(text), "%u", visit->wait_s > 0 ? visit->wait_s : 1);
		MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, text);
	}
	if (visit->set_cookie[0] != '\0') {
		bool is_end = strcmp(visit->set_cookie, "-") == 0, is_secure = strncmp(visit->tower->config->origin, "https:", 6) == 0;
		snprintf(text, sizeof(text), COOKIE_NAME "=%s; HttpOnly; SameSite=Strict; Path=/%s%s", is_end ? "" : visit->set_cookie,
			is_secure ? "; Secure" : "", is_end ? "; Max-Age=0" : "");
		MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, text);
	}
}

static enum MHD_Result visit_send(struct http *http, struct visit *visit)
{
	struct MHD_Response *response;
	if (visit->file >= 0) {
		response = MHD_create_response_from_fd(visit->file_bytes, visit->file);
	} else {
		response = MHD_create_response_from_buffer(visit->text_bytes, visit->text, MHD_RESPMEM_MUST_FREE);
	}
	if (response == NULL)
		return MHD_NO;
	headers_add(visit, response);
	enum MHD_Result done = MHD_queue_response(visit->connection, visit->status, response);
	visit->text = NULL; /* they are the response's */
	visit->file = -1;
	MHD_destroy_response(response);
	http->by_status[visit->status / 100 % 6]++;
	return done;
}

/* Event streams. */

struct stream {
	struct http *http;
	struct tower *tower;
	struct identity who;
	char cookie[ACCESS_SECRET_BYTES];
	uint32_t roles; /* of which one is needed */
	int64_t checked_mono_ns;
	struct watcher *watcher;
	struct MHD_Connection *connection;
};

static void stream_wake(void *context)
{
	struct stream *stream = context;
	MHD_resume_connection(stream->connection);
}

static void stream_sleep(void *context)
{
	struct stream *stream = context;
	MHD_suspend_connection(stream->connection);
}

/** Asks now and then whether whoever began to watch still may: streams outlive what is taken away. */
static bool stream_may_go_on(struct stream *stream)
{
	int64_t now_mono_ns = clock_mono_ns();
	if (now_mono_ns - stream->checked_mono_ns < STREAM_CHECK_NS)
		return true;
	struct store *reader = reader_take(stream->http);
	bool may = access_still(stream->tower->access, reader, &stream->who, stream->cookie, stream->roles);
	reader_give(stream->http, reader);
	stream->checked_mono_ns = now_mono_ns;
	return may;
}

static ssize_t stream_read(void *context, uint64_t at, char *ret_text, size_t room_bytes)
{
	struct stream *stream = context;
	(void)at;
	if (!stream_may_go_on(stream))
		return MHD_CONTENT_READER_END_OF_STREAM;
	size_t filled_bytes = events_read(stream->tower->events, stream->watcher, ret_text, room_bytes, stream_sleep, stream);
	return filled_bytes != EVENTS_ENDED ? (ssize_t)filled_bytes : MHD_CONTENT_READER_END_OF_STREAM;
}

static void stream_free(void *context)
{
	struct stream *stream = context;
	events_unwatch(stream->tower->events, stream->watcher);
	free(stream);
}

static enum MHD_Result stream_begin(struct http *http, struct visit *visit)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	const char *after = header_find(visit, "Last-Event-ID");
	if (stream != NULL) {
		*stream = (struct stream){.http = http, .tower = visit->tower, .who = visit->who, .roles = visit->route->roles,
			.checked_mono_ns = clock_mono_ns(), .connection = visit->connection};
		memcpy(stream->cookie, visit->cookie, sizeof(stream->cookie));
		stream->watcher = events_watch(visit->tower->events, after != NULL ? after : request_param(&visit->request, "after"),
			stream_wake, stream);
	}
	if (stream == NULL || stream->watcher == NULL) {
		free(stream);
		visit_error(visit, 503, "too many watch already");
		return visit_send(http, visit);
	}
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EVENTS_BLOCK_BYTES, stream_read, stream, stream_free);
	if (response == NULL) {
		stream_free(stream);
		return MHD_NO;
	}
	visit->status = 200;
	visit->type = "text/event-stream";
	headers_add(visit, response);
	MHD_add_response_header(response, "X-Accel-Buffering", "no");
	MHD_set_connection_option(visit->connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)WATCHER_QUIET_S);
	enum MHD_Result done = MHD_queue_response(visit->connection, 200, response);
	MHD_destroy_response(response);
	http->by_status[2]++;
	return done;
}

/* The way of a visit. */

static enum MHD_Result visit_leave(struct http *http, struct visit *visit, struct desk *desk)
{
	visit->stage = STAGE_WAITING;
	MHD_suspend_connection(visit->connection); /* before anybody could resume it */
	if (desk == NULL || !desk_put(desk, visit)) {
		visit_error(visit, 503, desk == NULL ? "no authority is configured" : "too much waits to be written");
		MHD_resume_connection(visit->connection);
	}
	(void)http;
	return MHD_YES;
}

void http_resume(struct visit *visit)
{
	MHD_resume_connection(visit->connection);
}

static enum MHD_Result visit_dispatch(struct http *http, struct visit *visit)
{
	guard_set(http, visit->connection, true);
	switch (visit->route->place) {
	case ROUTE_READS:
		visit->store = reader_take(http);
		visit->route->handle(visit);
		reader_give(http, visit->store);
		visit->store = NULL;
		if (visit->status == 0) /* it needs to write after all */
			return visit_leave(http, visit, visit->tower->writing);
		return visit_send(http, visit);
	case ROUTE_WRITES:
		return visit_leave(http, visit, visit->tower->writing);
	case ROUTE_RELAYS:
		return visit_leave(http, visit, visit->tower->relay != NULL ? visit->tower->relaying : NULL);
	case ROUTE_EXERCISES:
		if (visit->tower->exercise != NULL)
			return visit_leave(http, visit, visit->tower->exercising);
		exercise_missing(visit);
		return visit_send(http, visit);
	case ROUTE_WATCHES:
		return stream_begin(http, visit);
	case ROUTE_NOWHERE:
		break;
	}
	return MHD_NO;
}

/** Whether a body that is not wanted is short enough to be read all the same, so that its sender hears why. */
static bool body_is_bearable(const struct visit *visit)
{
	const char *length = header_find(visit, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length == NULL || length_is_within(length, LIMIT_TOWER_BODY_BYTES);
}

/** Adds to the body; what is too long is refused at its end, and no more of it is kept. */
static void body_add(struct http *http, struct visit *visit, const char *bytes, size_t length_bytes)
{
	visit->arrived_bytes += length_bytes;
	if (visit->status != 0)
		return;
	size_t needed_bytes = visit->body_bytes + length_bytes + 1;
	if (needed_bytes > visit->route->body_bytes + 1) {
		visit_error(visit, 413, visit->route->body_bytes > 0 ? "the body is too long" : "this takes no body");
		return;
	}
	if (needed_bytes > visit->body_room_bytes) {
		size_t room_bytes = needed_bytes * 2, most_bytes = visit->route->body_bytes + 1;
		room_bytes = room_bytes < most_bytes ? room_bytes : most_bytes;
		size_t more_bytes = room_bytes - visit->body_room_bytes;
		char *body = http->body_bytes + more_bytes <= LIMIT_TOWER_BODIES_BYTES ? realloc(visit->body, room_bytes) : NULL;
		if (body == NULL) {
			http->bodies_refused++;
			visit_error(visit, 503, "too much comes in at once");
			return;
		}
		visit->body = body;
		visit->body_room_bytes = room_bytes;
		http->body_bytes += more_bytes;
	}
	memcpy(visit->body + visit->body_bytes, bytes, length_bytes);
	visit->body_bytes += length_bytes;
	visit->body[visit->body_bytes] = '\0';
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_bytes, void **request_context)
{
	struct http *http = context;
	struct visit *visit = *request_context;
	(void)url;
	(void)version;
	(void)connection;
	if (visit == NULL)
		return MHD_NO;
	switch ((enum stage)visit->stage) {
	case STAGE_NEW:
		visit_judge(http, visit, method);
		visit->stage = STAGE_BODY;
		return visit->status != 0 && !body_is_bearable(visit) ? visit_send(http, visit) : MHD_YES;
	case STAGE_BODY:
		if (*upload_bytes == 0)
			return visit->status != 0 ? visit_send(http, visit) : visit_dispatch(http, visit);
		body_add(http, visit, upload, *upload_bytes);
		*upload_bytes = 0;
		return visit->arrived_bytes <= 2 * LIMIT_TOWER_BODY_BYTES ? MHD_YES : MHD_NO;
	case STAGE_WAITING:
		return visit_send(http, visit);
	}
	return MHD_NO;
}

/* Opening and ending. */

static int listen_tcp(const char *text, int *ret_fd)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_storage addr = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&addr;
	uint64_t port = 0;
	const int yes = 1;
	bool is_v6 = text[0] == '[';
	if (text_number_parse(colon + 1, strlen(colon + 1), &port) != OK || port == 0 || port > UINT16_MAX) {
		errno = EINVAL;
		return E_SYS;
	}
	if (is_v6)
		*v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback};
	else
		*v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_SYS;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
		bind(fd, (const struct sockaddr *)&addr, is_v6 ? sizeof(*v6) : sizeof(*v4)) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		int saved_errno = errno;
		close(fd);
		errno = saved_errno;
		return E_SYS;
	}
	*ret_fd = fd;
	return OK;
}

int http_new(struct tower *tower, struct http **ret_http, char ret_why[static WHY_BYTES])
{
	const char *listen_at = tower->config->listen;
	struct http *http = calloc(1, sizeof(*http));
	if (http == NULL)
		return why_refuse(ret_why, E_NOMEM, listen_at, "no memory");
	http->tower = tower;
	http->listen_fd = -1;
	pthread_mutex_init(&http->lock, NULL);
	int err = listen_at[0] == '/' ? local_listen(listen_at, LISTEN_BACKLOG, &http->listen_fd)
		: listen_tcp(listen_at, &http->listen_fd);
	if (err == E_STATE)
		(void)why_refuse(ret_why, err, listen_at, "another process answers there");
	else if (err != OK)
		(void)why_refuse_errno(ret_why, listen_at, "cannot be listened at");
	while (err == OK && http->reader_count < tower->config->threads) {
		err = store_open_reader(tower->config->store, &http->readers[http->reader_count], ret_why);
		http->reader_count += err == OK;
	}
	if (err != OK) {
		http_free(http);
		return err;
	}
	*ret_http = http;
	return OK;
}

__attribute__((format(printf, 2, 0))) static void on_noise(void *context, const char *format, va_list arguments)
{
	struct http *http = context;
	uint64_t held_back = 0;
	char text[128], plain[LOG_PEER_TEXT_BYTES];
	pthread_mutex_lock(&http->lock);
	bool is_allowed = log_allowed(&http->noise, clock_mono_ns(), &held_back);
	pthread_mutex_unlock(&http->lock);
	if (!is_allowed)
		return;
	vsnprintf(text, sizeof(text), format, arguments);
	log_line(LOG_LEVEL_INFO, "http said=%s held_back=%llu", log_peer_text(text, strlen(text), plain),
		(unsigned long long)held_back);
}

int http_start(struct http *http)
{
	const struct MHD_OptionItem pool[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)http->tower->config->threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_noise, http, MHD_OPTION_LISTEN_SOCKET, http->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_TOWER_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)LIMIT_TOWER_CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)QUIET_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_ARRAY, http->tower->config->threads > 1 ? pool : pool + 1,
		MHD_OPTION_END);
	if (http->daemon == NULL)
		return E_SYS;
	http->listen_fd = -1;
	return OK;
}

void http_free(struct http *http)
{
	if (http == NULL)
		return;
	if (http->daemon != NULL) {
		int fd = MHD_quiesce_daemon(http->daemon);
		events_end(http->tower->events);
		MHD_stop_daemon(http->daemon);
		if (fd >= 0)
			close(fd);
	}
	if (http->listen_fd >= 0)
		close(http->listen_fd);
	for (size_t i = 0; i < http->reader_count; i++)
		store_close(http->readers[i]);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

void http_count(struct http *http, struct http_counters *ret_counters)
{
	*ret_counters = (struct http_counters){.requests = http->requests, .bodies_refused = http->bodies_refused,
		.cut_off = http->cut_off, .connections = http->connections};
	for (size_t i = 0; i < ARRAY_LEN(ret_counters->by_status); i++)
		ret_counters->by_status[i] = http->by_status[i];
}
