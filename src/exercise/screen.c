/*
 * The page is written as a whole into a buffer of lines, each cleared to its
 * end, so that nothing flickers and nothing of the page before stays. Colours
 * are the terminal's own eight.
 */
#include "exercise/screen.h"

#include <stdarg.h>
#include <string.h>

#include "core/clock.h"
#include "exercise/labels.h"

#define BAR_CELLS 36
#define FINDINGS_SHOWN 3
#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define DIM "\x1b[2m"
#define BOLD "\x1b[1m"
#define PLAIN "\x1b[0m"
#define LINE_END PLAIN "\x1b[K\n"

void screen_init(struct screen *screen, FILE *out, bool is_page, const struct scenario *scenario)
{
	uint64_t most = 0;
	memset(screen, 0, sizeof(*screen));
	for (size_t i = 0; i < scenario->attack_count; i++) {
		if (scenario->attacks[i].permille > most)
			most = scenario->attacks[i].permille;
	}
	screen->out = out;
	screen->is_page = is_page;
	screen->full_pps = scenario->pps * most / 1000 * 5 / 4 + scenario->clients_pps * scenario->clients_permille / 1000 + 1;
	if (is_page)
		fputs("\x1b[?25l\x1b[2J", out);
}

void screen_done(struct screen *screen)
{
	if (screen->is_page)
		fputs("\x1b[?25h\n", screen->out);
	(void)fflush(screen->out);
}

void screen_event(struct screen *screen, int64_t now_ns, const char *format, ...)
{
	char text[SCREEN_LINE_BYTES];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	memmove(screen->events[0], screen->events[1], sizeof(screen->events) - sizeof(screen->events[0]));
	(void)snprintf(screen->events[SCREEN_EVENTS - 1], SCREEN_LINE_BYTES, "%7.2f s  %.110s",
		(double)(now_ns - screen->start_ns) / (double)NS_PER_S, text);
	if (screen->is_page)
		return;
	fprintf(screen->out, "%s\n", screen->events[SCREEN_EVENTS - 1]);
	(void)fflush(screen->out);
}

static void bar(const struct screen *screen, const char *name, const char *colour, uint64_t pps)
{
	char cells[BAR_CELLS + 1];
	uint64_t filled = pps * BAR_CELLS / screen->full_pps;
	filled = filled > BAR_CELLS ? BAR_CELLS : filled;
	memset(cells, ' ', BAR_CELLS);
	memset(cells, '#', filled);
	cells[BAR_CELLS] = '\0';
	fprintf(screen->out, "  %-8s%s[%s]" PLAIN " %8llu pps", name, colour, cells, (unsigned long long)pps);
}

static void attack_draw(const struct screen *screen, const struct score *score, const struct score_attack *attack)
{
	char target[IP_PREFIX_TEXT_BYTES];
	const struct scenario_attack *plan = attack->plan;
	(void)labels_target(score->scenario, plan, target);
	if (attack->first_ns == 0) {
		fprintf(screen->out, DIM "  %-17.17s %-19.19s not yet" LINE_END, plan->name, target);
		return;
	}
	if (attack->found_ns == 0) {
		fprintf(screen->out, YELLOW "  %-17.17s %-19.19s under way, not found yet" LINE_END, plan->name, target);
		return;
	}
	unsigned named = 0;
	for (size_t i = 0; i < plan->stream_count; i++)
		named += attack->is_named[i];
	fprintf(screen->out, "%s  %-17.17s %-19.19s found after %.2f s", score_is_right(attack) ? GREEN : YELLOW, plan->name,
		target, (double)(attack->found_ns - attack->first_ns) / (double)NS_PER_S);
	if (plan->kind != FINDING_SCAN && plan->kind != FINDING_BACKSCATTER)
		fprintf(screen->out, ", %u of %zu vectors", named, plan->stream_count);
	fputs(LINE_END, screen->out);
}

static void sources_draw(const struct screen *screen, const struct finding *finding)
{
	unsigned verdicts[SOURCE_VERDICT_COUNT] = {0};
	for (size_t i = 0; i < finding->listed_count; i++)
		verdicts[finding->sources[i].verdict]++;
	fprintf(screen->out, "    %u sources; listed:", finding->source_count);
	for (unsigned i = 0; i < SOURCE_VERDICT_COUNT; i++) {
		if (verdicts[i] > 0)
			fprintf(screen->out, " %u %s", verdicts[i], source_verdict_name((enum source_verdict)i));
	}
	fputs(LINE_END, screen->out);
}

static void finding_draw(const struct screen *screen, const struct finding *finding)
{
	char target[IP_PREFIX_TEXT_BYTES];
	fprintf(screen->out, "  %s%s" PLAIN " %s%s, %llu pps at its peak" LINE_END, finding->phase == FINDING_END ? DIM : RED BOLD,
		finding_kind_name(finding->kind), ip_prefix_write(&finding->target, target),
		finding->phase == FINDING_END ? " (over)" : "", (unsigned long long)finding->peak_pps);
	fputs("   ", screen->out);
	for (size_t i = 0; i < finding->vector_count && i < 3; i++)
		fprintf(screen->out, " %.22s %u%%", finding->vectors[i].name, finding->vectors[i].packets_permille / 10u);
	if (finding->vector_count > 3)
		fprintf(screen->out, " +%zu", finding->vector_count - 3);
	fputs(LINE_END, screen->out);
	sources_draw(screen, finding);
}

void screen_draw(struct screen *screen, const struct score *score, int64_t now_ns)
{
	if (!screen->is_page)
		return;
	fprintf(screen->out, "\x1b[H" BOLD "Hinomi exercise: %.40s" PLAIN "   %.1f of %llu s" LINE_END, score->scenario->name,
		(double)(now_ns - screen->start_ns) / (double)NS_PER_S, (unsigned long long)score->scenario->duration_ms / 1000);
	bar(screen, "attack", RED, screen->attack_pps);
	fputs(LINE_END, screen->out);
	bar(screen, "clients", GREEN, screen->client_pps);
	fprintf(screen->out, " %6llu Mbit/s" LINE_END, (unsigned long long)screen->bps / 1000000);
	fprintf(screen->out, DIM "  sensor: %llu of %llu packets seen, %llu lost, %llu MiB" LINE_END,
		(unsigned long long)screen->account.received, (unsigned long long)screen->sent,
		(unsigned long long)screen->account.dropped, (unsigned long long)screen->account.memory_bytes >> 20);
	fputs(BOLD "Played" LINE_END, screen->out);
	for (size_t i = 0; i < score->attack_count && i < 4; i++)
		attack_draw(screen, score, &score->attacks[i]);
	if (score->attack_count == 0)
		fputs(DIM "  no attack, only clients" LINE_END, screen->out);
	fputs(BOLD "Told by the sensor" LINE_END, screen->out);
	size_t first = score->open_count > FINDINGS_SHOWN ? score->open_count - FINDINGS_SHOWN : 0;
	for (size_t i = score->open_count; i > first; i--)
		finding_draw(screen, &score->open[i - 1]);
	fputs(BOLD "Events" LINE_END, screen->out);
	for (size_t i = 1; i < SCREEN_EVENTS; i++)
		fprintf(screen->out, "%.79s" LINE_END, screen->events[i]);
	fputs("\x1b[J", screen->out);
	(void)fflush(screen->out);
}
