/* SPDX-License-Identifier: ISC */
/*
 * ssh/keystrokes.h - hides from those who watch the wire when keys are typed
 * (ObscureKeystrokeTiming).
 *
 * grid    while somebody types, keys leave at even times only, one packet a time
 * chaff   a PING in place of a key at times when there is none; it looks the
 *         same, and so does its answer. For a second or three after the last key
 *
 * The grid has 20 ms, as OpenSSH's: on a path that is slow anyway that is not felt, and
 * spares it packets. A server that answers at once is near, and such a path is wide: there the
 * grid has 8 ms. Neither tells more than the other. interval: in the config goes before both.
 *
 * The first key after a pause leaves at once and begins a grid. What comes in
 * large pieces has been pasted: it tells nothing and does not wait.
 */
#ifndef SSH_KEYSTROKES_H
#define SSH_KEYSTROKES_H

#include <stdbool.h>
#include <stddef.h>

#include "os/loop.h"

struct event;
struct session;
struct ssh;

/* How far the server of a connection is: PINGs are answered in turn. Starts zeroed. */
struct keystrokes_path {
	unsigned unanswered;
	msec asked;		/* when the one was sent whose answer comes next; 0: not known */
	bool is_near;
};

/* Starts zeroed. */
struct keystrokes {
	struct timer *tick;	/* NULL: nothing is hidden */
	msec chaff_until;
	bool is_running;	/* a grid is */
};

/*
 * From now on hides the typing of the session, if the config wants that and the
 * server answers PING. ERR_NOMEM, ERR_SYSTEM.
 */
enum err keystrokes_start(struct session *se);

/* Takes the answers to what was sent in place of keys; false: not one of them. */
bool keystrokes_event(struct ssh *s, const struct event *ev);

/* Within the pump's filter: n bytes of input are about to be sent. */
void keystrokes_typed(struct session *se, size_t n);

/* Hides nothing any more. */
void keystrokes_stop(struct keystrokes *k);

#endif
