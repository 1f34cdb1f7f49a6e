/* SPDX-License-Identifier: ISC */
/*
 * sshd/session_name.h - names to listen under in the place of addresses
 * (ForwardingNames): on a relay, a device that nobody can connect to asks for
 * "kiosk-17" port 22 (tcpip-forward), and whoever asks for a connection to
 * "kiosk-17" port 22 (direct-tcpip) reaches it.
 *
 * A name is an abstract Unix socket of the account: no port, no file, nothing
 * left behind by a process that has died. Both ends are held against the
 * account's uid, so that only its own connections meet. The one that connects
 * binds to an address that says where its client is, for the device to hear.
 */
#ifndef SSHD_SESSION_NAME_H
#define SSHD_SESSION_NAME_H

#include <sys/types.h>

#include "base/text.h"
#include "os/net.h"

/* Listens under a name. ERR_SYSTEM with errno; EADDRINUSE: somebody does. */
enum err name_listen(uid_t uid, struct span name, uint32_t port, int *fd);

/* Connects to a name for a client at from. ERR_NOTFOUND: nobody of this account listens there; ERR_SYSTEM with errno. */
enum err name_connect(uid_t uid, struct span name, uint32_t port, const struct endpoint *from,
    int *fd);

/* Where the client of an accepted connection is. ERR_DENIED: it is not this account's. */
enum err name_client(uid_t uid, int fd, struct endpoint *from);

#endif
