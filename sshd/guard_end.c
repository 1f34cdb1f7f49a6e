/* SPDX-License-Identifier: ISC */
/* How a connection ends: in the log, and in order. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sshd/guard_i.h"

/* " user NAME" behind "Connection closed by" and the like. */
static const char *
by_whom(const struct guard *g, char *buf, size_t size)
{
	char name[LIMIT_USER * 4 + 4];

	buf[0] = '\0';
	if (!g->user.is_known)
		return buf;
	text_visible_str(name, sizeof(name), span_str(g->user.name));
	snprintf(buf, size, "%s %s ", g->logged_in ? "user" :
	    g->user.is_valid ? "authenticating user" : "invalid user", name);
	return buf;
}

void
guard_log_end(struct guard *g, const struct msg_from_wire_ended *m)
{
	struct log log = guard_wire_log(g);
	char who[LIMIT_USER * 4 + 32], text[LOG_LINE_MAX];
	unsigned port = g->client_port;

	by_whom(g, who, sizeof(who));
	text_visible_str(text, sizeof(text), m->text);
	switch (m->what) {
	case WIRE_END_CLOSED:
		log_info(&log, "Connection closed by %s%s port %u", who, g->client, port);
		break;
	case WIRE_END_RESET:
		log_info(&log, "Connection reset by %s%s port %u", who, g->client, port);
		break;
	case WIRE_END_DISCONNECT:
		log_at(&log, m->reason == 11 ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		    "Received disconnect from %s port %u:%u: %s", g->client, port,
		    (unsigned)m->reason, text);
		log_info(&log, "Disconnected from %s%s port %u", who, g->client, port);
		break;
	case WIRE_END_IDENT:
		log_info(&log, "%s", text);
		log_info(&log, "banner exchange: Connection from %s port %u: invalid format", g->client, port);
		break;
	case WIRE_END_NEGOTIATE:
		log_info(&log, "Unable to negotiate with %s port %u: %s", g->client, port, text);
		break;
	case WIRE_END_TIMEOUT:
		log_info(&log, "Timeout, client not responding from %s%s port %u", who, g->client, port);
		break;
	case WIRE_END_UNUSED:
		log_info(&log, "terminating inactive connection from %s%s port %u", who, g->client, port);
		break;
	default:
		log_info(&log, "Disconnecting %s%s port %u: %s", who, g->client, port, text);
		break;
	}
	if (g->logged_in)
		log_verbose(&log, "Closing connection to %s port %u", g->client, port);
}

/* What the listener is told of the client. */
static enum guard_exit
judge(const struct guard *g)
{
	if (g->logged_in || g->proved_once)	/* he held a key that was good once */
		return GUARD_EXIT_OK;
	if (!g->user.is_known)
		return GUARD_EXIT_NOAUTH;
	if (!g->user.is_valid)
		return GUARD_EXIT_INVALIDUSER;
	return g->tries > 0 ? GUARD_EXIT_AUTHFAIL : GUARD_EXIT_NOAUTH;
}

void
guard_end(struct guard *g, uint32_t reason, const char *text)
{
	if (g->ending)
		return;
	g->ending = true;
	g->status = judge(g);
	timer_set(g->grace, loop_time(g->loop) + GUARD_LAST_MSEC);
	guard_wire_sent(g, ipc_send_wire_end(&g->wire,
	    &(struct msg_wire_end){ .reason = reason, .text = span_str(text) }, NULL));
}

void
guard_quit(struct guard *g, enum guard_exit status)
{
	if (g->has_ended)
		return;
	if (!g->ending)
		g->status = status == GUARD_EXIT_OK ? judge(g) : status;
	g->ending = true;
	g->has_ended = true;
	for (size_t i = 0; i < GUARD_TTYS; i++) {
		if (g->ttys[i].line[0] != '\0')
			login_record_end(&g->ttys[i]);
		g->ttys[i].line[0] = '\0';
	}
	watch_free(g->wire_watch);
	g->wire_watch = NULL;
	ipc_close(&g->wire);
	/* The session tidies up and ends; if it does not, guard_last_moment() comes. */
	if (g->session_watch == NULL) {
		loop_stop(g->loop);
		return;
	}
	(void)shutdown(g->session.fd, SHUT_WR);
	timer_set(g->grace, loop_time(g->loop) + GUARD_LAST_MSEC);
}

void
guard_last_moment(struct guard *g)
{
	if (g->session_watch != NULL && g->session_pidfd != -1)
		(void)syscall(SYS_pidfd_send_signal, g->session_pidfd, SIGKILL, NULL, 0);
	loop_stop(g->loop);
}
