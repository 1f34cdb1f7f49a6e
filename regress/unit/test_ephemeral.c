/* SPDX-License-Identifier: ISC */
/* auth/ephemeral: registering, logging in, ending, and being told why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ephemeral.h"
#include "regress/support/alloc.h"

#define KEY	SPAN_LIT("key blob one")
#define KEY2	SPAN_LIT("key blob two")
#define USER	SPAN_LIT("alice")
#define T0	((msec)1000000)
#define S	((msec)1000)

struct fixture {
	struct rng_test seed;
	struct ephemeral *t;
	struct ephemeral_grant g;	/* last one given */
	uint64_t logins;		/* so many there were */
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ephemeral_limits limits = ephemeral_default_limits();

	f->seed.state = 1;
	assert_int_equal(ephemeral_new(&f->t, &limits, rng_test(&f->seed)), ERR_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	ephemeral_free(f->t);
	free(f);
	return 0;
}

static struct ephemeral_request
request(void)
{
	return (struct ephemeral_request){ .user = USER, .blob = KEY, .ttl = 60 * S,
	    .registrar = SPAN_LIT("root") };
}

/* Registers, and returns the id in a buffer of its own. */
static char *
add(struct fixture *f, struct ephemeral_request req, msec now)
{
	assert_int_equal(ephemeral_add(f->t, &req, now, &f->g, NULL), ERR_OK);
	return strdup(f->g.id);
}

static void
add_forget(struct fixture *f, struct ephemeral_request req, msec now)
{
	free(add(f, req, now));
}

/* Proves to hold a key, and nothing else yet, as login `number`. */
static enum ephemeral_answer
reserve_as(struct fixture *f, uint64_t number, struct span user, struct span blob,
    const struct address *source, msec now)
{
	struct ephemeral_login login = { .number = number, .user = user, .blob = blob, .source = source };
	enum ephemeral_answer answer;

	assert_int_equal(ephemeral_reserve(f->t, &login, now, &answer, &f->g), ERR_OK);
	return answer;
}

static enum ephemeral_answer
reserve(struct fixture *f, uint64_t number, msec now)
{
	return reserve_as(f, number, USER, KEY, NULL, now);
}

/* A whole login, whose session goes on as this number. */
static void
open_session(struct fixture *f, struct span blob, uint64_t number, msec now)
{
	assert_int_equal(reserve_as(f, number, USER, blob, NULL, now), EPHEMERAL_YES);
	assert_int_equal(ephemeral_commit(f->t, number, now, &f->g), EPHEMERAL_YES);
}

/* A whole login, whose session is over at once. */
static enum ephemeral_answer
use_as(struct fixture *f, struct span user, struct span blob, const struct address *source, msec now)
{
	uint64_t number = 1000000 + ++f->logins;
	enum ephemeral_answer answer = reserve_as(f, number, user, blob, source, now);

	if (answer == EPHEMERAL_YES)
		answer = ephemeral_commit(f->t, number, now, &f->g);
	ephemeral_close(f->t, number);
	return answer;
}

static enum ephemeral_answer
use(struct fixture *f, msec now)
{
	return use_as(f, USER, KEY, NULL, now);
}

static enum ephemeral_answer
query(struct fixture *f, msec now)
{
	return ephemeral_find(f->t, USER, KEY, NULL, false, now, &f->g);
}

/* The sentence that the holder of KEY is told. */
static const char *
reason(struct fixture *f, msec now)
{
	static char text[200];
	SCOPED(writer_free) struct writer w = writer_init(sizeof(text) - 1);
	enum ephemeral_answer answer = use(f, now);

	ephemeral_reason(&w, answer, &f->g, now);
	if (w.len > 0)
		memcpy(text, w.p, w.len);
	text[w.len] = '\0';
	return text;
}

static struct address
address(const char *text)
{
	struct address a;

	assert_int_equal(address_parse(span_str(text), &a), ERR_OK);
	return a;
}

/* --- time --- */

static void
a_key_lets_in_within_its_ttl_and_not_after(void **state)
{
	struct fixture *f = *state;

	add_forget(f, request(), T0);
	assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0 + 60 * S - 1), EPHEMERAL_YES);
	assert_int_equal(use(f, T0 + 60 * S), EPHEMERAL_NO_EXPIRED);
	assert_int_equal(query(f, T0 + 60 * S), EPHEMERAL_NO_EXPIRED);
	assert_int_equal(ephemeral_count(f->t), 0);
}

static void
time_that_goes_back_brings_nothing_back(void **state)
{
	struct fixture *f = *state;

	add_forget(f, request(), T0);
	assert_int_equal(use(f, T0 + 61 * S), EPHEMERAL_NO_EXPIRED);
	assert_int_equal(use(f, T0), EPHEMERAL_NO_EXPIRED);
}

static void
the_deadline_is_the_next_end_and_then_the_next_forgetting(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request later = request();

	assert_true(ephemeral_deadline(f->t) == MSEC_NEVER);
	later.ttl = 90 * S;
	add_forget(f, later, T0);
	add_forget(f, request(), T0);
	assert_true(ephemeral_deadline(f->t) == T0 + 60 * S);
	ephemeral_tick(f->t, T0 + 60 * S);
	assert_true(ephemeral_deadline(f->t) == T0 + 90 * S);
	ephemeral_tick(f->t, T0 + 90 * S);
	assert_true(ephemeral_deadline(f->t) == T0 + 660 * S);
	ephemeral_tick(f->t, T0 + 690 * S);
	assert_true(ephemeral_deadline(f->t) == MSEC_NEVER);
}

static void
what_is_over_is_remembered_for_ten_minutes(void **state)
{
	struct fixture *f = *state;

	add_forget(f, request(), T0);
	ephemeral_tick(f->t, T0 + 60 * S);
	assert_int_equal(query(f, T0 + 659 * S), EPHEMERAL_NO_EXPIRED);
	assert_int_equal(query(f, T0 + 660 * S), EPHEMERAL_UNKNOWN);
}

/* --- uses --- */

static void
a_once_key_works_once_when_two_clients_race_for_it(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request once = request();

	once.uses = 1;
	add_forget(f, once, T0);
	/* Both ask, both are told that the key would do, both sign. */
	assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0), EPHEMERAL_NO_USED_UP);
	assert_int_equal(query(f, T0), EPHEMERAL_NO_USED_UP);
	assert_string_equal(reason(f, T0 + 3 * S), "this key's registration was for one login "
	    "and was used up 3 s ago: register it again");
}

static void
a_query_consumes_nothing(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request once = request();

	once.uses = 1;
	add_forget(f, once, T0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(f->g.used, 0);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(f->g.used, 1);
}

static void
three_uses_are_three(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request three = request();

	three.uses = 3;
	add_forget(f, three, T0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(use(f, T0 + (msec)i), EPHEMERAL_YES);
	assert_string_equal(reason(f, T0 + 300 * S), "this key's registration was for 3 logins "
	    "and was used up 4 min ago: register it again");
}

static void
grace_begins_with_the_first_use(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	req.grace = 300 * S;
	add_forget(f, req, T0);
	assert_int_equal(use(f, T0 + 59 * S), EPHEMERAL_YES);
	assert_int_equal(use(f, T0 + 358 * S), EPHEMERAL_YES);
	/* Later uses do not begin it again. */
	assert_int_equal(use(f, T0 + 359 * S), EPHEMERAL_NO_EXPIRED);
}

static void
grace_never_shortens_and_needs_a_use(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	req.grace = 10 * S;
	add_forget(f, req, T0);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(query(f, T0 + 59 * S), EPHEMERAL_YES);
	req.blob = KEY2;
	req.grace = 300 * S;
	add_forget(f, req, T0 + 59 * S);
	assert_int_equal(ephemeral_find(f->t, USER, KEY2, NULL, false, T0 + 119 * S, NULL),
	    EPHEMERAL_NO_EXPIRED);
}

/* --- who, whence --- */

static void
key_and_user_must_both_be_the_registered_ones(void **state)
{
	struct fixture *f = *state;

	add_forget(f, request(), T0);
	assert_int_equal(ephemeral_find(f->t, SPAN_LIT("bob"), KEY, NULL, false, T0, NULL),
	    EPHEMERAL_NO_USER);
	assert_int_equal(ephemeral_find(f->t, SPAN_LIT("alic"), KEY, NULL, false, T0, NULL),
	    EPHEMERAL_NO_USER);
	assert_int_equal(ephemeral_find(f->t, SPAN_EMPTY, KEY, NULL, false, T0, NULL),
	    EPHEMERAL_NO_USER);
	assert_int_equal(ephemeral_find(f->t, USER, KEY2, NULL, false, T0, NULL), EPHEMERAL_UNKNOWN);
	assert_int_equal(ephemeral_find(f->t, SPAN_EMPTY, SPAN_EMPTY, NULL, false, T0, NULL),
	    EPHEMERAL_UNKNOWN);
}

static void
a_key_is_of_somebody_else_only_as_long_as_it_is_live_there(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	SCOPED(writer_free) struct writer w = writer_init(200);

	req.uses = 1;
	add_forget(f, req, T0);
	assert_int_equal(use_as(f, SPAN_LIT("bob"), KEY, NULL, T0),
	    EPHEMERAL_NO_USER);
	assert_int_equal(f->g.used, 0);
	ephemeral_reason(&w, EPHEMERAL_NO_USER, &f->g, T0);
	assert_true(span_is(writer_span(&w), "this key is registered, but not for this user"));
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(use_as(f, SPAN_LIT("bob"), KEY, NULL, T0),
	    EPHEMERAL_UNKNOWN);
	/* One that is over does not hide one that lives, in whatever order they came. */
	req.user = SPAN_LIT("carol");
	add_forget(f, req, T0);
	req.user = SPAN_LIT("dave");
	add_forget(f, req, T0);
	assert_int_equal(use_as(f, SPAN_LIT("dave"), KEY, NULL, T0), EPHEMERAL_YES);
	assert_int_equal(use_as(f, SPAN_LIT("bob"), KEY, NULL, T0),
	    EPHEMERAL_NO_USER);
}

/* --- codes --- */

#define PROOF	SPAN_LIT("0123456789abcdef0123456789ABCDEF")

static struct ephemeral_request
code_request(void)
{
	struct ephemeral_request req = request();

	req.uses = 1;
	req.proof = PROOF;
	return req;
}

static void
a_code_is_not_confirmed_to_who_only_asks(void **state)
{
	struct fixture *f = *state;

	add_forget(f, code_request(), T0);
	assert_int_equal(query(f, T0), EPHEMERAL_UNKNOWN);
	assert_int_equal(ephemeral_find(f->t, USER, KEY, NULL, true, T0, &f->g), EPHEMERAL_YES);
	assert_int_equal(ephemeral_find(f->t, SPAN_LIT("bob"), KEY, NULL, true, T0, NULL),
	    EPHEMERAL_UNKNOWN);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_true(span_eq(f->g.proof, PROOF));
	assert_string_equal(reason(f, T0 + 3 * S),
	    "this code was for one login and was used up 3 s ago: ask for a new one");
	assert_int_equal(query(f, T0), EPHEMERAL_UNKNOWN);
}

static void
a_proof_key_of_another_length_is_refused(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	req.proof = SPAN_LIT("short");
	assert_int_equal(ephemeral_add(f->t, &req, T0, &f->g, NULL), ERR_SYNTAX);
	assert_int_equal(ephemeral_count(f->t), 0);
}

static void
wrong_tries_from_many_sources_lock_a_code_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	char from[32];

	add_forget(f, code_request(), T0);
	req.blob = KEY2;
	add_forget(f, req, T0);
	for (int i = 1; i <= EPHEMERAL_CODE_TRIES; i++) {
		struct address a;

		assert_int_equal(ephemeral_find(f->t, USER, KEY, NULL, true, T0, NULL), EPHEMERAL_YES);
		snprintf(from, sizeof(from), "192.0.2.%d", i);
		a = address(from);
		ephemeral_wrong_code(f->t, SPAN_LIT("bob"), &a, T0);
		ephemeral_wrong_code(f->t, USER, &a, T0);
	}
	assert_string_equal(reason(f, T0),
	    "this code was locked after too many wrong tries: ask for a new one");
	assert_int_equal(f->g.state, EPHEMERAL_LOCKED);
	assert_int_equal(ephemeral_find(f->t, USER, KEY2, NULL, false, T0, NULL), EPHEMERAL_YES);
}

static void
one_source_is_shut_out_before_it_can_lock_a_code(void **state)
{
	struct fixture *f = *state;
	struct address bad = address("2001:db8::1"), same = address("2001:db8::ffff:2");
	struct address good = address("2001:db8:0:1::1");
	struct ephemeral_request req = code_request();

	req.ttl = 3600 * S;
	add_forget(f, req, T0);
	assert_true(ephemeral_wants_code(f->t, &bad, T0));
	for (int i = 0; i < 10 * EPHEMERAL_CODE_TRIES; i++)
		ephemeral_wrong_code(f->t, USER, &bad, T0);
	assert_false(ephemeral_wants_code(f->t, &same, T0));
	assert_int_equal(use_as(f, USER, KEY, &same, T0), EPHEMERAL_UNKNOWN);
	assert_true(ephemeral_wants_code(f->t, &good, T0));
	/* After a while it may try again. */
	assert_int_equal(use_as(f, USER, KEY, &same, T0 + EPHEMERAL_SOURCE_SHUT),
	    EPHEMERAL_YES);
}

static void
sources_of_wrong_codes_take_a_bounded_place(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = code_request();
	struct address first = address("10.255.255.255");

	req.user = SPAN_LIT("bob");
	add_forget(f, req, T0);
	for (int i = 0; i < EPHEMERAL_SOURCE_TRIES; i++)
		ephemeral_wrong_code(f->t, USER, &first, T0);
	assert_false(ephemeral_wants_code(f->t, &first, T0));
	for (int i = 0; i < 2 * EPHEMERAL_SOURCES; i++) {
		struct address a = { .family = 4, .bytes = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i } };

		ephemeral_wrong_code(f->t, USER, &a, T0 + S);
	}
	assert_true(ephemeral_wants_code(f->t, &first, T0 + S));	/* forgotten: the oldest */
	assert_int_equal(use_as(f, SPAN_LIT("bob"), KEY, &first, T0 + S),
	    EPHEMERAL_YES);
}

static void
codes_are_bounded_in_number_and_leave_room_when_they_end(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = code_request();
	enum ephemeral_full full;
	uint8_t key[4] = { 'k' };

	req.blob = span_of(key, sizeof(key));
	for (int i = 0; i < EPHEMERAL_CODES; i++) {
		key[1] = (uint8_t)i;
		add_forget(f, req, T0);
	}
	key[2] = 1;
	assert_int_equal(ephemeral_add(f->t, &req, T0, &f->g, &full), ERR_LIMIT);
	assert_int_equal(full, EPHEMERAL_FULL_CODES);
	req.proof = SPAN_EMPTY;
	add_forget(f, req, T0);
	req.proof = PROOF;
	add_forget(f, req, T0 + 60 * S);
}

static void
a_source_list_lets_in_from_nowhere_else(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	struct address in = address("192.0.2.77"), out = address("192.0.3.1");
	struct address in6 = address("2001:db8::1");

	req.sources = SPAN_LIT("192.0.2.0/24,2001:db8::/32");
	req.uses = 1;
	add_forget(f, req, T0);
	assert_int_equal(use_as(f, USER, KEY, &out, T0), EPHEMERAL_NO_SOURCE);
	assert_int_equal(use_as(f, USER, KEY, NULL, T0), EPHEMERAL_NO_SOURCE);
	assert_int_equal(ephemeral_find(f->t, USER, KEY, &in6, false, T0, NULL), EPHEMERAL_YES);
	/* The refusals consumed nothing. */
	assert_int_equal(use_as(f, USER, KEY, &in, T0), EPHEMERAL_YES);
}

static void
the_newest_usable_grant_of_a_key_counts(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request old = request(), new = request(), elsewhere = request();

	old.comment = SPAN_LIT("old");
	new.comment = SPAN_LIT("new");
	new.uses = 1;
	elsewhere.sources = SPAN_LIT("192.0.2.1");
	add_forget(f, old, T0);
	add_forget(f, new, T0);
	add_forget(f, elsewhere, T0);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_true(span_is(f->g.comment, "new"));
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_true(span_is(f->g.comment, "old"));
}

static void
what_a_query_allowed_says_nothing_about_another_key(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request narrow = request();

	/* Asked about one key, signed with another: the one that signed counts. */
	narrow.blob = KEY2;
	narrow.options = SPAN_LIT("restrict");
	add_forget(f, request(), T0);
	add_forget(f, narrow, T0);
	assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(use_as(f, USER, KEY2, NULL, T0), EPHEMERAL_YES);
	assert_true(span_is(f->g.options, "restrict"));
	assert_true(span_eq(f->g.blob, KEY2));
	assert_int_equal(use_as(f, USER, SPAN_LIT("a third"), NULL, T0),
	    EPHEMERAL_UNKNOWN);
}

/* --- reasons --- */

static void
the_holder_is_told_why(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	struct ephemeral_filter all = { .live_only = true };

	add_forget(f, request(), T0);
	assert_string_equal(reason(f, T0 + 72 * S),
	    "this key's registration expired 12 s ago: register it again");
	add_forget(f, request(), T0 + 100 * S);
	assert_int_equal(ephemeral_revoke_matching(f->t, &all, T0 + 101 * S), 1);
	assert_string_equal(reason(f, T0 + 102 * S),
	    "this key's registration was revoked 1 s ago: register it again");
	req.sources = SPAN_LIT("192.0.2.1");
	add_forget(f, req, T0 + 103 * S);
	assert_string_equal(reason(f, T0 + 103 * S),
	    "this key is registered, but not for logins from your address");
}

static void
a_stranger_is_told_nothing(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(reason(f, T0), "");
	add_forget(f, request(), T0);
	assert_string_equal(reason(f, T0), "");
}

static void
a_key_registered_again_works_again(void **state)
{
	struct fixture *f = *state;

	add_forget(f, request(), T0);
	assert_int_equal(use(f, T0 + 61 * S), EPHEMERAL_NO_EXPIRED);
	add_forget(f, request(), T0 + 62 * S);
	assert_int_equal(use(f, T0 + 62 * S), EPHEMERAL_YES);
}

/* --- what is refused --- */

static enum err
refusal(struct fixture *f, struct ephemeral_request req)
{
	return ephemeral_add(f->t, &req, T0, &f->g, NULL);
}

static void
malformed_requests_are_refused_and_change_nothing(void **state)
{
	static const char *const sources[] = { "192.0.2.0/33", "192.0.2.1/24", "not an address",
	    "192.0.2.1,", ",", "*", "!192.0.2.1", "192.0.2.*" };
	struct fixture *f = *state;
	struct ephemeral_request req;
	char long_user[LIMIT_USER + 2];

	for (size_t i = 0; i < COUNT(sources); i++) {
		req = request();
		req.sources = span_str(sources[i]);
		assert_int_equal(refusal(f, req), ERR_SYNTAX);
	}
	req = request(), req.user = SPAN_EMPTY;
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	memset(long_user, 'a', sizeof(long_user));
	req = request(), req.user = span_of(long_user, LIMIT_USER + 1);
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	req = request(), req.user = SPAN_LIT("a\nb");
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	req = request(), req.blob = SPAN_EMPTY;
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	req = request(), req.comment = SPAN_LIT("\033[2J");
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	req = request(), req.options = SPAN_LIT("pty\0,restrict");
	assert_int_equal(refusal(f, req), ERR_SYNTAX);
	assert_int_equal(ephemeral_count(f->t), 0);
	assert_int_equal(query(f, T0), EPHEMERAL_UNKNOWN);
}

static void
times_out_of_range_are_refused(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	req.ttl = 999;
	assert_int_equal(refusal(f, req), ERR_RANGE);
	req.ttl = 24 * 3600 * S + 1;
	assert_int_equal(refusal(f, req), ERR_RANGE);
	req.ttl = UINT64_MAX;
	assert_int_equal(refusal(f, req), ERR_RANGE);
	req.ttl = 24 * 3600 * S;
	assert_int_equal(refusal(f, req), ERR_OK);
	req = request(), req.grace = UINT64_MAX;
	assert_int_equal(refusal(f, req), ERR_RANGE);
	req = request(), req.session = EPHEMERAL_SESSION_LENGTH;
	assert_int_equal(refusal(f, req), ERR_RANGE);
	req.session_length = UINT64_MAX;
	assert_int_equal(refusal(f, req), ERR_RANGE);
}

/* --- full --- */

static enum ephemeral_full
fullness(struct fixture *f, struct ephemeral_request req)
{
	enum ephemeral_full full;
	enum err e = ephemeral_add(f->t, &req, T0, &f->g, &full);

	assert_int_equal(e, full == EPHEMERAL_NOT_FULL ? ERR_OK : ERR_LIMIT);
	return full;
}

static void
each_quota_refuses_saying_what_is_full_and_evicts_nobody(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct ephemeral_request req = request();

	limits.total = 4;
	limits.per_user = 2;
	limits.per_registrar = 3;
	ephemeral_set_limits(f->t, &limits);
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	assert_int_equal(fullness(f, req), EPHEMERAL_FULL_USER);
	req.user = SPAN_LIT("bob");
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	req.user = SPAN_LIT("carol");
	assert_int_equal(fullness(f, req), EPHEMERAL_FULL_REGISTRAR);
	req.registrar = SPAN_LIT("deploy");
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	req.user = SPAN_LIT("dave");
	assert_int_equal(fullness(f, req), EPHEMERAL_FULL_TOTAL);
	assert_int_equal(ephemeral_count(f->t), 4);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
}

static void
an_end_makes_room_at_once(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct ephemeral_request req = request();

	limits.total = 1;
	limits.per_user = 1;
	limits.per_registrar = 1;
	req.uses = 1;
	ephemeral_set_limits(f->t, &limits);
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	assert_int_equal(fullness(f, req), EPHEMERAL_FULL_TOTAL);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
}

static void
one_key_is_registered_sixteen_times_at_most(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	for (int i = 0; i < EPHEMERAL_PER_KEY; i++)
		assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
	assert_int_equal(fullness(f, req), EPHEMERAL_FULL_KEY);
	req.user = SPAN_LIT("bob");
	assert_int_equal(fullness(f, req), EPHEMERAL_NOT_FULL);
}

static void
memory_is_taken_from_the_dead_first_and_never_from_the_living(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_limits limits = ephemeral_default_limits();
	struct ephemeral_request req = request();
	struct ephemeral_filter all = { .live_only = true };
	char user[16];
	size_t n = 0, again = 0;

	limits.bytes = 64 * 1024;
	ephemeral_set_limits(f->t, &limits);
	for (;; n++) {
		req.user = span_of(user, (size_t)snprintf(user, sizeof(user), "user%zu", n));
		if (fullness(f, req) == EPHEMERAL_FULL_BYTES)
			break;
		assert_true(ephemeral_bytes(f->t) <= limits.bytes);
	}
	assert_true(n > 50);
	assert_int_equal(ephemeral_count(f->t), n);
	assert_int_equal(ephemeral_revoke_matching(f->t, &all, T0), n);
	for (;; again++) {
		req.user = span_of(user, (size_t)snprintf(user, sizeof(user), "again%zu", again));
		if (fullness(f, req) == EPHEMERAL_FULL_BYTES)
			break;
	}
	assert_true(again + 2 >= n);
	assert_true(ephemeral_bytes(f->t) <= limits.bytes);
}

/* --- revoke, extend --- */

static void
revoking_by_id_user_fingerprint_and_all(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request bob = request(), two = request();
	struct ephemeral_filter by_user = { .user = SPAN_LIT("bob") };
	struct ephemeral_filter everything = { .live_only = true };
	struct ephemeral_filter by_fingerprint = { .live_only = true };
	uint8_t fingerprint[EPHEMERAL_FP_LEN];
	char *id = add(f, request(), T0);

	bob.user = SPAN_LIT("bob");
	two.blob = KEY2;
	assert_int_equal(ephemeral_revoke(f->t, span_str(id), T0), ERR_OK);
	assert_int_equal(ephemeral_revoke(f->t, span_str(id), T0), ERR_DENIED);
	assert_int_equal(ephemeral_revoke(f->t, SPAN_LIT("nosuchid"), T0), ERR_NOTFOUND);
	assert_int_equal(query(f, T0), EPHEMERAL_NO_REVOKED);
	free(id);

	add_forget(f, request(), T0);
	add_forget(f, bob, T0);
	add_forget(f, bob, T0);
	assert_int_equal(ephemeral_revoke_matching(f->t, &by_user, T0), 2);
	assert_int_equal(query(f, T0), EPHEMERAL_YES);

	add_forget(f, bob, T0);
	add_forget(f, two, T0);
	memcpy(fingerprint, f->g.fingerprint.p, sizeof(fingerprint));
	by_fingerprint.fingerprint = span_of(fingerprint, sizeof(fingerprint));
	assert_int_equal(ephemeral_revoke_matching(f->t, &by_fingerprint, T0), 1);
	assert_int_equal(ephemeral_find(f->t, USER, KEY2, NULL, false, T0, NULL), EPHEMERAL_NO_REVOKED);
	assert_int_equal(ephemeral_revoke_matching(f->t, &everything, T0), 2);
	assert_int_equal(ephemeral_count(f->t), 0);
}

static void
extending_moves_the_end_and_never_brings_back(void **state)
{
	struct fixture *f = *state;
	char *id = add(f, request(), T0);

	assert_int_equal(ephemeral_extend(f->t, span_str(id), 30 * S, T0, &f->g), ERR_RANGE);
	assert_int_equal(ephemeral_extend(f->t, span_str(id), 600 * S, T0 + 30 * S, &f->g), ERR_OK);
	assert_true(f->g.end == T0 + 630 * S);
	assert_int_equal(ephemeral_extend(f->t, span_str(id), 25 * 3600 * S, T0, &f->g), ERR_RANGE);
	assert_int_equal(query(f, T0 + 629 * S), EPHEMERAL_YES);
	assert_int_equal(query(f, T0 + 630 * S), EPHEMERAL_NO_EXPIRED);
	assert_int_equal(ephemeral_extend(f->t, span_str(id), 600 * S, T0 + 631 * S, &f->g),
	    ERR_DENIED);
	assert_int_equal(ephemeral_extend(f->t, SPAN_LIT("nosuchid"), 60 * S, T0, &f->g),
	    ERR_NOTFOUND);
	free(id);
}

/* --- listing --- */

static void
the_list_is_complete_and_in_order_while_the_table_changes(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_filter live = { .live_only = true };
	struct ephemeral_cursor cursor = { .serial = 0 };
	char *ids[10];
	int seen = 0;

	for (int i = 0; i < 10; i++) {
		struct ephemeral_request req = request();
		char comment[4] = { (char)('0' + i) };

		req.comment = span_of(comment, 1);
		ids[i] = add(f, req, T0);
	}
	while (ephemeral_next(f->t, &live, &cursor, &f->g)) {
		assert_int_equal(f->g.comment.p[0], '0' + seen);
		seen++;
		/* The one just seen goes, and the one after the next. */
		if (seen == 3) {
			assert_int_equal(ephemeral_revoke(f->t, span_str(ids[2]), T0), ERR_OK);
			assert_int_equal(ephemeral_revoke(f->t, span_str(ids[4]), T0), ERR_OK);
		}
		if (seen == 4)
			seen++;
	}
	assert_int_equal(seen, 10);
	for (int i = 0; i < 10; i++)
		free(ids[i]);
}

static void
a_cursor_whose_grant_is_forgotten_goes_on_behind_it(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_filter any = { .live_only = false };
	struct ephemeral_cursor cursor = { .serial = 0 };
	struct ephemeral_request later = request();

	add_forget(f, request(), T0);
	later.ttl = 3600 * S;
	later.comment = SPAN_LIT("later");
	add_forget(f, later, T0);
	assert_true(ephemeral_next(f->t, &any, &cursor, &f->g));
	ephemeral_tick(f->t, T0 + 60 * S);
	ephemeral_tick(f->t, T0 + 660 * S);
	assert_true(ephemeral_next(f->t, &any, &cursor, &f->g));
	assert_true(span_is(f->g.comment, "later"));
	assert_false(ephemeral_next(f->t, &any, &cursor, &f->g));
}

/* --- sessions --- */

static void
a_use_is_held_until_the_whole_login_has_succeeded(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request once = request();

	once.uses = 1;
	once.grace = 300 * S;
	add_forget(f, once, T0);
	assert_int_equal(reserve(f, 1, T0), EPHEMERAL_YES);
	assert_int_equal(f->g.reserved, 1);
	assert_int_equal(f->g.used, 0);
	assert_int_equal(f->g.sessions, 0);
	/* Nobody else gets it meanwhile, and whoever holds the key is told why. */
	assert_int_equal(reserve(f, 2, T0), EPHEMERAL_NO_BUSY);
	assert_int_equal(query(f, T0), EPHEMERAL_NO_BUSY);
	assert_string_equal(reason(f, T0), "this key's registration is being used by another login: "
	    "try again when that is over");
	/* It is no session yet, and has no end. */
	assert_true(ephemeral_session_end(f->t, 1) == MSEC_NEVER);
	assert_int_equal(ephemeral_commit(f->t, 1, T0 + S, &f->g), EPHEMERAL_YES);
	assert_int_equal(f->g.reserved, 0);
	assert_int_equal(f->g.used, 1);
	assert_int_equal(f->g.sessions, 1);
	assert_int_equal(f->g.state, EPHEMERAL_USED_UP);
	assert_int_equal(reserve(f, 2, T0 + S), EPHEMERAL_NO_USED_UP);
	assert_int_equal(ephemeral_commit(f->t, 1, T0 + S, NULL), EPHEMERAL_UNKNOWN);
}

static void
a_login_that_fails_gives_its_use_back(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request once = request();
	struct ephemeral_event ev;

	once.uses = 1;
	add_forget(f, once, T0);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(reserve(f, i, T0), EPHEMERAL_YES);
		ephemeral_close(f->t, i);
	}
	assert_int_equal(query(f, T0), EPHEMERAL_YES);
	assert_int_equal(f->g.used, 0);
	assert_int_equal(f->g.reserved, 0);
	/* Nothing was used, so nothing is told of it. */
	while (ephemeral_next_event(f->t, &ev))
		assert_int_equal(ev.kind, EPHEMERAL_EV_REGISTERED);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
}

static void
of_several_uses_as_many_are_held_as_there_are(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();

	req.uses = 2;
	add_forget(f, req, T0);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(reserve(f, 1, T0), EPHEMERAL_YES);
	assert_int_equal(reserve(f, 2, T0), EPHEMERAL_NO_BUSY);
	ephemeral_close(f->t, 1);
	assert_int_equal(reserve(f, 2, T0), EPHEMERAL_YES);
	assert_int_equal(ephemeral_commit(f->t, 2, T0, &f->g), EPHEMERAL_YES);
	assert_int_equal(f->g.state, EPHEMERAL_USED_UP);
	/* Without a number of uses there is nothing to wait for. */
	req.uses = 0;
	req.blob = KEY2;
	add_forget(f, req, T0);
	for (uint64_t i = 10; i < 20; i++)
		assert_int_equal(reserve_as(f, i, USER, KEY2, NULL, T0), EPHEMERAL_YES);
	/* A usable registration counts before one that is in use. */
	req.blob = KEY;
	req.uses = 1;
	add_forget(f, req, T0);
	assert_int_equal(reserve(f, 30, T0), EPHEMERAL_YES);
	req.comment = SPAN_LIT("second");
	add_forget(f, req, T0);
	assert_int_equal(reserve(f, 31, T0), EPHEMERAL_YES);
	assert_true(span_is(f->g.comment, "second"));
	assert_int_equal(reserve(f, 32, T0), EPHEMERAL_NO_BUSY);
}

static void
what_ends_while_a_login_goes_on_lets_nobody_in(void **state)
{
	struct fixture *f = *state;
	char *id = add(f, request(), T0);

	assert_int_equal(reserve(f, 1, T0), EPHEMERAL_YES);
	assert_int_equal(reserve(f, 2, T0), EPHEMERAL_YES);
	assert_int_equal(ephemeral_revoke(f->t, span_str(id), T0 + S), ERR_OK);
	assert_int_equal(ephemeral_commit(f->t, 1, T0 + 2 * S, &f->g), EPHEMERAL_NO_REVOKED);
	assert_int_equal(f->g.used, 0);
	assert_int_equal(f->g.sessions, 0);
	/* It is remembered for as long as somebody holds it. */
	ephemeral_tick(f->t, T0 + 86400 * S);
	assert_int_equal(ephemeral_get(f->t, span_str(id), T0, &f->g), ERR_OK);
	assert_int_equal(ephemeral_commit(f->t, 2, T0 + 86400 * S, NULL), EPHEMERAL_NO_REVOKED);
	ephemeral_close(f->t, 1);
	ephemeral_close(f->t, 2);
	ephemeral_tick(f->t, T0 + 90000 * S);
	assert_int_equal(ephemeral_get(f->t, span_str(id), T0, &f->g), ERR_NOTFOUND);
	free(id);
	add_forget(f, request(), T0 + 90000 * S);
	assert_int_equal(reserve(f, 3, T0 + 90059 * S), EPHEMERAL_YES);
	assert_int_equal(ephemeral_commit(f->t, 3, T0 + 90060 * S, NULL), EPHEMERAL_NO_EXPIRED);
}

static void
sessions_of_a_grant_are_known_until_they_end(void **state)
{
	struct fixture *f = *state;
	char *id = add(f, request(), T0);
	uint64_t session = 0;
	unsigned n = 0, sum = 0;
	struct ephemeral_login again = { .number = 7, .user = USER, .blob = KEY };
	enum ephemeral_answer answer;

	open_session(f, KEY, 7, T0);
	assert_int_equal(ephemeral_reserve(f->t, &again, T0, &answer, NULL), ERR_EXISTS);
	assert_int_equal(ephemeral_commit(f->t, 7, T0, NULL), EPHEMERAL_UNKNOWN);
	assert_int_equal(ephemeral_commit(f->t, 9, T0, NULL), EPHEMERAL_UNKNOWN);
	open_session(f, KEY, 8, T0);
	while (ephemeral_session_next(f->t, span_str(id), &session)) {
		sum += (unsigned)session;
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(sum, 15);
	ephemeral_close(f->t, 7);
	ephemeral_close(f->t, 7);
	session = 0;
	assert_true(ephemeral_session_next(f->t, span_str(id), &session));
	assert_int_equal(session, 8);
	assert_int_equal(ephemeral_get(f->t, span_str(id), T0, &f->g), ERR_OK);
	assert_int_equal(f->g.sessions, 1);
	free(id);
}

static void
a_grant_with_sessions_is_not_forgotten(void **state)
{
	struct fixture *f = *state;
	char *id = add(f, request(), T0);

	open_session(f, KEY, 7, T0);
	ephemeral_tick(f->t, T0 + 60 * S);
	ephemeral_tick(f->t, T0 + 86400 * S);
	assert_int_equal(ephemeral_get(f->t, span_str(id), T0, &f->g), ERR_OK);
	assert_int_equal(f->g.state, EPHEMERAL_EXPIRED);
	ephemeral_close(f->t, 7);
	ephemeral_tick(f->t, T0 + 87000 * S);
	assert_int_equal(ephemeral_get(f->t, span_str(id), T0, &f->g), ERR_NOTFOUND);
	free(id);
}

static void
sessions_end_as_the_grant_says(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	char *id;

	id = add(f, req, T0);
	open_session(f, KEY, 1, T0);
	assert_true(ephemeral_session_end(f->t, 1) == MSEC_NEVER);
	assert_true(ephemeral_session_end(f->t, 99) == MSEC_NEVER);
	free(id);

	req.session = EPHEMERAL_SESSION_LENGTH;
	req.session_length = 3600 * S;
	id = add(f, req, T0);
	open_session(f, KEY, 2, T0 + 10 * S);
	assert_true(ephemeral_session_end(f->t, 2) == T0 + 3610 * S);
	free(id);

	req.session = EPHEMERAL_SESSION_GRANT;
	req.uses = 1;
	req.blob = KEY2;
	id = add(f, req, T0 + 10 * S);
	open_session(f, KEY2, 3, T0 + 10 * S);
	/* Used up ends logins, not the session; and the session can be extended. */
	assert_true(ephemeral_session_end(f->t, 3) == T0 + 70 * S);
	assert_int_equal(ephemeral_extend(f->t, span_str(id), 600 * S, T0 + 20 * S, &f->g), ERR_OK);
	assert_true(ephemeral_session_end(f->t, 3) == T0 + 620 * S);
	assert_int_equal(use_as(f, USER, KEY2, NULL, T0 + 20 * S),
	    EPHEMERAL_NO_USED_UP);
	free(id);
}

static void
revoking_ends_sessions_that_last_until_the_grant_ends(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	char *id;

	req.session = EPHEMERAL_SESSION_GRANT;
	id = add(f, req, T0);
	open_session(f, KEY, 1, T0);
	assert_int_equal(ephemeral_revoke(f->t, span_str(id), T0 + 5 * S), ERR_OK);
	assert_true(ephemeral_session_end(f->t, 1) == T0 + 5 * S);
	free(id);
}

/* --- events --- */

static void
next_event_is(struct fixture *f, enum ephemeral_event_kind kind, uint32_t times)
{
	struct ephemeral_event ev;

	assert_true(ephemeral_next_event(f->t, &ev));
	assert_string_equal(ephemeral_event_name(ev.kind), ephemeral_event_name(kind));
	assert_int_equal(ev.times, times);
}

static void
events_tell_what_happened_in_order(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	struct ephemeral_event ev;

	req.uses = 3;
	add_forget(f, req, T0);
	next_event_is(f, EPHEMERAL_EV_REGISTERED, 1);
	assert_false(ephemeral_next_event(f->t, &ev));
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	next_event_is(f, EPHEMERAL_EV_USED, 2);
	assert_int_equal(use(f, T0), EPHEMERAL_YES);
	assert_int_equal(use(f, T0), EPHEMERAL_NO_USED_UP);
	next_event_is(f, EPHEMERAL_EV_USED, 1);
	next_event_is(f, EPHEMERAL_EV_REFUSED, 1);
	next_event_is(f, EPHEMERAL_EV_USED_UP, 1);
	add_forget(f, req, T0);
	ephemeral_tick(f->t, T0 + 60 * S);
	next_event_is(f, EPHEMERAL_EV_REGISTERED, 1);
	next_event_is(f, EPHEMERAL_EV_EXPIRED, 1);
	assert_false(ephemeral_next_event(f->t, &ev));
	/* Queries are no events: anybody can make them. */
	assert_int_equal(query(f, T0), EPHEMERAL_NO_EXPIRED);
	assert_false(ephemeral_next_event(f->t, &ev));
}

static void
a_refusal_says_why_and_from_where(void **state)
{
	struct fixture *f = *state;
	struct ephemeral_request req = request();
	struct address from = address("192.0.2.9");
	struct ephemeral_event ev;

	req.sources = SPAN_LIT("192.0.2.1");
	add_forget(f, req, T0);
	next_event_is(f, EPHEMERAL_EV_REGISTERED, 1);
	assert_int_equal(use_as(f, USER, KEY, &from, T0), EPHEMERAL_NO_SOURCE);
	assert_true(ephemeral_next_event(f->t, &ev));
	assert_int_equal(ev.kind, EPHEMERAL_EV_REFUSED);
	assert_int_equal(ev.answer, EPHEMERAL_NO_SOURCE);
	assert_memory_equal(&ev.source, &from, sizeof(from));
	assert_true(span_eq(ev.grant.user, USER));
}

/* --- memory --- */

static void
without_memory_an_addition_changes_nothing(void **state)
{
	(void)state;
	for (unsigned n = 0;; n++) {
		struct ephemeral_limits limits = ephemeral_default_limits();
		struct rng_test seed = { 1 };
		struct ephemeral *t = NULL;
		struct ephemeral_request req = request();
		struct ephemeral_grant g;
		struct ephemeral_login login = { .number = 1, .user = USER, .blob = KEY };
		char id[EPHEMERAL_ID_SIZE] = "";
		enum ephemeral_answer answer;
		enum err e;

		alloc_fail_after(n);
		e = ephemeral_new(&t, &limits, rng_test(&seed));
		if (e == ERR_OK)
			e = ephemeral_add(t, &req, T0, &g, NULL);
		if (e == ERR_OK) {
			memcpy(id, g.id, sizeof(id));
			e = ephemeral_reserve(t, &login, T0, &answer, &g);
		}
		alloc_fail_never();
		if (e != ERR_OK && t != NULL) {
			assert_int_equal(ephemeral_count(t), id[0] != '\0');
			assert_int_equal(ephemeral_find(t, USER, KEY, NULL, false, T0, NULL),
			    id[0] != '\0' ? EPHEMERAL_YES : EPHEMERAL_UNKNOWN);
		}
		ephemeral_free(t);
		if (!alloc_failed()) {
			assert_int_equal(e, ERR_OK);
			break;
		}
		assert_int_equal(e, ERR_NOMEM);
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_key_lets_in_within_its_ttl_and_not_after),
		T(time_that_goes_back_brings_nothing_back),
		T(the_deadline_is_the_next_end_and_then_the_next_forgetting),
		T(what_is_over_is_remembered_for_ten_minutes),
		T(a_once_key_works_once_when_two_clients_race_for_it),
		T(a_query_consumes_nothing),
		T(three_uses_are_three),
		T(grace_begins_with_the_first_use),
		T(grace_never_shortens_and_needs_a_use),
		T(key_and_user_must_both_be_the_registered_ones),
		T(a_key_is_of_somebody_else_only_as_long_as_it_is_live_there),
		T(a_code_is_not_confirmed_to_who_only_asks),
		T(a_proof_key_of_another_length_is_refused),
		T(wrong_tries_from_many_sources_lock_a_code_and_nothing_else),
		T(one_source_is_shut_out_before_it_can_lock_a_code),
		T(sources_of_wrong_codes_take_a_bounded_place),
		T(codes_are_bounded_in_number_and_leave_room_when_they_end),
		T(a_source_list_lets_in_from_nowhere_else),
		T(the_newest_usable_grant_of_a_key_counts),
		T(what_a_query_allowed_says_nothing_about_another_key),
		T(the_holder_is_told_why),
		T(a_stranger_is_told_nothing),
		T(a_key_registered_again_works_again),
		T(malformed_requests_are_refused_and_change_nothing),
		T(times_out_of_range_are_refused),
		T(each_quota_refuses_saying_what_is_full_and_evicts_nobody),
		T(an_end_makes_room_at_once),
		T(one_key_is_registered_sixteen_times_at_most),
		T(memory_is_taken_from_the_dead_first_and_never_from_the_living),
		T(revoking_by_id_user_fingerprint_and_all),
		T(extending_moves_the_end_and_never_brings_back),
		T(the_list_is_complete_and_in_order_while_the_table_changes),
		T(a_cursor_whose_grant_is_forgotten_goes_on_behind_it),
		T(a_use_is_held_until_the_whole_login_has_succeeded),
		T(a_login_that_fails_gives_its_use_back),
		T(of_several_uses_as_many_are_held_as_there_are),
		T(what_ends_while_a_login_goes_on_lets_nobody_in),
		T(sessions_of_a_grant_are_known_until_they_end),
		T(a_grant_with_sessions_is_not_forgotten),
		T(sessions_end_as_the_grant_says),
		T(revoking_ends_sessions_that_last_until_the_grant_ends),
		T(events_tell_what_happened_in_order),
		T(a_refusal_says_why_and_from_where),
		T(without_memory_an_addition_changes_nothing),
	};

	return cmocka_run_group_tests_name("ephemeral", tests, NULL, NULL);
}
