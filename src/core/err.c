/* Texts of the error table, and the end of a process whose invariant broke. */
#include "core/err.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
	enum err code;
	const char *name;
} names[] = {
	{OK, "ok"},
	{E_TRUNCATED, "truncated"},
	{E_MALFORMED, "malformed"},
	{E_UNSUPPORTED, "unsupported"},
	{E_UNKNOWN_TEMPLATE, "unknown_template"},
	{E_CONFIG, "config"},
	{E_LIMIT, "limit"},
	{E_NOMEM, "no_memory"},
	{E_DENIED, "denied"},
	{E_STATE, "state"},
	{E_END, "end"},
	{E_AGAIN, "again"},
	{E_SYS, "system"},
	{E_BUG, "bug"},
};

const char *err_name(int error)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((int)names[i].code == error)
			return names[i].name;
	}
	return "unknown";
}

_Noreturn void err_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "assertion failed: %s at %s:%d\n", what, file, line);
	abort();
}
