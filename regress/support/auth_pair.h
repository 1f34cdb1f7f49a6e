/* SPDX-License-Identifier: ISC */
/*
 * regress/support/auth_pair.h - the authentication layers of a client and a
 * server, joined by fake transports. Included by one file of a test program.
 */
#ifndef REGRESS_SUPPORT_AUTH_PAIR_H
#define REGRESS_SUPPORT_AUTH_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/messages.h"
#include "auth/userauth.h"
#include "regress/support/fake_transport.h"

#define USER	SPAN_LIT("alice")
#define ALG	SPAN_LIT("ssh-ed25519")
#define BLOB	SPAN_LIT("a key blob")
#define SIG	SPAN_LIT("a signature")

struct pair {
	struct transport wire[2];	/* by side */
	struct auth *auth[2];
	struct event ev;		/* the last one */
	struct span payload;		/* the last message handed over */
};

/* Calls the handler of a message, as conn does. */
static inline enum err
hand_to(struct auth *a, enum side side, struct span payload, struct event *ev)
{
	*ev = (struct event){ .type = EV_NONE };
	switch (payload.p[0]) {
	case MSG_SERVICE_REQUEST:
		return auth_on_service_request(a, payload, ev);
	case MSG_SERVICE_ACCEPT:
		return auth_on_service_accept(a, payload, ev);
	case MSG_USERAUTH_REQUEST:
		return auth_on_request(a, payload, ev);
	case MSG_USERAUTH_FAILURE:
		return auth_on_failure(a, payload, ev);
	case MSG_USERAUTH_SUCCESS:
		return auth_on_success(a, payload, ev);
	case MSG_USERAUTH_BANNER:
		return auth_on_banner(a, payload, ev);
	case MSG_USERAUTH_60:
		return side == SIDE_CLIENT ? auth_on_60(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_INFO_RESPONSE:
		return auth_on_info_response(a, payload, ev);
	default:
		return ERR_SEQUENCE;
	}
}

/* Hands the oldest message of the other side to side, and returns its event's type. */
static inline enum event_type
deliver(struct pair *p, enum side side)
{
	assert_true(fake_take(&p->wire[!side], &p->payload));
	assert_int_equal(hand_to(p->auth[side], side, p->payload, &p->ev), ERR_OK);
	return p->ev.type;
}

/* The same for bytes of the test's making, which must be refused. */
static inline enum err
refused(struct pair *p, enum side side, const struct writer *w)
{
	enum err e = hand_to(p->auth[side], side, writer_span(w), &p->ev);

	assert_int_equal(e, p->wire[side].fault);
	return e;
}

/* Makes a pair; cmocka's setup function. */
static inline int
setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	for (int side = 0; side < 2; side++) {
		p->wire[side] = fake_transport();
		assert_int_equal(auth_new(&p->auth[side], (enum side)side, &p->wire[side]), ERR_OK);
	}
	*state = p;
	return 0;
}

/* Frees it. */
static inline int
teardown(void **state)
{
	struct pair *p = *state;

	for (int side = 0; side < 2; side++) {
		auth_free(p->auth[side]);
		fake_free(&p->wire[side]);
	}
	free(p);
	return 0;
}

/* Both sides up to the point where the client may send requests. */
static inline void
start(struct pair *p)
{
	auth_start(p->auth[SIDE_CLIENT]);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NONE);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_READY);
}

/* The beginning of a USERAUTH_REQUEST, its number included. */
static inline struct writer
request(const char *user, const char *service, const char *method)
{
	struct writer w = writer_init(1 << 20);

	wr_u8(&w, MSG_USERAUTH_REQUEST);
	wr_str(&w, user);
	wr_str(&w, service);
	wr_str(&w, method);
	return w;
}

/* The server's program answers the last event. */
static inline void
answer(struct pair *p, enum auth_result result, const char *methods)
{
	auth_answer(p->auth[SIDE_SERVER], p->ev.id, result, span_str(methods));
}

/* Whether the server says success now, and only once. */
static inline bool
next_is_success(struct pair *p)
{
	struct event ev;
	bool is = auth_next(p->auth[SIDE_SERVER], &ev) && ev.type == EV_AUTH_SUCCESS;

	assert_false(auth_next(p->auth[SIDE_SERVER], &ev));
	return is;
}

#endif
