/* What the rules of the mail process say, in words for people: short, in English and in Japanese. */
#pragma once

#include "tower/incident.h"

/**
 * The words of a rule.
 *
 * @param rule its name in a mail finding
 * @param language of the words
 * @return static text; the rule itself where this program does not know it, which is then borrowed
 */
const char *mail_rule_words(const char *rule, enum incident_language language);
