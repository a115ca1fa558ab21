/*
 * What the sensor's one loop watches: a descriptor in its epoll set points to
 * a struct loop_watch that says what to call. The watch's owner keeps it
 * alive as long as the descriptor is open.
 */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "core/err.h"

/** Called when a watched descriptor is ready; events as in epoll_ctl(2). */
typedef void loop_ready(void *arg, uint32_t events);

struct loop_watch {
	loop_ready *ready;
	void *arg;
};

/**
 * Watches a descriptor; closing it ends that.
 *
 * @param epoll_fd of the loop
 * @param watch borrowed while fd is open
 * @return OK or E_SYS
 */
MUST_USE static inline int loop_add(int epoll_fd, int fd, uint32_t events, struct loop_watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? OK : E_SYS;
}

/** Changes what is waited for. @return OK or E_SYS */
MUST_USE static inline int loop_change(int epoll_fd, int fd, uint32_t events, struct loop_watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ? OK : E_SYS;
}
