/*
 * A mail begins with a header (RFC 5322 section 2.2): fields, each a name of
 * printable signs and a colon, of which one at least is a mail's; many other
 * files have such fields too. An mbox begins with "From ", captures with a
 * magic number that is no name.
 */
#include "decode/format.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "decode/capture.h"
#include "decode/nfdump.h"

#define NAME_BYTES_MAX 64 /* of a field */

/** Bytes of the field's name at the beginning of a line, without its colon; 0: none is there. Times begin with digits. */
static size_t field_name(const char *line, size_t length_bytes)
{
	size_t name = 0;
	while (name < length_bytes && name <= NAME_BYTES_MAX && (isalnum((unsigned char)line[name]) || line[name] == '-' ||
		line[name] == '_'))
		name++;
	return name > 0 && isalpha((unsigned char)line[0]) && name < length_bytes && line[name] == ':' ? name : 0;
}

static bool is_of_mail(const char *name, size_t length_bytes)
{
	static const char *const names[] = {"authentication-results", "bcc", "cc",
		"content-transfer-encoding", "content-type", "date", "delivered-to", "dkim-signature", "envelope-to", "from", "message-id",
		"mime-version", "received", "reply-to", "return-path", "sender", "subject", "to"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strlen(names[i]) == length_bytes && strncasecmp(names[i], name, length_bytes) == 0)
			return true;
	}
	return length_bytes > 2 && strncasecmp(name, "x-", 2) == 0;
}

/** What lines of fields, and of what goes on with them, are of. */
static enum format header_look(const char *bytes, size_t length_bytes)
{
	enum format format = FORMAT_OTHER;
	for (size_t at = 0; at < length_bytes && bytes[at] != '\n' && bytes[at] != '\r' && format != FORMAT_MAIL;) {
		size_t name = field_name(bytes + at, length_bytes - at);
		const char *newline = memchr(bytes + at, '\n', length_bytes - at);
		bool goes_on = at > 0 && (bytes[at] == ' ' || bytes[at] == '\t');
		if (newline == NULL || (name == 0 && !goes_on))
			break; /* the rest of this line lies beyond what is looked at; or it is no header */
		if (name > 0)
			format = is_of_mail(bytes + at, name) ? FORMAT_MAIL : FORMAT_FIELDS;
		at = (size_t)(newline - bytes) + 1;
	}
	return format;
}

enum format format_of_bytes(const char *bytes, size_t length_bytes)
{
	if (length_bytes > FORMAT_LOOK_BYTES)
		length_bytes = FORMAT_LOOK_BYTES;
	if (capture_format_of((const uint8_t *)bytes, length_bytes) != CAPTURE_UNKNOWN)
		return FORMAT_CAPTURE;
	if (nfdump_is((const uint8_t *)bytes, length_bytes))
		return FORMAT_FLOWS;
	if (length_bytes >= 5 && memcmp(bytes, "From ", 5) == 0)
		return FORMAT_MAIL;
	return header_look(bytes, length_bytes);
}
