/*
 * Proves that what is sealed is opened by the secret half alone, that halves are read as they are written, and that a
 * secret half which others could read, or which is something else, is refused with its reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/key.h"
#include "keys/seal.h"

static char directory[] = "/tmp/hinomi-seal-XXXXXX", path[64], other_path[64];

static void only_the_secret_half_opens(void **state)
{
	(void)state;
	struct seal_public public, other, again;
	struct seal_secret *secret = NULL, *stranger = NULL;
	const char *why = NULL;
	char text[SEAL_TEXT_BYTES], plain[] = "hana@example.org", opened[sizeof(plain)];
	uint8_t box[SEAL_BOX_BYTES(sizeof(plain))], second[sizeof(box)];
	assert_int_equal(seal_create(path, "desk", &public), OK);
	assert_int_equal(seal_create(path, "desk", &other), E_STATE);
	assert_int_equal(seal_create(other_path, "a desk", &other), E_MALFORMED);
	assert_int_equal(seal_create(other_path, "desk", &other), OK);
	assert_int_equal(seal_load(path, &secret, &why), OK);
	assert_int_equal(seal_load(other_path, &stranger, &why), OK);
	assert_memory_equal(secret->public.key, public.key, sizeof(public.key));
	assert_int_equal(seal_public_parse(seal_public_write(&public, text), &again), OK);
	assert_string_equal(again.name, "desk");
	assert_memory_equal(again.key, public.key, sizeof(public.key));
	seal_close(&public, plain, sizeof(plain), box);
	seal_close(&public, plain, sizeof(plain), second);
	assert_memory_not_equal(box, second, sizeof(box)); /* equal addresses are not seen to be equal */
	assert_int_equal(seal_open(secret, box, sizeof(box), opened), OK);
	assert_string_equal(opened, plain);
	assert_int_equal(seal_open(stranger, box, sizeof(box), opened), E_DENIED);
	assert_int_equal(seal_open(secret, box, sizeof(box) - 1, opened), E_DENIED);
	assert_int_equal(seal_open(secret, box, 0, opened), E_DENIED);
	box[50] ^= 1;
	assert_int_equal(seal_open(secret, box, sizeof(box), opened), E_DENIED);
	seal_free(secret);
	seal_free(stranger);
}

static void what_is_no_half_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "SEAL+", "SEAL+desk", "SEAL+desk+", "SEAL+desk+AAAA", "SEAL+a desk+",
		"SEAL+desk+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" /* low order */,
		"PRIVATE+SEAL+desk+BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
		"SEAL+desk+BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc= "};
	struct seal_public public;
	struct seal_secret *secret = NULL;
	struct note_key key;
	const char *why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(seal_public_parse(bad[i], &public), E_MALFORMED);
	assert_int_equal(key_create(path, "desk", NOTE_KEY_ED25519, &key), OK);
	assert_int_equal(seal_load(path, &secret, &why), E_MALFORMED); /* a key that signs */
	assert_string_equal(why, "is not the secret half of a sealing key");
	(void)unlink(path);
	assert_int_equal(seal_create(path, "desk", &public), OK);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(seal_load(path, &secret, &why), E_DENIED);
	assert_non_null(strstr(why, "0600"));
	(void)unlink(path);
	assert_int_equal(seal_load(path, &secret, &why), E_SYS);
	assert_string_equal(why, "does not exist");
	assert_null(secret);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/secret", directory);
	snprintf(other_path, sizeof(other_path), "%s/other", directory);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other_path);
	return 0;
}

static int tear_down(void **state)
{
	(void)clean(state);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(only_the_secret_half_opens, clean),
		cmocka_unit_test_teardown(what_is_no_half_is_refused, clean),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
