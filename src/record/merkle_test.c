/*
 * Proves hashes and proofs against RFC 6962: roots and a path that a program
 * in another language computed from its definitions, every proof of all small
 * trees, and that a proof with anything changed proves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "record/merkle.h"

#define TREE_MAX 70000

static struct merkle_hash leaves[TREE_MAX];

/** Reads any node by adding up its leaves. */
static int read_node(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	struct merkle_frontier frontier = {.entries = 0};
	uint64_t count = UINT64_C(1) << level, entries = *(const uint64_t *)context;
	assert_true((index + 1) * count <= entries); /* only complete subtrees are asked for */
	for (uint64_t i = 0; i < count; i++)
		merkle_frontier_add(&frontier, &leaves[index * count + i]);
	*ret_hash = frontier.left[level];
	return OK;
}

static int fail_to_read(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	(void)context, (void)level, (void)index, (void)ret_hash;
	return E_SYS;
}

static struct merkle_hash root_of(uint64_t entries)
{
	struct merkle_frontier frontier = {.entries = 0};
	struct merkle_hash root, again;
	for (uint64_t i = 0; i < entries; i++)
		merkle_frontier_add(&frontier, &leaves[i]);
	merkle_frontier_root(&frontier, &root);
	assert_int_equal(merkle_root(read_node, &entries, entries, &again), OK);
	assert_true(merkle_hash_equal(&root, &again));
	return root;
}

static void assert_hash(const struct merkle_hash *hash, const char *hex)
{
	char text[2 * MERKLE_HASH_BYTES + 1];
	assert_string_equal(sodium_bin2hex(text, sizeof(text), hash->bytes, MERKLE_HASH_BYTES), hex);
}

/** The entries and roots that implementations of RFC 6962 test with. */
static void roots_are_those_of_the_definition(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\0", "\x10", "\x20\x21", "\x30\x31", "@ABC", "PQRSTUVW", "`abcdefghijklmno"};
	static const size_t lengths[] = {0, 1, 1, 2, 2, 4, 8, 16};
	static const char *const roots[] = {
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		merkle_leaf(texts[i], lengths[i], &leaves[i]);
	for (uint64_t entries = 0; entries < ARRAY_LEN(roots); entries++) {
		struct merkle_hash root = root_of(entries);
		assert_hash(&root, roots[entries]);
	}
}

static void leaves_fill(void)
{
	for (size_t i = 0; i < TREE_MAX; i++) {
		char entry[32];
		int length = snprintf(entry, sizeof(entry), "entry %zu\n", i);
		merkle_leaf(entry, (size_t)length, &leaves[i]);
	}
}

static void seventy_thousand_entries_have_their_root_and_path(void **state)
{
	(void)state;
	static const char *const expected[] = {
		"b847db1aeeaf381d7b86030327861af16d33415b62d27a32bf95fd50699dc848",
		"2ea6a2d63be5642f07ca0e4e23fba8099deb28f9068074da33182098981c8409",
		"d8e790f73b181958827c4239bc5f43a8c9ec17bdb841eb84f2ddf7f8f6fdaca1",
		"decb2fd572d2829f5806c0cc6417c60ddba920361311f3ff8ef6be05ea7a344b",
		"7c929c4352562b8d1587616f4dfb8b7eda563523dbec81da9aefa5973b5677b0",
		"031b60e429cf0d30776287eb312a2d54864321a7abc214fe11866eb42930df06",
		"f18b0f155f2bfa2e46c6a0fd8b72c3a291abe92684ac08782af14fa21010c1b0",
		"927a4c285d14c10556475b00c6939a07d28d359980d6bd425222371eaebdcbb7",
		"a4a77746eb6491c862514c1037a1a6c56a5acb1cf67222f7a95c516518e8ad3b",
	};
	struct merkle_hash path[MERKLE_PATH_MAX], root;
	size_t count = 0;
	uint64_t entries = TREE_MAX;
	leaves_fill();
	root = root_of(entries);
	assert_hash(&root, "3f246524734d4d3856875ac2164044e1a75a7c872de76acfd4b26dac09b5bdc0");
	assert_int_equal(merkle_inclusion_make(read_node, &entries, entries - 1, entries, path, &count), OK);
	assert_int_equal(count, ARRAY_LEN(expected));
	for (size_t i = 0; i < count; i++)
		assert_hash(&path[i], expected[i]);
	assert_int_equal(merkle_inclusion_verify(&leaves[entries - 1], entries - 1, entries, path, count, &root), OK);
}

/** A proof with one hash changed, left out, doubled or with another place or entries proves nothing. */
static void inclusion_break(uint64_t index, uint64_t entries, const struct merkle_hash *root, struct merkle_hash *path,
	size_t count)
{
	const struct merkle_hash *leaf = &leaves[index];
	for (size_t i = 0; i < count; i++) {
		path[i].bytes[i] ^= 1;
		assert_int_equal(merkle_inclusion_verify(leaf, index, entries, path, count, root), E_DENIED);
		path[i].bytes[i] ^= 1;
	}
	path[count] = *leaf;
	assert_int_equal(merkle_inclusion_verify(leaf, index, entries, path, count + 1, root), E_DENIED);
	if (count > 0)
		assert_int_equal(merkle_inclusion_verify(leaf, index, entries, path, count - 1, root), E_DENIED);
	if (count > 0)
		assert_int_equal(merkle_inclusion_verify(leaf, index, entries, path + 1, count - 1, root), E_DENIED);
	for (uint64_t other = 0; other < entries + 2; other++)
		assert_int_equal(merkle_inclusion_verify(leaf, other, entries, path, count, root), other == index ? OK : E_DENIED);
	assert_int_equal(merkle_inclusion_verify(&leaves[index + 1], index, entries, path, count, root), E_DENIED);
}

static void every_entry_of_small_trees_is_proven(void **state)
{
	(void)state;
	struct merkle_hash path[MERKLE_PATH_MAX];
	size_t count = 0;
	leaves_fill();
	for (uint64_t entries = 1; entries <= 40; entries++) {
		struct merkle_hash root = root_of(entries);
		for (uint64_t index = 0; index < entries; index++) {
			assert_int_equal(merkle_inclusion_make(read_node, &entries, index, entries, path, &count), OK);
			assert_int_equal(merkle_inclusion_verify(&leaves[index], index, entries, path, count, &root), OK);
			inclusion_break(index, entries, &root, path, count);
		}
		assert_int_equal(merkle_inclusion_make(read_node, &entries, entries, entries, path, &count), E_STATE);
	}
}

static void consistency_break(uint64_t old_entries, const struct merkle_hash *old_root, uint64_t new_entries,
	const struct merkle_hash *new_root, struct merkle_hash *path, size_t count)
{
	struct merkle_hash other = *old_root;
	for (size_t i = 0; i < count; i++) {
		path[i].bytes[i] ^= 1;
		assert_int_equal(merkle_consistency_verify(old_entries, old_root, new_entries, new_root, path, count), E_DENIED);
		path[i].bytes[i] ^= 1;
	}
	path[count] = *new_root;
	assert_int_equal(merkle_consistency_verify(old_entries, old_root, new_entries, new_root, path, count + 1), E_DENIED);
	if (count > 0)
		assert_int_equal(merkle_consistency_verify(old_entries, old_root, new_entries, new_root, path, count - 1), E_DENIED);
	other.bytes[0] ^= 1;
	if (old_entries > 0)
		assert_int_equal(merkle_consistency_verify(old_entries, &other, new_entries, new_root, path, count), E_DENIED);
	other = *new_root;
	other.bytes[31] ^= 1;
	if (old_entries > 0)
		assert_int_equal(merkle_consistency_verify(old_entries, old_root, new_entries, &other, path, count), E_DENIED);
	if (old_entries < new_entries)
		assert_int_equal(merkle_consistency_verify(new_entries, new_root, old_entries, old_root, path, count), E_DENIED);
}

static void small_trees_are_consistent_with_all_before_them(void **state)
{
	(void)state;
	struct merkle_hash path[MERKLE_PATH_MAX];
	size_t count = 0;
	leaves_fill();
	for (uint64_t new_entries = 0; new_entries <= 40; new_entries++) {
		struct merkle_hash new_root = root_of(new_entries);
		for (uint64_t old_entries = 0; old_entries <= new_entries; old_entries++) {
			struct merkle_hash old_root = root_of(old_entries);
			assert_int_equal(merkle_consistency_make(read_node, &new_entries, old_entries, new_entries, path, &count), OK);
			assert_int_equal(merkle_consistency_verify(old_entries, &old_root, new_entries, &new_root, path, count), OK);
			consistency_break(old_entries, &old_root, new_entries, &new_root, path, count);
		}
		assert_int_equal(merkle_consistency_make(read_node, &new_entries, new_entries + 1, new_entries, path, &count), E_STATE);
	}
}

/** A log that rewrote an entry cannot show that it only grew. */
static void a_rewritten_entry_is_found_out(void **state)
{
	(void)state;
	struct merkle_hash path[MERKLE_PATH_MAX];
	uint64_t entries = 1000;
	size_t count = 0;
	leaves_fill();
	struct merkle_hash before = root_of(700);
	leaves[3].bytes[0] ^= 1;
	struct merkle_hash after = root_of(entries);
	assert_int_equal(merkle_consistency_make(read_node, &entries, 700, entries, path, &count), OK);
	assert_int_equal(merkle_consistency_verify(700, &before, entries, &after, path, count), E_DENIED);
}

static void what_cannot_be_read_is_told(void **state)
{
	(void)state;
	struct merkle_hash path[MERKLE_PATH_MAX], root;
	size_t count = 0;
	assert_int_equal(merkle_root(fail_to_read, NULL, 5, &root), E_SYS);
	assert_int_equal(merkle_inclusion_make(fail_to_read, NULL, 2, 5, path, &count), E_SYS);
	assert_int_equal(merkle_consistency_make(fail_to_read, NULL, 3, 5, path, &count), E_SYS);
}

static void tiles_have_the_paths_of_tlog_tiles(void **state)
{
	(void)state;
	static const struct {
		struct merkle_tile tile;
		const char *path;
	} tiles[] = {
		{{0, 0, 256}, "tile/0/000"},
		{{0, 1234067, 256}, "tile/0/x001/x234/067"},
		{{1, 999, 17}, "tile/1/999.p/17"},
		{{7, 1000, 1}, "tile/7/x001/000.p/1"},
		{{MERKLE_TILE_ENTRIES, 273, 112}, "tile/entries/273.p/112"},
		{{MERKLE_TILE_ENTRIES, INT64_MAX, 255}, "tile/entries/x009/x223/x372/x036/x854/x775/807.p/255"},
	};
	for (size_t i = 0; i < ARRAY_LEN(tiles); i++) {
		char path[MERKLE_TILE_PATH_BYTES];
		assert_string_equal(merkle_tile_path(&tiles[i].tile, path), tiles[i].path);
	}
}

/** C2SP tlog-tiles: the example of a tree of 70,000 entries. */
static void seventy_thousand_entries_have_their_tiles(void **state)
{
	(void)state;
	static const struct {
		unsigned level;
		uint64_t full;
		unsigned partial;
	} levels[] = {{0, 273, 112}, {1, 1, 17}, {2, 0, 1}, {3, 0, 0}, {7, 0, 0}, {MERKLE_TILE_ENTRIES, 273, 112}};
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		uint64_t full = UINT64_MAX;
		unsigned partial = UINT_MAX;
		merkle_tile_count(levels[i].level, TREE_MAX, &full, &partial);
		assert_int_equal(full, levels[i].full);
		assert_int_equal(partial, levels[i].partial);
	}
}

static void hashes_have_one_text(void **state)
{
	(void)state;
	struct merkle_hash hash, back;
	char text[MERKLE_HASH_TEXT_BYTES];
	merkle_leaf("x", 1, &hash);
	merkle_hash_write(&hash, text);
	assert_int_equal(merkle_hash_parse(text, strlen(text), &back), OK);
	assert_true(merkle_hash_equal(&hash, &back));
	assert_int_equal(merkle_hash_parse(text, strlen(text) - 1, &back), E_MALFORMED);
	static const char *const bad[] = {"", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA =",
		"_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(merkle_hash_parse(bad[i], strlen(bad[i]), &back), E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_the_definition),
		cmocka_unit_test(seventy_thousand_entries_have_their_root_and_path),
		cmocka_unit_test(every_entry_of_small_trees_is_proven),
		cmocka_unit_test(small_trees_are_consistent_with_all_before_them),
		cmocka_unit_test(a_rewritten_entry_is_found_out),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(tiles_have_the_paths_of_tlog_tiles),
		cmocka_unit_test(seventy_thousand_entries_have_their_tiles),
		cmocka_unit_test(hashes_have_one_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
