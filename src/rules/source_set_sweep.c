/*
 * One pass over the directory removes what is too old and remembers the rest;
 * what is left over the room goes after that, the oldest first.
 */
#include "rules/source_set_sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "rules/source_set.h"

#define DIGEST_TEXT_BYTES (2 * RULE_DIGEST_BYTES)

struct file {
	char name[SOURCE_SET_NAME_BYTES];
	int64_t changed_s;
	uint64_t length_bytes;
};

/** Whether a file is a set, "DIGEST.set", or a part of one that was never finished, ".DIGEST.set.PID". */
static bool is_set(const char *name, bool *ret_is_part)
{
	*ret_is_part = name[0] == '.';
	name += *ret_is_part;
	return strspn(name, "0123456789abcdef") == DIGEST_TEXT_BYTES && strncmp(name + DIGEST_TEXT_BYTES, ".set", 4) == 0 &&
		name[DIGEST_TEXT_BYTES + 4] == (*ret_is_part ? '.' : '\0');
}

static int older_first(const void *a, const void *b)
{
	const struct file *left = a, *right = b;
	return (left->changed_s > right->changed_s) - (left->changed_s < right->changed_s);
}

/** Looks at one entry of the directory: removes it, or puts it into the list. */
static void entry_take(int directory_fd, const char *name, int64_t kept_since_s, struct file *files, struct source_set_sweep *sweep)
{
	struct stat info;
	bool is_part = false;
	if (!is_set(name, &is_part) || fstatat(directory_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode))
		return;
	if (info.st_mtime < kept_since_s && unlinkat(directory_fd, name, 0) == 0) {
		sweep->removed++;
	} else {
		sweep->left_bytes += (uint64_t)info.st_size;
		if (!is_part && sweep->left < LIMIT_SOURCE_SET_FILES) {
			struct file *file = &files[sweep->left++];
			snprintf(file->name, sizeof(file->name), "%s", name);
			file->changed_s = info.st_mtime;
			file->length_bytes = (uint64_t)info.st_size;
		}
	}
}

int source_set_sweep(int directory_fd, const struct source_set_sweep_config *config, int64_t now_wall_s,
	struct source_set_sweep *ret_sweep)
{
	struct source_set_sweep sweep = {0};
	struct file *files = calloc(LIMIT_SOURCE_SET_FILES, sizeof(*files));
	int fd = files != NULL ? openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	if (directory == NULL) {
		if (fd >= 0)
			close(fd);
		int err = files != NULL ? E_SYS : E_NOMEM;
		free(files);
		return err;
	}
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		entry_take(directory_fd, entry->d_name, now_wall_s - config->kept_s, files, &sweep);
	closedir(directory);
	size_t listed = sweep.left;
	qsort(files, listed, sizeof(*files), older_first);
	for (size_t i = 0; i < listed && sweep.left_bytes > config->room_bytes; i++) {
		if (files[i].changed_s >= now_wall_s - config->spared_s || unlinkat(directory_fd, files[i].name, 0) != 0)
			continue;
		sweep.removed++;
		sweep.left--;
		sweep.left_bytes -= files[i].length_bytes;
	}
	free(files);
	*ret_sweep = sweep;
	return OK;
}
