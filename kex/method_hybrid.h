/* SPDX-License-Identifier: ISC */
/*
 * kex/method_hybrid.h - key exchanges by a KEM and a curve side by side, so
 * that breaking one of the two is not enough (draft-ietf-sshm-mlkem-hybrid-kex,
 * draft-ietf-sshm-ntruprime-ssh).
 *
 *	C_INIT   the KEM's public key || the curve's
 *	S_REPLY  the KEM's ciphertext || the curve's public key
 *	K        string HASH(the KEM's secret || the curve's secret)
 */
#ifndef KEX_METHOD_HYBRID_H
#define KEX_METHOD_HYBRID_H

#include "kex/method.h"

struct kem;
struct curve;

struct kex_hybrid {
	struct kex_method method;	/* first: a method that is a hybrid points here */
	const struct kem *kem;
	const struct curve *curve;
};

extern const struct kex_hybrid kex_mlkem768x25519;
extern const struct kex_hybrid kex_mlkem768nistp256;
extern const struct kex_hybrid kex_mlkem1024nistp384;
extern const struct kex_hybrid kex_sntrup761x25519;
extern const struct kex_hybrid kex_sntrup761x25519_openssh;

#endif
