/* Any bytes as a configuration: never a crash, and every refusal says why on one line. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/conf.h"

struct values {
	char text[16];
	uint64_t size_bytes;
	bool truth;
	int choice;
};

static const char *open_section(void *root, const char *title, void **ret_into)
{
	*ret_into = root;
	return title[0] == 'x' ? "may not begin with x" : NULL;
}

static const char *set_texts(void *into, const struct conf_option *option, const char *value)
{
	return value != NULL ? conf_set_text(into, option, value) : NULL;
}

static const char *const choices[] = {"", "red", "blue", NULL};
static const struct conf_option options[] = {
	{.name = "text", .set = set_texts, .offset = offsetof(struct values, text), .is_list = true, .max = 16},
	{.name = "size", .set = conf_set_units, .offset = offsetof(struct values, size_bytes), .unit = UNIT_BYTES},
	{.name = "truth", .set = conf_set_bool, .offset = offsetof(struct values, truth)},
	{.name = "choice", .set = conf_set_choice, .offset = offsetof(struct values, choice), .choices = choices},
};
static const struct conf_section sections[] = {
	{"titled", true, open_section, options, ARRAY_LEN(options)},
	{"plain", false, open_section, options, ARRAY_LEN(options)},
};
static const struct conf_schema schema = {options, ARRAY_LEN(options), sections, ARRAY_LEN(sections)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes)
{
	struct values values = {0};
	char complaint[CONF_COMPLAINT_BYTES] = "";
	int err = conf_parse(&schema, "fuzz", (const char *)data, length_bytes, &values, complaint);
	ASSERT((err == OK) == (complaint[0] == '\0'));
	ASSERT(strchr(complaint, '\n') == NULL && strlen(values.text) < sizeof(values.text));
	return 0;
}
