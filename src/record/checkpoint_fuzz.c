/* Fuzz target: a checkpoint that is read has one text, and none is believed that the log has not signed. */
#include <string.h>

#include "record/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const char log_key[] = "ledger.example/log+7cc83a9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
	static const char signed_text[] = "ledger.example/log\n1\n/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM=\n";
	static struct note note;
	struct checkpoint checkpoint;
	struct note_key key;
	char text[CHECKPOINT_TEXT_BYTES];
	if (checkpoint_parse((const char *)data, size_bytes, &checkpoint) == OK) {
		ASSERT(checkpoint_write(&checkpoint, text) == size_bytes);
		ASSERT(memcmp(text, data, size_bytes) == 0);
	}
	ASSERT(note_key_parse(log_key, strlen(log_key), &key) == OK);
	if (checkpoint_open((const char *)data, size_bytes, &key, &checkpoint, &note) == OK) {
		checkpoint_write(&checkpoint, text);
		ASSERT(strcmp(text, signed_text) == 0);
	}
	return 0;
}
