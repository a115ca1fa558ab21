/* Mails as the interface shows them: the document, and of each reason what its rule says in the reader's language. */
#include "tower/mail_words.h"
#include "tower/show.h"

json_t *show_mail(const struct store_mail *mail, enum incident_language language)
{
	bool is_altered = false, is_whole = true;
	json_t *value = document_make(mail_finding_document.root, &mail->finding, &is_altered), *reason;
	size_t at;
	if (value == NULL || json_object_del(value, "document") != 0 || json_object_del(value, "version") != 0 ||
		json_object_set_new(value, "number", json_integer((json_int_t)mail->number)) != 0 ||
		json_object_set_new(value, "arrived_ms", json_integer(mail->arrived_ms)) != 0)
		is_whole = false;
	json_array_foreach(json_object_get(value, "reasons"), at, reason) {
		const char *words = mail_rule_words(mail->finding.reasons[at].rule, language);
		is_whole = json_object_set_new(reason, "words", json_string(words)) == 0 && is_whole;
	}
	if (is_whole)
		return value;
	json_decref(value);
	return NULL;
}
