/* The subcommand `generate`: labelled captures and flow exports. */
#pragma once

/**
 * @param argc count of arguments, the subcommand's name first
 * @param argv arguments
 * @return exit code: 0 done, 1 cannot write, 2 usage
 */
int generate_main(int argc, char **argv);
