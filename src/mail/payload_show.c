/*
 * Looks at one file as if it were an attachment and prints its facts as one line of JSON, for payload_test.py:
 * payload_show FILE NAME CONTENT-TYPE. Not installed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "mail/payload.h"

#define FILE_BYTES_MAX 67108864

static void link_print(void *context, enum payload_link_kind kind, const char *link, size_t length_bytes)
{
	(void)context;
	printf("\"link%d\": \"%.*s\", ", (int)kind, (int)length_bytes, link); /* links of our own tests */
}

static void bits_print(const char *name, uint64_t bits, const char *(*word)(unsigned bit))
{
	printf("\"%s\": [", name);
	const char *comma = "";
	for (unsigned bit = 0; bit < 64; bit++) {
		if ((bits >> bit & 1) != 0) {
			printf("%s\"%s\"", comma, word(bit));
			comma = ", ";
		}
	}
	printf("], ");
}

static const char *trait_word(unsigned bit)
{
	return payload_trait_words((enum payload_trait)(1u << bit));
}

static const char *unread_word(unsigned bit)
{
	return payload_unread_words((enum payload_unread)(1u << bit));
}

static const char *type_word(unsigned bit)
{
	return payload_type_name((enum payload_type)bit);
}

int main(int argc, char **argv)
{
	static char bytes[FILE_BYTES_MAX];
	FILE *file = argc == 4 ? fopen(argv[1], "re") : NULL;
	if (file == NULL)
		return EXIT_FAILURE;
	size_t length_bytes = fread(bytes, 1, FILE_BYTES_MAX, file);
	(void)fclose(file);
	struct payload_budget budget = payload_budget_init();
	struct payload_links links = {.take = link_print};
	struct payload_facts facts;
	int64_t began_ns = clock_cpu_ns();
	printf("{");
	payload_look(bytes, length_bytes, argv[2][0] != '\0' ? argv[2] : NULL, argv[3][0] != '\0' ? argv[3] : NULL, true, &links,
		&budget, &facts);
	bits_print("traits", facts.traits, trait_word);
	bits_print("inside", facts.inside, trait_word);
	bits_print("types_inside", facts.types_inside, type_word);
	bits_print("unread", facts.unread, unread_word);
	printf("\"type\": \"%s\", \"entries\": %u, \"depth\": %u, \"links\": %u, \"cpu_ms\": %lld}\n", payload_type_name(facts.type),
		facts.entries, facts.depth, facts.links, (long long)((clock_cpu_ns() - began_ns) / NS_PER_MS));
	return EXIT_SUCCESS;
}
