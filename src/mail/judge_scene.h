/*
 * What the conjunctions of the judge are made of: a mail's facts, asked the
 * questions that several of them share. Made once for each mail.
 *
 * Does not weigh anything.
 */
#pragma once

#include <stdbool.h>

#include "mail/facts.h"

struct judge_scene {
	const struct mail_facts *facts;
	uint32_t payload; /* enum payload_trait, of attachments and of what is inside of them */
	uint64_t types; /* bit n: enum payload_type n, likewise */
	bool is_freemail; /* From is of a domain where anybody gets an address */
	bool is_acquainted; /* wrote before, and long enough ago, or we wrote to it */
	bool is_stranger; /* never wrote before, as far as is known; true where there is no history */
	bool is_first_contact; /* the history says that it never wrote before; false where there is none */
	bool claims_person; /* names a person of the directory and is at no address of that person */
	bool is_vouched; /* our own MTA found From authenticated; where it said nothing, a signature with a recorded key did */
	bool is_refuted; /* it found that From is not */
	bool has_links; /* to follow */
	bool leads_elsewhere; /* has links to follow, and none leads to the sender's own domain */
	bool is_narrow; /* has links, and so few of them that one is meant to be followed: no newsletter */
	bool borrows_pictures; /* shows pictures from elsewhere, and none from the sender's own domain */
	bool leads_one_place; /* they all lead to one registrable domain */
	bool is_answer; /* says to answer something, in its subject and by its references */
	const struct mail_host *cloud; /* a link to a place where anybody shares files; NULL: none */
	bool has_archive; /* an archive, a disk image, or what takes a password */
	bool has_carrier; /* something that could carry an attack: cloud, archive, macro, what runs, a shortener, an attached page */
};

void judge_scene_make(const struct mail_facts *facts, struct judge_scene *ret_scene);

/** Whether somebody follows a host's links (pictures are fetched, and not followed). */
bool judge_is_followed(const struct mail_host *host);

/** The first host with a trait that somebody would follow and that is not the sender's; NULL: none. */
const struct mail_host *judge_host_find(const struct mail_facts *facts, unsigned host_traits, unsigned link_traits);
