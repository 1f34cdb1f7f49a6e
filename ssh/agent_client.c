/* SPDX-License-Identifier: ISC */
#include "ssh/agent_client.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/net.h"

enum err
agent_open(const char *path, int *fd)
{
	return net_connect_unix_wait(path, fd);
}

/* Sends a frame and receives the one that answers it, which borrows from answer. */
static enum err
ask(int fd, const struct writer *question, struct writer *answer, struct agent_frame *frame)
{
	enum err e;

	TRY(wr_end(question));
	TRY(file_write_all(fd, writer_span(question)));
	while ((e = agent_frame_get(writer_span(answer), frame)) == ERR_AGAIN) {
		struct room room = wr_reserve(answer, 4096);
		ssize_t n;

		TRY(wr_end(answer));
		n = read(fd, room.p, room.len);
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		if (n == 0)
			return ERR_CLOSED;
		wr_commit(answer, n == -1 ? 0 : (size_t)n);
	}
	return e;
}

enum err
agent_request(int fd, const struct writer *request)
{
	SCOPED(writer_free) struct writer answer = writer_init(2 * AGENT_MAX_FRAME);
	struct agent_frame frame;

	TRY(ask(fd, request, &answer, &frame));
	return frame.type == AGENT_SUCCESS ? ERR_OK : ERR_DENIED;
}

enum err
agent_query(int fd, void (*each)(void *arg, struct span name), void *arg)
{
	SCOPED(writer_free) struct writer question = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer answer = writer_init(2 * AGENT_MAX_FRAME);
	struct agent_frame frame;
	struct span names;
	struct reader r;

	agent_query_put(&question);
	TRY(ask(fd, &question, &answer, &frame));
	if (frame.type != AGENT_EXTENSION_RESPONSE)
		return ERR_DENIED;
	TRY(agent_query_answer_get(frame.body, &names));
	for (r = rd_init(names); r.rest.len > 0;) {
		struct span name = rd_bytes(&r);

		if (r.err == ERR_OK)
			each(arg, name);
	}
	return r.err;
}

enum err
agent_bind_frame(const struct conn *c, bool is_forwarding, struct writer *w)
{
	struct agent_bind bind = {
		.hostkey = conn_hostkey(c), .session_id = conn_session_id(c),
		.sig = conn_hostkey_sig(c), .is_forwarding = is_forwarding,
	};

	if (bind.sig.len == 0)
		return ERR_NOTFOUND;
	agent_bind_put(w, &bind);
	return wr_end(w);
}

enum err
agent_bind(int fd, const struct conn *c)
{
	SCOPED(writer_free) struct writer question = writer_init(AGENT_MAX_FRAME);

	TRY(agent_bind_frame(c, false, &question));
	return agent_request(fd, &question);
}

enum err
agent_list(int fd, enum err (*each)(void *arg, struct span blob, struct span comment), void *arg)
{
	SCOPED(writer_free) struct writer question = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer answer = writer_init(2 * AGENT_MAX_FRAME);
	struct agent_identities list;
	struct agent_frame frame;
	struct span blob, comment;

	agent_put(&question, AGENT_REQUEST_IDENTITIES);
	TRY(ask(fd, &question, &answer, &frame));
	if (frame.type != AGENT_IDENTITIES_ANSWER)
		return ERR_FORMAT;
	TRY(agent_identities_get(frame.body, &list));
	while (agent_identity_get(&list, &blob, &comment))
		TRY(each(arg, blob, comment));
	return agent_identities_end(&list);
}

enum err
agent_sign(int fd, struct span blob, struct span alg, struct span data, struct writer *sig)
{
	SCOPED(writer_free) struct writer question = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer answer = writer_init(2 * AGENT_MAX_FRAME);
	struct agent_frame frame;
	struct span got;

	agent_sign_put(&question, blob, data, alg);
	TRY(ask(fd, &question, &answer, &frame));
	if (frame.type == AGENT_FAILURE)
		return ERR_DENIED;
	if (frame.type != AGENT_SIGN_RESPONSE)
		return ERR_FORMAT;
	TRY(agent_signature_get(frame.body, &got));
	wr_raw(sig, got);
	return wr_end(sig);
}

enum err
agent_add(int fd, const struct key *k, const struct agent_add *add)
{
	SCOPED(writer_free) struct writer question = writer_init(4 + AGENT_MAX_FRAME);

	agent_add_put(&question, k, add);
	return agent_request(fd, &question);
}
