/* SPDX-License-Identifier: ISC */
/* The messages of SFTP, against bytes written out by hand from the draft and from OpenSSH's PROTOCOL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sftp/sftp.h"

/* Expects that w holds exactly these bytes, and frees it. */
static void
expect_written(struct writer *w, struct span bytes)
{
	assert_int_equal(wr_end(w), ERR_OK);
	assert_int_equal(w->len, bytes.len);
	assert_memory_equal(w->p, bytes.p, bytes.len);
	writer_free(w);
}

/* Reads the request in this packet, and expects that it is written as it came. */
static struct sftp_request
both_ways(struct span packet)
{
	struct writer w = writer_init(SFTP_MAX_PACKET);
	struct sftp_request q;
	struct span payload;

	assert_int_equal(sftp_frame(packet, SFTP_MAX_PACKET, &payload), ERR_OK);
	assert_int_equal(payload.len + 4, packet.len);
	assert_int_equal(sftp_request_get(payload, &q), ERR_OK);
	sftp_request_put(&w, &q);
	expect_written(&w, packet);
	return q;
}

static void
init_is_read_and_written(void **state)
{
	struct sftp_request q = both_ways(SPAN_LIT("\0\0\0\5\1\0\0\0\3"));

	(void)state;
	assert_int_equal(q.op, SFTP_OP_INIT);
	assert_int_equal(q.version, 3);
}

static void
open_is_read_and_written(void **state)
{
	struct sftp_request q = both_ways(SPAN_LIT("\0\0\0\x17\3\0\0\0\7\0\0\0\2/f\0\0\0\x1a\0\0\0\4\0\0\x01\xa4"));

	(void)state;
	assert_int_equal(q.op, SFTP_OP_OPEN);
	assert_int_equal(q.id, 7);
	assert_true(span_is(q.path, "/f"));
	assert_int_equal(q.pflags, SFTP_PF_WRITE | SFTP_PF_CREAT | SFTP_PF_TRUNC);
	assert_int_equal(q.attrs.flags, SFTP_ATTR_PERMISSIONS);
	assert_int_equal(q.attrs.permissions, 0644);
}

static void
read_and_write_are_read_and_written(void **state)
{
	struct sftp_request q = both_ways(SPAN_LIT("\0\0\0\x19\5\0\0\0\1\0\0\0\4hhhh\x01\2\3\4\5\6\7\x08\0\0\x80\0"));

	(void)state;
	assert_int_equal(q.op, SFTP_OP_READ);
	assert_true(span_is(q.handle, "hhhh"));
	assert_true(q.offset == UINT64_C(0x0102030405060708));
	assert_int_equal(q.length, 32768);
	q = both_ways(SPAN_LIT("\0\0\0\x1c\6\0\0\0\2\0\0\0\4hhhh\0\0\0\0\0\0\0\x09\0\0\0\3abc"));
	assert_int_equal(q.op, SFTP_OP_WRITE);
	assert_int_equal(q.offset, 9);
	assert_true(span_is(q.data, "abc"));
}

static void
attributes_are_read_and_written(void **state)
{
	struct sftp_request q = both_ways(SPAN_LIT("\0\0\0\x2a\x09\0\0\0\3\0\0\0\1f\0\0\0\x0f\0\0\0\1\0\0\0\0"
	    "\0\0\0\x0a\0\0\0\x0b\0\0\x81\xa4\0\0\0\x0c\0\0\0\x0d"));

	(void)state;
	assert_int_equal(q.op, SFTP_OP_SETSTAT);
	assert_int_equal(q.attrs.flags, SFTP_ATTR_KNOWN);
	assert_true(q.attrs.size == UINT64_C(0x100000000));
	assert_int_equal(q.attrs.uid, 10);
	assert_int_equal(q.attrs.gid, 11);
	assert_int_equal(q.attrs.permissions, 0100644);
	assert_int_equal(q.attrs.atime, 12);
	assert_int_equal(q.attrs.mtime, 13);
}

static void
extended_and_unknown_attributes_are_passed_over(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\x80\0\1\4\0\0\1\xff\0\0\0\2\0\0\0\1a\0\0\0\1b\0\0\0\0\0\0\0\1z" "end"));
	struct sftp_attrs a;

	(void)state;
	sftp_attrs_get(&r, &a);
	assert_int_equal(a.flags, SFTP_ATTR_PERMISSIONS);
	assert_int_equal(a.permissions, 0777);
	assert_true(span_is(rd_rest(&r), "end"));
	assert_int_equal(rd_end(&r), ERR_OK);
}

static void
four_thousand_million_extended_attributes_end_with_the_bytes(void **state)
{
	struct reader r = rd_init(SPAN_LIT("\x80\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0"));
	struct sftp_attrs a;

	(void)state;
	sftp_attrs_get(&r, &a);
	assert_int_equal(rd_end(&r), ERR_SHORT);
}

static void
extensions_are_read_and_written_by_their_names(void **state)
{
	struct sftp_request q = both_ways(SPAN_LIT(
	    "\0\0\0\x2c\xc8\0\0\0\4\0\0\0\x18posix-rename@openssh.com\0\0\0\1a\0\0\0\2bc"));

	(void)state;
	assert_int_equal(q.op, SFTP_OP_POSIX_RENAME);
	assert_true(span_is(q.path, "a"));
	assert_true(span_is(q.path2, "bc"));
	q = both_ways(SPAN_LIT("\0\0\0\x3a\xc8\0\0\0\5\0\0\0\x09" "copy-data\0\0\0\4hhhh\0\0\0\0\0\0\0\1"
	    "\0\0\0\0\0\0\0\0\0\0\0\4HHHH\0\0\0\0\0\0\0\2"));
	assert_int_equal(q.op, SFTP_OP_COPY_DATA);
	assert_true(span_is(q.handle, "hhhh"));
	assert_true(span_is(q.handle2, "HHHH"));
	assert_int_equal(q.offset, 1);
	assert_int_equal(q.length, 0);
	assert_int_equal(q.offset2, 2);
}

static void
each_op_is_read_as_what_was_written(void **state)
{
	struct sftp_request q = { .id = 77, .version = 3, .path = SPAN_LIT("p"), .path2 = SPAN_LIT("q"), .handle = SPAN_LIT("h"),
		.handle2 = SPAN_LIT("i"), .data = SPAN_LIT("d"), .uids = SPAN_LIT("uuuu"), .gids = SPAN_LIT("gggg"),
		.pflags = 1, .offset = 2, .offset2 = 3, .length = 4 };

	(void)state;
	for (unsigned op = 0; op < SFTP_OP_UNKNOWN; op++) {
		SCOPED(writer_free) struct writer w = writer_init(1000), again = writer_init(1000);
		struct sftp_request got;
		struct span payload;

		q.op = (enum sftp_op)op;
		sftp_request_put(&w, &q);
		assert_int_equal(wr_end(&w), ERR_OK);
		assert_int_equal(sftp_frame(writer_span(&w), 1000, &payload), ERR_OK);
		assert_int_equal(sftp_request_get(payload, &got), ERR_OK);
		assert_int_equal(got.op, op);
		sftp_request_put(&again, &got);
		assert_true(span_eq(writer_span(&w), writer_span(&again)));
		/* Shorter than it should be: never taken for whole. */
		for (size_t n = 0; n < payload.len; n++)
			assert_int_equal(sftp_request_get(span_first(payload, n), &got), ERR_SHORT);
		if (op < SFTP_OP_INIT)
			assert_int_equal(sftp_op_find(span_str(sftp_op_name((enum sftp_op)op))), op);
	}
}

static void
a_request_that_nobody_knows_still_has_an_id(void **state)
{
	struct sftp_request q;

	(void)state;
	assert_int_equal(sftp_request_get(SPAN_LIT("\x63\0\0\1\2whatever"), &q), ERR_OK);
	assert_int_equal(q.op, SFTP_OP_UNKNOWN);
	assert_int_equal(q.id, 0x102);
	assert_int_equal(sftp_request_get(SPAN_LIT("\xc8\0\0\1\3\0\0\0\1x..."), &q), ERR_OK);
	assert_int_equal(q.op, SFTP_OP_UNKNOWN);
	assert_int_equal(q.id, 0x103);
	assert_int_equal(sftp_request_get(SPAN_LIT("\xc8\0\0\1\3\0\0\0\2x"), &q), ERR_SHORT);
}

static void
what_follows_the_last_field_is_passed_over(void **state)
{
	struct sftp_request q;

	(void)state;
	assert_int_equal(sftp_request_get(SPAN_LIT("\x0d\0\0\0\1\0\0\0\1xmore"), &q), ERR_OK);
	assert_true(span_is(q.path, "x"));
	assert_true(span_is(q.extra, "more"));
}

static void
a_path_with_a_nul_is_refused(void **state)
{
	struct sftp_request q;

	(void)state;
	assert_int_equal(sftp_request_get(SPAN_LIT("\x0d\0\0\0\1\0\0\0\3a\0b"), &q), ERR_FORMAT);
	assert_int_equal(sftp_request_get(SPAN_LIT("\x0d\0\0\0\1\0\0\0\2a\0"), &q), ERR_FORMAT);
}

static void
a_length_that_would_wrap_is_refused(void **state)
{
	struct sftp_request q;
	struct span payload;

	(void)state;
	assert_int_equal(sftp_frame(SPAN_LIT("\xff\xff\xff\xff\1\0\0\0\3"), SFTP_MAX_PACKET, &payload), ERR_LIMIT);
	assert_int_equal(sftp_frame(SPAN_LIT("\0\4\0\1\1\0\0\0\3"), SFTP_MAX_PACKET, &payload), ERR_LIMIT);
	assert_int_equal(sftp_frame(SPAN_LIT("\0\0\0\0\1\0\0\0\3"), SFTP_MAX_PACKET, &payload), ERR_FORMAT);
	assert_int_equal(sftp_request_get(SPAN_LIT("\x0d\0\0\0\1\xff\xff\xff\xff" "a"), &q), ERR_SHORT);
}

static void
a_packet_that_is_not_whole_is_waited_for(void **state)
{
	struct span packet = SPAN_LIT("\0\0\0\5\1\0\0\0\3"), payload;

	(void)state;
	for (size_t n = 0; n < packet.len; n++)
		assert_int_equal(sftp_frame(span_first(packet, n), SFTP_MAX_PACKET, &payload), ERR_AGAIN);
}

static void
version_lists_the_extensions_that_are_allowed(void **state)
{
	struct writer w = writer_init(1000);
	struct sftp_reply a;
	uint64_t two = UINT64_C(1) << SFTP_OP_STATVFS | UINT64_C(1) << SFTP_OP_COPY_DATA;

	(void)state;
	sftp_version_put(&w, two | 1);
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.type, SFTP_VERSION_IS);
	assert_int_equal(a.version, 3);
	assert_true(a.extensions == two);
	expect_written(&w, SPAN_LIT("\0\0\0\x33\2\0\0\0\3\0\0\0\x13statvfs@openssh.com\0\0\0\1" "2"
	    "\0\0\0\x09" "copy-data\0\0\0\1" "1"));
	/* Another version of an extension is another extension. */
	assert_int_equal(sftp_reply_get(SPAN_LIT("\2\0\0\0\3\0\0\0\x13statvfs@openssh.com\0\0\0\1" "1"), &a), ERR_OK);
	assert_true(a.extensions == 0);
}

static void
status_is_read_and_written(void **state)
{
	struct writer w = writer_init(1000);
	struct sftp_reply a;

	(void)state;
	sftp_status_put(&w, 5, SFTP_NO_SUCH_FILE);
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.id, 5);
	assert_int_equal(a.code, SFTP_NO_SUCH_FILE);
	assert_true(span_is(a.message, "No such file"));
	expect_written(&w, SPAN_LIT("\0\0\0\x1d\x65\0\0\0\5\0\0\0\2\0\0\0\x0cNo such file\0\0\0\0"));
	assert_int_equal(sftp_reply_get(SPAN_LIT("\x65\0\0\0\5\0\0\0\x63"), &a), ERR_OK);
	assert_string_equal(sftp_status_text(a.code), "Unknown error");
}

static void
names_are_read_one_by_one(void **state)
{
	SCOPED(writer_free) struct writer names = writer_init(1000);
	struct writer w = writer_init(1000);
	struct sftp_name n = { SPAN_LIT("a"), SPAN_LIT("long a"), { .flags = SFTP_ATTR_SIZE, .size = 9 } }, got;
	struct sftp_reply a;
	struct reader r;

	(void)state;
	sftp_name_put(&names, &n);
	n.name = SPAN_LIT("b");
	sftp_name_put(&names, &n);
	sftp_names_put(&w, 1, 2, writer_span(&names));
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.count, 2);
	r = rd_init(a.names);
	sftp_name_get(&r, &got);
	assert_true(span_is(got.name, "a"));
	assert_true(span_is(got.longname, "long a"));
	assert_int_equal(got.attrs.size, 9);
	sftp_name_get(&r, &got);
	assert_true(span_is(got.name, "b"));
	assert_int_equal(rd_end(&r), ERR_OK);
	writer_free(&w);
}

static void
a_count_of_names_that_is_not_true_is_refused(void **state)
{
	struct sftp_reply a;

	(void)state;
	assert_int_equal(sftp_reply_get(SPAN_LIT("\x68\0\0\0\1\xff\xff\xff\xff\0\0\0\1a\0\0\0\0\0\0\0\0"), &a), ERR_SHORT);
	assert_int_equal(sftp_reply_get(SPAN_LIT("\x68\0\0\0\1\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\0"), &a), ERR_TRAILING);
}

static void
handle_data_attributes_and_extended_replies_are_read(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct sftp_attrs attrs = { .flags = SFTP_ATTR_UIDGID, .uid = 1, .gid = 2 };
	struct sftp_reply a;

	(void)state;
	sftp_handle_put(&w, 1, SPAN_LIT("abcd"));
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.type, SFTP_HANDLE);
	assert_true(span_is(a.data, "abcd"));
	writer_reset(&w);
	sftp_data_put(&w, 2, SPAN_LIT("data"));
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.type, SFTP_DATA);
	assert_true(span_is(a.data, "data"));
	writer_reset(&w);
	sftp_attrs_reply_put(&w, 3, &attrs);
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.type, SFTP_ATTRS);
	assert_int_equal(a.attrs.gid, 2);
	writer_reset(&w);
	sftp_extended_reply_put(&w, 4, SPAN_LIT("xyz"));
	assert_int_equal(sftp_reply_get(span_skip(writer_span(&w), 4), &a), ERR_OK);
	assert_int_equal(a.type, SFTP_EXTENDED_REPLY);
	assert_true(span_is(a.data, "xyz"));
	assert_int_equal(sftp_reply_get(SPAN_LIT("\x05\0\0\0\1"), &a), ERR_UNSUPPORTED);
}

static void
statvfs_and_limits_are_read_and_written(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct sftp_statvfs v = { .bsize = 1, .files = 2, .namemax = 255 }, v2;
	struct sftp_limits l = { 262144, 261120, 261120, 1019 }, l2;

	(void)state;
	sftp_statvfs_put(&w, &v);
	assert_int_equal(w.len, 88);
	assert_int_equal(sftp_statvfs_get(writer_span(&w), &v2), ERR_OK);
	assert_memory_equal(&v, &v2, sizeof(v));
	assert_int_equal(sftp_statvfs_get(span_first(writer_span(&w), 87), &v2), ERR_SHORT);
	writer_reset(&w);
	sftp_limits_put(&w, &l);
	assert_int_equal(w.len, 32);
	assert_int_equal(sftp_limits_get(writer_span(&w), &l2), ERR_OK);
	assert_memory_equal(&l, &l2, sizeof(l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_is_read_and_written),
		cmocka_unit_test(open_is_read_and_written),
		cmocka_unit_test(read_and_write_are_read_and_written),
		cmocka_unit_test(attributes_are_read_and_written),
		cmocka_unit_test(extended_and_unknown_attributes_are_passed_over),
		cmocka_unit_test(four_thousand_million_extended_attributes_end_with_the_bytes),
		cmocka_unit_test(extensions_are_read_and_written_by_their_names),
		cmocka_unit_test(each_op_is_read_as_what_was_written),
		cmocka_unit_test(a_request_that_nobody_knows_still_has_an_id),
		cmocka_unit_test(what_follows_the_last_field_is_passed_over),
		cmocka_unit_test(a_path_with_a_nul_is_refused),
		cmocka_unit_test(a_length_that_would_wrap_is_refused),
		cmocka_unit_test(a_packet_that_is_not_whole_is_waited_for),
		cmocka_unit_test(version_lists_the_extensions_that_are_allowed),
		cmocka_unit_test(status_is_read_and_written),
		cmocka_unit_test(names_are_read_one_by_one),
		cmocka_unit_test(a_count_of_names_that_is_not_true_is_refused),
		cmocka_unit_test(handle_data_attributes_and_extended_replies_are_read),
		cmocka_unit_test(statvfs_and_limits_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
