/*
 * What is found is read from the findings file as it grows, as a tower reads
 * it; what is delivered and how it is marked from the mails in the box, in
 * the end, by their Message-ID. A mail that was delivered twice counts once.
 */
#include "exercise/mailbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "exercise/address.h"
#include "exercise/mail_sender.h"
#include "exercise/mail_server.h"
#include "exercise/program.h"
#include "record/mail_finding.h"

#define WORLD_MAIL UINT64_C(0x6d61696c) /* its machines are others than clients and bots */
#define SERVER_V4 "198.51.100.25" /* at the member's other site */
#define SERVER_V6 "2001:db8:51::19"
#define FIRST_MS 1500
#define LAST_SHARE_PERMILLE 900 /* of the duration, when the day's last mail is due */
#define TRY_MS 10000 /* after the end, for mails that a flood has held up */
#define LINE_BYTES_MAX (MAIL_FINDING_LINE_BYTES_MAX + 1)
#define HEAD_BYTES_MAX 32768 /* of a mail: marks and Message-ID are among them */
#define LOOK_EVERY_NS (200 * NS_PER_MS)

struct mailbox {
	char absence[200]; /* "": none */
	bool is_broken;
	bool is_gone; /* a part of the server, and told */
	struct mailbox_config config;
	struct mail_server server;
	char findings[MAIL_SERVER_PATH_BYTES];
	int findings_fd;
	struct mail_tally *tally;
	struct mail_sender_plan plans[MAILBOX_HOSTS_MAX];
	pid_t senders[MAILBOX_HOSTS_MAX]; /* 0: none */
	int64_t counted_ns;
	size_t counted; /* mails in the box, then */
	size_t line_used_bytes;
	char line[LINE_BYTES_MAX];
};

struct ip_addr mailbox_machine(uint64_t seed, size_t index, bool is_v4)
{
	return address_of_machine(seed ^ WORLD_MAIL, index, is_v4);
}

static void server_open(struct mailbox *mailbox)
{
	char why[160] = "";
	const struct mail_server_config config = {.net_fd = mailbox->config.hosts_fd, .is_v4 = mailbox->config.is_v4,
		.directory = mailbox->config.directory, .now_wall_ms = clock_wall_ns() / NS_PER_MS};
	int err = mail_server_open(&config, why, &mailbox->server);
	if (err == OK) {
		(void)mail_server_path(&mailbox->server, MAIL_SERVER_FINDINGS, mailbox->findings);
		mailbox->findings_fd = open(mailbox->findings, O_RDONLY | O_CLOEXEC);
	}
	if (err == OK && mailbox->findings_fd >= 0)
		return;
	mailbox->is_broken = err != E_UNSUPPORTED;
	(void)snprintf(mailbox->absence, sizeof(mailbox->absence), "%s", why[0] != '\0' ? why : "no findings file");
	mail_server_close(&mailbox->server);
}

int mailbox_open(const struct mailbox_config *config, struct mailbox **ret_mailbox)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));
	if (mailbox == NULL)
		return E_NOMEM;
	mailbox->config = *config;
	mailbox->findings_fd = -1;
	mailbox->tally = mail_tally_new();
	if (mailbox->tally == NULL) {
		mailbox_close(mailbox);
		return E_NOMEM;
	}
	server_open(mailbox);
	*ret_mailbox = mailbox;
	return OK;
}

const char *mailbox_absence(const struct mailbox *mailbox)
{
	return mailbox->absence[0] != '\0' ? mailbox->absence : NULL;
}

bool mailbox_is_broken(const struct mailbox *mailbox)
{
	return mailbox->is_broken;
}

const char *mailbox_findings(const struct mailbox *mailbox)
{
	return mailbox->absence[0] == '\0' ? mailbox->findings : NULL;
}

int mailbox_begin(struct mailbox *mailbox, int64_t start_mono_ns)
{
	const struct program_place outside = {.net_fd = mailbox->config.outside_fd};
	uint64_t duration_ms = mailbox->config.duration_ms, last_ms = duration_ms * LAST_SHARE_PERMILLE / 1000;
	struct ip_addr server;
	if (mailbox->absence[0] != '\0')
		return OK;
	if (ip_parse(mailbox->config.is_v4 ? SERVER_V4 : SERVER_V6, &server) != OK)
		return E_SYS;
	for (unsigned i = 0; i < MAILBOX_HOSTS_MAX; i++) {
		mailbox->plans[i] = (struct mail_sender_plan){.host = i,
			.from = mailbox_machine(mailbox->config.seed, i, mailbox->config.is_v4), .to = server, .port = MAIL_SERVER_PORT,
			.start_mono_ns = start_mono_ns, .first_ms = FIRST_MS < last_ms ? FIRST_MS : 0, .last_ms = last_ms,
			.end_ms = duration_ms + TRY_MS, .tally = mailbox->tally};
		if (program_fork(&outside, mail_sender_run, &mailbox->plans[i], &mailbox->senders[i]) != OK)
			return E_SYS;
	}
	return OK;
}

/** What hinomi-mail says of a mail, in one line. @return whether the document can be read */
static bool finding_tell(const char *line, size_t length_bytes, char ret_text[static MAILBOX_TEXT_BYTES])
{
	static struct mail_finding finding;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	bool is_read = mail_finding_parse(line, length_bytes, &finding, complaint) == OK;
	if (is_read)
		(void)snprintf(ret_text, MAILBOX_TEXT_BYTES, "mail %s (%u %%): %s",
			finding.action == MAIL_FINDING_QUARANTINE ? "held" : "tagged", finding.confidence, finding.why);
	else
		(void)snprintf(ret_text, MAILBOX_TEXT_BYTES, "a finding of a mail cannot be read: %.200s", complaint);
	return is_read;
}

static bool finding_next(struct mailbox *mailbox, struct mailbox_event *ret_event)
{
	char *end = memchr(mailbox->line, '\n', mailbox->line_used_bytes);
	if (end == NULL) {
		size_t room_bytes = sizeof(mailbox->line) - mailbox->line_used_bytes;
		ssize_t got = read(mailbox->findings_fd, mailbox->line + mailbox->line_used_bytes, room_bytes);
		if (got <= 0)
			return false;
		end = memchr(mailbox->line + mailbox->line_used_bytes, '\n', (size_t)got);
		mailbox->line_used_bytes += (size_t)got;
	}
	if (end == NULL)
		return false;
	size_t length_bytes = (size_t)(end - mailbox->line);
	ret_event->is_trouble = !finding_tell(mailbox->line, length_bytes, ret_event->text);
	mailbox->line_used_bytes -= length_bytes + 1;
	memmove(mailbox->line, end + 1, mailbox->line_used_bytes);
	return true;
}

bool mailbox_next(struct mailbox *mailbox, struct mailbox_event *ret_event)
{
	if (mailbox->absence[0] != '\0')
		return false;
	const char *gone = mailbox->is_gone ? NULL : mail_server_gone(&mailbox->server);
	if (gone != NULL) {
		mailbox->is_gone = ret_event->is_trouble = true;
		(void)snprintf(ret_event->text, MAILBOX_TEXT_BYTES, "%s", gone);
		return true;
	}
	return finding_next(mailbox, ret_event);
}

static size_t accepted_count(const struct mailbox *mailbox)
{
	size_t count, accepted = 0;
	(void)mailbox_day(&count);
	for (size_t i = 0; i < count; i++)
		accepted += atomic_load_explicit(&mailbox->tally->mails[i], memory_order_relaxed) == MAIL_SENT_ACCEPTED;
	return accepted;
}

static DIR *box_open(const struct mailbox *mailbox)
{
	char path[MAIL_SERVER_PATH_BYTES];
	return opendir(mail_server_path(&mailbox->server, MAIL_SERVER_BOX, path));
}

static size_t box_count(struct mailbox *mailbox)
{
	int64_t now_ns = clock_mono_ns();
	if (now_ns - mailbox->counted_ns < LOOK_EVERY_NS)
		return mailbox->counted;
	DIR *box = box_open(mailbox);
	const struct dirent *entry;
	mailbox->counted_ns = now_ns;
	mailbox->counted = 0;
	while (box != NULL && (entry = readdir(box)) != NULL)
		mailbox->counted += entry->d_name[0] != '.';
	if (box != NULL)
		(void)closedir(box);
	return mailbox->counted;
}

bool mailbox_is_over(struct mailbox *mailbox)
{
	if (mailbox->absence[0] != '\0' || mailbox->is_gone)
		return true;
	for (size_t i = 0; i < MAILBOX_HOSTS_MAX; i++) {
		if (program_is_alive(mailbox->senders[i]))
			return false;
	}
	return box_count(mailbox) >= accepted_count(mailbox);
}

struct looked {
	bool is_there[MAILBOX_MAILS_MAX];
	bool is_read[MAILBOX_MAILS_MAX]; /* hinomi-mail has marked it, and not as unread */
	bool is_tagged[MAILBOX_MAILS_MAX];
};

/** What follows a text; NULL: it is not there. */
static const char *text_after(const char *text, const char *words)
{
	const char *at = strstr(text, words);
	return at != NULL ? at + strlen(words) : NULL;
}

/** One mail of the box. */
static void mail_look(int box_fd, const char *name, struct looked *looked)
{
	static char head[HEAD_BYTES_MAX + 1];
	size_t count;
	const struct mailbox_mail *day = mailbox_day(&count);
	int fd = openat(box_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd >= 0 ? read(fd, head, HEAD_BYTES_MAX) : 0;
	if (fd >= 0)
		(void)close(fd);
	head[got > 0 ? got : 0] = '\0';
	char *end = strstr(head, "\n\n");
	if (end != NULL)
		*end = '\0';
	const char *id = text_after(head, "\nMessage-ID: <"), *mark = text_after(head, "\nX-Hinomi: ");
	for (size_t i = 0; i < count && id != NULL; i++) {
		size_t length = strlen(day[i].id);
		if (strncmp(id, day[i].id, length) != 0 || id[length] != '>')
			continue;
		looked->is_there[i] = true;
		looked->is_read[i] = mark != NULL && strncmp(mark, "unread", 6) != 0;
		looked->is_tagged[i] = mark != NULL && strncmp(mark, "tag;", 4) == 0;
		return;
	}
}

static void box_look(const struct mailbox *mailbox, struct looked *ret_looked)
{
	DIR *box = box_open(mailbox);
	const struct dirent *entry;
	while (box != NULL && (entry = readdir(box)) != NULL) {
		if (entry->d_name[0] != '.')
			mail_look(dirfd(box), entry->d_name, ret_looked);
	}
	if (box != NULL)
		(void)closedir(box);
}

void mailbox_end(struct mailbox *mailbox, struct mailbox_result *ret_result)
{
	struct looked looked = {.is_there = {false}};
	struct mailbox_result result = {.accepted = accepted_count(mailbox)};
	const struct mailbox_mail *day = mailbox_day(&result.mails);
	for (size_t i = 0; i < MAILBOX_HOSTS_MAX; i++)
		(void)program_stop(&mailbox->senders[i]);
	mail_server_stop(&mailbox->server);
	if (mailbox->absence[0] == '\0')
		box_look(mailbox, &looked);
	for (size_t i = 0; i < result.mails; i++) {
		bool is_accepted = atomic_load_explicit(&mailbox->tally->mails[i], memory_order_relaxed) == MAIL_SENT_ACCEPTED;
		result.delivered += is_accepted && looked.is_there[i];
		result.unmarked += looked.is_there[i] && !looked.is_read[i];
		result.aimed += day[i].is_aimed;
		result.aimed_tagged += day[i].is_aimed && looked.is_tagged[i];
		result.others_tagged += !day[i].is_aimed && looked.is_tagged[i];
	}
	*ret_result = result;
}

void mailbox_close(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	for (size_t i = 0; i < MAILBOX_HOSTS_MAX; i++)
		(void)program_stop(&mailbox->senders[i]);
	mail_server_close(&mailbox->server);
	mail_tally_free(mailbox->tally);
	if (mailbox->findings_fd >= 0)
		(void)close(mailbox->findings_fd);
	free(mailbox);
}
