/* The lines that say why something could not be done; all are written here, so that they look alike. */
#include "core/why.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"

int why_refuse(char ret_why[static WHY_BYTES], int error, const char *subject, const char *why)
{
	(void)snprintf(ret_why, WHY_BYTES, "%s: %s", subject, why);
	return error;
}

int why_refuse_errno(char ret_why[static WHY_BYTES], const char *subject, const char *what)
{
	int saved = errno;
	(void)snprintf(ret_why, WHY_BYTES, "%s: %s: %s", subject, what, strerror(saved));
	errno = saved;
	return saved == ENOMEM ? E_NOMEM : E_SYS;
}
