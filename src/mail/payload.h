/*
 * The shape of one attachment: what its bytes truly are, what its name and its Content-Type claim, what is inside of
 * archives, disk images and documents, and what it could do. Structure alone: there is no member that could hold a
 * name or a word of it. Links found in QR codes, calendar files and shortcuts are handed on while they are looked at,
 * and are not kept here.
 *
 * Work is bounded by a budget of bytes, entries and pixels that the caller makes for one mail and all of its parts
 * share, so time is bounded too, and the same mail gives the same facts on every machine. Pure over memory: no file, no
 * clock. libarchive, libpng, libjpeg-turbo and zbar, which it calls, allocate: run it in the worker (worker.h).
 *
 * Does not judge: an encrypted archive or a macro is a fact. Does not decrypt, does not run, does not fetch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/** What bytes are, and what names and Content-Types say they are. */
enum payload_type {
	PAYLOAD_UNKNOWN = 0,
	PAYLOAD_EMPTY,
	/* Text. */
	PAYLOAD_TEXT,
	PAYLOAD_HTML,
	PAYLOAD_XML,
	PAYLOAD_SVG,
	PAYLOAD_RTF,
	PAYLOAD_CALENDAR,
	PAYLOAD_CONTACT,
	PAYLOAD_MAIL, /* .eml, message/rfc822 */
	/* Pictures and other media. */
	PAYLOAD_PNG,
	PAYLOAD_JPEG,
	PAYLOAD_GIF,
	PAYLOAD_PICTURE, /* of another kind: bmp, tiff, webp, heic, ico */
	PAYLOAD_MEDIA, /* sound, film */
	PAYLOAD_FONT,
	/* Documents. */
	PAYLOAD_PDF,
	PAYLOAD_OLE, /* compound file: doc, xls, ppt, msg, and encrypted OOXML */
	PAYLOAD_OOXML, /* docx, xlsx, pptx and their kinds with macros */
	PAYLOAD_OPENDOCUMENT,
	PAYLOAD_ONENOTE,
	PAYLOAD_HELP, /* chm */
	/* Archives. */
	PAYLOAD_ZIP,
	PAYLOAD_RAR,
	PAYLOAD_7Z,
	PAYLOAD_CAB,
	PAYLOAD_TAR,
	PAYLOAD_LHA,
	PAYLOAD_PACKED, /* one packed stream: gz, bz2, xz, zst, Z */
	PAYLOAD_ARCHIVE, /* of a kind that cannot be listed here: ace, arj, alz, egg, zoo, zpaq */
	/* Disk images. */
	PAYLOAD_ISO, /* ISO 9660 and UDF */
	PAYLOAD_VHD,
	PAYLOAD_VHDX,
	PAYLOAD_DISK, /* raw: a boot sector or a partition table; img */
	/* What runs, or makes something run. */
	PAYLOAD_PROGRAM, /* PE, ELF, Mach-O */
	PAYLOAD_INSTALLER, /* msi, msp, msix, appx, deb, rpm, apk */
	PAYLOAD_JAVA, /* jar, class, jnlp */
	PAYLOAD_SCRIPT, /* js vbs hta wsf ps1 bat cmd sh py and more */
	PAYLOAD_LNK,
	PAYLOAD_SHORTCUT, /* url, website, library-ms, search-ms, settingcontent-ms, wsb, rdp, desktop, scf */
	PAYLOAD_ADDIN, /* xll, wll, ppam, xlam: a document name for code */
	/* Keys and signatures. */
	PAYLOAD_SIGNATURE, /* p7s, p7m, asc, pgp */
	PAYLOAD_TYPES
};

/** What a part, or something inside of it, has about it. Bits of payload_facts.traits and .inside. */
enum payload_trait {
	PAYLOAD_TRAIT_NONE = 0,
	PAYLOAD_RUNS = 1 << 0, /* program, installer, Java, script, add-in */
	PAYLOAD_IS_SHORTCUT = 1 << 1, /* LNK, or another file that starts what it names */
	PAYLOAD_IS_IMAGE = 1 << 2, /* disk image: what is inside loses the mark of the web */
	PAYLOAD_HAS_MACRO = 1 << 3, /* VBA or Excel 4 macros in OLE or OOXML */
	PAYLOAD_HAS_OBJECT = 1 << 4, /* embedded OLE object or file (OLE, OOXML, RTF, OneNote) */
	PAYLOAD_HAS_REMOTE = 1 << 5, /* OOXML loads a template, frame or object from elsewhere; RTF likewise */
	PAYLOAD_ENCRYPTED = 1 << 6, /* contents of archive, or Office document, need a password */
	PAYLOAD_NAMES_ENCRYPTED = 1 << 7, /* and the list of names too */
	PAYLOAD_NESTED = 1 << 8, /* archive or disk image inside of an archive or disk image */
	PAYLOAD_DOUBLE_EXTENSION = 1 << 9, /* "x.docx.lnk": a document's ending before one that runs or opens otherwise */
	PAYLOAD_HIDES_NAME = 1 << 10, /* control, bidirectional or zero-width characters, or a run of spaces before the ending */
	PAYLOAD_LIES_NAME = 1 << 11, /* name's ending is of another family than the bytes */
	PAYLOAD_LIES_DECLARED = 1 << 12, /* Content-Type is of another family than the bytes, and is not "any bytes" */
	PAYLOAD_ARCHIVE_LIES = 1 << 13, /* two lists of one archive differ, or sizes are not those that are there */
	PAYLOAD_SIDELOADS = 1 << 14, /* a program and a library for it in one archive */
	PAYLOAD_HTML_SCRIPT = 1 << 15, /* attached HTML or SVG with script */
	PAYLOAD_HTML_SMUGGLES = 1 << 16, /* and marks that it makes a file out of itself */
	PAYLOAD_HTML_PASSWORD = 1 << 17, /* attached HTML with a field for a password */
	PAYLOAD_CALENDAR_LINK = 1 << 18, /* calendar file with a link */
	PAYLOAD_HAS_QR = 1 << 19, /* a picture with a QR code */
	PAYLOAD_QR_LINK = 1 << 20, /* that holds a link */
	PAYLOAD_IS_HELP = 1 << 21, /* chm */
	PAYLOAD_IS_ONENOTE = 1 << 22,
	PAYLOAD_PDF_ACTS = 1 << 23, /* PDF with JavaScript, launch or embedded file, as far as it is not compressed */
};

/** Why a part was not read to its end. Bits of payload_facts.unread. */
enum payload_unread {
	PAYLOAD_READ = 0,
	PAYLOAD_UNREAD_BROKEN = 1 << 0, /* ends too early or contradicts itself */
	PAYLOAD_UNREAD_KIND = 1 << 1, /* of a kind or method that is not read here */
	PAYLOAD_UNREAD_BYTES = 1 << 2, /* unpacks to more than the budget, or at an absurd ratio: a bomb */
	PAYLOAD_UNREAD_ENTRIES = 1 << 3, /* more entries than the budget */
	PAYLOAD_UNREAD_DEPTH = 1 << 4, /* nested deeper than LIMIT_MAIL_PAYLOAD_DEPTH */
	PAYLOAD_UNREAD_PIXELS = 1 << 5, /* more pixels than the budget */
	PAYLOAD_UNREAD_LOCKED = 1 << 6, /* encrypted */
};

#define PAYLOAD_DIGEST_BYTES 32

/** What is known of one part. Zeroed is the start. */
struct payload_facts {
	enum payload_type type; /* by its bytes; by its name only for scripts, shortcuts and add-ins that have no magic */
	enum payload_type named; /* by the last ending of its name; PAYLOAD_UNKNOWN: none, or not in the table */
	enum payload_type declared; /* by Content-Type; PAYLOAD_UNKNOWN: none, any bytes, or not in the table */
	uint64_t size_bytes; /* decoded */
	uint32_t traits; /* bits of enum payload_trait, of the part itself */
	uint32_t inside; /* the same, of anything inside of it, however deep */
	uint64_t types_inside; /* bit n: enum payload_type n was inside, by bytes or by name */
	uint32_t entries; /* inside, over all depths */
	uint32_t depth; /* of nesting: 0: not an archive */
	uint32_t unread; /* bits of enum payload_unread */
	uint32_t links; /* that were handed to payload_links */
	uint8_t digest[PAYLOAD_DIGEST_BYTES]; /* SHA-256 of an archive, disk image, document or thing that runs; else zeros */
};

/** What is left to spend on one mail; all parts share it. Made by payload_budget_init(). */
struct payload_budget {
	uint64_t bytes; /* that may still be unpacked */
	uint64_t pixels; /* that may still be looked at for QR codes */
	uint32_t entries; /* that may still be listed */
};

/** Where a link was found. */
enum payload_link_kind {
	PAYLOAD_LINK_NONE = 0,
	PAYLOAD_LINK_QR,
	PAYLOAD_LINK_CALENDAR,
	PAYLOAD_LINK_SHORTCUT, /* a .url file */
};

/**
 * Takes a link that was found.
 *
 * @param context the caller's
 * @param kind where it was
 * @param link not NUL-terminated, borrowed for the call: bytes that a stranger chose
 * @param length_bytes at most LIMIT_MAIL_LINK_BYTES
 */
typedef void payload_link_taker(void *context, enum payload_link_kind kind, const char *link, size_t length_bytes);

struct payload_links {
	payload_link_taker *take; /* NULL: nobody wants them */
	void *context;
};

/** A fresh budget for one mail: the walls of core/limits.h. */
struct payload_budget payload_budget_init(void);

/**
 * Looks at one part of a mail.
 *
 * @param bytes decoded (base64 and quoted-printable undone), borrowed
 * @param length_bytes of them
 * @param name its file name in UTF-8, NULL: none; need not be valid UTF-8
 * @param declared its Content-Type, "type/subtype" without parameters, any case, NULL: none
 * @param is_attachment false: a body that is shown; HTML is then not looked at for script and smuggling
 * @param links who takes links, NULL: nobody
 * @param budget of this mail; what was spent is taken off
 * @param ret_facts filled, whatever the bytes are; what could not be read is in .unread
 */
void payload_look(const void *bytes, size_t length_bytes, const char *name, const char *declared, bool is_attachment,
	const struct payload_links *links, struct payload_budget *budget, struct payload_facts *ret_facts);

/** Everything of a part and of what is in it: traits | inside. */
static inline uint32_t payload_all(const struct payload_facts *facts)
{
	return facts->traits | facts->inside;
}

/** A type in one word, for reasons and reports: "zip". Static text. */
const char *payload_type_name(enum payload_type type);

/** A trait in a few words that follow "has " or "is ": "a shortcut that starts a program". NULL: not one bit of the table. */
const char *payload_trait_words(enum payload_trait trait);

/** Why something was not read, in words that follow "could not read, because ". NULL: not one bit of the table. */
const char *payload_unread_words(enum payload_unread unread);
