/* What rules/packet.h leaves to user space: a loop. The XDP program has the kernel's. */
#include "rules/packet.h"

void packet_each(__u32 count, long (*step)(__u32 index, void *context), void *context)
{
	for (__u32 i = 0; i < count && step(i, context) == 0; i++)
		;
}
