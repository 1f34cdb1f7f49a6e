/* SPDX-License-Identifier: ISC */
#include "tools/ssh_keygen_agent.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ssh/agent_client.h"

/* What is looked for, and what has been seen. */
struct search {
	struct span blob, instead;
	bool has_blob, has_instead;
};

static enum err
note_identity(void *arg, struct span blob, struct span comment)
{
	struct search *s = arg;

	(void)comment;
	s->has_blob = s->has_blob || span_eq(blob, s->blob);
	s->has_instead = s->has_instead || span_eq(blob, s->instead);
	return ERR_OK;
}

enum err
agent_signer_find(struct span blob, struct span instead, struct agent_signer *out)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	struct search s = { .blob = blob, .instead = instead };
	enum err e;

	out->fd = -1;
	if (path == NULL || *path == '\0') {
		errno = ENOENT;
		return ERR_SYSTEM;
	}
	TRY(agent_open(path, &out->fd));
	e = agent_list(out->fd, note_identity, &s);
	out->blob = s.has_blob ? blob : instead;
	if (e == ERR_OK && !s.has_blob && !s.has_instead)
		e = ERR_NOTFOUND;
	if (e != ERR_OK)
		agent_signer_close(out);
	return e;
}

enum err
agent_signer_sign(const struct agent_signer *signer, struct span alg, struct span data,
    struct writer *sig)
{
	return agent_sign(signer->fd, signer->blob, alg, data, sig);
}

void
agent_signer_close(struct agent_signer *signer)
{
	if (signer->fd != -1)
		close(signer->fd);
	signer->fd = -1;
}
