/*
 * Verbs for people. approve and its kin fetch the order's note, read it by
 * themselves, show it in plain words, ask, and sign a statement over the
 * digest of exactly the bytes they have shown.
 */
#include "authority/person.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "authority/explain.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/random.h"
#include "keys/seal.h"
#include "keys/signer.h"
#include "record/approval.h"
#include "record/order_verify.h"

#define DEFAULT_SOCKET "/run/hinomi-authority/authority.sock"
#define DEFAULT_POLICY "/etc/hinomi/policy"
#define EXIT_DONE 0
#define EXIT_REFUSED 1
#define EXIT_USAGE 2

struct options {
	const char *socket, *policy, *key, *role, *reason, *name;
	bool is_yes, is_witness, is_seal;
	const char *argument; /* NULL: none */
};

static const char usage[] =
	"usage: hinomi-authority orders [--socket PATH]\n"
	"       hinomi-authority approve|refuse|ratify|withdraw ORDER --key FILE [--role ROLE] [--reason TEXT] [--yes]\n"
	"                        [--socket PATH] [--policy FILE]\n"
	"       hinomi-authority propose FILE --key FILE [--yes] [--socket PATH] [--policy FILE]\n"
	"       hinomi-authority bundle ORDER [--socket PATH]\n"
	"       hinomi-authority receipt FILE [--socket PATH]\n"
	"       hinomi-authority key new FILE --name NAME [--witness | --seal]\n"
	"       hinomi-authority key show FILE\n";

static int complain(const char *what, const char *detail)
{
	fprintf(stderr, "hinomi-authority: %s%s%s\n", what, detail[0] != '\0' ? ": " : "", detail);
	return EXIT_REFUSED;
}

static bool options_read(int argc, char **argv, struct options *ret_options)
{
	static const struct option table[] = {
		{"socket", required_argument, NULL, 's'}, {"policy", required_argument, NULL, 'p'}, {"key", required_argument, NULL, 'k'},
		{"role", required_argument, NULL, 'r'}, {"reason", required_argument, NULL, 't'}, {"name", required_argument, NULL, 'n'},
		{"yes", no_argument, NULL, 'y'}, {"witness", no_argument, NULL, 'w'}, {"seal", no_argument, NULL, 'e'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {.socket = DEFAULT_SOCKET, .policy = DEFAULT_POLICY, .reason = ""};
	int code;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		const char **const place = code == 's' ? &options.socket : code == 'p' ? &options.policy : code == 'k' ? &options.key
			: code == 'r' ? &options.role : code == 't' ? &options.reason : code == 'n' ? &options.name : NULL;
		if (place != NULL)
			*place = optarg;
		else if (code == 'y')
			options.is_yes = true;
		else if (code == 'w')
			options.is_witness = true;
		else if (code == 'e')
			options.is_seal = true;
		else if (code == 'h') {
			fputs(usage, stdout);
			exit(EXIT_DONE);
		} else
			return false;
	}
	if (argc - optind > 1 || (options.is_seal && options.is_witness))
		return false;
	options.argument = argc > optind ? argv[optind] : NULL;
	*ret_options = options;
	return true;
}

static int usage_show(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

/** Sends a line and reads one back, of any length. @return malloc'ed, NULL: errno tells, 0: closed without a word */
static char *line_exchange(const char *path, const char *line)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *stream = NULL;
	char *answer = NULL;
	size_t room_bytes = 0;
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		stream = fdopen(fd, "r+e");
	if (stream == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	errno = 0;
	if (fprintf(stream, "%s\n", line) < 0 || fflush(stream) != 0 || getline(&answer, &room_bytes, stream) <= 0) {
		free(answer);
		answer = NULL;
	}
	int saved_errno = errno;
	fclose(stream);
	errno = saved_errno;
	return answer;
}

/** Asks the authority; says on standard error why there is no good answer. The request is taken over. */
static json_t *ask(const char *socket_path, json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT);
	char *text = line != NULL ? line_exchange(socket_path, line) : NULL;
	json_t *answer = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *detail = json_string_value(json_object_get(answer, "detail"));
	if (text == NULL && (errno == 0 || errno == EPIPE || errno == ECONNRESET))
		complain(socket_path, "closed without an answer: is this account one of `people` in authority.conf?");
	else if (text == NULL)
		complain(socket_path, strerror(errno));
	else if (!json_is_true(json_object_get(answer, "ok"))) {
		complain("the authority refuses", detail != NULL ? detail : "no reason given");
		json_decref(answer);
		answer = NULL;
	}
	json_decref(request);
	free(line);
	free(text);
	return answer;
}

static bool confirm(const struct options *options, const char *question)
{
	char answer[8] = "";
	if (options->is_yes)
		return true;
	printf("\n%s Type yes to sign: ", question);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

/** Signs a line and hands it to the authority. */
static int line_submit(const struct options *options, const struct key *key, const char *line)
{
	size_t text_bytes = strlen(line) + 1, note_bytes = 0, room_bytes = text_bytes + 2 + NOTE_LINE_BYTES;
	char *text = NULL, *note = malloc(room_bytes);
	int err = note != NULL && asprintf(&text, "%s\n", line) >= 0 ? OK : E_NOMEM;
	if (err == OK)
		err = signer_note(key, text, text_bytes, note, room_bytes, &note_bytes);
	json_t *answer = err == OK ? ask(options->socket, json_pack("{s:s, s:s}", "ask", "say", "text", note)) : NULL;
	if (err != OK)
		complain("cannot sign", err_name(err));
	if (answer != NULL)
		puts(json_string_value(json_object_get(answer, "detail")));
	free(text);
	free(note);
	json_decref(answer);
	return answer != NULL ? EXIT_DONE : EXIT_REFUSED;
}

/* What is asked: read from the note, by this process. */

struct subject {
	struct order order;
	struct standing_order standing;
	bool is_standing;
	struct document_digest digest;
};

static bool subject_read(const char *text, struct subject *ret_subject)
{
	struct note note;
	size_t line_bytes = 0;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	if (order_note_open(text, &note, &line_bytes) != OK)
		return false;
	ret_subject->digest = document_digest_of(text, line_bytes);
	ret_subject->is_standing = order_parse(text, line_bytes, &ret_subject->order, complaint) != OK;
	return !ret_subject->is_standing || standing_order_parse(text, line_bytes, &ret_subject->standing, complaint) == OK;
}

static void subject_explain(const struct subject *subject, const struct policy *policy)
{
	if (subject->is_standing)
		explain_standing_order(stdout, &subject->standing, policy, now_wall_ms());
	else
		explain_order(stdout, &subject->order, policy, now_wall_ms());
}

/** The role to sign in: as given, else the first of the person's that the class asks for. */
static const char *role_choose(const struct options *options, const struct policy *policy, const struct subject *subject,
	const char *name)
{
	const struct policy_person *person = policy_person_find(policy, name);
	enum order_class class = subject->is_standing ? subject->standing.class : subject->order.class;
	const struct policy_class *rules = &policy->classes[class];
	const struct policy_quorum *const quorums[] = {&rules->approvals, &rules->protected_approvals, &rules->urgent_approvals};
	if (options->role != NULL || person == NULL)
		return options->role != NULL ? options->role : "";
	for (size_t i = 0; i < ARRAY_LEN(quorums); i++) {
		for (size_t k = 0; k < quorums[i]->count; k++) {
			if (policy_has_role(person, quorums[i]->needs[k].role.name))
				return quorums[i]->needs[k].role.name;
		}
	}
	return "";
}

static int statement_sign(const struct options *options, enum approval_act act, const struct key *key, const struct policy *policy,
	const struct subject *subject)
{
	static const char *const questions[APPROVAL_ACT_COUNT] = {
		"?", "Shall it be done?", "Shall it not be done?", "Shall it go on?", "Shall it end now?"};
	struct approval approval = {.act = act, .subject = subject->digest, .at_ms = now_wall_ms()};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	if (strlen(key->public.name) >= sizeof(approval.by) || strlen(options->reason) >= sizeof(approval.reason))
		return complain("the key's name or the reason is too long", "");
	snprintf(approval.by, sizeof(approval.by), "%s", key->public.name);
	snprintf(approval.role, sizeof(approval.role), "%.63s", role_choose(options, policy, subject, key->public.name));
	snprintf(approval.reason, sizeof(approval.reason), "%s", options->reason);
	subject_explain(subject, policy);
	printf("  You      %s%s%s\n", approval.by, approval.role[0] != '\0' ? ", as " : "", approval.role);
	if (!confirm(options, questions[act]))
		return complain("not signed", "");
	if (approval_write(&approval, &line, complaint) != OK)
		return complain("cannot sign", complaint);
	int exit_code = line_submit(options, key, line);
	free(line);
	return exit_code;
}

int person_say(int argc, char **argv)
{
	static struct policy policy;
	static struct subject subject;
	static const char *const verbs[APPROVAL_ACT_COUNT] = {"", "approve", "refuse", "ratify", "withdraw"};
	struct options options;
	struct key *key = NULL;
	const char *why = "";
	char complaint[CONF_COMPLAINT_BYTES];
	enum approval_act act = APPROVAL_UNKNOWN;
	for (unsigned i = APPROVAL_UNKNOWN + 1; i < APPROVAL_ACT_COUNT; i++)
		act = strcmp(verbs[i], argv[0]) == 0 ? (enum approval_act)i : act;
	if (!options_read(argc, argv, &options) || options.argument == NULL || options.key == NULL || act == APPROVAL_UNKNOWN)
		return usage_show();
	if (policy_load(options.policy, &policy, complaint) != OK)
		return complain(complaint, "");
	json_t *answer = ask(options.socket, json_pack("{s:s, s:s}", "ask", "order", "id", options.argument));
	if (answer == NULL)
		return EXIT_REFUSED;
	const char *note = json_string_value(json_object_get(json_object_get(answer, "order"), "note"));
	int exit_code = EXIT_REFUSED;
	if (note == NULL || !subject_read(note, &subject))
		complain("the authority's answer cannot be read as an order", "");
	else if (key_load(options.key, &key, &why) != OK)
		complain(options.key, why);
	else
		exit_code = statement_sign(&options, act, key, &policy, &subject);
	key_free(key);
	json_decref(answer);
	return exit_code;
}

/* Orders. */

static void order_list(const json_t *entry, int64_t now_ms)
{
	static struct subject subject;
	const char *note = json_string_value(json_object_get(entry, "note"));
	const char *state = json_string_value(json_object_get(entry, "state"));
	const json_t *waits_for = json_object_get(entry, "waits_for");
	if (note == NULL || state == NULL || !subject_read(note, &subject))
		return;
	const struct order *order = &subject.order;
	const struct standing_order *standing = &subject.standing;
	char scope[IP_PREFIX_TEXT_BYTES] = "", amount[UNITS_TEXT_BYTES] = "over";
	int64_t left_ms = (subject.is_standing ? standing->expires_ms : order->expires_ms) - now_ms;
	if (left_ms > 0)
		units_write(UNIT_MS, (uint64_t)(left_ms - left_ms % (left_ms > 120000 ? 60000 : 1000)), amount);
	if (!subject.is_standing && order->class == ORDER_REIDENTIFY)
		snprintf(scope, sizeof(scope), "addresses of %zu", order->pseudonym_count);
	else
		ip_prefix_write(subject.is_standing ? &standing->scope[0] : &order->scope[0], scope);
	printf("%.8s  %-9s  %-11s  %-18s  %-7s  %s%s", subject.is_standing ? standing->id : order->id, state,
		order_class_names[subject.is_standing ? standing->class : order->class],
		scope, amount,
		subject.is_standing ? "STANDING " : order->is_urgent ? "URGENT " : "", subject.is_standing ? standing->why : order->why);
	for (size_t i = 0; i < json_array_size(waits_for); i++)
		printf("%s%s", i == 0 ? "  [waits for " : ", ", json_string_value(json_array_get(waits_for, i)));
	puts(json_array_size(waits_for) > 0 ? "]" : "");
}

int person_orders(int argc, char **argv)
{
	struct options options;
	if (!options_read(argc, argv, &options) || options.argument != NULL)
		return usage_show();
	json_int_t from = 0;
	while (from >= 0) {
		json_t *answer = ask(options.socket, json_pack("{s:s, s:I}", "ask", "orders", "from", from));
		if (answer == NULL)
			return EXIT_REFUSED;
		if (from == 0)
			printf("%-8s  %-9s  %-11s  %-18s  %-7s  %s\n", "order", "state", "class", "scope", "left", "why");
		const json_t *orders = json_object_get(answer, "orders"), *next = json_object_get(answer, "next");
		for (size_t i = 0; i < json_array_size(orders); i++)
			order_list(json_array_get(orders, i), now_wall_ms());
		from = json_integer_value(next) > from ? json_integer_value(next) : -1;
		json_decref(answer);
	}
	return EXIT_DONE;
}

/*
 * Proposals, of standing orders and of re-identification: a draft in any layout, of which this process fills in what a person
 * should not have to write.
 */

/** What every order of re-identification has alike, since it touches no traffic. */
static void reveal_fill(json_t *draft, int64_t now_ms)
{
	json_object_set_new(draft, "document", json_string("order"));
	json_object_set_new(draft, "kind", json_string("unknown"));
	json_object_set_new(draft, "vectors", json_array());
	json_object_set_new(draft, "scope", json_array());
	json_object_set_new(draft, "touches_protected", json_false());
	json_object_set_new(draft, "predicted", json_pack("{s:i, s:i}", "collateral_permille", 0, "stopped_permille", 0));
	json_object_set_new(draft, "collateral_limit_permille", json_integer(0));
	json_object_set_new(draft, "counter", json_integer(now_ms)); /* the clock is larger than all that were made before */
}

static void draft_fill(json_t *draft, const struct policy *policy, const char *requester)
{
	uint8_t id[(ORDER_ID_BYTES - 1) / 2];
	char digits[2 * DOCUMENT_DIGEST_BYTES + 1];
	int64_t now_ms = now_wall_ms();
	random_bytes(id, sizeof(id));
	sodium_bin2hex(digits, sizeof(digits), id, sizeof(id));
	json_object_set_new(draft, "id", json_string(digits));
	sodium_bin2hex(digits, sizeof(digits), policy->digest.bytes, sizeof(policy->digest.bytes));
	json_object_set_new(draft, "policy", json_string(digits));
	json_object_set_new(draft, "requester", json_string(requester));
	json_object_set_new(draft, "version", json_integer(1));
	json_object_set_new(draft, "document", json_string("standing_order"));
	const char *class_name = json_string_value(json_object_get(draft, "class"));
	const struct policy_class *class = &policy->classes[ORDER_CLASS_UNKNOWN];
	for (unsigned i = ORDER_CLASS_UNKNOWN + 1; class_name != NULL && i < ORDER_CLASS_COUNT; i++)
		class = strcmp(order_class_names[i], class_name) == 0 ? &policy->classes[i] : class;
	bool is_reveal = class == &policy->classes[ORDER_REIDENTIFY];
	if (is_reveal)
		reveal_fill(draft, now_ms);
	if (json_object_get(draft, "not_before_ms") == NULL)
		json_object_set_new(draft, "not_before_ms", json_integer(now_ms));
	if (json_object_get(draft, "expires_ms") == NULL)
		json_object_set_new(draft, "expires_ms",
			json_integer(now_ms + (json_int_t)(is_reveal ? class->longest_ms : class->standing_longest_ms)));
}

static int draft_sign(const struct options *options, const struct key *key, const struct policy *policy, const json_t *draft)
{
	static struct subject subject;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	char *line = json_dumps(draft, JSON_COMPACT | JSON_SORT_KEYS);
	const char *document = json_string_value(json_object_get(draft, "document"));
	int exit_code = EXIT_REFUSED, err = E_NOMEM;
	subject.is_standing = document == NULL || strcmp(document, "order") != 0;
	if (line != NULL && subject.is_standing)
		err = standing_order_parse(line, strlen(line), &subject.standing, complaint);
	else if (line != NULL)
		err = order_parse(line, strlen(line), &subject.order, complaint);
	if (err != OK)
		complain(options->argument, line != NULL ? complaint : "out of memory");
	else {
		subject_explain(&subject, policy);
		exit_code = confirm(options, "Shall it be asked for?") ? line_submit(options, key, line) : complain("not signed", "");
	}
	free(line);
	return exit_code;
}

int person_propose(int argc, char **argv)
{
	static struct policy policy;
	struct options options;
	struct key *key = NULL;
	const char *why = "";
	char complaint[CONF_COMPLAINT_BYTES];
	json_error_t error;
	if (!options_read(argc, argv, &options) || options.argument == NULL || options.key == NULL)
		return usage_show();
	if (policy_load(options.policy, &policy, complaint) != OK)
		return complain(complaint, "");
	json_t *draft = json_load_file(options.argument, JSON_REJECT_DUPLICATES, &error);
	int exit_code = EXIT_REFUSED;
	if (!json_is_object(draft))
		complain(options.argument, draft == NULL ? error.text : "an object is expected");
	else if (key_load(options.key, &key, &why) != OK)
		complain(options.key, why);
	else {
		draft_fill(draft, &policy, key->public.name);
		exit_code = draft_sign(&options, key, &policy, draft);
	}
	key_free(key);
	json_decref(draft);
	return exit_code;
}

/* What is carried to a mail host by hand, and back. */

int person_bundle(int argc, char **argv)
{
	struct options options;
	if (!options_read(argc, argv, &options) || options.argument == NULL)
		return usage_show();
	json_t *answer = ask(options.socket, json_pack("{s:s, s:s}", "ask", "bundle", "id", options.argument));
	const char *bundle = json_string_value(json_object_get(answer, "bundle"));
	if (bundle != NULL)
		puts(bundle);
	else if (answer != NULL)
		complain("the authority's answer has no bundle", "");
	json_decref(answer);
	return bundle != NULL ? EXIT_DONE : EXIT_REFUSED;
}

int person_receipt(int argc, char **argv)
{
	struct options options;
	char complaint[CONF_COMPLAINT_BYTES], *text = NULL;
	size_t length_bytes = 0;
	if (!options_read(argc, argv, &options) || options.argument == NULL)
		return usage_show();
	if (conf_read(options.argument, &text, &length_bytes, complaint) != OK)
		return complain(complaint, "");
	json_t *request = json_pack("{s:s, s:s%}", "ask", "say", "text", text, length_bytes);
	free(text);
	if (request == NULL)
		return complain(options.argument, "is no text");
	json_t *answer = ask(options.socket, request);
	if (answer != NULL)
		puts(json_string_value(json_object_get(answer, "detail")));
	json_decref(answer);
	return answer != NULL ? EXIT_DONE : EXIT_REFUSED;
}

/* Keys. */

static int key_new(const struct options *options)
{
	struct note_key public;
	struct seal_public seal;
	char text[NOTE_VKEY_BYTES > SEAL_TEXT_BYTES ? NOTE_VKEY_BYTES : SEAL_TEXT_BYTES];
	int err = options->is_seal ? seal_create(options->argument, options->name, &seal)
		: key_create(options->argument, options->name, options->is_witness ? NOTE_KEY_COSIGNATURE : NOTE_KEY_ED25519, &public);
	if (err == E_MALFORMED)
		return complain(options->name, "a name has no blanks and no plus, and 127 bytes at most");
	if (err != OK)
		return complain(options->argument, err == E_STATE ? "is there already" : err == E_SYS ? strerror(errno) : err_name(err));
	puts(options->is_seal ? seal_public_write(&seal, text) : note_key_write(&public, text));
	return EXIT_DONE;
}

/** Prints the public half of a key that signs, or of one that opens what is sealed. */
static int key_show(const char *path)
{
	struct key *key = NULL;
	struct seal_secret *secret = NULL;
	const char *why = "", *aside = "";
	char text[NOTE_VKEY_BYTES > SEAL_TEXT_BYTES ? NOTE_VKEY_BYTES : SEAL_TEXT_BYTES];
	if (key_load(path, &key, &why) == OK)
		puts(note_key_write(&key->public, text));
	else if (seal_load(path, &secret, &aside) == OK)
		puts(seal_public_write(&secret->public, text));
	else
		return complain(path, why);
	key_free(key);
	seal_free(secret);
	return EXIT_DONE;
}

int person_key(int argc, char **argv)
{
	struct options options;
	bool is_new = argc > 1 && strcmp(argv[1], "new") == 0, is_show = argc > 1 && strcmp(argv[1], "show") == 0;
	bool is_help = argc > 1 && strcmp(argv[1], "--help") == 0;
	if (is_help)
		return options_read(argc, argv, &options) ? EXIT_DONE : EXIT_USAGE;
	if ((!is_new && !is_show) || !options_read(argc - 1, argv + 1, &options) || options.argument == NULL)
		return usage_show();
	if (is_new)
		return options.name != NULL ? key_new(&options) : usage_show();
	return key_show(options.argument);
}
