/*
 * Private keys in files, in the form of C2SP and Go notes:
 * PRIVATE+KEY+NAME+ID+BASE64(type and seed). One file, one key; nobody but
 * its owner may read it, and the owner must be the user that loads it.
 *
 * In memory a key has pages of its own that are neither swapped nor dumped,
 * and it is wiped when it is freed.
 */
#pragma once

#include "record/note.h"

#define KEY_SECRET_BYTES 64 /* libsodium's form: seed and public key */

struct key {
	struct note_key public; /* what others verify with */
	uint8_t secret[KEY_SECRET_BYTES];
};

/**
 * Makes a new key and its file, which must not be there yet.
 *
 * @param path of the file; it gets mode 0600 and is on disk when this returns
 * @param name of the key
 * @param type NOTE_KEY_ED25519, or NOTE_KEY_COSIGNATURE for a witness
 * @param ret_public filled on OK
 * @return OK; E_MALFORMED: the name; E_STATE: the file exists; E_SYS
 */
MUST_USE int key_create(const char *path, const char *name, enum note_key_type type, struct note_key *ret_public);

/**
 * Loads a key.
 *
 * @param path of a regular file of ours with mode 0600 or 0400; symbolic links are not followed
 * @param ret_key the caller's, to be freed with key_free()
 * @param ret_why what is wrong, in words: static text, filled unless OK
 * @return OK, E_MALFORMED (not a key), E_UNSUPPORTED (of another type), E_DENIED (others could read or change it), E_NOMEM or
 * E_SYS
 */
MUST_USE int key_load(const char *path, struct key **ret_key, const char **ret_why);

/** Wipes and frees a key; NULL is fine. */
void key_free(struct key *key);
