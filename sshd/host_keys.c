/* SPDX-License-Identifier: ISC */
#include "sshd/host_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "crypto/random.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "sshd/host_agent.h"

static void
free_one(struct host_key *k)
{
	key_free(&k->key);
	cert_free(&k->cert);
	free(k->path);
	free(k->agent);
	free(k->algs);
}

void
host_keys_free(struct host_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->n; i++) {
		free_one(&k->v[i]);
	}
	*k = (struct host_keys){ .n = 0 };
}

/* The block that people search the web for, with what to do. */
static void
say_unprotected(const struct log *log, const char *path, mode_t mode)
{
	static const char line[] = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

	log_error(log, "%s", line);
	log_error(log, "@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @");
	log_error(log, "%s", line);
	log_error(log, "Permissions %04o for '%s' are too open.", (unsigned)mode & 07777, path);
	log_error(log, "It is required that your private key files are NOT accessible by others.");
	log_error(log, "This private key will be ignored. To use it again: chmod 600 %s", path);
}

/* A host key that others can read is nobody's. */
static enum err
check_mode(const struct log *log, const char *path, const struct stat *st)
{
	if (st->st_uid == geteuid() && (st->st_mode & 077) != 0) {
		say_unprotected(log, path, st->st_mode);
		return ERR_DENIED;
	}
	return ERR_OK;
}

/* The name of an algorithm with which a key is shown: as it is, or its certificate. */
static const char *
shown_alg(struct span alg, bool is_cert)
{
	return is_cert ? cert_alg_of(alg) : key_alg_find(alg);
}

/* What of the key's algorithms the config's HostKeyAlgorithms allows. ERR_NOTFOUND. */
static enum err
choose_algs(struct host_key *k, const struct key *signer, const char *allowed)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
	struct span list = span_str(key_algs(signer));
	struct span name;

	while (span_token(&list, ',', &name)) {
		const char *shown = shown_alg(name, k->key == NULL);

		if (shown == NULL || !text_list_has(span_str(allowed), span_str(shown)))
			continue;
		wr_printf(&w, "%s%s", w.len > 0 ? "," : "", shown);
	}
	TRY(wr_end(&w));
	if (w.len == 0)
		return ERR_NOTFOUND;
	k->algs = span_dup_str(writer_span(&w));
	return k->algs == NULL ? ERR_NOMEM : ERR_OK;
}

/* The public half, from path.pub or from path itself, for a key that an agent has. */
static enum err
load_public(struct host_key *k, const char *path)
{
	static const char *const ends[] = { ".pub", "" };
	enum err e = ERR_NOTFOUND;

	for (size_t i = 0; i < COUNT(ends) && e != ERR_OK; i++) {
		SCOPED(writer_free) struct writer name = writer_init(LIMIT_LINE);
		SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
		SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);
		struct span comment;

		wr_printf(&name, "%s%s", path, ends[i]);
		wr_u8(&name, 0);
		TRY(wr_end(&name));
		e = file_read((const char *)name.p, &text, NULL);
		if (e == ERR_OK)
			e = public_file_parse(writer_span(&text), &blob, &comment);
		if (e == ERR_OK)
			e = key_from_blob(writer_span(&blob), &k->key);
	}
	return e;
}

/* The agent's socket; NULL: there is none. */
static const char *
agent_of(const struct sshd_config *c)
{
	const char *agent = c->host_key_agent;

	return agent != NULL && strcmp(agent, "SSH_AUTH_SOCK") == 0 ? getenv("SSH_AUTH_SOCK") : agent;
}

/* Reads the private key at path. */
static enum err
load_private(struct host_key *k, const char *path, const struct log *log)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	struct stat st;

	TRY(file_read(path, &text, &st));
	TRY(check_mode(log, path, &st));
	return private_file_read(writer_span(&text), SPAN_EMPTY, &k->key, NULL);
}

/* The key, if the agent has it. */
static enum err
load_from_agent(struct host_key *k, const char *path, const char *agent, const struct log *log)
{
	enum err e;

	TRY(load_public(k, path));
	e = host_agent_has(agent, key_blob(k->key));
	if (e != ERR_OK) {
		log_error(log, "Host key %s: the agent at %s %s%s", path, agent,
		    e == ERR_NOTFOUND ? "does not have it" : "cannot be asked: ",
		    e == ERR_NOTFOUND ? "" : e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		key_free(&k->key);
		return e;
	}
	log_verbose(log, "Host key %s: its signatures are made by the agent at %s", path, agent);
	k->agent = span_dup_str(span_str(agent));
	return k->agent == NULL ? ERR_NOMEM : ERR_OK;
}

/* The key, by the agent if it has it, else the file's own. */
static enum err
load_any(struct host_key *k, const char *path, const struct sshd_config *config, const struct log *log)
{
	const char *agent = agent_of(config);

	if (agent != NULL && load_from_agent(k, path, agent, log) == ERR_OK)
		return ERR_OK;
	return load_private(k, path, log);
}

static const char *
why_not(enum err e)
{
	return e == ERR_PASSPHRASE ? "it is encrypted with a passphrase" :
	    e == ERR_UNSUPPORTED ? "HostKeyAlgorithms allows none of its algorithms" :
	    e == ERR_FORMAT || e == ERR_SHORT || e == ERR_TRAILING ?
	    "this is not a private key, or a damaged one" : e == ERR_SYSTEM ? strerror(errno) : err_text(e);
}

/* Reads one key into *k. ERR_NOTFOUND: the file is not there. The log has the rest. */
static enum err
load_one(struct host_key *k, const char *path, const struct sshd_config *config,
    const struct log *log)
{
	enum err e = load_any(k, path, config, log);

	if (e == ERR_NOTFOUND)
		return e;
	if (e == ERR_OK && strcmp(key_type(k->key), "ssh-rsa") == 0 &&
	    key_bits(k->key) < config->required_rsa_size) {
		log_error(log, "Host key %s: RSA key of %u bits is shorter than RequiredRSASize %u",
		    path, key_bits(k->key), (unsigned)config->required_rsa_size);
		return ERR_RANGE;
	}
	if (e == ERR_OK)
		e = choose_algs(k, k->key, config->host_key_algorithms);
	/* Where only its certificate is allowed, the key still signs for that. */
	if (e == ERR_NOTFOUND && config->host_certificates.n > 0) {
		k->algs = strdup("");
		e = k->algs == NULL ? ERR_NOMEM : ERR_OK;
	}
	if (e == ERR_NOTFOUND)
		e = ERR_UNSUPPORTED;
	if (e != ERR_OK && e != ERR_DENIED)	/* which check_mode() has explained */
		log_error(log, "Unable to load host key \"%s\": %s", path, why_not(e));
	return e;
}

/* Whether an equal key is there already. */
static bool
is_known(const struct host_keys *keys, const struct key *key)
{
	for (size_t i = 0; i < keys->n; i++) {
		if (keys->v[i].key != NULL && key_equal(keys->v[i].key, key))
			return true;
	}
	return false;
}

/* --- certificates --- */

/* Reads a certificate. */
static enum err
read_cert(const char *path, struct cert *out)
{
	SCOPED(writer_free) struct writer text = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer blob = writer_init(LIMIT_KEY_BLOB);

	TRY(file_read(path, &text, NULL));
	TRY(cert_line_decode(writer_span(&text), &blob));
	return cert_parse(writer_span(&blob), out);
}

/* The key that it certifies. ERR_NOTFOUND. */
static enum err
find_signer(const struct host_keys *keys, struct host_key *k)
{
	for (unsigned i = 0; i < keys->n; i++) {
		if (keys->v[i].key != NULL && key_equal(keys->v[i].key, k->cert.key)) {
			k->signer = i;
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

/* Reads one into *k; NULL, or what is wrong with it. */
static const char *
load_cert(const struct host_keys *keys, struct host_key *k, const char *path,
    const struct sshd_config *config)
{
	enum err e = read_cert(path, &k->cert);

	if (e != ERR_OK)
		return e == ERR_SYSTEM || e == ERR_NOTFOUND ? strerror(errno) :
		    e == ERR_UNSUPPORTED ? "it is not a certificate" : err_text(e);
	if (k->cert.role != CERT_HOST)
		return "it is not a host certificate";
	if (find_signer(keys, k) != ERR_OK)
		return "there is no host key that it belongs to";
	if (choose_algs(k, keys->v[k->signer].key, config->host_key_algorithms) != ERR_OK)
		return "HostKeyAlgorithms allows none of its algorithms";
	k->path = span_dup_str(span_str(path));
	return k->path == NULL ? err_text(ERR_NOMEM) : NULL;
}

/* All that the config names. A server without them is still a server. */
static enum err
load_certs(struct host_keys *out, const struct sshd_config *config, const struct log *log)
{
	for (size_t i = 0; i < config->host_certificates.n && out->n < HOST_KEYS_MAX; i++) {
		struct host_key k = { .key = NULL };
		const char *why = load_cert(out, &k, config->host_certificates.v[i], config);

		if (why != NULL) {
			log_error(log, "Could not load host certificate \"%s\": %s",
			    config->host_certificates.v[i], why);
			free_one(&k);
			continue;
		}
		log_debug(log, "host certificate: %s", k.path);
		out->v[out->n++] = k;
	}
	return ERR_OK;
}

static bool
signs_for_cert(const struct host_keys *keys, size_t i)
{
	for (size_t c = 0; c < keys->n; c++) {
		if (keys->v[c].key == NULL && keys->v[c].signer == i)
			return true;
	}
	return false;
}

/* Whether any can be shown to clients; tells of those that are of no use. */
static bool
any_is_shown(const struct host_keys *keys, const struct log *log)
{
	bool any = false;

	for (size_t i = 0; i < keys->n; i++) {
		if (keys->v[i].algs[0] != '\0')
			any = true;
		else if (!signs_for_cert(keys, i))
			log_error(log, "Unable to load host key \"%s\": %s", keys->v[i].path,
			    why_not(ERR_UNSUPPORTED));
	}
	return any;
}

struct span
host_key_blob(const struct host_key *k)
{
	return k->key != NULL ? key_blob(k->key) : k->cert.blob;
}

enum err
host_key_sign(const struct host_keys *keys, size_t i, struct span alg, struct span data,
    struct writer *sig)
{
	const struct host_key *k = &keys->v[i], *signer = k->key != NULL ? k : &keys->v[k->signer];
	const char *shown = shown_alg(alg, k->key == NULL);
	size_t start = sig->len;

	if (shown == NULL || !text_list_has(span_str(k->algs), span_str(shown)))
		return ERR_DENIED;
	if (signer->agent == NULL)
		return key_sign(signer->key, alg, data, sig);
	TRY(host_agent_sign(signer->agent, key_blob(signer->key), alg, data, sig));
	/* Another agent at that socket, or another algorithm: the client would only see a failure. */
	return key_verify(signer->key, alg, alg, span_skip(writer_span(sig), start), data, NULL);
}

enum err
host_keys_load(struct host_keys *out, const struct sshd_config *config, const struct log *log)
{
	bool named = sshd_config_is_set(config, SSHD_HostKey);

	*out = (struct host_keys){ .n = 0 };
	for (size_t i = 0; i < config->host_keys.n && out->n < HOST_KEYS_MAX; i++) {
		const char *path = config->host_keys.v[i];
		struct host_key k = { .key = NULL };
		enum err e = load_one(&k, path, config, log);

		if (e == ERR_NOTFOUND && named)
			log_error(log, "Unable to load host key \"%s\": %s", path, strerror(ENOENT));
		if (e == ERR_OK && is_known(out, k.key))
			e = ERR_EXISTS;
		if (e == ERR_OK) {
			k.path = span_dup_str(span_str(path));
			if (k.path == NULL)
				e = ERR_NOMEM;
		}
		if (e != ERR_OK) {
			free_one(&k);
			continue;
		}
		out->v[out->n++] = k;
	}
	if (out->n > 0)
		TRY(load_certs(out, config, log));
	if (any_is_shown(out, log))
		return ERR_OK;
	host_keys_free(out);
	log_error(log, "no hostkeys available -- exiting.");
	return ERR_NOTFOUND;
}

/* --- first start --- */

static const char *const made_kinds[] = { "rsa", "ecdsa", "ed25519" };

/* Writes the two files of one new key; on failure neither stays. */
static enum err
write_key(const struct key *key, const char *path, struct span comment)
{
	static const struct private_file_format plain = { .kind = PRIVATE_OPENSSH };
	SCOPED(writer_free) struct writer private = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer public = writer_init(LIMIT_KEY_FILE);
	SCOPED(writer_free) struct writer pub_path = writer_init(LIMIT_LINE);
	struct rng rng = rng_system();
	enum err e;

	TRY(private_file_write(key, comment, &plain, &rng, &private));
	public_line_put(&public, key_blob(key), comment);
	wr_u8(&public, '\n');
	wr_printf(&pub_path, "%s.pub", path);
	wr_u8(&pub_path, 0);
	TRY(wr_end(&public));
	TRY(wr_end(&pub_path));
	TRY(file_create(path, writer_span(&private), 0600, FILE_KEEP));
	e = file_create((const char *)pub_path.p, writer_span(&public), 0644, FILE_REPLACE);
	if (e != ERR_OK) {
		int saved = errno;

		(void)unlink(path);
		errno = saved;
	}
	return e;
}

/* Makes one key of a kind at path. */
static enum err
make_key(const char *kind, const char *path, const struct log *log)
{
	struct key *key SCOPED(key_free) = NULL;
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	struct rng rng = rng_system();
	char host[256] = "";
	enum err e;

	(void)gethostname(host, sizeof(host) - 1);
	wr_printf(&comment, "%s@%s", geteuid() == 0 ? "root" : "sshd", host[0] == '\0' ? "localhost" : host);
	TRY(wr_end(&comment));
	TRY(key_generate(span_str(kind), 0, &rng, &key));
	e = write_key(key, path, writer_span(&comment));
	if (e == ERR_EXISTS)	/* another server was faster */
		return ERR_OK;
	if (e != ERR_OK)
		log_error(log, "Cannot make host key %s: %s", path,
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	else
		log_info(log, "Made host key %s (first start).", path);
	return e;
}

/* Removes the keys of this start if one of them could not be made. */
static void
unmake(const struct words *paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

		wr_printf(&w, "%s.pub", paths->v[i]);
		wr_u8(&w, 0);
		(void)unlink(paths->v[i]);
		if (wr_end(&w) == ERR_OK)
			(void)unlink((const char *)w.p);
	}
}

/* Puts dir/ssh_host_KIND_key in the place of the default names. */
static enum err
name_keys(struct words *paths, struct span dir)
{
	for (size_t i = 0; i < paths->n && i < COUNT(made_kinds); i++) {
		SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);
		char *path;

		wr_raw(&w, dir);
		wr_printf(&w, "/ssh_host_%s_key", made_kinds[i]);
		TRY(wr_end(&w));
		path = span_dup_str(writer_span(&w));
		if (path == NULL)
			return ERR_NOMEM;
		free(paths->v[i]);
		paths->v[i] = path;
	}
	return ERR_OK;
}

/* The folder a path is in. */
static struct span
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return SPAN_LIT(".");
	return span_of(path, slash == path ? 1 : (size_t)(slash - path));
}

enum err
host_keys_first_start(struct sshd_config *config, const char *config_file, bool make,
    const struct log *log)
{
	struct words *paths = &config->host_keys;

	if (sshd_config_is_set(config, SSHD_HostKey) || paths->n != COUNT(made_kinds))
		return ERR_OK;
	if (geteuid() != 0 && strcmp(config_file, "none") != 0)
		TRY(name_keys(paths, folder_of(config_file)));
	for (size_t i = 0; i < paths->n; i++) {
		if (access(paths->v[i], F_OK) == 0)
			return ERR_OK;
	}
	if (!make)
		return ERR_OK;
	for (size_t i = 0; i < paths->n; i++) {
		enum err e = make_key(made_kinds[i], paths->v[i], log);

		if (e != ERR_OK) {
			unmake(paths, i);
			return e;
		}
	}
	return ERR_OK;
}
