/* SPDX-License-Identifier: ISC */
#include "crypto/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/chacha.h"

/* Bytes at the front of the buffer that become the next key. */
#define KEY_BYTES	sizeof(((struct random_stream *)0)->key)

static void
fill_system(void *state, struct room room)
{
	(void)state;
	while (room.len > 0) {
		ssize_t n = getrandom(room.p, room.len, 0);

		must(n > 0 || (n == -1 && errno == EINTR));
		if (n > 0) {
			room.p += n;
			room.len -= (size_t)n;
		}
	}
}

struct rng
rng_system(void)
{
	return (struct rng){ fill_system, NULL };
}

void
random_stream_init(struct random_stream *s, struct rng seed)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->used = sizeof(s->buf);
}

/* Makes a buffer full of keystream, whose first bytes at once replace the key. */
static void
refill(struct random_stream *s)
{
	if (s->until_reseed < sizeof(s->buf)) {
		rng_fill(&s->seed, s->key, sizeof(s->key));
		s->until_reseed = RANDOM_STREAM_RESEED;
	}
	s->until_reseed -= sizeof(s->buf);
	for (size_t i = 0; i < sizeof(s->buf) / CHACHA_BLOCK; i++)
		chacha_block(s->buf + i * CHACHA_BLOCK, s->key, i, 0);
	memcpy(s->key, s->buf, KEY_BYTES);
	memset(s->buf, 0, KEY_BYTES);
	s->used = KEY_BYTES;
}

static void
fill_stream(void *state, struct room room)
{
	struct random_stream *s = state;

	while (room.len > 0) {
		size_t n;

		if (s->used == sizeof(s->buf))
			refill(s);
		n = sizeof(s->buf) - s->used;
		if (n > room.len)
			n = room.len;
		memcpy(room.p, s->buf + s->used, n);
		wipe(s->buf + s->used, n);
		s->used += n;
		room.p += n;
		room.len -= n;
	}
}

struct rng
random_stream_rng(struct random_stream *s)
{
	return (struct rng){ fill_stream, s };
}
