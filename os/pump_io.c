/* SPDX-License-Identifier: ISC */
/* Descriptors of channels: read and written so that nothing ever blocks. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/pump_i.h"

/*
 * A shared pipe or terminal must not be made non-blocking: the flag would be
 * seen by every process that has it. Opened anew it has flags of its own.
 */
static bool
reopen(struct end *e)
{
	int access = e->reads && e->writes ? O_RDWR : e->reads ? O_RDONLY : O_WRONLY;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", e->fd);
	fd = open(path, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return false;
	close(e->fd);
	e->fd = fd;
	return true;
}

/* Finds out how a shared descriptor can be used. ERR_SYSTEM. */
static enum err
find_kind(struct end *e)
{
	struct stat st;
	int flags = fcntl(e->fd, F_GETFL);

	if (flags == -1 || fstat(e->fd, &st) == -1)
		return ERR_SYSTEM;
	e->kind = FD_PLAIN;
	if (S_ISSOCK(st.st_mode))
		e->kind = FD_SOCKET;
	else if ((S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) &&
	    !(flags & O_NONBLOCK) && !reopen(e))
		e->kind = FD_BLOCKING;
	return ERR_OK;
}

static void
end_ready(void *arg, unsigned events)
{
	struct end *e = arg;

	pumped_ready(e, events);
}

enum err
end_open(struct end *e)
{
	if (e->pc->flags & PUMP_SHARED)
		TRY(find_kind(e));
	return loop_watch(e->pc->pump->loop, &e->watch, e->fd, 0, end_ready, e);
}

bool
end_is_filtered(const struct end *e)
{
	return e->pc->filter != NULL && e->source == STREAM_DATA;
}

/* A filter may run ahead of its channel so far. */
static unsigned
filtered_events(const struct pumped *pc)
{
	return pc->filtered.len < PUMP_FILTERED ? LOOP_READ : 0;
}

void
end_update(struct end *e)
{
	const struct pumped *pc = e->pc;
	unsigned events = 0;

	if (e->watch == NULL)
		return;
	if (e->reads && !pc->is_paused)
		events |= end_is_filtered(e) ? filtered_events(pc) :
		    pc->is_stalled ? watch_events(e->watch) & LOOP_READ : LOOP_READ;
	if (e->writes && pc->backlog[e->sink].len > 0)
		events |= LOOP_WRITE;
	watch_set(e->watch, events);
}

void
end_mute(struct end *e)
{
	if (e->watch != NULL)
		watch_set(e->watch, watch_events(e->watch) & ~LOOP_READ);
}

void
end_close(struct end *e)
{
	e->reads = false;
	e->writes = false;
	watch_free(e->watch);
	e->watch = NULL;
	if (e->fd != -1)
		close(e->fd);
	e->fd = -1;
}

void
end_close_if_done(struct end *e)
{
	if (!e->reads && !e->writes)
		end_close(e);
	else
		end_update(e);
}

bool
end_is_not_now(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Whether a blocking descriptor can be read or written without waiting. */
static bool
is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, 0) == 1)
		return true;
	errno = EAGAIN;
	return false;
}

ssize_t
end_read(const struct end *e, struct room room)
{
	struct iovec iov = { room.p, room.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (e->kind == FD_SOCKET)
		return recvmsg(e->fd, &msg, MSG_DONTWAIT);
	if (e->kind == FD_BLOCKING && !is_ready(e->fd, POLLIN))
		return -1;
	return read(e->fd, room.p, room.len);
}

ssize_t
end_write(const struct end *e, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };

	if (e->kind == FD_SOCKET)
		return sendmsg(e->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (e->kind == FD_BLOCKING) {
		/* poll(2) promises room for so much, and no more. */
		if (!is_ready(e->fd, POLLOUT))
			return -1;
		return write(e->fd, iov->iov_base,
		    iov->iov_len < PIPE_BUF ? iov->iov_len : PIPE_BUF);
	}
	return n == 1 ? write(e->fd, iov->iov_base, iov->iov_len) : writev(e->fd, iov, n);
}
