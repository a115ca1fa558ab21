/*
 * A line of a second is written when its last request has had its time. Line
 * counters are read where a rule comes into force and where its attack ends:
 * what came through in between is its leak.
 */
#include "exercise/conductor.h"

#include <stdarg.h>
#include <string.h>

#include "core/clock.h"
#include "exercise/people.h"
#include "exercise/report.h"
#include "exercise/telling.h"
#include "exercise/watch.h"

/* After a second began: its last request has had its time, and the clients a moment to look. */
#define SECOND_COMPLETE_NS (NS_PER_S + (CLIENTS_DEADLINE_MS + 100) * NS_PER_MS)
#define COUNT_AFTER_NS (50 * NS_PER_MS) /* what was sent last has arrived by then */
#define WITHDRAW_AFTER_NS (2 * NS_PER_S)
#define BAR_CELLS 16
#define DEFAULT_THRESHOLD_PPS 1000

int64_t conductor_now_ns(const struct conductor *conductor)
{
	return clock_mono_ns() - conductor->start_mono_ns;
}

static int64_t wall_ns(const struct conductor *conductor)
{
	return conductor->start_wall_ns + conductor_now_ns(conductor);
}

__attribute__((format(printf, 4, 5))) static void tell(struct conductor *conductor, int64_t at_wall_ns, const char *who,
	const char *format, ...)
{
	va_list args;
	fprintf(conductor->out, "%7.2f s  %-16.16s ", (double)(at_wall_ns - conductor->start_wall_ns) / (double)NS_PER_S, who);
	va_start(args, format);
	vfprintf(conductor->out, format, args);
	va_end(args);
	fputc('\n', conductor->out);
	(void)fflush(conductor->out);
}

/* The same for whoever looks on. */
static void note(struct conductor *conductor, int64_t at_wall_ns, enum exercise_news news, const char *attack, const char *detail)
{
	watch_note(telling_run(conductor), at_wall_ns - conductor->start_wall_ns, news, attack, detail);
}

static int stages_open(struct conductor *conductor, char why[static 160])
{
	static const char *const labels[CONDUCTOR_SIDES] = {"w", "n"};
	for (size_t i = 0; i < conductor->side_count; i++) {
		int error = stage_open(&conductor->scenario, labels[i], why, &conductor->stages[i]);
		if (error != OK)
			return error;
	}
	return OK;
}

static int begin(struct conductor *conductor, char why[static 160])
{
	conductor->start_mono_ns = clock_mono_ns();
	conductor->start_wall_ns = conductor->course.start_wall_ns = clock_wall_ns();
	telling_begin(conductor);
	for (size_t i = 0; i < conductor->side_count; i++) {
		if (stage_begin(&conductor->stages[i], conductor->start_mono_ns) != OK) {
			(void)snprintf(why, 160, "the clients' process cannot be started");
			return E_SYS;
		}
	}
	return conductor->mailbox != NULL ? mailbox_begin(conductor->mailbox, conductor->start_mono_ns) : OK;
}

/* A member that gets mail, at the hosts that Hinomi defends. */
static int mail_open(struct conductor *conductor)
{
	const struct place *place = conductor->stages[CONDUCTOR_WITH].place;
	const struct mailbox_config config = {.outside_fd = place_outside_fd(place), .hosts_fd = place_hosts_fd(place),
		.is_v4 = conductor->scenario.is_v4, .seed = conductor->scenario.seed, .duration_ms = conductor->scenario.duration_ms,
		.directory = conductor->directory};
	return mailbox_open(&config, &conductor->mailbox);
}

static void mail_announce(const struct conductor *conductor)
{
	size_t count;
	const char *absence = mailbox_absence(conductor->mailbox);
	(void)mailbox_day(&count);
	if (absence != NULL)
		fprintf(conductor->out, "No mailbox in this exercise: %s\n", absence);
	else
		fprintf(conductor->out, "A day of %zu mails comes to Postfix at the member meanwhile; hinomi-mail looks at each\n", count);
}

int conductor_open(struct conductor *conductor, const struct options *options, const char *directory, char why[static 160])
{
	const struct scenario *scenario = &conductor->scenario;
	conductor->scenario.clients = SESSION_MIX_NONE; /* those here are real */
	conductor->directory = directory;
	conductor->side_count = options->is_alone ? 1 : CONDUCTOR_SIDES;
	uint64_t threshold_pps = options_threshold_pps(options, scenario, DEFAULT_THRESHOLD_PPS);
	course_init(&conductor->course, scenario, threshold_pps);
	(void)snprintf(why, 160, "no memory");
	int error = traffic_new(scenario, &conductor->traffic);
	if (error == OK)
		error = stages_open(conductor, why);
	if (error == OK && options->has_mailbox)
		error = mail_open(conductor);
	if (error != OK)
		return error;
	const struct place *place = conductor->stages[CONDUCTOR_WITH].place;
	struct defence_config config = {.scenario = scenario, .net_fd = place_edge_fd(place), .interface = place_interface(place),
		.effector = options->effector, .threshold_pps = threshold_pps, .ratify_ms = scenario->ratify_ms,
		.tower = conductor->tower, .guest = conductor->guest, .directory = directory};
	if (conductor->tower != NULL && conductor->mailbox != NULL)
		conductor->tower->mail_findings = mailbox_findings(conductor->mailbox);
	error = defence_open(&config, why, &conductor->defence);
	if (error != OK)
		return error;
	fprintf(conductor->out, "Exercise %s: %s\n%zu clients ask %zu services once a second; the line to them takes %llu packets/s\n",
		scenario->name, scenario->about, conductor->stages[0].plan.client_count, conductor->stages[0].plan.service_count,
		(unsigned long long)scenario->line_pps);
	if (conductor->mailbox != NULL)
		mail_announce(conductor);
	telling_address(conductor);
	return begin(conductor, why);
}

static void packet_send(struct conductor *conductor, const struct packet *packet)
{
	struct score *score = &conductor->course.score;
	size_t attack = score->stream_attack[packet->origin];
	int64_t now_ns = wall_ns(conductor);
	if (score->attacks[attack].first_ns == 0) {
		tell(conductor, now_ns, score->attacks[attack].plan->name, "first packet of the attack");
		note(conductor, now_ns, EXERCISE_FIRST_PACKET, score->attacks[attack].plan->name, "");
	}
	score_packet(score, packet, now_ns);
	conductor->attack_sent++;
	for (size_t i = 0; i < conductor->side_count; i++) {
		if (wire_send(place_wire(conductor->stages[i].place), packet) != OK)
			conductor->is_broken = true;
	}
}

void conductor_send(struct conductor *conductor, int64_t until_ns, unsigned packets_max)
{
	struct packet packet;
	for (unsigned i = 0; i < packets_max && traffic_due_ns(conductor->traffic) <= until_ns && !conductor->is_full; i++) {
		if (traffic_next(conductor->traffic, &packet) != OK)
			break;
		if (!packet.is_response && !packet.is_outbound) /* hosts answer by themselves */
			packet_send(conductor, &packet);
		conductor->is_full = conductor->attack_sent >= conductor->scenario.packets_max;
		if (conductor->is_full)
			tell(conductor, wall_ns(conductor), "exercise", "the attack ends here: %llu packets are what the scenario allows",
				(unsigned long long)conductor->attack_sent);
	}
	for (size_t i = 0; i < conductor->side_count; i++) {
		if (wire_flush(place_wire(conductor->stages[i].place)) != OK)
			conductor->is_broken = true;
	}
}

static const char *phase_words(enum finding_phase phase)
{
	if (phase == FINDING_BEGIN)
		return "found";
	return phase == FINDING_END ? "over" : "changes";
}

static void finding_note(struct conductor *conductor, const struct finding *finding, size_t attack, const char *vectors)
{
	static const enum exercise_news news[] = {[FINDING_BEGIN] = EXERCISE_FOUND, [FINDING_CHANGE] = EXERCISE_CHANGES,
		[FINDING_END] = EXERCISE_OVER};
	char target[IP_PREFIX_TEXT_BYTES], detail[EXERCISE_WORDS_BYTES];
	(void)snprintf(detail, sizeof(detail), "%s%s", ip_prefix_write(&finding->target, target), vectors);
	const char *name = attack != SCORE_NOBODY ? conductor->scenario.attacks[attack].name : "";
	note(conductor, wall_ns(conductor), news[finding->phase], name, detail);
}

static void finding_take(struct conductor *conductor, const struct finding *finding)
{
	char target[IP_PREFIX_TEXT_BYTES], vectors[96] = "";
	size_t used = 0, attack = course_finding(&conductor->course, finding, wall_ns(conductor));
	for (size_t i = 0; i < finding->vector_count && i < 4 && used < sizeof(vectors) - 1; i++) {
		int written = snprintf(vectors + used, sizeof(vectors) - used, " %s %u%%", finding->vectors[i].name,
			finding->vectors[i].packets_permille / 10u);
		used += written > 0 ? (size_t)written : 0;
	}
	tell(conductor, wall_ns(conductor), attack != SCORE_NOBODY ? conductor->scenario.attacks[attack].name : "?", "%s: %s of %s,%s",
		phase_words(finding->phase), finding_kind_name(finding->kind), ip_prefix_write(&finding->target, target), vectors);
	finding_note(conductor, finding, attack, vectors);
}

static void counts_begin(struct conductor *conductor, struct course_attack *attack)
{
	if (place_count(conductor->stages[CONDUCTOR_WITH].place, &attack->from_counts) == OK)
		attack->from_sent = conductor->attack_sent;
}

/* What people do about an order that waits for them. */
static void asked_answer(struct conductor *conductor, const char *order, enum scenario_decision decision, bool is_urgent)
{
	switch (decision) {
	case SCENARIO_APPROVED:
		defence_say(conductor->defence, "approve", order, PEOPLE_DUTY, "the service is in need");
		defence_say(conductor->defence, "approve", order, PEOPLE_COMMISSION, "narrow, short, and needed");
		return;
	case SCENARIO_REFUSED:
		defence_say(conductor->defence, "refuse", order, PEOPLE_COMMISSION, "no harm to the service is shown");
		return;
	case SCENARIO_RATIFIED:
	case SCENARIO_LAPSED: /* one who is on duty may begin what is urgent */
		defence_say(conductor->defence, "approve", order, PEOPLE_DUTY, "the service is in need, and it is urgent");
		return;
	case SCENARIO_PAGE: /* the guest is on duty */
		if (!is_urgent)
			defence_say(conductor->defence, "approve", order, PEOPLE_COMMISSION, "narrow, short, and needed");
		return;
	case SCENARIO_STANDING:
	case SCENARIO_DECISION_COUNT:
		return; /* nobody is there to answer, and the course will show it */
	}
}

static const char *terms_words(const struct defence_order *order)
{
	if (order->has_standing)
		return "under the standing order";
	return order->is_urgent ? "urgent, to be ratified" : "as approved";
}

static void force_take(struct conductor *conductor, const struct defence_order *order, size_t index)
{
	struct course_attack *attack = &conductor->course.attacks[index];
	int64_t at_ns = order->since_ms * NS_PER_MS, first_ns = conductor->course.score.attacks[index].first_ns;
	tell(conductor, at_ns, conductor->scenario.attacks[index].name,
		"order %.8s in force, %.2f s after the first packet: to stop %.1f %%, %s", order->id,
		(double)(at_ns - first_ns) / (double)NS_PER_S, order->predicted.stopped_permille / 10.0, terms_words(order));
	if (attack->from_sent == 0)
		counts_begin(conductor, attack);
}

static void order_take(struct conductor *conductor, const struct defence_order *order)
{
	size_t index = 0;
	bool is_new_urgent = false;
	enum course_step step = course_order(&conductor->course, order, &index);
	if (step == COURSE_NOTHING)
		return;
	const struct scenario_attack *plan = &conductor->scenario.attacks[index];
	int64_t at_ns = order->since_ms * NS_PER_MS;
	char id[9];
	(void)snprintf(id, sizeof(id), "%.8s", order->id);
	note(conductor, at_ns, watch_news_of(step), plan->name, id);
	switch (step) {
	case COURSE_ASKED:
	case COURSE_ORDERED:
		tell(conductor, at_ns, plan->name, "order %.8s %s: to stop %.1f %%, at a cost of %.1f %%", order->id,
			step == COURSE_ASKED ? "waits for approvals" : "is made", order->predicted.stopped_permille / 10.0,
			order->predicted.collateral_permille / 10.0);
		if (step == COURSE_ASKED)
			asked_answer(conductor, order->id, plan->decision, order->is_urgent);
		return;
	case COURSE_IN_FORCE:
		is_new_urgent = order->is_urgent &&
			(plan->decision == SCENARIO_RATIFIED || plan->decision == SCENARIO_PAGE);
		force_take(conductor, order, index);
		break;
	case COURSE_REFUSED:
		tell(conductor, at_ns, plan->name, "refused by the commission: nothing is done");
		break;
	case COURSE_RATIFIED:
		tell(conductor, at_ns, plan->name, "ratified: it may stay until it expires");
		break;
	case COURSE_LAPSED:
		tell(conductor, at_ns, plan->name, "not ratified in time: ends by itself");
		break;
	case COURSE_GONE:
		tell(conductor, at_ns, plan->name, "order %.8s has ended (%s)", order->id, order->state);
		break;
	case COURSE_NOTHING:
		break;
	}
	if (is_new_urgent)
		defence_say(conductor->defence, "ratify", order->id, PEOPLE_COMMISSION, "seen and agreed");
}

static void news_take(struct conductor *conductor)
{
	struct defence_event event;
	for (unsigned i = 0; i < 64 && defence_next(conductor->defence, &event); i++) {
		switch (event.news) {
		case DEFENCE_FINDING:
			finding_take(conductor, event.finding);
			break;
		case DEFENCE_ORDER:
			order_take(conductor, event.order);
			break;
		case DEFENCE_TROUBLE:
			tell(conductor, wall_ns(conductor), "trouble", "%s", event.text);
			note(conductor, wall_ns(conductor), EXERCISE_TROUBLE, "", event.text);
			conductor->troubles++;
			break;
		case DEFENCE_NO_NEWS:
			break;
		}
	}
}

static void mail_take(struct conductor *conductor)
{
	struct mailbox_event event;
	for (unsigned i = 0; i < 64 && conductor->mailbox != NULL && mailbox_next(conductor->mailbox, &event); i++) {
		tell(conductor, wall_ns(conductor), event.is_trouble ? "trouble" : "mailbox", "%s", event.text);
		conductor->troubles += event.is_trouble;
	}
}

/* The leak of a rule is counted until its attack ends, until it is gone, or until shortly before it lapses. */
static void counts_end(struct conductor *conductor)
{
	int64_t now_ns = conductor_now_ns(conductor), ratify_ns = (int64_t)conductor->scenario.ratify_ms * NS_PER_MS;
	for (size_t i = 0; i < conductor->scenario.attack_count; i++) {
		struct course_attack *attack = &conductor->course.attacks[i];
		const struct scenario_attack *plan = &conductor->scenario.attacks[i];
		bool is_over = now_ns > (int64_t)plan->end_ms * NS_PER_MS + COUNT_AFTER_NS;
		if (plan->decision == SCENARIO_LAPSED && attack->force_ns != 0)
			is_over = is_over || now_ns > attack->force_ns - conductor->start_wall_ns + ratify_ns / 2;
		if (attack->from_sent == 0 || attack->to_sent != 0 || (!is_over && attack->gone_ns == 0))
			continue;
		if (place_count(conductor->stages[CONDUCTOR_WITH].place, &attack->to_counts) == OK)
			attack->to_sent = conductor->attack_sent;
	}
}

/* What people let act, people end: nothing was stopped by it for a while, because its attack is over. */
static void people_withdraw(struct conductor *conductor)
{
	int64_t now_ns = conductor_now_ns(conductor);
	for (size_t i = 0; i < conductor->course.order_count; i++) {
		struct course_order *order = &conductor->course.orders[i];
		const struct scenario_attack *plan = &conductor->scenario.attacks[order->attack];
		bool is_peoples = plan->decision == SCENARIO_APPROVED || plan->decision == SCENARIO_RATIFIED ||
			plan->decision == SCENARIO_PAGE;
		if (!is_peoples || !order->is_in_force || order->is_withdrawn ||
			now_ns < (int64_t)plan->end_ms * NS_PER_MS + WITHDRAW_AFTER_NS)
			continue;
		order->is_withdrawn = true;
		defence_say(conductor->defence, "withdraw", order->id, PEOPLE_COMMISSION, "the attack is over");
	}
}

static void side_show(struct conductor *conductor, enum conductor_side side, const char *name)
{
	struct clients_sum sum =
		clients_sum(conductor->stages[side].counts, conductor->second, conductor->second + 1, CLIENTS_SERVICES_MAX);
	uint64_t cells = sum.asked > 0 ? sum.served * BAR_CELLS / sum.asked : 0;
	fprintf(conductor->out, "  %s ", name);
	for (uint64_t i = 0; i < BAR_CELLS; i++)
		fputs(i < cells ? "█" : "·", conductor->out);
	fprintf(conductor->out, " %2llu of %2llu served", (unsigned long long)sum.served, (unsigned long long)sum.asked);
}

/* Whose clients had to suffer, and in this second all got what they asked for. */
static void well_note(struct conductor *conductor)
{
	const struct stage *stage = &conductor->stages[CONDUCTOR_WITH];
	struct clients_sum sum = clients_sum(stage->counts, conductor->second, conductor->second + 1, CLIENTS_SERVICES_MAX);
	int64_t second_ns = conductor->start_wall_ns + (int64_t)conductor->second * NS_PER_S;
	for (size_t i = 0; i < conductor->scenario.attack_count; i++) {
		struct course_attack *attack = &conductor->course.attacks[i];
		if (attack->force_ns == 0 || attack->well_ns != 0 || second_ns + NS_PER_S < attack->force_ns || sum.served != sum.asked)
			continue;
		attack->well_ns = second_ns > attack->force_ns ? second_ns : attack->force_ns;
		tell(conductor, wall_ns(conductor), conductor->scenario.attacks[i].name, "clients are well since %.2f s",
			(double)(attack->well_ns - conductor->start_wall_ns) / (double)NS_PER_S);
		note(conductor, attack->well_ns, EXERCISE_WELL, conductor->scenario.attacks[i].name, "");
	}
}

static void seconds_show(struct conductor *conductor)
{
	while (conductor->second * 1000 < conductor->scenario.duration_ms &&
		conductor_now_ns(conductor) >= (int64_t)conductor->second * NS_PER_S + SECOND_COMPLETE_NS) {
		fprintf(conductor->out, "%4zu-%zu s  ", conductor->second, conductor->second + 1);
		side_show(conductor, CONDUCTOR_WITH, "with Hinomi");
		if (conductor->side_count > 1)
			side_show(conductor, CONDUCTOR_WITHOUT, " without");
		fputc('\n', conductor->out);
		(void)fflush(conductor->out);
		well_note(conductor);
		telling_second(conductor);
		conductor->second++;
	}
}

void conductor_look(struct conductor *conductor)
{
	bool is_over = conductor_now_ns(conductor) >= ((int64_t)conductor->scenario.duration_ms - CLIENTS_EVERY_MS) * NS_PER_MS;
	news_take(conductor);
	mail_take(conductor);
	counts_end(conductor);
	people_withdraw(conductor);
	seconds_show(conductor);
	telling_turn(conductor, 0);
	for (size_t i = 0; i < conductor->side_count; i++) {
		if (stage_is_whole(&conductor->stages[i], is_over))
			continue;
		if (!conductor->is_broken)
			tell(conductor, wall_ns(conductor), "trouble", "hosts or clients are gone");
		conductor->is_broken = true;
	}
}

bool conductor_is_over(const struct conductor *conductor)
{
	for (size_t i = 0; i < conductor->scenario.attack_count; i++) {
		if (conductor->course.attacks[i].in_force > 0)
			return false;
	}
	return conductor->second * 1000 >= conductor->scenario.duration_ms &&
		(conductor->mailbox == NULL || mailbox_is_over(conductor->mailbox));
}

static void receipt_take(void *context, const char *order, enum receipt_state state, int64_t at_ms)
{
	course_receipt(context, order, state, at_ms * NS_PER_MS);
}

int conductor_close(struct conductor *conductor, int signal_number)
{
	char line[DEFENCE_LINE_BYTES];
	conductor_look(conductor);
	if (conductor->mailbox != NULL)
		mailbox_end(conductor->mailbox, &conductor->mail);
	defence_stop(conductor->defence);
	bool is_proven = defence_ledger_verify(conductor->defence, line) &&
		defence_ledger_read(conductor->defence, receipt_take, &conductor->course) == OK;
	fprintf(conductor->out, "\nLedger %s: %s\n", is_proven ? "verified" : "NOT IN ORDER", line);
	if (signal_number != 0)
		fprintf(conductor->out, "Stopped by signal %d before its end\n", signal_number);
	bool is_right = report_show(conductor, is_proven, conductor->is_broken || signal_number != 0);
	const char *why = conductor->is_broken ? "its hosts or clients are gone" : NULL;
	telling_end(conductor, is_proven, signal_number != 0 ? "stopped before its end" : why);
	if (conductor->is_json && report_write(conductor, is_proven) != OK)
		is_right = false;
	return is_right ? 0 : 1;
}

void conductor_abort(struct conductor *conductor)
{
	defence_close(conductor->defence);
	mailbox_close(conductor->mailbox);
	for (size_t i = 0; i < conductor->side_count; i++)
		stage_close(&conductor->stages[i]);
	traffic_free(conductor->traffic);
	conductor->traffic = NULL;
	conductor->defence = NULL;
	conductor->mailbox = NULL;
	telling_close(conductor);
}
