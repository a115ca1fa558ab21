/* Files as they are: the page, and the ledger's (C2SP tlog-tiles), which is verified by whoever reads it. */
#include <fcntl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "tower/routes.h"

#define PATH_BYTES 512

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
	{".json", "application/json"}, {".svg", "image/svg+xml"}, {".png", "image/png"}, {".ico", "image/x-icon"},
	{".woff2", "font/woff2"}, {".webmanifest", "application/manifest+json"}, {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
	size_t path_bytes = strlen(path);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		size_t suffix_bytes = strlen(types[i].suffix);
		if (path_bytes > suffix_bytes && strcmp(path + path_bytes - suffix_bytes, types[i].suffix) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/** Makes a regular file the reply; links out of the directory end at Landlock. @return whether there is one */
static bool file_send(struct visit *visit, const char *directory, const char *path, const char *suffix, const char *type)
{
	char whole[PATH_BYTES];
	struct stat st;
	if (snprintf(whole, sizeof(whole), "%s/%s%s", directory, path, suffix) >= (int)sizeof(whole))
		return false;
	int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > LIMIT_TOWER_FILE_BYTES) {
		close(fd);
		return false;
	}
	visit->status = 200;
	visit->type = type;
	visit->file = fd;
	visit->file_bytes = (size_t)st.st_size;
	return true;
}

void page_get(struct visit *visit)
{
	const char *directory = visit->tower->config->page, *path = visit->request.path + 1;
	const char *accepts = MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	bool is_found = false;
	if (path[0] == '\0')
		path = "index.html";
	if (directory[0] != '\0' && path[0] != '.' && strstr(path, "/.") == NULL) {
		visit->is_packed = accepts != NULL && strstr(accepts, "gzip") != NULL &&
			file_send(visit, directory, path, ".gz", type_of(path));
		is_found = visit->is_packed || file_send(visit, directory, path, "", type_of(path));
	}
	visit->is_lasting = is_found && strncmp(path, "assets/", 7) == 0; /* their names change with their bytes */
	if (!is_found)
		visit_error(visit, 404, "there is no such page");
}

static void ledger_send(struct visit *visit, const char *path, const char *type)
{
	const char *directory = visit->tower->config->ledger;
	if (directory[0] == '\0' || !file_send(visit, directory, path, "", type))
		visit_error(visit, 404, directory[0] == '\0' ? "no ledger is configured" : "the ledger has no such file");
}

void checkpoint_get(struct visit *visit)
{
	ledger_send(visit, "checkpoint", "text/plain; charset=utf-8");
}

/** A tile's name has digits, slashes, and the words of C2SP tlog-tiles: nothing else of the directory is given out. */
void tile_get(struct visit *visit)
{
	char path[REQUEST_VALUE_BYTES + 8];
	const char *name = visit->values.text[0];
	const char *rest = strncmp(name, "entries/", 8) == 0 ? name + 8 : name;
	if (rest[strspn(rest, "0123456789xp./")] != '\0') {
		visit_error(visit, 404, "the ledger has no such file");
		return;
	}
	snprintf(path, sizeof(path), "tile/%s", name);
	ledger_send(visit, path, "application/octet-stream");
}

/* Keys, by the policy. */

static json_t *key_show(const char *use, const struct note_key *key)
{
	char text[NOTE_VKEY_BYTES];
	return json_pack("{s:s, s:s, s:s, s:n}", "use", use, "name", key->name, "key", note_key_write(key, text), "passkey");
}

static json_t *person_show(const struct policy_person *person)
{
	char text[NOTE_VKEY_BYTES], point[128];
	json_t *key = person->key.type != NOTE_KEY_UNKNOWN ? json_string(note_key_write(&person->key, text)) : json_null();
	json_t *passkey = json_null();
	if (person->passkey.is_set) {
		sodium_bin2base64(point, sizeof(point), person->passkey.point, sizeof(person->passkey.point),
			sodium_base64_VARIANT_ORIGINAL);
		passkey = json_pack("{s:s, s:s, s:s}", "point", point, "relying_party", person->passkey.relying_party, "origin",
			person->passkey.origin);
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "use", "person", "name", person->name, "key", key, "passkey", passkey);
}

void ledger_keys_get(struct visit *visit)
{
	const struct policy *policy = visit->tower->policy;
	char digest[2 * DOCUMENT_DIGEST_BYTES + 1];
	json_t *items = json_array();
	if (policy == NULL) {
		json_decref(items);
		visit_error(visit, 404, "no policy is configured");
		return;
	}
	json_array_append_new(items, key_show("authority", &policy->authority));
	json_array_append_new(items, key_show("ledger", &policy->ledger.log_key));
	for (size_t i = 0; i < policy->ledger.witness_count; i++)
		json_array_append_new(items, key_show("witness", &policy->ledger.witnesses[i]));
	for (size_t i = 0; i < policy->effector_count; i++)
		json_array_append_new(items, key_show("effector", &policy->effectors[i].key));
	for (size_t i = 0; i < policy->person_count; i++)
		json_array_append_new(items, person_show(&policy->people[i]));
	sodium_bin2hex(digest, sizeof(digest), policy->digest.bytes, sizeof(policy->digest.bytes));
	visit_json(visit, 200, json_pack("{s:o, s:I, s:s}", "items", items, "witness_quorum",
		(json_int_t)policy->ledger.quorum, "policy", digest));
}
