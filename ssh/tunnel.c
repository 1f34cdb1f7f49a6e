/* SPDX-License-Identifier: ISC */
#include "ssh/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channels/forward.h"
#include "os/tun.h"
#include "ssh/forward.h"

struct tun_link {
	struct channel_id id;
	bool has_channel;
	int socket;			/* the pump's end; -1: it has it */
	struct tun *tun;
	char name[TUN_NAME_SIZE];
};

const char *
tunnel_name(const struct ssh *s)
{
	return s->tunnel == NULL ? "NONE" : s->tunnel->name;
}

/* The interface is gone, or what the server sends makes no sense. */
static void
on_done(void *arg)
{
	struct ssh *s = arg;

	log_error(&s->log, "tunnel %s has ended", tunnel_name(s));
	if (s->tunnel->has_channel)
		conn_channel_close(s->conn, s->tunnel->id);
	pump_kick(s->pump);
}

static enum err
open_device(struct ssh *s, enum tun_mode mode)
{
	int local = s->settings.config.tunnel_device.local, device;
	struct tun_link *t = s->tunnel;

	TRY(tun_open(mode, local == TUNNEL_ANY ? TUN_UNIT_ANY : (uint32_t)local, &device, t->name));
	return tun_new(&t->tun, s->loop, device, mode, &t->socket, on_done, s);
}

static enum err
open_channel(struct ssh *s, enum tun_mode mode)
{
	SCOPED(writer_free) struct writer body = writer_init(64);
	int remote = s->settings.config.tunnel_device.remote;
	struct tun_link *t = s->tunnel;

	open_tun_put(&body, &(struct open_tun){ .mode = mode,
	    .unit = remote == TUNNEL_ANY ? TUN_UNIT_ANY : (uint32_t)remote });
	TRY(wr_end(&body));
	TRY(conn_channel_open(s->conn, "tun@openssh.com", writer_span(&body), &t->id));
	t->has_channel = true;
	return ERR_OK;
}

void
tunnel_start(struct ssh *s)
{
	enum tunnel wanted = s->settings.config.tunnel;
	/* "yes" means the first of the two that there are. */
	enum tun_mode mode = wanted & TUNNEL_POINT_TO_POINT ? TUN_MODE_IP : TUN_MODE_ETHERNET;
	enum err e;

	if (wanted == TUNNEL_NO || s->settings.config.clear_all_forwardings)
		return;
	s->tunnel = calloc(1, sizeof(*s->tunnel));
	e = s->tunnel == NULL ? ERR_NOMEM : ERR_OK;
	if (e == ERR_OK) {
		s->tunnel->socket = -1;
		e = open_device(s, mode);
	}
	if (e == ERR_OK)
		e = open_channel(s, mode);
	if (e == ERR_OK) {
		log_debug(&s->log, "Requesting tun unit on %s", s->tunnel->name);
		return;
	}
	log_error(&s->log, "Could not request tunnel forwarding: %s",
	    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	tunnel_free(s->tunnel);
	s->tunnel = NULL;
	forwards_failed(s);
}

static void
attach(struct ssh *s)
{
	struct tun_link *t = s->tunnel;
	struct pump_ends ends = { .sink = { t->socket, -1 }, .source = { t->socket, -1 },
	    .flags = PUMP_DATAGRAM };
	enum err e;

	t->socket = -1;
	e = pump_attach(s->pump, t->id, &ends);
	if (e == ERR_OK)
		return;
	log_error(&s->log, "tunnel %s: %s", t->name, err_text(e));
	conn_channel_close(s->conn, t->id);
}

bool
tunnel_event(struct ssh *s, const struct event *ev)
{
	struct tun_link *t = s->tunnel;
	char buf[512];

	if (t == NULL || !t->has_channel || ev->type < EV_CHANNEL_OPENED ||
	    ev->type > EV_CHANNEL_CLOSED || ev->channel.n != t->id.n)
		return false;
	switch (ev->type) {
	case EV_CHANNEL_OPENED:
		attach(s);
		return true;
	case EV_CHANNEL_REFUSED:
		log_error(&s->log, "Tunnel forwarding failed: %s",
		    ssh_visible(buf, sizeof(buf), ev->text));
		t->has_channel = false;
		forwards_failed(s);
		return true;
	default:
		return ev->type == EV_CHANNEL_CLOSED;
	}
}

bool
tunnel_detached(struct ssh *s, struct channel_id id)
{
	if (s->tunnel == NULL || !s->tunnel->has_channel || s->tunnel->id.n != id.n)
		return false;
	s->tunnel->has_channel = false;
	return true;
}

void
tunnel_free(struct tun_link *t)
{
	if (t == NULL)
		return;
	tun_free(t->tun);
	if (t->socket != -1)
		close(t->socket);
	free(t);
}
