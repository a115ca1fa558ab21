/*
 * The subcommands of hinomi. Each takes its own arguments (argv[0] is its
 * name, argv ends with NULL and may be changed) and returns the exit code:
 * 0 all well, 1 something could not be read or done, 2 the command line is
 * wrong.
 */
#pragma once

#define EXIT_OK 0
#define EXIT_UNREAD 1
#define EXIT_USAGE 2

int scan_command(int argc, char **argv);
int status_command(int argc, char **argv);
int up_command(int argc, char **argv);
