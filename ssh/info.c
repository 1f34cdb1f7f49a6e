/* SPDX-License-Identifier: ISC */
#include "ssh/info.h"

#include <string.h>
#include <unistd.h>

#include "os/net.h"
#include "ssh/forward.h"
#include "ssh/mux.h"
#include "ssh/session.h"

void
info_channels(const struct ssh *s, struct writer *w)
{
	wr_printf(w, "The following connections are open:\n");
	if (s->session != NULL && s->session->is_there && !s->session->is_gone)
		wr_printf(w, "  #%u %s\n", s->session->id.n,
		    s->session->is_stdio_forward ? "stdio-forward" : "client-session");
	mux_list(s, w);
	forwards_list(s, w);
}

static void
put_endpoint(struct writer *w, const struct endpoint *e)
{
	char text[64];

	wr_printf(w, e->address.family == 6 ? "[%s]:%u" : "%s:%u",
	    address_print(&e->address, text, sizeof(text)), (unsigned)e->port);
}

/* The socket's two ends, or that there is none of ours. */
static void
put_way(struct writer *w, const struct ssh *s)
{
	struct endpoint local, peer;

	if (s->route.socket == -1 || net_ends(s->route.socket, &local, &peer) != ERR_OK) {
		wr_printf(w, "  via proxy\n");
		return;
	}
	wr_printf(w, "  tcp ");
	put_endpoint(w, &local);
	wr_printf(w, " -> ");
	put_endpoint(w, &peer);
	wr_printf(w, "\n");
}

/* An algorithm: once, if it is the same both ways. */
static void
put_alg(struct writer *w, const char *what, const char *const names[2])
{
	if (strcmp(names[RX], names[TX]) == 0)
		wr_printf(w, "  %s %s\n", what, names[RX]);
	else
		wr_printf(w, "  %s %s in, %s out\n", what, names[RX], names[TX]);
}

static void
put_bytes(struct writer *w, uint64_t n)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	double size = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		wr_printf(w, "%uB", (unsigned)n);
		return;
	}
	for (; size >= 1024 && i + 1 < COUNT(units); i++)
		size /= 1024;
	wr_printf(w, "%.1f%s", size, units[i]);
}

static void
put_traffic(struct writer *w, const struct traffic *t)
{
	wr_printf(w, "%llu pkts ", (unsigned long long)t->packets);
	put_bytes(w, t->bytes);
}

static void
put_packed(struct writer *w, const struct traffic *t)
{
	put_bytes(w, t->packed);
	wr_printf(w, "/");
	put_bytes(w, t->plain);
	wr_printf(w, " (*%.3f)", t->plain == 0 ? 0.0 : (double)t->packed / (double)t->plain);
}

/* One line for both ways: what put() writes of each. */
static void
put_both(struct writer *w, const char *what, const struct traffic t[2],
    void (*put)(struct writer *w, const struct traffic *t))
{
	wr_printf(w, "%s ", what);
	put(w, &t[RX]);
	wr_printf(w, " in, ");
	put(w, &t[TX]);
	wr_printf(w, " out\n");
}

static void
put_rekey_limit(struct writer *w, const struct rekey_limit *limit)
{
	wr_printf(w, "  rekey limit ");
	if (limit->bytes == 0)
		wr_printf(w, "none");
	else
		put_bytes(w, limit->bytes);
	if (limit->seconds == 0)
		wr_printf(w, " interval none\n");
	else
		wr_printf(w, " interval %us\n", limit->seconds);
}

void
info_connection(const struct ssh *s, struct writer *w)
{
	const struct kex_names *n = &s->kex;
	struct traffic t[2] = { conn_traffic(s->conn, RX), conn_traffic(s->conn, TX) };
	msec seconds = (loop_now(s->loop) - s->since) / 1000;

	wr_printf(w, "Connection information for %s@%s pid %ld\n", s->settings.user,
	    s->settings.host, (long)getpid());
	wr_printf(w, "  versions Dayfly_%s -> %s\n", DAYFLY_VERSION, s->peer_ident);
	put_way(w, s);
	wr_printf(w, "  duration %02llu:%02llu:%02llu\n", (unsigned long long)(seconds / 3600),
	    (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60));
	wr_printf(w, "  kexalgorithm %s\n  hostkeyalgorithm %s\n", n->kex, n->hostkey);
	put_alg(w, "cipher", n->cipher);
	put_alg(w, "mac", n->mac);
	put_alg(w, "compression", n->compression);
	put_rekey_limit(w, &s->settings.config.rekey_limit);
	put_both(w, "  traffic", t, put_traffic);
	if (t[RX].is_compressed || t[TX].is_compressed)
		put_both(w, "    compressed", t, put_packed);
	wr_printf(w, "  channels %zu\n", conn_channel_count(s->conn));
}
