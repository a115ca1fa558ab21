/*
 * For the tests of the flow decoders only: datagrams put together field by
 * field, and a sink that keeps what comes out.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/clock.h"
#include "decode/flow.h"

#define TEST_EXPORT_S UINT32_C(1700000000)
#define TEST_EXPORT_NS (TEST_EXPORT_S * NS_PER_S)

struct test_bytes {
	uint8_t data[4096];
	size_t length;
};

static inline void put_be(struct test_bytes *out, uint64_t value, size_t length_bytes)
{
	assert_true(out->length + length_bytes <= sizeof(out->data));
	for (size_t i = length_bytes; i > 0; i--)
		out->data[out->length++] = (uint8_t)(value >> (8 * (i - 1)));
}

static inline void put_be16(struct test_bytes *out, uint16_t value)
{
	put_be(out, value, 2);
}

static inline void put_be32(struct test_bytes *out, uint32_t value)
{
	put_be(out, value, 4);
}

/** Writes over two bytes that are there: lengths and counts that are known last, or lies. */
static inline void patch_be16(struct test_bytes *out, size_t at, size_t value)
{
	out->data[at] = (uint8_t)(value >> 8);
	out->data[at + 1] = (uint8_t)value;
}

/** A state and all that came out of it since the last send. */
struct test_flow {
	struct flow_state *state;
	size_t count;
	struct observation got[256];
};

static inline void test_sink(void *arg, const struct observation *batch, size_t count)
{
	struct test_flow *flow = arg;
	assert_true(flow->count + count <= sizeof(flow->got) / sizeof(flow->got[0]));
	memcpy(&flow->got[flow->count], batch, count * sizeof(*batch));
	flow->count += count;
}

/** Sends a datagram, arrived when it was exported; returns flow_parse()'s verdict. */
static inline int test_send_from(struct test_flow *flow, uint32_t exporter, const struct test_bytes *datagram)
{
	struct ip_addr addr = ip_from_v4(exporter);
	/* A copy of the exact size, so that a sanitizer sees a read beyond. */
	uint8_t *exact = test_malloc(datagram->length);
	memcpy(exact, datagram->data, datagram->length);
	flow->count = 0;
	int err = flow_parse(flow->state, &addr, 7, TEST_EXPORT_NS, exact, datagram->length, test_sink, flow);
	test_free(exact);
	return err;
}

static inline int test_send(struct test_flow *flow, const struct test_bytes *datagram)
{
	return test_send_from(flow, 0xc0000201, datagram);
}

static inline int test_setup(void **state)
{
	static struct test_flow flow;
	struct flow_config config = flow_config_default();
	memset(&flow, 0, sizeof(flow));
	flow.state = flow_state_new(&config);
	assert_non_null(flow.state);
	*state = &flow;
	return 0;
}

static inline int test_teardown(void **state)
{
	struct test_flow *flow = *state;
	flow_state_free(flow->state);
	return 0;
}
