/* SPDX-License-Identifier: ISC */
/* ssh-keyscan: one connection, which is to bring one key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "crypto/crypto.h"
#include "kex/kex.h"
#include "os/file.h"
#include "tools/ssh_keyscan_i.h"

/* A server that says a little every now and then is left after so many times -T. */
#define PATIENCE	4

/* Servers know a scan by it. */
#define IDENT	"SSH-2.0-OpenSSH-keyscan"

struct ask {
	struct scan_host *host;
	struct ask *next;
	const struct keyscan_kind *kind;
	struct dial *dial;		/* NULL: connected, or not any more */
	struct endpoint server;
	struct conn *conn;
	struct pump *pump;
	struct timer *timer;
	msec until;			/* not a moment longer */
	bool has_answered;		/* with an identification string */
	bool is_over;
};

void
ask_free(struct ask *a)
{
	struct ask **at = &a->host->asks;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	dial_cancel(a->dial);
	pump_free(a->pump);
	conn_free(a->conn);
	timer_free(a->timer);
	a->host->scan->n_used--;
	free(a);
}

/* Ends it from the loop: a pump must not be freed by what it calls. */
static void
finish(struct ask *a)
{
	a->is_over = true;
	timer_set(a->timer, loop_now(a->host->scan->loop));
}

/* --- what the server says --- */

/* The comment that says what a server calls itself. */
static void
print_comment(const struct ask *a, struct span ident)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	const struct keyscan *ks = a->host->scan->ks;

	if (ks->is_quiet)
		return;
	wr_printf(&w, "%c %s:%u ", ks->form.is_sshfp ? ';' : '#', a->host->current,
	    a->server.port);
	text_visible(&w, ident);
	wr_u8(&w, '\n');
	/* It is only for information: nobody may read it. */
	if (wr_end(&w) == ERR_OK)
		(void)!file_write_all(ks->comments, writer_span(&w));
}

static void
print_key(struct ask *a, struct span blob)
{
	SCOPED(writer_free) struct writer w = writer_init(KEYSCAN_MAX_OUTPUT);
	struct scan *s = a->host->scan;
	enum err e = keyscan_put(&w, &s->ks->form, span_str(a->host->names), blob, &s->rng);

	if (e == ERR_OK)
		e = file_write_all(s->ks->out, writer_span(&w));
	if (e == ERR_OK)
		s->n_keys++;
	else
		scan_give_up(s, e);
}

static void
on_disconnected(struct ask *a, const struct event *ev)
{
	char buf[512];

	text_visible_str(buf, sizeof(buf), ev->text);
	if (ev->reason == err_reason(ERR_NEGOTIATE))
		log_debug(&a->host->scan->ks->log, "%s: no %s key: %s", a->host->current, a->kind->name, buf);
	else
		host_tell(a->host, "%s: Received disconnect: %u: %s", a->host->current, ev->reason, buf);
}

static void
on_failed(struct ask *a, const struct event *ev)
{
	const struct log *log = &a->host->scan->ks->log;
	char buf[512];

	text_visible_str(buf, sizeof(buf), ev->text);
	if (ev->err == ERR_NEGOTIATE)
		log_debug(log, "%s: no %s key: %s", a->host->current, a->kind->name, buf);
	else if (ev->err == ERR_IDENT || !a->has_answered)
		host_tell(a->host, "%s: %s%s%s", a->host->current, err_text(ev->err),
		    buf[0] != '\0' ? ": " : "", buf);
	else			/* whoever it is, it is worth knowing */
		log_error(log, "%s: %s key: %s%s%s", a->host->current, a->kind->name,
		    err_text(ev->err), buf[0] != '\0' ? ": " : "", buf);
}

static void
on_event(void *arg, struct event *ev)
{
	struct ask *a = arg;

	if (a->is_over)
		return;
	switch (ev->type) {
	case EV_IDENT:
		a->has_answered = true;
		print_comment(a, ev->ident);
		host_answered(a->host, &a->server);
		break;
	case EV_NEED_HOSTKEY_CHECK:
		print_key(a, ev->hostkey.blob);
		finish(a);		/* there is nothing more to say */
		break;
	case EV_DISCONNECTED:
		on_disconnected(a, ev);
		break;
	case EV_FAILED:
		on_failed(a, ev);
		break;
	default:
		break;
	}
}

static void
on_detached(void *arg, struct channel_id id)
{
	(void)arg;
	(void)id;
}

/* A server that has no key of the kind often just hangs up. */
static void
on_end(void *arg, enum err why)
{
	struct ask *a = arg;
	const char *text = why == ERR_SYSTEM ? strerror(errno) : "Connection closed by remote host";

	if (!a->is_over && (why == ERR_CLOSED || why == ERR_SYSTEM)) {
		if (a->has_answered)
			log_debug(&a->host->scan->ks->log, "%s: no %s key: %s", a->host->current,
			    a->kind->name, text);
		else
			host_tell(a->host, "%s: %s", a->host->current, text);
	}
	finish(a);
}

/* --- the way there --- */

/* Speaks SSH on a socket, which is taken. */
static enum err
start_conn(struct ask *a, int fd)
{
	struct scan *s = a->host->scan;
	const struct pump_calls calls = { on_event, on_detached, on_end, a };
	const struct conn_config config = {
		.side = SIDE_CLIENT,
		.ident = IDENT,
		.kex_algs = kex_names(),
		.hostkey_algs = s->ks->form.is_cert ? a->kind->cert_algs : a->kind->algs,
		.ciphers = crypto_cipher_names(),
		.macs = crypto_mac_names(),
		.compression = kex_compression_names(),
		.rng = s->rng,
	};
	enum err e = conn_new(&a->conn, &config, loop_time(s->loop));

	if (e == ERR_OK)
		e = pump_new(&a->pump, s->loop, fd, fd, a->conn, &calls);
	if (e != ERR_OK)
		close(fd);
	return e;
}

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct ask *a = arg;
	struct endpoint local;
	enum err e;

	a->dial = NULL;
	if (fd == -1) {
		host_tell(a->host, "connect (`%s'): %s", a->host->current, why);
		finish(a);
		return;
	}
	timer_set(a->timer, loop_now(a->host->scan->loop) + a->host->scan->ks->timeout);
	e = net_ends(fd, &local, &a->server);
	if (e == ERR_OK)
		e = start_conn(a, fd);
	else
		close(fd);
	if (e != ERR_OK) {
		scan_give_up(a->host->scan, e);
		finish(a);
	}
}

/* The time is up, unless something has come meanwhile; or it is over anyway. */
static void
on_timer(void *arg)
{
	struct ask *a = arg;
	struct scan_host *h = a->host;
	const struct scan *s = h->scan;
	msec end = a->pump == NULL ? 0 : pump_last_read(a->pump) + s->ks->timeout;

	if (end > a->until)
		end = a->until;
	if (!a->is_over && end > loop_now(s->loop)) {
		timer_set(a->timer, end);
		return;
	}
	if (!a->is_over)
		host_tell(h, "%s: timed out", h->current);
	ask_free(a);
	host_asked(h);
}

enum err
ask_start(struct scan_host *h, const struct keyscan_kind *kind, const struct endpoint *v, size_t n)
{
	struct scan *s = h->scan;
	struct ask *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	*a = (struct ask){ .host = h, .kind = kind, .next = h->asks };
	h->asks = a;
	s->n_used++;
	a->until = loop_now(s->loop) + PATIENCE * s->ks->timeout;
	log_debug(&s->ks->log, "%s: asking for a %s key", h->current, kind->name);
	if (loop_timer(s->loop, &a->timer, on_timer, a) != ERR_OK ||
	    dial_start_at(s->loop, v, n, s->ks->timeout, on_dialed, a, &a->dial) != ERR_OK) {
		ask_free(a);
		return ERR_NOMEM;
	}
	return ERR_OK;
}
