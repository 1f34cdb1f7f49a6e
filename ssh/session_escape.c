/* SPDX-License-Identifier: ISC */
/* What escapes ask for. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "channels/request.h"
#include "os/file.h"
#include "ssh/forward.h"
#include "ssh/session.h"

#define BREAK_MSEC	1000		/* as OpenSSH; the server has bounds of its own */

/* Lines end with CR LF: the terminal is raw. */
static void
say(const char *text)
{
	(void)!file_write_all(STDERR_FILENO, span_str(text));
}

static void
help(const struct session *se)
{
	static const char *const lines[] = {
		".   - terminate connection (and any multiplexed sessions)",
		"B   - send a BREAK to the remote system",
		"R   - request rekey",
		"V/v - decrease/increase verbosity (LogLevel)",
		"^Z  - suspend ssh",
		"#   - list forwarded connections",
		"&   - background ssh (when waiting for connections to terminate)",
		"?   - this message",
	};
	char line[128], c = (char)se->escape.character;

	snprintf(line, sizeof(line), "%c?\r\nSupported escape sequences:\r\n", c);
	say(line);
	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(line, sizeof(line), " %c%s\r\n", c, lines[i]);
		say(line);
	}
	snprintf(line, sizeof(line), " %c%c  - send the escape character by typing it twice\r\n"
	    "(Note that escapes are only recognized immediately after newline.)\r\n", c, c);
	say(line);
}

static void
list(struct ssh *s)
{
	char line[128];

	snprintf(line, sizeof(line), "%c#\r\n", s->session->escape.character);
	say(line);
	say("The following connections are open:\r\n");
	snprintf(line, sizeof(line), "  #%u client-session\r\n", s->session->id.n);
	say(line);
	forwards_list(s);
}

static void
suspend(struct ssh *s)
{
	struct session *se = s->session;
	char line[32];

	snprintf(line, sizeof(line), "%c^Z [suspend ssh]\r\n", se->escape.character);
	say(line);
	tty_restore(&se->tty);
	(void)kill(getpid(), SIGTSTP);
	/* Here we are in the foreground again. */
	(void)!tty_raw(&se->tty, STDIN_FILENO);
	(void)raise(SIGWINCH);
}

static void
set_verbosity(struct ssh *s, int by)
{
	int level = (int)s->log.level + by;
	char line[64];

	if (level < LOG_LEVEL_QUIET)
		level = LOG_LEVEL_QUIET;
	if (level > LOG_LEVEL_DEBUG3)
		level = LOG_LEVEL_DEBUG3;
	s->log.level = (enum log_level)level;
	snprintf(line, sizeof(line), "%c%c [LogLevel %s]\r\n", s->session->escape.character,
	    by > 0 ? 'v' : 'V', log_level_name(s->log.level));
	say(line);
}

static void
send_break(struct ssh *s)
{
	SCOPED(writer_free) struct writer body = writer_init(64);
	const struct request_break m = { .ms = BREAK_MSEC };
	char line[32];

	snprintf(line, sizeof(line), "%cB\r\n", s->session->escape.character);
	say(line);
	request_break_put(&body, &m);
	conn_channel_request(s->conn, s->session->id, "break", false, writer_span(&body));
}

static void
to_background(struct ssh *s)
{
	struct session *se = s->session;
	char line[48];

	snprintf(line, sizeof(line), "%c& [backgrounded]\r\n", se->escape.character);
	say(line);
	tty_restore(&se->tty);
	/* The shell at the other end is told by an end of file, and by ^D on its terminal. */
	pump_pause(s->pump, se->id, true);
	if (se->has_pty) {
		struct room room = conn_channel_room(s->conn, se->id, STREAM_DATA);

		if (room.len > 0) {
			room.p[0] = 4;
			conn_channel_send(s->conn, se->id, STREAM_DATA, 1);
		}
	} else {
		pump_end_source(s->pump, se->id);
	}
	forwards_stop_listening(s);
	session_daemonize(s);
}

static void
grant(struct ssh *s, enum escape_wish wish)
{
	struct session *se = s->session;
	char line[8];

	switch (wish) {
	case ESCAPE_DISCONNECT:
		snprintf(line, sizeof(line), "%c.\r\n", se->escape.character);
		say(line);
		ssh_leave(s, 255);
		break;
	case ESCAPE_SUSPEND:
		suspend(s);
		break;
	case ESCAPE_LIST:
		list(s);
		break;
	case ESCAPE_BACKGROUND:
		to_background(s);
		break;
	case ESCAPE_HELP:
		help(se);
		break;
	case ESCAPE_BREAK:
		send_break(s);
		break;
	case ESCAPE_REKEY:
		conn_rekey(s->conn);
		break;
	case ESCAPE_QUIETER:
		set_verbosity(s, -1);
		break;
	case ESCAPE_LOUDER:
		set_verbosity(s, 1);
		break;
	case ESCAPE_NOTHING:
		break;
	}
}

static void
on_due(void *arg)
{
	struct ssh *s = arg;
	enum escape_wish wish;

	while ((wish = escape_next(&s->session->escape)) != ESCAPE_NOTHING && !s->is_leaving)
		grant(s, wish);
	pump_kick(s->pump);
}

/* The connection must not be touched from within the filter: wishes wait for the timer. */
static size_t
on_typed(void *arg, uint8_t *buf, size_t n, size_t cap)
{
	struct ssh *s = arg;
	size_t len = escape_filter(&s->session->escape, buf, n, cap);

	if (s->session->escape.n_wishes > 0)
		timer_set(s->session->escape_due, 0);
	return len;
}

enum err
session_watch_escapes(struct ssh *s)
{
	struct session *se = s->session;

	TRY(loop_timer(s->loop, &se->escape_due, on_due, s));
	escape_init(&se->escape, (uint8_t)s->settings.config.escape_char);
	pump_set_filter(s->pump, se->id, on_typed, s);
	return ERR_OK;
}
