/* SPDX-License-Identifier: ISC */
/* "hostbased" (RFC 4252 9). */
#include "auth/messages.h"
#include "auth/userauth.h"

#include "base/limits.h"

enum err
userauth_hostbased_get(struct span s, struct userauth_hostbased *m)
{
	struct reader r = rd_init(s);

	m->alg = rd_text(&r);
	m->blob = rd_bytes(&r);
	m->host = rd_text(&r);
	m->local_user = rd_text(&r);
	m->sig = rd_bytes(&r);
	return rd_end(&r);
}

void
userauth_hostbased_put(struct writer *w, const struct userauth_hostbased *m)
{
	wr_bytes(w, m->alg);
	wr_bytes(w, m->blob);
	wr_bytes(w, m->host);
	wr_bytes(w, m->local_user);
	wr_bytes(w, m->sig);
}

static enum err
request_get(struct span rest, struct event *ev)
{
	struct userauth_hostbased m;

	TRY(userauth_hostbased_get(rest, &m));
	ev->auth.has_sig = true;
	ev->auth.alg = auth_cut(m.alg, AUTH_MAX_NAME);
	ev->auth.blob = auth_cut(m.blob, LIMIT_KEY_BLOB);
	ev->auth.host = auth_cut(m.host, AUTH_MAX_NAME);
	ev->auth.local_user = auth_cut(m.local_user, LIMIT_USER);
	ev->auth.sig = auth_cut(m.sig, LIMIT_SIGNATURE);
	return ERR_OK;
}

const struct auth_method auth_method_hostbased = { "hostbased", request_get };

/* RFC 4252 9: the session identifier, then the request up to the signature. */
void
auth_hostbased_data(struct writer *w, const struct auth_signed *s, struct span host,
    struct span local_user)
{
	wr_bytes(w, s->session_id);
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_bytes(w, s->user);
	wr_bytes(w, s->service);
	wr_str(w, auth_method_hostbased.name);
	wr_bytes(w, s->alg);
	wr_bytes(w, s->blob);
	wr_bytes(w, host);
	wr_bytes(w, local_user);
}
