/*
 * Proves, with the real process on loopback, that every datagram is accounted
 * for, that status and metrics answer and bound hostile clients, that
 * templates survive kill -9, and that the process ends in good order.
 * Arguments: the path of hinomi-sensor.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"

#define WAIT_MS 20000 /* for anything that must happen; a sanitizer build on a busy machine is slow */

static const char *sensor_path;
static char directory[] = "/tmp/live_test.XXXXXX";
static uint16_t flow_port, metrics_port;

struct process {
	pid_t pid;
	FILE *errors; /* its standard error */
};

/** A port that is free now, by asking the kernel for any. */
static uint16_t free_port(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(addr);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static void config_write(void)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/conf", directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "state_directory = \"%s\"\nstatus_socket = \"%s/sock\"\nsave_every = 100ms\n"
		"collector \"127.0.0.1:%u\" { exporters = {127.0.0.1} }\nmetrics { listen = \"127.0.0.1:%u\" }\n"
		"findings { file = \"%s/findings\" }\n", directory, directory, flow_port, metrics_port, directory);
	fclose(file);
}

/** Reads the process's log up to the line that has the text. */
static void log_await(struct process *process, const char *text, char *ret_line, size_t size_bytes)
{
	while (fgets(ret_line, (int)size_bytes, process->errors) != NULL) {
		if (strstr(ret_line, text) != NULL)
			return;
		fprintf(stderr, "%s", ret_line);
	}
	fail_msg("the sensor ended without saying: %s", text);
}

static struct process sensor_start(void)
{
	char conf[64], line[512];
	int ends[2];
	snprintf(conf, sizeof(conf), "%s/conf", directory);
	assert_int_equal(pipe(ends), 0);
	struct process process = {.pid = fork()};
	assert_return_code(process.pid, errno);
	if (process.pid == 0) {
		if (dup2(ends[1], STDERR_FILENO) < 0)
			_exit(98);
		close(ends[0]);
		close(ends[1]);
		execl(sensor_path, sensor_path, "--config", conf, (char *)NULL);
		_exit(99);
	}
	close(ends[1]);
	process.errors = fdopen(ends[0], "r");
	assert_non_null(process.errors);
	log_await(&process, "started ", line, sizeof(line));
	return process;
}

static int sensor_stop(struct process *process, int signal_number)
{
	int status = 0;
	assert_int_equal(kill(process->pid, signal_number), 0);
	assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
	fclose(process->errors);
	return status;
}

/** Sends a request and reads up to the end of the connection; -1: it could not be sent. */
static ssize_t ask(const struct sockaddr *addr, socklen_t addr_bytes, const char *request, size_t request_bytes, char *ret_reply,
	size_t size_bytes)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	assert_int_equal(connect(fd, addr, addr_bytes), 0);
	ssize_t sent = send(fd, request, request_bytes, MSG_NOSIGNAL);
	for (;;) {
		ssize_t got = recv(fd, ret_reply + used, size_bytes - 1 - used, 0);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	ret_reply[used] = '\0';
	close(fd);
	return sent < 0 ? -1 : (ssize_t)used;
}

static ssize_t ask_status(const char *request, char *ret_reply, size_t size_bytes)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", directory);
	return ask((struct sockaddr *)&addr, sizeof(addr), request, strlen(request), ret_reply, size_bytes);
}

static ssize_t ask_metrics(const char *request, char *ret_reply, size_t size_bytes)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(metrics_port)};
	return ask((struct sockaddr *)&addr, sizeof(addr), request, strlen(request), ret_reply, size_bytes);
}

static void datagram_send(const void *bytes, size_t length)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(flow_port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(sendto(fd, bytes, length, 0, (struct sockaddr *)&addr, sizeof(addr)), (ssize_t)length);
	close(fd);
}

/** Asks for the status until it holds a text: what was sent is in the socket, and the loop comes to it. */
static void status_await(const char *text, char *ret_reply, size_t size_bytes)
{
	for (int i = 0; i < 1000; i++) {
		assert_true(ask_status("{\"command\":\"status\"}\n", ret_reply, size_bytes) > 0);
		if (strstr(ret_reply, text) != NULL)
			return;
	}
	fail_msg("status never told %s: %s", text, ret_reply);
}

static void every_datagram_is_accounted_for(void **state)
{
	(void)state;
	char reply[65536], line[512];
	uint8_t good[24 + 48] = {0, 5, 0, 1}, cut[24 + 48] = {0, 5, 0, 9};
	memcpy(good + 24, (const uint8_t[]){203, 0, 113, 5, 192, 0, 2, 9}, 8);
	good[24 + 19] = 1;
	good[24 + 23] = 60;
	struct process process = sensor_start();
	for (int i = 0; i < 500; i++)
		datagram_send(good, sizeof(good));
	for (int i = 0; i < 20; i++)
		datagram_send("not a flow export", 17);
	for (int i = 0; i < 3; i++)
		datagram_send(cut, sizeof(cut));
	status_await("\"received\":523,\"used\":500,\"dropped\":{\"not_flow\":20,\"malformed\":3}", reply, sizeof(reply));
	assert_non_null(strstr(reply, "\"sensor\":\"sensor\""));
	assert_int_equal(reply[strlen(reply) - 1], '\n');

	assert_true(ask_metrics("GET /metrics HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_memory_equal(reply, "HTTP/1.0 200 ", 13);
	assert_non_null(strstr(reply, "kind=\"collector\",reason=\"not_flow\"} 20\n"));
	assert_non_null(strstr(reply, "\nhinomi_exporter_records_total{exporter=\"127.0.0.1\"} "));

	assert_int_equal(kill(process.pid, SIGTERM), 0);
	log_await(&process, "input_account", line, sizeof(line));
	assert_non_null(strstr(line, "received=523 used=500 dropped_not_flow=20 dropped_malformed=3\n"));
	int status = 0;
	assert_int_equal(waitpid(process.pid, &status, 0), process.pid);
	assert_int_equal(status, 0);
	fclose(process.errors);
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Longer than any MTU: the collector reads it in two parts, and the record across their border shows whether they join. */
static void a_long_datagram_is_read_whole(void **state)
{
	(void)state;
	enum { RECORDS = 3000, RECORD_BYTES = 20, HEAD_BYTES = 16 + 28 + 4, BYTES = HEAD_BYTES + RECORDS * RECORD_BYTES };
	static uint8_t message[BYTES];
	char reply[65536];
	/* IPFIX (RFC 7011): a template of addresses, packets and octets as 64 and 32 bits, and its records. */
	const uint8_t template[28] = {0, 2, 0, 28, 1, 0, 0, 5, 0, 8, 0, 4, 0, 12, 0, 4, 0, 2, 0, 4, 0, 1, 0, 4, 0, 7, 0, 4};
	put16(message, 10);
	put16(message + 2, BYTES);
	memcpy(message + 16, template, sizeof(template));
	put16(message + 44, 256);
	put16(message + 46, BYTES - 44);
	for (int i = 0; i < RECORDS; i++) {
		uint8_t *record = message + HEAD_BYTES + i * RECORD_BYTES;
		memcpy(record, (const uint8_t[RECORD_BYTES]){203, 0, 113, 5, 192, 0, 2, 9, 0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 53},
			RECORD_BYTES);
	}
	struct process process = sensor_start();
	datagram_send(message, sizeof(message));
	status_await("\"received\":1,\"used\":1,", reply, sizeof(reply));
	assert_true(ask_metrics("GET /metrics HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_non_null(strstr(reply, "\nhinomi_flow_records_total{format=\"ipfix\"} 3000\n"));
	assert_non_null(strstr(reply, "\nhinomi_flow_records_malformed_total{format=\"ipfix\"} 0\n"));
	assert_int_equal(sensor_stop(&process, SIGTERM), 0);
}

static void hostile_clients_are_bounded(void **state)
{
	(void)state;
	char reply[65536], request[LIMIT_SERVICE_REQUEST_BYTES + 100];
	struct process process = sensor_start();
	assert_true(ask_status("{\"command\":\"reboot\"}\n", reply, sizeof(reply)) > 0);
	assert_string_equal(reply, "{\"version\":1,\"error\":\"unknown command; known: status\"}\n");
	assert_true(ask_status("\n", reply, sizeof(reply)) > 0);
	assert_non_null(strstr(reply, "unknown command"));
	memset(request, 'x', sizeof(request) - 1);
	request[sizeof(request) - 1] = '\0';
	assert_true(ask_status(request, reply, sizeof(reply)) <= 0); /* too long: closed without a word */
	assert_true(ask_metrics("POST /metrics HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_memory_equal(reply, "HTTP/1.0 405 ", 13);
	assert_true(ask_metrics("GET /etc/passwd HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_memory_equal(reply, "HTTP/1.0 404 ", 13);

	int silent[LIMIT_SERVICE_CLIENTS];
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", directory);
	for (size_t i = 0; i < LIMIT_SERVICE_CLIENTS; i++) {
		silent[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(silent[i], (struct sockaddr *)&addr, sizeof(addr)), 0);
	}
	assert_true(ask_status("{\"command\":\"status\"}\n", reply, sizeof(reply)) > 0); /* waits until the silent ones expire */
	for (size_t i = 0; i < LIMIT_SERVICE_CLIENTS; i++)
		close(silent[i]);
	assert_int_equal(sensor_stop(&process, SIGTERM), 0);
}

/** NetFlow v9 (RFC 3954): a template of addresses, bytes and packets, then one record by it. */
static const uint8_t v9_template[] = {0, 9, 0, 1, 0, 0, 0, 9, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 1, 0, 0, 0, 7,
	0, 0, 0, 24, 1, 4, 0, 4, 0, 8, 0, 4, 0, 12, 0, 4, 0, 1, 0, 4, 0, 2, 0, 4};
static const uint8_t v9_data[] = {0, 9, 0, 1, 0, 0, 0, 9, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 2, 0, 0, 0, 7,
	1, 4, 0, 20, 203, 0, 113, 5, 192, 0, 2, 9, 0, 0, 0, 60, 0, 0, 0, 1};

/** Waits until a file of the state directory was renamed into its place. */
static void file_await(int watch_fd, const char *name)
{
	for (;;) {
		struct pollfd ready = {.fd = watch_fd, .events = POLLIN};
		union {
			struct inotify_event event; /* for its alignment */
			char bytes[4096];
		} buffer;
		assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
		ssize_t got = read(watch_fd, buffer.bytes, sizeof(buffer.bytes));
		assert_true(got > 0);
		if (memmem(buffer.bytes, (size_t)got, name, strlen(name) + 1) != NULL)
			return;
	}
}

static void templates_survive_a_kill(void **state)
{
	(void)state;
	char reply[65536];
	int watch_fd = inotify_init1(IN_CLOEXEC);
	assert_return_code(inotify_add_watch(watch_fd, directory, IN_MOVED_TO), errno);
	struct process process = sensor_start();
	datagram_send(v9_data, sizeof(v9_data)); /* before its template: no record yet */
	status_await("\"received\":1,", reply, sizeof(reply));
	assert_true(ask_metrics("GET /metrics HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_non_null(strstr(reply, "\nhinomi_flow_sets_unknown_template_total{format=\"netflow9\"} 1\n"));
	datagram_send(v9_template, sizeof(v9_template));
	file_await(watch_fd, "templates");
	close(watch_fd);
	int status = sensor_stop(&process, SIGKILL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

	process = sensor_start(); /* the stale socket of the killed one is replaced */
	datagram_send(v9_data, sizeof(v9_data));
	status_await("\"received\":1,\"used\":1,", reply, sizeof(reply));
	assert_true(ask_metrics("GET /metrics HTTP/1.0\r\n\r\n", reply, sizeof(reply)) > 0);
	assert_non_null(strstr(reply, "\nhinomi_flow_records_total{format=\"netflow9\"} 1\n"));
	assert_non_null(strstr(reply, "\nhinomi_flow_sets_unknown_template_total{format=\"netflow9\"} 0\n"));
	assert_int_equal(sensor_stop(&process, SIGTERM), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	flow_port = free_port(SOCK_DGRAM);
	metrics_port = free_port(SOCK_STREAM);
	config_write();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = {"conf", "findings", "templates", "sock"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

/** Runs a sensor that cannot start; what it said is read back. */
static int start_in_vain(const char *config, char *ret_said, size_t size_bytes)
{
	char path[64];
	snprintf(path, sizeof(path), "%s/vain", directory);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(config, file);
	fclose(file);
	int ends[2], status = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0) {
		if (dup2(ends[1], STDERR_FILENO) < 0)
			_exit(98);
		close(ends[0]);
		close(ends[1]);
		execl(sensor_path, sensor_path, "--config", path, (char *)NULL);
		_exit(99);
	}
	close(ends[1]);
	FILE *errors = fdopen(ends[0], "r");
	assert_non_null(errors);
	ret_said[fread(ret_said, 1, size_bytes - 1, errors)] = '\0';
	fclose(errors);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)unlink(path);
	return status;
}

/** What cannot be had is told at the start, in one line, and nothing is left behind. */
static void a_start_in_vain_is_one_line_and_leaves_nothing(void **state)
{
	(void)state;
	char config[1024], said[1024], expected[256], socket_path[64];
	struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(metrics_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1; /* connections of the tests before may still be closing */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	assert_int_equal(listen(fd, 1), 0);
	snprintf(config, sizeof(config), "status_socket = \"%s/sock\"\ncollector \"127.0.0.1:%u\" {}\n"
		"metrics { listen = \"127.0.0.1:%u\" }\n", directory, flow_port, metrics_port);
	assert_int_equal(WEXITSTATUS(start_in_vain(config, said, sizeof(said))), 1);
	snprintf(expected, sizeof(expected), "start_failed metrics=127.0.0.1:%u: Address already in use\n", metrics_port);
	assert_string_equal(strstr(said, "start_failed"), expected);
	snprintf(socket_path, sizeof(socket_path), "%s/sock", directory);
	assert_int_equal(access(socket_path, F_OK), -1);
	close(fd);

	snprintf(config, sizeof(config), "status_socket = \"%s/sock\"\ncollector \"127.0.0.1:%u\" {}\n"
		"state_directory = \"%s/missing\"\n", directory, flow_port, directory);
	assert_int_equal(WEXITSTATUS(start_in_vain(config, said, sizeof(said))), 1);
	snprintf(expected, sizeof(expected), "start_failed state_directory=%s/missing: No such file or directory\n", directory);
	assert_string_equal(strstr(said, "start_failed"), expected);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_datagram_is_accounted_for),
		cmocka_unit_test(a_start_in_vain_is_one_line_and_leaves_nothing),
		cmocka_unit_test(a_long_datagram_is_read_whole),
		cmocka_unit_test(hostile_clients_are_bounded),
		cmocka_unit_test(templates_survive_a_kill),
	};
	if (argc != 2)
		return EXIT_FAILURE;
	sensor_path = argv[1];
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
