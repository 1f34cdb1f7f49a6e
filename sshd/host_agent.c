/* SPDX-License-Identifier: ISC */
#include "sshd/host_agent.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "keys/agent_msg.h"
#include "os/clock.h"
#include "os/net.h"

/* An agent may keep its keys in hardware that takes its time. */
#define AGENT_MSEC	8000

/* Waits until fd is ready. ERR_TIMEOUT, ERR_SYSTEM. */
static enum err
wait_for(int fd, short events, msec until)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		msec now = clock_boot();
		int n;

		if (now >= until)
			return ERR_TIMEOUT;
		n = poll(&p, 1, (int)(until - now));
		if (n > 0)
			return ERR_OK;
		if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
	}
}

static enum err
send_all(int fd, struct span s, msec until)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.p, s.len, MSG_NOSIGNAL);

		if (n > 0)
			s = span_skip(s, (size_t)n);
		else if (errno == EAGAIN)
			TRY(wait_for(fd, POLLOUT, until));
		else if (errno != EINTR)
			return ERR_SYSTEM;
	}
	return ERR_OK;
}

/* Receives one frame into w. */
static enum err
receive_frame(int fd, struct writer *w, struct agent_frame *frame, msec until)
{
	uint8_t buf[4096];
	enum err e;

	while ((e = agent_frame_get(writer_span(w), frame)) == ERR_AGAIN) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n == 0)
			return ERR_CLOSED;
		if (n == -1 && errno == EAGAIN)
			TRY(wait_for(fd, POLLIN, until));
		else if (n == -1 && errno != EINTR)
			return ERR_SYSTEM;
		else if (n > 0)
			wr_raw(w, span_of(buf, (size_t)n));
		TRY(wr_end(w));
	}
	return e;
}

/* Asks at the socket; the frame's body borrows from answer. */
static enum err
ask(const char *path, struct span request, struct writer *answer, struct agent_frame *frame)
{
	msec until = clock_boot() + AGENT_MSEC;
	enum err e;
	int fd;

	TRY(net_connect_unix(path, SOCK_STREAM, &fd));
	e = send_all(fd, request, until);
	if (e == ERR_OK)
		e = receive_frame(fd, answer, frame, until);
	close(fd);
	return e;
}

enum err
host_agent_has(const char *path, struct span blob)
{
	SCOPED(writer_free) struct writer request = writer_init(64), answer = writer_init(AGENT_MAX_FRAME);
	struct agent_identities keys;
	struct agent_frame frame;
	struct span one, comment;

	agent_put(&request, AGENT_REQUEST_IDENTITIES);
	TRY(wr_end(&request));
	TRY(ask(path, writer_span(&request), &answer, &frame));
	if (frame.type != AGENT_IDENTITIES_ANSWER)
		return ERR_DENIED;
	TRY(agent_identities_get(frame.body, &keys));
	while (agent_identity_get(&keys, &one, &comment)) {
		if (span_eq(one, blob))
			return ERR_OK;
	}
	TRY(agent_identities_end(&keys));
	return ERR_NOTFOUND;
}

enum err
host_agent_sign(const char *path, struct span blob, struct span alg, struct span data,
    struct writer *sig)
{
	SCOPED(writer_free) struct writer request = writer_init(AGENT_MAX_FRAME), answer = writer_init(AGENT_MAX_FRAME);
	struct agent_frame frame;
	struct span s;

	agent_sign_put(&request, blob, data, alg);
	TRY(wr_end(&request));
	TRY(ask(path, writer_span(&request), &answer, &frame));
	if (frame.type != AGENT_SIGN_RESPONSE)
		return ERR_DENIED;
	TRY(agent_signature_get(frame.body, &s));
	wr_raw(sig, s);
	return wr_end(sig);
}
