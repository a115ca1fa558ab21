/*
 * Started in the order authority, effector, sensor, so that each finds the
 * one it speaks to; stopped the other way round. The authority's socket is
 * asked some times a second for its orders, and what has changed is news.
 */
#include "exercise/defence.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/beside.h"
#include "core/clock.h"
#include "exercise/address.h"
#include "exercise/people.h"
#include "record/note.h"

#define START_WAIT_NS (20 * NS_PER_S)
#define ASK_EVERY_NS (50 * NS_PER_MS)
#define ASK_WAIT_US 500000
#define LINE_BYTES_MAX (256 * 1024) /* one finding with all its sources */
#define ANSWER_BYTES_MAX (4 * 1024 * 1024) /* all orders of an exercise */
#define ORDERS_MAX 128 /* followed; later ones are not news */
#define VERBS_MAX 16 /* running at the same time */
#define END_QUIET_MS 2000 /* a finding is over after so long below the threshold */
#define EFFECT_QUIET_MS                                                                                                          \
	4000 /* and a rule under a standing order that has stopped nothing for so long: longer than a pulse's pause */

enum part { PART_AUTHORITY = 0, PART_EFFECTOR, PART_SENSOR, PART_COUNT };
static const char *const part_names[PART_COUNT] = {"hinomi-authority", "hinomi-effect", "hinomi-sensor"};
static const char *const part_logs[PART_COUNT] = {"authority.log", "effect.log", "sensor.log"};

struct verb {
	pid_t pid; /* 0: the place is free */
	char what[96];
};

struct defence {
	struct defence_config config;
	struct people people;
	char paths[PART_COUNT][BESIDE_PATH_BYTES];
	pid_t parts[PART_COUNT];
	bool is_gone[PART_COUNT]; /* and told */
	struct verb verbs[VERBS_MAX];
	int findings_fd;
	int authority_fd; /* -1: not connected */
	int64_t asked_ns;
	json_t *answer; /* orders not looked at yet; NULL: none */
	size_t answer_at;
	json_int_t asked_from; /* where the next part of the list begins */
	size_t order_count;
	struct defence_order orders[ORDERS_MAX];
	struct finding finding;
	char text[160]; /* of the last trouble */
	size_t line_used_bytes;
	size_t line_taken_bytes; /* of the line that was handed out last */
	char line[LINE_BYTES_MAX];
	char reply[ANSWER_BYTES_MAX];
};

static const char *path_of(const struct defence *defence, const char *name, char ret_path[static PEOPLE_PATH_BYTES])
{
	return people_path(&defence->people, name, ret_path);
}

static void wait_ms(long time_ms)
{
	struct timespec pause = {.tv_nsec = time_ms * NS_PER_MS};
	(void)nanosleep(&pause, NULL);
}

static FILE *file_open(const struct defence *defence, const char *name)
{
	char path[PEOPLE_PATH_BYTES];
	return fopen(path_of(defence, name, path), "we");
}

/* Where no standing order fits the sensor asks for urgency if the scenario has an urgent case. */
static bool is_urgent_wished(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->attack_count; i++) {
		enum scenario_decision decision = scenario->attacks[i].decision;
		if (decision == SCENARIO_RATIFIED || decision == SCENARIO_LAPSED)
			return true;
	}
	return false;
}

static int sensor_config_write(const struct defence *defence)
{
	const char *folder = defence->people.directory;
	unsigned long long host_pps = defence->config.threshold_pps;
	FILE *file = file_open(defence, "sensor.conf");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "sensor = \"exercise\"\nnetworks = {\"" ADDRESS_MEMBER_V4 "\", \"" ADDRESS_MEMBER_V6 "\", \"" ADDRESS_OTHER_V4
				  "\", \"" ADDRESS_OTHER_V6 "\"}\n");
	if (strcmp(defence->config.effector, "xdp") == 0) /* the effector's program, which it has pinned there */
		fprintf(file, "capture \"%s\" { method = xdp pin_directory = \"%s/bpf/edge/%s\" }\n", defence->config.interface, folder,
			defence->config.interface);
	else
		fprintf(file, "capture \"%s\" { method = packet ring = 16MiB }\n", defence->config.interface);
	fprintf(file, "threshold default {\n\thost_pps = %llupps\n\tprefix_pps = %llupps\n\toutbound_pps = %llupps\n}\n", host_pps,
		host_pps * 2, host_pps);
	fprintf(file, "detection { learn = no memory = 128MiB end_quiet = %llums }\n", (unsigned long long)END_QUIET_MS);
	fprintf(file, "countermeasures {\n\tauthority = \"%s/authority.sock\"\n\tsource_sets = \"%s/sets\"\n\tduration = 1min\n"
		"\turgent = %s\n}\n", folder, folder, is_urgent_wished(defence->config.scenario) ? "yes" : "no");
	if (defence->config.tower != NULL)
		fprintf(file, "tower { socket = \"%s/" TOWER_SOCKET "\" member = \"" PEOPLE_MEMBER "\" }\n", folder);
	fprintf(file, "findings { file = \"%s/findings.jsonl\" }\nstatus_socket = \"%s/sensor.sock\"\n", folder, folder);
	return fclose(file) == 0 ? OK : E_SYS;
}

static int effect_config_write(const struct defence *defence)
{
	const char *folder = defence->people.directory;
	FILE *file = file_open(defence, "effect.conf");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "effector = \"" PEOPLE_EFFECTOR "\"\nplace = %s\ninterfaces = {\"%s\"}\npin_directory = \"%s/bpf/edge\"\n",
		defence->config.effector, defence->config.interface, folder);
	fprintf(file,
		"policy = \"%s/policy\"\nstate_directory = \"%s/effect\"\nsource_sets = \"%s/sets\"\nsocket = \"%s/effect.sock\"\n"
		"end_quiet = %llums\n",
		folder, folder, folder, folder, (unsigned long long)EFFECT_QUIET_MS);
	return fclose(file) == 0 ? OK : E_SYS;
}

static int folders_make(const struct defence *defence)
{
	static const char *const names[] = {"effect", "sets", "bpf"};
	char path[PEOPLE_PATH_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (mkdir(path_of(defence, names[i], path), 0700) != 0)
			return E_SYS;
	}
	return OK;
}

/* A BPF file system that nobody else sees, so that nothing that is pinned outlives the exercise. */
static int pins_make(const struct defence *defence)
{
	char path[PEOPLE_PATH_BYTES];
	return mount("bpf", path_of(defence, "bpf", path), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0 ? OK : E_SYS;
}

static int authority_connect(const struct defence *defence)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_usec = ASK_WAIT_US};
	char path[PEOPLE_PATH_BYTES];
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path_of(defence, "authority.sock", path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* One question, one line of answer. Returns NULL: the authority does not answer. The caller's. */
static json_t *authority_ask(struct defence *defence, const char *question)
{
	size_t used_bytes = 0;
	ssize_t got = 1;
	if (defence->authority_fd < 0)
		defence->authority_fd = authority_connect(defence);
	if (defence->authority_fd < 0)
		return NULL;
	if (send(defence->authority_fd, question, strlen(question), MSG_NOSIGNAL) == (ssize_t)strlen(question)) {
		while (got > 0 && used_bytes < sizeof(defence->reply) && (used_bytes == 0 || defence->reply[used_bytes - 1] != '\n')) {
			got = recv(defence->authority_fd, defence->reply + used_bytes, sizeof(defence->reply) - used_bytes, 0);
			used_bytes += got > 0 ? (size_t)got : 0;
		}
	}
	json_t *answer = used_bytes > 0 && got > 0 ? json_loadb(defence->reply, used_bytes, 0, NULL) : NULL;
	if (answer == NULL) { /* what comes late would be taken for the answer to the next question */
		(void)close(defence->authority_fd);
		defence->authority_fd = -1;
	}
	return answer;
}

static bool log_says(const struct defence *defence, enum part part, const char *words)
{
	char path[PEOPLE_PATH_BYTES], text[8192];
	int fd = open(path_of(defence, part_logs[part], path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, words) != NULL;
}

static void log_last_line(const struct defence *defence, enum part part, char why[static 160])
{
	char path[PEOPLE_PATH_BYTES], line[512];
	FILE *file = fopen(path_of(defence, part_logs[part], path), "re");
	(void)snprintf(why, 160, "%s did not start", part_names[part]);
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)snprintf(why, 160, "%s did not start: %.110s", part_names[part], line);
	}
	if (file != NULL)
		(void)fclose(file);
}

static bool authority_is_ready(struct defence *defence)
{
	json_t *answer = authority_ask(defence, "{\"ask\":\"orders\"}\n");
	json_decref(answer);
	return answer != NULL;
}

static bool effector_is_ready(struct defence *defence)
{
	return log_says(defence, PART_EFFECTOR, "started effector=");
}

static bool sensor_is_ready(struct defence *defence)
{
	return log_says(defence, PART_SENSOR, "started sensor=");
}

static int part_start(
	struct defence *defence, enum part part, const char *const *argv, bool (*is_ready)(struct defence *), char why[static 160])
{
	char log[PEOPLE_PATH_BYTES];
	struct program_place where = {.net_fd = defence->config.net_fd, .log = path_of(defence, part_logs[part], log)};
	int64_t until_ns = clock_mono_ns() + START_WAIT_NS;
	if (program_start(&where, argv, &defence->parts[part]) != OK) {
		(void)snprintf(why, 160, "%s: %s", part_names[part], strerror(errno));
		return E_SYS;
	}
	while (!is_ready(defence)) {
		if (!program_is_alive(defence->parts[part]) || clock_mono_ns() > until_ns) {
			log_last_line(defence, part, why);
			return E_STATE;
		}
		wait_ms(10);
	}
	return OK;
}

static int parts_start(struct defence *defence, char why[static 160])
{
	char conf[PEOPLE_PATH_BYTES];
	const char *const authority[] = {defence->paths[PART_AUTHORITY], "--config", path_of(defence, "authority.conf", conf), NULL};
	int error = part_start(defence, PART_AUTHORITY, authority, authority_is_ready, why);
	if (error == OK)
		error = people_stand(&defence->people, defence->config.scenario, why);
	if (error == OK && defence->config.tower != NULL)
		error = exercise_tower_start(defence->config.directory, true, why, defence->config.tower);
	if (error != OK)
		return error;
	const char *const effector[] = {defence->paths[PART_EFFECTOR], "--config", path_of(defence, "effect.conf", conf), NULL};
	error = part_start(defence, PART_EFFECTOR, effector, effector_is_ready, why);
	if (error != OK)
		return error;
	const char *const sensor[] = {defence->paths[PART_SENSOR], "--config", path_of(defence, "sensor.conf", conf), NULL};
	error = part_start(defence, PART_SENSOR, sensor, sensor_is_ready, why);
	if (error != OK)
		return error;
	defence->findings_fd = open(path_of(defence, "findings.jsonl", conf), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	return defence->findings_fd >= 0 ? OK : E_SYS;
}

int defence_open(const struct defence_config *config, char why[static 160], struct defence **ret_defence)
{
	struct defence *defence = calloc(1, sizeof(*defence));
	(void)snprintf(why, 160, "no memory");
	if (defence == NULL)
		return E_NOMEM;
	defence->config = *config;
	defence->findings_fd = defence->authority_fd = -1;
	defence->people.guest = config->guest;
	defence->people.tells_tower = config->tower != NULL;
	(void)snprintf(defence->people.directory, sizeof(defence->people.directory), "%s", config->directory);
	int error = OK;
	for (size_t i = 0; i < PART_COUNT && error == OK; i++) {
		if (!beside_program(part_names[i], defence->paths[i])) {
			(void)snprintf(why, 160, "%s is not installed beside this program", part_names[i]);
			error = E_UNSUPPORTED;
		}
	}
	memcpy(defence->people.authority, defence->paths[PART_AUTHORITY], sizeof(defence->people.authority));
	if (error == OK)
		error = people_settle(&defence->people, config->scenario, config->ratify_ms, why);
	if (error == OK && (sensor_config_write(defence) != OK || effect_config_write(defence) != OK || folders_make(defence) != OK ||
		pins_make(defence) != OK)) {
		(void)snprintf(why, 160, "%.120s: %s", config->directory, strerror(errno));
		error = E_SYS;
	}
	if (error == OK)
		error = parts_start(defence, why);
	if (error != OK) {
		defence_close(defence);
		return error;
	}
	*ret_defence = defence;
	return OK;
}

void defence_say(struct defence *defence, const char *verb, const char *order, const char *person, const char *reason)
{
	struct verb *place = defence->verbs;
	while (place < defence->verbs + VERBS_MAX && place->pid != 0)
		place++;
	if (place == defence->verbs + VERBS_MAX)
		return; /* the order stays as it is, and the course shows it */
	(void)snprintf(place->what, sizeof(place->what), "%s %s %.8s", person, verb, order);
	if (people_say(&defence->people, verb, order, person, reason, &place->pid) != OK)
		place->pid = 0;
}

static bool trouble_next(struct defence *defence, struct defence_event *ret_event)
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (defence->is_gone[i] || defence->parts[i] == 0 || program_is_alive(defence->parts[i]))
			continue;
		defence->is_gone[i] = true;
		(void)snprintf(defence->text, sizeof(defence->text), "%s is gone", part_names[i]);
		*ret_event = (struct defence_event){.news = DEFENCE_TROUBLE, .text = defence->text};
		return true;
	}
	for (size_t i = 0; i < VERBS_MAX; i++) {
		struct verb *verb = &defence->verbs[i];
		if (verb->pid == 0 || program_is_alive(verb->pid))
			continue;
		int status = program_end(&verb->pid);
		if (status == 0)
			continue;
		(void)snprintf(defence->text, sizeof(defence->text), "%s: the verb ended with %d", verb->what, status);
		*ret_event = (struct defence_event){.news = DEFENCE_TROUBLE, .text = defence->text};
		return true;
	}
	return false;
}

static bool finding_next(struct defence *defence, struct defence_event *ret_event)
{
	memmove(defence->line, defence->line + defence->line_taken_bytes, defence->line_used_bytes - defence->line_taken_bytes);
	defence->line_used_bytes -= defence->line_taken_bytes;
	defence->line_taken_bytes = 0;
	char *end = memchr(defence->line, '\n', defence->line_used_bytes);
	if (end == NULL) {
		size_t room_bytes = sizeof(defence->line) - defence->line_used_bytes;
		ssize_t got = read(defence->findings_fd, defence->line + defence->line_used_bytes, room_bytes);
		if (got <= 0)
			return false;
		end = memchr(defence->line + defence->line_used_bytes, '\n', (size_t)got);
		defence->line_used_bytes += (size_t)got;
	}
	if (end == NULL)
		return false;
	size_t length_bytes = (size_t)(end - defence->line);
	defence->line_taken_bytes = length_bytes + 1;
	if (finding_parse(defence->line, length_bytes, &defence->finding) == OK)
		*ret_event = (struct defence_event){.news = DEFENCE_FINDING, .finding = &defence->finding};
	else
		*ret_event = (struct defence_event){.news = DEFENCE_TROUBLE, .text = "a finding cannot be read"};
	return true;
}

/* What an order's note says of itself. Returns false: it is no order. */
static bool note_read(const char *text, struct defence_order *order)
{
	static struct order document;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	struct note note;
	if (text == NULL || note_parse(text, strlen(text), &note) != OK ||
		order_parse(note.text, note.text_bytes - 1, &document, complaint) != OK)
		return false;
	memcpy(order->finding, document.finding, sizeof(order->finding));
	memcpy(order->id, document.id, sizeof(order->id));
	order->is_urgent = document.is_urgent;
	order->has_standing = document.has_standing;
	order->predicted = document.predicted;
	return true;
}

static struct defence_order *order_known(struct defence *defence, const char *id)
{
	for (size_t i = 0; i < defence->order_count; i++) {
		if (strcmp(defence->orders[i].id, id) == 0)
			return &defence->orders[i];
	}
	return NULL;
}

/* Whether an entry of the authority's answer is news. */
static bool entry_take(struct defence *defence, const json_t *entry, struct defence_event *ret_event)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	const char *state = json_string_value(json_object_get(entry, "state"));
	if (id == NULL || state == NULL)
		return false;
	struct defence_order *order = order_known(defence, id);
	if (order == NULL) {
		struct defence_order made = {.id = ""};
		if (defence->order_count == ORDERS_MAX || !note_read(json_string_value(json_object_get(entry, "note")), &made))
			return false;
		order = &defence->orders[defence->order_count++];
		*order = made;
	}
	if (strcmp(order->state, state) == 0)
		return false;
	(void)snprintf(order->state, sizeof(order->state), "%s", state);
	order->since_ms = json_integer_value(json_object_get(entry, "since_ms"));
	*ret_event = (struct defence_event){.news = DEFENCE_ORDER, .order = order};
	return true;
}

static bool order_next(struct defence *defence, struct defence_event *ret_event)
{
	int64_t now_ns = clock_mono_ns();
	if (defence->answer == NULL) {
		if (defence->is_gone[PART_AUTHORITY] || defence->parts[PART_AUTHORITY] == 0 || now_ns - defence->asked_ns < ASK_EVERY_NS)
			return false;
		defence->asked_ns = now_ns;
		char question[64];
		snprintf(question, sizeof(question), "{\"ask\":\"orders\",\"from\":%lld}\n", (long long)defence->asked_from);
		defence->answer = authority_ask(defence, question);
		defence->asked_from = json_integer_value(json_object_get(defence->answer, "next"));
		defence->answer_at = 0;
	}
	json_t *orders = json_object_get(defence->answer, "orders");
	while (defence->answer_at < json_array_size(orders)) {
		if (entry_take(defence, json_array_get(orders, defence->answer_at++), ret_event))
			return true;
	}
	json_decref(defence->answer);
	defence->answer = NULL;
	return false;
}

bool defence_next(struct defence *defence, struct defence_event *ret_event)
{
	return finding_next(defence, ret_event) || order_next(defence, ret_event) || trouble_next(defence, ret_event);
}

const struct exercise_tower *defence_page(const struct defence *defence)
{
	return defence->config.tower != NULL && defence->config.tower->pid != 0 ? defence->config.tower : NULL;
}

void defence_stop(struct defence *defence)
{
	for (size_t i = 0; i < VERBS_MAX; i++)
		(void)program_stop(&defence->verbs[i].pid);
	for (size_t i = PART_COUNT; i > 0; i--)
		(void)program_stop(&defence->parts[i - 1]);
}

/* ledger VERB DIRECTORY --policy FILE [EXTRA] */
static int ledger_run(const struct defence *defence, const char *verb, const char *extra, char *ret_text, size_t text_bytes)
{
	char ledger[PEOPLE_PATH_BYTES], policy[PEOPLE_PATH_BYTES];
	struct program_place where = {.net_fd = -1};
	const char *const argv[] = {defence->paths[PART_AUTHORITY], "ledger", verb, path_of(defence, "ledger", ledger), "--policy",
		path_of(defence, "policy", policy), extra, NULL};
	return program_run(&where, argv, NULL, ret_text, text_bytes);
}

bool defence_ledger_verify(const struct defence *defence, char ret_line[static DEFENCE_LINE_BYTES])
{
	char said[4096];
	int status = ledger_run(defence, "verify", NULL, said, sizeof(said));
	(void)snprintf(ret_line, DEFENCE_LINE_BYTES, "%.255s", program_last_line(said));
	return status == 0;
}

/* An order's entry teaches the digest by which receipts name it. */
struct named {
	char digest[2 * DOCUMENT_DIGEST_BYTES + 1]; /* in hexadecimal digits */
	char id[ORDER_ID_BYTES];
};

struct reading {
	defence_reader *read;
	void *context;
	size_t count;
	struct named orders[ORDERS_MAX];
};

static void order_remember(struct reading *reading, const char *id, const struct note *note)
{
	if (reading->count == ORDERS_MAX)
		return;
	struct named *named = &reading->orders[reading->count++];
	struct document_digest digest = document_digest_of(note->text, note->text_bytes - 1);
	sodium_bin2hex(named->digest, sizeof(named->digest), digest.bytes, sizeof(digest.bytes));
	(void)snprintf(named->id, sizeof(named->id), "%s", id);
}

static void receipt_hand(const struct reading *reading, const char *line)
{
	struct receipt receipt;
	char complaint[DOCUMENT_COMPLAINT_BYTES], digest[2 * DOCUMENT_DIGEST_BYTES + 1];
	size_t length_bytes = strcspn(line, "\n");
	if (receipt_parse(line, length_bytes, &receipt, complaint) != OK)
		return;
	sodium_bin2hex(digest, sizeof(digest), receipt.order.bytes, sizeof(receipt.order.bytes));
	for (size_t i = 0; i < reading->count; i++) {
		if (strcmp(reading->orders[i].digest, digest) == 0)
			reading->read(reading->context, reading->orders[i].id, receipt.state, receipt.at_ms);
	}
}

/* One line of `ledger show --json`. */
static void entry_read(struct reading *reading, const char *line, size_t length_bytes)
{
	json_t *root = json_loadb(line, length_bytes, 0, NULL);
	const char *text = json_string_value(json_object_get(root, "entry"));
	struct note note;
	bool is_note = text != NULL && note_parse(text, strlen(text), &note) == OK;
	json_t *document = is_note ? json_loadb(note.text, note.text_bytes, 0, NULL) : text != NULL ? json_loads(text, 0, NULL) : NULL;
	const char *kind = json_string_value(json_object_get(document, "document"));
	const char *id = json_string_value(json_object_get(document, "id"));
	if (is_note && kind != NULL && id != NULL && strcmp(kind, "order") == 0)
		order_remember(reading, id, &note);
	else if (text != NULL && kind != NULL && strcmp(kind, "receipt") == 0)
		receipt_hand(reading, text);
	json_decref(document);
	json_decref(root);
}

int defence_ledger_read(const struct defence *defence, defence_reader *read, void *context)
{
	char *said = malloc(ANSWER_BYTES_MAX);
	struct reading *reading = calloc(1, sizeof(*reading));
	int error =
		said != NULL && reading != NULL && ledger_run(defence, "show", "--json", said, ANSWER_BYTES_MAX) == 0 ? OK : E_STATE;
	if (error == OK) {
		*reading = (struct reading){.read = read, .context = context};
		for (char *at = said, *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
			entry_read(reading, at, (size_t)(end - at));
	}
	free(reading);
	free(said);
	return error;
}

void defence_close(struct defence *defence)
{
	char path[PEOPLE_PATH_BYTES];
	if (defence == NULL)
		return;
	defence_stop(defence);
	if (defence->config.tower != NULL)
		exercise_tower_close(defence->config.tower);
	(void)umount2(path_of(defence, "bpf", path), MNT_DETACH);
	json_decref(defence->answer);
	if (defence->findings_fd >= 0)
		(void)close(defence->findings_fd);
	if (defence->authority_fd >= 0)
		(void)close(defence->authority_fd);
	free(defence);
}
