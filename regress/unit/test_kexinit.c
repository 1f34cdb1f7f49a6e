/* SPDX-License-Identifier: ISC */
/* kex/kexinit and kex/kex.h: proposals, agreement, and the lists of methods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "kex/event.h"
#include "kex/kex.h"
#include "kex/kexinit.h"
#include "kex/method.h"

/* A proposal with the same lists for both directions. */
static struct kexinit
proposal(const char *kex, const char *hostkey, const char *cipher, const char *mac)
{
	struct kexinit m = { .cookie = SPAN_LIT("0123456789abcdef") };

	m.list[LIST_KEX] = span_str(kex);
	m.list[LIST_HOSTKEY] = span_str(hostkey);
	for (int i = 0; i < 2; i++) {
		m.list[LIST_CIPHER_CTOS + i] = span_str(cipher);
		m.list[LIST_MAC_CTOS + i] = span_str(mac);
		m.list[LIST_COMPRESSION_CTOS + i] = SPAN_LIT("none");
	}
	return m;
}

static void
what_is_put_is_got(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_KEXINIT);
	struct kexinit m = proposal("a,b", "c", "d", "e"), n;

	(void)state;
	m.guess_follows = true;
	m.list[LIST_LANGUAGE_STOC] = SPAN_LIT("en");
	wr_u8(&w, 20);
	kexinit_put(&w, &m);
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_int_equal(kexinit_get(writer_span(&w), &n), ERR_OK);
	assert_true(span_eq(n.cookie, m.cookie) && n.guess_follows);
	for (size_t i = 0; i < LIST_COUNT; i++)
		assert_true(span_eq(n.list[i], m.list[i]));
	for (size_t len = 0; len < w.len; len++)
		assert_int_equal(kexinit_get(span_first(writer_span(&w), len), &n), ERR_SHORT);
	wr_u8(&w, 0);
	assert_int_equal(kexinit_get(writer_span(&w), &n), ERR_TRAILING);
}

static void
the_first_of_the_clients_names_that_the_server_has_is_taken(void **state)
{
	struct kexinit c = proposal("a,b,c", "k2,k1", "x,aes128-ctr,aes256-ctr", "m1,m2");
	struct kexinit s = proposal("c,b", "k1,k2", "aes256-ctr,aes128-ctr", "m2,m1");
	enum kexinit_list failed;
	struct agreement a;

	(void)state;
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_OK);
	assert_true(span_is(a.name[LIST_KEX], "b"));
	assert_true(span_is(a.name[LIST_HOSTKEY], "k2"));
	assert_true(span_is(a.name[LIST_CIPHER_CTOS], "aes128-ctr"));
	assert_true(span_is(a.name[LIST_MAC_STOC], "m1"));
	assert_true(a.guess_is_wrong);
}

static void
each_list_that_has_nothing_in_common_is_named(void **state)
{
	(void)state;
	for (unsigned i = LIST_KEX; i <= LIST_COMPRESSION_STOC; i++) {
		struct kexinit c = proposal("a", "b", "aes128-ctr", "d"), s = c;
		enum kexinit_list failed;
		struct agreement a;

		s.list[i] = SPAN_LIT("other,b2,,");
		assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_NEGOTIATE);
		assert_int_equal(failed, i);
		s.list[i] = SPAN_EMPTY;
		assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_NEGOTIATE);
		assert_true(kexinit_list_text(i)[0] != '\0' && kexinit_list_keyword(i)[0] != '\0');
	}
}

static void
an_aead_cipher_needs_no_mac_in_common_in_its_direction(void **state)
{
	struct kexinit c = proposal("a", "b", "aes128-gcm@openssh.com,aes128-ctr", "m1");
	struct kexinit s = proposal("a", "b", "aes128-gcm@openssh.com", "m2");
	enum kexinit_list failed;
	struct agreement a;

	(void)state;
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_OK);
	assert_int_equal(a.name[LIST_MAC_CTOS].len, 0);
	s.list[LIST_CIPHER_STOC] = SPAN_LIT("aes128-ctr");
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_NEGOTIATE);
	assert_int_equal(failed, LIST_MAC_STOC);
}

static void
markers_are_read_by_side_and_never_agreed_on(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1000);
	struct kexinit c, s;
	enum kexinit_list failed;
	struct agreement a;

	(void)state;
	wr_printf(&w, "x");
	kexinit_put_markers(&w, SIDE_CLIENT);
	wr_u8(&w, 0);
	c = proposal((const char *)w.p, "b", "aes128-ctr", "m");
	s = c;
	assert_true(kexinit_is_strict(&c, SIDE_CLIENT) && kexinit_has_ext_info(&c, SIDE_CLIENT));
	assert_false(kexinit_is_strict(&c, SIDE_SERVER) || kexinit_has_ext_info(&c, SIDE_SERVER));
	assert_int_equal(kexinit_markers(c.list[LIST_KEX]), 1);
	assert_int_equal(kexinit_markers(SPAN_LIT("a,bc,d")), 6);
	s.list[LIST_KEX] = span_skip(s.list[LIST_KEX], 2);
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_NEGOTIATE);
}

static void
a_guess_is_right_only_if_both_prefer_the_same_method_and_key_type(void **state)
{
	struct kexinit c = proposal("a,b", "k,l", "aes128-ctr", "m");
	enum kexinit_list failed;
	struct agreement a;
	struct kexinit s = c;

	(void)state;
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_OK);
	assert_false(a.guess_is_wrong);
	s.list[LIST_KEX] = SPAN_LIT("b,a");
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_OK);
	assert_true(a.guess_is_wrong);
	s = c;
	s.list[LIST_HOSTKEY] = SPAN_LIT("l,k");
	assert_int_equal(kexinit_negotiate(&c, &s, &a, &failed), ERR_OK);
	assert_true(a.guess_is_wrong);
}

/* --- the lists --- */

static void
every_method_that_is_named_exists_and_is_whole(void **state)
{
	struct span list = span_str(kex_names()), name;
	size_t n = 0;

	(void)state;
	while (span_token(&list, ',', &name)) {
		const struct kex_method *m = kex_method_find(name);

		assert_non_null(m);
		assert_true(span_is(name, m->name));
		assert_non_null(hash_find(m->hash));
		assert_true(m->init != NULL && m->reply != NULL && m->finish != NULL);
		assert_int_equal(m->request_number != 0, m->request != NULL);
		assert_int_equal(m->request_number != 0, m->requested != NULL &&
		    m->answer != NULL && m->answered != NULL);
		n++;
	}
	assert_int_equal(n, 17);
	assert_null(kex_method_find(SPAN_LIT("none")));
	assert_null(kex_hash(SPAN_LIT("none")));
	assert_string_equal(kex_hash(SPAN_LIT("mlkem1024nistp384-sha384")), "sha384");
	assert_string_equal(event_name(EV_NEED_GROUP), "NEED_GROUP");
	assert_null(kex_method_find(SPAN_EMPTY));
}

static void
the_defaults_are_those_of_openssh(void **state)
{
	(void)state;
	assert_string_equal(kex_default_algs(SIDE_SERVER),
	    "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
	    "curve25519-sha256,curve25519-sha256@libssh.org,"
	    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521");
	assert_string_equal(kex_default_algs(SIDE_CLIENT),
	    "mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,"
	    "curve25519-sha256,curve25519-sha256@libssh.org,"
	    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
	    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
	    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256");
	assert_true(kex_is_post_quantum(SPAN_LIT("mlkem768x25519-sha256")));
	assert_true(kex_is_post_quantum(SPAN_LIT("sntrup761x25519-sha512")));
	assert_true(kex_is_post_quantum(SPAN_LIT("mlkem1024nistp384-sha384")));
	assert_false(kex_is_post_quantum(SPAN_LIT("curve25519-sha256")));
	assert_false(kex_is_post_quantum(SPAN_LIT("unknown")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_got),
		cmocka_unit_test(the_first_of_the_clients_names_that_the_server_has_is_taken),
		cmocka_unit_test(each_list_that_has_nothing_in_common_is_named),
		cmocka_unit_test(an_aead_cipher_needs_no_mac_in_common_in_its_direction),
		cmocka_unit_test(markers_are_read_by_side_and_never_agreed_on),
		cmocka_unit_test(a_guess_is_right_only_if_both_prefer_the_same_method_and_key_type),
		cmocka_unit_test(every_method_that_is_named_exists_and_is_whole),
		cmocka_unit_test(the_defaults_are_those_of_openssh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
