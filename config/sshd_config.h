/* SPDX-License-Identifier: ISC */
/*
 * config/sshd_config.h - the server's config.
 *
 * rules    a config as loaded: all statements, with the blocks they are in
 * facts    what is known of a connection, for Match
 * config   the values that are in force, for one connection or for none
 *
 * Load once, evaluate for each connection:
 *
 *	TRY(sshd_rules_load(&rules, &input));
 *	TRY(sshd_config_for(&config, rules, NULL));	the global values
 *	TRY(sshd_config_for(&config, rules, &facts));	those of a connection
 *
 * Of several values the first counts; those of blocks whose criteria are
 * satisfied count before the global ones, and replace lists as a whole.
 */
#ifndef CONFIG_SSHD_CONFIG_H
#define CONFIG_SSHD_CONFIG_H

#include "config/config.h"

/*
 * The table. Kind; keyword; field of struct sshd_config; flags; default as
 * written in a file; detail of the kind (config/table.h).
 *
 * MATCH    may stand in a Match block
 * MANY     each further line adds to the value
 * ONE      exactly one argument a line (of a list)
 * NONE     "none" stands for NULL, an empty list or 0
 * HIDDEN   not shown in a dump while it has no value
 *
 * C types: flag bool; number, octal, time (seconds) and bits uint32_t; size
 * uint64_t; word, line, command and algs char * (NULL: none); words struct
 * words; choice the enum named in the last column; others as in values.h.
 */
#define SSHD_KEYWORDS(K)						\
	K(ports, Port, ports, MANY, "22", port)				\
	K(choice, AddressFamily, address_family, 0, "any", address_family) \
	K(listen_addresses, ListenAddress, listen_addresses, MANY | HIDDEN, NULL, none) \
	K(words, HostKey, host_keys, MANY | ONE | NONE,			\
	    SSH_CONF_DIR "/ssh_host_rsa_key "				\
	    SSH_CONF_DIR "/ssh_host_ecdsa_key "				\
	    SSH_CONF_DIR "/ssh_host_ed25519_key", none)			\
	K(words, HostCertificate, host_certificates, MANY | ONE | HIDDEN, NULL, none) \
	K(word, HostKeyAgent, host_key_agent, NONE, "none", none)	\
	K(algs, HostKeyAlgorithms, host_key_algorithms, HIDDEN, "", signatures) \
	K(algs, KexAlgorithms, kex_algorithms, HIDDEN, "", kex)		\
	K(algs, Ciphers, ciphers, HIDDEN, "", ciphers)			\
	K(algs, MACs, macs, HIDDEN, "", macs)				\
	K(choice, Compression, compression, 0, "yes", server_compression) \
	K(rekey, RekeyLimit, rekey_limit, MATCH, "default none", none)	\
	K(number, RequiredRSASize, required_rsa_size, MATCH, "1024", rsa_bits) \
	K(word, ModuliFile, moduli_file, 0, SSH_CONF_DIR "/moduli", none) \
	K(line, VersionAddendum, version_addendum, NONE, "none", none)	\
	K(choice, FingerprintHash, fingerprint_hash, 0, "SHA256", fingerprint_hash) \
									\
	K(time, LoginGraceTime, login_grace_time, 0, "120", none)	\
	K(number, MaxAuthTries, max_auth_tries, MATCH, "6", positive)	\
	K(number, MaxSessions, max_sessions, MATCH, "10", any)		\
	K(startups, MaxStartups, max_startups, 0, "10:30:100", none)	\
	K(number, PerSourceMaxStartups, per_source_max_startups, NONE, "none", positive) \
	K(net_block, PerSourceNetBlockSize, per_source_net_block_size, 0, "32:128", none) \
	K(penalties, PerSourcePenalties, per_source_penalties, MANY, "yes", none) \
	K(words, PerSourcePenaltyExemptList, per_source_penalty_exempt_list, NONE, "none", cidr_list) \
	K(flag, RefuseConnection, refuse_connection, MATCH, "no", none)	\
	K(time, ClientAliveInterval, client_alive_interval, MATCH, "0", none) \
	K(number, ClientAliveCountMax, client_alive_count_max, MATCH, "3", any) \
	K(time, UnusedConnectionTimeout, unused_connection_timeout, MATCH | NONE, "none", none) \
	K(channel_timeouts, ChannelTimeout, channel_timeouts, MATCH | NONE, "none", none) \
	K(flag, TCPKeepAlive, tcp_keep_alive, 0, "yes", none)		\
	K(qos, IPQoS, ip_qos, MATCH, "ef cs0", none)			\
	K(flag, UseDNS, use_dns, 0, "no", none)				\
	K(word, RDomain, rdomain, MATCH | NONE, "none", rdomain)	\
									\
	K(choice, PermitRootLogin, permit_root_login, MATCH, "prohibit-password", permit_root) \
	K(words, AllowUsers, allow_users, MATCH | MANY | HIDDEN, NULL, user_patterns) \
	K(words, DenyUsers, deny_users, MATCH | MANY | HIDDEN, NULL, user_patterns) \
	K(words, AllowGroups, allow_groups, MATCH | MANY | HIDDEN, NULL, none) \
	K(words, DenyGroups, deny_groups, MATCH | MANY | HIDDEN, NULL, none) \
	K(words, AuthenticationMethods, authentication_methods, MATCH, "any", auth_methods) \
	K(flag, PubkeyAuthentication, pubkey_authentication, MATCH, "yes", none) \
	K(algs, PubkeyAcceptedAlgorithms, pubkey_accepted_algorithms, MATCH | HIDDEN, "", signatures) \
	K(bits, PubkeyAuthOptions, pubkey_auth_options, MATCH | NONE, "none", pubkey_options) \
	K(words, AuthorizedKeysFile, authorized_keys_files, MATCH | NONE, \
	    ".ssh/authorized_keys .ssh/authorized_keys2", none)		\
	K(command, AuthorizedKeysCommand, authorized_keys_command, MATCH | NONE, "none", absolute) \
	K(word, AuthorizedKeysCommandUser, authorized_keys_command_user, MATCH | NONE, "none", none) \
	K(word, AuthorizedPrincipalsFile, authorized_principals_file, MATCH | NONE, "none", none) \
	K(command, AuthorizedPrincipalsCommand, authorized_principals_command, MATCH | NONE, "none", absolute) \
	K(word, AuthorizedPrincipalsCommandUser, authorized_principals_command_user, MATCH | NONE, "none", none) \
	K(word, TrustedUserCAKeys, trusted_user_ca_keys, MATCH | NONE, "none", none) \
	K(algs, CASignatureAlgorithms, ca_signature_algorithms, MATCH | HIDDEN, "", ca_signatures) \
	K(words, RevokedKeys, revoked_keys, MATCH | NONE, "none", none)	\
	K(flag, PasswordAuthentication, password_authentication, MATCH, "yes", none) \
	K(flag, PermitEmptyPasswords, permit_empty_passwords, MATCH, "no", none) \
	K(flag, KbdInteractiveAuthentication, kbd_interactive_authentication, MATCH, "yes", none) \
	K(flag, HostbasedAuthentication, hostbased_authentication, MATCH, "no", none) \
	K(algs, HostbasedAcceptedAlgorithms, hostbased_accepted_algorithms, MATCH | HIDDEN, "", signatures) \
	K(flag, HostbasedUsesNameFromPacketOnly, hostbased_uses_name_from_packet_only, MATCH, "no", none) \
	K(choice, IgnoreRhosts, ignore_rhosts, MATCH, "yes", ignore_rhosts) \
	K(flag, IgnoreUserKnownHosts, ignore_user_known_hosts, 0, "no", none) \
	K(choice, StrictModes, strict_modes, 0, "yes", strict_modes)	\
	K(word, SecurityKeyProvider, security_key_provider, 0, "internal", none) \
	K(flag, ExposeAuthInfo, expose_auth_info, MATCH, "no", none)	\
	K(word, Banner, banner, MATCH | NONE, "none", none)		\
									\
	K(flag, PermitTTY, permit_tty, MATCH, "yes", none)		\
	K(flag, PermitUserRC, permit_user_rc, MATCH, "yes", none)	\
	K(user_environment, PermitUserEnvironment, permit_user_environment, 0, "no", none) \
	K(words, AcceptEnv, accept_env, MATCH | MANY | HIDDEN, NULL, env_patterns) \
	K(words, SetEnv, set_env, MATCH | NONE | HIDDEN, NULL, env_pairs)	\
	K(command, ForceCommand, force_command, MATCH | NONE, "none", none) \
	K(word, ChrootDirectory, chroot_directory, MATCH | NONE, "none", chroot) \
	K(subsystems, Subsystem, subsystems, MATCH | MANY | HIDDEN, NULL, none) \
	K(flag, PrintMotd, print_motd, 0, "yes", none)			\
	K(flag, PrintLastLog, print_last_log, 0, "yes", none)		\
									\
	K(flag, DisableForwarding, disable_forwarding, MATCH, "no", none) \
	K(flag, AllowAgentForwarding, allow_agent_forwarding, MATCH, "yes", none) \
	K(choice, AllowTcpForwarding, allow_tcp_forwarding, MATCH, "yes", forwarding) \
	K(choice, AllowStreamLocalForwarding, allow_stream_local_forwarding, MATCH, "yes", forwarding) \
	K(choice, GatewayPorts, gateway_ports, MATCH, "no", gateway_ports) \
	K(words, GatewaySources, gateway_sources, MATCH | NONE, "none", cidr_list) \
	K(flag, ForwardingNames, forwarding_names, MATCH, "no", none)	\
	K(permits, PermitOpen, permit_open, MATCH | NONE, "any", open)	\
	K(permits, PermitListen, permit_listen, MATCH | NONE, "any", listen) \
	K(choice, PermitTunnel, permit_tunnel, MATCH, "no", tunnel)	\
	K(octal, StreamLocalBindMask, stream_local_bind_mask, MATCH, "0177", none) \
	K(flag, StreamLocalBindUnlink, stream_local_bind_unlink, MATCH, "no", none) \
	K(flag, X11Forwarding, x11_forwarding, MATCH, "no", none)	\
	K(number, X11DisplayOffset, x11_display_offset, MATCH, "10", display) \
	K(flag, X11UseLocalhost, x11_use_localhost, MATCH, "yes", none)	\
	K(word, XAuthLocation, xauth_location, NONE, "/usr/bin/xauth", none) \
									\
	K(choice, LogLevel, log_level, MATCH, "INFO", config_log_level)	\
	K(choice, SyslogFacility, syslog_facility, 0, "AUTH", syslog_facility) \
	K(words, LogVerbose, log_verbose, MATCH | NONE, "none", none)	\
	K(word, PidFile, pid_file, NONE, "/run/sshd.pid", none)		\
	K(word, SshdSessionPath, sshd_session_path, HIDDEN, NULL, none)	\
	K(word, SshdAuthPath, sshd_auth_path, HIDDEN, NULL, none)	\
									\
	/* our own */							\
	K(words, PasswdFile, passwd_files, 0, "/etc/passwd", absolute)	\
	K(words, GroupFile, group_files, 0, "/etc/group", absolute)	\
	K(words, ShadowFile, shadow_files, NONE, "/etc/shadow", absolute) \
	K(uid_range, WireUidRange, wire_uid_range, 0, "1900000000-1900065535", none) \
	K(size, ChannelWindowBudget, channel_window_budget, 0, "64M", window) \
	K(choice, SessionDeadline, session_deadline, MATCH, "none", session_deadline) \
	K(flag, EphemeralKeys, ephemeral_keys, MATCH, "yes", none)	\
	K(choice, EphemeralCodes, ephemeral_codes, MATCH, "yes", codes) \
	K(word, EphemeralKeySocket, ephemeral_key_socket, NONE, "/run/dayfly/ephemeral.sock", absolute) \
	K(time, EphemeralKeyTTL, ephemeral_key_ttl, 0, "60", positive)	\
	K(time, EphemeralKeyMaxTTL, ephemeral_key_max_ttl, 0, "24h", positive) \
	K(key_limits, EphemeralKeyLimits, ephemeral_key_limits, 0, "10000:1000:10000", none) \
	K(word, EphemeralKeyEventLog, ephemeral_key_event_log, NONE, "none", absolute) \
	K(line, EphemeralKeyRegistrars, ephemeral_key_registrars, NONE, "none", none) \
	K(words, EphemeralKeyUsers, ephemeral_key_users, NONE, "*", none)

/* SSHD_Port, SSHD_AddressFamily ...: for sshd_config_is_set(). */
enum sshd_keyword {
#define K(kind, Name, field, flags, fallback, detail) SSHD_##Name,
	SSHD_KEYWORDS(K)
#undef K
	SSHD_N_KEYWORDS
};

#include "config/kinds.h"

/* All values, owned; zero is a valid empty one. Made by sshd_config_for(). */
struct sshd_config {
#define K(kind, Name, field, flags, fallback, detail) CONFIG_TYPE(kind, detail) field;
	SSHD_KEYWORDS(K)
#undef K
	uint64_t set[(SSHD_N_KEYWORDS + 63) / 64];	/* sshd_config_is_set() */
};

/* A config as loaded; opaque. */
struct sshd_rules;

struct sshd_input {
	struct config_io io;
	struct config_algs algs;	/* strings must live as long as the rules */
	const char *const *options;	/* -o: "Keyword value" or "Keyword=value" */
	size_t n_options;
	const uint16_t *ports;		/* -p: instead of each Port of the file */
	size_t n_ports;
	const char *name;		/* of the file, for messages */
	struct span text;		/* of the file; may go after loading */
	const char *version;		/* for Match version; NULL: no such fact */
};

/*
 * Loads a config. Everything wrong with it is said by io.say(), not only the
 * first. ERR_SYNTAX if it cannot be used, ERR_NOMEM; what include() gave.
 */
enum err sshd_rules_load(struct sshd_rules **out, const struct sshd_input *in);

/* Frees the rules. NULL is fine. */
void sshd_rules_free(struct sshd_rules *r);

/* What is known of a connection. Empty spans and family 0: not known. */
struct sshd_facts {
	struct span user;		/* as sent by the client */
	bool user_invalid;		/* there is no such account */
	const struct span *groups;	/* names of the user's groups */
	size_t n_groups;
	struct span host;		/* UseDNS: its name; else its address */
	bool host_unknown;		/* UseDNS: there is no name, or it could not be found out */
	struct address address;		/* of the client */
	struct address local_address;
	uint16_t local_port;
	struct span rdomain;
};

/*
 * Evaluates the rules; facts NULL: what stands outside of Match. *out is
 * overwritten, and to be freed with sshd_config_free(). ERR_NOMEM.
 */
enum err sshd_config_for(struct sshd_config *out, const struct sshd_rules *r,
    const struct sshd_facts *facts);

/* Where a value comes from: line 0 is the command line, file NULL the default. */
struct sshd_place {
	const char *file;		/* lives as long as the rules */
	unsigned line;
};

/*
 * Finds the line that each keyword's value comes from for these facts (NULL as
 * in sshd_config_for()); of several that add up, the first. ERR_NOMEM.
 */
enum err sshd_config_places(struct sshd_place places[static SSHD_N_KEYWORDS],
    const struct sshd_rules *r, const struct sshd_facts *facts);

/*
 * Finds the line of a keyword that has this word, of those that count for these
 * facts. If there is none, *out stays as it is. ERR_NOMEM.
 */
enum err sshd_config_word_place(struct sshd_place *out, const struct sshd_rules *r,
    const struct sshd_facts *facts, enum sshd_keyword k, const char *word);

/*
 * Whether there is a Match Host block that holds for the address, but would
 * not for some names, while the name is not known: nobody can say what the
 * config means then. *at is its line. ERR_NOMEM.
 */
enum err sshd_rules_undecided(const struct sshd_rules *r, const struct sshd_facts *facts,
    bool *undecided, struct sshd_place *at);

/*
 * Names a criterion the rules ask for and facts do not know ("user"), for
 * -C; NULL if there is none.
 */
const char *sshd_rules_missing_fact(const struct sshd_rules *r, const struct sshd_facts *facts);

/* Parsed -C: facts that own their strings. */
struct sshd_test_facts {
	struct sshd_facts facts;
	char *user, *host, *rdomain;
};

/*
 * Takes one -C argument ("user=U,host=H,addr=A,laddr=A,lport=N,rdomain=R,
 * invalid-user") into t, which begins zeroed. ERR_SYNTAX, ERR_NOMEM.
 */
enum err sshd_test_facts_add(struct sshd_test_facts *t, struct span spec);

/* Frees the strings. NULL is fine. */
void sshd_test_facts_free(struct sshd_test_facts *t);

/* Whether the keyword (SSHD_HostKey ...) was set, or has its default. */
bool sshd_config_is_set(const struct sshd_config *c, enum sshd_keyword k);

/* Frees all values and leaves an empty config. NULL is fine. */
void sshd_config_free(struct sshd_config *c);

/* Writes it as sshd -T does: a line a value; it can be loaded again. */
void sshd_config_dump(const struct sshd_config *c, struct writer *w);

/* Encodes it for another process of ours. */
void sshd_config_put(const struct sshd_config *c, struct writer *w);

/* Decodes it; *out is to be freed. ERR_FORMAT and the like, ERR_NOMEM. */
enum err sshd_config_get(struct sshd_config *out, struct span s);

/* The keyword's name as written in manuals ("PermitTTY"); static. */
const char *sshd_keyword_name(enum sshd_keyword k);

/*
 * Expands the tokens that the keyword allows (openssh names: %h %u %U ...;
 * others in tokens are as if they were not there). ERR_SYNTAX, ERR_NOMEM.
 */
enum err sshd_config_expand(struct writer *w, enum sshd_keyword k, struct span text,
    const struct config_tokens *tokens);

#endif
