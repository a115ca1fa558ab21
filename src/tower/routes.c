/* The table of routes. Long because it is a table. */
#include "tower/routes.h"

#include <string.h>

#include "core/limits.h"

#define READ (ROLE_OPERATOR | ROLE_ANALYST | ROLE_APPROVER | ROLE_INSPECTOR | ROLE_READER)
#define ANY (READ | ROLE_SENDER)
#define FORM LIMIT_TOWER_FORM_BYTES, "application/json"
#define LINES LIMIT_TOWER_BODY_BYTES, "application/x-ndjson"

static const struct route routes[] = {
	{"GET", "/api/v1/session", ANY, ROUTE_READS, session_get, 0, NULL},
	{"POST", "/api/v1/session", ROLE_NONE, ROUTE_WRITES, session_post, FORM},
	{"DELETE", "/api/v1/session", ANY, ROUTE_WRITES, session_delete, 0, NULL},
	{"POST", "/api/v1/session/passkey/begin", ROLE_NONE, ROUTE_READS, passkey_begin, 0, NULL},
	{"POST", "/api/v1/session/passkey/finish", ROLE_NONE, ROUTE_WRITES, passkey_finish, FORM},
	{"GET", "/api/v1/now", READ, ROUTE_READS, now_get, 0, NULL},
	{"GET", "/api/v1/traffic", READ, ROUTE_READS, traffic_get, 0, NULL},
	{"GET", "/api/v1/sectors", READ, ROUTE_READS, sectors_get, 0, NULL},
	{"GET", "/api/v1/health", READ, ROUTE_READS, health_get, 0, NULL},
	{"GET", "/api/v1/events", READ, ROUTE_WATCHES, NULL, 0, NULL},
	{"GET", "/api/v1/incidents", READ, ROUTE_READS, incidents_get, 0, NULL},
	{"GET", "/api/v1/incidents/{id}", READ, ROUTE_READS, incident_get, 0, NULL},
	{"GET", "/api/v1/incidents/{id}/history", READ, ROUTE_READS, history_get, 0, NULL},
	{"GET", "/api/v1/incidents/{id}/mails", READ, ROUTE_READS, mails_get, 0, NULL},
	{"GET", "/api/v1/incidents/{id}/sources", READ, ROUTE_READS, sources_get, 0, NULL},
	{"GET", "/api/v1/incidents/{id}/report", ROLE_OPERATOR | ROLE_ANALYST | ROLE_INSPECTOR, ROUTE_WRITES, report_get, 0, NULL},
	{"GET", "/api/v1/orders", READ, ROUTE_READS, orders_get, 0, NULL},
	{"GET", "/api/v1/orders/{digest}", READ, ROUTE_READS, order_get, 0, NULL},
	{"GET", "/api/v1/orders/{digest}/decision", ROLE_APPROVER, ROUTE_READS, decision_get, 0, NULL},
	{"POST", "/api/v1/orders/{digest}/decision", ROLE_APPROVER, ROUTE_RELAYS, decision_post, FORM},
	{"GET", "/api/v1/ledger/checkpoint", READ, ROUTE_READS, checkpoint_get, 0, NULL},
	{"GET", "/api/v1/ledger/tile/{path*}", READ, ROUTE_READS, tile_get, 0, NULL},
	{"GET", "/api/v1/ledger/keys", READ, ROUTE_READS, ledger_keys_get, 0, NULL},
	{"GET", "/api/v1/members", READ, ROUTE_READS, members_get, 0, NULL},
	{"GET", "/api/v1/members/{name}", READ, ROUTE_READS, member_get, 0, NULL},
	{"PUT", "/api/v1/members/{name}", ROLE_OPERATOR, ROUTE_WRITES, member_put, FORM},
	{"PUT", "/api/v1/members/{name}/contacts", ROLE_OPERATOR, ROUTE_WRITES, contacts_put, FORM},
	{"PUT", "/api/v1/members/{name}/keys", ROLE_OPERATOR, ROUTE_WRITES, keys_put, FORM},
	{"GET", "/api/v1/members/{name}/assets", READ, ROUTE_READS, assets_get, 0, NULL},
	{"PUT", "/api/v1/members/{name}/assets", ROLE_OPERATOR, ROUTE_WRITES, assets_put, FORM},
	{"GET", "/api/v1/members/{name}/assets/{id}/history", READ, ROUTE_READS, asset_history_get, 0, NULL},
	{"GET", "/api/v1/audit", ROLE_INSPECTOR, ROUTE_READS, audit_get, 0, NULL},
	{"GET", "/api/v1/lookups", ROLE_INSPECTOR, ROUTE_READS, lookups_get, 0, NULL},
	{"GET", "/api/v1/accounts", ROLE_OPERATOR | ROLE_INSPECTOR, ROUTE_READS, accounts_get, 0, NULL},
	{"PUT", "/api/v1/accounts/{name}", ROLE_OPERATOR, ROUTE_WRITES, account_put, FORM},
	{"POST", "/api/v1/documents", ROLE_SENDER, ROUTE_WRITES, documents_post, LINES},
	{"GET", "/api/v1/exercise", READ, ROUTE_READS, exercise_get, 0, NULL},
	{"POST", "/api/v1/exercise", ROLE_OPERATOR | ROLE_ANALYST, ROUTE_EXERCISES, exercise_post, FORM},
	{"DELETE", "/api/v1/exercise", ROLE_OPERATOR | ROLE_ANALYST, ROUTE_EXERCISES, exercise_delete, 0, NULL},
	{"POST", "/api/v1/exercise/guest", ROLE_OPERATOR | ROLE_ANALYST, ROUTE_EXERCISES, exercise_guest_post, FORM},
	{"GET", "/metrics", READ, ROUTE_READS, metrics_get, 0, NULL},
};

/** What is none of the interface's: files of the page. */
static const struct route page_route = {"GET", "", ROLE_NONE, ROUTE_READS, page_get, 0, NULL};

/** Methods of a path, by bits in the order of their names. */
static const char *allow_write(unsigned methods)
{
	static const char *const names[] = {"GET", "POST", "PUT", "DELETE"};
	static const char *const lists[] = {
		NULL, "GET, HEAD", "POST", "GET, HEAD, POST", "PUT", "GET, HEAD, PUT", "POST, PUT", "GET, HEAD, POST, PUT", "DELETE",
		"GET, HEAD, DELETE", "POST, DELETE", "GET, HEAD, POST, DELETE", "PUT, DELETE", "GET, HEAD, PUT, DELETE",
		"POST, PUT, DELETE", "GET, HEAD, POST, PUT, DELETE",
	};
	_Static_assert(sizeof(lists) / sizeof(lists[0]) == 1 << (sizeof(names) / sizeof(names[0])), "a list for each set");
	return lists[methods];
}

static unsigned method_bit(const char *method)
{
	return method[0] == 'G' ? 1 : method[0] == 'D' ? 8 : method[1] == 'O' ? 2 : 4;
}

const struct route *route_find(const char *method, const char *path, struct request_values *ret_values, const char **ret_allow)
{
	unsigned others = 0;
	bool is_page = strncmp(path, "/api/", 5) != 0;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!request_match(routes[i].pattern, path, ret_values))
			continue;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
		others |= method_bit(routes[i].method);
	}
	*ret_allow = allow_write(others == 0 && is_page ? 1 : others);
	return others == 0 && is_page && strcmp(method, "GET") == 0 ? &page_route : NULL;
}
