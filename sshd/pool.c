/* SPDX-License-Identifier: ISC */
#include "sshd/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "os/ipc.h"
#include "os/process.h"
#include "sshd/wire.h"

void
pool_init(struct pool *p, int self_fd, const struct uid_range *range, bool keep_stderr)
{
	struct rng rng = rng_system();

	*p = (struct pool){ .self_fd = self_fd, .range = *range, .is_root = geteuid() == 0,
	    .keep_stderr = keep_stderr };
	/* Connections of a server before us may still have uids of this range. */
	if (range->last - range->first < UINT32_MAX)
		p->next = rng_below(&rng, range->last - range->first + 1);
}

/* The next uid of the range; our own without root. */
static uint32_t
next_uid(struct pool *p)
{
	uint32_t uid = p->range.first + p->next;

	if (!p->is_root)
		return (uint32_t)geteuid();
	p->next = uid == p->range.last ? 0 : p->next + 1;
	return uid;
}

/* Starts one wire. */
static enum err
start(struct pool *p, struct spare *out, const struct log *log)
{
	char uid[16];
	char room[] = WIRE_TITLE_ROOM;
	char *argv[] = { (char[]){ "sshd" }, (char[]){ WIRE_FLAG }, uid, room, NULL };
	char *envp[] = { NULL };
	struct process_fd fds[2] = { { -1, WIRE_FD }, { STDERR_FILENO, STDERR_FILENO } };
	struct process_job job = process_job(NULL, argv);
	int pair[2];
	enum err e;

	out->uid = next_uid(p);
	snprintf(uid, sizeof(uid), "%lu", (unsigned long)out->uid);
	TRY(ipc_pair(pair));
	fds[0].from = pair[1];
	job.exec_fd = p->self_fd;
	job.envp = envp;
	job.fds = fds;
	job.n_fds = p->keep_stderr ? 2 : 1;
	job.rlimit_core = 0;
	e = process_start(&job, &out->pid);
	close(pair[1]);
	if (e != ERR_OK) {
		log_error(log, "cannot start a wire process: %s", strerror(errno));
		close(pair[0]);
		return e;
	}
	out->fd = pair[0];
	log_debug2(log, "wire process %ld with uid %lu is waiting", (long)out->pid,
	    (unsigned long)out->uid);
	return ERR_OK;
}

enum err
pool_fill(struct pool *p, const struct log *log)
{
	while (p->n < POOL_SIZE) {
		TRY(start(p, &p->v[p->n], log));
		p->n++;
	}
	return ERR_OK;
}

enum err
pool_take(struct pool *p, struct spare *out, const struct log *log)
{
	if (p->n == 0)
		return start(p, out, log);
	*out = p->v[0];		/* the one that has been ready longest */
	p->n--;
	memmove(p->v, p->v + 1, p->n * sizeof(p->v[0]));
	return ERR_OK;
}

bool
pool_reaped(struct pool *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].pid != pid)
			continue;
		close(p->v[i].fd);
		p->n--;
		memmove(p->v + i, p->v + i + 1, (p->n - i) * sizeof(p->v[0]));
		return true;
	}
	return false;
}

void
pool_drop(struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		close(p->v[i].fd);
	p->n = 0;
}
