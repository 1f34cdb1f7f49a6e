/* SPDX-License-Identifier: ISC */
/*
 * sshd/control_client.h - what programs that talk to the control socket need
 * besides its messages (sshd/control_messages.h): where it is.
 */
#ifndef SSHD_CONTROL_CLIENT_H
#define SSHD_CONTROL_CLIENT_H

#include <sys/types.h>

#include "base/err.h"

/* The default of EphemeralKeySocket. */
#define CONTROL_DEFAULT_PATH	"/run/dayfly/ephemeral.sock"

/*
 * Writes the path of the socket into buf: configured, if that is set ("none":
 * no socket, ERR_NOTFOUND). Where it is not (NULL), or is root's default for
 * somebody else: CONTROL_DEFAULT_PATH for root; else
 * runtime_dir/dayfly/ephemeral.sock (runtime_dir: XDG_RUNTIME_DIR, or NULL);
 * else "ephemeral.sock" in the directory of pid_file (NULL: none).
 * ERR_NOTFOUND if nothing applies, ERR_RANGE if it is too long for a socket.
 */
enum err control_socket_path(const char *configured, uid_t uid, const char *runtime_dir,
    const char *pid_file, char *buf, size_t size);

/*
 * The path where the machine's config has it (the file that sshd reads by
 * default; one that cannot be read is as if it were empty). As above.
 */
enum err control_configured_path(char *buf, size_t size);

#endif
