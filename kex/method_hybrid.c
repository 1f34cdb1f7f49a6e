/* SPDX-License-Identifier: ISC */
#include "kex/method_hybrid.h"

#include "crypto/ecdh.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"
#include "crypto/sntrup761.h"
#include "crypto/x25519.h"

/* --- the two halves --- */

struct kem {
	size_t public_len;
	size_t secret_len;
	size_t ct_len;
	size_t shared_len;
	enum err (*keygen)(const struct rng *rng, uint8_t *public, uint8_t *secret);
	enum err (*encaps)(const struct rng *rng, struct span public, uint8_t *ct, uint8_t *shared);
	enum err (*decaps)(struct span secret, struct span ct, uint8_t *shared);
};

struct curve {
	size_t public_len;
	size_t secret_len;
	size_t shared_len;
	enum err (*keygen)(const struct rng *rng, uint8_t *secret, uint8_t *public);
	enum err (*agree)(const uint8_t *secret, struct span peer, uint8_t *shared);
};

/* The most of any of the above. */
#define MAX_PUBLIC	MLKEM_MAX_EK_LEN
#define MAX_CT		MLKEM_MAX_CT_LEN
#define MAX_POINT	ECDH_MAX_POINT

#define MLKEM(set)							\
static enum err								\
mlkem##set##_keygen(const struct rng *rng, uint8_t *public, uint8_t *secret) \
{									\
	return mlkem_keygen(MLKEM_##set, rng, public, secret);		\
}									\
static enum err								\
mlkem##set##_encaps(const struct rng *rng, struct span public, uint8_t *ct, uint8_t *shared) \
{									\
	return mlkem_encaps(MLKEM_##set, rng, public, ct, shared);	\
}									\
static enum err								\
mlkem##set##_decaps(struct span secret, struct span ct, uint8_t *shared) \
{									\
	return mlkem_decaps(MLKEM_##set, secret, ct, shared);		\
}									\
static const struct kem mlkem##set = {					\
	MLKEM_##set##_EK_LEN, MLKEM_##set##_DK_LEN, MLKEM_##set##_CT_LEN, MLKEM_SHARED_LEN, \
	mlkem##set##_keygen, mlkem##set##_encaps, mlkem##set##_decaps,	\
}

MLKEM(768);
MLKEM(1024);

static enum err
sntrup_keygen(const struct rng *rng, uint8_t *public, uint8_t *secret)
{
	sntrup761_keygen(rng, public, secret);
	return ERR_OK;
}

static enum err
sntrup_encaps(const struct rng *rng, struct span public, uint8_t *ct, uint8_t *shared)
{
	return sntrup761_encaps(rng, public, ct, shared);
}

static enum err
sntrup_decaps(struct span secret, struct span ct, uint8_t *shared)
{
	must(secret.len == SNTRUP761_SECRET_LEN);
	return sntrup761_decaps(secret.p, ct, shared);
}

static const struct kem sntrup761 = {
	SNTRUP761_PUBLIC_LEN, SNTRUP761_SECRET_LEN, SNTRUP761_CT_LEN, SNTRUP761_SHARED_LEN,
	sntrup_keygen, sntrup_encaps, sntrup_decaps,
};

static enum err
curve25519_keygen(const struct rng *rng, uint8_t *secret, uint8_t *public)
{
	return x25519_keygen(rng, secret, public);
}

static enum err
curve25519_agree(const uint8_t *secret, struct span peer, uint8_t *shared)
{
	return x25519_agree(secret, peer, shared);
}

static const struct curve curve25519 = {
	X25519_LEN, X25519_LEN, X25519_LEN, curve25519_keygen, curve25519_agree,
};

#define NIST(size, c_point, c_shared)					\
static enum err								\
p##size##_keygen(const struct rng *rng, uint8_t *secret, uint8_t *public) \
{									\
	return ecdh_keygen(ECDH_P##size, rng, secret, public);		\
}									\
static enum err								\
p##size##_agree(const uint8_t *secret, struct span peer, uint8_t *shared) \
{									\
	return ecdh_agree(ECDH_P##size, secret, peer, shared);		\
}									\
/* Buffers of ecdh.h are as long as the largest curve asks; c_shared bytes count here. */ \
static const struct curve p##size = { c_point, ECDH_MAX_LEN, c_shared, p##size##_keygen, p##size##_agree }

NIST(256, 65, 32);
NIST(384, 97, 48);

/* --- the methods --- */

static enum err hybrid_init(struct kex_run *run);
static enum err hybrid_reply(struct kex_run *run);
static enum err hybrid_finish(struct kex_run *run);

#define HYBRID(c_name, c_hash)						\
	.method = {							\
		.name = (c_name), .hash = (c_hash),			\
		.init_number = 30, .reply_number = 31,			\
		.is_post_quantum = true,				\
		.init = hybrid_init, .reply = hybrid_reply,		\
		.finish = hybrid_finish,				\
	}

const struct kex_hybrid kex_mlkem768x25519 = {
	HYBRID("mlkem768x25519-sha256", "sha256"), .kem = &mlkem768, .curve = &curve25519,
};

const struct kex_hybrid kex_mlkem768nistp256 = {
	HYBRID("mlkem768nistp256-sha256", "sha256"), .kem = &mlkem768, .curve = &p256,
};

const struct kex_hybrid kex_mlkem1024nistp384 = {
	HYBRID("mlkem1024nistp384-sha384", "sha384"), .kem = &mlkem1024, .curve = &p384,
};

const struct kex_hybrid kex_sntrup761x25519 = {
	HYBRID("sntrup761x25519-sha512", "sha512"), .kem = &sntrup761, .curve = &curve25519,
};

const struct kex_hybrid kex_sntrup761x25519_openssh = {
	HYBRID("sntrup761x25519-sha512@openssh.com", "sha512"), .kem = &sntrup761,
	.curve = &curve25519,
};

static const struct kex_hybrid *
hybrid_of(const struct kex_run *run)
{
	return (const struct kex_hybrid *)run->method;
}

/* Takes s apart into the KEM's part of kem_len bytes and the curve's. ERR_KEX. */
static enum err
split(const struct kex_hybrid *h, struct span s, size_t kem_len, struct span *kem,
    struct span *point)
{
	if (s.len != kem_len + h->curve->public_len)
		return ERR_KEX;
	*kem = span_first(s, kem_len);
	*point = span_skip(s, kem_len);
	return ERR_OK;
}

/*
 * Makes K of both secrets, which stand one behind the other in *both (it may
 * be longer: the curve's buffer is).
 */
static enum err
combine(struct kex_run *run, const struct secret *both)
{
	const struct kex_hybrid *h = hybrid_of(run);
	const struct hash_alg *alg = hash_find(run->method->hash);
	SCOPED(secret_free) struct secret k = { 0 };

	must(alg != NULL);
	TRY(secret_alloc(&k, hash_len(alg)));
	hash_once(alg, span_first(secret_span(both), h->kem->shared_len + h->curve->shared_len), k.p);
	return kex_shared_string(run, secret_span(&k));
}

/* The client's state is the KEM's secret key, then the curve's. */
static enum err
hybrid_init(struct kex_run *run)
{
	const struct kex_hybrid *h = hybrid_of(run);
	uint8_t public[MAX_PUBLIC], point[MAX_POINT];

	must(h->kem->public_len <= sizeof(public));
	TRY(secret_alloc(&run->state, h->kem->secret_len + h->curve->secret_len));
	TRY(h->kem->keygen(&run->rng, public, run->state.p));
	TRY(h->curve->keygen(&run->rng, run->state.p + h->kem->secret_len, point));
	wr_raw(&run->init, span_of(public, h->kem->public_len));
	wr_raw(&run->init, span_of(point, h->curve->public_len));
	return wr_end(&run->init);
}

static enum err
hybrid_reply(struct kex_run *run)
{
	const struct kex_hybrid *h = hybrid_of(run);
	SCOPED(secret_free) struct secret both = { 0 };
	uint8_t ct[MAX_CT], point[MAX_POINT];
	struct span public, peer;

	must(h->kem->ct_len <= sizeof(ct));
	TRY(split(h, writer_span(&run->init), h->kem->public_len, &public, &peer));
	TRY(secret_alloc(&both, h->kem->shared_len + h->curve->secret_len));
	TRY(secret_alloc(&run->state, h->curve->secret_len));
	TRY(h->kem->encaps(&run->rng, public, ct, both.p));
	TRY(h->curve->keygen(&run->rng, run->state.p, point));
	TRY(h->curve->agree(run->state.p, peer, both.p + h->kem->shared_len));
	wr_raw(&run->reply, span_of(ct, h->kem->ct_len));
	wr_raw(&run->reply, span_of(point, h->curve->public_len));
	TRY(wr_end(&run->reply));
	return combine(run, &both);
}

static enum err
hybrid_finish(struct kex_run *run)
{
	const struct kex_hybrid *h = hybrid_of(run);
	struct span secret = span_first(secret_span(&run->state), h->kem->secret_len);
	SCOPED(secret_free) struct secret both = { 0 };
	struct span ct, peer;

	TRY(split(h, writer_span(&run->reply), h->kem->ct_len, &ct, &peer));
	TRY(secret_alloc(&both, h->kem->shared_len + h->curve->secret_len));
	TRY(h->kem->decaps(secret, ct, both.p));
	TRY(h->curve->agree(run->state.p + h->kem->secret_len, peer, both.p + h->kem->shared_len));
	return combine(run, &both);
}
