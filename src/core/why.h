/*
 * The one line that says to a person why something could not be done:
 * "SUBJECT: WHAT IS WRONG". Whoever has the context writes it; libraries do
 * not log.
 */
#pragma once

#define WHY_BYTES 200 /* one line, with its NUL */

/**
 * Writes the line.
 *
 * @param ret_why filled: "SUBJECT: WHY"
 * @param error handed back
 * @param subject the interface, file or directory
 * @param why what is wrong, and what to do
 * @return error
 */
int why_refuse(char ret_why[static WHY_BYTES], int error, const char *subject, const char *why);

/**
 * The same where the system failed; errno stays as it is.
 *
 * @param ret_why filled: "SUBJECT: WHAT: text of errno"
 * @param subject the interface, file or directory
 * @param what was tried
 * @return E_NOMEM for ENOMEM, else E_SYS
 */
int why_refuse_errno(char ret_why[static WHY_BYTES], const char *subject, const char *what);
