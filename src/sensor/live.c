/*
 * The live sensor's life: open, drop, sandbox, loop, account. The loop is one
 * thread over one epoll set. Every ready input gets one bounded read in turn,
 * so none starves the others; a timer of 50 ms moves the engines' time, tries
 * unwritten findings again, and once in a while saves state.
 *
 * Before anything may be opened the sandbox is not there yet: the order of
 * live_run() is the order in which privileges shrink.
 */
#include "sensor/live.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/ready.h"
#include "core/sandbox.h"
#include "sensor/loop.h"
#include "sensor/metrics_page.h"
#include "sensor/pulse.h"
#include "sensor/sensor.h"
#include "sensor/state.h"
#include "sensor/status.h"
#include "sensor/wall.h"

#define TICK_NS (50 * NS_PER_MS)
#define GATHER_NS (500 * NS_PER_US) /* a wake for each datagram costs several times what reading it does */
#define FOLLOW_EVERY_NS NS_PER_S /* an interface that is removed, or back, is noticed within this */
#define BASELINE_EVERY_NS (300 * NS_PER_S) /* learned baselines move slowly */
#define EVENTS_MAX 64
#define TEMPLATES_NAME "templates"

/** One watched descriptor of an input. */
struct input_watch {
	struct loop_watch watch;
	struct live *live;
	struct input *input;
	int fd;
};

struct live {
	struct sensor sensor;
	struct space *space; /* of countermeasures; NULL: none are made */
	struct wall wall;
	int64_t now_wall_ns; /* as of this turn of the loop */
	int epoll_fd, timer_fd, signal_fd;
	struct loop_watch timer_watch, signal_watch;
	struct input_watch input_watches[CONFIG_CAPTURES_MAX + CONFIG_COLLECTORS_MAX * CONFIG_SOCKETS_MAX];
	size_t input_watch_count;
	bool has_sampler; /* an XDP input: it must be asked, it does not always wake */
	bool is_ending;
	bool is_replaced; /* an input's program was, so this process ends, to be started anew */
	bool is_drained; /* a collector's socket was read until it was empty in this turn */
	struct detect_counters rate_before; /* sums at the last rate reading */
	int64_t rated_mono_ns, followed_mono_ns, saved_mono_ns, baselined_mono_ns;
	uint64_t templates_saved; /* number of template events that the saved file knows of */
	struct log_bucket save_bucket, write_bucket;
};

const char *sensor_engine_name(enum sensor_engine engine)
{
	switch (engine) {
	case ENGINE_PACKETS:
		return "packets";
	case ENGINE_FLOWS:
		return "flows";
	case ENGINE_COUNT:
		break;
	}
	return "unknown";
}

uint64_t sensor_memory_bytes(const struct sensor *sensor)
{
	uint64_t bytes = 0;
	for (int i = 0; i < ENGINE_COUNT; i++)
		bytes += sensor->engines[i] != NULL ? detect_memory_bytes(sensor->engines[i]) : 0;
	return bytes;
}

/* Time, rates and state. */

static void wall_update(struct live *live)
{
	int64_t jump_ns;
	live->now_wall_ns = wall_now_ns(&live->wall, clock_mono_ns(), clock_wall_ns(), &jump_ns);
	if (jump_ns != 0)
		log_line(LOG_LEVEL_WARNING, "clock_jump seconds=%" PRId64, jump_ns / NS_PER_S);
}

static void rates_update(struct live *live, int64_t now_mono_ns)
{
	int64_t elapsed_ms = (now_mono_ns - live->rated_mono_ns) / NS_PER_MS;
	if (elapsed_ms < 1000)
		return;
	struct detect_counters sum = {0};
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (live->sensor.engines[i] == NULL)
			continue;
		const struct detect_counters *counters = detect_counters_of(live->sensor.engines[i]);
		sum.packets += counters->packets;
		sum.bytes += counters->bytes;
	}
	live->sensor.rate_pps = (sum.packets - live->rate_before.packets) * 1000 / (uint64_t)elapsed_ms;
	live->sensor.rate_bps = (sum.bytes - live->rate_before.bytes) * 8 * 1000 / (uint64_t)elapsed_ms;
	live->rate_before = sum;
	live->rated_mono_ns = now_mono_ns;
}

/** Writes bytes to a state file, or tells why not; frees the bytes. */
static bool state_write(struct live *live, const char *name, int err, uint8_t *bytes, size_t length_bytes)
{
	if (err == OK)
		err = state_save(live->sensor.config->state_directory, name, bytes, length_bytes);
	if (err != E_NOMEM)
		free(bytes);
	if (err == OK)
		return true;
	uint64_t held_back;
	live->sensor.saves_failed++;
	if (log_allowed(&live->save_bucket, clock_mono_ns(), &held_back))
		log_line(LOG_LEVEL_WARNING, "state_unsaved file=%s error=%s reason=\"%s\" retry_s=%" PRIu64 " held_back=%" PRIu64,
			name, err_name(err), strerror(errno), live->sensor.config->save_every_ms / 1000, held_back);
	return false;
}

/** Every event that changes what a saved template file should hold. */
static uint64_t template_events(const struct sensor *sensor)
{
	uint64_t events = 0;
	for (int i = FLOW_UNKNOWN + 1; i < FLOW_FORMAT_COUNT; i++) {
		const struct flow_counters *counters = flow_counters_of(sensor->flow, (enum flow_format)i);
		events += counters->templates_learned + counters->templates_changed + counters->templates_withdrawn;
	}
	return events;
}

static void templates_save(struct live *live)
{
	struct sensor *sensor = &live->sensor;
	uint64_t events = sensor->flow != NULL ? template_events(sensor) : 0;
	if (sensor->flow == NULL || events == live->templates_saved)
		return;
	uint8_t *bytes = NULL;
	size_t length_bytes = 0;
	int err = flow_state_save(sensor->flow, &bytes, &length_bytes);
	if (state_write(live, TEMPLATES_NAME, err, bytes, length_bytes))
		live->templates_saved = events;
}

/** "baselines-packets" and so on. */
static void baseline_name(enum sensor_engine engine, char ret_name[static 32])
{
	snprintf(ret_name, 32, "baselines-%s", sensor_engine_name(engine));
}

static void baselines_save(struct live *live)
{
	for (int i = 0; i < ENGINE_COUNT; i++) {
		char name[32];
		uint8_t *bytes = NULL;
		size_t length_bytes = 0;
		if (live->sensor.engines[i] == NULL || !live->sensor.config->detect.learn)
			continue;
		baseline_name((enum sensor_engine)i, name);
		int err = detect_save(live->sensor.engines[i], &bytes, &length_bytes);
		(void)state_write(live, name, err, bytes, length_bytes);
	}
}

static void state_save_due(struct live *live, int64_t now_mono_ns)
{
	if (live->sensor.config->state_directory[0] == '\0')
		return;
	if (now_mono_ns - live->saved_mono_ns >= (int64_t)live->sensor.config->save_every_ms * NS_PER_MS) {
		live->saved_mono_ns = now_mono_ns;
		templates_save(live);
	}
	if (now_mono_ns - live->baselined_mono_ns >= BASELINE_EVERY_NS) {
		live->baselined_mono_ns = now_mono_ns;
		baselines_save(live);
	}
}

/** Reads one state file into its owner; a missing one is normal, a bad one is told and left alone. */
static void state_read(struct live *live, const char *name, struct detect *engine)
{
	uint8_t *bytes = NULL;
	size_t length_bytes = 0;
	int err = state_load(live->sensor.config->state_directory, name, &bytes, &length_bytes);
	if (err == E_END)
		return;
	if (err == OK)
		err = engine != NULL ? detect_load(engine, bytes, length_bytes)
				     : flow_state_load(live->sensor.flow, bytes, length_bytes);
	free(bytes);
	if (err == OK)
		log_line(LOG_LEVEL_INFO, "state_loaded file=%s bytes=%zu", name, length_bytes);
	else
		log_line(LOG_LEVEL_WARNING, "state_not_loaded file=%s error=%s: starting without it", name, err_name(err));
}

static void states_read(struct live *live)
{
	if (live->sensor.config->state_directory[0] == '\0')
		return;
	if (live->sensor.flow != NULL)
		state_read(live, TEMPLATES_NAME, NULL);
	for (int i = 0; i < ENGINE_COUNT; i++) {
		char name[32];
		baseline_name((enum sensor_engine)i, name);
		if (live->sensor.engines[i] != NULL && live->sensor.config->detect.learn)
			state_read(live, name, live->sensor.engines[i]);
	}
}

/* What the loop calls. */

static void observations_take(void *engine, const struct observation *batch, size_t count)
{
	detect_observe(engine, batch, count);
}

/** Looks after an input's interface, and tells what became of it. */
static void interface_follow(struct input *input)
{
	char why[INPUT_WHY_BYTES];
	bool is_changed = input_follow(input, why);
	if (why[0] != '\0')
		log_line(LOG_LEVEL_ERROR, "interface_refused input=%s: %s; retry_s=1", input->name, why);
	if (!is_changed)
		return;
	if (input->state == INTERFACE_UP)
		log_line(LOG_LEVEL_NOTICE, "interface_up input=%s: read again", input->name);
	else
		log_line(LOG_LEVEL_ERROR, "interface_%s input=%s: nothing is seen there; read again as soon as it is up",
			interface_state_name(input->state), input->name);
}

/** What an effector pins when this process has its rights no more can only be opened by a new one. */
static void program_follow(struct live *live, const struct input *input)
{
	if (input->kind != INPUT_XDP || live->is_replaced || !xdp_is_replaced(input->xdp))
		return;
	log_line(LOG_LEVEL_ERROR, "program_replaced input=%s: an effector has pinned its own; ending, to open that one when "
		"started anew", input->name);
	live->is_replaced = live->is_ending = true;
}

static void interfaces_follow(struct live *live, int64_t now_mono_ns)
{
	if (now_mono_ns - live->followed_mono_ns < FOLLOW_EVERY_NS)
		return;
	live->followed_mono_ns = now_mono_ns;
	for (size_t i = 0; i < live->sensor.input_count; i++) {
		program_follow(live, &live->sensor.inputs[i]);
		interface_follow(&live->sensor.inputs[i]);
	}
}

static void input_turn(struct live *live, struct input *input, int fd)
{
	struct detect *engine = live->sensor.engines[input->kind == INPUT_COLLECTOR ? ENGINE_FLOWS : ENGINE_PACKETS];
	int err = input_read(input, fd, live->now_wall_ns, observations_take, engine);
	live->is_drained |= err == E_AGAIN && input->kind == INPUT_COLLECTOR;
	if (err == E_SYS)
		interface_follow(input);
}

static void input_ready(void *arg, uint32_t events)
{
	struct input_watch *watch = arg;
	(void)events;
	input_turn(watch->live, watch->input, watch->fd);
}

static void findings_retry(struct live *live)
{
	struct findings *findings = &live->sensor.findings;
	findings_flush(findings);
	struct line_file *const files[] = {findings->own, findings->outgoing};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		uint64_t held_back;
		if (files[i] == NULL)
			continue;
		struct line_file_counters lines = line_file_counters_of(files[i]);
		if (lines.last_errno != 0 && log_allowed(&live->write_bucket, clock_mono_ns(), &held_back))
			log_line(LOG_LEVEL_ERROR, "findings_unwritten file=%s reason=\"%s\" waiting=%" PRIu64 " lost=%" PRIu64
				" held_back=%" PRIu64 ": trying again", i == 0 ? "own" : "outgoing", strerror(lines.last_errno),
				lines.waiting, lines.lost, held_back);
	}
}

static void countermeasures_tend(struct live *live, int64_t now_mono_ns)
{
	if (live->sensor.countermeasures != NULL)
		countermeasures_turn(live->sensor.countermeasures, live->now_wall_ns, now_mono_ns);
}

static void timer_ready(void *arg, uint32_t events)
{
	struct live *live = arg;
	uint64_t expirations;
	(void)events;
	if (read(live->timer_fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	int64_t now_mono_ns = clock_mono_ns();
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (live->sensor.engines[i] != NULL)
			detect_advance(live->sensor.engines[i], live->now_wall_ns);
	}
	findings_retry(live);
	countermeasures_tend(live, now_mono_ns);
	rates_update(live, now_mono_ns);
	if (live->sensor.pulse != NULL)
		pulse_turn(live->sensor.pulse, &live->sensor, live->now_wall_ns, now_mono_ns);
	interfaces_follow(live, now_mono_ns);
	if (live->sensor.status != NULL)
		service_expire(live->sensor.status, now_mono_ns);
	if (live->sensor.metrics != NULL)
		service_expire(live->sensor.metrics, now_mono_ns);
	state_save_due(live, now_mono_ns);
}

static void signal_ready(void *arg, uint32_t events)
{
	struct live *live = arg;
	struct signalfd_siginfo info;
	(void)events;
	if (read(live->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		live->is_ending = true;
		return;
	}
	if (findings_reopen(&live->sensor.findings) == OK)
		log_line(LOG_LEVEL_NOTICE, "findings_reopened");
	else
		log_line(LOG_LEVEL_ERROR, "findings_not_reopened reason=\"%s\": the old file stays in use", strerror(errno));
}

/** Lets datagrams gather in the socket's buffer, which holds those of many such times, to be read many at a time. */
static void datagrams_gather(struct live *live)
{
	const struct timespec gather = {.tv_nsec = GATHER_NS};
	if (live->is_drained)
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &gather, NULL); /* cut short by a signal, it has done its work */
	live->is_drained = false;
}

static void loop_run(struct live *live)
{
	struct epoll_event events[EVENTS_MAX];
	while (!live->is_ending) {
		datagrams_gather(live);
		int count = epoll_wait(live->epoll_fd, events, EVENTS_MAX, live->has_sampler ? INPUT_POLL_MS : -1);
		wall_update(live);
		for (int i = 0; i < count; i++) {
			const struct loop_watch *watch = events[i].data.ptr;
			watch->ready(watch->arg, events[i].events);
		}
		for (size_t i = 0; i < live->sensor.input_count && live->has_sampler; i++) {
			if (live->sensor.inputs[i].kind == INPUT_XDP)
				input_turn(live, &live->sensor.inputs[i], -1);
		}
		if (live->sensor.countermeasures != NULL && countermeasures_is_due(live->sensor.countermeasures))
			countermeasures_tend(live, clock_mono_ns()); /* at once: each tick counts */
	}
}

/* Opening. */

static bool failed(const char *what, const char *name, const char *why)
{
	log_line(LOG_LEVEL_ERROR, "start_failed %s=%s: %s", what, name, why);
	return false;
}

/** Takes a finding of packets: these can be answered, for their headers were seen. */
static void packets_finding_take(void *arg, const struct finding *finding)
{
	struct live *live = arg;
	findings_tell(&live->sensor.findings, finding);
	if (live->sensor.countermeasures != NULL)
		countermeasures_take(live->sensor.countermeasures, finding, live->now_wall_ns);
}

static bool engine_open(struct live *live, enum sensor_engine engine)
{
	const struct config *config = live->sensor.config;
	struct detect_config detect = config_engine(config);
	bool is_packets = engine == ENGINE_PACKETS;
	if (is_packets && config->authority[0] != '\0' && config->sets_directory[0] != '\0')
		detect.senders_max = (uint32_t)config->senders_most;
	int err = detect_new(&detect, live->sensor.intel, is_packets ? packets_finding_take : findings_tell,
		is_packets ? (void *)live : &live->sensor.findings, &live->sensor.engines[engine]);
	if (err == E_CONFIG)
		return failed("detection", "memory", "is below the least that the engine works with");
	return err == OK || failed("detection", sensor_engine_name(engine), err_name(err));
}

static bool engines_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	if (config->capture_count > 0 && !engine_open(live, ENGINE_PACKETS))
		return false;
	if (config->collector_count == 0)
		return true;
	struct flow_config flow = flow_config_default();
	flow.default_sampling = (uint32_t)config->default_sampling;
	live->sensor.flow = flow_state_new(&flow);
	exporters_init(&live->sensor.exporters);
	if (live->sensor.flow == NULL)
		return failed("collector", "templates", "no memory");
	return engine_open(live, ENGINE_FLOWS);
}

static bool input_watch_add(struct live *live, struct input *input)
{
	int fds[CONFIG_SOCKETS_MAX];
	size_t count = input_fds(input, fds);
	for (size_t i = 0; i < count; i++) {
		struct input_watch *watch = &live->input_watches[live->input_watch_count++];
		*watch = (struct input_watch){{input_ready, watch}, live, input, fds[i]};
		if (loop_add(live->epoll_fd, fds[i], EPOLLIN, &watch->watch) != OK)
			return failed("input", input->name, strerror(errno));
	}
	live->has_sampler = live->has_sampler || input->kind == INPUT_XDP;
	return true;
}

static bool inputs_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	struct sensor *sensor = &live->sensor;
	if (config->capture_count + config->collector_count == 0)
		return failed("config", "inputs", "there is no capture and no collector: nothing to do");
	for (size_t i = 0; i < config->capture_count + config->collector_count; i++) {
		char why[INPUT_WHY_BYTES];
		bool is_capture = i < config->capture_count;
		struct input *input = &sensor->inputs[i];
		int err;
		if (is_capture)
			err = input_open_capture(&config->captures[i], (uint32_t)i, input, why);
		else
			err = input_open_collector(&config->collectors[i - config->capture_count], sensor->flow, &sensor->exporters,
				input, why);
		if (err != OK)
			return failed(is_capture ? "capture" : "collector",
				is_capture ? config->captures[i].interface : config->collectors[i - config->capture_count].listen.text, why);
		sensor->input_count++;
		if (why[0] != '\0')
			log_line(LOG_LEVEL_WARNING, "input_remark input=%s: %s", input->name, why);
		if (!input_watch_add(live, input))
			return false;
	}
	return true;
}

static bool service_open(struct live *live, int listen_fd, const char *request_end, service_handler *handler,
	struct service **ret_service)
{
	const struct service_config config = {listen_fd, live->epoll_fd, request_end, handler, &live->sensor};
	int err = service_new(&config, ret_service);
	if (err == OK)
		return true;
	close(listen_fd);
	return failed("service", "listen", err_name(err));
}

static bool services_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	int fd;
	if (config->status_socket[0] != '\0') {
		int err = status_listen(config->status_socket, &fd);
		if (err != OK)
			return failed("status_socket", config->status_socket,
				err == E_STATE ? "another sensor answers there" : strerror(errno));
		if (!service_open(live, fd, "\n", status_reply, &live->sensor.status))
			return false;
	}
	if (config->metrics.addr_bytes == 0)
		return true;
	if (metrics_page_listen(&config->metrics, &fd) != OK)
		return failed("metrics", config->metrics.text, strerror(errno));
	return service_open(live, fd, "\r\n\r\n", metrics_page_reply, &live->sensor.metrics);
}

/** A countermeasures_senders. */
static size_t senders_of(void *arg, const struct ip_prefix *target, struct ip_addr *ret_addrs, size_t max)
{
	const struct live *live = arg;
	return detect_senders(live->sensor.engines[ENGINE_PACKETS], target, ret_addrs, max);
}

static int space_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	const struct space_config space = {.networks = config->networks.items, .network_count = config->networks.count,
		.protected = config->protected.items, .protected_count = config->protected.count};
	return space_new(&space, &live->space);
}

static bool countermeasures_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	if (config->authority[0] == '\0')
		return true;
	int err = space_open(live);
	const struct countermeasures_config countermeasures = {
		.authority = config->authority,
		.sets_directory = config->sets_directory,
		.sensor = config->detect.sensor,
		.stopped_permille = (uint16_t)config->stopped_permille,
		.collateral_permille = (uint16_t)config->collateral_permille,
		.rules_most = (uint32_t)config->rules_most,
		.duration_s = (uint32_t)(config->duration_ms / 1000),
		.is_urgent = config->is_urgent,
		.space = live->space,
		.senders = live->sensor.engines[ENGINE_PACKETS] != NULL ? senders_of : NULL,
		.senders_arg = live,
		.senders_most = (uint32_t)config->senders_most,
	};
	if (err == OK)
		err = countermeasures_new(&countermeasures, &live->sensor.countermeasures);
	if (err != OK)
		return failed("countermeasures", config->sets_directory, err == E_SYS ? strerror(errno) : err_name(err));
	for (size_t i = 0; i < live->sensor.input_count; i++) {
		struct input *input = &live->sensor.inputs[i];
		if (!input_tap_set(input, countermeasures_look, live->sensor.countermeasures))
			log_line(LOG_LEVEL_WARNING, "countermeasures_remark input=%s: has no headers to show, its findings are not answered",
				input->name);
	}
	return true;
}

static bool pulse_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	int err = config->tower[0] != '\0' ? pulse_new(config, clock_wall_ns(), &live->sensor.pulse) : OK;
	return err == OK || failed("tower", config->tower, err_name(err));
}

static bool files_open(struct live *live)
{
	const struct config *config = live->sensor.config;
	const char *path = "";
	bool has_classes = config->domestic.count > 0 || config->foreign.count > 0 || config->country[0] != '\0';
	if (config->outgoing_file[0] != '\0' && !has_classes)
		log_line(LOG_LEVEL_WARNING, "outgoing_remark: without country, domestic or foreign no class is known, no source leaves");
	/* Nothing would ever be kept in a folder that is not there, and nobody would know until it is missed. */
	if (config->state_directory[0] != '\0' && access(config->state_directory, R_OK | W_OK | X_OK) != 0)
		return failed("state_directory", config->state_directory, strerror(errno));
	int err = findings_init(&live->sensor.findings, config, &path);
	return err == OK || failed("findings", path, err == E_SYS ? strerror(errno) : err_name(err));
}

/** The epoll set, the timer and the signals, which from here on arrive by descriptor only. */
static bool loop_open(struct live *live)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	const struct itimerspec tick = {.it_interval.tv_nsec = TICK_NS, .it_value.tv_nsec = TICK_NS};
	live->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	live->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	live->signal_fd = sigprocmask(SIG_BLOCK, &signals, NULL) == 0 ? signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	live->timer_watch = (struct loop_watch){timer_ready, live};
	live->signal_watch = (struct loop_watch){signal_ready, live};
	if (live->epoll_fd < 0 || live->timer_fd < 0 || live->signal_fd < 0 ||
	    timerfd_settime(live->timer_fd, 0, &tick, NULL) != 0 ||
	    loop_add(live->epoll_fd, live->timer_fd, EPOLLIN, &live->timer_watch) != OK ||
	    loop_add(live->epoll_fd, live->signal_fd, EPOLLIN, &live->signal_watch) != OK)
		return failed("loop", "epoll", strerror(errno));
	return true;
}

static bool privileges_drop(const struct config *config)
{
	int err = sandbox_drop(config->user[0] != '\0' ? config->user : NULL, 0);
	return err == OK || failed("user", config->user, err == E_STATE ? "no such user" : strerror(errno));
}

/** The folder of a path that is written; the path is copied because dirname() changes it. */
static void folder_allow(struct sandbox_path *paths, size_t *count, char copy[static CONFIG_PATH_BYTES], const char *path)
{
	if (path[0] != '/')
		return;
	snprintf(copy, CONFIG_PATH_BYTES, "%s", path);
	paths[(*count)++] = (struct sandbox_path){dirname(copy), SANDBOX_WRITE};
}

static bool sandbox_close(const struct config *config)
{
	struct sandbox_path paths[5];
	char copies[3][CONFIG_PATH_BYTES];
	size_t count = 0;
	folder_allow(paths, &count, copies[0], config->findings_file);
	folder_allow(paths, &count, copies[1], config->outgoing_file);
	folder_allow(paths, &count, copies[2], config->status_socket);
	if (config->state_directory[0] != '\0')
		paths[count++] = (struct sandbox_path){config->state_directory, SANDBOX_WRITE};
	if (config->authority[0] != '\0' && config->sets_directory[0] != '\0')
		paths[count++] = (struct sandbox_path){config->sets_directory, SANDBOX_WRITE};
	const struct sandbox_config sandbox = {.kind = SANDBOX_SERVER, .verdict = SANDBOX_KILL,
		.connects = config->authority[0] != '\0' || config->tower[0] != '\0', .paths = paths, .path_count = count};
	struct sandbox_report report;
	int err = sandbox_enter(&sandbox, &report);
	if (err != OK)
		return failed("sandbox", err_name(err), strerror(errno));
	log_line(LOG_LEVEL_INFO, "sandbox landlock_abi=%d seccomp=%d paths_missing=%zu", report.landlock_abi,
		(int)report.has_seccomp, report.paths_missing);
	return true;
}

/* The end. */

/** Everything that came in, and what became of it: the last words. */
static void account_tell(struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->input_count; i++) {
		struct input_report report;
		char dropped[256] = "";
		size_t used = 0;
		input_report(&sensor->inputs[i], &report);
		for (size_t k = 0; k < report.dropped_count && used < sizeof(dropped); k++) {
			if (report.dropped[k].count > 0)
				used += (size_t)snprintf(dropped + used, sizeof(dropped) - used, " dropped_%s=%" PRIu64,
					report.dropped[k].reason, report.dropped[k].count);
		}
		log_line(LOG_LEVEL_NOTICE, "input_account input=%s kind=%s received=%" PRIu64 " used=%" PRIu64 "%s", report.name,
			report.kind, report.received, report.used, dropped);
	}
	struct line_file_counters lines = {0};
	if (sensor->findings.own != NULL)
		lines = line_file_counters_of(sensor->findings.own);
	log_line(LOG_LEVEL_NOTICE, "stopped lines_written=%" PRIu64 " lines_waiting=%" PRIu64 " lines_lost=%" PRIu64
		" sources_erased=%" PRIu64 " targets_erased=%" PRIu64 " saves_failed=%" PRIu64, lines.written, lines.waiting,
		lines.lost, sensor->findings.sources_erased, sensor->findings.targets_erased, sensor->saves_failed);
}

static void live_end(struct live *live)
{
	struct sensor *sensor = &live->sensor;
	if (sensor->config->state_directory[0] != '\0') {
		templates_save(live);
		baselines_save(live);
	}
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (sensor->engines[i] != NULL)
			detect_finish(sensor->engines[i]);
	}
	findings_drain(&sensor->findings);
	account_tell(sensor);
}

static void live_free(struct live *live)
{
	struct sensor *sensor = &live->sensor;
	if (sensor->status != NULL)
		(void)unlink(sensor->config->status_socket); /* a stale one is replaced at the next start */
	service_free(sensor->status);
	service_free(sensor->metrics);
	for (size_t i = 0; i < sensor->input_count; i++)
		input_close(&sensor->inputs[i]);
	for (int i = 0; i < ENGINE_COUNT; i++)
		detect_free(sensor->engines[i]);
	flow_state_free(sensor->flow);
	findings_done(&sensor->findings);
	countermeasures_free(sensor->countermeasures);
	space_free(live->space);
	pulse_free(sensor->pulse);
	const int fds[] = {live->epoll_fd, live->timer_fd, live->signal_fd};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	free(live);
}

int live_run(const struct config *config, const struct intel *intel)
{
	struct live *live = calloc(1, sizeof(*live));
	if (live == NULL)
		return E_NOMEM;
	int64_t now_mono_ns = clock_mono_ns();
	live->sensor.config = config;
	live->sensor.intel = intel;
	live->sensor.started_mono_ns = now_mono_ns;
	live->rated_mono_ns = live->saved_mono_ns = live->baselined_mono_ns = now_mono_ns;
	live->epoll_fd = live->timer_fd = live->signal_fd = -1;
	wall_init(&live->wall, now_mono_ns, clock_wall_ns());

	bool is_up = loop_open(live) && engines_open(live) && inputs_open(live) && privileges_drop(config) && files_open(live) &&
		     countermeasures_open(live) && pulse_open(live) && services_open(live);
	if (is_up) {
		states_read(live);
		ready_tell_or_log();
		is_up = sandbox_close(config);
	}
	if (is_up) {
		log_line(LOG_LEVEL_NOTICE, "started sensor=%s inputs=%zu", config->detect.sensor, live->sensor.input_count);
		loop_run(live);
		live_end(live);
	}
	bool is_well = is_up && !live->is_replaced;
	live_free(live);
	return is_well ? OK : E_STATE;
}
