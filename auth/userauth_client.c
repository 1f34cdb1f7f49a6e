/* SPDX-License-Identifier: ISC */
#include "auth/userauth_i.h"

#include "base/limits.h"

void
auth_start(struct auth *a)
{
	struct writer *w;

	must(a->side == SIDE_CLIENT);
	if (a->state != AUTH_CLOSED)
		return;
	w = transport_begin(a->transport, MSG_SERVICE_REQUEST);
	wr_bytes(w, AUTH_USERAUTH);
	transport_end(a->transport);
	auth_set_state(a, AUTH_STARTED);
}

enum err
auth_bind_hostkey(struct auth *a, struct span hostkey)
{
	writer_reset(&a->hostkey);
	wr_raw(&a->hostkey, hostkey);
	return wr_end(&a->hostkey);
}

/* --- what the server sends --- */

enum err
auth_on_service_accept(struct auth *a, struct span payload, struct event *ev)
{
	struct reader r = rd_init(auth_body(payload));
	struct span service = rd_bytes(&r);

	/* Some servers send it without the name. */
	if (auth_body(payload).len > 0 &&
	    (rd_end(&r) != ERR_OK || !span_eq(service, AUTH_USERAUTH)))
		return transport_fault(a->transport, ERR_FORMAT, "malformed SERVICE_ACCEPT");
	if (a->state != AUTH_STARTED)
		return transport_fault(a->transport, ERR_SEQUENCE, "SERVICE_ACCEPT not asked for");
	auth_set_state(a, AUTH_IDLE);
	*ev = (struct event){ .type = EV_AUTH_READY };
	return ERR_OK;
}

enum err
auth_on_failure(struct auth *a, struct span payload, struct event *ev)
{
	struct userauth_failure m;
	enum err e = userauth_failure_get(auth_body(payload), &m);

	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed USERAUTH_FAILURE");
	if (a->state != AUTH_ASKED)
		return transport_fault(a->transport, ERR_SEQUENCE, "USERAUTH_FAILURE not asked for");
	auth_set_state(a, AUTH_IDLE);
	*ev = (struct event){ .type = EV_AUTH_FAILURE };
	ev->failure.methods = m.methods;
	ev->failure.partial = m.partial;
	return ERR_OK;
}

static const struct auth_method *
method_asked(const struct auth *a)
{
	switch (a->asked) {
	case ASKED_PASSWORD:
		return &auth_method_password;
	case ASKED_QUERY:
	case ASKED_KEY:
		return &auth_method_publickey;
	case ASKED_KBDINT:
		return &auth_method_kbdint;
	case ASKED_HOSTBASED:
		return &auth_method_hostbased;
	case ASKED_NONE:
	case ASKED_OTHER:
		break;
	}
	return &auth_method_none;
}

enum err
auth_on_success(struct auth *a, struct span payload, struct event *ev)
{
	if (auth_body(payload).len > 0)
		return transport_fault(a->transport, ERR_TRAILING, "malformed USERAUTH_SUCCESS");
	/*
	 * "Trivial authentication" (CVE-2021-36367 and others): a server that
	 * says yes to what was only a question wants the session, not the proof.
	 */
	if (a->state != AUTH_ASKED || a->asked == ASKED_QUERY)
		return transport_fault(a->transport, ERR_SEQUENCE, "USERAUTH_SUCCESS not asked for");
	*ev = (struct event){ .type = EV_AUTH_SUCCESS, .ok = a->proved };
	ev->auth.method = span_str(method_asked(a)->name);
	auth_set_state(a, AUTH_OPEN);
	return ERR_OK;
}

enum err
auth_on_banner(struct auth *a, struct span payload, struct event *ev)
{
	struct userauth_text m;
	enum err e = userauth_text_get(auth_body(payload), &m);

	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed USERAUTH_BANNER");
	if (a->state == AUTH_CLOSED || a->state == AUTH_OPEN)
		return transport_fault(a->transport, ERR_SEQUENCE, "USERAUTH_BANNER not allowed now");
	*ev = (struct event){ .type = EV_AUTH_BANNER, .text = m.text };
	return ERR_OK;
}

static enum err
on_pk_ok(struct auth *a, struct span body, struct event *ev)
{
	struct userauth_pk_ok asked = auth_kept_key(a);
	struct userauth_pk_ok m;
	enum err e = userauth_pk_ok_get(body, &m);

	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed USERAUTH_PK_OK");
	if (!span_eq(m.blob, asked.blob))
		return transport_fault(a->transport, ERR_FORMAT, "USERAUTH_PK_OK for another key");
	auth_set_state(a, AUTH_IDLE);
	*ev = (struct event){ .type = EV_AUTH_PK_OK };
	ev->auth.method = span_str(auth_method_publickey.name);
	ev->auth.alg = asked.alg;
	ev->auth.blob = m.blob;
	return ERR_OK;
}

static enum err
on_passwd_changereq(struct auth *a, struct span body, struct event *ev)
{
	struct userauth_text m;
	enum err e = userauth_text_get(body, &m);

	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed PASSWD_CHANGEREQ");
	auth_set_state(a, AUTH_CHALLENGED);
	*ev = (struct event){ .type = EV_AUTH_PASSWD_CHANGE, .text = m.text };
	return ERR_OK;
}

static enum err
on_info_request(struct auth *a, struct span body, struct event *ev)
{
	struct userauth_info_request m;
	enum err e = userauth_info_request_get(body, &m);

	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed INFO_REQUEST");
	a->n_prompts = m.n;
	auth_set_state(a, AUTH_CHALLENGED);
	*ev = (struct event){ .type = EV_AUTH_PROMPTS };
	ev->prompts.name = m.name;
	ev->prompts.instruction = m.instruction;
	ev->prompts.n = m.n;
	for (unsigned i = 0; i < m.n; i++)
		ev->prompts.prompt[i] = m.prompt[i];
	return ERR_OK;
}

enum err
auth_on_60(struct auth *a, struct span payload, struct event *ev)
{
	struct span body = auth_body(payload);

	if (a->state == AUTH_ASKED && a->asked == ASKED_QUERY)
		return on_pk_ok(a, body, ev);
	if (a->state == AUTH_ASKED && a->asked == ASKED_PASSWORD)
		return on_passwd_changereq(a, body, ev);
	if (a->state == AUTH_ASKED && a->asked == ASKED_KBDINT)
		return on_info_request(a, body, ev);
	return transport_fault(a->transport, ERR_SEQUENCE, "message 60 not asked for");
}

/* --- what the program sends --- */

/* An error is recorded in the transport, and conn_next() will tell. */
static void
wrong_moment(struct auth *a)
{
	(void)!transport_fault(a->transport, ERR_NOTNOW, "auth: request out of turn");
}

/*
 * Begins a USERAUTH_REQUEST; NULL at the wrong moment. A challenge that waits
 * for an answer is abandoned by it (RFC 4256 3.1).
 */
static struct writer *
begin_request(struct auth *a, struct span user, const struct auth_method *method,
    enum auth_asked asked)
{
	struct writer *w;

	must(a->side == SIDE_CLIENT);
	if (a->state != AUTH_IDLE && a->state != AUTH_CHALLENGED) {
		wrong_moment(a);
		return NULL;
	}
	a->asked = asked;
	a->proved = asked == ASKED_PASSWORD || asked == ASKED_KEY || asked == ASKED_HOSTBASED;
	auth_set_state(a, AUTH_ASKED);
	w = transport_begin(a->transport, MSG_USERAUTH_REQUEST);
	userauth_request_put(w, &(struct userauth_request){
	    user, AUTH_SERVICE, span_str(method->name), SPAN_EMPTY });
	return w;
}

void
auth_send_none(struct auth *a, struct span user)
{
	if (begin_request(a, user, &auth_method_none, ASKED_NONE) != NULL)
		transport_end(a->transport);
}

void
auth_send_password(struct auth *a, struct span user, struct span password)
{
	struct writer *w = begin_request(a, user, &auth_method_password, ASKED_PASSWORD);

	if (w == NULL)
		return;
	userauth_password_put(w, &(struct userauth_password){ .password = password });
	transport_end(a->transport);
}

void
auth_send_new_password(struct auth *a, struct span user, struct span old_password,
    struct span new_password)
{
	struct writer *w;

	if (a->state != AUTH_CHALLENGED || a->asked != ASKED_PASSWORD) {
		wrong_moment(a);
		return;
	}
	w = begin_request(a, user, &auth_method_password, ASKED_PASSWORD);
	userauth_password_put(w, &(struct userauth_password){ old_password, true, new_password });
	transport_end(a->transport);
}

void
auth_send_query(struct auth *a, struct span user, struct span alg, struct span blob)
{
	struct writer *w;

	if (auth_keep_key(a, alg, blob) != ERR_OK)
		return;
	w = begin_request(a, user, &auth_method_publickey, ASKED_QUERY);
	if (w == NULL)
		return;
	userauth_publickey_put(w, &(struct userauth_publickey){ .alg = alg, .blob = blob });
	transport_end(a->transport);
}

void
auth_key_data(struct auth *a, struct span user, struct span alg, struct span blob,
    struct writer *data)
{
	auth_signed_data(data, &(struct auth_signed){
	    .session_id = transport_session_id(a->transport),
	    .user = user,
	    .service = AUTH_SERVICE,
	    .alg = alg,
	    .blob = blob,
	    .hostkey = writer_span(&a->hostkey),
	});
}

void
auth_send_key(struct auth *a, struct span user, struct span alg, struct span blob,
    struct span sig)
{
	bool is_hostbound = a->hostkey.len > 0;
	struct writer *w = begin_request(a, user,
	    is_hostbound ? &auth_method_hostbound : &auth_method_publickey, ASKED_KEY);

	if (w == NULL)
		return;
	userauth_publickey_put(w, &(struct userauth_publickey){
	    is_hostbound, true, alg, blob, writer_span(&a->hostkey), sig });
	transport_end(a->transport);
}

void
auth_send_kbdint(struct auth *a, struct span user, struct span devices)
{
	struct writer *w = begin_request(a, user, &auth_method_kbdint, ASKED_KBDINT);

	if (w == NULL)
		return;
	userauth_kbdint_put(w, &(struct userauth_kbdint){ SPAN_EMPTY, devices });
	transport_end(a->transport);
}

void
auth_send_answers(struct auth *a, const struct span *answers, unsigned n)
{
	struct userauth_info_response m = { .n = n };
	struct writer *w;

	if (a->state != AUTH_CHALLENGED || a->asked != ASKED_KBDINT || n != a->n_prompts) {
		wrong_moment(a);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		m.text[i] = answers[i];
	a->proved = a->proved || n > 0;
	auth_set_state(a, AUTH_ASKED);
	w = transport_begin(a->transport, MSG_USERAUTH_INFO_RESPONSE);
	userauth_info_response_put(w, &m);
	transport_end(a->transport);
}

void
auth_send_hostbased(struct auth *a, struct span user, struct span alg, struct span blob,
    struct span host, struct span local_user, struct span sig)
{
	struct writer *w = begin_request(a, user, &auth_method_hostbased, ASKED_HOSTBASED);

	if (w == NULL)
		return;
	userauth_hostbased_put(w, &(struct userauth_hostbased){
	    alg, blob, host, local_user, sig });
	transport_end(a->transport);
}
