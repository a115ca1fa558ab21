/*
 * A site: everything of Hinomi on one machine, described by one small file
 * (doc/site.conf.example explains every option), and the files that its
 * processes are started with, which are made out of it.
 *
 * Those files are made anew at each start, but for keys and the ledger, which
 * are made once and never again. The same description makes the same bytes,
 * so the policy keeps its digest and standing orders stay good.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/err.h"

#define SITE_LIST_MAX 32
#define SITE_PEOPLE_MAX 16
#define SITE_NAME_BYTES 64
#define SITE_DIRECTORY_BYTES 80 /* sockets below it must fit into a sun_path */
#define SITE_PATH_BYTES (SITE_DIRECTORY_BYTES + 32)
#define SITE_VKEY_BYTES 256

/** Values as they were written, each free of quotes and control characters. */
struct site_list {
	size_t count;
	char values[SITE_LIST_MAX][CONF_VALUE_BYTES];
};

struct site_person {
	char name[SITE_NAME_BYTES];
	char key[SITE_VKEY_BYTES], passkey[SITE_VKEY_BYTES], relying_party[CONF_VALUE_BYTES], origin[CONF_VALUE_BYTES]; /* "": none */
	struct site_list roles;
	bool may_request;
};

enum site_place { SITE_WATCH = 0, SITE_XDP, SITE_NFT, SITE_PLACE_COUNT };

struct site {
	char name[SITE_NAME_BYTES]; /* of the member */
	char directory[SITE_DIRECTORY_BYTES];
	char basis[CONF_VALUE_BYTES];
	struct site_list networks, interfaces, protected_space, collectors, approvals;
	char page[CONF_VALUE_BYTES]; /* where the tower's page listens, "127.0.0.1:8047"; "": no tower */
	bool exercises; /* of which the page's people may start some; needs root */
	int place; /* enum site_place; SITE_WATCH: nothing is enforced */
	uint64_t host_pps, host_bps; /* thresholds */
	size_t person_count;
	struct site_person people[SITE_PEOPLE_MAX];
};

/** Keys whose public halves stand in the policy. */
enum site_key { SITE_KEY_AUTHORITY = 0, SITE_KEY_LEDGER, SITE_KEY_EFFECTOR, SITE_KEY_COUNT };
extern const char *const site_key_names[SITE_KEY_COUNT];

/**
 * Sets the defaults, reads a file over them and checks the whole.
 *
 * @param path of the file
 * @param ret_site filled on OK; else undefined
 * @param ret_complaint else one line
 * @return OK, E_CONFIG, or E_SYS: cannot be read
 */
MUST_USE int site_load(const char *path, struct site *ret_site, char ret_complaint[static CONF_COMPLAINT_BYTES]);

/** The path of a file of the site; returns ret_path. */
const char *site_path(const struct site *site, const char *name, char ret_path[static SITE_PATH_BYTES]);

/**
 * Makes the site's directories, where they are missing, with mode 0700.
 *
 * @return OK or E_SYS: errno tells why
 */
MUST_USE int site_folders_make(const struct site *site);

/**
 * Writes the configurations of all processes, each in one step.
 *
 * @param site where to, and of what
 * @param vkeys verifier keys, by enum site_key
 * @param account who the processes run as
 * @param page directory of the page's files; "": there are none
 * @return OK, E_NOMEM, or E_SYS: errno tells why
 */
MUST_USE int site_files_write(const struct site *site, const char vkeys[static SITE_KEY_COUNT][SITE_VKEY_BYTES],
	const char *account, const char *page);
