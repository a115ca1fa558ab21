/* Any bytes as HTML: never a crash, and facts that pass their own check. */
#include <stddef.h>
#include <stdint.h>

#include "mail/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes)
{
	static struct mail_facts facts;
	struct link_reader links = {.facts = &facts, .addressees = {"taro@kikan.jp"}};
	facts = (struct mail_facts){.level = MAIL_L4_HTML};
	html_read((const char *)data, length_bytes, &links, true);
	link_scan(&links, (const char *)data, length_bytes, LINK_TEXT);
	ASSERT(mail_facts_check(&facts) == OK);
	return 0;
}
