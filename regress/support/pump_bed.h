/* SPDX-License-Identifier: ISC */
/*
 * regress/support/pump_bed.h - the pump of a client and that of a server in
 * one loop, over a socket pair; their programs' descriptors are the test's.
 * Included by one file of a test program.
 */
#ifndef REGRESS_SUPPORT_PUMP_BED_H
#define REGRESS_SUPPORT_PUMP_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/pty.h"
#include "os/pump.h"
#include "regress/support/fake_conn.h"

#define MIB	(1024u * 1024)

/* What one side's program has been told. */
struct seen {
	struct channel_id opened;
	bool is_open;
	char request[32];
	uint32_t status;
	unsigned n_requests;
	bool closed;
	unsigned n_detached;
	bool ended;
	enum err why;
	unsigned n_data;
	void *tag;
};

struct side_of_it {
	struct conn *conn;
	struct pump *pump;
	struct seen seen;
};

struct bed {
	struct loop *loop;
	struct side_of_it side[2];
};

static inline void
on_event(void *arg, struct event *ev)
{
	struct side_of_it *s = arg;

	s->seen.tag = ev->tag;
	switch (ev->type) {
	case EV_NEED_CHANNEL:
		channels_accept(s->conn->cs, ev->channel, SPAN_EMPTY);
		s->seen.opened = ev->channel;
		s->seen.is_open = true;
		break;
	case EV_CHANNEL_OPENED:
		s->seen.is_open = true;
		break;
	case EV_CHANNEL_REQUEST:
		s->seen.n_requests++;
		assert_true(ev->request.len < sizeof(s->seen.request));
		memcpy(s->seen.request, ev->request.p, ev->request.len);
		s->seen.request[ev->request.len] = '\0';
		if (ev->body.len == 4)
			s->seen.status = ev->body.p[3];
		break;
	case EV_CHANNEL_DATA:
		s->seen.n_data++;
		conn_channel_consumed(s->conn, ev->channel, ev->data.len);
		break;
	case EV_CHANNEL_CLOSED:
		s->seen.closed = true;
		break;
	default:
		break;
	}
}

static inline void
on_detached(void *arg, struct channel_id id)
{
	struct side_of_it *s = arg;

	(void)id;
	s->seen.n_detached++;
}

static inline void
on_end(void *arg, enum err why)
{
	struct side_of_it *s = arg;

	assert_false(s->seen.ended);
	s->seen.ended = true;
	s->seen.why = why;
}

static inline void
bed_new(struct bed *b)
{
	static const char *const peer[2] = { "SSH-2.0-Dayfly_1", "SSH-2.0-Dayfly_1" };
	int fd[2];

	memset(b, 0, sizeof(*b));
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(loop_new(&b->loop), ERR_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		struct pump_calls calls = { on_event, on_detached, on_end, &b->side[s] };

		b->side[s].conn = fake_conn_new(s, peer[s]);
		assert_int_equal(pump_new(&b->side[s].pump, b->loop, fd[s], fd[s],
		    b->side[s].conn, &calls), ERR_OK);
	}
}

static inline void
bed_free(struct bed *b)
{
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
		pump_free(b->side[s].pump);
		fake_conn_free(b->side[s].conn);
	}
	loop_free(b->loop);
}

/* One turn that does not wait. */
static inline void
turn(struct bed *b)
{
	assert_int_equal(loop_turn(b->loop, 0), ERR_OK);
}

/* Turns until nothing happens any more that nobody outside waits for. */
static inline void
turns(struct bed *b, unsigned n)
{
	while (n-- > 0)
		turn(b);
}

#define TURN_UNTIL(b, cond)						\
	do {								\
		unsigned turns_ = 0;					\
		while (!(cond)) {					\
			assert_true(turns_++ < 100000);			\
			assert_int_equal(loop_turn((b)->loop, 0), ERR_OK); \
		}							\
	} while (0)

/* Opens a channel from client to server: the ids by side. */
static inline void
open_channel(struct bed *b, const char *type, struct channel_id id[2])
{
	b->side[SIDE_CLIENT].seen.is_open = b->side[SIDE_SERVER].seen.is_open = false;
	assert_int_equal(channels_open(b->side[SIDE_CLIENT].conn->cs, type,
	    SPAN_EMPTY, &id[SIDE_CLIENT]), ERR_OK);
	pump_kick(b->side[SIDE_CLIENT].pump);
	TURN_UNTIL(b, b->side[SIDE_CLIENT].seen.is_open);
	id[SIDE_SERVER] = b->side[SIDE_SERVER].seen.opened;
}

static inline void
set_nonblock(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* A pipe, both ends non-blocking (each end has flags of its own). */
static inline void
pipe_new(int fd[2])
{
	assert_int_equal(pipe2(fd, O_CLOEXEC | O_NONBLOCK), 0);
}

/* A program's three streams: the test holds the outer ends. */
struct program {
	int in;		/* written by the test: becomes the channel's source */
	int out;	/* read by the test: the channel's data */
	int err;	/* read by the test: the channel's stderr */
};

/* Attaches a channel as a client would: stdin, stdout, stderr. */
static inline struct program
attach_client(struct bed *b, struct channel_id id, unsigned flags)
{
	int in[2], out[2], err[2];

	pipe_new(in);
	pipe_new(out);
	pipe_new(err);
	assert_int_equal(pump_attach(b->side[SIDE_CLIENT].pump, id,
	    &(struct pump_ends){ .sink = { out[1], err[1] }, .source = { in[0], -1 },
	    .flags = flags }), ERR_OK);
	return (struct program){ in[1], out[0], err[0] };
}

/* Attaches a channel as a server would: a child's stdin, stdout, stderr. */
static inline struct program
attach_server(struct bed *b, struct channel_id id, int *stderr_of_child)
{
	int in[2], out[2], err[2];

	pipe_new(in);
	pipe_new(out);
	pipe_new(err);
	assert_int_equal(pump_attach(b->side[SIDE_SERVER].pump, id,
	    &(struct pump_ends){ .sink = { in[1], -1 }, .source = { out[0], err[0] } }), ERR_OK);
	*stderr_of_child = err[1];
	return (struct program){ out[1], in[0], -1 };
}

static inline void
program_close(struct program *p)
{
	if (p->in != -1)
		close(p->in);
	if (p->out != -1)
		close(p->out);
	if (p->err != -1)
		close(p->err);
}

/* Reads what is there now; -1 if the end has come. */
static inline ssize_t
read_some(int fd, char *buf, size_t size)
{
	ssize_t n = read(fd, buf, size);

	if (n == -1) {
		assert_int_equal(errno, EAGAIN);
		return 0;
	}
	return n == 0 ? -1 : n;
}

/* Turns until this text can be read. */
static inline void
expect_text(struct bed *b, int fd, const char *text)
{
	char buf[256];
	size_t have = 0;

	while (have < strlen(text)) {
		ssize_t n;

		turn(b);
		n = read_some(fd, buf + have, strlen(text) - have);
		assert_true(n >= 0);
		have += (size_t)n;
	}
	assert_int_equal(have, strlen(text));
	assert_memory_equal(buf, text, have);
}

/* Turns until the end can be read, and nothing before it. */
static inline void
expect_end(struct bed *b, int fd)
{
	char c;
	ssize_t n;

	TURN_UNTIL(b, (n = read_some(fd, &c, 1)) != 0);
	assert_int_equal(n, -1);
}

static inline void
say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* A session on a pty: the child's end. */
static inline int
attach_pty(struct bed *b, struct channel_id id)
{
	struct pty pty;
	int dup_fd;

	assert_int_equal(pty_open(&pty), ERR_OK);
	set_nonblock(pty.master);
	set_nonblock(pty.slave);
	dup_fd = dup(pty.master);
	assert_int_equal(pump_attach(b->side[SIDE_SERVER].pump, id,
	    &(struct pump_ends){ .sink = { pty.master, -1 }, .source = { dup_fd, -1 },
	    .flags = PUMP_PTY }), ERR_OK);
	return pty.slave;
}

struct stream_test {
	uint64_t total;
	uint64_t sent, got;
	int in, out;
};

static inline uint8_t
byte_at(uint64_t i)
{
	return (uint8_t)(i * 131 + (i >> 11) * 7 + (i >> 21));
}

/* Writes the next bytes of the pattern, and reads and checks others. */
static inline bool
stream_step(struct stream_test *t)
{
	static uint8_t buf[65536];
	size_t n = t->total - t->sent < sizeof(buf) ? (size_t)(t->total - t->sent) : sizeof(buf);
	ssize_t r;

	if (n > 0) {
		for (size_t i = 0; i < n; i++)
			buf[i] = byte_at(t->sent + i);
		r = write(t->in, buf, n);
		t->sent += r > 0 ? (uint64_t)r : 0;
	}
	r = read(t->out, buf, sizeof(buf));
	for (ssize_t i = 0; i < r; i++)
		if (buf[i] != byte_at(t->got + (uint64_t)i))
			fail_msg("wrong byte at %llu", (unsigned long long)t->got + (unsigned long long)i);
	t->got += r > 0 ? (uint64_t)r : 0;
	return t->got == t->total;
}

#endif
