/* One worker reads while this process judges; a mail that kills it is told as unread, and the next gets a fresh one. */
#include "mail/session.h"

#include <string.h>

#include "core/limits.h"

static void read_in_worker(const void *context, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char ret_sender[static MAIL_ADDRESS_BYTES])
{
	(void)ret_sender; /* a scan keeps nobody's address */
	engine_read(context, mail, length_bytes, envelope, ret_facts, NULL);
}

int session_open(const struct command *command, struct session *ret_session, char ret_why[static WHY_BYTES])
{
	struct engine_settings settings;
	config_settings(&command->config, &settings);
	settings.alerts_per_day = 0; /* files come in any order, and a verdict on them does not depend on it */
	struct session session = {.engine = NULL};
	int err = engine_new(&settings, &session.engine, ret_why);
	if (err != OK)
		return err;
	struct worker_settings workers = {.read = read_in_worker, .context = session.engine, .user = command->config.user, .workers = 1,
		.deadline_ms = command->config.deadline_ms, .memory_bytes = command->config.worker_memory_bytes, .mails = 0};
#if defined(__SANITIZE_ADDRESS__)
	workers.memory_bytes = 0;
#endif
	err = worker_pool_new(&workers, &session.pool, ret_why);
	if (err != OK) {
		engine_free(session.engine);
		return err;
	}
	*ret_session = session;
	return OK;
}

void session_close(struct session *session)
{
	worker_pool_free(session->pool);
	engine_free(session->engine);
}

void session_read(struct session *session, const char *mail, size_t length_bytes, struct mail_facts *ret_facts)
{
	struct mail_envelope nothing = {.sender = NULL};
	int err = worker_read(session->pool, mail, length_bytes, &nothing, ret_facts, NULL);
	if (err != OK)
		*ret_facts = (struct mail_facts){.unread = worker_failure_unread(err)};
	session->failed += err != OK;
	for (size_t i = 0; i < MAIL_UNREAD_COUNT; i++)
		session->unread[i] += ret_facts->unread >> i & 1;
}
