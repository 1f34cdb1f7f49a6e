/* SPDX-License-Identifier: ISC */
/*
 * tools/ssh_keygen_agent.h - signing by a key that the agent holds, for
 * ssh-keygen -s and -Y sign.
 */
#ifndef TOOLS_SSH_KEYGEN_AGENT_H
#define TOOLS_SSH_KEYGEN_AGENT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"

/* A key in the agent. */
struct agent_signer {
	int fd;				/* the agent; -1: none */
	struct span blob;		/* as the agent knows the key; borrowed from who asked */
};

/*
 * Looks for a key in the agent of SSH_AUTH_SOCK: for blob, else for instead,
 * the same key without its certificate. ERR_NOTFOUND if it has neither,
 * ERR_SYSTEM if there is no agent; then there is nothing to close.
 */
enum err agent_signer_find(struct span blob, struct span instead, struct agent_signer *out);

/* As agent_sign(): ERR_DENIED if the agent will not. */
enum err agent_signer_sign(const struct agent_signer *signer, struct span alg, struct span data,
    struct writer *sig);

/* Closes it. For SCOPED. */
void agent_signer_close(struct agent_signer *signer);

#endif
