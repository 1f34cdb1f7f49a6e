/* SPDX-License-Identifier: ISC */
/*
 * os/tty.h - the user's terminal: raw mode that is always undone, and
 * questions.
 *
 * raw        every key goes to the other side as it is pressed; nothing is
 *            echoed, and no key makes a signal
 * question   a line asked for on /dev/tty, or of the program that SSH_ASKPASS
 *            names where there is no terminal
 */
#ifndef OS_TTY_H
#define OS_TTY_H

#include <termios.h>

#include "base/err.h"
#include "base/secret.h"

/* A terminal and the modes it had. Begin with a zeroed one. */
struct tty {
	int fd;
	bool is_raw;
	struct termios saved;
};

/*
 * Makes fd raw. Should this process crash before tty_restore(), the modes are
 * put back too (by handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and
 * SIGSYS). *t must stay where it is meanwhile, and only one terminal can be
 * raw. ERR_SYSTEM if fd is no terminal. Nothing happens if it is raw already.
 */
enum err tty_raw(struct tty *t, int fd);

/*
 * Makes it raw once more if it should be: whoever ran while this process was
 * stopped may have changed it. Not in the background, where that would stop us.
 */
void tty_refresh(const struct tty *t);

/* Puts the modes back, once what was written has been printed. Nothing happens if it is not raw. */
void tty_restore(struct tty *t);

/* Whether this process is in the foreground of the terminal fd. */
bool tty_is_ours(int fd);

/* How a question is asked. */
enum tty_ask {
	TTY_ASK_SECRET,		/* without echo: passwords, passphrases */
	TTY_ASK_LINE,		/* with echo */
	TTY_ASK_CONFIRM,	/* with echo; askpass is told that it is about yes or no */
};

/*
 * Asks and waits for one line, at most LIMIT_PASSWORD bytes of which are
 * taken. Where it is asked follows from SSH_ASKPASS, SSH_ASKPASS_REQUIRE and
 * DISPLAY or WAYLAND_DISPLAY, as ssh(1) has it. A signal that comes meanwhile
 * does what it always does, after the terminal has been put in order; after a
 * stop the question is asked again. ERR_NOTFOUND if there is nobody to ask,
 * ERR_CLOSED if there was no line (end of file, askpass failed), ERR_NOMEM,
 * ERR_SYSTEM. text is printed as it is.
 */
enum err tty_ask(enum tty_ask how, const char *text, struct secret *answer);

/*
 * The same, on fd (a terminal, to read from and write to) only.
 */
enum err tty_ask_on(int fd, enum tty_ask how, const char *text, struct secret *answer);

/* Whether the environment lets the program that SSH_ASKPASS names be asked at all. */
bool tty_askpass_is_allowed(void);

#endif
