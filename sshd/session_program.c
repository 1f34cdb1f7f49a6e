/* SPDX-License-Identifier: ISC */
/* The user's programs, one a "session" channel: requests, ends, terminals. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channels/request.h"
#include "os/process.h"
#include "os/pty_modes.h"
#include "sshd/session_i.h"

/* --- a program's life --- */

struct program *
program_find(const struct session *s, uint32_t channel)
{
	struct program *p = s->programs;

	while (p != NULL && (p->channel != channel || p->is_closed))
		p = p->next;
	return p;
}

void
program_show(const struct session *s)
{
	char ttys[160] = "";
	size_t len = 0;

	for (const struct program *p = s->programs; p != NULL; p = p->next) {
		if (p->pty.name[0] != '\0' && len < sizeof(ttys) - PTY_NAME_MAX)
			len += (size_t)snprintf(ttys + len, sizeof(ttys) - len, "%s%s",
			    len > 0 ? "," : "", p->pty.name + strlen("/dev/"));
	}
	title_set(&s->title, "%s@%s", s->user, len > 0 ? ttys : "notty");
}

void
program_record(struct program *p, bool in_use)
{
	struct session *s = p->session;

	if (p->has_record == in_use || p->pty.name[0] == '\0')
		return;
	p->has_record = in_use;
	session_sent(s, ipc_send_from_session_tty(&s->guard, &(struct msg_from_session_tty){
	    .tty = span_str(p->pty.name + strlen("/dev/")), .pid = (uint32_t)p->pid,
	    .in_use = in_use }, NULL));
}

/* Frees a program that neither runs nor has a channel. */
static void
settle(struct program *p)
{
	struct session *s = p->session;
	struct program **at = &s->programs;

	if (!p->is_closed || p->pid != 0 || p->rc != 0)
		return;
	program_record(p, false);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	s->n_programs--;
	log_verbose(&s->log, "Close session: user %s from %s port %u id %u", s->user, s->client,
	    (unsigned)s->client_port, (unsigned)p->channel);
	pty_close(&p->pty);
	x11_end(p);
	program_disconnect(p);
	writer_free(&p->env);
	free(p->term);
	free(p->command);
	free(p);
	program_show(s);
}

static void
refuse(struct session *s, uint32_t channel, uint32_t code, const char *text)
{
	session_sent(s, ipc_send_to_wire_refuse(&s->wire, &(struct msg_to_wire_refuse){
	    .channel = channel, .code = code, .text = span_str(text) }, NULL));
}

/* Channels that count for MaxSessions. */
static size_t
n_open(const struct session *s)
{
	size_t n = 0;

	for (const struct program *p = s->programs; p != NULL; p = p->next)
		n += !p->is_closed;
	return n;
}

void
program_open(struct session *s, uint32_t channel)
{
	struct program *p;

	if (program_find(s, channel) != NULL)
		return;			/* wire has lost count */
	if (n_open(s) >= s->config.max_sessions || s->n_programs >= LIMIT_CHANNELS) {
		log_info(&s->log, "no more sessions: MaxSessions %u reached",
		    (unsigned)s->config.max_sessions);
		refuse(s, channel, OPEN_CONNECT_FAILED, "open failed");
		return;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL) {
		refuse(s, channel, OPEN_RESOURCE_SHORTAGE, "out of memory");
		return;
	}
	*p = (struct program){ .next = s->programs, .session = s, .channel = channel,
	    .env = writer_init(LIMIT_PACKET), .pty = { .master = -1, .slave = -1 },
	    .fds = { -1, -1, -1 }, .ours = { -1, -1, -1 }, .sftp_log = -1 };
	s->programs = p;
	s->n_programs++;
	session_sent(s, ipc_send_to_wire_accept(&s->wire,
	    &(struct msg_to_wire_accept){ .channel = channel }, NULL));
}

/* On a terminal, everybody is told; without one, closed pipes say it. */
static void
hang_up(struct program *p)
{
	if (p->pty.name[0] != '\0' && p->pid > 1)
		(void)kill(-p->pid, SIGHUP);
	pty_close(&p->pty);
}

void
program_hang_up(struct session *s)
{
	for (struct program *p = s->programs; p != NULL; p = p->next)
		hang_up(p);
}

void
program_signal_all(struct session *s, int signo)
{
	for (struct program *p = s->programs; p != NULL; p = p->next) {
		if (p->pid > 1)
			(void)kill(-p->pid, signo);
		if (p->rc > 1)
			(void)kill(-p->rc, signo);
	}
}

bool
program_closed(struct session *s, uint32_t channel)
{
	struct program *p = program_find(s, channel);

	if (p == NULL)
		return false;
	p->is_closed = true;
	hang_up(p);
	settle(p);
	return true;
}

/* The end as RFC 4254 6.10 tells it. */
static enum err
put_end(int status, const char **request, struct writer *body)
{
	char other[48];
	const char *name;

	*request = WIFSIGNALED(status) ? "exit-signal" : "exit-status";
	if (!WIFSIGNALED(status)) {
		request_exit_status_put(body, &(struct request_exit_status){
		    .status = (uint32_t)WEXITSTATUS(status) });
		return wr_end(body);
	}
	name = process_signal_name(WTERMSIG(status));
	if (name == NULL) {
		snprintf(other, sizeof(other), "%d@dayfly", WTERMSIG(status));
		name = other;
	}
	request_exit_signal_put(body, &(struct request_exit_signal){ .name = span_str(name),
	    .core_dumped = WCOREDUMP(status) });
	return wr_end(body);
}

void
program_ended(struct program *p, int status)
{
	struct session *s = p->session;
	SCOPED(writer_free) struct writer body = writer_init(1024);
	const char *request;

	p->pid = 0;
	sftp_ended(p);
	program_record(p, false);
	pty_close(&p->pty);
	/* Who ends it says why; that it was killed would be the last thing a client hears. */
	if (!p->is_closed && !s->ends) {
		if (put_end(status, &request, &body) != ERR_OK)
			session_die(s, "out of memory");
		session_sent(s, ipc_send_to_wire_exit(&s->wire, &(struct msg_to_wire_exit){
		    .channel = p->channel, .request = span_str(request),
		    .body = writer_span(&body) }, NULL));
	}
	settle(p);
}

void
program_reaped(struct session *s, pid_t pid, int status)
{
	struct program *p = s->programs;

	while (p != NULL && p->pid != pid && p->rc != pid)
		p = p->next;
	if (p == NULL)
		return;
	if (p->pid == pid) {
		program_ended(p, status);
		return;
	}
	p->rc = 0;			/* whatever became of it */
	if (p->is_closed)
		settle(p);
	else
		program_exec(p);
}

void
program_notice(struct session *s, struct span text)
{
	SCOPED(writer_free) struct writer line = writer_init(1024);

	wr_raw(&line, SPAN_LIT("\r\n*** "));
	text_visible(&line, text);
	wr_raw(&line, SPAN_LIT(" ***\r\n"));
	for (struct program *p = s->programs; p != NULL; p = p->next) {
		int fd;

		if (wr_end(&line) != ERR_OK || p->pty.name[0] == '\0' || p->pid == 0)
			continue;
		/* Through the terminal's name: its slave is the program's alone by now. */
		fd = open(p->pty.name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (fd == -1)
			continue;
		(void)!write(fd, line.p, line.len);
		close(fd);
	}
}

/* --- requests --- */

/* Puts the client's terminal modes onto the new terminal. */
static enum err
set_modes(const struct pty *pty, struct span encoded)
{
	struct pty_modes modes = { .has = { false } };
	struct termios t;

	TRY(pty_modes_get(encoded, &modes));
	if (tcgetattr(pty->slave, &t) == -1)
		return ERR_SYSTEM;
	pty_modes_to_termios(&modes, &t);
	return tcsetattr(pty->slave, TCSANOW, &t) == -1 ? ERR_SYSTEM : ERR_OK;
}

static struct pty_size
size_of(const struct term_size *t)
{
	return (struct pty_size){ t->cols, t->rows, t->width_px, t->height_px };
}

static bool
on_pty(struct program *p, struct span body)
{
	struct session *s = p->session;
	struct request_pty m;
	struct pty_size size;

	if (!(s->may.permit & PERMIT_PTY) || p->is_started || p->pty.master != -1 ||
	    request_pty_get(body, &m) != ERR_OK || m.term.len > 256)
		return false;
	if (pty_open(&p->pty) != ERR_OK) {
		log_error(&s->log, "cannot open a terminal: %s", strerror(errno));
		return false;
	}
	size = size_of(&m.size);
	p->term = span_dup_str(m.term);
	if (p->term == NULL || set_modes(&p->pty, m.modes) != ERR_OK ||
	    pty_set_size(p->pty.master, &size) != ERR_OK) {
		free(p->term);
		p->term = NULL;
		pty_close(&p->pty);
		p->pty.name[0] = '\0';
		return false;
	}
	program_show(s);
	return true;
}

static bool
on_env(struct program *p, struct span body)
{
	struct request_env m;

	if (p->is_started || request_env_get(body, &m) != ERR_OK || p->n_env == LIMIT_ENV ||
	    !environment_accepts(&p->session->config, m.name))
		return false;
	wr_bytes(&p->env, m.name);
	wr_bytes(&p->env, m.value);
	p->n_env++;
	return wr_end(&p->env) == ERR_OK;
}

/* The command of a subsystem; NULL if there is none of that name. */
static const char *
subsystem_command(const struct sshd_config *c, struct span name)
{
	for (size_t i = 0; i < c->subsystems.n; i++) {
		if (span_is(name, c->subsystems.v[i].name))
			return c->subsystems.v[i].command;
	}
	return NULL;
}

/* What is to be run; false if the request makes no sense. */
static bool
take_command(struct program *p, struct span request, struct span body)
{
	struct session *s = p->session;
	struct request_exec exec;
	struct request_subsystem sub;
	const char *command;

	if (span_is(request, "shell"))
		return request_empty_get(body) == ERR_OK;
	if (span_is(request, "exec")) {
		if (request_exec_get(body, &exec) != ERR_OK)
			return false;
		p->command = span_dup_str(exec.command);
		return p->command != NULL;
	}
	if (request_subsystem_get(body, &sub) != ERR_OK)
		return false;
	command = subsystem_command(&s->config, sub.name);
	p->is_registrar = command == NULL && s->may.command == NULL && span_is(sub.name, "ephemeral");
	if (command == NULL && s->may.command == NULL && !p->is_registrar) {
		log_info(&s->log, "subsystem request for %.*s by user %s failed, subsystem not found",
		    (int)sub.name.len, (const char *)sub.name.p, s->user);
		return false;
	}
	text_visible_str(p->subsystem, sizeof(p->subsystem), sub.name);
	p->is_subsystem = true;
	/* A forced command is told which subsystem was asked for by its command. */
	p->command = command != NULL ? span_dup_str(span_str(command)) : span_dup_str(sub.name);
	return p->command != NULL;
}

static void
log_start(struct program *p)
{
	struct session *s = p->session;
	char special[128];
	const char *kind = p->command == NULL ? "shell" : "command";

	if (p->is_subsystem || s->may.command != NULL)
		kind = special;
	if (s->may.command != NULL)
		snprintf(special, sizeof(special), "forced-command (%s) '%.80s'",
		    s->may.command_is_key ? "key-option" : "config", s->may.command);
	else if (p->is_subsystem)
		snprintf(special, sizeof(special), "subsystem '%s'", p->subsystem);
	log_verbose(&s->log, "Starting session: %s%s%s for %s from %s port %u id %u", kind,
	    p->pty.name[0] != '\0' ? " on " : "",
	    p->pty.name[0] != '\0' ? p->pty.name + strlen("/dev/") : "", s->user, s->client,
	    (unsigned)s->client_port, (unsigned)p->channel);
}

static bool
on_start(struct program *p, struct span request, struct span body)
{
	if (p->is_started || !take_command(p, request, body))
		return false;
	if (p->is_registrar && p->pty.master != -1)
		return false;		/* its messages are no text for a terminal */
	p->is_started = true;
	log_start(p);
	if (program_connect(p) == ERR_OK)
		return true;
	log_error(&p->session->log, "cannot start a program for %s: %s", p->session->user,
	    strerror(errno));
	return false;
}

static bool
on_window_change(struct program *p, struct span body)
{
	struct term_size m;
	struct pty_size size;

	if (p->pty.master == -1 || request_window_change_get(body, &m) != ERR_OK)
		return false;
	size = size_of(&m);
	return pty_set_size(p->pty.master, &size) == ERR_OK;
}

static bool
on_signal(struct program *p, struct span body)
{
	struct session *s = p->session;
	struct request_signal m;
	int signo;

	if (p->pid <= 1 || request_signal_get(body, &m) != ERR_OK)
		return false;
	if (s->may.command != NULL || p->is_subsystem) {
		log_info(&s->log, "refusing to send a signal to a %s",
		    p->is_subsystem ? "subsystem" : "forced command");
		return false;
	}
	signo = process_signal_number((const char *)m.name.p, m.name.len);
	return signo != 0 && kill(-p->pid, signo) == 0;
}

static bool
on_break(struct program *p, struct span body)
{
	struct request_break m;

	return p->pty.master != -1 && request_break_get(body, &m) == ERR_OK &&
	    program_break(p) == ERR_OK;
}

static bool
on_agent(struct program *p, struct span body)
{
	return agent_request(p->session, body, false);
}

static bool
on_agent_iana(struct program *p, struct span body)
{
	return agent_request(p->session, body, true);
}

/* One row a request that is known. */
static bool
dispatch(struct program *p, struct span request, struct span body)
{
	static const struct {
		const char *name;
		bool (*handle)(struct program *, struct span);
	} rows[] = {
		{ "pty-req", on_pty },
		{ "env", on_env },
		{ "window-change", on_window_change },
		{ "signal", on_signal },
		{ "break", on_break },
		{ "x11-req", x11_request },
		{ "auth-agent-req@openssh.com", on_agent },
		{ "agent-req", on_agent_iana },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (span_is(request, rows[i].name))
			return rows[i].handle(p, body);
	}
	if (span_is(request, "shell") || span_is(request, "exec") || span_is(request, "subsystem"))
		return on_start(p, request, body);
	return false;
}

void
program_request(struct session *s, const struct msg_to_session_request *m)
{
	struct program *p = program_find(s, m->channel);
	bool ok = p != NULL && dispatch(p, m->request, m->body);

	if (m->want_reply)
		session_sent(s, ipc_send_to_wire_reply(&s->wire, &(struct msg_to_wire_reply){
		    .channel = m->channel, .id = m->id, .ok = ok }, NULL));
	/* Behind the reply, so that output never overtakes it. */
	if (!ok || !p->is_started || p->is_attached)
		return;
	if (p->is_registrar)
		registrar_ask(p);
	else
		program_start(p);
}
