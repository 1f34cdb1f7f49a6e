/* SPDX-License-Identifier: ISC */
/*
 * config/values.h - the C types of config values that are more than a number
 * or a string. Each lives in a struct sshd_config or struct ssh_config, which
 * owns all that it points to.
 */
#ifndef CONFIG_VALUES_H
#define CONFIG_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

/* ObscureKeystrokeTiming in ms, 0: no; this is yes: the program chooses. */
#define KEYSTROKES_YES	UINT32_MAX

/* Words in the order written. */
struct words {
	char **v;
	size_t n;
};

struct ports {
	uint16_t *v;
	size_t n;
};

/* ListenAddress. */
struct listen_address {
	char *host;		/* name or address in numbers; never NULL */
	uint16_t port;		/* 0: on each Port */
};

struct listen_addresses {
	struct listen_address *v;	/* none: all addresses */
	size_t n;
};

struct subsystem {
	char *name;
	char *command;		/* with its arguments; never NULL */
};

struct subsystems {
	struct subsystem *v;
	size_t n;
};

/* One entry of PermitOpen, PermitListen, PermitRemoteOpen. */
struct permit {
	char *host;		/* NULL: any ("*") */
	uint16_t port;		/* 0: any ("*") */
};

struct permits {
	bool any;		/* all is permitted, and the list is empty */
	struct permit *v;
	size_t n;
};

struct channel_timeout {
	char *type;		/* pattern, or "global" */
	uint32_t seconds;	/* 0: none */
};

struct channel_timeouts {
	struct channel_timeout *v;
	size_t n;
};

struct rekey_limit {
	uint64_t bytes;		/* 0: what the cipher allows */
	uint32_t seconds;	/* 0: never by time */
};

/* MaxStartups begin:rate:full. */
struct max_startups {
	uint32_t begin;
	uint32_t rate;		/* percent */
	uint32_t full;
};

/* PerSourceNetBlockSize. */
struct net_block {
	uint32_t v4_bits;
	uint32_t v6_bits;
};

/* PerSourcePenalties; times in milliseconds. */
struct penalties {
	bool on;
	bool deny_all4;		/* when the table is full: refuse all, not drop soonest */
	bool deny_all6;
	uint32_t crash, authfail, invaliduser, refuseconnection, noauth, grace_exceeded;
	uint32_t max, min;
	uint32_t max_sources4, max_sources6;
	uint32_t given;		/* bits of what lines have said so far; used while reading */
};

/* IPQoS: the byte for IP_TOS and IPV6_TCLASS. */
#define IP_QOS_NONE	(-1)

struct ip_qos {
	int interactive;
	int bulk;
};

/* EphemeralKeyLimits total:per-user:per-registrar. */
struct key_limits {
	uint32_t total;
	uint32_t per_user;
	uint32_t per_registrar;
};

/* WireUidRange first-last. */
struct uid_range {
	uint32_t first;
	uint32_t last;
};

/* PermitUserEnvironment. */
struct user_environment {
	bool allowed;
	char *patterns;		/* comma list of names; NULL: all */
};

/*
 * LocalForward, RemoteForward, DynamicForward. No connect_host and no
 * connect_path: SOCKS decides.
 */
struct forward {
	char *listen_host;	/* NULL: as GatewayPorts says; "*": all */
	char *listen_path;	/* a Unix socket instead */
	char *connect_host;
	char *connect_path;	/* a Unix socket instead */
	uint16_t listen_port;	/* RemoteForward: 0 lets the server choose */
	uint16_t connect_port;
};

/* Frees what is in it. For SCOPED; a zeroed one is fine. */
void forward_clear(struct forward *f);

struct forwards {
	struct forward *v;
	size_t n;
};

enum add_keys_mode { ADD_KEYS_NO, ADD_KEYS_YES, ADD_KEYS_ASK, ADD_KEYS_CONFIRM };

struct add_keys {
	enum add_keys_mode mode;
	uint32_t seconds;	/* lifetime in the agent; 0: no end */
};

struct control_persist {
	bool on;
	uint32_t seconds;	/* 0: for ever */
};

struct forward_agent {
	bool on;
	char *socket;		/* path or $VARIABLE; NULL: the agent in use */
};

#define TUNNEL_ANY	(-1)

struct tunnel_device {
	int local;
	int remote;
};

#define ESCAPE_NONE	(-1)

/* --- choices: one word of a few --- */

enum address_family { FAMILY_ANY, FAMILY_INET, FAMILY_INET6 };

/* Bits: what may be forwarded from the server's point of view. */
enum forwarding {
	FORWARDING_NO = 0,
	FORWARDING_LOCAL = 1,	/* direct-tcpip and the like: towards the server's side */
	FORWARDING_REMOTE = 2,	/* tcpip-forward and the like: listening on the server */
	FORWARDING_YES = 3,
};

enum server_compression { COMPRESSION_NO, COMPRESSION_DELAYED };
enum fingerprint_hash { FINGERPRINT_HASH_MD5, FINGERPRINT_HASH_SHA256 };
enum codes { CODES_NO, CODES_YES, CODES_INTERACTIVE };
enum gateway_ports { GATEWAY_PORTS_NO, GATEWAY_PORTS_YES, GATEWAY_PORTS_CLIENT };
/* StrictModes; WRITABLE: what nobody can write because it is mounted read-only may have any mode. */
enum strict_modes { STRICT_MODES_NO, STRICT_MODES_YES, STRICT_MODES_WRITABLE };
/* SessionDeadline: when a session ends by itself. */
enum session_deadline { SESSION_DEADLINE_NONE, SESSION_DEADLINE_EXPIRY };
enum ignore_rhosts { IGNORE_RHOSTS_NO, IGNORE_RHOSTS_YES, IGNORE_RHOSTS_SHOSTS_ONLY };

enum permit_root {
	PERMIT_ROOT_NO,
	PERMIT_ROOT_FORCED_COMMANDS,
	PERMIT_ROOT_NO_PASSWORD,
	PERMIT_ROOT_YES,
};

/* Bits. */
enum tunnel {
	TUNNEL_NO = 0,
	TUNNEL_POINT_TO_POINT = 1,
	TUNNEL_ETHERNET = 2,
	TUNNEL_YES = 3,
};

/* In the order of enum log_level of os/log.h: cast one to the other. */
enum config_log_level {
	CONFIG_LOG_QUIET,
	CONFIG_LOG_FATAL,
	CONFIG_LOG_ERROR,
	CONFIG_LOG_INFO,
	CONFIG_LOG_VERBOSE,
	CONFIG_LOG_DEBUG1,
	CONFIG_LOG_DEBUG2,
	CONFIG_LOG_DEBUG3,
};

/* The numbers of syslog.h. */
enum syslog_facility {
	FACILITY_DAEMON = LOG_DAEMON,
	FACILITY_USER = LOG_USER,
	FACILITY_AUTH = LOG_AUTH,
	FACILITY_AUTHPRIV = LOG_AUTHPRIV,
	FACILITY_LOCAL0 = LOG_LOCAL0,
	FACILITY_LOCAL1 = LOG_LOCAL1,
	FACILITY_LOCAL2 = LOG_LOCAL2,
	FACILITY_LOCAL3 = LOG_LOCAL3,
	FACILITY_LOCAL4 = LOG_LOCAL4,
	FACILITY_LOCAL5 = LOG_LOCAL5,
	FACILITY_LOCAL6 = LOG_LOCAL6,
	FACILITY_LOCAL7 = LOG_LOCAL7,
};

/* Bits of PubkeyAuthOptions. */
enum pubkey_options { PUBKEY_TOUCH_REQUIRED = 1, PUBKEY_VERIFY_REQUIRED = 2 };

enum canonicalize { CANONICALIZE_NO, CANONICALIZE_YES, CANONICALIZE_ALWAYS };

enum control_master {
	CONTROL_MASTER_NO,
	CONTROL_MASTER_YES,
	CONTROL_MASTER_ASK,
	CONTROL_MASTER_AUTO,
	CONTROL_MASTER_AUTOASK,
};

enum pubkey_auth { PUBKEY_NO, PUBKEY_YES, PUBKEY_UNBOUND, PUBKEY_HOST_BOUND };
enum request_tty { REQUEST_TTY_AUTO, REQUEST_TTY_NO, REQUEST_TTY_YES, REQUEST_TTY_FORCE };
enum session_type { SESSION_TYPE_DEFAULT, SESSION_TYPE_NONE, SESSION_TYPE_SUBSYSTEM };
enum strict_checking { STRICT_NO, STRICT_YES, STRICT_ASK, STRICT_ACCEPT_NEW };
enum yes_no_ask { YNA_NO, YNA_YES, YNA_ASK };
enum warn_weak { WARN_WEAK_NO, WARN_WEAK_YES, WARN_WEAK_NO_PQ_KEX };

#endif
