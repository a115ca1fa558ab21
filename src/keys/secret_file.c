/* One open, one check of what was opened, one read: what is looked at is what is read. */
#include "keys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** Writes all of it and has it on disk, with its directory's entry. */
static int file_fill(int fd, const char *path, const char *text)
{
	char place[4096];
	size_t length = strlen(text);
	int written = snprintf(place, sizeof(place), "%s", path);
	if (written < 0 || (size_t)written >= sizeof(place) || write(fd, text, length) != (ssize_t)length || fsync(fd) != 0)
		return E_SYS;
	int directory = open(dirname(place), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return E_SYS;
	int failed = fsync(directory);
	close(directory);
	return failed == 0 ? OK : E_SYS;
}

int secret_file_create(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return errno == EEXIST ? E_STATE : E_SYS;
	int err = file_fill(fd, path, text);
	if (err != OK)
		(void)unlink(path);
	close(fd);
	return err;
}

/** Whether a file is ours alone. */
static int file_check(int fd, const char **ret_why)
{
	struct stat state;
	if (fstat(fd, &state) != 0) {
		*ret_why = "cannot be looked at";
		return E_SYS;
	}
	*ret_why = !S_ISREG(state.st_mode) ? "is not a regular file"
		: state.st_uid != geteuid() ? "belongs to another user"
		: (state.st_mode & (S_IRWXG | S_IRWXO | S_IXUSR)) != 0 ? "others may read or change it: its mode must be 0600"
								       : NULL;
	return *ret_why == NULL ? OK : E_DENIED;
}

int secret_file_read(const char *path, char ret_text[static LIMIT_KEY_FILE_BYTES], size_t *ret_bytes,
	const char **ret_why)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		*ret_why = errno == ELOOP ? "is a symbolic link" : errno == ENOENT ? "does not exist" : "cannot be opened";
		return errno == ELOOP ? E_DENIED : E_SYS;
	}
	int err = file_check(fd, ret_why);
	ssize_t got = err == OK ? read(fd, ret_text, LIMIT_KEY_FILE_BYTES) : 0;
	close(fd);
	if (err != OK)
		return err;
	*ret_why = got < 0 ? "cannot be read" : "is not a private key";
	if (got < 0 || got == LIMIT_KEY_FILE_BYTES)
		return got < 0 ? E_SYS : E_MALFORMED;
	*ret_bytes = (size_t)got;
	if (got > 0 && ret_text[got - 1] == '\n')
		(*ret_bytes)--;
	return OK;
}
