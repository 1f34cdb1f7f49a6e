/* SPDX-License-Identifier: ISC */
/* What keywords allow: ranges, words to choose from, checks of single words. */
#include "config/table.h"

const struct detail detail_none = { 0 };
const struct detail detail_any = { .max = INT32_MAX };
const struct detail detail_positive = { .min = 1, .max = INT32_MAX };
const struct detail detail_port = { .min = 1, .max = 65535 };
const struct detail detail_rsa_bits = { .min = 1024, .max = 16384 };
/* 6000 + the display must be a port. */
const struct detail detail_display = { .max = 65535 - 6000 };
/* One packet must fit in; no machine has more than a TiB for one peer. */
const struct detail detail_window = { .min = 64 * 1024, .max = UINT64_C(1) << 40 };

const struct detail detail_kex = { .algs = ALGS_KEX };
const struct detail detail_ciphers = { .algs = ALGS_CIPHERS };
const struct detail detail_macs = { .algs = ALGS_MACS };
const struct detail detail_signatures = { .algs = ALGS_SIGNATURES };
const struct detail detail_ca_signatures = { .algs = ALGS_CA_SIGNATURES };

const struct detail detail_open = { .variant = PERMITS_OPEN };
const struct detail detail_listen = { .variant = PERMITS_LISTEN };
const struct detail detail_local = { .variant = FORWARDS_LOCAL };
const struct detail detail_remote = { .variant = FORWARDS_REMOTE };
const struct detail detail_dynamic = { .variant = FORWARDS_DYNAMIC };

/* --- words to choose from; a dump prints the first of equal ones --- */

#define CHOICES(name)							\
	const struct detail detail_##name = {				\
		.choices = name##_words, .n_choices = COUNT(name##_words), \
	}

static const struct choice address_family_words[] = {
	{ "any", FAMILY_ANY }, { "inet", FAMILY_INET }, { "inet6", FAMILY_INET6 },
};
CHOICES(address_family);

static const struct choice server_compression_words[] = {
	{ "yes", COMPRESSION_DELAYED }, { "delayed", COMPRESSION_DELAYED },
	{ "no", COMPRESSION_NO },
};
CHOICES(server_compression);

static const struct choice fingerprint_hash_words[] = {
	{ "SHA256", FINGERPRINT_HASH_SHA256 }, { "MD5", FINGERPRINT_HASH_MD5 },
};
CHOICES(fingerprint_hash);

static const struct choice codes_words[] = {
	{ "no", CODES_NO }, { "yes", CODES_YES }, { "interactive", CODES_INTERACTIVE },
};
CHOICES(codes);

static const struct choice gateway_ports_words[] = {
	{ "no", GATEWAY_PORTS_NO }, { "yes", GATEWAY_PORTS_YES },
	{ "clientspecified", GATEWAY_PORTS_CLIENT },
};
CHOICES(gateway_ports);

static const struct choice ignore_rhosts_words[] = {
	{ "yes", IGNORE_RHOSTS_YES }, { "no", IGNORE_RHOSTS_NO },
	{ "shosts-only", IGNORE_RHOSTS_SHOSTS_ONLY },
};
CHOICES(ignore_rhosts);

static const struct choice strict_modes_words[] = {
	{ "yes", STRICT_MODES_YES }, { "no", STRICT_MODES_NO }, { "writable", STRICT_MODES_WRITABLE },
};
CHOICES(strict_modes);

static const struct choice session_deadline_words[] = {
	{ "none", SESSION_DEADLINE_NONE }, { "expiry", SESSION_DEADLINE_EXPIRY },
};
CHOICES(session_deadline);

/* The old word first: audit tools look for it in the output of sshd -T. */
static const struct choice permit_root_words[] = {
	{ "without-password", PERMIT_ROOT_NO_PASSWORD },
	{ "prohibit-password", PERMIT_ROOT_NO_PASSWORD },
	{ "forced-commands-only", PERMIT_ROOT_FORCED_COMMANDS },
	{ "yes", PERMIT_ROOT_YES }, { "no", PERMIT_ROOT_NO },
};
CHOICES(permit_root);

static const struct choice tunnel_words[] = {
	{ "no", TUNNEL_NO }, { "yes", TUNNEL_YES },
	{ "point-to-point", TUNNEL_POINT_TO_POINT }, { "ethernet", TUNNEL_ETHERNET },
};
CHOICES(tunnel);

static const struct choice forwarding_words[] = {
	{ "yes", FORWARDING_YES }, { "all", FORWARDING_YES }, { "no", FORWARDING_NO },
	{ "local", FORWARDING_LOCAL }, { "remote", FORWARDING_REMOTE },
};
CHOICES(forwarding);

static const struct choice config_log_level_words[] = {
	{ "QUIET", CONFIG_LOG_QUIET }, { "FATAL", CONFIG_LOG_FATAL },
	{ "ERROR", CONFIG_LOG_ERROR }, { "INFO", CONFIG_LOG_INFO },
	{ "VERBOSE", CONFIG_LOG_VERBOSE }, { "DEBUG", CONFIG_LOG_DEBUG1 },
	{ "DEBUG1", CONFIG_LOG_DEBUG1 }, { "DEBUG2", CONFIG_LOG_DEBUG2 },
	{ "DEBUG3", CONFIG_LOG_DEBUG3 },
};
CHOICES(config_log_level);

static const struct choice syslog_facility_words[] = {
	{ "DAEMON", FACILITY_DAEMON }, { "USER", FACILITY_USER }, { "AUTH", FACILITY_AUTH },
	{ "AUTHPRIV", FACILITY_AUTHPRIV }, { "LOCAL0", FACILITY_LOCAL0 },
	{ "LOCAL1", FACILITY_LOCAL1 }, { "LOCAL2", FACILITY_LOCAL2 },
	{ "LOCAL3", FACILITY_LOCAL3 }, { "LOCAL4", FACILITY_LOCAL4 },
	{ "LOCAL5", FACILITY_LOCAL5 }, { "LOCAL6", FACILITY_LOCAL6 },
	{ "LOCAL7", FACILITY_LOCAL7 },
};
CHOICES(syslog_facility);

static const struct choice pubkey_options_words[] = {
	{ "touch-required", PUBKEY_TOUCH_REQUIRED },
	{ "verify-required", PUBKEY_VERIFY_REQUIRED },
};
CHOICES(pubkey_options);

static const struct choice canonicalize_words[] = {
	{ "no", CANONICALIZE_NO }, { "none", CANONICALIZE_NO },
	{ "yes", CANONICALIZE_YES }, { "always", CANONICALIZE_ALWAYS },
};
CHOICES(canonicalize);

static const struct choice control_master_words[] = {
	{ "no", CONTROL_MASTER_NO }, { "yes", CONTROL_MASTER_YES },
	{ "ask", CONTROL_MASTER_ASK }, { "auto", CONTROL_MASTER_AUTO },
	{ "autoask", CONTROL_MASTER_AUTOASK },
};
CHOICES(control_master);

static const struct choice pubkey_auth_words[] = {
	{ "yes", PUBKEY_YES }, { "no", PUBKEY_NO },
	{ "unbound", PUBKEY_UNBOUND }, { "host-bound", PUBKEY_HOST_BOUND },
};
CHOICES(pubkey_auth);

static const struct choice request_tty_words[] = {
	{ "auto", REQUEST_TTY_AUTO }, { "no", REQUEST_TTY_NO },
	{ "yes", REQUEST_TTY_YES }, { "force", REQUEST_TTY_FORCE },
};
CHOICES(request_tty);

static const struct choice session_type_words[] = {
	{ "default", SESSION_TYPE_DEFAULT }, { "none", SESSION_TYPE_NONE },
	{ "subsystem", SESSION_TYPE_SUBSYSTEM },
};
CHOICES(session_type);

static const struct choice strict_checking_words[] = {
	{ "ask", STRICT_ASK }, { "yes", STRICT_YES }, { "no", STRICT_NO },
	{ "off", STRICT_NO }, { "accept-new", STRICT_ACCEPT_NEW },
};
CHOICES(strict_checking);

static const struct choice yes_no_ask_words[] = {
	{ "yes", YNA_YES }, { "no", YNA_NO }, { "ask", YNA_ASK },
};
CHOICES(yes_no_ask);

static const struct choice warn_weak_words[] = {
	{ "yes", WARN_WEAK_YES }, { "no", WARN_WEAK_NO },
	{ "no-pq-kex", WARN_WEAK_NO_PQ_KEX },
};
CHOICES(warn_weak);

/* --- checks --- */

static const char *
check_absolute(struct span s)
{
	return s.p[0] == '/' ? NULL : "must be an absolute path";
}
const struct detail detail_absolute = { .check = check_absolute };

/* May begin with a token such as %h, which is absolute itself. */
static const char *
check_chroot(struct span s)
{
	return s.p[0] == '/' || s.p[0] == '%' ? NULL : "must be an absolute path";
}
const struct detail detail_chroot = { .check = check_chroot };

static const char *
check_rdomain(struct span s)
{
	(void)s;
	return "routing domains are not supported on this system";
}
const struct detail detail_rdomain = { .check = check_rdomain };

static const char *
check_cidr_list(struct span s)
{
	struct span part;

	while (span_token(&s, ',', &part)) {
		struct cidr cidr;

		if (part.len > 0 && part.p[0] == '!')
			part = span_skip(part, 1);
		if (cidr_parse(part, &cidr) != ERR_OK)
			return "must be addresses, or address/bits with no bits set behind those";
	}
	return NULL;
}
const struct detail detail_cidr_list = { .check = check_cidr_list };

/* USER or USER@HOST, where HOST may be a CIDR. */
static const char *
check_user_pattern(struct span s)
{
	struct address nobody = { 0 };
	size_t at = find_last(s, '@');
	enum match match;

	if (at + 1 < s.len &&
	    address_match_list(&nobody, span_skip(s, at + 1), &match) != ERR_OK)
		return "the host part must be a pattern, an address or address/bits";
	return NULL;
}
const struct detail detail_user_patterns = { .check = check_user_pattern };

/* "any", or method[:submethod],... */
static const char *
check_auth_methods(struct span s)
{
	static const char *const known[] = {
		"publickey", "password", "keyboard-interactive", "hostbased", "gssapi-with-mic", "none",
	};
	struct span method;

	if (span_is(s, "any"))
		return NULL;
	while (span_token(&s, ',', &method)) {
		struct span name = span_first(method, span_find(method, ':'));
		bool found = false;

		for (size_t i = 0; i < COUNT(known); i++)
			found |= span_is(name, known[i]);
		if (!found)
			return "must be any, or lists of publickey, password, "
			    "keyboard-interactive, hostbased, none";
	}
	return NULL;
}
const struct detail detail_auth_methods = {
	.check = check_auth_methods, .variant = WORDS_ANY_ALONE,
};

static const char *
check_env_pattern(struct span s)
{
	return span_find(s, '=') < s.len ? "must be names, without \"=\"" : NULL;
}
const struct detail detail_env_patterns = { .check = check_env_pattern };
const struct detail detail_send_env = {
	.check = check_env_pattern, .variant = WORDS_SEND_ENV,
};

static const char *
check_env_pair(struct span s)
{
	size_t equals = span_find(s, '=');

	return equals == 0 || equals == s.len ? "must be NAME=VALUE" : NULL;
}
const struct detail detail_env_pairs = { .check = check_env_pair };

/* CanonicalizePermittedCNAMEs: source patterns, a colon, target patterns. */
static const char *
check_cname_rule(struct span s)
{
	size_t colon = span_find(s, ':');

	return colon == 0 || colon + 1 >= s.len ? "must be SOURCES:TARGETS" : NULL;
}
const struct detail detail_cname_rules = { .check = check_cname_rule };

/* ProxyJump: [user@]host[:port] or ssh://..., with commas between them. */
static const char *
check_jump(struct span s)
{
	static const char why[] = "must be [user@]host[:port] or ssh:// URIs, with commas between";
	struct span hop, host, port;
	uint16_t number;

	while (span_token(&s, ',', &hop)) {
		if (span_starts(hop, SPAN_LIT("ssh://")))
			hop = span_skip(hop, 6);
		if (hop.len > 0 && hop.p[hop.len - 1] == '/')
			hop.len--;
		if (find_last(hop, '@') < hop.len)
			hop = span_skip(hop, find_last(hop, '@') + 1);
		if (!split_host_port(hop, true, &host, &port))
			return why;
		if (port.len > 0 && port.p[0] != '%' && !parse_port(port, 1, &number))
			return why;
	}
	return NULL;
}
const struct detail detail_jump = { .check = check_jump };
