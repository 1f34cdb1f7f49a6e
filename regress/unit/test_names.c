/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "os/dial.h"
#include "regress/support/alloc.h"

/* No server answers there: a question that stays open as long as it takes. */
#define OPEN_QUESTION	"no-such-name.invalid"

static void
assert_address(const char *host, enum names_family family, const char *text)
{
	struct names_result r;
	char buf[64];

	assert_int_equal(names_wait(host, 77, family, 0, &r), ERR_OK);
	assert_true(r.n >= 1);
	assert_null(r.why);
	assert_int_equal(r.v[0].port, 77);
	assert_string_equal(address_print(&r.v[0].address, buf, sizeof(buf)), text);
	names_result_free(&r);
	names_result_free(&r);
}

static void
numbers_are_not_looked_up(void **state)
{
	(void)state;
	assert_address("192.0.2.1", NAMES_ANY, "192.0.2.1");
	assert_address("192.0.2.1", NAMES_INET, "192.0.2.1");
	assert_address("2001:db8::1", NAMES_ANY, "2001:db8::1");
	assert_address("2001:db8::1", NAMES_INET6, "2001:db8::1");
}

static void
a_zone_becomes_a_scope(void **state)
{
	struct names_result r;

	(void)state;
	assert_int_equal(names_wait("fe80::1%lo", 22, NAMES_ANY, 0, &r), ERR_OK);
	assert_int_equal(r.v[0].scope, 1);
	names_result_free(&r);
	assert_int_equal(names_wait("fe80::1%7", 22, NAMES_ANY, 0, &r), ERR_OK);
	assert_int_equal(r.v[0].scope, 7);
	names_result_free(&r);
}

static void
a_number_of_the_other_family_is_refused(void **state)
{
	struct names_result r;

	(void)state;
	assert_int_equal(names_wait("192.0.2.1", 22, NAMES_INET6, 0, &r), ERR_NOTFOUND);
	assert_non_null(r.why);
	names_result_free(&r);
	assert_int_equal(names_wait("::1", 22, NAMES_INET, 0, &r), ERR_NOTFOUND);
	names_result_free(&r);
}

static void
the_hosts_file_is_read(void **state)
{
	struct names_result r;

	(void)state;
	assert_int_equal(names_wait("localhost", 22, NAMES_INET, 0, &r), ERR_OK);
	assert_int_equal(r.v[0].address.bytes[0], 127);
	names_result_free(&r);
}

struct told {
	unsigned calls;
	enum err err;
	int fd;
	bool had_why;
};

static void
on_done(void *arg, struct names_result *r)
{
	struct told *t = arg;

	t->calls++;
	t->err = r->err;
}

static void
an_answer_comes_from_the_loop_and_never_at_once(void **state)
{
	struct told t = { .calls = 0 };
	struct names *names;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(names_new(&names, loop), ERR_OK);
	assert_int_equal(names_lookup(names, "::1", 22, NAMES_ANY, on_done, &t, NULL), ERR_OK);
	assert_int_equal(t.calls, 0);
	while (t.calls == 0)
		assert_int_equal(loop_turn(loop, MSEC_NEVER), ERR_OK);
	assert_int_equal(t.err, ERR_OK);
	assert_int_equal(loop_turn(loop, 0), ERR_OK);
	assert_int_equal(t.calls, 1);
	names_free(names);
	loop_free(loop);
}

static void
a_cancelled_lookup_tells_nobody(void **state)
{
	struct told t = { .calls = 0 };
	struct name_lookup *known, *open;
	struct names *names;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(names_new(&names, loop), ERR_OK);
	assert_int_equal(names_lookup(names, "::1", 22, NAMES_ANY, on_done, &t, &known), ERR_OK);
	assert_int_equal(names_lookup(names, OPEN_QUESTION, 22, NAMES_ANY, on_done, &t, &open),
	    ERR_OK);
	name_lookup_cancel(known);
	name_lookup_cancel(open);
	name_lookup_cancel(NULL);
	assert_int_equal(loop_turn(loop, 0), ERR_OK);
	assert_int_equal(t.calls, 0);
	names_free(names);
	loop_free(loop);
}

static void
freeing_with_open_questions_is_clean(void **state)
{
	struct told t = { .calls = 0 };
	struct names *names;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(names_new(&names, loop), ERR_OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(names_lookup(names, i == 0 ? "::1" : OPEN_QUESTION, 22, NAMES_ANY,
		    on_done, &t, NULL), ERR_OK);
	names_free(names);
	loop_free(loop);
	assert_int_equal(t.calls, 0);
}

/* --- dialling --- */

static void
on_dialed(void *arg, int fd, const char *why)
{
	struct told *t = arg;

	t->calls++;
	t->fd = fd;
	t->had_why = why != NULL;
}

static void
dial(struct told *t, const char *host, uint16_t port)
{
	struct names *names;
	struct loop *loop;
	struct dial *d;

	*t = (struct told){ .fd = -1 };
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(names_new(&names, loop), ERR_OK);
	assert_int_equal(dial_start(loop, names, host, port, NAMES_ANY, 0, on_dialed, t, &d), ERR_OK);
	while (t->calls == 0)
		assert_int_equal(loop_turn(loop, MSEC_NEVER), ERR_OK);
	names_free(names);
	loop_free(loop);
}

static uint16_t
listen_somewhere(int *fd)
{
	struct endpoint at = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } } };

	assert_int_equal(net_listen(&at, 1, fd), ERR_OK);
	assert_int_equal(net_ends(*fd, &at, NULL), ERR_OK);
	return at.port;
}

static void
dialling_connects(void **state)
{
	struct told t;
	int listener;
	uint16_t port = listen_somewhere(&listener);

	(void)state;
	dial(&t, "127.0.0.1", port);
	assert_int_not_equal(t.fd, -1);
	assert_false(t.had_why);
	close(t.fd);
	dial(&t, "localhost", port);
	assert_int_not_equal(t.fd, -1);
	close(t.fd);
	close(listener);
}

static void
dialling_says_why_it_failed(void **state)
{
	struct told t;
	int listener;
	uint16_t port = listen_somewhere(&listener);

	(void)state;
	close(listener);
	dial(&t, "127.0.0.1", port);
	assert_int_equal(t.fd, -1);
	assert_true(t.had_why);
}

/* Dials addresses in their order, without names. */
static void
dial_at(struct told *t, const struct endpoint *v, size_t n)
{
	struct loop *loop;
	struct dial *d;

	*t = (struct told){ .fd = -1 };
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(dial_start_at(loop, v, n, 0, on_dialed, t, &d), ERR_OK);
	assert_int_equal(t->calls, 0);
	while (t->calls == 0)
		assert_int_equal(loop_turn(loop, MSEC_NEVER), ERR_OK);
	loop_free(loop);
}

static void
dialling_addresses_takes_the_first_that_answers(void **state)
{
	struct endpoint v[2] = { { .address = { .family = 4, .bytes = { 127, 0, 0, 2 } } },
	    { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } } } };
	struct endpoint peer;
	struct told t;
	int listener;

	(void)state;
	v[0].port = v[1].port = listen_somewhere(&listener);
	dial_at(&t, v, 2);
	assert_int_not_equal(t.fd, -1);
	assert_int_equal(net_ends(t.fd, NULL, &peer), ERR_OK);
	assert_int_equal(peer.address.bytes[3], 1);
	close(t.fd);
	close(listener);
	dial_at(&t, v, 2);
	assert_int_equal(t.fd, -1);
	assert_true(t.had_why);
}

static void
a_cancelled_dial_tells_nobody(void **state)
{
	struct told t = { .calls = 0 };
	struct names *names;
	struct loop *loop;
	struct dial *d;
	int listener;
	uint16_t port = listen_somewhere(&listener);

	(void)state;
	assert_int_equal(loop_new(&loop), ERR_OK);
	assert_int_equal(names_new(&names, loop), ERR_OK);
	assert_int_equal(dial_start(loop, names, "127.0.0.1", port, NAMES_ANY, 1000, on_dialed, &t,
	    &d), ERR_OK);
	dial_cancel(d);
	assert_int_equal(dial_start(loop, names, "127.0.0.1", port, NAMES_ANY, 1000, on_dialed, &t,
	    &d), ERR_OK);
	assert_int_equal(loop_turn(loop, 0), ERR_OK);
	dial_cancel(d);
	dial_cancel(NULL);
	assert_int_equal(loop_turn(loop, 0), ERR_OK);
	assert_int_equal(t.calls, 0);
	names_free(names);
	loop_free(loop);
	close(listener);
}

static void
running_out_of_memory_is_survived(void **state)
{
	(void)state;
	for (unsigned n = 0; ; n++) {
		struct names_result r;
		enum err e;

		alloc_fail_after(n);
		e = names_wait("::1", 22, NAMES_ANY, 0, &r);
		names_result_free(&r);
		if (!alloc_failed())
			break;
		assert_int_not_equal(e, ERR_OK);
	}
	alloc_fail_never();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_not_looked_up),
		cmocka_unit_test(a_zone_becomes_a_scope),
		cmocka_unit_test(a_number_of_the_other_family_is_refused),
		cmocka_unit_test(the_hosts_file_is_read),
		cmocka_unit_test(an_answer_comes_from_the_loop_and_never_at_once),
		cmocka_unit_test(a_cancelled_lookup_tells_nobody),
		cmocka_unit_test(freeing_with_open_questions_is_clean),
		cmocka_unit_test(dialling_connects),
		cmocka_unit_test(dialling_says_why_it_failed),
		cmocka_unit_test(dialling_addresses_takes_the_first_that_answers),
		cmocka_unit_test(a_cancelled_dial_tells_nobody),
		cmocka_unit_test(running_out_of_memory_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
