/* What the files of filter/ share about one filter; nobody else includes it. */
#pragma once

#include <net/if.h>
#include <stddef.h>

#include "filter/filter.h"
#include "filter/pins.h"

struct filter {
	int fds[PIN_COUNT];
	int socket_fd; /* to look at the interface */
	char interface[IFNAMSIZ];
	int ifindex;
	enum interface_state state; /* at the last look */
	bool is_generic; /* attached in the stack, not in the driver */
	bool follows; /* this process attaches it anew where its interface is back */
	char pin_directory[PIN_DIRECTORY_BYTES]; /* "": not pinned */
	ino_t identity; /* of the pins that it stands for; 0: not pinned */
	struct filter_policy policy;
	size_t cpu_count;
	void *of_cpus; /* room for one value of each CPU, of any map */
};

/** What the program reads first; E_SYS. */
MUST_USE int filter_root_read(const struct filter *filter, struct filter_root *ret_root);

/** Which interface a link is attached to; 0: it was removed; -1: not an XDP link. */
int filter_link_ifindex(int fd, uint32_t *ret_program_id);

/** The kernel's number of the program, 0 if it cannot be read. */
uint32_t filter_program_id(const struct filter *filter);

/**
 * Maps one half of a table, or a whole one.
 *
 * @param fd of the map
 * @param entry_bytes size of a value
 * @param first entry of the window, which begins with a page
 * @param count of entries
 * @return NULL: errno tells; to be unmapped by filter_table_unmap()
 */
void *filter_table_map(int fd, size_t entry_bytes, size_t first, size_t count);
void filter_table_unmap(void *table, size_t entry_bytes, size_t count);

/** What stands in the kernel for the target at a place of the tables, if it is one address. */
struct filter_host filter_host_make(const struct xdp_tables *tables, size_t at, uint32_t seed);

/** The list of the target at a place of the tables. */
struct filter_list filter_list_make(const struct xdp_tables *tables, size_t at);
