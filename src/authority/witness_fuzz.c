/* Fuzz target: a request that is read, witness_request_write() writes back to the byte; an answer adds good lines or nothing. */
#include <string.h>

#include "authority/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void answer_try(const char *text, size_t length_bytes)
{
	static const char checkpoint[] = "ledger.example/log\n1\n/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM=\n\n"
					 "— ledger.example/log "
					 "fMg6nRnzBlfW+7PgnjWyxNS9zLVcQGG/0CnvUrzHbs8M4A8O0ijUnlmXFKp+n0U9/9sNDEISQIKL2PIKArJxgxxbHQw=\n";
	static const char key_text[] = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
	static char note[LIMIT_WITNESS_REQUEST_BYTES];
	static struct note parsed;
	struct note_key key;
	struct note_verdict verdict;
	size_t note_bytes = strlen(checkpoint);
	memcpy(note, checkpoint, note_bytes);
	ASSERT(note_key_parse(key_text, strlen(key_text), &key) == OK);
	if (witness_lines_take(text, length_bytes, &key, note, sizeof(note), &note_bytes) == OK) {
		ASSERT(note_parse(note, note_bytes, &parsed) == OK);
		ASSERT(note_verify(&parsed, &key, 1, &verdict) == OK && verdict.is_signed);
	} else {
		ASSERT(note_bytes == strlen(checkpoint));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct witness_request request;
	static char text[LIMIT_WITNESS_REQUEST_BYTES];
	size_t text_bytes = 0;
	answer_try((const char *)data, size_bytes);
	if (witness_request_parse((const char *)data, size_bytes, &request) != OK)
		return 0;
	ASSERT(witness_request_write(&request, text, sizeof(text), &text_bytes) == OK);
	ASSERT(text_bytes == size_bytes && memcmp(text, data, size_bytes) == 0);
	return 0;
}
