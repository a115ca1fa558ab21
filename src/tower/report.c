/* The forms, and how each value comes out of a case. A field that has no value here is for a person. */
#include "tower/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *const report_form_names[REPORT_FORM_COUNT + 1] = {"", "ddos_jp", "ransomware_jp", "generic", NULL};

typedef void value_writer(const struct report_case *of, FILE *out);

static void time_write(const struct report_case *of, int64_t time_ms, FILE *out)
{
	bool is_japanese = of->language == INCIDENT_JAPANESE;
	time_t time_s = (time_t)(time_ms / 1000 + (is_japanese ? 9 * 3600 : 0));
	struct tm parts;
	char text[32];
	gmtime_r(&time_s, &parts);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
	fprintf(out, "%s %s", text, is_japanese ? "JST" : "UTC");
}

static void member_title(const struct report_case *of, FILE *out)
{
	if (of->member != NULL)
		fputs(of->member->title, out);
}

static void member_sector(const struct report_case *of, FILE *out)
{
	uint8_t number = of->member != NULL ? of->member->sector : 0;
	if (number >= 1 && number <= SECTOR_COUNT)
		fputs(of->language == INCIDENT_JAPANESE ? sectors[number - 1].japanese : sectors[number - 1].english, out);
}

static void member_contact(const struct report_case *of, FILE *out)
{
	if (of->contact != NULL)
		fprintf(out, "%s (%s) %s", of->contact->name, of->contact->role, of->contact->reach);
}

static void kind_of_report(const struct report_case *of, FILE *out)
{
	static const char *const words[2][2] = {
		{"interim, the incident goes on", "final, the incident is over"}, {"速報・続報（継続中）", "確報（終息）"}};
	fputs(words[of->language == INCIDENT_JAPANESE][of->incident->state == INCIDENT_ENDED], out);
}

static void opened(const struct report_case *of, FILE *out)
{
	time_write(of, of->incident->opened_ms, out);
}

static void noticed(const struct report_case *of, FILE *out)
{
	time_write(of, of->incident->told_ms, out);
}

static void ended(const struct report_case *of, FILE *out)
{
	if (of->incident->state == INCIDENT_ENDED)
		time_write(of, of->incident->last_ms, out);
	else
		fputs(of->language == INCIDENT_JAPANESE ? "継続中" : "goes on", out);
}

static void duration(const struct report_case *of, FILE *out)
{
	fprintf(out, "%" PRId64 " %s", (of->incident->last_ms - of->incident->opened_ms) / 1000,
		of->language == INCIDENT_JAPANESE ? "秒" : "s");
}

/** Mails have no target in a network, no rate and no sources there: a person says what was meant. */
static bool is_of_mails(const struct report_case *of)
{
	return of->incident->matter == INCIDENT_MAIL;
}

static void target(const struct report_case *of, FILE *out)
{
	char text[IP_PREFIX_TEXT_BYTES];
	if (!is_of_mails(of))
		fputs(ip_prefix_write(&of->incident->target, text), out);
}

static void vectors(const struct report_case *of, FILE *out)
{
	const char *before = "";
	for (size_t i = INCIDENT_MAIL_KIND; is_of_mails(of) && i < INCIDENT_KIND_COUNT; i++) {
		if ((of->incident->kinds >> i & 1) != 0)
			fprintf(out, "%s%s", before, incident_kind_names[i]);
		before = ftell(out) > 0 ? ", " : "";
	}
	for (size_t i = 0; i < of->incident->vector_count; i++) {
		const struct incident_vector *vector = &of->incident->vectors[i];
		fprintf(out, "%s%s %u.%u %%", i > 0 ? ", " : "", vector->name, vector->packets_permille / 10u,
			vector->packets_permille % 10u);
	}
}

static void peak(const struct report_case *of, FILE *out)
{
	if (is_of_mails(of))
		fprintf(out, of->language == INCIDENT_JAPANESE ? "メール%" PRIu32 "通" : "%" PRIu32 " mails", of->incident->finding_count);
	else
		fprintf(out, "%.2f Gbps / %.3f Mpps", (double)of->incident->peak_bps / 1e9, (double)of->incident->peak_pps / 1e6);
}

static void sources(const struct report_case *of, FILE *out)
{
	if (is_of_mails(of))
		return;
	fprintf(out, of->language == INCIDENT_JAPANESE ? "約%" PRIu32 "アドレス" : "about %" PRIu32 " addresses",
		of->incident->source_count);
	for (size_t i = 0, shown = 0; i < of->origin_count && shown < 10; i++) {
		const struct finding_origin *origin = &of->origins[i];
		shown++;
		if (origin->asn != 0)
			fprintf(out, ", AS%" PRIu32 " %u.%u %%", origin->asn, origin->packets_permille / 10u, origin->packets_permille % 10u);
		else
			fprintf(out, ", %s %u.%u %%", origin->country[0] != '\0' ? origin->country : "?", origin->packets_permille / 10u,
				origin->packets_permille % 10u);
	}
}

static void measures(const struct report_case *of, FILE *out)
{
	if (is_of_mails(of))
		return;
	fprintf(out, of->language == INCIDENT_JAPANESE ? "命令%u件、遮断%" PRIu64 "パケット、正規通信の損失（推定）%u.%u %%"
		: "%u orders, %" PRIu64 " packets stopped, legitimate traffic lost (estimated) %u.%u %%", of->orders, of->stopped_packets,
		of->collateral_permille / 10, of->collateral_permille % 10);
}

static void reason(const struct report_case *of, FILE *out)
{
	fputs(of->incident->why, out);
}

static void consent(const struct report_case *of, FILE *out)
{
	static const char *const words[2][2] = {{"not given: for this recipient alone", "given"}, {"不可（提出先限り）", "可"}};
	fputs(words[of->language == INCIDENT_JAPANESE][of->has_consent], out);
}

struct row {
	const char *name, *label[2]; /* English, Japanese */
	value_writer *write; /* NULL: a person fills it in */
};

#define HEAD \
	{"organisation", {"Organisation", "組織名"}, member_title}, {"sector", {"Sector", "分野"}, member_sector}, \
		{"contact", {"Contact", "連絡先"}, member_contact}, {"report", {"Kind of report", "報告の種別"}, kind_of_report}

static const struct row ddos_jp[] = {
	HEAD,
	{"opened", {"Beginning", "発生日時"}, opened},
	{"noticed", {"Noticed", "認知日時"}, noticed},
	{"ended", {"End", "終息日時"}, ended},
	{"duration", {"Duration", "継続時間"}, duration},
	{"target", {"Target", "攻撃対象"}, target},
	{"service", {"Service that is affected", "影響を受けたサービス"}, NULL},
	{"vectors", {"Kinds of attack, share of packets", "攻撃の種類（パケット比）"}, vectors},
	{"peak", {"Highest rate", "最大通信量"}, peak},
	{"sources", {"Sources, by AS and country", "攻撃元（AS・国別）"}, sources},
	{"effect", {"Effect on users", "利用者への影響"}, NULL},
	{"maintenance", {"Deviation from the service-maintenance level", "重要インフラサービス維持レベルからの逸脱"}, NULL},
	{"measures", {"Measures taken", "対処の状況"}, measures},
	{"ransom", {"Demand or claim of responsibility", "脅迫・犯行声明の有無"}, NULL},
	{"police", {"Police consulted", "警察への相談"}, NULL},
	{"publication", {"Publication", "公表の状況"}, NULL},
	{"grounds", {"Grounds of the detection", "検知の根拠"}, reason},
	{"consent", {"Passing on to others", "他機関への共有"}, consent},
};

static const struct row ransomware_jp[] = {
	HEAD,
	{"opened", {"Beginning", "発生日時"}, NULL},
	{"noticed", {"Noticed", "認知日時"}, NULL},
	{"systems", {"Systems that are affected", "被害を受けたシステム"}, NULL},
	{"note", {"Ransom note", "脅迫文（ランサムノート）"}, NULL},
	{"extension", {"Extension of encrypted files", "暗号化後の拡張子"}, NULL},
	{"family", {"Kind of ransomware", "ランサムウェアの種類"}, NULL},
	{"intrusion", {"Way of intrusion", "侵入経路"}, NULL},
	{"indicators", {"Indicators", "インディケータ情報"}, NULL},
	{"leak", {"Leak of data", "情報漏えいの有無"}, NULL},
	{"backup", {"Backups", "バックアップの状況"}, NULL},
	{"maintenance", {"Deviation from the service-maintenance level", "重要インフラサービス維持レベルからの逸脱"}, NULL},
	{"traffic", {"Traffic seen at that time: grounds", "同時期に検知された通信の根拠"}, reason},
	{"police", {"Police consulted", "警察への相談"}, NULL},
	{"publication", {"Publication", "公表の状況"}, NULL},
	{"consent", {"Passing on to others", "他機関への共有"}, consent},
};

static const struct row generic[] = {
	HEAD,
	{"opened", {"Beginning", "発生日時"}, opened},
	{"noticed", {"Detected", "検知日時"}, noticed},
	{"ended", {"End", "終息日時"}, ended},
	{"target", {"What is affected", "対象"}, target},
	{"vectors", {"Kind of threat", "脅威の種類"}, vectors},
	{"peak", {"Severity: highest rate", "規模（最大通信量）"}, peak},
	{"impact", {"Impact on services and users", "サービス・利用者への影響"}, NULL},
	{"cross_border", {"Impact across borders", "国境を越える影響"}, NULL},
	{"unlawful", {"Suspected of unlawful or malicious acts", "不法・悪意ある行為の疑い"}, NULL},
	{"sources", {"Indicators: sources by AS and country", "攻撃元（AS・国別）"}, sources},
	{"measures", {"Measures applied and going on", "対処の状況"}, measures},
	{"root_cause", {"Root cause", "根本原因"}, NULL},
	{"grounds", {"Grounds of the detection", "検知の根拠"}, reason},
	{"consent", {"Passing on to others", "他機関への共有"}, consent},
};

static const struct {
	const char *title[2];
	const struct row *rows;
	size_t row_count;
} forms[REPORT_FORM_COUNT] = {
	[REPORT_DDOS_JP] = {{"DDoS attack: common form", "DDoS攻撃事案 共通様式による報告"}, ddos_jp, ARRAY_LEN(ddos_jp)},
	[REPORT_RANSOMWARE_JP] = {
		{"Ransomware: common form", "ランサムウェア事案 共通様式による報告"}, ransomware_jp, ARRAY_LEN(ransomware_jp)},
	[REPORT_GENERIC] = {{"Incident report", "インシデント報告"}, generic, ARRAY_LEN(generic)},
};

static json_t *field_make(const struct report_case *of, const struct row *row)
{
	char value[REPORT_VALUE_BYTES] = "";
	FILE *out = fmemopen(value, sizeof(value) - 1, "w"); /* what does not fit is cut */
	if (out == NULL)
		return NULL;
	if (row->write != NULL)
		row->write(of, out);
	fclose(out);
	value[sizeof(value) - 1] = '\0';
	json_t *text = json_string(value);
	if (text == NULL) { /* cut within a character */
		size_t length_bytes = strlen(value);
		while (text == NULL && length_bytes > 0)
			text = json_stringn(value, --length_bytes);
	}
	return json_pack("{s:s, s:s, s:o, s:b}", "name", row->name, "label", row->label[of->language == INCIDENT_JAPANESE], "value",
		text, "is_known", value[0] != '\0');
}

static json_t *clocks_make(const struct report_case *of)
{
	json_t *clocks = json_array();
	for (size_t i = 0; i < of->recipient_count; i++) {
		const struct report_recipient *recipient = &of->recipients[i];
		int64_t due_ms = of->incident->told_ms + (int64_t)recipient->within_ms;
		if (recipient->form == (int)of->form)
			json_array_append_new(clocks, json_pack("{s:s, s:s, s:I, s:b}", "recipient", recipient->name, "basis",
				recipient->basis, "due_ms", (json_int_t)due_ms, "is_over", of->now_ms > due_ms));
	}
	return clocks;
}

json_t *report_make(const struct report_case *of)
{
	json_t *fields = json_array();
	for (size_t i = 0; i < forms[of->form].row_count; i++)
		json_array_append_new(fields, field_make(of, &forms[of->form].rows[i]));
	unsigned language = of->language == INCIDENT_JAPANESE;
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:b, s:o, s:o}", "form", report_form_names[of->form], "lang",
		language == 1 ? "ja" : "en", "title", forms[of->form].title[language], "made_ms", (json_int_t)of->now_ms, "incident",
		json_sprintf("%" PRIu64, of->incident->number), "consent", of->has_consent, "fields", fields, "clocks", clocks_make(of));
}
