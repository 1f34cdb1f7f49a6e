/* SPDX-License-Identifier: ISC */
/* The program's calls that are the transport layer's business. */
#include "conn/conn_i.h"

void
conn_answer_host_signature(struct conn *c, uint32_t id, struct span sig)
{
	transport_answer_signature(c->transport, id, sig);
}

void
conn_answer_group(struct conn *c, uint32_t id, struct span prime, struct span generator)
{
	transport_answer_group(c->transport, id, prime, generator);
}

void
conn_answer_hostkey_check(struct conn *c, uint32_t id, bool trusted)
{
	transport_answer_hostkey(c->transport, id, trusted);
}

void
conn_tell_sig_algs(struct conn *c, struct span list)
{
	transport_tell_sig_algs(c->transport, list);
}

void
conn_rekey_limit(struct conn *c, uint64_t bytes, msec after)
{
	transport_rekey_limit(c->transport, bytes, after);
}

void
conn_rekey(struct conn *c)
{
	transport_rekey(c->transport);
}

struct span
conn_session_id(const struct conn *c)
{
	return transport_session_id(c->transport);
}

struct span
conn_hostkey(const struct conn *c)
{
	return transport_hostkey(c->transport);
}

struct span
conn_hostkey_sig(const struct conn *c)
{
	return transport_hostkey_sig(c->transport);
}

struct traffic
conn_traffic(const struct conn *c, enum direction d)
{
	return transport_traffic(c->transport, d);
}

void
conn_disconnect(struct conn *c, uint32_t reason, const char *text)
{
	transport_disconnect(c->transport, reason, span_str(text));
}

bool
conn_peer_extension(const struct conn *c, const char *ext, struct span *value)
{
	return transport_peer_extension(c->transport, span_str(ext), value);
}

bool
conn_ping(struct conn *c, struct span data)
{
	return transport_ping(c->transport, data);
}
