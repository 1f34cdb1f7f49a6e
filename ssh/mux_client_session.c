/* SPDX-License-Identifier: ISC */
/* A session in a master's connection: opened, and waited for. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/log.h"
#include "ssh/mux_i.h"

/* What goes on while a session runs elsewhere. */
struct waiting {
	struct ssh *s;
	struct mux_wire *w;
	struct loop *loop;
	struct watch *watch;
	struct tty tty;
	pid_t master;
	bool has_tty;
	bool is_stdio_forward;
	bool has_status;
	int status;
	int died_of;
};

/* --- opening --- */

/* Sends standard input, output and, if there are three, error. */
static enum err
send_fds(struct ssh *s, struct mux_wire *w, int n)
{
	for (int i = 0; i < n; i++) {
		bool is_null = i == 0 && s->settings.config.stdin_null &&
		    s->options.stdio_forward == NULL;
		int fd = is_null ? open("/dev/null", O_RDONLY | O_CLOEXEC) : i;
		enum err e = fd == -1 ? ERR_SYSTEM : mux_wire_send_fd(w, fd);

		if (is_null && fd != -1)
			close(fd);
		TRY(e);
	}
	return ERR_OK;
}

/* Waits for SESSION_OPENED. ERR_DENIED: the master said no; it was told. */
static enum err
await_opened(struct ssh *s, struct mux_wire *w, const char *what)
{
	struct mux_refusal m = { .request = 0 };
	enum mux_type type;
	struct span body;
	char buf[512];

	TRY(mux_wire_next(w, &type, &body));
	if (type == MUX_SESSION_OPENED)
		return ERR_OK;
	if (type != MUX_PERMISSION_DENIED && type != MUX_FAILURE)
		return ERR_SEQUENCE;
	TRY(mux_refusal_get(body, &m));
	log_error(&s->log, "%s %s: %s", what, type == MUX_FAILURE ? "request failed" :
	    "refused by master", ssh_visible(buf, sizeof(buf), m.reason));
	return ERR_DENIED;
}

static enum err
request_session(struct ssh *s, struct mux_wire *w, bool *has_tty)
{
	SCOPED(writer_free) struct writer out = writer_init(LIMIT_PACKET);
	SCOPED(session_plan_free) struct session_plan plan = { .term = NULL };
	const struct ssh_config *c = &s->settings.config;
	size_t mark = wr_open(&out);

	TRY(session_plan_make(s, &plan));
	*has_tty = plan.wants_pty;
	mux_new_session_put(&out, &(struct mux_new_session){
		.want_tty = plan.wants_pty, .want_x11 = plan.wants_x11,
		.want_agent = c->forward_agent.on, .is_subsystem = plan.is_subsystem,
		.escape = c->escape_char == ESCAPE_NONE ||
		    !(plan.wants_pty || s->options.has_escape) ? MUX_NO_ESCAPE :
		    (uint32_t)c->escape_char,
		.term = span_str(plan.term), .command = span_str(plan.command),
		.env = writer_span(&plan.env) });
	wr_close(&out, mark);
	TRY(wr_end(&out));
	TRY(mux_wire_send(w, writer_span(&out)));
	TRY(send_fds(s, w, 3));
	return await_opened(s, w, "session");
}

static enum err
request_stdio(struct ssh *s, struct mux_wire *w)
{
	SCOPED(writer_free) struct writer out = writer_init(LIMIT_PACKET);
	struct mux_stdio_forward m = { .request = 0 };
	size_t mark = wr_open(&out);

	TRY(session_parse_stdio(s, &m.host, &m.port));
	mux_stdio_forward_put(&out, &m);
	wr_close(&out, mark);
	TRY(wr_end(&out));
	TRY(mux_wire_send(w, writer_span(&out)));
	TRY(send_fds(s, w, 2));
	return await_opened(s, w, "stdio forwarding");
}

/* --- waiting --- */

static void
take_packet(struct waiting *x, enum mux_type type, struct span body)
{
	struct mux_pair m;

	if (type == MUX_TTY_ALLOC_FAIL) {
		tty_restore(&x->tty);
		x->has_tty = false;
	} else if (type == MUX_EXIT_MESSAGE && mux_pair_get(body, &m) == ERR_OK) {
		x->has_status = true;
		x->status = (int)(m.second & 0xff);
	}
}

static void
on_master(void *arg, unsigned events)
{
	struct waiting *x = arg;
	enum mux_type type;
	struct span body;
	enum err e;

	(void)events;
	while ((e = mux_wire_poll(x->w, &type, &body)) == ERR_OK)
		take_packet(x, type, body);
	if (e != ERR_AGAIN)
		loop_stop(x->loop);
}

static void
on_size(void *arg, int signo)
{
	const struct waiting *x = arg;

	(void)signo;
	if (x->has_tty && x->master > 1)
		(void)kill(x->master, SIGWINCH);
}

static void
on_continue(void *arg, int signo)
{
	struct waiting *x = arg;

	tty_refresh(&x->tty);
	on_size(arg, signo);
}

static void
on_quit(void *arg, int signo)
{
	struct waiting *x = arg;

	x->died_of = signo;
	loop_stop(x->loop);
}

static enum err
set_up(struct waiting *x)
{
	static const int quits[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	TRY(loop_new(&x->loop));
	TRY(loop_watch(x->loop, &x->watch, x->w->fd, LOOP_READ, on_master, x));
	for (size_t i = 0; i < COUNT(quits); i++) {
		struct sigaction old;

		if (sigaction(quits[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		TRY(loop_signal(x->loop, quits[i], on_quit, x));
	}
	TRY(loop_signal(x->loop, SIGCONT, on_continue, x));
	return loop_signal(x->loop, SIGWINCH, on_size, x);
}

/* -f: from here on in the background. */
static void
go_to_background(struct ssh *s)
{
	pid_t pid;

	if (!s->settings.config.fork_after_authentication)
		return;
	pid = fork();
	if (pid == -1)
		log_error(&s->log, "fork: %s", strerror(errno));
	else if (pid > 0)
		_exit(0);
	else
		session_leave_terminal(s);
}

/* Ends well if the master says how the session ended, or there was only a stream to carry. */
static int
exit_code(struct waiting *x)
{
	struct ssh *s = x->s;

	if (x->died_of != 0)
		log_verbose(&s->log, "Killed by signal %d.", x->died_of);
	else if (!x->has_status && !x->is_stdio_forward)
		log_error(&s->log, "Control master terminated unexpectedly");
	if (x->has_tty)
		log_info(&s->log, "Shared connection to %s closed.", s->settings.host);
	if (x->died_of != 0)
		return 255;
	return x->is_stdio_forward ? 0 : x->has_status ? x->status : 255;
}

static enum err
wait_for_end(struct waiting *x)
{
	enum err e = set_up(x);

	if (e == ERR_OK && x->has_tty && isatty(STDIN_FILENO) &&
	    tty_raw(&x->tty, STDIN_FILENO) != ERR_OK)
		log_debug(&x->s->log, "tcsetattr: %s", strerror(errno));
	if (e == ERR_OK)
		e = loop_run(x->loop);
	tty_restore(&x->tty);
	watch_free(x->watch);
	if (x->loop != NULL)
		loop_free(x->loop);
	loop_signals_reset();
	return e;
}

enum err
mux_client_session(struct ssh *s, struct mux_wire *w, int *code)
{
	struct waiting x = { .s = s, .w = w, .is_stdio_forward = s->options.stdio_forward != NULL };
	bool has_session = x.is_stdio_forward ||
	    s->settings.config.session_type != SESSION_TYPE_NONE;
	uint32_t pid = 0;
	enum err e = mux_client_alive(w, &pid);

	x.master = (pid_t)pid;
	if (e == ERR_OK && !s->mux_has_forwards) {
		e = mux_client_forwards(s, w, false);
		if (e != ERR_OK)
			log_error(&s->log, "master forward request failed");
	}
	if (e == ERR_OK && has_session)
		e = x.is_stdio_forward ? request_stdio(s, w) : request_session(s, w, &x.has_tty);
	if (e == ERR_CLOSED || e == ERR_SYSTEM)
		log_error(&s->log, "Control master terminated unexpectedly");
	if (e != ERR_OK)
		return e;
	go_to_background(s);
	e = wait_for_end(&x);
	/* What stands for this run only goes with it. */
	if (!has_session && x.died_of != 0)
		(void)!mux_client_forwards(s, w, true);
	*code = e == ERR_OK ? exit_code(&x) : 255;
	return ERR_OK;
}
