/* SPDX-License-Identifier: ISC */
/*
 * mlkem768x25519-sha256 (draft-ietf-sshm-mlkem-hybrid-kex): ML-KEM-768 and
 * X25519 side by side, so that breaking one of them is not enough.
 *
 *	C_INIT   encapsulation key (1184) || X25519 public key (32)
 *	S_REPLY  ciphertext (1088) || X25519 public key (32)
 *	K        string SHA-256(ML-KEM secret || X25519 secret)
 */
#include "crypto/hash.h"
#include "crypto/mlkem.h"
#include "crypto/x25519.h"
#include "kex/method.h"

static enum err mlkem_x25519_init(struct kex_run *run);
static enum err mlkem_x25519_reply(struct kex_run *run);
static enum err mlkem_x25519_finish(struct kex_run *run);

const struct kex_method kex_mlkem768x25519 = {
	.name = "mlkem768x25519-sha256",
	.hash = "sha256",
	.init_number = 30,
	.reply_number = 31,
	.is_post_quantum = true,
	.init = mlkem_x25519_init,
	.reply = mlkem_x25519_reply,
	.finish = mlkem_x25519_finish,
};

/* The client's secrets between C_INIT and S_REPLY. */
struct secrets {
	uint8_t x25519[X25519_LEN];
	uint8_t dk[MLKEM_768_DK_LEN];
};

/* Both shared secrets, in the order they are hashed. */
struct both {
	uint8_t mlkem[MLKEM_SHARED_LEN];
	uint8_t x25519[X25519_LEN];
};

#define SHA256_LEN	32

/* Takes s apart into the KEM's part of kem_len bytes and the curve's. ERR_KEX. */
static enum err
split(struct span s, size_t kem_len, struct span *kem, struct span *point)
{
	if (s.len != kem_len + X25519_LEN)
		return ERR_KEX;
	*kem = span_first(s, kem_len);
	*point = span_skip(s, kem_len);
	return ERR_OK;
}

static enum err
combine(struct kex_run *run, const struct secret *both)
{
	SCOPED(secret_free) struct secret k = { 0 };

	TRY(secret_alloc(&k, SHA256_LEN));
	hash_once(hash_find("sha256"), secret_span(both), k.p);
	return kex_shared_string(run, secret_span(&k));
}

static enum err
mlkem_x25519_init(struct kex_run *run)
{
	uint8_t ek[MLKEM_768_EK_LEN];
	uint8_t public[X25519_LEN];
	struct secrets *s;

	TRY(secret_alloc(&run->state, sizeof(*s)));
	s = (struct secrets *)run->state.p;
	TRY(mlkem_keygen(MLKEM_768, &run->rng, ek, s->dk));
	TRY(x25519_keygen(&run->rng, s->x25519, public));
	wr_raw(&run->init, span_of(ek, sizeof(ek)));
	wr_raw(&run->init, span_of(public, sizeof(public)));
	return wr_end(&run->init);
}

static enum err
mlkem_x25519_reply(struct kex_run *run)
{
	SCOPED(secret_free) struct secret both = { 0 };
	SCOPED(secret_free) struct secret ours = { 0 };
	uint8_t ct[MLKEM_768_CT_LEN];
	uint8_t public[X25519_LEN];
	struct span ek, point;
	struct both *b;

	TRY(split(writer_span(&run->init), MLKEM_768_EK_LEN, &ek, &point));
	TRY(secret_alloc(&both, sizeof(*b)));
	TRY(secret_alloc(&ours, X25519_LEN));
	b = (struct both *)both.p;
	TRY(mlkem_encaps(MLKEM_768, &run->rng, ek, ct, b->mlkem));
	TRY(x25519_keygen(&run->rng, ours.p, public));
	TRY(x25519_agree(ours.p, point, b->x25519));
	wr_raw(&run->reply, span_of(ct, sizeof(ct)));
	wr_raw(&run->reply, span_of(public, sizeof(public)));
	TRY(wr_end(&run->reply));
	return combine(run, &both);
}

static enum err
mlkem_x25519_finish(struct kex_run *run)
{
	SCOPED(secret_free) struct secret both = { 0 };
	const struct secrets *s = (const struct secrets *)run->state.p;
	struct span ct, point;
	struct both *b;

	TRY(split(writer_span(&run->reply), MLKEM_768_CT_LEN, &ct, &point));
	TRY(secret_alloc(&both, sizeof(*b)));
	b = (struct both *)both.p;
	TRY(mlkem_decaps(MLKEM_768, span_of(s->dk, sizeof(s->dk)), ct, b->mlkem));
	TRY(x25519_agree(s->x25519, point, b->x25519));
	return combine(run, &both);
}
