/* SPDX-License-Identifier: ISC */
/* A key exchange: the method's messages, up to the proof of the host key. */
#include "base/secret.h"
#include "kex/transport_i.h"
#include "keys/cert.h"

/* What a method says when it fails, told apart from our own troubles. */
static enum err
method_failed(struct transport *t, enum err e)
{
	return transport_fault(t, e, e == ERR_KEX || err_class(e) == ERR_CLASS_PEER ?
	    "key exchange: the peer's value is not valid" : "key exchange failed");
}

enum err
exchange_send_init(struct transport *t)
{
	struct kex_run *run = &t->exchange->run;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	enum err e = run->method->init(run);

	if (e != ERR_OK)
		return method_failed(t, e);
	wr_u8(&w, run->method->init_number);
	wr_bytes(&w, writer_span(&run->init));
	if (wr_end(&w) != ERR_OK)
		return transport_fault(t, wr_end(&w), "no memory for the key exchange");
	packet_send(t, writer_span(&w));
	t->exchange->expected = run->method->reply_number;
	return ERR_OK;
}

/* The method is through: what comes next is NEWKEYS, once the program has answered. */
static void
method_done(struct transport *t, enum asking asking)
{
	t->exchange->expected = 0;
	t->phase = t->phase == PHASE_KEX ? PHASE_NEWKEYS : PHASE_RENEWKEYS;
	t->asking = asking;
	t->ask_id++;
}

/* --- server --- */

/* Sends the group; an empty prime: one of our own. */
static enum err
send_group(struct transport *t, struct span prime, struct span generator)
{
	struct kex_run *run = &t->exchange->run;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	enum err e;

	wr_u8(&w, run->method->answer_number);
	e = run->method->answer(run, prime, generator, &w);
	if (e != ERR_OK)
		return method_failed(t, e);
	if (wr_end(&w) != ERR_OK)
		return transport_fault(t, wr_end(&w), "no memory for the key exchange");
	packet_send(t, writer_span(&w));
	t->exchange->expected = run->method->init_number;
	return ERR_OK;
}

static enum err
on_request(struct transport *t, struct span body, struct event *ev)
{
	struct kex_run *run = &t->exchange->run;
	enum err e = run->method->requested(run, body);

	if (e != ERR_OK)
		return method_failed(t, e);
	if (!t->config.asks_group)
		return send_group(t, SPAN_EMPTY, SPAN_EMPTY);
	t->asking = ASKING_GROUP;
	t->ask_id++;
	*ev = (struct event){ .type = EV_NEED_GROUP, .id = t->ask_id };
	ev->group.min = run->sizes.min;
	ev->group.n = run->sizes.n;
	ev->group.max = run->sizes.max;
	return ERR_OK;
}

void
transport_answer_group(struct transport *t, uint32_t id, struct span prime, struct span generator)
{
	if (t->asking != ASKING_GROUP || id != t->ask_id || transport_is_over(t))
		return;
	t->asking = ASKING_NOTHING;
	(void)!send_group(t, prime, generator);
}

static void
ask_signature(struct transport *t, struct event *ev)
{
	struct exchange *x = t->exchange;

	method_done(t, ASKING_SIGNATURE);
	*ev = (struct event){ .type = EV_NEED_HOST_SIGNATURE, .id = t->ask_id };
	ev->sign.hostkey = x->hostkey_index;
	ev->sign.alg = x->sign_alg;
	ev->sign.hash = x->run.method->hash;
	ev->sign.transcript = writer_span(&x->transcript);
	ev->sign.exchange_hash = span_of(x->hash, hash_len(x->hash_alg));
}

static enum err
on_init(struct transport *t, struct span body, struct event *ev)
{
	struct kex_run *run = &t->exchange->run;
	struct reader r = rd_init(body);
	enum err e;

	wr_raw(&run->init, rd_bytes(&r));
	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed key exchange message");
	e = wr_end(&run->init);
	if (e == ERR_OK)
		e = run->method->reply(run);
	if (e != ERR_OK)
		return method_failed(t, e);
	TRY(exchange_derive(t));
	ask_signature(t, ev);
	return ERR_OK;
}

void
transport_answer_signature(struct transport *t, uint32_t id, struct span sig)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);
	struct exchange *x = t->exchange;

	if (t->asking != ASKING_SIGNATURE || id != t->ask_id || transport_is_over(t))
		return;
	t->asking = ASKING_NOTHING;
	if (sig.len == 0) {
		(void)!transport_fault(t, ERR_SIGNATURE, "host key signature not possible");
		return;
	}
	wr_u8(&w, x->run.method->reply_number);
	wr_bytes(&w, writer_span(&x->hostkey));
	wr_bytes(&w, writer_span(&x->run.reply));
	wr_bytes(&w, sig);
	if (wr_end(&w) != ERR_OK) {
		(void)!transport_fault(t, wr_end(&w), "no memory for the key exchange");
		return;
	}
	packet_send(t, writer_span(&w));
	exchange_send_newkeys(t);
}

/* --- client --- */

static enum err
on_answer(struct transport *t, struct span body)
{
	struct kex_run *run = &t->exchange->run;
	enum err e = run->method->answered(run, body);

	return e != ERR_OK ? method_failed(t, e) : exchange_send_init(t);
}

/* Checks length and signature of the key that is the host's, or is certified. */
static enum err
verify_by(struct transport *t, const struct key *key, struct span sig)
{
	const struct exchange *x = t->exchange;
	struct span hash = span_of(x->hash, hash_len(x->hash_alg));
	struct span alg = span_str(x->sign_alg);
	enum err e;

	if (span_is(span_str(key_type(key)), "ssh-rsa") &&
	    key_bits(key) < t->config.required_rsa_bits)
		return transport_fault(t, ERR_HOSTKEY, "Bad server host key: Invalid key length");
	e = key_verify(key, alg, alg, sig, hash, NULL);
#ifdef FUZZING
	if (t->config.is_clear)
		e = ERR_OK;
#endif
	if (e != ERR_OK)
		return transport_fault(t, e == ERR_NOMEM ? e : ERR_SIGNATURE,
		    "host key signature not valid");
	return ERR_OK;
}

/*
 * Verifies the server's proof. Only ERR_OK of key_verify() lets the exchange
 * go on: every other result, lack of memory included, ends the connection.
 * Whether key or certificate is to be trusted the program is asked afterwards.
 */
static enum err
verify(struct transport *t, struct span sig)
{
	SCOPED(cert_free) struct cert cert = { 0 };
	SCOPED(key_free) struct key *key = NULL;
	struct exchange *x = t->exchange;
	bool is_cert = cert_alg_plain(span_str(x->hostkey_alg)) != NULL;
	enum err e;

	e = is_cert ? cert_parse(writer_span(&x->hostkey), &cert) :
	    key_from_blob(writer_span(&x->hostkey), &key);
	if (e != ERR_OK) {
		cert = (struct cert){ 0 };
		return transport_fault(t, e == ERR_NOMEM ? e : ERR_HOSTKEY, "host key not valid");
	}
	return verify_by(t, is_cert ? cert.key : key, sig);
}

/* The first exchange's host key is asked about; later ones must have the same. */
static enum err
judge_hostkey(struct transport *t, struct span sig, struct event *ev)
{
	struct span blob = writer_span(&t->exchange->hostkey);

	if (t->hostkey.len > 0) {
		if (!span_eq(blob, writer_span(&t->hostkey)))
			return transport_fault(t, ERR_HOSTKEY,
			    "host key has changed during the connection");
		method_done(t, ASKING_NOTHING);
		exchange_send_newkeys(t);
		return t->fault;
	}
	wr_raw(&t->hostkey, blob);
	wr_raw(&t->hostkey_sig, sig);
	if (wr_end(&t->hostkey) != ERR_OK || wr_end(&t->hostkey_sig) != ERR_OK)
		return transport_fault(t, ERR_NOMEM, "no memory for the host key");
	method_done(t, ASKING_HOSTKEY);
	*ev = (struct event){ .type = EV_NEED_HOSTKEY_CHECK, .id = t->ask_id };
	ev->hostkey.blob = writer_span(&t->hostkey);
	ev->hostkey.alg = t->exchange->hostkey_alg;
	return ERR_OK;
}

static enum err
on_reply(struct transport *t, struct span body, struct event *ev)
{
	struct exchange *x = t->exchange;
	struct reader r = rd_init(body);
	struct span sig;
	enum err e;

	wr_raw(&x->hostkey, rd_bytes(&r));
	wr_raw(&x->run.reply, rd_bytes(&r));
	sig = rd_bytes(&r);
	if (rd_end(&r) != ERR_OK)
		return transport_fault(t, rd_end(&r), "malformed key exchange message");
	e = wr_end(&x->hostkey);
	if (e == ERR_OK)
		e = wr_end(&x->run.reply);
	if (e == ERR_OK)
		e = x->run.method->finish(&x->run);
	if (e != ERR_OK)
		return method_failed(t, e);
	TRY(exchange_derive(t));
	TRY(verify(t, sig));
	return judge_hostkey(t, sig, ev);
}

void
transport_answer_hostkey(struct transport *t, uint32_t id, bool trusted)
{
	if (t->asking != ASKING_HOSTKEY || id != t->ask_id || transport_is_over(t))
		return;
	t->asking = ASKING_NOTHING;
	if (trusted)
		exchange_send_newkeys(t);
	else
		(void)!transport_fault(t, ERR_HOSTKEY, "Host key verification failed.");
}

/* --- both --- */

enum err
transport_on_kex(struct transport *t, struct span payload, struct event *ev)
{
	struct exchange *x = t->exchange;
	const struct kex_method *m = x->run.method;
	struct span body = span_skip(payload, 1);
	uint8_t number = payload.p[0];

	/* RFC 4253 7.1: a wrong guess is ignored, whatever it is. */
	if (x->ignore_next) {
		x->ignore_next = false;
		return ERR_OK;
	}
	if (number != x->expected)
		return transport_fault(t, ERR_SEQUENCE, "key exchange message out of turn");
	if (number == m->init_number && t->config.side == SIDE_SERVER)
		return on_init(t, body, ev);
	if (number == m->reply_number && t->config.side == SIDE_CLIENT)
		return on_reply(t, body, ev);
	return t->config.side == SIDE_SERVER ? on_request(t, body, ev) : on_answer(t, body);
}
