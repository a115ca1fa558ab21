/*
 * The one table of errors. A function that can fail returns MUST_USE int:
 * 0, or one of these negative codes. The class says who is at fault and so
 * what happens next: their bytes are refused and counted, our caps are
 * counted, the system's failures travel up to the process loop.
 *
 * Does not carry a message: whoever has the context writes the one line.
 */
#pragma once

#define MUST_USE __attribute__((warn_unused_result))

enum err {
	OK = 0,
	/* E_INPUT: their bytes. */
	E_TRUNCATED = -10, /* ended before a field that must be there */
	E_MALFORMED = -11, /* a field contradicts its specification */
	E_UNSUPPORTED = -12, /* well formed, of a kind we do not read */
	E_UNKNOWN_TEMPLATE = -13, /* flow data whose template is not known (yet) */
	E_CONFIG = -14, /* the operator's configuration is wrong */
	/* E_LIMIT: our cap. */
	E_LIMIT = -30, /* a cap of core/limits.h or of the configuration */
	E_NOMEM = -31, /* memory refused by the system */
	/* E_DENIED: policy, permission or signature. */
	E_DENIED = -40,
	/* E_STATE: not now. */
	E_STATE = -50, /* the object is not in a state for this */
	E_END = -51, /* end of input, reached in good order */
	E_AGAIN = -52, /* nothing yet, come back */
	/* E_SYS: the system; errno tells. */
	E_SYS = -60,
	/* E_BUG: we are wrong. */
	E_BUG = -70,
};

/**
 * Names an error for a log line or a counter label.
 *
 * @param error a code of enum err
 * @return static text, "unknown" for a code that is not in the table
 */
const char *err_name(int error);

/**
 * Ends the process: an invariant of ours is broken.
 *
 * @param what the condition that did not hold
 * @param file source file
 * @param line source line
 */
_Noreturn void err_assert_failed(const char *what, const char *file, int line);

/** Kept in release builds; never on input. */
#define ASSERT(condition) \
	((condition) ? (void)0 : err_assert_failed(#condition, __FILE__, __LINE__))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
