/* The inputs behind one face. */
#include "sensor/inputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLLECTOR_BATCHES 8 /* of datagrams in one turn of the loop */

static int ring_take(const struct config_capture *config, uint32_t exporter, struct input *ret_input, char *ret_why)
{
	const struct ring_config ring = {
		.interface = config->interface,
		.exporter = exporter,
		.ring_bytes = (uint32_t)config->ring_bytes,
		.sampling = (uint32_t)config->sampling,
		.promiscuous = config->promiscuous,
	};
	ret_input->kind = INPUT_PACKET;
	return ring_open(&ring, &ret_input->ring, ret_why);
}

static int xdp_take(const struct config_capture *config, uint32_t exporter, struct input *ret_input, char *ret_why)
{
	const struct xdp_config xdp = {
		.interface = config->interface,
		.exporter = exporter,
		.sampling = (uint32_t)config->sampling,
		.ring_bytes = (uint32_t)config->ring_bytes,
		.pin_directory = config->pin_directory[0] != '\0' ? config->pin_directory : NULL,
	};
	ret_input->kind = INPUT_XDP;
	return xdp_open(&xdp, &ret_input->xdp, ret_why);
}

int input_open_capture(const struct config_capture *config, uint32_t exporter, struct input *ret_input,
	char ret_why[static INPUT_WHY_BYTES])
{
	struct input input = {.name = config->interface, .state = INTERFACE_UP};
	int err = E_UNSUPPORTED;
	ret_why[0] = '\0';
	if (config->method != CAPTURE_METHOD_PACKET)
		err = xdp_take(config, exporter, &input, ret_why);
	if (config->method == CAPTURE_METHOD_PACKET)
		err = ring_take(config, exporter, &input, ret_why);
	else if (config->method == CAPTURE_METHOD_AUTO && err != OK && err != E_CONFIG) {
		char xdp_why[INPUT_WHY_BYTES];
		memcpy(xdp_why, ret_why, sizeof(xdp_why));
		err = ring_take(config, exporter, &input, ret_why);
		if (err == OK)
			snprintf(ret_why, INPUT_WHY_BYTES, "no xdp: %.180s", xdp_why);
	}
	if (err == OK)
		*ret_input = input;
	return err;
}

int input_open_collector(const struct config_collector *config, struct flow_state *flow, struct exporters *exporters,
	struct input *ret_input, char ret_why[static INPUT_WHY_BYTES])
{
	struct input input = {.kind = INPUT_COLLECTOR, .name = config->listen.text, .state = INTERFACE_UP};
	ret_why[0] = '\0';
	int err = collector_open(config, flow, exporters, &input.collector, ret_why);
	if (err != OK)
		return err;
	uint64_t got_bytes = collector_buffer_bytes(input.collector);
	if (got_bytes < config->receive_buffer_bytes)
		snprintf(ret_why, INPUT_WHY_BYTES,
			"receive buffer is %llu bytes and not the configured %llu; raise net.core.rmem_max or grant CAP_NET_ADMIN",
			(unsigned long long)got_bytes, (unsigned long long)config->receive_buffer_bytes);
	*ret_input = input;
	return OK;
}

void input_close(struct input *input)
{
	ring_free(input->ring);
	xdp_free(input->xdp);
	collector_free(input->collector);
	*input = (struct input){0};
}

bool input_tap_set(struct input *input, input_tap *tap, void *arg)
{
	if (input->kind == INPUT_PACKET)
		ring_tap(input->ring, tap, arg);
	if (input->kind == INPUT_XDP)
		xdp_tap(input->xdp, tap, arg);
	return input->kind == INPUT_PACKET || input->kind == INPUT_XDP;
}

size_t input_fds(const struct input *input, int ret_fds[static CONFIG_SOCKETS_MAX])
{
	switch (input->kind) {
	case INPUT_CLOSED:
	case INPUT_KIND_COUNT:
		return 0;
	case INPUT_PACKET:
		ret_fds[0] = ring_fd(input->ring);
		return 1;
	case INPUT_XDP:
		ret_fds[0] = xdp_fd(input->xdp);
		return 1;
	case INPUT_COLLECTOR:
		return collector_fds(input->collector, ret_fds);
	}
	return 0;
}

static int collector_turn(struct collector *collector, int fd, int64_t now_wall_ns, observation_sink *sink, void *arg)
{
	int err = OK;
	for (int i = 0; i < COLLECTOR_BATCHES && err == OK; i++)
		err = collector_read(collector, fd, now_wall_ns, sink, arg);
	return err;
}

int input_read(struct input *input, int fd, int64_t now_wall_ns, observation_sink *sink, void *arg)
{
	switch (input->kind) {
	case INPUT_CLOSED:
	case INPUT_KIND_COUNT:
		return E_AGAIN;
	case INPUT_PACKET:
		return ring_read(input->ring, sink, arg);
	case INPUT_XDP:
		return xdp_read(input->xdp, sink, arg);
	case INPUT_COLLECTOR:
		return collector_turn(input->collector, fd, now_wall_ns, sink, arg);
	}
	return E_AGAIN;
}

bool input_follow(struct input *input, char ret_why[static INPUT_WHY_BYTES])
{
	enum interface_state before = input->state;
	ret_why[0] = '\0';
	if (input->kind == INPUT_PACKET)
		input->state = ring_follow(input->ring, ret_why);
	else if (input->kind == INPUT_XDP)
		input->state = xdp_follow(input->xdp, ret_why);
	bool was_refused = input->is_refused;
	input->is_refused = ret_why[0] != '\0';
	if (was_refused)
		ret_why[0] = '\0'; /* said already */
	if (before == INTERFACE_UP && input->state != INTERFACE_UP)
		input->outages++;
	return before != input->state;
}

static void dropped_add(struct input_report *report, const char *reason, uint64_t count)
{
	report->dropped[report->dropped_count].reason = reason;
	report->dropped[report->dropped_count].count = count;
	report->dropped_count++;
}

static void capture_report(struct input *input, struct input_report *report)
{
	struct input_counters counters;
	if (input->kind == INPUT_PACKET)
		ring_counters(input->ring, &counters);
	else
		xdp_counters(input->xdp, &counters);
	report->received = counters.received;
	report->used = counters.used;
	report->seen_packets = counters.seen_packets;
	report->seen_bytes = counters.seen_bytes;
	report->seen_stopped = counters.seen_stopped;
	dropped_add(report, "not_ip", counters.not_ip);
	dropped_add(report, "truncated", counters.truncated);
	dropped_add(report, "malformed", counters.malformed);
	dropped_add(report, "unsupported", counters.unsupported);
	dropped_add(report, "kernel", counters.dropped_kernel);
	dropped_add(report, "ring", counters.dropped_ring);
	dropped_add(report, "error", counters.errors);
}

static void collector_report(struct input *input, struct input_report *report)
{
	struct collector_counters counters = collector_counters_of(input->collector);
	report->received = counters.received;
	report->used = counters.used;
	dropped_add(report, "not_allowed", counters.not_allowed);
	dropped_add(report, "not_flow", counters.not_flow);
	dropped_add(report, "malformed", counters.malformed);
	dropped_add(report, "kernel", counters.dropped_kernel);
}

void input_report(struct input *input, struct input_report *ret_report)
{
	static const char *const kinds[INPUT_KIND_COUNT] = {"closed", "packet", "xdp", "collector"};
	*ret_report = (struct input_report){.name = input->name, .kind = kinds[input->kind],
		.state = interface_state_name(input->state), .outages = input->outages};
	if (input->kind == INPUT_PACKET || input->kind == INPUT_XDP)
		capture_report(input, ret_report);
	else if (input->kind == INPUT_COLLECTOR)
		collector_report(input, ret_report);
}
