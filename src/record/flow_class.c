/* Names of the flow classes, as documents write them. */
#include "record/flow_class.h"

const char *const flow_class_names[FLOW_CLASS_COUNT] = {
	[FLOW_CLASS_UNKNOWN] = "unknown",
	[FLOW_CLASS_FOREIGN_FOREIGN] = "foreign_foreign",
	[FLOW_CLASS_FOREIGN_DOMESTIC] = "foreign_domestic",
	[FLOW_CLASS_DOMESTIC_FOREIGN] = "domestic_foreign",
	[FLOW_CLASS_DOMESTIC_DOMESTIC] = "domestic_domestic",
};

const char *flow_class_name(enum flow_class flow_class)
{
	return flow_class_names[(unsigned)flow_class < FLOW_CLASS_COUNT ? flow_class : FLOW_CLASS_UNKNOWN];
}
