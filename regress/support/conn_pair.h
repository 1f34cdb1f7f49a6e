/* SPDX-License-Identifier: ISC */
/*
 * regress/support/conn_pair.h - a client's and a server's conn, joined in
 * memory, each with a small program around it that answers every question:
 * the user "alice" gets in with the password "secret", channels are accepted,
 * and bytes of a known sequence flow on the first one.
 */
#ifndef REGRESS_SUPPORT_CONN_PAIR_H
#define REGRESS_SUPPORT_CONN_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/reader.h"
#include "conn/conn.h"
#include "crypto/crypto.h"
#include "crypto/hash.h"
#include "kex/kex.h"
#include "keys/key.h"

#define PAIR_MAX_KEYS	3

struct end {
	struct conn *conn;
	struct conn_config config;
	struct rng_test seed;
	unsigned seen[EV_COUNT];	/* events by type */
	enum err failure;		/* of EV_FAILED */
	uint32_t reason;		/* of EV_FAILED or EV_DISCONNECTED */
	char text[2048];
	bool is_over;
	bool has_channel;
	struct channel_id channel;
	uint64_t to_send;		/* bytes of the sequence still to go out */
	uint64_t sent;
	uint64_t received;
	struct kex_names names;
	uint8_t session_id[HASH_MAX_LEN];
	size_t session_id_len;
	uint32_t sign_id;		/* of a question that was left open */
};

struct pair {
	struct end end[2];		/* by side */
	struct key *key[PAIR_MAX_KEYS];
	struct conn_hostkey hostkey[PAIR_MAX_KEYS];
	msec now;
	size_t chunk;			/* bytes moved at a time; 0: all that fit */
	uint64_t moved[2];		/* bytes delivered, by receiving side */
	bool leave_signature;		/* do not answer NEED_HOST_SIGNATURE */
	struct span prime, generator;	/* answer to NEED_GROUP */
	unsigned group_bits;		/* of the last NEED_GROUP */
	bool no_login;			/* the client does not try to */
	const char *user_algs;		/* of a second EXT_INFO; NULL: there is none */
	bool distrust;			/* answer NEED_HOSTKEY_CHECK with no */
	/* Called with what is about to be delivered to a side; may change it. */
	void (*tamper)(struct pair *p, enum side to, uint8_t *bytes, size_t n);
	/* Where given: called with each NEED_HOST_SIGNATURE; makes the source of an end. */
	void (*on_sign)(const struct event *ev);
	struct rng (*rng_of)(struct end *e);
	void *tamper_arg;
};

static inline enum side
other(enum side s)
{
	return s == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

/* The n-th byte of the sequence that side sends. */
static inline uint8_t
sequence(enum side side, uint64_t n)
{
	return (uint8_t)(n * 167 + (n >> 8) * 13 + (n >> 16) + side);
}

/* Sets everything up but the conns, which pair_start() makes. */
static inline void
pair_init(struct pair *p, const char *kind)
{
	struct rng_test seed = { 99 };
	struct rng rng = rng_test(&seed);

	*p = (struct pair){ .now = 1000 };
	assert_int_equal(key_generate(span_str(kind), 0, &rng, &p->key[0]), ERR_OK);
	p->hostkey[0] = (struct conn_hostkey){ key_blob(p->key[0]), key_algs(p->key[0]) };
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		p->end[s].config = (struct conn_config){
			.side = s,
			.ident = s == SIDE_CLIENT ? "SSH-2.0-Dayfly_client" : "SSH-2.0-Dayfly_server",
			.kex_algs = kex_names(),
			.hostkey_algs = keys_list(KEY_LIST_DEFAULT),
			.ciphers = crypto_cipher_names(),
			.macs = crypto_mac_names(),
			.compression = "none",
		};
		p->end[s].seed.state = 7 + s;
	}
	p->end[SIDE_SERVER].config.server_sig_algs =
	    "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,rsa-sha2-256";
	p->end[SIDE_SERVER].config.hostkeys = p->hostkey;
	p->end[SIDE_SERVER].config.n_hostkeys = 1;
}

/* Makes both conns; ERR_OK or the first error. */
static inline enum err
pair_start(struct pair *p)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct end *e = &p->end[s];

		e->config.rng = p->rng_of != NULL ? p->rng_of(e) : rng_test(&e->seed);
		TRY(conn_new(&e->conn, &e->config, p->now));
	}
	return ERR_OK;
}

static inline void
pair_free(struct pair *p)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		conn_free(p->end[s].conn);
	for (size_t i = 0; i < PAIR_MAX_KEYS; i++)
		key_free(&p->key[i]);
}

/* --- the programs --- */

static inline void
pair_sign(struct pair *p, struct event *ev)
{
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	uint8_t hash[HASH_MAX_LEN];
	struct end *e = &p->end[SIDE_SERVER];

	hash_once(hash_find(ev->sign.hash), ev->sign.transcript, hash);
	assert_true(span_eq(ev->sign.exchange_hash,
	    span_of(hash, hash_len(hash_find(ev->sign.hash)))));
	if (p->on_sign != NULL)
		p->on_sign(ev);
	if (p->leave_signature) {
		e->sign_id = ev->id;
		return;
	}
	if (key_sign(p->key[ev->sign.hostkey], span_str(ev->sign.alg), ev->sign.exchange_hash,
	    &sig) != ERR_OK)
		writer_reset(&sig);
	conn_answer_host_signature(e->conn, ev->id, writer_span(&sig));
}

static inline void
pair_channel_data(struct pair *p, enum side s, struct event *ev)
{
	struct end *e = &p->end[s];

	for (size_t i = 0; i < ev->data.len; i++)
		if (ev->data.p[i] != sequence(other(s), e->received + i))
			fail_msg("byte %llu is wrong", (unsigned long long)(e->received + i));
	e->received += ev->data.len;
	conn_channel_consumed(e->conn, ev->channel, ev->data.len);
}

static inline void
pair_keep_text(struct end *e, struct span text)
{
	size_t n = text.len < sizeof(e->text) - 1 ? text.len : sizeof(e->text) - 1;

	if (n > 0)
		memcpy(e->text, text.p, n);
	e->text[n] = '\0';
}

static inline void
pair_event(struct pair *p, enum side s, struct event *ev)
{
	struct end *e = &p->end[s];

	e->seen[ev->type]++;
	switch (ev->type) {
	case EV_NEED_HOST_SIGNATURE:
		pair_sign(p, ev);
		break;
	case EV_NEED_GROUP:
		p->group_bits = ev->group.n;
		conn_answer_group(e->conn, ev->id, p->prime, p->generator);
		break;
	case EV_NEED_HOSTKEY_CHECK:
		assert_true(span_eq(ev->hostkey.blob, p->hostkey[0].blob) || p->hostkey[1].algs != NULL);
		conn_answer_hostkey_check(e->conn, ev->id, !p->distrust);
		break;
	case EV_KEX_DONE:
		e->names = ev->kex.names;
		e->session_id_len = ev->kex.session_id.len;
		memcpy(e->session_id, ev->kex.session_id.p, ev->kex.session_id.len);
		break;
	case EV_AUTH_READY:
		if (p->no_login)
			break;
		conn_auth_password(e->conn, "alice", SPAN_LIT("secret"));
		break;
	case EV_NEED_AUTH:
		if (p->user_algs != NULL)
			conn_tell_sig_algs(e->conn, span_str(p->user_algs));
		conn_answer_auth(e->conn, ev->id,
		    span_is(ev->auth.user, "alice") && span_is(ev->auth.password, "secret") ?
		    AUTH_RESULT_SUCCESS : AUTH_RESULT_FAILURE, SPAN_LIT("password"));
		break;
	case EV_NEED_CHANNEL:
		e->channel = ev->channel;
		e->has_channel = true;
		conn_answer_channel(e->conn, ev->channel, SPAN_EMPTY);
		break;
	case EV_CHANNEL_OPENED:
		e->has_channel = true;
		break;
	case EV_CHANNEL_DATA:
		pair_channel_data(p, s, ev);
		break;
	case EV_FAILED:
	case EV_DISCONNECTED:
		e->is_over = true;
		e->failure = ev->err;
		e->reason = ev->reason;
		pair_keep_text(e, ev->text);
		break;
	default:
		break;
	}
}

static inline void
pair_events(struct pair *p, enum side s)
{
	struct event ev;

	while (conn_next(p->end[s].conn, &ev))
		pair_event(p, s, &ev);
}

/* Sends what is to be sent on the channel, as far as it goes now. */
static inline bool
pair_feed(struct pair *p, enum side s)
{
	struct end *e = &p->end[s];
	bool did = false;

	while (e->has_channel && !e->is_over && e->to_send > 0) {
		struct room room = conn_channel_room(e->conn, e->channel, STREAM_DATA);
		size_t n = room.len < e->to_send ? room.len : (size_t)e->to_send;

		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++)
			room.p[i] = sequence(s, e->sent + i);
		conn_channel_send(e->conn, e->channel, STREAM_DATA, n);
		e->sent += n;
		e->to_send -= n;
		did = true;
	}
	return did;
}

/* Moves some bytes to a side and lets it take them in; false if there were none. */
static inline bool
pair_deliver(struct pair *p, enum side to)
{
	struct end *from = &p->end[other(to)];
	struct end *e = &p->end[to];
	struct span out = conn_output(from->conn);
	struct room room = conn_room(e->conn);
	size_t n = out.len < room.len ? out.len : room.len;

	if (p->chunk != 0 && n > p->chunk)
		n = p->chunk;
	/* A side that has ended reads and drops. */
	if (e->is_over) {
		conn_sent(from->conn, out.len);
		return false;
	}
	if (n == 0)
		return false;
	memcpy(room.p, out.p, n);
	if (p->tamper != NULL)
		p->tamper(p, to, room.p, n);
	conn_sent(from->conn, n);
	p->moved[to] += n;
	(void)!conn_received(e->conn, n, p->now);
	pair_events(p, to);
	return true;
}

/* Lets both go on until nothing moves any more, and nobody wants to be called. */
static inline void
pair_run(struct pair *p)
{
	bool did = true;

	while (did) {
		did = false;
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			pair_events(p, s);
			did |= pair_feed(p, s);
			did |= pair_deliver(p, s);
			did |= conn_deadline(p->end[s].conn) == 0;
		}
	}
}

/* Tells both the time. */
static inline void
pair_tell_time(struct pair *p, msec now)
{
	p->now = now;
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		(void)!conn_received(p->end[s].conn, 0, now);
		pair_events(p, s);
	}
}

/* Makes, connects, logs in and opens a channel: everything must work. */
static inline void
pair_open(struct pair *p)
{
	assert_int_equal(pair_start(p), ERR_OK);
	pair_run(p);
	assert_string_equal(p->end[SIDE_CLIENT].text, "");
	assert_string_equal(p->end[SIDE_SERVER].text, "");
	assert_int_equal(p->end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS], 1);
	assert_int_equal(p->end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 1);
	assert_int_equal(conn_channel_open(p->end[SIDE_CLIENT].conn, "session", SPAN_EMPTY,
	    &p->end[SIDE_CLIENT].channel), ERR_OK);
	pair_run(p);
	assert_true(p->end[SIDE_CLIENT].has_channel && p->end[SIDE_SERVER].has_channel);
}

/* Sends n bytes each way and checks that they arrive. */
static inline void
pair_exchange(struct pair *p, uint64_t n)
{
	uint64_t before[2] = { p->end[SIDE_CLIENT].received, p->end[SIDE_SERVER].received };

	p->end[SIDE_CLIENT].to_send = p->end[SIDE_SERVER].to_send = n;
	pair_run(p);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		assert_string_equal(p->end[s].text, "");
		assert_int_equal(p->end[s].received - before[s], n);
	}
}

#endif
