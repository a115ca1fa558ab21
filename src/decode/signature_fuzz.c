/* Fuzzes signature_of(): four bytes of ports, two of payload length, then the payload. */
#include "decode/signature.h"
#include "decode/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes < 6)
		return 0;
	enum signature found = signature_of(bytes + 6, length_bytes - 6, be16_at(bytes + 4), be16_at(bytes), be16_at(bytes + 2));
	ASSERT((unsigned)found < SIGNATURE_COUNT && signature_name(found)[0] != '\0');
	return 0;
}
