/* SPDX-License-Identifier: ISC */
/*
 * ssh/x11.h - X11 forwarding (-X, -Y): the server gets a cookie that is good
 * for nothing but connections through this channel; what comes with it is
 * given the display's own.
 *
 * trusted     the display's cookie: remote programs may do what local ones may
 * untrusted   a cookie that the display was asked for, with fewer rights and
 *             an end (ForwardX11Timeout)
 */
#ifndef SSH_X11_H
#define SSH_X11_H

#include "ssh/forward_i.h"

/*
 * Finds the display and its cookie, and writes the body of x11-req. False if
 * there is to be no forwarding; the user has been told why.
 */
bool x11_prepare(struct ssh *s, struct writer *body);

/* The server opens an X11 connection: takes or refuses it. */
void x11_open(struct ssh *s, const struct event *ev);

/* Takes data of such a channel until it is attached. False: it is none of it. */
bool x11_event(struct relay *t, const struct event *ev);

/* Wipes and frees. NULL is fine. */
void x11_free(struct x11 *x);

/* --- x11_cookie.c --- */

struct x11_cookie {
	char method[64];
	struct secret value;
};

/*
 * Asks xauth for the display's cookie, or for an untrusted one that lives for
 * so many seconds (0: for ever). ERR_NOTFOUND: it has none; ERR_SYSTEM.
 */
enum err x11_find_cookie(const struct ssh *s, const char *display, bool is_trusted,
    uint32_t seconds, struct x11_cookie *out);

#endif
