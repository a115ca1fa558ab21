/*
 * What the files payload_*.c share while they look at one part and at what is inside of it. Not for others.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mail/payload.h"

/** One look at one part of a mail, at one depth. */
struct payload_walk {
	const struct payload_links *links; /* borrowed; NULL: nobody wants links */
	struct payload_budget *budget;
	struct payload_facts *facts; /* of the outermost part */
	uint32_t *traits; /* where traits of what is looked at now belong: facts->traits or facts->inside */
	uint32_t depth; /* archives around what is looked at now */
};

/**
 * Looks into bytes of a known type, as far as that type tells more than its name.
 *
 * @param walk where the facts go
 * @param type from payload_type_of_bytes(), or of the name where that has no magic
 * @param bytes borrowed
 * @param length_bytes of them
 * @return the type that it turned out to be: a ZIP may be a document
 */
enum payload_type payload_dispatch(struct payload_walk *walk, enum payload_type type, const uint8_t *bytes, size_t length_bytes);

/**
 * Takes something inside of the part: notes its type and name, and looks into it one level deeper.
 *
 * @param walk of what it is inside of
 * @param bytes its bytes or their beginning, NULL: only the name is known
 * @param length_bytes of them
 * @param name borrowed, NULL: none
 * @param name_bytes its length
 */
void payload_inner(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes, const char *name, size_t name_bytes);

/** Hands a link on to who wants it, and counts it. */
void payload_link(struct payload_walk *walk, enum payload_link_kind kind, const char *link, size_t length_bytes);

/* Looks into one kind each: walk, bytes, their number. */
typedef void payload_looker(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes);

/** Archives (payload_archive.c). @return the type it turned out to be */
enum payload_type payload_archive_look(struct payload_walk *walk, enum payload_type type, const uint8_t *bytes,
	size_t length_bytes);
/** Two lists of a ZIP against each other (payload_zip.c, pure). @return whether they tell the same */
bool payload_zip_is_honest(const uint8_t *bytes, size_t length_bytes);
/** Encryption of a RAR, which libarchive does not tell (payload_rar.c, pure). @return bits of enum payload_trait */
uint32_t payload_rar_locks(const uint8_t *bytes, size_t length_bytes);

payload_looker payload_ole_look; /* payload_ole.c, pure */
payload_looker payload_onenote_look; /* payload_onenote.c, pure */
payload_looker payload_disk_look; /* payload_disk.c, pure */
payload_looker payload_rtf_look; /* payload_text.c, pure, as are those below */
payload_looker payload_pdf_look;
payload_looker payload_html_look;
payload_looker payload_calendar_look;
payload_looker payload_shortcut_look;
payload_looker payload_relations_look; /* relationships of an OOXML document, *.rels */
payload_looker payload_picture_look; /* payload_picture.c: QR codes by libpng, libjpeg and zbar */
