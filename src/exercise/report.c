/* Everything here is read from the course and the clients' counts; nothing is judged twice. */
#include "exercise/report.h"

#include <jansson.h>

#include "core/clock.h"
#include "exercise/labels.h"
#include "exercise/watch.h"
#include "record/text.h"

#define SERVED_BAR_PERMILLE 990 /* of requests while all attacks are met by a rule */
#define STOPPED_BAR_PERMILLE 900 /* of an attack while a rule was in force, its changes of vector among that time */

struct clients_sum report_defended(const struct conductor *conductor, enum conductor_side side)
{
	struct clients_sum sum = {0};
	size_t seconds = (size_t)(conductor->scenario.duration_ms / 1000);
	for (size_t second = 0; second < seconds; second++) {
		if (!course_is_defended(&conductor->course, second))
			continue;
		struct clients_sum one = clients_sum(conductor->stages[side].counts, second, second + 1, CLIENTS_SERVICES_MAX);
		sum.asked += one.asked;
		sum.served += one.served;
		sum.late += one.late;
		sum.failed += one.failed;
	}
	return sum;
}

static struct clients_sum all_sum(const struct conductor *conductor, enum conductor_side side)
{
	return clients_sum(conductor->stages[side].counts, 0, CLIENTS_SECONDS_MAX, CLIENTS_SERVICES_MAX);
}

static void time_show(FILE *out, int64_t from_ns, int64_t at_ns)
{
	if (at_ns == 0 || from_ns == 0)
		fprintf(out, " %8s", "-");
	else
		fprintf(out, " %7.2fs", (double)(at_ns - from_ns) / (double)NS_PER_S);
}

static void permille_show(FILE *out, int permille)
{
	if (permille < 0)
		fprintf(out, " %7s", "-");
	else
		fprintf(out, " %6.1f%%", permille / 10.0);
}

static void attack_show(const struct conductor *conductor, size_t index)
{
	const struct course_attack *attack = &conductor->course.attacks[index];
	const struct score_attack *score = &conductor->course.score.attacks[index];
	const struct scenario_attack *plan = &conductor->scenario.attacks[index];
	FILE *out = conductor->out;
	int64_t force_ns = attack->applied_ns != 0 ? attack->applied_ns : attack->force_ns;
	fprintf(out, "  %-16.16s %-9s", plan->name, scenario_decision_names[plan->decision]);
	time_show(out, score->first_ns, score->found_ns);
	time_show(out, score->first_ns, attack->ordered_ns);
	time_show(out, score->first_ns, force_ns);
	time_show(out, score->first_ns, attack->well_ns);
	time_show(out, score->last_ns, attack->gone_ns);
	permille_show(out, attack->ordered_ns != 0 ? attack->predicted.stopped_permille : -1);
	permille_show(out, course_leak_permille(attack) >= 0 ? 1000 - course_leak_permille(attack) : -1);
	permille_show(out, course_collateral_permille(attack));
	fputc('\n', out);
}

static void side_show(const struct conductor *conductor, enum conductor_side side, const char *name)
{
	struct clients_sum all = all_sum(conductor, side), defended = report_defended(conductor, side);
	fprintf(conductor->out, "  %-15s %llu of %llu requests served, %llu late, %llu failed", name, (unsigned long long)all.served,
		(unsigned long long)all.asked, (unsigned long long)all.late, (unsigned long long)all.failed);
	if (defended.asked > 0)
		fprintf(conductor->out, "; %.2f %% of %llu %s", (double)defended.served * 100.0 / (double)defended.asked,
			(unsigned long long)defended.asked, side == CONDUCTOR_WITH ? "while a rule was in force" : "in the same seconds");
	fputc('\n', conductor->out);
}

static void note(struct conductor *conductor, bool is_right, const char *what, const char *why)
{
	conductor->tally.passed += is_right;
	conductor->tally.failed += !is_right;
	fprintf(conductor->out, "  %s %s%s%s\n", is_right ? "ok  " : "MISS", what, why[0] != '\0' ? ": " : "", why);
}

enum verdict { VERDICT_SKIPPED = 0, VERDICT_RIGHT, VERDICT_WRONG };

/* How an attack was dealt with; why: what was wrong, or worth a word. */
static enum verdict attack_judge(const struct conductor *conductor, size_t index, char why[static 80])
{
	const char *complaint = course_complaint(&conductor->course, index);
	int leak = course_leak_permille(&conductor->course.attacks[index]);
	(void)snprintf(why, 80, "%s", complaint);
	if (conductor->course.score.attacks[index].first_ns == 0)
		return VERDICT_SKIPPED;
	if (complaint[0] != '\0')
		return VERDICT_WRONG;
	if (course_is_unanswered(&conductor->course, index)) {
		(void)snprintf(why, 80, "nobody answered at the page, and so nothing was done");
		return VERDICT_SKIPPED;
	}
	if (leak > 1000 - STOPPED_BAR_PERMILLE) {
		(void)snprintf(why, 80, "%.1f %% of the attack still came through", leak / 10.0);
		return VERDICT_WRONG;
	}
	if (!score_is_named(&conductor->course.score.attacks[index]))
		(void)snprintf(why, 80, "dealt with, though not all of its vectors were named");
	return VERDICT_RIGHT;
}

static void attacks_judge(struct conductor *conductor)
{
	char why[80];
	for (size_t i = 0; i < conductor->scenario.attack_count; i++) {
		const char *name = conductor->scenario.attacks[i].name;
		enum verdict verdict = attack_judge(conductor, i, why);
		conductor->tally.skipped += verdict == VERDICT_SKIPPED;
		if (verdict != VERDICT_SKIPPED)
			note(conductor, verdict == VERDICT_RIGHT, name, why);
		else if (conductor->course.score.attacks[i].first_ns != 0)
			fprintf(conductor->out, "  --   %s: %s\n", name, why);
	}
}

static void mail_judge(struct conductor *conductor, bool is_cut)
{
	const struct mailbox_result *mail = &conductor->mail;
	char what[96];
	if (conductor->mailbox == NULL)
		return;
	if (is_cut) {
		conductor->tally.skipped++;
		return;
	}
	const char *absence = mailbox_absence(conductor->mailbox);
	if (absence != NULL && !mailbox_is_broken(conductor->mailbox)) {
		fprintf(conductor->out, "  --   the mailbox: %s\n", absence);
		conductor->tally.skipped++;
		return;
	}
	if (absence != NULL) {
		note(conductor, false, "the mailbox", absence);
		return;
	}
	(void)snprintf(what, sizeof(what), "no mail is lost: %zu sent, %zu accepted, %zu delivered", mail->mails, mail->accepted,
		mail->delivered);
	note(conductor, mail->accepted == mail->mails && mail->delivered == mail->mails, what, "");
	(void)snprintf(what, sizeof(what), "%zu of %zu mails aimed at the member tagged", mail->aimed_tagged, mail->aimed);
	note(conductor, mail->aimed_tagged == mail->aimed, what, "");
	(void)snprintf(what, sizeof(what), "%zu of %zu ordinary mails tagged", mail->others_tagged, mail->mails - mail->aimed);
	note(conductor, mail->others_tagged == 0 && mail->unmarked == 0, what, mail->unmarked > 0 ? "some were not read" : "");
}

bool report_show(struct conductor *conductor, bool is_proven, bool is_cut)
{
	struct clients_sum defended = report_defended(conductor, CONDUCTOR_WITH);
	FILE *out = conductor->out;
	fprintf(out, "\n  %-16s %-9s %8s %8s %8s %8s %8s %7s %7s %7s\n", "attack", "decision", "found", "ordered", "in force", "well",
		"gone", "foretold", "stopped", "cost");
	for (size_t i = 0; i < conductor->scenario.attack_count; i++)
		attack_show(conductor, i);
	fprintf(out, "  Times from the first packet, \"gone\" from the last one; \"cost\" is the share of the clients' packets that "
				 "was lost.\n");
	side_show(conductor, CONDUCTOR_WITH, "with Hinomi");
	if (conductor->side_count > 1)
		side_show(conductor, CONDUCTOR_WITHOUT, "without");
	fputc('\n', out);
	attacks_judge(conductor);
	if (defended.asked > 0)
		note(conductor, defended.served * 1000 >= defended.asked * SERVED_BAR_PERMILLE,
			"99 % of requests served once rules are in force", "");
	else
		conductor->tally.skipped++;
	mail_judge(conductor, is_cut);
	note(conductor, is_proven, "the ledger holds all of it, and verifies", "");
	if (conductor->troubles > 0 || is_cut)
		note(conductor, false, "the exercise itself", is_cut ? "ended before its time" : "see its troubles above");
	fprintf(out, "%u passed, %u failed, %u skipped\n", conductor->tally.passed, conductor->tally.failed, conductor->tally.skipped);
	(void)fflush(out);
	return conductor->tally.failed == 0;
}

static struct exercise_measure time_of(const struct conductor *conductor, int64_t at_ns)
{
	int64_t since_ms = (at_ns - conductor->start_wall_ns) / NS_PER_MS;
	return (struct exercise_measure){.is_known = at_ns != 0, .value = at_ns != 0 && since_ms > 0 ? (uint64_t)since_ms : 0};
}

static struct exercise_measure permille_of(int permille)
{
	return (struct exercise_measure){.is_known = permille >= 0, .value = permille >= 0 ? (uint64_t)permille : 0};
}

static void attack_fill(const struct conductor *conductor, size_t index, struct exercise_attack *ret_attack)
{
	const struct course_attack *attack = &conductor->course.attacks[index];
	const struct score_attack *score = &conductor->course.score.attacks[index];
	const struct scenario_attack *plan = &conductor->scenario.attacks[index];
	char vector[LABELS_VECTOR_BYTES], why[80];
	enum verdict verdict = attack_judge(conductor, index, why);
	*ret_attack = (struct exercise_attack){.is_judged = verdict != VERDICT_SKIPPED, .first_ms = time_of(conductor, score->first_ns),
		.last_ms = time_of(conductor, score->last_ns), .found_ms = time_of(conductor, score->found_ns),
		.ordered_ms = time_of(conductor, attack->ordered_ns), .applied_ms = time_of(conductor, attack->applied_ns),
		.well_ms = time_of(conductor, attack->well_ns), .gone_ms = time_of(conductor, attack->gone_ns),
		.leak_permille = permille_of(course_leak_permille(attack)),
		.collateral_permille = permille_of(course_collateral_permille(attack))};
	(void)text_plain_copy(plan->name, ret_attack->name, sizeof(ret_attack->name));
	(void)text_plain_copy(scenario_decision_names[plan->decision], ret_attack->decision, sizeof(ret_attack->decision));
	(void)text_plain_copy(verdict != VERDICT_RIGHT ? why : "", ret_attack->complaint, sizeof(ret_attack->complaint));
	for (size_t i = 0; i < plan->stream_count && i < EXERCISE_VECTORS_MAX; i++)
		(void)text_plain_copy(labels_vector(&plan->streams[i], vector), ret_attack->vectors[ret_attack->vector_count++].name,
			sizeof(ret_attack->vectors[0].name));
}

static void mail_fill(const struct conductor *conductor, struct exercise_mail *ret_mail)
{
	const struct mailbox_result *mail = &conductor->mail;
	const char *absence = mailbox_absence(conductor->mailbox);
	*ret_mail = (struct exercise_mail){.mails = mail->mails, .accepted = mail->accepted, .delivered = mail->delivered,
		.unmarked = mail->unmarked, .aimed = mail->aimed, .aimed_tagged = mail->aimed_tagged, .others_tagged = mail->others_tagged};
	(void)text_plain_copy(absence != NULL ? absence : "", ret_mail->absence, sizeof(ret_mail->absence));
}

void report_fill(const struct conductor *conductor, bool is_proven, struct exercise_score *ret_score)
{
	struct clients_sum all = all_sum(conductor, CONDUCTOR_WITH), defended = report_defended(conductor, CONDUCTOR_WITH);
	*ret_score = (struct exercise_score){.attack_packets = conductor->attack_sent, .troubles = conductor->troubles,
		.passed = conductor->tally.passed, .failed = conductor->tally.failed, .skipped = conductor->tally.skipped,
		.is_ledger_verified = is_proven, .with = watch_sum(&all), .with_defended = watch_sum(&defended),
		.has_without = conductor->side_count > 1};
	for (size_t i = 0; i < conductor->scenario.attack_count && i < EXERCISE_ATTACKS_MAX; i++)
		attack_fill(conductor, i, &ret_score->attacks[ret_score->attack_count++]);
	ret_score->has_mail = conductor->mailbox != NULL;
	if (ret_score->has_mail)
		mail_fill(conductor, &ret_score->mail);
	if (!ret_score->has_without)
		return;
	all = all_sum(conductor, CONDUCTOR_WITHOUT);
	defended = report_defended(conductor, CONDUCTOR_WITHOUT);
	ret_score->without = watch_sum(&all);
	ret_score->without_defended = watch_sum(&defended);
}

static json_t *time_json(const struct conductor *conductor, int64_t at_ns)
{
	return at_ns != 0 ? json_integer((at_ns - conductor->start_wall_ns) / NS_PER_MS) : json_null();
}

static json_t *permille_json(int permille)
{
	return permille >= 0 ? json_integer(permille) : json_null();
}

static json_t *attack_json(const struct conductor *conductor, size_t index)
{
	const struct course_attack *attack = &conductor->course.attacks[index];
	const struct score_attack *score = &conductor->course.score.attacks[index];
	const struct scenario_attack *plan = &conductor->scenario.attacks[index];
	char vector[LABELS_VECTOR_BYTES];
	int leak = course_leak_permille(attack);
	json_t *vectors = json_array();
	for (size_t i = 0; i < plan->stream_count; i++)
		json_array_append_new(vectors, json_string(labels_vector(&plan->streams[i], vector)));
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:o}", "name", plan->name,
		"decision", scenario_decision_names[plan->decision], "complaint", course_complaint(&conductor->course, index), "packets",
		(json_int_t)score->packets, "vectors", vectors, "first_ms", time_json(conductor, score->first_ns), "last_ms",
		time_json(conductor, score->last_ns), "found_ms", time_json(conductor, score->found_ns), "ordered_ms",
		time_json(conductor, attack->ordered_ns), "applied_ms", time_json(conductor, attack->applied_ns), "well_ms",
		time_json(conductor, attack->well_ns), "ended_ms", time_json(conductor, attack->ended_ns), "gone_ms",
		time_json(conductor, attack->gone_ns), "predicted_stopped_permille", attack->predicted.stopped_permille,
		"predicted_collateral_permille", attack->predicted.collateral_permille, "leak_permille", permille_json(leak),
		"collateral_permille", permille_json(course_collateral_permille(attack)));
}

static json_t *sum_json(const struct clients_sum *sum)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "asked", (json_int_t)sum->asked, "served", (json_int_t)sum->served, "late",
		(json_int_t)sum->late, "failed", (json_int_t)sum->failed);
}

static json_t *side_json(const struct conductor *conductor, enum conductor_side side)
{
	struct clients_sum all = all_sum(conductor, side), defended = report_defended(conductor, side);
	json_t *seconds = json_array();
	for (size_t i = 0; i * 1000 < conductor->scenario.duration_ms; i++) {
		struct clients_sum one = clients_sum(conductor->stages[side].counts, i, i + 1, CLIENTS_SERVICES_MAX);
		json_array_append_new(seconds, sum_json(&one));
	}
	return json_pack("{s:o, s:o, s:o}", "all", sum_json(&all), "defended", sum_json(&defended), "seconds", seconds);
}

/* NULL: no mail was played. */
static json_t *mail_json(const struct conductor *conductor)
{
	const struct mailbox_result *mail = &conductor->mail;
	if (conductor->mailbox == NULL || mailbox_absence(conductor->mailbox) != NULL)
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "mails", (json_int_t)mail->mails, "accepted",
		(json_int_t)mail->accepted, "delivered", (json_int_t)mail->delivered, "unmarked", (json_int_t)mail->unmarked, "aimed",
		(json_int_t)mail->aimed, "aimed_tagged", (json_int_t)mail->aimed_tagged, "others_tagged",
		(json_int_t)mail->others_tagged);
}

int report_write(const struct conductor *conductor, bool is_proven)
{
	json_t *attacks = json_array();
	for (size_t i = 0; i < conductor->scenario.attack_count; i++)
		json_array_append_new(attacks, attack_json(conductor, i));
	json_t *root = json_pack("{s:i, s:s, s:I, s:I, s:b, s:I, s:o, s:o}", "version", 1, "scenario", conductor->scenario.name,
		"seed", (json_int_t)conductor->scenario.seed, "attack_packets", (json_int_t)conductor->attack_sent, "ledger_verified",
		(int)is_proven, "troubles", (json_int_t)conductor->troubles, "attacks", attacks, "with",
		side_json(conductor, CONDUCTOR_WITH));
	if (root == NULL)
		return E_NOMEM;
	if (conductor->side_count > 1)
		json_object_set_new(root, "without", side_json(conductor, CONDUCTOR_WITHOUT));
	json_t *mail = mail_json(conductor);
	if (mail != NULL)
		json_object_set_new(root, "mail", mail);
	int failed = json_dumpf(root, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(root);
	putchar('\n');
	return failed == 0 ? OK : E_SYS;
}
