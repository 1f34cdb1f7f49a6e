/* SPDX-License-Identifier: ISC */
/* kex/method: what a client sends and what K comes of the answer, method by method. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "kex/method.h"
#include "regress/support/kat.h"

/* A source that gives what a record says, and no more. */
static void
fill_scripted(void *state, struct room room)
{
	struct span *script = state;

	assert_true(room.len <= script->len);
	memcpy(room.p, script->p, room.len);
	*script = span_skip(*script, room.len);
}

static struct span
field(const struct kat *kat, const char *name)
{
	size_t len;
	const uint8_t *p = kat_bytes(kat, name, &len);

	return span_of(p, len);
}

/* Both secrets of sntrup761's methods, one behind the other; and the whole S_REPLY. */
static void
take_sntrup(const struct kat *record, struct kex_run *run)
{
	SCOPED(writer_free) struct writer state = writer_init(LIMIT_PACKET);
	struct kat kat;

	kat_open(&kat, "sntrup761.txt");
	while (kat_next(&kat)) {
		writer_reset(&state);
		writer_reset(&run->reply);
		wr_raw(&state, field(&kat, "secret"));
		wr_raw(&run->reply, field(&kat, "ct"));
	}
	wr_raw(&state, field(record, "curve"));
	wr_raw(&run->reply, field(record, "reply"));
	assert_int_equal(wr_end(&state), ERR_OK);
	assert_int_equal(secret_copy(&run->state, writer_span(&state)), ERR_OK);
}

static void
each_vector_gives_its_message_and_its_secret(void **state)
{
	unsigned seen = 0;
	struct kat kat;

	(void)state;
	kat_open(&kat, "kex.txt");
	while (kat_next(&kat)) {
		const struct kex_method *m = kex_method_find(span_str(kat_text(&kat, "method")));
		struct kex_run run = { .method = m, .side = SIDE_CLIENT,
		    .init = writer_init(LIMIT_PACKET), .reply = writer_init(LIMIT_PACKET) };
		struct span script = SPAN_EMPTY;

		assert_non_null(m);
		if (kat_text(&kat, "random") == NULL) {
			take_sntrup(&kat, &run);
		} else {
			script = field(&kat, "random");
			run.rng = (struct rng){ fill_scripted, &script };
			assert_int_equal(m->init(&run), ERR_OK);
			assert_int_equal(script.len, 0);
			assert_true(span_eq(writer_span(&run.init), field(&kat, "init")));
			wr_raw(&run.reply, field(&kat, "reply"));
		}
		assert_int_equal(m->finish(&run), ERR_OK);
		assert_true(span_eq(secret_span(&run.shared), field(&kat, "k")));
		kex_run_free(&run);
		seen++;
	}
	assert_int_equal(seen, 17);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_gives_its_message_and_its_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
