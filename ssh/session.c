/* SPDX-License-Identifier: ISC */
#include "ssh/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels/request.h"
#include "os/file.h"
#include "os/pty.h"
#include "ssh/mux.h"

enum err
session_new(struct ssh *s, struct session **out)
{
	struct session *se = calloc(1, sizeof(*se));

	*out = se;
	if (se == NULL)
		return ERR_NOMEM;
	*se = (struct session){ .s = s, .status = -1, .fd = { -1, -1, -1 }, .tty_fd = -1,
	    .error_fd = STDERR_FILENO };
	return ERR_OK;
}

void
session_say(const struct session *se, const char *text)
{
	if (se->error_fd != -1)
		(void)!file_write_all(se->error_fd, span_str(text));
}

/* --- events --- */

/*
 * -W with one socket as standard input and output, as a proxy has it: closing
 * one of the two tells the other end nothing.
 */
static bool
is_one_socket(const struct session *se)
{
	struct stat in, out;

	return se->is_stdio_forward && fstat(se->fd[0], &in) == 0 && fstat(se->fd[1], &out) == 0 &&
	    S_ISSOCK(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static enum err
attach(struct session *se)
{
	struct pump_ends ends = {
		.sink = { se->fd[1], se->fd[2] }, .source = { se->fd[0], -1 },
		.flags = PUMP_SHARED | (is_one_socket(se) ? PUMP_SHUT : 0),
	};

	for (int i = 0; i < 3; i++)
		se->fd[i] = -1;
	return pump_attach(se->s->pump, se->id, &ends);
}

static void
on_opened(struct session *se)
{
	struct ssh *s = se->s;
	enum err e = attach(se);

	se->is_open = true;
	if (e == ERR_OK && (se->has_escapes || se->plan.wants_pty))
		e = session_watch_typing(se);
	if (e == ERR_OK && se->plan.wants_pty)
		e = keystrokes_start(se);
	if (e != ERR_OK && !se->is_borrowed) {
		log_fatal(&s->log, "Could not attach the session: %s", err_text(e));
		ssh_leave(s, 255);
		return;
	}
	if (e != ERR_OK)
		conn_channel_close(s->conn, se->id);
	else if (!se->is_stdio_forward)
		session_request(se);
	if (se->is_borrowed) {
		mux_session_opened(se);
		return;
	}
	if (!se->is_stdio_forward && se->plan.wants_pty && isatty(STDIN_FILENO)) {
		se->has_pty = true;
		if (tty_raw(&se->tty, STDIN_FILENO) != ERR_OK)
			log_debug(&s->log, "tcsetattr: %s", strerror(errno));
	}
}

static void
on_refused(struct session *se, const struct event *ev)
{
	struct ssh *s = se->s;
	char buf[512];

	if (se->is_borrowed) {
		mux_session_refused(se, ev->text);
		return;
	}
	if (se->is_stdio_forward)
		log_fatal(&s->log, "stdio forwarding failed: %s",
		    ssh_visible(buf, sizeof(buf), ev->text));
	else
		log_fatal(&s->log, "channel 0: open failed: %s",
		    ssh_visible(buf, sizeof(buf), ev->text));
	ssh_leave(s, 255);
}

/* Without a command there is nothing more to do. */
static void
not_started(struct session *se)
{
	struct ssh *s = se->s;
	const char *what = se->plan.is_subsystem ? "subsystem" :
	    se->plan.command != NULL ? "exec" : "shell";
	char line[64];

	if (se->is_borrowed) {
		snprintf(line, sizeof(line), "%s request failed on channel %u\r\n", what, se->id.n);
		session_say(se, line);
		conn_channel_close(s->conn, se->id);
		return;
	}
	log_fatal(&s->log, "%s request failed on channel 0", what);
	ssh_leave(s, 255);
}

static void
on_reply(struct session *se, bool ok)
{
	struct ssh *s = se->s;
	enum session_asked what;

	if (se->n_asked == 0)
		return;
	what = se->asked[0];
	memmove(se->asked, se->asked + 1, --se->n_asked * sizeof(se->asked[0]));
	if (ok)
		return;
	switch (what) {
	case ASKED_AGENT:
		log_error(&s->log, "agent forwarding request failed on channel %u", se->id.n);
		break;
	case ASKED_X11:
		log_error(&s->log, "X11 forwarding request failed on channel %u", se->id.n);
		break;
	case ASKED_PTY:
		log_error(&s->log, "PTY allocation request failed on channel %u", se->id.n);
		tty_restore(&se->tty);
		se->has_pty = false;
		if (se->is_borrowed)
			mux_session_no_tty(se);
		break;
	case ASKED_START:
		not_started(se);
		break;
	case ASKED_NOTHING:
		break;
	}
}

static void
on_request(struct session *se, const struct event *ev)
{
	struct ssh *s = se->s;
	struct request_exit_status status;
	struct request_exit_signal died;
	bool ok = span_is(ev->request, "keepalive@openssh.com");

	if (span_is(ev->request, "exit-status")) {
		if (request_exit_status_get(ev->body, &status) == ERR_OK)
			se->status = (int)(status.status & 0xff);
		if (se->is_borrowed && se->status != -1)
			mux_session_exited(se);
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
session_take(struct session *se, const struct event *ev)
{
	/* Events of the connection have no channel: they must not be taken for channel 0's. */
	if (!se->is_there || ev->type < EV_CHANNEL_OPENED || ev->type > EV_CHANNEL_CLOSED ||
	    ev->channel.n != se->id.n)
		return false;
	switch (ev->type) {
	case EV_CHANNEL_OPENED:
		on_opened(se);
		break;
	case EV_CHANNEL_REFUSED:
		on_refused(se, ev);
		break;
	case EV_CHANNEL_REPLY:
		on_reply(se, ev->ok);
		break;
	case EV_CHANNEL_REQUEST:
		on_request(se, ev);
		break;
	case EV_CHANNEL_CLOSED:
		se->is_closed = true;
		log_debug(&se->s->log, "channel %u: free: client-session", se->id.n);
		break;
	default:
		return false;
	}
	return true;
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
	return session_take(se, ev);
}

void
session_detached(struct session *se)
{
	se->is_gone = true;
	tty_restore(&se->tty);
}

/* --- what others ask --- */

bool
session_is_over(const struct ssh *s)
{
	return s->session != NULL && s->session->is_there && s->session->is_gone;
}

bool
session_is_draining(const struct ssh *s)
{
	return s->session != NULL && s->session->is_closed && !s->session->is_gone;
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
session_tell_size(struct session *se)
{
	SCOPED(writer_free) struct writer body = writer_init(64);
	struct pty_size size;

	if (!se->is_open || se->is_gone || !se->has_pty || se->tty_fd == -1 ||
	    pty_get_size(se->tty_fd, &size) != ERR_OK)
		return;
	request_window_change_put(&body, &(struct term_size){ size.columns, size.rows,
	    size.width, size.height });
	conn_channel_request(se->s->conn, se->id, "window-change", false, writer_span(&body));
	pump_kick(se->s->pump);
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
	session_plan_free(&se->plan);
	keystrokes_stop(&se->keystrokes);
	for (int i = 0; i < 3; i++)
		if (se->fd[i] > 2)
			close(se->fd[i]);
	if (se->tty_fd > 2)
		close(se->tty_fd);
	if (se->error_fd > 2)
		close(se->error_fd);
	free(se);
}
