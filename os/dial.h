/* SPDX-License-Identifier: ISC */
/*
 * os/dial.h - connecting to a host and port by name, on a loop: looks the name
 * up and tries its addresses, a next one as soon as one has failed or has not
 * answered for a quarter of a second, the families in turn (RFC 8305). For what
 * is forwarded.
 */
#ifndef OS_DIAL_H
#define OS_DIAL_H

#include "os/names.h"

struct dial;

/*
 * Starts; done(arg, fd, why) is called once, from a later turn of the loop:
 * fd is the connected socket (non-blocking, the receiver's), or -1 and why
 * says what went wrong ("Connection refused"; valid during the call). timeout
 * 0: as long as the system tries. *out is for dial_cancel() until then.
 * ERR_NOMEM, ERR_SYSTEM.
 */
enum err dial_start(struct loop *loop, struct names *names, const char *host, uint16_t port,
    enum names_family family, msec timeout, void (*done)(void *arg, int fd, const char *why),
    void *arg, struct dial **out);

/* The same for addresses that are known already: one or more, at most NAMES_MAX. */
enum err dial_start_at(struct loop *loop, const struct endpoint *v, size_t n, msec timeout,
    void (*done)(void *arg, int fd, const char *why), void *arg, struct dial **out);

/* Ends it without calling anybody. NULL is fine. */
void dial_cancel(struct dial *d);

#endif
