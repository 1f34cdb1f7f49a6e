/* SPDX-License-Identifier: ISC */
/* Connections made for the client: direct-tcpip, direct-streamlocal@openssh.com. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channels/forward.h"
#include "os/dial.h"
#include "sshd/session_forward.h"
#include "sshd/session_name.h"

struct attempt {
	struct attempt *next;
	struct session *session;
	uint32_t channel;
	struct dial *dial;		/* running; NULL: not yet, or done */
};

static void
attempt_free(struct attempt *a)
{
	struct session *s = a->session;
	struct attempt **at = &s->attempts;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	s->n_attempts--;
	dial_cancel(a->dial);
	free(a);
}

static void
refuse(struct attempt *a, const char *why)
{
	struct session *s = a->session;

	log_debug(&s->log, "connection for channel %u failed: %s", (unsigned)a->channel, why);
	forward_refuse(s, a->channel, OPEN_CONNECT_FAILED, why);
	attempt_free(a);
}

/* Connected: wire takes over. */
static void
hand_over(struct attempt *a, int fd)
{
	struct session *s = a->session;
	struct ipc_fds fds = { .fd = { fd }, .n = 1 };

	session_sent(s, ipc_send_to_wire_accept(&s->wire,
	    &(struct msg_to_wire_accept){ .channel = a->channel }, &fds));
	close(fd);
	attempt_free(a);
}

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct attempt *a = arg;

	a->dial = NULL;
	if (fd == -1) {
		refuse(a, why);
		return;
	}
	net_no_delay(fd);
	hand_over(a, fd);
}

/* A new attempt; NULL (the client has been told) if there is no room for it. */
static struct attempt *
attempt_new(struct session *s, uint32_t channel)
{
	struct attempt *a = s->n_attempts < FORWARD_ATTEMPTS ? calloc(1, sizeof(*a)) : NULL;

	if (a == NULL) {
		forward_refuse(s, channel, OPEN_RESOURCE_SHORTAGE, "too many at once");
		return NULL;
	}
	*a = (struct attempt){ .next = s->attempts, .session = s, .channel = channel };
	s->attempts = a;
	s->n_attempts++;
	return a;
}

/* The resolver is made when it is first needed. */
static enum err
dial(struct attempt *a, const char *host, uint16_t port)
{
	struct session *s = a->session;

	if (s->names == NULL)
		TRY(names_new(&s->names, s->loop));
	return dial_start(s->loop, s->names, host, port, NAMES_ANY, 0, on_dialed, a, &a->dial);
}

/* With ForwardingNames: to who listens under that name, and never to a host that is called so. */
static void
connect_name(struct attempt *a, const struct open_tcpip *m)
{
	struct session *s = a->session;
	struct endpoint from = { .port = (uint16_t)s->client_port };
	int fd;
	enum err e;

	if (address_parse(span_str(s->client), &from.address) != ERR_OK)
		from.address = (struct address){ .family = 4, .bytes = { 127, 0, 0, 1 } };
	e = name_connect(s->uid, m->host, m->port, &from, &fd);
	if (e == ERR_OK)
		hand_over(a, fd);
	else
		refuse(a, e == ERR_NOTFOUND ? "nobody of that name is connected" : strerror(errno));
}

/* Whether the connection may be made. */
static bool
may_connect(const struct session *s, const struct open_tcpip *m)
{
	return s->config.forwarding_names ? may_open_name(&s->may, &s->config, m->host, m->port) :
	    may_open(&s->may, &s->config, m->host, m->port);
}

void
connect_tcp(struct session *s, uint32_t channel, struct span body)
{
	struct open_tcpip m;
	struct attempt *a;
	char *host;

	if (open_tcpip_get(body, &m) != ERR_OK) {
		forward_refuse(s, channel, OPEN_CONNECT_FAILED, "malformed request");
		return;
	}
	if (!may_connect(s, &m)) {
		log_info(&s->log, "Received request from %s port %u to connect to host %.*s port %u, but the request was denied.",
		    s->client, (unsigned)s->client_port, (int)m.host.len, (const char *)m.host.p,
		    (unsigned)m.port);
		forward_refuse(s, channel, OPEN_PROHIBITED, "open failed");
		return;
	}
	a = attempt_new(s, channel);
	if (a == NULL)
		return;
	if (s->config.forwarding_names) {
		connect_name(a, &m);
		return;
	}
	host = span_dup_str(m.host);
	if (host == NULL || dial(a, host, (uint16_t)m.port) != ERR_OK)
		refuse(a, "out of memory");
	free(host);
}

void
connect_stream_local(struct session *s, uint32_t channel, struct span body)
{
	struct open_direct_streamlocal m;
	struct attempt *a;
	char *path;
	int fd;

	if (open_direct_streamlocal_get(body, &m) != ERR_OK) {
		forward_refuse(s, channel, OPEN_CONNECT_FAILED, "malformed request");
		return;
	}
	if (!(s->may.permit & PERMIT_PORT) || !may_open_paths(&s->may) || s->config.forwarding_names ||
	    !(s->config.allow_stream_local_forwarding & FORWARDING_LOCAL)) {
		log_info(&s->log, "Received request from %s port %u to connect to path %.*s, but the request was denied.",
		    s->client, (unsigned)s->client_port, (int)m.path.len, (const char *)m.path.p);
		forward_refuse(s, channel, OPEN_PROHIBITED, "open failed");
		return;
	}
	a = attempt_new(s, channel);
	if (a == NULL)
		return;
	path = span_dup_str(m.path);
	if (path != NULL && net_connect_unix(path, SOCK_STREAM, &fd) == ERR_OK)
		hand_over(a, fd);
	else
		refuse(a, strerror(errno));
	free(path);
}

bool
connect_cancel(struct session *s, uint32_t channel)
{
	for (struct attempt *a = s->attempts; a != NULL; a = a->next) {
		if (a->channel == channel) {
			attempt_free(a);
			return true;
		}
	}
	return false;
}
