/* For the tests of the IPFIX decoder only: messages, templates and data put together field by field. */
#pragma once

#include "core/limits.h"
#include "decode/flow_test.h"

#define VARIABLE 65535

/** Begins an IPFIX message of domain 9; message_end() sets its length. */
static inline struct test_bytes message_begin(uint32_t sequence)
{
	struct test_bytes out = {0};
	put_be16(&out, 10);
	put_be16(&out, 0);
	put_be32(&out, TEST_EXPORT_S);
	put_be32(&out, sequence);
	put_be32(&out, 9);
	return out;
}

static inline void message_end(struct test_bytes *out)
{
	patch_be16(out, 2, out->length);
}

/** Begins a set; returns where it stands, for set_end(). */
static inline size_t set_begin(struct test_bytes *out, uint16_t id)
{
	put_be16(out, id);
	put_be16(out, 0);
	return out->length - 4;
}

static inline void set_end(struct test_bytes *out, size_t at)
{
	patch_be16(out, at + 2, out->length - at);
}

struct field {
	uint16_t id, length_bytes;
	uint32_t enterprise;
};

static inline void fields_put(struct test_bytes *out, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		put_be16(out, (uint16_t)(fields[i].enterprise != 0 ? fields[i].id | 0x8000u : fields[i].id));
		put_be16(out, fields[i].length_bytes);
		if (fields[i].enterprise != 0)
			put_be32(out, fields[i].enterprise);
	}
}

/** A set with one template. */
static inline void template_put(struct test_bytes *out, uint16_t id, const struct field *fields, size_t count)
{
	size_t set = set_begin(out, 2);
	put_be16(out, id);
	put_be16(out, (uint16_t)count);
	fields_put(out, fields, count);
	set_end(out, set);
}

static inline void options_template_put(struct test_bytes *out, uint16_t id, uint16_t scopes, const struct field *fields,
	size_t count)
{
	size_t set = set_begin(out, 3);
	put_be16(out, id);
	put_be16(out, (uint16_t)count);
	put_be16(out, scopes);
	fields_put(out, fields, count);
	set_end(out, set);
}

/** Addresses, packets and bytes: the least that makes an observation. */
static const struct field plain[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}};
#define PLAIN_BYTES 16

static inline void plain_put(struct test_bytes *out, uint32_t packets)
{
	put_be32(out, 0xc0000201);
	put_be32(out, 0xc6336402);
	put_be32(out, packets);
	put_be32(out, packets * 100);
}

/** A message with the template 256 of these fields, and a data set to be filled. */
static inline struct test_bytes data_begin(const struct field *fields, size_t count, size_t *ret_set)
{
	struct test_bytes out = message_begin(0);
	template_put(&out, 256, fields, count);
	*ret_set = set_begin(&out, 256);
	return out;
}

static inline int data_end(struct test_flow *flow, struct test_bytes *out, size_t set)
{
	set_end(out, set);
	message_end(out);
	return test_send(flow, out);
}

static inline const struct flow_counters *counters_of(const struct test_flow *flow)
{
	return flow_counters_of(flow->state, FLOW_IPFIX);
}
