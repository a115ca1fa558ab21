/* Fuzz target: a note that is read is made of its text and its signature lines and nothing else; a key has one text. */
#include <stdio.h>
#include <string.h>

#include "record/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void key_try(const char *text, size_t length_bytes)
{
	struct note_key key;
	char back[NOTE_VKEY_BYTES];
	if (note_key_parse(text, length_bytes, &key) != OK)
		return;
	note_key_write(&key, back);
	ASSERT(strlen(back) == length_bytes && memcmp(back, text, length_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct note note;
	static const char log_key[] = "ledger.example/log+7cc83a9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
	static const char witness_key[] = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
	struct note_key keys[2];
	struct note_verdict verdicts[2];
	const char *text = (const char *)data;
	key_try(text, size_bytes);
	if (note_parse(text, size_bytes, &note) != OK)
		return 0;
	const char *at = note.text + note.text_bytes + 1;
	ASSERT(note.text == text && note.text_bytes > 0 && at[-1] == '\n' && at[-2] == '\n');
	for (size_t i = 0; i < note.signature_count; i++) {
		const struct note_signature *signature = &note.signatures[i];
		ASSERT(signature->name == at + 4 && signature->text == signature->name + signature->name_bytes + 1);
		at = signature->text + signature->text_bytes + 1;
	}
	ASSERT(at == text + size_bytes);
	ASSERT(note_key_parse(log_key, strlen(log_key), &keys[0]) == OK);
	ASSERT(note_key_parse(witness_key, strlen(witness_key), &keys[1]) == OK);
	(void)note_verify(&note, keys, 2, verdicts);
	return 0;
}
