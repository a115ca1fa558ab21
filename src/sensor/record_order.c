/*
 * A binary heap by end, of places in an array of records, so that sifting
 * moves 16 bytes and not whole records. Records that end at the same time
 * come out in the order they came in, for their numbers grow.
 */
#include "sensor/record_order.h"

#include <stdlib.h>

struct heap_entry {
	int64_t end_ns;
	uint32_t number; /* of coming in; differences count, so it may wrap */
	uint32_t place; /* in records */
};

struct record_order {
	uint32_t records_max, count;
	uint32_t number_next;
	struct heap_entry *heap; /* owned; those behind count name the places that are free */
	struct observation *records; /* owned */
};

struct record_order *record_order_new(uint32_t records_max)
{
	ASSERT(records_max > 0);
	struct record_order *order = calloc(1, sizeof(*order));
	if (order == NULL)
		return NULL;
	order->records_max = records_max;
	order->heap = calloc(records_max, sizeof(*order->heap));
	order->records = calloc(records_max, sizeof(*order->records));
	if (order->heap == NULL || order->records == NULL) {
		record_order_free(order);
		return NULL;
	}
	for (uint32_t i = 0; i < records_max; i++)
		order->heap[i].place = i;
	return order;
}

void record_order_free(struct record_order *order)
{
	if (order == NULL)
		return;
	free(order->heap);
	free(order->records);
	free(order);
}

static bool is_before(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->end_ns != b->end_ns ? a->end_ns < b->end_ns : (int32_t)(a->number - b->number) < 0;
}

static void swap(struct heap_entry *a, struct heap_entry *b)
{
	struct heap_entry kept = *a;
	*a = *b;
	*b = kept;
}

static void sift_up(struct heap_entry *heap, uint32_t at)
{
	while (at > 0 && is_before(&heap[at], &heap[(at - 1) / 2])) {
		swap(&heap[at], &heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void sift_down(struct heap_entry *heap, uint32_t count)
{
	uint32_t at = 0;
	for (;;) {
		uint32_t least = at;
		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
			if (is_before(&heap[child], &heap[least]))
				least = child;
		}
		if (least == at)
			return;
		swap(&heap[at], &heap[least]);
		at = least;
	}
}

bool record_order_add(struct record_order *order, const struct observation *record, struct observation *ret_first)
{
	bool is_full = order->count == order->records_max;
	if (is_full)
		(void)record_order_take(order, ret_first);
	struct heap_entry *entry = &order->heap[order->count++];
	entry->end_ns = record->end_ns;
	entry->number = order->number_next++;
	order->records[entry->place] = *record;
	sift_up(order->heap, order->count - 1);
	return is_full;
}

bool record_order_take(struct record_order *order, struct observation *ret_first)
{
	if (order->count == 0)
		return false;
	*ret_first = order->records[order->heap[0].place];
	order->count--;
	swap(&order->heap[0], &order->heap[order->count]);
	sift_down(order->heap, order->count);
	return true;
}
