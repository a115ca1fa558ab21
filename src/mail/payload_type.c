/*
 * True and claimed types. Three tables: first bytes, endings of names, Content-Types. A type belongs to one or more
 * families, and a claim is a lie only where the families have nothing in common: a docx declared as ZIP is none, nor
 * is RTF under the name .doc; a program under the name .pdf is one.
 *
 * Called for each part and for each entry of an archive (payload.c, payload_archive.c); keeps nothing.
 */
#include "mail/payload_type.h"

#include <string.h>
#include <strings.h>

#include "core/cursor.h"

struct magic {
	uint16_t offset;
	uint8_t length_bytes;
	enum payload_type type;
	const char *bytes;
};

#define MAGIC(offset, type, text) {(offset), sizeof(text) - 1, (type), (text)}

/* Long because it is a table. More telling first. */
static const struct magic magics[] = {
	MAGIC(0, PAYLOAD_LNK, "\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"),
	MAGIC(0, PAYLOAD_ONENOTE, "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"),
	MAGIC(0, PAYLOAD_OLE, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
	MAGIC(0, PAYLOAD_VHDX, "vhdxfile"),
	MAGIC(0, PAYLOAD_VHD, "conectix"),
	MAGIC(0, PAYLOAD_PNG, "\x89PNG\r\n\x1a\n"),
	MAGIC(0, PAYLOAD_RAR, "Rar!\x1a\x07"),
	MAGIC(0, PAYLOAD_7Z, "7z\xbc\xaf\x27\x1c"),
	MAGIC(0, PAYLOAD_PACKED, "\xfd\x37zXZ\0"),
	MAGIC(0, PAYLOAD_GIF, "GIF87a"),
	MAGIC(0, PAYLOAD_GIF, "GIF89a"),
	MAGIC(0, PAYLOAD_INSTALLER, "!<arch>\ndebian"),
	MAGIC(0, PAYLOAD_INSTALLER, "\xed\xab\xee\xdb"),
	MAGIC(0, PAYLOAD_ZIP, "PK\x03\x04"),
	MAGIC(0, PAYLOAD_ZIP, "PK\x05\x06"),
	MAGIC(0, PAYLOAD_ZIP, "PK\x07\x08"),
	MAGIC(0, PAYLOAD_CAB, "MSCF\0\0\0\0"),
	MAGIC(0, PAYLOAD_ARCHIVE, "ISc("),
	MAGIC(7, PAYLOAD_ARCHIVE, "**ACE**"),
	MAGIC(0, PAYLOAD_ARCHIVE, "ALZ\x01"),
	MAGIC(0, PAYLOAD_ARCHIVE, "EGGA"),
	MAGIC(0, PAYLOAD_ARCHIVE, "ZOO "),
	MAGIC(0, PAYLOAD_ARCHIVE, "7kSt"),
	MAGIC(0, PAYLOAD_ARCHIVE, "\x60\xea"),
	MAGIC(0, PAYLOAD_HELP, "ITSF"),
	MAGIC(257, PAYLOAD_TAR, "ustar"),
	MAGIC(2, PAYLOAD_LHA, "-lh"),
	MAGIC(2, PAYLOAD_LHA, "-lz"),
	MAGIC(0, PAYLOAD_PACKED, "\x28\xb5\x2f\xfd"),
	MAGIC(0, PAYLOAD_PACKED, "\x04\x22\x4d\x18"),
	MAGIC(0, PAYLOAD_PACKED, "LZIP"),
	MAGIC(0, PAYLOAD_PACKED, "\x1f\x8b"),
	MAGIC(0, PAYLOAD_PACKED, "\x1f\x9d"),
	MAGIC(0, PAYLOAD_PACKED, "BZh"),
	MAGIC(0, PAYLOAD_PROGRAM, "\x7f" "ELF"),
	MAGIC(0, PAYLOAD_PROGRAM, "\xfe\xed\xfa\xce"),
	MAGIC(0, PAYLOAD_PROGRAM, "\xfe\xed\xfa\xcf"),
	MAGIC(0, PAYLOAD_PROGRAM, "\xce\xfa\xed\xfe"),
	MAGIC(0, PAYLOAD_PROGRAM, "\xcf\xfa\xed\xfe"),
	MAGIC(0, PAYLOAD_JPEG, "\xff\xd8\xff"),
	MAGIC(0, PAYLOAD_RTF, "{\\rt"),
	MAGIC(0, PAYLOAD_PICTURE, "II*\0"),
	MAGIC(0, PAYLOAD_PICTURE, "MM\0*"),
	MAGIC(8, PAYLOAD_PICTURE, "WEBP"),
	MAGIC(4, PAYLOAD_PICTURE, "ftyphei"),
	MAGIC(4, PAYLOAD_PICTURE, "ftypavif"),
	MAGIC(0, PAYLOAD_PICTURE, "\0\0\x01\0\x01\0"),
	MAGIC(4, PAYLOAD_MEDIA, "ftyp"),
	MAGIC(8, PAYLOAD_MEDIA, "WAVE"),
	MAGIC(8, PAYLOAD_MEDIA, "AVI "),
	MAGIC(0, PAYLOAD_MEDIA, "ID3"),
	MAGIC(0, PAYLOAD_MEDIA, "OggS"),
	MAGIC(0, PAYLOAD_MEDIA, "fLaC"),
	MAGIC(0, PAYLOAD_MEDIA, "MThd"),
	MAGIC(0, PAYLOAD_MEDIA, "\x1a\x45\xdf\xa3"),
	MAGIC(0, PAYLOAD_FONT, "wOFF"),
	MAGIC(0, PAYLOAD_FONT, "wOF2"),
	MAGIC(0, PAYLOAD_FONT, "OTTO"),
	MAGIC(0, PAYLOAD_FONT, "\0\x01\0\0\0"),
};

struct word_type {
	const char *word;
	enum payload_type type;
};

/* Endings of names, by type. Those that Windows runs or opens without a question are all that matter; the rest is for lies. */
static const struct word_type endings[] = {
	{"txt log csv tsv md ini conf", PAYLOAD_TEXT},
	{"htm html shtml xhtml xht mht mhtml", PAYLOAD_HTML},
	{"xml xsl xslt", PAYLOAD_XML}, {"svg svgz", PAYLOAD_SVG}, {"rtf", PAYLOAD_RTF}, {"ics ical ifb vcs", PAYLOAD_CALENDAR},
	{"vcf", PAYLOAD_CONTACT}, {"eml", PAYLOAD_MAIL}, {"png apng", PAYLOAD_PNG}, {"jpg jpeg jpe jfif", PAYLOAD_JPEG},
	{"gif", PAYLOAD_GIF}, {"bmp dib tif tiff webp heic heif avif ico", PAYLOAD_PICTURE},
	{"mp3 wav ogg flac m4a mp4 avi mov mkv wmv mpg mpeg mid", PAYLOAD_MEDIA}, {"ttf otf woff woff2", PAYLOAD_FONT},
	{"pdf", PAYLOAD_PDF}, {"doc dot xls xlt ppt pps pot msg pub vsd mpp xla jtd", PAYLOAD_OLE},
	{"docx dotx docm dotm xlsx xltx xlsm xltm xlsb pptx potx pptm potm ppsx ppsm vsdx vsdm", PAYLOAD_OOXML},
	{"odt ods odp odg ott", PAYLOAD_OPENDOCUMENT}, {"one onepkg onetoc2", PAYLOAD_ONENOTE}, {"chm hlp", PAYLOAD_HELP},
	{"zip zipx", PAYLOAD_ZIP}, {"rar r00 r01", PAYLOAD_RAR}, {"7z", PAYLOAD_7Z}, {"cab", PAYLOAD_CAB},
	{"tar tgz tbz txz", PAYLOAD_TAR},
	{"lzh lha", PAYLOAD_LHA}, {"gz bz2 xz zst lz z lz4", PAYLOAD_PACKED}, {"ace arj alz egg zoo zpaq uue uu", PAYLOAD_ARCHIVE},
	{"iso udf", PAYLOAD_ISO}, {"vhd", PAYLOAD_VHD}, {"vhdx avhdx", PAYLOAD_VHDX}, {"img ima dmg vmdk vdi qcow2", PAYLOAD_DISK},
	{"exe scr com pif cpl dll sys ocx drv efi", PAYLOAD_PROGRAM},
	{"msi msp mst msix msixbundle appx appxbundle appinstaller application deb rpm apk pkg", PAYLOAD_INSTALLER},
	{"jar jnlp class war", PAYLOAD_JAVA},
	{"js jse vbs vbe vb hta wsf wsh wsc sct ps1 psm1 psd1 ps1xml bat cmd sh bash csh command py pyw pyz pl rb ahk au3 reg inf "
	 "msc xbap gadget", PAYLOAD_SCRIPT},
	{"lnk", PAYLOAD_LNK},
	{"url website webloc library-ms search-ms searchconnector-ms settingcontent-ms wsb rdp desktop scf theme themepack",
	 PAYLOAD_SHORTCUT},
	{"xll wll ppam ppa xlam accda accde mde iqy slk dqy oqy", PAYLOAD_ADDIN}, {"p7s p7m p7c asc pgp gpg sig", PAYLOAD_SIGNATURE},
};

static const struct word_type declarations[] = {
	{"text/plain", PAYLOAD_TEXT}, {"text/csv", PAYLOAD_TEXT}, {"text/html", PAYLOAD_HTML}, {"application/xhtml+xml", PAYLOAD_HTML},
	{"text/xml", PAYLOAD_XML}, {"application/xml", PAYLOAD_XML}, {"image/svg+xml", PAYLOAD_SVG}, {"text/rtf", PAYLOAD_RTF},
	{"application/rtf", PAYLOAD_RTF}, {"text/calendar", PAYLOAD_CALENDAR}, {"application/ics", PAYLOAD_CALENDAR},
	{"text/vcard", PAYLOAD_CONTACT}, {"text/x-vcard", PAYLOAD_CONTACT}, {"message/rfc822", PAYLOAD_MAIL},
	{"image/png", PAYLOAD_PNG},
	{"image/jpeg", PAYLOAD_JPEG}, {"image/jpg", PAYLOAD_JPEG}, {"image/pjpeg", PAYLOAD_JPEG}, {"image/gif", PAYLOAD_GIF},
	{"application/pdf", PAYLOAD_PDF}, {"application/x-pdf", PAYLOAD_PDF}, {"application/msword", PAYLOAD_OLE},
	{"application/vnd.ms-excel", PAYLOAD_OLE}, {"application/vnd.ms-powerpoint", PAYLOAD_OLE},
	{"application/vnd.ms-outlook", PAYLOAD_OLE},
	{"application/onenote", PAYLOAD_ONENOTE}, {"application/msonenote", PAYLOAD_ONENOTE}, {"application/zip", PAYLOAD_ZIP},
	{"application/x-zip-compressed", PAYLOAD_ZIP}, {"application/x-rar-compressed", PAYLOAD_RAR},
	{"application/vnd.rar", PAYLOAD_RAR},
	{"application/x-7z-compressed", PAYLOAD_7Z}, {"application/vnd.ms-cab-compressed", PAYLOAD_CAB},
	{"application/x-tar", PAYLOAD_TAR},
	{"application/gzip", PAYLOAD_PACKED}, {"application/x-gzip", PAYLOAD_PACKED}, {"application/x-iso9660-image", PAYLOAD_ISO},
	{"application/x-msdownload", PAYLOAD_PROGRAM}, {"application/x-msdos-program", PAYLOAD_PROGRAM},
	{"application/java-archive", PAYLOAD_JAVA}, {"application/javascript", PAYLOAD_SCRIPT}, {"text/javascript", PAYLOAD_SCRIPT},
	{"application/hta", PAYLOAD_SCRIPT}, {"application/x-ms-shortcut", PAYLOAD_LNK},
	{"application/pkcs7-signature", PAYLOAD_SIGNATURE},
	{"application/pgp-signature", PAYLOAD_SIGNATURE},
};

/* Prefixes of whole families of Content-Types, for what the table above does not name. */
static const struct word_type declared_prefixes[] = {
	{"application/vnd.openxmlformats-officedocument.", PAYLOAD_OOXML},
	{"application/vnd.oasis.opendocument.", PAYLOAD_OPENDOCUMENT},
	{"application/vnd.ms-word.", PAYLOAD_OOXML}, {"application/vnd.ms-excel.", PAYLOAD_OOXML}, {"image/", PAYLOAD_PICTURE},
	{"audio/", PAYLOAD_MEDIA}, {"video/", PAYLOAD_MEDIA}, {"font/", PAYLOAD_FONT}, {"text/", PAYLOAD_TEXT},
};

/* Families, as bits. */
#define IS_TEXT 1u
#define IS_PICTURE 2u
#define IS_OFFICE 4u
#define IS_ARCHIVE 8u
#define IS_DISK 16u
#define IS_PROGRAM 32u
#define IS_OTHER(n) (64u << (n))

struct kind {
	const char *name;
	uint32_t families; /* 0: nothing contradicts it */
	uint32_t traits; /* of the type itself */
	bool is_archive;
};

static const struct kind kinds[PAYLOAD_TYPES] = {
	[PAYLOAD_UNKNOWN] = {"unknown", 0, 0, false},
	[PAYLOAD_EMPTY] = {"empty", 0, 0, false},
	[PAYLOAD_TEXT] = {"text", IS_TEXT, 0, false},
	[PAYLOAD_HTML] = {"html", IS_TEXT, 0, false},
	[PAYLOAD_XML] = {"xml", IS_TEXT | IS_OFFICE, 0, false},
	[PAYLOAD_SVG] = {"svg", IS_TEXT | IS_PICTURE, 0, false},
	[PAYLOAD_RTF] = {"rtf", IS_TEXT | IS_OFFICE, 0, false},
	[PAYLOAD_CALENDAR] = {"calendar", IS_TEXT, 0, false},
	[PAYLOAD_CONTACT] = {"contact", IS_TEXT, 0, false},
	[PAYLOAD_MAIL] = {"mail", IS_TEXT | IS_OFFICE, 0, false},
	[PAYLOAD_PNG] = {"png", IS_PICTURE, 0, false},
	[PAYLOAD_JPEG] = {"jpeg", IS_PICTURE, 0, false},
	[PAYLOAD_GIF] = {"gif", IS_PICTURE, 0, false},
	[PAYLOAD_PICTURE] = {"picture", IS_PICTURE, 0, false},
	[PAYLOAD_MEDIA] = {"media", IS_OTHER(0), 0, false},
	[PAYLOAD_FONT] = {"font", IS_OTHER(1), 0, false},
	[PAYLOAD_PDF] = {"pdf", IS_OTHER(2), 0, false},
	[PAYLOAD_OLE] = {"ole", IS_OFFICE, 0, false},
	[PAYLOAD_OOXML] = {"ooxml", IS_OFFICE | IS_ARCHIVE, 0, true},
	[PAYLOAD_OPENDOCUMENT] = {"opendocument", IS_OFFICE | IS_ARCHIVE, 0, true},
	[PAYLOAD_ONENOTE] = {"onenote", IS_OTHER(3) | IS_ARCHIVE, PAYLOAD_IS_ONENOTE, false},
	[PAYLOAD_HELP] = {"chm", IS_OTHER(4), PAYLOAD_IS_HELP, false},
	[PAYLOAD_ZIP] = {"zip", IS_ARCHIVE, 0, true},
	[PAYLOAD_RAR] = {"rar", IS_ARCHIVE, 0, true},
	[PAYLOAD_7Z] = {"7z", IS_ARCHIVE, 0, true},
	[PAYLOAD_CAB] = {"cab", IS_ARCHIVE, 0, true},
	[PAYLOAD_TAR] = {"tar", IS_ARCHIVE, 0, true},
	[PAYLOAD_LHA] = {"lha", IS_ARCHIVE, 0, true},
	[PAYLOAD_PACKED] = {"packed", IS_ARCHIVE, 0, true},
	[PAYLOAD_ARCHIVE] = {"archive", IS_ARCHIVE, 0, false},
	[PAYLOAD_ISO] = {"iso", IS_DISK, PAYLOAD_IS_IMAGE, true},
	[PAYLOAD_VHD] = {"vhd", IS_DISK, PAYLOAD_IS_IMAGE, false},
	[PAYLOAD_VHDX] = {"vhdx", IS_DISK, PAYLOAD_IS_IMAGE, false},
	[PAYLOAD_DISK] = {"disk", IS_DISK, PAYLOAD_IS_IMAGE, false},
	[PAYLOAD_PROGRAM] = {"program", IS_PROGRAM, PAYLOAD_RUNS, false},
	[PAYLOAD_INSTALLER] = {"installer", IS_PROGRAM | IS_OFFICE | IS_ARCHIVE, PAYLOAD_RUNS, false},
	[PAYLOAD_JAVA] = {"java", IS_PROGRAM | IS_ARCHIVE, PAYLOAD_RUNS, false},
	[PAYLOAD_SCRIPT] = {"script", IS_TEXT, PAYLOAD_RUNS, false},
	[PAYLOAD_LNK] = {"lnk", IS_OTHER(5), PAYLOAD_IS_SHORTCUT, false},
	[PAYLOAD_SHORTCUT] = {"shortcut", IS_TEXT, PAYLOAD_IS_SHORTCUT, false},
	[PAYLOAD_ADDIN] = {"addin", IS_PROGRAM | IS_OFFICE | IS_ARCHIVE | IS_TEXT, PAYLOAD_RUNS, false},
	[PAYLOAD_SIGNATURE] = {"signature", 0, 0, false},
};

static const struct kind *kind_of(enum payload_type type)
{
	return &kinds[(unsigned)type < PAYLOAD_TYPES ? type : PAYLOAD_UNKNOWN];
}

const char *payload_type_name(enum payload_type type)
{
	return kind_of(type)->name;
}

uint32_t payload_type_traits(enum payload_type type)
{
	return kind_of(type)->traits;
}

bool payload_type_is_archive(enum payload_type type)
{
	return kind_of(type)->is_archive;
}

bool payload_type_contradicts(enum payload_type claimed, enum payload_type actual)
{
	uint32_t claim = kind_of(claimed)->families, truth = kind_of(actual)->families;
	return claim != 0 && truth != 0 && (claim & truth) == 0;
}

static bool has_at(const uint8_t *bytes, size_t length_bytes, size_t offset, const char *text, size_t text_bytes)
{
	return length_bytes >= offset + text_bytes && memcmp(bytes + offset, text, text_bytes) == 0;
}

/** Programs of DOS and Windows: "MZ", and where there is more than a stub the offset of a header that is there. */
static bool is_windows_program(const uint8_t *bytes, size_t length_bytes)
{
	if (!has_at(bytes, length_bytes, 0, "MZ", 2) || length_bytes < 64)
		return false;
	struct cursor cur = cursor_over(bytes + 60, 4);
	uint32_t header = cursor_le32(&cur);
	return header >= length_bytes || has_at(bytes, length_bytes, header, "PE\0\0", 4) ||
		has_at(bytes, length_bytes, header, "NE", 2) || header < 64;
}

/** A boot sector or a partition table, or a volume of ISO 9660 or UDF (ECMA-119 8.1, ECMA-167 2/9). */
static enum payload_type disk_type(const uint8_t *bytes, size_t length_bytes)
{
	if (has_at(bytes, length_bytes, 32769, "CD001", 5) || has_at(bytes, length_bytes, 32769, "BEA01", 5))
		return PAYLOAD_ISO;
	if (length_bytes >= 1024 && has_at(bytes, length_bytes, length_bytes - 512, "conectix", 8))
		return PAYLOAD_VHD;
	if (!has_at(bytes, length_bytes, 510, "\x55\xaa", 2))
		return PAYLOAD_UNKNOWN;
	bool is_boot = bytes[0] == 0xe9 || (bytes[0] == 0xeb && bytes[2] == 0x90);
	bool is_table = true, has_partition = false;
	for (size_t at = 446; at < 510; at += 16) {
		is_table = is_table && (bytes[at] == 0 || bytes[at] == 0x80);
		has_partition = has_partition || bytes[at + 4] != 0;
	}
	return is_boot || (is_table && has_partition) ? PAYLOAD_DISK : PAYLOAD_UNKNOWN;
}

/** Case-blind search for a lower-case ASCII word; zero bytes between (UTF-16) are stepped over. */
static bool text_has(const char *text, size_t length_bytes, const char *word)
{
	size_t word_bytes = strlen(word);
	for (size_t i = 0; i + word_bytes <= length_bytes; i++) {
		if (strncasecmp(text + i, word, word_bytes) == 0)
			return true;
	}
	return false;
}

/** Which text it is, by its first kilobyte with the zero bytes of UTF-16 taken out. */
static enum payload_type text_type(const uint8_t *bytes, size_t length_bytes)
{
	static const struct word_type starts[] = {
		{"BEGIN:VCALENDAR", PAYLOAD_CALENDAR}, {"BEGIN:VCARD", PAYLOAD_CONTACT}, {"[InternetShortcut]", PAYLOAD_SHORTCUT},
		{"[Desktop Entry]", PAYLOAD_SHORTCUT}, {"[ShellClassInfo]", PAYLOAD_SHORTCUT}, {"#!", PAYLOAD_SCRIPT},
		{"-----BEGIN PGP", PAYLOAD_SIGNATURE}, {"-----BEGIN PKCS7", PAYLOAD_SIGNATURE}, {"Received:", PAYLOAD_MAIL},
		{"Return-Path:", PAYLOAD_MAIL}, {"MIME-Version:", PAYLOAD_MAIL},
	};
	static const struct word_type marks[] = {
		{"<svg", PAYLOAD_SVG}, {"<html", PAYLOAD_HTML}, {"<!doctype html", PAYLOAD_HTML}, {"<head", PAYLOAD_HTML},
		{"<body", PAYLOAD_HTML},
		{"<script", PAYLOAD_HTML}, {"<iframe", PAYLOAD_HTML}, {"<hta:application", PAYLOAD_SCRIPT}, {"<?xml", PAYLOAD_XML},
	};
	char head[1024];
	size_t used = 0;
	for (size_t i = 0; i < length_bytes && used < sizeof(head); i++) {
		bool is_lead = used == 0 && (bytes[i] <= ' ' || bytes[i] >= 0xef || bytes[i] == 0xbb || bytes[i] == 0xbf);
		if (bytes[i] != 0 && !is_lead)
			head[used++] = (char)bytes[i];
	}
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		if (used >= strlen(starts[i].word) && strncasecmp(head, starts[i].word, strlen(starts[i].word)) == 0)
			return starts[i].type;
	}
	for (size_t i = 0; used > 0 && i < ARRAY_LEN(marks); i++) {
		if (text_has(head, used, marks[i].word))
			return marks[i].type;
	}
	return PAYLOAD_TEXT;
}

/** Whether the beginning could be text of some charset: no control bytes but those of lines, pages and ISO-2022. */
static bool is_text(const uint8_t *bytes, size_t length_bytes)
{
	bool is_wide = length_bytes >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff));
	size_t looked_at = length_bytes < 4096 ? length_bytes : 4096;
	for (size_t i = 0; i < looked_at; i++) {
		bool is_control = bytes[i] < ' ' && strchr("\t\n\v\f\r\x1b\x0e\x0f\x1a", bytes[i]) == NULL;
		if ((is_control || bytes[i] == 0) && !is_wide)
			return false;
	}
	return true;
}

enum payload_type payload_type_of_bytes(const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes == 0)
		return PAYLOAD_EMPTY;
	if (is_windows_program(bytes, length_bytes))
		return PAYLOAD_PROGRAM;
	/* A class file and a universal Mach-O begin alike; the next number is a version of 45 or more, or a count of a few. */
	if (has_at(bytes, length_bytes, 0, "\xca\xfe\xba\xbe", 4) && length_bytes >= 8)
		return bytes[7] >= 45 ? PAYLOAD_JAVA : PAYLOAD_PROGRAM;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
		if (has_at(bytes, length_bytes, magics[i].offset, magics[i].bytes, magics[i].length_bytes))
			return magics[i].type;
	}
	enum payload_type disk = disk_type(bytes, length_bytes);
	if (disk != PAYLOAD_UNKNOWN)
		return disk;
	/* ISO 32000-1 7.5.2, and what readers take: the mark is somewhere in the first kilobyte. */
	size_t head_bytes = length_bytes < 1024 ? length_bytes : 1024;
	if (memmem(bytes, head_bytes, "%PDF-", 5) != NULL)
		return PAYLOAD_PDF;
	return is_text(bytes, length_bytes) ? text_type(bytes, length_bytes) : PAYLOAD_UNKNOWN;
}

/** Finds a whole word, case-blind, in a list separated by spaces. */
static bool list_has(const char *list, const char *word, size_t word_bytes)
{
	for (const char *at = list; *at != '\0';) {
		size_t length_bytes = strcspn(at, " ");
		if (length_bytes == word_bytes && strncasecmp(at, word, word_bytes) == 0)
			return true;
		at += length_bytes + (at[length_bytes] == ' ' ? 1 : 0);
	}
	return false;
}

static enum payload_type type_of_ending(const char *ending, size_t length_bytes)
{
	for (size_t i = 0; length_bytes > 0 && i < ARRAY_LEN(endings); i++) {
		if (list_has(endings[i].word, ending, length_bytes))
			return endings[i].type;
	}
	return PAYLOAD_UNKNOWN;
}

/** Length of the UTF-8 sequence at the front; 0: it is none. */
static size_t utf8_length(const uint8_t *at, size_t left_bytes)
{
	size_t length = at[0] < 0x80 ? 1 : (at[0] & 0xe0) == 0xc0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : (at[0] & 0xf8) == 0xf0 ? 4 : 0;
	if (length > left_bytes)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/** Whether the name shows otherwise than it is. Only where it is UTF-8, since bytes of other charsets look alike. */
static bool name_hides(const char *name, size_t length_bytes)
{
	bool hides = false;
	size_t spaces = 0;
	for (size_t i = 0; i < length_bytes;) {
		const uint8_t *at = (const uint8_t *)name + i;
		size_t step = utf8_length(at, length_bytes - i);
		if (step == 0)
			return false;
		uint32_t point = step == 3 ? (uint32_t)(at[0] & 15) << 12 | (uint32_t)(at[1] & 63) << 6 | (at[2] & 63u) : at[0];
		bool is_space = point == ' ' || point == 0x3000 || point == '\t' || (step == 3 && point >= 0x2000 && point <= 0x200a);
		spaces = is_space ? spaces + 1 : 0;
		hides = hides || spaces >= 8 || (step == 1 && (point < ' ' || point == 0x7f)) ||
			(step == 3 && ((point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
					      (point >= 0x2060 && point <= 0x2069) || point == 0xfeff));
		i += step;
	}
	return hides;
}

enum payload_type payload_type_of_name(const char *name, size_t length_bytes, uint32_t *ret_traits)
{
	for (size_t i = length_bytes; i > 0; i--) {
		/* 0x5c is also a trail byte of Shift_JIS: what follows it still ends alike. */
		if (name[i - 1] == '/' || name[i - 1] == '\\') {
			name += i;
			length_bytes -= i;
			break;
		}
	}
	if (name_hides(name, length_bytes))
		*ret_traits |= PAYLOAD_HIDES_NAME;
	/* Windows ignores dots and spaces at the end of a name. */
	while (length_bytes > 0 && (name[length_bytes - 1] == '.' || name[length_bytes - 1] == ' '))
		length_bytes--;
	const char *last = memrchr(name, '.', length_bytes);
	if (last == NULL)
		return PAYLOAD_UNKNOWN;
	enum payload_type type = type_of_ending(last + 1, length_bytes - (size_t)(last - name) - 1);
	size_t stem_bytes = (size_t)(last - name);
	while (stem_bytes > 0 && name[stem_bytes - 1] == ' ')
		stem_bytes--;
	const char *before = memrchr(name, '.', stem_bytes);
	bool acts = (payload_type_traits(type) & (PAYLOAD_RUNS | PAYLOAD_IS_SHORTCUT | PAYLOAD_IS_IMAGE | PAYLOAD_IS_HELP)) != 0;
	if (before == NULL || (!acts && type != PAYLOAD_HTML))
		return type;
	enum payload_type shown = type_of_ending(before + 1, stem_bytes - (size_t)(before - name) - 1);
	bool is_document = shown == PAYLOAD_TEXT || (shown >= PAYLOAD_RTF && shown <= PAYLOAD_ONENOTE);
	if (is_document && shown != type && (acts || payload_type_contradicts(shown, type)))
		*ret_traits |= PAYLOAD_DOUBLE_EXTENSION;
	return type;
}

enum payload_type payload_type_of_declared(const char *declared)
{
	for (size_t i = 0; i < ARRAY_LEN(declarations); i++) {
		if (strcasecmp(declared, declarations[i].word) == 0)
			return declarations[i].type;
	}
	for (size_t i = 0; i < ARRAY_LEN(declared_prefixes); i++) {
		if (strncasecmp(declared, declared_prefixes[i].word, strlen(declared_prefixes[i].word)) == 0)
			return declared_prefixes[i].type;
	}
	return PAYLOAD_UNKNOWN;
}
