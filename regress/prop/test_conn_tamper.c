/* SPDX-License-Identifier: ISC */
/*
 * A man in the middle of the handshake: every byte of both directions changed,
 * and every place the stream could be cut at. All randomness is seeded, so the
 * stream is the same in each run.
 */
#include "regress/support/conn_pair.h"

struct wire {
	enum side to;		/* direction looked at */
	uint64_t at;		/* byte to change; UINT64_MAX: none */
	uint64_t seen;
	uint8_t *copy;		/* what went by, if not NULL */
	size_t copied;
	uint64_t clear;		/* bytes up to NEWKEYS and with it */
};

#define COPY_MAX	(64 * 1024)

static void
watch(struct pair *p, enum side to, uint8_t *bytes, size_t n)
{
	struct wire *w = p->tamper_arg;

	if (to != w->to)
		return;
	if (w->at >= w->seen && w->at < w->seen + n)
		bytes[w->at - w->seen] ^= 0x20;
	if (w->copy != NULL) {
		assert_true(w->copied + n <= COPY_MAX);
		memcpy(w->copy + w->copied, bytes, n);
		w->copied += n;
	}
	w->seen += n;
}

/* One handshake and login with the wire in between. */
static void
run(struct pair *p, struct wire *w, const char *kex)
{
	pair_init(p, "ed25519");
	p->end[SIDE_CLIENT].config.kex_algs = kex;
	p->tamper = watch;
	p->tamper_arg = w;
	assert_int_equal(pair_start(p), ERR_OK);
	pair_run(p);
}

static uint32_t
u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Whether a byte of a recorded stream is padding of a packet in clear, which nothing covers. */
static bool
is_padding(const struct wire *w, uint64_t at)
{
	const uint8_t *lf = memchr(w->copy, '\n', w->copied);
	size_t pos = (size_t)(lf - w->copy) + 1;

	while (pos < w->clear) {
		size_t len = u32_at(w->copy + pos);
		size_t end = pos + 4 + len;

		if (at >= pos && at < end)
			return at >= end - w->copy[pos + 4];
		pos = end;
	}
	return false;
}

/* Where the packets in clear end: behind NEWKEYS. */
static uint64_t
find_clear(const struct wire *w)
{
	const uint8_t *lf = memchr(w->copy, '\n', w->copied);
	size_t pos = (size_t)(lf - w->copy) + 1;

	for (;;) {
		bool is_last = w->copy[pos + 5] == 21;

		pos += 4 + u32_at(w->copy + pos);
		assert_true(pos <= w->copied);
		if (is_last)
			return pos;
	}
}

static void
any_changed_byte_of_the_handshake_is_noticed(void **state)
{
	static const char *const methods[] = { "curve25519-sha256", "mlkem768x25519-sha256" };
	static uint8_t copy[COPY_MAX];

	(void)state;
	for (size_t k = 0; k < COUNT(methods); k++)
	for (enum side to = SIDE_CLIENT; to <= SIDE_SERVER; to++) {
		struct wire plain = { .to = to, .at = UINT64_MAX, .copy = copy };
		struct pair p;

		run(&p, &plain, methods[k]);
		assert_int_equal(p.end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS], 1);
		pair_free(&p);
		plain.clear = find_clear(&plain);
		for (uint64_t at = 0; at < plain.seen; at++) {
			struct wire w = { .to = to, .at = at };
			bool got_in;

			run(&p, &w, methods[k]);
			got_in = p.end[SIDE_CLIENT].seen[EV_AUTH_SUCCESS] == 1 &&
			    !p.end[SIDE_CLIENT].is_over && !p.end[SIDE_SERVER].is_over;
			if (got_in != is_padding(&plain, at))
				fail_msg("%s to %d byte %llu: %s", methods[k], (int)to,
				    (unsigned long long)at, got_in ? "not noticed" : "refused");
			/* The password is not shown to a server that has proved nothing. */
			if (at < plain.clear && !got_in && to == SIDE_CLIENT)
				assert_int_equal(p.end[SIDE_SERVER].seen[EV_NEED_AUTH], 0);
			pair_free(&p);
		}
	}
}

static void
a_stream_cut_anywhere_leaves_both_sides_waiting(void **state)
{
	static uint8_t copy[COPY_MAX];
	struct wire plain = { .to = SIDE_SERVER, .at = UINT64_MAX, .copy = copy };
	struct pair p;

	(void)state;
	run(&p, &plain, "curve25519-sha256");
	pair_free(&p);
	for (size_t n = 0; n < plain.copied; n++) {
		pair_init(&p, "ed25519");
		p.end[SIDE_CLIENT].config.kex_algs = "curve25519-sha256";
		assert_int_equal(pair_start(&p), ERR_OK);
		for (size_t i = 0; i < n; i++) {
			struct room room = conn_room(p.end[SIDE_SERVER].conn);

			room.p[0] = copy[i];
			(void)!conn_received(p.end[SIDE_SERVER].conn, 1, p.now);
			pair_events(&p, SIDE_SERVER);
		}
		/*
		 * The server drew the same random numbers, so this is a replay of
		 * a whole connection, and goes as far as it goes.
		 */
		assert_false(p.end[SIDE_SERVER].is_over);
		assert_int_equal(p.end[SIDE_SERVER].seen[EV_AUTH_SUCCESS], 0);
		pair_free(&p);
	}
}

static void
a_replay_against_another_server_ends_at_the_first_encrypted_packet(void **state)
{
	static uint8_t copy[COPY_MAX];
	struct wire plain = { .to = SIDE_SERVER, .at = UINT64_MAX, .copy = copy };
	struct pair p;
	size_t sent = 0;

	(void)state;
	run(&p, &plain, "curve25519-sha256");
	pair_free(&p);
	pair_init(&p, "ed25519");
	p.end[SIDE_CLIENT].config.kex_algs = "curve25519-sha256";
	p.end[SIDE_SERVER].seed.state = 4711;
	assert_int_equal(pair_start(&p), ERR_OK);
	while (sent < plain.copied && !p.end[SIDE_SERVER].is_over) {
		conn_room(p.end[SIDE_SERVER].conn).p[0] = copy[sent++];
		(void)!conn_received(p.end[SIDE_SERVER].conn, 1, p.now);
		pair_events(&p, SIDE_SERVER);
	}
	assert_true(p.end[SIDE_SERVER].is_over);
	assert_int_equal(p.end[SIDE_SERVER].seen[EV_NEED_AUTH], 0);
	pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_changed_byte_of_the_handshake_is_noticed),
		cmocka_unit_test(a_stream_cut_anywhere_leaves_both_sides_waiting),
		cmocka_unit_test(a_replay_against_another_server_ends_at_the_first_encrypted_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
