/*
 * A mail begins with a header field (RFC 5322 section 2.2): a name of printable
 * signs, a colon, and more of them below; an mbox with "From ". Captures begin
 * with a magic number that is no name.
 */
#include "cli/format.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_BYTES 4096
#define NAME_BYTES_MAX 64 /* of a header field's name */

/** A field's name with its colon, at the beginning of a line; times and addresses begin with digits. */
static bool is_field(const char *line, size_t length_bytes)
{
	size_t name = 0;
	while (name < length_bytes && name <= NAME_BYTES_MAX && (isalnum((unsigned char)line[name]) || line[name] == '-' ||
		line[name] == '_'))
		name++;
	return name > 0 && isalpha((unsigned char)line[0]) && name < length_bytes && line[name] == ':';
}

enum format format_of_bytes(const char *bytes, size_t length_bytes)
{
	static const char *const others[] = {"dn:", "version:", "BEGIN:"}; /* LDIF and vCard are no mails */
	if (length_bytes >= 5 && memcmp(bytes, "From ", 5) == 0)
		return FORMAT_MAIL;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (length_bytes >= strlen(others[i]) && memcmp(bytes, others[i], strlen(others[i])) == 0)
			return FORMAT_OTHER;
	}
	if (!is_field(bytes, length_bytes) || memchr(bytes, '\0', length_bytes) != NULL)
		return FORMAT_OTHER;
	/* The second line is a field, the rest of the first, or the end of the header. */
	const char *newline = memchr(bytes, '\n', length_bytes);
	size_t left = newline == NULL ? 0 : (size_t)(bytes + length_bytes - newline) - 1;
	bool goes_on = left > 0 && (strchr(" \t\r\n", newline[1]) != NULL || is_field(newline + 1, left));
	return newline != NULL && (left == 0 || goes_on) ? FORMAT_MAIL : FORMAT_OTHER;
}

enum format format_of_path(const char *path)
{
	char bytes[LOOK_BYTES];
	struct stat about;
	if (stat(path, &about) != 0 || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
		return FORMAT_OTHER; /* a pipe is not even opened: its writer would lose his reader */
	if (S_ISDIR(about.st_mode))
		return FORMAT_MAIL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return FORMAT_OTHER;
	ssize_t got = read(fd, bytes, sizeof(bytes));
	(void)close(fd);
	return got > 0 ? format_of_bytes(bytes, (size_t)got) : FORMAT_OTHER;
}
