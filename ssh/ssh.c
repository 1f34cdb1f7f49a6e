/* SPDX-License-Identifier: ISC */
/* One connection: its events, and how it begins and ends. */
#include "ssh/ssh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/random.h"
#include "kex/kex.h"
#include "ssh/alive.h"
#include "ssh/forward.h"
#include "ssh/hostkey.h"
#include "ssh/login.h"
#include "ssh/mux.h"
#include "ssh/proof.h"
#include "ssh/session.h"
#include "ssh/timeouts.h"
#include "ssh/tunnel.h"
#include "ssh/x11.h"

const char *
ssh_visible(char *buf, size_t size, struct span s)
{
	return text_visible_str(buf, size, s);
}

/* --- leaving --- */

void
ssh_leave(struct ssh *s, int exit_code)
{
	if (s->is_leaving)
		return;
	s->is_leaving = true;
	s->exit_code = exit_code;
	if (pump_has_ended(s->pump))
		loop_stop(s->loop);
	else
		pump_disconnect(s->pump, 11, "disconnected by user");
}

void
ssh_leave_if_done(struct ssh *s)
{
	if (conn_channel_count(s->conn) != 0 || s->is_leaving)
		return;
	if (session_is_over(s))
		ssh_leave(s, session_exit_code(s));
	else
		mux_idle(s);
}

/* --- events --- */

static void
on_ident(struct ssh *s, const struct event *ev)
{
	char buf[300];

	log_debug(&s->log, "Local version string SSH-2.0-Dayfly_%s", DAYFLY_VERSION);
	ssh_visible(buf, sizeof(buf), span_skip(ev->ident, sizeof("SSH-2.0-") - 1));
	log_debug(&s->log, "Remote protocol version 2.0, remote software version %s", buf);
	free(s->peer_ident);
	s->peer_ident = strdup(buf);
}

/* WarnWeakCrypto: what is recorded today may be read tomorrow. */
static void
warn_if_weak(const struct ssh *s, const struct kex_names *names)
{
	if (s->settings.config.warn_weak_crypto != WARN_WEAK_YES ||
	    kex_is_post_quantum(span_str(names->kex)))
		return;
	log_info(&s->log,
	    "** WARNING: connection is not using a post-quantum key exchange algorithm.");
	log_info(&s->log,
	    "** This session may be vulnerable to \"store now, decrypt later\" attacks.");
	log_info(&s->log, "** The server may need to be upgraded. See https://openssh.com/pq.html");
}

/* What is known when both have said what they can; who looks for a stall wants it now. */
static void
on_kex_begun(struct ssh *s, const struct event *ev)
{
	const struct kex_names *n = &ev->kex.names;
	struct span kex = span_str(n->kex);

	log_debug(&s->log, "SSH2_MSG_KEXINIT sent");
	log_debug(&s->log, "SSH2_MSG_KEXINIT received");
	log_debug(&s->log, "kex: algorithm: %s", n->kex);
	log_debug(&s->log, "kex: host key algorithm: %s", n->hostkey);
	log_debug(&s->log, "kex: server->client cipher: %s MAC: %s compression: %s",
	    n->cipher[RX], n->mac[RX], n->compression[RX]);
	log_debug(&s->log, "kex: client->server cipher: %s MAC: %s compression: %s",
	    n->cipher[TX], n->mac[TX], n->compression[TX]);
	log_debug(&s->log, "expecting SSH2_MSG_KEX%s",
	    span_starts(kex, SPAN_LIT("diffie-hellman-group-exchange-")) ? "_DH_GEX_GROUP" :
	    span_starts(kex, SPAN_LIT("diffie-hellman-")) ? "DH_REPLY" : "_ECDH_REPLY");
}

static void
on_kex_done(struct ssh *s, const struct event *ev)
{
	s->kex = ev->kex.names;
	log_debug(&s->log, "SSH2_MSG_NEWKEYS sent");
	log_debug(&s->log, "SSH2_MSG_NEWKEYS received");
	if (!ev->kex.first)
		return;
	timer_set(s->give_up, MSEC_NEVER);
	warn_if_weak(s, &s->kex);
}

static void
on_disconnected(struct ssh *s, const struct event *ev)
{
	char buf[512];

	s->is_lost = s->is_open;
	log_error(&s->log, "Received disconnect from %s port %u:%u: %s", s->route.peer_text,
	    s->route.peer_port, ev->reason, ssh_visible(buf, sizeof(buf), ev->text));
	log_error(&s->log, "Disconnected from %s port %u", s->route.peer_text, s->route.peer_port);
}

static void
on_failed(struct ssh *s, const struct event *ev)
{
	char buf[LOG_LINE_MAX];

	if (s->is_leaving)
		return;
	s->is_lost = s->is_open;
	ssh_visible(buf, sizeof(buf), ev->text);
	if (ev->err == ERR_NEGOTIATE)
		log_fatal(&s->log, "Unable to negotiate with %s port %u: %s", s->route.peer_text,
		    s->route.peer_port, buf);
	else if (ev->err != ERR_HOSTKEY ||	/* unless all is said already */
	    !span_is(ev->text, "Host key verification failed."))
		log_fatal(&s->log, "Connection to %s port %u: %s%s%s", s->route.peer_text,
		    s->route.peer_port, err_text(ev->err), ev->text.len > 0 ? ": " : "", buf);
}

/* Somebody is logged in, and the server is the right one. */
static void
go_on(struct ssh *s)
{
	s->is_open = true;
	if (s->was_open)
		log_info(&s->log, "Connection to %s re-established.", s->settings.host);
	s->since = loop_now(s->loop);
	forwards_start(s);
	if (!s->is_leaving)
		tunnel_start(s);
	if (!s->is_leaving)
		mux_listen(s);
	if (!s->is_leaving)
		session_start(s);
	if (!s->is_leaving)
		alive_start(s);
	if (!s->is_leaving)
		timeouts_start(s);
}

static void
on_success(struct ssh *s)
{
	if (proof_is_wanted(s))
		proof_ask(s, go_on);
	else
		go_on(s);
}

/* What no part has taken: asked for in vain. */
static void
refuse(struct ssh *s, const struct event *ev)
{
	switch (ev->type) {
	case EV_NEED_CHANNEL:
		conn_refuse_channel(s->conn, ev->channel, 1, "open failed");
		break;
	case EV_CHANNEL_REQUEST:
		if (ev->want_reply)
			conn_answer_channel_request(s->conn, ev->channel, ev->id, false);
		break;
	case EV_GLOBAL_REQUEST:
		if (ev->want_reply)
			conn_answer_global_request(s->conn, ev->id, false, SPAN_EMPTY);
		break;
	default:
		break;
	}
}

static void
on_event(void *arg, struct event *ev)
{
	struct ssh *s = arg;
	char buf[1024];

	switch (ev->type) {
	case EV_IDENT:
		on_ident(s, ev);
		break;
	case EV_NEED_HOSTKEY_CHECK:
		conn_answer_hostkey_check(s->conn, ev->id,
		    hostkeys_check(s, ev->hostkey.blob, ev->hostkey.alg));
		break;
	case EV_KEX_BEGUN:
		on_kex_begun(s, ev);
		break;
	case EV_KEX_DONE:
		on_kex_done(s, ev);
		break;
	case EV_EXT_INFO:
		log_debug(&s->log, "kex_ext_info: %.*s=<%s>", (int)ev->ext.name.len,
		    (const char *)ev->ext.name.p, ssh_visible(buf, sizeof(buf), ev->ext.value));
		break;
	case EV_DEBUG:
		log_debug(&s->log, "Remote: %s", ssh_visible(buf, sizeof(buf), ev->text));
		break;
	case EV_DISCONNECTED:
		on_disconnected(s, ev);
		break;
	case EV_FAILED:
		on_failed(s, ev);
		break;
	case EV_AUTH_SUCCESS:
		login_event(s, ev);
		on_success(s);
		break;
	default:
		if (ev->type >= EV_AUTH_READY && ev->type < EV_AUTH_SUCCESS)
			login_event(s, ev);
		else if (!alive_event(s, ev) && !keystrokes_event(s, ev) && !hostkeys_event(s, ev) && !session_event(s, ev) &&
		    !mux_event(s, ev) && !mux_proxy_event(s, ev) && !tunnel_event(s, ev) &&
		    !forwards_event(s, ev))
			refuse(s, ev);
	}
	if (ev->type == EV_CHANNEL_CLOSED || ev->type == EV_CHANNEL_REFUSED)
		ssh_leave_if_done(s);
}

static void
on_detached(void *arg, struct channel_id id)
{
	struct ssh *s = arg;

	if (s->session != NULL && s->session->is_there && s->session->id.n == id.n)
		session_detached(s->session);
	else if (!mux_detached(s, id) && !mux_proxy_detached(s, id) && !tunnel_detached(s, id))
		forwards_detached(s, id);
	if (!pump_has_ended(s->pump))
		ssh_leave_if_done(s);
	else if (session_is_over(s))
		ssh_leave(s, session_exit_code(s));
}

/* The server has gone without a goodbye. */
static void
say_lost(struct ssh *s, enum err why)
{
	const struct route *r = &s->route;
	int error = errno;

	if (s->is_open && why == ERR_CLOSED)
		log_info(&s->log, "Connection to %s closed by remote host.", s->settings.host);
	else if (s->is_open)
		log_info(&s->log, "client_loop: send disconnect: %s", strerror(error));
	else if (why == ERR_CLOSED || error == EPIPE || r->is_proxied)
		log_error(&s->log, "Connection closed by %s port %u", r->peer_text, r->peer_port);
	else if (error == ECONNRESET)
		log_error(&s->log, "Connection reset by %s port %u", r->peer_text, r->peer_port);
	else
		log_error(&s->log, "Connection to %s port %u: %s", r->peer_text, r->peer_port,
		    strerror(error));
}

static void
on_end(void *arg, enum err why)
{
	struct ssh *s = arg;

	/* Some servers hang up as soon as the session has ended: its output may still wait for its reader. */
	if (!s->is_leaving && session_is_draining(s)) {
		alive_free(s->alive);
		s->alive = NULL;
		return;
	}
	if (!s->is_leaving) {
		if (session_is_over(s)) {
			s->exit_code = session_exit_code(s);
		} else {
			session_restore(s->session);
			if (why == ERR_CLOSED || why == ERR_SYSTEM) {
				s->is_lost = s->is_open || s->was_open;
				say_lost(s, why);
			}
		}
		s->is_leaving = true;
	}
	loop_stop(s->loop);
}

static void
on_give_up(void *arg)
{
	struct ssh *s = arg;

	s->is_lost = s->was_open;
	log_error(&s->log, "Connection timed out during banner exchange");
	log_fatal(&s->log, "Connection to %s port %u timed out", s->route.peer_text,
	    s->route.peer_port);
	ssh_leave(s, 255);
}

/* --- putting it together --- */

static enum err
make_ident(const struct ssh *s, char **out)
{
	const char *addendum = s->settings.config.version_addendum;
	char *text = NULL;

	if (addendum != NULL)
		TRY(settings_expand(&s->settings, &s->log, SSH_KEYWORD_VersionAddendum, addendum,
		    &text));
	if (asprintf(out, "SSH-2.0-Dayfly_%s%s%s", DAYFLY_VERSION, text == NULL ? "" : " ",
	    text == NULL ? "" : text) == -1)
		*out = NULL;
	free(text);
	return *out == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err
start_conn(struct ssh *s, const char *ident)
{
	const struct ssh_config *c = &s->settings.config;
	const struct pump_calls calls = { on_event, on_detached, on_end, s };
	struct conn_config config = {
		.side = SIDE_CLIENT,
		.ident = ident,
		.kex_algs = c->kex_algorithms,
		.hostkey_algs = s->hostkey_algs,
		.ciphers = c->ciphers,
		.macs = c->macs,
		.compression = c->compression ? "zlib@openssh.com,none" : "none,zlib@openssh.com",
		.rekey_bytes = c->rekey_limit.bytes,
		.rekey_after = (msec)c->rekey_limit.seconds * 1000,
		.required_rsa_bits = c->required_rsa_size,
		.rng = rng_system(),
	};

	TRY(conn_new(&s->conn, &config, loop_time(s->loop)));
	TRY(pump_new(&s->pump, s->loop, s->route.read_fd, s->route.write_fd, s->conn, &calls));
	s->route.read_fd = s->route.write_fd = -1;
	TRY(loop_timer(s->loop, &s->give_up, on_give_up, s));
	timer_set(s->give_up, s->route.give_up);
	return ERR_OK;
}

/* -O proxy: a master has logged in for us, and the socket that we share is all there is. */
static enum err
run_by_master(struct ssh *s)
{
	const struct pump_calls calls = { on_event, on_detached, on_end, s };
	const struct conn_config config = { .side = SIDE_CLIENT, .rng = rng_system(),
	    .is_bare = true };

	snprintf(s->route.peer_text, sizeof(s->route.peer_text), "UNKNOWN");
	s->exit_code = 255;
	TRY(names_new(&s->names, s->loop));
	TRY(conn_new(&s->conn, &config, loop_time(s->loop)));
	TRY(pump_new(&s->pump, s->loop, s->master_fd, s->master_fd, s->conn, &calls));
	s->master_fd = -1;
	go_on(s);
	return loop_run(s->loop);
}

/* From the way to the server, which is there, to the end of the connection. */
static enum err
run_by_route(struct ssh *s)
{
	char *ident = NULL;
	enum err e;

	TRY(names_new(&s->names, s->loop));
	e = hostkeys_load(s);
	if (e != ERR_OK && e != ERR_NOMEM) {
		/* It has been told. */
		s->is_lost = s->was_open && e == ERR_SYSTEM;
		return ERR_HOSTKEY;
	}
	TRY(e);
	TRY(login_new(&s->login));
	TRY(make_ident(s, &ident));
	log_debug(&s->log, "Authenticating to %s:%u as '%s'", s->settings.host,
	    s->settings.config.port, s->settings.user);
	s->exit_code = 255;
	e = start_conn(s, ident);
	if (e == ERR_OK)
		e = loop_run(s->loop);
	free(ident);
	return e;
}

/* Everything from the name of a host to the end of the connection. */
static enum err
run(struct ssh *s)
{
	enum err e = loop_new(&s->loop);

	if (e == ERR_OK && s->master_fd != -1) {
		e = run_by_master(s);
	} else if (e == ERR_OK) {
		e = connect_route(s);
		if (e != ERR_OK) {
			/* The way to it may be there later; that it was never there is a mistake. */
			s->is_lost = s->was_open;
			return e;
		}
		e = run_by_route(s);
	}
	if (e == ERR_NOMEM || e == ERR_SYSTEM) {
		log_fatal(&s->log, "%s", e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		/* So may memory and descriptors. */
		s->is_lost = s->was_open;
	}
	return e;
}

static void
say_end(struct ssh *s)
{
	if (session_has_terminal(s))
		log_info(&s->log, "Connection to %s closed.", s->settings.host);
	if (s->session != NULL && s->session->died_of != 0)
		log_verbose(&s->log, "Killed by signal %d.", s->session->died_of);
}

static void
tear_down(struct ssh *s)
{
	session_restore(s->session);
	say_end(s);
	mux_free(s->mux);
	timeouts_free(s->timeouts);
	alive_free(s->alive);
	forwards_free(s->forwards);
	session_free(s->session);
	x11_free(s->x11);
	tunnel_free(s->tunnel);
	login_free(s->login);
	pump_free(s->pump);
	conn_free(s->conn);
	timer_free(s->give_up);
	timer_free(s->proof_timer);
	names_free(s->names);
	loop_free(s->loop);
	hostkeys_free(s->hostkeys);
	route_close(&s->route);
	if (s->route.read_fd != -1)
		close(s->route.read_fd);
	if (s->master_fd != -1)
		close(s->master_fd);
	free(s->hostkey_algs_own);
	free(s->peer_ident);
}

/* What was of this connection is of none that may follow. */
static void
forget(struct ssh *s)
{
	s->was_open |= s->is_open;
	s->is_open = s->is_leaving = false;
	s->loop = NULL;
	s->names = NULL;
	s->conn = NULL;
	s->pump = NULL;
	s->give_up = NULL;
	s->hostkeys = NULL;
	s->login = NULL;
	s->session = NULL;
	s->forwards = NULL;
	s->alive = NULL;
	s->timeouts = NULL;
	s->mux = NULL;
	s->x11 = NULL;
	s->tunnel = NULL;
	s->hostkey_algs_own = NULL;
	s->peer_ident = NULL;
}

int
ssh_run(struct ssh *s)
{
	enum err e;

	s->is_lost = false;
	e = run(s);

	s->stood = s->is_open ? loop_time(s->loop) - s->since : 0;
	tear_down(s);
	forget(s);
	return e == ERR_OK ? s->exit_code : 255;
}
