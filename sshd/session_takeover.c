/* SPDX-License-Identifier: ISC */
/*
 * tcpip-forward to a port that is in use: perhaps by an older connection of the
 * same account and key, which is asked to let go of it.
 *
 * takeover   a request that waits for the port
 */
#include <errno.h>
#include <stdlib.h>

#include "channels/forward.h"
#include "sshd/session_forward.h"

/* The port is tried again this often, and for so long. */
#define AGAIN_MSEC	20
#define WAIT_MSEC	1000

/* Requests that wait at the same time. */
#define TAKEOVERS	16

struct takeover {
	struct takeover *next;
	struct session *session;
	struct timer *timer;
	msec until;
	uint32_t id;
	bool want_reply;
	struct writer body;		/* of the request */
};

static void
takeover_free(struct takeover *t)
{
	struct session *s = t->session;
	struct takeover **at = &s->takeovers;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	s->n_takeovers--;
	timer_free(t->timer);
	writer_free(&t->body);
	free(t);
}

static void
try_again(void *arg)
{
	struct takeover *t = arg;
	struct session *s = t->session;
	uint32_t port;
	enum err e = listen_tcp(s, writer_span(&t->body), &port);

	if (e == ERR_SYSTEM && errno == EADDRINUSE && loop_now(s->loop) < t->until) {
		timer_set(t->timer, loop_now(s->loop) + AGAIN_MSEC);
		return;
	}
	if (e == ERR_OK) {
		const char *name = s->listeners->kind == LISTENER_NAME ? s->listeners->address : "";

		log_info(&s->log, "port %u%s%s was taken over from another connection of %s", (unsigned)port,
		    name[0] == '\0' ? "" : " of ", name, s->user);
	}
	forward_answer(s, t->id, t->want_reply, SPAN_LIT("tcpip-forward"), e, SPAN_EMPTY);
	takeover_free(t);
}

bool
takeover_start(struct session *s, const struct msg_to_session_global *m)
{
	struct global_tcpip_forward g;
	struct takeover *t;

	if (s->n_takeovers == TAKEOVERS || global_tcpip_forward_get(m->body, &g) != ERR_OK ||
	    g.port == 0)
		return false;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return false;
	*t = (struct takeover){ .next = s->takeovers, .session = s, .id = m->id,
	    .want_reply = m->want_reply, .until = loop_now(s->loop) + WAIT_MSEC,
	    .body = writer_init(LIMIT_IPC) };
	s->takeovers = t;
	s->n_takeovers++;
	wr_raw(&t->body, m->body);
	if (wr_end(&t->body) != ERR_OK || loop_timer(s->loop, &t->timer, try_again, t) != ERR_OK) {
		takeover_free(t);
		return false;
	}
	session_sent(s, ipc_send_from_session_takeover(&s->guard, &(struct msg_from_session_takeover){
	    .port = g.port, .name = listen_is_name(s, g.address) ? g.address : SPAN_EMPTY }, NULL));
	timer_set(t->timer, loop_now(s->loop) + AGAIN_MSEC);
	return true;
}

void
takeover_release(struct session *s, uint32_t port, struct span name)
{
	struct forward_listener *l = s->listeners;
	bool found = false;

	while (l != NULL) {
		struct forward_listener *next = l->next;

		if (l->port == port && (name.len == 0 ? l->kind == LISTENER_TCP :
		    l->kind == LISTENER_NAME && span_is(name, l->address))) {
			listener_free(l);
			found = true;
		}
		l = next;
	}
	if (found)
		log_info(&s->log, "port %u%s%.*s goes to another connection of %s", (unsigned)port,
		    name.len > 0 ? " of " : "", (int)name.len, (const char *)name.p, s->user);
}
