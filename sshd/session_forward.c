/* SPDX-License-Identifier: ISC */
/* Forwarding: which message is which. */
#include "sshd/session_forward.h"

#include <errno.h>
#include <string.h>

#include "channels/forward.h"

void
forward_refuse(struct session *s, uint32_t channel, enum open_failure code, const char *text)
{
	session_sent(s, ipc_send_to_wire_refuse(&s->wire, &(struct msg_to_wire_refuse){
	    .channel = channel, .code = (uint32_t)code, .text = span_str(text) }, NULL));
}

bool
forward_open(struct session *s, const struct msg_to_session_open *m)
{
	if (span_is(m->type, "direct-tcpip"))
		connect_tcp(s, m->channel, m->body);
	else if (span_is(m->type, "direct-streamlocal@openssh.com"))
		connect_stream_local(s, m->channel, m->body);
	else if (span_is(m->type, "tun@openssh.com"))
		tunnel_request(s, m->channel, m->body);
	else
		return false;
	return true;
}

/* Answers tcpip-forward: with the port, if the client left it to us. */
static enum err
forward_tcp(struct session *s, struct span body, struct writer *reply)
{
	struct global_tcpip_forward m;
	struct global_forward_port p;

	TRY(global_tcpip_forward_get(body, &m));
	TRY(listen_tcp(s, body, &p.port));
	if (m.port == 0)
		global_forward_port_put(reply, &p);
	return wr_end(reply);
}

void
forward_answer(struct session *s, uint32_t id, bool want_reply, struct span request, enum err e,
    struct span reply)
{
	if (e != ERR_OK)
		log_info(&s->log, "%.*s of %s refused: %s", (int)request.len, (const char *)request.p,
		    s->user, e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	if (want_reply)
		session_sent(s, ipc_send_to_wire_global_reply(&s->wire,
		    &(struct msg_to_wire_global_reply){ .id = id, .ok = e == ERR_OK, .body = reply }, NULL));
}

bool
forward_global(struct session *s, const struct msg_to_session_global *m)
{
	SCOPED(writer_free) struct writer reply = writer_init(64);
	enum err e;

	if (span_is(m->request, "tcpip-forward"))
		e = forward_tcp(s, m->body, &reply);
	else if (span_is(m->request, "cancel-tcpip-forward"))
		e = listen_tcp_cancel(s, m->body);
	else if (span_is(m->request, "streamlocal-forward@openssh.com"))
		e = listen_stream_local(s, m->body);
	else if (span_is(m->request, "cancel-streamlocal-forward@openssh.com"))
		e = listen_stream_local_cancel(s, m->body);
	else
		return false;
	if (e == ERR_SYSTEM && errno == EADDRINUSE && span_is(m->request, "tcpip-forward") &&
	    takeover_start(s, m))
		return true;
	forward_answer(s, m->id, m->want_reply, m->request, e, writer_span(&reply));
	return true;
}

void
forward_opened(struct session *s, const struct msg_to_session_opened *m)
{
	if (!m->ok)
		log_debug(&s->log, "the client refused a forwarded connection");
}

bool
forward_closed(struct session *s, uint32_t channel)
{
	return connect_cancel(s, channel) || tunnel_closed(s, channel);
}

void
forward_end(struct session *s)
{
	listen_end(s);
}
