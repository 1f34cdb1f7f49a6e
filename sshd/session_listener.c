/* SPDX-License-Identifier: ISC */
/* A socket that listens for the client: each connection that comes is offered to him as a channel. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "channels/forward.h"
#include "sshd/session_forward.h"
#include "sshd/session_name.h"

/* How long accepting rests when descriptors or memory are short. */
#define REST_MSEC	500

/*
 * Of those who are refused so many have a line of the log each in this time:
 * whoever can connect must not be able to fill it. Later the rest is counted.
 */
#define REFUSED_LINES	10
#define REFUSED_MSEC	10000

/* Says how many were refused without a line of their own. */
static void
tell_rest(struct forward_listener *l)
{
	if (l->n_refused > REFUSED_LINES)
		log_info(&l->session->log, "%u more connections to port %u of %s were refused",
		    l->n_refused - REFUSED_LINES, (unsigned)l->port, l->session->user);
	l->n_refused = 0;
}

/* Whether one more who is refused gets a line. */
static bool
has_line(struct forward_listener *l)
{
	msec now = loop_now(l->session->loop);

	if (now >= l->refused_since + REFUSED_MSEC) {
		tell_rest(l);
		l->refused_since = now;
	}
	return ++l->n_refused <= REFUSED_LINES;
}

void
listener_free(struct forward_listener *l)
{
	struct session *s = l->session;
	struct forward_listener **at = &s->listeners;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	s->n_listeners--;
	tell_rest(l);
	watch_free(l->watch);
	timer_free(l->rest);
	if (l->fd != -1)
		close(l->fd);
	if (l->kind == LISTENER_PATH || l->kind == LISTENER_AGENT)
		(void)unlink(l->address);
	if (l->folder != NULL)
		(void)rmdir(l->folder);
	free(l->folder);
	free(l->address);
	free(l);
}

/* What the client is told of it. */
static void
describe(const struct forward_listener *l, int fd, struct writer *body)
{
	struct endpoint from = { .port = 0 };
	char text[64] = "";

	if (l->kind == LISTENER_AGENT)
		return;
	if (l->kind == LISTENER_PATH) {
		open_forwarded_streamlocal_put(body,
		    &(struct open_forwarded_streamlocal){ .path = span_str(l->address) });
		return;
	}
	if (l->kind == LISTENER_NAME ? name_client(l->session->uid, fd, &from) == ERR_OK :
	    net_ends(fd, NULL, &from) == ERR_OK)
		address_print(&from.address, text, sizeof(text));
	if (l->kind == LISTENER_X11)
		open_x11_put(body, &(struct open_x11){ .origin_host = span_str(text), .origin_port = from.port });
	else
		open_tcpip_put(body, &(struct open_tcpip){ .host = span_str(l->address), .port = l->port,
		    .origin_host = span_str(text), .origin_port = from.port });
}

/* The type of the channels that it opens. */
static struct span
channel_type(const struct forward_listener *l)
{
	switch (l->kind) {
	case LISTENER_PATH:
		return SPAN_LIT("forwarded-streamlocal@openssh.com");
	case LISTENER_AGENT:
		return l->is_iana ? SPAN_LIT("agent-connect") : SPAN_LIT("auth-agent@openssh.com");
	case LISTENER_X11:
		return SPAN_LIT("x11");
	case LISTENER_TCP:
	case LISTENER_NAME:
	default:
		return SPAN_LIT("forwarded-tcpip");
	}
}

/* The same of one that has connected to a name; both are told who came in when. */
static bool
is_welcome_by_name(struct forward_listener *l, int fd)
{
	const struct session *s = l->session;
	struct endpoint from;
	char text[64];
	bool may;

	if (name_client(s->uid, fd, &from) != ERR_OK) {
		if (has_line(l))
			log_info(&s->log, "connection to the name %s of %s refused: it is not from sshd",
			    l->address, s->user);
		return false;
	}
	may = may_come_from(&s->may, &s->config, &from.address);
	if (may || has_line(l))
		log_info(&s->log, "connection from %s port %u to the name %s port %u of %s%s",
		    address_print(&from.address, text, sizeof(text)), (unsigned)from.port, l->address,
		    (unsigned)l->port, s->user, may ? "" : " refused: not in GatewaySources");
	return may;
}

/* Whether this one may connect (GatewaySources, and the keys' gatewaysources=). */
static bool
is_welcome(struct forward_listener *l, int fd)
{
	const struct session *s = l->session;
	struct endpoint from, to;
	char text[64], at[64];

	if (l->kind == LISTENER_NAME)
		return is_welcome_by_name(l, fd);
	if (l->kind != LISTENER_TCP || net_ends(fd, &to, &from) != ERR_OK ||
	    may_come_from(&s->may, &s->config, &from.address))
		return true;
	if (has_line(l))
		log_info(&s->log, "connection from %s port %u to forwarded port %u of %s (%s) refused: not in GatewaySources",
		    address_print(&from.address, text, sizeof(text)), (unsigned)from.port, (unsigned)l->port,
		    s->user, address_print(&to.address, at, sizeof(at)));
	return false;
}

/* Offers an accepted connection to the client. */
static void
offer(struct forward_listener *l, struct ipc_fds *fds)
{
	struct session *s = l->session;
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_IPC / 2);
	struct msg_to_wire_open m = { .tag = 0, .type = channel_type(l) };

	if (l->kind == LISTENER_TCP || l->kind == LISTENER_X11)
		net_no_delay(fds->fd[0]);
	describe(l, fds->fd[0], &body);
	m.body = writer_span(&body);
	if (wr_end(&body) == ERR_OK)
		session_sent(s, ipc_send_to_wire_open(&s->wire, &m, fds));
}

/* A display for one connection has had it, at whichever of its addresses. */
static void
retire(const struct forward_listener *of)
{
	for (struct forward_listener *l = of->session->listeners; l != NULL; l = l->next) {
		if (l->kind == of->kind && l->port == of->port)
			watch_set(l->watch, 0);
	}
}

static void
on_connection(void *arg, unsigned events)
{
	struct forward_listener *l = arg;
	struct ipc_fds fds = { .n = 1 };
	enum err e = net_accept(l->fd, &fds.fd[0]);

	(void)events;
	if (e != ERR_OK) {
		if (e != ERR_AGAIN) {
			watch_set(l->watch, 0);
			timer_set(l->rest, loop_now(l->session->loop) + REST_MSEC);
		}
		return;
	}
	if (is_welcome(l, fds.fd[0])) {
		offer(l, &fds);
		if (l->is_single)
			retire(l);
	}
	close(fds.fd[0]);
}

static void
on_rested(void *arg)
{
	struct forward_listener *l = arg;

	watch_set(l->watch, LOOP_READ);
}

enum err
listener_add(struct session *s, int fd, struct span address, enum listener_kind kind,
    struct forward_listener **out)
{
	struct forward_listener *l = s->n_listeners < FORWARD_LISTENERS ? calloc(1, sizeof(*l)) : NULL;
	enum err e;

	if (l == NULL) {
		close(fd);
		return s->n_listeners < FORWARD_LISTENERS ? ERR_NOMEM : ERR_LIMIT;
	}
	*l = (struct forward_listener){ .next = s->listeners, .session = s, .fd = fd, .kind = kind,
	    .address = span_dup_str(address) };
	s->listeners = l;
	s->n_listeners++;
	e = l->address == NULL ? ERR_NOMEM : loop_timer(s->loop, &l->rest, on_rested, l);
	if (e == ERR_OK)
		e = loop_watch(s->loop, &l->watch, fd, LOOP_READ, on_connection, l);
	if (e != ERR_OK)
		listener_free(l);
	else
		*out = l;
	return e;
}

void
listen_end(struct session *s)
{
	while (s->listeners != NULL)
		listener_free(s->listeners);
}
