/* SPDX-License-Identifier: ISC */
#include "config/ssh_table.h"

#include <string.h>

static const struct keyword keywords[] = {
#define K(kind, Name, field, flags, fallback, detail)			\
	{ #Name, &kind_##kind, offsetof(struct ssh_config, field), flags, fallback, \
	    &detail_##detail },
	SSH_KEYWORDS(K)
#undef K
};

static const struct old_keyword old_keywords[] = {
	{ "ChallengeResponseAuthentication", OLD_ALIAS, SSH_KEYWORD_KbdInteractiveAuthentication },
	{ "SkeyAuthentication", OLD_ALIAS, SSH_KEYWORD_KbdInteractiveAuthentication },
	{ "TISAuthentication", OLD_ALIAS, SSH_KEYWORD_KbdInteractiveAuthentication },
	{ "DSAAuthentication", OLD_ALIAS, SSH_KEYWORD_PubkeyAuthentication },
	{ "IdentityFile2", OLD_ALIAS, SSH_KEYWORD_IdentityFile },
	{ "KeepAlive", OLD_ALIAS, SSH_KEYWORD_TCPKeepAlive },
	{ "SmartcardDevice", OLD_ALIAS, SSH_KEYWORD_PKCS11Provider },
	{ "PubkeyAcceptedKeyTypes", OLD_ALIAS, SSH_KEYWORD_PubkeyAcceptedAlgorithms },
	{ "HostbasedKeyTypes", OLD_ALIAS, SSH_KEYWORD_HostbasedAcceptedAlgorithms },
	{ "HostbasedAcceptedKeyTypes", OLD_ALIAS, SSH_KEYWORD_HostbasedAcceptedAlgorithms },
	{ "RSAMinSize", OLD_ALIAS, SSH_KEYWORD_RequiredRSASize },	/* Red Hat's, before 9.1 */

	{ "Cipher", OLD_DEPRECATED, 0 },
	{ "FallBackToRsh", OLD_DEPRECATED, 0 },
	{ "GlobalKnownHostsFile2", OLD_DEPRECATED, 0 },
	{ "UserKnownHostsFile2", OLD_DEPRECATED, 0 },
	{ "RhostsAuthentication", OLD_DEPRECATED, 0 },
	{ "UseRoaming", OLD_DEPRECATED, 0 },
	{ "UseRsh", OLD_DEPRECATED, 0 },
	{ "UsePrivilegedPort", OLD_DEPRECATED, 0 },

	{ "AFSTokenPassing", OLD_UNSUPPORTED, 0 },
	{ "KerberosAuthentication", OLD_UNSUPPORTED, 0 },
	{ "KerberosTGTPassing", OLD_UNSUPPORTED, 0 },
	{ "RSAAuthentication", OLD_UNSUPPORTED, 0 },
	{ "RhostsRSAAuthentication", OLD_UNSUPPORTED, 0 },
	{ "CompressionLevel", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIAuthentication", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIDelegateCredentials", OLD_UNSUPPORTED, 0 },
	/* patches of distributions */
	{ "GSSAPIClientIdentity", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIKexAlgorithms", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIKeyExchange", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIRenewalForcesRekey", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIServerIdentity", OLD_UNSUPPORTED, 0 },
	{ "GSSAPITrustDNS", OLD_UNSUPPORTED, 0 },
	{ "ProtocolKeepAlives", OLD_UNSUPPORTED, 0 },
	{ "SetupTimeOut", OLD_UNSUPPORTED, 0 },

	{ "Protocol", OLD_IGNORED, 0 },
};

const struct schema ssh_schema = {
	.keywords = keywords, .n_keywords = COUNT(keywords),
	.old = old_keywords, .n_old = COUNT(old_keywords),
	.set_offset = offsetof(struct ssh_config, set),
	.truth = true, .lower_case = true,
};

const char *
ssh_keyword_name(enum ssh_keyword k)
{
	must((size_t)k < COUNT(keywords));
	return keywords[k].name;
}

bool
ssh_config_is_set(const struct ssh_config *c, enum ssh_keyword k)
{
	return schema_is_set(&ssh_schema, c, k);
}

void
ssh_config_free(struct ssh_config *c)
{
	if (c == NULL)
		return;
	schema_free(&ssh_schema, c);
	*c = (struct ssh_config){ 0 };
}

void
ssh_config_dump(const struct ssh_config *c, struct span host, struct writer *w)
{
	static const enum ssh_keyword first[] = {
		SSH_KEYWORD_User, SSH_KEYWORD_Hostname, SSH_KEYWORD_Port,
	};
	bool done[SSH_N_KEYWORDS] = { false };

	wr_raw(w, SPAN_LIT("host "));
	word_put(w, host);
	wr_u8(w, '\n');
	for (size_t i = 0; i < COUNT(first); i++) {
		schema_dump(&ssh_schema, c, first[i], w);
		done[first[i]] = true;
	}
	for (size_t i = 0; i < SSH_N_KEYWORDS; i++) {
		if (!done[i])
			schema_dump(&ssh_schema, c, i, w);
	}
}
