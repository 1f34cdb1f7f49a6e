/* SPDX-License-Identifier: ISC */
#include "kex/method.h"

#include <string.h>

#include "base/limits.h"
#include "crypto/dh.h"
#include "kex/kex.h"
#include "kex/method_hybrid.h"

static const struct kex_method *const methods[] = {
	&kex_mlkem768x25519.method,
	&kex_sntrup761x25519.method,
	&kex_sntrup761x25519_openssh.method,
	&kex_curve25519,
	&kex_curve25519_libssh,
	&kex_ecdh_p256,
	&kex_ecdh_p384,
	&kex_ecdh_p521,
	&kex_mlkem768nistp256.method,
	&kex_mlkem1024nistp384.method,
	&kex_gex_sha256,
	&kex_dh_group16_sha512,
	&kex_dh_group18_sha512,
	&kex_dh_group14_sha256,
	&kex_gex_sha1,
	&kex_dh_group14_sha1,
	&kex_dh_group1_sha1,
};

/* In order of preference; regress/unit/test_kexinit.c holds the lists together. */
#define CURVES								\
	"mlkem768x25519-sha256,sntrup761x25519-sha512,"			\
	"sntrup761x25519-sha512@openssh.com,curve25519-sha256,"		\
	"curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"		\
	"ecdh-sha2-nistp384,ecdh-sha2-nistp521"

/* Dear to compute, so a server does not do it for strangers unasked. */
#define NUMBERS								\
	"diffie-hellman-group-exchange-sha256,"				\
	"diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"	\
	"diffie-hellman-group14-sha256"

/* Only where somebody asks for them by name: new, or SHA-1. */
#define NEVER_DEFAULT							\
	"mlkem768nistp256-sha256,mlkem1024nistp384-sha384,"		\
	"diffie-hellman-group-exchange-sha1,"				\
	"diffie-hellman-group14-sha1,diffie-hellman-group1-sha1"

const char *
kex_names(void)
{
	return CURVES "," NUMBERS "," NEVER_DEFAULT;
}

const char *
kex_default_algs(enum side side)
{
	return side == SIDE_SERVER ? CURVES : CURVES "," NUMBERS;
}

const char *
kex_compression_names(void)
{
	return "none,zlib@openssh.com";
}

const struct kex_method *
kex_method_find(struct span name)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (span_is(name, methods[i]->name))
			return methods[i];
	return NULL;
}

bool
kex_is_post_quantum(struct span name)
{
	const struct kex_method *m = kex_method_find(name);

	return m != NULL && m->is_post_quantum;
}

const char *
kex_hash(struct span name)
{
	const struct kex_method *m = kex_method_find(name);

	return m == NULL ? NULL : m->hash;
}

/* Keeps what was written as the encoded K. */
static enum err
set_shared(struct kex_run *run, const struct writer *w)
{
	TRY(wr_end(w));
	return secret_copy(&run->shared, writer_span(w));
}

enum err
kex_shared_mpint(struct kex_run *run, struct span magnitude)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	wr_mpint(&w, magnitude);
	return set_shared(run, &w);
}

enum err
kex_shared_string(struct kex_run *run, struct span s)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_PACKET);

	wr_bytes(&w, s);
	return set_shared(run, &w);
}

void
kex_run_free(struct kex_run *run)
{
	secret_free(&run->state);
	dh_group_free(run->group);
	run->group = NULL;
	secret_free(&run->shared);
	writer_free(&run->extra);
	writer_free(&run->init);
	writer_free(&run->reply);
}
