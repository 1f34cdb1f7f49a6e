/* SPDX-License-Identifier: ISC */
/* Wire and its guard: the setup, signatures, authentication, the end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sshd/wire_i.h"

/* --- what the client does, up to login --- */

static void
need_signature(struct wire *w, const struct event *ev)
{
	struct msg_from_wire_sign m = { .id = ev->id, .hostkey = ev->sign.hostkey,
	    .alg = span_str(ev->sign.alg), .hash = span_str(ev->sign.hash),
	    .transcript = ev->sign.transcript };

	wire_guard_sent(w, ipc_send_from_wire_sign(&w->guard, &m, NULL));
}

static void
need_group(struct wire *w, const struct event *ev)
{
	struct msg_from_wire_group m = { .id = ev->id, .min = ev->group.min, .n = ev->group.n,
	    .max = ev->group.max };

	wire_guard_sent(w, ipc_send_from_wire_group(&w->guard, &m, NULL));
}

static void
need_auth(struct wire *w, const struct event *ev)
{
	struct msg_from_wire_auth m = { .id = ev->id, .user = ev->auth.user,
	    .service = ev->auth.service, .method = ev->auth.method,
	    .has_sig = ev->auth.has_sig, .alg = ev->auth.alg, .blob = ev->auth.blob,
	    .sig = ev->auth.sig, .hostkey = ev->auth.hostkey,
	    .password = ev->auth.password, .is_change = ev->auth.is_change,
	    .host = ev->auth.host, .local_user = ev->auth.local_user,
	    .new_password = ev->auth.new_password };

	wire_guard_sent(w, ipc_send_from_wire_auth(&w->guard, &m, NULL));
}

static void
need_answers(struct wire *w, const struct event *ev)
{
	SCOPED(writer_free) struct writer answers = writer_init(LIMIT_IPC);
	struct msg_from_wire_answers m = { .id = ev->id, .ok = ev->ok };

	for (unsigned i = 0; i < ev->answers.n; i++)
		wr_bytes(&answers, ev->answers.text[i]);
	m.answers = writer_span(&answers);
	wire_guard_sent(w, wr_end(&answers) != ERR_OK ? wr_end(&answers) :
	    ipc_send_from_wire_answers(&w->guard, &m, NULL));
}

static void
kex_begun(struct wire *w, const struct event *ev)
{
	const struct kex_names *n = &ev->kex.names;

	log_debug(&w->log, "SSH2_MSG_KEXINIT sent");
	log_debug(&w->log, "SSH2_MSG_KEXINIT received");
	log_debug(&w->log, "kex: algorithm: %s", n->kex);
	log_debug(&w->log, "kex: host key algorithm: %s", n->hostkey);
	log_debug(&w->log, "kex: client->server cipher: %s MAC: %s compression: %s",
	    n->cipher[RX], n->mac[RX], n->compression[RX]);
	log_debug(&w->log, "kex: server->client cipher: %s MAC: %s compression: %s",
	    n->cipher[TX], n->mac[TX], n->compression[TX]);
}

static void
failed(struct wire *w, const struct event *ev)
{
	enum wire_end what = ev->err == ERR_IDENT ? WIRE_END_IDENT :
	    ev->err == ERR_NEGOTIATE ? WIRE_END_NEGOTIATE : WIRE_END_FAILED;

	wire_ends(w, what, ev->reason, ev->text.len > 0 ? ev->text : span_str(err_text(ev->err)));
}

void
wire_on_early_event(struct wire *w, struct event *ev)
{
	switch (ev->type) {
	case EV_IDENT:
		wire_guard_sent(w, ipc_send_from_wire_ident(&w->guard,
		    &(struct msg_from_wire_ident){ .ident = ev->ident }, NULL));
		break;
	case EV_NEED_HOST_SIGNATURE:
		need_signature(w, ev);
		break;
	case EV_NEED_GROUP:
		need_group(w, ev);
		break;
	case EV_KEX_BEGUN:
		kex_begun(w, ev);
		break;
	case EV_KEX_DONE:
		log_debug(&w->log, "SSH2_MSG_NEWKEYS sent");
		log_debug(&w->log, "SSH2_MSG_NEWKEYS received");
		break;
	case EV_NEED_AUTH:
		need_auth(w, ev);
		break;
	case EV_NEED_AUTH_ANSWERS:
		need_answers(w, ev);
		break;
	case EV_AUTH_SUCCESS:
		wire_logged_in(w);
		break;
	case EV_DISCONNECTED:
		wire_ends(w, WIRE_END_DISCONNECT, ev->reason, ev->text);
		break;
	case EV_FAILED:
		failed(w, ev);
		break;
	default:
		wire_on_channel_event(w, ev);
		break;
	}
}

static void
on_event(void *arg, struct event *ev)
{
	wire_on_early_event(arg, ev);
}

/* The connection is over: says how, and ends. */
static void
on_end(void *arg, enum err why)
{
	struct wire *w = arg;

	if (why == ERR_SYSTEM)
		wire_ends(w, WIRE_END_RESET, 0, SPAN_LIT("Connection reset by peer"));
	wire_ends(w, WIRE_END_CLOSED, 0, SPAN_EMPTY);
	(void)!ipc_send_from_wire_ended(&w->guard, &w->end, NULL);
	loop_stop(w->loop);
}

/* --- what the guard says --- */

/* The setup's strings end with a NUL, which is part of them. */
static const char *
string(struct span s)
{
	return s.len > 0 && s.p[s.len - 1] == '\0' ? (const char *)s.p : "";
}

/* Reads the list of host keys: blob and algorithms of each. */
static enum err
read_hostkeys(struct wire *w, struct span list)
{
	struct reader r = rd_init(list);

	while (r.err == ERR_OK && r.rest.len > 0 && w->n_hostkeys < WIRE_HOST_KEYS) {
		struct conn_hostkey *k = &w->hostkeys[w->n_hostkeys++];

		k->blob = rd_bytes(&r);
		k->algs = string(rd_bytes(&r));
	}
	return rd_end(&r);
}

static enum err
start(struct wire *w, const struct msg_wire_setup *m, struct ipc_fds *fds)
{
	struct conn_config config = { .side = SIDE_SERVER, .ident = string(m->ident),
	    .kex_algs = string(m->kex_algs), .hostkey_algs = string(m->hostkey_algs),
	    .ciphers = string(m->ciphers), .macs = string(m->macs),
	    .compression = string(m->compression), .server_sig_algs = string(m->server_sig_algs),
	    .hostkeys = w->hostkeys, .n_hostkeys = w->n_hostkeys, .window_budget = m->window_budget,
	    .required_rsa_bits = m->rsa_bits, .asks_group = true, .rng = random_stream_rng(&w->random) };
	struct pump_calls calls = { .on_event = on_event, .on_detached = wire_on_detached,
	    .on_end = on_end, .arg = w };

	if (fds->n < 1 || fds->n > 2)
		return ERR_FORMAT;
	TRY(conn_new(&w->conn, &config, loop_now(w->loop)));
	TRY(pump_new(&w->pump, w->loop, fds->fd[0], fds->fd[fds->n - 1], w->conn, &calls));
	w->socket = fds->fd[0];
	fds->n = 0;
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_setup(struct wire *w, const struct msg_wire_setup *m, struct ipc_fds *fds)
{
	struct msg_wire_setup kept;
	struct reader r;

	/* What conn borrows must stay: the message is decoded anew from a copy. */
	msg_wire_setup_put(&w->setup, m);
	TRY(wr_end(&w->setup));
	r = rd_init(writer_span(&w->setup));
	(void)rd_u32(&r);
	TRY(msg_wire_setup_get(rd_rest(&r), &kept));
	w->log.level = (enum log_level)kept.log_level;
	TRY(read_hostkeys(w, kept.hostkeys));
	w->phase = PHASE_AUTH;
	title_set(&w->title, "[wire]");
	return start(w, &kept, fds);
}

static enum err
on_wire_signature(struct wire *w, const struct msg_wire_signature *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_host_signature(w->conn, m->id, m->sig);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_group(struct wire *w, const struct msg_wire_group *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_group(w->conn, m->id, m->prime, m->generator);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_auth_answer(struct wire *w, const struct msg_wire_auth_answer *m, struct ipc_fds *fds)
{
	(void)fds;
	if (m->result > AUTH_RESULT_SUCCESS)
		return ERR_FORMAT;
	conn_tell_sig_algs(w->conn, m->sig_algs);
	conn_answer_auth(w->conn, m->id, (enum auth_result)m->result, m->methods);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_prompts(struct wire *w, const struct msg_wire_prompts *m, struct ipc_fds *fds)
{
	struct kbdint_prompt prompts[KBDINT_MAX_PROMPTS];
	struct reader r = rd_init(m->prompts);
	unsigned n = 0;

	(void)fds;
	while (r.err == ERR_OK && r.rest.len > 0 && n < COUNT(prompts)) {
		prompts[n].text = rd_bytes(&r);
		prompts[n++].echo = rd_flag(&r);
	}
	TRY(rd_end(&r));
	conn_answer_auth_prompts(w->conn, m->id, SPAN_EMPTY, m->instruction, prompts, n);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_change(struct wire *w, const struct msg_wire_change *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_auth_change(w->conn, m->id, m->text);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_banner(struct wire *w, const struct msg_wire_banner *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_auth_banner(w->conn, m->text);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_session(struct wire *w, const struct msg_wire_session *m, struct ipc_fds *fds)
{
	if (fds->n != 1)
		return ERR_FORMAT;
	TRY(wire_session_open(w, fds->fd[0]));
	fds->n = 0;
	w->log.level = (enum log_level)m->log_level;
	w->announce = m->announce;
	w->qos_interactive = (int)m->qos_interactive;
	w->qos_bulk = (int)m->qos_bulk;
	w->alive_interval = (msec)m->alive_interval * 1000;
	w->alive_count = m->alive_count;
	w->unused_timeout = (msec)m->unused_timeout * 1000;
	conn_rekey_limit(w->conn, m->rekey_bytes, (msec)m->rekey_seconds * 1000);
	return wire_watchdog_timeouts(w, m->channel_timeouts);
}

static enum err
on_wire_proof(struct wire *w, const struct msg_wire_proof *m, struct ipc_fds *fds)
{
	(void)fds;
	conn_answer_global_request(w->conn, m->id, m->sigs.len > 0, m->sigs);
	pump_kick(w->pump);
	return ERR_OK;
}

static enum err
on_wire_end(struct wire *w, const struct msg_wire_end *m, struct ipc_fds *fds)
{
	(void)fds;
	wire_disconnect(w, m->reason, m->text);
	return ERR_OK;
}

IPC_RECEIVER(from_guard, TO_WIRE, struct wire)

void
wire_guard_sent(struct wire *w, enum err e)
{
	if (e != ERR_OK)
		wire_die(w);
	watch_set(w->guard_watch, LOOP_READ | (ipc_wants_write(&w->guard) ? LOOP_WRITE : 0));
}

void
wire_guard_ready(void *arg, unsigned events)
{
	struct wire *w = arg;
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(&w->guard);
	while (e == ERR_OK) {
		e = ipc_receive(&w->guard, (struct room){ w->buf, sizeof(w->buf) }, &message, &fds);
		if (e == ERR_OK)
			e = from_guard(w, &w->guard, w->phase, message, &fds);
		ipc_fds_close(&fds);
	}
	/* Without its guard a connection is nothing. */
	wire_guard_sent(w, e == ERR_AGAIN ? ERR_OK : e);
}
