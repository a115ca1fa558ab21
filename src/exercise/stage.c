/* Server and clients are processes forked from this one; their counts are in memory that is shared with it. */
#include "exercise/stage.h"

#include <stdio.h>
#include <string.h>

#include "exercise/address.h"
#include "exercise/direct.h"
#include "exercise/mailbox.h"
#include "exercise/program.h"
#include "exercise/server.h"

static void service_add(const struct ip_addr *addr, struct ip_addr *services, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		if (ip_equal(&services[i], addr))
			return;
	}
	if (*count < CLIENTS_SERVICES_MAX)
		services[(*count)++] = *addr;
}

size_t stage_services(const struct scenario *scenario, struct ip_addr ret_services[static CLIENTS_SERVICES_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < scenario->attack_count; i++) {
		const struct ip_prefix *target = &scenario->attacks[i].target;
		struct ip_addr host = address_in_prefix(target, address_count(target) > 1 ? 10 : 0);
		service_add(&host, ret_services, &count);
	}
	if (count == 0) {
		struct ip_addr host = address_in_prefix(&scenario->member, 10);
		service_add(&host, ret_services, &count);
	}
	return count;
}

int stage_open(const struct scenario *scenario, const char *label, char why[static 160], struct stage *ret_stage)
{
	struct clients_plan *plan = &ret_stage->plan;
	struct ip_addr outside[CLIENTS_MAX + MAILBOX_HOSTS_MAX]; /* whoever is there and attacks nobody */
	uint64_t world = scenario->seed ^ DIRECT_WORLD_CLIENTS;

	memset(ret_stage, 0, sizeof(*ret_stage));
	plan->duration_ms = scenario->duration_ms;
	plan->seed = scenario->seed;
	plan->client_count = scenario->http_clients;
	plan->service_count = stage_services(scenario, plan->services);
	for (size_t i = 0; i < plan->client_count; i++) {
		plan->clients[i] = address_of_machine(world, i, scenario->is_v4);
		plan->ttl[i] = address_ttl(world, i);
	}
	memcpy(outside, plan->clients, plan->client_count * sizeof(*outside));
	for (size_t i = 0; i < MAILBOX_HOSTS_MAX; i++)
		outside[plan->client_count + i] = mailbox_machine(scenario->seed, i, scenario->is_v4);
	struct place_config config = {.label = label, .is_v4 = scenario->is_v4, .line_pps = scenario->line_pps,
		.clients = outside, .client_count = plan->client_count + MAILBOX_HOSTS_MAX};
	int error = place_open(&config, why, &ret_stage->place);
	if (error != OK)
		return error;
	ret_stage->counts = plan->counts = clients_counts_new();
	struct program_place hosts = {.net_fd = place_hosts_fd(ret_stage->place)};
	if (ret_stage->counts == NULL || program_fork(&hosts, server_run, NULL, &ret_stage->server) != OK) {
		(void)snprintf(why, 160, "the hosts' process cannot be started");
		return E_SYS;
	}
	return OK;
}

int stage_begin(struct stage *stage, int64_t start_mono_ns)
{
	struct program_place outside = {.net_fd = place_outside_fd(stage->place)};
	stage->plan.start_mono_ns = start_mono_ns;
	return program_fork(&outside, clients_run, &stage->plan, &stage->clients);
}

bool stage_is_whole(const struct stage *stage, bool is_over)
{
	return program_is_alive(stage->server) && (is_over || program_is_alive(stage->clients));
}

void stage_close(struct stage *stage)
{
	(void)program_stop(&stage->clients);
	(void)program_stop(&stage->server);
	place_close(stage->place);
	clients_counts_free(stage->counts);
	memset(stage, 0, sizeof(*stage));
}
