/* Any bytes as a mail: never a crash, and facts that pass their own check. GMime and what reads attachments are under it too. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mail/judge.h"
#include "mail/read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes);

/* As much as a worker has (worker_memory): parsers of others that ask for more are told no, and what they read is unread. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes)
{
	static const struct mail_reader reader = {.level = MAIL_L4_HTML, .trust = {.authserv_id = "mx.kikan.jp", .headers = 1}};
	static const struct mail_envelope envelope = {.sender = "a@b.jp"};
	static struct mail_facts facts;
	static char sender[MAIL_ADDRESS_BYTES];
	static bool is_ready;
	struct mail_verdict verdict;
	if (!is_ready)
		mail_read_init();
	is_ready = true;
	mail_read(&reader, data, length_bytes, &envelope, &facts, sender);
	ASSERT(mail_facts_check(&facts) == OK);
	ASSERT(memchr(sender, '\0', sizeof(sender)) != NULL && (sender[0] == '\0') == (facts.sender.address == 0));
	judge_mail(&(struct judge_settings){.tag_percent = 60, .quarantine_percent = 90}, &facts, &verdict);
	return 0;
}
