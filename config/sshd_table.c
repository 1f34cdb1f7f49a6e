/* SPDX-License-Identifier: ISC */
#include "config/sshd_table.h"

static const struct keyword keywords[] = {
#define K(kind, Name, field, flags, fallback, detail)			\
	{ #Name, &kind_##kind, offsetof(struct sshd_config, field), flags, fallback, \
	    &detail_##detail },
	SSHD_KEYWORDS(K)
#undef K
};

static const struct old_keyword old_keywords[] = {
	{ "HostDSAKey", OLD_ALIAS, SSHD_HostKey },
	{ "HostbasedAcceptedKeyTypes", OLD_ALIAS, SSHD_HostbasedAcceptedAlgorithms },
	{ "PubkeyAcceptedKeyTypes", OLD_ALIAS, SSHD_PubkeyAcceptedAlgorithms },
	{ "DSAAuthentication", OLD_ALIAS, SSHD_PubkeyAuthentication },
	{ "ChallengeResponseAuthentication", OLD_ALIAS, SSHD_KbdInteractiveAuthentication },
	{ "SkeyAuthentication", OLD_ALIAS, SSHD_KbdInteractiveAuthentication },
	{ "KeepAlive", OLD_ALIAS, SSHD_TCPKeepAlive },
	{ "RSAMinSize", OLD_ALIAS, SSHD_RequiredRSASize },	/* Red Hat's, before 9.1 */

	{ "ServerKeyBits", OLD_DEPRECATED, 0 },
	{ "KeyRegenerationInterval", OLD_DEPRECATED, 0 },
	{ "RHostsAuthentication", OLD_DEPRECATED, 0 },
	{ "RhostsRSAAuthentication", OLD_DEPRECATED, 0 },
	{ "RSAAuthentication", OLD_DEPRECATED, 0 },
	{ "CheckMail", OLD_DEPRECATED, 0 },
	{ "UseLogin", OLD_DEPRECATED, 0 },
	{ "VerifyReverseMapping", OLD_DEPRECATED, 0 },
	{ "ReverseMappingCheck", OLD_DEPRECATED, 0 },
	{ "AuthorizedKeysFile2", OLD_DEPRECATED, 0 },
	{ "UsePrivilegeSeparation", OLD_DEPRECATED, 0 },
	{ "KerberosTgtPassing", OLD_DEPRECATED, 0 },
	{ "AFSTokenPassing", OLD_DEPRECATED, 0 },

	{ "UsePAM", OLD_UNSUPPORTED, 0 },
	{ "PAMServiceName", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIAuthentication", OLD_UNSUPPORTED, 0 },
	{ "GSSAPICleanupCredentials", OLD_UNSUPPORTED, 0 },
	{ "GSSAPICleanupCreds", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIDelegateCredentials", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIStrictAcceptorCheck", OLD_UNSUPPORTED, 0 },
	{ "KerberosAuthentication", OLD_UNSUPPORTED, 0 },
	{ "KerberosGetAFSToken", OLD_UNSUPPORTED, 0 },
	{ "KerberosOrLocalPasswd", OLD_UNSUPPORTED, 0 },
	{ "KerberosTicketCleanup", OLD_UNSUPPORTED, 0 },
	/* patches of distributions */
	{ "DebianBanner", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIKexAlgorithms", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIKeyExchange", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIStoreCredentialsOnRekey", OLD_UNSUPPORTED, 0 },
	{ "GSSAPIEnablek5users", OLD_UNSUPPORTED, 0 },
	{ "KerberosUniqueCCache", OLD_UNSUPPORTED, 0 },
	{ "KerberosUseKuserok", OLD_UNSUPPORTED, 0 },

	{ "Protocol", OLD_IGNORED, 0 },
};

const struct schema sshd_schema = {
	.keywords = keywords, .n_keywords = COUNT(keywords),
	.old = old_keywords, .n_old = COUNT(old_keywords),
	.set_offset = offsetof(struct sshd_config, set),
};

const char *
sshd_keyword_name(enum sshd_keyword k)
{
	must((size_t)k < COUNT(keywords));
	return keywords[k].name;
}
