/* SPDX-License-Identifier: ISC */
#include "auth/userauth_i.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/secret.h"

enum err
auth_new(struct auth **out, enum side side, struct transport *t)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	a->side = side;
	a->state = AUTH_CLOSED;
	a->transport = t;
	a->who = writer_init(2 * (4 + AUTH_MAX_NAME + 1));
	a->key = writer_init(8 + AUTH_MAX_NAME + 1 + LIMIT_KEY_BLOB + 1);
	a->hostkey = writer_init(LIMIT_KEY_BLOB);
	*out = a;
	return ERR_OK;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	writer_free(&a->who);
	writer_free(&a->key);
	writer_free(&a->hostkey);
	wipe(a, sizeof(*a));
	free(a);
}

bool
auth_is_open(const struct auth *a)
{
	return a->state == AUTH_OPEN;
}

bool
auth_next(struct auth *a, struct event *ev)
{
	if (!a->success_is_due)
		return false;
	a->success_is_due = false;
	*ev = (struct event){ .type = EV_AUTH_SUCCESS, .ok = true };
	return true;
}

void
auth_set_state(struct auth *a, enum auth_state state)
{
	must(a->state != AUTH_OPEN);
	a->state = state;
	if (state != AUTH_OPEN)
		return;
	/* A connection lasts for days; what only the login needed goes now. */
	writer_free(&a->who);
	writer_free(&a->key);
	writer_free(&a->hostkey);
	transport_authenticated(a->transport);
}

struct span
auth_body(struct span payload)
{
	return span_skip(payload, 1);
}

enum err
auth_keep_key(struct auth *a, struct span alg, struct span blob)
{
	writer_reset(&a->key);
	userauth_pk_ok_put(&a->key, &(struct userauth_pk_ok){ alg, blob });
	if (wr_end(&a->key) != ERR_OK)
		return transport_fault(a->transport, wr_end(&a->key), "auth: no room for the key");
	return ERR_OK;
}

struct userauth_pk_ok
auth_kept_key(const struct auth *a)
{
	struct userauth_pk_ok m;
	enum err e = userauth_pk_ok_get(writer_span(&a->key), &m);

	must(e == ERR_OK);
	return m;
}
