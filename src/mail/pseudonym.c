/* BLAKE2b by libsodium: kind as the first byte, then the text; the first 8 bytes of the digest, little end first. */
#include "mail/pseudonym.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"

int pseudonym_key_load(const char *path, struct pseudonym_key *ret_key, char ret_why[static WHY_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return why_refuse_errno(ret_why, path, "cannot be opened");
	struct stat about;
	bool is_ours = fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 077) == 0 &&
		about.st_size == (off_t)sizeof(ret_key->bytes) &&
		read(fd, ret_key->bytes, sizeof(ret_key->bytes)) == (ssize_t)sizeof(ret_key->bytes);
	(void)close(fd);
	return is_ours ? OK : why_refuse(ret_why, E_CONFIG, path, "is no key of 32 bytes that only its owner may read");
}

int pseudonym_key_open(const char *path, struct pseudonym_key *ret_key, char ret_why[static WHY_BYTES])
{
	if (path == NULL) {
		random_bytes(ret_key->bytes, sizeof(ret_key->bytes));
		return OK;
	}
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return pseudonym_key_load(path, ret_key, ret_why);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_refuse_errno(ret_why, path, "cannot be made");
	random_bytes(ret_key->bytes, sizeof(ret_key->bytes));
	bool is_written = write(fd, ret_key->bytes, sizeof(ret_key->bytes)) == (ssize_t)sizeof(ret_key->bytes) && fsync(fd) == 0;
	(void)close(fd);
	return is_written ? OK : why_refuse_errno(ret_why, path, "cannot be written");
}

uint64_t pseudonym_make(const struct pseudonym_key *key, enum pseudonym_kind kind, const void *text, size_t length_bytes)
{
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES_MIN], first = (uint8_t)kind;
	uint64_t made = 0;
	if (length_bytes == 0)
		return 0;
	(void)crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), sizeof(digest));
	(void)crypto_generichash_update(&state, &first, 1);
	(void)crypto_generichash_update(&state, text, length_bytes);
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	for (size_t i = 8; i > 0; i--)
		made = made << 8 | digest[i - 1];
	return made == 0 ? 1 : made;
}
