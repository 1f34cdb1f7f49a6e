/* SPDX-License-Identifier: ISC */
/*
 * channels/x11.h - X11 on a channel (RFC 4254 6.3): the first message of a
 * connection, in which the client proves that it may use the display.
 *
 * setup   byte order, version, name of the method, cookie (X protocol, 8)
 * fake    the cookie that the server was given
 * real    the display's own, which never leaves this machine
 */
#ifndef CHANNELS_X11_H
#define CHANNELS_X11_H

#include "base/err.h"
#include "base/writer.h"

/* A method's name and a cookie are no longer than this, each. */
#define X11_FIELD_MAX	1024

/* The longest setup message. */
#define X11_SETUP_MAX	(12 + 2 * X11_FIELD_MAX)

/*
 * Takes the setup at the beginning of in, and writes it with the real cookie
 * in place of the fake one (which is as long). *used: how many bytes of in that
 * was. ERR_AGAIN: more is needed; ERR_FORMAT: no setup; ERR_DENIED: another
 * method or cookie.
 */
enum err x11_setup_swap(struct span in, struct span method, struct span fake, struct span real,
    struct writer *out, size_t *used);

#endif
