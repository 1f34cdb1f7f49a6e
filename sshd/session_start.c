/* SPDX-License-Identifier: ISC */
/* How a program is started: its descriptors, what stands before it, its exec. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "os/process.h"
#include "sshd/session_i.h"

/* /etc/motd that is shown. */
#define MOTD_MAX	(64 * 1024)

/* How long a text before the program may wait for the client to read. */
#define TEXT_MSEC	1000

/* --- descriptors --- */

/* A pipe whose end `ours` does not block. */
static enum err
make_pipe(int *program_end, int *our_end, bool program_reads)
{
	int fd[2];
	int flags;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	*program_end = fd[program_reads ? 0 : 1];
	*our_end = fd[program_reads ? 1 : 0];
	flags = fcntl(*our_end, F_GETFL);
	return flags == -1 || fcntl(*our_end, F_SETFL, flags | O_NONBLOCK) == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
program_connect(struct program *p)
{
	if (p->pty.master != -1) {
		int flags = fcntl(p->pty.master, F_GETFL);

		if (flags == -1 || fcntl(p->pty.master, F_SETFL, flags | O_NONBLOCK) == -1)
			return ERR_SYSTEM;
		return ERR_OK;
	}
	for (int i = 0; i < 3; i++)
		TRY(make_pipe(&p->fds[i], &p->ours[i], i == 0));
	return ERR_OK;
}

void
program_disconnect(struct program *p)
{
	for (int i = 0; i < 3; i++) {
		if (p->fds[i] != -1)
			close(p->fds[i]);
		if (p->ours[i] != -1)
			close(p->ours[i]);
		p->fds[i] = p->ours[i] = -1;
	}
}

/* With a terminal it is the master, which we keep too. */
void
program_attach(struct program *p)
{
	struct session *s = p->session;
	bool is_tty = p->pty.master != -1;
	char kind[sizeof(p->subsystem) + 32];
	struct msg_to_wire_attach m = { .channel = p->channel, .is_tty = is_tty };
	struct ipc_fds fds = { .fd = { p->ours[0], p->ours[1], p->ours[2] }, .n = 3 };

	if (is_tty)
		fds = (struct ipc_fds){ .fd = { p->pty.master }, .n = 1 };
	snprintf(kind, sizeof(kind), "session:%s%s", p->is_subsystem ? "subsystem:" :
	    p->command == NULL ? "shell" : "command", p->is_subsystem ? p->subsystem : "");
	m.kind = span_str(kind);
	p->is_attached = true;
	session_sent(s, ipc_send_to_wire_attach(&s->wire, &m, &fds));
	for (int i = 0; i < 3; i++) {
		if (p->ours[i] != -1)
			close(p->ours[i]);
		p->ours[i] = -1;
	}
}

/* Where the program's standard error is. */
static int
error_fd(const struct program *p)
{
	return p->pty.slave != -1 ? p->pty.slave : p->fds[2];
}

/*
 * Writes a text before the program begins. Whoever does not read it in time
 * does not get all of it: others of the user's programs wait meanwhile.
 */
static void
say(int fd, struct span text)
{
	int flags = fcntl(fd, F_GETFL);
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return;
	while (text.len > 0) {
		ssize_t n = write(fd, text.p, text.len);

		if (n > 0)
			text = span_skip(text, (size_t)n);
		else if (n == -1 && errno == EINTR)
			continue;
		else if (n == -1 && errno != EAGAIN)
			break;
		else if (poll(&pfd, 1, TEXT_MSEC) != 1)
			break;
	}
	(void)fcntl(fd, F_SETFL, flags);
}

PRINTF(2, 3) static void
say_fmt(int fd, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		say(fd, span_of(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}

/* Whether it is to be internal-sftp whatever the client asks for. */
static bool
is_sftp_forced(const struct program *p)
{
	return p->session->may.command != NULL && sftp_is_internal(p->session->may.command);
}

/* --- before a login shell --- */

/* Whether the user wants to log in without a word (~/.hushlogin). */
static bool
is_quiet(const struct session *s)
{
	return s->home_errno == 0 && access(".hushlogin", F_OK) == 0;
}

static void
greet(struct program *p)
{
	struct session *s = p->session;
	SCOPED(writer_free) struct writer motd = writer_init(MOTD_MAX);

	if (p->pty.slave == -1 || p->command != NULL || s->may.command != NULL || is_quiet(s))
		return;
	if (s->last_login[0] != '\0')
		say_fmt(p->pty.slave, "%s\n", s->last_login);
	if (s->config.print_motd && file_read("/etc/motd", &motd, NULL) == ERR_OK)
		say(p->pty.slave, writer_span(&motd));
}

/* --- exec --- */

/*
 * Standard input of what runs before the program: the X11 cookie for rc or
 * xauth, else nothing. The descriptor is the caller's; -1: there is none.
 */
static int
rc_input(const struct program *p, bool is_xauth)
{
	int fd = -1;

	if (p->x11.display == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if ((is_xauth ? x11_xauth_input(p, &fd) : x11_rc_input(p, &fd)) != ERR_OK)
		log_error(&p->session->log, "X11 forwarding: cannot hand on the cookie: %s", strerror(errno));
	return fd;
}

/* Starts path with the program's descriptors; those of what runs before it have another input. */
static enum err
spawn(struct program *p, const char *path, char *const *argv, int input, pid_t *pid)
{
	struct process_job job = process_job(path, argv);
	struct process_fd fds[3];
	char **env = NULL;
	enum err e;

	TRY(environment_make(p, &env));
	for (int i = 0; i < 3; i++)
		fds[i] = (struct process_fd){ p->pty.slave != -1 ? p->pty.slave : p->fds[i], i };
	if (input != -1)
		fds[0].from = input;
	job.envp = env;
	job.fds = fds;
	job.n_fds = 3;
	job.new_session = true;
	job.tty_fd = input != -1 ? -1 : p->pty.slave;
	e = process_start(&job, pid);
	environment_free(&env);
	return e;
}

/* The name a shell is called by: "sh", or "-sh" for a login. */
static const char *
shell_name(const char *shell, bool is_login, char *buf, size_t size)
{
	const char *slash = strrchr(shell, '/');

	snprintf(buf, size, "%s%s", is_login ? "-" : "", slash == NULL ? shell : slash + 1);
	return buf;
}

/* The slave and the pipes' far ends are the program's alone from now on. */
void
program_let_go(struct program *p)
{
	for (int i = 0; i < 3; i++) {
		if (p->fds[i] != -1)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
	if (p->pty.slave != -1)
		close(p->pty.slave);
	p->pty.slave = -1;
}

static void
exec_shell(struct program *p, char *const *argv)
{
	const char *shell = p->session->shell;
	enum err e = spawn(p, shell, argv, -1, &p->pid);

	if (e != ERR_OK) {
		say_fmt(error_fd(p), "%s: %s\n", shell, e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		p->pid = 0;
	}
}

void
program_exec(struct program *p)
{
	struct session *s = p->session;
	const char *command = s->may.command != NULL ? s->may.command : p->command;
	char name[256];
	char *argv[] = { name, (char[]){ "-c" }, (char *)(uintptr_t)command, NULL };

	if (command == NULL)
		argv[1] = NULL;
	shell_name(s->shell, command == NULL, name, sizeof(name));
	if (is_sftp_forced(p) && !p->is_subsystem)
		say(p->pty.slave != -1 ? p->pty.slave : p->fds[1],
		    SPAN_LIT("This service allows sftp connections only.\n"));
	else if (p->is_subsystem && sftp_is_internal(command))
		sftp_start(p, command);
	else
		exec_shell(p, argv);
	program_let_go(p);
	if (p->pid == 0)
		program_ended(p, 1 << 8);
	else
		program_record(p, true);
}

/* The file that runs before the user's programs; NULL: there is none. */
static const char *
find_rc(const struct program *p)
{
	const struct session *s = p->session;

	/* Who has internal-sftp and nothing else could have written the file. */
	if (!p->is_subsystem && s->config.force_command == NULL && !is_sftp_forced(p) &&
	    (s->may.permit & PERMIT_USER_RC) && s->home_errno == 0 && access(".ssh/rc", R_OK) == 0)
		return ".ssh/rc";
	return access(SSH_CONF_DIR "/sshrc", R_OK) == 0 ? SSH_CONF_DIR "/sshrc" : NULL;
}

/* Starts what runs before the program: rc, or else xauth; false: nothing does. */
static bool
start_rc(struct program *p)
{
	const char *xauth = p->session->config.xauth_location;
	const char *rc = find_rc(p);
	char *rc_argv[] = { (char[]){ "sh" }, (char *)(uintptr_t)rc, NULL };
	char *xauth_argv[] = { (char *)(uintptr_t)xauth, (char[]){ "-q" }, (char[]){ "-" }, NULL };
	bool is_xauth = rc == NULL;
	enum err e;
	int input;

	if (is_xauth && p->x11.display == NULL)
		return false;
	input = rc_input(p, is_xauth);
	if (input == -1)
		return false;
	e = spawn(p, is_xauth ? xauth : "/bin/sh", is_xauth ? xauth_argv : rc_argv, input, &p->rc);
	close(input);
	return e == ERR_OK;
}

void
program_start(struct program *p)
{
	struct session *s = p->session;

	program_attach(p);
	/* In a root directory of its own there often is no home, and need not be. */
	if (s->home_errno != 0 && s->config.chroot_directory == NULL)
		say_fmt(error_fd(p), "Could not chdir to home directory %s: %s\n", s->home,
		    strerror(s->home_errno));
	if (start_rc(p))
		return;
	greet(p);
	program_exec(p);
}

/* --- break --- */

enum err
program_break(const struct program *p)
{
	struct termios t;

	/* Pseudo-terminals of Linux know no break: what the other side's would bring about. */
	if (tcgetattr(p->pty.master, &t) == -1)
		return ERR_SYSTEM;
	if (t.c_iflag & IGNBRK)
		return ERR_OK;
	if (t.c_iflag & BRKINT)
		return ioctl(p->pty.master, TIOCSIG, SIGINT) == -1 ? ERR_SYSTEM : ERR_OK;
	return write(p->pty.master, "", 1) == 1 ? ERR_OK : ERR_SYSTEM;
}
