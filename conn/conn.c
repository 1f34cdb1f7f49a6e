/* SPDX-License-Identifier: ISC */
/* The connection's life, and the six calls. */
#include "conn/conn_i.h"

#include <stdlib.h>

#include "base/secret.h"

/* --- life --- */

static struct transport_config
transport_config_of(const struct conn_config *config, const struct transport_hostkey *keys)
{
	return (struct transport_config){
		.side = config->side,
		.ident = config->ident,
		.kex_algs = config->kex_algs,
		.hostkey_algs = config->hostkey_algs,
		.ciphers = config->ciphers,
		.macs = config->macs,
		.compression = config->compression,
		.server_sig_algs = config->server_sig_algs,
		.hostkeys = keys,
		.n_hostkeys = config->n_hostkeys,
		.rekey_bytes = config->rekey_bytes,
		.rekey_after = config->rekey_after,
		.required_rsa_bits = config->required_rsa_bits,
		.asks_group = config->asks_group,
		.rng = config->rng,
		.is_bare = config->is_bare,
#ifdef FUZZING
		.is_clear = config->is_clear,
#endif
	};
}

static enum err
start_transport(struct conn *c, const struct conn_config *config, msec now)
{
	struct transport_hostkey *keys = NULL;
	struct transport_config tc;
	enum err e;

	if (config->n_hostkeys > 0) {
		keys = calloc(config->n_hostkeys, sizeof(*keys));
		if (keys == NULL)
			return ERR_NOMEM;
	}
	for (size_t i = 0; i < config->n_hostkeys; i++) {
		keys[i].blob = config->hostkeys[i].blob;
		keys[i].algs = config->hostkeys[i].algs;
	}
	tc = transport_config_of(config, keys);
	e = transport_new(&c->transport, &tc, now);
	free(keys);
	return e;
}

static enum err
start(struct conn *c, const struct conn_config *config, msec now)
{
	TRY(start_transport(c, config, now));
	TRY(auth_new(&c->auth, c->side, c->transport));
	if (config->is_bare) {
		c->bare = CONN_IS_BARE;
		c->open = CONN_IS_OPEN;
		transport_authenticated(c->transport);
	}
	return channels_new(&c->channels, c->side, c->transport, config->window_budget);
}

enum err
conn_new(struct conn **out, const struct conn_config *config, msec now)
{
	struct conn *c = calloc(1, sizeof(*c));
	enum err e;

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	c->side = config->side;
	e = start(c, config, now);
	if (e != ERR_OK) {
		conn_free(c);
		return e;
	}
	*out = c;
	return ERR_OK;
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	channels_free(c->channels);
	auth_free(c->auth);
	transport_free(c->transport);
	wipe(c, sizeof(*c));
	free(c);
}

/* --- bytes --- */

struct span
conn_output(struct conn *c)
{
	return transport_output(c->transport);
}

void
conn_sent(struct conn *c, size_t n)
{
	transport_sent(c->transport, n);
}

size_t
conn_queued(const struct conn *c)
{
	return transport_queued(c->transport);
}

struct room
conn_room(struct conn *c)
{
	return transport_room(c->transport);
}

enum err
conn_received(struct conn *c, size_t n, msec now)
{
	transport_received(c->transport, n, now);
	return transport_phase(c->transport) == PHASE_ENDED ? ERR_CLOSED : ERR_OK;
}

msec
conn_deadline(const struct conn *c)
{
	return transport_deadline(c->transport);
}

/* --- where it stands --- */

bool
conn_is_open(const struct conn *c)
{
	return c->open == CONN_IS_OPEN && (c->bare == CONN_IS_BARE || auth_is_open(c->auth));
}

void
conn_note_auth(struct conn *c)
{
	if (auth_is_open(c->auth))
		c->open = CONN_IS_OPEN;
}

/* What the peer may send now. */
static enum conn_state
state_of(const struct conn *c)
{
	switch (transport_phase(c->transport)) {
	case PHASE_KEXINIT:
		return STATE_KEXINIT;
	case PHASE_KEX:
		return STATE_KEX;
	case PHASE_NEWKEYS:
		return STATE_NEWKEYS;
	case PHASE_REKEX:
		return STATE_REKEX;
	case PHASE_RENEWKEYS:
		return STATE_RENEWKEYS;
	case PHASE_RUNNING:
		if (conn_is_open(c))
			return STATE_OPEN;
		return c->has_service ? STATE_AUTH : STATE_SERVICE;
	case PHASE_IDENT:
	case PHASE_ENDED:
		break;
	}
	return STATE_IDENT;
}

/* --- one packet --- */

static enum err
call_handler(struct conn *c, const struct rule *rule, struct span payload, struct event *ev)
{
	if (rule->channels != NULL)
		return rule->channels(c->channels, span_skip(payload, 1),
		    transport_now(c->transport), ev);
	if (rule->auth != NULL)
		return rule->auth(c->auth, payload, ev);
	return rule->transport(c->transport, payload, ev);
}

/* Says no to a message in the words that fit it best; our own log gets its number. */
static enum err
refuse(struct conn *c, uint8_t number)
{
	SCOPED(writer_free) struct writer w = writer_init(128);
	const char *text = "message not allowed now";

	if (number >= 80 && !conn_is_open(c))
		text = "connection protocol message before authentication";
	wr_printf(&w, "%s: %u in state %s", text, (unsigned)number, conn_state_name(state_of(c)));
	return transport_fault_detail(c->transport, ERR_SEQUENCE, text, &w);
}

static enum err
take_packet(struct conn *c, struct span payload, struct event *ev)
{
	bool is_strict = transport_is_strict(c->transport);
	uint8_t number = payload.p[0];
	const struct rule *rule;

	/* Nothing is agreed on there and nobody logs in: only 1 to 4 and the connection layer. */
	if (c->bare == CONN_IS_BARE && number > 4 && number < 80)
		return refuse(c, number);
	switch (legality(c->side, state_of(c), is_strict, number, &rule)) {
	case VERDICT_ALLOW:
		TRY(call_handler(c, rule, payload, ev));
		/* SERVICE_REQUEST or SERVICE_ACCEPT has been found good. */
		if (number == 5 || number == 6)
			c->has_service = true;
		return ERR_OK;
	case VERDICT_UNIMPLEMENTED:
		transport_unimplemented(c->transport);
		return ERR_OK;
	case VERDICT_REFUSE:
		break;
	}
	return refuse(c, number);
}

/* A server that announces it gets host-bound signatures. */
static void
bind_hostkey(struct conn *c)
{
	static const struct span name = { (const uint8_t *)"publickey-hostbound@openssh.com", 31 };
	struct span version;

	if (!transport_peer_extension(c->transport, name, &version) || !span_is(version, "0"))
		return;
	if (auth_bind_hostkey(c->auth, transport_hostkey(c->transport)) != ERR_OK)
		(void)!transport_fault(c->transport, ERR_NOMEM, "no memory for the host key");
}

/* What the layers do not know of each other. */
static void
connect_layers(struct conn *c, const struct event *ev)
{
	switch (ev->type) {
	case EV_IDENT:
		channels_set_peer_ident(c->channels, ev->ident);
		break;
	case EV_KEX_DONE:
		if (ev->kex.first && c->side == SIDE_CLIENT)
			auth_start(c->auth);
		break;
	case EV_AUTH_READY:
		bind_hostkey(c);
		break;
	case EV_NEED_AUTH:
	case EV_NEED_AUTH_ANSWERS:
		c->auth_asked = ev->id;
		break;
	case EV_AUTH_SUCCESS:
		conn_note_auth(c);
		break;
	default:
		break;
	}
}

/* Events that no packet brings about, oldest cause first. */
static bool
next_of_itself(struct conn *c, struct event *ev)
{
	if (transport_failed(c->transport, ev))
		return true;
	return transport_phase(c->transport) != PHASE_ENDED &&
	    (transport_next_ext(c->transport, ev) || auth_next(c->auth, ev));
}

/* Takes bytes or a packet in; false if there is nothing to take, or not now. */
static bool
advance(struct conn *c, struct event *ev)
{
	struct span payload;

	if (c->auth_asked != 0)
		return false;
	if (transport_phase(c->transport) == PHASE_IDENT) {
		if (!transport_ident(c->transport, ev))
			return false;
	} else {
		if (!transport_packet(c->transport, &payload))
			return false;
		if (take_packet(c, payload, ev) != ERR_OK)
			*ev = (struct event){ .type = EV_NONE };	/* a fault comes instead */
	}
	connect_layers(c, ev);
	return true;
}

bool
conn_next(struct conn *c, struct event *ev)
{
	*ev = (struct event){ .type = EV_NONE };
	for (;;) {
		if (next_of_itself(c, ev))
			return true;
		if (!advance(c, ev))
			return transport_failed(c->transport, ev);
		if (ev->type != EV_NONE)
			return true;
	}
}
