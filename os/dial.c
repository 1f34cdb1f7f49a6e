/* SPDX-License-Identifier: ISC */
#include "os/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dial {
	struct loop *loop;
	struct name_lookup *lookup;	/* NULL: answered */
	struct names_result found;
	size_t next;			/* address to be tried next */
	int fd;				/* of the attempt that is running; -1: none */
	int error;			/* of the last one */
	struct watch *watch;
	struct timer *timer;
	void (*done)(void *arg, int fd, const char *why);
	void *arg;
};

/* Ends the attempt that is running. */
static void
drop_attempt(struct dial *d)
{
	watch_free(d->watch);
	d->watch = NULL;
	if (d->fd != -1)
		close(d->fd);
	d->fd = -1;
}

static void
dial_free(struct dial *d)
{
	drop_attempt(d);
	name_lookup_cancel(d->lookup);
	names_result_free(&d->found);
	timer_free(d->timer);
	free(d);
}

/* Tells, and is gone. */
static void
finish(struct dial *d, int fd, const char *why)
{
	void (*done)(void *, int, const char *) = d->done;
	void *arg = d->arg;

	dial_free(d);
	done(arg, fd, why);
}

static void try_next(struct dial *d);

static void
on_connected(void *arg, unsigned events)
{
	struct dial *d = arg;
	int fd;

	(void)events;
	if (net_connect_result(d->fd) != ERR_OK) {
		d->error = errno;
		try_next(d);
		return;
	}
	fd = d->fd;
	d->fd = -1;
	finish(d, fd, NULL);
}

static void
try_next(struct dial *d)
{
	drop_attempt(d);
	while (d->next < d->found.n) {
		if (net_connect(&d->found.v[d->next++], NULL, &d->fd) == ERR_OK &&
		    loop_watch(d->loop, &d->watch, d->fd, LOOP_WRITE, on_connected, d) == ERR_OK)
			return;
		d->error = errno;
		drop_attempt(d);
	}
	finish(d, -1, strerror(d->error));
}

static void
on_found(void *arg, struct names_result *r)
{
	struct dial *d = arg;

	d->lookup = NULL;
	if (r->err != ERR_OK) {
		finish(d, -1, r->why);
		return;
	}
	d->found = *r;
	*r = (struct names_result){ .err = ERR_NOTFOUND };
	try_next(d);
}

static void
on_timeout(void *arg)
{
	finish(arg, -1, strerror(ETIMEDOUT));
}

enum err
dial_start(struct loop *loop, struct names *names, const char *host, uint16_t port,
    enum names_family family, msec timeout, void (*done)(void *arg, int fd, const char *why),
    void *arg, struct dial **out)
{
	struct dial *d = calloc(1, sizeof(*d));
	enum err e;

	*out = NULL;
	if (d == NULL)
		return ERR_NOMEM;
	*d = (struct dial){ .loop = loop, .fd = -1, .done = done, .arg = arg };
	e = loop_timer(loop, &d->timer, on_timeout, d);
	if (e == ERR_OK)
		e = names_lookup(names, host, port, family, on_found, d, &d->lookup);
	if (e != ERR_OK) {
		timer_free(d->timer);
		free(d);
		return e;
	}
	if (timeout > 0)
		timer_set(d->timer, loop_now(loop) + timeout);
	*out = d;
	return ERR_OK;
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_free(d);
}
