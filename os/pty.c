/* SPDX-License-Identifier: ISC */
#include "os/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens the slave through the master: works without /dev/pts in sight. */
static int
open_slave(struct pty *pty)
{
#ifdef TIOCGPTPEER
	int fd = ioctl(pty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd != -1)
		return fd;
#endif
	return open(pty->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

enum err
pty_open(struct pty *pty)
{
	int unlock = 0;
	unsigned number;

	*pty = (struct pty){ .master = -1, .slave = -1 };
	pty->master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->master == -1)
		return ERR_SYSTEM;
	if (ioctl(pty->master, TIOCSPTLCK, &unlock) == -1 ||
	    ioctl(pty->master, TIOCGPTN, &number) == -1)
		goto out;
	snprintf(pty->name, sizeof(pty->name), "/dev/pts/%u", number);
	pty->slave = open_slave(pty);
	if (pty->slave == -1)
		goto out;
	/* Owner and group come from devpts; never let others write. */
	(void)fchmod(pty->slave, 0620);
	return ERR_OK;
out:
	pty_close(pty);
	return ERR_SYSTEM;
}

void
pty_close(struct pty *pty)
{
	int saved = errno;

	if (pty->master != -1)
		close(pty->master);
	if (pty->slave != -1)
		close(pty->slave);
	pty->master = pty->slave = -1;
	errno = saved;
}

/* The kernel counts in 16 bits. */
static unsigned short
clamp(uint32_t v)
{
	return v > UINT16_MAX ? UINT16_MAX : (unsigned short)v;
}

enum err
pty_set_size(int fd, const struct pty_size *size)
{
	struct winsize ws = { .ws_row = clamp(size->rows), .ws_col = clamp(size->columns),
	    .ws_xpixel = clamp(size->width), .ws_ypixel = clamp(size->height) };

	return ioctl(fd, TIOCSWINSZ, &ws) == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
pty_get_size(int fd, struct pty_size *size)
{
	struct winsize ws;

	if (ioctl(fd, TIOCGWINSZ, &ws) == -1)
		return ERR_SYSTEM;
	*size = (struct pty_size){ ws.ws_col, ws.ws_row, ws.ws_xpixel, ws.ws_ypixel };
	return ERR_OK;
}
