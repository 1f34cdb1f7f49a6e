/* SPDX-License-Identifier: ISC */
#include "ssh/x11.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "channels/channels.h"
#include "channels/forward.h"
#include "channels/request.h"
#include "channels/x11.h"
#include "crypto/random.h"

#define COOKIE_LEN	16
#define PORT_OF_0	6000
#define SOCKETS		"/tmp/.X11-unix/X"

struct x11 {
	char *display;
	char *host;			/* NULL: a socket of this machine */
	char *path;			/* of the socket; NULL: TCP */
	uint16_t port;
	uint32_t screen;
	struct x11_cookie real;
	struct secret fake;
	msec refuse_at;			/* when an untrusted cookie ends; MSEC_NEVER */
};

/* --- the display --- */

static bool
is_valid(const char *display)
{
	for (const char *c = display; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr(":/.-_", *c) == NULL)
			return false;
	return display[0] != '\0' && display[0] != '-' && strlen(display) < 256;
}

/* "N" or "N.S" behind the colon. ERR_SYNTAX. */
static enum err
parse_number(const char *text, struct x11 *x, unsigned *number)
{
	struct span all = span_str(text), screen = SPAN_EMPTY;
	size_t dot = span_find(all, '.');
	uint64_t n, m = 0;

	if (dot < all.len)
		screen = span_skip(all, dot + 1);
	TRY(text_number(span_first(all, dot), 0, UINT16_MAX - PORT_OF_0, &n));
	if (screen.len > 0)
		TRY(text_number(screen, 0, 1000, &m));
	*number = (unsigned)n;
	x->screen = (uint32_t)m;
	return ERR_OK;
}

/* ":0", "unix:0.1", "host:0", or the path of a socket with ":0" behind it. */
static enum err
parse_display(struct x11 *x)
{
	const char *colon = strrchr(x->display, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - x->display);
	unsigned number;

	if (colon == NULL)
		return ERR_SYNTAX;
	TRY(parse_number(colon + 1, x, &number));
	if (x->display[0] == '/') {
		x->path = strndup(x->display, n);
		return x->path == NULL ? ERR_NOMEM : ERR_OK;
	}
	if (n == 0 || (n == 4 && strncmp(x->display, "unix", 4) == 0)) {
		if (asprintf(&x->path, "%s%u", SOCKETS, number) == -1)
			x->path = NULL;
		return x->path == NULL ? ERR_NOMEM : ERR_OK;
	}
	x->host = strndup(x->display, n);
	x->port = (uint16_t)(PORT_OF_0 + number);
	return x->host == NULL ? ERR_NOMEM : ERR_OK;
}

/* --- the cookies --- */

/* A display without a cookie gets none that it would look at. */
static enum err
make_up(struct x11 *x)
{
	const struct rng rng = rng_system();

	snprintf(x->real.method, sizeof(x->real.method), "MIT-MAGIC-COOKIE-1");
	TRY(secret_alloc(&x->real.value, COOKIE_LEN));
	rng_fill(&rng, x->real.value.p, x->real.value.len);
	return ERR_OK;
}

static enum err
find_cookies(struct ssh *s, struct x11 *x)
{
	const struct ssh_config *c = &s->settings.config;
	const struct rng rng = rng_system();
	enum err e = x11_find_cookie(s, x->display, c->forward_x11_trusted,
	    c->forward_x11_timeout, &x->real);

	x->refuse_at = MSEC_NEVER;
	if (e != ERR_OK && !c->forward_x11_trusted) {
		log_error(&s->log, "Warning: untrusted X11 forwarding setup failed: "
		    "xauth key data not generated");
		return e;
	}
	if (!c->forward_x11_trusted && c->forward_x11_timeout > 0)
		x->refuse_at = loop_time(s->loop) + (msec)c->forward_x11_timeout * 1000;
	if (e != ERR_OK) {
		log_error(&s->log,
		    "Warning: No xauth data; using fake authentication data for X11 forwarding.");
		TRY(make_up(x));
	}
	TRY(secret_alloc(&x->fake, x->real.value.len));
	rng_fill(&rng, x->fake.p, x->fake.len);
	return ERR_OK;
}

/* Display and cookies are found once, for the first session that wants them. */
static enum err
make(struct ssh *s)
{
	const char *display = getenv("DISPLAY");
	struct x11 *x;
	enum err e;

	if (s->x11 != NULL)
		return ERR_OK;
	if (display == NULL || display[0] == '\0') {
		log_debug(&s->log, "X11 forwarding requested but DISPLAY not set");
		return ERR_NOTFOUND;
	}
	if (!is_valid(display)) {
		log_error(&s->log, "DISPLAY \"%s\" invalid; disabling X11 forwarding", display);
		return ERR_SYNTAX;
	}
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return ERR_NOMEM;
	s->x11 = x;
	x->display = strdup(display);
	e = x->display == NULL ? ERR_NOMEM : parse_display(x);
	if (e == ERR_SYNTAX)
		log_error(&s->log, "DISPLAY \"%s\" invalid; disabling X11 forwarding", display);
	if (e == ERR_OK)
		e = find_cookies(s, x);
	if (e != ERR_OK) {
		x11_free(x);
		s->x11 = NULL;
	}
	return e;
}

bool
x11_prepare(struct ssh *s, struct writer *body)
{
	SCOPED(writer_free) struct writer hex = writer_init(4096);

	if (make(s) != ERR_OK)
		return false;
	for (size_t i = 0; i < s->x11->fake.len; i++)
		wr_printf(&hex, "%02x", s->x11->fake.p[i]);
	request_x11_put(body, &(struct request_x11){ .protocol = span_str(s->x11->real.method),
	    .cookie = writer_span(&hex), .screen = s->x11->screen });
	return wr_end(&hex) == ERR_OK && wr_end(body) == ERR_OK;
}

/* --- connections --- */

static void
refuse(struct relay *t, const char *why)
{
	log_info(&t->s->log, "%s", why);
	relay_give_up(t);
}

/* The display is connected: it gets what the client has said so far, and then all the rest. */
static void
begin(struct relay *t, int fd)
{
	/* A fresh socket's buffer takes what a client says before it is answered. */
	if (send(fd, t->held.p, t->held.len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)t->held.len) {
		close(fd);
		refuse(t, "X11 connection rejected: the display does not take it.");
		return;
	}
	t->fd = fd;
	writer_free(&t->held);
	t->is_x11 = false;
	relay_attach(t);
	pump_kick(t->s->pump);
}

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct relay *t = arg;
	char line[128];

	t->dial = NULL;
	if (fd != -1) {
		net_no_delay(fd);
		begin(t, fd);
		return;
	}
	snprintf(line, sizeof(line), "connect to display failed: %s", why);
	refuse(t, line);
}

static void
connect_display(struct relay *t)
{
	const struct x11 *x = t->s->x11;
	int fd;

	if (x->path == NULL) {
		if (dial_start(t->s->loop, t->s->names, x->host, x->port, NAMES_ANY, 0, on_dialed, t,
		    &t->dial) != ERR_OK)
			refuse(t, "connect to display failed: out of memory");
		return;
	}
	if (net_connect_unix(x->path, SOCK_STREAM, &fd) == ERR_OK) {
		begin(t, fd);
		return;
	}
	on_dialed(t, -1, strerror(errno));
}

static void
on_data(struct relay *t, struct span data)
{
	SCOPED(writer_free) struct writer swapped = writer_init(LIMIT_PACKET);
	const struct x11 *x = t->s->x11;
	size_t used;
	enum err e;

	conn_channel_consumed(t->s->conn, t->id, data.len);
	if (t->is_failed)
		return;
	wr_raw(&t->held, data);
	if (wr_end(&t->held) != ERR_OK) {
		refuse(t, "X11 connection rejected: too much before the display answers.");
		return;
	}
	if (t->is_known)	/* the display is being connected */
		return;
	e = x11_setup_swap(writer_span(&t->held), span_str(x->real.method), secret_span(&x->fake),
	    secret_span(&x->real.value), &swapped, &used);
	if (e == ERR_AGAIN)
		return;
	if (e != ERR_OK) {
		refuse(t, "X11 connection rejected because of wrong authentication.");
		return;
	}
	wr_raw(&swapped, span_skip(writer_span(&t->held), used));
	if (wr_end(&swapped) != ERR_OK) {
		refuse(t, "X11 connection rejected: out of memory.");
		return;
	}
	writer_reset(&t->held);
	wr_raw(&t->held, writer_span(&swapped));
	t->is_known = true;
	connect_display(t);
}

bool
x11_event(struct relay *t, const struct event *ev)
{
	if (ev->type == EV_CHANNEL_DATA)
		on_data(t, ev->data);
	else if (ev->type == EV_CHANNEL_EOF)
		relay_give_up(t);
	else if (ev->type != EV_CHANNEL_WINDOW)
		return false;
	return true;
}

void
x11_open(struct ssh *s, const struct event *ev)
{
	struct open_x11 m;
	struct relay *t;
	char buf[300];

	if (s->x11 == NULL) {
		log_error(&s->log, "Warning: ssh server tried X11 forwarding.");
		log_error(&s->log,
		    "Warning: this is probably a break-in attempt by a malicious server.");
		conn_refuse_channel(s->conn, ev->channel, OPEN_PROHIBITED, "X11 was not asked for");
		return;
	}
	if (loop_time(s->loop) >= s->x11->refuse_at) {
		log_info(&s->log, "Rejected X11 connection after ForwardX11Timeout expired");
		conn_refuse_channel(s->conn, ev->channel, OPEN_PROHIBITED, "too late");
		return;
	}
	if (open_x11_get(ev->open.body, &m) != ERR_OK) {
		conn_refuse_channel(s->conn, ev->channel, OPEN_CONNECT_FAILED, "malformed request");
		return;
	}
	t = relay_of_server(s, ev->channel, "x11-connection");
	if (t == NULL)
		return;
	t->held = writer_init(LIMIT_PACKET);
	snprintf(t->label, sizeof(t->label), "x11 from %.100s port %u",
	    ssh_visible(buf, sizeof(buf), m.origin_host), m.origin_port);
	if (pump_set_manual(s->pump, ev->channel) != ERR_OK) {
		conn_refuse_channel(s->conn, ev->channel, OPEN_RESOURCE_SHORTAGE, "out of memory");
		relay_free(t);
		return;
	}
	t->is_x11 = true;
	conn_answer_channel(s->conn, ev->channel, SPAN_EMPTY);
	pump_kick(s->pump);
}

void
x11_free(struct x11 *x)
{
	if (x == NULL)
		return;
	free(x->display);
	free(x->host);
	free(x->path);
	secret_free(&x->real.value);
	secret_free(&x->fake);
	free(x);
}
