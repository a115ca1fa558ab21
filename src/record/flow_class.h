/*
 * The four flow classes of the law, by where the two ends are. A tower gets
 * only the classes its legal basis allows; domestic-domestic never leaves a
 * member by default.
 */
#pragma once

enum flow_class {
	FLOW_CLASS_UNKNOWN = 0, /* not to be told: treated like domestic-domestic when something would leave */
	FLOW_CLASS_FOREIGN_FOREIGN,
	FLOW_CLASS_FOREIGN_DOMESTIC,
	FLOW_CLASS_DOMESTIC_FOREIGN,
	FLOW_CLASS_DOMESTIC_DOMESTIC,
	FLOW_CLASS_COUNT
};

/** The names as documents write them, by class. */
extern const char *const flow_class_names[FLOW_CLASS_COUNT];

/** The name as documents write it ("foreign_domestic"); static text. */
const char *flow_class_name(enum flow_class flow_class);
