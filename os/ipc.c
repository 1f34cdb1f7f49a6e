/* SPDX-License-Identifier: ISC */
#include "os/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

/* A message the kernel did not take yet. */
struct ipc_queued {
	struct ipc_queued *next;
	struct ipc_fds fds;		/* duplicates, ours to close */
	size_t len;
	uint8_t bytes[];
};

enum err
ipc_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == -1)
		return ERR_SYSTEM;
	return ERR_OK;
}

void
ipc_init(struct ipc *ipc, int fd)
{
	*ipc = (struct ipc){ .fd = fd };
	ipc->queue_end = &ipc->queue;
}

void
ipc_fds_close(struct ipc_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++) {
		if (fds->fd[i] != -1)
			close(fds->fd[i]);
	}
	fds->n = 0;
}

static void
queued_free(struct ipc_queued *q)
{
	ipc_fds_close(&q->fds);
	wipe(q->bytes, q->len);
	free(q);
}

void
ipc_close(struct ipc *ipc)
{
	struct ipc_queued *q;

	while ((q = ipc->queue) != NULL) {
		ipc->queue = q->next;
		queued_free(q);
	}
	if (ipc->fd != -1)
		close(ipc->fd);
	ipc_init(ipc, -1);
}

/* One sendmsg(2) with descriptors. */
static enum err
send_now(int fd, struct span message, const struct ipc_fds *fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(IPC_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { (void *)message.p, message.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds != NULL && fds->n > 0) {
		must(fds->n <= IPC_MAX_FDS);
		memset(&control, 0, sizeof(control));
		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(fds->n * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(fds->n * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds->fd, fds->n * sizeof(int));
	}
	while (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
			return ERR_AGAIN;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return ERR_CLOSED;
		return ERR_SYSTEM;
	}
	return ERR_OK;
}

/* Keeps a message, with descriptors of its own, until ipc_flush(). */
static enum err
queue_message(struct ipc *ipc, struct span message, const struct ipc_fds *fds)
{
	struct ipc_queued *q;

	if (message.len > IPC_QUEUE_MAX - ipc->queued)
		return ERR_LIMIT;
	q = malloc(sizeof(*q) + message.len);
	if (q == NULL)
		return ERR_NOMEM;
	*q = (struct ipc_queued){ .len = message.len };
	memcpy(q->bytes, message.p, message.len);
	for (size_t i = 0; fds != NULL && i < fds->n; i++) {
		int fd = fcntl(fds->fd[i], F_DUPFD_CLOEXEC, 3);

		if (fd == -1) {
			queued_free(q);
			return ERR_SYSTEM;
		}
		q->fds.fd[q->fds.n++] = fd;
	}
	*ipc->queue_end = q;
	ipc->queue_end = &q->next;
	ipc->queued += message.len;
	return ERR_OK;
}

enum err
ipc_send(struct ipc *ipc, struct span message, const struct ipc_fds *fds)
{
	enum err e;

	if (ipc->fd == -1)
		return ERR_CLOSED;
	if (message.len > LIMIT_IPC)
		return ERR_LIMIT;
	if (ipc->queue == NULL) {
		e = send_now(ipc->fd, message, fds);
		if (e != ERR_AGAIN)
			return e;
	}
	return queue_message(ipc, message, fds);
}

bool
ipc_wants_write(const struct ipc *ipc)
{
	return ipc->queue != NULL;
}

enum err
ipc_flush(struct ipc *ipc)
{
	struct ipc_queued *q;
	enum err e;

	while ((q = ipc->queue) != NULL) {
		e = send_now(ipc->fd, span_of(q->bytes, q->len), &q->fds);
		if (e == ERR_AGAIN)
			return ERR_OK;
		if (e != ERR_OK)
			return e;
		ipc->queue = q->next;
		if (ipc->queue == NULL)
			ipc->queue_end = &ipc->queue;
		ipc->queued -= q->len;
		queued_free(q);
	}
	return ERR_OK;
}

/*
 * A peer that closed without having read all of ours: the kernel tells of that
 * once, before it gives out what the peer had said.
 */
static ssize_t
receive_now(int fd, struct msghdr *msg)
{
	bool was_reset = false;
	ssize_t n;

	for (;;) {
		n = recvmsg(fd, msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		if (n != -1 || (errno != EINTR && (errno != ECONNRESET || was_reset)))
			return n;
		was_reset |= errno == ECONNRESET;
	}
}

enum err
ipc_receive(struct ipc *ipc, struct room buf, struct span *message,
    struct ipc_fds *fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(IPC_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov = { buf.p, buf.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.room, .msg_controllen = sizeof(control.room) };
	ssize_t n;

	fds->n = 0;
	fds->lost = false;
	n = receive_now(ipc->fd, &msg);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK ? ERR_AGAIN :
		    errno == ECONNRESET ? ERR_CLOSED : ERR_SYSTEM;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		fds->n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		must(fds->n <= IPC_MAX_FDS);
		memcpy(fds->fd, CMSG_DATA(c), fds->n * sizeof(int));
	}
	/* The end, or an empty message, which nobody of ours sends: its descriptors go too. */
	if (n == 0) {
		ipc_fds_close(fds);
		return ERR_CLOSED;
	}
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		ipc_fds_close(fds);
		fds->lost = (msg.msg_flags & MSG_TRUNC) == 0;
		*message = span_of(buf.p, (size_t)n);
		return ERR_LIMIT;
	}
	*message = span_of(buf.p, (size_t)n);
	return ERR_OK;
}

enum err
ipc_allow(struct ipc *ipc, const struct ipc_rule *rules, size_t n_rules,
    uint32_t number, uint32_t phase)
{
	if (number >= n_rules || number >= COUNT(ipc->uses))
		return ERR_FORMAT;
	if ((rules[number].phases & phase) == 0)
		return ERR_SEQUENCE;
	if (rules[number].uses != 0 && ipc->uses[number] >= rules[number].uses)
		return ERR_SEQUENCE;
	if (ipc->uses[number] < UINT16_MAX)
		ipc->uses[number]++;
	return ERR_OK;
}
