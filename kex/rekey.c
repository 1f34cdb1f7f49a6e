/* SPDX-License-Identifier: ISC */
/* When keys have done enough (RFC 4253 9, RFC 4344 3), and patience with rekeys. */
#include "kex/transport_i.h"

/* Whether the keys of a direction are used up. */
static bool
is_used_up(const struct transport *t, enum direction d)
{
	const struct flow *f = &t->flow[d];
	uint64_t bytes = f->alg.rekey_bytes;

	/* What the config asks for is about data; a login never gets that long. */
	if (t->is_authenticated && t->config.rekey_bytes != 0 && t->config.rekey_bytes < bytes)
		bytes = t->config.rekey_bytes;
	return f->bytes >= bytes || f->packets >= f->alg.rekey_packets;
}

void
transport_rekey_limit(struct transport *t, uint64_t bytes, msec after)
{
	t->config.rekey_bytes = bytes;
	t->config.rekey_after = after;
}

void
rekey_check(struct transport *t)
{
	if (t->phase == PHASE_RUNNING && (is_used_up(t, RX) || is_used_up(t, TX)))
		transport_rekey(t);
}

msec
rekey_deadline(const struct transport *t)
{
	if (t->session_id_len == 0)
		return MSEC_NEVER;	/* the program has a deadline for the login */
	/* Begun between two calls that bring the time: what we know of it may be old. */
	if (t->exchange != NULL && t->exchange_began == MSEC_NEVER)
		return 0;
	if (t->exchange != NULL && t->n_exchanges > 1)
		return t->exchange_began + LIMIT_REKEY_TIME;
	/*
	 * Not while somebody logs in: delayed compression begins at SUCCESS,
	 * and an exchange that crosses it would be read as compressed.
	 */
	if (t->exchange == NULL && t->config.rekey_after != 0 && t->is_authenticated)
		return t->exchange_ended + t->config.rekey_after;
	return MSEC_NEVER;
}

void
rekey_time(struct transport *t)
{
	if (t->now < rekey_deadline(t))
		return;
	if (t->exchange != NULL)
		(void)!transport_fault(t, ERR_TIMEOUT, "key exchange timed out");
	else
		transport_rekey(t);
}
