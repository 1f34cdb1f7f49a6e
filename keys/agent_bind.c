/* SPDX-License-Identifier: ISC */
/* The way that a request has come, and whether a key may be used there. */
#include "base/limits.h"
#include "keys/agent_destination.h"
#include "keys/agent_i.h"
#include "keys/cert.h"

/* Longer than any hash of a key exchange. */
#define MAX_SESSION_ID	128

#define USERAUTH_REQUEST	50

void
agent_client_free(struct agent_client *c)
{
	for (size_t i = 0; i < c->n_bindings; i++) {
		writer_free(&c->bindings[i].hostkey);
		writer_free(&c->bindings[i].session_id);
	}
	*c = (struct agent_client){ .n_bindings = 0 };
}

/* --- binding --- */

static enum err
deny(struct agent_client *c, const char *why)
{
	c->why = why;
	return ERR_DENIED;
}

/* Whether the host has signed the session's id with the key it shows. */
static enum err
check_proof(const struct agent_bind *bind)
{
	SCOPED(key_free) struct key *k = NULL;
	SCOPED(cert_free) struct cert cert = { .type = NULL };
	bool is_cert = cert_type_plain(key_blob_type(bind->hostkey)) != NULL;

	if (is_cert)
		TRY(cert_parse(bind->hostkey, &cert));
	else
		TRY(key_from_blob(bind->hostkey, &k));
	return key_verify(is_cert ? cert.key : k, key_blob_type(bind->sig), span_str(keys_list(KEY_LIST_SIG)),
	    bind->sig, bind->session_id, NULL);
}

/* Whether it is bound already; ERR_DENIED if it cannot be. */
static enum err
look_up(struct agent_client *c, const struct agent_bind *bind, bool *is_there)
{
	*is_there = false;
	for (size_t i = 0; i < c->n_bindings; i++) {
		const struct agent_binding *b = &c->bindings[i];
		bool same_id = span_eq(writer_span(&b->session_id), bind->session_id);

		if (!b->is_forwarding)
			return deny(c, "session-bind after one that was for a login");
		if (same_id && !span_eq(writer_span(&b->hostkey), bind->hostkey))
			return deny(c, "session-bind of one session to two host keys");
		*is_there = *is_there || same_id;
	}
	return ERR_OK;
}

static enum err
note_binding(struct agent_client *c, const struct agent_bind *bind)
{
	struct agent_binding new = {
		.hostkey = writer_init(LIMIT_KEY_BLOB + 1), .session_id = writer_init(MAX_SESSION_ID + 1),
		.is_forwarding = bind->is_forwarding,
	};

	wr_raw(&new.hostkey, bind->hostkey);
	wr_raw(&new.session_id, bind->session_id);
	if (wr_end(&new.hostkey) != ERR_OK || wr_end(&new.session_id) != ERR_OK) {
		writer_free(&new.hostkey);
		writer_free(&new.session_id);
		return ERR_NOMEM;
	}
	c->bindings[c->n_bindings++] = new;
	return ERR_OK;
}

enum err
agent_bind_add(struct agent_client *c, struct span contents)
{
	struct agent_bind bind;
	bool is_there;
	enum err e;

	/* From here on the client is somebody who speaks for others, even if this fails. */
	c->has_tried_to_bind = true;
	if (agent_bind_get(contents, &bind) != ERR_OK || bind.session_id.len == 0 ||
	    bind.session_id.len > MAX_SESSION_ID || bind.hostkey.len > LIMIT_KEY_BLOB)
		return deny(c, "session-bind is malformed");
	e = check_proof(&bind);
	if (e != ERR_OK)
		return e == ERR_NOMEM ? e : deny(c, "session-bind without the host's signature");
	TRY(look_up(c, &bind, &is_there));
	if (is_there)
		return ERR_OK;
	if (c->n_bindings == AGENT_MAX_BINDINGS)
		return deny(c, "too many session-binds");
	return note_binding(c, &bind);
}

/* --- what it means for a key --- */

static bool
refuse(struct agent_client *c, const char *why)
{
	c->why = why;
	return false;
}

/* Each step of the way must be one that the key may go. */
static bool
may_come(struct agent_client *c, const struct agent_entry *e, struct span user, uint64_t wall)
{
	struct agent_step step = { .wall = wall };

	for (size_t i = 0; i < c->n_bindings; i++) {
		const struct agent_binding *b = &c->bindings[i];
		bool is_last = i + 1 == c->n_bindings;

		if (is_last && user.p != NULL && b->is_forwarding)
			return refuse(c, "login by a session that was bound for forwarding");
		step.to = writer_span(&b->hostkey);
		step.user = is_last ? user : SPAN_EMPTY;
		if (!agent_destinations_allow(writer_span(&e->destinations), &step))
			return refuse(c, "the key is not for this destination");
		step.from = step.to;
	}
	return true;
}

bool
agent_may_use(struct agent_client *c, const struct agent_entry *e, struct span user, uint64_t wall)
{
	const struct agent_binding *last;

	if (e->destinations.len == 0)
		return true;
	if (c->n_bindings == 0)
		return !c->has_tried_to_bind ||
		    refuse(c, "the key has destinations, and session-bind failed");
	if (!may_come(c, e, user, wall))
		return false;
	last = &c->bindings[c->n_bindings - 1];
	/* Who is there and cannot go anywhere with the key need not know of it. */
	if (last->is_forwarding && user.p == NULL && !agent_destinations_allow(
	    writer_span(&e->destinations), &(struct agent_step){
	    .from = writer_span(&last->hostkey), .wall = wall }))
		return refuse(c, "the key may be used to log in there, not from there");
	return true;
}

/* A login request as it is signed (RFC 4252 7; publickey-hostbound-v00@openssh.com). */
struct login {
	struct span session_id;
	struct span user;
	struct span alg;
	struct span blob;
	struct span hostkey;	/* empty: not said */
};

static enum err
read_login(struct span data, struct login *l)
{
	struct reader r = rd_init(data);
	bool is_bound;
	struct span method;

	*l = (struct login){ .user = SPAN_EMPTY };
	l->session_id = rd_bytes(&r);
	if (rd_u8(&r) != USERAUTH_REQUEST)
		rd_fail(&r, ERR_FORMAT);
	l->user = rd_bytes(&r);
	if (!span_is(rd_bytes(&r), "ssh-connection"))
		rd_fail(&r, ERR_FORMAT);
	method = rd_bytes(&r);
	is_bound = span_is(method, "publickey-hostbound-v00@openssh.com");
	if ((!is_bound && !span_is(method, "publickey")) || !rd_flag(&r))
		rd_fail(&r, ERR_FORMAT);
	l->alg = rd_bytes(&r);
	l->blob = rd_bytes(&r);
	if (is_bound)
		l->hostkey = rd_bytes(&r);
	if (is_bound && l->hostkey.len == 0)
		rd_fail(&r, ERR_FORMAT);
	return rd_end(&r);
}

bool
agent_may_sign(struct agent_client *c, const struct agent_entry *e, struct span data,
    uint64_t wall, struct span *user)
{
	const struct agent_binding *last;
	struct login login;

	if (c->n_bindings == 0)
		return refuse(c, "the key has destinations, and no session-bind came before");
	if (read_login(data, &login) != ERR_OK || !span_eq(login.blob, writer_span(&e->blob)))
		return refuse(c, "the key has destinations, and this is no login with it");
	/* A name of no bytes is one all the same. */
	*user = login.user.len == 0 ? SPAN_LIT("") : login.user;
	if (!agent_may_use(c, e, *user, wall))
		return false;
	last = &c->bindings[c->n_bindings - 1];
	if (!span_eq(login.session_id, writer_span(&last->session_id)))
		return refuse(c, "the login is not of the session that was bound last");
	/* Only the first host of the way may be one that does not know of this. */
	if (login.hostkey.len == 0 && c->n_bindings > 1)
		return refuse(c, "a forwarded login that does not say its host key");
	if (login.hostkey.len != 0 && !span_eq(login.hostkey, writer_span(&last->hostkey)))
		return refuse(c, "the login is for another host key than the one that was bound");
	return true;
}
