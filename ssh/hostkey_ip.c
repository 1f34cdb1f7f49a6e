/* SPDX-License-Identifier: ISC */
/* CheckHostIP: what is known of the host's address. */
#include <string.h>

#include "base/limits.h"
#include "ssh/hostkey.h"

bool
hostkeys_is_localhost(const struct ssh *s)
{
	const struct address *a = &s->route.peer.address;
	static const uint8_t v6[16] = { [15] = 1 };

	if (s->route.is_proxied)
		return false;
	return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, v6, sizeof(v6)) == 0;
}

bool
hostkeys_checks_ip(const struct ssh *s)
{
	const struct ssh_config *c = &s->settings.config;
	const struct hostkeys *h = s->hostkeys;

	return c->check_host_ip && h->ip != NULL && strcmp(h->ip, h->name) != 0 &&
	    c->host_key_alias == NULL && !hostkeys_is_localhost(s);
}

/* The address has another key: what is said, and asked if there is a question. */
static enum err
put_warning(const struct ssh *s, struct span blob, const struct known_hosts_result *by_name,
    const struct known_hosts_result *by_ip, struct writer *w)
{
	const struct hostkeys *h = s->hostkeys;

	wr_printf(w, "Warning: the %s host key for '%s' differs from the key for the IP address '%s'\n"
	    "Offending key for IP in %s:%u", hostkey_label(blob), h->name, h->ip,
	    h->files[by_ip->file].path, by_ip->line);
	if (by_name->status == KNOWN_HOSTS_FOUND)
		wr_printf(w, "\nMatching host key in %s:%u", h->files[by_name->file].path, by_name->line);
	if (s->settings.config.strict_host_key_checking == STRICT_ASK)
		wr_printf(w, "\nAre you sure you want to continue connecting (yes/no)? ");
	wr_u8(w, 0);
	return wr_end(w);
}

static bool
decide_differs(const struct ssh *s, struct span blob, const struct known_hosts_result *by_name,
    const struct known_hosts_result *by_ip)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_LINE);
	enum strict_checking strict = s->settings.config.strict_host_key_checking;

	if (put_warning(s, blob, by_name, by_ip, &text) != ERR_OK)
		return false;
	if (strict == STRICT_ASK)
		return !s->settings.config.batch_mode && hostkey_confirm((const char *)text.p);
	log_info(&s->log, "%s", (const char *)text.p);
	if (strict == STRICT_NO)
		return true;
	log_error(&s->log, "Exiting, you have requested strict checking.");
	return false;
}

bool
hostkeys_check_ip(struct ssh *s, struct span blob, const struct known_hosts_result *by_name)
{
	struct known_hosts_result by_ip;

	if (!hostkeys_checks_ip(s))
		return true;
	if (hostkeys_look_up(s->hostkeys, span_str(s->hostkeys->ip), blob,
	    KNOWN_HOSTS_PLAIN, &by_ip) != ERR_OK) {
		log_error(&s->log, "Looking up the host's address failed.");
		return false;
	}
	switch (by_ip.status) {
	case KNOWN_HOSTS_FOUND:
		return true;
	case KNOWN_HOSTS_NEW:
		/* A host that is new is added with its address. */
		if (by_name->status == KNOWN_HOSTS_FOUND)
			hostkeys_remember_ip(s, blob);
		return true;
	case KNOWN_HOSTS_CHANGED:
		return decide_differs(s, blob, by_name, &by_ip);
	case KNOWN_HOSTS_IS_REVOKED:
		break;
	}
	hostkey_say_revoked(s, blob);
	return false;
}

void
hostkey_say_spoofed(const struct ssh *s, struct span blob)
{
	const struct hostkeys *h = s->hostkeys;
	struct known_hosts_result by_ip;
	const char *what = "has a different value";

	if (hostkeys_look_up(h, span_str(h->ip), blob, KNOWN_HOSTS_PLAIN, &by_ip) != ERR_OK)
		return;
	if (by_ip.status == KNOWN_HOSTS_NEW)
		what = "is unknown";
	else if (by_ip.status == KNOWN_HOSTS_FOUND)
		what = "is unchanged";
	else
		return;			/* it has changed like the name: no spoofing to be seen */
	hostkey_say_box(&s->log, "@       WARNING: POSSIBLE DNS SPOOFING DETECTED!          @");
	log_error(&s->log, "The %s host key for %s has changed,", hostkey_label(blob), h->name);
	log_error(&s->log, "and the key for the corresponding IP address %s", h->ip);
	log_error(&s->log, "%s. This could either mean that", what);
	log_error(&s->log, "DNS SPOOFING is happening or the IP address for the host");
	log_error(&s->log, "and its host key have changed at the same time.");
	if (by_ip.status != KNOWN_HOSTS_NEW)
		log_error(&s->log, "Offending key for IP in %s:%u", h->files[by_ip.file].path, by_ip.line);
}
