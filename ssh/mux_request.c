/* SPDX-License-Identifier: ISC */
/* What clients of the master ask for. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/limits.h"
#include "ssh/info.h"
#include "ssh/mux_i.h"

/* --- answers --- */

static void
answer(struct mux_client *c, enum mux_type type, uint32_t request)
{
	size_t mark = mux_begin(c);

	mux_plain_put(&c->out, &(struct mux_plain){ type, request });
	mux_end(c, mark);
}

static void
answer_pair(struct mux_client *c, enum mux_type type, uint32_t request, uint32_t value)
{
	size_t mark = mux_begin(c);

	mux_pair_put(&c->out, &(struct mux_pair){ type, request, value });
	mux_end(c, mark);
}

static void
refuse(struct mux_client *c, enum mux_type type, uint32_t request, const char *why)
{
	size_t mark = mux_begin(c);

	log_debug(&c->s->log, "mux client %u: %s", c->number, why);
	mux_refusal_put(&c->out, &(struct mux_refusal){ type, request, span_str(why) });
	mux_end(c, mark);
}

/* ControlMaster ask and autoask: whether the user agrees; the client is told if not. */
PRINTF(3, 4) static bool
is_allowed(struct mux_client *c, uint32_t request, const char *fmt, ...)
{
	SCOPED(secret_free) struct secret said = { NULL, 0 };
	struct ssh *s = c->s;
	enum control_master how = s->settings.config.control_master;
	bool was_raw = s->session != NULL && s->session->tty.is_raw, ok;
	char question[512];
	va_list ap;

	if (how != CONTROL_MASTER_ASK && how != CONTROL_MASTER_AUTOASK)
		return true;
	va_start(ap, fmt);
	vsnprintf(question, sizeof(question), fmt, ap);
	va_end(ap);
	if (was_raw)
		tty_restore(&s->session->tty);
	ok = tty_ask(TTY_ASK_CONFIRM, question, &said) == ERR_OK && (said.len == 0 ||
	    (said.len == 3 && strncasecmp((const char *)said.p, "yes", 3) == 0));
	if (was_raw)
		(void)!tty_raw(&s->session->tty, STDIN_FILENO);
	if (!ok)
		refuse(c, MUX_PERMISSION_DENIED, request, "Permission denied");
	return ok;
}

/* --- sessions --- */

/* Hands the first n descriptors over to the session. */
static void
take_fds(struct mux_client *c, struct session *se, size_t n)
{
	for (size_t i = 0; i < n; i++)
		se->fd[i] = c->fds[i];
	c->n_fds = 0;
}

static void
drop_fds(struct mux_client *c)
{
	for (size_t i = 0; i < c->n_fds; i++)
		close(c->fds[i]);
	c->n_fds = 0;
}

static enum err
copy(struct span from, char **to)
{
	if (from.len == 0)
		return ERR_OK;
	*to = span_dup_str(from);
	return *to == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
plan(struct session *se, const struct mux_new_session *m)
{
	struct session_plan *p = &se->plan;
	char *agent = m->want_agent ? forward_agent_path(se->s) : NULL;

	*p = (struct session_plan){ .wants_pty = m->want_tty, .wants_x11 = m->want_x11 &&
	    se->s->settings.config.forward_x11, .wants_agent = agent != NULL,
	    .is_subsystem = m->is_subsystem, .env = writer_init(LIMIT_PACKET) };
	free(agent);
	wr_raw(&p->env, m->env);
	TRY(wr_end(&p->env));
	TRY(copy(m->term, &p->term));
	TRY(copy(m->command, &p->command));
	if (p->is_subsystem && p->command == NULL)
		return ERR_FORMAT;
	/* OpenSSH's clients name the character also where it must not count. */
	se->has_escapes = m->want_tty && m->escape <= UINT8_MAX;
	se->escape.character = (uint8_t)m->escape;
	se->tty_fd = fcntl(se->fd[0], F_DUPFD_CLOEXEC, 3);
	se->error_fd = fcntl(se->fd[2], F_DUPFD_CLOEXEC, 3);
	return ERR_OK;
}

/* A session that could not begin: the client may go on by itself. */
static enum err
not_begun(struct mux_client *c, uint32_t request, struct session *se, enum err e)
{
	drop_fds(c);
	if (se != NULL)
		mux_session_drop(se);
	refuse(c, MUX_FAILURE, request, e == ERR_EXISTS ? "session already open" : err_text(e));
	return ERR_OK;
}

static enum err
new_session(struct mux_client *c, struct span body)
{
	struct session *se = NULL;
	struct mux_new_session m;
	enum err e;

	TRY(mux_new_session_get(body, &m));
	log_debug(&c->s->log, "mux client %u: new session, tty %d, command \"%.*s\"", c->number,
	    m.want_tty, (int)m.command.len, (const char *)m.command.p);
	if (!is_allowed(c, m.request, "Allow shared connection to %s? ", c->s->settings.host)) {
		drop_fds(c);
		return ERR_OK;
	}
	e = mux_session_new(c, m.request, &se);
	if (e == ERR_OK) {
		take_fds(c, se, 3);
		e = plan(se, &m);
	}
	if (e == ERR_OK)
		e = session_open(se);
	return e == ERR_OK ? ERR_OK : not_begun(c, m.request, se, e);
}

static enum err
new_stdio_forward(struct mux_client *c, struct span body)
{
	struct mux_stdio_forward m;
	struct session *se = NULL;
	enum err e;

	TRY(mux_stdio_forward_get(body, &m));
	if (!is_allowed(c, m.request, "Allow forward to %.*s:%u? ", (int)m.host.len,
	    (const char *)m.host.p, m.port)) {
		drop_fds(c);
		return ERR_OK;
	}
	e = mux_session_new(c, m.request, &se);
	if (e == ERR_OK) {
		take_fds(c, se, 2);
		e = session_open_stdio(se, m.host, m.port);
	}
	return e == ERR_OK ? ERR_OK : not_begun(c, m.request, se, e);
}

/* --- forwardings --- */

/* What a forwarding waits for its answer with. */
struct waiting {
	uint32_t client;
	uint32_t request;
};

static void
on_forwarded(struct ssh *s, void *arg, bool ok, uint16_t port)
{
	const struct waiting *w = arg;
	struct mux_client *c = mux_client_find(s, w->client);

	if (c != NULL && !ok)
		refuse(c, MUX_FAILURE, w->request, "Port forwarding failed");
	else if (c != NULL && port != 0)
		answer_pair(c, MUX_REMOTE_PORT, w->request, port);
	else if (c != NULL)
		answer(c, MUX_OK, w->request);
	free(arg);
}

/* The forwarding that a message means; ERR_FORMAT if it is none. */
static enum err
get_forward(const struct mux_forward *m, struct forward *f)
{
	bool is_socks = m->kind == MUX_FORWARD_DYNAMIC ||
	    (m->kind == MUX_FORWARD_REMOTE && m->connect_port == 0);

	*f = (struct forward){ 0 };
	if (m->listen_port == MUX_PORT_PATH)
		TRY(copy(m->listen_host, &f->listen_path));
	else
		TRY(copy(m->listen_host, &f->listen_host));
	if (m->listen_port != MUX_PORT_PATH)
		f->listen_port = (uint16_t)m->listen_port;
	if (m->listen_port == MUX_PORT_PATH ? f->listen_path == NULL :
	    f->listen_port == 0 && m->kind != MUX_FORWARD_REMOTE)
		return ERR_FORMAT;
	if (is_socks)
		return ERR_OK;
	if (m->connect_host.len == 0 || m->connect_port == 0)
		return ERR_FORMAT;
	if (m->connect_port == MUX_PORT_PATH)
		return copy(m->connect_host, &f->connect_path);
	f->connect_port = (uint16_t)m->connect_port;
	return copy(m->connect_host, &f->connect_host);
}

static enum forward_kind
kind_of(uint32_t kind)
{
	return kind == MUX_FORWARD_LOCAL ? FORWARD_LOCAL :
	    kind == MUX_FORWARD_REMOTE ? FORWARD_REMOTE : FORWARD_DYNAMIC;
}

static enum err
open_forward(struct mux_client *c, struct span body)
{
	SCOPED(forward_clear) struct forward f = { 0 };
	struct mux_forward m;
	struct waiting *w;

	TRY(mux_forward_get(body, &m));
	if (get_forward(&m, &f) != ERR_OK) {
		refuse(c, MUX_FAILURE, m.request, "Invalid forwarding request");
		return ERR_OK;
	}
	if (!is_allowed(c, m.request, "Open %s forwarding on %s? ",
	    m.kind == MUX_FORWARD_REMOTE ? "remote" : "local", c->s->settings.host))
		return ERR_OK;
	w = malloc(sizeof(*w));
	if (w == NULL)
		return ERR_NOMEM;
	*w = (struct waiting){ c->number, m.request };
	forwards_add(c->s, kind_of(m.kind), &f, on_forwarded, w);
	return ERR_OK;
}

static enum err
close_forward(struct mux_client *c, struct span body)
{
	SCOPED(forward_clear) struct forward f = { 0 };
	struct mux_forward m;

	TRY(mux_forward_get(body, &m));
	if (get_forward(&m, &f) != ERR_OK)
		refuse(c, MUX_FAILURE, m.request, "Invalid forwarding request");
	else if (forwards_cancel(c->s, kind_of(m.kind), &f) != ERR_OK)
		refuse(c, MUX_FAILURE, m.request, "port not forwarded");
	else
		answer(c, MUX_OK, m.request);
	return ERR_OK;
}

/* --- the master itself --- */

static enum err
alive_check(struct mux_client *c, struct span body)
{
	struct mux_plain m;

	TRY(mux_plain_get(body, &m));
	answer_pair(c, MUX_ALIVE, m.request, (uint32_t)getpid());
	return ERR_OK;
}

static enum err
terminate(struct mux_client *c, struct span body)
{
	struct ssh *s = c->s;
	struct mux_plain m;

	TRY(mux_plain_get(body, &m));
	if (!is_allowed(c, m.request, "Terminate shared connection to %s? ", s->settings.host))
		return ERR_OK;
	answer(c, MUX_OK, m.request);
	log_debug(&s->log, "Exit request received");
	/* Whoever asks for a new master at once must find the name free. */
	mux_stop(s);
	ssh_leave(s, s->session->is_there ? 255 : 0);
	return ERR_OK;
}

static enum err
stop_listening(struct mux_client *c, struct span body)
{
	struct mux_plain m;

	TRY(mux_plain_get(body, &m));
	if (!is_allowed(c, m.request, "Disable further multiplexing on shared connection to %s? ",
	    c->s->settings.host))
		return ERR_OK;
	mux_stop(c->s);
	c->s->mux->is_stopped = true;
	answer(c, MUX_OK, m.request);
	return ERR_OK;
}

static enum err
tell(struct mux_client *c, struct span body)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_PACKET / 2);
	struct mux_ext_info m;
	size_t mark;

	TRY(mux_ext_info_get(body, &m));
	if (span_is(m.name, "connection"))
		info_connection(c->s, &text);
	else if (span_is(m.name, "channels"))
		info_channels(c->s, &text);
	else
		wr_fail(&text, ERR_UNSUPPORTED);
	mark = mux_begin(c);
	if (wr_end(&text) == ERR_OK)
		mux_ext_info_reply_put(&c->out, &(struct mux_ext_info_reply){ m.request, true,
		    writer_span(&text) });
	else
		mux_ext_info_reply_put(&c->out, &(struct mux_ext_info_reply){ m.request, false,
		    SPAN_LIT("unsupported request") });
	mux_end(c, mark);
	return ERR_OK;
}

/* From here on the socket speaks SSH; nothing may have been sent ahead. */
static enum err
become_proxy(struct mux_client *c, struct span body)
{
	bool is_all = body.p + body.len == c->in.p + c->in.len;
	struct mux_plain m;
	int fd = c->fd;

	TRY(mux_plain_get(body, &m));
	if (!is_all || c->session != NULL)
		return ERR_SEQUENCE;
	if (!is_allowed(c, m.request, "Allow proxied connection to %s? ", c->s->settings.host))
		return ERR_OK;
	answer(c, MUX_PROXY_OK, m.request);
	if (c->is_ending || c->out.len > 0)
		return ERR_LIMIT;
	watch_free(c->watch);
	c->watch = NULL;
	c->fd = -1;
	c->is_ending = true;
	return mux_proxy_new(c->s, fd, c->number);
}

/* --- all --- */

static enum err
unknown(struct mux_client *c, struct span body)
{
	struct reader r = rd_init(body);

	refuse(c, MUX_FAILURE, rd_u32(&r), "unsupported request");
	return ERR_OK;
}

struct request {
	enum mux_type type;
	size_t n_fds;
	enum err (*handle)(struct mux_client *c, struct span body);
};

static const struct request requests[] = {
	{ MUX_NEW_SESSION, 3, new_session },
	{ MUX_NEW_STDIO_FWD, 2, new_stdio_forward },
	{ MUX_ALIVE_CHECK, 0, alive_check },
	{ MUX_TERMINATE, 0, terminate },
	{ MUX_OPEN_FWD, 0, open_forward },
	{ MUX_CLOSE_FWD, 0, close_forward },
	{ MUX_STOP_LISTENING, 0, stop_listening },
	{ MUX_EXT_INFO, 0, tell },
	{ MUX_PROXY, 0, become_proxy },
};

static const struct request *
find(enum mux_type type)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (requests[i].type == type)
			return &requests[i];
	return NULL;
}

size_t
mux_fds_of(enum mux_type type)
{
	const struct request *r = find(type);

	return r == NULL ? 0 : r->n_fds;
}

enum err
mux_request(struct mux_client *c, enum mux_type type, struct span body)
{
	const struct request *r = find(type);

	return r == NULL ? unknown(c, body) : r->handle(c, body);
}
