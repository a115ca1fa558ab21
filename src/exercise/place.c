/*
 * Namespaces are held by descriptors alone and have no name anywhere.
 * Addresses and routes are set by ip(8), the line by tc(8), counters by
 * nft(8), each from a text on its standard input.
 *
 * The member's networks are routes of type local behind the line, so that
 * each of their addresses is a host; so are the clients' addresses outside.
 * Ends know each other's hardware address, so nothing but IP crosses.
 */
#include "exercise/place.h"

#include <fcntl.h>
#include <jansson.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exercise/address.h"
#include "exercise/program.h"

#define TEXT_BYTES 32768 /* a batch of commands, with an address of each client */
#define SAID_BYTES 4096
/* As frame.c writes them. */
#define MAC_OUTSIDE "02:48:49:4e:4f:01"
#define MAC_EDGE "02:48:49:4e:4f:02"
/* Between edge and hosts. */
#define MAC_LINE "02:48:49:4e:4f:03"
#define MAC_HOSTS "02:48:49:4e:4f:04"
#define PACKET_BYTES 1514 /* the largest frame */
#define BURST_PKTS 8 /* sent at once after a pause */
#define LINE_QUEUE_MS 50

static const char *const ip_argv[] = {"ip", "-batch", "-", NULL};

struct place {
	bool is_v4;
	int outside_fd;
	int edge_fd;
	int hosts_fd;
	char outer[IFNAMSIZ];
	char inner[IFNAMSIZ];
	struct wire *wire;
};

/* Text that is put together from parts; what does not fit shows in the end. */
struct text {
	size_t used_bytes;
	char bytes[TEXT_BYTES];
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int written = vsnprintf(text->bytes + text->used_bytes, sizeof(text->bytes) - text->used_bytes, format, args);
	va_end(args);
	text->used_bytes += written > 0 ? (size_t)written : 0;
	ASSERT(text->used_bytes < sizeof(text->bytes)); /* PLACE_CLIENTS_MAX lines of less than 80 bytes */
}

/* A setting of this namespace. Where it cannot be set the exercise shows it soon enough. */
static void setting_write(const char *name, const char *value)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t written = write(fd, value, strlen(value));
	(void)written;
	(void)close(fd);
}

/* No packets of the kernel's own among those that are counted, and no opinion about where a source should be. */
static int namespace_make(bool is_v4)
{
	if (unshare(CLONE_NEWNET) != 0)
		return -1;
	setting_write("ipv6/conf/default/disable_ipv6", is_v4 ? "1" : "0");
	setting_write("ipv6/conf/default/accept_dad", "0");
	setting_write("ipv6/conf/default/addr_gen_mode", "1");
	setting_write("ipv4/conf/all/rp_filter", "0");
	setting_write("ipv4/conf/default/rp_filter", "0");
	setting_write("ipv4/ip_forward", is_v4 ? "1" : "0");
	setting_write("ipv6/conf/all/forwarding", is_v4 ? "0" : "1");
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int command(int net_fd, const char *const *argv, const char *input, char why[static 160])
{
	struct program_place where = {.net_fd = net_fd};
	char said[SAID_BYTES];
	int status = program_run(&where, argv, input, said, sizeof(said));
	if (status == 0)
		return OK;
	if (status == PROGRAM_FAILED)
		(void)snprintf(why, 160, "%s cannot be started (Debian packages iproute2 and nftables)", argv[0]);
	else
		(void)snprintf(why, 160, "%s: %.140s", argv[0], program_last_line(said));
	return E_DENIED;
}

/* To both of the member's networks. */
static void routes_add(struct text *text, bool is_v4, const char *type, const char *word, const char *way)
{
	text_add(text, "route add %s%s %s %s\n", type, is_v4 ? ADDRESS_MEMBER_V4 : ADDRESS_MEMBER_V6, word, way);
	text_add(text, "route add %s%s %s %s\n", type, is_v4 ? ADDRESS_OTHER_V4 : ADDRESS_OTHER_V6, word, way);
}

static int outside_make(const struct place *place, const struct place_config *config, char why[static 160])
{
	static struct text text;
	char client[IP_TEXT_BYTES];
	const char *edge = place->is_v4 ? "192.0.2.2" : "2001:db8:2::2";

	text.used_bytes = 0;
	text_add(&text, "link set lo up\nlink add name %s address " MAC_OUTSIDE " type veth peer name %s address " MAC_EDGE
		" netns /proc/%d/fd/%d\n", place->outer, place->inner, (int)getpid(), place->edge_fd);
	text_add(&text, "link set %s up\naddress add %s dev %s\n", place->outer, place->is_v4 ? "192.0.2.1/30" : "2001:db8:2::1/64",
		place->outer);
	text_add(&text, "neighbour add %s lladdr " MAC_EDGE " dev %s nud permanent\n", edge, place->outer);
	routes_add(&text, place->is_v4, "", "via", edge);
	for (size_t i = 0; i < config->client_count; i++)
		text_add(&text, "route add local %s dev lo\n", ip_write(&config->clients[i], client));
	return command(place->outside_fd, ip_argv, text.bytes, why);
}

static int edge_make(const struct place *place, char why[static 160])
{
	static struct text text;
	bool is_v4 = place->is_v4;
	const char *outside = is_v4 ? "192.0.2.1" : "2001:db8:2::1", *hosts = is_v4 ? "192.0.2.6" : "2001:db8:3::2";

	text.used_bytes = 0;
	text_add(&text, "link set lo up\nlink set %s up\naddress add %s dev %s\n", place->inner,
		is_v4 ? "192.0.2.2/30" : "2001:db8:2::2/64", place->inner);
	text_add(&text, "neighbour add %s lladdr " MAC_OUTSIDE " dev %s nud permanent\nroute add default via %s\n", outside,
		place->inner, outside);
	text_add(&text, "link add name line address " MAC_LINE " type veth peer name line address " MAC_HOSTS
		" netns /proc/%d/fd/%d\n", (int)getpid(), place->hosts_fd);
	text_add(&text, "link set line up\naddress add %s dev line\n", is_v4 ? "192.0.2.5/30" : "2001:db8:3::1/64");
	text_add(&text, "neighbour add %s lladdr " MAC_HOSTS " dev line nud permanent\n", hosts);
	routes_add(&text, is_v4, "", "via", hosts);
	return command(place->edge_fd, ip_argv, text.bytes, why);
}

static int hosts_make(const struct place *place, char why[static 160])
{
	static struct text text;
	bool is_v4 = place->is_v4;
	const char *edge = is_v4 ? "192.0.2.5" : "2001:db8:3::1";

	text.used_bytes = 0;
	text_add(&text, "link set lo up\nlink set line up\naddress add %s dev line\n", is_v4 ? "192.0.2.6/30" : "2001:db8:3::2/64");
	text_add(&text, "neighbour add %s lladdr " MAC_LINE " dev line nud permanent\nroute add default via %s\n", edge, edge);
	routes_add(&text, is_v4, "local ", "dev", "lo");
	return command(place->hosts_fd, ip_argv, text.bytes, why);
}

/* Each packet is charged as one of PACKET_BYTES (mpu), and the queue is one of packets: so their sizes make no difference. */
static int line_make(const struct place *place, const struct place_config *config, char why[static 160])
{
	static const char *const argv[] = {"tc", "-batch", "-", NULL};
	char text[256];
	unsigned long long bits = config->line_pps * PACKET_BYTES * 8, queue_pkts = config->line_pps * LINE_QUEUE_MS / 1000 + 1;
	(void)snprintf(text, sizeof(text),
		"qdisc add dev line root handle 1: tbf rate %llu burst %d mpu %d limit %llu\n"
		"qdisc add dev line parent 1:1 pfifo limit %llu\n",
		bits, BURST_PKTS * PACKET_BYTES, PACKET_BYTES, queue_pkts * PACKET_BYTES, queue_pkts);
	return command(place->edge_fd, argv, text, why);
}

/* At the edge behind every chain that a defence would use (those have priorities of -200 and below). */
static int counters_make(const struct place *place, const struct place_config *config, char why[static 160])
{
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	static struct text text;
	char client[IP_TEXT_BYTES];
	const char *family = place->is_v4 ? "ip" : "ip6";

	text.used_bytes = 0;
	text_add(&text, "table inet exercise {\n\tcounter asked { }\n\tchain asked {\n\t\ttype filter hook output priority 0\n"
		"\t\toifname \"%s\" counter name \"asked\"\n\t}\n}\n", place->outer);
	int error = command(place->outside_fd, argv, text.bytes, why);
	if (error != OK)
		return error;
	text.used_bytes = 0;
	text_add(&text, "table inet exercise {\n\tset clients { type %s\n\t\telements = { ", place->is_v4 ? "ipv4_addr" : "ipv6_addr");
	for (size_t i = 0; i < config->client_count; i++)
		text_add(&text, "%s%s", i > 0 ? ", " : "", ip_write(&config->clients[i], client));
	text_add(&text, " }\n\t}\n\tcounter clients { }\n\tcounter others { }\n\tchain passed {\n"
		"\t\ttype filter hook prerouting priority -150\n\t\tiifname != \"%s\" accept\n", place->inner);
	text_add(&text, "\t\t%s saddr @clients counter name \"clients\"\n\t\t%s saddr != @clients counter name \"others\"\n\t}\n}\n",
		family, family);
	return command(place->edge_fd, argv, text.bytes, why);
}

static int all_make(const struct place *place, const struct place_config *config, char why[static 160])
{
	int error = outside_make(place, config, why);
	if (error == OK)
		error = edge_make(place, why);
	if (error == OK)
		error = hosts_make(place, why);
	if (error == OK)
		error = line_make(place, config, why);
	return error == OK ? counters_make(place, config, why) : error;
}

int place_open(const struct place_config *config, char why[static 160], struct place **ret_place)
{
	struct place *place = calloc(1, sizeof(*place));
	(void)snprintf(why, 160, "no memory");
	if (place == NULL)
		return E_NOMEM;
	ASSERT(config->client_count > 0 && config->client_count <= PLACE_CLIENTS_MAX);
	place->is_v4 = config->is_v4;
	place->edge_fd = place->hosts_fd = -1;
	(void)snprintf(place->outer, sizeof(place->outer), "h%.1so%d", config->label, (int)getpid());
	(void)snprintf(place->inner, sizeof(place->inner), "h%.1si%d", config->label, (int)getpid());
	place->outside_fd = namespace_make(config->is_v4);
	if (place->outside_fd >= 0)
		place->edge_fd = namespace_make(config->is_v4);
	if (place->edge_fd >= 0)
		place->hosts_fd = namespace_make(config->is_v4);
	int error = place->hosts_fd >= 0 && setns(place->outside_fd, CLONE_NEWNET) == 0 ? OK : E_DENIED;
	if (error != OK)
		(void)snprintf(why, 160, "no network namespaces of its own (root is needed)");
	if (error == OK)
		error = all_make(place, config, why);
	if (error == OK && (error = wire_open(place->outer, &place->wire)) != OK)
		(void)snprintf(why, 160, "no packet socket on %s", place->outer);
	if (error != OK) {
		place_close(place);
		return error;
	}
	*ret_place = place;
	return OK;
}

void place_close(struct place *place)
{
	if (place == NULL)
		return;
	wire_close(place->wire);
	if (place->hosts_fd >= 0)
		(void)close(place->hosts_fd);
	if (place->edge_fd >= 0)
		(void)close(place->edge_fd);
	if (place->outside_fd >= 0)
		(void)close(place->outside_fd);
	free(place);
}

int place_outside_fd(const struct place *place)
{
	return place->outside_fd;
}

int place_edge_fd(const struct place *place)
{
	return place->edge_fd;
}

int place_hosts_fd(const struct place *place)
{
	return place->hosts_fd;
}

const char *place_interface(const struct place *place)
{
	return place->inner;
}

struct wire *place_wire(struct place *place)
{
	return place->wire;
}

/* Adds what the named counters of a namespace's table hold. Returns how many of them there were. */
static unsigned counters_read(int net_fd, const char *const *names, uint64_t *const *counts, size_t count)
{
	static const char *const argv[] = {"nft", "-j", "list", "counters", "table", "inet", "exercise", NULL};
	struct program_place where = {.net_fd = net_fd};
	char said[SAID_BYTES];
	unsigned found = 0;
	size_t index;
	json_t *entry;

	if (program_run(&where, argv, NULL, said, sizeof(said)) != 0)
		return 0;
	json_t *root = json_loads(said, 0, NULL);
	json_array_foreach(json_object_get(root, "nftables"), index, entry) {
		json_t *counter = json_object_get(entry, "counter");
		const char *name = json_string_value(json_object_get(counter, "name"));
		for (size_t i = 0; name != NULL && i < count; i++) {
			if (strcmp(name, names[i]) != 0)
				continue;
			*counts[i] = (uint64_t)json_integer_value(json_object_get(counter, "packets"));
			found++;
		}
	}
	json_decref(root);
	return found;
}

int place_count(const struct place *place, struct place_counts *ret_counts)
{
	static const char *const outside[] = {"asked"};
	static const char *const edge[] = {"clients", "others"};
	struct place_counts counts = {0};
	uint64_t *const to_outside[] = {&counts.asked};
	uint64_t *const to_edge[] = {&counts.clients, &counts.others};

	if (counters_read(place->outside_fd, outside, to_outside, 1) != 1 || counters_read(place->edge_fd, edge, to_edge, 2) != 2)
		return E_SYS;
	*ret_counts = counts;
	return OK;
}
