/* SPDX-License-Identifier: ISC */
/*
 * Flow control against a model: two channels over two connection layers, with
 * everything happening in random order. Never is more granted than the peer
 * may be told, and whatever is sent arrives: nothing ever waits for itself.
 */
#include "regress/support/channels_pair.h"

#include "base/limits.h"
#include "base/rng.h"
#include "channels/window.h"

#define RUNS	60
#define STEPS	4000
#define N	3

/* What the model knows of one direction of one channel. */
struct flow {
	struct channel_id from;		/* the sender's number */
	struct channel_id to;
	uint64_t to_send;		/* what is left for the sender */
	uint64_t sent;
	uint64_t arrived;
	uint64_t consumed;
};

struct world {
	struct channels_pair p;
	struct rng_test state;
	struct rng rng;
	struct flow flow[N][2];		/* by sending side */
	uint64_t granted[N][2];
};

static uint32_t
below(struct world *w, uint32_t n)
{
	return rng_below(&w->rng, n);
}

/* The receiver's number of a flow, from an event or message about it. */
static struct flow *
flow_to(struct world *w, enum side to, struct channel_id id)
{
	for (unsigned i = 0; i < N; i++)
		if (w->flow[i][!to].to.n == id.n)
			return &w->flow[i][!to];
	fail_msg("no such channel");
	return NULL;
}

/* Delivers one message; counts what was granted by looking into it. */
static void
deliver(struct world *w, enum side from)
{
	struct span rest = span_skip(writer_span(&w->p.wire[from].sent), w->p.wire[from].taken);
	struct reader r = rd_init(rest);
	struct reader m = rd_init(rd_bytes(&r));

	if (rest.len == 0)
		return;
	if (rd_u8(&m) == 93) {
		uint32_t number = rd_u32(&m);

		for (unsigned i = 0; i < N; i++)
			if (w->flow[i][!from].from.n == number)
				w->granted[i][!from] += rd_u32(&m);
	}
	assert_true(pair_step(&w->p, from));
	if (w->p.ev.type == EV_CHANNEL_DATA)
		flow_to(w, !from, w->p.ev.channel)->arrived += w->p.ev.data.len;
}

/* The sender sends a random amount, if it may. */
static void
send_some(struct world *w, struct flow *f, enum side side)
{
	enum stream stream = below(w, 4) == 0 ? STREAM_STDERR : STREAM_DATA;
	struct room room = channels_room(w->p.cs[side], f->from, stream);
	size_t n = room.len;

	if (n > f->to_send)
		n = (size_t)f->to_send;
	if (n > 0 && below(w, 3) == 0)
		n = 1 + below(w, (uint32_t)n);
	if (n > 0)
		memset(room.p, 'x', n);
	channels_send(w->p.cs[side], f->from, stream, n);
	f->sent += n;
	f->to_send -= n;
}

/* The program disposes of a random part of what it holds. */
static void
consume_some(struct world *w, struct flow *f, enum side side)
{
	uint64_t held = f->arrived - f->consumed;
	size_t n = held == 0 ? 0 : below(w, 3) == 0 ? (size_t)held : below(w, (uint32_t)held + 1);

	channels_consumed(w->p.cs[!side], f->to, n);
	f->consumed += n;
}

/*
 * What the sender was allowed: the first window and all grants that arrived.
 * What the receiver lets lie is bounded by its windows.
 */
static void
check(struct world *w)
{
	for (unsigned i = 0; i < N; i++) {
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			const struct flow *f = &w->flow[i][s];

			assert_true(f->sent <= WINDOW_INITIAL + w->granted[i][s]);
			assert_true(f->arrived <= f->sent && f->consumed <= f->arrived);
			assert_true(f->arrived - f->consumed <= LIMIT_WINDOW_BUDGET);
		}
	}
}

static void
begin(struct world *w, uint64_t seed)
{
	*w = (struct world){ .state = { seed } };
	w->rng = rng_test(&w->state);
	pair_new(&w->p);
	for (unsigned i = 0; i < N; i++) {
		struct channel_id id[2];

		pair_open(&w->p, SIDE_CLIENT, "direct-tcpip", id);
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
			w->flow[i][s] = (struct flow){ .from = id[s], .to = id[!s],
			    .to_send = below(w, 64) * 1024ull * 1024 / 4 };
	}
}

static void
one_step(struct world *w)
{
	struct channels_pair *p = &w->p;
	enum side side = below(w, 2);
	struct flow *f = &w->flow[below(w, N)][side];

	p->now += below(w, 8) == 0 ? below(w, 50) : 0;
	switch (below(w, 4)) {
	case 0:
		/* Real transports stop when much is on its way. */
		if (transport_queued(&p->wire[side]) < 1024 * 1024)
			send_some(w, f, side);
		break;
	case 1:
		consume_some(w, f, side);
		break;
	default:
		deliver(w, side);
		break;
	}
}

static void
under_any_schedule_nothing_is_granted_too_much(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		static struct world w;

		begin(&w, seed);
		for (unsigned i = 0; i < STEPS; i++) {
			one_step(&w);
			check(&w);
		}
		pair_free(&w.p);
	}
}

/* Lets everything that can happen without the sender's program happen. */
static void
settle(struct world *w)
{
	for (unsigned i = 0; i < N; i++)
		for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
			channels_consumed(w->p.cs[!s], w->flow[i][s].to,
			    (size_t)(w->flow[i][s].arrived - w->flow[i][s].consumed));
			w->flow[i][s].consumed = w->flow[i][s].arrived;
		}
	for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
		while (!pair_is_quiet(&w->p, s))
			deliver(w, s);
}

static void
after_any_schedule_everything_arrives(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		static struct world w;
		bool done = false;

		begin(&w, seed * 7919);
		for (unsigned i = 0; i < STEPS / 4; i++)
			one_step(&w);
		for (unsigned round = 0; !done; round++) {
			assert_true(round < 10000);
			done = true;
			for (unsigned i = 0; i < N; i++)
				for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++) {
					struct flow *f = &w.flow[i][s];

					if (transport_queued(&w.p.wire[s]) < 1024 * 1024)
						send_some(&w, f, s);
					done = done && f->to_send == 0;
				}
			settle(&w);
			check(&w);
		}
		settle(&w);
		for (unsigned i = 0; i < N; i++)
			for (enum side s = SIDE_CLIENT; s <= SIDE_SERVER; s++)
				assert_int_equal(w.flow[i][s].consumed, w.flow[i][s].sent);
		pair_free(&w.p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(under_any_schedule_nothing_is_granted_too_much),
		cmocka_unit_test(after_any_schedule_everything_arrives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
