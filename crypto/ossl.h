/* SPDX-License-Identifier: ISC */
/*
 * crypto/ossl.h - libcrypto's objects for SCOPED(): each is freed (and wiped,
 * where it may hold what is secret) at the end of its block. NULL is fine.
 */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#define OSSL_SCOPED(name, type, free)	\
	static inline void name(type **p) { free(*p); }

OSSL_SCOPED(ossl_bio_free, BIO, BIO_free)
OSSL_SCOPED(ossl_bn_ctx_free, BN_CTX, BN_CTX_free)
OSSL_SCOPED(ossl_bn_free, BIGNUM, BN_clear_free)
OSSL_SCOPED(ossl_ecdsa_sig_free, ECDSA_SIG, ECDSA_SIG_free)
OSSL_SCOPED(ossl_params_free, OSSL_PARAM, OSSL_PARAM_free)	/* wipes what came from secure numbers */
OSSL_SCOPED(ossl_params_bld_free, OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
OSSL_SCOPED(ossl_pkey_ctx_free, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OSSL_SCOPED(ossl_pkey_free, EVP_PKEY, EVP_PKEY_free)

#undef OSSL_SCOPED

#endif
