/* The lines that say why an input could not be opened; every input writes them here, so that they look alike. */
#include "sensor/input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int input_refuse(char ret_why[static INPUT_WHY_BYTES], int error, const char *subject, const char *why)
{
	(void)snprintf(ret_why, INPUT_WHY_BYTES, "%s: %s", subject, why);
	return error;
}

int input_refuse_errno(char ret_why[static INPUT_WHY_BYTES], const char *subject, const char *what)
{
	int saved = errno;
	(void)snprintf(ret_why, INPUT_WHY_BYTES, "%s: %s: %s", subject, what, strerror(saved));
	errno = saved;
	return saved == ENOMEM ? E_NOMEM : E_SYS;
}
