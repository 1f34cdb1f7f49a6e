/* SPDX-License-Identifier: ISC */
/* Forwardings that come and go while the connection stands: ~C, -O forward, -O cancel. */
#include <stdlib.h>
#include <string.h>

#include "ssh/forward_i.h"

/* --- copies --- */

static enum err
copy(const char *from, char **to)
{
	if (from == NULL)
		return ERR_OK;
	*to = strdup(from);
	return *to == NULL ? ERR_NOMEM : ERR_OK;
}

enum err
forward_copy(const struct forward *from, struct forward *to)
{
	*to = (struct forward){ .listen_port = from->listen_port,
	    .connect_port = from->connect_port };
	TRY(copy(from->listen_host, &to->listen_host));
	TRY(copy(from->listen_path, &to->listen_path));
	TRY(copy(from->connect_host, &to->connect_host));
	return copy(from->connect_path, &to->connect_path);
}

static enum err
expand(const struct ssh *s, enum ssh_keyword k, char **path)
{
	char *old = *path;
	enum err e;

	if (old == NULL)
		return ERR_OK;
	e = settings_expand(&s->settings, &s->log, k, old, path);
	free(old);
	return e;
}

enum err
forward_expand(const struct ssh *s, enum ssh_keyword k, const struct forward *from,
    struct forward *to)
{
	TRY(forward_copy(from, to));
	TRY(expand(s, k, &to->listen_path));
	return expand(s, k, &to->connect_path);
}

/* --- finding --- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_listen(const struct forward *a, const struct forward *b)
{
	return same_text(a->listen_host, b->listen_host) &&
	    same_text(a->listen_path, b->listen_path) && a->listen_port == b->listen_port;
}

static bool
same_connect(const struct forward *a, const struct forward *b)
{
	return same_text(a->connect_host, b->connect_host) &&
	    same_text(a->connect_path, b->connect_path) && a->connect_port == b->connect_port;
}

static struct listener *
find_listener(const struct ssh *s, bool is_dynamic, const struct forward *f)
{
	struct listener *l = s->forwards->listeners;

	while (l != NULL && (l->is_dynamic != is_dynamic || !same_listen(&l->what, f)))
		l = l->next;
	return l;
}

/* By what the server listens on: a port that it chose counts, too. */
static struct remote *
find_remote(const struct ssh *s, const struct forward *f)
{
	struct remote *r = s->forwards->remotes;

	for (; r != NULL; r = r->next) {
		if (r->is_cancelled)
			continue;
		if (same_listen(&r->what, f) && f->listen_port != 0)
			return r;
		if (f->listen_path != NULL && same_text(r->what.listen_path, f->listen_path))
			return r;
		if (f->listen_path == NULL && f->listen_port != 0 && r->port == f->listen_port &&
		    same_text(r->what.listen_host, f->listen_host))
			return r;
	}
	return NULL;
}

/* --- changing --- */

void
forwards_add(struct ssh *s, enum forward_kind kind, const struct forward *f,
    forward_answered *answered, void *arg)
{
	const struct listener *l;
	const struct remote *r;

	if (kind == FORWARD_REMOTE) {
		r = find_remote(s, f);
		if (r != NULL && r->is_up && same_connect(&r->what, f))
			answered(s, arg, true, 0);
		else if (remote_start(s, f, answered, arg) != ERR_OK)
			answered(s, arg, false, 0);
		pump_kick(s->pump);
		return;
	}
	l = find_listener(s, kind == FORWARD_DYNAMIC, f);
	answered(s, arg, (l != NULL && same_connect(&l->what, f)) ||
	    listen_start(s, f, kind == FORWARD_DYNAMIC) == ERR_OK, 0);
}

enum err
forwards_cancel(struct ssh *s, enum forward_kind kind, const struct forward *f)
{
	struct listener *l;
	struct remote *r;

	if (kind == FORWARD_REMOTE) {
		r = find_remote(s, f);
		if (r == NULL)
			return ERR_NOTFOUND;
		if (!r->is_up) {
			r->is_cancelled = true;
			return ERR_OK;
		}
		remote_stop(r);
		remote_free(r);
		pump_kick(s->pump);
		return ERR_OK;
	}
	l = find_listener(s, kind == FORWARD_DYNAMIC, f);
	if (l == NULL)
		return ERR_NOTFOUND;
	/* One for each address family. */
	for (; l != NULL; l = find_listener(s, kind == FORWARD_DYNAMIC, f))
		listener_free(l);
	return ERR_OK;
}
