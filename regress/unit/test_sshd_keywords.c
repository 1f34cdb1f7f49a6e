/* SPDX-License-Identifier: ISC */
/* The value forms of every keyword of sshd_config: what they give, and what is refused. */
#include "regress/support/config_load.h"

static const struct {
	const char *line;
	const char *dumped;	/* "Keyword value", value lines with "|"; "" for no line */
} good[] = {
	{ "AcceptEnv LANG LC_*", "AcceptEnv LANG|LC_*" },
	{ "AddressFamily INET6", "AddressFamily inet6" },
	{ "AllowAgentForwarding no", "AllowAgentForwarding no" },
	{ "AllowGroups wheel 'domain users'", "AllowGroups wheel|\"domain users\"" },
	{ "AllowStreamLocalForwarding local", "AllowStreamLocalForwarding local" },
	{ "AllowTcpForwarding all", "AllowTcpForwarding yes" },
	{ "AllowTcpForwarding Remote", "AllowTcpForwarding remote" },
	{ "AllowUsers a b@10.0.0.0/8 *@host?", "AllowUsers a|b@10.0.0.0/8|*@host?" },
	{ "AuthenticationMethods any", "AuthenticationMethods any" },
	{ "AuthenticationMethods none", "AuthenticationMethods none" },
	{ "AuthenticationMethods publickey,password publickey,keyboard-interactive:pam",
	    "AuthenticationMethods publickey,password publickey,keyboard-interactive:pam" },
	{ "AuthorizedKeysCommand /bin/keys --user \"%u\"\nAuthorizedKeysCommandUser nobody",
	    "AuthorizedKeysCommand /bin/keys --user \"%u\"" },
	{ "AuthorizedKeysCommand none", "AuthorizedKeysCommand none" },
	{ "AuthorizedKeysCommandUser %u", "AuthorizedKeysCommandUser %u" },
	{ "AuthorizedKeysFile /etc/keys/%u .ssh/*.pub", "AuthorizedKeysFile /etc/keys/%u .ssh/*.pub" },
	{ "AuthorizedKeysFile none", "AuthorizedKeysFile none" },
	{ "AuthorizedPrincipalsCommand /bin/p\nAuthorizedPrincipalsCommandUser u",
	    "AuthorizedPrincipalsCommand /bin/p" },
	{ "AuthorizedPrincipalsCommandUser x", "AuthorizedPrincipalsCommandUser x" },
	{ "AuthorizedPrincipalsFile %h/principals", "AuthorizedPrincipalsFile %h/principals" },
	{ "Banner /etc/issue.net", "Banner /etc/issue.net" },
	{ "Banner none", "Banner none" },
	{ "CASignatureAlgorithms +ssh-rsa", "CASignatureAlgorithms ssh-ed25519,rsa-sha2-512,ssh-rsa" },
	{ "ChannelTimeout session:*=5m x11-connection=0 global=1h",
	    "ChannelTimeout session:*=300 x11-connection=0 global=3600" },
	{ "ChannelTimeout none", "ChannelTimeout none" },
	{ "ChannelWindowBudget 1M", "ChannelWindowBudget 1048576" },
	{ "ChrootDirectory %h", "ChrootDirectory %h" },
	{ "ChrootDirectory none", "ChrootDirectory none" },
	{ "Ciphers aes128-ctr,chacha20-poly1305@openssh.com",
	    "Ciphers aes128-ctr,chacha20-poly1305@openssh.com" },
	{ "Ciphers -*gcm*", "Ciphers chacha20-poly1305@openssh.com,aes128-ctr" },
	{ "Ciphers ^aes128-ctr", "Ciphers aes128-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com" },
	{ "Ciphers aes128-ctr,aes128-ctr,3des-cbc", "Ciphers aes128-ctr" },
	{ "ClientAliveCountMax 0", "ClientAliveCountMax 0" },
	{ "ClientAliveInterval 1m", "ClientAliveInterval 60" },
	{ "Compression delayed", "Compression yes" },
	{ "Compression no", "Compression no" },
	{ "DenyGroups a", "DenyGroups a" },
	{ "DenyUsers a@::1/128", "DenyUsers a@::1/128" },
	{ "DisableForwarding yes", "DisableForwarding yes" },
	{ "EphemeralCodes interactive", "EphemeralCodes interactive" },
	{ "EphemeralKeyEventLog /var/log/keys", "EphemeralKeyEventLog /var/log/keys" },
	{ "EphemeralKeyLimits 100:10:0", "EphemeralKeyLimits 100:10:0" },
	{ "EphemeralKeyMaxTTL 10m", "EphemeralKeyMaxTTL 600" },
	{ "EphemeralKeyRegistrars deploy:users=web|app*,max-ttl=5m 1000",
	    "EphemeralKeyRegistrars deploy:users=web|app*,max-ttl=5m 1000" },
	{ "EphemeralKeySocket /tmp/s", "EphemeralKeySocket /tmp/s" },
	{ "EphemeralKeySocket none", "EphemeralKeySocket none" },
	{ "EphemeralKeyTTL 90s", "EphemeralKeyTTL 90" },
	{ "EphemeralKeyUsers web* !root", "EphemeralKeyUsers web* !root" },
	{ "EphemeralKeys no", "EphemeralKeys no" },
	{ "ExposeAuthInfo yes", "ExposeAuthInfo yes" },
	{ "FingerprintHash md5", "FingerprintHash MD5" },
	{ "ForceCommand internal-sftp -d \"/x y\"  # kept", "ForceCommand internal-sftp -d \"/x y\"  # kept" },
	{ "ForceCommand NONE", "ForceCommand none" },
	{ "GatewayPorts clientspecified", "GatewayPorts clientspecified" },
	{ "ForwardingNames yes", "ForwardingNames yes" },
	{ "GatewaySources 10.0.0.0/8,192.0.2.0/24", "GatewaySources 10.0.0.0/8,192.0.2.0/24" },
	{ "GroupFile /etc/group /run/group", "GroupFile /etc/group /run/group" },
	{ "HostCertificate /a\nHostCertificate /b", "HostCertificate /a|/b" },
	{ "HostKey /a\nHostKey \"/b c\"\nHostKey /a", "HostKey /a|\"/b c\"" },
	{ "HostKey none", "HostKey none" },
	{ "HostKeyAgent SSH_AUTH_SOCK", "HostKeyAgent SSH_AUTH_SOCK" },
	{ "HostKeyAlgorithms ssh-ed*", "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519" },
	{ "HostbasedAcceptedAlgorithms rsa-sha2-*", "HostbasedAcceptedAlgorithms rsa-sha2-512,rsa-sha2-256" },
	{ "HostbasedAuthentication yes", "HostbasedAuthentication yes" },
	{ "HostbasedUsesNameFromPacketOnly yes", "HostbasedUsesNameFromPacketOnly yes" },
	{ "IPQoS af21 cs1", "IPQoS af21 cs1" },
	{ "IPQoS none", "IPQoS none none" },
	{ "IPQoS 0x11 184", "IPQoS 0x11 ef" },
	{ "IPQoS lowdelay throughput", "IPQoS none none" },
	{ "IgnoreRhosts shosts-only", "IgnoreRhosts shosts-only" },
	{ "IgnoreUserKnownHosts yes", "IgnoreUserKnownHosts yes" },
	{ "KbdInteractiveAuthentication no", "KbdInteractiveAuthentication no" },
	{ "KexAlgorithms +diffie-hellman-group14-sha256",
	    "KexAlgorithms mlkem768x25519-sha256,curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256" },
	{ "ListenAddress 127.0.0.1\nPort 22\nPort 2222", "ListenAddress 127.0.0.1:22|127.0.0.1:2222" },
	{ "ListenAddress [::1]:99\nListenAddress ::1\nListenAddress localhost:7",
	    "ListenAddress [::1]:99|[::1]:22|localhost:7" },
	{ "AddressFamily inet", "ListenAddress 0.0.0.0:22" },
	{ "LogLevel debug", "LogLevel DEBUG" },
	{ "LogLevel DEBUG1", "LogLevel DEBUG" },
	{ "LogLevel Quiet", "LogLevel QUIET" },
	{ "LogVerbose kex.c:*:1000 packet.c", "LogVerbose kex.c:*:1000 packet.c" },
	{ "LoginGraceTime 2m", "LoginGraceTime 120" },
	{ "LoginGraceTime 0", "LoginGraceTime 0" },
	{ "MACs hmac-sha1", "MACs hmac-sha1" },
	{ "MaxAuthTries 3", "MaxAuthTries 3" },
	{ "MaxSessions 0", "MaxSessions 0" },
	{ "MaxStartups 5", "MaxStartups 5:100:5" },
	{ "MaxStartups 5:50:60", "MaxStartups 5:50:60" },
	{ "ModuliFile /m", "ModuliFile /m" },
	{ "PasswdFile /etc/passwd /run/users", "PasswdFile /etc/passwd /run/users" },
	{ "PasswordAuthentication no", "PasswordAuthentication no" },
	{ "PerSourceMaxStartups 4", "PerSourceMaxStartups 4" },
	{ "PerSourceMaxStartups none", "PerSourceMaxStartups none" },
	{ "PerSourceNetBlockSize 24:56", "PerSourceNetBlockSize 24:56" },
	{ "PerSourceNetBlockSize 24", "PerSourceNetBlockSize 24:128" },
	{ "PerSourcePenalties no", "PerSourcePenalties no" },
	{ "PerSourcePenalties authfail:7\nPerSourcePenalties authfail:9 noauth:2 min:3\nPerSourcePenalties min:4",
	    "PerSourcePenalties crash:90 authfail:7 invaliduser:5 refuseconnection:10 noauth:2 "
	    "grace-exceeded:10 max:600 min:3 max-sources4:65536 max-sources6:65536 "
	    "overflow:permissive overflow6:permissive" },
	{ "PerSourcePenalties noauth:2 noauth:3 no\nPerSourcePenalties yes", "PerSourcePenalties no" },
	{ "PerSourcePenalties authfail:0.5 crash:2m overflow:deny-all max-sources4:10",
	    "PerSourcePenalties crash:120 authfail:0.500 invaliduser:5 refuseconnection:10 noauth:1 "
	    "grace-exceeded:10 max:600 min:15 max-sources4:10 max-sources6:65536 "
	    "overflow:deny-all overflow6:deny-all" },
	{ "PerSourcePenaltyExemptList 10.0.0.0/8,192.168.1.1", "PerSourcePenaltyExemptList 10.0.0.0/8,192.168.1.1" },
	{ "PermitEmptyPasswords yes", "PermitEmptyPasswords yes" },
	{ "PermitListen 8080 localhost:* [::1]:25", "PermitListen *:8080 localhost:* [::1]:25" },
	{ "PermitListen any", "PermitListen any" },
	{ "PermitOpen host:80 *:443 [2001:db8::1]:22 db:*", "PermitOpen host:80 *:443 [2001:db8::1]:22 db:*" },
	{ "PermitOpen none", "PermitOpen none" },
	{ "PermitRootLogin prohibit-password", "PermitRootLogin without-password" },
	{ "PermitRootLogin forced-commands-only", "PermitRootLogin forced-commands-only" },
	{ "PermitTTY no", "PermitTTY no" },
	{ "PermitTunnel point-to-point", "PermitTunnel point-to-point" },
	{ "PermitUserEnvironment LANG,LC_*", "PermitUserEnvironment LANG,LC_*" },
	{ "PermitUserEnvironment yes", "PermitUserEnvironment yes" },
	{ "PermitUserRC no", "PermitUserRC no" },
	{ "PidFile none", "PidFile none" },
	{ "Port 2222", "Port 2222" },
	{ "Port 1\nport 65535\nPORT=1", "Port 1|65535" },
	{ "PrintLastLog no", "PrintLastLog no" },
	{ "PrintMotd no", "PrintMotd no" },
	{ "PubkeyAcceptedAlgorithms -ecdsa*,rsa*", "PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519" },
	{ "PubkeyAuthOptions verify-required touch-required", "PubkeyAuthOptions touch-required verify-required" },
	{ "PubkeyAuthOptions none", "PubkeyAuthOptions none" },
	{ "PubkeyAuthentication no", "PubkeyAuthentication no" },
	{ "RDomain none", "RDomain none" },
	{ "RefuseConnection yes", "RefuseConnection yes" },
	{ "RekeyLimit 1G 1h", "RekeyLimit 1073741824 3600" },
	{ "RekeyLimit default none", "RekeyLimit 0 0" },
	{ "RequiredRSASize 2048", "RequiredRSASize 2048" },
	{ "RevokedKeys /a /b", "RevokedKeys /a /b" },
	{ "SecurityKeyProvider internal", "SecurityKeyProvider internal" },
	{ "SessionDeadline expiry", "SessionDeadline expiry" },
	{ "SetEnv A=b \"C=d e\" F=", "SetEnv A=b \"C=d e\" F=" },
	{ "ShadowFile none", "ShadowFile none" },
	{ "SshdAuthPath /x", "SshdAuthPath /x" },
	{ "SshdSessionPath /x", "SshdSessionPath /x" },
	{ "StreamLocalBindMask 0007", "StreamLocalBindMask 07" },
	{ "StreamLocalBindUnlink yes", "StreamLocalBindUnlink yes" },
	{ "StrictModes no", "StrictModes no" },
	{ "Subsystem sftp internal-sftp -l INFO # c\nSubsystem x /y \"z  z\"",
	    "Subsystem sftp internal-sftp -l INFO|x /y \"z  z\"" },
	{ "Subsystem a /x\nSubsystem sftp none\nSubsystem sftp /y", "Subsystem a /x" },
	{ "SyslogFacility local7", "SyslogFacility LOCAL7" },
	{ "TCPKeepAlive no", "TCPKeepAlive no" },
	{ "TrustedUserCAKeys /ca", "TrustedUserCAKeys /ca" },
	{ "UnusedConnectionTimeout 30", "UnusedConnectionTimeout 30" },
	{ "UnusedConnectionTimeout none", "UnusedConnectionTimeout none" },
	{ "UseDNS yes", "UseDNS yes" },
	{ "VersionAddendum Some Text", "VersionAddendum Some Text" },
	{ "VersionAddendum \"Some  Text\"", "VersionAddendum \"Some  Text\"" },
	{ "WireUidRange 70000-70999", "WireUidRange 70000-70999" },
	{ "WireUidRange 70000", "WireUidRange 70000-70000" },
	{ "X11DisplayOffset 20", "X11DisplayOffset 20" },
	{ "X11Forwarding yes", "X11Forwarding yes" },
	{ "X11UseLocalhost no", "X11UseLocalhost no" },
	{ "XAuthLocation /x", "XAuthLocation /x" },
	/* old spellings */
	{ "HostDSAKey /k", "HostKey /k" },
	{ "ChallengeResponseAuthentication no", "KbdInteractiveAuthentication no" },
	{ "SkeyAuthentication no", "KbdInteractiveAuthentication no" },
	{ "DSAAuthentication no", "PubkeyAuthentication no" },
	{ "KeepAlive no", "TCPKeepAlive no" },
	{ "PubkeyAcceptedKeyTypes ssh-ed25519", "PubkeyAcceptedAlgorithms ssh-ed25519" },
	{ "HostbasedAcceptedKeyTypes ssh-ed25519", "HostbasedAcceptedAlgorithms ssh-ed25519" },
	{ "RSAMinSize 3072", "RequiredRSASize 3072" },
};

static void
every_value_form_gives_its_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char keyword[64];
		size_t n = strcspn(good[i].dumped, " ");

		snprintf(keyword, sizeof(keyword), "%.*s", (int)n, good[i].dumped);
		assert_sshd(good[i].line, NULL, keyword, good[i].dumped + n + 1);
	}
}

static void
every_keyword_has_a_row_in_this_test(void **state)
{
	(void)state;
	for (size_t k = 0; k < SSHD_N_KEYWORDS; k++) {
		const char *name = sshd_keyword_name((enum sshd_keyword)k);
		bool found = false;

		for (size_t i = 0; i < COUNT(good); i++)
			found |= strncmp(good[i].dumped, name, strlen(name)) == 0 &&
			    good[i].dumped[strlen(name)] == ' ';
		if (!found)
			fail_msg("%s", name);
	}
}

/* Values that are refused: of each keyword one at least. */
static const struct bad_line bad[] = {
	{ "PermitTTY maybe", "sshd_config: line 1: PermitTTY: must be yes or no" },
	{ "\n\nPermitTTY", "sshd_config: line 3: PermitTTY: missing argument" },
	{ "PermitTTY yes no", "extra arguments" },
	{ "PermitTTY true", "must be yes or no" },
	{ "PermitRootLogin maybe", "forced-commands-only" },
	{ "Port 0", "1 to 65535" },
	{ "Port 65536", "1 to 65535" },
	{ "Port ssh", "1 to 65535" },
	{ "ListenAddress [::1", "must be host" },
	{ "ListenAddress host:99999", "port" },
	{ "ListenAddress 1.2.3.4 rdomain 5", "routing domains" },
	{ "RDomain 5", "routing domains" },
	{ "LoginGraceTime -1", "must be a time" },
	{ "LoginGraceTime 99999999999999w", "must be a time" },
	{ "MaxStartups 10:30", "start:rate:full" },
	{ "MaxStartups 10:101:100", "rate" },
	{ "MaxStartups 10:30:5", "start must be" },
	{ "MaxAuthTries x", "number" },
	{ "RequiredRSASize 512", "1024" },
	{ "Ciphers none", "unknown algorithm none" },
	{ "Ciphers", "missing argument" },
	{ "Ciphers -*", "leaves no algorithm" },
	{ "Ciphers 3des-cbc", "leaves no algorithm" },
	{ "KexAlgorithms +nonsense", "unknown algorithm nonsense" },
	{ "PermitOpen host", "host:port" },
	{ "PermitOpen host:99999", "port" },
	{ "PermitListen host:x", "port" },
	{ "AllowUsers a@10.0.0.1/8", "host part" },
	{ "PerSourcePenalties authfail", "authfail has no good value" },
	{ "PerSourcePenalties authfail:1.2345", "authfail" },
	{ "PerSourcePenalties nonsense:1", "name:value" },
	{ "PerSourcePenalties min:20 max:10", "min" },
	{ "PerSourceNetBlockSize 33", "32" },
	{ "PerSourceNetBlockSize 32:129", "128" },
	{ "PerSourcePenaltyExemptList host.example", "addresses" },
	{ "AuthenticationMethods any password", "alone" },
	{ "AuthenticationMethods ssh-magic", "publickey" },
	{ "AuthorizedKeysCommand keys", "absolute" },
	{ "AuthorizedKeysCommand /keys", "AuthorizedKeysCommandUser is not" },
	{ "AuthorizedPrincipalsCommand /keys", "AuthorizedPrincipalsCommandUser is not" },
	{ "AcceptEnv A=b", "=" },
	{ "SetEnv A", "NAME=VALUE" },
	{ "SetEnv =b", "NAME=VALUE" },
	{ "ChannelTimeout session", "type=time" },
	{ "ChrootDirectory jail", "absolute" },
	{ "StreamLocalBindMask 0888", "octal" },
	{ "StreamLocalBindMask 01000", "octal" },
	{ "RekeyLimit 15", "16 bytes" },
	{ "RekeyLimit 1G soon", "second argument" },
	{ "IPQoS af99", "af11" },
	{ "IPQoS 256", "255" },
	{ "Subsystem sftp", "name and a command" },
	{ "WireUidRange 0-10", "not 0" },
	{ "WireUidRange 9-1", "first-last" },
	{ "WireUidRange 4294967295", "uid" },
	{ "EphemeralKeyLimits 1:2", "total" },
	{ "EphemeralKeyLimits 0:1:1", "total" },
	{ "EphemeralKeyLimits 100001:1:1", "100000" },
	{ "EphemeralKeyTTL 0", "longer" },
	{ "EphemeralKeyTTL 2h\nEphemeralKeyMaxTTL 1h", "longer than EphemeralKeyMaxTTL" },
	{ "EphemeralKeySocket s", "absolute" },
	{ "ChannelWindowBudget 1", "size" },
	{ "PasswdFile none", "absolute" },
	{ "HostKey /a /b", "extra arguments" },
	{ "HostKey \"\"", "empty argument" },
	{ "Banner ''", "missing argument" },
	{ "PubkeyAuthOptions nothing", "touch-required" },
	{ "X11DisplayOffset 60000", "59535" },
	/* one at least of each keyword */
	{ "AddressFamily nonsense", "AddressFamily: must be one of: any, inet, inet6" },
	{ "HostCertificate a b", "HostCertificate: extra arguments at end of line" },
	{ "HostKeyAgent a b", "HostKeyAgent: extra arguments at end of line" },
	{ "HostKeyAlgorithms nonsense", "HostKeyAlgorithms: unknown algorithm nonsense" },
	{ "MACs nonsense", "MACs: unknown algorithm nonsense" },
	{ "Compression nonsense", "Compression: must be one of: yes, delayed, no" },
	{ "ModuliFile a b", "ModuliFile: extra arguments at end of line" },
	{ "VersionAddendum", "VersionAddendum: missing argument" },
	{ "FingerprintHash nonsense", "FingerprintHash: must be one of: SHA256, MD5" },
	{ "MaxSessions many", "MaxSessions: must be a number from 0 to 2147483647" },
	{ "PerSourceMaxStartups many", "PerSourceMaxStartups: must be a number from 1 to" },
	{ "RefuseConnection perhaps", "RefuseConnection: must be yes or no" },
	{ "ClientAliveInterval soon", "ClientAliveInterval: must be a time such as 90, 30s, 5m or" },
	{ "ClientAliveCountMax many", "ClientAliveCountMax: must be a number from 0 to 2147483647" },
	{ "UnusedConnectionTimeout soon", "UnusedConnectionTimeout: must be a time such as 90, 30s, 5m" },
	{ "TCPKeepAlive perhaps", "TCPKeepAlive: must be yes or no" },
	{ "UseDNS perhaps", "UseDNS: must be yes or no" },
	{ "DenyUsers", "DenyUsers: missing argument" },
	{ "AllowGroups", "AllowGroups: missing argument" },
	{ "DenyGroups", "DenyGroups: missing argument" },
	{ "PubkeyAuthentication perhaps", "PubkeyAuthentication: must be yes or no" },
	{ "PubkeyAcceptedAlgorithms nonsense", "PubkeyAcceptedAlgorithms: unknown algorithm nonsense" },
	{ "AuthorizedKeysFile", "AuthorizedKeysFile: missing argument" },
	{ "AuthorizedKeysCommandUser a b", "AuthorizedKeysCommandUser: extra arguments at end of line" },
	{ "AuthorizedPrincipalsFile a b", "AuthorizedPrincipalsFile: extra arguments at end of line" },
	{ "AuthorizedPrincipalsCommandUser a b", "AuthorizedPrincipalsCommandUser: extra arguments at end of" },
	{ "TrustedUserCAKeys a b", "TrustedUserCAKeys: extra arguments at end of line" },
	{ "CASignatureAlgorithms nonsense", "CASignatureAlgorithms: unknown algorithm nonsense" },
	{ "RevokedKeys", "RevokedKeys: missing argument" },
	{ "PasswordAuthentication perhaps", "PasswordAuthentication: must be yes or no" },
	{ "PermitEmptyPasswords perhaps", "PermitEmptyPasswords: must be yes or no" },
	{ "KbdInteractiveAuthentication perhaps", "KbdInteractiveAuthentication: must be yes or no" },
	{ "HostbasedAuthentication perhaps", "HostbasedAuthentication: must be yes or no" },
	{ "HostbasedAcceptedAlgorithms nonsense", "HostbasedAcceptedAlgorithms: unknown algorithm nonsense" },
	{ "HostbasedUsesNameFromPacketOnly perhaps", "HostbasedUsesNameFromPacketOnly: must be yes or no" },
	{ "IgnoreRhosts nonsense", "IgnoreRhosts: must be one of: yes, no, shosts-only" },
	{ "IgnoreUserKnownHosts perhaps", "IgnoreUserKnownHosts: must be yes or no" },
	{ "StrictModes nonsense", "StrictModes: must be one of: yes, no, writable" },
	{ "SecurityKeyProvider a b", "SecurityKeyProvider: extra arguments at end of line" },
	{ "ExposeAuthInfo perhaps", "ExposeAuthInfo: must be yes or no" },
	{ "PermitUserRC perhaps", "PermitUserRC: must be yes or no" },
	{ "PermitUserEnvironment", "PermitUserEnvironment: missing argument" },
	{ "ForceCommand", "ForceCommand: missing argument" },
	{ "PrintMotd perhaps", "PrintMotd: must be yes or no" },
	{ "PrintLastLog perhaps", "PrintLastLog: must be yes or no" },
	{ "DisableForwarding perhaps", "DisableForwarding: must be yes or no" },
	{ "AllowAgentForwarding perhaps", "AllowAgentForwarding: must be yes or no" },
	{ "AllowTcpForwarding nonsense", "AllowTcpForwarding: must be one of: yes, all, no, local" },
	{ "AllowStreamLocalForwarding nonsense", "AllowStreamLocalForwarding: must be one of: yes, all, no" },
	{ "ForwardingNames perhaps", "ForwardingNames: must be yes or no" },
	{ "GatewayPorts nonsense", "GatewayPorts: must be one of: no, yes, clientspecified" },
	{ "GatewaySources", "GatewaySources: missing argument" },
	{ "PermitTunnel nonsense", "PermitTunnel: must be one of: no, yes, point-to-point" },
	{ "StreamLocalBindUnlink perhaps", "StreamLocalBindUnlink: must be yes or no" },
	{ "X11Forwarding perhaps", "X11Forwarding: must be yes or no" },
	{ "X11UseLocalhost perhaps", "X11UseLocalhost: must be yes or no" },
	{ "XAuthLocation a b", "XAuthLocation: extra arguments at end of line" },
	{ "LogLevel nonsense", "LogLevel: must be one of: QUIET, FATAL, ERROR, INFO" },
	{ "SyslogFacility nonsense", "SyslogFacility: must be one of: DAEMON, USER, AUTH" },
	{ "LogVerbose", "LogVerbose: missing argument" },
	{ "PidFile a b", "PidFile: extra arguments at end of line" },
	{ "SshdSessionPath a b", "SshdSessionPath: extra arguments at end of line" },
	{ "SshdAuthPath a b", "SshdAuthPath: extra arguments at end of line" },
	{ "GroupFile", "GroupFile: missing argument" },
	{ "ShadowFile", "ShadowFile: missing argument" },
	{ "SessionDeadline nonsense", "SessionDeadline: must be one of: none, expiry" },
	{ "EphemeralKeys perhaps", "EphemeralKeys: must be yes or no" },
	{ "EphemeralCodes nonsense", "EphemeralCodes: must be one of: no, yes, interactive" },
	{ "EphemeralKeyMaxTTL soon", "EphemeralKeyMaxTTL: must be a time such as 90, 30s, 5m or" },
	{ "EphemeralKeyEventLog a b", "EphemeralKeyEventLog: extra arguments at end of line" },
	{ "EphemeralKeyRegistrars", "EphemeralKeyRegistrars: missing argument" },
	{ "EphemeralKeyUsers", "EphemeralKeyUsers: missing argument" },
};

static void
every_keyword_has_a_value_that_is_refused(void **state)
{
	bool all = true;

	(void)state;
	for (size_t k = 0; k < SSHD_N_KEYWORDS; k++)
		all &= has_bad_line(bad, COUNT(bad), sshd_keyword_name((enum sshd_keyword)k));
	assert_true(all);
}

static void
values_that_are_none_are_refused_with_the_line_and_what_would_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_sshd_bad(bad[i].line, bad[i].said);
}

static void
the_types_are_those_of_the_struct(void **state)
{
	struct sshd_config c;
	struct sshd_rules *rules;
	struct fake_io io = { 0 };

	(void)state;
	assert_int_equal(load_sshd(&rules, &io,
	    "Port 2200\nPermitRootLogin no\nLogLevel VERBOSE\nSyslogFacility LOCAL3\n"
	    "IPQoS af11 le\nRekeyLimit 1M 2m\nSubsystem sftp /bin/s -x\nPermitOpen *:80 h:*\n"
	    "UnusedConnectionTimeout none\nPubkeyAuthOptions verify-required\n"
	    "AllowTcpForwarding local\nPermitTunnel yes\nChannelTimeout a=5\n"), ERR_OK);
	assert_int_equal(sshd_config_for(&c, rules, NULL), ERR_OK);
	assert_int_equal(c.ports.v[0], 2200);
	assert_int_equal(c.permit_root_login, PERMIT_ROOT_NO);
	assert_int_equal(c.log_level, CONFIG_LOG_VERBOSE);
	assert_int_equal(c.syslog_facility, LOG_LOCAL3);
	assert_int_equal(c.ip_qos.interactive, 0x28);
	assert_int_equal(c.ip_qos.bulk, 4);
	assert_int_equal(c.rekey_limit.bytes, 1 << 20);
	assert_int_equal(c.rekey_limit.seconds, 120);
	assert_string_equal(c.subsystems.v[0].command, "/bin/s -x");
	assert_null(c.permit_open.v[0].host);
	assert_int_equal(c.permit_open.v[1].port, 0);
	assert_int_equal(c.unused_connection_timeout, 0);
	assert_int_equal(c.pubkey_auth_options, PUBKEY_VERIFY_REQUIRED);
	assert_int_equal(c.allow_tcp_forwarding, FORWARDING_LOCAL);
	assert_int_equal(c.permit_tunnel, TUNNEL_POINT_TO_POINT | TUNNEL_ETHERNET);
	assert_int_equal(channel_timeout_of(&c.channel_timeouts, SPAN_LIT("a")), 5);
	assert_int_equal(c.login_grace_time, 120);
	assert_true(c.per_source_penalties.on);
	assert_int_equal(c.per_source_penalties.crash, 90000);
	assert_null(c.force_command);
	assert_true(sshd_config_is_set(&c, SSHD_Port));
	assert_false(sshd_config_is_set(&c, SSHD_HostKey));
	assert_int_equal(c.host_keys.n, 3);
	sshd_config_free(&c);
	sshd_rules_free(rules);
}

static void
permit_lists_allow_what_they_name(void **state)
{
	struct permit v[] = { { (char *)"db", 5432 }, { NULL, 443 }, { (char *)"*.lan", 0 } };
	struct permits p = { .v = v, .n = 3 }, any = { .any = true }, none = { 0 };

	(void)state;
	assert_true(permits_allow(&p, SPAN_LIT("DB"), 5432, false));
	assert_false(permits_allow(&p, SPAN_LIT("db"), 5433, false));
	assert_true(permits_allow(&p, SPAN_LIT("anything"), 443, false));
	assert_false(permits_allow(&p, SPAN_LIT("x.lan"), 1, false));
	assert_true(permits_allow(&p, SPAN_LIT("x.lan"), 1, true));
	assert_true(permits_allow(&any, SPAN_LIT("x"), 1, false));
	assert_false(permits_allow(&none, SPAN_LIT("x"), 1, false));
}

static void
channel_timeouts_go_by_the_first_pattern_and_global_by_its_name_only(void **state)
{
	struct channel_timeout v[] = {
		{ (char *)"session:shell", 10 }, { (char *)"session*", 20 }, { (char *)"*", 30 },
	};
	struct channel_timeout g[] = { { (char *)"*", 30 }, { (char *)"global", 40 } };
	struct channel_timeouts t = { v, 3 }, with_global = { g, 2 };

	(void)state;
	assert_int_equal(channel_timeout_of(&t, SPAN_LIT("session:shell")), 10);
	assert_int_equal(channel_timeout_of(&t, SPAN_LIT("session:command")), 20);
	assert_int_equal(channel_timeout_of(&t, SPAN_LIT("direct-tcpip")), 30);
	assert_int_equal(channel_timeout_of(&t, SPAN_LIT("global")), 0);
	assert_int_equal(channel_timeout_of(&with_global, SPAN_LIT("global")), 40);
}

static void
tokens_expand_where_the_keyword_allows_them(void **state)
{
	struct config_tokens t = { .value = { ['u'] = "bob", ['h'] = "/home/bob", ['U'] = "1000",
	    ['k'] = "AAAA", ['F'] = "SHA256:x" } };
	SCOPED(writer_free) struct writer w = writer_init(1000);

	(void)state;
	assert_int_equal(sshd_config_expand(&w, SSHD_AuthorizedKeysFile,
	    SPAN_LIT("%h/%%u/%u/%U"), &t), ERR_OK);
	assert_true(span_is(writer_span(&w), "/home/bob/%u/bob/1000"));
	writer_reset(&w);
	assert_int_equal(sshd_config_expand(&w, SSHD_AuthorizedKeysFile, SPAN_LIT("%k"), &t),
	    ERR_SYNTAX);
	writer_reset(&w);
	assert_int_equal(sshd_config_expand(&w, SSHD_AuthorizedKeysCommand, SPAN_LIT("%k"), &t),
	    ERR_OK);
	assert_int_equal(sshd_config_expand(&w, SSHD_AuthorizedKeysCommand, SPAN_LIT("%F"), &t),
	    ERR_SYNTAX);
	assert_int_equal(sshd_config_expand(&w, SSHD_ChrootDirectory, SPAN_LIT("/x%"), &t),
	    ERR_SYNTAX);
	assert_int_equal(sshd_config_expand(&w, SSHD_Banner, SPAN_LIT("%u"), &t), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_form_gives_its_value),
		cmocka_unit_test(every_keyword_has_a_row_in_this_test),
		cmocka_unit_test(every_keyword_has_a_value_that_is_refused),
		cmocka_unit_test(values_that_are_none_are_refused_with_the_line_and_what_would_do),
		cmocka_unit_test(the_types_are_those_of_the_struct),
		cmocka_unit_test(permit_lists_allow_what_they_name),
		cmocka_unit_test(channel_timeouts_go_by_the_first_pattern_and_global_by_its_name_only),
		cmocka_unit_test(tokens_expand_where_the_keyword_allows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
