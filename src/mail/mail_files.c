/*
 * Files are mapped and not read: an mbox may be larger than memory. A mapped
 * file that is cut while it is read would end the process by SIGBUS, so files
 * are read whole up to FILE_READ_BYTES, and only larger ones mapped.
 */
#include "mail/mail_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "decode/format.h"

#define FILE_READ_BYTES 67108864 /* of memory for one file; a larger one is mapped */
struct walk {
	mail_taker *take;
	void *context;
	struct mail_files_counts *counts;
};

const char *mail_files_next(const char *text, size_t length_bytes, size_t *offset, size_t *ret_length_bytes)
{
	size_t at = *offset;
	if (at >= length_bytes)
		return NULL;
	if (length_bytes - at >= 5 && memcmp(text + at, "From ", 5) == 0) {
		const char *newline = memchr(text + at, '\n', length_bytes - at);
		at = newline == NULL ? length_bytes : (size_t)(newline - text) + 1;
	}
	const char *begin = text + at, *end = text + length_bytes;
	for (const char *look = begin; (look = memmem(look, (size_t)(end - look), "\nFrom ", 6)) != NULL; look++) {
		bool is_after_empty = look > begin && (look[-1] == '\n' || (look[-1] == '\r' && look - begin > 1 && look[-2] == '\n'));
		if (is_after_empty) {
			end = look + 1;
			break;
		}
	}
	*offset = (size_t)(end - text);
	*ret_length_bytes = (size_t)(end - begin);
	return begin;
}

static int bytes_take(struct walk *walk, const char *name, const char *text, size_t length_bytes)
{
	char numbered[4096];
	bool is_mbox = length_bytes >= 5 && memcmp(text, "From ", 5) == 0;
	size_t offset = 0, mail_bytes = length_bytes;
	int err = OK;
	if (!is_mbox) {
		walk->counts->mails++;
		return walk->take(walk->context, name, text, length_bytes);
	}
	const char *mail = mail_files_next(text, length_bytes, &offset, &mail_bytes);
	for (uint64_t number = 1; err == OK && mail != NULL; number++) {
		(void)snprintf(numbered, sizeof(numbered), "%s#%llu", name, (unsigned long long)number);
		walk->counts->mails++;
		err = walk->take(walk->context, numbered, mail, mail_bytes);
		mail = mail_files_next(text, length_bytes, &offset, &mail_bytes);
	}
	return err;
}

/** Whether a file that nobody named is no mail: captures and other things may lie beside mails. What is broken is told. */
static bool is_other(const char *name, const char *text, size_t length_bytes)
{
	const char *ending = strrchr(name, '.');
	enum format format = format_of_bytes(text, length_bytes);
	return format == FORMAT_CAPTURE || format == FORMAT_FLOWS ||
		(format == FORMAT_FIELDS && (ending == NULL || strcmp(ending, ".eml") != 0));
}

static int file_take(struct walk *walk, int fd, const char *name, size_t length_bytes, unsigned depth)
{
	if (length_bytes == 0 || length_bytes > LIMIT_MAIL_FILE_BYTES) {
		walk->counts->unreadable += length_bytes != 0;
		return OK;
	}
	bool is_mapped = length_bytes > FILE_READ_BYTES;
	char *mapped = is_mapped ? mmap(NULL, length_bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	char *copy = is_mapped ? NULL : malloc(length_bytes);
	if (mapped == MAP_FAILED || (mapped == NULL && copy == NULL)) {
		free(copy);
		return E_NOMEM;
	}
	size_t got = is_mapped ? length_bytes : 0;
	while (copy != NULL && got < length_bytes) {
		ssize_t more = read(fd, copy + got, length_bytes - got);
		if (more <= 0)
			break;
		got += (size_t)more;
	}
	const char *text = is_mapped ? mapped : copy;
	bool is_taken = depth == 0 || !is_other(name, text, got);
	walk->counts->files += is_taken;
	walk->counts->others += !is_taken;
	walk->counts->bytes += is_taken ? got : 0;
	int err = is_taken ? bytes_take(walk, name, text, got) : OK;
	if (is_mapped)
		(void)munmap(mapped, length_bytes);
	free(copy);
	return err;
}

static int path_walk(struct walk *walk, int directory, const char *entry, const char *name, unsigned depth);

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int directory_walk(struct walk *walk, int fd, const char *name, unsigned depth)
{
	struct dirent **entries = NULL;
	char path[4096];
	if (depth >= LIMIT_FILES_DEPTH)
		return OK;
	int count = scandirat(fd, ".", &entries, visible, alphasort);
	int err = OK;
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", name, entries[i]->d_name);
		if (err == OK && strcmp(entries[i]->d_name, "tmp") != 0) /* of a Maildir: not yet delivered */
			err = path_walk(walk, fd, entries[i]->d_name, path, depth + 1);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static int path_walk(struct walk *walk, int directory, const char *entry, const char *name, unsigned depth)
{
	struct stat about;
	int fd = openat(directory, entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (depth > 0 ? O_NOFOLLOW : 0));
	int err = OK;
	if (fd < 0 || fstat(fd, &about) != 0) {
		if (fd >= 0)
			(void)close(fd);
		walk->counts->unreadable++;
		return depth == 0 ? E_SYS : OK;
	}
	if (S_ISDIR(about.st_mode))
		err = directory_walk(walk, fd, name, depth);
	else if (S_ISREG(about.st_mode))
		err = file_take(walk, fd, name, (size_t)about.st_size, depth);
	(void)close(fd);
	return err;
}

int mail_files_read(const char *path, mail_taker *take, void *context, struct mail_files_counts *counts)
{
	struct walk walk = {.take = take, .context = context, .counts = counts};
	return path_walk(&walk, AT_FDCWD, path, path, 0);
}
