/* SPDX-License-Identifier: ISC */
/* Wire and the session: channels opened, requests relayed, descriptors bound. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "channels/channels.h"
#include "keys/cert.h"
#include "auth/code.h"
#include "os/net.h"
#include "sshd/wire_i.h"

/* --- IPQoS --- */

/* Marks what is sent: interactive while there is a terminal. Fails, unseen, for what is no IP socket. */
static void
set_class(struct wire *w)
{
	int tos = w->n_ttys > 0 ? w->qos_interactive : w->qos_bulk;

	if (tos != IP_QOS_NONE)
		net_set_dscp(w->socket, (unsigned)tos >> 2);
}

static void
tty_came(struct wire *w, struct channel_id id)
{
	if (w->n_ttys < WIRE_TTYS)
		w->ttys[w->n_ttys++] = id;
	if (w->n_ttys == 1)
		set_class(w);
}

static void
tty_went(struct wire *w, struct channel_id id)
{
	size_t i = 0;

	while (i < w->n_ttys && w->ttys[i].n != id.n)
		i++;
	if (i == w->n_ttys)
		return;
	w->ttys[i] = w->ttys[--w->n_ttys];
	if (w->n_ttys == 0)
		set_class(w);
}

/* A channel that the session opens: what to do when the client has agreed. */
struct opening {
	uint32_t tag;
	int fd;
	char type[64];
};

/* After a send: without the session the connection is over. */
static void
sent(struct wire *w, enum err e)
{
	if (e != ERR_OK) {
		wire_disconnect(w, 11, SPAN_LIT("the session process is gone"));
		watch_free(w->session_watch);
		w->session_watch = NULL;
		ipc_close(&w->session);
		return;
	}
	watch_set(w->session_watch, LOOP_READ | (ipc_wants_write(&w->session) ? LOOP_WRITE : 0));
}

/* Sends only if there is somebody to send to. */
#define TELL(w, name, ...)						\
	do {								\
		if ((w)->session_watch != NULL)				\
			sent(w, ipc_send_##name(&(w)->session,		\
			    &(struct msg_##name){ __VA_ARGS__ }, NULL)); \
	} while (0)

/* --- what the client does --- */

/* Whether a request goes into one message: as much as any command line can be. */
static bool
fits(struct span name, struct span body)
{
	return name.len <= LIMIT_IPC && name.len + body.len <= LIMIT_IPC - 256;
}

/* What ChannelTimeout calls it. */
static struct span
timeout_type(struct span type)
{
	if (span_is(type, "x11"))
		return SPAN_LIT("x11-connection");
	if (span_is(type, "auth-agent@openssh.com") || span_is(type, "agent-connect"))
		return SPAN_LIT("agent-connection");
	if (span_is(type, "tun@openssh.com"))
		return SPAN_LIT("tun-connection");
	return type;
}

static void
need_channel(struct wire *w, const struct event *ev)
{
	if (!fits(ev->open.type, ev->open.body)) {
		conn_refuse_channel(w->conn, ev->channel, OPEN_RESOURCE_SHORTAGE, "request too long");
		return;
	}
	wire_watch_channel(w, ev->channel, timeout_type(ev->open.type));
	TELL(w, to_session_open, .channel = ev->channel.n, .type = ev->open.type,
	    .body = ev->open.body);
}

static void
channel_request(struct wire *w, const struct event *ev)
{
	if (!fits(ev->request, ev->body)) {
		if (ev->want_reply)
			conn_answer_channel_request(w->conn, ev->channel, ev->id, false);
		return;
	}
	TELL(w, to_session_request, .channel = ev->channel.n, .id = ev->id,
	    .request = ev->request, .want_reply = ev->want_reply, .body = ev->body);
}

static void
global_request(struct wire *w, const struct event *ev)
{
	if (span_is(ev->request, "hostkeys-prove-00@openssh.com") && ev->body.len < LIMIT_IPC / 2) {
		wire_guard_sent(w, ipc_send_from_wire_prove(&w->guard,
		    &(struct msg_from_wire_prove){ .id = ev->id, .blobs = ev->body }, NULL));
		return;
	}
	/* Once: what is asked again is answered like what nobody knows. */
	if (span_is(ev->request, CODE_PROOF_REQUEST) && ev->want_reply && !w->proof_asked) {
		w->proof_asked = true;
		wire_guard_sent(w, ipc_send_from_wire_code_proof(&w->guard,
		    &(struct msg_from_wire_code_proof){ .id = ev->id }, NULL));
		return;
	}
	if (span_is(ev->request, "keepalive@openssh.com") || !fits(ev->request, ev->body)) {
		if (ev->want_reply)
			conn_answer_global_request(w->conn, ev->id, false, SPAN_EMPTY);
		return;
	}
	TELL(w, to_session_global, .id = ev->id, .request = ev->request,
	    .want_reply = ev->want_reply, .body = ev->body);
}

/* The client has answered a channel that the session opened. */
static void
opened(struct wire *w, const struct event *ev, bool ok)
{
	struct opening *o = ev->tag;
	struct pump_ends ends = { .sink = { -1, -1 }, .source = { -1, -1 }, .flags = PUMP_SOCKET };

	if (o == NULL)
		return;
	TELL(w, to_session_opened, .tag = o->tag, .ok = ok, .channel = ev->channel.n);
	if (ok) {
		(void)!pump_set_tag(w->pump, ev->channel, NULL);
		wire_watch_channel(w, ev->channel, span_str(o->type));
		ends.sink[STREAM_DATA] = ends.source[STREAM_DATA] = o->fd;
		if (pump_attach(w->pump, ev->channel, &ends) != ERR_OK)
			conn_channel_close(w->conn, ev->channel);
	} else {
		close(o->fd);
	}
	free(o);
}

void
wire_on_channel_event(struct wire *w, struct event *ev)
{
	switch (ev->type) {
	case EV_NEED_CHANNEL:
		need_channel(w, ev);
		break;
	case EV_CHANNEL_REQUEST:
		channel_request(w, ev);
		break;
	case EV_GLOBAL_REQUEST:
		global_request(w, ev);
		break;
	case EV_CHANNEL_OPENED:
		opened(w, ev, true);
		break;
	case EV_CHANNEL_REFUSED:
		opened(w, ev, false);
		break;
	case EV_CHANNEL_CLOSED:
		wire_unwatch_channel(w, ev->channel);
		tty_went(w, ev->channel);
		TELL(w, to_session_closed, .channel = ev->channel.n);
		break;
	default:	/* data and the like are the pump's */
		break;
	}
}

void
wire_on_detached(void *arg, struct channel_id id)
{
	(void)arg;
	(void)id;
}

/* --- what the session says --- */

static enum err
on_to_wire_accept(struct wire *w, const struct msg_to_wire_accept *m, struct ipc_fds *fds)
{
	struct channel_id id = { m->channel };
	struct pump_ends ends = { .sink = { -1, -1 }, .source = { -1, -1 }, .flags = PUMP_SOCKET };

	if (fds->lost) {
		conn_refuse_channel(w->conn, id, OPEN_RESOURCE_SHORTAGE, "out of descriptors");
		wire_unwatch_channel(w, id);
		TELL(w, to_session_closed, .channel = id.n);
		return ERR_OK;
	}
	conn_answer_channel(w->conn, id, SPAN_EMPTY);
	if (fds->n > 1)
		return ERR_FORMAT;
	if (fds->n == 0)
		return ERR_OK;
	ends.sink[STREAM_DATA] = ends.source[STREAM_DATA] = fds->fd[0];
	if (m->messages)
		ends.flags |= PUMP_DATAGRAM;
	fds->n = 0;
	if (pump_attach(w->pump, id, &ends) != ERR_OK)
		conn_channel_close(w->conn, id);
	return ERR_OK;
}

static enum err
on_to_wire_refuse(struct wire *w, const struct msg_to_wire_refuse *m, struct ipc_fds *fds)
{
	char *text = span_dup_str(m->text);

	(void)fds;
	if (text == NULL)
		return ERR_NOMEM;
	conn_refuse_channel(w->conn, (struct channel_id){ m->channel }, m->code, text);
	wire_unwatch_channel(w, (struct channel_id){ m->channel });
	free(text);
	return ERR_OK;
}

static enum err
on_to_wire_reply(struct wire *w, const struct msg_to_wire_reply *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_channel_request(w->conn, (struct channel_id){ m->channel }, m->id, m->ok);
	return ERR_OK;
}

static enum err
on_to_wire_attach(struct wire *w, const struct msg_to_wire_attach *m, struct ipc_fds *fds)
{
	struct pump_ends ends = { .sink = { -1, -1 }, .source = { -1, -1 } };
	struct channel_id id = { m->channel };

	if (fds->lost) {
		conn_channel_close(w->conn, id);
		return ERR_OK;
	}
	if (fds->n != (m->is_tty ? 1 : 3))
		return ERR_FORMAT;
	wire_watch_channel(w, id, m->kind);
	ends.flags = PUMP_EXITS | (m->is_tty ? PUMP_PTY : 0);
	ends.sink[STREAM_DATA] = fds->fd[0];
	ends.source[STREAM_DATA] = fds->fd[m->is_tty ? 0 : 1];
	ends.source[STREAM_STDERR] = m->is_tty ? -1 : fds->fd[2];
	fds->n = 0;
	if (pump_attach(w->pump, id, &ends) != ERR_OK)
		conn_channel_close(w->conn, id);
	else if (m->is_tty)
		tty_came(w, id);
	return ERR_OK;
}

static enum err
on_to_wire_exit(struct wire *w, const struct msg_to_wire_exit *m, struct ipc_fds *fds)
{
	char *request = span_dup_str(m->request);
	enum err e;

	(void)fds;
	if (request == NULL)
		return ERR_NOMEM;
	e = pump_finish(w->pump, (struct channel_id){ m->channel }, request, m->body);
	free(request);
	return e == ERR_NOMEM ? e : ERR_OK;	/* the channel may be gone already */
}

static enum err
on_to_wire_open(struct wire *w, const struct msg_to_wire_open *m, struct ipc_fds *fds)
{
	struct opening *o;
	struct channel_id id;
	char *type;
	enum err e;

	if (fds->lost) {
		TELL(w, to_session_opened, .tag = m->tag, .ok = false);
		return ERR_OK;
	}
	if (fds->n != 1)
		return ERR_FORMAT;
	o = malloc(sizeof(*o));
	type = span_dup_str(m->type);
	e = o == NULL || type == NULL ? ERR_NOMEM : conn_channel_open(w->conn, type, m->body, &id);
	free(type);
	if (e == ERR_OK) {
		*o = (struct opening){ .tag = m->tag, .fd = fds->fd[0] };
		text_visible_str(o->type, sizeof(o->type), timeout_type(m->type));
		e = pump_set_tag(w->pump, id, o);
	}
	if (e == ERR_OK) {
		fds->n = 0;
		return ERR_OK;
	}
	free(o);
	TELL(w, to_session_opened, .tag = m->tag, .ok = false);
	return e == ERR_NOMEM ? e : ERR_OK;
}

static enum err
on_to_wire_global_reply(struct wire *w, const struct msg_to_wire_global_reply *m,
    struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_global_request(w->conn, m->id, m->ok, m->body);
	return ERR_OK;
}

static enum err
on_to_wire_disconnect(struct wire *w, const struct msg_to_wire_disconnect *m,
    struct ipc_fds *fds)
{
	(void)fds;
	wire_disconnect(w, m->reason, m->text);
	return ERR_OK;
}

IPC_RECEIVER(from_session, TO_WIRE_SESSION, struct wire)

static void
session_ready(void *arg, unsigned events)
{
	struct wire *w = arg;
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(&w->session);
	while (e == ERR_OK && w->session_watch != NULL) {
		e = ipc_receive(&w->session, (struct room){ w->buf, sizeof(w->buf) }, &message, &fds);
		if (e == ERR_LIMIT && fds.lost && !w->was_full) {
			log_error(&w->log, "no descriptors left for channels");
			w->was_full = true;
		}
		if (e == ERR_OK || (e == ERR_LIMIT && fds.lost))
			e = from_session(w, &w->session, w->phase, message, &fds);
		ipc_fds_close(&fds);
	}
	if (w->session_watch != NULL)
		sent(w, e == ERR_AGAIN ? ERR_OK : e);
	pump_kick(w->pump);
}

enum err
wire_session_open(struct wire *w, int fd)
{
	TRY(loop_watch(w->loop, &w->session_watch, fd, LOOP_READ, session_ready, w));
	ipc_init(&w->session, fd);
	return ERR_OK;
}

/* --- login --- */

/* Tells the client all keys of the host, so that it can learn new ones. */
static void
announce_hostkeys(struct wire *w)
{
	SCOPED(writer_free) struct writer body = writer_init(LIMIT_PACKET / 2);

	/* Keys to be known by, that is: no certificates, and no keys that are there for these only. */
	for (size_t i = 0; i < w->n_hostkeys; i++) {
		if (span_str(w->hostkeys[i].algs).len > 0 && cert_type_plain(key_blob_type(w->hostkeys[i].blob)) == NULL)
			wr_bytes(&body, w->hostkeys[i].blob);
	}
	if (wr_end(&body) == ERR_OK && body.len > 0)
		conn_global_request(w->conn, "hostkeys-00@openssh.com", false, writer_span(&body));
}

void
wire_logged_in(struct wire *w)
{
	w->phase = PHASE_OPEN;
	set_class(w);
	if (w->announce)
		announce_hostkeys(w);
	wire_watchdog_start(w);
}
