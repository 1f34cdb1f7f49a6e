/* SPDX-License-Identifier: ISC */
#include "ssh/query.h"

#include <stdio.h>
#include <strings.h>

#include "base/span.h"
#include "crypto/crypto.h"
#include "keys/key.h"
#include "kex/kex.h"

static const char *
plain(void)
{
	return keys_list(KEY_LIST_PLAIN);
}

static const char *
certs(void)
{
	return keys_list(KEY_LIST_CERT);
}

static const char *
types(void)
{
	return keys_list(KEY_LIST_TYPES);
}

static const char *
signatures(void)
{
	return keys_list(KEY_LIST_ALL);
}

static const char *
plain_signatures(void)
{
	return keys_list(KEY_LIST_SIG);
}

static const char *
versions(void)
{
	return "2";
}

static const struct {
	const char *term;
	const char *(*list)(void);
	bool is_alias;			/* a keyword of the config; not in "help" */
} terms[] = {
	{ "cipher", crypto_cipher_names, false },
	{ "cipher-auth", crypto_cipher_auth_names, false },
	{ "compression", kex_compression_names, false },
	{ "kex", kex_names, false },
	{ "key", types, false },
	{ "key-ca-sign", plain_signatures, true },
	{ "key-cert", certs, false },
	{ "key-plain", plain, false },
	{ "key-sig", signatures, false },
	{ "mac", crypto_mac_names, false },
	{ "protocol-version", versions, false },
	{ "sig", plain_signatures, false },
	{ "Ciphers", crypto_cipher_names, true },
	{ "MACs", crypto_mac_names, true },
	{ "KexAlgorithms", kex_names, true },
	{ "CASignatureAlgorithms", plain_signatures, true },
	{ "PubkeyAcceptedAlgorithms", signatures, true },
	{ "PubkeyAcceptedKeyTypes", signatures, true },
	{ "HostKeyAlgorithms", signatures, true },
	{ "HostbasedAcceptedAlgorithms", signatures, true },
	{ "HostbasedKeyTypes", signatures, true },
	{ "HostbasedAcceptedKeyTypes", signatures, true },
};

int
query(const char *term)
{
	struct span list, name;

	if (strcasecmp(term, "help") == 0) {
		for (size_t i = 0; i < COUNT(terms); i++)
			if (!terms[i].is_alias)
				printf("%s\n", terms[i].term);
		return 0;
	}
	for (size_t i = 0; i < COUNT(terms); i++) {
		if (strcasecmp(terms[i].term, term) != 0)
			continue;
		list = span_str(terms[i].list());
		while (list.len > 0 && span_token(&list, ',', &name))
			printf("%.*s\n", (int)name.len, (const char *)name.p);
		return 0;
	}
	fprintf(stderr, "Unsupported query \"%s\"\n", term);
	return 255;
}
