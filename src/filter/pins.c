/*
 * Pins: bpf(2), BPF_OBJ_PIN and BPF_OBJ_GET.
 *
 * A pin is as good as its file's permissions: whoever can open the map of
 * rules for writing drops what he likes, and whoever can remove the link's
 * file lets everything pass. So directory and files must be ours or root's,
 * and writable by nobody else; the kernel makes pins with mode 0600.
 */
#include "filter/pins.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define PATH_BYTES (PIN_DIRECTORY_BYTES + 20)

static const char *const pin_names[PIN_COUNT] = {"policy", "state", "samples", "root", "tables", "prefixes", "sources", "rows",
	"buckets", "window", "protected", "source_meters", "tallies", "buckets_read", "program", "link"};

static const char *pin_path(const char *directory, enum pin pin, char ret_path[static PATH_BYTES])
{
	(void)snprintf(ret_path, PATH_BYTES, "%.*s/%s", PIN_DIRECTORY_BYTES, directory, pin_names[pin]);
	return ret_path;
}

/** Ours or root's, and without these permissions for others. */
static bool is_private(const struct stat *about, mode_t forbidden)
{
	return (about->st_uid == geteuid() || about->st_uid == 0) && (about->st_mode & forbidden) == 0;
}

int pins_prepare(const char *directory, char ret_why[static WHY_BYTES])
{
	struct statfs system;
	struct stat about;
	if (strlen(directory) >= PIN_DIRECTORY_BYTES)
		return why_refuse(ret_why, E_CONFIG, "pin directory", "the name is too long");
	bool is_new = mkdir(directory, 0700) == 0;
	if (statfs(directory, &system) != 0 || lstat(directory, &about) != 0)
		return why_refuse_errno(ret_why, directory, "pin directory");
	if (system.f_type != BPF_FS_MAGIC) {
		if (is_new)
			(void)rmdir(directory);
		return why_refuse(ret_why, E_CONFIG, directory, "not in a BPF file system (mount -t bpf bpf /sys/fs/bpf)");
	}
	if (!S_ISDIR(about.st_mode) || !is_private(&about, S_IWGRP | S_IWOTH))
		return why_refuse(ret_why, E_DENIED, directory, "others may change what is pinned here: chown and chmod 0700 it first");
	return OK;
}

int pins_open(const char *directory, int ret_fds[static PIN_COUNT], char ret_why[static WHY_BYTES])
{
	char path[PATH_BYTES];
	struct stat about;
	int fds[PIN_COUNT], err = OK;
	memset(fds, 0xff, sizeof(fds));
	for (enum pin pin = PIN_COUNT; err == OK && pin-- > PIN_POLICY;) {
		fds[pin] = bpf_obj_get(pin_path(directory, pin, path));
		if (fds[pin] < 0)
			err = errno == ENOENT ? E_END : errno == EPERM || errno == EACCES
				? why_refuse(ret_why, E_DENIED, directory, "no permission to open what is pinned here")
				: why_refuse_errno(ret_why, path, "opening a pin");
		else if (lstat(path, &about) != 0)
			err = why_refuse_errno(ret_why, path, "opening a pin");
		else if (!is_private(&about, S_IRWXG | S_IRWXO))
			err = why_refuse(ret_why, E_DENIED, path, "others may open this pin: chown and chmod 0600 it first");
	}
	if (err == OK)
		memcpy(ret_fds, fds, sizeof(fds));
	else
		pins_close(fds);
	return err;
}

int pins_make(const char *directory, const int fds[static PIN_COUNT], char ret_why[static WHY_BYTES])
{
	char path[PATH_BYTES];
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++) {
		if (bpf_obj_pin(fds[pin], pin_path(directory, pin, path)) == 0)
			continue;
		int err = why_refuse_errno(ret_why, path, "pinning");
		(void)pins_remove(directory);
		return err;
	}
	return OK;
}

int pins_replace_link(const char *directory, int link_fd)
{
	char path[PATH_BYTES];
	(void)unlink(pin_path(directory, PIN_LINK, path));
	return bpf_obj_pin(link_fd, path) == 0 ? OK : E_SYS;
}

ino_t pins_identity(const char *directory)
{
	char path[PATH_BYTES];
	struct stat about;
	return directory[0] != '\0' && lstat(pin_path(directory, PIN_PROGRAM, path), &about) == 0 ? about.st_ino : 0;
}

bool pins_remove(const char *directory)
{
	char path[PATH_BYTES];
	int failed = 0;
	for (enum pin pin = PIN_COUNT; pin-- > PIN_POLICY;) {
		if (unlink(pin_path(directory, pin, path)) != 0 && errno != ENOENT)
			failed = errno;
	}
	errno = failed;
	return failed == 0;
}

void pins_close(int fds[static PIN_COUNT])
{
	for (enum pin pin = PIN_POLICY; pin < PIN_COUNT; pin++) {
		if (fds[pin] >= 0)
			(void)close(fds[pin]);
		fds[pin] = -1;
	}
}
