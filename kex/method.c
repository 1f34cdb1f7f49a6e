/* SPDX-License-Identifier: ISC */
#include "kex/method.h"

#include <string.h>

#include "base/limits.h"
#include "kex/kex.h"

/* In order of preference; the lists below name them in the same order. */
static const struct kex_method *const methods[] = {
	&kex_mlkem768x25519,
	&kex_curve25519,
	&kex_curve25519_libssh,
	&kex_ecdh_p256,
	&kex_ecdh_p384,
	&kex_ecdh_p521,
};

#define ALL								\
	"mlkem768x25519-sha256,curve25519-sha256,"			\
	"curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"		\
	"ecdh-sha2-nistp384,ecdh-sha2-nistp521"

const char *
kex_names(void)
{
	return ALL;
}

const char *
kex_default_algs(enum side side)
{
	(void)side;
	return ALL;
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
	secret_free(&run->shared);
	writer_free(&run->extra);
	writer_free(&run->init);
	writer_free(&run->reply);
}
