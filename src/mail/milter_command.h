/* The verb "milter" of hinomi-mail. Does not run as a daemon: systemd or a person does that. */
#pragma once

/**
 * Reads the options, then checks a configuration or runs the milter.
 *
 * @param argc words from the verb on
 * @param argv the words
 * @return exit code: 0; 1: failed; 2: options or configuration are wrong
 */
int milter_command(int argc, char **argv);
