/* SPDX-License-Identifier: ISC */
/* Finding a master, and letting it do what is to be done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/clock.h"
#include "os/net.h"
#include "ssh/mux_i.h"

/* A master that does not say hello within this is none. */
#define HELLO_MSEC	10000

/* Whether a master that runs is asked at all. */
static bool
wants_master(const struct ssh *s)
{
	switch (s->settings.config.control_master) {
	case CONTROL_MASTER_YES:
	case CONTROL_MASTER_ASK:
		return s->options.mux_command != NULL;
	default:
		return true;
	}
}

/* What is told when nobody answers at path. */
static void
say_not_there(const struct ssh *s, const char *path)
{
	int error = errno;

	if (s->options.mux_command != NULL)
		log_fatal(&s->log, "Control socket connect(%s): %s", path, strerror(error));
	else if (error == ECONNREFUSED && s->settings.config.control_master != CONTROL_MASTER_NO) {
		log_debug(&s->log, "Stale control socket %s, unlinking", path);
		(void)unlink(path);
	} else if (error == ENOENT)
		log_debug(&s->log, "Control socket \"%s\" does not exist", path);
	else
		log_error(&s->log, "Control socket connect(%s): %s", path, strerror(error));
}

static enum err
exchange_hello(struct mux_wire *w)
{
	SCOPED(writer_free) struct writer out = writer_init(64);
	struct mux_hello hello;
	enum mux_type type;
	struct span body;
	size_t mark = wr_open(&out);

	mux_hello_put(&out, &(struct mux_hello){ MUX_VERSION, SPAN_EMPTY });
	wr_close(&out, mark);
	TRY(wr_end(&out));
	TRY(mux_wire_send(w, writer_span(&out)));
	TRY(mux_wire_next(w, &type, &body));
	return type == MUX_HELLO ? mux_hello_get(body, &hello) : ERR_SEQUENCE;
}

/* Connects, and makes sure that a master is there. ERR_NOTFOUND: none; it was told. */
static enum err
open_wire(struct ssh *s, const char *path, struct mux_wire *w)
{
	msec timeout = (msec)s->settings.config.connect_timeout * 1000;
	enum err e;

	*w = (struct mux_wire){ .fd = -1, .in = writer_init(LIMIT_PACKET + 64 * 1024) };
	if (net_connect_unix(path, SOCK_STREAM, &w->fd) != ERR_OK) {
		w->fd = -1;
		say_not_there(s, path);
		return ERR_NOTFOUND;
	}
	w->until = clock_boot() + (timeout > 0 ? timeout : HELLO_MSEC);
	e = exchange_hello(w);
	w->until = MSEC_NEVER;
	if (e == ERR_OK)
		return ERR_OK;
	log_error(&s->log, "master hello exchange failed: %s", err_text(e));
	mux_wire_close(w);
	return ERR_NOTFOUND;
}

enum err
mux_client_alive(struct mux_wire *w, uint32_t *pid)
{
	enum mux_type type;
	struct mux_pair m;
	struct span body;

	TRY(mux_wire_ask(w, MUX_ALIVE_CHECK, &type, &body));
	if (type != MUX_ALIVE)
		return ERR_DENIED;
	TRY(mux_pair_get(body, &m));
	*pid = m.second;
	return ERR_OK;
}

enum err
mux_client_run(struct ssh *s, int *code)
{
	const char *command = s->options.mux_command;
	struct mux_wire wire;
	char *path;
	enum err e = mux_path(s, &path);

	*code = 255;
	if (e != ERR_OK || !wants_master(s)) {
		free(path);
		if (command == NULL)
			return ERR_NOTFOUND;
		log_fatal(&s->log, "No ControlPath specified for \"-O\" command");
		return ERR_OK;
	}
	if (command == NULL && s->settings.config.control_master != CONTROL_MASTER_NO)
		log_debug(&s->log, "auto-mux: Trying existing master at '%s'", path);
	e = open_wire(s, path, &wire);
	free(path);
	if (e == ERR_OK && command != NULL && strcmp(command, "proxy") == 0) {
		e = mux_client_proxy(s, &wire);
		mux_wire_close(&wire);
		return e == ERR_OK ? ERR_NOTFOUND : ERR_OK;
	}
	if (e == ERR_OK) {
		e = command != NULL ? mux_client_command(s, &wire, command, code) :
		    mux_client_session(s, &wire, code);
		mux_wire_close(&wire);
	}
	/* With -O there is nothing else that could be done. */
	return e == ERR_OK || command != NULL ? ERR_OK : ERR_NOTFOUND;
}
