/* The tap: cooked packet sockets (packet(7), SOCK_DGRAM), so that each packet begins with its IP header. */
#include "effect/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "filter/interface.h"

#define INTERFACES_MAX 16
#define HEADER_BYTES 128 /* IPv6, some extension headers, and the first bytes of a transport header and of what it carries */
#define ROOM_BYTES (4 << 20) /* of a socket: some 2,000 packets as the kernel counts them */
#define BATCH 64
#define BATCHES_MAX 64 /* in one reading */
#define FOLLOW_EVERY_NS NS_PER_S

struct one {
	const char *interface;
	int fd, ifindex;
};

struct tap {
	size_t count;
	struct one ones[INTERFACES_MAX];
	int64_t followed_ns;
	uint8_t bytes[BATCH][HEADER_BYTES];
};

/** Binds to the interface of the name, if it is there and is another than before. @return OK, or E_SYS */
static int one_bind(struct one *one)
{
	struct interface interface = {0};
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	if (interface_find(one->fd, one->interface, &interface) != OK)
		return E_SYS;
	if (interface.ifindex == one->ifindex)
		return OK;
	addr.sll_ifindex = interface.ifindex;
	if (bind(one->fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0)
		return E_SYS;
	one->ifindex = interface.ifindex;
	return OK;
}

static int one_open(struct one *one, char ret_why[static WHY_BYTES])
{
	struct sock_filter cut = BPF_STMT(BPF_RET | BPF_K, HEADER_BYTES);
	const struct sock_fprog program = {1, &cut};
	const int room = ROOM_BYTES;
	one->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); /* nothing arrives before it is bound */
	if (one->fd < 0)
		return errno == EPERM ? why_refuse(ret_why, E_DENIED, one->interface, "no permission to capture packets (CAP_NET_RAW)")
			: why_refuse_errno(ret_why, one->interface, "packet socket");
	if (setsockopt(one->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		(void)setsockopt(one->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* less room, fewer packets */
	if (setsockopt(one->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 || one_bind(one) != OK)
		return why_refuse_errno(ret_why, one->interface, "packet socket");
	return OK;
}

int tap_open(const char *const *interfaces, size_t count, struct tap **ret_tap, char ret_why[static WHY_BYTES])
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int err = tap == NULL ? E_NOMEM : count > INTERFACES_MAX ? E_LIMIT : OK;
	if (err != OK)
		(void)why_refuse(ret_why, err, "interfaces", err == E_LIMIT ? "are too many" : "no memory");
	for (size_t i = 0; i < count && err == OK; i++) {
		tap->ones[i].interface = interfaces[i];
		tap->count++;
		err = one_open(&tap->ones[i], ret_why);
	}
	if (err == OK)
		*ret_tap = tap;
	else
		tap_close(tap);
	return err;
}

void tap_close(struct tap *tap)
{
	if (tap == NULL)
		return;
	for (size_t i = 0; i < tap->count; i++) {
		if (tap->ones[i].fd >= 0)
			close(tap->ones[i].fd);
	}
	free(tap);
}

/** Reads one batch. @return how many packets, 0: there are none */
static size_t batch_read(struct tap *tap, int fd, struct collateral *collateral, int64_t now_ns)
{
	struct sockaddr_ll addrs[BATCH] = {0};
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	for (size_t i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){tap->bytes[i], HEADER_BYTES};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &addrs[i], .msg_namelen = sizeof(addrs[i]), .msg_iov = &parts[i],
			.msg_iovlen = 1};
	}
	int got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct packet_facts facts = {0};
		if (packet_facts_parse(&facts, tap->bytes[i], tap->bytes[i] + messages[i].msg_len) == 1)
			collateral_see(collateral, &facts, addrs[i].sll_pkttype == PACKET_OUTGOING, now_ns);
	}
	return got > 0 ? (size_t)got : 0;
}

void tap_read(struct tap *tap, struct collateral *collateral, int64_t now_ns)
{
	bool follows = now_ns - tap->followed_ns >= FOLLOW_EVERY_NS;
	if (follows)
		tap->followed_ns = now_ns;
	for (size_t i = 0; i < tap->count; i++) {
		if (follows)
			(void)one_bind(&tap->ones[i]); /* gone: tried again */
		for (size_t k = 0; k < BATCHES_MAX && batch_read(tap, tap->ones[i].fd, collateral, now_ns) == BATCH; k++)
			;
	}
}
