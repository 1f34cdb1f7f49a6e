/* SPDX-License-Identifier: ISC */
/* What escapes ask for. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "channels/request.h"
#include "ssh/forward.h"
#include "ssh/info.h"
#include "ssh/mux.h"
#include "ssh/session.h"

#define BREAK_MSEC	1000		/* as OpenSSH; the server has bounds of its own */

/* --- what is said; lines end with CR LF: the terminal is raw --- */

struct escape_help {
	const char *text;
	bool is_own;			/* not for those that borrow the connection */
};

static void
help(const struct session *se)
{
	static const struct escape_help lines[] = {
		{ ".   - terminate connection (and any multiplexed sessions)", true },
		{ ".   - terminate session", false },
		{ "B   - send a BREAK to the remote system", false },
		{ "C   - open a command line", true },
		{ "I   - show connection information", false },
		{ "R   - request rekey", false },
		{ "V/v - decrease/increase verbosity (LogLevel)", true },
		{ "^Z  - suspend ssh", true },
		{ "#   - list forwarded connections", false },
		{ "&   - background ssh (when waiting for connections to terminate)", true },
		{ "?   - this message", false },
	};
	char line[128], c = (char)se->escape.character;
	bool commandline = se->s->settings.config.enable_escape_commandline;

	snprintf(line, sizeof(line), "%c?\r\nSupported escape sequences:\r\n", c);
	session_say(se, line);
	for (size_t i = 0; i < COUNT(lines); i++) {
		bool is_dot = lines[i].text[0] == '.';

		if ((lines[i].is_own && se->is_borrowed) ||
		    (is_dot && !lines[i].is_own && !se->is_borrowed) ||
		    (lines[i].text[0] == 'C' && !commandline))
			continue;
		snprintf(line, sizeof(line), " %c%s\r\n", c, lines[i].text);
		session_say(se, line);
	}
	snprintf(line, sizeof(line), " %c%c  - send the escape character by typing it twice\r\n"
	    "(Note that escapes are only recognized immediately after newline.)\r\n", c, c);
	session_say(se, line);
}

/* Says text line by line, as a raw terminal wants it. */
static void
say_lines(const struct session *se, struct writer *w)
{
	SCOPED(writer_free) struct writer raw = writer_init(2 * LIMIT_PACKET);
	struct span rest = writer_span(w), line;

	while (span_token(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		wr_raw(&raw, line);
		wr_raw(&raw, SPAN_LIT("\r\n"));
	}
	wr_u8(&raw, 0);
	if (wr_end(&raw) == ERR_OK)
		session_say(se, (const char *)raw.p);
}

static void
list(const struct session *se)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	wr_printf(&w, "%c#\n", se->escape.character);
	info_channels(se->s, &w);
	say_lines(se, &w);
}

static void
tell_connection(const struct session *se)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	wr_printf(&w, "%cI\n", se->escape.character);
	info_connection(se->s, &w);
	say_lines(se, &w);
}

/* --- what is done --- */

static void
suspend(struct session *se)
{
	char line[32];

	snprintf(line, sizeof(line), "%c^Z [suspend ssh]\r\n", se->escape.character);
	session_say(se, line);
	tty_restore(&se->tty);
	(void)kill(getpid(), SIGTSTP);
	/* Here we are in the foreground again. */
	(void)!tty_raw(&se->tty, STDIN_FILENO);
	(void)raise(SIGWINCH);
}

static void
set_verbosity(struct session *se, int by)
{
	struct ssh *s = se->s;
	int level = (int)s->log.level + by;
	char line[64];

	if (level < LOG_LEVEL_QUIET)
		level = LOG_LEVEL_QUIET;
	if (level > LOG_LEVEL_DEBUG3)
		level = LOG_LEVEL_DEBUG3;
	s->log.level = (enum log_level)level;
	snprintf(line, sizeof(line), "%c%c [LogLevel %s]\r\n", se->escape.character,
	    by > 0 ? 'v' : 'V', log_level_name(s->log.level));
	session_say(se, line);
}

static void
send_break(struct session *se)
{
	SCOPED(writer_free) struct writer body = writer_init(64);
	const struct request_break m = { .ms = BREAK_MSEC };
	char line[32];

	snprintf(line, sizeof(line), "%cB\r\n", se->escape.character);
	session_say(se, line);
	request_break_put(&body, &m);
	conn_channel_request(se->s->conn, se->id, "break", false, writer_span(&body));
}

static void
to_background(struct session *se)
{
	struct ssh *s = se->s;
	char line[48];

	snprintf(line, sizeof(line), "%c& [backgrounded]\r\n", se->escape.character);
	session_say(se, line);
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
disconnect(struct session *se)
{
	char line[8];

	snprintf(line, sizeof(line), "%c.\r\n", se->escape.character);
	session_say(se, line);
	if (!se->is_borrowed) {
		ssh_leave(se->s, 255);
		return;
	}
	/* The connection is another's: only this session ends, and at once. */
	se->is_closing = true;
	conn_channel_close(se->s->conn, se->id);
	mux_session_abandoned(se);
}

/* Whether the wish is one that only the owner of the connection has. */
static bool
is_denied(const struct session *se, enum escape_wish wish)
{
	char line[80];

	if (!se->is_borrowed || (wish != ESCAPE_SUSPEND && wish != ESCAPE_BACKGROUND &&
	    wish != ESCAPE_COMMANDLINE && wish != ESCAPE_QUIETER && wish != ESCAPE_LOUDER))
		return false;
	snprintf(line, sizeof(line), "%c%s%c escape not available to multiplexed sessions\r\n",
	    se->escape.character, wish == ESCAPE_SUSPEND ? "^" : "",
	    wish == ESCAPE_SUSPEND ? 'Z' : (char)wish);
	session_say(se, line);
	return true;
}

static void
grant(struct session *se, enum escape_wish wish)
{
	switch (wish) {
	case ESCAPE_DISCONNECT:
		disconnect(se);
		break;
	case ESCAPE_SUSPEND:
		suspend(se);
		break;
	case ESCAPE_LIST:
		list(se);
		break;
	case ESCAPE_BACKGROUND:
		to_background(se);
		break;
	case ESCAPE_HELP:
		help(se);
		break;
	case ESCAPE_BREAK:
		send_break(se);
		break;
	case ESCAPE_REKEY:
		conn_rekey(se->s->conn);
		break;
	case ESCAPE_QUIETER:
		set_verbosity(se, -1);
		break;
	case ESCAPE_LOUDER:
		set_verbosity(se, 1);
		break;
	case ESCAPE_INFO:
		tell_connection(se);
		break;
	case ESCAPE_COMMANDLINE:
		session_commandline(se);
		break;
	case ESCAPE_NOTHING:
		break;
	}
}

static void
on_due(void *arg)
{
	struct session *se = arg;
	struct ssh *s = se->s;
	enum escape_wish wish;

	while (!se->is_closing && !s->is_leaving &&
	    (wish = escape_next(&se->escape)) != ESCAPE_NOTHING)
		if (!is_denied(se, wish))
			grant(se, wish);
	pump_kick(s->pump);
}

/* The connection must not be touched from within the filter: wishes wait for the timer. */
static size_t
on_typed(void *arg, uint8_t *buf, size_t n, size_t cap)
{
	struct session *se = arg;
	size_t len = se->has_escapes ? escape_filter(&se->escape, buf, n, cap) : n;

	if (se->escape.n_wishes > 0)
		timer_set(se->escape_due, 0);
	keystrokes_typed(se, len);
	return len;
}

enum err
session_watch_typing(struct session *se)
{
	TRY(loop_timer(se->s->loop, &se->escape_due, on_due, se));
	if (se->has_escapes)
		escape_init(&se->escape, (uint8_t)se->escape.character);
	pump_set_filter(se->s->pump, se->id, on_typed, se);
	return ERR_OK;
}
