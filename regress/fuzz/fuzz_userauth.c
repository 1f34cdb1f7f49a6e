/* SPDX-License-Identifier: ISC */
/*
 * The authentication layer of either side against any sequence of messages,
 * with a program that answers at random; and put(get(x)) of every codec.
 *
 * Input: a byte for the side, then (byte length-high, byte length-low, payload)
 * and, after an event that asks, a byte for the answer.
 */
#include "auth/messages.h"
#include "auth/userauth.h"
#include "regress/support/fake_transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a _get accepts, _put writes so that _get gives the same again. */
#define ROUND_TRIP(name, body, ...)					\
	do {								\
		struct name m = { __VA_ARGS__ };			\
		struct name again = { __VA_ARGS__ };			\
		SCOPED(writer_free) struct writer one = writer_init(1 << 20); \
		SCOPED(writer_free) struct writer two = writer_init(1 << 20); \
		if (name##_get(body, &m) == ERR_OK) {			\
			name##_put(&one, &m);				\
			must(name##_get(writer_span(&one), &again) == ERR_OK); \
			name##_put(&two, &again);			\
			must(span_eq(writer_span(&one), writer_span(&two))); \
		}							\
	} while (0)

static void
codecs(struct span body)
{
	ROUND_TRIP(userauth_request, body, .user = SPAN_EMPTY);
	ROUND_TRIP(userauth_password, body, .is_change = false);
	ROUND_TRIP(userauth_publickey, body, .is_hostbound = false);
	ROUND_TRIP(userauth_publickey, body, .is_hostbound = true);
	ROUND_TRIP(userauth_kbdint, body, .language = SPAN_EMPTY);
	ROUND_TRIP(userauth_hostbased, body, .alg = SPAN_EMPTY);
	ROUND_TRIP(userauth_failure, body, .partial = false);
	ROUND_TRIP(userauth_pk_ok, body, .alg = SPAN_EMPTY);
	ROUND_TRIP(userauth_text, body, .text = SPAN_EMPTY);
	ROUND_TRIP(userauth_info_request, body, .n = 0);
}

static void
server_answers(struct auth *a, const struct event *ev, uint8_t how)
{
	struct kbdint_prompt prompts[KBDINT_MAX_PROMPTS] = { { SPAN_LIT("?"), false } };

	if (how & 0x80)
		auth_banner(a, SPAN_LIT("banner"));
	if ((how & 7) <= AUTH_RESULT_SUCCESS)
		auth_answer(a, ev->id, (enum auth_result)(how & 7), SPAN_LIT("password"));
	else if ((how & 7) == 7)
		auth_answer_change(a, ev->id, SPAN_LIT("new"));
	else
		auth_answer_prompts(a, ev->id, SPAN_EMPTY, SPAN_EMPTY, prompts, how >> 3 & 15);
}

static void
client_answers(struct auth *a, uint8_t how)
{
	struct span answers[KBDINT_MAX_PROMPTS] = { SPAN_LIT("!") };
	struct span user = SPAN_LIT("u"), alg = SPAN_LIT("a"), blob = SPAN_LIT("b");

	switch (how & 7) {
	case 0:
		auth_send_none(a, user);
		break;
	case 1:
		auth_send_password(a, user, blob);
		break;
	case 2:
		auth_send_query(a, user, alg, blob);
		break;
	case 3:
		auth_send_key(a, user, alg, blob, blob);
		break;
	case 4:
		auth_send_kbdint(a, user, alg);
		break;
	case 5:
		auth_send_answers(a, answers, how >> 3 & 15);
		break;
	case 6:
		auth_send_new_password(a, user, alg, blob);
		break;
	default:
		auth_send_hostbased(a, user, alg, blob, alg, user, blob);
		break;
	}
}

static enum err
hand_over(struct auth *a, enum side side, struct span payload, struct event *ev)
{
	switch (payload.p[0]) {
	case MSG_SERVICE_REQUEST:
		return side == SIDE_SERVER ? auth_on_service_request(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_REQUEST:
		return side == SIDE_SERVER ? auth_on_request(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_INFO_RESPONSE:
		return side == SIDE_SERVER ? auth_on_info_response(a, payload, ev) : ERR_SEQUENCE;
	case MSG_SERVICE_ACCEPT:
		return side == SIDE_CLIENT ? auth_on_service_accept(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_FAILURE:
		return side == SIDE_CLIENT ? auth_on_failure(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_SUCCESS:
		return side == SIDE_CLIENT ? auth_on_success(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_BANNER:
		return side == SIDE_CLIENT ? auth_on_banner(a, payload, ev) : ERR_SEQUENCE;
	case MSG_USERAUTH_60:
		return side == SIDE_CLIENT ? auth_on_60(a, payload, ev) : ERR_SEQUENCE;
	default:
		return ERR_SEQUENCE;
	}
}

/* Runs messages and answers until one is refused or the input ends. */
static void
run(struct auth *a, enum side side, struct reader *r, const struct transport *t)
{
	while (r->rest.len > 2 && !auth_is_open(a)) {
		size_t len = (size_t)rd_u8(r) << 8;
		struct event ev = { .type = EV_NONE };
		struct span payload;

		len |= rd_u8(r);
		payload = rd_raw(r, len < r->rest.len ? len : r->rest.len);
		if (payload.len == 0 || hand_over(a, side, payload, &ev) != ERR_OK)
			return;
		if (ev.type == EV_NEED_AUTH || ev.type == EV_NEED_AUTH_ANSWERS)
			server_answers(a, &ev, rd_u8(r));
		else if (ev.type != EV_NONE && side == SIDE_CLIENT && !auth_is_open(a))
			client_answers(a, rd_u8(r));
		if (t->fault != ERR_OK)
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = rd_init(span_of(data, size));
	struct transport t = fake_transport();
	enum side side = rd_u8(&r) & 1 ? SIDE_SERVER : SIDE_CLIENT;
	struct auth *a;

	codecs(r.rest);
	must(auth_new(&a, side, &t) == ERR_OK);
	if (side == SIDE_CLIENT)
		auth_start(a);
	run(a, side, &r, &t);
	must(t.is_authenticated == auth_is_open(a));
	auth_free(a);
	fake_free(&t);
	return 0;
}
