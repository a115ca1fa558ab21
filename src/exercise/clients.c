/*
 * One thread over epoll. A client has at most one connection: its next
 * request is due when the deadline of the one before has passed. Connections
 * that end by deadline are reset, so that nothing of them comes later.
 *
 * IPv4 addresses are used in their mapped form, one code path for both.
 */
#include "exercise/clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "core/units.h"
#include "exercise/server.h"

#define ANSWER_HEAD_BYTES_MAX 512
#define PAGE_MIN_BYTES 300
#define PAGE_MAX_BYTES 9000

struct client {
	int fd; /* -1: nothing asked */
	bool is_asked; /* the request is sent */
	int64_t due_ns; /* of the next request */
	int64_t deadline_ns;
	struct clients_second *counts; /* of the second in which this request was made */
	uint64_t page_bytes;
	uint64_t got_bytes; /* of head and page */
	size_t head_used_bytes;
	char head[ANSWER_HEAD_BYTES_MAX + 1];
};

struct crowd {
	const struct clients_plan *plan;
	int epoll_fd;
	struct random rng;
	struct client clients[CLIENTS_MAX];
};

struct clients_counts *clients_counts_new(void)
{
	void *counts = mmap(NULL, sizeof(struct clients_counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return counts != MAP_FAILED ? counts : NULL;
}

void clients_counts_free(struct clients_counts *counts)
{
	if (counts != NULL)
		(void)munmap(counts, sizeof(*counts));
}

static void count(_Atomic uint32_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static struct sockaddr_in6 socket_address(const struct ip_addr *addr, uint16_t port)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&to.sin6_addr, addr->bytes, sizeof(addr->bytes));
	return to;
}

static void client_end(struct client *client, _Atomic uint32_t *as)
{
	struct linger reset = {.l_onoff = 1};
	if (as != &client->counts->served)
		(void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(client->fd);
	client->fd = -1;
	count(as);
}

/* A connection from the client's own address, under way. Returns -1: the system has none to give, errno tells. */
static int client_connect(const struct clients_plan *plan, size_t at)
{
	struct sockaddr_in6 from = socket_address(&plan->clients[at], 0);
	struct sockaddr_in6 to = socket_address(&plan->services[at % plan->service_count], SERVER_PORT);
	int yes = 1, ttl = plan->ttl[at];
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)); /* a local route is no address to IPv6 */
	(void)setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
		(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS))
		return fd;
	int error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static void client_begin(struct crowd *crowd, size_t at, int64_t now_ns)
{
	struct client *client = &crowd->clients[at];
	const struct clients_plan *plan = crowd->plan;
	size_t second = (size_t)((now_ns - plan->start_mono_ns) / NS_PER_S);

	client->due_ns += CLIENTS_EVERY_MS * NS_PER_MS;
	if (second >= CLIENTS_SECONDS_MAX)
		return;
	client->counts = &plan->counts->seconds[second][at % plan->service_count];
	client->deadline_ns = now_ns + CLIENTS_DEADLINE_MS * NS_PER_MS;
	client->page_bytes = PAGE_MIN_BYTES + random_below(&crowd->rng, PAGE_MAX_BYTES - PAGE_MIN_BYTES);
	client->got_bytes = client->head_used_bytes = 0;
	client->is_asked = false;
	count(&client->counts->asked);
	client->fd = client_connect(plan, at);
	if (client->fd < 0) {
		count(&client->counts->failed);
		return;
	}
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
	(void)epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, client->fd, &event);
}

static void client_ask(const struct crowd *crowd, struct client *client)
{
	char request[160];
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
	int length = snprintf(request, sizeof(request),
		"GET /%llu HTTP/1.1\r\nHost: member.example\r\nUser-Agent: exercise\r\nConnection: close\r\n\r\n",
		(unsigned long long)client->page_bytes);
	if (send(client->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
		client_end(client, &client->counts->failed);
		return;
	}
	client->is_asked = true;
	(void)epoll_ctl(crowd->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

/* At the connection's end: whether this is an answer to the request, all of it. */
static bool answer_is_right(struct client *client)
{
	char length[64];
	client->head[client->head_used_bytes] = '\0';
	const char *end = strstr(client->head, "\r\n\r\n");
	(void)snprintf(length, sizeof(length), "\r\nContent-Length: %llu\r\n", (unsigned long long)client->page_bytes);
	return end != NULL && strncmp(client->head, "HTTP/1.1 200 ", 13) == 0 && strstr(client->head, length) != NULL &&
		client->got_bytes == (uint64_t)(end - client->head) + 4 + client->page_bytes;
}

static void client_read(struct client *client)
{
	char rest[16384];
	ssize_t got = 1;
	while (got > 0) {
		size_t room = ANSWER_HEAD_BYTES_MAX - client->head_used_bytes;
		got = room > 0 ? recv(client->fd, client->head + client->head_used_bytes, room, 0)
					   : recv(client->fd, rest, sizeof(rest), 0);
		if (got > 0) {
			client->head_used_bytes += room > 0 ? (size_t)got : 0;
			client->got_bytes += (uint64_t)got;
		}
	}
	if (got < 0 && errno == EAGAIN)
		return;
	client_end(client, got == 0 && answer_is_right(client) ? &client->counts->served : &client->counts->failed);
}

static void client_turn(struct crowd *crowd, struct client *client)
{
	if (client->is_asked)
		client_read(client);
	else
		client_ask(crowd, client);
}

/* Ends what is late, begins what is due. Returns when to look again; INT64_MAX: all is asked and answered. */
static int64_t clients_look(struct crowd *crowd)
{
	const struct clients_plan *plan = crowd->plan;
	int64_t now_ns = clock_mono_ns(), next_ns = INT64_MAX;
	int64_t end_ns = plan->start_mono_ns + (int64_t)plan->duration_ms * NS_PER_MS;

	for (size_t i = 0; i < plan->client_count; i++) {
		struct client *client = &crowd->clients[i];
		if (client->fd >= 0 && now_ns >= client->deadline_ns)
			client_end(client, &client->counts->late);
		if (client->fd < 0 && now_ns >= client->due_ns && client->due_ns < end_ns)
			client_begin(crowd, i, now_ns);
		int64_t at_ns = client->fd >= 0 ? client->deadline_ns : client->due_ns < end_ns ? client->due_ns : INT64_MAX;
		next_ns = at_ns < next_ns ? at_ns : next_ns;
	}
	return next_ns;
}

int clients_run(void *context)
{
	static struct crowd crowd;
	struct epoll_event events[64];
	int64_t next_ns;

	crowd.plan = context;
	crowd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	random_init(&crowd.rng, crowd.plan->seed);
	for (size_t i = 0; i < crowd.plan->client_count; i++) {
		crowd.clients[i].fd = -1;
		crowd.clients[i].due_ns = crowd.plan->start_mono_ns +
			(int64_t)(i * CLIENTS_EVERY_MS / crowd.plan->client_count) * NS_PER_MS;
	}
	while ((next_ns = clients_look(&crowd)) != INT64_MAX) {
		int64_t wait_ns = next_ns - clock_mono_ns();
		int ready = epoll_wait(crowd.epoll_fd, events, ARRAY_LEN(events), wait_ns > 0 ? (int)(wait_ns / NS_PER_MS) + 1 : 0);
		for (int i = 0; i < ready; i++)
			client_turn(&crowd, events[i].data.ptr);
	}
	return 0;
}

struct clients_sum clients_sum(const struct clients_counts *counts, size_t from, size_t to, size_t service)
{
	struct clients_sum sum = {0};
	for (size_t second = from; second < to && second < CLIENTS_SECONDS_MAX; second++) {
		for (size_t i = 0; i < CLIENTS_SERVICES_MAX; i++) {
			const struct clients_second *at = &counts->seconds[second][i];
			if (service != CLIENTS_SERVICES_MAX && service != i)
				continue;
			sum.asked += atomic_load_explicit(&at->asked, memory_order_relaxed);
			sum.served += atomic_load_explicit(&at->served, memory_order_relaxed);
			sum.late += atomic_load_explicit(&at->late, memory_order_relaxed);
			sum.failed += atomic_load_explicit(&at->failed, memory_order_relaxed);
		}
	}
	return sum;
}
