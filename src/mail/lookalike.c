/*
 * Labels are compared as the eye reads them: A-labels become letters again,
 * these their skeleton, and then what passes for another in a browser's bar
 * (rn and m, vv and w, cl and d, 0 and o, 1 and l). Short labels have too many
 * neighbours: one edit counts from five letters, two from nine.
 */
#include "mail/lookalike.h"

#include <idn2.h>
#include <string.h>

#include "mail/host.h"
#include "mail/lettering.h"

#define LETTERS_FOR_ONE_EDIT 5
#define LETTERS_FOR_TWO_EDITS 9
#define LETTERS_FOR_SWAP 4
#define LETTERS_FOR_PART 4

/** The label before the suffix, as the eye reads it. */
static void eye_make(const char *label, char ret_eye[static 64])
{
	static const char *const pairs[][2] = {{"rn", "m"}, {"vv", "w"}, {"cl", "d"}, {"0", "o"}, {"1", "l"}, {"i", "l"}, {"5", "s"}};
	char skeleton[LETTERING_BYTES];
	char *unicode = NULL;
	bool is_coded = strncmp(label, "xn--", 4) == 0 && idn2_to_unicode_8z8z(label, &unicode, 0) == IDN2_OK;
	lettering_skeleton(is_coded ? unicode : label, skeleton);
	idn2_free(unicode);
	lettering_fold(skeleton, skeleton);
	size_t used = 0;
	for (const char *at = skeleton; *at != '\0' && used + 1 < 64;) {
		size_t pair = 0;
		while (pair < ARRAY_LEN(pairs) && strncmp(at, pairs[pair][0], strlen(pairs[pair][0])) != 0)
			pair++;
		if (pair < ARRAY_LEN(pairs)) {
			ret_eye[used++] = pairs[pair][1][0];
			at += strlen(pairs[pair][0]);
		} else {
			ret_eye[used++] = *at++;
		}
	}
	ret_eye[used] = '\0';
}

static void label_take(const char *registrable, char ret_label[static 64])
{
	size_t length = strcspn(registrable, ".");
	length = length < 64 ? length : 63;
	memcpy(ret_label, registrable, length);
	ret_label[length] = '\0';
}

int lookalike_init(const char *domain, struct lookalike *ret_lookalike)
{
	struct mail_host host;
	int err = host_parse(domain, strlen(domain), &host);
	if (err != OK || strlen(host_registrable(&host)) >= LOOKALIKE_BYTES)
		return E_MALFORMED;
	*ret_lookalike = (struct lookalike){.domain = ""};
	memcpy(ret_lookalike->domain, host_registrable(&host), strlen(host_registrable(&host)) + 1);
	label_take(ret_lookalike->domain, ret_lookalike->label);
	eye_make(ret_lookalike->label, ret_lookalike->eye);
	return OK;
}

/** Damerau and Levenshtein with neighbours swapped (optimal string alignment), up to two edits; 3: more. */
static unsigned edits_count(const char *one, const char *other)
{
	size_t n = strlen(one), m = strlen(other);
	unsigned rows[3][65];
	if (n >= 65 || m >= 65 || (n > m ? n - m : m - n) > 2)
		return 3;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = rows[i % 3];
		const unsigned *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = before[j - 1] + (one[i - 1] != other[j - 1]);
			best = before[j] + 1 < best ? before[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
				best = earlier[j - 2] + 1 < best ? earlier[j - 2] + 1 : best;
			now[j] = best;
		}
	}
	return rows[n % 3][m] > 2 ? 3 : rows[n % 3][m];
}

static void hyphens_drop(const char *label, char ret_label[static 64])
{
	size_t used = 0;
	for (; *label != '\0'; label++) {
		if (*label != '-')
			ret_label[used++] = *label;
	}
	ret_label[used] = '\0';
}

/** Whether a word stands in a name for itself, between dots, hyphens and ends, before an offset. */
static bool has_part(const char *name, size_t before, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = name; (at = strstr(at, word)) != NULL && (size_t)(at - name) + length <= before; at++) {
		bool begins = at == name || at[-1] == '.' || at[-1] == '-';
		bool ends = at[length] == '.' || at[length] == '-' || at[length] == '\0';
		if (begins && ends)
			return true;
	}
	return false;
}

void lookalike_eye(const struct mail_host *host, char ret_eye[static 64])
{
	char label[64];
	label_take(host_registrable(host), label);
	lookalike_eye_label(label, ret_eye);
}

void lookalike_eye_label(const char *label, char ret_eye[static 64])
{
	char eye[64];
	eye_make(label, eye);
	hyphens_drop(eye, ret_eye);
	if (strlen(ret_eye) < LETTERS_FOR_ONE_EDIT)
		ret_eye[0] = '\0';
}

/** Whether the last labels of a host, as the eye reads them, are the whole domain: a suffix can look like another too. */
static bool is_eye_of_whole(const struct lookalike *of, const struct mail_host *host)
{
	const char *tail = host->name + strlen(host->name), *own = of->domain;
	size_t dots = 0;
	for (const char *at = own; *at != '\0'; at++)
		dots += *at == '.';
	while (tail > host->name && (tail[-1] != '.' || dots-- > 0))
		tail--;
	while (*tail != '\0' && *own != '\0') {
		char labels[2][64], eyes[2][64];
		label_take(tail, labels[0]);
		label_take(own, labels[1]);
		eye_make(labels[0], eyes[0]);
		eye_make(labels[1], eyes[1]);
		if (strcmp(eyes[0], eyes[1]) != 0)
			return false;
		tail += strcspn(tail, ".");
		tail += *tail == '.';
		own += strcspn(own, ".");
		own += *own == '.';
	}
	return *tail == '\0' && *own == '\0';
}

bool lookalike_is(const struct lookalike *of, const struct mail_host *host)
{
	const char *registrable = host_registrable(host);
	char label[64] = "", eye[64] = "", plain[2][64] = {"", ""};
	if (strcmp(registrable, of->domain) == 0 || (host->host_traits & HOST_IP) != 0)
		return false;
	label_take(registrable, label);
	size_t letters = strlen(of->label), own_end = host->registrable_at + strlen(label);
	if (has_part(host->name, host->registrable_at, of->domain))
		return true; /* www.example.go.jp.else.where */
	if (is_eye_of_whole(of, host))
		return true; /* example.g0.jp */
	char hyphened[LOOKALIKE_BYTES];
	for (size_t i = 0; i <= strlen(of->domain); i++)
		hyphened[i] = of->domain[i] == '.' ? '-' : of->domain[i];
	if (has_part(host->name, own_end, hyphened))
		return true; /* example-go-jp.com */
	if (letters >= LETTERS_FOR_PART && strcmp(label, of->label) != 0 && has_part(label, strlen(label), of->label))
		return true; /* example-support.com */
	eye_make(label, eye);
	hyphens_drop(eye, plain[0]);
	hyphens_drop(of->eye, plain[1]);
	if (strcmp(plain[0], plain[1]) == 0)
		return letters >= LETTERS_FOR_SWAP || strcmp(label, of->label) != 0;
	unsigned edits = letters >= LETTERS_FOR_ONE_EDIT ? edits_count(plain[0], plain[1]) : 3;
	return edits == 1 || (edits == 2 && letters >= LETTERS_FOR_TWO_EDITS);
}
