/* Proves that a configuration fills its struct, and that each wrong one is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/conf.h"

struct door {
	char title[32];
	uint64_t wait_ms;
};

struct house {
	char name[8];
	bool is_open;
	int colour;
	uint64_t rooms;
	uint64_t heights[3];
	size_t height_count;
	struct door doors[2];
	size_t door_count;
};

static const char *set_height(void *into, const struct conf_option *option, const char *value)
{
	struct house *house = into;
	if (value == NULL) {
		house->height_count = 0;
		return NULL;
	}
	if (house->height_count == 3)
		return "too many heights";
	struct conf_option place = *option;
	place.offset = offsetof(struct house, heights) + house->height_count * sizeof(uint64_t);
	house->height_count++;
	return conf_set_units(into, &place, value);
}

static const char *open_door(void *root, const char *title, void **ret_into)
{
	struct house *house = root;
	if (house->door_count == 2)
		return "too many doors";
	struct door *door = &house->doors[house->door_count++];
	snprintf(door->title, sizeof(door->title), "%s", title);
	*ret_into = door;
	return NULL;
}

static const char *open_garden(void *root, const char *title, void **ret_into)
{
	(void)title;
	*ret_into = root;
	return NULL;
}

static const char *const colours[] = {"", "red", "blue", NULL};

static const struct conf_option house_options[] = {
	{.name = "name", .set = conf_set_text, .offset = offsetof(struct house, name), .max = 8},
	{.name = "open", .set = conf_set_bool, .offset = offsetof(struct house, is_open)},
	{.name = "colour", .set = conf_set_choice, .offset = offsetof(struct house, colour), .choices = colours},
	{.name = "rooms", .set = conf_set_units, .offset = offsetof(struct house, rooms), .min = 1, .max = 9},
	{.name = "heights", .set = set_height, .is_list = true, .unit = UNIT_BYTES},
};
static const struct conf_option door_options[] = {
	{.name = "wait", .set = conf_set_units, .offset = offsetof(struct door, wait_ms), .unit = UNIT_MS},
};
static const struct conf_section sections[] = {
	{"door", true, open_door, door_options, ARRAY_LEN(door_options)},
	{"garden", false, open_garden, NULL, 0},
};
static const struct conf_schema schema = {house_options, ARRAY_LEN(house_options), sections, ARRAY_LEN(sections)};

static void a_configuration_fills_its_struct(void **state)
{
	(void)state;
	static const char text[] = "# a house\nname=\"a\\\"b c\"\nopen = yes # or no\ncolour = blue\nrooms=3\n"
				   "heights = {1KiB, 2KiB,}\r\ndoor front { wait = 30s }\ndoor \"back door\" {}\ngarden { }\n#";
	struct house house = {.height_count = 3};
	char complaint[CONF_COMPLAINT_BYTES] = "";
	int err = conf_parse(&schema, "F", text, sizeof(text) - 1, &house, complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	assert_string_equal(house.name, "a\"b c");
	assert_true(house.is_open);
	assert_int_equal(house.colour, 2);
	assert_int_equal(house.rooms, 3);
	assert_int_equal(house.height_count, 2);
	assert_int_equal(house.heights[1], 2048);
	assert_int_equal(house.door_count, 2);
	assert_int_equal(house.doors[0].wait_ms, 30000);
	assert_string_equal(house.doors[1].title, "back door");
}

static void each_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{"# one\n# two\nnmae = x", "F:3: unknown option 'nmae'; known here: name, open, colour, rooms, heights, door, garden"},
		{"door a {\n wiat = 3s }", "F:2: unknown option 'wiat'; known here: wait"},
		{"door a {\n\n wait = 30 }", "F:3: wait = 30: must be a time with its unit, as in 30s or 250ms"},
		{"door a { wait = 30 s }", "F:1: wait = 30: must be a time with its unit, as in 30s or 250ms"},
		{"heights = {1KiB, 5}", "F:1: heights = 5: must be a size with its unit, as in 64MiB"},
		{"rooms = 3s", "F:1: rooms = 3s: must be a whole number without a unit, as in 4"},
		{"rooms = 10", "F:1: rooms = 10: must be 1 to 9"},
		{"rooms = 0", "F:1: rooms = 0: must be 1 to 9"},
		{"name = 12345678", "F:1: name = 12345678: is too long"},
		{"open = maybe", "F:1: open = maybe: must be yes or no"},
		{"colour = \"\"", "F:1: colour = \"\": must be one of: red blue"},
		{"rooms = 1\nrooms = 2", "F:2: rooms is given twice"},
		{"rooms 1", "F:1: '=' is missing after rooms"},
		{"rooms = ", "F:1: rooms: a value is missing after '='"},
		{"rooms = {1}", "F:1: rooms takes one value, not a list"},
		{"heights = {1B 2B}", "F:1: heights: ',' or '}' is missing in a list"},
		{"heights = {1B,1B,1B,1B}", "F:1: heights = 1B: too many heights"},
		{"door {}", "F:1: section door needs a title"},
		{"garden {}\ngarden {}", "F:2: section garden is given twice"},
		{"garden x {}", "F:1: section garden takes no title"},
		{"door a\n", "F:2: '{' is missing after section door"},
		{"\ndoor a {\n", "F:3: section door of line 2 is not closed"},
		{"door a { = }", "F:1: an option's name is expected in section door"},
		{"door a {} door b {} door c {}", "F:1: door c: too many doors"},
		{"}", "F:1: an option's name is expected"},
		{"name = \"a\nb\"", "F:1: a quoted word is not closed on its line"},
		{"name = \"a", "F:1: a quoted word is not closed"},
		{"\n\x01", "F:2: byte 0x01 does not belong here"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct house house = {0};
		char complaint[CONF_COMPLAINT_BYTES] = "";
		assert_int_equal(conf_parse(&schema, "F", cases[i].text, strlen(cases[i].text), &house, complaint), E_CONFIG);
		assert_string_equal(complaint, cases[i].complaint);
	}
}

struct files {
	char wished[8], needed[8];
};

static void a_path_begins_with_a_slash_and_a_needed_one_is_there(void **state)
{
	static const struct conf_option files_options[] = {
		{.name = "wished", .set = conf_set_path, .offset = offsetof(struct files, wished), .max = 8},
		{.name = "needed", .set = conf_set_place, .offset = offsetof(struct files, needed), .max = 8},
	};
	static const struct conf_schema files_schema = {.options = files_options, .option_count = ARRAY_LEN(files_options)};
	static const struct {
		const char *text, *complaint; /* NULL: it is taken */
	} cases[] = {
		{"wished = /a/b needed = /c", NULL},
		{"wished = \"\" needed = /c", NULL},
		{"needed = \"\"", "F:1: needed = \"\": must be a path that begins with /"},
		{"needed = a/b", "F:1: needed = a/b: must be a path that begins with /"},
		{"wished = a/b", "F:1: wished = a/b: must be a path that begins with /"},
		{"wished = /234567 needed = /234567", NULL},
		{"wished = /2345678", "F:1: wished = /2345678: is too long"},
		{"needed = /2345678", "F:1: needed = /2345678: is too long"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct files files = {.wished = "/old"};
		char complaint[CONF_COMPLAINT_BYTES] = "";
		int err = conf_parse(&files_schema, "F", cases[i].text, strlen(cases[i].text), &files, complaint);
		assert_int_equal(err, cases[i].complaint == NULL ? OK : E_CONFIG);
		assert_string_equal(complaint, cases[i].complaint != NULL ? cases[i].complaint : "");
		if (i == 1)
			assert_string_equal(files.wished, ""); /* that there is none can be said */
	}
}

static void a_word_has_a_largest_length(void **state)
{
	(void)state;
	char text[CONF_VALUE_BYTES + 16];
	char complaint[CONF_COMPLAINT_BYTES];
	struct house house = {0};
	memset(text, 'x', sizeof(text));
	assert_int_equal(conf_parse(&schema, "F", text, CONF_VALUE_BYTES, &house, complaint), E_CONFIG);
	assert_string_equal(complaint, "F:1: a word is longer than 255 bytes");
	text[0] = '"';
	assert_int_equal(conf_parse(&schema, "F", text, sizeof(text), &house, complaint), E_CONFIG);
	assert_string_equal(complaint, "F:1: a word is longer than 255 bytes");
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	char complaint[CONF_COMPLAINT_BYTES];
	struct house house = {0};
	assert_int_equal(conf_load(&schema, "/nonexistent", &house, complaint), E_SYS);
	assert_string_equal(complaint, "/nonexistent: No such file or directory");
	assert_int_equal(conf_load(&schema, "/", &house, complaint), E_SYS);
	assert_string_equal(complaint, "/: Is a directory");
	assert_int_equal(conf_load(&schema, "/dev/null", &house, complaint), E_SYS);
	assert_string_equal(complaint, "/dev/null: Invalid argument");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_fills_its_struct),
		cmocka_unit_test(each_mistake_is_told_with_its_line),
		cmocka_unit_test(a_path_begins_with_a_slash_and_a_needed_one_is_there),
		cmocka_unit_test(a_word_has_a_largest_length),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
