/* SPDX-License-Identifier: ISC */
/* "~C": a line that changes forwardings while the session runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "config/line.h"
#include "ssh/forward.h"
#include "ssh/session.h"

static const char help_text[] =
    "Commands:\r\n"
    "      -L[bind_address:]port:host:hostport    Request local forward\r\n"
    "      -R[bind_address:]port:host:hostport    Request remote forward\r\n"
    "      -D[bind_address:]port                  Request dynamic forward\r\n"
    "      -KL[bind_address:]port                 Cancel local forward\r\n"
    "      -KR[bind_address:]port                 Cancel remote forward\r\n"
    "      -KD[bind_address:]port                 Cancel dynamic forward\r\n";

static void
on_said(void *self, enum config_say level, const char *line)
{
	const struct session *se = self;
	char out[512];

	if (level == CONFIG_SAY_DEBUG)
		return;
	snprintf(out, sizeof(out), "%s\r\n", line);
	session_say(se, out);
}

/* The forwarding that is meant, as a line of the config would say it. ERR_SYNTAX, told. */
static enum err
parse(struct session *se, const char *keyword, struct span spec, struct ssh_config *c)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct ssh_input in = { .io = { .say = on_said, .self = se } };

	wr_printf(&w, "%s ", keyword);
	word_put(&w, spec);
	wr_u8(&w, 0);
	TRY(wr_end(&w));
	return ssh_config_option(c, &in, (const char *)w.p);
}

static const struct forward *
only(const struct ssh_config *c)
{
	if (c->local_forwards.n > 0)
		return &c->local_forwards.v[0];
	return c->remote_forwards.n > 0 ? &c->remote_forwards.v[0] : &c->dynamic_forwards.v[0];
}

static void
on_forwarded(struct ssh *s, void *arg, bool ok, uint16_t port)
{
	(void)arg;
	(void)port;	/* was told where it became known */
	if (s->session != NULL)
		session_say(s->session, ok ? "Forwarding port.\r\n" : "Port forwarding failed.\r\n");
}

static void
add(struct session *se, enum forward_kind kind, struct span spec)
{
	static const char *const keywords[] = { "LocalForward", "RemoteForward", "DynamicForward" };
	SCOPED(ssh_config_free) struct ssh_config c = { .local_forwards = { NULL, 0 } };

	if (parse(se, keywords[kind], spec, &c) != ERR_OK)
		session_say(se, "Bad forwarding specification.\r\n");
	else
		forwards_add(se->s, kind, only(&c), on_forwarded, NULL);
}

static void
cancel(struct session *se, enum forward_kind kind, struct span spec)
{
	SCOPED(ssh_config_free) struct ssh_config c = { .local_forwards = { NULL, 0 } };

	/* The listening end alone, which is what a remote dynamic forwarding looks like. */
	if (parse(se, "RemoteForward", spec, &c) != ERR_OK)
		session_say(se, "Bad forwarding close specification.\r\n");
	else if (forwards_cancel(se->s, kind, only(&c)) != ERR_OK)
		session_say(se, "Unknown port forwarding.\r\n");
	else
		session_say(se, "Canceled forwarding.\r\n");
}

static void
run(struct session *se, const char *command)
{
	int status;

	if (!se->s->settings.config.permit_local_command) {
		session_say(se, "Local commands are not permitted (PermitLocalCommand).\r\n");
		return;
	}
	status = session_run_local(se->s, command);
	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		session_say(se, "The command failed.\r\n");
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_skip(s, 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s = span_first(s, s.len - 1);
	return s;
}

static bool
find_kind(uint8_t letter, enum forward_kind *kind)
{
	*kind = letter == 'L' ? FORWARD_LOCAL : letter == 'R' ? FORWARD_REMOTE : FORWARD_DYNAMIC;
	return letter == 'L' || letter == 'R' || letter == 'D';
}

static void
obey(struct session *se, struct span line)
{
	enum forward_kind kind;
	bool is_cancel;

	if (line.len == 0)
		return;
	if (line.p[0] == '!') {
		char *command = span_dup_str(trim(span_skip(line, 1)));

		if (command != NULL)
			run(se, command);
		free(command);
		return;
	}
	if (line.p[0] == '-')
		line = span_skip(line, 1);
	is_cancel = line.len > 1 && line.p[0] == 'K';
	if (is_cancel)
		line = span_skip(line, 1);
	if (line.len > 0 && (line.p[0] == 'h' || line.p[0] == 'H' || line.p[0] == '?') && !is_cancel)
		session_say(se, help_text);
	else if (line.len == 0 || !find_kind(line.p[0], &kind))
		session_say(se, "Invalid command.\r\n");
	else if (is_cancel)
		cancel(se, kind, trim(span_skip(line, 1)));
	else
		add(se, kind, trim(span_skip(line, 1)));
}

void
session_commandline(struct session *se)
{
	SCOPED(secret_free) struct secret line = { NULL, 0 };
	enum err e;

	if (!se->s->settings.config.enable_escape_commandline) {
		session_say(se, "commandline disabled\r\n");
		return;
	}
	tty_restore(&se->tty);
	e = tty_ask_on(STDIN_FILENO, TTY_ASK_LINE, "\r\nssh> ", &line);
	if (e == ERR_OK)
		obey(se, trim(secret_span(&line)));
	if (se->has_pty)
		(void)!tty_raw(&se->tty, STDIN_FILENO);
	session_say(se, "\r\n");
}
