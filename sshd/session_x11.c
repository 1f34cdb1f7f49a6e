/* SPDX-License-Identifier: ISC */
/*
 * X11 forwarding (RFC 4254 6.3): a display of the user's, on which his
 * programs reach the X server at the client.
 *
 * display   number N of "localhost:N": it listens at port 6000 + N
 *
 * The client sends a protocol name and a cookie, which xauth writes into the
 * user's ~/.Xauthority before his program starts; a line break in either would
 * be another command to xauth (CVE-2016-3115), so they are letters, digits and
 * a few marks only, or the request is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "channels/request.h"
#include "os/file.h"
#include "os/process.h"
#include "sshd/session_forward.h"

#define X11_PORT	6000

/* Displays from X11DisplayOffset on that are tried. */
#define DISPLAYS	1000

/* Longer ones are nobody's. */
#define NAME_MAX_LEN	64
#define COOKIE_MAX_LEN	512

/* MIT-MAGIC-COOKIE-1 and its like. */
static bool
is_protocol(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_' || c == '.'))
			return false;
	}
	return s.len > 0 && s.len <= NAME_MAX_LEN && s.p[0] != '-';
}

static bool
is_cookie(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
	}
	return s.len > 0 && s.len <= COOKIE_MAX_LEN;
}

/* Closes the listeners of a display. */
static void
close_display(struct session *s, uint32_t display)
{
	struct forward_listener *l = s->listeners;

	while (l != NULL) {
		struct forward_listener *next = l->next;

		if (l->kind == LISTENER_X11 && l->port == X11_PORT + display)
			listener_free(l);
		l = next;
	}
}

/*
 * Listens for a display at both families, of which the machine may have one
 * only; ERR_EXISTS, leaving nothing, if the number is taken in either.
 */
static enum err
listen_display(struct session *s, uint32_t display, bool is_single)
{
	bool local = s->config.x11_use_localhost;
	struct endpoint at[] = {
		{ .address = { .family = 4, .bytes = { local ? 127 : 0, 0, 0, local ? 1 : 0 } } },
		{ .address = { .family = 6, .bytes = { [15] = local ? 1 : 0 } } },
	};
	size_t n = 0;

	for (size_t i = 0; i < COUNT(at); i++) {
		struct forward_listener *l;
		int fd;

		at[i].port = (uint16_t)(X11_PORT + display);
		if (net_listen(&at[i], FORWARD_BACKLOG, &fd) != ERR_OK) {
			if (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
				continue;
			close_display(s, display);
			return ERR_EXISTS;
		}
		TRY(listener_add(s, fd, SPAN_EMPTY, LISTENER_X11, &l));
		l->port = at[i].port;
		l->is_single = is_single;
		n++;
	}
	return n > 0 ? ERR_OK : ERR_UNSUPPORTED;
}

static enum err
find_display(struct session *s, bool is_single, uint32_t *display)
{
	uint32_t first = s->config.x11_display_offset;

	for (uint32_t d = first; d < first + DISPLAYS && d <= UINT16_MAX - X11_PORT; d++) {
		enum err e = listen_display(s, d, is_single);

		if (e == ERR_EXISTS)
			continue;
		*display = d;
		return e;
	}
	return ERR_EXISTS;
}

/* What DISPLAY and xauth's entry are called. */
static enum err
name_display(struct program *p, uint32_t display)
{
	struct session *s = p->session;
	SCOPED(writer_free) struct writer shown = writer_init(512);
	SCOPED(writer_free) struct writer entry = writer_init(512);
	char host[256] = "";

	if (s->config.x11_use_localhost) {
		wr_printf(&shown, "localhost:%u.%u", (unsigned)display, (unsigned)p->x11.screen);
		wr_printf(&entry, "unix:%u.%u", (unsigned)display, (unsigned)p->x11.screen);
	} else {
		if (gethostname(host, sizeof(host) - 1) == -1)
			return ERR_SYSTEM;
		wr_printf(&shown, "%s:%u.%u", host, (unsigned)display, (unsigned)p->x11.screen);
		wr_raw(&entry, writer_span(&shown));
	}
	TRY(wr_end(&shown));
	TRY(wr_end(&entry));
	p->x11.display = span_dup_str(writer_span(&shown));
	p->x11.entry = span_dup_str(writer_span(&entry));
	return p->x11.display == NULL || p->x11.entry == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
keep_cookie(struct program *p, const struct request_x11 *m)
{
	p->x11.protocol = span_dup_str(m->protocol);
	p->x11.cookie = span_dup_str(m->cookie);
	p->x11.screen = m->screen;
	return p->x11.protocol == NULL || p->x11.cookie == NULL ? ERR_NOMEM : ERR_OK;
}

bool
x11_request(struct program *p, struct span body)
{
	struct session *s = p->session;
	struct request_x11 m;
	uint32_t display;
	enum err e;

	if (p->is_started || p->x11.display != NULL || request_x11_get(body, &m) != ERR_OK)
		return false;
	if (!(s->may.permit & PERMIT_X11) || s->config.xauth_location == NULL) {
		log_debug(&s->log, "X11 forwarding is not allowed for %s", s->user);
		return false;
	}
	if (!is_protocol(m.protocol) || !is_cookie(m.cookie)) {
		log_info(&s->log, "Invalid X11 forwarding data from %s port %u", s->client,
		    (unsigned)s->client_port);
		return false;
	}
	if (access(s->config.xauth_location, X_OK) == -1) {
		log_info(&s->log, "X11 forwarding for %s refused: no xauth program at %s (XAuthLocation)",
		    s->user, s->config.xauth_location);
		return false;
	}
	e = find_display(s, m.single, &display);
	if (e != ERR_OK) {
		log_error(&s->log, "X11 forwarding for %s: no display from number %u on is free: %s",
		    s->user, (unsigned)s->config.x11_display_offset, err_text(e));
		return false;
	}
	p->x11.number = display;
	if (keep_cookie(p, &m) == ERR_OK && name_display(p, display) == ERR_OK)
		return true;
	x11_end(p);
	return false;
}

void
x11_end(struct program *p)
{
	struct x11 *x = &p->x11;

	if (x->display != NULL)
		close_display(p->session, x->number);
	if (x->cookie != NULL)
		wipe(x->cookie, strlen(x->cookie));
	free(x->protocol);
	free(x->cookie);
	free(x->display);
	free(x->entry);
	*x = (struct x11){ .number = 0 };
}

/* A pipe that a text is read from; the text is short enough for it to take at once. */
static enum err
pipe_with(struct span text, int *fd)
{
	int ends[2];
	enum err e;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	e = file_write_all(ends[1], text);
	close(ends[1]);
	if (e != ERR_OK)
		close(ends[0]);
	else
		*fd = ends[0];
	return e;
}

enum err
x11_rc_input(const struct program *p, int *fd)
{
	SCOPED(writer_free) struct writer text = writer_init(2048);

	wr_printf(&text, "%s %s\n", p->x11.protocol, p->x11.cookie);
	TRY(wr_end(&text));
	return pipe_with(writer_span(&text), fd);
}

enum err
x11_xauth_input(const struct program *p, int *fd)
{
	SCOPED(writer_free) struct writer text = writer_init(2048);

	wr_printf(&text, "remove %s\nadd %s %s %s\n", p->x11.entry, p->x11.entry, p->x11.protocol,
	    p->x11.cookie);
	TRY(wr_end(&text));
	return pipe_with(writer_span(&text), fd);
}
