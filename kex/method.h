/* SPDX-License-Identifier: ISC */
/*
 * kex/method.h - key exchange methods, one const descriptor each.
 *
 *	client                              server
 *	[request()   -- message -->         answer()]       a round before, if any
 *	[            <-- message --         ]
 *	init()       -- C_INIT -->          reply()
 *	finish()     <-- K_S, S_REPLY, signature --
 *
 * C_INIT    what the client sends: a point, a number, a KEM's key and a point
 * S_REPLY   what the server sends back
 * K         the shared secret, encoded as the method's RFC says (mpint or string)
 *
 * Both travel as one string; a number's string is its mpint, which looks the
 * same on the wire. A method does no framing and no signing: the exchange
 * (kex/exchange.h) does, and hashes.
 */
#ifndef KEX_METHOD_H
#define KEX_METHOD_H

#include "base/reader.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/side.h"
#include "base/writer.h"

struct dh_group;

/* Bits of a group: at least, as wished, at most. */
struct kex_sizes {
	uint32_t min, n, max;
};

/* A method at work, on one side. */
struct kex_run {
	const struct kex_method *method;
	enum side side;
	struct rng rng;
	struct secret state;	/* the method's own: ephemeral secrets */
	struct dh_group *group;	/* methods in groups of numbers have one */
	struct kex_sizes sizes;	/* of the group that the client asks for (RFC 4419) */
	struct writer extra;	/* what the round before adds to the transcript */
	struct writer init;	/* C_INIT */
	struct writer reply;	/* S_REPLY */
	struct secret shared;	/* K, encoded */
};

struct kex_method {
	const char *name;
	const char *hash;		/* of the exchange hash and the key derivation */
	uint8_t init_number;		/* of the message with C_INIT */
	uint8_t reply_number;		/* of the one with K_S, S_REPLY and signature */
	bool is_post_quantum;
	unsigned dh_group;		/* number of a fixed group, else 0 */

	/* Client: makes run->init. ERR_NOMEM, ERR_CRYPTO. */
	enum err (*init)(struct kex_run *run);
	/* Server: run->init has come: makes run->reply and run->shared. ERR_KEX, ... */
	enum err (*reply)(struct kex_run *run);
	/* Client: run->reply has come: makes run->shared. ERR_KEX, ... */
	enum err (*finish)(struct kex_run *run);

	/* The round before, 0 and NULL where there is none (RFC 4419). */
	uint8_t request_number;
	uint8_t answer_number;
	/* Client: writes the request's fields; run->sizes.n says what it wishes. */
	void (*request)(struct kex_run *run, struct writer *w);
	/* Server: reads the request, and makes run->sizes what it may be given. ERR_KEX, ... */
	enum err (*requested)(struct kex_run *run, struct span request);
	/*
	 * Server: writes the answer's fields, with the group of prime and generator if
	 * that is one of those sizes, else with one of our own. ERR_KEX, ...
	 */
	enum err (*answer)(struct kex_run *run, struct span prime, struct span generator,
	    struct writer *w);
	/* Client: reads the answer. */
	enum err (*answered)(struct kex_run *run, struct span answer);
};

extern const struct kex_method kex_curve25519;
extern const struct kex_method kex_curve25519_libssh;
extern const struct kex_method kex_ecdh_p256;
extern const struct kex_method kex_ecdh_p384;
extern const struct kex_method kex_ecdh_p521;
extern const struct kex_method kex_dh_group14_sha256;
extern const struct kex_method kex_dh_group16_sha512;
extern const struct kex_method kex_dh_group18_sha512;
extern const struct kex_method kex_dh_group14_sha1;
extern const struct kex_method kex_dh_group1_sha1;
extern const struct kex_method kex_gex_sha256;
extern const struct kex_method kex_gex_sha1;

/* Finds a method; NULL if there is none of that name. */
const struct kex_method *kex_method_find(struct span name);

/* Makes run->shared the mpint of a magnitude. ERR_NOMEM. */
enum err kex_shared_mpint(struct kex_run *run, struct span magnitude);

/* Makes run->shared the string s. ERR_NOMEM. */
enum err kex_shared_string(struct kex_run *run, struct span s);

/* Wipes and frees what the run holds. */
void kex_run_free(struct kex_run *run);

#endif
