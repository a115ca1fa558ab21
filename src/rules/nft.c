/*
 * Rules as nftables' JSON (libnftables-json(5)).
 *
 *   table inet hinomi
 *     chain h0 ...    hooked, one for each device; jump in
 *     chain in        one line for each rule, or a few, in order: what it asks, its gate, goto rID
 *     chain rID       counter mID (matched); [limit over] counter dID (dropped), drop; accept
 *     set gID         the gate: the rule's family, timed out by the kernel when the rule ends
 *     set p4, p6      protected space (intervals; made once, never added to)
 *     set xID         the addresses of a source set (hash), timed out when the last rule of the text that names it ends;
 *                     rules of one text and one family share that of the first of them
 *
 * A chain that is gone to and accepts ends our table alone: the packet goes on
 * to others. Lines of a rule are alternatives: IPv6 needs several for kinds of
 * fragments, for a packet without a fragment header has no field to ask.
 */
#include "rules/nft.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define FAMILY "inet"
#define TABLE "hinomi"
#define PRIORITY (-450) /* before conntrack puts fragments together at -400 (NF_IP_PRI_CONNTRACK_DEFRAG) */
#define METERS_MAX 65536 /* sources of one limit; where there is no room the packet passes */
#define METER_LIFE_S 60
#define NAME_BYTES 48
#define LINES_MAX 4
#define FRAGMENT_OFFSET 0x1fff
#define FRAGMENT_MORE 0x2000

/** Commands, or the error that ended them. */
struct commands {
	json_t *list;
	int err;
};

static json_t *commands_take(struct commands *commands, json_t *value)
{
	if (value == NULL && commands->err == OK)
		commands->err = E_NOMEM;
	return value;
}

/** Adds {"VERB": {"KIND": value}}; takes value. */
static void command_add(struct commands *commands, const char *verb, const char *kind, json_t *value)
{
	json_t *command = commands_take(commands, json_pack("{s:{s:o}}", verb, kind, value));
	if (command != NULL && json_array_append_new(commands->list, command) != 0)
		commands->err = E_NOMEM;
}

static void commands_begin(struct commands *commands)
{
	*commands = (struct commands){json_array(), OK};
	if (commands->list == NULL)
		commands->err = E_NOMEM;
	command_add(commands, "metainfo", "json_schema_version", json_integer(1)); /* in the shape of a command */
}

/** The text of all commands; they are gone after it. */
static int commands_end(struct commands *commands, char **ret_text)
{
	json_t *root = commands->err == OK ? json_pack("{s:O}", "nftables", commands->list) : NULL;
	char *text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	json_decref(commands->list);
	if (commands->err != OK)
		return commands->err;
	if (text == NULL)
		return E_NOMEM;
	*ret_text = text;
	return OK;
}

static const char *name_of(char kind, uint32_t id, char ret_name[static NAME_BYTES])
{
	snprintf(ret_name, NAME_BYTES, "%c%u", kind, id);
	return ret_name;
}

/* Expressions. */

static void line_add(struct commands *commands, json_t *line, json_t *expression)
{
	if (commands_take(commands, expression) != NULL && json_array_append_new(line, expression) != 0)
		commands->err = E_NOMEM;
}

/** Adds a comparison; takes both sides. */
static void match_add(struct commands *commands, json_t *line, const char *operator, json_t *left, json_t *right)
{
	line_add(commands, line, json_pack("{s:{s:s, s:o, s:o}}", "match", "op", operator, "left", left, "right", right));
}

static json_t *field_of(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", field);
}

/** Bits of a header: base "nh" is IP's, "th" what follows it. */
static json_t *raw_of(const char *base, unsigned offset_bits, unsigned length_bits)
{
	return json_pack("{s:{s:s, s:i, s:i}}", "payload", "base", base, "offset", (int)offset_bits, "len", (int)length_bits);
}

static json_t *masked(json_t *value, uint32_t mask)
{
	return json_pack("{s:[o, I]}", "&", value, (json_int_t)mask);
}

static json_t *meta_of(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *prefix_of(const struct ip_prefix *prefix)
{
	char text[IP_TEXT_BYTES];
	unsigned bits = ip_prefix_text_bits(prefix), all = rule_prefix_is_v4(prefix) ? 32 : 128;
	ip_write(&prefix->addr, text);
	return bits == all ? json_string(text) : json_pack("{s:{s:s, s:i}}", "prefix", "addr", text, "len", (int)bits);
}

static json_t *prefixes_of(struct commands *commands, const struct ip_prefix *prefixes, size_t count, bool is_v4)
{
	json_t *list = commands_take(commands, json_array());
	for (size_t i = 0; list != NULL && i < count; i++) {
		if (rule_prefix_is_v4(&prefixes[i]) == is_v4 && json_array_append_new(list, prefix_of(&prefixes[i])) != 0)
			commands->err = E_NOMEM;
	}
	return list;
}

static void range_add(struct commands *commands, json_t *line, struct rule_range range, json_t *left)
{
	json_t *right = range.min == range.max ? json_integer(range.min) : json_pack("{s:[i, i]}", "range", range.min, range.max);
	match_add(commands, line, "==", left, right);
}

/* What a rule asks. */

static void protocol_add(struct commands *commands, json_t *line, const struct rule *rule, bool is_v4)
{
	if (rule->protocol == RULE_ANY)
		return;
	const char *extension = rule->protocol == 0 ? "hbh" : rule->protocol == 43 ? "rt" : rule->protocol == 44 ? "frag" : "dst";
	if (is_v4)
		match_add(commands, line, "==", field_of("ip", "protocol"), json_integer(rule->protocol));
	else if (rule_protocol_is_extension(rule->protocol) && rule->protocol != 51)
		match_add(commands, line, "==", json_pack("{s:{s:s}}", "exthdr", "name", extension), json_true());
	else
		/* An authentication header is where the kernel stops looking (IP6_FH_F_AUTH), so 51 is found here. */
		match_add(commands, line, "==", meta_of("l4proto"), json_integer(rule->protocol));
}

/** The length of the packet; IPv6 tells it without its header of 40 bytes. */
static void length_add(struct commands *commands, json_t *line, const struct rule *rule, bool is_v4)
{
	struct rule_range range = rule->length_bytes;
	if (rule_range_is_any(range))
		return;
	if (!is_v4) {
		range.min = range.min > 40 ? range.min - 40 : 0;
		range.max = range.max < UINT16_MAX ? range.max - 40 : UINT16_MAX;
	}
	range_add(commands, line, range, field_of(is_v4 ? "ip" : "ip6", "length"));
}

static void signature_add(struct commands *commands, json_t *line, enum rule_signature signature)
{
	const struct rule_pattern *pattern = &rule_signatures[signature];
	unsigned count = rule_signature_bytes(signature);
	for (unsigned i = 0; i < count; i += 4) {
		unsigned length_bytes = count - i < 4 ? count - i : 4;
		uint32_t mask = 0, value = 0;
		for (unsigned j = i; j < i + length_bytes; j++) {
			mask = mask << 8 | pattern->mask[j];
			value = value << 8 | pattern->value[j];
		}
		if (mask != 0)
			match_add(commands, line, "==", masked(raw_of("th", 64 + 8 * i, 8 * length_bytes), mask), json_integer(value));
	}
}

static void transport_add(struct commands *commands, json_t *line, const struct rule *rule)
{
	if (!rule_range_is_any(rule->source_ports))
		range_add(commands, line, rule->source_ports, raw_of("th", 0, 16));
	if (!rule_range_is_any(rule->destination_ports))
		range_add(commands, line, rule->destination_ports, raw_of("th", 16, 16));
	if (rule->tcp_mask != 0)
		match_add(commands, line, "==", masked(raw_of("th", 104, 8), rule->tcp_mask), json_integer(rule->tcp_flags));
	if (rule->icmp_type != RULE_ANY)
		match_add(commands, line, "==", raw_of("th", 0, 8), json_integer(rule->icmp_type));
	if (rule->icmp_code != RULE_ANY)
		match_add(commands, line, "==", raw_of("th", 8, 8), json_integer(rule->icmp_code));
	signature_add(commands, line, rule->signature);
}

/** The first entry that shares the source set and the family of this one. */
static const struct nft_entry *set_owner(const struct nft_entry *entries, const struct nft_entry *entry)
{
	bool is_v4 = rule_prefix_is_v4(&entry->rule->destination);
	while (entries->set != entry->set || rule_prefix_is_v4(&entries->rule->destination) != is_v4)
		entries++;
	return entries;
}

/** Whether protected space has prefixes of a family. */
static bool has_protected(const struct nft_place *place, bool is_v4)
{
	size_t count = 0;
	const struct ip_prefix *prefixes = place->space != NULL ? space_protected(place->space, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		if (rule_prefix_is_v4(&prefixes[i]) == is_v4)
			return true;
	}
	return false;
}

static void sources_add(struct commands *commands, json_t *line, const struct nft_entry *entries, const struct nft_entry *entry,
	const struct nft_place *place)
{
	const struct rule *rule = entry->rule;
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	const char *ip = is_v4 ? "ip" : "ip6";
	char name[NAME_BYTES], reference[NAME_BYTES + 1];
	if (rule->source_set.count > 0 && entry->set == NULL) {
		commands->err = commands->err == OK ? E_STATE : commands->err;
	} else if (rule->source_set.count > 0) {
		snprintf(reference, sizeof(reference), "@%s", name_of('x', set_owner(entries, entry)->id, name));
		match_add(commands, line, "==", field_of(ip, "saddr"), json_string(reference));
	} else if (rule->source_count > 0) {
		json_t *prefixes = prefixes_of(commands, rule->sources, rule->source_count, is_v4);
		match_add(commands, line, "==", field_of(ip, "saddr"), json_pack("{s:o}", "set", prefixes));
	} else if (has_protected(place, is_v4) && !entry->touches_protected) {
		match_add(commands, line, "!=", field_of(ip, "saddr"), json_string(is_v4 ? "@p4" : "@p6"));
	}
}

/* Fragments. */

/**
 * Whether a rule asks for what only a first fragment, or a whole packet, has. It must then ask for one of these, for the
 * kernel's fast path takes the payload of a later fragment for a header (seen on Linux 6.18; nft_payload_fast_eval()).
 */
static bool asks_transport(const struct rule *rule)
{
	return !rule_range_is_any(rule->source_ports) || !rule_range_is_any(rule->destination_ports) || rule->tcp_mask != 0 ||
		rule->icmp_type != RULE_ANY || rule->signature != RULE_SIGNATURE_NONE;
}

static void fragments_v4_add(struct commands *commands, json_t *line, const struct rule *rule)
{
	/* By the kinds that match: bits of the flags and the offset, what they are compared with, and how. */
	static const struct {
		uint16_t mask;
		uint16_t value;
		const char *operator;
	} rows[1 << RULE_FRAGMENT_BITS] = {
		[RULE_FRAGMENT_FIRST] = {FRAGMENT_MORE | FRAGMENT_OFFSET, FRAGMENT_MORE, "=="},
		[RULE_FRAGMENT_LATER] = {FRAGMENT_OFFSET, 0, "!="},
		[RULE_FRAGMENT_FIRST | RULE_FRAGMENT_LATER] = {FRAGMENT_MORE | FRAGMENT_OFFSET, 0, "!="},
		[RULE_FRAGMENT_WHOLE] = {FRAGMENT_MORE | FRAGMENT_OFFSET, 0, "=="},
		[RULE_FRAGMENT_WHOLE | RULE_FRAGMENT_FIRST] = {FRAGMENT_OFFSET, 0, "=="},
		[RULE_FRAGMENT_WHOLE | RULE_FRAGMENT_LATER] = {FRAGMENT_MORE | FRAGMENT_OFFSET, FRAGMENT_MORE, "!="},
	};
	uint8_t fragments = rule->fragments;
	if (fragments < ARRAY_LEN(rows) && rows[fragments].operator != NULL)
		match_add(commands, line, rows[fragments].operator, masked(raw_of("nh", 48, 16), rows[fragments].mask),
			json_integer(rows[fragments].value));
	if (asks_transport(rule))
		match_add(commands, line, "==", masked(raw_of("nh", 48, 16), FRAGMENT_OFFSET), json_integer(0));
}

/** The alternatives of IPv6, of which each is a line of its own. */
enum fragment_line {
	FRAGMENT_LINE_ALL = 0, /* not asked */
	FRAGMENT_LINE_NONE, /* no fragment header */
	FRAGMENT_LINE_ATOMIC, /* one that fragments nothing (RFC 6946) */
	FRAGMENT_LINE_FIRST,
	FRAGMENT_LINE_LATER,
};

static size_t fragment_lines(const struct rule *rule, bool is_v4, enum fragment_line ret_lines[static LINES_MAX])
{
	uint8_t all = RULE_FRAGMENT_FIRST | RULE_FRAGMENT_WHOLE, fragments = rule->fragments;
	size_t count = 0;
	if (asks_transport(rule))
		fragments = fragments != 0 ? fragments & all : all;
	if (is_v4 || fragments == 0) {
		ret_lines[0] = FRAGMENT_LINE_ALL;
		return 1;
	}
	if ((fragments & RULE_FRAGMENT_WHOLE) != 0) {
		ret_lines[count++] = FRAGMENT_LINE_NONE;
		ret_lines[count++] = FRAGMENT_LINE_ATOMIC;
	}
	if ((fragments & RULE_FRAGMENT_FIRST) != 0)
		ret_lines[count++] = FRAGMENT_LINE_FIRST;
	if ((fragments & RULE_FRAGMENT_LATER) != 0)
		ret_lines[count++] = FRAGMENT_LINE_LATER;
	return count;
}

static json_t *fragment_field(const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "exthdr", "name", "frag", "field", field);
}

static void fragments_v6_add(struct commands *commands, json_t *line, enum fragment_line kind)
{
	switch (kind) {
	case FRAGMENT_LINE_ALL:
		break;
	case FRAGMENT_LINE_NONE:
		match_add(commands, line, "==", json_pack("{s:{s:s}}", "exthdr", "name", "frag"), json_false());
		break;
	case FRAGMENT_LINE_ATOMIC:
	case FRAGMENT_LINE_FIRST:
		match_add(commands, line, "==", fragment_field("frag-off"), json_integer(0));
		match_add(commands, line, "==", fragment_field("more-fragments"), json_integer(kind == FRAGMENT_LINE_FIRST));
		break;
	case FRAGMENT_LINE_LATER:
		match_add(commands, line, "!=", fragment_field("frag-off"), json_integer(0));
		break;
	}
}

/* Objects of the table. */

static json_t *object_of(const char *name)
{
	return json_pack("{s:s, s:s, s:s}", "family", FAMILY, "table", TABLE, "name", name);
}

static void rule_add(struct commands *commands, const char *chain, json_t *line)
{
	command_add(commands, "add", "rule",
		json_pack("{s:s, s:s, s:s, s:o}", "family", FAMILY, "table", TABLE, "chain", chain, "expr", line));
}

static void set_add(struct commands *commands, const char *name, const char *type, const char *flag, json_t *more)
{
	json_t *set = object_of(name), *flags = json_pack("{s:s, s:[s]}", "type", type, "flags", flag);
	if (json_object_update(set, flags) != 0 || json_object_update(set, more) != 0)
		commands->err = E_NOMEM;
	json_decref(flags);
	json_decref(more);
	command_add(commands, "add", "set", set);
}

static const char *family_of(const struct rule *rule)
{
	return rule_prefix_is_v4(&rule->destination) ? "ipv4" : "ipv6";
}

/** The chain that counts and decides. */
static void verdict_add(struct commands *commands, const struct nft_entry *entry)
{
	const struct rule *rule = entry->rule;
	char chain[NAME_BYTES], matched[NAME_BYTES], dropped[NAME_BYTES], meter[NAME_BYTES];
	bool is_bits = rule->limit.unit == RULE_UNIT_BPS, is_v4 = rule_prefix_is_v4(&rule->destination);
	uint64_t per_s = is_bits ? rule->limit.per_s / 8 : rule->limit.per_s;
	name_of('r', entry->id, chain);
	command_add(commands, "add", "counter", object_of(name_of('m', entry->id, matched)));
	command_add(commands, "add", "counter", object_of(name_of('d', entry->id, dropped)));
	command_add(commands, "add", "chain", object_of(chain));
	rule_add(commands, chain, json_pack("[{s:s}]", "counter", matched));
	json_t *line = commands_take(commands, json_array());
	if (rule->action == RULE_LIMIT) {
		/* 100 ms of the rate at once; of bytes nftables always lets a second's worth through. */
		uint64_t burst = is_bits ? 0 : per_s / 10 > 0 ? per_s / 10 : 1;
		const char *unit = is_bits ? "bytes" : "packets";
		json_t *limit = json_pack("{s:{s:I, s:s, s:s, s:I, s:s, s:b}}", "limit", "rate", (json_int_t)per_s, "rate_unit", unit,
			"per", "second", "burst", (json_int_t)burst, "burst_unit", unit, "inv", 1);
		if (rule->limit.scope == RULE_SCOPE_SOURCE)
			limit = json_pack("{s:{s:s, s:{s:{s:o, s:i}}, s:i, s:o}}", "meter", "name", name_of('s', entry->id, meter), "key",
				"elem", "val", field_of(is_v4 ? "ip" : "ip6", "saddr"), "timeout", METER_LIFE_S, "size", METERS_MAX, "stmt", limit);
		line_add(commands, line, limit);
	}
	line_add(commands, line, json_pack("{s:s}", "counter", dropped));
	line_add(commands, line, json_pack("{s:n}", "drop"));
	if (rule->action == RULE_COUNT)
		json_decref(line);
	else
		rule_add(commands, chain, line);
	rule_add(commands, chain, json_pack("[{s:n}]", "accept"));
}

static void entry_add(struct commands *commands, const struct nft_entry *entries, const struct nft_entry *entry,
	const struct nft_place *place)
{
	const struct rule *rule = entry->rule;
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	const char *ip = is_v4 ? "ip" : "ip6";
	char gate[NAME_BYTES + 1] = "@", chain[NAME_BYTES];
	enum fragment_line lines[LINES_MAX];
	size_t line_count = fragment_lines(rule, is_v4, lines);
	name_of('r', entry->id, chain);
	name_of('g', entry->id, gate + 1);
	set_add(commands, gate + 1, "nf_proto", "timeout",
		json_pack("{s:[{s:{s:s, s:I}}]}", "elem", "elem", "val", family_of(rule), "timeout", (json_int_t)entry->life_s));
	verdict_add(commands, entry);
	for (size_t i = 0; i < line_count; i++) {
		json_t *line = commands_take(commands, json_array());
		match_add(commands, line, "==", field_of(ip, "daddr"), prefix_of(&rule->destination));
		protocol_add(commands, line, rule, is_v4);
		length_add(commands, line, rule, is_v4);
		if (is_v4)
			fragments_v4_add(commands, line, rule);
		else
			fragments_v6_add(commands, line, lines[i]);
		transport_add(commands, line, rule);
		sources_add(commands, line, entries, entry, place);
		match_add(commands, line, "==", meta_of("nfproto"), json_string(gate));
		line_add(commands, line, json_pack("{s:{s:s}}", "goto", "target", chain));
		rule_add(commands, "in", line);
	}
}

/** A source set's addresses of one family, for as long as the longest of the rules that share it. */
static void addresses_add(struct commands *commands, const struct nft_entry *entries, size_t count, const struct nft_entry *owner)
{
	const struct source_set *set = owner->set;
	bool is_v4 = rule_prefix_is_v4(&owner->rule->destination);
	size_t first = is_v4 ? 0 : source_set_v4_count(set), last = is_v4 ? source_set_v4_count(set) : source_set_name(set)->count;
	uint32_t life_s = 0;
	char name[NAME_BYTES], text[IP_TEXT_BYTES];
	for (size_t i = 0; i < count; i++) {
		if (entries[i].set == set && entries[i].life_s > life_s)
			life_s = entries[i].life_s;
	}
	json_t *addresses = commands_take(commands, json_array());
	for (size_t i = first; addresses != NULL && i < last; i++) {
		struct ip_addr addr = source_set_at(set, i);
		if (json_array_append_new(addresses, json_string(ip_write(&addr, text))) != 0)
			commands->err = E_NOMEM;
	}
	json_t *more = json_pack("{s:I}", "timeout", (json_int_t)life_s);
	if (first < last && json_object_set(more, "elem", addresses) != 0)
		commands->err = E_NOMEM;
	json_decref(addresses);
	set_add(commands, name_of('x', owner->id, name), is_v4 ? "ipv4_addr" : "ipv6_addr", "timeout", more);
}

static void entries_add(struct commands *commands, const struct nft_entry *entries, size_t count, const struct nft_place *place)
{
	for (size_t i = 0; i < count && commands->err == OK; i++) {
		if (entries[i].life_s == 0 || entries[i].life_s > NFT_LIFE_MAX_S)
			commands->err = E_LIMIT;
		else if (entries[i].set != NULL && set_owner(entries, &entries[i]) == &entries[i])
			addresses_add(commands, entries, count, &entries[i]);
	}
	for (size_t i = 0; i < count && commands->err == OK; i++)
		entry_add(commands, entries, &entries[i], place);
}

/** A chain that sees what comes in at a device, NULL: at any. (nft 1.0.6 takes one device for a chain.) */
static void hook_add(struct commands *commands, size_t index, const char *device)
{
	char name[NAME_BYTES];
	name_of('h', (uint32_t)index, name);
	json_t *chain = object_of(name), *hook = json_pack("{s:s, s:s, s:i, s:s}", "type", "filter", "hook",
		device != NULL ? "ingress" : "prerouting", "prio", PRIORITY, "policy", "accept");
	if (json_object_update(chain, hook) != 0 || (device != NULL && json_object_set_new(chain, "dev", json_string(device)) != 0))
		commands->err = E_NOMEM;
	json_decref(hook);
	command_add(commands, "add", "chain", chain);
	rule_add(commands, name, json_pack("[{s:{s:s}}]", "jump", "target", "in"));
}

static void table_add(struct commands *commands, const struct nft_place *place)
{
	size_t count = 0;
	const struct ip_prefix *prefixes = place->space != NULL ? space_protected(place->space, &count) : NULL;
	command_add(commands, "add", "table", json_pack("{s:s, s:s}", "family", FAMILY, "name", TABLE));
	command_add(commands, "delete", "table", json_pack("{s:s, s:s}", "family", FAMILY, "name", TABLE));
	command_add(commands, "add", "table", json_pack("{s:s, s:s}", "family", FAMILY, "name", TABLE));
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		if (has_protected(place, is_v4))
			set_add(commands, is_v4 ? "p4" : "p6", is_v4 ? "ipv4_addr" : "ipv6_addr", "interval",
				json_pack("{s:b, s:o}", "auto-merge", 1, "elem", prefixes_of(commands, prefixes, count, is_v4)));
	}
	command_add(commands, "add", "chain", object_of("in"));
	for (size_t i = 0; i < place->device_count; i++)
		hook_add(commands, i, place->devices[i]);
	if (place->device_count == 0)
		hook_add(commands, 0, NULL);
}

static int entries_write(const struct nft_entry *entries, size_t count, const struct nft_place *place, bool is_whole,
	char **ret_text)
{
	struct commands commands;
	if (count > NFT_ENTRIES_MAX)
		return E_LIMIT;
	commands_begin(&commands);
	if (commands.err == OK && is_whole)
		table_add(&commands, place);
	if (commands.err == OK)
		entries_add(&commands, entries, count, place);
	return commands_end(&commands, ret_text);
}

int nft_write_table(const struct nft_entry *entries, size_t count, const struct nft_place *place, char **ret_text)
{
	return entries_write(entries, count, place, true, ret_text);
}

int nft_write_added(const struct nft_entry *entries, size_t count, const struct nft_place *place, char **ret_text)
{
	return entries_write(entries, count, place, false, ret_text);
}

int nft_write_withdrawn(const struct nft_entry *entries, size_t count, char **ret_text)
{
	struct commands commands;
	char name[NAME_BYTES];
	if (count == 0 || count > NFT_ENTRIES_MAX)
		return E_LIMIT;
	commands_begin(&commands);
	for (size_t i = 0; i < count && commands.err == OK; i++)
		command_add(&commands, "delete", "element", json_pack("{s:s, s:s, s:s, s:[s]}", "family", FAMILY, "table", TABLE, "name",
			name_of('g', entries[i].id, name), "elem", family_of(entries[i].rule)));
	return commands_end(&commands, ret_text);
}

/* Reading back. */

/** The id in a name of a kind: "m7"; false: another name. */
static bool id_read(const json_t *object, char kind, uint32_t *ret_id)
{
	const char *name = json_string_value(json_object_get(object, "name"));
	uint64_t id = 0;
	size_t i = 1;
	if (name == NULL || name[0] != kind)
		return false;
	for (; i <= 10 && name[i] >= '0' && name[i] <= '9'; i++)
		id = id * 10 + (uint64_t)(name[i] - '0');
	if (i == 1 || name[i] != '\0' || id > UINT32_MAX)
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/** The place of an id among states, or where it belongs. */
static size_t state_place(const struct nft_state *states, size_t count, uint32_t id)
{
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (states[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint64_t number_of(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));
	return value > 0 ? (uint64_t)value : 0;
}

/** Reads one object of the listing into the state that it is about, which is made where it is new. */
static int state_read(const json_t *object, struct nft_state *states, size_t *count)
{
	const json_t *counter = json_object_get(object, "counter"), *set = json_object_get(object, "set");
	uint32_t id = 0;
	bool is_matched = id_read(counter, 'm', &id), is_dropped = !is_matched && id_read(counter, 'd', &id);
	bool is_gate = !is_matched && !is_dropped && id_read(set, 'g', &id);
	if (!is_matched && !is_dropped && !is_gate)
		return OK;
	size_t place = state_place(states, *count, id);
	if (place == *count || states[place].id != id) {
		if (*count == NFT_ENTRIES_MAX)
			return E_LIMIT;
		memmove(&states[place + 1], &states[place], (*count - place) * sizeof(*states));
		states[place] = (struct nft_state){.id = id};
		*count += 1;
	}
	struct nft_state *state = &states[place];
	if (is_matched) {
		state->matched_packets = number_of(counter, "packets");
		state->matched_bytes = number_of(counter, "bytes");
	} else if (is_dropped) {
		state->dropped_packets = number_of(counter, "packets");
		state->dropped_bytes = number_of(counter, "bytes");
	} else {
		state->is_in_force = json_array_size(json_object_get(set, "elem")) > 0;
	}
	return OK;
}

int nft_read_table(const char *text, size_t length_bytes, struct nft_state ret_states[static NFT_ENTRIES_MAX], size_t *ret_count)
{
	json_error_t error;
	size_t count = 0;
	if (length_bytes > NFT_TEXT_BYTES_MAX)
		return E_LIMIT;
	json_t *root = json_loadb(text, length_bytes, 0, &error);
	const json_t *list = json_object_get(root, "nftables");
	bool is_memory = root == NULL && json_error_code(&error) == json_error_out_of_memory;
	int err = json_is_array(list) ? OK : is_memory ? E_NOMEM : E_MALFORMED;
	for (size_t i = 0; err == OK && i < json_array_size(list); i++)
		err = state_read(json_array_get(list, i), ret_states, &count);
	json_decref(root);
	if (err == OK)
		*ret_count = count;
	return err;
}
