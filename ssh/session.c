/* SPDX-License-Identifier: ISC */
#include "ssh/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channels/request.h"

static enum err
attach(struct ssh *s)
{
	struct session *se = s->session;
	struct pump_ends ends = {
		.sink = { se->fd[1], se->fd[2] }, .source = { se->fd[0], -1 },
		.flags = PUMP_SHARED,
	};

	for (int i = 0; i < 3; i++)
		se->fd[i] = -1;
	return pump_attach(s->pump, se->id, &ends);
}

static void
on_opened(struct ssh *s)
{
	struct session *se = s->session;
	const struct ssh_config *c = &s->settings.config;
	enum err e = attach(s);

	if (e == ERR_OK && !se->is_stdio_forward && c->escape_char != ESCAPE_NONE &&
	    (se->wants_pty || s->options.has_escape)) {
		se->has_escapes = true;
		e = session_watch_escapes(s);
	}
	if (e != ERR_OK) {
		log_fatal(&s->log, "Could not attach the session: %s", err_text(e));
		ssh_leave(s, 255);
		return;
	}
	if (se->is_stdio_forward)
		return;
	session_request(s);
	if (se->wants_pty && isatty(STDIN_FILENO)) {
		se->has_pty = true;
		if (tty_raw(&se->tty, STDIN_FILENO) != ERR_OK)
			log_debug(&s->log, "tcsetattr: %s", strerror(errno));
	}
}

static void
on_refused(struct ssh *s, const struct event *ev)
{
	char buf[512];

	if (s->session->is_stdio_forward)
		log_fatal(&s->log, "stdio forwarding failed: %s",
		    ssh_visible(buf, sizeof(buf), ev->text));
	else
		log_fatal(&s->log, "channel 0: open failed: %s",
		    ssh_visible(buf, sizeof(buf), ev->text));
	ssh_leave(s, 255);
}

static void
on_reply(struct ssh *s, bool ok)
{
	struct session *se = s->session;
	enum session_asked what;

	if (se->n_asked == 0)
		return;
	what = se->asked[0];
	memmove(se->asked, se->asked + 1, --se->n_asked * sizeof(se->asked[0]));
	if (ok)
		return;
	switch (what) {
	case ASKED_AGENT:
		log_error(&s->log, "agent forwarding request failed on channel 0");
		break;
	case ASKED_PTY:
		log_error(&s->log, "PTY allocation request failed on channel 0");
		tty_restore(&se->tty);
		se->has_pty = false;
		break;
	case ASKED_START:
		log_fatal(&s->log, "%s request failed on channel 0",
		    s->settings.config.session_type == SESSION_TYPE_SUBSYSTEM ? "subsystem" :
		    s->settings.command != NULL ? "exec" : "shell");
		ssh_leave(s, 255);
		break;
	case ASKED_NOTHING:
		break;
	}
}

static void
on_request(struct ssh *s, const struct event *ev)
{
	struct request_exit_status status;
	struct request_exit_signal died;
	bool ok = span_is(ev->request, "keepalive@openssh.com");

	if (span_is(ev->request, "exit-status")) {
		if (request_exit_status_get(ev->body, &status) == ERR_OK)
			s->session->status = (int)(status.status & 0xff);
	} else if (span_is(ev->request, "exit-signal")) {
		char name[64];

		if (request_exit_signal_get(ev->body, &died) == ERR_OK)
			log_debug(&s->log, "remote process died of signal %s",
			    ssh_visible(name, sizeof(name), died.name));
	}
	if (ev->want_reply)
		conn_answer_channel_request(s->conn, ev->channel, ev->id, ok);
}

bool
session_event(struct ssh *s, const struct event *ev)
{
	struct session *se = s->session;

	if (se == NULL)
		return false;
	if (ev->type == EV_GLOBAL_REPLY) {
		session_background_if_due(s);
		return false;
	}
	if (!se->is_there || ev->channel.n != se->id.n)
		return false;
	switch (ev->type) {
	case EV_CHANNEL_OPENED:
		on_opened(s);
		return true;
	case EV_CHANNEL_REFUSED:
		on_refused(s, ev);
		return true;
	case EV_CHANNEL_REPLY:
		on_reply(s, ev->ok);
		return true;
	case EV_CHANNEL_REQUEST:
		on_request(s, ev);
		return true;
	case EV_CHANNEL_CLOSED:
		log_debug(&s->log, "channel 0: free: client-session");
		return true;
	default:
		return false;
	}
}

void
session_detached(struct ssh *s)
{
	s->session->is_gone = true;
	tty_restore(&s->session->tty);
}

bool
session_is_over(const struct ssh *s)
{
	return s->session != NULL && s->session->is_there && s->session->is_gone;
}

int
session_exit_code(const struct ssh *s)
{
	const struct session *se = s->session;

	if (se->is_stdio_forward)
		return 0;
	return se->status == -1 ? 255 : se->status;
}

bool
session_has_terminal(const struct ssh *s)
{
	return s->session != NULL && s->session->has_pty;
}

void
session_restore(struct session *se)
{
	if (se != NULL)
		tty_restore(&se->tty);
}

void
session_free(struct session *se)
{
	if (se == NULL)
		return;
	tty_restore(&se->tty);
	timer_free(se->escape_due);
	for (int i = 0; i < 3; i++)
		if (se->fd[i] > 2)
			close(se->fd[i]);
	free(se);
}
