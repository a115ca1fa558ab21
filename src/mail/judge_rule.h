/*
 * One conjunction of the judge: what must hold together, how sure it makes,
 * and the line of words that a person can check. Rules are rows of tables:
 * judge_identity.c, judge_payload.c, judge_phishing.c.
 */
#pragma once

#include <stddef.h>

#include "mail/engine.h"
#include "mail/judge_scene.h"

struct judge_rule {
	const char *name;
	enum mail_kind kind;
	uint8_t percent; /* confidence; the operator's settings decide from where it is acted on */
	/** Whether it holds; ret_host may be set to the host that the words tell of. */
	bool (*holds)(const struct judge_scene *scene, const struct mail_host **ret_host);
	const char *words; /* one line; %s: the host */
};

struct judge_rules {
	const struct judge_rule *rules;
	size_t count;
};

extern const struct judge_rules judge_identity_rules, judge_payload_rules, judge_phishing_rules;
