/*
 * Incidents as rows and in words: the table of their fields, and the lines of
 * their history as people read them, in English and in Japanese. A line is
 * kept as an event with its subject and two numbers, so that it can be said
 * in either language; subjects were plain text when they were read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tower/incident.h"
#include "tower/mail_words.h"

const char *const incident_matter_names[INCIDENT_MATTER_COUNT] = {
	[INCIDENT_UNKNOWN] = "unknown",
	[INCIDENT_ATTACK] = "attack",
	[INCIDENT_OUTBOUND] = "outbound",
	[INCIDENT_SCAN] = "scan",
	[INCIDENT_BACKSCATTER] = "backscatter",
	[INCIDENT_CROWD] = "crowd",
	[INCIDENT_MAIL] = "mail",
};
const char *const incident_kind_names[INCIDENT_KIND_COUNT] = {"unknown", "flood", "carpet_bombing", "outbound_attack", "scan",
	"backscatter", "flash_crowd", "mail", "impersonation", "hijacked_account", "payload", "phishing"};
const char *const incident_state_names[INCIDENT_STATE_COUNT] = {
	[INCIDENT_NO_STATE] = "unknown", [INCIDENT_OPEN] = "open", [INCIDENT_ENDED] = "ended"};

#define OWNER struct incident_vector
#define COUNT(member, class) ROW_UINT(OWNER, member, class, 0, FIELD_NUMBER_MAX)
#define SMALL(member, class) ROW_UINT(OWNER, member, class, 0, UINT32_MAX)
static const struct field vector_fields[] = {
	ROW_TEXT("name", OWNER, name, PRIVACY_SECTOR, 1),
	COUNT(packets, PRIVACY_SECTOR),
	COUNT(bytes, PRIVACY_SECTOR),
	ROW_TIME("first_ms", OWNER, first_ms, PRIVACY_SECTOR),
	ROW_TIME("last_ms", OWNER, last_ms, PRIVACY_SECTOR),
	ROW_UINT(OWNER, packets_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(OWNER, bytes_permille, PRIVACY_SECTOR, 0, 1000),
};
static const struct field vector_entry = ROW_OBJECT("", PRIVACY_SECTOR, OWNER, 0, vector_fields);
#undef OWNER
#define OWNER struct incident
static const struct field incident_fields[] = {
	COUNT(number, PRIVACY_PUBLIC),
	ROW_TEXT("member", OWNER, member, PRIVACY_MEMBER, 0),
	ROW_UINT(OWNER, sector, PRIVACY_SECTOR, 0, 15),
	ROW_NAME(OWNER, matter, PRIVACY_SECTOR, incident_matter_names),
	ROW_NAME(OWNER, state, PRIVACY_SECTOR, incident_state_names),
	{.name = "kinds", FIELD_ROW(FIELD_FLAGS, OWNER, kinds, PRIVACY_SECTOR), .max = INCIDENT_KIND_COUNT,
		.names = incident_kind_names},
	{.name = "shapes", FIELD_ROW(FIELD_FLAGS, OWNER, shapes, PRIVACY_SECTOR), .max = SHAPE_COUNT, .names = finding_shape_names},
	{.name = "target", FIELD_ROW(FIELD_PREFIX, OWNER, target, PRIVACY_MEMBER)},
	ROW_TIME("opened_ms", OWNER, opened_ms, PRIVACY_SECTOR),
	ROW_TIME("told_ms", OWNER, told_ms, PRIVACY_SECTOR),
	ROW_TIME("last_ms", OWNER, last_ms, PRIVACY_SECTOR),
	ROW_TIME("ended_ms", OWNER, ended_ms, PRIVACY_SECTOR),
	ROW_TIME("heard_ms", OWNER, heard_ms, PRIVACY_SECTOR),
	SMALL(finding_count, PRIVACY_SECTOR),
	SMALL(open_count, PRIVACY_SECTOR),
	COUNT(document_count, PRIVACY_SECTOR),
	COUNT(packets, PRIVACY_SECTOR),
	COUNT(bytes, PRIVACY_SECTOR),
	COUNT(peak_pps, PRIVACY_SECTOR),
	COUNT(peak_bps, PRIVACY_SECTOR),
	ROW_TIME("peak_ms", OWNER, peak_ms, PRIVACY_SECTOR),
	SMALL(source_count, PRIVACY_SECTOR),
	ROW_UINT(OWNER, confidence, PRIVACY_SECTOR, 0, 100),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 0),
	ROW_TEXT("sensor", OWNER, sensor, PRIVACY_MEMBER, 0),
	ROW_LIST("vectors", PRIVACY_SECTOR, OWNER, vectors, vector_count, &vector_entry),
	SMALL(first_day, PRIVACY_PUBLIC),
	SMALL(last_day, PRIVACY_PUBLIC),
	SMALL(line_count, PRIVACY_PUBLIC),
	COUNT(told_peak_pps, PRIVACY_PUBLIC),
};
const struct field incident_document = ROW_OBJECT("incident", PRIVACY_PUBLIC, OWNER, 0, incident_fields);

enum incident_matter incident_matter_of(enum finding_kind kind)
{
	static const enum incident_matter matters[FINDING_KIND_COUNT] = {
		[FINDING_FLOOD] = INCIDENT_ATTACK,
		[FINDING_CARPET_BOMBING] = INCIDENT_ATTACK,
		[FINDING_OUTBOUND_ATTACK] = INCIDENT_OUTBOUND,
		[FINDING_SCAN] = INCIDENT_SCAN,
		[FINDING_BACKSCATTER] = INCIDENT_BACKSCATTER,
		[FINDING_FLASH_CROWD] = INCIDENT_CROWD,
	};
	return (unsigned)kind < FINDING_KIND_COUNT ? matters[kind] : INCIDENT_UNKNOWN;
}

/** What a row of words takes behind its subject. */
enum words_form {
	WORDS_ALONE = 0, /* nothing */
	WORDS_SUBJECT,
	WORDS_SUBJECT_VALUE,
	WORDS_SUBJECT_SHARE, /* value as permille */
	WORDS_VALUES, /* value and other */
	WORDS_VALUE_SHARE, /* value, other as permille */
	WORDS_SUBJECT_SHARES, /* both as permille */
	WORDS_RULE, /* the subject is a rule of the mail process, which has words of its own */
};

struct words {
	const char *name;
	enum words_form form;
	const char *texts[2]; /* by language; %s the subject, %1 the value, %2 the other, each with a decimal where it is a share */
};

static const struct words rows[INCIDENT_EVENT_COUNT] = {
	[INCIDENT_NOTHING] = {"nothing", WORDS_ALONE, {"", ""}},
	[INCIDENT_OPENED] = {"opened", WORDS_SUBJECT_VALUE, {"%s began, %1 packets/s", "%sが始まった（毎秒%1パケット）"}},
	[INCIDENT_JOINED] = {"joined", WORDS_SUBJECT_VALUE,
		{"another finding, %s; now %1 findings", "別の検知%sが加わり、計%1件になった"}},
	[INCIDENT_VECTOR] = {"vector", WORDS_SUBJECT_SHARE,
		{"vector %s appeared, %1 % of the packets", "手口%sが現れた（パケットの%1 %）"}},
	[INCIDENT_SHAPE] = {"shape", WORDS_SUBJECT, {"its shape is now also %s", "形に%sが加わった"}},
	[INCIDENT_PEAK] = {"peak", WORDS_VALUES, {"new peak: %1 packets/s, %2 bits/s", "最大値を更新：毎秒%1パケット、毎秒%2ビット"}},
	[INCIDENT_WIDENED] = {"widened", WORDS_SUBJECT, {"the target is now %s", "対象が%sに広がった"}},
	[INCIDENT_FINDING_ENDED] = {"finding_ended", WORDS_SUBJECT_VALUE,
		{"a finding, %s, is over; %1 still open", "検知%sが終わった（継続中%1件）"}},
	[INCIDENT_REOPENED] = {"reopened", WORDS_SUBJECT,
		{"%s goes on; the incident is open again", "%sが続いており、再び継続中とした"}},
	[INCIDENT_OVER] = {"over", WORDS_VALUES, {"all clear: %1 packets in %2 seconds", "終息：%2秒間に%1パケット"}},
	[INCIDENT_PROPOSED] = {"proposed", WORDS_SUBJECT_SHARES,
		{"%s proposes a countermeasure: stops %1 % of the attack, costs %2 % of legitimate traffic",
			"%sが対処を提案：攻撃の%1 %を止め、正規通信の%2 %を失う見込み"}},
	[INCIDENT_ORDERED] = {"ordered", WORDS_SUBJECT_VALUE, {"an order for %s, for %1 seconds", "%sへの命令（%1秒間）"}},
	[INCIDENT_APPROVED] = {"approved", WORDS_SUBJECT, {"%s approved", "%sが承認した"}},
	[INCIDENT_REFUSED] = {"refused", WORDS_SUBJECT, {"%s refused", "%sが却下した"}},
	[INCIDENT_RATIFIED] = {"ratified", WORDS_SUBJECT, {"%s ratified", "%sが追認した"}},
	[INCIDENT_WITHDRAWN] = {"withdrawn", WORDS_SUBJECT, {"%s withdrew the order", "%sが命令を取り消した"}},
	[INCIDENT_APPLIED] = {"applied", WORDS_SUBJECT, {"%s carries the order out", "%sが命令を実施した"}},
	[INCIDENT_NOT_APPLIED] = {"not_applied", WORDS_SUBJECT, {"%s did not carry the order out", "%sは命令を実施しなかった"}},
	[INCIDENT_MEASURED] = {"measured", WORDS_VALUE_SHARE,
		{"%1 packets stopped so far, %2 % of legitimate traffic lost", "これまでに%1パケットを止め、正規通信の%2 %を失った"}},
	[INCIDENT_STOPPED] = {"stopped", WORDS_VALUE_SHARE,
		{"the measure ended: %1 packets stopped, %2 % of legitimate traffic lost",
			"対処が終わった：%1パケットを止め、正規通信の%2 %を失った"}},
	[INCIDENT_MAIL_TAGGED] = {"mail_tagged", WORDS_RULE, {"mail %1 was marked: %s", "%1通目のメールに警告を付けた：%s"}},
	[INCIDENT_MAIL_HELD] = {"mail_held", WORDS_RULE, {"mail %1 was held: %s", "%1通目のメールを保留した：%s"}},
	[INCIDENT_MAIL_SENDER] = {"mail_sender", WORDS_SUBJECT_VALUE,
		{"a new sender at %s (mail %1)", "新たな差出人（%s、%1通目）"}},
	[INCIDENT_MAIL_HOST] = {"mail_host", WORDS_SUBJECT_VALUE, {"links lead to %s (mail %1)", "リンク先：%s（%1通目）"}},
	[INCIDENT_MAIL_IDENTITY] = {"mail_identity", WORDS_SUBJECT_VALUE,
		{"poses as a known identity, pseudonym %s (mail %1)", "既知の相手へのなりすまし（仮名 %s、%1通目）"}},
	[INCIDENT_MAIL_OVER] = {"mail_over", WORDS_VALUES, {"no more of it: %1 mails in %2 seconds", "終息：%2秒間に%1通"}},
};

const char *incident_event_name(enum incident_event event)
{
	return rows[(unsigned)event < INCIDENT_EVENT_COUNT ? event : INCIDENT_NOTHING].name;
}

static void number_show(char *text, size_t room, uint64_t value, bool is_share)
{
	if (is_share)
		snprintf(text, room, "%" PRIu64 ".%" PRIu64, value / 10, value % 10);
	else
		snprintf(text, room, "%" PRIu64, value);
}

const char *incident_words(const struct incident_line *line, enum incident_language language,
	char ret_words[static INCIDENT_WORDS_BYTES])
{
	const struct words *row = &rows[(unsigned)line->event < INCIDENT_EVENT_COUNT ? line->event : INCIDENT_NOTHING];
	bool is_first_share = row->form == WORDS_SUBJECT_SHARE || row->form == WORDS_SUBJECT_SHARES;
	bool is_second_share = row->form == WORDS_VALUE_SHARE || row->form == WORDS_SUBJECT_SHARES;
	const char *subject = row->form == WORDS_RULE ? mail_rule_words(line->subject, language) : line->subject;
	char first[24], second[24];
	number_show(first, sizeof(first), line->value, is_first_share);
	number_show(second, sizeof(second), line->other, is_second_share);
	size_t used = 0;
	for (const char *at = row->texts[language == INCIDENT_JAPANESE]; *at != '\0' && used + 1 < INCIDENT_WORDS_BYTES; at++) {
		const char *part = at[0] != '%' ? NULL : at[1] == 's' ? subject : at[1] == '1' ? first : at[1] == '2' ? second : NULL;
		if (part == NULL) {
			ret_words[used++] = *at;
			continue;
		}
		size_t length = strlen(part), room = INCIDENT_WORDS_BYTES - 1 - used;
		length = length < room ? length : room;
		memcpy(ret_words + used, part, length);
		used += length;
		at++;
	}
	ret_words[used] = '\0';
	return ret_words;
}
