/* SPDX-License-Identifier: ISC */
#include "ssh/agent_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/reader.h"
#include "os/file.h"
#include "os/net.h"

/* RFC 9987 */
#define AGENT_FAILURE			5
#define AGENT_REQUEST_IDENTITIES	11
#define AGENT_IDENTITIES_ANSWER		12
#define AGENT_SIGN_REQUEST		13
#define AGENT_SIGN_RESPONSE		14

#define SIGN_RSA_SHA2_256	2
#define SIGN_RSA_SHA2_512	4

enum err
agent_open(const char *path, int *fd)
{
	TRY(net_connect_unix(path, SOCK_STREAM, fd));
	/* Each question is waited for. */
	(void)fcntl(*fd, F_SETFL, 0);
	return ERR_OK;
}

static enum err
read_exactly(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			return ERR_CLOSED;
		if (n == -1)
			return ERR_SYSTEM;
		p += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

/* Sends a message and receives the one that answers it. */
static enum err
ask(int fd, const struct writer *message, struct writer *answer)
{
	uint8_t head[4];
	struct reader r;
	struct room room;
	uint32_t len;

	TRY(wr_end(message));
	TRY(file_write_all(fd, writer_span(message)));
	TRY(read_exactly(fd, head, sizeof(head)));
	r = rd_init(span_of(head, sizeof(head)));
	len = rd_u32(&r);
	if (len == 0 || len > LIMIT_PACKET)
		return ERR_FORMAT;
	room = wr_reserve(answer, len);
	if (room.len < len)
		return wr_end(answer);
	TRY(read_exactly(fd, room.p, len));
	wr_commit(answer, len);
	return ERR_OK;
}

enum err
agent_list(int fd, enum err (*each)(void *arg, struct span blob, struct span comment), void *arg)
{
	SCOPED(writer_free) struct writer message = writer_init(64);
	SCOPED(writer_free) struct writer answer = writer_init(LIMIT_PACKET);
	struct reader r;
	uint32_t n;

	wr_u32(&message, 1);
	wr_u8(&message, AGENT_REQUEST_IDENTITIES);
	TRY(ask(fd, &message, &answer));
	r = rd_init(writer_span(&answer));
	if (rd_u8(&r) != AGENT_IDENTITIES_ANSWER)
		return ERR_FORMAT;
	n = rd_u32(&r);
	if (n > AGENT_KEYS_MAX)
		return ERR_LIMIT;
	while (n-- > 0 && r.err == ERR_OK) {
		struct span blob = rd_bytes(&r);
		struct span comment = rd_bytes(&r);

		if (r.err == ERR_OK)
			TRY(each(arg, blob, comment));
	}
	return rd_end(&r);
}

/* Which of RSA's algorithms is wanted is said by a flag. */
static uint32_t
flags_of(struct span alg)
{
	if (span_starts(alg, SPAN_LIT("rsa-sha2-256")))
		return SIGN_RSA_SHA2_256;
	return span_starts(alg, SPAN_LIT("rsa-sha2-512")) ? SIGN_RSA_SHA2_512 : 0;
}

enum err
agent_sign(int fd, struct span blob, struct span alg, struct span data, struct writer *sig)
{
	SCOPED(writer_free) struct writer message = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer answer = writer_init(LIMIT_PACKET);
	size_t mark = wr_open(&message);
	struct reader r;
	uint8_t type;

	wr_u8(&message, AGENT_SIGN_REQUEST);
	wr_bytes(&message, blob);
	wr_bytes(&message, data);
	wr_u32(&message, flags_of(alg));
	wr_close(&message, mark);
	TRY(ask(fd, &message, &answer));
	r = rd_init(writer_span(&answer));
	type = rd_u8(&r);
	if (type == AGENT_FAILURE)
		return ERR_DENIED;
	if (type != AGENT_SIGN_RESPONSE)
		return ERR_FORMAT;
	wr_raw(sig, rd_bytes(&r));
	TRY(rd_end(&r));
	return wr_end(sig);
}
