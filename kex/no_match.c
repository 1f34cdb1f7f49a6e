/* SPDX-License-Identifier: ISC */
/*
 * Nothing in common. "no matching cipher found. Their offer: aes128-cbc. Our
 * offer (Ciphers): aes128-ctr. To allow it: -o Ciphers=+aes128-cbc"
 */
#include "base/text.h"
#include "crypto/crypto.h"
#include "kex/kex.h"
#include "kex/transport_i.h"
#include "keys/cert.h"

/* Of a peer's list in a log line; that of an honest one is shorter. */
#define MAX_OFFER	900

static const char *const sentence[LIST_COUNT] = {
	[LIST_KEX] = "no matching key exchange method found",
	[LIST_HOSTKEY] = "no matching host key type found",
	[LIST_CIPHER_CTOS] = "no matching cipher found",
	[LIST_CIPHER_STOC] = "no matching cipher found",
	[LIST_MAC_CTOS] = "no matching MAC found",
	[LIST_MAC_STOC] = "no matching MAC found",
	[LIST_COMPRESSION_CTOS] = "no matching compression method found",
	[LIST_COMPRESSION_STOC] = "no matching compression method found",
};

/* All names of this build that could stand in a list, best first. */
static struct span
all_names(enum kexinit_list list)
{
	switch (list) {
	case LIST_KEX:
		return span_str(kex_names());
	case LIST_HOSTKEY:
		return span_str(keys_list(KEY_LIST_ALL));
	case LIST_CIPHER_CTOS:
	case LIST_CIPHER_STOC:
		return span_str(crypto_cipher_names());
	case LIST_MAC_CTOS:
	case LIST_MAC_STOC:
		return span_str(crypto_mac_names());
	default:
		return span_str(kex_compression_names());
	}
}

/* Whether a server has a key that signs by alg, if it was only allowed to. */
static bool
has_key_for(const struct transport *t, struct span alg)
{
	const char *type = key_alg_type(alg);

	for (size_t i = 0; type != NULL && i < t->config.n_hostkeys; i++)
		if (span_is(key_blob_type(t->config.hostkeys[i].blob), type))
			return true;
	return false;
}

/* Our best name that the peer has too, and that we could use; empty: none. */
static struct span
find_usable(const struct transport *t, enum kexinit_list list, struct span theirs)
{
	bool needs_key = list == LIST_HOSTKEY && t->config.side == SIDE_SERVER;
	struct span all = all_names(list), name;

	while (span_token(&all, ',', &name))
		if (text_list_has(theirs, name) && (!needs_key || has_key_for(t, name)))
			return name;
	return SPAN_EMPTY;
}

/* A type of host key that would please a client; NULL: none that we know. */
static const char *
find_type(struct span theirs)
{
	struct span name;

	while (span_token(&theirs, ',', &name))
		if (key_alg_type(name) != NULL)
			return key_alg_type(name);
	return NULL;
}

static void
put_hint(struct writer *w, const struct transport *t, enum kexinit_list list, struct span theirs)
{
	bool is_client = t->config.side == SIDE_CLIENT;
	struct span name = find_usable(t, list, theirs);
	const char *keyword = kexinit_list_keyword(list);

	if (name.len > 0 && list >= LIST_COMPRESSION_CTOS)
		wr_printf(w, ". To allow it: %s", is_client ? "-o Compression=yes" : "Compression yes");
	else if (name.len > 0)
		wr_printf(w, is_client ? ". To allow it: -o %s=+%.*s" : ". To allow it: %s +%.*s",
		    keyword, (int)name.len, (const char *)name.p);
	else if (list == LIST_HOSTKEY && !is_client && find_type(theirs) != NULL)
		wr_printf(w, ". To allow it: a HostKey of type %s", find_type(theirs));
	else
		wr_printf(w, ". This version has none of theirs");
}

enum err
exchange_no_match(struct transport *t, enum kexinit_list list, struct span theirs, struct span ours)
{
	SCOPED(writer_free) struct writer w = writer_init(3 * LIMIT_KEXINIT);
	struct span shown = span_first(theirs, MAX_OFFER);

	wr_printf(&w, "%s. Their offer: %.*s%s. Our offer (%s): ", sentence[list], (int)shown.len,
	    (const char *)shown.p, shown.len < theirs.len ? "..." : "", kexinit_list_keyword(list));
	wr_raw(&w, span_first(ours, kexinit_markers(ours)));
	put_hint(&w, t, list, theirs);
	return transport_fault_detail(t, ERR_NEGOTIATE, sentence[list], &w);
}
