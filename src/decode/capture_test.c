/*
 * Proves that pcap and pcapng are read in both byte orders and with every clock resolution, piece by piece as well as
 * whole, and that damage is told and ends the file. Files are put together here word by word.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/clock.h"
#include "decode/capture.h"

struct file {
	uint8_t bytes[16384];
	size_t length_bytes;
	bool is_big_endian;
};

static void put_u16(struct file *file, uint32_t value)
{
	file->bytes[file->length_bytes++] = (uint8_t)(file->is_big_endian ? value >> 8 : value);
	file->bytes[file->length_bytes++] = (uint8_t)(file->is_big_endian ? value : value >> 8);
}

static void put_u32(struct file *file, uint32_t value)
{
	assert_true(file->length_bytes + 4 <= sizeof(file->bytes));
	put_u16(file, file->is_big_endian ? value >> 16 : value & 0xffff);
	put_u16(file, file->is_big_endian ? value & 0xffff : value >> 16);
}

static void put_text(struct file *file, const char *text)
{
	size_t length_bytes = strlen(text);
	memcpy(file->bytes + file->length_bytes, text, length_bytes);
	file->length_bytes += length_bytes;
}

static void put_pcap_header(struct file *file, uint32_t magic, uint32_t link)
{
	put_u32(file, magic);
	put_u16(file, 2);
	put_u16(file, 4);
	put_u32(file, 0);
	put_u32(file, 0);
	put_u32(file, 65535);
	put_u32(file, link);
}

static void put_pcap_record(struct file *file, uint32_t seconds, uint32_t fraction, const char *text, uint32_t wire_bytes)
{
	put_u32(file, seconds);
	put_u32(file, fraction);
	put_u32(file, (uint32_t)strlen(text));
	put_u32(file, wire_bytes);
	put_text(file, text);
}

/** Begins a block; returns where its length must be written by block_end(). */
static size_t block_begin(struct file *file, uint32_t type)
{
	put_u32(file, type);
	put_u32(file, 0);
	return file->length_bytes - 8;
}

static void block_end(struct file *file, size_t start)
{
	while (file->length_bytes % 4 != 0)
		file->bytes[file->length_bytes++] = 0;
	uint32_t block_bytes = (uint32_t)(file->length_bytes + 4 - start);
	put_u32(file, block_bytes);
	size_t end = file->length_bytes;
	file->length_bytes = start + 4;
	put_u32(file, block_bytes);
	file->length_bytes = end;
}

static void put_section(struct file *file)
{
	size_t start = block_begin(file, 0x0a0d0d0a);
	put_u32(file, 0x1a2b3c4d);
	put_u16(file, 1);
	put_u16(file, 0);
	put_u32(file, 0xffffffff);
	put_u32(file, 0xffffffff);
	block_end(file, start);
}

/** An interface with the given if_tsresol and if_tsoffset; 6 and 0 are left out, as writers do. */
static void put_interface(struct file *file, uint32_t link, uint32_t snap_bytes, uint8_t tsresol, uint32_t offset_s)
{
	size_t start = block_begin(file, 1);
	put_u16(file, link);
	put_u16(file, 0);
	put_u32(file, snap_bytes);
	put_u16(file, 2); /* if_name, of a length that needs padding */
	put_u16(file, 3);
	put_text(file, "eth");
	file->bytes[file->length_bytes++] = 0;
	if (tsresol != 6) {
		put_u16(file, 9);
		put_u16(file, 1);
		file->bytes[file->length_bytes++] = tsresol;
		put_text(file, "   "); /* padding, whatever it is */
	}
	if (offset_s != 0) {
		put_u16(file, 14);
		put_u16(file, 8);
		put_u32(file, file->is_big_endian ? 0 : offset_s);
		put_u32(file, file->is_big_endian ? offset_s : 0);
	}
	put_u32(file, 0);
	block_end(file, start);
}

static void put_enhanced(struct file *file, uint32_t interface, uint64_t units, const char *text, uint32_t wire_bytes)
{
	size_t start = block_begin(file, 6);
	put_u32(file, interface);
	put_u32(file, (uint32_t)(units >> 32));
	put_u32(file, (uint32_t)units);
	put_u32(file, (uint32_t)strlen(text));
	put_u32(file, wire_bytes);
	put_text(file, text);
	block_end(file, start);
}

static struct cursor open_file(struct capture *capture, const struct file *file)
{
	struct cursor cur = cursor_over(file->bytes, file->length_bytes);
	assert_int_equal(capture_init(capture, &cur), OK);
	return cur;
}

static void expect_packet(struct capture *capture, struct cursor *cur, const char *text, uint32_t wire_bytes, int64_t wall_ns)
{
	struct capture_packet packet;
	assert_int_equal(capture_next(capture, cur, &packet), OK);
	assert_int_equal(packet.captured_bytes, strlen(text));
	assert_memory_equal(packet.bytes, text, packet.captured_bytes);
	assert_int_equal(packet.wire_bytes, wire_bytes);
	assert_true(packet.wall_ns == wall_ns);
}

static void expect_end(struct capture *capture, struct cursor *cur, int expected)
{
	struct capture_packet packet;
	const uint8_t *at = cur->at;
	assert_int_equal(capture_next(capture, cur, &packet), expected);
	if (expected != E_AGAIN)
		assert_int_equal(capture_next(capture, cur, &packet), expected); /* and it stays so */
	assert_ptr_equal(cur->at, at);
}

static void pcap_in_both_orders_and_resolutions(void **state)
{
	(void)state;
	static const struct {
		uint32_t magic;
		int64_t fraction_ns;
	} kinds[] = {{0xa1b2c3d4, 123456000}, {0xa1b23c4d, 123456}};
	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		struct file file = {.is_big_endian = i % 2 != 0};
		struct capture capture;
		put_pcap_header(&file, kinds[i / 2].magic, 0x10000001); /* upper bits tell of a checksum, not of the link */
		put_pcap_record(&file, 1735180000, 123456, "first", 60);
		put_pcap_record(&file, 0xffffffff, 0, "", 0);
		put_pcap_record(&file, 1, 0, "longer than the wire", 3);
		struct cursor cur = open_file(&capture, &file);
		assert_int_equal(capture.format, CAPTURE_PCAP);
		expect_packet(&capture, &cur, "first", 60, 1735180000 * NS_PER_S + kinds[i / 2].fraction_ns);
		expect_packet(&capture, &cur, "", 0, 4294967295 * NS_PER_S);
		expect_packet(&capture, &cur, "longer than the wire", 20, NS_PER_S);
		expect_end(&capture, &cur, E_END);
	}
}

static void pcap_with_longer_record_headers(void **state)
{
	(void)state;
	struct file file = {0};
	struct capture capture;
	put_pcap_header(&file, 0xa1b2cd34, 12);
	for (unsigned i = 0; i < 2; i++) {
		put_u32(&file, 7);
		put_u32(&file, 8);
		put_u32(&file, 4);
		put_u32(&file, 40);
		put_u32(&file, 2); /* interface index */
		put_u32(&file, 0x00040800); /* protocol, packet type, padding */
		put_text(&file, "raw!");
	}
	struct cursor cur = open_file(&capture, &file);
	assert_int_equal(capture.interfaces[0].link, LINK_RAW); /* one of the numbers of raw IP */
	expect_packet(&capture, &cur, "raw!", 40, 7 * NS_PER_S + 8000);
	expect_packet(&capture, &cur, "raw!", 40, 7 * NS_PER_S + 8000);
	expect_end(&capture, &cur, E_END);
}

static void pcapng_sections_interfaces_and_blocks(void **state)
{
	(void)state;
	struct file file = {.is_big_endian = true};
	struct capture capture;
	put_section(&file);
	put_interface(&file, LINK_ETHERNET, 0, 6, 0);
	put_interface(&file, LINK_LINUX_SLL, 0, 9, 3600);
	put_enhanced(&file, 1, 5, "on the second", 100);
	size_t start = block_begin(&file, 0x0000000a); /* decryption secrets: stepped over */
	put_text(&file, "whatever");
	block_end(&file, start);
	put_enhanced(&file, 0, UINT64_C(1735180000000001), "on the first", 12);
	file.is_big_endian = false; /* a second section, of another byte order: its interfaces are new */
	put_section(&file);
	put_interface(&file, LINK_RAW, 4, 6, 0);
	start = block_begin(&file, 3); /* simple packet */
	put_u32(&file, 90);
	put_text(&file, "snap");
	block_end(&file, start);
	start = block_begin(&file, 2); /* obsolete packet: interface, drops, time, lengths */
	put_u16(&file, 0);
	put_u16(&file, 1);
	put_u32(&file, 0);
	put_u32(&file, 9);
	put_u32(&file, 3);
	put_u32(&file, 30);
	put_text(&file, "old");
	block_end(&file, start);

	struct cursor cur = open_file(&capture, &file);
	expect_packet(&capture, &cur, "on the second", 100, 3600 * NS_PER_S + 5);
	expect_packet(&capture, &cur, "on the first", 12, INT64_C(1735180000000001000));
	expect_packet(&capture, &cur, "snap", 90, INT64_C(1735180000000001000)); /* the time of the packet before */
	expect_packet(&capture, &cur, "old", 30, 9000);
	assert_int_equal(capture.interfaces[0].link, LINK_RAW);
	expect_end(&capture, &cur, E_END);
}

static void pcapng_clock_resolutions(void **state)
{
	(void)state;
	static const struct {
		uint8_t tsresol;
		uint64_t units;
		int64_t wall_ns;
	} cases[] = {
		{0, 3, 3 * NS_PER_S},
		{3, 1500, 1500 * NS_PER_MS},
		{6, 7, 7000},
		{9, 7, 7},
		{12, 7999, 7},
		{18, UINT64_C(3000000000000000000), 3 * NS_PER_S},
		{0x80, 2, 2 * NS_PER_S},
		{0x80 | 10, 1536, 1500 * NS_PER_MS},
		{0x80 | 32, UINT64_C(0x180000000), 1500 * NS_PER_MS}, /* as NTP counts */
		{0x80 | 63, UINT64_C(1) << 62, 500 * NS_PER_MS},
		{0, UINT64_MAX, INT64_MAX}, /* held at the end of time */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file file = {0};
		struct capture capture;
		put_section(&file);
		put_interface(&file, LINK_ETHERNET, 0, cases[i].tsresol, 0);
		put_enhanced(&file, 0, cases[i].units, "x", 1);
		struct cursor cur = open_file(&capture, &file);
		expect_packet(&capture, &cur, "x", 1, cases[i].wall_ns);
	}
	static const uint8_t absurd[] = {19, 127, 0x80 | 64, 0xff};
	for (size_t i = 0; i < ARRAY_LEN(absurd); i++) {
		struct file file = {0};
		struct capture capture;
		struct capture_packet packet;
		put_section(&file);
		put_interface(&file, LINK_ETHERNET, 0, absurd[i], 0);
		struct cursor cur = open_file(&capture, &file);
		assert_int_equal(capture_next(&capture, &cur, &packet), E_UNSUPPORTED);
	}
}

/** Whatever the cut, nothing is read twice and nothing is lost once the rest is there. */
static void cut_files_ask_for_more_and_go_on(void **state)
{
	(void)state;
	for (int is_pcapng = 0; is_pcapng <= 1; is_pcapng++) {
		struct file file = {0};
		if (is_pcapng) {
			put_section(&file);
			put_interface(&file, LINK_ETHERNET, 0, 9, 0);
			put_enhanced(&file, 0, 5, "packet", 6);
		} else {
			put_pcap_header(&file, 0xa1b23c4d, 1);
			put_pcap_record(&file, 0, 5, "packet", 6);
		}
		for (size_t cut = 0; cut < file.length_bytes; cut++) {
			struct capture capture;
			struct capture_packet packet;
			struct cursor cur = cursor_over(file.bytes, cut);
			if (cut < 24) {
				assert_int_equal(capture_init(&capture, &cur), E_AGAIN);
				continue;
			}
			assert_int_equal(capture_init(&capture, &cur), OK);
			bool is_between = is_pcapng ? cut == 28 || cut == 68 : cut == 24; /* two blocks, or records */
			assert_int_equal(capture_next(&capture, &cur, &packet), is_between ? E_END : E_AGAIN);
			cur.end = file.bytes + file.length_bytes;
			expect_packet(&capture, &cur, "packet", 6, 5);
			expect_end(&capture, &cur, E_END);
			assert_int_equal(capture.interface_count, 1);
		}
	}
}

static void other_formats_are_refused(void **state)
{
	(void)state;
	static const char *const starts[] = {"\x1f\x8b\x08\x00", "PK\x03\x04", "\xd4\xc3\xb2\xa2", "#!/b"};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		uint8_t bytes[64] = {0};
		struct capture capture;
		memcpy(bytes, starts[i], 4);
		struct cursor cur = cursor_over(bytes, sizeof(bytes));
		assert_int_equal(capture_format_of(bytes, 4), CAPTURE_UNKNOWN);
		assert_int_equal(capture_init(&capture, &cur), E_UNSUPPORTED);
		assert_ptr_equal(cur.at, bytes);
	}
	struct file file = {0};
	struct capture capture;
	put_pcap_header(&file, 0xa1b2c3d4, 1);
	file.bytes[4] = 3; /* version 3.4 */
	struct cursor cur = cursor_over(file.bytes, file.length_bytes);
	assert_int_equal(capture_init(&capture, &cur), E_UNSUPPORTED);
	assert_int_equal(capture_format_of(file.bytes, 3), CAPTURE_UNKNOWN);
}

static void damaged_pcap_is_told(void **state)
{
	(void)state;
	static const struct {
		uint32_t captured_bytes;
		int expected;
	} cases[] = {{CAPTURE_PACKET_BYTES_MAX, E_AGAIN}, {CAPTURE_PACKET_BYTES_MAX + 1, E_MALFORMED}, {0xffffffff, E_MALFORMED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file file = {0};
		struct capture capture;
		put_pcap_header(&file, 0xa1b2c3d4, 1);
		put_u32(&file, 1);
		put_u32(&file, 1);
		put_u32(&file, cases[i].captured_bytes);
		put_u32(&file, 60);
		struct cursor cur = open_file(&capture, &file);
		expect_end(&capture, &cur, cases[i].expected);
	}
}

/** A section and an interface, then one enhanced packet with a word of it changed. */
static void damaged_pcapng_is_told(void **state)
{
	(void)state;
	static const struct {
		size_t word; /* of the packet's block */
		uint32_t value;
		int expected;
	} cases[] = {
		{1, 40, OK},
		{1, 0, E_MALFORMED},
		{1, 8, E_MALFORMED},
		{1, 41, E_MALFORMED},
		{1, 36, E_MALFORMED}, /* where the length must stand again, it does not */
		{1, CAPTURE_BLOCK_BYTES_MAX, E_AGAIN},
		{1, CAPTURE_BLOCK_BYTES_MAX + 4, E_MALFORMED},
		{1, 0xfffffffc, E_MALFORMED},
		{2, 1, E_MALFORMED}, /* no such interface */
		{5, 9, E_MALFORMED}, /* more captured than the block holds */
		{5, 0xffffffff, E_MALFORMED},
		{9, 44, E_MALFORMED}, /* length at the end */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file file = {0};
		struct capture capture;
		struct capture_packet packet;
		put_section(&file);
		put_interface(&file, LINK_ETHERNET, 0, 6, 0);
		size_t start = file.length_bytes;
		put_enhanced(&file, 0, 1, "12345678", 8);
		size_t end = file.length_bytes;
		file.length_bytes = start + cases[i].word * 4;
		put_u32(&file, cases[i].value);
		file.length_bytes = end;
		struct cursor cur = open_file(&capture, &file);
		assert_int_equal(capture_next(&capture, &cur, &packet), cases[i].expected);
	}
}

static void damaged_sections_and_interfaces_are_told(void **state)
{
	(void)state;
	struct capture capture;
	struct capture_packet packet;
	struct file order = {0}, version = {0}, options = {0}, simple = {0}, many = {0};
	put_section(&order);
	order.bytes[8] = 0;
	struct cursor cur = open_file(&capture, &order);
	assert_int_equal(capture_next(&capture, &cur, &packet), E_MALFORMED);

	put_section(&version);
	version.bytes[12] = 2;
	cur = open_file(&capture, &version);
	assert_int_equal(capture_next(&capture, &cur, &packet), E_UNSUPPORTED);

	put_section(&options);
	size_t start = options.length_bytes;
	put_interface(&options, LINK_ETHERNET, 0, 6, 0);
	options.bytes[start + 18] = 200; /* an option that is longer than its block */
	cur = open_file(&capture, &options);
	assert_int_equal(capture_next(&capture, &cur, &packet), E_MALFORMED);

	put_section(&simple); /* a simple packet needs an interface */
	start = block_begin(&simple, 3);
	put_u32(&simple, 4);
	put_text(&simple, "snap");
	block_end(&simple, start);
	cur = open_file(&capture, &simple);
	assert_int_equal(capture_next(&capture, &cur, &packet), E_MALFORMED);

	put_section(&many);
	for (unsigned i = 0; i < CAPTURE_INTERFACES_MAX; i++)
		put_interface(&many, LINK_ETHERNET, 0, 6, 0);
	cur = open_file(&capture, &many);
	assert_int_equal(capture_next(&capture, &cur, &packet), E_END);
	put_interface(&many, LINK_ETHERNET, 0, 6, 0);
	cur.end = many.bytes + many.length_bytes;
	assert_int_equal(capture_next(&capture, &cur, &packet), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcap_in_both_orders_and_resolutions),
		cmocka_unit_test(pcap_with_longer_record_headers),
		cmocka_unit_test(pcapng_sections_interfaces_and_blocks),
		cmocka_unit_test(pcapng_clock_resolutions),
		cmocka_unit_test(cut_files_ask_for_more_and_go_on),
		cmocka_unit_test(other_formats_are_refused),
		cmocka_unit_test(damaged_pcap_is_told),
		cmocka_unit_test(damaged_pcapng_is_told),
		cmocka_unit_test(damaged_sections_and_interfaces_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
