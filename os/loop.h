/* SPDX-License-Identifier: ISC */
/*
 * os/loop.h - the event loop of one process: descriptors, timers, signals.
 *
 * watch   a descriptor and a function to call when it is ready
 * timer   a moment on the boot-time clock and a function to call then
 *
 * Built on epoll. Descriptors that cannot be polled (regular files,
 * /dev/null) count as always ready. Everything is called from loop_turn(),
 * never from a signal handler. A watch or timer may be freed from within any
 * call, its own too. The loop owns its watches and timers.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <stdbool.h>

#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;
struct watch;
struct timer;

#define LOOP_READ	1u
#define LOOP_WRITE	2u
#define LOOP_HANGUP	4u	/* reported only: error or hang-up, with READ or WRITE as asked */

/* Makes a loop. ERR_NOMEM, ERR_SYSTEM. */
enum err loop_new(struct loop **out);

/* Frees the loop, its watches (not their descriptors) and its timers. */
void loop_free(struct loop *loop);

/*
 * Calls ready(arg, events) whenever fd is ready for what is in events (bits,
 * 0 for none yet). The descriptor stays the caller's. ERR_NOMEM, ERR_SYSTEM.
 */
enum err loop_watch(struct loop *loop, struct watch **out, int fd, unsigned events,
    void (*ready)(void *arg, unsigned events), void *arg);

/* Changes what the watch waits for. Costs nothing if it is the same. */
void watch_set(struct watch *w, unsigned events);

/* What the watch waits for now. */
unsigned watch_events(const struct watch *w);

/* Ends a watch; call it before closing the descriptor. NULL is fine. */
void watch_free(struct watch *w);

/* Makes a timer that calls due(arg); it is not running yet. ERR_NOMEM. */
enum err loop_timer(struct loop *loop, struct timer **out, void (*due)(void *arg), void *arg);

/* Lets the timer fire once at a moment; MSEC_NEVER stops it. */
void timer_set(struct timer *t, msec at);

/* Ends a timer. NULL is fine. */
void timer_free(struct timer *t);

/*
 * Calls got(arg, signo) from the loop when the signal comes; the signal is
 * blocked for normal delivery from then on. ERR_SYSTEM, ERR_LIMIT.
 */
enum err loop_signal(struct loop *loop, int signo, void (*got)(void *arg, int signo), void *arg);

/*
 * Within got(): who sent the signal; of SIGCHLD, the child. Signals of one kind
 * that come before the first was taken are one: others may have sent it, too.
 */
pid_t loop_signal_sender(const struct loop *loop);

/*
 * To be called in a child that goes on with its parent's loop (the parent
 * must not): signals are delivered to the process that began to watch them.
 * ERR_SYSTEM.
 */
enum err loop_forked(struct loop *loop);

/* Unblocks the signals that loops took, for a child before it execs. */
void loop_signals_reset(void);

/* The boot-time clock as of the last turn; moves within a turn only by loop_time(). */
msec loop_now(const struct loop *loop);

/* Looks at the clock again and returns it. */
msec loop_time(struct loop *loop);

/* Waits (until timeout at the latest; MSEC_NEVER: as long as it takes) and calls what is due. */
enum err loop_turn(struct loop *loop, msec timeout);

/* Turns until loop_stop(). ERR_SYSTEM if waiting fails. */
enum err loop_run(struct loop *loop);

/* Makes loop_run() return after the present turn. */
void loop_stop(struct loop *loop);

#endif
