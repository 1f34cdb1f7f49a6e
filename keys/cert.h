/* SPDX-License-Identifier: ISC */
/*
 * keys/cert.h - OpenSSH certificates (v01): reading, checking and making them.
 *
 * subject    the key that is certified
 * CA         the key that signed; always a plain key, never a certificate
 * principal  a user or host name that the certificate is good for: opaque
 *            bytes, compared exactly (patterns in host certificates only)
 *
 * A struct cert is what a blob says. Nothing in it may be believed before
 * cert_check() has said ERR_OK, and that the CA is one to be trusted is for
 * the caller to know.
 */
#ifndef KEYS_CERT_H
#define KEYS_CERT_H

#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"
#include "base/writer.h"
#include "keys/key.h"

/* As many as OpenSSH takes. */
#define CERT_MAX_PRINCIPALS	256

/* valid_before of a certificate that does not expire. */
#define CERT_FOREVER		UINT64_MAX

enum cert_role {
	CERT_USER = 1,
	CERT_HOST = 2,
};

/* Spans point into blob, which is the struct's own. */
struct cert {
	const char *type;		/* "ssh-ed25519-cert-v01@openssh.com"; static */
	struct key *key;		/* subject */
	uint64_t serial;
	enum cert_role role;
	struct span key_id;
	struct span principals;		/* see cert_next_principal() */
	unsigned n_principals;
	uint64_t valid_after;		/* unix time; from here ... */
	uint64_t valid_before;		/* ... to before this */
	struct span critical;		/* see cert_next_option() */
	struct span extensions;
	struct key *ca;
	struct span signed_data;
	struct span signature;
	struct span blob;
};

/*
 * Parses a certificate. ERR_UNSUPPORTED if blob is no certificate or its CA is
 * one; ERR_FORMAT and the like if it is malformed anywhere, options included;
 * ERR_LIMIT, ERR_NOMEM, ERR_CRYPTO. On error out needs no free. The signature
 * has not been verified.
 */
enum err cert_parse(struct span blob, struct cert *out);

/*
 * Appends the blob that the first line of a file ("...-cert.pub") has to blob.
 * ERR_UNSUPPORTED if the line's type is no certificate's; ERR_SYNTAX, ERR_FORMAT.
 */
enum err cert_line_decode(struct span text, struct writer *blob);

/* Frees. For SCOPED; a zeroed one is fine. */
void cert_free(struct cert *c);

/* Takes the next principal off *rest (begin with c->principals); false at the end. */
bool cert_next_principal(struct span *rest, struct span *principal);

/*
 * Takes the next option off *rest (begin with c->critical or c->extensions).
 * value is what the data field holds as a string; is_flag says that it holds
 * nothing at all, is_odd that it holds neither. False at the end.
 */
struct cert_option {
	struct span name;
	struct span data;
	struct span value;
	bool is_flag;
	bool is_odd;
};
bool cert_next_option(struct span *rest, struct cert_option *o);

/* --- names --- */

/* The type of the subject in a certificate type ("ssh-ed25519"); NULL if it is none. */
const char *cert_type_plain(struct span type);

/* The certificate type for a plain key type; NULL if there is none. */
const char *cert_type_of(struct span plain);

/*
 * The algorithm that signs where a certificate's algorithm was agreed on:
 * "rsa-sha2-512-cert-v01@openssh.com" gives "rsa-sha2-512". NULL if alg is none.
 */
const char *cert_alg_plain(struct span alg);

/* The certificate's algorithm for a plain one; NULL if there is none. */
const char *cert_alg_of(struct span plain);

/* --- checking --- */

/* What a certificate must be to be good for something. */
struct cert_need {
	enum cert_role role;
	uint64_t now;			/* unix time */
	struct span ca_algs;		/* comma list: CASignatureAlgorithms */
	struct span name;		/* a principal that must be in it ... */
	bool any_name;			/* ... unless principals are checked elsewhere */
};

/*
 * Checks everything that a certificate says about itself: role, validity,
 * that there are principals and the name is one of them, the CA's signature;
 * critical options of a host certificate (there are none to know). ERR_OK
 * only if all of it holds; ERR_DENIED with a sentence in *why (static)
 * otherwise; ERR_NOMEM, ERR_CRYPTO.
 */
enum err cert_check(const struct cert *c, const struct cert_need *need, const char **why);

/* The same but for the CA's signature: what is wrong (a sentence, static), or NULL. */
const char *cert_fault(const struct cert *c, const struct cert_need *need);

/*
 * Whether the CA has signed, by an algorithm of the comma list; all else about
 * the certificate is not checked. ERR_DENIED: by another algorithm;
 * ERR_SIGNATURE: it has not; ERR_NOMEM, ERR_CRYPTO.
 */
enum err cert_check_signature(const struct cert *c, struct span algs);

/* Whether a principal of c is exactly name; in a host's one may be a pattern. */
bool cert_has_principal(const struct cert *c, struct span name);

/* What a user certificate allows and demands. Spans are those of the cert. */
struct cert_options {
	unsigned permit;		/* enum permit_bit of keys/authorized_keys.h */
	bool has_command;		/* force-command */
	struct span command;
	bool has_source;		/* source-address; an empty one matches nothing */
	struct span source;		/* comma list of CIDRs */
	bool needs_verify;		/* verify-required */
	bool needs_touch;		/* unless no-touch-required */
};

/*
 * Reads critical options and extensions of a user certificate. A critical
 * option that is unknown, malformed or given twice is ERR_DENIED with why;
 * unknown extensions are passed over.
 */
enum err cert_options_get(const struct cert *c, struct cert_options *out, const char **why);

/* --- making --- */

/* A certificate to be made. */
struct cert_order {
	const struct key *key;		/* subject, its public half */
	enum cert_role role;
	uint64_t serial;
	struct span key_id;
	struct span principals;		/* comma list; empty: none */
	uint64_t valid_after;
	uint64_t valid_before;
	struct span critical;		/* encoded, sorted by name */
	struct span extensions;
};

/* Appends an option: a value, or a flag if value.p is NULL. In order of names. */
void cert_option_put(struct writer *w, struct span name, struct span value);

/*
 * Writes the certificate's blob, signed by ca with alg. ERR_UNSUPPORTED if ca
 * cannot sign so, or there are no certificates of the subject's type.
 */
enum err cert_make(const struct cert_order *order, const struct key *ca,
    struct span alg, const struct rng *rng, struct writer *w);

/*
 * The same with a CA key that somebody else holds: the part of the blob that
 * is to be signed; cert_seal() appends the signature. ERR_UNSUPPORTED if there
 * are no certificates of the subject's type.
 */
enum err cert_draft(const struct cert_order *order, const struct key *ca,
    const struct rng *rng, struct writer *w);

/* Makes a draft a certificate's blob. */
void cert_seal(struct writer *draft, struct span sig);

#endif
