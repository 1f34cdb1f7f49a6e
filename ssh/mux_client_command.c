/* SPDX-License-Identifier: ISC */
/* -O, and forwardings that a master is asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "ssh/mux_i.h"

/* Sends what was written between wr_open() (mark 0) and now, and waits for the answer. */
static enum err
call(struct mux_wire *w, struct writer *out, size_t mark, enum mux_type *type, struct span *body)
{
	wr_close(out, mark);
	TRY(wr_end(out));
	TRY(mux_wire_send(w, writer_span(out)));
	return mux_wire_next(w, type, body);
}

/* A refusal's reason, to be shown; "unexpected answer" if it is none. */
static const char *
reason_of(enum mux_type type, struct span body, char *buf, size_t size)
{
	struct mux_refusal m = { .request = 0 };

	if ((type != MUX_PERMISSION_DENIED && type != MUX_FAILURE) ||
	    mux_refusal_get(body, &m) != ERR_OK)
		return "unexpected answer";
	return ssh_visible(buf, size, m.reason);
}

/* --- forwardings --- */

static void
put_forward(struct writer *w, bool is_cancel, enum mux_forward_type kind, const struct forward *f)
{
	bool is_socks = f->connect_host == NULL && f->connect_path == NULL;
	struct mux_forward m = {
		.type = is_cancel ? MUX_CLOSE_FWD : MUX_OPEN_FWD, .kind = kind,
		.listen_host = span_str(f->listen_path != NULL ? f->listen_path : f->listen_host),
		.listen_port = f->listen_path != NULL ? MUX_PORT_PATH : f->listen_port,
		.connect_host = span_str(is_socks ? "socks" :
		    f->connect_path != NULL ? f->connect_path : f->connect_host),
		.connect_port = is_socks ? 0 : f->connect_path != NULL ? MUX_PORT_PATH :
		    f->connect_port,
	};

	mux_forward_put(w, &m);
}

/* The answer to one; tells what is wrong. */
static enum err
take_answer(struct ssh *s, enum mux_type type, struct span body, const struct forward *f)
{
	struct mux_pair m;
	char buf[512];

	if (type == MUX_OK)
		return ERR_OK;
	if (type == MUX_REMOTE_PORT && mux_pair_get(body, &m) == ERR_OK) {
		log_info(&s->log, "Allocated port %u for remote forward to %s:%u", m.second,
		    f->connect_path != NULL ? f->connect_path :
		    f->connect_host != NULL ? f->connect_host : "SOCKS", f->connect_port);
		/* For scripts; standard output is a session's own otherwise. */
		if (s->options.mux_command != NULL)
			printf("%u\n", m.second);
		return ERR_OK;
	}
	log_error(&s->log, "forwarding request failed: %s", reason_of(type, body, buf, sizeof(buf)));
	return ERR_DENIED;
}

static enum err
ask_all(struct ssh *s, struct mux_wire *w, bool is_cancel, enum mux_forward_type kind,
    const struct forwards *list)
{
	enum ssh_keyword k = kind == MUX_FORWARD_REMOTE ? SSH_KEYWORD_RemoteForward :
	    SSH_KEYWORD_LocalForward;
	enum err worst = ERR_OK;

	for (size_t i = 0; i < list->n; i++) {
		SCOPED(writer_free) struct writer out = writer_init(LIMIT_PACKET);
		SCOPED(forward_clear) struct forward f = { 0 };
		size_t mark = wr_open(&out);
		enum mux_type type;
		struct span body;

		TRY(forward_expand(s, k, &list->v[i], &f));
		put_forward(&out, is_cancel, kind, &f);
		TRY(call(w, &out, mark, &type, &body));
		if (take_answer(s, type, body, &f) != ERR_OK)
			worst = ERR_DENIED;
	}
	return worst;
}

enum err
mux_client_forwards(struct ssh *s, struct mux_wire *w, bool is_cancel)
{
	const struct ssh_config *c = &s->settings.config;
	enum err worst = ERR_OK, e;

	if (c->clear_all_forwardings)
		return ERR_OK;
	e = ask_all(s, w, is_cancel, MUX_FORWARD_LOCAL, &c->local_forwards);
	worst = e != ERR_OK ? e : worst;
	e = ask_all(s, w, is_cancel, MUX_FORWARD_DYNAMIC, &c->dynamic_forwards);
	worst = e != ERR_OK ? e : worst;
	e = ask_all(s, w, is_cancel, MUX_FORWARD_REMOTE, &c->remote_forwards);
	return e != ERR_OK ? e : worst;
}

/* --- the others --- */

static enum err
check(struct ssh *s, struct mux_wire *w)
{
	uint32_t pid = 0;
	enum err e = mux_client_alive(w, &pid);

	if (e != ERR_OK)
		log_fatal(&s->log, "master alive check failed");
	else
		fprintf(stderr, "Master running (pid=%u)\r\n", pid);
	return e;
}

static enum err
simple(struct ssh *s, struct mux_wire *w, enum mux_type request, const char *what,
    const char *done)
{
	enum mux_type type;
	struct span body;
	char buf[512];
	enum err e = mux_wire_ask(w, request, &type, &body);

	/* OpenSSH's may be gone before its answer is. */
	if (e == ERR_CLOSED && request == MUX_TERMINATE)
		type = MUX_OK;
	else if (e != ERR_OK)
		return e;
	if (type == MUX_OK) {
		fprintf(stderr, "%s\r\n", done);
		return ERR_OK;
	}
	log_fatal(&s->log, "%s request failed: %s", what, reason_of(type, body, buf, sizeof(buf)));
	return ERR_DENIED;
}

static enum err
info(struct ssh *s, struct mux_wire *w, const char *name)
{
	SCOPED(writer_free) struct writer out = writer_init(LIMIT_PACKET);
	struct mux_ext_info_reply m;
	enum mux_type type;
	struct span body;
	char buf[512];
	size_t mark = wr_open(&out);

	mux_ext_info_put(&out, &(struct mux_ext_info){ 0, span_str(name) });
	TRY(call(w, &out, mark, &type, &body));
	if (type != MUX_EXT_INFO_REPLY || mux_ext_info_reply_get(body, &m) != ERR_OK || !m.ok) {
		log_fatal(&s->log, "information request failed: %s",
		    reason_of(type, body, buf, sizeof(buf)));
		return ERR_DENIED;
	}
	return file_write_all(STDOUT_FILENO, m.text);
}

enum err
mux_client_proxy(struct ssh *s, struct mux_wire *w)
{
	enum mux_type type;
	struct span body;
	char buf[512];

	if (mux_wire_ask(w, MUX_PROXY, &type, &body) != ERR_OK) {
		log_fatal(&s->log, "Control master terminated unexpectedly");
		return ERR_DENIED;
	}
	/* Nothing may be there that does not answer what we have yet to ask. */
	if (type != MUX_PROXY_OK || w->in.len != w->used) {
		log_fatal(&s->log, "proxy request failed: %s",
		    reason_of(type, body, buf, sizeof(buf)));
		return ERR_DENIED;
	}
	s->master_fd = w->fd;
	w->fd = -1;
	return ERR_OK;
}

enum err
mux_client_command(struct ssh *s, struct mux_wire *w, const char *command, int *code)
{
	enum err e;

	if (strcmp(command, "check") == 0)
		e = check(s, w);
	else if (strcmp(command, "forward") == 0)
		e = mux_client_forwards(s, w, false);
	else if (strcmp(command, "cancel") == 0)
		e = mux_client_forwards(s, w, true);
	else if (strcmp(command, "exit") == 0)
		e = simple(s, w, MUX_TERMINATE, "termination", "Exit request sent.");
	else if (strcmp(command, "stop") == 0)
		e = simple(s, w, MUX_STOP_LISTENING, "stop listening",
		    "Stop listening request sent.");
	else
		e = info(s, w, strcmp(command, "channels") == 0 ? "channels" : "connection");
	if (e == ERR_CLOSED || e == ERR_SYSTEM)
		log_fatal(&s->log, "Control master terminated unexpectedly");
	*code = e == ERR_OK && fflush(stdout) == 0 ? 0 : 255;
	return e;
}
