/* sendmmsg() over frames of a fixed batch; what the kernel has no room for is counted and not tried again. */
#include "exercise/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH_FRAMES 64

struct wire {
	int fd;
	size_t waiting;
	uint64_t sent;
	uint64_t refused;
	uint8_t frames[BATCH_FRAMES][FRAME_BYTES_MAX];
	struct iovec slices[BATCH_FRAMES];
	struct mmsghdr messages[BATCH_FRAMES];
};

int wire_open(const char *interface, struct wire **ret_wire)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	struct wire *wire = calloc(1, sizeof(*wire));
	int yes = 1;
	if (wire == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < BATCH_FRAMES; i++) {
		wire->slices[i].iov_base = wire->frames[i];
		wire->messages[i].msg_hdr.msg_iov = &wire->slices[i];
		wire->messages[i].msg_hdr.msg_iovlen = 1;
	}
	wire->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (wire->fd < 0 || to.sll_ifindex == 0 || bind(wire->fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
		setsockopt(wire->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof(yes)) != 0) {
		wire_close(wire);
		return E_SYS;
	}
	*ret_wire = wire;
	return OK;
}

void wire_close(struct wire *wire)
{
	if (wire == NULL)
		return;
	if (wire->fd >= 0)
		(void)close(wire->fd);
	free(wire);
}

int wire_flush(struct wire *wire)
{
	size_t at = 0;
	while (at < wire->waiting) {
		int sent = sendmmsg(wire->fd, wire->messages + at, (unsigned)(wire->waiting - at), 0);
		if (sent > 0) {
			wire->sent += (uint64_t)sent;
			at += (size_t)sent;
		} else if (errno == ENOBUFS || errno == EAGAIN) {
			wire->refused++;
			at++;
		} else if (errno != EINTR) {
			wire->waiting = 0;
			return E_SYS;
		}
	}
	wire->waiting = 0;
	return OK;
}

int wire_send(struct wire *wire, const struct packet *packet)
{
	size_t at = wire->waiting++;
	wire->slices[at].iov_len = frame_write(packet, wire->frames[at]);
	return wire->waiting == BATCH_FRAMES ? wire_flush(wire) : OK;
}

uint64_t wire_sent(const struct wire *wire)
{
	return wire->sent;
}

uint64_t wire_refused(const struct wire *wire)
{
	return wire->refused;
}
