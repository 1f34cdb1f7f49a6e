/* SPDX-License-Identifier: ISC */
/* Which keys there are: files, their certificates, the agent's; and their order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "keys/cert.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "ssh/agent_client.h"
#include "ssh/identity.h"

/* --- public halves --- */

/* Takes the public half from a .pub file or line. */
static bool
take_public(struct identity *id, struct span text)
{
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
	struct span comment;

	return public_file_parse(text, &blob, &comment) == ERR_OK &&
	    key_from_blob(writer_span(&blob), &id->pub) == ERR_OK;
}

static void
read_public(struct identity *id)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer path = writer_init(LIMIT_LINE);

	wr_printf(&path, "%s.pub", id->path);
	wr_u8(&path, 0);
	if (wr_end(&path) == ERR_OK && file_read((const char *)path.p, &text, NULL) == ERR_OK)
		(void)!take_public(id, writer_span(&text));
}

/*
 * Finds the public half: beside the file, in the clear part of it, or in the
 * file itself, which then only says which of the agent's keys is meant.
 */
static void
find_public(struct identity *id)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	SCOPED(private_file_free) struct private_file seen = { .pub = NULL };
	enum err e;

	read_public(id);
	if (file_read(id->path, &file, NULL) != ERR_OK)
		return;
	e = private_file_peek(writer_span(&file), &seen);
	if (e == ERR_FORMAT && take_public(id, writer_span(&file)))
		id->is_public_only = true;
	if (e != ERR_OK || seen.pub == NULL)
		return;
	/* What is in the private file is what it will sign with. */
	key_free(&id->pub);
	id->pub = seen.pub;
	seen.pub = NULL;
}

/* --- files --- */

static enum err
add(struct identities *ids, struct identity **out)
{
	struct identity *v;

	if (ids->n == IDENTITIES_MAX)
		return ERR_LIMIT;
	v = realloc(ids->v, (ids->n + 1) * sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	ids->v = v;
	*out = &v[ids->n++];
	**out = (struct identity){ .path = NULL };
	return ERR_OK;
}

static enum err
add_file(struct identities *ids, char *path, bool is_named, struct identity **out)
{
	enum err e = add(ids, out);

	if (e != ERR_OK) {
		free(path);
		return e;
	}
	(*out)->path = path;
	(*out)->is_named = is_named;
	return ERR_OK;
}

/* Takes what blob says: a key, or a user's certificate with its key. */
static bool
take_blob(struct identity *id, struct span blob)
{
	SCOPED(cert_free) struct cert cert = { .type = NULL };

	if (key_from_blob(blob, &id->pub) == ERR_OK)
		return true;
	if (cert_parse(blob, &cert) != ERR_OK) {
		cert = (struct cert){ .type = NULL };
		return false;
	}
	if (cert.role != CERT_USER)
		return false;
	id->cert = writer_init(LIMIT_KEY_BLOB);
	wr_raw(&id->cert, blob);
	if (wr_end(&id->cert) != ERR_OK)
		return false;
	id->pub = cert.key;
	cert.key = NULL;
	return true;
}

static enum err
read_cert(const char *path, struct identity *id)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);

	TRY(file_read_any(path, &text, NULL));
	if (cert_line_decode(writer_span(&text), &blob) != ERR_OK)
		return ERR_FORMAT;
	return take_blob(id, writer_span(&blob)) && id->cert.len > 0 ? ERR_OK : ERR_FORMAT;
}

/* Adds the certificate in a file; why it cannot be is told if it was named. */
static enum err
add_cert(const struct ssh *s, struct identities *ids, char *path, bool is_named)
{
	struct identity found = { .path = path, .is_named = is_named };
	struct identity *id;
	enum err e = read_cert(path, &found);

	if (e == ERR_OK)
		e = add(ids, &id);
	if (e == ERR_OK) {
		*id = found;
		log_debug(&s->log, "certificate file %s type %s", path, identity_type(id));
		return ERR_OK;
	}
	if (is_named)
		log_info(&s->log, "Could not load certificate \"%s\": %s", path,
		    e == ERR_NOTFOUND ? strerror(ENOENT) : e == ERR_SYSTEM ? strerror(errno) :
		    e == ERR_FORMAT ? "not a user certificate" : err_text(e));
	free(path);
	writer_free(&found.cert);
	key_free(&found.pub);
	return e == ERR_NOMEM ? e : ERR_OK;
}

/* The certificates beside a key: "id-cert.pub", or "id.pub" if somebody put one there. */
static enum err
add_certs_beside(const struct ssh *s, struct identities *ids, const char *key_path)
{
	static const char *const ends[] = { "-cert.pub", ".pub" };

	for (size_t i = 0; i < COUNT(ends); i++) {
		char *path;

		if (asprintf(&path, "%s%s", key_path, ends[i]) == -1)
			return ERR_NOMEM;
		TRY(add_cert(s, ids, path, false));
	}
	return ERR_OK;
}

static bool
has_path(const struct identities *ids, const char *path)
{
	for (size_t i = 0; i < ids->n; i++)
		if (strcmp(ids->v[i].path, path) == 0)
			return true;
	return false;
}

/*
 * "-i id-cert.pub": the certificate, and the key that stands beside it, if one
 * does (the agent may have it). False if the file is none.
 */
static bool
add_cert_for_key(const struct ssh *s, struct identities *ids, const char *path, enum err *e)
{
	static const char suffix[] = "-cert.pub";
	size_t len = strlen(path), n = sizeof(suffix) - 1;
	struct identity seen = { .path = NULL };
	struct identity *id;
	char *copy, *key;
	bool is_cert = read_cert(path, &seen) == ERR_OK;

	writer_free(&seen.cert);
	key_free(&seen.pub);
	if (!is_cert)
		return false;
	copy = strdup(path);
	*e = copy == NULL ? ERR_NOMEM : add_cert(s, ids, copy, true);
	if (*e != ERR_OK || len <= n || strcmp(path + len - n, suffix) != 0)
		return true;
	key = strndup(path, len - n);
	if (key == NULL)
		*e = ERR_NOMEM;
	else if (access(key, F_OK) != 0 || has_path(ids, key) || ids->n == IDENTITIES_MAX)
		free(key);
	else if ((*e = add_file(ids, key, true, &id)) == ERR_OK)
		find_public(id);
	return true;
}

static enum err
add_files(struct ssh *s, struct identities *ids)
{
	const struct ssh_config *c = &s->settings.config;
	bool is_named = ssh_config_is_set(c, SSH_KEYWORD_IdentityFile);

	for (size_t i = 0; i < c->identity_files.n && ids->n < IDENTITIES_MAX; i++) {
		struct identity *id;
		size_t at = ids->n;
		enum err e = ERR_OK;
		char *path;

		if (settings_expand(&s->settings, &s->log, SSH_KEYWORD_IdentityFile,
		    c->identity_files.v[i], &path) != ERR_OK)
			continue;
		if (has_path(ids, path) || add_cert_for_key(s, ids, path, &e)) {
			free(path);
			TRY(e);
			continue;
		}
		TRY(add_file(ids, path, is_named, &id));
		find_public(id);
		log_debug(&s->log, "identity file %s type %s", path,
		    id->pub == NULL ? "-1" : key_type(id->pub));
		TRY(add_certs_beside(s, ids, path));
		for (size_t k = at + 1; k < ids->n; k++)
			ids->v[k].is_named = is_named;
	}
	return ERR_OK;
}

/* CertificateFile. */
static enum err
add_named_certs(struct ssh *s, struct identities *ids)
{
	const struct words *files = &s->settings.config.certificate_files;

	for (size_t i = 0; i < files->n && ids->n < IDENTITIES_MAX; i++) {
		char *path;

		if (settings_expand(&s->settings, &s->log, SSH_KEYWORD_CertificateFile,
		    files->v[i], &path) == ERR_OK)
			TRY(add_cert(s, ids, path, true));
	}
	return ERR_OK;
}

/* --- the agent --- */

char *
identity_agent_path(const struct ssh *s)
{
	const char *text = s->settings.config.identity_agent;
	const char *value = NULL;
	char *path;

	if (text != NULL && strcmp(text, "none") == 0)
		return NULL;
	if (text == NULL || strcmp(text, "SSH_AUTH_SOCK") == 0)
		value = getenv("SSH_AUTH_SOCK");
	else if (text[0] == '$' && text[1] != '{')
		value = getenv(text + 1);
	else if (settings_expand(&s->settings, &s->log, SSH_KEYWORD_IdentityAgent, text,
	    &path) == ERR_OK)
		return path;
	return value == NULL || value[0] == '\0' ? NULL : strdup(value);
}

/* Where the agent's keys are put, and which of them. */
struct taking {
	const struct ssh *s;
	struct identities *all;
	const struct identities *files;
};

/* The file that a key of the agent was named by; NULL: none. */
static const struct identity *
find_file(const struct identities *files, const struct identity *id)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].pub != NULL &&
		    span_eq(identity_blob(&files->v[i]), identity_blob(id)))
			return &files->v[i];
	return NULL;
}

static enum err
take_agent_key(void *arg, struct span blob, struct span comment)
{
	struct taking *t = arg;
	struct identity found = { .is_in_agent = true };
	struct identity *id;
	const struct identity *file;

	/* What we do not know is passed over, as is what was not asked for. */
	if (!take_blob(&found, blob))
		goto out;
	file = find_file(t->files, &found);
	found.is_named = file != NULL && file->is_named;
	if ((file == NULL && t->s->settings.config.identities_only) ||
	    add(t->all, &id) != ERR_OK)
		goto out;
	found.path = span_dup_str(comment);
	*id = found;
	if (found.path != NULL)
		return ERR_OK;
	t->all->n--;
out:
	writer_free(&found.cert);
	key_free(&found.pub);
	return ERR_OK;
}

static void
ask_agent(struct ssh *s, struct identities *all, const struct identities *files)
{
	struct taking t = { .s = s, .all = all, .files = files };
	char *path = identity_agent_path(s);
	enum err e;

	if (path == NULL)
		return;
	e = agent_open(path, &all->agent);
	if (e == ERR_OK)
		e = agent_bind(all->agent, s->conn);
	log_debug2(&s->log, "session-bind@openssh.com: %s", e == ERR_OK ? "bound agent to host key" :
	    err_text(e));
	if (e == ERR_OK || e == ERR_DENIED)
		e = agent_list(all->agent, take_agent_key, &t);
	if (e != ERR_OK)
		log_debug(&s->log, "get_agent_identities: %s: %s", path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	free(path);
}

/* --- their order --- */

/* Moves one over. It leaves nothing behind. */
static enum err
move(struct identities *to, struct identity *from)
{
	struct identity *id;

	TRY(add(to, &id));
	*id = *from;
	*from = (struct identity){ .path = NULL };
	return ERR_OK;
}

/* Moves the agent's copy of a file's key over, if it has one: then the file is not needed. */
static bool
move_from_agent(struct identities *to, struct identities *agent, const struct identity *file,
    enum err *e)
{
	for (size_t i = 0; i < agent->n && file->pub != NULL; i++) {
		struct identity *id = &agent->v[i];

		if (id->pub == NULL || !span_eq(identity_blob(id), identity_blob(file)))
			continue;
		*e = move(to, id);
		return true;
	}
	return false;
}

/* Files, or what the agent has of them: those that the user named, or the default ones. */
static enum err
move_files(struct identities *to, struct identities *files, struct identities *agent,
    bool is_named)
{
	for (size_t i = 0; i < files->n; i++) {
		struct identity *file = &files->v[i];
		enum err e = ERR_OK;

		if (file->path == NULL || file->is_named != is_named)
			continue;
		if (!move_from_agent(to, agent, file, &e) && !file->is_public_only)
			e = move(to, file);
		TRY(e);
	}
	return ERR_OK;
}

/* The agent's keys that files stand for, then its others. */
static enum err
move_agent(struct identities *to, struct identities *files, struct identities *agent)
{
	for (size_t i = 0; i < files->n; i++) {
		enum err e = ERR_OK;

		if (files->v[i].path != NULL)
			(void)move_from_agent(to, agent, &files->v[i], &e);
		TRY(e);
	}
	for (size_t i = 0; i < agent->n; i++)
		if (agent->v[i].path != NULL)
			TRY(move(to, &agent->v[i]));
	return ERR_OK;
}

enum err
identities_find(struct ssh *s, struct identities *ids)
{
	SCOPED(identities_free) struct identities files = { .agent = -1 };
	SCOPED(identities_free) struct identities agent = { .agent = -1 };
	enum err e;

	*ids = (struct identities){ .agent = -1 };
	TRY(add_named_certs(s, ids));
	e = add_files(s, &files);
	if (e != ERR_OK && e != ERR_LIMIT)
		return e;
	ask_agent(s, &agent, &files);
	ids->agent = agent.agent;
	agent.agent = -1;
	/* What was named comes before all others, so that a full agent does not use up the tries. */
	e = move_files(ids, &files, &agent, true);
	if (e == ERR_OK)
		e = move_agent(ids, &files, &agent);
	if (e == ERR_OK)
		e = move_files(ids, &files, &agent, false);
	return e == ERR_LIMIT ? ERR_OK : e;
}
