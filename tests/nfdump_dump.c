/*
 * Prints the flow records of one nfdump file, as tests/nfdump_agreement compares them: tab-separated
 *
 *     SRC DST SPORT DPORT PROTOCOL PACKETS BYTES FLAGS START_MS END_MS ICMP_TYPE ICMP_CODE
 *
 * and at the end "counts RECORDS UNUSABLE MALFORMED", and how reading ended.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "sensor/nfdump_file.h"

static void show(void *arg, const struct observation *batch, size_t count)
{
	(void)arg;
	for (size_t i = 0; i < count; i++) {
		const struct observation *obs = &batch[i];
		char src[IP_TEXT_BYTES], dst[IP_TEXT_BYTES];
		printf("%s\t%s\t%u\t%u\t%u\t%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRId64 "\t%" PRId64 "\t%u\t%u\n",
			ip_write(&obs->src, src), ip_write(&obs->dst, dst), obs->src_port, obs->dst_port, obs->protocol, obs->packets,
			obs->bytes, obs->tcp_flags, obs->start_ns / NS_PER_MS, obs->end_ns / NS_PER_MS, obs->icmp_type, obs->icmp_code);
	}
}

int main(int argc, char **argv)
{
	const size_t file_max_bytes = (size_t)64 << 20;
	uint8_t *bytes = malloc(file_max_bytes);
	FILE *file = argc == 2 ? fopen(argv[1], "rbe") : NULL;
	struct nfdump_reader *reader;
	struct nfdump_counts counts = {0};
	if (bytes == NULL || file == NULL)
		return 2;
	struct cursor cur = cursor_over(bytes, fread(bytes, 1, file_max_bytes, file));
	if (nfdump_reader_new(&cur, &reader) != OK)
		return 2;
	int err = nfdump_reader_take(reader, &cur, &counts, show, NULL);
	nfdump_reader_finish(reader, show, NULL);
	printf("counts\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", counts.records, counts.unusable, counts.malformed, err_name(err));
	nfdump_reader_free(reader);
	fclose(file);
	free(bytes);
	return 0;
}
