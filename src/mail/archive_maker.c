/*
 * Makes an archive of one file from standard input, for payload_test.py: archive_maker FORMAT NAME [PASSWORD], FORMAT as
 * libarchive names it (7zip, iso9660, zip ...); with a password a ZIP is encrypted. Not installed.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX 1048576

int main(int argc, char **argv)
{
	static char input[INPUT_BYTES_MAX];
	if (argc < 3)
		return EXIT_FAILURE;
	size_t length_bytes = fread(input, 1, sizeof(input), stdin);
	struct archive *writer = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, argv[2]);
	archive_entry_set_size(entry, (la_int64_t)length_bytes);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	int failed = archive_write_set_format_by_name(writer, argv[1]);
	if (argc == 4)
		failed |= archive_write_set_options(writer, "zip:encryption=aes256") | archive_write_set_passphrase(writer, argv[3]);
	failed |= archive_write_open_fd(writer, 1) | archive_write_header(writer, entry);
	failed |= archive_write_data(writer, input, length_bytes) != (la_ssize_t)length_bytes;
	failed |= archive_write_close(writer);
	archive_entry_free(entry);
	(void)archive_write_free(writer);
	return failed == ARCHIVE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
