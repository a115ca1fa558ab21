/* What is told of exercises, as documents. Long lists are bounded by their caps; a line by its kind's. */
#include "record/exercise.h"

#define ANY PRIVACY_MEMBER
#define COUNT(owner, member) ROW_UINT(owner, member, ANY, 0, FIELD_NUMBER_MAX)
#define FLAG(owner, member) {.name = #member, FIELD_ROW(FIELD_BOOL, owner, member, ANY)}

static const char *const run_name[] = {"exercise_run"};
static const char *const state_name[] = {"exercise"};
static const char *const request_name[] = {"exercise_request"};
static const char *const reply_name[] = {"exercise_reply"};
static const char *const news_names[] = {"trouble", "first_packet", "found", "changes", "over", "asked", "ordered", "in_force",
	"refused", "ratified", "lapsed", "gone", "well"};
static const char *const stage_names[] = {"waiting", "running", "done", "failed"};
static const char *const ask_names[] = {"state", "start", "stop", "join"};
static const char *const answer_names[] = {"accepted", "busy", "unknown", "closed", "broken"};
_Static_assert(ARRAY_LEN(news_names) == EXERCISE_NEWS_COUNT, "a name for each");
_Static_assert(ARRAY_LEN(stage_names) == EXERCISE_STAGE_COUNT, "a name for each");
_Static_assert(ARRAY_LEN(ask_names) == EXERCISE_ASK_COUNT, "a name for each");
_Static_assert(ARRAY_LEN(answer_names) == EXERCISE_ANSWER_COUNT, "a name for each");

static const struct field scenario_fields[] = {
	ROW_TEXT("name", struct exercise_scenario, name, ANY, 1),
	ROW_TEXT("about", struct exercise_scenario, about, ANY, 0),
	COUNT(struct exercise_scenario, duration_ms),
};
static const struct field scenario_entry = ROW_OBJECT("", ANY, struct exercise_scenario, 0, scenario_fields);

static const struct field event_fields[] = {
	COUNT(struct exercise_event, at_ms),
	ROW_NAME(struct exercise_event, news, ANY, news_names),
	ROW_TEXT("attack", struct exercise_event, attack, ANY, 0),
	ROW_TEXT("detail", struct exercise_event, detail, ANY, 0),
};
static const struct field event_entry = ROW_OBJECT("", ANY, struct exercise_event, 0, event_fields);

static const struct field sum_fields[] = {
	COUNT(struct exercise_sum, asked),
	COUNT(struct exercise_sum, served),
	COUNT(struct exercise_sum, late),
	COUNT(struct exercise_sum, failed),
};
#define SUM(owner, member) \
	{.name = #member, .type = FIELD_OBJECT, .privacy = ANY, FIELD_PLACE(owner, member), .members = sum_fields, \
		.member_count = ARRAY_LEN(sum_fields)}
#define SUM_MAYBE(owner, member, flag) \
	{.name = #member, .type = FIELD_OBJECT, .privacy = ANY, FIELD_PLACE(owner, member), .members = sum_fields, \
		.member_count = ARRAY_LEN(sum_fields), FIELD_FLAG(owner, flag)}

static const struct field second_fields[] = {
	SUM(struct exercise_second, with),
	SUM_MAYBE(struct exercise_second, without, has_without),
};
static const struct field second_entry = ROW_OBJECT("", ANY, struct exercise_second, 0, second_fields);

static const struct field vector_entry = ROW_TEXT("", struct exercise_vector, name, ANY, 1);

#define MEASURE(member) \
	{.name = #member, FIELD_ROW(FIELD_UINT, struct exercise_attack, member.value, ANY), .max = FIELD_NUMBER_MAX, \
		FIELD_FLAG(struct exercise_attack, member.is_known)}
static const struct field attack_fields[] = {
	ROW_TEXT("name", struct exercise_attack, name, ANY, 1),
	ROW_TEXT("decision", struct exercise_attack, decision, ANY, 1),
	ROW_TEXT("complaint", struct exercise_attack, complaint, ANY, 0),
	FLAG(struct exercise_attack, is_judged),
	ROW_LIST("vectors", ANY, struct exercise_attack, vectors, vector_count, &vector_entry),
	MEASURE(first_ms),
	MEASURE(last_ms),
	MEASURE(found_ms),
	MEASURE(ordered_ms),
	MEASURE(applied_ms),
	MEASURE(well_ms),
	MEASURE(gone_ms),
	MEASURE(leak_permille),
	MEASURE(collateral_permille),
};
static const struct field attack_entry = ROW_OBJECT("", ANY, struct exercise_attack, 0, attack_fields);

static const struct field mail_fields[] = {
	ROW_TEXT("absence", struct exercise_mail, absence, ANY, 0),
	COUNT(struct exercise_mail, mails),
	COUNT(struct exercise_mail, accepted),
	COUNT(struct exercise_mail, delivered),
	COUNT(struct exercise_mail, unmarked),
	COUNT(struct exercise_mail, aimed),
	COUNT(struct exercise_mail, aimed_tagged),
	COUNT(struct exercise_mail, others_tagged),
};

static const struct field score_fields[] = {
	COUNT(struct exercise_score, attack_packets),
	COUNT(struct exercise_score, troubles),
	COUNT(struct exercise_score, passed),
	COUNT(struct exercise_score, failed),
	COUNT(struct exercise_score, skipped),
	FLAG(struct exercise_score, is_ledger_verified),
	ROW_LIST("attacks", ANY, struct exercise_score, attacks, attack_count, &attack_entry),
	SUM(struct exercise_score, with),
	SUM(struct exercise_score, with_defended),
	SUM_MAYBE(struct exercise_score, without, has_without),
	SUM_MAYBE(struct exercise_score, without_defended, has_without),
	{.name = "mail", .type = FIELD_OBJECT, .privacy = ANY, FIELD_PLACE(struct exercise_score, mail), .members = mail_fields,
		.member_count = ARRAY_LEN(mail_fields), FIELD_FLAG(struct exercise_score, has_mail)},
};

#define RUN_ROWS \
	COUNT(struct exercise_run, number), ROW_TEXT("scenario", struct exercise_run, scenario, ANY, 1), \
		ROW_TEXT("why", struct exercise_run, why, ANY, 0), ROW_NAME(struct exercise_run, stage, ANY, stage_names), \
		COUNT(struct exercise_run, duration_ms), ROW_TIME("started_ms", struct exercise_run, started_ms, ANY), \
		{.name = "ended_ms", FIELD_ROW(FIELD_TIME, struct exercise_run, ended_ms, ANY), .max = FIELD_TIME_MAX_MS, \
			FIELD_FLAG(struct exercise_run, has_ended)}, \
		COUNT(struct exercise_run, lost), ROW_LIST("events", ANY, struct exercise_run, events, event_count, &event_entry), \
		ROW_LIST("seconds", ANY, struct exercise_run, seconds, second_count, &second_entry), \
	{ \
		.name = "score", .type = FIELD_OBJECT, .privacy = ANY, FIELD_PLACE(struct exercise_run, score), .members = score_fields, \
		.member_count = ARRAY_LEN(score_fields), FIELD_FLAG(struct exercise_run, has_score) \
	}
static const struct field run_fields[] = {ROW_FORM("document", run_name), ROW_VERSION(1), RUN_ROWS};
static const struct field run_root = ROW_OBJECT("run", ANY, struct exercise_run, 0, run_fields);
static const struct field run_entry_fields[] = {RUN_ROWS};
static const struct field run_entry = ROW_OBJECT("", ANY, struct exercise_run, 0, run_entry_fields);

static const struct field state_fields[] = {
	ROW_FORM("document", state_name),
	ROW_VERSION(1),
	FLAG(struct exercise_state, may_start),
	FLAG(struct exercise_state, is_own),
	{.name = "begins_ms", FIELD_ROW(FIELD_TIME, struct exercise_state, begins_ms, ANY), .max = FIELD_TIME_MAX_MS,
		FIELD_FLAG(struct exercise_state, may_join)},
	ROW_LIST("scenarios", ANY, struct exercise_state, scenarios, scenario_count, &scenario_entry),
	ROW_LIST("runs", ANY, struct exercise_state, runs, run_count, &run_entry),
};
const struct field exercise_state_root = ROW_OBJECT("exercise", ANY, struct exercise_state, 0, state_fields);

static const struct field request_fields[] = {
	ROW_FORM("document", request_name),
	ROW_VERSION(1),
	ROW_NAME(struct exercise_request, ask, ANY, ask_names),
	{.name = "scenario", FIELD_ROW(FIELD_TEXT, struct exercise_request, scenario, ANY), .min = 1,
		FIELD_FLAG(struct exercise_request, has_scenario)},
	{.name = "passkey", FIELD_ROW(FIELD_HEX, struct exercise_request, passkey, ANY),
		FIELD_FLAG(struct exercise_request, has_passkey)},
};
static const struct field request_root = ROW_OBJECT("request", ANY, struct exercise_request, 0, request_fields);

static const struct field reply_fields[] = {
	ROW_FORM("document", reply_name),
	ROW_VERSION(1),
	ROW_NAME(struct exercise_reply, answer, ANY, answer_names),
	ROW_TEXT("why", struct exercise_reply, why, ANY, 0),
};
static const struct field reply_root = ROW_OBJECT("reply", ANY, struct exercise_reply, 0, reply_fields);

static int request_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct exercise_request *request = document;
	if (request->has_scenario != (request->ask == EXERCISE_ASK_START))
		return document_refuse(complaint, "scenario: is for start, and start needs it");
	if (request->has_passkey != (request->ask == EXERCISE_ASK_JOIN))
		return document_refuse(complaint, "passkey: is for join, and join needs it");
	return OK;
}

const struct document_kind exercise_run_kind = {.root = &run_root, .most_bytes = EXERCISE_RUN_BYTES_MAX};
const struct document_kind exercise_state_kind = {.root = &exercise_state_root, .most_bytes = EXERCISE_STATE_BYTES_MAX};
const struct document_kind exercise_request_kind = {
	.root = &request_root, .most_bytes = EXERCISE_REQUEST_BYTES_MAX, .check = request_check};
const struct document_kind exercise_reply_kind = {.root = &reply_root, .most_bytes = EXERCISE_REQUEST_BYTES_MAX};
