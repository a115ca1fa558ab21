/*
 * A fuzz target with a planted overflow: reads one byte past its input once
 * the input begins with "bell". If the fuzzer does not find it within a
 * minute, silence from the other targets proves nothing.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	static volatile uint8_t kept;
	if (length_bytes >= 4 && bytes[0] == 'b' && bytes[1] == 'e' && bytes[2] == 'l' && bytes[3] == 'l')
		kept = bytes[length_bytes];
	(void)kept;
	return 0;
}
