/* SPDX-License-Identifier: ISC */
/* The master's socket: how it begins, and when it ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/random.h"
#include "os/net.h"
#include "ssh/mux_i.h"

#define SOCKET_UMASK	0177

enum err
mux_path(const struct ssh *s, char **out)
{
	*out = NULL;
	if (s->settings.config.control_path == NULL)
		return ERR_NOTFOUND;
	return settings_expand(&s->settings, &s->log, SSH_KEYWORD_ControlPath,
	    s->settings.config.control_path, out);
}

/* --- listening --- */

static void
on_connection(void *arg, unsigned events)
{
	struct ssh *s = arg;
	int fd;
	enum err e = net_accept(s->mux->fd, &fd);

	(void)events;
	if (e == ERR_OK)
		mux_client_new(s, fd);
	else if (e != ERR_AGAIN)
		log_error(&s->log, "mux: accept: %s", strerror(errno));
}

/*
 * The socket gets its name when it is ready, so that nobody finds one that
 * nobody answers at, and two that want to be the master do not both succeed.
 */
static enum err
bind_to(struct ssh *s, const char *path, int *fd)
{
	const struct rng rng = rng_system();
	uint64_t chance = 0;
	char *other = NULL;
	enum err e;

	rng_fill(&rng, &chance, sizeof(chance));
	if (asprintf(&other, "%s.%016llx", path, (unsigned long long)chance) == -1)
		return ERR_NOMEM;
	e = net_listen_unix(other, SOCK_STREAM, SOCKET_UMASK, fd);
	if (e != ERR_OK) {
		log_error(&s->log, "unix_listener: cannot bind to path %s: %s", other,
		    strerror(errno));
		free(other);
		return e;
	}
	if (link(other, path) == -1) {
		e = errno == EEXIST ? ERR_EXISTS : ERR_SYSTEM;
		if (e == ERR_EXISTS)
			log_error(&s->log, "ControlSocket %s already exists, disabling multiplexing",
			    path);
		else
			log_error(&s->log, "link mux listener %s => %s: %s", other, path,
			    strerror(errno));
		close(*fd);
	}
	(void)unlink(other);
	free(other);
	return e;
}

static void
listen_at(struct ssh *s, struct mux *m, char *path)
{
	if (bind_to(s, path, &m->fd) != ERR_OK) {
		m->fd = -1;
		free(path);
		return;
	}
	m->path = path;
	if (loop_watch(s->loop, &m->watch, m->fd, LOOP_READ, on_connection, s) != ERR_OK) {
		mux_stop(s);
		return;
	}
	log_debug(&s->log, "setting up multiplex master socket");
}

static void
on_persisted(void *arg)
{
	struct ssh *s = arg;

	if (conn_channel_count(s->conn) > 0 || s->mux->clients != NULL || s->mux->proxies != NULL)
		return;
	log_debug(&s->log, "ControlPersist timeout expired");
	ssh_leave(s, 0);
}

void
mux_listen(struct ssh *s)
{
	struct mux *m;
	char *path;

	if (s->settings.config.control_master == CONTROL_MASTER_NO || mux_path(s, &path) != ERR_OK)
		return;
	m = calloc(1, sizeof(*m));
	if (m == NULL || loop_timer(s->loop, &m->persist, on_persisted, s) != ERR_OK) {
		log_error(&s->log, "mux: out of memory");
		free(m);
		free(path);
		return;
	}
	m->s = s;
	m->fd = -1;
	s->mux = m;
	listen_at(s, m, path);
}

void
mux_stop(struct ssh *s)
{
	struct mux *m = s->mux;

	watch_free(m->watch);
	m->watch = NULL;
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	if (m->path != NULL)
		(void)unlink(m->path);
	free(m->path);
	m->path = NULL;
}

/* --- staying for others --- */

bool
mux_will_persist(const struct ssh *s)
{
	return s->mux != NULL && s->mux->fd != -1 && s->settings.config.control_persist.on;
}

/* The parent: a client like any other from now on. Its copy of the connection is not touched. */
static _Noreturn void
go_on_as_client(struct ssh *s)
{
	int code = 255;

	s->mux_has_forwards = true;
	s->settings.config.control_master = CONTROL_MASTER_NO;
	if (mux_client_run(s, &code) != ERR_OK)
		log_fatal(&s->log, "Failed to connect to new control master");
	_exit(code);
}

bool
mux_persist_if_due(struct ssh *s)
{
	struct ssh_config *c = &s->settings.config;
	bool is_for_us = s->options.stdio_forward != NULL ||
	    c->session_type != SESSION_TYPE_NONE;
	pid_t pid;

	if (!mux_will_persist(s) || s->session == NULL || s->is_in_background)
		return false;
	s->is_in_background = true;
	log_debug(&s->log, "backgrounding master process");
	pid = fork();
	if (pid == -1) {
		log_error(&s->log, "fork: %s", strerror(errno));
		ssh_leave(s, 255);
		return true;
	}
	if (pid > 0) {
		/* With -N or -f alone there is nothing left to do here. */
		if (!is_for_us)
			_exit(0);
		go_on_as_client(s);
	}
	session_detach_process(s);
	c->fork_after_authentication = false;
	mux_idle(s);
	return true;
}

void
mux_idle(struct ssh *s)
{
	const struct control_persist *p = &s->settings.config.control_persist;
	struct mux *m = s->mux;

	if (m == NULL || conn_channel_count(s->conn) > 0 || m->clients != NULL ||
	    m->proxies != NULL || s->is_leaving)
		return;
	if (m->is_stopped && (p->on || !s->session->is_there)) {
		ssh_leave(s, 0);
		return;
	}
	if (s->is_in_background && p->on && p->seconds > 0)
		timer_set(m->persist, loop_now(s->loop) + (msec)p->seconds * 1000);
}

void
mux_free(struct mux *m)
{
	if (m == NULL)
		return;
	while (m->clients != NULL)
		mux_client_free(m->clients);
	mux_proxies_free(m);
	while (m->n_sessions > 0)
		mux_session_drop(m->sessions[0]);
	mux_stop(m->s);
	timer_free(m->persist);
	free(m->sessions);
	free(m);
}
