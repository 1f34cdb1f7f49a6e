/* SPDX-License-Identifier: ISC */
/*
 * ssh/keystrokes.h - hides from those who watch the wire when keys are typed
 * (ObscureKeystrokeTiming).
 *
 * grid    while somebody types, keys leave at even times only, one packet a time
 * chaff   a PING in place of a key at times when there is none; it looks the
 *         same, and so does its answer. For a second or three after the last key
 *
 * The first key after a pause leaves at once and begins a grid. What comes in
 * large pieces has been pasted: it tells nothing and does not wait.
 */
#ifndef SSH_KEYSTROKES_H
#define SSH_KEYSTROKES_H

#include <stddef.h>

#include "os/loop.h"

struct session;

/* Starts zeroed. */
struct keystrokes {
	struct timer *tick;	/* NULL: nothing is hidden */
	msec interval;
	msec chaff_until;
	bool is_running;	/* a grid is */
};

/*
 * From now on hides the typing of the session, if the config wants that and the
 * server answers PING. ERR_NOMEM, ERR_SYSTEM.
 */
enum err keystrokes_start(struct session *se);

/* Within the pump's filter: n bytes of input are about to be sent. */
void keystrokes_typed(struct session *se, size_t n);

/* Hides nothing any more. */
void keystrokes_stop(struct keystrokes *k);

#endif
