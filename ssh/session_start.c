/* SPDX-License-Identifier: ISC */
/* What is asked of the server for a session: terminal, environment, command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "channels/request.h"
#include "os/pty.h"
#include "os/pty_modes.h"
#include "ssh/forward.h"
#include "ssh/session.h"

extern char **environ;

static void
ask(struct ssh *s, const char *request, struct span body, enum session_asked what)
{
	struct session *se = s->session;

	conn_channel_request(s->conn, se->id, request, what != ASKED_NOTHING, body);
	if (what == ASKED_NOTHING)
		return;
	must(se->n_asked < SESSION_ASKED_MAX);
	se->asked[se->n_asked++] = what;
}

/* --- terminal --- */

static void
put_modes(struct writer *w)
{
	struct pty_modes modes = { .has = { false } };
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) == 0)
		pty_modes_from_termios(&modes, &t);
	pty_modes_put(w, &modes);
}

static void
request_pty(struct ssh *s)
{
	SCOPED(writer_free) struct writer modes = writer_init(LIMIT_PTY_MODES);
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	const char *term = getenv("TERM");
	struct request_pty m = { .term = span_str(term) };
	struct pty_size size = { .columns = 0 };

	if (pty_get_size(STDIN_FILENO, &size) == ERR_OK)
		m.size = (struct term_size){ size.columns, size.rows, size.width, size.height };
	put_modes(&modes);
	m.modes = writer_span(&modes);
	request_pty_put(&body, &m);
	ask(s, "pty-req", writer_span(&body), ASKED_PTY);
}

/* --- environment --- */

static void
send_variable(struct ssh *s, struct span name, struct span value)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	const struct request_env m = { .name = name, .value = value };

	request_env_put(&body, &m);
	if (wr_end(&body) != ERR_OK)
		return;
	log_debug(&s->log, "channel 0: setting env %.*s", (int)name.len, (const char *)name.p);
	ask(s, "env", writer_span(&body), ASKED_NOTHING);
}

/* Whether the last word of SendEnv about the name is to send it. */
static bool
is_wanted(const struct words *patterns, struct span name)
{
	bool wanted = false;

	for (size_t i = 0; i < patterns->n; i++) {
		const char *p = patterns->v[i];
		bool is_off = p[0] == '-';

		if (text_match(name, span_str(is_off ? p + 1 : p), false))
			wanted = !is_off;
	}
	return wanted;
}

static void
send_environment(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;

	for (char **v = environ; *v != NULL && c->send_env.n > 0; v++) {
		struct span pair = span_str(*v);
		size_t n = span_find(pair, '=');

		if (n > 0 && n < pair.len && is_wanted(&c->send_env, span_first(pair, n)))
			send_variable(s, span_first(pair, n), span_skip(pair, n + 1));
	}
	for (size_t i = 0; i < c->set_env.n; i++) {
		struct span pair = span_str(c->set_env.v[i]);
		size_t n = span_find(pair, '=');
		char *value = NULL;
		char *text = span_dup_str(span_skip(pair, n + 1));

		if (n < pair.len && text != NULL && settings_expand(&s->settings, &s->log,
		    SSH_KEYWORD_SetEnv, text, &value) == ERR_OK)
			send_variable(s, span_first(pair, n), span_str(value));
		free(text);
		free(value);
	}
}

/* --- command --- */

static void
request_start(struct ssh *s)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	const char *command = s->settings.command;

	if (s->settings.config.session_type == SESSION_TYPE_SUBSYSTEM) {
		const struct request_subsystem m = { .name = span_str(command) };

		log_debug(&s->log, "Sending subsystem: %s", command);
		request_subsystem_put(&body, &m);
		ask(s, "subsystem", writer_span(&body), ASKED_START);
	} else if (command != NULL) {
		const struct request_exec m = { .command = span_str(command) };

		log_debug(&s->log, "Sending command: %s", command);
		request_exec_put(&body, &m);
		ask(s, "exec", writer_span(&body), ASKED_START);
	} else {
		ask(s, "shell", SPAN_EMPTY, ASKED_START);
	}
}

/* An agent is offered if there is one. */
static void
request_agent(struct ssh *s)
{
	char *path = forward_agent_path(s);

	if (path != NULL && access(path, R_OK | W_OK) == 0) {
		log_debug(&s->log, "Requesting authentication agent forwarding.");
		ask(s, "auth-agent-req@openssh.com", SPAN_EMPTY, ASKED_AGENT);
	}
	free(path);
}

void
session_request(struct ssh *s)
{
	request_agent(s);
	if (s->session->wants_pty)
		request_pty(s);
	send_environment(s);
	request_start(s);
}
