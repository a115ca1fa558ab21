/* Proves that a scan accounts for every packet of a file exactly, and tells each unreadable file in one line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/scan.h"

static char directory[] = "/tmp/scan_test.XXXXXX";

/** A capture being written by hand. */
struct script {
	FILE *file;
	uint32_t packets;
};

static struct script script_begin(const char *path)
{
	static const uint32_t words[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1}; /* pcap, Ethernet */
	struct script script = {.file = fopen(path, "w")};
	assert_non_null(script.file);
	fwrite(words, sizeof(words), 1, script.file);
	return script;
}

static void script_packet(struct script *script, const void *bytes, uint32_t captured, uint32_t wire)
{
	uint32_t us = script->packets++ * 100;
	const uint32_t header[] = {1700000000 + us / 1000000, us % 1000000, captured, wire};
	fwrite(header, sizeof(header), 1, script->file);
	fwrite(bytes, captured, 1, script->file);
}

/** An Ethernet frame with an IPv4 header of a protocol and a body; returns its length. */
static uint32_t frame_ipv4(uint8_t *frame, uint8_t protocol, const void *body, uint16_t body_bytes)
{
	static const uint8_t head[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0,
		198, 51, 100, 7, 192, 0, 2, 1};
	memcpy(frame, head, sizeof(head));
	frame[16] = (uint8_t)((20 + body_bytes) >> 8);
	frame[17] = (uint8_t)(20 + body_bytes);
	frame[23] = protocol;
	memcpy(frame + sizeof(head), body, body_bytes);
	return (uint32_t)sizeof(head) + body_bytes;
}

static void script_syn(struct script *script)
{
	uint8_t frame[128], tcp[20] = {0x30, 0x39, 0, 80, [12] = 0x50, [13] = 2};
	uint32_t length = frame_ipv4(frame, 6, tcp, sizeof(tcp));
	script_packet(script, frame, length, length);
}

/** A NetFlow v5 datagram of `said` records of which `real` are there, to a port; `trailer` bytes behind the packet. */
static void script_netflow(struct script *script, uint16_t port, uint16_t said, uint16_t real, uint32_t trailer)
{
	uint8_t frame[2048], udp[8 + 24 + 48 * 30] = {0};
	uint16_t length = (uint16_t)(8 + 24 + 48 * real);
	const uint16_t words[] = {htons(40000), htons(port), htons(length), 0, htons(5), htons(said)};
	memcpy(udp, words, sizeof(words));
	const uint32_t unix_s = htonl(1700000000), uptime_ms = htonl(100000);
	memcpy(udp + 8 + 4, &uptime_ms, 4);
	memcpy(udp + 8 + 8, &unix_s, 4);
	for (int i = 0; i < real; i++) {
		uint8_t *record = udp + 8 + 24 + 48 * i;
		static const uint8_t counts[] = {0, 0, 0, 10, 0, 0, 2, 128, 0, 0, 78, 32, 0, 0, 117, 48, 4, 210, 0, 80};
		memcpy(record, (const uint8_t[]){203, 0, 113, (uint8_t)i, 192, 0, 2, 9}, 8);
		memcpy(record + 16, counts, sizeof(counts));
		record[38] = 17;
	}
	uint32_t total = frame_ipv4(frame, 17, udp, length);
	memset(frame + total, 0xee, trailer);
	script_packet(script, frame, total + trailer, total + trailer);
}

/** Runs a scan; what it wrote to the progress descriptor and to standard error is read back. */
static int run(char *const *files, size_t count, char *ret_progress, char *ret_errors, size_t room_bytes)
{
	FILE *progress = tmpfile(), *errors = tmpfile(), *findings = tmpfile();
	struct config config;
	struct intel *intel;
	config_init(&config);
	const struct intel_config intel_config = config_intel(&config);
	assert_int_equal(intel_new(&intel_config, &intel), OK);
	const struct scan_options options = {&config, intel, files, count, fileno(progress), fileno(findings)};
	int saved = dup(STDERR_FILENO);
	fflush(stderr);
	assert_return_code(dup2(fileno(errors), STDERR_FILENO), 0);
	int err = scan_run(&options);
	fflush(stderr);
	assert_return_code(dup2(saved, STDERR_FILENO), 0);
	close(saved);
	FILE *const outputs[] = {progress, errors};
	char *const texts[] = {ret_progress, ret_errors};
	for (size_t i = 0; i < 2; i++) {
		rewind(outputs[i]);
		texts[i][fread(texts[i], 1, room_bytes - 1, outputs[i])] = '\0';
		fclose(outputs[i]);
	}
	fclose(findings);
	intel_free(intel);
	config_done(&config);
	return err;
}

static void every_packet_is_accounted_for(void **state)
{
	(void)state;
	char path[64], progress[4096], errors[4096];
	snprintf(path, sizeof(path), "%s/mixed.pcap", directory);
	struct script script = script_begin(path);
	uint8_t frame[128] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6};
	for (int i = 0; i < 1000; i++)
		script_syn(&script);
	for (int i = 0; i < 3; i++)
		script_packet(&script, frame, 60, 60); /* ARP */
	for (int i = 0; i < 5; i++)
		script_packet(&script, "\2\0\0\0\0\1\2\0\0\0\0\2\10\0\x45\0", 16, 60); /* cut in its IP header */
	for (int i = 0; i < 7; i++) {
		uint32_t length = frame_ipv4(frame, 6, "12345678", 8);
		frame[14] = 0x41; /* a header of 4 bytes: RFC 791 section 3.1 wants 20 */
		script_packet(&script, frame, length, length);
	}
	for (int i = 0; i < 11; i++)
		script_netflow(&script, 2055, 30, 30, 0);
	script_netflow(&script, 51234, 30, 30, 4); /* any port, since the lengths fit; a frame check sequence behind */
	script_netflow(&script, 51234, 29, 30, 0); /* any port, and they do not: an ordinary packet */
	script_netflow(&script, 2055, 30, 20, 0); /* a flow port, and cut short inside */
	fclose(script.file);
	int err = run((char *[]){path}, 1, progress, errors, sizeof(progress));
	assert_string_equal(errors, "");
	assert_int_equal(err, OK);
	const char *done = strstr(progress, "done ");
	assert_non_null(done);
	char expected[512];
	long bytes = 24 + 16L * 1029 + 1000L * 54 + 3 * 60 + 5 * 16 + 7 * 42 + 11 * 1506 + 1510 + 1506 + 1026;
	snprintf(expected, sizeof(expected), "done {\"files\":1,\"packets\":1029,\"bytes\":%ld,\"observations\":%d,"
		"\"flow_datagrams\":12,\"flow_records\":%d,\"refused\":{\"not_ip\":3,\"truncated\":5,\"malformed\":7,"
		"\"flow_malformed\":1}}\n", bytes, 1001 + 12 * 30 + 20, 12 * 30 + 20);
	assert_string_equal(done, expected);
}

static void each_unreadable_file_is_one_line(void **state)
{
	(void)state;
	char paths[4][64], progress[4096], errors[4096], expected[1024];
	static const char *const names[] = {"empty", "text", "cut", "whole"};
	for (size_t i = 0; i < 4; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", directory, names[i]);
	fclose(fopen(paths[0], "w"));
	FILE *text = fopen(paths[1], "w");
	fputs("no capture at all, but longer than a file header", text);
	fclose(text);
	for (size_t i = 2; i < 4; i++) {
		struct script script = script_begin(paths[i]);
		for (int k = 0; k < 10; k++)
			script_syn(&script);
		fclose(script.file);
	}
	assert_int_equal(truncate(paths[2], 24 + 70 * 9 + 30), 0);
	char missing[] = "/nonexistent/a.pcap";
	int err = run((char *[]){paths[0], paths[1], paths[2], directory, missing, paths[3]}, 6, progress, errors, sizeof(progress));
	assert_int_equal(err, E_MALFORMED);
	snprintf(expected, sizeof(expected), "hinomi-sensor: %s: is empty\n"
		"hinomi-sensor: %s: is neither a capture (pcap, pcapng) nor an nfdump file, nor a mail\n"
		"hinomi-sensor: %s: is cut off in the middle of a packet; what came before was read\n"
		"hinomi-sensor: %s: is a directory\nhinomi-sensor: /nonexistent/a.pcap: No such file or directory\n",
		paths[0], paths[1], paths[2], directory);
	assert_string_equal(errors, expected);
	assert_non_null(strstr(progress, "\"packets\":19,")); /* nine of the cut file, ten of the whole one */
}

/** A file of nothing else was not read; where there is more, it is told and the rest is judged. */
static void link_types_that_are_not_read_are_told(void **state)
{
	(void)state;
	char path[64], progress[4096], errors[4096], expected[256];
	snprintf(path, sizeof(path), "%s/radio", directory);
	struct script script = script_begin(path);
	for (int i = 0; i < 3; i++)
		script_syn(&script);
	assert_int_equal(fseek(script.file, 20, SEEK_SET), 0);
	fputc(105, script.file); /* IEEE 802.11 */
	fclose(script.file);
	assert_int_equal(run((char *[]){path}, 1, progress, errors, sizeof(progress)), E_MALFORMED);
	snprintf(expected, sizeof(expected), "hinomi-sensor: %s: packets of a link type that is not read (105): 3 of 3\n", path);
	assert_string_equal(errors, expected);
	assert_non_null(strstr(progress, "\"packets\":3,"));
	assert_non_null(strstr(progress, "\"not_ip\":3,"));
}

static void files_of_other_kinds_are_named(void **state)
{
	(void)state;
	char path[64], progress[4096], errors[4096];
	static const struct {
		const char *bytes;
		size_t length;
		const char *said;
	} cases[] = {
		{"\x1f\x8b\x08", 3, "zcat FILE"}, {"\xfd" "7zXZ", 5, "xzcat FILE"}, {"BZh9", 4, "bzcat FILE"},
		{"\x28\xb5\x2f\xfd", 4, "zstdcat FILE"}, {"\x04\x22\x4d\x18", 4, "lz4cat FILE"}, {"PK\x03\x04", 4, "is an archive"},
		{"\x0c\xa5\x02", 3, "cut off in its header"}, {"\xd4\xc3\xb2\xa1\2\0\4\0", 8, "cut off in its header"},
		{"\x0c\xa5\x01\0................................................", 50, "another layout than 2"},
		{"\xa5\x0c\0\2................................................", 50, "another layout than 2"},
		{"\xd4\xc3\xb2\xa1\3\0\0\0................................", 30, "a version that is not read"},
	};
	snprintf(path, sizeof(path), "%s/other", directory);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		FILE *file = fopen(path, "w");
		fwrite(cases[i].bytes, cases[i].length, 1, file);
		fclose(file);
		assert_int_equal(run((char *[]){path}, 1, progress, errors, sizeof(progress)), E_MALFORMED);
		assert_non_null(strstr(errors, cases[i].said));
		assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1); /* one line */
	}
}

/** RFC 7011: a set of template 256 cannot be read before that came. */
static void script_ipfix(struct script *script, bool is_template, uint8_t packets)
{
	static const uint8_t template[] = {0, 2, 0, 24, 1, 0, 0, 4, 0, 8, 0, 4, 0, 12, 0, 4, 0, 2, 0, 1, 0, 1, 0, 1};
	const uint8_t data[] = {1, 0, 0, 14, 198, 51, 100, 7, 203, 0, 113, 5, packets, 40};
	uint8_t frame[128], udp[64] = {0x9c, 0x40, 0x12, 0x83, 0, 0, 0, 0, 0, 10, 0, 0, 0x65, 0x53, 0xf1, 0};
	size_t set_bytes = is_template ? sizeof(template) : sizeof(data);
	memcpy(udp + 24, is_template ? template : data, set_bytes);
	udp[5] = (uint8_t)(24 + set_bytes);
	udp[11] = (uint8_t)(16 + set_bytes);
	uint32_t length = frame_ipv4(frame, 17, udp, (uint16_t)(24 + set_bytes));
	script_packet(script, frame, length, length);
}

static void flow_records_that_cannot_be_used_are_told(void **state)
{
	(void)state;
	char path[64], progress[4096], errors[4096], expected[512];
	snprintf(path, sizeof(path), "%s/exports", directory);
	for (int has_template = 0; has_template <= 1; has_template++) {
		struct script script = script_begin(path);
		for (int i = 0; i < 3; i++)
			script_ipfix(&script, false, 1);
		if (has_template == 1) {
			script_ipfix(&script, true, 0);
			script_ipfix(&script, false, 1);
			script_ipfix(&script, false, 0); /* 40 bytes in no packets */
		}
		fclose(script.file);
		assert_int_equal(run((char *[]){path}, 1, progress, errors, sizeof(progress)), OK);
		int length = snprintf(expected, sizeof(expected),
			"hinomi-sensor: %s: sets of flow records before their template, which cannot be read: 3\n", path);
		if (has_template == 1)
			snprintf(expected + length, sizeof(expected) - (size_t)length,
				"hinomi-sensor: %s: flow records that contradict themselves: 1\n", path);
		assert_string_equal(errors, expected);
		assert_non_null(strstr(progress, has_template == 1 ? "\"flow_records\":1," : "\"flow_records\":0,"));
	}
}

static void put(FILE *file, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		fputc((int)(value & 0xff), file);
}

/** nfdump's layout 2: a header, then one block of flows; two of them have no packets and one contradicts itself. */
static void an_nfdump_file_is_read(void **state)
{
	(void)state;
	char path[64], progress[4096], errors[4096], expected[256];
	snprintf(path, sizeof(path), "%s/flows", directory);
	for (int cut = 0; cut <= 1; cut++) {
		FILE *file = fopen(path, "w");
		put(file, 0x0002a50c, 8);
		put(file, 0, 8 * 4);
		put(file, 100, 4);
		put(file, 100 * 76, 4);
		put(file, 3, 4);
		for (uint64_t i = 0; i < 100; i++) {
			put(file, 11 | 76 << 16, 4);
			put(file, 2, 8);
			put(file, 1 | 52 << 16, 4);
			put(file, 1700000000000 + i, 8);
			put(file, 1700000000000 + i, 8);
			put(file, 0, 8);
			put(file, i < 2 ? 0 : 1, 8);
			put(file, i < 2 ? 0 : i == 2 ? 65536 : 40, 8);
			put(file, 443u << 16 | 1234, 4);
			put(file, 6 | 2 << 8, 4);
			put(file, 2 | 12 << 16, 4);
			put(file, 0xc6336400 + i, 4);
			put(file, 0xcb007105, 4);
		}
		fclose(file);
		if (cut == 1)
			assert_int_equal(truncate(path, 52 + 100 * 76 - 1), 0);
		assert_int_equal(run((char *[]){path}, 1, progress, errors, sizeof(progress)), cut == 1 ? E_MALFORMED : OK);
		snprintf(expected, sizeof(expected), "hinomi-sensor: %s: is cut off in the middle of a block; what came before was read\n",
			path);
		assert_string_equal(errors, cut == 1 ? expected : "");
		if (cut == 0)
			assert_non_null(strstr(progress, "\"packets\":0,\"bytes\":7652,\"observations\":97,\"flow_datagrams\":0,"
				"\"flow_records\":97,\"refused\":{\"not_ip\":2,\"truncated\":0,\"malformed\":0,\"flow_malformed\":1}"));
	}
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = {"mixed.pcap", "empty", "text", "cut", "whole", "radio", "other", "flows", "exports"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_accounted_for),
		cmocka_unit_test(each_unreadable_file_is_one_line),
		cmocka_unit_test(link_types_that_are_not_read_are_told),
		cmocka_unit_test(files_of_other_kinds_are_named),
		cmocka_unit_test(flow_records_that_cannot_be_used_are_told),
		cmocka_unit_test(an_nfdump_file_is_read),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
