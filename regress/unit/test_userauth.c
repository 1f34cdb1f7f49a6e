/* SPDX-License-Identifier: ISC */
/* auth/userauth: what client and server say to each other. */
#include "regress/support/auth_pair.h"

static void
none_is_answered_with_the_methods(void **state)
{
	struct pair *p = *state;

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.user, "alice"));
	assert_true(span_is(p->ev.auth.method, "none"));
	answer(p, AUTH_RESULT_FAILURE, "publickey,password");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_FAILURE);
	assert_true(span_is(p->ev.failure.methods, "publickey,password"));
	assert_false(p->ev.failure.partial);
}

static void
a_password_lets_in_and_success_comes_exactly_once(void **state)
{
	struct pair *p = *state;
	struct span rest;

	start(p);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("secret"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.password, "secret"));
	assert_false(p->ev.auth.is_change);
	answer(p, AUTH_RESULT_SUCCESS, "");
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_true(next_is_success(p));
	assert_true(auth_is_open(p->auth[SIDE_SERVER]));
	assert_true(p->wire[SIDE_SERVER].is_authenticated);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_true(p->ev.ok);
	assert_true(span_is(p->ev.auth.method, "password"));
	assert_true(p->wire[SIDE_CLIENT].is_authenticated);
	assert_false(fake_take(&p->wire[SIDE_SERVER], &rest));
}

static void
a_key_is_asked_about_and_then_signed_with(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer client = writer_init(1000);
	SCOPED(writer_free) struct writer server = writer_init(1000);

	start(p);
	auth_send_query(p->auth[SIDE_CLIENT], USER, ALG, BLOB);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.method, "publickey"));
	assert_false(p->ev.auth.has_sig);
	assert_true(span_eq(p->ev.auth.blob, BLOB));
	answer(p, AUTH_RESULT_PK_OK, "");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PK_OK);
	assert_true(span_eq(p->ev.auth.blob, BLOB));
	assert_true(span_eq(p->ev.auth.alg, ALG));

	auth_key_data(p->auth[SIDE_CLIENT], USER, ALG, BLOB, &client);
	auth_send_key(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(p->ev.auth.has_sig);
	assert_true(span_eq(p->ev.auth.sig, SIG));
	auth_signed_data(&server, &(struct auth_signed){ p->wire[SIDE_SERVER].session_id,
	    p->ev.auth.user, p->ev.auth.service, p->ev.auth.alg, p->ev.auth.blob,
	    p->ev.auth.hostkey });
	assert_true(span_eq(writer_span(&client), writer_span(&server)));
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_true(next_is_success(p));
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_true(span_is(p->ev.auth.method, "publickey"));
	assert_true(p->ev.ok);
}

static void
an_expired_password_is_changed_in_a_request_of_its_own(void **state)
{
	struct pair *p = *state;

	start(p);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("old"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	auth_answer_change(p->auth[SIDE_SERVER], p->ev.id + 1, SPAN_LIT("not asked"));
	auth_answer_change(p->auth[SIDE_SERVER], p->ev.id, SPAN_LIT("a new one, please"));
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PASSWD_CHANGE);
	assert_true(span_is(p->ev.text, "a new one, please"));
	auth_send_new_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("old"), SPAN_LIT("new"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(p->ev.auth.is_change);
	assert_true(span_is(p->ev.auth.password, "old"));
	assert_true(span_is(p->ev.auth.new_password, "new"));
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_true(next_is_success(p));
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_true(p->ev.ok);
}

static void
a_bound_host_key_is_sent_and_signed(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer client = writer_init(1000);
	SCOPED(writer_free) struct writer server = writer_init(1000);

	start(p);
	assert_int_equal(auth_bind_hostkey(p->auth[SIDE_CLIENT], SPAN_LIT("K_S")), ERR_OK);
	auth_key_data(p->auth[SIDE_CLIENT], USER, ALG, BLOB, &client);
	auth_send_key(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.method, "publickey-hostbound-v00@openssh.com"));
	assert_true(span_is(p->ev.auth.hostkey, "K_S"));
	assert_true(span_eq(p->ev.auth.sig, SIG));
	auth_signed_data(&server, &(struct auth_signed){ p->wire[SIDE_SERVER].session_id,
	    p->ev.auth.user, p->ev.auth.service, p->ev.auth.alg, p->ev.auth.blob,
	    p->ev.auth.hostkey });
	assert_true(span_eq(writer_span(&client), writer_span(&server)));
}

static void
signed_data_is_what_rfc_4252_7_says(void **state)
{
	/* string id, byte 50, user, service, "publickey", TRUE, algorithm, blob */
	static const uint8_t expected[] =
	    "\0\0\0\2ID" "\x32" "\0\0\0\1u" "\0\0\0\1s" "\0\0\0\11publickey" "\1"
	    "\0\0\0\1a" "\0\0\0\1b";
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	auth_signed_data(&w, &(struct auth_signed){ SPAN_LIT("ID"), SPAN_LIT("u"), SPAN_LIT("s"),
	    SPAN_LIT("a"), SPAN_LIT("b"), SPAN_EMPTY });
	assert_int_equal(wr_end(&w), ERR_OK);
	assert_int_equal(w.len, sizeof(expected) - 1);
	assert_memory_equal(w.p, expected, w.len);
}

static void
hostbased_data_is_the_request_up_to_the_signature(void **state)
{
	struct pair *p = *state;
	struct auth_signed s = { p->wire[0].session_id, USER, SPAN_LIT("ssh-connection"), ALG, BLOB,
	    SPAN_EMPTY };
	SCOPED(writer_free) struct writer data = writer_init(1000);
	struct reader r;

	start(p);
	auth_hostbased_data(&data, &s, SPAN_LIT("client.example"), SPAN_LIT("bob"));
	auth_send_hostbased(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SPAN_LIT("client.example"),
	    SPAN_LIT("bob"), SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.host, "client.example"));
	assert_true(span_is(p->ev.auth.local_user, "bob"));
	assert_true(span_eq(p->ev.auth.sig, SIG));
	r = rd_init(writer_span(&data));
	assert_true(span_eq(rd_bytes(&r), s.session_id));
	assert_true(span_starts(p->payload, rd_rest(&r)));
	assert_int_equal(p->payload.len, data.len - 4 - s.session_id.len + 4 + SIG.len);
}

static void
keyboard_interactive_asks_answers_and_asks_again(void **state)
{
	struct pair *p = *state;
	struct kbdint_prompt prompts[2] = { { SPAN_LIT("Password: "), false },
	    { SPAN_LIT("Code: "), true } };
	struct span answers[2] = { SPAN_LIT("secret"), SPAN_LIT("123456") };

	start(p);
	auth_send_kbdint(p->auth[SIDE_CLIENT], USER, SPAN_LIT(""));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	auth_answer_prompts(p->auth[SIDE_SERVER], p->ev.id, SPAN_LIT("name"), SPAN_LIT("do it"),
	    prompts, 2);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PROMPTS);
	assert_int_equal(p->ev.prompts.n, 2);
	assert_true(span_is(p->ev.prompts.prompt[1].text, "Code: "));
	assert_true(p->ev.prompts.prompt[1].echo);
	auth_send_answers(p->auth[SIDE_CLIENT], answers, 2);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH_ANSWERS);
	assert_true(p->ev.ok);
	assert_int_equal(p->ev.answers.n, 2);
	assert_true(span_is(p->ev.answers.text[0], "secret"));
	auth_answer_prompts(p->auth[SIDE_SERVER], p->ev.id, SPAN_EMPTY, SPAN_EMPTY, NULL, 0);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PROMPTS);
	auth_send_answers(p->auth[SIDE_CLIENT], NULL, 0);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH_ANSWERS);
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_true(p->ev.ok);
}

static void
a_password_that_must_change_is_asked_for_and_sent(void **state)
{
	struct pair *p = *state;
	struct writer *w;

	start(p);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("old"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	w = transport_begin(&p->wire[SIDE_SERVER], MSG_USERAUTH_60);
	userauth_text_put(w, &(struct userauth_text){ SPAN_LIT("New?"), SPAN_EMPTY });
	transport_end(&p->wire[SIDE_SERVER]);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PASSWD_CHANGE);
	assert_true(span_is(p->ev.text, "New?"));
	auth_send_new_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("old"), SPAN_LIT("new"));
	assert_true(fake_take(&p->wire[SIDE_CLIENT], &p->payload));
	assert_true(span_starts(span_skip(p->payload, p->payload.len - 15),
	    SPAN_LIT("\1\0\0\0\3old\0\0\0\3new")));
}

static void
a_banner_comes_between_service_and_success_only(void **state)
{
	struct pair *p = *state;
	struct span rest;

	auth_banner(p->auth[SIDE_SERVER], SPAN_LIT("too early"));
	start(p);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("x"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	auth_banner(p->auth[SIDE_SERVER], SPAN_LIT("hello\n"));
	answer(p, AUTH_RESULT_SUCCESS, "");
	auth_banner(p->auth[SIDE_SERVER], SPAN_LIT("too late"));
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_BANNER);
	assert_true(span_is(p->ev.text, "hello\n"));
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_false(fake_take(&p->wire[SIDE_SERVER], &rest));
}

static void
a_service_request_before_each_request_is_accepted(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(100);

	start(p);
	wr_u8(&w, MSG_SERVICE_REQUEST);
	wr_str(&w, "ssh-userauth");
	assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev), ERR_OK);
	assert_true(fake_take(&p->wire[SIDE_SERVER], &p->payload));
	assert_int_equal(p->payload.p[0], MSG_SERVICE_ACCEPT);
}

static void
partial_success_is_said_and_the_same_user_goes_on(void **state)
{
	struct pair *p = *state;

	start(p);
	auth_send_key(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_PARTIAL, "password");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_FAILURE);
	assert_true(p->ev.failure.partial);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("x"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
}

static void
requests_after_success_are_silently_ignored(void **state)
{
	struct pair *p = *state;
	struct span rest;

	start(p);
	auth_send_password(p->auth[SIDE_CLIENT], USER, SPAN_LIT("x"));
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_true(fake_take(&p->wire[SIDE_SERVER], &rest));
	assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, p->payload, &p->ev), ERR_OK);
	assert_int_equal(p->ev.type, EV_NONE);
	assert_false(fake_take(&p->wire[SIDE_SERVER], &rest));
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(none_is_answered_with_the_methods),
		T(a_password_lets_in_and_success_comes_exactly_once),
		T(a_key_is_asked_about_and_then_signed_with),
		T(an_expired_password_is_changed_in_a_request_of_its_own),
		T(a_bound_host_key_is_sent_and_signed),
		T(signed_data_is_what_rfc_4252_7_says),
		T(hostbased_data_is_the_request_up_to_the_signature),
		T(keyboard_interactive_asks_answers_and_asks_again),
		T(a_password_that_must_change_is_asked_for_and_sent),
		T(a_banner_comes_between_service_and_success_only),
		T(a_service_request_before_each_request_is_accepted),
		T(partial_success_is_said_and_the_same_user_goes_on),
		T(requests_after_success_are_silently_ignored),
	};

	return cmocka_run_group_tests_name("userauth", tests, NULL, NULL);
}
