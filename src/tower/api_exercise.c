/*
 * Exercises: what there is and how it goes, read by the HTTP threads; starting,
 * stopping and joining in the thread that asks the player. The writer notes who
 * did it.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tower/exercise.h"
#include "tower/routes.h"

#define ANY PRIVACY_MEMBER
#define POINT_TEXT_BYTES 89 /* 64 bytes as base64, and a NUL */

static const char no_player[] = "no player of exercises is configured here: option exercise of hinomi-tower.conf";

void exercise_get(struct visit *visit)
{
	visit_json(visit, 200, exercise_show(visit->tower->exercise));
}

/** Asks, and replies by what was answered. */
static void request_hand(struct visit *visit, const char *act, const struct exercise_request *request)
{
	static const unsigned statuses[EXERCISE_ANSWER_COUNT] = {[EXERCISE_ACCEPTED] = 202, [EXERCISE_BUSY] = 409,
		[EXERCISE_UNKNOWN] = 404, [EXERCISE_CLOSED] = 409, [EXERCISE_BROKEN] = 503};
	struct exercise_reply reply;
	visit->act = act;
	snprintf(visit->subject, sizeof(visit->subject), "%s", request->scenario);
	if (exercise_ask(visit->tower->exercise, request, &reply) != OK)
		visit_error(visit, 503, "the player of exercises does not answer");
	else if (reply.answer == EXERCISE_ACCEPTED)
		visit_json(visit, 202, json_pack("{s:b}", "accepted", 1));
	else
		visit_error(visit, statuses[reply.answer], reply.why);
}

static const struct field start_fields[] = {
	{.name = "scenario", FIELD_ROW(FIELD_TEXT, struct exercise_request, scenario, ANY), .min = 1},
};
static const struct field start_form = ROW_OBJECT("", ANY, struct exercise_request, 0, start_fields);

void exercise_post(struct visit *visit)
{
	struct exercise_request request = {.ask = EXERCISE_ASK_START, .has_scenario = true};
	visit->act = "exercise.start";
	if (visit_form(visit, &start_form, &request))
		request_hand(visit, "exercise.start", &request);
}

void exercise_delete(struct visit *visit)
{
	const struct exercise_request request = {.ask = EXERCISE_ASK_STOP};
	request_hand(visit, "exercise.stop", &request);
}

struct guest_form {
	char passkey[POINT_TEXT_BYTES];
};
static const struct field guest_fields[] = {
	{.name = "passkey", FIELD_ROW(FIELD_TEXT, struct guest_form, passkey, ANY), .min = POINT_TEXT_BYTES - 1},
};
static const struct field guest_form = ROW_OBJECT("", ANY, struct guest_form, 0, guest_fields);

void exercise_guest_post(struct visit *visit)
{
	struct exercise_request request = {.ask = EXERCISE_ASK_JOIN, .has_passkey = true};
	struct guest_form form = {0};
	size_t point_bytes = 0;
	visit->act = "exercise.join";
	if (!visit_form(visit, &guest_form, &form))
		return;
	if (sodium_base642bin(request.passkey, sizeof(request.passkey), form.passkey, strlen(form.passkey), NULL, &point_bytes, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0 || point_bytes != sizeof(request.passkey))
		visit_error(visit, 400, "passkey: is not 64 bytes in base64");
	else
		request_hand(visit, "exercise.join", &request);
}

void exercise_missing(struct visit *visit)
{
	visit_error(visit, 409, no_player);
}
