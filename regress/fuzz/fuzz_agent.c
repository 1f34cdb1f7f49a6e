/* SPDX-License-Identifier: ISC */
/*
 * Requests to an agent that has some keys, from two clients by turns, with
 * time going on and a user who answers questions. Each request gets one whole
 * answer, or a question; a locked agent shows and signs nothing; a key with
 * destinations never signs for a client without bindings.
 */
#include <stdint.h>
#include <stdlib.h>

#include "keys/agent_destination.h"
#include "keys/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Passphrases are slow to look at, on purpose: more of them in one input are passed over. */
#define MAX_PASSPHRASES	4

static struct key *
make(uint64_t seed)
{
	struct rng_test state = { .state = seed };
	struct rng rng = rng_test(&state);
	struct key *k;

	must(key_generate(SPAN_LIT("ed25519"), 0, &rng, &k) == ERR_OK);
	return k;
}

/* One of the keys that every run has, made once. */
static const struct key *
held(unsigned n)
{
	static struct key *made[5];

	if (made[n] == NULL)
		made[n] = make(n);
	return made[n];
}

struct run {
	struct agent *agent;
	struct agent_client clients[2];
	struct agent_time time;
	const struct key *restricted;
};

static struct agent_frame
handle(struct run *run, struct agent_client *c, const struct agent_frame *f, struct writer *answer)
{
	struct agent_frame out = { .type = 0 };
	enum agent_verdict verdict;
	bool was_locked = agent_is_locked(run->agent);

	writer_reset(answer);
	must(agent_handle(run->agent, c, f, &run->time, answer, &verdict) == ERR_OK);
	switch (verdict) {
	case AGENT_CONFIRM:
		must(answer->len > 0 && f->type == AGENT_SIGN_REQUEST && !was_locked);
		break;
	case AGENT_LATER:
		must(answer->len == 0 && was_locked && c->until > run->time.now);
		break;
	case AGENT_ANSWERED:
		must(agent_frame_get(writer_span(answer), &out) == ERR_OK && out.size == answer->len);
		must(!was_locked || out.type != AGENT_SIGN_RESPONSE);
		must((out.type == AGENT_FAILURE) == (c->why != NULL) || out.type == AGENT_EXTENSION_FAILURE);
		break;
	}
	must(agent_count(run->agent) <= AGENT_MAX_KEYS && c->n_bindings <= AGENT_MAX_BINDINGS);
	return out;
}

static void
one(struct run *run, struct agent_client *c, const struct agent_frame *f)
{
	SCOPED(writer_free) struct writer answer = writer_init(2 * AGENT_MAX_FRAME);
	struct agent_frame out = handle(run, c, f, &answer);
	struct agent_sign sign;

	if (out.type == AGENT_SIGN_RESPONSE) {
		must(agent_sign_get(f->body, &sign) == ERR_OK);
		must(!span_eq(sign.blob, key_blob(run->restricted)) || c->n_bindings > 0);
	}
}

static void
add(struct run *run, const struct key *k, const struct agent_add *how)
{
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME);
	struct agent_frame f;

	agent_add_put(&request, k, how);
	must(agent_frame_get(writer_span(&request), &f) == ERR_OK);
	one(run, &run->clients[0], &f);
}

static void
fill(struct run *run)
{
	SCOPED(writer_free) struct writer keys = writer_init(1024);
	SCOPED(writer_free) struct writer list = writer_init(1024);

	run->restricted = held(3);
	agent_hop_key_put(&keys, key_blob(held(4)), false);
	agent_destination_put(&list, &(struct agent_destination){
		.to = { .host = SPAN_LIT("h"), .keys = writer_span(&keys) } });
	add(run, held(1), &(struct agent_add){ .comment = SPAN_LIT("plain") });
	add(run, held(2), &(struct agent_add){ .confirm = true, .lifetime = 10 });
	add(run, run->restricted, &(struct agent_add){ .destinations = writer_span(&list) });
	must(agent_count(run->agent) == 3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	struct rng_test seed = { .state = 1 };
	struct rng rng = rng_test(&seed);
	struct run run = { .time = { .now = 1000, .wall = 1700000000 } };
	unsigned n_passphrases = 0;
	struct agent_frame f;

	must(agent_new(&rng, 0, &run.agent) == ERR_OK);
	fill(&run);
	/* A byte that says who asks, what the user says and how late it is, and a frame. */
	for (unsigned n = 0; n < 64 && rest.len > 1; n++) {
		uint8_t how = rest.p[0];
		struct agent_client *c = &run.clients[how & 1];

		c->consent = (enum agent_consent)((how >> 1) % 3);
		run.time.now += (msec)(how >> 3) * 100;
		if (agent_frame_get(span_skip(rest, 1), &f) != ERR_OK)
			break;
		if ((f.type != AGENT_LOCK && f.type != AGENT_UNLOCK) || n_passphrases++ < MAX_PASSPHRASES)
			one(&run, c, &f);
		rest = span_skip(rest, 1 + f.size);
	}
	agent_client_free(&run.clients[0]);
	agent_client_free(&run.clients[1]);
	agent_free(&run.agent);
	return 0;
}
