/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral's end of the control socket. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "os/net.h"
#include "sshd/control_client.h"
#include "tools/ssh_ephemeral.h"

/* A server that is there answers at once; one that hangs is given this long. */
#define PATIENCE_MS	10000

/* --- where --- */

/* Where the caller's own server would be, if there is a socket; else the machine's. */
static enum err
find_path(char *buf, size_t size)
{
	const char *named = getenv("DAYFLY_EPHEMERAL_SOCKET");

	if (named != NULL && named[0] != '\0')
		return control_socket_path(named, 0, NULL, NULL, buf, size);
	if (geteuid() != 0 && control_socket_path(NULL, geteuid(), getenv("XDG_RUNTIME_DIR"), NULL,
	    buf, size) == ERR_OK && access(buf, F_OK) == 0)
		return ERR_OK;
	return control_configured_path(buf, size);
}

enum err
eph_try(struct eph_client *c, const char *path)
{
	int fd;

	*c = (struct eph_client){ .buf = malloc(LIMIT_IPC) };
	ipc_init(&c->ipc, -1);
	if (c->buf == NULL)
		return ERR_NOMEM;
	snprintf(c->path, sizeof(c->path), "%s", path);
	if (net_connect_unix(path, SOCK_SEQPACKET, &fd) != ERR_OK) {
		int saved = errno;

		eph_close(c);
		errno = saved;
		return ERR_SYSTEM;
	}
	ipc_init(&c->ipc, fd);
	return ERR_OK;
}

int
eph_connect(struct eph_client *c, const char *path)
{
	char found[256];

	*c = (struct eph_client){ .buf = NULL };
	ipc_init(&c->ipc, -1);
	if (path == NULL) {
		if (find_path(found, sizeof(found)) != ERR_OK)
			return eph_complain(EPH_NO_SERVER,
			    "the config names no socket (EphemeralKeySocket): give --socket PATH");
		path = found;
	}
	switch (eph_try(c, path)) {
	case ERR_OK:
		return EPH_DONE;
	case ERR_SYSTEM:
		if (errno == EACCES)
			return eph_complain(EPH_NO_SERVER,
			    "%s: permission denied (see EphemeralKeyRegistrars in sshd_config(5))", path);
		return eph_complain(EPH_NO_SERVER, "no server listens on %s: %s", path,
		    strerror(errno));
	default:
		return eph_complain(EPH_NO_SERVER, "out of memory");
	}
}

void
eph_close(struct eph_client *c)
{
	ipc_close(&c->ipc);
	free(c->buf);
	c->buf = NULL;
}

/* --- answers --- */

static enum err
on_ctl_refused(struct eph_client *c, const struct msg_ctl_refused *m, struct ipc_fds *fds)
{
	char shown[1024];

	(void)fds;
	c->is_answered = true;
	c->code = eph_complain(EPH_REFUSED, "%s", text_visible_str(shown, sizeof(shown), m->text));
	return ERR_OK;
}

static enum err
on_ctl_server(struct eph_client *c, const struct msg_ctl_server *m, struct ipc_fds *fds)
{
	(void)fds;
	c->is_answered = true;
	c->live = m->live;
	return ERR_OK;
}

static enum err
on_ctl_grant(struct eph_client *c, const struct msg_ctl_grant *m, struct ipc_fds *fds)
{
	(void)fds;
	if (c->grant != NULL)
		c->grant(c->arg, m);
	return ERR_OK;
}

static enum err
on_ctl_done(struct eph_client *c, const struct msg_ctl_done *m, struct ipc_fds *fds)
{
	(void)fds;
	if (m->cursor_id.len >= sizeof(c->cursor_id))
		return ERR_FORMAT;
	c->is_answered = true;
	c->done = *m;
	if (m->cursor_id.len > 0)
		memcpy(c->cursor_id, m->cursor_id.p, m->cursor_id.len);
	c->done.cursor_id = span_of(c->cursor_id, m->cursor_id.len);
	return ERR_OK;
}

IPC_RECEIVER(on_reply, CONTROL_REPLIES, struct eph_client)

/* Waits for the descriptor. ERR_TIMEOUT, ERR_SYSTEM. */
static enum err
wait_for(const struct eph_client *c)
{
	struct pollfd p = { .fd = c->ipc.fd,
	    .events = (short)(ipc_wants_write(&c->ipc) ? POLLIN | POLLOUT : POLLIN) };
	int n;

	do
		n = poll(&p, 1, PATIENCE_MS);
	while (n == -1 && errno == EINTR);
	return n > 0 ? ERR_OK : n == 0 ? ERR_TIMEOUT : ERR_SYSTEM;
}

/* Takes one message of the answer, waiting for it. */
static enum err
take_one(struct eph_client *c)
{
	struct room room = { c->buf, LIMIT_IPC };
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e;

	TRY(ipc_flush(&c->ipc));
	e = ipc_receive(&c->ipc, room, &message, &fds);
	if (e == ERR_AGAIN)
		return wait_for(c);
	if (e == ERR_OK)
		e = on_reply(c, &c->ipc, CONTROL_PHASE, message, &fds);
	ipc_fds_close(&fds);
	return e;
}

int
eph_ask(struct eph_client *c, const struct writer *request)
{
	enum err e = wr_end(request);

	if (e == ERR_LIMIT)
		return eph_complain(EPH_REFUSED, "that is too long for any request");
	c->is_answered = false;
	c->code = EPH_DONE;
	if (e == ERR_OK)
		e = ipc_send(&c->ipc, writer_span(request), NULL);
	/* A server that turns us away has said why before it closed. */
	if (e == ERR_CLOSED)
		e = ERR_OK;
	while (e == ERR_OK && !c->is_answered)
		e = take_one(c);
	if (e == ERR_OK)
		return c->code;
	if (e == ERR_TIMEOUT)
		return eph_complain(EPH_NO_SERVER, "the server at %s does not answer", c->path);
	return eph_complain(EPH_NO_SERVER, "the server at %s has gone: %s", c->path, err_text(e));
}
