/* SPDX-License-Identifier: ISC */
/*
 * The agent, for programs at the other end (-A). Each connection to it begins
 * with which host it comes from (session-bind@openssh.com, forwarding), which
 * keys may be bound to. Only when the agent has answered that, whatever it
 * says, the channel is taken: the server neither sees nor overtakes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channels/channels.h"
#include "ssh/agent_client.h"
#include "ssh/forward_i.h"
#include "ssh/identity.h"

/* An agent answers this at once, without asking its user. */
#define BIND_MSEC	10000

char *
forward_agent_path(const struct ssh *s)
{
	const struct forward_agent *a = &s->settings.config.forward_agent;
	const char *path;
	char *expanded;

	if (!a->on)
		return NULL;
	if (a->socket == NULL)
		return identity_agent_path(s);
	if (a->socket[0] != '$' || a->socket[1] == '{')
		return settings_expand(&s->settings, &s->log, SSH_KEYWORD_ForwardAgent, a->socket,
		    &expanded) == ERR_OK ? expanded : NULL;
	path = getenv(a->socket + 1);
	return path == NULL || path[0] == '\0' ? NULL : strdup(path);
}

static void
refuse(struct relay *t, const char *why)
{
	struct ssh *s = t->s;

	conn_refuse_channel(s->conn, t->id, OPEN_CONNECT_FAILED, why);
	relay_free(t);
}

/* Long after the server has asked. */
static void
refuse_late(struct relay *t)
{
	struct ssh *s = t->s;

	refuse(t, "the agent does not answer");
	pump_kick(s->pump);
	ssh_leave_if_done(s);
}

/* Takes what there is of the answer. ERR_AGAIN: there is more to come. */
static enum err
take_answer(struct relay *t)
{
	struct room room = wr_reserve(&t->held, 4096);
	struct agent_frame frame;
	ssize_t n;

	TRY(wr_end(&t->held));
	n = read(t->fd, room.p, room.len);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? ERR_AGAIN : ERR_SYSTEM;
	if (n == 0)
		return ERR_CLOSED;
	wr_commit(&t->held, (size_t)n);
	TRY(agent_frame_get(writer_span(&t->held), &frame));
	log_debug2(&t->s->log, "session-bind@openssh.com: %s", frame.type == AGENT_SUCCESS ?
	    "bound forwarded agent to host key" : "the agent did not take it");
	/* It has been asked one thing. */
	return frame.size == t->held.len ? ERR_OK : ERR_FORMAT;
}

static void
on_answer(void *arg, unsigned events)
{
	struct relay *t = arg;
	enum err e = take_answer(t);
	int fd = t->fd;

	(void)events;
	if (e == ERR_AGAIN)
		return;
	if (e != ERR_OK) {
		log_error(&t->s->log, "agent forwarding: the agent's answer: %s",
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		refuse_late(t);
		return;
	}
	watch_free(t->watch);
	t->watch = NULL;
	timer_free(t->retry);
	t->retry = NULL;
	writer_free(&t->held);
	relay_accept(t, fd);
}

static void
on_silence(void *arg)
{
	struct relay *t = arg;

	log_error(&t->s->log, "agent forwarding: the agent does not answer");
	refuse_late(t);
}

/*
 * Tells the agent which host asks. It does not get to it otherwise: what is
 * asked would pass for asked here, where more keys may be used.
 */
static enum err
bind_agent(struct relay *t)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct loop *loop = t->s->loop;
	ssize_t n;

	TRY(agent_bind_frame(t->s->conn, true, &w));
	/* A fresh socket's buffer takes it whole. */
	n = send(t->fd, w.p, w.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == -1 || (size_t)n != w.len)
		return n == -1 ? ERR_SYSTEM : ERR_LIMIT;
	t->held = writer_init(2 * AGENT_MAX_FRAME);
	TRY(loop_timer(loop, &t->retry, on_silence, t));
	timer_set(t->retry, loop_now(loop) + BIND_MSEC);
	return loop_watch(loop, &t->watch, t->fd, LOOP_READ, on_answer, t);
}

static void
connect_agent(struct relay *t, const char *path)
{
	enum err e = net_connect_unix(path, SOCK_STREAM, &t->fd);

	if (e != ERR_OK)
		t->fd = -1;
	else
		e = bind_agent(t);
	if (e == ERR_OK)
		return;
	log_error(&t->s->log, "connect to %s: failed: %s", path,
	    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	refuse(t, "Connection refused");
}

void
relay_open_agent(struct ssh *s, struct channel_id id)
{
	struct relay *t;
	char *path;

	if (!s->settings.config.forward_agent.on) {
		log_error(&s->log, "Warning: ssh server tried agent forwarding.");
		log_error(&s->log,
		    "Warning: this is probably a break-in attempt by a malicious server.");
		conn_refuse_channel(s->conn, id, OPEN_PROHIBITED, "agent forwarding was not asked for");
		return;
	}
	path = forward_agent_path(s);
	if (path == NULL) {
		conn_refuse_channel(s->conn, id, OPEN_CONNECT_FAILED, "there is no agent");
		return;
	}
	t = relay_of_server(s, id, "agent-connection");
	if (t != NULL) {
		snprintf(t->label, sizeof(t->label), "authentication agent connection");
		connect_agent(t, path);
	}
	free(path);
}
