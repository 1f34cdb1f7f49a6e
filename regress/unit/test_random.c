/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/chacha.h"
#include "crypto/endian.h"
#include "crypto/random.h"
#include "regress/support/kat.h"

static void
the_block_function_is_that_of_the_rfc(void **state)
{
	struct kat kat;
	unsigned n = 0;

	(void)state;
	kat_open(&kat, "chacha.txt");
	while (kat_next(&kat)) {
		const uint8_t *key = kat_bytes(&kat, "key", NULL);
		const uint8_t *counter = kat_bytes(&kat, "counter", NULL);
		const uint8_t *nonce = kat_bytes(&kat, "nonce", NULL);
		uint8_t out[CHACHA_BLOCK];
		uint32_t words[8];

		for (size_t i = 0; i < 8; i++)
			words[i] = get_le32(key + 4 * i);
		/* RFC 8439 has 32 bits of counter and 96 of nonce in the same four words. */
		chacha_block(out, words, get_be32(counter) | (uint64_t)get_le32(nonce) << 32,
		    get_le64(nonce + 4));
		assert_memory_equal(out, kat_bytes(&kat, "block", NULL), sizeof(out));
		n++;
	}
	assert_true(n >= 3);
}

static void
the_system_gives_different_bytes_each_time(void **state)
{
	struct rng rng = rng_system();
	uint8_t a[300] = { 0 }, b[300] = { 0 };

	(void)state;
	rng_fill(&rng, a, sizeof(a));
	rng_fill(&rng, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	rng_fill(&rng, a, 0);
}

/* What a forked child draws, by a pipe. */
static void
draw_in_child(uint8_t *out, size_t len)
{
	int fd[2];
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct rng rng = rng_system();

		rng_fill(&rng, out, len);
		_exit(write(fd[1], out, len) == (ssize_t)len ? 0 : 1);
	}
	assert_int_equal(read(fd[0], out, len), len);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd[0]);
	close(fd[1]);
}

static void
forked_processes_draw_different_bytes(void **state)
{
	uint8_t a[32], b[32], own[32];
	struct rng rng = rng_system();

	(void)state;
	draw_in_child(a, sizeof(a));
	draw_in_child(b, sizeof(b));
	rng_fill(&rng, own, sizeof(own));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, own, sizeof(a));
}

static void
a_stream_is_the_same_however_it_is_drawn(void **state)
{
	struct rng_test seed_a = { 7 }, seed_b = { 7 };
	struct random_stream a, b;
	struct rng rng_a, rng_b;
	uint8_t whole[5000], parts[5000];
	size_t at = 0;

	(void)state;
	random_stream_init(&a, rng_test(&seed_a));
	random_stream_init(&b, rng_test(&seed_b));
	rng_a = random_stream_rng(&a);
	rng_b = random_stream_rng(&b);
	rng_fill(&rng_a, whole, sizeof(whole));
	for (size_t n = 1; at < sizeof(parts); n = n * 5 % 97) {
		size_t take = n < sizeof(parts) - at ? n : sizeof(parts) - at;

		rng_fill(&rng_b, parts + at, take);
		at += take;
	}
	assert_memory_equal(whole, parts, sizeof(whole));
	/* No part of it is in its memory any longer. */
	for (size_t i = 0; i + 16 <= sizeof(b.buf); i++)
		assert_true(i >= b.used || memcmp(b.buf + i, "\0\0\0\0\0\0\0\0", 8) == 0 || i + 8 > b.used);
}

static void
a_stream_reseeds_itself(void **state)
{
	struct rng_test seed = { 1 };
	struct random_stream s;
	struct rng rng;
	uint8_t out[4096];
	uint64_t before;

	(void)state;
	random_stream_init(&s, rng_test(&seed));
	rng = random_stream_rng(&s);
	before = seed.state;
	rng_fill(&rng, out, 1);
	assert_true(seed.state != before);
	before = seed.state;
	rng_fill(&rng, out, sizeof(out));
	assert_true(seed.state == before);
	for (size_t n = 0; n < RANDOM_STREAM_RESEED; n += sizeof(out))
		rng_fill(&rng, out, sizeof(out));
	assert_true(seed.state != before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_block_function_is_that_of_the_rfc),
		cmocka_unit_test(the_system_gives_different_bytes_each_time),
		cmocka_unit_test(forked_processes_draw_different_bytes),
		cmocka_unit_test(a_stream_is_the_same_however_it_is_drawn),
		cmocka_unit_test(a_stream_reseeds_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
