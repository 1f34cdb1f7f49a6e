/* SPDX-License-Identifier: ISC */
/*
 * sshd/host_agent.h - an agent that holds the server's keys (HostKeyAgent).
 *
 * Each signature is asked for on a connection of its own, so that the guards
 * share nothing. Whoever holds the agent's socket is believed no more than
 * what he signs: callers check the signature.
 */
#ifndef SSHD_HOST_AGENT_H
#define SSHD_HOST_AGENT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* Asks the agent at a socket whether it has the key. ERR_NOTFOUND: it has not; else as below. */
enum err host_agent_has(const char *path, struct span blob);

/* Asks the agent at a socket for a signature by alg; waits a few seconds. ERR_SYSTEM, ERR_TIMEOUT, ERR_DENIED, ERR_FORMAT. */
enum err host_agent_sign(const char *path, struct span blob, struct span alg, struct span data,
    struct writer *sig);

#endif
