/* SPDX-License-Identifier: ISC */
/* curve25519-sha256 (RFC 8731): C_INIT and S_REPLY are X25519 public keys. */
#include "crypto/x25519.h"
#include "kex/method.h"

static enum err curve25519_init(struct kex_run *run);
static enum err curve25519_reply(struct kex_run *run);
static enum err curve25519_finish(struct kex_run *run);

#define CURVE25519(c_name)						\
	{								\
		.name = (c_name), .hash = "sha256",			\
		.init_number = 30, .reply_number = 31,			\
		.init = curve25519_init, .reply = curve25519_reply,	\
		.finish = curve25519_finish,				\
	}

const struct kex_method kex_curve25519 = CURVE25519("curve25519-sha256");
const struct kex_method kex_curve25519_libssh = CURVE25519("curve25519-sha256@libssh.org");

/* Makes our key pair: the secret half into run->state, the other into w. */
static enum err
keygen(struct kex_run *run, struct writer *w)
{
	uint8_t public[X25519_LEN];

	TRY(secret_alloc(&run->state, X25519_LEN));
	TRY(x25519_keygen(&run->rng, run->state.p, public));
	wr_raw(w, span_of(public, sizeof(public)));
	return wr_end(w);
}

/* RFC 8731 3.1: K is the mpint of the 32 bytes as a big-endian number. */
static enum err
agree(struct kex_run *run, struct span peer)
{
	SCOPED(secret_free) struct secret shared = { 0 };

	TRY(secret_alloc(&shared, X25519_LEN));
	TRY(x25519_agree(run->state.p, peer, shared.p));
	return kex_shared_mpint(run, secret_span(&shared));
}

static enum err
curve25519_init(struct kex_run *run)
{
	return keygen(run, &run->init);
}

static enum err
curve25519_reply(struct kex_run *run)
{
	TRY(keygen(run, &run->reply));
	return agree(run, writer_span(&run->init));
}

static enum err
curve25519_finish(struct kex_run *run)
{
	return agree(run, writer_span(&run->reply));
}
