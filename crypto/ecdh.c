/* SPDX-License-Identifier: ISC */
/*
 * By libcrypto's curve arithmetic rather than its EVP: the secret comes from
 * the caller's rng, and no provider has to be started.
 */
#include "crypto/ecdh.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/secret.h"
#include "crypto/evp.h"

static const struct {
	int nid;
	size_t len;
	uint8_t top_mask;	/* of the order's most significant byte */
} curves[] = {
	[ECDH_P256] = { NID_X9_62_prime256v1, 32, 0xff },
	[ECDH_P384] = { NID_secp384r1, 48, 0xff },
	[ECDH_P521] = { NID_secp521r1, 66, 0x01 },
};

/* What a computation needs, made and freed together. */
struct ec {
	EC_GROUP *group;
	BN_CTX *ctx;
	EC_POINT *point;
	BIGNUM *scalar;
};

static void
ec_free(struct ec *ec)
{
	BN_clear_free(ec->scalar);
	EC_POINT_clear_free(ec->point);
	BN_CTX_free(ec->ctx);
	EC_GROUP_free(ec->group);
}

static bool
ec_init(struct ec *ec, enum ecdh_curve curve)
{
	*ec = (struct ec){ .group = EC_GROUP_new_by_curve_name(curves[curve].nid) };
	if (ec->group == NULL)
		return false;
	ec->ctx = BN_CTX_secure_new();
	ec->point = EC_POINT_new(ec->group);
	ec->scalar = BN_secure_new();
	if (ec->ctx == NULL || ec->point == NULL || ec->scalar == NULL)
		return false;
	BN_set_flags(ec->scalar, BN_FLG_CONSTTIME);
	return true;
}

size_t
ecdh_len(enum ecdh_curve curve)
{
	return curves[curve].len;
}

size_t
ecdh_point_len(enum ecdh_curve curve)
{
	return 1 + 2 * curves[curve].len;
}

/* Whether secret is a scalar from 1 to the order - 1; sets ec->scalar. */
static bool
take_scalar(struct ec *ec, const uint8_t *secret, size_t len)
{
	return BN_bin2bn(secret, (int)len, ec->scalar) != NULL && !BN_is_zero(ec->scalar) &&
	    BN_cmp(ec->scalar, EC_GROUP_get0_order(ec->group)) < 0;
}

/*
 * Draws secrets until one is a scalar. One of P-256 fails once in 2^32 times,
 * the others more rarely: many tries without one mean that memory is out.
 */
static bool
draw(struct ec *ec, enum ecdh_curve curve, const struct rng *rng, uint8_t *secret)
{
	for (int tries = 0; tries < 16; tries++) {
		rng_fill(rng, secret, curves[curve].len);
		secret[0] &= curves[curve].top_mask;
		if (take_scalar(ec, secret, curves[curve].len))
			return true;
	}
	return false;
}

enum err
ecdh_keygen(enum ecdh_curve curve, const struct rng *rng,
    uint8_t secret[static ECDH_MAX_LEN], uint8_t public[static ECDH_MAX_POINT])
{
	size_t len = ecdh_point_len(curve);
	enum err e = ERR_OK;
	struct ec ec;

	if (!ec_init(&ec, curve)) {
		ec_free(&ec);
		return evp_failed();
	}
	if (!draw(&ec, curve, rng, secret) ||
	    EC_POINT_mul(ec.group, ec.point, ec.scalar, NULL, NULL, ec.ctx) != 1 ||
	    EC_POINT_point2oct(ec.group, ec.point, POINT_CONVERSION_UNCOMPRESSED, public, len,
	    ec.ctx) != len) {
		wipe(secret, curves[curve].len);
		e = evp_failed();
	}
	ec_free(&ec);
	return e;
}

/*
 * Sets ec->point to the peer's. EC_POINT_oct2point() refuses coordinates that
 * are not reduced and points off the curve; all of them have prime order.
 */
static enum err
take_point(struct ec *ec, enum ecdh_curve curve, struct span peer)
{
	if (peer.len != ecdh_point_len(curve) || peer.p[0] != POINT_CONVERSION_UNCOMPRESSED)
		return ERR_KEX;
	if (EC_POINT_oct2point(ec->group, ec->point, peer.p, peer.len, ec->ctx) == 1 &&
	    EC_POINT_is_on_curve(ec->group, ec->point, ec->ctx) == 1 &&
	    EC_POINT_is_at_infinity(ec->group, ec->point) == 0)
		return ERR_OK;
	return evp_refused();
}

/* Writes the X coordinate of scalar times point. */
static enum err
multiply(struct ec *ec, enum ecdh_curve curve, uint8_t *shared)
{
	uint8_t point[ECDH_MAX_POINT];
	size_t len = ecdh_point_len(curve);
	enum err e = ERR_OK;

	if (EC_POINT_mul(ec->group, ec->point, NULL, ec->point, ec->scalar, ec->ctx) != 1 ||
	    EC_POINT_point2oct(ec->group, ec->point, POINT_CONVERSION_UNCOMPRESSED, point, len,
	    ec->ctx) != len)
		e = evp_failed();
	else
		memcpy(shared, point + 1, curves[curve].len);
	wipe(point, sizeof(point));
	return e;
}

enum err
ecdh_agree(enum ecdh_curve curve, const uint8_t secret[static ECDH_MAX_LEN],
    struct span peer, uint8_t shared[static ECDH_MAX_LEN])
{
	enum err e = ERR_OK;
	struct ec ec;

	wipe(shared, ECDH_MAX_LEN);
	if (!ec_init(&ec, curve) || !take_scalar(&ec, secret, curves[curve].len))
		e = evp_failed();
	if (e == ERR_OK)
		e = take_point(&ec, curve, peer);
	if (e == ERR_OK)
		e = multiply(&ec, curve, shared);
	ec_free(&ec);
	if (e != ERR_OK)
		wipe(shared, ECDH_MAX_LEN);
	return e;
}
