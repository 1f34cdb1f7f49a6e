/* SPDX-License-Identifier: ISC */
/* Host certificates: a key that a CA of "@cert-authority" lines vouches for. */
#include <stdlib.h>

#include "base/limits.h"
#include "keys/cert.h"
#include "keys/fingerprint.h"
#include "os/clock.h"
#include "ssh/hostkey.h"

/*
 * What the files say about a key in one role, by the host's name and, like
 * OpenSSH, by the name without a port where that is not known. True: it is
 * revoked, or the files could not be asked.
 */
static bool
is_revoked_by_files(const struct ssh *s, struct span blob, enum known_hosts_marker marker,
    struct known_hosts_result *result)
{
	struct known_hosts_result by_name;
	const struct hostkeys *h = s->hostkeys;
	char *bare;
	bool failed;

	if (hostkeys_look_up(h, span_str(h->name), blob, marker, result) != ERR_OK ||
	    result->status == KNOWN_HOSTS_IS_REVOKED)
		return true;
	if (s->settings.config.host_key_alias != NULL || s->settings.config.port == 22)
		return false;
	if (hostkeys_name(span_str(s->settings.host), 22, &bare) != ERR_OK)
		return true;
	failed = hostkeys_look_up(h, span_str(bare), blob, marker, &by_name) != ERR_OK ||
	    by_name.status == KNOWN_HOSTS_IS_REVOKED;
	free(bare);
	if (!failed && result->status == KNOWN_HOSTS_NEW)
		*result = by_name;
	return failed;
}

/* What the host must be called in the certificate: never with a port. */
static struct span
principal(const struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;

	return span_str(c->host_key_alias != NULL ? c->host_key_alias : s->settings.host);
}

static void
say_cert(const struct ssh *s, const struct cert *cert)
{
	char id[300], fp[FINGERPRINT_SIZE];

	log_debug(&s->log, "Server host certificate: %s, serial %llu ID \"%s\" CA %s %s",
	    cert->type, (unsigned long long)cert->serial,
	    ssh_visible(id, sizeof(id), cert->key_id), key_type(cert->ca),
	    fingerprint_str(fp, key_blob(cert->ca), FINGERPRINT_SHA256));
}

enum hostkey_verdict
hostkey_check_cert(const struct ssh *s, const struct cert *cert)
{
	const struct hostkeys *h = s->hostkeys;
	struct known_hosts_result by_ca, by_key;
	struct cert_need need = {
		.role = CERT_HOST,
		.now = (uint64_t)clock_wall(),
		.ca_algs = span_str(s->settings.config.ca_signature_algorithms),
		.name = principal(s),
	};
	const char *why = NULL;
	enum err e;

	say_cert(s, cert);
	if (is_revoked_by_files(s, key_blob(cert->ca), KNOWN_HOSTS_CA, &by_ca) ||
	    is_revoked_by_files(s, key_blob(cert->key), KNOWN_HOSTS_PLAIN, &by_key))
		return HOSTKEY_REVOKED;
	if (by_ca.status != KNOWN_HOSTS_FOUND) {
		log_debug(&s->log, "No matching CA found. Retry with plain key");
		return HOSTKEY_UNKNOWN;
	}
	log_debug(&s->log, "Host '%s' is known and matches the %s host certificate.", h->name,
	    hostkey_label(key_blob(cert->key)));
	log_debug(&s->log, "Found CA key in %s:%u", h->files[by_ca.file].path, by_ca.line);
	e = cert_check(cert, &need, &why);
	if (e == ERR_OK)
		return HOSTKEY_GOOD;
	log_error(&s->log, "%s", why != NULL ? why : err_text(e));
	return err_class(e) == ERR_CLASS_LOCAL ? HOSTKEY_BAD : HOSTKEY_UNKNOWN;
}
