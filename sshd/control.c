/* SPDX-License-Identifier: ISC */
/* The control socket's clients: accepted, served, let go. */
#include "sshd/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/net.h"
#include "sshd/control_i.h"
#include "sshd/control_messages.h"

/* Messages of one client handled in one turn of the loop. */
#define MESSAGES_A_TURN	16

/* How long accepting rests when descriptors are short. */
#define REST_MSEC	500

static void
client_free(struct control_client *cl)
{
	struct control *c = cl->control;

	watch_free(cl->watch);
	timer_free(cl->idle);
	ipc_close(&cl->ipc);
	if (cl->prev != NULL)
		cl->prev->next = cl->next;
	else if (c->clients == cl)
		c->clients = cl->next;
	if (cl->next != NULL)
		cl->next->prev = cl->prev;
	free(cl);
}

/* Reads and answers until there is nothing more, or the client does not read. */
static enum err
client_serve(struct control_client *cl)
{
	struct room room = { cl->control->buf, LIMIT_IPC };

	for (int i = 0; i < MESSAGES_A_TURN && !ipc_wants_write(&cl->ipc); i++) {
		struct ipc_fds fds = { .n = 0 };
		struct span message;
		enum err e = ipc_receive(&cl->ipc, room, &message, &fds);

		if (e == ERR_AGAIN)
			return ERR_OK;
		if (e == ERR_OK)
			e = control_dispatch(cl, message, &fds);
		ipc_fds_close(&fds);
		TRY(e);
	}
	return ERR_OK;
}

static void
client_ready(void *arg, unsigned events)
{
	struct control_client *cl = arg;
	struct control *c = cl->control;
	enum err e = ERR_OK;

	if (events & LOOP_WRITE)
		e = ipc_flush(&cl->ipc);
	if (e == ERR_OK && (events & (LOOP_READ | LOOP_HANGUP)))
		e = client_serve(cl);
	if (e == ERR_OK && cl->is_following)
		e = control_send_events(cl);
	journal_pull(c->config.journal);
	if (e != ERR_OK) {
		if (e != ERR_CLOSED)
			log_verbose(c->config.log, "control socket: %s: %s", cl->name, err_text(e));
		client_free(cl);
		return;
	}
	if (cl->is_following && cl->seen < journal_end(c->config.journal))
		watch_set(cl->watch, LOOP_READ | LOOP_WRITE);
	else
		watch_set(cl->watch, ipc_wants_write(&cl->ipc) ? LOOP_WRITE : LOOP_READ);
	timer_set(cl->idle, cl->is_following ? MSEC_NEVER : loop_now(c->config.loop) + CONTROL_IDLE);
}

/* There are events for those who follow: each is sent them when it is ready to take them. */
static void
events_told(void *arg)
{
	struct control *c = arg;

	for (struct control_client *cl = c->clients; cl != NULL; cl = cl->next) {
		if (cl->is_following)
			watch_set(cl->watch, LOOP_READ | LOOP_WRITE);
	}
}

static void
client_idle(void *arg)
{
	client_free(arg);
}

/* Whether there is room for one more client of this uid. */
static bool
has_room(const struct control *c, uid_t uid, bool is_owner)
{
	size_t n = 0, same = 0;

	for (const struct control_client *cl = c->clients; cl != NULL; cl = cl->next) {
		n++;
		same += cl->uid == uid;
	}
	if (is_owner)
		return n < CONTROL_CLIENTS;
	/* Owners find room whatever the others do. */
	return n < CONTROL_CLIENTS / 2 && same < CONTROL_CLIENTS_PER_UID;
}

/* Sends one sentence to somebody who gets no more than that. */
static void
turn_away(int fd, const char *text)
{
	struct ipc ipc;

	ipc_init(&ipc, fd);
	(void)!ipc_send_ctl_refused(&ipc, &(struct msg_ctl_refused){ .text = span_str(text) }, NULL);
	ipc_close(&ipc);
}

static enum err
client_start(struct control_client *cl)
{
	struct loop *loop = cl->control->config.loop;

	TRY(loop_timer(loop, &cl->idle, client_idle, cl));
	TRY(loop_watch(loop, &cl->watch, cl->ipc.fd, LOOP_READ, client_ready, cl));
	timer_set(cl->idle, loop_now(loop) + CONTROL_IDLE);
	return ERR_OK;
}

static void
client_new(struct control *c, int fd, const struct control_client *who)
{
	struct control_client *cl = calloc(1, sizeof(*cl));

	if (cl == NULL) {
		turn_away(fd, err_text(ERR_NOMEM));
		return;
	}
	*cl = *who;
	cl->control = c;
	ipc_init(&cl->ipc, fd);
	cl->next = c->clients;
	if (cl->next != NULL)
		cl->next->prev = cl;
	c->clients = cl;
	if (client_start(cl) != ERR_OK)
		client_free(cl);
}

static void
welcome(struct control *c, int fd)
{
	struct control_client who = { .control = c };

	if (net_peer_uid(fd, &who.uid) != ERR_OK) {
		close(fd);
		return;
	}
	who.is_owner = who.uid == 0 || who.uid == c->config.uid;
	control_name_of(c->config.rules.passwd_files, who.uid, who.account, sizeof(who.account));
	snprintf(who.name, sizeof(who.name), "%s", who.account);
	if (!who.is_owner && control_registrar_of(c->config.rules.policy, who.uid, who.account) == NULL)
		turn_away(fd, "you may not register keys here (EphemeralKeyRegistrars)");
	else if (!has_room(c, who.uid, who.is_owner))
		turn_away(fd, "too many programs use the control socket: try again");
	else
		client_new(c, fd, &who);
}

enum err
control_remote(struct control *c, const struct control_remote *r, int *fd)
{
	struct control_client who = { .control = c, .uid = r->uid, .is_remote = true };
	int pair[2];

	if (r->user.len > LIMIT_USER || r->key.len >= sizeof(who.key))
		return ERR_DENIED;
	snprintf(who.account, sizeof(who.account), "%.*s", (int)r->user.len, (const char *)r->user.p);
	snprintf(who.key, sizeof(who.key), "%.*s", (int)r->key.len, (const char *)r->key.p);
	snprintf(who.name, sizeof(who.name), "%s %s", who.account,
	    who.key[0] != '\0' ? who.key : "ssh");
	if (control_registrar_by_ssh(c->config.rules.policy, r->uid, who.account, who.key) == NULL) {
		log_info(c->config.log, "%s from %.*s may not register ephemeral keys by ssh", who.name,
		    (int)r->source.len, (const char *)r->source.p);
		return ERR_DENIED;
	}
	if (!has_room(c, r->uid, false))
		return ERR_LIMIT;
	TRY(ipc_pair(pair));
	log_info(c->config.log, "%s registers ephemeral keys from %.*s", who.name,
	    (int)r->source.len, (const char *)r->source.p);
	client_new(c, pair[0], &who);
	*fd = pair[1];
	return ERR_OK;
}

static void
listen_ready(void *arg, unsigned events)
{
	struct control *c = arg;
	enum err e = ERR_OK;
	int fd;

	(void)events;
	for (int i = 0; i < MESSAGES_A_TURN && e == ERR_OK; i++) {
		e = net_accept(c->fd, &fd);
		if (e == ERR_OK)
			welcome(c, fd);
	}
	if (e == ERR_OK || e == ERR_AGAIN)
		return;
	/* No descriptors: who waits is there in a moment, too, and the loop has other work. */
	watch_set(c->watch, 0);
	timer_set(c->rest, loop_now(c->config.loop) + REST_MSEC);
}

static void
on_rested(void *arg)
{
	struct control *c = arg;

	watch_set(c->watch, LOOP_READ);
}

enum err
control_new(struct control **out, const struct control_config *config)
{
	struct control *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return ERR_NOMEM;
	c->config = *config;
	c->fd = -1;
	c->path = strdup(config->path);
	c->config.path = c->path;
	if (config->only_user != NULL)
		c->config.only_user = c->only_user = strdup(config->only_user);
	c->buf = malloc(LIMIT_IPC);
	if (c->path == NULL || c->buf == NULL || (config->only_user != NULL && c->only_user == NULL))
		e = ERR_NOMEM;
	else
		e = control_listen(c);
	if (e == ERR_OK)
		e = loop_watch(config->loop, &c->watch, c->fd, LOOP_READ, listen_ready, c);
	if (e == ERR_OK)
		e = loop_timer(config->loop, &c->rest, on_rested, c);
	if (e != ERR_OK) {
		control_free(c);
		return e;
	}
	journal_follow(config->journal, events_told, c);
	*out = c;
	return ERR_OK;
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	journal_follow(c->config.journal, NULL, NULL);
	while (c->clients != NULL)
		client_free(c->clients);
	watch_free(c->watch);
	timer_free(c->rest);
	if (c->fd != -1) {
		control_unlink(c);
		close(c->fd);
	}
	free(c->path);
	free(c->only_user);
	free(c->buf);
	free(c);
}

void
control_set_rules(struct control *c, const struct control_rules *rules)
{
	c->config.rules = *rules;
	control_open_to_registrars(c);
}
