/* `hinomi-exercise run`: the conductor of an exercise in which attacks are named, ordered, stopped, and all of it proven. */
#pragma once

/** Runs the subcommand; argv[0] is its name. Returns the exit code. */
int run_main(int argc, char **argv);
