/* SPDX-License-Identifier: ISC */
#include "os/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/process.h"

extern char **environ;

/* Asked of where SSH_ASKPASS does not say. */
#define ASKPASS_DEFAULT	LIBEXEC_DIR "/ssh-askpass"

/* --- on a terminal --- */

/* Signals that must not leave the terminal without echo. */
static const int held_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT };

struct question {
	int fd;
	enum tty_ask how;
	struct span text;
	int sigfd;
	sigset_t held, before;
	struct termios modes;		/* as found */
};

/* What became of one attempt. */
enum attempt { GOT_LINE, GOT_END, GOT_SIGNAL, FAILED };

static void
set_modes(int fd, int when, const struct termios *t)
{
	while (tcsetattr(fd, when, t) == -1 && errno == EINTR)
		;
}

static void
show(const struct question *q)
{
	struct termios quiet = q->modes;

	if (q->how == TTY_ASK_SECRET) {
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		/* What was typed ahead was not meant as a secret. */
		set_modes(q->fd, TCSAFLUSH, &quiet);
	}
	(void)!file_write_all(q->fd, q->text);
}

/* Reads up to the newline; what does not fit is dropped. */
static enum attempt
read_line(const struct question *q, char *buf, size_t size, size_t *len, int *signo)
{
	struct pollfd p[2] = { { .fd = q->fd, .events = POLLIN }, { .fd = q->sigfd, .events = POLLIN } };
	struct signalfd_siginfo info;

	for (;;) {
		ssize_t n;
		char c;

		if (poll(p, 2, -1) == -1 && errno != EINTR)
			return FAILED;
		if (read(q->sigfd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			*signo = (int)info.ssi_signo;
			return GOT_SIGNAL;
		}
		if (p[0].revents == 0)
			continue;
		n = read(q->fd, &c, 1);
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return *len > 0 ? GOT_LINE : n == 0 ? GOT_END : FAILED;
		if (c == '\n' || c == '\r')
			return GOT_LINE;
		if (*len < size)
			buf[(*len)++] = c;
	}
}

/*
 * Lets a signal do what it does. False if this process has it blocked anyway
 * (its loop takes it later): then there is no point in asking again.
 */
static bool
let_strike(const struct question *q, int signo)
{
	if (signo == SIGCONT)
		return true;
	if (sigismember(&q->before, signo) == 1) {
		(void)raise(signo);
		return false;
	}
	(void)raise(signo);
	(void)sigprocmask(SIG_SETMASK, &q->before, NULL);
	(void)sigprocmask(SIG_BLOCK, &q->held, NULL);
	return true;
}

static enum err
ask_until(const struct question *q, struct secret *answer)
{
	char buf[LIMIT_PASSWORD];
	enum attempt got;
	enum err e = ERR_CLOSED;
	int signo = 0;

	for (;;) {
		size_t len = 0;

		show(q);
		got = read_line(q, buf, sizeof(buf), &len, &signo);
		if (q->how == TTY_ASK_SECRET) {
			if (got != GOT_SIGNAL || signo != SIGCONT)
				(void)!file_write_all(q->fd, SPAN_LIT("\n"));
			set_modes(q->fd, TCSAFLUSH, &q->modes);
		}
		if (got == GOT_LINE)
			e = secret_copy(answer, span_of(buf, len));
		wipe(buf, sizeof(buf));
		if (got != GOT_SIGNAL || !let_strike(q, signo))
			return e;
	}
}

enum err
tty_ask_on(int fd, enum tty_ask how, const char *text, struct secret *answer)
{
	struct question q = { .fd = fd, .how = how, .text = span_str(text) };
	enum err e;

	secret_free(answer);
	if (tcgetattr(fd, &q.modes) == -1)
		return ERR_SYSTEM;
	sigemptyset(&q.held);
	for (size_t i = 0; i < COUNT(held_signals); i++)
		sigaddset(&q.held, held_signals[i]);
	q.sigfd = signalfd(-1, &q.held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (q.sigfd == -1)
		return ERR_SYSTEM;
	(void)sigprocmask(SIG_BLOCK, &q.held, &q.before);
	e = ask_until(&q, answer);
	close(q.sigfd);
	(void)sigprocmask(SIG_SETMASK, &q.before, NULL);
	return e;
}

/* --- of a program --- */

/* Finds a program as a shell would; true if path (PATH_MAX) leads to one. */
static bool
find_program(const char *name, char *path)
{
	const char *dirs = getenv("PATH");
	struct span list = span_str(dirs == NULL ? "/usr/bin:/bin" : dirs);
	struct span dir;

	if (strchr(name, '/') != NULL)
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX && access(path, X_OK) == 0;
	while (span_token(&list, ':', &dir)) {
		int n = snprintf(path, PATH_MAX, "%.*s/%s", (int)dir.len,
		    dir.len == 0 ? "" : (const char *)dir.p, name);

		if (dir.len > 0 && n < PATH_MAX && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The environment of askpass: ours, with what it may want to know. NULL: no memory. */
static char **
askpass_environment(enum tty_ask how)
{
	static char confirm[] = "SSH_ASKPASS_PROMPT=confirm";
	size_t n = 0, out = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 2, sizeof(*env));
	if (env == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "SSH_ASKPASS_PROMPT=", 19) != 0)
			env[out++] = environ[i];
	if (how == TTY_ASK_CONFIRM)
		env[out] = confirm;
	return env;
}

static enum err
read_answer(int fd, struct secret *answer)
{
	char buf[LIMIT_PASSWORD];
	size_t len = 0;
	enum err e;

	while (len < sizeof(buf)) {
		ssize_t n = read(fd, buf + len, sizeof(buf) - len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (memchr(buf, '\n', len) != NULL)
			break;
	}
	len = span_find(span_of(buf, len), '\n');
	len = span_find(span_of(buf, len), '\r');
	e = secret_copy(answer, span_of(buf, len));
	wipe(buf, sizeof(buf));
	return e;
}

static enum err
run_askpass(const char *path, enum tty_ask how, const char *text, struct secret *answer)
{
	char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)text, NULL };
	struct process_job job = process_job(path, argv);
	struct process_fd fds[3] = { { 0, 0 }, { -1, 1 }, { 2, 2 } };
	char **env = askpass_environment(how);
	int out[2], null, status = -1;
	enum err e = ERR_SYSTEM;
	pid_t pid;

	if (env == NULL)
		return ERR_NOMEM;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null != -1 && pipe2(out, O_CLOEXEC) == 0) {
		fds[0].from = null;
		fds[1].from = out[1];
		job.fds = fds;
		job.n_fds = COUNT(fds);
		job.envp = env;
		e = process_start(&job, &pid);
		close(out[1]);
		if (e == ERR_OK) {
			e = read_answer(out[0], answer);
			while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
				;
			if (status != 0) {
				secret_free(answer);
				e = ERR_CLOSED;
			}
		}
		close(out[0]);
	}
	if (null != -1)
		close(null);
	free(env);
	return e;
}

static enum err
ask_program(enum tty_ask how, const char *text, struct secret *answer)
{
	const char *name = getenv("SSH_ASKPASS");
	char path[PATH_MAX];

	secret_free(answer);
	if (!find_program(name == NULL || name[0] == '\0' ? ASKPASS_DEFAULT : name, path))
		return ERR_NOTFOUND;
	return run_askpass(path, how, text, answer);
}

/* --- which of them --- */

enum askpass { ASKPASS_NEVER, ASKPASS_FALLBACK, ASKPASS_PREFER };

static enum askpass
askpass_wanted(void)
{
	const char *require = getenv("SSH_ASKPASS_REQUIRE");
	const char *x = getenv("DISPLAY");
	const char *wayland = getenv("WAYLAND_DISPLAY");
	bool has_display = (x != NULL && x[0] != '\0') || (wayland != NULL && wayland[0] != '\0');

	if (require != NULL && strcasecmp(require, "force") == 0)
		return ASKPASS_PREFER;
	if (!has_display || (require != NULL && strcasecmp(require, "never") == 0))
		return ASKPASS_NEVER;
	if (require != NULL && strcasecmp(require, "prefer") == 0)
		return ASKPASS_PREFER;
	return ASKPASS_FALLBACK;
}

bool
tty_askpass_is_allowed(void)
{
	return askpass_wanted() != ASKPASS_NEVER;
}

enum err
tty_ask(enum tty_ask how, const char *text, struct secret *answer)
{
	enum askpass askpass = askpass_wanted();
	enum err e;
	int fd;

	if (askpass == ASKPASS_PREFER)
		return ask_program(how, text, answer);
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return askpass == ASKPASS_NEVER ? ERR_NOTFOUND : ask_program(how, text, answer);
	e = tty_ask_on(fd, how, text, answer);
	close(fd);
	return e;
}
