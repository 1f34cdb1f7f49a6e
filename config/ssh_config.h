/* SPDX-License-Identifier: ISC */
/*
 * config/ssh_config.h - the client's config.
 *
 * The first value of a keyword counts, so read in this order: what the command
 * line says, the user's file, the system's file, then fill in the defaults:
 *
 *	struct ssh_config c = { 0 };
 *	TRY(ssh_config_option(&c, &in, "Port=2222"));
 *	TRY(ssh_config_read(&c, &in, name, text, true));
 *	TRY(ssh_config_read(&c, &in, name, text, false));
 *	TRY(ssh_config_defaults(&c, &in));
 *
 * pass   Match final and Match canonical hold in a second reading of the
 *        files, over the same struct, with facts.final or facts.canonical
 *        set; it is due when wants_final is set or the host's name was made
 *        canonical. What the first pass has set stays.
 */
#ifndef CONFIG_SSH_CONFIG_H
#define CONFIG_SSH_CONFIG_H

#include "config/config.h"

/*
 * The table. Kind; keyword; field of struct ssh_config; flags; default as
 * written in a file; detail of the kind. See config/sshd_config.h; LIST: the
 * words are one comma list. TRUTH: a dump says true and false for yes and no.
 *
 * Paths keep their "~", % and ${}: see ssh_config_expand().
 */
#define SSH_KEYWORDS(K)							\
	K(word, User, user, HIDDEN, NULL, none)				\
	K(word, Hostname, hostname, HIDDEN, NULL, none)			\
	K(number, Port, port, 0, "22", port)				\
	K(choice, AddressFamily, address_family, 0, "any", address_family) \
	K(word, BindAddress, bind_address, HIDDEN, NULL, none)		\
	K(word, BindInterface, bind_interface, HIDDEN, NULL, none)	\
	K(number, ConnectionAttempts, connection_attempts, 0, "1", positive) \
	K(time, ConnectTimeout, connect_timeout, NONE, "none", none)	\
	K(flag, TCPKeepAlive, tcp_keep_alive, 0, "yes", none)		\
	K(time, ServerAliveInterval, server_alive_interval, 0, "0", none) \
	K(flag, Reconnect, reconnect, 0, "no", none)			\
	K(number, ServerAliveCountMax, server_alive_count_max, 0, "3", any) \
	K(qos, IPQoS, ip_qos, 0, "ef cs0", none)			\
	K(flag, Compression, compression, 0, "no", none)		\
	K(rekey, RekeyLimit, rekey_limit, 0, "default none", none)	\
	K(line, VersionAddendum, version_addendum, NONE, "none", none)	\
	K(line, RefuseConnection, refuse_connection, HIDDEN, NULL, none)	\
									\
	K(flag, CanonicalizeFallbackLocal, canonicalize_fallback_local, 0, "yes", none) \
	K(choice, CanonicalizeHostname, canonicalize_hostname, TRUTH, "no", canonicalize) \
	K(number, CanonicalizeMaxDots, canonicalize_max_dots, 0, "1", any) \
	K(words, CanonicalDomains, canonical_domains, NONE, "none", none) \
	K(words, CanonicalizePermittedCNAMEs, canonicalize_permitted_cnames, NONE, "none", cname_rules) \
									\
	K(command, ProxyCommand, proxy_command, NONE | HIDDEN, NULL, none) \
	K(line, ProxyJump, proxy_jump, NONE | HIDDEN, NULL, jump)	\
	K(flag, ProxyUseFdpass, proxy_use_fdpass, 0, "no", none)	\
	K(choice, ControlMaster, control_master, TRUTH, "no", control_master) \
	K(word, ControlPath, control_path, NONE | HIDDEN, NULL, none)	\
	K(control_persist, ControlPersist, control_persist, 0, "no", none) \
									\
	K(algs, HostKeyAlgorithms, host_key_algorithms, HIDDEN, "", signatures) \
	K(algs, KexAlgorithms, kex_algorithms, HIDDEN, "", kex)		\
	K(algs, Ciphers, ciphers, HIDDEN, "", ciphers)			\
	K(algs, MACs, macs, HIDDEN, "", macs)				\
	K(algs, CASignatureAlgorithms, ca_signature_algorithms, HIDDEN, "", ca_signatures) \
	K(number, RequiredRSASize, required_rsa_size, 0, "1024", rsa_bits) \
	K(choice, WarnWeakCrypto, warn_weak_crypto, 0, "yes", warn_weak) \
									\
	K(choice, StrictHostKeyChecking, strict_host_key_checking, 0, "ask", strict_checking) \
	K(flag, CheckHostIP, check_host_ip, 0, "no", none)		\
	K(flag, HashKnownHosts, hash_known_hosts, 0, "no", none)	\
	K(word, HostKeyAlias, host_key_alias, HIDDEN, NULL, none)	\
	K(words, GlobalKnownHostsFile, global_known_hosts_files, NONE,	\
	    SSH_CONF_DIR "/ssh_known_hosts " SSH_CONF_DIR "/ssh_known_hosts2", none) \
	K(words, UserKnownHostsFile, user_known_hosts_files, NONE,	\
	    "~/.ssh/known_hosts ~/.ssh/known_hosts2", none)		\
	K(command, KnownHostsCommand, known_hosts_command, NONE, "none", none) \
	K(words, RevokedHostKeys, revoked_host_keys, NONE, "none", none) \
	K(flag, NoHostAuthenticationForLocalhost, no_host_authentication_for_localhost, 0, "no", none) \
	K(choice, UpdateHostKeys, update_host_keys, TRUTH, "yes", yes_no_ask) \
	K(choice, VerifyHostKeyDNS, verify_host_key_dns, TRUTH, "no", yes_no_ask) \
	K(flag, VisualHostKey, visual_host_key, 0, "no", none)		\
	K(choice, FingerprintHash, fingerprint_hash, 0, "SHA256", fingerprint_hash) \
									\
	K(words, PreferredAuthentications, preferred_authentications, LIST, \
	    "gssapi-with-mic,hostbased,publickey,keyboard-interactive,password", none) \
	K(choice, PubkeyAuthentication, pubkey_authentication, TRUTH, "yes", pubkey_auth) \
	K(algs, PubkeyAcceptedAlgorithms, pubkey_accepted_algorithms, HIDDEN, "", signatures) \
	K(flag, PasswordAuthentication, password_authentication, 0, "yes", none) \
	K(flag, KbdInteractiveAuthentication, kbd_interactive_authentication, 0, "yes", none) \
	K(words, KbdInteractiveDevices, kbd_interactive_devices, LIST | HIDDEN, NULL, none) \
	K(flag, HostbasedAuthentication, hostbased_authentication, 0, "no", none) \
	K(algs, HostbasedAcceptedAlgorithms, hostbased_accepted_algorithms, HIDDEN, "", signatures) \
	K(word, EphemeralProofFile, ephemeral_proof_file, NONE | HIDDEN, NULL, none) \
	K(flag, EnableSSHKeysign, enable_ssh_keysign, 0, "no", none)	\
	K(number, NumberOfPasswordPrompts, number_of_password_prompts, 0, "3", any) \
	K(flag, BatchMode, batch_mode, 0, "no", none)			\
	K(words, IdentityFile, identity_files, MANY | ONE | NONE,	\
	    "~/.ssh/id_rsa ~/.ssh/id_ecdsa ~/.ssh/id_ecdsa_sk ~/.ssh/id_ed25519 " \
	    "~/.ssh/id_ed25519_sk ~/.ssh/id_mldsa44_ed25519", none)				\
	K(words, CertificateFile, certificate_files, MANY | ONE | NONE | HIDDEN, NULL, none) \
	K(flag, IdentitiesOnly, identities_only, 0, "no", none)		\
	K(word, IdentityAgent, identity_agent, HIDDEN, NULL, none)	\
	K(add_keys, AddKeysToAgent, add_keys_to_agent, TRUTH, "no", none)	\
	K(word, PKCS11Provider, pkcs11_provider, NONE | HIDDEN, NULL, none)	\
	K(word, SecurityKeyProvider, security_key_provider, 0, "internal", none) \
									\
	K(forward_agent, ForwardAgent, forward_agent, 0, "no", none)	\
	K(flag, ForwardX11, forward_x11, 0, "no", none)			\
	K(time, ForwardX11Timeout, forward_x11_timeout, 0, "20m", none)	\
	K(flag, ForwardX11Trusted, forward_x11_trusted, 0, "no", none)	\
	K(word, XAuthLocation, xauth_location, NONE, "/usr/bin/xauth", none) \
	K(forwards, LocalForward, local_forwards, MANY | HIDDEN, NULL, local)	\
	K(forwards, RemoteForward, remote_forwards, MANY | HIDDEN, NULL, remote) \
	K(forwards, DynamicForward, dynamic_forwards, MANY | HIDDEN, NULL, dynamic) \
	K(flag, ClearAllForwardings, clear_all_forwardings, 0, "no", none) \
	K(flag, ExitOnForwardFailure, exit_on_forward_failure, 0, "no", none) \
	K(flag, GatewayPorts, gateway_ports, 0, "no", none)		\
	K(words, GatewaySources, gateway_sources, NONE, "none", cidr_list) \
	K(permits, PermitRemoteOpen, permit_remote_open, NONE, "any", open) \
	K(octal, StreamLocalBindMask, stream_local_bind_mask, 0, "0177", none) \
	K(flag, StreamLocalBindUnlink, stream_local_bind_unlink, 0, "no", none) \
	K(choice, Tunnel, tunnel, TRUTH, "no", tunnel)			\
	K(tunnel_device, TunnelDevice, tunnel_device, 0, "any:any", none) \
	K(channel_timeouts, ChannelTimeout, channel_timeouts, NONE, "none", none) \
									\
	K(command, RemoteCommand, remote_command, NONE | HIDDEN, NULL, none) \
	K(command, LocalCommand, local_command, HIDDEN, NULL, none)	\
	K(flag, PermitLocalCommand, permit_local_command, 0, "no", none) \
	K(choice, SessionType, session_type, 0, "default", session_type) \
	K(choice, RequestTTY, request_tty, 0, "auto", request_tty)	\
	K(words, SendEnv, send_env, MANY | HIDDEN, NULL, send_env)	\
	K(words, SetEnv, set_env, HIDDEN, NULL, env_pairs)		\
	K(escape, EscapeChar, escape_char, 0, "~", none)		\
	K(flag, EnableEscapeCommandline, enable_escape_commandline, 0, "no", none) \
	K(flag, ForkAfterAuthentication, fork_after_authentication, 0, "no", none) \
	K(flag, StdinNull, stdin_null, 0, "no", none)			\
	K(keystroke, ObscureKeystrokeTiming, obscure_keystroke_timing, 0, "yes", none) \
									\
	K(choice, LogLevel, log_level, 0, "INFO", config_log_level)	\
	K(choice, SyslogFacility, syslog_facility, 0, "USER", syslog_facility) \
	K(words, LogVerbose, log_verbose, NONE, "none", none)		\
	K(words, IgnoreUnknown, ignore_unknown, LIST | HIDDEN, NULL, none) \
	K(word, Tag, tag, HIDDEN, NULL, none)

/* SSH_KEYWORD_User, SSH_KEYWORD_Hostname ...: for ssh_config_is_set(). */
enum ssh_keyword {
#define K(kind, Name, field, flags, fallback, detail) SSH_KEYWORD_##Name,
	SSH_KEYWORDS(K)
#undef K
	SSH_N_KEYWORDS
};

#include "config/kinds.h"

/* All values, owned; begin with a zeroed one. */
struct ssh_config {
#define K(kind, Name, field, flags, fallback, detail) CONFIG_TYPE(kind, detail) field;
	SSH_KEYWORDS(K)
#undef K
	uint64_t set[(SSH_N_KEYWORDS + 63) / 64];	/* ssh_config_is_set() */
	bool wants_final;		/* a Match final was met */
};

/* What is known of this run of ssh, for Host, Match and Include. */
struct ssh_facts {
	struct span original_host;	/* as typed */
	struct span host;		/* the same, or canonical in a second pass */
	struct span local_user;
	struct span local_host;		/* %l */
	struct span uid;		/* %i, in decimal */
	struct span home;		/* %d, and "~" in Include */
	struct span command;		/* remote command, if one was given */
	struct span session_type;	/* "shell", "exec", "subsystem", "none" */
	struct span version;		/* of this ssh, for Match version */
	const struct address *local_addresses;	/* of this machine, for localnetwork */
	size_t n_local_addresses;
	bool canonical;			/* this is the pass with a canonical name */
	bool final;			/* this is the second pass */
	/* Runs a command for Match exec; true if it exits with 0. NULL: false. */
	bool (*run)(void *self, const char *command);
	/* The environment, for ${}. NULL: empty. */
	const char *(*getenv_of)(void *self, const char *name);
	void *self;
};

struct ssh_input {
	struct config_io io;
	struct config_algs algs;
	struct ssh_facts facts;
};

/*
 * Takes one option of the command line ("Keyword value", "Keyword=value").
 * ERR_SYNTAX, said by io.say(); ERR_NOMEM.
 */
enum err ssh_config_option(struct ssh_config *c, const struct ssh_input *in, const char *line);

/*
 * Takes a file. is_user: "~" may stand in Include, and relative names are
 * below ~/.ssh, not the system's folder. Everything wrong with it is said by
 * io.say(). ERR_SYNTAX if it cannot be used, ERR_NOMEM.
 */
enum err ssh_config_read(struct ssh_config *c, const struct ssh_input *in, const char *name,
    struct span text, bool is_user);

/* Gives what was not set its default. ERR_NOMEM. */
enum err ssh_config_defaults(struct ssh_config *c, const struct ssh_input *in);

/* Whether the keyword was set, or has (or will have) its default. */
bool ssh_config_is_set(const struct ssh_config *c, enum ssh_keyword k);

/* Frees all values and leaves an empty config. NULL is fine. */
void ssh_config_free(struct ssh_config *c);

/* Writes it as ssh -G does; host: as typed. It can be read again. */
void ssh_config_dump(const struct ssh_config *c, struct span host, struct writer *w);

/* The keyword's name as written in manuals ("ProxyJump"); static. */
const char *ssh_keyword_name(enum ssh_keyword k);

/* Values of the % letters, with the strings they point to. */
struct ssh_tokens {
	struct config_tokens tokens;
	char *owned[16];
	size_t n_owned;
};

/*
 * Fills in the tokens that follow from config and facts: %d %h %i %j %k %l %L
 * %n %p %r %u and %C. c may still lack its defaults. The program may add
 * others (%f %H %I %K %t %T). ERR_NOMEM, ERR_CRYPTO.
 */
enum err ssh_tokens_make(struct ssh_tokens *t, const struct ssh_config *c,
    const struct ssh_facts *facts);

/* Frees the strings. NULL is fine. */
void ssh_tokens_free(struct ssh_tokens *t);

/*
 * Expands a value of the keyword: ${VAR} where it is allowed, then "~" in
 * paths, then the % tokens that the keyword allows. ERR_SYNTAX, ERR_NOTFOUND
 * (a variable is not set), ERR_NOMEM.
 */
enum err ssh_config_expand(struct writer *w, enum ssh_keyword k, struct span text,
    const struct config_tokens *tokens, const struct ssh_facts *facts);

/*
 * Whether a name from the command line or from Hostname is fit to be put into
 * commands: no leading "-", no shell metacharacters, no control bytes, no comma.
 */
bool ssh_host_is_safe(struct span host);

/* The same for a user name, which may have a space or a "\" within. */
bool ssh_user_is_safe(struct span user);

#endif
