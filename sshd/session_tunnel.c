/* SPDX-License-Identifier: ISC */
/* tun@openssh.com: a network interface whose packets travel in a channel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channels/forward.h"
#include "os/tun.h"
#include "sshd/session_forward.h"

/* Interfaces of one connection. */
#define TUNNELS		16

struct session_tunnel {
	struct session_tunnel *next;
	struct session *session;
	uint32_t channel;
	struct tun *tunnel;
	char name[TUN_NAME_SIZE];
};

static void
free_one(struct session_tunnel *t)
{
	struct session *s = t->session;
	struct session_tunnel **at = &s->tunnels;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	s->n_tunnels--;
	tun_free(t->tunnel);
	free(t);
}

/* The interface is gone, or what the client sends makes no sense: wire sees its ends close. */
static void
on_done(void *arg)
{
	struct session_tunnel *t = arg;

	log_info(&t->session->log, "tunnel %s of %s has ended", t->name, t->session->user);
	tun_free(t->tunnel);
	t->tunnel = NULL;
}

/* The unit that the client gets; false: none that config and keys allow. */
static bool
choose_unit(const struct session *s, const struct open_tun *m, uint32_t *unit)
{
	*unit = m->unit;
	if (!(s->may.permit & PERMIT_TUNNEL) || !((unsigned)s->config.permit_tunnel & m->mode))
		return false;
	for (size_t i = 0; i < s->may.n_keys; i++) {
		int forced = s->may.key[i].tunnel;

		if (forced == -1)
			continue;
		if (*unit != TUN_UNIT_ANY && *unit != (uint32_t)forced)
			return false;
		*unit = (uint32_t)forced;
	}
	return *unit == TUN_UNIT_ANY || *unit <= TUN_UNIT_MAX;
}

/* Opens the interface and hands its ends to wire. */
static enum err
start(struct session *s, uint32_t channel, enum tun_mode mode, uint32_t unit)
{
	struct session_tunnel *t = calloc(1, sizeof(*t));
	struct ipc_fds fds = { .n = 1 };
	int device;
	enum err e;

	if (t == NULL)
		return ERR_NOMEM;
	*t = (struct session_tunnel){ .next = s->tunnels, .session = s, .channel = channel };
	e = tun_open(mode, unit, &device, t->name);
	if (e == ERR_OK)
		e = tun_new(&t->tunnel, s->loop, device, mode, &fds.fd[0], on_done, t);
	if (e != ERR_OK) {
		free(t);
		return e;
	}
	s->tunnels = t;
	s->n_tunnels++;
	log_verbose(&s->log, "tunnel %s for %s", t->name, s->user);
	session_sent(s, ipc_send_to_wire_accept(&s->wire,
	    &(struct msg_to_wire_accept){ .channel = channel, .messages = true }, &fds));
	close(fds.fd[0]);
	return ERR_OK;
}

void
tunnel_request(struct session *s, uint32_t channel, struct span body)
{
	struct open_tun m;
	uint32_t unit;
	enum err e;

	if (open_tun_get(body, &m) != ERR_OK) {
		forward_refuse(s, channel, OPEN_CONNECT_FAILED, "invalid tunnel mode");
		return;
	}
	if (!choose_unit(s, &m, &unit)) {
		log_info(&s->log, "Server has rejected tunnel device forwarding of %s (mode %u, unit %u)",
		    s->user, (unsigned)m.mode, (unsigned)m.unit);
		forward_refuse(s, channel, OPEN_PROHIBITED, "open failed");
		return;
	}
	if (s->n_tunnels == TUNNELS) {
		forward_refuse(s, channel, OPEN_RESOURCE_SHORTAGE, "too many tunnels");
		return;
	}
	e = start(s, channel, (enum tun_mode)m.mode, unit);
	if (e == ERR_OK)
		return;
	log_error(&s->log, "tunnel for %s: cannot open the interface: %s", s->user,
	    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	forward_refuse(s, channel, OPEN_CONNECT_FAILED, "failed to open device");
}

const char *
tunnel_name(const struct session *s)
{
	return s->tunnels == NULL ? NULL : s->tunnels->name;
}

bool
tunnel_closed(struct session *s, uint32_t channel)
{
	for (struct session_tunnel *t = s->tunnels; t != NULL; t = t->next) {
		if (t->channel == channel) {
			free_one(t);
			return true;
		}
	}
	return false;
}
