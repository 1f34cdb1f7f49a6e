/* SPDX-License-Identifier: ISC */
/* The listener's clients: taken in, given a guard, reaped. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/random.h"
#include "os/process.h"
#include "sshd/guard.h"
#include "sshd/listener_i.h"
#include "sshd/messages.h"

/* What is left of a connection some time after its first process has ended is killed. */
#define LEFT_OVER_MSEC	(GUARD_LAST_MSEC + 400)

/* Of one guard at once; then others have their turn. */
#define MESSAGES_A_TURN	64

/* --- what guards say --- */

static enum err
on_from_guard_find(struct connection *c, const struct msg_from_guard_find *m, struct ipc_fds *fds)
{
	(void)fds;
	return listener_answer_grant(c, m, false);
}

static enum err
on_from_guard_use(struct connection *c, const struct msg_from_guard_use *m, struct ipc_fds *fds)
{
	struct msg_from_guard_find find = { .id = m->id, .user = m->user, .blob = m->blob,
	    .address = m->address, .is_signed = true };

	(void)fds;
	return listener_answer_grant(c, &find, true);
}

static enum err
on_from_guard_drop(struct connection *c, const struct msg_from_guard_drop *m, struct ipc_fds *fds)
{
	(void)fds;
	listener_drop(c, m->grant);
	return ERR_OK;
}

static enum err
on_from_guard_commit(struct connection *c, const struct msg_from_guard_commit *m, struct ipc_fds *fds)
{
	(void)fds;
	return listener_commit(c, m->id);
}

static enum err
on_from_guard_code(struct connection *c, const struct msg_from_guard_code *m, struct ipc_fds *fds)
{
	(void)fds;
	return listener_code(c, m->id, m->address);
}

static enum err
on_from_guard_wrong(struct connection *c, const struct msg_from_guard_wrong *m, struct ipc_fds *fds)
{
	(void)fds;
	return listener_wrong_code(c->listener, m->user, m->address);
}

static enum err
on_from_guard_registrar(struct connection *c, const struct msg_from_guard_registrar *m,
    struct ipc_fds *fds)
{
	(void)fds;
	return listener_registrar(c, m);
}

static enum err
on_from_guard_warned(struct connection *c, const struct msg_from_guard_warned *m, struct ipc_fds *fds)
{
	(void)fds;
	listener_session_warned(c, m->seconds);
	return ERR_OK;
}

/* The connection does not count as starting any more. */
static void
started(struct connection *c)
{
	if (!c->logged_in)
		c->listener->n_starting--;
	c->logged_in = true;
	listener_show(c->listener);
}

static enum err
on_from_guard_logged_in(struct connection *c, const struct msg_from_guard_logged_in *m,
    struct ipc_fds *fds)
{
	(void)fds;
	started(c);
	listener_session_began(c);
	return listener_remember_owner(c, m->owner);
}

static enum err
on_from_guard_takeover(struct connection *c, const struct msg_from_guard_takeover *m,
    struct ipc_fds *fds)
{
	(void)fds;
	listener_takeover(c, m);
	return ERR_OK;
}

IPC_RECEIVER(from_guard, FROM_GUARD, struct connection)

/* --- a connection's life --- */

static void
stop_talking(struct connection *c)
{
	watch_free(c->watch);
	c->watch = NULL;
	ipc_close(&c->ipc);
	listener_give_back(c);
	if (!c->is_leaving) {
		c->next_leaving = c->listener->leaving;
		c->listener->leaving = c;
	}
	c->is_leaving = true;
}

/* Both processes are gone. */
static void
forget(struct connection *c)
{
	struct listener *l = c->listener;
	struct connection **at = &l->connections;

	started(c);
	listener_session_ended(c);
	stop_talking(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (at = &l->leaving; *at != c;)
		at = &(*at)->next_leaving;
	*at = c->next_leaving;
	listener_let_go(c);
	timer_free(c->kill);
	free(c);
	l->n_connections--;
	listener_show(l);
	if (l->one_only && l->n_connections == 0)
		loop_stop(l->loop);
}

static void
kill_left_over(void *arg)
{
	struct connection *c = arg;

	c->was_killed = true;
	/* Both are our children and not reaped: the numbers are still theirs. */
	if (c->guard != 0)
		kill(c->guard, SIGKILL);
	if (c->wire != 0)
		kill(c->wire, SIGKILL);
}

/* What a guard's end says of its client. */
static enum penalty
verdict(int status)
{
	if (!WIFEXITED(status))
		return PENALTY_NONE;
	switch (WEXITSTATUS(status)) {
	case GUARD_EXIT_GRACE: return PENALTY_GRACE;
	case GUARD_EXIT_CRASH: return PENALTY_CRASH;
	case GUARD_EXIT_AUTHFAIL: return PENALTY_AUTHFAIL;
	case GUARD_EXIT_REFUSED: return PENALTY_REFUSED;
	case GUARD_EXIT_INVALIDUSER: return PENALTY_INVALIDUSER;
	case GUARD_EXIT_NOAUTH: return PENALTY_NOAUTH;
	default: return PENALTY_NONE;
	}
}

/* Lets the source pay for what it did. */
static void
penalise(struct connection *c, enum penalty penalty)
{
	struct listener *l = c->listener;
	struct penalty_note note;
	char text[64];

	if (penalty == PENALTY_NONE || penalties_add(l->penalties, listener_config(l),
	    &c->client.address, penalty, loop_now(l->loop), &note) != ERR_OK || note.length == 0)
		return;
	log_at(l->log, note.is_active ? LOG_LEVEL_INFO : LOG_LEVEL_VERBOSE,
	    "srclimit_penalise: %s: %s %s/%u %s penalty of %llu.%03llu seconds for %s",
	    note.block.base.family == 4 ? "ipv4" : "ipv6", note.was_active ? "more" : "new",
	    address_print(&note.block.base, text, sizeof(text)), (unsigned)note.block.bits,
	    note.is_active ? "active" : "deferred", (unsigned long long)(note.length / 1000),
	    (unsigned long long)(note.length % 1000), penalty_text(penalty));
}

/* A process of the connection has ended, as status says. */
static void
ended(struct connection *c, pid_t pid, int status)
{
	struct listener *l = c->listener;
	const char *what = pid == c->guard ? "guard" : "wire";

	if (WIFSIGNALED(status)) {
		if (pid == c->wire && WTERMSIG(status) != SIGKILL) {	/* that one is ours */
			pool_renew(&l->pool);
			timer_set(l->refill, loop_now(l->loop));
		}
		log_at(l->log, c->was_killed ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_ERROR,
		    "%s process %ld killed by signal %d", what, (long)pid, WTERMSIG(status));
	}
	if (pid == c->guard) {
		if (l->one_only && status != 0)	/* inetd and scripts see how it went */
			l->status = 255;
		penalise(c, verdict(status));
		c->guard = 0;
		stop_talking(c);
	} else {
		c->wire = 0;
	}
	if (c->guard == 0 && c->wire == 0)
		forget(c);
	else
		timer_set(c->kill, loop_now(l->loop) + LEFT_OVER_MSEC);
}

/* A child has been reaped. */
static void
reaped(struct listener *l, pid_t pid, int status)
{
	struct connection *c = l->connections;

	while (c != NULL && c->guard != pid && c->wire != pid)
		c = c->next;
	if (c != NULL) {
		ended(c, pid, status);
	} else if (pool_reaped(&l->pool, pid)) {
		log_debug(l->log, "waiting process %ld ended", (long)pid);
		timer_set(l->refill, loop_now(l->loop) + 100);
	} else if (WIFSIGNALED(status)) {	/* a session of a guard's */
		log_error(l->log, "session process %ld killed by signal %d", (long)pid,
		    WTERMSIG(status));
	}
}

/* Reaps it if it has ended. */
static void
reap(struct listener *l, pid_t pid)
{
	int status;

	if (pid != 0 && waitpid(pid, &status, WNOHANG) == pid)
		reaped(l, pid, status);
}

/* Those whose guard does not talk any more: it has ended, or will soon. */
static void
reap_leaving(struct listener *l)
{
	struct connection *next;

	for (struct connection *c = l->leaving; c != NULL; c = next) {
		pid_t guard = c->guard, wire = c->wire;		/* c may go with the first of them */

		next = c->next_leaving;
		reap(l, wire);
		reap(l, guard);
	}
}

/* The nursery, and those who wait for a client. */
static void
reap_pool(struct listener *l)
{
	reap(l, l->pool.nursery_pid);
	for (size_t i = l->pool.n; i > 0; i--)		/* one that has ended leaves its place */
		reap(l, l->pool.v[i - 1].pid);
}

void
listener_reap(struct listener *l, pid_t child)
{
	int status;

	if (child != 0) {
		reap(l, child);
		reap_leaving(l);
		reap_pool(l);
		return;
	}
	while ((child = waitpid(-1, &status, WNOHANG)) > 0)
		reaped(l, child, status);
}

/* After a message to the guard: waits until it can be sent, if it could not. */
static void
watch_guard(struct connection *c)
{
	watch_set(c->watch, LOOP_READ | (ipc_wants_write(&c->ipc) ? LOOP_WRITE : 0));
}

static void
on_guard(void *arg, unsigned events)
{
	struct connection *c = arg;
	struct listener *l = c->listener;
	struct ipc_fds fds = { .n = 0 };
	struct span message;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(&c->ipc);
	for (unsigned n = 0; e == ERR_OK && n < MESSAGES_A_TURN; n++) {
		e = ipc_receive(&c->ipc, (struct room){ l->buf, sizeof(l->buf) }, &message, &fds);
		if (e == ERR_OK)
			e = from_guard(c, &c->ipc, c->logged_in ? PHASE_OPEN : PHASE_AUTH, message, &fds);
		ipc_fds_close(&fds);
	}
	if (e != ERR_OK && e != ERR_AGAIN) {
		if (e != ERR_CLOSED)
			log_error(l->log, "guard %ld: %s", (long)c->guard, err_text(e));
		stop_talking(c);
		reap_leaving(l);
		return;
	}
	watch_guard(c);
}

static bool
holds(const struct connection *c, uint64_t number)
{
	for (size_t i = 0; i < c->n_held; i++) {
		if (c->held[i].number == number)
			return true;
	}
	return false;
}

/* The connection that holds this number; NULL. */
static struct connection *
find_session(struct listener *l, uint64_t number)
{
	struct connection *c = l->connections;

	while (c != NULL && !holds(c, number))
		c = c->next;
	return c;
}

void
listener_end_all(struct listener *l)
{
	for (struct connection *c = l->connections; c != NULL; c = c->next) {
		if (c->guard != 0)	/* not reaped: the number is still its own */
			kill(c->guard, SIGTERM);
		timer_set(c->kill, loop_now(l->loop) + LEFT_OVER_MSEC);
	}
}

void
listener_kill_session(void *arg, uint64_t number)
{
	struct msg_guard_end m = { .text = SPAN_LIT("the key that opened this session was revoked") };
	struct connection *c = find_session(arg, number);

	if (c == NULL)
		return;
	c->end_why = "revoked";
	if (c->watch != NULL && ipc_send_guard_end(&c->ipc, &m, NULL) == ERR_OK)
		watch_guard(c);
	else if (c->guard != 0)		/* not reaped: the number is still its own */
		kill(c->guard, SIGTERM);
}

void
listener_move_session_end(void *arg, uint64_t number)
{
	struct listener *l = arg;
	struct connection *c = find_session(l, number);
	struct msg_guard_until m = { .end = MSEC_NEVER };

	if (c == NULL || c->watch == NULL || !c->has_committed)	/* a login is told when it is finished */
		return;
	m.end = listener_session_end(c);
	if (ipc_send_guard_until(&c->ipc, &m, NULL) == ERR_OK)
		watch_guard(c);
}

void
listener_evict(struct connection *c)
{
	kill_left_over(c);
	stop_talking(c);
	started(c);
}

/* --- taking a client in --- */

/* The forked process becomes the guard. */
NORETURN static void
become_guard(struct listener *l, const struct connection *c, const struct spare *wire, int own_fd,
    int in, int out)
{
	const struct sshd_options *o = l->in->options;
	struct guard_start start = {
		.log = l->log, .rules = l->in->loaded.rules, .config = listener_config(l),
		.keys = &l->in->keys, .title = l->in->title, .in = in, .out = out,
		.wire_fd = wire->fd, .listener_fd = own_fd,
		.nursery_fd = l->pool.nursery, .self_fd = l->in->self_fd, .client = c->client,
		.accepted = loop_now(l->loop), .secret = l->secret,
		.debug_level = o->debug == 0 ? LOG_LEVEL_QUIET : (enum log_level)(LOG_LEVEL_VERBOSE + o->debug),
	};
	int keep[] = { in, out, wire->fd, own_fd, l->pool.nursery, l->in->self_fd, l->log->fd };

	process_close_others(keep, COUNT(keep));
	process_limit_files(l->pool.files);
	loop_signals_reset();
	start.has_ends = net_ends(in, &start.server, &start.client) == ERR_OK;
	guard_run(&start);
}

static enum err
start_guard(struct listener *l, struct connection *c, int in, int out)
{
	struct spare wire;
	int pair[2];

	TRY(pool_take(&l->pool, &wire, l->log));
	timer_set(l->refill, loop_now(l->loop));
	c->wire = wire.pid;
	if (ipc_pair(pair) != ERR_OK) {
		close(wire.fd);
		return ERR_SYSTEM;
	}
	c->guard = fork();
	if (c->guard == 0)
		become_guard(l, c, &wire, pair[1], in, out);
	close(wire.fd);
	close(pair[1]);
	if (c->guard == -1) {
		c->guard = 0;
		close(pair[0]);
		return ERR_SYSTEM;
	}
	ipc_init(&c->ipc, pair[0]);
	return loop_watch(l->loop, &c->watch, pair[0], LOOP_READ, on_guard, c);
}

/* Enters the client into the list, and starts its guard. */
static enum err
enter(struct listener *l, int in, int out, const struct endpoint *client)
{
	struct connection *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return ERR_NOMEM;
	*c = (struct connection){ .listener = l, .client = *client };
	ipc_init(&c->ipc, -1);
	e = loop_timer(l->loop, &c->kill, kill_left_over, c);
	if (e == ERR_OK)
		e = start_guard(l, c, in, out);
	if (e != ERR_OK && c->guard == 0 && c->wire == 0) {
		timer_free(c->kill);
		free(c);
		return e;
	}
	c->next = l->connections;
	l->connections = c;
	l->n_connections++;
	l->n_starting++;
	listener_show(l);
	if (e != ERR_OK)
		timer_set(c->kill, loop_now(l->loop));
	return e;
}

void
listener_take(struct listener *l, int in, int out)
{
	static const char sorry[] = "Not allowed at this time\r\n";
	struct endpoint client = { .port = 0 }, server = { .port = 0 };
	bool is_net = net_ends(in, &server, &client) == ERR_OK;
	char buf[80];
	const char *why = is_net ? listener_reason_to_drop(l, &client, &server, buf, sizeof(buf)) : NULL;
	enum err e;

	if (why != NULL) {
		listener_log_drop(l, &l->dropped, &client, &server, why);
		(void)!write(out, sorry, sizeof(sorry) - 1);
	} else {
		if (is_net && listener_config(l)->tcp_keep_alive)
			net_keep_alive(in);
		if (is_net)
			net_no_delay(in);
		e = enter(l, in, out, &client);
		if (e != ERR_OK)
			listener_rest(l, "cannot take a connection", e);
	}
	close(in);
	if (out != in)
		close(out);
	if (l->one_only && l->n_connections == 0)
		loop_stop(l->loop);
}
