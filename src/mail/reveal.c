/*
 * An order is carried out whole or not at all, in this order: judged; its boxes found and opened in memory; its receipt's
 * file made; the order noted as used, on disk; the receipt written, on disk; and only then the addresses shown. So nothing
 * is shown twice by one order, and nothing without a receipt. Who is killed between shows nothing, and needs a new order.
 *
 * The receipt has the order's digest and the number of addresses, none of them. It is signed with the mail host's own key,
 * since no socket tells the authority who brings it.
 */
#include "mail/reveal.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "keys/signer.h"
#include "mail/command.h"
#include "mail/sealed.h"
#include "record/receipt.h"

#define CONFIG_USUAL "/etc/hinomi/mail.conf"
#define POLICY_USUAL "/etc/hinomi/policy"
#define BUNDLES_MAX 16 /* of one call: an order is looked at by people, one by one */

static const char usage[] =
	"usage: hinomi mail reveal BUNDLE... --key FILE --secret FILE [--config FILE] [--policy FILE] [--receipts DIRECTORY]\n\n"
	"Carries out approved orders of re-identification on the mail host: shows the addresses behind pseudonyms of findings.\n\n"
	"  BUNDLE               what hinomi bundle prints of an order\n"
	"  --key FILE           key of this mail host, which signs receipts; the policy has an effector of its name\n"
	"  --secret FILE        secret half of the configuration's reveal_key\n"
	"  --config FILE        the milter's configuration; " CONFIG_USUAL "\n"
	"  --policy FILE        " POLICY_USUAL "\n"
	"  --receipts DIRECTORY where receipts are written, for hinomi receipt; the present one\n\n"
	"Exit status: 0 all are carried out; 1 one was refused, or something failed; 2 usage.\n";

static const struct option option_table[] = {
	{"config", required_argument, NULL, 'c'},
	{"policy", required_argument, NULL, 'p'},
	{"key", required_argument, NULL, 'k'},
	{"secret", required_argument, NULL, 's'},
	{"receipts", required_argument, NULL, 'r'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *config, *policy, *key, *secret, *receipts;
};

/** All that is needed for every order of a call. */
struct revealing {
	struct options options;
	struct config config;
	struct policy policy;
	struct pseudonym_key pseudonyms;
	struct key *key; /* owned */
	struct seal_secret *secret; /* owned */
	struct sealed *sealed; /* owned */
	struct order_counters counters;
	struct order_judgement judgement;
	char addresses[ORDER_PSEUDONYMS_MAX][MAIL_ADDRESS_BYTES]; /* of one order; wiped when they were shown */
};

__attribute__((format(printf, 2, 3))) static bool refuse(const char *path, const char *format, ...)
{
	va_list list;
	fprintf(stderr, "hinomi-mail: %s: ", path);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return false;
}

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

/* Judging. */

/** Reads a bundle's file. @return NULL: said why */
static char *bundle_text(const char *path, size_t *ret_bytes)
{
	char *text = malloc(BUNDLE_LINE_BYTES_MAX + 2);
	FILE *file = text != NULL ? fopen(path, "re") : NULL;
	if (file == NULL) {
		(void)refuse(path, "%s", strerror(errno));
		free(text);
		return NULL;
	}
	size_t length_bytes = fread(text, 1, BUNDLE_LINE_BYTES_MAX + 2, file);
	bool is_read = ferror(file) == 0 && length_bytes < BUNDLE_LINE_BYTES_MAX + 2;
	(void)fclose(file);
	if (!is_read) {
		(void)refuse(path, "cannot be read, or is too long for a bundle");
		free(text);
		return NULL;
	}
	*ret_bytes = length_bytes > 0 && text[length_bytes - 1] == '\n' ? length_bytes - 1 : length_bytes;
	return text;
}

/** Judges an order as its effector. @return whether it may be carried out; else said why */
static bool order_judge(struct revealing *revealing, const char *path)
{
	struct bundle bundle = {0};
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "";
	size_t length_bytes = 0;
	char *text = bundle_text(path, &length_bytes);
	if (text == NULL)
		return false;
	int err = bundle_parse(text, length_bytes, &bundle, complaint);
	free(text);
	enum order_verdict verdict = ORDER_BAD_DOCUMENT;
	if (err == OK) {
		const struct order_situation situation = {
			.effector = revealing->key->public.name, .now_wall_ms = now_wall_ms(), .counters = &revealing->counters};
		verdict = order_verify(&revealing->policy, &bundle, &situation, &revealing->judgement);
		snprintf(complaint, sizeof(complaint), "%s", revealing->judgement.detail);
	}
	bundle_done(&bundle);
	if (err != OK)
		return refuse(path, "refused: it is no bundle: %s", complaint);
	if (verdict != ORDER_ACCEPTED)
		return refuse(path, "refused: %s%s%s", order_verdict_words(verdict), complaint[0] != '\0' ? ": " : "", complaint);
	ASSERT(revealing->judgement.order.class == ORDER_REIDENTIFY); /* that of the effector, which was looked at */
	return true;
}

/* Opening. */

/** The pseudonym as findings write it. */
static uint64_t pseudonym_of(const struct order_pseudonym *pseudonym)
{
	uint64_t value = 0;
	for (size_t i = 0; i < ORDER_PSEUDONYM_BYTES; i++)
		value = value << 8 | pseudonym->bytes[i];
	return value;
}

/** Opens the box of one pseudonym. @return whether it could be; else said why */
static bool box_open(struct revealing *revealing, const char *path, size_t nth)
{
	const struct order *order = &revealing->judgement.order;
	uint8_t box[SEALED_BOX_BYTES], plain[SEALED_PLAIN_BYTES];
	struct sealed_name name = {.pseudonym = pseudonym_of(&order->pseudonyms[nth])};
	(void)sodium_hex2bin(name.finding, sizeof(name.finding), order->finding, strlen(order->finding), NULL, NULL, NULL);
	int err = sealed_find(revealing->sealed, &name, now_wall_ms(), box);
	if (err == E_END)
		return refuse(path, "refused: %016" PRIx64 ": nothing is kept of it for that finding, or its time is over", name.pseudonym);
	if (err != OK)
		return refuse(path, "%s cannot be read", revealing->config.reveal_table);
	if (seal_open(revealing->secret, box, sizeof(box), plain) != OK)
		return refuse(path, "refused: %016" PRIx64 ": %s does not open what is kept of it", name.pseudonym,
			revealing->options.secret);
	err = sealed_box_read(plain, &name, &revealing->pseudonyms, revealing->addresses[nth]);
	explicit_bzero(plain, sizeof(plain));
	if (err != OK)
		return refuse(path, "refused: %016" PRIx64 ": what is kept of it is not its address", name.pseudonym);
	return true;
}

/* The receipt. */

/** The receipt's note; the caller frees. NULL: said why. */
static char *receipt_make(const struct revealing *revealing, const char *path)
{
	const struct order *order = &revealing->judgement.order;
	struct receipt receipt = {.order = revealing->judgement.digest, .state = RECEIPT_APPLIED, .at_ms = now_wall_ms()};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL, *text = NULL, *note = NULL;
	snprintf(receipt.effector, sizeof(receipt.effector), "%s", order->effector);
	snprintf(receipt.why, sizeof(receipt.why), "%zu %s shown", order->pseudonym_count,
		order->pseudonym_count == 1 ? "address" : "addresses");
	if (receipt_write(&receipt, &line, complaint) != OK || asprintf(&text, "%s\n", line) < 0) {
		free(line);
		(void)refuse(path, "no receipt can be made");
		return NULL;
	}
	size_t note_bytes = 0, room_bytes = strlen(text) + 2 + NOTE_LINE_BYTES;
	note = malloc(room_bytes);
	if (note == NULL || signer_note(revealing->key, text, strlen(text), note, room_bytes, &note_bytes) != OK) {
		(void)refuse(path, "no receipt can be signed");
		free(note);
		note = NULL;
	}
	free(line);
	free(text);
	return note;
}

/** Writes all of it to disk. */
static bool receipt_fill(int fd, const char *note)
{
	size_t length_bytes = strlen(note);
	return write(fd, note, length_bytes) == (ssize_t)length_bytes && fsync(fd) == 0;
}

/* Carrying out. */

static void addresses_show(const struct revealing *revealing, const char *receipt_path)
{
	const struct order *order = &revealing->judgement.order;
	for (size_t i = 0; i < order->pseudonym_count; i++)
		printf("%016" PRIx64 " %s\n", pseudonym_of(&order->pseudonyms[i]), revealing->addresses[i]);
	(void)fflush(stdout);
	fprintf(stderr, "hinomi-mail: %s: the receipt, for the ledger: hinomi receipt %s\n", receipt_path, receipt_path);
}

/** From the order, which was judged and whose boxes are open, to what is shown. */
static bool order_carry(struct revealing *revealing, const char *path)
{
	const struct order *order = &revealing->judgement.order;
	char receipt_path[CONFIG_PATH_BYTES + ORDER_ID_BYTES + 16];
	snprintf(receipt_path, sizeof(receipt_path), "%.*s/%s.receipt", CONFIG_PATH_BYTES, revealing->options.receipts, order->id);
	char *note = receipt_make(revealing, path);
	if (note == NULL)
		return false;
	int fd = open(receipt_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		free(note);
		return refuse(receipt_path, "%s", strerror(errno));
	}
	int err = sealed_order_use(revealing->sealed, order->counter, &revealing->judgement.digest, now_wall_ms());
	if (err == OK)
		order_counters_take(&revealing->counters, order->counter);
	else
		(void)unlink(receipt_path);
	bool is_told = err == OK && receipt_fill(fd, note);
	(void)close(fd);
	free(note);
	if (err != OK)
		return refuse(path, "refused: %s", err == E_STATE ? order_verdict_words(ORDER_COUNTER_NOT_NEW)
			: "that it is used cannot be written down");
	if (!is_told)
		return refuse(receipt_path, "cannot be written: nothing is shown, and the order is used");
	addresses_show(revealing, receipt_path);
	return true;
}

static bool bundle_carry(struct revealing *revealing, const char *path)
{
	bool is_done = order_judge(revealing, path);
	for (size_t i = 0; is_done && i < revealing->judgement.order.pseudonym_count; i++)
		is_done = box_open(revealing, path, i);
	is_done = is_done && order_carry(revealing, path);
	explicit_bzero(revealing->addresses, sizeof(revealing->addresses));
	return is_done;
}

/* Beginning. */

/** Configuration and policy. @return whether they are sound and allow it; else said why */
static bool papers_open(struct revealing *revealing)
{
	const struct options *options = &revealing->options;
	char complaint[CONF_COMPLAINT_BYTES];
	if (config_load(options->config, &revealing->config, complaint) != OK ||
		policy_load(options->policy, &revealing->policy, complaint) != OK) {
		fprintf(stderr, "hinomi-mail: %s\n", complaint);
		return false;
	}
	if (!config_has_reveal(&revealing->config))
		return refuse(options->config, "reveal_key is not set: nothing is kept, and nobody can be re-identified");
	return true;
}

/** Keys and table. */
static bool means_open(struct revealing *revealing)
{
	const struct options *options = &revealing->options;
	const struct sealed_settings settings = {.path = revealing->config.reveal_table, .public = revealing->config.reveal_key,
		.keep_ms = revealing->config.reveal_keep_ms};
	char complaint[WHY_BYTES];
	const char *why = "";
	if (key_load(options->key, &revealing->key, &why) != OK)
		return refuse(options->key, "%s", why);
	const struct policy_effector *effector = policy_effector_find(&revealing->policy, revealing->key->public.name);
	if (effector == NULL || effector->class != ORDER_REIDENTIFY ||
		memcmp(effector->key.key, revealing->key->public.key, NOTE_KEY_BYTES) != 0)
		return refuse(options->policy, "has no effector of class reidentify with the key of %s", options->key);
	if (seal_load(options->secret, &revealing->secret, &why) != OK)
		return refuse(options->secret, "%s", why);
	if (access(settings.path, F_OK) != 0)
		return refuse(settings.path, "is not there: nothing has been kept");
	if (pseudonym_key_load(revealing->config.key, &revealing->pseudonyms, complaint) != OK ||
		sealed_open(&settings, &revealing->sealed, complaint) != OK) {
		fprintf(stderr, "hinomi-mail: %s\n", complaint);
		return false;
	}
	if (sealed_orders_find(revealing->sealed, &revealing->counters) != OK)
		return refuse(settings.path, "cannot be read");
	return true;
}

static bool options_read(int argc, char **argv, struct options *ret_options)
{
	struct options options = {.config = CONFIG_USUAL, .policy = POLICY_USUAL, .receipts = "."};
	int code;
	while ((code = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		const char **const place = code == 'c' ? &options.config : code == 'p' ? &options.policy : code == 'k' ? &options.key
			: code == 's' ? &options.secret : code == 'r' ? &options.receipts : NULL;
		if (code == 'h') {
			fputs(usage, stdout);
			exit(EXIT_OK);
		}
		if (place == NULL)
			return false;
		*place = optarg;
	}
	*ret_options = options;
	return options.key != NULL && options.secret != NULL && strlen(options.receipts) < CONFIG_PATH_BYTES && argc > optind &&
		argc - optind <= BUNDLES_MAX;
}

int reveal_command(int argc, char **argv)
{
	static struct revealing revealing;
	if (!options_read(argc, argv, &revealing.options)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (!papers_open(&revealing))
		return EXIT_USAGE;
	int exit_code = means_open(&revealing) ? EXIT_OK : EXIT_UNREAD;
	for (int i = optind; i < argc && revealing.sealed != NULL && exit_code == EXIT_OK; i++)
		exit_code = bundle_carry(&revealing, argv[i]) ? EXIT_OK : EXIT_UNREAD;
	sealed_close(revealing.sealed);
	seal_free(revealing.secret);
	key_free(revealing.key);
	explicit_bzero(&revealing.pseudonyms, sizeof(revealing.pseudonyms));
	return exit_code;
}
