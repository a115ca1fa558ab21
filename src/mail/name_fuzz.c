/* Any bytes as a display name and as a host: never a crash, and as many forms as there is room for. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mail/brand.h"
#include "mail/host.h"
#include "mail/lookalike.h"
#include "mail/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes)
{
	char text[LETTERING_BYTES * 2], eye[LETTERING_BYTES];
	size_t length = length_bytes < sizeof(text) ? length_bytes : sizeof(text) - 1;
	struct name_forms forms = {.count = 0};
	struct mail_host host;
	struct lookalike of;
	memcpy(text, data, length);
	text[length] = '\0';
	name_forms_of_text(text, &forms);
	name_forms_of_person(text, text, &forms);
	name_eye(text, eye);
	ASSERT(forms.count <= NAME_FORMS_MAX && strlen(eye) < sizeof(eye));
	(void)lettering_traits(text);
	(void)brand_find(text);
	if (host_parse(text, length, &host) == OK && lookalike_init("kaiyo-forum.jp", &of) == OK)
		(void)lookalike_is(&of, &host);
	return 0;
}
