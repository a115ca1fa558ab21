/*
 * Order of things: this process leaves the machine's network for an empty
 * one; a child leaves that for another; a veth pair is made here with its
 * peer in the child's (rtnetlink, RTM_NEWLINK); the child brings its end up
 * and becomes the sensor. Frames go out through an AF_PACKET socket here and
 * arrive there, both directions of every conversation, as on a mirror port.
 *
 * The child asks the kernel to be killed when its parent dies, so even
 * kill -9 leaves no process, no namespace and no link.
 */
#include "exercise/range.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "exercise/address.h"

#define START_WAIT_NS (10 * NS_PER_S)
#define STOP_WAIT_NS (2 * NS_PER_S)
#define LINE_BYTES_MAX (256 * 1024) /* one finding with all its sources */
#define ANSWER_BYTES_MAX (1024 * 1024) /* one answer of the status socket */
#define PATH_BYTES 96

static const char *const file_names[] = {"hinomi.conf", "findings.jsonl", "sensor.log", "sensor.sock"};
enum file { FILE_CONFIG = 0, FILE_FINDINGS, FILE_LOG, FILE_SOCKET };

struct range {
	char directory[32];
	char outer[IFNAMSIZ]; /* our end of the veth pair */
	char inner[IFNAMSIZ]; /* the sensor's end */
	pid_t sensor; /* 0: does not run */
	int go_fd; /* the child waits for a byte here */
	int ready_fd; /* and tells here that it has its namespace */
	struct wire *wire;
	int findings_fd;
	size_t line_used_bytes;
	size_t line_taken_bytes; /* of the line that was handed out last */
	char *line;
};

static const char *path_of(const struct range *range, enum file file, char ret_path[static PATH_BYTES])
{
	(void)snprintf(ret_path, PATH_BYTES, "%s/%s", range->directory, file_names[file]);
	return ret_path;
}

static void wait_ms(long time_ms)
{
	struct timespec pause = {.tv_nsec = time_ms * NS_PER_MS};
	(void)nanosleep(&pause, NULL);
}

static int config_write(const struct range *range, const struct range_config *config)
{
	char path[PATH_BYTES], findings[PATH_BYTES], socket_path[PATH_BYTES];
	FILE *file = fopen(path_of(range, FILE_CONFIG, path), "we");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "sensor = \"exercise\"\nnetworks = {\"" ADDRESS_MEMBER_V4 "\", \"" ADDRESS_MEMBER_V6 "\", \"" ADDRESS_OTHER_V4
				  "\", \"" ADDRESS_OTHER_V6 "\"}\n");
	fprintf(file, "capture \"%s\" { method = packet ring = 16MiB }\n", range->inner);
	fprintf(file, "threshold default {\n\thost_pps = %llupps\n\tprefix_pps = %llupps\n\toutbound_pps = %llupps\n}\n",
		(unsigned long long)config->threshold_pps, (unsigned long long)config->threshold_pps * 2,
		(unsigned long long)config->threshold_pps);
	fprintf(file, "detection { learn = no memory = 128MiB end_quiet = %llums }\n", (unsigned long long)config->end_quiet_ms);
	fprintf(file, "findings { file = \"%s\" }\nstatus_socket = \"%s\"\n", path_of(range, FILE_FINDINGS, findings),
		path_of(range, FILE_SOCKET, socket_path));
	return fclose(file) == 0 ? OK : E_SYS;
}

/* Netlink attributes (rtnetlink(7)): begun here, and their length set when their inside is there. */
static struct rtattr *attribute_add(struct nlmsghdr *message, unsigned short type, const void *data, size_t length_bytes)
{
	struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(length_bytes);
	if (length_bytes > 0)
		memcpy(RTA_DATA(attribute), data, length_bytes);
	message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(attribute->rta_len);
	return attribute;
}

static void attribute_end(const struct nlmsghdr *message, struct rtattr *attribute)
{
	attribute->rta_len = (unsigned short)((const char *)message + message->nlmsg_len - (char *)attribute);
}

static int netlink_do(const struct nlmsghdr *message)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {.error.error = -EPROTO};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return E_SYS;
	ssize_t got = send(fd, message, message->nlmsg_len, 0);
	if (got > 0)
		got = recv(fd, &answer, sizeof(answer), MSG_TRUNC);
	(void)close(fd);
	if (got > 0)
		errno = -answer.error.error;
	return got > 0 && answer.error.error == 0 ? OK : E_SYS;
}

/* ip link add OUTER type veth peer name INNER netns PID */
static int veth_make(const struct range *range)
{
	_Alignas(8) char buffer[512] = {0};
	struct nlmsghdr *message = (struct nlmsghdr *)buffer;
	struct ifinfomsg peer = {.ifi_family = AF_UNSPEC};
	uint32_t pid = (uint32_t)range->sensor;

	message->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	(void)attribute_add(message, IFLA_IFNAME, range->outer, strlen(range->outer) + 1);
	struct rtattr *info = attribute_add(message, IFLA_LINKINFO, NULL, 0);
	(void)attribute_add(message, IFLA_INFO_KIND, "veth", 4);
	struct rtattr *data = attribute_add(message, IFLA_INFO_DATA, NULL, 0);
	struct rtattr *inside = attribute_add(message, VETH_INFO_PEER, &peer, sizeof(peer));
	(void)attribute_add(message, IFLA_IFNAME, range->inner, strlen(range->inner) + 1);
	(void)attribute_add(message, IFLA_NET_NS_PID, &pid, sizeof(pid));
	attribute_end(message, inside);
	attribute_end(message, data);
	attribute_end(message, info);
	return netlink_do(message);
}

static int link_up(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return E_SYS;
	memcpy(request.ifr_name, name, strlen(name));
	int failed = ioctl(fd, SIOCSIFFLAGS, &request);
	(void)close(fd);
	return failed == 0 ? OK : E_SYS;
}

/* No neighbour discovery of the kernel's own among the packets that are counted. Where it cannot be, it does no harm. */
static void ipv6_silence(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t written = write(fd, "1", 1);
	(void)written;
	(void)close(fd);
}

/* The child: into its own network, then the sensor. Never returns. */
_Noreturn static void become_sensor(const struct range *range, const char *sensor_path, pid_t parent, int ready_fd, int go_fd)
{
	char config[PATH_BYTES], log[PATH_BYTES], byte = 1;
	char *arguments[] = {(char *)(uintptr_t)sensor_path, /* execv() does not change it */
		(char *)(uintptr_t)"--config", config, NULL};

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || setpgid(0, 0) != 0 || unshare(CLONE_NEWNET) != 0)
		_exit(126);
	ipv6_silence();
	if (write(ready_fd, &byte, 1) != 1 || read(go_fd, &byte, 1) != 1)
		_exit(126);
	int log_fd = open(path_of(range, FILE_LOG, log), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0 || dup2(log_fd, STDERR_FILENO) < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || link_up(range->inner) != OK)
		_exit(126);
	(void)path_of(range, FILE_CONFIG, config);
	(void)execv(sensor_path, arguments);
	_exit(127);
}

static int sensor_fork(struct range *range, const char *sensor_path)
{
	int ready[2], go[2];
	pid_t parent = getpid();
	if (pipe2(ready, O_CLOEXEC) != 0)
		return E_SYS;
	if (pipe2(go, O_CLOEXEC) != 0) {
		(void)close(ready[0]);
		(void)close(ready[1]);
		return E_SYS;
	}
	pid_t pid = fork();
	if (pid == 0)
		become_sensor(range, sensor_path, parent, ready[1], go[0]);
	(void)close(ready[1]);
	(void)close(go[0]);
	range->ready_fd = ready[0];
	range->go_fd = go[1];
	if (pid < 0)
		return E_SYS;
	range->sensor = pid;
	return OK;
}

/* The sensor's log says "started" when it watches. */
static bool has_started(const struct range *range)
{
	char path[PATH_BYTES], text[4096];
	int fd = open(path_of(range, FILE_LOG, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, "started sensor=") != NULL;
}

static void log_last_line(const struct range *range, char why[static 160])
{
	char path[PATH_BYTES], line[512];
	FILE *file = fopen(path_of(range, FILE_LOG, path), "re");
	(void)snprintf(why, 160, "the sensor did not start");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(why, 160, "the sensor did not start: %.120s", line);
	}
	if (file != NULL)
		(void)fclose(file);
}

bool range_is_alive(struct range *range)
{
	siginfo_t info = {0};
	return range->sensor != 0 && waitid(P_PID, (id_t)range->sensor, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == 0;
}

static int sensor_wait(struct range *range, char why[static 160])
{
	char path[PATH_BYTES];
	int64_t until_ns = clock_mono_ns() + START_WAIT_NS;
	while (!has_started(range)) {
		if (!range_is_alive(range) || clock_mono_ns() > until_ns) {
			log_last_line(range, why);
			return E_STATE;
		}
		wait_ms(10);
	}
	range->findings_fd = open(path_of(range, FILE_FINDINGS, path), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	return range->findings_fd >= 0 ? OK : E_SYS;
}

static int place_make(struct range *range, const struct range_config *config, char why[static 160])
{
	char byte = 1;
	if (unshare(CLONE_NEWNET) != 0) {
		(void)snprintf(why, 160, "no network namespace of its own: %s (root is needed)", strerror(errno));
		return E_DENIED;
	}
	ipv6_silence();
	if (mkdtemp(range->directory) == NULL) {
		range->directory[0] = '\0';
		(void)snprintf(why, 160, "no temporary directory: %s", strerror(errno));
		return E_SYS;
	}
	if (config_write(range, config) != OK || sensor_fork(range, config->sensor_path) != OK) {
		(void)snprintf(why, 160, "cannot start a process: %s", strerror(errno));
		return E_SYS;
	}
	if (read(range->ready_fd, &byte, 1) != 1) {
		(void)snprintf(why, 160, "no second network namespace");
		return E_DENIED;
	}
	if (veth_make(range) != OK || link_up(range->outer) != OK || wire_open(range->outer, &range->wire) != OK) {
		(void)snprintf(why, 160, "no veth pair in a namespace of its own: %s", strerror(errno));
		return E_DENIED;
	}
	if (write(range->go_fd, &byte, 1) != 1) {
		(void)snprintf(why, 160, "the sensor's process is gone");
		return E_STATE;
	}
	return sensor_wait(range, why);
}

int range_open(const struct range_config *config, char why[static 160], struct range **ret_range)
{
	struct range *range = calloc(1, sizeof(*range));
	if (range == NULL || (range->line = malloc(LINE_BYTES_MAX)) == NULL) {
		free(range);
		(void)snprintf(why, 160, "no memory");
		return E_NOMEM;
	}
	range->go_fd = range->ready_fd = range->findings_fd = -1;
	(void)snprintf(range->directory, sizeof(range->directory), "/tmp/hinomi-exercise-XXXXXX");
	(void)snprintf(range->outer, sizeof(range->outer), "hx%do", (int)getpid());
	(void)snprintf(range->inner, sizeof(range->inner), "hx%di", (int)getpid());
	int error = place_make(range, config, why);
	if (error != OK) {
		range_close(range);
		return error;
	}
	*ret_range = range;
	return OK;
}

void range_stop(struct range *range, int64_t *ret_cpu_ns)
{
	struct rusage usage = {0};
	int64_t until_ns = clock_mono_ns() + STOP_WAIT_NS;
	pid_t ended = 0;

	if (range->sensor == 0)
		return;
	(void)kill(range->sensor, SIGTERM);
	while (ended == 0 && clock_mono_ns() < until_ns) {
		ended = wait4(range->sensor, NULL, WNOHANG, &usage);
		if (ended == 0)
			wait_ms(5);
	}
	if (ended == 0) {
		(void)kill(range->sensor, SIGKILL);
		(void)wait4(range->sensor, NULL, 0, &usage);
	}
	range->sensor = 0;
	*ret_cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
		(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

void range_close(struct range *range)
{
	int fds[3];
	int64_t cpu_ns;
	char path[PATH_BYTES];
	if (range == NULL)
		return;
	range_stop(range, &cpu_ns);
	memcpy(fds, (int[]){range->go_fd, range->ready_fd, range->findings_fd}, sizeof(fds));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	if (range->directory[0] != '\0') {
		for (size_t i = 0; i < ARRAY_LEN(file_names); i++)
			(void)unlink(path_of(range, (enum file)i, path));
		(void)rmdir(range->directory);
	}
	wire_close(range->wire);
	free(range->line);
	free(range);
}

struct wire *range_wire(struct range *range)
{
	return range->wire;
}

const char *range_finding(struct range *range, size_t *ret_length_bytes)
{
	memmove(range->line, range->line + range->line_taken_bytes, range->line_used_bytes - range->line_taken_bytes);
	range->line_used_bytes -= range->line_taken_bytes;
	range->line_taken_bytes = 0;
	char *end = memchr(range->line, '\n', range->line_used_bytes);
	if (end == NULL) {
		ssize_t got = read(range->findings_fd, range->line + range->line_used_bytes, LINE_BYTES_MAX - range->line_used_bytes);
		if (got <= 0)
			return NULL;
		end = memchr(range->line + range->line_used_bytes, '\n', (size_t)got);
		range->line_used_bytes += (size_t)got;
	}
	if (end == NULL)
		return NULL;
	*ret_length_bytes = (size_t)(end - range->line);
	range->line_taken_bytes = *ret_length_bytes + 1;
	return range->line;
}

/* One request and one line of answer, within 200 ms. */
static char *status_read(const struct range *range, size_t *ret_length_bytes)
{
	static const char request[] = "{\"command\":\"status\"}\n";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_usec = 200000};
	char path[PATH_BYTES];
	size_t used_bytes = 0;

	(void)path_of(range, FILE_SOCKET, path);
	memcpy(to.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *answer = malloc(ANSWER_BYTES_MAX);
	if (fd >= 0 && answer != NULL && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == sizeof(request) - 1) {
		ssize_t got = 1;
		while (got > 0 && used_bytes < ANSWER_BYTES_MAX && (used_bytes == 0 || answer[used_bytes - 1] != '\n')) {
			got = recv(fd, answer + used_bytes, ANSWER_BYTES_MAX - used_bytes, 0);
			used_bytes += got > 0 ? (size_t)got : 0;
		}
	}
	if (fd >= 0)
		(void)close(fd);
	*ret_length_bytes = used_bytes;
	return answer;
}

int range_ask(struct range *range, struct range_account *ret_account)
{
	size_t length_bytes;
	char *text = status_read(range, &length_bytes);
	json_t *root = text != NULL ? json_loadb(text, length_bytes, 0, NULL) : NULL;
	free(text);
	if (root == NULL)
		return E_AGAIN;
	struct range_account account = {.memory_bytes = (uint64_t)json_integer_value(json_object_get(root, "memory_bytes"))};
	const char *reason;
	json_t *input, *count;
	size_t index;
	json_array_foreach(json_object_get(root, "inputs"), index, input) {
		account.received += (uint64_t)json_integer_value(json_object_get(input, "received"));
		json_object_foreach(json_object_get(input, "dropped"), reason, count) {
			if (strncmp(reason, "not_ip", 6) != 0)
				account.dropped += (uint64_t)json_integer_value(count);
		}
	}
	json_decref(root);
	*ret_account = account;
	return OK;
}
