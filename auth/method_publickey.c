/* SPDX-License-Identifier: ISC */
/* "publickey" (RFC 4252 7) and its form that names the server's host key. */
#include "auth/messages.h"
#include "auth/userauth.h"

#include "base/limits.h"

enum err
userauth_publickey_get(struct span s, struct userauth_publickey *m)
{
	struct reader r = rd_init(s);

	m->has_sig = rd_flag(&r);
	m->alg = rd_text(&r);
	m->blob = rd_bytes(&r);
	m->hostkey = m->is_hostbound ? rd_bytes(&r) : SPAN_EMPTY;
	m->sig = m->has_sig ? rd_bytes(&r) : SPAN_EMPTY;
	return rd_end(&r);
}

void
userauth_publickey_put(struct writer *w, const struct userauth_publickey *m)
{
	wr_flag(w, m->has_sig);
	wr_bytes(w, m->alg);
	wr_bytes(w, m->blob);
	if (m->is_hostbound)
		wr_bytes(w, m->hostkey);
	if (m->has_sig)
		wr_bytes(w, m->sig);
}

enum err
userauth_pk_ok_get(struct span s, struct userauth_pk_ok *m)
{
	struct reader r = rd_init(s);

	m->alg = rd_bytes(&r);
	m->blob = rd_bytes(&r);
	return rd_end(&r);
}

void
userauth_pk_ok_put(struct writer *w, const struct userauth_pk_ok *m)
{
	wr_bytes(w, m->alg);
	wr_bytes(w, m->blob);
}

static enum err
request_get_as(struct span rest, struct event *ev, bool is_hostbound)
{
	struct userauth_publickey m = { .is_hostbound = is_hostbound };

	TRY(userauth_publickey_get(rest, &m));
	ev->auth.has_sig = m.has_sig;
	ev->auth.alg = auth_cut(m.alg, AUTH_MAX_NAME);
	ev->auth.blob = auth_cut(m.blob, LIMIT_KEY_BLOB);
	ev->auth.hostkey = auth_cut(m.hostkey, LIMIT_KEY_BLOB);
	ev->auth.sig = auth_cut(m.sig, LIMIT_SIGNATURE);
	return ERR_OK;
}

static enum err
plain_get(struct span rest, struct event *ev)
{
	return request_get_as(rest, ev, false);
}

static enum err
hostbound_get(struct span rest, struct event *ev)
{
	return request_get_as(rest, ev, true);
}

const struct auth_method auth_method_publickey = { "publickey", plain_get };
const struct auth_method auth_method_hostbound = {
	"publickey-hostbound-v00@openssh.com", hostbound_get
};

/* RFC 4252 7: the session identifier, then the request as if it had no signature yet. */
void
auth_signed_data(struct writer *w, const struct auth_signed *s)
{
	bool is_hostbound = s->hostkey.len > 0;
	const struct auth_method *method =
	    is_hostbound ? &auth_method_hostbound : &auth_method_publickey;

	wr_bytes(w, s->session_id);
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_bytes(w, s->user);
	wr_bytes(w, s->service);
	wr_str(w, method->name);
	wr_flag(w, true);
	wr_bytes(w, s->alg);
	wr_bytes(w, s->blob);
	if (is_hostbound)
		wr_bytes(w, s->hostkey);
}
