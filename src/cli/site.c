/*
 * The description of a site, and what is made out of it. Values are handed on
 * as they were written: what they mean is judged by the process that gets
 * them, which `hinomi up` asks before it starts anything.
 */
#include "cli/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const site_key_names[SITE_KEY_COUNT] = {"authority", "ledger", "edge"};

static const char *const place_names[] = {"watch", "xdp", "nft", NULL};

/** Whether a value can stand between quotes in another file. */
static bool is_plain(const char *value)
{
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < ' ' || *value == '"' || *value == '\\' || *value == 0x7f)
			return false;
	}
	return true;
}

static const char *set_plain(void *into, const struct conf_option *option, const char *value)
{
	return is_plain(value) ? conf_set_text(into, option, value) : "must have neither quotes nor control characters";
}

static const char *set_directory(void *into, const struct conf_option *option, const char *value)
{
	return value[0] == '/' ? set_plain(into, option, value) : "must be a path that begins with /";
}

static const char *set_values(void *into, const struct conf_option *option, const char *value)
{
	struct site_list *list = (struct site_list *)((char *)into + option->offset);
	if (value == NULL) {
		list->count = 0;
		return NULL;
	}
	if (!is_plain(value) || value[0] == '\0')
		return "must have neither quotes nor control characters";
	if (list->count == SITE_LIST_MAX)
		return "is one value too many";
	snprintf(list->values[list->count++], CONF_VALUE_BYTES, "%s", value);
	return NULL;
}

#define AT(type, member) .offset = offsetof(type, member)
#define TEXT(type, member, setter) {.name = #member, .set = (setter), AT(type, member), .max = sizeof(((type *)0)->member)}
#define LIST(type, word, member) {.name = (word), .set = set_values, AT(type, member), .is_list = true}

static const struct conf_option options[] = {
	{.name = "site", .set = set_plain, AT(struct site, name), .max = SITE_NAME_BYTES},
	TEXT(struct site, directory, set_directory),
	TEXT(struct site, basis, set_plain),
	TEXT(struct site, page, set_plain),
	{.name = "exercises", .set = conf_set_bool, AT(struct site, exercises)},
	LIST(struct site, "networks", networks),
	LIST(struct site, "interfaces", interfaces),
	LIST(struct site, "collectors", collectors),
	LIST(struct site, "protected", protected_space),
	LIST(struct site, "approvals", approvals),
	{.name = "place", .set = conf_set_choice, AT(struct site, place), .choices = place_names},
	{.name = "host_pps", .set = conf_set_units, AT(struct site, host_pps), .unit = UNIT_PPS, .min = 1},
	{.name = "host_bps", .set = conf_set_units, AT(struct site, host_bps), .unit = UNIT_BPS, .min = 1},
};
static const struct conf_option person_options[] = {
	TEXT(struct site_person, key, set_plain),
	TEXT(struct site_person, passkey, set_plain),
	TEXT(struct site_person, relying_party, set_plain),
	TEXT(struct site_person, origin, set_plain),
	LIST(struct site_person, "roles", roles),
	{.name = "may_request", .set = conf_set_bool, AT(struct site_person, may_request)},
};

static const char *open_person(void *root, const char *title, void **ret_into)
{
	struct site *site = root;
	if (strlen(title) >= SITE_NAME_BYTES || !is_plain(title))
		return "has a name that is too long, or with quotes or control characters";
	if (site->person_count == SITE_PEOPLE_MAX)
		return "is one person too many";
	struct site_person *person = &site->people[site->person_count++];
	snprintf(person->name, sizeof(person->name), "%s", title);
	*ret_into = person;
	return NULL;
}

static const struct conf_section sections[] = {
	{.name = "person", .is_titled = true, .open = open_person, .options = person_options,
		.option_count = ARRAY_LEN(person_options)},
};
static const struct conf_schema schema = {.options = options, .option_count = ARRAY_LEN(options), .sections = sections,
	.section_count = ARRAY_LEN(sections)};

/** What no single option shows; NULL or what is wrong. */
static const char *site_check(const struct site *site)
{
	if (site->name[0] == '\0')
		return "site: its name is missing";
	if (strcmp(site->name, "authority") == 0 || strcmp(site->name, site_key_names[SITE_KEY_EFFECTOR]) == 0)
		return "site: authority and edge are names of its processes, and its sensor is called as the site is; take another";
	if (site->networks.count == 0)
		return "networks: what is to be protected?";
	if (site->interfaces.count == 0 && site->collectors.count == 0)
		return "interfaces or collectors: where does traffic come in?";
	if (site->exercises && site->page[0] == '\0')
		return "exercises: are started on a page; page names where it listens";
	if (site->place == SITE_WATCH)
		return NULL;
	if (site->interfaces.count == 0)
		return "interfaces: where is it enforced?";
	if (site->basis[0] == '\0')
		return "basis: on what law, contract or decision do orders rest?";
	return site->person_count == 0 ? "person: nothing is enforced that nobody can approve; place = watch needs no people" : NULL;
}

int site_load(const char *path, struct site *ret_site, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	*ret_site = (struct site){.directory = "/var/lib/hinomi-site", .host_pps = 20000, .host_bps = 1000000000,
		.approvals = {2, {"duty", "commission"}}};
	int err = conf_load(&schema, path, ret_site, ret_complaint);
	const char *wrong = err == OK ? site_check(ret_site) : NULL;
	if (wrong == NULL)
		return err;
	snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "%.200s: %s", path, wrong);
	return E_CONFIG;
}

const char *site_path(const struct site *site, const char *name, char ret_path[static SITE_PATH_BYTES])
{
	snprintf(ret_path, SITE_PATH_BYTES, "%s/%s", site->directory, name);
	return ret_path;
}

int site_folders_make(const struct site *site)
{
	static const char *const names[] = {"", "keys", "etc", "run", "sets", "effect", "sensor", "tower", "exercises"};
	char path[SITE_PATH_BYTES];
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (mkdir(site_path(site, names[i], path), 0700) != 0 && errno != EEXIST)
			return E_SYS;
	}
	return OK;
}

/* Writing. */

/** A file being written in memory. */
struct draft {
	FILE *stream;
	char *text;
	size_t text_bytes;
};

static bool draft_begin(struct draft *draft)
{
	*draft = (struct draft){.stream = NULL};
	draft->stream = open_memstream(&draft->text, &draft->text_bytes);
	if (draft->stream != NULL)
		fputs("# Made by \"hinomi up\" out of the site's description. What is changed here is lost: change it there.\n",
			draft->stream);
	return draft->stream != NULL;
}

/** Puts the file in its place in one step. @return OK, E_NOMEM or E_SYS */
static int draft_end(struct draft *draft, const struct site *site, const char *name)
{
	char path[SITE_PATH_BYTES], fresh[SITE_PATH_BYTES + 4];
	bool is_whole = fclose(draft->stream) == 0;
	int err = is_whole ? OK : E_NOMEM;
	snprintf(fresh, sizeof(fresh), "%s.new", site_path(site, name, path));
	int fd = err == OK ? open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644) : -1;
	if (err == OK)
		err = fd >= 0 && write(fd, draft->text, draft->text_bytes) == (ssize_t)draft->text_bytes && fsync(fd) == 0 ? OK : E_SYS;
	if (fd >= 0 && close(fd) != 0)
		err = E_SYS;
	if (err == OK && rename(fresh, path) != 0)
		err = E_SYS;
	free(draft->text);
	return err;
}

static void list_write(FILE *stream, const char *name, const struct site_list *list)
{
	fprintf(stream, "%s = {", name);
	for (size_t i = 0; i < list->count; i++)
		fprintf(stream, "%s\"%s\"", i > 0 ? ", " : "", list->values[i]);
	fputs("}\n", stream);
}

static void text_write(FILE *stream, const char *name, const char *value)
{
	if (value[0] != '\0')
		fprintf(stream, "\t%s = \"%s\"\n", name, value);
}

static int policy_write(const struct site *site, const char vkeys[static SITE_KEY_COUNT][SITE_VKEY_BYTES])
{
	struct draft draft;
	if (!draft_begin(&draft))
		return E_NOMEM;
	fprintf(draft.stream, "authority = \"%s\"\nlog = \"%s\"\nwitness_quorum = 0\n", vkeys[SITE_KEY_AUTHORITY],
		vkeys[SITE_KEY_LEDGER]);
	if (site->protected_space.count > 0)
		list_write(draft.stream, "protected", &site->protected_space);
	fprintf(draft.stream, "member \"%s\" {\n\t", site->name);
	list_write(draft.stream, "networks", &site->networks);
	fprintf(draft.stream, "}\neffector \"%s\" {\n\tkey = \"%s\"\n\tmember = \"%s\"\n\tclass = own_edge\n}\n",
		site_key_names[SITE_KEY_EFFECTOR], vkeys[SITE_KEY_EFFECTOR], site->name);
	for (size_t i = 0; i < site->person_count; i++) {
		const struct site_person *person = &site->people[i];
		fprintf(draft.stream, "person \"%s\" {\n", person->name);
		text_write(draft.stream, "key", person->key);
		text_write(draft.stream, "passkey", person->passkey);
		text_write(draft.stream, "relying_party", person->relying_party);
		text_write(draft.stream, "origin", person->origin);
		fputc('\t', draft.stream);
		list_write(draft.stream, "roles", &person->roles);
		fprintf(draft.stream, "\tmay_request = %s\n}\n", person->may_request ? "yes" : "no");
	}
	fputs("class \"own_edge\" {\n\t", draft.stream);
	list_write(draft.stream, "approvals", &site->approvals);
	fputs("\tlongest = 1h\n\tanswer_within = 30min\n\twidest_v4 = 24\n\twidest_v6 = 48\n\tcollateral_permille = 20\n\trules = 16\n"
		"\tstanding = yes\n\tstanding_longest = 90d\n}\n", draft.stream);
	return draft_end(&draft, site, "etc/policy");
}

/** Whom a process tells of its health. */
static void tower_name(struct draft *draft, const struct site *site)
{
	if (site->page[0] != '\0')
		fprintf(draft->stream, "tower { socket = \"%s/run/tower.sock\" member = \"%s\" }\n", site->directory, site->name);
}

static int authority_write(const struct site *site, const char *account)
{
	struct draft draft;
	const char *at = site->directory, *edge = site_key_names[SITE_KEY_EFFECTOR];
	if (!draft_begin(&draft))
		return E_NOMEM;
	fprintf(draft.stream,
		"policy = \"%s/etc/policy\"\nkey = \"%s/keys/authority.key\"\nlog_key = \"%s/keys/ledger.key\"\nledger = \"%s/ledger\"\n"
		"socket = \"%s/run/authority.sock\"\nbasis = \"%s\"\nsensors = {\"%s\"}\neffectors = {\"%s\"}\npeople = {\"%s\"}\n"
		"effector \"%s\" { socket = \"%s/run/effect.sock\" }\n", at, at, at, at, at, site->basis, account, account, account,
		edge, at);
	tower_name(&draft, site);
	return draft_end(&draft, site, "etc/authority.conf");
}

static int effect_write(const struct site *site)
{
	struct draft draft;
	const char *at = site->directory;
	if (!draft_begin(&draft))
		return E_NOMEM;
	fprintf(draft.stream, "effector = \"%s\"\nplace = %s\n", site_key_names[SITE_KEY_EFFECTOR], place_names[site->place]);
	list_write(draft.stream, "interfaces", &site->interfaces);
	fprintf(draft.stream, "policy = \"%s/etc/policy\"\nstate_directory = \"%s/effect\"\nsource_sets = \"%s/sets\"\n"
		"socket = \"%s/run/effect.sock\"\n", at, at, at, at);
	return draft_end(&draft, site, "etc/effect.conf");
}

static int sensor_write(const struct site *site)
{
	struct draft draft;
	const char *at = site->directory;
	if (!draft_begin(&draft))
		return E_NOMEM;
	fprintf(draft.stream, "sensor = \"%s\"\n", site->name);
	list_write(draft.stream, "networks", &site->networks);
	for (size_t i = 0; i < site->interfaces.count; i++) {
		fprintf(draft.stream, "capture \"%s\" { method = %s", site->interfaces.values[i],
			site->place == SITE_XDP ? "xdp" : "auto");
		if (site->place == SITE_XDP) /* the effector's program, which it has pinned there */
			fprintf(draft.stream, " pin_directory = \"/sys/fs/bpf/hinomi/%s\"", site->interfaces.values[i]);
		fputs(" }\n", draft.stream);
	}
	for (size_t i = 0; i < site->collectors.count; i++)
		fprintf(draft.stream, "collector \"%s\" { }\n", site->collectors.values[i]);
	fprintf(draft.stream, "threshold default { host_pps = %llupps host_bps = %llubps }\n", (unsigned long long)site->host_pps,
		(unsigned long long)site->host_bps);
	if (site->place != SITE_WATCH)
		fprintf(draft.stream, "countermeasures { authority = \"%s/run/authority.sock\" source_sets = \"%s/sets\" "
			"policy = \"%s/etc/policy\" }\n", at, at, at);
	tower_name(&draft, site);
	fprintf(draft.stream, "findings { file = \"%s/findings.jsonl\" }\nstatus_socket = \"%s/run/sensor.sock\"\n"
		"state_directory = \"%s/sensor\"\n", at, at, at);
	return draft_end(&draft, site, "etc/sensor.conf");
}

static int tower_write(const struct site *site, const char *account, const char *page)
{
	struct draft draft;
	const char *at = site->directory;
	if (!draft_begin(&draft))
		return E_NOMEM;
	fprintf(draft.stream, "name = \"%s\"\nlisten = \"%s\"\norigin = \"http://%s\"\nsocket = \"%s/run/tower.sock\"\n", site->name,
		site->page, site->page, at);
	fprintf(draft.stream, "store = \"sqlite:%s/store\"\nplaces = \"%s/tower/places\"\n", at, at);
	if (page[0] != '\0')
		fprintf(draft.stream, "page = \"%s\"\n", page);
	if (site->exercises)
		fprintf(draft.stream, "exercise = \"%s/run/exercise.sock\"\n", at);
	if (site->place != SITE_WATCH)
		fprintf(draft.stream, "policy = \"%s/etc/policy\"\nauthority = \"%s/run/authority.sock\"\nledger = \"%s/ledger\"\n", at,
			at, at);
	fprintf(draft.stream, "follow \"%s/findings.jsonl\" { }\nsender \"site\" { users = {\"%s\"} }\n", at, account);
	return draft_end(&draft, site, "etc/tower.conf");
}

int site_files_write(const struct site *site, const char vkeys[static SITE_KEY_COUNT][SITE_VKEY_BYTES], const char *account,
	const char *page)
{
	int err = sensor_write(site);
	if (err == OK && site->page[0] != '\0')
		err = tower_write(site, account, page);
	if (err != OK || site->place == SITE_WATCH)
		return err;
	err = policy_write(site, vkeys);
	if (err == OK)
		err = authority_write(site, account);
	return err == OK ? effect_write(site) : err;
}
