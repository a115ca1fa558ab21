/*
 * What a file is, by looking at its first bytes: so that "hinomi scan" takes
 * whatever there is, and starts the process that can read it.
 */
#pragma once

#include <stddef.h>

#define FORMAT_LOOK_BYTES 16384 /* enough to tell */

enum format {
	FORMAT_OTHER = 0, /* nothing that is known */
	FORMAT_CAPTURE, /* pcap, pcapng */
	FORMAT_FLOWS, /* nfdump */
	FORMAT_MAIL, /* a mail, or an mbox */
	FORMAT_FIELDS, /* fields as a mail has them, but none of a mail: packages and their licences */
};

/**
 * What bytes are the beginning of.
 *
 * @param bytes of a file
 * @param length_bytes at most FORMAT_LOOK_BYTES are looked at
 */
enum format format_of_bytes(const char *bytes, size_t length_bytes);
