/* SPDX-License-Identifier: ISC */
/*
 * Certificates of users: trusted by TrustedUserCAKeys here, or by a
 * cert-authority line that guard_keyfile.c or guard_command.c has found.
 *
 * What a certificate allows and forces becomes a second list of options, in
 * the form of authorized_keys: what both lists allow is allowed, what either
 * asks for is asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keys/authorized_keys.h"
#include "keys/line.h"
#include "os/clock.h"
#include "os/file.h"
#include "sshd/guard_i.h"

/* A file of CA keys. */
#define CA_FILE_MAX	(16 * 1024 * 1024)

/* Says what is wrong with the certificate. */
static enum err
refuse(struct guard *g, const char *place, const char *why)
{
	char name[1024];

	log_error(&g->log, "%s: %s (%s)", place, why, guard_key_name(g, name, sizeof(name)));
	guard_key_refused(g, REASON_KEY_CERT, g->user.config.trusted_user_ca_keys != NULL ?
	    SSHD_TrustedUserCAKeys : SSHD_AuthorizedKeysFile);
	return ERR_NOTFOUND;
}

/* --- what it says --- */

/* source-address: CIDRs and nothing else; one that is no CIDR fits nobody. */
static bool
source_fits(const struct guard *g, struct span list)
{
	struct span one;
	bool found = false;

	if (!g->start->has_ends)
		return false;
	while (span_token(&list, ',', &one)) {
		struct cidr cidr;

		if (cidr_parse(one, &cidr) != ERR_OK)
			return false;
		found = found || cidr_has(&cidr, &g->start->client.address);
	}
	return found;
}

/* Writes a name between commas. */
static void
put_name(struct writer *w, const char *name)
{
	wr_printf(w, "%s%s", w->len == 0 ? "" : ",", name);
}

/* A value as options quote it; one that ends in a backslash has no such form. */
static enum err
put_command(struct writer *w, struct span command)
{
	if (command.len > 0 && command.p[command.len - 1] == '\\')
		return ERR_SYNTAX;
	put_name(w, "command=\"");
	for (size_t i = 0; i < command.len; i++) {
		if (command.p[i] == '"')
			wr_u8(w, '\\');
		wr_u8(w, command.p[i]);
	}
	wr_u8(w, '"');
	return ERR_OK;
}

/* What the certificate says, as options of a key. */
static enum err
put_options(const struct cert_options *o, struct writer *w)
{
	static const struct { unsigned bit; const char *forbidden; } rows[] = {
		{ PERMIT_AGENT, "no-agent-forwarding" }, { PERMIT_PORT, "no-port-forwarding" },
		{ PERMIT_PTY, "no-pty" }, { PERMIT_USER_RC, "no-user-rc" }, { PERMIT_X11, "no-X11-forwarding" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!(o->permit & rows[i].bit))
			put_name(w, rows[i].forbidden);
	}
	if (!o->needs_touch)
		put_name(w, "no-touch-required");
	if (o->needs_verify)
		put_name(w, "verify-required");
	if (o->has_command)
		TRY(put_command(w, o->command));
	return wr_end(w);
}

/* Its critical options and extensions; NULL, or why it must not be used. */
static const char *
take_options(struct guard *g, const struct authorized_options *line)
{
	struct cert_options o;
	const char *why = NULL;
	enum err e = cert_options_get(&g->key.cert, &o, &why);

	if (e != ERR_OK)
		return why != NULL ? why : err_text(e);
	if (o.has_source && !source_fits(g, o.source)) {
		log_info(&g->log, "Authentication tried for %s with valid certificate but not from a permitted source address (%s).",
		    g->user.name, g->client);
		return "Certificate invalid: source address not allowed";
	}
	/* Two that differ contradict each other: neither is run. */
	if (o.has_command && line->has_command && !span_eq(o.command, line->command))
		return "Certificate and key options force different commands";
	writer_reset(&g->key.cert_options);
	if (put_options(&o, &g->key.cert_options) != ERR_OK)
		return "Certificate invalid: its force-command cannot be passed on";
	return NULL;
}

/* Whether the certificate has one of a comma list of principals. */
static bool
has_one_of(const struct cert *c, struct span list)
{
	struct span name;

	while (span_token(&list, ',', &name)) {
		if (name.len > 0 && cert_has_principal(c, name))
			return true;
	}
	return false;
}

/* Checks it; principals_known: somebody has compared them already. */
static enum err
take(struct guard *g, struct span options, bool principals_known, const char *place)
{
	const struct sshd_config *config = &g->user.config;
	const struct cert *c = &g->key.cert;
	SCOPED(authorized_options_free) struct authorized_options line = { .n_env = 0 };
	struct cert_need need = { .role = CERT_USER, .now = (uint64_t)clock_wall(),
	    .ca_algs = span_str(config->ca_signature_algorithms), .name = span_str(g->user.account.name),
	    .any_name = principals_known };
	const char *why = NULL;
	enum err e;

	TRY(authorized_options_parse(options, 0, &line, NULL));
	if (line.has_principals) {
		need.any_name = true;
		if (!has_one_of(c, line.principals))
			return refuse(g, place, "Certificate does not contain an authorized principal");
	}
	e = cert_check(c, &need, &why);
	if (e != ERR_OK)
		return refuse(g, place, why != NULL ? why : err_text(e));
	if (strcmp(key_type(c->ca), "ssh-rsa") == 0 && key_bits(c->ca) < config->required_rsa_size)
		return refuse(g, place, "RSA key of the certificate's CA is shorter than RequiredRSASize");
	why = take_options(g, &line);
	if (why != NULL)
		return refuse(g, place, why);
	if (c->valid_before < (uint64_t)g->key.expires)
		g->key.expires = (int64_t)c->valid_before;
	return ERR_OK;
}

enum err
guard_take_cert(struct guard *g, struct span options, const char *place)
{
	return take(g, options, false, place);
}

/* --- TrustedUserCAKeys --- */

/* A line of AuthorizedPrincipalsFile, or of the command's: the first that fits decides. */
static enum err
look_for_principal(struct guard *g, const char *path, struct span text)
{
	struct guard_key *k = &g->key;
	struct span line, options, principal;
	char place[1024];

	for (unsigned number = 1; line_next(&text, &line); number++) {
		SCOPED(authorized_options_free) struct authorized_options o = { .n_env = 0 };
		enum err e = authorized_principal(line, &options, &principal);

		if (e == ERR_NOTFOUND)
			continue;
		snprintf(place, sizeof(place), "%s:%u", path, number);
		if (e != ERR_OK) {
			log_info(&g->log, "%s: malformed line", place);
			continue;
		}
		if (!cert_has_principal(&k->cert, principal))
			continue;
		e = authorized_options_parse(options, 0, &o, NULL);
		if (e == ERR_NOMEM)
			return e;
		if (e != ERR_OK || o.unknown.len > 0) {
			log_info(&g->log, "%s: bad options: the line does not count", place);
			continue;
		}
		log_debug(&g->log, "%s: matched principal", place);
		if (!guard_options_allow(g, options, GUARD_LINE_KEY, place) ||
		    take(g, options, true, place) != ERR_OK)
			return ERR_DENIED;
		writer_reset(&k->options);
		wr_raw(&k->options, options);
		return wr_end(&k->options);
	}
	return ERR_NOTFOUND;
}

/* Whether the CA is in the file; where. */
static enum err
find_ca(struct guard *g, const char *path, char *place, size_t size)
{
	SCOPED(writer_free) struct writer text = writer_init(CA_FILE_MAX);
	struct authorized_walk walk = { .rest = SPAN_EMPTY };
	struct authorized_line line;
	enum err e = file_read(path, &text, NULL);

	if (e != ERR_OK) {
		log_error(&g->log, "TrustedUserCAKeys %s: %s", path, e == ERR_SYSTEM || e == ERR_NOTFOUND ?
		    strerror(errno) : err_text(e));
		return ERR_NOTFOUND;
	}
	walk.rest = writer_span(&text);
	while (authorized_next(&walk, &line)) {
		/* Options would be a restriction: of what, nobody has said. */
		if (line.err != ERR_OK || line.options.len > 0 ||
		    !authorized_has_key(&line, key_blob(g->key.cert.ca)))
			continue;
		snprintf(place, size, "%s:%u", path, line.number);
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

/* By the principals that the config's files and command say are the user's. */
static enum err
by_principals(struct guard *g, const char *place)
{
	struct sshd_config *c = &g->user.config;
	char *file = c->authorized_principals_file;
	enum err e = ERR_NOTFOUND;

	if (file == NULL && c->authorized_principals_command == NULL)
		return take(g, SPAN_EMPTY, false, place);
	if (file != NULL)
		e = guard_look_in_files(g, SSHD_AuthorizedPrincipalsFile, &file, 1, look_for_principal);
	if (e == ERR_NOTFOUND)
		e = guard_ask_command(g, SSHD_AuthorizedPrincipalsCommand, look_for_principal);
	if (e == ERR_NOTFOUND)
		return refuse(g, place, "Certificate does not contain an authorized principal");
	return e;
}

enum err
guard_find_by_ca(struct guard *g)
{
	const char *path = g->user.config.trusted_user_ca_keys;
	struct guard_key *k = &g->key;
	char place[1024], name[1024];

	if (path == NULL || find_ca(g, path, place, sizeof(place)) != ERR_OK)
		return ERR_NOTFOUND;
	k->expires = AUTHORIZED_NEVER;
	writer_reset(&k->options);
	TRY(by_principals(g, place));
	snprintf(k->place, sizeof(k->place), "%s", place);
	log_verbose(&g->log, "Accepted certificate %s via %s", guard_key_name(g, name, sizeof(name)), place);
	return ERR_OK;
}
