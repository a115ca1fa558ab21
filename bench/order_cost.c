/*
 * How much CPU time an effector takes to judge an order: bundles as they come
 * over the socket, from the JSON line to the verdict. Prints a line for each
 * kind of order; bench/order runs it.
 *
 * The keys are those of tests, the work is the same: an order's note, its
 * approvals, the proof with log and witness signatures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/order_example.h"
#include "record/order_verify.h"

#define ROUNDS_MAX 100000

static struct order_world world;
static struct order_judgement judgement;
static int64_t times_ns[ROUNDS_MAX];

static int time_compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/** Judges a bundle so many times; ends the program if it is not accepted. */
static void measure(const char *name, const struct bundle *bundle, size_t rounds, struct order_memory *memory)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	const struct order_situation situation = {.effector = "edge-1", .now_wall_ms = EXAMPLE_NOW_MS + 1000,
		.memory = memory};
	int err = bundle_write(bundle, &line, complaint);
	ASSERT(err == OK);
	size_t line_bytes = strlen(line);
	for (size_t i = 0; i < rounds; i++) {
		struct bundle read;
		int64_t start_ns = clock_cpu_ns();
		err = bundle_parse(line, line_bytes, &read, complaint);
		enum order_verdict verdict = err == OK ? order_verify(&world.policy, &read, &situation, &judgement) : ORDER_UNJUDGED;
		times_ns[i] = clock_cpu_ns() - start_ns;
		bundle_done(&read);
		if (verdict != ORDER_ACCEPTED) {
			fprintf(stderr, "%s: %s (%s)\n", name, order_verdict_words(verdict), judgement.detail);
			exit(EXIT_FAILURE);
		}
	}
	qsort(times_ns, rounds, sizeof(times_ns[0]), time_compare);
	printf("%s_us=%lld %s_p99_us=%lld %s_bytes=%zu\n", name, (long long)(times_ns[rounds / 2] / 1000), name,
		(long long)(times_ns[rounds * 99 / 100] / 1000), name, line_bytes);
	free(line);
}

static void say(struct bundle *bundle, enum order_party who, const char *role)
{
	order_world_approve(bundle, order_world_say(&world, APPROVAL_APPROVAL, bundle->order, who, role));
}

int main(int argc, char **argv)
{
	static struct order order;
	static struct order_memory memory;
	struct standing_order standing;
	struct bundle bundle;
	size_t rounds = argc == 2 && strcmp(argv[1], "--full") == 0 ? ROUNDS_MAX : ROUNDS_MAX / 20;
	order_world_init(&world);

	order_example(&order);
	order_world_bundle(&world, &order, &bundle);
	say(&bundle, PARTY_JIRO, "duty");
	say(&bundle, PARTY_KYOKO, "commission");
	measure("approved", &bundle, rounds, NULL);
	free(bundle.approvals[--bundle.approval_count]);
	order_world_approve(&bundle, order_world_touch(&world, APPROVAL_APPROVAL, bundle.order, "https://tower.example", 5));
	measure("passkey", &bundle, rounds, NULL);
	bundle_done(&bundle);

	order_example(&order);
	standing_order_example(&standing);
	order_world_bundle(&world, &order, &bundle);
	order_world_rest(&world, &standing, &order, &bundle);
	measure("standing_first", &bundle, rounds, NULL);
	measure("standing", &bundle, rounds, &memory);
	bundle_done(&bundle);

	order_example(&order);
	for (order.rules.count = 1; order.rules.count < 8; order.rules.count++) {
		struct rule *rule = &order.rules.rules[order.rules.count];
		*rule = order.rules.rules[0];
		for (rule->source_count = 0; rule->source_count < RULE_SOURCES_MAX; rule->source_count++)
			rule->sources[rule->source_count] =
				(struct ip_prefix){ip_from_v4(0xc6336400u + (uint32_t)rule->source_count * 2), 128};
	}
	order_world_bundle(&world, &order, &bundle);
	say(&bundle, PARTY_JIRO, "duty");
	say(&bundle, PARTY_KYOKO, "commission");
	measure("widest", &bundle, rounds, NULL);
	bundle_done(&bundle);
	order_world_done(&world);
	return EXIT_SUCCESS;
}
