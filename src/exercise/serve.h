/*
 * `hinomi exercise serve`: plays exercises when a tower asks for them, one at a
 * time, each in a process of its own; remembers the last few and their scores.
 */
#pragma once

/** @param argc arguments, "serve" first @return exit code */
int serve_main(int argc, char **argv);
