/*
 * Carries checkpoints from the authority to witnesses and their cosignatures
 * back, once a second. A process of its own, so that a slow witness keeps
 * nobody waiting but the orders that need it. It holds no key: what it brings
 * back is verified by who takes it.
 */
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/person.h"
#include "authority/witness_service.h"
#include "record/policy.h"

#define EVERY_MS 1000
#define EXIT_REFUSED 1
#define EXIT_USAGE 2

/** A witness: where it listens, and what it cosigned last as far as we know. */
struct carrier {
	const struct note_key *key; /* borrowed from the policy */
	const char *socket; /* borrowed */
	uint64_t last_entries;
};

static const char usage[] = "usage: hinomi-authority carry [--once] [--socket PATH] [--policy FILE] WITNESS=SOCKET...\n";

static const struct note_key *witness_find(const struct policy *policy, const char *name, size_t name_bytes)
{
	for (size_t i = 0; i < policy->ledger.witness_count; i++) {
		const struct note_key *key = &policy->ledger.witnesses[i];
		if (strlen(key->name) == name_bytes && memcmp(key->name, name, name_bytes) == 0)
			return key;
	}
	return NULL;
}

/** Asks one witness about the authority's present checkpoint; its lines go behind note. @return as witness_service_ask() */
static int witness_ask(const char *authority, struct carrier *carrier, char *note, size_t room_bytes, size_t *note_bytes)
{
	struct witness_request request;
	json_t *answer = person_ask(authority, json_pack("{s:s, s:I}", "ask", "witness", "old", (json_int_t)carrier->last_entries));
	const char *body = json_string_value(json_object_get(answer, "request"));
	uint64_t last_entries = 0;
	int err = body != NULL ? witness_request_parse(body, strlen(body), &request) : E_MALFORMED;
	if (err == OK && (request.checkpoint_bytes > *note_bytes || memcmp(request.checkpoint, note, request.checkpoint_bytes) != 0))
		err = E_AGAIN; /* the log has grown since */
	if (err == OK)
		err = witness_service_ask(carrier->socket, carrier->key, &request, note, room_bytes, note_bytes, &last_entries);
	if (err == E_STATE)
		carrier->last_entries = last_entries;
	json_decref(answer);
	return err;
}

/** One round over all witnesses. @return how many have cosigned what the authority took */
static size_t round_make(const char *authority, const struct policy *policy, struct carrier *carriers, size_t count)
{
	static char note[CHECKPOINT_BYTES_MAX];
	json_t *answer = person_ask(authority, json_pack("{s:s, s:i}", "ask", "witness", "old", 0));
	const char *checkpoint = json_string_value(json_object_get(answer, "checkpoint"));
	size_t note_bytes = checkpoint != NULL ? strlen(checkpoint) : 0, cosigned = 0, current = 0;
	struct checkpoint read;
	struct note parts;
	if (checkpoint == NULL || note_bytes >= sizeof(note) ||
		checkpoint_open(checkpoint, note_bytes, &policy->ledger.log_key, &read, &parts) != OK) {
		json_decref(answer);
		return 0;
	}
	memcpy(note, checkpoint, note_bytes);
	json_decref(answer);
	for (size_t i = 0; i < count; i++)
		current += carriers[i].last_entries == read.entries;
	if (current == count)
		return count; /* nothing is new */
	for (size_t i = 0; i < count; i++) {
		int err = witness_ask(authority, &carriers[i], note, sizeof(note) - 1, &note_bytes);
		if (err == E_STATE) /* it told what it has: ask again from there */
			err = witness_ask(authority, &carriers[i], note, sizeof(note) - 1, &note_bytes);
		if (err == OK) {
			carriers[i].last_entries = read.entries;
			cosigned++;
		} else if (err != E_AGAIN) {
			fprintf(stderr, "hinomi-authority: carry: %s: %s\n", carriers[i].key->name, err_name(err));
		}
	}
	note[note_bytes] = '\0';
	answer = cosigned > 0 ? person_ask(authority, json_pack("{s:s, s:s}", "ask", "cosign", "note", note)) : NULL;
	bool is_taken = answer != NULL;
	json_decref(answer);
	return is_taken ? cosigned : 0;
}

int person_carry(int argc, char **argv)
{
	static struct policy policy;
	static const struct option table[] = {{"once", no_argument, NULL, '1'}, {"socket", required_argument, NULL, 's'},
		{"policy", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	const char *authority = "/run/hinomi-authority/authority.sock", *policy_path = "/etc/hinomi/policy";
	struct carrier carriers[PROOF_WITNESSES_MAX] = {0};
	char complaint[CONF_COMPLAINT_BYTES];
	bool is_once = false;
	size_t count = 0;
	int code;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (code == '?')
			return fputs(usage, stderr), EXIT_USAGE;
		is_once = is_once || code == '1';
		authority = code == 's' ? optarg : authority;
		policy_path = code == 'p' ? optarg : policy_path;
	}
	if (optind == argc || argc - optind > PROOF_WITNESSES_MAX)
		return fputs(usage, stderr), EXIT_USAGE;
	if (policy_load(policy_path, &policy, complaint) != OK)
		return fprintf(stderr, "hinomi-authority: %s\n", complaint), EXIT_REFUSED;
	for (int i = optind; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');
		const struct note_key *key = equals != NULL ? witness_find(&policy, argv[i], (size_t)(equals - argv[i])) : NULL;
		if (key == NULL)
			return fprintf(stderr, "hinomi-authority: carry: %s: no witness of the policy\n", argv[i]), EXIT_USAGE;
		carriers[count++] = (struct carrier){.key = key, .socket = equals + 1};
	}
	if (is_once)
		return round_make(authority, &policy, carriers, count) == count ? EXIT_SUCCESS : EXIT_REFUSED;
	for (;;) {
		(void)round_make(authority, &policy, carriers, count);
		(void)poll(NULL, 0, EVERY_MS);
	}
}
