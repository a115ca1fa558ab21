/*
 * The prefix table. All slots are in one array, so a block is named by its
 * offset and the array can grow while it is painted:
 *
 *   0 .. 65535        IPv4 by its first 16 bits
 *   65536 .. 131071   IPv6 by its first 16 bits
 *   then blocks       of 256 slots (IPv4) or 16 slots (IPv6)
 *
 * A slot: bit 31 clear: a value; set: the offset of a block. A block that is
 * painted over is not taken back: prefixes come shortest first, so there are
 * few of those.
 */
#include "intel/prefix_table.h"

#include <stdlib.h>

#define IS_BLOCK UINT32_C(0x80000000)
#define ROOT_BITS 16u
#define ROOT_SLOTS (1u << ROOT_BITS)
#define V4_BITS 8u
#define V6_BITS 4u
#define V4_FIRST_BIT 96u /* of the mapped space */

struct prefix_table {
	uint32_t *slots; /* owned */
	size_t slot_count;
	size_t slot_room;
};

int prefix_table_new(struct prefix_table **ret_table)
{
	struct prefix_table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return E_NOMEM;
	table->slot_count = 2 * (size_t)ROOT_SLOTS;
	table->slot_room = table->slot_count;
	table->slots = calloc(table->slot_room, sizeof(*table->slots));
	if (table->slots == NULL) {
		prefix_table_free(table);
		return E_NOMEM;
	}
	*ret_table = table;
	return OK;
}

void prefix_table_free(struct prefix_table *table)
{
	if (table == NULL)
		return;
	free(table->slots);
	free(table);
}

size_t prefix_table_bytes(const struct prefix_table *table)
{
	return sizeof(*table) + table->slot_room * sizeof(*table->slots);
}

/** Up to 16 bits of an address from a bit on; they lie within two bytes. */
static uint32_t bits_at(const struct ip_addr *addr, unsigned first, unsigned count)
{
	unsigned byte = first / 8;
	uint32_t two = (uint32_t)addr->bytes[byte] << 8 | (byte < 15 ? addr->bytes[byte + 1] : 0u);
	return two >> (16 - first % 8 - count) & ((1u << count) - 1);
}

/** Makes the slot lead to a block whose slots all have the slot's value, if it does not lead to one yet. */
static int block_open(struct prefix_table *table, size_t at, unsigned bits, size_t *ret_base)
{
	size_t block_slots = (size_t)1 << bits, base = table->slot_count;
	uint32_t value = table->slots[at];
	if ((value & IS_BLOCK) != 0) {
		*ret_base = value & ~IS_BLOCK;
		return OK;
	}
	if (base + block_slots > PREFIX_TABLE_SLOTS_MAX)
		return E_LIMIT;
	if (base + block_slots > table->slot_room) {
		size_t room = table->slot_room + table->slot_room / 2;
		uint32_t *slots = realloc(table->slots, room * sizeof(*slots));
		if (slots == NULL)
			return E_NOMEM;
		table->slots = slots;
		table->slot_room = room;
	}
	for (size_t i = 0; i < block_slots; i++)
		table->slots[base + i] = value;
	table->slot_count += block_slots;
	table->slots[at] = IS_BLOCK | (uint32_t)base;
	*ret_base = base;
	return OK;
}

int prefix_table_paint(struct prefix_table *table, const struct ip_prefix *prefix, uint32_t value)
{
	ASSERT(value <= PREFIX_TABLE_VALUE_MAX && prefix->bits <= 128);
	static const struct ip_addr mapped = {.be32 = {0, 0, 0xffff0000u, 0}};
	if (prefix->bits <= V4_FIRST_BIT && ip_prefix_covers(prefix, &mapped)) {
		for (size_t i = 0; i < ROOT_SLOTS; i++)
			table->slots[i] = value;
	}
	bool is_v4 = prefix->bits >= V4_FIRST_BIT && ip_is_v4(&prefix->addr);
	size_t base = is_v4 ? 0 : ROOT_SLOTS;
	unsigned first = is_v4 ? V4_FIRST_BIT : 0, width = ROOT_BITS, below = is_v4 ? V4_BITS : V6_BITS;
	while (prefix->bits > first + width) {
		size_t at = base + bits_at(&prefix->addr, first, width);
		if (table->slots[at] == value)
			return OK;
		int err = block_open(table, at, below, &base);
		if (err != OK)
			return err;
		first += width;
		width = below;
	}
	size_t from = base + bits_at(&prefix->addr, first, width), count = (size_t)1 << (first + width - prefix->bits);
	for (size_t i = 0; i < count; i++)
		table->slots[from + i] = value;
	return OK;
}

uint32_t prefix_table_find(const struct prefix_table *table, const struct ip_addr *addr)
{
	const uint32_t *slots = table->slots;
	if (ip_is_v4(addr)) {
		uint32_t v4 = ip_to_v4(addr), slot = slots[v4 >> 16];
		if ((slot & IS_BLOCK) == 0)
			return slot;
		slot = slots[(slot & ~IS_BLOCK) + (v4 >> 8 & 0xff)];
		return (slot & IS_BLOCK) == 0 ? slot : slots[(slot & ~IS_BLOCK) + (v4 & 0xff)];
	}
	uint32_t slot = slots[ROOT_SLOTS + ((size_t)addr->bytes[0] << 8 | addr->bytes[1])];
	for (unsigned first = ROOT_BITS; (slot & IS_BLOCK) != 0; first += V6_BITS)
		slot = slots[(slot & ~IS_BLOCK) + (addr->bytes[first / 8] >> (4 - first % 8) & 0xf)];
	return slot;
}

bool prefix_table_whole_v4(const struct prefix_table *table, uint32_t first16, uint32_t *ret_value)
{
	uint32_t slot = table->slots[first16 & (ROOT_SLOTS - 1)];
	if ((slot & IS_BLOCK) != 0)
		return false;
	*ret_value = slot;
	return true;
}
