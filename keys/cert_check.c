/* SPDX-License-Identifier: ISC */
/* Whether a certificate is good for what it is shown for. */
#include "base/reader.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "keys/cert.h"

bool
cert_has_principal(const struct cert *c, struct span name)
{
	struct span rest = c->principals, principal;

	while (cert_next_principal(&rest, &principal)) {
		/* A pattern in a user's would let one name in as many. */
		if (c->role == CERT_HOST ? text_match(name, principal, true) :
		    span_eq(name, principal))
			return true;
	}
	return false;
}

enum err
cert_check_signature(const struct cert *c, struct span algs)
{
	struct reader r = rd_init(c->signature);

	return key_verify(c->ca, rd_bytes(&r), algs, c->signature, c->signed_data, NULL);
}

/* The CA's signature, by an algorithm that is allowed for CAs. */
static enum err
check_signature(const struct cert *c, struct span ca_algs, const char **why)
{
	enum err e = cert_check_signature(c, ca_algs);

	if (e == ERR_OK || err_class(e) == ERR_CLASS_LOCAL)
		return e;
	*why = e == ERR_DENIED ? "Certificate signed with disallowed algorithm" :
	    "Certificate invalid: bad CA signature";
	return ERR_DENIED;
}

const char *
cert_fault(const struct cert *c, const struct cert_need *need)
{
	if (c->role != need->role)
		return need->role == CERT_USER ? "Certificate invalid: not a user certificate" :
		    "Certificate invalid: not a host certificate";
	if (need->now < c->valid_after)
		return "Certificate invalid: not yet valid";
	if (need->now >= c->valid_before)
		return "Certificate invalid: expired";
	if (c->n_principals == 0)
		return "Certificate lacks principal list";
	if (!need->any_name && !cert_has_principal(c, need->name))
		return "Certificate invalid: name is not a listed principal";
	if (c->role == CERT_HOST && c->critical.len > 0)
		return "Certificate invalid: host certificate with critical options";
	return NULL;
}

enum err
cert_check(const struct cert *c, const struct cert_need *need, const char **why)
{
	*why = cert_fault(c, need);
	if (*why != NULL)
		return ERR_DENIED;
	return check_signature(c, need->ca_algs, why);
}

/* --- options of a user's certificate --- */

/* Takes one critical option; what is wrong with it, or NULL. */
static const char *
take_critical(struct cert_options *out, const struct cert_option *o)
{
	if (span_is(o->name, "force-command")) {
		if (o->is_flag || o->is_odd || out->has_command)
			return "Certificate invalid: malformed force-command";
		out->has_command = true;
		out->command = o->value;
	} else if (span_is(o->name, "source-address")) {
		if (o->is_flag || o->is_odd || out->has_source)
			return "Certificate invalid: malformed source-address";
		out->has_source = true;
		out->source = o->value;
	} else if (span_is(o->name, "verify-required")) {
		if (!o->is_flag || out->needs_verify)
			return "Certificate invalid: malformed verify-required";
		out->needs_verify = true;
	} else {
		return "Certificate invalid: unknown critical option";
	}
	return NULL;
}

/* Takes one extension: unknown ones allow nothing. */
static const char *
take_extension(struct cert_options *out, const struct cert_option *o)
{
	static const struct { const char *name; unsigned permit; } rows[] = {
		{ "permit-X11-forwarding", PERMIT_X11 },
		{ "permit-agent-forwarding", PERMIT_AGENT },
		{ "permit-port-forwarding", PERMIT_PORT },
		{ "permit-pty", PERMIT_PTY },
		{ "permit-user-rc", PERMIT_USER_RC },
		{ "no-touch-required", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!span_is(o->name, rows[i].name))
			continue;
		if (!o->is_flag)
			return "Certificate invalid: malformed extension";
		out->permit |= rows[i].permit;
		if (rows[i].permit == 0)
			out->needs_touch = false;
	}
	return NULL;
}

enum err
cert_options_get(const struct cert *c, struct cert_options *out, const char **why)
{
	struct span critical = c->critical, extensions = c->extensions;
	struct cert_option o;

	*why = NULL;
	*out = (struct cert_options){ .needs_touch = true };
	while (*why == NULL && cert_next_option(&critical, &o))
		*why = take_critical(out, &o);
	while (*why == NULL && cert_next_option(&extensions, &o))
		*why = take_extension(out, &o);
	if (*why == NULL)
		return ERR_OK;
	*out = (struct cert_options){ .needs_touch = true, .needs_verify = true };
	return ERR_DENIED;
}
