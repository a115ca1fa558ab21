/*
 * Sealing: who has the public half can close a box, and only who has the secret half can open it again (libsodium's
 * crypto_box_seal: X25519, XSalsa20 and Poly1305). What a mail host keeps for a re-identification is sealed so, and the
 * secret half is not there (mail/sealed.h).
 *
 * A public half is text, SEAL+NAME+BASE64; a secret half is a file, PRIVATE+SEAL+NAME+BASE64, under key.h's rules. A box
 * says nothing about who closed it.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "record/note.h"

#define SEAL_KEY_BYTES 32 /* X25519 */
#define SEAL_TEXT_BYTES (5 + NOTE_NAME_BYTES + 1 + 45) /* a public half as text, with its NUL */
#define SEAL_BOX_BYTES(plain_bytes) ((plain_bytes) + 48) /* of a box over so many bytes */

struct seal_public {
	char name[NOTE_NAME_BYTES];
	uint8_t key[SEAL_KEY_BYTES];
};

struct seal_secret {
	struct seal_public public;
	uint8_t key[SEAL_KEY_BYTES];
};

/** Reads a public half. @return OK or E_MALFORMED */
MUST_USE int seal_public_parse(const char *text, struct seal_public *ret_public);

/** Writes what seal_public_parse() reads. @return ret_text */
char *seal_public_write(const struct seal_public *public, char ret_text[static SEAL_TEXT_BYTES]);

/**
 * Makes a pair and the file of its secret half, which must not be there yet.
 *
 * @param path of the file; it gets mode 0600 and is on disk when this returns
 * @param name as those of other keys
 * @param ret_public filled on OK
 * @return OK; E_MALFORMED: the name; E_STATE: the file exists; E_NOMEM or E_SYS
 */
MUST_USE int seal_create(const char *path, const char *name, struct seal_public *ret_public);

/** Loads a secret half, as key_load() loads a key. The caller's, to be freed with seal_free(). */
MUST_USE int seal_load(const char *path, struct seal_secret **ret_secret, const char **ret_why);

/** Wipes and frees; NULL is fine. */
void seal_free(struct seal_secret *secret);

/**
 * Closes a box.
 *
 * @param public half
 * @param plain what is to be in it
 * @param plain_bytes of plain
 * @param ret_box SEAL_BOX_BYTES(plain_bytes)
 */
void seal_close(const struct seal_public *public, const void *plain, size_t plain_bytes, uint8_t *ret_box);

/**
 * Opens one.
 *
 * @param secret half
 * @param box as it was kept: hostile
 * @param box_bytes of it
 * @param ret_plain room for box_bytes - SEAL_BOX_BYTES(0)
 * @return OK, or E_DENIED: it was not closed for this key, or it is damaged
 */
MUST_USE int seal_open(const struct seal_secret *secret, const uint8_t *box, size_t box_bytes, void *ret_plain);
