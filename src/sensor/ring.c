/*
 * Reads packets out of memory that the kernel fills: TPACKET_V3 of packet(7),
 * laid out as in linux/if_packet.h. The ring is a row of blocks; a block
 * belongs to the kernel until its status says TP_STATUS_USER, and again from
 * when it is set back. Its packets stand one after the other, each behind a
 * tpacket3_hdr and a sockaddr_ll.
 *
 * What enters the ring is cut by cut.c. Packets are decoded where they lie,
 * into a batch of observations that the caller's sink borrows; the block goes
 * back as soon as its last packet is decoded. The socket is made without a
 * protocol, so that nothing arrives before cut and ring are in place.
 */
#include "sensor/ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "decode/packet.h"
#include "sensor/cut.h"

#define BLOCK_BYTES (256u * 1024) /* small enough to stay in the second-level cache until it is read */
#define BLOCKS_MIN 4
#define RING_BYTES_DEFAULT (64u * 1024 * 1024)
#define RETIRE_MS 16 /* a block that is not full is handed over after this */
#define BATCH_PACKETS 128 /* 15 KiB of observations: stays in the first-level cache */
#define VLAN_ID_MASK 0x0fff
#define PREFETCH_BYTES 1024 /* the kernel wrote them on another processor: they come from afar */

struct ring {
	int fd;
	int ifindex;
	enum interface_state state; /* at the last look */
	uint8_t *memory; /* mapped */
	size_t memory_bytes;
	uint32_t block_count;
	uint32_t next_block;
	enum link_type link;
	uint32_t exporter;
	uint32_t sampling;
	bool is_promiscuous;
	char interface[IFNAMSIZ];
	struct input_counters counters;
	input_tap *tap; /* NULL: nobody looks */
	void *tap_arg;
	size_t batch_count;
	struct observation batch[BATCH_PACKETS];
};

static int socket_open(struct ring *ring, const char *interface, char ret_why[static INPUT_WHY_BYTES])
{
	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ring->fd >= 0)
		return OK;
	if (errno == EPERM || errno == EACCES)
		return why_refuse(ret_why, E_DENIED, interface, "no permission to capture packets: run as root or with CAP_NET_RAW");
	return why_refuse_errno(ret_why, interface, "packet socket");
}

/** How an interface's packets begin; LINK_NULL: in a way that is not read. */
static enum link_type link_of(const struct interface *interface)
{
	switch (interface->link) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK: return LINK_ETHERNET;
	case ARPHRD_NONE: return LINK_RAW;
	default: return LINK_NULL;
	}
}

static int memory_map(struct ring *ring, const struct ring_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	uint32_t ring_bytes = config->ring_bytes != 0 ? config->ring_bytes : RING_BYTES_DEFAULT;
	ring->block_count = ring_bytes / BLOCK_BYTES < BLOCKS_MIN ? BLOCKS_MIN : ring_bytes / BLOCK_BYTES;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = ring->block_count,
		.tp_frame_size = 2048, /* only has to divide the block: packets are packed */
		.tp_retire_blk_tov = RETIRE_MS,
	};
	request.tp_frame_nr = BLOCK_BYTES / request.tp_frame_size * ring->block_count;
	int version = TPACKET_V3;
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
		return why_refuse_errno(ret_why, config->interface, "packet ring");
	ring->memory_bytes = (size_t)BLOCK_BYTES * ring->block_count;
	void *memory = mmap(NULL, ring->memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, 0);
	if (memory == MAP_FAILED)
		return why_refuse_errno(ret_why, config->interface, "mapping the packet ring");
	ring->memory = memory;
	return OK;
}

/** From here on the interface's packets arrive, or as soon as it is up. */
static int capture_start(struct ring *ring, int ifindex, char ret_why[static INPUT_WHY_BYTES])
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};
	struct packet_mreq promiscuous = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
	if (ring->is_promiscuous &&
	    setsockopt(ring->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous)) != 0)
		return why_refuse_errno(ret_why, ring->interface, "promiscuous mode");
	if (bind(ring->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		return why_refuse_errno(ret_why, ring->interface, "bind");
	ring->ifindex = ifindex;
	ring->state = INTERFACE_UP;
	return OK;
}

static int ring_setup(struct ring *ring, const struct ring_config *config, char ret_why[static INPUT_WHY_BYTES])
{
	struct interface interface = {0};
	int err = socket_open(ring, config->interface, ret_why);
	if (err == OK)
		err = interface_require(ring->fd, config->interface, &interface, ret_why);
	if (err != OK)
		return err;
	ring->link = link_of(&interface);
	if (ring->link == LINK_NULL)
		return why_refuse(ret_why, E_UNSUPPORTED, config->interface,
			"neither Ethernet nor plain IP: its link type is not read");
	snprintf(ring->interface, sizeof(ring->interface), "%s", config->interface);
	if (cut_attach(ring->fd, ring->link == LINK_ETHERNET, ring->sampling) != OK)
		return why_refuse_errno(ret_why, config->interface, "payload filter");
	int ignore = interface.is_loopback;
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof(ignore)) != 0)
		return why_refuse_errno(ret_why, config->interface, "ignoring what leaves");
	err = memory_map(ring, config, ret_why);
	return err == OK ? capture_start(ring, interface.ifindex, ret_why) : err;
}

int ring_open(const struct ring_config *config, struct ring **ret_ring, char ret_why[static INPUT_WHY_BYTES])
{
	struct ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return why_refuse(ret_why, E_NOMEM, config->interface, "out of memory");
	ring->fd = -1;
	ring->exporter = config->exporter;
	ring->sampling = config->sampling > 0 ? config->sampling : 1;
	ring->is_promiscuous = config->promiscuous;
	int err = ring_setup(ring, config, ret_why);
	if (err != OK) {
		int saved = errno;
		ring_free(ring);
		errno = saved;
		return err;
	}
	*ret_ring = ring;
	return OK;
}

int ring_fd(const struct ring *ring)
{
	return ring->fd;
}

void ring_tap(struct ring *ring, input_tap *tap, void *arg)
{
	ring->tap = tap;
	ring->tap_arg = arg;
}

static void batch_flush(struct ring *ring, observation_sink *sink, void *arg)
{
	if (ring->batch_count > 0)
		sink(arg, ring->batch, ring->batch_count);
	ring->batch_count = 0;
}

static inline void packet_take(struct ring *ring, const struct tpacket3_hdr *header)
{
	const uint8_t *frame = (const uint8_t *)header;
	const struct sockaddr_ll *addr = (const struct sockaddr_ll *)(frame + TPACKET_ALIGN(sizeof(*header)));
	struct observation *obs = &ring->batch[ring->batch_count];
	obs->start_ns = (int64_t)header->tp_sec * NS_PER_S + header->tp_nsec;
	obs->end_ns = obs->start_ns;
	obs->sampling = ring->sampling;
	obs->exporter = ring->exporter;
	int err = packet_parse(ring->link, frame + header->tp_mac, header->tp_snaplen, header->tp_len, obs);
	input_count(&ring->counters, err);
	if (err != OK)
		return;
	if ((header->tp_status & TP_STATUS_VLAN_VALID) != 0)
		obs->vlan = header->hv1.tp_vlan_tci & VLAN_ID_MASK;
	if (addr->sll_pkttype == PACKET_OUTGOING)
		obs->traits |= TRAIT_EGRESS;
	ring->batch_count++;
	if (ring->tap != NULL)
		ring->tap(ring->tap_arg, &(struct input_frame){frame + header->tp_mac, header->tp_snaplen, ring->link == LINK_ETHERNET,
			ring->sampling, obs->start_ns});
}

static void block_take(struct ring *ring, const struct tpacket_hdr_v1 *block, observation_sink *sink, void *arg)
{
	const uint8_t *at = (const uint8_t *)block - offsetof(struct tpacket_block_desc, hdr) + block->offset_to_first_pkt;
	for (uint32_t left = block->num_pkts; left > 0; left--) {
		const struct tpacket3_hdr *header = (const struct tpacket3_hdr *)at;
		/* What lies some packets ahead; behind the block's end it is of no use, but prefetching cannot fault. */
		for (uint32_t ahead_bytes = 0; ahead_bytes < header->tp_next_offset && ahead_bytes < 256; ahead_bytes += 64)
			__builtin_prefetch(at + PREFETCH_BYTES + ahead_bytes);
		at += header->tp_next_offset;
		packet_take(ring, header);
		if (ring->batch_count == BATCH_PACKETS)
			batch_flush(ring, sink, arg);
	}
}

/** What the socket has to say when the ring is silent; said once, it is forgotten. */
static int silence_explain(const struct ring *ring)
{
	int error = 0;
	socklen_t error_bytes = sizeof(error);
	if (getsockopt(ring->fd, SOL_SOCKET, SO_ERROR, &error, &error_bytes) != 0)
		return E_SYS;
	if (error == 0)
		return E_AGAIN;
	errno = error;
	return E_SYS;
}

int ring_read(struct ring *ring, observation_sink *sink, void *arg)
{
	uint32_t turns = 0;
	for (; turns < ring->block_count; turns++) {
		struct tpacket_block_desc *block =
			(struct tpacket_block_desc *)(ring->memory + (size_t)ring->next_block * BLOCK_BYTES);
		uint32_t status = __atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
		if ((status & TP_STATUS_USER) == 0)
			break;
		block_take(ring, &block->hdr.bh1, sink, arg);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		ring->next_block = (ring->next_block + 1) % ring->block_count;
	}
	batch_flush(ring, sink, arg);
	return turns > 0 ? OK : silence_explain(ring);
}

/** Whether packets still reach the socket: the kernel unbinds it from an interface that is removed. */
static bool is_bound(const struct ring *ring)
{
	struct sockaddr_ll addr = {0};
	socklen_t addr_bytes = sizeof(addr);
	return getsockname(ring->fd, (struct sockaddr *)&addr, &addr_bytes) == 0 && addr.sll_ifindex == ring->ifindex;
}

static enum interface_state state_look(struct ring *ring, char ret_why[static INPUT_WHY_BYTES])
{
	struct interface interface;
	bool is_there = is_bound(ring);
	if (interface_find(ring->fd, ring->interface, &interface) != OK)
		return is_there ? ring->state : INTERFACE_GONE; /* it was renamed, or is being removed */
	if (is_there && interface.ifindex == ring->ifindex)
		return interface.state;
	if (link_of(&interface) != ring->link) {
		(void)why_refuse(ret_why, E_UNSUPPORTED, ring->interface, "is back with another link type: restart the sensor");
		return INTERFACE_GONE;
	}
	return capture_start(ring, interface.ifindex, ret_why) == OK ? interface.state : INTERFACE_GONE;
}

enum interface_state ring_follow(struct ring *ring, char ret_why[static INPUT_WHY_BYTES])
{
	ret_why[0] = '\0';
	ring->state = state_look(ring, ret_why);
	return ring->state;
}

void ring_counters(struct ring *ring, struct input_counters *ret_counters)
{
	struct tpacket_stats_v3 stats; /* reading sets the kernel's counts back to 0 */
	socklen_t stats_bytes = sizeof(stats);
	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_bytes) == 0) {
		ring->counters.dropped_kernel += stats.tp_drops;
		ring->counters.received += stats.tp_drops;
		if (ring->sampling == 1) /* what the filter leaves out is not counted anywhere */
			ring->counters.seen_packets += stats.tp_packets;
		ring->counters.kernel_freezes += stats.tp_freeze_q_cnt;
	}
	*ret_counters = ring->counters;
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	if (ring->memory != NULL)
		(void)munmap(ring->memory, ring->memory_bytes);
	if (ring->fd >= 0)
		(void)close(ring->fd);
	free(ring);
}
