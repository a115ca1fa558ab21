/* A point becomes a line of the policy in base64, so no text of the page's ever gets there. */
#include "exercise/guest.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "core/clock.h"
#include "exercise/office.h"

#define TURN_MS 100

const char *guest_policy(const struct guest *guest, char ret_text[static GUEST_POLICY_BYTES])
{
	char passkey[128], origin[TOWER_TEXT_BYTES];
	ret_text[0] = '\0';
	if (guest == NULL)
		return ret_text;
	sodium_bin2base64(passkey, sizeof(passkey), guest->point, sizeof(guest->point), sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(ret_text, GUEST_POLICY_BYTES,
		"person \"" TOWER_GUEST "\" {\n\tpasskey = \"%s\"\n\trelying_party = localhost\n\torigin = \"%s\"\n"
		"\troles = {duty}\n}\n",
		passkey, exercise_tower_origin(guest->port, origin));
	return ret_text;
}

enum guest_end guest_wait(struct office *office, const bool *has_joined, uint64_t wait_ms, const volatile int *stop_signal)
{
	bool has_terminal = isatty(STDIN_FILENO) == 1;
	int64_t until_ns = clock_mono_ns() + (int64_t)wait_ms * NS_PER_MS;
	char line[256];
	while (clock_mono_ns() < until_ns && *stop_signal == 0) {
		struct pollfd enter = {.fd = has_terminal ? STDIN_FILENO : -1, .events = POLLIN};
		office_turn(office, enter.fd, TURN_MS);
		if (*has_joined)
			return GUEST_JOINED;
		if (has_terminal && poll(&enter, 1, 0) == 1)
			return read(STDIN_FILENO, line, sizeof(line)) >= 0 ? GUEST_NOBODY : GUEST_STOPPED;
	}
	return *stop_signal != 0 ? GUEST_STOPPED : GUEST_NOBODY;
}
