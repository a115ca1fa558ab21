/*
 * Private keys: made from the kernel's randomness, written once, loaded by
 * the one process that signs. The file is
 *
 *     PRIVATE+KEY+NAME+ID+BASE64\n
 *
 * where BASE64 is of the type's byte and the 32 bytes of the Ed25519 seed,
 * and ID is that of the public key. Source: C2SP signed-note v1.0.0, and
 * golang.org/x/mod/sumdb/note, whose signers read these files.
 */
#include "authority/key.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/random.h"
#include "record/text.h"

#define PREFIX "PRIVATE+KEY+"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define SEED_BYTES crypto_sign_ed25519_SEEDBYTES
#define BLOB_BYTES (1 + SEED_BYTES)
#define ID_TEXT_BYTES ((size_t)2 * NOTE_KEY_ID_BYTES)

_Static_assert(KEY_SECRET_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "a secret is libsodium's");

/** Fills a key from its seed. */
static int key_make(const char *name, enum note_key_type type, const uint8_t seed[static SEED_BYTES], struct key *key)
{
	uint8_t public_key[NOTE_KEY_BYTES];
	int failed = crypto_sign_ed25519_seed_keypair(public_key, key->secret, seed);
	ASSERT(failed == 0);
	return note_key_make(name, type, public_key, &key->public);
}

/** A zeroed key in pages of its own; NULL: out of memory. */
static struct key *key_alloc(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct key *key = sodium_malloc(sizeof(*key));
	if (key != NULL)
		sodium_memzero(key, sizeof(*key));
	return key;
}

void key_free(struct key *key)
{
	sodium_free(key);
}

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

int key_create(const char *path, const char *name, enum note_key_type type, struct note_key *ret_public)
{
	char text[LIMIT_KEY_FILE_BYTES], id[ID_TEXT_BYTES + 1];
	char base64[sodium_base64_ENCODED_LEN(BLOB_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t blob[BLOB_BYTES] = {(uint8_t)type};
	struct key *key = key_alloc();
	if (key == NULL)
		return E_NOMEM;
	random_bytes(blob + 1, SEED_BYTES);
	int err = key_make(name, type, blob + 1, key), fd = -1;
	if (err != OK)
		goto out;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0) {
		err = errno == EEXIST ? E_STATE : E_SYS;
		goto out;
	}
	sodium_bin2hex(id, sizeof(id), key->public.id, NOTE_KEY_ID_BYTES);
	sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
	snprintf(text, sizeof(text), PREFIX "%s+%s+%s\n", name, id, base64);
	err = file_fill(fd, path, text);
	if (err == OK)
		*ret_public = key->public;
	else
		(void)unlink(path);
out:
	if (fd >= 0)
		close(fd);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(base64, sizeof(base64));
	sodium_memzero(blob, sizeof(blob));
	key_free(key);
	return err;
}

/** Reads the text of a key into memory that is the key's alone. */
static int key_parse(const char *text, size_t length_bytes, struct key *key)
{
	char name[NOTE_NAME_BYTES] = "", id[ID_TEXT_BYTES + 1];
	uint8_t blob[BLOB_BYTES];
	size_t blob_bytes = 0;
	int err = E_MALFORMED;
	if (length_bytes <= PREFIX_BYTES || memcmp(text, PREFIX, PREFIX_BYTES) != 0)
		return err;
	const char *at = text + PREFIX_BYTES, *end = text + length_bytes, *plus = memchr(at, '+', (size_t)(end - at));
	if (plus == NULL || !note_name_is_good(at, (size_t)(plus - at)) || (size_t)(end - plus) < ID_TEXT_BYTES + 2)
		return err;
	const char *base64 = plus + ID_TEXT_BYTES + 2;
	memcpy(name, at, (size_t)(plus - at));
	if (base64[-1] == '+' && text_base64_parse(base64, (size_t)(end - base64), blob, sizeof(blob), &blob_bytes) == OK &&
		blob_bytes == sizeof(blob)) {
		bool is_known = blob[0] == NOTE_KEY_ED25519 || blob[0] == NOTE_KEY_COSIGNATURE;
		err = is_known ? key_make(name, (enum note_key_type)blob[0], blob + 1, key) : E_UNSUPPORTED;
		sodium_bin2hex(id, sizeof(id), key->public.id, NOTE_KEY_ID_BYTES);
		if (err == OK && memcmp(id, plus + 1, ID_TEXT_BYTES) != 0)
			err = E_MALFORMED;
	}
	sodium_memzero(blob, sizeof(blob));
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

int key_load(const char *path, struct key **ret_key, const char **ret_why)
{
	char text[LIMIT_KEY_FILE_BYTES];
	struct key *key = NULL;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		*ret_why = errno == ELOOP ? "is a symbolic link" : errno == ENOENT ? "does not exist" : "cannot be opened";
		return errno == ELOOP ? E_DENIED : E_SYS;
	}
	int err = file_check(fd, ret_why);
	if (err != OK)
		goto out;
	ssize_t got = read(fd, text, sizeof(text));
	size_t length = got > 0 ? (size_t)got : 0;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	key = key_alloc();
	err = key == NULL ? E_NOMEM : got < 0 ? E_SYS : length == sizeof(text) ? E_MALFORMED : key_parse(text, length, key);
	*ret_why = err == E_UNSUPPORTED ? "is a key of a type that is not used here"
		: err == E_MALFORMED ? "is not a private key"
				     : "cannot be read";
out:
	close(fd);
	sodium_memzero(text, sizeof(text));
	if (err == OK)
		*ret_key = key;
	else
		key_free(key);
	return err;
}
