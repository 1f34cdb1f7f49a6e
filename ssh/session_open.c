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
#include "channels/request.h"
#include "os/process.h"
#include "os/pty.h"
#include "ssh/destination.h"
#include "ssh/forward.h"
#include "ssh/session.h"

/* --- the user's descriptors --- */

/* Copies of standard input, output and error, which stay whoever else's they are. */
static enum err
take_descriptors(struct ssh *s)
{
	struct session *se = s->session;

	for (int i = 0; i < 3; i++)
		se->fd[i] = -1;
	if (s->settings.config.stdin_null && !se->is_stdio_forward) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (null == -1 || dup2(null, STDIN_FILENO) == -1)
			return ERR_SYSTEM;
		close(null);
	}
	for (int i = 0; i < 3; i++) {
		se->fd[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		/* Whoever started us has closed it: as if it were /dev/null. */
		if (se->fd[i] == -1)
			se->fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (se->fd[i] == -1)
			return ERR_SYSTEM;
	}
	return ERR_OK;
}

/* Whether a terminal is wanted at the other end. */
static bool
wants_pty(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	bool wanted = s->settings.command == NULL;

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
	SCOPED(writer_free) struct writer body = writer_init(64);
	struct ssh *s = arg;
	struct pty_size size;

	(void)signo;
	if (!s->session->has_pty || pty_get_size(STDIN_FILENO, &size) != ERR_OK)
		return;
	request_window_change_put(&body, &(struct term_size){ size.columns, size.rows,
	    size.width, size.height });
	conn_channel_request(s->conn, s->session->id, "window-change", false, writer_span(&body));
	pump_kick(s->pump);
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
session_daemonize(struct ssh *s)
{
	bool keep_stderr = s->log.level >= LOG_LEVEL_DEBUG1;
	pid_t pid = fork();
	int null;

	if (pid == -1) {
		log_fatal(&s->log, "fork: %s", strerror(errno));
		ssh_leave(s, 255);
		return;
	}
	/* The child has it all; nothing may be flushed or freed twice. */
	if (pid > 0)
		_exit(0);
	(void)setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null != -1 && fd < (keep_stderr ? 2 : 3); fd++)
		(void)dup2(null, fd);
	if (null > 2)
		close(null);
	if (loop_forked(s->loop) != ERR_OK)
		_exit(255);
}

void
session_background_if_due(struct ssh *s)
{
	struct ssh_config *c = &s->settings.config;

	if (!c->fork_after_authentication ||
	    (c->exit_on_forward_failure && forwards_are_pending(s)))
		return;
	c->fork_after_authentication = false;
	session_daemonize(s);
}

/* --- starting --- */

/* LocalCommand: run here, after the connection stands (ssh_config(5)). */
static void
run_local_command(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	const char *shell = getenv("SHELL");
	char option[] = "-c";
	char *argv[] = { NULL, option, NULL, NULL };
	struct process_fd fds[] = { { 0, 0 }, { 1, 1 }, { 2, 2 } };
	struct process_job job;
	pid_t pid;

	if (c->local_command == NULL || !c->permit_local_command ||
	    settings_expand(&s->settings, &s->log, SSH_KEYWORD_LocalCommand, c->local_command,
	    &argv[2]) != ERR_OK)
		return;
	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	argv[0] = (char *)(uintptr_t)shell;
	log_debug3(&s->log, "Executing %s -c \"%s\"", shell, argv[2]);
	job = process_job(shell, argv);
	job.fds = fds;
	job.n_fds = COUNT(fds);
	if (process_start(&job, &pid) != ERR_OK)
		log_error(&s->log, "Couldn't execute %s -c \"%s\": %s", shell, argv[2],
		    strerror(errno));
	else
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
	free(argv[2]);
}

/* -W: the channel goes to a host and port, or a socket, and not to a shell. */
static enum err
open_stdio_forward(struct ssh *s)
{
	SCOPED(writer_free) struct writer body = writer_init(64 * 1024);
	const char *text = s->options.stdio_forward;
	struct destination d;

	if (text[0] == '/') {
		open_direct_streamlocal_put(&body,
		    &(struct open_direct_streamlocal){ .path = span_str(text) });
		return conn_channel_open(s->conn, "direct-streamlocal@openssh.com",
		    writer_span(&body), &s->session->id);
	}
	if (destination_parse_host_port(span_str(text), &d) != ERR_OK) {
		log_fatal(&s->log, "Bad stdio forwarding specification '%s'", text);
		return ERR_SYNTAX;
	}
	open_tcpip_put(&body, &(struct open_tcpip){ .host = d.host, .port = d.port,
	    .origin_host = SPAN_LIT("127.0.0.1"), .origin_port = 65535 });
	return conn_channel_open(s->conn, "direct-tcpip", writer_span(&body), &s->session->id);
}

static enum err
open_channel(struct ssh *s)
{
	struct session *se = s->session;

	se->is_stdio_forward = s->options.stdio_forward != NULL;
	se->is_there = se->is_stdio_forward ||
	    s->settings.config.session_type != SESSION_TYPE_NONE;
	if (!se->is_there)
		return ERR_OK;
	se->wants_pty = !se->is_stdio_forward && wants_pty(s);
	route_set_class(s, se->wants_pty);
	TRY(take_descriptors(s));
	if (se->is_stdio_forward)
		return open_stdio_forward(s);
	return conn_channel_open(s->conn, "session", SPAN_EMPTY, &se->id);
}

void
session_start(struct ssh *s)
{
	enum err e = ERR_NOMEM;

	s->session = calloc(1, sizeof(*s->session));
	if (s->session != NULL) {
		s->session->status = -1;
		e = open_channel(s);
	}
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
