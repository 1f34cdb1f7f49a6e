/* SPDX-License-Identifier: ISC */
#include "sshd/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/random.h"
#include "os/ipc.h"
#include "os/process.h"
#include "sshd/nursery.h"

void
pool_init(struct pool *p, int self_fd, const struct uid_range *range, bool keep_stderr)
{
	struct rng rng = rng_system();

	*p = (struct pool){ .self_fd = self_fd, .range = *range, .is_root = geteuid() == 0,
	    .keep_stderr = keep_stderr, .files = p->files, .nursery = -1 };
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

/* Lets the nursery go: it ends when the last guard that was forked with it has. */
static void
leave_nursery(struct pool *p)
{
	if (p->nursery != -1)
		close(p->nursery);
	p->nursery = -1;
	p->nursery_pid = 0;
	p->births = 0;
}

/* Logs what could not be done: loudly the first time, until it can be done again. */
static void
fail(struct pool *p, const struct log *log, const char *what, enum err why)
{
	int saved = errno;

	log_at(log, p->is_failing ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_ERROR, "%s: %s", what,
	    why == ERR_SYSTEM ? strerror(saved) : err_text(why));
	p->is_failing = true;
	errno = saved;
}

static enum err
start_nursery(struct pool *p, const struct log *log)
{
	char room[] = NURSERY_TITLE_ROOM, zone[256] = "TZ=";
	char *argv[] = { (char[]){ "sshd" }, (char[]){ NURSERY_FLAG }, room, NULL };
	char *envp[] = { NULL, NULL };
	struct process_fd fds[2] = { { -1, NURSERY_FD }, { STDERR_FILENO, STDERR_FILENO } };
	struct process_job job = process_job(NULL, argv);
	const char *tz = getenv("TZ");
	int pair[2];
	enum err e;

	if (tz != NULL && strlen(tz) < sizeof(zone) - 3) {	/* sessions tell the time in it */
		memcpy(zone + 3, tz, strlen(tz) + 1);
		envp[0] = zone;
	}
	TRY(ipc_pair(pair));
	fds[0].from = pair[1];
	job.exec_fd = p->self_fd;
	job.envp = envp;
	job.fds = fds;
	job.n_fds = p->keep_stderr ? 2 : 1;
	job.rlimit_files = p->files;
	e = process_start(&job, &p->nursery_pid);
	close(pair[1]);
	if (e != ERR_OK) {
		fail(p, log, "cannot start the nursery", e);
		close(pair[0]);
		p->nursery_pid = 0;
		return e;
	}
	p->nursery = pair[0];
	log_debug2(log, "nursery process %ld", (long)p->nursery_pid);
	return ERR_OK;
}

/* Has one wire born; the nursery is a new one if it has to be. */
static enum err
give_birth(struct pool *p, struct spare *out, const struct log *log)
{
	struct born born;
	int fd;

	if (p->births == NURSERY_BIRTHS)
		leave_nursery(p);
	if (p->nursery == -1)
		TRY(start_nursery(p, log));
	out->uid = next_uid(p);
	TRY(nursery_ask_wire(p->nursery, out->uid, &fd));
	TRY(nursery_wait(fd, &born));
	if (born.pidfd != -1)
		close(born.pidfd);	/* it is our child: nobody else gets its number */
	p->births++;
	out->pid = born.pid;
	out->fd = born.fd;
	log_debug2(log, "wire process %ld with uid %lu is waiting", (long)out->pid,
	    (unsigned long)out->uid);
	return ERR_OK;
}

/* The same, with a new nursery if the one there was is gone. */
static enum err
start(struct pool *p, struct spare *out, const struct log *log)
{
	bool is_new = p->nursery == -1;
	enum err e = give_birth(p, out, log);

	if (e != ERR_OK && !is_new) {
		leave_nursery(p);
		e = give_birth(p, out, log);
	}
	if (e != ERR_OK) {
		fail(p, log, "cannot start a wire process", e);
		leave_nursery(p);
	} else {
		p->is_failing = false;
	}
	return e;
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
	if (p->nursery == -1)		/* the guard will need it for the session */
		TRY(start_nursery(p, log));
	*out = p->v[0];		/* the one that has been ready longest */
	p->n--;
	memmove(p->v, p->v + 1, p->n * sizeof(p->v[0]));
	return ERR_OK;
}

bool
pool_reaped(struct pool *p, pid_t pid)
{
	if (pid == p->nursery_pid) {
		leave_nursery(p);
		return true;
	}
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
pool_renew(struct pool *p)
{
	pool_drop(p);
}

void
pool_drop(struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		close(p->v[i].fd);
	p->n = 0;
	leave_nursery(p);
}
