/* SPDX-License-Identifier: ISC */
/* ssh-agent: its clients, each with one request at a time. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "tools/ssh_agent.h"

/* An answer, or a question in its place. */
#define MAX_ANSWER	(2 * AGENT_MAX_FRAME)

enum client_wait {
	WAITS_FOR_NOTHING,
	WAITS_FOR_USER,		/* or for the question of another client to be over */
	WAITS_FOR_TIME,
};

struct client {
	struct client *next, *prev;
	struct agent_program *p;
	int fd;
	struct watch *watch;
	struct timer *timer;
	struct writer in;		/* one request, never more */
	struct writer out;		/* what is left of an answer */
	size_t sent;
	struct agent_client state;
	enum client_wait wait;
};

/* --- clients come and go --- */

static void
client_free(struct client *c)
{
	struct agent_program *p = c->p;

	if (p->question.client == c)
		agent_ask_abort(p);
	watch_free(c->watch);
	timer_free(c->timer);
	close(c->fd);
	writer_free(&c->in);
	writer_free(&c->out);
	agent_client_free(&c->state);
	if (c->next != NULL)
		c->next->prev = c->prev;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		p->clients = c->next;
	free(c);
	p->n_clients--;
	if (p->listener != NULL)
		watch_set(p->listener, LOOP_READ);
}

bool
agent_client_is_gone(const struct client *c)
{
	struct pollfd fd = { .fd = c->fd };

	return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLERR)) != 0;
}

/* --- one request --- */

/* What the client waits for decides what is waited for at its socket. */
static void
watch_for(struct client *c)
{
	watch_set(c->watch, c->out.len > 0 ? LOOP_WRITE : c->wait == WAITS_FOR_NOTHING ? LOOP_READ : 0);
}

/* Writes the answer, as far as that goes; false if the client is gone. */
static bool
flush_answer(struct client *c)
{
	while (c->sent < c->out.len) {
		ssize_t n = write(c->fd, c->out.p + c->sent, c->out.len - c->sent);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n <= 0)
			return false;
		c->sent += (size_t)n;
	}
	if (c->sent == c->out.len) {
		c->sent = 0;
		writer_free(&c->out);
		c->out = writer_init(MAX_ANSWER);
	}
	return true;
}

/* The request is done with. */
static bool
finish(struct client *c, uint8_t type)
{
	struct agent_program *p = c->p;

	log_debug(&p->log, "%s: %s", agent_type_name(type), c->state.why == NULL ? "done" : c->state.why);
	c->wait = WAITS_FOR_NOTHING;
	writer_free(&c->in);
	c->in = writer_init(4 + AGENT_MAX_FRAME);
	timer_set(p->expiry, agent_deadline(p->agent));
	return flush_answer(c);
}

/* Asks the user, or waits until another question is over. */
static enum err
ask_user(struct client *c)
{
	struct agent_program *p = c->p;
	enum err e = ERR_OK;

	wr_u8(&c->out, '\0');
	TRY(wr_end(&c->out));
	c->wait = WAITS_FOR_USER;
	if (p->question.pid == 0)
		e = agent_ask(p, c, (const char *)c->out.p);
	writer_reset(&c->out);
	if (e != ERR_OK)
		log_error(&p->log, "The user cannot be asked: %s", e == ERR_SYSTEM ? strerror(errno) :
		    "neither SSH_ASKPASS_REQUIRE nor a display in the environment");
	return e;
}

static bool
handle(struct client *c)
{
	struct agent_program *p = c->p;
	struct agent_time time = { .now = loop_time(p->loop), .wall = (uint64_t)clock_wall() };
	enum agent_verdict verdict;
	struct agent_frame f;
	enum err e = agent_frame_get(writer_span(&c->in), &f);

	if (e == ERR_OK)
		e = agent_handle(p->agent, &c->state, &f, &time, &c->out, &verdict);
	if (e != ERR_OK) {
		log_error(&p->log, "A client is sent away: %s", err_text(e));
		return false;
	}
	switch (verdict) {
	case AGENT_ANSWERED:
		return finish(c, f.type);
	case AGENT_LATER:
		c->wait = WAITS_FOR_TIME;
		timer_set(c->timer, c->state.until);
		return true;
	case AGENT_CONFIRM:
		if (ask_user(c) == ERR_OK)
			return true;
		c->state.consent = AGENT_CONSENT_REFUSED;
		return handle(c);
	}
	return false;
}

/* Handles what there is, or sends the client away. */
static void
go_on(struct client *c)
{
	if (handle(c))
		watch_for(c);
	else
		client_free(c);
}

/* How many bytes the request at hand still lacks; 0: it is whole, or not to be. */
static size_t
missing(const struct client *c)
{
	struct reader r = rd_init(writer_span(&c->in));
	uint32_t len = rd_u32(&r);

	if (c->in.len < 4)
		return 4 - c->in.len;
	return len > AGENT_MAX_FRAME || len == 0 ? 0 : 4 + (size_t)len - c->in.len;
}

/* Reads one request and no more: the next one has its turn when the others had theirs. */
static bool
read_some(struct client *c)
{
	size_t want = missing(c);
	struct room room;
	ssize_t n;

	/* A length alone takes no memory: what is not there is not waited for in one piece. */
	want = want < 16384 ? want : 16384;
	room = wr_reserve(&c->in, want);
	if (wr_end(&c->in) != ERR_OK)
		return false;
	n = read(c->fd, room.p, want);
	if (n == -1)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
	wr_commit(&c->in, (size_t)n);
	return n > 0;
}

static void
on_ready(void *arg, unsigned events)
{
	struct client *c = arg;

	if (c->out.len > 0) {
		if (flush_answer(c))
			watch_for(c);
		else
			client_free(c);
		return;
	}
	if ((events & LOOP_READ) == 0)
		return;
	if (!read_some(c))
		client_free(c);
	else if (missing(c) == 0)
		go_on(c);
}

/* Goes on with one that had to wait. Who has gone meanwhile asks nobody any more, and guesses no more. */
static void
go_on_or_part(struct client *c)
{
	if (agent_client_is_gone(c))
		client_free(c);
	else
		go_on(c);
}

static void
on_time(void *arg)
{
	struct client *c = arg;

	if (c->wait == WAITS_FOR_TIME)
		go_on_or_part(c);
}

/* Of those who wait for the user, the one who has been here longest; NULL. */
static struct client *
first_in_line(const struct agent_program *p)
{
	struct client *found = NULL;

	for (struct client *c = p->clients; c != NULL; c = c->next)
		if (c->wait == WAITS_FOR_USER)
			found = c;
	return found;
}

void
agent_answered(struct agent_program *p, struct client *c, bool agrees)
{
	if (c != NULL) {
		c->state.consent = agrees ? AGENT_CONSENT_GIVEN : AGENT_CONSENT_REFUSED;
		go_on_or_part(c);
	}
	/* While the asking process is still there, they wait until it has been reaped. */
	while (p->question.pid == 0 && (c = first_in_line(p)) != NULL)
		go_on_or_part(c);
}

enum err
agent_client_new(struct agent_program *p, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return ERR_NOMEM;
	*c = (struct client){ .p = p, .fd = fd, .in = writer_init(4 + AGENT_MAX_FRAME), .out = writer_init(MAX_ANSWER) };
	e = loop_watch(p->loop, &c->watch, fd, LOOP_READ, on_ready, c);
	if (e == ERR_OK)
		e = loop_timer(p->loop, &c->timer, on_time, c);
	if (e != ERR_OK) {
		watch_free(c->watch);
		free(c);
		return e;
	}
	c->next = p->clients;
	if (c->next != NULL)
		c->next->prev = c;
	p->clients = c;
	if (++p->n_clients == AGENT_MAX_CLIENTS)
		watch_set(p->listener, 0);
	return ERR_OK;
}

void
agent_clients_free(struct agent_program *p)
{
	while (p->clients != NULL)
		client_free(p->clients);
}
