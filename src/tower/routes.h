/* The table of routes: what schema/api.json describes, and nothing else. tests compare the two. */
#pragma once

#include "tower/visit.h"

/**
 * Finds the route of a request.
 *
 * @param method as it came
 * @param path of the request
 * @param ret_values open segments of the path
 * @param ret_allow where the path has routes of other methods alone: those, for Allow; else NULL
 * @return NULL: none
 */
const struct route *route_find(const char *method, const char *path, struct request_values *ret_values, const char **ret_allow);

/* Handlers, by the file that they are in. */
visit_handler session_get, session_post, session_delete, passkey_begin, passkey_finish; /* api_session.c */
visit_handler now_get, traffic_get, sectors_get, health_get, metrics_get; /* api_now.c */
visit_handler incidents_get, incident_get, history_get, mails_get, sources_get; /* api_incident.c */
visit_handler report_get; /* api_report.c */
visit_handler orders_get, order_get, decision_get, decision_post; /* api_order.c */
visit_handler members_get, member_get, member_put, contacts_put, keys_put; /* api_member.c */
visit_handler assets_get, assets_put, asset_history_get; /* likewise */
visit_handler audit_get, lookups_get, accounts_get, account_put; /* api_account.c */
visit_handler checkpoint_get, tile_get, ledger_keys_get, page_get; /* api_file.c */
visit_handler documents_post; /* api_documents.c */
visit_handler exercise_get, exercise_post, exercise_delete, exercise_guest_post; /* api_exercise.c */

/** Replies that nobody plays exercises here; api_exercise.c. */
visit_handler exercise_missing;
