/* SPDX-License-Identifier: ISC */
#include "ssh/hostkey.h"
#include "ssh/proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "keys/cert.h"
#include "keys/fingerprint.h"
#include "keys/key.h"
#include "keys/krl.h"
#include "os/file.h"

#define KNOWN_HOSTS_MAX	(64 * 1024 * 1024)

/* --- looking up --- */

enum err
hostkeys_look_up(const struct hostkeys *h, struct span name, struct span blob,
    enum known_hosts_marker marker, struct known_hosts_result *result)
{
	*result = (struct known_hosts_result){ .status = KNOWN_HOSTS_NEW };
	for (size_t i = 0; i < h->n_files; i++)
		TRY(known_hosts_check(writer_span(&h->files[i].text), (unsigned)i, name, blob,
		    marker, result));
	return ERR_OK;
}

/* Whether a list names the key; for a certificate also its CA, serial number or id. */
static enum err
look_up_revoked(struct span list, struct span blob, const struct cert *cert, bool *revoked)
{
	TRY(revoked_key(list, blob, revoked));
	if (*revoked || cert == NULL)
		return ERR_OK;
	*revoked = true;
	return revoked_cert(list, cert, revoked);
}

/* RevokedHostKeys: a file that cannot be read, or understood, revokes all. */
static bool
is_revoked(const struct ssh *s, struct span blob, const struct cert *cert)
{
	const struct words *files = &s->settings.config.revoked_host_keys;

	for (size_t i = 0; i < files->n; i++) {
		SCOPED(writer_free) struct writer text = writer_init(KNOWN_HOSTS_MAX);
		bool revoked = true;
		char *path = NULL;
		enum err e = settings_expand(&s->settings, &s->log, SSH_KEYWORD_RevokedHostKeys,
		    files->v[i], &path);

		if (e == ERR_OK)
			e = file_read_any(path, &text, NULL);
		if (e == ERR_OK)
			e = look_up_revoked(writer_span(&text), blob, cert, &revoked);
		if (e != ERR_OK)
			log_error(&s->log, "Error checking host key against revoked keys file %s: %s",
			    path == NULL ? files->v[i] : path,
			    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		free(path);
		if (e != ERR_OK)
			return true;
		if (revoked) {
			log_error(&s->log, "Host key %s revoked by file %s", hostkey_label(blob),
			    files->v[i]);
			return true;
		}
	}
	return false;
}

/* --- deciding --- */

/* A key on a port of its own may be known by the host's name alone. */
static bool
is_known_without_port(const struct ssh *s, struct span blob)
{
	const struct ssh_config *c = &s->settings.config;
	struct known_hosts_result result;
	bool found;
	char *name;

	if (c->host_key_alias != NULL || c->port == 22)
		return false;
	if (hostkeys_name(span_str(s->settings.host), 22, &name) != ERR_OK)
		return false;
	log_debug(&s->log, "checking without port identifier");
	found = hostkeys_look_up(s->hostkeys, span_str(name), blob, KNOWN_HOSTS_PLAIN,
	    &result) == ERR_OK &&
	    result.status == KNOWN_HOSTS_FOUND;
	free(name);
	if (found)
		log_debug(&s->log, "found matching key w/out port");
	return found;
}

static bool
decide_new(struct ssh *s, struct span blob, const struct known_hosts_result *result)
{
	enum strict_checking strict = s->settings.config.strict_host_key_checking;

	if (is_known_without_port(s, blob))
		return true;
	if (strict == STRICT_YES) {
		log_error(&s->log,
		    "No %s host key is known for %s and you have requested strict checking.",
		    hostkey_label(blob), s->hostkeys->name);
		return false;
	}
	if (strict == STRICT_ASK && (s->settings.config.batch_mode ||
	    !hostkey_ask(s, blob, result->n_known > 0)))
		return false;
	s->hostkeys->is_confirmed = strict == STRICT_ASK;
	hostkeys_remember(s, blob);
	return true;
}

/*
 * The host has shown another key than the files have; that they only have keys
 * of other types is no excuse, for whoever is in the middle chooses the type.
 * With no checking the connection may go on, but nothing of value is given
 * away (as in OpenSSH).
 */
static bool
decide_changed(struct ssh *s, struct span blob, const struct known_hosts_result *result)
{
	struct ssh_config *c = &s->settings.config;

	if (hostkeys_checks_ip(s))
		hostkey_say_spoofed(s, blob);
	hostkey_say_changed(s, blob, result);
	if (c->strict_host_key_checking != STRICT_NO) {
		log_error(&s->log,
		    "Host key for %s has changed and you have requested strict checking.",
		    s->hostkeys->name);
		return false;
	}
	s->hostkeys->is_unsafe = true;
	if (c->password_authentication)
		log_error(&s->log,
		    "Password authentication is disabled to avoid man-in-the-middle attacks.");
	if (c->kbd_interactive_authentication)
		log_error(&s->log, "Keyboard-interactive authentication is disabled to avoid "
		    "man-in-the-middle attacks.");
	if (c->forward_agent.on)
		log_error(&s->log,
		    "Agent forwarding is disabled to avoid man-in-the-middle attacks.");
	if (c->local_forwards.n + c->remote_forwards.n + c->dynamic_forwards.n > 0)
		log_error(&s->log,
		    "Port forwarding is disabled to avoid man-in-the-middle attacks.");
	c->password_authentication = false;
	c->kbd_interactive_authentication = false;
	c->forward_agent.on = false;
	c->clear_all_forwardings = true;
	return true;
}

/* What the files say about a key that no certificate speaks for. */
static bool
decide_plain(struct ssh *s, struct span blob)
{
	struct hostkeys *h = s->hostkeys;
	struct known_hosts_result result;

	if (hostkeys_look_up(h, span_str(h->name), blob, KNOWN_HOSTS_PLAIN, &result) != ERR_OK) {
		log_error(&s->log, "Looking up the host key failed.");
		return false;
	}
	switch (result.status) {
	case KNOWN_HOSTS_FOUND:
		log_debug(&s->log, "Host '%s' is known and matches the %s host key.", h->name,
		    hostkey_label(blob));
		log_debug(&s->log, "Found key in %s:%u", h->files[result.file].path, result.line);
		h->is_confirmed = result.file == 0 && h->files[0].is_user;
		hostkey_say_picture(s, blob);
		return hostkeys_check_ip(s, blob, &result);
	case KNOWN_HOSTS_NEW:
		return hostkeys_check_ip(s, blob, &result) && decide_new(s, blob, &result);
	case KNOWN_HOSTS_CHANGED:
		return decide_changed(s, blob, &result);
	case KNOWN_HOSTS_IS_REVOKED:
		break;
	}
	hostkey_say_revoked(s, blob);
	return false;
}

/* A certificate that is no good is worth what its key is worth, as in OpenSSH. */
static bool
decide_cert(struct ssh *s, const struct cert *cert)
{
	switch (hostkey_check_cert(s, cert)) {
	case HOSTKEY_GOOD:
		return true;
	case HOSTKEY_UNKNOWN:
		return decide_plain(s, key_blob(cert->key));
	case HOSTKEY_REVOKED:
		hostkey_say_revoked(s, key_blob(cert->key));
		break;
	case HOSTKEY_BAD:
		log_error(&s->log, "Checking the host certificate failed.");
		break;
	}
	return false;
}

/* blob is what the server showed; cert is NULL or what is in it. */
static bool
decide(struct ssh *s, struct span blob, const struct cert *cert)
{
	const struct ssh_config *c = &s->settings.config;
	struct hostkeys *h = s->hostkeys;
	struct span plain = cert == NULL ? blob : key_blob(cert->key);

	if (is_revoked(s, plain, cert)) {
		hostkey_say_revoked(s, plain);
		return false;
	}
	hostkey_ask_dns(s, plain);
	if (hostkey_trusts_dns(s, plain))
		return true;
	if (h->dns == HOSTKEY_DNS_DIFFERS)
		hostkey_say_dns_differs(s, plain);
	if (c->no_host_authentication_for_localhost && hostkeys_is_localhost(s)) {
		log_debug(&s->log, "Forcing accepting of host key for loopback/localhost.");
		return true;
	}
	if (hostkeys_ask_command(s, "HOSTNAME", h->name, blob) != ERR_OK ||
	    (hostkeys_checks_ip(s) && hostkeys_ask_command(s, "ADDRESS", h->ip, blob) != ERR_OK)) {
		log_error(&s->log, "Looking up the host key failed.");
		return false;
	}
	return cert == NULL ? decide_plain(s, blob) : decide_cert(s, cert);
}

/* Takes a certificate apart, if it is one, and decides. */
static bool
decide_blob(struct ssh *s, struct span blob, const char *alg)
{
	SCOPED(cert_free) struct cert cert = { .type = NULL };
	enum err e;

	if (cert_alg_plain(span_str(alg)) == NULL)
		return decide(s, blob, NULL);
	e = cert_parse(blob, &cert);
	if (e == ERR_OK)
		return decide(s, blob, &cert);
	cert = (struct cert){ .type = NULL };
	log_error(&s->log, "The host certificate cannot be read: %s", err_text(e));
	return false;
}

bool
hostkeys_check(struct ssh *s, struct span blob, const char *alg)
{
	struct hostkeys *h = s->hostkeys;
	char fp[FINGERPRINT_SIZE];

	/* A rekey must show the key of the beginning. */
	if (h->trusted.len > 0)
		return span_eq(blob, writer_span(&h->trusted));
	log_debug(&s->log, "Server host key: %s %s", alg,
	    fingerprint_str(fp, blob, FINGERPRINT_SHA256));
	if (proof_is_wanted(s))		/* stands in for the files, after the login */
		proof_prepare(s);
	else if (!decide_blob(s, blob, alg)) {
		log_fatal(&s->log, "Host key verification failed.");
		return false;
	}
	wr_raw(&h->trusted, blob);
	return wr_end(&h->trusted) == ERR_OK;
}
