/* SPDX-License-Identifier: ISC */
/* Points and signatures on the NIST curves: RFC 5656, for ecdsa.c and sk.c. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/x509.h>
#include <string.h>

#include "crypto/ossl.h"
#include "keys/ec.h"

bool
ec_point_is_plain(const struct ec_curve *curve, struct span point)
{
	/* RFC 5656 3.1 allows compression; nobody does it, so it is refused. */
	return point.len == 1 + 2 * curve->field_len && point.p[0] == 0x04;
}

enum err
ec_make(const struct ec_curve *curve, struct span point, const BIGNUM *d,
    EVP_PKEY **out)
{
	SCOPED(ossl_params_bld_free) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	SCOPED(ossl_params_free) OSSL_PARAM *params = NULL;
	SCOPED(ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = NULL;

	*out = NULL;
	if (!ec_point_is_plain(curve, point))
		return ERR_FORMAT;
	if (bld == NULL ||
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
		OBJ_nid2sn(curve->nid), 0) != 1 ||
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
		point.p, point.len) != 1 ||
	    (d != NULL && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d) != 1))
		return key_crypto_fail(ERR_CRYPTO);
	params = OSSL_PARAM_BLD_to_param(bld);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
		return key_crypto_fail(ERR_CRYPTO);
	/* Checks coordinates and curve equation; the cofactor is 1. */
	if (EVP_PKEY_fromdata(ctx, out,
	    d == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, params) != 1)
		return key_crypto_fail(ERR_FORMAT);
	return ERR_OK;
}

enum err
ec_public(const struct ec_curve *curve, struct span point, EVP_PKEY **out)
{
	return ec_make(curve, point, NULL, out);
}

size_t
ec_get_point(const struct ec_curve *curve, const EVP_PKEY *pkey,
    uint8_t point[static EC_MAX_POINT])
{
	size_t len = 0;

	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
	    point, EC_MAX_POINT, &len) != 1 ||
	    !ec_point_is_plain(curve, span_of(point, len))) {
		(void)key_crypto_fail(ERR_CRYPTO);
		return 0;
	}
	return len;
}

void
ec_write_point(const struct ec_curve *curve, const EVP_PKEY *pkey, struct writer *w)
{
	uint8_t point[EC_MAX_POINT];
	size_t len = ec_get_point(curve, pkey, point);

	if (len == 0)
		wr_fail(w, ERR_CRYPTO);
	else
		wr_bytes(w, span_of(point, len));
}

/* The DER form of r and s, as libcrypto wants it; NULL on failure. */
static int
signature_to_der(struct span r, struct span s, uint8_t **der)
{
	SCOPED(ossl_ecdsa_sig_free) ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *rn = BN_bin2bn(r.p, (int)r.len, NULL);
	BIGNUM *sn = BN_bin2bn(s.p, (int)s.len, NULL);

	*der = NULL;
	if (sig == NULL || rn == NULL || sn == NULL ||
	    ECDSA_SIG_set0(sig, rn, sn) != 1) {
		BN_free(rn);
		BN_free(sn);
		return -1;
	}
	return i2d_ECDSA_SIG(sig, der);
}

enum err
ec_verify_raw(const struct ec_curve *curve, EVP_PKEY *pkey, const EVP_MD *md,
    struct span sig, struct span data)
{
	struct reader r = rd_init(sig);
	struct span rn = rd_mpint(&r, curve->field_len);
	struct span sn = rd_mpint(&r, curve->field_len);
	EVP_MD_CTX *ctx;
	uint8_t *der;
	int len;
	enum err e = ERR_CRYPTO;

	TRY(rd_end(&r));
	if (rn.len == 0 || sn.len == 0)
		return ERR_SIGNATURE;
	len = signature_to_der(rn, sn, &der);
	if (len <= 0)
		return key_crypto_fail(ERR_CRYPTO);
	ctx = EVP_MD_CTX_new();
	if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, pkey) == 1)
		e = key_verdict(EVP_DigestVerify(ctx, der, (size_t)len, data.p, data.len));
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	return e;
}
