/* SPDX-License-Identifier: ISC */
/* How a session begins: descriptors, signals, the channel, the background. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channels/forward.h"
#include "channels/mux.h"
#include "os/process.h"
#include "ssh/destination.h"
#include "ssh/forward.h"
#include "ssh/mux.h"
#include "ssh/session.h"
#include "ssh/tunnel.h"

/* --- the user's descriptors --- */

/* Puts /dev/null in the place of standard input (O_RDONLY) or output. */
static enum err
put_null(int at, int flags)
{
	int null = open("/dev/null", flags | O_CLOEXEC);
	int got = null == -1 ? -1 : dup2(null, at);

	if (null != -1)
		close(null);
	return got == -1 ? ERR_SYSTEM : ERR_OK;
}

/*
 * Copies of standard input, output and error, which stay whoever else's they
 * are. With -W they are the only ones: who is on the other end of a pipe must
 * hear when the far host has closed.
 */
static enum err
take_descriptors(struct ssh *s)
{
	struct session *se = s->session;

	for (int i = 0; i < 3; i++)
		se->fd[i] = -1;
	if (s->settings.config.stdin_null && !se->is_stdio_forward)
		TRY(put_null(STDIN_FILENO, O_RDONLY));
	for (int i = 0; i < 3; i++) {
		se->fd[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		/* Whoever started us has closed it: as if it were /dev/null. */
		if (se->fd[i] == -1)
			se->fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (se->fd[i] == -1)
			return ERR_SYSTEM;
	}
	if (se->is_stdio_forward) {
		TRY(put_null(STDIN_FILENO, O_RDONLY));
		TRY(put_null(STDOUT_FILENO, O_WRONLY));
	}
	return ERR_OK;
}

bool
session_wants_pty(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	bool wanted = s->settings.command == NULL;

	if (s->options.stdio_forward != NULL)
		return false;
	if (c->request_tty == REQUEST_TTY_YES || c->request_tty == REQUEST_TTY_FORCE)
		wanted = true;
	if (c->request_tty == REQUEST_TTY_NO || c->session_type != SESSION_TYPE_DEFAULT)
		wanted = wanted && c->request_tty != REQUEST_TTY_NO &&
		    c->request_tty != REQUEST_TTY_AUTO;
	if (c->request_tty == REQUEST_TTY_FORCE || !wanted)
		return wanted;
	if (isatty(STDIN_FILENO) && !c->stdin_null)
		return true;
	log_info(&s->log,
	    "Pseudo-terminal will not be allocated because stdin is not a terminal.");
	return false;
}

/* --- signals --- */

static void
on_window_change(void *arg, int signo)
{
	struct ssh *s = arg;

	(void)signo;
	session_tell_size(s->session);
	mux_tell_sizes(s);
}

/* Somebody has stopped us, and the terminal was somebody else's meanwhile. */
static void
on_continue(void *arg, int signo)
{
	struct ssh *s = arg;

	tty_refresh(&s->session->tty);
	on_window_change(arg, signo);
}

static void
on_quit(void *arg, int signo)
{
	struct ssh *s = arg;

	s->session->died_of = signo;
	/* Ending a tunnel is what SIGTERM is for. */
	ssh_leave(s, signo == SIGTERM && !s->session->is_there ? 0 : 255);
}

static enum err
take_signals(struct ssh *s)
{
	static const int quits[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	for (size_t i = 0; i < COUNT(quits); i++) {
		struct sigaction old;

		/* nohup(1) and shells without job control want some ignored. */
		if (sigaction(quits[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		TRY(loop_signal(s->loop, quits[i], on_quit, s));
	}
	TRY(loop_signal(s->loop, SIGCONT, on_continue, s));
	return loop_signal(s->loop, SIGWINCH, on_window_change, s);
}

/* --- background --- */

void
session_leave_terminal(struct ssh *s)
{
	bool keep_stderr = s->log.level >= LOG_LEVEL_DEBUG1;
	int null;

	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null != -1 && fd < (keep_stderr ? 2 : 3); fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
}

void
session_detach_process(struct ssh *s)
{
	session_leave_terminal(s);
	if (loop_forked(s->loop) != ERR_OK)
		_exit(255);
}

void
session_daemonize(struct ssh *s)
{
	pid_t pid = fork();

	if (pid == -1) {
		log_fatal(&s->log, "fork: %s", strerror(errno));
		ssh_leave(s, 255);
		return;
	}
	/* The child has it all; nothing may be flushed or freed twice. */
	if (pid > 0)
		_exit(0);
	session_detach_process(s);
}

void
session_background_if_due(struct ssh *s)
{
	struct ssh_config *c = &s->settings.config;

	if (s->is_leaving || (c->exit_on_forward_failure && forwards_are_pending(s)))
		return;
	if (mux_persist_if_due(s) || !c->fork_after_authentication)
		return;
	c->fork_after_authentication = false;
	session_daemonize(s);
}

/* --- starting --- */

int
session_run_local(struct ssh *s, const char *command)
{
	const char *shell = getenv("SHELL");
	char option[] = "-c";
	char *argv[] = { NULL, option, (char *)(uintptr_t)command, NULL };
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct process_job job;
	int status;
	pid_t pid;

	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	argv[0] = (char *)(uintptr_t)shell;
	log_debug3(&s->log, "Executing %s -c \"%s\"", shell, command);
	job = process_job(shell, argv);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	if (process_start(&job, &pid) != ERR_OK) {
		log_error(&s->log, "Couldn't execute %s -c \"%s\": %s", shell, command,
		    strerror(errno));
		return -1;
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return status;
}

/* LocalCommand: run here, after the connection stands (ssh_config(5)). */
static void
run_local_command(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	char *command;

	s->settings.tokens.tokens.value['T'] = tunnel_name(s);
	if (c->local_command == NULL || !c->permit_local_command ||
	    settings_expand(&s->settings, &s->log, SSH_KEYWORD_LocalCommand, c->local_command,
	    &command) != ERR_OK)
		return;
	(void)session_run_local(s, command);
	free(command);
}

/* The channel goes to a host and port, or a socket, and not to a shell. */
enum err
session_open_stdio(struct session *se, struct span host, uint32_t port)
{
	SCOPED(writer_free) struct writer body = writer_init(64 * 1024);
	struct ssh *s = se->s;

	se->is_stdio_forward = true;
	se->is_there = true;
	if (port == MUX_PORT_PATH) {
		open_direct_streamlocal_put(&body, &(struct open_direct_streamlocal){ .path = host });
		return conn_channel_open(s->conn, "direct-streamlocal@openssh.com",
		    writer_span(&body), &se->id);
	}
	open_tcpip_put(&body, &(struct open_tcpip){ .host = host, .port = port,
	    .origin_host = SPAN_LIT("127.0.0.1"), .origin_port = 65535 });
	return conn_channel_open(s->conn, "direct-tcpip", writer_span(&body), &se->id);
}

enum err
session_open(struct session *se)
{
	se->is_there = true;
	return conn_channel_open(se->s->conn, "session", SPAN_EMPTY, &se->id);
}

enum err
session_parse_stdio(const struct ssh *s, struct span *host, uint32_t *port)
{
	const char *text = s->options.stdio_forward;
	struct destination d;

	*host = span_str(text);
	*port = MUX_PORT_PATH;
	if (text[0] == '/')
		return ERR_OK;
	if (destination_parse_host_port(span_str(text), &d) != ERR_OK) {
		log_fatal(&s->log, "Bad stdio forwarding specification '%s'", text);
		return ERR_SYNTAX;
	}
	*host = d.host;
	*port = d.port;
	return ERR_OK;
}

static enum err
open_own(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	struct session *se = s->session;
	struct span host;
	uint32_t port;

	/* One that stays in the background has no session of its own (ControlPersist). */
	if (mux_will_persist(s) ||
	    (s->options.stdio_forward == NULL && c->session_type == SESSION_TYPE_NONE))
		return ERR_OK;
	se->is_there = true;
	if (s->options.stdio_forward != NULL) {
		se->is_stdio_forward = true;
		TRY(session_parse_stdio(s, &host, &port));
		TRY(take_descriptors(s));
		return session_open_stdio(se, host, port);
	}
	TRY(session_plan_make(s, &se->plan));
	route_set_class(s, se->plan.wants_pty);
	TRY(take_descriptors(s));
	se->tty_fd = STDIN_FILENO;
	se->has_escapes = c->escape_char != ESCAPE_NONE &&
	    (se->plan.wants_pty || s->options.has_escape);
	se->escape.character = (uint8_t)c->escape_char;
	return session_open(se);
}

void
session_start(struct ssh *s)
{
	enum err e = session_new(s, &s->session);

	if (e == ERR_OK)
		e = open_own(s);
	if (e == ERR_OK)
		e = take_signals(s);
	if (e != ERR_OK) {
		log_fatal(&s->log, "Could not start the session: %s", err_text(e));
		ssh_leave(s, 255);
		return;
	}
	run_local_command(s);
	log_debug(&s->log, "Entering interactive session.");
	session_background_if_due(s);
}
