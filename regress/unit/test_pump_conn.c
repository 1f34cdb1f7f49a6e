/* SPDX-License-Identifier: ISC */
/*
 * The pump over real connections: keys are exchanged, data is encrypted, and
 * keys are changed while it flows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/random.h"
#include "keys/key.h"
#include "os/clock.h"
#include "os/pump.h"

#define MIB	(1024u * 1024)

struct end_of_it {
	enum side side;
	struct conn *conn;
	struct pump *pump;
	struct key *key;
	int source, sink;		/* to be attached */
	struct channel_id id;
	bool is_attached;
	bool is_closed;
	unsigned n_kex;
	enum err failed;
};

static void
sign(struct end_of_it *s, const struct event *ev)
{
	SCOPED(writer_free) struct writer sig = writer_init(10000);

	assert_int_equal(key_sign(s->key, span_str(ev->sign.alg), ev->sign.exchange_hash,
	    &sig), ERR_OK);
	conn_answer_host_signature(s->conn, ev->id, writer_span(&sig));
}

static void
attach(struct end_of_it *s, struct channel_id id)
{
	s->id = id;
	assert_int_equal(pump_attach(s->pump, id, &(struct pump_ends){
	    .sink = { s->sink, -1 }, .source = { s->source, -1 } }), ERR_OK);
	s->is_attached = true;
}

static void
on_event(void *arg, struct event *ev)
{
	struct end_of_it *s = arg;
	struct channel_id id;

	switch (ev->type) {
	case EV_NEED_HOST_SIGNATURE:
		sign(s, ev);
		break;
	case EV_NEED_HOSTKEY_CHECK:
		conn_answer_hostkey_check(s->conn, ev->id, true);
		break;
	case EV_KEX_DONE:
		s->n_kex++;
		break;
	case EV_AUTH_READY:
		conn_auth_none(s->conn, "alice");
		break;
	case EV_NEED_AUTH:
		conn_answer_auth(s->conn, ev->id, AUTH_RESULT_SUCCESS, SPAN_EMPTY);
		break;
	case EV_AUTH_SUCCESS:
		if (s->side == SIDE_CLIENT)
			assert_int_equal(conn_channel_open(s->conn, "session", SPAN_EMPTY, &id), ERR_OK);
		break;
	case EV_NEED_CHANNEL:
		conn_answer_channel(s->conn, ev->channel, SPAN_EMPTY);
		attach(s, ev->channel);
		break;
	case EV_CHANNEL_OPENED:
		attach(s, ev->channel);
		break;
	case EV_CHANNEL_CLOSED:
		s->is_closed = true;
		break;
	case EV_FAILED:
		s->failed = ev->err;
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

static void
on_end(void *arg, enum err why)
{
	struct end_of_it *s = arg;

	s->failed = why == ERR_OK ? ERR_CLOSED : why;
}

static void
start(struct end_of_it *s, struct loop *loop, enum side side, int fd, const char *cipher,
    struct key *key, uint64_t rekey_bytes)
{
	struct conn_hostkey hostkey = { key_blob(key), "ssh-ed25519" };
	struct conn_config config = {
		.side = side,
		.ident = "SSH-2.0-Dayfly_test",
		.kex_algs = "curve25519-sha256",
		.hostkey_algs = "ssh-ed25519",
		.ciphers = cipher,
		.macs = "hmac-sha2-256",
		.compression = "none",
		.server_sig_algs = "ssh-ed25519",
		.hostkeys = side == SIDE_SERVER ? &hostkey : NULL,
		.n_hostkeys = side == SIDE_SERVER ? 1 : 0,
		.rekey_bytes = rekey_bytes,
		.rng = rng_system(),
	};
	struct pump_calls calls = { on_event, on_detached, on_end, s };

	s->side = side;
	s->key = key;
	assert_int_equal(conn_new(&s->conn, &config, clock_boot()), ERR_OK);
	assert_int_equal(pump_new(&s->pump, loop, fd, fd, s->conn, &calls), ERR_OK);
}

static uint8_t
byte_at(uint64_t i)
{
	return (uint8_t)(i * 131 + (i >> 11) * 7 + (i >> 21));
}

struct flow {
	int in, out;
	uint64_t sent, got;
};

/* Moves some of a flow through the test's ends of its pipes. */
static void
step(struct flow *f, uint64_t total, bool reads)
{
	uint8_t buf[65536];
	size_t n = total - f->sent < sizeof(buf) ? (size_t)(total - f->sent) : sizeof(buf);
	ssize_t r = 0;

	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(f->sent + i);
	if (n > 0)
		r = write(f->in, buf, n);
	f->sent += r > 0 ? (uint64_t)r : 0;
	r = reads ? read(f->out, buf, sizeof(buf)) : 0;
	for (ssize_t i = 0; i < r; i++)
		if (buf[i] != byte_at(f->got + (uint64_t)i))
			fail_msg("wrong byte");
	f->got += r > 0 ? (uint64_t)r : 0;
}

/* How a connection is tried. */
struct trial {
	const char *cipher;
	uint64_t total;			/* bytes each way, both at once */
	uint64_t rekey_bytes;		/* keys change so often; 0: as they need to */
	bool is_narrow;			/* sockets that hold next to nothing */
	unsigned read_every;		/* what comes out is read each so many turns; 0: each */
};

/* Gives the number of key exchanges. */
static unsigned
run(const struct trial *t)
{
	struct end_of_it s[2] = { { .failed = ERR_OK } };
	int fd[2], up_in[2], up_out[2], down_in[2], down_out[2];
	struct flow up, down;
	struct rng rng = rng_system();
	int least = 1;
	struct loop *loop;
	struct key *key;
	unsigned n_kex;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(key_generate(SPAN_LIT("ed25519"), 0, &rng, &key), ERR_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(pipe2(up_in, O_NONBLOCK) | pipe2(up_out, O_NONBLOCK), 0);
	assert_int_equal(pipe2(down_in, O_NONBLOCK) | pipe2(down_out, O_NONBLOCK), 0);
	s[SIDE_CLIENT].source = up_in[0];
	s[SIDE_SERVER].sink = up_out[1];
	s[SIDE_SERVER].source = down_in[0];
	s[SIDE_CLIENT].sink = down_out[1];
	up = (struct flow){ .in = up_in[1], .out = up_out[0] };
	down = (struct flow){ .in = down_in[1], .out = down_out[0] };
	for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
		if (t->is_narrow)
			assert_int_equal(setsockopt(fd[side], SOL_SOCKET, SO_SNDBUF, &least,
			    sizeof(least)), 0);
		start(&s[side], loop, side, fd[side], t->cipher, key, t->rekey_bytes);
	}
	for (unsigned i = 0; up.got < t->total || down.got < t->total; i++) {
		bool reads = t->read_every == 0 || i % t->read_every == 0;

		assert_true(i < 200000);
		assert_int_equal(s[SIDE_CLIENT].failed, ERR_OK);
		assert_int_equal(s[SIDE_SERVER].failed, ERR_OK);
		step(&up, t->total, reads);
		step(&down, t->total, reads);
		assert_int_equal(loop_turn(loop, 0), ERR_OK);
	}
	n_kex = s[SIDE_CLIENT].n_kex;
	assert_int_equal(pump_finish(s[SIDE_SERVER].pump, s[SIDE_SERVER].id, "exit-status",
	    SPAN_LIT("\0\0\0\0")), ERR_OK);
	close(up.in);
	close(down.in);
	for (unsigned i = 0; !s[SIDE_CLIENT].is_closed || !s[SIDE_SERVER].is_closed; i++) {
		assert_true(i < 10000);
		assert_int_equal(loop_turn(loop, 0), ERR_OK);
	}
	for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
		pump_free(s[side].pump);
		conn_free(s[side].conn);
	}
	close(up.out);
	close(down.out);
	key_free(&key);
	loop_free(loop);
	return n_kex;
}

static void
data_flows_both_ways_with_every_cipher(void **state)
{
	static const char *const ciphers[] = { "aes128-gcm@openssh.com",
		"chacha20-poly1305@openssh.com", "aes256-ctr" };

	(void)state;
	for (size_t i = 0; i < COUNT(ciphers); i++)
		assert_int_equal(run(&(struct trial){ ciphers[i], .total = 8 * MIB + 17 }), 1);
}

static void
keys_change_while_data_flows_both_ways(void **state)
{
	(void)state;
	assert_true(run(&(struct trial){ "aes128-gcm@openssh.com", .total = 16 * MIB + 1,
	    .rekey_bytes = 1 * MIB }) > 8);
}

/* Nobody is left waiting when both sides' output waits, and both have stopped for a rekey. */
static void
keys_change_while_both_sockets_are_full(void **state)
{
	static const unsigned read_every[] = { 1, 300 };

	(void)state;
	for (size_t i = 0; i < COUNT(read_every); i++)
		assert_true(run(&(struct trial){ "aes128-gcm@openssh.com", .total = 4 * MIB + 1,
		    .rekey_bytes = 100000, .is_narrow = true, .read_every = read_every[i] }) > 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_flows_both_ways_with_every_cipher),
		cmocka_unit_test(keys_change_while_data_flows_both_ways),
		cmocka_unit_test(keys_change_while_both_sockets_are_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
