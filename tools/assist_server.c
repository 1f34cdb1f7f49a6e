/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral assist: the sshd that the engineer reaches, its codes and its events. */
#include <errno.h>
#include <string.h>

#include "auth/ephemeral.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/random.h"
#include "keys/key.h"
#include "tools/assist.h"

/* No code is made for less. */
#define SHORTEST_MS	1000

/* --- which server --- */

int
assist_connect(const struct assist *a, struct eph_client *c)
{
	struct eph_where where = { .socket = a->is_throwaway ? a->lb.socket : a->where.socket };

	return eph_connect(c, &where);
}

/* Whether a sshd of this device answers on its socket, and lets us ask it. */
static bool
has_own(const struct assist *a)
{
	struct eph_client c;
	char path[256];

	if (a->where.socket != NULL)
		return true;
	if (eph_find_socket(path, sizeof(path)) != ERR_OK || eph_try(&c, path) != ERR_OK)
		return false;
	eph_close(&c);
	return true;
}

static int
start_throwaway(struct assist *a)
{
	int code;

	a->is_throwaway = true;
	code = loopback_find(&a->lb, a->sshd, false);
	if (code == EPH_DONE)
		code = loopback_add_user(&a->lb, a->user);
	if (code == EPH_DONE)
		code = loopback_prepare(&a->lb);
	if (code == EPH_DONE)
		code = loopback_start(&a->lb, &a->stop);
	if (code != EPH_DONE)
		return code;
	snprintf(a->target, sizeof(a->target), "127.0.0.1:%u", (unsigned)a->lb.port);
	return EPH_DONE;
}

/* --- events --- */

/* Whether it is about a code of this run. */
static bool
is_ours(const struct assist *a, struct span id)
{
	for (size_t i = 0; i < a->n_ids; i++) {
		if (span_is(id, a->ids[i]))
			return true;
	}
	return false;
}

static void
session_started(struct assist *a, uint64_t number)
{
	if (a->n_sessions == ASSIST_SESSIONS)
		return;
	a->sessions[a->n_sessions++] = number;
	assist_tell(a, "connected");
}

static void
session_ended(struct assist *a, uint64_t number)
{
	for (size_t i = 0; i < a->n_sessions; i++) {
		if (a->sessions[i] != number)
			continue;
		a->sessions[i] = a->sessions[--a->n_sessions];
		assist_tell(a, a->n_sessions > 0 ? "connected" : a->is_ready ? "waiting" : "lost");
		return;
	}
}

/* The code that was open is not any more: another one, if it can be had, for whoever comes next. */
static void
renew(struct assist *a, const char *state)
{
	a->is_code_open = false;
	(void)assist_code_make(a);
	assist_tell(a, state);
}

static enum err
on_event(void *arg, const struct msg_ctl_event *m)
{
	struct assist *a = arg;
	struct span id = assist_field(m->line, "id");
	bool is_last = a->n_ids > 0 && span_is(id, a->ids[a->n_ids - 1]) && a->is_code_open;
	uint64_t number = 0;

	if (a->stop || !is_ours(a, id))
		return ERR_OK;
	(void)text_number(assist_field(m->line, "number"), 0, UINT64_MAX, &number);
	switch (assist_read_event(m->line)) {
	case ASSIST_EV_USED:
		if (is_last)
			renew(a, "code_used");
		break;
	case ASSIST_EV_GUESSED:
		assist_tell(a, "wrong_code");
		break;
	case ASSIST_EV_LOCKED:
		if (is_last)
			renew(a, "code_locked");
		break;
	case ASSIST_EV_REVOKED:
		if (is_last)
			assist_end(a, EPH_REFUSED, "the code was taken back");
		break;
	case ASSIST_EV_STARTED:
		session_started(a, number);
		break;
	case ASSIST_EV_ENDED:
		session_ended(a, number);
		break;
	case ASSIST_EV_OTHER:
		break;
	}
	return ERR_OK;
}

static void
on_events(void *arg, unsigned ready)
{
	struct assist *a = arg;
	enum err e = ERR_OK;

	(void)ready;
	while (e == ERR_OK)
		e = eph_take(&a->events);
	if (e == ERR_AGAIN)
		return;
	watch_free(a->events_watch);
	a->events_watch = NULL;
	assist_end(a, EPH_NO_SERVER, "the device's sshd has ended");
}

static int
follow_events(struct assist *a)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	int code = assist_connect(a, &a->events);

	if (code != EPH_DONE)
		return code;
	a->events.event = on_event;
	a->events.arg = a;
	msg_ctl_events_put(&w, &(struct msg_ctl_events){ .follow = true });
	if (eph_send(&a->events, &w) != ERR_OK ||
	    loop_watch(a->loop, &a->events_watch, a->events.ipc.fd, LOOP_READ, on_events, a) != ERR_OK)
		return eph_complain(EPH_NO_SERVER, "the device's sshd does not tell its events");
	return EPH_DONE;
}

int
assist_server_start(struct assist *a)
{
	if (!a->is_throwaway && has_own(a)) {
		snprintf(a->target, sizeof(a->target), "%s", a->to == NULL ? "127.0.0.1:22" : a->to);
	} else {
		int code = start_throwaway(a);

		if (code != EPH_DONE)
			return code;
	}
	return follow_events(a);
}

/* --- codes --- */

static void
keep_id(void *arg, const struct msg_ctl_grant *m)
{
	struct assist *a = arg;

	snprintf(a->ids[a->n_ids], ASSIST_ID, "%.*s", (int)m->id.len, (const char *)m->id.p);
}

static int
enter_code(struct assist *a, struct span key, struct span proof)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct msg_ctl_add m = { .user = span_str(a->user), .key = key, .proof = proof, .uses = 1,
	    .ttl = (uint64_t)(a->end - loop_time(a->loop)), .session = EPHEMERAL_SESSION_GRANT,
	    .options = a->options == NULL ? SPAN_EMPTY : span_str(a->options),
	    .comment = SPAN_LIT("ssh-ephemeral assist") };
	struct eph_client c;
	int code = assist_connect(a, &c);

	if (code != EPH_DONE)
		return code;
	c.grant = keep_id;
	c.arg = a;
	msg_ctl_add_put(&w, &m);
	code = eph_ask(&c, &w);
	eph_close(&c);
	if (code == EPH_DONE)
		a->n_ids++;
	return code;
}

int
assist_code_make(struct assist *a)
{
	SCOPED(key_free) struct key *key = NULL;
	struct rng rng = rng_system();
	struct code_keys k;
	int code;

	if (loop_time(a->loop) + SHORTEST_MS > a->end || a->n_ids == ASSIST_CODES)
		return EPH_REFUSED;
	code_make(&rng, a->code);
	if (code_stretch(a->code, &k) != ERR_OK || key_from_ed25519_seed(k.seed, &key) != ERR_OK)
		code = eph_complain(EPH_REFUSED, "cannot stretch a code: it needs 32 MiB of memory");
	else
		code = enter_code(a, key_blob(key), span_of(k.proof, sizeof(k.proof)));
	wipe(&k, sizeof(k));
	a->is_code_open = code == EPH_DONE;
	return code;
}

/* Takes the codes back, and ends the sessions that they have opened. */
static void
take_back(const struct assist *a)
{
	struct eph_client c;

	if (a->n_ids == 0 || assist_connect(a, &c) != EPH_DONE)
		return;
	for (size_t i = 0; i < a->n_ids; i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);

		msg_ctl_revoke_put(&w, &(struct msg_ctl_revoke){ .id = span_str(a->ids[i]), .kill = true });
		c.is_quiet = true;		/* what is over already cannot be revoked */
		(void)eph_ask(&c, &w);
	}
	eph_close(&c);
}

void
assist_server_stop(struct assist *a)
{
	watch_free(a->events_watch);
	a->events_watch = NULL;
	if (a->events.buf != NULL)
		eph_close(&a->events);
	if (!a->is_throwaway) {
		take_back(a);
		return;
	}
	loopback_stop(&a->lb);
	loopback_clean(&a->lb);
}
