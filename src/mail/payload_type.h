/*
 * What bytes, names and Content-Types say about a part, each for itself. Names are looked at and forgotten.
 *
 * Does not look inside: a ZIP is a ZIP here, whatever document it is (payload_archive.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mail/payload.h"

/**
 * The type that the bytes themselves show.
 *
 * @param bytes of a part or of the beginning of one, borrowed
 * @param length_bytes of them
 * @return PAYLOAD_UNKNOWN: binary of no known kind
 */
enum payload_type payload_type_of_bytes(const uint8_t *bytes, size_t length_bytes);

/**
 * The type that a name's last ending claims.
 *
 * @param name borrowed, in UTF-8 or in whatever the archive holds; a path's last component counts
 * @param length_bytes of it
 * @param ret_traits bits PAYLOAD_DOUBLE_EXTENSION and PAYLOAD_HIDES_NAME are added
 */
enum payload_type payload_type_of_name(const char *name, size_t length_bytes, uint32_t *ret_traits);

/** The type that a Content-Type without parameters claims; PAYLOAD_UNKNOWN for "any bytes" and for what is not known. */
enum payload_type payload_type_of_declared(const char *declared);

/** Whether a claim cannot be true of bytes of a type. False where one of them is not known. */
bool payload_type_contradicts(enum payload_type claimed, enum payload_type actual);

/** The traits that a type has by itself: it runs, is a shortcut, an image, help, OneNote. */
uint32_t payload_type_traits(enum payload_type type);

/** Whether the type is a container whose contents are listed (payload_archive.h). */
bool payload_type_is_archive(enum payload_type type);
