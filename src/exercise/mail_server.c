/*
 * Files lie in DIRECTORY/mail. The exercise's directory is root's alone, and
 * Postfix and hinomi-mail are not root where they work; so that folder is
 * mounted a second time, in this process's mount namespace, at a path that
 * other accounts can walk. That also keeps its name short enough for sockets.
 *
 * master(8) is started itself: postfix(1) would look for the machine's own
 * configuration and correct owners of files that were never installed. What
 * `postfix check` makes, the queue's folders, is made here. When master dies,
 * however it does, its daemons end by themselves. It changes accounts, so that
 * the kernel does not end it with us: were we killed, it ends after an hour.
 *
 * The past goes to the history before hinomi-mail runs, as an administrator
 * would begin with the mail store.
 */
#include "exercise/mail_server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "exercise/mailbox_day.h"
#include "exercise/program.h"

#define MASTER_LASTS_S "3600" /* longer than any exercise */
#define INSTALLED "/usr/lib/postfix/sbin/master"
#define WITNESS "usr/lib/postfix/sbin/master" /* the same, unpacked */
#define START_WAIT_NS (20 * NS_PER_S)
#define SAID_BYTES 4096

/* Who its processes are. Postfix refuses accounts that share a number, or that are root's or the box's. */
struct accounts {
	const char *owner; /* of queue and daemons */
	const char *group; /* of what may be dropped into the queue */
	uid_t owner_uid, box_uid;
	gid_t owner_gid, box_gid, group_gid;
};

static int refuse(char why[static 160], int err, const char *what, const char *reason)
{
	(void)snprintf(why, 160, "%.90s: %.60s", what, reason);
	return err;
}

const char *mail_server_path(
	const struct mail_server *server, const char *name, char ret_path[static MAIL_SERVER_PATH_BYTES])
{
	(void)snprintf(ret_path, MAIL_SERVER_PATH_BYTES, "%s/%s", server->place, name);
	return ret_path;
}

/** Where Postfix lies: "" as ret_unpacked for the machine's own. @return whether there is one */
static bool postfix_find(char ret_unpacked[static BESIDE_PATH_BYTES])
{
	char program[BESIDE_PATH_BYTES];
	ret_unpacked[0] = '\0';
	return access(INSTALLED, X_OK) == 0 ||
		(beside_program("hinomi-exercise", program) && beside_data(program, "postfix", WITNESS, ret_unpacked));
}

bool mail_server_has_postfix(void)
{
	char unpacked[BESIDE_PATH_BYTES];
	return postfix_find(unpacked);
}

static int accounts_find(struct accounts *ret_accounts, char why[static 160])
{
	struct accounts found = {.owner = "postfix", .group = "postdrop"};
	if (getpwnam(found.owner) == NULL || getgrnam(found.group) == NULL) {
		found.owner = "uucp";
		found.group = "news";
	}
	const struct passwd *owner = getpwnam(found.owner);
	if (owner == NULL)
		return refuse(why, E_UNSUPPORTED, found.owner, "no such account for Postfix");
	found.owner_uid = owner->pw_uid;
	found.owner_gid = owner->pw_gid;
	const struct group *group = getgrnam(found.group);
	const struct passwd *box = getpwnam("nobody");
	if (group == NULL || box == NULL)
		return refuse(why, E_UNSUPPORTED, group == NULL ? found.group : "nobody", "no such account for Postfix");
	found.group_gid = group->gr_gid;
	found.box_uid = box->pw_uid;
	found.box_gid = box->pw_gid;
	*ret_accounts = found;
	return OK;
}

static int folder_make(const struct mail_server *server, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	char path[MAIL_SERVER_PATH_BYTES];
	(void)mail_server_path(server, name, path);
	return mkdir(path, 0700) == 0 && chown(path, uid, gid) == 0 && chmod(path, mode) == 0 ? OK : E_SYS;
}

static int folders_make(const struct mail_server *server, const struct accounts *accounts)
{
	static const char *const own[] = {"queue/incoming", "queue/active", "queue/deferred", "queue/bounce", "queue/defer",
		"queue/flush", "queue/hold", "queue/private", "queue/saved", "queue/corrupt", "queue/trace"};
	uid_t owner = accounts->owner_uid, box = accounts->box_uid;
	int err = folder_make(server, "etc", 0755, 0, 0);
	if (err == OK)
		err = folder_make(server, "queue", 0755, 0, 0);
	if (err == OK)
		err = folder_make(server, "queue/pid", 0755, 0, 0);
	if (err == OK)
		err = folder_make(server, "queue/public", 0710, owner, accounts->group_gid);
	if (err == OK)
		err = folder_make(server, "queue/maildrop", 0730, owner, accounts->group_gid);
	if (err == OK)
		err = folder_make(server, "queue/hinomi", 02750, box, accounts->owner_gid); /* as hinomi-mail.service makes it */
	if (err == OK)
		err = folder_make(server, "data", 0700, owner, accounts->owner_gid);
	if (err == OK)
		err = folder_make(server, "boxes", 0700, box, accounts->box_gid);
	if (err == OK)
		err = folder_make(server, "milter", 02750, box, 0); /* and the tower, of root's group, reads what is found */
	for (size_t i = 0; i < ARRAY_LEN(own) && err == OK; i++)
		err = folder_make(server, own[i], 0700, owner, 0);
	return err;
}

/** DIRECTORY/mail, and its second path. */
static int place_make(const char *directory, struct mail_server *server, char why[static 160])
{
	char made[] = "/tmp/hinomi-mail-XXXXXX", source[MAIL_SERVER_PATH_BYTES];
	int length = snprintf(source, sizeof(source), "%s/mail", directory);
	if (length >= (int)sizeof(source) || mkdir(source, 0711) != 0 || chmod(source, 0711) != 0 || mkdtemp(made) == NULL)
		return refuse(why, E_SYS, directory, strerror(errno));
	if (mount(source, made, NULL, MS_BIND, NULL) != 0) {
		(void)refuse(why, E_SYS, made, strerror(errno));
		(void)rmdir(made);
		return E_SYS;
	}
	memcpy(server->place, made, sizeof(made));
	return OK;
}

static FILE *file_open(const struct mail_server *server, const char *name)
{
	char path[MAIL_SERVER_PATH_BYTES];
	FILE *file = fopen(mail_server_path(server, name, path), "we");
	if (file != NULL && fchmod(fileno(file), 0644) != 0) { /* others' accounts read it, whatever umask this was started with */
		(void)fclose(file);
		return NULL;
	}
	return file;
}

static int postfix_main_write(const struct mail_server *server, const struct accounts *accounts, bool is_v4)
{
	const char *place = server->place, *root = server->unpacked;
	FILE *file = file_open(server, "etc/main.cf");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "compatibility_level = 3.6\nqueue_directory = %s/queue\ndata_directory = %s/data\n", place, place);
	fprintf(file, "command_directory = %s/usr/sbin\ndaemon_directory = %s/usr/lib/postfix/sbin\n", root, root);
	fprintf(file, "shlib_directory = %s/usr/lib/postfix\nimport_environment = MAIL_CONFIG LD_LIBRARY_PATH MAIL_LOGTAG TZ\n", root);
	fprintf(file, "maillog_file = %s/maillog\nmaillog_file_prefixes = %s\n", place, place);
	fprintf(file, "mail_owner = %s\nsetgid_group = %s\ndefault_privs = nobody\n", accounts->owner, accounts->group);
	fprintf(file, "inet_interfaces = all\ninet_protocols = %s\nmyhostname = mx." MAILBOX_DOMAIN "\nmydestination =\n",
		is_v4 ? "ipv4" : "ipv6");
	fprintf(file, "mynetworks = %s\nsmtpd_relay_restrictions = reject_unauth_destination\nsmtpd_peername_lookup = no\n",
		is_v4 ? "127.0.0.0/8" : "[::1]/128");
	fprintf(file, "disable_dns_lookups = yes\nalias_maps =\nalias_database =\nsmtputf8_enable = no\n");
	fprintf(file, "virtual_mailbox_domains = " MAILBOX_DOMAIN "\nvirtual_mailbox_base = %s/boxes\n", place);
	fprintf(file, "virtual_mailbox_maps = static:inbox/\nvirtual_mailbox_limit = 0\n");
	fprintf(file, "virtual_uid_maps = static:%u\nvirtual_gid_maps = static:%u\n", accounts->box_uid, accounts->box_gid);
	fprintf(file, "smtpd_milters = unix:hinomi/mail.sock\nmilter_default_action = accept\n");
	return fclose(file) == 0 ? OK : E_SYS;
}

static int postfix_master_write(const struct mail_server *server)
{
	FILE *file = file_open(server, "etc/master.cf");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "%d inet n - n - 20 smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n", MAIL_SERVER_PORT);
	fputs("rewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\n"
	      "trace unix - - n - 0 bounce\nproxymap unix - - n - - proxymap\nvirtual unix - n n - - virtual\n"
	      "error unix - - n - - error\nretry unix - - n - - error\nanvil unix - - n - 1 anvil\n"
	      "postlog unix-dgram n - n - 1 postlogd\n",
		file);
	return fclose(file) == 0 ? OK : E_SYS;
}

static int milter_config_write(const struct mail_server *server)
{
	const char *place = server->place;
	FILE *file = file_open(server, "etc/mail.conf");
	if (file == NULL)
		return E_SYS;
	fprintf(file, "socket = \"unix:%s/queue/hinomi/mail.sock\"\nuser = \"nobody\"\nworkers = 2\naction = tag\n", place);
	fprintf(file, "protected_domains = {\"" MAILBOX_DOMAIN "\"}\npeople = \"%s/etc/people.csv\"\n", place);
	fprintf(file, "history = \"%s/milter/history\"\nkey = \"%s/milter/key\"\nfindings_file = \"%s/" MAIL_SERVER_FINDINGS "\"\n",
		place, place, place);
	fprintf(file, "metrics_file = \"%s/milter/mail.prom\"\n", place);
	if (fclose(file) != 0)
		return E_SYS;
	file = file_open(server, "etc/people.csv");
	if (file == NULL)
		return E_SYS;
	fputs(mailbox_people(), file);
	return fclose(file) == 0 ? OK : E_SYS;
}

/** What was before the day, into the history. */
static int past_learn(const struct mail_server *server, const char *program, int64_t now_wall_ms, char why[static 160])
{
	static const struct program_place here = {.net_fd = -1};
	static const char *const names[] = {"past.mbox", "sent.mbox"};
	char config[MAIL_SERVER_PATH_BYTES], path[MAIL_SERVER_PATH_BYTES], said[SAID_BYTES];
	(void)mail_server_path(server, "etc/mail.conf", config);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		FILE *file = file_open(server, names[i]);
		int err = file != NULL ? mailbox_past_write(file, i == 1, now_wall_ms) : E_SYS;
		if (file != NULL && fclose(file) != 0)
			err = E_SYS;
		if (err != OK)
			return refuse(why, err, names[i], strerror(errno));
		(void)mail_server_path(server, names[i], path);
		const char *const got[] = {program, "learn", "--config", config, path, NULL};
		const char *const sent[] = {program, "learn", "--config", config, "--sent", path, NULL};
		if (program_run(&here, i == 1 ? sent : got, NULL, said, sizeof(said)) != 0)
			return refuse(why, E_STATE, "hinomi-mail learn", program_last_line(said));
	}
	return OK;
}

/** What root has made for hinomi-mail becomes its own. */
static int milter_files_give(const struct mail_server *server, const struct accounts *accounts)
{
	char path[MAIL_SERVER_PATH_BYTES];
	int fd = open(mail_server_path(server, MAIL_SERVER_FINDINGS, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0640), err = 0;
	if (fd < 0)
		return E_SYS;
	(void)close(fd);
	DIR *folder = opendir(mail_server_path(server, "milter", path));
	const struct dirent *entry;
	while (folder != NULL && err == 0 && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.')
			err = fchownat(dirfd(folder), entry->d_name, accounts->box_uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return folder != NULL && err == 0 ? OK : E_SYS;
}

static void log_read(const struct mail_server *server, const char *name, char ret_text[static SAID_BYTES])
{
	char path[MAIL_SERVER_PATH_BYTES];
	int fd = open(mail_server_path(server, name, path), O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, ret_text, SAID_BYTES - 1) : 0;
	ret_text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/** Waits until a log says that its program is ready. */
static int ready_wait(const struct mail_server *server, pid_t pid, const char *log, const char *words, char why[static 160])
{
	const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};
	int64_t until_ns = clock_mono_ns() + START_WAIT_NS;
	char said[SAID_BYTES] = "";
	while (strstr(said, words) == NULL) {
		bool is_late = !program_is_alive(pid) || clock_mono_ns() > until_ns;
		log_read(server, log, said);
		if (is_late && strstr(said, words) == NULL)
			return refuse(why, E_STATE, "it does not start", program_last_line(said));
		(void)nanosleep(&pause, NULL);
	}
	return OK;
}

static int milter_start(struct mail_server *server, int net_fd, const char *program, char why[static 160])
{
	char log[MAIL_SERVER_PATH_BYTES], config[MAIL_SERVER_PATH_BYTES];
	const struct program_place where = {.net_fd = net_fd, .log = mail_server_path(server, "mail.log", log)};
	const char *const argv[] = {program, "milter", "--config", mail_server_path(server, "etc/mail.conf", config), NULL};
	if (program_start(&where, argv, &server->milter) != OK)
		return refuse(why, E_SYS, program, strerror(errno));
	return ready_wait(server, server->milter, "mail.log", "mail_ready", why);
}

static int postfix_start(struct mail_server *server, int net_fd, char why[static 160])
{
	char log[MAIL_SERVER_PATH_BYTES], config[MAIL_SERVER_PATH_BYTES];
	char master[BESIDE_PATH_BYTES + 64], libraries[BESIDE_PATH_BYTES + 64];
	const struct program_place where = {.net_fd = net_fd, .log = mail_server_path(server, "postfix.log", log)};
	(void)snprintf(master, sizeof(master), "%s" INSTALLED, server->unpacked);
	(void)snprintf(libraries, sizeof(libraries), "LD_LIBRARY_PATH=%s/usr/lib/postfix", server->unpacked);
	(void)mail_server_path(server, "etc", config);
	const char *const argv[] = {"env", libraries, master, "-c", config, "-d", "-e", MASTER_LASTS_S, NULL};
	if (program_start(&where, argv, &server->postfix) != OK)
		return refuse(why, E_SYS, master, strerror(errno));
	int err = ready_wait(server, server->postfix, "maillog", "daemon started", why);
	if (err == OK)
		return OK;
	char said[SAID_BYTES];
	log_read(server, "postfix.log", said);
	return said[0] != '\0' ? refuse(why, err, "Postfix does not start", program_last_line(said)) : err;
}

int mail_server_open(const struct mail_server_config *config, char why[static 160], struct mail_server *ret_server)
{
	char program[BESIDE_PATH_BYTES];
	struct accounts accounts;
	*ret_server = (struct mail_server){.milter = 0};
	if (!postfix_find(ret_server->unpacked))
		return refuse(why, E_UNSUPPORTED, "Postfix", "is neither installed nor unpacked beside this program");
	if (!beside_program("hinomi-mail", program))
		return refuse(why, E_UNSUPPORTED, "hinomi-mail", "is not installed beside this program");
	int err = accounts_find(&accounts, why);
	if (err == OK)
		err = place_make(config->directory, ret_server, why);
	if (err != OK)
		return err;
	if (folders_make(ret_server, &accounts) != OK || postfix_main_write(ret_server, &accounts, config->is_v4) != OK ||
		postfix_master_write(ret_server) != OK || milter_config_write(ret_server) != OK)
		return refuse(why, E_SYS, config->directory, strerror(errno));
	err = past_learn(ret_server, program, config->now_wall_ms, why);
	if (err == OK && milter_files_give(ret_server, &accounts) != OK)
		err = refuse(why, E_SYS, config->directory, strerror(errno));
	if (err == OK)
		err = milter_start(ret_server, config->net_fd, program, why);
	return err == OK ? postfix_start(ret_server, config->net_fd, why) : err;
}

const char *mail_server_gone(const struct mail_server *server)
{
	if (server->milter != 0 && !program_is_alive(server->milter))
		return "hinomi-mail is gone";
	return server->postfix != 0 && !program_is_alive(server->postfix) ? "Postfix is gone" : NULL;
}

void mail_server_stop(struct mail_server *server)
{
	(void)program_stop(&server->postfix);
	(void)program_stop(&server->milter);
}

void mail_server_close(struct mail_server *server)
{
	mail_server_stop(server);
	if (server->place[0] == '\0')
		return;
	(void)umount2(server->place, MNT_DETACH);
	(void)rmdir(server->place);
	server->place[0] = '\0';
}
