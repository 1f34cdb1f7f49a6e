/* SPDX-License-Identifier: ISC */
/* kex/moduli: which group of a file is chosen, and which lines are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/dh.h"
#include "kex/moduli.h"
#include "regress/support/alloc.h"
#include "regress/support/kat.h"

struct file {
	char *text;
	size_t len;
};

static int
open_file(void **state)
{
	static struct file f;

	f.text = kat_file("regress/kat/moduli.txt", &f.len);
	*state = &f;
	return 0;
}

static int
close_file(void **state)
{
	free(((struct file *)*state)->text);
	return 0;
}

/* Bits of what is chosen from text; 0: nothing. */
static unsigned
choose(struct span text, uint32_t min, uint32_t n, uint32_t max, uint64_t seed)
{
	SCOPED(writer_free) struct writer p = writer_init(DH_MAX_LEN);
	SCOPED(writer_free) struct writer g = writer_init(DH_MAX_LEN);
	struct rng_test t = { seed };
	struct rng rng = rng_test(&t);
	struct dh_group *group;
	enum err e = moduli_choose(text, min, n, max, &rng, &p, &g);

	if (e == ERR_NOTFOUND)
		return 0;
	assert_int_equal(e, ERR_OK);
	assert_int_equal(dh_group_new(&group, writer_span(&p), writer_span(&g)), ERR_OK);
	dh_group_free(group);
	assert_true(g.len == 1 && (g.p[0] == 2 || g.p[0] == 5));
	return (unsigned)p.len * 8;
}

static void
the_smallest_size_that_is_enough_is_chosen_else_the_largest(void **state)
{
	const struct file *f = *state;
	struct span text = span_of(f->text, f->len);

	for (uint64_t seed = 0; seed < 8; seed++) {
		assert_int_equal(choose(text, 2048, 2048, 8192, seed), 2048);
		assert_int_equal(choose(text, 2048, 2049, 8192, seed), 3072);
		assert_int_equal(choose(text, 2048, 3072, 8192, seed), 3072);
		assert_int_equal(choose(text, 2048, 8192, 8192, seed), 4096);
		assert_int_equal(choose(text, 2048, 8192, 3100, seed), 3072);
		assert_int_equal(choose(text, 4096, 4096, 4096, seed), 4096);
		assert_int_equal(choose(text, 4097, 4097, 8192, seed), 0);
		assert_int_equal(choose(text, 2500, 2600, 2700, seed), 0);
	}
}

static void
each_group_of_a_size_is_chosen_at_times(void **state)
{
	const struct file *f = *state;
	unsigned seen[6] = { 0 };

	for (uint64_t seed = 0; seed < 64; seed++) {
		SCOPED(writer_free) struct writer p = writer_init(DH_MAX_LEN);
		SCOPED(writer_free) struct writer g = writer_init(DH_MAX_LEN);
		struct rng_test t = { seed };
		struct rng rng = rng_test(&t);

		assert_int_equal(moduli_choose(span_of(f->text, f->len), 2048, 2048, 2048, &rng, &p, &g), ERR_OK);
		seen[g.p[0]]++;
	}
	assert_int_equal(seen[2] + seen[5], 64);
	assert_true(seen[2] > 10 && seen[5] > 10);
}

/* The first group of the file with its fields changed: "time type tests tries size generator". */
static unsigned
with_fields(const struct file *f, const char *fields, const char *behind)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 16);
	const char *hex = strstr(strchr(f->text, '\n'), " 2047 ");

	hex = strchr(hex + 6, ' ') + 1;
	wr_printf(&w, "%s %.*s%s\n", fields, (int)(strchr(hex, '\n') - hex), hex, behind);
	assert_int_equal(wr_end(&w), ERR_OK);
	return choose(writer_span(&w), 2048, 2048, 8192, 1);
}

static void
lines_that_are_no_tested_safe_prime_are_passed_over(void **state)
{
	const struct file *f = *state;

	assert_int_equal(with_fields(f, "20220714110357 2 6 100 2047 2", ""), 2048);
	assert_int_equal(with_fields(f, "1 2 2 1 2047 5", ""), 2048);
	assert_int_equal(with_fields(f, "#1 2 6 100 2047 2", ""), 0);
	assert_int_equal(with_fields(f, "1 4 6 100 2047 2", ""), 0);	/* not a safe prime */
	assert_int_equal(with_fields(f, "1 2 0 100 2047 2", ""), 0);	/* not tested */
	assert_int_equal(with_fields(f, "1 2 7 100 2047 2", ""), 0);	/* known to be composite */
	assert_int_equal(with_fields(f, "1 2 6 100 2048 2", ""), 0);	/* another size */
	assert_int_equal(with_fields(f, "1 2 6 100 3071 2", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 2047 1", ""), 0);	/* no generator */
	assert_int_equal(with_fields(f, "1 2 6 100 2047 0", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 2047 x", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 99999999999999 2", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 -1 2", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 2047 2", ""), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 2047 2", " more"), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 2047 2", "g"), 0);
	assert_int_equal(with_fields(f, "1 2 6 100 2047 2", "0"), 0);	/* even, and too long */
	assert_int_equal(choose(SPAN_LIT("1 2 6 100 2047 2 \n\n \n1 2 6 100 2047"), 2048, 2048, 8192, 1), 0);
	assert_int_equal(choose(SPAN_EMPTY, 2048, 2048, 8192, 1), 0);
}

static void
running_out_of_memory_gives_an_error(void **state)
{
	const struct file *f = *state;

	for (unsigned n = 0; ; n++) {
		SCOPED(writer_free) struct writer p = writer_init(DH_MAX_LEN);
		SCOPED(writer_free) struct writer g = writer_init(DH_MAX_LEN);
		struct rng_test t = { 1 };
		struct rng rng = rng_test(&t);
		enum err e;

		alloc_fail_after(n);
		e = moduli_choose(span_of(f->text, f->len), 2048, 2048, 8192, &rng, &p, &g);
		if (!alloc_failed()) {
			alloc_fail_never();
			assert_int_equal(e, ERR_OK);
			return;
		}
		alloc_fail_never();
		assert_true(e == ERR_NOMEM || e == ERR_NOTFOUND);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_size_that_is_enough_is_chosen_else_the_largest),
		cmocka_unit_test(each_group_of_a_size_is_chosen_at_times),
		cmocka_unit_test(lines_that_are_no_tested_safe_prime_are_passed_over),
		cmocka_unit_test(running_out_of_memory_gives_an_error),
	};

	return cmocka_run_group_tests(tests, open_file, close_file);
}
