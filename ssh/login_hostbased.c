/* SPDX-License-Identifier: ISC */
/*
 * hostbased (RFC 4252 9): this machine says who its user is.
 *
 * There is no setuid helper (OpenSSH's ssh-keysign). The machine's private keys
 * are used if this user may read them, or through the agent, if it holds them:
 * an agent that root runs for some users (IdentityAgent) lets them sign and
 * never see the keys.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "keys/cert.h"
#include "keys/line.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "ssh/login.h"

/* A key of this machine, ready to be used by alg. */
struct host_identity {
	struct identity id;
	struct writer blob;		/* what is shown: key or certificate */
};

static void
host_identity_free(struct host_identity *h)
{
	free(h->id.path);
	key_free(&h->id.pub);
	key_free(&h->id.priv);
	writer_free(&h->blob);
}

/* The file's part of the name for a key type; NULL: hosts have none of it. */
static const char *
kind_of(const char *type)
{
	static const char *const rows[][2] = {
		{ "ssh-ed25519", "ed25519" },
		{ "ecdsa-sha2-nistp256", "ecdsa" },
		{ "ecdsa-sha2-nistp384", "ecdsa" },
		{ "ecdsa-sha2-nistp521", "ecdsa" },
		{ "ssh-rsa", "rsa" },
		{ "ssh-mldsa44-ed25519@openssh.com", "mldsa44_ed25519" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i][0], type) == 0)
			return rows[i][1];
	return NULL;
}

/* Reads "PATH SUFFIX", a public key or certificate, into blob. */
static enum err
read_public(const char *path, const char *suffix, struct writer *blob)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer name = writer_init(LIMIT_LINE);
	struct span rest, type;

	wr_printf(&name, "%s%s", path, suffix);
	wr_u8(&name, 0);
	TRY(wr_end(&name));
	TRY(file_read((const char *)name.p, &text, NULL));
	rest = line_trim(span_first(writer_span(&text), span_find(writer_span(&text), '\n')));
	type = line_word(&rest);
	return line_key_decode(type, line_word(&rest), blob);
}

/* The private half from its file. */
static enum err
read_private(struct host_identity *h)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);

	TRY(file_read(h->id.path, &file, NULL));
	TRY(private_file_read(writer_span(&file), SPAN_EMPTY, &h->id.priv, NULL));
	return key_public(h->id.priv, &h->id.pub);
}

/* The agent's copy of a key whose file is not ours to read. */
static enum err
find_in_agent(struct ssh *s, struct host_identity *h)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct login *l = s->login;

	TRY(read_public(h->id.path, ".pub", &blob));
	TRY(key_from_blob(writer_span(&blob), &h->id.pub));
	TRY(login_find_keys(s));
	for (size_t i = 0; i < l->ids.n; i++) {
		h->id.is_in_agent |= l->ids.v[i].is_in_agent && l->ids.v[i].cert.len == 0 &&
		    key_equal(l->ids.v[i].pub, h->id.pub);
	}
	return h->id.is_in_agent ? ERR_OK : ERR_NOTFOUND;
}

/* Makes the machine's key for an algorithm ready, if there is one that can be used. */
static enum err
find_key(struct ssh *s, struct span alg, struct host_identity *h)
{
	const char *plain = cert_alg_plain(alg);
	const char *type = key_alg_type(plain != NULL ? span_str(plain) : alg);
	const char *kind = type == NULL ? NULL : kind_of(type);
	enum err e;

	if (kind == NULL)
		return ERR_NOTFOUND;
	if (asprintf(&h->id.path, "%s/ssh_host_%s_key", SSH_CONF_DIR, kind) == -1) {
		h->id.path = NULL;
		return ERR_NOMEM;
	}
	e = read_private(h);
	if (e == ERR_SYSTEM && errno == EACCES) {
		log_debug(&s->log, "hostbased: %s: %s; looking for it in the agent", h->id.path,
		    strerror(EACCES));
		e = find_in_agent(s, h);
	}
	TRY(e);
	if (strcmp(key_type(h->id.pub), type) != 0)
		return ERR_NOTFOUND;
	if (plain != NULL)
		return read_public(h->id.path, "-cert.pub", &h->blob);
	wr_raw(&h->blob, key_blob(h->id.pub));
	return wr_end(&h->blob);
}

/* Signs by alg and sends. */
static enum err
send_request(struct ssh *s, const struct host_identity *h, const char *alg)
{
	SCOPED(writer_free) struct writer host = writer_init(LIMIT_LINE);
	SCOPED(writer_free) struct writer data = writer_init(LIMIT_PACKET);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	const char *user = s->settings.user;
	struct span me = span_str(s->settings.me.name);

	/* A name in full ends with a dot, which servers take off. */
	wr_printf(&host, "%s.", s->settings.local_host);
	TRY(wr_end(&host));
	conn_auth_hostbased_data(s->conn, user, alg, writer_span(&h->blob), writer_span(&host), me,
	    &data);
	TRY(wr_end(&data));
	TRY(identity_sign(&s->login->ids, &h->id, span_str(alg), writer_span(&data), &sig));
	log_debug(&s->log, "userauth_hostbased: chost %.*s, key %s, algorithm %s", (int)host.len,
	    (const char *)host.p, h->id.path, alg);
	conn_auth_hostbased(s->conn, user, alg, writer_span(&h->blob), writer_span(&host), me,
	    writer_span(&sig));
	return ERR_OK;
}

/* Tries one algorithm. False: there is no key for it. */
static bool
try_alg(struct ssh *s, struct span alg)
{
	SCOPED(host_identity_free) struct host_identity h = {
		.blob = writer_init(LIMIT_KEY_BLOB),
	};
	const char *plain = cert_alg_plain(alg);
	const char *name = plain != NULL ? cert_alg_of(span_str(plain)) : key_alg_find(alg);
	enum err e;

	if (name == NULL)
		return false;
	e = find_key(s, alg, &h);
	if (e == ERR_OK)
		e = send_request(s, &h, name);
	if (e == ERR_OK)
		return true;
	log_debug2(&s->log, "hostbased: no key for %s: %s", name,
	    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	return false;
}

bool
login_next_hostbased(struct ssh *s)
{
	struct span rest = span_str(s->settings.config.hostbased_accepted_algorithms), alg;
	struct login *l = s->login;

	for (size_t i = 0; span_token(&rest, ',', &alg); i++) {
		if (i < l->host_key)
			continue;
		l->host_key = i + 1;
		if (try_alg(s, alg))
			return true;
	}
	log_debug(&s->log, "No more client hostkeys for hostbased authentication.");
	return false;
}
