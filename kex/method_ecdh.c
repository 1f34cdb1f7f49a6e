/* SPDX-License-Identifier: ISC */
/* ecdh-sha2-nistp* (RFC 5656 4): C_INIT and S_REPLY are uncompressed points. */
#include "crypto/ecdh.h"
#include "kex/method.h"

static enum err ecdh_init(struct kex_run *run);
static enum err ecdh_reply(struct kex_run *run);
static enum err ecdh_finish(struct kex_run *run);

#define ECDH(c_name, c_hash)						\
	{								\
		.name = (c_name), .hash = (c_hash),			\
		.init_number = 30, .reply_number = 31,			\
		.init = ecdh_init, .reply = ecdh_reply,			\
		.finish = ecdh_finish,					\
	}

const struct kex_method kex_ecdh_p256 = ECDH("ecdh-sha2-nistp256", "sha256");
const struct kex_method kex_ecdh_p384 = ECDH("ecdh-sha2-nistp384", "sha384");
const struct kex_method kex_ecdh_p521 = ECDH("ecdh-sha2-nistp521", "sha512");

static enum ecdh_curve
curve_of(const struct kex_run *run)
{
	if (run->method == &kex_ecdh_p256)
		return ECDH_P256;
	return run->method == &kex_ecdh_p384 ? ECDH_P384 : ECDH_P521;
}

/* Makes our key pair: the secret half into run->state, the other into w. */
static enum err
keygen(struct kex_run *run, struct writer *w)
{
	uint8_t public[ECDH_MAX_POINT];

	TRY(secret_alloc(&run->state, ECDH_MAX_LEN));
	TRY(ecdh_keygen(curve_of(run), &run->rng, run->state.p, public));
	wr_raw(w, span_of(public, ecdh_point_len(curve_of(run))));
	return wr_end(w);
}

/* RFC 5656 4: K is the mpint of the shared point's X coordinate. */
static enum err
agree(struct kex_run *run, struct span peer)
{
	SCOPED(secret_free) struct secret shared = { 0 };

	TRY(secret_alloc(&shared, ECDH_MAX_LEN));
	TRY(ecdh_agree(curve_of(run), run->state.p, peer, shared.p));
	return kex_shared_mpint(run, span_first(secret_span(&shared), ecdh_len(curve_of(run))));
}

static enum err
ecdh_init(struct kex_run *run)
{
	return keygen(run, &run->init);
}

static enum err
ecdh_reply(struct kex_run *run)
{
	TRY(keygen(run, &run->reply));
	return agree(run, writer_span(&run->init));
}

static enum err
ecdh_finish(struct kex_run *run)
{
	return agree(run, writer_span(&run->reply));
}
