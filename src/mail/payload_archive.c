/*
 * Lists archives with libarchive: zip rar 7z iso cab tar lha and single packed streams, nested. Only the one format that
 * the bytes show is switched on, and only filters that run in this process, so that a stranger's bytes reach as
 * little of that library as can be.
 *
 * Of each entry the name is looked at, and the first bytes for its type; the rest only where there is more to find
 * (archives in archives, documents, pictures). All unpacked bytes and all entries are taken from the mail's budget
 * before they are spent: a bomb ends the list, and PAYLOAD_UNREAD_BYTES says so. What has to be unpacked to get past it
 * (solid archives) is charged by the size that the archive claims.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "mail/payload_type.h"
#include "mail/payload_walk.h"

#define HEAD_BYTES 4096 /* of each entry, for its type */
#define DISK_HEAD_BYTES 65536 /* of an entry whose name says disk image: its mark is at 32 KiB */

/** What the entries of one archive tell together. */
struct contents {
	enum payload_type type; /* of the archive; a ZIP may become more */
	bool has_program, has_library, has_file;
};

static bool formats_enable(struct archive *reader, enum payload_type type)
{
	int failed = ARCHIVE_OK;
	if (type == PAYLOAD_ZIP || type == PAYLOAD_OOXML || type == PAYLOAD_OPENDOCUMENT) {
		failed |= archive_read_support_format_zip_seekable(reader);
		failed |= archive_read_support_format_zip_streamable(reader);
	} else if (type == PAYLOAD_RAR) {
		failed |= archive_read_support_format_rar(reader) | archive_read_support_format_rar5(reader);
	} else if (type == PAYLOAD_7Z) {
		failed |= archive_read_support_format_7zip(reader);
	} else if (type == PAYLOAD_CAB) {
		failed |= archive_read_support_format_cab(reader);
	} else if (type == PAYLOAD_ISO) {
		failed |= archive_read_support_format_iso9660(reader);
	} else if (type == PAYLOAD_LHA) {
		failed |= archive_read_support_format_lha(reader);
	} else {
		failed |= archive_read_support_format_tar(reader) | archive_read_support_format_raw(reader);
		failed |= archive_read_support_filter_gzip(reader) | archive_read_support_filter_bzip2(reader);
		failed |= archive_read_support_filter_compress(reader) | archive_read_support_filter_xz(reader);
		failed |= archive_read_support_filter_lzip(reader) | archive_read_support_filter_zstd(reader);
		failed |= archive_read_support_filter_lz4(reader);
	}
	return failed == ARCHIVE_OK;
}

/** Takes bytes from the budget. @return false: there are not so many left; what is left is then spent */
static bool bytes_charge(struct payload_walk *walk, uint64_t bytes)
{
	bool is_there = bytes <= walk->budget->bytes;
	walk->budget->bytes -= is_there ? bytes : walk->budget->bytes;
	if (!is_there)
		walk->facts->unread |= PAYLOAD_UNREAD_BYTES;
	return is_there;
}

/** Reads up to a number of bytes of the present entry. @return false: the entry is broken before them */
static bool entry_read(struct archive *reader, uint8_t *buffer, size_t wanted_bytes, size_t *used_bytes)
{
	while (*used_bytes < wanted_bytes) {
		la_ssize_t got = archive_read_data(reader, buffer + *used_bytes, wanted_bytes - *used_bytes);
		if (got <= 0)
			return got == 0;
		*used_bytes += (size_t)got;
	}
	return true;
}

/** Whether more than the first bytes of such an entry tells more. */
static bool is_worth_reading(enum payload_type by_bytes, enum payload_type by_name)
{
	static const uint64_t worth = UINT64_C(1) << PAYLOAD_HTML | UINT64_C(1) << PAYLOAD_SVG | UINT64_C(1) << PAYLOAD_RTF |
		UINT64_C(1) << PAYLOAD_PNG | UINT64_C(1) << PAYLOAD_JPEG | UINT64_C(1) << PAYLOAD_PDF | UINT64_C(1) << PAYLOAD_OLE |
		UINT64_C(1) << PAYLOAD_ONENOTE | UINT64_C(1) << PAYLOAD_VHD | UINT64_C(1) << PAYLOAD_VHDX | UINT64_C(1) << PAYLOAD_DISK;
	return payload_type_is_archive(by_bytes) || (worth >> by_bytes & 1) != 0 ||
		(payload_type_traits(by_name) & PAYLOAD_IS_IMAGE) != 0;
}

static bool name_ends(const char *name, const char *ending)
{
	size_t name_bytes = strlen(name), ending_bytes = strlen(ending);
	return name_bytes >= ending_bytes && strcasecmp(name + name_bytes - ending_bytes, ending) == 0;
}

/** What a name in a ZIP says about the whole: which document it is, and its macros and objects. */
static void contents_note(struct payload_walk *walk, struct contents *contents, const char *name, enum payload_type named)
{
	contents->has_file = true;
	contents->has_program = contents->has_program || name_ends(name, ".exe");
	contents->has_library = contents->has_library || (named == PAYLOAD_PROGRAM && name_ends(name, ".dll"));
	if (contents->type == PAYLOAD_ZIP && strcmp(name, "[Content_Types].xml") == 0)
		contents->type = PAYLOAD_OOXML;
	if (contents->type == PAYLOAD_ZIP && strcmp(name, "META-INF/manifest.xml") == 0)
		contents->type = PAYLOAD_OPENDOCUMENT;
	if (contents->type == PAYLOAD_ZIP && strcmp(name, "META-INF/MANIFEST.MF") == 0)
		contents->type = PAYLOAD_JAVA;
	if (strcmp(name, "AppxManifest.xml") == 0 || strcmp(name, "AndroidManifest.xml") == 0)
		contents->type = PAYLOAD_INSTALLER;
	if (name_ends(name, "vbaProject.bin") || strstr(name, "xl/macrosheets/") != NULL || strncmp(name, "Basic/", 6) == 0)
		*walk->traits |= PAYLOAD_HAS_MACRO;
	if (strstr(name, "/embeddings/") != NULL || strstr(name, "/activeX/") != NULL)
		*walk->traits |= PAYLOAD_HAS_OBJECT;
}

/** Reads as much of an entry as is of use, and looks at it. @return false: the budget is spent, or the archive broken */
static bool entry_look(struct payload_walk *walk, struct archive *reader, const char *name, bool is_charged)
{
	uint32_t ignored = 0;
	size_t name_bytes = strlen(name);
	enum payload_type named = payload_type_of_name(name, name_bytes, &ignored);
	size_t head_bytes = (payload_type_traits(named) & PAYLOAD_IS_IMAGE) != 0 ? DISK_HEAD_BYTES : HEAD_BYTES;
	uint8_t *buffer = malloc(DISK_HEAD_BYTES);
	if (buffer == NULL) {
		walk->facts->unread |= PAYLOAD_UNREAD_BYTES;
		return false;
	}
	size_t used_bytes = 0;
	bool is_sound = entry_read(reader, buffer, head_bytes, &used_bytes);
	bool is_relation = name_ends(name, ".rels");
	if (is_sound && used_bytes == head_bytes &&
	    (is_relation || is_worth_reading(payload_type_of_bytes(buffer, used_bytes), named))) {
		uint8_t *larger = realloc(buffer, LIMIT_MAIL_PAYLOAD_ENTRY_BYTES);
		if (larger != NULL) {
			buffer = larger;
			size_t most = walk->budget->bytes < LIMIT_MAIL_PAYLOAD_ENTRY_BYTES ? (size_t)walk->budget->bytes
				: LIMIT_MAIL_PAYLOAD_ENTRY_BYTES;
			is_sound = entry_read(reader, buffer, most, &used_bytes);
			walk->facts->unread |= used_bytes >= most ? PAYLOAD_UNREAD_BYTES : 0u;
		}
	}
	if (!is_sound)
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
	bool is_paid = is_charged || bytes_charge(walk, used_bytes);
	if (is_relation)
		payload_relations_look(walk, buffer, used_bytes);
	payload_inner(walk, buffer, used_bytes, name, name_bytes);
	free(buffer);
	return is_sound && is_paid;
}

/** Takes one entry. @return false: the list ends here */
static bool entry_take(struct payload_walk *walk, struct archive *reader, struct archive_entry *entry, struct contents *contents)
{
	if (walk->budget->entries == 0) {
		walk->facts->unread |= PAYLOAD_UNREAD_ENTRIES;
		return false;
	}
	walk->budget->entries--;
	walk->facts->entries++;
	const char *name = archive_entry_pathname_utf8(entry);
	if (name == NULL)
		name = archive_entry_pathname(entry);
	if (name == NULL)
		name = "";
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return true;
	uint32_t ignored = 0;
	contents_note(walk, contents, name, payload_type_of_name(name, strlen(name), &ignored));
	if (archive_entry_is_encrypted(entry)) {
		*walk->traits |= PAYLOAD_ENCRYPTED | (archive_entry_is_metadata_encrypted(entry) ? PAYLOAD_NAMES_ENCRYPTED : 0u);
		walk->facts->unread |= PAYLOAD_UNREAD_LOCKED;
		payload_inner(walk, NULL, 0, name, strlen(name));
		return true;
	}
	/* A solid archive is unpacked to get past an entry, whether we read it or not. */
	bool is_solid = contents->type == PAYLOAD_RAR || contents->type == PAYLOAD_7Z || contents->type == PAYLOAD_CAB ||
		contents->type == PAYLOAD_LHA || contents->type == PAYLOAD_TAR || contents->type == PAYLOAD_PACKED;
	if (is_solid && archive_entry_size_is_set(entry) && !bytes_charge(walk, (uint64_t)archive_entry_size(entry))) {
		payload_inner(walk, NULL, 0, name, strlen(name));
		return false;
	}
	return entry_look(walk, reader, name, is_solid && archive_entry_size_is_set(entry));
}

/** Encryption that ends the list with an error. */
static void locks_note(struct payload_walk *walk, struct archive *reader, enum payload_type type, const uint8_t *bytes,
	size_t length_bytes, bool has_file)
{
	uint32_t locks = type == PAYLOAD_RAR ? payload_rar_locks(bytes, length_bytes) : 0;
	if (type != PAYLOAD_RAR && archive_read_has_encrypted_entries(reader) > 0)
		locks |= PAYLOAD_ENCRYPTED | (has_file ? 0u : PAYLOAD_NAMES_ENCRYPTED);
	*walk->traits |= locks;
	walk->facts->unread |= locks != 0 ? PAYLOAD_UNREAD_LOCKED : 0u;
}

static void archive_list(struct payload_walk *walk, struct archive *reader, struct contents *contents, const uint8_t *bytes,
	size_t length_bytes)
{
	if (archive_read_open_memory(reader, bytes, length_bytes) != ARCHIVE_OK) {
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		return;
	}
	struct archive_entry *entry;
	int status = ARCHIVE_OK;
	bool goes_on = true;
	while (goes_on) {
		status = archive_read_next_header(reader, &entry);
		goes_on = (status == ARCHIVE_OK || status == ARCHIVE_WARN) && entry_take(walk, reader, entry, contents);
	}
	enum payload_type type = contents->type;
	locks_note(walk, reader, type, bytes, length_bytes, contents->has_file);
	bool is_locked = (*walk->traits & PAYLOAD_ENCRYPTED) != 0;
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN && status != ARCHIVE_EOF && !is_locked)
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
}

enum payload_type payload_archive_look(struct payload_walk *walk, enum payload_type type, const uint8_t *bytes, size_t length_bytes)
{
	if (walk->depth >= LIMIT_MAIL_PAYLOAD_DEPTH) {
		walk->facts->unread |= PAYLOAD_UNREAD_DEPTH;
		return type;
	}
	struct contents contents = {.type = type};
	if (type == PAYLOAD_ZIP && !payload_zip_is_honest(bytes, length_bytes))
		*walk->traits |= PAYLOAD_ARCHIVE_LIES;
	struct archive *reader = archive_read_new();
	if (reader == NULL || !formats_enable(reader, type))
		walk->facts->unread |= PAYLOAD_UNREAD_KIND;
	else
		archive_list(walk, reader, &contents, bytes, length_bytes);
	(void)archive_read_free(reader);
	if (type == PAYLOAD_ISO && !contents.has_file) /* UDF alone, which libarchive does not read */
		payload_disk_look(walk, bytes, length_bytes);
	if (contents.has_program && contents.has_library)
		*walk->traits |= PAYLOAD_SIDELOADS;
	return contents.type;
}
