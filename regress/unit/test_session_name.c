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

static void
who_takes_the_name_of_another_accounts_device_meets_nobody(void **state)
{
	const uid_t account = getuid() + 1;
	struct endpoint from = { .address = { .family = 4, .bytes = { 192, 0, 2, 1 } } };
	char buf[32], squatted[NET_ABSTRACT_SIZE];
	struct span name = own_name(buf);
	int listening, here;

	(void)state;
	snprintf(squatted, sizeof(squatted), "dayfly-name/%u/%s/22", (unsigned)account, buf);
	assert_int_equal(net_listen_abstract(squatted, 1, &listening), ERR_OK);
	assert_int_equal(name_connect(account, name, 22, &from, &here), ERR_NOTFOUND);
	close(listening);
}

static void
an_address_that_does_not_say_where_a_client_is_is_refused(void **state)
{
	static const char *const lies[] = { "", "dayfly-from", "dayfly-from/0/192.0.2.1/22", "dayfly-fro/0/192.0.2.1/22/x",
	    "dayfly-from/0/kiosk/22/x", "dayfly-from/0/192.0.2.1/65536/x", "dayfly-from/0/192.0.2.1/-1/x",
	    "dayfly-from/0//22/x", "////" };
	char buf[32], to[NET_ABSTRACT_SIZE];
	struct span name = own_name(buf);
	int listening, here, there;
	struct endpoint got;

	(void)state;
	snprintf(to, sizeof(to), "dayfly-name/%u/%s/22", (unsigned)getuid(), buf);
	assert_int_equal(name_listen(getuid(), name, 22, &listening), ERR_OK);
	for (size_t i = 0; i < COUNT(lies); i++) {
		assert_int_equal(net_connect_abstract(to, lies[i], &here), ERR_OK);
		assert_int_equal(net_accept(listening, &there), ERR_OK);
		assert_int_equal(name_client(getuid(), there, &got), ERR_DENIED);
		close(here);
		close(there);
	}
	close(listening);
}

/* Two names in the abstract namespace, one of them as long as there is room for. */
static void
names_in_the_abstract_namespace_are_taken_whole_or_not_at_all(void **state)
{
	char name[NET_ABSTRACT_SIZE + 1], from[NET_ABSTRACT_SIZE], got[NET_ABSTRACT_SIZE];
	int listening, here, there;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[NET_ABSTRACT_SIZE] = '\0';
	assert_int_equal(net_listen_abstract(name, 1, &listening), ERR_SYSTEM);
	assert_int_equal(errno, ENAMETOOLONG);
	snprintf(name, sizeof(name), "unit/%ld", (long)getpid());
	memset(from, 'f', sizeof(from));
	memcpy(from, name, strlen(name));
	from[NET_ABSTRACT_SIZE - 1] = '\0';
	assert_int_equal(net_connect_abstract(name, from, &here), ERR_SYSTEM);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(net_listen_abstract(name, 1, &listening), ERR_OK);
	assert_int_equal(net_connect_abstract(name, from, &here), ERR_OK);
	assert_int_equal(net_accept(listening, &there), ERR_OK);
	assert_int_equal(net_peer_abstract(there, got), ERR_OK);
	assert_string_equal(got, from);
	close(here);
	close(there);
	close(listening);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_letters_digits_and_three_signs),
		cmocka_unit_test(who_connects_to_a_name_is_known_by_the_address_of_its_client),
		cmocka_unit_test(a_name_is_held_by_one_and_free_when_he_is_gone),
		cmocka_unit_test(another_account_and_a_stranger_to_the_protocol_are_refused),
		cmocka_unit_test(who_takes_the_name_of_another_accounts_device_meets_nobody),
		cmocka_unit_test(an_address_that_does_not_say_where_a_client_is_is_refused),
		cmocka_unit_test(names_in_the_abstract_namespace_are_taken_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
