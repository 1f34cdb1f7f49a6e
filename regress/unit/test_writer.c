/* SPDX-License-Identifier: ISC */
/* base/writer: encoding into a buffer that grows up to a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"
#include "base/writer.h"
#include "regress/support/alloc.h"

static void
what_is_written_is_read_back(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct reader r;
	size_t mark;

	(void)state;
	wr_u8(&w, 7);
	wr_flag(&w, true);
	wr_u32(&w, 0x01020304);
	wr_u64(&w, 0x0102030405060708);
	wr_str(&w, "text");
	mark = wr_open(&w);
	wr_bytes(&w, SPAN_LIT("inner"));
	wr_printf(&w, "%d-%s", 42, "x");
	wr_close(&w, mark);
	wr_mpint(&w, SPAN_LIT("\0\0\x80"));
	wr_raw(&w, SPAN_LIT("end"));
	assert_int_equal(wr_end(&w), ERR_OK);
	r = rd_init(writer_span(&w));
	assert_int_equal(rd_u8(&r), 7);
	assert_true(rd_flag(&r));
	assert_int_equal(rd_u32(&r), 0x01020304);
	assert_true(rd_u64(&r) == 0x0102030405060708);
	assert_true(span_is(rd_bytes(&r), "text"));
	assert_true(span_eq(rd_bytes(&r), SPAN_LIT("\0\0\0\5inner42-x")));
	assert_int_equal(rd_mpint(&r, 1).p[0], 0x80);
	assert_true(span_is(rd_rest(&r), "end"));
	assert_int_equal(rd_end(&r), ERR_OK);
}

static void
mpints_are_in_their_shortest_form(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	wr_mpint(&w, SPAN_LIT("\0\0"));
	assert_true(span_eq(writer_span(&w), SPAN_LIT("\0\0\0\0")));
	writer_reset(&w);
	wr_mpint(&w, SPAN_LIT("\0\x7f"));
	assert_true(span_eq(writer_span(&w), SPAN_LIT("\0\0\0\1\x7f")));
}

static void
beyond_the_limit_nothing_is_written_any_more(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(4);

	(void)state;
	wr_u32(&w, 1);
	assert_int_equal(wr_end(&w), ERR_OK);
	wr_u8(&w, 2);
	assert_int_equal(wr_end(&w), ERR_LIMIT);
	assert_int_equal(w.len, 4);
	wr_raw(&w, SPAN_EMPTY);
	wr_close(&w, wr_open(&w));
	assert_int_equal(wr_end(&w), ERR_LIMIT);
	writer_reset(&w);
	wr_u8(&w, 2);
	assert_int_equal(wr_end(&w), ERR_OK);
}

static void
a_huge_reservation_is_refused_without_overflow(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(SIZE_MAX / 2);

	(void)state;
	wr_u8(&w, 1);
	assert_null(wr_reserve(&w, SIZE_MAX).p);
	assert_int_equal(wr_end(&w), ERR_LIMIT);
	assert_int_equal(w.len, 1);
}

static void
growth_doubles(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	unsigned long before = alloc_count();

	(void)state;
	for (unsigned i = 0; i < 1 << 20; i++)
		wr_u8(&w, (uint8_t)i);
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_in_range(alloc_count() - before, 1, 20);
}

static void
truncated_and_consumed_bytes_are_wiped(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);

	(void)state;
	wr_raw(&w, SPAN_LIT("0123456789"));
	writer_consume(&w, 4);
	assert_true(span_is(writer_span(&w), "456789"));
	assert_memory_equal(w.p + 6, "\0\0\0\0", 4);
	writer_truncate(&w, 1);
	assert_true(span_is(writer_span(&w), "4"));
	assert_memory_equal(w.p + 1, "\0\0\0\0\0", 5);
	writer_reset(&w);
	assert_int_equal(w.p[0], 0);
}

static void
reserved_room_counts_only_when_committed(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(100);
	struct room room = wr_reserve(&w, 10);

	(void)state;
	assert_int_equal(room.len, 10);
	memcpy(room.p, "abc", 3);
	assert_int_equal(w.len, 0);
	wr_commit(&w, 3);
	assert_true(span_is(writer_span(&w), "abc"));
}

static void
take_hands_the_buffer_out_and_leaves_an_empty_writer(void **state)
{
	struct writer w = writer_init(100);
	uint8_t *p;
	size_t len;

	(void)state;
	wr_raw(&w, SPAN_LIT("abc"));
	p = writer_take(&w, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(p, "abc", 3);
	assert_null(w.p);
	assert_int_equal(w.len, 0);
	free(p);
	writer_free(&w);
	writer_free(NULL);
}

static void
without_memory_the_error_sticks(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	alloc_fail_after(1);
	wr_u8(&w, 1);
	for (int i = 0; i < 100; i++)
		wr_u8(&w, 2);
	wr_printf(&w, "%s", "more");
	alloc_fail_never();
	assert_int_equal(wr_end(&w), ERR_NOMEM);
	assert_int_equal(w.len, 64);
	wr_u8(&w, 3);
	assert_int_equal(wr_end(&w), ERR_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(mpints_are_in_their_shortest_form),
		cmocka_unit_test(beyond_the_limit_nothing_is_written_any_more),
		cmocka_unit_test(a_huge_reservation_is_refused_without_overflow),
		cmocka_unit_test(growth_doubles),
		cmocka_unit_test(truncated_and_consumed_bytes_are_wiped),
		cmocka_unit_test(reserved_room_counts_only_when_committed),
		cmocka_unit_test(take_hands_the_buffer_out_and_leaves_an_empty_writer),
		cmocka_unit_test(without_memory_the_error_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
