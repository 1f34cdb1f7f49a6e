/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral's end of the control socket. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "os/file.h"
#include "os/net.h"
#include "sshd/control_client.h"
#include "tools/ssh_ephemeral.h"

/* A server that is there answers at once; one that hangs is given this long. */
#define PATIENCE_MS	10000

/* One through ssh may have to ask for a password first. */
#define SSH_PATIENCE_MS	300000

/* A message and its length. */
#define FRAME_MAX	(4 + LIMIT_IPC)

/* --- where --- */

enum err
eph_find_socket(char *buf, size_t size)
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

	*c = (struct eph_client){ .buf = malloc(LIMIT_IPC), .in = -1, .out = -1 };
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

/* The server is another machine's: its subsystem speaks the same, behind lengths. */
static int
connect_by_ssh(struct eph_client *c, const struct eph_where *where)
{
	int code = eph_start_ssh(where, &c->ssh, &c->in, &c->out);

	if (code != EPH_DONE)
		return code;
	c->frames = calloc(1, sizeof(*c->frames));
	snprintf(c->path, sizeof(c->path), "%s", where->host);
	if (c->frames != NULL)
		return EPH_DONE;
	eph_close(c);
	return eph_complain(EPH_NO_SERVER, "out of memory");
}

int
eph_connect(struct eph_client *c, const struct eph_where *where)
{
	const char *path = where->socket;
	char found[256];

	*c = (struct eph_client){ .buf = NULL, .in = -1, .out = -1 };
	ipc_init(&c->ipc, -1);
	if (where->host != NULL && path != NULL)
		return eph_usage("--host and --socket name two servers");
	if (where->host != NULL)
		return connect_by_ssh(c, where);
	if (where->n_options > 0)
		return eph_usage("options for ssh make sense with --host only");
	if (path == NULL) {
		if (eph_find_socket(found, sizeof(found)) != ERR_OK)
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
	if (c->out != -1)
		close(c->out);
	if (c->in != -1)
		close(c->in);
	c->in = c->out = -1;
	if (c->ssh > 0)
		(void)waitpid(c->ssh, NULL, 0);
	c->ssh = 0;
	free(c->frames);
	c->frames = NULL;
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
	c->code = c->is_quiet ? EPH_REFUSED :
	    eph_complain(EPH_REFUSED, "%s", text_visible_str(shown, sizeof(shown), m->text));
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
on_ctl_event(struct eph_client *c, const struct msg_ctl_event *m, struct ipc_fds *fds)
{
	(void)fds;
	return c->event == NULL ? ERR_OK : c->event(c->arg, m);
}

static enum err
on_ctl_penalty(struct eph_client *c, const struct msg_ctl_penalty *m, struct ipc_fds *fds)
{
	(void)fds;
	if (c->penalty != NULL)
		c->penalty(c->arg, m);
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
	struct pollfd p = { .fd = c->ssh > 0 ? c->in : c->ipc.fd,
	    .events = (short)(ipc_wants_write(&c->ipc) ? POLLIN | POLLOUT : POLLIN) };
	int n;

	do
		n = poll(&p, 1, c->waits_for_ever ? -1 : c->ssh > 0 ? SSH_PATIENCE_MS : PATIENCE_MS);
	while (n == -1 && errno == EINTR);
	return n > 0 ? ERR_OK : n == 0 ? ERR_TIMEOUT : ERR_SYSTEM;
}

/* The same through ssh: reads until a message is whole. */
static enum err
take_frame(struct eph_client *c)
{
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	struct room room;
	ssize_t n;
	enum err e = frames_next(c->frames, &message);

	if (e == ERR_OK)
		return on_reply(c, &c->ipc, CONTROL_PHASE, message, &fds);
	if (e != ERR_AGAIN)
		return e;
	TRY(wait_for(c));
	room = frames_room(c->frames);
	n = read(c->in, room.p, room.len);
	if (n <= 0)
		return n == -1 && errno == EINTR ? ERR_OK : ERR_CLOSED;
	frames_got(c->frames, (size_t)n);
	return ERR_OK;
}

enum err
eph_take(struct eph_client *c)
{
	struct room room = { c->buf, LIMIT_IPC };
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e;

	TRY(ipc_flush(&c->ipc));
	e = ipc_receive(&c->ipc, room, &message, &fds);
	if (e == ERR_OK)
		e = on_reply(c, &c->ipc, CONTROL_PHASE, message, &fds);
	ipc_fds_close(&fds);
	return e;
}

/* Takes one message of the answer, waiting for it. */
static enum err
take_one(struct eph_client *c)
{
	enum err e;

	if (c->ssh > 0)
		return take_frame(c);
	e = eph_take(c);
	return e == ERR_AGAIN ? wait_for(c) : e;
}

enum err
eph_send(struct eph_client *c, const struct writer *request)
{
	TRY(wr_end(request));
	return ipc_send(&c->ipc, writer_span(request), NULL);
}

static enum err
send_request(struct eph_client *c, struct span message)
{
	SCOPED(writer_free) struct writer frame = writer_init(FRAME_MAX);

	if (c->ssh == 0)
		return ipc_send(&c->ipc, message, NULL);
	wr_bytes(&frame, message);
	TRY(wr_end(&frame));
	return file_write_all(c->out, writer_span(&frame)) == ERR_OK ? ERR_OK : ERR_CLOSED;
}

/* Through ssh, it has said itself what was wrong, on standard error. */
static int
lost(struct eph_client *c, enum err e)
{
	if (e == ERR_SYSTEM)		/* our own output */
		return eph_complain(EPH_REFUSED, "cannot write: %s", strerror(errno));
	if (e == ERR_TIMEOUT)
		return eph_complain(EPH_NO_SERVER, "the server at %s does not answer", c->path);
	if (c->ssh > 0 && e == ERR_CLOSED)
		return eph_complain(EPH_NO_SERVER, "%s does not let us register keys, or could not be reached",
		    c->path);
	return eph_complain(EPH_NO_SERVER, "the server at %s has gone: %s", c->path, err_text(e));
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
		e = send_request(c, writer_span(request));
	/* A server that turns us away has said why before it closed. */
	if (e == ERR_CLOSED)
		e = ERR_OK;
	while (e == ERR_OK && !c->is_answered)
		e = take_one(c);
	if (e == ERR_OK)
		return c->code;
	return lost(c, e);
}
