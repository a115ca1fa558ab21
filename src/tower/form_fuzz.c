/* Fuzz target: bodies of requests. What a form takes is within its bounds; what it refuses it names in one line. */
#include <string.h>

#include "record/document.h"
#include "tower/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static union {
		struct show_contacts contacts;
		struct show_keys keys;
		struct show_assets assets;
	} into;
	static const struct field *const forms[] = {&show_contacts_form, &show_keys_form, &show_assets_form};
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	json_t *value = json_loadb((const char *)data, size_bytes, JSON_REJECT_DUPLICATES, NULL);
	for (size_t i = 0; value != NULL && i < ARRAY_LEN(forms); i++) {
		memset(&into, 0, sizeof(into));
		complaint[0] = '\0';
		if (document_read(forms[i], value, &into, complaint) != OK) {
			ASSERT(complaint[0] != '\0' && strchr(complaint, '\n') == NULL);
			continue;
		}
		ASSERT(i != 0 || into.contacts.count <= MEMBER_CONTACTS_MAX);
		ASSERT(i != 1 || into.keys.count <= MEMBER_KEYS_MAX);
		ASSERT(i != 2 || into.assets.count <= SHOW_ASSETS_MAX);
	}
	json_decref(value);
	return 0;
}
