/* SPDX-License-Identifier: ISC */
#include "os/pty_modes.h"

#include <unistd.h>

#include "base/cc.h"

enum field { IFLAG, OFLAG, CFLAG, LFLAG };

struct mode_char {
	enum pty_mode op;
	int index;			/* in c_cc */
};

struct mode_flag {
	enum pty_mode op;
	enum field field;
	tcflag_t bits;
	tcflag_t mask;
};

static const struct mode_char chars[] = {
	{ PTY_MODE_VINTR, VINTR }, { PTY_MODE_VQUIT, VQUIT }, { PTY_MODE_VERASE, VERASE },
	{ PTY_MODE_VKILL, VKILL }, { PTY_MODE_VEOF, VEOF }, { PTY_MODE_VEOL, VEOL },
	{ PTY_MODE_VEOL2, VEOL2 }, { PTY_MODE_VSTART, VSTART }, { PTY_MODE_VSTOP, VSTOP },
	{ PTY_MODE_VSUSP, VSUSP }, { PTY_MODE_VREPRINT, VREPRINT },
	{ PTY_MODE_VWERASE, VWERASE }, { PTY_MODE_VLNEXT, VLNEXT },
	{ PTY_MODE_VDISCARD, VDISCARD },
#ifdef VSWTC
	{ PTY_MODE_VSWTCH, VSWTC },
#endif
};

#define FLAG(field, name)	{ PTY_MODE_##name, field, name, name }

static const struct mode_flag flags[] = {
	FLAG(IFLAG, IGNPAR), FLAG(IFLAG, PARMRK), FLAG(IFLAG, INPCK), FLAG(IFLAG, ISTRIP),
	FLAG(IFLAG, INLCR), FLAG(IFLAG, IGNCR), FLAG(IFLAG, ICRNL), FLAG(IFLAG, IUCLC),
	FLAG(IFLAG, IXON), FLAG(IFLAG, IXANY), FLAG(IFLAG, IXOFF), FLAG(IFLAG, IMAXBEL),
	FLAG(IFLAG, IUTF8),
	FLAG(LFLAG, ISIG), FLAG(LFLAG, ICANON), FLAG(LFLAG, XCASE), FLAG(LFLAG, ECHO),
	FLAG(LFLAG, ECHOE), FLAG(LFLAG, ECHOK), FLAG(LFLAG, ECHONL), FLAG(LFLAG, NOFLSH),
	FLAG(LFLAG, TOSTOP), FLAG(LFLAG, IEXTEN), FLAG(LFLAG, ECHOCTL), FLAG(LFLAG, ECHOKE),
	FLAG(LFLAG, PENDIN),
	FLAG(OFLAG, OPOST), FLAG(OFLAG, OLCUC), FLAG(OFLAG, ONLCR), FLAG(OFLAG, OCRNL),
	FLAG(OFLAG, ONOCR), FLAG(OFLAG, ONLRET),
	/* CS7 and CS8 are values of one field, CS8 the one with all its bits. */
	{ PTY_MODE_CS7, CFLAG, CS7, CSIZE }, { PTY_MODE_CS8, CFLAG, CS8, CSIZE },
	FLAG(CFLAG, PARENB), FLAG(CFLAG, PARODD),
};

struct speed {
	speed_t code;
	uint32_t baud;
};

static const struct speed speeds[] = {
	{ B0, 0 }, { B50, 50 }, { B75, 75 }, { B110, 110 }, { B134, 134 }, { B150, 150 },
	{ B200, 200 }, { B300, 300 }, { B600, 600 }, { B1200, 1200 }, { B1800, 1800 },
	{ B2400, 2400 }, { B4800, 4800 }, { B9600, 9600 }, { B19200, 19200 },
	{ B38400, 38400 }, { B57600, 57600 }, { B115200, 115200 }, { B230400, 230400 },
	{ B460800, 460800 }, { B921600, 921600 }, { B1000000, 1000000 },
	{ B2000000, 2000000 }, { B4000000, 4000000 },
};

/* The RFC does not say what a disabled character is; everybody sends 255. */
#define NO_CHAR		255u

static tcflag_t *
field_of(struct termios *t, enum field f)
{
	switch (f) {
	case IFLAG:
		return &t->c_iflag;
	case OFLAG:
		return &t->c_oflag;
	case CFLAG:
		return &t->c_cflag;
	default:
		return &t->c_lflag;
	}
}

static uint32_t
speed_to_baud(speed_t code)
{
	for (size_t i = 0; i < COUNT(speeds); i++)
		if (speeds[i].code == code)
			return speeds[i].baud;
	return 9600;
}

/* Whether this system has the speed; its code is in *code then. */
static bool
speed_from_baud(uint32_t baud, speed_t *code)
{
	for (size_t i = 0; i < COUNT(speeds); i++) {
		if (speeds[i].baud != baud)
			continue;
		*code = speeds[i].code;
		return true;
	}
	return false;
}

void
pty_modes_from_termios(struct pty_modes *m, const struct termios *t)
{
	struct termios copy = *t;

	*m = (struct pty_modes){ .has = { false } };
	for (size_t i = 0; i < COUNT(chars); i++) {
		cc_t c = t->c_cc[chars[i].index];

		pty_modes_set(m, chars[i].op, c == _POSIX_VDISABLE ? NO_CHAR : c);
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		tcflag_t value = *field_of(&copy, flags[i].field);

		pty_modes_set(m, flags[i].op, (value & flags[i].mask) == flags[i].bits);
	}
	pty_modes_set(m, PTY_MODE_OP_ISPEED, speed_to_baud(cfgetispeed(t)));
	pty_modes_set(m, PTY_MODE_OP_OSPEED, speed_to_baud(cfgetospeed(t)));
}

static void
flags_to_termios(const struct pty_modes *m, struct termios *t)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		tcflag_t *value = field_of(t, flags[i].field);
		bool on;

		if (!m->has[flags[i].op])
			continue;
		on = m->arg[flags[i].op] != 0;
		if (on)
			*value = (*value & ~flags[i].mask) | flags[i].bits;
		else if (flags[i].field != CFLAG || flags[i].mask != CSIZE)
			*value &= ~flags[i].mask;
	}
}

void
pty_modes_to_termios(const struct pty_modes *m, struct termios *t)
{
	speed_t code;

	for (size_t i = 0; i < COUNT(chars); i++) {
		uint32_t c = m->arg[chars[i].op];

		if (m->has[chars[i].op])
			t->c_cc[chars[i].index] = c == NO_CHAR ? _POSIX_VDISABLE : (cc_t)c;
	}
	flags_to_termios(m, t);
	if (m->has[PTY_MODE_OP_ISPEED] && speed_from_baud(m->arg[PTY_MODE_OP_ISPEED], &code))
		(void)cfsetispeed(t, code);
	if (m->has[PTY_MODE_OP_OSPEED] && speed_from_baud(m->arg[PTY_MODE_OP_OSPEED], &code))
		(void)cfsetospeed(t, code);
}
