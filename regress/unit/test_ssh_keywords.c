/* SPDX-License-Identifier: ISC */
/* The value forms of every keyword of ssh_config: what they give, and what is refused. */
#include "regress/support/config_load.h"

static const struct {
	const char *line;
	const char *dumped;	/* "keyword value" as ssh -G prints it */
} good[] = {
	{ "AddKeysToAgent confirm 1h", "addkeystoagent confirm 3600" },
	{ "AddKeysToAgent yes", "addkeystoagent true" },
	{ "AddKeysToAgent 90", "addkeystoagent 90" },
	{ "AddKeysToAgent ask", "addkeystoagent ask" },
	{ "AddressFamily inet", "addressfamily inet" },
	{ "BatchMode yes", "batchmode yes" },
	{ "BatchMode true", "batchmode yes" },
	{ "BindAddress 10.0.0.1", "bindaddress 10.0.0.1" },
	{ "BindInterface eth0", "bindinterface eth0" },
	{ "CASignatureAlgorithms ssh-ed25519", "casignaturealgorithms ssh-ed25519" },
	{ "CanonicalDomains a.example b.example", "canonicaldomains a.example b.example" },
	{ "CanonicalDomains none", "canonicaldomains none" },
	{ "CanonicalizeFallbackLocal no", "canonicalizefallbacklocal no" },
	{ "CanonicalizeHostname always", "canonicalizehostname always" },
	{ "CanonicalizeHostname none", "canonicalizehostname false" },
	{ "CanonicalizeMaxDots 2", "canonicalizemaxdots 2" },
	{ "CanonicalizePermittedCNAMEs *.a:*.b,*.c none:x", "canonicalizepermittedcnames *.a:*.b,*.c none:x" },
	{ "CertificateFile ~/a\nCertificateFile ~/b", "certificatefile ~/a|~/b" },
	{ "ChannelTimeout session=1m", "channeltimeout session=60" },
	{ "CheckHostIP yes", "checkhostip yes" },
	{ "Ciphers aes256-ctr", "ciphers aes256-ctr" },
	{ "ClearAllForwardings yes", "clearallforwardings yes" },
	{ "Compression yes", "compression yes" },
	{ "ConnectTimeout 5", "connecttimeout 5" },
	{ "ConnectTimeout none", "connecttimeout none" },
	{ "ConnectionAttempts 3", "connectionattempts 3" },
	{ "ControlMaster auto", "controlmaster auto" },
	{ "ControlMaster no", "controlmaster false" },
	{ "ControlPath ~/.ssh/%C", "controlpath ~/.ssh/%C" },
	{ "ControlPath none", "controlpath" },
	{ "ControlPersist 10m", "controlpersist 600" },
	{ "ControlPersist yes", "controlpersist yes" },
	{ "ControlPersist 0", "controlpersist yes" },
	{ "DynamicForward 1080\nDynamicForward *:1081", "dynamicforward 1080|[*]:1081" },
	{ "EnableEscapeCommandline yes", "enableescapecommandline yes" },
	{ "EphemeralProofFile /x", "ephemeralprooffile /x" },
	{ "EnableSSHKeysign yes", "enablesshkeysign yes" },
	{ "EscapeChar ^A", "escapechar ^A" },
	{ "EscapeChar none", "escapechar none" },
	{ "EscapeChar %", "escapechar %" },
	{ "ExitOnForwardFailure yes", "exitonforwardfailure yes" },
	{ "FingerprintHash sha256", "fingerprinthash SHA256" },
	{ "ForkAfterAuthentication yes", "forkafterauthentication yes" },
	{ "ForwardAgent $SOCK", "forwardagent $SOCK" },
	{ "ForwardAgent yes", "forwardagent yes" },
	{ "ForwardX11 yes", "forwardx11 yes" },
	{ "ForwardX11Timeout 1w", "forwardx11timeout 604800" },
	{ "ForwardX11Trusted yes", "forwardx11trusted yes" },
	{ "GatewayPorts yes", "gatewayports yes" },
	{ "GatewaySources 10.0.0.0/8,192.0.2.0/24", "gatewaysources 10.0.0.0/8,192.0.2.0/24" },
	{ "GlobalKnownHostsFile /a /b", "globalknownhostsfile /a /b" },
	{ "HashKnownHosts yes", "hashknownhosts yes" },
	{ "HostKeyAlgorithms ^rsa*", "hostkeyalgorithms rsa-sha2-512,rsa-sha2-256,"
	    "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519,ecdsa-sha2-nistp256" },
	{ "HostKeyAlias alias", "hostkeyalias alias" },
	{ "HostbasedAcceptedAlgorithms ssh-ed25519", "hostbasedacceptedalgorithms ssh-ed25519" },
	{ "HostbasedAuthentication yes", "hostbasedauthentication yes" },
	{ "Hostname %h.lan", "hostname %h.lan" },
	{ "IPQoS ef", "ipqos ef ef" },
	{ "IdentitiesOnly yes", "identitiesonly yes" },
	{ "IdentityAgent SSH_AUTH_SOCK", "identityagent SSH_AUTH_SOCK" },
	{ "IdentityAgent none", "identityagent none" },
	{ "IdentityFile ~/.ssh/a\nIdentityFile %d/b\nIdentityFile ~/.ssh/a", "identityfile ~/.ssh/a|%d/b" },
	{ "IdentityFile none", "identityfile none" },
	{ "IgnoreUnknown Foo*,Bar\nFoox 1\nBar 2", "ignoreunknown Foo*,Bar" },
	{ "KbdInteractiveAuthentication no", "kbdinteractiveauthentication no" },
	{ "KbdInteractiveDevices pam,bsdauth", "kbdinteractivedevices pam,bsdauth" },
	{ "KexAlgorithms curve25519-sha256", "kexalgorithms curve25519-sha256" },
	{ "KnownHostsCommand /bin/k %H \"x y\"", "knownhostscommand /bin/k %H \"x y\"" },
	{ "LocalCommand echo %n # no comment", "localcommand echo %n # no comment" },
	{ "LocalForward 8080 localhost:80", "localforward 8080 [localhost]:80" },
	{ "LocalForward [::1]:8080 [::2]:80\nLocalForward /s /t\nLocalForward *:1:h:2",
	    "localforward [::1]:8080 [::2]:80|/s /t|[*]:1 [h]:2" },
	{ "LocalForward :8080 h:80", "localforward [*]:8080 [h]:80" },
	{ "LogLevel verbose", "loglevel VERBOSE" },
	{ "LogVerbose a b", "logverbose a b" },
	{ "MACs hmac-sha1", "macs hmac-sha1" },
	{ "NoHostAuthenticationForLocalhost yes", "nohostauthenticationforlocalhost yes" },
	{ "NumberOfPasswordPrompts 1", "numberofpasswordprompts 1" },
	{ "ObscureKeystrokeTiming interval:80", "obscurekeystroketiming interval:80" },
	{ "ObscureKeystrokeTiming no", "obscurekeystroketiming no" },
	{ "PKCS11Provider /l.so", "pkcs11provider /l.so" },
	{ "PasswordAuthentication no", "passwordauthentication no" },
	{ "PermitLocalCommand yes", "permitlocalcommand yes" },
	{ "PermitRemoteOpen h:1 *:*", "permitremoteopen h:1 *:*" },
	{ "Port 2222", "port 2222" },
	{ "PreferredAuthentications publickey,password", "preferredauthentications publickey,password" },
	{ "ProxyCommand nc -X '5' %h %p", "proxycommand nc -X '5' %h %p" },
	{ "ProxyJump a@b:22,ssh://c:2222,[::1]", "proxyjump a@b:22,ssh://c:2222,[::1]" },
	{ "ProxyUseFdpass yes", "proxyusefdpass yes" },
	{ "PubkeyAcceptedAlgorithms +ssh-rsa", "pubkeyacceptedalgorithms ssh-ed25519-cert-v01@openssh.com,"
	    "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256,ssh-rsa" },
	{ "PubkeyAuthentication unbound", "pubkeyauthentication unbound" },
	{ "PubkeyAuthentication no", "pubkeyauthentication false" },
	{ "RefuseConnection Use the other host", "refuseconnection Use the other host" },
	{ "RekeyLimit 512M", "rekeylimit 536870912 0" },
	{ "RemoteCommand tmux attach", "remotecommand tmux attach" },
	{ "RemoteForward 0 h:1\nRemoteForward 1080\nRemoteForward b:1 /s", "remoteforward 0 [h]:1|1080|[b]:1 /s" },
	{ "RequestTTY force", "requesttty force" },
	{ "RequiredRSASize 4096", "requiredrsasize 4096" },
	{ "RevokedHostKeys /a /b", "revokedhostkeys /a /b" },
	{ "SecurityKeyProvider $X", "securitykeyprovider $X" },
	{ "SendEnv LANG LC_* FOO\nSendEnv -LC_* -F*\nSendEnv TZ", "sendenv LANG|TZ" },
	{ "ServerAliveCountMax 2", "serveralivecountmax 2" },
	{ "ServerAliveInterval 1m", "serveraliveinterval 60" },
	{ "Reconnect yes", "reconnect yes" },
	{ "SessionType none", "sessiontype none" },
	{ "SetEnv A=1 \"B=x y\"", "setenv A=1 \"B=x y\"" },
	{ "StdinNull yes", "stdinnull yes" },
	{ "StreamLocalBindMask 0077", "streamlocalbindmask 077" },
	{ "StreamLocalBindUnlink yes", "streamlocalbindunlink yes" },
	{ "StrictHostKeyChecking off", "stricthostkeychecking no" },
	{ "StrictHostKeyChecking accept-new", "stricthostkeychecking accept-new" },
	{ "StrictHostKeyChecking true", "stricthostkeychecking yes" },
	{ "SyslogFacility AUTH", "syslogfacility AUTH" },
	{ "TCPKeepAlive no", "tcpkeepalive no" },
	{ "Tag work", "tag work" },
	{ "Tunnel ethernet", "tunnel ethernet" },
	{ "TunnelDevice 3", "tunneldevice 3:any" },
	{ "TunnelDevice any:4", "tunneldevice any:4" },
	{ "UpdateHostKeys ask", "updatehostkeys ask" },
	{ "User 'do main\\x'", "user \"do main\\\\x\"" },
	{ "UserKnownHostsFile /x", "userknownhostsfile /x" },
	{ "UserKnownHostsFile none", "userknownhostsfile none" },
	{ "VerifyHostKeyDNS yes", "verifyhostkeydns true" },
	{ "VersionAddendum x", "versionaddendum x" },
	{ "VisualHostKey yes", "visualhostkey yes" },
	{ "WarnWeakCrypto no-pq-kex", "warnweakcrypto no-pq-kex" },
	{ "XAuthLocation /x", "xauthlocation /x" },
	/* old spellings */
	{ "ChallengeResponseAuthentication no", "kbdinteractiveauthentication no" },
	{ "TISAuthentication no", "kbdinteractiveauthentication no" },
	{ "SkeyAuthentication no", "kbdinteractiveauthentication no" },
	{ "DSAAuthentication no", "pubkeyauthentication false" },
	{ "IdentityFile2 /i", "identityfile /i" },
	{ "KeepAlive no", "tcpkeepalive no" },
	{ "SmartcardDevice /l", "pkcs11provider /l" },
	{ "PubkeyAcceptedKeyTypes ssh-ed25519", "pubkeyacceptedalgorithms ssh-ed25519" },
	{ "HostbasedKeyTypes ssh-ed25519", "hostbasedacceptedalgorithms ssh-ed25519" },
	{ "RSAMinSize 2048", "requiredrsasize 2048" },
};

static void
every_value_form_gives_its_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char keyword[64];
		size_t n = strcspn(good[i].dumped, " ");

		snprintf(keyword, sizeof(keyword), "%.*s", (int)n, good[i].dumped);
		if (good[i].dumped[n] == '\0')
			assert_ssh(good[i].line, keyword, "");
		else
			assert_ssh(good[i].line, keyword, good[i].dumped + n + 1);
	}
}

static void
every_keyword_has_a_row_in_this_test(void **state)
{
	(void)state;
	for (size_t k = 0; k < SSH_N_KEYWORDS; k++) {
		struct span name = span_str(ssh_keyword_name((enum ssh_keyword)k));
		bool found = false;

		for (size_t i = 0; i < COUNT(good); i++)
			found |= text_match(span_first(span_str(good[i].dumped),
			    strcspn(good[i].dumped, " ")), name, true);
		if (!found)
			fail_msg("%s", ssh_keyword_name((enum ssh_keyword)k));
	}
}

/* Values that are refused: of each keyword one at least. */
static const struct bad_line bad[] = {
	{ "\nBatchMode maybe", "config: line 2: BatchMode: must be yes or no" },
	{ "Port 0", "1 to 65535" },
	{ "Port", "missing argument" },
	{ "StrictHostKeyChecking maybe", "accept-new" },
	{ "LocalForward 8080", "must be [bind:]port or a path, then" },
	{ "LocalForward 0 h:1", "must be [bind:]port" },
	{ "LocalForward 8080 h", "host:port" },
	{ "LocalForward 8080 h:99999", "host:port" },
	{ "LocalForward [::1 h:1", "bind" },
	{ "LocalForward a:b:c:d:e h:1", "bind" },
	{ "LocalForward 1 h:1 x", "extra arguments" },
	{ "DynamicForward 1 h:1", "must be [bind:]port" },
	{ "DynamicForward x", "must be [bind:]port" },
	{ "RemoteForward x", "or nothing" },
	{ "AddKeysToAgent maybe", "confirm" },
	{ "AddKeysToAgent yes 1h", "extra arguments" },
	{ "AddKeysToAgent confirm x", "second argument" },
	{ "ControlPersist x", "time" },
	{ "EscapeChar xy", "character" },
	{ "EscapeChar ^AB", "character" },
	{ "ObscureKeystrokeTiming interval:0", "1 to 1000" },
	{ "ObscureKeystrokeTiming interval:1001", "1 to 1000" },
	{ "TunnelDevice x", "any" },
	{ "ProxyJump a,", "ssh://" },
	{ "ProxyJump a:0", "ssh://" },
	{ "SendEnv A=b", "=" },
	{ "CanonicalizePermittedCNAMEs x", "SOURCES:TARGETS" },
	{ "PreferredAuthentications ,", "empty list" },
	{ "Ciphers nonsense", "unknown algorithm nonsense" },
	{ "NumberOfPasswordPrompts -1", "number" },
	{ "User ''", "missing argument" },
	{ "RekeyLimit x", "1G" },
	/* one at least of each keyword */
	{ "Hostname a b", "Hostname: extra arguments at end of line" },
	{ "AddressFamily nonsense", "AddressFamily: must be one of: any, inet, inet6" },
	{ "BindAddress a b", "BindAddress: extra arguments at end of line" },
	{ "BindInterface a b", "BindInterface: extra arguments at end of line" },
	{ "ConnectionAttempts many", "ConnectionAttempts: must be a number from 1 to 2147483647" },
	{ "ConnectTimeout soon", "ConnectTimeout: must be a time such as 90, 30s, 5m or" },
	{ "TCPKeepAlive perhaps", "TCPKeepAlive: must be yes or no" },
	{ "ServerAliveInterval soon", "ServerAliveInterval: must be a time such as 90, 30s, 5m or" },
	{ "Reconnect perhaps", "Reconnect: must be yes or no" },
	{ "ServerAliveCountMax many", "ServerAliveCountMax: must be a number from 0 to 2147483647" },
	{ "IPQoS af99", "IPQoS: must be one or two of af11 to af43, cs0 to cs7, ef" },
	{ "Compression perhaps", "Compression: must be yes or no" },
	{ "VersionAddendum", "VersionAddendum: missing argument" },
	{ "RefuseConnection", "RefuseConnection: missing argument" },
	{ "CanonicalizeFallbackLocal perhaps", "CanonicalizeFallbackLocal: must be yes or no" },
	{ "CanonicalizeHostname nonsense", "CanonicalizeHostname: must be one of: no, none, yes, always" },
	{ "CanonicalizeMaxDots many", "CanonicalizeMaxDots: must be a number from 0 to 2147483647" },
	{ "CanonicalDomains", "CanonicalDomains: missing argument" },
	{ "ProxyCommand", "ProxyCommand: missing argument" },
	{ "ProxyUseFdpass perhaps", "ProxyUseFdpass: must be yes or no" },
	{ "ControlMaster nonsense", "ControlMaster: must be one of: no, yes, ask, auto, autoask" },
	{ "ControlPath /a /b", "ControlPath: extra arguments at end of line" },
	{ "HostKeyAlgorithms nonsense", "HostKeyAlgorithms: unknown algorithm nonsense" },
	{ "KexAlgorithms nonsense", "KexAlgorithms: unknown algorithm nonsense" },
	{ "MACs nonsense", "MACs: unknown algorithm nonsense" },
	{ "CASignatureAlgorithms nonsense", "CASignatureAlgorithms: unknown algorithm nonsense" },
	{ "RequiredRSASize many", "RequiredRSASize: must be a number from 1024 to 16384" },
	{ "WarnWeakCrypto nonsense", "WarnWeakCrypto: must be one of: yes, no, no-pq-kex" },
	{ "CheckHostIP perhaps", "CheckHostIP: must be yes or no" },
	{ "HashKnownHosts perhaps", "HashKnownHosts: must be yes or no" },
	{ "HostKeyAlias a b", "HostKeyAlias: extra arguments at end of line" },
	{ "GlobalKnownHostsFile", "GlobalKnownHostsFile: missing argument" },
	{ "UserKnownHostsFile", "UserKnownHostsFile: missing argument" },
	{ "KnownHostsCommand", "KnownHostsCommand: missing argument" },
	{ "RevokedHostKeys", "RevokedHostKeys: missing argument" },
	{ "NoHostAuthenticationForLocalhost perhaps", "NoHostAuthenticationForLocalhost: must be yes or no" },
	{ "UpdateHostKeys nonsense", "UpdateHostKeys: must be one of: yes, no, ask" },
	{ "VerifyHostKeyDNS nonsense", "VerifyHostKeyDNS: must be one of: yes, no, ask" },
	{ "VisualHostKey perhaps", "VisualHostKey: must be yes or no" },
	{ "FingerprintHash nonsense", "FingerprintHash: must be one of: SHA256, MD5" },
	{ "PubkeyAuthentication nonsense", "PubkeyAuthentication: must be one of: yes, no, unbound" },
	{ "PubkeyAcceptedAlgorithms nonsense", "PubkeyAcceptedAlgorithms: unknown algorithm nonsense" },
	{ "PasswordAuthentication perhaps", "PasswordAuthentication: must be yes or no" },
	{ "KbdInteractiveAuthentication perhaps", "KbdInteractiveAuthentication: must be yes or no" },
	{ "KbdInteractiveDevices", "KbdInteractiveDevices: missing argument" },
	{ "HostbasedAuthentication perhaps", "HostbasedAuthentication: must be yes or no" },
	{ "HostbasedAcceptedAlgorithms nonsense", "HostbasedAcceptedAlgorithms: unknown algorithm nonsense" },
	{ "EphemeralProofFile a b", "EphemeralProofFile: extra arguments at end of line" },
	{ "EnableSSHKeysign perhaps", "EnableSSHKeysign: must be yes or no" },
	{ "BatchMode perhaps", "BatchMode: must be yes or no" },
	{ "IdentityFile /a /b", "IdentityFile: extra arguments at end of line" },
	{ "CertificateFile a b", "CertificateFile: extra arguments at end of line" },
	{ "IdentitiesOnly perhaps", "IdentitiesOnly: must be yes or no" },
	{ "IdentityAgent a b", "IdentityAgent: extra arguments at end of line" },
	{ "PKCS11Provider a b", "PKCS11Provider: extra arguments at end of line" },
	{ "SecurityKeyProvider a b", "SecurityKeyProvider: extra arguments at end of line" },
	{ "ForwardAgent yes no", "ForwardAgent: extra arguments at end of line" },
	{ "ForwardX11 perhaps", "ForwardX11: must be yes or no" },
	{ "ForwardX11Timeout soon", "ForwardX11Timeout: must be a time such as 90, 30s, 5m or" },
	{ "ForwardX11Trusted perhaps", "ForwardX11Trusted: must be yes or no" },
	{ "XAuthLocation a b", "XAuthLocation: extra arguments at end of line" },
	{ "ClearAllForwardings perhaps", "ClearAllForwardings: must be yes or no" },
	{ "ExitOnForwardFailure perhaps", "ExitOnForwardFailure: must be yes or no" },
	{ "GatewayPorts perhaps", "GatewayPorts: must be yes or no" },
	{ "GatewaySources nonsense", "GatewaySources: must be addresses, or address/bits" },
	{ "PermitRemoteOpen nowhere", "PermitRemoteOpen: must be any, none, or a list of host:port" },
	{ "StreamLocalBindMask 9", "StreamLocalBindMask: must be an octal number up to 0777" },
	{ "StreamLocalBindUnlink perhaps", "StreamLocalBindUnlink: must be yes or no" },
	{ "Tunnel nonsense", "Tunnel: must be one of: no, yes, point-to-point, ethernet" },
	{ "ChannelTimeout session", "ChannelTimeout: must be none, or a list of type=time" },
	{ "RemoteCommand", "RemoteCommand: missing argument" },
	{ "LocalCommand", "LocalCommand: missing argument" },
	{ "PermitLocalCommand perhaps", "PermitLocalCommand: must be yes or no" },
	{ "SessionType nonsense", "SessionType: must be one of: default, none, subsystem" },
	{ "RequestTTY nonsense", "RequestTTY: must be one of: auto, no, yes, force" },
	{ "SetEnv", "SetEnv: missing argument" },
	{ "EnableEscapeCommandline perhaps", "EnableEscapeCommandline: must be yes or no" },
	{ "ForkAfterAuthentication perhaps", "ForkAfterAuthentication: must be yes or no" },
	{ "StdinNull perhaps", "StdinNull: must be yes or no" },
	{ "LogLevel nonsense", "LogLevel: must be one of: QUIET, FATAL, ERROR, INFO" },
	{ "SyslogFacility nonsense", "SyslogFacility: must be one of: DAEMON, USER, AUTH" },
	{ "LogVerbose", "LogVerbose: missing argument" },
	{ "IgnoreUnknown", "IgnoreUnknown: missing argument" },
	{ "Tag a b", "Tag: extra arguments at end of line" },
};

static void
every_keyword_has_a_value_that_is_refused(void **state)
{
	bool all = true;

	(void)state;
	for (size_t k = 0; k < SSH_N_KEYWORDS; k++)
		all &= has_bad_line(bad, COUNT(bad), ssh_keyword_name((enum ssh_keyword)k));
	assert_true(all);
}

static void
values_that_are_none_are_refused_with_the_line_and_what_would_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_ssh_bad(bad[i].line, bad[i].said);
}

static void
the_types_are_those_of_the_struct(void **state)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	(void)state;
	assert_int_equal(ssh_config_read(&c, &in, "f", SPAN_LIT("LocalForward 1 h:2\n"
	    "RemoteForward 0\nEscapeChar none\nControlPersist 1m\nForwardAgent /s\n"
	    "AddKeysToAgent confirm\nTunnelDevice 1:2\nPubkeyAuthentication host-bound\n"),
	    true), ERR_OK);
	assert_int_equal(ssh_config_defaults(&c, &in), ERR_OK);
	assert_null(c.local_forwards.v[0].listen_host);
	assert_int_equal(c.local_forwards.v[0].listen_port, 1);
	assert_string_equal(c.local_forwards.v[0].connect_host, "h");
	assert_int_equal(c.local_forwards.v[0].connect_port, 2);
	assert_null(c.remote_forwards.v[0].connect_host);
	assert_int_equal(c.escape_char, ESCAPE_NONE);
	assert_true(c.control_persist.on);
	assert_int_equal(c.control_persist.seconds, 60);
	assert_string_equal(c.forward_agent.socket, "/s");
	assert_int_equal(c.add_keys_to_agent.mode, ADD_KEYS_CONFIRM);
	assert_int_equal(c.tunnel_device.remote, 2);
	assert_int_equal(c.pubkey_authentication, PUBKEY_HOST_BOUND);
	assert_int_equal(c.obscure_keystroke_timing, KEYSTROKES_YES);
	assert_int_equal(c.port, 22);
	assert_int_equal(c.identity_files.n, 6);
	assert_false(ssh_config_is_set(&c, SSH_KEYWORD_IdentityFile));
	assert_true(ssh_config_is_set(&c, SSH_KEYWORD_EscapeChar));
	assert_string_equal(c.user, "me");
	assert_string_equal(c.hostname, "host.example");
	assert_false(ssh_config_is_set(&c, SSH_KEYWORD_User));
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
