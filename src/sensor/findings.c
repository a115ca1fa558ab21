/* Live findings into their files. */
#include "sensor/findings.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"

#define DRAIN_MS 2000 /* so long the end waits for a slow reader of findings */

int findings_init(struct findings *findings, const struct config *config, const char **ret_why)
{
	*findings = (struct findings){0};
	memcpy(findings->policy.allowed, config->outgoing_classes, sizeof(findings->policy.allowed));
	random_bytes(findings->policy.key, sizeof(findings->policy.key));
	int err = OK;
	*ret_why = config->findings_file;
	if (config->findings_file[0] != '\0')
		err = line_file_open(config->findings_file, &findings->own);
	if (err == OK && config->outgoing_file[0] != '\0') {
		*ret_why = config->outgoing_file;
		err = line_file_open(config->outgoing_file, &findings->outgoing);
	}
	return err;
}

void findings_done(struct findings *findings)
{
	line_file_free(findings->own);
	line_file_free(findings->outgoing);
	*findings = (struct findings){0};
}

static void document_put(struct findings *findings, struct line_file *file, const struct finding *finding)
{
	char *text = NULL;
	if (finding_write(finding, &text) != OK) {
		findings->unwritten++;
		return;
	}
	line_file_put(file, text);
	free(text);
}

void findings_tell(void *arg, const struct finding *finding)
{
	struct findings *findings = arg;
	if (finding->sequence == 0 && (unsigned)finding->kind < FINDING_KIND_COUNT)
		findings->by_kind[finding->kind]++;
	if (findings->own != NULL)
		document_put(findings, findings->own, finding);
	if (findings->outgoing != NULL) {
		struct finding copy = *finding;
		struct finding_erased erased = finding_restrict(&copy, &findings->policy);
		findings->sources_erased += erased.sources;
		findings->targets_erased += erased.has_target;
		document_put(findings, findings->outgoing, &copy);
	}
}

void findings_flush(struct findings *findings)
{
	if (findings->own != NULL)
		line_file_flush(findings->own);
	if (findings->outgoing != NULL)
		line_file_flush(findings->outgoing);
}

void findings_drain(struct findings *findings)
{
	if (findings->own != NULL)
		line_file_drain(findings->own, DRAIN_MS);
	if (findings->outgoing != NULL)
		line_file_drain(findings->outgoing, DRAIN_MS);
}

int findings_reopen(struct findings *findings)
{
	int err = findings->own != NULL ? line_file_reopen(findings->own) : OK;
	int outgoing_err = findings->outgoing != NULL ? line_file_reopen(findings->outgoing) : OK;
	return err != OK ? err : outgoing_err;
}
