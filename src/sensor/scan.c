/*
 * Offline scanning. The packet loop is the fast path: a chunk of the file is
 * read into one buffer that fits the second-level cache, each packet is
 * decoded in place into the batch, and the engine takes whole batches; no
 * clock, no allocation and no indirect call per packet.
 *
 * Accounting, exact for each file: packets = observations of packets + flow
 * exports + refused by reason. The "observations" of the done line are those
 * of packets and the records of flow exports together.
 *
 * A datagram that decodes as a flow export goes to the flow engine and not to
 * the packet engine: it is what an exporter says, not the traffic it is about.
 */
#include "sensor/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/log.h"
#include "decode/capture.h"
#include "decode/flow.h"
#include "decode/packet.h"
#include "record/finding.h"
#include "record/text.h"
#include "sensor/file_clock.h"
#include "sensor/flow_packet.h"
#include "sensor/nfdump_file.h"

#define CHUNK_BYTES 262144 /* read at once; doubled while a block does not fit, up to CAPTURE_BLOCK_BYTES_MAX */
#define PIPE_WAIT_MS 3000 /* for somebody to write into a pipe */
#define PROGRESS_EVERY_NS (100 * NS_PER_MS)

struct scan_counts {
	uint64_t files; /* read, wholly or in part */
	uint64_t bytes;
	uint64_t packets; /* = observations + flow_datagrams + the refused four */
	uint64_t observations; /* of packets */
	uint64_t flow_datagrams;
	uint64_t flow_records;
	uint64_t not_ip, truncated, malformed, flow_refused;
	uint64_t link_unread; /* of not_ip */
};

struct scan {
	const struct scan_options *options;
	struct scan_counts counts;
	uint64_t total_bytes; /* of all regular files */
	int64_t told_mono_ns; /* last progress line */
	int failure; /* first failure to write a finding, or to make an engine: the scan ends */
	bool some_unread;

	/* Of the present file. */
	const char *path;
	int fd;
	struct capture capture;
	struct file_clock clock;
	struct scan_counts before; /* at its beginning */
	uint32_t link_unread; /* the last link type that cannot be decoded */
	struct detect *packets; /* engine for packets */
	struct detect *flows; /* engine for flow records, NULL until there are any */
	struct flow_state *flow_state; /* with flows that are exports in packets */
	struct nfdump_reader *nfdump; /* NULL: the file is a capture */
	size_t batch_count;
	struct observation batch[DETECT_BATCH_MAX];
};

/** One line about the present file. */
__attribute__((format(printf, 2, 3))) static void file_tell(const struct scan *scan, const char *format, ...)
{
	va_list args;
	char text[160];
	char path[LOG_PEER_TEXT_BYTES];
	size_t length = strlen(scan->path);
	bool is_plain = length < LIMIT_LOG_PEER_TEXT_BYTES * 4;
	for (size_t i = 0; i < length && is_plain; i++)
		is_plain = (unsigned char)scan->path[i] >= ' ' && scan->path[i] != 0x7f;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "hinomi-sensor: %s: %s\n", is_plain ? scan->path : log_peer_text(scan->path, length, path), text);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return E_SYS;
		text += written;
		length -= (size_t)written;
	}
	return OK;
}

/** A finding of a file is told once, when it is over. */
static void finding_tell(void *arg, const struct finding *finding)
{
	struct scan *scan = arg;
	char *line = NULL;
	if (finding->phase != FINDING_END || scan->failure != OK)
		return;
	scan->failure = finding_write(finding, &line);
	if (scan->failure != OK)
		return;
	size_t length = strlen(line);
	line[length] = '\n'; /* in the place of the NUL: the line leaves with its end in one write */
	scan->failure = write_all(scan->options->findings_fd, line, length + 1);
	free(line);
}

static void progress_tell(struct scan *scan, bool at_once)
{
	if (scan->options->progress_fd < 0)
		return;
	int64_t now_mono_ns = clock_mono_ns();
	if (!at_once && now_mono_ns - scan->told_mono_ns < PROGRESS_EVERY_NS)
		return;
	scan->told_mono_ns = now_mono_ns;
	char line[64];
	uint64_t total = scan->total_bytes > scan->counts.bytes ? scan->total_bytes : scan->counts.bytes;
	int length = snprintf(line, sizeof(line), "progress %" PRIu64 " %" PRIu64 "\n", scan->counts.bytes, total);
	(void)write_all(scan->options->progress_fd, line, (size_t)length); /* nobody looks: the scan goes on */
}

static void batch_flush(struct scan *scan)
{
	if (scan->batch_count > 0)
		detect_observe(scan->packets, scan->batch, scan->batch_count);
	scan->counts.observations += scan->batch_count;
	scan->batch_count = 0;
}

static int engine_new(struct scan *scan, struct detect **ret_engine)
{
	struct detect_config config = scan->options->config->detect;
	const char *slash = strrchr(scan->path, '/');
	config.offline = true;
	text_plain_copy(slash != NULL ? slash + 1 : scan->path, config.sensor, sizeof(config.sensor)); /* who saw it: the file */
	return detect_new(&config, scan->options->intel, finding_tell, scan, ret_engine);
}

/** The records of one flow export. */
static void records_observe(void *arg, const struct observation *batch, size_t count)
{
	struct scan *scan = arg;
	scan->counts.flow_records += count;
	for (size_t done = 0; done < count; done += DETECT_BATCH_MAX)
		detect_observe(scan->flows, batch + done, count - done < DETECT_BATCH_MAX ? count - done : DETECT_BATCH_MAX);
}

/** What flow exports need, made when the first is met. */
static int flows_begin(struct scan *scan)
{
	struct flow_config config = flow_config_default();
	config.default_sampling = (uint32_t)scan->options->config->default_sampling;
	scan->flow_state = flow_state_new(&config);
	if (scan->flow_state == NULL)
		return E_NOMEM;
	return engine_new(scan, &scan->flows);
}

/** Whether the packet was a flow export and is dealt with. */
static bool flow_export_take(struct scan *scan, const struct capture_packet *packet, const struct observation *obs)
{
	struct flow_packet payload;
	if (!flow_packet_find(packet, obs, &payload))
		return false;
	if (scan->flows == NULL && flows_begin(scan) != OK)
		return false;
	int err = flow_parse(scan->flow_state, &obs->src, 0, packet->wall_ns, payload.bytes, payload.length_bytes,
		records_observe, scan);
	if (err == E_UNSUPPORTED)
		return false;
	if (err == OK)
		scan->counts.flow_datagrams++;
	else
		scan->counts.flow_refused++;
	return true;
}

static void packet_refuse(struct scan *scan, const struct capture_packet *packet, int err)
{
	if (err == E_UNSUPPORTED) {
		scan->counts.not_ip++;
		if (packet_link_is_read(packet->link))
			return;
		scan->counts.link_unread++;
		scan->link_unread = (uint32_t)packet->link;
	} else if (err == E_TRUNCATED) {
		scan->counts.truncated++;
	} else {
		scan->counts.malformed++;
	}
}

/** Ends the engines, which tell their last findings. */
static void engines_end(struct scan *scan)
{
	batch_flush(scan);
	if (scan->packets != NULL)
		detect_finish(scan->packets);
	if (scan->flows != NULL)
		detect_finish(scan->flows);
	detect_free(scan->packets);
	detect_free(scan->flows);
	scan->packets = NULL;
	scan->flows = NULL;
}

/** The file's time went back: what comes is judged by engines that know nothing of what was. Templates stay. */
static int engines_renew(struct scan *scan)
{
	bool has_flows = scan->flows != NULL;
	engines_end(scan);
	int err = engine_new(scan, &scan->packets);
	if (err == OK && has_flows)
		err = engine_new(scan, &scan->flows);
	return err;
}

/** The packet loop: everything that is whole in the bytes at hand. */
static int chunk_scan(struct scan *scan, struct cursor *cur)
{
	struct capture_packet packet;
	int err;
	while ((err = capture_next(&scan->capture, cur, &packet)) == OK) {
		if (file_clock_settle(&scan->clock, &packet.wall_ns) && (scan->failure = engines_renew(scan)) != OK)
			return scan->failure;
		struct observation *obs = &scan->batch[scan->batch_count];
		obs->start_ns = packet.wall_ns;
		obs->end_ns = packet.wall_ns;
		obs->sampling = 1;
		obs->exporter = 0;
		scan->counts.packets++;
		int refused = packet_parse(packet.link, packet.bytes, packet.captured_bytes, packet.wire_bytes, obs);
		if (__builtin_expect(refused != OK, 0)) {
			packet_refuse(scan, &packet, refused);
			continue;
		}
		if (obs->protocol == PROTOCOL_UDP && flow_export_take(scan, &packet, obs))
			continue;
		if (++scan->batch_count == DETECT_BATCH_MAX)
			batch_flush(scan);
	}
	return err;
}

/** A file of flow records: the blocks that are whole in the bytes at hand. */
static int blocks_scan(struct scan *scan, struct cursor *cur)
{
	struct nfdump_counts counts = {0};
	int err = nfdump_reader_take(scan->nfdump, cur, &counts, records_observe, scan);
	scan->counts.not_ip += counts.unusable;
	scan->counts.flow_refused += counts.malformed;
	return err;
}

/** Finds out by looking what a file is, and takes its header. @return as capture_init(), and E_DENIED for what is encrypted */
static int file_begin(struct scan *scan, struct cursor *cur)
{
	if (!nfdump_is(cur->at, cursor_left(cur)))
		return capture_init(&scan->capture, cur);
	int err = nfdump_reader_new(cur, &scan->nfdump);
	if (err == OK)
		err = scan->failure = engine_new(scan, &scan->flows);
	return err;
}

/** A reading buffer: what is left of the last chunk, and what came behind it. */
struct chunk {
	uint8_t *bytes; /* owned */
	size_t room_bytes;
	size_t left_bytes; /* at the front, not used up yet */
};

/** Reads on behind what is left. @return bytes read, 0 at the end, -1: errno tells */
static ssize_t chunk_fill(struct chunk *chunk, int fd)
{
	if (chunk->left_bytes == chunk->room_bytes) {
		uint8_t *bytes = realloc(chunk->bytes, chunk->room_bytes * 2);
		if (bytes == NULL)
			return -1;
		chunk->bytes = bytes;
		chunk->room_bytes *= 2;
	}
	ssize_t got;
	do {
		got = read(fd, chunk->bytes + chunk->left_bytes, chunk->room_bytes - chunk->left_bytes);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		chunk->left_bytes += (size_t)got;
	return got;
}

/** Names what a file is that cannot be read, where its first bytes tell. */
static const char *foreign_format(const uint8_t *bytes, size_t length)
{
	static const struct {
		const char *magic;
		size_t length;
		const char *reason;
	} formats[] = {
		{"\x1f\x8b", 2, "is compressed; unpack it first, for example: zcat FILE | hinomi scan -"},
		{"\x28\xb5\x2f\xfd", 4, "is compressed; unpack it first, for example: zstdcat FILE | hinomi scan -"},
		{"\xfd" "7zXZ", 5, "is compressed; unpack it first, for example: xzcat FILE | hinomi scan -"},
		{"BZh", 3, "is compressed; unpack it first, for example: bzcat FILE | hinomi scan -"},
		{"\x04\x22\x4d\x18", 4, "is compressed; unpack it first, for example: lz4cat FILE | hinomi scan -"},
		{"PK\x03\x04", 4, "is an archive; unpack it first"},
	};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (length >= formats[i].length && memcmp(bytes, formats[i].magic, formats[i].length) == 0)
			return formats[i].reason;
	}
	if (nfdump_is(bytes, length) && length < NFDUMP_FILE_HEADER_BYTES)
		return "is cut off in its header";
	if (nfdump_is(bytes, length))
		return "is an nfdump file of another layout than 2 (nfdump 1.7); write it anew first: nfdump -r FILE -w NEW";
	if (capture_format_of(bytes, length) != CAPTURE_UNKNOWN)
		return "is a capture that is cut off in its header, or of a version that is not read";
	return "is neither a capture (pcap, pcapng) nor an nfdump file, nor a mail";
}

/** Why reading ended before the file did; NULL: it did not. */
static const char *end_reason(const struct scan *scan, int err, bool at_end_of_file)
{
	if (err == E_END)
		return NULL;
	if (err == E_AGAIN && at_end_of_file)
		return scan->nfdump != NULL ? "is cut off in the middle of a block; what came before was read" :
			"is cut off in the middle of a packet; what came before was read";
	if (err == E_LIMIT)
		return "has more interfaces than are remembered; what came before was read";
	if (err == E_UNSUPPORTED)
		return "goes on in a version that is not read; what came before was read";
	return "is damaged; what came before was read";
}

/** Reads a file's header and then all that is in it. @return NULL or why not */
static const char *contents_read(struct scan *scan, struct chunk *chunk)
{
	bool is_begun = false;
	for (;;) {
		ssize_t got = chunk_fill(chunk, scan->fd);
		if (got < 0)
			return strerror(errno);
		scan->counts.bytes += (uint64_t)got;
		if (chunk->left_bytes == 0 && !is_begun)
			return "is empty";
		struct cursor cur = cursor_over(chunk->bytes, chunk->left_bytes);
		int err = OK;
		if (!is_begun) {
			err = file_begin(scan, &cur);
			if (err == E_UNSUPPORTED || (err == E_AGAIN && got == 0))
				return foreign_format(chunk->bytes, chunk->left_bytes);
			if (err == E_DENIED)
				return "is encrypted";
			is_begun = err == OK;
		}
		if (is_begun)
			err = scan->nfdump != NULL ? blocks_scan(scan, &cur) : chunk_scan(scan, &cur);
		if (scan->failure != OK)
			return NULL; /* the scan ends, whatever is in the file */
		bool is_over = err == E_END && cursor_left(&cur) > 0; /* what comes is no flow any more */
		if (got == 0 || is_over || (err != E_AGAIN && err != E_END))
			return end_reason(scan, err, got == 0);
		chunk->left_bytes = cursor_left(&cur);
		memmove(chunk->bytes, cur.at, chunk->left_bytes);
		progress_tell(scan, false);
	}
}

/** Opens a path for reading; a pipe that nobody has opened to write is empty after a while. @return NULL or why not */
static const char *file_open(struct scan *scan)
{
	struct stat st;
	scan->fd = open(scan->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (scan->fd < 0 || fstat(scan->fd, &st) != 0)
		return strerror(errno);
	if (S_ISDIR(st.st_mode))
		return "is a directory";
	if (S_ISREG(st.st_mode))
		(void)posix_fadvise(scan->fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a hint */
	if (S_ISFIFO(st.st_mode))
		(void)poll(&(struct pollfd){.fd = scan->fd, .events = POLLIN}, 1, PIPE_WAIT_MS); /* reading tells */
	return fcntl(scan->fd, F_SETFL, 0) == 0 ? NULL : strerror(errno);
}

/** Link types are numbered at tcpdump.org/linktypes.html. A file that has nothing else was not read. */
static void links_tell(struct scan *scan)
{
	uint64_t unread = scan->counts.link_unread - scan->before.link_unread;
	uint64_t packets = scan->counts.packets - scan->before.packets;
	if (unread == 0)
		return;
	file_tell(scan, "packets of a link type that is not read (%" PRIu32 "): %" PRIu64 " of %" PRIu64, scan->link_unread, unread,
		packets);
	scan->some_unread |= unread == packets;
}

/** What of the flow exports could not be used: a capture often begins between two sendings of the templates. */
static void exports_tell(struct scan *scan)
{
	uint64_t sets = 0, contradictory = 0;
	for (enum flow_format format = FLOW_UNKNOWN; format < FLOW_FORMAT_COUNT; format++) {
		const struct flow_counters *counters = flow_counters_of(scan->flow_state, format);
		sets += counters->sets_unknown_template;
		contradictory += counters->records_malformed;
	}
	if (sets > 0)
		file_tell(scan, "sets of flow records before their template, which cannot be read: %" PRIu64, sets);
	if (contradictory > 0)
		file_tell(scan, "flow records that contradict themselves: %" PRIu64, contradictory);
}

/** Ends what belongs to a file. */
static void file_end(struct scan *scan)
{
	if (scan->nfdump != NULL && scan->flows != NULL)
		nfdump_reader_finish(scan->nfdump, records_observe, scan);
	engines_end(scan);
	if (scan->flow_state != NULL)
		exports_tell(scan);
	flow_state_free(scan->flow_state);
	scan->flow_state = NULL;
	nfdump_reader_free(scan->nfdump);
	scan->nfdump = NULL;
	links_tell(scan);
	if (scan->clock.turns > 0)
		file_tell(scan, "steps back in time: %" PRIu64 "; judged anew from each", scan->clock.turns);
	if (scan->clock.strays > 0)
		file_tell(scan, "packets out of time: %" PRIu64 "; judged at the time of those before them", scan->clock.strays);
}

static int file_scan(struct scan *scan, struct chunk *chunk)
{
	chunk->left_bytes = 0;
	scan->clock = (struct file_clock){0};
	scan->before = scan->counts;
	const char *reason = file_open(scan);
	if (reason == NULL) {
		int err = engine_new(scan, &scan->packets);
		if (err != OK)
			return err;
		reason = contents_read(scan, chunk);
		file_end(scan);
		scan->counts.files++;
	}
	if (reason != NULL) {
		file_tell(scan, "%s", reason);
		scan->some_unread = true;
	}
	if (scan->fd >= 0)
		close(scan->fd);
	progress_tell(scan, false);
	return scan->failure;
}

static void totals_look(struct scan *scan)
{
	for (size_t i = 0; i < scan->options->file_count; i++) {
		struct stat st;
		if (stat(scan->options->files[i], &st) == 0 && S_ISREG(st.st_mode))
			scan->total_bytes += (uint64_t)st.st_size;
	}
}

static void done_tell(struct scan *scan)
{
	const struct scan_counts *counts = &scan->counts;
	progress_tell(scan, true);
	if (scan->options->progress_fd < 0)
		return;
	char line[512];
	int length = snprintf(line, sizeof(line),
		"done {\"files\":%" PRIu64 ",\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"observations\":%" PRIu64
		",\"flow_datagrams\":%" PRIu64 ",\"flow_records\":%" PRIu64 ",\"refused\":{\"not_ip\":%" PRIu64
		",\"truncated\":%" PRIu64 ",\"malformed\":%" PRIu64 ",\"flow_malformed\":%" PRIu64 "}}\n",
		counts->files, counts->packets, counts->bytes, counts->observations + counts->flow_records,
		counts->flow_datagrams, counts->flow_records, counts->not_ip, counts->truncated, counts->malformed, counts->flow_refused);
	(void)write_all(scan->options->progress_fd, line, (size_t)length); /* nobody looks: the exit code still tells */
}

int scan_run(const struct scan_options *options)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	struct chunk chunk = {.bytes = malloc(CHUNK_BYTES), .room_bytes = CHUNK_BYTES};
	int err = scan != NULL && chunk.bytes != NULL ? OK : E_NOMEM;
	if (err == OK) {
		scan->options = options;
		totals_look(scan);
	}
	for (size_t i = 0; i < options->file_count && err == OK; i++) {
		scan->path = options->files[i];
		err = file_scan(scan, &chunk);
	}
	if (err == OK) {
		done_tell(scan);
		err = scan->some_unread ? E_MALFORMED : OK;
	}
	free(chunk.bytes);
	free(scan);
	return err;
}
