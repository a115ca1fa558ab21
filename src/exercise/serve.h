/*
 * `hinomi exercise serve`: plays exercises when a tower asks for them, one at a
 * time, each in a process of its own and with a day of mail, where there is a
 * Postfix; remembers the last few and their scores, in a file if it is given a
 * directory for it.
 */
#pragma once

/** @param argc arguments, "serve" first @return exit code */
int serve_main(int argc, char **argv);
