/* SPDX-License-Identifier: ISC */
/*
 * regress/support/fuzz_conn.h - a whole connection under a fuzzer. The side
 * under test runs in clear (in a fuzzing build) with seeded randomness, so an
 * input is the same packets each time. A tame peer brings it to where the
 * input wants to start; then the input speaks:
 *
 *	byte     where to start: 0 from the first byte, 1 after the key exchange,
 *		 2 authenticating, 3 with an open channel; 64: the program says no
 *	then     records: a byte, what to do (see fuzz_step()); a byte, how much;
 *		 as many bytes
 */
#ifndef REGRESS_SUPPORT_FUZZ_CONN_H
#define REGRESS_SUPPORT_FUZZ_CONN_H

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/reader.h"
#include "conn/conn.h"
#include "kex/kex.h"
#include "keys/key.h"

struct fuzz_end {
	struct conn *conn;
	struct rng_test seed;
	bool is_over;
	bool is_tame;			/* the helper: does only what is needed */
	bool has_channel;
	struct channel_id channel;
	unsigned n_auth;
};

struct fuzz_pair {
	struct fuzz_end end[2];		/* by side */
	enum side under_test;
	msec now;
	struct conn_hostkey hostkey;
	struct key *key;
	bool refuse;			/* answers of the program under test: no */
	bool log_in;			/* a tame client does */
};

static inline void
fuzz_new(struct fuzz_pair *p, enum side under_test)
{
	struct rng_test seed = { 3 };
	struct rng rng = rng_test(&seed);

	*p = (struct fuzz_pair){ .under_test = under_test, .now = 1000 };
	must(key_generate(SPAN_LIT("ed25519"), 0, &rng, &p->key) == ERR_OK);
	p->hostkey = (struct conn_hostkey){ key_blob(p->key), "ssh-ed25519" };
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct conn_config config = { .side = s, .ident = "SSH-2.0-Dayfly_fuzz",
		    .kex_algs = "curve25519-sha256,diffie-hellman-group-exchange-sha256",
		    .hostkey_algs = "ssh-ed25519", .ciphers = "aes128-ctr",
		    .macs = "hmac-sha2-256", .compression = "none,zlib@openssh.com",
		    .server_sig_algs = "ssh-ed25519", .hostkeys = &p->hostkey,
		    .n_hostkeys = s == SIDE_SERVER, .rekey_after = 3600 * 1000 };

		p->end[s].seed.state = s + 1;
		p->end[s].is_tame = s != under_test;
		config.rng = rng_test(&p->end[s].seed);
#ifdef FUZZING
		config.is_clear = true;
#endif
		must(conn_new(&p->end[s].conn, &config, p->now) == ERR_OK);
	}
}

static inline void
fuzz_free(struct fuzz_pair *p)
{
	conn_free(p->end[SIDE_CLIENT].conn);
	conn_free(p->end[SIDE_SERVER].conn);
	key_free(&p->key);
}

/* --- the program --- */

static inline void
fuzz_need_auth(struct fuzz_pair *p, struct fuzz_end *e, struct event *ev)
{
	struct kbdint_prompt prompt = { SPAN_LIT("?"), false };
	bool ok = p->log_in || (!p->refuse && (!ev->auth.has_sig || ev->auth.sig.len > 3));

	e->n_auth++;
	if (ev->type == EV_NEED_AUTH && span_is(ev->auth.method, "keyboard-interactive"))
		conn_answer_auth_prompts(e->conn, ev->id, SPAN_EMPTY, SPAN_EMPTY, &prompt, 1);
	else if (ev->type == EV_NEED_AUTH && span_is(ev->auth.method, "publickey") &&
	    !ev->auth.has_sig)
		conn_answer_auth(e->conn, ev->id, ok ? AUTH_RESULT_PK_OK : AUTH_RESULT_FAILURE,
		    SPAN_LIT("publickey"));
	else
		conn_answer_auth(e->conn, ev->id, ok && (e->n_auth > 1 || p->log_in) ?
		    AUTH_RESULT_SUCCESS : AUTH_RESULT_FAILURE, SPAN_LIT("publickey,password"));
}

/* A client tries one method after the other. */
static inline void
fuzz_try_auth(const struct fuzz_pair *p, struct fuzz_end *e)
{
	if (e->is_tame) {
		if (p->log_in)
			conn_auth_password(e->conn, "user", SPAN_LIT("password"));
		return;
	}
	switch (e->n_auth++ % 4) {
	case 0:
		conn_auth_none(e->conn, "user");
		break;
	case 1:
		conn_auth_query_key(e->conn, "user", "ssh-ed25519", SPAN_LIT("blob"));
		break;
	case 2:
		conn_auth_password(e->conn, "user", SPAN_LIT("password"));
		break;
	default:
		conn_auth_kbdint(e->conn, "user", "");
		break;
	}
}

static inline void
fuzz_event(struct fuzz_pair *p, struct fuzz_end *e, struct event *ev)
{
	static const struct span answers[KBDINT_MAX_PROMPTS];

	switch (ev->type) {
	case EV_NEED_HOST_SIGNATURE:
		conn_answer_host_signature(e->conn, ev->id, SPAN_LIT("\0\0\0\1x\0\0\0\1y"));
		break;
	case EV_NEED_HOSTKEY_CHECK:
		conn_answer_hostkey_check(e->conn, ev->id, true);
		break;
	case EV_AUTH_READY:
	case EV_AUTH_FAILURE:
		fuzz_try_auth(p, e);
		break;
	case EV_AUTH_PK_OK:
		conn_auth_key(e->conn, "user", "ssh-ed25519", SPAN_LIT("blob"), SPAN_LIT("sig"));
		break;
	case EV_AUTH_PROMPTS:
		conn_auth_answers(e->conn, answers, ev->prompts.n);
		break;
	case EV_AUTH_PASSWD_CHANGE:
		conn_auth_new_password(e->conn, "user", SPAN_LIT("a"), SPAN_LIT("b"));
		break;
	case EV_NEED_AUTH:
	case EV_NEED_AUTH_ANSWERS:
		fuzz_need_auth(p, e, ev);
		break;
	case EV_AUTH_SUCCESS:
		if (e->conn == p->end[SIDE_CLIENT].conn)
			(void)!conn_channel_open(e->conn, "session", SPAN_EMPTY, &e->channel);
		break;
	case EV_NEED_CHANNEL:
		if (p->refuse && !e->is_tame) {
			conn_refuse_channel(e->conn, ev->channel, 1, "no");
			break;
		}
		conn_answer_channel(e->conn, ev->channel, SPAN_EMPTY);
		/* fall through */
	case EV_CHANNEL_OPENED:
		e->channel = ev->channel;
		e->has_channel = true;
		break;
	case EV_CHANNEL_DATA:
		conn_channel_consumed(e->conn, ev->channel, ev->data.len);
		break;
	case EV_CHANNEL_REQUEST:
		if (ev->want_reply)
			conn_answer_channel_request(e->conn, ev->channel, ev->id, !p->refuse);
		break;
	case EV_GLOBAL_REQUEST:
		if (ev->want_reply)
			conn_answer_global_request(e->conn, ev->id, !p->refuse, SPAN_EMPTY);
		break;
	case EV_CHANNEL_EOF:
		conn_channel_eof(e->conn, ev->channel);
		break;
	case EV_FAILED:
	case EV_DISCONNECTED:
		must(!e->is_over);
		e->is_over = true;
		break;
	default:
		break;
	}
}

static inline void
fuzz_events(struct fuzz_pair *p, struct fuzz_end *e)
{
	struct event ev;

	while (conn_next(e->conn, &ev)) {
		must(ev.type != EV_NONE && ev.type < EV_COUNT && !e->is_over);
		fuzz_event(p, e, &ev);
	}
}

/* Gives bytes to a side, as far as it takes them. */
static inline void
fuzz_give(struct fuzz_pair *p, struct fuzz_end *e, struct span bytes)
{
	while (bytes.len > 0) {
		struct room room = conn_room(e->conn);
		size_t n = bytes.len < room.len ? bytes.len : room.len;

		if (n == 0)
			return;
		memcpy(room.p, bytes.p, n);
		bytes = span_skip(bytes, n);
		(void)!conn_received(e->conn, n, p->now);
		fuzz_events(p, e);
	}
}

/* Lets the two talk to each other until one has nothing to say or a limit is reached. */
static inline void
fuzz_meet(struct fuzz_pair *p, unsigned turns)
{
	while (turns-- > 0)
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			struct fuzz_end *from = &p->end[s];
			struct span out = conn_output(from->conn);
			uint8_t copy[4096];
			size_t n = out.len < sizeof(copy) ? out.len : sizeof(copy);

			if (n > 0)
				memcpy(copy, out.p, n);
			conn_sent(from->conn, n);
			fuzz_give(p, &p->end[s == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT],
			    span_of(copy, n));
		}
}

/* --- the input --- */

/* Frames a payload as a packet in clear. */
static inline void
fuzz_packet(struct fuzz_pair *p, struct span payload)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	size_t padding = 8 - (5 + payload.len) % 8;

	padding += padding < 4 ? 8 : 0;
	wr_u32(&w, (uint32_t)(1 + payload.len + padding));
	wr_u8(&w, (uint8_t)padding);
	wr_raw(&w, payload);
	wr_raw(&w, span_of("\0\0\0\0\0\0\0\0\0\0\0", padding));
	must(wr_end(&w) == ERR_OK);
	fuzz_give(p, &p->end[p->under_test], writer_span(&w));
}

/* What the program under test may do of its own accord. */
static inline void
fuzz_act(struct fuzz_pair *p, struct fuzz_end *e, uint8_t what)
{
	struct room room;

	switch (what % 10) {
	case 0:
		conn_rekey(e->conn);
		break;
	case 1:
		room = conn_channel_room(e->conn, e->channel, what & 128 ? STREAM_STDERR : STREAM_DATA);
		if (room.len > 0) {
			memset(room.p, 'x', room.len < 100 ? room.len : 100);
			conn_channel_send(e->conn, e->channel, what & 128 ? STREAM_STDERR : STREAM_DATA,
			    room.len < 100 ? room.len : 100);
		}
		break;
	case 2:
		conn_channel_eof(e->conn, e->channel);
		break;
	case 3:
		conn_channel_close(e->conn, e->channel);
		break;
	case 4:
		conn_channel_request(e->conn, e->channel, "exec", true, SPAN_LIT("\0\0\0\2ls"));
		break;
	case 5:
		conn_global_request(e->conn, "keepalive@openssh.com", true, SPAN_EMPTY);
		break;
	case 6:
		(void)conn_ping(e->conn, SPAN_LIT("ping"));
		break;
	case 7:
		p->now += 1000u * what * what;
		(void)!conn_received(e->conn, 0, p->now);
		break;
	case 8:
		p->refuse = !p->refuse;
		break;
	case 9:
		conn_channel_stop(e->conn, e->channel);
		break;
	default:
		break;
	}
	fuzz_events(p, e);
}

/* One record of the input; false at its end. */
static inline bool
fuzz_step(struct fuzz_pair *p, struct reader *r)
{
	struct fuzz_end *e = &p->end[p->under_test];
	uint8_t what = rd_u8(r);
	size_t len = rd_u8(r);
	struct span bytes;

	if (r->err != ERR_OK)
		return false;
	if (what >= 224) {
		fuzz_act(p, e, (uint8_t)len);
		return true;
	}
	bytes = rd_raw(r, len < r->rest.len ? len : r->rest.len);
	if (what >= 192)
		fuzz_give(p, e, bytes);
	else if (bytes.len > 0)
		fuzz_packet(p, bytes);
	/* The peer reads most of the time. */
	if (what & 7)
		conn_sent(e->conn, conn_output(e->conn).len);
	return !e->is_over;
}

/* The whole of an input. */
static inline void
fuzz_run(enum side under_test, struct span input)
{
	static const unsigned turns[] = { 0, 2, 3, 10 };
	struct reader r = rd_init(input);
	struct fuzz_pair p;
	uint8_t start = rd_u8(&r);

	fuzz_new(&p, under_test);
	p.refuse = start & 64;
	p.log_in = (start & 3) == 3;
	fuzz_meet(&p, turns[start & 3]);
	p.log_in = false;
	/* From here on the tame side is silent. */
	conn_sent(p.end[under_test].conn, conn_output(p.end[under_test].conn).len);
	while (fuzz_step(&p, &r))
		continue;
	fuzz_free(&p);
}

#endif
