/*
 * What was installed or built together with this program: other programs, and
 * folders of data. Found by where this program lies, never through PATH:
 *
 *     programs  beside this one; in the sibling folder of a build
 *               (../sensor/hinomi-sensor); in ../libexec/hinomi or ../../bin
 *     data      below the program that it belongs to, as a build makes it
 *               (page/page); in ../share/hinomi or ../../share/hinomi
 */
#pragma once

#include <stdbool.h>

#define BESIDE_PATH_BYTES 4096

/**
 * Notes where this program lies. Needed only before a mount namespace is changed: inside of a changed root the kernel then
 * tells another path. One thread.
 */
void beside_note(void);

/**
 * Where a program is.
 *
 * @param name as "hinomi-sensor"; what follows the dash is its folder in a build
 * @param ret_path filled where it is found
 * @return whether it is there, and may be executed
 */
bool beside_program(const char *name, char ret_path[static BESIDE_PATH_BYTES]);

/**
 * Where a folder of data is.
 *
 * @param program the path of the program that it belongs to
 * @param name of the folder
 * @param witness a file in it, without which it does not count
 * @param ret_path filled where it is found, else ""
 * @return whether it is there
 */
bool beside_data(const char *program, const char *name, const char *witness, char ret_path[static BESIDE_PATH_BYTES]);
