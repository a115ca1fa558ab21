/* Fuzz target: what pack_read() takes of any bytes, pack_write() packs into the same ones, whole and in both parts. */
#include <string.h>

#include "record/finding.h"
#include "record/pack.h"
#include "record/privacy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct finding finding;
	static uint8_t bytes[65536];
	static const enum pack_part parts[] = {PACK_WHOLE, PACK_OPEN, PACK_CLASSED};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (unsigned kind = FINDING_UNKNOWN; kind < FINDING_KIND_COUNT; kind += FINDING_SCAN) { /* the two forms there are */
			size_t length = 0;
			memset(&finding, 0, sizeof(finding));
			if (pack_read(&finding_document, parts[i], kind, data, size_bytes, &finding) != OK)
				continue;
			ASSERT(pack_write(&finding_document, parts[i], kind, &finding, bytes, sizeof(bytes), &length) == OK);
			ASSERT(length == size_bytes && memcmp(bytes, data, length) == 0);
		}
	}
	return 0;
}
