/* SPDX-License-Identifier: ISC */
/* SOCKS clients' bytes as RFC 1928 and the SOCKS 4 and 4a papers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "channels/socks.h"

#define V4	SPAN_LIT("\4\1\0\x50\x7f\0\0\1me\0")
#define V4A	SPAN_LIT("\4\1\1\xbb\0\0\0\1\0example.org\0")
#define V5_HI	SPAN_LIT("\5\2\0\2")
#define V5_IP4	SPAN_LIT("\5\1\0\1\x0a\0\0\1\0\x16")
#define V5_NAME	SPAN_LIT("\5\1\0\3\13example.org\1\xbb")
#define V5_IP6	SPAN_LIT("\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50")

static void
expect_reply(struct writer *w, struct span bytes)
{
	assert_int_equal(w->len, bytes.len);
	assert_memory_equal(w->p, bytes.p, bytes.len);
	writer_reset(w);
}

/* Hands a request in, byte by byte, and expects this target. */
static void
expect_target(struct socks *s, struct span in, struct writer *reply, const char *host,
    unsigned port)
{
	size_t used;

	for (size_t n = 0; n < in.len; n++) {
		assert_int_equal(socks_take(s, span_first(in, n), &used, reply), ERR_AGAIN);
		assert_int_equal(used, 0);
	}
	assert_int_equal(socks_take(s, in, &used, reply), ERR_OK);
	assert_int_equal(used, in.len);
	assert_string_equal(s->host, host);
	assert_int_equal(s->port, port);
}

/* Greets as a version 5 client. */
static void
greet(struct socks *s, struct writer *reply)
{
	size_t used;

	assert_int_equal(socks_take(s, V5_HI, &used, reply), ERR_AGAIN);
	assert_int_equal(used, V5_HI.len);
	expect_reply(reply, SPAN_LIT("\5\0"));
}

static void
version_4_asks_for_an_address(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct socks s = { .state = SOCKS_START };

	(void)state;
	expect_target(&s, V4, &w, "127.0.0.1", 80);
	socks_answer(&s, SOCKS_CONNECTED, &w);
	expect_reply(&w, SPAN_LIT("\0\x5a\0\0\0\0\0\0"));
}

static void
version_4a_asks_for_a_name(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct socks s = { .state = SOCKS_START };

	(void)state;
	expect_target(&s, V4A, &w, "example.org", 443);
	socks_answer(&s, SOCKS_FAILED, &w);
	expect_reply(&w, SPAN_LIT("\0\x5b\0\0\0\0\0\0"));
}

static void
version_5_asks_for_addresses_and_names(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct socks s = { .state = SOCKS_START };

	(void)state;
	greet(&s, &w);
	expect_target(&s, V5_IP4, &w, "10.0.0.1", 22);
	socks_answer(&s, SOCKS_CONNECTED, &w);
	expect_reply(&w, SPAN_LIT("\5\0\0\1\0\0\0\0\0\0"));
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	expect_target(&s, V5_NAME, &w, "example.org", 443);
	socks_answer(&s, SOCKS_PROHIBITED, &w);
	expect_reply(&w, SPAN_LIT("\5\2\0\1\0\0\0\0\0\0"));
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	expect_target(&s, V5_IP6, &w, "2001:db8::1", 80);
	socks_answer(&s, SOCKS_UNREACHABLE, &w);
	expect_reply(&w, SPAN_LIT("\5\4\0\1\0\0\0\0\0\0"));
}

static void
a_client_that_does_not_wait_is_understood(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	SCOPED(writer_free) struct writer in = writer_init(1000);
	struct socks s = { .state = SOCKS_START };
	size_t used;

	(void)state;
	wr_raw(&in, V5_HI);
	wr_raw(&in, V5_NAME);
	wr_raw(&in, SPAN_LIT("GET /"));
	assert_int_equal(socks_take(&s, writer_span(&in), &used, &w), ERR_OK);
	assert_int_equal(used, V5_HI.len + V5_NAME.len);
	assert_string_equal(s.host, "example.org");
}

static void
what_is_not_offered_is_refused_politely(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct socks s = { .state = SOCKS_START };
	size_t used;

	(void)state;
	/* Only user and password. */
	assert_int_equal(socks_take(&s, SPAN_LIT("\5\1\2"), &used, &w), ERR_UNSUPPORTED);
	expect_reply(&w, SPAN_LIT("\5\xff"));
	/* BIND. */
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	assert_int_equal(socks_take(&s, SPAN_LIT("\5\2\0\1\x0a\0\0\1\0\x16"), &used, &w),
	    ERR_UNSUPPORTED);
	expect_reply(&w, SPAN_LIT("\5\7\0\1\0\0\0\0\0\0"));
	s = (struct socks){ .state = SOCKS_START };
	assert_int_equal(socks_take(&s, SPAN_LIT("\4\2\0\x50\x7f\0\0\1\0"), &used, &w),
	    ERR_UNSUPPORTED);
	expect_reply(&w, SPAN_LIT("\0\x5b\0\0\0\0\0\0"));
	/* An address type nobody knows. */
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	assert_int_equal(socks_take(&s, SPAN_LIT("\5\1\0\x09"), &used, &w), ERR_UNSUPPORTED);
	expect_reply(&w, SPAN_LIT("\5\10\0\1\0\0\0\0\0\0"));
}

static void
garbage_is_refused(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct socks s = { .state = SOCKS_START };
	size_t used;

	(void)state;
	assert_int_equal(socks_take(&s, SPAN_LIT("GET / HTTP/1.1"), &used, &w), ERR_FORMAT);
	assert_int_equal(w.len, 0);
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	assert_int_equal(socks_take(&s, SPAN_LIT("\5\1\0\3\0\0\x50"), &used, &w), ERR_FORMAT);
	writer_reset(&w);
	s = (struct socks){ .state = SOCKS_START };
	greet(&s, &w);
	assert_int_equal(socks_take(&s, SPAN_LIT("\5\1\0\3\3a\nb\0\x50"), &used, &w), ERR_FORMAT);
}

static void
a_request_that_never_ends_is_refused(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	uint8_t in[SOCKS_INPUT_MAX];
	struct socks s = { .state = SOCKS_START };
	size_t used;

	(void)state;
	memset(in, 'u', sizeof(in));
	memcpy(in, "\4\1\0\x50\x7f\0\0\1", 8);
	assert_int_equal(socks_take(&s, span_of(in, sizeof(in) - 1), &used, &w), ERR_AGAIN);
	assert_int_equal(socks_take(&s, span_of(in, sizeof(in)), &used, &w), ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_4_asks_for_an_address),
		cmocka_unit_test(version_4a_asks_for_a_name),
		cmocka_unit_test(version_5_asks_for_addresses_and_names),
		cmocka_unit_test(a_client_that_does_not_wait_is_understood),
		cmocka_unit_test(what_is_not_offered_is_refused_politely),
		cmocka_unit_test(garbage_is_refused),
		cmocka_unit_test(a_request_that_never_ends_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
