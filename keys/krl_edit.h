/* SPDX-License-Identifier: ISC */
/*
 * keys/krl_edit.h - a key revocation list (KRL) in memory: to be filled, from
 * a file, a specification or call by call; looked through; and written.
 *
 * All that is added is copied. Nothing is ever taken off a list: whoever wants
 * that makes a new one.
 *
 *	SCOPED(krl_edit_free) struct krl_edit list = { .version = 1 };
 *	TRY(krl_edit_load(&list, file));
 *	TRY(krl_edit_key(&list, blob));
 *	TRY(krl_edit_put(&list, now, &w));
 */
#ifndef KEYS_KRL_EDIT_H
#define KEYS_KRL_EDIT_H

#include "base/err.h"
#include "base/span.h"
#include "base/writer.h"
#include "keys/cert.h"

/* Keys, hashes, key ids and runs of serial numbers of one list; more are ERR_LIMIT. */
#define KRL_EDIT_MAX	(4 * 1024 * 1024)

/* CAs of one list; more are ERR_LIMIT. Each is looked for among all. */
#define KRL_EDIT_MAX_CA	4096

/* Serial numbers from first to last. */
struct krl_serials {
	uint64_t first;
	uint64_t last;
};

/* A set of byte strings, each malloc'ed. */
struct krl_strings {
	struct span *v;
	size_t n;
};

/* What is revoked of one CA's certificates. */
struct krl_ca {
	struct span blob;		/* malloc'ed; empty: all CAs */
	struct krl_serials *serials;
	size_t n_serials;
	struct krl_strings key_ids;
};

struct krl_edit {
	uint64_t version;
	struct krl_ca *ca;		/* in the order they were first named */
	size_t n_ca;
	struct krl_strings keys;	/* blobs */
	struct krl_strings sha1;	/* of blobs */
	struct krl_strings sha256;
	size_t n_entries;
};

/* Frees all but the struct. For SCOPED; a zeroed one is fine. */
void krl_edit_free(struct krl_edit *list);

/*
 * Revokes the serial numbers from first to last of a CA (a blob; empty: any).
 * ERR_RANGE if first is 0 (which is none) or above last; ERR_LIMIT, ERR_NOMEM.
 */
enum err krl_edit_serials(struct krl_edit *list, struct span ca, uint64_t first, uint64_t last);

/* Revokes a key id of a CA (a blob; empty: any). ERR_LIMIT, ERR_NOMEM. */
enum err krl_edit_key_id(struct krl_edit *list, struct span ca, struct span id);

/* Revokes a plain key. ERR_LIMIT, ERR_NOMEM. */
enum err krl_edit_key(struct krl_edit *list, struct span blob);

/* Revokes a plain key by a hash of its blob: 20 bytes of SHA-1 or 32 of SHA-256; else ERR_FORMAT. */
enum err krl_edit_hash(struct krl_edit *list, struct span hash);

/* Revokes a certificate, by its serial number or if it has none by its key id. ERR_LIMIT, ERR_NOMEM. */
enum err krl_edit_cert(struct krl_edit *list, const struct cert *c);

/*
 * Adds all that a KRL says and takes its version. Its extensions are lost.
 * ERR_FORMAT, ERR_UNSUPPORTED and the like as krl_info(); ERR_LIMIT, ERR_NOMEM.
 */
enum err krl_edit_load(struct krl_edit *list, struct span file);

/* Brings every set into order, each element once, serial numbers in the fewest runs. */
void krl_edit_sort(struct krl_edit *list);

/* Sorts the list and writes it as a KRL made at this unix time. ERR_LIMIT, ERR_NOMEM. */
enum err krl_edit_put(struct krl_edit *list, uint64_t generated, struct writer *w);

/* --- keys/krl_spec.c --- */

/*
 * Adds what a line of a specification says: "serial: N" or "N-M", "id: TEXT",
 * both of certificates of *ca (NULL: none was given; empty: any), "key: LINE",
 * "sha1: LINE", "sha256: LINE" with a public key line, "hash: SHA256:..." as a
 * fingerprint, or a public key line by itself: a plain key or a certificate.
 * Numbers may be hexadecimal (0x). Blank lines, and what follows a # at the
 * front or behind a blank, say nothing. ERR_SYNTAX with what is wrong in *why
 * (static); ERR_LIMIT, ERR_NOMEM.
 */
enum err krl_edit_line(struct krl_edit *list, const struct span *ca, struct span line,
    const char **why);

#endif
