/* One list of places for programs, one for data; the first that is there is taken. */
#include "core/beside.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"

static char own_path[2048]; /* "": not known yet */

void beside_note(void)
{
	ssize_t length = readlink("/proc/self/exe", own_path, sizeof(own_path) - 1);
	own_path[length > 0 ? length : 0] = '\0';
}

/** Bytes of a path that lead to its folder, without the last slash. */
static int folder_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? (int)(slash - path) : 0;
}

bool beside_program(const char *name, char ret_path[static BESIDE_PATH_BYTES])
{
	const char *dash = strchr(name, '-');
	const struct {
		const char *way, *below;
	} places[] = {{"", ""}, {"/../", dash != NULL ? dash + 1 : name}, {"/../libexec/hinomi", ""}, {"/../../bin", ""}};
	if (own_path[0] == '\0')
		beside_note();
	for (size_t i = 0; i < ARRAY_LEN(places) && own_path[0] != '\0'; i++) {
		int needed = snprintf(ret_path, BESIDE_PATH_BYTES, "%.*s%s%s/%s", folder_bytes(own_path), own_path, places[i].way,
			places[i].below, name);
		if (needed < BESIDE_PATH_BYTES && access(ret_path, X_OK) == 0)
			return true;
	}
	return false;
}

bool beside_data(const char *program, const char *name, const char *witness, char ret_path[static BESIDE_PATH_BYTES])
{
	const struct {
		const char *way, *below;
	} places[] = {{"", name}, {"/../share", "hinomi"}, {"/../../share", "hinomi"}};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char file[BESIDE_PATH_BYTES];
		int needed = snprintf(file, sizeof(file), "%.*s%s/%s/%s/%s", folder_bytes(program), program, places[i].way,
			places[i].below, name, witness);
		if (needed < BESIDE_PATH_BYTES && access(file, R_OK) == 0) {
			snprintf(ret_path, BESIDE_PATH_BYTES, "%.*s", (int)((size_t)needed - strlen(witness) - 1), file);
			return true;
		}
	}
	ret_path[0] = '\0';
	return false;
}
