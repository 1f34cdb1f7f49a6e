/* SPDX-License-Identifier: ISC */
/* The client's side of the master's socket: packets, descriptors, waiting. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "ssh/mux_i.h"

#define READ_SIZE	16384

/* Waits until the socket is ready. ERR_TIMEOUT, ERR_SYSTEM. */
static enum err
await(const struct mux_wire *w, short events)
{
	struct pollfd p = { .fd = w->fd, .events = events };
	int n, ms = -1;

	do {
		if (w->until != MSEC_NEVER) {
			msec now = clock_boot();

			if (now >= w->until)
				return ERR_TIMEOUT;
			ms = w->until - now > INT_MAX ? INT_MAX : (int)(w->until - now);
		}
		n = poll(&p, 1, ms);
	} while (n == 0 || (n == -1 && errno == EINTR));
	return n == -1 ? ERR_SYSTEM : ERR_OK;
}

enum err
mux_wire_send(struct mux_wire *w, struct span packet)
{
	while (packet.len > 0) {
		ssize_t n = send(w->fd, packet.p, packet.len, MSG_NOSIGNAL);

		if (n >= 0)
			packet = span_skip(packet, (size_t)n);
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			TRY(await(w, POLLOUT));
		else if (errno != EINTR)
			return ERR_SYSTEM;
	}
	return ERR_OK;
}

enum err
mux_wire_send_fd(struct mux_wire *w, int fd)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	uint8_t zero = 0;
	struct iovec iov = { &zero, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control.room) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	while (sendmsg(w->fd, &msg, MSG_NOSIGNAL) == -1) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			TRY(await(w, POLLOUT));
		else if (errno != EINTR)
			return ERR_SYSTEM;
	}
	return ERR_OK;
}

/* Forgets the packet handed out before; looks whether another one is there. */
static enum err
take(struct mux_wire *w, enum mux_type *type, struct span *body)
{
	writer_consume(&w->in, w->used);
	w->used = 0;
	return mux_packet(writer_span(&w->in), type, body, &w->used);
}

/* Reads once. ERR_AGAIN, ERR_CLOSED, ERR_SYSTEM, ERR_NOMEM, ERR_LIMIT. */
static enum err
receive(struct mux_wire *w)
{
	struct room room = wr_reserve(&w->in, READ_SIZE);
	ssize_t n;

	if (room.len == 0)
		return wr_end(&w->in);
	n = recv(w->fd, room.p, room.len, MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? ERR_AGAIN :
		    ERR_SYSTEM;
	if (n == 0)
		return ERR_CLOSED;
	wr_commit(&w->in, (size_t)n);
	return ERR_OK;
}

enum err
mux_wire_next(struct mux_wire *w, enum mux_type *type, struct span *body)
{
	for (;;) {
		enum err e = take(w, type, body);

		if (e != ERR_AGAIN)
			return e;
		TRY(await(w, POLLIN));
		e = receive(w);
		if (e != ERR_OK && e != ERR_AGAIN)
			return e;
	}
}

enum err
mux_wire_ask(struct mux_wire *w, enum mux_type request, enum mux_type *type, struct span *body)
{
	SCOPED(writer_free) struct writer out = writer_init(64);
	size_t mark = wr_open(&out);

	mux_plain_put(&out, &(struct mux_plain){ request, 0 });
	wr_close(&out, mark);
	TRY(wr_end(&out));
	TRY(mux_wire_send(w, writer_span(&out)));
	return mux_wire_next(w, type, body);
}

enum err
mux_wire_poll(struct mux_wire *w, enum mux_type *type, struct span *body)
{
	enum err e = take(w, type, body);

	if (e != ERR_AGAIN)
		return e;
	TRY(receive(w));
	return take(w, type, body);
}

void
mux_wire_close(struct mux_wire *w)
{
	writer_free(&w->in);
	if (w->fd != -1)
		close(w->fd);
	w->fd = -1;
}
