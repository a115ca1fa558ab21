/*
 * All that the judge may see of one mail: structure, hosts and keyed
 * pseudonyms, never text. Plain data of fixed size without pointers, so that
 * the worker that parses hands it over as it is, and whoever gets it treats it
 * as hostile: mail_facts_check() first.
 *
 * Who fills what: read.c (MIME walk, addresses, links, HTML) with name.c,
 * people.c and lookalike.c (identity) runs in the worker; payload.h and
 * authres.h bring their own members; history.c (relation) runs outside of the
 * worker, from the pseudonyms alone.
 *
 * A pseudonym is 8 bytes of BLAKE2b under the site's key: equal for equal
 * addresses, worthless without the key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "mail/authres.h"
#include "mail/payload.h"

/** How far a mail is read. Each level includes those before it; what lies beyond stays zero. */
enum mail_level {
	MAIL_L0_ENVELOPE = 0, /* envelope and authentication results */
	MAIL_L1_HEADERS, /* From, Reply-To, To, Subject's shape, thread, how the header is built */
	MAIL_L2_STRUCTURE, /* MIME tree and the shape of attachments */
	MAIL_L3_HOSTS, /* hosts of links */
	MAIL_L4_HTML, /* tags and attributes of HTML; the default */
	MAIL_L5_WORDS, /* a fixed public lexicon, counted; only where switched on */
	MAIL_LEVEL_COUNT
};

#define MAIL_HOST_BYTES 254 /* longest name of a host (RFC 1035), with its NUL */
#define MAIL_ADDRESS_BYTES 320 /* local part of 64, @, domain of 255 (RFC 5321 section 4.5.3.1) */
#define MAIL_HOSTS_MAX 48 /* hosts of links that are told apart; more are counted */
#define MAIL_THREAD_MAX 8 /* references that are looked up; the newest */
#define MAIL_ORDER_MAX 24 /* header names in the profile; the first */

/** What a host's name tells; or-ed. From lists in hosts.c, by registrable domain. */
enum host_trait {
	HOST_FREEMAIL = 1 << 0, /* anybody gets an address there */
	HOST_CLOUD_STORAGE = 1 << 1, /* anybody shares files there */
	HOST_FREE_HOSTING = 1 << 2, /* anybody publishes pages there */
	HOST_SHORTENER = 1 << 3, /* hides the true target */
	HOST_REDIRECTOR = 1 << 4, /* an open redirector of a known service */
	HOST_IP = 1 << 5, /* an address in place of a name */
	HOST_PUNYCODE = 1 << 6, /* a label begins with xn-- */
	HOST_MIXED_SCRIPT = 1 << 7, /* such a label mixes scripts as no lawful name does */
	HOST_LOOKALIKE = 1 << 8, /* resembles a protected or corresponding domain, and is none */
	HOST_GOV_LABEL = 1 << 9, /* go.jp, gov, ac.jp ... as labels before another registrable domain */
	HOST_RANDOM = 1 << 10, /* its label was not made by a person */
	HOST_BRAND_LABEL = 1 << 11, /* names a brand that the registrable domain is not */
	HOST_CHEAP_TLD = 1 << 12, /* top-level domain that is abused more than used */
	HOST_PROTECTED = 1 << 13, /* one of our own domains, as configured */
	HOST_KNOWN = 1 << 14, /* the domain of an address in the directory */
	HOST_DEEP = 1 << 15, /* five labels or more before the registrable domain's own */
};

/** Where a link stands, and how it is written; or-ed. */
enum link_trait {
	LINK_TEXT = 1 << 0, /* plain text */
	LINK_ANCHOR = 1 << 1, /* <a>, <area> */
	LINK_FORM = 1 << 2, /* target of a form */
	LINK_IMAGE = 1 << 3, /* remote picture */
	LINK_QR = 1 << 4, /* QR code in a picture */
	LINK_USERINFO = 1 << 5, /* https://bank.example@evil.example */
	LINK_PORT = 1 << 6, /* a port that is not the scheme's */
	LINK_ARCHIVE = 1 << 7, /* path ends as an archive, disk image or program does */
	LINK_SHOWS_OTHER = 1 << 8, /* the text of the link is the address of another organisation */
	LINK_ADDRESSEE = 1 << 9, /* carries the recipient's address, plain or in base64 */
	LINK_NESTED = 1 << 10, /* another host is named in its query or path */
	LINK_PICTURE = 1 << 11, /* a picture is what one clicks */
	LINK_FILE = 1 << 12, /* in a calendar file or a shortcut */
};

/** L3: one host that links lead to. */
struct mail_host {
	char name[MAIL_HOST_BYTES]; /* lower case A-label, NUL-terminated */
	uint16_t registrable_at; /* offset in name where the registrable domain (PSL) begins */
	uint16_t host_traits; /* enum host_trait */
	uint16_t link_traits; /* enum link_trait, over all its links */
	uint16_t link_count; /* saturates */
	bool is_of_sender; /* the registrable domain is that of From */
	uint64_t resembles; /* pseudonym of the protected or known domain that it looks like, or is; 0: none */
};

/** What is odd about a text that people see (display name, subject); or-ed. */
enum text_trait {
	TEXT_MIXED_SCRIPT = 1 << 0, /* scripts in one word that no language joins; Han, Kana and Latin are lawful */
	TEXT_STYLED_LETTERS = 1 << 1, /* mathematical or full-width Latin in place of letters */
	TEXT_INVISIBLE = 1 << 2, /* zero-width, soft hyphen, tags */
	TEXT_DIRECTION = 1 << 3, /* direction overrides */
	TEXT_ADDRESS = 1 << 4, /* holds a mail address of another domain than From */
	TEXT_OWN_ADDRESS = 1 << 5, /* holds the address of From: as many programs do */
	TEXT_BRAND = 1 << 6, /* names a brand to which the domain of From does not belong */
	TEXT_RECIPIENT = 1 << 7, /* names the recipient's own domain or address */
	TEXT_ROLE = 1 << 8, /* an office and no person: support, security, admin, 事務局 */
	TEXT_TOKEN = 1 << 9, /* a reference number or random word */
	TEXT_SPACED = 1 << 10, /* letters set apart, or filler signs between them */
};

/** How close a display name is to one of the directory; ordered. */
enum name_match {
	NAME_NO_MATCH = 0,
	NAME_FAMILY_AND_OFFICE, /* family name with an honorific or office that fits */
	NAME_SAME_READING, /* equal over kanji, kana and romaji */
	NAME_CONFUSABLE, /* equal only as the eye sees it (UTS 39 skeleton) */
	NAME_EQUAL, /* equal but for order, spacing and honorifics */
	NAME_MATCH_COUNT
};

#define NEAR_LETTERS_MAX 24 /* of a label whose neighbours are told */
#define NEAR_PARTS_MAX 8

/** Pseudonyms of what the label of From's domain is a letter away from (near.h); 0: none. */
struct near_facts {
	uint64_t whole;
	uint64_t less[NEAR_LETTERS_MAX], gap[NEAR_LETTERS_MAX], swap[NEAR_LETTERS_MAX]; /* by the letter left out, replaced, swapped */
	uint64_t part[NEAR_PARTS_MAX]; /* words of it between hyphens */
};

/** Whom a mail claims to be from, and whether that holds. */
struct identity_facts {
	enum name_match name_match; /* best match of From's display name in the directory */
	uint16_t name_match_count; /* people of that name */
	bool is_known_address; /* From's address is one of that person's, or of anybody's in the directory */
	bool is_known_domain; /* its registrable domain is that of a known address of that person */
	bool is_own_staff; /* the person is of our own */
	bool is_titled; /* the display name also tells that person's office or organisation: no namesake would */
	enum name_match reply_to_match; /* of Reply-To's display name */
	bool is_reply_to_known; /* Reply-To's address is known for that person */
	bool is_recipient_name; /* the display name is the recipient's own */
	/*
	 * Whom a mail poses as: pseudonyms of kinds of their own, so that they are equal to no sender's. A person is told by the
	 * name in the directory, so that new addresses change nothing, and namesakes are one.
	 */
	uint64_t person; /* who has From's address or, where nobody has, its name, or an address within that name; 0: nobody */
	uint64_t reply_person; /* who has Reply-To's name; 0: nobody */
	uint64_t account; /* From's address itself, where the account is what is taken; 0: none */
	uint64_t like_label; /* what the label of From's domain looks like; 0: as sender.eye */
};

/** Bits of mail_facts.sender.traits. */
enum sender_trait {
	SENDER_MANY_FROM = 1 << 0, /* more than one From, or more than one address in it */
	SENDER_NO_FROM = 1 << 1, /* no From, or none that can be read */
	SENDER_REPLY_TO_OTHER = 1 << 2, /* Reply-To of another registrable domain */
	SENDER_REPLY_TO_FREEMAIL = 1 << 3, /* Reply-To is freemail and From is not */
	SENDER_TO_SELF = 1 << 4, /* From is also the only recipient shown */
	SENDER_OWN_DOMAIN = 1 << 5, /* From is of a protected domain */
	SENDER_LOCAL_RANDOM = 1 << 6, /* the local part was not made by a person */
	SENDER_NAME_UNLIKE_ADDRESS = 1 << 7, /* display name and address have no word in common */
	SENDER_NO_NAME = 1 << 8, /* no display name */
	SENDER_LOCAL_BRAND = 1 << 9, /* the local part names a brand to which the domain does not belong */
	SENDER_LOCAL_ROLE = 1 << 10, /* info, support, no-reply ... */
	SENDER_RECIPIENTS_HIDDEN = 1 << 11, /* no recipient shown */
	SENDER_BAD_DOMAIN = 1 << 12, /* From's domain is no registrable one */
	SENDER_NAME_HOST = 1 << 13, /* the display name is itself the name of a host */
};

/** Bits of mail_facts.html.traits. */
enum html_trait {
	HTML_FORM = 1 << 0,
	HTML_PASSWORD_FIELD = 1 << 1,
	HTML_SCRIPT = 1 << 2,
	HTML_REFRESH = 1 << 3, /* goes elsewhere by itself */
	HTML_DATA_LINK = 1 << 4, /* a link to data: */
	HTML_IMAGE_ONLY = 1 << 5, /* a picture to click and hardly any letters */
	HTML_ONE_TARGET = 1 << 6, /* all links lead to one place */
	HTML_BASE = 1 << 7, /* <base> moves all links */
	HTML_SPLIT_WORDS = 1 << 8, /* elements or invisible signs inside of words */
	HTML_HIDDEN_LINK = 1 << 9, /* the link covers something that is not text */
	HTML_EMPTY_LINKS = 1 << 10, /* most links lead nowhere (#, empty) and one does */
};

/** L2: the shapes of all attachments together, as payload.h tells them of each. */
struct mail_payloads {
	uint32_t traits, inside; /* enum payload_trait, of attachments and of what is inside of them */
	uint64_t types, types_inside; /* bit n: enum payload_type n */
	uint32_t entries, depth; /* inside of archives; deepest nesting */
	uint32_t unread; /* enum payload_unread */
};

/** L4: tags and attributes, counted; no text. */
struct html_facts {
	uint32_t traits; /* enum html_trait */
	uint32_t tag_count, anchor_count, image_count, letter_count; /* letters that a reader could see */
	uint32_t invisible_count; /* zero-width and the like between letters */
	uint32_t foreign_letter_count; /* letters of another script inside of a word */
};

/** How the mail is built: what a hijacked account changes. Compared with the sender's own, never with a corpus. */
struct profile_facts {
	uint16_t order[MAIL_ORDER_MAX]; /* hashes of the header names that the sender's program writes, in order; 0: none */
	uint32_t message_id_shape, mailer_shape, mime_shape, encoding_shape; /* hashes of shapes; 0: not there */
	int16_t zone_minutes; /* of Date; INT16_MIN: none */
	bool has_html;
};

/** The thread that a mail says it belongs to. */
struct thread_facts {
	uint64_t message_id; /* pseudonym of Message-ID; 0: none */
	uint64_t references[MAIL_THREAD_MAX]; /* of In-Reply-To and References, newest first */
	uint8_t reference_count;
	bool says_reply; /* the subject begins as an answer does (Re:, 返信) */
};

/** What history.c knows of sender, thread and hosts. All zero with is_known false: no history, so nothing follows. */
struct relation_facts {
	bool is_known; /* there is a history to ask */
	bool is_first_contact; /* this address never wrote to us before, as far as is remembered */
	bool is_first_of_domain; /* nobody of its registrable domain did; for freemail as is_first_contact */
	bool did_we_write; /* we wrote to it, before this mail */
	uint32_t days_since_first, days_since_last; /* days; 0: today or never */
	uint32_t mail_count, payload_count; /* mails of it before, and those with payload or cloud link */
	bool is_thread_ours; /* it answers a message that we sent, or that was in a thread of ours */
	bool is_thread_unknown; /* it says to answer one of ours, and we know of none */
	uint8_t profile_distance; /* 0: as always, 100: nothing as before */
	uint16_t profile_count; /* mails that the profile rests on */
	bool is_like_known; /* the domain's label looks like that of a domain that wrote to us, or that we wrote to, and is another */
	bool is_known_elsewhere; /* the label is the same, under another suffix */
	bool is_near_known; /* it is a letter away from such a one, or has it between hyphens */
	uint64_t near_posed; /* the same, as identity_facts.like_label of the one that is known */
	bool are_hosts_new; /* no link host was in this sender's mails before */
};

/** Why a mail, or a part of it, could not be read; or-ed into mail_facts.unread. */
enum mail_unread {
	UNREAD_BYTES = 1 << 0, /* longer than the limit: only the beginning was read */
	UNREAD_DEPTH = 1 << 1, /* MIME nested deeper than the limit */
	UNREAD_PARTS = 1 << 2, /* more parts than the limit */
	UNREAD_HEADERS = 1 << 3, /* more or longer headers than the limit */
	UNREAD_HTML = 1 << 4, /* more HTML than the limit */
	UNREAD_LINKS = 1 << 5, /* more links or hosts than the limit */
	UNREAD_TIME = 1 << 6, /* the time for a mail was over: nothing is known */
	UNREAD_PAYLOAD = 1 << 7, /* an attachment could not be looked into */
	UNREAD_NO_MAIL = 1 << 8, /* no header at all */
	UNREAD_WORKER = 1 << 9, /* the worker failed: nothing is known */
};
#define MAIL_UNREAD_COUNT 10

struct mail_facts {
	enum mail_level level; /* how far it was read */
	uint32_t unread; /* enum mail_unread */
	uint64_t id; /* pseudonym of the whole mail's bytes */
	int64_t received_wall_ms; /* told by the MTA; of a mail in a file by the topmost Received, else Date; 0: not known */
	/* L0 */
	struct authres auth;
	bool is_bounce; /* empty envelope sender */
	uint16_t recipient_count; /* of the envelope; 0: not known */
	bool is_outbound; /* one of ours wrote it to others */
	/* L1 */
	struct {
		uint32_t traits; /* enum sender_trait */
		uint64_t address, domain; /* pseudonyms of From's address and registrable domain; 0: none */
		uint64_t eye, label; /* pseudonyms of the domain's own label, as the eye reads it and as it is; 0: freemail, or short */
		struct near_facts near;
		uint64_t reply_to; /* of Reply-To's address; 0: none */
		struct mail_host host; /* the domain of From */
		struct mail_host reply_host; /* the domain of Reply-To; empty name: none */
		uint32_t name_traits; /* enum text_trait of the display name */
	} sender;
	char recipient_domain[MAIL_HOST_BYTES]; /* registrable, of the first recipient; "": none */
	uint64_t recipients[8]; /* pseudonyms of those shown or of the envelope; 0: end */
	uint32_t subject_traits; /* enum text_trait */
	struct identity_facts identity;
	struct thread_facts thread;
	struct profile_facts profile;
	struct relation_facts relation;
	/* L2 */
	uint16_t part_count, attachment_count;
	uint8_t depth; /* of the MIME tree */
	uint32_t text_letter_count; /* letters of text/plain */
	struct mail_payloads payload;
	/* L3 */
	uint16_t host_count; /* entries in hosts */
	uint16_t link_count; /* links, saturates */
	struct mail_host hosts[MAIL_HOSTS_MAX];
	struct mail_host shown; /* the address that the text of a link shows while it leads elsewhere; the first; empty name: none */
	/* L4 */
	struct html_facts html;
	/* L5 */
	uint16_t lure_count, password_count; /* words of the lexicon that occur; 0 unless switched on */
};

/**
 * Whether facts from another process are well formed: every text ended, every count within its array, every enum in its range.
 *
 * @param facts borrowed
 * @return OK or E_MALFORMED
 */
MUST_USE int mail_facts_check(const struct mail_facts *facts);
