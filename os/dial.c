/* SPDX-License-Identifier: ISC */
#include "os/dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RFC 8305 8: Connection Attempt Delay. */
#define STAGGER_MSEC	250

/* Attempts that run at the same time; the next one waits for one of them. */
#define ATTEMPTS	8

struct dial_attempt {
	struct dial *dial;
	int fd;				/* -1: not running */
	struct watch *watch;
};

struct dial {
	struct loop *loop;
	struct name_lookup *lookup;	/* NULL: answered */
	struct names_result found;	/* families in turn (RFC 8305 4) */
	size_t next;			/* address to be tried next */
	struct dial_attempt attempts[ATTEMPTS];
	int error;			/* of the last one that failed */
	struct timer *stagger;
	struct timer *timeout;
	void (*done)(void *arg, int fd, const char *why);
	void *arg;
};

static void
drop_attempt(struct dial_attempt *a)
{
	watch_free(a->watch);
	a->watch = NULL;
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
}

static void
dial_free(struct dial *d)
{
	for (size_t i = 0; i < ATTEMPTS; i++)
		drop_attempt(&d->attempts[i]);
	name_lookup_cancel(d->lookup);
	names_result_free(&d->found);
	timer_free(d->stagger);
	timer_free(d->timeout);
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

static struct dial_attempt *
free_attempt(struct dial *d)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		if (d->attempts[i].fd == -1)
			return &d->attempts[i];
	}
	return NULL;
}

static bool
is_trying(const struct dial *d)
{
	for (size_t i = 0; i < ATTEMPTS; i++) {
		if (d->attempts[i].fd != -1)
			return true;
	}
	return false;
}

static void try_next(struct dial *d);

static void
on_connected(void *arg, unsigned events)
{
	struct dial_attempt *a = arg;
	struct dial *d = a->dial;
	int fd = a->fd;

	(void)events;
	if (net_connect_result(fd) != ERR_OK) {
		d->error = errno;
		drop_attempt(a);
		try_next(d);
		return;
	}
	watch_free(a->watch);		/* before its descriptor is somebody else's */
	a->watch = NULL;
	a->fd = -1;
	finish(d, fd, NULL);
}

/* Starts the next attempt that can be started; ends it all when there is none and none runs. */
static void
try_next(struct dial *d)
{
	struct dial_attempt *a;

	while (d->next < d->found.n && (a = free_attempt(d)) != NULL) {
		if (net_connect(&d->found.v[d->next++], NULL, &a->fd) == ERR_OK &&
		    loop_watch(d->loop, &a->watch, a->fd, LOOP_WRITE, on_connected, a) == ERR_OK) {
			timer_set(d->stagger, loop_now(d->loop) + STAGGER_MSEC);
			return;
		}
		d->error = errno;
		drop_attempt(a);
	}
	if (!is_trying(d))
		finish(d, -1, strerror(d->error));
}

static void
on_stagger(void *arg)
{
	try_next(arg);
}

/* The families in turn, beginning with that of the best address, each in its order. */
static void
interleave(struct names_result *r)
{
	struct endpoint v[NAMES_MAX];
	size_t at[2] = { 0, 0 };
	uint8_t first = r->v[0].address.family;

	for (size_t n = 0; n < r->n && n < NAMES_MAX; n++) {
		for (size_t i = 0; i < 2; i++) {
			size_t which = (n + i) % 2;

			while (at[which] < r->n && (r->v[at[which]].address.family == first) != (which == 0))
				at[which]++;
			if (at[which] < r->n) {
				v[n] = r->v[at[which]++];
				break;
			}
		}
	}
	memcpy(r->v, v, (r->n < NAMES_MAX ? r->n : NAMES_MAX) * sizeof(v[0]));
}

static void
on_found(void *arg, struct names_result *r)
{
	struct dial *d = arg;

	d->lookup = NULL;
	if (r->err != ERR_OK) {
		finish(d, -1, r->why == NULL ? err_text(r->err) : r->why);
		return;
	}
	d->found = *r;
	*r = (struct names_result){ .err = ERR_NOTFOUND };
	interleave(&d->found);
	try_next(d);
}

static void
on_timeout(void *arg)
{
	finish(arg, -1, strerror(ETIMEDOUT));
}

/* One that has not begun yet. */
static enum err
dial_new(struct loop *loop, msec timeout, void (*done)(void *arg, int fd, const char *why),
    void *arg, struct dial **out)
{
	struct dial *d = calloc(1, sizeof(*d));
	enum err e;

	*out = NULL;
	if (d == NULL)
		return ERR_NOMEM;
	*d = (struct dial){ .loop = loop, .done = done, .arg = arg };
	for (size_t i = 0; i < ATTEMPTS; i++)
		d->attempts[i] = (struct dial_attempt){ .dial = d, .fd = -1 };
	e = loop_timer(loop, &d->timeout, on_timeout, d);
	if (e == ERR_OK)
		e = loop_timer(loop, &d->stagger, on_stagger, d);
	if (e != ERR_OK) {
		dial_free(d);
		return e;
	}
	if (timeout > 0)
		timer_set(d->timeout, loop_now(loop) + timeout);
	*out = d;
	return ERR_OK;
}

enum err
dial_start(struct loop *loop, struct names *names, const char *host, uint16_t port,
    enum names_family family, msec timeout, void (*done)(void *arg, int fd, const char *why),
    void *arg, struct dial **out)
{
	struct dial *d;
	enum err e;

	*out = NULL;
	TRY(dial_new(loop, timeout, done, arg, &d));
	e = names_lookup(names, host, port, family, on_found, d, &d->lookup);
	if (e != ERR_OK) {
		dial_free(d);
		return e;
	}
	*out = d;
	return ERR_OK;
}

enum err
dial_start_at(struct loop *loop, const struct endpoint *v, size_t n, msec timeout,
    void (*done)(void *arg, int fd, const char *why), void *arg, struct dial **out)
{
	struct dial *d;

	*out = NULL;
	must(n > 0 && n <= NAMES_MAX);
	TRY(dial_new(loop, timeout, done, arg, &d));
	d->found.v = malloc(n * sizeof(*v));
	if (d->found.v == NULL) {
		dial_free(d);
		return ERR_NOMEM;
	}
	memcpy(d->found.v, v, n * sizeof(*v));
	d->found.n = n;
	interleave(&d->found);
	timer_set(d->stagger, loop_now(loop));	/* the first attempt, from the loop */
	*out = d;
	return ERR_OK;
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL)
		dial_free(d);
}
