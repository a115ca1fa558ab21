/*
 * Members: the table of sectors, the tables of their documents (as stores
 * keep them and the API writes them), and what their form must be.
 *
 * The sectors are the 15 of the Act's designated operators (the list of the
 * Economic Security Promotion Act, article 50), in its order.
 */
#include "tower/member.h"

#include <string.h>

const struct sector sectors[SECTOR_COUNT] = {
	{1, "electricity", "Electricity", "電気"},
	{2, "gas", "Gas", "ガス"},
	{3, "oil", "Oil", "石油"},
	{4, "water", "Water supply", "水道"},
	{5, "railways", "Railways", "鉄道"},
	{6, "trucking", "Truck freight", "貨物自動車運送"},
	{7, "ocean_shipping", "Ocean-going shipping", "外航海運"},
	{8, "ports", "Port transport", "港湾運送"},
	{9, "aviation", "Aviation", "航空"},
	{10, "airports", "Airports", "空港"},
	{11, "telecommunications", "Telecommunications", "電気通信"},
	{12, "broadcasting", "Broadcasting", "放送"},
	{13, "postal", "Postal services", "郵便"},
	{14, "finance", "Finance", "金融"},
	{15, "credit_cards", "Credit cards", "クレジットカード"},
};

const struct sector *sector_find(const char *name)
{
	for (size_t i = 0; i < SECTOR_COUNT; i++) {
		if (strcmp(sectors[i].name, name) == 0)
			return &sectors[i];
	}
	return NULL;
}

static const struct field network_entry = {
	.name = "", .type = FIELD_PREFIX, .privacy = PRIVACY_MEMBER, .size_bytes = sizeof(struct ip_prefix)};
#define OWNER struct member
static const struct field member_fields[] = {
	ROW_TEXT("name", OWNER, name, PRIVACY_MEMBER, 1),
	ROW_TEXT("title", OWNER, title, PRIVACY_MEMBER, 0),
	ROW_UINT(OWNER, sector, PRIVACY_SECTOR, 0, SECTOR_COUNT),
	{.name = "active", FIELD_ROW(FIELD_BOOL, OWNER, is_active, PRIVACY_MEMBER)},
	ROW_TIME("changed_ms", OWNER, changed_ms, PRIVACY_MEMBER),
	ROW_TEXT("changed_by", OWNER, changed_by, PRIVACY_MEMBER, 0),
	ROW_LIST("networks", PRIVACY_MEMBER, OWNER, networks, network_count, &network_entry),
};
const struct field member_document = ROW_OBJECT("member", PRIVACY_MEMBER, OWNER, 0, member_fields);
#undef OWNER
#define OWNER struct member_contact
static const struct field contact_fields[] = {
	ROW_TEXT("role", OWNER, role, PRIVACY_MEMBER, 1),
	ROW_TEXT("name", OWNER, name, PRIVACY_MEMBER, 1),
	ROW_TEXT("reach", OWNER, reach, PRIVACY_MEMBER, 1),
};
const struct field member_contact_document = ROW_OBJECT("contact", PRIVACY_MEMBER, OWNER, 0, contact_fields);
#undef OWNER
#define OWNER struct member_key
static const struct field key_fields[] = {
	ROW_TEXT("name", OWNER, name, PRIVACY_MEMBER, 1),
	ROW_TEXT("use", OWNER, use, PRIVACY_MEMBER, 1),
	ROW_TEXT("vkey", OWNER, vkey, PRIVACY_MEMBER, 1),
};
const struct field member_key_document = ROW_OBJECT("key", PRIVACY_MEMBER, OWNER, 0, key_fields);
#undef OWNER
#define OWNER struct member_asset
static const struct field asset_fields[] = {
	ROW_TEXT("id", OWNER, id, PRIVACY_MEMBER, 1),
	ROW_TEXT("product", OWNER, product, PRIVACY_MEMBER, 1),
	ROW_TEXT("version", OWNER, version, PRIVACY_MEMBER, 0),
	ROW_TEXT("place", OWNER, place, PRIVACY_MEMBER, 0),
	ROW_TEXT("note", OWNER, note, PRIVACY_MEMBER, 0),
	{.name = "retired", FIELD_ROW(FIELD_BOOL, OWNER, is_retired, PRIVACY_MEMBER)},
	ROW_TIME("changed_ms", OWNER, changed_ms, PRIVACY_MEMBER),
	ROW_TEXT("changed_by", OWNER, changed_by, PRIVACY_MEMBER, 0),
};
const struct field member_asset_document = ROW_OBJECT("asset", PRIVACY_MEMBER, OWNER, 0, asset_fields);

bool member_name_is_sound(const char *name)
{
	size_t length = strnlen(name, DOCUMENT_NAME_BYTES);
	return length > 0 && length < DOCUMENT_NAME_BYTES && name[0] != '.' && name[0] != '-' &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == length;
}

static bool is_repeated(const struct member *member, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (ip_equal(&member->networks[i].addr, &member->networks[at].addr) &&
			member->networks[i].bits == member->networks[at].bits)
			return true;
	}
	return false;
}

int member_check(const struct member *member, char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	if (!member_name_is_sound(member->name))
		return document_refuse(ret_complaint, "name: lower-case letters, digits, '-' and '.' are allowed");
	if (member->sector > SECTOR_COUNT)
		return document_refuse(ret_complaint, "sector: there is none of that number");
	if (member->network_count > MEMBER_NETWORKS_MAX)
		return document_refuse(ret_complaint, "networks: more than %u", MEMBER_NETWORKS_MAX);
	for (size_t i = 0; i < member->network_count; i++) {
		if (member->networks[i].bits == 0)
			return document_refuse(ret_complaint, "networks: everything is nobody's network");
		if (is_repeated(member, i))
			return document_refuse(ret_complaint, "networks: one is given twice");
	}
	return OK;
}

bool member_covers(const struct member *member, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < member->network_count; i++) {
		if (member->networks[i].bits <= prefix->bits && ip_prefix_covers(&member->networks[i], &prefix->addr))
			return true;
	}
	return false;
}
