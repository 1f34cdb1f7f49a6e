/* SPDX-License-Identifier: ISC */
/* Having somebody born, from the side of those who ask for it. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "os/ipc.h"
#include "sshd/messages.h"
#include "sshd/nursery.h"

/*
 * A nursery that is gone is noticed at once, one that hangs after so long: more
 * than a small machine with much to do takes to execute a program and fork.
 */
#define WAIT_MSEC	10000

/* ERR_TIMEOUT; ERR_SYSTEM. */
static enum err
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, WAIT_MSEC);
	while (n == -1 && errno == EINTR);
	return n == 1 ? ERR_OK : n == 0 ? ERR_TIMEOUT : ERR_SYSTEM;
}

/* Sends a request, waiting for room; the other end of *born_fd goes with it. */
static enum err
ask(int fd, struct span message, int *born_fd)
{
	struct ipc to;
	int pair[2];
	enum err e;

	TRY(ipc_pair(pair));
	/* The descriptor is shared: nothing may be left in a queue of ours. */
	e = wait_for(fd, POLLOUT);
	if (e == ERR_OK) {
		ipc_init(&to, fd);
		e = ipc_send(&to, message, &(struct ipc_fds){ .fd = { pair[1] }, .n = 1 });
		if (e == ERR_OK && ipc_wants_write(&to))
			e = ERR_SYSTEM;
		to.fd = -1;		/* stays open */
		ipc_close(&to);
	}
	close(pair[1]);
	if (e != ERR_OK)
		close(pair[0]);
	*born_fd = pair[0];
	return e;
}

enum err
nursery_ask_wire(int fd, uint32_t uid, int *born_fd)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	msg_nursery_wire_put(&w, &(struct msg_nursery_wire){ .uid = uid });
	TRY(wr_end(&w));
	return ask(fd, writer_span(&w), born_fd);
}

enum err
nursery_ask_session(int fd, bool is_kept, int *born_fd)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

	msg_nursery_session_put(&w, &(struct msg_nursery_session){ .is_kept = is_kept });
	TRY(wr_end(&w));
	return ask(fd, writer_span(&w), born_fd);
}

static enum err
on_from_nursery_born(struct born *b, const struct msg_from_nursery_born *m, struct ipc_fds *fds)
{
	b->pid = (pid_t)m->pid;
	if (fds->n > 0) {
		b->pidfd = fds->fd[0];
		fds->fd[0] = -1;
	}
	return ERR_OK;
}

IPC_RECEIVER(hear, FROM_NURSERY, struct born)

enum err
nursery_wait(int born_fd, struct born *out)
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	struct ipc from;
	uint8_t buf[64];
	enum err e;

	*out = (struct born){ .fd = born_fd, .pidfd = -1 };
	ipc_init(&from, born_fd);
	e = wait_for(born_fd, POLLIN);
	if (e == ERR_OK)
		e = ipc_receive(&from, (struct room){ buf, sizeof(buf) }, &message, &fds);
	if (e == ERR_OK)
		e = hear(out, &from, PHASE_NEW, message, &fds);
	ipc_fds_close(&fds);
	if (e == ERR_OK)
		from.fd = -1;		/* stays open */
	ipc_close(&from);
	return e;
}
