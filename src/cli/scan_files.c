/* Which arguments are files is told without knowing all options: those of mails are hinomi-mail's. */
#include "cli/scan_files.h"

#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "decode/format.h"

/** What is in a regular file; FORMAT_OTHER where it cannot be read. */
static enum format look(const char *path)
{
	char bytes[FORMAT_LOOK_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return FORMAT_OTHER;
	ssize_t got = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	return got > 0 ? format_of_bytes(bytes, (size_t)got) : FORMAT_OTHER;
}

static int capture_add(struct scan_files *files, const char *path)
{
	if (files->capture_count == SCAN_CAPTURES_MAX)
		return E_LIMIT;
	if (asprintf(&files->captures[files->capture_count], "%s", path) < 0)
		return E_NOMEM;
	files->capture_count++;
	return OK;
}

static int by_name(const FTSENT **left, const FTSENT **right)
{
	return strcmp((*left)->fts_name, (*right)->fts_name);
}

/** Adds the captures of a directory; says whether it has mails. */
static int directory_sort(struct scan_files *files, char *path, bool *ret_has_mails)
{
	char *const paths[] = {path, NULL};
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	int err = walk == NULL ? E_NOMEM : OK;
	for (FTSENT *entry; err == OK && (entry = fts_read(walk)) != NULL;) {
		bool is_below = entry->fts_level > 0;
		if (is_below && entry->fts_info == FTS_D && (entry->fts_level >= LIMIT_FILES_DEPTH || entry->fts_name[0] == '.' ||
			strcmp(entry->fts_name, "tmp") == 0)) {
			(void)fts_set(walk, entry, FTS_SKIP);
		} else if (is_below && entry->fts_info == FTS_F && entry->fts_name[0] != '.') {
			enum format format = look(entry->fts_path);
			*ret_has_mails = *ret_has_mails || format == FORMAT_MAIL;
			if (format == FORMAT_CAPTURE || format == FORMAT_FLOWS)
				err = capture_add(files, entry->fts_path);
		}
	}
	if (walk != NULL)
		(void)fts_close(walk);
	return err;
}

static int file_sort(struct scan_files *files, char *path)
{
	struct stat about;
	bool is_there = stat(path, &about) == 0;
	if (is_there && S_ISDIR(about.st_mode)) {
		size_t before = files->capture_count;
		bool has_mails = false;
		int err = directory_sort(files, path, &has_mails);
		if (has_mails || files->capture_count == before)
			files->mails[files->mail_count++] = path;
		return err;
	}
	/* A pipe is not even opened: its writer would lose his reader. */
	if (is_there && S_ISREG(about.st_mode) && look(path) == FORMAT_MAIL) {
		files->mails[files->mail_count++] = path;
		return OK;
	}
	return capture_add(files, path);
}

/** Whether a value of its own follows an option: of all but these. */
static bool has_value(const char *option)
{
	static const char *const bare[] = {"--json", "--fingerprint", "--no-progress", "--help", "-h"};
	for (size_t i = 0; i < ARRAY_LEN(bare); i++) {
		if (strcmp(option, bare[i]) == 0)
			return false;
	}
	return strchr(option, '=') == NULL;
}

int scan_files_sort(char **argv, struct scan_files *ret_files)
{
	size_t count = 0;
	while (argv[count] != NULL)
		count++;
	*ret_files = (struct scan_files){.options = calloc(count + 1, sizeof(char *)), .mails = calloc(count + 1, sizeof(char *)),
		.captures = calloc(SCAN_CAPTURES_MAX + 1, sizeof(char *))};
	int err = ret_files->options != NULL && ret_files->mails != NULL && ret_files->captures != NULL ? OK : E_NOMEM;
	bool only_files = false;
	for (size_t at = 1; err == OK && at < count; at++) {
		bool is_option = !only_files && argv[at][0] == '-' && argv[at][1] != '\0';
		if (is_option && strcmp(argv[at], "--") == 0) {
			only_files = true;
		} else if (is_option) {
			ret_files->options[ret_files->option_count++] = argv[at];
			if (has_value(argv[at]) && at + 1 < count)
				ret_files->options[ret_files->option_count++] = argv[++at];
		} else if (!only_files && strcmp(argv[at], "-") == 0) {
			err = capture_add(ret_files, "/dev/stdin"); /* never overtakes what is still to be read */
		} else {
			err = file_sort(ret_files, argv[at]);
		}
	}
	return err;
}

void scan_files_done(struct scan_files *files)
{
	for (size_t i = 0; i < files->capture_count; i++)
		free(files->captures[i]);
	free(files->captures);
	free(files->mails);
	free(files->options);
	*files = (struct scan_files){0};
}
