/*
 * What a mail brings, by its shape. Encryption alone is ordinary business in
 * Japan: it counts with a sender who never wrote before. What hides that it
 * runs counts whoever sends it.
 */
#include "mail/judge_rule.h"

static bool hidden_program(const struct judge_scene *scene)
{
	const uint32_t starts = PAYLOAD_RUNS | PAYLOAD_IS_SHORTCUT;
	return (scene->payload & starts) != 0 && ((scene->facts->payload.inside & starts) != 0 ||
		(scene->payload & (PAYLOAD_DOUBLE_EXTENSION | PAYLOAD_HIDES_NAME | PAYLOAD_LIES_NAME)) != 0);
}

static bool double_extension(const struct judge_scene *scene)
{
	return (scene->payload & (PAYLOAD_DOUBLE_EXTENSION | PAYLOAD_HIDES_NAME)) != 0;
}

static bool smuggling(const struct judge_scene *scene)
{
	return (scene->payload & (PAYLOAD_HTML_SMUGGLES | PAYLOAD_SIDELOADS)) != 0;
}

static bool svg_script(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_HTML_SCRIPT) != 0 && (scene->types >> PAYLOAD_SVG & 1) != 0 &&
		(scene->types >> PAYLOAD_HTML & 1) == 0 && !scene->is_acquainted;
}

/** A link to a number that ends as a program or archive does: no organisation hands out files so. */
static const struct mail_host *program_at_number(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_IP, 0);
	return host != NULL && (host->link_traits & LINK_ARCHIVE) != 0 && !scene->is_acquainted ? host : NULL;
}

static bool page_password(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_HTML_PASSWORD) != 0;
}

static bool program(const struct judge_scene *scene)
{
	return (scene->facts->payload.traits & (PAYLOAD_RUNS | PAYLOAD_IS_SHORTCUT)) != 0 && !scene->is_acquainted;
}

static bool disk_image(const struct judge_scene *scene)
{
	return (scene->payload & (PAYLOAD_IS_IMAGE | PAYLOAD_IS_HELP)) != 0;
}

static bool remote_template(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_HAS_REMOTE) != 0;
}

static bool macro_from_stranger(const struct judge_scene *scene)
{
	return (scene->payload & (PAYLOAD_HAS_MACRO | PAYLOAD_IS_ONENOTE)) != 0 && !scene->is_acquainted;
}

static bool macro_for_the_first_time(const struct judge_scene *scene)
{
	return (scene->payload & (PAYLOAD_HAS_MACRO | PAYLOAD_IS_ONENOTE)) != 0 && scene->is_acquainted &&
		scene->facts->relation.payload_count == 0;
}

static bool encrypted_from_stranger(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_ENCRYPTED) != 0 && scene->is_first_contact && (scene->is_freemail || !scene->is_vouched);
}

static bool password_beside(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_ENCRYPTED) != 0 && scene->facts->password_count > 0 && !scene->is_acquainted;
}

static bool calendar_from_stranger(const struct judge_scene *scene)
{
	return (scene->payload & PAYLOAD_CALENDAR_LINK) != 0 && scene->is_stranger && scene->leads_elsewhere;
}

static const struct mail_host *qr_code(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, 0, LINK_QR);
	return (scene->payload & PAYLOAD_QR_LINK) != 0 && scene->is_stranger && host != NULL ? host : NULL;
}

static const struct judge_rule rules[] = {
	{"hidden_program", MAIL_PAYLOAD, 95, hidden_program, NULL,
		"something that runs hides in an archive, or behind a name that says otherwise"},
	{"smuggling", MAIL_PAYLOAD, 93, smuggling, NULL,
		"an attached page makes a file of itself, or a program has a library of its own beside it"},
	{"double_extension", MAIL_PAYLOAD, 90, double_extension, NULL, "an attachment's name hides how it ends"},
	{"remote_template", MAIL_PAYLOAD, 82, remote_template, NULL, "a document loads a part of itself from elsewhere"},
	{"svg_script", MAIL_PAYLOAD, 80, svg_script, NULL, "an attached picture (SVG) runs a script, by a sender whom we do not know"},
	{"program_at_number", MAIL_PAYLOAD, 76, NULL, program_at_number,
		"a link leads to an archive or program at the number %s and not at a name, by a sender whom we do not know"},
	{"page_password", MAIL_PHISHING, 82, page_password, NULL, "an attached page asks for a password"},
	{"program", MAIL_PAYLOAD, 80, program, NULL, "a program, script or shortcut is attached, by a sender whom we do not know"},
	{"disk_image", MAIL_PAYLOAD, 80, disk_image, NULL,
		"a disk image or help file is attached: what is inside loses the mark of the web"},
	{"macro_from_stranger", MAIL_PAYLOAD, 76, macro_from_stranger, NULL,
		"a document with macros, or a OneNote section, by a sender whom we do not know"},
	{"encrypted_from_stranger", MAIL_PAYLOAD, 70, encrypted_from_stranger, NULL,
		"an archive or document that takes a password, by a sender who never wrote before"},
	{"password_beside", MAIL_PAYLOAD, 78, password_beside, NULL,
		"words of a password stand beside an archive or document that takes one, by a sender whom we do not know"},
	{"macro_for_the_first_time", MAIL_HIJACKED, 52, macro_for_the_first_time, NULL,
		"a document with macros, or a OneNote section, by a sender who never sent a file before"},
	{"calendar_from_stranger", MAIL_PHISHING, 64, calendar_from_stranger, NULL,
		"an invitation whose links lead elsewhere, by a sender whom we do not know"},
	{"qr_code", MAIL_PHISHING, 64, NULL, qr_code, "a picture holds a link (%s) as a QR code, by a sender whom we do not know"},
};

const struct judge_rules judge_payload_rules = {rules, ARRAY_LEN(rules)};
