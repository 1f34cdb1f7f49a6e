/* SPDX-License-Identifier: ISC */
/*
 * os/reverse.h - addresses to host names, by c-ares: /etc/hosts, then DNS.
 *
 * A name counts only if it maps back: whoever has an address decides what it
 * maps to, but not what others' names do.
 */
#ifndef OS_REVERSE_H
#define OS_REVERSE_H

#include "base/clock.h"
#include "base/text.h"

/* As long as names are (RFC 1035), with a NUL. */
#define REVERSE_MAX	256

/*
 * Looks up the name of an address, and the addresses of that name, and waits
 * for the answers; lower case. ERR_NOTFOUND: there is none. ERR_DENIED: it
 * does not map back, or is none that a host could have. ERR_TIMEOUT,
 * ERR_NOMEM, ERR_SYSTEM: not known. name is what the address claims where
 * there is one, also on error.
 */
enum err reverse_wait(const struct address *a, msec timeout, char name[static REVERSE_MAX]);

#endif
