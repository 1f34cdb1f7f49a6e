/* SPDX-License-Identifier: ISC */
/* ssh-keygen -Y sign: with a private key, or with one that the agent has. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/file.h"
#include "tools/ssh_keygen_agent.h"
#include "tools/ssh_keygen_signature.h"

/* Who signs. */
struct maker {
	struct writer blob;		/* of the key or certificate that is shown */
	struct sshsig_signer signer;
	struct key *key;		/* the private one, unless an agent has it */
	struct agent_signer agent;
};

static void
close_maker(struct maker *m)
{
	agent_signer_close(&m->agent);
	key_free(&m->key);
	sshsig_signer_free(&m->signer);
	writer_free(&m->blob);
}

/* --- finding the key --- */

/* Whether an agent has the key; with -U it has to be there. */
static bool
find_in_agent(const struct keygen *kg, struct maker *m)
{
	enum err e = agent_signer_find(writer_span(&m->blob), key_blob(m->signer.key), &m->agent);

	if (e != ERR_OK && kg->wants_agent)
		die(e == ERR_NOTFOUND ? "Couldn't find key in agent" : "Couldn't get agent socket");
	return e == ERR_OK;
}

/* Takes suffix off path, if that ends with it. */
static bool
cut_suffix(char *path, const char *suffix)
{
	size_t len = strlen(path), n = strlen(suffix);

	if (len <= n || strcmp(path + len - n, suffix) != 0)
		return false;
	path[len - n] = '\0';
	return true;
}

/* Loads the private half: it lies beside the public key or the certificate. */
static void
load_key(const struct keygen *kg, struct maker *m)
{
	char path[PATH_MAX];
	bool is_public;
	enum err e;

	if ((size_t)snprintf(path, sizeof path, "%s", kg->file) >= sizeof path)
		die("%s: path too long", kg->file);
	is_public = cut_suffix(path, ".pub");
	if (is_public)
		(void)cut_suffix(path, "-cert");
	e = load_private(kg, path, &m->key, NULL);
	if (e == ERR_NOTFOUND || e == ERR_DENIED)
		die("No private key found for %s\"%s\"", is_public ? "public key " : "", kg->file);
	if (e != ERR_OK)
		die("Load key \"%s\": %s", path, key_error_text(e));
	if (!span_eq(key_blob(m->key), key_blob(m->signer.key)))
		die("Public key %s doesn't match private %s", kg->file, path);
}

static void
open_maker(const struct keygen *kg, struct maker *m)
{
	SCOPED(writer_free) struct writer comment = writer_init(LIMIT_LINE);
	enum err e = load_public_blob(kg->file, &m->blob, &comment);

	if (e == ERR_OK)
		e = sshsig_signer_get(writer_span(&m->blob), &m->signer);
	if (e != ERR_OK)
		die("Couldn't load public key %s: %s", kg->file, key_error_text(e));
	if (!find_in_agent(kg, m))
		load_key(kg, m);
}

/* --- signing --- */

static enum err
sign(const struct maker *m, struct span data, struct writer *sig)
{
	struct span alg = sshsig_alg(m->signer.key);

	if (m->agent.fd == -1)
		return key_sign(m->key, alg, data, sig);
	return agent_signer_sign(&m->agent, alg, data, sig);
}

/* Writes the armoured signature of the message that fd gives. */
static enum err
make_signature(const struct keygen *kg, const struct maker *m, const struct hash_alg *hash,
    int fd, struct writer *out)
{
	SCOPED(writer_free) struct writer data = writer_init(SSHSIG_MAX_BLOB);
	SCOPED(writer_free) struct writer sig = writer_init(LIMIT_SIGNATURE);
	SCOPED(writer_free) struct writer blob = writer_init(SSHSIG_MAX_BLOB);
	struct sshsig s = {
		.signer = writer_span(&m->blob), .name_space = span_str(kg->principals),
		.hash = span_str(hash_name(hash)),
	};
	uint8_t digest[HASH_MAX_LEN];

	TRY(signature_hash_fd(fd, hash, digest));
	sshsig_signed_put(&data, &s, digest);
	TRY(wr_end(&data));
	TRY(sign(m, writer_span(&data), &sig));
	s.signature = writer_span(&sig);
	/* An agent may sign otherwise than it was asked to. */
	TRY(sshsig_verify(&s, &m->signer, digest));
	sshsig_put(&blob, &s);
	TRY(wr_end(&blob));
	sshsig_armour_put(out, writer_span(&blob));
	return wr_end(out);
}

static void
sign_stdin(const struct keygen *kg, const struct maker *m, const struct hash_alg *hash)
{
	SCOPED(writer_free) struct writer text = writer_init(4 * SSHSIG_MAX_BLOB);
	enum err e = make_signature(kg, m, hash, STDIN_FILENO, &text);

	if (e != ERR_OK)
		die("Signing (stdin) failed: %s", e == ERR_DENIED ? "agent refused operation" : error_text(e));
	print_writer(&text);
}

/* Writes FILE.sig, if it is not there or may be replaced. */
static void
save_signature(const struct keygen *kg, const char *path, const struct writer *text)
{
	char name[PATH_MAX];
	mode_t mask = umask(0);
	enum err e;

	(void)umask(mask);
	if ((size_t)snprintf(name, sizeof name, "%s.sig", path) >= sizeof name)
		die("%s: path too long", path);
	if (!may_overwrite(name))
		return;
	e = file_create(name, writer_span(text), 0666 & ~mask, FILE_REPLACE);
	if (e != ERR_OK)
		die("Unable to write signature to %s: %s", name, error_text(e));
	if (!kg->is_quiet)
		fprintf(stderr, "Write signature to %s\n", name);
}

static void
sign_file(const struct keygen *kg, const struct maker *m, const struct hash_alg *hash,
    const char *path)
{
	SCOPED(writer_free) struct writer text = writer_init(4 * SSHSIG_MAX_BLOB);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd == -1)
		die("Cannot open %s for signing: %s", path, error_text(ERR_SYSTEM));
	if (!kg->is_quiet)
		fprintf(stderr, "Signing file %s\n", path);
	e = make_signature(kg, m, hash, fd, &text);
	if (e != ERR_OK)
		die("Signing %s failed: %s", path, e == ERR_DENIED ? "agent refused operation" : error_text(e));
	close(fd);
	save_signature(kg, path, &text);
}

static bool
is_stdin(const char *path)
{
	return strcmp(path, "-") == 0;
}

int
keygen_sign_files(struct keygen *kg)
{
	SCOPED(close_maker) struct maker m = {
		.blob = writer_init(LIMIT_KEY_BLOB), .agent = { .fd = -1 },
	};
	struct signature_options options;

	if (!signature_options_read(kg, SIGNATURE_SIGN, &options))
		return 255;
	for (size_t i = 0; i < kg->n_files; i++)
		if (is_stdin(kg->files[i]) && kg->n_files > 1)
			die("Cannot sign mix of paths and standard input");
	open_maker(kg, &m);
	if (kg->n_files == 0 || is_stdin(kg->files[0])) {
		if (!kg->is_quiet)
			fprintf(stderr, "Signing data on standard input\n");
		sign_stdin(kg, &m, options.hash);
		return 0;
	}
	for (size_t i = 0; i < kg->n_files; i++)
		sign_file(kg, &m, options.hash, kg->files[i]);
	return 0;
}
