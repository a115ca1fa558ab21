/*
 * Proves that the reader of the address database answers as libloc itself does (skipped where the database is not
 * installed), that a small database made here is read, and that damaged ones are refused or harmless.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libloc/database.h>
#include <libloc/libloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/random.h"
#include "intel/database.h"

#define DATABASE_PATH "/var/lib/location/database.db"
#define QUESTIONS 200000

static void database_agrees_with_libloc(void **state)
{
	(void)state;
	struct database *database = NULL;
	struct loc_ctx *context = NULL;
	struct loc_database *library = NULL;
	struct random rng;
	size_t answered = 0;
	FILE *file = fopen(DATABASE_PATH, "re");
	if (file == NULL)
		skip();
	assert_int_equal(loc_new(&context), 0);
	assert_int_equal(loc_database_new(context, &library, file), 0);
	assert_int_equal(database_open(DATABASE_PATH, &database), OK);
	random_init(&rng, 7);
	for (size_t i = 0; i < QUESTIONS; i++) {
		struct ip_addr addr = ip_from_v4((uint32_t)random_next(&rng));
		if ((i & 3) == 0)
			addr = (struct ip_addr){.be64 = {__builtin_bswap64(UINT64_C(0x2400000000000000) |
				(random_next(&rng) & random_next(&rng) & UINT64_C(0x06ffffffff000000))), random_next(&rng)}};
		struct in6_addr asked;
		struct loc_network *network = NULL;
		memcpy(&asked, addr.bytes, sizeof(asked));
		(void)loc_database_lookup(library, &asked, &network);
		struct origin ours = database_find(database, &addr);
		const char *country = network != NULL ? loc_network_get_country_code(network) : "";
		assert_string_equal(ours.country, country);
		assert_int_equal(ours.asn, network != NULL ? loc_network_get_asn(network) : 0);
		if (network != NULL) {
			answered++;
			loc_network_unref(network);
		}
	}
	assert_in_range(answered, QUESTIONS / 2, QUESTIONS - 1);
	database_close(database);
	loc_database_unref(library);
	loc_unref(context);
	(void)fclose(file);
}

struct image {
	uint8_t bytes[1024];
	size_t length_bytes;
};

static void put32(struct image *image, size_t at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		image->bytes[at + i] = (uint8_t)(value >> (24 - 8 * i));
}

#define NETWORKS_AT 100
#define TREE_AT 200

/** Two networks: ::/1 in JP of AS 64500, and 4000::/2 inside it in US of AS 64501. */
static struct image image_make(void)
{
	struct image image = {.length_bytes = 300};
	static const uint8_t magic[] = "LOCDBXX\1";
	memcpy(image.bytes, magic, 8);
	put32(&image, 36, NETWORKS_AT);
	put32(&image, 40, 24);
	put32(&image, 44, TREE_AT);
	put32(&image, 48, 36);
	memcpy(&image.bytes[NETWORKS_AT], "JP", 2);
	put32(&image, NETWORKS_AT + 4, 64500);
	memcpy(&image.bytes[NETWORKS_AT + 12], "US", 2);
	put32(&image, NETWORKS_AT + 16, 64501);
	static const uint32_t nodes[3][3] = {{1, 0, UINT32_MAX}, {0, 2, 0}, {0, 0, 1}};
	for (size_t i = 0; i < 9; i++)
		put32(&image, TREE_AT + i * 4, nodes[i / 3][i % 3]);
	return image;
}

/** Writes the image to a file without a name and opens it. */
static int image_open(const struct image *image, struct database **ret_database)
{
	char path[] = "/tmp/database_test.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image->bytes, image->length_bytes), image->length_bytes);
	(void)close(fd);
	int err = database_open(path, ret_database);
	(void)unlink(path);
	return err;
}

struct seen {
	size_t count;
	uint8_t bits[4];
	char countries[4][3];
	int answer;
};

static int see(void *arg, const struct ip_prefix *prefix, const struct origin *network)
{
	struct seen *seen = arg;
	if (seen->count < 4) {
		seen->bits[seen->count] = prefix->bits;
		memcpy(seen->countries[seen->count], network->country, 3);
	}
	seen->count++;
	return seen->answer;
}

static void a_small_database_is_read(void **state)
{
	(void)state;
	struct image image = image_make();
	struct database *database = NULL;
	struct seen seen = {0};
	struct ip_addr jp, us, none;
	assert_int_equal(image_open(&image, &database), OK);
	assert_int_equal(ip_parse("2001:db8::1", &jp), OK);
	assert_int_equal(ip_parse("4001::1", &us), OK);
	assert_int_equal(ip_parse("8000::", &none), OK);
	assert_string_equal(database_find(database, &jp).country, "JP");
	assert_string_equal(database_find(database, &us).country, "US");
	assert_int_equal(database_find(database, &us).asn, 64501);
	assert_string_equal(database_find(database, &none).country, "");
	assert_int_equal(database_walk(database, see, &seen), OK);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.bits[0], 1);
	assert_int_equal(seen.bits[1], 2);
	assert_string_equal(seen.countries[1], "US");
	seen = (struct seen){.answer = E_LIMIT};
	assert_int_equal(database_walk(database, see, &seen), E_LIMIT);
	assert_int_equal(seen.count, 1);
	database_close(database);
}

static void damage_is_refused(void **state)
{
	(void)state;
	struct database *database = NULL;
	for (size_t at = 0; at < 8; at++) {
		struct image image = image_make();
		image.bytes[at] ^= 1;
		assert_int_equal(image_open(&image, &database), E_UNSUPPORTED);
	}
	for (size_t length = 0; length < TREE_AT + 36; length += 4) {
		struct image image = image_make();
		image.length_bytes = length;
		assert_int_equal(image_open(&image, &database), E_UNSUPPORTED);
	}
	struct image image = image_make();
	image.length_bytes = TREE_AT + 36;
	assert_int_equal(image_open(&image, &database), OK);
	database_close(database);
	image = image_make();
	put32(&image, 48, 11); /* no whole node */
	assert_int_equal(image_open(&image, &database), E_UNSUPPORTED);
	assert_int_equal(database_open("/nonexistent/database.db", &database), E_SYS);
	assert_int_equal(database_open("/tmp", &database), E_UNSUPPORTED);
	database_close(NULL);
}

static void damaged_trees_end(void **state)
{
	(void)state;
	static const uint32_t nodes[][3][3] = {
		{{1, 1, 0}, {1, 1, 0}, {1, 1, 0}}, /* goes round */
		{{1, 1, 0}, {2, 2, 0}, {2, 2, 0}}, /* goes round below */
		{{9, 9, 0}, {0, 0, 0}, {0, 0, 0}}, /* leads out of the file */
	};
	struct ip_addr addr = ip_from_v4(0xc0000201);
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		struct image image = image_make();
		struct database *database = NULL;
		struct seen seen = {0};
		for (size_t k = 0; k < 9; k++)
			put32(&image, TREE_AT + k * 4, nodes[i][k / 3][k % 3]);
		assert_int_equal(image_open(&image, &database), OK);
		(void)database_find(database, &addr);
		assert_int_equal(database_walk(database, see, &seen), E_MALFORMED);
		database_close(database);
	}
	struct image image = image_make();
	struct database *database = NULL;
	put32(&image, TREE_AT + 20, 77); /* a network that is not there: unknown */
	assert_int_equal(image_open(&image, &database), OK);
	assert_string_equal(database_find(database, &addr).country, "");
	database_close(database);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_database_is_read),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(damaged_trees_end),
		cmocka_unit_test(database_agrees_with_libloc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
