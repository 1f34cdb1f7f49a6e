/* SPDX-License-Identifier: ISC */
#include "kex/kexinit.h"

#include "base/limits.h"
#include "base/text.h"
#include "crypto/protect.h"

enum err
kexinit_get(struct span payload, struct kexinit *m)
{
	struct reader r = rd_init(payload);

	if (payload.len > LIMIT_KEXINIT)
		return ERR_LIMIT;
	(void)rd_u8(&r);
	m->cookie = rd_raw(&r, KEXINIT_COOKIE);
	for (size_t i = 0; i < LIST_COUNT; i++)
		m->list[i] = rd_bytes(&r);
	m->guess_follows = rd_flag(&r);
	(void)rd_u32(&r);		/* reserved */
	return rd_end(&r);
}

void
kexinit_put(struct writer *w, const struct kexinit *m)
{
	wr_raw(w, m->cookie);
	for (size_t i = 0; i < LIST_COUNT; i++)
		wr_bytes(w, m->list[i]);
	wr_flag(w, m->guess_follows);
	wr_u32(w, 0);
}

static const char *const ext_info_marker[] = {
	[SIDE_CLIENT] = "ext-info-c",
	[SIDE_SERVER] = "ext-info-s",
};

static const char *const strict_marker[] = {
	[SIDE_CLIENT] = "kex-strict-c-v00@openssh.com",
	[SIDE_SERVER] = "kex-strict-s-v00@openssh.com",
};

bool
kexinit_has_ext_info(const struct kexinit *m, enum side side)
{
	return text_list_has(m->list[LIST_KEX], span_str(ext_info_marker[side]));
}

bool
kexinit_is_strict(const struct kexinit *m, enum side side)
{
	return text_list_has(m->list[LIST_KEX], span_str(strict_marker[side]));
}

void
kexinit_put_markers(struct writer *w, enum side side)
{
	wr_printf(w, ",%s,%s", ext_info_marker[side], strict_marker[side]);
}

/* A marker is no method, even if both sides (wrongly) send the same one. */
static bool
is_marker(struct span name)
{
	for (size_t i = 0; i < COUNT(ext_info_marker); i++)
		if (span_is(name, ext_info_marker[i]) || span_is(name, strict_marker[i]))
			return true;
	return false;
}

size_t
kexinit_markers(struct span list)
{
	struct span rest = list, name;
	size_t end = 0;

	while (span_token(&rest, ',', &name) && !is_marker(name))
		end = (size_t)(name.p - list.p) + name.len;
	return end;
}

/* The first name of the client's that the server has too; empty if none. */
static struct span
first_common(struct span client, struct span server)
{
	struct span name;

	while (span_token(&client, ',', &name))
		if (name.len > 0 && !is_marker(name) && text_list_has(server, name))
			return name;
	return SPAN_EMPTY;
}

static struct span
first_name(struct span list)
{
	struct span name = SPAN_EMPTY;

	(void)span_token(&list, ',', &name);
	return name;
}

/* RFC 4253 7: right only if both sides prefer the same method and key type. */
static bool
is_guess_wrong(const struct kexinit *a, const struct kexinit *b)
{
	return !span_eq(first_name(a->list[LIST_KEX]), first_name(b->list[LIST_KEX])) ||
	    !span_eq(first_name(a->list[LIST_HOSTKEY]), first_name(b->list[LIST_HOSTKEY]));
}

/* Whether list i has to have a name in common, given what was agreed before it. */
static bool
is_needed(enum kexinit_list i, const struct agreement *a)
{
	if (i == LIST_MAC_CTOS || i == LIST_MAC_STOC)
		return !protect_is_aead(a->name[i - LIST_MAC_CTOS + LIST_CIPHER_CTOS]);
	return i < LIST_LANGUAGE_CTOS;
}

enum err
kexinit_negotiate(const struct kexinit *client, const struct kexinit *server,
    struct agreement *out, enum kexinit_list *failed)
{
	*out = (struct agreement){ .guess_is_wrong = is_guess_wrong(client, server) };
	for (unsigned i = 0; i < LIST_COUNT; i++) {
		if (!is_needed(i, out))
			continue;
		out->name[i] = first_common(client->list[i], server->list[i]);
		if (out->name[i].len == 0) {
			*failed = i;
			return ERR_NEGOTIATE;
		}
	}
	return ERR_OK;
}

static const struct {
	const char *text;
	const char *keyword;
} lists[LIST_COUNT] = {
	[LIST_KEX] = { "key exchange method", "KexAlgorithms" },
	[LIST_HOSTKEY] = { "host key type", "HostKeyAlgorithms" },
	[LIST_CIPHER_CTOS] = { "cipher", "Ciphers" },
	[LIST_CIPHER_STOC] = { "cipher", "Ciphers" },
	[LIST_MAC_CTOS] = { "MAC", "MACs" },
	[LIST_MAC_STOC] = { "MAC", "MACs" },
	[LIST_COMPRESSION_CTOS] = { "compression method", "Compression" },
	[LIST_COMPRESSION_STOC] = { "compression method", "Compression" },
	[LIST_LANGUAGE_CTOS] = { "language", "" },
	[LIST_LANGUAGE_STOC] = { "language", "" },
};

const char *
kexinit_list_text(enum kexinit_list list)
{
	return lists[list].text;
}

const char *
kexinit_list_keyword(enum kexinit_list list)
{
	return lists[list].keyword;
}
