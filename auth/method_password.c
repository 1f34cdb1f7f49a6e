/* SPDX-License-Identifier: ISC */
/* "password" (RFC 4252 8). */
#include "auth/messages.h"

#include "base/limits.h"

enum err
userauth_password_get(struct span s, struct userauth_password *m)
{
	struct reader r = rd_init(s);

	m->is_change = rd_flag(&r);
	m->password = rd_bytes(&r);
	m->new_password = m->is_change ? rd_bytes(&r) : SPAN_EMPTY;
	return rd_end(&r);
}

void
userauth_password_put(struct writer *w, const struct userauth_password *m)
{
	wr_flag(w, m->is_change);
	wr_bytes(w, m->password);
	if (m->is_change)
		wr_bytes(w, m->new_password);
}

static enum err
request_get(struct span rest, struct event *ev)
{
	struct userauth_password m;

	TRY(userauth_password_get(rest, &m));
	ev->auth.is_change = m.is_change;
	ev->auth.password = auth_cut(m.password, LIMIT_PASSWORD);
	ev->auth.new_password = auth_cut(m.new_password, LIMIT_PASSWORD);
	return ERR_OK;
}

const struct auth_method auth_method_password = { "password", request_get };
