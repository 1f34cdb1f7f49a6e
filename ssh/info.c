/* SPDX-License-Identifier: ISC */
#include "ssh/info.h"

#include "ssh/forward.h"
#include "ssh/mux.h"
#include "ssh/session.h"

void
info_channels(const struct ssh *s, struct writer *w)
{
	if (s->session != NULL && s->session->is_there && !s->session->is_gone)
		wr_printf(w, "  #%u %s\n", s->session->id.n,
		    s->session->is_stdio_forward ? "stdio-forward" : "client-session");
	mux_list(s, w);
	forwards_list(s, w);
}

void
info_connection(const struct ssh *s, struct writer *w)
{
	const struct kex_names *n = &s->kex;
	msec seconds = (loop_now(s->loop) - s->since) / 1000;

	wr_printf(w, "Connected to %s@%s [%s] port %u\n", s->settings.user, s->settings.host,
	    s->route.peer_text, s->route.peer_port);
	wr_printf(w, "  remote software: %s\n", s->peer_ident);
	wr_printf(w, "  connected for %llus\n", (unsigned long long)seconds);
	wr_printf(w, "  key exchange: %s\n  host key: %s\n", n->kex, n->hostkey);
	wr_printf(w, "  server->client: cipher %s, MAC %s, compression %s\n", n->cipher[RX],
	    n->mac[RX], n->compression[RX]);
	wr_printf(w, "  client->server: cipher %s, MAC %s, compression %s\n", n->cipher[TX],
	    n->mac[TX], n->compression[TX]);
	wr_printf(w, "  channels: %zu\n", conn_channel_count(s->conn));
}
