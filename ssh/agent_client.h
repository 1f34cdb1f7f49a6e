/* SPDX-License-Identifier: ISC */
/*
 * ssh/agent_client.h - asking ssh-agent for keys and signatures.
 *
 * One socket, one question at a time, each waited for: nothing else is to be
 * done meanwhile, and an agent may be asking its user.
 */
#ifndef SSH_AGENT_CLIENT_H
#define SSH_AGENT_CLIENT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"
#include "conn/conn.h"
#include "keys/agent_msg.h"

/* Connects to the agent's socket at path. ERR_SYSTEM with errno. */
enum err agent_open(const char *path, int *fd);

/*
 * Writes the frame that ties a connection to an agent to this session
 * (session-bind@openssh.com), so that the agent knows which host its keys are
 * used for. ERR_NOTFOUND if no host has proved itself on c; ERR_NOMEM.
 */
enum err agent_bind_frame(const struct conn *c, bool is_forwarding, struct writer *w);

/*
 * Ties fd to the session of c, for the login. ERR_DENIED if the agent did not
 * take it, as one that does not know of this: it can be asked all the same.
 */
enum err agent_bind(int fd, const struct conn *c);

/*
 * Asks for the keys: each(arg, blob, comment) is called for every one, until
 * it returns an error, which is returned. ERR_SYSTEM, ERR_NOMEM; ERR_FORMAT
 * and the like if the agent does not speak the protocol.
 */
enum err agent_list(int fd, enum err (*each)(void *arg, struct span blob, struct span comment),
    void *arg);

/*
 * Asks for a signature by alg over data; appends the signature blob to sig.
 * ERR_DENIED if the agent will not.
 */
enum err agent_sign(int fd, struct span blob, struct span alg, struct span data,
    struct writer *sig);

/*
 * Sends a request whose answer is SUCCESS: to remove keys, to lock. ERR_DENIED
 * for any other answer.
 */
enum err agent_request(int fd, const struct writer *request);

/*
 * Asks which extensions it has: each(arg, name) for every one. ERR_DENIED if
 * it does not say.
 */
enum err agent_query(int fd, void (*each)(void *arg, struct span name), void *arg);

/* Gives it a private key. ERR_DENIED if it does not take it. */
enum err agent_add(int fd, const struct key *k, const struct agent_add *add);

#endif
