/* SPDX-License-Identifier: ISC */
/*
 * ssh/hostkey.h - is this the host that it should be?
 *
 * name   what the host is called in known_hosts: "host", "[host]:port", or
 *        HostKeyAlias as it is
 * ask    StrictHostKeyChecking ask: the user decides about unknown hosts
 *
 * A key is good only if a file has it, the user says yes, or the config says
 * that unknown ones are good. Everything else, running out of memory too, is a
 * no. Keys that are marked as revoked are never good.
 */
#ifndef SSH_HOSTKEY_H
#define SSH_HOSTKEY_H

#include "keys/cert.h"
#include "keys/known_hosts.h"
#include "ssh/ssh.h"

#define HOSTKEY_FILES	16

struct hostkey_update;

/* What the DNS says about the key (VerifyHostKeyDNS). */
enum hostkey_dns {
	HOSTKEY_DNS_NOTHING,
	HOSTKEY_DNS_DIFFERS,
	HOSTKEY_DNS_MATCHES,		/* but anybody may have answered so */
	HOSTKEY_DNS_SECURE,
};

/* A known_hosts file as it was when the connection began. */
struct hostkey_file {
	char *path;
	struct writer text;
	bool is_user;			/* of UserKnownHostsFile */
};

struct hostkeys {
	struct hostkey_file files[HOSTKEY_FILES];
	size_t n_files;
	char *name;
	char *ip;			/* the same by address; NULL: behind a proxy */
	struct writer trusted;		/* the key that was found good; empty: none yet */
	enum hostkey_dns dns;
	bool is_unsafe;			/* StrictHostKeyChecking no, and the key has changed */
	bool is_confirmed;		/* by the user's first file, or by the user */
	bool has_updated;		/* the server has named its keys */
	struct hostkey_update *update;	/* that it has still to prove; NULL: none */
};

/* Answers NEED_HOSTKEY_CHECK: decides, asking the user if need be. What is wrong is told. */
bool hostkeys_check(struct ssh *s, struct span blob, const char *alg);

/* --- hostkey_files.c --- */

/*
 * Reads the files, and puts algorithms of known keys first in
 * s->hostkey_algs, unless the config has its own order. ERR_NOMEM; other
 * errors have been told.
 */
enum err hostkeys_load(struct ssh *s);

/* Frees. NULL is fine. */
void hostkeys_free(struct hostkeys *h);

/* What a host is called in known_hosts; malloc'ed. ERR_NOMEM. */
enum err hostkeys_name(struct span host, unsigned port, char **out);

/*
 * Lets KnownHostsCommand give lines about name (what: "ORDER", "HOSTNAME"), as
 * one more file. Nothing happens if there is none. Errors have been told.
 */
enum err hostkeys_ask_command(struct ssh *s, const char *what, const char *name,
    struct span blob);

/* Adds the key to the user's first file. A failure is told, and is none of the check. */
void hostkeys_remember(struct ssh *s, struct span blob);

/* The same for the host's address alone (CheckHostIP). */
void hostkeys_remember_ip(struct ssh *s, struct span blob);

/* --- hostkey_ip.c: CheckHostIP --- */

/* Whether the other end is this machine, as far as its address says. */
bool hostkeys_is_localhost(const struct ssh *s);

/* Whether the address is to be looked at: there is one, far away, and not what the user typed. */
bool hostkeys_checks_ip(const struct ssh *s);

/*
 * Compares what is known of the address with what was found for the name
 * (which is not "changed"), and adds the address where only the name is
 * known. False: it has another key, and that is not to be passed over.
 */
bool hostkeys_check_ip(struct ssh *s, struct span blob, const struct known_hosts_result *by_name);

/* Says in the block about a changed key what is known of the address. */
void hostkey_say_spoofed(const struct ssh *s, struct span blob);

/*
 * Looks a name up in all files; marker says what blob is (see
 * known_hosts_check()). ERR_NOMEM and what that gives.
 */
enum err hostkeys_look_up(const struct hostkeys *h, struct span name, struct span blob,
    enum known_hosts_marker marker, struct known_hosts_result *result);

/* --- hostkey_cert.c: host certificates --- */

enum hostkey_verdict {
	HOSTKEY_BAD,			/* could not be decided: refused */
	HOSTKEY_REVOKED,
	HOSTKEY_UNKNOWN,		/* not to be trusted as a certificate: its key may be known */
	HOSTKEY_GOOD,
};

/*
 * Whether the certificate makes the host the one it should be: a CA that the
 * files name for it, and that is not revoked, has signed it for this name and
 * time. What is wrong with it is told, unless it is revoked.
 */
enum hostkey_verdict hostkey_check_cert(const struct ssh *s, const struct cert *cert);

/* --- hostkey_dns.c: VerifyHostKeyDNS --- */

/* Asks the DNS about a key, if the config wants it, and keeps the answer in hostkeys.dns. */
void hostkey_ask_dns(struct ssh *s, struct span blob);

/* Whether that answer makes the key a good one, without anybody being asked. */
bool hostkey_trusts_dns(const struct ssh *s, struct span blob);

/* --- hostkey_update.c --- */

/* Takes what the server says about its other host keys (UpdateHostKeys). */
bool hostkeys_event(struct ssh *s, const struct event *ev);

/* Forgets what has not been proved. */
void hostkeys_end_update(struct hostkeys *h);

/* --- known_command.c --- */

/*
 * Runs KnownHostsCommand (which must be set) for what ("ORDER", "HOSTNAME")
 * about name and, unless it is empty, a key; appends what it prints to text.
 * Errors have been told.
 */
enum err known_command(const struct ssh *s, const char *what, const char *name,
    struct span blob, struct writer *text);

/* --- hostkey_say.c: what is said about it --- */

/* Asks whether to go on: question (with its last line) is answered yes or no. */
bool hostkey_confirm(const char *question);

/* Three lines, the outer two full of @. */
void hostkey_say_box(const struct log *log, const char *middle);

/* Asks about an unknown key. same_host: other keys of this host are known. */
bool hostkey_ask(const struct ssh *s, struct span blob, bool same_host);

/* VisualHostKey: the fingerprint and the picture of a key that is known. */
void hostkey_say_picture(const struct ssh *s, struct span blob);

/* The block with many @ about a key that has changed; result is about the name. */
void hostkey_say_changed(const struct ssh *s, struct span blob,
    const struct known_hosts_result *result);

/* The lines about a key that the DNS has another fingerprint of. */
void hostkey_say_dns_differs(const struct ssh *s, struct span blob);

/* The block with many @ about a revoked key. */
void hostkey_say_revoked(const struct ssh *s, struct span blob);

/* The label of a key ("ED25519"), or "unknown". */
const char *hostkey_label(struct span blob);

#endif
