/*
 * Members: who they are, in which sector, with which networks, assets,
 * contacts and keys. The checks here are on form; who may change what is the
 * caller's to decide, and every change is kept (assets, with what they were before).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/document.h"
#include "record/field.h"

#define MEMBER_NETWORKS_MAX 256 /* of one member; more is refused */
#define MEMBER_CONTACTS_MAX 32
#define MEMBER_KEYS_MAX 32
#define MEMBER_ASSETS_MAX 4096
#define MEMBER_TEXT_BYTES 201

/** A sector of core infrastructure; the table is data, in the order of the law. */
struct sector {
	uint8_t number; /* 1..15 */
	const char *name; /* in documents and addresses: "ocean_shipping" */
	const char *english;
	const char *japanese;
};

#define SECTOR_COUNT 15

extern const struct sector sectors[SECTOR_COUNT];

/** A sector by its name; NULL if none. */
const struct sector *sector_find(const char *name);

struct member {
	char name[DOCUMENT_NAME_BYTES]; /* lower-case letters, digits, '-', '.'; never changes */
	char title[MEMBER_TEXT_BYTES]; /* what people call it */
	uint8_t sector; /* 0: none */
	bool is_active; /* documents of one that is not are refused */
	int64_t changed_ms;
	char changed_by[DOCUMENT_NAME_BYTES];
	size_t network_count;
	struct ip_prefix networks[MEMBER_NETWORKS_MAX];
};

struct member_contact {
	char role[DOCUMENT_NAME_BYTES]; /* "duty", "legal", "press" ... */
	char name[MEMBER_TEXT_BYTES];
	char reach[MEMBER_TEXT_BYTES]; /* telephone, mail address, hours: as people write it */
};

struct member_key {
	char name[DOCUMENT_NAME_BYTES]; /* of record/note.h */
	char use[DOCUMENT_NAME_BYTES]; /* "effector", "approver", "requester" ... */
	char vkey[256]; /* the public key's line */
};

/** A product somewhere: what duties of notification ask for. */
struct member_asset {
	char id[DOCUMENT_NAME_BYTES]; /* of the member's own choosing */
	char product[MEMBER_TEXT_BYTES];
	char version[DOCUMENT_NAME_BYTES];
	char place[MEMBER_TEXT_BYTES]; /* site, rack, network */
	char note[MEMBER_TEXT_BYTES];
	bool is_retired;
	int64_t changed_ms;
	char changed_by[DOCUMENT_NAME_BYTES];
};

/* The tables: what a store keeps, and what document_make() and document_read() write and read. */
extern const struct field member_document;
extern const struct field member_contact_document;
extern const struct field member_key_document;
extern const struct field member_asset_document;

/** Whether a member's name has the form of one. */
bool member_name_is_sound(const char *name);

/**
 * Checks the form of all of a member.
 *
 * @param member to be checked
 * @param ret_complaint after an error one line
 * @return OK or E_MALFORMED
 */
MUST_USE int member_check(const struct member *member, char ret_complaint[static DOCUMENT_COMPLAINT_BYTES]);

/** Whether a member's networks cover all of a prefix. */
bool member_covers(const struct member *member, const struct ip_prefix *prefix);
