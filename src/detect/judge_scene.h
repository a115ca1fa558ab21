/*
 * What the judge's rules look at: numbers of the whole profile that several
 * rules need (the scene), and those of one slot (the facts). Worked out once,
 * so that each rule is a few lines.
 *
 * Inside of the judge: judge.c and judge_tcp.c alone include it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/judge.h"

/** Numbers that several rules need, worked out once. */
struct scene {
	const struct profile *profile;
	const struct judge_context *context;
	const struct reverse *reverse;
	bool visible; /* what the end sends is seen */
	bool is_prefix; /* the end is more than one address */
	uint64_t hosts; /* addresses of a prefix that were hit */
	uint64_t packets; /* all */
	uint64_t tcp; /* TCP packets */
	uint64_t syn; /* SYN of any kind */
	uint64_t ack;
	uint64_t psh;
	uint64_t connections; /* living connections */
	uint64_t completed; /* flows whose SYN was followed by an ACK or data */
	bool connects; /* SYNs become connections that carry nothing */
	bool requests; /* requests without end from the same sources: all of their connections is part of it */
	bool middlebox; /* block pages that nobody asked for */
};

/** One slot with its derived numbers. */
struct facts {
	const struct slot *slot;
	uint64_t peers;
	uint64_t flows;
	uint64_t ports;
	uint64_t pps; /* peak */
	uint32_t length; /* most frequent length */
	unsigned length_permille; /* of that length, and of those within 0.5 % of it where they are means of flow records */
	uint64_t mean_bytes;
};

/** What a rule says of a slot. */
struct opinion {
	unsigned attack_permille; /* of the slot's packets */
	unsigned sure; /* 0..100 */
	unsigned fresh_permille; /* of its packets of just now, where that is another share; 0: it is the same */
};

typedef struct opinion rule_fn(const struct scene *scene, const struct facts *facts);

/** Works out the scene of a profile; both arguments are borrowed by it. */
void scene_of(const struct profile *profile, const struct judge_context *context, struct scene *ret_scene);

/** Works out the facts of one slot of a scene. */
void facts_of(const struct scene *scene, const struct slot *slot, struct facts *ret_facts);

/** Whether packets of a slot were passed over: sampled by who sent them, or by the profile. Then flows are seldom seen twice. */
bool is_thinned(const struct scene *scene, const struct slot *slot);

/** The slot of a vector, NULL if the profile has none. */
const struct slot *slot_of(const struct profile *profile, enum vector vector);

/** Packets of a vector's slot, 0 if there is none. */
uint64_t packets_of(const struct profile *profile, enum vector vector);

/** Packets a second of a slot just now; 0 where the scene is of a whole epoch, or there is no slot. */
uint64_t slot_fresh_pps(const struct scene *scene, const struct slot *slot);

/** What is left of the packets when an explained number is taken away, in permille. */
unsigned unexplained_permille(uint64_t packets, uint64_t explained);

/**
 * Packets that answers explain. Where flows are many and every packet is seen, flow by flow: those that the end
 * answered. Else by counts: so many packets for each that the end sent.
 */
unsigned unanswered_permille(const struct scene *scene, const struct facts *facts, uint64_t answers, uint64_t each);

/** Few who answer many of ours, or one who answers slowly: somebody forged our addresses. The sweep detector's business. */
bool is_backscatter(const struct scene *scene, const struct facts *facts);

/* judge_tcp.c: the TCP part of the scene, its rules, and the names of its slots. */
void scene_add_tcp(struct scene *scene);
rule_fn rule_syn, rule_conversation, rule_flagless, rule_end, rule_synack, rule_connections, rule_requests;
enum vector name_tcp(const struct scene *scene, const struct facts *facts, enum vector hint);
