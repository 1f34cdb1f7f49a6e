/* SPDX-License-Identifier: ISC */
/* The agent: keys, requests, lifetimes, questions, the lock. Where keys may be used: test_agent_bind.c. */
#include "crypto/crypto.h"
#include "regress/support/agent_bed.h"

static void
keys_are_listed_in_the_order_they_came_in(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	struct agent_identities list;
	struct span blob, comment;

	(void)state;
	assert_int_equal(bed_count(&b), 0);
	for (size_t i = 0; i < KEYS; i++)
		bed_add(&b, i, &(struct agent_add){ .comment = span_str(kinds[i].kind) });
	bed_ask_type(&b, AGENT_REQUEST_IDENTITIES, AGENT_IDENTITIES_ANSWER);
	assert_int_equal(agent_identities_get(b.reply.body, &list), ERR_OK);
	for (size_t i = 0; i < KEYS; i++) {
		assert_true(agent_identity_get(&list, &blob, &comment));
		assert_true(span_eq(blob, key_blob(b.keys[i])));
		assert_true(span_is(comment, kinds[i].kind));
	}
	assert_int_equal(agent_identities_end(&list), ERR_OK);
}

static void
a_key_signs_by_the_algorithm_that_the_flags_ask_for(void **state)
{
	static const struct { size_t key; const char *ask, *alg; } rows[] = {
		{ 0, "ssh-ed25519", "ssh-ed25519" },
		{ 1, "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
		{ 2, "ssh-rsa", "ssh-rsa" },
		{ 2, "rsa-sha2-256", "rsa-sha2-256" },
		{ 2, "rsa-sha2-512", "rsa-sha2-512" },
	};
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		bed_add(&b, i, &(struct agent_add){ .lifetime = 0 });
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span sig;

		bed_sign(&b, key_blob(b.keys[rows[i].key]), SPAN_LIT("data"), rows[i].ask);
		assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
		assert_int_equal(agent_signature_get(b.reply.body, &sig), ERR_OK);
		assert_int_equal(key_verify(b.keys[rows[i].key], span_str(rows[i].alg),
		    span_str(rows[i].alg), sig, SPAN_LIT("data"), NULL), ERR_OK);
	}
}

static void
a_certificate_is_a_key_of_its_own_and_signs_with_its_key(void **state)
{
	for (size_t i = 0; i < KEYS; i++) {
		SCOPED(bed_free) struct bed b = bed_new(0);
		SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);
		struct span sig;
		const char *alg;

		(void)state;
		bed_certify(&b, i, CERT_USER, "user", &cert);
		bed_add(&b, i, &(struct agent_add){ .cert = writer_span(&cert) });
		assert_int_equal(bed_count(&b), 1);
		bed_sign(&b, key_blob(b.keys[i]), SPAN_LIT("data"), kinds[i].alg);
		assert_int_equal(b.reply.type, AGENT_FAILURE);
		bed_sign(&b, writer_span(&cert), SPAN_LIT("data"), kinds[i].alg);
		assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
		assert_int_equal(agent_signature_get(b.reply.body, &sig), ERR_OK);
		alg = kinds[i].alg;
		assert_int_equal(key_verify(b.keys[i], span_str(alg), span_str(alg), sig,
		    SPAN_LIT("data"), NULL), ERR_OK);
		bed_add(&b, i, &(struct agent_add){ .lifetime = 0 });
		assert_int_equal(bed_count(&b), 2);
		bed_ask_string(&b, AGENT_REMOVE_IDENTITY, writer_span(&cert), AGENT_SUCCESS);
		bed_sign(&b, key_blob(b.keys[i]), SPAN_LIT("data"), kinds[i].alg);
		assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
	}
}

static void
a_certificate_of_another_key_is_not_added(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);
	SCOPED(key_free) struct key *other = make_key("ed25519", 0, 99);
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	(void)state;
	bed_certify(&b, 0, CERT_USER, "user", &cert);
	agent_add_put(&w, other, &(struct agent_add){ .cert = writer_span(&cert) });
	bed_ask(&b, &w, AGENT_FAILURE);
	assert_int_equal(bed_count(&b), 0);
}

static void
a_key_that_is_there_already_gets_what_is_said_last(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("first"), .lifetime = 5, .confirm = true });
	bed_add(&b, 1, &(struct agent_add){ .comment = SPAN_LIT("other") });
	bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("second") });
	assert_int_equal(bed_count(&b), 2);
	b.time.now += 3600 * 1000;
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
}

static void
keys_are_removed_one_by_one_and_all_at_once(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		bed_add(&b, i, &(struct agent_add){ .lifetime = 0 });
	bed_ask_string(&b, AGENT_REMOVE_IDENTITY, key_blob(b.keys[1]), AGENT_SUCCESS);
	bed_ask_string(&b, AGENT_REMOVE_IDENTITY, key_blob(b.keys[1]), AGENT_FAILURE);
	assert_string_equal(b.client.why, "no such key");
	assert_int_equal(bed_count(&b), KEYS - 1);
	bed_sign(&b, key_blob(b.keys[1]), SPAN_LIT("data"), kinds[1].alg);
	assert_int_equal(b.reply.type, AGENT_FAILURE);
	bed_sign(&b, key_blob(b.keys[2]), SPAN_LIT("data"), kinds[2].alg);
	assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
	bed_ask_type(&b, AGENT_REMOVE_ALL, AGENT_SUCCESS);
	assert_int_equal(bed_count(&b), 0);
	bed_ask_type(&b, AGENT_REMOVE_ALL, AGENT_SUCCESS);
	assert_int_equal(agent_deadline(b.agent), MSEC_NEVER);
}

static void
a_key_is_gone_when_its_time_is_over(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	msec start = b.time.now;

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .lifetime = 10 });
	bed_add(&b, 1, &(struct agent_add){ .lifetime = 20 });
	bed_add(&b, 2, &(struct agent_add){ .lifetime = 0 });
	assert_int_equal(agent_deadline(b.agent), start + 10000);
	assert_int_equal(agent_expire(b.agent, start + 9999), 0);
	/* A request that comes before the timer is not served either. */
	b.time.now = start + 10000;
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.reply.type, AGENT_FAILURE);
	assert_int_equal(agent_deadline(b.agent), start + 20000);
	assert_int_equal(agent_expire(b.agent, start + 100000), 1);
	assert_int_equal(agent_count(b.agent), 1);
	assert_int_equal(agent_deadline(b.agent), MSEC_NEVER);
}

static void
a_default_lifetime_holds_for_keys_that_say_nothing(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(60);
	msec start = b.time.now;

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .lifetime = 0 });
	bed_add(&b, 1, &(struct agent_add){ .lifetime = 90 });
	assert_int_equal(agent_expire(b.agent, start + 60000), 1);
	assert_int_equal(agent_expire(b.agent, start + 90000), 1);
}

static void
a_key_to_be_confirmed_signs_when_the_user_says_so(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("my\nkey"), .confirm = true });
	for (unsigned round = 0; round < 2; round++) {
		bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
		assert_int_equal(b.verdict, AGENT_CONFIRM);
		assert_true(span_starts(writer_span(&b.answer),
		    SPAN_LIT("Allow use of key my\\nkey?\nKey fingerprint SHA256:")));
		b.client.consent = AGENT_CONSENT_GIVEN;
		bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
		assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
		/* That was for this once. */
		bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
		assert_int_equal(b.verdict, AGENT_CONFIRM);
		b.client.consent = AGENT_CONSENT_REFUSED;
		bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
		assert_int_equal(b.reply.type, AGENT_FAILURE);
		assert_string_equal(b.client.why, "the user refused");
	}
}

static void
what_happens_while_the_user_is_asked_counts(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .lifetime = 10, .confirm = true });
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.verdict, AGENT_CONFIRM);
	b.client.consent = AGENT_CONSENT_GIVEN;
	b.time.now += 10000;
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.reply.type, AGENT_FAILURE);
	assert_int_equal(b.client.consent, AGENT_CONSENT_UNASKED);
}

static void
a_locked_agent_shows_and_does_nothing_until_it_is_unlocked(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	SCOPED(writer_free) struct writer query = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer add = writer_init(AGENT_MAX_FRAME);

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .lifetime = 0 });
	bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("x"), AGENT_FAILURE);
	bed_ask_string(&b, AGENT_LOCK, SPAN_EMPTY, AGENT_FAILURE);
	assert_false(agent_is_locked(b.agent));
	bed_ask_string(&b, AGENT_LOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	assert_true(agent_is_locked(b.agent));
	assert_int_equal(bed_count(&b), 0);
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.reply.type, AGENT_FAILURE);
	assert_string_equal(b.client.why, "the agent is locked");
	agent_add_put(&add, b.keys[1], &(struct agent_add){ .lifetime = 0 });
	bed_ask(&b, &add, AGENT_FAILURE);
	agent_query_put(&query);
	bed_ask(&b, &query, AGENT_FAILURE);
	bed_ask_type(&b, AGENT_REMOVE_ALL, AGENT_FAILURE);
	bed_ask_string(&b, AGENT_LOCK, SPAN_LIT("other"), AGENT_FAILURE);
	bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	assert_int_equal(bed_count(&b), 1);
	bed_sign(&b, key_blob(b.keys[0]), SPAN_LIT("data"), "ssh-ed25519");
	assert_int_equal(b.reply.type, AGENT_SIGN_RESPONSE);
}

static void
guesses_at_the_passphrase_have_to_wait_longer_each_time(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	msec waited = 0;

	(void)state;
	bed_ask_string(&b, AGENT_LOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	for (msec n = 1; n <= 4; n++) {
		msec start = b.time.now;

		bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("wrod"), AGENT_FAILURE);
		/* The next one is not looked at, though it is right. */
		bed_send_string(&b, AGENT_UNLOCK, SPAN_LIT("word"));
		assert_int_equal(b.verdict, AGENT_LATER);
		assert_int_equal(b.answer.len, 0);
		assert_int_equal(b.client.until, start + n * 100);
		assert_true(agent_is_locked(b.agent));
		b.time.now = b.client.until - 1;
		bed_send_string(&b, AGENT_UNLOCK, SPAN_LIT("word"));
		assert_int_equal(b.verdict, AGENT_LATER);
		b.time.now++;
		waited += n * 100;
	}
	bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	assert_int_equal(waited, 1000);
	/* Then it is forgotten. */
	bed_ask_string(&b, AGENT_LOCK, SPAN_LIT("word"), AGENT_SUCCESS);
	bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("wrod"), AGENT_FAILURE);
	b.time.now += 100;
	bed_ask_string(&b, AGENT_UNLOCK, SPAN_LIT("word"), AGENT_SUCCESS);
}

static void
the_extensions_are_told(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct span names;
	struct reader r;

	(void)state;
	agent_query_put(&w);
	bed_ask(&b, &w, AGENT_EXTENSION_RESPONSE);
	assert_int_equal(agent_query_answer_get(b.reply.body, &names), ERR_OK);
	r = rd_init(names);
	assert_true(span_is(rd_bytes(&r), "session-bind@openssh.com"));
	assert_int_equal(rd_end(&r), ERR_OK);
	assert_int_equal(agent_query_answer_get(SPAN_LIT("\0\0\0\3foo"), &names), ERR_FORMAT);
	bed_ask_string(&b, AGENT_EXTENSION, SPAN_LIT("unknown@example.com"), AGENT_FAILURE);
}

static void
requests_that_are_not_understood_fail_and_change_nothing(void **state)
{
	static const struct span bodies[] = {
		{ (const uint8_t *)"", 0 }, { (const uint8_t *)"\0", 1 },
		{ (const uint8_t *)"\0\0\0\0", 4 }, { (const uint8_t *)"\xff\xff\xff\xff", 4 },
		{ (const uint8_t *)"\0\0\0\1x", 5 }, { (const uint8_t *)"\0\0\0\1x\0\0\0\1y", 10 },
		{ (const uint8_t *)"\0\0\0\7ssh-rsa\0\0\0\1x", 16 },
		{ (const uint8_t *)"\0\0\0\x18session-bind@openssh.com\0\0", 30 },
	};
	SCOPED(bed_free) struct bed b = bed_new(0);

	(void)state;
	bed_add(&b, 0, &(struct agent_add){ .lifetime = 0 });
	for (unsigned type = 0; type < 256; type++) {
		/* Those two need no body, and lock takes anything as a passphrase. */
		if (type == AGENT_REMOVE_ALL || type == AGENT_LOCK)
			continue;
		for (size_t i = 0; i < COUNT(bodies); i++) {
			struct agent_frame f = { .type = (uint8_t)type, .body = bodies[i] };
			uint8_t expected = type == 9 ? AGENT_SUCCESS : type == AGENT_REQUEST_IDENTITIES ?
			    AGENT_IDENTITIES_ANSWER : type == AGENT_EXTENSION && i == 7 ?
			    AGENT_EXTENSION_FAILURE : AGENT_FAILURE;

			bed_handle(&b, &f);
			assert_int_equal(b.verdict, AGENT_ANSWERED);
			assert_int_equal(b.reply.type, expected);
			assert_true((expected == AGENT_FAILURE) == (b.client.why != NULL) ||
			    expected == AGENT_EXTENSION_FAILURE);
		}
		assert_string_not_equal(agent_type_name((uint8_t)type), "");
	}
	assert_int_equal(bed_count(&b), 1);
	assert_false(agent_is_locked(b.agent));
}

static void
tokens_are_refused(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	static const uint8_t types[] = { 20, 21, 26 };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		struct agent_frame f = { .type = types[i],
			.body = SPAN_LIT("\0\0\0\x10/usr/lib/../x.so\0\0\0\0") };

		bed_handle(&b, &f);
		assert_int_equal(b.reply.type, AGENT_FAILURE);
		assert_string_equal(b.client.why, "tokens (PKCS#11) are not supported");
	}
}

static void
a_full_agent_refuses_more_and_still_lists_all(void **state)
{
	SCOPED(bed_free) struct bed b = bed_new(0);
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME * 2);
	SCOPED(writer_free) struct writer comment = writer_init(AGENT_MAX_FRAME);
	size_t size = AGENT_MAX_FRAME / 4;

	(void)state;
	for (size_t i = 0; i < size; i++)
		wr_u8(&comment, 'c');
	for (uint64_t i = 0; i < 4; i++) {
		SCOPED(key_free) struct key *k = make_key("ed25519", 0, 1000 + i);

		writer_reset(&w);
		agent_add_put(&w, k, &(struct agent_add){ .comment = writer_span(&comment) });
		bed_ask(&b, &w, i < 3 ? AGENT_SUCCESS : AGENT_FAILURE);
	}
	assert_string_equal(b.client.why, "no room for more keys");
	assert_int_equal(bed_count(&b), 3);
	/* One that is there may be changed, and smaller ones still fit. */
	bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("small") });
	bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("smaller") });
	assert_int_equal(bed_count(&b), 4);
}

static void
running_out_of_memory_leaves_the_agent_as_it_was(void **state)
{
	SCOPED(writer_free) struct writer add = writer_init(AGENT_MAX_FRAME);
	SCOPED(writer_free) struct writer cert = writer_init(LIMIT_KEY_BLOB);

	(void)state;
	for (unsigned what = 0; what < 4; what++) {
		SCOPED(bed_free) struct bed b = bed_new(0);
		struct agent_frame f = { .type = 0 };
		enum agent_verdict verdict;
		enum err e = ERR_OK;

		bed_certify(&b, 0, CERT_USER, "user", &cert);
		bed_add(&b, 0, &(struct agent_add){ .comment = SPAN_LIT("there"), .confirm = true });
		writer_reset(&add);
		if (what == 0)
			agent_add_put(&add, b.keys[0], &(struct agent_add){ .cert = writer_span(&cert) });
		else if (what == 1)
			agent_string_put(&add, AGENT_LOCK, SPAN_LIT("word"));
		else if (what == 2)
			agent_put(&add, AGENT_REQUEST_IDENTITIES);
		else
			agent_sign_put(&add, key_blob(b.keys[0]), SPAN_LIT("data"), SPAN_LIT("ssh-ed25519"));
		assert_int_equal(agent_frame_get(writer_span(&add), &f), ERR_OK);
		for (unsigned n = 0; n < 1000; n++) {
			SCOPED(writer_free) struct writer answer = writer_init(AGENT_MAX_FRAME);

			alloc_fail_after(n);
			e = agent_handle(b.agent, &b.client, &f, &b.time, &answer, &verdict);
			if (!alloc_failed())
				break;
			alloc_fail_never();
			assert_int_equal(e, ERR_NOMEM);
			assert_int_equal(agent_count(b.agent), 1);
			assert_false(agent_is_locked(b.agent));
		}
		alloc_fail_never();
		assert_int_equal(e, ERR_OK);
		writer_reset(&cert);
	}
}

/* The last one: what it does holds for the whole process. */
static void
keys_in_guarded_memory_are_keys_like_others(void **state)
{
	SCOPED(bed_free) struct bed plain = bed_new(0);

	(void)state;
	crypto_guard_keys();
	for (unsigned round = 0; round < 5; round++) {
		SCOPED(bed_free) struct bed b = bed_new(0);

		for (size_t i = 0; i < KEYS; i++) {
			struct span sig, alg = span_str(kinds[i].alg);

			bed_add(&b, i, &(struct agent_add){ .lifetime = 0 });
			bed_sign(&b, key_blob(plain.keys[i]), SPAN_LIT("data"), kinds[i].alg);
			if (i == 2)
				break;		/* RSA keys differ from bed to bed */
			assert_int_equal(agent_signature_get(b.reply.body, &sig), ERR_OK);
			assert_int_equal(key_verify(plain.keys[i], alg, alg, sig, SPAN_LIT("data"), NULL), ERR_OK);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_listed_in_the_order_they_came_in),
		cmocka_unit_test(a_key_signs_by_the_algorithm_that_the_flags_ask_for),
		cmocka_unit_test(a_certificate_is_a_key_of_its_own_and_signs_with_its_key),
		cmocka_unit_test(a_certificate_of_another_key_is_not_added),
		cmocka_unit_test(a_key_that_is_there_already_gets_what_is_said_last),
		cmocka_unit_test(keys_are_removed_one_by_one_and_all_at_once),
		cmocka_unit_test(a_key_is_gone_when_its_time_is_over),
		cmocka_unit_test(a_default_lifetime_holds_for_keys_that_say_nothing),
		cmocka_unit_test(a_key_to_be_confirmed_signs_when_the_user_says_so),
		cmocka_unit_test(what_happens_while_the_user_is_asked_counts),
		cmocka_unit_test(a_locked_agent_shows_and_does_nothing_until_it_is_unlocked),
		cmocka_unit_test(guesses_at_the_passphrase_have_to_wait_longer_each_time),
		cmocka_unit_test(the_extensions_are_told),
		cmocka_unit_test(requests_that_are_not_understood_fail_and_change_nothing),
		cmocka_unit_test(tokens_are_refused),
		cmocka_unit_test(a_full_agent_refuses_more_and_still_lists_all),
		cmocka_unit_test(running_out_of_memory_leaves_the_agent_as_it_was),
		cmocka_unit_test(keys_in_guarded_memory_are_keys_like_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
