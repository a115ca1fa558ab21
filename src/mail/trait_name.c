/* Tables of names; a bit without a name, or a name without a bit, does not compile. */
#include "mail/trait_name.h"

static const char *const host_trait_words[] = {
	"freemail", "cloud_storage", "free_hosting", "shortener", "redirector", "ip", "punycode", "mixed_script", "lookalike",
	"gov_label", "random", "brand_label", "cheap_tld", "protected", "known", "deep",
};
const struct trait_names host_trait_names = {host_trait_words, ARRAY_LEN(host_trait_words)};
_Static_assert(1u << (ARRAY_LEN(host_trait_words) - 1) == (unsigned)HOST_DEEP, "a name for each bit");

static const char *const link_trait_words[] = {
	"text", "anchor", "form", "image", "qr", "userinfo", "port", "archive", "shows_other", "addressee", "nested",
	"picture", "file",
};
const struct trait_names link_trait_names = {link_trait_words, ARRAY_LEN(link_trait_words)};
_Static_assert(1u << (ARRAY_LEN(link_trait_words) - 1) == (unsigned)LINK_FILE, "a name for each bit");

static const char *const text_trait_words[] = {
	"mixed_script", "styled_letters", "invisible", "direction", "address", "own_address", "brand", "recipient",
	"role", "token", "spaced",
};
const struct trait_names text_trait_names = {text_trait_words, ARRAY_LEN(text_trait_words)};
_Static_assert(1u << (ARRAY_LEN(text_trait_words) - 1) == (unsigned)TEXT_SPACED, "a name for each bit");

static const char *const sender_trait_words[] = {
	"many_from", "no_from", "reply_to_other", "reply_to_freemail", "to_self", "own_domain", "local_random",
	"name_unlike_address", "no_name", "local_brand", "local_role", "recipients_hidden", "bad_domain", "name_host",
};
const struct trait_names sender_trait_names = {sender_trait_words, ARRAY_LEN(sender_trait_words)};
_Static_assert(1u << (ARRAY_LEN(sender_trait_words) - 1) == (unsigned)SENDER_NAME_HOST, "a name for each bit");

static const char *const html_trait_words[] = {
	"form", "password_field", "script", "refresh", "data_link", "image_only", "one_target", "base", "split_words",
	"hidden_link", "empty_links",
};
const struct trait_names html_trait_names = {html_trait_words, ARRAY_LEN(html_trait_words)};
_Static_assert(1u << (ARRAY_LEN(html_trait_words) - 1) == (unsigned)HTML_EMPTY_LINKS, "a name for each bit");

static const char *const mail_unread_words[] = {
	"bytes", "depth", "parts", "headers", "html", "links", "time", "payload", "no_mail", "worker",
};
const struct trait_names mail_unread_names = {mail_unread_words, ARRAY_LEN(mail_unread_words)};
_Static_assert(1u << (ARRAY_LEN(mail_unread_words) - 1) == (unsigned)UNREAD_WORKER, "a name for each bit");
