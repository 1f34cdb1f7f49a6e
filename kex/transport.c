/* SPDX-License-Identifier: ISC */
/* The transport's life and its end, and the bytes that it takes and gives. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "kex/transport_i.h"

/* --- making --- */

static enum err
copy_hostkeys(struct transport *t)
{
	size_t n = t->config.n_hostkeys;
	struct transport_hostkey *copy;

	if (n == 0)
		return ERR_OK;
	copy = calloc(n, sizeof(*copy));
	if (copy == NULL) {
		t->config.hostkeys = NULL;
		return ERR_NOMEM;
	}
	memcpy(copy, t->config.hostkeys, n * sizeof(*copy));
	t->config.hostkeys = copy;
	return ERR_OK;
}

/* Both directions begin without protection. */
static enum err
start_flows(struct transport *t)
{
	for (enum direction d = RX; d <= TX; d++) {
		struct flow *f = &t->flow[d];

		TRY(protect_find(&f->alg, "none", "none"));
		TRY(protect_new(&f->protect, &f->alg, d, SPAN_EMPTY, SPAN_EMPTY, SPAN_EMPTY));
		f->compression = "none";
	}
	return ERR_OK;
}

/* Our identification string, and a client's KEXINIT right behind it. */
static enum err
send_ident(struct transport *t)
{
	struct span ident = span_str(t->config.ident);
	uint8_t *p;

	if (!ident_is_valid(ident))
		return ERR_RANGE;
	p = output_reserve(&t->out, ident.len + 2, t->now);
	if (p == NULL)
		return ERR_NOMEM;
	memcpy(p, ident.p, ident.len);
	memcpy(p + ident.len, "\r\n", 2);
	output_add(&t->out, ident.len + 2);
	/*
	 * RFC 4253 4.2 lets it follow at once, which saves a client's user half
	 * a round trip. A server waits: what asks may be no SSH client.
	 */
	if (t->config.side == SIDE_CLIENT)
		exchange_start(t);
	return t->fault;
}

/* Whether something of each list of the config can be offered. */
static enum err
check_lists(const struct transport *t)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEXINIT);

	return exchange_propose(t, &w);
}

static enum err
start(struct transport *t)
{
	if (t->config.is_bare) {
		t->phase = PHASE_RUNNING;
		return start_flows(t);
	}
	TRY(copy_hostkeys(t));
	TRY(check_lists(t));
	TRY(start_flows(t));
	return send_ident(t);
}

enum err
transport_new(struct transport **out, const struct transport_config *config, msec now)
{
	struct transport *t = calloc(1, sizeof(*t));
	enum err e;

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	t->config = *config;
	t->now = t->exchange_ended = now;
	t->in.is_secret = true;
	random_stream_init(&t->padding, config->rng);
	t->peer_ident = writer_init(LIMIT_IDENT);
	t->hostkey = writer_init(LIMIT_KEY_BLOB);
	t->hostkey_sig = writer_init(LIMIT_SIGNATURE);
	t->msg = writer_init(PACKET_PAYLOAD_MAX);
	t->held = writer_init(LIMIT_REKEY_QUEUE);
	t->ext = writer_init(LIMIT_EXT_INFO_SIZE);
	t->fault_detail = writer_init(3 * LIMIT_KEXINIT);
	e = start(t);
	if (e != ERR_OK) {
		transport_free(t);
		return e;
	}
	*out = t;
	return ERR_OK;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	for (enum direction d = RX; d <= TX; d++) {
		protect_free(t->flow[d].protect);
		compress_free(t->flow[d].compress);
	}
	exchange_free(t->exchange);
	input_free(&t->in);
	output_free(&t->out);
	writer_free(&t->peer_ident);
	writer_free(&t->hostkey);
	writer_free(&t->hostkey_sig);
	writer_free(&t->msg);
	writer_free(&t->held);
	writer_free(&t->ext);
	writer_free(&t->fault_detail);
	free((void *)(uintptr_t)t->config.hostkeys);
	wipe(t, sizeof(*t));
	free(t);
}

/* --- ending --- */

static void
send_disconnect(struct transport *t, uint32_t reason, struct span text)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	/* It would be taken for the end of the connection that is shared: hanging up is enough. */
	if (t->config.is_bare)
		return;
	wr_u8(&w, MSG_DISCONNECT);
	wr_u32(&w, reason);
	wr_bytes(&w, text);
	wr_bytes(&w, SPAN_EMPTY);	/* language */
	if (wr_end(&w) == ERR_OK)
		packet_send(t, writer_span(&w));
}

/* Telling a person at the other end of a wrong connection, as others do. */
static void
send_plain(struct transport *t, struct span text)
{
	uint8_t *p = output_reserve(&t->out, text.len, t->now);

	if (p == NULL)
		return;
	memcpy(p, text.p, text.len);
	output_add(&t->out, text.len);
}

enum err
transport_fault(struct transport *t, enum err e, const char *text)
{
	enum phase was = t->phase;

	must(e != ERR_OK);
	if (t->fault != ERR_OK)
		return e;
	t->fault = e;
	t->fault_text = text;
	t->phase = PHASE_ENDED;
	if (was == PHASE_IDENT && t->config.side == SIDE_SERVER && e == ERR_IDENT)
		send_plain(t, SPAN_LIT("Invalid SSH identification string.\r\n"));
	else if (was != PHASE_IDENT && was != PHASE_ENDED && err_reason(e) != 0)
		send_disconnect(t, err_reason(e), span_str(text));
	return e;
}

enum err
transport_fault_detail(struct transport *t, enum err e, const char *text, struct writer *detail)
{
	if (t->fault == ERR_OK && wr_end(detail) == ERR_OK)
		wr_raw(&t->fault_detail, writer_span(detail));
	return transport_fault(t, e, text);
}

bool
transport_failed(struct transport *t, struct event *ev)
{
	bool has_detail = t->fault_detail.len > 0 && wr_end(&t->fault_detail) == ERR_OK;

	if (t->fault == ERR_OK || t->fault_is_told)
		return false;
	t->fault_is_told = true;
	*ev = (struct event){ .type = EV_FAILED, .err = t->fault,
	    .reason = err_reason(t->fault) };
	ev->text = has_detail ? writer_span(&t->fault_detail) : span_str(t->fault_text);
	return true;
}

void
transport_disconnect(struct transport *t, uint32_t reason, struct span text)
{
	if (transport_is_over(t))
		return;
	if (t->phase != PHASE_IDENT)
		send_disconnect(t, reason, text);
	t->phase = PHASE_ENDED;
}

/* --- bytes --- */

struct span
transport_output(const struct transport *t)
{
	return output_span(&t->out);
}

void
transport_sent(struct transport *t, size_t n)
{
	t->lent = NULL;
	output_drop(&t->out, n);
}

size_t
transport_queued(const struct transport *t)
{
	return output_len(&t->out);
}

void
transport_received(struct transport *t, size_t n, msec now)
{
	t->now = now;
	t->lent = NULL;
	if (transport_is_over(t))
		return;
	exchange_time(t);
	input_add(&t->in, n, now);
	input_idle(&t->in, now);
	output_idle(&t->out, now);
	rekey_time(t);
}

msec
transport_deadline(const struct transport *t)
{
	msec d[] = { input_deadline(&t->in), output_deadline(&t->out), rekey_deadline(t) };
	msec first = MSEC_NEVER;

	/* A fault that no event has told of: whoever waits should not. */
	if (t->fault != ERR_OK && !t->fault_is_told)
		return 0;
	if (transport_is_over(t))
		return MSEC_NEVER;
	for (size_t i = 0; i < COUNT(d); i++)
		if (d[i] < first)
			first = d[i];
	return first;
}

msec
transport_now(const struct transport *t)
{
	return t->now;
}

/* --- questions --- */

enum phase
transport_phase(const struct transport *t)
{
	return t->fault != ERR_OK ? PHASE_ENDED : t->phase;
}

bool
transport_is_strict(const struct transport *t)
{
	return t->is_strict;
}

bool
transport_is_asking(const struct transport *t)
{
	return t->asking != ASKING_NOTHING;
}

struct span
transport_session_id(const struct transport *t)
{
	return span_of(t->session_id, t->session_id_len);
}

struct span
transport_hostkey(const struct transport *t)
{
	return writer_span(&t->hostkey);
}

struct traffic
transport_traffic(const struct transport *t, enum direction d)
{
	const struct flow *f = &t->flow[d];
	struct traffic out = { .packets = f->total_packets, .bytes = f->total_bytes,
	    .is_compressed = f->compress != NULL };

	if (out.is_compressed && d == TX)
		compress_totals(f->compress, &out.plain, &out.packed);
	else if (out.is_compressed)
		compress_totals(f->compress, &out.packed, &out.plain);
	return out;
}

struct span
transport_hostkey_sig(const struct transport *t)
{
	return writer_span(&t->hostkey_sig);
}

struct span
transport_peer_ident(const struct transport *t)
{
	return writer_span(&t->peer_ident);
}
