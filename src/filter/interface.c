/* Looking at network interfaces through the ioctls of netdevice(7), which the sandbox of a running process lets through. */
#include "filter/interface.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

const char *interface_state_name(enum interface_state state)
{
	static const char *const names[INTERFACE_STATE_COUNT] = {"unknown", "up", "down", "gone"};
	return names[(unsigned)state < INTERFACE_STATE_COUNT ? state : INTERFACE_UNKNOWN];
}

int interface_find(int fd, const char *name, struct interface *ret_interface)
{
	struct ifreq request = {0};
	struct interface interface = {0};
	size_t name_bytes = strlen(name);
	if (name_bytes == 0 || name_bytes >= sizeof(request.ifr_name))
		return E_CONFIG;
	memcpy(request.ifr_name, name, name_bytes);
	if (ioctl(fd, SIOCGIFINDEX, &request) != 0)
		return errno == ENODEV ? E_CONFIG : E_SYS;
	interface.ifindex = request.ifr_ifindex;
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		return errno == ENODEV ? E_CONFIG : E_SYS;
	interface.state = (request.ifr_flags & IFF_UP) != 0 ? INTERFACE_UP : INTERFACE_DOWN;
	interface.is_loopback = (request.ifr_flags & IFF_LOOPBACK) != 0;
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		return errno == ENODEV ? E_CONFIG : E_SYS;
	interface.link = request.ifr_hwaddr.sa_family;
	*ret_interface = interface;
	return OK;
}

int interface_require(int fd, const char *name, struct interface *ret_interface, char ret_why[static WHY_BYTES])
{
	struct interface interface;
	int err = interface_find(fd, name, &interface);
	if (err == E_CONFIG)
		return why_refuse(ret_why, err, name, "no such interface");
	if (err != OK)
		return why_refuse_errno(ret_why, name, "looking at the interface");
	if (interface.state != INTERFACE_UP)
		return why_refuse(ret_why, E_STATE, name, "the interface is down: set it up first (ip link set dev ... up)");
	*ret_interface = interface;
	return OK;
}
