/* SPDX-License-Identifier: ISC */
/* A key exchange: both KEXINITs, and what is agreed on. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/dh.h"
#include "kex/transport_i.h"
#include "keys/cert.h"

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	for (enum direction d = RX; d <= TX; d++)
		protect_free(x->next[d]);
	writer_free(&x->kexinit[SIDE_CLIENT]);
	writer_free(&x->kexinit[SIDE_SERVER]);
	kex_run_free(&x->run);
	writer_free(&x->hostkey);
	writer_free(&x->transcript);
	wipe(x, sizeof(*x));
	free(x);
}

static struct exchange *
exchange_new(const struct transport *t)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->kexinit[SIDE_CLIENT] = writer_init(LIMIT_KEXINIT);
	x->kexinit[SIDE_SERVER] = writer_init(LIMIT_KEXINIT);
	x->hostkey = writer_init(LIMIT_KEY_BLOB);
	x->transcript = writer_init(4 * LIMIT_KEXINIT);
	x->run.side = t->config.side;
	x->run.rng = t->config.rng;
	x->run.extra = writer_init(LIMIT_KEXINIT);
	x->run.init = writer_init(LIMIT_KEXINIT);
	x->run.reply = writer_init(LIMIT_KEXINIT);
	return x;
}

/* Counts exchanges before authentication: each costs far more than it takes to ask. */
static enum err
count_exchange(struct transport *t)
{
	t->n_exchanges++;
	if (!t->is_authenticated && t->n_exchanges > LIMIT_KEX_UNAUTHENTICATED)
		return transport_fault(t, ERR_LIMIT, "too many key exchanges before authentication");
	return ERR_OK;
}

void
exchange_start(struct transport *t)
{
	struct writer *ours;
	struct exchange *x;
	enum err e;

	must(t->exchange == NULL);
	if (count_exchange(t) != ERR_OK)
		return;
	x = exchange_new(t);
	if (x == NULL) {
		(void)!transport_fault(t, ERR_NOMEM, "no memory for the key exchange");
		return;
	}
	t->exchange = x;
	t->exchange_began = MSEC_NEVER;
	ours = &x->kexinit[t->config.side];
	e = exchange_propose(t, ours);
	if (e != ERR_OK)
		(void)!transport_fault(t, e, "no KEXINIT could be made");
	else
		packet_send(t, writer_span(ours));
}

void
exchange_time(struct transport *t)
{
	if (t->exchange != NULL && t->exchange_began == MSEC_NEVER)
		t->exchange_began = t->now;
}

void
transport_rekey(struct transport *t)
{
	if (t->phase == PHASE_RUNNING && t->exchange == NULL && !transport_is_over(t) &&
	    !t->config.is_bare)
		exchange_start(t);
}

/* --- agreeing --- */

/* The name as one of our own static strings. */
static const char *
compression_name(struct span name)
{
	return span_is(name, "none") ? "none" : "zlib@openssh.com";
}

/* Looks up cipher and MAC of a direction. */
static enum err
find_protect(struct transport *t, enum direction d, const struct agreement *a)
{
	bool is_ctos = (d == TX) == (t->config.side == SIDE_CLIENT);
	struct span c = a->name[is_ctos ? LIST_CIPHER_CTOS : LIST_CIPHER_STOC];
	struct span m = a->name[is_ctos ? LIST_MAC_CTOS : LIST_MAC_STOC];
	char cipher[64], mac[64];
	enum err e;

	/* Both are names of ours, so they fit. */
	must(c.len < sizeof(cipher) && m.len < sizeof(mac));
	memcpy(cipher, c.p, c.len);
	cipher[c.len] = '\0';
	if (m.len > 0)
		memcpy(mac, m.p, m.len);
	mac[m.len] = '\0';
	e = protect_find(&t->exchange->alg[d], cipher, m.len > 0 ? mac : NULL);
	if (e != ERR_OK)
		return transport_fault(t, e, "cipher not found");
	t->exchange->compression[d] = compression_name(
	    a->name[is_ctos ? LIST_COMPRESSION_CTOS : LIST_COMPRESSION_STOC]);
	return ERR_OK;
}

/* The algorithm agreed on, and what a signature under it is made by. */
static bool
find_hostkey_alg(struct exchange *x, struct span alg)
{
	const char *plain = cert_alg_plain(alg);

	x->sign_alg = key_alg_find(plain != NULL ? span_str(plain) : alg);
	x->hostkey_alg = plain != NULL ? cert_alg_of(span_str(plain)) : x->sign_alg;
	return x->sign_alg != NULL && x->hostkey_alg != NULL;
}

/* The server's key that signs by the algorithm agreed on. */
static enum err
find_hostkey(struct transport *t, struct span alg)
{
	struct exchange *x = t->exchange;

	if (!find_hostkey_alg(x, alg))
		return transport_fault(t, ERR_NEGOTIATE, "host key algorithm not known");
	if (t->config.side == SIDE_CLIENT)
		return ERR_OK;
	for (unsigned i = 0; i < t->config.n_hostkeys; i++) {
		if (!text_list_has(span_str(t->config.hostkeys[i].algs), alg))
			continue;
		x->hostkey_index = i;
		wr_raw(&x->hostkey, t->config.hostkeys[i].blob);
		if (t->hostkey.len == 0)
			wr_raw(&t->hostkey, t->config.hostkeys[i].blob);
		if (wr_end(&x->hostkey) != ERR_OK || wr_end(&t->hostkey) != ERR_OK)
			return transport_fault(t, ERR_NOMEM, "no room for the host key");
		return ERR_OK;
	}
	return transport_fault(t, ERR_NEGOTIATE, "no host key for the algorithm");
}

/* Bytes of the longer one of the two keys. */
static size_t
key_len(const struct exchange *x)
{
	size_t a = x->alg[RX].key_len, b = x->alg[TX].key_len;

	return a > b ? a : b;
}

enum err
exchange_agree(struct transport *t)
{
	struct exchange *x = t->exchange;
	enum side us = t->config.side;
	enum side them = us == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
	enum kexinit_list failed;
	struct kexinit m[2];
	struct agreement a;

	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		if (kexinit_get(writer_span(&x->kexinit[s]), &m[s]) != ERR_OK)
			return transport_fault(t, ERR_FORMAT, "malformed KEXINIT");
	if (kexinit_negotiate(&m[SIDE_CLIENT], &m[SIDE_SERVER], &a, &failed) != ERR_OK)
		return exchange_no_match(t, failed, m[them].list[failed], m[us].list[failed]);
	x->run.method = kex_method_find(a.name[LIST_KEX]);
	must(x->run.method != NULL);
	x->hash_alg = hash_find(x->run.method->hash);
	must(x->hash_alg != NULL);
	x->ignore_next = m[them].guess_follows && a.guess_is_wrong;
	x->has_agreed = true;
	TRY(find_hostkey(t, a.name[LIST_HOSTKEY]));
	TRY(find_protect(t, RX, &a));
	TRY(find_protect(t, TX, &a));
	x->run.sizes.n = dh_bits_for(key_len(x));
	return ERR_OK;
}

/* --- the peer's KEXINIT --- */

/*
 * The first KEXINIT says what kind of connection this is: strict key exchange
 * (which the packets so far must have kept to already: KEXINIT was packet 0)
 * and extension negotiation. Later ones say nothing about it.
 */
static enum err
read_markers(struct transport *t, const struct kexinit *theirs)
{
	enum side us = t->config.side;
	enum side them = us == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
	struct kexinit ours;

	if (t->session_id_len > 0)
		return ERR_OK;
	if (kexinit_get(writer_span(&t->exchange->kexinit[us]), &ours) != ERR_OK)
		return transport_fault(t, ERR_FORMAT, "malformed KEXINIT");
	t->is_strict = kexinit_is_strict(&ours, us) && kexinit_is_strict(theirs, them);
	t->peer_wants_ext_info = kexinit_has_ext_info(theirs, them);
	if (t->is_strict && t->flow[RX].seq != 1)
		return transport_fault(t, ERR_SEQUENCE,
		    "strict key exchange: KEXINIT was not the first packet");
	return ERR_OK;
}

/* Sends the client's first message of the method. */
static enum err
begin_method(struct transport *t)
{
	struct kex_run *run = &t->exchange->run;
	const struct kex_method *m = run->method;
	bool has_round = m->request_number != 0;
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	if (t->config.side == SIDE_SERVER) {
		t->exchange->expected = has_round ? m->request_number : m->init_number;
		return ERR_OK;
	}
	if (!has_round)
		return exchange_send_init(t);
	wr_u8(&w, m->request_number);
	m->request(run, &w);
	if (wr_end(&w) != ERR_OK)
		return transport_fault(t, wr_end(&w), "no memory for the key exchange");
	packet_send(t, writer_span(&w));
	t->exchange->expected = m->answer_number;
	return ERR_OK;
}

struct kex_names
exchange_names(const struct exchange *x)
{
	struct kex_names n = { .kex = x->run.method->name, .hostkey = x->hostkey_alg };

	for (enum direction d = RX; d <= TX; d++) {
		n.cipher[d] = x->alg[d].cipher;
		n.mac[d] = x->alg[d].mac;
		n.compression[d] = x->compression[d];
	}
	return n;
}

enum err
transport_on_kexinit(struct transport *t, struct span payload, struct event *ev)
{
	enum side them = t->config.side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
	struct writer *theirs;
	struct kexinit m;
	enum err e;

	e = kexinit_get(payload, &m);
	if (e != ERR_OK)
		return transport_fault(t, e, "malformed KEXINIT");
	if (t->exchange == NULL)
		exchange_start(t);
	if (t->fault != ERR_OK)
		return t->fault;
	TRY(read_markers(t, &m));
	theirs = &t->exchange->kexinit[them];
	must(theirs->len == 0);
	wr_raw(theirs, payload);
	if (wr_end(theirs) != ERR_OK)
		return transport_fault(t, wr_end(theirs), "no memory for the key exchange");
	TRY(exchange_agree(t));
	t->phase = t->session_id_len == 0 ? PHASE_KEX : PHASE_REKEX;
	TRY(begin_method(t));
	*ev = (struct event){ .type = EV_KEX_BEGUN };
	ev->kex.first = t->phase == PHASE_KEX;
	ev->kex.names = exchange_names(t->exchange);
	return ERR_OK;
}
