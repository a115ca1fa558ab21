/*
 * Scenario files are read by core/conf.h: sections come in the order of the
 * file, so a stream belongs to the attack above it. What the tables cannot
 * say (an attack without streams, times that do not fit) is checked at the
 * end, and refused with one line.
 */
#include "exercise/scenario.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "core/conf.h"
#include "core/units.h"
#include "exercise/address.h"
#include "exercise/clients.h"

#define DEFAULT_DURATION_MS 10000
#define DEFAULT_LINE_PPS 2000
#define DEFAULT_HTTP_CLIENTS 48
#define DEFAULT_PACKETS 2000000
#define DEFAULT_RATIFY_MS 4000
#define DEFAULT_TARGET_V4 "203.0.113.10"
#define DEFAULT_TARGET_V6 "2001:db8:113::a"

const struct scenario_builtin scenario_builtins[] = {
#include "exercise/scenario_texts.h"
};
const unsigned scenario_builtin_count = ARRAY_LEN(scenario_builtins);

/* The names of enum finding_kind, up to the last that can be played. */
static const char *const kind_names[] = {"", "flood", "carpet_bombing", "outbound_attack", "scan", "backscatter", NULL};
static const char *const mix_names[] = {"none", "all", "web", "speedtest", NULL};

const char *const scenario_decision_names[SCENARIO_DECISION_COUNT + 1] = {
	"standing", "approved", "refused", "ratified", "lapsed", "page", NULL};

struct attack_draft {
	struct scenario_attack *attack;
	char target[2][IP_PREFIX_TEXT_BYTES]; /* v4, v6; "": the default */
};

struct draft {
	struct scenario *scenario; /* options of the file have offsets into it, see scenario_set_text() */
	struct attack_draft attacks[SCENARIO_ATTACKS_MAX];
};

/* Options of the file lie in the scenario that the draft points to. */
static const char *scenario_set_text(void *into, const struct conf_option *option, const char *value)
{
	return conf_set_text(((struct draft *)into)->scenario, option, value);
}

static const char *scenario_set_units(void *into, const struct conf_option *option, const char *value)
{
	return conf_set_units(((struct draft *)into)->scenario, option, value);
}

static const char *scenario_set_choice(void *into, const struct conf_option *option, const char *value)
{
	return conf_set_choice(((struct draft *)into)->scenario, option, value);
}

static const char *attack_set_units(void *into, const struct conf_option *option, const char *value)
{
	return conf_set_units(((struct attack_draft *)into)->attack, option, value);
}

static const char *attack_set_choice(void *into, const struct conf_option *option, const char *value)
{
	return conf_set_choice(((struct attack_draft *)into)->attack, option, value);
}

static const char *attack_set_port(void *into, const struct conf_option *option, const char *value)
{
	struct scenario_attack *attack = ((struct attack_draft *)into)->attack;
	attack->has_dst_port = true;
	return conf_set_units(attack, option, value);
}

#define OF_SCENARIO(member) .offset = offsetof(struct scenario, member)
#define OF_ATTACK(member) .offset = offsetof(struct scenario_attack, member)
#define OF_STREAM(member) .offset = offsetof(struct scenario_stream, member)
#define A_TIME .unit = UNIT_MS, .max = SCENARIO_SECONDS_MAX * UINT64_C(1000)
#define A_SHARE .unit = UNIT_NONE, .min = 1, .max = 1000000

static const struct conf_option file_options[] = {
	{"about", scenario_set_text, OF_SCENARIO(about), .max = SCENARIO_ABOUT_BYTES},
	{"duration", scenario_set_units, OF_SCENARIO(duration_ms), A_TIME, .min = 100},
	{"clients", scenario_set_choice, OF_SCENARIO(clients), .choices = mix_names},
	{"clients_load", scenario_set_units, OF_SCENARIO(clients_permille), A_SHARE},
	{"client_machines", scenario_set_units, OF_SCENARIO(client_machines), .unit = UNIT_NONE, .min = 1},
	{"client_sessions", scenario_set_units, OF_SCENARIO(client_sessions), .unit = UNIT_NONE, .min = 1, .max = 65536},
	{"threshold", scenario_set_units, OF_SCENARIO(threshold_pps), .unit = UNIT_PPS, .min = 1, .max = SCENARIO_PPS_MAX},
	{"line", scenario_set_units, OF_SCENARIO(line_pps), .unit = UNIT_PPS, .min = 100, .max = SCENARIO_PPS_MAX},
	{"http_clients", scenario_set_units, OF_SCENARIO(http_clients), .unit = UNIT_NONE, .min = 1, .max = CLIENTS_MAX},
	{"packets", scenario_set_units, OF_SCENARIO(packets_max), .unit = UNIT_NONE, .min = 1, .max = SCENARIO_PACKETS_MAX},
	{"ratify_within", scenario_set_units, OF_SCENARIO(ratify_ms), A_TIME, .min = 100},
};

static const struct conf_option attack_options[] = {
	{"kind", attack_set_choice, OF_ATTACK(kind), .choices = kind_names},
	{"decision", attack_set_choice, OF_ATTACK(decision), .choices = scenario_decision_names},
	{"target", conf_set_text, offsetof(struct attack_draft, target[0]), .max = IP_PREFIX_TEXT_BYTES},
	{"target6", conf_set_text, offsetof(struct attack_draft, target[1]), .max = IP_PREFIX_TEXT_BYTES},
	{"start", attack_set_units, OF_ATTACK(start_ms), A_TIME},
	{"end", attack_set_units, OF_ATTACK(end_ms), A_TIME},
	{"load", attack_set_units, OF_ATTACK(permille), A_SHARE},
	{"pulse_on", attack_set_units, OF_ATTACK(on_ms), A_TIME},
	{"pulse_off", attack_set_units, OF_ATTACK(off_ms), A_TIME},
	{"ramp", attack_set_units, OF_ATTACK(ramp_ms), A_TIME},
	{"dst_port", attack_set_port, OF_ATTACK(dst_port), .unit = UNIT_NONE, .max = 65535},
};

static const struct conf_option stream_options[] = {
	{"share", conf_set_units, OF_STREAM(permille), A_SHARE},
	{"start", conf_set_units, OF_STREAM(start_ms), A_TIME},
	{"end", conf_set_units, OF_STREAM(end_ms), A_TIME},
	{"sources", conf_set_units, OF_STREAM(sources), .unit = UNIT_NONE, .min = 1},
};

static const char *attack_open(void *root, const char *title, void **ret_into)
{
	struct draft *draft = root;
	struct scenario *scenario = draft->scenario;

	if (scenario->attack_count == SCENARIO_ATTACKS_MAX)
		return "more attacks than one scenario may have";
	if (strlen(title) >= SCENARIO_NAME_BYTES)
		return "the name is too long";
	struct attack_draft *attack = &draft->attacks[scenario->attack_count];
	attack->attack = &scenario->attacks[scenario->attack_count++];
	*attack->attack = (struct scenario_attack){.kind = FINDING_FLOOD, .permille = 1000};
	memcpy(attack->attack->name, title, strlen(title) + 1);
	*ret_into = attack;
	return NULL;
}

static const char *stream_add(struct scenario_attack *attack, const char *vector, struct scenario_stream **ret_stream)
{
	uint16_t port;
	const struct recipe *recipe = recipe_find(vector, &port);
	if (recipe == NULL)
		return "no such vector; `hinomi-exercise list` names them";
	if (attack->stream_count == SCENARIO_STREAMS_MAX)
		return "more streams than one attack may have";
	*ret_stream = &attack->streams[attack->stream_count++];
	**ret_stream = (struct scenario_stream){.recipe = recipe, .port = port, .permille = 1000};
	return NULL;
}

static const char *stream_open(void *root, const char *title, void **ret_into)
{
	struct scenario *scenario = ((struct draft *)root)->scenario;
	struct scenario_stream *stream = NULL;

	if (scenario->attack_count == 0)
		return "stands before any attack";
	const char *wrong = stream_add(&scenario->attacks[scenario->attack_count - 1], title, &stream);
	*ret_into = stream;
	return wrong;
}

static const struct conf_section sections[] = {
	{"attack", true, attack_open, attack_options, ARRAY_LEN(attack_options)},
	{"stream", true, stream_open, stream_options, ARRAY_LEN(stream_options)},
};
static const struct conf_schema schema = {file_options, ARRAY_LEN(file_options), sections, ARRAY_LEN(sections)};

__attribute__((format(printf, 2, 3))) static int refuse(char why[static 160], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	(void)vsnprintf(why, 160, format, args);
	va_end(args);
	return E_CONFIG;
}

static struct scenario scenario_blank(const struct scenario_options *options)
{
	struct scenario scenario = {.is_v4 = options->is_v4,
		.seed = options->seed,
		.pps = options->pps,
		.clients_pps = options->clients_pps,
		.clients = SESSION_MIX_ALL,
		.clients_permille = 1000,
		.client_machines = 2000,
		.client_sessions = 96,
		.sources = options->sources,
		.line_pps = DEFAULT_LINE_PPS,
		.http_clients = DEFAULT_HTTP_CLIENTS,
		.packets_max = DEFAULT_PACKETS,
		.ratify_ms = DEFAULT_RATIFY_MS,
		.duration_ms = DEFAULT_DURATION_MS};
	int error = ip_prefix_parse(options->is_v4 ? ADDRESS_MEMBER_V4 : ADDRESS_MEMBER_V6, &scenario.member);
	ASSERT(error == OK);
	return scenario;
}

static int target_set(struct scenario_attack *attack, const char *target, bool is_v4, char why[static 160])
{
	if (target == NULL || target[0] == '\0')
		target = is_v4 ? DEFAULT_TARGET_V4 : DEFAULT_TARGET_V6;
	if (ip_prefix_parse(target, &attack->target) != OK)
		return refuse(why, "target \"%s\" is no address or prefix", target);
	if (ip_is_v4(&attack->target.addr) != is_v4)
		return refuse(why, "target \"%s\" is of the other IP version (see --ip)", target);
	return OK;
}

/* What the tables cannot know: that streams exist, fit the IP version, and end after they began. */
static int attack_check(struct scenario *scenario, struct scenario_attack *attack, char why[static 160])
{
	if (attack->stream_count == 0)
		return refuse(why, "attack \"%s\" has no stream", attack->name);
	if (attack->end_ms == 0 || attack->end_ms > scenario->duration_ms)
		attack->end_ms = scenario->duration_ms;
	if (attack->start_ms >= attack->end_ms)
		return refuse(why, "attack \"%s\" ends before it starts", attack->name);
	if ((attack->on_ms == 0) != (attack->off_ms == 0))
		return refuse(why, "attack \"%s\": pulse_on and pulse_off come together", attack->name);
	uint64_t length_ms = attack->end_ms - attack->start_ms;
	for (size_t i = 0; i < attack->stream_count; i++) {
		struct scenario_stream *stream = &attack->streams[i];
		if (stream->end_ms == 0 || stream->end_ms > length_ms)
			stream->end_ms = length_ms;
		if (stream->start_ms >= stream->end_ms)
			return refuse(why, "stream \"%s\" ends before it starts", recipe_name(stream->recipe));
		if (stream->recipe->family == (scenario->is_v4 ? RECIPE_V6_ONLY : RECIPE_V4_ONLY))
			return refuse(why, "%s does not exist in this IP version (see --ip)", recipe_name(stream->recipe));
		if (stream->sources == 0)
			stream->sources = scenario->sources != 0 ? scenario->sources : recipe_machines(stream->recipe);
	}
	return OK;
}

static enum finding_kind kind_of(const struct recipe *recipe)
{
	switch (recipe->shape) {
	case RECIPE_SCAN_HORIZONTAL:
	case RECIPE_SCAN_VERTICAL:
		return FINDING_SCAN;
	case RECIPE_BACKSCATTER:
		return FINDING_BACKSCATTER;
	case RECIPE_PACKETS:
	case RECIPE_SESSION_STOMP:
	case RECIPE_SESSION_CONNECT:
	case RECIPE_SESSION_REQUEST:
	case RECIPE_FRAGMENTS_LATER:
	case RECIPE_RANDOM_PROTOCOL:
	case RECIPE_ICMP_QUOTE:
	case RECIPE_TUNNEL:
	case RECIPE_EXTENSIONS:
		return FINDING_FLOOD;
	}
	return FINDING_FLOOD;
}

int scenario_of_vector(const char *vector, const struct scenario_options *options, char why[static 160],
	struct scenario *ret_scenario)
{
	struct scenario scenario = scenario_blank(options);
	struct scenario_attack *attack = &scenario.attacks[scenario.attack_count++];
	struct scenario_stream *stream = NULL;

	*attack = (struct scenario_attack){.permille = 1000};
	const char *wrong = stream_add(attack, vector, &stream);
	if (wrong != NULL)
		return refuse(why, "%s", wrong);
	attack->kind = kind_of(stream->recipe);
	(void)snprintf(scenario.name, sizeof(scenario.name), "%s", vector);
	(void)snprintf(attack->name, sizeof(attack->name), "%s", vector);
	if (options->duration_ms != 0)
		scenario.duration_ms = options->duration_ms;
	const char *target = options->target;
	if (target == NULL && (stream->recipe->shape == RECIPE_SCAN_HORIZONTAL || stream->recipe->shape == RECIPE_BACKSCATTER))
		target = options->is_v4 ? ADDRESS_MEMBER_V4 : ADDRESS_MEMBER_V6;
	int error = target_set(attack, target, options->is_v4, why);
	if (error == OK && attack->kind == FINDING_FLOOD && address_count(&attack->target) > 1)
		attack->kind = FINDING_CARPET_BOMBING;
	if (error == OK)
		error = attack_check(&scenario, attack, why);
	if (error == OK)
		*ret_scenario = scenario;
	return error;
}

static const struct scenario_builtin *builtin_find(const char *name)
{
	for (unsigned i = 0; i < scenario_builtin_count; i++) {
		if (strcmp(scenario_builtins[i].name, name) == 0)
			return &scenario_builtins[i];
	}
	return NULL;
}

/* All times of the scenario shrink or grow with its length. */
static void stretch(struct scenario *scenario, uint64_t duration_ms)
{
	for (size_t i = 0; i < scenario->attack_count; i++) {
		struct scenario_attack *attack = &scenario->attacks[i];
		attack->start_ms = attack->start_ms * duration_ms / scenario->duration_ms;
		attack->end_ms = attack->end_ms * duration_ms / scenario->duration_ms;
		attack->ramp_ms = attack->ramp_ms * duration_ms / scenario->duration_ms;
		for (size_t j = 0; j < attack->stream_count; j++) {
			attack->streams[j].start_ms = attack->streams[j].start_ms * duration_ms / scenario->duration_ms;
			attack->streams[j].end_ms = attack->streams[j].end_ms * duration_ms / scenario->duration_ms;
		}
	}
	scenario->duration_ms = duration_ms;
}

static uint64_t end_ms_of(const struct scenario *scenario)
{
	uint64_t end_ms = 0;
	for (size_t i = 0; i < scenario->attack_count; i++)
		end_ms = scenario->attacks[i].end_ms > end_ms ? scenario->attacks[i].end_ms : end_ms;
	return end_ms;
}

void scenario_without_page(struct scenario *scenario)
{
	uint64_t before_ms = end_ms_of(scenario);
	size_t kept = 0;
	for (size_t i = 0; i < scenario->attack_count; i++) {
		if (scenario->attacks[i].decision != SCENARIO_PAGE)
			scenario->attacks[kept++] = scenario->attacks[i];
	}
	scenario->attack_count = kept;
	uint64_t after_ms = end_ms_of(scenario);
	if (kept > 0 && after_ms < before_ms)
		scenario->duration_ms -= before_ms - after_ms;
}

bool scenario_is_playable(const struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->attack_count; i++) {
		if (scenario->attacks[i].kind != FINDING_FLOOD && scenario->attacks[i].kind != FINDING_CARPET_BOMBING)
			return false;
	}
	return scenario->duration_ms <= SCENARIO_PLAYABLE_MS;
}

int scenario_read(const char *name, const struct scenario_options *options, char why[static 160],
	struct scenario *ret_scenario)
{
	struct scenario scenario = scenario_blank(options);
	struct draft draft = {.scenario = &scenario};
	char complaint[CONF_COMPLAINT_BYTES];
	const struct scenario_builtin *builtin = builtin_find(name);

	int error = builtin != NULL ? conf_parse(&schema, name, builtin->text, strlen(builtin->text), &draft, complaint)
				    : conf_load(&schema, name, &draft, complaint);
	if (error != OK)
		return refuse(why, "%.150s", complaint);
	const char *slash = strrchr(name, '/');
	(void)snprintf(scenario.name, sizeof(scenario.name), "%s", slash != NULL ? slash + 1 : name);
	if (options->duration_ms != 0)
		stretch(&scenario, options->duration_ms);
	for (size_t i = 0; i < scenario.attack_count && error == OK; i++) {
		struct scenario_attack *attack = &scenario.attacks[i];
		const char *target = draft.attacks[i].target[options->is_v4 ? 0 : 1];
		if (attack->kind == FINDING_FLOOD && options->target != NULL)
			target = options->target;
		error = target_set(attack, target, options->is_v4, why);
		if (error == OK)
			error = attack_check(&scenario, attack, why);
	}
	if (error == OK)
		*ret_scenario = scenario;
	return error;
}
