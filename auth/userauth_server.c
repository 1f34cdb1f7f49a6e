/* SPDX-License-Identifier: ISC */
#include "auth/userauth_i.h"

#include "base/limits.h"

enum err
auth_on_service_request(struct auth *a, struct span payload, struct event *ev)
{
	struct reader r = rd_init(auth_body(payload));
	struct span service = rd_text(&r);
	struct writer *w;

	(void)ev;
	if (rd_end(&r) != ERR_OK)
		return transport_fault(a->transport, rd_end(&r), "malformed SERVICE_REQUEST");
	/* RFC 4253 10: a service that is not there ends the connection. */
	if (!span_eq(service, AUTH_USERAUTH))
		return transport_fault(a->transport, ERR_SERVICE, "service not available");
	if (a->state == AUTH_OPEN)
		return transport_fault(a->transport, ERR_SEQUENCE, "SERVICE_REQUEST after authentication");
	if (++a->requests > LIMIT_AUTH_REQUESTS)
		return transport_fault(a->transport, ERR_LIMIT, "too many authentication requests");
	if (a->state == AUTH_CLOSED)
		auth_set_state(a, AUTH_IDLE);
	w = transport_begin(a->transport, MSG_SERVICE_ACCEPT);
	wr_bytes(w, AUTH_USERAUTH);
	transport_end(a->transport);
	return ERR_OK;
}

/* Remembers user and service of the first request; refuses others after it. */
static enum err
check_who(struct auth *a, const struct userauth_request *m)
{
	struct span user = auth_cut(m->user, LIMIT_USER);
	struct reader r = rd_init(writer_span(&a->who));

	/* RFC 4252 5: authentication MUST NOT be accepted for a service that is not there. */
	if (!span_eq(m->service, AUTH_SERVICE))
		return transport_fault(a->transport, ERR_SERVICE, "service not available");
	if (a->who.len == 0) {
		wr_bytes(&a->who, user);
		if (wr_end(&a->who) != ERR_OK)
			return transport_fault(a->transport, wr_end(&a->who), "auth: no memory");
		return ERR_OK;
	}
	/* RFC 4252 5: flush all state or disconnect; a partial success must not carry over. */
	if (!span_eq(rd_bytes(&r), user))
		return transport_fault(a->transport, ERR_SEQUENCE, "change of user name not allowed");
	return ERR_OK;
}

/* What the answers to a request can be. */
static enum auth_asked
asked_by(const struct auth_method *method, const struct event *ev)
{
	if (method == &auth_method_kbdint)
		return ASKED_KBDINT;
	if (method == &auth_method_password)
		return ASKED_PASSWORD;
	if (method == &auth_method_publickey || method == &auth_method_hostbound)
		return ev->auth.has_sig ? ASKED_KEY : ASKED_QUERY;
	return ASKED_OTHER;
}

enum err
auth_on_request(struct auth *a, struct span payload, struct event *ev)
{
	const struct auth_method *method;
	struct userauth_request m;
	enum err e;

	/* RFC 4252 5.3: after success they are silently ignored. */
	if (a->state == AUTH_OPEN)
		return ERR_OK;
	if (a->state != AUTH_IDLE && a->state != AUTH_CHALLENGED)
		return transport_fault(a->transport, ERR_SEQUENCE, "USERAUTH_REQUEST out of turn");
	if (++a->requests > LIMIT_AUTH_REQUESTS)
		return transport_fault(a->transport, ERR_LIMIT, "too many authentication requests");
	*ev = (struct event){ .type = EV_NEED_AUTH, .id = ++a->id };
	e = userauth_request_get(auth_body(payload), &m);
	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed USERAUTH_REQUEST");
	TRY(check_who(a, &m));
	ev->auth.user = auth_cut(m.user, LIMIT_USER);
	ev->auth.service = m.service;
	ev->auth.method = auth_cut(m.method, AUTH_MAX_NAME);
	method = auth_method_find(m.method);
	if (method != NULL) {
		/* The same end for every user, known or not (threats: CVE-2018-15473). */
		e = method->request_get(m.rest, ev);
		if (e != ERR_OK)
			return transport_fault(a->transport, e, "malformed USERAUTH_REQUEST");
	}
	a->asked = asked_by(method, ev);
	if (a->asked == ASKED_QUERY)
		TRY(auth_keep_key(a, ev->auth.alg, ev->auth.blob));
	auth_set_state(a, AUTH_ASKED);
	return ERR_OK;
}

enum err
auth_on_info_response(struct auth *a, struct span payload, struct event *ev)
{
	struct userauth_info_response m;
	enum err e;

	if (a->state != AUTH_CHALLENGED)
		return transport_fault(a->transport, ERR_SEQUENCE, "INFO_RESPONSE out of turn");
	if (++a->requests > LIMIT_AUTH_REQUESTS)
		return transport_fault(a->transport, ERR_LIMIT, "too many authentication requests");
	e = userauth_info_response_get(auth_body(payload), a->n_prompts, &m);
	if (e != ERR_OK)
		return transport_fault(a->transport, e, "malformed INFO_RESPONSE");
	*ev = (struct event){ .type = EV_NEED_AUTH_ANSWERS, .id = ++a->id };
	/* RFC 4256 3.4: a wrong number MUST be answered with failure. */
	a->answers_are_bad = m.n != a->n_prompts;
	ev->ok = !a->answers_are_bad;
	ev->answers.n = ev->ok ? m.n : 0;
	for (unsigned i = 0; i < ev->answers.n; i++)
		ev->answers.text[i] = auth_cut(m.text[i], LIMIT_PASSWORD);
	auth_set_state(a, AUTH_ASKED);
	return ERR_OK;
}

static void
send_failure(struct auth *a, struct span methods, bool partial)
{
	struct writer *w = transport_begin(a->transport, MSG_USERAUTH_FAILURE);

	userauth_failure_put(w, &(struct userauth_failure){ methods, partial });
	transport_end(a->transport);
	auth_set_state(a, AUTH_IDLE);
}

static void
send_pk_ok(struct auth *a)
{
	struct userauth_pk_ok m = auth_kept_key(a);
	struct writer *w = transport_begin(a->transport, MSG_USERAUTH_60);

	userauth_pk_ok_put(w, &m);
	transport_end(a->transport);
	auth_set_state(a, AUTH_IDLE);
}

static void
send_success(struct auth *a)
{
	(void)transport_begin(a->transport, MSG_USERAUTH_SUCCESS);
	transport_end(a->transport);
	a->success_is_due = true;
	auth_set_state(a, AUTH_OPEN);
}

/* Takes the program's answer to event id as outstanding; false if it is not. */
static bool
take_answer(struct auth *a, uint32_t id, bool *bad)
{
	if (a->side != SIDE_SERVER || a->state != AUTH_ASKED || id != a->id)
		return false;
	*bad = a->answers_are_bad;
	a->answers_are_bad = false;
	return true;
}

/* The program let in who has proved nothing: the connection ends instead. */
static void
wrong_answer(struct auth *a)
{
	(void)!transport_fault(a->transport, ERR_NOTNOW, "auth: answer does not fit the request");
}

void
auth_answer(struct auth *a, uint32_t id, enum auth_result result, struct span methods)
{
	bool bad;

	if (!take_answer(a, id, &bad))
		return;
	if (bad)
		result = AUTH_RESULT_FAILURE;
	switch (result) {
	case AUTH_RESULT_PK_OK:
		if (a->asked == ASKED_QUERY)
			send_pk_ok(a);
		else
			wrong_answer(a);
		return;
	case AUTH_RESULT_SUCCESS:
		if (a->asked != ASKED_QUERY)
			send_success(a);
		else
			wrong_answer(a);
		return;
	case AUTH_RESULT_PARTIAL:
		if (a->asked != ASKED_QUERY)
			send_failure(a, methods, true);
		else
			wrong_answer(a);
		return;
	case AUTH_RESULT_FAILURE:
		send_failure(a, methods, false);
		return;
	}
}

void
auth_answer_prompts(struct auth *a, uint32_t id, struct span name, struct span instruction,
    const struct kbdint_prompt *prompts, unsigned n)
{
	struct userauth_info_request m = { .name = name, .instruction = instruction, .n = n };
	struct writer *w;
	bool bad;

	must(n <= KBDINT_MAX_PROMPTS);
	if (!take_answer(a, id, &bad))
		return;
	if (bad) {
		send_failure(a, span_str(auth_method_kbdint.name), false);
		return;
	}
	if (a->asked != ASKED_KBDINT) {
		wrong_answer(a);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		m.prompt[i] = prompts[i];
	w = transport_begin(a->transport, MSG_USERAUTH_60);
	userauth_info_request_put(w, &m);
	transport_end(a->transport);
	a->n_prompts = n;
	auth_set_state(a, AUTH_CHALLENGED);
}

void
auth_answer_change(struct auth *a, uint32_t id, struct span prompt)
{
	struct writer *w;
	bool bad;

	if (!take_answer(a, id, &bad))
		return;
	if (a->asked != ASKED_PASSWORD) {
		wrong_answer(a);
		return;
	}
	w = transport_begin(a->transport, MSG_USERAUTH_60);
	userauth_text_put(w, &(struct userauth_text){ .text = prompt });
	transport_end(a->transport);
	auth_set_state(a, AUTH_IDLE);	/* what comes back is a request of its own */
}

void
auth_banner(struct auth *a, struct span text)
{
	struct writer *w;

	/* RFC 4252 5.4: between the service and success. */
	if (a->side != SIDE_SERVER || a->state == AUTH_CLOSED || a->state == AUTH_OPEN)
		return;
	w = transport_begin(a->transport, MSG_USERAUTH_BANNER);
	userauth_text_put(w, &(struct userauth_text){ .text = text });
	transport_end(a->transport);
}
