/*
 * The loop: send what is due, read what the sensor has told, draw, sleep a
 * moment. Time is the machine's own. A signal ends the loop as the scenario's
 * end does, so there is one way out, and it cleans up.
 *
 * Bounded: a scenario has an end, the wait for last findings has one
 * (LINGER), and a machine that is too slow skips no packet but gets behind
 * no further than the scenario's end.
 */
#include "exercise/live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/beside.h"
#include "core/clock.h"
#include "exercise/options.h"
#include "exercise/program.h"
#include "exercise/range.h"
#include "exercise/score.h"
#include "exercise/screen.h"
#include "exercise/traffic.h"

#define EXIT_SKIP 77
#define END_QUIET_MS 2000
#define DEFAULT_THRESHOLD_PPS 3000
#define LINGER_NS (4 * NS_PER_S) /* after the last packet, for the sensor to tell the end of everything */
#define DRAW_EVERY_NS (200 * NS_PER_MS)
#define READ_EVERY_NS (10 * NS_PER_MS)
#define NAP_NS (1 * NS_PER_MS)
#define TURN_PACKETS 2048 /* sent before findings are looked at again */
#define RATE_EVERY_NS NS_PER_S

static volatile sig_atomic_t stop_signal;

struct live {
	struct scenario scenario;
	struct traffic *traffic;
	struct range *range;
	struct score score;
	struct screen screen;
	int64_t start_mono_ns;
	int64_t start_wall_ns;
	int64_t read_ns; /* when findings were read last, since the start */
	int64_t drawn_ns;
	int64_t rated_ns;
	uint64_t attack_packets; /* since rated_ns */
	uint64_t client_packets;
	uint64_t bytes;
	bool is_broken;
};

static void stop(int signal_number)
{
	stop_signal = signal_number;
}

static void signals_catch(void)
{
	struct sigaction action = {.sa_handler = stop};
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

static int64_t now_ns(const struct live *live)
{
	return clock_mono_ns() - live->start_mono_ns;
}

static void packet_count(struct live *live, const struct packet *packet, int64_t wall_ns)
{
	size_t origin = packet->origin;
	bool is_attack = origin != PACKET_ORIGIN_CLIENT;
	if (is_attack)
		live->attack_packets++;
	else
		live->client_packets++;
	live->bytes += frame_ip_bytes(packet);
	if (is_attack && live->score.attacks[live->score.stream_attack[origin]].first_ns == 0)
		screen_event(&live->screen, wall_ns, "played: %s begins",
			live->score.attacks[live->score.stream_attack[origin]].plan->name);
	score_packet(&live->score, packet, wall_ns);
}

static void send_due(struct live *live, int64_t until_ns)
{
	struct packet packet;
	for (unsigned i = 0; i < TURN_PACKETS && traffic_due_ns(live->traffic) <= until_ns; i++) {
		if (traffic_next(live->traffic, &packet) != OK)
			break;
		packet_count(live, &packet, live->start_wall_ns + now_ns(live));
		if (wire_send(range_wire(live->range), &packet) != OK)
			live->is_broken = true;
	}
	if (wire_flush(range_wire(live->range)) != OK)
		live->is_broken = true;
}

static void finding_tell(struct live *live, const struct finding *finding, int64_t wall_ns)
{
	char target[IP_PREFIX_TEXT_BYTES], vectors[80] = "";
	size_t used = 0;
	for (size_t i = 0; i < finding->vector_count && i < 4 && used < sizeof(vectors) - 1; i++) {
		int written = snprintf(vectors + used, sizeof(vectors) - used, " %s %u%%", finding->vectors[i].name,
			finding->vectors[i].packets_permille / 10u);
		used += written > 0 ? (size_t)written : 0;
	}
	screen_event(&live->screen, wall_ns, "told:   %s %s %s%s", finding_phase_name(finding->phase),
		finding_kind_name(finding->kind), ip_prefix_write(&finding->target, target), vectors);
}

static void findings_read(struct live *live)
{
	static struct finding finding; /* too large for a stack frame of a loop */
	size_t length_bytes;
	const char *line;
	while ((line = range_finding(live->range, &length_bytes)) != NULL) {
		int64_t wall_ns = live->start_wall_ns + now_ns(live);
		int error = finding_parse(line, length_bytes, &finding);
		if (error != OK) {
			screen_event(&live->screen, wall_ns, "a finding cannot be read: %s", err_name(error));
			continue;
		}
		(void)score_finding(&live->score, &finding, wall_ns);
		finding_tell(live, &finding, wall_ns);
	}
}

static void rates_take(struct live *live, int64_t time_ns)
{
	int64_t span_ns = time_ns - live->rated_ns;
	if (span_ns < RATE_EVERY_NS)
		return;
	live->screen.attack_pps = live->attack_packets * NS_PER_S / (uint64_t)span_ns;
	live->screen.client_pps = live->client_packets * NS_PER_S / (uint64_t)span_ns;
	live->screen.bps = live->bytes * 8 * NS_PER_S / (uint64_t)span_ns;
	live->attack_packets = live->client_packets = live->bytes = 0;
	live->rated_ns = time_ns;
	if (range_ask(live->range, &live->screen.account) != OK)
		return; /* the sensor is busy: the last answer stays on the screen */
}

static void turn(struct live *live)
{
	int64_t time_ns = now_ns(live);
	send_due(live, time_ns);
	if (time_ns - live->read_ns >= READ_EVERY_NS) {
		findings_read(live);
		live->read_ns = time_ns;
		if (!range_is_alive(live->range)) {
			screen_event(&live->screen, live->start_wall_ns + time_ns, "the sensor is gone");
			live->is_broken = true;
		}
	}
	if (time_ns - live->drawn_ns >= DRAW_EVERY_NS) {
		rates_take(live, time_ns);
		live->screen.sent = wire_sent(range_wire(live->range));
		screen_draw(&live->screen, &live->score, live->start_wall_ns + time_ns);
		live->drawn_ns = time_ns;
	}
	struct timespec nap = {.tv_nsec = NAP_NS};
	if (traffic_due_ns(live->traffic) > now_ns(live))
		(void)nanosleep(&nap, NULL);
}

static void loop(struct live *live)
{
	int64_t end_ns = (int64_t)live->scenario.duration_ms * NS_PER_MS + LINGER_NS;
	live->start_mono_ns = clock_mono_ns();
	live->start_wall_ns = clock_wall_ns();
	live->screen.start_ns = live->start_wall_ns;
	while (stop_signal == 0 && !live->is_broken && now_ns(live) < end_ns)
		turn(live);
	if (live->is_broken || range_ask(live->range, &live->screen.account) != OK)
		screen_event(&live->screen, live->start_wall_ns + now_ns(live), "the sensor tells no counters");
	findings_read(live);
	screen_draw(&live->screen, &live->score, live->start_wall_ns + now_ns(live));
}

static int results(struct live *live, const struct options *options, int64_t cpu_ns)
{
	bool is_right = !live->is_broken && stop_signal == 0;
	for (size_t i = 0; i < live->score.attack_count; i++)
		is_right = is_right && score_is_right(&live->score.attacks[i]);
	if (live->score.attack_count == 0)
		is_right = is_right && live->score.strays == 0;
	uint64_t sent = wire_sent(range_wire(live->range)), received = live->screen.account.received;
	uint64_t lost = live->screen.account.dropped + wire_refused(range_wire(live->range));
	if (options->is_json && score_write(&live->score, sent, received, lost, cpu_ns, stdout) != OK)
		return 1;
	fprintf(live->screen.out, "\nResult of %s\n  %llu packets sent, %llu seen by the sensor, %llu lost;", live->scenario.name,
		(unsigned long long)sent, (unsigned long long)received, (unsigned long long)lost);
	fprintf(live->screen.out, " sensor took %.2f s of CPU\n", (double)cpu_ns / (double)NS_PER_S);
	if (stop_signal != 0)
		fprintf(live->screen.out, "  stopped by signal %d before its end\n", (int)stop_signal);
	score_show(&live->score, live->screen.out);
	return is_right ? 0 : 1;
}

static int play(struct live *live, const struct options *options, const char *sensor_path)
{
	uint64_t threshold_pps = options_threshold_pps(options, &live->scenario, DEFAULT_THRESHOLD_PPS);
	struct range_config config = {sensor_path, threshold_pps, END_QUIET_MS};
	FILE *out = options->is_json ? stderr : stdout;
	bool is_page = !options->is_plain && !options->is_json && isatty(STDOUT_FILENO);
	char why[160] = "";
	int64_t cpu_ns = 0;

	if (traffic_new(&live->scenario, &live->traffic) != OK)
		return 1;
	int error = range_open(&config, why, &live->range);
	if (error != OK) {
		fprintf(stderr, "hinomi-exercise: %s\n", why);
		return error == E_DENIED ? EXIT_SKIP : 1;
	}
	score_init(&live->score, &live->scenario, threshold_pps);
	screen_init(&live->screen, out, is_page, &live->scenario);
	loop(live);
	range_stop(live->range, &cpu_ns);
	screen_done(&live->screen);
	return results(live, options, cpu_ns);
}

int live_main(int argc, char **argv)
{
	struct options options = {.scenario = {.is_v4 = true, .seed = 1, .pps = 10000, .clients_pps = 800}};
	char path[BESIDE_PATH_BYTES];

	if (options_parse(argc, argv, &options) != OK)
		return 2;
	if (options.vector == NULL && options.scenario_name == NULL)
		options.scenario_name = "december-26";
	struct live *live = calloc(1, sizeof(*live));
	if (live == NULL)
		return 1;
	if (options_scenario(&options, &live->scenario) != OK) {
		free(live);
		return 2;
	}
	const char *sensor_path = options.sensor_path;
	if (sensor_path == NULL && beside_program("hinomi-sensor", path))
		sensor_path = path;
	int code = 1;
	signals_catch();
	if (sensor_path == NULL)
		fprintf(stderr, "hinomi-exercise: no hinomi-sensor beside this program; --sensor PATH tells where it is\n");
	else
		code = play(live, &options, sensor_path);
	range_close(live->range);
	traffic_free(live->traffic);
	free(live);
	return code;
}
