/* SPDX-License-Identifier: ISC */
#include "os/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/clock.h"

#define LOOP_BATCH	64	/* epoll events taken at once */
#define BEHIND_MSEC	100	/* how soon the kernel is asked again that had no memory */
#define LOOP_SIGNALS	12	/* kinds of signal one loop may take */

struct watch {
	struct loop *loop;
	struct watch *prev, *next;	/* among the loop's, or its dead */
	int fd;
	unsigned events;		/* that are wanted */
	unsigned polled;		/* of these, what the kernel was told */
	bool always;			/* cannot be polled: always ready */
	bool dead;
	void (*ready)(void *, unsigned);
	void *arg;
};

struct timer {
	struct loop *loop;
	struct timer *prev, *next;	/* among the loop's */
	size_t at;			/* index in the heap; SIZE_MAX: not running */
	msec due;
	void (*fire)(void *);
	void *arg;
};

struct taken_signal {
	int signo;
	void (*got)(void *, int);
	void *arg;
};

struct loop {
	int epfd;
	msec now;
	bool stop;
	struct watch *watches;
	struct watch *dead;		/* freed in this turn, kept until its end */
	size_t n_always;		/* always-ready watches that want something */
	bool has_behind;		/* the kernel had no memory for some watch */
	struct timer *timers;
	struct timer **heap;		/* those that run, earliest first */
	size_t n_heap, cap_heap;
	bool is_firing;			/* in fire_timers() */
	int sigfd;
	struct watch *sigwatch;
	sigset_t sigset;
	pid_t sender;			/* of the signal that is being told */
	struct taken_signal signals[LOOP_SIGNALS];
	size_t n_signals;
};

enum err
loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	*out = NULL;
	if (loop == NULL)
		return ERR_NOMEM;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd == -1) {
		free(loop);
		return ERR_SYSTEM;
	}
	loop->sigfd = -1;
	sigemptyset(&loop->sigset);
	loop->now = clock_boot();
	*out = loop;
	return ERR_OK;
}

/* Frees what watch_free() put aside. */
static void
bury(struct loop *loop)
{
	struct watch *w;

	while ((w = loop->dead) != NULL) {
		loop->dead = w->next;
		free(w);
	}
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	while (loop->watches != NULL)
		watch_free(loop->watches);
	bury(loop);
	while (loop->timers != NULL)
		timer_free(loop->timers);
	free(loop->heap);
	if (loop->sigfd != -1)
		close(loop->sigfd);
	close(loop->epfd);
	free(loop);
}

/* What epoll calls our bits. */
static uint32_t
epoll_bits(unsigned events)
{
	return (events & LOOP_READ ? EPOLLIN | EPOLLRDHUP : 0) |
	    (events & LOOP_WRITE ? EPOLLOUT : 0);
}

enum err
loop_watch(struct loop *loop, struct watch **out, int fd, unsigned events,
    void (*ready)(void *arg, unsigned events), void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev = { .events = epoll_bits(events), .data.ptr = w };

	*out = NULL;
	if (w == NULL)
		return ERR_NOMEM;
	*w = (struct watch){ .loop = loop, .fd = fd, .events = events, .polled = events, .ready = ready, .arg = arg };
	if (epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &ev) == -1) {
		if (errno != EPERM) {
			free(w);
			return ERR_SYSTEM;
		}
		w->always = true;
		loop->n_always += events != 0;
	} else if (events == 0) {
		/* Not in the set at all: a hang-up would be reported for ever. */
		(void)epoll_ctl(loop->epfd, EPOLL_CTL_DEL, fd, NULL);
	}
	w->next = loop->watches;
	if (w->next != NULL)
		w->next->prev = w;
	loop->watches = w;
	*out = w;
	return ERR_OK;
}

/* Tells the kernel what is wanted. Only to add may fail, for memory or the user's share: then later. */
static void
poll_wanted(struct watch *w)
{
	struct epoll_event ev = { .events = epoll_bits(w->events), .data.ptr = w };
	int op = w->polled == 0 ? EPOLL_CTL_ADD : w->events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (w->polled == w->events)
		return;
	if (epoll_ctl(w->loop->epfd, op, w->fd, &ev) == 0) {
		w->polled = w->events;
		return;
	}
	must(op == EPOLL_CTL_ADD && (errno == ENOMEM || errno == ENOSPC));
	w->loop->has_behind = true;
}

/* Asks again for those that the kernel had no memory for. */
static void
catch_up(struct loop *loop)
{
	if (!loop->has_behind)
		return;
	loop->has_behind = false;
	for (struct watch *w = loop->watches; w != NULL; w = w->next) {
		if (!w->always)
			poll_wanted(w);
	}
}

void
watch_set(struct watch *w, unsigned events)
{
	if (w->events == events)
		return;
	if (w->always)
		w->loop->n_always += (events != 0) - (w->events != 0);
	w->events = events;
	if (!w->always)
		poll_wanted(w);
}

unsigned
watch_events(const struct watch *w)
{
	return w->events;
}

void
watch_free(struct watch *w)
{
	struct loop *loop;

	if (w == NULL || w->dead)
		return;
	loop = w->loop;
	if (w->always)
		loop->n_always -= w->events != 0;
	else if (w->polled != 0)
		(void)epoll_ctl(loop->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	if (w->next != NULL)
		w->next->prev = w->prev;
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		loop->watches = w->next;
	w->dead = true;
	w->next = loop->dead;
	loop->dead = w;
}

/* --- timers: a binary heap --- */

static void
heap_put(struct loop *loop, size_t i, struct timer *t)
{
	loop->heap[i] = t;
	t->at = i;
}

/* Restores the order around index i after its timer has changed. */
static void
heap_sift(struct loop *loop, size_t i)
{
	struct timer *t = loop->heap[i];

	while (i > 0 && loop->heap[(i - 1) / 2]->due > t->due) {
		heap_put(loop, i, loop->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < loop->n_heap && loop->heap[child + 1]->due < loop->heap[child]->due)
			child++;
		if (child >= loop->n_heap || loop->heap[child]->due >= t->due)
			break;
		heap_put(loop, i, loop->heap[child]);
		i = child;
	}
	heap_put(loop, i, t);
}

static void
heap_remove(struct loop *loop, struct timer *t)
{
	size_t i = t->at;

	if (i == SIZE_MAX)
		return;
	t->at = SIZE_MAX;
	loop->n_heap--;
	if (i < loop->n_heap) {
		heap_put(loop, i, loop->heap[loop->n_heap]);
		heap_sift(loop, i);
	}
}

enum err
loop_timer(struct loop *loop, struct timer **out, void (*due)(void *arg), void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct timer){ .loop = loop, .at = SIZE_MAX, .due = MSEC_NEVER, .fire = due, .arg = arg };
	if (loop->n_heap + 1 > loop->cap_heap || loop->cap_heap == 0) {
		size_t cap = loop->cap_heap == 0 ? 8 : loop->cap_heap * 2;
		struct timer **heap = realloc(loop->heap, cap * sizeof(struct timer *));

		if (heap == NULL) {
			free(t);
			return ERR_NOMEM;
		}
		loop->heap = heap;
		loop->cap_heap = cap;
	}
	t->next = loop->timers;
	if (t->next != NULL)
		t->next->prev = t;
	loop->timers = t;
	*out = t;
	return ERR_OK;
}

void
timer_set(struct timer *t, msec at)
{
	struct loop *loop = t->loop;

	/* Set anew by one that fires: behind those that are due already. */
	t->due = loop->is_firing && at < loop->now ? loop->now : at;
	if (at == MSEC_NEVER) {
		heap_remove(loop, t);
		return;
	}
	if (t->at == SIZE_MAX) {
		if (loop->n_heap == loop->cap_heap) {
			size_t cap = loop->cap_heap * 2;
			struct timer **heap = realloc(loop->heap, cap * sizeof(struct timer *));

			must(heap != NULL);	/* some bytes, in a program of ours */
			loop->heap = heap;
			loop->cap_heap = cap;
		}
		t->at = loop->n_heap++;
		loop->heap[t->at] = t;
	}
	heap_sift(loop, t->at);
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	heap_remove(t->loop, t);
	if (t->next != NULL)
		t->next->prev = t->prev;
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		t->loop->timers = t->next;
	free(t);
}

/* --- signals --- */

static void
signals_ready(void *arg, unsigned events)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(loop->sigfd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		loop->sender = (pid_t)info.ssi_pid;
		for (size_t i = 0; i < loop->n_signals; i++) {
			struct taken_signal *s = &loop->signals[i];

			if (s->signo == (int)info.ssi_signo)
				s->got(s->arg, s->signo);
		}
	}
}

enum err
loop_signal(struct loop *loop, int signo, void (*got)(void *arg, int signo), void *arg)
{
	int fd;

	if (loop->n_signals == LOOP_SIGNALS)
		return ERR_LIMIT;
	sigaddset(&loop->sigset, signo);
	if (sigprocmask(SIG_BLOCK, &loop->sigset, NULL) == -1)
		return ERR_SYSTEM;
	fd = signalfd(loop->sigfd, &loop->sigset, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		return ERR_SYSTEM;
	loop->sigfd = fd;
	if (loop->sigwatch == NULL)
		TRY(loop_watch(loop, &loop->sigwatch, fd, LOOP_READ, signals_ready, loop));
	loop->signals[loop->n_signals++] = (struct taken_signal){ signo, got, arg };
	return ERR_OK;
}

pid_t
loop_signal_sender(const struct loop *loop)
{
	return loop->sender;
}

enum err
loop_forked(struct loop *loop)
{
	int fd;

	if (loop->sigwatch == NULL)
		return ERR_OK;
	watch_free(loop->sigwatch);
	loop->sigwatch = NULL;
	fd = signalfd(-1, &loop->sigset, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd == -1)
		return ERR_SYSTEM;
	close(loop->sigfd);
	loop->sigfd = fd;
	return loop_watch(loop, &loop->sigwatch, fd, LOOP_READ, signals_ready, loop);
}

void
loop_signals_reset(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* --- turning --- */

msec
loop_now(const struct loop *loop)
{
	return loop->now;
}

msec
loop_time(struct loop *loop)
{
	loop->now = clock_boot();
	return loop->now;
}

/* How long epoll_wait() may wait. */
static int
wait_msec(struct loop *loop, msec timeout)
{
	msec until = timeout;
	msec now;

	if (loop->n_always > 0)
		return 0;
	if (loop->n_heap > 0 && loop->heap[0]->due < until)
		until = loop->heap[0]->due;
	if (loop->has_behind && loop_time(loop) + BEHIND_MSEC < until)
		until = loop->now + BEHIND_MSEC;
	if (until == MSEC_NEVER)
		return -1;
	now = loop_time(loop);
	if (until <= now)
		return 0;
	return until - now > INT_MAX ? INT_MAX : (int)(until - now);
}

/*
 * No more in one turn than there were at its beginning: one that always sets
 * itself anew must not keep descriptors from theirs.
 */
static void
fire_timers(struct loop *loop)
{
	loop->is_firing = true;
	for (size_t n = loop->n_heap; n > 0 && loop->n_heap > 0 &&
	    loop->heap[0]->due <= loop->now; n--) {
		struct timer *t = loop->heap[0];

		heap_remove(loop, t);
		t->due = MSEC_NEVER;
		t->fire(t->arg);
	}
	loop->is_firing = false;
}

static void
call_always(struct loop *loop)
{
	struct watch *next;

	for (struct watch *w = loop->watches; w != NULL; w = next) {
		next = w->next;		/* a dead w's next leads among the dead */
		if (w->always && w->events != 0)
			w->ready(w->arg, w->events);
		if (next != NULL && next->dead)
			return;		/* the rest has its turn next time */
	}
}

enum err
loop_turn(struct loop *loop, msec timeout)
{
	struct epoll_event ev[LOOP_BATCH];
	int n;

	catch_up(loop);
	n = epoll_wait(loop->epfd, ev, LOOP_BATCH, wait_msec(loop, timeout));
	if (n == -1 && errno != EINTR)
		return ERR_SYSTEM;
	loop_time(loop);
	for (int i = 0; i < n; i++) {
		struct watch *w = ev[i].data.ptr;
		unsigned got = 0;

		if (w->dead)
			continue;
		if (ev[i].events & (EPOLLERR | EPOLLHUP))
			got = LOOP_HANGUP | w->events;
		if (ev[i].events & (EPOLLIN | EPOLLRDHUP))
			got |= LOOP_READ & w->events;
		if (ev[i].events & EPOLLOUT)
			got |= LOOP_WRITE & w->events;
		if (got != 0)
			w->ready(w->arg, got);
	}
	if (loop->n_always > 0)
		call_always(loop);
	fire_timers(loop);
	bury(loop);
	return ERR_OK;
}

enum err
loop_run(struct loop *loop)
{
	loop->stop = false;
	while (!loop->stop)
		TRY(loop_turn(loop, MSEC_NEVER));
	return ERR_OK;
}

void
loop_stop(struct loop *loop)
{
	loop->stop = true;
}
