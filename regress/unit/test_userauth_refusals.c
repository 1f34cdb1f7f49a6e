/* SPDX-License-Identifier: ISC */
/* auth/userauth: what each side must refuse (many of them once let somebody in somewhere). */
#include "regress/support/auth_pair.h"
#include "regress/support/alloc.h"

/* --- what the server refuses --- */

static void
change_of_user_after_a_request_ends_the_connection(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("bob", "ssh-connection", "none");

	start(p);
	auth_send_key(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_PARTIAL, "password");
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SEQUENCE);
}

static void
a_prefix_of_the_user_name_is_another_user(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alic", "ssh-connection", "none");

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_FAILURE, "password");
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SEQUENCE);
}

static void
a_service_that_is_not_there_ends_the_connection(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-fishing", "none");

	start(p);
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SERVICE);
	assert_int_equal(err_reason(ERR_SERVICE), 7);
}

static void
service_request_for_ssh_connection_ends_the_connection(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(100);

	wr_u8(&w, MSG_SERVICE_REQUEST);
	wr_str(&w, "ssh-connection");
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SERVICE);
}

static void
a_request_before_the_service_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "none");

	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SEQUENCE);
}

static void
a_second_request_while_one_is_undecided_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "none");

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SEQUENCE);
}

static void
endless_none_requests_are_stopped(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "none");
	unsigned n = 0;

	start(p);
	while (hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev) == ERR_OK) {
		answer(p, AUTH_RESULT_FAILURE, "password");
		assert_true(++n <= LIMIT_AUTH_REQUESTS);
	}
	assert_int_equal(p->wire[SIDE_SERVER].fault, ERR_LIMIT);
	assert_true(n >= LIMIT_AUTH_REQUESTS - 1);
}

static void
a_challenge_abandoned_and_restarted_counts_and_gets_no_failure(void **state)
{
	struct pair *p = *state;
	struct kbdint_prompt prompt = { SPAN_LIT("Password: "), false };
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection",
	    "keyboard-interactive");
	struct span payload;
	unsigned n = 0;

	wr_str(&w, "");
	wr_str(&w, "");
	start(p);
	while (hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev) == ERR_OK) {
		/* The program sees NEED_AUTH where answers were due. */
		assert_int_equal(p->ev.type, EV_NEED_AUTH);
		auth_answer_prompts(p->auth[SIDE_SERVER], p->ev.id, SPAN_EMPTY, SPAN_EMPTY,
		    &prompt, 1);
		assert_true(fake_take(&p->wire[SIDE_SERVER], &payload));
		assert_int_equal(payload.p[0], MSG_USERAUTH_60);
		assert_true(++n <= LIMIT_AUTH_REQUESTS);
	}
	assert_int_equal(p->wire[SIDE_SERVER].fault, ERR_LIMIT);
}

static void
ten_thousand_submethods_are_one_request_and_are_cut(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection",
	    "keyboard-interactive");
	size_t m;

	wr_str(&w, "");
	m = wr_open(&w);
	for (int i = 0; i < 10000; i++)
		wr_raw(&w, SPAN_LIT("pam,"));
	wr_close(&w, m);
	start(p);
	assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev), ERR_OK);
	assert_int_equal(p->ev.auth.submethods.len, AUTH_MAX_NAME + 1);
}

/* Up to the challenge with n prompts; returns with the server waiting for answers. */
static void
challenge(struct pair *p, unsigned n)
{
	struct kbdint_prompt prompts[KBDINT_MAX_PROMPTS] = { { SPAN_LIT("?"), false } };

	start(p);
	auth_send_kbdint(p->auth[SIDE_CLIENT], USER, SPAN_EMPTY);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	auth_answer_prompts(p->auth[SIDE_SERVER], p->ev.id, SPAN_EMPTY, SPAN_EMPTY, prompts, n);
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PROMPTS);
}

static void
wrong_number_of_answers_is_failure_whatever_the_program_says(void **state)
{
	static const uint32_t counts[] = { 0, 1, 3, 17, 0x10000000, 0xffffffff };
	struct pair *p = *state;
	struct kbdint_prompt prompts[2] = { { SPAN_LIT("?"), false }, { SPAN_LIT("!"), false } };

	start(p);
	for (size_t i = 0; i < COUNT(counts); i++) {
		SCOPED(writer_free) struct writer w = writer_init(100);

		auth_send_kbdint(p->auth[SIDE_CLIENT], USER, SPAN_EMPTY);
		assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
		auth_answer_prompts(p->auth[SIDE_SERVER], p->ev.id, SPAN_EMPTY, SPAN_EMPTY,
		    prompts, 2);
		assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_PROMPTS);
		auth_send_answers(p->auth[SIDE_CLIENT], (struct span[2]){ SPAN_LIT("a") }, 2);
		assert_true(fake_take(&p->wire[SIDE_CLIENT], &p->payload));
		wr_u8(&w, MSG_USERAUTH_INFO_RESPONSE);
		wr_u32(&w, counts[i]);
		assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev),
		    ERR_OK);
		assert_int_equal(p->ev.type, EV_NEED_AUTH_ANSWERS);
		assert_false(p->ev.ok);
		assert_int_equal(p->ev.answers.n, 0);
		answer(p, AUTH_RESULT_SUCCESS, "password");
		assert_false(auth_is_open(p->auth[SIDE_SERVER]));
		assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_FAILURE);
	}
}

static void
info_response_that_ends_early_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(100);

	challenge(p, 2);
	wr_u8(&w, MSG_USERAUTH_INFO_RESPONSE);
	wr_u32(&w, 2);
	wr_str(&w, "only one");
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SHORT);
}

static void
info_response_without_a_challenge_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(100);

	start(p);
	wr_u8(&w, MSG_USERAUTH_INFO_RESPONSE);
	wr_u32(&w, 0);
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SEQUENCE);
}

static void
a_truncated_publickey_request_ends_alike_for_every_user(void **state)
{
	static const char *const users[] = { "root", "nobody-of-that-name" };

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		SCOPED(writer_free) struct writer w = request(users[i], "ssh-connection", "publickey");
		void *fresh;
		struct pair *p;

		setup(&fresh);
		p = fresh;
		start(p);
		wr_flag(&w, true);
		wr_str(&w, "ssh-ed25519");
		assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_SHORT);
		teardown(&fresh);
	}
}

static void
data_after_a_request_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "none");

	wr_u8(&w, 0);
	start(p);
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_TRAILING);
}

static void
a_nul_in_the_user_name_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(100);

	start(p);
	wr_u8(&w, MSG_USERAUTH_REQUEST);
	wr_bytes(&w, SPAN_LIT("root\0x"));
	wr_str(&w, "ssh-connection");
	wr_str(&w, "none");
	assert_int_equal(refused(p, SIDE_SERVER, &w), ERR_FORMAT);
}

static void
over_long_fields_are_cut_so_that_they_match_nothing(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	size_t m;

	start(p);
	wr_u8(&w, MSG_USERAUTH_REQUEST);
	m = wr_open(&w);
	for (int i = 0; i < 200000; i++)
		wr_u8(&w, 'a');
	wr_close(&w, m);
	wr_str(&w, "ssh-connection");
	wr_str(&w, "password");
	wr_flag(&w, false);
	m = wr_open(&w);
	for (int i = 0; i < 25000; i++)
		wr_u8(&w, 'p');
	wr_close(&w, m);
	assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev), ERR_OK);
	assert_int_equal(p->ev.auth.user.len, LIMIT_USER + 1);
	assert_int_equal(p->ev.auth.password.len, LIMIT_PASSWORD + 1);
}

static void
an_unknown_method_is_put_to_the_program_without_fields(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "gssapi-with-mic");

	wr_u32(&w, 0xffffffff);
	start(p);
	assert_int_equal(hand_to(p->auth[SIDE_SERVER], SIDE_SERVER, writer_span(&w), &p->ev), ERR_OK);
	assert_int_equal(p->ev.type, EV_NEED_AUTH);
	assert_true(span_is(p->ev.auth.method, "gssapi-with-mic"));
	assert_int_equal(p->ev.auth.blob.len, 0);
}

static void
success_without_a_signature_is_never_sent(void **state)
{
	static const enum auth_result wrong[] = { AUTH_RESULT_SUCCESS, AUTH_RESULT_PARTIAL };

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		void *fresh;
		struct pair *p;

		setup(&fresh);
		p = fresh;
		start(p);
		auth_send_query(p->auth[SIDE_CLIENT], USER, ALG, BLOB);
		assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
		answer(p, wrong[i], "password");
		assert_int_equal(p->wire[SIDE_SERVER].fault, ERR_NOTNOW);
		assert_false(auth_is_open(p->auth[SIDE_SERVER]));
		teardown(&fresh);
	}
}

static void
pk_ok_to_a_signed_request_is_never_sent(void **state)
{
	struct pair *p = *state;
	struct span rest;

	start(p);
	auth_send_key(p->auth[SIDE_CLIENT], USER, ALG, BLOB, SIG);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_PK_OK, "");
	assert_int_equal(p->wire[SIDE_SERVER].fault, ERR_NOTNOW);
	assert_false(fake_take(&p->wire[SIDE_SERVER], &rest));
}

static void
an_answer_to_another_id_is_ignored(void **state)
{
	struct pair *p = *state;
	struct span rest;

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	auth_answer(p->auth[SIDE_SERVER], p->ev.id + 1, AUTH_RESULT_SUCCESS, SPAN_EMPTY);
	assert_false(fake_take(&p->wire[SIDE_SERVER], &rest));
	assert_false(auth_is_open(p->auth[SIDE_SERVER]));
}

/* --- what the client refuses --- */

static struct writer
bare(uint8_t number)
{
	struct writer w = writer_init(1000);

	wr_u8(&w, number);
	return w;
}

static void
success_that_was_not_asked_for_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_SUCCESS);

	start(p);
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
	assert_false(auth_is_open(p->auth[SIDE_CLIENT]));
}

static void
success_before_the_service_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_SUCCESS);

	auth_start(p->auth[SIDE_CLIENT]);
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
}

static void
success_in_answer_to_a_key_query_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_SUCCESS);

	start(p);
	auth_send_query(p->auth[SIDE_CLIENT], USER, ALG, BLOB);
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
}

static void
success_while_prompts_wait_for_their_answers_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_SUCCESS);

	challenge(p, 1);
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
}

static void
success_without_any_proof_is_marked(void **state)
{
	struct pair *p = *state;

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH);
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_false(p->ev.ok);
	assert_true(span_is(p->ev.auth.method, "none"));
}

static void
success_after_a_challenge_without_prompts_is_marked(void **state)
{
	struct pair *p = *state;

	challenge(p, 0);
	auth_send_answers(p->auth[SIDE_CLIENT], NULL, 0);
	assert_int_equal(deliver(p, SIDE_SERVER), EV_NEED_AUTH_ANSWERS);
	answer(p, AUTH_RESULT_SUCCESS, "");
	assert_int_equal(deliver(p, SIDE_CLIENT), EV_AUTH_SUCCESS);
	assert_false(p->ev.ok);
}

static void
pk_ok_and_prompts_that_were_not_asked_for_are_refused(void **state)
{
	void (*const sends[])(struct auth *, struct span) = { NULL, auth_send_none };

	(void)state;
	for (size_t i = 0; i < COUNT(sends); i++) {
		SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_60);
		void *fresh;
		struct pair *p;

		setup(&fresh);
		p = fresh;
		start(p);
		if (sends[i] != NULL)
			sends[i](p->auth[SIDE_CLIENT], USER);
		wr_str(&w, "");
		wr_str(&w, "");
		assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
		teardown(&fresh);
	}
}

static void
pk_ok_for_another_key_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_60);

	start(p);
	auth_send_query(p->auth[SIDE_CLIENT], USER, ALG, BLOB);
	userauth_pk_ok_put(&w, &(struct userauth_pk_ok){ ALG, SPAN_LIT("another key") });
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_FORMAT);
}

static void
failure_that_was_not_asked_for_is_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_FAILURE);

	start(p);
	userauth_failure_put(&w, &(struct userauth_failure){ SPAN_LIT("password"), false });
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_SEQUENCE);
}

static void
seventeen_prompts_are_refused(void **state)
{
	struct pair *p = *state;
	SCOPED(writer_free) struct writer w = bare(MSG_USERAUTH_60);

	start(p);
	auth_send_kbdint(p->auth[SIDE_CLIENT], USER, SPAN_EMPTY);
	for (int i = 0; i < 3; i++)
		wr_str(&w, "");
	wr_u32(&w, 0xffffffff);
	assert_int_equal(refused(p, SIDE_CLIENT, &w), ERR_LIMIT);
}

static void
a_program_that_asks_twice_ends_its_own_connection(void **state)
{
	struct pair *p = *state;

	start(p);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	auth_send_none(p->auth[SIDE_CLIENT], USER);
	assert_int_equal(p->wire[SIDE_CLIENT].fault, ERR_NOTNOW);
}

static void
memory_that_runs_out_ends_the_connection_and_nothing_else(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		SCOPED(writer_free) struct writer w = request("alice", "ssh-connection", "publickey");
		struct transport t = fake_transport();
		struct auth *a = NULL;
		struct event ev;
		enum err e;

		wr_flag(&w, false);
		wr_bytes(&w, ALG);
		wr_bytes(&w, BLOB);
		alloc_fail_after(n);
		e = auth_new(&a, SIDE_SERVER, &t);
		if (e == ERR_OK)
			e = auth_on_service_request(a, SPAN_LIT("\5\0\0\0\14ssh-userauth"), &ev);
		if (e == ERR_OK)
			e = auth_on_request(a, writer_span(&w), &ev);
		alloc_fail_never();
		if (!alloc_failed())
			assert_int_equal(e, ERR_OK);
		else
			assert_true(e == ERR_NOMEM || t.sent.err == ERR_NOMEM);
		auth_free(a);
		fake_free(&t);
		if (!alloc_failed())
			break;
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(change_of_user_after_a_request_ends_the_connection),
		T(a_prefix_of_the_user_name_is_another_user),
		T(a_service_that_is_not_there_ends_the_connection),
		T(service_request_for_ssh_connection_ends_the_connection),
		T(a_request_before_the_service_is_refused),
		T(a_second_request_while_one_is_undecided_is_refused),
		T(endless_none_requests_are_stopped),
		T(a_challenge_abandoned_and_restarted_counts_and_gets_no_failure),
		T(ten_thousand_submethods_are_one_request_and_are_cut),
		T(wrong_number_of_answers_is_failure_whatever_the_program_says),
		T(info_response_that_ends_early_is_refused),
		T(info_response_without_a_challenge_is_refused),
		T(a_truncated_publickey_request_ends_alike_for_every_user),
		T(data_after_a_request_is_refused),
		T(a_nul_in_the_user_name_is_refused),
		T(over_long_fields_are_cut_so_that_they_match_nothing),
		T(an_unknown_method_is_put_to_the_program_without_fields),
		T(success_without_a_signature_is_never_sent),
		T(pk_ok_to_a_signed_request_is_never_sent),
		T(an_answer_to_another_id_is_ignored),
		T(success_that_was_not_asked_for_is_refused),
		T(success_before_the_service_is_refused),
		T(success_in_answer_to_a_key_query_is_refused),
		T(success_while_prompts_wait_for_their_answers_is_refused),
		T(success_without_any_proof_is_marked),
		T(success_after_a_challenge_without_prompts_is_marked),
		T(pk_ok_and_prompts_that_were_not_asked_for_are_refused),
		T(pk_ok_for_another_key_is_refused),
		T(failure_that_was_not_asked_for_is_refused),
		T(seventeen_prompts_are_refused),
		T(a_program_that_asks_twice_ends_its_own_connection),
		T(memory_that_runs_out_ends_the_connection_and_nothing_else),
	};

	return cmocka_run_group_tests_name("userauth refusals", tests, NULL, NULL);
}
