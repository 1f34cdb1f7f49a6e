/* SPDX-License-Identifier: ISC */
#include "ssh/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "keys/fingerprint.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "os/tty.h"
#include "ssh/agent_client.h"

/* --- files --- */

static void
say_too_open(const struct ssh *s, const char *path, const struct stat *st)
{
	static const char line[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	log_error(&s->log, "%s", line);
	log_error(&s->log, "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @");
	log_error(&s->log, "%s", line);
	log_error(&s->log, "Permissions 0%3.3o for '%s' are too open.", (unsigned)st->st_mode & 0777,
	    path);
	log_error(&s->log,
	    "It is required that your private key files are NOT accessible by others.");
	log_error(&s->log, "This private key will be ignored.");
	log_error(&s->log, "Load key \"%s\": bad permissions", path);
}

/* Reads a private key file; what is wrong with it is told. */
static enum err
read_private(const struct ssh *s, struct identity *id, struct writer *file)
{
	struct stat st;
	enum err e = file_read(id->path, file, &st);

	if (e == ERR_NOTFOUND) {
		log_debug3(&s->log, "no such identity: %s: %s", id->path, strerror(ENOENT));
		if (id->is_named)
			log_info(&s->log, "no such identity: %s: %s", id->path, strerror(ENOENT));
	} else if (e != ERR_OK) {
		log_info(&s->log, "Load key \"%s\": %s", id->path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	} else if (st.st_uid == getuid() && (st.st_mode & 077) != 0) {
		say_too_open(s, id->path, &st);
		e = ERR_DENIED;
	}
	return e;
}

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

/* --- decrypting --- */

/* One attempt. ERR_PASSPHRASE: another may do. */
static enum err
decrypt(struct identity *id, struct span file, struct span passphrase)
{
	TRY(private_file_read(file, passphrase, &id->priv, NULL));
	if (id->pub == NULL)
		return key_public(id->priv, &id->pub);
	if (key_equal(id->pub, id->priv))
		return ERR_OK;
	key_free(&id->priv);
	return ERR_FORMAT;
}

static enum err
ask_passphrase(const struct ssh *s, struct identity *id, struct span file)
{
	SCOPED(secret_free) struct secret passphrase = { NULL, 0 };
	enum err e = ERR_PASSPHRASE;
	char question[512];

	if (s->settings.config.batch_mode)
		return ERR_PASSPHRASE;
	snprintf(question, sizeof(question), "Enter passphrase for key '%.400s': ", id->path);
	for (uint32_t i = 0; i < s->settings.config.number_of_password_prompts; i++) {
		if (tty_ask(TTY_ASK_SECRET, question, &passphrase) != ERR_OK ||
		    passphrase.len == 0) {
			log_debug2(&s->log, "no passphrase given, try next key");
			return ERR_PASSPHRASE;
		}
		e = decrypt(id, file, secret_span(&passphrase));
		if (e != ERR_PASSPHRASE)
			break;
		log_debug2(&s->log, "bad passphrase given, try again...");
	}
	return e;
}

/* Reads the private half; asks for a passphrase only if may_ask. */
static enum err
load(const struct ssh *s, struct identity *id, bool may_ask)
{
	SCOPED(writer_free) struct writer file = writer_init(LIMIT_KEY_FILE);
	enum err e = read_private(s, id, &file);

	if (e != ERR_OK) {
		id->is_bad = true;
		return ERR_NOTFOUND;
	}
	e = decrypt(id, writer_span(&file), SPAN_EMPTY);
	if (e == ERR_PASSPHRASE && !may_ask)
		return e;
	if (e == ERR_PASSPHRASE)
		e = ask_passphrase(s, id, writer_span(&file));
	if (e == ERR_OK)
		return ERR_OK;
	id->is_bad = true;
	if (e != ERR_PASSPHRASE)
		log_error(&s->log, "Load key \"%s\": %s", id->path,
		    e == ERR_FORMAT ? "invalid format" : err_text(e));
	return ERR_NOTFOUND;
}

bool
identity_is_ready(const struct ssh *s, struct identity *id)
{
	if (id->is_in_agent || id->is_bad || id->is_public_only)
		return false;
	return id->priv != NULL || load(s, id, false) == ERR_OK;
}

enum err
identity_unlock(const struct ssh *s, struct identity *id)
{
	if (id->is_in_agent || id->priv != NULL)
		return ERR_OK;
	if (id->is_bad || id->is_public_only)
		return ERR_NOTFOUND;
	return load(s, id, true);
}

enum err
identity_sign(const struct identities *ids, const struct identity *id, struct span alg,
    struct span data, struct writer *sig)
{
	if (id->is_in_agent)
		return agent_sign(ids->agent, key_blob(id->pub), alg, data, sig);
	return key_sign(id->priv, alg, data, sig);
}

/* --- finding them --- */

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
add_files(struct ssh *s, struct identities *ids)
{
	const struct ssh_config *c = &s->settings.config;
	bool is_named = ssh_config_is_set(c, SSH_KEYWORD_IdentityFile);

	for (size_t i = 0; i < c->identity_files.n && ids->n < IDENTITIES_MAX; i++) {
		struct identity *id;
		char *path;
		bool is_twice = false;

		if (settings_expand(&s->settings, &s->log, SSH_KEYWORD_IdentityFile,
		    c->identity_files.v[i], &path) != ERR_OK)
			continue;
		for (size_t j = 0; j < ids->n; j++)
			is_twice |= strcmp(ids->v[j].path, path) == 0;
		if (is_twice) {
			free(path);
			continue;
		}
		if (add(ids, &id) != ERR_OK) {
			free(path);
			return ERR_NOMEM;
		}
		id->path = path;
		id->is_named = is_named;
		find_public(id);
		log_debug(&s->log, "identity file %s type %s", path,
		    id->pub == NULL ? "-1" : key_type(id->pub));
	}
	return ERR_OK;
}

/* The agent's socket: IdentityAgent, else SSH_AUTH_SOCK. NULL: none is wanted. */
static char *
agent_path(const struct ssh *s)
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

static enum err
take_agent_key(void *arg, struct span blob, struct span comment)
{
	struct taking *t = arg;
	struct identity *id;
	struct key *pub;
	bool is_named = false;

	if (key_from_blob(blob, &pub) != ERR_OK)
		return ERR_OK;		/* a kind that we do not know */
	for (size_t i = 0; i < t->files->n; i++)
		is_named |= t->files->v[i].pub != NULL && key_equal(t->files->v[i].pub, pub);
	if ((!is_named && t->s->settings.config.identities_only) || add(t->all, &id) != ERR_OK) {
		key_free(&pub);
		return ERR_OK;
	}
	id->pub = pub;
	id->is_in_agent = true;
	id->is_named = is_named;
	id->path = span_dup_str(comment);
	return id->path == NULL ? ERR_NOMEM : ERR_OK;
}

static void
ask_agent(struct ssh *s, struct identities *all, const struct identities *files)
{
	struct taking t = { .s = s, .all = all, .files = files };
	char *path = agent_path(s);
	enum err e;

	if (path == NULL)
		return;
	e = agent_open(path, &all->agent);
	if (e == ERR_OK)
		e = agent_list(all->agent, take_agent_key, &t);
	if (e != ERR_OK)
		log_debug(&s->log, "get_agent_identities: %s: %s", path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	free(path);
}

/* Moves the agent's keys that files were named for to the front, in the files' order. */
static void
order_agent_keys(struct identities *all, const struct identities *files)
{
	size_t front = 0;

	for (size_t f = 0; f < files->n; f++) {
		for (size_t i = front; i < all->n; i++) {
			struct identity found = all->v[i];

			if (files->v[f].pub == NULL || !key_equal(files->v[f].pub, found.pub))
				continue;
			memmove(&all->v[front + 1], &all->v[front],
			    (i - front) * sizeof(found));
			all->v[front++] = found;
			break;
		}
	}
}

static bool
is_in_agent(const struct identities *all, const struct key *pub)
{
	for (size_t i = 0; i < all->n; i++)
		if (pub != NULL && all->v[i].is_in_agent && key_equal(all->v[i].pub, pub))
			return true;
	return false;
}

enum err
identities_find(struct ssh *s, struct identities *ids)
{
	struct identities files = { .agent = -1 };
	enum err e;

	*ids = (struct identities){ .agent = -1 };
	e = add_files(s, &files);
	if (e == ERR_OK)
		ask_agent(s, ids, &files);
	order_agent_keys(ids, &files);
	for (size_t i = 0; i < files.n && e == ERR_OK; i++) {
		struct identity *id;

		if (is_in_agent(ids, files.v[i].pub) || files.v[i].is_public_only)
			continue;
		e = add(ids, &id);
		if (e != ERR_OK)
			break;
		*id = files.v[i];
		files.v[i] = (struct identity){ .path = NULL };
	}
	identities_free(&files);
	return e == ERR_LIMIT ? ERR_OK : e;
}

void
identities_free(struct identities *ids)
{
	if (ids == NULL)
		return;
	for (size_t i = 0; i < ids->n; i++) {
		free(ids->v[i].path);
		key_free(&ids->v[i].pub);
		key_free(&ids->v[i].priv);
	}
	free(ids->v);
	if (ids->agent != -1)
		close(ids->agent);
	*ids = (struct identities){ .agent = -1 };
}
