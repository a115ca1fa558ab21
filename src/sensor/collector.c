/*
 * Receives flow exports. The buffers of one batch are reused for every read
 * and shared by all sockets of a collector, since one thread reads them.
 *
 * Losses in the kernel are asked for (SO_MEMINFO, whose member SK_MEMINFO_DROPS
 * is the counter that SO_RXQ_OVFL would send along) and not taken from control
 * messages: they then are known also when no further datagram comes, and cost
 * nothing per datagram.
 */
#include "sensor/collector.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_DATAGRAMS 64
#define DATAGRAM_BYTES 65536 /* no UDP datagram is longer, so none is ever cut */
#define STRIDE_BYTES (DATAGRAM_BYTES + 1536) /* usual datagrams then lie in different sets of the caches */

struct socket_place {
	int fd;
	uint32_t kernel_drops; /* as last read; the kernel's counter wraps at 32 bits */
};

struct collector {
	const struct config_collector *config; /* borrowed */
	struct flow_state *flow; /* borrowed */
	struct exporters *exporters; /* borrowed */
	struct socket_place sockets[CONFIG_SOCKETS_MAX];
	size_t socket_count;
	uint64_t buffer_bytes;
	struct collector_counters counters;
	struct mmsghdr messages[BATCH_DATAGRAMS];
	struct iovec vectors[BATCH_DATAGRAMS];
	struct sockaddr_storage senders[BATCH_DATAGRAMS];
	uint8_t datagrams[BATCH_DATAGRAMS][STRIDE_BYTES]; /* pages that no long datagram touches cost nothing */
};

/** The largest buffer that we may have: beyond the system's limit where we are allowed to, else up to it. */
static uint64_t buffer_enlarge(int fd, uint64_t wanted_bytes)
{
	int wanted = (int)wanted_bytes, got = 0;
	socklen_t length = sizeof(got);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof(wanted)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted)); /* what we got is read back */
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &length) != 0)
		return 0;
	return (uint64_t)got / 2; /* the kernel doubles it for its bookkeeping, socket(7) */
}

static int socket_open(struct collector *collector, const struct config_listen *listen)
{
	int fd = socket(listen->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_SYS;
	int yes = 1;
	bool is_open = true;
	if (listen->addr.ss_family == AF_INET6)
		is_open = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) == 0;
	if (collector->config->sockets > 1)
		is_open = is_open && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) == 0;
	collector->buffer_bytes = buffer_enlarge(fd, collector->config->receive_buffer_bytes);
	is_open = is_open && bind(fd, (const struct sockaddr *)&listen->addr, listen->addr_bytes) == 0;
	if (!is_open) {
		int saved_errno = errno;
		close(fd);
		errno = saved_errno;
		return E_SYS;
	}
	collector->sockets[collector->socket_count++] = (struct socket_place){.fd = fd};
	return OK;
}

static void messages_prepare(struct collector *collector)
{
	for (size_t i = 0; i < BATCH_DATAGRAMS; i++) {
		collector->vectors[i] = (struct iovec){.iov_base = collector->datagrams[i], .iov_len = DATAGRAM_BYTES};
		collector->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &collector->senders[i],
			.msg_namelen = sizeof(collector->senders[i]),
			.msg_iov = &collector->vectors[i],
			.msg_iovlen = 1,
		};
	}
}

int collector_open(const struct config_collector *config, struct flow_state *flow, struct exporters *exporters,
	struct collector **ret_collector, char ret_why[static INPUT_WHY_BYTES])
{
	struct collector *collector = calloc(1, sizeof(*collector));
	if (collector == NULL) {
		snprintf(ret_why, INPUT_WHY_BYTES, "no memory for buffers");
		return E_NOMEM;
	}
	collector->config = config;
	collector->flow = flow;
	collector->exporters = exporters;
	messages_prepare(collector);
	int err = OK;
	for (uint64_t i = 0; i < config->sockets && err == OK; i++)
		err = socket_open(collector, &config->listen);
	if (err != OK) {
		snprintf(ret_why, INPUT_WHY_BYTES, "cannot listen: %s", strerror(errno));
		collector_free(collector);
		return err;
	}
	*ret_collector = collector;
	return OK;
}

void collector_free(struct collector *collector)
{
	if (collector == NULL)
		return;
	for (size_t i = 0; i < collector->socket_count; i++)
		close(collector->sockets[i].fd);
	free(collector);
}

size_t collector_fds(const struct collector *collector, int ret_fds[static CONFIG_SOCKETS_MAX])
{
	for (size_t i = 0; i < collector->socket_count; i++)
		ret_fds[i] = collector->sockets[i].fd;
	return collector->socket_count;
}

uint64_t collector_buffer_bytes(const struct collector *collector)
{
	return collector->buffer_bytes;
}

static struct ip_addr sender_addr(const struct sockaddr_storage *sender)
{
	struct ip_addr addr;
	if (sender->ss_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, sender, sizeof(v4));
		return ip_from_v4(ntohl(v4.sin_addr.s_addr));
	}
	struct sockaddr_in6 v6;
	memcpy(&v6, sender, sizeof(v6));
	memcpy(addr.bytes, v6.sin6_addr.s6_addr, sizeof(addr.bytes));
	return addr;
}

static bool is_allowed(const struct config_prefixes *exporters, const struct ip_addr *addr)
{
	for (size_t i = 0; i < exporters->count; i++) {
		if (ip_prefix_covers(&exporters->items[i], addr))
			return true;
	}
	return exporters->count == 0;
}

/** What becomes of one datagram's observations. */
struct record_path {
	struct collector *collector;
	struct exporter *exporter;
	observation_sink *sink;
	void *arg;
};

static void records_pass(void *arg, const struct observation *batch, size_t count)
{
	struct record_path *path = arg;
	path->collector->counters.records += count;
	path->exporter->records += count;
	for (size_t done = 0; done < count; done += DETECT_BATCH_MAX)
		path->sink(path->arg, batch + done, count - done < DETECT_BATCH_MAX ? count - done : DETECT_BATCH_MAX);
}

static void datagram_take(struct record_path *path, const struct sockaddr_storage *sender, const uint8_t *bytes,
	size_t length_bytes, int64_t now_wall_ns)
{
	struct collector *collector = path->collector;
	struct ip_addr addr = sender_addr(sender);
	collector->counters.received++;
	collector->counters.bytes += length_bytes;
	if (!is_allowed(&collector->config->exporters, &addr)) {
		collector->counters.not_allowed++;
		return;
	}
	uint32_t place = exporters_place(collector->exporters, &addr);
	path->exporter = &collector->exporters->entries[place];
	path->exporter->datagrams++;
	path->exporter->bytes += length_bytes;
	int err = flow_parse(collector->flow, &addr, COLLECTOR_EXPORTER_BASE + place, now_wall_ns, bytes, length_bytes,
		records_pass, path);
	if (err == OK)
		collector->counters.used++;
	else if (err == E_UNSUPPORTED)
		collector->counters.not_flow++;
	else
		collector->counters.malformed++;
}

int collector_read(struct collector *collector, int fd, int64_t now_wall_ns, observation_sink *sink, void *arg)
{
	int got = recvmmsg(fd, collector->messages, BATCH_DATAGRAMS, MSG_DONTWAIT, NULL);
	if (got <= 0)
		return E_AGAIN; /* nothing there; an ICMP error that was queued is taken off by this call */
	struct record_path path = {.collector = collector, .sink = sink, .arg = arg};
	for (int i = 0; i < got; i++) {
		datagram_take(&path, &collector->senders[i], collector->datagrams[i], collector->messages[i].msg_len, now_wall_ns);
		collector->messages[i].msg_hdr.msg_namelen = sizeof(collector->senders[i]);
	}
	return got == BATCH_DATAGRAMS ? OK : E_AGAIN;
}

struct collector_counters collector_counters_of(struct collector *collector)
{
	for (size_t i = 0; i < collector->socket_count; i++) {
		struct socket_place *place = &collector->sockets[i];
		uint32_t memory[SK_MEMINFO_VARS] = {0};
		socklen_t length = sizeof(memory);
		if (getsockopt(place->fd, SOL_SOCKET, SO_MEMINFO, memory, &length) != 0)
			continue;
		uint32_t fresh = memory[SK_MEMINFO_DROPS] - place->kernel_drops;
		place->kernel_drops = memory[SK_MEMINFO_DROPS];
		collector->counters.dropped_kernel += fresh;
		collector->counters.received += fresh;
	}
	return collector->counters;
}
