/*
 * Hinomi in an exercise: the sensor, the authority and the effector, each a
 * process in the network that is attacked, with keys, policy and ledger made
 * for this one exercise; and the people, who act by the verbs that people
 * use. What the conductor is told comes from the sensor's findings, and from
 * the authority as any person may ask it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/scenario.h"
#include "exercise/tower.h"
#include "record/finding.h"
#include "record/order.h"
#include "record/receipt.h"

#define DEFENCE_LINE_BYTES 256

struct defence; /* opaque */

struct defence_config {
	const struct scenario *scenario;
	int net_fd; /* where the processes run */
	const char *interface; /* which they defend */
	const char *effector; /* "xdp" or "nft" */
	uint64_t threshold_pps; /* of a host; a prefix may get twice as much */
	uint64_t ratify_ms; /* the policy's deadline for urgent orders */
	struct exercise_tower *tower; /* prepared; is started and stopped here. Borrowed; NULL: none */
	const struct guest *guest; /* who has joined; NULL: nobody. Borrowed */
	const char *directory; /* for all files; exists, is empty, and stays the caller's. Borrowed */
};

/** What is known of one order. */
struct defence_order {
	char id[ORDER_ID_BYTES];
	char finding[FINDING_ID_BYTES];
	char state[16]; /* as the authority names it */
	int64_t since_ms; /* wall clock, of that state */
	bool is_urgent;
	bool has_standing; /* rests on a standing order */
	struct order_effect predicted;
};

enum defence_news {
	DEFENCE_NO_NEWS = 0,
	DEFENCE_FINDING, /* the sensor has told one */
	DEFENCE_ORDER, /* an order is new or has another state */
	DEFENCE_TROUBLE, /* a process is gone, or a verb failed: text tells */
};

struct defence_event {
	enum defence_news news;
	const struct finding *finding; /* borrowed until the next call */
	const struct defence_order *order; /* likewise */
	const char *text; /* likewise */
};

/**
 * Makes keys, policy, ledger and a standing order over what the scenario says, and starts the processes.
 *
 * @param config read; scenario and directory are kept
 * @param why room for one line that tells what is wrong
 * @param ret_defence owned by the caller, close with defence_close()
 * @return OK; E_UNSUPPORTED: a program is not there; E_STATE: one does not start; E_NOMEM; E_SYS
 */
MUST_USE int defence_open(const struct defence_config *config, char why[static 160], struct defence **ret_defence);

/** Looks for news. @return whether ret_event was filled; to be called until it was not */
bool defence_next(struct defence *defence, struct defence_event *ret_event);

/**
 * Has a person say something about an order, by hinomi-authority VERB. Does not wait: that it failed comes as news.
 *
 * @param verb "approve", "refuse" or "ratify"
 * @param order its id
 * @param person one of exercise/people.h
 * @param reason in a few words
 */
void defence_say(struct defence *defence, const char *verb, const char *order, const char *person, const char *reason);

/** The tower's page; NULL: there is none. */
const struct exercise_tower *defence_page(const struct defence *defence);

/** Stops sensor, effector and authority, in this order. The tower's page stays until defence_close(). */
void defence_stop(struct defence *defence);

/** Verifies the ledger with the ledger verb. @return whether it is in order; ret_line: what the verb said */
bool defence_ledger_verify(const struct defence *defence, char ret_line[static DEFENCE_LINE_BYTES]);

/** Takes one receipt of the ledger about an order; at_ms of the wall clock. */
typedef void defence_reader(void *context, const char *order, enum receipt_state state, int64_t at_ms);

/**
 * Reads the ledger with the ledger verb.
 *
 * @param read gets each receipt
 * @param context for read
 * @return OK or E_STATE: the verb failed
 */
MUST_USE int defence_ledger_read(const struct defence *defence, defence_reader *read, void *context);

/** Stops what still runs; NULL is fine. */
void defence_close(struct defence *defence);
