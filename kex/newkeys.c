/* SPDX-License-Identifier: ISC */
/* Key derivation (RFC 4253 7.2), and NEWKEYS in both directions (7.3). */
#include <string.h>

#include "base/secret.h"
#include "kex/transport_i.h"

/* --- the exchange hash --- */

static struct span
ident_of(const struct transport *t, enum side side)
{
	return side == t->config.side ? span_str(t->config.ident) :
	    writer_span(&t->peer_ident);
}

/* Writes what is hashed; see kex/exchange.h. */
static enum err
write_transcript(struct transport *t)
{
	struct exchange *x = t->exchange;
	struct writer *w = &x->transcript;

	wr_bytes(w, ident_of(t, SIDE_CLIENT));
	wr_bytes(w, ident_of(t, SIDE_SERVER));
	wr_bytes(w, writer_span(&x->kexinit[SIDE_CLIENT]));
	wr_bytes(w, writer_span(&x->kexinit[SIDE_SERVER]));
	wr_bytes(w, writer_span(&x->hostkey));
	wr_raw(w, writer_span(&x->run.extra));
	wr_bytes(w, writer_span(&x->run.init));
	wr_bytes(w, writer_span(&x->run.reply));
	wr_raw(w, secret_span(&x->run.shared));
	return wr_end(w);
}

/* --- keys --- */

/*
 * RFC 4253 7.2: K1 = HASH(K || H || letter || session_id), and K2 = HASH(K ||
 * H || K1), K3 = HASH(K || H || K1 || K2) ... until there are n bytes.
 */
static void
derive(const struct transport *t, char letter, uint8_t *out, size_t n)
{
	const struct exchange *x = t->exchange;
	size_t len = hash_len(x->hash_alg);
	uint8_t block[HASH_MAX_LEN];
	struct hash common, h;
	size_t done = 0;

	hash_init(&common, x->hash_alg);
	hash_update(&common, secret_span(&x->run.shared));
	hash_update(&common, span_of(x->hash, len));
	while (done < n) {
		size_t some = n - done < len ? n - done : len;

		h = common;
		if (done == 0) {
			hash_update(&h, span_of(&letter, 1));
			hash_update(&h, transport_session_id(t));
		} else {
			hash_update(&h, span_of(out, done));
		}
		hash_final(&h, block);
		memcpy(out + done, block, some);
		done += some;
	}
	wipe(&common, sizeof(common));
	wipe(block, sizeof(block));
}

struct key_material {
	uint8_t iv[PROTECT_MAX_IV];
	uint8_t key[PROTECT_MAX_KEY];
	uint8_t mac_key[PROTECT_MAX_KEY];
};

/* Makes the protection of one direction from the exchange's secrets. */
static enum err
make_next(struct transport *t, enum direction d)
{
	bool is_ctos = (d == TX) == (t->config.side == SIDE_CLIENT);
	struct exchange *x = t->exchange;
	const struct protect_alg *alg = &x->alg[d];
	struct key_material m;
	enum err e;

	must(alg->iv_len <= sizeof(m.iv) && alg->key_len <= sizeof(m.key) &&
	    alg->mac_key_len <= sizeof(m.mac_key));
	derive(t, is_ctos ? 'A' : 'B', m.iv, alg->iv_len);
	derive(t, is_ctos ? 'C' : 'D', m.key, alg->key_len);
	derive(t, is_ctos ? 'E' : 'F', m.mac_key, alg->mac_key_len);
	e = protect_new(&x->next[d], alg, d, span_of(m.key, alg->key_len),
	    span_of(m.iv, alg->iv_len), span_of(m.mac_key, alg->mac_key_len));
	wipe(&m, sizeof(m));
	return e;
}

/* In a fuzzing build a connection may stay in clear, so that inputs get through. */
static enum err
stay_clear(struct transport *t)
{
#ifdef FUZZING
	for (enum direction d = RX; t->config.is_clear && d <= TX; d++)
		TRY(protect_find(&t->exchange->alg[d], "none", "none"));
#else
	(void)t;
#endif
	return ERR_OK;
}

enum err
exchange_derive(struct transport *t)
{
	struct exchange *x = t->exchange;
	enum err e = write_transcript(t);

	if (e != ERR_OK)
		return transport_fault(t, e, "no memory for the exchange hash");
	hash_once(x->hash_alg, writer_span(&x->transcript), x->hash);
	/* RFC 4253 7.2: the first exchange hash, for the whole connection. */
	if (t->session_id_len == 0) {
		t->session_id_len = hash_len(x->hash_alg);
		memcpy(t->session_id, x->hash, t->session_id_len);
	}
	e = stay_clear(t);
	for (enum direction d = RX; e == ERR_OK && d <= TX; d++)
		e = make_next(t, d);
	if (e != ERR_OK)
		return transport_fault(t, e, "new keys could not be made");
	secret_free(&x->run.shared);
	return ERR_OK;
}

/* --- taking them into use --- */

static void
use_next(struct transport *t, enum direction d)
{
	struct exchange *x = t->exchange;
	struct flow *f = &t->flow[d];

	must(x->next[d] != NULL);
	protect_free(f->protect);
	f->protect = x->next[d];
	x->next[d] = NULL;
	f->alg = x->alg[d];
	f->bytes = f->packets = 0;
	if (t->is_strict)
		f->seq = 0;
	/* RFC 4253 6.2: the compression context begins anew. */
	compress_free(f->compress);
	f->compress = NULL;
	f->compression = x->compression[d];
	if (f->may_compress)
		transport_compress(t, d);
}

void
exchange_send_newkeys(struct transport *t)
{
	static const uint8_t newkeys[] = { MSG_NEWKEYS };

	packet_send(t, span_of(newkeys, sizeof(newkeys)));
	if (transport_is_over(t))
		return;
	use_next(t, TX);
	t->exchange->has_sent_newkeys = true;
	if (t->n_exchanges == 1 && t->peer_wants_ext_info)
		ext_info_send(t);
	transport_release(t);
}

enum err
transport_on_newkeys(struct transport *t, struct span payload, struct event *ev)
{
	bool is_first = t->phase == PHASE_NEWKEYS;

	if (payload.len != 1)
		return transport_fault(t, ERR_TRAILING, "malformed NEWKEYS");
	/* The table and the open question keep it from coming before ours. */
	must(t->exchange->has_sent_newkeys);
	use_next(t, RX);
	*ev = (struct event){ .type = EV_KEX_DONE };
	ev->kex.first = is_first;
	ev->kex.names = exchange_names(t->exchange);
	ev->kex.session_id = transport_session_id(t);
	exchange_free(t->exchange);
	t->exchange = NULL;
	t->exchange_ended = t->now;
	t->phase = PHASE_RUNNING;
	return t->fault;
}
