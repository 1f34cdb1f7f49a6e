/* SPDX-License-Identifier: ISC */
/*
 * What a packet of channel data costs, both ends in memory: for each cipher and
 * payload size a line with nanoseconds of CPU a packet.
 *
 * usage: packets CIPHER...
 */
#include "regress/support/conn_pair.h"

#include <time.h>

/* So long at least each is measured. */
#define MEASURED_NSEC	100000000

static uint64_t
cpu_nsec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Moves what there is to a side, which takes it in; false if there was nothing. */
static bool
move(struct pair *p, enum side to)
{
	struct conn *from = p->end[other(to)].conn, *c = p->end[to].conn;
	struct span out = conn_output(from);
	struct room room = conn_room(c);
	size_t n = out.len < room.len ? out.len : room.len;
	struct event ev;

	if (n == 0)
		return false;
	memcpy(room.p, out.p, n);
	conn_sent(from, n);
	assert_int_equal(conn_received(c, n, p->now), ERR_OK);
	while (conn_next(c, &ev)) {
		assert_int_not_equal(ev.type, EV_FAILED);
		if (ev.type == EV_CHANNEL_DATA)
			conn_channel_consumed(c, ev.channel, ev.data.len);
	}
	return true;
}

/* As many packets as there is room for; how many. Where a whole one never fits, what does. */
static uint64_t
send_packets(struct end *e, size_t size)
{
	struct room room;
	uint64_t n = 0;

	while ((room = conn_channel_room(e->conn, e->channel, STREAM_DATA)).len >= size) {
		conn_channel_send(e->conn, e->channel, STREAM_DATA, size);
		n++;
	}
	if (n == 0 && room.len > 0)
		conn_channel_send(e->conn, e->channel, STREAM_DATA, room.len);
	return n;
}

/* Of those that were sent in the time after the first half: windows and caches have their size then. */
static double
nsec_a_packet(struct pair *p, size_t size)
{
	uint64_t start = cpu_nsec(), half = 0, n = 0, now;

	do {
		n += send_packets(&p->end[SIDE_CLIENT], size);
		while (move(p, SIDE_SERVER) | move(p, SIDE_CLIENT))
			;
		now = cpu_nsec();
		if (half == 0 && now - start >= MEASURED_NSEC) {
			half = now;
			n = 0;
		}
	} while (now - start < 2 * MEASURED_NSEC);
	return (double)(now - half) / (double)n;
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = { 1, 16, 64, 256, 1024, 4096, 16384, 32768 };

	for (int i = 1; i < argc; i++) {
		struct pair p;

		pair_init(&p, "ed25519");
		p.end[SIDE_CLIENT].config.ciphers = argv[i];
		pair_open(&p);
		for (size_t k = 0; k < COUNT(sizes); k++)
			printf("%s %zu %.0f\n", argv[i], sizes[k], nsec_a_packet(&p, sizes[k]));
		pair_free(&p);
	}
	return 0;
}
