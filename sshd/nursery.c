/* SPDX-License-Identifier: ISC */
/*
 * The nursery: has everything ready that wires and sessions need, and forks
 * them.
 *
 * peers: the listener and its guards (nursery_*), all at the other end of one
 * descriptor; it ends when the last of them has closed it. To what is born it
 * says its pid (from_nursery_born), on behalf of it, to whoever asked; of a
 * session with a keeper, the keeper does.
 *
 * It runs as the listener does, because what is born has to become somebody
 * else. It reads no file, knows no secret, and hears of no client.
 *
 * calls: all. What it does with them is on this page.
 */
#include "sshd/nursery.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "os/ipc.h"
#include "os/process.h"
#include "sshd/keeper.h"
#include "sshd/messages.h"
#include "sshd/session.h"
#include "sshd/wire.h"

struct nursery {
	struct ipc requests;
	struct title title;
	uint8_t buf[LIMIT_IPC];
};

/* In what was born: the ipc comes to where it belongs, and all else is gone. */
static void
settle(struct nursery *n, int fd)
{
	int keep[] = { NURSERY_FD };

	if (dup3(fd, NURSERY_FD, O_CLOEXEC) == -1)
		_exit(255);
	n->requests.fd = -1;		/* its number is in use again */
	process_close_others(keep, COUNT(keep));
}

/* Tells whoever asked: on the descriptor that is about to be the child's alone. */
static void
announce(struct ipc_fds *fds, pid_t pid, int pidfd)
{
	struct ipc_fds with = { .fd = { pidfd }, .n = pidfd == -1 ? 0 : 1 };
	struct ipc to;

	ipc_init(&to, fds->fd[0]);
	(void)!ipc_send_from_nursery_born(&to, &(struct msg_from_nursery_born){ .pid = (uint32_t)pid }, &with);
	ipc_close(&to);
	fds->n = 0;
	if (pidfd != -1)
		close(pidfd);
}

static enum err
on_nursery_wire(struct nursery *n, const struct msg_nursery_wire *m, struct ipc_fds *fds)
{
	uint32_t uid = m->uid;
	int pidfd;
	pid_t pid;

	if (fds->n != 1)
		return ERR_FORMAT;
	pid = process_fork_sibling(&pidfd);
	if (pid == 0) {
		settle(n, fds->fd[0]);
		_exit(wire_run(&n->title, uid));
	}
	if (pid != -1)			/* else the end of file says so */
		announce(fds, pid, pidfd);
	return ERR_OK;
}

/* The keeper, who announces the session himself: it is his child. */
NORETURN static void
keep_session(struct nursery *n, struct ipc_fds *fds)
{
	pid_t pid = keeper_fork(&n->title);
	int pidfd;

	if (pid == 0) {
		settle(n, fds->fd[0]);
		_exit(session_run(&n->title));
	}
	if (pid == -1)			/* the end of file says so */
		_exit(255);
	/* Not waited for yet, so that the number is its own. */
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	announce(fds, pid, pidfd);
	process_close_others(NULL, 0);
	_exit(keeper_run(pid));
}

static enum err
on_nursery_session(struct nursery *n, const struct msg_nursery_session *m, struct ipc_fds *fds)
{
	int pidfd;
	pid_t pid;

	if (fds->n != 1)
		return ERR_FORMAT;
	pid = process_fork_sibling(&pidfd);
	if (pid == 0 && m->is_kept)
		keep_session(n, fds);
	if (pid == 0) {
		settle(n, fds->fd[0]);
		_exit(session_run(&n->title));
	}
	if (pid != -1 && m->is_kept) {	/* only a keeper: nobody waits to hear of him */
		if (pidfd != -1)
			close(pidfd);
	} else if (pid != -1)
		announce(fds, pid, pidfd);
	return ERR_OK;
}

IPC_RECEIVER(take, TO_NURSERY, struct nursery)

static void
serve(struct nursery *n)
{
	struct pollfd p = { .fd = NURSERY_FD, .events = POLLIN };
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	while (e == ERR_OK || e == ERR_AGAIN) {
		e = ipc_receive(&n->requests, (struct room){ n->buf, sizeof(n->buf) }, &message, &fds);
		if (e == ERR_OK)
			e = take(n, &n->requests, PHASE_NEW, message, &fds);
		ipc_fds_close(&fds);
		if (e == ERR_AGAIN)
			(void)!poll(&p, 1, -1);
	}
}

int
nursery_main(int argc, char **argv)
{
	struct nursery *n = calloc(1, sizeof(*n));

	if (n == NULL || fcntl(NURSERY_FD, F_SETFD, FD_CLOEXEC) == -1)
		return 255;
	title_init(&n->title, argc, argv);
	title_set(&n->title, "[nursery]");
	process_not_traceable();
	ipc_init(&n->requests, NURSERY_FD);
	crypto_warm();
	serve(n);
	ipc_close(&n->requests);
	free(n);
	return 0;
}
