/*
 * netsend: many packets out of one interface, for tests and benches.
 *
 *   netsend IFACE [--kind syn|ack|udp] [--src PREFIX] [--scatter] [--dst PREFIX] [--sport N] [--dport N] [--mac MAC]
 *           [--size BYTES] [--marker TEXT] [--count N] [--pps N] [--socket]
 *
 *   IFACE     a veth or the loopback interface of the present network namespace; any other is refused (exit 2)
 *   --kind    TCP SYN (default), TCP ACK, or UDP without checksum
 *   --src     IPv4 prefix; each packet's source is random in it (default 10.0.0.0/8; 0.0.0.0/0: any; /32: one)
 *   --scatter sources are scattered over all addresses: each of the prefix times NETSEND_SCATTER modulo 2^32
 *   --dst     IPv4 prefix; each packet's destination is random in it, /16 at most (default 192.0.2.1)
 *   --sport   source port (default 0: random of 1024..33791)     --dport   destination port (default 80)
 *   --mac     destination (default 02:00:00:00:00:02: the receiving stack drops it early and never answers)
 *   --size    frame bytes without FCS, 60..1514 (default 60); TCP at 60 is a bare header and padding
 *   --marker  text that fills the payload, over and over (default: zeros)
 *   --count   packets (default 1000000)                          --pps     rate (default 0: as fast as it goes)
 *   --socket  through an AF_PACKET socket, 64 at a time: slow (0.5 Mpps) but lossless up to the peer's queue.
 *             Otherwise BPF_PROG_RUN with live frames: some 10 Mpps, but THE PEER MUST HAVE native XDP attached or
 *             generic receive offload on (ethtool -K PEER gro on), else the kernel drops the frames in silence.
 *             The loopback interface always takes the socket.
 *
 * Last line on stdout: "sent N packets in S s, N out of IFACE, C s of CPU"; the second number is the interface's own count,
 * others' packets too; the CPU time is that of the sending, with live frames of what the peer does with them too. Needs root.
 * Sources, ports and sequence numbers are random; with live frames from the kernel's generator.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/clock.h"
#include "core/ip.h"
#include "core/random.h"
#include "netsend_abi.h"

#include "netsend.skel.h"

#define FRAME_BYTES_MAX 1514
#define SOCKET_BATCH 64
#define LIVE_BATCH 64
#define TICK_NS (1 * NS_PER_MS) /* packets of one tick go at once when a rate is asked for */
#define TRANSPORT_OFFSET (sizeof(struct ethhdr) + sizeof(struct iphdr))

struct order {
	const char *interface;
	unsigned ifindex;
	bool is_loopback;
	bool use_socket;
	bool is_tcp;
	uint8_t tcp_flags;
	struct ip_prefix src;
	bool scatters;
	struct ip_prefix dst;
	uint8_t mac[6];
	uint16_t src_port;
	uint16_t dst_port;
	uint32_t size_bytes;
	const char *marker;
	uint64_t count;
	uint64_t rate_pps;
};

_Noreturn static void fail(const char *what, const char *about)
{
	fprintf(stderr, "netsend: %s: %s\n", about, what);
	exit(2);
}

static uint64_t number_parse(const char *text, uint64_t min, uint64_t max)
{
	uint64_t value = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9' && value <= max; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	if (at == text || *at != '\0' || value < min || value > max)
		fail("not a number, or out of range", text);
	return value;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/** Six bytes of two small hexadecimal digits, with colons between. */
static void mac_parse(const char *text, uint8_t ret_mac[static 6])
{
	bool is_right = strlen(text) == 17;
	for (size_t i = 0; i < 6 && is_right; i++) {
		int high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
		is_right = high >= 0 && low >= 0 && (i == 5 || text[3 * i + 2] == ':');
		ret_mac[i] = (uint8_t)(high * 16 + low);
	}
	if (!is_right)
		fail("not a MAC address", text);
}

static void kind_parse(const char *text, struct order *order)
{
	order->is_tcp = strcmp(text, "udp") != 0;
	if (strcmp(text, "syn") == 0)
		order->tcp_flags = TH_SYN;
	else if (strcmp(text, "ack") == 0)
		order->tcp_flags = TH_ACK;
	else if (order->is_tcp)
		fail("not a kind: syn, ack or udp", text);
}

static void option_apply(int option, const char *value, struct order *order)
{
	switch (option) {
	case 'k': kind_parse(value, order); break;
	case 's':
		if (ip_prefix_parse(value, &order->src) != OK || !ip_is_v4(&order->src.addr) || order->src.bits < 96)
			fail("not an IPv4 prefix", value);
		break;
	case 'd':
		if (ip_prefix_parse(value, &order->dst) != OK || !ip_is_v4(&order->dst.addr) || order->dst.bits < 96 + 16)
			fail("not an IPv4 prefix of 16 bits or more", value);
		break;
	case 'p': order->src_port = (uint16_t)number_parse(value, 0, 65535); break;
	case 'P': order->dst_port = (uint16_t)number_parse(value, 0, 65535); break;
	case 'm': mac_parse(value, order->mac); break;
	case 'b': order->size_bytes = (uint32_t)number_parse(value, 60, FRAME_BYTES_MAX); break;
	case 't': order->marker = value; break;
	case 'c': order->count = number_parse(value, 1, INT64_MAX); break;
	case 'r': order->rate_pps = number_parse(value, 0, 1000000000); break;
	case 'S': order->use_socket = true; break;
	case 'x': order->scatters = true; break;
	default: fail("unknown option; usage at the top of tests/netsend.c", "usage");
	}
}

static void options_parse(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"kind", required_argument, NULL, 'k'},
		{"src", required_argument, NULL, 's'},
		{"scatter", no_argument, NULL, 'x'},
		{"dst", required_argument, NULL, 'd'},
		{"sport", required_argument, NULL, 'p'},
		{"dport", required_argument, NULL, 'P'},
		{"mac", required_argument, NULL, 'm'},
		{"size", required_argument, NULL, 'b'},
		{"marker", required_argument, NULL, 't'},
		{"count", required_argument, NULL, 'c'},
		{"pps", required_argument, NULL, 'r'},
		{"socket", no_argument, NULL, 'S'},
		{0},
	};
	*order = (struct order){.is_tcp = true, .tcp_flags = TH_SYN, .dst_port = 80, .size_bytes = 60,
		.dst = {.addr = ip_from_v4(0xc0000201), .bits = 128}, .src = {.addr = ip_from_v4(0x0a000000), .bits = 96 + 8},
		.mac = {2, 0, 0, 0, 0, 2}, .count = 1000000};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		option_apply(option, optarg, order);
	if (optind + 1 != argc)
		fail("give one interface", "usage");
	order->interface = argv[optind];
}

/** Only a veth or the loopback interface: nothing of ours ever reaches a real wire. */
static void interface_check(struct order *order)
{
	struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail(strerror(errno), "socket");
	order->ifindex = if_nametoindex(order->interface);
	if (order->ifindex == 0 || strlen(order->interface) >= sizeof(request.ifr_name))
		fail("no such interface", order->interface);
	memcpy(request.ifr_name, order->interface, strlen(order->interface));
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		fail(strerror(errno), order->interface);
	order->is_loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
	request.ifr_data = (char *)&driver;
	bool is_veth = ioctl(fd, SIOCETHTOOL, &request) == 0 && strcmp(driver.driver, "veth") == 0;
	close(fd);
	if (!order->is_loopback && !is_veth)
		fail("refused: neither a veth nor the loopback interface", order->interface);
	order->use_socket |= order->is_loopback;
}

/** Ones' complement sum of big-endian words, RFC 1071, not folded. */
static uint32_t sum_of(const uint8_t *bytes, size_t length_bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length_bytes; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return sum;
}

static uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void payload_fill(uint8_t *at, size_t length_bytes, const char *marker)
{
	size_t marker_bytes = marker != NULL ? strlen(marker) : 0;
	for (size_t i = 0; marker_bytes > 0 && i < length_bytes; i++)
		at[i] = (uint8_t)marker[i % marker_bytes];
}

/** Writes the frame whose source, source port, sequence number and checksums are still 0. */
static void frame_write(const struct order *order, uint8_t *ret_frame, struct netsend_policy *ret_policy)
{
	struct ethhdr *ethernet = (struct ethhdr *)ret_frame;
	struct iphdr *ip = (struct iphdr *)(ret_frame + sizeof(*ethernet));
	uint8_t *transport = ret_frame + TRANSPORT_OFFSET;
	size_t header_bytes = order->is_tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	size_t payload_bytes = order->size_bytes - TRANSPORT_OFFSET - header_bytes;
	if (order->is_tcp && order->size_bytes == 60)
		payload_bytes = 0;
	memcpy(ethernet->h_dest, order->mac, 6);
	memcpy(ethernet->h_source, (const uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	ethernet->h_proto = htons(ETH_P_IP);
	*ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .frag_off = htons(IP_DF),
		.protocol = order->is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
		.tot_len = htons((uint16_t)(sizeof(*ip) + header_bytes + payload_bytes))};
	if (order->is_tcp)
		*(struct tcphdr *)transport = (struct tcphdr){.th_dport = htons(order->dst_port), .th_off = 5,
			.th_flags = order->tcp_flags, .th_win = htons(64240)};
	else
		*(struct udphdr *)transport = (struct udphdr){.uh_dport = htons(order->dst_port),
			.uh_ulen = htons((uint16_t)(header_bytes + payload_bytes))};
	payload_fill(transport + header_bytes, payload_bytes, order->marker);

	uint32_t host_bits = 128u - order->src.bits, dst_bits = 128u - order->dst.bits;
	*ret_policy = (struct netsend_policy){.src_net = ip_to_v4(&order->src.addr),
		.src_mask = host_bits == 32 ? UINT32_MAX : (1u << host_bits) - 1, .src_port = order->src_port,
		.src_factor = order->scatters ? NETSEND_SCATTER : 1,
		.dst_net = ip_to_v4(&order->dst.addr), .dst_mask = (1u << dst_bits) - 1,
		.is_tcp = order->is_tcp, .ip_sum = sum_of((const uint8_t *)ip, sizeof(*ip)),
		.transport_sum = ip->protocol + (uint32_t)(header_bytes + payload_bytes) + sum_of(transport, header_bytes + payload_bytes)};
}

/** The same as netsend.bpf.c does to its frames. */
static void frame_vary(uint8_t *frame, const struct netsend_policy *policy, struct random *rng)
{
	struct iphdr *ip = (struct iphdr *)(frame + sizeof(struct ethhdr));
	uint64_t word = random_next(rng);
	uint32_t src = (policy->src_net | ((uint32_t)(word >> 32) & policy->src_mask)) * policy->src_factor;
	uint32_t other = (uint32_t)word;
	uint32_t dst = policy->dst_net | (other >> 16 & policy->dst_mask);
	uint16_t port = policy->src_port != 0 ? policy->src_port : (uint16_t)(1024 + (other & 0x7fff));
	uint64_t addr_sum = (uint64_t)(src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff);
	ip->saddr = htonl(src);
	ip->daddr = htonl(dst);
	ip->check = sum_fold(policy->ip_sum + addr_sum);
	if (policy->is_tcp == 0) {
		((struct udphdr *)(frame + TRANSPORT_OFFSET))->uh_sport = htons(port);
		return;
	}
	struct tcphdr *tcp = (struct tcphdr *)(frame + TRANSPORT_OFFSET);
	tcp->th_sport = htons(port);
	tcp->th_seq = htonl(other);
	tcp->th_sum = sum_fold(policy->transport_sum + addr_sum + port + (other >> 16) + (other & 0xffff));
}

/** How many may go now: what the rate has allowed since the start, sleeping until that is at least one. */
static uint64_t allowance(const struct order *order, int64_t start_mono_ns, uint64_t sent, uint64_t most)
{
	uint64_t left = order->count - sent;
	while (order->rate_pps != 0) {
		uint64_t elapsed_ns = (uint64_t)(clock_mono_ns() - start_mono_ns) + TICK_NS;
		uint64_t due = (uint64_t)((unsigned __int128)elapsed_ns * order->rate_pps / NS_PER_S);
		if (due > sent) {
			left = due - sent < left ? due - sent : left;
			break;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
	}
	return left < most ? left : most;
}

static void send_by_socket(const struct order *order, const uint8_t *frame, const struct netsend_policy *policy)
{
	static uint8_t frames[SOCKET_BATCH][FRAME_BYTES_MAX + 2];
	struct mmsghdr messages[SOCKET_BATCH] = {0};
	struct iovec vectors[SOCKET_BATCH];
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_ifindex = (int)order->ifindex};
	struct random rng;
	uint64_t seed;
	random_bytes(&seed, sizeof(seed));
	random_init(&rng, seed);
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		fail(strerror(errno), "packet socket");
	for (size_t i = 0; i < SOCKET_BATCH; i++) {
		memcpy(frames[i], frame, order->size_bytes);
		vectors[i] = (struct iovec){.iov_base = frames[i], .iov_len = order->size_bytes};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	int64_t start_mono_ns = clock_mono_ns();
	for (uint64_t sent = 0; sent < order->count;) {
		unsigned batch = (unsigned)allowance(order, start_mono_ns, sent, SOCKET_BATCH);
		for (unsigned i = 0; i < batch; i++)
			frame_vary(frames[i], policy, &rng);
		for (unsigned done = 0; done < batch;) {
			int now = sendmmsg(fd, messages + done, batch - done, 0);
			if (now < 0 && errno != ENOBUFS && errno != EINTR && errno != EAGAIN)
				fail(strerror(errno), order->interface);
			done += now > 0 ? (unsigned)now : 0;
		}
		sent += batch;
	}
	close(fd);
}

static void send_live(const struct order *order, const uint8_t *frame, const struct netsend_policy *policy)
{
	uint32_t key = 0, ifindex = (uint32_t)order->ifindex;
	struct netsend_bpf *program = netsend_bpf__open();
	if (program == NULL)
		fail(strerror(errno), "BPF program");
	memcpy((void *)&program->rodata->policy, policy, sizeof(*policy));
	random_bytes(&program->bss->random_state, sizeof(program->bss->random_state));
	if (netsend_bpf__load(program) != 0 || bpf_map_update_elem(bpf_map__fd(program->maps.out), &key, &ifindex, BPF_ANY) != 0)
		fail(strerror(errno), "BPF program");
	int64_t start_mono_ns = clock_mono_ns();
	for (uint64_t sent = 0; sent < order->count;) {
		uint64_t batch = allowance(order, start_mono_ns, sent, 1 << 20);
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = order->size_bytes,
			.repeat = (int)batch, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = LIVE_BATCH);
		int err = bpf_prog_test_run_opts(bpf_program__fd(program->progs.netsend), &opts);
		if (err != 0)
			fail(strerror(-err), "live frames");
		sent += batch;
	}
	netsend_bpf__destroy(program);
}

/** The number in a place of a line of numbers, counted from 0. */
static uint64_t number_at(const char *line, size_t place)
{
	uint64_t value = 0;
	for (; place > 0; place--) {
		line += strspn(line, " ");
		line += strcspn(line, " ");
	}
	for (line += strspn(line, " "); *line >= '0' && *line <= '9'; line++)
		value = value * 10 + (uint64_t)(*line - '0');
	return value;
}

/** Packets that the interface says it has sent: the tenth number of its line (proc_pid_net(5)). */
static uint64_t interface_sent(const char *interface)
{
	char line[512];
	uint64_t sent_packets = 0;
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	size_t name_bytes = strlen(interface);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		const char *at = line + strspn(line, " ");
		if (strncmp(at, interface, name_bytes) == 0 && at[name_bytes] == ':')
			sent_packets = number_at(at + name_bytes + 1, 9);
	}
	if (file != NULL)
		(void)fclose(file);
	return sent_packets;
}

int main(int argc, char **argv)
{
	struct order order;
	struct netsend_policy policy;
	static _Alignas(4) uint8_t storage[FRAME_BYTES_MAX + 2];
	uint8_t *frame = storage + 2; /* aligns the IP header */
	options_parse(argc, argv, &order);
	interface_check(&order);
	frame_write(&order, frame, &policy);

	uint64_t before = interface_sent(order.interface);
	int64_t start_mono_ns = clock_mono_ns(), start_cpu_ns = clock_cpu_ns();
	if (order.use_socket)
		send_by_socket(&order, frame, &policy);
	else
		send_live(&order, frame, &policy);
	int64_t cpu_ns = clock_cpu_ns() - start_cpu_ns;
	printf("sent %lu packets in %.3f s, %lu out of %s, %.4f s of CPU\n", order.count,
		(double)(clock_mono_ns() - start_mono_ns) / (double)NS_PER_S, interface_sent(order.interface) - before,
		order.interface, (double)cpu_ns / (double)NS_PER_S);
	return 0;
}
