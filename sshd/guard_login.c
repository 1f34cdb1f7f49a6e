/* SPDX-License-Identifier: ISC */
/* What follows a successful login: the session process, its end, the records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sshd/guard_i.h"
#include "sshd/nursery.h"

/* How long before its end a session is told. */
#define WARN_MSEC	60000

/* Pieces of the config, as they fit into a message. */
#define PIECE		(LIMIT_IPC / 2)

/* --- starting the session --- */

/* Has the process born; *fd is the guard's end of the ipc. */
static enum err
start_process(struct guard *g, int *fd)
{
	struct born born;
	enum err e;

	e = nursery_ask_session(g->start->nursery_fd, fd);
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
	return send_parts(g, SESSION_PART_GROUPS, writer_span(&groups));
}

/* Tells the session whom to become; to_wire is its end of the ipc to wire. */
static enum err
send_job(struct guard *g, int to_wire)
{
	const struct account *a = &g->user.account;
	struct ipc_fds fds = { .fd = { to_wire }, .n = 1 };
	char last[512] = "";
	struct msg_session_job m = {
		.user = span_str(a->name), .uid = a->uid, .gid = a->gid,
		.home = span_str(a->home), .shell = span_str(a->shell),
		.options = writer_span(&g->proof.options), .grant = span_str(g->key.grant),
		.auth_info = writer_span(&g->proof.info),
		.client_address = span_str(g->client), .client_port = g->client_port,
		.server_address = span_str(g->server), .server_port = g->server_port,
		.log_level = (uint32_t)g->log.level,
	};

	TRY(send_config(g));
	if (g->user.config.print_last_log && login_record_last(a->uid, last, sizeof(last)))
		m.last_login = span_str(last);
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

enum err
guard_log_in(struct guard *g)
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
	if (guard_has_listener(g))
		guard_listener_sent(g, ipc_send_from_guard_logged_in(&g->listener,
		    &(struct msg_from_guard_logged_in){ .user = span_str(g->user.account.name) }, NULL));
	if (g->key.grant[0] != '\0')
		guard_set_until(g, g->key.end);
	return ERR_OK;
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

void
guard_end_programs(struct guard *g)
{
	if (g->session_watch != NULL)
		(void)!ipc_send_session_end(&g->session, &(struct msg_session_end){ .ends_here = 0 }, NULL);
}

static void
until_due(void *arg)
{
	struct guard *g = arg;
	msec now = loop_now(g->loop);
	char text[128];

	if (now >= g->until) {
		log_info(&g->log, "Session of %s from %s port %u ends: ephemeral key %s allows no more",
		    g->user.account.name, g->client, (unsigned)g->client_port, g->key.grant);
		/* In this order: the client hears why before it hears that its program died. */
		guard_end(g, 11, "the time that was granted for this session is over");
		guard_end_programs(g);
		return;
	}
	if (!g->warned && now + WARN_MSEC >= g->until) {
		g->warned = true;
		snprintf(text, sizeof(text), "This session ends in %llu seconds.",
		    (unsigned long long)((g->until - now + 999) / 1000));
		notice(g, text);
	}
	timer_set(g->until_timer, g->warned ? g->until : g->until - WARN_MSEC);
}

void
guard_set_until(struct guard *g, msec end)
{
	if (g->until_timer == NULL && loop_timer(g->loop, &g->until_timer, until_due, g) != ERR_OK) {
		guard_quit(g, GUARD_EXIT_FAILED);
		return;
	}
	g->until = end;
	g->warned = false;
	if (end == MSEC_NEVER)
		timer_set(g->until_timer, MSEC_NEVER);
	else
		timer_set(g->until_timer, end > WARN_MSEC ? end - WARN_MSEC : 0);
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
	    .host = g->client, .address = &g->start->client.address };
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
