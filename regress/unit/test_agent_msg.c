/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/agent_msg.h"

static struct key *
make(const char *kind, unsigned bits)
{
	struct rng_test seed = { .state = 3 };
	struct rng rng = rng_test(&seed);
	struct key *k;

	assert_int_equal(key_generate(span_str(kind), bits, &rng, &k), ERR_OK);
	return k;
}

/* The one frame in w, which must be of this type. */
static struct span
body_of(const struct writer *w, enum agent_type type)
{
	struct agent_frame f;

	assert_int_equal(wr_end(w), ERR_OK);
	assert_int_equal(agent_frame_get(writer_span(w), &f), ERR_OK);
	assert_int_equal(f.type, type);
	assert_int_equal(f.size, w->len);
	return f.body;
}

static void
a_frame_is_taken_when_it_is_whole(void **state)
{
	static const uint8_t two[] = { 0, 0, 0, 2, 6, 7, 0, 0, 0, 1, 5 };
	struct agent_frame f;

	(void)state;
	for (size_t n = 0; n < 6; n++)
		assert_int_equal(agent_frame_get(span_of(two, n), &f), ERR_AGAIN);
	assert_int_equal(agent_frame_get(span_of(two, sizeof two), &f), ERR_OK);
	assert_int_equal(f.type, AGENT_SUCCESS);
	assert_int_equal(f.body.len, 1);
	assert_int_equal(f.size, 6);
	assert_int_equal(agent_frame_get(span_of(two + 6, 5), &f), ERR_OK);
	assert_int_equal(f.type, AGENT_FAILURE);
	assert_int_equal(f.body.len, 0);
}

static void
empty_and_oversized_frames_are_refused(void **state)
{
	struct agent_frame f;

	(void)state;
	assert_int_equal(agent_frame_get(SPAN_LIT("\0\0\0\0"), &f), ERR_FORMAT);
	assert_int_equal(agent_frame_get(SPAN_LIT("\0\4\0\1x"), &f), ERR_LIMIT);
	assert_int_equal(agent_frame_get(SPAN_LIT("\xff\xff\xff\xffx"), &f), ERR_LIMIT);
	assert_int_equal(agent_frame_get(SPAN_LIT("\0\4\0\0x"), &f), ERR_AGAIN);
}

static void
keys_are_listed_in_order(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct agent_identities a;
	struct span blob, comment;
	size_t m;

	(void)state;
	m = agent_identities_put(&w, 2);
	agent_identity_put(&w, SPAN_LIT("one"), SPAN_LIT("first"));
	agent_identity_put(&w, SPAN_LIT("two"), SPAN_EMPTY);
	wr_close(&w, m);
	assert_int_equal(agent_identities_get(body_of(&w, AGENT_IDENTITIES_ANSWER), &a), ERR_OK);
	assert_true(agent_identity_get(&a, &blob, &comment));
	assert_true(span_is(blob, "one") && span_is(comment, "first"));
	assert_true(agent_identity_get(&a, &blob, &comment));
	assert_true(span_is(blob, "two") && comment.len == 0);
	assert_false(agent_identity_get(&a, &blob, &comment));
	assert_int_equal(agent_identities_end(&a), ERR_OK);
}

static void
lists_that_are_too_long_or_lie_about_their_length_are_refused(void **state)
{
	struct agent_identities a;
	struct span blob, comment;

	(void)state;
	assert_int_equal(agent_identities_get(SPAN_LIT("\xff\xff\xff\xff"), &a), ERR_LIMIT);
	assert_int_equal(agent_identities_get(SPAN_LIT("\0\0\x8\1"), &a), ERR_LIMIT);
	assert_int_equal(agent_identities_get(SPAN_LIT("\0\0"), &a), ERR_SHORT);
	assert_int_equal(agent_identities_get(SPAN_LIT("\0\0\0\2\0\0\0\1x\0\0\0\0"), &a), ERR_OK);
	assert_true(agent_identity_get(&a, &blob, &comment));
	assert_false(agent_identity_get(&a, &blob, &comment));
	assert_int_equal(agent_identities_end(&a), ERR_SHORT);
	assert_int_equal(agent_identities_get(SPAN_LIT("\0\0\0\0x"), &a), ERR_OK);
	assert_int_equal(agent_identities_end(&a), ERR_TRAILING);
}

static void
flags_of_a_signature_request_name_the_algorithm(void **state)
{
	static const struct { const char *alg, *type, *back; uint32_t flags; } rows[] = {
		{ "ssh-ed25519", "ssh-ed25519", "ssh-ed25519", 0 },
		{ "ssh-rsa", "ssh-rsa", "ssh-rsa", 0 },
		{ "rsa-sha2-256", "ssh-rsa", "rsa-sha2-256", 2 },
		{ "rsa-sha2-512", "ssh-rsa", "rsa-sha2-512", 4 },
		{ "rsa-sha2-512-cert-v01@openssh.com", "ssh-rsa", "rsa-sha2-512", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
		struct agent_sign s;

		agent_sign_put(&w, SPAN_LIT("blob"), SPAN_LIT("data"), span_str(rows[i].alg));
		assert_int_equal(agent_sign_get(body_of(&w, AGENT_SIGN_REQUEST), &s), ERR_OK);
		assert_true(span_is(s.blob, "blob") && span_is(s.data, "data"));
		assert_int_equal(s.flags, rows[i].flags);
		assert_string_equal(agent_sign_alg(span_str(rows[i].type), s.flags), rows[i].back);
	}
	assert_null(agent_sign_alg(SPAN_LIT("ssh-dss"), 0));
}

static void
a_signature_goes_there_and_back(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct span sig;

	(void)state;
	agent_signature_put(&w, SPAN_LIT("sig"));
	assert_int_equal(agent_signature_get(body_of(&w, AGENT_SIGN_RESPONSE), &sig), ERR_OK);
	assert_true(span_is(sig, "sig"));
	assert_int_equal(agent_signature_get(SPAN_LIT("\0\0\0\1xy"), &sig), ERR_TRAILING);
}

static void
keys_are_added_with_their_constraints(void **state)
{
	static const struct { const char *kind; unsigned bits; } kinds[] = {
		{ "ed25519", 0 }, { "ecdsa", 384 }, { "rsa", 1024 },
	};
	static const struct agent_add adds[] = {
		{ .comment = { (const uint8_t *)"c", 1 } },
		{ .lifetime = 60 },
		{ .confirm = true },
		{ .lifetime = 3600, .confirm = true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		SCOPED(key_free) struct key *k = make(kinds[i].kind, kinds[i].bits);

		for (size_t c = 0; c < COUNT(adds); c++) {
			SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
			SCOPED(key_free) struct key *back = NULL;
			bool constrained = adds[c].lifetime != 0 || adds[c].confirm;
			struct agent_add got;

			agent_add_put(&w, k, &adds[c]);
			assert_int_equal(agent_add_get(body_of(&w, constrained ? AGENT_ADD_CONSTRAINED :
			    AGENT_ADD_IDENTITY), constrained, &back, &got), ERR_OK);
			assert_true(key_equal(k, back) && key_has_private(back));
			assert_true(span_eq(got.comment, adds[c].comment));
			assert_int_equal(got.lifetime, adds[c].lifetime);
			assert_int_equal(got.confirm, adds[c].confirm);
		}
	}
}

static void
a_key_with_an_unknown_constraint_is_not_added(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0), *back = NULL;
	static const struct span more[] = {
		{ (const uint8_t *)"\3", 1 },				/* MAXSIGN of drafts */
		{ (const uint8_t *)"\xff\0\0\0\1x\0\0\0\0", 10 },	/* an extension */
		{ (const uint8_t *)"\1\0\0\0\5", 5 },			/* lifetime, again */
		{ (const uint8_t *)"\1\0\0", 3 },
	};
	static const enum err errors[] = { ERR_UNSUPPORTED, ERR_UNSUPPORTED, ERR_FORMAT, ERR_SHORT };

	(void)state;
	for (size_t i = 0; i < COUNT(more); i++) {
		SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
		struct agent_add got;
		uint8_t *len;

		agent_add_put(&w, k, &(struct agent_add){ .lifetime = 1 });
		wr_raw(&w, more[i]);
		len = w.p + 3;			/* the frame is shorter than 64 KiB */
		*len = (uint8_t)(*len + more[i].len);
		assert_int_equal(agent_add_get(body_of(&w, AGENT_ADD_CONSTRAINED), true, &back, &got),
		    i == 3 ? ERR_FORMAT : errors[i]);
		assert_null(back);
		/* Nor are constraints taken where there must be none. */
		assert_int_equal(agent_add_get(body_of(&w, AGENT_ADD_CONSTRAINED), false, &back, &got),
		    ERR_TRAILING);
		assert_null(back);
	}
}

static void
a_lifetime_of_no_time_is_not_one_without_end(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0), *back = NULL;
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct agent_add got;

	(void)state;
	agent_add_put(&w, k, &(struct agent_add){ .lifetime = 1 });
	assert_int_equal(w.p[w.len - 1], 1);
	w.p[w.len - 1] = 0;
	assert_int_equal(agent_add_get(body_of(&w, AGENT_ADD_CONSTRAINED), true, &back, &got), ERR_FORMAT);
	assert_null(back);
}

static void
a_key_without_private_half_cannot_be_added(void **state)
{
	SCOPED(key_free) struct key *k = make("ed25519", 0), *pub = NULL;
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);

	(void)state;
	assert_int_equal(key_public(k, &pub), ERR_OK);
	agent_add_put(&w, pub, &(struct agent_add){ .lifetime = 0 });
	assert_int_equal(wr_end(&w), ERR_UNSUPPORTED);
}

static void
the_binding_to_a_session_goes_there_and_back(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(AGENT_MAX_FRAME);
	struct agent_bind b = { SPAN_LIT("key"), SPAN_LIT("id"), SPAN_LIT("sig"), true }, back;
	struct span name, contents;

	(void)state;
	agent_bind_put(&w, &b);
	assert_int_equal(agent_extension_get(body_of(&w, AGENT_EXTENSION), &name, &contents), ERR_OK);
	assert_true(span_is(name, "session-bind@openssh.com"));
	assert_int_equal(agent_bind_get(contents, &back), ERR_OK);
	assert_true(span_eq(b.hostkey, back.hostkey) && span_eq(b.session_id, back.session_id) &&
	    span_eq(b.sig, back.sig) && back.is_forwarding);
	assert_int_equal(agent_bind_get(span_first(contents, contents.len - 1), &back), ERR_SHORT);
}

static void
requests_without_fields_are_one_byte(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(64);

	(void)state;
	agent_put(&w, AGENT_REQUEST_IDENTITIES);
	assert_int_equal(w.len, 5);
	assert_int_equal(body_of(&w, AGENT_REQUEST_IDENTITIES).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_is_taken_when_it_is_whole),
		cmocka_unit_test(empty_and_oversized_frames_are_refused),
		cmocka_unit_test(keys_are_listed_in_order),
		cmocka_unit_test(lists_that_are_too_long_or_lie_about_their_length_are_refused),
		cmocka_unit_test(flags_of_a_signature_request_name_the_algorithm),
		cmocka_unit_test(a_signature_goes_there_and_back),
		cmocka_unit_test(keys_are_added_with_their_constraints),
		cmocka_unit_test(a_key_with_an_unknown_constraint_is_not_added),
		cmocka_unit_test(a_lifetime_of_no_time_is_not_one_without_end),
		cmocka_unit_test(a_key_without_private_half_cannot_be_added),
		cmocka_unit_test(the_binding_to_a_session_goes_there_and_back),
		cmocka_unit_test(requests_without_fields_are_one_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
