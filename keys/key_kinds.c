/* SPDX-License-Identifier: ISC */
/* Which types and algorithms there are, and what they are called. */
#include <string.h>
#include <strings.h>

#include "keys/key_i.h"

#define ED25519		"ssh-ed25519"
#define ECDSA_256	"ecdsa-sha2-nistp256"
#define ECDSA_384	"ecdsa-sha2-nistp384"
#define ECDSA_521	"ecdsa-sha2-nistp521"
#define RSA_SHA1	"ssh-rsa"
#define RSA_256		"rsa-sha2-256"
#define RSA_512		"rsa-sha2-512"
#define SK_ED25519	"sk-ssh-ed25519@openssh.com"
#define SK_ECDSA	"sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN	"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

#define V01		"-cert-v01@openssh.com"

/* Where libcrypto lacks it the lists do without. */
#if KEY_HAVE_MLDSA
#define MLDSA		"," KEY_MLDSA
#define MLDSA_CERT	"," KEY_MLDSA_CERT
#else
#define MLDSA		""
#define MLDSA_CERT	""
#endif

/* What signs, and what is certified, in the order of preference. */
#define PLAIN_ALGS							\
	ED25519 "," ECDSA_256 "," ECDSA_384 "," ECDSA_521 ","		\
	SK_ED25519 "," SK_ECDSA "," WEBAUTHN "," RSA_512 "," RSA_256

#define CERT_ALGS							\
	ED25519 V01 "," ECDSA_256 V01 "," ECDSA_384 V01 ","		\
	ECDSA_521 V01 ",sk-ssh-ed25519" V01 ",sk-ecdsa-sha2-nistp256" V01 "," \
	"webauthn-sk-ecdsa-sha2-nistp256" V01 "," RSA_512 V01 "," RSA_256 V01

const struct key_kind *const key_kinds[] = {
	&key_kind_ed25519,
	&key_kind_sk_ed25519,
#if KEY_HAVE_MLDSA
	&key_kind_mldsa,
#endif
	&key_kind_ecdsa_256,
	&key_kind_ecdsa_384,
	&key_kind_ecdsa_521,
	&key_kind_sk_ecdsa,
	&key_kind_rsa,
	NULL,
};

static const struct key_alg key_alg_rows[] = {
	/* name		kind		inner		hash	   md */
	{ ED25519,	ED25519,	ED25519,	"sha512", NULL },
#if KEY_HAVE_MLDSA
	{ KEY_MLDSA,	KEY_MLDSA,	KEY_MLDSA,	"sha512", NULL },
#endif
	{ ECDSA_256,	ECDSA_256,	ECDSA_256,	"sha256", EVP_sha256 },
	{ ECDSA_384,	ECDSA_384,	ECDSA_384,	"sha384", EVP_sha384 },
	{ ECDSA_521,	ECDSA_521,	ECDSA_521,	"sha512", EVP_sha512 },
	{ SK_ED25519,	SK_ED25519,	SK_ED25519,	"sha256", NULL },
	{ SK_ECDSA,	SK_ECDSA,	SK_ECDSA,	"sha256", EVP_sha256 },
	{ WEBAUTHN,	SK_ECDSA,	WEBAUTHN,	"sha256", EVP_sha256 },
	{ RSA_512,	RSA_SHA1,	RSA_512,	"sha512", EVP_sha512 },
	{ RSA_256,	RSA_SHA1,	RSA_256,	"sha256", EVP_sha256 },
	{ RSA_SHA1,	RSA_SHA1,	RSA_SHA1,	"sha1",	  EVP_sha1 },
};

static const char *const key_lists[] = {
	[KEY_LIST_DEFAULT] = CERT_ALGS "," PLAIN_ALGS,
	[KEY_LIST_CA] = PLAIN_ALGS,
	[KEY_LIST_SIG] = PLAIN_ALGS MLDSA "," RSA_SHA1,
	[KEY_LIST_ALL] = CERT_ALGS MLDSA_CERT "," PLAIN_ALGS MLDSA "," RSA_SHA1 V01 "," RSA_SHA1,
	[KEY_LIST_PLAIN] = ED25519 "," SK_ED25519 MLDSA "," ECDSA_256 "," ECDSA_384 ","
	    ECDSA_521 "," SK_ECDSA "," RSA_SHA1,
	[KEY_LIST_CERT] = ED25519 V01 ",sk-ssh-ed25519" V01 MLDSA_CERT "," ECDSA_256 V01 ","
	    ECDSA_384 V01 "," ECDSA_521 V01 ",sk-ecdsa-sha2-nistp256" V01 "," RSA_SHA1 V01,
	[KEY_LIST_TYPES] = ED25519 "," ED25519 V01 "," SK_ED25519 ",sk-ssh-ed25519" V01
	    MLDSA MLDSA_CERT "," ECDSA_256 "," ECDSA_256 V01 "," ECDSA_384 "," ECDSA_384 V01 ","
	    ECDSA_521 "," ECDSA_521 V01 "," SK_ECDSA ",sk-ecdsa-sha2-nistp256" V01 ","
	    RSA_SHA1 "," RSA_SHA1 V01,
};

const struct key_kind *
key_kind_find(struct span name)
{
	for (size_t i = 0; key_kinds[i] != NULL; i++)
		if (span_is(name, key_kinds[i]->name))
			return key_kinds[i];
	return NULL;
}

const struct key_alg *
key_alg_row(struct span name)
{
	for (size_t i = 0; i < COUNT(key_alg_rows); i++)
		if (span_is(name, key_alg_rows[i].name))
			return &key_alg_rows[i];
	return NULL;
}

const char *
key_type_find(struct span name)
{
	const struct key_kind *kind = key_kind_find(name);

	return kind == NULL ? NULL : kind->name;
}

const char *
key_type_label(struct span name)
{
	const struct key_kind *kind = key_kind_find(name);

	return kind == NULL ? NULL : kind->label;
}

const char *
key_type_of_label(struct span label)
{
	for (size_t i = 0; key_kinds[i] != NULL; i++) {
		const char *l = key_kinds[i]->label;

		if (label.len == strlen(l) &&
		    strncasecmp((const char *)label.p, l, label.len) == 0)
			return key_kinds[i]->name;
	}
	return NULL;
}

const char *
key_alg_find(struct span name)
{
	const struct key_alg *row = key_alg_row(name);

	return row == NULL ? NULL : row->name;
}

const char *
key_alg_type(struct span alg)
{
	const struct key_alg *row = key_alg_row(alg);

	return row == NULL ? NULL : row->kind;
}

const char *
key_alg_hash(struct span alg)
{
	const struct key_alg *row = key_alg_row(alg);

	return row == NULL ? NULL : row->hash;
}

const char *
keys_list(enum key_list which)
{
	must((size_t)which < COUNT(key_lists));
	return key_lists[which];
}
