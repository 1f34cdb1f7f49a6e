/* SPDX-License-Identifier: ISC */
/* What we propose in a KEXINIT: the config's lists, less what this build lacks. */
#include "base/text.h"
#include "crypto/crypto.h"
#include "kex/kex.h"
#include "kex/transport_i.h"
#include "keys/cert.h"

static bool
has_kex(const struct transport *t, struct span name)
{
	(void)t;
	return kex_method_find(name) != NULL;
}

/* A server offers what its keys sign by, a client what it can verify. */
static bool
has_hostkey(const struct transport *t, struct span name)
{
	const char *plain = cert_alg_plain(name);

	if (t->config.side == SIDE_CLIENT)
		return key_alg_find(plain != NULL ? span_str(plain) : name) != NULL;
	for (size_t i = 0; i < t->config.n_hostkeys; i++)
		if (text_list_has(span_str(t->config.hostkeys[i].algs), name))
			return true;
	return false;
}

static bool
has_cipher(const struct transport *t, struct span name)
{
	(void)t;
	return text_list_has(span_str(crypto_cipher_names()), name);
}

static bool
has_mac(const struct transport *t, struct span name)
{
	(void)t;
	return text_list_has(span_str(crypto_mac_names()), name);
}

static bool
has_compression(const struct transport *t, struct span name)
{
	(void)t;
	return text_list_has(span_str(kex_compression_names()), name);
}

/* Writes the names of list that there are, each once or as often as it stands there. */
static enum err
put_names(const struct transport *t, struct writer *w, const char *list,
    bool (*has)(const struct transport *t, struct span name))
{
	struct span rest = span_str(list), name;
	size_t n = 0;

	while (list != NULL && span_token(&rest, ',', &name)) {
		if (!has(t, name))
			continue;
		if (n++ > 0)
			wr_u8(w, ',');
		wr_raw(w, name);
	}
	return n == 0 ? ERR_NEGOTIATE : ERR_OK;
}

/* Writes the names of one of the ten lists. */
static enum err
put_list(const struct transport *t, struct writer *w, enum kexinit_list list)
{
	switch (list) {
	case LIST_KEX:
		TRY(put_names(t, w, t->config.kex_algs, has_kex));
		if (t->session_id_len == 0)
			kexinit_put_markers(w, t->config.side);
		return ERR_OK;
	case LIST_HOSTKEY:
		return put_names(t, w, t->config.hostkey_algs, has_hostkey);
	case LIST_CIPHER_CTOS:
	case LIST_CIPHER_STOC:
		return put_names(t, w, t->config.ciphers, has_cipher);
	case LIST_MAC_CTOS:
	case LIST_MAC_STOC:
		return put_names(t, w, t->config.macs, has_mac);
	case LIST_COMPRESSION_CTOS:
	case LIST_COMPRESSION_STOC:
		return put_names(t, w, t->config.compression, has_compression);
	case LIST_LANGUAGE_CTOS:
	case LIST_LANGUAGE_STOC:
	case LIST_COUNT:
		break;
	}
	return ERR_OK;
}

enum err
exchange_propose(const struct transport *t, struct writer *w)
{
	SCOPED(writer_free) struct writer names = writer_init(LIMIT_KEXINIT);
	size_t end[LIST_COUNT];
	uint8_t cookie[KEXINIT_COOKIE];
	struct kexinit m = { .cookie = span_of(cookie, sizeof(cookie)) };
	struct span rest;

	for (unsigned i = 0; i < LIST_COUNT; i++) {
		TRY(put_list(t, &names, i));
		end[i] = names.len;
	}
	TRY(wr_end(&names));
	rest = writer_span(&names);
	for (unsigned i = 0; i < LIST_COUNT; i++) {
		size_t begin = i == 0 ? 0 : end[i - 1];

		m.list[i] = span_first(rest, end[i] - begin);
		rest = span_skip(rest, end[i] - begin);
	}
	rng_fill(&t->config.rng, cookie, sizeof(cookie));
	wr_u8(w, MSG_KEXINIT);
	kexinit_put(w, &m);
	return wr_end(w);
}
