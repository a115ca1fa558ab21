/* The steady wall clock. */
#include "sensor/wall.h"

#include "core/clock.h"

#define LOOK_EVERY_NS NS_PER_S
#define SMALL_NS (500 * NS_PER_MS) /* corrections up to this are followed at once */
#define BELIEVED_READINGS 3 /* a larger one when it has stood for so many looks */

static int64_t distance_ns(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

void wall_init(struct wall *wall, int64_t mono_ns, int64_t clock_wall_ns)
{
	*wall = (struct wall){.offset_ns = clock_wall_ns - mono_ns, .looked_mono_ns = mono_ns};
}

int64_t wall_now_ns(struct wall *wall, int64_t mono_ns, int64_t clock_wall_ns, int64_t *ret_jump_ns)
{
	*ret_jump_ns = 0;
	if (mono_ns - wall->looked_mono_ns < LOOK_EVERY_NS)
		return mono_ns + wall->offset_ns;
	wall->looked_mono_ns = mono_ns;
	int64_t offset_ns = clock_wall_ns - mono_ns;
	int64_t jump_ns = offset_ns - wall->offset_ns;
	if (distance_ns(jump_ns, 0) <= SMALL_NS) {
		wall->offset_ns = offset_ns;
		wall->jump_readings = 0;
		return mono_ns + wall->offset_ns;
	}
	wall->jump_readings = distance_ns(jump_ns, wall->jump_ns) <= SMALL_NS ? wall->jump_readings + 1 : 1;
	wall->jump_ns = jump_ns;
	if (wall->jump_readings >= BELIEVED_READINGS) {
		wall->offset_ns = offset_ns;
		wall->jump_readings = 0;
		*ret_jump_ns = jump_ns;
	}
	return mono_ns + wall->offset_ns;
}
