/* SPDX-License-Identifier: ISC */
/*
 * channels/pty_modes.h - encoded terminal modes (RFC 4254 8).
 *
 * A mode is an opcode and a number; a set of them says which opcodes are
 * there. What they mean to this system's termios is in os/pty_modes.h.
 */
#ifndef CHANNELS_PTY_MODES_H
#define CHANNELS_PTY_MODES_H

#include "base/reader.h"
#include "base/writer.h"

/* name, opcode: every one of RFC 4254 8 and RFC 8160 */
#define PTY_MODE_LIST(X)						\
	X(VINTR, 1) X(VQUIT, 2) X(VERASE, 3) X(VKILL, 4) X(VEOF, 5)	\
	X(VEOL, 6) X(VEOL2, 7) X(VSTART, 8) X(VSTOP, 9) X(VSUSP, 10)	\
	X(VDSUSP, 11) X(VREPRINT, 12) X(VWERASE, 13) X(VLNEXT, 14)	\
	X(VFLUSH, 15) X(VSWTCH, 16) X(VSTATUS, 17) X(VDISCARD, 18)	\
	X(IGNPAR, 30) X(PARMRK, 31) X(INPCK, 32) X(ISTRIP, 33)		\
	X(INLCR, 34) X(IGNCR, 35) X(ICRNL, 36) X(IUCLC, 37) X(IXON, 38)	\
	X(IXANY, 39) X(IXOFF, 40) X(IMAXBEL, 41) X(IUTF8, 42)		\
	X(ISIG, 50) X(ICANON, 51) X(XCASE, 52) X(ECHO, 53) X(ECHOE, 54)	\
	X(ECHOK, 55) X(ECHONL, 56) X(NOFLSH, 57) X(TOSTOP, 58)		\
	X(IEXTEN, 59) X(ECHOCTL, 60) X(ECHOKE, 61) X(PENDIN, 62)	\
	X(OPOST, 70) X(OLCUC, 71) X(ONLCR, 72) X(OCRNL, 73)		\
	X(ONOCR, 74) X(ONLRET, 75)					\
	X(CS7, 90) X(CS8, 91) X(PARENB, 92) X(PARODD, 93)		\
	X(OP_ISPEED, 128) X(OP_OSPEED, 129)

enum pty_mode {
	PTY_MODE_END = 0,
#define X(name, op) PTY_MODE_##name = op,
	PTY_MODE_LIST(X)
#undef X
	PTY_MODE_COUNT = 160	/* from here on there is no argument */
};

struct pty_modes {
	bool has[PTY_MODE_COUNT];
	uint32_t arg[PTY_MODE_COUNT];
};

/* Sets a mode. */
void pty_modes_set(struct pty_modes *m, enum pty_mode op, uint32_t arg);

/*
 * Decodes the `encoded terminal modes` string. A missing TTY_OP_END is
 * fine, an opcode from 160 on ends the list (RFC 4254 8), and of an opcode
 * that comes twice the last one counts. ERR_SHORT in the middle of a number,
 * ERR_LIMIT above LIMIT_PTY_MODES bytes.
 */
enum err pty_modes_get(struct span s, struct pty_modes *m);

/* Encodes in the order of opcodes, with TTY_OP_END. */
void pty_modes_put(struct writer *w, const struct pty_modes *m);

#endif
