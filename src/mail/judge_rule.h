/*
 * One conjunction of the judge: what must hold together, how sure it makes,
 * and the line of words that a person can check. Rules are rows of tables:
 * judge_identity.c, judge_payload.c, judge_phishing.c.
 */
#pragma once

#include <stddef.h>

#include "mail/engine.h"
#include "mail/judge_scene.h"

/** Whose identity is abused where a rule holds. */
enum judge_whom {
	WHOM_NOBODY = 0,
	WHOM_NAMED, /* who has From's name or address */
	WHOM_NAMED_OR_REPLY, /* likewise; else who has Reply-To's name, else the protected domain of From */
	WHOM_HOST, /* the domain that the rule's host looks like, or is */
	WHOM_OWNER, /* who has From's address; else the account itself */
	WHOM_CORRESPONDENT, /* the domain that wrote to us before, by its label */
	WHOM_NEAR, /* likewise, a letter away */
};

struct judge_rule {
	const char *name;
	enum mail_kind kind;
	uint8_t percent; /* confidence; the operator's settings decide from where it is acted on */
	/* One of the two. Whether it holds, and words tell of the sender's host; or where it does, and they tell of that host. */
	bool (*holds)(const struct judge_scene *scene);
	const struct mail_host *(*finds)(const struct judge_scene *scene);
	const char *words; /* one line; %s: the host */
	enum judge_whom whom;
};

struct judge_rules {
	const struct judge_rule *rules;
	size_t count;
};

extern const struct judge_rules judge_identity_rules, judge_payload_rules, judge_phishing_rules;
