/* The subcommand `live`: a scenario against a running sensor, shown in the terminal. */
#pragma once

/**
 * @param argc count of arguments, the subcommand's name first
 * @param argv arguments
 * @return exit code: 0 every attack was found and named, 1 not so, 2 usage, 77 this machine cannot do it
 */
int live_main(int argc, char **argv);
