/* SPDX-License-Identifier: ISC */
/* What follows a successful login: the session process, its end, the records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/process_tree.h"
#include "crypto/hash.h"
#include "sshd/guard_i.h"
#include "sshd/nursery.h"

/* How long before its end a session is told. */
static const msec warnings[] = { 60000, 10000 };

/* The last line has so long to get to the terminal before the connection ends. */
#define LAST_LINE_MSEC	100

/* Then programs have so long to end by themselves: the session gives them a little more. */
#define KILL_MSEC	100

/* Pieces of the config, as they fit into a message. */
#define PIECE		(LIMIT_IPC / 2)

/* --- starting the session --- */

/* Has the process born; *fd is the guard's end of the ipc. */
static enum err
start_process(struct guard *g, int *fd)
{
	struct born born;
	enum err e;

	e = nursery_ask_session(g->start->nursery_fd, g->proof.grant[0] != '\0', fd);
	if (e == ERR_OK)
		e = nursery_wait(*fd, &born);
	if (e != ERR_OK) {
		log_error(&g->log, "cannot start a session process: %s",
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		return e;
	}
	close(g->start->nursery_fd);	/* the one that it was needed for is here */
	*fd = born.fd;
	g->session_pid = born.pid;
	g->session_pidfd = born.pidfd;
	return ERR_OK;
}

/* Sends something long in pieces. */
static enum err
send_parts(struct guard *g, enum session_part of, struct span all)
{
	while (all.len > 0) {
		struct msg_session_part m = { .of = (uint32_t)of, .piece = span_first(all, PIECE) };

		TRY(ipc_send_session_part(&g->session, &m, NULL));
		all = span_skip(all, m.piece.len);
	}
	return ERR_OK;
}

static enum err
send_config(struct guard *g)
{
	SCOPED(writer_free) struct writer config = writer_init(64 * 1024 * 1024);
	SCOPED(writer_free) struct writer groups = writer_init(ACCOUNT_MAX_GROUPS * 4);

	sshd_config_put(&g->user.config, &config);
	TRY(wr_end(&config));
	TRY(send_parts(g, SESSION_PART_CONFIG, writer_span(&config)));
	for (size_t i = 0; i < g->user.groups.n; i++)
		wr_u32(&groups, g->user.groups.gid[i]);
	TRY(wr_end(&groups));
	TRY(send_parts(g, SESSION_PART_GROUPS, writer_span(&groups)));
	TRY(send_parts(g, SESSION_PART_OPTIONS, writer_span(&g->proof.options)));
	return send_parts(g, SESSION_PART_ENV, writer_span(&g->proof.env));
}

/* Tells the session whom to become; to_wire is its end of the ipc to wire. */
static enum err
send_job(struct guard *g, int to_wire)
{
	const struct account *a = &g->user.account;
	struct ipc_fds fds = { .fd = { to_wire }, .n = 1 };
	char last[512] = "", greeting[600];
	struct msg_session_job m = {
		.user = span_str(a->name), .uid = a->uid, .gid = a->gid,
		.home = span_str(a->home), .shell = span_str(a->shell),
		.grant = span_str(g->proof.grant),
		.auth_info = writer_span(&g->proof.info),
		.client_address = span_str(g->client), .client_port = g->client_port,
		.server_address = span_str(g->server), .server_port = g->server_port,
		.log_level = (uint32_t)g->log.level,
	};

	TRY(send_config(g));
	if (g->user.config.print_last_log && login_record_last(a->uid, last, sizeof(last)))
		m.last_login = span_str(last);
	if (g->days_left >= 0) {
		snprintf(greeting, sizeof(greeting), "Your password will expire in %lld day%s.%s%s",
		    (long long)g->days_left, g->days_left == 1 ? "" : "s", last[0] != '\0' ? "\n" : "",
		    last);
		m.last_login = span_str(greeting);
	}
	return ipc_send_session_job(&g->session, &m, &fds);
}

/* Gives wire its end of the ipc to the session, and what holds from now on. */
static enum err
send_to_wire(struct guard *g, int to_session)
{
	const struct sshd_config *c = &g->user.config;
	SCOPED(writer_free) struct writer timeouts = writer_init(PIECE);
	struct ipc_fds fds = { .fd = { to_session }, .n = 1 };
	struct msg_wire_session m = { .announce = true,
		.alive_interval = c->client_alive_interval, .alive_count = c->client_alive_count_max,
		.qos_interactive = (uint32_t)c->ip_qos.interactive, .qos_bulk = (uint32_t)c->ip_qos.bulk,
		.rekey_bytes = c->rekey_limit.bytes, .rekey_seconds = c->rekey_limit.seconds,
		.unused_timeout = c->unused_connection_timeout, .log_level = (uint32_t)g->log.level };

	for (size_t i = 0; i < c->channel_timeouts.n; i++) {
		wr_u32(&timeouts, c->channel_timeouts.v[i].seconds);
		wr_str(&timeouts, c->channel_timeouts.v[i].type);
	}
	TRY(wr_end(&timeouts));
	m.channel_timeouts = writer_span(&timeouts);
	return ipc_send_wire_session(&g->wire, &m, &fds);
}

static enum err
introduce(struct guard *g)
{
	int pair[2];
	enum err e;

	TRY(ipc_pair(pair));
	e = send_job(g, pair[0]);
	if (e == ERR_OK)
		e = send_to_wire(g, pair[1]);
	close(pair[0]);
	close(pair[1]);
	return e;
}

/* Tells the listener; owner is what a successor on another connection has in common with this one. */
static void
tell_listener(struct guard *g)
{
	SCOPED(writer_free) struct writer who = writer_init(2 * LIMIT_IPC);
	struct msg_from_guard_logged_in m = { .user = span_str(g->user.account.name) };
	uint8_t owner[32];

	if (g->proof.keys.len > 0) {
		wr_bytes(&who, m.user);
		wr_raw(&who, writer_span(&g->proof.keys));
		if (wr_end(&who) == ERR_OK) {
			hash_once(hash_find("sha256"), writer_span(&who), owner);
			m.owner = span_of(owner, sizeof(owner));
		}
	}
	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_logged_in(&g->listener, &m, NULL));
}

/* When the session has to end with the keys and certificates that were used (SessionDeadline). */
static msec
key_deadline(const struct guard *g)
{
	int64_t left, expires = g->proof.expires;

	if (g->user.config.session_deadline != SESSION_DEADLINE_EXPIRY || expires == INT64_MAX)
		return MSEC_NEVER;
	left = expires - clock_wall();
	if (left > INT32_MAX)
		return MSEC_NEVER;
	return clock_boot() + (left < 0 ? 0 : (msec)left * 1000);
}

enum err
guard_log_in(struct guard *g, msec end)
{
	int fd;

	TRY(start_process(g, &fd));
	TRY(guard_watch_session(g, fd));
	TRY(introduce(g));
	guard_answer(g, AUTH_RESULT_SUCCESS);
	g->logged_in = true;
	g->phase = PHASE_OPEN;
	timer_set(g->grace, MSEC_NEVER);
	log_verbose(&g->log, "User child is on pid %ld", (long)g->session_pid);
	tell_listener(g);
	g->until_key = key_deadline(g);
	if (end != MSEC_NEVER || g->until_key != MSEC_NEVER)
		guard_set_until(g, end);
	return ERR_OK;
}

/* --- registering keys from elsewhere --- */

/* The fingerprint of the key that was used last; empty: of none. */
static struct span
key_used(const struct guard *g, char buf[static FINGERPRINT_SIZE])
{
	struct reader r = rd_init(writer_span(&g->proof.keys));
	struct span blob = SPAN_EMPTY;

	while (r.err == ERR_OK && r.rest.len > 0)
		blob = rd_bytes(&r);
	if (r.err != ERR_OK || blob.len == 0)
		return SPAN_EMPTY;
	return span_str(fingerprint_str(buf, blob, FINGERPRINT_SHA256));
}

void
guard_ask_registrar(struct guard *g, uint32_t channel)
{
	char fingerprint[FINGERPRINT_SIZE];
	struct msg_from_guard_registrar m = { .channel = channel,
	    .user = span_str(g->user.account.name), .uid = g->user.account.uid,
	    .key = key_used(g, fingerprint),
	    .address = guard_source(g) };

	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_registrar(&g->listener, &m, NULL));
	else
		guard_refuse_registrar(g, channel, "the server has gone");
}

void
guard_refuse_registrar(struct guard *g, uint32_t channel, const char *why)
{
	if (g->session_watch != NULL)
		(void)!ipc_send_session_registrar(&g->session, &(struct msg_session_registrar){
		    .channel = channel, .text = span_str(why) }, NULL);
}

/* --- a session with an end --- */

/* Tells the user's terminals. */
static void
notice(struct guard *g, const char *text)
{
	if (g->session_watch != NULL)
		(void)!ipc_send_session_notice(&g->session,
		    &(struct msg_session_notice){ .text = span_str(text) }, NULL);
}

static void
kill_due(void *arg)
{
	struct guard *g = arg;
	enum err e;

	/* The session has killed what the user may kill; this is for the rest (su, sudo). */
	if (g->session_watch == NULL)
		return;
	e = process_kill_descendants(g->session_pid, g->session_pidfd);
	if (e != ERR_OK)
		log_error(&g->log, "cannot find all processes of the session: %s",
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
}

static void
last_line_due(void *arg)
{
	struct guard *g = arg;

	/* From now on the session says nothing of its programs' ends: the client hears why it is ended. */
	if (g->session_watch != NULL)
		(void)!ipc_send_session_end(&g->session, &(struct msg_session_end){ .ends_here = 0 }, NULL);
	guard_end(g, 11, g->end_text);
	timer_set(g->kill_timer, loop_time(g->loop) + KILL_MSEC);
}

void
guard_end_session(struct guard *g, const char *why)
{
	if (g->end_text[0] != '\0')
		return;
	snprintf(g->end_text, sizeof(g->end_text), "%s", why);
	notice(g, why);
	if (g->session_watch == NULL || loop_timer(g->loop, &g->end_timer, last_line_due, g) != ERR_OK ||
	    loop_timer(g->loop, &g->kill_timer, kill_due, g) != ERR_OK) {
		guard_end(g, 11, why);
		return;
	}
	timer_set(g->end_timer, loop_time(g->loop) + LAST_LINE_MSEC);
}

/* The next warning that lies ahead, and when it is due; the end itself behind the last. */
static msec
next_moment(const struct guard *g)
{
	if (g->n_warned == COUNT(warnings))
		return g->until;
	return g->until > warnings[g->n_warned] ? g->until - warnings[g->n_warned] : 0;
}

/* Tells the terminals how long the session has, and the listener that they were told. */
static void
warn(struct guard *g, msec now)
{
	uint32_t seconds = (uint32_t)((g->until - now + 999) / 1000);
	char text[80];

	snprintf(text, sizeof(text), "This session ends in %u seconds.", seconds);
	notice(g, text);
	log_verbose(&g->log, "Session of %s from %s port %u ends in %u seconds", g->user.account.name,
	    g->client, (unsigned)g->client_port, seconds);
	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_warned(&g->listener,
		    &(struct msg_from_guard_warned){ .seconds = seconds }, NULL));
}

static void
until_due(void *arg)
{
	struct guard *g = arg;
	msec now = loop_now(g->loop);

	if (now >= g->until) {
		bool by_grant = g->until < g->until_key;

		log_info(&g->log, "Session of %s from %s port %u ends: %s%s%s",
		    g->user.account.name, g->client, (unsigned)g->client_port,
		    by_grant ? "ephemeral key " : "", by_grant ? g->proof.grant : "",
		    by_grant ? " allows no more" : "its key or certificate has expired");
		guard_end_session(g, "the time that was granted for this session is over");
		return;
	}
	if (g->n_warned < COUNT(warnings) && now >= next_moment(g)) {
		/* Of several that are due at once, one is enough. */
		while (g->n_warned < COUNT(warnings) && now >= next_moment(g))
			g->n_warned++;
		warn(g, now);
	}
	timer_set(g->until_timer, next_moment(g));
}

void
guard_set_until(struct guard *g, msec end)
{
	bool is_new = g->until_timer == NULL;

	if (is_new && loop_timer(g->loop, &g->until_timer, until_due, g) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	g->until = end < g->until_key ? end : g->until_key;
	g->n_warned = 0;
	/* A session that has just begun has no terminal yet: no use in telling it at once. */
	while (is_new && g->n_warned < COUNT(warnings) && g->until <= loop_now(g->loop) + warnings[g->n_warned])
		g->n_warned++;
	timer_set(g->until_timer, g->until == MSEC_NEVER ? MSEC_NEVER : next_moment(g));
}

/* --- records --- */

/* Whether the name is that of a terminal of this user. */
static bool
is_his_tty(const struct guard *g, const char *line)
{
	char path[48];
	struct stat st;

	if (strncmp(line, "pts/", 4) != 0 || strspn(line + 4, "0123456789") != strlen(line + 4))
		return false;
	snprintf(path, sizeof(path), "/dev/%s", line);
	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_uid == g->user.account.uid;
}

void
guard_record_tty(struct guard *g, const struct msg_from_session_tty *m)
{
	struct login_where where = { .user = g->user.account.name, .uid = g->user.account.uid,
	    .host = g->host[0] != '\0' ? g->host : g->client, .address = &g->start->client.address };
	struct login_record r = { .pid = (pid_t)m->pid };

	snprintf(r.line, sizeof(r.line), "%.*s", (int)m->tty.len, (const char *)m->tty.p);
	if (m->in_use && (g->has_ended || !is_his_tty(g, r.line)))
		return;
	for (size_t i = 0; i < GUARD_TTYS; i++) {
		struct login_record *t = &g->ttys[i];

		if (m->in_use ? t->line[0] != '\0' : strcmp(t->line, r.line) != 0)
			continue;
		if (m->in_use) {
			*t = r;
			login_record_begin(t, &where);
		} else if (t->line[0] != '\0') {
			login_record_end(t);
			t->line[0] = '\0';
		}
		return;
	}
}
