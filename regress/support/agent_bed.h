/* SPDX-License-Identifier: ISC */
/*
 * regress/support/agent_bed.h - an agent, a client of it, keys and a clock;
 * for the unit tests of keys/agent.h.
 */
#ifndef REGRESS_SUPPORT_AGENT_BED_H
#define REGRESS_SUPPORT_AGENT_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "keys/agent.h"
#include "keys/cert.h"
#include "regress/support/alloc.h"

#define KEYS	3

static const struct { const char *kind; unsigned bits; const char *alg; } kinds[KEYS] = {
	{ "ed25519", 0, "ssh-ed25519" },
	{ "ecdsa", 384, "ecdsa-sha2-nistp384" },
	{ "rsa", 1024, "rsa-sha2-512" },
};

struct bed {
	struct agent *agent;
	struct agent_client client;
	struct agent_time time;
	struct key *keys[KEYS];
	struct writer answer;
	enum agent_verdict verdict;
	struct agent_frame reply;	/* of answer, if verdict is AGENT_ANSWERED */
};

static inline struct key *
make_key(const char *kind, unsigned bits, uint64_t seed)
{
	struct rng_test state = { .state = seed };
	struct rng rng = rng_test(&state);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

/* lifetime is the agent's default. */
static inline struct bed
bed_new(uint32_t lifetime)
{
	static struct rng_test seed;
	struct rng rng = rng_test(&seed);
	struct bed b = { .time = { .now = 5000, .wall = 1000 }, .answer = writer_init(2 * AGENT_MAX_FRAME) };

	assert_int_equal(agent_new(&rng, lifetime, &b.agent), ERR_OK);
	for (size_t i = 0; i < KEYS; i++)
		b.keys[i] = make_key(kinds[i].kind, kinds[i].bits, i + 1);
	return b;
}

static inline void
bed_free(struct bed *b)
{
	agent_free(&b->agent);
	agent_client_free(&b->client);
	writer_free(&b->answer);
	for (size_t i = 0; i < KEYS; i++)
		key_free(&b->keys[i]);
}

/* A request; what comes of it is in verdict, answer and reply. */
static inline void
bed_handle(struct bed *b, const struct agent_frame *f)
{
	writer_reset(&b->answer);
	assert_int_equal(agent_handle(b->agent, &b->client, f, &b->time, &b->answer, &b->verdict), ERR_OK);
	b->reply = (struct agent_frame){ .type = 0 };
	if (b->verdict == AGENT_ANSWERED) {
		assert_int_equal(agent_frame_get(writer_span(&b->answer), &b->reply), ERR_OK);
		assert_int_equal(b->reply.size, b->answer.len);
	}
}

/* The one frame in w. */
static inline void
bed_send(struct bed *b, const struct writer *w)
{
	struct agent_frame f;

	assert_int_equal(wr_end(w), ERR_OK);
	assert_int_equal(agent_frame_get(writer_span(w), &f), ERR_OK);
	bed_handle(b, &f);
}

static inline void
bed_ask(struct bed *b, const struct writer *w, uint8_t expected)
{
	bed_send(b, w);
	assert_int_equal(b->verdict, AGENT_ANSWERED);
	assert_int_equal(b->reply.type, expected);
}

static inline void
bed_ask_type(struct bed *b, enum agent_type type, uint8_t expected)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	agent_put(&w, type);
	bed_ask(b, &w, expected);
}

static inline void
bed_send_string(struct bed *b, enum agent_type type, struct span s)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	agent_string_put(&w, type, s);
	bed_send(b, &w);
}

static inline void
bed_ask_string(struct bed *b, enum agent_type type, struct span s, uint8_t expected)
{
	bed_send_string(b, type, s);
	assert_int_equal(b->verdict, AGENT_ANSWERED);
	assert_int_equal(b->reply.type, expected);
}

/* Adds the key with this number. */
static inline void
bed_add(struct bed *b, size_t key, const struct agent_add *add)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	agent_add_put(&w, b->keys[key], add);
	bed_ask(b, &w, AGENT_SUCCESS);
}

/* Asks for a signature. */
static inline void
bed_sign(struct bed *b, struct span blob, struct span data, const char *alg)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	agent_sign_put(&w, blob, data, span_str(alg));
	bed_send(b, &w);
}

/* How many keys the client sees. */
static inline uint32_t
bed_count(struct bed *b)
{
	struct agent_identities list;
	struct span blob, comment;
	uint32_t n;

	bed_ask_type(b, AGENT_REQUEST_IDENTITIES, AGENT_IDENTITIES_ANSWER);
	assert_int_equal(agent_identities_get(b->reply.body, &list), ERR_OK);
	n = list.left;
	while (agent_identity_get(&list, &blob, &comment))
		;
	assert_int_equal(agent_identities_end(&list), ERR_OK);
	return n;
}

/* A certificate for the key with this number, by the Ed25519 key with seed 77. */
static inline void
bed_certify(const struct bed *b, size_t key, enum cert_role role, const char *name, struct writer *w)
{
	SCOPED(key_free) struct key *ca = make_key("ed25519", 0, 77);
	struct rng_test seed = { .state = 3 };
	struct rng rng = rng_test(&seed);
	struct cert_order order = {
		.key = b->keys[key], .role = role, .key_id = SPAN_LIT("id"), .principals = span_str(name),
		.valid_before = CERT_FOREVER,
	};

	assert_int_equal(cert_make(&order, ca, SPAN_LIT("ssh-ed25519"), &rng, w), ERR_OK);
}

#endif
