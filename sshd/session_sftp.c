/* SPDX-License-Identifier: ISC */
/*
 * internal-sftp: the SFTP server in a child of the session's, as the user, in
 * his root directory; nothing is executed, so nothing needs to be there.
 *
 * peers: the client, by the program's descriptors; this process, which hands
 * the child's log lines on to the guard (they need no /dev/log then).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/line.h"
#include "os/process.h"
#include "os/sandbox.h"
#include "sftp/serve.h"
#include "sshd/session_i.h"

#define SFTP_NAME	"internal-sftp"

/* Lines that are handed on in one turn: others have theirs, too. */
#define LINES_A_TURN	32

/* Its last words are waited for so long: less than the guard waits for ours. */
#define LAST_WORDS_MSEC	350

/* A line on its way: a byte of level, a facility with its NUL, the text. */
#define LINE_SIZE	(LOG_LINE_MAX + 128)

bool
sftp_is_internal(const char *command)
{
	static const char *const names[] = { SFTP_NAME, "\"" SFTP_NAME "\"", "'" SFTP_NAME "'" };

	for (size_t i = 0; command != NULL && i < COUNT(names); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(command, names[i], len) == 0 &&
		    (command[len] == '\0' || command[len] == ' ' || command[len] == '\t'))
			return true;
	}
	return false;
}

/* --- in the child --- */

struct child {
	int log_fd;
	const char *facility;
};

static void
send_line(void *arg, enum log_level level, const char *line)
{
	const struct child *c = arg;
	SCOPED(writer_free) struct writer w = writer_init(LINE_SIZE);

	wr_u8(&w, (uint8_t)level);
	wr_raw(&w, span_of(c->facility, strlen(c->facility) + 1));
	wr_raw(&w, span_str(line + strlen(log_level_prefix(level))));
	if (wr_end(&w) != ERR_OK)
		return;
	while (send(c->log_fd, w.p, w.len, MSG_NOSIGNAL) == -1 && errno == EINTR)
		;
}

/* The words of the command as arguments. ERR_NOMEM, ERR_SYNTAX. */
static enum err
split(const char *command, int *argc, char ***argv)
{
	struct lexer lx = { 0 };
	struct line line;
	const char *why;
	enum err e = line_split(&lx, span_str(command), &line, &why);

	*argc = 0;
	*argv = e == ERR_OK ? calloc(line.n_words + 2, sizeof(**argv)) : NULL;
	if (e == ERR_OK && *argv == NULL)
		e = ERR_NOMEM;
	if (e == ERR_OK)
		(*argv)[(*argc)++] = span_dup_str(SPAN_LIT(SFTP_NAME));
	for (size_t i = 0; e == ERR_OK && i < line.n_words; i++)
		(*argv)[(*argc)++] = span_dup_str(line.words[i]);
	for (int i = 0; e == ERR_OK && i < *argc; i++) {
		if ((*argv)[i] == NULL)
			e = ERR_NOMEM;
	}
	lexer_free(&lx);
	return e;
}

/* All of the child; the exit status. */
static int
serve(const struct program *p, const char *command, int log_fd)
{
	const struct session *s = p->session;
	struct child c = { .log_fd = log_fd, .facility = "AUTH" };
	struct log log = { .level = LOG_LEVEL_ERROR, .fd = -1, .sink = send_line, .sink_arg = &c };
	struct sftp_who who = { .user = s->user, .home = s->home, .uid = s->uid, .client = s->client };
	struct sftp_options o;
	char **argv = NULL, why[256] = "";
	int argc;
	enum err e = split(command, &argc, &argv);

	if (e != ERR_OK) {
		log_error(&log, SFTP_NAME ": %s: %s", command, err_text(e));
		return 255;
	}
	switch (sftp_options_read(&o, argc, argv, why, sizeof(why))) {
	case SFTP_START:
		break;
	case SFTP_SHOW_REQUESTS:	/* for a terminal; nobody hears it here */
	case SFTP_USAGE:
	case SFTP_BAD:
		log_error(&log, "%s: %s", command, why[0] != '\0' ? why : "wrong usage");
		return 255;
	}
	log.level = o.level;
	if (o.facility != NULL)
		c.facility = o.facility;
	if (o.to_stderr)
		log = (struct log){ .level = o.level, .fd = STDERR_FILENO };
	return sftp_serve(&o, &who, &log, STDIN_FILENO, STDOUT_FILENO);
}

/* What the child needs, at the numbers where programs have it. */
static bool
place_fds(const struct program *p)
{
	for (int i = 0; i < 3; i++) {
		if (dup2(p->pty.slave != -1 ? p->pty.slave : p->fds[i], i) == -1)
			return false;
	}
	return true;
}

/* --- in the session --- */

/* Hands on up to n lines; false: there will be no more. */
static bool
forward_lines(struct program *p, int n)
{
	struct session *s = p->session;
	char line[LINE_SIZE];

	for (int i = 0; i < n; i++) {
		ssize_t len = recv(p->sftp_log, line, sizeof(line), MSG_DONTWAIT);
		size_t facility;

		if (len == -1 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (len <= 1)
			return false;
		facility = span_find(span_of(line + 1, (size_t)len - 1), 0);
		if (facility + 2 > (size_t)len)
			return false;
		(void)!ipc_send_from_session_log(&s->guard, &(struct msg_from_session_log){
		    .level = (uint8_t)line[0], .facility = span_of(line + 1, facility),
		    .text = span_of(line + 2 + facility, (size_t)len - 2 - facility) }, NULL);
	}
	return true;
}

static void
close_log(struct program *p)
{
	watch_free(p->sftp_watch);
	p->sftp_watch = NULL;
	if (p->sftp_log != -1)
		close(p->sftp_log);
	p->sftp_log = -1;
}

static void
lines_ready(void *arg, unsigned events)
{
	struct program *p = arg;
	struct session *s = p->session;

	(void)events;
	if (!forward_lines(p, LINES_A_TURN)) {
		close_log(p);
	} else if (ipc_wants_write(&s->guard)) {
		watch_set(p->sftp_watch, 0);	/* until the guard has taken those that wait */
	}
	session_sent(s, ERR_OK);
}

void
sftp_resume(struct session *s)
{
	for (struct program *p = s->programs; p != NULL; p = p->next) {
		if (p->sftp_watch != NULL && !ipc_wants_write(&s->guard))
			watch_set(p->sftp_watch, LOOP_READ);
	}
}

void
sftp_ended(struct program *p)
{
	while (p->sftp_log != -1) {
		struct pollfd pfd = { .fd = p->sftp_log, .events = POLLIN };

		if (poll(&pfd, 1, 0) != 1 || !forward_lines(p, 1))
			close_log(p);
	}
	watch_free(p->sftp_watch);
	p->sftp_watch = NULL;
}

void
sftp_last_words(struct session *s)
{
	msec until = loop_time(s->loop) + LAST_WORDS_MSEC;

	for (struct program *p = s->programs; p != NULL; p = p->next) {
		bool more = p->sftp_log != -1;

		for (msec now = loop_time(s->loop); more && now < until; now = loop_time(s->loop)) {
			struct pollfd pfd = { .fd = p->sftp_log, .events = POLLIN };

			more = poll(&pfd, 1, (int)(until - now)) == 1 && forward_lines(p, 1);
		}
	}
	(void)!ipc_flush(&s->guard);
}

void
sftp_start(struct program *p, const char *command)
{
	struct session *s = p->session;
	pid_t parent = getpid();
	int fd[2];

	p->pid = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == -1) {
		log_error(&s->log, "cannot start " SFTP_NAME ": %s", strerror(errno));
		return;
	}
	p->pid = fork();
	if (p->pid == 0) {
		if (!place_fds(p))
			_exit(255);
		process_close_others(&fd[1], 1);
		loop_signals_reset();
		(void)setsid();
		process_die_with_parent(parent);
		(void)!sandbox_no_new_privs();	/* it executes nothing: whoever takes it over shall gain nothing by that */
		title_set(&s->title, "%s@" SFTP_NAME, s->user);
		_exit(serve(p, command, fd[1]));
	}
	close(fd[1]);
	p->sftp_log = fd[0];
	if (p->pid == -1) {
		log_error(&s->log, "cannot start " SFTP_NAME ": %s", strerror(errno));
		p->pid = 0;
	}
	if (p->pid == 0 || loop_watch(s->loop, &p->sftp_watch, p->sftp_log, LOOP_READ, lines_ready, p) != ERR_OK)
		close_log(p);
}
