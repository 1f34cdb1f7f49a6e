/* SPDX-License-Identifier: ISC */
#include "os/tty.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };

/*
 * The terminal that is raw now, for on_crash() alone: a signal handler has no
 * argument, so this is the one thing here that cannot be handed down.
 */
static struct tty *volatile raw_tty;

static void
on_crash(int signo)
{
	const struct tty *t = raw_tty;

	/* tcsetattr(3) is async-signal-safe. The signal strikes again by SA_RESETHAND. */
	if (t != NULL)
		(void)tcsetattr(t->fd, TCSANOW, &t->saved);
	(void)raise(signo);
}

static void
catch_crashes(void)
{
	struct sigaction sa = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND };
	struct sigaction old;

	for (size_t i = 0; i < COUNT(crash_signals); i++) {
		/* Leave handlers of others (a sanitizer's, a core dumper's) alone. */
		if (sigaction(crash_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			(void)sigaction(crash_signals[i], &sa, NULL);
	}
}

static void
make_raw(struct termios *t)
{
	t->c_iflag |= IGNPAR;
	t->c_iflag &= ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC);
	t->c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

enum err
tty_raw(struct tty *t, int fd)
{
	struct termios modes;

	if (t->is_raw)
		return ERR_OK;
	if (tcgetattr(fd, &t->saved) == -1)
		return ERR_SYSTEM;
	t->fd = fd;
	modes = t->saved;
	make_raw(&modes);
	raw_tty = t;
	catch_crashes();
	if (tcsetattr(fd, TCSADRAIN, &modes) == -1) {
		raw_tty = NULL;
		return ERR_SYSTEM;
	}
	t->is_raw = true;
	return ERR_OK;
}

void
tty_refresh(const struct tty *t)
{
	struct termios modes = t->saved;

	if (!t->is_raw || !tty_is_ours(t->fd))
		return;
	make_raw(&modes);
	(void)tcsetattr(t->fd, TCSADRAIN, &modes);
}

void
tty_restore(struct tty *t)
{
	int r;

	if (!t->is_raw)
		return;
	do
		r = tcsetattr(t->fd, TCSADRAIN, &t->saved);
	while (r == -1 && errno == EINTR);
	raw_tty = NULL;
	t->is_raw = false;
}

bool
tty_is_ours(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group != -1 && group == getpgrp();
}
