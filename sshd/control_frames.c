/* SPDX-License-Identifier: ISC */
#include "sshd/control_frames.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/file.h"
#include "os/ipc.h"

/* Drops the message that was given last. */
static void
drop_taken(struct frames *f)
{
	f->have -= f->taken;
	memmove(f->buf, f->buf + f->taken, f->have);
	f->taken = 0;
}

struct room
frames_room(struct frames *f)
{
	drop_taken(f);
	return (struct room){ f->buf + f->have, sizeof(f->buf) - f->have };
}

void
frames_got(struct frames *f, size_t n)
{
	must(n <= sizeof(f->buf) - f->have);
	f->have += n;
}

enum err
frames_next(struct frames *f, struct span *message)
{
	struct reader r;
	uint32_t len;

	drop_taken(f);
	r = rd_init(span_of(f->buf, f->have));
	len = rd_u32(&r);
	if (r.err != ERR_OK)
		return ERR_AGAIN;
	if (len > LIMIT_IPC)
		return ERR_LIMIT;
	if (f->have - 4 < len)
		return ERR_AGAIN;
	*message = span_of(f->buf + 4, len);
	f->taken = 4 + (size_t)len;
	return ERR_OK;
}

/* --- the relay --- */

struct relay {
	struct ipc control;
	int in, out;
	struct frames frames;
	uint8_t buf[LIMIT_IPC];
};

/* From the stream to the listener. */
static enum err
take_stream(struct relay *r)
{
	struct room room = frames_room(&r->frames);
	ssize_t n = read(r->in, room.p, room.len);
	struct span message;
	enum err e;

	if (n == -1 && errno == EINTR)
		return ERR_OK;
	if (n == -1)
		return ERR_CLOSED;
	if (n == 0) {			/* what has been asked is answered yet */
		r->in = -1;
		return shutdown(r->control.fd, SHUT_WR) == -1 ? ERR_CLOSED : ERR_OK;
	}
	frames_got(&r->frames, (size_t)n);
	while ((e = frames_next(&r->frames, &message)) == ERR_OK)
		TRY(ipc_send(&r->control, message, NULL));
	return e == ERR_AGAIN ? ERR_OK : e;
}

/* From the listener to the stream. */
static enum err
take_control(struct relay *r)
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e;

	while ((e = ipc_receive(&r->control, (struct room){ r->buf, sizeof(r->buf) }, &message,
	    &fds)) == ERR_OK) {
		SCOPED(writer_free) struct writer w = writer_init(4 + LIMIT_IPC);

		ipc_fds_close(&fds);
		wr_bytes(&w, message);
		TRY(wr_end(&w));
		TRY(file_write_all(r->out, writer_span(&w)));
	}
	return e == ERR_AGAIN ? ERR_OK : e;
}

static enum err
turn(struct relay *r)
{
	short want = (short)(ipc_wants_write(&r->control) ? POLLOUT : 0);
	struct pollfd p[2] = { { .fd = want == 0 ? r->in : -1, .events = POLLIN },
	    { .fd = r->control.fd, .events = (short)(POLLIN | want) } };

	/* What the listener has not taken yet stops the stream: nothing grows. */
	if (poll(p, 2, -1) == -1)
		return errno == EINTR ? ERR_OK : ERR_SYSTEM;
	TRY(ipc_flush(&r->control));
	if (p[1].revents & (POLLIN | POLLHUP | POLLERR))
		TRY(take_control(r));
	if (p[0].revents != 0)
		TRY(take_stream(r));
	return ERR_OK;
}

int
frames_relay(int control, int in, int out)
{
	struct relay *r = calloc(1, sizeof(*r));
	enum err e = ERR_OK;

	if (r == NULL)
		return 1;
	r->in = in;
	r->out = out;
	ipc_init(&r->control, control);
	while (e == ERR_OK)
		e = turn(r);
	ipc_close(&r->control);
	free(r);
	return e == ERR_CLOSED ? 0 : 1;
}
