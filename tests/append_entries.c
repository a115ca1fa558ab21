/*
 * Fills a new log, for tests that read it with other people's code and for
 * bench/ledger: `append_entries DIR ENTRIES BATCH BYTES`.
 *
 * Makes DIR, DIR.key (private), DIR.vkey, and DIR.tlog-proof of the entry in
 * the middle, whose bytes are in DIR.entry. Entries have BYTES bytes; with 0
 * each has its own length, from 1 to the longest that there can be. Publishes
 * four times a second and at the end. Prints one line of NAME=NUMBER: among
 * them the longest time from an acknowledgement to its publication.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/log.h"
#include "core/clock.h"
#include "core/random.h"
#include "record/text.h"

#define BATCH_MAX 4096
#define PUBLISH_NS (250 * NS_PER_MS)

struct filling {
	struct log *log;
	uint64_t entries, batch, length_bytes;
	int64_t oldest_ns; /* acknowledgement of the oldest entry that is not published; 0: there is none */
	int64_t unpublished_longest_ns;
	int64_t append_longest_ns;
};

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "append_entries: %s: %s\n", what, why);
	exit(1);
}

static uint64_t number(const char *text, uint64_t most)
{
	uint64_t value = 0;
	if (text_number_parse(text, strlen(text), &value) != OK || value > most)
		fail(text, "is not such a number");
	return value;
}

/** The bytes of an entry: its index, and then what an attacker might like. */
static size_t entry_make(uint64_t index, uint64_t length_bytes, char *ret_entry)
{
	struct random rng;
	random_init(&rng, index);
	uint64_t most = index % 100 == 0 ? MERKLE_ENTRY_BYTES_MAX : 300;
	size_t length = length_bytes > 0 ? (size_t)length_bytes : 1 + (size_t)random_below(&rng, most);
	for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
		uint64_t word = at == 0 ? index : random_next(&rng);
		memcpy(ret_entry + at, &word, length - at < sizeof(word) ? length - at : sizeof(word));
	}
	return length;
}

static void publish(struct filling *filling)
{
	if (log_publish(filling->log) != OK)
		fail("publish", "failed");
	int64_t waited_ns = filling->oldest_ns > 0 ? clock_mono_ns() - filling->oldest_ns : 0;
	if (waited_ns > filling->unpublished_longest_ns)
		filling->unpublished_longest_ns = waited_ns;
	filling->oldest_ns = 0;
}

static void fill(struct filling *filling)
{
	static struct log_entry entries[BATCH_MAX];
	size_t room_bytes = filling->length_bytes > 0 ? (size_t)filling->length_bytes : MERKLE_ENTRY_BYTES_MAX;
	char *texts = malloc(BATCH_MAX * room_bytes);
	uint64_t first = 0;
	if (texts == NULL)
		fail("memory", "there is too little");
	while (log_entries(filling->log) < filling->entries) {
		uint64_t next = log_entries(filling->log), left = filling->entries - next;
		size_t count = (size_t)(left < filling->batch ? left : filling->batch);
		for (size_t i = 0; i < count; i++) {
			char *text = texts + i * room_bytes;
			entries[i] = (struct log_entry){text, entry_make(next + i, filling->length_bytes, text)};
		}
		int64_t begin_ns = clock_mono_ns();
		if (log_append(filling->log, entries, count, &first) != OK || first != next)
			fail("append", "failed");
		int64_t now_ns = clock_mono_ns();
		if (now_ns - begin_ns > filling->append_longest_ns)
			filling->append_longest_ns = now_ns - begin_ns;
		if (filling->oldest_ns == 0)
			filling->oldest_ns = now_ns;
		else if (now_ns - filling->oldest_ns > PUBLISH_NS)
			publish(filling);
	}
	publish(filling);
	free(texts);
}

static void file_write(const char *directory, const char *ending, const char *bytes, size_t length_bytes)
{
	char path[512];
	snprintf(path, sizeof(path), "%s.%s", directory, ending);
	FILE *file = fopen(path, "we");
	if (file == NULL || fwrite(bytes, 1, length_bytes, file) != length_bytes || fclose(file) != 0)
		fail(path, "cannot be written");
}

/** The proof of the entry in the middle, and that entry. */
static void middle_write(struct filling *filling, const char *directory)
{
	static char proof[PROOF_BYTES_MAX], entry[MERKLE_ENTRY_BYTES_MAX + 8];
	uint64_t middle = filling->entries / 2;
	size_t proof_bytes = 0;
	if (filling->entries == 0)
		return;
	if (log_prove(filling->log, middle, proof, sizeof(proof), &proof_bytes) != OK)
		fail("proof", "cannot be made");
	file_write(directory, "tlog-proof", proof, proof_bytes);
	size_t entry_bytes = entry_make(middle, filling->length_bytes, entry);
	file_write(directory, "entry", entry, entry_bytes);
}

int main(int argc, char **argv)
{
	char path[512], text[NOTE_VKEY_BYTES];
	struct filling filling = {.entries = 0};
	struct note_key public;
	struct key *key = NULL;
	struct log_recovery recovery;
	const char *why = NULL, *directory = argv[1];
	if (argc != 5)
		fail("usage", "append_entries DIR ENTRIES BATCH BYTES");
	filling.entries = number(argv[2], INT64_MAX);
	filling.batch = number(argv[3], BATCH_MAX);
	filling.length_bytes = number(argv[4], MERKLE_ENTRY_BYTES_MAX);
	snprintf(path, sizeof(path), "%s.key", directory);
	if (key_create(path, "ledger.example/log", NOTE_KEY_ED25519, &public) != OK || key_load(path, &key, &why) != OK)
		fail(path, "no key can be made");
	note_key_write(&public, text);
	file_write(directory, "vkey", text, strlen(text));
	if (log_create(directory, key) != OK || log_open(directory, key, &filling.log, &recovery, &why) != OK)
		fail(directory, "no log can be made");
	int64_t begin_ns = clock_mono_ns();
	fill(&filling);
	(void)printf("entries=%" PRIu64 " ns=%" PRId64 " cpu_ns=%" PRId64 " unpublished_longest_ns=%" PRId64
		     " append_longest_ns=%" PRId64 "\n",
		filling.entries, clock_mono_ns() - begin_ns, clock_cpu_ns(), filling.unpublished_longest_ns, filling.append_longest_ns);
	middle_write(&filling, directory);
	log_close(filling.log);
	key_free(key);
	return 0;
}
