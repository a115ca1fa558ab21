/*
 * The authority's sockets: its own, with lines of JSON from sensors and
 * people, told apart by the account that the kernel says is at the other end;
 * and one to each effector, which listens. Each request gets one line.
 * Effectors get bundles and withdrawals, and send receipts and their health.
 *
 *     a countermeasure                      sensors
 *     {"ask":"orders"}                      people: as many as one answer holds; "next" of it is "from" of the next question
 *     {"ask":"order","id":ID}               people
 *     {"ask":"states"}                      people: of each order what changes when anything happens to it
 *     {"ask":"explain","id":ID}             people: in plain words, with all that was said and done
 *     {"ask":"say","text":DOCUMENT}         people
 *     {"ask":"witness","old":N}             people: the body of an add-checkpoint request
 *     {"ask":"cosign","note":CHECKPOINT}    people
 *
 * Being allowed to speak is no authority: what people say is signed, and what
 * sensors and effectors say moves nothing that the policy does not allow.
 */
#pragma once

#include "authority/authority.h"
#include "authority/config.h"

struct serve; /* opaque */

/**
 * Makes the socket, readable and writable by its group.
 *
 * @param config borrowed
 * @param ret_serve the caller's
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int serve_new(const struct config *config, struct serve **ret_serve);
void serve_free(struct serve *serve);

/** The authority_sender of a struct serve. */
authority_sender serve_send;

/**
 * Serves until asked to end.
 *
 * @param serve with its socket
 * @param authority that answers
 * @param should_end set by a signal
 * @return OK, or E_SYS: the loop cannot go on
 */
MUST_USE int serve_run(struct serve *serve, struct authority *authority, const volatile int *should_end);
