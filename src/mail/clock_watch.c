/* The difference of two differences, since the last look: a clock that is slewed all the time never jumps. */
#include "mail/clock_watch.h"

#include "core/clock.h"

int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t mono_ns)
{
	int64_t jump_ms = wall_ms - watch->wall_ms - (mono_ns - watch->mono_ns) / NS_PER_MS;
	bool has_jumped = watch->is_begun && (jump_ms >= CLOCK_WATCH_JUMP_MS || jump_ms <= -CLOCK_WATCH_JUMP_MS);
	*watch = (struct clock_watch){.is_begun = true, .wall_ms = wall_ms, .mono_ns = mono_ns};
	return has_jumped ? jump_ms : 0;
}
