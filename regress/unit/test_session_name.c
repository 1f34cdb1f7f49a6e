/* SPDX-License-Identifier: ISC */
/* sshd/session_name.h: names to listen under. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "sshd/session_name.h"

static void
a_name_is_letters_digits_and_three_signs(void **state)
{
	static const char *const good[] = { "a", "kiosk-17", "Site_3.pump", "17a", "a.b.c" };
	static const char *const bad[] = { "", "*", "localhost", "17", "127.0.0.1", "::1", "a/b", "a b",
	    "-a", ".a", "a:b", "fe80::1%lo", "a\n", "\xc3\xa4" };
	char text[NAME_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(name_is_valid(span_str(good[i])));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(name_is_valid(span_str(bad[i])));
	memset(text, 'a', sizeof(text));
	assert_true(name_is_valid(span_of(text, NAME_SIZE - 1)));
	assert_false(name_is_valid(span_of(text, NAME_SIZE)));
}

/* A name that no other test on this machine has. */
static struct span
own_name(char buf[static 32])
{
	snprintf(buf, 32, "unit-%ld", (long)getpid());
	return span_str(buf);
}

static void
who_connects_to_a_name_is_known_by_the_address_of_its_client(void **state)
{
	struct endpoint from = { .port = 4711 }, got;
	char buf[32], text[64];
	struct span name = own_name(buf);
	int listening, here, there;

	(void)state;
	assert_int_equal(address_parse(SPAN_LIT("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), &from.address), ERR_OK);
	assert_int_equal(name_connect(getuid(), name, 22, &from, &here), ERR_NOTFOUND);
	assert_int_equal(name_listen(getuid(), name, 22, &listening), ERR_OK);
	assert_int_equal(name_connect(getuid(), name, 23, &from, &here), ERR_NOTFOUND);
	assert_int_equal(name_connect(getuid(), name, 22, &from, &here), ERR_OK);
	assert_int_equal(net_accept(listening, &there), ERR_OK);
	assert_int_equal(name_client(getuid(), there, &got), ERR_OK);
	assert_string_equal(address_print(&got.address, text, sizeof(text)),
	    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_int_equal(got.port, 4711);
	close(here);
	close(there);
	close(listening);
}

static void
a_name_is_held_by_one_and_free_when_he_is_gone(void **state)
{
	char buf[32];
	struct span name = own_name(buf);
	int first, second;

	(void)state;
	assert_int_equal(name_listen(getuid(), name, 22, &first), ERR_OK);
	assert_int_equal(name_listen(getuid(), name, 22, &second), ERR_SYSTEM);
	assert_int_equal(errno, EADDRINUSE);
	close(first);
	assert_int_equal(name_listen(getuid(), name, 22, &second), ERR_OK);
	close(second);
}

static void
another_account_and_a_stranger_to_the_protocol_are_refused(void **state)
{
	struct endpoint from = { .address = { .family = 4, .bytes = { 192, 0, 2, 1 } } }, got;
	char buf[32];
	struct span name = own_name(buf);
	int listening, here, there, pair[2];

	(void)state;
	assert_int_equal(name_listen(getuid(), name, 22, &listening), ERR_OK);
	assert_int_equal(name_connect(getuid(), name, 22, &from, &here), ERR_OK);
	assert_int_equal(net_accept(listening, &there), ERR_OK);
	assert_int_equal(name_client(getuid() + 1, there, &got), ERR_DENIED);
	close(here);
	close(there);
	close(listening);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(name_client(getuid(), pair[0], &got), ERR_DENIED);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_letters_digits_and_three_signs),
		cmocka_unit_test(who_connects_to_a_name_is_known_by_the_address_of_its_client),
		cmocka_unit_test(a_name_is_held_by_one_and_free_when_he_is_gone),
		cmocka_unit_test(another_account_and_a_stranger_to_the_protocol_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
