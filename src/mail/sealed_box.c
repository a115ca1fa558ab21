/* In a box: a version of one byte, the pseudonym little end first, the finding's id, the address filled up with NULs. */
#include "mail/sealed_box.h"

#include <string.h>

#define VERSION 1

void sealed_box_close(const struct seal_public *public, const struct sealed_name *name, const char *address,
	uint8_t ret_box[static SEALED_BOX_BYTES])
{
	uint8_t plain[SEALED_PLAIN_BYTES] = {VERSION};
	size_t length_bytes = strnlen(address, MAIL_ADDRESS_BYTES - 1);
	for (size_t i = 0; i < 8; i++)
		plain[1 + i] = (uint8_t)(name->pseudonym >> 8 * i);
	memcpy(plain + 9, name->finding, SEALED_FINDING_BYTES);
	memcpy(plain + 9 + SEALED_FINDING_BYTES, address, length_bytes);
	seal_close(public, plain, sizeof(plain), ret_box);
	explicit_bzero(plain, sizeof(plain));
}

/** Whether a terminal shows an address as it is; the local part may be UTF-8 (RFC 6531), and that is shown by its bytes' turn. */
static bool is_address(const char *text, size_t length_bytes)
{
	for (size_t i = 0; i < length_bytes; i++) {
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f)
			return false;
	}
	return length_bytes > 0 && memchr(text, '@', length_bytes) != NULL;
}

int sealed_box_read(const uint8_t plain[static SEALED_PLAIN_BYTES], const struct sealed_name *name,
	const struct pseudonym_key *key, char ret_address[static MAIL_ADDRESS_BYTES])
{
	const char *address = (const char *)plain + 9 + SEALED_FINDING_BYTES;
	size_t length_bytes = strnlen(address, MAIL_ADDRESS_BYTES);
	uint64_t pseudonym = 0;
	if (plain[0] != VERSION || length_bytes == MAIL_ADDRESS_BYTES || !is_address(address, length_bytes))
		return E_MALFORMED;
	for (size_t i = 8; i > 0; i--)
		pseudonym = pseudonym << 8 | plain[i];
	if (pseudonym != name->pseudonym || memcmp(plain + 9, name->finding, SEALED_FINDING_BYTES) != 0 ||
		pseudonym_make(key, PSEUDONYM_ADDRESS, address, length_bytes) != pseudonym)
		return E_DENIED;
	memcpy(ret_address, address, length_bytes + 1);
	return OK;
}
