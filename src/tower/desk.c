/* A list of visits under a lock, and an eventfd(2) that counts them. */
#include "tower/desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/limits.h"

struct desk {
	int fd;
	pthread_mutex_t lock;
	struct visit *first, *last;
	unsigned waiting;
	bool is_closed;
	uint64_t refused;
};

struct desk *desk_new(void)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (desk == NULL)
		return NULL;
	desk->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (desk->fd < 0) {
		free(desk);
		return NULL;
	}
	pthread_mutex_init(&desk->lock, NULL);
	return desk;
}

void desk_free(struct desk *desk)
{
	if (desk == NULL)
		return;
	close(desk->fd);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
}

int desk_fd(const struct desk *desk)
{
	return desk->fd;
}

bool desk_put(struct desk *desk, struct visit *visit)
{
	const uint64_t one = 1;
	pthread_mutex_lock(&desk->lock);
	bool is_room = !desk->is_closed && desk->waiting < LIMIT_TOWER_JOBS && write(desk->fd, &one, sizeof(one)) == sizeof(one);
	if (is_room) {
		visit->next = NULL;
		if (desk->last != NULL)
			desk->last->next = visit;
		else
			desk->first = visit;
		desk->last = visit;
		desk->waiting++;
	} else {
		desk->refused++;
	}
	pthread_mutex_unlock(&desk->lock);
	return is_room;
}

struct visit *desk_take(struct desk *desk)
{
	uint64_t one;
	pthread_mutex_lock(&desk->lock);
	struct visit *visit = desk->first;
	if (visit != NULL && read(desk->fd, &one, sizeof(one)) == sizeof(one)) {
		desk->first = visit->next;
		if (desk->first == NULL)
			desk->last = NULL;
		desk->waiting--;
	} else {
		visit = NULL;
	}
	pthread_mutex_unlock(&desk->lock);
	return visit;
}

void desk_close(struct desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	desk->is_closed = true;
	pthread_mutex_unlock(&desk->lock);
}

uint64_t desk_refused(struct desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	uint64_t refused = desk->refused;
	pthread_mutex_unlock(&desk->lock);
	return refused;
}
