/* The verb "report" of hinomi-mail: what the milter counted day by day (daybook.h), as text for people or as documents. */
#pragma once

/**
 * Reads the options and the configuration's report_file, and prints.
 *
 * @param argc words from the verb on
 * @param argv the words
 * @return exit code: 0; 1: nothing is counted there, or a part could not be read; 2: options or configuration are wrong
 */
int report_command(int argc, char **argv);
