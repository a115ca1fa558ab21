/*
 * hinomi scan: starts the sensor on files and shows what it finds; where the
 * files are mails it becomes hinomi-mail instead, which shows by itself. The sensor
 * is sandboxed and reads hostile bytes, so everything it says is checked here
 * once more: findings by finding_parse(), its last line member by member, its
 * complaints by being made plain.
 *
 * Findings go to standard output as they come. The progress bar is on standard
 * error, only on a terminal, and only once a second has passed.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/amount.h"
#include "cli/command.h"
#include "cli/lines.h"
#include "cli/scan_files.h"
#include "cli/scan_options.h"
#include "cli/start.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/units.h"
#include "record/finding.h"
#include "record/fingerprint.h"
#include "record/text.h"

#define COMPLAINT_BYTES_MAX 4096
#define BAR_AFTER_NS NS_PER_S
#define BAR_WIDTH 30

enum { OUTPUT = 0, ERRORS, PROGRESS, STREAM_COUNT };

struct scan {
	const struct scan_options *options;
	int64_t start_mono_ns;
	bool is_coloured;
	unsigned width; /* of the terminal, 0: none */
	bool has_bar; /* it may be shown */
	bool is_bar_shown; /* it is on the screen now */
	uint64_t found; /* findings shown */
	char file[FINDING_SENSOR_BYTES]; /* of the last of them */
	uint64_t malformed; /* findings that could not be read */
	json_t *done; /* the sensor's last line, owned; NULL: not yet there */
};

static void bar_clear(struct scan *scan)
{
	if (scan->is_bar_shown)
		fputs("\r\033[K", stderr);
	scan->is_bar_shown = false;
}

static void bar_show(struct scan *scan, uint64_t done_bytes, uint64_t total_bytes)
{
	char done[AMOUNT_BYTES], total[AMOUNT_BYTES], bar[BAR_WIDTH + 1];
	if (!scan->has_bar || total_bytes == 0 || clock_mono_ns() - scan->start_mono_ns < BAR_AFTER_NS)
		return;
	double share = done_bytes >= total_bytes ? 1.0 : (double)done_bytes / (double)total_bytes;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', (size_t)(share * BAR_WIDTH));
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3u %%  %s of %s\033[K", bar, (unsigned)(share * 100), amount_write(done_bytes, "B", done),
		amount_write(total_bytes, "B", total));
	fflush(stderr);
	scan->is_bar_shown = true;
}

static void fingerprint_show(struct scan *scan, const struct finding *finding)
{
	char *text = NULL;
	int err = fingerprint_write(finding, &text);
	if (err == OK)
		puts(text);
	else if (err != E_UNSUPPORTED)
		scan->malformed++;
	free(text);
}

/** Between the rows of several files stands which one they are of: it is the sensor of its findings. */
static void file_show(struct scan *scan, const struct finding *finding)
{
	if (scan->options->file_count > 1 && strcmp(scan->file, finding->sensor) != 0)
		printf("%s:\n", text_plain_copy(finding->sensor, scan->file, sizeof(scan->file)));
}

static void finding_show(struct scan *scan, const struct finding *finding, const char *line)
{
	bar_clear(scan);
	switch (scan->options->output) {
	case SCAN_TABLE:
		if (scan->found == 0)
			table_head(stdout, scan->width, scan->is_coloured);
		file_show(scan, finding);
		table_row(stdout, finding, scan->width, scan->is_coloured);
		break;
	case SCAN_JSON:
		puts(line);
		break;
	case SCAN_FINGERPRINT:
		fingerprint_show(scan, finding);
		break;
	}
	fflush(stdout);
	scan->found++;
}

static void output_take(void *arg, char *line, size_t length)
{
	static struct finding finding;
	struct scan *scan = arg;
	if (finding_parse(line, length, &finding) == OK && strlen(line) == length)
		finding_show(scan, &finding, line);
	else
		scan->malformed++;
}

static void error_take(void *arg, char *line, size_t length)
{
	struct scan *scan = arg;
	char plain[COMPLAINT_BYTES_MAX + 1];
	(void)length;
	bar_clear(scan);
	fprintf(stderr, "%s\n", text_plain_copy(line, plain, sizeof(plain)));
}

/** "progress DONE TOTAL" or "done {...}"; anything else is passed over: it is only about how far we are. */
static void progress_take(void *arg, char *line, size_t length)
{
	struct scan *scan = arg;
	uint64_t done_bytes, total_bytes;
	char *total = strrchr(line, ' ');
	if (strncmp(line, "progress ", 9) == 0 && total != NULL && total > line + 9) {
		*total = '\0';
		if (units_parse(UNIT_NONE, line + 9, &done_bytes) == OK && units_parse(UNIT_NONE, total + 1, &total_bytes) == OK)
			bar_show(scan, done_bytes, total_bytes);
	} else if (length > 5 && memcmp(line, "done ", 5) == 0) {
		json_decref(scan->done);
		scan->done = json_loadb(line + 5, length - 5, JSON_REJECT_DUPLICATES, NULL);
	}
}

/** Reads what a stream has. @return whether more may come */
static bool stream_read(int fd, struct lines *lines, lines_take *take, struct scan *scan)
{
	static char piece[65536];
	ssize_t got = read(fd, piece, sizeof(piece));
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	return got > 0 && lines_add(lines, piece, (size_t)got, take, scan) == OK;
}

/** Reads all three streams to their ends. @return lines that were too long */
static uint64_t streams_read(struct scan *scan, const struct child *child)
{
	static lines_take *const takes[STREAM_COUNT] = {output_take, error_take, progress_take};
	struct lines lines[STREAM_COUNT] = {
		lines_over(FINDING_DOCUMENT_BYTES_MAX), lines_over(COMPLAINT_BYTES_MAX), lines_over(COMPLAINT_BYTES_MAX)};
	struct pollfd fds[STREAM_COUNT] = {
		{.fd = child->output_fd, .events = POLLIN},
		{.fd = child->error_fd, .events = POLLIN},
		{.fd = child->progress_fd, .events = POLLIN},
	};
	uint64_t dropped = 0;
	for (size_t open_count = STREAM_COUNT; open_count > 0;) {
		if (poll(fds, STREAM_COUNT, -1) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < STREAM_COUNT; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0 || stream_read(fds[i].fd, &lines[i], takes[i], scan))
				continue;
			(void)close(fds[i].fd);
			fds[i].fd = -1; /* poll() passes it over */
			open_count--;
		}
	}
	for (size_t i = 0; i < STREAM_COUNT; i++) {
		dropped += lines[i].dropped;
		lines_done(&lines[i]);
	}
	return dropped;
}

static uint64_t count_of(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));
	return value > 0 ? (uint64_t)value : 0;
}

/** "Read 2 files, 1,234 packets, 90.1 kB in 0.2 s; refused 12: not_ip 10, truncated 2."; flow records where there are any. */
static void summary_show(const struct scan *scan, FILE *out)
{
	char files[AMOUNT_BYTES], bytes[AMOUNT_BYTES], lasted[AMOUNT_BYTES], number[AMOUNT_BYTES];
	const char *name;
	json_t *value, *refused = json_object_get(scan->done, "refused");
	uint64_t total = 0, file_count = count_of(scan->done, "files"), packets = count_of(scan->done, "packets");
	uint64_t records = count_of(scan->done, "flow_records");
	json_object_foreach(refused, name, value)
		total += count_of(refused, name);
	if (scan->found == 0 && packets + records > 0)
		fprintf(out, "Nothing found in %s %s.\n", amount_write_exact(packets > 0 ? packets : records, number),
			packets > 0 ? "packets" : "flow records");
	fprintf(out, "Read %s file%s, ", amount_write_exact(file_count, files), file_count == 1 ? "" : "s");
	if (packets > 0 || records == 0)
		fprintf(out, "%s packets, ", amount_write_exact(packets, number));
	if (records > 0)
		fprintf(out, "%s flow records, ", amount_write_exact(records, number));
	fprintf(out, "%s in %s; ", amount_write(count_of(scan->done, "bytes"), "B", bytes),
		amount_write_duration((uint64_t)((clock_mono_ns() - scan->start_mono_ns) / NS_PER_MS), lasted));
	fprintf(out, "refused %s%s", amount_write_exact(total, number), total > 0 ? ": " : "");
	bool is_first = true;
	json_object_foreach(refused, name, value) {
		char plain[64];
		if (count_of(refused, name) == 0)
			continue;
		fprintf(out, "%s%s %s", is_first ? "" : ", ", text_plain_copy(name, plain, sizeof(plain)),
			amount_write_exact(count_of(refused, name), number));
		is_first = false;
	}
	fputs(".\n", out);
}

/** What the end of the sensor means for ours. */
static int exit_judge(const struct scan *scan, int sensor_exit, uint64_t dropped)
{
	if (scan->malformed + dropped > 0)
		fprintf(stderr, "hinomi: %" PRIu64 " lines of the sensor could not be read\n", scan->malformed + dropped);
	if (sensor_exit == 127)
		fprintf(stderr, "hinomi: the sensor could not be started\n");
	else if (sensor_exit > 128)
		fprintf(stderr, "hinomi: the sensor was ended by signal %d (%s)\n", sensor_exit - 128, strsignal(sensor_exit - 128));
	else if (sensor_exit == 0 && scan->done == NULL)
		fprintf(stderr, "hinomi: the sensor ended without its summary\n");
	if (sensor_exit == EXIT_USAGE)
		return EXIT_USAGE;
	bool is_well = sensor_exit == 0 && scan->done != NULL && scan->malformed + dropped == 0;
	return is_well ? EXIT_OK : EXIT_UNREAD;
}

static int scan_run(const struct scan_options *options)
{
	struct child child;
	struct scan scan = {.options = options, .start_mono_ns = clock_mono_ns(), .is_coloured = table_is_coloured(stdout),
		.width = table_width(stdout), .has_bar = !options->no_progress && isatty(STDERR_FILENO) == 1};
	int err = start_child("hinomi-sensor", options->sensor_argv, &child);
	if (err != OK) {
		fprintf(stderr, "hinomi: hinomi-sensor %s\n",
			err == E_UNSUPPORTED ? "is not installed beside this program" : strerror(errno));
		return EXIT_UNREAD;
	}
	uint64_t dropped = streams_read(&scan, &child);
	int sensor_exit = start_wait(&child);
	bar_clear(&scan);
	if (json_is_object(scan.done) && options->output == SCAN_TABLE)
		summary_show(&scan, stdout);
	else if (json_is_object(scan.done) && isatty(STDERR_FILENO) == 1)
		summary_show(&scan, stderr);
	int exit_code = exit_judge(&scan, sensor_exit, dropped);
	json_decref(scan.done);
	return fflush(stdout) == 0 ? exit_code : EXIT_UNREAD;
}

static void help_show(void)
{
	fputs("usage: hinomi scan [OPTIONS] FILE...\n"
		"\n"
		"Names the attacks in captures (pcap, pcapng) of packets or of flow exports, and in nfdump files;\n"
		"and the mails that would be tagged or held, in mails, mbox files and Maildirs. What a file is\n"
		"is found by looking, and directories are looked through.\n"
		"\n"
		"  --json              one finding a line, by schema/finding.json\n"
		"  --fingerprint       one line a flood, in the format of the DDoS Clearing House\n"
		"  --network PREFIX    these addresses are ours; may be given more than once\n"
		"  --config FILE       networks and thresholds of a sensor's configuration\n"
		"  --host-pps N        packets per second to one address that are a flood\n"
		"  --min-packets N     the smallest flood worth naming in a file\n"
		"  --no-progress       no progress bar\n"
		"\n"
		"Mails are scanned with --json and, where there are no captures, the options of hinomi mail scan.\n"
		"\n"
		"Exit status: 0 every file was read, with findings or without; 1 some was not; 2 usage.\n", stdout);
}

/** The same command line for hinomi-mail, whose scan has no progress bar. */
static int mails_scan_instead(int argc, char **argv)
{
	char **whole = calloc((size_t)argc + 2, sizeof(*whole));
	if (whole == NULL)
		return EXIT_UNREAD;
	int count = 1; /* behind the program's own name */
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--no-progress") != 0)
			whole[count++] = argv[i];
	}
	int exit_code = start_instead("hinomi-mail", whole);
	free(whole);
	return exit_code;
}

/** The mails among captures. */
static int mails_scan(const struct scan_files *files, bool is_json)
{
	char **whole = calloc(files->mail_count + 5, sizeof(*whole));
	struct child child = {0};
	if (whole == NULL)
		return EXIT_UNREAD;
	size_t count = 1; /* behind the program's own name */
	whole[count++] = (char *)"scan";
	if (is_json)
		whole[count++] = (char *)"--json";
	whole[count++] = (char *)"--";
	memcpy(whole + count, files->mails, files->mail_count * sizeof(*whole));
	int err = start_beside("hinomi-mail", whole, &child.pid);
	if (err != OK)
		fprintf(stderr, "hinomi: hinomi-mail %s\n",
			err == E_UNSUPPORTED ? "is not installed beside this program" : strerror(errno));
	int exit_code = err == OK ? start_wait(&child) : EXIT_UNREAD;
	free(whole);
	return exit_code == EXIT_OK ? EXIT_OK : EXIT_UNREAD;
}

/** What the sensor reads, and after it the mails that lie beside it. */
static int files_scan(const struct scan_files *files, char **argv)
{
	struct scan_options options;
	const char *complaint = "";
	int argc = 1; /* behind the command's name */
	for (size_t i = 0; i < files->option_count; i++)
		argv[argc++] = files->options[i];
	argv[argc++] = (char *)"--";
	for (size_t i = 0; i < files->capture_count; i++)
		argv[argc++] = files->captures[i];
	int err = scan_options_parse(argc, argv, &options, &complaint);
	if (err != OK) {
		fprintf(stderr, "hinomi scan: %s; see hinomi scan --help\n", err == E_CONFIG ? complaint : err_name(err));
		return err == E_CONFIG ? EXIT_USAGE : EXIT_UNREAD;
	}
	int exit_code = EXIT_OK;
	if (options.is_help)
		help_show();
	else
		exit_code = scan_run(&options);
	bool is_for_mails = !options.is_help && exit_code != EXIT_USAGE && options.output != SCAN_FINGERPRINT;
	if (is_for_mails && files->mail_count > 0 && mails_scan(files, options.output == SCAN_JSON) != EXIT_OK)
		exit_code = EXIT_UNREAD;
	scan_options_done(&options);
	return exit_code;
}

int scan_command(int argc, char **argv)
{
	struct scan_files files;
	char **whole = NULL;
	int exit_code = EXIT_UNREAD;
	int err = scan_files_sort(argv, &files);
	if (err == OK && files.capture_count == 0 && files.mail_count > 0) {
		exit_code = mails_scan_instead(argc, argv);
	} else if (err == OK && (whole = calloc(files.option_count + files.capture_count + 3, sizeof(*whole))) != NULL) {
		whole[0] = argv[0];
		exit_code = files_scan(&files, whole);
	} else {
		fprintf(stderr, "hinomi scan: %s\n",
			err == E_LIMIT ? "more captures than can be named at once: give fewer" : "out of memory");
	}
	free(whole);
	scan_files_done(&files);
	return exit_code;
}
