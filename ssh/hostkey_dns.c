/* SPDX-License-Identifier: ISC */
/*
 * VerifyHostKeyDNS: what the DNS says about the host's key (SSHFP). Only an
 * answer whose signatures somebody has checked whom we may believe can stand
 * for the files; any other is told when the user is asked.
 */
#include "base/limits.h"
#include "base/text.h"
#include "keys/sshfp.h"
#include "ssh/hostkey.h"

/* Longer than this nobody waits for the DNS. */
#define DNS_WAIT	5000

/* Addresses have no fingerprints in the DNS. */
static bool
has_name(const struct ssh *s)
{
	struct address address;

	return address_parse(span_str(s->settings.host), &address) != ERR_OK;
}

static enum err
ask(const struct ssh *s, struct span blob, struct sshfp *found)
{
	SCOPED(writer_free) struct writer answer = writer_init(LIMIT_PACKET);

	*found = (struct sshfp){ .n_found = 0 };
	TRY(names_wait_record(s->settings.host, SSHFP_TYPE, DNS_WAIT, &answer));
	TRY(sshfp_check(writer_span(&answer), blob, found));
	found->is_authentic = found->is_authentic && names_trusts_ad();
	return ERR_OK;
}

void
hostkey_ask_dns(struct ssh *s, struct span blob)
{
	struct hostkeys *h = s->hostkeys;
	struct sshfp found;
	enum err e;

	h->dns = HOSTKEY_DNS_NOTHING;
	if (s->settings.config.verify_host_key_dns == YNA_NO || !has_name(s))
		return;
	e = ask(s, blob, &found);
	if (e != ERR_OK) {
		log_debug(&s->log, "DNS lookup of host key fingerprints: %s", err_text(e));
		return;
	}
	log_debug(&s->log, "found %u %s fingerprints in DNS", found.n_found,
	    found.is_authentic ? "secure" : "insecure");
	if (found.is_match)
		h->dns = found.is_authentic ? HOSTKEY_DNS_SECURE : HOSTKEY_DNS_MATCHES;
	else if (found.n_found > 0)
		h->dns = HOSTKEY_DNS_DIFFERS;
}

bool
hostkey_trusts_dns(const struct ssh *s, struct span blob)
{
	const struct hostkeys *h = s->hostkeys;
	struct known_hosts_result result;

	if (h->dns != HOSTKEY_DNS_SECURE || s->settings.config.verify_host_key_dns != YNA_YES)
		return false;
	/* What the user has revoked nobody else makes good. */
	if (hostkeys_look_up(h, span_str(h->name), blob, KNOWN_HOSTS_PLAIN, &result) != ERR_OK ||
	    result.status == KNOWN_HOSTS_IS_REVOKED)
		return false;
	log_debug(&s->log, "matching host key fingerprint found in DNS");
	return true;
}
