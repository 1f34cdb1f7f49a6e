/* SPDX-License-Identifier: ISC */
#include "ssh/identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "keys/cert.h"
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
	const char *plain = cert_alg_plain(alg);

	if (plain != NULL)
		alg = span_str(plain);
	if (id->is_in_agent)
		return agent_sign(ids->agent, identity_blob(id), alg, data, sig);
	return id->priv == NULL ? ERR_NOTFOUND : key_sign(id->priv, alg, data, sig);
}

/* --- what is offered, and who signs for it --- */

struct span
identity_blob(const struct identity *id)
{
	return id->cert.len > 0 ? writer_span(&id->cert) : key_blob(id->pub);
}

const char *
identity_type(const struct identity *id)
{
	const char *plain = key_type(id->pub);

	return id->cert.len > 0 ? cert_type_of(span_str(plain)) : plain;
}

struct identity *
identity_signer(const struct identities *ids, struct identity *id)
{
	if (id->cert.len == 0 || id->is_in_agent)
		return id;
	for (size_t i = 0; i < ids->n; i++) {
		struct identity *other = &ids->v[i];

		if (other->cert.len == 0 && other->pub != NULL && !other->is_bad &&
		    key_equal(other->pub, id->pub))
			return other;
	}
	return NULL;
}

void
identities_free(struct identities *ids)
{
	if (ids == NULL)
		return;
	for (size_t i = 0; i < ids->n; i++) {
		free(ids->v[i].path);
		writer_free(&ids->v[i].cert);
		key_free(&ids->v[i].pub);
		key_free(&ids->v[i].priv);
	}
	free(ids->v);
	if (ids->agent != -1)
		close(ids->agent);
	*ids = (struct identities){ .agent = -1 };
}
