/* SPDX-License-Identifier: ISC */
/*
 * kex/kexinit.h - SSH_MSG_KEXINIT (RFC 4253 7.1) and what follows from two of
 * them.
 *
 * proposal   the ten name-lists of one side
 * marker     a pseudo method at the end of the first list: ext-info-c (RFC
 *            8308 2.1), kex-strict-c-v00@openssh.com. It counts only in the
 *            first KEXINIT of a connection.
 */
#ifndef KEX_KEXINIT_H
#define KEX_KEXINIT_H

#include "base/reader.h"
#include "base/side.h"
#include "base/writer.h"

enum kexinit_list {
	LIST_KEX,
	LIST_HOSTKEY,
	LIST_CIPHER_CTOS,
	LIST_CIPHER_STOC,
	LIST_MAC_CTOS,
	LIST_MAC_STOC,
	LIST_COMPRESSION_CTOS,
	LIST_COMPRESSION_STOC,
	LIST_LANGUAGE_CTOS,
	LIST_LANGUAGE_STOC,
	LIST_COUNT
};

#define KEXINIT_COOKIE	16

struct kexinit {
	struct span cookie;
	struct span list[LIST_COUNT];
	bool guess_follows;
};

/* Decodes payload (with its number). ERR_SHORT, ERR_TRAILING; ERR_LIMIT above LIMIT_KEXINIT. */
enum err kexinit_get(struct span payload, struct kexinit *m);

/* Encodes m behind the message number. */
void kexinit_put(struct writer *w, const struct kexinit *m);

/* Whether a side announces extension negotiation, or strict key exchange. */
bool kexinit_has_ext_info(const struct kexinit *m, enum side side);
bool kexinit_is_strict(const struct kexinit *m, enum side side);

/* Writes the markers of a side behind the names of the first list. */
void kexinit_put_markers(struct writer *w, enum side side);

/* Where in a first list that kexinit_put_markers() has ended they begin; its length if nowhere. */
size_t kexinit_markers(struct span list);

/* What two proposals agree on, list by list; borrowed from the client's. */
struct agreement {
	struct span name[LIST_COUNT];	/* a MAC's is empty beside an AEAD cipher */
	bool guess_is_wrong;		/* of whoever has sent a guess */
};

/*
 * Negotiates (RFC 4253 7.1): the first name of the client's list that is in
 * the server's. ERR_NEGOTIATE with *failed the list that has none in common.
 */
enum err kexinit_negotiate(const struct kexinit *client, const struct kexinit *server,
    struct agreement *out, enum kexinit_list *failed);

/* What a list is about, as error messages have it ("key exchange method"); static. */
const char *kexinit_list_text(enum kexinit_list list);

/* The config keyword that sets our list ("KexAlgorithms"); static. */
const char *kexinit_list_keyword(enum kexinit_list list);

#endif
