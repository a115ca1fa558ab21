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
	/* One of the two. Whether it holds, and words tell of the sender's host; or where it does, and they tell of that host. */
	bool (*holds)(const struct judge_scene *scene);
	const struct mail_host *(*finds)(const struct judge_scene *scene);
	const char *words; /* one line; %s: the host */
};

struct judge_rules {
	const struct judge_rule *rules;
	size_t count;
};

extern const struct judge_rules judge_identity_rules, judge_payload_rules, judge_phishing_rules;
