/* SPDX-License-Identifier: ISC */
/* Ways to the server that a program makes: ProxyCommand and ProxyJump. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/process.h"
#include "ssh/destination.h"
#include "ssh/ssh.h"

/* --- ProxyUseFdpass --- */

/* Waits for the one descriptor that a proxy sends. ERR_CLOSED if none comes, ERR_TIMEOUT. */
static enum err
receive_fd(int from, msec until, int *fd)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control;
	struct pollfd p = { .fd = from, .events = POLLIN };
	uint8_t byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control) };
	struct cmsghdr *h;
	ssize_t n;

	for (;;) {
		msec now = clock_boot();
		int ms = until == MSEC_NEVER ? -1 : until <= now ? 0 :
		    until - now > INT_MAX ? INT_MAX : (int)(until - now);
		int ready = poll(&p, 1, ms);

		if (ready == 0)
			return ERR_TIMEOUT;
		if (ready == 1)
			break;
		if (errno != EINTR)
			return ERR_SYSTEM;
	}
	n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	h = n < 1 ? NULL : CMSG_FIRSTHDR(&msg);
	if (h == NULL || h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS ||
	    h->cmsg_len != CMSG_LEN(sizeof(int)))
		return ERR_CLOSED;
	memcpy(fd, CMSG_DATA(h), sizeof(*fd));
	return ERR_OK;
}

/* The proxy connects, hands its socket over, and ends: the way is as good as a direct one. */
static enum err
take_socket(struct ssh *s, int from)
{
	struct route *r = &s->route;
	int fd = -1, flags;
	enum err e = receive_fd(from, r->give_up, &fd);

	close(from);
	while (waitpid(r->proxy, NULL, 0) == -1 && errno == EINTR)
		;
	r->proxy = 0;
	if (e != ERR_OK) {
		log_fatal(&s->log, "proxy dialer did not pass back a connection");
		return e;
	}
	flags = fcntl(fd, F_GETFL);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	r->read_fd = r->write_fd = fd;
	return ERR_OK;
}

/* --- starting --- */

/* What a proxy talks to us through; both descriptors of an end may be the same. */
struct ends {
	int read[2];			/* ours, then its standard output */
	int write[2];			/* ours, then its standard input */
};

static void
close_end(struct ends *p, int which)
{
	close(p->read[which]);
	if (p->write[which] != p->read[which])
		close(p->write[which]);
}

/*
 * Pipes for others' programs, which may open /dev/stdin or ask what the other end is;
 * one socket for our own, and for those that are to pass a descriptor.
 */
static enum err
make_ends(struct ends *p, bool is_socket)
{
	int out[2], in[2];

	if (is_socket) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->read) == -1)
			return ERR_SYSTEM;
		memcpy(p->write, p->read, sizeof(p->write));
		return ERR_OK;
	}
	if (pipe2(out, O_CLOEXEC) == -1)
		return ERR_SYSTEM;
	if (pipe2(in, O_CLOEXEC) == -1) {
		close(out[0]);
		close(out[1]);
		return ERR_SYSTEM;
	}
	*p = (struct ends){ .read = { out[0], out[1] }, .write = { in[1], in[0] } };
	return ERR_OK;
}

/* Starts a program that makes the way to the server. */
static enum err
start(struct ssh *s, const char *path, char *const *argv, bool is_socket, bool passes_socket)
{
	struct process_job job = process_job(path, argv);
	struct process_fd fds[] = { { -1, 0 }, { -1, 1 }, { 2, 2 } };
	struct ends ends;
	enum err e;

	if (make_ends(&ends, is_socket) != ERR_OK) {
		log_fatal(&s->log, "Could not create what to communicate with the proxy by: %s",
		    strerror(errno));
		return ERR_SYSTEM;
	}
	fds[0].from = ends.write[1];
	fds[1].from = ends.read[1];
	job.fds = fds;
	job.n_fds = COUNT(fds);
	e = process_start(&job, &s->route.proxy);
	close_end(&ends, 1);
	if (e != ERR_OK) {
		log_fatal(&s->log, "%s: %s", path, strerror(errno));
		close_end(&ends, 0);
		s->route.proxy = 0;
		return e;
	}
	s->route.is_proxied = true;
	if (passes_socket)
		return take_socket(s, ends.read[0]);
	(void)fcntl(ends.read[0], F_SETFL, O_NONBLOCK);
	(void)fcntl(ends.write[0], F_SETFL, O_NONBLOCK);
	s->route.read_fd = ends.read[0];
	s->route.write_fd = ends.write[0];
	return ERR_OK;
}

/* --- ProxyCommand --- */

static enum err
start_command(struct ssh *s, const char *text)
{
	const char *shell = getenv("SHELL");
	char option[] = "-c";
	char *argv[] = { NULL, option, NULL, NULL };
	char *expanded = NULL, *line = NULL;
	enum err e;

	TRY(settings_expand(&s->settings, &s->log, SSH_KEYWORD_ProxyCommand, text, &expanded));
	if (asprintf(&line, "exec %s", expanded) == -1) {
		free(expanded);
		return ERR_NOMEM;
	}
	log_debug(&s->log, "Executing proxy command: %s", line);
	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	argv[0] = (char *)(uintptr_t)shell;
	argv[2] = line;
	e = start(s, shell, argv, s->settings.config.proxy_use_fdpass,
	    s->settings.config.proxy_use_fdpass);
	free(line);
	free(expanded);
	return e;
}

/* --- ProxyJump: this program once more, with -W --- */

#define JUMP_ARGS	48

/* An argv in the making; all of it is malloc'ed. */
struct args {
	char *v[JUMP_ARGS];
	size_t n;
	bool failed;
};

static void
args_free(struct args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
}

PRINTF(2, 3) static void
arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->failed || a->n == JUMP_ARGS - 1) {
		a->failed = true;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&a->v[a->n], fmt, ap) == -1)
		a->failed = true;
	else
		a->n++;
	va_end(ap);
}

static void
arg_span(struct args *a, const char *flag, struct span value)
{
	arg(a, "%s", flag);
	arg(a, "%.*s", (int)value.len, (const char *)value.p);
}

/* Splits "a,b,c" at the last comma: c is connected to by way of a,b. */
static struct span
last_hop(struct span chain, struct span *rest)
{
	size_t at = chain.len;

	while (at > 0 && chain.p[at - 1] != ',')
		at--;
	*rest = at == 0 ? SPAN_EMPTY : span_first(chain, at - 1);
	return span_skip(chain, at);
}

static enum err
jump_args(const struct ssh *s, const char *chain, struct args *a)
{
	SCOPED(writer_free) struct writer user = writer_init(LIMIT_LINE);
	struct span rest, hop = last_hop(span_str(chain), &rest);
	struct destination d;

	TRY(destination_safe_hop(hop, &d, &user));
	arg(a, "%s", s->argv0);
	if (user.len > 0)
		arg_span(a, "-l", writer_span(&user));
	if (d.port != 0) {
		arg(a, "-p");
		arg(a, "%u", d.port);
	}
	if (rest.len > 0)
		arg_span(a, "-J", rest);
	if (s->options.config_file != NULL) {
		arg(a, "-F");
		arg(a, "%s", s->options.config_file);
	}
	if (s->options.verbose > 0)
		arg(a, "-%.*s", (int)(s->options.verbose > 3 ? 3 : s->options.verbose), "vvv");
	arg(a, "-W");
	arg(a, "[%s]:%u", s->settings.host, s->settings.config.port);
	arg(a, "--");
	arg(a, "%.*s", (int)d.host.len, (const char *)d.host.p);
	return a->failed ? ERR_NOMEM : ERR_OK;
}

/* This program's file: as it was called if that was by a path, else what runs. */
static const char *
own_path(const struct ssh *s)
{
	if (strchr(s->argv0, '/') != NULL && access(s->argv0, X_OK) == 0)
		return s->argv0;
	return "/proc/self/exe";
}

static enum err
start_jump(struct ssh *s, const char *text)
{
	struct args a = { .n = 0 };
	char *chain = NULL;
	enum err e;

	TRY(settings_expand(&s->settings, &s->log, SSH_KEYWORD_ProxyJump, text, &chain));
	e = jump_args(s, chain, &a);
	if (e == ERR_OK) {
		log_debug(&s->log, "Setting implicit ProxyCommand from ProxyJump: %s", chain);
		e = start(s, own_path(s), a.v, true, false);
	} else {
		log_fatal(&s->log, "Invalid ProxyJump \"%s\"", chain);
	}
	args_free(&a);
	free(chain);
	return e;
}

enum err
proxy_start(struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	enum err e = ERR_NOTFOUND;

	if (c->proxy_command != NULL)
		e = start_command(s, c->proxy_command);
	else if (c->proxy_jump != NULL)
		e = start_jump(s, c->proxy_jump);
	if (e != ERR_OK)
		return e;
	/* A socket that was handed over may well say where it leads. */
	if (s->route.proxy == 0 && net_ends(s->route.read_fd, NULL, &s->route.peer) == ERR_OK) {
		address_print(&s->route.peer.address, s->route.peer_text,
		    sizeof(s->route.peer_text));
		s->route.peer_port = s->route.peer.port;
		s->route.socket = s->route.read_fd;
		net_no_delay(s->route.read_fd);
		return ERR_OK;
	}
	snprintf(s->route.peer_text, sizeof(s->route.peer_text), "UNKNOWN");
	s->route.peer_port = 65535;
	return ERR_OK;
}
