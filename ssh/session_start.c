/* SPDX-License-Identifier: ISC */
/* What is asked of the server for a session: terminal, environment, command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/reader.h"
#include "base/text.h"
#include "channels/request.h"
#include "os/pty.h"
#include "os/pty_modes.h"
#include "ssh/forward.h"
#include "ssh/session.h"
#include "ssh/x11.h"

extern char **environ;

static void
ask(struct session *se, const char *request, struct span body, enum session_asked what)
{
	conn_channel_request(se->s->conn, se->id, request, what != ASKED_NOTHING, body);
	if (what == ASKED_NOTHING)
		return;
	must(se->n_asked < SESSION_ASKED_MAX);
	se->asked[se->n_asked++] = what;
}

/* --- terminal --- */

static void
put_modes(const struct session *se, struct writer *w)
{
	struct pty_modes modes = { .has = { false } };
	struct termios t;

	if (se->tty_fd != -1 && tcgetattr(se->tty_fd, &t) == 0)
		pty_modes_from_termios(&modes, &t);
	pty_modes_put(w, &modes);
}

static void
request_pty(struct session *se)
{
	SCOPED(writer_free) struct writer modes = writer_init(LIMIT_PTY_MODES);
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	struct request_pty m = { .term = span_str(se->plan.term) };
	struct pty_size size = { .columns = 0 };

	if (se->tty_fd != -1 && pty_get_size(se->tty_fd, &size) == ERR_OK)
		m.size = (struct term_size){ size.columns, size.rows, size.width, size.height };
	put_modes(se, &modes);
	m.modes = writer_span(&modes);
	request_pty_put(&body, &m);
	ask(se, "pty-req", writer_span(&body), ASKED_PTY);
}

/* --- environment --- */

static void
send_variable(struct session *se, struct span pair)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	size_t n = span_find(pair, '=');
	const struct request_env m = { span_first(pair, n), span_skip(pair, n + 1) };

	if (n == 0 || n == pair.len)
		return;
	request_env_put(&body, &m);
	if (wr_end(&body) != ERR_OK)
		return;
	log_debug(&se->s->log, "channel %u: setting env %.*s", se->id.n, (int)m.name.len,
	    (const char *)m.name.p);
	ask(se, "env", writer_span(&body), ASKED_NOTHING);
}

static void
send_environment(struct session *se)
{
	struct reader r = rd_init(writer_span(&se->plan.env));

	while (r.rest.len > 0 && r.err == ERR_OK)
		send_variable(se, rd_bytes(&r));
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

static enum err
put_environment(struct ssh *s, struct writer *w)
{
	const struct ssh_config *c = &s->settings.config;

	for (char **v = environ; *v != NULL && c->send_env.n > 0; v++) {
		struct span pair = span_str(*v);
		size_t n = span_find(pair, '=');

		if (n > 0 && n < pair.len && is_wanted(&c->send_env, span_first(pair, n)))
			wr_bytes(w, pair);
	}
	/* The first of a name counts (ssh_config(5)), and servers keep the last they get. */
	for (size_t i = c->set_env.n; i-- > 0;) {
		struct span pair = span_str(c->set_env.v[i]);
		size_t n = span_find(pair, '='), mark;
		char *value = NULL;
		char *text = span_dup_str(span_skip(pair, n + 1));

		if (n < pair.len && text != NULL && settings_expand(&s->settings, &s->log,
		    SSH_KEYWORD_SetEnv, text, &value) == ERR_OK) {
			mark = wr_open(w);
			wr_raw(w, span_first(pair, n + 1));
			wr_raw(w, span_str(value));
			wr_close(w, mark);
		}
		free(text);
		free(value);
	}
	return wr_end(w);
}

/* --- the plan --- */

static enum err
copy(char **out, const char *text)
{
	if (text == NULL)
		return ERR_OK;
	*out = strdup(text);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
session_plan_make(struct ssh *s, struct session_plan *plan)
{
	char *agent = forward_agent_path(s);

	*plan = (struct session_plan){ .wants_pty = session_wants_pty(s),
	    .is_subsystem = s->settings.config.session_type == SESSION_TYPE_SUBSYSTEM,
	    .wants_x11 = s->settings.config.forward_x11,
	    .wants_agent = agent != NULL && access(agent, R_OK | W_OK) == 0,
	    .env = writer_init(LIMIT_PACKET / 2) };
	free(agent);
	TRY(copy(&plan->term, getenv("TERM")));
	TRY(copy(&plan->command, s->settings.command));
	return put_environment(s, &plan->env);
}

void
session_plan_free(struct session_plan *plan)
{
	free(plan->term);
	free(plan->command);
	writer_free(&plan->env);
}

/* --- asking --- */

static void
request_start(struct session *se)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);
	const struct session_plan *plan = &se->plan;

	if (plan->is_subsystem) {
		const struct request_subsystem m = { .name = span_str(plan->command) };

		log_debug(&se->s->log, "Sending subsystem: %s", plan->command);
		request_subsystem_put(&body, &m);
		ask(se, "subsystem", writer_span(&body), ASKED_START);
	} else if (plan->command != NULL) {
		const struct request_exec m = { .command = span_str(plan->command) };

		log_debug(&se->s->log, "Sending command: %s", plan->command);
		request_exec_put(&body, &m);
		ask(se, "exec", writer_span(&body), ASKED_START);
	} else {
		ask(se, "shell", SPAN_EMPTY, ASKED_START);
	}
}

static void
request_x11(struct session *se)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET);

	if (!x11_prepare(se->s, &body))
		return;
	log_debug(&se->s->log, "Requesting X11 forwarding with authentication spoofing.");
	ask(se, "x11-req", writer_span(&body), ASKED_X11);
}

/* The name that IANA has registered, for servers that say they know it. */
static const char *
agent_request(struct ssh *s)
{
	struct span version;

	return conn_peer_extension(s->conn, "agent-forward", &version) && span_is(version, "0") ?
	    "agent-req" : "auth-agent-req@openssh.com";
}

void
session_request(struct session *se)
{
	if (se->plan.wants_x11)
		request_x11(se);
	if (se->plan.wants_agent) {
		log_debug(&se->s->log, "Requesting authentication agent forwarding.");
		ask(se, agent_request(se->s), SPAN_EMPTY, ASKED_AGENT);
	}
	if (se->plan.wants_pty)
		request_pty(se);
	send_environment(se);
	request_start(se);
}
